//! What kind of transformer a GGUF file holds: its sizes, and what sets its architecture apart.

use awap_core::Result;

use super::gguf::Header;
use super::refused;

/// The architectures that are read, as `general.architecture` names them.
pub(crate) const ARCHITECTURES: [&str; 5] = ["llama", "qwen2", "qwen3", "phi3", "gemma3"];

/// Which values of a head are turned together by rotary position embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// Neighbours: 0 with 1, 2 with 3.
    Neighbours,
    /// The first half with the second.
    Halves,
}

/// A decoder's sizes and peculiarities.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) architecture: &'static str,
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) feed_forward: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head: usize,
    /// Positions the model was trained for.
    pub(crate) context: usize,
    pub(crate) epsilon: f32,
    pub(crate) pairs: Pairs,
    /// Values of a head that are turned; the rest stay.
    pub(crate) turned: usize,
    pub(crate) rope_base: f32,
    /// Positions are divided by it (linear scaling).
    pub(crate) rope_scale: f32,
    /// Cosines and sines are multiplied by it.
    pub(crate) rope_magnitude: f32,
    /// Gemma's local layers: how far they look back, and their base.
    pub(crate) local: Option<Local>,
}

/// Layers that look back over a window only; each sixth looks over everything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Local {
    pub(crate) window: usize,
    pub(crate) rope_base: f32,
}

impl Shape {
    pub(crate) fn of(header: &Header) -> Result<Self> {
        let named = header.text("general.architecture").unwrap_or("");
        let Some(architecture) = ARCHITECTURES.into_iter().find(|known| *known == named) else {
            let known = ARCHITECTURES.join(", ");
            return Err(refused(&format!("its architecture is none of those that are supported ({known})")));
        };
        let keys = Keys { header, architecture };
        let hidden = keys.size("embedding_length", 16..=32_768)?;
        let heads = keys.size("attention.head_count", 1..=512)?;
        let kv_heads = keys.size_or("attention.head_count_kv", heads, 1..=512)?;
        let head = keys.size_or("attention.key_length", hidden / heads, 2..=1_024)?;
        let value = keys.size_or("attention.value_length", head, 2..=1_024)?;
        if heads % kv_heads != 0 || head % 2 != 0 || value != head {
            return Err(refused("its attention heads do not fit together"));
        }
        if keys.size_or("expert_count", 0, 0..=4_096)? > 1 {
            return Err(refused("it is a mixture of experts, which is not supported"));
        }
        let turned = keys.size_or("rope.dimension_count", head, 2..=1_024)?;
        if turned > head || turned % 2 != 0 {
            return Err(refused("its rotary dimensions are more than a head has"));
        }
        let scaling = keys.text("rope.scaling.type");
        let rope_scale = match scaling {
            "linear" => keys.float_or("rope.scaling.factor", 1.0)?,
            "" | "none" | "longrope" | "su" => 1.0,
            _ => {
                return Err(refused(
                    "its context is stretched in a way (such as YaRN) that is not supported",
                ));
            }
        };
        Ok(Self {
            architecture,
            layers: keys.size("block_count", 1..=512)?,
            hidden,
            feed_forward: keys.size("feed_forward_length", 1..=262_144)?,
            heads,
            kv_heads,
            head,
            context: keys.size("context_length", 1..=(1 << 30))?,
            epsilon: keys.float_or("attention.layer_norm_rms_epsilon", 1e-6)?,
            pairs: if architecture == "llama" { Pairs::Neighbours } else { Pairs::Halves },
            turned,
            rope_base: keys.float_or("rope.freq_base", 10_000.0)?,
            rope_scale,
            rope_magnitude: keys.float_or("rope.scaling.attn_factor", 1.0)?,
            local: (architecture == "gemma3").then(|| keys.local()).transpose()?,
        })
    }

    /// The window of a layer that looks back over one.
    pub(crate) fn window(&self, layer: usize) -> Option<usize> {
        self.local.filter(|_| !(layer + 1).is_multiple_of(6)).map(|local| local.window)
    }

    /// Query heads that share one key and value.
    pub(crate) fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Bytes that one position takes in the keys and values kept for all layers.
    pub(crate) fn bytes_a_position(&self) -> u64 {
        (self.layers * self.kv_heads * self.head * 2 * size_of::<f32>()) as u64
    }
}

/// The metadata of one architecture.
struct Keys<'a> {
    header: &'a Header,
    architecture: &'static str,
}

impl Keys<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    fn size(&self, name: &str, within: std::ops::RangeInclusive<usize>) -> Result<usize> {
        let value = self.header.integer(&self.key(name)).and_then(|value| usize::try_from(value).ok());
        value.filter(|value| within.contains(value)).ok_or_else(|| {
            refused(&format!("its metadata lacks “{}”, or has a value there that cannot be", self.key(name)))
        })
    }

    fn size_or(&self, name: &str, absent: usize, within: std::ops::RangeInclusive<usize>) -> Result<usize> {
        if self.header.get(&self.key(name)).is_none() { Ok(absent) } else { self.size(name, within) }
    }

    fn float_or(&self, name: &str, absent: f32) -> Result<f32> {
        let key = self.key(name);
        if self.header.get(&key).is_none() {
            return Ok(absent);
        }
        let value = self.header.float(&key).map(|value| value as f32);
        value
            .filter(|value| value.is_finite() && *value > 0.0)
            .ok_or_else(|| refused(&format!("its metadata has a value at “{key}” that cannot be")))
    }

    fn text(&self, name: &str) -> &str {
        self.header.text(&self.key(name)).unwrap_or("")
    }

    fn local(&self) -> Result<Local> {
        Ok(Local {
            window: self.size("attention.sliding_window", 1..=(1 << 20))?,
            rope_base: self
                .float_or("rope.local_freq_base", self.float_or("rope.freq_base_swa", 10_000.0)?)?,
        })
    }
}
