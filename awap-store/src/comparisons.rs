//! Cohorts that are to be compared: which one is next, with the texts of its TMAs, and what was found in it.
//!
//! A cohort is the TMAs of one assignment of a course. Each that is completed makes it wait, in the same transaction; once it
//! has been quiet a while, a host claims it with a lease and has the core compare it. A comparison that is lost with its
//! host is claimed again when its lease is over.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use awap_core::Result;

use crate::audit::Actor;
use crate::cursor::Cursor;
use crate::db::{Db, Tx};
use crate::near_duplicates::{self, Found};
use crate::sql::{Row, args};
use crate::{Store, Timestamp, events, fault};

/// Scripts that are compared, the newest: more take more memory than they are worth.
const SCRIPTS_MOST: usize = 3000;
/// Bytes of text that are compared, for the same reason.
const BYTES_MOST: usize = 32 << 20;
/// Rows that are read at a time: a row's structure is many times what is kept of it.
const ROWS_AT_ONCE: i64 = 100;
/// Claims after which a cohort is left alone until something else changes in it.
const ATTEMPTS_MOST: i64 = 5;

/// When a cohort is compared.
#[derive(Debug, Clone, Copy)]
pub struct Quiet {
    /// Once nothing has changed in it for so long,
    pub quiet: Duration,
    /// or once something has waited for so long.
    pub at_most: Duration,
}

/// A cohort to be compared.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimedComparison {
    /// The course.
    pub course_id: String,
    /// The assignment.
    pub assignment_id: String,
    /// How much had changed when the texts were read; whoever ends the comparison says it again.
    pub changes: i64,
    /// When it may be given to another host.
    pub lease_expires_at: Timestamp,
    /// The completed TMAs, the newest first, but for those that a newer version has taken the place of.
    pub scripts: Vec<Script>,
    /// Whether there were more than are compared.
    pub cut: bool,
}

/// A TMA of a cohort, as the core's `compare` takes it.
#[derive(Debug, Clone, Serialize)]
pub struct Script {
    /// The TMA.
    pub id: Uuid,
    /// Its anonymized text.
    pub text: String,
    /// Spans that are not the student's own: the cover sheet, restated questions, headings, the reference list.
    pub aside: Vec<Value>,
}

/// What became of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// TMAs of which something else is known now than before.
    pub changed: Vec<Uuid>,
    /// Pairs that are known now.
    pub pairs: usize,
}

impl Store {
    /// Gives the worker the cohort that has waited longest, with its texts. `None` where none is due.
    pub async fn claim_comparison(
        &self,
        worker: &str,
        lease: Duration,
        due: Quiet,
    ) -> Result<Option<ClaimedComparison>> {
        let mut tx = self.db.begin().await?;
        let work = claim(&mut tx, worker, lease, due).await;
        let Some(mut claimed) = tx.end(work).await? else { return Ok(None) };
        // Outside the transaction: nothing waits for the reading of a large cohort. What changes meanwhile is counted.
        (claimed.scripts, claimed.cut) = self.scripts(&claimed.course_id, &claimed.assignment_id).await?;
        Ok(Some(claimed))
    }

    /// In how long a cohort is due that waits, whoever may have it now; `None` where none waits.
    pub async fn comparison_due_in(&self, due: Quiet) -> Result<Option<Duration>> {
        let mut tx = self.db.begin().await?;
        let work: Result<Option<Duration>> = async {
            let now = tx.now().await?;
            let rows = tx
                .fetch_all(
                    "SELECT changed_at, waiting_since, lease_expires_at FROM comparisons WHERE attempts < $1",
                    args![ATTEMPTS_MOST],
                )
                .await?;
            let due_at = rows.iter().map(|row| due_at(row, due)).collect::<Result<Vec<_>>>()?;
            Ok(due_at.into_iter().min().map(|at| Duration::from_secs_f64(at.seconds_since(now))))
        }
        .await;
        tx.end(work).await
    }

    /// Ends a comparison with what was found: all pairs of the cohort, in place of those known before.
    ///
    /// `conflict` where the lease is lost, and nothing is changed.
    pub async fn finish_comparison(
        &self,
        cohort: (&str, &str),
        worker: &str,
        changes: i64,
        found: Vec<Found>,
        actor: &Actor,
    ) -> Result<Compared> {
        let mut tx = self.db.begin().await?;
        let work: Result<Compared> = async {
            let now = tx.now().await?;
            held(&mut tx, cohort, worker).await?;
            let (compared, log) = near_duplicates::replace(&mut tx, now, cohort, found, actor).await?;
            let (course_id, assignment_id) = cohort;
            tx.execute(
                "DELETE FROM comparisons WHERE course_id = $1 AND assignment_id = $2 AND changes = $3",
                args![course_id, assignment_id, changes],
            )
            .await?;
            // Still there where something changed since the texts were read.
            tx.execute(
                "UPDATE comparisons SET worker = NULL, lease_expires_at = NULL, attempts = 0, \
                 waiting_since = changed_at WHERE course_id = $1 AND assignment_id = $2",
                args![course_id, assignment_id],
            )
            .await?;
            events::append(&mut tx, &self.options.lookup_key, now, log).await?;
            Ok(compared)
        }
        .await;
        tx.end(work).await
    }

    /// The texts of a cohort, and whether there were more than are compared.
    async fn scripts(&self, course_id: &str, assignment_id: &str) -> Result<(Vec<Script>, bool)> {
        let mut scripts: Vec<Script> = Vec::new();
        let mut bytes = 0;
        let mut after: Option<Cursor> = None;
        loop {
            let rows = self.script_rows(course_id, assignment_id, after).await?;
            let full = i64::try_from(rows.len()).is_ok_and(|n| n == ROWS_AT_ONCE);
            for row in &rows {
                after = Some(Cursor { at: row.get("submitted_at")?, id: row.get("id")? });
                let Some(script) = script(row)? else { continue };
                bytes += script.text.len();
                if scripts.len() == SCRIPTS_MOST || bytes > BYTES_MOST {
                    return Ok((scripts, true));
                }
                scripts.push(script);
            }
            if !full {
                return Ok((scripts, false));
            }
        }
    }

