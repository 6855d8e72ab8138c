//! The database: two dialects behind one connection pool and one transaction.

mod sqlite;

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, Postgres, SqlitePool, Transaction};

use awap_core::{Error, ErrorCode, Result};

use self::sqlite::SqliteTx;
pub(crate) use self::sqlite::{check_backup, create_private_file};
use crate::fault;
use crate::sql::{Arg, Row, bind_postgres, bind_sqlite};
use crate::timestamp::Timestamp;

/// How long a call waits for a connection, and SQLite for another process's lock.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often it is tried to take what was deleted out of SQLite's log, and how long it rests between: a backup takes its time.
const FORGET_ATTEMPTS: u32 = 720;
const FORGET_AGAIN: Duration = Duration::from_secs(10);
/// Whether that is being tried: once is enough, whatever is deleted meanwhile.
static TRYING: AtomicBool = AtomicBool::new(false);

/// A pool of connections.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// SQLite has one writer at a time: with one connection to write on, writers queue here, in order and without
    /// polling, and readers are not in their way (WAL).
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// Whether a pool is to change the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
}

/// Which tables a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    All,
    /// Those of the event store alone, where `EVENT_STORE_URL` is another database.
    Events,
}

impl Db {
    /// A pool for `url`, which connects when it is first needed. Called within a runtime.
    pub(crate) fn open(url: &str, connections: u32, access: Access) -> Result<Self> {
        match Url::parse(url)? {
            Url::Postgres(options) => {
                let options = match access {
                    Access::ReadWrite => options,
                    Access::ReadOnly => options.options([("default_transaction_read_only", "on")]),
                };
                let pool = PgPoolOptions::new()
                    .max_connections(connections.max(1))
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with(options);
                Ok(Self::Postgres(pool))
            }
            Url::Sqlite(options) => {
                let pool = SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
                let read = pool
                    .clone()
                    .max_connections(connections.max(1))
                    .connect_lazy_with(options.clone().read_only(true).create_if_missing(false));
                let write = match access {
                    Access::ReadOnly => read.clone(),
                    // FULL: a commit that was answered is on disk, whatever happens to the machine next.
                    Access::ReadWrite => pool.max_connections(1).connect_lazy_with(
                        options
                            .create_if_missing(true)
                            .journal_mode(SqliteJournalMode::Wal)
                            .synchronous(SqliteSynchronous::Full)
                            // What is erased is overwritten, not only let go.
                            .pragma("secure_delete", "ON"),
                    ),
                };
                Ok(Self::Sqlite { read, write })
            }
        }
    }

    /// An error where `url` is not one of a database.
    pub(crate) fn check_url(url: &str) -> Result<()> {
        Url::parse(url).map(drop)
    }

