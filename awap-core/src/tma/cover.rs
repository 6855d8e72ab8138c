//! The cover sheet: who hands in what, from tables, header lines, page headers and footers, text boxes, file names.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Metadata;
use super::assemble::Whole;
use super::fields::{Field, field_of, fields, is_cover_line};
use super::module::{RUN, TMA, module};
use super::unit::Unit;
use crate::document::{BlockKind, PartKind};
use crate::text::{Span, pattern};

static PLACEHOLDER_ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[(?:[A-Z_]*ID[A-Z_0-9]*|PI)\]"));
static IDENTIFIER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^A-Za-z0-9])(?P<id>[A-Z][0-9]{6}[0-9X])(?:$|[^A-Za-z0-9])"));
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?P<date>(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d{4}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}-\d{2}-\d{2})\W*$",
    )
});
static WORD_COUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\W_]*(?P<total>(?:total|overall|final)\s+)?(?:my\s+|approx\w*\.?\s+|actual\s+|essay\s+|tma\s+)*
        (?:word\s*-?\s*count|w/?c|words?\s+total|total\s+(?:number\s+of\s+)?words?|number\s+of\s+words(?:\s+used)?|words(?:\s+used)?)
        (?:\s*\([^)]{0,80}\))?(?:\s+for\s+[^:=\n]{0,30}?)?(?:\s+(?:is|of|was))?\s*[:=–—\t\s-]*[*_\s]*(?:approx\w*\.?\s*|about\s+|c\.\s*|~\s*)?
        (?P<n>\d[\d,]*)(?:\s*(?:/|out\s+of|of)\s*\d[\d,]*)?\s*(?:words?)?\W*(?:\([^)]*\)|excluding\b.*|including\b.*|exc\b.*|incl?\b.*|not\s+including\b.*|without\b.*)?\W*$",
    )
});
static BARE_COUNT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:(?P<total>total\s*[:=–-]?\s*)|approx\w*\.?\s*)?(?P<n>\d[\d,]*)\s+words?(?:\s+(?:in total|approx\w*|excluding.*|including.*))?\W*$",
    )
});

/// `Word count: Q1 402, Q2 640, total 1042`
static COUNTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^\W*word\s*-?\s*counts?\b.*\btotal\b\W{0,4}(?:of\s+)?(?P<n>\d[\d,]*)\s*(?:words?)?\W*$")
});

static SUM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^\W*(?:(?:grand|overall)\s+)?total\s*[:=–-]\s*(?P<n>\d[\d,]*)\W*$"));

/// Reads the metadata. `cover` is the stretch of units before the first answer in each body, `host` what the host says
/// of the assignment (`TM112-25J-TMA01`).
pub(super) fn metadata(
    whole: &Whole,
    units: &[Unit],
    is_cover: &dyn Fn(usize) -> bool,
    host: &[&str],
) -> Metadata {
    let mut out = Metadata::default();
    let lines = sources(whole, units, is_cover);
    for line in &lines {
        for (field, value) in fields(line) {
            take(&mut out, field, &value);
        }
    }
    for (key, value) in table_fields(whole, is_cover, units) {
        take(&mut out, key, &value);
    }
    let names: Vec<&str> = whole.filenames.iter().map(String::as_str).collect();
    let titles = whole
        .properties
        .iter()
        .filter(|(k, _)| matches!(k.to_lowercase().as_str(), "title" | "subject" | "dc:title"))
        .map(|(_, v)| v.as_str());
    let everywhere: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .chain(titles.clone())
        .chain(names)
        .chain(host.iter().copied())
        .collect();
    module(&mut out, &everywhere);
    for line in &everywhere {
        whole_line(&mut out, line);
    }
    for line in lines.iter().take(12) {
        bare_line(&mut out, line);
    }
    out.declared_word_count = out.declared_word_count.or_else(|| declared(whole, units, is_cover));
    if out.title.is_none() {
        out.title = title(whole, units, is_cover)
            .or_else(|| titles.map(str::trim).find(|t| says_something(t)).map(str::to_owned));
    }
    out
}

