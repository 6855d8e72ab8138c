//! Attachments written anew on request: the file as it was handed in, without the student.

use std::collections::HashSet;

use base64::Engine as _;

use super::model::{Anonymized, Replacement, Rewritten};
use super::strays::{Identity, Strays};
#[cfg(feature = "pdf")]
use crate::document::PartKind;
use crate::document::{self, Block, Changes, Document, Format, Sweep, Warning};
use crate::text::Span;
use crate::{Deadline, Limits, Result};

/// A file as it came, and as it was read.
pub(super) struct Original {
    pub(super) bytes: Vec<u8>,
    pub(super) document: Document,
}

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Adds the rewritten files to `result`. What is written is read again: a file of which any line is not in the anonymized
/// document is withheld, with a warning in that document; so is a DOCX of which any other string names the student.
pub(super) fn add(
    originals: Vec<Original>,
    result: &mut Anonymized,
    identity: &Identity,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<()> {
    if originals.is_empty() {
        return Ok(());
    }
    let strays = Strays::new(identity)?;
    for original in originals {
        deadline.check()?;
        let replacements = &result.anonymization.replacements;
        let source = original.document.source.clone();
        let Some(after) = result.tma.content.documents.iter_mut().find(|d| d.source == source) else {
            continue;
        };
        let written = match original.document.format {
            Format::Docx => {
                docx(&original, replacements, after, &strays, limits, deadline)?.map(|b| (b, DOCX))
            }
            #[cfg(feature = "pdf")]
            Format::Pdf => pdf(&original, after, limits, deadline)?.map(|b| (b, PDF)),
            _ => None,
        };
        match written {
            Some((bytes, content_type)) => result.rewritten.push(Rewritten {
                source,
                filename: after.filename.clone(),
                content_type: content_type.to_owned(),
                data_base64: base64::engine::general_purpose::STANDARD.encode(bytes),
            }),
            None => after.warnings.push(Warning::new("not_rewritten", reason(original.document.format))),
        }
    }
    Ok(())
}

#[cfg(feature = "pdf")]
const PDF: &str = "application/pdf";

/// Why a file is withheld.
fn reason(format: Format) -> &'static str {
    if format == Format::Pdf {
        "The pages of a PDF are not written anew, only what stands beside them, and those of this one cannot be shown to name \
         nobody; only its text is returned."
    } else {
        "This file could not be written anew without a trace of the student; only its text is returned."
    }
}

