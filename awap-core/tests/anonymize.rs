//! What must hold of anonymization, over whole TMAs.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use awap_core::anonymize::{Anonymized, Options, PseudonymKey};
use awap_core::{Deadline, Limits, Submission};
use serde_json::{Value, json};

fn run_with(data: Value, options: &Options) -> Anonymized {
    let key = PseudonymKey::from_hex(&"ab".repeat(32)).unwrap();
    let tma = Submission::from_value(data, &Limits::default()).unwrap();
    awap_core::anonymize::anonymize(tma, options, &key, &Limits::default(), &Deadline::never()).unwrap()
}

fn run(data: Value) -> Value {
    serde_json::to_value(run_with(data, &Options::default())).unwrap()
}

fn text_of(text: &str) -> String {
    run(json!({ "content": text }))["content"]["text"].as_str().unwrap().to_owned()
}

fn known(name: &str, text: &str) -> String {
    let data = json!({"student_id": "A7654321", "student": {"name": name}, "content": text});
    run(data)["content"]["text"].as_str().unwrap().to_owned()
}

#[test]
fn removes_the_student_everywhere_and_keeps_the_rest() {
    let result = run(json!({
        "tma_id": "t-1", "assignment_id": "TM112-25J-TMA01", "student_id": "B7654321",
        "student": {"name": "Zanele Dube-Marsh", "given_name": "Zanele", "family_name": "Dube-Marsh",
            "email": "zdm@openmail.example", "username": "zd417", "aliases": ["Zee"], "phone": "07700 900123"},
        "content": {
            "text": "I am Zanele. Dube (2018) disagrees. Ring 07700900123 or zdm@openmail.example (zd417).",
            "answers": [{"question": "1(a)", "text": "As Z. Dube-Marsh I say: see B 7654321.", "mood": "zanele's"}],
            "by": "Dube-Marsh, Zanele"
        },
        "notes": {"tutor": ["Zee rang"], "Zanele Dube-Marsh": 7, "n": 7_654_321},
        "rubric": {"title": "Dube-Marsh rubric"}
    }));
    let mut rest = result.clone();
    rest["rubric"] = Value::Null;
    let rest = rest.to_string().to_lowercase();
    for trace in ["zanele", "marsh", "zee rang", "7654321", "zd417", "openmail", "900123"] {
        assert!(!rest.contains(trace), "{trace}: {rest}");
    }
    assert_eq!(result["rubric"]["title"], "Dube-Marsh rubric");
    assert_eq!(result["assignment_id"], "TM112-25J-TMA01");
    assert!(result.get("student").is_none());
    assert!(result["student_id"].as_str().unwrap().starts_with("stu_"));
    let text = result["content"]["text"].as_str().unwrap();
    assert!(text.contains("Dube (2018) disagrees"), "{text}");
    assert!(text.contains("[STUDENT]") && text.contains("[PHONE]") && text.contains("[EMAIL]"), "{text}");
}

#[test]
fn spans_of_the_report_fit_both_texts() {
    let before = "Zanele wrote to a@b.example and c@d.example; Zanele’s tutor, Dr Hay, did not.";
    let data = json!({"student": {"name": "Zanele Dube"}, "content": before});
    let result = run_with(data, &Options::default());
    let after = result.tma.content.text.unwrap();
    let replaced: Vec<_> = result
        .anonymization
        .replacements
        .iter()
        .map(|r| {
            assert_eq!(&after[r.result_start..r.result_end], r.placeholder);
            (&before[r.start..r.end], r.placeholder.as_str())
        })
        .collect();
    let expected = [
        ("Zanele", "[STUDENT]"),
        ("a@b.example", "[EMAIL]"),
        ("c@d.example", "[EMAIL_2]"),
        ("Zanele", "[STUDENT]"),
        ("Dr Hay", "[PERSON_1]"),
    ];
    assert_eq!(replaced, expected);
}

