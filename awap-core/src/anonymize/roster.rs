//! From mentions to people: who of those named is the student, who is somebody else.

use std::collections::HashSet;

use super::context::is_used_as_name;
use super::learned;
use super::metadata::is_software;
use super::organisations;
use super::person::{Person, Roster, Side};
use super::pieces::Piece;
use super::recognizer::{Mention, Role};
use super::words::{Ambiguity, is_title};
use crate::text::fold;
use awap_names::lists::known::GIVEN;

/// Fills the roster from `mentions`; returns for each mention whose it is (0 is the student), or none where it is
/// nobody's.
pub(super) fn gather(roster: &mut Roster, pieces: &[Piece], mentions: &[Mention]) -> Vec<Option<usize>> {
    let host_knows = !roster.student().is_empty();
    let text = |m: &Mention| pieces.get(m.piece).map_or("", |p| m.span.of(&p.text));
    // What says most plainly who the student is comes first.
    let weak = |m: &Mention| {
        m.rule.starts_with("property.")
            || matches!(m.rule, "comment.author" | "cover.file_name" | learned::WRITER)
    };
    let mut owners = vec![None; mentions.len()];
    for (mention, owner) in mentions.iter().zip(&mut owners) {
        if mention.role == Role::Student && !weak(mention) {
            *owner = roster.add_student(text(mention));
        }
    }
    // Whoever wrote a document may comment in it too; who comments need not be its writer.
    for comments in [false, true] {
        for (mention, owner) in mentions.iter().zip(&mut owners) {
            let comment = mention.rule == "comment.author";
            if mention.role == Role::Student && weak(mention) && comment == comments {
                *owner = weakly(roster, mention, text(mention), host_knows);
            }
        }
    }
    let words = Words::of(pieces, mentions);
    let is_given = |m: &Mention| awap_names::known_of(&first_word(text(m))) & GIVEN != 0;
    // Who has a cue of their own is somebody, whatever stands behind (`my mentor Helen Pryce Housing Services`).
    let cued = |m: &Mention| {
        ["relation.", "cover.", "mail."].iter().any(|cue| m.rule.starts_with(cue)) && is_given(m)
    };
    let is_organisation =
        |m: &Mention| !cued(m) && pieces.get(m.piece).is_some_and(|p| organisations::is_one(&p.text, m.span));
    let organisations: HashSet<String> = mentions
        .iter()
        .filter(|m| m.role == Role::Other && is_organisation(m))
        .map(|m| first_word(text(m)))
        .collect();
    for (mention, owner) in mentions.iter().zip(&mut owners) {
        // What also stands in lower case is a word, unless its cue leaves no doubt, or it is a given name and used as one here.
        let is_word = || words.hold(text(mention)) && !is_given_name(pieces, mention);
        if mention.role == Role::Other && mention.confidence < 0.88 && is_word() {
            continue;
        }
        // Whoever is called as an organisation is by a given name (`Anna`, and the Anna Freud Centre) is still somebody.
        let is_theirs = is_organisation(mention)
            || organisations.contains(&first_word(text(mention))) && !is_given(mention);
        if mention.role == Role::Other && is_theirs {
            continue;
        }
        if mention.role == Role::Other {
            let mut person = Person::default();
            person.add(text(mention), None);
            let student = roster.student();
            let own = !person.is_empty()
                && person.parts.iter().all(|p| {
                    student.parts.iter().any(|q| q.text == p.text && q.ambiguity == Ambiguity::Plain)
                });
            *owner = if own { Some(0) } else { roster.add_other(text(mention)) };
        }
    }
    owners
}

/// The first word of a name that is no title, folded.
fn first_word(name: &str) -> String {
    let mut words = name.split([' ', '\u{a0}']).map(fold);
    words.find(|word| !is_title(word.trim_end_matches('.'))).unwrap_or_default()
}

