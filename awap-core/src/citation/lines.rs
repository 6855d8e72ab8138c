//! The lines of a text with what its blocks, or its blank lines, say of them.

use crate::document::{Block, BlockKind};
use crate::text::Span;

/// A line that is not blank.
#[allow(clippy::struct_excessive_bools)] // facts independent of each other
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Without outer white space.
    pub(super) span: Span,
    /// Columns of white space before it.
    pub(super) indent: usize,
    /// It begins a paragraph.
    pub(super) first: bool,
    /// It is of a heading.
    pub(super) heading: bool,
    /// All of its paragraph is bold.
    pub(super) bold: bool,
    /// It is of a code block, a note or a property: never of a reference list.
    pub(super) aside: bool,
    /// The number that the word processor draws before its paragraph.
    pub(super) number: Option<u32>,
    /// The word processor draws a letter before its paragraph, or a word with a number: `(b)`, `Question 2`.
    pub(super) part: bool,
    /// The first line of another part of the document.
    pub(super) part_start: bool,
}

/// The lines of `text`, part by part. Blocks are in order; a part without blocks is read by its blank lines.
pub(super) fn lines(text: &str, blocks: &[Block], parts: &[Span]) -> Vec<Line> {
    let mut out = Vec::new();
    let mut next = 0;
    for part in parts {
        let from = out.len();
        while blocks.get(next).is_some_and(|b| b.start < part.start) {
            next += 1;
        }
        let mut any = false;
        while let Some(block) = blocks.get(next).filter(|b| b.end <= part.end && b.start >= part.start) {
            any = true;
            block_lines(text, block, &mut out);
            next += 1;
        }
        if !any {
            plain_lines(text, *part, &mut out);
        }
        if let Some(line) = out.get_mut(from) {
            line.part_start = true;
        }
    }
    out
}

fn block_lines(text: &str, block: &Block, out: &mut Vec<Line>) {
    let span = Span::new(block.start, block.end);
    let bold = !block.runs.is_empty() && {
        let covered: usize =
            block.runs.iter().filter(|r| r.style.bold).map(|r| r.end.saturating_sub(r.start)).sum();
        covered * 10 >= span.len() * 9
    };
    let label = block.label.as_deref();
    let number = label.and_then(list_number);
    let part = number.is_none() && label.is_some_and(|l| l.len() > 1 && l.chars().any(char::is_alphabetic));
    let heading = matches!(block.kind, BlockKind::Heading | BlockKind::Title);
    let aside = matches!(
        block.kind,
        BlockKind::Code
            | BlockKind::Footnote
            | BlockKind::Comment
            | BlockKind::Property
            | BlockKind::Equation
    );
    let mut first = true;
    each_line(text, span, |span, indent, _| {
        let row = block.kind == BlockKind::Table;
        let number = number.filter(|_| first);
        out.push(Line {
            span,
            indent,
            first: first || row,
            heading,
            bold,
            aside,
            number,
            part: part && first,
            part_start: false,
        });
        first = false;
    });
}

fn plain_lines(text: &str, part: Span, out: &mut Vec<Line>) {
    let from = out.len();
    let mut fence = false;
    each_line(text, part, |span, indent, blank_before| {
        let line = span.of(text);
        let mark = line.starts_with("```") || line.starts_with("~~~");
        let heading = !fence && line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
        let bold = line.len() > 4 && line.starts_with("**") && line.ends_with("**");
        let first = blank_before || out.len() == from || heading;
        out.push(Line {
            span,
            indent,
            first,
            heading,
            bold,
            aside: fence || mark,
            number: None,
            part: false,
            part_start: false,
        });
        fence ^= mark;
    });
}

/// Calls `visit` with each line that is not blank: its span, indent, and whether a blank line stands before it.
fn each_line(text: &str, span: Span, mut visit: impl FnMut(Span, usize, bool)) {
    let mut at = span.start;
    let mut blank = false;
    for line in span.of(text).split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            blank = true;
        } else {
            let indent = line.len() - line.trim_start().len();
            let start = at + indent;
            visit(Span::new(start, start + trimmed.len()), indent, blank);
            blank = false;
        }
        at += line.len();
    }
}

/// `3` of `3.`, `[3]`, `(3)`; nothing of `(a)` or `Question 3`.
fn list_number(label: &str) -> Option<u32> {
    label.trim_matches(|c: char| !c.is_alphanumeric()).parse().ok()
}
