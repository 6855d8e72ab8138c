//! Values that were found in one place and stand in another where nothing shows what they are: an account of the cover sheet in the name of
//! the file.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::finding::{Finding, Label};
use super::pieces::{Piece, touches};
use super::resolve::settle;
use crate::text::Span;

/// Shorter ones are words as well.
const LEAST: usize = 5;

/// Adds to what was `found` in each of `pieces` the same values wherever else they stand.
pub(super) fn find(pieces: &[Piece], found: &mut [Vec<Finding>]) {
    let mut values: BTreeMap<String, Label> = BTreeMap::new();
    for (piece, findings) in pieces.iter().zip(found.iter()) {
        for finding in findings.iter().filter(|f| matches!(f.label, Label::Username | Label::IdNum)) {
            let value = finding.span.of(&piece.text);
            if value.len() >= LEAST && value.bytes().any(|b| b.is_ascii_digit()) {
                values.entry(value.to_ascii_lowercase()).or_insert(finding.label);
            }
        }
    }
    if values.is_empty() {
        return;
    }
    let built = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        // A few values in a text of a few pages: what is built fastest, and passed over by what it looks for first.
        .kind(Some(AhoCorasickKind::NoncontiguousNFA))
        .build(values.keys());
    let Ok(automaton) = built else { return };
    let labels: Vec<Label> = values.into_values().collect();
    for (piece, findings) in pieces.iter().zip(found) {
        let mut taken: Vec<Span> =
            findings.iter().map(|f| f.span).chain(piece.protected.iter().copied()).collect();
        taken.sort_unstable();
        let echoes: Vec<Finding> = automaton
            .find_iter(&piece.text.to_ascii_lowercase())
            .map(|m| (Span::new(m.start(), m.end()), m.pattern().as_usize()))
            .filter(|(span, _)| is_whole(&piece.text, *span) && !touches(&taken, *span))
            .filter_map(|(span, which)| {
                Some(Finding::value(span, *labels.get(which)?, "value.propagated", 0.85))
            })
            .collect();
        if !echoes.is_empty() {
            *findings = settle(piece, findings.drain(..).chain(echoes).collect());
        }
    }
}

/// Whether no letter or digit stands beside `span`.
fn is_whole(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).and_then(|t| t.chars().next_back());
    let after = text.get(span.end..).and_then(|t| t.chars().next());
    ![before, after].into_iter().flatten().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_wherever_it_stands() {
        let piece = |text: &str| Piece { text: text.to_owned(), ..Piece::default() };
        let pieces = [piece("OUCU jw4482"), piece("tma01-JW4482.md and ajw4482")];
        let span = Span::new(5, 11);
        let mut found =
            [vec![Finding::value(span, Label::Username, "pattern.username_cued", 0.9)], Vec::new()];
        find(&pieces, &mut found);
        assert_eq!(found[0].len(), 1);
        let echoes: Vec<&str> = found[1].iter().map(|f| f.span.of(&pieces[1].text)).collect();
        assert_eq!(echoes, ["JW4482"]);
    }
}
