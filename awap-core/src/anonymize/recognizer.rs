//! The place where recognizers plug in: known people, known values, patterns, and models of names.

use super::finding::Finding;
use super::known::Known;
use super::person::Roster;
use super::pieces::Piece;

/// What a recognizer may know beside the piece.
pub(super) struct Context<'a> {
    pub(super) known: &'a Known,
    pub(super) roster: &'a Roster,
}

/// Finds identity in one piece. Offsets are bytes of the piece's text.
pub(super) trait Recognizer: Sync {
    /// Appends what it finds, in any order; linear in the length of the text.
    fn find(&self, piece: &Piece, context: &Context<'_>, out: &mut Vec<Finding>);
}

/// Who a mention in the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one who handed in.
    Student,
    /// Somebody of the student's own life.
    Other,
    /// Somebody the student names, of whom it is not told yet whether they are of the student's own life: see
    /// [`acquaintances`](super::acquaintances).
    Named,
}

/// A name that stands in a text, found without being known beforehand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    /// The index of its piece.
    pub(super) piece: usize,
    pub(super) span: crate::text::Span,
    pub(super) role: Role,
    pub(super) rule: &'static str,
    pub(super) confidence: f64,
}

/// Finds names nobody told of; what it finds is then looked for in the whole TMA. Rules implement it
/// ([`cover`](super::cover), [`relations`](super::relations)), and a learned model does in the same way.
pub(super) trait NameRecognizer: Sync {
    /// Appends the names in `piece`, which is number `index`.
    fn find(&self, piece: &Piece, index: usize, out: &mut Vec<Mention>);
}
