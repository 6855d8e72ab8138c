//! The fields of cover sheets (`Name: …`, `PI<tab>…`), and lines that only say whose TMA this is.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::text::pattern;

/// A field of a cover sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Identifier,
    Tutor,
    Module,
    Tma,
    Presentation,
    Date,
    Words,
    Title,
    /// A field of the cover sheet that the metadata does not hold (address, telephone, …).
    Other,
}

static KEY_VALUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[\W_]*(?P<key>\p{L}[\p{L}\d '’/()&.#-]{0,44}?)\s*(?:[*_]{0,2}\s*[:=]\s*[*_]{0,2}|\t+|\s+[–—-]\s+)\s*(?P<value>\S.*)?$",
    )
});

/// One of these parts key and value in [`KEY_VALUE`]. Most lines of prose have none, and are not looked at further.
const PARTS: [char; 6] = [':', '=', '\t', '-', '–', '—'];

/// Keys of cover sheets, as [`field_of`] folds them, parted by `|`.
const KEYS: &[(Field, &str)] = &[
    (
        Field::Name,
        "name|student|student name|students name|student s name|full name|your name|my name|author|submitted by|by|\
         name of student|candidate|candidate name|learner|learner name|written by|student full name",
    ),
    (
        Field::Identifier,
        "pi|pi number|pin|personal identifier|personal id|student id|student identifier|student number|student no|id|\
         id number|identifier|personal identifier pi|pi no|personal identifier number|ou personal identifier|ou pi|\
         candidate number|ou id|ou number",
    ),
    (
        Field::Tutor,
        "tutor|tutor name|tutors name|tutor s name|marker|associate lecturer|al|my tutor|name of tutor|your tutor|\
         tutor name and region|al name|course tutor|module tutor",
    ),
    (
        Field::Module,
        "module|module code|course|course code|module title|module name|module and tma|module tma|\
         module code and title|unit|module and assignment|module number",
    ),
    (
        Field::Tma,
        "tma|tma number|tma no|assignment|assignment number|assignment no|assessment|tutor marked assignment|tma code|\
         assignment title and number|assignment code|assessment number",
    ),
    (Field::Presentation, "presentation|module presentation|presentation code|cohort"),
    (
        Field::Date,
        "date|date submitted|submission date|date of submission|submitted|submitted on|due date|cut off date|\
         cutoff date|date due|date completed|tma date",
    ),
    (Field::Title, "title|essay title|assignment title|tma title|report title|project title"),
    (
        Field::Words,
        "words|word count|wordcount|wc|w c|total words|total word count|number of words|essay word count|tma word count|\
         approximate word count|actual word count|word total|no of words",
    ),
    (
        Field::Other,
        "email|e mail|email address|telephone|tel|phone|phone number|mobile|address|home address|postcode|oucu|dob|\
         date of birth|region|username|centre|signed|signature|year|group|programme|qualification|study centre|\
         tutor group|telephone number|student address|word limit|cut off|extension|declaration",
    ),
];

static FIELDS: LazyLock<HashMap<&'static str, Field>> = LazyLock::new(|| {
    KEYS.iter().flat_map(|(field, keys)| keys.split('|').map(|key| (key, *field))).collect()
});

/// The field that a key names.
pub(super) fn field_of(key: &str) -> Option<Field> {
    if key.len() > 60 {
        return None;
    }
    let key: String =
        key.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let key = key.split_whitespace().collect::<Vec<_>>().join(" ");
    FIELDS.get(key.as_str()).copied().or_else(|| key.starts_with("word count").then_some(Field::Words))
}

/// The fields in one line: `Name: …`, `Name: …   PI: …`, `PI<tab>…`, parted by `|` or `;` too.
pub(super) fn fields(line: &str) -> Vec<(Field, String)> {
    let mut out = Vec::new();
    for piece in line.split(['|', ';']).flat_map(|p| split_wide(p)).flat_map(split_at_keys) {
        if piece.contains(PARTS)
            && let Some(found) = KEY_VALUE.captures(piece)
            && let Some(field) = found.name("key").and_then(|k| field_of(k.as_str()))
        {
            let value = found
                .name("value")
                .map_or("", |v| v.as_str())
                .trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '|' | '`'));
            out.push((field, value.to_owned()));
        }
    }
    out
}

/// Parts a line at wide gaps where each side of the gap holds a colon.
fn split_wide(line: &str) -> Vec<&str> {
    static GAP: LazyLock<Regex> = LazyLock::new(|| pattern(r"\t+| {3,}|\s+[,/]\s+"));
    if !line.contains(':') {
        return vec![line];
    }
    let pieces: Vec<&str> = GAP.split(line).collect();
    if pieces.len() > 1 && pieces.iter().all(|p| p.contains(':')) { pieces } else { vec![line] }
}

/// Parts a line before each key of a cover sheet that follows a value: `Name: A. Person Student ID: A1234567`.
fn split_at_keys(line: &str) -> Vec<&str> {
    const LONGEST_KEY: usize = 4;
    let mut out = Vec::new();
    let mut from = 0;
    for (colon, _) in line.match_indices(':').skip(1).take(20) {
        let before = line.get(from..colon).unwrap_or_default();
        // The longest key that ends at the colon, after what can be a value.
        let starts = before.match_indices(char::is_whitespace).map(|(at, space)| at + space.len());
        let first = before.find(':').map_or(before.len(), |at| at + 1);
        let mut starts: Vec<usize> = starts.filter(|at| *at > first).collect();
        let near = starts.len().saturating_sub(LONGEST_KEY);
        let key = starts.drain(near..).find(|at| {
            let value = before.get(first..*at).unwrap_or_default();
            let key = before.get(*at..).unwrap_or_default();
            !value.trim().is_empty() && key.starts_with(char::is_uppercase) && field_of(key).is_some()
        });
        if let Some(at) = key {
            out.push(line.get(from..from + at).unwrap_or_default());
            from += at;
        }
    }
    out.push(line.get(from..).unwrap_or_default());
    out
}

/// Whether a line is of the cover sheet: fields, or nothing but what identifies the TMA and its author.
pub(super) fn is_cover_line(line: &str) -> bool {
    !fields(line).is_empty() || identifies(line)
}

static ONLY_IDENTITY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\W_]*(?:(?:
            [a-z]{1,4}\ ?\d{3}(?:[-\s]?\d{2}[a-l])? | tma\s*(?:no\.?|number)?\s*[-:\#]?\s*\d{1,2} | tutor[\s-]marked\s+assignment(?:\s+\d{1,2})? | [a-z]\d{6}[\dx] | \[[a-z_0-9]+\]
          | assignment\s*(?:no\.?|number)?\s*\d{0,2} | module | presentation | \d{2}[a-l] | the\s+open\s+university | \d{1,2}(?:st|nd|rd|th)?\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)\s+\d{4}
          | \d{1,2}[/.-]\d{1,2}[/.-]\d{2,4} | dob | pi | page\s+\d+(?:\s+of\s+\d+)? | student | tutor
        )[\W_]*)+$",
    )
});

fn identifies(line: &str) -> bool {
    line.len() <= 160 && ONLY_IDENTITY.is_match(line)
}

static DECLARES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\W*(?:(?:by submitting|i (?:hereby )?(?:declare|confirm|certify|understand)|this (?:work|assignment|tma|submission|essay) is (?:entirely )?my own|(?:student )?declaration|plagiarism)\b)",
    )
});

/// Whether a paragraph is a declaration (of one's own work), as cover sheets hold.
pub(super) fn is_declaration(text: &str) -> bool {
    DECLARES.is_match(text)
}
