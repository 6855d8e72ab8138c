//! Names on cover sheets, in margins, signatures, file names and properties: where a TMA says whose it is.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::compiled;
use super::names::{Allow, Shape, name_at, skip_blanks, starts_upper, word_at};
use super::patterns::near;
use super::pieces::{Piece, Zone, touches};
use super::recognizer::{Mention, NameRecognizer, Role};
use super::{metadata, signature};
use crate::text::Span;

/// Reads what the TMA says of its author and tutor.
pub(super) struct Cover;

/// A label and its separator; the name follows.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?im)(?:^|[;,|\t•·(]|\s\s)[ \t\u{a0}\u{200b}>*_#-]*(?:",
        r"(?P<student>(?:student(?:['’]?s)?\s+(?:full\s+)?name|name\s+of\s+(?:the\s+)?(?:student|learner|candidate)|full\s+name|student|name|candidate(?:\s+name)?|learner(?:\s+name)?|",
        r"author|submitted\s+by|prepared\s+by|written\s+by|completed\s+by|presented\s+by|by|signed|signature|preferred\s+name|known\s+as))|",
        r"(?P<given>first\s+name|given\s+names?|forenames?|christian\s+name)|(?P<family>surname|last\s+name|family\s+name)|",
        r"(?P<other>(?:your\s+|my\s+)?tutor(?:['’]?s)?(?:\s+name)?|lecturer(?:\s+name)?|supervisor(?:\s+name)?|marker|assessor|mentor|line\s+manager|",
        r"module\s+leader|instructor|professor|(?:interviewer|interviewee|participant|respondent)(?:\s+name)?|next\s+of\s+kin|emergency\s+contact|employer|witness|group\s+members?|partner|referee|",
        r"child|key\s+(?:person|worker)|observer|observed\s+by|interviewed\s+by|(?:raised|reported|requested|opened|checked|reviewed|approved|recorded)\s+by|assigned\s+to|",
        r"service\s+user|client|patient|carer|attendees?|apologies|chair(?:ed\s+by)?|minutes\s+by))",
        r"[*_]*[ \t\u{a0}]*(?P<sep>[:=|\t]|\s[–—-]\s|[ \t]{3,}|:\s*\n|\n)[ \t\u{a0}|*_]*",
    ))
});

/// An identifier or an address: what a name on a cover stands beside.
static ANCHOR: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)\b[a-z]\d{6}[\dx]\b|[\w.+'-]+@[\w-]+\.[\w.-]+"));

/// The identifier alone: the strongest sign.
pub(super) static IDENTIFIER: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)\b[a-z]\d{6}[\dx]\b"));

/// How far into a text its cover reaches, in bytes.
const COVER: usize = 1500;

impl NameRecognizer for Cover {
    fn find(&self, piece: &Piece, index: usize, out: &mut Vec<Mention>) {
        let start = out.len();
        match piece.zone() {
            Zone::FileName => metadata::file_name(piece, index, out),
            Zone::Properties => metadata::properties(piece, index, out),
            Zone::Identifier => {}
            Zone::Prose | Zone::Margin | Zone::Field => {
                labelled(piece, index, out);
                beside_identifier(piece, index, out);
                metadata::properties(piece, index, out);
                if piece.zone() == Zone::Prose {
                    signature::find(piece, index, out);
                }
            }
        }
        // A cited author is nobody's cover sheet.
        let found = out.split_off(start);
        out.extend(found.into_iter().filter(|m| !touches(&piece.protected, m.span)));
    }
}

pub(super) fn mention(
    index: usize,
    shape: &Shape,
    who: Role,
    rule: &'static str,
    confidence: f64,
) -> Mention {
    Mention { piece: index, span: shape.span, role: who, rule, confidence }
}

fn labelled(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    let text = piece.text.as_str();
    let whole = if piece.zone() == Zone::Margin { text.len() } else { COVER };
    let mut from = 0;
    while let Some(found) = next_label(text, from, whole) {
        let Some(all) = found.get(0) else { break };
        // The next label may stand where this one's value would.
        from = all.end().max(from + 1);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let sep = found.name("sep").map_or("", |s| s.as_str());
        let cover = all.start() < COVER || piece.zone() == Zone::Margin;
        // A label on a line of its own, or columns of blanks, count on a cover only.
        if (sep.contains('\n') || sep.trim().is_empty() && sep != "\t") && !cover {
            continue;
        }
        let role = if found.name("other").is_some() { Role::Other } else { Role::Student };
        let allow = Allow { lower: cover && sep.contains([':', '\t', '|']), comma: true };
        let Some(shape) = name_at(text, all.end(), allow) else { continue };
        if touches(&piece.code, shape.span) && !cover {
            continue;
        }
        // In lower case only what fills its line is a name.
        let first = shape.words.first().map_or("", |w| w.of(text));
        if !starts_upper(first) && !first.contains('-') {
            let rest = rest_of_line(text, shape.span.end);
            if shape.words.len() > 3
                || !rest.trim().is_empty() && !rest.trim_start().starts_with([';', ',', '|'])
            {
                continue;
            }
        }
        let label = all.as_str().trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
        if matches!(label.as_str(), "by" | "partner" | "student" | "author" | "employer")
            && shape.words.len() < 2
            && !cover
        {
            continue;
        }
        out.push(mention(index, &shape, role, "cover.labelled", 0.95));
        from = from.max(shape.span.end);
    }
}

