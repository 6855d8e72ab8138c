//! `awap batch`: what it writes, what it tells, and that it goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use super::*;

#[test]
fn a_folder_of_moodles_becomes_feedback_that_names_no_one() {
    let place = Place::new();
    place.moodle();
    let output = place.batch(&["--key-to-names", "key.csv"]);
    let (text, aside) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{aside}");
    let feedback = place.feedback();
    assert_eq!(feedback.len(), 3);
    names_no_one(&text);
    names_no_one(&aside);
    for entry in fs::read_dir(place.path("out")).unwrap() {
        let path = entry.unwrap().path();
        names_no_one(&path.file_name().unwrap().to_string_lossy());
        names_no_one(&fs::read_to_string(&path).unwrap());
    }
    for path in &feedback {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let code = name.strip_prefix("tma-").and_then(|name| name.strip_suffix(".md")).expect("tma-….md");
        assert!(code.len() == 10 && code.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
        let text = fs::read_to_string(path).unwrap();
        for part in
            ["# Feedback on TM112", "**Mark: ", "**Question 1(a)**", "| 1(a) | How the two searches work |"]
        {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }
    let marks = place.text("out/marks.csv");
    let rows: Vec<&str> = marks.lines().collect();
    assert_eq!(rows.len(), 4, "{marks}");
    assert!(rows[0].starts_with("tma,status,mark,lowest,highest,max_mark,band,"), "{marks}");
    assert!(marks.contains(",marked,100,100,100,100,Pass 1,768,"), "{marks}");
    let key = place.text("key.csv");
    assert!(key.contains("Adaeze Okonkwo_71_assignsubmission_file"), "{key}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(place.path("key.csv")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "only its owner may read who is who");
}

#[test]
fn moodles_name_for_a_submission_says_whom_to_take_out() {
    let place = Place::new();
    let essay = "A linear search checks each item in turn, says quillfeather at the end of it.";
    let path = place.put("in/Robin Quillfeather_9_assignsubmission_file_essay.md", essay);
    let plain = place.put("plain.md", essay);
    let anonymized = |path: &Path| said(&place.run(&["anonymize", path.to_str().unwrap()])).0;
    assert!(anonymized(&plain).contains("quillfeather"), "nothing in the text tells that this is a name");
    assert!(anonymized(&path).contains("says [STUDENT] at the end"), "{}", anonymized(&path));
}

#[test]
fn all_that_is_told_of_a_student_is_looked_for() {
    let place = Place::new();
    let essay = "A linear search checks each item in turn, says quillfeather, or zq77, at the end of it.";
    let path = place.put("in/Robin Quillfeather_9_assignsubmission_file_essay.md", essay);
    let output = place.run(&["anonymize", "--student-id", "zq77", path.to_str().unwrap()]);
    let (text, aside) = said(&output);
    assert!(text.contains("says [STUDENT], or [") && !text.contains("zq77"), "{text}{aside}");

    // A name that is told does not undo the one that Moodle has for the same student.
    let output = place.run(&["anonymize", "--student-name", "Bo Farthingale", path.to_str().unwrap()]);
    let (text, aside) = said(&output);
    assert!(text.contains("says [STUDENT], or zq77"), "{text}{aside}");

    // A list that knows the identifier alone does not undo what Moodle's name tells, and is itself no TMA.
    let list = "file,student_id\nRobin Quillfeather_9_assignsubmission_file_essay.md,1234567\n";
    place.put("in/students.csv", list);
    let output = place.batch(&["--students", "in/students.csv"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    assert_eq!(place.feedback().len(), 1);
    assert_eq!(place.text("out/marks.csv").lines().count(), 2);
    names_no_one(&fs::read_to_string(&place.feedback()[0]).unwrap());
}

#[test]
fn marks_that_a_tutor_entered_are_kept_when_a_late_tma_comes() {
    let place = Place::new();
    place.put("in/first.md", "# Question 1(a)\n\nAn answer.");
    assert_eq!(place.batch(&[]).status.code(), Some(0));
    let (_, aside) = said(&place.batch(&[]));
    assert!(!aside.contains("edited"), "what nobody touched is written over: {aside}");
    let entered = place.text("out/marks.csv") + "a mark of my own\n";
    place.put("out/marks.csv", entered.clone());
    place.put("in/late.md", "# Question 1(a)\n\nAnother answer.");
    let (_, aside) = said(&place.batch(&[]));
    assert!(aside.contains("marks.csv was edited since; as it was it is now marks.edited-1.csv"), "{aside}");
    assert_eq!(place.text("out/marks.edited-1.csv"), entered);
    assert_eq!(place.text("out/marks.csv").lines().count(), 3);
}

#[test]
fn what_an_earlier_batch_wrote_is_no_tma() {
    let place = Place::new();
    place.put("in/first.md", "# Question 1(a)\n\nAn answer.");
    place.put("in/Robin Quillfeather_9_assignsubmission_file_/awap-batch.jsonl", "{}\n");
    for (out, rows) in [("in/feedback", 3), ("in/again", 3)] {
        let output = place.run(&["batch", "in", "--rubric", &rubric(), "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
        assert_eq!(place.text(&format!("{out}/marks.csv")).lines().count(), rows);
    }
}

#[test]
fn names_are_written_where_they_are_asked_for() {
    let place = Place::new();
    place.put("in/Kowalczyk.md", "# Question 1(a)\n\nAn answer.");
    let output = place.batch(&["--names", "--format", "html"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    let feedback = place.feedback();
    let name = feedback[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("Kowalczyk.tma-") && feedback[0].extension().unwrap() == "html", "{name}");
    let page = fs::read_to_string(&feedback[0]).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("Kowalczyk.md"), "{page}");
    assert!(place.text("out/marks.csv").contains("Kowalczyk.md,tma-"));
}

#[test]
fn feedback_as_word_files_names_no_one_and_is_the_same_each_time() {
    let place = Place::new();
    place.moodle();
    let written = || -> Vec<Vec<u8>> {
        let output = place.batch(&["--format", "docx", "--again"]);
        assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
        place.feedback().iter().map(|path| fs::read(path).unwrap()).collect()
    };
    let files = written();
    assert_eq!(files.len(), 3);
    for file in &files {
        assert!(file.starts_with(b"PK"));
        // Its parts are stored as they are.
        let text = String::from_utf8_lossy(file);
        assert!(text.contains("Feedback on TM112") && text.contains("How the two searches work"));
        names_no_one(&text);
    }
    assert!(written() == files, "nothing looks edited that nobody edited");
}

#[test]
fn a_students_list_says_who_wrote_what() {
    let place = Place::new();
    place.put("in/a.md", "# Question 1(a)\n\nThis is by quillfeather, and a linear search checks each item.");
    place.put("students.csv", "file,name,student_id\na.md,Robin Quillfeather,Z1\n");
    let output = place.batch(&["--students", "students.csv", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));
    place.put("students.csv", "file,name,student_id\na.md,Robin Quillfeather,Z2\n");
    let output = place.batch(&["--students", "students.csv"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).1.contains("another list of students"));
}

#[test]
fn what_cannot_be_read_is_reported_and_the_rest_is_done() {
    let place = Place::new();
    place.moodle();
    place.put("in/Zebedee Quirk_80_assignsubmission_file_a.docx", b"PK\x03\x04 and no more");
    place.put(
        "in/Zebedee Quirk_81_assignsubmission_file_b.docx",
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
    );
    place.put("in/Zebedee Quirk_82_assignsubmission_file_c.bin", [0, 159, 146, 150, 0, 1, 2]);
    let output = place.batch(&[]);
    let (text, aside) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{aside}");
    assert!(text.contains("3 TMAs marked; 3 could not be"), "{text}");
    assert_eq!(place.feedback().len(), 3);
    let failed = place.ledger("failed");
    assert_eq!(failed.len(), 3);
    let report = place.text("out/report.md");
    for line in &failed {
        let code = line["tma"].as_str().unwrap();
        assert!(
            report.contains(&format!("- {code}: ")) && place.text("out/marks.csv").contains(code),
            "{report}"
        );
    }
    for text in [&text, &aside, &report] {
        assert!(!text.contains("Quirk"), "{text}");
    }
    // Handed in anew, it is marked, and counts in the old one's place.
    place.put("in/Zebedee Quirk_80_assignsubmission_file_a.docx", "# Question 1(a)\n\nAn answer.");
    let (text, aside) = said(&place.batch(&[]));
    assert!(text.contains("4 TMAs marked, 3 of them before; 2 could not be"), "{text}{aside}");
    assert_eq!(place.text("out/marks.csv").lines().count(), 7);
}

/// Many TMAs, each of its own text.
fn many(place: &Place, count: usize) {
    let source = fs::read_to_string(fixture("tmas/tm112-van-den-berg/TM112 TMA02 JvdB.md")).unwrap();
    for number in 0..count {
        place
            .put(&format!("in/student {number}.md"), format!("{source}\n\nThis is copy {number} of them.\n"));
    }
}

fn times(place: &Place) -> BTreeMap<PathBuf, SystemTime> {
    let time = |path: PathBuf| (path.clone(), fs::metadata(path).unwrap().modified().unwrap());
    place.feedback().into_iter().map(time).collect()
}

#[test]
fn killed_half_way_and_started_again_nothing_is_lost_or_done_twice() {
    const COUNT: usize = 60;
    let place = Place::new();
    many(&place, COUNT);
    let rubric = rubric();
    let arguments = ["batch", "in", "--out", "out", "--rubric", &rubric, "--jobs", "2"];
    let mut kills = 0;
    let mut done_before = 0;
    while kills < 3 {
        let mut child =
            place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_mins(2);
        let is_done = || fs::read_to_string(place.path("out/awap-batch.jsonl")).unwrap_or_default();
        while is_done().matches("\"is\":\"done\"").count() < done_before + 5 {
            assert!(Instant::now() < deadline, "it does not get on");
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let now_done = is_done().matches("\"is\":\"done\"").count();
        assert!(now_done > done_before && now_done < COUNT, "killed half-way: {now_done}");
        done_before = now_done;
    }
    let before: BTreeSet<String> =
        place.ledger("done").iter().map(|line| line["feedback"].as_str().unwrap().to_owned()).collect();
    let times_before = times(&place);
    let (text, aside) = said(&place.run(&arguments));
    assert!(text.contains(&format!("{COUNT} TMAs marked, {} of them before", before.len())), "{text}{aside}");
    let done = place.ledger("done");
    let codes: BTreeSet<&str> = done.iter().map(|line| line["tma"].as_str().unwrap()).collect();
    assert_eq!((done.len(), codes.len()), (COUNT, COUNT), "each done once");
    assert_eq!(place.feedback().len(), COUNT);
    let times_after = times(&place);
    for name in &before {
        let path = place.path("out").join(name);
        assert_eq!(times_before[&path], times_after[&path], "{name} was not written again");
    }
    let left = fs::read_dir(place.path("out"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(left.count(), 0, "nothing half written is left");
    // A run that nothing disturbed says the same.
    let whole = place.run(&["batch", "in", "--out", "whole", "--rubric", &rubric]);
    assert!(whole.status.success());
    assert_eq!(place.text("out/marks.csv"), place.text("whole/marks.csv"));
    for path in place.feedback() {
        let other = place.path("whole").join(path.file_name().unwrap());
        assert_eq!(fs::read(&path).unwrap(), fs::read(other).unwrap());
    }
}

#[test]
fn a_tma_that_awap_kept_ending_on_is_left_alone_until_all_is_done_again() {
    let place = Place::new();
    many(&place, 3);
    assert!(place.batch(&[]).status.success());
    let code = place.ledger("done")[0]["tma"].as_str().unwrap().to_owned();
    let ledger = place.text("out/awap-batch.jsonl");
    let without = |line: &&str| !(line.contains("\"is\":\"done\"") && line.contains(&code));
    let mut lines: Vec<String> = ledger.lines().filter(without).map(str::to_owned).collect();
    // One run began it above.
    lines.extend([
        format!(r#"{{"is":"begun","tma":"{code}"}}"#),
        format!(r#"{{"is":"begun","tma":"{code}"}}"#),
    ]);
    place.put("out/awap-batch.jsonl", lines.join("\n") + "\n");
    for _ in 0..2 {
        let output = place.batch(&[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            place.text("out/report.md").contains(&format!("{code}: AWAP has ended 3 times")),
            "{output:?}"
        );
    }
    let (text, _) = said(&place.batch(&["--again"]));
    assert!(text.contains("3 TMAs marked\n"), "{text}");
}

#[test]
fn another_rubric_is_refused_and_again_keeps_what_a_tutor_edited() {
    let place = Place::new();
    many(&place, 2);
    assert!(place.batch(&[]).status.success());
    let other = fixture("rubrics/k102-25j-tma01.json").display().to_string();
    let arguments = ["batch", "in", "--out", "out", "--rubric", &other];
    let output = place.run(&arguments);
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).1.contains("by another rubric") && said(&output).1.contains("--again"));
    let edited = place.feedback()[0].clone();
    fs::write(&edited, "What the tutor wrote.").unwrap();
    let output = place.run(&[&arguments[..], &["--again"]].concat());
    assert!(output.status.success(), "{:?}", said(&output));
    assert!(fs::read_to_string(&edited).unwrap().starts_with("# Feedback"));
    let kept = edited.with_extension("edited-1.md");
    assert_eq!(fs::read_to_string(kept).unwrap(), "What the tutor wrote.");
    assert!(place.text("out/report.md").contains(".edited-1.md"));
    assert_eq!(place.feedback().len(), 3, "only what was edited is kept");
}

#[test]
fn folders_that_cannot_serve_are_refused() {
    let place = Place::new();
    many(&place, 1);
    let rubric = rubric();
    for (arguments, status, words) in [
        (&["in", "--out", "in"][..], 78, "another folder"),
        (&["in", "--out", "out", "--key-to-names", "in/key.csv"], 78, "taken for one"),
        (&["out", "--out", "new"], 66, "no file"),
    ] {
        fs::create_dir_all(place.path("out")).unwrap();
        let output = place.run(&[&["batch"], arguments, &["--rubric", &rubric]].concat());
        assert_eq!(output.status.code(), Some(status), "{:?}", said(&output));
        assert!(said(&output).1.contains(words), "{:?}", said(&output));
    }
}
