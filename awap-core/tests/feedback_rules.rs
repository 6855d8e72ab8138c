//! What must hold of every marking: evidence, arithmetic, bounds, determinism, and that nonsense never pays; and what
//! is refused of a rubric, with the path of the fault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod marking;

use awap_core::feedback::Feedback;
use marking::schema::{conforms, feedback_schema};
use marking::{Work, fault, mark, rubric};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Sentences that earn something, nothing, or look as if they might.
const SENTENCES: &[&str] = &[
    "A linear search checks each item in turn until it finds the target or reaches the end of the list.",
    "A binary search compares the target with the middle item of the list.",
    "At every step it discards the half of the list in which the target cannot be.",
    "The list must be sorted before a binary search can be used.",
    "A binary search does not need the list to be in order.",
    "It needs about twenty comparisons for a million items, so I would choose it.",
    "Something you know and something you have are two factors, such as a password and a code sent to a phone.",
    "With a stolen password alone the attacker still needs the code from the phone.",
    "This answer will discuss the library’s plan — and its risks.",
    "A face is biometric data, and the law on data protection treats it as sensitive (Ali, 2020).",
    "Consent must be freely given, so members should keep their cards.",
    "In conclusion, the library should not go ahead with “faces at the door”.",
    "Middle half sorted discard twenty comparisons logarithm consent bias.",
    "My name is [STUDENT] and I live in [ADDRESS].",
    "Zażółć gęślą jaźń 😀 naïve façade.",
    "\tx = [1, 2, 3]\n",
    "def average_reading(readings):",
    "return sum(readings) / len(readings)",
    "1. 2) (a) ;;; …",
];

/// Cases of each property: few beside other tests, as many as wanted with `AWAP_PROPERTY_CASES`.
fn cases() -> u32 {
    std::env::var("AWAP_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

/// Marks so far, whatever waits for a person.
fn marks(feedback: &Feedback) -> f64 {
    feedback.marking_criteria.criteria.iter().filter_map(|c| c.score).sum()
}

fn answers() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(0..SENTENCES.len(), 0..9), 4)
}

fn work(name: &str, answers: &[Vec<usize>], blank: usize) -> Work {
    let ids = ["1(a)", "1(b)", "2(a)", "2(b)"];
    answers.iter().zip(ids).filter(|(a, _)| !a.is_empty()).fold(Work::new(name), |work, (sentences, id)| {
        let mut text = String::new();
        for (i, s) in sentences.iter().enumerate() {
            text.push_str(SENTENCES[*s]);
            text.push_str(if blank > 0 && i % blank == 0 { "\n\n" } else { " " });
        }
        work.answer(id, text.trim_end())
    })
}

