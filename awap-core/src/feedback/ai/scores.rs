//! Rules on proposed scores: they change nothing, and one that is far from the engine's goes to a person.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ground::{Ground, Held};
use super::offer::Score;
use super::reason::{Reason, Tally};
use super::sense::criterion_exists;
use crate::feedback::model::Review;

/// Levels that two scores may lie apart.
const LEVELS: usize = 1;
/// Levels from which on a criterion is compared by level: of two, any difference is the whole mark.
const FEWEST_LEVELS: usize = 3;
/// Share of the maximum that two scores may lie apart where there are no levels.
const SHARE: f64 = 0.2;
/// Marks that two scores may lie apart in any case.
const LEAST: f64 = 0.5;
/// Scores are marks with at most four decimals.
const DUST: f64 = 1e-9;

/// What became of the proposed scores.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// How many were held against the engine's.
    pub(super) compared: usize,
    /// Where they disagree.
    pub(super) reviews: Vec<Review>,
}

/// Holds each proposed score against the engine's, in the rubric's order.
///
/// A model that proposes several different scores for one criterion has proposed none.
pub(super) fn compare(ground: &Ground<'_>, scores: &[Score<'_>], tally: &mut Tally) -> Compared {
    let mut proposed: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for score in scores {
        match usable(ground, score) {
            Ok(criterion) => proposed.entry(criterion).or_default().push(score.score),
            Err(reason) => tally.add(reason),
        }
    }
    let mut out = Compared::default();
    for (criterion, values) in proposed {
        let (Some(held), Some(first)) = (ground.criteria.get(criterion), values.first()) else { continue };
        if values.iter().any(|v| (v - first).abs() > DUST) {
            tally.add_many(Reason::Duplicate, values.len());
            continue;
        }
        tally.add_many(Reason::Duplicate, values.len() - 1);
        out.compared += 1;
        if let Some(detail) = disagreement(held, *first) {
            out.reviews.push(Review {
                criterion: Some(held.head.id.clone()),
                reason: "ai_score_disagrees".to_owned(),
                detail: Some(detail),
                resolved: false,
            });
        }
    }
    out
}

fn usable(ground: &Ground<'_>, score: &Score<'_>) -> Result<usize, Reason> {
    let criterion = criterion_exists(ground, score.criterion)?;
    let held = ground.criteria.get(criterion).ok_or(Reason::UnknownCriterion)?;
    score_is_in_range(held, score.score)?;
    criterion_is_the_engines(held)?;
    Ok(criterion)
}

/// Rule: a score is a number from 0 to the criterion's maximum.
fn score_is_in_range(held: &Held<'_>, score: f64) -> Result<(), Reason> {
    let fits = score.is_finite() && (0.0..=held.head.max_mark).contains(&score);
    if fits { Ok(()) } else { Err(Reason::ScoreOutOfRange) }
}

/// Rule: what only a person may mark is not for a model to mark.
fn criterion_is_the_engines(held: &Held<'_>) -> Result<(), Reason> {
    if held.marked.score.is_some() { Ok(()) } else { Err(Reason::OpenCriterion) }
}

/// Rule: a score more than one level from the engine's is shown to a person; where a criterion has fewer than three
/// levels, one that is further off than a fifth of the maximum, and than half a mark.
fn disagreement(held: &Held<'_>, proposed: f64) -> Option<Value> {
    let engine = held.marked.score?;
    let max = held.head.max_mark;
    let mut detail = json!({
        "source": "ai",
        "message": "The model would have given another mark: please read this one.",
        "engine_score": engine,
        "proposed_score": proposed,
        "max_mark": max,
    });
    let levels = &held.head.levels;
    if levels.len() < FEWEST_LEVELS {
        let apart = (engine - proposed).abs();
        return (apart > (SHARE * max).max(LEAST) + DUST).then_some(detail);
    }
    let reached = |score: f64| levels.iter().filter(|l| l.score <= score + DUST).count();
    let apart = reached(engine).abs_diff(reached(proposed));
    detail["levels_apart"] = json!(apart);
    (apart > LEVELS).then_some(detail)
}
