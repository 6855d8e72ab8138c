//! Where an answer begins and ends: after its label and the restated question, before what only closes the TMA.

use std::sync::LazyLock;

use regex::Regex;

use super::asking::{
    asks, ends_with_marks, instructs, is_asked, is_quoted, leading_task, only_asks, quotes_and_asks,
};
use super::assemble::Whole;
use super::unit::Unit;
use crate::text::{Span, count_words, pattern};

/// An answer's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) answer: Span,
    pub(super) prompt: Option<Span>,
}

/// `Answer:` by itself or at the head of the answer.
static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^[*_\s]*(?:my\s+)?(?:answer|response|solution|ans)\s*(?:[:.–—-][*_]*\s*|[*_\s]*$)")
});

/// What stands after the last answer and belongs to none.
static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\W_]*(?:
          (?:total\s+|final\s+|overall\s+|combined\s+|my\s+|approx\w*\.?\s+|actual\s+)*word\s*-?\s*count\b | w/?c\s*[:=]?\s*\d | total\s*(?:(?:number\s+of\s+)?words?\b|[:=]\s*\d) | number\s+of\s+words\b | words?\s*[:=]\s*\d
        | (?:(?:question|task|part|section|activity|q)\ ?[0-9a-z().]{1,8}\ ?[:–-]\s*)?(?:approx\w*\.?\s+|about\s+|total\s+)?\d[\d,]*\s+words?(?:\s+(?:in\s+total|excluding|including|used|approx)\b.*)?\W*$
        | signed\b | signature\b | kind\s+regards\b | yours\s+(?:sincerely|faithfully)\b | end\s+of\s+(?:tma|assignment|question|answer|essay|part|document)\b | the\s+end\W*$
        | page\s+\d+(?:\s+of\s+\d+)?\W*$ | \d{1,3}\W*$ | i\s+(?:hereby\s+)?(?:declare|confirm|certify)\b | (?:student\s+)?declaration\b | date\s*:\s*\S | name\s*:\s*\S | pi\s*:\s*\S
        | personal\s+identifier\b | \[[A-Z_0-9]+\]\W*$ | please\s+turn\s+over\W*$ | continued?\b.{0,20}$ )",
    )
});

/// Finds the answer among `units[from..to]`; `after` is where what follows the label begins.
pub(super) fn bounds(
    whole: &Whole,
    units: &[Unit],
    from: usize,
    to: usize,
    after: usize,
    asked: &[String],
) -> Option<Bounds> {
    let mut pieces: Vec<Piece> = Vec::new();
    for unit in units.get(from..to)? {
        let start = unit.span.start.max(after.min(unit.span.end));
        let lead = Span::new(start, unit.span.end).of(&whole.text);
        let start = start + lead.len() - lead.trim_start().len();
        if start < unit.span.end {
            let labelled = unit.span.start < after;
            pieces.push(Piece { span: Span::new(start, unit.span.end), unit: *unit, labelled });
        }
    }
    let mut end = pieces.len();
    while end > 0 && pieces.get(end - 1).is_some_and(|p| p.closes(whole)) {
        end -= 1;
    }
    pieces.truncate(end);
    // What a label heads may begin with the question; a text of its own begins with itself.
    let headed = after > 0;
    let mut begin = 0;
    let mut prompt: Option<Span> = None;
    let mut ask = |span: Span| {
        prompt = Some(prompt.map_or(span, |p| Span::new(p.start, span.end)));
    };
    let last_text = pieces.iter().rposition(|p| p.has_text(whole))?;
    // `Answer:` says where the answer begins, if it comes soon.
    let marker = pieces.iter().take(12).position(|p| p.unit.first && ANSWER.is_match(p.span.of(&whole.text)));
    if let Some(at) = marker
        && let Some(piece) = pieces.get_mut(at)
        && let Some(found) = ANSWER.find(piece.span.of(&whole.text))
    {
        let (line, len) = (piece.span, found.end());
        piece.span.start = (line.start + len).min(line.end);
        let skipped = Span::new(pieces.first()?.span.start, line.start);
        if at > 0 && skipped.of(&whole.text).chars().any(char::is_alphanumeric) {
            let last = pieces.get(at - 1)?.span.end;
            ask(Span::new(skipped.start, last));
        }
        begin = at + usize::from(pieces.get(at)?.span.is_empty());
    }
    while begin < pieces.len() && begin < last_text {
        let piece = pieces.get(begin)?;
        let words = piece.span.of(&whole.text);
        if !words.chars().any(char::is_alphanumeric) {
            begin += 1;
            continue;
        }
        if piece.unit.is_heading() {
            if count_words(words) >= 5 || asks(words) || is_asked(words, asked) {
                ask(piece.span);
            }
            begin += 1;
            continue;
        }
        let Some(len) = prompt_lines(whole, &pieces, begin, headed, asked) else { break };
        let last = pieces.get(begin + len - 1)?.span.end;
        ask(Span::new(piece.span.start, last));
        begin += len;
    }
    let (first, last) = (pieces.get(begin)?, pieces.last()?);
    let mut answer = Span::new(first.span.start, last.span.end);
    if let Some(led) = led_by_prompt(whole, first) {
        ask(Span::new(answer.start, led));
        let rest = Span::new(led, answer.end).of(&whole.text);
        answer.start = led + rest.len() - rest.trim_start().len();
    }
    pieces.iter().skip(begin).any(|p| p.has_text(whole)).then_some(Bounds { answer, prompt })
}

