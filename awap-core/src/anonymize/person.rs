//! A person's name taken apart: the parts to look for, their initials and particles; and who is who in one TMA.

use std::collections::HashMap;

use super::brackets::{self, Aside};
use super::names::starts_upper;
use super::scholarship::Scholarship;
use super::words::{Ambiguity, ambiguity, is_particle, is_title};
use crate::text::fold;

/// Which side of a name a part belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Given,
    Family,
}

/// One part of a name, folded: `kwame`, `owusu`, `o'neill`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamePart {
    pub(super) text: String,
    pub(super) side: Side,
    pub(super) ambiguity: Ambiguity,
}

/// A person: the student, or somebody the student names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    /// Parts in the order of the name; no particles, no single letters.
    pub(super) parts: Vec<NamePart>,
    /// Particles of the name (`van`, `der`, `al`).
    pub(super) particles: Vec<String>,
    /// First letters of all parts, single letters of the name included.
    pub(super) initials: Vec<char>,
    /// Particles and family name written as one word (`vandenberg`).
    pub(super) squashed: Vec<String>,
    /// All initials in order, where there are two or more (`jas`).
    pub(super) monogram: Vec<String>,
    /// The placeholder is this person's own only when someone else has not taken the name.
    pub(super) is_student: bool,
}

impl Person {
    /// The student, with nothing known yet.
    pub(super) fn student() -> Self {
        Self { is_student: true, ..Self::default() }
    }

    /// Adds a name as written. `side` tells which side the words belong to; without it the last word (with its
    /// particles) is the family name, or the first where a comma follows it. What stands in brackets is a name beside
    /// it: `Elizabeth (Liz) Carter`, `Anna Smith (née Jones)`.
    pub(super) fn add(&mut self, name: &str, side: Option<Side>) {
        let (name, asides) = brackets::set_aside(name);
        self.add_bare(&name, side);
        for aside in asides {
            self.add_aside(&aside, side);
        }
    }

    /// Adds what stood in brackets beside a name. Several words may be a company as well as a name, so each of them is
    /// looked for by itself only where it is written as a name.
    fn add_aside(&mut self, aside: &Aside, side: Option<Side>) {
        let single = !aside.name.contains(' ');
        let mut beside = Self::default();
        beside.add_bare(&aside.name, if aside.at_birth { Some(Side::Family) } else { side });
        for part in &mut beside.parts {
            if !single && part.ambiguity == Ambiguity::Plain {
                part.ambiguity = Ambiguity::Word;
            }
        }
        beside.monogram.clear();
        self.merge(beside);
    }

    /// Adds a name without brackets.
    fn add_bare(&mut self, name: &str, side: Option<Side>) {
        let (name, reversed) = match name.split_once(',') {
            Some((family, given)) if side.is_none() && !given.trim().is_empty() => {
                self.add_bare(family, Some(Side::Family));
                (given.to_owned(), true)
            }
            _ => (name.to_owned(), false),
        };
        let folded = fold(&name);
        let words: Vec<&str> = folded
            .split(|c: char| c.is_whitespace() || matches!(c, '.' | '_' | '"' | ',' | ';' | '/'))
            .filter(|w| w.chars().any(char::is_alphanumeric))
            .collect();
        let words = match words.iter().position(|w| !is_title(w) || words.len() == 1) {
            Some(first) => words.get(first..).unwrap_or_default(),
            None => words.as_slice(),
        };
        let mut monogram = String::new();
        let mut full_monogram = String::new();
        let mut particles = String::new();
        let last = words.len().saturating_sub(1);
        for (i, word) in words.iter().enumerate() {
            let side = side.unwrap_or(match (reversed, i == last && last > 0) {
                (true, _) | (_, false) => Side::Given,
                _ => Side::Family,
            });
            if is_particle(word) && words.len() > 1 && i < last {
                push_new(&mut self.particles, (*word).to_owned());
                // With a capital at the head of a whole name it is as likely a name of its own: `Du Zhe`, `Le Thi Hoa`.
                if i == 0 && side == Side::Given && is_capital(&name, word) {
                    self.part(word, Side::Family);
                }
                particles.push_str(word);
                full_monogram.extend(word.chars().next());
                continue;
            }
            for (at, piece) in word.split('-').enumerate() {
                let piece = piece.trim_matches('\'');
                let Some(first) = piece.chars().find(|c| c.is_alphanumeric()) else { continue };
                if at == 0 && is_particle(piece) && word.len() > piece.len() {
                    push_new(&mut self.particles, piece.to_owned());
                    particles.push_str(piece);
                    continue;
                }
                self.initial(first);
                monogram.push(first);
                full_monogram.push(first);
                // One letter is an initial; one character of a script without case is a name.
                if piece.chars().filter(|c| c.is_alphanumeric()).count() < 2 && first.is_lowercase() {
                    continue;
                }
                if let Some(second) = piece.split_once('\'').and_then(|(_, tail)| tail.chars().next()) {
                    self.initial(second);
                }
                self.part(piece, side);
            }
            if !particles.is_empty() {
                let family: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
                let family = match word.split_once('-') {
                    Some((head, _)) if particles.ends_with(head) => {
                        family.get(head.len()..).unwrap_or_default().to_owned()
                    }
                    _ => family,
                };
                push_new(&mut self.squashed, format!("{particles}{family}"));
                particles.clear();
            }
        }
        for monogram in [monogram, full_monogram] {
            if monogram.chars().count() >= 2 {
                push_new(&mut self.monogram, monogram);
            }
        }
        if let Some(spelt) = without_umlauts(&name) {
            self.add_bare(&spelt, side.or(reversed.then_some(Side::Given)));
        }
    }

