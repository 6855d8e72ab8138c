//! The kinds of criteria: one trait, one file a kind.

mod argument;
mod calibrated;
mod cite_them_right;
mod computed_value;
mod concepts;
mod descriptors;
mod evidence_use;
mod human;
mod length;
mod model_answer;
mod presentation;
mod references;
mod required_artifact;
mod structure;

use std::fmt;

pub(in crate::feedback) use references::quotations;
use serde_json::Value;

use super::answer::{Answer, Lexicon};
use super::model::{Evidence, Trace};
use super::rubric::{Head, Node};
use crate::Result;
use crate::text::Span;
use crate::tma::ParsedTma;

/// One way of marking, with its parameters read and checked.
pub(crate) trait Kind: fmt::Debug + Send + Sync {
    /// Marks `script` for the criterion `head`.
    fn mark(&self, head: &Head, script: &Script<'_>) -> Outcome;

    /// Each thing that it looks for: the name that evidence bears in `point`, and the rubric's words for it. Empty where
    /// it judges form.
    fn points(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    /// Whether only a person may mark it.
    fn is_human(&self) -> bool {
        false
    }
}

/// What a criterion sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script<'a> {
    /// The whole work.
    pub(crate) tma: &'a ParsedTma,
    /// The answer to the criterion's question.
    pub(crate) answer: &'a Answer<'a>,
    /// Words and stems of the whole work.
    pub(crate) lexicon: &'a Lexicon,
    /// The question as the rubric gives it.
    pub(crate) prompt: &'a str,
}

/// What marks a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Source {
    /// The rubric's own rules.
    #[default]
    Rule,
    /// A model that has learnt from marked scripts.
    Calibrated,
    /// A person.
    Human,
}

impl Source {
    /// As `source` in the feedback.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Calibrated => "calibrated",
            Self::Human => "human",
        }
    }
}

/// A criterion as marked, before it is put into words.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// From 0 to the criterion's maximum; none where only a person may mark.
    pub(crate) score: Option<f64>,
    /// From 0 to 1.
    pub(crate) confidence: f64,
    /// What marks it.
    pub(crate) source: Source,
    /// The model that marked it, by the hash of what it has learnt from.
    pub(crate) model_id: Option<String>,
    /// Places for and against.
    pub(crate) evidence: Vec<Evidence>,
    /// What was looked for and is not there.
    pub(crate) missing: Vec<String>,
    /// How the score came about.
    pub(crate) trace: Vec<Trace>,
    /// Reason and detail of what a person must look at.
    pub(crate) reviews: Vec<(&'static str, Value)>,
    /// What there is to say.
    pub(crate) findings: Vec<Finding>,
}

impl Outcome {
    /// Adds evidence: a place in the text, the point it bears on, and whether it speaks for the student.
    pub(crate) fn cite(&mut self, text: &str, span: Span, point: &str, speaks_for: bool) {
        let quote = span.of(text);
        if quote.is_empty() {
            return;
        }
        self.evidence.push(Evidence {
            start: span.start,
            end: span.end,
            quote: quote.to_owned(),
            point: Some(point.to_owned()),
            polarity: Some(if speaks_for { "for" } else { "against" }.to_owned()),
        });
    }

    /// Adds one step of the marking.
    pub(crate) fn step(
        &mut self,
        rule: &str,
        value: impl Into<Value>,
        threshold: Option<Value>,
        effect: f64,
    ) {
        let effect = super::rubric::tidy(effect);
        self.trace.push(Trace { rule: rule.to_owned(), value: value.into(), threshold, effect });
    }
}

/// A score that comes from shares, as a marker would give it: to the nearest half where there are marks enough.
pub(crate) fn to_half(score: f64, max_mark: f64) -> f64 {
    if max_mark < 2.0 { score } else { ((score * 2.0).round() / 2.0).min(max_mark) }
}

