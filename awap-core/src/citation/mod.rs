//! Citations in the text and entries of the reference list: where they stand and what they say.
//!
//! Found before names are looked for (they protect the spans in which cited authors are named, never the strings), and
//! again for the structure of the parsed TMA. The reference lists come first: what they name decides what a doubtful
//! bracket in the text is.

mod authors;
mod entry;
mod in_text;
mod index;
mod lexicon;
mod lines;
mod list;
mod model;
mod names;
mod notes;
mod numbered;
mod year;

pub(crate) use self::authors::is_module_code;
pub use model::{Citation, CitationKind, Citations, Reference};

use std::ops::Range;

use self::index::Index;
use crate::document::{Block, BlockKind, Run};
use crate::text::Span;
use crate::{Deadline, Result};

/// Finds all citations and references in one text. `blocks` may be empty: then lines and blank lines give structure.
///
/// Linear in the length of `text`.
pub fn find(text: &str, blocks: &[Block], deadline: &Deadline) -> Result<Citations> {
    find_in_parts(text, blocks, &[Span::new(0, text.len())], deadline)
}

/// The same for a text made of several parts, which a reference list does not cross; links go across all of them.
/// `blocks` and `parts` are in the order of the text.
pub(crate) fn find_in_parts(
    text: &str,
    blocks: &[Block],
    parts: &[Span],
    deadline: &Deadline,
) -> Result<Citations> {
    deadline.check()?;
    let lines = lines::lines(text, blocks, parts);
    let found = list::find(text, &lines);
    deadline.check()?;
    let mut out = Citations { lists: found.lists, ..Citations::default() };
    let mut numbers = Vec::new();
    for raw in &found.entries {
        let entry = entry::read(text, *raw, runs_at(blocks, raw.span));
        if let Some(number) = raw.number {
            numbers.push((number, out.references.len()));
        }
        out.protected.extend(entry.protected);
        out.references.push(entry.reference);
    }
    let mut index = Index::new(&out.references);
    deadline.check()?;

    let italic = |span: Span| {
        runs_at(blocks, span).iter().any(|r| r.style.italic && r.start <= span.start && span.end <= r.end)
    };
    let mut numbered = Vec::new();
    let mut in_text = Vec::new();
    let mut list = usize::MAX;
    for range in outside(text, blocks, parts, &out.lists) {
        // The list below a text is its own, where each question has one.
        let below = out.lists.partition_point(|l| l.start < range.end);
        if below != list {
            list = below;
            let own = references_of(&out, below);
            if !numbers.is_empty() && (numbered.is_empty() || out.lists.len() <= MANY_LISTS) {
                numbered = sorted(&numbers, &own);
            }
            index.prefer(own);
        }
        in_text::find(text, range, &index, &italic, &mut in_text);
        if !numbers.is_empty() {
            numbered::find(text, range, &numbered, &mut out.citations);
        }
        deadline.check()?;
    }
    for found in in_text {
        // Its parties are left alone, too.
        out.protected.extend(found.protected);
        let mut citation = found.citation;
        if citation.reference.is_none() && is_case(text, &citation) {
            continue;
        }
        citation.authors.retain(|a| !a.is_empty());
        out.citations.push(citation);
    }
    out.citations.sort_by_key(|c| (c.start, c.end, c.reference));
    for citation in &out.citations {
        if let Some(reference) = citation.reference.and_then(|i| out.references.get_mut(i)) {
            reference.cited = true;
        }
    }
    merge(&mut out.protected);
    Ok(out)
}

/// Whether what looks like a citation is the name of a case (`Hall v Frost [1962]`), which is no work of an author.
fn is_case(text: &str, citation: &Citation) -> bool {
    let before = text.get(..citation.start).unwrap_or_default();
    let within = || citation.text.split_whitespace().any(|word| matches!(word, "v" | "v."));
    [" v ", " v. "].iter().any(|versus| before.ends_with(versus)) || within()
}

/// More lists than a TMA has questions: their numbers are not sorted anew for each.
const MANY_LISTS: usize = 64;

/// The references of a list; of the last where there are none so late.
fn references_of(found: &Citations, list: usize) -> Range<usize> {
    let Some(list) = found.lists.get(list).or(found.lists.last()) else { return 0..0 };
    let before = |at: usize| found.references.partition_point(|r| r.start < at);
    before(list.start)..before(list.end)
}

/// Numbers in order, one of each: that of the text's own list, or the first.
fn sorted(numbers: &[(u32, usize)], own: &Range<usize>) -> Vec<(u32, usize)> {
    let mut out = numbers.to_vec();
    out.sort_unstable_by_key(|(number, i)| (*number, !own.contains(i), *i));
    out.dedup_by_key(|(number, _)| *number);
    out
}

/// The runs of the block in which `span` begins.
fn runs_at(blocks: &[Block], span: Span) -> &[Run] {
    let after = blocks.partition_point(|b| b.start <= span.start);
    after
        .checked_sub(1)
        .and_then(|i| blocks.get(i))
        .filter(|b| span.start < b.end)
        .map_or(&[], |b| b.runs.as_slice())
}

/// The stretches of text in which citations can stand: not in code, not in a reference list, none across parts.
fn outside(text: &str, blocks: &[Block], parts: &[Span], lists: &[Span]) -> Vec<Span> {
    let code = blocks.iter().filter(|b| b.kind == BlockKind::Code).map(|b| Span::new(b.start, b.end));
    let mut holes: Vec<Span> = lists.iter().copied().chain(code).collect();
    holes.sort_unstable();
    let mut out = Vec::new();
    let mut hole = holes.iter().peekable();
    for part in parts {
        let mut at = part.start;
        while let Some(next) = hole.next_if(|h| h.start < part.end) {
            if next.start > at {
                out.push(Span::new(at, next.start));
            }
            at = at.max(next.end);
        }
        if at < part.end.min(text.len()) {
            out.push(Span::new(at, part.end));
        }
    }
    out
}

/// Sorts spans and joins those that touch or overlap.
fn merge(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..).filter(|s| !s.is_empty()) {
        match out.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    *spans = out;
}

#[cfg(test)]
mod tests;
