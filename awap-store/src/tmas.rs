//! TMAs: taking one in, reading one, listing them.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use awap_core::{Error, Result, Submission};

use crate::audit::{self, Actor, NewEntry};
use crate::cursor::Cursor;
use crate::db::{Db, Tx};
use crate::events::{self, NewEvent};
use crate::moodle::origin::{self, Before, Keeping};
use crate::moodle::{NewOrigin, Origin};
use crate::sql::{Builder, Row, args};
use crate::{Store, Timestamp, fault, feedback_brief, near_duplicates, queue, vault};

/// A TMA to be taken in.
#[derive(Debug, Clone, Default)]
pub struct NewTma {
    /// The TMA, as in the Core Bridge.
    pub tma: Value,
    /// Makes a retry safe: the same key with the same TMA is taken in once.
    pub idempotency_key: Option<String>,
    /// A greater number is worked on first.
    pub priority: i64,
    /// How many jobs may wait, this one among them; `None` for any number. It holds for all hosts of a database.
    pub max_queue: Option<i64>,
    /// Where it comes from, if not from whoever hands it in here: the same work from there is taken in once.
    pub origin: Option<NewOrigin>,
}

/// A TMA as it was taken in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Columns of `tmas`.
pub struct CreatedTma {
    pub id: Uuid,
    pub job_id: Option<String>,
    pub status: String,
    pub student_id: String,
    pub submitted_at: Timestamp,
    /// False where the idempotency key had been used for it before, or the same work had come from the same place. Where
    /// that was erased or purged since, `status` is `gone`.
    pub created: bool,
    /// Which version of the work it is, where it comes from somewhere.
    pub version: Option<i64>,
}

/// A TMA without its content.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Columns of `tmas`; `student_id` is the pseudonym.
pub struct TmaSummary {
    pub id: Uuid,
    pub assignment_id: String,
    pub student_id: String,
    pub course_id: String,
    pub status: String,
    pub job_id: Option<String>,
    pub error_message: Option<String>,
    pub submitted_at: Timestamp,
    pub processed_at: Option<Timestamp>,
    pub inserted_at: Timestamp,
    pub updated_at: Timestamp,
    /// Where it came from, and its other versions; null where it was handed in here.
    pub origin: Option<Origin>,
    /// How many other TMAs of its cohort have text in common with it.
    pub near_duplicates: i64,
    /// Only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Value>,
}

/// A TMA.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tma {
    /// All but the content.
    #[serde(flatten)]
    pub summary: TmaSummary,
    /// The anonymized content; null until there is one.
    pub content: Option<Value>,
}

/// Which TMAs to list; `None` matches all.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // Columns to match.
pub struct TmaFilter {
    pub status: Option<String>,
    pub assignment_id: Option<String>,
    pub course_id: Option<String>,
    pub student_id: Option<String>,
    /// Those that have text in common with another, or those that have none.
    pub near_duplicate: Option<bool>,
    /// Whether each comes with what a list shows of its feedback.
    pub with_feedback: bool,
}

/// TMAs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TmaPage {
    /// The TMAs.
    pub tmas: Vec<TmaSummary>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

const COLUMNS: &str = "tmas.id, tmas.assignment_id, tmas.student_id, tmas.course_id, tmas.status, tmas.job_id, \
                       tmas.error_message, tmas.submitted_at, tmas.processed_at, tmas.inserted_at, tmas.updated_at";

/// Where neither the host nor the rubric says which assignment or course a TMA belongs to.
const UNASSIGNED: &str = "unassigned";

/// Characters of an assignment's or course's id.
const ID_CHARS: usize = 255;

impl Store {
    /// Takes a TMA in: once this returns, it is on disk, with a job to work on it.
    ///
    /// Errors: `invalid_input` with the path of the fault; `conflict` where the idempotency key was used for another
    /// TMA; `unavailable` with `details.reason` `queue_full` where `max_queue` jobs wait already.
    pub async fn create_tma(&self, new: NewTma, actor: &Actor) -> Result<CreatedTma> {
        let incoming = self.incoming(new, actor)?;
        let mut tx = self.db.begin().await?;
        let work = self.take_in(&mut tx, &incoming, actor).await;
        if let Ok(None) = work {
            // Another request with this key came between: what it took in is the answer.
            tx.rollback().await;
            tx = self.db.begin().await?;
            let earlier = incoming.earlier(&mut tx).await;
            return tx.end(earlier).await?.ok_or_else(|| fault::conflict("The idempotency key is in use."));
        }
        tx.end(work).await?.ok_or_else(|| fault::internal("The TMA was not kept."))
    }

