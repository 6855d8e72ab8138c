//! The transformer: tokens in, the scores of the next token out.

use std::sync::Arc;

use awap_core::Result;

use super::attention::Cache;
use super::refused;
use super::rope::{Angles, Rope};
use super::shape::Shape;
use super::weights::{Matrix, Weights};

/// Tokens run through the model at once. Prompts are cut at multiples of it, always, so that what is kept of an
/// earlier prompt is to the bit what would be computed again. Between two such runs the deadline is looked at.
pub(crate) const RUN: usize = 32;

/// A decoder-only transformer with its keys and values.
pub(crate) struct Decoder {
    shape: Shape,
    embedding: Arc<Matrix>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    output: Arc<Matrix>,
    rope: Rope,
    local_rope: Option<Rope>,
    positions: usize,
}

struct Layer {
    attention_norm: Vec<f32>,
    projections: Projections,
    biases: Option<[Vec<f32>; 3]>,
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    attention_out: Matrix,
    attention_post_norm: Option<Vec<f32>>,
    feed_norm: Vec<f32>,
    feed: Feed,
    feed_post_norm: Option<Vec<f32>>,
    cache: Cache,
    is_local: bool,
}

/// Queries, keys and values: three matrices, or (Phi) one with all three.
enum Projections {
    Three([Matrix; 3]),
    One(Matrix),
}

/// The feed-forward part: gate and up are two matrices, or (Phi) one with both.
struct Feed {
    gate: Option<Matrix>,
    up: Matrix,
    down: Matrix,
    activation: fn(f32) -> f32,
}

impl Decoder {
    /// A decoder with room for `positions`.
    pub(crate) fn new(
        shape: Shape,
        weights: &mut Weights,
        vocabulary: usize,
        positions: usize,
    ) -> Result<Self> {
        let hidden = shape.hidden;
        let rows = weights.rows("token_embd.weight").unwrap_or(0);
        // Files pad the matrix, and never the other way round.
        if rows < vocabulary {
            return Err(refused("its vocabulary has more tokens than its embedding has rows"));
        }
        let embedding = Arc::new(weights.matrix("token_embd.weight", rows, hidden)?);
        let output = if weights.has("output.weight") {
            Arc::new(weights.matrix("output.weight", rows, hidden)?)
        } else {
            Arc::clone(&embedding)
        };
        let factors = match weights.vector_if_there("rope_freqs.weight", shape.turned / 2)? {
            None => weights.vector_if_there("rope_factors_short.weight", shape.turned / 2)?,
            factors => factors,
        };
        let rope = |base: f32, scale: f32, factors: Option<&[f32]>| {
            let angles = Angles { base, scale, factors, magnitude: shape.rope_magnitude };
            Rope::new(&angles, positions, shape.head, shape.turned, shape.pairs)
        };
        Ok(Self {
            embedding,
            layers: (0..shape.layers)
                .map(|layer| Layer::new(&shape, weights, layer, positions))
                .collect::<Result<_>>()?,
            norm: weights.vector("output_norm.weight", hidden)?,
            output,
            rope: rope(shape.rope_base, shape.rope_scale, factors.as_deref()),
            local_rope: shape.local.map(|local| rope(local.rope_base, 1.0, None)),
            positions,
            shape,
        })
    }

    /// Positions there is room for.
    pub(crate) fn positions(&self) -> usize {
        self.positions
    }

    /// Runs `tokens` at the positions from `first` on, and gives the scores of the token after the last of them.
    /// What was kept for positions from `first` on is forgotten.
    ///
    /// `tokens` are at least one, each below the number of tokens, and fit into the room.
    pub(crate) fn run(&mut self, first: usize, tokens: &[u32]) -> Result<Vec<f32>> {
        let hidden = self.shape.hidden;
        let mut stream = self.embedding.rows_of(tokens)?;
        if self.shape.local.is_some() {
            // Gemma's embeddings are scaled.
            let scale = (hidden as f32).sqrt();
            for value in &mut stream {
                *value *= scale;
            }
        }
        for layer in &mut self.layers {
            let rope = self.local_rope.as_ref().filter(|_| layer.is_local).unwrap_or(&self.rope);
            layer.run(&self.shape, rope, first, &mut stream)?;
        }
        let last = &stream[stream.len() - hidden..];
        self.output.forward(&normed(last, &self.norm, self.shape.epsilon))
    }
}

