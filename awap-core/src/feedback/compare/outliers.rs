//! Scripts unlike the rest of their cohort: in how long they are, or in how far their mark is from what was expected.

use serde::{Deserialize, Serialize};

use super::{CohortScript, rounded};
use crate::text;

/// Scripts below which nothing is unlike the rest.
const LEAST_SCRIPTS: usize = 10;
/// Robust standard deviations from which a script is told.
const TOLD_FROM: f64 = 3.5;
/// The ratio of the median absolute deviation to the standard deviation of a normal distribution.
const ROBUST: f64 = 1.4826;

/// A script unlike the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outlier {
    /// Its id.
    pub id: String,
    /// In what.
    pub kind: OutlierKind,
    /// Its words, or its mark less the expected one.
    pub value: f64,
    /// The cohort's median of that.
    pub median: f64,
    /// How many (robust) standard deviations lie between.
    pub deviations: f64,
}

/// In what a script is unlike the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlierKind {
    /// Far shorter or longer.
    Length,
    /// Marked far above or below what was expected.
    Mark,
}

/// All that are unlike the rest, in the cohort's order.
pub(super) fn find(scripts: &[CohortScript]) -> Vec<Outlier> {
    let words: Vec<Option<f64>> = scripts.iter().map(|s| Some(text::count_words(&s.text) as f64)).collect();
    let beside: Vec<Option<f64>> = scripts.iter().map(|s| Some(s.score? - s.expected?)).collect();
    // Lengths are compared by ratio; a tenth and half a mark are the least that is worth a word.
    let lengths = unlike(&words, |w| (w + 1.0).ln(), 0.1);
    let marks = unlike(&beside, |m| m, 0.5);
    let mut out: Vec<(usize, Outlier)> = Vec::new();
    for (kind, found) in [(OutlierKind::Length, lengths), (OutlierKind::Mark, marks)] {
        for (at, value, median, deviations) in found {
            let Some(script) = scripts.get(at) else { continue };
            let id = script.id.clone();
            let outlier = Outlier {
                id,
                kind,
                value: rounded(value),
                median: rounded(median),
                deviations: rounded(deviations),
            };
            out.push((at, outlier));
        }
    }
    out.sort_by_key(|(at, _)| *at);
    out.into_iter().map(|(_, o)| o).collect()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or_default();
    if values.len() % 2 == 1 {
        return upper;
    }
    f64::midpoint(upper, middle.checked_sub(1).and_then(|m| values.get(m).copied()).unwrap_or(upper))
}

/// Place, value, median and distance of what lies far from the median on the scale that `of` makes.
fn unlike(values: &[Option<f64>], of: impl Fn(f64) -> f64, least_spread: f64) -> Vec<(usize, f64, f64, f64)> {
    let known: Vec<(usize, f64)> = values.iter().enumerate().filter_map(|(i, v)| Some((i, (*v)?))).collect();
    if known.len() < LEAST_SCRIPTS {
        return Vec::new();
    }
    let scaled: Vec<f64> = known.iter().map(|(_, v)| of(*v)).collect();
    let centre = median(&mut scaled.clone());
    let spread = ROBUST * median(&mut scaled.iter().map(|v| (v - centre).abs()).collect::<Vec<_>>());
    let spread = spread.max(least_spread);
    let middle = median(&mut known.iter().map(|(_, v)| *v).collect::<Vec<_>>());
    known
        .iter()
        .zip(&scaled)
        .map(|((i, value), scaled)| (*i, *value, middle, (scaled - centre) / spread))
        .filter(|(.., deviations)| deviations.abs() >= TOLD_FROM)
        .collect()
}
