//! Identity that has a form of its own: addresses, numbers, accounts. Each kind validates what it finds and has its
//! own near-misses; none asks who the student is.

pub(super) mod address;
pub(super) mod dates;
mod email;
pub(super) mod ids;
pub(super) mod near;
mod phone;
mod url;
mod username;

use super::finding::Finding;
use super::pieces::Piece;
use super::recognizer::{Context, Recognizer};
use crate::text::Span;

/// The digits of a text: as numbers are written, and the stretches around them.
struct Digits<'a> {
    runs: &'a [Span],
    clusters: &'a [phone::Cluster],
    near: &'a [Span],
}

/// All recognizers of patterns, in one.
pub(super) struct Patterns;

impl Recognizer for Patterns {
    fn find(&self, piece: &Piece, context: &Context<'_>, out: &mut Vec<Finding>) {
        let text = piece.text.as_str();
        let urls = url::find(text, piece, context, out);
        email::find(text, piece, &urls, out);
        let runs = near::digit_runs(text);
        username::find(text, piece, context, &runs, out);
        let clusters = phone::clusters(text, &runs);
        let near_digits = near::windows(text, &runs);
        let digits = Digits { runs: &runs, clusters: &clusters, near: &near_digits };
        ids::find(text, piece, &digits, &urls, out);
        phone::find(text, piece, context, &clusters, &urls, out);
        dates::find(text, out);
        address::find(text, piece, &near_digits, out);
    }
}

/// What stands before byte `at` on its line, folded, at most `reach` bytes.
fn before(text: &str, at: usize, reach: usize) -> String {
    let mut from = at.saturating_sub(reach);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let head = text.get(from..at).unwrap_or_default();
    head.chars().flat_map(char::to_lowercase).collect()
}

/// Whether one of `cues` stands in `head` as a word, with little after it: at most `gap` bytes.
fn has_cue(head: &str, cues: &[&str], gap: usize) -> bool {
    cues.iter().any(|cue| {
        head.rmatch_indices(cue).next().is_some_and(|(at, _)| {
            let left = head.get(..at).and_then(|h| h.chars().next_back());
            let right = head.get(at + cue.len()..).unwrap_or_default();
            !left.is_some_and(char::is_alphanumeric)
                && !right.chars().next().is_some_and(char::is_alphabetic)
                && right.len() <= gap
        })
    })
}
