//! Commands that read what is kept of students. Where the caller names an actor, the access is audited.

use serde_json::{Map, Value, json};

use awap_core::Result;

use super::{page, to_value};
use crate::Store;
use crate::access::Access;
use crate::audit::AuditFilter;
use crate::input::Input;
use crate::query::EventQuery;
use crate::tmas::TmaFilter;

impl Store {
    pub(super) async fn run_get_tma(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let tma = self.get_tma(input.uuid("id")?).await?;
        // Until there is content, the row is a state and nothing of the student's work.
        if let (Some(actor), Some(_)) = (actor, &tma.content) {
            let id = tma.summary.id;
            self.record_access(Access::of_tma("tma.read", "tma", id, id), &actor).await?;
        }
        to_value(&tma)
    }

    pub(super) async fn run_list_tmas(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let filter = TmaFilter {
            status: input.word("status", &["pending", "processing", "completed", "failed"])?,
            assignment_id: input.optional_id("assignment_id")?,
            course_id: input.optional_id("course_id")?,
            student_id: input.optional_id("student_id")?,
            near_duplicate: input.boolean("near_duplicate")?,
            with_feedback: input.boolean("with_feedback")?.unwrap_or_default(),
        };
        let (limit, cursor) = page(&mut input)?;
        let narrowed = narrowed([
            ("status", &filter.status),
            ("assignment_id", &filter.assignment_id),
            ("course_id", &filter.course_id),
            ("pseudonym", &filter.student_id),
            ("near_duplicate", &filter.near_duplicate.map(|some| some.to_string())),
        ]);
        let listed = self.list_tmas(filter, limit, cursor).await?;
        if let (Some(actor), false) = (actor, listed.tmas.is_empty()) {
            self.record_access(Access::of_list("tma.list", "tma", narrowed), &actor).await?;
        }
        to_value(&listed)
    }

    pub(super) async fn run_get_feedback(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let action = match input.word("as", &["feedback", "document"])?.as_deref() {
            Some("document") => "feedback.read_document",
            _ => "feedback.read",
        };
        let feedback = self.get_feedback(input.uuid("tma_id")?).await?;
        if let Some(actor) = actor {
            let access = Access::of_tma(action, "feedback", feedback.id, feedback.tma_id);
            self.record_access(access, &actor).await?;
        }
        to_value(&feedback)
    }

    pub(super) async fn run_list_feedback_revisions(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let tma_id = input.uuid("tma_id")?;
        let revisions = self.list_feedback_revisions(tma_id).await?;
        if let (Some(actor), false) = (actor, revisions.is_empty()) {
            let access = Access::of_tma("feedback.read_revisions", "tma", tma_id, tma_id);
            self.record_access(access, &actor).await?;
        }
        Ok(json!({ "revisions": to_value(&revisions)? }))
    }

    pub(super) async fn run_query_events(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let query = EventQuery::from_input(input)?;
        let stream_id = query.stream_id.clone();
        let events = self.query_events(query).await?;
        if let (Some(actor), Some(access)) = (actor, Access::of_events(&stream_id, &events)) {
            self.record_access(access, &actor).await?;
        }
        to_value(&events)
    }

    pub(super) async fn run_list_failed(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let (limit, cursor) = page(&mut input)?;
        let failed = self.list_failed(limit, cursor).await?;
        if let (Some(actor), false) = (actor, failed.jobs.is_empty()) {
            self.record_access(Access::of_list("job.list_failed", "job", Map::new()), &actor).await?;
        }
        to_value(&failed)
    }

    pub(super) async fn run_list_audit(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let filter = AuditFilter {
            resource_type: input.optional_id("resource_type")?,
            resource_id: input.optional_uuid("resource_id")?,
            action: input.optional_id("action")?,
            pseudonym: input.optional_id("pseudonym")?,
        };
        let (limit, cursor) = page(&mut input)?;
        let narrowed = narrowed([
            ("resource_type", &filter.resource_type),
            ("resource_id", &filter.resource_id.map(|id| id.to_string())),
            ("action", &filter.action),
            ("pseudonym", &filter.pseudonym),
        ]);
        let listed = self.list_audit(filter, limit, cursor).await?;
        if let (Some(actor), false) = (actor, listed.entries.is_empty()) {
            self.record_access(Access::of_list("audit.list", "audit_log", narrowed), &actor).await?;
        }
        to_value(&listed)
    }
}

/// What a list was narrowed to, as its entry in the audit log has it.
fn narrowed<const N: usize>(filters: [(&str, &Option<String>); N]) -> Map<String, Value> {
    filters.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.as_deref()?.into()))).collect()
}
