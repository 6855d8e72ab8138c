//! Years and pages as citations write them.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::{Span, pattern};

/// A year in a citation or a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Year {
    /// Where it stands.
    pub(super) span: Span,
    /// `2019`, `2019a`, `n.d.`, `in press`.
    pub(super) text: String,
    /// It opens a range of years (`1939–1945`, `2019/20`): a time, not a date of publication.
    pub(super) range: bool,
}

static YEAR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:(1[0-9]{3}|20[0-9]{2})([a-z]?)\b|(n\. ?d\b\.?|no\s+date\b|undated\b)|(nd)\b|(in\s+press\b|forthcoming\b))",
    )
});

/// The first year in `text` at or after `from`.
pub(super) fn next_year(text: &str, mut from: usize) -> Option<Year> {
    loop {
        let found = YEAR.captures_at(text, from)?;
        let whole = found.get(0)?;
        let span = Span::new(whole.start(), whole.end());
        from = span.end;
        let before = text.get(..span.start).unwrap_or_default();
        let after = text.get(span.end..).unwrap_or_default();
        if let Some(digits) = found.get(1) {
            // `05/2019`, `1939–1945` (second half), `3.2019`, `£2000`, `#2000`: no year of publication.
            let mut back = before.chars().rev();
            if let Some(c) = back.next() {
                let joined = ['/', '-', '–', '—', '.', ':'].contains(&c)
                    && back.next().is_some_and(|c| c.is_ascii_digit());
                if joined || matches!(c, '£' | '$' | '€' | '#' | '=' | '_') {
                    continue;
                }
            }
            // Measures: `2000 people`, `1500m`; and decimals.
            if after.starts_with(['%', '_'])
                || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            {
                continue;
            }
            let suffix = found.get(2).map_or("", |m| m.as_str());
            let text = format!("{}{}", digits.as_str(), suffix.to_lowercase());
            return Some(Year { span, text, range: opens_range(after) });
        }
        if found.get(3).is_some() {
            return Some(Year { span, text: "n.d.".to_owned(), range: false });
        }
        if found.get(4).is_some() {
            // `nd` is a year only where a comma or a bracket says so.
            if before.trim_end().ends_with([',', '(', '[']) || before.trim().is_empty() {
                return Some(Year { span, text: "n.d.".to_owned(), range: false });
            }
            continue;
        }
        let press = whole.as_str().split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        return Some(Year { span, text: press, range: false });
    }
}

fn opens_range(after: &str) -> bool {
    let mut chars = after.trim_start_matches(' ').chars();
    let (dash, slash) = match chars.next() {
        Some('-' | '–' | '—') => (true, false),
        Some('/') => (false, true),
        _ => return false,
    };
    let digits = chars.as_str().trim_start_matches(' ').bytes().take_while(u8::is_ascii_digit).count();
    // `1959/1990` is a reprint, `2019/20` an academic year.
    dash && (digits == 2 || digits == 4) || slash && digits == 2
}

static PAGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\s,]*
        (?:
          :\s*(?P<colon>\d+(?:\s*[-–—,&]\s*\d+)*)
        | :?\s*(?P<named>
            (?:pp?\.?|pgs?\.?|pages?|paras?\.?|paragraphs?|ch(?:s|ap)?\.?|chapters?|sections?|sects?\.?|sec\.?|§+
              |slides?|vols?\.?|lines?|ll?\.|loc\.?|figures?|figs?\.?|tables?|parts?|units?|block|book)
            \s*(?:\d+[0-9a-z.]*|[ivxlc]+\b)(?:\s*(?:[-–—,&]|and|to)\s*(?:\d+[a-z]?|[ivxlc]+)\b)*(?:\s*ff?\b\.?)?)
        | ,\s*(?P<bare>\d{1,3}(?:\s*[-–—]\s*\d{1,3})?)\s*(?:$|[;,)\]])
        )",
    )
});

/// The page that follows a year at `at`, if any: its span, without what leads to it.
pub(super) fn page_at(text: &str, at: usize) -> Option<Span> {
    let rest = text.get(at..)?;
    let found = PAGE.captures(rest)?;
    let page = ["colon", "named", "bare"].into_iter().find_map(|name| found.name(name))?;
    let trimmed = page.as_str().trim_end_matches(['.', ' ']);
    (!trimmed.is_empty()).then(|| Span::new(at + page.start(), at + page.start() + trimmed.len()))
}

/// Whether a year could stand in `text` at all; cheap, for use before anything else.
pub(super) fn may_hold_year(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut run = 0;
    for (i, b) in bytes.iter().enumerate() {
        if b.is_ascii_digit() {
            run += 1;
            if run == 4 {
                return true;
            }
            continue;
        }
        run = 0;
        if matches!(b, b'n' | b'N' | b'i' | b'I' | b'f' | b'F' | b'u' | b'U') {
            let begins =
                |w: &&[u8]| bytes.get(i..i + w.len()).is_some_and(|word| word.eq_ignore_ascii_case(w));
            if [&b"n.d"[..], b"n. d", b"no d", b"nd", b"in p", b"fort", b"unda"].iter().any(begins) {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_told_from_numbers() {
        for (text, want) in [
            ("2019", Some("2019")),
            ("2019a", Some("2019a")),
            ("2019B)", Some("2019b")),
            ("n.d.", Some("n.d.")),
            ("no date", Some("n.d.")),
            (", nd", Some("n.d.")),
            ("2nd", None),
            ("in press", Some("in press")),
            ("12019", None),
            ("05/2019", None),
            ("£2000", None),
            ("2019.5", None),
            ("3000", None),
        ] {
            assert_eq!(next_year(text, 0).map(|y| y.text).as_deref(), want, "{text:?}");
            assert!(want.is_none() || may_hold_year(text), "{text:?}");
        }
        assert!(next_year("1939–1945", 0).is_some_and(|y| y.range));
        assert!(next_year("2019/20", 0).is_some_and(|y| y.range));
        assert!(next_year("1959/1990", 0).is_some_and(|y| !y.range));
    }

    #[test]
    fn pages_stand_after_the_year() {
        for (text, want) in [
            (", p. 4", Some("p. 4")),
            (", pp. 4–6)", Some("pp. 4–6")),
            (": 4-6", Some("4-6")),
            (":14", Some("14")),
            (" p.4", Some("p.4")),
            (": pp. 4-5)", Some("pp. 4-5")),
            (" p4)", Some("p4")),
            (", para. 3", Some("para. 3")),
            (", section 2.1)", Some("section 2.1")),
            (", p. xii", Some("p. xii")),
            (", pp. 4 and 9", Some("pp. 4 and 9")),
            (", 45", Some("45")),
            (", 2020", None),
            (") says", None),
            (", my emphasis", None),
        ] {
            assert_eq!(page_at(text, 0).map(|s| s.of(text)), want, "{text:?}");
        }
    }
}