    async fn script_rows(
        &self,
        course_id: &str,
        assignment_id: &str,
        after: Option<Cursor>,
    ) -> Result<Vec<Row>> {
        let columns = match &self.db {
            Db::Sqlite { .. } => {
                "json_extract(tmas.content, '$.parsed.text') AS text, \
                 json_extract(tmas.content, '$.parsed.blocks') AS blocks"
            }
            Db::Postgres(_) => {
                "tmas.content #>> '{parsed,text}' AS text, tmas.content #> '{parsed,blocks}' AS blocks"
            }
        };
        let mut args = args![course_id, assignment_id, ROWS_AT_ONCE];
        let mut older = "";
        if let Some(Cursor { at, id }) = after {
            args.extend(args![at, id]);
            older = "AND (tmas.submitted_at, tmas.id) < ($4, $5) ";
        }
        let sql = format!(
            "SELECT tmas.id, tmas.submitted_at, {columns} FROM tmas \
             WHERE tmas.course_id = $1 AND tmas.assignment_id = $2 AND {} {older}\
             ORDER BY tmas.submitted_at DESC, tmas.id DESC LIMIT $3",
            near_duplicates::COUNTS
        );
        self.db.fetch_all(sql, args).await
    }
}

/// Notes that a TMA was completed: what was known of it holds no longer, and its cohort waits to be compared.
pub(crate) async fn changed(tx: &mut Tx, now: Timestamp, tma_id: Uuid) -> Result<()> {
    let cohort = tx
        .fetch_optional("SELECT course_id, assignment_id FROM tmas WHERE id = $1", args![tma_id])
        .await?
        .ok_or_else(|| fault::not_found("TMA"))?;
    let (course_id, assignment_id): (String, String) =
        (cohort.get("course_id")?, cohort.get("assignment_id")?);
    tx.execute(
        "INSERT INTO comparisons (course_id, assignment_id, changes, waiting_since, changed_at) \
         VALUES ($1, $2, 1, $3, $3) ON CONFLICT (course_id, assignment_id) DO UPDATE SET \
         changes = comparisons.changes + 1, changed_at = excluded.changed_at, attempts = 0",
        args![course_id, assignment_id, now],
    )
    .await?;
    // After the cohort's row, as a comparison that ends locks them.
    near_duplicates::forget(tx, tma_id).await
}

async fn claim(tx: &mut Tx, worker: &str, lease: Duration, due: Quiet) -> Result<Option<ClaimedComparison>> {
    let now = tx.now().await?;
    let rows = tx
        .lock_free(
            "SELECT course_id, assignment_id, changes FROM comparisons \
             WHERE (changed_at <= $1 OR waiting_since <= $2) AND attempts < $3 \
             AND (lease_expires_at IS NULL OR lease_expires_at <= $4) ORDER BY waiting_since LIMIT 1",
            args![now.minus(due.quiet), now.minus(due.at_most), ATTEMPTS_MOST, now],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (course_id, assignment_id): (String, String) = (row.get("course_id")?, row.get("assignment_id")?);
    let lease_expires_at = now.plus(lease);
    tx.execute(
        "UPDATE comparisons SET worker = $1, lease_expires_at = $2, attempts = attempts + 1 \
         WHERE course_id = $3 AND assignment_id = $4",
        args![worker, lease_expires_at, course_id.as_str(), assignment_id.as_str()],
    )
    .await?;
    Ok(Some(ClaimedComparison {
        course_id,
        assignment_id,
        changes: row.get("changes")?,
        lease_expires_at,
        scripts: Vec::new(),
        cut: false,
    }))
}

fn due_at(row: &Row, due: Quiet) -> Result<Timestamp> {
    let changed: Timestamp = row.get("changed_at")?;
    let since: Timestamp = row.get("waiting_since")?;
    let at = changed.plus(due.quiet).min(since.plus(due.at_most));
    Ok(row.get::<Option<Timestamp>>("lease_expires_at")?.map_or(at, |leased| at.max(leased)))
}

/// An error unless the comparison of this cohort is the worker's.
async fn held(tx: &mut Tx, (course_id, assignment_id): (&str, &str), worker: &str) -> Result<()> {
    let row = tx
        .lock(
            "SELECT worker FROM comparisons WHERE course_id = $1 AND assignment_id = $2",
            args![course_id, assignment_id],
        )
        .await?;
    match row.map(|row| row.get::<Option<String>>("worker")).transpose()?.flatten() {
        Some(holder) if holder == worker => Ok(()),
        _ => Err(fault::conflict("The lease on this comparison is lost: its result is not taken.")),
    }
}

/// A TMA's text, and what of it is not the student's own; `None` where it has no text.
fn script(row: &Row) -> Result<Option<Script>> {
    let Some(text) = row.get::<Option<String>>("text")? else { return Ok(None) };
    let blocks: Option<Value> = row.get("blocks")?;
    let own = |block: &&Value| {
        block["kind"] != "heading"
            && !block["role"]
                .as_str()
                .is_some_and(|role| matches!(role, "cover" | "prompt" | "reference_list"))
    };
    let aside = blocks
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter(|block| !own(block))
        .filter_map(|span| Some(json!({ "start": span["start"].as_u64()?, "end": span["end"].as_u64()? })))
        .collect();
    Ok(Some(Script { id: row.get("id")?, text, aside }))
}
