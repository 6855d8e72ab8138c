//! Sending what is in the outbox: claimed with a lease, ended as sent, in conflict or failed, or put back to rest.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use awap_core::{Error, Result};

use super::{submissions, uploads};
use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::events::{self, NewEvent};
use crate::seal::OpenError;
use crate::sql::{Row, args};
use crate::{Store, Timestamp, fault, queue, tmas};

/// A grade to be sent, with all that it takes. It names the student to Moodle.
#[derive(Clone, Serialize)]
#[allow(missing_docs)] // Columns of `moodle_uploads` and `tma_origins`.
pub struct ClaimedUpload {
    pub upload_id: Uuid,
    pub tma_id: Uuid,
    pub attempt: i64,
    pub lease_expires_at: Timestamp,
    pub site: String,
    pub course_id: i64,
    pub assignment_id: i64,
    pub submission_id: i64,
    pub submission_attempt: i64,
    /// When the work was handed in that was marked.
    pub submitted_at: Option<Timestamp>,
    pub group_id: Option<i64>,
    /// Whose work it is: `user_id`, `members`, and in `expected` what Moodle had when the work was taken or last graded.
    pub owner: Map<String, Value>,
    pub grade: Option<f64>,
    pub feedback_text: String,
    pub marking_criteria: Option<Value>,
    pub reviewed_by: Option<String>,
    /// What was tried before of the same work and taken back: what Moodle has may be one of these.
    pub earlier: Vec<EarlierUpload>,
}

impl std::fmt::Debug for ClaimedUpload {
    // Identity must not reach a log by way of `{:?}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClaimedUpload({}, attempt {})", self.upload_id, self.attempt)
    }
}

/// A grade that may have reached Moodle, though nobody heard so.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // Columns of `moodle_uploads`.
pub struct EarlierUpload {
    pub grade: Option<f64>,
    pub feedback_text: String,
    pub marking_criteria: Option<Value>,
}

/// How an attempt to send a grade ended.
#[derive(Debug, Clone, Default)]
pub struct UploadOutcome {
    /// `sent`, `conflict`, `failed`, or `retry`.
    pub outcome: String,
    /// What Moodle has now: what the next upload expects to find, or what a conflict was about. Sealed.
    pub seen: Option<Value>,
    /// Why not, for programs.
    pub code: Option<String>,
    /// Why not, for a person.
    pub message: Option<String>,
    /// The numbers that a conflict is about; nothing of a person's.
    pub details: Map<String, Value>,
    /// How long it rests before it is tried again, at least.
    pub rest: Option<Duration>,
}

/// An upload that is next.
enum UploadWork {
    /// Its row, and who the student is in Moodle.
    Due(Row, Map<String, Value>),
    /// A newer version came, or the owner is gone.
    Stale,
    /// Who the student is in Moodle cannot be opened.
    Sealed(Row, OpenError),
}

/// How long a grade rests after its first attempt; twice as long each time after.
const REST: Duration = Duration::from_secs(30);
const REST_MOST: Duration = Duration::from_hours(1);
/// Uploads of versions that no longer count, which one claim sets aside.
const STALE_AT_ONCE: usize = 50;
/// Earlier uploads that a claim tells of.
const EARLIER_MOST: i64 = 5;

