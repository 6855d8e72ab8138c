//! The forwarder: copies events from beside the TMAs to the event store, where that is another database.
//!
//! A batch is one transaction of the event store, which ends with the place it has come to. So it goes on where it was
//! whatever died, and several hosts may copy at once: whoever comes second finds the place further on. Nothing is copied
//! that does not follow on what is there.

use std::sync::atomic::Ordering;
use std::time::Duration;

use awap_core::{Error, ErrorCode, Result};

use super::CHAINED;
use super::accept::is_acceptance;
use super::chain::{ChainPlace, ChainedRow, End};
use super::replica::elsewhere;
use crate::Store;
use crate::db::Tx;
use crate::sql::{Builder, args};

/// Events of one batch.
const BATCH: i64 = 500;
/// The time that one batch may take: a connection that was cut off unnoticed is given up then.
const BATCH_TIME: Duration = Duration::from_mins(1);
/// How often it is looked for events that a host left when it died.
const POLL: Duration = Duration::from_secs(1);
/// The least time between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the forwarder rests when something is wrong: at first, and at most.
const REST: Duration = Duration::from_millis(200);
const REST_MOST: Duration = Duration::from_secs(10);

impl Store {
    /// Copies events for as long as it is polled; returns at once where events are kept beside the TMAs.
    ///
    /// While either database is away it waits and tries again. What will not pass by itself is logged once and told by
    /// [`event_store_status`](Self::event_store_status).
    pub async fn keep_forwarding(&self) {
        let Some(replica) = &self.replica else { return };
        let mut rest = REST;
        loop {
            let batch = tokio::time::timeout(BATCH_TIME, self.forward_events()).await.unwrap_or_else(|_| {
                Err(Error::new(ErrorCode::Unavailable, "A batch of events was not copied in time."))
            });
            match batch {
                Ok(copied) => {
                    if rest > REST {
                        tracing::info!("Events are copied to the event store again.");
                    }
                    rest = REST;
                    replica.set_fault(None);
                    if copied == 0 {
                        let _ = tokio::time::timeout(POLL, replica.wake.notified()).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                Err(error) => {
                    if rest == REST {
                        tracing::warn!("Events are not copied to the event store. {}", error.message());
                    }
                    let passes = error.code() == ErrorCode::Unavailable;
                    replica.set_fault((!passes).then(|| error.message().to_owned()));
                    tokio::time::sleep(rest).await;
                    rest = (rest * 2).min(REST_MOST);
                }
            }
        }
    }

    /// Copies one batch of events to the event store; how many.
    ///
    /// `conflict` where the two do not belong together, or an event is not as it was written: nothing is copied then.
    pub async fn forward_events(&self) -> Result<usize> {
        self.ready().await?;
        let key = &self.options.lookup_key;
        let replica = self.replica()?;
        let db = replica.db().await?;
        // The copy first: the original is never behind it.
        let end = End::read(db, key).await.map_err(elsewhere)?;
        replica.position.store(end.place.global_position, Ordering::Relaxed);
        if End::read(&self.db, key).await?.place == end.place {
            return Ok(0);
        }
        let mut tx = db.begin().await.map_err(elsewhere)?;
        let work = async {
            let mut end = End::lock(&mut tx, key).await.map_err(elsewhere)?;
            let events = self.events_after(&end.place).await?;
            if let Some(last) = events.last() {
                // The copy is what was vouched for: its events lead to the same hashes.
                if events.iter().any(is_acceptance) && End::read(&self.db, key).await?.authentic {
                    end.authentic = true;
                }
                end.place = ChainPlace { global_position: last.position, hash: last.hash.clone() };
                insert(&mut tx, &events).await.map_err(elsewhere)?;
                end.save(&mut tx).await.map_err(elsewhere)?;
            }
            Ok((events.len(), end.place.global_position))
        }
        .await;
        let (copied, position) = tx.end(work).await?;
        replica.position.store(position, Ordering::Relaxed);
        Ok(copied)
    }

    /// The next events beside the TMAs, each of which follows on the one before, the first on `place`.
    async fn events_after(&self, place: &ChainPlace) -> Result<Vec<ChainedRow>> {
        let rows = self
            .db
            .fetch_all(
                format!(
                    "SELECT {CHAINED} FROM events WHERE global_position >= $1 ORDER BY global_position LIMIT $2"
                ),
                args![place.global_position, BATCH + 1],
            )
            .await?;
        let mut rows = rows.iter().map(ChainedRow::from_row);
        if place.global_position > 0 {
            let same = rows
                .next()
                .transpose()?
                .is_some_and(|event| (event.position, &event.hash) == (place.global_position, &place.hash));
            if !same {
                return Err(differ(place.global_position));
            }
        }
        let mut last = place.clone();
        let mut events = Vec::new();
        for event in rows.take(BATCH as usize) {
            let event = event?;
            last = event.follows(&last).map_err(|fault| {
                Error::new(ErrorCode::Conflict, format!("An event is not copied. {fault}"))
                    .with("global_position", last.global_position + 1)
            })?;
            events.push(event);
        }
        Ok(events)
    }
}

fn differ(position: i64) -> Error {
    Error::new(
        ErrorCode::Conflict,
        "The event store (EVENT_STORE_URL) holds other events than the database: one of them is of another installation, or \
         was restored from a backup. Nothing is copied to it. Set EVENT_STORE_URL to an empty database, and keep this one.",
    )
    .with("global_position", position)
}

async fn insert(tx: &mut Tx, events: &[ChainedRow]) -> Result<()> {
    let mut sql = Builder::new("INSERT INTO events (");
    sql.push(CHAINED).push(") VALUES ");
    for (i, event) in events.iter().enumerate() {
        sql.push(if i == 0 { "(" } else { ", (" });
        sql.value(event.position).push(", ").value(event.stream_id.as_str()).push(", ").value(event.version);
        sql.push(", ").value(event.event_id).push(", ").value(event.kind.as_str());
        sql.push(", ").value(event.data.as_str()).push(", ").value(event.metadata.as_str());
        sql.push(", ").value(event.recorded_at);
        sql.push(", ").value(event.prev_hash.clone()).push(", ").value(event.hash.clone()).push(")");
    }
    let (sql, args) = sql.finish();
    tx.execute(sql, args).await?;
    Ok(())
}
