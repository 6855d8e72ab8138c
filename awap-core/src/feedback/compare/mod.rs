//! `compare`: a cohort's scripts beside each other. What stands in two of them, how far markers are apart and drift, and
//! what is unlike the rest.
//!
//! Everything here is a prompt to look and never a verdict: no mark depends on it.

mod alike;
mod markers;
mod outliers;

use serde::{Deserialize, Serialize};

pub use alike::{Passage, SimilarPair};
pub use markers::{Drift, MarkerReport};
pub use outliers::{Outlier, OutlierKind};

use crate::protocol::null_as_default;
use crate::text::Span;
use crate::{Deadline, Error, Limits, Result};

/// Scripts above which a comparison takes more memory than it is worth.
pub const MOST_SCRIPTS: usize = 3000;

/// One script of a cohort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CohortScript {
    /// What it is called in the result: a TMA's id or a pseudonym. Unique in the cohort.
    pub id: String,
    /// The answer, anonymized. Spans of the result are byte offsets into it.
    pub text: String,
    /// What of the text is not the writer's own, such as its reference list and restated questions: it is like nothing.
    #[serde(default, deserialize_with = "null_as_default")]
    pub aside: Vec<Span>,
    /// The mark that it was given.
    #[serde(default)]
    pub score: Option<f64>,
    /// The mark that it should have by another measure, on the same scale: the engine's, or a second marker's. Markers who
    /// were given better scripts are told from lenient ones only by it.
    #[serde(default)]
    pub expected: Option<f64>,
    /// Who marked it, under a name that tells markers apart.
    #[serde(default)]
    pub marker: Option<String>,
    /// When it was marked, in a form that sorts by time (ISO 8601).
    #[serde(default)]
    pub marked_at: Option<String>,
}

/// What is compared, and from where on it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompareOptions {
    /// The wording of the questions: what stands there is nobody's.
    pub prompt: String,
    /// The share of the shorter script, from 0 to 1, that two scripts must have in common to be told.
    pub least_share: f64,
    /// Or so many words in one stretch.
    pub least_stretch: usize,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { prompt: String::new(), least_share: 0.15, least_stretch: 30 }
    }
}

/// A cohort to be compared, as the Core Bridge's `compare` takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// Its scripts.
    pub scripts: Vec<CohortScript>,
    /// How.
    #[serde(default, deserialize_with = "null_as_default")]
    pub options: CompareOptions,
}

/// What a cohort shows that no single script does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Scripts compared.
    pub scripts: usize,
    /// Pairs that have text in common, the most alike first.
    pub near_duplicates: Vec<SimilarPair>,
    /// Each marker beside the others, by name.
    pub markers: Vec<MarkerReport>,
    /// Scripts unlike the rest, in the cohort's order.
    pub outliers: Vec<Outlier>,
}

/// Compares the scripts of a cohort. The result is the same in whatever order the scripts come, but for the order of
/// `outliers` and of the two of a pair.
///
/// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) with the path of the fault (an empty or doubled id, a number
/// that is none, an option out of range), [`LimitExceeded`](crate::ErrorCode::LimitExceeded) above [`MOST_SCRIPTS`], and
/// [`Timeout`](crate::ErrorCode::Timeout).
pub fn compare(
    scripts: &[CohortScript],
    options: &CompareOptions,
    deadline: &Deadline,
) -> Result<Comparison> {
    check(scripts, options)?;
    Ok(Comparison {
        scripts: scripts.len(),
        near_duplicates: alike::pairs(scripts, options, deadline)?,
        markers: markers::reports(scripts),
        outliers: outliers::find(scripts),
    })
}

fn check(scripts: &[CohortScript], options: &CompareOptions) -> Result<()> {
    if scripts.len() > MOST_SCRIPTS {
        return Err(Limits::exceeded("scripts", MOST_SCRIPTS));
    }
    if !(options.least_share > 0.0 && options.least_share <= 1.0) {
        let message = "“least_share” must be greater than 0 and at most 1.";
        return Err(Error::invalid_input("options.least_share", message));
    }
    if options.least_stretch < alike::SHINGLE {
        let message = format!("“least_stretch” must be at least {} words.", alike::SHINGLE);
        return Err(Error::invalid_input("options.least_stretch", message));
    }
    let mut ids = std::collections::HashSet::new();
    for (i, script) in scripts.iter().enumerate() {
        if script.id.trim().is_empty() || !ids.insert(script.id.as_str()) {
            let path = format!("scripts[{i}].id");
            return Err(Error::invalid_input(&path, format!("“{path}” is empty or another script’s.")));
        }
        for (field, number) in [("score", script.score), ("expected", script.expected)] {
            if number.is_some_and(|n| !n.is_finite()) {
                let path = format!("scripts[{i}].{field}");
                return Err(Error::invalid_input(&path, format!("“{path}” must be a number.")));
            }
        }
    }
    Ok(())
}

/// Mean and sample variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, variance)
}

/// To four decimals, so that a report can be read.
fn rounded(value: f64) -> f64 {
    super::rubric::tidy(value)
}
