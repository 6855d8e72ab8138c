//! Feedback as a Word file: what is in it, read back by the reader of Word files that TMAs go through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)] // Its rubrics are taken as they are here.
mod marking;

use std::io::Read as _;

use awap_core::feedback::word;
use awap_core::protocol::Dispatcher;
use awap_core::submission::{Attachment, Content};
use awap_core::{Deadline, Engine, Error, Submission};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use marking::{Work, mark};
use proptest::prelude::*;
use serde_json::{Value, json};

const TEXT: &str = "## What was good\n\nYou **explain** *both* searches, and “binary” < “linear” & more.\n\n\
1. First point\n2. Second point\n   - with a detail\n\n> As you say yourself.\n\n\
```\nfor i<n\n  next\n```\n\nSee [the guide](https://example.org/guide?a=1&b=2) or <https://example.org>.\n\n\
<script>alert(1)</script>\n\n| a | b |\n| --- | ---: |\n| one | 2 |\n\nA line\nand the next.";

fn call(data: Value) -> Result<Value, Error> {
    Dispatcher::new(Engine::new().unwrap()).dispatch("write_feedback", data, &Deadline::never())
}

fn letter() -> Value {
    let answer = "A linear search checks each item in turn until it finds the target.";
    let work = ["1(a)", "1(b)", "2(a)", "2(b)"]
        .iter()
        .fold(Work::new("tm112-25j-tma02.json"), |work, id| work.answer(id, answer));
    let feedback = serde_json::to_value(mark(&work)).unwrap();
    json!({
        "assignment_id": "TM112-25J-TMA02", "course_id": "TM112-25J", "student_id": "stu_0123456789abcdef",
        "submitted_at": "2025-11-03T10:11:12.000000Z", "feedback_text": TEXT,
        "marking_criteria": feedback["marking_criteria"],
        "reviewed_by": "Dr Ada Example", "reviewed_at": "2025-11-09T10:11:12.000000Z",
    })
}

fn bytes(answer: &Value) -> Vec<u8> {
    STANDARD.decode(answer["data_base64"].as_str().unwrap()).unwrap()
}

/// What our own reader makes of a Word file.
fn read(file: &[u8]) -> String {
    let attachment = Attachment {
        filename: Some("feedback.docx".into()),
        data_base64: STANDARD.encode(file),
        ..Attachment::default()
    };
    let content = Content { attachments: vec![attachment], ..Content::default() };
    let tma = Submission { content, ..Submission::default() };
    Engine::new().unwrap().parse(tma, &Deadline::never()).unwrap().text
}

