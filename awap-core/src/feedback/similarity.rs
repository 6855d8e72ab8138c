//! How much of what one sentence says another says too: by stems, whatever their order, with denials told apart.

use std::collections::HashMap;

use super::lexis;
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
    /// Its content words by stem, each once, with the word as it stands.
    words: Vec<(String, String)>,
    /// Whether it denies an odd number of times.
    denies: bool,
}

impl Saying {
    /// Reads `text[span]`.
    pub(crate) fn new(text: &str, span: Span) -> Self {
        let body = span.of(text);
        let mut words: Vec<(String, String)> = Vec::new();
        let mut denials = 0;
        for token in text::tokens(body) {
            let word = token.of(body).to_lowercase();
            denials += usize::from(lexis::is_negator(&word));
            if lexis::is_function(&word)
                || word.chars().count() < 2 && !word.contains(|c: char| c.is_ascii_digit())
            {
                continue;
            }
            let stem = text::stem(&word);
            if !words.iter().any(|(s, _)| *s == stem) {
                words.push((stem, word));
            }
        }
        Self { span, words, denies: denials % 2 == 1 }
    }

    /// The sentences of `text` that speak of anything.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let all = text::sentences(text).into_iter().map(|s| Self::new(text, s));
        all.filter(|s| !s.words.is_empty()).collect()
    }

    /// Its content words, as they stand.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|(_, word)| word.as_str())
    }
}

/// Weights of stems: those of the question count for less, since an answer has them for nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights {
    given: HashMap<String, f64>,
}

impl Weights {
    /// For answers to `question`.
    pub(crate) fn new(question: &str) -> Self {
        let stems = text::tokens(question).map(|t| (text::stem(&t.of(question).to_lowercase()), GIVEN));
        Self { given: stems.collect() }
    }

    fn of(&self, stem: &str) -> f64 {
        self.given.get(stem).copied().unwrap_or(1.0)
    }

    fn sum(&self, saying: &Saying) -> f64 {
        saying.words.iter().map(|(s, _)| self.of(s)).sum()
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
pub(crate) fn compare(wanted: &Saying, said: &Saying, weights: &Weights) -> Likeness {
    let credit = |stem: &str, others: &[(String, String)]| -> f64 {
        if others.iter().any(|(s, _)| s == stem) {
            return 1.0;
        }
        let head: String = stem.chars().take(NEAR_LETTERS).collect();
        let near = head.chars().count() == NEAR_LETTERS && others.iter().any(|(s, _)| s.starts_with(&head));
        if near { NEAR } else { 0.0 }
    };
    let covered = |of: &Saying, by: &Saying| -> f64 {
        let got: f64 = of.words.iter().map(|(s, _)| weights.of(s) * credit(s, &by.words)).sum();
        let all = weights.sum(of);
        if all > 0.0 { got / all } else { 0.0 }
    };
    Likeness {
        coverage: covered(wanted, said),
        precision: covered(said, wanted),
        opposed: wanted.denies != said.denies,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likeness(a: &str, b: &str) -> Likeness {
        let (a, b) = (Saying::all(a), Saying::all(b));
        compare(&a[0], &b[0], &Weights::default())
    }

    #[test]
    fn the_same_thing_in_other_order_is_alike_and_its_denial_is_opposed() {
        let same = likeness("Like poles repel each other.", "Each of the poles repels a like pole.");
        assert!(same.value() > 0.8 && !same.opposed, "{same:?}");
        assert!(likeness("Like poles repel.", "Like poles do not repel.").opposed);
        assert!(likeness("Like poles repel.", "The garden was full of roses.").value() < 0.1);
    }
}
