//! The retention period: what is old enough goes, a bounded number of rows at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::moodle::submissions;
use crate::sql::{Row, args};
use crate::store::LookupKey;
use crate::{Store, Timestamp, events, tmas};

/// What has a retention period of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// Sealed originals of TMAs that are completed or failed, by when they became so.
    Originals,
    /// Whole TMAs that are completed or failed, by when they became so, and the identity of a student of whom no TMA is
    /// left.
    Tmas,
    /// Idempotency keys, by when they were used: a request that is sent again later is taken in again.
    IdempotencyKeys,
}

impl Expired {
    /// The words for them.
    pub const WORDS: [&str; 3] = ["originals", "tmas", "idempotency_keys"];

    /// What a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "originals" => Some(Self::Originals),
            "tmas" => Some(Self::Tmas),
            "idempotency_keys" => Some(Self::IdempotencyKeys),
            _ => None,
        }
    }
}

/// What one call purged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Originals, TMAs or idempotency keys that are gone.
    pub purged: usize,
    /// Identities that went with the last TMA of their student.
    pub identities: usize,
    /// Whether there may be more: call again.
    pub more: bool,
}

impl Store {
    /// Takes away what is older than `age`, at most `limit` of it. What another transaction holds is passed over: a
    /// later call finds it.
    pub async fn purge_expired(
        &self,
        what: Expired,
        age: Duration,
        limit: u32,
        actor: &Actor,
    ) -> Result<Purged> {
        let mut tx = self.db.begin().await?;
        let work: Result<Purged> = async {
            let now = tx.now().await?;
            let purge = Purge {
                key: &self.options.lookup_key,
                now,
                before: now.minus(age),
                most: i64::from(limit),
                actor,
            };
            match what {
                Expired::Originals => purge.originals(&mut tx).await,
                Expired::Tmas => purge.tmas(&mut tx).await,
                Expired::IdempotencyKeys => purge.idempotency_keys(&mut tx).await,
            }
        }
        .await;
        let purged = tx.end(work).await?;
        if !purged.more {
            self.db.forget_deleted().await;
        }
        Ok(purged)
    }
}

/// How long a grade that is on its way to Moodle holds its TMA back. One that has not got there by then never may: the course is closed, the
/// account has lost its rights.
const ON_ITS_WAY: Duration = Duration::from_hours(30 * 24);

/// One call: the key of the chain of events, when it is, what is old then, how much of it may go, and who asks.
struct Purge<'a> {
    key: &'a LookupKey,
    now: Timestamp,
    before: Timestamp,
    most: i64,
    actor: &'a Actor,
}

