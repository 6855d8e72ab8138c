//! `anonymize`, `parse`, `mark`, `completions`, and what every verb has.

use super::*;

const OKONKWO: &str = "tmas/tm112-okonkwo/TM112_TMA02_Adaeze_Okonkwo_M4471902.docx";

#[test]
fn anonymize_prints_the_text_without_the_student() {
    let place = Place::new();
    let file = fixture(OKONKWO).display().to_string();
    let output = place.run(&["anonymize", &file]);
    let (text, aside) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{aside}");
    assert!(text.contains("[STUDENT]") && text.contains("A linear search starts"), "{text}");
    assert!(text.contains("Okonkwo and Bell (2021"), "a cited author stays");
    assert!(aside.contains("student's name") && aside.contains("stu_"), "{aside}");
    names_no_one(&text);
    names_no_one(&aside);
}

#[test]
fn what_is_told_of_the_student_is_taken_out() {
    let place = Place::new();
    let text = b"The essay of quillfeather, who is Z9876543.";
    let plain = said(&place.run_with(&["anonymize", "-"], text)).0;
    assert!(plain.contains("quillfeather"), "nothing tells that this is a name: {plain}");
    let told = ["anonymize", "-", "--student-name", "Robin Quillfeather", "--student-id", "Z9876543"];
    let (told, _) = said(&place.run_with(&told, text));
    assert!(!told.contains("quillfeather") && !told.contains("Z9876543"), "{told}");
    let kept = ["anonymize", "-", "--student-id", "Z9876543", "--keep", "ID_NUM"];
    assert!(said(&place.run_with(&kept, text)).0.contains("Z9876543"));
}

#[test]
fn surrogates_read_like_the_text_and_name_no_one() {
    let place = Place::new();
    let file = fixture(OKONKWO).display().to_string();
    let run = || said(&place.run(&["anonymize", &file, "--surrogates"]));
    let (text, aside) = run();
    assert!(!text.contains("[STUDENT]") && text.contains("A linear search starts"), "{text}");
    assert!(text.contains("Okonkwo and Bell (2021"), "a cited author stays");
    assert!(aside.contains("names nobody"), "{aside}");
    assert_eq!(text, run().0, "the key is kept from run to run");
    names_no_one(&text);
}

#[test]
fn parse_and_mark_print_what_a_tutor_reads() {
    let place = Place::new();
    let file = fixture(OKONKWO).display().to_string();
    let (parsed, _) = said(&place.run(&["parse", &file]));
    for part in ["TM112 25J TMA 02", "1(a)", "2(b)", "768 that count", "Farrow"] {
        assert!(parsed.contains(part), "no {part} in {parsed}");
    }
    let (marked, aside) = said(&place.run(&["mark", &file, "--rubric", &rubric()]));
    for part in ["100 of 100 (Pass 1)", "How the two searches work", "18/18", "To carry forward"] {
        assert!(marked.contains(part), "no {part} in {marked}{aside}");
    }
    for text in [parsed, marked] {
        assert!(!text.contains('\u{1b}'), "colour only where a terminal is");
        names_no_one(&text);
    }
}

#[test]
fn json_is_what_the_core_bridge_returns() {
    let place = Place::new();
    let file = fixture(OKONKWO).display().to_string();
    let rubric = rubric();
    for (arguments, field) in [
        (&["anonymize", &file, "--json"][..], "/data/anonymization/pseudonym"),
        (&["parse", &file, "--json"], "/data/questions/0/id"),
        (&["mark", &file, "--rubric", &rubric, "--json"], "/data/marking_criteria/totals/mark"),
    ] {
        let (text, aside) = said(&place.run(arguments));
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{aside}"));
        assert_eq!(value["success"], true);
        assert!(value.pointer(field).is_some_and(|value| !value.is_null()), "{field} in {value}");
        names_no_one(&text);
    }
    let (text, aside) = said(&place.run(&["parse", "nowhere.docx", "--json"]));
    let value: Value = serde_json::from_str(&text).expect("one line of JSON");
    assert_eq!(
        (&value["success"], &value["error"]["code"]),
        (&false.into(), &"invalid_input".into()),
        "{aside}"
    );
}

