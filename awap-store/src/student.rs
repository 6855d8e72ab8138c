//! A student's rights over their data: all that is kept about them, and its erasure.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, AuditFilter, AuditPage, Entry, NewEntry};
use crate::cursor::Cursor;
use crate::events::{self, Event, NewEvent};
use crate::feedback::Feedback;
use crate::moodle::{Upload, UploadFilter, origin, submissions};
use crate::near_duplicates::NearDuplicate;
use crate::query::{self, EventQuery};
use crate::review::Revision;
use crate::seal::OpenError;
use crate::sql::{Row, args};
use crate::tmas::{self, Tma, TmaFilter};
use crate::{Store, Timestamp, fault, vault};

/// Entries of the audit log on one thing that an export holds.
const AUDIT_MOST: usize = 500;
/// Grades on their way to Moodle that an export holds of one TMA.
const UPLOADS_MOST: usize = 500;
/// Events of one TMA that an export holds.
const EVENTS_MOST: i64 = 1000;

/// All that is kept about a student, a page of their TMAs at a time. It names them.
#[derive(Clone, Serialize)]
pub struct StudentExport {
    /// The student.
    pub pseudonym: String,
    /// What the vault holds, unsealed; null where it holds nothing.
    pub identity: Option<Map<String, Value>>,
    /// Their TMAs, newest first.
    pub tmas: Vec<ExportedTma>,
    /// Who opened, exported or erased what is known of the student, newest first, at most 500 entries.
    pub audit: AuditPage,
    /// Where the next page of TMAs begins; null at the end.
    pub next_cursor: Option<String>,
}

impl std::fmt::Debug for StudentExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StudentExport({}, {} TMAs)", self.pseudonym, self.tmas.len())
    }
}

/// A TMA with all that hangs on it.
#[derive(Clone, Serialize)]
pub struct ExportedTma {
    /// The row, with the anonymized content.
    #[serde(flatten)]
    pub tma: Tma,
    /// The submission as it came in, unsealed; null where it is no longer kept, or damaged.
    pub original: Option<Value>,
    /// Whether the sealed original is damaged and cannot be opened.
    pub original_damaged: bool,
    /// Where it came from: the files it was made of and, of the newest version, whose work it is in Moodle, unsealed; null
    /// where it was handed in here.
    pub origin_details: Option<Value>,
    /// Its grades on their way to Moodle.
    pub uploads: Vec<Upload>,
    /// What it has in common with other TMAs: the share, the words and their places, and not whose the other is.
    pub in_common: Vec<Value>,
    /// The feedback as it is.
    pub feedback: Option<Feedback>,
    /// The feedback as it was.
    pub feedback_revisions: Vec<Revision>,
    /// The jobs.
    pub jobs: Vec<JobRecord>,
    /// What happened to it.
    pub events: Vec<Event>,
    /// Who did what to it or looked at it.
    pub audit: Vec<Entry>,
}

/// A job, as an export has it.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // Columns of `jobs`.
pub struct JobRecord {
    pub id: Uuid,
    pub status: String,
    pub attempts: i64,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub inserted_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// How many rows an erasure took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // The tables.
pub struct Erased {
    pub tmas: u64,
    pub originals: u64,
    pub feedback: u64,
    pub feedback_revisions: u64,
    pub jobs: u64,
    pub idempotency_keys: u64,
    pub origins: u64,
    pub uploads: u64,
    pub identities: u64,
}

impl Store {
    /// All that is kept about a student. Audited at each page, found or not.
    ///
    /// Errors: `not_found` where nothing is kept; `not_configured` where something was sealed with a key that this
    /// process does not have.
    pub async fn export_student(
        &self,
        pseudonym: &str,
        reason: &str,
        limit: usize,
        after: Option<Cursor>,
        actor: &Actor,
    ) -> Result<StudentExport> {
        let export = self.gather(pseudonym, limit, after).await;
        let entry = NewEntry::ok("student.export", "student", None)
            .with("pseudonym", pseudonym)
            .with("reason", reason);
        let entry = match &export {
            Ok(export) => entry.with("tmas", export.tmas.len()),
            Err(error) => entry.failed(error.message()),
        };
        self.record_audit(entry, actor).await?;
        export
    }

