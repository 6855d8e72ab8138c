//! `calibrate`: learns from scripts that people have marked how they mark, and says how well it agrees with them.
//!
//! What is learnt is a [`Model`], which a criterion of kind `calibrated` marks by. It holds weights and hashes and no
//! word of a script. With fewer than [`LEAST_SCRIPTS`] marked scripts such a model was measured to be no better than
//! counting words, so none is made; and a script unlike those it has learnt from it refuses to mark.
//!
//! On the eight prompts of the ASAP essays, each fold marked by a model of the others (`make score-essays`), the mean quadratic
//! weighted kappa was 0.785 with all training scripts, 0.753 with 200 and 0.736 with 100. Two people who marked the same essays
//! agree with 0.754; counting words alone comes to 0.646.

mod agreement;
mod features;
mod grams;
mod learn;
mod linear;
mod model;
mod trees;

pub(super) use trees::{Forest, Growth};

use serde::{Deserialize, Serialize};

pub use agreement::{Agreement, agreement};
pub(crate) use model::{Insight, Verdict};
pub use model::{Model, ModelProvenance};

use super::rubric::sha256;
use crate::{Deadline, Error, Limits, Result};
use learn::{Prepared, Scale};

/// Marked scripts below which no model is made.
pub const LEAST_SCRIPTS: usize = 100;
/// Marked scripts above which learning takes longer than anybody waits for.
pub const MOST_SCRIPTS: usize = 3000;
/// Parts that take turns in being held back when agreement is measured.
const FOLDS: usize = 5;
/// A script of fewer words says too little to learn from.
pub const LEAST_WORDS: usize = 10;

/// A script with the mark that a person gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkedScript {
    /// The answer, anonymized.
    pub text: String,
    /// Its mark, on the scale of [`CalibrateOptions`].
    pub score: f64,
}

/// The scale of the marks, and what the model is to be called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrateOptions {
    /// The least mark that may be given.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// From one mark to the next.
    #[serde(default = "one")]
    pub step: f64,
    /// What was marked, for people: `DD102-25B TMA03, argument`.
    #[serde(default)]
    pub label: Option<String>,
}

fn one() -> f64 {
    1.0
}

/// A model, and how far to trust it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// For `params.model` of a criterion of kind `calibrated`.
    pub model: Model,
    /// How well it agrees.
    pub report: CalibrationReport,
}

/// How well a model agrees with the people it has learnt from, on scripts that it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationReport {
    /// By five-fold cross-validation.
    pub agreement: Agreement,
    /// The same for a model that only counts words: what a good one must beat.
    pub by_length_alone: Agreement,
    /// Scripts left out because their text stands in the cohort already.
    pub duplicates: usize,
}

/// Learns from marked scripts and measures agreement by cross-validation.
///
/// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) with the path of the fault, where there are too few scripts,
/// a mark is off the scale or all marks are alike, [`LimitExceeded`](crate::ErrorCode::LimitExceeded) above
/// [`MOST_SCRIPTS`], and [`Timeout`](crate::ErrorCode::Timeout).
pub fn calibrate(
    scripts: &[MarkedScript],
    options: &CalibrateOptions,
    deadline: &Deadline,
) -> Result<Calibration> {
    let cohort = Cohort::read(scripts, options)?;
    let all: Vec<usize> = (0..cohort.prepared.len()).collect();
    let (mut given, mut told, mut by_length) = (Vec::new(), Vec::new(), Vec::new());
    for fold in 0..FOLDS {
        let (train, test): (Vec<usize>, Vec<usize>) = all.iter().partition(|i| *i % FOLDS != fold);
        let (kept, marks) = cohort.pick(&train);
        let fitted = learn::fit(&kept, &marks, cohort.scale, deadline)?;
        let line = by_words(&kept, &marks);
        for i in test {
            given.push(cohort.marks[i]);
            told.push(fitted.predict(&cohort.prepared[i]));
            by_length.push(line(&cohort.prepared[i]));
        }
    }
    let Scale { lo, hi, step } = cohort.scale;
    let report = CalibrationReport {
        agreement: agreement(&given, &told, lo, hi, step),
        by_length_alone: agreement(&given, &by_length, lo, hi, step),
        duplicates: cohort.duplicates,
    };
    let model = cohort.train(options, Some(report.agreement), deadline)?;
    Ok(Calibration { model, report })
}

