//! What no surrogate may be: any word, number or value of the TMA, and any surrogate that was given out.

use std::collections::HashSet;

use super::bare;
use super::phone::national;
use crate::text::fold;

/// Words, numbers and values, folded, letters and digits alone.
#[derive(Default)]
pub(super) struct Taken(HashSet<String>);

/// So many groups of digits may make one number.
const GROUPS: usize = 6;

impl Taken {
    /// Takes in the words of a text, and the numbers that its groups of digits make with one mark or blank between.
    pub(super) fn text(&mut self, text: &str) {
        let folded = fold(text);
        let mut groups: Vec<&str> = Vec::new();
        let mut gap = 0;
        for word in folded.split(|c: char| !c.is_alphanumeric()) {
            gap += 1;
            if word.is_empty() {
                continue;
            }
            let digits = word.bytes().all(|b| b.is_ascii_digit());
            if gap > 2 || !digits {
                groups.clear();
            }
            gap = 0;
            if !digits {
                self.word(word);
                continue;
            }
            groups.push(word);
            let first = groups.len().saturating_sub(GROUPS);
            for from in first..groups.len() {
                let number = groups.get(from..).unwrap_or_default().concat();
                // A telephone number is the same with its country code.
                self.word(national(&number));
                self.word(&number);
            }
        }
        if folded.len() <= LONGEST {
            self.word(&bare(text));
        }
    }

    fn word(&mut self, word: &str) {
        if !self.0.contains(word) {
            self.0.insert(word.to_owned());
        }
    }

    /// Takes `surrogate` if it is free; says whether it was.
    pub(super) fn take(&mut self, surrogate: &str) -> bool {
        let surrogate = bare(surrogate);
        if surrogate.bytes().all(|b| b.is_ascii_digit()) && self.0.contains(national(&surrogate)) {
            return false;
        }
        self.0.insert(surrogate)
    }
}

/// A text of more bytes is no value.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_words_numbers_and_what_was_given_out() {
        let mut taken = Taken::default();
        taken.text("Ring Siân on 07700 900-142, or 12; O’Neill");
        for word in ["sian", "SIÂN", "07700900142", "+44 7700 900142", "900142", "12", "Neill"] {
            assert!(!taken.take(word), "{word}");
        }
        assert!(taken.take("90014212"));
        assert!(taken.take("Anna") && !taken.take("anna"));
    }
}
