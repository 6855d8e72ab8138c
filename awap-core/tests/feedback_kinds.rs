//! Each kind of criterion by itself: what earns its marks, what does not, what it shows, and what its rubric must say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Marks are tidied to four decimals: what is compared here is exact.
#![allow(clippy::float_cmp)]

mod marking;

use awap_core::feedback::{Feedback, MarkedCriterion};
use marking::{Work, fault, mark};
use serde_json::{Value, json};

const PROMPT: &str =
    "Discuss whether the town library should replace its membership cards by facial recognition at the door.";

/// A work of one question that is marked by one criterion.
fn work(kind: &str, params: &Value, text: &str) -> Work {
    let mut work = Work::new("tm112-25j-tma02.json");
    work.rubric = Some(json!({
        "schema": "awap:rubric/1", "rubric_id": "r", "max_mark": 10,
        "questions": [{"id": "1", "max_mark": 10, "prompt": PROMPT, "criteria": [
            {"id": "c", "title": "The criterion", "max_mark": 10, "kind": kind, "params": params}]}],
    }));
    if text.is_empty() { work } else { work.answer("1", text) }
}

fn one(feedback: &Feedback) -> &MarkedCriterion {
    &feedback.marking_criteria.criteria[0]
}

fn score(kind: &str, params: &Value, text: &str) -> f64 {
    one(&mark(&work(kind, params, text))).score.unwrap()
}

fn reasons(feedback: &Feedback) -> Vec<&str> {
    feedback.marking_criteria.needs_review.iter().map(|r| r.reason.as_str()).collect()
}

/// Finds `needle` in the text of a work.
fn span_of(work: &Work, needle: &str) -> (usize, usize) {
    let start = work.text.find(needle).unwrap();
    (start, start + needle.len())
}

fn cite(work: &mut Work, needle: &str, author: &str, year: &str, reference: Option<usize>) {
    let (start, end) = span_of(work, needle);
    work.citations
        .push(json!({"text": needle, "start": start, "end": end, "authors": [author], "year": year,
        "page": null, "kind": "parenthetical", "reference": reference}));
}

// ---- model_answer

fn model() -> Value {
    json!({"references": [
        "A face is biometric data, and the law on data protection treats it as sensitive. \
         Consent must be freely given, so members need another way in. \
         Recognition makes more errors with darker skin, which is unfair to some members."]})
}

const LIKE_THE_MODEL: &str = "Data protection law treats a face as sensitive, since it is biometric data. \
    Members need another way in, because consent has to be freely given. \
    Members with darker skin meet more errors of recognition, and that is unfair to them.";

#[test]
fn an_answer_like_the_model_earns_the_level_below_the_top_and_no_more() {
    let whole = score("model_answer", &model(), LIKE_THE_MODEL);
    let part = score(
        "model_answer",
        &model(),
        "Consent has to be freely given, so that members need another way in.",
    );
    let other = score(
        "model_answer",
        &model(),
        "The garden was full of roses when we came back from Wales in spring.",
    );
    assert!((7.0..=8.4).contains(&whole), "{whole}");
    assert!(part > other && part < whole, "{whole} {part} {other}");
    assert_eq!(other, 0.0);
    let copied = model()["references"][0].as_str().unwrap().to_owned();
    assert!(score("model_answer", &model(), &copied) <= 8.4);
}

#[test]
fn the_sentences_of_a_model_are_paired_or_missing_and_the_model_stays_with_the_tutor() {
    let text = "Consent has to be freely given, so that members need another way in.";
    let feedback = mark(&work("model_answer", &model(), text));
    let marked = one(&feedback);
    assert_eq!(marked.evidence.len(), 1);
    assert_eq!(marked.evidence[0].point.as_deref(), Some("reference 1, sentence 2"));
    assert_eq!(marked.missing.len(), 2);
    for said in feedback.improvements.iter().chain([&feedback.feedback_text]) {
        assert!(!said.contains("treats it as sensitive"), "{said}");
    }
}

#[test]
fn the_opposite_of_the_model_earns_nothing_and_is_flagged() {
    let text = "A face is not biometric data, and the law on data protection does treat it as harmless. \
        Consent must never be freely given, so members need another way in.";
    let feedback = mark(&work("model_answer", &model(), text));
    assert!(one(&feedback).score.unwrap() <= 2.0, "{:?}", one(&feedback).trace);
    assert!(one(&feedback).evidence.iter().any(|e| e.polarity.as_deref() == Some("against")));
    assert!(reasons(&feedback).contains(&"low_confidence"));
}

