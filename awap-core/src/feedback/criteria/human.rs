//! `human`: only a person may mark this; the score stays open.

use serde_json::json;

use super::{Kind, Outcome, Script, Source};
use crate::Result;
use crate::feedback::rubric::{Head, Node};

/// Guidance for the person who marks.
#[derive(Debug)]
pub(super) struct Human {
    guidance: Option<String>,
}

impl Human {
    pub(super) fn load(params: &Node<'_>) -> Result<Self> {
        Ok(Self { guidance: params.maybe("guidance", |n| n.string().map(|s| s.trim().to_owned()))? })
    }
}

impl Kind for Human {
    fn is_human(&self) -> bool {
        true
    }

    fn mark(&self, head: &Head, _script: &Script<'_>) -> Outcome {
        let levels: Vec<_> =
            head.levels.iter().map(|l| json!({"score": l.score, "definition": l.definition})).collect();
        Outcome {
            source: Source::Human,
            reviews: vec![(
                "human_criterion",
                json!({"max_mark": head.max_mark, "guidance": self.guidance, "levels": levels}),
            )],
            ..Outcome::default()
        }
    }
}
