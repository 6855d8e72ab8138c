//! Whether a command (`podman run -i --rm … IMAGE`, or a program as it is) speaks the protocol of the AI container.

mod client;
mod sample;

use std::collections::HashSet;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use client::{Answer, Client, Fault, frame};

/// Time for what needs none to speak of, on a machine that is busy.
const SOON: Duration = Duration::from_secs(20);
/// Time for a model to be read.
const READY: Duration = Duration::from_mins(5);
/// What an answer may take beyond its time budget: the run of the model that was begun, and the way back.
const SLACK: Duration = Duration::from_secs(5);

/// How one test ended.
enum Outcome {
    Passed,
    /// It could not be made, and why.
    Skipped(&'static str),
}

type Test = fn(&mut Suite<'_>) -> Result<Outcome, Fault>;

const TESTS: [(&str, Test); 14] = [
    ("answers “ping” with its status, version and model", ping),
    ("takes a request that comes byte by byte", byte_by_byte),
    ("gives request ids back as they were sent", ids),
    ("answers requests that come together, each once", together),
    ("refuses an unknown command", unknown_command),
    ("refuses what is not JSON, and goes on", not_json),
    ("refuses an envelope without its fields, and goes on", not_an_envelope),
    ("refuses a request that is too long, and goes on", too_long),
    ("is ready in time, or says that it has no model", ready),
    ("suggests what fits the contract", suggestions),
    ("keeps to the contract when the text gives orders", hostile),
    ("keeps within its budget of tokens and time", budget),
    ("refuses data of a wrong type", wrong_data),
    ("answers what it has, and ends with status 0, when stdin closes", end),
];

struct Suite<'a> {
    command: &'a [String],
    client: Client,
    has_model: bool,
}

/// Starts `command` and tests it; each test is a line on `out`. True where none failed.
///
/// # Errors
///
/// Where nothing can be written to `out`.
pub fn run(command: &[String], out: &mut impl Write) -> std::io::Result<bool> {
    let client = match Client::start(command) {
        Ok(client) => client,
        Err(fault) => {
            writeln!(out, "FAIL     starts: {fault}")?;
            return Ok(false);
        }
    };
    let mut suite = Suite { command, client, has_model: false };
    let mut failed = 0;
    for (name, test) in TESTS {
        match test(&mut suite) {
            Ok(Outcome::Passed) => writeln!(out, "ok       {name}")?,
            Ok(Outcome::Skipped(why)) => writeln!(out, "skipped  {name}: {why}")?,
            Err(fault) => {
                failed += 1;
                writeln!(out, "FAIL     {name}: {fault}")?;
                // What failed may have left answers on their way.
                if let Ok(client) = Client::start(command) {
                    suite.client = client;
                }
            }
        }
        out.flush()?;
    }
    match failed {
        0 => writeln!(out, "It speaks the protocol of the AI container.")?,
        1 => writeln!(out, "It does not speak the protocol of the AI container: 1 test failed.")?,
        _ => writeln!(out, "It does not speak the protocol of the AI container: {failed} tests failed.")?,
    }
    Ok(failed == 0)
}

fn passed(result: Result<(), Fault>) -> Result<Outcome, Fault> {
    result.map(|()| Outcome::Passed)
}

impl Suite<'_> {
    /// The status that “ping” tells, checked.
    fn status(&mut self) -> Result<String, Fault> {
        let data = self.client.call("ping", &json!({}), SOON)?.data()?;
        let status = data["status"].as_str().unwrap_or("").to_owned();
        if data["version"].as_str().is_none_or(str::is_empty) {
            return Err("“version” is not a text".into());
        }
        match status.as_str() {
            "ready" => sample::model(&data["model"])?,
            "loading" | "no_model" if data["model"].is_null() => {}
            "loading" | "no_model" => return Err("“model” is not null, though it is not ready".into()),
            _ => return Err("“status” is none of “ready”, “loading” and “no_model”".into()),
        }
        Ok(status)
    }

    fn alive(&mut self) -> Result<Outcome, Fault> {
        self.status().map(|_| Outcome::Passed).map_err(|fault| format!("afterwards, {fault}"))
    }

    /// A `suggest` that must succeed, its answer checked, and how long it took.
    fn suggest(&mut self, request: &Value, within: Duration) -> Result<Duration, Fault> {
        let start = Instant::now();
        let answer = self.client.call("suggest", request, within)?.data()?;
        sample::check(&answer, request)?;
        Ok(start.elapsed())
    }
}

fn ping(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    passed(suite.status().map(drop))
}

fn byte_by_byte(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    for byte in frame(br#"{"request_id":"slow","command":"ping","data":{}}"#) {
        suite.client.send_raw(&[byte])?;
        std::thread::sleep(Duration::from_millis(1));
    }
    passed(Answer::read(suite.client.answer(SOON)?, &json!("slow"))?.data().map(drop))
}

fn ids(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    for id in [json!("a\"b\\c Ünïcode \u{1f600}"), json!(42), json!("")] {
        let request = json!({"request_id": id, "command": "ping", "data": {}});
        suite.client.send(request.to_string().as_bytes())?;
        Answer::read(suite.client.answer(SOON)?, &id)?.data()?;
    }
    Ok(Outcome::Passed)
}

