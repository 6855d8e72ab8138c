//! The TMAs of `fixtures/structure`, in many layouts and all formats: how much of what is in them is read as it is.
//!
//! `make score-structure` shows the table; `cargo test --test tma_gold` alone fails where a score falls below what it was.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use awap_core::citation::{Citation, CitationKind, Reference};
use awap_core::submission::{Attachment, Content};
use awap_core::tma::{self, Metadata, ParsedTma};
use awap_core::{Deadline, Limits, Submission};
use base64::Engine as _;
use serde_json::Value;

/// What each measure must reach, over all of them.
const LEAST: f64 = 0.97;

/// Hits, what there is to be found, what was found.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    hits: usize,
    there: usize,
    found: usize,
}

impl Tally {
    fn of<T: Ord>(expected: &BTreeSet<T>, found: &BTreeSet<T>) -> Self {
        Self { hits: expected.intersection(found).count(), there: expected.len(), found: found.len() }
    }

    fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.there += other.there;
        self.found += other.found;
    }

    fn f1(self) -> f64 {
        if self.there + self.found == 0 {
            1.0
        } else {
            2.0 * self.hits as f64 / (self.there + self.found) as f64
        }
    }
}

fn folders() -> Vec<PathBuf> {
    let gold = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/structure/gold");
    let mut folders: Vec<_> = std::fs::read_dir(gold).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn parse(folder: &Path, expected: &Value) -> ParsedTma {
    let name = expected["file"].as_str().unwrap();
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let attachment = Attachment {
        filename: Some(name.to_owned()),
        data_base64: base64::engine::general_purpose::STANDARD.encode(bytes),
        ..Attachment::default()
    };
    let content = Content { attachments: vec![attachment], ..Content::default() };
    let tma = Submission { content, ..Submission::default() };
    tma::parse(tma, &Limits::default(), &Deadline::never()).unwrap()
}

/// The text with any white space as one space.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first(text: &str, chars: usize) -> String {
    words(text).chars().take(chars).collect()
}

