//! Rules that hold comments and scores against what the engine found.

use awap_core::feedback::MarkedCriterion;
use proptest::prelude::*;
use serde_json::json;

use super::case::{CASE, Case, GOOD, accepted, anonymized, comment, good, rejected, reviews, work};
use crate::marking::{Work, rubric};

fn marked(id: &str) -> &'static MarkedCriterion {
    CASE.own.marking_criteria.criteria.iter().find(|c| c.id == id).unwrap()
}

/// Comments that say different things, as many as are asked for.
fn different(n: usize) -> Vec<String> {
    let things = [
        "shelf", "title", "book", "reader", "phone", "thief", "door", "card", "page", "street", "letter",
        "window",
    ];
    let asks =
        ["Say what the {} is for, and who would miss it.", "Where in your answer does the {} come back?"];
    (0..n).map(|i| asks[i / things.len() % 2].replace("{}", things[i % things.len()])).collect()
}

#[test]
fn a_comment_is_about_a_criterion_of_the_rubric() {
    for id in ["q9-none", "", "Q2B-ISSUES", "q2b-issues ", "The issues"] {
        let merged = CASE.one(id, GOOD[7][1], GOOD[7][2], GOOD[7][3]);
        assert_eq!(rejected(&merged), json!({"unknown_criterion": 1}), "{id}");
    }
}

#[test]
fn a_planted_error_is_not_praised() {
    let text = "You put it well, and your reader can follow each step.";
    let quote = "A binary search works on any list";
    let merged = CASE.one("q1a-search", "strength", text, quote);
    assert_eq!(rejected(&merged), json!({"contradicts_evidence": 1}));
    assert_eq!(reviews(&merged), ["ai_score_disagrees"]);
    let review = merged.marking_criteria.needs_review.last().unwrap();
    assert_eq!(review.criterion.as_deref(), Some("q1a-search"));
    // Nor for another criterion of the question; advice on it is welcome.
    assert_eq!(
        rejected(&CASE.one("q1a-length", "strength", text, quote)),
        json!({"contradicts_evidence": 1})
    );
    let advice = "Think again about this, and try it with a few books of your own.";
    assert_eq!(rejected(&CASE.one("q1a-search", "improvement", advice, quote)), json!({}));
    // A point that the engine did not find is not praised from any place.
    let text = "You say that the list must be sorted before a binary search can be used.";
    let merged = CASE.one("q1a-search", "strength", text, "walking along a shelf of books");
    assert_eq!(rejected(&merged), json!({"contradicts_evidence": 1}));
}

#[test]
fn a_common_error_of_the_rubric_is_not_praised() {
    let error = "I think that dignity means doing everything for the person who is ill.";
    let mut work = Work::new("k102-25j-tma01.json").answer(
        "1",
        &format!(
            "Person-centred care means that Grace's own choices, preferences and routines come first. \
             Her carers should plan the support with her, so that she keeps her dignity and her identity. \
             For example, she likes to choose her own clothes, and this choice supports her independence. {error}"
        ),
    );
    anonymized(&mut work);
    let case = Case::of(&work);
    let id = case.own.marking_criteria.criteria[0].id.clone();
    let merged = case.one(
        &id,
        "strength",
        "You say in one line what you believe in.",
        "dignity means doing everything",
    );
    assert_eq!(rejected(&merged), json!({"contradicts_evidence": 1}));
}

#[test]
fn nothing_is_praised_where_nothing_was_earned() {
    for id in ["q2b-references", "q2b-length", "q1b-tests"] {
        assert_eq!(marked(id).score, Some(0.0), "{id}");
    }
    let merged = CASE.one("q2b-references", "strength", GOOD[6][2], GOOD[6][3]);
    assert_eq!(rejected(&merged), json!({"contradicts_score": 1}));
    assert_eq!(reviews(&merged), ["ai_score_disagrees"]);
    assert_eq!(accepted(&CASE.one("q2b-references", "improvement", GOOD[7][2], GOOD[7][3])), 1);
}

#[test]
fn what_is_there_is_not_asked_for() {
    for (id, text, quote, passes) in [
        // Found by the engine.
        (
            "q1a-search",
            "Say that a binary search compares the target with the middle item.",
            "walking along a shelf of books",
            false,
        ),
        (
            "q1b-code",
            "Your function should return the total divided by the number of readings.",
            "return sum(readings) / len(readings)",
            false,
        ),
        ("q2b-structure", "Add a conclusion that says what you think.", "Some readers will stay away", false),
        // Not found, or only half there.
        (
            "q1a-search",
            "Say that half of what is left is thrown away at each step of a binary search.",
            "walking along a shelf of books",
            true,
        ),
        (
            "q2b-structure",
            "Write an introduction that says what you will do.",
            "Some readers will stay away",
            true,
        ),
        // More of what is there.
        (
            "q1a-search",
            "Say why it looks at the middle, and what you would lose if it did not.",
            "walking along a shelf of books",
            true,
        ),
    ] {
        let merged = CASE.one(id, "improvement", text, quote);
        let expected = if passes { json!({}) } else { json!({"already_present": 1}) };
        assert_eq!(rejected(&merged), expected, "{text}");
    }
}

