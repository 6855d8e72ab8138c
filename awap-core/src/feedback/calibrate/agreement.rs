//! How well two markers agree: quadratic weighted kappa, and how often they give the same mark or the next.

use serde::{Deserialize, Serialize};

/// Agreement of predicted with given marks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Scripts compared.
    pub scripts: usize,
    /// Quadratic weighted kappa on whole marks: 1 is full agreement, 0 what chance would give.
    pub qwk: f64,
    /// The share of scripts with the same whole mark.
    pub exact: f64,
    /// The share of scripts no more than one mark apart.
    pub adjacent: f64,
    /// The mean of predicted less given marks.
    pub bias: f64,
}

/// Compares marks in steps of `step` from `lo` to `hi`; predictions outside are brought to the nearest end.
pub fn agreement(given: &[f64], predicted: &[f64], lo: f64, hi: f64, step: f64) -> Agreement {
    let level = |mark: f64| (((mark.clamp(lo, hi) - lo) / step) + 0.5).floor();
    let pairs: Vec<(f64, f64)> = given.iter().zip(predicted).map(|(g, p)| (level(*g), level(*p))).collect();
    let n = pairs.len().max(1) as f64;
    let share = |limit: f64| pairs.iter().filter(|(a, b)| (a - b).abs() <= limit).count() as f64 / n;
    Agreement {
        scripts: pairs.len(),
        qwk: quadratic_kappa(&pairs),
        exact: share(0.0),
        adjacent: share(1.0),
        bias: given.iter().zip(predicted).map(|(g, p)| p.clamp(lo, hi) - g.clamp(lo, hi)).sum::<f64>() / n,
    }
}

/// One less the squared disagreement over that of two markers who know only how often each mark is given.
fn quadratic_kappa(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    if pairs.is_empty() {
        return 0.0;
    }
    let seen: f64 = pairs.iter().map(|(a, b)| (a - b) * (a - b)).sum();
    // The mean squared difference over all pairings is a matter of moments.
    let moments = |pick: fn(&(f64, f64)) -> f64| {
        let values = pairs.iter().map(pick);
        (values.clone().sum::<f64>() / n, values.map(|v| v * v).sum::<f64>() / n)
    };
    let ((mean_a, square_a), (mean_b, square_b)) = (moments(|p| p.0), moments(|p| p.1));
    let chance = (square_a + square_b - 2.0 * mean_a * mean_b) * n;
    if chance <= 0.0 { f64::from(u8::from(seen == 0.0)) } else { 1.0 - seen / chance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_that_of_the_published_examples() {
        // The examples that come with the Automated Student Assessment Prize's own measure.
        for (a, b, want) in [
            (&[1.0, 2.0, 3.0][..], &[1.0, 2.0, 3.0][..], 1.0),
            (&[1.0, 2.0, 1.0], &[1.0, 2.0, 2.0], 0.4),
            (&[1.0, 2.0, 3.0, 1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 2.0], 0.75),
        ] {
            assert!((agreement(a, b, 1.0, 3.0, 1.0).qwk - want).abs() < 1e-9, "{a:?} {b:?}");
        }
    }

    #[test]
    fn marks_of_one_value_agree_fully_or_not_at_all() {
        assert!((agreement(&[2.0, 2.0], &[2.0, 2.0], 0.0, 4.0, 1.0).qwk - 1.0).abs() < 1e-9);
        assert!(agreement(&[2.0, 2.0], &[3.0, 3.0], 0.0, 4.0, 1.0).qwk.abs() < 1e-9);
        assert!(agreement(&[], &[], 0.0, 4.0, 1.0).qwk.abs() < 1e-9);
        assert!((agreement(&[0.0, 100.0], &[0.0, 100.0], 0.0, 100.0, 1e-9).qwk - 1.0).abs() < 1e-9);
    }
}