/// A PDF of which no page held anything that was replaced, and of which every page could be read.
#[cfg(feature = "pdf")]
fn pdf(
    original: &Original,
    after: &Document,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Vec<u8>>> {
    if !original.document.warnings.is_empty() {
        return Ok(None);
    }
    let allowed: HashSet<String> = lines(after).collect();
    let may_stay = |text: &str| {
        text.split(['\n', '\r', '\t']).map(bare).all(|line| line.is_empty() || allowed.contains(&line))
    };
    let written = document::rewrite_pdf(&original.bytes, &may_stay, limits, deadline);
    let Ok(Some(bytes)) = written else {
        deadline.check()?;
        return Ok(None);
    };
    let Ok(again) = document::read_bytes(&bytes, None, None, &after.source, limits, deadline) else {
        deadline.check()?;
        return Ok(None);
    };
    let clean = lines(&again).all(|line| line.is_empty() || allowed.contains(&line));
    // Nothing of the pages was lost on the way.
    let whole = body(&again) == body(after);
    Ok((clean && whole).then_some(bytes))
}

/// The letters and digits of what stands on the pages.
#[cfg(feature = "pdf")]
fn body(document: &Document) -> String {
    let parts = document.parts.iter().filter(|part| part.kind == PartKind::Body);
    parts.map(|part| bare(&part.text)).collect()
}

fn docx(
    original: &Original,
    replacements: &[Replacement],
    after: &Document,
    strays: &Strays<'_>,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Vec<u8>>> {
    let sweep = |text: &str| {
        let found = strays.find(text).into_iter();
        found.map(|(span, label)| (span, format!("[{}]", label.placeholder()))).collect()
    };
    let changes = changes(&original.document, replacements, &sweep);
    let written = document::rewrite_docx(&original.bytes, &changes, limits, deadline);
    // A file that can be read but not written is no reason to fail: its text is there.
    let Ok(bytes) = written else {
        deadline.check()?;
        return Ok(None);
    };
    let Ok(again) = document::read_bytes(&bytes, None, None, &after.source, limits, deadline) else {
        deadline.check()?;
        return Ok(None);
    };
    let allowed: HashSet<String> =
        lines(after).chain(blocks(after)).chain(["Author", "aboutblank"].map(str::to_owned)).collect();
    if !lines(&again).all(|line| line.is_empty() || allowed.contains(&line)) {
        return Ok(None);
    }
    // Much of a file is text that no reader sees: charts, diagrams, names of pictures and styles.
    let mut may_stay = |text: &str| !names_student(text, &allowed, strays);
    let Ok(clean) = document::docx_strings(&bytes, limits, deadline, &mut may_stay) else {
        deadline.check()?;
        return Ok(None);
    };
    Ok(clean.then_some(bytes))
}

/// Whether a text names the student in a line that is not `allowed`: of those that are, some cite a namesake.
fn names_student(text: &str, allowed: &HashSet<String>, strays: &Strays<'_>) -> bool {
    let ends = ['\n', '\t'];
    // The lines that were last found to be allowed.
    let mut known = Span::new(0, 0);
    strays.find(text).into_iter().any(|(span, _)| {
        if known.start <= span.start && span.end <= known.end {
            return false;
        }
        let before = text.get(..span.start).unwrap_or_default();
        let after = text.get(span.end..).unwrap_or_default();
        let start = before.rfind(ends).map_or(0, |at| at + 1);
        let end = after.find(ends).map_or(text.len(), |at| span.end + at);
        known = Span::new(start, end);
        !known.of(text).split(ends).all(|line| allowed.contains(&bare(line)))
    }) && !allowed.contains(&bare(text))
}

/// The letters and digits of each line and cell of a document.
fn lines(document: &Document) -> impl Iterator<Item = String> + '_ {
    let lines = document.parts.iter().flat_map(|part| part.text.split(['\n', '\t']));
    lines.map(bare)
}

/// The same of each paragraph and cell, however many lines it has.
fn blocks(document: &Document) -> impl Iterator<Item = String> + '_ {
    document.parts.iter().flat_map(|part| {
        let cells =
            |block: &'_ Block| block.cells.iter().map(|cell| (cell.start, cell.end)).collect::<Vec<_>>();
        let spans = part.blocks.iter().flat_map(move |b| cells(b).into_iter().chain([(b.start, b.end)]));
        spans.map(|(start, end)| bare(part.text.get(start..end).unwrap_or_default()))
    })
}

fn bare(line: &str) -> String {
    line.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// All that was replaced in a document, line by line.
fn changes<'a>(document: &Document, replacements: &[Replacement], sweep: Sweep<'a>) -> Changes<'a> {
    let mut changes = Changes::new(sweep);
    for part in &document.parts {
        let path = format!("{}#{}", document.source, part.name);
        let mut edits: Vec<(Span, &str)> = replacements
            .iter()
            .filter(|r| r.part == path)
            .map(|r| (Span::new(r.start, r.end), r.placeholder.as_str()))
            .collect();
        edits.sort_unstable();
        let mut note = |unit: Span| {
            let from = edits.partition_point(|(span, _)| span.start < unit.start);
            let within: Vec<(Span, &str)> = edits
                .iter()
                .skip(from)
                .take_while(|(span, _)| span.start < unit.end)
                .filter(|(span, _)| span.end <= unit.end)
                .map(|(span, with)| (Span::new(span.start - unit.start, span.end - unit.start), *with))
                .collect();
            changes.line(part.text.get(unit.start..unit.end).unwrap_or_default(), &within);
        };
        for block in &part.blocks {
            note(Span::new(block.start, block.end));
            block.cells.iter().for_each(|cell| note(Span::new(cell.start, cell.end)));
            let mut at = block.start;
            for line in
                part.text.get(block.start..block.end).unwrap_or_default().split_inclusive(['\n', '\t'])
            {
                note(Span::new(at, at + line.len()));
                at += line.len();
            }
        }
    }
    changes
}
