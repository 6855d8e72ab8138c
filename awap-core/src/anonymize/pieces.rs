//! Every string of a TMA, as a piece with a path: taken out for reading, put back changed.

use std::cell::OnceCell;

use serde_json::{Map, Value};

use super::cues::Cues;
use super::published;

use crate::document::{BlockKind, Document, Part, PartKind, reads_as_prose};
use crate::text::Span;
use crate::{Deadline, Limits, Result, Submission, citation};

/// What kind of place a string stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// What the student wrote: the body, notes, a text field.
    Prose,
    /// Page headers and footers, cover lines.
    Margin,
    /// The name of a file.
    FileName,
    /// A document's properties, one value a block.
    Properties,
    /// A short value of a field that no verb knows; also the name of such a field.
    Field,
    /// The host's own identifiers: known identity is looked for, patterns are not.
    Identifier,
}

impl Zone {
    /// Where words are joined by anything but blanks, and case says little.
    pub(super) fn is_technical(self) -> bool {
        matches!(self, Self::FileName | Self::Identifier)
    }
}

/// One string of the TMA.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) zone: Option<Zone>,
    /// Cited authors; nothing that touches them is a name.
    pub(super) protected: Vec<Span>,
    /// Reference lists.
    pub(super) lists: Vec<Span>,
    /// Places and publishers in reference lists: nobody but the student is looked for there.
    pub(super) published: Vec<Span>,
    pub(super) citations: usize,
    /// Program code.
    pub(super) code: Vec<Span>,
    /// Tables.
    pub(super) tables: Vec<Span>,
    /// Keyed values (properties) and their keys.
    pub(super) fields: Vec<(String, Span)>,
    /// Where words stand that lead to something; see [`Piece::cues`].
    pub(super) cues: OnceCell<Cues>,
}

impl Piece {
    pub(super) fn zone(&self) -> Zone {
        self.zone.unwrap_or(Zone::Prose)
    }

    /// Where words stand that lead to something: looked for once, when first asked.
    pub(super) fn cues(&self) -> &Cues {
        self.cues.get_or_init(|| Cues::of(&self.text))
    }
}

/// Whether one of `spans` (sorted, not overlapping) shares a byte with `span`.
pub(super) fn touches(spans: &[Span], span: Span) -> bool {
    let at = spans.partition_point(|s| s.end <= span.start);
    spans.get(at).is_some_and(|s| s.overlaps(span))
}

/// Sorts spans and joins those that touch, so that they can be searched.
fn disjoint(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    spans.dedup_by(|next, open| {
        let joined = next.start <= open.end;
        if joined {
            open.end = open.end.max(next.end);
        }
        joined
    });
}

/// Sees every string of a TMA, in the same order each time.
pub(super) trait Visit {
    fn string(&mut self, path: &str, zone: Zone, text: &mut String) -> Result<()>;
    fn part(&mut self, path: &str, part: &mut Part) -> Result<()>;
    /// A number or the name of a field: what it shall be called instead, if anything.
    fn fixed(&mut self, path: &str, text: &str) -> Result<Option<String>>;
}

/// Walks over all strings but those of the rubric, the student and `student_id`.
pub(super) fn walk(tma: &mut Submission, limits: &Limits, visit: &mut dyn Visit) -> Result<()> {
    let depth = Depth { left: limits.depth, allowed: limits.depth };
    let content = &mut tma.content;
    if let Some(text) = &mut content.text {
        visit.string("content.text", Zone::Prose, text)?;
    }
    for (i, answer) in content.answers.iter_mut().enumerate() {
        let path = format!("content.answers[{i}]");
        visit.string(&format!("{path}.question"), Zone::Field, &mut answer.question)?;
        visit.string(&format!("{path}.text"), Zone::Prose, &mut answer.text)?;
        walk_map(&mut answer.extra, &path, depth, visit)?;
    }
    for (i, document) in content.documents.iter_mut().enumerate() {
        walk_document(document, i, visit)?;
    }
    walk_map(&mut content.extra, "content", depth, visit)?;
    for (path, field) in [
        ("tma_id", &mut tma.tma_id),
        ("assignment_id", &mut tma.assignment_id),
        ("course_id", &mut tma.course_id),
    ] {
        if let Some(field) = field {
            visit.string(path, Zone::Identifier, field)?;
        }
    }
    walk_map(&mut tma.extra, "", depth, visit)
}

