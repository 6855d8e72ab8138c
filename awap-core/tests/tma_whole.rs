//! What must hold of every parsed TMA, whatever came in.
#![allow(clippy::unwrap_used, clippy::too_many_lines)] // helpers of tests, and tables of cases

use awap_core::submission::{Answer, Content};
use awap_core::tma::{self, ParsedTma};
use awap_core::{Deadline, Limits, Submission};
use proptest::prelude::*;
use serde_json::json;

fn parse(content: Content) -> ParsedTma {
    let rubric = Some(json!({"questions": [{"id": "1(a)"}, {"id": "2"}]}));
    let tma = Submission { content, rubric, ..Submission::default() };
    tma::parse(tma, &Limits::default(), &Deadline::never()).unwrap()
}

fn text(text: &str) -> Content {
    Content { text: Some(text.to_owned()), ..Content::default() }
}

fn spans_fit(parsed: &ParsedTma) -> Result<(), TestCaseError> {
    let fits = |start: usize, end: usize| parsed.text.get(start..end).is_some();
    for q in &parsed.questions {
        prop_assert_eq!(parsed.text.get(q.start..q.end), Some(q.text.as_str()));
        prop_assert!(q.prompt.is_none_or(|p| fits(p.start, p.end) && p.end <= q.start));
    }
    for pair in parsed.questions.windows(2) {
        prop_assert!(pair[0].end <= pair[1].start, "answers overlap");
    }
    for c in &parsed.citations {
        prop_assert_eq!(parsed.text.get(c.start..c.end), Some(c.text.as_str()));
        prop_assert!(c.reference.is_none_or(|i| i < parsed.references.len()));
    }
    for r in &parsed.references {
        prop_assert_eq!(parsed.text.get(r.start..r.end), Some(r.text.as_str()));
    }
    for b in &parsed.blocks {
        prop_assert!(fits(b.start, b.end));
    }
    Ok(())
}

proptest! {
    #[test]
    fn spans_fit_whatever_is_typed(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("Question 1\n\n".to_owned()), Just("(a) ".to_owned()), Just("2. ".to_owned()), Just("Part B\n".to_owned()),
                Just("Answer: ".to_owned()), Just("References\n\n".to_owned()), Just("Smith, J. (2019) A Book.\n".to_owned()),
                Just("(Smith, 2019) ".to_owned()), Just("Explain what it is.\n\n".to_owned()), Just("Word count: 12\n".to_owned()),
                Just("\n\n".to_owned()), Just("Name: [STUDENT]\t".to_owned()), Just("Appendix\n".to_owned()), Just("```\n".to_owned()),
                "[a-zéß ’“]{1,30}[.?]?", "\\PC{0,12}",
            ],
            0..40,
        )
    ) {
        spans_fit(&parse(text(&pieces.concat())))?;
    }

    #[test]
    fn spans_fit_whatever_documents_say(
        body in "(Question 1|\\(a\\)|é|text of an answer|\n\n|\t|“x”| ){0,30}",
        blocks in prop::collection::vec((0usize..80, 0usize..80, 0u8..8, prop::option::of("(1\\.|\\(a\\)|Question 2|•|é)")), 0..8),
    ) {
        let kinds = ["heading", "paragraph", "list_item", "table", "code", "title", "quote", "figure"];
        let blocks: Vec<_> = blocks
            .iter()
            .map(|(start, end, kind, label)| json!({
                "kind": kinds[*kind as usize], "start": start, "end": end, "label": label,
                "cells": [{"row": 0, "column": 0, "start": start, "end": end}],
                "runs": [{"start": start, "end": end, "bold": true}],
            }))
            .collect();
        let documents = json!([{"source": "x", "format": "docx", "parts": [
            {"name": "body", "kind": "body", "text": body, "blocks": blocks},
            {"name": "header1", "kind": "header", "text": body, "blocks": []},
        ]}]);
        let content = Content { documents: serde_json::from_value(documents).unwrap(), ..Content::default() };
        spans_fit(&parse(content))?;
    }
}

#[test]
fn long_hostile_texts_end_soon() {
    let limit = std::time::Duration::from_mins(1);
    for unit in [
        "Question 1\n\n",
        "1. a\n",
        "(a) ",
        "(a) some words here\n\n",
        "# A\n\n",
        "Answer:\n\n",
        "Name: x\n",
        "i) ii) iii)\n",
        "Question 1 Explain what it is?\n",
        "References\n\nAppendix\n\nQuestion 2\n\n",
        "Word count: 3\n\n",
        "a\tb\n",
        "[STUDENT]\n\n",
        "Q1 (a) text that goes on for a while.\n\n(1) ",
        "1",
        "\u{301}",
        "What is it? ",
        "Question 1 ........ 3\n",
        "**b**\n\n",
    ] {
        let started = std::time::Instant::now();
        parse(text(&unit.repeat(60_000 / unit.len())));
        assert!(started.elapsed() < limit, "{unit:?}");
    }
}

