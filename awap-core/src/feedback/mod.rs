//! `ParsedTma` → [`Feedback`]: marks against the rubric, with the evidence for each.
//!
//! The way through: the rubric is read and checked (`rubric`), each question of it finds its answer (`answers`), each
//! criterion is marked by its kind (`criteria`), the marks are added up and penalties taken off (`totals`), what a
//! person must look at is gathered (`integrity`), and all of it is put into words (`compose`). What a model in the AI
//! jail has to add is asked for and verified by [`ai`].

pub mod ai;
mod announcement;
mod answer;
mod answers;
pub mod calibrate;
mod chunks;
pub mod compare;
mod compose;
mod counted;
mod criteria;
mod integrity;
pub mod judge;
mod lexis;
mod model;
mod proofread;
mod revise;
mod rubric;
mod rubric_outline;
mod rubrics;
mod similarity;
mod spelling;
mod terms;
mod totals;
pub mod word;
mod word_limit;

pub use counted::{CountedAnswer, counted};
pub use model::{
    Evidence, Feedback, MarkedCriterion, MarkingCriteria, Provenance, Review, Suggestion, Totals, Trace,
};

pub use revise::{Change, Revised, Revision, revise};
pub use rubric_outline::{
    BandOutline, CriterionOutline, ItemOutline, LevelOutline, QuestionOutline, RubricOutline, outline,
};
pub use rubrics::Rubrics;

use serde_json::{Map, Value, json};

use crate::tma::ParsedTma;
use crate::{Deadline, Result};
use answer::{Answer, Lexicon};
use criteria::{Outcome, Script};
use rubric::{Criterion, RubricQuestion, tidy};

/// A criterion with its outcome, on the way to being put into words.
pub(crate) struct Marked<'a> {
    question: &'a RubricQuestion,
    criterion: &'a Criterion,
    answer: &'a Answer<'a>,
    outcome: Outcome,
}

/// Marks a parsed TMA against the rubric it carries, or against the built-in general one.
///
/// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) with the path of the fault, where the rubric does not
/// hold together or a span of the TMA does not fit its text, and [`Timeout`](crate::ErrorCode::Timeout).
pub fn mark(tma: &ParsedTma, deadline: &Deadline) -> Result<Feedback> {
    mark_with(tma, &Rubrics::default(), deadline)
}

/// As [`mark`], with rubrics kept ready from one TMA to the next.
pub fn mark_with(tma: &ParsedTma, rubrics: &Rubrics, deadline: &Deadline) -> Result<Feedback> {
    integrity::check_spans(tma)?;
    deadline.check()?;
    let rubric = rubrics.get(tma.rubric.as_ref())?;
    let rubric = rubric.as_ref();
    deadline.check()?;
    let mut lexicon = Lexicon::default();
    let mut answers = answers::find(tma, rubric, &mut lexicon);
    let unread = word_limit::stop_reading(tma, rubric, &mut answers);
    let mut marked = Vec::new();
    for (question, answer) in rubric.questions.iter().zip(&answers) {
        let script = Script { tma, answer, lexicon: &lexicon, prompt: &question.prompt };
        for criterion in &question.criteria {
            deadline.check()?;
            let outcome = settle(mark_one(criterion, &script, question), criterion, answer);
            marked.push(Marked { question, criterion, answer, outcome });
        }
    }
    let mut needs_review = integrity::reviews(rubric, &answers, &marked, &lexicon);
    needs_review.extend(integrity::unread(tma));
    let totals = totals::add_up(tma, rubric, &answers, &marked, &lexicon, unread, &mut needs_review);
    deadline.check()?;
    let input_sha256 = rubric::sha256(tma.text.as_bytes());
    let composed = compose::compose(rubric, &marked, &totals, &input_sha256);
    let model_id = marked.iter().find_map(|m| m.outcome.model_id.clone());
    let criteria = marked.iter().zip(composed.comments).map(|(m, comment)| finished(m, comment)).collect();
    let carried = |key: &str| tma.carried.get(key).and_then(Value::as_str).map(str::to_owned);
    let pseudonym = tma
        .carried
        .get("anonymization")
        .and_then(|a| a.get("pseudonym"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut extra = Map::new();
    extra.insert("claims".to_owned(), composed.claims);
    extra.insert("rubric".to_owned(), json!({"id": rubric.id, "form": rubric.form}));
    Ok(Feedback {
        tma_id: carried("tma_id"),
        pseudonym,
        grade: totals::grade(&totals),
        feedback_text: composed.text,
        strengths: composed.strengths,
        improvements: composed.improvements,
        marking_criteria: MarkingCriteria {
            schema: "awap:feedback/1".to_owned(),
            criteria,
            totals,
            needs_review,
            tone: Some(composed.tone),
            provenance: Provenance {
                engine: "awap-core".to_owned(),
                engine_version: env!("CARGO_PKG_VERSION").to_owned(),
                rubric_sha256: rubric.sha256.clone(),
                input_sha256,
                rubric_source: if rubric.form == "general" { "built_in" } else { "submission" }.to_owned(),
                model_id,
                ai: None,
                deterministic: true,
            },
            extra,
        },
    })
}

/// Marks one criterion; without an answer there is nothing to look at, and that is said.
fn mark_one(criterion: &Criterion, script: &Script<'_>, question: &RubricQuestion) -> Outcome {
    // An answer that was not found may be there all the same: what only a person may mark stays open.
    if !script.answer.is_empty() || criterion.kind.is_human() {
        return criterion.kind.mark(&criterion.head, script);
    }
    let mut out = Outcome { score: Some(0.0), confidence: 0.9, ..Outcome::default() };
    out.missing.push(format!("An answer to question {}: none was found in the work handed in.", question.id));
    out.step("answer.missing", question.id.as_str(), None, 0.0);
    out
}

/// Holds a score within its bounds and to the rubric's levels, and doubts what was found by a detour.
fn settle(mut out: Outcome, criterion: &Criterion, answer: &Answer<'_>) -> Outcome {
    let head = &criterion.head;
    if let Some(score) = out.score {
        let mut within = tidy(score.clamp(0.0, head.max_mark));
        if head.by_level {
            let nearest = head.levels.iter().rev().find(|l| l.score <= within + 1e-9).or(head.levels.first());
            let level = nearest.map_or(within, |l| l.score);
            if (level - within).abs() > 1e-9 {
                out.step("level.given", level, Some(json!(within)), level - within);
            }
            within = level;
        }
        out.score = Some(within);
    }
    if answer.found == answer::Found::Whole {
        out.confidence *= 0.8;
    }
    out.confidence = (out.confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0;
    out
}

fn finished(marked: &Marked<'_>, comment: String) -> MarkedCriterion {
    let head = &marked.criterion.head;
    let out = &marked.outcome;
    let level = out.score.and_then(|score| {
        head.levels.iter().rev().find(|l| l.score <= score + 1e-9).map(|l| l.definition.clone())
    });
    MarkedCriterion {
        id: head.id.clone(),
        question: marked.question.id.clone(),
        title: head.title.clone(),
        score: out.score,
        max_mark: head.max_mark,
        level,
        comment,
        confidence: out.confidence,
        source: out.source.name().to_owned(),
        evidence: out.evidence.clone(),
        missing: out.missing.clone(),
        trace: out.trace.clone(),
        suggestions: Vec::new(),
    }
}