    /// `sqlite` or `postgres`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    fn migrator(&self, tables: Tables) -> Migrator {
        match (self, tables) {
            (Self::Sqlite { .. }, Tables::All) => sqlx::migrate!("migrations/sqlite"),
            (Self::Sqlite { .. }, Tables::Events) => sqlx::migrate!("migrations/events/sqlite"),
            (Self::Postgres(_), Tables::All) => sqlx::migrate!("migrations/postgres"),
            (Self::Postgres(_), Tables::Events) => sqlx::migrate!("migrations/events/postgres"),
        }
    }

    /// The migrations that the tables are made by: version and checksum, in order.
    pub(crate) fn migrations(&self, tables: Tables) -> Vec<(i64, Vec<u8>)> {
        let migrator = self.migrator(tables);
        migrator.iter().map(|migration| (migration.version, migration.checksum.to_vec())).collect()
    }

    /// Whether it is an SQLite database whose file is not there.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Sqlite { read, .. } => !read.connect_options().get_filename().exists(),
            Self::Postgres(_) => false,
        }
    }

    /// Brings the tables up to date. Several processes may do so at once.
    pub(crate) async fn migrate(&self, tables: Tables) -> Result<()> {
        let migrator = self.migrator(tables);
        match self {
            Self::Sqlite { write, .. } => {
                create_private_file(write.connect_options().get_filename())?;
                // The migrator takes no lock on SQLite; the transaction is one.
                let mut connection = sqlite::acquire_writer(write).await?;
                // Given up half-way, it must not go back to the pool.
                connection.close_on_drop();
                let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault::from_sqlx)?;
                migrator.run_direct(None, &mut *tx, false).await.map_err(migration_failed)?;
                tx.commit().await.map_err(fault::from_sqlx)
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(fault::from_sqlx)?;
                // The migrator's lock is the session's: given up half-way, it must not go back to the pool.
                connection.close_on_drop();
                migrator.run_direct(None, &mut *connection, false).await.map_err(migration_failed)
            }
        }
    }

    /// A transaction that changes something. Dropped before [`Tx::commit`], it leaves nothing behind.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(SqliteTx::begin(write).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await.map_err(fault::from_sqlx)?),
        })
    }

    /// The rows of one statement that only reads.
    pub(crate) async fn fetch_all(
        &self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>> {
        let sql = AssertSqlSafe(sql.into().into_owned());
        let rows = match self {
            Self::Sqlite { read, .. } => bind_sqlite(sqlx::query(sql), args)
                .fetch_all(read)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(pool) => bind_postgres(sqlx::query(sql), args)
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        };
        rows.map_err(fault::from_sqlx)
    }

    /// The first row of one statement that only reads.
    pub(crate) async fn fetch_optional(
        &self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Arg>,
    ) -> Result<Option<Row>> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// Takes what was deleted out of SQLite's write-ahead log, where older states of a page lie until it is folded into
    /// the file. Where a reader still needs them, a backup say, it is done when that has ended. (PostgreSQL's own vacuum sees
    /// to its tables.)
    pub(crate) async fn forget_deleted(&self) {
        let Self::Sqlite { write, .. } = self else { return };
        if sqlite::truncate_log(write).await {
            return;
        }
        if TRYING.swap(true, Ordering::Relaxed) {
            return;
        }
        let write = write.clone();
        tokio::spawn(async move {
            for _ in 0..FORGET_ATTEMPTS {
                tokio::time::sleep(FORGET_AGAIN).await;
                if write.is_closed() || sqlite::truncate_log(&write).await {
                    break;
                }
            }
            TRYING.store(false, Ordering::Relaxed);
        });
    }

    /// Writes an SQLite database, as it is at one moment, to an empty file.
    pub(crate) async fn vacuum_into(&self, path: &Path) -> Result<()> {
        let Self::Sqlite { read, .. } = self else {
            return Err(fault::internal("Only SQLite is copied by the store."));
        };
        let path = path.to_str().ok_or_else(|| fault::internal("A path is not text."))?;
        sqlx::query("VACUUM INTO $1").bind(path).execute(read).await.map_err(fault::from_sqlx)?;
        Ok(())
    }

    /// Closes all connections, when what they are doing is done.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(SqliteTx),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement; the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: impl Into<Cow<'static, str>>, args: Vec<Arg>) -> Result<u64> {
        let sql = AssertSqlSafe(sql.into().into_owned());
        let done = match self {
            Self::Sqlite(tx) => bind_sqlite(sqlx::query(sql), args)
                .execute(&mut *tx.connection)
                .await
                .map(|done| done.rows_affected()),
            Self::Postgres(tx) => bind_postgres(sqlx::query(sql), args)
                .execute(&mut **tx)
                .await
                .map(|done| done.rows_affected()),
        };
        done.map_err(fault::from_sqlx)
    }

    /// The rows of a statement.
    pub(crate) async fn fetch_all(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>> {
        let sql = AssertSqlSafe(sql.into().into_owned());
        let rows = match self {
            Self::Sqlite(tx) => bind_sqlite(sqlx::query(sql), args)
                .fetch_all(&mut *tx.connection)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(tx) => bind_postgres(sqlx::query(sql), args)
                .fetch_all(&mut **tx)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        };
        rows.map_err(fault::from_sqlx)
    }

    /// The first row of a statement.
    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Arg>,
    ) -> Result<Option<Row>> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// The first row of a `SELECT`, locked until the commit. (SQLite's transaction holds the whole database already.)
    pub(crate) async fn lock(&mut self, select: &'static str, args: Vec<Arg>) -> Result<Option<Row>> {
        match self {
            Self::Sqlite(_) => self.fetch_optional(select, args).await,
            Self::Postgres(_) => self.fetch_optional(format!("{select} FOR UPDATE"), args).await,
        }
    }

    /// Like [`lock`](Self::lock) for every row, passing over those that another transaction holds.
    pub(crate) async fn lock_free(&mut self, select: &'static str, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(_) => self.fetch_all(select, args).await,
            Self::Postgres(_) => self.fetch_all(format!("{select} FOR UPDATE SKIP LOCKED"), args).await,
        }
    }

    /// Like [`lock`](Self::lock) for every row, each of them waited for.
    pub(crate) async fn lock_all(&mut self, select: &'static str, args: Vec<Arg>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(_) => self.fetch_all(select, args).await,
            Self::Postgres(_) => self.fetch_all(format!("{select} FOR UPDATE"), args).await,
        }
    }

    /// The time, by the clock that all users of this database share.
    pub(crate) async fn now(&mut self) -> Result<Timestamp> {
        match self {
            Self::Sqlite(_) => Ok(Timestamp::now()),
            Self::Postgres(_) => {
                let row = self
                    .fetch_optional("SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now", Vec::new())
                    .await?;
                row.ok_or_else(|| fault::internal("The database does not tell the time."))?.get("now")
            }
        }
    }

    /// Ends the transaction as its work did: with a commit, or with nothing changed and no row locked any more.
    ///
    /// (A transaction that is merely dropped is rolled back too, but some time later: until then it holds its locks.)
    pub(crate) async fn end<T>(self, work: Result<T>) -> Result<T> {
        match work {
            Ok(_) => self.commit().await?,
            Err(_) => self.rollback().await,
        }
        work
    }

    /// Undoes all changes.
    pub(crate) async fn rollback(self) {
        // Where this fails, the connection is gone, and the transaction with it.
        match self {
            Self::Sqlite(tx) => drop(tx.end("ROLLBACK").await),
            Self::Postgres(tx) => drop(tx.rollback().await),
        }
    }

    /// Makes the changes last.
    async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.end("COMMIT").await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(fault::from_sqlx)
    }
}

