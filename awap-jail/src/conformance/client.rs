//! A container, or any command that speaks the protocol, as the conformance test talks to it.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// No answer is near as long as this: a length above it is not a length.
const MAX_ANSWER: usize = 64 << 20;

/// A running command.
pub(super) struct Client {
    child: Child,
    /// Written by a thread of its own: a command that reads nothing must not hold up the test.
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<Output>,
    next: u64,
}

/// What came out of its stdout.
enum Output {
    Frame(Vec<u8>),
    /// Nothing more comes; bytes that were no frame.
    End(Vec<u8>),
}

/// Where an answer failed, in words.
pub(super) type Fault = String;

impl Client {
    pub(super) fn start(command: &[String]) -> Result<Self, Fault> {
        let (program, arguments) = command.split_first().ok_or("there is no command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("“{program}” does not start: {error}"))?;
        let mut stdin = child.stdin.take().ok_or("it has no stdin")?;
        let (input, to_write) = channel::<Vec<u8>>();
        thread::spawn(move || {
            // What cannot be written shows in the answer that does not come.
            for bytes in to_write {
                if stdin.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        let stdout = child.stdout.take().ok_or("it has no stdout")?;
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut stdout = stdout;
            loop {
                let next = read(&mut stdout);
                let ended = matches!(next, Output::End(_));
                if sender.send(next).is_err() || ended {
                    return;
                }
            }
        });
        Ok(Self { child, input: Some(input), output, next: 0 })
    }

    /// Sends bytes as they are.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let sent = self.input.as_ref().map(|input| input.send(bytes.to_vec()));
        sent.and_then(Result::ok).ok_or_else(|| "it reads no more".into())
    }

    /// Sends one frame.
    pub(super) fn send(&mut self, body: &[u8]) -> Result<(), Fault> {
        self.send_raw(&frame(body))
    }

    /// The next answer.
    pub(super) fn answer(&mut self, within: Duration) -> Result<Value, Fault> {
        let body = match self.output.recv_timeout(within) {
            Ok(Output::Frame(body)) => body,
            Ok(Output::End(rest)) if rest.is_empty() => {
                return Err("it closed its stdout instead of answering".into());
            }
            Ok(Output::End(rest)) => {
                return Err(format!("its stdout holds something that is no frame: {:?}", excerpt(&rest)));
            }
            Err(RecvTimeoutError::Timeout) => return Err(format!("no answer came within {within:?}")),
            Err(RecvTimeoutError::Disconnected) => return Err("it has ended".into()),
        };
        serde_json::from_slice(&body).map_err(|_| format!("its answer is not JSON: {:?}", excerpt(&body)))
    }

    /// Sends a command and waits for the answer, whose envelope is checked.
    pub(super) fn call(&mut self, command: &str, data: &Value, within: Duration) -> Result<Answer, Fault> {
        self.next += 1;
        let id = json!(format!("conformance-{}", self.next));
        let request = json!({"request_id": id, "command": command, "data": data});
        self.send(request.to_string().as_bytes())?;
        Answer::read(self.answer(within)?, &id)
    }

    /// Closes its stdin and waits for its end: its status, and what it wrote that no answer was waited for.
    pub(super) fn close(&mut self, within: Duration) -> Result<(ExitStatus, usize), Fault> {
        self.input = None;
        let end = Instant::now() + within;
        let mut frames = 0;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Output::Frame(_)) => frames += 1,
                Ok(Output::End(rest)) if rest.is_empty() => break,
                Ok(Output::End(rest)) => return Err(format!("it wrote {:?} at its end", excerpt(&rest))),
                Err(_) => return Err(format!("it did not close its stdout within {within:?}")),
            }
        }
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Ok((status, frames));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(format!("it did not end within {within:?} of the end of its stdin"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input = None;
        // Gone already where it ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer whose envelope is right.
pub(super) enum Answer {
    Data(Value),
    Error { code: String },
}

impl Answer {
    /// Reads an envelope that answers the request `id`.
    pub(super) fn read(mut answer: Value, id: &Value) -> Result<Self, Fault> {
        if answer.get("request_id") != Some(id) {
            return Err(format!("the request_id that came back is not the one that was sent, {id}"));
        }
        match answer["success"].as_bool() {
            Some(true) if answer["data"].is_object() => Ok(Self::Data(answer["data"].take())),
            Some(false) => {
                let error = &answer["error"];
                let code = error["code"].as_str().ok_or("“error.code” is not a text")?;
                if error["message"].as_str().is_none_or(str::is_empty) {
                    return Err("“error.message” is not a sentence".into());
                }
                if !error["details"].is_object() {
                    return Err("“error.details” is not an object".into());
                }
                Ok(Self::Error { code: code.to_owned() })
            }
            _ => Err("the answer has neither “success”: true with “data”, nor “success”: false with “error”"
                .into()),
        }
    }

    /// The data of a success.
    pub(super) fn data(self) -> Result<Value, Fault> {
        match self {
            Self::Data(data) => Ok(data),
            Self::Error { code } => Err(format!("it answered with the error “{code}”")),
        }
    }

    /// That it is an error with one of these codes.
    pub(super) fn expect_error(self, codes: &[&str]) -> Result<(), Fault> {
        match self {
            Self::Error { code } if codes.contains(&code.as_str()) => Ok(()),
            Self::Error { code } => {
                Err(format!("it answered with the error “{code}”, where “{}” fits", codes[0]))
            }
            Self::Data(_) => Err(format!("it answered with success, where the error “{}” fits", codes[0])),
        }
    }
}

pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes(), body].concat()
}

fn read(stdout: &mut ChildStdout) -> Output {
    let mut length = [0; 4];
    let got = read_up_to(stdout, &mut length).unwrap_or(0);
    if got < length.len() {
        return Output::End(length[..got].to_vec());
    }
    let size = u32::from_be_bytes(length) as usize;
    if size > MAX_ANSWER {
        return Output::End(length.to_vec());
    }
    let mut body = vec![0; size];
    let got = read_up_to(stdout, &mut body).unwrap_or(0);
    if got < size {
        body.truncate(got);
        return Output::End([length.as_slice(), &body].concat());
    }
    Output::Frame(body)
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned()
}
