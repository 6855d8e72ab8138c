//! `Submission` → [`ParsedTma`]: cover sheet, questions, citations, references, counts.

mod answer;
mod asking;
mod assemble;
mod candidate;
mod count;
mod cover;
mod fields;
mod label;
mod letters;
mod model;
mod module;
mod outline;
mod scheme;
mod sections;
mod tops;
mod unit;
mod unlabelled;

use std::collections::BTreeMap;

pub use label::normalize_id as normalize_question_id;
pub use model::{Counts, Heading, Metadata, ParsedBlock, ParsedTma, Prompt, Question};

use crate::citation::{self, Citations};
use crate::document::{BlockKind, Warning};
use crate::text::Span;
use crate::{Deadline, Limits, Result, Submission};
use assemble::Whole;
use serde_json::{Map, Value};

/// Reads the structure of a TMA, anonymized or not.
///
/// Attachments that are still bytes are read first, with the errors of [`document::read`](crate::document::read).
/// Linear in the length of the text.
pub fn parse(tma: Submission, limits: &Limits, deadline: &Deadline) -> Result<ParsedTma> {
    let Submission { tma_id, assignment_id, course_id, student_id, student: _, content, rubric, extra } = tma;
    let whole = assemble::assemble(content, limits, deadline)?;
    deadline.check()?;
    let parts: Vec<Span> = whole.parts.iter().map(|p| p.span).collect();
    let cited = citation::find_in_parts(&whole.text, &whole.blocks, &parts, deadline)?;
    deadline.check()?;
    let asked = Asked::of(rubric.as_ref());
    let outline = outline::outline(&whole, &cited, &asked);
    deadline.check()?;
    let host: Vec<&str> = [&assignment_id, &course_id].into_iter().filter_map(|s| s.as_deref()).collect();
    let metadata = cover::metadata(&whole, &outline.units, &|i| outline.is_cover(i), &host);
    let blocks = outline.blocks(&whole, &cited);
    let counts = count::counts(&whole, &blocks, &outline.holes);
    let headings = headings(&whole);
    let mut warnings = whole.warnings.clone();
    warnings.extend(outline.warnings(&whole, &asked));
    warnings.extend(orphans(&cited));

    let mut carried = Map::new();
    let known = [
        ("tma_id", tma_id),
        ("assignment_id", assignment_id),
        ("course_id", course_id),
        ("student_id", student_id),
    ];
    for (key, value) in known {
        if let Some(value) = value {
            carried.insert(key.to_owned(), Value::String(value));
        }
    }
    carried.extend(extra);
    Ok(ParsedTma {
        metadata,
        questions: outline.questions,
        citations: cited.citations,
        references: cited.references,
        text: whole.text,
        blocks,
        headings,
        counts,
        warnings,
        rubric,
        carried,
    })
}

/// What the rubric says of its questions.
#[derive(Debug, Default)]
struct Asked {
    /// Normalised id → the id as the rubric writes it.
    ids: BTreeMap<String, String>,
    /// The questions' own words.
    prompts: Vec<String>,
}

impl Asked {
    fn of(rubric: Option<&Value>) -> Self {
        let mut out = Self::default();
        let Some(rubric) = rubric else { return out };
        // A rubric may come as YAML or JSON in a string.
        let parsed = rubric.as_str().and_then(|s| serde_norway::from_str::<Value>(s).ok());
        let rubric = parsed.as_ref().unwrap_or(rubric);
        let mut add = |id: Option<&Value>| {
            let id = match id {
                Some(Value::String(id)) => id.clone(),
                Some(Value::Number(id)) => id.to_string(),
                _ => return,
            };
            out.ids.insert(label::normalize_id(&id), id);
        };
        add(rubric.get("question_id"));
        let questions = rubric.get("questions").and_then(Value::as_array);
        for question in questions.into_iter().flatten().take(1000) {
            add(question.get("id").or_else(|| question.get("question_id")));
        }
        for question in questions.into_iter().flatten().take(1000).chain([rubric]) {
            for key in ["prompt", "question", "title"] {
                if let Some(text) =
                    question.get(key).and_then(Value::as_str).filter(|t| t.split_whitespace().count() >= 4)
                {
                    out.prompts.push(text.to_owned());
                }
            }
        }
        out
    }

    /// The rubric's spelling of an id, or the id itself.
    fn spelling(&self, id: &str) -> String {
        self.ids.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }
}

fn headings(whole: &Whole) -> Vec<Heading> {
    let mut out = Vec::new();
    for block in &whole.blocks {
        let level = match block.kind {
            BlockKind::Title => 1,
            BlockKind::Heading => block.level.unwrap_or(1),
            _ => continue,
        };
        let own = Span::new(block.start, block.end).of(&whole.text).trim();
        let text = match &block.label {
            Some(label) => format!("{label} {own}"),
            None => own.to_owned(),
        };
        if !text.is_empty() {
            out.push(Heading { level, text, start: block.start, end: block.end });
        }
    }
    out
}

/// What does not hold together between citations and references.
fn orphans(cited: &Citations) -> Vec<Warning> {
    let mut out = Vec::new();
    let loose = cited.citations.iter().filter(|c| c.is_orphan()).count();
    if loose > 0 {
        let message = if cited.references.is_empty() {
            format!("The text cites works ({loose} citations) and has no reference list.")
        } else {
            format!("Citations without an entry in the reference list: {loose}.")
        };
        out.push(Warning::new("citation_without_reference", message));
    }
    let uncited = cited.references.iter().filter(|r| !r.cited).count();
    if uncited > 0 {
        out.push(Warning::new(
            "reference_not_cited",
            format!("Entries of the reference list that the text does not cite: {uncited}."),
        ));
    }
    out
}
