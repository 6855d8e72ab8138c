//! Review of feedback by a person: changes to a draft, with what was there before kept, and two reviewers kept apart.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use awap_core::{Error, Result};

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::feedback::{self, Feedback};
use crate::moodle::uploads;
use crate::sql::{Row, args};
use crate::{Store, Timestamp, events, fault, tmas};

/// What to change; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeedbackChanges {
    /// 0–100; `Some(None)` takes the grade away.
    #[allow(clippy::option_option)] // The column itself may be NULL.
    pub grade: Option<Option<f64>>,
    /// What the student will read, in Markdown.
    pub feedback_text: Option<String>,
    /// What was done well.
    pub strengths: Option<Vec<String>>,
    /// What to do better.
    pub improvements: Option<Vec<String>>,
    /// Everything behind the mark.
    pub marking_criteria: Option<Map<String, Value>>,
}

impl FeedbackChanges {
    /// Changes `feedback`; the names of the fields that are different now.
    fn apply(self, feedback: &mut Feedback) -> Vec<&'static str> {
        let mut fields = Vec::new();
        let criteria = self.marking_criteria.map(|criteria| Some(Value::Object(criteria)));
        put(&mut feedback.grade, self.grade, "grade", &mut fields);
        put(&mut feedback.feedback_text, self.feedback_text, "feedback_text", &mut fields);
        put(&mut feedback.strengths, self.strengths, "strengths", &mut fields);
        put(&mut feedback.improvements, self.improvements, "improvements", &mut fields);
        put(&mut feedback.marking_criteria, criteria, "marking_criteria", &mut fields);
        fields
    }
}

fn put<T: PartialEq>(kept: &mut T, new: Option<T>, name: &'static str, fields: &mut Vec<&'static str>) {
    if let Some(new) = new
        && *kept != new
    {
        *kept = new;
        fields.push(name);
    }
}

/// Feedback as it was before a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // The columns of `feedback_revisions`.
pub struct Revision {
    pub revision: i64,
    pub grade: Option<f64>,
    pub feedback_text: String,
    pub marking_criteria: Option<Value>,
    pub strengths: Vec<String>,
    pub improvements: Vec<String>,
    pub reviewed_by: Option<String>,
    pub reviewed_at: Option<Timestamp>,
    pub written_at: Timestamp,
    pub replaced_at: Timestamp,
    pub replaced_by: Option<String>,
}

impl Store {
    /// Changes feedback, marks it as reviewed by `reviewed_by`, or both. An edit that nobody puts a name to takes an
    /// earlier review away: what was reviewed is no longer what is there.
    ///
    /// Errors: `not_found` until there is feedback; `conflict` where it is not as it was at `expected_updated_at`.
    pub async fn update_feedback(
        &self,
        tma_id: Uuid,
        changes: FeedbackChanges,
        reviewed_by: Option<String>,
        expected_updated_at: Option<Timestamp>,
        actor: &Actor,
    ) -> Result<Feedback> {
        if changes == FeedbackChanges::default() && reviewed_by.is_none() {
            return Err(Error::invalid_input(
                "changes",
                "There is nothing to change: give “changes”, “reviewed_by” or both.",
            ));
        }
        let mut tx = self.db.begin().await?;
        let work: Result<Feedback> = async {
            let before = locked(&mut tx, tma_id).await?;
            if let Some(expected) = expected_updated_at
                && expected != before.updated_at
            {
                return Err(fault::conflict(
                    "The feedback was changed meanwhile: read it again, then make the change to what is there now.",
                )
                .with("updated_at", before.updated_at.to_string()));
            }
            // Later than the last change even where the clock is not: `updated_at` tells two states apart.
            let now = tx.now().await?.max(before.updated_at.plus(Duration::from_micros(1)));
            let mut after = before.clone();
            let fields = changes.apply(&mut after);
            if fields.is_empty() && reviewed_by.is_none() {
                return Ok(before);
            }
            let mut log = Vec::new();
            let mut entry = NewEntry::ok("feedback.update", "feedback", Some(before.id))
                .with("tma_id", tma_id.to_string())
                .with("reviewed", reviewed_by.is_some());
            if !fields.is_empty() {
                let revision = keep_revision(&mut tx, now, &before, actor).await?;
                entry = entry.with("fields", json!(fields)).with("revision", revision);
                let facts = json!({
                    "feedback_id": before.id, "revision": revision, "fields": fields, "grade": after.grade,
                });
                log.push(tmas::event(tma_id, "feedback.edited", facts, actor));
            }
            if reviewed_by.is_some() {
                let facts = json!({ "feedback_id": before.id, "grade": after.grade });
                log.push(tmas::event(tma_id, "feedback.reviewed", facts, actor));
            }
            let reviewed_at = reviewed_by.is_some().then_some(now);
            tx.execute(
                "UPDATE feedback SET grade = $1, feedback_text = $2, marking_criteria = $3, strengths = $4, \
                 improvements = $5, reviewed_by = $6, reviewed_at = $7, updated_at = $8 WHERE id = $9",
                args![
                    after.grade,
                    after.feedback_text,
                    after.marking_criteria,
                    after.strengths,
                    after.improvements,
                    reviewed_by,
                    reviewed_at,
                    now,
                    before.id,
                ],
            )
            .await?;
            audit::record(&mut tx, now, entry, actor).await?;
            let row = feedback::read(&mut tx, tma_id).await?.ok_or_else(|| fault::not_found("feedback"))?;
            log.extend(uploads::of_review(&mut tx, now, &row, &self.options, actor).await?);
            events::append(&mut tx, &self.options.lookup_key, now, log).await?;
            Ok(row)
        }
        .await;
        tx.end(work).await
    }

