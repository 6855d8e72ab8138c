//! The linear-chain conditional random field: tags, weights, and how likely each tag of each token is.

use crate::BUCKETS;

/// What a token is: of no name, the first or a later one of a name, and of whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// No name.
    Outside,
    /// The first of the writer's name.
    WriterBegin,
    /// A later one of it.
    WriterInside,
    /// The first of the name of somebody of the writer's own life.
    PrivateBegin,
    /// A later one of it.
    PrivateInside,
    /// The first of the name of somebody who is read or written about.
    PublicBegin,
    /// A later one of it.
    PublicInside,
}

/// How many tags there are.
pub const TAGS: usize = 7;

impl Tag {
    /// All tags, by number.
    pub const ALL: [Self; TAGS] = [
        Self::Outside,
        Self::WriterBegin,
        Self::WriterInside,
        Self::PrivateBegin,
        Self::PrivateInside,
        Self::PublicBegin,
        Self::PublicInside,
    ];

    /// Whether what bears it is to be masked.
    pub fn is_masked(self) -> bool {
        matches!(self, Self::WriterBegin | Self::WriterInside | Self::PrivateBegin | Self::PrivateInside)
    }

    /// Whether `self` may follow `before` (`None`: the start of a run).
    pub fn may_follow(self, before: Option<Self>) -> bool {
        match self {
            Self::WriterInside => matches!(before, Some(Self::WriterBegin | Self::WriterInside)),
            Self::PrivateInside => matches!(before, Some(Self::PrivateBegin | Self::PrivateInside)),
            Self::PublicInside => matches!(before, Some(Self::PublicBegin | Self::PublicInside)),
            _ => true,
        }
    }
}

/// The weights: whole numbers for each bucket and tag, and for each tag after each.
#[derive(Debug, Clone)]
pub struct Model {
    /// A bucket's weights by tag; the last is always nothing, so that a row is read at once.
    weights: Vec<[i8; ROW]>,
    /// What one step of a weight is worth.
    step: f32,
    /// For a tag after a tag; the last row is for the start.
    after: [[f32; TAGS]; TAGS + 1],
    /// The same, without what is forbidden.
    steps: Steps,
}

/// The length of a row of weights.
const ROW: usize = 8;

/// What a tag after a tag scores, [`NEVER`] where it is forbidden; the last row is for the start.
type Steps = [[f32; TAGS]; TAGS + 1];

impl Model {
    /// Rounds trained weights (`BUCKETS` × [`TAGS`], bucket by bucket) to whole numbers.
    pub fn rounded(weights: &[f32], after: [[f32; TAGS]; TAGS + 1]) -> Self {
        let largest = weights.iter().fold(f32::MIN_POSITIVE, |most, w| most.max(w.abs()));
        let step = largest / 127.0;
        let weights: Vec<i8> = weights.iter().map(|w| (w / step).round() as i8).collect();
        Self::new(&weights, step, after)
    }

    fn new(weights: &[i8], step: f32, after: [[f32; TAGS]; TAGS + 1]) -> Self {
        let row = |weights: &[i8]| {
            let mut row = [0; ROW];
            row.iter_mut().zip(weights).for_each(|(slot, weight)| *slot = *weight);
            row
        };
        Self { weights: weights.chunks_exact(TAGS).map(row).collect(), step, steps: steps(&after), after }
    }

    /// The bytes of `data/weights.bin`: the step, the transitions (little-endian floats), the weights.
    pub fn write(&self) -> Vec<u8> {
        let mut out = self.step.to_le_bytes().to_vec();
        out.extend(self.after.iter().flatten().flat_map(|w| w.to_le_bytes()));
        let rows = self.weights.iter().flat_map(|row| row.iter().take(TAGS));
        out.extend(rows.map(|w| w.cast_unsigned()));
        out
    }

    /// Reads what [`write`](Self::write) wrote; bytes of another length make a model that finds nothing.
    pub fn read(bytes: &[u8]) -> Self {
        const HEAD: usize = 4 * (1 + TAGS * (TAGS + 1));
        let mut floats = bytes.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        let step = floats.next().unwrap_or_default();
        let mut after = [[0.0; TAGS]; TAGS + 1];
        for weight in after.iter_mut().flatten() {
            *weight = floats.next().unwrap_or_default();
        }
        let mut weights: Vec<i8> =
            bytes.get(HEAD..).unwrap_or_default().iter().map(|b| b.cast_signed()).collect();
        if weights.len() != BUCKETS * TAGS {
            weights = vec![0; BUCKETS * TAGS];
            after = [[0.0; TAGS]; TAGS + 1];
            for row in &mut after {
                row[0] = 100.0;
            }
        }
        Self::new(&weights, step, after)
    }

