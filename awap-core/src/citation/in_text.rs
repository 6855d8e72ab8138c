//! Author–year citations in running text: in brackets, and in the sentence with the year in brackets.

use std::sync::LazyLock;

use regex::Regex;

use super::authors::{narrative, parenthetical};
use super::index::Index;
use super::names::Name;
use super::notes;
use super::year::{self, Year};
use super::{Citation, CitationKind};
use crate::text::{Span, pattern};

/// A citation and where it names people.
pub(super) struct Found {
    pub(super) citation: Citation,
    pub(super) protected: Vec<Span>,
}

/// A bracket this long is no citation.
const BRACKET_BYTES: usize = 700;

/// Finds the citations between brackets that close within `text[range]`. `italic` says whether a span is in italics.
pub(super) fn find(
    text: &str,
    range: Span,
    index: &Index,
    italic: &dyn Fn(Span) -> bool,
    out: &mut Vec<Found>,
) {
    let bytes = text.as_bytes();
    let mut open: Vec<usize> = Vec::new();
    let mut last_end = range.start;
    let within = bytes.get(range.start..range.end.min(bytes.len())).unwrap_or_default();
    for (at, byte) in within.iter().enumerate().filter(|(_, b)| IS_MARK[usize::from(**b)]) {
        let at = range.start + at;
        match byte {
            b'(' | b'[' => {
                if open.len() < 8 {
                    open.push(at);
                } else {
                    open.clear();
                }
            }
            b'\n' if bytes.get(at + 1) == Some(&b'\n') => open.clear(),
            b')' | b']' => {
                let Some(start) = open.pop() else { continue };
                let group = Span::new(start, at + 1);
                // The outermost bracket decides; an inner one is looked at only if that is too long or stays open.
                // `(as Smith (2019) says)`: a year leads the inner one, which then stands for itself.
                let own = bytes.get(start) == Some(&b'(')
                    && bytes.get(start + 1..start + 5).is_some_and(|y| y.iter().all(u8::is_ascii_digit));
                let has_outer = !own
                    && open.last().is_some_and(|o| at - o < BRACKET_BYTES)
                    && closes_soon(bytes, at, range.end);
                if has_outer || start < last_end {
                    continue;
                }
                if group.len() > BRACKET_BYTES || !year::may_hold_year(group.of(text)) {
                    continue;
                }
                let before = out.len();
                let floor = last_end.max(range.start).max(open.last().map_or(0, |o| o + 1));
                bracket(&Bracket { text, group, floor, index, italic }, out);
                if out.len() > before {
                    last_end = group.end;
                }
            }
            b'1' | b'2' if open.is_empty() && !index.is_empty() && stands_alone(bytes, at) => {
                let group = Span::new(at, at + 4);
                if let Some(found) = unbracketed(&Bracket { text, group, floor: last_end, index, italic }) {
                    last_end = found.citation.end;
                    out.push(found);
                }
            }
            _ => {}
        }
    }
}

/// Brackets, the ends of lines, and what years begin with.
static IS_MARK: [bool; 256] = {
    let mut marks = [false; 256];
    let mut i = 0;
    while i < 256 {
        marks[i] = matches!(i as u8, b'(' | b'[' | b')' | b']' | b'\n' | b'1' | b'2');
        i += 1;
    }
    marks
};

/// Whether four digits, and no more, begin at `at`.
fn stands_alone(bytes: &[u8], at: usize) -> bool {
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    digits(at..at + 4)
        && bytes.get(at + 4).is_none_or(|b| !b.is_ascii_digit())
        && at.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_whitespace)
}

/// `as Smith, 2019 says`: without a bracket only where the list has just this author and year.
fn unbracketed(b: &Bracket<'_>) -> Option<Found> {
    let year = year::next_year(b.text.get(b.group.start..)?.get(..5).or(b.text.get(b.group.start..))?, 0)?;
    let year = Year { span: Span::new(b.group.start, b.group.start + year.span.end), ..year };
    let (names, start, _) = narrative(b, &year)?;
    let gap = Span::new(names.last()?.span.end, b.group.start).of(b.text);
    let close = gap.chars().all(|c| c.is_whitespace() || matches!(c, ',' | '\'' | '’' | 's'));
    b.index.find(&strings(&names), &year.text).filter(|_| close && !year.range)?;
    let item = Item { phrase: Span::new(start, b.group.start), page: None, end: year.span.end, year };
    Some(make(b, &names, &item, Span::new(start, item.end), CitationKind::Narrative))
}

