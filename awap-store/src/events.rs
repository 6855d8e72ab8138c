//! The event store: streams with versions, in one global order, chained by hash.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use awap_core::{Error, ErrorCode, Result};

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::sql::{Row, args};
use crate::{Store, Timestamp, fault};

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

/// What [`Store::verify_events`] found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// Whether every event is as it was written and none is missing.
    pub valid: bool,
    /// How many events were looked at.
    pub events: i64,
    /// The first place where the chain does not hold.
    pub fault_at: Option<i64>,
    /// What is wrong there.
    pub fault: Option<String>,
}

pub(crate) const COLUMNS: &str =
    "global_position, stream_id, version, event_id, type, data, metadata, recorded_at";

/// Events that [`Store::verify_events`] reads at a time.
const VERIFY_PAGE: i64 = 500;

const GENESIS: [u8; 32] = [0; 32];

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
            let head = lock_head(&mut tx).await?;
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
            let mut head = head;
            let appended = write(&mut tx, &mut head, now, version + 1, event).await?;
            save_head(&mut tx, &head).await?;
            audit::record(&mut tx, now, entry, actor).await?;
            Ok(appended)
        }
        .await;
        tx.end(work).await
    }

    /// Reads all events and checks the chain.
    pub async fn verify_events(&self) -> Result<Verification> {
        // The head first: events that come in meanwhile lie past it and are not looked at.
        let row = self
            .db
            .fetch_optional("SELECT global_position, hash FROM event_head WHERE id = 1", Vec::new())
            .await?
            .ok_or_else(|| fault::internal("The event store has lost the end of its chain."))?;
        let head = Head { position: row.get("global_position")?, hash: row.get("hash")? };
        let mut last = Head { position: 0, hash: GENESIS.to_vec() };
        let broken = |at: i64, fault: &str| {
            Ok(Verification {
                valid: false,
                events: at - 1,
                fault_at: Some(at),
                fault: Some(fault.to_owned()),
            })
        };
        while last.position < head.position {
            let rows = self
                .db
                .fetch_all(
                    format!(
                        "SELECT {COLUMNS}, prev_hash, hash FROM events \
                         WHERE global_position > $1 AND global_position <= $2 ORDER BY global_position LIMIT $3"
                    ),
                    args![last.position, head.position, VERIFY_PAGE],
                )
                .await?;
            if rows.is_empty() {
                return broken(last.position + 1, "The event is missing.");
            }
            for row in &rows {
                let at = last.position + 1;
                if row.get::<i64>("global_position")? != at {
                    return broken(at, "The event is missing.");
                }
                let kept: Vec<u8> = row.get("hash")?;
                if row.get::<Vec<u8>>("prev_hash")? != last.hash || hash_of_row(&last.hash, row)? != kept {
                    return broken(at, "The event is not as it was written.");
                }
                last = Head { position: at, hash: kept };
            }
        }
        if last.hash != head.hash {
            return broken(last.position, "The event is not the one that was last written.");
        }
        Ok(Verification { valid: true, events: last.position, fault_at: None, fault: None })
    }
}

/// The end of the chain.
struct Head {
    position: i64,
    hash: Vec<u8>,
}

/// Appends events within a transaction.
///
/// From here to the commit no other transaction appends, so this comes last in a transaction.
pub(crate) async fn append(tx: &mut Tx, now: Timestamp, events: Vec<NewEvent>) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut head = lock_head(tx).await?;
    let mut stream: Option<(String, i64)> = None;
    for event in events {
        let version = match &stream {
            Some((id, version)) if *id == event.stream_id => version + 1,
            _ => stream_version(tx, &event.stream_id).await? + 1,
        };
        stream = Some((event.stream_id.clone(), version));
        write(tx, &mut head, now, version, event).await?;
    }
    save_head(tx, &head).await
}

async fn lock_head(tx: &mut Tx) -> Result<Head> {
    let row = tx
        .lock("SELECT global_position, hash FROM event_head WHERE id = 1", Vec::new())
        .await?
        .ok_or_else(|| fault::internal("The event store has lost the end of its chain."))?;
    Ok(Head { position: row.get("global_position")?, hash: row.get("hash")? })
}

async fn save_head(tx: &mut Tx, head: &Head) -> Result<()> {
    tx.execute(
        "UPDATE event_head SET global_position = $1, hash = $2 WHERE id = 1",
        args![head.position, head.hash.clone()],
    )
    .await?;
    Ok(())
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

async fn write(tx: &mut Tx, head: &mut Head, now: Timestamp, version: i64, event: NewEvent) -> Result<Event> {
    let position = head.position + 1;
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
    let hash = link.hash(&head.hash);
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
            std::mem::take(&mut head.hash),
            hash.clone(),
        ],
    )
    .await?;
    *head = Head { position, hash };
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

/// What an event's hash is over, beside the hash before.
struct Link<'a> {
    position: i64,
    stream_id: &'a str,
    version: i64,
    event_id: Uuid,
    kind: &'a str,
    data: &'a str,
    metadata: &'a str,
    recorded_at: Timestamp,
}

impl Link<'_> {
    /// SHA-256 over the hash before and each field, texts with their lengths, so that no two events read alike.
    fn hash(&self, previous: &[u8]) -> Vec<u8> {
        let mut digest = Sha256::new();
        digest.update(previous);
        digest.update(self.position.to_be_bytes());
        digest.update(self.version.to_be_bytes());
        digest.update(self.event_id.as_bytes());
        let recorded_at = self.recorded_at.to_string();
        for text in [self.stream_id, self.kind, self.data, self.metadata, &recorded_at] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        digest.finalize().to_vec()
    }
}

fn hash_of_row(previous: &[u8], row: &Row) -> Result<Vec<u8>> {
    let link = Link {
        position: row.get("global_position")?,
        stream_id: &row.get::<String>("stream_id")?,
        version: row.get("version")?,
        event_id: row.get("event_id")?,
        kind: &row.get::<String>("type")?,
        data: &row.get::<String>("data")?,
        metadata: &row.get::<String>("metadata")?,
        recorded_at: row.get("recorded_at")?,
    };
    Ok(link.hash(previous))
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
