//! Hashes of words, the same in the lists, the model's features and the counts of a text.

/// The bits of a hash that number the slots of a table: FNV leaves words that end alike close together.
pub(crate) fn spread(hash: u64) -> u64 {
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

/// FNV-1a, one character more.
pub(crate) fn mix(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0100_0000_01b3)
}

/// Where hashes begin.
pub(crate) const SEED: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of a word, in lower case.
pub(crate) fn hash_word(word: &str) -> u64 {
    if word.is_ascii() {
        let hash = word.bytes().fold(SEED, |hash, byte| mix(hash, u64::from(byte.to_ascii_lowercase())));
        return finish(hash);
    }
    let mut hash = SEED;
    for c in word.chars() {
        if c.is_ascii() {
            hash = mix(hash, u64::from(c.to_ascii_lowercase() as u32));
        } else if !is_hidden(c) {
            for c in c.to_lowercase() {
                hash = mix(hash, u64::from(c as u32));
            }
        }
    }
    finish(hash)
}

/// The low bits choose the bucket of a table.
pub(crate) fn finish(hash: u64) -> u64 {
    hash ^ (hash >> 29)
}

pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}