#[test]
fn thresholds_give_levels() {
    let mut work = work(
        "model_answer",
        &json!({"references": model()["references"],
        "thresholds": [{"min_sim": 0.3, "level": 1}, {"min_sim": 0.6, "level": "Good"}]}),
        LIKE_THE_MODEL,
    );
    work.set(
        "/questions/0/criteria/0/levels",
        json!([
        {"score": 0, "definition": "None"}, {"score": 3, "definition": "Some"},
        {"score": 7, "definition": "Good"}, {"score": 10, "definition": "Excellent"}]),
    );
    let marked = mark(&work);
    assert_eq!((one(&marked).score, one(&marked).level.as_deref()), (Some(7.0), Some("Good")));
    work.set("/questions/0/criteria/0/params/thresholds/1/level", json!("Excellent"));
    assert_eq!(fault(&work).details()["path"], "rubric.questions[0].criteria[0].params.thresholds[1].level");
}

// ---- argument

const ARGUED: &str = "In my view the library should keep its cards, because a face is data that cannot be changed. \
    Supporters of recognition at the door say that it is quicker, and it may save some time. \
    However, a queue of two minutes is a small price, since nobody is tracked while they wait. \
    It could be argued that members agree to it; although they might, consent is weak where there is no other way in. \
    Therefore the library should wait, so that it can see what other towns learn.";

#[test]
fn the_signs_of_an_argument_earn_sixty_per_cent_and_the_rest_waits_for_a_person() {
    let feedback = mark(&work("argument", &json!({}), ARGUED));
    assert_eq!(one(&feedback).score, Some(6.0), "{:?}", one(&feedback).trace);
    assert!(reasons(&feedback).contains(&"low_confidence"));
    let plain = "The library has cards. The door has a camera. Recognition at the door is what the library wants to have for its members.";
    assert!(score("argument", &json!({}), plain) <= 1.0);
}

#[test]
fn claims_that_the_rubric_names_earn_the_rest_with_a_reason_beside_them() {
    let params = json!({"claims": [{"label": "a face cannot be changed", "any_of": ["cannot be changed"]},
        {"label": "consent is weak without a choice", "any_of": ["consent is weak"]}]});
    assert_eq!(score("argument", &params, ARGUED), 10.0);
    let bare =
        ARGUED.replace("because a face is data that cannot be changed", "and a face cannot be changed");
    let feedback = mark(&work("argument", &params, &bare));
    assert!(one(&feedback).score.unwrap() < 10.0);
    assert!(
        one(&feedback).missing.iter().any(|m| m.contains("a face cannot be changed")),
        "{:?}",
        one(&feedback).missing
    );
}

#[test]
fn an_argument_about_something_else_is_none_about_this() {
    let other = "In my view roses should be cut in spring, because the frost may still come before that. \
        However, some argue that autumn is better, although it might rain; therefore perhaps both could be right, since it depends.";
    assert_eq!(score("argument", &json!({}), other), 0.0);
}

// ---- evidence_use

fn sourced(text: &str) -> Work {
    work(
        "evidence_use",
        &json!({"min_citations": 2, "min_sources": 2, "max_quotation_pct": 20, "module_sources": ["Block 3"]}),
        text,
    )
}

#[test]
fn sources_earn_marks_where_sentences_rest_on_them() {
    let text = "Faces are sensitive data (Ali, 2020), as Block 3 explains at some length for all members. \
        Errors are more frequent with darker skin (Berg, 2019), and the library would have to answer for them.";
    let mut work = sourced(text);
    cite(&mut work, "(Ali, 2020)", "Ali", "2020", Some(0));
    cite(&mut work, "(Berg, 2019)", "Berg", "2019", Some(1));
    for (author, year) in [("Ali", "2020"), ("Berg", "2019")] {
        work.references.push(json!({"text": author, "start": 0, "end": 5, "authors": [author], "year": year,
            "title": "T", "doi": null, "url": null, "cited": true}));
    }
    assert_eq!(one(&mark(&work)).score, Some(10.0));
    // A source that is in no list cannot be looked up: it may not exist.
    work.citations[1]["reference"] = json!(null);
    assert!(one(&mark(&work)).score.unwrap() < 10.0);
    // Names strung together in one bracket are one use of evidence.
    let mut heap = sourced(
        "Faces are sensitive data (Ali, 2020; Berg, 2019), and that is all there is to say about them here.",
    );
    cite(&mut heap, "Ali, 2020", "Ali", "2020", None);
    cite(&mut heap, "Berg, 2019", "Berg", "2019", None);
    assert!(
        one(&mark(&heap)).trace.iter().any(|t| t.rule == "evidence_use.citations" && t.value == json!(1))
    );
}

