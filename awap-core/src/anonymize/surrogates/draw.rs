//! Draws that only the key can repeat: an HMAC-SHA-256 over what is asked for, stretched by a counter.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret of one TMA. The same key and the same TMA give the same one, on any machine; without the key nothing drawn
/// from it leads back to what it was drawn for, however few things that could have been.
#[derive(Clone)]
pub(in crate::anonymize) struct Seed(Option<Hmac<Sha256>>);

impl Seed {
    /// Of 32 bytes that nobody knows but by the key.
    pub(in crate::anonymize) fn new(secret: &[u8]) -> Self {
        // HMAC takes a key of any length (RFC 2104), so that there is always one.
        Self(Hmac::new_from_slice(secret).ok())
    }

    /// The draws for `key`, a folded original, as a `kind` of thing; another row of them for each `attempt`.
    pub(super) fn draw(&self, kind: &str, key: &str, attempt: u32) -> Draw {
        let mut mac = self.0.clone();
        if let Some(mac) = &mut mac {
            for field in [kind.as_bytes(), key.as_bytes(), &attempt.to_be_bytes()] {
                mac.update(&(field.len() as u64).to_be_bytes());
                mac.update(field);
            }
        }
        Draw { mac, block: Vec::new(), blocks: 0 }
    }
}

/// A row of numbers.
pub(super) struct Draw {
    mac: Option<Hmac<Sha256>>,
    block: Vec<u8>,
    blocks: u32,
}

impl Draw {
    fn number(&mut self) -> u32 {
        let mut number = 0;
        for _ in 0..4 {
            if self.block.is_empty()
                && let Some(mut mac) = self.mac.clone()
            {
                mac.update(&self.blocks.to_be_bytes());
                self.blocks += 1;
                self.block = mac.finalize().into_bytes().to_vec();
            }
            number = number << 8 | u32::from(self.block.pop().unwrap_or_default());
        }
        number
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.number()) * bound as u64) >> 32) as usize
    }

    /// One of `list`.
    pub(super) fn one<T: Copy + Default>(&mut self, list: &[T]) -> T {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }

    /// A digit.
    pub(super) fn digit(&mut self) -> char {
        char::from(b'0' + self.below(10) as u8)
    }

    /// A consonant, so that no word and no name comes of several; a capital for a capital.
    pub(super) fn letter(&mut self, like: char) -> char {
        let letter = char::from(self.one(b"bcdfghjkmnpqrtvwxz"));
        if like.is_uppercase() { letter.to_ascii_uppercase() } else { letter }
    }

    /// `text` with every letter and digit replaced by another of its kind.
    pub(super) fn fill(&mut self, text: &str) -> String {
        let other = |c: char| match c {
            c if c.is_numeric() => self.digit(),
            c if c.is_alphabetic() => self.letter(c),
            c => c,
        };
        text.chars().map(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_secret_draws_the_same_and_another_does_not() {
        let filled = |secret: &[u8], kind, key, attempt| {
            Seed::new(secret).draw(kind, key, attempt).fill("Ab12-345678901234567890")
        };
        let one = filled(b"secret", "id", "a1", 0);
        assert_eq!(one, filled(b"secret", "id", "a1", 0));
        for other in [
            filled(b"Secret", "id", "a1", 0),
            filled(b"secret", "ida", "1", 0),
            filled(b"secret", "id", "a1", 1),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(one.chars().filter(char::is_ascii_digit).count(), 20);
        assert!(one.starts_with(char::is_uppercase) && one.contains('-'));
    }

    #[test]
    fn draws_reach_every_number_below_the_bound() {
        let mut draw = Seed::new(b"secret").draw("k", "", 0);
        let mut seen = [0; 7];
        (0..700).for_each(|_| seen[draw.below(7)] += 1);
        assert!(seen.iter().all(|n| *n > 50), "{seen:?}");
    }
}
