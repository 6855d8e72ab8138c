//! The rubric for a TMA that comes without one: what can be seen of any essay, and a person for all that matters more.

use serde_json::{Value, json};

use super::{Node, Rubric, canonical, full, sha256};
use crate::Result;

fn source() -> Value {
    json!({
        "schema": "awap:rubric/1",
        "rubric_id": "general",
        "max_mark": 100,
        "rounding": "half_up_int",
        "questions": [{
            "id": "1",
            "max_mark": 100,
            "criteria": [
                {
                    "id": "content", "title": "Knowledge, understanding and argument", "max_mark": 70, "kind": "human",
                    "params": {"guidance": "No rubric came with this TMA: what it says, and how well it argues, is for a person to mark."}
                },
                {
                    "id": "structure", "title": "Structure", "max_mark": 15, "kind": "structure",
                    "params": {"required": ["introduction", "conclusion"], "paragraph_words": {"min": 30, "max": 300}}
                },
                {
                    "id": "references", "title": "References and citations", "max_mark": 15, "kind": "references",
                    "params": {"style": "cite_them_right", "min_citations": 1}
                }
            ]
        }]
    })
}

/// The built-in general rubric.
pub(super) fn rubric() -> Result<Rubric> {
    let source = source();
    let mut rubric = full::load(&Node::root(&source, "rubric"))?;
    rubric.form = "general";
    rubric.sha256 = sha256(&canonical(&source));
    Ok(rubric)
}
