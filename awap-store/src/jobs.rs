//! Jobs: claimed with a lease, tried a bounded number of times, finished exactly once.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use awap_core::{Error, Result};

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::events::{self, NewEvent};
use crate::feedback::{self, Draft};
use crate::moodle::uploads;
use crate::seal::OpenError;
use crate::sql::{Row, args};
use crate::{Store, Timestamp, comparisons, fault, queue, tmas};

/// A job that a worker holds, with what to work on.
#[derive(Clone, Serialize)]
pub struct ClaimedJob {
    /// The job.
    pub job_id: Uuid,
    /// Its TMA.
    pub tma_id: Uuid,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// How many there are.
    pub max_attempts: i64,
    /// When the job may be given to another worker.
    pub lease_expires_at: Timestamp,
    /// The submission as it came in, with the TMA's id as its `tma_id`. It names the student.
    pub tma: Value,
}

impl std::fmt::Debug for ClaimedJob {
    // Identity must not reach a log by way of `{:?}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClaimedJob({}, attempt {})", self.job_id, self.attempt)
    }
}

/// What became of a TMA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// `completed`, `failed`, or `pending` where it is tried again.
    pub status: &'static str,
}

/// What a submission holds that no worker is given.
const UNREAD: &str = "unread_attachments";

/// Lost leases that one claim sets right.
const LOST_AT_ONCE: i64 = 20;

/// Sealed originals that do not open and that one claim passes over.
const DAMAGED_AT_ONCE: usize = 20;

impl Store {
    /// Gives the worker the next job: of the greatest priority, then the oldest; each tenth time the oldest, whatever
    /// its priority. `None` where there is none.
    ///
    /// A job whose lease ran out is given again, until its attempts are used up: then its TMA fails.
    pub async fn claim_job(&self, worker: &str, lease: Duration) -> Result<Option<ClaimedJob>> {
        let mut tx = self.db.begin().await?;
        let work: Result<Option<ClaimedJob>> = async {
            let now = tx.now().await?;
            let actor = Actor::worker(worker);
            let mut log = recover_lost(&mut tx, now).await?;
            let mut claimed = None;
            let order = self.turns.order();
            for _ in 0..DAMAGED_AT_ONCE {
                let Some(job) = queue::next(&mut tx, now, order).await? else { break };
                let tma = match self.open_original(&mut tx, job.tma_id).await? {
                    Ok(tma) => tma,
                    Err(OpenError::Damaged) => {
                        let error =
                            JobError::new("internal", "The sealed original is damaged and cannot be opened.");
                        log.push(bury(&mut tx, now, &job, &error, &Actor::system()).await?);
                        continue;
                    }
                    // The key may come back: nothing is given up for want of it, and the others do not wait for it.
                    Err(OpenError::UnknownKey) => {
                        put_off(&mut tx, now, &job).await?;
                        continue;
                    }
                };
                claimed = Some(lease_to(&mut tx, now, &job, worker, lease, tma).await?);
                let facts = json!({
                    "job_id": job.id,
                    "attempt": job.attempts + 1,
                    "max_attempts": job.max_attempts,
                });
                log.push(tmas::event(job.tma_id, "tma.processing", facts, &actor));
                let entry =
                    NewEntry::ok("tma.claim", "tma", Some(job.tma_id)).with("job_id", job.id.to_string());
                audit::record(&mut tx, now, entry, &actor).await?;
                break;
            }
            events::append(&mut tx, &self.options.lookup_key, now, log).await?;
            Ok(claimed)
        }
        .await;
        let claimed = tx.end(work).await?;
        if claimed.is_some() {
            self.turns.taken();
        }
        Ok(claimed)
    }

    /// Prolongs a lease; until when. `conflict` where it is lost.
    pub async fn extend_lease(&self, job_id: Uuid, worker: &str, lease: Duration) -> Result<Timestamp> {
        let mut tx = self.db.begin().await?;
        let work: Result<Timestamp> = async {
            let now = tx.now().await?;
            held(&mut tx, now, job_id, worker).await?;
            let until = now.plus(lease);
            tx.execute(
                "UPDATE jobs SET lease_expires_at = $1, updated_at = $2 WHERE id = $3",
                args![until, now, job_id],
            )
            .await?;
            Ok(until)
        }
        .await;
        tx.end(work).await
    }

