//! Marking end to end: answers of known quality against the rubrics of `fixtures/rubrics`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Marks are tidied to four decimals: what is compared here is exact.
#![allow(clippy::float_cmp)]

mod marking;

use awap_core::feedback::Feedback;
use marking::{Work, mark, rubric};
use serde_json::{Value, json};

const GOOD_SEARCH: &str = "A linear search checks each item in turn, starting at the beginning, until it finds the target or reaches the end of the list. \
A binary search compares the target with the middle item. If the target is smaller, it discards the upper half of the list, and otherwise the lower half, and then it does the same with the remaining half. \
The list must be sorted before a binary search can be used, because otherwise nothing follows from a comparison with the middle. \
For a million items I would choose the binary search, since it needs at most 20 comparisons where a linear search may need a million of them.";
const FAIR_SEARCH: &str = "A linear search looks at each item in turn until it finds the one that it wants. \
A binary search looks at the middle item first and then it goes left or right. \
It is a much quicker way of searching, and I would use it for a long list of names.";
const POOR_SEARCH: &str = "Searching is a very important part of computing today. \
There are many ways of searching and computers are good at all of them. \
I would choose the one that is fastest because a million items is a lot of items.";

fn criterion<'a>(feedback: &'a Feedback, id: &str) -> &'a awap_core::feedback::MarkedCriterion {
    feedback.marking_criteria.criteria.iter().find(|c| c.id == id).unwrap()
}

fn score(feedback: &Feedback, id: &str) -> f64 {
    criterion(feedback, id).score.unwrap()
}

fn reasons(feedback: &Feedback) -> Vec<&str> {
    feedback.marking_criteria.needs_review.iter().map(|r| r.reason.as_str()).collect()
}

fn search(answer: &str) -> Feedback {
    mark(&Work::new("tm112-25j-tma02.json").answer("1(a)", answer))
}

#[test]
fn answers_of_different_quality_come_out_in_order() {
    let scores: Vec<f64> =
        [GOOD_SEARCH, FAIR_SEARCH, POOR_SEARCH].map(|a| score(&search(a), "q1a-search")).into();
    assert_eq!(scores, [18.0, 8.0, 0.0]);
}

#[test]
fn every_point_shows_its_sentence_or_is_named_as_missing() {
    let feedback = search(FAIR_SEARCH);
    let marked = criterion(&feedback, "q1a-search");
    assert!(
        marked.evidence.iter().any(|e| e.quote.starts_with("A linear search looks at each item in turn"))
    );
    assert!(marked.missing.iter().any(|m| m.contains("must be sorted")));
    let made: std::collections::BTreeSet<_> =
        marked.evidence.iter().filter_map(|e| e.point.as_deref()).collect();
    assert_eq!(made.len() + marked.missing.len(), 5);
}

#[test]
fn a_question_without_an_answer_earns_nothing_and_is_named() {
    let feedback = search(GOOD_SEARCH);
    let marked = criterion(&feedback, "q2a-factors");
    assert_eq!(marked.score, Some(0.0));
    assert!(marked.missing[0].contains("2(a)"), "{:?}", marked.missing);
    assert!(feedback.feedback_text.contains("2(a)"));
    assert_eq!(feedback.grade, Some(20.0));
    assert_eq!(feedback.marking_criteria.totals.band.as_deref(), Some("Fail"));
}

#[test]
fn stuffed_doubled_copied_and_shuffled_answers_never_beat_the_honest_one_and_are_flagged() {
    let honest = search(FAIR_SEARCH).grade.unwrap();
    let stuffed = format!(
        "{FAIR_SEARCH} Middle half discard sorted order twenty comparisons logarithm halves compare remaining half. \
        Sorted ordered ascending alphabetical comparisons steps checks target middle midpoint halfway discard."
    );
    let doubled = [FAIR_SEARCH; 4].join("\n\n");
    let prompt = rubric("tm112-25j-tma02.json")["questions"][0]["prompt"].as_str().unwrap().to_owned();
    let copied = format!("{prompt} {prompt} {FAIR_SEARCH} {prompt}");
    let shuffled = "Item the target of in the middle a compares with search the binary a to. \
        The a half of is discards the list the in and step the. Sorted the be must list the of before binary the to a. \
        Each turn the in of item the linear checks search the a to. Comparisons the twenty of about the needs.";
    for (name, text) in
        [("stuffed", stuffed.as_str()), ("doubled", &doubled), ("copied", &copied), ("shuffled", shuffled)]
    {
        let feedback = search(text);
        assert!(feedback.grade.unwrap() <= honest, "{name}: {:?} beats {honest}", feedback.grade);
        assert!(reasons(&feedback).contains(&"padding_suspected"), "{name}: {:?}", reasons(&feedback));
    }
}

