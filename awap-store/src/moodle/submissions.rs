//! Submissions in Moodle that were taken in: found again by keyed hashes, so that nothing is downloaded or kept twice.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use awap_core::Result;

use super::origin::{self, Keeping, NewOrigin};
use crate::db::Tx;
use crate::seal::{OpenError, SealKeys};
use crate::sql::args;
use crate::store::LookupKey;
use crate::{Store, Timestamp, fault};

/// A submission as Moodle lists it.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // As in `NewOrigin`.
pub struct SeenSubmission {
    pub submission_id: i64,
    pub seen: String,
    pub due_at: Option<Timestamp>,
    /// `None` where it was not asked for: what is kept stays.
    pub extension_due_at: Option<Option<Timestamp>>,
}

/// Which of the submissions that Moodle lists are to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedSubmissions {
    /// Those of which nothing is known, or something else.
    pub unseen: Vec<i64>,
    /// TMAs whose due dates changed, and were set right.
    pub redated: u64,
}

impl Store {
    /// Says which submissions have to be downloaded. Where a due date or an extension changed, it is kept.
    pub async fn check_submissions(
        &self,
        site: &str,
        submissions: Vec<SeenSubmission>,
    ) -> Result<CheckedSubmissions> {
        let mut checked = CheckedSubmissions { unseen: Vec::new(), redated: 0 };
        let mut dated = Vec::new();
        for submission in submissions {
            let row = self
                .db
                .fetch_optional(
                    "SELECT s.seen_hash, s.tma_id, o.due_at, o.extension_due_at, o.site FROM moodle_submissions s \
                     LEFT JOIN tma_origins o ON o.tma_id = s.tma_id \
                     WHERE s.site = $1 AND s.submission_id = $2 AND s.version > 0",
                    args![site, submission.submission_id],
                )
                .await?;
            let seen = seen_hash(&self.options.lookup_key, &submission.seen);
            let Some(row) = row.filter(|row| row.get::<Vec<u8>>("seen_hash").is_ok_and(|kept| kept == seen))
            else {
                checked.unseen.push(submission.submission_id);
                continue;
            };
            let is: (Option<Timestamp>, Option<Timestamp>) =
                (row.get("due_at")?, row.get("extension_due_at")?);
            let now_is = (submission.due_at, submission.extension_due_at.unwrap_or(is.1));
            if row.get::<Option<String>>("site")?.is_some() && is != now_is {
                dated.push((row.get::<Uuid>("tma_id")?, now_is));
            }
        }
        if !dated.is_empty() {
            let mut tx = self.db.begin().await?;
            let work: Result<u64> = async {
                let mut changed = 0;
                for (tma_id, (due_at, extension_due_at)) in dated {
                    changed += tx
                        .execute(
                            "UPDATE tma_origins SET due_at = $1, extension_due_at = $2 WHERE tma_id = $3",
                            args![due_at, extension_due_at, tma_id],
                        )
                        .await?;
                }
                Ok(changed)
            }
            .await;
            checked.redated = tx.end(work).await?;
        }
        Ok(checked)
    }
}

/// What is known of a submission.
pub(crate) struct Known {
    pub(crate) version: i64,
    pub(crate) tma_id: Option<Uuid>,
    pub(crate) content_hash: Vec<u8>,
    /// Whether its newest TMA was neither erased nor purged.
    pub(crate) kept: bool,
}

/// The submission's row, locked; where there is none, one of version 0 is made.
pub(crate) async fn lock(tx: &mut Tx, keeping: &Keeping<'_>) -> Result<Known> {
    let origin = keeping.origin;
    // The update changes nothing: it locks the row that is there.
    let row = tx
        .fetch_optional(
            "INSERT INTO moodle_submissions (site, submission_id, course_id, assignment_id, owner_hash, seen_hash, \
             content_hash, version, inserted_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8) \
             ON CONFLICT (site, submission_id) DO UPDATE SET site = excluded.site \
             RETURNING version, tma_id, content_hash, sealed",
            args![
                origin.site.as_str(),
                origin.submission_id,
                origin.course_id,
                origin.assignment_id,
                owner_hash(keeping.lookup, origin),
                seen_hash(keeping.lookup, &origin.seen),
                content_hash(keeping.lookup, origin),
                keeping.now,
            ],
        )
        .await?
        .ok_or_else(|| fault::internal("The submission was not kept."))?;
    Ok(Known {
        version: row.get("version")?,
        tma_id: row.get("tma_id")?,
        content_hash: row.get("content_hash")?,
        kept: row.get::<Option<Vec<u8>>>("sealed")?.is_some(),
    })
}

