//! What a model is asked: the anonymized text, the questions, and each criterion with what the engine found.

use serde::{Deserialize, Serialize};

use super::ground::{asked, check, read_answers, speaks_for};
use crate::anonymize;
use crate::feedback::model::{Feedback, MarkedCriterion};
use crate::feedback::rubric::{Head, Rubric};
use crate::tma::ParsedTma;
use crate::{Deadline, Error, Result};

/// What a model may spend on one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SuggestBudget {
    /// Tokens that it may write: 1–16,384.
    pub max_tokens: u32,
    /// Milliseconds that it may take: 1–600,000.
    pub time_ms: u32,
}

impl Default for SuggestBudget {
    fn default() -> Self {
        Self { max_tokens: 768, time_ms: 20_000 }
    }
}

/// The data of the container's `suggest` command. It holds nothing else of the TMA: no identifier, no pseudonym, no
/// file name, no metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuggestRequest {
    /// The anonymized text, [`ParsedTma::text`].
    pub text: String,
    /// The questions that have an answer, in the rubric's order. Where nothing was answered there is none.
    pub questions: Vec<AskedQuestion>,
    /// Their criteria, in the rubric's order.
    pub criteria: Vec<AskedCriterion>,
    /// What the model may spend.
    pub budget: SuggestBudget,
}

/// Where a question is answered: byte offsets into [`SuggestRequest::text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedQuestion {
    /// As the rubric has it, normalised (`1(a)`); [`AskedCriterion::question`] refers to it.
    pub id: String,
    /// First byte of the answer.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// A criterion as the rubric has it, and what the engine found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskedCriterion {
    /// The name by which suggestions refer to it.
    pub id: String,
    /// The question that it belongs to.
    pub question: String,
    /// As the student reads it.
    pub title: String,
    /// What is looked for.
    pub description: Option<String>,
    /// The most that can be earned.
    pub max_mark: f64,
    /// By score, ascending; may be empty.
    pub levels: Vec<AskedLevel>,
    /// What the engine found.
    pub engine: EngineView,
}

/// A level of a criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskedLevel {
    /// Marks for it.
    pub score: f64,
    /// What it takes.
    pub definition: String,
}

/// What the engine found for a criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineView {
    /// Null where only a person may mark.
    pub score: Option<f64>,
    /// The definition of the level reached.
    pub level: Option<String>,
    /// From 0 to 1.
    pub confidence: f64,
    /// What speaks for the student, and only that: a quotation alone does not say that it is wrong.
    pub evidence: Vec<Quoted>,
    /// What was looked for and is not there.
    pub missing: Vec<String>,
}

/// A quotation from the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// Word for word.
    pub quote: String,
}

/// Makes the request for a work and the engine's feedback on it.
pub(super) fn prepare(
    tma: &ParsedTma,
    feedback: &Feedback,
    rubric: &Rubric,
    budget: SuggestBudget,
    deadline: &Deadline,
) -> Result<SuggestRequest> {
    if !anonymize::is_anonymized(&tma.carried) {
        return Err(Error::invalid_input(
            "parsed.anonymization",
            "This TMA was not anonymized, or not of everything, and goes to no model: run “anonymize_student” on it, \
             without “keep” and “report_only”, before “parse_tma”.",
        ));
    }
    check(tma, rubric, feedback)?;
    check_budget(budget)?;
    deadline.check()?;
    let answers = read_answers(tma, rubric);
    let questions: Vec<Option<AskedQuestion>> = rubric
        .questions
        .iter()
        .zip(&answers)
        .map(|(question, answer)| {
            let (first, last) = (answer.spans.first()?, answer.spans.last()?);
            let id = question.id.clone();
            (!answer.is_empty()).then_some(AskedQuestion { id, start: first.start, end: last.end })
        })
        .collect();
    let criteria = asked(rubric)
        .zip(&feedback.marking_criteria.criteria)
        .filter(|((question, _), _)| questions.get(*question).is_some_and(Option::is_some))
        .filter_map(|((question, c), marked)| Some(ask(&rubric.questions.get(question)?.id, &c.head, marked)))
        .collect();
    let questions = questions.into_iter().flatten().collect();
    Ok(SuggestRequest { text: tma.text.clone(), questions, criteria, budget })
}

fn check_budget(budget: SuggestBudget) -> Result<()> {
    for (field, value, most) in
        [("max_tokens", budget.max_tokens, 16_384), ("time_ms", budget.time_ms, 600_000)]
    {
        if !(1..=most).contains(&value) {
            let path = format!("budget.{field}");
            return Err(Error::invalid_input(&path, format!("“{path}” must be from 1 to {most}.")));
        }
    }
    Ok(())
}

fn ask(question: &str, head: &Head, marked: &MarkedCriterion) -> AskedCriterion {
    let level =
        |l: &crate::feedback::rubric::Level| AskedLevel { score: l.score, definition: l.definition.clone() };
    let mut evidence: Vec<Quoted> = Vec::new();
    for e in marked.evidence.iter().filter(|e| speaks_for(e.polarity.as_deref())) {
        // One sentence may make several points.
        if !evidence.iter().any(|q| q.quote == e.quote) {
            evidence.push(Quoted { quote: e.quote.clone() });
        }
    }
    AskedCriterion {
        id: head.id.clone(),
        question: question.to_owned(),
        title: head.title.clone(),
        description: Some(head.description.clone()).filter(|d| !d.is_empty()),
        max_mark: head.max_mark,
        levels: head.levels.iter().map(level).collect(),
        engine: EngineView {
            score: marked.score,
            level: marked.level.clone(),
            confidence: marked.confidence,
            evidence,
            missing: marked.missing.clone(),
        },
    }
}