    /// Checks a TMA, finds out where it belongs, and seals it.
    fn incoming(&self, new: NewTma, actor: &Actor) -> Result<Incoming> {
        let id = Uuid::now_v7();
        let original = new.tma.to_string().into_bytes();
        let lookup = &self.options.lookup_key;
        let idempotency = new.idempotency_key.as_deref().map(|key| {
            let actor = actor.id.as_deref().unwrap_or_default();
            Idempotency {
                key_hash: lookup.hash("idempotency key", &[actor.as_bytes(), key.as_bytes()]),
                request_hash: lookup.hash("idempotent request", &[&original, &new.priority.to_be_bytes()]),
            }
        });
        let submission = Submission::from_value(new.tma, &self.options.limits)?;
        Ok(Incoming {
            id,
            job_id: Uuid::now_v7(),
            assignment_id: belonging(
                &submission,
                "assignment_id",
                submission.assignment_id.as_deref(),
                "rubric_id",
            )?,
            course_id: belonging(&submission, "course_id", submission.course_id.as_deref(), "module_code")?,
            pseudonym: self.options.pseudonym_key.pseudonym(&submission),
            sealed: self.options.seal_keys.seal(&original_row(id), original)?,
            priority: new.priority,
            max_queue: new.max_queue,
            submission,
            idempotency,
            origin: new.origin,
        })
    }

    /// Writes all that there is to write of a TMA; `None` where its idempotency key has just been used.
    async fn take_in(&self, tx: &mut Tx, tma: &Incoming, actor: &Actor) -> Result<Option<CreatedTma>> {
        if let Some(earlier) = tma.earlier(tx).await? {
            return Ok(Some(earlier));
        }
        if let Some(most) = tma.max_queue {
            // Before anything is written, so that a full queue costs little.
            queue::check_room(tx, most - 1).await?;
        }
        let now = tx.now().await?;
        let keeping = tma.origin.as_ref().map(|origin| Keeping {
            keys: &self.options.seal_keys,
            lookup: &self.options.lookup_key,
            now,
            origin,
            actor,
        });
        let before = match &keeping {
            Some(keeping) => Some(keeping.before(tx).await?),
            None => None,
        };
        if let Some(Before::Same { tma_id, kept }) = before {
            return taken_before(tx, tma_id, kept, &tma.pseudonym, now).await.map(Some);
        }
        tx.execute(
            "INSERT INTO tmas (id, assignment_id, student_id, course_id, content, status, job_id, submitted_at, \
             inserted_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $7, $7)",
            args![
                tma.id,
                tma.assignment_id.as_str(),
                tma.pseudonym.as_str(),
                tma.course_id.as_str(),
                json!({ "sealed": "tma_originals" }),
                tma.job_id.to_string(),
                now,
            ],
        )
        .await?;
        if let Some(key) = &tma.idempotency
            && !key.keep(tx, now, tma.id).await?
        {
            return Ok(None);
        }
        tx.execute(
            "INSERT INTO tma_originals (tma_id, sealed, key_id, inserted_at) VALUES ($1, $2, $3, $4)",
            args![tma.id, tma.sealed.clone(), self.options.seal_keys.current_id(), now],
        )
        .await?;
        vault::keep(tx, &self.options.seal_keys, now, &tma.pseudonym, &tma.submission).await?;
        queue::add(tx, now, tma.job_id, tma.id, tma.priority, &self.options).await?;
        audit::record(tx, now, NewEntry::ok("tma.create", "tma", Some(tma.id)), actor).await?;
        let mut facts = json!({
            "tma_id": tma.id,
            "job_id": tma.job_id,
            "assignment_id": tma.assignment_id,
            "course_id": tma.course_id,
            "student_id": tma.pseudonym,
        });
        let mut log = Vec::new();
        let mut new_version = None;
        if let (Some(keeping), Some(Before::New { version, previous })) = (&keeping, before) {
            new_version = Some(version);
            log = keeping.keep(tx, tma.id, version, previous).await?;
            facts["version"] = version.into();
            facts["previous_id"] = json!(previous);
        }
        log.insert(0, event(tma.id, "tma.submitted", facts, actor));
        events::append(tx, &self.options.lookup_key, now, log).await?;
        if let Some(most) = tma.max_queue {
            // Again: who appends events waits for all who did before, so every job that came between is seen now.
            queue::check_room(tx, most).await?;
        }
        Ok(Some(CreatedTma {
            id: tma.id,
            job_id: Some(tma.job_id.to_string()),
            status: "pending".to_owned(),
            student_id: tma.pseudonym.clone(),
            submitted_at: now,
            created: true,
            version: new_version,
        }))
    }

