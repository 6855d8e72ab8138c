//! The event store where `EVENT_STORE_URL` is another database: a replica of the events beside the TMAs.
//!
//! Events are written in the transaction of the change they tell of, so they are written beside the TMAs, wherever they
//! are kept. From there they are copied in their order ([`forward`](super::forward)), row by row as they are, so that
//! positions, versions and hashes are the same in both.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::{Notify, OnceCell};

use awap_core::{Error, ErrorCode, Result};

use super::Event;
use super::chain::{ChainPlace, End};
use crate::db::{Access, Db, Tables};
use crate::query::{self, EventPage, EventQuery};
use crate::sql::args;
use crate::{Store, Timestamp, fault};

/// What an error's details say where it is one of this database.
const PART: &str = "part";
const EVENT_STORE: &str = "event_store";

/// Connections to it: one for what is copied, the others for queries.
const CONNECTIONS: u32 = 4;

/// The other database.
#[derive(Debug)]
pub(crate) struct Replica {
    db: Db,
    migrated: OnceCell<()>,
    /// Somebody may have appended.
    pub(super) wake: Notify,
    /// How far it is known to have come.
    pub(super) position: AtomicI64,
    /// Why nothing is copied, where that will not pass by itself.
    fault: Mutex<Option<String>>,
}

/// How the event store is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventStoreStatus {
    /// `database` where events are kept beside the TMAs, `event_store` where `EVENT_STORE_URL` is another database.
    pub kept: &'static str,
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// The end of the chain where events are read.
    pub head: ChainPlace,
    /// Whether this store wrote it.
    pub authentic: bool,
    /// Events that are not copied yet.
    pub lag: i64,
    /// How long the oldest of them has waited.
    pub lag_seconds: f64,
    /// Why nothing is copied, where that will not pass by itself.
    pub fault: Option<String>,
}

/// What [`Store::follow_events`] read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Followed {
    /// The events, in global order.
    pub events: Vec<Event>,
    /// The position to go on after.
    pub position: i64,
    /// The position up to which [`Store::query_events`] has them: behind `position` while events are being copied.
    pub readable: i64,
}

impl Replica {
    /// Called within a runtime. It connects when it is first needed.
    pub(crate) fn open(url: &str) -> Result<Self> {
        Ok(Self {
            db: Db::open(url, CONNECTIONS, Access::ReadWrite).map_err(elsewhere)?,
            migrated: OnceCell::new(),
            wake: Notify::new(),
            position: AtomicI64::new(0),
            fault: Mutex::new(None),
        })
    }

    /// The database, its tables up to date.
    pub(super) async fn db(&self) -> Result<&Db> {
        self.migrated.get_or_try_init(|| self.migrate()).await.map_err(elsewhere)?;
        Ok(&self.db)
    }

    async fn migrate(&self) -> Result<()> {
        let migrated = self.db.migrate(Tables::Events).await;
        // Of one that does not answer, nothing is to be known.
        if migrated.as_ref().is_err_and(|error| error.code() != ErrorCode::Unavailable)
            && self.db.fetch_all("SELECT 1 AS one FROM tmas LIMIT 1", Vec::new()).await.is_ok()
        {
            return Err(Error::new(
                ErrorCode::NotConfigured,
                "It is a database of TMAs. To keep events beside the TMAs, leave EVENT_STORE_URL unset.",
            ));
        }
        migrated
    }

