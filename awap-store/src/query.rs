//! `query_events`: reading streams, by the store and by whoever links an [`EventSource`](crate::EventSource).

use serde::Serialize;
use serde_json::Value;

use awap_core::{Error, Result};

use crate::Timestamp;
use crate::db::Db;
use crate::events::{self, COLUMNS, Event};
use crate::input::Input;
use crate::sql::Builder;

/// Events of a page where the caller does not say how many, and the most of them.
const PAGE: i64 = 100;
const PAGE_MOST: i64 = 1000;
/// The most types that one query names.
const TYPES_MOST: usize = 50;

/// The stream of all streams.
pub(crate) const ALL: &str = "$all";

/// Which events to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// A stream, or `$all` for every stream in global order.
    pub stream_id: String,
    /// The first version to read (on `$all` the first global position); from the end where `None` and backward.
    pub from_version: Option<i64>,
    /// How many, at most.
    pub max_count: i64,
    /// Newest first.
    pub backward: bool,
    /// Only these types; all where empty.
    pub types: Vec<String>,
    /// Recorded then or later.
    pub since: Option<Timestamp>,
    /// Recorded before then.
    pub until: Option<Timestamp>,
}

/// Events, and where to go on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventPage {
    /// The events, in the order asked for.
    pub events: Vec<Event>,
    /// The `from_version` of the next page; null where there is none yet.
    pub next: Option<i64>,
}

impl EventQuery {
    /// All events of a stream, oldest first.
    pub fn stream(stream_id: impl Into<String>) -> Self {
        Self {
            stream_id: stream_id.into(),
            from_version: None,
            max_count: PAGE,
            backward: false,
            types: Vec::new(),
            since: None,
            until: None,
        }
    }

    /// Reads `{"stream_id", "opts"}`, as the Core Bridge has it.
    pub fn from_value(data: &Value) -> Result<Self> {
        Self::from_input(Input::new(data.clone())?)
    }

    pub(crate) fn from_input(mut input: Input) -> Result<Self> {
        let stream_id = input.id("stream_id")?;
        let mut opts = input.nested("opts")?;
        let query = Self {
            stream_id,
            from_version: opts.integer("from_version", 0..=i64::MAX)?,
            max_count: opts.integer("max_count", 1..=PAGE_MOST)?.unwrap_or(PAGE),
            backward: opts.word("direction", &["forward", "backward"])?.as_deref() == Some("backward"),
            types: opts.strings("types")?.unwrap_or_default(),
            since: opts.time("since")?,
            until: opts.time("until")?,
        };
        if query.types.len() > TYPES_MOST {
            return Err(Error::invalid_input(
                "opts.types",
                format!("“opts.types” names more than {TYPES_MOST} types."),
            ));
        }
        Ok(query)
    }
}

/// Answers a query.
pub(crate) async fn run(db: &Db, query: EventQuery) -> Result<EventPage> {
    let all = query.stream_id == ALL;
    let place = if all { "global_position" } else { "version" };
    let mut sql = Builder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM events");
    if !all {
        sql.condition("stream_id = ").value(query.stream_id);
    }
    if let Some(from) = query.from_version {
        sql.condition(place).push(if query.backward { " <= " } else { " >= " }).value(from);
    }
    if let Some(since) = query.since {
        sql.condition("recorded_at >= ").value(since);
    }
    if let Some(until) = query.until {
        sql.condition("recorded_at < ").value(until);
    }
    if !query.types.is_empty() {
        sql.condition("type IN (");
        for (i, kind) in query.types.into_iter().enumerate() {
            if i > 0 {
                sql.push(", ");
            }
            sql.value(kind);
        }
        sql.push(")");
    }
    sql.push(" ORDER BY ").push(place).push(if query.backward { " DESC" } else { "" });
    sql.push(" LIMIT ").value(query.max_count.saturating_add(1));
    let (sql, args) = sql.finish();
    let mut events = db.fetch_all(sql, args).await?.iter().map(events::event).collect::<Result<Vec<_>>>()?;
    let page = query.max_count as usize;
    // One event more than asked for was read: where it is there, the next page begins with it.
    let next = events.get(page).map(|event| if all { event.global_position } else { event.version });
    events.truncate(page);
    Ok(EventPage { events, next })
}