#[test]
fn what_came_in_comes_out_but_for_the_content() {
    let tma: Submission = serde_json::from_value(json!({
        "tma_id": "t1", "assignment_id": "TM112-25J-TMA02", "student_id": "stu_1", "batch": {"n": 3},
        "content": {"text": "Some words."}, "anonymization": {"pseudonym": "stu_1"}, "rubric": {"questions": [{"id": "1"}]},
    }))
    .unwrap();
    let parsed = tma::parse(tma, &Limits::default(), &Deadline::never()).unwrap();
    let value = serde_json::to_value(&parsed).unwrap();
    for (key, want) in [
        ("tma_id", json!("t1")),
        ("student_id", json!("stu_1")),
        ("batch", json!({"n": 3})),
        ("anonymization", json!({"pseudonym": "stu_1"})),
        ("rubric", json!({"questions": [{"id": "1"}]})),
    ] {
        assert_eq!(value[key], want, "{key}");
    }
    assert!(value.get("content").is_none());
    assert_eq!(value["metadata"]["module_code"], "TM112");
    assert_eq!(value["metadata"]["presentation"], "25J");
    assert_eq!(value["metadata"]["tma_number"], "02");
    let back: ParsedTma = serde_json::from_value(value).unwrap();
    assert_eq!(back, parsed);
}

#[test]
fn parts_come_in_order_and_spans_point_into_them() {
    let answer = Answer {
        question: "2".into(),
        text: "An answer to the second question (Smith, 2019).".into(),
        ..Answer::default()
    };
    let documents = json!([{"source": "x", "format": "docx", "parts": [
        {"name": "body", "kind": "body", "text": "References\n\nSmith, J. (2019) A Book. Leeds: A Press.",
         "blocks": [{"kind": "heading", "level": 1, "start": 0, "end": 10}, {"kind": "paragraph", "start": 12, "end": 52}]},
        {"name": "footnotes", "kind": "footnote", "text": "See Smith (2019, p. 4).", "blocks": [{"kind": "footnote", "start": 0, "end": 23}]},
        {"name": "properties", "kind": "property", "text": "A title", "blocks": [{"kind": "property", "label": "title", "start": 0, "end": 7}]},
    ]}]);
    let content = Content {
        answers: vec![answer],
        documents: serde_json::from_value(documents).unwrap(),
        ..Content::default()
    };
    let parsed = parse(content);
    assert!(parsed.text.starts_with("An answer") && parsed.text.ends_with("p. 4)."));
    assert!(!parsed.text.contains("A title"));
    assert_eq!(parsed.citations.iter().map(|c| c.reference).collect::<Vec<_>>(), [Some(0), Some(0)]);
    assert_eq!(parsed.counts.footnotes, 1);
    assert_eq!(parsed.questions.len(), 1);
    assert_eq!(parsed.metadata.title.as_deref(), Some("A title"));
    let missing: Vec<_> = parsed.warnings.iter().filter(|w| w.code == "question_not_found").collect();
    assert!(missing.len() == 1 && missing[0].message.contains("1(a)"));
}

#[test]
fn counts_leave_out_what_the_student_did_not_write() {
    let cover = "Name: [STUDENT]\nTM112 TMA 01\n\n";
    let prompt = "Question 1\n\nWhat is meant by a network of computers?\n\n";
    let answer =
        "One two three four five six seven eight (Smith, 2019). Nine ten and more.\n\nEleven twelve.\n\n";
    let tail = "Word count: 15\n\nReferences\n\nSmith, J. (2019) A Book. Leeds: A Press.\n\nAppendix\n\nMore words that nobody counts.";
    let parsed = parse(text(&format!("{cover}{prompt}{answer}{tail}")));
    assert_eq!(parsed.counts.words, 49, "all of it");
    assert_eq!(parsed.counts.words_counted, 16);
    assert_eq!((parsed.counts.sentences, parsed.counts.paragraphs), (3, 2));
    let roles: Vec<_> = parsed.blocks.iter().map(|b| b.role.as_deref().unwrap_or("-")).collect();
    for role in ["cover", "prompt", "answer", "reference_list", "appendix"] {
        assert!(roles.contains(&role), "{role}: {roles:?}");
    }
}

#[test]
fn headings_within_an_answer_count_towards_the_limit() {
    let body = "Question 1\n\nTwo words\n\nOne two three four five six seven eight nine ten.";
    let documents = json!([{"source": "x", "format": "docx", "parts": [{"name": "body", "kind": "body", "text": body, "blocks": [
        {"kind": "heading", "level": 1, "start": 0, "end": 10},
        {"kind": "heading", "level": 2, "start": 12, "end": 21},
        {"kind": "paragraph", "start": 23, "end": body.len()},
    ]}]}]);
    let parsed =
        parse(Content { documents: serde_json::from_value(documents).unwrap(), ..Content::default() });
    assert_eq!((parsed.counts.words, parsed.counts.words_counted), (14, 12));
}

#[test]
fn marks_of_plain_text_are_no_words() {
    let parsed =
        parse(text("## Question 1\n\n### Two words\n\nOne two three - four.\n\n- five six\n- seven\n"));
    assert_eq!((parsed.counts.words, parsed.counts.words_counted), (12, 10));
    assert_eq!(parsed.questions[0].words, 8);
}

#[test]
fn both_kinds_of_orphan_are_reported() {
    let said = |prose: &str, list: &str| -> Vec<String> {
        let parsed = parse(text(&format!("{prose}\n\nReferences\n\n{list}\n")));
        parsed.warnings.into_iter().map(|w| w.code).filter(|code| code != "question_not_found").collect()
    };
    let list = "Smith, J. (2019) A Book. Leeds: A Press.";
    assert_eq!(said("Words that are cited (Smith, 2019).", list), [""; 0]);
    assert_eq!(
        said("Words that are cited (Brown, 2001) by others.", list),
        ["citation_without_reference", "reference_not_cited"]
    );
    let through = "Words that are cited (Brown, 2001, cited in Smith, 2019) by others.";
    assert_eq!(said(through, list), [""; 0]);
}
