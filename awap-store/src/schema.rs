//! What state a database is in, found out without changing it: for whoever looks before a store is started on it.

use std::time::Instant;

use serde::Serialize;

use awap_core::Result;

use crate::Timestamp;
use crate::db::{Access, Db, Tables};
use crate::sql::Row;

/// How a database's tables stand to what this store needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaState {
    /// No store has been started on it.
    Empty,
    /// Of an older version: the store brings it up to date when it starts.
    Older,
    /// As this store needs it.
    Current,
    /// Of a newer version: this store refuses to start.
    Newer,
    /// Changed by hand, or a migration stopped half-way: this store refuses to start.
    Foreign,
}

/// A database, as it was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schema {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// How its tables stand.
    pub state: SchemaState,
    /// Migrations that were run on it.
    pub applied: usize,
    /// Migrations that the store would run.
    pub pending: Vec<i64>,
    /// How many events it holds; null where it has no table of events.
    pub events: Option<i64>,
    /// How long it took to answer, in microseconds.
    pub latency_us: u64,
    /// How far its clock is ahead of this machine's, in seconds; null on SQLite, which has none of its own.
    pub clock_ahead_seconds: Option<f64>,
}

impl Schema {
    /// Looks at the database at `url`, which stays as it is; an SQLite file that is not there is not made.
    ///
    /// Errors: `not_configured` where the URL cannot be used, `unavailable` where the database does not answer.
    pub async fn inspect(url: &str) -> Result<Self> {
        Self::look(url, Tables::All).await
    }

    /// As [`inspect`](Self::inspect), of a database that events are copied to; one of TMAs is `foreign`.
    pub async fn inspect_event_store(url: &str) -> Result<Self> {
        Self::look(url, Tables::Events).await
    }

    async fn look(url: &str, tables: Tables) -> Result<Self> {
        let db = Db::open(url, 1, Access::ReadOnly)?;
        let found = Self::read(&db, tables).await;
        db.close().await;
        found
    }

    async fn read(db: &Db, tables: Tables) -> Result<Self> {
        let known = db.migrations(tables);
        if db.is_absent() {
            return Ok(Self::new(db, &known, &[], None));
        }
        // The first question waits for the connection, and is not timed.
        let rows = db.fetch_all(table_names(db), Vec::new()).await?;
        let names: Vec<String> = rows.iter().map(|row| row.get("name")).collect::<Result<_>>()?;
        let has = |name: &str| names.iter().any(|table| table == name);
        let start = Instant::now();
        let applied =
            if has("_sqlx_migrations") { db.fetch_all(APPLIED, Vec::new()).await? } else { Vec::new() };
        let latency = start.elapsed();
        let applied: Vec<Applied> = applied.iter().map(Applied::read).collect::<Result<_>>()?;
        let events = if has("event_head") { db.fetch_optional(HEAD, Vec::new()).await? } else { None };
        let mut found =
            Self::new(db, &known, &applied, events.map(|row| row.get("global_position")).transpose()?);
        found.latency_us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        found.clock_ahead_seconds = clock_ahead(db).await?;
        Ok(found)
    }

    fn new(db: &Db, known: &[(i64, Vec<u8>)], applied: &[Applied], events: Option<i64>) -> Self {
        let pending: Vec<i64> = known
            .iter()
            .map(|(version, _)| *version)
            .filter(|version| !applied.iter().any(|run| run.version == *version))
            .collect();
        Self {
            database: db.name(),
            state: state(known, applied, &pending),
            applied: applied.len(),
            pending,
            events,
            latency_us: 0,
            clock_ahead_seconds: None,
        }
    }
}

/// A migration that was run.
struct Applied {
    version: i64,
    whole: bool,
    checksum: Vec<u8>,
}

const HEAD: &str = "SELECT global_position FROM event_head WHERE id = 1";

/// `success` is a boolean on the one and a number on the other.
const APPLIED: &str = "SELECT version, CASE WHEN success THEN 'yes' ELSE 'no' END AS whole, checksum \
                       FROM _sqlx_migrations ORDER BY version";

impl Applied {
    fn read(row: &Row) -> Result<Self> {
        let whole: String = row.get("whole")?;
        Ok(Self { version: row.get("version")?, whole: whole == "yes", checksum: row.get("checksum")? })
    }
}

fn state(known: &[(i64, Vec<u8>)], applied: &[Applied], pending: &[i64]) -> SchemaState {
    let newest = known.iter().map(|(version, _)| *version).max().unwrap_or(0);
    let mut newer = false;
    for run in applied {
        match known.iter().find(|(version, _)| *version == run.version) {
            _ if !run.whole => return SchemaState::Foreign,
            Some((_, checksum)) if *checksum != run.checksum => return SchemaState::Foreign,
            Some(_) => {}
            None if run.version > newest => newer = true,
            None => return SchemaState::Foreign,
        }
    }
    match (applied.is_empty(), newer, pending.is_empty()) {
        (true, ..) => SchemaState::Empty,
        (_, true, _) => SchemaState::Newer,
        (.., false) => SchemaState::Older,
        (.., true) => SchemaState::Current,
    }
}

fn table_names(db: &Db) -> &'static str {
    match db {
        Db::Sqlite { .. } => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Db::Postgres(_) => {
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"
        }
    }
}

async fn clock_ahead(db: &Db) -> Result<Option<f64>> {
    let Db::Postgres(_) = db else { return Ok(None) };
    let before = Timestamp::now();
    let row = db.fetch_optional("SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now", Vec::new()).await?;
    let after = Timestamp::now();
    let Some(theirs) = row.map(|row| row.get::<Timestamp>("now")).transpose()? else { return Ok(None) };
    // Within the round trip nobody can tell.
    Ok(Some(theirs.seconds_since(after) - before.seconds_since(theirs)))
}
