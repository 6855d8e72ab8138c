//! The final check: a plain scan for the student in whatever is about to go out.
//!
//! It shares nothing with the recognizers but the list of what is known: texts are cut into runs of letters and
//! digits, and runs are compared. Names that are also words are looked for only beside another part of the name.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::finding::Label;
use super::known::Known;
use super::person::{Person, Side};
use super::pieces::{is_own_part, is_own_source};
use super::words::Ambiguity;
use crate::text::Span;
use crate::{Error, ErrorCode, Result};

/// What must not survive.
pub(super) struct Secrets {
    automaton: Option<AhoCorasick>,
    meanings: Vec<Meaning>,
}

#[derive(Debug, Clone, Copy)]
struct Meaning {
    label: Label,
    /// All its words are also English words: both must be written with a capital.
    capitals: bool,
}

/// Something that survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survivor {
    pub(super) span: Span,
    pub(super) label: Label,
}

impl Secrets {
    /// All that identifies the student, but the labels in `kept`.
    pub(super) fn new(known: &Known, student: &Person, kept: &[String]) -> Result<Self> {
        let mut needles: BTreeMap<String, Meaning> = BTreeMap::new();
        let mut add = |words: &[&str], label: Label, capitals: bool| {
            if kept.iter().any(|k| k == label.as_str()) {
                return;
            }
            let runs: Vec<String> = words
                .iter()
                .flat_map(|w| Runs::of(w).text.split(' ').map(str::to_owned).collect::<Vec<_>>())
                .filter(|w| !w.is_empty())
                .collect();
            if runs.iter().map(|r| r.chars().count()).sum::<usize>() < 2 {
                return;
            }
            needles.entry(format!(" {} ", runs.join(" "))).or_insert(Meaning { label, capitals });
        };
        for part in &student.parts {
            let long = part.text.chars().count() >= 3 || part.text.chars().any(super::names::is_unicased);
            if part.ambiguity == Ambiguity::Plain && long {
                add(&[&part.text], Label::NameStudent, false);
            }
        }
        for given in student.parts.iter().filter(|p| p.side == Side::Given) {
            for family in student.parts.iter().filter(|p| p.side == Side::Family) {
                let capitals = given.ambiguity != Ambiguity::Plain && family.ambiguity != Ambiguity::Plain;
                add(&[&given.text, &family.text], Label::NameStudent, capitals);
                add(&[&family.text, &given.text], Label::NameStudent, capitals);
                if !capitals {
                    add(&[&format!("{}{}", given.text, family.text)], Label::NameStudent, false);
                    add(&[&format!("{}{}", family.text, given.text)], Label::NameStudent, false);
                }
            }
        }
        for value in &known.values {
            add(&[&value.text], value.label, false);
        }
        let automaton = if needles.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .match_kind(MatchKind::Standard)
                .build(needles.keys());
            Some(built.map_err(|_| {
                Error::new(ErrorCode::Internal, "What is known of the student is too much to be checked.")
            })?)
        };
        Ok(Self { automaton, meanings: needles.into_values().collect() })
    }

    /// What survives in `text` outside `skip` (sorted, not overlapping).
    pub(super) fn survivors(&self, text: &str, skip: &[Span]) -> Vec<Survivor> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let runs = Runs::outside(text, skip);
        let mut found = Vec::new();
        for hit in automaton.find_overlapping_iter(&runs.text) {
            let Some(meaning) = self.meanings.get(hit.pattern().as_usize()) else { continue };
            // The blanks at both ends are no part of it.
            let span = Span::new(runs.start_of(hit.start() + 1), runs.end_of(hit.end() - 1));
            if meaning.capitals && !every_word_capital(span.of(text)) {
                continue;
            }
            found.push(Survivor { span, label: meaning.label });
        }
        found
    }

    /// Looks through every string of a result, names of fields included. `cited` holds, for texts in which authors are
    /// cited, the spans to be left out.
    ///
    /// The error names the place, never the text.
    pub(super) fn check(&self, result: &Value, cited: &BTreeMap<String, Vec<Span>>) -> Result<()> {
        let mut open: Vec<(String, &Value)> = vec![(String::new(), result)];
        while let Some((path, value)) = open.pop() {
            match value {
                Value::String(text) => {
                    let skip = cited.get(text).map(Vec::as_slice).unwrap_or_default();
                    self.refuse(text, skip, &path)?;
                }
                Value::Number(number) => self.refuse(&number.to_string(), &[], &path)?,
                Value::Array(list) => {
                    open.extend(list.iter().enumerate().map(|(i, v)| (format!("{path}[{i}]"), v)));
                }
                Value::Object(map) => {
                    for (key, value) in map {
                        // The schema's own words: a student may be called Body or Text.
                        if is_own(&path, key, value) {
                            continue;
                        }
                        if is_field(key) {
                            open.push((
                                if path.is_empty() { key.clone() } else { format!("{path}.{key}") },
                                value,
                            ));
                            continue;
                        }
                        self.refuse(key, &[], &format!("{path}#key"))?;
                        open.push((
                            if path.is_empty() { key.clone() } else { format!("{path}.{key}") },
                            value,
                        ));
                    }
                }
                Value::Null | Value::Bool(_) => {}
            }
        }
        Ok(())
    }

    fn refuse(&self, text: &str, skip: &[Span], path: &str) -> Result<()> {
        let Some(survivor) = self.survivors(text, skip).first().copied() else { return Ok(()) };
        let label = survivor.label.as_str();
        Err(Error::new(
            ErrorCode::Internal,
            format!(
                "The final check found a trace of the student ({label}) in “{path}”; the result is withheld."
            ),
        )
        .with("part", path)
        .with("label", label))
    }
}

