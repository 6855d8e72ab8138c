//! The pseudonym key, from a file or the environment.

use std::fs;
use std::path::Path;

use awap_core::anonymize::PseudonymKey;
use awap_core::{Error, ErrorCode, Result};

/// The key in `file`, else the one in `AWAP_PSEUDONYM_KEY`, if there is one. An error says which it was.
pub fn given(file: Option<&Path>) -> Result<Option<PseudonymKey>> {
    match file {
        Some(path) => from_file(path).map(Some),
        // Another key would be made in its place, and other pseudonyms with it.
        None if std::env::var_os("AWAP_PSEUDONYM_KEY").is_some_and(|value| value.to_str().is_none()) => {
            Err(Error::new(ErrorCode::NotConfigured, "AWAP_PSEUDONYM_KEY cannot be used: it is not text."))
        }
        None => match variable("AWAP_PSEUDONYM_KEY") {
            Some(hex) => from_hex(&hex, "AWAP_PSEUDONYM_KEY").map(Some),
            None => Ok(None),
        },
    }
}

/// The key in a file, which others should not be able to read: a warning says so where they can.
pub fn from_file(path: &Path) -> Result<PseudonymKey> {
    let hex = fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Error::new(ErrorCode::NotConfigured, format!("The key file {path} cannot be read: {error}."))
    })?;
    warn_if_others_can_read(path);
    from_hex(&hex, &format!("the file {}", path.display()))
}

fn from_hex(hex: &str, source: &str) -> Result<PseudonymKey> {
    PseudonymKey::from_hex(hex).map_err(|error| {
        Error::new(
            ErrorCode::NotConfigured,
            format!("The key in {source} cannot be used. {}", error.message()),
        )
    })
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
        tracing::warn!("The key file {} can be read by others: chmod 600 closes it.", path.display());
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

/// A variable of the environment; an empty one counts as unset.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
