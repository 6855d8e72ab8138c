//! The lists as a table of hashes, which is searched where it lies: made once, when the crate is built.
//!
//! The map that the lists are kept in is a third as large, but a tenth as fast to search, and to unpack it took half of the
//! time in which a process comes to its first answer.

use fst::{Map, Streamer as _};

use crate::hash::{hash_word, spread};

/// The bytes of a slot: four of the word's hash, little-endian and never nothing, and two of what is known of it.
pub(crate) const SLOT: usize = 6;

/// The table of the words in `map`: a power of two of slots, twice as many as words or more. Empty where `map` is no map.
pub(crate) fn table(map: &[u8]) -> Vec<u8> {
    let Ok(map) = Map::new(map) else { return Vec::new() };
    let mut table = vec![0; (map.len() * 2).next_power_of_two() * SLOT];
    let mut words = map.stream();
    while let Some((word, known)) = words.next() {
        let Ok(word) = std::str::from_utf8(word) else { continue };
        let hash = hash_word(word);
        let at = place(&table, hash);
        if let Some(slot) = table.get_mut(at..at + SLOT) {
            let (key, value) = slot.split_at_mut(4);
            key.copy_from_slice(&key_of(hash).to_le_bytes());
            value.copy_from_slice(&(known as u16).to_le_bytes());
        }
    }
    table
}

/// What is known of the word with `hash`; nothing where it is in no list. Of the words that are in none, one in four
/// thousand million is taken for one that is.
pub(crate) fn known_of(table: &[u8], hash: u64) -> u16 {
    match table.get(place(table, hash)..) {
        Some([a, b, c, d, low, high, ..]) if u32::from_le_bytes([*a, *b, *c, *d]) == key_of(hash) => {
            u16::from_le_bytes([*low, *high])
        }
        _ => 0,
    }
}

/// Where the slot of `hash` begins, or would.
fn place(table: &[u8], hash: u64) -> usize {
    let mask = (table.len() / SLOT).wrapping_sub(1);
    let mut at = spread(hash) as usize & mask;
    // Half of the slots are free, so that this ends, and soon.
    loop {
        match table.get(at * SLOT..) {
            Some([a, b, c, d, ..]) => {
                let key = u32::from_le_bytes([*a, *b, *c, *d]);
                if key == 0 || key == key_of(hash) {
                    return at * SLOT;
                }
            }
            _ => return table.len(),
        }
        at = (at + 1) & mask;
    }
}

fn key_of(hash: u64) -> u32 {
    (hash as u32).max(1)
}