/// The lines that may speak of the TMA, the likeliest first: cover, page headers and footers, text boxes.
fn sources(whole: &Whole, units: &[Unit], is_cover: &dyn Fn(usize) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    for (i, unit) in units.iter().enumerate() {
        if is_cover(i) && unit.kind != BlockKind::Table {
            out.push(unit.span.of(&whole.text).to_owned());
        }
    }
    for (i, unit) in units.iter().enumerate() {
        if is_cover(i) && unit.kind == BlockKind::Table {
            out.extend(unit.span.of(&whole.text).lines().map(str::to_owned));
        }
    }
    for kind in [PartKind::Header, PartKind::Footer, PartKind::TextBox] {
        for part in whole.parts.iter().filter(|p| p.kind == kind) {
            out.extend(
                part.span
                    .of(&whole.text)
                    .lines()
                    .map(str::trim)
                    .filter(|l| !l.is_empty())
                    .take(40)
                    .map(str::to_owned),
            );
        }
    }
    out.truncate(400);
    out
}

/// Fields in tables of the cover: the key in one cell, the value in the next, or below it.
fn table_fields(whole: &Whole, is_cover: &dyn Fn(usize) -> bool, units: &[Unit]) -> Vec<(Field, String)> {
    let mut out = Vec::new();
    let tables = units
        .iter()
        .enumerate()
        .filter(|(i, u)| u.kind == BlockKind::Table && is_cover(*i))
        .map(|(_, u)| u.block);
    let others = whole.blocks.iter().enumerate().filter(|(i, b)| {
        let kind = whole.part_of.get(*i).and_then(|p| whole.parts.get(*p)).map(|p| p.kind);
        b.kind == BlockKind::Table
            && matches!(kind, Some(PartKind::Header | PartKind::Footer | PartKind::TextBox))
    });
    for block in tables.chain(others.map(|(i, _)| i)).filter_map(|i| whole.blocks.get(i)) {
        let cells = &block.cells;
        let text = |i: usize| {
            cells.get(i).map(|c| Span::new(c.start, c.end).of(&whole.text).trim()).unwrap_or_default()
        };
        let is_key = |i: usize| field_of(text(i).trim_end_matches([':', ' ', '*']));
        for (i, cell) in cells.iter().enumerate().take(200) {
            let Some(field) = is_key(i) else { continue };
            let beside = cells.get(i + 1).filter(|n| n.row == cell.row).map(|_| i + 1);
            let below = || {
                cells
                    .iter()
                    .enumerate()
                    .skip(i + 1)
                    .find(|(_, n)| n.row == cell.row + 1 && n.column == cell.column)
                    .map(|(j, _)| j)
            };
            let value = beside
                .filter(|j| is_key(*j).is_none() && !text(*j).is_empty())
                .or_else(below)
                .filter(|j| is_key(*j).is_none());
            if let Some(j) = value {
                out.push((field, text(j).lines().next().unwrap_or_default().trim().to_owned()));
            }
        }
    }
    out
}

