//! What suggestions are held against: the answers, the rubric, and what the engine found for each criterion.

use std::collections::HashSet;

use serde_json::Value;

use crate::feedback::answer::{Answer, Lexicon};
use crate::feedback::model::{Feedback, MarkedCriterion, Trace};
use crate::feedback::rubric::{Criterion, Head, Rubric};
use crate::feedback::terms::content_words;
use crate::feedback::{answers, integrity, rubric, word_limit};
use crate::text::{self, Span};
use crate::tma::ParsedTma;
use crate::{Deadline, Error, Result};

/// A work that was marked, ready to hold suggestions against.
pub(super) struct Ground<'a> {
    pub(super) tma: &'a ParsedTma,
    pub(super) rubric: &'a Rubric,
    /// One for each question of the rubric.
    pub(super) answers: Vec<Answer<'a>>,
    /// In the rubric's order.
    pub(super) criteria: Vec<Held<'a>>,
    /// What the engine itself says to the student, each as the stems of its words.
    pub(super) said: Vec<HashSet<String>>,
}

/// One criterion: what the rubric asks, and what the engine found.
pub(super) struct Held<'a> {
    /// The index of its question.
    pub(super) question: usize,
    pub(super) head: &'a Head,
    pub(super) marked: &'a MarkedCriterion,
    /// Where the engine holds something against the student that a strength here must not praise.
    pub(super) against: Vec<Span>,
    /// The points that the engine found, each as the stems of its words.
    pub(super) present: Vec<Vec<String>>,
    /// What the engine looked for and did not find.
    pub(super) missing: Vec<Vec<String>>,
    /// Stems of the words with which the rubric speaks of this question: they are its subject, whatever else they mean.
    pub(super) subject: HashSet<String>,
}

impl<'a> Ground<'a> {
    /// Gathers the ground of a work and of the feedback on it, which must belong together (see [`check`]).
    pub(super) fn of(
        tma: &'a ParsedTma,
        rubric: &'a Rubric,
        feedback: &'a Feedback,
        deadline: &Deadline,
    ) -> Result<Self> {
        let answers = read_answers(tma, rubric);
        deadline.check()?;
        let errors = common_errors(feedback);
        let criteria = asked(rubric)
            .zip(&feedback.marking_criteria.criteria)
            .map(|((question, criterion), marked)| {
                hold(rubric, feedback, question, criterion, marked, &errors)
            })
            .collect();
        let letter = feedback.feedback_text.as_str();
        let lists = feedback.strengths.iter().chain(&feedback.improvements).map(String::as_str);
        let comments = feedback.marking_criteria.criteria.iter().map(|c| c.comment.as_str());
        let sentences = text::sentences(letter).into_iter().map(|s| s.of(letter));
        let said = lists.chain(comments).chain(sentences).map(stems).collect();
        Ok(Self { tma, rubric, answers, criteria, said })
    }

    /// The answer that a criterion is about.
    pub(super) fn answer(&self, held: &Held<'_>) -> Option<&Answer<'a>> {
        self.answers.get(held.question)
    }
}

/// The answers as the marker reads them, one for each question of the rubric.
pub(super) fn read_answers<'a>(tma: &'a ParsedTma, rubric: &Rubric) -> Vec<Answer<'a>> {
    let mut answers = answers::find(tma, rubric, &mut Lexicon::default());
    word_limit::stop_reading(tma, rubric, &mut answers);
    answers
}

/// Every criterion with the index of its question.
pub(super) fn asked(rubric: &Rubric) -> impl Iterator<Item = (usize, &Criterion)> {
    rubric.questions.iter().enumerate().flat_map(|(i, q)| q.criteria.iter().map(move |c| (i, c)))
}

/// The stems of all words of a sentence.
pub(super) fn stems(sentence: &str) -> HashSet<String> {
    text::tokens(sentence).map(|t| text::stem(&t.of(sentence).to_lowercase())).collect()
}

