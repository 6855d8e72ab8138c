//! Pseudonyms: keyed, stable within the key, never a plain hash.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::surrogates::Seed;
use crate::{Error, ErrorCode, Result, Submission};

/// How long a pseudonym is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PseudonymScope {
    /// As long as the key is kept.
    Key,
    /// As long as this process lives: no key was given, so it made one.
    Process,
}

/// The key under which pseudonyms are made.
#[derive(Clone)]
pub struct PseudonymKey {
    bytes: Vec<u8>,
    scope: PseudonymScope,
}

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PseudonymKey({:?})", self.scope)
    }
}

/// Whether `text` has the form of a pseudonym.
pub(super) fn is_pseudonym(text: &str) -> bool {
    let digits = text.strip_prefix("stu_");
    digits.is_some_and(|d| d.len() == 32 && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The least length of a key, in bytes.
const KEY_BYTES: usize = 32;

impl PseudonymKey {
    /// A key from hexadecimal digits, 32 bytes or more.
    pub fn from_hex(hex: &str) -> Result<Self> {
        let hex = hex.trim();
        let nibble = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
        let bytes: Option<Vec<u8>> = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
                _ => None,
            })
            .collect();
        match bytes {
            Some(bytes) if bytes.len() >= KEY_BYTES => Ok(Self { bytes, scope: PseudonymScope::Key }),
            _ => Err(Error::new(
                ErrorCode::InvalidInput,
                "The pseudonym key must be hexadecimal digits for 32 bytes or more (openssl rand -hex 32 makes one).",
            )),
        }
    }

    /// A random key for the life of this process.
    pub fn random() -> Result<Self> {
        let mut bytes = vec![0; KEY_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|_| Error::new(ErrorCode::Internal, "This system gives no random numbers."))?;
        Ok(Self { bytes, scope: PseudonymScope::Process })
    }

    /// HMAC takes a key of any length (RFC 2104), so that there always is one.
    fn mac(&self) -> Option<Hmac<Sha256>> {
        Hmac::new_from_slice(&self.bytes).ok()
    }

    /// What the surrogates of one TMA are drawn with: a secret of the student's pseudonym and of all its texts, so that
    /// another TMA, also of the same student, has another.
    pub(super) fn seed<'a>(&self, pseudonym: &'a str, texts: impl Iterator<Item = &'a str>) -> Seed {
        let Some(mut mac) = self.mac() else { return Seed::new(&[]) };
        for text in ["surrogates", pseudonym].into_iter().chain(texts) {
            mac.update(&(text.len() as u64).to_be_bytes());
            mac.update(text.as_bytes());
        }
        Seed::new(&mac.finalize().into_bytes())
    }

    /// How long its pseudonyms are good for.
    pub fn scope(&self) -> PseudonymScope {
        self.scope
    }

    /// The pseudonym of the student who handed in `tma`: `stu_` and 32 hexadecimal digits of an HMAC-SHA-256.
    ///
    /// It is made of the first of these that is given: `student_id`, `student.username`, `student.email`,
    /// `student.name`; of the content where the host knows nothing of the student. Case and outer blanks do not count.
    pub fn pseudonym(&self, tma: &Submission) -> String {
        let known = |value: &Option<String>| {
            value.as_deref().map(str::trim).filter(|v| !v.is_empty()).map(str::to_lowercase)
        };
        let student = tma.student.as_ref();
        let subject = known(&tma.student_id)
            .map(|id| ("id", id))
            .or_else(|| student.and_then(|s| known(&s.username)).map(|v| ("username", v)))
            .or_else(|| student.and_then(|s| known(&s.email)).map(|v| ("email", v)))
            .or_else(|| student.and_then(|s| known(&s.name)).map(|v| ("name", v)))
            .unwrap_or_else(|| ("content", serde_json::to_string(&tma.content).unwrap_or_default()));
        let Some(mut mac) = self.mac() else { return String::new() };
        mac.update(subject.0.as_bytes());
        mac.update(&[0]);
        mac.update(subject.1.as_bytes());
        let digest = mac.finalize().into_bytes();
        digest.iter().take(16).fold(String::from("stu_"), |mut out, byte| {
            use std::fmt::Write as _;
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}