/// Whether another bracket closes soon after `at`, before one opens anew or the paragraph ends.
fn closes_soon(bytes: &[u8], at: usize, end: usize) -> bool {
    let mut depth = 0;
    for i in at + 1..end.min(at + BRACKET_BYTES).min(bytes.len()) {
        match bytes.get(i) {
            Some(b')' | b']') if depth == 0 => return true,
            Some(b')' | b']') => depth -= 1,
            Some(b'(' | b'[') => depth += 1,
            Some(b'\n') if bytes.get(i + 1) == Some(&b'\n') => return false,
            _ => {}
        }
    }
    false
}

/// One bracket and what is known around it.
pub(super) struct Bracket<'a> {
    pub(super) text: &'a str,
    pub(super) group: Span,
    /// Nothing before this belongs to it.
    pub(super) floor: usize,
    pub(super) index: &'a Index,
    pub(super) italic: &'a dyn Fn(Span) -> bool,
}

/// A year inside a bracket with the phrase before it.
pub(super) struct Item {
    pub(super) phrase: Span,
    pub(super) year: Year,
    page: Option<Span>,
    /// Where year and page end.
    end: usize,
}

fn bracket(b: &Bracket<'_>, out: &mut Vec<Found>) {
    let items = items(b.text, b.group);
    let Some(first) = items.first() else { return };
    let inner_start = b.group.start + 1;
    if notes::is_imprint(b) {
        out.extend(noted(b, first, false));
        return;
    }
    let leads_with_year = only_lead(Span::new(inner_start, first.year.span.start).of(b.text));
    let mut found: Vec<(Found, bool)> = Vec::new();
    let mut authors: Option<Vec<Name>> = None;
    for (i, item) in items.iter().enumerate() {
        if !year_stands_alone(b.text, item, b.group) {
            authors = None;
            continue;
        }
        if i == 0 && leads_with_year {
            let Some((names, start, confident)) = narrative(b, &item.year) else {
                out.extend(noted(b, item, true));
                return;
            };
            if item.year.range && b.index.find(&strings(&names), &item.year.text).is_none() {
                return;
            }
            let end = if items.len() == 1 { b.group.end } else { item.end };
            if !confident && b.index.find(&strings(&names), &item.year.text).is_none() {
                return;
            }
            found.push((make(b, &names, item, Span::new(start, end), CitationKind::Narrative), false));
            authors = Some(names);
            continue;
        }
        let phrase = item.phrase.of(b.text);
        if only_separators(phrase) {
            // `Smith, 2019a, 2019b`
            if let Some(names) = &authors {
                let span = Span::new(item.year.span.start, item.end);
                let mut more = make(b, names, item, span, CitationKind::Parenthetical);
                more.protected.clear();
                found.push((more, false));
            }
            continue;
        }
        let Some((names, start)) = parenthetical(b, item) else {
            authors = None;
            continue;
        };
        found.push((make(b, &names, item, Span::new(start, item.end), CitationKind::Parenthetical), true));
        authors = Some(names);
    }
    // One citation alone in its bracket is written with the bracket.
    if let [(only, true)] = found.as_mut_slice()
        && items.len() == 1
    {
        only.citation.start = b.group.start;
        only.citation.end = b.group.end;
        b.group.of(b.text).clone_into(&mut only.citation.text);
    }
    out.extend(found.into_iter().map(|(f, _)| f));
}

/// The work that is cited in full up to the bracket.
fn noted(b: &Bracket<'_>, item: &Item, is_article: bool) -> Option<Found> {
    let (names, start) = notes::authors(b, is_article)?;
    let mut found = make(b, &names, item, Span::new(start, b.group.end), CitationKind::Parenthetical);
    // The title line of a TMA may look the same: who wrote it is not to be kept for that.
    found.protected.clear();
    Some(found)
}

