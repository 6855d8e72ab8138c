//! Commands of comparing cohorts, and of what was found.

use std::time::Duration;

use serde_json::{Value, json};

use awap_core::{Error, Result};

use super::{lease, to_value};
use crate::Store;
use crate::access::Access;
use crate::comparisons::Quiet;
use crate::input::Input;
use crate::near_duplicates::{Found, Shared};

/// The longest that a cohort may be left to become quiet: a day.
const MS_MOST: i64 = 24 * 60 * 60 * 1000;

impl Store {
    pub(super) async fn run_claim_comparison(&self, mut input: Input) -> Result<Value> {
        let worker = input.id("worker")?;
        let due = Quiet {
            quiet: milliseconds(&mut input, "quiet_ms")?,
            at_most: milliseconds(&mut input, "at_most_ms")?,
        };
        let claimed = self.claim_comparison(&worker, lease(&mut input)?, due).await?;
        let due_in = match claimed {
            Some(_) => None,
            None => self.comparison_due_in(due).await?,
        };
        let due_in_ms = due_in.map(|due_in| u64::try_from(due_in.as_millis()).unwrap_or(u64::MAX));
        Ok(json!({ "comparison": to_value(&claimed)?, "due_in_ms": due_in_ms }))
    }

    pub(super) async fn run_finish_comparison(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let (course_id, assignment_id) = (input.id("course_id")?, input.id("assignment_id")?);
        let worker = input.id("worker")?;
        let changes = number(&mut input, "changes")?;
        let found = input.list("near_duplicates")?.into_iter().map(pair).collect::<Result<Vec<_>>>()?;
        let cohort = (course_id.as_str(), assignment_id.as_str());
        to_value(&self.finish_comparison(cohort, &worker, changes, found, &actor).await?)
    }

    pub(super) async fn run_list_near_duplicates(&self, mut input: Input) -> Result<Value> {
        let actor = input.optional_actor()?;
        let tma_id = input.uuid("tma_id")?;
        let found = self.list_near_duplicates(tma_id).await?;
        // That there is none is known of the student too.
        if let Some(actor) = actor {
            let access = Access::of_tma("tma.read_near_duplicates", "tma", tma_id, tma_id);
            self.record_access(access, &actor).await?;
        }
        Ok(json!({ "near_duplicates": to_value(&found)? }))
    }
}

/// A pair as the core's `compare` answers it.
fn pair(mut pair: Input) -> Result<Found> {
    let (a, b) = (pair.uuid("a")?, pair.uuid("b")?);
    let share = pair.number("share", 0.0..=1.0)?.unwrap_or_default();
    let words = number(&mut pair, "words")?;
    let passage = |mut passage: Input| {
        Ok(Shared {
            start: number(&mut passage, "a_start")?,
            end: number(&mut passage, "a_end")?,
            other_start: number(&mut passage, "b_start")?,
            other_end: number(&mut passage, "b_end")?,
            words: number(&mut passage, "words")?,
        })
    };
    let passages = pair.list("passages")?.into_iter().map(passage).collect::<Result<_>>()?;
    Ok(Found { a, b, share, words, passages })
}

fn number(input: &mut Input, key: &str) -> Result<i64> {
    input.integer(key, 0..=i64::MAX)?.ok_or_else(|| missing(key))
}

fn milliseconds(input: &mut Input, key: &str) -> Result<Duration> {
    let ms = input.integer(key, 0..=MS_MOST)?.ok_or_else(|| missing(key))?;
    Ok(Duration::from_millis(ms.unsigned_abs()))
}

fn missing(key: &str) -> Error {
    Error::invalid_input(key, format!("“{key}” is missing."))
}
