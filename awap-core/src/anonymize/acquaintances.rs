//! Which of the people named in a TMA are of the student's own life, where no cue says so at once: from all that the text says around
//! their names.
//!
//! A colleague in a reflective log, a character of the module's case study and a theorist are written of in the same words. What tells
//! them apart is spread over the text: whether the writer tells of own doings where they are named, how they are introduced, whether
//! they are cited, or named in a question. Each sign has a weight; the best for and the worst against a name, wherever they stand,
//! are added up.

use std::collections::{HashMap, HashSet};

use awap_names::lists::known::{GIVEN, NAME};

use super::context::is_used_as_name;
use super::introductions::{self, has_private_title};
use super::learned::{PRIVATE, WRITER};
use super::narrative::Narrative;
use super::pieces::Piece;
use super::recognizer::{Mention, Role};
use super::roles::is_theorist;
use super::scholarship::{Scholarship, words_of};
use super::signs;
use super::words::ambiguity;
use crate::text::fold;

/// The rule under which they are reported.
const RULE: &str = "acquaintance";

/// What is needed in sum.
const ENOUGH: i32 = 4;

/// With so much nothing is left to doubt, but that the name may be a word.
const SURE: i32 = 6;

/// Up to so many mentions a name stands seldom.
const SELDOM: usize = 2;

/// In so many sentences a text must tell of the writer's own life to be one that does.
const REFLECTIVE: usize = 3;

/// Makes mentions of people of whom it was not told who they are ([`Role::Named`]) mentions of the student's acquaintances, where the text says
/// that they are; drops the others.
pub(super) fn tell(pieces: &[Piece], mentions: &mut Vec<Mention>, cited: &Scholarship) {
    if pieces.iter().any(|p| p.text.contains("Alice and Bob")) {
        // Whom cryptographers send messages between; nobody else is called so, both of them.
        let text = |m: &Mention| pieces.get(m.piece).map_or("", |p| m.span.of(&p.text));
        let guessed = |m: &Mention| m.role == Role::Named || matches!(m.rule, PRIVATE | WRITER);
        mentions.retain(|m| !guessed(m) || !matches!(text(m), "Alice" | "Bob"));
    }
    let doubtful = doubtful(pieces, mentions);
    if doubtful.is_empty() && !mentions.iter().any(|m| m.role == Role::Named) {
        return;
    }
    let signs = Signs::of(pieces, mentions, &doubtful, cited);
    let mut indices = 0..;
    mentions.retain(|mention| {
        let in_doubt = indices.next().is_some_and(|index| doubtful.contains(&index));
        !in_doubt || !signs.is_read_about(mention)
    });
    let sums: Vec<Option<i32>> =
        mentions.iter().map(|m| if m.role == Role::Named { signs.sum(m) } else { None }).collect();
    let found = mentions
        .iter()
        .zip(&sums)
        .filter(|(m, sum)| m.role == Role::Other || sum.is_some_and(|sum| sum >= ENOUGH));
    let edges: HashSet<(usize, usize)> =
        found.flat_map(|(m, _)| [(m.piece, m.span.start), (m.piece, m.span.end)]).collect();
    let mut sums = sums.into_iter();
    mentions.retain_mut(|mention| {
        let sum = sums.next().flatten();
        if mention.role != Role::Named {
            return true;
        }
        mention.role = Role::Other;
        mention.rule = RULE;
        mention.confidence = if sum.is_some_and(|sum| sum >= SURE) { 0.9 } else { 0.7 };
        sum.is_some_and(|sum| sum >= ENOUGH || sum >= ENOUGH - 2 && is_beside(mention, &edges, pieces))
    });
}

/// Which of the mentions that the model took for somebody of the writer's own life, or for the writer, are in doubt.
fn doubtful(pieces: &[Piece], mentions: &[Mention]) -> HashSet<usize> {
    let text = |m: &Mention| pieces.get(m.piece).map_or("", |p| m.span.of(&p.text));
    let writer = mentions.iter().filter(|m| m.role == Role::Student && m.rule != WRITER);
    let writer: HashSet<String> = writer.flat_map(|m| words_of(text(m))).collect();
    let in_doubt = |m: &Mention| match m.rule {
        // Nobody is `Mrs Dalloway` to themselves.
        WRITER if writer.is_empty() => {
            pieces.get(m.piece).is_some_and(|p| has_private_title(&p.text, m.span))
        }
        // Who the writer is is known, and this is somebody else.
        WRITER => !words_of(text(m)).iter().any(|w| writer.contains(w)),
        PRIVATE => true,
        _ => false,
    };
    mentions.iter().enumerate().filter(|(_, m)| in_doubt(m)).map(|(i, _)| i).collect()
}