#[test]
fn reads_the_cover_and_finds_its_name_everywhere() {
    for cover in [
        "Name: Thandeka Okoro\nPI: C7654321\nTM112 TMA 02",
        "Thandeka Okoro\nC7654321\nTM112 TMA 02",
        "TM112 TMA02 Thandeka Okoro C7654321 10/03/2026",
        "THANDEKA OKORO (C7654321)\nTM112",
        "Student: Okoro, Thandeka; PI C7654321; DOB 17/03/1988",
        "Name\tThandeka Okoro\nPI\tC7654321",
    ] {
        let text = text_of(&format!("{cover}\n\nQuestion 1\n\nHere Okoro writes, and T. Okoro signs.\n"));
        let lower = text.to_lowercase();
        assert!(
            !lower.contains("okoro") && !lower.contains("thandeka") && !lower.contains("7654321"),
            "{text}"
        );
        assert!(!text.contains("1988"), "{text}");
        assert!(text.contains("Question 1"), "{text}");
    }
}

#[test]
fn leaves_near_misses_alone() {
    for text in [
        "TM112 and DD102 are modules; TMA 03 had 1,500 words and 85 marks in 2024.",
        "See https://doi.org/10.5555/jic.2018.0312 and ISBN 978-0-9999-1234-7.",
        "Python 3.11.4 runs on 192.168.0.14; the value was 07 in 1984.",
        "A Turing machine on a Likert scale; Maslow’s hierarchy and Pythagoras’ theorem.",
        "Code\tRed\tGreen\n020 7946 0018\t31\t22\n020 7946 0019\t34\t20",
        "Sarah, a nurse, and Mr Aldous are in the case study; Ahmed, the owner, was late.",
        "The battle of 14 October 1066 was fought near Hastings, on the High Street of today.",
        "```\nuser_name = \"alice\"\n@property\ndef f(): pass\n```",
        "Mary Shelley, Erving Goffman and Michel Foucault wrote about order in Sheffield.",
        "The user interface must handle errors; each username needs a password, and user testing shows it.",
        "Results: 1234 5678 9012 and 3.14159265358979.",
        "https://www.open.edu/openlearn/science and https://github.com/features stay.",
    ] {
        assert_eq!(text_of(text), text);
    }
}

#[test]
fn finds_patterns() {
    for (text, expected) in [
        ("write to amy.x@mail.example now", "write to [EMAIL] now"),
        ("ring me on 07700 900812 now", "ring me on [PHONE] now"),
        ("call +44 7700 900812, please", "call [PHONE], please"),
        ("or (0131) 496 0872 at night", "or [PHONE] at night"),
        ("my National Insurance number is AB 12 34 56 C.", "my National Insurance number is [ID]."),
        ("NHS number: 943 476 5919", "NHS number: [ID]"),
        ("I live at 12 Harbour Street, Whitby, YO21 9ZZ now", "I live at [ADDRESS] now"),
        ("Date of birth: 17 March 1988.", "Date of birth: [DOB]."),
        ("OUCU: ab4471", "OUCU: [USERNAME]"),
        ("OUCU | ab4471\nPI | C7654321\n", "OUCU | [USERNAME]\nPI | [ID]\n"),
        ("I post under the alias heron63 there", "I post under the alias [USERNAME] there"),
        ("my username gamaral is taken", "my username [USERNAME] is taken"),
        ("my blog at https://amyx.wordpress.com/about today", "my blog at [URL] today"),
        ("see www.linkedin.com/in/amy-x for more", "see [URL] for more"),
        ("orcid 0000-0002-1825-0097 is mine", "orcid [ID] is mine"),
        (
            "my wife Indah and my colleague Jane Doe; Indah said",
            "my wife [PERSON_1] and my colleague [PERSON_2]; [PERSON_1] said",
        ),
    ] {
        assert_eq!(text_of(text), expected);
    }
}

#[test]
fn finds_patterns_however_far_a_form_sets_its_answers_off() {
    let gap = " ".repeat(300);
    for (asked, answer, placeholder) in [
        ("OUCU:", "ab4471", "[USERNAME]"),
        ("Passport no:", "K90314477", "[ID]"),
        ("Date of birth:", "17 March 1988", "[DOB]"),
        ("Home address:", "12 Harbour Street, Whitby", "[ADDRESS]"),
    ] {
        let result = text_of(&format!("{asked}{gap}{answer}\n"));
        assert_eq!(result.trim_end(), format!("{asked}{gap}{placeholder}"));
    }
}

#[test]
fn a_name_that_is_a_word_stays_where_it_is_a_word() {
    let text = known(
        "Will Grace",
        "Will Grace\n\nWill it last? By the grace of chance I, Will Grace, will see. W. Grace",
    );
    assert_eq!(text, "[STUDENT]\n\nWill it last? By the grace of chance I, [STUDENT], will see. [STUDENT]");
}