#[test]
fn fluent_answers_that_are_wrong_or_about_something_else_earn_little_and_are_flagged() {
    let wrong = "A binary search can be used with any list, because it does not need the list to be sorted. \
        It never compares the target with the middle item. A linear search is not able to check each item in turn.";
    let feedback = search(wrong);
    assert!(score(&feedback, "q1a-search") <= 4.0, "{:?}", criterion(&feedback, "q1a-search"));
    let flagged = |feedback: &Feedback, part: &str| {
        let reviews = &feedback.marking_criteria.needs_review;
        reviews.iter().any(|r| r.reason == "low_confidence" && json!(r.detail).to_string().contains(part))
    };
    assert!(flagged(&feedback, "the opposite of several things"), "{:?}", reasons(&feedback));
    // Wrong without denying anything: full sentences on the subject, and no fact in them is so.
    let confused = "A linear search begins by guessing where the target could be, and it jumps from there to another place that it has not seen before. \
        A binary search asks for two copies of the list, since it reads one of them forwards and the other backwards. \
        It is called binary because a computer works with zeros and ones, and the letters of each item are turned into these before the search begins. \
        For a million items I would choose the linear search, as lines are what computers are fastest at.";
    let feedback = search(confused);
    assert!(score(&feedback, "q1a-search") <= 4.0, "{:?}", criterion(&feedback, "q1a-search"));
    assert!(flagged(&feedback, "earned next to nothing"), "{:?}", reasons(&feedback));
    let fair = search(FAIR_SEARCH);
    assert!(!flagged(&fair, "the opposite of several") && !flagged(&fair, "next to nothing"));
    let other = "The garden was full of roses when we came back from Wales in the spring of that year. \
        My aunt had cut the hedge and painted the gate, and she had put the kettle on for us. \
        We sat outside until it was dark and talked about the house that she wanted to buy.";
    let feedback = search(other);
    assert!(reasons(&feedback).contains(&"off_topic"), "{:?}", reasons(&feedback));
    assert_eq!(score(&feedback, "q1a-search"), 0.0);
}

#[test]
fn what_an_answer_only_announces_earns_nothing() {
    let issues = |answer: &str| {
        let answer = format!(
            "{answer} Libraries have lent books for a long time, and people come to them from all over the town."
        );
        score(&mark(&Work::new("tm112-25j-tma02.json").answer("2(b)", &answer)), "q2b-issues")
    };
    let announced = "In this answer I shall look at the GDPR and its rules for biometric data, at consent, and at how long images are stored.";
    let told = "The GDPR has rules for biometric data, members have to give their consent, and images must not be stored for long.";
    assert_eq!((issues(announced), issues(told)), (0.0, 8.0));
}

#[test]
fn an_answer_in_another_language_goes_to_a_person() {
    let french = "La recherche linéaire examine chaque élément de la liste depuis le début jusqu’à la fin. \
        La recherche dichotomique compare la valeur avec l’élément du milieu et garde la moitié utile de la liste triée.";
    assert!(reasons(&search(french)).contains(&"out_of_distribution"));
}

#[test]
fn code_is_marked_where_it_stands() {
    let code = "def average_reading(readings):\n    if not readings:\n        return None\n    return sum(readings) / len(readings)";
    let work =
        Work::new("tm112-25j-tma02.json").code("1(b)", "The function returns the mean of the list.", code);
    assert_eq!(score(&mark(&work), "q1b-code"), 12.0);
    let without =
        Work::new("tm112-25j-tma02.json").code("1(b)", "The function returns the mean.", "print(\"hello\")");
    assert_eq!(score(&mark(&without), "q1b-code"), 0.0);
}

