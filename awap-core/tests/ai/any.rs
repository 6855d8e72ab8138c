//! Any JSON at all, to both commands: an answer or an error of the contract, never a panic, never another mark.

use std::sync::LazyLock;

use awap_core::protocol::Dispatcher;
use awap_core::{Deadline, Engine, ErrorCode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::case::{CASE, GOOD, accepted, comment, rejected};
use crate::marking::schema::{conforms, feedback_schema};

static DISPATCHER: LazyLock<Dispatcher> = LazyLock::new(|| Dispatcher::new(Engine::new().unwrap()));
static DATA: LazyLock<Value> = LazyLock::new(|| json!({"parsed": CASE.tma, "feedback": CASE.own}));

/// Strings that mean something here, and any others.
fn string() -> impl Strategy<Value = String> {
    let known: Vec<String> = GOOD.iter().flatten().map(|s| (*s).to_owned()).collect();
    prop_oneof![
        prop::sample::select(known),
        prop::sample::select(vec![
            "comments",
            "scores",
            "criterion",
            "kind",
            "text",
            "quote",
            "score",
            "strength"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,40}",
    ]
}

/// Any JSON of some depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        string().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 96, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            prop::collection::vec((string(), inner), 0..12)
                .prop_map(|f| Value::Object(f.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// JSON of the contract's form, with anything in its places.
fn near_miss() -> impl Strategy<Value = Value> {
    let field = || prop_oneof![3 => string().prop_map(Value::from), 1 => any_json()];
    let one = (field(), field(), field(), field())
        .prop_map(|(c, k, t, q)| json!({"criterion": c, "kind": k, "text": t, "quote": q}));
    let good = (0usize..8, 0usize..4, field()).prop_map(|(i, at, other)| {
        let mut item = comment(GOOD[i][0], GOOD[i][1], GOOD[i][2], GOOD[i][3]);
        item[["criterion", "kind", "text", "quote"][at]] = other;
        item
    });
    let scores = prop::collection::vec(
        (field(), any_json()).prop_map(|(c, s)| json!({"criterion": c, "score": s})),
        0..5,
    );
    (prop::collection::vec(prop_oneof![one, good], 0..10), scores)
        .prop_map(|(c, s)| json!({"comments": c, "scores": s}))
}

fn dispatch(command: &str, data: Value) -> awap_core::Result<Value> {
    DISPATCHER.dispatch(command, data, &Deadline::never())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_suggestions(suggestions in prop_oneof![any_json(), near_miss()], ai in any_json()) {
        let mut data = DATA.clone();
        data["suggestions"] = suggestions;
        data["ai"] = ai;
        let merged = dispatch("merge_suggestions", data).expect("never an error");
        conforms(&merged, &feedback_schema());
        let own = &DATA["feedback"];
        prop_assert_eq!(&merged["grade"], &own["grade"]);
        prop_assert_eq!(&merged["marking_criteria"]["totals"], &own["marking_criteria"]["totals"]);
        let marks = |f: &Value| -> Vec<Value> {
            let criteria = f["marking_criteria"]["criteria"].as_array().unwrap();
            criteria.iter().map(|c| json!([c["id"], c["score"], c["level"], c["confidence"], c["evidence"]])).collect()
        };
        prop_assert_eq!(marks(&merged), marks(own));
    }

    #[test]
    fn as_the_data_of_either_command(data in any_json(), field in prop::sample::select(vec!["parsed", "feedback", "budget"]), at in any::<prop::sample::Index>(), command in prop::sample::select(vec!["prepare_suggestions", "merge_suggestions"])) {
        let error = dispatch(command, json!({"parsed": data, "feedback": data})).unwrap_err();
        prop_assert_eq!(error.code(), ErrorCode::InvalidInput);
        // A part of the right data changed to anything.
        let mut changed = DATA.clone();
        changed["budget"] = json!({"max_tokens": 10, "time_ms": 10});
        let mut pointers = Vec::new();
        places(&changed[field], format!("/{field}"), &mut pointers);
        *changed.pointer_mut(&pointers[at.index(pointers.len())]).unwrap() = data;
        if let Err(error) = dispatch(command, changed) {
            prop_assert_eq!(error.code(), ErrorCode::InvalidInput, "{}", error);
        }
    }
}

fn places(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| places(v, format!("{at}/{k}"), out)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| places(v, format!("{at}/{i}"), out));
        }
        _ => {}
    }
    out.push(at);
}

#[test]
fn megabytes_of_it() {
    let [criterion, kind, text, quote] = GOOD[7];
    let huge = "The list must be sorted, and you say so. ".repeat(50_000);
    let [long_text, long_quote] =
        [comment(criterion, kind, &huge, quote), comment(criterion, kind, text, &huge)];
    // As deep as a request may be.
    let mut deep = json!(1);
    for _ in 0..250 {
        deep = json!([deep]);
    }
    for (suggestions, reason, count) in [
        (json!({"comments": vec![long_text; 40]}), "text_length", 40),
        (json!({"comments": vec![long_quote; 40]}), "quote_length", 40),
        (json!({"comments": vec![json!([[], {}, "x"]); 300_000]}), "malformed", 64),
        (json!({"comments": vec![json!(null); 300_000]}), "too_many", 300_000 - 64),
        (json!({"scores": vec![json!({"criterion": huge, "score": 1}); 40]}), "unknown_criterion", 40),
        (json!({"comments": deep.clone(), "scores": {"criterion": deep}}), "malformed", 2),
    ] {
        let merged = CASE.merge(&suggestions);
        assert_eq!(rejected(&merged)[reason], json!(count), "{reason}");
        assert_eq!((accepted(&merged), merged.grade), (0, CASE.own.grade));
    }
}

#[test]
fn what_the_commands_answer() {
    let mut data = DATA.clone();
    data["budget"] = json!({"max_tokens": 10});
    let request = dispatch("prepare_suggestions", data.clone()).unwrap();
    assert_eq!(request["request"]["budget"], json!({"max_tokens": 10, "time_ms": 20_000}));
    data["suggestions"] = json!({"comments": super::case::good()});
    data["ai"] =
        json!({"image_digest": "sha256:00", "model_sha256": "11", "model_id": "tiny", "milliseconds": 5});
    let merged = dispatch("merge_suggestions", data.clone()).unwrap();
    assert_eq!(
        merged["marking_criteria"]["provenance"]["ai"],
        json!({"image_digest": "sha256:00", "model_sha256": "11", "model_id": "tiny", "milliseconds": 5, "accepted_claims": 8, "rejected_claims": 0, "rejected": {}, "compared_scores": 0})
    );
    // What comes out is valid input again.
    data["feedback"] = merged.clone();
    assert_eq!(dispatch("merge_suggestions", data).unwrap(), merged);
    for (data, path) in [
        (json!({"feedback": DATA["feedback"]}), "parsed"),
        (json!({"parsed": DATA["parsed"]}), "feedback"),
        (json!({"parsed": DATA["parsed"], "feedback": {"grade": 1}}), "feedback.feedback_text"),
        (
            json!({"parsed": DATA["parsed"], "feedback": DATA["feedback"], "budget": {"max_tokens": -1}}),
            "budget.max_tokens",
        ),
    ] {
        assert_eq!(dispatch("prepare_suggestions", data).unwrap_err().details()["path"], path);
    }
}
