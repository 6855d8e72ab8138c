//! What was removed, or should have been, is never said: no log line and no error of any verb holds a word of who the
//! student is, however much is logged and whatever is wrong with the request.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what failed by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

/// Who the student is, beside whom the fixtures name.
const PLANTED: [&str; 7] =
    ["Zebedee", "Quillfeather", "zebedee", "quillfeather", "Z7654321", "zq4471", "07700 900461"];

const VERBS: [&str; 7] = [
    "anonymize_student",
    "parse_tma",
    "generate_feedback",
    "revise_feedback",
    "check_rubric",
    "prepare_suggestions",
    "merge_suggestions",
];

fn student() -> Value {
    json!({
        "name": "Zebedee Quillfeather", "email": "zebedee.quillfeather@post.example", "username": "zq4471",
        "phone": "07700 900461", "Quillfeather": {"Zebedee": "Z7654321"},
    })
}

/// A text in which the student stands in many ways.
fn text() -> String {
    "Zebedee Quillfeather (Z7654321)\nTM112 TMA 02\n\nQuestion 1\n\nI, Zebedee, wrote this; ring 07700 900461 or \
     write to zebedee.quillfeather@post.example. My account is zq4471.\n"
        .to_owned()
}

fn attachment(filename: &str, bytes: &[u8]) -> Value {
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    json!({"filename": filename, "data_base64": data})
}

/// The files of the fixture TMAs, with what each says of its student.
fn fixtures() -> Vec<(PathBuf, Vec<u8>, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/tmas");
    let folders = std::fs::read_dir(root).expect("the fixtures");
    let read = |folder: PathBuf| {
        let described = std::fs::read(folder.join("tma.json")).expect("described");
        let described: Value = serde_json::from_slice(&described).expect("JSON");
        let file = folder.join(described["file"].as_str().expect("a file"));
        let bytes = std::fs::read(&file).expect("the file");
        (file, bytes, described)
    };
    folders.map(|folder| read(folder.expect("a folder").path())).collect()
}

/// Requests that are wrong in every way that holds something of the student's: each value in the place of each other type.
fn wrong_types() -> Vec<Value> {
    let names = [
        json!("Zebedee Quillfeather"),
        json!(["Zebedee", "Quillfeather"]),
        json!({"Zebedee Quillfeather": "Z7654321"}),
        json!({"name": "Zebedee", "code": "Quillfeather", "kind": "Z7654321"}),
    ];
    let places = [
        "/student_id",
        "/student",
        "/student/aliases",
        "/content",
        "/content/text",
        "/content/answers",
        "/content/attachments",
        "/content/documents",
        "/rubric",
        "/rubric/criteria",
        "/options",
        "/options/keep",
        "/options/rewrite",
        "/parts",
        "/questions",
        "/feedback",
        "/criteria",
        "/suggestions",
        "/ai",
        "/edits",
        "/anonymization",
    ];
    let mut requests = Vec::new();
    for place in places {
        for name in &names {
            let mut data =
                json!({"student_id": "Z7654321", "student": student(), "content": {"text": text()}});
            let mut at = &mut data;
            let steps: Vec<&str> = place.split('/').skip(1).collect();
            for step in &steps {
                if !at.is_object() {
                    *at = json!({});
                }
                at = &mut at[*step];
            }
            *at = name.clone();
            requests.push(data);
        }
    }
    requests
}

/// Documents that cannot be read, or not whole, under names that name the student.
fn damaged() -> Vec<Value> {
    let mut requests = Vec::new();
    let mut add = |filename: &str, bytes: &[u8]| {
        requests.push(json!({
            "student_id": "Z7654321", "student": student(),
            "content": {"attachments": [attachment(filename, bytes)]},
        }));
    };
    for (file, bytes, _) in fixtures() {
        let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let filename = format!("Zebedee_Quillfeather_Z7654321.{extension}");
        for part in [0, 1, 3, 9] {
            add(&filename, bytes.get(..bytes.len() * part / 10).unwrap_or_default());
        }
        let mut flipped = bytes.clone();
        for byte in flipped.iter_mut().step_by(997) {
            *byte ^= 0x5a;
        }
        add(&filename, &flipped);
    }
    for extension in ["docx", "odt", "pdf", "rtf", "html", "doc", "pages", "Quillfeather"] {
        add(&format!("Zebedee Quillfeather.{extension}"), text().as_bytes());
    }
    requests
}

