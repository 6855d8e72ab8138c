//! The bytes that tokens write, in the two ways that vocabularies spell them.

use std::collections::HashMap;

use super::spm::SPACE;

/// The alphabet of byte-level BPE: each byte has a printable character, its own where it has one.
pub(crate) struct Alphabet(HashMap<char, u8>);

impl Alphabet {
    pub(crate) fn new() -> Self {
        let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
        let mut next = 256_u32;
        let characters = (0..=255_u8).filter_map(|byte| {
            let code = if printable(byte) {
                u32::from(byte)
            } else {
                next += 1;
                next - 1
            };
            Some((char::from_u32(code)?, byte))
        });
        Self(characters.collect())
    }

    /// The bytes of a token; `None` where it is not spelt in this alphabet, and so is not one that text is made of.
    pub(crate) fn bytes(&self, token: &str) -> Option<Vec<u8>> {
        token.chars().map(|c| self.0.get(&c).copied()).collect()
    }
}

/// The byte that a token of the form `<0x0A>` stands for.
pub(crate) fn byte_token(token: &str) -> Option<u8> {
    let hex = token.strip_prefix("<0x")?.strip_suffix('>')?;
    if hex.len() == 2 { u8::from_str_radix(hex, 16).ok() } else { None }
}

/// The bytes of a token of SentencePiece.
pub(crate) fn sentence_piece(token: &str) -> Vec<u8> {
    byte_token(token).map_or_else(|| token.replace(SPACE, " ").into_bytes(), |byte| vec![byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings() {
        let alphabet = Alphabet::new();
        assert_eq!(alphabet.0.len(), 256);
        assert_eq!(alphabet.bytes("Ġthe"), Some(b" the".to_vec()));
        assert_eq!(alphabet.bytes("ĊĊ"), Some(b"\n\n".to_vec()));
        assert_eq!(alphabet.bytes("Ã©"), Some("é".as_bytes().to_vec()));
        assert_eq!(alphabet.bytes("a b"), None, "a space is spelt “Ġ”");
        assert_eq!(sentence_piece("▁the"), b" the");
        assert_eq!(sentence_piece("<0x0A>"), b"\n");
        assert_eq!(sentence_piece("<0xZZ>"), b"<0xZZ>");
    }
}
