//! An `awap-store` process, asked over its stdin and stdout.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::{PSEUDONYM_KEY, SEAL_KEY};

pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub fn start(url: &str) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_awap-store")), url)
    }

    /// Started by a command of the caller's own, such as a shell that sets a limit.
    pub fn start_by(mut command: Command, url: &str) -> Self {
        let mut child = command
            .env("DATABASE_URL", url)
            .env("AWAP_SEAL_KEY", SEAL_KEY)
            .env("AWAP_PSEUDONYM_KEY", PSEUDONYM_KEY)
            .env("AWAP_LOG", "trace")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    /// The answer, whatever it is.
    pub fn answer(&mut self, command: &str, data: &Value) -> Value {
        let request = json!({"request_id": command, "command": command, "data": data});
        writeln!(self.input.as_mut().unwrap(), "{request}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    pub fn ask(&mut self, command: &str, data: &Value) -> Value {
        let mut answer = self.answer(command, data);
        assert_eq!(answer["success"], true, "{answer}");
        answer["data"].take()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes stdin; the status, and what was logged.
    pub fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