#[test]
fn an_answer_in_other_peoples_words_loses_marks() {
    let text = "As Ali says, “faces are sensitive data and nobody can change the one that they were given at birth” (Ali, 2020).";
    let mut work = sourced(text);
    cite(&mut work, "(Ali, 2020)", "Ali", "2020", None);
    let marked = mark(&work);
    let quoted = one(&marked).evidence.iter().find(|e| e.point.as_deref() == Some("quotation")).unwrap();
    assert!(quoted.quote.starts_with('“') && quoted.polarity.as_deref() == Some("against"));
}

// ---- presentation

fn clean() -> String {
    "The library should keep its cards, because members trust them and nobody is tracked by a card. "
        .to_owned()
        + "A camera at the door sees everyone who walks past, whether or not they want to borrow a book. "
        + "Members who dislike the camera would have to go elsewhere, and many of them have nowhere else to go. "
        + "The cost of the cards is small, and the staff know how to replace one that is lost. "
        + "A trial in one branch would show how many people object, and what the errors are. "
        + "Until then there is no hurry, since the cards work as well as they did last year. "
        + "The council can look at the results in the spring and decide then with the facts before it."
}

#[test]
fn slips_cost_marks_up_to_a_cap_and_are_shown_one_by_one() {
    assert_eq!(score("presentation", &json!({}), &clean()), 10.0);
    let careless = clean()
        .replace("because", "becuase")
        .replace("whether or not", "wether or not")
        .replace("would have", "would of")
        .replace("A trial", "a trial")
        .replace("as they did", "as they they did")
        .replace("many of them", "alot of them");
    let feedback = mark(&work("presentation", &json!({}), &careless));
    let marked = one(&feedback);
    assert_eq!(marked.score, Some(5.0), "{:?}", marked.trace);
    let shown: Vec<&str> = marked.evidence.iter().map(|e| e.quote.as_str()).collect();
    for slip in ["becuase", "would of", "they they", "a"] {
        assert!(shown.iter().any(|s| s.starts_with(slip)), "{slip} in {shown:?}");
    }
    assert_eq!(score("presentation", &json!({"cap": 2}), &careless), 8.0);
}

#[test]
fn a_student_with_an_adjustment_loses_nothing_by_presentation() {
    let careless = clean().replace("the", "teh");
    assert!(score("presentation", &json!({}), &careless) < 10.0);
    let mut adjusted = work("presentation", &json!({}), &careless);
    adjusted.carried.insert("adjustments".to_owned(), json!(["presentation"]));
    let feedback = mark(&adjusted);
    assert_eq!(one(&feedback).score, Some(10.0));
    assert_eq!(feedback.improvements, Vec::<String>::new());
}

#[test]
fn slips_within_a_quotation_are_not_the_students() {
    let quoted =
        format!("{} As the notice says, “teh library is closd for ever and recieve no more books”.", clean());
    assert_eq!(score("presentation", &json!({}), &quoted), 10.0);
}

// ---- computed_value

#[test]
fn a_value_is_right_within_its_tolerance_with_its_unit_and_its_method() {
    let params = json!({"expected": 9.81, "tolerance": 0.05, "unit": ["m/s²", "m s⁻²"],
        "method": [{"label": "the formula for free fall", "any_of": ["g = 2s"], "marks": 4}]});
    for (text, want) in [
        ("I used g = 2s divided by the square of the time, and found 9.83 m/s² in the end.", 10.0),
        ("The acceleration comes to 9.8 m s⁻² when all three runs are taken together.", 6.0),
        ("I used g = 2s divided by the square of the time, and found 9.83 in the end.", 7.0),
        ("I used g = 2s divided by the square of the time, and found 4.9 m/s² in the end.", 4.0),
        ("The stone fell to the ground and I could not measure how long it took.", 0.0),
    ] {
        assert_eq!(score("computed_value", &params, text), want, "{text}");
    }
}