/// Every `{start, end, quote}` anywhere in the feedback.
fn quotes(value: &Value, found: &mut Vec<(usize, usize, String)>) {
    match value {
        Value::Object(map) => {
            if let (Some(start), Some(end), Some(quote)) =
                (map.get("start"), map.get("end"), map.get("quote"))
            {
                found.push((
                    start.as_u64().unwrap() as usize,
                    end.as_u64().unwrap() as usize,
                    quote.as_str().unwrap().to_owned(),
                ));
            }
            map.values().for_each(|v| quotes(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| quotes(v, found)),
        _ => {}
    }
}

fn check(work: &Work, feedback: &Feedback) {
    let value = serde_json::to_value(feedback).unwrap();
    let mut found = Vec::new();
    quotes(&value, &mut found);
    for (start, end, quote) in found {
        assert_eq!(work.text.get(start..end), Some(quote.as_str()));
        assert!(!quote.is_empty());
    }
    let marking = &feedback.marking_criteria;
    let mut sum = 0.0;
    for c in &marking.criteria {
        assert!((0.0..=1.0).contains(&c.confidence), "{}", c.id);
        if let Some(score) = c.score {
            assert!(score >= 0.0 && score <= c.max_mark, "{} {score}", c.id);
            assert!(
                !c.evidence.is_empty() || !c.missing.is_empty() || score == 0.0,
                "{} has no ground",
                c.id
            );
            assert!(!c.evidence.is_empty() || !c.missing.is_empty(), "{} says nothing", c.id);
            sum += score;
        }
        assert!(!c.comment.is_empty());
    }
    let totals = &marking.totals;
    let off: f64 = totals.penalties.iter().map(|p| p["marks"].as_f64().unwrap()).sum();
    assert!((totals.raw.unwrap() - sum).abs() < 1e-6);
    if let Some(mark) = totals.mark {
        assert!((0.0..=totals.max_mark).contains(&mark));
        assert!((sum - off - mark).abs() <= 0.5 + 1e-6, "{sum} - {off} is not {mark}");
        assert!((feedback.grade.unwrap() - mark / totals.max_mark * 100.0).abs() < 0.01);
    } else {
        assert_eq!(feedback.grade, None);
    }
    if let Some([least, most]) = totals.range {
        assert!(least <= most && least >= 0.0 && most <= totals.max_mark);
        assert!(totals.mark.is_none_or(|m| least <= m && m <= most));
    }
    // Every claim has its evidence, or says what is missing.
    for (list, key) in [(&feedback.strengths, "strengths"), (&feedback.improvements, "improvements")] {
        let claims = marking.extra["claims"][key].as_array().unwrap();
        assert_eq!(claims.len(), list.len());
        for claim in claims {
            let n = claim["evidence"].as_array().unwrap().len() + claim["missing"].as_array().unwrap().len();
            assert!(n > 0, "{key} without ground");
        }
    }
    assert!(!feedback.strengths.is_empty());
    assert!(feedback.feedback_text.split_whitespace().count() <= 500);
    assert!(!feedback.feedback_text.contains("[STUDENT]"));
    assert!(!feedback.feedback_text.contains('{'));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn evidence_arithmetic_and_bounds_hold(answers in answers(), blank in 0usize..4, which in 0usize..4) {
        let name = ["tm112-25j-tma02.json", "dd102-25b-tma03.yaml", "k102-25j-tma01.json", "every-kind.json"][which];
        let work = work(name, &answers, blank);
        let feedback = mark(&work);
        check(&work, &feedback);
        // The same again, on other threads at once, is the same to the byte.
        let once = serde_json::to_string(&feedback).unwrap();
        let again = || serde_json::to_string(&mark(&work)).unwrap();
        let threads = std::thread::scope(|s| [s.spawn(again), s.spawn(again)].map(|t| t.join().unwrap()));
        prop_assert_eq!(&threads, &[once.clone(), once]);
    }

    #[test]
    fn nonsense_at_the_end_never_raises_a_mark(answers in answers(), blank in 0usize..4, kind in 0usize..4, seed in 0usize..5, which in 0usize..3) {
        let name = ["tm112-25j-tma02.json", "k102-25j-tma01.json", "every-kind.json"][which];
        let honest = work(name, &answers, blank);
        let mut padded = Work::new(name);
        let prompt = rubric(name).pointer("/questions/0/prompt").or(rubric(name).get("prompt")).unwrap().as_str().unwrap().to_owned();
        for question in &honest.questions {
            let text = question["text"].as_str().unwrap();
            let nonsense = match kind {
                0 => "Half sorted middle discard comparisons logarithm consent biometric bias proportionate gestures dignity teamwork safeguarding choices.".repeat(seed + 1),
                1 => format!("{text}\n\n{text}"),
                2 => format!("{prompt} {prompt}"),
                _ => "The of sorted a in the half discard and the of. A the binary middle of the to compare a of the item.".repeat(seed + 1),
            };
            padded = padded.answer(question["id"].as_str().unwrap(), &format!("{text}\n\n{nonsense}"));
        }
        let (before, after) = (marks(&mark(&honest)), marks(&mark(&padded)));
        prop_assert!(after <= before + 1e-9, "{before} became {after}");
    }

    #[test]
    fn any_text_is_marked(text in "\\PC{0,300}", name in prop::sample::select(vec!["tm112-25j-tma02.json", "dd102-25b-tma03.yaml", "k102-25j-tma01.json"])) {
        let work = Work::new(name).answer("1", &text);
        check(&work, &mark(&work));
    }

    #[test]
    fn any_rubric_is_marked_with_or_refused(path in 0usize..40, value in prop::sample::select(vec![json!(null), json!(-1), json!(1e300), json!("x"), json!([]), json!({}), json!(true), json!("/(/"), json!([[1]])])) {
        let mut changed = rubric("tm112-25j-tma02.json");
        let mut paths = Vec::new();
        pointers(&changed, String::new(), &mut paths);
        let pointer = &paths[path * paths.len() / 40];
        *changed.pointer_mut(pointer).unwrap() = value;
        let mut work = Work::new("tm112-25j-tma02.json").answer("1(a)", SENTENCES[0]);
        work.rubric = Some(changed);
        match awap_core::feedback::mark(&work.parsed(), &awap_core::Deadline::never()) {
            Ok(feedback) => check(&work, &feedback),
            Err(error) => {
                prop_assert_eq!(error.code().as_str(), "invalid_input");
                prop_assert!(error.details()["path"].as_str().unwrap().starts_with("rubric"));
            }
        }
    }
}

fn pointers(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| pointers(v, format!("{at}/{k}"), out)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| pointers(v, format!("{at}/{i}"), out));
        }
        _ => {}
    }
    if !at.is_empty() {
        out.push(at);
    }
}

