//! Names that nothing announces, found by a learned model ([`awap_names`]).

use awap_names::lists::known::{FAMILY, NAME, frequency};
use awap_names::{Role as Whose, Thresholds};

use super::names::{starts_upper, word_at};
use super::patterns::address;
use super::pieces::{Piece, Zone, touches};
use super::recognizer::{Mention, NameRecognizer, Role};
use super::words::is_not_a_name;
use crate::text::{Span, fold};

/// Asks the model.
pub(super) struct Learned;

/// How likely a name must be one of the writer's or of somebody of the writer's own life.
///
/// A leak costs more than a word too many, so it lies far below one half. So does that of being a person at all: who they are is told
/// from more than the model sees.
const THRESHOLDS: Thresholds = Thresholds { own: 0.02, person: 0.2 };

/// Fields of a cover sheet that stand in capitals where a name might: the personal identifier, the computer user name (OUCU), …
const FIELDS: &[&str] =
    &["OUCU", "PI", "PIN", "ID", "DOB", "TMA", "EMA", "NI", "NHS", "UCAS", "HUSID", "ULN"];

/// The rules under which the model's findings are reported.
pub(super) const WRITER: &str = "learned.writer";
pub(super) const PRIVATE: &str = "learned.private";
pub(super) const PERSON: &str = "learned.person";

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
        for name in awap_names::find_outside(&piece.text, THRESHOLDS, &is_skipped) {
            let span = with_family_name(&piece.text, Span::new(name.start, name.end));
            if [&piece.protected, &piece.lists, &piece.code].into_iter().any(|spans| touches(spans, span)) {
                continue;
            }
            let text = span.of(&piece.text);
            if FIELDS.contains(&text) || is_not_a_name(&fold(text)) || address::is_town(&piece.text, span) {
                continue;
            }
            let (who, rule) = match name.role {
                Whose::Writer => (Role::Student, WRITER),
                Whose::Private => (Role::Other, PRIVATE),
                Whose::Public => (Role::Named, PERSON),
            };
            // What rules say leaves less doubt.
            let confidence = name.confidence.min(0.9);
            out.push(Mention { piece: index, span, role: who, rule, confidence });
        }
    }
}

/// The span with the family name right after it of which the model was not sure: `Ravindra` of `Ravindra Sekar`.
fn with_family_name(text: &str, span: Span) -> Span {
    let Some(next) =
        text.get(span.end..).filter(|rest| rest.starts_with(' ')).and_then(|_| word_at(text, span.end + 1))
    else {
        return span;
    };
    let word = next.of(text);
    let ends =
        !text.get(next.end..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '@'));
    if ends && is_family_name(word) && !span.of(text).contains(' ') {
        Span::new(span.start, next.end)
    } else {
        span
    }
}

/// Whether a word right after a given name is a family name by its look: a name of the lists, or none of their words.
pub(super) fn is_family_name(word: &str) -> bool {
    let known = awap_names::known_of(word);
    let is_family = known == 0 || known & (FAMILY | NAME) != 0 && frequency(known) <= 3;
    starts_upper(word) && word.chars().any(char::is_lowercase) && is_family && !is_not_a_name(&fold(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_family_name_along() {
        for (text, expected) in [
            ("Ravindra Sekar left", "Ravindra Sekar"),
            ("Ravindra left", "Ravindra"),
            ("Ravindra Monday", "Ravindra"),
            ("Ravindra The end", "Ravindra"),
            ("Ravindra TM112", "Ravindra"),
        ] {
            assert_eq!(with_family_name(text, Span::new(0, 8)).of(text), expected, "{text}");
        }
    }
}