/// What all the texts of a TMA say of the people that are named in them.
struct Signs<'a> {
    pieces: &'a [Piece],
    /// By each word of a name.
    of_words: HashMap<String, Evidence>,
    /// Who is cited.
    cited: &'a Scholarship,
    /// What the whole adds: whether it tells of the writer's own life at all.
    bonus: i32,
}

impl<'a> Signs<'a> {
    fn of(
        pieces: &'a [Piece],
        mentions: &[Mention],
        doubtful: &HashSet<usize>,
        cited: &'a Scholarship,
    ) -> Self {
        let asked = || {
            let all = mentions.iter().enumerate();
            all.filter(|(i, m)| m.role == Role::Named || doubtful.contains(i)).map(|(_, m)| m)
        };
        let named: HashSet<usize> = asked().map(|m| m.piece).collect();
        let narrative = |(i, piece): (usize, &Piece)| {
            if named.contains(&i) { Narrative::of(&piece.text) } else { Narrative::default() }
        };
        let narratives: Vec<Narrative> = pieces.iter().enumerate().map(narrative).collect();
        let reflective = narratives.iter().map(Narrative::personal).sum::<usize>() >= REFLECTIVE;
        let mut of_words: HashMap<String, Evidence> = HashMap::new();
        for mention in asked() {
            let (Some(piece), Some(narrative)) = (pieces.get(mention.piece), narratives.get(mention.piece))
            else {
                continue;
            };
            let found = Evidence::of(piece, narrative, mention);
            for word in words_of(mention.span.of(&piece.text)) {
                of_words.entry(word).or_default().add(found);
            }
        }
        Self { pieces, of_words, cited, bonus: if reflective { 1 } else { -1 } }
    }

    /// Whether somebody whom the model, not being sure, took for one of the writer's own life is one who is read about, by what else the
    /// text says.
    fn is_read_about(&self, mention: &Mention) -> bool {
        let text = self.pieces.get(mention.piece).map_or("", |p| p.text.as_str());
        let name = mention.span.of(text);
        let words = words_of(name);
        let Some(last) = words.last() else { return false };
        if self.cited.lists(name) || words.len() > 1 && self.cited.is_author(name, last) == Some(true) {
            return true;
        }
        let signs = self.of_words.get(last).copied().unwrap_or_default();
        if has_private_title(text, mention.span) {
            return self.cited.is_party(last) || signs.contra <= -4 && signs.personal == 0;
        }
        // Who the writer is is known: how sure the model is that it is this one says nothing.
        let is_sure = mention.rule == PRIVATE && mention.confidence >= 0.5;
        let is_known = words.len() == 1 && (self.cited.cites(last) || is_theorist(last));
        let is_elsewhere = signs.personal == 0 || !signs.is_at_home() && !is_sure;
        is_known && !is_sure || signs.contra <= -4 && is_elsewhere
    }

    /// What speaks for the one who is named being of the writer's own life; nothing where that cannot be.
    fn sum(&self, mention: &Mention) -> Option<i32> {
        let text = self.pieces.get(mention.piece).map_or("", |p| p.text.as_str());
        let words = words_of(mention.span.of(text));
        let of = |w: &String| self.of_words.get(w).copied().unwrap_or_default();
        // Who bears a given name in common with somebody else is told by the family name.
        let last = words.last().map(of).unwrap_or_default();
        let pro = words.iter().map(|w| of(w).pro).max().unwrap_or_default();
        let plain = mention.rule != introductions::INTRODUCED && !has_private_title(text, mention.span);
        // Whoever is introduced by a given name where the writer tells of their own life is not the author of that family name.
        let name = mention.span.of(text);
        let given = words.len() == 1 && awap_names::known_of(name) & GIVEN != 0;
        let met = pro >= SURE && given;
        let is_known = words.last().is_some_and(|w| {
            let is_another = words.len() > 1 && self.cited.is_author(name, w) == Some(false);
            self.cited.cites(w) && !met && !is_another || plain && is_theorist(w)
        });
        let stays = is_known || !last.is_at_home() || plain && !is_used_as_one(mention, self.pieces);
        // A given name that stands again and again where the writer tells of their own life is hardly one that is read about.
        let often = i32::from(given && last.mentions >= 2 && last.personal * 3 >= last.mentions * 2);
        if stays { None } else { Some(pro + last.contra + self.bonus + often) }
    }
}