impl Store {
    /// Gives the worker the next grade to send: first one whose lease ran out, as it may have reached Moodle, then the one
    /// that waits longest. Of one TMA only one is sent at a time. Audited, as it says who the student is in Moodle.
    pub async fn claim_upload(&self, worker: &str, lease: Duration) -> Result<Option<ClaimedUpload>> {
        let actor = Actor::worker(worker);
        let mut tx = self.db.begin().await?;
        let work: Result<Option<ClaimedUpload>> = async {
            let now = tx.now().await?;
            let mut log = Vec::new();
            let mut claimed = None;
            for _ in 0..STALE_AT_ONCE {
                let Some(id) = next(&mut tx, now).await? else { break };
                let (row, owner) = match self.upload_work(&mut tx, id).await? {
                    UploadWork::Due(row, owner) => (row, owner),
                    UploadWork::Stale => {
                        let tma_id = tma_of(&mut tx, id).await?;
                        log.push(
                            uploads::supersede_one(&mut tx, now, id, tma_id, "newer_version", &actor).await?,
                        );
                        continue;
                    }
                    // The others do not wait for it.
                    UploadWork::Sealed(row, error) => {
                        log.extend(unopened(&mut tx, now, &row, error).await?);
                        continue;
                    }
                };
                let upload = lease_to(&mut tx, now, &row, owner, worker, lease).await?;
                let entry = NewEntry::ok("grade.claim", "grade", Some(upload.upload_id))
                    .with("tma_id", upload.tma_id.to_string())
                    .with("pseudonym", row.get::<String>("student_id")?)
                    .with("attempt", upload.attempt);
                audit::record(&mut tx, now, entry, &actor).await?;
                claimed = Some(upload);
                break;
            }
            events::append(&mut tx, &self.options.lookup_key, now, log).await?;
            Ok(claimed)
        }
        .await;
        tx.end(work).await
    }

    /// What it takes to send an upload.
    async fn upload_work(&self, tx: &mut Tx, id: Uuid) -> Result<UploadWork> {
        let row = tx
            .fetch_optional(
                "SELECT u.id, u.tma_id, u.feedback_id, u.state, u.attempts, u.grade, u.feedback_text, u.marking_criteria, u.reviewed_by, \
                 t.student_id, o.site, o.course_id, o.assignment_id, o.submission_id, o.attempt, o.group_id, \
                 o.submitted_at, o.superseded_by, s.sealed \
                 FROM moodle_uploads u JOIN tmas t ON t.id = u.tma_id JOIN tma_origins o ON o.tma_id = u.tma_id \
                 JOIN moodle_submissions s ON s.site = o.site AND s.submission_id = o.submission_id WHERE u.id = $1",
                args![id],
            )
            .await?;
        let Some(row) = row else { return Ok(UploadWork::Stale) };
        // One that was being sent may be in Moodle: that is found out first.
        let stale = row.get::<Option<Uuid>>("superseded_by")?.is_some();
        if stale && row.get::<String>("state")? == "queued" {
            return Ok(UploadWork::Stale);
        }
        let Some(sealed) = row.get::<Option<Vec<u8>>>("sealed")? else { return Ok(UploadWork::Stale) };
        let site: String = row.get("site")?;
        Ok(match submissions::unseal(&self.options.seal_keys, &site, row.get("submission_id")?, &sealed) {
            Ok(owner) => UploadWork::Due(row, owner),
            Err(error) => UploadWork::Sealed(row, error),
        })
    }

    /// Prolongs a lease; until when. `conflict` where it is lost.
    pub async fn extend_upload(&self, id: Uuid, worker: &str, lease: Duration) -> Result<Timestamp> {
        let mut tx = self.db.begin().await?;
        let work: Result<Timestamp> = async {
            let now = tx.now().await?;
            held(&mut tx, now, id, worker).await?;
            let until = now.plus(lease);
            tx.execute(
                "UPDATE moodle_uploads SET lease_expires_at = $1, updated_at = $2 WHERE id = $3",
                args![until, now, id],
            )
            .await?;
            Ok(until)
        }
        .await;
        tx.end(work).await
    }