    /// The feedback on a TMA as it was before each change, oldest first. Empty where it was never changed.
    pub async fn list_feedback_revisions(&self, tma_id: Uuid) -> Result<Vec<Revision>> {
        let rows = self
            .db
            .fetch_all(
                "SELECT revision, grade, feedback_text, marking_criteria, strengths, improvements, reviewed_by, \
                 reviewed_at, written_at, replaced_at, replaced_by FROM feedback_revisions WHERE tma_id = $1 \
                 ORDER BY revision",
                args![tma_id],
            )
            .await?;
        rows.iter().map(revision).collect()
    }
}

/// The feedback, with its TMA locked: everything that changes a TMA locks in the order vault, job, TMA, the rest, so
/// that no two wait for each other.
async fn locked(tx: &mut Tx, tma_id: Uuid) -> Result<Feedback> {
    tx.lock("SELECT id FROM tmas WHERE id = $1", args![tma_id])
        .await?
        .ok_or_else(|| fault::not_found("TMA"))?;
    feedback::read(tx, tma_id).await?.ok_or_else(|| fault::not_found("feedback"))
}

/// Keeps what is about to be replaced; its number.
async fn keep_revision(tx: &mut Tx, now: Timestamp, before: &Feedback, actor: &Actor) -> Result<i64> {
    let row = tx
        .fetch_optional(
            "SELECT COUNT(*) + 1 AS next FROM feedback_revisions WHERE tma_id = $1",
            args![before.tma_id],
        )
        .await?
        .ok_or_else(|| fault::internal("The database does not count."))?;
    let revision: i64 = row.get("next")?;
    tx.execute(
        "INSERT INTO feedback_revisions (tma_id, revision, grade, feedback_text, marking_criteria, strengths, \
         improvements, reviewed_by, reviewed_at, written_at, replaced_at, replaced_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            before.tma_id,
            revision,
            before.grade,
            before.feedback_text.as_str(),
            before.marking_criteria.clone(),
            before.strengths.clone(),
            before.improvements.clone(),
            before.reviewed_by.clone(),
            before.reviewed_at,
            before.updated_at,
            now,
            actor.id.clone(),
        ],
    )
    .await?;
    Ok(revision)
}

fn revision(row: &Row) -> Result<Revision> {
    Ok(Revision {
        revision: row.get("revision")?,
        grade: row.get("grade")?,
        feedback_text: row.get("feedback_text")?,
        marking_criteria: row.get("marking_criteria")?,
        strengths: row.get::<Option<_>>("strengths")?.unwrap_or_default(),
        improvements: row.get::<Option<_>>("improvements")?.unwrap_or_default(),
        reviewed_by: row.get("reviewed_by")?,
        reviewed_at: row.get("reviewed_at")?,
        written_at: row.get("written_at")?,
        replaced_at: row.get("replaced_at")?,
        replaced_by: row.get("replaced_by")?,
    })
}