    async fn gather(&self, pseudonym: &str, limit: usize, after: Option<Cursor>) -> Result<StudentExport> {
        let identity = self
            .db
            .fetch_optional("SELECT sealed FROM vault WHERE pseudonym = $1", args![pseudonym])
            .await?
            .map(|row| vault::open(&self.options.seal_keys, pseudonym, &row.get::<Vec<u8>>("sealed")?))
            .transpose()?;
        let filter = TmaFilter { student_id: Some(pseudonym.to_owned()), ..TmaFilter::default() };
        let page = self.list_tmas(filter, limit, after).await?;
        if identity.is_none() && page.tmas.is_empty() && after.is_none() {
            return Err(fault::not_found("student"));
        }
        let mut tmas = Vec::with_capacity(page.tmas.len());
        for tma in page.tmas {
            tmas.push(self.gather_tma(tma.id).await?);
        }
        let filter = AuditFilter { pseudonym: Some(pseudonym.to_owned()), ..AuditFilter::default() };
        let audit = self.list_audit(filter, AUDIT_MOST, None).await?;
        Ok(StudentExport {
            pseudonym: pseudonym.to_owned(),
            identity,
            tmas,
            audit,
            next_cursor: page.next_cursor,
        })
    }

    async fn gather_tma(&self, id: Uuid) -> Result<ExportedTma> {
        let tma = self.get_tma(id).await?;
        let sealed =
            self.db.fetch_optional("SELECT sealed FROM tma_originals WHERE tma_id = $1", args![id]).await?;
        let mut original_damaged = false;
        let original = match sealed {
            None => None,
            Some(row) => {
                match self.options.seal_keys.open(&tmas::original_row(id), &row.get::<Vec<u8>>("sealed")?) {
                    Ok(plain) => serde_json::from_slice(&plain).ok(),
                    Err(OpenError::Damaged) => {
                        original_damaged = true;
                        None
                    }
                    Err(error @ OpenError::UnknownKey) => return Err(error.into()),
                }
            }
        };
        let feedback = match self.get_feedback(id).await {
            Ok(feedback) => Some(feedback),
            Err(error) if error.code() == awap_core::ErrorCode::NotFound => None,
            Err(error) => return Err(error),
        };
        let jobs = self
            .db
            .fetch_all(
                "SELECT id, status, attempts, error_code, error_message, inserted_at, finished_at FROM jobs \
                 WHERE tma_id = $1 ORDER BY inserted_at, id",
                args![id],
            )
            .await?;
        let events = EventQuery { max_count: EVENTS_MOST, ..EventQuery::stream(format!("tma-{id}")) };
        let mut audit = Vec::new();
        for (kind, resource) in [("tma", Some(id)), ("feedback", feedback.as_ref().map(|f| f.id))] {
            if let Some(resource) = resource {
                let filter = AuditFilter {
                    resource_type: Some(kind.to_owned()),
                    resource_id: Some(resource),
                    ..AuditFilter::default()
                };
                audit.extend(self.list_audit(filter, AUDIT_MOST, None).await?.entries);
            }
        }
        let uploads = UploadFilter { tma_id: Some(id), ..UploadFilter::default() };
        Ok(ExportedTma {
            tma,
            original,
            original_damaged,
            origin_details: self.origin_details(id).await?,
            uploads: self.list_uploads(uploads, UPLOADS_MOST, None).await?.uploads,
            feedback,
            in_common: self.list_near_duplicates(id).await?.iter().map(in_common).collect(),
            feedback_revisions: self.list_feedback_revisions(id).await?,
            jobs: jobs.iter().map(job).collect::<Result<_>>()?,
            events: query::run(&self.db, events).await?.events,
            audit,
        })
    }