    /// Ends an attempt. `conflict` where the lease is lost, and nothing is changed.
    pub async fn finish_upload(
        &self,
        id: Uuid,
        worker: &str,
        outcome: UploadOutcome,
        actor: &Actor,
    ) -> Result<&'static str> {
        let mut tx = self.db.begin().await?;
        let work: Result<&'static str> = async {
            let now = tx.now().await?;
            // The submission first, as whoever takes in a newer version locks it first.
            let submission = submission_of(&mut tx, id).await?;
            let row = held(&mut tx, now, id, worker).await?;
            let attempts: i64 = row.get("attempts")?;
            if let (Some(seen), Some((site, submission_id))) = (&outcome.seen, submission) {
                let place = if outcome.outcome == "sent" { "expected" } else { "found" };
                self.keep_seen(&mut tx, now, &site, submission_id, place, seen.clone()).await?;
            }
            let state = match outcome.outcome.as_str() {
                "sent" => "sent",
                "conflict" => "conflict",
                "retry" => "queued",
                _ => "failed",
            };
            let kind = end(&mut tx, now, &row, state, &outcome, attempts).await?;
            let event = record(&mut tx, now, &row, kind, &outcome, actor).await?;
            events::append(&mut tx, &self.options.lookup_key, now, event.into_iter().collect()).await?;
            Ok(if kind == "superseded" { "superseded" } else { state })
        }
        .await;
        tx.end(work).await
    }

    /// Keeps what Moodle has of a submission, sealed.
    async fn keep_seen(
        &self,
        tx: &mut Tx,
        now: Timestamp,
        site: &str,
        submission_id: i64,
        place: &str,
        seen: Value,
    ) -> Result<()> {
        let row = tx
            .fetch_optional(
                "SELECT sealed FROM moodle_submissions WHERE site = $1 AND submission_id = $2",
                args![site, submission_id],
            )
            .await?;
        let Some(sealed) = row.map(|row| row.get::<Option<Vec<u8>>>("sealed")).transpose()?.flatten() else {
            return Ok(());
        };
        let keys = &self.options.seal_keys;
        let mut owner = submissions::open(keys, site, submission_id, &sealed)?;
        owner.insert(place.to_owned(), seen);
        if place == "expected" {
            owner.remove("found");
        }
        tx.execute(
            "UPDATE moodle_submissions SET sealed = $1, key_id = $2, updated_at = $3 \
             WHERE site = $4 AND submission_id = $5",
            args![
                submissions::seal(keys, site, submission_id, &owner)?,
                keys.current_id(),
                now,
                site,
                submission_id
            ],
        )
        .await
        .map(drop)
    }

    /// From now on, what Moodle was found to have is what is expected of it: for a conflict that a person decided.
    pub(crate) async fn expect_what_was_found(&self, tx: &mut Tx, now: Timestamp, id: Uuid) -> Result<()> {
        let Some((site, submission_id)) = submission_of(tx, id).await? else { return Ok(()) };
        let row = tx
            .fetch_optional(
                "SELECT sealed FROM moodle_submissions WHERE site = $1 AND submission_id = $2",
                args![site.as_str(), submission_id],
            )
            .await?;
        let Some(sealed) = row.map(|row| row.get::<Option<Vec<u8>>>("sealed")).transpose()?.flatten() else {
            return Ok(());
        };
        let owner = submissions::open(&self.options.seal_keys, &site, submission_id, &sealed)?;
        match owner.get("found") {
            Some(found) => self.keep_seen(tx, now, &site, submission_id, "expected", found.clone()).await,
            None => Ok(()),
        }
    }
}

/// The upload that is to be sent next, locked; those that another transaction holds are passed over.
async fn next(tx: &mut Tx, now: Timestamp) -> Result<Option<Uuid>> {
    for select in [
        "SELECT id FROM moodle_uploads WHERE state = 'sending' AND lease_expires_at <= $1 \
         ORDER BY lease_expires_at LIMIT 1",
        "SELECT id FROM moodle_uploads WHERE state = 'queued' AND available_at <= $1 AND NOT EXISTS \
         (SELECT 1 FROM moodle_uploads s WHERE s.tma_id = moodle_uploads.tma_id AND s.state = 'sending') \
         ORDER BY available_at, id LIMIT 1",
    ] {
        let rows = tx.lock_free(select, args![now]).await?;
        if let Some(row) = rows.first() {
            return row.get("id").map(Some);
        }
    }
    Ok(None)
}

async fn tma_of(tx: &mut Tx, id: Uuid) -> Result<Uuid> {
    let row = tx.fetch_optional("SELECT tma_id FROM moodle_uploads WHERE id = $1", args![id]).await?;
    row.ok_or_else(|| fault::not_found("upload"))?.get("tma_id")
}

