//! `awap score`, `calibrate` and `compare`: what they print and write, what they refuse, and that they name no one.

use super::*;
use std::fmt::Write as _;

/// Scripts in which better ones give more reasons, with `marks.csv`: from 0 to 4.
fn marked_scripts(place: &Place, count: usize) {
    const PLAIN: [&str; 4] = [
        "The street is a place with people and things in it every day.",
        "There are some shops there and there is traffic on the road.",
        "Some people walk there and some of the people take a bus to town.",
        "It is busy in the morning there and it is quiet at night.",
    ];
    const REASONED: [&str; 4] = [
        "Order is achieved because people follow unwritten rules that nobody taught them.",
        "However, councils decide who is a nuisance and therefore who may stay.",
        "Goffman suggests that strangers look away so that each of them can pass safely.",
        "For example, a queue repairs itself although nobody is in charge there.",
    ];
    let mut marks = "file,mark,marker,marked_at\n".to_owned();
    for i in 0..count {
        let mark = i % 5;
        let mut text: Vec<String> = (0..6)
            .map(|s| {
                let from = if s < mark + 1 { REASONED } else { PLAIN };
                format!("{} Case {} was number {}.", from[(i + s) % 4], (i * 7 + s) % 23, i * 31 + s)
            })
            .collect();
        text.rotate_left(i % 6);
        let name = format!("Robin Quillfeather_{i}_assignsubmission_file_essay {i}.md");
        place.put(&format!("in/{name}"), text.join(" "));
        writeln!(marks, "{name},{mark},Marker Quillfeather,2026-01-{:02}", 1 + i % 28).unwrap();
    }
    place.put("marks.csv", marks);
}

fn json(output: &Output) -> Value {
    let (text, aside) = said(output);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{aside}"))
}

const CALIBRATE: [&str; 8] = ["calibrate", "in", "--marks", "marks.csv", "--max", "4", "--out", "model.json"];

#[test]
fn calibrate_writes_a_model_that_says_where_it_is_from_and_marks() {
    let place = Place::new();
    marked_scripts(&place, 120);
    place.put("model.json", "last year's");
    let output = place.run(&[&CALIBRATE[..], &["--label", "a street", "--json"]].concat());
    let value = json(&output);
    assert_eq!(place.text("model.edited-1.json"), "last year's", "what was there is kept aside");
    assert_eq!(output.status.code(), Some(0), "{value}");
    let report = &value["data"]["report"];
    let kappa = |which: &str| report[which]["qwk"].as_f64().unwrap();
    assert!(kappa("agreement") > 0.7 && kappa("agreement") > kappa("by_length_alone") + 0.1, "{value}");
    let model: Value = serde_json::from_str(&place.text("model.json")).unwrap();
    assert_eq!(model["provenance"]["label"], "a street");
    assert_eq!(model["provenance"]["scripts"], 120);
    assert_eq!(model["provenance"]["agreement"]["qwk"], report["agreement"]["qwk"]);
    for text in [place.text("model.json"), value.to_string()] {
        assert!(!text.contains("Quillfeather") && !text.contains("queue"), "no name and no word of a script");
    }
    // It is what a criterion takes.
    let rubric = serde_json::json!({
        "schema": "awap:rubric/1", "rubric_id": "street", "max_mark": 4,
        "questions": [{"id": "1", "prompt": "", "max_mark": 4, "criteria": [
            {"id": "q1.street", "title": "Order", "kind": "calibrated", "max_mark": 4, "params": {"model": model}},
        ]}],
    });
    place.put("rubric.json", rubric.to_string());
    let script = "in/Robin Quillfeather_4_assignsubmission_file_essay 4.md";
    let output = place.run(&["mark", script, "--rubric", "rubric.json", "--json"]);
    let marked = json(&output);
    assert_eq!(
        marked.pointer("/data/marking_criteria/criteria/0/source"),
        Some(&"calibrated".into()),
        "{marked}"
    );
    let (text, aside) = said(&place.run(&CALIBRATE));
    for part in ["a count of words alone", "Learnt from 120 scripts", "model.json", "cross-validation"] {
        assert!(text.contains(part), "no {part} in {text}{aside}");
    }
}

