//! How much of what one sentence says another says too: by stems, whatever their order, with denials told apart.

use std::collections::HashMap;

use super::answer::{Answer, Sentence};
use super::lexis::Classes;
use crate::text::{self, Span};

/// Weight of a word that the question itself uses, beside 1 for any other.
const GIVEN: f64 = 0.4;
/// What a word counts that shares its beginning with another.
const NEAR: f64 = 0.7;
/// Letters that two words must begin with alike to be near.
const NEAR_LETTERS: usize = 5;

/// A sentence reduced to what it speaks of.
#[derive(Debug, Clone)]
pub(crate) struct Saying {
    /// Where it stands in its text.
    pub(crate) span: Span,
    /// Its content words, each stem once.
    words: Vec<Word>,
    /// Whether it denies an odd number of times.
    denies: bool,
}

#[derive(Debug, Clone)]
struct Word {
    stem: String,
    /// How many bytes its first letters take by which it is near to others; 0 where it has fewer.
    head: usize,
    /// As it stands, in lower case.
    text: String,
}

impl Word {
    fn new(stem: &str, text: String) -> Self {
        let last = stem.char_indices().nth(NEAR_LETTERS - 1);
        Self { stem: stem.to_owned(), head: last.map_or(0, |(at, c)| at + c.len_utf8()), text }
    }

    fn is_near(&self, other: &Self) -> bool {
        self.head > 0 && self.head == other.head && self.stem[..self.head] == other.stem[..self.head]
    }
}

impl Saying {
    fn empty(span: Span) -> Self {
        Self { span, words: Vec::new(), denies: false }
    }

    /// The sentences of `text` that speak of anything.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let read = |span: Span| {
            let mut saying = Self::empty(span);
            for word in text::tokens(span.of(text)).map(|t| t.of(span.of(text)).to_lowercase()) {
                saying.add(&word, Classes::of(&word), &text::stem(&word));
            }
            saying
        };
        text::sentences(text).into_iter().map(read).filter(|s| !s.words.is_empty()).collect()
    }

    /// A sentence of an answer; `stems` are the lexicon's, by their numbers.
    pub(crate) fn of(answer: &Answer<'_>, sentence: &Sentence, stems: &[&str]) -> Self {
        let mut saying = Self::empty(sentence.span);
        for token in answer.tokens.get(sentence.tokens.clone()).unwrap_or_default() {
            let stem = stems.get(token.stem as usize).copied().unwrap_or_default();
            saying.add(token.span.of(answer.text), token.classes, stem);
        }
        saying
    }

    fn add(&mut self, word: &str, classes: Classes, stem: &str) {
        self.denies ^= classes.is_negator();
        if classes.is_function() || self.words.iter().any(|w| w.stem == stem) {
            return;
        }
        let text = word.to_lowercase();
        if text.chars().count() >= 2 || text.contains(|c: char| c.is_ascii_digit()) {
            self.words.push(Word::new(stem, text));
        }
    }

    /// Its content words, as they stand.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| word.text.as_str())
    }
}

/// Weights of stems: those of the question count for less, since an answer has them for nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights {
    given: HashMap<String, f64>,
}

/// A sentence with the weight of each of its words.
#[derive(Debug)]
pub(crate) struct Weighed<'a> {
    pub(crate) saying: &'a Saying,
    weights: Vec<f64>,
    sum: f64,
}

impl Weights {
    /// For answers to `question`.
    pub(crate) fn new(question: &str) -> Self {
        let stems = text::tokens(question).map(|t| (text::stem(&t.of(question).to_lowercase()), GIVEN));
        Self { given: stems.collect() }
    }

    /// Weighs the words of a sentence.
    pub(crate) fn weigh<'a>(&self, saying: &'a Saying) -> Weighed<'a> {
        let weight = |word: &Word| self.given.get(&word.stem).copied().unwrap_or(1.0);
        let weights: Vec<f64> = saying.words.iter().map(weight).collect();
        Weighed { saying, sum: weights.iter().sum(), weights }
    }
}

/// How two sentences compare.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Likeness {
    /// The share of the wanted sentence's weight that the other has.
    pub(crate) coverage: f64,
    /// The share of the other's weight that is wanted.
    pub(crate) precision: f64,
    /// Whether one denies and the other does not.
    pub(crate) opposed: bool,
}

impl Likeness {
    /// One figure, from 0 to 1: coverage above all.
    pub(crate) fn value(self) -> f64 {
        0.75 * self.coverage + 0.25 * self.coverage.min(self.precision)
    }
}

/// Compares what is wanted with what is said.
pub(crate) fn compare(wanted: &Weighed<'_>, said: &Weighed<'_>) -> Likeness {
    Likeness {
        coverage: covered(wanted, said.saying),
        precision: covered(said, wanted.saying),
        opposed: wanted.saying.denies != said.saying.denies,
    }
}

/// The share of a sentence's weight that another has.
fn covered(of: &Weighed<'_>, by: &Saying) -> f64 {
    let credit = |word: &Word| {
        if by.words.iter().any(|w| w.stem == word.stem) {
            1.0
        } else if by.words.iter().any(|w| w.is_near(word)) {
            NEAR
        } else {
            0.0
        }
    };
    let got: f64 = of.saying.words.iter().zip(&of.weights).map(|(word, weight)| weight * credit(word)).sum();
    if of.sum > 0.0 { got / of.sum } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(a: &str, b: &str) -> Likeness {
        let (a, b) = (Saying::all(a), Saying::all(b));
        let weights = Weights::default();
        compare(&weights.weigh(&a[0]), &weights.weigh(&b[0]))
    }

    #[test]
    fn the_same_thing_in_other_order_is_alike_and_its_denial_is_opposed() {
        let same = likeness("Like poles repel each other.", "Each of the poles repels a like pole.");
        assert!(same.value() > 0.8 && !same.opposed, "{same:?}");
        assert!(likeness("Like poles repel.", "Like poles do not repel.").opposed);
        assert!(likeness("Like poles repel.", "The garden was full of roses.").value() < 0.1);
    }
}