#[test]
fn faults_of_a_full_rubric_are_named_by_path() {
    let q0c0 = "/questions/0/criteria/0";
    for (pointer, value, path) in [
        ("/schema", json!("awap:rubric/9"), "rubric.schema"),
        ("/max_mark", json!(90), "rubric.questions"),
        ("/max_mark", json!("100"), "rubric.max_mark"),
        ("/max_mark", json!(0), "rubric.max_mark"),
        ("/colour", json!("red"), "rubric.colour"),
        ("/module_code", json!("tm112"), "rubric.module_code"),
        ("/tma", json!("2"), "rubric.tma"),
        ("/rounding", json!("up"), "rubric.rounding"),
        ("/bands", json!([{"name": "Pass", "min": 40}, {"name": "Top", "min": 85}]), "rubric.bands[1]"),
        (
            "/penalties",
            json!({"over_length": {"mode": "marks_per_step", "limit_words": 10, "marks": 1}}),
            "rubric.penalties.over_length.per_words",
        ),
        ("/penalties", json!({"late": {"mode": "percent_per_day"}}), "rubric.penalties.late.pct"),
        ("/questions", json!([]), "rubric.questions"),
        ("/questions/1/id", json!("Q1 (a)"), "rubric.questions[1].id"),
        ("/questions/1/max_mark", json!(24), "rubric.questions[1].max_mark"),
        ("/questions/0/criteria/1/id", json!("q1a-search"), "rubric.questions[0].criteria[1].id"),
        (
            q0c0,
            json!({"id": "a", "title": "A", "max_mark": 18, "kind": "magic"}),
            "rubric.questions[0].criteria[0].kind",
        ),
        (
            q0c0,
            json!({"id": "a", "title": "A", "max_mark": 18, "kind": "concepts", "params": {}}),
            "rubric.questions[0].criteria[0]",
        ),
        ("/questions/0/criteria/0/params/points", json!([]), "rubric.questions[0].criteria[0].params.points"),
        (
            "/questions/0/criteria/0/params/points/0/marks",
            json!(1),
            "rubric.questions[0].criteria[0].params.points",
        ),
        (
            "/questions/0/criteria/0/params/points/2/any_of/0",
            json!("/(half/"),
            "rubric.questions[0].criteria[0].params.points[2].any_of[0]",
        ),
        (
            "/questions/0/criteria/0/params/points/2/any_of/0",
            json!(5),
            "rubric.questions[0].criteria[0].params.points[2].any_of[0]",
        ),
        (
            "/questions/0/criteria/0/params/points/1/id",
            json!("linear-in-turn"),
            "rubric.questions[0].criteria[0].params.points[1].id",
        ),
        (
            "/questions/0/criteria/0/params/points/1/near",
            json!(0),
            "rubric.questions[0].criteria[0].params.points[1].near",
        ),
        (
            "/questions/0/criteria/0/levels",
            json!([{"score": 19, "definition": "x"}]),
            "rubric.questions[0].criteria[0].levels[0].score",
        ),
        (
            "/questions/0/criteria/0/comments",
            json!({"high": "well done"}),
            "rubric.questions[0].criteria[0].comments.high",
        ),
        ("/questions/0/criteria/1/params", json!({}), "rubric.questions[0].criteria[1].params.limit_words"),
        (
            "/questions/3/criteria/2/params/checks/0",
            json!("spelling"),
            "rubric.questions[3].criteria[2].params.checks[0]",
        ),
        (
            "/questions/3/criteria/2/params/style",
            json!("mla"),
            "rubric.questions[3].criteria[2].params.style",
        ),
    ] {
        let mut work = Work::new("tm112-25j-tma02.json").answer("1(a)", SENTENCES[0]);
        work.set(pointer, value.clone());
        let error = fault(&work);
        assert_eq!(error.code().as_str(), "invalid_input", "{pointer} {value}");
        assert_eq!(error.details()["path"], path, "{pointer} {value}: {}", error.message());
        assert!(error.message().ends_with('.'), "{}", error.message());
    }
}

