//! Who looked at what: an access to a student's data leaves an entry in the audit log, before the answer leaves.
//!
//! It is the caller who names an actor: what the host reads for its own purposes has none, and leaves no entry. Whoever
//! reads the same thing again within a minute leaves no second one, so that a client that polls does not flood the log.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::sync::Mutex;
use uuid::Uuid;

use awap_core::Result;

use crate::Store;
use crate::audit::{self, Actor, NewEntry};
use crate::query::{ALL, EventPage};
use crate::sql::args;

/// Parts that the accesses are spread over, so that those who write entries of different things rarely wait for each
/// other.
const PARTS: usize = 16;
/// Accesses that one part remembers. Where there are more, some are forgotten, and leave an entry too many.
const REMEMBERED: usize = 2_000;

/// The accesses that this process wrote an entry of lately.
#[derive(Debug)]
pub(crate) struct Accesses {
    parts: [Mutex<HashMap<Key, Instant>>; PARTS],
    hasher: RandomState,
}

/// Who did what to which thing. An actor at another address is another.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    actor: [Option<String>; 3],
    action: String,
    resource_id: Option<Uuid>,
    metadata: String,
}

impl Default for Accesses {
    fn default() -> Self {
        Self { parts: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }
}

impl Accesses {
    fn part(&self, key: &Key) -> &Mutex<HashMap<Key, Instant>> {
        &self.parts[self.hasher.hash_one(key) as usize % PARTS]
    }
}

fn remember(part: &mut HashMap<Key, Instant>, key: Key, now: Instant, span: Duration) {
    if part.len() >= REMEMBERED {
        part.retain(|_, at| now.duration_since(*at) < span);
    }
    if part.len() >= REMEMBERED {
        part.clear();
    }
    part.insert(key, now);
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Access {
    entry: NewEntry,
    /// The TMA whose student it is about, where the entry does not name the pseudonym yet.
    tma_id: Option<Uuid>,
}

impl Access {
    /// Something of one TMA.
    pub(crate) fn of_tma(action: &str, resource_type: &str, resource_id: Uuid, tma_id: Uuid) -> Self {
        let mut entry = NewEntry::ok(action, resource_type, Some(resource_id));
        if resource_id != tma_id {
            entry = entry.with("tma_id", tma_id.to_string());
        }
        Self { entry, tma_id: Some(tma_id) }
    }

    /// A list, with what it was narrowed to.
    pub(crate) fn of_list(action: &str, resource_type: &str, filter: Map<String, Value>) -> Self {
        let mut entry = NewEntry::ok(action, resource_type, None);
        entry.metadata = filter;
        Self { entry, tma_id: None }
    }

    /// Events of a stream; `None` where there were none.
    pub(crate) fn of_events(stream_id: &str, page: &EventPage) -> Option<Self> {
        if page.events.is_empty() {
            return None;
        }
        let tma = stream_id.strip_prefix("tma-").and_then(|id| Uuid::try_parse(id).ok());
        if let Some(id) = tma {
            return Some(Self::of_tma("tma.read_events", "tma", id, id));
        }
        let entry = match stream_id.strip_prefix("student-") {
            Some(pseudonym) => {
                NewEntry::ok("student.read_events", "student", None).with("pseudonym", pseudonym)
            }
            None if stream_id == ALL => NewEntry::ok("event.read_all", "event", None),
            None => NewEntry::ok("event.read", "event", None).with("stream_id", stream_id),
        };
        Some(Self { entry, tma_id: None })
    }
}

impl Store {
    /// Writes an entry of an access, unless this process wrote one of the same within the span of
    /// [`Options::one_access_within`](crate::Options::one_access_within). Where it cannot be written, what was read must
    /// not be given out.
    pub(crate) async fn record_access(&self, access: Access, actor: &Actor) -> Result<()> {
        let Access { mut entry, tma_id } = access;
        let span = self.options.one_access_within;
        let key = Key {
            actor: [actor.id.clone(), actor.kind.clone(), actor.ip_address.clone()],
            action: entry.action.clone(),
            resource_id: entry.resource_id,
            metadata: Value::from(entry.metadata.clone()).to_string(),
        };
        // Held until the entry is written: who reads the same at this very moment finds it.
        let mut part = self.accesses.part(&key).lock().await;
        let now = Instant::now();
        if part.get(&key).is_some_and(|at| now.duration_since(*at) < span) {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let work: Result<()> = async {
            if let Some(id) = tma_id {
                let row = tx.fetch_optional("SELECT student_id FROM tmas WHERE id = $1", args![id]).await?;
                if let Some(row) = row {
                    entry = entry.with("pseudonym", row.get::<String>("student_id")?);
                }
            }
            let at = tx.now().await?;
            audit::record(&mut tx, at, entry, actor).await?;
            Ok(())
        }
        .await;
        tx.end(work).await?;
        remember(&mut part, key, now, span);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> Key {
        Key {
            actor: [None, None, None],
            action: "tma.read".to_owned(),
            resource_id: None,
            metadata: n.to_string(),
        }
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let (span, start) = (Duration::from_mins(1), Instant::now());
        let mut part = HashMap::new();
        for n in 0..REMEMBERED {
            remember(&mut part, key(n), start, span);
        }
        assert_eq!(part.len(), REMEMBERED);
        // None of them is old: all are forgotten for the one.
        remember(&mut part, key(REMEMBERED), start, span);
        assert_eq!(part.len(), 1);
        for n in 0..REMEMBERED - 1 {
            remember(&mut part, key(n), start + span, span);
        }
        assert_eq!(part.len(), REMEMBERED);
        // The one is old, and goes alone.
        remember(&mut part, key(REMEMBERED + 1), start + span, span);
        assert_eq!(part.len(), REMEMBERED);
        assert!(!part.contains_key(&key(REMEMBERED)));
    }
}