    /// Ends a job with its results: the anonymized content, the feedback, the events of the work.
    ///
    /// `conflict` where the lease is lost, and nothing is changed.
    pub async fn complete_job(
        &self,
        job_id: Uuid,
        worker: &str,
        content: Map<String, Value>,
        draft: Draft,
        events: Vec<(String, Map<String, Value>)>,
        actor: &Actor,
    ) -> Result<Outcome> {
        // The last wall before the table: what is kept in the clear has been through anonymization.
        if content.get("student").is_some_and(|student| !student.is_null()) {
            return Err(Error::invalid_input(
                "content.student",
                "“content” still has “student”: only anonymized content is kept.",
            ));
        }
        if content.get("anonymization").is_some_and(left_something) {
            return Err(Error::invalid_input(
                "content.anonymization",
                "“content” was not anonymized whole: only anonymized content is kept.",
            ));
        }
        let mut tx = self.db.begin().await?;
        let work: Result<Outcome> = async {
        let now = tx.now().await?;
        let job = held(&mut tx, now, job_id, worker).await?;
        tx.execute(
            "UPDATE tmas SET content = $1, status = 'completed', error_message = NULL, processed_at = $2, \
             updated_at = $2 WHERE id = $3",
            args![Value::Object(content), now, job.tma_id],
        )
        .await?;
        if !self.options.keep_originals {
            tx.execute("DELETE FROM tma_originals WHERE tma_id = $1", args![job.tma_id]).await?;
        }
        let grade = draft.grade;
        let feedback_id = feedback::put(&mut tx, now, job.tma_id, draft).await?;
        finish(&mut tx, now, job_id, "completed", None).await?;
        comparisons::changed(&mut tx, now, job.tma_id).await?;
        let entry = NewEntry::ok("tma.complete", "tma", Some(job.tma_id))
            .with("job_id", job_id.to_string())
            .with("feedback_id", feedback_id.to_string());
        audit::record(&mut tx, now, entry, actor).await?;
        let mut log: Vec<NewEvent> = events
            .into_iter()
            .map(|(kind, data)| tmas::event(job.tma_id, &kind, Value::Object(data), actor))
            .collect();
        let facts =
            json!({ "job_id": job_id, "attempt": job.attempts, "feedback_id": feedback_id, "grade": grade });
        log.push(tmas::event(job.tma_id, "tma.completed", facts, actor));
        log.extend(uploads::of_draft(&mut tx, now, job.tma_id, &self.options, actor).await?);
        events::append(&mut tx, &self.options.lookup_key, now, log).await?;
        Ok(Outcome { status: "completed" })
        }
        .await;
        tx.end(work).await
    }

    /// Ends an attempt without results: the job is tried again where `retry` is set and attempts are left, after a
    /// rest; else its TMA fails with the reason.
    ///
    /// `conflict` where the lease is lost, and nothing is changed.
    pub async fn fail_job(
        &self,
        job_id: Uuid,
        worker: &str,
        code: &str,
        message: &str,
        retry: bool,
        actor: &Actor,
    ) -> Result<Outcome> {
        let error = JobError::new(code, message);
        let mut tx = self.db.begin().await?;
        let work: Result<Outcome> = async {
            let now = tx.now().await?;
            let job = held(&mut tx, now, job_id, worker).await?;
            let again = retry && job.attempts < job.max_attempts;
            let event = if again {
                let at = now.plus(queue::spread(self.options.rest_after(job.attempts)));
                retry_at(&mut tx, now, &job, at, &error, actor).await?
            } else {
                bury(&mut tx, now, &job, &error, actor).await?
            };
            events::append(&mut tx, &self.options.lookup_key, now, vec![event]).await?;
            Ok(Outcome { status: if again { "pending" } else { "failed" } })
        }
        .await;
        tx.end(work).await
    }

    /// Gives a job back that its worker has no time for, as its host stops: it can be claimed at once, and the attempt
    /// does not count.
    ///
    /// `conflict` where the lease is lost, and nothing is changed.
    pub async fn release_job(&self, job_id: Uuid, worker: &str, actor: &Actor) -> Result<Outcome> {
        let mut tx = self.db.begin().await?;
        let work: Result<Outcome> = async {
            let now = tx.now().await?;
            let job = held(&mut tx, now, job_id, worker).await?;
            tx.execute(
                "UPDATE jobs SET status = 'available', worker = NULL, lease_expires_at = NULL, available_at = $1, \
                 attempts = attempts - 1, updated_at = $1 WHERE id = $2",
                args![now, job.id],
            )
            .await?;
            set_status(&mut tx, now, job.tma_id, "pending").await?;
            let entry = NewEntry::ok("tma.release", "tma", Some(job.tma_id)).with("job_id", job_id.to_string());
            audit::record(&mut tx, now, entry, actor).await?;
            let facts = json!({ "job_id": job_id, "attempt": job.attempts });
            let event = tmas::event(job.tma_id, "tma.released", facts, actor);
            events::append(&mut tx, &self.options.lookup_key, now, vec![event]).await?;
            Ok(Outcome { status: "pending" })
        }
        .await;
        tx.end(work).await
    }

