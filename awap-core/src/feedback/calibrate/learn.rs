//! The learner: ridge regression on words and measures together, boosted trees on the measures and on what the ridge
//! says, mixed as cross-validation on the training scripts alone finds best.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::agreement::agreement;
use super::features::{self, Reading, Vocabulary};
use super::grams::{self, BUCKETS, Sparse, Use};
use super::linear::{Symmetric, dot};
use super::trees::{Forest, Growth, Random};
use crate::{Deadline, Result};

/// A script made ready to learn from.
pub(super) struct Prepared<'a> {
    pub(super) grams: Sparse,
    pub(super) reading: Reading<'a>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self::with_uses(text, &grams::uses(text))
    }

    /// The same of a text whose `uses` are known.
    pub(super) fn with_uses(text: &'a str, uses: &[Use]) -> Self {
        Self { grams: grams::vector(uses), reading: Reading::new(text) }
    }
}

/// The marks that may be given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Scale {
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) step: f64,
}

/// Parts of the scripts that take turns in being left out.
const PARTS: usize = 5;
/// Strengths of the ridge that are tried.
const RIDGES: [f64; 5] = [0.03, 0.1, 0.3, 1.0, 3.0];
/// Shares of the kernel that words have; measures have the rest.
const SHARES: [f64; 3] = [0.4, 0.6, 0.8];

/// Random directions in which measures are looked at: enough to stand for a smooth function of them, and numbers that are
/// the same for every model, so that a model holds no script's measures.
pub(super) const WAVES: usize = 384;

/// What was learnt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fitted {
    pub(super) vocabulary: Vocabulary,
    /// Words beyond this number count for nothing.
    pub(super) cap: usize,
    pub(super) means: Vec<f64>,
    pub(super) deviations: Vec<f64>,
    /// The weight of each wave of the measures.
    pub(super) wave_weights: Vec<f64>,
    /// The weight of each bucket of words and letters.
    pub(super) word_weights: Vec<f32>,
    pub(super) mean: f64,
    pub(super) forest: Forest,
    /// The share of the ridge in the result; the trees have the rest.
    pub(super) ridge_share: f64,
    /// How far a prediction is carried away from the mean.
    pub(super) stretch: f64,
}

/// The waves' directions and phases: from the normal distribution, by a sequence that never changes.
static DIRECTIONS: LazyLock<Vec<(Vec<f64>, f64)>> = LazyLock::new(|| {
    let mut random = Random::new();
    let mut normal =
        || (-2.0 * random.unit().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * random.unit()).cos();
    // Two scripts are near while their measures differ by little more than one deviation each.
    let width = (2.0 * features::WIDTH as f64).sqrt();
    let directions: Vec<Vec<f64>> =
        (0..WAVES).map(|_| (0..features::WIDTH).map(|_| normal() / width).collect()).collect();
    directions.into_iter().map(|d| (d, std::f64::consts::TAU * random.unit())).collect()
});

/// A row of measures as waves: their products stand for how near two rows are.
fn waves(row: &[f64]) -> Vec<f64> {
    let scale = (2.0 / WAVES as f64).sqrt();
    DIRECTIONS.iter().map(|(direction, phase)| scale * (dot(direction, row) + phase).cos()).collect()
}

pub(super) fn sparse_dot(dense: &[f32], sparse: &Sparse) -> f64 {
    f64::from(
        sparse.iter().map(|(b, v)| dense.get(*b as usize).copied().unwrap_or_default() * v).sum::<f32>(),
    )
}