fn strings<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    value[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

/// What a citation names, as one string: authors and year, or the beginning of the entry that its number stands for.
fn named(citation: &Citation, references: &[Reference]) -> String {
    if citation.kind == CitationKind::Numbered {
        let entry = citation.reference.and_then(|i| references.get(i));
        return entry.map_or_else(|| citation.text.clone(), |entry| first(&entry.text, 40));
    }
    let year = citation.year.as_deref().unwrap_or_default();
    format!("{} {}", citation.authors.join("+"), year.get(..4).unwrap_or(year))
}

fn said(metadata: &Metadata, key: &str) -> String {
    let field = match key {
        "module_code" => &metadata.module_code,
        "presentation" => &metadata.presentation,
        "tma_number" => &metadata.tma_number,
        "student_name" => &metadata.student_name,
        "student_identifier" => &metadata.student_identifier,
        "tutor_name" => &metadata.tutor_name,
        "date" => &metadata.date,
        "declared_word_count" => {
            return metadata.declared_word_count.map_or_else(String::new, |n| n.to_string());
        }
        _ => return format!("unknown field {key}"),
    };
    field.clone().unwrap_or_default()
}

/// Measures one TMA; what went wrong is described in `faults`.
fn measure(expected: &Value, parsed: &ParsedTma, faults: &mut Vec<String>) -> BTreeMap<&'static str, Tally> {
    let questions = expected["questions"].as_array().unwrap();
    let ids: BTreeSet<&str> = questions.iter().map(|q| q["id"].as_str().unwrap()).collect();
    let found: BTreeSet<&str> = parsed.questions.iter().map(|q| q.id.as_str()).collect();
    if ids != found {
        faults.push(format!("questions {found:?}"));
    }
    let mut bounds = Tally { there: questions.len(), found: questions.len(), hits: 0 };
    for question in questions {
        let id = question["id"].as_str().unwrap();
        let Some(answer) = parsed.questions.iter().find(|q| q.id == id) else { continue };
        let text = words(&answer.text);
        let starts = text.starts_with(question["starts"].as_str().unwrap());
        let ends = text.ends_with(question["ends"].as_str().unwrap());
        bounds.hits += usize::from(starts && ends);
        if !starts || !ends {
            let last: String = text.chars().rev().take(50).collect::<Vec<_>>().into_iter().rev().collect();
            faults.push(format!("bounds of {id}: “{}…{last}”", first(&text, 50)));
        }
    }
    let cited: BTreeSet<String> = expected["citations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| match c["entry"].as_str() {
            Some(entry) => entry.to_owned(),
            None => format!("{} {}", strings(c, "authors").join("+"), c["year"].as_str().unwrap()),
        })
        .collect();
    let in_text: BTreeSet<String> = parsed.citations.iter().map(|c| named(c, &parsed.references)).collect();
    if cited != in_text {
        let difference: Vec<_> = cited.symmetric_difference(&in_text).collect();
        faults.push(format!("citations {difference:?}"));
    }
    let listed: BTreeSet<String> = strings(expected, "references").iter().map(|r| first(r, 60)).collect();
    let lists: BTreeSet<String> = parsed.references.iter().map(|r| words(&first(&r.text, 60))).collect();
    let listed: BTreeSet<String> = listed.iter().map(|r| words(r)).collect();
    if listed != lists {
        let difference: Vec<_> = listed.symmetric_difference(&lists).collect();
        faults.push(format!("references {difference:?}"));
    }
    let mut cover = Tally::default();
    for (key, value) in expected["metadata"].as_object().unwrap() {
        let value = match value {
            Value::String(value) => value.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let read = said(&parsed.metadata, key);
        cover.add(Tally { hits: usize::from(read == value), there: 1, found: 1 });
        if read != value {
            faults.push(format!("{key}: “{read}” for “{value}”"));
        }
    }
    BTreeMap::from([
        ("question ids", Tally::of(&ids, &found)),
        ("answers' bounds", bounds),
        ("citations", Tally::of(&cited, &in_text)),
        ("references", Tally::of(&listed, &lists)),
        ("cover fields", cover),
    ])
}

#[test]
fn structure_is_read_in_every_layout() {
    let mut by_format: BTreeMap<String, BTreeMap<&str, Tally>> = BTreeMap::new();
    let mut worst = Vec::new();
    let folders = folders();
    assert!(folders.len() >= 60, "only {} TMAs", folders.len());
    for folder in &folders {
        let expected: Value =
            serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let parsed = parse(folder, &expected);
        let mut faults = Vec::new();
        let measures = measure(&expected, &parsed, &mut faults);
        let format = expected["file"].as_str().unwrap().rsplit('.').next().unwrap();
        for group in ["all", format] {
            for (name, tally) in &measures {
                by_format.entry(group.to_owned()).or_default().entry(name).or_default().add(*tally);
            }
        }
        if !faults.is_empty() {
            let name = folder.file_name().unwrap().to_string_lossy();
            worst.push(format!("{name} ({format})\n    {}", faults.join("\n    ")));
        }
    }
    println!(
        "{} TMAs\n{:8}{:>14}{:>17}{:>12}{:>12}{:>14}",
        folders.len(),
        "",
        "question ids",
        "answers' bounds",
        "citations",
        "references",
        "cover fields"
    );
    for (format, measures) in &by_format {
        let f1 = |name: &str| measures.get(name).map_or(0.0, |tally| tally.f1());
        println!(
            "{format:8}{:14.3}{:17.3}{:12.3}{:12.3}{:14.3}",
            f1("question ids"),
            f1("answers' bounds"),
            f1("citations"),
            f1("references"),
            f1("cover fields")
        );
    }
    println!("\nWhat is read otherwise:\n{}", worst.join("\n"));
    for (name, tally) in &by_format["all"] {
        assert!(tally.f1() >= LEAST, "{name}: {:.3}", tally.f1());
    }
}
