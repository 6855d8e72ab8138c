//! Many parts → one text with blocks on it, each span shifted to where its part lies.

use crate::document::{self, Block, Document, Part, PartKind, Warning};
use crate::submission::{Answer, Content};
use crate::text::Span;
use crate::{Deadline, Limits, Result};

/// The whole visible text of a TMA.
#[derive(Debug, Default)]
pub(super) struct Whole {
    pub(super) text: String,
    /// In the order of the text; spans in `text`.
    pub(super) blocks: Vec<Block>,
    /// The part of each block: an index into `parts`.
    pub(super) part_of: Vec<usize>,
    pub(super) parts: Vec<PartSpan>,
    /// What is not seen and yet says something: file names and properties (key and value).
    pub(super) filenames: Vec<String>,
    pub(super) properties: Vec<(String, String)>,
    pub(super) warnings: Vec<Warning>,
}

/// Where a part lies in the whole text.
#[derive(Debug, Clone)]
pub(super) struct PartSpan {
    pub(super) span: Span,
    pub(super) kind: PartKind,
    /// The form's name of the question that this text answers.
    pub(super) question: Option<String>,
    /// The file it comes from.
    pub(super) filename: Option<String>,
}

/// Reads what is still bytes and joins all visible parts: bodies first, then text boxes, notes, headers, footers,
/// comments.
pub(super) fn assemble(content: Content, limits: &Limits, deadline: &Deadline) -> Result<Whole> {
    let mut documents: Vec<(Document, Option<String>)> = Vec::new();
    if let Some(text) = content.text.filter(|t| !t.trim().is_empty()) {
        documents.push((document::from_text(&text, "content.text"), None));
    }
    for (i, Answer { question, text, .. }) in content.answers.into_iter().enumerate() {
        documents.push((document::from_text(&text, &format!("content.answers[{i}].text")), Some(question)));
    }
    for (i, attachment) in content.attachments.iter().enumerate() {
        let source = format!("content.attachments[{i}]");
        documents.push((document::read(attachment, &source, limits, deadline)?, None));
    }
    drop(content.attachments);
    documents.extend(content.documents.into_iter().map(|d| (d, None)));
    join(documents, limits, deadline)
}

fn join(documents: Vec<(Document, Option<String>)>, limits: &Limits, deadline: &Deadline) -> Result<Whole> {
    let mut whole = Whole::default();
    let mut parts: Vec<(Part, Option<String>, Option<String>)> = Vec::new();
    for (document, question) in documents {
        whole.warnings.extend(document.warnings);
        for part in document.parts {
            if part.kind.is_visible() {
                parts.push((part, question.clone(), document.filename.clone()));
            } else if part.kind == PartKind::Property {
                let value = |b: &Block| {
                    (b.label.clone().unwrap_or_default(), Span::new(b.start, b.end).of(&part.text).to_owned())
                };
                whole.properties.extend(part.blocks.iter().map(value));
            }
        }
        whole.filenames.extend(document.filename);
    }
    // Stable: parts of one kind stay in the order of the documents.
    parts.sort_by_key(|(part, ..)| part.kind);
    let total: usize = parts.iter().map(|(part, ..)| part.text.len() + 2).sum();
    if total > limits.text_bytes.saturating_mul(2) {
        return Err(Limits::exceeded("text_bytes", limits.text_bytes));
    }
    whole.text.reserve(total);
    for (part, question, filename) in parts {
        deadline.check()?;
        if !whole.text.is_empty() {
            whole.text.push_str("\n\n");
        }
        let base = whole.text.len();
        whole.text.push_str(&part.text);
        let span = Span::new(base, whole.text.len());
        let index = whole.parts.len();
        let mut at = base;
        for mut block in part.blocks {
            shift(&mut block, base);
            // A document that came over the wire may hold any offsets.
            if block.start < at || block.end < block.start || whole.text.get(block.start..block.end).is_none()
            {
                continue;
            }
            at = block.end;
            whole.blocks.push(block);
            whole.part_of.push(index);
        }
        whole.parts.push(PartSpan { span, kind: part.kind, question, filename });
    }
    Ok(whole)
}

fn shift(block: &mut Block, by: usize) {
    let add = |at: &mut usize| *at = at.saturating_add(by);
    add(&mut block.start);
    add(&mut block.end);
    for run in &mut block.runs {
        add(&mut run.start);
        add(&mut run.end);
    }
    for cell in &mut block.cells {
        add(&mut cell.start);
        add(&mut cell.end);
    }
}
