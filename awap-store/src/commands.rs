//! Commands: from name and data, as `PROTOCOL.md` has them, to a method of the store.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use awap_core::{Deadline, Error, ErrorCode, Result};

use crate::audit::NewEntry;
use crate::cursor::Cursor;
use crate::db::Db;
use crate::feedback::Draft;
use crate::input::Input;
use crate::keys::Role;
use crate::tmas::NewTma;
use crate::{Store, fault};

mod administration;
mod comparisons;
mod events;
mod moodle;
mod reading;
mod rubrics;

/// Those that are answered by the event store, where that is another database.
const READ_ELSEWHERE: [&str; 2] = ["query_events", "verify_events"];

/// The commands of the store.
pub const COMMANDS: &[&str] = &[
    "health_check",
    "create_tma",
    "get_tma",
    "list_tmas",
    "claim_job",
    "extend_lease",
    "complete_job",
    "fail_job",
    "release_job",
    "get_feedback",
    "append_event",
    "query_events",
    "follow_events",
    "event_store_status",
    "verify_events",
    "accept_events",
    "record_audit",
    "list_audit",
    "list_courses",
    "create_api_key",
    "ensure_api_key",
    "verify_api_key",
    "open_identity",
    "stats",
    "update_feedback",
    "list_feedback_revisions",
    "list_failed",
    "retry_job",
    "list_api_keys",
    "revoke_api_key",
    "export_student",
    "erase_student",
    "purge_expired",
    "reseal",
    "backup",
    "begin_sync",
    "extend_sync",
    "end_sync",
    "sync_state",
    "put_assignment",
    "list_assignments",
    "check_submissions",
    "claim_upload",
    "extend_upload",
    "finish_upload",
    "list_uploads",
    "retry_upload",
    "list_rubrics",
    "get_rubric",
    "put_rubric",
    "delete_rubric",
    "claim_comparison",
    "finish_comparison",
    "list_near_duplicates",
];

/// Rows of a page: where the caller does not say, and at most.
const PAGE: i64 = 50;
const PAGE_MOST: i64 = 500;
/// The longest lease: a day.
const LEASE_MS_MOST: i64 = 24 * 60 * 60 * 1000;
/// Characters that an API key of the host's own must have.
const KEY_CHARS: usize = 32;

/// Runs commands on a store, from any thread that is not of the runtime itself.
#[derive(Debug, Clone)]
pub struct Commands {
    store: Store,
    runtime: Handle,
}

impl Commands {
    /// Commands on `store`, whose work is done on `runtime`.
    pub fn new(store: Store, runtime: Handle) -> Self {
        Self { store, runtime }
    }

    /// Runs one command. Past the deadline, what it had begun is rolled back, and the answer is `timeout`.
    pub fn run(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        self.runtime.block_on(within(deadline, self.store.command(command, data)))
    }
}

#[cfg(feature = "server")]
impl awap_wire::Handler for Commands {
    fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        self.run(command, data, deadline)
    }
}

/// Does `work` until the deadline.
pub(crate) async fn within<T>(deadline: &Deadline, work: impl Future<Output = Result<T>>) -> Result<T> {
    deadline.check()?;
    match deadline.instant() {
        None => work.await,
        Some(at) => tokio::time::timeout_at(at.into(), work).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorCode::Timeout, "The database did not answer by the request's deadline."))
        }),
    }
}

impl Store {
    /// Runs one command of `PROTOCOL.md`.
    pub async fn command(&self, command: &str, data: Value) -> Result<Value> {
        let input = Input::new(data)?;
        // (On SQLite it is a lock that calls wait for, and those who only read need not.)
        if let Db::Sqlite { .. } = self.db {
            return self.run(command, input).await;
        }
        let _finding_out = self.outage.pass()?;
        let answer = self.run(command, input).await;
        // What the event store answers shows nothing of the database.
        if answer.is_err() || !(self.has_event_store() && READ_ELSEWHERE.contains(&command)) {
            self.outage.note(&answer);
        }
        answer
    }

    async fn run(&self, command: &str, input: Input) -> Result<Value> {
        self.ready().await?;
        let answer = self.dispatch(command, input).await;
        self.wake_forwarder();
        if let Err(error) = &answer {
            self.refusals.note(error);
        }
        answer
    }