fn together(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    let requests: Vec<u8> = (0..8)
        .flat_map(|id| frame(json!({"request_id": id, "command": "ping", "data": {}}).to_string().as_bytes()))
        .collect();
    suite.client.send_raw(&requests)?;
    let mut answered = HashSet::new();
    for _ in 0..8 {
        let answer = suite.client.answer(SOON)?;
        let id = answer["request_id"].clone();
        if !id.as_u64().is_some_and(|id| id < 8 && answered.insert(id)) {
            return Err(format!("an answer is to {id}, which was not asked or was answered already"));
        }
        Answer::read(answer, &id)?.data()?;
    }
    suite.alive()
}

fn unknown_command(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    passed(suite.client.call("sing", &json!({}), SOON)?.expect_error(&["unknown_command"]))
}

fn not_json(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    for body in [&b"{"[..], b"", b"\xff\xfe", b"[1, 2]"] {
        suite.client.send(body)?;
        Answer::read(suite.client.answer(SOON)?, &Value::Null)?.expect_error(&["invalid_request"])?;
    }
    suite.alive()
}

fn not_an_envelope(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    suite.client.send(br#"{"command":"ping","data":{}}"#)?;
    Answer::read(suite.client.answer(SOON)?, &Value::Null)?.expect_error(&["invalid_request"])?;
    suite.client.send(br#"{"request_id":"x","data":{}}"#)?;
    Answer::read(suite.client.answer(SOON)?, &json!("x"))?.expect_error(&["invalid_request"])?;
    suite.alive()
}

/// 80 MiB: any container refuses that, be it that its own limit is higher than the protocol's 16 MiB.
fn too_long(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    const LENGTH: u32 = 80 << 20;
    suite.client.send_raw(&LENGTH.to_be_bytes())?;
    let part = vec![b' '; 1 << 20];
    for _ in 0..LENGTH as usize / part.len() {
        suite.client.send_raw(&part)?;
    }
    Answer::read(suite.client.answer(SOON)?, &Value::Null)?.expect_error(&["limit_exceeded"])?;
    suite.alive()
}

fn ready(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    let end = Instant::now() + READY;
    while Instant::now() < end {
        match suite.status()?.as_str() {
            "ready" => {
                suite.has_model = true;
                return Ok(Outcome::Passed);
            }
            "no_model" => {
                let answer = suite.client.call("suggest", &sample::request(16, 1_000), SOON)?;
                return passed(answer.expect_error(&["not_configured"]));
            }
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    Err(format!("it is still loading after {READY:?}"))
}

const NO_MODEL: Outcome = Outcome::Skipped("it has no model; mount one and test again");

fn suggestions(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    if !suite.has_model {
        return Ok(NO_MODEL);
    }
    passed(suite.suggest(&sample::request(512, 20_000), Duration::from_secs(20) + SOON).map(drop))
}

fn hostile(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    if !suite.has_model {
        return Ok(NO_MODEL);
    }
    passed(suite.suggest(&sample::hostile(), Duration::from_secs(10) + SOON).map(drop))
}

fn budget(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    if !suite.has_model {
        return Ok(NO_MODEL);
    }
    for (max_tokens, time_ms) in [(8, 20_000), (4_096, 500), (1, 1)] {
        let request = sample::request(max_tokens, time_ms);
        let allowed = Duration::from_millis(time_ms) + SLACK;
        let took = suite.suggest(&request, allowed + SOON)?;
        if took > allowed {
            return Err(format!("with a budget of {time_ms} ms it took {} ms", took.as_millis()));
        }
    }
    suite.alive()
}

fn wrong_data(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    if !suite.has_model {
        return Ok(NO_MODEL);
    }
    let mut no_text = sample::request(16, 1_000);
    no_text["text"] = json!(7);
    let mut no_criteria = sample::request(16, 1_000);
    no_criteria["criteria"] = json!("all");
    let mut outside = sample::request(16, 1_000);
    outside["questions"][0]["end"] = json!(1_000_000);
    for data in [json!({}), no_text, no_criteria, outside] {
        suite.client.call("suggest", &data, SOON)?.expect_error(&["invalid_input"])?;
    }
    suite.alive()
}

fn end(suite: &mut Suite<'_>) -> Result<Outcome, Fault> {
    ends(&mut suite.client, 0)?;
    let mut client = Client::start(suite.command)?;
    client.call("ping", &json!({}), SOON)?.data()?;
    client.send(br#"{"request_id":"last","command":"ping","data":{}}"#)?;
    ends(&mut client, 1)?;
    Ok(Outcome::Passed)
}

/// That it ends well, with `due` answers still to come.
fn ends(client: &mut Client, due: usize) -> Result<(), Fault> {
    let (status, frames) = client.close(SOON)?;
    if !status.success() {
        return Err(format!("it ended with {status}"));
    }
    if frames != due {
        return Err(format!("it wrote {frames} answers at its end, where {due} were due"));
    }
    Ok(())
}
