//! Where in a text an expression can match at all, so that it is run there and nowhere else.

use regex::{Match, Regex};

use crate::text::Span;

/// How far a digit is seen, in bytes. Expressions run on such windows must have a digit within less than this of either
/// end of each match, so that the edge of a window is never the edge of a match.
const REACH: usize = 32;

/// The runs of digits in `text`.
pub(in crate::anonymize) fn digit_runs(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut runs: Vec<Span> = Vec::new();
    // Most stretches hold none, which is seen of many bytes at once.
    for (i, stretch) in bytes.chunks(STRETCH).enumerate() {
        if !stretch.iter().fold(false, |any, b| any | b.is_ascii_digit()) {
            continue;
        }
        for at in (i * STRETCH..).zip(stretch).filter(|(_, b)| b.is_ascii_digit()).map(|(at, _)| at) {
            match runs.last_mut() {
                Some(open) if open.end == at => open.end += 1,
                _ => runs.push(Span::new(at, at + 1)),
            }
        }
    }
    runs
}

const STRETCH: usize = 32;

/// The stretches of `text` within reach of its `digits`, sorted, apart from one another.
pub(in crate::anonymize) fn windows(text: &str, digits: &[Span]) -> Vec<Span> {
    let mut windows: Vec<Span> = Vec::new();
    for run in digits {
        let start = text.floor_char_boundary(run.start.saturating_sub(REACH));
        let end = text.ceil_char_boundary((run.end + REACH).min(text.len()));
        match windows.last_mut() {
            Some(open) if start <= open.end => open.end = end,
            _ => windows.push(Span::new(start, end)),
        }
    }
    windows
}

/// The same, where the digits are not at hand.
pub(in crate::anonymize) fn digits(text: &str) -> Vec<Span> {
    windows(text, &digit_runs(text))
}

/// All matches of `pattern` in the `windows` of `text`.
pub(in crate::anonymize) fn matches<'a>(
    pattern: &'a Regex,
    text: &'a str,
    windows: &'a [Span],
) -> impl Iterator<Item = Span> + 'a {
    windows.iter().flat_map(move |window| {
        let span = move |m: Match<'_>| Span::new(window.start + m.start(), window.start + m.end());
        pattern.find_iter(window.of(text)).map(span)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lose_nothing_and_make_nothing_up() {
        let pattern = Regex::new(r"(?i)\b[a-z]\d{6}[\dx]\b").unwrap();
        let filler = "wörter ohne Ziffern ";
        for text in [
            "A1234567".to_owned(),
            format!("{}A1234567 {} b7654321", filler.repeat(9), filler.repeat(3)),
            format!("{}A1234567", "x".repeat(80)),
            format!("A1234567{}", "x".repeat(80)),
            format!("7 {}A1234567", "é".repeat(40)),
        ] {
            let whole: Vec<Span> = pattern.find_iter(&text).map(|m| Span::new(m.start(), m.end())).collect();
            let windows = digits(&text);
            assert_eq!(matches(&pattern, &text, &windows).collect::<Vec<_>>(), whole, "{text}");
        }
    }
}
