//! The event store: streams with versions, in one global order, chained by hash.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use awap_core::{Error, ErrorCode, Result};

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::sql::{Row, args};
use crate::store::LookupKey;
use crate::{Store, Timestamp, fault};

mod accept;
pub(crate) mod chain;
mod forward;
pub(crate) mod replica;
mod verify;

pub use chain::ChainPlace;
pub use replica::{EventStoreStatus, Followed};
pub use verify::{Verification, Verify};

use chain::{ChainPlace as Place, End, Link};

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Its place among all events, from 1, without gaps.
    pub global_position: i64,
    /// Its stream: `tma-<id>`, or one of the caller's own.
    pub stream_id: String,
    /// Its place in the stream, from 1, without gaps.
    pub version: i64,
    /// Its own id, by which appending it again is known.
    pub event_id: Uuid,
    /// What happened: `tma.completed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What there is to know of it.
    pub data: Value,
    /// Who did it, in which request.
    pub metadata: Value,
    /// When, by the database's clock. The order is that of `global_position`.
    pub recorded_at: Timestamp,
}

/// An event to be appended.
#[derive(Debug, Clone, Default)]
pub struct NewEvent {
    /// The stream; it begins with its first event.
    pub stream_id: String,
    /// What happened.
    pub kind: String,
    /// What there is to know of it; nothing that names a student.
    pub data: Map<String, Value>,
    /// Who did it, in which request.
    pub metadata: Map<String, Value>,
    /// Its id; a new one is made where there is none.
    pub event_id: Option<Uuid>,
}

pub(crate) const COLUMNS: &str =
    "global_position, stream_id, version, event_id, type, data, metadata, recorded_at";

/// With what chains it.
pub(crate) const CHAINED: &str =
    "global_position, stream_id, version, event_id, type, data, metadata, recorded_at, prev_hash, hash";

impl Store {
    /// Appends one event.
    ///
    /// The same `event_id` again answers the event that is there, and is a `conflict` where the content differs.
    /// `expected_version` is the version the stream must be at: 0 where it must not exist yet.
    pub async fn append_event(
        &self,
        event: NewEvent,
        expected_version: Option<i64>,
        actor: &Actor,
    ) -> Result<Event> {
        let mut tx = self.db.begin().await?;
        let work: Result<Event> = async {
            let now = tx.now().await?;
            let mut end = End::lock(&mut tx, &self.options.lookup_key).await?;
            if let Some(id) = event.event_id
                && let Some(row) = tx
                    .fetch_optional(format!("SELECT {COLUMNS} FROM events WHERE event_id = $1"), args![id])
                    .await?
            {
                let present = self::event(&row)?;
                let same = present.stream_id == event.stream_id
                    && present.kind == event.kind
                    && present.data == Value::Object(event.data);
                return if same {
                    Ok(present)
                } else {
                    Err(fault::conflict("Another event has this event_id.").with("event_id", id.to_string()))
                };
            }
            let version = stream_version(&mut tx, &event.stream_id).await?;
            if let Some(expected) = expected_version
                && expected != version
            {
                return Err(fault::conflict("The stream is at another version.")
                    .with("expected_version", expected)
                    .with("version", version));
            }
            let entry = NewEntry::ok("event.append", "event", None)
                .with("stream_id", event.stream_id.as_str())
                .with("type", event.kind.as_str());
            let appended = write(&mut tx, &mut end, now, version + 1, event).await?;
            end.save(&mut tx).await?;
            audit::record(&mut tx, now, entry, actor).await?;
            Ok(appended)
        }
        .await;
        tx.end(work).await
    }
}

/// Appends events within a transaction.
///
/// From here to the commit no other transaction appends, so this comes last in a transaction.
pub(crate) async fn append(
    tx: &mut Tx,
    key: &LookupKey,
    now: Timestamp,
    events: Vec<NewEvent>,
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut end = End::lock(tx, key).await?;
    let mut stream: Option<(String, i64)> = None;
    for event in events {
        let version = match &stream {
            Some((id, version)) if *id == event.stream_id => version + 1,
            _ => stream_version(tx, &event.stream_id).await? + 1,
        };
        stream = Some((event.stream_id.clone(), version));
        write(tx, &mut end, now, version, event).await?;
    }
    end.save(tx).await
}

async fn stream_version(tx: &mut Tx, stream_id: &str) -> Result<i64> {
    let row = tx
        .fetch_optional(
            "SELECT version FROM events WHERE stream_id = $1 ORDER BY version DESC LIMIT 1",
            args![stream_id],
        )
        .await?;
    row.map_or(Ok(0), |row| row.get("version"))
}

async fn write(
    tx: &mut Tx,
    end: &mut End<'_>,
    now: Timestamp,
    version: i64,
    event: NewEvent,
) -> Result<Event> {
    let position = end.place.global_position + 1;
    let event_id = event.event_id.unwrap_or_else(Uuid::now_v7);
    let data = Value::Object(event.data);
    let metadata = Value::Object(event.metadata);
    let (data_text, metadata_text) = (data.to_string(), metadata.to_string());
    let link = Link {
        position,
        stream_id: &event.stream_id,
        version,
        event_id,
        kind: &event.kind,
        data: &data_text,
        metadata: &metadata_text,
        recorded_at: now,
    };
    let hash = link.hash(&end.place.hash);
    tx.execute(
        "INSERT INTO events (global_position, stream_id, version, event_id, type, data, metadata, recorded_at, \
         prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            position,
            event.stream_id.as_str(),
            version,
            event_id,
            event.kind.as_str(),
            data_text,
            metadata_text,
            now,
            std::mem::take(&mut end.place.hash),
            hash.clone(),
        ],
    )
    .await?;
    end.place = Place { global_position: position, hash };
    Ok(Event {
        global_position: position,
        stream_id: event.stream_id,
        version,
        event_id,
        kind: event.kind,
        data,
        metadata,
        recorded_at: now,
    })
}

/// An event as a row has it.
pub(crate) fn event(row: &Row) -> Result<Event> {
    let json = |column| {
        serde_json::from_str(&row.get::<String>(column)?).map_err(|_| {
            Error::new(ErrorCode::Internal, "An event of the database is not JSON.").with("column", column)
        })
    };
    Ok(Event {
        global_position: row.get("global_position")?,
        stream_id: row.get("stream_id")?,
        version: row.get("version")?,
        event_id: row.get("event_id")?,
        kind: row.get("type")?,
        data: json("data")?,
        metadata: json("metadata")?,
        recorded_at: row.get("recorded_at")?,
    })
}
