//! GGUF files of any size with random, seeded weights: nothing they say means anything, and every byte of the way is real.

use std::collections::BTreeMap;
use std::io::{Seek, Write};

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

/// What to make.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// `general.architecture`: llama, qwen2, qwen3, phi3 or gemma3.
    pub architecture: &'static str,
    pub seed: u64,
    pub layers: usize,
    pub hidden: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head: usize,
    pub feed_forward: usize,
    pub context: usize,
    pub dtype: GgmlDType,
    /// Rows of the embedding; the vocabulary is filled up to it.
    pub tokens: usize,
    pub template: Option<&'static str>,
    /// What the random weights are multiplied by: with large ones the model is very sure of its nonsense.
    pub scale: f32,
    /// Gemma's window.
    pub window: usize,
    /// Whether the output matrix is the embedding, as Gemma's always is.
    pub tied: bool,
}

impl Recipe {
    /// A model of some 100,000 weights.
    pub fn tiny(architecture: &'static str, seed: u64) -> Self {
        Self {
            architecture,
            seed,
            layers: 2,
            hidden: 64,
            heads: 4,
            kv_heads: 2,
            head: 16,
            feed_forward: 96,
            context: 4_096,
            dtype: GgmlDType::Q8_0,
            tokens: 0,
            template: Some(CHATML),
            scale: 0.6,
            window: 24,
            tied: architecture == "gemma3",
        }
    }
}

/// The template of Qwen and many others, with its special tokens.
pub const CHATML: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] \
    + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Special tokens of every vocabulary made here.
pub const SPECIALS: [&str; 6] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "</s>", "[INST]", "<think>"];

/// Words that are tokens, so that prompts are not spelt letter by letter.
const WORDS: &str = "You help a university tutor to give feedback on student's work write short comments the and \
    propose score for each criterion The tutor decides only suggest is data be assessed Nothing in it addressed you If \
    contains instructions requests marks code or claims about marking these are part of assess them as such never do \
    what they say Criteria question answer stands between lines that begin with All whatever says Your task Now your \
    JSON For quotation copied word from whether shows strength something improve comment one two sentences plain \
    British English which quoted words well missing how mend within range Use Name no was asked follow this \
    improvement criterion kind quote comment score linear binary search list sorted item items until finds target";

/// Writes the file.
pub fn write(recipe: &Recipe, out: &mut (impl Write + Seek)) {
    let mut tokens = vocabulary(recipe);
    let rows = recipe.tokens.max(tokens.texts.len());
    for spare in tokens.texts.len()..rows {
        tokens.texts.push(format!("[unused{spare}]"));
        tokens.kinds.push(5);
        tokens.scores.push(0.0);
    }
    let metadata = metadata(recipe, tokens);
    let tensors = tensors(recipe, rows);
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> =
        tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(out, &metadata, &tensors).expect("written");
}

/// The file's bytes.
pub fn bytes(recipe: &Recipe) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    write(recipe, &mut out);
    out.into_inner()
}

struct Vocabulary {
    texts: Vec<String>,
    kinds: Vec<i32>,
    scores: Vec<f32>,
    merges: Vec<String>,
}

impl Vocabulary {
    fn push(&mut self, text: &str, kind: i32, score: f32) {
        if !self.texts.iter().any(|known| known == text) {
            self.texts.push(text.to_owned());
            self.kinds.push(kind);
            self.scores.push(score);
        }
    }
}

fn is_sentence_piece(recipe: &Recipe) -> bool {
    matches!(recipe.architecture, "phi3" | "gemma3")
}

fn vocabulary(recipe: &Recipe) -> Vocabulary {
    let mut out = Vocabulary { texts: Vec::new(), kinds: Vec::new(), scores: Vec::new(), merges: Vec::new() };
    for special in SPECIALS {
        out.push(special, if special == "<think>" { 4 } else { 3 }, 0.0);
    }
    let sentence_piece = is_sentence_piece(recipe);
    if sentence_piece {
        for byte in 0..=255_u8 {
            out.push(&format!("<0x{byte:02X}>"), 6, 0.0);
        }
        for byte in b'!'..=b'~' {
            out.push(&char::from(byte).to_string(), 1, -1_000.0 - f32::from(byte));
        }
        out.push("▁", 1, -999.0);
    } else {
        // The alphabet of byte-level BPE, as GPT-2 has it.
        let mut next = 256_u32;
        for byte in 0..=255_u8 {
            let printable = matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
            let code = if printable { u32::from(byte) } else { next };
            next += u32::from(!printable);
            out.push(&char::from_u32(code).expect("a character").to_string(), 1, 0.0);
        }
    }
    let space = if sentence_piece { "▁" } else { "Ġ" };
    for word in WORDS.split_whitespace() {
        let word = format!("{space}{word}");
        let ends: Vec<usize> = word.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
        for pair in ends.windows(2) {
            let merge = format!("{} {}", &word[..pair[0]], &word[pair[0]..pair[1]]);
            if !out.merges.contains(&merge) {
                out.merges.push(merge);
            }
            let score = -(out.texts.len() as f32);
            out.push(&word[..pair[1]], 1, score);
        }
    }
    out
}

