//! Sealing: authenticated encryption of what identifies a student.
//!
//! A sealed value is `1` (the form), the id of its key (4 bytes), a random nonce (24 bytes), then the ciphertext and
//! tag of XChaCha20-Poly1305. The row it belongs to is authenticated with it, so that a value moved to another row
//! does not open.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use awap_core::{Error, ErrorCode, Result};

use crate::fault;

const FORM: u8 = 1;
const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + ID_BYTES + NONCE_BYTES;

/// The key that seals, and older ones that still open.
#[derive(Clone)]
pub struct SealKeys {
    current: SealKey,
    older: Vec<SealKey>,
}

#[derive(Clone)]
struct SealKey {
    id: [u8; ID_BYTES],
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealKeys({}, {} older)", self.current_id(), self.older.len())
    }
}

/// What went wrong on opening a sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// It was sealed with a key that this process was not given.
    UnknownKey,
    /// It was changed, cut, or belongs to another row.
    Damaged,
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::UnknownKey => Self::new(
                ErrorCode::NotConfigured,
                "A sealed row was sealed with another key: give that key in AWAP_SEAL_KEY or AWAP_SEAL_KEYS_OLD.",
            ),
            OpenError::Damaged => fault::internal("A sealed row is damaged and cannot be opened."),
        }
    }
}

impl SealKeys {
    /// Keys from hexadecimal digits, 32 bytes each: the one that seals, and any number of older ones.
    pub fn from_hex(current: &str, older: &[&str]) -> Result<Self> {
        let older = older.iter().map(|hex| SealKey::from_hex(hex)).collect::<Result<_>>()?;
        Ok(Self { current: SealKey::from_hex(current)?, older })
    }

    /// The id of the key that seals, as the `key_id` columns have it.
    pub fn current_id(&self) -> String {
        to_hex(&self.current.id)
    }

    /// The ids of the keys that open and do not seal.
    pub(crate) fn older_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.older.iter().map(|key| to_hex(&key.id)).collect();
        ids.retain(|id| *id != self.current_id());
        ids
    }

    /// Seals `plain` for the row that `row` names (`vault:stu_…`).
    pub(crate) fn seal(&self, row: &str, mut plain: Vec<u8>) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| fault::internal("This system gives no random numbers."))?;
        self.current
            .cipher
            .encrypt_in_place(&XNonce::from(nonce), row.as_bytes(), &mut plain)
            .map_err(|_| fault::internal("A value is too large to be sealed."))?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + plain.len());
        sealed.push(FORM);
        sealed.extend_from_slice(&self.current.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&plain);
        Ok(sealed)
    }

    /// Opens what [`seal`](Self::seal) made for the same row.
    pub(crate) fn open(&self, row: &str, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or(OpenError::Damaged)?;
        let (id, nonce) = match header {
            [FORM, rest @ ..] => rest.split_at_checked(ID_BYTES).ok_or(OpenError::Damaged)?,
            _ => return Err(OpenError::Damaged),
        };
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| OpenError::Damaged)?;
        let key = std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id == id)
            .ok_or(OpenError::UnknownKey)?;
        let mut plain = body.to_vec();
        key.cipher
            .decrypt_in_place(&XNonce::from(nonce), row.as_bytes(), &mut plain)
            .map_err(|_| OpenError::Damaged)?;
        Ok(plain)
    }
}

impl SealKey {
    fn from_hex(hex: &str) -> Result<Self> {
        let bytes: [u8; KEY_BYTES] =
            from_hex(hex).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
                Error::new(
                    ErrorCode::NotConfigured,
                    "A seal key must be hexadecimal digits for 32 bytes (openssl rand -hex 32 makes one).",
                )
            })?;
        let digest = Sha256::new().chain_update(b"awap seal key id").chain_update(bytes).finalize();
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&digest[..ID_BYTES]);
        Ok(Self { id, cipher: XChaCha20Poly1305::new(&bytes.into()) })
    }
}

/// Bytes from hexadecimal digits, blanks around them allowed.
pub(crate) fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    hex.trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// Hexadecimal digits, in lower case.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(current: u8, older: &[u8]) -> SealKeys {
        let hex = |byte: u8| to_hex(&[byte; KEY_BYTES]);
        let older: Vec<String> = older.iter().map(|byte| hex(*byte)).collect();
        SealKeys::from_hex(&hex(current), &older.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn opens_what_it_sealed_and_for_that_row_alone() {
        let keys = keys(1, &[]);
        let sealed = keys.seal("vault:a", b"Ada".to_vec()).unwrap();
        assert!(!sealed.windows(3).any(|w| w == b"Ada"));
        assert_eq!(keys.open("vault:a", &sealed).unwrap(), b"Ada");
        assert_eq!(keys.open("vault:b", &sealed), Err(OpenError::Damaged));
        assert_ne!(sealed, keys.seal("vault:a", b"Ada".to_vec()).unwrap(), "a nonce is used once");
    }

    #[test]
    fn every_changed_byte_and_every_cut_shows() {
        let keys = keys(1, &[]);
        let sealed = keys.seal("row", b"identity".to_vec()).unwrap();
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(keys.open("row", &changed).is_err(), "byte {i}");
            assert!(keys.open("row", &sealed[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn an_older_key_opens_and_does_not_seal() {
        let sealed = keys(1, &[]).seal("row", b"identity".to_vec()).unwrap();
        let rotated = keys(2, &[1]);
        assert_eq!(rotated.open("row", &sealed).unwrap(), b"identity");
        assert_eq!(keys(2, &[]).open("row", &sealed), Err(OpenError::UnknownKey));
        let again = rotated.seal("row", b"identity".to_vec()).unwrap();
        assert_eq!(keys(1, &[]).open("row", &again), Err(OpenError::UnknownKey));
    }

    #[test]
    fn a_key_is_of_thirty_two_bytes() {
        for bad in ["", "zz", &"a".repeat(63), &"a".repeat(62), &"a".repeat(66)] {
            assert!(SealKeys::from_hex(bad, &[]).is_err(), "{bad}");
        }
    }
}
