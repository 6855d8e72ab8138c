//! Initials that people go by in what was written down of a conversation or a log: `JH: Everything.`, a column `Who` or `Initials`.

use std::collections::{HashMap, HashSet};

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
    let mut monograms = None;
    let mut person_of = |span: Span, rule| {
        let monograms = monograms.get_or_insert_with(|| monograms_of(roster));
        person_of(span.of(text), monograms).map(|person| finding(span, person, rule))
    };
    let (mut spoken, mut listed) = (Vec::new(), Vec::new());
    let mut column = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if let Some(label) = label(line) {
            spoken.extend(person_of(Span::new(start + label.start, start + label.end), "initials.speaker"));
        }
        in_column(line, start, &mut column, &mut |span| listed.extend(person_of(span, "initials.column")));
    }
    let people: HashSet<usize> = spoken.iter().chain(&listed).map(|f| f.person).collect();
    if people.len() < 2 {
        let is_theirs = |f: &Finding| !ABBREVIATIONS.contains(&f.span.of(text));
        spoken.retain(is_theirs);
        listed.retain(is_theirs);
    }
    out.append(&mut listed);
    if spoken.len() >= 2 {
        explained(text, &spoken, out);
        out.extend(spoken.into_iter().filter(|f| !touches(&piece.code, f.span)));
    }
}

/// How lines of minutes begin.
const MINUTES: [&str; 7] = ["Present", "Attend", "Apologies", "Action", "Absent", "Chair", "Minutes"];

/// So far back such a line is seen to begin, in bytes.
const LINE: usize = 200;

/// Abbreviations that head lines as initials do (`AI:` in a chat with a program) or stand under a heading that asks who (`HR`): nobody's where
/// no other initials are somebody's.
const ABBREVIATIONS: [&str; 20] = [
    "AI", "PC", "IT", "HR", "UK", "US", "OU", "CA", "PM", "PR", "TV", "EU", "NA", "ID", "TA", "RE", "OK",
    "QA", "NO", "TO",
];

/// So many speak at most whose initials are looked for elsewhere.
const MOST: usize = 16;

/// The initials of those who speak where it is said whose they are (`AR = Amina Rahman`), and in the lines of minutes (`Present: AR, KD`).
fn explained(text: &str, spoken: &[Finding], out: &mut Vec<Finding>) {
    let mut labels: Vec<(&str, usize)> = spoken.iter().map(|f| (f.span.of(text), f.person)).collect();
    labels.sort_unstable();
    labels.dedup();
    let starts: HashSet<usize> = spoken.iter().map(|f| f.span.start).collect();
    for (label, person) in labels.into_iter().take(MOST) {
        for at in memchr::memmem::find_iter(text.as_bytes(), label) {
            let span = Span::new(at, at + label.len());
            let rest = text.get(span.end..).unwrap_or_default().trim_start_matches([' ', '\t']);
            let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let whole = !letter(text.get(..at).and_then(|head| head.chars().next_back()))
                && !letter(text.get(span.end..).and_then(|tail| tail.chars().next()));
            let head = text.get(..at).unwrap_or_default();
            let line = head.get(text.floor_char_boundary(at.saturating_sub(LINE))..).unwrap_or_default();
            let line = line.rsplit('\n').next().unwrap_or_default().trim_start();
            let minuted = MINUTES.iter().any(|word| line.starts_with(word));
            if whole && !starts.contains(&at) && (rest.starts_with('=') || minuted) {
                out.push(finding(span, person, "initials.explained"));
            }
        }
    }
}

fn finding(span: Span, person: usize, rule: &'static str) -> Finding {
    let label = if person == 0 { Label::NameStudent } else { Label::NameOther };
    Finding { span, label, person, rule, confidence: 0.8 }
}

/// Whose initials are which; of two who share them the first.
fn monograms_of(roster: &Roster) -> HashMap<&str, usize> {
    let mut found = HashMap::new();
    for (who, person) in roster.people.iter().enumerate() {
        for monogram in &person.monogram {
            found.entry(monogram.as_str()).or_insert(who);
        }
    }
    found
}

/// Whose initials are `written`: also `SO'R` of S. O'Rourke.
fn person_of(written: &str, monograms: &HashMap<&str, usize>) -> Option<usize> {
    let folded = fold(written);
    let letters: String = folded.chars().filter(|c| c.is_alphabetic()).collect();
    let short = folded.split('\'').next().filter(|short| short.chars().count() >= 2);
    let person = monograms.get(letters.as_str()).or_else(|| monograms.get(short?));
    person.copied()
}

/// The initials at the start of a line, before a colon; the number of the line or the time may stand before them.
fn label(line: &str) -> Option<Span> {
    let before = |c: char| {
        c.is_ascii_digit() || matches!(c, ' ' | '\t' | '*' | '_' | '>' | '[' | ']' | '(' | '.' | ':')
    };
    let start = line.len() - line.trim_start_matches(before).len();
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
            (
                "SR = [STUDENT], JH = my boss\n1 SO'R: Why?\n[00:12] JH: Nobody.\n12\tJH: No.\n",
                vec!["JH", "SO'R", "JH", "JH"],
            ),
            ("JH: One.\nJH: Two.\nPresent: JH, XY\nThe JH scale\n", vec!["JH", "JH", "JH"]),
            ("**JH:** Yes.\n\n**JH:** No.\n", vec!["JH", "JH"]),
            ("JH: once is no conversation.\n", vec![]),
            ("Visit\tWho\tWhat\n1\tJH, XY\tJH chatty\n2\tJH\tBack\n\nJH\t1\n", vec!["JH", "JH"]),
            ("Visit\tValue\n1\tJH\n", vec![]),
        ] {
            let piece = Piece { text: text.to_owned(), zone: Some(Zone::Prose), ..Piece::default() };
            let mut out = Vec::new();
            find(&piece, &roster, &mut out);
            out.sort_by_key(|f| f.span);
            assert_eq!(out.iter().map(|f| f.span.of(text)).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
