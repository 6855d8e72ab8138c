//! Where a TMA came from, and the versions of one work: a resubmission is a new TMA, and the one before it stays.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use awap_core::Result;

use super::{submissions, uploads};
use crate::audit::Actor;
use crate::db::Tx;
use crate::events::NewEvent;
use crate::seal::SealKeys;
use crate::sql::{Row, args};
use crate::store::LookupKey;
use crate::{Timestamp, fault, tmas};

/// Where a TMA that is to be taken in comes from.
#[derive(Clone, Default)]
#[allow(missing_docs)] // Moodle's own numbers.
pub struct NewOrigin {
    /// Address of the site.
    pub site: String,
    pub course_id: i64,
    pub assignment_id: i64,
    pub submission_id: i64,
    pub attempt: i64,
    /// The team whose work it is, if it is one's.
    pub group_id: Option<i64>,
    /// Moodle's number of the student; sealed. Of a team: none.
    pub user_id: Option<i64>,
    /// Moodle's numbers of a team's members; sealed.
    pub members: Vec<i64>,
    /// What Moodle says of the submission, in short: changes where anything of it may have changed.
    pub seen: String,
    /// A hash of what was handed in.
    pub content_hash: String,
    pub submitted_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    pub extension_due_at: Option<Timestamp>,
    /// Area, path, name, SHA-1 and size of each file; sealed.
    pub files: Vec<Value>,
    /// How many of them are not read, such as pictures.
    pub unread_files: i64,
    /// The grade that Moodle had when the work was taken; sealed.
    pub expected: Option<Value>,
}

impl std::fmt::Debug for NewOrigin {
    // Identity must not reach a log by way of `{:?}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewOrigin(submission {})", self.submission_id)
    }
}

/// Where a TMA came from, as its row has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // Columns of `tma_origins`.
pub struct Origin {
    /// `moodle`.
    pub source: &'static str,
    pub site: String,
    pub course_id: i64,
    pub assignment_id: i64,
    pub submission_id: i64,
    pub attempt: i64,
    pub group_id: Option<i64>,
    /// Which version of the work this is, from 1.
    pub version: i64,
    /// The TMA of the version before; it may be gone.
    pub previous_id: Option<Uuid>,
    /// The TMA of the version after; it may be gone.
    pub superseded_by: Option<Uuid>,
    pub submitted_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    pub extension_due_at: Option<Timestamp>,
    pub files: i64,
    pub unread_files: i64,
}

/// What joins a TMA's row to where it came from.
pub(crate) const JOIN: &str = " LEFT JOIN tma_origins o ON o.tma_id = tmas.id";

/// The columns of a joined origin.
pub(crate) const COLUMNS: &str = "o.site AS o_site, o.course_id AS o_course_id, o.assignment_id AS o_assignment_id, \
     o.submission_id AS o_submission_id, o.attempt AS o_attempt, o.group_id AS o_group_id, o.version AS o_version, \
     o.previous_id AS o_previous_id, o.superseded_by AS o_superseded_by, o.submitted_at AS o_submitted_at, \
     o.due_at AS o_due_at, o.extension_due_at AS o_extension_due_at, o.files AS o_files, o.unread_files AS o_unread_files";

/// The origin of a row that was joined to one; `None` where the TMA was handed in here.
pub(crate) fn from_row(row: &Row) -> Result<Option<Origin>> {
    let Some(site) = row.get("o_site")? else { return Ok(None) };
    Ok(Some(Origin {
        source: "moodle",
        site,
        course_id: row.get("o_course_id")?,
        assignment_id: row.get("o_assignment_id")?,
        submission_id: row.get("o_submission_id")?,
        attempt: row.get("o_attempt")?,
        group_id: row.get("o_group_id")?,
        version: row.get("o_version")?,
        previous_id: row.get("o_previous_id")?,
        superseded_by: row.get("o_superseded_by")?,
        submitted_at: row.get("o_submitted_at")?,
        due_at: row.get("o_due_at")?,
        extension_due_at: row.get("o_extension_due_at")?,
        files: row.get("o_files")?,
        unread_files: row.get("o_unread_files")?,
    }))
}

/// What a TMA's sealed list of files is authenticated with.
pub(crate) fn sealed_row(tma_id: Uuid) -> String {
    format!("tma_origins:{tma_id}")
}