    /// The score of each tag of a token with these buckets.
    pub fn score(&self, buckets: &[u32]) -> [f32; TAGS] {
        let mut sums = [0i16; ROW];
        // Fewer than 250 buckets of one byte each do not run over.
        for bucket in buckets.iter().take(250) {
            if let Some(weights) = self.weights.get(*bucket as usize) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += i16::from(*weight);
                }
            }
        }
        let mut scores = [0.0; TAGS];
        scores.iter_mut().zip(sums).for_each(|(score, sum)| *score = f32::from(sum) * self.step);
        scores
    }
}

/// For each token the probability of each tag, by the forward–backward algorithm.
pub fn marginals(scores: &[[f32; TAGS]], model: &Model) -> Vec<[f32; TAGS]> {
    let (forward, backward) = ways(scores, &model.steps);
    forward
        .iter()
        .zip(&backward)
        .map(|(f, b)| {
            let mut sum = [0.0; TAGS];
            for (s, (f, b)) in sum.iter_mut().zip(f.iter().zip(b)) {
                *s = f + b;
            }
            let total = log_sum(&sum);
            sum.map(|s| (s - total).exp())
        })
        .collect()
}

const NEVER: f32 = -1e9;

fn steps(after: &[[f32; TAGS]; TAGS + 1]) -> Steps {
    let mut steps = *after;
    for (from, row) in steps.iter_mut().enumerate() {
        for (to, slot) in row.iter_mut().enumerate() {
            let before = Tag::ALL.get(from).copied();
            if !Tag::ALL.get(to).is_some_and(|t| t.may_follow(before)) {
                *slot = NEVER;
            }
        }
    }
    steps
}

/// The logarithms of the sums over all ways to and from each tag of each token.
pub fn lattice(
    scores: &[[f32; TAGS]],
    after: &[[f32; TAGS]; TAGS + 1],
) -> (Vec<[f32; TAGS]>, Vec<[f32; TAGS]>) {
    ways(scores, &steps(after))
}

fn ways(scores: &[[f32; TAGS]], steps: &Steps) -> (Vec<[f32; TAGS]>, Vec<[f32; TAGS]>) {
    let start = steps.last().copied().unwrap_or([NEVER; TAGS]);
    let mut forward: Vec<[f32; TAGS]> = Vec::with_capacity(scores.len());
    for score in scores {
        let mut row = start;
        if let Some(before) = forward.last() {
            for (to, slot) in row.iter_mut().enumerate() {
                let mut ways = *before;
                for (way, step) in ways.iter_mut().zip(steps) {
                    *way += step.get(to).copied().unwrap_or(NEVER);
                }
                *slot = log_sum(&ways);
            }
        }
        row.iter_mut().zip(score).for_each(|(slot, score)| *slot += score);
        forward.push(row);
    }
    let mut backward = vec![[0.0; TAGS]; scores.len()];
    let mut next: Option<([f32; TAGS], [f32; TAGS])> = None;
    for (row, score) in backward.iter_mut().zip(scores).rev() {
        if let Some((below, score)) = next {
            for (slot, steps) in row.iter_mut().zip(steps) {
                let mut ways = below;
                for (way, (step, score)) in ways.iter_mut().zip(steps.iter().zip(score)) {
                    *way += step + score;
                }
                *slot = log_sum(&ways);
            }
        }
        next = Some((*row, *score));
    }
    (forward, backward)
}

/// The logarithm of a sum of exponentials.
pub fn log_sum(values: &[f32; TAGS]) -> f32 {
    let most = values.iter().copied().fold(f32::MIN, f32::max);
    // Below this an exponential is nothing in this precision.
    let exp = |below: f32| if below < -110.0 { 0.0 } else { below.exp() };
    most + values.iter().map(|v| exp(v - most)).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let mut weights = vec![0.0; BUCKETS * TAGS];
        weights[TAGS] = 2.0; // bucket 1: outside
        weights[2 * TAGS + 1] = 3.0; // bucket 2: the writer's
        weights[2 * TAGS + 2] = 3.0;
        Model::rounded(&weights, [[0.0; TAGS]; TAGS + 1])
    }

    #[test]
    fn probabilities_add_up_and_forbidden_ways_are_none() {
        let model = model();
        let scores = [model.score(&[2]), model.score(&[2]), model.score(&[1])];
        let likely = marginals(&scores, &model);
        for p in &likely {
            assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
        assert!(likely[0][Tag::WriterInside as usize] < 1e-6);
        assert!(likely[1][Tag::WriterInside as usize] > 0.3);
        assert!(likely[2][0] > 0.4);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_broken_finds_nothing() {
        let model = model();
        let read = Model::read(&model.write());
        assert_eq!(read.score(&[2, 1]).map(f32::to_bits), model.score(&[2, 1]).map(f32::to_bits));
        let broken = Model::read(&[1, 2, 3]);
        let likely = marginals(&[broken.score(&[2])], &broken);
        assert!(likely[0][0] > 0.999);
    }
}