fn make(b: &Bracket<'_>, names: &[Name], item: &Item, span: Span, kind: CitationKind) -> Found {
    let authors = strings(names);
    Found {
        citation: Citation {
            text: span.of(b.text).to_owned(),
            start: span.start,
            end: span.end,
            reference: b.index.find(&authors, &item.year.text),
            authors,
            year: Some(item.year.text.clone()),
            page: item.page.map(|p| p.of(b.text).to_owned()),
            kind,
            secondary: is_cited_through(b.text.get(item.end..).unwrap_or_default()),
        },
        protected: names.iter().map(|n| n.span).collect(),
    }
}

/// Whether what follows a citation names the work in which it was read: `, cited in Jones, 2019`.
fn is_cited_through(after: &str) -> bool {
    static THROUGH: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^[\s,;)\]]{0,4}[(\[]?\s*(?i:(?:as\s+)?(?:cited|quoted|referenced)|(?:as\s+)(?:mentioned|reported|discussed|referred\s+to))\s+(?i:in|by)\s+[\p{Lu}‘“]",
        )
    });
    THROUGH.is_match(after)
}

pub(super) fn strings(names: &[Name]) -> Vec<String> {
    names.iter().map(|n| n.name.clone()).collect()
}

/// The years of a bracket in order, each with the phrase since the last one.
fn items(text: &str, group: Span) -> Vec<Item> {
    let mut out = Vec::new();
    let inner = Span::new(group.start + 1, group.end - 1);
    let content = inner.of(text);
    let mut at = 0;
    while let Some(year) = year::next_year(content, at) {
        let phrase = Span::new(inner.start + at, inner.start + year.span.start);
        let mut end = year.span.end;
        // `(1867 [1990])`, `(1959/1990)`, `(2020 [2015])`: the second year is of another edition.
        for (open, close) in [("/", ""), (" [", "]"), ("[", "]")] {
            let Some(rest) = content.get(end..).and_then(|r| r.strip_prefix(open)) else { continue };
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 4 && rest.get(4..).is_some_and(|r| r.starts_with(close)) {
                end += open.len() + 4 + close.len();
            }
        }
        let page = year::page_at(content, end);
        let after_page = page.map_or(end, |p| p.end);
        out.push(Item {
            phrase,
            year: Year {
                span: Span::new(inner.start + year.span.start, inner.start + year.span.end),
                ..year
            },
            page: page.map(|p| Span::new(inner.start + p.start, inner.start + p.end)),
            end: inner.start + after_page,
        });
        at = after_page;
        if out.len() >= 64 {
            break;
        }
    }
    out
}

/// What may stand between the bracket and its year where the authors stand before it.
fn only_lead(lead: &str) -> bool {
    matches!(
        lead.trim().trim_end_matches('.').to_lowercase().as_str(),
        "" | "c"
            | "ca"
            | "circa"
            | "orig"
            | "originally"
            | "first published"
            | "published"
            | "publ"
            | "see"
            | "e.g"
    )
}

fn only_separators(phrase: &str) -> bool {
    phrase
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | '/' | ':'))
        .all(|w| matches!(w, "" | "and" | "or"))
}

/// Whether a year stands as a year of publication does, and not before a word that it counts or dates.
fn year_stands_alone(text: &str, item: &Item, group: Span) -> bool {
    if item.page.is_some() {
        return true;
    }
    let rest = Span::new(item.end, group.end - 1).of(text);
    let next = rest.trim_start();
    match next.chars().next() {
        None => true,
        Some(c) if !c.is_alphanumeric() => true,
        Some(_) => {
            let word: String =
                next.chars().take_while(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            matches!(
                word.as_str(),
                "and"
                    | "p"
                    | "pp"
                    | "cited"
                    | "quoted"
                    | "in"
                    | "as"
                    | "see"
                    | "also"
                    | "my"
                    | "emphasis"
                    | "translated"
                    | "no"
                    | "page"
                    | "pages"
                    | "or"
                    | "original"
                    | "own"
                    | "cf"
                    | "for"
                    | "trans"
                    | "ed"
                    | "chapter"
            )
        }
    }
}