    /// The submission as it came in; `None` where it is damaged, for good.
    async fn open_original(
        &self,
        tx: &mut Tx,
        tma_id: Uuid,
    ) -> Result<std::result::Result<Value, OpenError>> {
        let row = tx
            .fetch_optional(
                "SELECT tma_originals.sealed, o.submitted_at, o.due_at, o.extension_due_at FROM tma_originals \
                     LEFT JOIN tma_origins o ON o.tma_id = tma_originals.tma_id WHERE tma_originals.tma_id = $1",
                args![tma_id],
            )
            .await?;
        let Some(row) = row else { return Ok(Err(OpenError::Damaged)) };
        let sealed: Vec<u8> = row.get("sealed")?;
        let opened = self.options.seal_keys.open(&tmas::original_row(tma_id), &sealed);
        let opened =
            opened.and_then(|plain| serde_json::from_slice::<Value>(&plain).map_err(|_| OpenError::Damaged));
        let mut tma = match opened {
            Ok(tma) => tma,
            Err(error) => return Ok(Err(error)),
        };
        let extended: Option<Timestamp> = row.get("extension_due_at")?;
        let dates: [(&str, Option<Timestamp>); 2] =
            [("submitted_at", row.get("submitted_at")?), ("due_at", extended.or(row.get("due_at")?))];
        if let Some(map) = tma.as_object_mut() {
            // Moodle's dates as they are now: an extension may have come after the work.
            map.extend(
                dates.into_iter().filter_map(|(key, date)| Some((key.to_owned(), date?.to_string().into()))),
            );
        }
        Ok(Ok(tma))
    }
}

/// Why an attempt ended without results.
struct JobError {
    code: String,
    message: String,
}

impl JobError {
    fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }
}

/// A job's row, locked.
pub(crate) struct Job {
    id: Uuid,
    tma_id: Uuid,
    attempts: i64,
    max_attempts: i64,
}

impl Job {
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            tma_id: row.get("tma_id")?,
            attempts: row.get("attempts")?,
            max_attempts: row.get("max_attempts")?,
        })
    }
}

/// Gives a job to a worker.
async fn lease_to(
    tx: &mut Tx,
    now: Timestamp,
    job: &Job,
    worker: &str,
    lease: Duration,
    mut tma: Value,
) -> Result<ClaimedJob> {
    let lease_expires_at = now.plus(lease);
    tx.execute(
        "UPDATE jobs SET status = 'leased', worker = $1, lease_expires_at = $2, attempts = attempts + 1, \
             updated_at = $3 WHERE id = $4",
        args![worker, lease_expires_at, now, job.id],
    )
    .await?;
    set_status(tx, now, job.tma_id, "processing").await?;
    if let Some(map) = tma.as_object_mut() {
        map.insert("tma_id".to_owned(), job.tma_id.to_string().into());
        // Kept with the original, such as pictures beside an essay, and read by nobody.
        map.remove(UNREAD);
    }
    Ok(ClaimedJob {
        job_id: job.id,
        tma_id: job.tma_id,
        attempt: job.attempts + 1,
        max_attempts: job.max_attempts,
        lease_expires_at,
        tma,
    })
}

/// Sets right what workers left behind: a job whose lease ran out can be claimed again, or fails.
async fn recover_lost(tx: &mut Tx, now: Timestamp) -> Result<Vec<NewEvent>> {
    let rows = tx
        .lock_free(
            "SELECT id, tma_id, attempts, max_attempts FROM jobs \
                 WHERE status = 'leased' AND lease_expires_at <= $1 ORDER BY lease_expires_at LIMIT $2",
            args![now, LOST_AT_ONCE],
        )
        .await?;
    let mut log = Vec::with_capacity(rows.len());
    for row in &rows {
        let job = Job::from_row(row)?;
        log.push(if job.attempts < job.max_attempts {
            let error = JobError::new("lease_lost", "The worker did not finish in time.");
            retry_at(tx, now, &job, now, &error, &Actor::system()).await?
        } else {
            let message = format!(
                "Processing did not finish in {} attempts: each time the worker stopped or ran out of time.",
                job.attempts
            );
            bury(tx, now, &job, &JobError::new("lease_lost", &message), &Actor::system()).await?
        });
    }
    Ok(log)
}