    /// What is sealed of where a TMA came from.
    async fn origin_details(&self, id: Uuid) -> Result<Option<Value>> {
        let row = self
            .db
            .fetch_optional(
                "SELECT o.site, o.submission_id, o.sealed AS files, s.sealed AS owner FROM tma_origins o \
                 LEFT JOIN moodle_submissions s ON s.tma_id = o.tma_id WHERE o.tma_id = $1",
                args![id],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let keys = &self.options.seal_keys;
        let (site, submission_id): (String, i64) = (row.get("site")?, row.get("submission_id")?);
        let owner = row.get::<Option<Vec<u8>>>("owner")?;
        let owner = owner.map(|sealed| submissions::open(keys, &site, submission_id, &sealed)).transpose()?;
        let files = origin::open_files(keys, id, &row.get::<Vec<u8>>("files")?)?;
        Ok(Some(json!({ "files": files, "owner": owner })))
    }

    /// Takes away all that is kept about a student, in one transaction. Events and the audit log stay: they hold the
    /// pseudonym and ids alone. A worker that holds one of the jobs finds it gone.
    ///
    /// `not_found` where nothing is kept.
    pub async fn erase_student(&self, pseudonym: &str, reason: &str, actor: &Actor) -> Result<Erased> {
        let entry = NewEntry::ok("student.erase", "student", None)
            .with("pseudonym", pseudonym)
            .with("reason", reason);
        let mut tx = self.db.begin().await?;
        let work: Result<Option<Erased>> = async {
            let now = tx.now().await?;
            // Whoever takes in a newer version of a work from Moodle locks its submission first of all.
            tx.lock_all(
                "SELECT site FROM moodle_submissions WHERE tma_id IN (SELECT id FROM tmas WHERE student_id = $1) \
                 ORDER BY site, submission_id",
                args![pseudonym],
            )
            .await?;
            // The vault first: whoever is taking in a TMA of this student holds its row, and is waited for.
            let mut identities =
                tx.execute("DELETE FROM vault WHERE pseudonym = $1", args![pseudonym]).await?;
            // These and no others: one that comes in from here on comes after the erasure, and a worker may hold it.
            let found = tx
                .fetch_all("SELECT id FROM tmas WHERE student_id = $1 ORDER BY id", args![pseudonym])
                .await?;
            let found = found.iter().map(|row| row.get("id")).collect::<Result<Vec<Uuid>>>()?;
            // Jobs before TMAs, as everybody locks them.
            for id in &found {
                tx.lock_all("SELECT id FROM jobs WHERE tma_id = $1", args![*id]).await?;
            }
            let mut ids = Vec::with_capacity(found.len());
            for id in found {
                // Gone where another erasure came first.
                if tx.lock("SELECT id FROM tmas WHERE id = $1", args![id]).await?.is_some() {
                    ids.push(id);
                }
            }
            if identities == 0 && ids.is_empty() {
                return Ok(None);
            }
            let mut counts = [0; 7];
            for (count, delete) in counts.iter_mut().zip([
                "DELETE FROM tma_originals WHERE tma_id = $1",
                "DELETE FROM feedback WHERE tma_id = $1",
                "DELETE FROM feedback_revisions WHERE tma_id = $1",
                "DELETE FROM jobs WHERE tma_id = $1",
                "DELETE FROM idempotency_keys WHERE tma_id = $1",
                "DELETE FROM tma_origins WHERE tma_id = $1",
                "DELETE FROM moodle_uploads WHERE tma_id = $1",
            ]) {
                for id in &ids {
                    *count += tx.execute(delete, args![*id]).await?;
                }
            }
            let mut log: Vec<NewEvent> = Vec::with_capacity(ids.len() + 1);
            for id in &ids {
                submissions::forget(&mut tx, *id).await?;
                tx.execute("DELETE FROM tmas WHERE id = $1", args![*id]).await?;
                log.push(tmas::event(*id, "tma.erased", json!({ "student_id": pseudonym }), actor));
            }
            // An identity that came in with a TMA after the first look at the vault goes with that TMA. (One that is locked
            // is another's to erase, or has just come in again.)
            let left = tx
                .lock_free(
                    "SELECT pseudonym FROM vault WHERE pseudonym = $1 \
                     AND NOT EXISTS (SELECT 1 FROM tmas WHERE student_id = $1)",
                    args![pseudonym],
                )
                .await?;
            if !left.is_empty() {
                identities += tx.execute("DELETE FROM vault WHERE pseudonym = $1", args![pseudonym]).await?;
            }
            let facts = json!({ "student_id": pseudonym, "tmas": ids.len() });
            log.push(tmas::stream_event(format!("student-{pseudonym}"), "student.erased", facts, actor));
            audit::record(&mut tx, now, entry.clone().with("tmas", ids.len()), actor).await?;
            events::append(&mut tx, &self.options.lookup_key, now, log).await?;
            let [originals, feedback, feedback_revisions, jobs, idempotency_keys, origins, uploads] = counts;
            Ok(Some(Erased {
                tmas: ids.len() as u64,
                originals,
                feedback,
                feedback_revisions,
                jobs,
                idempotency_keys,
                origins,
                uploads,
                identities,
            }))
        }
        .await;
        if let Some(erased) = tx.end(work).await? {
            self.db.forget_deleted().await;
            return Ok(erased);
        }
        let missing = fault::not_found("student");
        self.record_audit(entry.failed(missing.message()), actor).await?;
        Err(missing)
    }
}

/// What a student may know of a pair: nothing of the other.
fn in_common(found: &NearDuplicate) -> Value {
    json!({ "share": found.share, "words": found.words, "passages": found.passages, "found_at": found.found_at })
}

fn job(row: &Row) -> Result<JobRecord> {
    Ok(JobRecord {
        id: row.get("id")?,
        status: row.get("status")?,
        attempts: row.get("attempts")?,
        error_code: row.get("error_code")?,
        error_message: row.get("error_message")?,
        inserted_at: row.get("inserted_at")?,
        finished_at: row.get("finished_at")?,
    })
}