fn take(out: &mut Metadata, field: Field, value: &str) {
    let value = value.trim();
    if value.is_empty() {
        return;
    }
    let set = |slot: &mut Option<String>, value: &str| {
        if slot.is_none() && value.len() <= 200 {
            *slot = Some(value.to_owned());
        }
    };
    match field {
        // `Name: A. Person (A1234567)`
        Field::Name => {
            set(&mut out.student_name, value.split(['(', ',', '\t']).next().unwrap_or(value).trim());
        }
        Field::Identifier => {
            let id =
                value.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(')).next().unwrap_or(value);
            set(&mut out.student_identifier, id);
        }
        Field::Tutor => set(&mut out.tutor_name, value),
        Field::Date => set(&mut out.date, value),
        Field::Title => set(&mut out.title, value),
        Field::Words => out.declared_word_count = out.declared_word_count.or_else(|| count_in(value)),
        Field::Module => module(out, &[value]),
        Field::Presentation => {
            if let Some(run) = RUN.captures(value).and_then(|f| f.name("run")) {
                set(&mut out.presentation, run.as_str());
            }
        }
        Field::Tma => {
            module(out, &[value]);
            let number = TMA.captures(value).and_then(|f| f.name("n").map(|n| n.as_str().to_owned()));
            if out.tma_number.is_none() {
                out.tma_number = number.as_deref().and_then(two_digits).or_else(|| {
                    let digits = value.trim_start_matches(['#', ' ']);
                    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                    digits.get(..end).filter(|d| d.len() <= 2).and_then(two_digits)
                });
            }
        }
        Field::Other => {}
    }
}

/// What a line says without a key: the TMA, the identifier.
fn whole_line(out: &mut Metadata, line: &str) {
    if out.tma_number.is_none()
        && let Some(n) =
            TMA.captures(&line.replace('_', " ")).and_then(|f| f.name("n").map(|n| n.as_str().to_owned()))
    {
        out.tma_number = two_digits(&n);
    }
    if out.student_identifier.is_none() {
        let placeholder = PLACEHOLDER_ID.find(line).map(|m| m.as_str());
        let plain = IDENTIFIER.captures(line).and_then(|f| f.name("id")).map(|m| m.as_str());
        out.student_identifier = placeholder.or(plain).map(str::to_owned);
    }
}

/// What a line of the cover is by its look alone: a date, a name.
fn bare_line(out: &mut Metadata, line: &str) {
    if out.date.is_none()
        && let Some(date) = DATE.captures(line).and_then(|f| f.name("date"))
    {
        out.date = Some(date.as_str().to_owned());
    }
    if out.student_name.is_some() {
        return;
    }
    let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '#'));
    let first = line.split(['|', ',', '\t', '(']).next().unwrap_or(line).trim();
    let words: Vec<&str> = first.split_whitespace().collect();
    let name = (2..=4).contains(&words.len())
        && words.iter().all(|w| {
            w.starts_with(char::is_uppercase)
                && w.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '’' | '\'' | '.'))
        })
        && !words.iter().any(|w| NOT_NAMES.contains(&w.to_lowercase().trim_end_matches('.')));
    if name || first == "[STUDENT]" {
        out.student_name = Some(first.to_owned());
    }
}

const NOT_NAMES: &[&str] = &[
    "the",
    "open",
    "university",
    "tma",
    "module",
    "assignment",
    "essay",
    "introduction",
    "question",
    "tutor",
    "marked",
    "report",
    "project",
    "part",
    "reflection",
    "of",
    "and",
    "in",
    "to",
    "references",
    "word",
    "count",
    "essay",
    "cover",
    "sheet",
    "page",
    "health",
    "social",
    "science",
    "studies",
    "computing",
    "business",
    "mathematics",
    "history",
    "arts",
];

