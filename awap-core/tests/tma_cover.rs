//! What cover sheets, page headers, file names and properties say of a TMA.
#![allow(clippy::unwrap_used, clippy::too_many_lines)] // helpers of tests, and tables of cases

use awap_core::submission::Content;
use awap_core::tma::{self, Metadata, ParsedTma};
use awap_core::{Deadline, Limits, Submission};
use serde_json::json;

const PROSE: &str = "A street looks like the least ordered of places, and yet every day thousands of people walk along \
                     it without once running into each other, which calls for an explanation.";

fn parse(content: Content) -> ParsedTma {
    let tma = Submission { content, ..Submission::default() };
    tma::parse(tma, &Limits::default(), &Deadline::never()).unwrap()
}

fn of_text(cover: &str) -> Metadata {
    parse(Content { text: Some(format!("{cover}\n\n{PROSE}\n\n{PROSE}")), ..Content::default() }).metadata
}

/// `module run tma words | name | identifier | tutor | date`, a dash for what is not there.
fn show(m: &Metadata) -> String {
    let or_dash = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".into());
    format!(
        "{} {} {} {} | {} | {} | {} | {}",
        or_dash(&m.module_code),
        or_dash(&m.presentation),
        or_dash(&m.tma_number),
        m.declared_word_count.map_or_else(|| "-".into(), |n| n.to_string()),
        or_dash(&m.student_name),
        or_dash(&m.student_identifier),
        or_dash(&m.tutor_name),
        or_dash(&m.date),
    )
}

#[test]
fn covers_in_many_layouts() {
    for (cover, want) in [
        (
            "Name: Ada Example\nPI: A1234567\nModule: TM112-25J\nTMA: 02\nTutor: Dr B. Sample\nDate: 1 May 2025\nWord count: 1,450",
            "TM112 25J 02 1450 | Ada Example | A1234567 | Dr B. Sample | 1 May 2025",
        ),
        ("Ada Example\nA1234567\nTM112 TMA 02", "TM112 - 02 - | Ada Example | A1234567 | - | -"),
        ("TM112 25J TMA02 Ada Example A123456X", "TM112 25J 02 - | - | A123456X | - | -"),
        ("Ada Example | A1234567 | DD102 TMA03", "DD102 - 03 - | Ada Example | A1234567 | - | -"),
        (
            "Student name\tAda Example\nPersonal identifier\tA1234567\nModule code\tK102\nAssignment number\t1",
            "K102 - 01 - | Ada Example | A1234567 | - | -",
        ),
        (
            "Tutor-Marked Assignment 03\nModule: MST124 Essential mathematics\nStudent: [STUDENT]\nPersonal Identifier (PI): [ID_NUM_1]\nTutor: [PERSON_1]",
            "MST124 - 03 - | [STUDENT] | [ID_NUM_1] | [PERSON_1] | -",
        ),
        (
            "S111\n\nTMA 5\n\n[STUDENT]\n\n[ID_NUM]\n\n12/03/2025",
            "S111 - 05 - | [STUDENT] | [ID_NUM] | - | 12/03/2025",
        ),
        (
            "**Name:** Ada Example\n**Module:** A111 (2024J)\n**Assignment:** TMA 04",
            "A111 24J 04 - | Ada Example | - | - | -",
        ),
        ("Module code: DD102    Assignment number: 3    Word count: 980", "DD102 - 03 980 | - | - | - | -"),
        ("TMA01 for BB852, submitted by Ada Example", "BB852 - 01 - | - | - | - | -"),
        ("E102 TMA two", "E102 - 02 - | - | - | - | -"),
        ("Name - Ada Example\nCourse - SK299\nAssignment - TMA 1", "SK299 - 01 - | Ada Example | - | - | -"),
        // Codes with a space, in small letters, beside what looks like one.
        ("Module: mx 254 – Maps and plans\nTMA 1", "MX254 - 01 - | - | - | - | -"),
        ("Y 102 Maps: a beginning tma no. 1", "Y102 - 01 - | - | - | - | -"),
        (
            "Ada Example\nxe 308 Maps in practice\nAssignment no. 4\n1,090 words",
            "XE308 - 04 1090 | Ada Example | - | - | -",
        ),
        ("Ada Example\nabc123\nxt 284 Maps\nTMA 02", "XT284 - 02 - | Ada Example | - | - | -"),
        ("Ada Example\nabc123\nXT284 TMA 02", "XT284 - 02 - | Ada Example | - | - | -"),
        ("Ada Example\nABC123\nXT284 TMA 02", "XT284 - 02 - | Ada Example | - | - | -"),
        ("Ada Example\nTEL 016 327 960\nFLAT 123\nTMA 02", "- - 02 - | Ada Example | - | - | -"),
        ("TMA 02\nTotal words: 1010 (A 420, B 590)", "- - 02 1010 | - | - | - | -"),
        ("XT-284 / TMA-2", "XT284 - 02 - | - | - | - | -"),
        ("XT284 - T.M.A. 06", "XT284 - 06 - | - | - | - | -"),
        ("XT284 TMA 06\nWord count: Q1 230, Q2 410, total 640", "XT284 - 06 640 | - | - | - | -"),
        ("XT284 TMA 06\nWord count: Q1 230, Q2 410", "XT284 - 06 - | - | - | - | -"),
        ("XT284 TMA 06\nWC: 640", "XT284 - 06 640 | - | - | - | -"),
        // On a cover a bare number of words is the student's, under a title the question's.
        ("Name: Ada Example\nTMA no. 2\n1500 words", "- - 02 1500 | Ada Example | - | - | -"),
        ("TMA 02\nThe order of a street\n1500 words", "- - 02 - | - | - | - | -"),
    ] {
        assert_eq!(show(&of_text(cover)), want, "{cover:?}");
    }
}

