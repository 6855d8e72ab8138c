//! Name lists, places and word frequencies: one finite-state map from a folded word to what is known of it.

use fst::{Map, Streamer as _};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::token::hash_word;

/// What is known of a word. The kinds are bits; how common the word is takes three bits more.
pub mod known {
    /// A given name.
    pub const GIVEN: u16 = 1;
    /// A family name.
    pub const FAMILY: u16 = 2;
    /// Some name, in lists that do not say which.
    pub const NAME: u16 = 4;
    /// A place.
    pub const PLACE: u16 = 8;
    /// Mostly written with a capital in the lists of frequencies.
    pub const CAPITAL: u16 = 16;
    /// Where the frequency begins: 0 unknown, then one more for each factor of eight.
    pub const FREQUENCY: u16 = 5;

    /// How common the word is in lower case, from 0 to 7.
    pub fn frequency(word: u16) -> u16 {
        if word & CAPITAL == 0 { word >> FREQUENCY } else { 0 }
    }
}

/// The lists, unpacked into a table, which is ten times as fast to search as the map they come in.
pub struct Lists {
    /// Twice as many slots as words or more, a power of two of them: the hash of a word, and what is known of it. No word
    /// is told by hash 0.
    slots: Vec<(u64, u16)>,
}

impl Lists {
    /// The map in `bytes`; empty where they are none.
    pub fn new(bytes: &[u8]) -> Self {
        let Ok(map) = Map::new(bytes) else { return Self { slots: Vec::new() } };
        let mut lists = Self { slots: vec![(0, 0); (map.len() * 2).next_power_of_two()] };
        let mut words = map.stream();
        while let Some((word, known)) = words.next() {
            let hash = std::str::from_utf8(word).map_or(0, hash_word);
            let at = lists.slot(hash);
            if let Some(slot) = lists.slots.get_mut(at) {
                *slot = (hash, known as u16);
            }
        }
        lists
    }

    /// Where `hash` is, or would be.
    fn slot(&self, hash: u64) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = crate::token::spread(hash) as usize & mask;
        // Half of the slots are free, so that this ends, and soon.
        while self.slots.get(at).is_some_and(|(other, _)| *other != hash && *other != 0) {
            at = (at + 1) & mask;
        }
        at
    }

    fn of_hash(&self, hash: u64) -> u16 {
        self.slots.get(self.slot(hash)).filter(|(other, _)| *other == hash).map_or(0, |(_, known)| *known)
    }

    /// What is known of `word`, in any case and with or without diacritics.
    pub fn get(&self, word: &str) -> u16 {
        self.get_hashed(word, hash_word(word))
    }

    /// The same, where the hash of the word (in lower case) is at hand.
    pub(crate) fn get_hashed(&self, word: &str, hash: u64) -> u16 {
        if word.is_ascii() && word.len() <= 32 {
            return self.of_hash(hash);
        }
        self.of_hash(hash_word(&plain(word)))
    }
}

impl std::fmt::Debug for Lists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lists(..)")
    }
}

/// A word in lower case without marks and apostrophes: the key of the lists.
pub fn plain(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ı' => out.push('i'),
            c if c.is_alphanumeric() => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain() {
        for (word, key) in
            [("Siân", "sian"), ("O’Neill", "oneill"), ("Łukasz", "lukasz"), ("Großmann", "grossmann")]
        {
            assert_eq!(plain(word), key);
        }
    }

    #[test]
    fn knows_names_places_and_words() {
        let lists = Lists::new(include_bytes!("../data/lists.fst"));
        assert!(lists.get("Anna") & known::GIVEN != 0);
        assert!(lists.get("Łukasz") & known::GIVEN != 0);
        assert!(lists.get("MENSAH") & known::FAMILY != 0);
        assert!(known::frequency(lists.get("house")) >= 4);
        assert_eq!(lists.get("qqzx"), 0);
    }
}
