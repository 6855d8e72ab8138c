//! Numbered words inside an answer (`Activity 1`, `Section 2`) that number its sections, and no questions.

use std::collections::BTreeSet;

use super::candidate::Candidate;
use super::label::{Key, Step, Word};
use super::scheme::has_parts;

/// Words from which a question has been answered where it stands.
const ANSWER_WORDS: usize = 40;
/// Fewer between `Part 2` and `Question 3` are none: that part only divides the TMA.
const DIVIDED_WORDS: usize = 8;

/// The word by which a TMA numbers its questions, and the numbers that bear it.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    key: Option<Key>,
    numbers: BTreeSet<u32>,
    /// Those of them whose own text is an answer's.
    answered: BTreeSet<u32>,
}

/// Where a candidate stands.
pub(super) struct Within<'a> {
    /// The question that is being answered.
    pub(super) number: u32,
    /// The word of the sections that it has had.
    pub(super) sections: Option<Key>,
    /// The rubric's ids.
    pub(super) ids: &'a BTreeSet<String>,
}

impl Within<'_> {
    /// Whether the rubric knows a question of this number.
    fn knows(&self, number: u32) -> bool {
        let id = number.to_string();
        self.ids.contains(&id) || has_parts(self.ids, &id)
    }
}

impl Numbered {
    /// The TMA's own is its first numbered word, or `Question` where the first has one number alone, as in a title
    /// (`TMA 02: Task 3`). Where it has `Question` and the like, `Part` is none. `is_prompt` says whether the text of
    /// candidate `i` puts a question.
    pub(super) fn of(candidates: &[Candidate], questions: bool, is_prompt: impl Fn(usize) -> bool) -> Self {
        let own = |c: &Candidate| {
            let word = c.label.word?;
            let number = c.label.number()?;
            Some((c.label.key?, number)).filter(|_| !questions || word != Word::Part)
        };
        let numbered = || candidates.iter().filter_map(own);
        let Some((first, number)) = numbered().next() else { return Self::default() };
        let in_title = numbered().all(|(key, other)| key != first || other == number);
        let questioned = numbered().any(|(key, _)| key == Key::Question);
        let key = if in_title && questioned { Key::Question } else { first };
        let mut out = Self { key: Some(key), ..Self::default() };
        let solved = candidates.iter().any(|c| c.label.key == Some(Key::Solution));
        for (i, candidate) in candidates.iter().enumerate() {
            let Some((_, number)) = own(candidate).filter(|(own, _)| *own == key) else { continue };
            out.numbers.insert(number);
            if solved && candidate.words >= ANSWER_WORDS && !is_prompt(i) {
                out.answered.insert(number);
            }
        }
        out
    }

    /// Whether a word with a number or a letter heads a section of the answer that is being given: another word than the
    /// questions', whose number one of the questions has, or is none of the rubric's.
    pub(super) fn is_section(&self, within: &Within<'_>, candidates: &[Candidate], i: usize) -> bool {
        let Some(candidate) = candidates.get(i) else { return false };
        let (Some(word), Some(key)) = (candidate.label.word, candidate.label.key) else { return false };
        if self.key.is_none_or(|own| own == key) || key == Key::Answer {
            return false;
        }
        if within.sections == Some(key) {
            return true;
        }
        let number = match candidate.label.steps.first() {
            Some(Step::Number(number)) => *number,
            Some(Step::Mark(mark)) => return word == Word::Question && !within.ids.contains(mark),
            None => return false,
        };
        if key == Key::Solution {
            // `Question 1`, `Solution 1`: the answer, unless that has been given.
            return number != within.number && self.answered.contains(&number);
        }
        let asked = self.numbers.contains(&number) || number <= within.number;
        asked || !within.ids.is_empty() && !within.knows(number)
    }

    /// Whether `Part 2` divides the TMA: one of its questions follows at once.
    pub(super) fn divides(&self, candidates: &[Candidate], i: usize) -> bool {
        let next = candidates.get(i + 1).map(|c| &c.label);
        candidates.get(i).is_some_and(|c| c.words.saturating_sub(c.asked) < DIVIDED_WORDS)
            && next.is_some_and(|l| l.key == self.key && l.key.is_some() || l.word == Some(Word::Answer))
    }
}