/// Which database, and how to connect.
enum Url {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl Url {
    fn parse(url: &str) -> Result<Self> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(|_| {
                bad_url("The PostgreSQL URL cannot be read: postgres://user@host/name is one.")
            })?;
            return Ok(Self::Postgres(options.application_name("awap-store").disable_statement_logging()));
        }
        if !url.starts_with("sqlite:") {
            return Err(bad_url(
                "A database URL begins with sqlite: (sqlite:/path/file.db) or postgres: (postgres://user@host/name).",
            ));
        }
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(bad_url("SQLite in memory keeps nothing: give a path (sqlite:/path/file.db)."));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| bad_url("The SQLite URL cannot be read: sqlite:/path/file.db is one."))?;
        Ok(Self::Sqlite(options.busy_timeout(ACQUIRE_TIMEOUT).foreign_keys(true).disable_statement_logging()))
    }
}

fn bad_url(message: &str) -> Error {
    // The URL holds a password: it is not repeated.
    Error::new(ErrorCode::NotConfigured, message)
}

fn migration_failed(error: sqlx::migrate::MigrateError) -> Error {
    use sqlx::migrate::MigrateError as M;
    let internal = |message: String| Error::new(ErrorCode::Internal, message);
    match error {
        M::Execute(error) => fault::from_sqlx(error),
        M::ExecuteMigration(error, version) => {
            let error = fault::from_sqlx(error);
            Error::new(error.code(), format!("Migration {version} failed. {}", error.message()))
                .with("migration", version)
        }
        M::VersionMissing(version) => internal(format!(
            "The database has migration {version}, which this awap-store does not know: it is of a newer version."
        )),
        M::VersionMismatch(version) => internal(format!(
            "Migration {version} was applied in another wording: the database is not of this awap-store."
        )),
        M::Dirty(version) => {
            internal(format!("Migration {version} stopped half-way: restore the database from a backup."))
        }
        _ => internal("The database's migrations cannot be run.".to_owned()),
    }
}
