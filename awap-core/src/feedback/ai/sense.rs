//! Rules on what a comment says, held against what the engine found.
//!
//! A small model praised a planted error when it was tried: praise must not stand where the engine holds something
//! against the student, nor advice where the engine found what is asked for.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::ground::{Ground, Held, speaks_for, stems};
use super::offer::Kind;
use super::reason::Reason;
use super::wording::is_imperative;
use crate::feedback::lexis;
use crate::feedback::terms::content_words;
use crate::text::{self, Span};

/// Share of a point's words with which a comment speaks of that point.
const SPEAKS_OF: f64 = 0.7;
/// Two comments with this share of their words in common say the same.
const SAME: f64 = 0.75;
/// Things that a comment names from which on one must be of this work.
const FEWEST_THINGS: usize = 3;
/// Words within which a request is followed by what it asks for.
const REACH: usize = 4;

/// Verbs that ask for something that is not there.
const REQUESTS: [&str; 12] = [
    "add", "bring", "give", "include", "insert", "lack", "lacks", "miss", "need", "needs", "provide", "write",
];

/// Things that a comment on any work may name.
const OF_WRITING: [&str; 30] = [
    "argument",
    "back",
    "beginning",
    "better",
    "care",
    "case",
    "conclusion",
    "end",
    "evidence",
    "example",
    "examples",
    "introduction",
    "line",
    "lines",
    "next",
    "page",
    "paragraph",
    "part",
    "place",
    "quotation",
    "reason",
    "reasons",
    "section",
    "sentence",
    "source",
    "step",
    "view",
    "way",
    "word",
    "words",
];

/// Rule: what is praised is not what the engine holds against the student, and no point is praised that the engine
/// looked for and did not find.
pub(super) fn praise_fits_the_evidence(held: &Held<'_>, text: &str, span: Span) -> Result<(), Reason> {
    let words = stems(text);
    let absent = most_spoken_of(&words, &held.missing);
    let there = most_spoken_of(&words, &held.present);
    let praises_gap = absent >= SPEAKS_OF && absent > there;
    if praises_gap || held.against.iter().any(|a| a.overlaps(span)) {
        return Err(Reason::ContradictsEvidence);
    }
    Ok(())
}

/// Rule: nothing is praised where the criterion earned nothing, or where all that was looked for is missing.
pub(super) fn praise_fits_the_score(held: &Held<'_>) -> Result<(), Reason> {
    let marked = held.marked;
    let found = marked.evidence.iter().any(|e| speaks_for(e.polarity.as_deref()));
    let nothing = marked.score.is_some_and(|s| s <= 0.0) || !found && !marked.missing.is_empty();
    if nothing { Err(Reason::ContradictsScore) } else { Ok(()) }
}

/// Rule: advice does not ask for what the engine found.
pub(super) fn advice_asks_for_what_is_absent(held: &Held<'_>, text: &str) -> Result<(), Reason> {
    let words = stems(text);
    let there = most_spoken_of(&words, &held.present);
    let absent = most_spoken_of(&words, &held.missing);
    let asks_for_part = held.present.iter().any(|p| matches!(p.as_slice(), [only] if requests(text, only)));
    if asks_for_part || there >= SPEAKS_OF && there > absent {
        return Err(Reason::AlreadyPresent);
    }
    Ok(())
}

/// How much of one of `points` a comment speaks of, at most; points of one word are met anywhere and say nothing.
fn most_spoken_of(words: &HashSet<String>, points: &[Vec<String>]) -> f64 {
    let share = |point: &Vec<String>| {
        point.iter().filter(|w| words.contains(*w)).count() as f64 / point.len().max(1) as f64
    };
    points.iter().filter(|p| p.len() > 1).map(share).fold(0.0, f64::max)
}

/// `Add a short introduction`: a request, and within a few words the thing.
fn requests(text: &str, thing: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = text::tokens(&lower).map(|t| t.of(&lower)).collect();
    words.iter().enumerate().any(|(i, w)| {
        let reach = words.iter().skip(i + 1).take(REACH);
        REQUESTS.contains(w) && reach.clone().any(|next| text::stem(next) == thing)
    })
}