/// Names of fields that the schema gives.
fn is_field(key: &str) -> bool {
    matches!(
        key,
        "tma_id"
            | "assignment_id"
            | "course_id"
            | "student_id"
            | "content"
            | "text"
            | "answers"
            | "question"
            | "documents"
            | "source"
            | "format"
            | "filename"
            | "parts"
            | "name"
            | "kind"
            | "blocks"
            | "level"
            | "label"
            | "start"
            | "end"
            | "runs"
            | "cells"
            | "row"
            | "column"
            | "at"
            | "page"
            | "line"
            | "bold"
            | "italic"
            | "code"
            | "equation"
            | "link"
            | "warnings"
            | "message"
    )
}

/// Values that this crate writes: the pseudonym, and what a document is made of.
fn is_own(path: &str, key: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match key {
        "student_id" => path.is_empty(),
        "format" | "kind" | "level" | "start" | "end" | "runs" | "cells" | "at" | "code" => {
            path.starts_with("content.documents[")
        }
        "source" => path.starts_with("content.documents[") && is_own_source(text),
        "name" => path.starts_with("content.documents[") && is_own_part(text),
        _ => false,
    }
}

fn every_word_capital(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).all(super::names::starts_upper)
}

/// A text as runs of letters and digits, a blank before and after each.
struct Runs {
    text: String,
    /// Offset in `text`, first byte and end of each run in the original.
    places: Vec<(usize, usize, usize)>,
}

impl Runs {
    fn of(text: &str) -> Self {
        Self::outside(text, &[])
    }