#[test]
fn parts_run_together_are_read_as_one_and_doubted() {
    let work = Work::new("tm112-25j-tma02.json").answer("1", GOOD_SEARCH);
    let feedback = mark(&work);
    assert_eq!(score(&feedback, "q1a-search"), 18.0);
    assert!(reasons(&feedback).contains(&"low_confidence"));
}

#[test]
fn work_that_is_in_no_answer_goes_to_a_person() {
    let text =
        format!("{FAIR_SEARCH} {POOR_SEARCH}\n\nQuestion 1\n\n{GOOD_SEARCH}\n\nQuestion 2\n\n{FAIR_SEARCH}");
    let content = awap_core::submission::Content { text: Some(text), ..Default::default() };
    let tma = awap_core::Submission { content, ..Default::default() };
    let deadline = awap_core::Deadline::never();
    let parsed = awap_core::tma::parse(tma, &awap_core::Limits::default(), &deadline).unwrap();
    let feedback = awap_core::feedback::mark(&parsed, &deadline).unwrap();
    let reviews = &feedback.marking_criteria.needs_review;
    assert!(
        reviews.iter().any(|r| {
            r.reason == "low_confidence"
                && r.detail.as_ref().is_some_and(|d| {
                    d["message"].as_str().is_some_and(|m| m.contains("before the answer to 1"))
                })
        }),
        "{reviews:?}"
    );
}

#[test]
fn a_first_part_without_its_label_is_read_under_the_number_of_the_question() {
    let work = Work::new("tm112-25j-tma02.json")
        .answer("1", GOOD_SEARCH)
        .answer("1(b)", "The program is tested with a list of three items.");
    let feedback = mark(&work);
    assert_eq!(score(&feedback, "q1a-search"), 18.0);
    assert!(reasons(&feedback).contains(&"low_confidence"));
    // What stands under the number is no answer to a part after one that has its label.
    let work = Work::new("tm112-25j-tma02.json")
        .answer("1", FAIR_SEARCH)
        .answer("1(a)", "The program is tested with a list of three items.");
    assert!(criterion(&mark(&work), "q1b-tests").missing[0].contains("1(b)"));
}

#[test]
fn what_only_a_person_may_mark_stays_open_where_no_answer_was_found() {
    let feedback = mark(&Work::new("every-kind.json"));
    let open: Vec<_> = feedback.marking_criteria.criteria.iter().filter(|c| c.score.is_none()).collect();
    assert!(!open.is_empty());
    assert!(open.iter().all(|c| c.source == "human"));
    assert_eq!(feedback.grade, None);
    assert!(reasons(&feedback).contains(&"human_criterion"));
}

#[test]
fn the_pass_mark_of_a_simple_rubric_is_a_pass() {
    let band = |said: &str, passing: Value, boundaries: Value| {
        let total = 30.0;
        let mut work = Work::new("k102-25j-tma01.json").answer("1", said);
        let rubric = work.rubric.as_mut().unwrap().as_object_mut().unwrap();
        rubric.retain(|key, _| key == "question_id");
        rubric.insert("total_points".to_owned(), json!(total));
        rubric.insert(
            "criteria".to_owned(),
            json!([{"name": "Dignity", "weight": total, "description": "dignity",
                "levels": [{"score": 0, "descriptor": "nothing"}, {"score": total, "descriptor": "dignity"}]}]),
        );
        rubric.insert("passing_grade".to_owned(), passing);
        if !boundaries.is_null() {
            rubric.insert("grade_boundaries".to_owned(), boundaries);
        }
        let totals = mark(&work).marking_criteria.totals;
        (totals.mark.unwrap(), totals.band.unwrap())
    };
    let said = "Dignity matters to every person.";
    let (mark, _) = band(said, json!(1), Value::Null);
    assert!(mark > 0.0);
    let passes = |least: f64| band(said, json!(least), Value::Null).1;
    assert_eq!(passes(mark), "Pass");
    assert!(mark >= 30.0 || passes(mark + 1.0) == "Fail", "{mark} of 30");
    assert_eq!(band(said, json!(1), json!({"Pass": mark})).1, "Pass");
    assert_eq!(band("Nothing of the kind.", json!(1), Value::Null), (0.0, "Fail".to_owned()));
}