#[test]
fn numbers_are_read_in_each_form_and_a_list_of_guesses_is_no_result() {
    let params = json!({"expected": 32000, "tolerance_pct": 1});
    for text in
        ["The result is 32,000 in all.", "The result is 3.2 × 10^4 in all.", "The result is 3.2e4 in all."]
    {
        assert_eq!(score("computed_value", &params, text), 10.0, "{text}");
    }
    let feedback = mark(&work(
        "computed_value",
        &params,
        "The result is 10, 20, 300, 4000, 32000, 50000, 60000 or 70000, I think.",
    ));
    assert_eq!(one(&feedback).score, Some(0.0));
    assert!(reasons(&feedback).contains(&"padding_suspected"));
}

#[test]
fn a_unit_is_seen_before_a_word_and_is_not_taken_for_another() {
    for (expected, unit, text, want) in [
        (12, "kg", "The sack holds 12 kg of flour when it is full.", 10.0),
        (20, "comparisons", "A binary search takes at most 20 comparisons where the other takes many.", 10.0),
        (5, "m", "The wall is 5 m high at the end of the garden.", 10.0),
        (5, "m", "The ball moves at 5 m/s when it leaves the hand.", 5.0),
        (5, "m", "The ball moves at 5 m s⁻¹ when it leaves the hand.", 5.0),
        (5, "m", "The ball moves at 5 m per second when it leaves the hand.", 5.0),
        (5, "m", "The floor of the room is 5 m² when it is measured.", 5.0),
        (5, "min", "The wall is 5 m in the garden behind the house.", 5.0),
        (3, "£", "The ticket costs £3 at the door of the hall.", 10.0),
    ] {
        let params = json!({"expected": expected, "unit": unit});
        assert_eq!(score("computed_value", &params, text), want, "{text}");
    }
}

#[test]
fn a_number_of_the_data_is_not_taken_for_the_result() {
    let params = json!({"expected": 7});
    let wrong = "The readings in order are 3, 7 and 12, so the median is 12.";
    let feedback = mark(&work("computed_value", &params, wrong));
    assert_eq!(one(&feedback).score, Some(0.0));
    assert!(reasons(&feedback).contains(&"low_confidence"));
    let with_unit = json!({"expected": 7, "unit": "kg"});
    let wrong = "The readings in order are 3 kg, 7 kg and 12 kg, so the median is 12 kg.";
    assert_eq!(score("computed_value", &with_unit, wrong), 0.0);
    for right in [
        "The readings in order are 3, 7 and 12, so the median is 7.",
        "The median of the three readings is 7, and their highest is 12.",
        "Of the readings in this table 7 is the median, and the highest is 12.",
        "I put the readings in order, and their median comes to 7.",
        "Adding them gives a total of 7. The mean of all is 14.",
    ] {
        assert_eq!(score("computed_value", &params, right), 10.0, "{right}");
    }
}

#[test]
fn an_answer_of_equations_alone_is_found_and_read() {
    let mut work = work("computed_value", &json!({"expected": 42}), "");
    let (start, end) = work.block("equation", None, "x = 42");
    work.questions.push(
        json!({"id": "1", "label": "1", "start": start, "end": end, "text": "x = 42", "words": 0, "prompt": null}),
    );
    assert_eq!(one(&mark(&work)).score, Some(10.0));
}

#[test]
fn an_answer_that_is_a_figure_with_its_caption_is_found() {
    let mut work = work("required_artifact", &json!({"artifact": "figure"}), "");
    let (start, end) = work.block("caption", None, "Figure 1 The network of the library");
    work.blocks.insert(
        0,
        json!({"kind": "figure", "level": null, "start": start, "end": start, "part": "body", "role": null}),
    );
    work.questions.push(
        json!({"id": "1", "label": "1", "start": start, "end": end, "text": "", "words": 0, "prompt": null}),
    );
    assert!(one(&mark(&work)).score.unwrap() > 0.0);
}

#[test]
fn lists_of_references_are_ordered_each_by_itself_and_accents_move_no_name() {
    let params = json!({"checks": ["alphabetical_order"]});
    let faults = |lists: &[&[&str]]| {
        let mut work =
            work("references", &params, "The town has kept its birds (Wren, 2019) for many years.");
        for list in lists {
            work.block("heading", Some("reference_list"), "References");
            for author in *list {
                let text = format!("{author}, A. (2019) Birds of the town. Leeds: Fen.");
                let (start, end) = work.block("paragraph", Some("reference_list"), &text);
                work.references.push(json!({"text": text, "start": start, "end": end, "authors": [author],
                    "year": "2019", "title": "Birds of the town", "kind": "book", "cited": true}));
            }
            work.block("paragraph", None, "The next question is answered here in a few words.");
        }
        cite(&mut work, "(Wren, 2019)", "Wren", "2019", Some(0));
        let feedback = mark(&work);
        one(&feedback).trace.iter().filter(|t| t.rule == "references.alphabetical_order").count()
    };
    assert_eq!(faults(&[&["Wren"], &["Adair"]]), 0);
    assert_eq!(faults(&[&["Nash", "Özdemir", "Patel"]]), 0);
    assert_eq!(faults(&[&["Patel", "Özdemir"]]), 1);
    assert_eq!(faults(&[&["Wren", "Adair"], &["Nash"]]), 1);
}