#[test]
fn keeps_what_the_caller_keeps() {
    let before = "Zanele and my tutor, Anna Hay; a@b.example";
    let data = json!({"student": {"name": "Zanele Dube"}, "content": before});
    let options = Options { keep: vec!["NAME_OTHER".into(), "EMAIL".into()], ..Options::default() };
    let text = run_with(data.clone(), &options).tma.content.text.unwrap();
    assert_eq!(text, "[STUDENT] and my tutor, Anna Hay; a@b.example");
    let options = Options { allow: vec!["Anna Hay".into()], ..Options::default() };
    let text = run_with(data.clone(), &options).tma.content.text.unwrap();
    assert_eq!(text, "[STUDENT] and my tutor, Anna Hay; [EMAIL]");
    let options = Options { report_only: true, ..Options::default() };
    let result = run_with(data, &options);
    assert_eq!(result.tma.content.text.unwrap(), before);
    assert_eq!(result.anonymization.replacements.len(), 3);
    assert!(result.tma.student.is_none());
}

#[test]
fn a_second_time_changes_nothing() {
    let data = json!({"student_id": "A7654321", "student": {"name": "Zanele Dube"},
        "content": "Zanele and my tutor, Anna Hay; a@b.example", "notes": ["Zanele"]});
    let mut first = run(data);
    let mut second = run(first.clone());
    for result in [&mut first, &mut second] {
        result["anonymization"]["replacements"] = Value::Null;
        result["anonymization"]["counts"] = Value::Null;
    }
    assert_eq!(first, second);
}

#[test]
fn whoever_wrote_a_document_is_its_student_in_its_comments_too() {
    let author = "Zhe Du (Person Consulting)";
    let result = run(json!({ "content": { "text": "In the end Du agreed.", "documents": [{
        "source": "content.attachments[0]", "format": "docx",
        "parts": [
            { "name": "comments", "kind": "comment", "text": author,
              "blocks": [{ "kind": "paragraph", "start": 0, "end": author.len(), "label": "author" }] },
            { "name": "properties", "kind": "property", "text": author,
              "blocks": [{ "kind": "paragraph", "start": 0, "end": author.len(), "label": "creator" }] }
        ]
    }] } }));
    assert_eq!(result["content"]["text"], "In the end [STUDENT] agreed.");
    let parts = &result["content"]["documents"][0]["parts"];
    assert_eq!((&parts[0]["text"], &parts[1]["text"]), (&json!("[STUDENT]"), &json!("[STUDENT]")));
}

#[test]
fn takes_an_address_out_of_a_name() {
    assert_eq!(
        known("Zanele Dube <zd417@openmail.example>", "By Zanele (zd417), zd417@openmail.example"),
        "By [STUDENT] ([USERNAME]), [EMAIL]"
    );
}

#[test]
fn a_name_whose_parts_are_alike_goes_joined_too() {
    assert_eq!(
        known("Nguyên Nguyễn", "by nguyennguyen and Nguyen, Nguyễn"),
        "by [STUDENT] and [STUDENT], [STUDENT]"
    );
}

#[test]
fn a_town_of_an_address_is_nobody_and_stays_where_it_is_a_place() {
    let text = known("Zainab al-Rashid", include_str!("../../fixtures/tmas/dd102-al-rashid/dd102 tma03.txt"));
    assert!(text.contains("Milton Keynes: Canal\n   Press"), "{text}");
    assert!(!text.contains("Larkspur") && !text.contains("MK7"), "{text}");
}

#[test]
fn nobody_but_the_student_is_looked_for_among_places_and_publishers() {
    let with_publisher = |publisher: &str| {
        let text = "My colleague Grace Marsh helped me, and Grace Marsh read it.\n\nReferences\n\n";
        let entry = format!("{text}Black, T. (2019) The Order of Streets. Leeds: {publisher}.\n");
        known("Robin Quillfeather", &entry)
    };
    let text = with_publisher("Grace Marsh");
    assert!(text.ends_with("Black, T. (2019) The Order of Streets. Leeds: Grace Marsh.\n"), "{text}");
    assert!(text.contains("colleague [PERSON_1] helped me, and [PERSON_1] read"), "{text}");
    let text = with_publisher("Robin Quillfeather");
    assert!(text.ends_with("Leeds: [STUDENT].\n"), "{text}");
}

