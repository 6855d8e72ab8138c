//! Sentences: of the writer's own life, of people one reads about, and of things with capitals that are no people.

use super::Maker;
use super::names::Person;
use super::words::{
    ADJECTIVES, CONCEPTS, HEADINGS, JOBS, LABELS, MONTHS, NOUNS, ORGANISATIONS, OTHER_LABELS, RELATIONS,
    THINGS, VERBS, WORKS,
};
use crate::text::{Tagged, Whose};

/// Sentences without people. `{…}` is filled in by [`Maker::fill`].
const PLAIN: &[&str] = &[
    "The {n} {v} the {a} {n} in {C}.",
    "In this {n} I will explain how {C} can be used in a {a} {n}.",
    "I chose {C} as my tool because it is {a}.",
    "We {v} a {a} {n} with {O} in {L}.",
    "According to the {n}, {T} is {a} for every {n}.",
    "My {n} was {a}, and the {n} {v} us.",
    "During the course on {C} at {O} we {v} the {n}.",
    "{C} is a {a} way to see the {n}.",
    "First, the {n} was {v}; then the {n} {v} it.",
    "This shows that {T} and {C} are {a}.",
    "I live in {L} and work for {O}.",
    "The {n} in {L} and {L} was {a}.",
    "Challenge: the {n} needed a {a} {n}.",
    "What did I learn? {C} helps a {n} to be {a}.",
    "Figure 2 shows the {n} of {O} ({L}).",
    "Question 3 asks for the {n}, Part B for the {n}.",
    "In {M} 2021 the {n} {v} a {n}.",
    "Image source: {O}",
    "Our {n} uses {O}, {O} and {O}.",
    "Although it was {a}, {L} {v} the {n}.",
    "It is a {a} {n} for {O} customers.",
    "The {O} {n} is {a}.",
    "I am a {J} at {O}.",
    "My role is {J} for {O} in {L}.",
    "With {T} one can see the {n}.",
    "Every {n} has a {a} {n}, says the {n}.",
    "so the {n} were {a} and we has {v} it.",
    "In my country {L} the {n} is very {a}.",
    "Insight: The {n} is not {a}.",
    "Dear Sir or Madam, the {n} is {a}.",
];

/// Sentences with people one reads or writes about.
const PUBLIC: &[&str] = &[
    "{X} once said that a {n} is {a}.",
    "{X} {v} the {n} in {L}.",
    "As {X} argues, {C} is {a}.",
    "In the video of week 3, {X} explains {C}.",
    "The story of {X} and {X} shows a {a} {n}.",
    "This is {X}, 21 years old, born in {L}.",
    "{X} left {L} to study in {L}.",
    "Meet {X}, a {J} from {L}.",
    "{X} is a persona that our {n} {v}.",
    "The owners {X}, {X} and {X} {v} the {n}.",
    "I read the book by {X} about {C}.",
    "The film tells how {X} {v} a {n}.",
    "{X} (2014) describes a {a} {n}.",
    "Research by {X} and {X} (2009) {v} this.",
    "see {X}, 2014, p. 36",
    "({X} & {X}, 2015)",
    "{X} was running a {a} {n}.",
    "“The {n} is {a}” ({X}, CEO of {O}).",
    "The president, {X}, {v} the {n}.",
    "Inspired by {X}, the {n} {v} us.",
    "{X}, the owner, was {a}.",
    "Mr {X} is in the case study.",
    "{X}’s theory of {C} is {a}.",
    "We want to see whether {X} will {n} her {n}.",
    "A customer, {X}, told us that the {n} was {a}.",
    "The poet {X} {v} in {L}.",
    "This week Professor {X} {v} {C}.",
    "the idea of {X} that {C} is {a}",
    "{X} asked {X} for a {n}.",
    "In “{C}” {X} writes of {L}.",
    "At this stand {X} would be receiving {n}.",
    "following {X}’s {n}, we {v} it",
    "Both {X} and {X} {v} the {n}; {X} received a {n}.",
    "I would also like to thank {X} for the inspirational {n}.",
    "Letter: A Reply to {X} by {X}",
    "Video: The power of {C} | {X} | TEDx {L}",
    "The character {X} in the novel is {a}.",
    "according to {X}, “the {n} is {a}”",
    "{X} explains in the lecture that {C} is {a}.",
];

