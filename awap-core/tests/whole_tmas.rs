//! Eighty-five whole TMAs in many layouts and formats (`fixtures/whole`), written by authors who do not know how AWAP reads: what of the student and of
//! others is left, what is lost that must stay, and how the anonymized TMA is taken apart.
//!
//! `make score-whole` shows the table; `cargo test --test whole_tmas` alone fails where a figure is worse than it was.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use awap_core::anonymize::Options;
use awap_core::submission::{Attachment, Content};
use awap_core::tma::ParsedTma;
use awap_core::{Deadline, Engine, Submission};
use base64::Engine as _;
use serde_json::Value;

/// How many of how many.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    of: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, of: usize, all: usize) {
        self.of += of;
        self.all += all;
    }

    fn value(self) -> f64 {
        if self.all == 0 { 0.0 } else { self.of as f64 / self.all as f64 }
    }
}

/// The measures, by name.
type Measures = BTreeMap<&'static str, Share>;

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/whole");
    let mut folders: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn strings<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    value[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect()
}

fn submission(folder: &Path, expected: &Value) -> Submission {
    let name = expected["file"].as_str().unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(std::fs::read(folder.join(name)).unwrap());
    let attachment =
        Attachment { filename: Some(name.to_owned()), data_base64: data, ..Attachment::default() };
    let content = Content { attachments: vec![attachment], ..Content::default() };
    let mut tma = Submission { content, ..Submission::default() };
    if let Some(identity) = expected["identity"].as_object() {
        let mut student = identity.clone();
        tma.student_id = student.remove("student_id").and_then(|id| id.as_str().map(str::to_owned));
        student.retain(|_, value| !value.is_null());
        tma.student = Some(serde_json::from_value(Value::Object(student)).unwrap());
    }
    tma
}

/// One form of quotation marks and hyphens, and one space for any white space.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '’' | '‘' => out.push('\''),
            '“' | '”' => out.push('"'),
            '‐' | '‑' => out.push('-'),
            '\u{ad}' | '\u{200b}' | '*' | '\\' => {}
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// Takes `needle` out of `text` where no letter or digit stands beside it; how often it stood there.
fn take_out(text: &mut String, needle: &str) -> usize {
    let mut count = 0;
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(needle)).map(|i| from + i) {
        let end = at + needle.len();
        let inner = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let starts_inside = inner(text[..at].chars().next_back()) && inner(needle.chars().next());
        let ends_inside = inner(text[end..].chars().next()) && inner(needle.chars().next_back());
        if starts_inside || ends_inside {
            from = at + needle.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        text.replace_range(at..end, "\u{1}");
        from = at + 1;
        count += 1;
    }
    count
}

/// All strings of a value, each on a line.
fn all_text(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|v| all_text(v, out)),
        Value::Object(fields) => fields.values().for_each(|v| all_text(v, out)),
        _ => {}
    }
}

/// What is left of whom, and what is lost. A span counts as often as the author says that it stands in the text.
fn measure_identity(
    expected: &Value,
    content: &Value,
    measures: &mut Measures,
    faults: &mut Vec<String>,
) -> bool {
    let mut text = String::new();
    all_text(content, &mut text);
    let mut text = plain(&text);
    for kept in strings(expected, "kept") {
        let there = take_out(&mut text.clone(), &plain(kept)) > 0;
        measures.entry("lost").or_default().add(usize::from(!there), 1);
        if !there {
            faults.push(format!("lost “{kept}”"));
        }
    }
    // The longest first, so that a name within what stays, or within another, does not count again.
    let stays = strings(expected, "kept")
        .into_iter()
        .chain(strings(expected, "references"))
        .map(|text| (plain(text), None));
    let gone = expected["gone"].as_array().unwrap();
    let goes = gone.iter().map(|span| (plain(span["text"].as_str().unwrap()), Some(span)));
    let mut all: Vec<_> = stays.chain(goes).collect();
    all.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    let mut leaks = false;
    for (needle, span) in all {
        let found = take_out(&mut text, &needle);
        let Some(span) = span else { continue };
        let times = span["times"].as_u64().unwrap() as usize;
        let left = found.min(times);
        let whose = match span["label"].as_str().unwrap() {
            "NAME_OTHER" => "others left",
            "NAME_STUDENT" => "student left",
            _ => "values left",
        };
        measures.entry(whose).or_default().add(left, times);
        leaks |= left > 0;
        if left > 0 {
            faults.push(format!("left “{needle}” ({whose})"));
        }
    }
    leaks
}

/// Hits, misses and what is too much, as F1's two counts: twice the hits of all that is there and all that was found.
fn f1(measures: &mut Measures, name: &'static str, there: &BTreeSet<String>, found: &BTreeSet<String>) {
    let hits = there.intersection(found).count();
    measures.entry(name).or_default().add(2 * hits, there.len() + found.len());
}