    /// Reads a TMA. Its content is null until it is anonymized.
    pub async fn get_tma(&self, id: Uuid) -> Result<Tma> {
        let row = self
            .db
            .fetch_optional(
                format!(
                    "SELECT {COLUMNS}, tmas.content, {}, {} FROM tmas{} WHERE tmas.id = $1",
                    near_duplicates::NUMBER,
                    origin::COLUMNS,
                    origin::JOIN
                ),
                args![id],
            )
            .await?
            .ok_or_else(|| fault::not_found("TMA"))?;
        let summary = summary(&row)?;
        let content = if summary.status == "completed" { row.get("content")? } else { None };
        Ok(Tma { summary, content })
    }

    /// Lists TMAs, newest first.
    pub async fn list_tmas(&self, filter: TmaFilter, limit: usize, after: Option<Cursor>) -> Result<TmaPage> {
        let mut query = Builder::new("SELECT ");
        query.push(COLUMNS).push(", ").push(near_duplicates::NUMBER).push(", ").push(origin::COLUMNS);
        if filter.with_feedback {
            query.push(", ").push(match &self.db {
                Db::Sqlite { .. } => feedback_brief::SQLITE_COLUMNS,
                Db::Postgres(_) => feedback_brief::POSTGRES_COLUMNS,
            });
        }
        query.push(" FROM tmas").push(origin::JOIN);
        if filter.with_feedback {
            query.push(feedback_brief::JOIN);
        }
        for (column, value) in [
            ("tmas.status = ", filter.status),
            ("tmas.assignment_id = ", filter.assignment_id),
            ("tmas.course_id = ", filter.course_id),
            ("tmas.student_id = ", filter.student_id),
        ] {
            if let Some(value) = value {
                query.condition(column).value(value);
            }
        }
        if let Some(some) = filter.near_duplicate {
            query.condition(if some { "" } else { "NOT " }).push(near_duplicates::SOME);
        }
        if let Some(Cursor { at, id }) = after {
            query.condition("(tmas.submitted_at, tmas.id) < (").value(at).push(", ").value(id).push(")");
        }
        query.push(" ORDER BY tmas.submitted_at DESC, tmas.id DESC LIMIT ").value(Cursor::one_more(limit));
        let (sql, args) = query.finish();
        let rows = self.db.fetch_all(sql, args).await?;
        let listed = |row: &Row| -> Result<TmaSummary> {
            let feedback = if filter.with_feedback { Some(feedback_brief::from_row(row)?) } else { None };
            Ok(TmaSummary { feedback, ..summary(row)? })
        };
        let mut tmas = rows.iter().map(listed).collect::<Result<Vec<_>>>()?;
        let next_cursor = Cursor::cut(&mut tmas, limit, |tma| Cursor { at: tma.submitted_at, id: tma.id });
        Ok(TmaPage { tmas, next_cursor })
    }

    /// Every course that a TMA belongs to, sorted.
    pub async fn list_courses(&self) -> Result<Vec<String>> {
        let rows = self
            .db
            .fetch_all(
                "SELECT DISTINCT course_id FROM tmas WHERE course_id <> $1 ORDER BY course_id",
                args![UNASSIGNED],
            )
            .await?;
        rows.iter().map(|row| row.get("course_id")).collect()
    }
}

/// What a sealed original is authenticated with.
pub(crate) fn original_row(tma_id: Uuid) -> String {
    format!("tma_originals:{tma_id}")
}

/// An event on a TMA's stream.
pub(crate) fn event(tma_id: Uuid, kind: &str, data: Value, actor: &Actor) -> NewEvent {
    stream_event(format!("tma-{tma_id}"), kind, data, actor)
}

/// An event on any stream.
pub(crate) fn stream_event(stream_id: String, kind: &str, data: Value, actor: &Actor) -> NewEvent {
    let map = |value| match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    NewEvent {
        stream_id,
        kind: kind.to_owned(),
        data: map(data),
        metadata: map(actor.metadata()),
        event_id: None,
    }
}

