//! What an entry of a reference list must have by Cite Them Right (Harvard), by kind of source. Place of publication and the
//! order of elements changed between editions and are not held against a student.

use std::sync::LazyLock;

use regex::Regex;

use crate::citation::Reference;
use crate::text::pattern;

/// `12(1)`, `vol. 12`, `, 12, pp.`
static VOLUME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b\d{1,4}\s?\([\w/–-]{1,12}\)|\b(?:vol|volume|no|issue)\b|,\s*\d{1,4}\s*[,.:]")
});
static PAGES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\bpp?\.?\s?[a-z]?\d|\b(?:article|art\.)\s|\be\d{3,}\b|\d\s?[-–]\s?\d+|:\s?\d+\b")
});
/// A newspaper has a date in the place of a volume.
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:january|february|march|april|may|june|july|august|september|october|november|december|spring|summer|autumn|winter)\b",
    )
});
static ACCESSED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(?:accessed|viewed|retrieved|downloaded)\b"));
/// What stands after a title and its edition: a name with a capital.
static PUBLISHER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[.,:;(]\s*(?:\d+(?:st|nd|rd|th)\s+edn?\.?[,.]?\s*)?\p{Lu}\p{L}+"));

/// Kinds of sources, as far as an entry shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Module materials on paper are books by The Open University.
    Book,
    Chapter,
    Article,
    /// Module materials online too.
    WebPage,
}

fn kind(reference: &Reference, before: &str, after: &str) -> Source {
    let quoted = before.trim_end().ends_with(['‘', '“', '\'', '"']);
    let next = after.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    if quoted && (next.starts_with("in ") || next.starts_with("in:")) {
        Source::Chapter
    } else if reference.doi.is_some() || quoted && (reference.url.is_none() || VOLUME.is_match(after)) {
        Source::Article
    } else if reference.url.is_some() {
        Source::WebPage
    } else {
        Source::Book
    }
}

/// What an entry with author, year and title lacks, in words that follow “has no”.
pub(super) fn lacking(reference: &Reference) -> Vec<&'static str> {
    let Some((before, after)) = reference.title.as_ref().and_then(|t| reference.text.split_once(t.as_str()))
    else {
        return Vec::new();
    };
    let mut lacking = Vec::new();
    match kind(reference, before, after) {
        Source::Book if !PUBLISHER.is_match(after) => lacking.push("publisher"),
        Source::Chapter if !PAGES.is_match(after) => lacking.push("page range"),
        Source::WebPage if !ACCESSED.is_match(after) => lacking.push("date of access"),
        // Who gives a DOI gives enough to find the rest.
        Source::Article if reference.doi.is_none() && !DATED.is_match(after) => {
            if !VOLUME.is_match(after) {
                lacking.push("volume or issue");
            }
            if !PAGES.is_match(after) {
                lacking.push("page range");
            }
        }
        _ => {}
    }
    lacking
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry as `citation` reads it.
    fn read(entry: &str) -> Reference {
        let text = format!("It is so (Bryce, 2018).\n\nReferences\n\n{entry}\n");
        let citations = crate::citation::find(&text, &[], &crate::Deadline::never()).unwrap();
        citations.references.into_iter().next().unwrap()
    }

    #[test]
    fn each_kind_of_source_has_its_own_fields() {
        for (entry, want) in [
            ("Marsh, D. (2016) Waiting in Line. Norwich: Fen Books.", &[][..]),
            ("Marsh, D. (2016) Waiting in Line. 2nd edn. Fen Books.", &[]),
            ("Marsh, D. (2016) Waiting in Line.", &["publisher"]),
            (
                "Bryce, M. (2018) ‘Making order’, in Tembo, L. (ed.) Connected Lives. Milton Keynes: Canal Press, pp. 50–84.",
                &[],
            ),
            (
                "Bryce, M. (2018) ‘Making order’, in Tembo, L. (ed.) Connected Lives. Milton Keynes: Canal Press.",
                &["page range"],
            ),
            ("Ellis, R. (2020) ‘Loud or lively?’, Town and Society, 12(1), pp. 3–19.", &[]),
            ("Ellis, R. (2020) ‘Loud or lively?’, Town and Society, 12(1).", &["page range"]),
            ("Ellis, R. (2020) ‘Loud or lively?’, Town and Society.", &["volume or issue", "page range"]),
            (
                "Ellis, R. (2020) ‘Loud or lively?’, Town and Society. Available at: https://doi.org/10.5555/ts.2020.1",
                &[],
            ),
            ("Ellis, R. (2020) ‘Loud or lively?’, The Town Times, 12 March, p. 4.", &[]),
            (
                "Ellis, R. (2020) Cameras. Available at: https://www.libraries.example/cameras (Accessed: 20 October 2025).",
                &[],
            ),
            (
                "Ellis, R. (2020) Cameras. Available at: https://www.libraries.example/cameras",
                &["date of access"],
            ),
            (
                "The Open University (2025) K102 Block 1: Caring together. Milton Keynes: The Open University.",
                &[],
            ),
            (
                "The Open University (2025) ‘Unit 3: Order’, DD102: Lives. Available at: https://learn.example/unit3 (Accessed: 3 May 2026).",
                &[],
            ),
            (
                "The Open University (2025) ‘Unit 3: Order’. Available at: https://learn.example/unit3",
                &["date of access"],
            ),
        ] {
            assert_eq!(lacking(&read(entry)), want, "{entry}");
        }
    }
}
