//! The sync: one at a time over all hosts, and up to when each assignment was seen.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::sql::{Row, args};
use crate::{Store, Timestamp, events, fault, tmas};

/// Whether a sync may begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Begun {
    /// Whether it has.
    pub begun: bool,
    /// Why not: `running`, or `rested` where another was done too short a time ago.
    pub reason: Option<&'static str>,
    /// Until when the lease runs that the caller or another has.
    pub until: Option<Timestamp>,
}

/// How a sync ended.
#[derive(Debug, Clone, Default)]
pub struct SyncEnd {
    /// `ok`, `partial`, `failed`, or `stopped`.
    pub outcome: String,
    /// Counts and codes; nothing of a person's.
    pub report: Map<String, Value>,
    /// Whether there is an event to be written of it.
    pub tell: bool,
}

/// How the sync of a site is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Columns of `moodle_syncs`.
pub struct SyncState {
    pub running: bool,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub report: Value,
    /// Assignments whose last sync failed.
    pub failing: Vec<SyncAssignment>,
    /// Grades on their way, by state.
    pub uploads: Value,
}

/// An assignment as a sync has seen it.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // Columns of `moodle_assignments`.
pub struct NewAssignment {
    pub site: String,
    pub assignment_id: i64,
    pub course_id: i64,
    pub facts: Map<String, Value>,
    /// `None` leaves it as it is.
    pub watermark: Option<i64>,
    /// Whether all its submissions were listed, not only those since the watermark.
    pub listed: bool,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
}

/// An assignment that is synced.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Columns of `moodle_assignments`.
pub struct SyncAssignment {
    pub assignment_id: i64,
    pub course_id: i64,
    pub facts: Value,
    pub watermark: Option<i64>,
    pub listed_at: Option<Timestamp>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub synced_at: Timestamp,
}

/// The stream that tells of syncs.
const STREAM: &str = "moodle-sync";
const COLUMNS: &str =
    "assignment_id, course_id, facts, watermark, listed_at, error_code, error_message, synced_at";
/// Assignments that failed, which a state names.
const FAILING_MOST: i64 = 100;

impl Store {
    /// Takes the lease of a site's sync, unless another has it, or finished less than `rest` ago.
    pub async fn begin_sync(
        &self,
        site: &str,
        holder: &str,
        lease: Duration,
        rest: Option<Duration>,
    ) -> Result<Begun> {
        let mut tx = self.db.begin().await?;
        let work: Result<Begun> = async {
            let now = tx.now().await?;
            // The update changes nothing: it locks the row that is there.
            let row = tx
                .fetch_optional(
                    "INSERT INTO moodle_syncs (site, started_at, report) VALUES ($1, $2, $3) \
                     ON CONFLICT (site) DO UPDATE SET site = excluded.site \
                     RETURNING holder, lease_expires_at, finished_at",
                    args![site, now, json!({})],
                )
                .await?
                .ok_or_else(|| fault::internal("The sync was not kept."))?;
            let until: Option<Timestamp> = row.get("lease_expires_at")?;
            if row.get::<Option<String>>("holder")?.is_some_and(|other| other != holder)
                && until.is_some_and(|until| until > now)
            {
                return Ok(Begun { begun: false, reason: Some("running"), until });
            }
            let finished: Option<Timestamp> = row.get("finished_at")?;
            // One that lies in the future was written under another clock: it holds nobody up.
            if let (Some(rest), Some(finished)) = (rest, finished)
                && finished <= now
                && finished.plus(rest) > now
            {
                return Ok(Begun { begun: false, reason: Some("rested"), until: Some(finished.plus(rest)) });
            }
            let until = now.plus(lease);
            tx.execute(
                "UPDATE moodle_syncs SET holder = $1, lease_expires_at = $2, started_at = $3 WHERE site = $4",
                args![holder, until, now, site],
            )
            .await?;
            Ok(Begun { begun: true, reason: None, until: Some(until) })
        }
        .await;
        tx.end(work).await
    }

    /// Prolongs the lease, with how far the sync is. `conflict` where it is lost.
    pub async fn extend_sync(
        &self,
        site: &str,
        holder: &str,
        lease: Duration,
        report: Map<String, Value>,
    ) -> Result<Timestamp> {
        let mut tx = self.db.begin().await?;
        let work: Result<Timestamp> = async {
            let now = tx.now().await?;
            held(&mut tx, site, holder).await?;
            let until = now.plus(lease);
            tx.execute(
                "UPDATE moodle_syncs SET lease_expires_at = $1, report = $2 WHERE site = $3",
                args![until, Value::Object(report), site],
            )
            .await?;
            Ok(until)
        }
        .await;
        tx.end(work).await
    }