/// The files that a TMA was made of, unsealed.
pub(crate) fn open_files(keys: &SealKeys, tma_id: Uuid, sealed: &[u8]) -> Result<Value> {
    let plain = keys.open(&sealed_row(tma_id), sealed)?;
    serde_json::from_slice(&plain)
        .map_err(|_| fault::internal("A sealed list of files is not what was sealed."))
}

/// What is known of a work already.
pub(crate) enum Before {
    /// The same was taken in: its TMA, and whether that is still there.
    Same { tma_id: Uuid, kept: bool },
    /// It is new, or a new version.
    New { version: i64, previous: Option<Uuid> },
}

/// What is to be written with a TMA that came from somewhere.
pub(crate) struct Keeping<'a> {
    pub(crate) keys: &'a SealKeys,
    pub(crate) lookup: &'a LookupKey,
    pub(crate) now: Timestamp,
    pub(crate) origin: &'a NewOrigin,
    pub(crate) actor: &'a Actor,
}

impl Keeping<'_> {
    /// Locks the submission against whoever else is taking it in, and says what was known of it.
    pub(crate) async fn before(&self, tx: &mut Tx) -> Result<Before> {
        let known = submissions::lock(tx, self).await?;
        if known.version == 0 {
            let earlier = submissions::earlier_attempt(tx, self).await?;
            return Ok(match earlier {
                Some((version, tma_id)) => Before::New { version: version + 1, previous: Some(tma_id) },
                None => Before::New { version: 1, previous: None },
            });
        }
        match known.tma_id {
            Some(tma_id) if known.content_hash == submissions::content_hash(self.lookup, self.origin) => {
                submissions::touch(tx, self, tma_id).await?;
                Ok(Before::Same { tma_id, kept: known.kept })
            }
            previous => Ok(Before::New { version: known.version + 1, previous }),
        }
    }

    /// Keeps where the TMA came from, and closes the version before: the events that tell of it.
    pub(crate) async fn keep(
        &self,
        tx: &mut Tx,
        tma_id: Uuid,
        version: i64,
        previous: Option<Uuid>,
    ) -> Result<Vec<NewEvent>> {
        let origin = self.origin;
        let files =
            self.keys.seal(&sealed_row(tma_id), Value::from(origin.files.clone()).to_string().into())?;
        tx.execute(
            "INSERT INTO tma_origins (tma_id, site, course_id, assignment_id, submission_id, attempt, group_id, version, \
             previous_id, submitted_at, due_at, extension_due_at, files, unread_files, sealed, key_id, inserted_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            args![
                tma_id,
                origin.site.as_str(),
                origin.course_id,
                origin.assignment_id,
                origin.submission_id,
                origin.attempt,
                origin.group_id,
                version,
                previous,
                origin.submitted_at,
                origin.due_at,
                origin.extension_due_at,
                i64::try_from(origin.files.len()).unwrap_or(i64::MAX),
                origin.unread_files,
                files,
                self.keys.current_id(),
                self.now,
            ],
        )
        .await?;
        submissions::keep(tx, self, tma_id, version).await?;
        match previous {
            Some(previous) => self.supersede(tx, previous, tma_id, version).await,
            None => Ok(Vec::new()),
        }
    }

    /// The version before: its feedback is stale from now on, and a grade that waits to be sent does not go.
    async fn supersede(
        &self,
        tx: &mut Tx,
        previous: Uuid,
        tma_id: Uuid,
        version: i64,
    ) -> Result<Vec<NewEvent>> {
        let there = tx
            .execute("UPDATE tma_origins SET superseded_by = $1 WHERE tma_id = $2", args![tma_id, previous])
            .await?;
        if there == 0 {
            return Ok(Vec::new());
        }
        // Whoever has read the feedback and goes on to edit it is told that it changed.
        tx.execute(
            "UPDATE feedback SET updated_at = $1 WHERE tma_id = $2 AND updated_at < $1",
            args![self.now, previous],
        )
        .await?;
        let facts = json!({ "superseded_by": tma_id, "version": version });
        let mut log = vec![tmas::event(previous, "tma.superseded", facts, self.actor)];
        log.extend(uploads::supersede(tx, self.now, previous, "newer_version", self.actor).await?);
        Ok(log)
    }
}

/// The student or team, and the grade that Moodle had, as they are sealed.
pub(crate) fn owner(origin: &NewOrigin) -> Map<String, Value> {
    let mut owner = Map::new();
    owner.insert("user_id".to_owned(), json!(origin.user_id));
    owner.insert("members".to_owned(), json!(origin.members));
    owner.insert("expected".to_owned(), origin.expected.clone().unwrap_or_default());
    owner
}