/// The word count the student declares: the total where one is named, else the one count there is. Counts under each of
/// several answers say nothing of the whole.
fn declared(whole: &Whole, units: &[Unit], is_cover: &dyn Fn(usize) -> bool) -> Option<u32> {
    let mut counts = Vec::new();
    let mut bare = Vec::new();
    for (i, unit) in units.iter().enumerate() {
        if unit.words > 24 || !unit.is_prose() && !unit.is_heading() {
            continue;
        }
        let line = unit.span.of(&whole.text);
        // `Total: 640` under counts of the parts, or beside them.
        let under = || SUM.captures(line).filter(|_| counts.len() + bare.len() > 0);
        if let Some(found) = COUNTS.captures(line).or_else(under) {
            return found.name("n").and_then(|n| first_number(n.as_str()));
        }
        let number = |found: &Captures<'_>| found.name("n").and_then(|n| first_number(n.as_str()));
        if let Some(found) = WORD_COUNT.captures(line) {
            let n = number(&found)?;
            if found.name("total").is_some() || line.to_lowercase().contains("total") {
                return Some(n);
            }
            counts.push(n);
        } else if let Some(found) = BARE_COUNT.captures(line) {
            let n = number(&found)?;
            if found.name("total").is_some() {
                return Some(n);
            }
            // Under a title such a line is the limit that the question sets, unless it counts to the word.
            let before = i.checked_sub(1).and_then(|before| units.get(before)).filter(|u| u.is_prose());
            let after_prose = before.is_some_and(|u| u.words > 8);
            let among_fields = || before.is_some_and(|u| is_cover_line(u.span.of(&whole.text)));
            if after_prose || is_cover(i) && (n % 50 != 0 || among_fields()) {
                bare.push(n);
            }
        }
    }
    let only = |counts: &[u32]| if let [one] = counts { Some(*one) } else { None };
    let several = counts.len() + bare.len() > 1;
    let elsewhere = || {
        whole
            .parts
            .iter()
            .filter(|p| matches!(p.kind, PartKind::Header | PartKind::Footer | PartKind::TextBox))
            .find_map(|p| {
                p.span.of(&whole.text).lines().take(40).find_map(|l| {
                    WORD_COUNT
                        .captures(l.trim())
                        .and_then(|f| f.name("n").and_then(|n| first_number(n.as_str())))
                })
            })
    };
    only(&counts).or_else(|| only(&bare)).or_else(|| if several { None } else { elsewhere() })
}

/// The count that the value of a field gives: `1,450 (approx.)`, `Q1 230, Q2 410, total 640`.
fn count_in(value: &str) -> Option<u32> {
    let lower = value.to_lowercase();
    if let Some((_, total)) = lower.split_once("total") {
        return first_number(total).or_else(|| first_number(&lower));
    }
    // `Q1 230, Q2 410` counts the parts only.
    let names_a_part = lower.find(|c: char| c.is_ascii_digit()).is_some_and(|at| {
        lower
            .get(..at)
            .is_some_and(|before| before.ends_with(char::is_alphabetic) || before.contains("question"))
    });
    if names_a_part { None } else { first_number(value) }
}

fn first_number(text: &str) -> Option<u32> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits: String = text
        .get(start..)?
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok().filter(|n| *n <= 200_000)
}

fn two_digits(number: &str) -> Option<String> {
    const WORDS: [&str; 8] = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    let lower = number.to_lowercase();
    let value = WORDS.iter().position(|w| *w == lower).map(|p| p + 1).or_else(|| lower.parse().ok())?;
    (1..=30).contains(&value).then(|| format!("{value:02}"))
}

/// The work's title: what is set as one, else the last heading of the cover that says more than which TMA it is.
fn title(whole: &Whole, units: &[Unit], is_cover: &dyn Fn(usize) -> bool) -> Option<String> {
    let says_more = |u: &&Unit| !is_cover_line(u.span.of(&whole.text)) && u.words >= 2;
    let words = |u: &Unit| u.span.of(&whole.text).trim_matches(['*', '_', '#', ' ']).to_owned();
    let set = units.iter().find(|u| u.kind == BlockKind::Title && says_more(u));
    set.or_else(|| {
        units
            .iter()
            .enumerate()
            .filter(|(i, _)| is_cover(*i))
            .map(|(_, u)| u)
            .rfind(|u| u.is_heading() && says_more(u))
    })
    .or_else(|| units.iter().find(|u| u.kind == BlockKind::Title))
    .map(words)
}

/// Programs fill the title property with words of their own.
fn says_something(title: &str) -> bool {
    let lower = title.to_lowercase();
    let own = ["untitled", "(unspecified)", "(anonymous)", "microsoft word", "document", "powerpoint"];
    !title.is_empty() && !own.iter().any(|w| lower.starts_with(w))
}