    async fn dispatch(&self, command: &str, input: Input) -> Result<Value> {
        match command {
            "health_check" => to_value(&self.health_check().await?),
            "stats" => self.run_stats(input).await,
            "create_tma" => self.run_create_tma(input).await,
            "get_tma" => self.run_get_tma(input).await,
            "list_tmas" => self.run_list_tmas(input).await,
            "list_courses" => Ok(json!({ "course_ids": self.list_courses().await? })),
            "claim_job" => self.run_claim_job(input).await,
            "extend_lease" => self.run_extend_lease(input).await,
            "complete_job" => self.run_complete_job(input).await,
            "fail_job" => self.run_fail_job(input).await,
            "release_job" => self.run_release_job(input).await,
            "get_feedback" => self.run_get_feedback(input).await,
            "append_event" => self.run_append_event(input).await,
            "query_events" => self.run_query_events(input).await,
            "follow_events" => self.run_follow_events(input).await,
            "event_store_status" => to_value(&self.event_store_status().await?),
            "verify_events" => self.run_verify_events(input).await,
            "accept_events" => self.run_accept_events(input).await,
            "record_audit" => self.run_record_audit(input).await,
            "list_audit" => self.run_list_audit(input).await,
            "create_api_key" => self.run_create_api_key(input).await,
            "ensure_api_key" => self.run_ensure_api_key(input).await,
            "verify_api_key" => self.run_verify_api_key(input).await,
            "open_identity" => self.run_open_identity(input).await,
            "update_feedback" => self.run_update_feedback(input).await,
            "list_feedback_revisions" => self.run_list_feedback_revisions(input).await,
            "list_failed" => self.run_list_failed(input).await,
            "retry_job" => self.run_retry_job(input).await,
            "list_api_keys" => self.run_list_api_keys(input).await,
            "revoke_api_key" => self.run_revoke_api_key(input).await,
            "export_student" => self.run_export_student(input).await,
            "erase_student" => self.run_erase_student(input).await,
            "purge_expired" => self.run_purge_expired(input).await,
            "reseal" => self.run_reseal(input).await,
            "backup" => self.run_backup(input).await,
            "begin_sync" => self.run_begin_sync(input).await,
            "extend_sync" => self.run_extend_sync(input).await,
            "end_sync" => self.run_end_sync(input).await,
            "sync_state" => self.run_sync_state(input).await,
            "put_assignment" => self.run_put_assignment(input).await,
            "list_assignments" => self.run_list_assignments(input).await,
            "check_submissions" => self.run_check_submissions(input).await,
            "claim_upload" => self.run_claim_upload(input).await,
            "extend_upload" => self.run_extend_upload(input).await,
            "finish_upload" => self.run_finish_upload(input).await,
            "list_uploads" => self.run_list_uploads(input).await,
            "retry_upload" => self.run_retry_upload(input).await,
            "list_rubrics" => self.run_list_rubrics(input).await,
            "get_rubric" => self.run_get_rubric(input).await,
            "put_rubric" => self.run_put_rubric(input).await,
            "delete_rubric" => self.run_delete_rubric(input).await,
            "claim_comparison" => self.run_claim_comparison(input).await,
            "finish_comparison" => self.run_finish_comparison(input).await,
            "list_near_duplicates" => self.run_list_near_duplicates(input).await,
            _ => Err(Error::new(ErrorCode::UnknownCommand, "There is no such command.")
                .with("commands", json!(COMMANDS))),
        }
    }

    async fn run_create_tma(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let idempotency_key = input.optional_id("idempotency_key")?;
        let priority = input.integer("priority", -1_000_000..=1_000_000)?.unwrap_or(0);
        let max_queue = input.integer("max_queue", 1..=i64::MAX)?;
        let origin = moodle::origin(&mut input)?;
        let tma = Value::Object(input.required_object("tma")?);
        let new = NewTma { tma, idempotency_key, priority, max_queue, origin };
        to_value(&self.create_tma(new, &actor).await?)
    }

    async fn run_stats(&self, mut input: Input) -> Result<Value> {
        if input.boolean("queue_only")?.unwrap_or(false) {
            to_value(&self.queue_stats().await?)
        } else {
            to_value(&self.stats().await?)
        }
    }

    async fn run_claim_job(&self, mut input: Input) -> Result<Value> {
        let worker = input.id("worker")?;
        let job = self.claim_job(&worker, lease(&mut input)?).await?;
        Ok(json!({ "job": to_value(&job)? }))
    }