    /// Gives the lease back, with how it went. `conflict` where it is lost.
    pub async fn end_sync(&self, site: &str, holder: &str, end: SyncEnd, actor: &Actor) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let work: Result<()> = async {
            let now = tx.now().await?;
            held(&mut tx, site, holder).await?;
            let mut facts = end.report.clone();
            facts.insert("outcome".to_owned(), end.outcome.as_str().into());
            tx.execute(
                "UPDATE moodle_syncs SET holder = NULL, lease_expires_at = NULL, finished_at = $1, outcome = $2, \
                 report = $3 WHERE site = $4",
                args![now, end.outcome.as_str(), Value::Object(end.report), site],
            )
            .await?;
            if end.tell {
                let mut entry = NewEntry::ok("moodle.sync", "moodle_sync", None);
                entry.metadata = facts.clone();
                audit::record(&mut tx, now, entry, actor).await?;
                let facts = Value::Object(facts);
                let event = tmas::stream_event(STREAM.to_owned(), "moodle.synced", facts, actor);
                events::append(&mut tx, &self.options.lookup_key, now, vec![event]).await?;
            }
            Ok(())
        }
        .await;
        tx.end(work).await
    }

    /// How the sync of a site is.
    pub async fn sync_state(&self, site: &str) -> Result<SyncState> {
        let row = self
            .db
            .fetch_optional(
                "SELECT holder, lease_expires_at, started_at, finished_at, outcome, report FROM moodle_syncs \
                 WHERE site = $1",
                args![site],
            )
            .await?;
        let failing = self
            .db
            .fetch_all(
                format!(
                    "SELECT {COLUMNS} FROM moodle_assignments WHERE site = $1 AND error_code IS NOT NULL \
                     ORDER BY synced_at DESC, assignment_id LIMIT $2"
                ),
                args![site, FAILING_MOST],
            )
            .await?;
        let failing = failing.iter().map(assignment).collect::<Result<_>>()?;
        let uploads = self.count_uploads().await?;
        let Some(row) = row else {
            return Ok(SyncState {
                running: false,
                started_at: None,
                finished_at: None,
                outcome: None,
                report: json!({}),
                failing,
                uploads,
            });
        };
        let until: Option<Timestamp> = row.get("lease_expires_at")?;
        Ok(SyncState {
            running: until.is_some_and(|until| until > Timestamp::now()),
            started_at: row.get("started_at")?,
            finished_at: row.get("finished_at")?,
            outcome: row.get("outcome")?,
            report: row.get("report")?,
            failing,
            uploads,
        })
    }

    /// Keeps how the sync of an assignment went.
    pub async fn put_assignment(&self, new: NewAssignment) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let work: Result<()> = async {
            let now = tx.now().await?;
            tx.execute(
                "INSERT INTO moodle_assignments (site, assignment_id, course_id, facts, watermark, listed_at, error_code, \
                 error_message, synced_at, inserted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) \
                 ON CONFLICT (site, assignment_id) DO UPDATE SET course_id = excluded.course_id, facts = excluded.facts, \
                 watermark = COALESCE(excluded.watermark, moodle_assignments.watermark), \
                 listed_at = COALESCE(excluded.listed_at, moodle_assignments.listed_at), \
                 error_code = excluded.error_code, error_message = excluded.error_message, \
                 synced_at = excluded.synced_at",
                args![
                    new.site,
                    new.assignment_id,
                    new.course_id,
                    Value::Object(new.facts),
                    new.watermark,
                    new.listed.then_some(now),
                    new.error_code,
                    new.error_message,
                    now,
                ],
            )
            .await
            .map(drop)
        }
        .await;
        tx.end(work).await
    }

    /// The assignments of a site that were synced before, by their numbers.
    pub async fn list_assignments(&self, site: &str) -> Result<Vec<SyncAssignment>> {
        let rows = self
            .db
            .fetch_all(
                format!("SELECT {COLUMNS} FROM moodle_assignments WHERE site = $1 ORDER BY assignment_id"),
                args![site],
            )
            .await?;
        rows.iter().map(assignment).collect()
    }
}

/// Locks the sync's row, if `holder` has its lease. (One that ran out and that nobody took is still theirs.)
async fn held(tx: &mut Tx, site: &str, holder: &str) -> Result<()> {
    let row = tx.lock("SELECT holder FROM moodle_syncs WHERE site = $1", args![site]).await?;
    let is = row.map(|row| row.get::<Option<String>>("holder")).transpose()?.flatten();
    if is.as_deref() == Some(holder) {
        return Ok(());
    }
    Err(fault::conflict("Another sync has begun: this one is to stop."))
}

fn assignment(row: &Row) -> Result<SyncAssignment> {
    Ok(SyncAssignment {
        assignment_id: row.get("assignment_id")?,
        course_id: row.get("course_id")?,
        facts: row.get("facts")?,
        watermark: row.get("watermark")?,
        listed_at: row.get("listed_at")?,
        error_code: row.get("error_code")?,
        error_message: row.get("error_message")?,
        synced_at: row.get("synced_at")?,
    })
}
