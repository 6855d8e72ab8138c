//! Names that nothing announces, found by a learned model ([`awap_names`]).

use awap_names::Role as Whose;

use super::patterns::address;
use super::pieces::{Piece, Zone, touches};
use super::recognizer::{Mention, NameRecognizer, Role};
use crate::text::Span;

/// Asks the model.
pub(super) struct Learned;

/// How likely a name must be one of the writer's or of somebody of the writer's own life.
///
/// A leak costs more than a word too many, so it lies far below one half.
const THRESHOLD: f64 = 0.02;

/// Fields of a cover sheet that stand in capitals where a name might: the personal identifier, the computer user name (OUCU), …
const FIELDS: &[&str] =
    &["OUCU", "PI", "PIN", "ID", "DOB", "TMA", "EMA", "NI", "NHS", "UCAS", "HUSID", "ULN"];

/// The rules under which the model's findings are reported.
pub(super) const WRITER: &str = "learned.writer";
pub(super) const PRIVATE: &str = "learned.private";

impl NameRecognizer for Learned {
    fn find(&self, piece: &Piece, index: usize, out: &mut Vec<Mention>) {
        if !matches!(piece.zone(), Zone::Prose | Zone::Margin) {
            return;
        }
        let within = |spans: &[Span], start, end| {
            let at = spans.partition_point(|s| s.end <= start);
            spans.get(at).is_some_and(|s| s.start <= start && end <= s.end)
        };
        let places = [&piece.protected, &piece.lists, &piece.code];
        let is_skipped = |start, end| places.iter().any(|spans| within(spans, start, end));
        for name in awap_names::find_outside(&piece.text, THRESHOLD, &is_skipped) {
            let span = Span::new(name.start, name.end);
            if [&piece.protected, &piece.lists, &piece.code].into_iter().any(|spans| touches(spans, span)) {
                continue;
            }
            if FIELDS.contains(&span.of(&piece.text)) || address::is_town(&piece.text, span) {
                continue;
            }
            let (who, rule) = match name.role {
                Whose::Writer => (Role::Student, WRITER),
                Whose::Private => (Role::Other, PRIVATE),
            };
            // What rules say leaves less doubt.
            let confidence = name.confidence.min(0.9);
            out.push(Mention { piece: index, span, role: who, rule, confidence });
        }
    }
}