fn hold<'a>(
    rubric: &'a Rubric,
    feedback: &Feedback,
    question: usize,
    criterion: &'a Criterion,
    marked: &'a MarkedCriterion,
    errors: &[Span],
) -> Held<'a> {
    let points = criterion.kind.points();
    let label_stems = |label: &str| content_words(label).iter().map(|w| text::stem(w)).collect::<Vec<_>>();
    let is_found = |id: &str, label: &str| {
        marked.evidence.iter().any(|e| e.point.as_deref() == Some(id) && speaks_for(e.polarity.as_deref()))
            && marked.missing.iter().all(|m| m != label)
            && !marked.trace.iter().any(|step| falls_short(step, id))
    };
    let present =
        points.iter().filter(|(id, label)| is_found(id, label)).map(|(_, l)| label_stems(l)).collect();
    let missing = marked.missing.iter().map(|m| label_stems(m)).collect();
    let mut against = errors.to_vec();
    for ((i, other), m) in asked(rubric).zip(&feedback.marking_criteria.criteria) {
        let own = std::ptr::eq(other, criterion);
        // What another criterion holds against a sentence counts here where it is about what is said, not how.
        let points = if i == question && !own { other.kind.points() } else { Vec::new() };
        against.extend(
            m.evidence
                .iter()
                .filter(|e| !speaks_for(e.polarity.as_deref()))
                .filter(|e| own || points.iter().any(|(id, _)| e.point.as_deref() == Some(*id)))
                .map(|e| Span::new(e.start, e.end)),
        );
    }
    let prompt = rubric.questions.get(question).map_or("", |q| q.prompt.as_str());
    let words = [prompt, &criterion.head.title, &criterion.head.description].into_iter();
    let subject = words.chain(points.iter().map(|(_, label)| *label)).flat_map(stems).collect();
    Held { question, head: &criterion.head, marked, against, present, missing, subject }
}

/// Whether a step of the marking found a part (`structure.introduction`) only half there.
fn falls_short(step: &Trace, part: &str) -> bool {
    let wanted = step.threshold.as_ref().and_then(Value::as_f64);
    step.rule.rsplit('.').next() == Some(part)
        && step.value.as_f64().zip(wanted).is_some_and(|(value, wanted)| value < wanted)
}

/// Whether evidence speaks for the student.
pub(super) fn speaks_for(polarity: Option<&str>) -> bool {
    polarity != Some("against")
}

/// Where the work makes one of the rubric's common errors.
fn common_errors(feedback: &Feedback) -> Vec<Span> {
    let made = feedback.marking_criteria.totals.penalties.iter().filter(|p| p["kind"] == "common_error");
    let at = |span: &Value| Some(Span::new(span["start"].as_u64()? as usize, span["end"].as_u64()? as usize));
    made.flat_map(|p| p["evidence"].as_array().into_iter().flatten()).filter_map(at).collect()
}

/// Refuses feedback that is not on this work and of this rubric: its evidence could not be shown.
pub(super) fn check(tma: &ParsedTma, rubric: &Rubric, feedback: &Feedback) -> Result<()> {
    integrity::check_spans(tma)?;
    let marking = &feedback.marking_criteria;
    let fault = |path: &str, what: &str| Err(Error::invalid_input(path, what.to_owned()));
    if marking.provenance.input_sha256 != rubric::sha256(tma.text.as_bytes()) {
        return fault(
            "feedback.marking_criteria.provenance.input_sha256",
            "This feedback is on another text than “parsed” holds.",
        );
    }
    if marking.provenance.rubric_sha256 != rubric.sha256 {
        return fault(
            "feedback.marking_criteria.provenance.rubric_sha256",
            "This feedback was made with another rubric than “parsed” holds.",
        );
    }
    let same =
        asked(rubric).map(|(_, c)| c.head.id.as_str()).eq(marking.criteria.iter().map(|c| c.id.as_str()));
    if !same {
        return fault(
            "feedback.marking_criteria.criteria",
            "The criteria of this feedback are not those of the rubric.",
        );
    }
    for (i, criterion) in marking.criteria.iter().enumerate() {
        for (j, e) in criterion.evidence.iter().enumerate() {
            if tma.text.get(e.start..e.end) != Some(e.quote.as_str()) {
                let path = format!("feedback.marking_criteria.criteria[{i}].evidence[{j}]");
                return Err(Error::invalid_input(&path, format!("“{path}” does not quote the text.")));
            }
        }
    }
    for (list, length) in
        [("strengths", feedback.strengths.len()), ("improvements", feedback.improvements.len())]
    {
        let claims = marking.extra.get("claims").and_then(|c| c.get(list)).and_then(Value::as_array);
        if claims.map(Vec::len) != Some(length) {
            let path = format!("feedback.marking_criteria.claims.{list}");
            let message = format!("“{path}” must have one claim for each of “{list}”.");
            return Err(Error::invalid_input(&path, message));
        }
    }
    Ok(())
}