impl Layer {
    fn new(shape: &Shape, weights: &mut Weights, layer: usize, positions: usize) -> Result<Self> {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let (hidden, feed) = (shape.hidden, shape.feed_forward);
        let (queries, keys) = (shape.heads * shape.head, shape.kv_heads * shape.head);
        let projections = if weights.has(&name("attn_qkv.weight")) {
            Projections::One(weights.matrix(&name("attn_qkv.weight"), queries + 2 * keys, hidden)?)
        } else {
            Projections::Three([
                weights.matrix(&name("attn_q.weight"), queries, hidden)?,
                weights.matrix(&name("attn_k.weight"), keys, hidden)?,
                weights.matrix(&name("attn_v.weight"), keys, hidden)?,
            ])
        };
        let biases = if weights.has(&name("attn_q.bias")) {
            Some([
                weights.vector(&name("attn_q.bias"), queries)?,
                weights.vector(&name("attn_k.bias"), keys)?,
                weights.vector(&name("attn_v.bias"), keys)?,
            ])
        } else {
            None
        };
        let gate = if weights.has(&name("ffn_gate.weight")) {
            Some(weights.matrix(&name("ffn_gate.weight"), feed, hidden)?)
        } else {
            None
        };
        let up = if gate.is_some() { feed } else { 2 * feed };
        Ok(Self {
            attention_norm: weights.vector(&name("attn_norm.weight"), hidden)?,
            projections,
            biases,
            query_norm: weights.vector_if_there(&name("attn_q_norm.weight"), shape.head)?,
            key_norm: weights.vector_if_there(&name("attn_k_norm.weight"), shape.head)?,
            attention_out: weights.matrix(&name("attn_output.weight"), hidden, queries)?,
            attention_post_norm: weights.vector_if_there(&name("post_attention_norm.weight"), hidden)?,
            feed_norm: weights.vector(&name("ffn_norm.weight"), hidden)?,
            feed: Feed {
                gate,
                up: weights.matrix(&name("ffn_up.weight"), up, hidden)?,
                down: weights.matrix(&name("ffn_down.weight"), hidden, feed)?,
                activation: if shape.local.is_some() { gelu } else { silu },
            },
            feed_post_norm: weights.vector_if_there(&name("post_ffw_norm.weight"), hidden)?,
            cache: Cache::new(shape, layer, positions)?,
            is_local: shape.window(layer).is_some(),
        })
    }

    /// Adds what this layer makes of `stream` to it.
    fn run(&mut self, shape: &Shape, rope: &Rope, first: usize, stream: &mut [f32]) -> Result<()> {
        let epsilon = shape.epsilon;
        let [mut queries, mut keys, values] =
            self.project(shape, &normed(stream, &self.attention_norm, epsilon))?;
        if let Some(norm) = &self.query_norm {
            queries = normed(&queries, norm, epsilon);
        }
        if let Some(norm) = &self.key_norm {
            keys = normed(&keys, norm, epsilon);
        }
        for (heads, values) in [(shape.heads, &mut queries), (shape.kv_heads, &mut keys)] {
            for (place, one) in values.chunks_exact_mut(heads * shape.head).enumerate() {
                rope.turn(one, first + place);
            }
        }
        let attended = self.cache.attend(first, &queries, &keys, &values)?;
        add(stream, &self.attention_out.forward(&attended)?, self.attention_post_norm.as_deref(), epsilon);
        let fed = self.feed.run(&normed(stream, &self.feed_norm, epsilon), shape.feed_forward)?;
        add(stream, &fed, self.feed_post_norm.as_deref(), epsilon);
        Ok(())
    }

    fn project(&self, shape: &Shape, x: &[f32]) -> Result<[Vec<f32>; 3]> {
        let mut parts = match &self.projections {
            Projections::Three([queries, keys, values]) => {
                [queries.forward(x)?, keys.forward(x)?, values.forward(x)?]
            }
            Projections::One(all) => {
                let (queries, keys) = (shape.heads * shape.head, shape.kv_heads * shape.head);
                let rows = all.forward(x)?;
                let part = |from: usize, length: usize| {
                    rows.chunks_exact(all.rows())
                        .flat_map(|row| row[from..][..length].iter().copied())
                        .collect()
                };
                [part(0, queries), part(queries, keys), part(queries + keys, keys)]
            }
        };
        if let Some(biases) = &self.biases {
            for (part, bias) in parts.iter_mut().zip(biases) {
                for row in part.chunks_exact_mut(bias.len()) {
                    row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
                }
            }
        }
        Ok(parts)
    }
}

impl Feed {
    fn run(&self, x: &[f32], width: usize) -> Result<Vec<f32>> {
        let up = self.up.forward(x)?;
        let inner: Vec<f32> = if let Some(gate) = &self.gate {
            gate.forward(x)?.iter().zip(&up).map(|(gate, up)| (self.activation)(*gate) * up).collect()
        } else {
            up.chunks_exact(2 * width)
                .flat_map(|row| {
                    row[..width].iter().zip(&row[width..]).map(|(gate, up)| (self.activation)(*gate) * up)
                })
                .collect()
        };
        self.down.forward(&inner)
    }
}

/// Adds `part`, normed first where there is a norm for it.
fn add(stream: &mut [f32], part: &[f32], norm: Option<&[f32]>, epsilon: f32) {
    let part = norm.map_or_else(|| part.to_vec(), |norm| normed(part, norm, epsilon));
    stream.iter_mut().zip(part).for_each(|(value, part)| *value += part);
}

/// Root mean square norm of each row of as many values as `weight` has.
fn normed(x: &[f32], weight: &[f32], epsilon: f32) -> Vec<f32> {
    x.chunks_exact(weight.len())
        .flat_map(|row| {
            let mean = row.iter().map(|value| value * value).sum::<f32>() / row.len() as f32;
            let scale = 1.0 / (mean + epsilon).sqrt();
            row.iter().zip(weight).map(move |(value, weight)| value * scale * weight)
        })
        .collect()
}

fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// GELU by the usual approximation with tanh.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh())
}
