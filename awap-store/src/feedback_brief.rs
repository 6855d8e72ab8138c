//! What a list of TMAs shows of their feedback: the mark, what is left for a person to look at, whether it is approved.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use awap_core::Result;

use crate::Timestamp;
use crate::sql::Row;

pub(crate) const JOIN: &str = " LEFT JOIN feedback ON feedback.tma_id = tmas.id";

/// The columns are named apart from those of `tmas`. Of the criteria only what is shown leaves the database: whole, a page
/// of a list would be megabytes. Criteria may be any object: what is of another kind than it should be is as if it were not there.
pub(crate) const SQLITE_COLUMNS: &str = "feedback.grade AS feedback_grade, \
    CASE json_type(feedback.marking_criteria, '$.totals.band') WHEN 'text' \
    THEN json_extract(feedback.marking_criteria, '$.totals.band') END AS feedback_band, \
    CASE json_type(feedback.marking_criteria, '$.needs_review') WHEN 'array' \
    THEN json_extract(feedback.marking_criteria, '$.needs_review') END AS feedback_needs_review, \
    feedback.reviewed_by AS feedback_reviewed_by, feedback.reviewed_at AS feedback_reviewed_at, \
    feedback.updated_at AS feedback_updated_at";

/// As [`SQLITE_COLUMNS`].
pub(crate) const POSTGRES_COLUMNS: &str = "feedback.grade AS feedback_grade, \
    CASE jsonb_typeof(feedback.marking_criteria #> '{totals,band}') WHEN 'string' \
    THEN feedback.marking_criteria #>> '{totals,band}' END AS feedback_band, \
    feedback.marking_criteria -> 'needs_review' AS feedback_needs_review, \
    feedback.reviewed_by AS feedback_reviewed_by, feedback.reviewed_at AS feedback_reviewed_at, \
    feedback.updated_at AS feedback_updated_at";

/// `grade`, `band`, `needs_review` (the reasons that no person has settled, each once), `reviewed_by`, `reviewed_at`,
/// `updated_at`; null where there is no feedback.
pub(crate) fn from_row(row: &Row) -> Result<Value> {
    let Some(updated_at) = row.get::<Option<Timestamp>>("feedback_updated_at")? else {
        return Ok(Value::Null);
    };
    let reviews: Option<Value> = row.get("feedback_needs_review")?;
    let open = |review: &&Value| review.get("resolved") != Some(&Value::Bool(true));
    let reasons: BTreeSet<&str> = reviews
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter(open)
        .filter_map(|review| review.get("reason")?.as_str())
        .collect();
    Ok(json!({
        "grade": row.get::<Option<f64>>("feedback_grade")?,
        "band": row.get::<Option<String>>("feedback_band")?,
        "needs_review": reasons,
        "reviewed_by": row.get::<Option<String>>("feedback_reviewed_by")?,
        "reviewed_at": row.get::<Option<Timestamp>>("feedback_reviewed_at")?,
        "updated_at": updated_at,
    }))
}
