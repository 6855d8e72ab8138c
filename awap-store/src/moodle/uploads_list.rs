//! The outbox for people: what is in it and how it went, and sending again what was given up.

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use awap_core::Result;

use super::uploads::{self, Upload};
use super::uploads_work;
use crate::audit::{self, Actor, NewEntry};
use crate::cursor::Cursor;
use crate::sql::{Builder, args};
use crate::{Store, events, fault, tmas};

/// Which uploads to list; `None` matches all.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // Columns to match.
pub struct UploadFilter {
    pub state: Option<String>,
    pub tma_id: Option<Uuid>,
}

/// Uploads, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UploadPage {
    /// The uploads.
    pub uploads: Vec<Upload>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

impl Store {
    /// Lists the outbox, newest first.
    pub async fn list_uploads(
        &self,
        filter: UploadFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<UploadPage> {
        let mut query = Builder::new("SELECT ");
        query.push(uploads::COLUMNS).push(" FROM moodle_uploads u JOIN tmas t ON t.id = u.tma_id");
        if let Some(state) = filter.state {
            query.condition("u.state = ").value(state);
        }
        if let Some(tma_id) = filter.tma_id {
            query.condition("u.tma_id = ").value(tma_id);
        }
        if let Some(Cursor { at, id }) = after {
            query.condition("(u.inserted_at, u.id) < (").value(at).push(", ").value(id).push(")");
        }
        query.push(" ORDER BY u.inserted_at DESC, u.id DESC LIMIT ").value(Cursor::one_more(limit));
        let (sql, args) = query.finish();
        let rows = self.db.fetch_all(sql, args).await?;
        let mut uploads = rows.iter().map(uploads::upload).collect::<Result<Vec<_>>>()?;
        let next_cursor =
            Cursor::cut(&mut uploads, limit, |upload| Cursor { at: upload.inserted_at, id: upload.id });
        Ok(UploadPage { uploads, next_cursor })
    }

    /// How many uploads there are in each state that is not an end, and in the ends that want a person.
    pub(crate) async fn count_uploads(&self) -> Result<serde_json::Value> {
        let rows = self
            .db
            .fetch_all(
                "SELECT state, COUNT(*) AS n FROM moodle_uploads \
                 WHERE state IN ('queued', 'sending', 'conflict', 'failed') GROUP BY state",
                Vec::new(),
            )
            .await?;
        let mut counts = json!({ "queued": 0, "sending": 0, "conflict": 0, "failed": 0 });
        for row in &rows {
            counts[row.get::<String>("state")?.as_str()] = row.get::<i64>("n")?.into();
        }
        Ok(counts)
    }

    /// Sends a grade again that is in conflict, failed, or rests. With `overwrite`, what Moodle was found to have in a
    /// conflict may be replaced by it.
    ///
    /// `conflict` where it was sent or is being sent, where another of the same TMA waits, or where the feedback or the work
    /// has changed since it was approved.
    pub async fn retry_upload(&self, id: Uuid, overwrite: bool, actor: &Actor) -> Result<Upload> {
        let mut tx = self.db.begin().await?;
        let work: Result<()> = async {
            let now = tx.now().await?;
            uploads_work::submission_of(&mut tx, id).await?;
            let row = tx
                .lock("SELECT id, tma_id, state, grade FROM moodle_uploads WHERE id = $1", args![id])
                .await?
                .ok_or_else(|| fault::not_found("upload"))?;
            let (state, tma_id): (String, Uuid) = (row.get("state")?, row.get("tma_id")?);
            if !["queued", "conflict", "failed"].contains(&state.as_str()) {
                return Err(fault::conflict("Only a grade that is in conflict, failed or waits can be sent again.")
                    .with("state", state));
            }
            if row.get::<Option<f64>>("grade")?.is_none() {
                return Err(fault::conflict("There is no grade to send: give the feedback one and review it again."));
            }
            let newer = tx
                .fetch_optional(
                    "SELECT id FROM moodle_uploads WHERE tma_id = $1 AND id > $2 \
                     UNION ALL SELECT tma_id AS id FROM tma_origins WHERE tma_id = $1 AND superseded_by IS NOT NULL \
                     UNION ALL SELECT f.id FROM feedback f JOIN moodle_uploads u ON u.id = $2 \
                     WHERE f.tma_id = $1 AND f.reviewed_by IS NULL AND u.reviewed_by IS NOT NULL",
                    args![tma_id, id],
                )
                .await?;
            if newer.is_some() {
                return Err(fault::conflict(
                    "The feedback or the work has changed since this grade was approved: review what is there now.",
                ));
            }
            if overwrite {
                self.expect_what_was_found(&mut tx, now, id).await?;
            }
            tx.execute(
                "UPDATE moodle_uploads SET state = 'queued', available_at = $1, inserted_at = $1, updated_at = $1, \
                 finished_at = NULL WHERE id = $2",
                args![now, id],
            )
            .await?;
            let entry = NewEntry::ok("grade.retry", "grade", Some(id))
                .with("tma_id", tma_id.to_string())
                .with("requested", true)
                .with("overwrite", overwrite);
            audit::record(&mut tx, now, entry, actor).await?;
            let facts = json!({ "upload_id": id, "requested": true, "overwrite": overwrite });
            let event = tmas::event(tma_id, "grade.retried", facts, actor);
            events::append(&mut tx, &self.options.lookup_key, now, vec![event]).await
        }
        .await;
        tx.end(work).await?;
        let row = self
            .db
            .fetch_optional(
                format!(
                    "SELECT {} FROM moodle_uploads u JOIN tmas t ON t.id = u.tma_id WHERE u.id = $1",
                    uploads::COLUMNS
                ),
                args![id],
            )
            .await?
            .ok_or_else(|| fault::not_found("upload"))?;
        uploads::upload(&row)
    }
}
