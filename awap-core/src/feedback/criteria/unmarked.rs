//! Kinds that are known and not marked automatically yet: the score stays open, and a person is told.

use serde_json::json;

use super::{Kind, Outcome, Script};
use crate::feedback::rubric::Head;

/// A kind by its name.
#[derive(Debug)]
pub(super) struct Unmarked {
    kind: String,
}

impl Unmarked {
    pub(super) fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned() }
    }
}

impl Kind for Unmarked {
    fn mark(&self, head: &Head, _script: &Script<'_>) -> Outcome {
        let detail = format!(
            "Criteria of kind “{}” are not marked automatically yet: please mark this one.",
            self.kind
        );
        Outcome {
            reviews: vec![("low_confidence", json!({"max_mark": head.max_mark, "message": detail}))],
            ..Outcome::default()
        }
    }
}
