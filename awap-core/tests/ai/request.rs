//! What a model is asked, and what it is never sent.

use awap_core::feedback::ai::SuggestBudget;
use awap_core::{Deadline, ErrorCode};
use serde_json::{Value, json};

use super::case::{CASE, Case, PSEUDONYM, anonymized, work};
use crate::marking::Work;

fn request(case: &Case) -> Value {
    let request =
        case.engine.prepare_suggestions(&case.tma, &case.own, SuggestBudget::default(), &Deadline::never());
    serde_json::to_value(request.unwrap()).unwrap()
}

#[test]
fn it_holds_the_text_the_questions_the_criteria_and_nothing_else() {
    let request = request(&CASE);
    let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&request), ["budget", "criteria", "questions", "text"]);
    assert_eq!(request["text"], json!(CASE.tma.text));
    assert_eq!(request["budget"], json!({"max_tokens": 768, "time_ms": 20_000}));
    let ids: Vec<_> =
        request["questions"].as_array().unwrap().iter().map(|q| q["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1(a)", "1(b)", "2(a)", "2(b)"]);
    for (asked, read) in request["questions"].as_array().unwrap().iter().zip(&CASE.tma.questions) {
        assert_eq!(
            (keys(asked), &asked["start"], &asked["end"]),
            (vec!["end".into(), "id".into(), "start".into()], &json!(read.start), &json!(read.end))
        );
    }
    let criteria = request["criteria"].as_array().unwrap();
    assert_eq!(criteria.len(), CASE.own.marking_criteria.criteria.len());
    for (asked, own) in criteria.iter().zip(&CASE.own.marking_criteria.criteria) {
        assert_eq!(keys(asked), ["description", "engine", "id", "levels", "max_mark", "question", "title"]);
        assert_eq!((&asked["id"], &asked["question"]), (&json!(own.id), &json!(own.question)));
        let engine = &asked["engine"];
        assert_eq!(keys(engine), ["confidence", "evidence", "level", "missing", "score"]);
        assert_eq!((&engine["score"], &engine["missing"]), (&json!(own.score), &json!(own.missing)));
    }
    let text = request.to_string();
    for secret in ["t-1", PSEUDONYM, "stu_", "anonymization", "metadata", "Farrow, L."] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn what_speaks_against_the_student_is_not_shown_as_if_it_spoke_for_them() {
    let request = request(&CASE);
    let quotes = request["criteria"][0]["engine"]["evidence"].to_string();
    assert!(
        quotes.contains("looks at each item in turn") && !quotes.contains("works on any list"),
        "{quotes}"
    );
}

#[test]
fn questions_without_an_answer_are_not_asked_about() {
    let mut part = Work::new("tm112-25j-tma02.json").answer("2(a)", "A password is something you know.");
    anonymized(&mut part);
    let of_part = request(&Case::of(&part));
    let questions: Vec<_> =
        of_part["criteria"].as_array().unwrap().iter().map(|c| c["question"].as_str().unwrap()).collect();
    assert_eq!((of_part["questions"].as_array().unwrap().len(), questions), (1, vec!["2(a)"]));
    let mut nothing = Work::new("tm112-25j-tma02.json");
    anonymized(&mut nothing);
    let of_nothing = request(&Case::of(&nothing));
    assert_eq!((&of_nothing["questions"], &of_nothing["criteria"]), (&json!([]), &json!([])));
}

#[test]
fn a_work_in_parts_is_one_question_where_the_rubric_has_one() {
    let mut parts = Work::new("k102-25j-tma01.json")
        .answer("1(a)", "Grace likes to choose her own clothes.")
        .answer("1(b)", "Her carers should listen and give her time.");
    anonymized(&mut parts);
    let case = Case::of(&parts);
    let end = case.tma.text.len();
    assert_eq!(request(&case)["questions"], json!([{"id": "1", "start": 0, "end": end}]));
}

#[test]
fn what_was_not_anonymized_goes_to_no_model() {
    for (field, value) in [
        ("anonymization", Value::Null),
        ("student_id", json!("M4471902")),
        ("anonymization", json!({"pseudonym": PSEUDONYM, "report_only": true})),
        ("anonymization", json!({"pseudonym": PSEUDONYM, "labels_kept": ["NAME_STUDENT"]})),
        ("student", json!({"name": "Adaeze Okonkwo"})),
    ] {
        let mut plain = work();
        plain.carried.insert(field.to_owned(), value);
        let case = Case::of(&plain);
        let error = case
            .engine
            .prepare_suggestions(&case.tma, &case.own, SuggestBudget::default(), &Deadline::never())
            .unwrap_err();
        assert_eq!(
            (error.code(), &error.details()["path"]),
            (ErrorCode::InvalidInput, &json!("parsed.anonymization")),
            "{field}"
        );
    }
}

#[test]
fn budgets_have_bounds() {
    for (max_tokens, time_ms, path) in [
        (0, 1, "budget.max_tokens"),
        (16_385, 1, "budget.max_tokens"),
        (1, 0, "budget.time_ms"),
        (1, 600_001, "budget.time_ms"),
    ] {
        let budget = SuggestBudget { max_tokens, time_ms };
        let error =
            CASE.engine.prepare_suggestions(&CASE.tma, &CASE.own, budget, &Deadline::never()).unwrap_err();
        assert_eq!(error.details()["path"], path);
    }
    let mut other = CASE.own.clone();
    other.marking_criteria.provenance.input_sha256 = String::new();
    let result =
        CASE.engine.prepare_suggestions(&CASE.tma, &other, SuggestBudget::default(), &Deadline::never());
    assert_eq!(result.unwrap_err().code(), ErrorCode::InvalidInput);
}
