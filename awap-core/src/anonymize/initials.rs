//! Initials that stand for the whole name: `J.A.S.` in a text, `JAS` as a line of its own or in a file name.

use super::finding::{Finding, Label};
use super::person::Person;
use super::pieces::{Piece, Zone, touches};
use crate::text::{Folded, Span};

/// Finds the student's initials where nothing else is meant by them.
///
/// - In a file name: a word of exactly these letters (`TM112 TMA02 JvdB.md`).
/// - A line of exactly these letters, in capitals, with full stops or without: a signature.
/// - In a text with full stops (`J.A.S.`), unless a name follows (`J.S. Bach`).
pub(super) fn find(piece: &Piece, folded: &Folded, student: &Person, out: &mut Vec<Finding>) {
    let mut push = |span: Span, rule, confidence| {
        if !touches(&piece.protected, span) && !touches(&piece.code, span) {
            out.push(Finding { span, label: Label::NameStudent, person: 0, rule, confidence });
        }
    };
    let written = |span: Span| folded.span(&piece.text, span);
    let capitals = |span: Span| {
        let letters = || span.of(&piece.text).chars().filter(|c| c.is_alphabetic());
        letters().next().is_some_and(char::is_uppercase)
            && letters().filter(|c| c.is_uppercase()).count() >= 2
    };
    // More come only from texts that name dozens of students.
    for monogram in student.monogram.iter().take(8) {
        let letters = monogram.chars().count();
        if !(2..=6).contains(&letters) || !monogram.is_ascii() {
            continue;
        }
        if piece.zone() == Zone::FileName {
            for word in words(folded.as_str()).filter(|w| w.of(folded.as_str()) == monogram) {
                if capitals(written(word)) {
                    push(written(word), "identity.monogram", 0.8);
                }
            }
            continue;
        }
        let dotted: String = monogram.chars().flat_map(|c| [c, '.']).collect();
        let spaced = dotted.replace('.', ". ");
        for form in [dotted.as_str(), spaced.trim_end()] {
            for (at, _) in folded.as_str().match_indices(form) {
                let span = Span::new(at, at + form.len());
                let before = folded.as_str().get(..at).and_then(|t| t.chars().next_back());
                let after = folded.as_str().get(span.end..).unwrap_or_default();
                let original = written(span);
                let rest = piece.text.get(original.end..).unwrap_or_default();
                let named =
                    rest.trim_start_matches(' ').starts_with(char::is_uppercase) && rest.starts_with(' ');
                if !before.is_some_and(|c| c.is_alphanumeric() || c == '.')
                    && !after.starts_with(char::is_alphanumeric)
                    && capitals(original)
                    && !named
                {
                    push(original, "identity.monogram", 0.8);
                }
            }
        }
        signed(piece, monogram, &mut push);
    }
}

/// Lines of nothing but the initials.
fn signed(piece: &Piece, monogram: &str, push: &mut impl FnMut(Span, &'static str, f64)) {
    if !matches!(piece.zone(), Zone::Prose | Zone::Margin) {
        return;
    }
    let mut at = 0;
    for line in piece.text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.len() > 40 || line.len() < monogram.len() {
            continue;
        }
        let bare = line.trim_matches(|c: char| !c.is_alphanumeric());
        let lead = line.find(bare).unwrap_or_default();
        let same = bare.is_ascii() && bare.eq_ignore_ascii_case(monogram);
        if same && bare.chars().filter(char::is_ascii_uppercase).count() >= 2 {
            push(Span::new(start + lead, start + lead + bare.len()), "identity.monogram", 0.8);
        }
    }
}

/// Runs of letters.
fn words(text: &str) -> impl Iterator<Item = Span> + '_ {
    let mut at = 0;
    text.split_inclusive(|c: char| !c.is_alphabetic()).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        let word = piece.trim_end_matches(|c: char| !c.is_alphabetic());
        (!word.is_empty()).then(|| Span::new(start, start + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_initials_that_stand_for_the_name() {
        for (name, zone, text, expected) in [
            ("Jan van den Berg", Zone::FileName, "TM112 TMA02 JvdB.md", vec!["JvdB"]),
            ("Kofi Mensah", Zone::FileName, "TMA02_KM.docx", vec!["KM"]),
            ("Kofi Mensah", Zone::Prose, "Goodbye,\nK.M.\n", vec!["K.M."]),
            ("Kofi Mensah", Zone::Prose, "Goodbye,\nKM\n", vec!["KM"]),
            ("Kofi Mensah", Zone::Prose, "I, K.M., did it", vec!["K.M."]),
            ("Kofi Mensah", Zone::Prose, "It is 5 km or 5 KM long, says K.M. Hart", vec![]),
        ] {
            let mut student = Person::student();
            student.add(name, None);
            let piece = Piece { text: text.to_owned(), zone: Some(zone), ..Piece::default() };
            let mut out = Vec::new();
            find(&piece, &Folded::new(text), &student, &mut out);
            out.sort_by_key(|f| f.span);
            out.dedup_by_key(|f| f.span);
            assert_eq!(out.iter().map(|f| f.span.of(text)).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
