//! `verify_events`: whether the past is as it was written.

use serde::Serialize;

use awap_core::{ErrorCode, Result};

use super::CHAINED;
use super::chain::{ChainPlace, ChainedRow, End};
use super::replica::elsewhere;
use crate::Store;
use crate::db::Db;
use crate::sql::args;
use crate::store::LookupKey;

/// Events that are read at a time.
const PAGE: i64 = 1_000;

/// Which events to verify.
#[derive(Debug, Clone)]
pub struct Verify {
    /// Those at `EVENT_STORE_URL`, instead of those beside the TMAs.
    pub event_store: bool,
    /// Begin after this place, which was verified before or is kept elsewhere; else at the first event.
    pub after: Option<ChainPlace>,
    /// How many events to look at, at most.
    pub limit: i64,
}

impl Default for Verify {
    /// All that are beside the TMAs.
    fn default() -> Self {
        Self { event_store: false, after: None, limit: i64::MAX }
    }
}

/// What [`Store::verify_events`] found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// Whether every event that was looked at is as it was written and none is missing.
    pub valid: bool,
    /// How many events were looked at.
    pub events: i64,
    /// The first place where the chain does not hold; `None` where that is only known of the whole.
    pub fault_at: Option<i64>,
    /// What is wrong.
    pub fault: Option<String>,
    /// The place up to which the chain holds.
    pub checked: ChainPlace,
    /// The end of the chain when this began.
    pub head: ChainPlace,
    /// Whether the end was reached; else the next call goes on after `checked`.
    pub complete: bool,
}

impl Verification {
    fn broken(mut self, fault_at: Option<i64>, fault: &str) -> Self {
        (self.valid, self.fault_at, self.fault) = (false, fault_at, Some(fault.to_owned()));
        self
    }
}

impl Store {
    /// Reads events in order and checks that each follows on the one before, and at the end that it is the end that this
    /// store wrote. Takes the memory of a page however many there are.
    ///
    /// Of the events at `EVENT_STORE_URL` it also checks that they are those beside the TMAs; `not_configured` where events
    /// are kept nowhere else.
    pub async fn verify_events(&self, what: Verify) -> Result<Verification> {
        let key = &self.options.lookup_key;
        if !what.event_store {
            return verify(&self.db, key, what).await;
        }
        let after = what.after.as_ref().map_or(0, |place| place.global_position);
        let mut found = verify(self.replica()?.db().await?, key, what).await.map_err(elsewhere)?;
        if after > found.head.global_position {
            let fault = "The event is not there: events have not been copied up to the place given.";
            found.fault = Some(fault.to_owned());
        }
        if !(found.valid && found.complete) {
            return Ok(found);
        }
        let at = found.head.global_position;
        match hash_at(&self.db, at).await? {
            Some(hash) if hash == found.head.hash => Ok(found),
            _ => Ok(found.broken(Some(at), "The event is another than the database's own of this position.")),
        }
    }
}

async fn verify(db: &Db, key: &LookupKey, what: Verify) -> Result<Verification> {
    // The end first, and in one statement: what is appended meanwhile lies past it and is not looked at.
    let row = db
        .fetch_optional(
            "SELECT global_position, hash, mac, (SELECT MIN(global_position) FROM events) AS first, \
             (SELECT MAX(global_position) FROM events) AS last FROM event_head WHERE id = 1",
            Vec::new(),
        )
        .await?;
    let end = End::from_row(row.as_ref(), key)?;
    let (first, last) = match &row {
        Some(row) => (row.get::<Option<i64>>("first")?, row.get::<Option<i64>>("last")?),
        None => (None, None),
    };
    let start = what.after.unwrap_or_else(ChainPlace::start);
    let mut found = Verification {
        valid: true,
        events: 0,
        fault_at: None,
        fault: None,
        checked: start.clone(),
        head: end.place.clone(),
        complete: false,
    };
    if start.global_position > end.place.global_position {
        let at = end.place.global_position + 1;
        return Ok(found.broken(Some(at), "The event is missing: the chain ends before the place given."));
    }
    if hash_at(db, start.global_position).await? != Some(start.hash) {
        let at = start.global_position;
        return Ok(found.broken(Some(at), "The event is another than the one given of this position."));
    }
    while found.checked.global_position < end.place.global_position && found.events < what.limit {
        let rows = db
            .fetch_all(
                format!(
                    "SELECT {CHAINED} FROM events WHERE global_position > $1 AND global_position <= $2 \
                     ORDER BY global_position LIMIT $3"
                ),
                args![
                    found.checked.global_position,
                    end.place.global_position,
                    PAGE.min(what.limit - found.events)
                ],
            )
            .await?;
        let missing = found.checked.global_position + 1;
        if rows.is_empty() {
            return Ok(found.broken(Some(missing), "The event is missing."));
        }
        for row in &rows {
            let at = found.checked.global_position + 1;
            let followed = match ChainedRow::from_row(row) {
                Ok(event) => event.follows(&found.checked),
                // Not even of the type it was written as.
                Err(error) if error.code() == ErrorCode::Internal => Err("The event cannot be read."),
                Err(error) => return Err(error),
            };
            match followed {
                Ok(place) => found.checked = place,
                Err(fault) => return Ok(found.broken(Some(at), fault)),
            }
            found.events += 1;
        }
    }
    found.complete = found.checked.global_position == end.place.global_position;
    if !found.complete {
        return Ok(found);
    }
    if found.checked.hash != end.place.hash {
        let at = found.checked.global_position;
        return Ok(found.broken(Some(at), "The event is not the one that was last written."));
    }
    if let Some(at) = first.filter(|at| *at < 1).or(last.filter(|at| *at > end.place.global_position)) {
        return Ok(
            found.broken(Some(at), "The event was not written by the store: it lies outside the chain.")
        );
    }
    if !end.authentic {
        return Ok(found.broken(
            None,
            "The end of the chain was not written by this store: events were changed or cut off behind its back, or \
             AWAP_PSEUDONYM_KEY is another.",
        ));
    }
    Ok(found)
}

/// The hash of the event at a position; that of the beginning before the first.
async fn hash_at(db: &Db, position: i64) -> Result<Option<Vec<u8>>> {
    if position == 0 {
        return Ok(Some(ChainPlace::start().hash));
    }
    let row =
        db.fetch_optional("SELECT hash FROM events WHERE global_position = $1", args![position]).await?;
    row.map(|row| row.get("hash")).transpose()
}
