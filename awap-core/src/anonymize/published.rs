//! Where and by whom a work in a reference list was published: `Milton Keynes: The Open University`.
//!
//! Many places and publishers bear people's names. Whoever else the student names is not looked for there; the student is,
//! and so is every identifier.

use std::sync::LazyLock;

use regex::Regex;

use super::compiled;
use crate::citation::Reference;
use crate::text::Span;

/// At the end of an entry, after a full stop, a quote or a bracket: a place or several, a colon, a publisher, and pages.
static PUBLISHED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"[.’”'*)\]][,.]?\s+",
        r"(?P<published>\p{Lu}[\p{L}.’'-]*(?:,?\s(?:and\s|upon\s|on\s|&\s|/\s)?\p{Lu}[\p{L}.’'-]*){0,4}",
        r":\s+\p{Lu}[^.:;()\d]{1,80}?)",
        r"(?:\s*[,.]\s*(?:pp?\.\s*)?\d{1,5}(?:\s*[-–—]\s*\d{1,5})?)?",
        r"\s*\.?\s*$",
    ))
});

/// The most bytes from the end of an entry in which its publisher stands.
const REACH: usize = 240;

/// The places and publishers of `references`, which are of `text`; in its order.
pub(super) fn places(text: &str, references: &[Reference]) -> Vec<Span> {
    references.iter().filter_map(|entry| place(text, Span::new(entry.start, entry.end))).collect()
}

fn place(text: &str, entry: Span) -> Option<Span> {
    let mut start = entry.start.max(entry.end.saturating_sub(REACH));
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let reach = text.get(start..entry.end)?;
    let found = PUBLISHED.captures(reach)?.name("published")?;
    // Right after the year stands a title, and its subtitle.
    let before =
        reach.get(..found.start())?.trim_end_matches(|c: char| c.is_whitespace() || ".,)]".contains(c));
    if before.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(Span::new(start + found.start(), start + found.end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deadline;
    use crate::citation::find;

    fn published(entry: &str) -> Vec<String> {
        let text = format!("An essay.\n\nReferences\n\n{entry}\n");
        let references = find(&text, &[], &Deadline::never()).unwrap_or_default().references;
        assert_eq!(references.len(), 1, "{entry}");
        places(&text, &references).iter().map(|s| s.of(&text).to_owned()).collect()
    }

    #[test]
    fn a_place_and_its_publisher_end_an_entry() {
        for (entry, expected) in [
            (
                "Bryce, M. (2018) 'Making order', in Connected Lives. Milton Keynes: Canal\n   Press, pp. 50-84.",
                "Milton Keynes: Canal\n   Press",
            ),
            (
                "Black, T. (2019) The Order of Streets. Milton Keynes: The Open University.",
                "Milton Keynes: The Open University",
            ),
            (
                "Black, T. (2019) *The Order of Streets*, London and New York: Routledge",
                "London and New York: Routledge",
            ),
            (
                "Black, T., 2019. The order of streets. Newcastle upon Tyne: Grace & Sons.",
                "Newcastle upon Tyne: Grace & Sons",
            ),
            (
                "Black, T. (2019) Order (2nd edn). Cambridge, MA: Harvard University Press.",
                "Cambridge, MA: Harvard University Press",
            ),
        ] {
            assert_eq!(published(entry), [expected], "{entry}");
        }
    }

    #[test]
    fn a_subtitle_and_what_is_no_publisher_are_none() {
        for entry in [
            "Black, T. (2019) Ethics: Denise Fairman and the ward. London, Routledge.",
            "Black, T. (2019). Ethics: Denise Fairman.",
            "Black, T. (2019) 'Ethics: a view', Journal of Care, 12(3), pp. 4-9.",
            "Black, T. (2019) Ethics. Available at: https://example.org/a (Accessed: 4 May 2020).",
            "Black, T. (2019) Ethics. I talked with Denise: She said so.",
        ] {
            assert_eq!(published(entry), Vec::<String>::new(), "{entry}");
        }
    }
}