/// Sentences with people of the writer's own life.
const PRIVATE: &[&str] = &[
    "My {r} {P} {v} me with the {n}.",
    "I asked my {r}, {P}, about the {n}.",
    "{P}, my {r}, {v} the {n}.",
    "I would like to thank my {r} {P}.",
    "My {r} is called {P}.",
    "We met {P}, our {r}, in {L}.",
    "My {r} {P} and I {v} the {n}.",
    "Thanks to my {r} {P} the {n} was {a}.",
    "I work with {P}, who is my {r} at {O}.",
    "During this process, I collaborated with my {r} {P}, a {J}.",
    "Our {r} {P} {v} a {a} {n}.",
    "I spoke to {P} (my {r}) on the phone.",
    "my {r} {P} says it is {a}",
    "My two {r}s, {P} and {P}, played a {a} role.",
    "Special thanks to {P} and {P} from my {n}.",
    "I am grateful to {P} for the {n}.",
    "When my {r} {P} was ill, we {v} a {n}.",
];

/// Sentences in which the writer names themselves.
const WRITER: &[&str] = &[
    "My name is {w}.",
    "My name is {w} and I work for {O}.",
    "I am {w}, a {J} from {L}.",
    "I, {w}, declare that this is my own work.",
    "Hello, I'm {W} and I {v} a {n}.",
    "This {n} was {v} by {w}.",
    "Me llamo {w}.",
    "“{W}, how was the {n}?” my {r} {P} asked me.",
    "You can call me {W}.",
    "this is {w} from {L}",
    "I signed it {w}.",
];