/// The id of the assignment or course, or what the rubric says of it.
fn belonging(submission: &Submission, field: &str, given: Option<&str>, of_rubric: &str) -> Result<String> {
    let rubric = || submission.rubric.as_ref()?.get(of_rubric)?.as_str();
    let id = given.filter(|id| !id.is_empty()).or_else(rubric).unwrap_or(UNASSIGNED);
    if id.contains('\0') || id.chars().nth(ID_CHARS).is_some() {
        return Err(Error::invalid_input(
            field,
            format!("“{field}” must be at most {ID_CHARS} characters, none of them U+0000."),
        ));
    }
    Ok(id.to_owned())
}

fn summary(row: &Row) -> Result<TmaSummary> {
    Ok(TmaSummary {
        id: row.get("id")?,
        assignment_id: row.get("assignment_id")?,
        student_id: row.get("student_id")?,
        course_id: row.get("course_id")?,
        status: row.get("status")?,
        job_id: row.get("job_id")?,
        error_message: row.get("error_message")?,
        submitted_at: row.get("submitted_at")?,
        processed_at: row.get("processed_at")?,
        inserted_at: row.get("inserted_at")?,
        updated_at: row.get("updated_at")?,
        origin: origin::from_row(row)?,
        near_duplicates: row.get("near_duplicates")?,
        feedback: None,
    })
}

/// What was taken in earlier of the same work from the same place.
async fn taken_before(
    tx: &mut Tx,
    tma_id: Uuid,
    kept: bool,
    pseudonym: &str,
    now: Timestamp,
) -> Result<CreatedTma> {
    let row = tx
        .fetch_optional(
            "SELECT job_id, status, student_id, submitted_at FROM tmas WHERE id = $1",
            args![tma_id],
        )
        .await?;
    let gone = CreatedTma {
        id: tma_id,
        job_id: None,
        status: "gone".to_owned(),
        student_id: pseudonym.to_owned(),
        submitted_at: now,
        created: false,
        version: None,
    };
    match row.filter(|_| kept) {
        None => Ok(gone),
        Some(row) => Ok(CreatedTma {
            job_id: row.get("job_id")?,
            status: row.get("status")?,
            student_id: row.get("student_id")?,
            submitted_at: row.get("submitted_at")?,
            ..gone
        }),
    }
}

/// A TMA that has been checked and sealed, and is not written yet.
struct Incoming {
    id: Uuid,
    job_id: Uuid,
    assignment_id: String,
    course_id: String,
    pseudonym: String,
    sealed: Vec<u8>,
    priority: i64,
    max_queue: Option<i64>,
    submission: Submission,
    idempotency: Option<Idempotency>,
    origin: Option<NewOrigin>,
}

impl Incoming {
    /// What was taken in earlier under the same idempotency key.
    async fn earlier(&self, tx: &mut Tx) -> Result<Option<CreatedTma>> {
        match &self.idempotency {
            Some(key) => key.earlier(tx).await,
            None => Ok(None),
        }
    }
}

/// An idempotency key and what is sent under it, hashed.
struct Idempotency {
    key_hash: Vec<u8>,
    request_hash: Vec<u8>,
}

impl Idempotency {
    /// The TMA that was taken in under this key.
    async fn earlier(&self, tx: &mut Tx) -> Result<Option<CreatedTma>> {
        let row = tx
            .fetch_optional(
                "SELECT k.request_hash, t.id, t.job_id, t.status, t.student_id, t.submitted_at \
                 FROM idempotency_keys k JOIN tmas t ON t.id = k.tma_id WHERE k.key_hash = $1",
                args![self.key_hash.clone()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        if row.get::<Vec<u8>>("request_hash")? != self.request_hash {
            return Err(fault::conflict("The idempotency key was used for another TMA: make a new key."));
        }
        Ok(Some(CreatedTma {
            id: row.get("id")?,
            job_id: row.get("job_id")?,
            status: row.get("status")?,
            student_id: row.get("student_id")?,
            submitted_at: row.get("submitted_at")?,
            created: false,
            version: None,
        }))
    }

    /// Keeps the key for a TMA; false where the key is there already.
    async fn keep(&self, tx: &mut Tx, now: Timestamp, tma_id: Uuid) -> Result<bool> {
        let added = tx
            .execute(
                "INSERT INTO idempotency_keys (key_hash, request_hash, tma_id, inserted_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (key_hash) DO NOTHING",
                args![self.key_hash.clone(), self.request_hash.clone(), tma_id, now],
            )
            .await?;
        Ok(added == 1)
    }
}