#[test]
fn faults_of_a_simple_rubric_are_named_by_path() {
    for (pointer, value, path) in [
        ("/total_points", json!(0), "rubric.total_points"),
        ("/criteria/0/weight", json!(31), "rubric.criteria"),
        ("/criteria/0/weight", json!("30"), "rubric.criteria[0].weight"),
        ("/criteria/1/name", json!("Person-centred care"), "rubric.criteria[1].name"),
        ("/criteria/0/levels/1/score", json!(null), "rubric.criteria[0].levels[1].score"),
        ("/common_errors/0/penalty", json!("five"), "rubric.common_errors[0].penalty"),
        ("/bonus_points/0/points", json!(-5), "rubric.bonus_points[0].points"),
        ("/grade_boundaries", json!({"Pass": 140}), "rubric.grade_boundaries.Pass"),
        ("/word_limit", json!(-1), "rubric.word_limit"),
    ] {
        let mut work = Work::new("k102-25j-tma01.json").answer("1", SENTENCES[0]);
        work.set(pointer, value.clone());
        assert_eq!(fault(&work).details()["path"], path, "{pointer} {value}");
    }
}

#[test]
fn what_is_no_rubric_at_all_is_refused() {
    for value in [
        json!(5),
        json!("- just\n- words"),
        json!("{not json"),
        json!("a: [b"),
        json!([]),
        json!([1]),
        json!({}),
    ] {
        let mut work = Work::new("tm112-25j-tma02.json").answer("1(a)", SENTENCES[0]);
        work.rubric = Some(value.clone());
        let error = fault(&work);
        assert!(error.details()["path"].as_str().unwrap().starts_with("rubric"), "{value}");
    }
}

#[test]
fn a_span_that_does_not_fit_the_text_is_refused() {
    let mut work = Work::new("tm112-25j-tma02.json").answer("1(a)", "Naïve");
    work.questions[0]["end"] = json!(3);
    assert_eq!(fault(&work).details()["path"], "questions[0]");
}

#[test]
fn json_yaml_and_strings_of_either_are_one_rubric() {
    let as_value = Work::new("tm112-25j-tma02.json").answer("1(a)", SENTENCES[1]);
    let mut as_string = as_value.clone();
    as_string.rubric = Some(json!(serde_json::to_string_pretty(as_value.rubric.as_ref().unwrap()).unwrap()));
    assert_eq!(mark(&as_value), mark(&as_string));
}

#[test]
fn what_comes_out_is_what_the_schema_says() {
    let schema = feedback_schema();
    for name in ["tm112-25j-tma02.json", "dd102-25b-tma03.yaml", "k102-25j-tma01.json"] {
        for answers in [
            vec![vec![]; 4],
            vec![vec![0, 1, 2, 3], vec![16, 17], vec![6, 7], vec![8, 9, 10, 11]],
            vec![vec![12, 12, 12], vec![], vec![4], vec![14]],
        ] {
            let feedback = serde_json::to_value(mark(&work(name, &answers, 1))).unwrap();
            conforms(&feedback, &schema);
        }
    }
    let schema: Value = serde_json::from_str(include_str!("../schema/rubric.schema.json")).unwrap();
    conforms(&rubric("tm112-25j-tma02.json"), &schema);
}
