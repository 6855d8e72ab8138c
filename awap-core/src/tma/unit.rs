//! Units: the lines of the bodies, with what their blocks say of them.

use super::assemble::Whole;
use crate::document::{Block, BlockKind, PartKind};
use crate::text::{Span, count_words};

/// A line of a body (for most formats, a paragraph; in a table that holds answers, a line of a cell).
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// Without outer white space.
    pub(super) span: Span,
    /// Index of its block in the whole.
    pub(super) block: usize,
    /// Index of its part.
    pub(super) part: usize,
    /// The first line of its block or cell.
    pub(super) first: bool,
    /// What its block is; a line of a cell is a paragraph.
    pub(super) kind: BlockKind,
    /// All of it is bold, or all of it italic, as a restated question is.
    pub(super) set_apart: bool,
    pub(super) words: usize,
}

impl Unit {
    /// Whether it is running text.
    pub(super) fn is_prose(&self) -> bool {
        is_prose(self.kind)
    }

    pub(super) fn is_heading(&self) -> bool {
        matches!(self.kind, BlockKind::Heading | BlockKind::Title)
    }
}

/// Whether blocks of this kind are running text.
pub(super) fn is_prose(kind: BlockKind) -> bool {
    matches!(kind, BlockKind::Paragraph | BlockKind::ListItem | BlockKind::Quote)
}

/// The lines of all bodies, in order. A table is one unit, but for one in which answers stand beside their labels.
pub(super) fn units(whole: &Whole, holds_answers: impl Fn(&Block) -> bool) -> Vec<Unit> {
    let mut out = Vec::new();
    for (index, block) in whole.blocks.iter().enumerate() {
        let part = whole.part_of.get(index).copied().unwrap_or_default();
        if whole.parts.get(part).is_none_or(|p| p.kind != PartKind::Body) {
            continue;
        }
        let span = Span::new(block.start, block.end);
        let mut push = |span: Span, first: bool, kind: BlockKind| {
            out.push(Unit {
                span,
                block: index,
                part,
                first,
                kind,
                set_apart: set_apart(block, span) || marked_apart(span.of(&whole.text)),
                words: count_words(span.of(&whole.text)),
            });
        };
        match block.kind {
            BlockKind::Table if holds_answers(block) => {
                for cell in &block.cells {
                    let mut first = true;
                    lines(&whole.text, Span::new(cell.start, cell.end), |span| {
                        push(span, first, BlockKind::Paragraph);
                        first = false;
                    });
                }
            }
            BlockKind::Table
            | BlockKind::Code
            | BlockKind::Figure
            | BlockKind::Equation
            | BlockKind::Caption => {
                push(span, true, block.kind);
            }
            // A number that stands alone, its paragraph empty.
            _ if span.of(&whole.text).trim().is_empty() && block.label.is_some() => {
                push(Span::new(span.start, span.start), true, block.kind);
            }
            _ => {
                let mut first = true;
                lines(&whole.text, span, |span| {
                    push(span, first, block.kind);
                    first = false;
                });
            }
        }
    }
    out
}

fn lines(text: &str, span: Span, mut visit: impl FnMut(Span)) {
    let mut at = span.start;
    for line in span.of(text).split_inclusive('\n') {
        let trimmed = line.trim();
        if !trimmed.is_empty() {
            let start = at + line.len() - line.trim_start().len();
            visit(Span::new(start, start + trimmed.len()));
        }
        at += line.len();
    }
}

/// Whether bold, or italics, cover the span but for a few bytes (a label, a full stop).
fn set_apart(block: &Block, span: Span) -> bool {
    let mut bold = 0;
    let mut italic = 0;
    // Runs are in order: those of the line are found without walking all.
    let from = block.runs.partition_point(|r| r.end <= span.start);
    for run in block.runs.iter().skip(from).take_while(|r| r.start < span.end) {
        let len = run.end.min(span.end).saturating_sub(run.start.max(span.start));
        bold += if run.style.bold { len } else { 0 };
        italic += if run.style.italic { len } else { 0 };
    }
    let most = span.len() * 8 / 10;
    !span.is_empty() && (bold > most || italic > most)
}

/// Whether Markdown's marks, typed into a plain text, set all of a line apart.
fn marked_apart(line: &str) -> bool {
    ["**", "__", "*", "_"].iter().any(|mark| {
        line.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).is_some_and(|inner| {
            !inner.is_empty() && !inner.starts_with(['*', '_', ' ']) && !inner.contains(mark)
        })
    })
}
