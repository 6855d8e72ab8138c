//! Name lists, places and word frequencies: what is known of a folded word.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::hash::hash_word;
use crate::table::{known_of, table};

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

/// The lists, as a table of hashes.
pub struct Lists(Cow<'static, [u8]>);

impl Lists {
    /// The lists that come with the crate.
    pub const EMBEDDED: Self = Self(Cow::Borrowed(include_bytes!(concat!(env!("OUT_DIR"), "/lists.table"))));

    /// The lists of a map from words to what is known of them, as the bytes of an [`fst::Map`]; empty where they are none.
    pub fn of_map(bytes: &[u8]) -> Self {
        Self(Cow::Owned(table(bytes)))
    }

    /// What is known of `word`, in any case and with or without diacritics.
    pub fn get(&self, word: &str) -> u16 {
        self.get_hashed(word, hash_word(word))
    }

    /// The same, where the hash of the word (in lower case) is at hand.
    pub(crate) fn get_hashed(&self, word: &str, hash: u64) -> u16 {
        if word.is_ascii() && word.len() <= 32 {
            return known_of(&self.0, hash);
        }
        known_of(&self.0, hash_word(&plain(word)))
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
        let lists = Lists::EMBEDDED;
        assert!(lists.get("Anna") & known::GIVEN != 0);
        assert!(lists.get("Łukasz") & known::GIVEN != 0);
        assert!(lists.get("MENSAH") & known::FAMILY != 0);
        assert!(known::frequency(lists.get("house")) >= 4);
        assert_eq!(lists.get("qqzx"), 0);
    }
}
