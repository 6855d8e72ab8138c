//! The Core Bridge: the envelope, and the dispatch from command to verb, used by Port and NIF alike.

mod bounded;
mod envelope;
mod typed;

use serde_json::{Value, json};

use crate::anonymize::Options;
use crate::feedback::Feedback;
use crate::feedback::ai::{AiProvenance, SuggestBudget};
use crate::feedback::compare::Cohort;
use crate::feedback::word::{self, Letter};
use crate::tma::ParsedTma;
use crate::{Deadline, Engine, Error, ErrorCode, Result, Submission};

pub use bounded::Budget;
pub use envelope::{BadRequest, Request, data_object, response_json};
pub(crate) use typed::{from_value, null_as_default, to_value};

/// Reads the event store for `query_events`. The core does no I/O, so whoever links it brings this.
pub trait EventReader: Send + Sync {
    /// Answers `query_events`: `data` is `{"stream_id": …, "opts": {…}}`, the result `{"events": […], "next": …}`.
    fn query_events(&self, data: &Value, deadline: &Deadline) -> Result<Value>;
}

/// Answers commands: one for the Port and the NIF, so that both give the same result.
pub struct Dispatcher {
    engine: Engine,
    events: Option<Box<dyn EventReader>>,
}

/// The commands of the Core Bridge.
pub const COMMANDS: [&str; 11] = [
    "anonymize_student",
    "parse_tma",
    "generate_feedback",
    "revise_feedback",
    "check_rubric",
    "write_feedback",
    "compare",
    "prepare_suggestions",
    "merge_suggestions",
    "query_events",
    "health_check",
];

impl Dispatcher {
    /// A dispatcher over `engine`, without an event store.
    pub fn new(engine: Engine) -> Self {
        Self { engine, events: None }
    }

    /// Answers `query_events` from `events`.
    #[must_use]
    pub fn with_events(mut self, events: Box<dyn EventReader>) -> Self {
        self.events = Some(events);
        self
    }

    /// The limits in force.
    pub fn limits(&self) -> &crate::Limits {
        self.engine.limits()
    }

    /// Runs one command. `data` must be an object.
    pub fn dispatch(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        deadline.check()?;
        match command {
            "anonymize_student" => self.anonymize_student(data, deadline),
            "parse_tma" => {
                let tma = Submission::from_value(data, self.engine.limits())?;
                to_value(self.engine.parse(tma, deadline)?)
            }
            "generate_feedback" => {
                let tma = parsed_tma(data, "", "The data is not what parse_tma returns")?;
                to_value(self.engine.mark(&tma, deadline)?)
            }
            "revise_feedback" => {
                let revision = from_value(data, "", "The data is not feedback and what is changed of it")?;
                to_value(self.engine.revise(revision)?)
            }
            "check_rubric" => to_value(self.engine.outline(data.get("rubric"))?),
            "write_feedback" => {
                let letter: Letter = from_value(data, "", "The data is not feedback and what it is on")?;
                to_value(word::write(&letter)?)
            }
            "compare" => {
                let cohort: Cohort = from_value(data, "", "The data is not a cohort of scripts")?;
                to_value(self.engine.compare(&cohort.scripts, &cohort.options, deadline)?)
            }
            "prepare_suggestions" => self.prepare_suggestions(data, deadline),
            "merge_suggestions" => self.merge_suggestions(data, deadline),
            "query_events" => match &self.events {
                Some(events) => events.query_events(&data, deadline),
                None => Err(Error::new(
                    ErrorCode::NotConfigured,
                    "No event store is configured: set EVENT_STORE_URL or DATABASE_URL.",
                )),
            },
            "health_check" => Ok(json!({
                "status": "healthy",
                "version": env!("CARGO_PKG_VERSION"),
                "commands": COMMANDS,
                "pseudonym_scope": self.engine.pseudonym_key().scope(),
                "event_store": if self.events.is_some() { "configured" } else { "not_configured" },
            })),
            _ => Err(Error::new(ErrorCode::UnknownCommand, "There is no such command.")
                .with("commands", json!(COMMANDS))),
        }
    }

    fn anonymize_student(&self, mut data: Value, deadline: &Deadline) -> Result<Value> {
        let options = match data.as_object_mut().and_then(|map| map.remove("options")) {
            None | Some(Value::Null) => Options::default(),
            Some(options) => from_value(options, "options", "The options cannot be read")?,
        };
        let tma = Submission::from_value(data, self.engine.limits())?;
        to_value(self.engine.anonymize(tma, &options, deadline)?)
    }

    fn prepare_suggestions(&self, mut data: Value, deadline: &Deadline) -> Result<Value> {
        let (tma, feedback) = marked(&mut data)?;
        let budget = match data.get_mut("budget").map(Value::take) {
            None | Some(Value::Null) => SuggestBudget::default(),
            Some(budget) => from_value(budget, "budget", "The budget cannot be read")?,
        };
        let request = self.engine.prepare_suggestions(&tma, &feedback, budget, deadline)?;
        Ok(json!({ "request": to_value(request)? }))
    }

    fn merge_suggestions(&self, mut data: Value, deadline: &Deadline) -> Result<Value> {
        let (tma, feedback) = marked(&mut data)?;
        let ai = AiProvenance::from_value(&data["ai"]);
        to_value(self.engine.merge_suggestions(&tma, feedback, &data["suggestions"], &ai, deadline)?)
    }
}

