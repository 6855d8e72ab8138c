//! The merge as a whole: what it changes, what it never changes, what it refuses.

use awap_core::feedback::Feedback;
use awap_core::feedback::ai::AiProvenance;
use awap_core::{Deadline, ErrorCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::case::{CASE, GOOD, accepted, comment, good, rejected};
use crate::marking::schema::{conforms, feedback_schema};

/// The feedback without anything that a merge may add.
fn stripped(merged: &Feedback) -> Feedback {
    let own = &CASE.own;
    let mut out = merged.clone();
    out.strengths.truncate(own.strengths.len());
    out.improvements.truncate(own.improvements.len());
    out.feedback_text.clone_from(&own.feedback_text);
    let marking = &mut out.marking_criteria;
    marking.tone.clone_from(&own.marking_criteria.tone);
    marking.needs_review.truncate(own.marking_criteria.needs_review.len());
    for name in ["strengths", "improvements"] {
        let length = own.marking_criteria.extra["claims"][name].as_array().unwrap().len();
        marking.extra["claims"][name].as_array_mut().unwrap().truncate(length);
    }
    for criterion in &mut marking.criteria {
        if criterion.source == "rule+ai" {
            assert!(!criterion.suggestions.is_empty());
            "rule".clone_into(&mut criterion.source);
        }
        criterion.suggestions.clear();
    }
    marking.provenance.ai = None;
    marking.provenance.deterministic = true;
    out
}

/// Good comments, bad ones and scores, in any number and order.
fn suggestions() -> impl Strategy<Value = Value> {
    let good = prop::sample::select(good());
    let bad = prop::sample::select(vec![
        json!(null),
        json!({"criterion": "q1a-search", "kind": "strength", "text": "Full marks for you, zqxjk.", "quote": "zqxjk zqxjk zqxjk"}),
        comment(
            "q1a-search",
            "strength",
            "You explain this step to your reader very well.",
            "A binary search works on any list",
        ),
        comment(
            "q2b-issues",
            "improvement",
            "Ask zqxjk@example.org what the law is about, and why.",
            GOOD[7][3],
        ),
        comment("q2b-issues", "improvement", "Say what you zqxjk <b>think</b> of it.", GOOD[7][3]),
        comment("no-such", "improvement", GOOD[7][2], GOOD[7][3]),
    ]);
    let score = (
        prop::sample::select(vec!["q1a-search", "q1b-code", "q2b-issues", "q2b-length", "none"]),
        -1.0f64..40.0,
    )
        .prop_map(|(criterion, score)| json!({"criterion": criterion, "score": score}));
    let comments = prop::collection::vec(prop_oneof![3 => good, 1 => bad], 0..24);
    (comments, prop::collection::vec(score, 0..6)).prop_map(|(c, s)| json!({"comments": c, "scores": s}))
}

#[test]
fn nothing_to_merge_leaves_the_engines_own() {
    for nothing in [
        json!(null),
        json!({}),
        json!({"comments": [], "scores": []}),
        json!("nonsense"),
        json!([1, 2]),
        json!(0),
    ] {
        let merged = CASE.merge(&nothing);
        assert!(merged.marking_criteria.provenance.deterministic, "{nothing}");
        let ai = merged.marking_criteria.provenance.ai.clone().unwrap();
        assert_eq!((&ai["model_id"], &ai["accepted_claims"]), (&json!("tiny"), &json!(0)));
        let mut own = CASE.own.clone();
        own.marking_criteria.provenance.ai = Some(ai);
        assert_eq!(
            serde_json::to_string(&merged).unwrap(),
            serde_json::to_string(&own).unwrap(),
            "{nothing}"
        );
    }
}

#[test]
fn what_is_accepted_is_beside_its_criterion_and_in_the_lists_with_its_evidence() {
    let merged = CASE.merge(&json!({"comments": good()}));
    let marking = &merged.marking_criteria;
    for [id, kind, text, quote] in GOOD {
        let criterion = marking.criteria.iter().find(|c| c.id == id).unwrap();
        assert_eq!(criterion.source, "rule+ai");
        let suggestion = criterion.suggestions.iter().find(|s| s.text == text).unwrap();
        assert_eq!((suggestion.kind.as_str(), suggestion.quote.as_str()), (kind, quote));
        let (list, name) = if kind == "strength" {
            (&merged.strengths, "strengths")
        } else {
            (&merged.improvements, "improvements")
        };
        let at = list.iter().position(|s| s == text).unwrap();
        let claim = &marking.extra["claims"][name][at];
        assert_eq!((&claim["source"], &claim["criterion"]), (&json!("ai"), &json!(id)));
        assert_eq!(
            claim["evidence"][0],
            json!({"start": suggestion.start, "end": suggestion.end, "quote": quote})
        );
    }
    assert!(marking.criteria.iter().filter(|c| c.suggestions.is_empty()).all(|c| c.source == "rule"));
    assert!(!marking.provenance.deterministic);
    conforms(&serde_json::to_value(&merged).unwrap(), &feedback_schema());
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let one = r#"{"comments":[{"criterion":"q2b-issues","kind":"improvement","quote":"the law asks for explicit consent","text":"Give a reason for this, and say who might see it in another way."}],"scores":[{"criterion":"q1a-search","score":18}]}"#;
    let other = r#"{"scores":[{"score":18,"criterion":"q1a-search"}],"comments":[{"text":"Give a reason for this, and say who might see it in another way.","quote":"the law asks for explicit consent","x":0,"kind":"improvement","criterion":"q2b-issues"}]}"#;
    let [one, other] = [one, other].map(|s| CASE.merge(&serde_json::from_str(s).unwrap()));
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
    assert_eq!(accepted(&one), 1);
}

#[test]
fn feedback_that_does_not_belong_to_the_work_is_refused() {
    let refused = |change: &dyn Fn(&mut Feedback), path: &str| {
        let mut feedback = CASE.own.clone();
        change(&mut feedback);
        let ai = AiProvenance::default();
        let result =
            CASE.engine.merge_suggestions(&CASE.tma, feedback, &json!(null), &ai, &Deadline::never());
        let error = result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidInput);
        assert_eq!(error.details()["path"], path);
        assert!(!error.message().contains("search"), "{}", error.message());
    };
    let at = "feedback.marking_criteria";
    refused(
        &|f| f.marking_criteria.provenance.input_sha256 = "0".repeat(64),
        &format!("{at}.provenance.input_sha256"),
    );
    refused(
        &|f| f.marking_criteria.provenance.rubric_sha256 = String::new(),
        &format!("{at}.provenance.rubric_sha256"),
    );
    refused(&|f| f.marking_criteria.criteria.truncate(3), &format!("{at}.criteria"));
    refused(&|f| f.marking_criteria.criteria.reverse(), &format!("{at}.criteria"));
    refused(
        &|f| f.marking_criteria.criteria[0].evidence[1].end += 1,
        &format!("{at}.criteria[0].evidence[1]"),
    );
    refused(
        &|f| f.marking_criteria.criteria[0].evidence[1].start = usize::MAX,
        &format!("{at}.criteria[0].evidence[1]"),
    );
    refused(&|f| f.improvements.clear(), &format!("{at}.claims.improvements"));
    refused(&|f| f.marking_criteria.extra.clear(), &format!("{at}.claims.strengths"));
    refused(
        &|f| {
            f.marking_criteria.provenance.ai = Some(json!({}));
            f.grade = Some(100.0);
        },
        &format!("{at}.provenance.ai"),
    );
}