    pub(crate) async fn close(&self) {
        self.db.close().await;
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_fault(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

/// An error of the event store, told from one of the database.
#[allow(clippy::needless_pass_by_value)] // As `map_err` hands it over.
pub(crate) fn elsewhere(error: Error) -> Error {
    let mut told =
        Error::new(error.code(), format!("The event store (EVENT_STORE_URL): {}", error.message()));
    for (key, value) in error.details() {
        told = told.with(key, value.clone());
    }
    told.with(PART, EVENT_STORE)
}

/// Whether it is an error of the event store's database, and none of the TMAs'.
pub(crate) fn is_elsewhere(error: &Error) -> bool {
    error.details().get(PART).is_some_and(|part| part == EVENT_STORE)
}

impl Store {
    /// Whether events are kept in another database than the TMAs.
    pub fn has_event_store(&self) -> bool {
        self.replica.is_some()
    }

    pub(super) fn replica(&self) -> Result<&Replica> {
        self.replica.as_deref().ok_or_else(|| {
            Error::new(
                ErrorCode::NotConfigured,
                "Events are kept beside the TMAs: EVENT_STORE_URL names no other database.",
            )
        })
    }

    /// Brings the tables of the event store up to date, where it is another database, unless that is done.
    pub async fn event_store_ready(&self) -> Result<()> {
        // The TMAs' tables first: by them the same database is known under another spelling.
        self.ready().await?;
        match &self.replica {
            Some(replica) => replica.db().await.map(drop),
            None => Ok(()),
        }
    }

    /// Reads events where they are kept.
    pub async fn query_events(&self, query: EventQuery) -> Result<EventPage> {
        match &self.replica {
            None => query::run(&self.db, query).await,
            Some(replica) => query::run(replica.db().await?, query).await.map_err(elsewhere),
        }
    }

    /// Reads the events after a position beside the TMAs, wherever events are kept; without a position, none, and says
    /// where they end.
    pub async fn follow_events(&self, after: Option<i64>, limit: i64) -> Result<Followed> {
        // Looked at first: what is readable then is so still.
        let copied = self.replica.as_ref().map(|replica| replica.position.load(Ordering::Relaxed));
        let (events, position) = match after {
            None => {
                let end = End::read(&self.db, &self.options.lookup_key).await?;
                (Vec::new(), end.place.global_position)
            }
            Some(after) => {
                let query = EventQuery {
                    from_version: Some(after.saturating_add(1)),
                    max_count: limit,
                    ..EventQuery::stream("$all")
                };
                let events = query::run(&self.db, query).await?.events;
                let position = events.last().map_or(after, |event| event.global_position);
                (events, position)
            }
        };
        Ok(Followed { events, position, readable: copied.unwrap_or(position) })
    }

    /// How the event store is. An error where it does not answer.
    pub async fn event_store_status(&self) -> Result<EventStoreStatus> {
        let key = &self.options.lookup_key;
        let Some(replica) = &self.replica else {
            let end = End::read(&self.db, key).await?;
            return Ok(EventStoreStatus {
                kept: "database",
                database: self.db.name(),
                head: end.place,
                authentic: end.authentic,
                lag: 0,
                lag_seconds: 0.0,
                fault: None,
            });
        };
        let end = End::read(replica.db().await?, key).await.map_err(elsewhere)?;
        let source = End::read(&self.db, key).await?;
        let lag = (source.place.global_position - end.place.global_position).max(0);
        let lag_seconds = match lag {
            0 => 0.0,
            _ => self.waited(end.place.global_position + 1).await?,
        };
        Ok(EventStoreStatus {
            kept: "event_store",
            database: replica.db.name(),
            head: end.place,
            authentic: end.authentic && source.authentic,
            lag,
            lag_seconds,
            fault: replica.fault(),
        })
    }

    /// Seconds since an event was recorded, by the database's clock; 0 where it is not there.
    async fn waited(&self, position: i64) -> Result<f64> {
        let sql = "SELECT recorded_at FROM events WHERE global_position = $1";
        let Some(row) = self.db.fetch_optional(sql, args![position]).await? else { return Ok(0.0) };
        let recorded_at: Timestamp = row.get("recorded_at")?;
        Ok(self.database_time().await?.seconds_since(recorded_at))
    }

    async fn database_time(&self) -> Result<Timestamp> {
        if self.db.name() == "sqlite" {
            return Ok(Timestamp::now());
        }
        let sql = "SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now";
        let row = self.db.fetch_optional(sql, Vec::new()).await?;
        row.ok_or_else(|| fault::internal("The database does not tell the time."))?.get("now")
    }

    /// Says that events may have been appended.
    pub(crate) fn wake_forwarder(&self) {
        if let Some(replica) = &self.replica {
            replica.wake.notify_one();
        }
    }
}
