//! A script as a sparse vector: which stems, pairs of stems and strings of letters it uses, by hash.
//!
//! Hashes rather than strings, so that a model trained on students' scripts holds none of their words.

use crate::text::{self, Span};

/// Numbers of the hash.
pub(super) const BUCKETS: usize = 1 << 17;
/// The shortest and longest strings of letters.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=6;
/// The share of the squared length that words have; letters have the rest.
const WORDS_SHARE: f32 = 0.2;

/// A sparse vector of length 1, sorted by bucket.
pub(super) type Sparse = Vec<(u32, f32)>;

/// One use of a feature: the bucket and where in the text it stands.
pub(super) struct Use {
    pub(super) bucket: u32,
    pub(super) span: Span,
    pub(super) is_word: bool,
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
    let mut out = Vec::with_capacity(text.len() * 4);
    let mut previous: Option<(u64, Span)> = None;
    for span in text::tokens(text) {
        let stem = text::stem(&span.of(text).to_lowercase());
        let own = stem.bytes().fold(fnv(SEED, b'w'), fnv);
        out.push(Use { bucket: bucket(own), span, is_word: true });
        if let Some((before, from)) = previous {
            let pair = stem.bytes().fold(fnv(before, b' '), fnv);
            out.push(Use { bucket: bucket(pair), span: Span::new(from.start, span.end), is_word: true });
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
                out.push(Use {
                    bucket: bucket(fnv(hash, n as u8)),
                    span: Span::new(first.start, last.end),
                    is_word: false,
                });
            }
        }
    }
    out
}

/// The vector of a text whose features are `uses`: each counts once however often it is used, words and letters by fixed
/// shares.
pub(super) fn vector(uses: &[Use]) -> Sparse {
    let mut values = vec![0.0f32; BUCKETS];
    for is_word in [true, false] {
        let mut is_used = vec![false; BUCKETS];
        for one in uses.iter().filter(|u| u.is_word == is_word) {
            is_used[one.bucket as usize] = true;
        }
        let length = (is_used.iter().filter(|used| **used).count() as f32).sqrt();
        let share = if is_word { WORDS_SHARE } else { 1.0 - WORDS_SHARE };
        let scale = if length > 0.0 { share.sqrt() / length } else { 0.0 };
        for (value, _) in values.iter_mut().zip(is_used).filter(|(_, used)| *used) {
            *value += scale;
        }
    }
    (0..).zip(values).filter(|(_, value)| *value > 0.0).collect()
}