    /// The monogram of given and family name that came in apart.
    pub(super) fn join_monogram(&mut self) {
        let of = |side| {
            self.parts
                .iter()
                .filter(move |p| p.side == side)
                .filter_map(|p| p.text.chars().next())
                .collect::<String>()
        };
        let (given, family) = (of(Side::Given), of(Side::Family));
        if !given.is_empty() && !family.is_empty() {
            push_new(&mut self.monogram, format!("{given}{family}"));
        }
    }

    fn part(&mut self, text: &str, side: Side) {
        match self.parts.iter().find(|p| p.text == text) {
            None => self.parts.push(NamePart { text: text.to_owned(), side, ambiguity: ambiguity(text) }),
            // Given and family name are alike (`Nguyên Nguyễn`): joined, they are a word that neither begins nor ends.
            Some(alike) if alike.side != side => self.part(&text.repeat(2), alike.side),
            Some(_) => {}
        }
    }

    fn initial(&mut self, c: char) {
        if !self.initials.contains(&c) {
            self.initials.push(c);
        }
    }

    /// Whether nothing is known of the person.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether `other` can be the same person: all its parts are this person's, or the other way round, and neither
    /// has initials that the other contradicts.
    pub(super) fn fits(&self, other: &Self) -> bool {
        let within = |a: &Self, b: &Self| {
            !a.parts.is_empty()
                && a.parts.iter().all(|p| b.parts.iter().any(|q| q.text == p.text))
                && a.initials.iter().all(|i| b.initials.contains(i))
        };
        within(self, other) || within(other, self)
    }

    /// Takes over what `other` knows.
    pub(super) fn merge(&mut self, other: Self) {
        for part in other.parts {
            if !self.parts.iter().any(|p| p.text == part.text) {
                self.parts.push(part);
            }
        }
        other.initials.into_iter().for_each(|c| self.initial(c));
        other.particles.into_iter().for_each(|p| push_new(&mut self.particles, p));
        other.squashed.into_iter().for_each(|p| push_new(&mut self.squashed, p));
        other.monogram.into_iter().for_each(|p| push_new(&mut self.monogram, p));
    }
}

/// Whether `word` (folded) is written with a capital in `name`.
fn is_capital(name: &str, word: &str) -> bool {
    name.split_whitespace().any(|written| starts_upper(written) && fold(written) == word)
}

/// The name as it is spelt where there are no umlauts: `Jürgen` is `Juergen`, `Bjørn` is `Bjoern`, `Ågård` `Aagaard`.
fn without_umlauts(name: &str) -> Option<String> {
    if !name.contains(['ä', 'ö', 'ü', 'ø', 'å', 'Ä', 'Ö', 'Ü', 'Ø', 'Å']) {
        return None;
    }
    let spelt = name.chars().map(|c| match c {
        'ä' | 'Ä' => "ae".to_owned(),
        'ö' | 'ø' | 'Ö' | 'Ø' => "oe".to_owned(),
        'ü' | 'Ü' => "ue".to_owned(),
        'å' | 'Å' => "aa".to_owned(),
        c => c.to_string(),
    });
    Some(spelt.collect())
}

