//! Files that are whole or not there: written beside, brought to the disk, renamed into place. Only their owner can read
//! them.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::rubric::hex;

/// What a file is called until it is whole.
const UNFINISHED: (&str, &str) = (".awap-", ".partial");

/// Writes a file that is whole or not there.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write_whole(path, content).map_err(|error| Failure::cannot_write(path, &error))
}

fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(UNFINISHED.0).suffix(UNFINISHED.1).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Refuses to write to a file that is one of the `inputs`, or in a folder that is not there: before the work, not after it.
pub(crate) fn check_out(path: &Path, inputs: &[Option<&Path>]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::metadata(folder).map_err(|error| Failure::cannot_write(path, &error))?;
    let Ok(own) = path.canonicalize() else { return Ok(()) };
    let same = |input: &&Path| input.canonicalize().is_ok_and(|input| input == own);
    match inputs.iter().flatten().find(|input| same(input)) {
        Some(input) => Err(Failure::configuration(format!(
            "--out would write over {}, which is read: give another file.",
            input.display()
        ))),
        None => Ok(()),
    }
}

/// Writes a file, and keeps aside what stood there if that is neither the same nor what `known` says we wrote: a tutor has
/// been at work on it. Returns where that is now.
pub(crate) fn write_over(
    path: &Path,
    content: &[u8],
    known: Option<&str>,
) -> Result<Option<PathBuf>, Failure> {
    // What cannot be read is there all the same, and is not written over unseen.
    let there = match fs::read(path) {
        Ok(there) => Some(digest(&there)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::cannot_write(path, &error)),
    };
    let edited = there.is_some_and(|there| there != digest(content) && Some(there.as_str()) != known);
    let aside = edited.then(|| free_name(path));
    if let Some(aside) = &aside {
        fs::rename(path, aside).map_err(|error| Failure::cannot_write(aside, &error))?;
    }
    write(path, content)?;
    Ok(aside)
}

/// `tma-….md` → `tma-….edited-1.md`, or the first number that is free.
fn free_name(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let name = |number: u32| path.with_file_name(format!("{stem}.edited-{number}.{extension}"));
    (1..u32::MAX).map(name).find(|name| !name.exists()).unwrap_or_else(|| name(0))
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn digest(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// Takes away what a run that was killed left unfinished.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tutor_edited_is_kept_aside_and_what_we_wrote_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tma-1.md");
        let over =
            |content: &[u8], known: Option<&str>| write_over(&path, content, known).unwrap_or_default();
        assert_eq!(over(b"one", None), None);
        assert_eq!(over(b"one", None), None, "the same");
        assert_eq!(over(b"two", Some(&digest(b"one"))), None, "ours");
        fs::write(&path, "edited").unwrap();
        let aside = over(b"three", Some(&digest(b"two"))).unwrap();
        assert_eq!(aside.file_name().unwrap(), "tma-1.edited-1.md");
        assert_eq!(
            (fs::read(&aside).unwrap(), fs::read(&path).unwrap()),
            (b"edited".to_vec(), b"three".to_vec())
        );
        fs::write(&path, "again").unwrap();
        assert_eq!(over(b"four", None).unwrap().file_name().unwrap(), "tma-1.edited-2.md");
    }

    #[test]
    fn only_what_is_unfinished_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".awap-x.partial", "tma-1.md", ".other"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        sweep(folder.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".other", "tma-1.md"]);
    }
}
