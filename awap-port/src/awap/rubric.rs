//! The rubric's file, in JSON or YAML.

use std::fs;
use std::path::Path;

use awap_core::submission::Content;
use awap_core::{Deadline, Engine, Error, Submission};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// A rubric as it stands in its file, not yet checked (the core does that when it marks).
pub(crate) struct Rubric {
    pub(crate) value: Value,
    /// SHA-256 of the file, in hexadecimal digits.
    pub(crate) sha256: String,
}

pub(crate) fn read(path: &Path) -> Result<Rubric, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::cannot_read(path, &error))?;
    // YAML holds JSON, and says where a fault is.
    let value: Value = serde_norway::from_str(&text).map_err(|error| {
        Failure::configuration(format!("{} is neither JSON nor YAML: {error}.", path.display()))
    })?;
    Ok(Rubric { value, sha256: hex(&Sha256::digest(text.as_bytes())) })
}

/// Whether the core can mark by the rubric: told once, and not for each TMA.
pub(crate) fn check(rubric: &Value, engine: &Engine) -> Result<(), Failure> {
    let unusable = |error: Error| {
        let message = error.message();
        let at = error.details().get("path").and_then(Value::as_str).filter(|path| !message.contains(*path));
        let at = at.map(|path| format!(" (at {path})")).unwrap_or_default();
        Failure::configuration(format!("The rubric cannot be used. {message}{at}"))
    };
    let nothing = Submission {
        content: Content { text: Some(String::new()), ..Content::default() },
        rubric: Some(rubric.clone()),
        ..Submission::default()
    };
    let parsed = engine.parse(nothing, &Deadline::never()).map_err(unusable)?;
    engine.mark(&parsed, &Deadline::never()).map(|_| ()).map_err(unusable)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
