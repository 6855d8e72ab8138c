//! The program as a process: its arguments, the conformance test, and what it must not do.
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use support::gguf::Recipe;
use support::{ModelFile, TEXT, assert_fits, request};

const PROGRAM: &str = env!("CARGO_BIN_EXE_awap-jail");

fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(environment.iter().copied())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python/suggest.py")
}

#[test]
fn it_says_what_it_is() {
    let version = run(&["--version"], &[], "");
    assert_eq!(text(&version.stdout), concat!("awap-jail ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = run(&["--help"], &[], "");
    for word in
        ["--model", "--context", "--prompt-tokens", "--measure", "--conformance", "AWAP_LOG", "Exit status"]
    {
        assert!(text(&help.stdout).contains(word), "{word} is missing");
    }
    assert_eq!(run(&["--context", "0"], &[], "").status.code(), Some(2));
    assert_eq!(run(&["--conformance"], &[], "").status.code(), Some(2));
}

#[test]
fn it_answers_what_was_asked_before_stdin_closed_and_ends() {
    let file = ModelFile::make(&Recipe::tiny("qwen2", 3));
    let request = request(TEXT);
    let ask = json!({"request_id": 1, "command": "suggest", "data": request});
    let model = file.path.to_str().expect("UTF-8");
    let output = run(&["--model", model, "--prompt-tokens", "1600"], &[], &format!("{ask}\n"));
    assert!(output.status.success());
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one answer");
    assert_eq!(answer["success"], true, "{answer}");
    assert_fits(&answer["data"], &request);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn nothing_of_a_text_is_logged() {
    let file = ModelFile::make(&Recipe::tiny("llama", 3));
    let model = file.path.to_str().expect("UTF-8");
    let words = "Zanzibar elephants paint harmonicas";
    let mut wrong = request(words);
    wrong["questions"] = json!([{"id": words, "start": 0, "end": 10_000}]);
    let requests: String = [request(words), wrong, json!({"text": [words], "criteria": words})]
        .iter()
        .map(|data| format!("{}\n", json!({"request_id": 1, "command": "suggest", "data": data})))
        .chain([format!("{{\"request_id\":1,\"command\":\"{words}\"}}\n{words}\n")])
        .collect();
    for level in ["warn", "debug", "trace"] {
        let output = run(&["--model", model, "--prompt-tokens", "900"], &[("AWAP_LOG", level)], &requests);
        assert!(output.status.success());
        assert_eq!(text(&output.stdout).lines().count(), 5);
        for word in words.split(' ') {
            assert!(!text(&output.stderr).contains(word), "{level}: {}", text(&output.stderr));
        }
        let errors = text(&output.stdout).lines().filter(|line| line.contains("\"error\""));
        assert!(
            errors.clone().count() == 4 && errors.clone().all(|line| !line.contains("elephants")),
            "an error quotes"
        );
    }
}

#[test]
fn it_conforms_with_and_without_a_model() {
    let file = ModelFile::make(&Recipe::tiny("gemma3", 3));
    let model = file.path.to_str().expect("UTF-8");
    let output = run(&["--conformance", "--", PROGRAM, "--model", model], &[], "");
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert!(!text(&output.stdout).contains("skipped"), "{}", text(&output.stdout));
    assert_eq!(text(&output.stdout).lines().filter(|line| line.starts_with("ok ")).count(), 14);
    let output = run(&["--conformance", "--", PROGRAM, "--model", "/nowhere"], &[], "");
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert_eq!(text(&output.stdout).lines().filter(|line| line.starts_with("skipped ")).count(), 4);
}

#[test]
fn the_example_in_python_conforms() {
    let Some(python) = python().to_str().map(str::to_owned) else { return };
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3 here");
        return;
    }
    let output = run(&["--conformance", "--", "python3", &python], &[], "");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(!text(&output.stdout).contains("skipped"));
}

/// Each takes something away that a container must do, and names the test that must fail then.
const FAULTS: [(&str, &str, &str); 15] = [
    ("\"kind\": kind", "\"kind\": \"praise\"", "suggests what fits the contract"),
    ("\"quote\": quote", "\"quote\": quote.upper()", "suggests what fits the contract"),
    (
        "\"criterion\": criterion[\"id\"], \"score\"",
        "\"criterion\": \"c9\", \"score\"",
        "suggests what fits the contract",
    ),
    ("criterion[\"max_mark\"] if found", "99 if found", "suggests what fits the contract"),
    ("if cost > left:", "if False:", "keeps within its budget"),
    ("time.monotonic() >= ends", "time.sleep(3)", "keeps within its budget"),
    ("\"unknown_command\"", "\"invalid_request\"", "refuses an unknown command"),
    ("except (ValueError, RecursionError):", "except ZeroDivisionError:", "refuses what is not JSON"),
    (
        "identity = request[\"request_id\"]",
        "identity = str(request[\"request_id\"])",
        "gives request ids back",
    ),
    ("if length <= MAX_REQUEST:", "if True:", "refuses a request that is too long"),
    ("sys.stdout.buffer.flush()", "print('done', flush=True)", "takes a request that comes byte by byte"),
    ("\"status\": \"ready\", \"version\"", "\"status\": \"fine\", \"version\"", "answers “ping”"),
    ("require(fits", "(fits", "refuses data of a wrong type"),
    ("    main()", "    main()\n    sys.exit(3)", "ends with status 0"),
    ("    main()", "    main()\n    print('bye')", "ends with status 0"),
];

#[test]
fn what_does_not_conform_is_told_so() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3 here");
        return;
    }
    let example = std::fs::read_to_string(python()).expect("the example");
    let folder = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        for (place, (from, to, failing)) in FAULTS.iter().enumerate() {
            let program = folder.path().join(format!("{place}.py"));
            assert!(example.contains(from), "{from}");
            std::fs::write(&program, example.replace(from, to)).expect("written");
            scope.spawn(move || {
                let output =
                    run(&["--conformance", "--", "python3", program.to_str().expect("UTF-8")], &[], "");
                assert_eq!(output.status.code(), Some(1), "{to}: {}", text(&output.stdout));
                let failed = text(&output.stdout)
                    .lines()
                    .any(|line| line.starts_with("FAIL ") && line.contains(failing));
                assert!(failed, "{to}: {}", text(&output.stdout));
            });
        }
    });
}

#[test]
fn what_is_no_container_at_all_is_told_so() {
    for command in [&["true"][..], &["/nowhere/at/all"], &["echo", "hello"]] {
        let output = run(&[&["--conformance", "--"][..], command].concat(), &[], "");
        assert_eq!(output.status.code(), Some(1), "{command:?}: {}", text(&output.stdout));
    }
}

#[test]
fn it_measures_a_model() {
    let file = ModelFile::make(&Recipe::tiny("qwen3", 3));
    let output = run(&["--measure", "--model", file.path.to_str().expect("UTF-8")], &[], "");
    assert!(output.status.success(), "{}", text(&output.stdout));
    for word in ["Random qwen3 3", "tokens a second", "MiB"] {
        assert!(text(&output.stdout).contains(word), "{}", text(&output.stdout));
    }
    assert_eq!(run(&["--measure", "--model", "/nowhere"], &[], "").status.code(), Some(1));
}
