//! The process: its arguments, its configuration, its end.
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use proptest::prelude::*;
use serde_json::{Value, json};

const HEALTH: &[u8] = b"{\"request_id\":\"1\",\"command\":\"health_check\",\"data\":{}}\n";

fn run(arguments: &[&str], environment: &[(&str, &str)], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_awap-port"))
        .env_clear()
        .envs(environment.iter().copied())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    // A process that refuses its configuration reads nothing.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("it ends")
}

fn health(arguments: &[&str], environment: &[(&str, &str)]) -> Value {
    let output = run(arguments, environment, HEALTH);
    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!((&answer["request_id"], &answer["success"]), (&"1".into(), &true.into()));
    answer["data"].clone()
}

#[test]
fn one_line_in_one_line_out() {
    for arguments in [&[][..], &["--mode", "port"], &["--jobs", "4", "--timeout-ms", "1000"]] {
        assert_eq!(health(arguments, &[])["status"], "healthy");
    }
    let quiet = run(&[], &[], HEALTH);
    assert!(quiet.stderr.is_empty(), "{quiet:?}");
    assert!(run(&[], &[], b"").stdout.is_empty());
}

#[test]
fn a_damaged_document_leaves_no_line_of_the_library_that_reads_it() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/tmas/k102-odonoghue/K102_TMA01_S_ODonoghue.pdf");
    let sound = std::fs::read(path).expect("the fixture");
    // Where its table of objects begins: the library says at some length what it makes of it.
    let at = sound.windows(9).rposition(|window| window == b"startxref").expect("a PDF");
    let data = base64::engine::general_purpose::STANDARD.encode(&sound[..at]);
    let content = json!({"attachments": [{"filename": "tma.pdf", "data_base64": data}]});
    let request = json!({"request_id": "1", "command": "parse_tma", "data": {"content": content}});
    for log in ["warn", "trace"] {
        let output = run(&[], &[("AWAP_LOG", log)], format!("{request}\n").as_bytes());
        assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!said.contains("lopdf") && !said.contains("cross-reference"), "{said}");
    }
}

#[test]
fn it_says_what_it_is() {
    let version = run(&["--version"], &[], b"");
    assert_eq!(
        String::from_utf8_lossy(&version.stdout),
        concat!("awap-port ", env!("CARGO_PKG_VERSION"), "\n")
    );
    let help = String::from_utf8(run(&["--help"], &[], b"").stdout).expect("UTF-8");
    for word in
        ["--jobs", "--timeout-ms", "--key-file", "AWAP_PSEUDONYM_KEY", "EVENT_STORE_URL", "Exit status"]
    {
        assert!(help.contains(word), "{word} is missing");
    }
}

#[test]
fn configuration() {
    let key = "07".repeat(32);
    assert_eq!(health(&[], &[])["pseudonym_scope"], "process");
    assert_eq!(health(&[], &[("AWAP_PSEUDONYM_KEY", " ")])["pseudonym_scope"], "process");
    assert_eq!(health(&[], &[("AWAP_PSEUDONYM_KEY", &key)])["pseudonym_scope"], "key");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{key}\n")).expect("written");
    let path = file.path().to_str().expect("UTF-8");
    assert_eq!(health(&["--key-file", path], &[("AWAP_PSEUDONYM_KEY", "unused")])["pseudonym_scope"], "key");
    for store in ["EVENT_STORE_URL", "DATABASE_URL"] {
        assert_eq!(health(&[], &[(store, "sqlite:/nowhere/at/all.db")])["event_store"], "configured");
    }
    assert_eq!(health(&[], &[("DATABASE_URL", "ecto://elsewhere")])["event_store"], "not_configured");
}

#[test]
fn what_cannot_be_used_ends_the_process_with_the_reason() {
    for (arguments, environment, status, reason) in [
        (&[][..], &[("AWAP_PSEUDONYM_KEY", "5ec2e7")][..], 78, "AWAP_PSEUDONYM_KEY"),
        (&["--key-file", "/nowhere/key"], &[], 78, "/nowhere/key"),
        (&[], &[("EVENT_STORE_URL", "mysql://elsewhere")], 78, "EVENT_STORE_URL"),
        (&["--jobs", "0"], &[], 2, "--jobs"),
        (&["--mode", "nif"], &[], 2, "--mode"),
        (&["file.docx"], &[], 2, "file.docx"),
    ] {
        let output = run(arguments, environment, HEALTH);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let log = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(log.contains(reason), "{log}");
        assert!(!log.contains("5ec2e7"), "a key must not be logged");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn an_event_store_that_is_not_there_fails_its_own_requests_alone() {
    let input =
        [b"{\"request_id\":2,\"command\":\"query_events\",\"data\":{\"stream_id\":\"$all\"}}\n", HEALTH]
            .concat();
    let output = run(&["--jobs", "1"], &[("EVENT_STORE_URL", "sqlite:/nowhere/at/all.db")], &input);
    assert!(output.status.success());
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!((&answers[0]["request_id"], &answers[0]["success"]), (&2.into(), &false.into()));
    assert_eq!(answers[1]["data"]["status"], "healthy");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes in, what goes out is responses, and the process ends well.
    #[test]
    fn any_bytes(
        bytes in proptest::collection::vec(prop_oneof![
            any::<u8>(),
            Just(b'\n'),
            Just(b'{'),
            Just(b'"'),
            Just(0),
        ], 0..400)
    ) {
        let output = run(&["--jobs", "1"], &[], &bytes);
        prop_assert!(output.status.success());
        let mut rest = &output.stdout[..];
        let packets = bytes.first().is_some_and(|first| *first < b' ' && !b"\t\n\r".contains(first));
        while !rest.is_empty() {
            let body;
            if packets {
                let (length, tail) = rest.split_first_chunk::<4>().expect("a length");
                (body, rest) = tail.split_at(u32::from_be_bytes(*length) as usize);
            } else {
                let end = rest.iter().position(|byte| *byte == b'\n').expect("whole lines");
                (body, rest) = (&rest[..end], &rest[end + 1..]);
            }
            let answer: Value = serde_json::from_slice(body).expect("JSON");
            prop_assert_eq!(&answer["success"], &Value::Bool(false));
            prop_assert!(answer["error"]["code"].is_string());
        }
    }
}
