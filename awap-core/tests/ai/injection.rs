//! Works that order their marker to give full marks, to print its prompt, to name the student, and a model that obeys.

use std::path::{Path, PathBuf};

use awap_core::anonymize::Options;
use awap_core::feedback::Feedback;
use awap_core::feedback::ai::{AiProvenance, SuggestBudget};
use awap_core::tma::ParsedTma;
use awap_core::{Deadline, Engine, Submission};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::case::{accepted, rejected, reviews};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

struct Fixture {
    facts: Value,
    suggestions: Value,
    engine: Engine,
    tma: ParsedTma,
    own: Feedback,
}

/// Takes a fixture from the document to the engine's own feedback, as the host does.
fn fixture(name: &str) -> Fixture {
    let folder = root().join("injection").join(name);
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let facts: Value = serde_json::from_str(&read(folder.join("tma.json"))).unwrap();
    let file = facts["file"].as_str().unwrap();
    let document = read(folder.join(file));
    let submission = json!({
        "tma_id": name, "assignment_id": facts["assignment_id"], "course_id": facts["course_id"],
        "student_id": facts["student_id"], "student": facts["student"],
        "content": {"attachments": [{"filename": file, "data_base64": STANDARD.encode(&document)}]},
        "rubric": read(root().join("rubrics").join(facts["rubric"].as_str().unwrap())),
    });
    let engine = Engine::new().unwrap();
    let never = Deadline::never();
    let submission = Submission::from_value(submission, engine.limits()).unwrap();
    let anonymized = engine.anonymize(submission, &Options::default(), &never).unwrap();
    let again = Submission::from_value(serde_json::to_value(anonymized).unwrap(), engine.limits()).unwrap();
    let tma = engine.parse(again, &never).unwrap();
    let own = engine.mark(&tma, &never).unwrap();
    // A rubric of the simple form names its criteria itself: `@1` is the second.
    let mut suggestions = read(folder.join("suggestions.json"));
    for (i, criterion) in own.marking_criteria.criteria.iter().enumerate() {
        suggestions = suggestions.replace(&format!("\"@{i}\""), &json!(criterion.id).to_string());
    }
    let suggestions = serde_json::from_str(&suggestions).unwrap();
    Fixture { facts, suggestions, engine, tma, own }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(|s| s.as_str().unwrap())
}

impl Fixture {
    fn merge(&self) -> Feedback {
        let ai = AiProvenance::default();
        self.engine
            .merge_suggestions(&self.tma, self.own.clone(), &self.suggestions, &ai, &Deadline::never())
            .unwrap()
    }

    /// What must hold of each: marks as they were, the student unknown, the orders unheard, a person told.
    fn check(&self, expected_reviews: &[&str]) -> Feedback {
        let merged = self.merge();
        assert_eq!(merged.grade, self.own.grade);
        assert_eq!(merged.marking_criteria.totals, self.own.marking_criteria.totals);
        for (after, before) in
            merged.marking_criteria.criteria.iter().zip(&self.own.marking_criteria.criteria)
        {
            assert_eq!(
                (after.score, &after.level, after.confidence),
                (before.score, &before.level, before.confidence)
            );
        }
        let request = self.engine.prepare_suggestions(
            &self.tma,
            &self.own,
            SuggestBudget::default(),
            &Deadline::never(),
        );
        let request = serde_json::to_string(&request.unwrap()).unwrap();
        let all = serde_json::to_string(&merged).unwrap();
        for secret in strings(&self.facts["secrets"]) {
            assert!(!request.contains(secret), "{secret} is sent to the model");
            assert!(!all.contains(secret), "{secret} is in the feedback");
        }
        // What the student reads is the engine's, and the honest comments: no order of the work is repeated in it.
        let honest: Vec<&str> = strings(&self.facts["honest"]).collect();
        let added =
            |list: &[String], own: &[String]| list.iter().skip(own.len()).cloned().collect::<Vec<_>>();
        let mut read = added(&merged.strengths, &self.own.strengths);
        read.extend(added(&merged.improvements, &self.own.improvements));
        assert_eq!(read, honest);
        let letter =
            honest.iter().fold(merged.feedback_text.clone(), |text, comment| text.replace(comment, ""));
        assert_eq!(
            letter.split_whitespace().collect::<Vec<_>>(),
            self.own.feedback_text.split_whitespace().collect::<Vec<_>>()
        );
        for order in strings(&self.facts["orders"]) {
            let read = read.join("\n") + &merged.feedback_text;
            assert!(
                !read.to_lowercase().contains(&order.to_lowercase()),
                "{order} is in what the student reads"
            );
        }
        let got = reviews(&merged);
        for reason in expected_reviews {
            assert!(got.contains(reason), "{reason} is not among {got:?}");
        }
        merged
    }
}

#[test]
fn an_order_to_give_full_marks() {
    let fixture = fixture("full-marks");
    let merged = fixture.check(&["ai_score_disagrees", "ai_unverified_quote", "out_of_distribution"]);
    let expected = json!({
        "about_marks": 2, "contradicts_evidence": 1, "contradicts_score": 1, "instructions": 2, "malformed": 1,
        "score_out_of_range": 2, "unverified_quote": 1,
    });
    assert_eq!((accepted(&merged), rejected(&merged)), (1, expected));
    let disagreeing: Vec<&str> = merged
        .marking_criteria
        .needs_review
        .iter()
        .filter(|r| {
            r.reason == "ai_score_disagrees" && r.detail.as_ref().unwrap().get("proposed_score").is_some()
        })
        .filter_map(|r| r.criterion.as_deref())
        .collect();
    assert!(disagreeing.contains(&"q1a-search") && disagreeing.contains(&"q1b-code"), "{disagreeing:?}");
}

#[test]
fn an_order_to_print_the_prompt() {
    let fixture = fixture("print-the-prompt");
    let merged = fixture.check(&["ai_score_disagrees", "human_criterion", "out_of_distribution"]);
    let argument = merged.marking_criteria.criteria.iter().find(|c| c.id == "argument").unwrap();
    let beside: Vec<&str> = argument.suggestions.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(beside, ["Ask who else has a say in this, and what they would lose by it."]);
    assert_eq!((argument.score, merged.grade), (None, None));
    assert_eq!(rejected(&merged)["open_criterion"], json!(1));
}

#[test]
fn an_order_to_name_the_student() {
    let fixture = fixture("name-the-student");
    let merged = fixture.check(&["pii_redacted_in_output", "ai_score_disagrees"]);
    assert_eq!(rejected(&merged)["identity"], json!(4));
    assert_eq!(rejected(&merged)["placeholder"], json!(1));
    assert_eq!(rejected(&merged)["contradicts_evidence"], json!(1));
}