#[test]
fn calibrate_refuses_what_cannot_be_learnt_from_and_writes_nothing() {
    let place = Place::new();
    marked_scripts(&place, 20);
    for (arguments, status, words) in [
        (&CALIBRATE[..], 65, "at least 100 different marked scripts and was given 20"),
        (&[&CALIBRATE[..], &["--column", "grade"]].concat(), 65, "no column “grade”"),
        (&[&CALIBRATE[..], &["--question", "1"]].concat(), 2, "--rubric"),
        (&[&CALIBRATE[..], &["--step", "0"]].concat(), 2, "greater than 0"),
        (
            &["calibrate", "in", "--marks", "marks.csv", "--max", "3", "--out", "model.json"],
            65,
            "not on the scale",
        ),
        (
            &["calibrate", "in", "--marks", "marks.csv", "--max", "4", "--out", "marks.csv"],
            78,
            "would write over marks.csv",
        ),
    ] {
        let output = place.run(arguments);
        let (_, aside) = said(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {aside}");
        assert!(aside.contains(words), "no “{words}” in {aside}");
        assert!(!aside.contains("Quillfeather") && !aside.contains("scripts["), "{aside}");
        assert!(!place.path("model.json").exists());
    }
}

#[test]
fn calibrate_learns_from_the_answer_to_one_question_alone() {
    let place = Place::new();
    marked_scripts(&place, 120);
    for entry in std::fs::read_dir(place.path("in")).unwrap() {
        let path = entry.unwrap().path();
        let answer = std::fs::read_to_string(&path).unwrap();
        let same = "Everybody says this of the street and nobody adds a word of their own to it.";
        std::fs::write(&path, format!("# Question 1\n\n{same}\n\n# Question 2\n\n{answer}\n")).unwrap();
    }
    let question = |id: &str| {
        let criterion = serde_json::json!({"id": format!("q{id}.all"), "title": "All of it", "kind": "human", "max_mark": 4});
        serde_json::json!({"id": id, "prompt": "", "max_mark": 4, "criteria": [criterion]})
    };
    let rubric = serde_json::json!({
        "schema": "awap:rubric/1", "rubric_id": "street", "max_mark": 8, "questions": [question("1"), question("2")],
    });
    place.put("two.json", rubric.to_string());
    let of = |question: &str| {
        place.run(&[&CALIBRATE[..], &["--rubric", "two.json", "--question", question, "--json"]].concat())
    };
    let second = json(&of("2"));
    assert!(second["data"]["report"]["agreement"]["qwk"].as_f64().unwrap() > 0.7, "{second}");
    // The first is the same in all of them.
    let first = of("1");
    assert_eq!(first.status.code(), Some(65), "{:?}", said(&first));
    assert!(said(&first).1.contains("100 different marked scripts and was given 1"), "{:?}", said(&first));
    let none = of("3");
    assert_eq!(none.status.code(), Some(78), "{:?}", said(&none));
}

/// Twelve essays, two of which share a paragraph, with marks by two markers of whom one is generous.
fn cohort(place: &Place) {
    let mut marks = "file,mark,expected,marker,marked_at\n".to_owned();
    for i in 0..12_usize {
        let own = |s: usize| {
            format!(
                "Point {s} of case {i} rests on finding {} from survey {} in town {}.",
                i * 17 + s,
                i * 5 + s,
                i * 3 + s
            )
        };
        let mut text: String = (0..12).map(|s| own(s) + " ").collect();
        if i < 2 {
            text += "\n\nWhat keeps a crowded street in order is not the police but an intricate and almost unconscious network of \
                     voluntary controls and standards that its own people hold and enforce among themselves each and every day.\n";
        }
        place.put(&format!("in/Robin Quillfeather_{i}_assignsubmission_file_e.md"), text);
        let (marker, mark) = if i % 2 == 0 { ("Ann Quillfeather", 70) } else { ("Bo Quillfeather", 55) };
        writeln!(
            marks,
            "Robin Quillfeather_{i}_assignsubmission_file_e.md,{},60,{marker},2026-01-{:02}",
            mark + i % 3,
            i + 1
        )
        .unwrap();
    }
    place.put("marks.csv", marks);
}

#[test]
fn compare_tells_what_two_scripts_share_and_which_marker_is_apart() {
    let place = Place::new();
    cohort(&place);
    let output = place.run(&["compare", "in", "--marks", "marks.csv", "--json"]);
    let value = json(&output);
    assert_eq!(output.status.code(), Some(0), "{value}");
    let data = &value["data"];
    assert_eq!(
        (&data["scripts"], data["near_duplicates"].as_array().unwrap().len()),
        (&12.into(), 1),
        "{data}"
    );
    let passage = &data["near_duplicates"][0]["passages"][0];
    assert!(passage["quote"].as_str().unwrap().contains("network of voluntary controls"), "{passage}");
    // The places are those in the text that parse prints.
    let code = data["near_duplicates"][0]["a"].as_str().unwrap();
    let at = |name: &str| usize::try_from(passage[name].as_u64().unwrap()).unwrap();
    let parsed = (0..2)
        .map(|i| {
            json(&place.run(&[
                "parse",
                &format!("in/Robin Quillfeather_{i}_assignsubmission_file_e.md"),
                "--json",
            ]))
        })
        .map(|parsed| parsed["data"]["text"].as_str().unwrap().to_owned())
        .filter(|text| text.get(at("a_start")..at("a_end")) == passage["quote"].as_str());
    assert!(parsed.count() >= 1, "{code} {passage}");
    let markers = data["markers"].as_array().unwrap();
    assert!(
        markers.len() == 2 && markers.iter().all(|marker| marker["beside_others"]["notable"] == true),
        "{data}"
    );
    let (text, aside) = said(&place.run(&["compare", "in", "--marks", "marks.csv"]));
    for part in ["Text in common", "voluntary controls", "Markers", "+15.0, look", "never a verdict"] {
        assert!(text.contains(part), "no {part} in {text}{aside}");
    }
    for text in [value.to_string(), text, aside] {
        assert!(!text.contains("Quillfeather"), "{text}");
    }
    let (text, _) = said(&place.run(&["compare", "in", "--marks", "marks.csv", "--names"]));
    assert!(text.contains("Robin Quillfeather_0") && text.contains("Ann Quillfeather"), "asked for: {text}");
}

#[test]
fn compare_tells_of_no_less_than_is_asked_for_and_not_of_the_questions_own_words() {
    let place = Place::new();
    cohort(&place);
    let told = |options: &[&str]| {
        let value = json(&place.run(&[&["compare", "in", "--json"], options].concat()));
        value["data"]["near_duplicates"].as_array().map(Vec::len)
    };
    assert_eq!(told(&[]), Some(1));
    assert_eq!(told(&["--share", "90", "--stretch", "500"]), Some(0));
    assert_eq!(told(&["--share", "90", "--stretch", "20"]), Some(1), "by the stretch");
    assert_eq!(told(&["--share", "5", "--stretch", "500"]), Some(1), "by the share");
    let text = place.text("in/Robin Quillfeather_0_assignsubmission_file_e.md");
    place.put("prompt.txt", text.trim().rsplit("\n\n").next().unwrap());
    assert_eq!(told(&["--prompt", "prompt.txt"]), Some(0));
    let output = place.run(&["compare", "in", "--prompt", "gone.txt"]);
    assert_eq!(output.status.code(), Some(66), "{:?}", said(&output));
}

#[test]
fn compare_does_the_rest_where_a_file_cannot_be_read() {
    let place = Place::new();
    cohort(&place);
    place.put("in/Zebedee Quirk_80_assignsubmission_file_a.docx", b"PK\x03\x04 and no more");
    place.put("marks.csv", place.text("marks.csv") + "gone.md,1,1,x,2026-01-01\n");
    let output = place.run(&["compare", "in", "--marks", "marks.csv"]);
    let (text, aside) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{aside}");
    assert!(text.contains("12 scripts compared") && aside.contains("cannot be read"), "{text}{aside}");
    assert!(aside.contains("on line 14") && !aside.contains("Quirk"), "{aside}");
}

/// What AWAP gave each TMA of a batch of the fixtures: code, mark, and the first criterion's id and mark.
fn batch(place: &Place) -> Vec<(String, f64, String, f64)> {
    place.moodle();
    assert!(place.batch(&["--key-to-names", "key.csv"]).status.success());
    let of = |line: &Value| {
        let criterion = &line["criteria"][0];
        (
            line["tma"].as_str().unwrap().to_owned(),
            line["mark"].as_f64().unwrap(),
            criterion["id"].as_str().unwrap().to_owned(),
            criterion["score"].as_f64().unwrap(),
        )
    };
    place.ledger("done").iter().map(of).collect()
}

#[test]
fn score_says_how_far_the_marks_are_from_the_tutors() {
    let place = Place::new();
    let given = batch(&place);
    let criterion = given[0].2.clone();
    let mut marks = format!("tma,mark,{criterion},note\n");
    for (i, (code, mark, _, score)) in given.iter().enumerate() {
        let less = if i == 0 { 10.0 } else { 0.0 };
        writeln!(marks, "{code},{},{score},", mark - less).unwrap();
    }
    place.put("tutor.csv", &marks);
    let output = place.run(&["score", "out", "--marks", "tutor.csv", "--json"]);
    let value = json(&output);
    assert_eq!(output.status.code(), Some(0), "{value}");
    let overall = &value["data"]["overall"];
    let share = |name: &str| (overall[name].as_f64().unwrap() * 3.0).round();
    assert_eq!((share("exact"), share("near"), share("bias")), (2.0, 2.0, 10.0), "{value}");
    assert_eq!((&overall["scripts"], &overall["open"]), (&3.into(), &0.into()));
    let of_criterion = &value["data"]["criteria"];
    assert_eq!(
        (&of_criterion[0]["id"], &of_criterion[0]["exact"]),
        (&criterion.as_str().into(), &1.0.into())
    );
    assert_eq!(of_criterion.as_array().unwrap().len(), 1);
    assert_eq!(value["data"]["furthest"].as_array().unwrap().len(), 1);
    assert_eq!(value["data"]["furthest"][0]["tma"], given[0].0.as_str());
    assert_eq!(value["data"]["unknown_columns"], serde_json::json!(["note"]));
    let by_tens = json(&place.run(&["score", "out", "--marks", "tutor.csv", "--step", "10", "--json"]));
    let adjacent = |of: &Value| (of["data"]["overall"]["adjacent"].as_f64().unwrap() * 3.0).round();
    assert_eq!(
        (adjacent(&value), adjacent(&by_tens)),
        (2.0, 3.0),
        "ten marks less are one step of ten: {by_tens}"
    );
    let (text, aside) = said(&place.run(&["score", "out", "--marks", "tutor.csv"]));
    for part in ["Whole mark", "Kappa", "67 %", "+3.3", "Furthest apart", "fewer than 30", "note"] {
        assert!(text.contains(part), "no {part} in {text}{aside}");
    }
}

#[test]
fn score_finds_files_by_the_key_to_names_and_prints_none() {
    let place = Place::new();
    batch(&place);
    let rows = "file,mark\nL Kowalczyk_72_assignsubmission_file_Kowalczyk.docx,50\nsomeone else.docx,40\n";
    place.put("tutor.csv", rows);
    let output = place.run(&["score", "out", "--marks", "tutor.csv", "--key-to-names", "key.csv"]);
    let (text, aside) = said(&output);
    assert_eq!(output.status.code(), Some(1), "one row is about none: {text}{aside}");
    assert!(aside.contains("on line 3") && text.contains("tutor 50"), "{text}{aside}");
    assert!(text.contains("2 TMAs of the batch without a row"), "{text}");
    names_no_one(&text);
    names_no_one(&aside);
}

#[test]
fn a_row_is_about_no_other_tma_where_its_own_could_not_be_marked() {
    let place = Place::new();
    place.put("in/a/essay.docx", "PK\u{3}\u{4} is no document");
    place.put("in/b/essay.docx", "# Question 1(a)\n\nAn answer.");
    assert_eq!(place.batch(&["--names"]).status.code(), Some(1), "one cannot be read");
    place.put("tutor.csv", "file,mark\nessay.docx,40\n");
    let output = place.run(&["score", "out", "--marks", "tutor.csv"]);
    let (text, aside) = said(&output);
    assert!(aside.contains("2 TMAs have a file of that name"), "{text}{aside}");
    assert_eq!(output.status.code(), Some(65));
}

#[test]
fn score_refuses_marks_that_are_none() {
    let place = Place::new();
    let code = batch(&place)[0].0.clone();
    for (marks, status, words) in [
        (format!("tma,mark\n{code},101\n"), 65, "Line 2 of tutor.csv: “mark” is not from 0 to 100"),
        (format!("tma,mark\n{code},good\n"), 65, "“mark” is no number"),
        (format!("tma,mark\n{code},5\n{code},6\n"), 65, "the same TMA as line 2"),
        ("tma,mark\ntma-0000000000,5\n".to_owned(), 65, "none of the TMAs"),
        (format!("tma,comment\n{code},good\n"), 65, "no marks to hold"),
        ("who,mark\nx,5\n".to_owned(), 65, "“tma” or “file”"),
    ] {
        place.put("tutor.csv", &marks);
        let output = place.run(&["score", "out", "--marks", "tutor.csv"]);
        let (_, aside) = said(&output);
        assert_eq!(output.status.code(), Some(status), "{marks}: {aside}");
        assert!(aside.contains(words), "no “{words}” in {aside}");
    }
    place.put("tutor.csv", format!("tma,mark\n{code},5\n"));
    let output = place.run(&["score", "in", "--marks", "tutor.csv"]);
    assert_eq!(output.status.code(), Some(66));
    assert!(said(&output).1.contains("no folder that awap batch wrote"), "{output:?}");
}
