//! The tutor's pseudonym key: given, or made on first use and kept where only they can read it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use awap_core::anonymize::PseudonymKey;
use awap_port::key;

use crate::failure::Failure;
use crate::rubric::hex;

/// The key that was given, else the tutor's own, which is made where there is none yet.
pub(crate) fn key(file: Option<&Path>) -> Result<PseudonymKey, Failure> {
    let unusable = |error: awap_core::Error| Failure::configuration(error.message());
    if let Some(key) = key::given(file).map_err(unusable)? {
        return Ok(key);
    }
    let path = own_file().ok_or_else(|| {
        Failure::configuration(
            "There is no home folder to keep the pseudonym key in: set AWAP_PSEUDONYM_KEY, or give --key-file.",
        )
    })?;
    if !path.exists() {
        make(&path).map_err(|error| Failure::cannot_write(&path, &error))?;
    }
    key::from_file(&path).map_err(unusable)
}

/// As the XDG Base Directory Specification has it.
fn own_file() -> Option<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let config = config.or_else(|| Some(std::env::home_dir()?.join(".config")));
    config.map(|config| config.join("awap").join("pseudonym.key"))
}

/// Linked into place, so that of two that start at once the second takes the first one's key.
fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| io::Error::other("this system gives no random numbers"))?;
    // Readable by its owner alone, as tempfile makes its files.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", hex(&bytes))?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            eprintln!("A key for pseudonyms was made: {}. Keep it, and keep it to yourself.", path.display());
            Ok(())
        }
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}
