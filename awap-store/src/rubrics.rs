//! Rubrics that the host keeps for all tutors, by name.
//!
//! A rubric holds nothing of a student's. A TMA has its own copy of the rubric that it came with, so that no change here
//! reaches what was handed in.

use serde::Serialize;
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::cursor::Cursor;
use crate::db::Tx;
use crate::sql::{Builder, Row, args};
use crate::{Store, Timestamp, fault};

/// A rubric as a list has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // The columns of `rubrics`.
pub struct RubricSummary {
    pub id: Uuid,
    pub name: String,
    pub sha256: String,
    pub max_mark: f64,
    pub criteria: i64,
    /// Who kept it last: the id of an API key or a user.
    pub updated_by: Option<String>,
    pub inserted_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A rubric whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedRubric {
    /// What a list has of it.
    #[serde(flatten)]
    pub summary: RubricSummary,
    /// JSON or YAML, as it was written.
    pub text: String,
}

/// A rubric to keep. The host has had the core check it, and says what the core found in it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // The columns of `rubrics`.
pub struct NewRubric {
    pub name: String,
    pub text: String,
    pub sha256: String,
    pub max_mark: f64,
    pub criteria: i64,
    /// The `updated_at` that the change was made to.
    pub expected_updated_at: Option<Timestamp>,
}

/// Rubrics, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RubricPage {
    /// The rubrics, without their text.
    pub rubrics: Vec<RubricSummary>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

const LIST: &str =
    "SELECT id, name, sha256, max_mark, criteria, updated_by, inserted_at, updated_at FROM rubrics";
const BY_NAME: &str = "SELECT id, name, text, sha256, max_mark, criteria, updated_by, inserted_at, updated_at \
                       FROM rubrics WHERE name = $1";

impl Store {
    /// Lists rubrics, newest first.
    pub async fn list_rubrics(&self, limit: usize, after: Option<Cursor>) -> Result<RubricPage> {
        let mut query = Builder::new(LIST);
        if let Some(Cursor { at, id }) = after {
            query.condition("(inserted_at, id) < (").value(at).push(", ").value(id).push(")");
        }
        query.push(" ORDER BY inserted_at DESC, id DESC LIMIT ").value(Cursor::one_more(limit));
        let (sql, args) = query.finish();
        let rows = self.db.fetch_all(sql, args).await?;
        let mut rubrics = rows.iter().map(summary).collect::<Result<Vec<_>>>()?;
        let next_cursor =
            Cursor::cut(&mut rubrics, limit, |rubric| Cursor { at: rubric.inserted_at, id: rubric.id });
        Ok(RubricPage { rubrics, next_cursor })
    }

    /// The rubric of this name; `not_found` where there is none.
    pub async fn get_rubric(&self, name: &str) -> Result<SharedRubric> {
        let row = self.db.fetch_optional(BY_NAME, args![name]).await?;
        whole(&row.ok_or_else(|| fault::not_found("rubric"))?)
    }

    /// Keeps a rubric, in place of one of the same name, and whether it is new. `conflict` where it is not as at
    /// `expected_updated_at`. The same text again changes nothing.
    pub async fn put_rubric(&self, new: NewRubric, actor: &Actor) -> Result<(SharedRubric, bool)> {
        let mut tx = self.db.begin().await?;
        let work = put(&mut tx, new, actor).await;
        tx.end(work).await
    }

    /// Removes the rubric of this name; `not_found` where there is none.
    pub async fn delete_rubric(&self, name: &str, actor: &Actor) -> Result<Uuid> {
        let mut tx = self.db.begin().await?;
        let work: Result<Uuid> = async {
            let row = locked(&mut tx, name).await?.ok_or_else(|| fault::not_found("rubric"))?;
            let id = row.summary.id;
            tx.execute("DELETE FROM rubrics WHERE id = $1", args![id]).await?;
            let now = tx.now().await?;
            audit::record(&mut tx, now, entry("rubric.delete", &row.summary), actor).await?;
            Ok(id)
        }
        .await;
        tx.end(work).await
    }
}

async fn put(tx: &mut Tx, new: NewRubric, actor: &Actor) -> Result<(SharedRubric, bool)> {
    let before = locked(tx, &new.name).await?;
    if let Some(expected) = new.expected_updated_at
        && before.as_ref().map(|rubric| rubric.summary.updated_at) != Some(expected)
    {
        return Err(fault::conflict("This rubric was changed or removed meanwhile."));
    }
    if let Some(same) = before.as_ref().filter(|rubric| rubric.text == new.text) {
        return Ok((same.clone(), false));
    }
    let now = tx.now().await?;
    tx.execute(
        "INSERT INTO rubrics (id, name, text, sha256, max_mark, criteria, updated_by, inserted_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
         ON CONFLICT (name) DO UPDATE SET text = excluded.text, sha256 = excluded.sha256, \
         max_mark = excluded.max_mark, criteria = excluded.criteria, updated_by = excluded.updated_by, \
         updated_at = excluded.updated_at",
        args![
            Uuid::now_v7(),
            new.name.as_str(),
            new.text,
            new.sha256,
            new.max_mark,
            new.criteria,
            actor.id.clone(),
            now,
        ],
    )
    .await?;
    let kept = locked(tx, &new.name).await?.ok_or_else(|| fault::internal("The rubric was not kept."))?;
    audit::record(tx, now, entry("rubric.put", &kept.summary), actor).await?;
    Ok((kept, before.is_none()))
}

/// The rubric, held against other changes until the transaction ends.
async fn locked(tx: &mut Tx, name: &str) -> Result<Option<SharedRubric>> {
    tx.lock(BY_NAME, args![name]).await?.as_ref().map(whole).transpose()
}

fn entry(action: &str, rubric: &RubricSummary) -> NewEntry {
    NewEntry::ok(action, "rubric", Some(rubric.id))
        .with("name", rubric.name.as_str())
        .with("sha256", rubric.sha256.as_str())
}

fn summary(row: &Row) -> Result<RubricSummary> {
    Ok(RubricSummary {
        id: row.get("id")?,
        name: row.get("name")?,
        sha256: row.get("sha256")?,
        max_mark: row.get::<Option<_>>("max_mark")?.unwrap_or_default(),
        criteria: row.get("criteria")?,
        updated_by: row.get("updated_by")?,
        inserted_at: row.get("inserted_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn whole(row: &Row) -> Result<SharedRubric> {
    Ok(SharedRubric { summary: summary(row)?, text: row.get("text")? })
}
