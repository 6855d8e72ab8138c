//! Works made up for tests, as the parser would return them.

pub(crate) mod schema;

use awap_core::feedback::{self, Feedback};
use awap_core::tma::ParsedTma;
use awap_core::{Deadline, Error};
use serde_json::{Map, Value, json};

/// A work with answers, a rubric, and what the host sends beside them.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) text: String,
    pub(crate) questions: Vec<Value>,
    pub(crate) blocks: Vec<Value>,
    pub(crate) citations: Vec<Value>,
    pub(crate) references: Vec<Value>,
    pub(crate) rubric: Option<Value>,
    pub(crate) carried: Map<String, Value>,
}

/// A rubric of `fixtures/rubrics`: JSON as a value, YAML as the string that it is.
pub(crate) fn rubric(name: &str) -> Value {
    let text = match name {
        "tm112-25j-tma02.json" => include_str!("../../../fixtures/rubrics/tm112-25j-tma02.json"),
        "k102-25j-tma01.json" => include_str!("../../../fixtures/rubrics/k102-25j-tma01.json"),
        "every-kind.json" => include_str!("../../../fixtures/rubrics/every-kind.json"),
        "dd102-25b-tma03.yaml" => {
            return json!(include_str!("../../../fixtures/rubrics/dd102-25b-tma03.yaml"));
        }
        _ => panic!("no rubric of this name"),
    };
    serde_json::from_str(text).unwrap()
}

impl Work {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            text: String::new(),
            questions: Vec::new(),
            blocks: Vec::new(),
            citations: Vec::new(),
            references: Vec::new(),
            rubric: Some(rubric(name)),
            carried: Map::new(),
        }
    }

    /// Adds a block and returns its span.
    pub(crate) fn block(&mut self, kind: &str, role: Option<&str>, text: &str) -> (usize, usize) {
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        let start = self.text.len();
        self.text.push_str(text);
        let end = self.text.len();
        self.blocks.push(
            json!({"kind": kind, "level": null, "start": start, "end": end, "part": "body", "role": role}),
        );
        (start, end)
    }

    fn question(&mut self, id: &str, start: usize, end: usize) {
        let text = self.text[start..end].to_owned();
        let words = text.split_whitespace().count();
        self.questions.push(json!({"id": id, "label": id, "start": start, "end": end, "text": text, "words": words, "prompt": null}));
    }

    /// Adds an answer, a paragraph for each blank line.
    pub(crate) fn answer(mut self, id: &str, text: &str) -> Self {
        let from = self.blocks.len();
        for paragraph in text.split("\n\n") {
            self.block("paragraph", None, paragraph);
        }
        let start = self.blocks[from]["start"].as_u64().unwrap() as usize;
        let end = self.text.len();
        self.question(id, start, end);
        self
    }

    /// Makes an answer of blocks that are there.
    #[allow(dead_code)] // not every test crate needs it
    pub(crate) fn answer_at(mut self, id: &str, start: usize, end: usize) -> Self {
        self.question(id, start, end);
        self
    }

    /// Adds an answer of prose and code.
    #[allow(dead_code)] // not every test crate needs it
    pub(crate) fn code(mut self, id: &str, prose: &str, code: &str) -> Self {
        let (start, _) = self.block("paragraph", None, prose);
        let (_, end) = self.block("code", None, code);
        self.question(id, start, end);
        self
    }

    /// Changes the rubric at a JSON pointer.
    #[allow(dead_code)] // not every test crate needs it
    pub(crate) fn set(&mut self, pointer: &str, value: Value) {
        let rubric = self.rubric.as_mut().unwrap();
        if let Some(place) = rubric.pointer_mut(pointer) {
            *place = value;
            return;
        }
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        rubric.pointer_mut(parent).unwrap()[key] = value;
    }

    /// The parsed TMA.
    pub(crate) fn parsed(&self) -> ParsedTma {
        let mut tma = json!({
            "metadata": {}, "text": self.text, "blocks": self.blocks, "questions": self.questions,
            "citations": self.citations, "references": self.references, "headings": [], "counts": {}, "warnings": [],
            "rubric": self.rubric,
        });
        tma.as_object_mut().unwrap().extend(self.carried.clone());
        serde_json::from_value(tma).unwrap()
    }
}

#[allow(dead_code)] // not every test crate needs it
pub(crate) fn mark(work: &Work) -> Feedback {
    feedback::mark(&work.parsed(), &Deadline::never()).unwrap()
}

#[allow(dead_code)] // not every test crate needs it
pub(crate) fn fault(work: &Work) -> Error {
    feedback::mark(&work.parsed(), &Deadline::never()).unwrap_err()
}