#[test]
fn a_list_is_only_praised_as_whole_where_it_is() {
    let params = json!({"checks": ["alphabetical_order"]});
    let text = "The town has kept its birds (Wren, 2019), and others have lost them (Marlow, 2020).";
    let praised = |second: Option<usize>| {
        let mut work = work("references", &params, text);
        for author in ["Wren", "Zander"] {
            let text = format!("{author}, A. (2019) Birds of the town. Leeds: Fen.");
            let (start, end) = work.block("paragraph", Some("reference_list"), &text);
            work.references.push(json!({"text": text, "start": start, "end": end, "authors": [author],
                "year": "2019", "title": "Birds of the town", "kind": "book", "cited": true}));
        }
        cite(&mut work, "(Wren, 2019)", "Wren", "2019", Some(0));
        cite(&mut work, "(Marlow, 2020)", "Marlow", "2020", second);
        let feedback = mark(&work);
        serde_json::to_string(&feedback).unwrap().contains("very source that you cite")
    };
    assert!(praised(Some(1)));
    assert!(!praised(None));
}

// ---- required_artifact

#[test]
fn an_artifact_must_be_there_and_be_spoken_of() {
    let params = json!({"artifact": "table", "must_mention": true});
    let mut with = work("required_artifact", &params, "");
    let (start, _) =
        with.block("paragraph", None, "The readings are in Table 1, and they rise from day to day.");
    let (_, end) = with.block("table", None, "Day\tReading\nMonday\t12\nTuesday\t13");
    with.questions.push(json!({"id": "1", "label": "1", "start": start, "end": end, "text": with.text, "words": 17, "prompt": null}));
    let feedback = mark(&with);
    assert_eq!(one(&feedback).score, Some(10.0));
    assert!(one(&feedback).evidence.iter().any(|e| e.quote.starts_with("Day\tReading")));
    let mut silent = with.clone();
    silent.text = silent.text.replace("in Table 1", "set out   ");
    assert_eq!(one(&mark(&silent)).score, Some(5.0));
    let without = mark(&work(
        "required_artifact",
        &params,
        "The readings are in Table 1, and they rise from day to day.",
    ));
    assert_eq!(one(&without).score, Some(0.0));
    assert_eq!(one(&without).missing, ["a table"]);
}

// ---- calibrated

/// A cohort in which the better scripts give more reasons.
fn cohort() -> Vec<awap_core::feedback::calibrate::MarkedScript> {
    const PLAIN: [&str; 4] = [
        "The library has a door and there are people at the door.",
        "There are cards for members and there is a desk for them.",
        "Some members come in the morning and some come in the evening.",
        "It is a large building and it stands in the middle of town.",
    ];
    const REASONED: [&str; 4] = [
        "A face is biometric data because it tells who somebody is.",
        "However, consent is weak where there is no other way in.",
        "Therefore the library should keep its cards for those who object.",
        "For example, errors are more frequent with darker skin, which is unfair.",
    ];
    (0..120)
        .map(|i| {
            let quality = i % 5;
            let text: Vec<String> = (0..6)
                .map(|s| {
                    format!(
                        "{} See note {}.",
                        if s <= quality { REASONED } else { PLAIN }[(i + s) % 4],
                        (i * 7 + s) % 29
                    )
                })
                .collect();
            awap_core::feedback::calibrate::MarkedScript {
                text: text.join(" ") + &format!(" Number {i}."),
                score: quality as f64,
            }
        })
        .collect()
}