impl Maker<'_> {
    /// A paragraph of one to six sentences.
    pub(super) fn paragraph(&mut self) -> Tagged {
        let mut out = Tagged::default();
        for i in 0..=self.chance.below(6) {
            if i > 0 {
                out.push(if self.chance.in_hundred(12) { "  " } else { " " });
            }
            let sentence = match self.chance.below(100) {
                0..=39 if !self.prose.is_empty() => {
                    let at = self.chance.below(self.prose.len());
                    self.prose[at].clone()
                }
                0..=63 => self.sentence(PLAIN),
                64..=84 => self.sentence(PUBLIC),
                85..=95 => self.sentence(PRIVATE),
                _ => self.sentence(WRITER),
            };
            out.append(&sentence);
        }
        out
    }

    fn sentence(&mut self, templates: &[&str]) -> Tagged {
        let template = (*self.chance.pick(templates)).to_owned();
        self.fill(&template)
    }

    /// Fills a template: `{w}` the writer, `{W}` the writer in short, `{P}` somebody private, `{X}` somebody public,
    /// and words: `{C}` concept, `{T}` thing, `{O}` organisation, `{L}` place, `{n}` noun, `{a}` adjective, `{v}` verb, …
    pub(super) fn fill(&mut self, template: &str) -> Tagged {
        let mut out = Tagged::default();
        let mut rest = template;
        while let Some((before, tail)) = rest.split_once('{') {
            out.push(before);
            let (slot, tail) = tail.split_once('}').unwrap_or((tail, ""));
            rest = tail;
            match slot {
                "w" => {
                    let name = self.writer.clone().full(&mut self.chance);
                    out.name(&name, Whose::Writer);
                }
                "W" => {
                    let name = self.writer.clone().short(&mut self.chance);
                    out.name(&name, Whose::Writer);
                }
                "P" => {
                    let name = Person::new(self.pools, &mut self.chance).short(&mut self.chance);
                    out.name(&name, Whose::Private);
                }
                "X" => self.public(&mut out),
                _ => {
                    let word = self.slot(slot);
                    out.push(&word);
                }
            }
        }
        out.push(rest);
        out
    }

    fn public(&mut self, out: &mut Tagged) {
        let name = if self.chance.in_hundred(35) {
            let name = *self.chance.pick(PUBLIC_NAMES);
            if self.chance.in_hundred(30) { name.rsplit(' ').next().unwrap_or(name) } else { name }.to_owned()
        } else {
            let person = Person::new(self.pools, &mut self.chance);
            if self.chance.in_hundred(25) {
                person.cited(&mut self.chance)
            } else {
                person.short(&mut self.chance)
            }
        };
        out.name(&name, Whose::Public);
    }

    fn slot(&mut self, slot: &str) -> String {
        let chance = &mut self.chance;
        let list = match slot {
            "C" => CONCEPTS,
            "T" => THINGS,
            "O" => ORGANISATIONS,
            "n" => NOUNS,
            "a" => ADJECTIVES,
            "v" => VERBS,
            "r" => RELATIONS,
            "J" => JOBS,
            "M" => MONTHS,
            "H" => HEADINGS,
            "K" => WORKS,
            "Y" => LABELS,
            "Z" => OTHER_LABELS,
            "L" => return chance.pick(&self.pools.places).clone(),
            "d" => return self.date(),
            "i" => return self.number(),
            "e" => {
                let account = self.somebody().account(&mut self.chance);
                let host = *self.chance.pick(&[
                    "gmail.example",
                    "mail.example",
                    "uni.example",
                    "students.example.ac.uk",
                ]);
                return format!("{account}@{host}");
            }
            "u" => {
                let account = self.somebody().account(&mut self.chance);
                let site = *self.chance.pick(&[
                    "www.linkedin.example/in",
                    "twitter.example",
                    "www.instagram.example",
                    "pages.example",
                ]);
                return format!("https://{site}/{account}");
            }
            "h" => return self.somebody().account(&mut self.chance),
            "p" => {
                let number = self.chance.below(90_000_000) + 10_000_000;
                let plus = *self.chance.pick(&["+44 ", "+1-", "0", "(0", "+91"]);
                return format!("{plus}{number}");
            }
            "A" => {
                let number = self.chance.below(400) + 1;
                let family = self.chance.pick(&self.pools.family).clone();
                let place = self.chance.pick(&self.pools.places).clone();
                let street = *self.chance.pick(&[
                    "Street", "Road", "Avenue", "Close", "rue", "Studios", "Isle", "Mews", "allee", "Way",
                ]);
                return format!("{number} {family} {street}, {place} {}", self.chance.below(90_000) + 1000);
            }
            "#" => return (self.chance.below(9) + 1).to_string(),
            _ => return String::new(),
        };
        (*chance.pick(list)).to_owned()
    }

    /// The writer or, in half of the cases, somebody else: accounts often have other names than their owners.
    fn somebody(&mut self) -> Person {
        if self.chance.in_hundred(50) {
            self.writer.clone()
        } else {
            Person::new(self.pools, &mut self.chance)
        }
    }

    fn date(&mut self) -> String {
        let (day, year) = (self.chance.below(28) + 1, 2010 + self.chance.below(16));
        let month = *self.chance.pick(MONTHS);
        match self.chance.below(5) {
            0 => format!("{day:02}.{:02}.{year}", day % 12 + 1),
            1 => format!("{day:02}/{:02}/{year}", day % 12 + 1),
            2 => format!("{month} {day}, {year}"),
            3 => format!("{month} {year}"),
            _ => format!("{day} {month} {year}"),
        }
    }

    fn number(&mut self) -> String {
        let number = self.chance.below(900_000) + 100_000;
        match self.chance.below(4) {
            0 => format!("A{number}7"),
            1 => format!("{number}{number}"),
            2 => format!("x.{number}"),
            _ => number.to_string(),
        }
    }
}

/// Public figures, under another name than the templates'.
const PUBLIC_NAMES: &[&str] = super::words::PUBLIC;