/// The site and number of an upload's submission, whose row is locked.
pub(crate) async fn submission_of(tx: &mut Tx, id: Uuid) -> Result<Option<(String, i64)>> {
    let row = tx
        .fetch_optional(
            "SELECT o.site, o.submission_id FROM moodle_uploads u JOIN tma_origins o ON o.tma_id = u.tma_id \
             WHERE u.id = $1",
            args![id],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (site, submission_id): (String, i64) = (row.get("site")?, row.get("submission_id")?);
    tx.lock(
        "SELECT site FROM moodle_submissions WHERE site = $1 AND submission_id = $2",
        args![site.as_str(), submission_id],
    )
    .await?;
    Ok(Some((site, submission_id)))
}

async fn lease_to(
    tx: &mut Tx,
    now: Timestamp,
    row: &Row,
    owner: Map<String, Value>,
    worker: &str,
    lease: Duration,
) -> Result<ClaimedUpload> {
    let (upload_id, tma_id): (Uuid, Uuid) = (row.get("id")?, row.get("tma_id")?);
    let lease_expires_at = now.plus(lease);
    tx.execute(
        "UPDATE moodle_uploads SET state = 'sending', worker = $1, lease_expires_at = $2, attempts = attempts + 1, \
         updated_at = $3 WHERE id = $4",
        args![worker, lease_expires_at, now, upload_id],
    )
    .await?;
    let site: String = row.get("site")?;
    let submission_id: i64 = row.get("submission_id")?;
    let earlier = tx
        .fetch_all(
            "SELECT u.grade, u.feedback_text, u.marking_criteria FROM moodle_uploads u \
             JOIN tma_origins o ON o.tma_id = u.tma_id WHERE o.site = $1 AND o.submission_id = $2 AND u.id <> $3 \
             AND u.attempts > 0 AND u.state IN ('superseded', 'failed') ORDER BY u.id DESC LIMIT $4",
            args![site.as_str(), submission_id, upload_id, EARLIER_MOST],
        )
        .await?
        .iter()
        .map(|row| {
            Ok(EarlierUpload {
                grade: row.get("grade")?,
                feedback_text: row.get("feedback_text")?,
                marking_criteria: row.get("marking_criteria")?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(ClaimedUpload {
        upload_id,
        tma_id,
        attempt: row.get::<i64>("attempts")? + 1,
        lease_expires_at,
        site,
        course_id: row.get("course_id")?,
        assignment_id: row.get("assignment_id")?,
        submission_id,
        submission_attempt: row.get("attempt")?,
        submitted_at: row.get("submitted_at")?,
        group_id: row.get("group_id")?,
        owner,
        grade: row.get("grade")?,
        feedback_text: row.get("feedback_text")?,
        marking_criteria: row.get("marking_criteria")?,
        reviewed_by: row.get("reviewed_by")?,
        earlier,
    })
}

/// The upload, locked, if `worker` has a lease on it that still runs.
async fn held(tx: &mut Tx, now: Timestamp, id: Uuid, worker: &str) -> Result<Row> {
    let row = tx
        .lock(
            "SELECT id, tma_id, feedback_id, grade, state, worker, lease_expires_at, attempts FROM moodle_uploads \
             WHERE id = $1",
            args![id],
        )
        .await?
        .ok_or_else(|| fault::not_found("upload"))?;
    let state: String = row.get("state")?;
    let holder: Option<String> = row.get("worker")?;
    let until: Option<Timestamp> = row.get("lease_expires_at")?;
    if state == "sending" && holder.as_deref() == Some(worker) && until.is_some_and(|until| until > now) {
        return Ok(row);
    }
    Err(fault::conflict("The lease on this upload is lost: its result is not taken.").with("state", state))
}

/// Writes how an attempt ended; what became of it: the state, `retried`, or `superseded` where another waits already.
async fn end(
    tx: &mut Tx,
    now: Timestamp,
    row: &Row,
    state: &'static str,
    outcome: &UploadOutcome,
    attempts: i64,
) -> Result<&'static str> {
    let (id, tma_id): (Uuid, Uuid) = (row.get("id")?, row.get("tma_id")?);
    let again = state == "queued";
    let newer = again
        && tx
            .fetch_optional(
                "SELECT id FROM moodle_uploads WHERE tma_id = $1 AND state = 'queued'",
                args![tma_id],
            )
            .await?
            .is_some();
    let state = if newer { "superseded" } else { state };
    let rest = queue::spread(rest_after(attempts)).max(outcome.rest.unwrap_or_default());
    let details = if outcome.details.is_empty() { None } else { Some(Value::from(outcome.details.clone())) };
    tx.execute(
        "UPDATE moodle_uploads SET state = $1, worker = NULL, lease_expires_at = NULL, available_at = $2, \
         error_code = $3, error_message = $4, details = $5, updated_at = $6, finished_at = $7 WHERE id = $8",
        args![
            state,
            now.plus(rest),
            outcome.code.clone(),
            outcome.message.clone(),
            details,
            now,
            (state != "queued").then_some(now),
            id,
        ],
    )
    .await?;
    Ok(match state {
        "queued" => "retried",
        other => other,
    })
}

/// What becomes of an upload whose owner cannot be opened: it rests until the key is back, which is no attempt, or fails for good.
async fn unopened(tx: &mut Tx, now: Timestamp, row: &Row, error: OpenError) -> Result<Option<NewEvent>> {
    let told = Error::from(error);
    tracing::error!("A grade cannot be sent. {}", told.message());
    let code = told.code().to_string();
    if error == OpenError::UnknownKey {
        let rests =
            if row.get::<String>("state")? == "sending" { "lease_expires_at" } else { "available_at" };
        let id: Uuid = row.get("id")?;
        tx.execute(
            format!(
                "UPDATE moodle_uploads SET {rests} = $1, error_code = $2, error_message = $3, updated_at = $4 WHERE id = $5"
            ),
            args![now.plus(queue::UNTIL_THE_KEY_IS_BACK), code, told.message(), now, id],
        )
        .await?;
        return Ok(None);
    }
    let outcome = UploadOutcome {
        outcome: "failed".to_owned(),
        seen: None,
        code: Some(code),
        message: Some(told.message().to_owned()),
        details: Map::new(),
        rest: None,
    };
    let kind = end(tx, now, row, "failed", &outcome, row.get("attempts")?).await?;
    record(tx, now, row, kind, &outcome, &Actor::system()).await
}

/// The entry in the audit log and the event that tell how an attempt ended; none of one that is merely tried again.
async fn record(
    tx: &mut Tx,
    now: Timestamp,
    row: &Row,
    kind: &str,
    outcome: &UploadOutcome,
    actor: &Actor,
) -> Result<Option<NewEvent>> {
    let (id, tma_id): (Uuid, Uuid) = (row.get("id")?, row.get("tma_id")?);
    let (action, event) = match kind {
        "sent" => ("grade.send", "grade.sent"),
        "conflict" => ("grade.conflict", "grade.conflict"),
        "failed" => ("grade.fail", "grade.failed"),
        "superseded" => ("grade.supersede", "grade.superseded"),
        _ => ("grade.retry", ""),
    };
    let mut entry = NewEntry::ok(action, "grade", Some(id)).with("tma_id", tma_id.to_string());
    if let Some(code) = &outcome.code {
        entry = entry.with("code", code.as_str());
    }
    if kind != "sent" {
        entry = entry.failed(outcome.message.as_deref().unwrap_or("The grade was not sent."));
    }
    audit::record(tx, now, entry, actor).await?;
    if event.is_empty() {
        return Ok(None);
    }
    let mut facts = json!({
        "upload_id": id,
        "feedback_id": row.get::<Uuid>("feedback_id")?,
        "grade": row.get::<Option<f64>>("grade")?,
        "attempt": row.get::<i64>("attempts")?,
    });
    if let Some(code) = &outcome.code {
        facts["code"] = code.as_str().into();
    }
    Ok(Some(tmas::event(tma_id, event, facts, actor)))
}

fn rest_after(attempts: i64) -> Duration {
    let doublings = attempts.saturating_sub(1).clamp(0, 30) as u32;
    REST.saturating_mul(1 << doublings).min(REST_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_and_have_a_bound() {
        let rests: Vec<u64> = [1, 2, 3, 40, i64::MAX].map(|n| rest_after(n).as_secs()).to_vec();
        assert_eq!(rests, [30, 60, 120, 3600, 3600]);
    }
}
