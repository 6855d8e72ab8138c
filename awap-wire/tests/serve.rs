//! The server over in-memory streams: every request is answered once, in its framing, whatever comes in.
#![allow(clippy::expect_used, clippy::panic, reason = "a test says what failed by panicking")]

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use awap_core::{Deadline, Result};
use awap_wire::{Config, Handler, serve};
use serde_json::{Value, json};

/// `echo`, `sleep` (for `ms`, deaf to its deadline), `wait` (until its deadline), `panic`.
struct Commands(Arc<AtomicUsize>);

impl Handler for Commands {
    fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        self.0.fetch_add(1, Ordering::SeqCst);
        match command {
            "sleep" => sleep(Duration::from_millis(data["ms"].as_u64().unwrap_or(0))),
            "panic" => panic!("about {data}"),
            "wait" => loop {
                deadline.check()?;
                sleep(Duration::from_millis(1));
            },
            _ => {}
        }
        Ok(data)
    }
}

fn config() -> Config {
    Config {
        jobs: 2,
        timeout: Duration::from_secs(20),
        max_timeout: Duration::from_secs(30),
        in_flight: 8,
        in_flight_bytes: 1 << 20,
        request_bytes: 1 << 16,
    }
}

/// A server over two pipes, like a real one's, for one test.
struct Server {
    input: Option<PipeWriter>,
    output: PipeReader,
    thread: JoinHandle<io::Result<()>>,
    begun: Arc<AtomicUsize>,
}

impl Server {
    fn start(config: Config) -> Self {
        let (stdin, input) = pipe().expect("a pipe");
        let (output, stdout) = pipe().expect("a pipe");
        let begun = Arc::new(AtomicUsize::new(0));
        let handler = Commands(Arc::clone(&begun));
        let thread = spawn(move || serve(stdin, stdout, handler, &config));
        Self { input: Some(input), output, thread, begun }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.input.as_mut().expect("open").write_all(bytes).expect("written");
    }

    fn line(&mut self) -> Value {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            self.output.read_exact(&mut byte).expect("an answer");
            if byte == *b"\n" {
                return serde_json::from_slice(&line).expect("JSON");
            }
            line.push(byte[0]);
        }
    }

    /// Closes the input; what was still written, and how the server ended.
    fn end(mut self) -> (Vec<u8>, io::Result<()>) {
        self.input = None;
        let mut rest = Vec::new();
        self.output.read_to_end(&mut rest).expect("read");
        (rest, self.thread.join().expect("no panic"))
    }
}

struct Shared(Arc<Mutex<Vec<u8>>>);
impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `input` through a server; the answers as they were framed.
fn run(input: &[u8], config: &Config) -> Vec<u8> {
    let out = Arc::new(Mutex::new(Vec::new()));
    serve(io::Cursor::new(input.to_vec()), Shared(Arc::clone(&out)), Commands(Arc::default()), config)
        .expect("served");
    Arc::try_unwrap(out).expect("the writer has ended").into_inner().expect("whole")
}

fn packet(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[..], body].concat()
}