/// What a file is called after anonymization.
fn file_name(student: &Value, name: &str) -> String {
    let result = run(json!({"student_id": "E123456X", "student": student, "content": {
        "text": "Question 1", "documents": [{"source": "content.attachments[0]", "format": "docx", "filename": name,
            "parts": []}]
    }}));
    result["content"]["documents"][0]["filename"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_joined_to_other_words_in_the_name_of_a_file_goes() {
    let student = json!({"name": "Kofi Mensah", "username": "zd417"});
    for (name, expected) in [
        ("mensahtma02.docx", "[STUDENT]tma02.docx"),
        ("tmakofi.docx", "tma[STUDENT].docx"),
        ("kofis_tma02.docx", "[STUDENT]s_tma02.docx"),
        ("mensahtm112tma01.pdf", "[STUDENT]tm112tma01.pdf"),
        ("zd417tma02.docx", "[USERNAME]tma02.docx"),
        ("tmazd417.docx", "tma[USERNAME].docx"),
        ("TM112_123456X_TMA01.docx", "TM112_[ID]_TMA01.docx"),
        ("123456xtma01.docx", "[ID]tma01.docx"),
    ] {
        assert_eq!(file_name(&student, name), expected);
    }
    assert_eq!(file_name(&json!({"name": "Tom Port"}), "sport_essay.docx"), "sport_essay.docx");
}

#[test]
fn a_student_spoken_to_by_a_name_that_is_a_word_is_the_student() {
    for (name, text, expected) in [
        ("Hope Mensah", "Hope, you need a reference here.", "[STUDENT], you need a reference here."),
        ("Hope Mensah", "Hope: I think we should start.", "[STUDENT]: I think we should start."),
        ("Hope Mensah", "Hope – please add a source.", "[STUDENT] – please add a source."),
        ("Paul Mensah", "Paul, you need a reference here.", "[STUDENT], you need a reference here."),
        ("Oliver Mensah", "Oliver should say more here.", "[STUDENT] should say more here."),
        ("Hope Mensah", "Hope, I argue, is given. Hope: a study.", "Hope, I argue, is given. Hope: a study."),
    ] {
        assert_eq!(
            known(name, &format!("Question 1\n\nIt checks each.\n\n{text}\n")).lines().last(),
            Some(expected)
        );
    }
    let praised =
        known("Charlotte Brown", "Question 1\n\nIt checks each.\n\nWell done Charlotte, a good start.\n");
    assert!(!praised.contains("Charlotte"), "{praised}");
}

#[test]
fn a_name_in_small_letters_goes_whole() {
    let text = known(
        "Sarah Walker",
        "Question 1\n\nMy name is sarah walker and this is the second assignment that I have written for the module.\n\n\
         ```\n# sarah walker, tma 02\n```\n",
    );
    assert!(!text.contains("walker"), "{text}");
    // The verb stays.
    assert_eq!(known("Anna Will", "It is Anna will go there."), "It is [STUDENT] will go there.");
}

#[test]
fn accounts_made_of_the_name_go() {
    for (name, account) in
        [("Kofi Mensah", "kmensah"), ("Paul Walker", "paulwalker"), ("Grace Hill", "gracehill")]
    {
        let text =
            known(name, &format!("I posted it on the module forum as {account} and had two replies.\n"));
        assert!(!text.contains(account), "{text}");
        let text = known(name, &format!("```\nFile \"C:\\Users\\{account}\\q.py\", line 4\n```\n"));
        assert!(!text.contains(account), "{text}");
    }
}

#[test]
fn an_identifier_with_a_check_letter_goes_in_every_form() {
    for written in ["E123456X", "E 123456X", "e-123456x", "123456X"] {
        let data = json!({"student_id": "E123456X", "student": {"name": "Kofi Mensah"},
            "content": format!("Question 1\n\nThe tree falls, {written}.\n")});
        assert_eq!(run(data)["content"]["text"], "Question 1\n\nThe tree falls, [ID].\n", "{written}");
    }
}

#[test]
fn a_thinker_who_is_called_like_the_student_stays() {
    let text = "As Michel Foucault argued, power is everywhere (Foucault, 1977).\n";
    assert_eq!(known("Michelle Osei", text), text);
}
