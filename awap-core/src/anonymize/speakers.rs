//! Initials that people go by in what was written down of a conversation or a log: `JH: Everything.`, a column `Who` or `Initials`.

use super::finding::{Finding, Label};
use super::person::Roster;
use super::pieces::{Piece, Zone, touches};
use crate::text::{Span, fold};

/// The most letters and marks of initials (`SO'R`).
const LONGEST: usize = 6;

/// What stands over a column of who did something.
const HEADS: &[&str] = &[
    "who",
    "by",
    "initials",
    "recorder",
    "recorded by",
    "staff",
    "signed",
    "signed by",
    "observer",
    "present",
    "name",
    "names",
    "done by",
    "checked by",
    "owner",
    "lead",
];

/// Adds the initials of people in `roster`, where lines begin with them and a colon, two lines at least, and under a heading that asks who.
///
/// Initials that are nobody's stay: `Q:`, `NB:`, `UK`.
pub(super) fn find(piece: &Piece, roster: &Roster, out: &mut Vec<Finding>) {
    if piece.zone() != Zone::Prose {
        return;
    }
    let text = piece.text.as_str();
    let mut found = Vec::new();
    let mut column = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(label) = label(line) {
            found.push(Span::new(start + label.start, start + label.end));
        }
        in_column(line, start, &mut column, &mut |span| {
            out.extend(person_of(text, span, roster, "initials.column"));
        });
    }
    let spoken: Vec<Finding> =
        found.into_iter().filter_map(|span| person_of(text, span, roster, "initials.speaker")).collect();
    if spoken.len() >= 2 {
        out.extend(spoken.into_iter().filter(|f| !touches(&piece.code, f.span)));
    }
}

/// Whose initials stand at `span`.
fn person_of(text: &str, span: Span, roster: &Roster, rule: &'static str) -> Option<Finding> {
    let written = span.of(text);
    let letters: String = fold(written).chars().filter(|c| c.is_alphabetic()).collect();
    // `SO'R` of S. O'Rourke.
    let short = fold(written).split(['\'', '’']).next().unwrap_or_default().to_owned();
    let is_theirs = |monogram: &String| {
        *monogram == letters || short.chars().count() >= 2 && short != letters && *monogram == short
    };
    let person = roster.people.iter().position(|p| p.monogram.iter().any(is_theirs))?;
    let label = if person == 0 { Label::NameStudent } else { Label::NameOther };
    Some(Finding { span, label, person, rule, confidence: 0.8 })
}

/// The initials at the start of a line, before a colon.
fn label(line: &str) -> Option<Span> {
    let start = line.len() - line.trim_start_matches([' ', '\t', '*', '_', '>', '[', '(']).len();
    let rest = line.get(start..)?;
    let end = rest.find(|c: char| !is_of_initials(c))?;
    let after = rest.get(end..)?.trim_start_matches(['*', '_', ']', ')', ' ']);
    (after.starts_with(':') && is_initials(rest.get(..end)?)).then(|| Span::new(start, start + end))
}

fn is_of_initials(c: char) -> bool {
    c.is_uppercase() || matches!(c, '\'' | '’' | '.')
}

fn is_initials(word: &str) -> bool {
    word.len() <= LONGEST
        && word.chars().all(is_of_initials)
        && word.chars().filter(|c| c.is_uppercase()).count() >= 2
}

/// Gives `push` the initials in a row's cell under a heading that asks who; `column` is that cell's number, for as long as rows follow.
fn in_column(line: &str, start: usize, column: &mut Option<usize>, push: &mut impl FnMut(Span)) {
    if !line.contains('\t') {
        *column = None;
        return;
    }
    let asks = |cell: &str| HEADS.contains(&fold(cell.trim()).as_str());
    let Some(number) = *column else {
        *column = line.split('\t').position(asks);
        return;
    };
    let mut at = start;
    for (i, cell) in line.split('\t').enumerate() {
        if i == number {
            let mut from = at;
            for word in cell.split_inclusive([',', ' ', '/', '&', '\n', '\r']) {
                let bare = word.trim_end_matches([',', ' ', '/', '&', '\n', '\r']);
                if is_initials(bare) {
                    push(Span::new(from, from + bare.len()));
                }
                from += word.len();
            }
        }
        at += cell.len() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anonymize::person::Person;

    #[test]
    fn initials_of_those_who_speak_are_theirs() {
        let mut student = Person::student();
        student.add("Siobhan O'Rourke", None);
        let mut roster = Roster::new(student);
        roster.add_other("Jo Hartnell");
        for (text, expected) in [
            ("SO'R: Why?\n\nJH:\tNobody was.\n\nNB: it is late.\n", vec!["SO'R", "JH"]),
            ("**JH:** Yes.\n\n**JH:** No.\n", vec!["JH", "JH"]),
            ("JH: once is no conversation.\n", vec![]),
            ("Visit\tWho\tWhat\n1\tJH, XY\tJH chatty\n2\tJH\tBack\n\nJH\t1\n", vec!["JH", "JH"]),
            ("Visit\tValue\n1\tJH\n", vec![]),
        ] {
            let piece = Piece { text: text.to_owned(), zone: Some(Zone::Prose), ..Piece::default() };
            let mut out = Vec::new();
            find(&piece, &roster, &mut out);
            assert_eq!(out.iter().map(|f| f.span.of(text)).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
