//! Attention of a run of positions over all positions up to themselves, with the keys and values kept.

use awap_core::Result;
use candle_core::{DType, Device, Tensor};

use super::shape::Shape;
use super::weights::failed;

/// The keys and values of one layer, for every position so far.
pub(crate) struct Cache {
    keys: Tensor,
    values: Tensor,
    kv_heads: usize,
    group: usize,
    head: usize,
    /// How far a position looks back, itself included.
    window: usize,
}

impl Cache {
    /// Room for `positions`. It is set aside at once, so that memory is known before the first request.
    pub(crate) fn new(shape: &Shape, layer: usize, positions: usize) -> Result<Self> {
        let zeros = || {
            Tensor::zeros((shape.kv_heads, positions, shape.head), DType::F32, &Device::Cpu).map_err(failed)
        };
        Ok(Self {
            keys: zeros()?,
            values: zeros()?,
            kv_heads: shape.kv_heads,
            group: shape.group(),
            head: shape.head,
            window: shape.window(layer).unwrap_or(usize::MAX),
        })
    }

    /// Attention for the positions from `first` on. `queries` are position by position, each with all its heads one
    /// after the other; so are `keys` and `values`, which are kept, and so is the answer.
    pub(crate) fn attend(
        &mut self,
        first: usize,
        queries: &[f32],
        keys: &[f32],
        values: &[f32],
    ) -> Result<Vec<f32>> {
        let (heads, head) = (self.kv_heads * self.group, self.head);
        let count = queries.len() / (heads * head);
        let scale = 1.0 / (head as f32).sqrt();
        let queries = by_head(queries, heads, head).map(|value| value * scale).collect();
        self.attend_by_head(first, count, queries, keys, values)
            .map(|out| by_head(&out, count, head).collect())
            .map_err(failed)
    }

    /// As [`Cache::attend`], with `queries` and the answer head by head, and the queries scaled.
    fn attend_by_head(
        &mut self,
        first: usize,
        count: usize,
        queries: Vec<f32>,
        keys: &[f32],
        values: &[f32],
    ) -> candle_core::Result<Vec<f32>> {
        let (kv_heads, head) = (self.kv_heads, self.head);
        let tensor = |data: Vec<f32>, rows: usize, columns: usize| {
            Tensor::from_vec(data, (kv_heads, rows, columns), &Device::Cpu)
        };
        let keep = |kept: &Tensor, new: &[f32]| {
            kept.slice_set(&tensor(by_head(new, kv_heads, head).collect(), count, head)?, 1, first)
        };
        keep(&self.keys, keys)?;
        keep(&self.values, values)?;

        let reach = first + count;
        let start = (first + 1).saturating_sub(self.window);
        let keys = self.keys.narrow(1, start, reach - start)?;
        let values = self.values.narrow(1, start, reach - start)?;
        // The query heads of a group lie together, so that each key head meets all its queries in one product.
        let rows = self.group * count;
        let scores = tensor(queries, rows, head)?.matmul(&keys.t()?)?;
        let mut scores = scores.flatten_all()?.to_vec1::<f32>()?;
        for (row, scores) in scores.chunks_exact_mut(reach - start).enumerate() {
            let position = first + row % count;
            let sees = (position + 1).saturating_sub(self.window).max(start)..position + 1;
            softmax(scores, sees.start - start..sees.end - start);
        }
        tensor(scores, rows, reach - start)?.matmul(&values)?.flatten_all()?.to_vec1::<f32>()
    }
}

/// Softmax over `sees`; everything else becomes zero.
fn softmax(scores: &mut [f32], sees: std::ops::Range<usize>) {
    let most = scores[sees.clone()].iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (place, score) in scores.iter_mut().enumerate() {
        *score = if sees.contains(&place) { (*score - most).exp() } else { 0.0 };
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

/// From position by position, each with `outer` heads, to head by head, each with all positions; and back, with the
/// number of positions for `outer`.
fn by_head(values: &[f32], outer: usize, head: usize) -> impl Iterator<Item = f32> + '_ {
    let inner = values.len() / (outer * head);
    (0..outer).flat_map(move |one| {
        (0..inner).flat_map(move |other| values[(other * outer + one) * head..][..head].iter().copied())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "these are exact")]
    fn softmax_sees_its_range_alone() {
        let mut scores = [9.0, 1.0, 1.0, 9.0];
        softmax(&mut scores, 1..3);
        assert_eq!(scores, [0.0, 0.5, 0.5, 0.0]);
    }

    #[test]
    fn by_head_and_back() {
        let values: Vec<f32> = (0..12).map(|n| n as f32).collect();
        let heads: Vec<f32> = by_head(&values, 3, 2).collect();
        assert_eq!(heads, [0., 1., 6., 7., 2., 3., 8., 9., 4., 5., 10., 11.]);
        let back: Vec<f32> = by_head(&heads, 2, 2).collect();
        assert_eq!(back, values);
    }
}