#[test]
fn what_comes_near_a_common_error_is_shown_and_costs_nothing() {
    let marked = |error: &str, said: &str| {
        let mut work = Work::new("k102-25j-tma01.json").answer("1", said);
        work.set("/common_errors", json!([{"error": error, "penalty": 5}]));
        let feedback = mark(&work);
        let off = feedback.marking_criteria.totals.penalties.iter().any(|p| p["kind"] == "common_error");
        let shown = serde_json::to_string(&feedback.marking_criteria.needs_review).unwrap();
        (off, shown.contains("common error"))
    };
    let unsorted = "Says that a binary search works on an unsorted list";
    let need = "Thinks that the list need not be sorted";
    let dignity = "Says that dignity means doing everything for the person";
    let aphasia = "Confuses aphasia with a loss of intelligence";
    for (error, said, want) in [
        (dignity, "Dignity means doing with the person what she can do herself.", (false, true)),
        (unsorted, "A binary search works only on a sorted list.", (false, true)),
        (unsorted, "A binary search works on an unsorted list as well.", (true, true)),
        (need, "The list needs to be sorted first of all.", (false, false)),
        (need, "The list need not be sorted at all.", (true, true)),
        (need, "It is a mistake that the list need not be sorted.", (false, false)),
        (aphasia, "Aphasia is a loss of words, while intelligence is kept.", (false, true)),
        (aphasia, "Aphasia is a loss of intelligence after a stroke.", (true, true)),
    ] {
        assert_eq!(marked(error, said), want, "{said}");
    }
}

#[test]
fn words_that_answer_several_questions_are_counted_once() {
    let over = |mode: &str, limit: usize| {
        let mut work = Work::new("tm112-25j-tma02.json").answer("1", GOOD_SEARCH);
        work.set(
            "/penalties",
            json!({"over_length": {"limit_words": limit, "tolerance_pct": 0, "mode": mode, "per_words": 100, "marks": 5}}),
        );
        mark(&work)
    };
    let words = GOOD_SEARCH.split_whitespace().count();
    assert_eq!(over("marks_per_step", words).marking_criteria.totals.penalties, Vec::<Value>::new());
    let totals = over("marks_per_step", words - 1).marking_criteria.totals;
    assert_eq!(totals.penalties[0]["words"], json!(words));
    let read = over("stop_reading", words);
    assert!(!serde_json::to_string(&read.marking_criteria).unwrap().contains("unread_words"));
}

#[test]
fn the_limit_of_one_question_does_not_count_the_words_of_another() {
    let mut work =
        Work::new("k102-25j-tma01.json").answer("1", FAIR_SEARCH).answer("2", &GOOD_SEARCH.repeat(3));
    let criteria = json!([{"name": "Search", "weight": 50, "description": "search"}]);
    work.rubric = Some(json!([
        {"question_id": 1, "total_points": 50, "word_limit": 100, "word_limit_penalty": "5 points per 100 words",
         "criteria": criteria},
        {"question_id": 2, "total_points": 50, "criteria": criteria},
    ]));
    assert_eq!(mark(&work).marking_criteria.totals.penalties, Vec::<Value>::new());
    work.rubric.as_mut().unwrap()[0]["word_limit"] = json!(20);
    let words = FAIR_SEARCH.split_whitespace().count();
    assert_eq!(mark(&work).marking_criteria.totals.penalties[0]["words"], json!(words));
}