/// How much deeper unknown fields may be nested.
#[derive(Clone, Copy)]
struct Depth {
    left: usize,
    allowed: usize,
}

impl Depth {
    fn down(self) -> Result<Self> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(Limits::exceeded("depth", self.allowed)),
        }
    }
}

fn walk_document(document: &mut Document, index: usize, visit: &mut dyn Visit) -> Result<()> {
    if !is_own_source(&document.source) {
        visit.string(
            &format!("content.documents[{index}].source"),
            Zone::Identifier,
            &mut document.source,
        )?;
    }
    let source = document.source.clone();
    if let Some(name) = &mut document.filename {
        visit.string(&format!("{source}#filename"), Zone::FileName, name)?;
    }
    for part in &mut document.parts {
        if !is_own_part(&part.name) {
            visit.string(&format!("{source}#{}", part.name), Zone::Identifier, &mut part.name)?;
        }
        let path = format!("{source}#{}", part.name);
        visit.part(&path, part)?;
        for (i, block) in part.blocks.iter_mut().enumerate() {
            if let Some(label) = &mut block.label {
                let zone = if part.kind == PartKind::Property { Zone::Identifier } else { Zone::Field };
                visit.string(&format!("{path}.blocks[{i}].label"), zone, label)?;
            }
        }
    }
    for (i, warning) in document.warnings.iter_mut().enumerate() {
        visit.string(&format!("{source}.warnings[{i}].code"), Zone::Identifier, &mut warning.code)?;
        visit.string(&format!("{source}.warnings[{i}].message"), Zone::Identifier, &mut warning.message)?;
    }
    Ok(())
}

/// Whether a path is one that this crate gives a document (`content.attachments[0]`), and holds nothing of a student's.
pub(super) fn is_own_source(source: &str) -> bool {
    let bare = source
        .trim_start_matches("content.")
        .trim_end_matches(|c: char| c.is_ascii_digit() || "[]".contains(c));
    matches!(bare, "attachments" | "text" | "answers" | "documents" | "answers[0].text")
}

/// Whether the name of a part is one that the readers give (`body`, `header2`).
pub(super) fn is_own_part(name: &str) -> bool {
    matches!(
        name.trim_end_matches(|c: char| c.is_ascii_digit()),
        "body"
            | "textboxes"
            | "footnotes"
            | "endnotes"
            | "header"
            | "footer"
            | "comments"
            | "deleted"
            | "alternatives"
            | "links"
            | "properties"
    )
}

fn walk_map(map: &mut Map<String, Value>, path: &str, depth: Depth, visit: &mut dyn Visit) -> Result<()> {
    let depth = depth.down()?;
    let keys: Vec<String> = map.keys().cloned().collect();
    for key in keys {
        let renamed = visit.fixed(&format!("{path}#key"), &key)?;
        let name = renamed.as_deref().unwrap_or(&key);
        let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match renamed {
            None => {
                if let Some(value) = map.get_mut(&key) {
                    walk_value(value, &below, depth, visit)?;
                }
            }
            Some(renamed) => {
                let Some(mut value) = map.remove(&key) else { continue };
                walk_value(&mut value, &below, depth, visit)?;
                let mut free = renamed.clone();
                let mut n = 1;
                while map.contains_key(&free) {
                    n += 1;
                    free = format!("{renamed} {n}");
                }
                map.insert(free, value);
            }
        }
    }
    Ok(())
}

