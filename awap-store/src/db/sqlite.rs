//! What only SQLite needs: one writer among processes, a transaction that knows how it ended, and a file of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqlitePool};

use awap_core::{Error, ErrorCode, Result};

use super::ACQUIRE_TIMEOUT;
use crate::fault;

/// `SQLITE_BUSY`, of <https://www.sqlite.org/rescode.html>.
const BUSY: &str = "5";

/// How long a writer rests that was refused because of another process.
const BUSY_REST: Duration = Duration::from_millis(20);

/// A connection to write on.
///
/// A new one switches the file to a write-ahead log. While another process writes to a file that has none yet, as when
/// several start at once on a new one, SQLite refuses that without waiting, whatever the busy timeout: so it is waited for
/// here.
pub(super) async fn acquire_writer(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>> {
    let start = Instant::now();
    loop {
        match pool.acquire().await {
            Err(error) if is_busy(&error) && start.elapsed() < ACQUIRE_TIMEOUT => {
                tokio::time::sleep(BUSY_REST).await;
            }
            acquired => return acquired.map_err(fault::from_sqlx),
        }
    }
}

/// Folds the write-ahead log into the file and empties it; false where somebody still reads from it, for whom nobody is made to
/// wait.
pub(super) async fn truncate_log(pool: &SqlitePool) -> bool {
    let checkpoint = async |mode: &'static str| {
        let done = sqlx::query_as::<_, (i64, i64, i64)>(mode).fetch_one(pool).await;
        // Of a pool that is closed, as of a database that is gone, nothing more can be done.
        done.unwrap_or_default()
    };
    // The other mode holds up whoever writes until all readers are done.
    let (busy, in_log, folded) = checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await;
    busy == 0 && in_log == folded && checkpoint("PRAGMA wal_checkpoint(TRUNCATE)").await.0 == 0
}

fn is_busy(error: &sqlx::Error) -> bool {
    let fault = error.as_database_error();
    fault.is_some_and(|fault| fault.code().as_deref() == Some(BUSY))
}

/// A transaction on SQLite.
///
/// SQLite ends a transaction by itself where the disk is full or fails, and a client that counts its transactions is
/// wrong from then on. So none are counted here: a connection whose transaction was not ended well is closed, and the
/// pool makes another.
#[derive(Debug)]
pub(crate) struct SqliteTx {
    pub(super) connection: PoolConnection<Sqlite>,
    ended: bool,
}

impl SqliteTx {
    pub(super) async fn begin(pool: &SqlitePool) -> Result<Self> {
        let connection = acquire_writer(pool).await?;
        let mut tx = Self { connection, ended: false };
        // Immediate: the lock is taken now, so that no later statement finds that another writer came between.
        let begun = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *tx.connection).await;
        // Where it did not begin, there is nothing to end.
        tx.ended = begun.is_err();
        begun.map(|_| tx).map_err(fault::from_sqlx)
    }

    pub(super) async fn end(mut self, how: &'static str) -> Result<(), sqlx::Error> {
        let ended = sqlx::raw_sql(how).execute(&mut *self.connection).await;
        self.ended = ended.is_ok();
        ended.map(drop)
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

/// Makes the database file, if it is not there, for its user's eyes alone; SQLite gives its side files the same mode.
pub(crate) fn create_private_file(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    // A file that is there must not even be opened: closing it would drop the locks that SQLite has on it.
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(Error::new(
            ErrorCode::NotConfigured,
            format!("The database file cannot be made ({}): look at its folder.", error.kind()),
        )),
        _ => Ok(()),
    }
}

/// An error where a copy of an SQLite database is not sound.
pub(crate) async fn check_backup(path: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let mut connection = options.disable_statement_logging().connect().await.map_err(fault::from_sqlx)?;
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut connection)
        .await
        .map_err(fault::from_sqlx)?;
    connection.close().await.map_err(fault::from_sqlx)?;
    if found == "ok" {
        Ok(())
    } else {
        Err(fault::internal("The backup is not sound: the database itself may be damaged."))
    }
}