#[test]
fn a_model_marks_as_its_markers_do_shows_why_and_leaves_the_top_and_the_unknown_to_a_person() {
    use awap_core::feedback::calibrate::{CalibrateOptions, train};
    let options = CalibrateOptions { min: 0.0, max: 4.0, step: 1.0, label: None };
    let model = train(&cohort(), &options, &awap_core::Deadline::never()).unwrap();
    let params = json!({"model": serde_json::to_value(&model).unwrap()});
    let texts = cohort();
    let scores: Vec<f64> = (0..5).map(|i| score("calibrated", &params, &texts[i].text)).collect();
    assert!(scores.is_sorted() && scores[4] > scores[0] + 4.0, "{scores:?}");
    let best = mark(&work("calibrated", &params, &texts[4].text));
    assert!(one(&best).score.unwrap() <= 8.4);
    assert!(reasons(&best).contains(&"low_confidence"));
    let marked = one(&best);
    assert_eq!(marked.source, "calibrated");
    assert!(marked.trace.iter().filter(|t| t.rule == "calibrated.measure").count() >= 3);
    assert!(!marked.evidence.is_empty());
    let id = best.marking_criteria.provenance.model_id.as_deref();
    assert_eq!(id, Some(model.provenance().scripts_sha256.as_str()));
    let other = "The garden was full of roses when we came back from Wales. My aunt had cut the hedge and painted its gate. \
        We sat outside until dark and talked about horses, music, bread and the sea. Nobody wanted to leave before midnight.";
    let unknown = mark(&work("calibrated", &params, other));
    assert_eq!((one(&unknown).score, unknown.grade), (None, None));
    assert!(reasons(&unknown).contains(&"out_of_distribution"));
}

// ---- all of them

#[test]
fn faults_of_the_parameters_are_named_by_path() {
    for (kind, params, path) in [
        ("model_answer", json!({}), ".references"),
        ("model_answer", json!({"references": []}), ".references"),
        ("model_answer", json!({"references": ["…"]}), ".references[0]"),
        (
            "model_answer",
            json!({"references": ["A face is data."], "thresholds": [{"min_sim": 2, "level": 0}]}),
            ".thresholds[0].min_sim",
        ),
        (
            "model_answer",
            json!({"references": ["A face is data."], "thresholds": [{"min_sim": 0.5, "level": 0}]}),
            ".thresholds[0].level",
        ),
        ("argument", json!({"surface_share": 0.7}), ".surface_share"),
        ("argument", json!({"claims": [{"label": "x"}]}), ".claims[0]"),
        ("argument", json!({"claim": []}), ".claim"),
        ("evidence_use", json!({"min_citations": 0}), ".min_citations"),
        ("evidence_use", json!({"max_quotation_pct": 120}), ".max_quotation_pct"),
        ("presentation", json!({"cap": 11}), ".cap"),
        ("presentation", json!({"free_per_1000": 50, "full_loss_per_1000": 40}), ".full_loss_per_1000"),
        ("presentation", json!({"checks": ["style"]}), ".checks[0]"),
        ("calibrated", json!({}), ".model"),
        ("calibrated", json!({"model": {}}), ".model"),
        ("computed_value", json!({}), ".expected"),
        ("computed_value", json!({"expected": 1, "tolerance": 1, "tolerance_pct": 1}), ".tolerance_pct"),
        (
            "computed_value",
            json!({"expected": 1, "method": [{"any_of": ["x"], "marks": 6}, {"any_of": ["y"], "marks": 6}]}),
            ".method",
        ),
        ("required_artifact", json!({}), ".artifact"),
        ("required_artifact", json!({"artifact": "song"}), ".artifact"),
    ] {
        let error = fault(&work(kind, &params, "An answer of a few words."));
        let want = format!("rubric.questions[0].criteria[0].params{path}");
        assert_eq!(error.details()["path"], want.as_str(), "{kind} {params}: {}", error.message());
        assert!(error.message().ends_with('.'), "{}", error.message());
    }
}

#[test]
fn nothing_that_does_not_count_earns_marks_by_any_kind() {
    let nonsense = "Consent biometric data protection errors sensitive members darker skin unfair recognition. \
        Because however therefore although since perhaps might could argue should view consent errors. \
        Library cards door recognition town membership facial replace camera members.";
    for (kind, params) in [
        ("model_answer", model()),
        ("argument", json!({})),
        ("evidence_use", json!({"max_quotation_pct": 10})),
        ("presentation", json!({})),
        ("computed_value", json!({"expected": 7})),
        ("required_artifact", json!({"artifact": "table"})),
    ] {
        let feedback = mark(&work(kind, &params, nonsense));
        assert_eq!(one(&feedback).score, Some(0.0), "{kind}: {:?}", one(&feedback).trace);
        assert!(reasons(&feedback).contains(&"padding_suspected"), "{kind}");
    }
}
