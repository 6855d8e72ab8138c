//! Names of made-up people, in the ways in which they are written.

use super::words::SYLLABLES;
use crate::lists::Pools;
use crate::text::Chance;

/// A person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) given: String,
    pub(super) family: String,
    middle: Option<String>,
}

impl Person {
    pub(super) fn new(pools: &Pools, chance: &mut Chance) -> Self {
        let one = |pool: &[String], chance: &mut Chance| {
            // Some names are in no list.
            if chance.in_hundred(12) { invented(chance) } else { chance.pick(pool).clone() }
        };
        let mut given = one(&pools.given, chance);
        if chance.in_hundred(4) {
            given = format!("{given}-{}", one(&pools.given, chance));
        }
        let mut family = one(&pools.family, chance);
        match chance.below(100) {
            0..=4 => family = format!("{family}-{}", one(&pools.family, chance)),
            5..=7 => {
                let particle =
                    chance.pick(&["van der", "de", "de la", "von", "del", "van", "da", "bin", "al"]);
                family = format!("{particle} {family}");
            }
            8..=11 => family = format!("{family} {}", one(&pools.family, chance)),
            _ => {}
        }
        let middle = chance.in_hundred(14).then(|| match chance.below(3) {
            0 => format!("{}.", given.chars().next().unwrap_or('A')),
            1 => chance.pick(&["A", "B", "J", "K", "M", "S"]).to_string(),
            _ => one(&pools.given, chance),
        });
        Self { given, family, middle }
    }

    /// As it is written on a cover or under a text.
    pub(super) fn full(&self, chance: &mut Chance) -> String {
        let Self { given, family, middle } = self;
        let name = match chance.below(100) {
            0..=69 => match middle {
                Some(middle) => format!("{given} {middle} {family}"),
                None => format!("{given} {family}"),
            },
            70..=74 => format!("{}. {family}", first(given)),
            75..=78 => format!("{given} {}.", first(family)),
            79..=82 => format!("{family}, {given}"),
            83..=86 => format!("{family} {given}"),
            87..=89 => format!("{given} {}", family.to_uppercase()),
            90..=92 => format!("{} {given}", family.to_uppercase()),
            93..=96 => given.clone(),
            97 => family.clone(),
            _ => format!("{} {given} {family}", chance.pick(&["Mr", "Ms", "Mrs.", "Dr."])),
        };
        match chance.below(100) {
            0..=7 => name.to_uppercase(),
            8..=12 => name.to_lowercase(),
            _ => name,
        }
    }

    /// As it is written in prose.
    pub(super) fn short(&self, chance: &mut Chance) -> String {
        let Self { given, family, .. } = self;
        match chance.below(10) {
            0..=5 => given.clone(),
            6..=7 => format!("{given} {family}"),
            8 => format!(
                "{} {family}",
                chance.pick(&["Mr", "Ms", "Mrs", "Dr", "Miss", "Professor", "Ms.", "Mr."])
            ),
            _ => family.clone(),
        }
    }

    /// As an author is cited.
    pub(super) fn cited(&self, chance: &mut Chance) -> String {
        let Self { given, family, .. } = self;
        match chance.below(6) {
            0 => format!("{family}, {}.", first(given)),
            1 => format!("{family} {}.", first(given)),
            2 => format!("{}. {family}", first(given)),
            3 => format!("{given} {family}"),
            _ => family.clone(),
        }
    }

    /// A mailbox or account.
    pub(super) fn account(&self, chance: &mut Chance) -> String {
        let word = |s: &str| s.to_lowercase().replace([' ', '\'', '’', '-'], "");
        let (given, family) = (word(&self.given), word(&self.family));
        match chance.below(4) {
            0 => format!("{given}.{family}"),
            1 => format!("{family}{}", chance.below(90) + 10),
            2 => format!("{given}_{family}"),
            _ => format!("{given}{family}"),
        }
    }
}

fn first(name: &str) -> char {
    name.chars().next().unwrap_or('A')
}

fn invented(chance: &mut Chance) -> String {
    let count = 2 + chance.below(2);
    let mut name: String = (0..count).map(|_| *chance.pick(SYLLABLES)).collect();
    if let Some(head) = name.get_mut(..1) {
        head.make_ascii_uppercase();
    }
    name
}