/// Something worth saying about an answer.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// Which way it points.
    pub(crate) sign: Sign,
    /// What it is about.
    pub(crate) note: Note,
    /// Where it stands; empty where something is missing.
    pub(crate) evidence: Vec<Span>,
    /// The words within the evidence that matter most.
    pub(crate) focus: Option<Span>,
    /// Marks that hang on it.
    pub(crate) marks: f64,
}

/// Which way a finding points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Done well.
    Done,
    /// Not there.
    Missing,
    /// There, and wrong.
    Wrong,
}

/// What a finding is about.
#[derive(Debug, Clone)]
pub(crate) enum Note {
    /// A point of the rubric, in the rubric's words.
    Point(String),
    /// Whole sentences for the student: what is so (praise, or what is wrong) and, for a fault, what to do.
    Said {
        /// What is so.
        what: String,
        /// What to do; empty where nothing is to be done.
        advice: String,
        /// A question to think about; may be empty.
        ask: &'static str,
    },
}

impl Finding {
    /// A finding about a point of the rubric.
    pub(crate) fn point(
        sign: Sign,
        label: &str,
        evidence: Vec<Span>,
        focus: Option<Span>,
        marks: f64,
    ) -> Self {
        Self { sign, note: Note::Point(label.to_owned()), evidence, focus, marks }
    }

    /// A finding in whole sentences.
    pub(crate) fn said(
        sign: Sign,
        what: impl Into<String>,
        advice: impl Into<String>,
        evidence: Vec<Span>,
        marks: f64,
    ) -> Self {
        Self {
            sign,
            note: Note::Said { what: what.into(), advice: advice.into(), ask: "" },
            evidence,
            focus: None,
            marks,
        }
    }
}

impl Finding {
    /// Adds a question to think about to a finding in whole sentences.
    pub(crate) fn asking(mut self, question: &'static str) -> Self {
        if let Note::Said { ask, .. } = &mut self.note {
            *ask = question;
        }
        self
    }

    /// Whether there is a question to put about it.
    pub(crate) fn can_ask(&self) -> bool {
        !matches!(self.note, Note::Said { ask: "", .. })
    }
}

/// Reads the parameters of a criterion of the full form and makes its marker.
pub(crate) fn load(
    kind: &Node<'_>,
    params: Option<&Node<'_>>,
    head: &Head,
    criterion: &Node<'_>,
) -> Result<Box<dyn Kind>> {
    let empty = Value::Object(serde_json::Map::new());
    let none = Node::root(&empty, &format!("{}.params", criterion.path()));
    let params = params.unwrap_or(&none);
    params.members()?;
    Ok(match kind.string()? {
        // Descriptors without points: their own words are what is looked for.
        "concepts" if params.get("points")?.is_none() => descriptors(head, criterion)?,
        "concepts" => Box::new(concepts::Concepts::load(params, head)?),
        "structure" => Box::new(structure::Structure::load(params)?),
        "references" => Box::new(references::References::load(params, head)?),
        "length" => Box::new(length::Length::load(params)?),
        "human" => Box::new(human::Human::load(params)?),
        "model_answer" => Box::new(model_answer::ModelAnswer::load(params, head)?),
        "argument" => Box::new(argument::Argument::load(params, head)?),
        "evidence_use" => Box::new(evidence_use::EvidenceUse::load(params)?),
        "presentation" => Box::new(presentation::Presentation::load(params, head)?),
        "calibrated" => Box::new(calibrated::Calibrated::load(params, head)?),
        "computed_value" => Box::new(computed_value::ComputedValue::load(params, head)?),
        "required_artifact" => Box::new(required_artifact::RequiredArtifact::load(params)?),
        _ => {
            return Err(kind.fault(
                "There is no such kind of criterion (concepts, model_answer, structure, argument, evidence_use, references, \
                 presentation, length, calibrated, computed_value, required_artifact, human).",
            ));
        }
    })
}

/// A marker by the words of description and level descriptors.
pub(crate) fn descriptors(head: &Head, criterion: &Node<'_>) -> Result<Box<dyn Kind>> {
    Ok(Box::new(descriptors::Descriptors::load(head, criterion)?))
}
