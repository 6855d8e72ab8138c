//! Feedback: one row per TMA, as the engine drafted it.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use awap_core::Result;

use crate::db::Tx;
use crate::sql::{Row, args};
use crate::{Store, Timestamp, fault};

/// Feedback as the engine drafts it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// 0–100, or `None` while a criterion that only a person may mark is open.
    pub grade: Option<f64>,
    /// What the student will read, in Markdown.
    pub feedback_text: String,
    /// Everything behind the mark.
    pub marking_criteria: Map<String, Value>,
    /// What was done well.
    pub strengths: Vec<String>,
    /// What to do better.
    pub improvements: Vec<String>,
}

/// Feedback as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // The columns of `feedback`.
pub struct Feedback {
    pub id: Uuid,
    pub tma_id: Uuid,
    pub grade: Option<f64>,
    pub feedback_text: String,
    pub marking_criteria: Option<Value>,
    pub strengths: Vec<String>,
    pub improvements: Vec<String>,
    pub generated_at: Timestamp,
    pub reviewed_by: Option<String>,
    pub reviewed_at: Option<Timestamp>,
    pub inserted_at: Timestamp,
    pub updated_at: Timestamp,
    /// Whether a newer version of the work was handed in: this is about what no longer counts.
    pub stale: bool,
    /// The TMA of that version.
    pub superseded_by: Option<Uuid>,
}

const COLUMNS: &str = "id, tma_id, grade, feedback_text, marking_criteria, strengths, improvements, generated_at, \
                       reviewed_by, reviewed_at, inserted_at, updated_at, \
                       (SELECT o.superseded_by FROM tma_origins o WHERE o.tma_id = feedback.tma_id) AS superseded_by";

impl Store {
    /// The feedback on a TMA; `not_found` until there is some.
    pub async fn get_feedback(&self, tma_id: Uuid) -> Result<Feedback> {
        let row = self
            .db
            .fetch_optional(format!("SELECT {COLUMNS} FROM feedback WHERE tma_id = $1"), args![tma_id])
            .await?
            .ok_or_else(|| fault::not_found("feedback"))?;
        feedback(&row)
    }
}

/// The feedback on a TMA, within a transaction.
pub(crate) async fn read(tx: &mut Tx, tma_id: Uuid) -> Result<Option<Feedback>> {
    let row =
        tx.fetch_optional(format!("SELECT {COLUMNS} FROM feedback WHERE tma_id = $1"), args![tma_id]).await?;
    row.as_ref().map(feedback).transpose()
}

/// Keeps a draft; feedback that was there before gives way to it. Its id.
pub(crate) async fn put(tx: &mut Tx, now: Timestamp, tma_id: Uuid, draft: Draft) -> Result<Uuid> {
    let row = tx
        .fetch_optional(
            "INSERT INTO feedback (id, tma_id, grade, feedback_text, marking_criteria, strengths, improvements, \
             generated_at, inserted_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8) \
             ON CONFLICT (tma_id) DO UPDATE SET grade = excluded.grade, feedback_text = excluded.feedback_text, \
             marking_criteria = excluded.marking_criteria, strengths = excluded.strengths, \
             improvements = excluded.improvements, generated_at = excluded.generated_at, reviewed_by = NULL, \
             reviewed_at = NULL, updated_at = excluded.updated_at RETURNING id",
            args![
                Uuid::now_v7(),
                tma_id,
                draft.grade,
                draft.feedback_text,
                Value::Object(draft.marking_criteria),
                draft.strengths,
                draft.improvements,
                now,
            ],
        )
        .await?;
    row.ok_or_else(|| fault::internal("The feedback was not kept."))?.get("id")
}

fn feedback(row: &Row) -> Result<Feedback> {
    let superseded_by: Option<Uuid> = row.get("superseded_by")?;
    Ok(Feedback {
        id: row.get("id")?,
        tma_id: row.get("tma_id")?,
        grade: row.get("grade")?,
        feedback_text: row.get("feedback_text")?,
        marking_criteria: row.get("marking_criteria")?,
        strengths: row.get::<Option<_>>("strengths")?.unwrap_or_default(),
        improvements: row.get::<Option<_>>("improvements")?.unwrap_or_default(),
        generated_at: row.get("generated_at")?,
        reviewed_by: row.get("reviewed_by")?,
        reviewed_at: row.get("reviewed_at")?,
        inserted_at: row.get("inserted_at")?,
        updated_at: row.get("updated_at")?,
        stale: superseded_by.is_some(),
        superseded_by,
    })
}
