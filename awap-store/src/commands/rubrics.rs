//! Commands of the rubrics that the host keeps for all tutors.

use serde_json::{Value, json};

use awap_core::{Error, Result};

use super::{page, to_value};
use crate::Store;
use crate::input::Input;
use crate::rubrics::NewRubric;

impl Store {
    pub(super) async fn run_list_rubrics(&self, mut input: Input) -> Result<Value> {
        let (limit, cursor) = page(&mut input)?;
        to_value(&self.list_rubrics(limit, cursor).await?)
    }

    pub(super) async fn run_get_rubric(&self, mut input: Input) -> Result<Value> {
        to_value(&self.get_rubric(&input.id("name")?).await?)
    }

    pub(super) async fn run_put_rubric(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        let missing = |key: &str| Error::invalid_input(key, format!("“{key}” is missing."));
        let new = NewRubric {
            name: input.id("name")?,
            text: input.long_text("text")?,
            sha256: input.id("sha256")?,
            max_mark: input.number("max_mark", 0.0..=1e9)?.ok_or_else(|| missing("max_mark"))?,
            criteria: input.integer("criteria", 0..=1_000_000)?.ok_or_else(|| missing("criteria"))?,
            expected_updated_at: input.time("expected_updated_at")?,
        };
        let (rubric, created) = self.put_rubric(new, &actor).await?;
        Ok(json!({ "rubric": to_value(&rubric)?, "created": created }))
    }

    pub(super) async fn run_delete_rubric(&self, mut input: Input) -> Result<Value> {
        let actor = input.actor()?;
        Ok(json!({ "id": self.delete_rubric(&input.id("name")?, &actor).await? }))
    }
}
