//! Backup of an SQLite database while it is in use. (PostgreSQL has `pg_dump`.)

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use uuid::Uuid;

use awap_core::{Error, ErrorCode, Result};

use crate::audit::{Actor, NewEntry};
use crate::db::{self, Db};
use crate::{Store, fault};

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Backup {
    /// The file.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// How long it took.
    pub milliseconds: u64,
}

impl Store {
    /// Writes the database, as it is at one moment, to a new file that only this user can read. The file has its name
    /// once it is whole, checked and on disk.
    ///
    /// Errors: `invalid_input` where the path is not absolute or is taken; `not_configured` on PostgreSQL.
    pub async fn backup(&self, path: &str, actor: &Actor) -> Result<Backup> {
        let Db::Sqlite { .. } = &self.db else {
            return Err(Error::new(
                ErrorCode::NotConfigured,
                "PostgreSQL is backed up with pg_dump --format=custom, not by this command.",
            ));
        };
        let target = Path::new(path);
        if !target.is_absolute() || target.file_name().is_none() {
            return Err(Error::invalid_input("path", "“path” must be an absolute path of a file."));
        }
        if target.symlink_metadata().is_ok() {
            return Err(Error::invalid_input(
                "path",
                "There is a file at “path” already: it is left as it is.",
            ));
        }
        let start = Instant::now();
        let partial = Partial::new(target)?;
        self.db.vacuum_into(&partial.path).await?;
        db::check_backup(&partial.path).await?;
        let bytes = partial.finish(target)?;
        let entry = NewEntry::ok("store.backup", "store", None).with("path", path).with("bytes", bytes);
        self.record_audit(entry, actor).await?;
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Backup { path: path.to_owned(), bytes, milliseconds })
    }
}

/// A file that is being written beside its final name, and is gone if that is given up.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn new(target: &Path) -> Result<Self> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{}.partial", Uuid::now_v7().simple()));
        let path = PathBuf::from(name);
        db::create_private_file(&path).map_err(|_| {
            Error::invalid_input("path", "No file can be made at “path”: look at its folder.")
        })?;
        Ok(Self { path })
    }

    /// Gives the file its name; its size.
    fn finish(self, target: &Path) -> Result<u64> {
        let failed = |error: std::io::Error| {
            Error::new(
                ErrorCode::Unavailable,
                format!("The backup cannot be written to its place ({}).", error.kind()),
            )
        };
        let file = std::fs::File::open(&self.path).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        // A link, unlike renaming, does not replace a file that came to be there meanwhile.
        match std::fs::hard_link(&self.path, target) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                // A file system without links.
                std::fs::rename(&self.path, target).map_err(failed)?;
            }
            done => done.map_err(failed)?,
        }
        let folder = target.parent().ok_or_else(|| fault::internal("The backup has no folder."))?;
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(file.metadata().map_err(failed)?.len())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Once it has its name, this takes the other one away; before, the whole file.
        let _ = std::fs::remove_file(&self.path);
    }
}
