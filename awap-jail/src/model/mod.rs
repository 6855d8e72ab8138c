//! A model in memory: read from a GGUF file, ready to run.
//!
//! Kernels, quantizations and tensors are `candle-core`'s; the file's header and the transformer around the kernels are
//! ours, although `candle-transformers` has a quantized model for each architecture, because of what it does in version
//! 0.11:
//!
//! - It keeps the embedding as 32-bit floats (0.9 GB for Qwen2.5 1.5B), a repacked copy of the weights beside them on some
//!   processors, and rotary tables for as many positions as the file says, 131,072 for each layer of Gemma: more than a
//!   container of 2 GiB has.
//! - It takes the file at its word: a head count of zero or tensors of other sizes than the metadata panic, a long list in the
//!   header takes 32 times its size.
//! - Its cache of keys and values can neither be set aside beforehand nor cut, so that the criteria would be read again for
//!   every student; it is copied for each token, and masks are kept for ever.
//! - Its quantized Gemma 3 computes something else than Gemma 3 does (`tests/reference`).
//!
//! What it is good for is to hold this against: `reference` compares the scores of all five architectures.

mod attention;
mod decoder;
pub(crate) mod gguf;
mod memory;
#[cfg(test)]
mod reference;
mod rope;
mod shape;
mod weights;

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use awap_core::{Error, ErrorCode, Result};
use serde::Serialize;

use crate::template::Template;
use crate::tokenizer::Tokenizer;
use decoder::Decoder;
use gguf::{Hashed, Header};
use shape::Shape;
use weights::Weights;

pub(crate) use decoder::RUN;

/// Largest `tokenizer.json` that is read.
const MAX_JSON_BYTES: u64 = 64 << 20;

/// The shortest prompt, however slow the model: what is shorter says nothing.
const LEAST_PROMPT: usize = 512;

/// Where a model is and how it may be run.
#[derive(Debug, Clone)]
pub struct Options {
    /// A GGUF file, or a folder with exactly one.
    pub path: PathBuf,
    /// Most tokens of prompt and answer together; fewer where the model was trained for fewer, or memory is short.
    pub context: usize,
    /// Most tokens of a prompt. `None`: as many as are read in [`Options::PROMPT_SHARE`] of a request's time.
    pub prompt_tokens: Option<usize>,
    /// Bytes of memory there are. `None`: what the container was given, or else the machine has.
    pub memory: Option<u64>,
}

impl Options {
    /// The share of a request's time that reading its prompt may take.
    pub const PROMPT_SHARE: f64 = 0.5;
    /// Where the container's read-only mount is.
    pub const PLACE: &str = "/model";

    /// The usual options for the model at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), context: 4_096, prompt_tokens: None, memory: None }
    }
}

/// What a model is, as `ping` and `suggest` tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// Its name in the file, or else the file's.
    pub id: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// `general.architecture`.
    pub architecture: String,
    /// The quantization that most of its weights have.
    pub quantization: String,
    /// Most tokens of prompt and answer together.
    pub context_tokens: usize,
    /// Size of the file.
    pub bytes: u64,
}

/// A model, its vocabulary and its chat template.
pub struct Model {
    info: ModelInfo,
    decoder: Decoder,
    tokenizer: Tokenizer,
    template: Template,
    prompt_tokens: Option<usize>,
    /// Tokens a second that a prompt is read with, as measured at load and rounded down.
    speed: f64,
    /// The prompt whose keys and values are kept.
    kept: Vec<u32>,
}

/// The error of a model that cannot be used: `why` is a clause, and quotes nothing but names of the file's own parts.
pub(crate) fn refused(why: &str) -> Error {
    Error::new(ErrorCode::NotConfigured, format!("The model file cannot be used: {why}."))
}

/// The model file at `path`, which is one or a folder with one; `None` where there is none.
pub fn find(path: &Path) -> Result<Option<PathBuf>> {
    if !path.is_dir() {
        return Ok(path.exists().then(|| path.to_owned()));
    }
    let unreadable = |_| Error::new(ErrorCode::NotConfigured, "The folder of the model cannot be read.");
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf")) {
            found.push(path);
        }
    }
    if found.len() > 1 {
        return Err(Error::new(
            ErrorCode::NotConfigured,
            "There are several .gguf files in the folder of the model: leave one, or name it with --model.",
        ));
    }
    Ok(found.pop())
}

impl Model {
    /// Reads the model file at `options.path`, its vocabulary and its template, and measures how fast it is.
    ///
    /// Whatever the file holds, it is read within the memory there is or refused with `not_configured` and the reason.
    pub fn load(options: &Options) -> Result<Self> {
        catch_unwind(AssertUnwindSafe(|| Self::read_file(options)))
            .unwrap_or_else(|_| Err(refused("reading it failed at a place that the log names")))
    }

