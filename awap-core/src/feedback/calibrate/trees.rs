//! Gradient boosted regression trees on a few dozen features: small steps, shallow trees, histograms of quantiles.

use serde::{Deserialize, Serialize};

/// Bins that a feature's values are sorted into.
const BINS: usize = 32;

/// How trees are grown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    pub(crate) trees: usize,
    pub(crate) depth: usize,
    pub(crate) rate: f64,
    pub(crate) least_leaf: usize,
    /// The share of scripts and of features that each tree sees.
    pub(crate) sample: f64,
}

/// Trees whose leaves add up to a prediction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Forest {
    base: f64,
    trees: Vec<Vec<Branch>>,
}

/// A node: a split where `left` is given, else a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Branch {
    feature: u16,
    left: u16,
    right: u16,
    /// The greatest value that goes left, or what a leaf adds.
    value: f64,
}

impl Forest {
    /// Grows trees on `rows` (all of one width).
    pub(crate) fn fit(rows: &[Vec<f64>], targets: &[f64], growth: &Growth) -> Self {
        let n = rows.len().max(1);
        let base = targets.iter().sum::<f64>() / n as f64;
        let width = rows.first().map_or(0, Vec::len);
        let edges: Vec<Vec<f64>> = (0..width).map(|f| edges(rows, f)).collect();
        let binned: Vec<Vec<u8>> = (0..width)
            .map(|f| rows.iter().map(|r| edges[f].partition_point(|e| *e < r[f]) as u8).collect())
            .collect();
        let mut residuals: Vec<f64> = targets.iter().map(|t| t - base).collect();
        let mut random = Random::new();
        let mut trees = Vec::with_capacity(growth.trees);
        for _ in 0..growth.trees {
            let sample: Vec<usize> = (0..rows.len()).filter(|_| random.unit() < growth.sample).collect();
            let features: Vec<usize> = (0..width).filter(|_| random.unit() < growth.sample).collect();
            let mut tree = Vec::new();
            grow(
                &mut tree,
                &Data { binned: &binned, edges: &edges, residuals: &residuals },
                &features,
                sample,
                growth,
                0,
            );
            for (residual, row) in residuals.iter_mut().zip(rows) {
                *residual -= follow(&tree, row);
            }
            trees.push(tree);
        }
        Self { base, trees }
    }

    pub(crate) fn predict(&self, row: &[f64]) -> f64 {
        self.base + self.trees.iter().map(|t| follow(t, row)).sum::<f64>()
    }

    /// Whether each branch of a forest that was read from outside leads on and ends, on rows of `width`.
    pub(crate) fn is_sound(&self, width: usize) -> bool {
        self.base.is_finite()
            && self.trees.iter().all(|tree| {
                tree.iter().enumerate().all(|(at, b)| {
                    let leaf = b.left == 0;
                    let on = |next: u16| usize::from(next) > at && usize::from(next) < tree.len();
                    b.value.is_finite()
                        && (leaf || usize::from(b.feature) < width && on(b.left) && on(b.right))
                })
            })
    }
}

fn follow(tree: &[Branch], row: &[f64]) -> f64 {
    let mut at = 0;
    while let Some(branch) = tree.get(at) {
        if branch.left == 0 {
            return branch.value;
        }
        let value = row.get(usize::from(branch.feature)).copied().unwrap_or_default();
        at = usize::from(if value <= branch.value { branch.left } else { branch.right });
    }
    0.0
}

fn edges(rows: &[Vec<f64>], feature: usize) -> Vec<f64> {
    let mut values: Vec<f64> = rows.iter().map(|r| r[feature]).collect();
    values.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> =
        (1..BINS).filter_map(|i| values.get(i * values.len() / BINS).copied()).collect();
    edges.dedup();
    edges
}

struct Data<'a> {
    binned: &'a [Vec<u8>],
    edges: &'a [Vec<f64>],
    residuals: &'a [f64],
}

/// Grows the branch for `rows` and returns its place.
fn grow(
    tree: &mut Vec<Branch>,
    data: &Data<'_>,
    features: &[usize],
    rows: Vec<usize>,
    growth: &Growth,
    depth: usize,
) -> u16 {
    let at = tree.len();
    let sum: f64 = rows.iter().map(|r| data.residuals[*r]).sum();
    // Shrunk as if by a few scripts of no residual.
    let leaf = growth.rate * sum / (rows.len() as f64 + 2.0);
    tree.push(Branch { feature: 0, left: 0, right: 0, value: leaf });
    if depth < growth.depth
        && let Some((feature, bin)) = best_split(data, features, &rows, sum, growth.least_leaf)
    {
        let (left, right): (Vec<usize>, Vec<usize>) =
            rows.into_iter().partition(|r| usize::from(data.binned[feature][*r]) <= bin);
        let left = grow(tree, data, features, left, growth, depth + 1);
        let right = grow(tree, data, features, right, growth, depth + 1);
        tree[at] = Branch { feature: feature as u16, left, right, value: data.edges[feature][bin] };
    }
    at as u16
}

fn best_split(
    data: &Data<'_>,
    features: &[usize],
    rows: &[usize],
    sum: f64,
    least: usize,
) -> Option<(usize, usize)> {
    let total = rows.len() as f64;
    let mut best = (1e-9 + sum * sum / (total + 2.0), None);
    for &feature in features {
        let mut sums = [0.0; BINS];
        let mut counts = [0usize; BINS];
        for &row in rows {
            let bin = usize::from(data.binned[feature][row]);
            sums[bin] += data.residuals[row];
            counts[bin] += 1;
        }
        let (mut left_sum, mut left) = (0.0, 0);
        for bin in 0..data.edges[feature].len() {
            left_sum += sums[bin];
            left += counts[bin];
            let right = rows.len() - left;
            if left < least || right < least {
                continue;
            }
            let right_sum = sum - left_sum;
            let gain =
                left_sum * left_sum / (left as f64 + 2.0) + right_sum * right_sum / (right as f64 + 2.0);
            if gain > best.0 {
                best = (gain, Some((feature, bin)));
            }
        }
    }
    best.1
}

/// A sequence of numbers that is the same on every run (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// From 0 up to, and not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_learn_what_is_not_linear() {
        let rows: Vec<Vec<f64>> = (0..400).map(|i| vec![f64::from(i % 20), f64::from(i / 20)]).collect();
        let targets: Vec<f64> = rows.iter().map(|r| f64::from(u8::from(r[0] > 9.0 && r[1] > 9.0))).collect();
        let growth = Growth { trees: 80, depth: 3, rate: 0.2, least_leaf: 5, sample: 1.0 };
        let forest = Forest::fit(&rows, &targets, &growth);
        let wrong = rows.iter().zip(&targets).filter(|(r, t)| (forest.predict(r) - **t).abs() > 0.3).count();
        assert!(wrong < 8, "{wrong}");
        assert!(forest.is_sound(2) && !forest.is_sound(1));
    }
}