/// Rule: a comment says what neither the engine nor another comment says; the words decide, whatever their order.
pub(super) fn text_is_new<'a>(
    ground: &Ground<'_>,
    text: &str,
    mut others: impl Iterator<Item = &'a str>,
) -> Result<(), Reason> {
    let words = stems(text);
    let same = |other: &HashSet<String>| {
        let shared = words.intersection(other).count();
        let all = words.len() + other.len() - shared;
        shared as f64 >= SAME * all.max(1) as f64
    };
    if ground.said.iter().any(same) || others.any(|o| same(&stems(o))) {
        Err(Reason::Duplicate)
    } else {
        Ok(())
    }
}

/// Rule: a comment is about a criterion of the rubric.
pub(super) fn criterion_exists(ground: &Ground<'_>, id: &str) -> Result<usize, Reason> {
    ground.criteria.iter().position(|h| h.head.id == id).ok_or(Reason::UnknownCriterion)
}

/// The words of each answer, gathered when they are first asked for.
pub(super) struct Vocabulary {
    answers: Vec<OnceCell<HashSet<String>>>,
}

impl Vocabulary {
    pub(super) fn of(ground: &Ground<'_>) -> Self {
        Self { answers: ground.answers.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The stems of the answer to a criterion's question.
    pub(super) fn of_answer(&self, ground: &Ground<'_>, held: &Held<'_>) -> Option<&HashSet<String>> {
        let answer = ground.answer(held)?;
        let words = || answer.spans.iter().flat_map(|s| stems(s.of(answer.text))).collect();
        Some(self.answers.get(held.question)?.get_or_init(words))
    }
}

/// Rule: a comment is about this work: of its words one is the rubric's or the answer's, unless hardly any of them names a
/// thing. It keeps out what a model says of something else altogether.
pub(super) fn text_is_about_the_work(
    held: &Held<'_>,
    text: &str,
    answer: Option<&HashSet<String>>,
) -> Result<(), Reason> {
    let words = content_words(text);
    let is_known = |w: &String| {
        let stem = text::stem(w);
        held.subject.contains(&stem) || answer.is_some_and(|a| a.contains(&stem))
    };
    let names_a_thing =
        |w: &&String| !is_imperative(w) && !lexis::is_verb(w) && !OF_WRITING.contains(&w.as_str());
    let things = words.iter().filter(names_a_thing).count();
    if things < FEWEST_THINGS || words.iter().any(is_known) { Ok(()) } else { Err(Reason::OffTopic) }
}

/// Rule: what a comment says fits what the engine found.
pub(super) fn comment_fits(held: &Held<'_>, kind: Kind, text: &str, span: Span) -> Result<(), Reason> {
    match kind {
        Kind::Strength => {
            praise_fits_the_score(held)?;
            praise_fits_the_evidence(held, text, span)
        }
        Kind::Improvement => advice_asks_for_what_is_absent(held, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_spoken_of_by_most_of_their_words() {
        let point =
            |label: &str| -> Vec<String> { content_words(label).iter().map(|w| text::stem(w)).collect() };
        let points = [point("the list must be sorted before a binary search"), point("Introduction")];
        let says = |text: &str| most_spoken_of(&stems(text), &points) >= SPEAKS_OF;
        assert!(says("You say that binary searches need a sorted list."));
        assert!(!says("You say why the list is sorted."));
        assert!(!says("Your introduction is clear."));
    }

    #[test]
    fn requests_are_told_from_remarks() {
        let introduction = text::stem("introduction");
        assert!(requests("Add a short introduction to your answer.", &introduction));
        assert!(requests("Your essay needs an introduction.", &introduction));
        assert!(!requests("Your introduction could name the main points.", &introduction));
        assert!(!requests("Add an example to what your long introduction says.", &introduction));
    }
}