#[test]
fn word_counts_as_declared() {
    let with_tail = |tail: &str| {
        parse(Content { text: Some(format!("TM112 TMA 01\n\n{PROSE}\n\n{tail}")), ..Content::default() })
            .metadata
            .declared_word_count
    };
    for (tail, want) in [
        ("Word count: 1498", Some(1498)),
        ("Word Count = 1,498", Some(1498)),
        ("Wordcount 1498", Some(1498)),
        ("Total words: 1498", Some(1498)),
        ("Total number of words: 1,498", Some(1498)),
        ("(1498 words)", Some(1498)),
        ("1498 words", Some(1498)),
        ("[1,498 words excluding references]", Some(1498)),
        ("Word count: 1498 words (excluding references)", Some(1498)),
        ("Word count (excluding references): 1498", Some(1498)),
        ("Word count 1498/1500", Some(1498)),
        ("Word count: approx. 1498", Some(1498)),
        ("Words: 1498", Some(1498)),
        ("Total: 1498 words", Some(1498)),
        ("1498 words approx.", Some(1498)),
        ("WC: 1498", Some(1498)),
        ("W/C 1498", Some(1498)),
        ("Total word count for Q1 and Q2: 1498", Some(1498)),
        ("Word count for question 1(a): 1498", Some(1498)),
        ("Word count (Q1 and Q2 together, not including references): 1498", Some(1498)),
        ("Words: 1498 inc. table", Some(1498)),
        ("(Word count: Q1 402, Q2 1096, total 1498)", Some(1498)),
        ("Total: 1498", None),
        ("References\n\nQuill, A. (2019) Maps. Leeds: Aire.\n\nTotal: 1498 words", Some(1498)),
        ("The word count of the report was 20 more than planned by all of us.", None),
        ("There were 1498 words in the list that I made of them.", None),
        ("Word limit: 1500", None),
    ] {
        assert_eq!(with_tail(tail), want, "{tail:?}");
    }
    let each =
        format!("Question 1\n\n{PROSE}\n\nWord count: 250\n\nQuestion 2\n\n{PROSE}\n\nWord count: 245\n");
    let parsed = parse(Content { text: Some(each.clone()), ..Content::default() });
    // Nobody declared the sum.
    assert_eq!(parsed.metadata.declared_word_count, None);
    let bare = each.replace("Word count: 250", "[250 words]").replace("Word count: 245", "[245 words]");
    let parsed = parse(Content { text: Some(bare), ..Content::default() });
    assert_eq!(parsed.metadata.declared_word_count, None);
    let last = each.replace("Word count: 250", "");
    let parsed = parse(Content { text: Some(last), ..Content::default() });
    assert_eq!(parsed.metadata.declared_word_count, Some(245));
    let total = parse(Content { text: Some(format!("{each}\nTotal = 495")), ..Content::default() });
    assert_eq!(total.metadata.declared_word_count, Some(495));
    let total = parse(Content { text: Some(format!("{each}\nTotal word count: 500")), ..Content::default() });
    assert_eq!(total.metadata.declared_word_count, Some(500));
}