/// A TMA as `parse_tma` returned it. Its rubric is carried as it came: it is moved, not read, as a model in it holds tens of
/// thousands of values.
fn parsed_tma(mut data: Value, at: &str, sentence: &str) -> Result<ParsedTma> {
    let rubric = data.as_object_mut().and_then(|map| map.remove("rubric"));
    let tma: ParsedTma = from_value(data, at, sentence)?;
    Ok(ParsedTma { rubric: rubric.filter(|r| !r.is_null()), ..tma })
}

/// A TMA as `parse_tma` returned it, and the feedback that `generate_feedback` made of it.
fn marked(data: &mut Value) -> Result<(ParsedTma, Feedback)> {
    let mut field = |name: &str| match data.get_mut(name).map(Value::take) {
        None | Some(Value::Null) => Err(Error::invalid_input(name, format!("“{name}” is missing."))),
        Some(value) => Ok(value),
    };
    let tma = parsed_tma(field("parsed")?, "parsed", "“parsed” is not what parse_tma returns")?;
    let feedback =
        from_value(field("feedback")?, "feedback", "“feedback” is not what generate_feedback returns")?;
    Ok((tma, feedback))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dispatch(command: &str, data: Value) -> Result<Value> {
        let dispatcher = Dispatcher::new(Engine::new().expect("random numbers"));
        dispatcher.dispatch(command, data, &Deadline::never())
    }

    #[test]
    fn faults_are_named_by_their_path_and_never_by_their_content() {
        let text = "Jane Doe was here";
        for (command, data, path, message) in [
            ("anonymize_student", json!({}), "content", "“content” is missing"),
            ("anonymize_student", json!({"content": null}), "content", "“content” is missing"),
            ("anonymize_student", json!({"content": {}}), "content", "neither text nor answers"),
            ("anonymize_student", json!({"content": 7}), "content", "“content” must be an object or text."),
            ("parse_tma", json!({"content": {"text": 7}}), "content.text", "must be a string."),
            (
                "parse_tma",
                json!({"content": {"answers": [{"question": "1"}]}}),
                "content.answers[0].text",
                "is missing",
            ),
            (
                "parse_tma",
                json!({"content": {"answers": [{"question": "1", "text": "x"}, text]}}),
                "content.answers[1]",
                "must be an object.",
            ),
            ("parse_tma", json!({"content": text, "student": text}), "student", "must be an object."),
            (
                "parse_tma",
                json!({"content": text, "student": {"aliases": text}}),
                "student.aliases",
                "must be a list.",
            ),
            (
                "parse_tma",
                json!({"content": {"documents": [{"format": text}]}}),
                "content.documents[0]",
                "content.documents[0]",
            ),
            (
                "anonymize_student",
                json!({"content": text, "options": {"keep": [7]}}),
                "options.keep[0]",
                "must be a string.",
            ),
            ("anonymize_student", json!({"content": text, "options": text}), "options", "must be an object."),
            ("generate_feedback", json!({}), "metadata", "“metadata” is missing."),
            ("revise_feedback", json!({"criteria": []}), "feedback", "“feedback” is missing."),
            (
                "check_rubric",
                json!({"rubric": {"total_points": 10, "criteria": text}}),
                "rubric.criteria",
                "must be a list.",
            ),
            ("compare", json!({}), "scripts", "“scripts” is missing."),
            ("compare", json!({"scripts": text}), "scripts", "must be a list."),
            ("compare", json!({"scripts": [{"id": text}]}), "scripts[0].text", "is missing."),
            (
                "compare",
                json!({"scripts": [{"id": "a", "text": text, "aside": [{"start": -1, "end": 2}]}]}),
                "scripts[0].aside[0].start",
                "must be a number in range.",
            ),
            (
                "compare",
                json!({"scripts": [{"id": text, "text": text}, {"id": text, "text": text}]}),
                "scripts[1].id",
                "is empty or another script’s.",
            ),
            (
                "compare",
                json!({"scripts": [], "options": {"least_share": 2}}),
                "options.least_share",
                "greater than 0 and at most 1.",
            ),
            ("prepare_suggestions", json!({}), "parsed", "“parsed” is missing."),
            ("prepare_suggestions", json!({"parsed": text}), "parsed", "must be an object."),
            ("merge_suggestions", json!({"parsed": {}}), "parsed.metadata", "is missing."),
            ("merge_suggestions", json!({"parsed": null, "feedback": {}}), "parsed", "“parsed” is missing."),
        ] {
            let error = dispatch(command, data.clone()).expect_err("a fault");
            assert_eq!(error.code(), ErrorCode::InvalidInput, "{data}");
            let got = error.details()["path"].as_str().expect("a path");
            assert!(got.starts_with(path), "{got} for {data}");
            assert!(error.message().contains(message), "{} for {data}", error.message());
            assert!(!error.message().contains("Jane"), "{} for {data}", error.message());
        }
    }

    #[test]
    fn commands_that_need_no_tma() {
        let health = dispatch("health_check", json!({})).expect("healthy");
        assert_eq!(health["status"], "healthy");
        assert_eq!(health["pseudonym_scope"], "process");
        let code = |command| dispatch(command, json!({})).expect_err("a fault").code();
        assert_eq!(code("query_events"), ErrorCode::NotConfigured);
        assert_eq!(code("Health_Check"), ErrorCode::UnknownCommand);
        assert_eq!(code(""), ErrorCode::UnknownCommand);
    }

    #[test]
    fn nothing_begins_past_its_deadline() {
        let dispatcher = Dispatcher::new(Engine::new().expect("random numbers"));
        let deadline = Deadline::never();
        deadline.cancel();
        let error = dispatcher.dispatch("health_check", json!({}), &deadline).expect_err("too late");
        assert_eq!(error.code(), ErrorCode::Timeout);
    }
}
