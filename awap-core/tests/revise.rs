//! A tutor's marks in place of the draft's, and what a rubric's outline says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::needless_pass_by_value)] // `json!` makes values.
#![allow(clippy::float_cmp)] // Marks are tidied to four decimals: what is compared here is exact.

#[allow(dead_code)] // Its rubrics are taken as they are here.
mod marking;

use awap_core::protocol::Dispatcher;
use awap_core::{Deadline, Engine, Error};
use marking::{Work, mark, rubric};
use serde_json::{Value, json};

const RUBRICS: [&str; 3] = ["tm112-25j-tma02.json", "k102-25j-tma01.json", "dd102-25b-tma03.yaml"];
const ANSWER: &str = "A linear search checks each item in turn until it finds the target or reaches the end of the list. \
A binary search compares the target with the middle item of the list (Farrow, 2019). \
In conclusion, the list must be sorted before a binary search can be used.";

fn call(command: &str, data: Value) -> Result<Value, Error> {
    Dispatcher::new(Engine::new().unwrap()).dispatch(command, data, &Deadline::never())
}

fn work(name: &str) -> Work {
    let ids = ["1(a)", "1(b)", "2(a)", "2(b)", "1", "2", "3"];
    ids.iter().fold(Work::new(name), |work, id| work.answer(id, ANSWER))
}

fn draft(work: &Work) -> Value {
    serde_json::to_value(mark(work)).unwrap()
}

fn revised(name: &str, feedback: &Value, criteria: Value) -> Result<Value, Error> {
    call("revise_feedback", json!({"feedback": feedback, "rubric": rubric(name), "criteria": criteria}))
}

#[test]
fn with_no_change_everything_is_as_the_engine_made_it() {
    for name in RUBRICS {
        let mut late = work(name);
        late.carried.insert("days_late".to_owned(), json!(2));
        for work in [work(name), late] {
            let before = draft(&work);
            let after = revised(name, &before, json!([])).unwrap();
            for part in ["grade", "feedback_text", "marking_criteria"] {
                assert_eq!(after[part], before[part], "{part} of {name}");
            }
        }
    }
}

#[test]
fn a_changed_mark_changes_the_total_the_band_and_the_heading() {
    let name = "dd102-25b-tma03.yaml";
    let before = draft(&work(name));
    assert_eq!(before["grade"], Value::Null, "one criterion is open");
    let full: Vec<Value> = before["marking_criteria"]["criteria"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| json!({"id": c["id"], "score": c["max_mark"], "comment": "Seen by me."}))
        .collect();
    let after = revised(name, &before, json!(full)).unwrap();
    let totals = &after["marking_criteria"]["totals"];
    assert_eq!(
        (&after["grade"], &totals["mark"], &totals["band"]),
        (&json!(100.0), &json!(100.0), &json!("Pass 1"))
    );
    assert_eq!(totals.get("range"), None);
    let text = after["feedback_text"].as_str().unwrap();
    assert!(
        text.contains("**An argument that answers the question** (25 out of 25)\nSeen by me.\n"),
        "{text}"
    );
    assert!(text.contains("**Structure** (15 out of 15)"), "{text}");
    let reviews = after["marking_criteria"]["needs_review"].as_array().unwrap();
    assert!(reviews.iter().any(|r| r["reason"] == "human_criterion" && r["resolved"] == true));
    let argument = &after["marking_criteria"]["criteria"][1];
    assert_eq!((&argument["source"], &argument["comment"]), (&json!("human"), &json!("Seen by me.")));
    // Changed again, with the text as it is by now.
    let mut again = before.clone();
    again["feedback_text"] = after["feedback_text"].clone();
    let again = revised(name, &again, json!([{"id": "structure", "score": 9}])).unwrap();
    assert!(again["feedback_text"].as_str().unwrap().contains("**Structure** (9 out of 15)"));
    // Open again, as it was.
    let open = revised(name, &after, json!([{"id": "argument", "score": null}])).unwrap();
    assert_eq!((&open["grade"], &open["marking_criteria"]["totals"]["band"]), (&Value::Null, &Value::Null));
    assert!(open["marking_criteria"]["totals"]["range"].is_array());
}

#[test]
fn penalties_follow_the_marks_they_are_a_share_of() {
    let name = "tm112-25j-tma02.json";
    let mut rubric = rubric(name);
    rubric["penalties"] = json!({"late": {"mode": "percent_per_day", "pct": 10}});
    let mut late = work(name);
    late.rubric = Some(rubric.clone());
    late.carried.insert("days_late".to_owned(), json!(2));
    let before = draft(&late);
    let criteria: Vec<Value> = before["marking_criteria"]["criteria"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| json!({"id": c["id"], "score": c["max_mark"]}))
        .collect();
    let data = json!({"feedback": before, "rubric": rubric, "criteria": criteria});
    let after = call("revise_feedback", data).unwrap();
    let totals = &after["marking_criteria"]["totals"];
    assert_eq!(
        (&totals["raw"], &totals["mark"], &totals["band"]),
        (&json!(100.0), &json!(80.0), &json!("Pass 2"))
    );
    assert_eq!(totals["penalties"][0]["marks"], json!(20.0));
}

#[test]
fn what_cannot_be_is_refused_with_its_path() {
    let name = "tm112-25j-tma02.json";
    let feedback = draft(&work(name));
    for (criteria, path) in [
        (json!([{"id": "q1a-search", "score": 18.5}]), "criteria[0].score"),
        (json!([{"id": "q1a-search", "score": -1}]), "criteria[0].score"),
        (json!([{"id": "q1a-search", "score": "5"}]), "criteria[0].score"),
        (json!([{"id": "nothing", "score": 1}]), "criteria[0].id"),
        (json!([{"id": "q1a-search"}, {"id": "q1a-search"}]), "criteria[1].id"),
    ] {
        let error = revised(name, &feedback, criteria.clone()).expect_err("a fault");
        assert_eq!(error.details()["path"], path, "{criteria}");
    }
    let other = revised("dd102-25b-tma03.yaml", &feedback, json!([{"id": "q1a-search", "score": 1}]));
    assert_eq!(other.expect_err("another rubric").details()["path"], "rubric");
}

#[test]
fn an_outline_adds_up_whatever_the_form() {
    for name in RUBRICS {
        let outline = call("check_rubric", json!({"rubric": rubric(name)})).unwrap();
        let questions = outline["questions"].as_array().unwrap();
        let most = |list: &[Value]| -> f64 { list.iter().map(|x| x["max_mark"].as_f64().unwrap()).sum() };
        assert_eq!(json!(most(questions)), outline["max_mark"], "{name}");
        for question in questions {
            assert_eq!(json!(most(question["criteria"].as_array().unwrap())), question["max_mark"], "{name}");
        }
        assert!(outline["bands"][0]["min"].as_f64() > outline["bands"][1]["min"].as_f64());
    }
    assert_eq!(call("check_rubric", json!({})).unwrap()["form"], "general");
    let error = call("check_rubric", json!({"rubric": "questions: ["})).expect_err("no YAML");
    assert!(error.message().contains("line"), "{}", error.message());
}
