//! How much there is of what.

use super::assemble::Whole;
use super::unit::is_prose;
use super::{Counts, ParsedBlock};
use crate::document::{Block, BlockKind, PartKind};
use crate::text::{Span, count_words, sentences};

/// Counts over the whole. `holes` are stretches inside prose that do not count (labels, prompts, closing lines), in
/// order.
pub(super) fn counts(whole: &Whole, parsed: &[ParsedBlock], holes: &[Span]) -> Counts {
    let mut out = Counts::default();
    let mut next_hole = 0;
    for (block, parsed) in whole.blocks.iter().zip(parsed) {
        while holes.get(next_hole).is_some_and(|h| h.end <= block.start) {
            next_hole += 1;
        }
        let body = parsed.part == PartKind::Body;
        // As Word does unless told otherwise: text boxes and notes too, and not what stands on every page or in its margin.
        if body || matches!(parsed.part, PartKind::TextBox | PartKind::Footnote | PartKind::Endnote) {
            let span = Span::new(block.start, block.end);
            out.words += count_words(span.of(&whole.text)) as u32;
        }
        match block.kind {
            BlockKind::Table if body => out.tables += 1,
            BlockKind::Code if body => out.code_blocks += 1,
            BlockKind::Figure => out.images += 1,
            BlockKind::Equation => out.equations += 1,
            _ => {}
        }
        if matches!(parsed.part, PartKind::Footnote | PartKind::Endnote) {
            out.footnotes += 1;
        }
        out.equations += block.runs.iter().filter(|r| r.style.equation).count() as u32;
        let counted = body
            && !matches!(parsed.role.as_deref(), Some("cover" | "prompt" | "reference_list" | "appendix"));
        if !counted {
            continue;
        }
        let pieces = || pieces(block, holes.get(next_hole..).unwrap_or_default()).into_iter();
        let counted = || pieces().map(|p| count_words(p.of(&whole.text))).sum::<usize>() as u32;
        if is_prose(block.kind) {
            let words = counted();
            out.words_counted += words;
            out.sentences += pieces().map(|p| sentences(p.of(&whole.text)).len()).sum::<usize>() as u32;
            out.paragraphs += u32::from(words > 0);
        } else if block.kind == BlockKind::Heading {
            // A limit counts the headings inside an answer, not the labels of the questions.
            out.words_counted += counted();
        }
    }
    out
}

/// What is left of a block without the holes.
fn pieces(block: &Block, holes: &[Span]) -> Vec<Span> {
    let mut out = Vec::new();
    let mut at = block.start;
    for hole in holes.iter().take_while(|h| h.start < block.end) {
        if hole.start > at {
            out.push(Span::new(at, hole.start));
        }
        at = at.max(hole.end);
    }
    if at < block.end {
        out.push(Span::new(at, block.end));
    }
    out
}