fn unpack(mut bytes: &[u8]) -> Vec<Value> {
    let mut out = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (body, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        out.push(serde_json::from_slice(body).expect("JSON"));
        bytes = rest;
    }
    assert!(bytes.is_empty());
    out
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// `(id, code)` of each answer, `ok` for a success, in order of id.
fn summary(answers: &[Value]) -> Vec<(String, String)> {
    let mut out: Vec<_> = answers
        .iter()
        .map(|answer| {
            let success = answer["success"].as_bool().expect("a boolean");
            let code = if success { "ok" } else { answer["error"]["code"].as_str().expect("a code") };
            assert_eq!(answer.get("data").is_some(), success);
            assert_eq!(answer.as_object().expect("an object").len(), 3);
            (answer["request_id"].to_string(), code.to_owned())
        })
        .collect();
    out.sort();
    out
}

#[test]
fn every_malformed_input_is_answered_and_the_next_request_is_served() {
    let deep = format!(r#"{{"request_id":"d","command":"echo","data":{{"a":{}}}}}"#, "[".repeat(30_000));
    let long = format!(r#"{{"request_id":"l","command":"echo","data":{{"a":"{}"}}}}"#, "x".repeat(70_000));
    let cases: &[(&str, &[u8], &str, &str)] = &[
        ("garbage", b"hello", "null", "invalid_request"),
        ("an array", b"[]", "null", "invalid_request"),
        ("half an object", br#"{"request_id":"x","#, "null", "invalid_request"),
        ("two objects", br#"{"request_id":"x"}{}"#, "null", "invalid_request"),
        ("not UTF-8", b"\"\xff\"", "null", "invalid_request"),
        ("NUL", b"{\"a\":\"\0\"}", "null", "invalid_request"),
        ("no id", br#"{"command":"echo","data":{}}"#, "null", "invalid_request"),
        ("no command", br#"{"request_id":"x","data":{}}"#, "\"x\"", "invalid_request"),
        ("command of a wrong type", br#"{"request_id":1,"command":7}"#, "1", "invalid_request"),
        ("data of a wrong type", br#"{"request_id":1,"command":"echo","data":[]}"#, "1", "invalid_request"),
        ("negative time", br#"{"request_id":1,"command":"echo","timeout_ms":-1}"#, "1", "invalid_request"),
        ("no time", br#"{"request_id":1,"command":"echo","timeout_ms":0}"#, "1", "timeout"),
        ("a panic", br#"{"request_id":null,"command":"panic"}"#, "null", "internal"),
        ("over the limit", long.as_bytes(), "null", "limit_exceeded"),
    ];
    let good = br#"{"request_id":"good","command":"echo","data":{"a":1.0}}"#;
    for (name, input, id, code) in cases {
        let expected = {
            let mut all = vec![((*id).to_owned(), (*code).to_owned()), ("\"good\"".into(), "ok".into())];
            all.sort();
            all
        };
        let as_lines = run(&[*input, b"\n", good, b"\n"].concat(), &config());
        assert_eq!(summary(&lines(&as_lines)), expected, "{name}, lines");
        let as_packets = run(&[packet(input), packet(good)].concat(), &config());
        assert_eq!(summary(&unpack(&as_packets)), expected, "{name}, packets");
    }
    let answers = lines(&run(&[deep.as_bytes(), b"\n", good].concat(), &config()));
    assert_eq!(answers.len(), 2);
    assert_ne!(answers[0]["success"], answers[1]["success"]);
}

#[test]
fn an_id_comes_back_exactly_as_it_was_sent() {
    for id in [
        r#""a""#,
        r#""\u00e9\/\n""#,
        "12345678901234567890123",
        "1.0",
        "1e2",
        "-0",
        "null",
        "true",
        r#"{"b":1,"a":[ ]}"#,
    ] {
        let out = run(format!(r#"{{"request_id":{id},"command":"echo"}}"#).as_bytes(), &config());
        let expected = format!("{{\"request_id\":{id},\"success\":true,\"data\":{{}}}}\n");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }
}

#[test]
fn a_panic_says_nothing_of_the_data() {
    let out = run(br#"{"request_id":1,"command":"panic","data":{"text":"Jane"}}"#, &config());
    assert!(!String::from_utf8(out).expect("UTF-8").contains("Jane"));
}

#[test]
fn requests_are_answered_as_they_end_and_all_before_the_server_does() {
    let mut server = Server::start(config());
    server.send(b"{\"request_id\":1,\"command\":\"sleep\",\"data\":{\"ms\":300}}\n");
    server.send(b"{\"request_id\":2,\"command\":\"echo\"}\n");
    assert_eq!(server.line()["request_id"], 2);
    let (rest, ended) = server.end();
    assert_eq!(lines(&rest)[0]["request_id"], 1);
    assert!(ended.is_ok());
}

#[test]
fn a_deadline_is_kept_though_the_work_is_deaf_to_it() {
    let mut server = Server::start(Config { jobs: 1, ..config() });
    let start = Instant::now();
    let slow = "\"command\":\"sleep\",\"data\":{\"ms\":2000},\"timeout_ms\":50}\n";
    server.send(format!("{{\"request_id\":1,{slow}").as_bytes());
    server.send(b"{\"request_id\":2,\"command\":\"echo\"}\n");
    let answers = [server.line(), server.line()];
    assert_eq!(
        summary(&answers),
        [("1".to_owned(), "timeout".to_owned()), ("2".to_owned(), "ok".to_owned())]
    );
    assert!(start.elapsed() < Duration::from_millis(1_500), "{:?}", start.elapsed());
    let (rest, _) = server.end();
    assert!(rest.is_empty(), "a late result is dropped");
}

#[test]
fn no_request_may_ask_for_more_than_the_longest_deadline() {
    let config = Config { max_timeout: Duration::from_millis(50), ..config() };
    let out = run(b"{\"request_id\":1,\"command\":\"wait\",\"timeout_ms\":99999999999}", &config);
    assert_eq!(summary(&lines(&out)), [("1".to_owned(), "timeout".to_owned())]);
}

#[test]
fn past_the_bound_in_flight_it_stops_reading() {
    let mut server = Server::start(Config { jobs: 1, in_flight: 4, ..config() });
    let request = b"{\"request_id\":1,\"command\":\"echo\"}\n".repeat(20_000);
    let mut input = server.input.take().expect("open");
    let writer = spawn(move || input.write_all(&request));
    // Nobody takes answers: the pipe fills, four requests stay in flight, and the rest stays with the sender.
    let mut before = 0;
    loop {
        sleep(Duration::from_millis(300));
        let now = server.begun.load(Ordering::SeqCst);
        if now == before {
            break;
        }
        before = now;
    }
    assert!(before < 10_000 && !writer.is_finished(), "{before} of 20000 were taken");
    let (rest, ended) = server.end();
    writer.join().expect("no panic").expect("taken after all");
    assert_eq!(lines(&rest).len(), 20_000);
    assert!(ended.is_ok());
}

#[test]
fn the_server_ends_when_its_client_has_gone() {
    let mut server = Server::start(config());
    server.send(b"{\"request_id\":1,\"command\":\"sleep\",\"data\":{\"ms\":50}}\n");
    let Server { input, output, thread, .. } = server;
    drop(output);
    let error = thread.join().expect("no panic").expect_err("nobody reads");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    drop(input);
}

#[test]
fn ten_thousand_requests_with_one_in_a_hundred_bad_are_each_answered_once() {
    let mut input = Vec::new();
    for id in 0..10_000 {
        let request = match id % 300 {
            0 => json!({"request_id": id, "command": "panic"}),
            100 => json!({"request_id": id, "command": 5}),
            200 => json!({"request_id": id, "command": "wait", "timeout_ms": 2}),
            _ => json!({"request_id": id, "command": "echo", "data": {"id": id}}),
        };
        input.extend(packet(request.to_string().as_bytes()));
    }
    let mut answers = unpack(&run(&input, &config()));
    answers.sort_by_key(|answer| answer["request_id"].as_u64());
    assert_eq!(answers.len(), 10_000);
    for (id, answer) in answers.iter().enumerate() {
        assert_eq!(answer["request_id"], id);
        match id % 300 {
            0 => assert_eq!(answer["error"]["code"], "internal"),
            100 => assert_eq!(answer["error"]["code"], "invalid_request"),
            200 => assert_eq!(answer["error"]["code"], "timeout"),
            _ => assert_eq!(answer["data"]["id"], id),
        }
    }
}
