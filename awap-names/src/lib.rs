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
    /// Somebody who is read or written about, as far as the words around the name say.
    Public,
}

/// A name, in bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Name {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Whose it is.
    pub role: Role,
    /// From 0 to 1: how likely it is the writer's or that of somebody of the writer's own life; for [`Role::Public`], how likely it is
    /// a person's at all.
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

/// From which probability on a name is told of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// That it is the writer's or that of somebody of the writer's own life.
    pub own: f64,
    /// Otherwise, that it is a person's at all; over 1 for no such names.
    pub person: f64,
}

/// Finds names of the writer and of people of the writer's own life in `text` whose probability is at least `threshold`.
pub fn find(text: &str, threshold: f64) -> Vec<Name> {
    find_outside(text, Thresholds { own: threshold, person: f64::INFINITY }, &|_, _| false)
}

/// Finds names, but for those of which all lies in what `is_skipped` says, which is asked with the first byte of a run of
/// candidates and the one past its last. What is skipped is still seen as what stands around the others.
pub fn find_outside(
    text: &str,
    thresholds: Thresholds,
    is_skipped: &dyn Fn(usize, usize) -> bool,
) -> Vec<Name> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = stretch_end(text, start);
        find_in(text, start, end, thresholds, is_skipped, &mut found);
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

fn find_in(
    whole: &str,
    start: usize,
    end: usize,
    thresholds: Thresholds,
    is_skipped: &dyn Fn(usize, usize) -> bool,
    out: &mut Vec<Name>,
) {
    let stretch = whole.get(start..end).unwrap_or_default();
    let model = &*MODEL;
    let text = Text::new(stretch, &LISTS, start == 0, end == whole.len());
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
        names_of(&text, run, &likely, thresholds, start, out);
    }
}

/// How likely a token is the writer's, of somebody of the writer's own life, of anybody.
fn shares(p: &[f32; TAGS]) -> [f64; 3] {
    let of = |begin: Tag, inside: Tag| {
        f64::from(p.get(begin as usize).copied().unwrap_or_default())
            + f64::from(p.get(inside as usize).copied().unwrap_or_default())
    };
    let writer = of(Tag::WriterBegin, Tag::WriterInside);
    let private = of(Tag::PrivateBegin, Tag::PrivateInside);
    [writer, private, writer + private + of(Tag::PublicBegin, Tag::PublicInside)]
}

/// How likely a token begins a name, and goes on with one.
fn begins_or_goes_on(p: &[f32; TAGS], own: bool) -> (f32, f32) {
    let of = |tags: [Tag; 3]| {
        tags.into_iter().take(if own { 2 } else { 3 }).filter_map(|t| p.get(t as usize)).sum::<f32>()
    };
    (
        of([Tag::WriterBegin, Tag::PrivateBegin, Tag::PublicBegin]),
        of([Tag::WriterInside, Tag::PrivateInside, Tag::PublicInside]),
    )
}

/// Neighbouring tokens that are likely enough make a name; one that begins a name begins another.
fn names_of(
    text: &Text<'_>,
    run: Run,
    likely: &[[f32; TAGS]],
    thresholds: Thresholds,
    offset: usize,
    out: &mut Vec<Name>,
) {
    let is_own = |[writer, private, _]: [f64; 3]| writer + private >= thresholds.own;
    let is_person = |shares: [f64; 3]| !is_own(shares) && shares[2] >= thresholds.person;
    let mut at = 0;
    while let Some(first) = likely.get(at) {
        let own = is_own(shares(first));
        if !own && !is_person(shares(first)) {
            at += 1;
            continue;
        }
        let begin = at;
        let (mut writer, mut private, mut best) = (0.0, 0.0, 0.0f64);
        while let Some(p) = likely.get(at) {
            let share = shares(p);
            let (begins, goes_on) = begins_or_goes_on(p, own);
            let is_of_it = if own { is_own(share) } else { is_person(share) };
            if !is_of_it || at > begin && begins > goes_on {
                break;
            }
            writer += share[0];
            private += share[1];
            best = best.max(if own { share[0] + share[1] } else { share[2] });
            at += 1;
        }
        let tokens = text.tokens.get(run.start + begin..run.start + at).unwrap_or_default();
        // Full stops and hyphens belong to a name only between its words.
        let words: Vec<&Token> = tokens.iter().filter(|t| t.is_word()).collect();
        if let (Some(a), Some(z)) = (words.first(), words.last()) {
            let role = match own {
                true if writer >= private => Role::Writer,
                true => Role::Private,
                false => Role::Public,
            };
            out.push(Name {
                start: offset + a.start as usize,
                end: offset + z.end as usize,
                role,
                confidence: best,
            });
        }
    }
}