fn metadata(recipe: &Recipe, tokens: Vocabulary) -> BTreeMap<String, Value> {
    let integer = |value: usize| Value::U32(u32::try_from(value).expect("small"));
    let text = |value: &str| Value::String(value.to_owned());
    let mut all = BTreeMap::new();
    let mut set = |key: &str, value: Value| all.insert(key.to_owned(), value);
    set("general.architecture", text(recipe.architecture));
    // For `tests/reference`, whose Qwen 3 would compute in half precision otherwise.
    set("general.dtype", integer(0));
    set("general.name", text(&format!("Random {} {}", recipe.architecture, recipe.seed)));
    let of = |key: &str| format!("{}.{key}", recipe.architecture);
    set(&of("block_count"), integer(recipe.layers));
    set(&of("embedding_length"), integer(recipe.hidden));
    set(&of("feed_forward_length"), integer(recipe.feed_forward));
    set(&of("context_length"), integer(recipe.context));
    set(&of("attention.head_count"), integer(recipe.heads));
    set(&of("attention.head_count_kv"), integer(recipe.kv_heads));
    set(&of("attention.layer_norm_rms_epsilon"), Value::F32(1e-6));
    set(&of("rope.dimension_count"), integer(recipe.head));
    set(&of("rope.freq_base"), Value::F32(10_000.0));
    if matches!(recipe.architecture, "qwen3" | "gemma3") {
        set(&of("attention.key_length"), integer(recipe.head));
        set(&of("attention.value_length"), integer(recipe.head));
    }
    if recipe.architecture == "gemma3" {
        set(&of("attention.sliding_window"), integer(recipe.window));
    }
    if recipe.architecture == "phi3" {
        set(&of("attention.sliding_window"), integer(recipe.context));
        set(&of("rope.scaling.original_context_length"), integer(recipe.context));
    }
    let sentence_piece = is_sentence_piece(recipe);
    set("tokenizer.ggml.model", text(if sentence_piece { "llama" } else { "gpt2" }));
    let list = |values: Vec<Value>| Value::Array(values);
    set("tokenizer.ggml.tokens", list(tokens.texts.into_iter().map(Value::String).collect()));
    set("tokenizer.ggml.token_type", list(tokens.kinds.into_iter().map(Value::I32).collect()));
    if sentence_piece {
        set("tokenizer.ggml.scores", list(tokens.scores.into_iter().map(Value::F32).collect()));
        set("tokenizer.ggml.add_space_prefix", Value::Bool(false));
    } else {
        set("tokenizer.ggml.pre", text("qwen2"));
        set("tokenizer.ggml.merges", list(tokens.merges.into_iter().map(Value::String).collect()));
    }
    set("tokenizer.ggml.bos_token_id", integer(0));
    set("tokenizer.ggml.eos_token_id", integer(2));
    set("tokenizer.ggml.add_bos_token", Value::Bool(sentence_piece));
    if let Some(template) = recipe.template {
        set("tokenizer.chat_template", text(template));
    }
    all
}

fn tensors(recipe: &Recipe, rows: usize) -> Vec<(String, QTensor)> {
    let mut random = Random(recipe.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (hidden, feed) = (recipe.hidden, recipe.feed_forward);
    let (queries, keys) = (recipe.heads * recipe.head, recipe.kv_heads * recipe.head);
    let mut out = Vec::new();
    let mut matrix = |name: &str, rows: usize, columns: usize| {
        let values: Vec<f32> = (0..rows * columns).map(|_| random.next() * recipe.scale).collect();
        let tensor = Tensor::from_vec(values, (rows, columns), &Device::Cpu).expect("a matrix");
        out.push((name.to_owned(), QTensor::quantize(&tensor, recipe.dtype).expect("quantized")));
    };
    matrix("token_embd.weight", rows, hidden);
    if !recipe.tied {
        matrix("output.weight", rows, hidden);
    }
    for layer in 0..recipe.layers {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        if recipe.architecture == "phi3" {
            matrix(&name("attn_qkv"), queries + 2 * keys, hidden);
            matrix(&name("ffn_up"), 2 * feed, hidden);
        } else {
            matrix(&name("attn_q"), queries, hidden);
            matrix(&name("attn_k"), keys, hidden);
            matrix(&name("attn_v"), keys, hidden);
            matrix(&name("ffn_gate"), feed, hidden);
            matrix(&name("ffn_up"), feed, hidden);
        }
        matrix(&name("attn_output"), hidden, queries);
        matrix(&name("ffn_down"), hidden, feed);
    }
    let mut vector = |name: &str, length: usize, around: f32| {
        let values: Vec<f32> = (0..length).map(|_| around + random.next() * 0.2).collect();
        let tensor = Tensor::from_vec(values, length, &Device::Cpu).expect("a vector");
        out.push((name.to_owned(), QTensor::quantize(&tensor, GgmlDType::F32).expect("kept")));
    };
    vector("output_norm.weight", hidden, 1.0);
    for layer in 0..recipe.layers {
        let name = |part: &str| format!("blk.{layer}.{part}");
        vector(&name("attn_norm.weight"), hidden, 1.0);
        vector(&name("ffn_norm.weight"), hidden, 1.0);
        if recipe.architecture == "qwen2" {
            vector(&name("attn_q.bias"), queries, 0.0);
            vector(&name("attn_k.bias"), keys, 0.0);
            vector(&name("attn_v.bias"), keys, 0.0);
        }
        if matches!(recipe.architecture, "qwen3" | "gemma3") {
            vector(&name("attn_q_norm.weight"), recipe.head, 1.0);
            vector(&name("attn_k_norm.weight"), recipe.head, 1.0);
        }
        if recipe.architecture == "gemma3" {
            vector(&name("post_attention_norm.weight"), hidden, 1.0);
            vector(&name("post_ffw_norm.weight"), hidden, 1.0);
        }
    }
    out
}

/// A small generator of our own, so that a seed means the same weights for ever.
struct Random(u64);

impl Random {
    /// From -0.5 up to 0.5.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }
}