    fn read_file(options: &Options) -> Result<Self> {
        let unreadable = |error: std::io::Error| refused(&format!("it cannot be read ({})", error.kind()));
        let meta = fs::metadata(&options.path).map_err(unreadable)?;
        if !meta.is_file() {
            return Err(refused("it is not a file"));
        }
        let file = File::open(&options.path).map_err(unreadable)?;
        let mut input = Hashed::new(BufReader::with_capacity(1 << 20, file));
        let header = Header::read(&mut input, meta.len())?;
        let shape = Shape::of(&header)?;
        let positions = memory::positions(&header, &shape, options)?;
        let tokenizer = Tokenizer::new(&header, tokenizer_json(&options.path)?.as_deref())?;
        let architecture = shape.architecture.to_owned();
        let mut weights = Weights::new(header.read_tensors(&mut input)?);
        let decoder = Decoder::new(shape, &mut weights, tokenizer.size(), positions)?;
        let (bos, eos) = tokenizer.ends();
        let template = Template::new(header.text("tokenizer.chat_template"), bos, eos);
        let info = ModelInfo {
            id: header.text("general.name").map_or_else(|| file_stem(&options.path), clean),
            sha256: input.sha256(),
            architecture,
            quantization: header.quantization().to_owned(),
            context_tokens: positions,
            bytes: meta.len(),
        };
        let mut model = Self {
            info,
            decoder,
            tokenizer,
            template,
            prompt_tokens: options.prompt_tokens,
            speed: 0.0,
            kept: Vec::new(),
        };
        model.speed = rounded(model.measure()?);
        Ok(model)
    }

    /// Tokens a second with which prompts are read. It also brings the weights into the processor's reach.
    fn measure(&mut self) -> Result<f64> {
        let tokens = vec![0; RUN.min(self.decoder.positions())];
        self.decoder.run(0, &tokens)?;
        let start = Instant::now();
        self.decoder.run(0, &tokens)?;
        Ok(tokens.len() as f64 / start.elapsed().as_secs_f64().max(1e-6))
    }

    /// What the model is.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    pub(crate) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Most tokens of prompt and answer together.
    pub(crate) fn positions(&self) -> usize {
        self.decoder.positions()
    }

    /// Most tokens of a prompt that is to be answered with up to `answer` tokens within `time`.
    pub(crate) fn prompt_tokens(&self, answer: usize, time: Duration) -> usize {
        let in_time = (self.speed * time.as_secs_f64() * Options::PROMPT_SHARE) as usize;
        // At least half the context is the prompt's, whatever answer is asked for.
        let room = self.positions().saturating_sub(answer).max(self.positions() / 2);
        self.prompt_tokens.unwrap_or(in_time.max(LEAST_PROMPT)).min(room)
    }

    /// How much of `prompt` need not be read again, because the prompt before began with it. At least the last of
    /// its tokens is always read.
    pub(crate) fn kept(&mut self, prompt: &[u32]) -> usize {
        let same = self.kept.iter().zip(prompt).take_while(|(kept, token)| kept == token).count();
        // What lay in a run that was not full would be computed in another run today, and might differ in a bit.
        let kept = same.min(prompt.len().saturating_sub(1)) / RUN * RUN;
        self.kept.truncate(kept);
        kept
    }

    /// Reads one run of `prompt` from `first` on: up to where, and the scores of the token that follows.
    pub(crate) fn read(&mut self, prompt: &[u32], first: usize) -> Result<(usize, Vec<f32>)> {
        let end = prompt.len().min(first + RUN);
        let scores = self.run(first, &prompt[first..end])?;
        if end - first == RUN && self.kept.len() == first {
            self.kept.extend_from_slice(&prompt[first..end]);
        }
        Ok((end, scores))
    }

    /// Runs `tokens` at the positions from `first` on.
    pub(crate) fn run(&mut self, first: usize, tokens: &[u32]) -> Result<Vec<f32>> {
        // What is overwritten is kept no longer.
        self.kept.truncate(first / RUN * RUN);
        self.decoder.run(first, tokens)
    }
}

fn tokenizer_json(model: &Path) -> Result<Option<Vec<u8>>> {
    let Ok(file) = File::open(model.with_file_name("tokenizer.json")) else { return Ok(None) };
    let mut json = Vec::new();
    let broken = |_| refused("the tokenizer.json beside it cannot be read");
    file.take(MAX_JSON_BYTES + 1).read_to_end(&mut json).map_err(broken)?;
    if json.len() as u64 > MAX_JSON_BYTES {
        return Err(refused("the tokenizer.json beside it is too large"));
    }
    Ok(Some(json))
}

fn file_stem(path: &Path) -> String {
    path.file_stem().map(|stem| clean(&stem.to_string_lossy())).unwrap_or_default()
}

/// A name that is fit to be shown and kept.
fn clean(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Rounded down by steps of about 40 %, so that a model has the same speed on the same machine tomorrow.
fn rounded(speed: f64) -> f64 {
    2_f64.powf((speed.log2() * 2.0).floor() / 2.0)
}