    async fn run_extend_lease(&self, mut input: Input) -> Result<Value> {
        let (job_id, worker) = (input.uuid("job_id")?, input.id("worker")?);
        let until = self.extend_lease(job_id, &worker, lease(&mut input)?).await?;
        Ok(json!({ "lease_expires_at": until }))
    }

    async fn run_complete_job(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (job_id, worker) = (input.uuid("job_id")?, input.id("worker")?);
        let content = input.required_object("content")?;
        input.required("feedback")?;
        let mut feedback = input.nested("feedback")?;
        let draft = Draft {
            grade: feedback.number("grade", 0.0..=100.0)?,
            feedback_text: feedback.long_text("feedback_text")?,
            marking_criteria: feedback.object("marking_criteria")?,
            strengths: feedback.strings("strengths")?.unwrap_or_default(),
            improvements: feedback.strings("improvements")?.unwrap_or_default(),
        };
        let mut events = Vec::new();
        for mut event in input.list("events")? {
            events.push((event.id("type")?, event.object("data")?));
        }
        to_value(&self.complete_job(job_id, &worker, content, draft, events, &actor).await?)
    }

    async fn run_fail_job(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (job_id, worker) = (input.uuid("job_id")?, input.id("worker")?);
        let retry = input.boolean("retry")?.unwrap_or(false);
        let mut error = input.nested("error")?;
        let code = error.optional_id("code")?.unwrap_or_else(|| "internal".to_owned());
        let message = error.sentence("message")?.unwrap_or_else(|| "Processing failed.".to_owned());
        to_value(&self.fail_job(job_id, &worker, &code, &message, retry, &actor).await?)
    }

    async fn run_release_job(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (job_id, worker) = (input.uuid("job_id")?, input.id("worker")?);
        to_value(&self.release_job(job_id, &worker, &actor).await?)
    }

    async fn run_record_audit(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let entry = NewEntry {
            action: input.id("action")?,
            resource_type: input.id("resource_type")?,
            resource_id: input.optional_uuid("resource_id")?,
            metadata: input.object("metadata")?,
            result: input.optional_id("result")?.unwrap_or_else(|| "ok".to_owned()),
            error_message: input.sentence("error_message")?,
        };
        Ok(json!({ "id": self.record_audit(entry, &actor).await? }))
    }

    async fn run_create_api_key(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (name, role) = (input.id("name")?, role(&mut input)?);
        to_value(&self.create_api_key(&name, role, &actor).await?)
    }

    async fn run_ensure_api_key(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (name, role) = (input.id("name")?, role(&mut input)?);
        let key = input.id("key")?;
        if key.len() < KEY_CHARS {
            return Err(Error::invalid_input(
                "key",
                format!("“key” is too easily guessed: it must be at least {KEY_CHARS} characters."),
            ));
        }
        let (id, created) = self.ensure_api_key(&name, role, &key, &actor).await?;
        Ok(json!({ "id": id, "created": created }))
    }

    async fn run_verify_api_key(&self, mut input: Input) -> Result<Value> {
        match input.optional_uuid("id")? {
            Some(id) => to_value(&self.verify_api_key_id(id).await?),
            None => to_value(&self.verify_api_key(&input.id("key")?).await?),
        }
    }

    async fn run_open_identity(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (pseudonym, reason) = (input.id("pseudonym")?, input.id("reason")?);
        Ok(json!({ "identity": self.open_identity(&pseudonym, &reason, &actor).await? }))
    }
}

fn page(input: &mut Input) -> Result<(usize, Option<Cursor>)> {
    let limit = input.integer("limit", 1..=PAGE_MOST)?.unwrap_or(PAGE) as usize;
    let cursor = input.optional_id("cursor")?;
    Ok((limit, cursor.as_deref().map(Cursor::parse).transpose()?))
}

fn lease(input: &mut Input) -> Result<Duration> {
    let ms = input.integer("lease_ms", 1..=LEASE_MS_MOST)?;
    let ms = ms.ok_or_else(|| Error::invalid_input("lease_ms", "“lease_ms” is missing."))?;
    Ok(Duration::from_millis(ms.unsigned_abs()))
}

fn role(input: &mut Input) -> Result<Role> {
    let word = input.word("role", &Role::WORDS)?;
    word.as_deref()
        .and_then(Role::from_word)
        .ok_or_else(|| Error::invalid_input("role", "“role” is missing: admin, tutor or service."))
}

pub(crate) fn to_value<T: Serialize>(result: &T) -> Result<Value> {
    serde_json::to_value(result).map_err(|_| fault::internal("A result could not be written as JSON."))
}
