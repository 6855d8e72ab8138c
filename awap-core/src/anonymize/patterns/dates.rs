//! Dates of birth: a date with a cue, and the ways a known one is written.

use std::sync::LazyLock;

use regex::Regex;

use super::{before, has_cue};
use crate::anonymize::compiled;
use crate::anonymize::cues::{matches, reach};
use crate::anonymize::finding::{Finding, Label};
use crate::text::Span;

pub(in crate::anonymize) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)^(?:\d{1,2}\s?[-/. ]\s?\d{1,2}\s?[-/. ]\s?(?:\d{4}|\d{2})|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|",
        r"\d{1,2}(?:st|nd|rd|th)?(?:\s+of)?[\s-]+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[\s-]+(?:\d{4}|\d{2})|",
        r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4})",
    ))
});

static CUE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)\b(?:d\.?\s?o\.?\s?b\.?|date\s+of\s+birth|birth\s?date|birthday|birth\s+day)\b\.?(?:\s*\([^)]{0,20}\))?\s*(?:[:=|\t–-]|is|was)?\s*(?:on\s+)?(?:the\s+)?|",
        r"\b(?:i\s+was|i\s+am|i['’]m|we\s+were)\s+born\s+(?:on\s+)?(?:the\s+)?|\bborn\s*:\s*|\(born\s*:?\s*(?:on\s+)?",
    ))
});

/// Finds dates after a word for birth. Dates elsewhere are part of the argument.
pub(super) fn find(text: &str, out: &mut Vec<Finding>) {
    let windows = births(text);
    let date = &*DATE;
    for found in matches(&CUE, text, &windows) {
        let mut end = (found.end() + 40).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let Some(window) = text.get(found.end()..end) else { continue };
        // Somebody else's birth in an argument: “Date of birth of the Republic”.
        let head = before(text, found.start(), 12);
        if has_cue(&head, &["whose", "his", "her", "their"], 3) && !head.contains("my") {
            continue;
        }
        if let Some(found_date) = date.find(window) {
            // `(born 3 May 2017)` is a child; whom history knows was born before.
            let cue = found.as_str().to_ascii_lowercase();
            if cue.starts_with("(born") && !cue.contains(':') && !is_of_a_child(found_date.as_str()) {
                continue;
            }
            let span = Span::new(found.end(), found.end() + found_date.end());
            out.push(Finding::value(span, Label::Dob, "pattern.birth_date", 0.95));
        }
    }
}

/// Whether a date is one of the last years.
fn is_of_a_child(date: &str) -> bool {
    let year = date.get(date.len().saturating_sub(4)..).and_then(|year| year.parse::<u32>().ok());
    year.is_some_and(|year| year >= 2005)
}

/// Where a word for birth may stand in a text: around `born`, `birth`, and what may be read as `D. O. B.`
fn births(text: &str) -> Vec<Span> {
    const BEFORE: usize = 64;
    const AFTER: usize = 96;
    let bytes = text.as_bytes();
    let mut windows: Vec<Span> = Vec::new();
    for at in memchr::memchr2_iter(b'b', b'B', bytes).filter(|at| may_tell(bytes, *at)) {
        let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
        let end = reach(text, at, AFTER);
        match windows.last_mut() {
            Some(open) if start <= open.end => open.end = end,
            _ => windows.push(Span::new(start, end)),
        }
    }
    windows
}

/// Whether the B at `at` may be of a word for birth.
fn may_tell(text: &[u8], at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default();
    let word = |word: &[u8]| rest.get(..word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word));
    if word(b"orn") || word(b"irth") {
        return true;
    }
    // Before the B: a mark or blank (of any script), an O, the same, a D. Each blank is at most three bytes.
    let head = text.get(at.saturating_sub(12)..at).unwrap_or_default();
    let joint = |head: &[u8]| head.iter().rev().take_while(|b| !b.is_ascii_alphanumeric()).take(4).count();
    let before_b = head.len() - joint(head);
    let Some([rest @ .., b'o' | b'O']) = head.get(..before_b) else { return false };
    matches!(rest.get(..rest.len() - joint(rest)), Some([.., b'd' | b'D']))
}

/// The ways the date `written` may be written, where it can be read (`1998-06-15`, `15/06/1998`, `15 June 1998`).
pub(in crate::anonymize) fn variants(written: &str) -> Vec<String> {
    let lower = written.to_lowercase();
    let numbers: Vec<u32> =
        lower.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    let named = MONTHS
        .iter()
        .position(|m| lower.split(|c: char| !c.is_alphabetic()).any(|w| w.len() >= 3 && m.starts_with(w)))
        .map(|i| i as u32 + 1);
    let (day, month, year) = match (numbers.as_slice(), named) {
        ([d, y, ..], Some(m)) if *y > 31 => (*d, m, *y),
        ([y, m, d, ..], None) if *y > 31 => (*d, *m, *y),
        ([d, m, y, ..], None) => (*d, *m, *y),
        _ => return Vec::new(),
    };
    let Some(name) = month.checked_sub(1).and_then(|m| MONTHS.get(m as usize)) else { return Vec::new() };
    if !(1..=31).contains(&day) {
        return Vec::new();
    }
    let short = name.get(..3).unwrap_or_default();
    let two = year % 100;
    let ending = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    let mut all = vec![format!("{year}-{month:02}-{day:02}")];
    for joint in ["/", "-", ".", " "] {
        all.push(format!("{day:02}{joint}{month:02}{joint}{year}"));
        all.push(format!("{day}{joint}{month}{joint}{year}"));
        all.push(format!("{day:02}{joint}{month:02}{joint}{two:02}"));
    }
    for month in [*name, short] {
        all.push(format!("{day} {month} {year}"));
        all.push(format!("{day:02} {month} {year}"));
        all.push(format!("{day}{ending} {month} {year}"));
        all.push(format!("{day}{ending} of {month} {year}"));
        all.push(format!("{month} {day}, {year}"));
        all.push(format!("{month} {day}{ending}, {year}"));
    }
    all.sort();
    all.dedup();
    all
}