/// Learns from marked scripts without measuring agreement: for those who measure it on scripts of their own.
pub fn train(scripts: &[MarkedScript], options: &CalibrateOptions, deadline: &Deadline) -> Result<Model> {
    Cohort::read(scripts, options)?.train(options, None, deadline)
}

/// Marked scripts that can be learnt from.
struct Cohort<'a> {
    prepared: Vec<Prepared<'a>>,
    marks: Vec<f64>,
    scale: Scale,
    duplicates: usize,
    sha256: String,
}

impl<'a> Cohort<'a> {
    fn read(scripts: &'a [MarkedScript], options: &CalibrateOptions) -> Result<Self> {
        let scale = scale(options)?;
        if scripts.len() > MOST_SCRIPTS {
            return Err(Limits::exceeded("scripts", MOST_SCRIPTS));
        }
        let mut seen = std::collections::HashSet::new();
        let mut lines = Vec::new();
        let (mut prepared, mut marks, mut duplicates) = (Vec::new(), Vec::new(), 0);
        for (i, script) in scripts.iter().enumerate() {
            let path = format!("scripts[{i}]");
            if !(scale.lo..=scale.hi).contains(&script.score) {
                let message =
                    format!("The mark of “{path}” is not on the scale from {} to {}.", scale.lo, scale.hi);
                return Err(Error::invalid_input(&format!("{path}.score"), message));
            }
            // A text that is handed in twice would be learnt from and tested on.
            let hash = sha256(script.text.split_whitespace().collect::<Vec<_>>().join(" ").as_bytes());
            if !seen.insert(hash.clone()) {
                duplicates += 1;
                continue;
            }
            let one = Prepared::new(&script.text);
            if one.reading.len() < LEAST_WORDS {
                let message =
                    format!("“{path}” has fewer than {LEAST_WORDS} words: there is nothing to learn from.");
                return Err(Error::invalid_input(&format!("{path}.text"), message));
            }
            lines.push(format!("{hash} {}", script.score));
            prepared.push(one);
            marks.push(script.score);
        }
        if prepared.len() < LEAST_SCRIPTS {
            let message = format!(
                "Calibration needs at least {LEAST_SCRIPTS} different marked scripts and was given {}: with fewer, a model is no better than counting words.",
                prepared.len()
            );
            return Err(Error::invalid_input("scripts", message)
                .with("scripts", prepared.len())
                .with("least", LEAST_SCRIPTS));
        }
        if marks.iter().all(|m| (m - marks[0]).abs() < scale.step / 2.0) {
            return Err(Error::invalid_input(
                "scripts",
                "All scripts have the same mark: there is nothing to learn.",
            ));
        }
        lines.sort_unstable();
        Ok(Self { prepared, marks, scale, duplicates, sha256: sha256(lines.join("\n").as_bytes()) })
    }

    fn pick(&self, which: &[usize]) -> (Vec<&Prepared<'a>>, Vec<f64>) {
        which.iter().map(|i| (&self.prepared[*i], self.marks[*i])).unzip()
    }

    fn train(
        &self,
        options: &CalibrateOptions,
        agreement: Option<Agreement>,
        deadline: &Deadline,
    ) -> Result<Model> {
        let all: Vec<usize> = (0..self.prepared.len()).collect();
        let (scripts, marks) = self.pick(&all);
        let fitted = learn::fit(&scripts, &marks, self.scale, deadline)?;
        let provenance = ModelProvenance {
            engine: "awap-core".to_owned(),
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            label: options.label.clone(),
            scripts: self.prepared.len(),
            scripts_sha256: self.sha256.clone(),
            agreement,
        };
        Ok(Model::new(fitted, self.scale, &scripts, provenance))
    }
}

fn scale(options: &CalibrateOptions) -> Result<Scale> {
    let CalibrateOptions { min, max, step, .. } = *options;
    for (path, value) in [("min", min), ("max", max), ("step", step)] {
        if !value.is_finite() || value.abs() > 1e6 {
            return Err(Error::invalid_input(path, format!("“{path}” must be a number.")));
        }
    }
    if min >= max {
        return Err(Error::invalid_input("max", "“max” must be greater than “min”."));
    }
    if step <= 0.0 || step > max - min {
        return Err(Error::invalid_input(
            "step",
            "“step” must be greater than 0 and no more than from “min” to “max”.",
        ));
    }
    Ok(Scale { lo: min, hi: max, step })
}