#[test]
fn a_deadline_that_passed_is_an_error() {
    let deadline = Deadline::never();
    deadline.cancel();
    let result = CASE.engine.merge_suggestions(
        &CASE.tma,
        CASE.own.clone(),
        &json!({}),
        &AiProvenance::default(),
        &deadline,
    );
    assert_eq!(result.unwrap_err().code(), ErrorCode::Timeout);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Beside what is added nothing changes, to the byte; every number of a mark least of all.
    #[test]
    fn all_else_is_as_it_was(suggestions in suggestions()) {
        let merged = CASE.merge(&suggestions);
        prop_assert_eq!(serde_json::to_string(&stripped(&merged)).unwrap(), serde_json::to_string(&CASE.own).unwrap());
        prop_assert_eq!(merged.grade, CASE.own.grade);
        prop_assert_eq!(&merged.marking_criteria.totals, &CASE.own.marking_criteria.totals);
        let value = serde_json::to_value(&merged).unwrap();
        conforms(&value, &feedback_schema());
        prop_assert!(!value.to_string().contains("zqxjk"), "what was dropped is gone");
        // Added reviews say that they are a model's, and each reason that is not about one criterion comes once.
        let added = &merged.marking_criteria.needs_review[CASE.own.marking_criteria.needs_review.len()..];
        prop_assert!(added.iter().all(|r| r.detail.as_ref().unwrap()["source"] == "ai"));
        for reason in ["ai_unverified_quote", "pii_redacted_in_output", "out_of_distribution"] {
            prop_assert!(added.iter().filter(|r| r.reason == reason).count() <= 1);
        }
        prop_assert_eq!(merged.marking_criteria.provenance.deterministic, accepted(&merged) == 0 && added.is_empty());
        let ai = merged.marking_criteria.provenance.ai.as_ref().unwrap();
        let sum: u64 = rejected(&merged).as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        prop_assert_eq!(ai["rejected_claims"].as_u64(), Some(sum));
        let offered = suggestions["comments"].as_array().unwrap().len() + suggestions["scores"].as_array().unwrap().len();
        prop_assert_eq!(sum + accepted(&merged) + ai["compared_scores"].as_u64().unwrap(), offered as u64);
    }

    /// The same again gives the same, into the engine's own feedback as into the merged one, in any order.
    #[test]
    fn the_same_again_is_the_same(suggestions in suggestions(), seed in any::<u64>()) {
        let merged = CASE.merge(&suggestions);
        let text = serde_json::to_string(&merged).unwrap();
        prop_assert_eq!(&serde_json::to_string(&CASE.merge(&suggestions)).unwrap(), &text);
        prop_assert_eq!(&serde_json::to_string(&CASE.merge_into(merged, &suggestions)).unwrap(), &text);
        let mut shuffled = suggestions.clone();
        for list in ["comments", "scores"] {
            let items = shuffled[list].as_array_mut().unwrap();
            let n = items.len();
            for i in 1..n {
                items.swap(i, (seed.rotate_left(i as u32) % (i as u64 + 1)) as usize);
            }
        }
        prop_assert_eq!(&serde_json::to_string(&CASE.merge(&shuffled)).unwrap(), &text);
    }

    /// A merge takes the place of an earlier one.
    #[test]
    fn a_second_merge_takes_the_place_of_the_first(first in suggestions(), second in suggestions()) {
        let twice = CASE.merge_into(CASE.merge(&first), &second);
        prop_assert_eq!(serde_json::to_string(&twice).unwrap(), serde_json::to_string(&CASE.merge(&second)).unwrap());
    }
}
