//! The final check: a plain scan for the student in whatever is about to go out.
//!
//! It shares nothing with the recognizers but the list of what is known: texts are cut into runs of letters and
//! digits, and runs are compared. Names that are also words are looked for only beside another part of the name.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::Value;

use super::finding::Label;
use super::glued;
use super::known::Known;
use super::person::{Person, Side};
use super::pieces::{is_own_part, is_own_source};
use super::resolve::placeholders_in;
use super::runs::Runs;
use super::words::Ambiguity;
use crate::text::Span;
use crate::{Error, ErrorCode, Result};

/// What must not survive.
pub(super) struct Secrets {
    /// In order, so that those that begin alike stand together.
    needles: Vec<Needle>,
    /// How the first words of all of them begin.
    starts: Starts,
}

/// Runs of letters and digits that must not stand beside one another.
struct Needle {
    /// A blank before and after each run.
    text: String,
    meaning: Meaning,
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
    pub(super) fn new(known: &Known, student: &Person, kept: &[String]) -> Self {
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
                for (first, last) in [(given, family), (family, given)] {
                    // Two words may be one more (`willpower`).
                    let joined = format!("{}{}", first.text, last.text);
                    if !capitals || joined.len() >= glued::ACCOUNT && awap_names::known_of(&joined) == 0 {
                        add(&[&joined], Label::NameStudent, false);
                    }
                }
            }
        }
        for value in &known.values {
            add(&[&value.text], value.label, false);
        }
        let needles: Vec<Needle> =
            needles.into_iter().map(|(text, meaning)| Needle { text, meaning }).collect();
        let starts = Starts::of(needles.iter().map(|n| n.text.as_str()));
        Self { needles, starts }
    }

    /// What survives in `text` outside `skip` (sorted, not overlapping).
    pub(super) fn survivors(&self, text: &str, skip: &[Span]) -> Vec<Survivor> {
        if self.needles.is_empty() {
            return Vec::new();
        }
        let runs = Runs::outside(text, skip);
        let mut found = Vec::new();
        for at in runs.starts() {
            // The blank before the run.
            let rest = runs.text.get(at - 1..).unwrap_or_default();
            if !self.starts.may_begin(rest.as_bytes()) {
                continue;
            }
            let from = self.needles.partition_point(|n| first_word(&n.text) < first_word(rest));
            let alike = self.needles.iter().skip(from);
            for needle in alike.take_while(|n| first_word(&n.text) == first_word(rest)) {
                if !rest.starts_with(&needle.text) {
                    continue;
                }
                let end = at + needle.text.len() - 2;
                let span = Span::new(runs.start_of(at), runs.end_of(end));
                if !needle.meaning.capitals || every_word_capital(span.of(text)) {
                    found.push((end, at, Survivor { span, label: needle.meaning.label }));
                }
            }
        }
        found.sort_by_key(|(end, start, _)| (*end, Reverse(end - start)));
        found.into_iter().map(|(_, _, survivor)| survivor).collect()
    }

    /// Whether `text` holds what must not survive, or begins or ends as what could become it by what stands beside.
    pub(super) fn clash(&self, text: &str) -> bool {
        if !self.survivors(text, &[]).is_empty() {
            return true;
        }
        let runs = Runs::of(text);
        let (first, last) = (first_word(&runs.text), last_word(&runs.text));
        self.needles.iter().any(|needle| {
            let needle = needle.text.as_str();
            needle.len() > first_word(needle).len() + 2
                && (first_word(needle) == last || last_word(needle) == first)
        })
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
        let Some(survivor) = self.survivors(text, &without_placeholders(text, skip)).first().copied() else {
            return Ok(());
        };
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

/// `skip` with the placeholders in `text`: a student may be called Person or Link, and `[PERSON_1]` is nobody.
fn without_placeholders<'a>(text: &str, skip: &'a [Span]) -> Cow<'a, [Span]> {
    let placeholders = placeholders_in(text);
    if placeholders.is_empty() {
        return Cow::Borrowed(skip);
    }
    let mut all = [skip, &placeholders].concat();
    all.sort_unstable();
    Cow::Owned(all)
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

/// What stands between the first two blanks of ` word word `.
fn first_word(runs: &str) -> &str {
    let rest = runs.get(1..).unwrap_or_default();
    rest.split(' ').next().unwrap_or_default()
}

/// What stands between the last two.
fn last_word(runs: &str) -> &str {
    runs.trim_end().rsplit(' ').next().unwrap_or_default()
}

/// The first two bytes with which something begins: tells most words from all of them.
struct Starts(Box<[u64; 1 << 10]>);

impl Starts {
    /// Of texts that begin with a blank.
    fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut starts = Self(Box::new([0; 1 << 10]));
        for (slot, bit) in texts.filter_map(|text| Self::place(text.as_bytes())) {
            if let Some(slot) = starts.0.get_mut(slot) {
                *slot |= bit;
            }
        }
        starts
    }

    fn place(text: &[u8]) -> Option<(usize, u64)> {
        let [_, first, second, ..] = text else { return None };
        let key = usize::from(*first) << 8 | usize::from(*second);
        Some((key >> 6, 1 << (key & 63)))
    }

    fn may_begin(&self, text: &[u8]) -> bool {
        Self::place(text).is_some_and(|(slot, bit)| self.0.get(slot).is_some_and(|bits| bits & bit != 0))
    }
}

fn every_word_capital(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).all(super::names::starts_upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(name: &str) -> Secrets {
        let mut student = Person::student();
        student.add(name, None);
        Secrets::new(&Known::default(), &student, &[])
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
    fn takes_no_placeholder_for_a_student_of_that_name() {
        let secrets = secrets("Sam Person");
        let told = |text: &str| secrets.check(&serde_json::json!({ "notes": text }), &BTreeMap::new());
        assert!(told("[PERSON_1] and [STUDENT] wrote this").is_ok());
        assert!(told("[PERSON_1] and Person wrote this").is_err());
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