/// A straight line through marks by the logarithm of the number of words.
fn by_words(scripts: &[&Prepared<'_>], marks: &[f64]) -> impl Fn(&Prepared<'_>) -> f64 {
    let length = |s: &Prepared<'_>| (s.reading.len().max(1) as f64).ln();
    let n = marks.len().max(1) as f64;
    let mean_x = scripts.iter().map(|s| length(s)).sum::<f64>() / n;
    let mean_y = marks.iter().sum::<f64>() / n;
    let (mut xy, mut xx) = (0.0, 0.0);
    for (script, mark) in scripts.iter().zip(marks) {
        let x = length(script) - mean_x;
        xy += x * (mark - mean_y);
        xx += x * x;
    }
    let slope = if xx > 0.0 { xy / xx } else { 0.0 };
    move |script| mean_y + slope * (length(script) - mean_x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cohort in which better scripts give more reasons, at much the same length.
    pub(super) fn cohort(n: usize) -> Vec<MarkedScript> {
        const PLAIN: [&str; 4] = [
            "The street is a place with people and things in it every day.",
            "There are some shops there and there is traffic on the road.",
            "Some people walk there and some of the people take a bus to town.",
            "It is busy in the morning there and it is quiet at night.",
        ];
        const REASONED: [&str; 4] = [
            "Order is achieved because people follow unwritten rules that nobody taught them.",
            "However, councils decide who is a nuisance and therefore who may stay.",
            "Goffman suggests that strangers look away so that each of them can pass safely.",
            "For example, a queue repairs itself although nobody is in charge there.",
        ];
        (0..n)
            .map(|i| {
                let quality = i % 5;
                let mut text: Vec<String> = (0..6)
                    .map(|s| {
                        let from = if s < quality + 1 { REASONED } else { PLAIN };
                        format!("{} Case {} was number {}.", from[(i + s) % 4], (i * 7 + s) % 23, i * 31 + s)
                    })
                    .collect();
                text.rotate_left(i % 6);
                MarkedScript { text: text.join(" "), score: quality as f64 }
            })
            .collect()
    }

    pub(super) fn options() -> CalibrateOptions {
        CalibrateOptions { min: 0.0, max: 4.0, step: 1.0, label: Some("a street".to_owned()) }
    }

    #[test]
    fn a_cohort_is_learnt_and_its_agreement_told() {
        let got = calibrate(&cohort(120), &options(), &Deadline::never()).unwrap();
        assert!(got.report.agreement.qwk > 0.7, "{:?}", got.report);
        assert!(got.report.agreement.qwk > got.report.by_length_alone.qwk + 0.1, "{:?}", got.report);
        assert_eq!(got.report.agreement.scripts, 120);
    }

    #[test]
    fn what_cannot_be_learnt_from_is_refused_by_its_path() {
        let refused = |scripts: &[MarkedScript], options: &CalibrateOptions| {
            let error = calibrate(scripts, options, &Deadline::never()).unwrap_err();
            error.details()["path"].as_str().unwrap().to_owned()
        };
        assert_eq!(refused(&cohort(99), &options()), "scripts");
        let mut doubled = cohort(60);
        doubled.extend(cohort(60));
        assert_eq!(refused(&doubled, &options()), "scripts");
        let mut off = cohort(100);
        off[7].score = 9.0;
        assert_eq!(refused(&off, &options()), "scripts[7].score");
        off[7].score = f64::NAN;
        assert_eq!(refused(&off, &options()), "scripts[7].score");
        let mut short = cohort(100);
        short[3].text = "Too short.".to_owned();
        assert_eq!(refused(&short, &options()), "scripts[3].text");
        let mut alike = cohort(100);
        for script in &mut alike {
            script.score = 2.0;
        }
        assert_eq!(refused(&alike, &options()), "scripts");
        for (path, change) in [
            ("max", (|o: &mut CalibrateOptions| o.max = 0.0) as fn(&mut CalibrateOptions)),
            ("step", |o| o.step = 0.0),
            ("min", |o| o.min = f64::NAN),
        ] {
            let mut options = options();
            change(&mut options);
            assert_eq!(refused(&cohort(100), &options), path);
        }
    }

    #[test]
    fn learning_stops_at_its_deadline() {
        let deadline = Deadline::never();
        deadline.cancel();
        let error = train(&cohort(100), &options(), &deadline).unwrap_err();
        assert_eq!(error.code(), crate::ErrorCode::Timeout);
    }
}
