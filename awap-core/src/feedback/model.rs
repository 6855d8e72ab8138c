//! What feedback is: the columns of the `feedback` table, and the map behind every mark (`awap:feedback/1`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Draft feedback, for a tutor to edit and approve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// The host's own name for this TMA, carried through.
    pub tma_id: Option<String>,
    /// The student's pseudonym, carried through; null where the TMA was not anonymized.
    pub pseudonym: Option<String>,
    /// 0–100, or null while a criterion that only a person may mark is open.
    pub grade: Option<f64>,
    /// What the student will read, in Markdown.
    pub feedback_text: String,
    /// What was done well, at least one.
    pub strengths: Vec<String>,
    /// What to do better.
    pub improvements: Vec<String>,
    /// Everything behind the mark.
    pub marking_criteria: MarkingCriteria,
}

/// Everything behind the mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkingCriteria {
    /// `awap:feedback/1`
    pub schema: String,
    /// Each criterion as marked, in the rubric's order.
    pub criteria: Vec<MarkedCriterion>,
    /// The arithmetic.
    pub totals: Totals,
    /// What a person must look at before this goes out.
    pub needs_review: Vec<Review>,
    /// Shares of praise, teaching, questions and criticism in our own comments, beside the ideal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Value>,
    /// What made this feedback, of what.
    pub provenance: Provenance,
    /// Evidence behind each of `strengths` and `improvements`, by index, and what else a reader may want.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One criterion as marked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct MarkedCriterion {
    pub id: String,
    pub question: String,
    pub title: String,
    /// Null where only a person may mark.
    pub score: Option<f64>,
    pub max_mark: f64,
    pub level: Option<String>,
    pub comment: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// `rule`, `calibrated`, `ai`, `human`, `rule+ai`
    pub source: String,
    pub evidence: Vec<Evidence>,
    /// What was looked for and is not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    pub trace: Vec<Trace>,
    /// What a model added: verified comments, in the order of the places that they are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<Suggestion>,
}

/// A verified comment of a model, with the place it is about: `text[start..end] == quote`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Suggestion {
    /// `strength` or `improvement`
    pub kind: String,
    /// To the student, as the model wrote it.
    pub text: String,
    pub start: usize,
    pub end: usize,
    pub quote: String,
}

/// A place in the text: `text[start..end] == quote`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Evidence {
    pub start: usize,
    pub end: usize,
    pub quote: String,
    /// Which point of the rubric it bears on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// `for` or `against`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polarity: Option<String>,
}

/// One step of the marking: a rule, what it saw, what that did to the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Trace {
    pub rule: String,
    pub value: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Value>,
    /// Marks.
    pub effect: f64,
}

/// The arithmetic: the criteria's scores less the penalties are the mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Totals {
    /// The sum of the scores that are given; open criteria add nothing to it.
    pub raw: Option<f64>,
    pub penalties: Vec<Value>,
    pub mark: Option<f64>,
    /// Least and greatest mark while something is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    pub max_mark: f64,
    pub band: Option<String>,
}

/// Something a person must look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Review {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<String>,
    /// One of the reasons of the feedback schema.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// Whether a person has marked the criterion since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resolved: bool,
}

/// What made this feedback, of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Provenance {
    pub engine: String,
    pub engine_version: String,
    pub rubric_sha256: String,
    pub input_sha256: String,
    /// `submission`, or `built_in` where the TMA came without a rubric.
    #[serde(default)]
    pub rubric_source: String,
    /// The model behind a criterion of kind `calibrated`: the hash of what it has learnt from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    pub ai: Option<Value>,
    pub deterministic: bool,
}
