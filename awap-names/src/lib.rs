//! People's names in a text, found by a sequence model: a linear-chain conditional random field over features of words,
//! their shape, name lists, line and document.
//!
//! It tells three kinds of people apart: whoever wrote the text, people of the writer's own life, and people one reads
//! or writes about (authors, public figures, characters). Only the first two are to be masked.
//!
//! The model runs on candidates alone: runs of words with a capital of which at least one may be a name, and words in
//! lower case on short lines. Time and memory are linear in the length of the text, which is taken in stretches of at
//! most [`STRETCH`] bytes. The same text gives the same answer everywhere: arithmetic is on whole numbers up to the last
//! step.
//!
//! `data/` holds the lists, the weights and the record of their training; `make train-names` makes them again.

mod candidates;
mod crf;
mod features;
mod hash;
pub mod lists;
mod table;
mod token;

pub use candidates::{Run, runs};
pub use crf::{Model, TAGS, Tag, lattice, log_sum, marginals};
pub use features::{BUCKETS, features};
pub use lists::Lists;
pub use token::{Text, Token};

use std::sync::LazyLock;

/// Who a name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whoever wrote the text.
    Writer,
    /// Somebody of the writer's own life.
    Private,
}

/// A name of someone who is to be masked, in bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Name {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whose it is.
    pub role: Role,
    /// How likely it is to be a name that is to be masked, from 0 to 1.
    pub confidence: f64,
}

/// The longest stretch of a text that is looked at as one, in bytes.
pub const STRETCH: usize = 64 << 10;

/// The lists that come with the crate.
static LISTS: Lists = Lists::EMBEDDED;

/// The weights that come with the crate.
static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(include_bytes!("../data/weights.bin")));

/// What the lists know of `word`, in the bits of [`lists::known`].
pub fn known_of(word: &str) -> u16 {
    LISTS.get(word)
}

/// Finds names in `text` whose probability of being to be masked is at least `threshold`.
pub fn find(text: &str, threshold: f64) -> Vec<Name> {
    find_outside(text, threshold, &|_, _| false)
}

/// The same but for names of which all lies in what `is_skipped` says, which is asked with the first byte of a run of
/// candidates and the one past its last. What is skipped is still seen as what stands around the others.
pub fn find_outside(text: &str, threshold: f64, is_skipped: &dyn Fn(usize, usize) -> bool) -> Vec<Name> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = stretch_end(text, start);
        find_in(text, start, end, &LISTS, &MODEL, threshold, is_skipped, &mut found);
        start = end;
    }
    found
}

/// The end of the stretch that starts at `start`: after a line, or else after a blank.
fn stretch_end(text: &str, start: usize) -> usize {
    let mut end = (start + STRETCH).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end == text.len() {
        return end;
    }
    let stretch = text.get(start..end).unwrap_or_default();
    stretch.rfind('\n').or_else(|| stretch.rfind(' ')).map_or(end, |i| start + i + 1)
}

#[allow(clippy::too_many_arguments)] // of one call
fn find_in(
    whole: &str,
    start: usize,
    end: usize,
    lists: &Lists,
    model: &Model,
    threshold: f64,
    is_skipped: &dyn Fn(usize, usize) -> bool,
    out: &mut Vec<Name>,
) {
    let stretch = whole.get(start..end).unwrap_or_default();
    let text = Text::new(stretch, lists, start == 0, end == whole.len());
    let mut indices = Vec::new();
    for run in runs(&text) {
        let first = text.tokens.get(run.start).map_or(0, |t| t.start as usize);
        let last = text.tokens.get(run.end - 1).map_or(first, |t| t.end as usize);
        if is_skipped(start + first, start + last) {
            continue;
        }
        let scores: Vec<[f32; TAGS]> = (run.start..run.end)
            .map(|i| {
                indices.clear();
                features(&text, run, i, &mut indices);
                model.score(&indices)
            })
            .collect();
        let likely = marginals(&scores, model);
        names_of(&text, run, &likely, threshold, start, out);
    }
}

/// Neighbouring tokens that are to be masked make a name; one that begins a name begins another.
fn names_of(
    text: &Text<'_>,
    run: Run,
    likely: &[[f32; TAGS]],
    threshold: f64,
    offset: usize,
    out: &mut Vec<Name>,
) {
    let mask = |p: &[f32; TAGS]| {
        f64::from(p.iter().zip(Tag::ALL).filter(|(_, t)| t.is_masked()).map(|(p, _)| p).sum::<f32>())
    };
    let mut at = 0;
    while at < likely.len() {
        let first = at;
        let (mut writer, mut private, mut best) = (0.0, 0.0, 0.0f64);
        while let Some(p) = likely.get(at) {
            let begins = p[Tag::WriterBegin as usize] + p[Tag::PrivateBegin as usize];
            let goes_on = p[Tag::WriterInside as usize] + p[Tag::PrivateInside as usize];
            if mask(p) < threshold || at > first && begins > goes_on {
                break;
            }
            writer += p[Tag::WriterBegin as usize] + p[Tag::WriterInside as usize];
            private += p[Tag::PrivateBegin as usize] + p[Tag::PrivateInside as usize];
            best = best.max(mask(p));
            at += 1;
        }
        if at == first {
            at += 1;
            continue;
        }
        let tokens = text.tokens.get(run.start + first..run.start + at).unwrap_or_default();
        // Full stops and hyphens belong to a name only between its words.
        let words: Vec<&Token> = tokens.iter().filter(|t| t.is_word()).collect();
        if let (Some(a), Some(z)) = (words.first(), words.last()) {
            let role = if writer >= private { Role::Writer } else { Role::Private };
            out.push(Name {
                start: offset + a.start as usize,
                end: offset + z.end as usize,
                role,
                confidence: best,
            });
        }
    }
}
