//! Markers beside each other: who gives more or less than the rest, and who changes with time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Date;
use time::macros::format_description;

use super::{CohortScript, moments, rounded};

/// Scripts of a marker below which nothing is said of them.
const LEAST_SCRIPTS: usize = 5;
/// Standard errors from which a difference is told: chance gives it once in a hundred where there are thirty scripts, and some
/// three to six times as often with five on either side. It is a reason to look, and no finding.
const TOLD_FROM: f64 = 2.6;

/// One marker beside the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkerReport {
    /// The marker's name, as given.
    pub marker: String,
    /// Scripts with a mark of theirs.
    pub scripts: usize,
    /// The mean of their marks.
    pub mean: f64,
    /// Whether marks are held against `expected`; if not, against the other markers' marks alone, and better scripts look like
    /// lenience.
    pub against_expected: bool,
    /// Their marks beside all others' on average, and whether that is more than chance; none for fewer than five scripts on
    /// either side.
    pub beside_others: Option<Drift>,
    /// Their later half of marks beside their earlier half; none where the times are not all known as ISO 8601 has them, are
    /// all the same, or the scripts too few.
    pub over_time: Option<Drift>,
}

/// A difference of mean marks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Marks: positive is more generous.
    pub difference: f64,
    /// How many standard errors that is (Welch's t).
    pub standard_errors: f64,
    /// Whether it is worth a look.
    pub notable: bool,
}

/// Each marker, by name.
pub(super) fn reports(scripts: &[CohortScript]) -> Vec<MarkerReport> {
    let marked: Vec<(&CohortScript, &str, f64)> =
        scripts.iter().filter_map(|s| Some((s, s.marker.as_deref()?, s.score?))).collect();
    let against_expected = !marked.is_empty() && marked.iter().all(|(s, ..)| s.expected.is_some());
    let held = |script: &CohortScript, score: f64| {
        if against_expected { score - script.expected.unwrap_or_default() } else { score }
    };
    let mut by_marker: BTreeMap<&str, Vec<(&CohortScript, f64)>> = BTreeMap::new();
    for (script, marker, score) in &marked {
        by_marker.entry(marker).or_default().push((script, *score));
    }
    by_marker
        .iter()
        .map(|(marker, own)| {
            let of_own: Vec<f64> = own.iter().map(|(s, score)| held(s, *score)).collect();
            let of_others: Vec<f64> =
                marked.iter().filter(|(_, m, _)| m != marker).map(|(s, _, score)| held(s, *score)).collect();
            let marks: Vec<f64> = own.iter().map(|(_, score)| *score).collect();
            MarkerReport {
                marker: (*marker).to_owned(),
                scripts: own.len(),
                mean: rounded(moments(&marks).0),
                against_expected,
                beside_others: drift(&of_own, &of_others),
                over_time: over_time(own, held),
            }
        })
        .collect()
}

fn over_time(own: &[(&CohortScript, f64)], held: impl Fn(&CohortScript, f64) -> f64) -> Option<Drift> {
    let mut timed: Vec<(&str, &str, f64)> = own
        .iter()
        .map(|(s, score)| {
            Some((s.marked_at.as_deref().filter(|at| is_iso_date(at))?, s.id.as_str(), held(s, *score)))
        })
        .collect::<Option<_>>()?;
    timed.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    if timed.first().map(|first| first.0) == timed.last().map(|last| last.0) {
        return None;
    }
    let values: Vec<f64> = timed.into_iter().map(|(.., v)| v).collect();
    let (early, late) = values.split_at(values.len() / 2);
    drift(late, early)
}

/// Whether a time is written from the year down, so that the order of the texts is that of the times.
fn is_iso_date(text: &str) -> bool {
    text.get(..10).is_some_and(|day| Date::parse(day, format_description!("[year]-[month]-[day]")).is_ok())
}

/// How far the mean of `own` lies above that of `others`.
fn drift(own: &[f64], others: &[f64]) -> Option<Drift> {
    if own.len() < LEAST_SCRIPTS || others.len() < LEAST_SCRIPTS {
        return None;
    }
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(own), moments(others));
    let difference = mean_a - mean_b;
    // Marks are whole numbers: a spread of none is one that was not seen.
    let error = (var_a / own.len() as f64 + var_b / others.len() as f64).sqrt().max(1e-3);
    let standard_errors = difference / error;
    Some(Drift {
        difference: rounded(difference),
        standard_errors: rounded(standard_errors),
        notable: standard_errors.abs() >= TOLD_FROM,
    })
}
