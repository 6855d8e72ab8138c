//! The outbox of grades: what a person approved is queued in the transaction of the review, with what was approved.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::events::NewEvent;
use crate::feedback::{self, Feedback};
use crate::sql::{Row, args};
use crate::store::Options;
use crate::{Timestamp, tmas};

/// Which grades go to Moodle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploads {
    /// Those that a person has reviewed.
    Reviewed,
    /// Those that the engine drafted, too.
    Unreviewed,
    /// None.
    Off,
}

impl Uploads {
    /// What a word names: `reviewed`, `unreviewed` or `off`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "reviewed" => Some(Self::Reviewed),
            "unreviewed" => Some(Self::Unreviewed),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// A grade on its way to Moodle, without what is written to the student.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Columns of `moodle_uploads` and `tmas`; `student_id` is the pseudonym.
pub struct Upload {
    pub id: Uuid,
    pub tma_id: Uuid,
    pub feedback_id: Uuid,
    pub assignment_id: String,
    pub course_id: String,
    pub student_id: String,
    /// `queued`, `sending`, `sent`, `conflict`, `failed` or `superseded`.
    pub state: String,
    pub grade: Option<f64>,
    pub reviewed_by: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next; null where it is not.
    pub next_attempt_at: Option<Timestamp>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    /// The numbers that a conflict is about; null where there are none.
    pub details: Option<Value>,
    pub inserted_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it was sent or given up.
    pub finished_at: Option<Timestamp>,
}

/// The columns of an upload, joined to its TMA as `t`.
pub(crate) const COLUMNS: &str = "u.id, u.tma_id, u.feedback_id, t.assignment_id, t.course_id, t.student_id, u.state, \
                                  u.grade, u.reviewed_by, u.attempts, u.available_at, u.error_code, u.error_message, \
                                  u.details, u.inserted_at, u.updated_at, u.finished_at";

pub(crate) fn upload(row: &Row) -> Result<Upload> {
    let state: String = row.get("state")?;
    let available_at: Timestamp = row.get("available_at")?;
    Ok(Upload {
        id: row.get("id")?,
        tma_id: row.get("tma_id")?,
        feedback_id: row.get("feedback_id")?,
        assignment_id: row.get("assignment_id")?,
        course_id: row.get("course_id")?,
        student_id: row.get("student_id")?,
        next_attempt_at: (state == "queued").then_some(available_at),
        state,
        grade: row.get("grade")?,
        reviewed_by: row.get("reviewed_by")?,
        attempts: row.get("attempts")?,
        error_code: row.get("error_code")?,
        error_message: row.get("error_message")?,
        details: row.get("details")?,
        inserted_at: row.get("inserted_at")?,
        updated_at: row.get("updated_at")?,
        finished_at: row.get("finished_at")?,
    })
}

/// What a change of feedback does to the outbox: what waits there is no longer what is approved, and what is approved now
/// takes its place. The events that tell of it.
pub(crate) async fn of_review(
    tx: &mut Tx,
    now: Timestamp,
    feedback: &Feedback,
    options: &Options,
    actor: &Actor,
) -> Result<Vec<NewEvent>> {
    let mut log = supersede(tx, now, feedback.tma_id, "newer_feedback", actor).await?;
    if feedback.reviewed_by.is_some() {
        log.extend(queue(tx, now, feedback, options, actor).await?);
    }
    Ok(log)
}

/// Queues what the engine drafted, where grades go to Moodle without a review.
pub(crate) async fn of_draft(
    tx: &mut Tx,
    now: Timestamp,
    tma_id: Uuid,
    options: &Options,
    actor: &Actor,
) -> Result<Vec<NewEvent>> {
    if options.uploads != Uploads::Unreviewed {
        return Ok(Vec::new());
    }
    match feedback::read(tx, tma_id).await? {
        // A range and no grade yet: a person has to finish it.
        Some(feedback) if feedback.grade.is_some() => of_unreviewed(tx, now, &feedback, options, actor).await,
        _ => Ok(Vec::new()),
    }
}

async fn of_unreviewed(
    tx: &mut Tx,
    now: Timestamp,
    feedback: &Feedback,
    options: &Options,
    actor: &Actor,
) -> Result<Vec<NewEvent>> {
    let mut log = supersede(tx, now, feedback.tma_id, "newer_feedback", actor).await?;
    log.extend(queue(tx, now, feedback, options, actor).await?);
    Ok(log)
}

/// Queues feedback as it is, if its TMA came from Moodle and is the newest version of its work.
async fn queue(
    tx: &mut Tx,
    now: Timestamp,
    feedback: &Feedback,
    options: &Options,
    actor: &Actor,
) -> Result<Vec<NewEvent>> {
    let from_moodle = tx
        .fetch_optional(
            "SELECT tma_id FROM tma_origins WHERE tma_id = $1 AND superseded_by IS NULL",
            args![feedback.tma_id],
        )
        .await?
        .is_some();
    if options.uploads == Uploads::Off || !from_moodle {
        return Ok(Vec::new());
    }
    let id = Uuid::now_v7();
    // Said at once and in the row, where the reviewer sees it: Moodle would take it for “not graded”.
    let no_grade = feedback.grade.is_none();
    let (state, code, message) = if no_grade {
        ("failed", Some("no_grade"), Some("The feedback has no grade: give it one and review it again."))
    } else {
        ("queued", None, None)
    };
    tx.execute(
        "INSERT INTO moodle_uploads (id, tma_id, feedback_id, state, grade, feedback_text, marking_criteria, reviewed_by, \
         available_at, error_code, error_message, inserted_at, updated_at, finished_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $9, $9, $12)",
        args![
            id,
            feedback.tma_id,
            feedback.id,
            state,
            feedback.grade,
            feedback.feedback_text.as_str(),
            feedback.marking_criteria.clone(),
            feedback.reviewed_by.clone(),
            now,
            code,
            message,
            no_grade.then_some(now),
        ],
    )
    .await?;
    let (action, kind) =
        if no_grade { ("grade.fail", "grade.failed") } else { ("grade.queue", "grade.queued") };
    let mut entry = NewEntry::ok(action, "grade", Some(id)).with("tma_id", feedback.tma_id.to_string());
    let mut facts = json!({ "upload_id": id, "feedback_id": feedback.id, "grade": feedback.grade });
    if let (Some(code), Some(message)) = (code, message) {
        facts["code"] = code.into();
        entry = entry.with("code", code).failed(message);
    }
    audit::record(tx, now, entry, actor).await?;
    Ok(vec![tmas::event(feedback.tma_id, kind, facts, actor)])
}

/// Takes back what waits to be sent of a TMA; the events that tell of it.
pub(crate) async fn supersede(
    tx: &mut Tx,
    now: Timestamp,
    tma_id: Uuid,
    why: &'static str,
    actor: &Actor,
) -> Result<Vec<NewEvent>> {
    let rows = tx
        .lock_all("SELECT id FROM moodle_uploads WHERE tma_id = $1 AND state = 'queued'", args![tma_id])
        .await?;
    let mut log = Vec::with_capacity(rows.len());
    for row in &rows {
        log.push(supersede_one(tx, now, row.get("id")?, tma_id, why, actor).await?);
    }
    Ok(log)
}

/// Takes back one upload, whose row is locked.
pub(crate) async fn supersede_one(
    tx: &mut Tx,
    now: Timestamp,
    id: Uuid,
    tma_id: Uuid,
    why: &'static str,
    actor: &Actor,
) -> Result<NewEvent> {
    tx.execute(
        "UPDATE moodle_uploads SET state = 'superseded', worker = NULL, lease_expires_at = NULL, error_code = $1, \
         error_message = NULL, updated_at = $2, finished_at = $2 WHERE id = $3",
        args![why, now, id],
    )
    .await?;
    let entry = NewEntry::ok("grade.supersede", "grade", Some(id))
        .with("tma_id", tma_id.to_string())
        .with("code", why);
    audit::record(tx, now, entry, actor).await?;
    Ok(tmas::event(tma_id, "grade.superseded", json!({ "upload_id": id, "code": why }), actor))
}