fn measure_structure(
    expected: &Value,
    parsed: &ParsedTma,
    measures: &mut Measures,
    faults: &mut Vec<String>,
) {
    let questions = expected["questions"].as_array().unwrap();
    let essay = questions.len() == 1 && questions[0]["id"] == "essay";
    let id = |q: &Value| q["id"].as_str().unwrap().to_lowercase();
    let there: BTreeSet<String> = questions.iter().map(id).collect();
    let found: BTreeSet<String> = if essay && parsed.questions.len() == 1 {
        there.clone()
    } else {
        parsed.questions.iter().map(|q| q.id.to_lowercase()).collect()
    };
    f1(measures, "question ids", &there, &found);
    if there != found {
        faults.push(format!("questions {found:?}"));
    }
    for question in questions {
        let answer = if essay {
            parsed.questions.first()
        } else {
            parsed.questions.iter().find(|q| q.id.to_lowercase() == id(question))
        };
        let text = answer.map(|a| plain(&a.text)).unwrap_or_default();
        let near = |position: Option<usize>, words: usize, after: bool| {
            position.is_some_and(|at| {
                let rest = if after { &text[at..] } else { &text[..at] };
                rest.split_whitespace().count() <= words
            })
        };
        let ends = plain(question["ends"].as_str().unwrap());
        let starts = near(text.find(&plain(question["starts"].as_str().unwrap())), 60, false);
        let ends = near(
            text.rfind(ends.trim_end_matches('.')).map(|at| at + ends.trim_end_matches('.').len()),
            12,
            true,
        );
        measures.entry("answers' bounds").or_default().add(usize::from(starts && ends), 1);
        if !starts || !ends {
            faults.push(format!("bounds of {}", id(question)));
        }
    }
    let cited: BTreeSet<String> = strings(expected, "citations").iter().map(|c| plain(c)).collect();
    let is_of = |text: &str, citation: &str| {
        let (authors, year) = citation.rsplit_once(' ').unwrap();
        plain(text).contains(authors) && text.contains(year)
    };
    let found = cited.iter().filter(|c| parsed.citations.iter().any(|p| is_of(&p.text, c))).count();
    measures.entry("citations").or_default().add(found, cited.len());
    let first = |text: &str| plain(text).chars().take(40).collect::<String>();
    let listed: BTreeSet<String> = strings(expected, "references").into_iter().map(first).collect();
    let found: BTreeSet<String> = parsed.references.iter().map(|r| first(&r.text)).collect();
    f1(measures, "references", &listed, &found);
    let metadata = &expected["metadata"];
    let number = |value: Option<&str>| value.and_then(|v| v.trim().parse::<u32>().ok());
    let right = [
        parsed.metadata.module_code.as_deref() == metadata["module_code"].as_str(),
        number(parsed.metadata.tma_number.as_deref()) == number(metadata["tma_number"].as_str()),
        parsed.metadata.declared_word_count.map(u64::from) == metadata["declared_word_count"].as_u64(),
    ];
    measures.entry("cover fields").or_default().add(right.into_iter().filter(|r| *r).count(), right.len());
    if right.contains(&false) {
        faults.push(format!("cover {right:?}"));
    }
}

/// What may be left or lost at most, and what must be reached, over all.
const AT_MOST: &[(&str, f64)] =
    &[("others left", 0.12), ("student left", 0.03), ("values left", 0.03), ("lost", 0.08)];
const AT_LEAST: &[(&str, f64)] = &[
    ("question ids", 0.97),
    ("answers' bounds", 0.93),
    ("citations", 0.97),
    ("references", 0.97),
    ("cover fields", 0.97),
];

#[test]
fn whole_tmas_name_nobody_and_are_taken_apart() {
    let engine = Engine::builder().build().unwrap();
    let (mut all, mut by_group): (Measures, BTreeMap<String, Measures>) = Default::default();
    let mut leaking: BTreeMap<String, Share> = BTreeMap::new();
    let mut worst = Vec::new();
    let folders = folders();
    assert!(folders.len() >= 85, "only {} TMAs", folders.len());
    for folder in &folders {
        let expected: Value =
            serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let group = name.split('-').nth(1).unwrap().to_owned();
        let tma = submission(folder, &expected);
        let anonymized = engine.anonymize(tma, &Options::default(), &Deadline::never()).unwrap().tma;
        let content = serde_json::to_value(&anonymized.content).unwrap();
        let (mut measures, mut faults) = (Measures::new(), Vec::new());
        let leaks = measure_identity(&expected, &content, &mut measures, &mut faults);
        let parsed = engine.parse(anonymized, &Deadline::never()).unwrap();
        measure_structure(&expected, &parsed, &mut measures, &mut faults);
        leaking.entry(group.clone()).or_default().add(usize::from(leaks), 1);
        for (measure, share) in &measures {
            all.entry(measure).or_default().add(share.of, share.all);
            by_group.entry(group.clone()).or_default().entry(measure).or_default().add(share.of, share.all);
        }
        if !faults.is_empty() {
            worst.push(format!("{name}\n    {}", faults.join("\n    ")));
        }
    }
    by_group.insert("all".to_owned(), all.clone());
    for (group, measures) in &by_group {
        println!("{group}");
        for (name, share) in measures {
            println!("  {name:16} {:.3} ({} of {})", share.value(), share.of, share.all);
        }
        if let Some(share) = leaking.get(group) {
            println!("  TMAs with anything left: {} of {}", share.of, share.all);
        }
    }
    println!("\nWhat is otherwise:\n{}", worst.join("\n"));
    for (name, most) in AT_MOST {
        assert!(all[name].value() <= *most, "{name}: {:.3}", all[name].value());
    }
    for (name, least) in AT_LEAST {
        assert!(all[name].value() >= *least, "{name}: {:.3}", all[name].value());
    }
}