#[test]
fn an_open_criterion_leaves_a_range() {
    let essay = "This essay will discuss how social order is made and remade on the street in everyday interaction.\n\n\
        Goffman wrote of an interaction order, in which each performance matters.\n\nIn conclusion, order is made by people together.";
    let feedback = mark(&Work::new("dd102-25b-tma03.yaml").answer("essay", essay));
    let totals = &feedback.marking_criteria.totals;
    assert_eq!((feedback.grade, totals.mark, totals.band.as_deref()), (None, None, None));
    let [least, most] = totals.range.unwrap();
    assert_eq!(most - least, 25.0);
    assert!(reasons(&feedback).contains(&"human_criterion"));
}

#[test]
fn without_a_rubric_a_person_marks_most_of_it() {
    let mut work = Work::new("dd102-25b-tma03.yaml").answer("essay", GOOD_SEARCH);
    work.rubric = None;
    let feedback = mark(&work);
    assert_eq!(feedback.grade, None);
    let [least, most] = feedback.marking_criteria.totals.range.unwrap();
    assert!(most - least >= 70.0);
    assert_eq!(feedback.marking_criteria.provenance.rubric_source, "built_in");
}

#[test]
fn the_simple_form_marks_by_its_words() {
    let good = "Person-centred care means that Grace's own choices, preferences and routines come first. \
        Her carers should plan the support with her, so that she keeps her dignity and her identity. \
        For example, she likes to choose her own clothes, and this choice supports her independence because it stays hers.\n\n\
        Aphasia affects her speech, so her carers should listen and give her time. \
        Picture cards and gestures help, for instance when she is tired, and checking understanding helps both of them.\n\n\
        The district nurse, the speech and language therapist and the paid carers share information in a care plan, so that Grace is kept safe. \
        Each is responsible for a part, and confidentiality and safeguarding matter when they share it. \
        Leonard, her husband, is a family carer, and respite and a carer's assessment would help him, such as a day to himself. \
        In my own experience at a day centre, teamwork works when somebody explains the plan to everyone.";
    let poor = "Grace had a stroke and she is at home. Carers come to wash her and make meals for her every day of the week.";
    let by = |text: &str| mark(&Work::new("k102-25j-tma01.json").answer("1", text));
    let (good, poor) = (by(good), by(poor));
    assert!(good.grade.unwrap() >= 70.0, "{:?}", good.grade);
    assert!(poor.grade.unwrap() < 30.0, "{:?}", poor.grade);
    let bonus = good.marking_criteria.totals.penalties.iter().find(|p| p["kind"] == "bonus").unwrap();
    assert!(
        bonus["marks"].as_f64().unwrap() < 0.0
            && bonus["evidence"][0]["quote"].as_str().unwrap().contains("respite")
    );
}

#[test]
fn a_common_error_costs_its_marks_only_where_it_is_made() {
    let base = "Person-centred care puts the choices and preferences of Grace first, and her routines matter to her.";
    let penalties = |extra: &str| -> Vec<Value> {
        let feedback = mark(&Work::new("k102-25j-tma01.json").answer("1", &format!("{base} {extra}")));
        feedback
            .marking_criteria
            .totals
            .penalties
            .into_iter()
            .filter(|p| p["kind"] == "common_error")
            .collect()
    };
    let made = penalties("I think that dignity means doing everything for the person who is ill.");
    assert_eq!(made.len(), 1);
    assert!(made[0]["evidence"][0]["quote"].as_str().unwrap().contains("dignity means"));
    for harmless in [
        "Dignity does not mean doing everything for the person who is ill.",
        "It is a mistake to think that dignity means doing everything for the person.",
        "Dignity matters to every person.",
        "",
    ] {
        assert_eq!(penalties(harmless), Vec::<Value>::new(), "{harmless}");
    }
}