fn walk_value(value: &mut Value, path: &str, depth: Depth, visit: &mut dyn Visit) -> Result<()> {
    match value {
        Value::String(text) => {
            let prose = text.len() > 80 || text.contains('\n');
            visit.string(path, if prose { Zone::Prose } else { Zone::Field }, text)
        }
        Value::Array(list) => {
            let depth = depth.down()?;
            for (i, item) in list.iter_mut().enumerate() {
                walk_value(item, &format!("{path}[{i}]"), depth, visit)?;
            }
            Ok(())
        }
        Value::Object(map) => walk_map(map, path, depth, visit),
        Value::Number(number) => {
            if let Some(text) = visit.fixed(path, &number.to_string())? {
                *value = Value::String(text);
            }
            Ok(())
        }
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

/// Takes all strings out, with the citations of each.
pub(super) struct Collect<'a> {
    pub(super) pieces: Vec<Piece>,
    pub(super) deadline: &'a Deadline,
}

impl Visit for Collect<'_> {
    fn string(&mut self, path: &str, zone: Zone, text: &mut String) -> Result<()> {
        let mut piece = Piece { text: std::mem::take(text), zone: Some(zone), ..Piece::default() };
        if path.ends_with(".source") || path.contains('#') && zone == Zone::Identifier {
            // Paths are built from these while the strings are out.
            text.clone_from(&piece.text);
        }
        if zone == Zone::Prose {
            piece.cite(&[], self.deadline)?;
            piece.code = fences(&piece.text);
        }
        self.pieces.push(piece);
        Ok(())
    }

    fn part(&mut self, _path: &str, part: &mut Part) -> Result<()> {
        let zone = match part.kind {
            PartKind::Header | PartKind::Footer => Zone::Margin,
            PartKind::Property => Zone::Properties,
            _ => Zone::Prose,
        };
        let mut piece = Piece { text: std::mem::take(&mut part.text), zone: Some(zone), ..Piece::default() };
        if zone == Zone::Prose {
            piece.cite(&part.blocks, self.deadline)?;
        }
        for block in &part.blocks {
            let span = Span::new(block.start, block.end);
            match block.kind {
                // An e-mail or a log of a visit that somebody has set in a code font names people as prose does.
                BlockKind::Code if span.len() >= LONG_QUOTE && reads_as_prose(span.of(&piece.text)) => {}
                BlockKind::Code => piece.code.push(span),
                BlockKind::Table => piece.tables.push(span),
                _ => {
                    let runs = block.runs.iter().filter(|r| r.style.code);
                    piece.code.extend(runs.map(|r| Span::new(r.start, r.end)));
                }
            }
            // Properties have keys; who wrote a comment stands in a block of its own.
            if let Some(label) = &block.label
                && (part.kind == PartKind::Property || part.kind == PartKind::Comment && label == "author")
            {
                piece.fields.push((label.clone(), span));
            }
        }
        disjoint(&mut piece.code);
        disjoint(&mut piece.tables);
        self.pieces.push(piece);
        Ok(())
    }

    fn fixed(&mut self, _path: &str, text: &str) -> Result<Option<String>> {
        let zone = if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
            Zone::Identifier
        } else {
            Zone::Field
        };
        self.pieces.push(Piece { text: text.to_owned(), zone: Some(zone), ..Piece::default() });
        Ok(None)
    }
}

impl Piece {
    fn cite(&mut self, blocks: &[crate::document::Block], deadline: &Deadline) -> Result<()> {
        let found = citation::find(&self.text, blocks, deadline)?;
        self.citations = found.citations.len() + found.references.len();
        self.published = published::places(&self.text, &found.references);
        self.protected = found.protected;
        self.lists = found.lists;
        disjoint(&mut self.protected);
        disjoint(&mut self.lists);
        Ok(())
    }
}

/// Less text is too little to tell prose from code by, in bytes.
const LONG_QUOTE: usize = 120;

/// Fenced code in a text without blocks.
fn fences(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut open = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            match open.take() {
                None => open = Some(at),
                Some(start) => spans.push(Span::new(start, at + line.len())),
            }
        }
        at += line.len();
    }
    spans
}
