//! Short answers to questions that no marked answer of which is known: whether an answer says what a reference answer
//! says, contradicts it, or does neither. Learnt from marked answers to other questions.
//!
//! On the unseen questions of `SciEntsBank` it comes to a weighted F1 of 0.589 over the three (`make score-essays`): no verdict to mark by
//! without a person.

mod pair;

use serde::{Deserialize, Serialize};

use super::calibrate::{Forest, Growth};
use crate::{Deadline, Error, Result};
use pair::Corpus;

/// What an answer is beside its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correctness {
    /// It says what the reference says.
    Correct,
    /// It says the opposite of some of it.
    Contradictory,
    /// It does neither: part of it is missing, or it is about something else.
    Incorrect,
}

const ALL: [Correctness; 3] = [Correctness::Correct, Correctness::Contradictory, Correctness::Incorrect];

/// A short answer with its question and reference answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortAnswer {
    /// The question as it was asked.
    pub question: String,
    /// Answers that are right, at least one.
    pub references: Vec<String>,
    /// What the student wrote.
    pub answer: String,
}

/// A short answer as a person judged it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedAnswer {
    /// The answer.
    #[serde(flatten)]
    pub answer: ShortAnswer,
    /// What the person said.
    pub label: Correctness,
}

/// Judges short answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    corpus: Corpus,
    forests: Vec<Forest>,
    /// What is added to each score before the greatest is taken.
    offsets: [f64; 3],
}

/// Judged answers below which nothing is learnt.
const LEAST: usize = 100;
/// Questions below which what is learnt holds for those questions alone.
const LEAST_QUESTIONS: usize = 10;
/// Parts of the questions that are left out in turn.
const PARTS: usize = 4;

const GROWTH: Growth = Growth { trees: 300, depth: 4, rate: 0.05, least_leaf: 12, sample: 0.5 };

impl Judge {
    /// Learns from judged answers to several questions.
    ///
    /// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) where there is too little to learn from, and
    /// [`Timeout`](crate::ErrorCode::Timeout).
    pub fn learn(answers: &[JudgedAnswer], deadline: &Deadline) -> Result<Self> {
        if let Some(i) = answers.iter().position(|a| a.answer.references.iter().all(|r| r.trim().is_empty()))
        {
            let path = format!("answers[{i}].references");
            return Err(Error::invalid_input(&path, format!("“{path}” holds no reference answer.")));
        }
        let mut questions: Vec<&str> = answers.iter().map(|a| a.answer.question.as_str()).collect();
        questions.sort_unstable();
        questions.dedup();
        if answers.len() < LEAST || questions.len() < LEAST_QUESTIONS {
            let message =
                format!("At least {LEAST} judged answers to {LEAST_QUESTIONS} questions are needed.");
            return Err(Error::invalid_input("answers", message));
        }
        let part =
            |a: &JudgedAnswer| questions.binary_search(&a.answer.question.as_str()).unwrap_or(0) % PARTS;
        let corpus = Corpus::of(answers);
        let mut rows = Vec::with_capacity(answers.len());
        for answer in answers {
            deadline.check()?;
            rows.push(corpus.measure(&answer.answer));
        }
        let labels: Vec<Correctness> = answers.iter().map(|a| a.label).collect();
        let mut scores = vec![[0.0; 3]; answers.len()];
        for out in 0..PARTS {
            deadline.check()?;
            let (tested, kept): (Vec<usize>, Vec<usize>) =
                (0..answers.len()).partition(|i| part(&answers[*i]) == out);
            let forests = grow(&rows, &labels, &kept);
            for i in tested {
                scores[i] = told(&forests, &rows[i]);
            }
        }
        deadline.check()?;
        let forests = grow(&rows, &labels, &(0..answers.len()).collect::<Vec<_>>());
        Ok(Self { corpus, forests, offsets: choose_offsets(&scores, &labels) })
    }

    /// What an answer is.
    pub fn judge(&self, answer: &ShortAnswer) -> Correctness {
        pick(&told(&self.forests, &self.corpus.measure(answer)), &self.offsets)
    }
}

fn grow(rows: &[Vec<f64>], labels: &[Correctness], kept: &[usize]) -> Vec<Forest> {
    let rows: Vec<Vec<f64>> = kept.iter().map(|i| rows[*i].clone()).collect();
    let targets = |label: Correctness| -> Vec<f64> {
        kept.iter().map(|i| f64::from(u8::from(labels[*i] == label))).collect()
    };
    ALL.iter().map(|label| Forest::fit(&rows, &targets(*label), &GROWTH)).collect()
}

fn told(forests: &[Forest], row: &[f64]) -> [f64; 3] {
    let mut scores = [0.0; 3];
    for (score, forest) in scores.iter_mut().zip(forests) {
        *score = forest.predict(row);
    }
    scores
}

fn pick(scores: &[f64; 3], offsets: &[f64; 3]) -> Correctness {
    let value = |i: usize| scores[i] + offsets[i];
    let best = (0..3).max_by(|a, b| value(*a).total_cmp(&value(*b)).then(b.cmp(a)));
    best.and_then(|i| ALL.get(i)).copied().unwrap_or(Correctness::Incorrect)
}

/// The offsets with which left-out answers are judged best.
fn choose_offsets(scores: &[[f64; 3]], labels: &[Correctness]) -> [f64; 3] {
    let mut best = (f64::MIN, [0.0; 3]);
    for i in -4..=4 {
        for j in -2..=6 {
            let offsets = [f64::from(i) * 0.04, f64::from(j) * 0.04, 0.0];
            let told: Vec<Correctness> = scores.iter().map(|s| pick(s, &offsets)).collect();
            let f1 = weighted_f1(labels, &told);
            if f1 > best.0 + 1e-4 {
                best = (f1, offsets);
            }
        }
    }
    best.1
}

/// The mean of the classes' F1, each weighted by how often it was given.
pub fn weighted_f1(given: &[Correctness], told: &[Correctness]) -> f64 {
    let pairs = || given.iter().zip(told);
    let f1 = |class: Correctness| {
        let hits = pairs().filter(|(g, t)| **g == class && **t == class).count() as f64;
        let either =
            given.iter().filter(|g| **g == class).count() + told.iter().filter(|t| **t == class).count();
        if either == 0 { 0.0 } else { 2.0 * hits / either as f64 }
    };
    let share =
        |class: Correctness| given.iter().filter(|g| **g == class).count() as f64 / given.len().max(1) as f64;
    ALL.iter().map(|c| share(*c) * f1(*c)).sum()
}
