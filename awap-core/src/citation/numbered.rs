//! Numbered citations (`[3]`, `[1–3]`, `[2, p. 5]`), where the reference list is numbered.

use std::sync::LazyLock;

use regex::Regex;

use super::{Citation, CitationKind};
use crate::text::{Span, pattern};

static BRACKET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\[\s*(\d{1,3}(?:\s*[-–,;]\s*\d{1,3})*)(?:\s*,\s*(pp?\.\s*\d+(?:\s*[-–]\s*\d+)?))?\s*\]")
});

/// Finds numbered citations in `text[range]`. `numbers` are the list's own numbers with the index of each reference.
pub(super) fn find(text: &str, range: Span, numbers: &[(u32, usize)], out: &mut Vec<Citation>) {
    for found in BRACKET.captures_iter(range.of(text)) {
        let (Some(whole), Some(list)) = (found.get(0), found.get(1)) else { continue };
        let page = found.get(2).map(|m| m.as_str().to_owned());
        for number in expand(list.as_str()) {
            let Ok(place) = numbers.binary_search_by_key(&number, |(n, _)| *n) else { continue };
            let span = Span::new(range.start + whole.start(), range.start + whole.end());
            out.push(Citation {
                text: span.of(text).to_owned(),
                start: span.start,
                end: span.end,
                authors: Vec::new(),
                year: None,
                page: page.clone(),
                kind: CitationKind::Numbered,
                reference: numbers.get(place).map(|(_, i)| *i),
                secondary: false,
            });
        }
    }
}

/// `1–3, 5` → 1, 2, 3, 5. A range of more than fifty is none.
fn expand(list: &str) -> Vec<u32> {
    let mut out = Vec::new();
    for piece in list.split([',', ';']) {
        let mut ends = piece.split(['-', '–']).filter_map(|n| n.trim().parse::<u32>().ok());
        match (ends.next(), ends.next_back()) {
            (Some(a), Some(b)) if a < b && b - a <= 50 => out.extend(a..=b),
            (Some(a), _) => out.push(a),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_expanded() {
        for (list, want) in [("3", &[3][..]), ("1–3", &[1, 2, 3]), ("1, 4-5", &[1, 4, 5]), ("1-999", &[1])]
        {
            assert_eq!(expand(list), want, "{list}");
        }
        let mut out = Vec::new();
        let text = "As shown [1, p. 4] and [2–3], not [9] nor [2019].";
        find(text, Span::new(0, text.len()), &[(1, 0), (2, 1), (3, 2)], &mut out);
        let got: Vec<_> = out.iter().map(|c| (c.text.as_str(), c.reference)).collect();
        assert_eq!(got, [("[1, p. 4]", Some(0)), ("[2–3]", Some(1)), ("[2–3]", Some(2))]);
        assert_eq!(out.first().and_then(|c| c.page.as_deref()), Some("p. 4"));
    }
}
