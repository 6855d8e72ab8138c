//! Commands of those who look after the store: review, keys, data protection, jobs that failed, backup.

use std::time::Duration;

use serde_json::{Value, json};

use awap_core::{Error, Result};

use super::{page, to_value};
use crate::Store;
use crate::input::Input;
use crate::reseal::ResealCursor;
use crate::retention::Expired;
use crate::review::FeedbackChanges;

/// TMAs of one page of an export, each with all its originals, where the caller does not say.
const EXPORT_PAGE: i64 = 20;
/// Rows that one purge or one batch of resealing takes, where the caller does not say, and at most.
const BATCH: i64 = 200;
const BATCH_MOST: i64 = 1000;
/// The longest retention period: a century, in days.
const DAYS_MOST: i64 = 36_525;

impl Store {
    pub(super) async fn run_update_feedback(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let tma_id = input.uuid("tma_id")?;
        let reviewed_by = input.optional_id("reviewed_by")?;
        let expected_updated_at = input.time("expected_updated_at")?;
        let mut changes = input.nested("changes")?;
        let new = FeedbackChanges {
            grade: changes.has("grade").then(|| changes.number("grade", 0.0..=100.0)).transpose()?,
            feedback_text: given(&mut changes, "feedback_text", Input::long_text)?,
            strengths: given(&mut changes, "strengths", Input::strings)?.flatten(),
            improvements: given(&mut changes, "improvements", Input::strings)?.flatten(),
            marking_criteria: given(&mut changes, "marking_criteria", Input::required_object)?,
        };
        changes.nothing_more()?;
        to_value(&self.update_feedback(tma_id, new, reviewed_by, expected_updated_at, &actor).await?)
    }

    pub(super) async fn run_retry_job(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        to_value(&self.retry_job(input.uuid("job_id")?, &actor).await?)
    }

    pub(super) async fn run_list_api_keys(&self, mut input: Input) -> Result<Value> {
        let (limit, cursor) = page(&mut input)?;
        to_value(&self.list_api_keys(limit, cursor).await?)
    }

    pub(super) async fn run_revoke_api_key(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let id = input.uuid("id")?;
        let revoked_at = self.revoke_api_key(id, &actor).await?;
        Ok(json!({ "id": id, "revoked_at": revoked_at }))
    }

    pub(super) async fn run_export_student(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (pseudonym, reason) = (input.id("pseudonym")?, input.id("reason")?);
        let given = input.has("limit");
        let (limit, cursor) = page(&mut input)?;
        let limit = if given { limit } else { EXPORT_PAGE as usize };
        to_value(&self.export_student(&pseudonym, &reason, limit, cursor, &actor).await?)
    }

    pub(super) async fn run_erase_student(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (pseudonym, reason) = (input.id("pseudonym")?, input.id("reason")?);
        Ok(json!({ "erased": to_value(&self.erase_student(&pseudonym, &reason, &actor).await?)? }))
    }

    pub(super) async fn run_purge_expired(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let what = input.word("what", &Expired::WORDS)?;
        let what = what.as_deref().and_then(Expired::from_word).ok_or_else(|| {
            Error::invalid_input("what", "“what” is missing: originals, tmas or idempotency_keys.")
        })?;
        let days = input.integer("older_than_days", 0..=DAYS_MOST)?.ok_or_else(|| {
            // No default: what is purged does not come back.
            Error::invalid_input("older_than_days", "“older_than_days” is missing.")
        })?;
        let age = Duration::from_hours(24).saturating_mul(days as u32);
        to_value(&self.purge_expired(what, age, batch(&mut input)?, &actor).await?)
    }

    pub(super) async fn run_reseal(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let from = match input.optional_id("cursor")? {
            Some(cursor) => ResealCursor::parse(&cursor)?,
            None => ResealCursor::START,
        };
        to_value(&self.reseal(batch(&mut input)? as usize, from, &actor).await?)
    }

    pub(super) async fn run_backup(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        to_value(&self.backup(&input.sentence("path")?.unwrap_or_default(), &actor).await?)
    }
}

/// A field that is read only where it is given, and must not be null then.
fn given<T>(
    input: &mut Input,
    key: &str,
    read: impl FnOnce(&mut Input, &str) -> Result<T>,
) -> Result<Option<T>> {
    if !input.has(key) {
        return Ok(None);
    }
    input.required(key)?;
    read(input, key).map(Some)
}

fn batch(input: &mut Input) -> Result<u32> {
    Ok(input.integer("limit", 1..=BATCH_MOST)?.unwrap_or(BATCH) as u32)
}
