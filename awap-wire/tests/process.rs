//! The server as a process: how it ends, whatever its requests do and whatever becomes of its parent.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The example, which cargo builds beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let profile = test.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    profile.join("examples/misbehaving")
}

struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example runs");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(BufReader::new);
        Self { child, stdin, stdout }
    }

    fn send(&mut self, id: u32, command: &str) {
        let line = json!({"request_id": id, "command": command, "data": {"text": "Jane Doe"}});
        writeln!(self.stdin.as_mut().expect("open"), "{line}").expect("sent");
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.as_mut().expect("open").read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    }

    fn ends_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("waited") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_request_that_hangs_is_answered_at_its_deadline_and_the_process_still_ends_with_stdin() {
    let mut server = Server::start();
    for command in ["hang", "hang", "spin"] {
        server.send(1, command);
        assert_eq!(server.answer()["error"]["code"], "timeout");
    }
    server.send(2, "ok");
    assert_eq!(server.answer()["success"], true);
    server.send(3, "hang");
    server.stdin = None;
    assert_eq!(server.answer()["error"]["code"], "timeout");
    let status = server.ends_within(Duration::from_secs(5)).expect("it ends");
    assert!(status.success());
}

#[test]
fn a_panic_is_answered_and_its_message_goes_nowhere() {
    let mut server = Server::start();
    server.send(1, "panic");
    let answer = server.answer();
    assert_eq!((&answer["request_id"], &answer["error"]["code"]), (&json!(1), &json!("internal")));
    assert!(!answer.to_string().contains("Jane"));
    server.stdin = None;
    server.ends_within(Duration::from_secs(5)).expect("it ends");
    let mut log = String::new();
    server.child.stderr.take().expect("piped").read_to_string(&mut log).expect("read");
    assert!(!log.contains("Jane"), "{log}");
}

#[test]
fn what_cannot_be_caught_ends_this_process_by_a_signal() {
    for command in ["abort", "overflow"] {
        let mut server = Server::start();
        server.send(1, command);
        let status = server.ends_within(Duration::from_secs(10)).expect("it ends");
        assert!(status.signal().is_some(), "{command}: {status:?}");
    }
}

#[test]
fn it_ends_when_nobody_reads_its_answers_though_every_worker_hangs_and_stdin_is_open() {
    let mut server = Server::start();
    for _ in 0..100 {
        server.send(1, "hang");
    }
    server.stdout = None;
    assert!(server.ends_within(Duration::from_secs(5)).is_some());
    assert!(server.stdin.is_some());
}

#[test]
fn it_ends_when_stdin_closes_and_nobody_takes_the_answers() {
    let mut server = Server::start();
    for id in 0..20 {
        server.send(id, "flood");
    }
    server.stdin = None;
    let status = server.ends_within(Duration::from_secs(15)).expect("it ends");
    assert!(!status.success(), "answers were lost, and the status says so");
}

#[cfg(target_os = "linux")]
#[test]
fn it_dies_with_its_parent_though_others_hold_its_pipes() {
    // The shell is the server's parent; stdin and stdout are ours, and stay open when the shell is killed.
    let script = "exec 3<&0; \"$0\" <&3 3<&- & wait";
    let mut shell = Command::new("sh")
        .args(["-c", script, program().to_str().expect("UTF-8")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut stdin = shell.stdin.take().expect("piped");
    let mut stdout = BufReader::new(shell.stdout.take().expect("piped"));
    writeln!(stdin, "{}", json!({"request_id": 1, "command": "ok"})).expect("sent");
    let mut line = String::new();
    stdout.read_line(&mut line).expect("an answer");
    let answer: Value = serde_json::from_str(&line).expect("JSON");
    let server = PathBuf::from(format!("/proc/{}/exe", answer["data"]["pid"]));
    assert!(server.exists());
    shell.kill().expect("killed");
    shell.wait().expect("gone");
    let end = Instant::now() + Duration::from_secs(5);
    while server.read_link().is_ok() {
        assert!(Instant::now() < end, "it outlives its parent");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop((stdin, stdout));
}