#[test]
fn what_a_person_marks_may_be_commented_on_beside_the_criterion_alone() {
    let mut essay = Work::new("dd102-25b-tma03.yaml").answer(
        "1",
        "Goffman wrote of an interaction order, in which each performance on the street matters.\n\nQueues form without a word, and nobody has to be told.",
    );
    anonymized(&mut essay);
    let case = Case::of(&essay);
    let merged = case.merge(&json!({
        "comments": [comment("argument", "improvement", "Say who might see this in another way, and why.", "nobody has to be told")],
        "scores": [{"criterion": "argument", "score": 25}],
    }));
    assert_eq!((accepted(&merged), rejected(&merged)), (1, json!({"open_criterion": 1})));
    assert_eq!(reviews(&merged), ["human_criterion"]);
    let criterion = merged.marking_criteria.criteria.iter().find(|c| c.id == "argument").unwrap();
    assert_eq!((criterion.score, criterion.source.as_str(), criterion.suggestions.len()), (None, "human", 1));
    assert_eq!(merged.feedback_text, case.own.feedback_text);
    assert_eq!((&merged.strengths, &merged.improvements), (&case.own.strengths, &case.own.improvements));
    assert!(!merged.marking_criteria.provenance.deterministic);
}

#[test]
fn what_was_said_is_not_said_again() {
    let own = CASE.own.improvements.iter().find(|i| i.contains("cite a source")).unwrap();
    let copy = CASE.one("q2b-issues", "improvement", own, GOOD[7][3]);
    assert_eq!(rejected(&copy), json!({"duplicate": 1}), "{own}");
    let mut comments = good();
    comments.extend(good());
    // The same words in another order, about another place.
    comments.push(comment(
        "q2b-issues",
        "improvement",
        "Say who might see this in another way, and give a reason for it.",
        "harm nobody at all, or",
    ));
    comments.push(comment(
        "q2b-structure",
        "improvement",
        "Say who might see this in another way, and give a reason for it.",
        "they do the same work and harm nobody",
    ));
    // Another comment about the same place.
    comments.push(comment(
        "q2b-issues",
        "improvement",
        "Where does your reader learn what the law is called?",
        GOOD[7][3],
    ));
    let merged = CASE.merge(&json!({"comments": comments}));
    assert_eq!(accepted(&merged), GOOD.len() as u64);
    assert_eq!(rejected(&merged), json!({"duplicate": GOOD.len() + 2, "unverified_quote": 1}));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Praise that touches what the engine holds against the student never passes, whichever words it quotes.
    #[test]
    fn no_praise_touches_what_is_held_against(from in 0usize..25, length in 3usize..30) {
        let answer = CASE.tma.questions.iter().find(|q| q.id == "1(a)").unwrap();
        let words: Vec<&str> = answer.text.split("\n\n").next().unwrap().split(' ').collect();
        let quote = words[from.min(words.len() - 3)..].iter().take(length).copied().collect::<Vec<_>>().join(" ");
        let merged = CASE.one("q1a-search", "strength", GOOD[0][2], &quote);
        let against = marked("q1a-search").evidence.iter().find(|e| e.polarity.as_deref() == Some("against")).unwrap();
        if let Some(s) = merged.marking_criteria.criteria[0].suggestions.first() {
            prop_assert!(s.end <= against.start || against.end <= s.start);
        } else {
            prop_assert_eq!(reviews(&merged).contains(&"ai_score_disagrees"), rejected(&merged).get("contradicts_evidence").is_some());
        }
    }

    /// Advice in the words of any point that the engine found is dropped; of any that it did not find, it stays.
    #[test]
    fn advice_follows_what_was_found(which in 0usize..40, how in prop::sample::select(vec!["Say that", "Explain to your reader that", "You should add that"])) {
        let rubric = rubric("tm112-25j-tma02.json");
        let mut points = Vec::new();
        for (criterion, quote) in [("q1a-search", GOOD[0][3]), ("q1b-code", GOOD[2][3]), ("q2a-factors", GOOD[4][3]), ("q2b-issues", GOOD[7][3])] {
            let all = rubric["questions"].as_array().unwrap().iter().flat_map(|q| q["criteria"].as_array().unwrap());
            for point in all.filter(|c| c["id"] == criterion).flat_map(|c| c["params"]["points"].as_array().unwrap()) {
                points.push((criterion, point["id"].as_str().unwrap().to_owned(), point["label"].as_str().unwrap().to_owned(), quote));
            }
        }
        let (criterion, id, label, quote) = &points[which % points.len()];
        let found = marked(criterion).evidence.iter().any(|e| e.point.as_deref() == Some(id) && e.polarity.as_deref() == Some("for"));
        let merged = CASE.one(criterion, "improvement", &format!("{how} {}.", label.replace('_', " ")), quote);
        let why = rejected(&merged);
        if found {
            prop_assert!(why.get("already_present").is_some(), "{label}: {why}");
        } else {
            prop_assert!(why.get("already_present").is_none(), "{label}: {why}");
        }
    }

    /// However many comments there are, a tutor gets few, in the rubric's order and then in the text's.
    #[test]
    fn few_and_in_order(seed in prop::collection::vec((0usize..8, 0usize..24, 0usize..2), 0..64)) {
        let texts = different(24);
        let comments: Vec<_> = seed.iter().map(|(good, text, kind)| {
            let kind = ["strength", "improvement"][*kind];
            comment(GOOD[*good][0], kind, &texts[*text].replace("Say what", if kind == "strength" { "You say what" } else { "Say what" }), GOOD[*good][3])
        }).collect();
        let merged = CASE.merge(&json!({"comments": comments}));
        let mut all = 0;
        for c in &merged.marking_criteria.criteria {
            for kind in ["strength", "improvement"] {
                prop_assert!(c.suggestions.iter().filter(|s| s.kind == kind).count() <= 2);
            }
            prop_assert!(c.suggestions.windows(2).all(|w| (w[0].start, w[0].end) <= (w[1].start, w[1].end)));
            all += c.suggestions.len();
        }
        prop_assert!(all <= 12);
        prop_assert_eq!(all as u64, accepted(&merged));
        let counted: u64 = rejected(&merged).as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        prop_assert_eq!(all as u64 + counted, comments.len() as u64);
    }

    /// A score changes nothing; it is shown to a person where it is more than a level, or a fifth, from the engine's.
    #[test]
    fn scores_are_compared_and_nothing_else(which in 0usize..10, score in prop_oneof![(-5.0f64..40.0), prop::num::f64::ANY]) {
        let criterion = &CASE.own.marking_criteria.criteria[which % CASE.own.marking_criteria.criteria.len()];
        let merged = CASE.merge(&json!({"scores": [{"criterion": criterion.id, "score": score}]}));
        prop_assert_eq!(merged.grade, CASE.own.grade);
        prop_assert_eq!(&merged.marking_criteria.totals, &CASE.own.marking_criteria.totals);
        prop_assert_eq!(&merged.marking_criteria.criteria, &CASE.own.marking_criteria.criteria);
        if !score.is_finite() {
            prop_assert_eq!(rejected(&merged), json!({"malformed": 1}));
        } else if score < 0.0 || score > criterion.max_mark {
            prop_assert_eq!(rejected(&merged), json!({"score_out_of_range": 1}));
        } else {
            let apart = (score - criterion.score.unwrap()).abs();
            let far = apart > (criterion.max_mark / 5.0).max(0.5) + 1e-9;
            prop_assert_eq!(reviews(&merged), if far { vec!["ai_score_disagrees"] } else { vec![] });
        }
    }

    /// With levels, it is levels that are counted.
    #[test]
    fn scores_are_compared_by_level(score in 0.0f64..=20.0) {
        let mut leveled = work();
        leveled.set("/questions/2/criteria/0/levels", json!([
            {"score": 0, "definition": "none"}, {"score": 5, "definition": "some"}, {"score": 12, "definition": "most"},
            {"score": 17, "definition": "nearly all"}, {"score": 20, "definition": "all"},
        ]));
        let case = Case::of(&leveled);
        let own = case.own.marking_criteria.criteria.iter().find(|c| c.id == "q2a-factors").unwrap();
        let level = |s: f64| [0.0, 5.0, 12.0, 17.0, 20.0].iter().filter(|l| **l <= s).count();
        let merged = case.merge(&json!({"scores": [{"criterion": "q2a-factors", "score": score}]}));
        let far = level(score).abs_diff(level(own.score.unwrap())) > 1;
        prop_assert_eq!(reviews(&merged), if far { vec!["ai_score_disagrees"] } else { vec![] });
    }

    #[test]
    fn of_several_scores_for_one_criterion_none_counts(a in 0u32..18, b in 0u32..18) {
        let scores = json!({"scores": [{"criterion": "q1a-search", "score": a}, {"criterion": "q1a-search", "score": b}]});
        let merged = CASE.merge(&scores);
        prop_assert_eq!(rejected(&merged), json!({"duplicate": if a == b { 1 } else { 2 }}));
        prop_assert!(a == b || reviews(&merged).is_empty());
    }
}