/// A part of a Word file.
fn part(file: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_words_of_the_feedback_are_in_the_file() {
    let letter = letter();
    let answer = call(letter.clone()).unwrap();
    assert_eq!((&answer["content_type"], &answer["extension"]), (&json!(word::DOCX), &json!("docx")));
    let text = read(&bytes(&answer));
    for words in [
        "Feedback on TM112-25J-TMA02",
        "TM112-25J · stu_0123456789abcdef · handed in 3 November 2025",
        "What was good",
        "You explain both searches, and “binary” < “linear” & more.",
        "First point",
        "with a detail",
        "As you say yourself.",
        "for i<n",
        "the guide (https://example.org/guide?a=1&b=2)",
        "<script>alert(1)</script>",
        "one",
        "Dr Ada Example, 9 November 2025",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert_eq!(
        text.matches("https://example.org>").count() + text.matches("(https://example.org)").count(),
        0
    );
    let marking = &letter["marking_criteria"];
    for criterion in marking["criteria"].as_array().unwrap() {
        assert!(text.contains(criterion["title"].as_str().unwrap()), "{criterion}");
    }
    let total = format!(
        "{} out of {}",
        marking["totals"]["mark"].as_f64().unwrap(),
        marking["totals"]["max_mark"].as_f64().unwrap()
    );
    assert!(text.contains(&total), "{total} in {text}");
}

#[test]
fn the_file_is_made_of_named_parts_that_a_reader_finds_its_way_by() {
    let file = bytes(&call(letter()).unwrap());
    let document = part(&file, "word/document.xml");
    for mark in [
        "w:val=\"Heading1\"",
        "w:val=\"Heading2\"",
        "<w:numPr>",
        "<w:tbl>",
        "<w:b ",
        "<w:i ",
        "w:val=\"Quote\"",
    ] {
        assert!(document.contains(mark), "{mark} in {document}");
    }
    // No address is behind a word: what a student reads is where it leads.
    assert!(!part(&file, "word/_rels/document.xml.rels").contains("example.org"));
}

#[test]
fn lists_have_their_own_marks() {
    let file = word::from_markdown("- a\n- b\n\n1. one\n2. two\n   - deep\n\ntext\n\n3. three\n").unwrap();
    let (document, numbering) = (part(&file, "word/document.xml"), part(&file, "word/numbering.xml"));
    let paragraphs: Vec<_> = document.split("<w:p ").collect();
    let format = |words: &str| {
        let text = format!(">{words}<");
        let paragraph = paragraphs.iter().find(|paragraph| paragraph.contains(&text)).expect("a paragraph");
        let list = between(paragraph, "<w:numId w:val=\"", "\"");
        let defined = between(&numbering, &format!("<w:num w:numId=\"{list}\">"), "</w:num>");
        let definition = between(defined, "<w:abstractNumId w:val=\"", "\"");
        let definitions: Vec<_> = numbering.matches(&format!("w:abstractNumId=\"{definition}\"")).collect();
        assert_eq!(definitions.len(), 1, "{words} is defined once");
        let levels = between(&numbering, &format!("w:abstractNumId=\"{definition}\""), "</w:abstractNum>");
        (
            between(levels, "<w:numFmt w:val=\"", "\"").to_owned(),
            between(defined, "<w:startOverride w:val=\"", "\"").to_owned(),
        )
    };
    for (words, kind, start) in [
        ("a", "bullet", ""),
        ("one", "decimal", "1"),
        ("two", "decimal", "1"),
        ("deep", "bullet", ""),
        ("three", "decimal", "3"),
    ] {
        assert_eq!(format(words), (kind.to_owned(), start.to_owned()), "{words}");
    }
}

/// What stands between `from` and the next `to`; nothing where `from` is not there.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let after = text.split_once(from).map_or("", |(_, after)| after);
    after.split_once(to).map_or("", |(inner, _)| inner)
}

#[test]
fn the_same_feedback_gives_the_same_bytes() {
    let first = call(letter()).unwrap();
    // In this thread and another, one after the other and after a different one.
    call(json!({"assignment_id": "x", "feedback_text": "- a\n- b", "marking_criteria": letter()["marking_criteria"]})).unwrap();
    assert!(call(letter()).unwrap() == first);
    let elsewhere = std::thread::spawn(|| call(letter()).unwrap()).join().unwrap();
    assert!(elsewhere == first);
}

#[test]
fn a_draft_says_that_it_is_one_and_what_is_open_has_no_mark() {
    let mut draft = letter();
    for key in ["reviewed_by", "reviewed_at", "submitted_at", "student_id"] {
        draft[key] = Value::Null;
    }
    draft.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    draft["marking_criteria"]["totals"]["mark"] = Value::Null;
    draft["marking_criteria"]["criteria"][0]["score"] = Value::Null;
    let text = read(&bytes(&call(draft).unwrap()));
    for words in ["Draft: not approved yet", "Not fully marked", "– / 18"] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for key in ["assignment_id", "feedback_text", "marking_criteria"] {
        let mut data = letter();
        data.as_object_mut().unwrap().remove(key);
        assert_eq!(call(data).unwrap_err().details()["path"], *key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a tutor writes, the file is one that can be read, with the words that were plain.
    #[test]
    fn any_text_makes_a_file_that_can_be_read(text in any::<String>(), more in "[-*>#|`\\[\\]()<& a\n\t\u{0}\u{b}\u{fffe}]{0,80}") {
        let file = word::from_markdown(&format!("{more}\n\nplainword\n\n{text}")).unwrap();
        prop_assert!(read(&file).contains("plainword"));
    }
}
