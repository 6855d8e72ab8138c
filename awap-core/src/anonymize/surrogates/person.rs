//! Stand-ins for the parts of a name, and names written with them.

use std::collections::HashSet;

use super::written::{Stretch, root, stretches};
use super::{ATTEMPTS, Surrogates, bare, in_case_of, lists};
use crate::anonymize::person::{Person, Side};
use crate::text::{Span, fold};

impl Surrogates<'_> {
    /// `text`, in which `person` is named, written with stand-ins. None where no stand-in was free.
    pub(super) fn name(&mut self, text: &str, person: &Person) -> Option<String> {
        let mut out = String::with_capacity(text.len() + 8);
        let mut end = 0;
        let mut after_particle = false;
        let mut used = Vec::new();
        for (stretch, span) in stretches(text, person) {
            if !after_particle {
                out.push_str(&between(text, end, span.start));
            }
            end = span.end;
            after_particle = stretch == Stretch::Particle;
            let written = span.of(text);
            match stretch {
                Stretch::Part(part) => {
                    used.push(part);
                    out.push_str(&in_case_of(written, &self.part_of(person, part)?));
                }
                Stretch::Initial => {
                    let initial = self.initial(written, person, &mut used)?;
                    out.push_str(&in_case_of(written, &initial));
                }
                Stretch::Word => out.push_str(&in_case_of(written, &self.part(written, Side::Given)?)),
                Stretch::Code => out.push_str(&self.code(written)?),
                Stretch::Title => out.push_str(title(written)),
                Stretch::Possessive => out.push_str(written),
                Stretch::Particle => {}
            }
        }
        out.push_str(&between(text, end, text.len()));
        out.chars().any(char::is_alphanumeric).then_some(out)
    }

    fn part_of(&mut self, person: &Person, part: usize) -> Option<String> {
        let part = person.parts.get(part)?;
        self.part(&part.text, part.side)
    }

    /// The stand-in for a part of a name. It begins with another letter, so that no initial is the original's.
    pub(super) fn part(&mut self, text: &str, side: Side) -> Option<String> {
        let key = bare(text);
        if let Some(given) = self.parts.get(&key) {
            return given.clone();
        }
        let list = if side == Side::Given { &lists::GIVEN } else { &lists::FAMILY };
        // Two people whose initials alone differ stay two, as long as there are letters.
        let first = |name: &str| fold(name).chars().next();
        let letters: HashSet<char> = self.parts.values().flatten().filter_map(|name| first(name)).collect();
        let mut chosen = None;
        for attempt in 0..ATTEMPTS {
            let mut draw = self.seed.draw("name", &key, attempt);
            // First names in use, then such as nobody need bear.
            let name =
                if attempt < ATTEMPTS / 2 { draw.one(list).to_owned() } else { lists::made_up(&mut draw) };
            let letter = first(&name);
            let alike = key.chars().next() == letter;
            let is_given = letter.is_some_and(|letter| letters.contains(&letter));
            let unwanted = alike || is_given && attempt < ATTEMPTS / 4;
            if !unwanted && self.is_clear(&name) && self.is_clear_joined(&name) && self.taken.take(&name) {
                chosen = Some(name);
                break;
            }
        }
        self.parts.insert(key, chosen.clone());
        chosen
    }

    /// Whether nothing of the student can be seen where `name` and another of the student's stand-ins are joined, as accounts join them: of
    /// Ming not `yasmingreta`.
    fn is_clear_joined(&self, name: &str) -> bool {
        let parts = self.roster.student().parts.iter();
        let mut others = parts.filter_map(|part| self.parts.get(&bare(&part.text))?.as_deref());
        others
            .all(|other| self.is_clear(&format!("{other}{name}")) && self.is_clear(&format!("{name}{other}")))
    }

    /// The first letter of the stand-in for the part that an initial stands for: one not `used` in this name yet, if
    /// there is one. An initial of no known part is that of a stand-in of its own.
    fn initial(&mut self, written: &str, person: &Person, used: &mut Vec<usize>) -> Option<String> {
        let letter = fold(written);
        let begins = |i: &usize| person.parts.get(*i).is_some_and(|p| p.text.starts_with(&letter));
        let parts = || (0..person.parts.len()).filter(begins).map(|i| root(person, i));
        let part = parts().find(|i| !used.contains(i)).or_else(|| parts().next());
        let name = match part {
            Some(part) => {
                used.push(part);
                self.part_of(person, part)?
            }
            None => self.part(&letter, Side::Given)?,
        };
        name.chars().next().map(String::from)
    }

    /// Digits in a name or an account, and what letters stand among them.
    fn code(&mut self, written: &str) -> Option<String> {
        let key = bare(written);
        if key.chars().count() > SHORT {
            return self.identifier(written);
        }
        // Of one or two digits there are too few for all to be others than those in the text.
        let filled = |attempt| self.seed.draw("code", &key, attempt).fill(written);
        (0..ATTEMPTS).map(filled).find(|filled| bare(filled) != key)
    }
}

/// So many letters and digits identify nobody by themselves.
const SHORT: usize = 4;

/// What stands between two stretches, less what cannot be seen.
fn between(text: &str, from: usize, to: usize) -> String {
    let gap = Span::new(from, to.max(from)).of(text);
    gap.chars().filter(|c| c.is_whitespace() || !fold(&c.to_string()).is_empty()).collect()
}

/// A title that tells no sex; others stay.
fn title(written: &str) -> &str {
    match fold(written).as_str() {
        "mr" | "mrs" | "ms" | "miss" | "sir" | "dame" | "mme" | "mlle" | "shri" | "smt" => "Mx",
        _ => written,
    }
}
