//! Parts over the questions (`Part A`): whether they only divide a TMA, or are of its questions' ids.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::Candidate;
use super::label::{Key, Step, Word};
use super::scheme::has_parts;

/// The parts over the questions of a TMA.
#[derive(Clone, Copy)]
pub(super) struct Tops {
    written: Written,
    /// They are of the questions' ids; else they only divide the TMA.
    pub(super) nested: bool,
}

impl Tops {
    /// The parts at the top, if `Part` stands before the first question. `ids` are the rubric's.
    pub(super) fn of(candidates: &[Candidate], ids: &BTreeSet<String>) -> Option<Self> {
        let question = |c: &&Candidate| {
            matches!(c.label.word, Some(Word::Question | Word::Answer))
                && matches!(c.label.steps.first(), Some(Step::Number(_)))
        };
        let written = candidates.iter().take_while(|c| !question(c)).find_map(Written::of)?;
        Some(Self { written, nested: nested(candidates, written, ids) })
    }

    /// Whether a candidate is one of them.
    pub(super) fn has(self, candidate: &Candidate) -> bool {
        Written::of(candidate) == Some(self.written)
    }
}

/// How a label writes a part: `Part B` over questions is another thing than `Part (b)` of one, or `Section 2` in an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Written {
    key: Option<Key>,
    bracket: bool,
    capital: bool,
}

impl Written {
    /// Of a candidate that begins with `Part`.
    fn of(candidate: &Candidate) -> Option<Self> {
        (candidate.label.word == Some(Word::Part) && candidate.label.steps.len() == 1).then(|| {
            let own = candidate.shown.rsplit(char::is_whitespace).next().unwrap_or_default();
            let small = own.chars().any(char::is_lowercase) && !own.chars().any(char::is_uppercase);
            Self { key: candidate.label.key, bracket: own.ends_with([')', ']']), capital: !small }
        })
    }
}

/// Whether the questions belong to the parts above them. They do where two parts have a question of the same number, and
/// where one part has questions and another has only text; else they are counted through, and the parts only divide them.
fn nested(candidates: &[Candidate], tops: Written, ids: &BTreeSet<String>) -> bool {
    const ANSWER_WORDS: usize = 30;
    /// What stands under a part at the top.
    struct Under<'c> {
        top: &'c Step,
        words: usize,
        questions: BTreeSet<u32>,
    }
    let mut parts: Vec<Under<'_>> = Vec::new();
    for candidate in candidates {
        let Some(first) = candidate.label.steps.first() else { continue };
        if Written::of(candidate) == Some(tops) {
            parts.push(Under { top: first, words: candidate.words, questions: BTreeSet::new() });
            continue;
        }
        let Some(part) = parts.last_mut() else { continue };
        part.words += candidate.words;
        if let (Step::Number(number), Some(Word::Question | Word::Answer)) = (first, candidate.label.word) {
            part.questions.insert(*number);
        }
    }
    let mut seen: BTreeMap<u32, &Step> = BTreeMap::new();
    let mut anew = false;
    for part in &parts {
        for number in &part.questions {
            anew |= *seen.entry(*number).or_insert(part.top) != part.top;
        }
    }
    let with_questions: BTreeSet<&Step> =
        parts.iter().filter(|p| !p.questions.is_empty()).map(|p| p.top).collect();
    let has_text_only = parts.iter().any(|p| p.questions.is_empty() && p.words >= ANSWER_WORDS);
    let in_rubric = |top: &Step| match top {
        Step::Number(number) => has_parts(ids, &number.to_string()),
        Step::Mark(mark) => has_parts(ids, mark),
    };
    (anew || with_questions.len() == 1 && has_text_only)
        && (ids.is_empty() || parts.iter().any(|p| in_rubric(p.top)))
}