/// A document as `anonymize_student` hands it on.
fn document(parts: &serde_json::Value, filename: &str) -> Content {
    let documents =
        json!([{"source": "content.attachments[0]", "format": "docx", "filename": filename, "parts": parts}]);
    Content { documents: serde_json::from_value(documents).unwrap(), ..Content::default() }
}

#[test]
fn page_headers_text_boxes_and_file_names() {
    let body = json!({"name": "body", "kind": "body", "text": PROSE,
                      "blocks": [{"kind": "paragraph", "start": 0, "end": PROSE.len()}]});
    let part = |name: &str, kind: &str, text: &str| json!({"name": name, "kind": kind, "text": text, "blocks": [{"kind": "paragraph", "start": 0, "end": text.len()}]});
    let header = part("header1", "header", "[STUDENT]\t[ID_NUM]\tTM112 TMA 02");
    let metadata = parse(document(&json!([body, header]), "x.docx")).metadata;
    assert_eq!(show(&metadata), "TM112 - 02 - | [STUDENT] | [ID_NUM] | - | -");

    let boxed = part("textbox1", "text_box", "Name: [STUDENT]\nModule: K102\nTMA: 1");
    let metadata = parse(document(&json!([body, boxed]), "x.docx")).metadata;
    assert_eq!(show(&metadata), "K102 - 01 - | [STUDENT] | - | - | -");

    let metadata = parse(document(&json!([body]), "mst124-25b_tma03_[STUDENT].docx")).metadata;
    assert_eq!(show(&metadata), "MST124 25B 03 - | - | - | - | -");
}

#[test]
fn a_table_of_fields() {
    let text = format!("Name\t[STUDENT]\nPI\t[ID_NUM]\nModule\tTM112\nTMA\t02\nWord count\t420\n\n{PROSE}");
    let mut cells = Vec::new();
    let mut at = 0;
    for (row, line) in text.lines().take(5).enumerate() {
        let tab = line.find('\t').unwrap();
        cells.push(json!({"row": row, "column": 0, "start": at, "end": at + tab}));
        cells.push(json!({"row": row, "column": 1, "start": at + tab + 1, "end": at + line.len()}));
        at += line.len() + 1;
    }
    let body = json!({"name": "body", "kind": "body", "text": text, "blocks": [
        {"kind": "table", "start": 0, "end": at - 1, "cells": cells},
        {"kind": "paragraph", "start": at + 1, "end": text.len()},
    ]});
    let parsed = parse(document(&json!([body]), "x.docx"));
    assert_eq!(show(&parsed.metadata), "TM112 - 02 420 | [STUDENT] | [ID_NUM] | - | -");
    assert_eq!(parsed.blocks[0].role.as_deref(), Some("cover"));
    assert_eq!(parsed.blocks[1].role.as_deref(), Some("answer"));
    assert_eq!(
        (parsed.counts.tables, parsed.counts.words_counted as usize),
        (1, PROSE.split_whitespace().count())
    );
}

#[test]
fn the_body_does_not_speak_for_the_cover() {
    let text = format!("Question 1\n\n{PROSE} My TMA 07 for XY999 was rushed.\n");
    let metadata = parse(Content { text: Some(text), ..Content::default() }).metadata;
    assert_eq!(show(&metadata), "- - - - | - | - | - | -");
}
