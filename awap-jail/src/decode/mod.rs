//! Decoding: the model writes token by token into what the frame leaves open, within its budget.

mod hole;
mod quote;

use std::time::Instant;

use awap_core::{Deadline, Result};

use crate::model::Model;

pub(crate) use hole::{Choice, Hole, Line};
pub(crate) use quote::Quotable;

/// Why decoding stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The answer is as long as it was to be.
    Stop,
    /// The tokens of the budget, or the context, are used up.
    Length,
    /// The time of the budget is used up.
    Time,
}

impl Finish {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Time => "time",
        }
    }
}

/// Whether there is budget to go on.
pub(crate) type Progress<T> = Result<std::result::Result<T, Finish>>;

/// The end of a time budget and of a request.
#[derive(Debug, Clone)]
pub(crate) struct Clock<'a> {
    pub(crate) ends: Instant,
    pub(crate) deadline: &'a Deadline,
}

impl Clock<'_> {
    /// Looked at before each run of the model.
    fn tick(&self) -> Progress<()> {
        self.deadline.check()?;
        Ok(if Instant::now() >= self.ends { Err(Finish::Time) } else { Ok(()) })
    }
}

/// An answer in the making.
pub(crate) struct Writer<'a> {
    model: &'a mut Model,
    clock: Clock<'a>,
    /// Tokens of prompt and answer that have been run.
    run: usize,
    /// Tokens that were written and not yet run: the model's scores are for what follows them.
    waiting: Vec<u32>,
    scores: Vec<f32>,
    tokens: usize,
    most_tokens: usize,
}

impl<'a> Writer<'a> {
    /// Reads the prompt; `Err` of the inner kind where there was no time for it.
    pub(crate) fn start(
        model: &'a mut Model,
        prompt: &[u32],
        most_tokens: usize,
        clock: Clock<'a>,
    ) -> Progress<Self> {
        let mut scores = Vec::new();
        let mut read = model.kept(prompt);
        while read < prompt.len() {
            if let Err(finish) = clock.tick()? {
                return Ok(Err(finish));
            }
            let (run, next) = model.read(prompt, read)?;
            (read, scores) = (run, next);
        }
        let (run, waiting) = (prompt.len(), Vec::new());
        Ok(Ok(Self { model, clock, run, waiting, scores, tokens: 0, most_tokens }))
    }

    /// Tokens written so far.
    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    /// Writes a part of the frame.
    #[allow(clippy::unnecessary_wraps, reason = "asked for together with `fill`")]
    pub(crate) fn write(&mut self, text: &str) -> Progress<()> {
        if text.is_empty() {
            return Ok(Ok(()));
        }
        let tokens = self.model.tokenizer().text(text);
        Ok(self.take(&tokens))
    }

    /// Has the model fill a hole, by always taking the token that it scores highest among those that fit. Where none
    /// fits, the hole stays as it is.
    pub(crate) fn fill(&mut self, hole: &mut impl Hole) -> Progress<()> {
        while !hole.is_done() {
            if let Some(forced) = hole.forced().map(<[u8]>::to_vec) {
                let text = String::from_utf8_lossy(&forced);
                if let Err(finish) = self.write(&text)? {
                    return Ok(Err(finish));
                }
                hole.push(&forced);
                continue;
            }
            if let Err(finish) = self.catch_up()? {
                return Ok(Err(finish));
            }
            let Some(token) = self.best(hole) else { break };
            hole.push(self.model.tokenizer().written(token).unwrap_or_default());
            if let Err(finish) = self.take(&[token]) {
                return Ok(Err(finish));
            }
        }
        self.write(hole.rest())
    }

    fn take(&mut self, tokens: &[u32]) -> std::result::Result<(), Finish> {
        let is_over = self.tokens + tokens.len() > self.most_tokens;
        if is_over || self.run + self.waiting.len() + tokens.len() > self.model.positions() {
            return Err(Finish::Length);
        }
        self.tokens += tokens.len();
        self.waiting.extend_from_slice(tokens);
        Ok(())
    }

    /// Runs what was written and not yet run.
    fn catch_up(&mut self) -> Progress<()> {
        while !self.waiting.is_empty() {
            if let Err(finish) = self.clock.tick()? {
                return Ok(Err(finish));
            }
            let some = self.waiting.len().min(crate::model::RUN);
            self.scores = self.model.run(self.run, &self.waiting[..some])?;
            self.waiting.drain(..some);
            self.run += some;
        }
        Ok(Ok(()))
    }

    /// The token with the highest score that fits; of equals the first. Only tokens that would win are tried.
    fn best(&self, hole: &impl Hole) -> Option<u32> {
        let tokenizer = self.model.tokenizer();
        let mut best: Option<(u32, f32)> = None;
        for (token, score) in (0..).zip(&self.scores) {
            // Broken weights score no number at all: then everything is as bad.
            let score = if score.is_nan() { f32::NEG_INFINITY } else { *score };
            if best.is_some_and(|(_, most)| score <= most) {
                continue;
            }
            let Some(bytes) = tokenizer.written(token).filter(|bytes| !bytes.is_empty()) else { continue };
            if hole.allows(bytes) {
                best = Some((token, score));
            }
        }
        best.map(|(token, _)| token)
    }
}