/// Whether the report of an anonymization says that something was left where it was.
fn left_something(report: &Value) -> bool {
    let labels = report.get("labels_kept").and_then(Value::as_array);
    labels.is_some_and(|labels| !labels.is_empty()) || report.get("report_only") == Some(&Value::Bool(true))
}

/// The job, locked, if `worker` has a lease on it that still runs.
async fn held(tx: &mut Tx, now: Timestamp, job_id: Uuid, worker: &str) -> Result<Job> {
    let row = tx
        .lock(
            "SELECT id, tma_id, attempts, max_attempts, status, worker, lease_expires_at FROM jobs WHERE id = $1",
            args![job_id],
        )
        .await?
        .ok_or_else(|| fault::not_found("job"))?;
    let status: String = row.get("status")?;
    let holder: Option<String> = row.get("worker")?;
    let until: Option<Timestamp> = row.get("lease_expires_at")?;
    if status == "leased" && holder.as_deref() == Some(worker) && until.is_some_and(|until| until > now) {
        return Job::from_row(&row);
    }
    Err(fault::conflict("The lease on this job is lost: its result is not taken.").with("job_status", status))
}

async fn set_status(tx: &mut Tx, now: Timestamp, tma_id: Uuid, status: &'static str) -> Result<()> {
    tx.execute("UPDATE tmas SET status = $1, updated_at = $2 WHERE id = $3", args![status, now, tma_id])
        .await?;
    Ok(())
}

async fn finish(
    tx: &mut Tx,
    now: Timestamp,
    job_id: Uuid,
    status: &'static str,
    error: Option<&JobError>,
) -> Result<()> {
    tx.execute(
        "UPDATE jobs SET status = $1, lease_expires_at = NULL, error_code = $2, error_message = $3, \
         updated_at = $4, finished_at = $4 WHERE id = $5",
        args![status, error.map(|e| e.code.clone()), error.map(|e| e.message.clone()), now, job_id],
    )
    .await?;
    Ok(())
}

/// Puts a job back, to be claimed from `at` on; the event that tells of it.
async fn retry_at(
    tx: &mut Tx,
    now: Timestamp,
    job: &Job,
    at: Timestamp,
    error: &JobError,
    actor: &Actor,
) -> Result<NewEvent> {
    tx.execute(
        "UPDATE jobs SET status = 'available', worker = NULL, lease_expires_at = NULL, available_at = $1, \
         error_code = $2, error_message = $3, updated_at = $4 WHERE id = $5",
        args![at, error.code.as_str(), error.message.as_str(), now, job.id],
    )
    .await?;
    set_status(tx, now, job.tma_id, "pending").await?;
    let entry = NewEntry::ok("tma.retry", "tma", Some(job.tma_id))
        .with("job_id", job.id.to_string())
        .with("code", error.code.as_str());
    audit::record(tx, now, entry, actor).await?;
    let facts = json!({
        "job_id": job.id,
        "attempt": job.attempts,
        "max_attempts": job.max_attempts,
        "code": error.code,
        "available_at": at,
    });
    Ok(tmas::event(job.tma_id, "tma.retried", facts, actor))
}

/// Lets a job rest that cannot be worked on for want of a key; this is no attempt.
async fn put_off(tx: &mut Tx, now: Timestamp, job: &Job) -> Result<()> {
    let error = Error::from(OpenError::UnknownKey);
    tracing::error!(job_id = %job.id, tma_id = %job.tma_id, "A TMA waits. {}", error.message());
    tx.execute(
        "UPDATE jobs SET available_at = $1, error_code = $2, error_message = $3, updated_at = $4 WHERE id = $5",
        args![now.plus(queue::UNTIL_THE_KEY_IS_BACK), error.code().to_string(), error.message(), now, job.id],
    )
    .await?;
    Ok(())
}

/// Ends a job and its TMA as failed; the event that tells of it.
async fn bury(tx: &mut Tx, now: Timestamp, job: &Job, error: &JobError, actor: &Actor) -> Result<NewEvent> {
    finish(tx, now, job.id, "failed", Some(error)).await?;
    tx.execute(
        "UPDATE tmas SET status = 'failed', error_message = $1, processed_at = $2, updated_at = $2 WHERE id = $3",
        args![error.message.as_str(), now, job.tma_id],
    )
    .await?;
    let entry = NewEntry::ok("tma.fail", "tma", Some(job.tma_id))
        .with("job_id", job.id.to_string())
        .with("code", error.code.as_str())
        .failed(&error.message);
    audit::record(tx, now, entry, actor).await?;
    let facts =
        json!({ "job_id": job.id, "attempt": job.attempts, "code": error.code, "message": error.message });
    Ok(tmas::event(job.tma_id, "tma.failed", facts, actor))
}
