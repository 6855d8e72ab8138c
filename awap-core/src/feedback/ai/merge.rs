//! What was taken, written into the feedback: beside its criterion, into the lists with its evidence, into the letter.

use serde_json::{Value, json};

use super::AiProvenance;
use super::judge::{Accepted, Verdict};
use super::letter::{self, Line};
use super::offer::Kind;
use crate::feedback::model::{Feedback, Suggestion};
use crate::feedback::rubric::Rubric;

/// Writes a verdict into the feedback; grade, totals, scores and all that the engine said stay as they are.
pub(super) fn write(
    mut feedback: Feedback,
    rubric: &Rubric,
    verdict: Verdict,
    ai: &AiProvenance,
) -> Feedback {
    let Verdict { accepted, tally, reviews, compared } = verdict;
    let provenance = ai.with_outcome(accepted.len(), compared, &tally);
    // What only a person may mark is commented on beside the criterion alone: the engine has nothing to hold it against.
    let is_marked = |a: &&Accepted| {
        feedback.marking_criteria.criteria.get(a.criterion).is_some_and(|c| c.score.is_some())
    };
    let for_student: Vec<&Accepted> = accepted.iter().filter(is_marked).collect();
    let lines: Vec<Line<'_>> = for_student
        .iter()
        .map(|a| Line { criterion: a.criterion, is_praise: a.kind == Kind::Strength, text: &a.text })
        .collect();
    let written = if lines.is_empty() { None } else { letter::write(rubric, &feedback, &lines) };
    let placed = written.as_ref().map(|w| w.placed.clone()).unwrap_or_default();
    if let Some(written) = written.filter(|w| w.placed.contains(&true)) {
        feedback.feedback_text = written.text;
        feedback.marking_criteria.tone = Some(written.tone);
    }
    for (i, comment) in for_student.into_iter().enumerate() {
        claim(&mut feedback, comment, placed.get(i).copied().unwrap_or(false));
    }
    let marking = &mut feedback.marking_criteria;
    marking.provenance.deterministic &= accepted.is_empty() && reviews.is_empty();
    marking.provenance.ai = Some(provenance);
    marking.needs_review.extend(reviews);
    for Accepted { criterion, kind, text, span, quote } in accepted {
        let Some(criterion) = marking.criteria.get_mut(criterion) else { continue };
        if criterion.score.is_some() && criterion.source == "rule" {
            "rule+ai".clone_into(&mut criterion.source);
        }
        let (kind, start, end) = (kind.as_str().to_owned(), span.start, span.end);
        criterion.suggestions.push(Suggestion { kind, text, start, end, quote });
    }
    feedback
}

/// Adds a strength or an improvement, marked as a model's, with its evidence and whether it stands in the letter.
fn claim(feedback: &mut Feedback, comment: &Accepted, in_text: bool) {
    let (list, name) = match comment.kind {
        Kind::Strength => (&mut feedback.strengths, "strengths"),
        Kind::Improvement => (&mut feedback.improvements, "improvements"),
    };
    let marking = &mut feedback.marking_criteria;
    let criterion = marking.criteria.get(comment.criterion).map(|c| c.id.as_str());
    let evidence = json!([{"start": comment.span.start, "end": comment.span.end, "quote": comment.quote}]);
    let claim = json!({"criterion": criterion, "evidence": evidence, "missing": [], "source": "ai", "in_text": in_text});
    let claims = marking.extra.get_mut("claims").and_then(|c| c.get_mut(name)).and_then(Value::as_array_mut);
    // That there is a claim for each entry was checked before.
    if let Some(claims) = claims {
        claims.push(claim);
        list.push(comment.text.clone());
    }
}