/// The first label of `text` from byte `from` on. Behind byte `whole` only lines are looked through that hold what parts a label from a name.
fn next_label(text: &str, from: usize, whole: usize) -> Option<Captures<'_>> {
    let mut at = from;
    while at < text.len() {
        let least = text.floor_char_boundary(at.max(whole.min(text.len())));
        let rest = text.as_bytes().get(least..)?;
        let end = memchr::memchr(b'\n', rest).map_or(text.len(), |i| least + i + 1);
        if at < whole || text.get(at..end).is_some_and(has_separator) {
            let found = LABELLED.captures_at(text.get(..end)?, at);
            if found.is_some() {
                return found;
            }
        }
        at = end;
    }
    None
}

fn has_separator(line: &str) -> bool {
    let bytes = line.as_bytes();
    memchr::memchr3(b':', b'=', b'|', bytes).is_some()
        || memchr::memchr(b'\t', bytes).is_some()
        || [" - ", "–", "—"].iter().any(|dash| memchr::memmem::find(bytes, dash.as_bytes()).is_some())
}

/// Lines that hold a name and an identifier, or next to a line that does.
fn beside_identifier(piece: &Piece, index: usize, out: &mut Vec<Mention>) {
    let text = piece.text.as_str();
    let (identifier, anchor) = (&*IDENTIFIER, &*ANCHOR);
    for found in near::matches(identifier, text, &near::digits(text)) {
        let line = super::context::line_around(text, found);
        let before = text.get(line.start..found.start).unwrap_or_default();
        if before.len() <= 120 {
            if let Some(shape) = name_ending(text, line.start, found.start) {
                out.push(mention(index, &shape, Role::Student, "cover.beside_identifier", 0.95));
                continue;
            }
            // On the line before: a name and nothing else.
            if before.trim().is_empty()
                && let Some(shape) = line_before(text, line.start)
            {
                out.push(mention(index, &shape, Role::Student, "cover.above_identifier", 0.9));
                continue;
            }
        }
        // `A1234567 Kofi Mensah`, `A1234567_Mensah_TM112.docx`.
        let after = text.get(found.end..line.end).unwrap_or_default();
        let gap =
            after.len() - after.trim_start_matches([' ', ',', '-', '–', '_', '\t', '|', ')', ':']).len();
        if gap > 0
            && gap <= 4
            && let Some(shape) = name_at(text, found.end + gap, Allow { lower: false, comma: true })
        {
            out.push(mention(index, &shape, Role::Student, "cover.beside_identifier", 0.9));
        }
    }
    if piece.zone() == Zone::Field {
        return;
    }
    // The first lines: a name alone, beside an address or the name of the assignment.
    let mut head = COVER.min(text.len());
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    let head = text.get(..head).unwrap_or_default();
    let mut at = 0;
    let mut lines = Vec::new();
    for line in head.split_inclusive('\n') {
        if !line.trim().is_empty() && lines.len() < 8 {
            lines.push((at, line));
        }
        at += line.len();
    }
    for (i, (at, line)) in lines.iter().enumerate() {
        let beside =
            |i: Option<usize>| i.and_then(|i| lines.get(i)).is_some_and(|(_, line)| anchor.is_match(line));
        if let Some(shape) = name_at(text, skip_blanks(text, *at), Allow { lower: false, comma: true })
            && text.get(shape.span.end..at + line.len()).is_some_and(|rest| rest.trim().is_empty())
            && shape.words.len() <= 4
            && (beside(Some(i + 1)) || beside(i.checked_sub(1)) && shape.words.len() > 1)
        {
            out.push(mention(index, &shape, Role::Student, "cover.line", 0.85));
        }
    }
}

/// The name that ends right before `end` on a line that starts at `start` (blanks and brackets between).
fn name_ending(text: &str, start: usize, end: usize) -> Option<Shape> {
    let head = text.get(start..end)?;
    let trimmed = head.trim_end_matches([' ', '\t', '(', '[', ',', '-', '–', '|', ':', '\u{a0}']);
    let end_at = start + trimmed.len();
    if end_at == end && !head.ends_with('(') && end > start {
        return None;
    }
    // The earliest start from which a name reaches to the end.
    let mut at = start;
    let mut tries = 0;
    while at < end_at && tries < 16 {
        tries += 1;
        if let Some(shape) = name_at(text, at, Allow { lower: false, comma: true })
            && shape.span.end == end_at
            && shape.words.len() <= 5
        {
            return Some(shape);
        }
        let step = word_at(text, at).map_or(at + 1, |w| w.end);
        at = text.get(step..end_at).and_then(|r| r.find(char::is_alphabetic)).map_or(end_at, |i| step + i);
        // Not from inside a word such as `TM112`.
        while at < end_at
            && text.get(..at).and_then(|t| t.chars().next_back()).is_some_and(char::is_alphanumeric)
        {
            let step = word_at(text, at).map_or(at + 1, |w| w.end);
            at =
                text.get(step..end_at).and_then(|r| r.find(char::is_alphabetic)).map_or(end_at, |i| step + i);
        }
    }
    None
}

/// The rest of the line from `at`, as far as a cover line is long.
pub(super) fn rest_of_line(text: &str, at: usize) -> &str {
    let line = super::context::row_around(text, Span::new(at, at));
    text.get(at..line.end).unwrap_or_default()
}

fn line_before(text: &str, line_start: usize) -> Option<Shape> {
    let head = text.get(..line_start)?.trim_end();
    let start = head.rfind('\n').map_or(0, |i| i + 1);
    let line = head.get(start..)?;
    let from = start + line.len() - line.trim_start().len();
    let shape = name_at(text, from, Allow { lower: false, comma: true })?;
    (shape.span.end == head.len() && shape.words.len() <= 5).then_some(shape)
}
