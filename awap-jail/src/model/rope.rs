//! Rotary position embedding: turns pairs of a head's values by an angle that grows with the position.

use std::f32::consts::PI;

use super::shape::Pairs;

/// Cosines and sines for each position and pair.
pub(crate) struct Rope {
    cosines: Vec<f32>,
    sines: Vec<f32>,
    pairs: Pairs,
    turned: usize,
    head: usize,
}

/// How one table of angles is made.
pub(crate) struct Angles<'a> {
    pub(crate) base: f32,
    /// Positions are divided by it.
    pub(crate) scale: f32,
    /// Each pair's angle is divided by its own factor, where there are any.
    pub(crate) factors: Option<&'a [f32]>,
    /// Cosines and sines are multiplied by it.
    pub(crate) magnitude: f32,
}

impl Rope {
    /// Tables for `positions` positions of heads of `head` values, of which the first `turned` are turned.
    pub(crate) fn new(
        angles: &Angles<'_>,
        positions: usize,
        head: usize,
        turned: usize,
        pairs: Pairs,
    ) -> Self {
        let half = turned / 2;
        let speeds: Vec<f32> = (0..half)
            .map(|pair| {
                let factor = angles.factors.and_then(|factors| factors.get(pair)).copied().unwrap_or(1.0);
                angles.base.powf(-2.0 * pair as f32 / turned as f32) / factor / angles.scale
            })
            .collect();
        let mut rope = Self { cosines: Vec::new(), sines: Vec::new(), pairs, turned, head };
        for position in 0..positions {
            for speed in &speeds {
                let (sine, cosine) = (position as f32 * speed % (2.0 * PI)).sin_cos();
                rope.cosines.push(cosine * angles.magnitude);
                rope.sines.push(sine * angles.magnitude);
            }
        }
        rope
    }

    /// Turns all heads of one position, which lie one after the other in `heads`.
    pub(crate) fn turn(&self, heads: &mut [f32], position: usize) {
        let half = self.turned / 2;
        let cosines = &self.cosines[position * half..][..half];
        let sines = &self.sines[position * half..][..half];
        for head in heads.chunks_exact_mut(self.head) {
            for (pair, (cosine, sine)) in cosines.iter().zip(sines).enumerate() {
                let (one, other) = match self.pairs {
                    Pairs::Neighbours => (2 * pair, 2 * pair + 1),
                    Pairs::Halves => (pair, pair + half),
                };
                let (x, y) = (head[one], head[other]);
                head[one] = x * cosine - y * sine;
                head[other] = x * sine + y * cosine;
            }
        }
    }
}
