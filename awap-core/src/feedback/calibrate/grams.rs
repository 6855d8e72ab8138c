//! A script as a sparse vector: which stems, pairs of stems and strings of letters it uses, by hash.
//!
//! Hashes rather than strings, so that a model trained on students' scripts holds none of their words.

use std::collections::HashMap;

use crate::text::{self, Span};

/// Numbers of the hash.
pub(super) const BUCKETS: usize = 1 << 17;
/// The shortest and longest strings of letters.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=6;
/// The share of the squared length that words have; letters have the rest.
const WORDS_SHARE: f32 = 0.2;

/// A sparse vector of length 1, sorted by bucket.
pub(super) type Sparse = Vec<(u32, f32)>;

/// One use of a feature: the bucket and where in the text it stands. A text has five for each of its letters: they are kept small.
pub(super) struct Use {
    pub(super) bucket: u32,
    start: u32,
    end: u32,
    is_word: bool,
}

impl Use {
    fn new(hash: u64, span: Span, is_word: bool) -> Self {
        Self { bucket: bucket(hash), start: span.start as u32, end: span.end as u32, is_word }
    }

    pub(super) fn span(&self) -> Span {
        Span::new(self.start as usize, self.end as usize)
    }
}

fn fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn bucket(hash: u64) -> u32 {
    // The high bits are mixed into the low, which alone FNV leaves poorly mixed.
    ((hash ^ (hash >> 29) ^ (hash >> 43)) % BUCKETS as u64) as u32
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

/// Every use of a feature in `text`, in no order that matters.
pub(super) fn uses(text: &str) -> Vec<Use> {
    let mut out = Vec::with_capacity(text.len() * 6);
    let mut stems: HashMap<&str, String> = HashMap::new();
    let mut previous: Option<(u64, Span)> = None;
    for span in text::tokens(text) {
        let word = span.of(text);
        let stem = stems.entry(word).or_insert_with(|| text::stem(&word.to_lowercase()));
        let own = stem.bytes().fold(fnv(SEED, b'w'), fnv);
        out.push(Use::new(own, span, true));
        if let Some((before, from)) = previous {
            let pair = stem.bytes().fold(fnv(before, b' '), fnv);
            out.push(Use::new(pair, Span::new(from.start, span.end), true));
        }
        previous = Some((own, span));
    }
    // White space counts as one space, so that the ends of words are seen and line breaks are not.
    let mut letters: Vec<(Span, char)> = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let own = Span::new(at, at + c.len_utf8());
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || letters.last().is_some_and(|(_, l)| *l != ' ') {
            letters.extend(c.to_lowercase().map(|c| (own, c)));
        }
    }
    for (i, (first, _)) in letters.iter().enumerate() {
        let mut hash = fnv(SEED, b'c');
        for (n, (last, c)) in letters.iter().skip(i).take(*LETTERS.end()).enumerate() {
            let mut bytes = [0; 4];
            hash = c.encode_utf8(&mut bytes).bytes().fold(hash, fnv);
            if LETTERS.contains(&(n + 1)) {
                out.push(Use::new(fnv(hash, n as u8), Span::new(first.start, last.end), false));
            }
        }
    }
    out
}

/// The vector of a text whose features are `uses`: each counts once however often it is used, words and letters by fixed
/// shares.
pub(super) fn vector(uses: &[Use]) -> Sparse {
    // Whether letters, and whether words, fall into each bucket.
    let mut is_used = vec![[false; 2]; BUCKETS];
    for one in uses {
        is_used[one.bucket as usize][usize::from(one.is_word)] = true;
    }
    let value = |is_word: bool| -> f32 {
        let length = (is_used.iter().filter(|used| used[usize::from(is_word)]).count() as f32).sqrt();
        let share = if is_word { WORDS_SHARE } else { 1.0 - WORDS_SHARE };
        if length > 0.0 { share.sqrt() / length } else { 0.0 }
    };
    let (letters, words) = (value(false), value(true));
    let values = is_used.iter().map(|used| match used {
        [false, false] => 0.0,
        [true, false] => letters,
        [false, true] => words,
        [true, true] => words + letters,
    });
    (0..).zip(values).filter(|(_, value)| *value > 0.0).collect()
}