pub(super) fn push_new(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// The people of one TMA; the student comes first.
#[derive(Debug, Clone)]
pub(super) struct Roster {
    pub(super) people: Vec<Person>,
    /// Who is cited: the family name of an author is not looked for by itself, unless it is the student's.
    pub(super) cited: Scholarship,
    /// Who has a part of this name, in the order in which they came.
    by_part: HashMap<String, Vec<usize>>,
}

/// The most parts of a name that the student is believed to have; further ones are other people's.
const STUDENT_PARTS: usize = 64;

impl Roster {
    pub(super) fn new(student: Person) -> Self {
        Self { people: vec![student], cited: Scholarship::default(), by_part: HashMap::new() }
    }

    pub(super) fn student(&self) -> &Person {
        // The student is put in by `new` and never taken out.
        self.people.first().unwrap_or(const { &EMPTY })
    }

    /// Adds a name of the student; returns whose it is taken to be.
    pub(super) fn add_student(&mut self, name: &str) -> Option<usize> {
        match self.people.first_mut() {
            Some(student) if student.parts.len() < STUDENT_PARTS => {
                student.add(name, None);
                Some(0)
            }
            _ => self.add_other(name),
        }
    }

    /// Adds a name of somebody else; returns who it is.
    pub(super) fn add_other(&mut self, name: &str) -> Option<usize> {
        let mut person = Person::default();
        person.add(name, None);
        if person.is_empty() {
            return None;
        }
        // Whoever fits shares a part.
        let mut candidates: Vec<usize> = person
            .parts
            .iter()
            .filter_map(|p| self.by_part.get(&p.text))
            .flatten()
            .copied()
            .take(64)
            .collect();
        candidates.sort_unstable();
        let known =
            candidates.into_iter().find(|i| self.people.get(*i).is_some_and(|known| known.fits(&person)));
        let at = known.unwrap_or(self.people.len());
        for part in &person.parts {
            let sharing = self.by_part.entry(part.text.clone()).or_default();
            if !sharing.contains(&at) && sharing.len() < 64 {
                sharing.push(at);
            }
        }
        match self.people.get_mut(at) {
            Some(known) => known.merge(person),
            None => self.people.push(person),
        }
        Some(at)
    }
}

static EMPTY: Person = Person {
    parts: Vec::new(),
    particles: Vec::new(),
    initials: Vec::new(),
    squashed: Vec::new(),
    monogram: Vec::new(),
    is_student: true,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> Vec<String> {
        let mut person = Person::default();
        person.add(name, None);
        person
            .parts
            .iter()
            .map(|p| format!("{}{}", if p.side == Side::Given { '<' } else { '>' }, p.text))
            .collect()
    }

    #[test]
    fn takes_names_apart() {
        for (name, expected) in [
            ("Kofi Mensah", vec!["<kofi", ">mensah"]),
            ("Mensah, Kofi A.", vec![">mensah", "<kofi"]),
            ("Dr Siân O’Neill-Hughes", vec!["<sian", ">o'neill", ">hughes"]),
            ("Omar al-Hadi", vec!["<omar", ">hadi"]),
            ("Anna van der Berg", vec!["<anna", ">berg"]),
            ("Sukarto", vec!["<sukarto"]),
            ("Nguyên Nguyễn", vec!["<nguyen", "<nguyennguyen"]),
            ("Elizabeth (Liz) Carter", vec!["<elizabeth", ">carter", "<liz"]),
            ("Du Zhe", vec![">du", ">zhe"]),
            ("王伟", vec!["<王伟"]),
        ] {
            assert_eq!(parts(name), expected, "{name}");
        }
    }

    #[test]
    fn merges_those_that_fit() {
        let mut roster = Roster::new(Person::student());
        assert_eq!(roster.add_other("Anna Hendricks"), Some(1));
        assert_eq!(roster.add_other("Dr Hendricks"), Some(1));
        assert_eq!(roster.add_other("Anna"), Some(1));
        assert_eq!(roster.add_other("Bela Hendricks"), Some(2));
    }
}
