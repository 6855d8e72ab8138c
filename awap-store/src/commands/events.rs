//! Commands of the event store.

use serde_json::Value;

use awap_core::{Error, Result};

use super::to_value;
use crate::Store;
use crate::events::{ChainPlace, NewEvent, Verify};
use crate::input::Input;

/// Events that one call follows, where the caller does not say, and at most.
const FOLLOW: i64 = 500;
const FOLLOW_MOST: i64 = 1000;

impl Store {
    pub(super) async fn run_append_event(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let event = NewEvent {
            stream_id: input.id("stream_id")?,
            kind: input.id("type")?,
            data: input.object("data")?,
            metadata: input.object("metadata")?,
            event_id: input.optional_uuid("event_id")?,
        };
        if event.stream_id.starts_with('$') {
            return Err(Error::invalid_input("stream_id", "A stream's name does not begin with “$”."));
        }
        let expected_version = input.integer("expected_version", 0..=i64::MAX)?;
        to_value(&self.append_event(event, expected_version, &actor).await?)
    }

    pub(super) async fn run_follow_events(&self, mut input: Input) -> Result<Value> {
        let after = input.integer("after", 0..=i64::MAX)?;
        let limit = input.integer("limit", 1..=FOLLOW_MOST)?.unwrap_or(FOLLOW);
        to_value(&self.follow_events(after, limit).await?)
    }

    pub(super) async fn run_verify_events(&self, mut input: Input) -> Result<Value> {
        let event_store = input.word("of", &["database", "event_store"])?.as_deref() == Some("event_store");
        let limit = input.integer("limit", 1..=i64::MAX)?.unwrap_or(i64::MAX);
        let mut after = input.nested("after")?;
        let after = match after.integer("global_position", 0..=i64::MAX)? {
            Some(position) => Some(ChainPlace::parse(position, &after.id("hash")?)?),
            None => None,
        };
        to_value(&self.verify_events(Verify { event_store, after, limit }).await?)
    }

    pub(super) async fn run_accept_events(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let reason = input.id("reason")?;
        to_value(&self.accept_events(&reason, &actor).await?)
    }
}
