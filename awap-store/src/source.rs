//! The event store, read-only, for whoever answers `query_events`: `awap-port` and the NIF.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::runtime::Runtime;

use awap_core::protocol::EventReader;
use awap_core::{Deadline, Result};

use crate::commands::{self, to_value};
use crate::db::{Access, Db};
use crate::fault;
use crate::query::{self, EventQuery};

/// Connections that queries share.
const CONNECTIONS: u32 = 2;

/// Reads events from a database that an `awap-store` keeps.
///
/// It connects at the first query: without a database, queries fail and nothing else does.
#[derive(Debug)]
pub struct EventSource {
    url: String,
    open: Mutex<Option<(std::sync::Arc<Runtime>, Db)>>,
}

impl EventSource {
    /// A reader of the events at `url` (`sqlite:/path/file.db` or `postgres://…`).
    ///
    /// `not_configured` where the URL cannot be read; that the database is there shows at the first query.
    pub fn connect(url: &str) -> Result<Self> {
        // A pool belongs to a runtime, so this only looks at the URL; the first query makes both.
        Db::check_url(url)?;
        Ok(Self { url: url.to_owned(), open: Mutex::new(None) })
    }

    fn open(&self) -> Result<(std::sync::Arc<Runtime>, Db)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.as_ref() {
            return Ok(open.clone());
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("awap-events")
            .enable_all()
            .build()
            .map_err(|_| fault::internal("This system gives no thread to read events on."))?;
        let guard = runtime.enter();
        let db = Db::open(&self.url, CONNECTIONS, Access::ReadOnly)?;
        drop(guard);
        Ok(open.insert((std::sync::Arc::new(runtime), db)).clone())
    }
}

impl EventReader for EventSource {
    fn query_events(&self, data: &Value, deadline: &Deadline) -> Result<Value> {
        let query = EventQuery::from_value(data)?;
        let (runtime, db) = self.open()?;
        let page = runtime.block_on(commands::within(deadline, query::run(&db, query)))?;
        to_value(&page)
    }
}