#[test]
fn over_length_is_noted_or_costs_what_the_rubric_says() {
    let long = GOOD_SEARCH.repeat(3).replace(". ", ". So it is. ");
    let words = long.split_whitespace().count() as f64;
    for (penalty, marks_off) in [
        (json!({"limit_words": 100, "tolerance_pct": 10, "mode": "note_only"}), 0.0),
        (
            json!({"limit_words": 100, "tolerance_pct": 10, "mode": "marks_per_step", "per_words": 1000, "marks": 3}),
            3.0,
        ),
        (
            json!({"limit_words": 100, "tolerance_pct": 0, "mode": "marks_per_step", "per_words": 10, "marks": 1, "cap": 4}),
            4.0,
        ),
        (json!({"limit_words": 100, "mode": "percent_of_mark", "marks": 50}), 10.0),
    ] {
        let mut work = Work::new("tm112-25j-tma02.json").answer("1(a)", &long);
        work.set("/penalties", json!({"over_length": penalty}));
        work.set("/questions/0/criteria/1", json!({"id": "h", "title": "Style", "max_mark": 2, "kind": "concepts", "params": {"points": [{"id": "p", "any_of": ["binary"]}]}}));
        let feedback = mark(&work);
        let totals = &feedback.marking_criteria.totals;
        let over = totals.penalties.iter().find(|p| p["kind"] == "over_length").unwrap();
        assert_eq!(over["marks"].as_f64().unwrap(), marks_off, "{penalty}");
        assert_eq!(over["words"].as_f64().unwrap(), words);
        assert_eq!(totals.mark.unwrap(), 20.0 - marks_off);
    }
}

#[test]
fn what_counts_towards_the_limit_is_the_rubrics_to_say() {
    let mut work = Work::new("tm112-25j-tma02.json");
    let from = work.block("heading", None, "Two ways").0;
    let text = "Smith (2020) says that “each item is looked at in turn” (Jones, 2021, p. 4).";
    let (start, _) = work.block("paragraph", None, text);
    for (citation, kind) in [("Smith (2020)", "narrative"), ("(Jones, 2021, p. 4)", "parenthetical")] {
        let at = start + text.find(citation).unwrap();
        work.citations.push(json!({"text": citation, "start": at, "end": at + citation.len(), "authors": [], "year": null, "page": null, "kind": kind, "reference": null}));
    }
    work.block("quote", None, "Nothing is passed over.");
    let end = work.block("table", None, "item\tturn\nfirst\tone").1;
    work.block("paragraph", Some("reference_list"), "Jones, B. (2021) Searching.");
    let work = work.answer_at("1(a)", from, end);
    // 2 of the heading, 15 of the paragraph (of which 5 in citations, 7 quoted), 4 quoted, 4 in the table, 4 in the list.
    let with = |counts: Value| {
        let mut work = work.clone();
        work.set("/penalties", json!({"over_length": {"limit_words": 1, "counts": counts}}));
        let totals = mark(&work).marking_criteria.totals;
        totals.penalties.iter().find(|p| p["kind"] == "over_length").unwrap()["words"].as_u64().unwrap()
    };
    for (counts, words) in [
        (json!({}), 21),
        (json!({"headings": false}), 19),
        (json!({"tables": true}), 25),
        (json!({"reference_list": true}), 25),
        (json!({"in_text_citations": false}), 16),
        (json!({"quotes": false}), 10),
        (json!({"quotes": false, "in_text_citations": false, "headings": false}), 3),
    ] {
        assert_eq!(with(counts.clone()), words, "{counts}");
    }
}

#[test]
fn a_marker_who_stops_reading_gives_nothing_for_the_rest() {
    let filler = "I have thought about this question for a long time and with some care. ";
    let late_answer = format!("{filler}{GOOD_SEARCH}");
    let mut work = Work::new("tm112-25j-tma02.json").answer("1(a)", &late_answer);
    work.set(
        "/penalties",
        json!({"over_length": {"limit_words": 14, "tolerance_pct": 0, "mode": "stop_reading"}}),
    );
    assert_eq!(score(&mark(&work), "q1a-search"), 0.0);
}