impl Purge<'_> {
    async fn originals(&self, tx: &mut Tx) -> Result<Purged> {
        let rows = self
            .old(
                tx,
                "SELECT id FROM tmas WHERE status IN ('completed', 'failed') AND processed_at < $1 \
                 AND EXISTS (SELECT 1 FROM tma_originals o WHERE o.tma_id = tmas.id) \
                 ORDER BY processed_at LIMIT $2",
            )
            .await?;
        for row in &rows {
            let id: Uuid = row.get("id")?;
            tx.execute("DELETE FROM tma_originals WHERE tma_id = $1", args![id]).await?;
            self.record(tx, NewEntry::ok("tma.purge_original", "tma", Some(id))).await?;
        }
        Ok(self.done(&rows, 0))
    }

    async fn tmas(&self, tx: &mut Tx) -> Result<Purged> {
        // A grade that is on its way to Moodle goes there first, if it goes at all. Nothing here waits for a lock, so no other transaction is kept waiting for this
        // one for long.
        let on_its_way = self.now.minus(ON_ITS_WAY);
        let rows = tx
            .lock_free(
                "SELECT t.id, t.student_id FROM tmas t JOIN jobs j ON j.tma_id = t.id \
                 WHERE t.status IN ('completed', 'failed') AND t.processed_at < $1 \
                 AND j.status IN ('completed', 'failed') AND NOT EXISTS (SELECT 1 FROM moodle_uploads u \
                 WHERE u.tma_id = t.id AND u.state IN ('queued', 'sending') \
                 AND (u.inserted_at > $3 OR u.lease_expires_at > $4)) \
                 ORDER BY t.processed_at LIMIT $2",
                args![self.before, self.most, on_its_way, self.now],
            )
            .await?;
        let mut log = Vec::with_capacity(rows.len());
        let mut students = BTreeSet::new();
        let mut purged = 0;
        for row in &rows {
            let (id, student): (Uuid, String) = (row.get("id")?, row.get("student_id")?);
            if !forget_submission(tx, id, self.now, on_its_way).await? {
                continue;
            }
            purged += 1;
            // With all that hangs on it: every table that has a TMA's id deletes with it.
            tx.execute("DELETE FROM tmas WHERE id = $1", args![id]).await?;
            self.record(tx, NewEntry::ok("tma.purge", "tma", Some(id))).await?;
            log.push(tmas::event(id, "tma.purged", json!({ "student_id": student }), self.actor));
            students.insert(student);
        }
        let mut identities = 0;
        for student in students {
            identities += usize::from(self.identity_of_nobody(tx, student).await?);
        }
        events::append(tx, self.key, self.now, log).await?;
        Ok(Purged { purged, ..self.done(&rows, identities) })
    }

    /// Takes an identity away that no TMA is left of; whether it did.
    async fn identity_of_nobody(&self, tx: &mut Tx, student: String) -> Result<bool> {
        let orphan = tx
            .lock_free(
                "SELECT pseudonym FROM vault WHERE pseudonym = $1 \
                 AND NOT EXISTS (SELECT 1 FROM tmas WHERE student_id = $1)",
                args![student.as_str()],
            )
            .await?;
        if orphan.is_empty() {
            return Ok(false);
        }
        tx.execute("DELETE FROM vault WHERE pseudonym = $1", args![student.as_str()]).await?;
        let entry = NewEntry::ok("identity.purge", "identity", None).with("pseudonym", student);
        self.record(tx, entry).await?;
        Ok(true)
    }

    async fn idempotency_keys(&self, tx: &mut Tx) -> Result<Purged> {
        let rows = self
            .old(
                tx,
                "SELECT key_hash FROM idempotency_keys WHERE inserted_at < $1 ORDER BY inserted_at LIMIT $2",
            )
            .await?;
        for row in &rows {
            let key: Vec<u8> = row.get("key_hash")?;
            tx.execute("DELETE FROM idempotency_keys WHERE key_hash = $1", args![key]).await?;
        }
        Ok(self.done(&rows, 0))
    }

    /// The rows that `select` finds to be old, locked; its placeholders are the time before which, and how many.
    async fn old(&self, tx: &mut Tx, select: &'static str) -> Result<Vec<Row>> {
        tx.lock_free(select, args![self.before, self.most]).await
    }

    async fn record(&self, tx: &mut Tx, entry: NewEntry) -> Result<()> {
        audit::record(tx, self.now, entry, self.actor).await.map(drop)
    }

    fn done(&self, rows: &[Row], identities: usize) -> Purged {
        // As many as were asked for: there may be more.
        let more = i64::try_from(rows.len()).is_ok_and(|n| n == self.most);
        Purged { purged: rows.len(), identities, more }
    }
}

/// Forgets whose work a TMA's submission in Moodle is; false where a newer version of it is just being taken in, which
/// holds its row.
async fn forget_submission(tx: &mut Tx, tma_id: Uuid, now: Timestamp, on_its_way: Timestamp) -> Result<bool> {
    let there = tx
        .fetch_optional("SELECT site FROM moodle_submissions WHERE tma_id = $1", args![tma_id])
        .await?
        .is_some();
    if there
        && tx
            .lock_free("SELECT site FROM moodle_submissions WHERE tma_id = $1", args![tma_id])
            .await?
            .is_empty()
    {
        return Ok(false);
    }
    // Asked once more, now that nobody can approve it or have it sent again: that may have been done since it was found.
    let sends = tx
        .fetch_optional(
            "SELECT id FROM moodle_uploads WHERE tma_id = $1 AND state IN ('queued', 'sending') \
             AND (inserted_at > $2 OR lease_expires_at > $3)",
            args![tma_id, on_its_way, now],
        )
        .await?;
    if sends.is_some() {
        return Ok(false);
    }
    submissions::forget(tx, tma_id).await.map(|()| true)
}
