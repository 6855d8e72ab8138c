//! `accept_events`: an administrator vouches for the end of the chain.
//!
//! Where the end was not written by the store (another pseudonym key, or tampering), `verify_events` says so for good:
//! the next event does not set it right. Whoever has looked into it says here that what is there is to stand; that, too,
//! is an event.

use serde_json::json;

use awap_core::Result;

use super::chain::{ChainPlace, ChainedRow, End};
use super::verify::Verify;
use super::{CHAINED, Event, stream_version, write};
use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::sql::args;
use crate::{Store, fault, tmas};

/// The stream of what happens to the event store itself.
const STREAM: &str = "event-store";
const ACCEPTED: &str = "events.accepted";

/// Whether an event says that a person vouched for the chain before it.
pub(super) fn is_acceptance(event: &ChainedRow) -> bool {
    event.stream_id == STREAM && event.kind == ACCEPTED
}

impl Store {
    /// Makes the end of the chain beside the TMAs this store's own; the event that tells of it.
    ///
    /// `conflict` where it is so already, or where the chain itself does not hold: what was changed cannot be accepted,
    /// as nobody knows what it was.
    pub async fn accept_events(&self, reason: &str, actor: &Actor) -> Result<Event> {
        let found = self.verify_events(Verify::default()).await?;
        if found.valid {
            return Err(fault::conflict(
                "The end of the chain is this store's own: there is nothing to accept.",
            ));
        }
        if let Some(at) = found.fault_at {
            return Err(fault::conflict("The chain itself does not hold: that cannot be accepted.")
                .with("fault_at", at)
                .with("fault", found.fault));
        }
        let mut tx = self.db.begin().await?;
        let work: Result<Event> = async {
            let now = tx.now().await?;
            let mut end = End::lock(&mut tx, &self.options.lookup_key).await?;
            follows(&mut tx, found.checked, &end.place).await?;
            end.authentic = true;
            let place = end.place.clone();
            let facts = json!({ "global_position": place.global_position, "hash": place.hash_hex() });
            let event = tmas::stream_event(STREAM.to_owned(), ACCEPTED, facts, actor);
            let version = stream_version(&mut tx, STREAM).await? + 1;
            let event = write(&mut tx, &mut end, now, version, event).await?;
            end.save(&mut tx).await?;
            let entry = NewEntry::ok("event.accept", "event", Some(event.event_id)).with("reason", reason);
            audit::record(&mut tx, now, entry, actor).await?;
            Ok(event)
        }
        .await;
        tx.end(work).await
    }
}

/// Checks the events that came in since the chain was read.
async fn follows(tx: &mut Tx, mut last: ChainPlace, end: &ChainPlace) -> Result<()> {
    let sql = format!("SELECT {CHAINED} FROM events WHERE global_position > $1 ORDER BY global_position");
    for row in tx.fetch_all(sql, args![last.global_position]).await? {
        last = ChainedRow::from_row(&row)?.follows(&last).map_err(fault::conflict)?;
    }
    if last == *end {
        Ok(())
    } else {
        Err(fault::conflict("The chain itself does not hold: that cannot be accepted."))
    }
}