#[test]
fn a_pseudonym_stays_from_run_to_run() {
    let place = Place::new();
    let arguments = ["anonymize", "-", "--student-id", "Z1", "--json"];
    let pseudonym = || {
        let (text, _) = said(&place.run_with(&arguments, b"text"));
        serde_json::from_str::<Value>(&text).unwrap()["data"]["student_id"].clone()
    };
    let first = pseudonym();
    assert!(first.as_str().unwrap().starts_with("stu_"));
    assert_eq!(first, pseudonym());
    let key = place.path(".config/awap/pseudonym.key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let other = place.put("other.key", "5a".repeat(32));
    let (text, _) =
        said(&place.run_with(&[&arguments[..], &["--key-file", other.to_str().unwrap()]].concat(), b"text"));
    assert_ne!(first, serde_json::from_str::<Value>(&text).unwrap()["data"]["student_id"]);
}

#[test]
fn some_files_fail_and_the_others_are_done() {
    let place = Place::new();
    place.put("Zebedee Quirk.docx", b"PK\x03\x04 and no more");
    place.put("good.md", "# Question 1\n\nAn answer of some words.");
    let output = place.run(&["parse", "Zebedee Quirk.docx", "good.md", "gone.md"]);
    let (text, aside) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("Answers"), "{text}");
    assert!(aside.contains("File 1 of 3 (tma-") && aside.contains("File 3 of 3 (tma-"), "{aside}");
    assert!(aside.contains("no such file"), "{aside}");
    assert!(!aside.contains("Quirk") && !text.contains("Quirk"), "{aside}{text}");
    let (_, aside) = said(&place.run(&["parse", "Zebedee Quirk.docx", "--names"]));
    assert!(aside.contains("Zebedee Quirk.docx"), "asked for: {aside}");
}

#[test]
fn exit_statuses_are_those_that_help_tells() {
    let place = Place::new();
    place.put("a.md", "text");
    let bad = place
        .put("bad.json", r#"{"schema": "awap:rubric/1", "rubric_id": "x", "questions": 7}"#)
        .display()
        .to_string();
    let broken = place.put("broken.yaml", "a: [").display().to_string();
    let rubric = rubric();
    for (arguments, status, words) in [
        (&["mark", "a.md", "--rubric", &rubric][..], 0, ""),
        (&["mark", "a.md"], 2, "--rubric"),
        (&["anonymize", "a.md", "--keep", "NAMES"], 2, "NAME_OTHER"),
        (&["parse", "-", "-"], 66, "once"),
        (&["parse", "gone.md"], 66, "no such file"),
        (&["batch", "gone", "--rubric", &rubric, "--out", "out"], 66, "no such file or folder"),
        (&["mark", "a.md", "--rubric", "gone.json"], 66, "gone.json cannot be read"),
        (&["batch", ".", "--rubric", &rubric, "--out", "a.md/out"], 73, "cannot be written"),
        (&["mark", "a.md", "--rubric", &bad], 78, "rubric."),
        (&["mark", "a.md", "--rubric", &broken], 78, "neither JSON nor YAML"),
        (&["mark", "a.md", "--rubric", &rubric, "--key-file", "a.md"], 78, "key"),
    ] {
        let output = place.run(arguments);
        let (_, aside) = said(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {aside}");
        assert!(aside.contains(words), "no “{words}” in {aside}");
        assert!(!aside.contains("panicked"), "{aside}");
    }
    let (help, _) = said(&place.run(&["--help"]));
    for status in ["0 when", "1 when", "2 for", "65 when", "66 when", "73 when", "75 when", "78 for"] {
        assert!(help.contains(status), "{status} in {help}");
    }
}

#[test]
fn what_a_student_wrote_does_not_command_the_terminal() {
    let place = Place::new();
    let text = b"# Question 1\n\nRed \x1b[31mink and \x1b]0;title\x07 more words.";
    for verb in [&["anonymize", "-"][..], &["parse", "-"]] {
        let (text, aside) = said(&place.run_with(verb, text));
        assert!(!text.contains(['\u{1b}', '\u{7}']) && !aside.contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let place = Place::new();
    let many = "A sentence of the text. ".repeat(20_000);
    place.put("long.md", &many);
    let mut child = place
        .command(&["anonymize", "long.md"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!said(&output).1.contains("panicked"));
}

#[test]
fn shells_get_their_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = place.run(&["completions", shell]);
        assert!(
            output.status.success()
                && ["anonymize", "score", "calibrate", "compare"]
                    .iter()
                    .all(|verb| said(&output).0.contains(verb)),
            "{shell}"
        );
    }
    let script = place.put("awap.bash", place.run(&["completions", "bash"]).stdout);
    let checked = Command::new("bash").arg("-n").arg(script).status().expect("bash");
    assert!(checked.success());
}