/// Whether a name is joined to another, of which `edges` has piece and ends, by no more than a comma or `and`: `Tom, Beca and Col`.
fn is_beside(mention: &Mention, edges: &HashSet<(usize, usize)>, pieces: &[Piece]) -> bool {
    let Some(piece) = pieces.get(mention.piece) else { return false };
    let head = piece.text.get(..mention.span.start).unwrap_or_default();
    let tail = piece.text.get(mention.span.end..).unwrap_or_default();
    [", and ", " and ", ", ", " & ", " or "].iter().any(|joint| {
        head.ends_with(joint) && edges.contains(&(mention.piece, mention.span.start - joint.len()))
            || tail.starts_with(joint) && edges.contains(&(mention.piece, mention.span.end + joint.len()))
    })
}

/// Whether a single word that is also another (`Mark`, `Jordan`) is used as a name where it stands.
fn is_used_as_one(mention: &Mention, pieces: &[Piece]) -> bool {
    let Some(piece) = pieces.get(mention.piece) else { return false };
    let name = mention.span.of(&piece.text);
    name.contains(char::is_whitespace)
        || is_used_as_name(&piece.text, mention.span, piece.zone(), ambiguity(&fold(name)), true)
}

/// The best sign that somebody is of the writer's own life, and the worst that they are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Evidence {
    pro: i32,
    contra: i32,
    /// How often the name stands.
    mentions: usize,
    /// How often of those in a paragraph that tells of the writer's own life.
    personal: usize,
}

impl Evidence {
    fn add(&mut self, other: Self) {
        self.pro = self.pro.max(other.pro);
        self.contra = self.contra.min(other.contra);
        self.mentions += other.mentions;
        self.personal += other.personal;
    }

    /// Whether the name stands seldom, or often enough where the writer tells of their own life: who is named once in such a paragraph and many
    /// times elsewhere is a character, whom the writer compares somebody with.
    fn is_at_home(self) -> bool {
        self.mentions <= SELDOM || self.personal * 5 >= self.mentions * 2
    }

    /// What stands around one mention.
    fn of(piece: &Piece, narrative: &Narrative, mention: &Mention) -> Self {
        let text = piece.text.as_str();
        let (sentence, personal) = narrative.sentence(text, mention.span.start);
        let name = mention.span.of(text);
        let single = !name.contains([' ', '-', '\u{a0}']);
        let titled = has_private_title(text, mention.span);
        // By a family name alone, or one that no list has, one is read about.
        let introduced = mention.rule == introductions::INTRODUCED;
        let known = awap_names::known_of(name);
        let lone_given = single && (known & (GIVEN | NAME) != 0 || known == 0 && introduced);
        let mut pro = 0;
        pro += 3 * i32::from(introduced);
        pro += 2 * i32::from(personal);
        let around = narrative.is_personal_around(text, mention.span.start);
        pro += i32::from(around);
        pro += i32::from(titled || lone_given);
        if !titled && !lone_given && !name.starts_with("Dr") {
            pro -= 1;
        }
        let head = text.get(sentence.start..mention.span.start).unwrap_or_default();
        let tail = text.get(mention.span.end..sentence.end).unwrap_or_default();
        let mut contra = signs::against(sentence.of(text), head, tail, personal);
        if !introduced && !titled && signs::is_of_a_place(head) {
            contra -= 3;
        }
        Self { pro, contra, mentions: 1, personal: usize::from(around) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::introductions::Introductions;
    use super::super::learned::Learned;
    use super::super::pieces::Zone;
    use super::super::recognizer::NameRecognizer as _;
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let pieces = [Piece { text: text.to_owned(), zone: Some(Zone::Prose), ..Piece::default() }];
        let mut mentions = Vec::new();
        Introductions.find(&pieces[0], 0, &mut mentions);
        Learned.find(&pieces[0], 0, &mut mentions);
        tell(&pieces, &mut mentions, &Scholarship::of(&pieces));
        let mut names: Vec<String> = mentions.iter().map(|m| m.span.of(text).to_owned()).collect();
        names.dedup();
        names
    }

    const OWN: &str = "I started at the depot in May. We were short of drivers. She gave me the rota. ";

    #[test]
    fn people_of_ones_own_life_are_told_from_characters() {
        for (text, expected) in [
            (format!("{OWN}The treasurer, Mrs Ottoline Peake, told me off."), vec!["Mrs Ottoline Peake"]),
            (format!("{OWN}I showed it to Bilal and he laughed."), vec!["Bilal"]),
            ("The treasurer, Mrs Ottoline Peake, keeps the books.".to_owned(), vec![]),
            (format!("{OWN}In the case study the owner, Ahmed, keeps the books."), vec![]),
            (format!("{OWN}I found Foucault useful."), vec![]),
        ] {
            let names = told(&text);
            let last =
                |name: &String| expected.iter().any(|e: &&str| e.ends_with(name.as_str()) || *e == name);
            assert_eq!(names.is_empty(), expected.is_empty(), "{text}: {names:?}");
            assert!(names.iter().all(last), "{text}: {names:?}");
        }
    }
}
