//! Jobs that were given up: listing them with the reason, and trying one again when a person says so.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::cursor::Cursor;
use crate::sql::{Builder, Row, args};
use crate::{Store, Timestamp, events, fault, tmas};

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Columns of `jobs` and `tmas`; `student_id` is the pseudonym.
pub struct FailedJob {
    pub job_id: Uuid,
    pub tma_id: Uuid,
    pub assignment_id: String,
    pub course_id: String,
    pub student_id: String,
    pub attempts: i64,
    pub max_attempts: i64,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub failed_at: Timestamp,
    /// Whether the original is still there to be worked on.
    pub retryable: bool,
}

/// Jobs that were given up, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedPage {
    /// The jobs.
    pub jobs: Vec<FailedJob>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

/// A job that is to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// Its TMA.
    pub tma_id: Uuid,
    /// What the TMA is now: `pending`.
    pub status: &'static str,
}

impl Store {
    /// Lists jobs that were given up, newest first.
    pub async fn list_failed(&self, limit: usize, after: Option<Cursor>) -> Result<FailedPage> {
        let mut query = Builder::new(
            "SELECT j.id, j.tma_id, t.assignment_id, t.course_id, t.student_id, j.attempts, j.max_attempts, \
             j.error_code, j.error_message, j.finished_at, \
             (SELECT COUNT(*) FROM tma_originals o WHERE o.tma_id = j.tma_id) AS originals \
             FROM jobs j JOIN tmas t ON t.id = j.tma_id",
        );
        query.condition("j.status = 'failed'");
        if let Some(Cursor { at, id }) = after {
            query.condition("(j.finished_at, j.id) < (").value(at).push(", ").value(id).push(")");
        }
        query.push(" ORDER BY j.finished_at DESC, j.id DESC LIMIT ").value(Cursor::one_more(limit));
        let (sql, args) = query.finish();
        let rows = self.db.fetch_all(sql, args).await?;
        let mut jobs = rows.iter().map(failed).collect::<Result<Vec<_>>>()?;
        let next_cursor = Cursor::cut(&mut jobs, limit, |job| Cursor { at: job.failed_at, id: job.job_id });
        Ok(FailedPage { jobs, next_cursor })
    }

    /// Gives a job that was given up another full round of attempts, from now on.
    ///
    /// `conflict` where it was not given up, or where the original is no longer kept.
    pub async fn retry_job(&self, job_id: Uuid, actor: &Actor) -> Result<Retried> {
        let mut tx = self.db.begin().await?;
        let work: Result<Retried> = async {
            let now = tx.now().await?;
            let row = tx
                .lock("SELECT tma_id, status, attempts, error_code FROM jobs WHERE id = $1", args![job_id])
                .await?
                .ok_or_else(|| fault::not_found("job"))?;
            let status: String = row.get("status")?;
            if status != "failed" {
                return Err(
                    fault::conflict("Only a job that failed can be tried again.").with("job_status", status)
                );
            }
            let tma_id: Uuid = row.get("tma_id")?;
            // Locked before the original is looked for, which the retention period may be about to take away.
            tx.lock("SELECT id FROM tmas WHERE id = $1", args![tma_id]).await?;
            let original = tx
                .fetch_optional("SELECT tma_id FROM tma_originals WHERE tma_id = $1", args![tma_id])
                .await?;
            if original.is_none() {
                return Err(fault::conflict(
                    "The original of this TMA is no longer kept: it must be handed in again.",
                ));
            }
            tx.execute(
                "UPDATE jobs SET status = 'available', attempts = 0, max_attempts = $1, worker = NULL, \
                 lease_expires_at = NULL, available_at = $2, finished_at = NULL, updated_at = $2 WHERE id = $3",
                args![i64::from(self.options.max_attempts), now, job_id],
            )
            .await?;
            tx.execute(
                "UPDATE tmas SET status = 'pending', error_message = NULL, processed_at = NULL, updated_at = $1 \
                 WHERE id = $2",
                args![now, tma_id],
            )
            .await?;
            let code: Option<String> = row.get("error_code")?;
            let entry = NewEntry::ok("tma.retry", "tma", Some(tma_id))
                .with("job_id", job_id.to_string())
                .with("code", code.as_deref())
                .with("requested", true);
            audit::record(&mut tx, now, entry, actor).await?;
            let facts = json!({
                "job_id": job_id,
                "attempt": row.get::<i64>("attempts")?,
                "max_attempts": self.options.max_attempts,
                "code": code,
                "available_at": now,
                "requested": true,
            });
            let retried = vec![tmas::event(tma_id, "tma.retried", facts, actor)];
            events::append(&mut tx, &self.options.lookup_key, now, retried).await?;
            Ok(Retried { tma_id, status: "pending" })
        }
        .await;
        tx.end(work).await
    }
}

fn failed(row: &Row) -> Result<FailedJob> {
    Ok(FailedJob {
        job_id: row.get("id")?,
        tma_id: row.get("tma_id")?,
        assignment_id: row.get("assignment_id")?,
        course_id: row.get("course_id")?,
        student_id: row.get("student_id")?,
        attempts: row.get("attempts")?,
        max_attempts: row.get("max_attempts")?,
        error_code: row.get("error_code")?,
        error_message: row.get("error_message")?,
        failed_at: row.get("finished_at")?,
        retryable: row.get::<i64>("originals")? > 0,
    })
}
