//! Commands of the sync with Moodle and of the outbox of grades.

use std::time::Duration;

use serde_json::{Map, Value, json};

use awap_core::{Error, Result};

use super::{lease, page, to_value};
use crate::Store;
use crate::access::Access;
use crate::input::Input;
use crate::moodle::{NewAssignment, NewOrigin, SeenSubmission, SyncEnd, UploadFilter, UploadOutcome};

const MOST: i64 = i64::MAX;
/// The longest rest between syncs, or before a grade is tried again: a week.
const REST_MS_MOST: i64 = 7 * 24 * 60 * 60 * 1000;
const STATES: [&str; 6] = ["queued", "sending", "sent", "conflict", "failed", "superseded"];

impl Store {
    pub(super) async fn run_begin_sync(&self, mut input: Input) -> Result<Value> {
        let (site, holder) = (input.id("site")?, input.id("holder")?);
        let rest = milliseconds(&mut input, "rest_ms")?;
        to_value(&self.begin_sync(&site, &holder, lease(&mut input)?, rest).await?)
    }

    pub(super) async fn run_extend_sync(&self, mut input: Input) -> Result<Value> {
        let (site, holder) = (input.id("site")?, input.id("holder")?);
        let report = input.object("report")?;
        let until = self.extend_sync(&site, &holder, lease(&mut input)?, report).await?;
        Ok(json!({ "until": until }))
    }

    pub(super) async fn run_end_sync(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (site, holder) = (input.id("site")?, input.id("holder")?);
        let end = SyncEnd {
            outcome: input.word("outcome", &["ok", "partial", "failed", "stopped"])?.unwrap_or_default(),
            report: input.object("report")?,
            tell: input.boolean("tell")?.unwrap_or(false),
        };
        self.end_sync(&site, &holder, end, &actor).await?;
        Ok(json!({}))
    }

    pub(super) async fn run_sync_state(&self, mut input: Input) -> Result<Value> {
        to_value(&self.sync_state(&input.id("site")?).await?)
    }

    pub(super) async fn run_put_assignment(&self, mut input: Input) -> Result<Value> {
        let new = NewAssignment {
            site: input.id("site")?,
            assignment_id: number(&mut input, "assignment_id")?,
            course_id: number(&mut input, "course_id")?,
            facts: input.object("facts")?,
            watermark: input.integer("watermark", 0..=MOST)?,
            listed: input.boolean("listed")?.unwrap_or(false),
            error_code: input.optional_id("error_code")?,
            error_message: input.sentence("error_message")?,
        };
        self.put_assignment(new).await?;
        Ok(json!({}))
    }

    pub(super) async fn run_list_assignments(&self, mut input: Input) -> Result<Value> {
        Ok(json!({ "assignments": to_value(&self.list_assignments(&input.id("site")?).await?)? }))
    }

    pub(super) async fn run_check_submissions(&self, mut input: Input) -> Result<Value> {
        let site = input.id("site")?;
        let mut submissions = Vec::new();
        for mut seen in input.list("submissions")? {
            submissions.push(SeenSubmission {
                submission_id: number(&mut seen, "submission_id")?,
                seen: seen.id("seen")?,
                due_at: seen.time("due_at")?,
                extension_due_at: seen
                    .has("extension_due_at")
                    .then(|| seen.time("extension_due_at"))
                    .transpose()?,
            });
        }
        to_value(&self.check_submissions(&site, submissions).await?)
    }

    pub(super) async fn run_claim_upload(&self, mut input: Input) -> Result<Value> {
        let worker = input.id("worker")?;
        let upload = self.claim_upload(&worker, lease(&mut input)?).await?;
        Ok(json!({ "upload": to_value(&upload)? }))
    }

    pub(super) async fn run_extend_upload(&self, mut input: Input) -> Result<Value> {
        let (id, worker) = (input.uuid("upload_id")?, input.id("worker")?);
        let until = self.extend_upload(id, &worker, lease(&mut input)?).await?;
        Ok(json!({ "lease_expires_at": until }))
    }

