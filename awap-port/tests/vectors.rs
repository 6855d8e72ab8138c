//! The protocol vectors of `fixtures/protocol`, through the real process in both framings.
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

struct Vector {
    name: String,
    request: Vec<u8>,
    response: Value,
    subset: bool,
}

fn vectors() -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/protocol/vectors.jsonl");
    let text = std::fs::read_to_string(path).expect("the vectors");
    text.lines().map(|line| vector(&serde_json::from_str(line).expect("JSON"))).collect()
}

fn vector(line: &Value) -> Vector {
    let request = match (&line["request"], &line["raw"], &line["raw_base64"]) {
        (_, Value::String(raw), _) => raw.clone().into_bytes(),
        (_, _, Value::String(raw)) => STANDARD.decode(raw).expect("base64"),
        (request, ..) => request.to_string().into_bytes(),
    };
    Vector {
        name: line["name"].as_str().expect("a name").to_owned(),
        request,
        response: line["response"].clone(),
        subset: line["match"] == "subset",
    }
}

/// Runs one process over `input`; its whole output.
fn run(input: Vec<u8>) -> Vec<u8> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_awap-port"))
        .env_clear()
        .env("AWAP_PSEUDONYM_KEY", "07".repeat(32))
        .args(["--jobs", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("all was taken");
    assert!(output.status.success());
    output.stdout
}

fn by_lines(request: &[u8]) -> Vec<u8> {
    assert!(!request.contains(&b'\n'), "a vector is one line");
    let mut answer = run([request, b"\n"].concat());
    assert_eq!(answer.pop(), Some(b'\n'));
    answer
}

fn by_packets(request: &[u8]) -> Vec<u8> {
    let answer = run([&(request.len() as u32).to_be_bytes()[..], request].concat());
    let (length, body) = answer.split_first_chunk::<4>().expect("a length");
    assert_eq!(u32::from_be_bytes(*length) as usize, body.len(), "one answer and nothing else");
    body.to_vec()
}

/// Where `got` differs from `expected`.
fn difference(expected: &Value, got: &Value, subset: bool, path: &str) -> Option<String> {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            if !subset && let Some(key) = got.keys().find(|key| !expected.contains_key(*key)) {
                return Some(format!("{path}.{key} is more than is expected"));
            }
            expected.iter().find_map(|(key, expected)| match got.get(key) {
                None => Some(format!("{path}.{key} is missing")),
                Some(got) => difference(expected, got, subset, &format!("{path}.{key}")),
            })
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => expected
            .iter()
            .zip(got)
            .enumerate()
            .find_map(|(i, (expected, got))| difference(expected, got, subset, &format!("{path}[{i}]"))),
        _ if expected == got => None,
        _ => Some(format!("{path}: expected {expected}, got {got}")),
    }
}

fn check(run: fn(&[u8]) -> Vec<u8>) {
    let mut failures = Vec::new();
    for vector in vectors() {
        let answer: Value = serde_json::from_slice(&run(&vector.request)).expect("an answer is JSON");
        if let Some(difference) = difference(&vector.response, &answer, vector.subset, "") {
            failures.push(format!("{}: {difference}", vector.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn in_lines() {
    check(by_lines);
}

#[test]
fn in_packets() {
    check(by_packets);
}

#[test]
fn all_in_one_process() {
    let vectors = vectors();
    let input: Vec<u8> = vectors.iter().flat_map(|vector| [&vector.request[..], b"\n"].concat()).collect();
    let output = String::from_utf8(run(input)).expect("UTF-8");
    assert_eq!(output.lines().count(), vectors.len());
    assert!(output.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[test]
fn every_command_and_every_error_that_needs_no_fault_of_ours_has_a_vector() {
    let vectors = vectors();
    let names: BTreeSet<_> = vectors.iter().map(|vector| &vector.name).collect();
    assert_eq!(names.len(), vectors.len(), "names are unique");
    let codes: BTreeSet<_> =
        vectors.iter().filter_map(|vector| vector.response["error"]["code"].as_str()).collect();
    let expected = [
        "document_damaged",
        "document_encrypted",
        "invalid_input",
        "invalid_request",
        "limit_exceeded",
        "not_configured",
        "timeout",
        "unknown_command",
        "unsupported_format",
    ];
    assert_eq!(codes, BTreeSet::from(expected));
    for command in awap_core::protocol::COMMANDS {
        let asked = format!("\"command\":\"{command}\"");
        assert!(
            vectors.iter().any(|vector| String::from_utf8_lossy(&vector.request).contains(&asked)),
            "{command}"
        );
    }
}