/// The newest version of an earlier attempt of the same student or team at the same assignment.
pub(crate) async fn earlier_attempt(tx: &mut Tx, keeping: &Keeping<'_>) -> Result<Option<(i64, Uuid)>> {
    let origin = keeping.origin;
    let row = tx
        .fetch_optional(
            "SELECT version, tma_id FROM moodle_submissions WHERE site = $1 AND assignment_id = $2 AND owner_hash = $3 \
             AND submission_id < $4 AND version > 0 ORDER BY submission_id DESC LIMIT 1",
            args![
                origin.site.as_str(),
                origin.assignment_id,
                owner_hash(keeping.lookup, origin),
                origin.submission_id,
            ],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (version, tma_id): (i64, Option<Uuid>) = (row.get("version")?, row.get("tma_id")?);
    Ok(tma_id.map(|tma_id| (version, tma_id)))
}

/// Keeps that Moodle says something else of what is the same, such as when it was handed in.
pub(crate) async fn touch(tx: &mut Tx, keeping: &Keeping<'_>, tma_id: Uuid) -> Result<()> {
    let origin = keeping.origin;
    tx.execute(
        "UPDATE tma_origins SET submitted_at = $1, due_at = $2, extension_due_at = $3 WHERE tma_id = $4",
        args![origin.submitted_at, origin.due_at, origin.extension_due_at, tma_id],
    )
    .await?;
    tx.execute(
        "UPDATE moodle_submissions SET seen_hash = $1, updated_at = $2 WHERE site = $3 AND submission_id = $4",
        args![
            seen_hash(keeping.lookup, &origin.seen),
            keeping.now,
            origin.site.as_str(),
            origin.submission_id,
        ],
    )
    .await
    .map(drop)
}

/// Keeps which TMA is the newest of a submission.
pub(crate) async fn keep(tx: &mut Tx, keeping: &Keeping<'_>, tma_id: Uuid, version: i64) -> Result<()> {
    let origin = keeping.origin;
    let sealed = seal(keeping.keys, &origin.site, origin.submission_id, &origin::owner(origin))?;
    tx.execute(
        "UPDATE moodle_submissions SET course_id = $1, assignment_id = $2, owner_hash = $3, seen_hash = $4, \
         content_hash = $5, version = $6, tma_id = $7, sealed = $8, key_id = $9, updated_at = $10 \
         WHERE site = $11 AND submission_id = $12",
        args![
            origin.course_id,
            origin.assignment_id,
            owner_hash(keeping.lookup, origin),
            seen_hash(keeping.lookup, &origin.seen),
            content_hash(keeping.lookup, origin),
            version,
            tma_id,
            sealed,
            keeping.keys.current_id(),
            keeping.now,
            origin.site.as_str(),
            origin.submission_id,
        ],
    )
    .await
    .map(drop)
}

/// Forgets whose work a TMA's submission is. What is left finds it again, and names no one.
pub(crate) async fn forget(tx: &mut Tx, tma_id: Uuid) -> Result<()> {
    tx.execute("UPDATE moodle_submissions SET sealed = NULL, key_id = NULL WHERE tma_id = $1", args![tma_id])
        .await
        .map(drop)
}

/// What a sealed owner is authenticated with.
pub(crate) fn sealed_row(site: &str, submission_id: i64) -> String {
    format!("moodle_submissions:{submission_id}:{site}")
}

/// Seals whose work it is.
pub(crate) fn seal(
    keys: &SealKeys,
    site: &str,
    submission_id: i64,
    owner: &Map<String, Value>,
) -> Result<Vec<u8>> {
    keys.seal(&sealed_row(site, submission_id), Value::from(owner.clone()).to_string().into())
}

/// Whose work it is.
pub(crate) fn open(
    keys: &SealKeys,
    site: &str,
    submission_id: i64,
    sealed: &[u8],
) -> Result<Map<String, Value>> {
    Ok(unseal(keys, site, submission_id, sealed)?)
}

/// As [`open`], with what went wrong.
pub(crate) fn unseal(
    keys: &SealKeys,
    site: &str,
    submission_id: i64,
    sealed: &[u8],
) -> std::result::Result<Map<String, Value>, OpenError> {
    let plain = keys.open(&sealed_row(site, submission_id), sealed)?;
    serde_json::from_slice(&plain).map_err(|_| OpenError::Damaged)
}

fn seen_hash(lookup: &LookupKey, seen: &str) -> Vec<u8> {
    lookup.hash("seen submission", &[seen.as_bytes()])
}

pub(crate) fn content_hash(lookup: &LookupKey, origin: &NewOrigin) -> Vec<u8> {
    lookup.hash("content of a submission", &[origin.content_hash.as_bytes()])
}

fn owner_hash(lookup: &LookupKey, origin: &NewOrigin) -> Vec<u8> {
    let (kind, number) = match (origin.group_id, origin.user_id) {
        (Some(group), _) => ("group", group),
        (None, user) => ("user", user.unwrap_or_default()),
    };
    lookup.hash("owner of a submission", &[kind.as_bytes(), &number.to_be_bytes()])
}