    pub(super) async fn run_finish_upload(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (id, worker) = (input.uuid("upload_id")?, input.id("worker")?);
        input.required("outcome")?;
        let outcome = UploadOutcome {
            outcome: input.word("outcome", &["sent", "conflict", "failed", "retry"])?.unwrap_or_default(),
            seen: input.take("seen"),
            code: input.optional_id("code")?,
            message: input.sentence("message")?,
            details: input.object("details")?,
            rest: milliseconds(&mut input, "rest_ms")?,
        };
        let state = self.finish_upload(id, &worker, outcome, &actor).await?;
        Ok(json!({ "state": state }))
    }

    pub(super) async fn run_list_uploads(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let filter =
            UploadFilter { state: input.word("state", &STATES)?, tma_id: input.optional_uuid("tma_id")? };
        let (limit, cursor) = page(&mut input)?;
        let mut narrowed = Map::new();
        if let Some(state) = &filter.state {
            narrowed.insert("state".to_owned(), state.as_str().into());
        }
        if let Some(tma_id) = &filter.tma_id {
            narrowed.insert("tma_id".to_owned(), tma_id.to_string().into());
        }
        let listed = self.list_uploads(filter, limit, cursor).await?;
        if let (Some(actor), false) = (actor, listed.uploads.is_empty()) {
            self.record_access(Access::of_list("grade.list", "grade", narrowed), &actor).await?;
        }
        to_value(&listed)
    }

    pub(super) async fn run_retry_upload(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let id = input.uuid("upload_id")?;
        let overwrite = input.boolean("overwrite")?.unwrap_or(false);
        to_value(&self.retry_upload(id, overwrite, &actor).await?)
    }
}

/// Where a TMA comes from that is to be taken in.
pub(super) fn origin(input: &mut Input) -> Result<Option<NewOrigin>> {
    if !input.has("origin") {
        return Ok(None);
    }
    input.required("origin")?;
    let mut origin = input.nested("origin")?;
    let mut members = Vec::new();
    for member in numbers(&mut origin, "members")? {
        members.push(member);
    }
    let new = NewOrigin {
        site: origin.id("site")?,
        course_id: number(&mut origin, "course_id")?,
        assignment_id: number(&mut origin, "assignment_id")?,
        submission_id: number(&mut origin, "submission_id")?,
        attempt: origin.integer("attempt", 0..=MOST)?.unwrap_or(0),
        group_id: origin.integer("group_id", 0..=MOST)?,
        user_id: origin.integer("user_id", 1..=MOST)?,
        members,
        seen: origin.id("seen")?,
        content_hash: origin.id("content_hash")?,
        submitted_at: origin.time("submitted_at")?,
        due_at: origin.time("due_at")?,
        extension_due_at: origin.time("extension_due_at")?,
        files: values(origin.take("files")),
        unread_files: origin.integer("unread_files", 0..=MOST)?.unwrap_or(0),
        expected: origin.take("expected"),
    };
    origin.nothing_more()?;
    if new.user_id.is_none() && new.group_id.is_none() {
        return Err(Error::invalid_input(
            "origin.user_id",
            "“origin” must name a “user_id” or a “group_id”.",
        ));
    }
    Ok(Some(new))
}

fn number(input: &mut Input, key: &str) -> Result<i64> {
    input.integer(key, 1..=MOST)?.ok_or_else(|| Error::invalid_input(key, format!("“{key}” is missing.")))
}

fn numbers(input: &mut Input, key: &str) -> Result<Vec<i64>> {
    let numbers = input.take(key).map(serde_json::from_value).transpose();
    Ok(numbers
        .map_err(|_| Error::invalid_input(key, format!("“{key}” must be a list of whole numbers.")))?
        .unwrap_or_default())
}

fn values(given: Option<Value>) -> Vec<Value> {
    match given {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    }
}

fn milliseconds(input: &mut Input, key: &str) -> Result<Option<Duration>> {
    Ok(input.integer(key, 0..=REST_MS_MOST)?.map(|ms| Duration::from_millis(ms.unsigned_abs())))
}