/// Whether a mention of one word is a given name of the lists, and what stands around it makes it a name and no word.
fn is_given_name(pieces: &[Piece], mention: &Mention) -> bool {
    let Some(piece) = pieces.get(mention.piece) else { return false };
    let name = mention.span.of(&piece.text);
    awap_names::known_of(name) & GIVEN != 0
        && is_used_as_name(&piece.text, mention.span, piece.zone(), Ambiguity::Word, true)
}

/// An author in the properties, a word in the file name: the student if nothing else is known or it fits what is.
fn weakly(roster: &mut Roster, mention: &Mention, text: &str, host_knows: bool) -> Option<usize> {
    let squashed: String = fold(text).chars().filter(|c| c.is_alphanumeric()).collect();
    let student = roster.student();
    let shares = student.parts.iter().any(|p| {
        let part: String = p.text.chars().filter(|c| c.is_alphanumeric()).collect();
        part.chars().count() >= 3 && squashed.contains(&part)
    });
    let unknown = student.is_empty();
    if mention.rule == "cover.file_name" {
        if unknown {
            return roster.add_student(text);
        }
        return shares.then_some(0);
    }
    if mention.rule == learned::WRITER && mention.span.start >= COVER && is_namesake(student, text) {
        return None;
    }
    if mention.rule == learned::WRITER && unknown && !host_knows {
        return roster.add_student(text);
    }
    let account = text.split_whitespace().count() == 1 && text.contains(['.', '_', '@']);
    if shares {
        return Some(0);
    }
    if unknown && !host_knows && mention.rule == "property.author" && !is_software(&fold(text)) {
        return if account { Some(0) } else { roster.add_student(text) };
    }
    roster.add_other(text)
}

/// From so far on in a text another family name is not one that the student has changed, in bytes.
const COVER: usize = 1500;

/// Whether `text` is a given name of the student's with a family name that is not: `Grace Poole`, where the student is Grace Adeyemi.
fn is_namesake(student: &Person, text: &str) -> bool {
    let mut person = Person::default();
    person.add(text, None);
    let of = |text: &str| student.parts.iter().find(|p| p.text == text).map(|p| p.side);
    let known_family = student.parts.iter().any(|p| p.side == Side::Family);
    let [first, .., last] = person.parts.as_slice() else { return false };
    known_family
        && of(&first.text) == Some(Side::Given)
        && person.parts.iter().skip(1).all(|p| of(&p.text).is_none())
        && last.side == Side::Family
}

/// Those words in lower case of a TMA that some mention in doubt consists of.
struct Words(HashSet<String>);

impl Words {
    fn of(pieces: &[Piece], mentions: &[Mention]) -> Self {
        let text = |m: &Mention| pieces.get(m.piece).map_or("", |p| m.span.of(&p.text));
        let doubtful = mentions.iter().filter(|m| m.role == Role::Other && m.confidence < 0.88);
        let wanted: HashSet<String> = doubtful.map(|m| text(m).to_lowercase()).collect();
        let wanted = wanted.into_iter().filter(|w| w.starts_with(char::is_lowercase));
        let words: Vec<String> = wanted.filter(|w| w.chars().all(char::is_alphabetic)).collect();
        let mut held = HashSet::new();
        for text in pieces.iter().map(|p| p.text.as_str()) {
            if words.len() <= FEW {
                held.extend(words.iter().filter(|w| stands_in(text, w)).cloned());
            } else {
                let of_text = text.split(|c: char| !c.is_alphabetic());
                let of_text: HashSet<&str> = of_text.filter(|w| w.starts_with(char::is_lowercase)).collect();
                held.extend(words.iter().filter(|w| of_text.contains(w.as_str())).cloned());
            }
        }
        Self(held)
    }

    /// Whether `name` is one word that also stands in lower case.
    fn hold(&self, name: &str) -> bool {
        self.0.contains(name.to_lowercase().as_str())
    }
}

/// So many words are looked for one by one.
const FEW: usize = 16;

/// Whether `word` stands in `text` with no letter beside it.
fn stands_in(text: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    memchr::memmem::find_iter(text.as_bytes(), word).any(|at| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !letter(before) && !letter(after)
    })
}