/// A line of an answer, without its label.
struct Piece {
    span: Span,
    unit: Unit,
    /// It stands on the line of the label.
    labelled: bool,
}

impl Piece {
    fn has_text(&self, whole: &Whole) -> bool {
        !self.unit.is_heading() && self.span.of(&whole.text).chars().any(char::is_alphanumeric)
    }

    fn closes(&self, whole: &Whole) -> bool {
        let words = self.span.of(&whole.text);
        self.unit.is_heading()
            || !words.chars().any(char::is_alphanumeric)
            || self.unit.is_prose() && self.unit.words <= 40 && CLOSING.is_match(words)
    }
}

/// How many lines from `begin` on restate the question; none if none do.
fn prompt_lines(
    whole: &Whole,
    pieces: &[Piece],
    begin: usize,
    headed: bool,
    asked: &[String],
) -> Option<usize> {
    let first = pieces.get(begin)?;
    if !first.unit.is_prose() {
        return None;
    }
    let block = pieces.iter().skip(begin).take_while(|p| p.unit.block == first.unit.block).count();
    let span = |n: usize| pieces.get(begin + n - 1).map(|p| Span::new(first.span.start, p.span.end));
    let all = span(block)?;
    let text = all.of(&whole.text);
    let words = count_words(text);
    if words > 150 {
        return None;
    }
    let more = pieces.len() > begin + block;
    if more && is_asked(text, asked) {
        return Some(block);
    }
    let apart = pieces.iter().skip(begin).take(block).all(|p| p.unit.set_apart);
    if more && apart && (words >= 4 || asks(text)) {
        return Some(block);
    }
    if more && (text.ends_with('?') || ends_with_marks(text) || is_quoted(text)) && words <= 100 && asks(text)
    {
        return Some(block);
    }
    if more && ends_with_marks(text) && words <= 100 {
        return Some(block);
    }
    if more && words <= 100 && quotes_and_asks(text) {
        return Some(block);
    }
    let (before, after) = (pieces.get(..begin)?, pieces.get(begin + block..)?);
    if more && words <= 60 && (instructs(text) || headed && begins_with_task(whole, text, before, after)) {
        return Some(block);
    }
    // The question on a line, the answer on the next, no blank line between them.
    let line = first.span.of(&whole.text);
    if block > 1 && line.ends_with('?') && asks(line) && count_words(line) >= 4 {
        return Some(1);
    }
    let lines_apart = pieces.iter().skip(begin).take(block).take_while(|p| p.unit.set_apart).count();
    (block > lines_apart && lines_apart > 0 && words >= 4).then_some(lines_apart)
}

/// Whether `text`, the paragraph right under its label, only puts a task, and the next does not: a list of advice does.
fn begins_with_task(whole: &Whole, text: &str, before: &[Piece], after: &[Piece]) -> bool {
    let next = after.iter().find(|p| p.has_text(whole)).map(|p| p.span.of(&whole.text));
    before.iter().all(|p| p.unit.is_heading()) && only_asks(text) && !next.is_some_and(only_asks)
}

/// The end of a restated question that opens a paragraph and is followed by the answer there: in bold or italics, or on
/// the line of the label.
fn led_by_prompt(whole: &Whole, piece: &Piece) -> Option<usize> {
    if piece.unit.set_apart {
        return None;
    }
    let block = whole.blocks.get(piece.unit.block)?;
    let apart = block.runs.iter().find(|r| {
        r.start <= piece.span.start && r.end > piece.span.start && (r.style.bold || r.style.italic)
    });
    let words = piece.span.of(&whole.text);
    let len = match apart {
        Some(run) => {
            let text = Span::new(piece.span.start, run.end.min(piece.span.end)).of(&whole.text).trim_end();
            let ended = text.ends_with(['?', ':']) || text.ends_with('.') && asks(text);
            (ended && count_words(text) >= 4 && (text.ends_with('?') || asks(text))).then_some(text.len())?
        }
        None if piece.labelled => leading_task(words)?,
        None => return None,
    };
    Some(piece.span.start + len).filter(|end| piece.labelled || *end < piece.span.end)
}