    fn outside(text: &str, skip: &[Span]) -> Self {
        let mut runs = Self { text: String::with_capacity(text.len() + 2), places: Vec::new() };
        runs.text.push(' ');
        let mut skips = skip.iter().peekable();
        let mut open = false;
        let mut next = 0;
        while let Some(c) = text.get(next..).and_then(|rest| rest.chars().next()) {
            let at = next;
            next += c.len_utf8();
            while skips.peek().is_some_and(|s| s.end <= at) {
                skips.next();
            }
            if let Some(skip) = skips.peek().filter(|s| s.start <= at) {
                next = next.max(skip.end);
                if open {
                    runs.text.push(' ');
                    open = false;
                }
                // A mark that no needle holds: what stands on both sides of a skip is not adjacent.
                if !runs.text.ends_with("\u{1} ") {
                    runs.text.push_str("\u{1} ");
                }
                continue;
            }
            if !c.is_ascii() && (hidden(c) || is_combining_mark(c)) {
                continue;
            }
            if c.is_alphanumeric() {
                // Plain letters and digits are taken together.
                let limit = skips.peek().map_or(text.len(), |s| s.start);
                let plain = text.as_bytes().get(next..limit).unwrap_or_default();
                let more = plain.iter().take_while(|b| c.is_ascii() && b.is_ascii_alphanumeric()).count();
                next += more;
                let end = next;
                if !open {
                    runs.places.push((runs.text.len(), at, end));
                    open = true;
                } else if let Some(place) = runs.places.last_mut() {
                    place.2 = end;
                }
                if c.is_ascii() {
                    let from = runs.text.len();
                    runs.text.push_str(text.get(at..end).unwrap_or_default());
                    if let Some(word) = runs.text.get_mut(from..) {
                        word.make_ascii_lowercase();
                    }
                } else {
                    let plain = std::iter::once(c)
                        .nfkd()
                        .flat_map(char::to_lowercase)
                        .nfkd()
                        .filter(|c| !is_combining_mark(*c));
                    for c in plain {
                        match c {
                            'ø' => runs.text.push('o'),
                            'ł' => runs.text.push('l'),
                            'đ' | 'ð' => runs.text.push('d'),
                            'ß' => runs.text.push_str("ss"),
                            'æ' => runs.text.push_str("ae"),
                            'œ' => runs.text.push_str("oe"),
                            'þ' => runs.text.push_str("th"),
                            'ı' => runs.text.push('i'),
                            c if c.is_alphanumeric() => runs.text.push(c),
                            _ => {}
                        }
                    }
                }
            } else if open {
                // An apostrophe inside a name joins; a possessive ends.
                let joins = matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`')
                    && text.get(next..).and_then(|r| r.chars().next()).is_some_and(|n| {
                        let possessive = matches!(n, 's' | 'S')
                            && !text.get(next + 1..).is_some_and(|r| r.starts_with(char::is_alphanumeric));
                        n.is_alphabetic() && !possessive
                    });
                if !joins {
                    runs.text.push(' ');
                    open = false;
                }
            }
        }
        if open {
            runs.text.push(' ');
        }
        runs
    }

    fn start_of(&self, at: usize) -> usize {
        let i = self.places.partition_point(|p| p.0 <= at);
        i.checked_sub(1).and_then(|i| self.places.get(i)).map_or(0, |p| p.1)
    }

    fn end_of(&self, at: usize) -> usize {
        let i = self.places.partition_point(|p| p.0 < at);
        i.checked_sub(1).and_then(|i| self.places.get(i)).map_or(0, |p| p.2)
    }
}

fn hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(name: &str) -> Secrets {
        let mut student = Person::student();
        student.add(name, None);
        Secrets::new(&Known::default(), &student, &[]).unwrap()
    }

    #[test]
    fn sees_what_is_left() {
        for (name, text, left) in [
            ("Kofi Mensah", "by KOFI today", vec!["KOFI"]),
            ("Kofi Mensah", "by Mensah’s rule", vec!["Mensah"]),
            ("Kofi Mensah", "by kofimensah", vec!["kofimensah"]),
            ("Siân O'Neill", "by Sian O’Neill", vec!["Sian", "Sian O’Neill", "O’Neill"]),
            ("Grace Young", "the young show grace", vec![]),
            ("Grace Young", "by Grace Young", vec!["Grace Young"]),
            ("Will Grace", "it will grace the hall", vec![]),
        ] {
            let found: Vec<_> =
                secrets(name).survivors(text, &[]).iter().map(|s| s.span.of(text).to_owned()).collect();
            assert_eq!(found, left, "{name}: {text}");
        }
    }

    #[test]
    fn leaves_out_what_is_cited_and_names_the_place() {
        let secrets = secrets("Kofi Mensah");
        assert!(secrets.survivors("as Mensah (2019) says", &[Span::new(3, 9)]).is_empty());
        let result = serde_json::json!({"notes": {"tutor": ["see Kofi"]}});
        let error = secrets.check(&result, &BTreeMap::new()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(error.message().contains("notes.tutor[0]") && !error.message().contains("Kofi"));
        let result = serde_json::json!({"Mensah": 1});
        let error = secrets.check(&result, &BTreeMap::new()).unwrap_err();
        assert!(!error.to_string().contains("Mensah"));
    }
}