/// What the verbs do as they should.
fn sound() -> Vec<(Value, Vec<String>)> {
    let own = json!({"student_id": "Z7654321", "student": student(), "content": {"text": text()}});
    let mut requests = vec![(own, Vec::new())];
    for (file, bytes, described) in fixtures() {
        let filename = file.file_name().and_then(|n| n.to_str()).expect("UTF-8");
        let gone = described["expect"]["gone"].as_array().expect("what goes");
        requests.push((
            json!({
                "student_id": described["student_id"], "student": described["student"],
                "assignment_id": described["assignment_id"],
                "content": {"attachments": [attachment(filename, &bytes)]},
                "options": {"rewrite": true},
            }),
            gone.iter().map(|word| word.as_str().expect("words").to_owned()).collect(),
        ));
    }
    requests
}

fn run(format: &str, requests: &[Value]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_awap-port"))
        .env_clear()
        .envs([("AWAP_LOG", "trace"), ("AWAP_LOG_FORMAT", format)])
        .args(["--jobs", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("piped");
    let lines = requests.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
    // Answers are read while requests are still being written.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("joined").expect("written");
    assert!(output.status.success(), "{:?}", output.status);
    output
}

/// The answers, after nothing of `secrets` was found in what was logged or in any error.
fn silent(requests: &[Value], secrets: &[&str]) -> Vec<Value> {
    let mut answers: Vec<Value> = Vec::new();
    for format in ["text", "json"] {
        let output = run(format, requests);
        let log = String::from_utf8(output.stderr).expect("UTF-8");
        assert_unsaid(&log, secrets, "a log line");
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        answers = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(answers.len(), requests.len());
        for answer in answers.iter().filter(|answer| answer["success"] == false) {
            assert_unsaid(&answer.to_string(), secrets, "an error");
        }
    }
    answers
}

fn assert_unsaid(said: &str, secrets: &[&str], place: &str) {
    for secret in secrets {
        if let Some(at) = said.find(secret) {
            let line = said.get(..at).and_then(|head| head.rfind('\n')).map_or(0, |i| i + 1);
            let line = said.get(line..).and_then(|rest| rest.lines().next()).unwrap_or_default();
            panic!("{secret} stands in {place}: {line}");
        }
    }
}

fn requests<'a>(datas: impl IntoIterator<Item = &'a Value>) -> Vec<Value> {
    let mut all = Vec::new();
    for data in datas {
        for verb in VERBS {
            all.push(json!({"request_id": all.len(), "command": verb, "data": data}));
        }
    }
    all
}

#[test]
fn requests_of_the_wrong_types_are_refused_without_a_word_of_theirs() {
    let answers = silent(&requests(&wrong_types()), &PLANTED);
    let refused = answers.iter().filter(|answer| answer["success"] == false).count();
    assert!(refused * 2 > answers.len(), "{refused} of {} were refused", answers.len());
}

#[test]
fn documents_that_cannot_be_read_are_refused_without_a_word_of_theirs() {
    let secrets: Vec<String> = fixtures()
        .iter()
        .flat_map(|(_, _, described)| described["expect"]["gone"].as_array().cloned().unwrap_or_default())
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).chain(PLANTED).collect();
    let answers = silent(&requests(&damaged()), &secrets);
    assert!(answers.iter().any(|answer| answer["success"] == false));
}

#[test]
fn sound_requests_leave_nothing_in_the_log() {
    for (data, gone) in sound() {
        let secrets: Vec<&str> = gone.iter().map(String::as_str).chain(PLANTED).collect();
        let answers = silent(&requests([&data]), &secrets);
        let anonymized = answers.iter().find(|answer| answer["request_id"] == 0).expect("an answer");
        assert_eq!(anonymized["success"], true);
        assert_unsaid(&anonymized.to_string(), &PLANTED, "an anonymized TMA");
        // Late and cut short: the deadline ends it somewhere inside.
        let late: Vec<Value> = (0..4)
            .map(|n| json!({"request_id": n, "command": "anonymize_student", "data": data, "timeout_ms": n + 1}))
            .collect();
        silent(&late, &secrets);
    }
}