fn gram_matrix(scripts: &[&Prepared<'_>]) -> Symmetric {
    let mut dense = vec![0.0f32; BUCKETS];
    let mut held = None;
    // Row by row: each script is spread out once, and held against those before it.
    Symmetric::of(scripts.len(), |i, j| {
        if held != Some(i) {
            if let Some(before) = held {
                scripts[before].grams.iter().for_each(|(bucket, _)| dense[*bucket as usize] = 0.0);
            }
            scripts[i].grams.iter().for_each(|(bucket, value)| dense[*bucket as usize] = *value);
            held = Some(i);
        }
        sparse_dot(&dense, &scripts[j].grams)
    })
}

fn standardise(rows: &mut [Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let n = rows.len().max(1) as f64;
    let mut means = vec![0.0; features::WIDTH];
    let mut deviations = vec![0.0; features::WIDTH];
    for row in rows.iter() {
        for (mean, value) in means.iter_mut().zip(row) {
            *mean += value / n;
        }
    }
    for row in rows.iter() {
        for ((deviation, mean), value) in deviations.iter_mut().zip(&means).zip(row) {
            *deviation += (value - mean) * (value - mean) / n;
        }
    }
    for deviation in &mut deviations {
        *deviation = deviation.sqrt().max(1e-6);
    }
    for row in rows.iter_mut() {
        apply_scale(row, &means, &deviations);
    }
    (means, deviations)
}

fn apply_scale(row: &mut [f64], means: &[f64], deviations: &[f64]) {
    for ((value, mean), deviation) in row.iter_mut().zip(means).zip(deviations) {
        *value = ((*value - mean) / deviation).clamp(-4.0, 4.0);
    }
}

fn combined(words: &Symmetric, measures: &Symmetric, share: f64, n: usize) -> Symmetric {
    Symmetric::of(n, |i, j| share * words.get(i, j) + (1.0 - share) * measures.get(i, j))
}

fn parts(n: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    (0..PARTS).map(|part| (0..n).partition(|i| (i * 7919 + i / PARTS) % PARTS != part)).collect()
}

fn error(predicted: &[f64], given: &[f64]) -> f64 {
    predicted.iter().zip(given).map(|(p, g)| (p - g) * (p - g)).sum()
}

/// How trees are grown for so many scripts.
fn growth(scripts: usize) -> Growth {
    Growth { trees: 400, depth: 3, rate: 0.025, least_leaf: (scripts / 60).clamp(3, 15), sample: 0.4 }
}

/// Learns from marked scripts; the measures are standardised and the mixture chosen on these scripts alone.
pub(super) fn fit(
    scripts: &[&Prepared<'_>],
    marks: &[f64],
    scale: Scale,
    deadline: &Deadline,
) -> Result<Fitted> {
    let n = scripts.len();
    let readings: Vec<&Reading<'_>> = scripts.iter().map(|s| &s.reading).collect();
    let vocabulary = Vocabulary::new(&readings);
    let mut lengths: Vec<usize> = readings.iter().map(|r| r.len()).collect();
    lengths.sort_unstable();
    let cap = lengths.get(n.saturating_sub(1) * 9 / 10).copied().unwrap_or(1).max(1);
    let mut rows: Vec<Vec<f64>> =
        readings.iter().map(|r| features::measure(r, &vocabulary, cap, true)).collect();
    let (means, deviations) = standardise(&mut rows);
    let waves: Vec<Vec<f64>> = rows.iter().map(|r| waves(r)).collect();
    let words = gram_matrix(scripts);
    deadline.check()?;
    let measures = Symmetric::of(n, |i, j| dot(&waves[i], &waves[j]));
    let parts = parts(n);
    let ridge = choose_ridge(&words, &measures, marks, &parts, deadline)?;
    let mean = mean_of(marks);
    let kernel = combined(&words, &measures, ridge.share, n);
    let alphas = kernel.solve(ridge.strength, &marks.iter().map(|m| m - mean).collect::<Vec<_>>());
    let mut word_weights = vec![0.0f32; BUCKETS];
    let mut wave_weights = vec![0.0; WAVES];
    for ((script, wave), alpha) in scripts.iter().zip(&waves).zip(&alphas) {
        for (bucket, value) in &script.grams {
            word_weights[*bucket as usize] += (alpha * ridge.share) as f32 * value;
        }
        for (weight, value) in wave_weights.iter_mut().zip(wave) {
            *weight += alpha * (1.0 - ridge.share) * value;
        }
    }
    for (row, said) in rows.iter_mut().zip(&ridge.left_out) {
        row.push(*said);
    }
    let mut by_trees = vec![0.0; n];
    for (keep, out) in &parts {
        deadline.check()?;
        let kept: Vec<Vec<f64>> = keep.iter().map(|i| rows[*i].clone()).collect();
        let targets: Vec<f64> = keep.iter().map(|i| marks[*i]).collect();
        let forest = Forest::fit(&kept, &targets, &growth(keep.len()));
        for &i in out {
            by_trees[i] = forest.predict(&rows[i]);
        }
    }
    let forest = Forest::fit(&rows, marks, &growth(n));
    let (ridge_share, stretch) = choose_mixture(&ridge.left_out, &by_trees, marks, scale);
    Ok(Fitted {
        vocabulary,
        cap,
        means,
        deviations,
        wave_weights,
        word_weights,
        mean,
        forest,
        ridge_share,
        stretch,
    })
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The ridge that foretells best the marks of scripts that it has not seen.
struct Ridge {
    share: f64,
    strength: f64,
    /// What it says of each script when that was left out.
    left_out: Vec<f64>,
}

fn choose_ridge(
    words: &Symmetric,
    measures: &Symmetric,
    marks: &[f64],
    parts: &[(Vec<usize>, Vec<usize>)],
    deadline: &Deadline,
) -> Result<Ridge> {
    let n = marks.len();
    let mut best: Option<(f64, Ridge)> = None;
    for share in SHARES {
        let kernel = combined(words, measures, share, n);
        let inner: Vec<Symmetric> = parts.iter().map(|(keep, _)| kernel.select(keep)).collect();
        for strength in RIDGES {
            let mut left_out = vec![0.0; n];
            for ((keep, out), matrix) in parts.iter().zip(&inner) {
                deadline.check()?;
                let kept: Vec<f64> = keep.iter().map(|i| marks[*i]).collect();
                let mean = mean_of(&kept);
                let alphas = matrix.solve(strength, &kept.iter().map(|m| m - mean).collect::<Vec<_>>());
                for &i in out {
                    let told: f64 = keep.iter().zip(&alphas).map(|(k, a)| kernel.get(i, *k) * a).sum();
                    left_out[i] = mean + told;
                }
            }
            let wrong = error(&left_out, marks);
            if best.as_ref().is_none_or(|(least, _)| wrong < *least) {
                best = Some((wrong, Ridge { share, strength, left_out }));
            }
        }
    }
    Ok(best.map_or(Ridge { share: 0.5, strength: 1.0, left_out: vec![mean_of(marks); n] }, |(_, r)| r))
}

/// The share of the ridge with the least error, and then how far to stretch: regression draws marks to the mean, which
/// markers do not.
fn choose_mixture(by_ridge: &[f64], by_trees: &[f64], marks: &[f64], scale: Scale) -> (f64, f64) {
    let mean = mean_of(marks);
    let mixed = |share: f64| -> Vec<f64> {
        by_ridge.iter().zip(by_trees).map(|(r, t)| share * r + (1.0 - share) * t).collect()
    };
    let tenths = (0..=10).map(|i| f64::from(i) / 10.0);
    let share =
        tenths.min_by(|a, b| error(&mixed(*a), marks).total_cmp(&error(&mixed(*b), marks))).unwrap_or(0.5);
    let out = mixed(share);
    let mut best = (f64::MIN, 1.0);
    for i in 0..=10 {
        let stretch = 1.0 + f64::from(i) * 0.04;
        let stretched: Vec<f64> = out.iter().map(|p| mean + (p - mean) * stretch).collect();
        let qwk = agreement(marks, &stretched, scale.lo, scale.hi, scale.step).qwk;
        if qwk > best.0 + 0.0005 {
            best = (qwk, stretch);
        }
    }
    (share, best.1)
}

impl Fitted {
    /// The measures of a script, standardised.
    pub(super) fn row(&self, script: &Prepared<'_>) -> Vec<f64> {
        let mut row = features::measure(&script.reading, &self.vocabulary, self.cap, false);
        apply_scale(&mut row, &self.means, &self.deviations);
        row
    }

    pub(super) fn predict(&self, script: &Prepared<'_>) -> f64 {
        self.predict_row(&self.row(script), sparse_dot(&self.word_weights, &script.grams))
    }

    /// What it does to the mark, by itself, that words add so much; what it does by way of the forest is not told apart.
    pub(super) fn of_words(&self, added: f64) -> f64 {
        added * self.ridge_share * self.stretch
    }

    /// The prediction from standardised measures and what the words add.
    pub(super) fn predict_row(&self, row: &[f64], by_words: f64) -> f64 {
        let by_ridge = self.mean + by_words + dot(&self.wave_weights, &waves(row));
        let mut row = row.to_vec();
        row.push(by_ridge);
        let out = self.ridge_share * by_ridge + (1.0 - self.ridge_share) * self.forest.predict(&row);
        self.mean + (out - self.mean) * self.stretch
    }
}