#[test]
fn lateness_is_noted_or_costs_a_share() {
    for (late, fields, want) in [
        (json!({"mode": "note_only"}), json!({"days_late": 2}), 0.0),
        (json!({"mode": "percent_per_day", "pct": 10}), json!({"days_late": 2}), 4.0),
        (
            json!({"mode": "percent_per_day", "pct": 10}),
            json!({"due_at": "2025-11-01T12:00:00Z", "submitted_at": "2025-11-02T09:00:00Z"}),
            2.0,
        ),
        (
            json!({"mode": "percent_per_day", "pct": 10}),
            json!({"due_at": "2025-11-01T12:00:00Z", "submitted_at": "2025-11-01T12:00:01+00:00"}),
            2.0,
        ),
        (
            json!({"mode": "percent_per_day", "pct": 10}),
            json!({"due_at": "2025-11-01T12:00:00Z", "submitted_at": "2025-11-02T15:00:00+02:00"}),
            4.0,
        ),
        (
            json!({"mode": "percent_per_day", "pct": 10}),
            json!({"due_at": "2025-11-01", "submitted_at": "2025-11-02T00:30:00Z"}),
            2.0,
        ),
    ] {
        let mut work = Work::new("tm112-25j-tma02.json").answer("1(a)", GOOD_SEARCH);
        work.set("/penalties", json!({"late": late}));
        work.carried = fields.as_object().cloned().unwrap();
        let totals = mark(&work).marking_criteria.totals;
        let entry = totals.penalties.iter().find(|p| p["kind"] == "late").unwrap();
        assert_eq!(entry["marks"].as_f64().unwrap(), want);
    }
}

#[test]
fn the_students_text_is_warm_brief_and_names_nobody() {
    let work = Work::new("tm112-25j-tma02.json")
        .answer("1(a)", &format!("I am [STUDENT] and this is my answer. {FAIR_SEARCH}"))
        .answer("2(a)", "A password is something you know and a phone is something you have. With a stolen password alone a criminal still needs the code from the phone.");
    let feedback = mark(&work);
    let text = &feedback.feedback_text;
    assert!(text.split_whitespace().count() <= 500);
    assert!(!text.contains("[STUDENT]") && !text.contains('{'), "{text}");
    assert!(text.contains("You") && text.contains("**Question 1(a)**"), "{text}");
    // No two consecutive sentences open alike.
    for paragraph in text.split("\n\n") {
        let openings: Vec<&str> = paragraph.split(". ").filter_map(|s| s.split_whitespace().next()).collect();
        assert!(openings.windows(2).all(|w| w[0] != w[1]), "{paragraph}");
    }
    let tone = feedback.marking_criteria.tone.as_ref().unwrap();
    assert_eq!(tone["within_ten_points"], json!(true), "{tone} {text}");
}

#[test]
fn a_draft_lists_what_is_missing_and_praises_only_what_is_there() {
    let answer = "I work in a care home so I know how it is. Care at home is hard and good care takes patience. \
        Everybody wants care that is kind. The best care is given by people who like the work.\n\n\
        The carers come in the morning and they wash and dress her and make the meals. \
        Grace can not speak well so the carers must talk to her slowly and listen. They can use gestures too.\n\n\
        The nurse comes on Mondays and the therapist comes sometimes. \
        They should talk to each other and share information so that she is safe.";
    let feedback = mark(&Work::new("k102-25j-tma01.json").answer("1", answer));
    let text = &feedback.feedback_text;
    // Things that are missing of one criterion come in one sentence.
    assert!(text.contains("giving time, picture cards and checking understanding"), "{text}");
    let [care, _, together, ..] = feedback.marking_criteria.criteria.as_slice() else { panic!("criteria") };
    let shown = |words: &str| care.evidence.iter().any(|e| e.quote.contains(words));
    let missing = |words: &str| care.missing.iter().any(|m| m.contains(words));
    // The whole answer says “care”: that alone is no care plan.
    assert!(together.evidence.iter().all(|e| !e.quote.contains("I work in a care home")), "{together:?}");
    // Washing and dressing are tasks of care, whether they are called so or not.
    assert!(shown("wash and dress her") && !missing("practical care tasks"), "{care:?}");
}

#[test]
fn a_work_with_nothing_in_it_is_marked_all_the_same() {
    let feedback = mark(&Work::new("tm112-25j-tma02.json"));
    assert_eq!(feedback.grade, Some(0.0));
    assert_eq!(feedback.strengths.len(), 1);
    assert!(!feedback.feedback_text.is_empty());
    assert!(reasons(&feedback).contains(&"text_too_short"));
}
