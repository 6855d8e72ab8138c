//! The Core Bridge: the envelope, and the dispatch from command to verb, used by Port and NIF alike.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::anonymize::Options;
use crate::tma::ParsedTma;
use crate::{Deadline, Engine, Error, ErrorCode, Result, Submission};

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
pub const COMMANDS: [&str; 5] =
    ["anonymize_student", "parse_tma", "generate_feedback", "query_events", "health_check"];

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

    /// Runs one command.
    pub fn dispatch(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        match command {
            "anonymize_student" => self.anonymize_student(data, deadline),
            "parse_tma" => {
                let tma = Submission::from_value(data, self.engine.limits())?;
                to_value(&self.engine.parse(tma, deadline)?)
            }
            "generate_feedback" => {
                let tma: ParsedTma = serde_json::from_value(data)
                    .map_err(|_| Error::invalid_input("", "This is not what parse_tma returns."))?;
                to_value(&self.engine.mark(&tma, deadline)?)
            }
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
            Some(options) => serde_json::from_value(options)
                .map_err(|_| Error::invalid_input("options", "“options” has a field of the wrong type."))?,
        };
        let tma = Submission::from_value(data, self.engine.limits())?;
        to_value(&self.engine.anonymize(tma, &options, deadline)?)
    }
}

fn to_value<T: Serialize>(result: &T) -> Result<Value> {
    serde_json::to_value(result)
        .map_err(|_| Error::new(ErrorCode::Internal, "A result could not be written as JSON."))
}

/// A request as it is read from the wire.
#[derive(Debug)]
pub struct Request {
    /// Comes back exactly as it was sent; `null` where none was.
    pub request_id: Box<RawValue>,
    /// Which verb.
    pub command: String,
    /// Its input; an empty object where none was sent.
    pub data: Value,
    /// The caller's own deadline for this request, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// A request that could not be read, with as much of its identity as could.
#[derive(Debug)]
pub struct BadRequest {
    /// The request's id, or `null`.
    pub request_id: Box<RawValue>,
    /// What is wrong with it.
    pub error: Error,
}

impl Request {
    /// Reads one envelope.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Box<BadRequest>> {
        let null = || RawValue::NULL.to_owned();
        let bad = |id: Box<RawValue>, message: &str| {
            Box::new(BadRequest { request_id: id, error: Error::new(ErrorCode::InvalidRequest, message) })
        };
        let mut map: Map<String, Value> = serde_json::from_slice(bytes)
            .map_err(|_| bad(null(), "A request is one JSON object in UTF-8."))?;
        let id = raw_request_id(bytes).unwrap_or_else(null);
        if !map.contains_key("request_id") {
            return Err(bad(id, "“request_id” is missing."));
        }
        let command = match map.remove("command") {
            Some(Value::String(command)) => command,
            Some(_) => return Err(bad(id, "“command” must be a string.")),
            None => return Err(bad(id, "“command” is missing.")),
        };
        let timeout_ms = match map.get("timeout_ms") {
            None | Some(Value::Null) => None,
            Some(value) => match value.as_u64() {
                Some(ms) => Some(ms),
                None => return Err(bad(id, "“timeout_ms” must be a whole number of milliseconds.")),
            },
        };
        let data = match map.remove("data") {
            None | Some(Value::Null) => Value::Object(Map::new()),
            Some(data @ Value::Object(_)) => data,
            Some(_) => return Err(bad(id, "“data” must be an object.")),
        };
        Ok(Self { request_id: id, command, data, timeout_ms })
    }
}

/// The request id as its own bytes: a number of any size, a string with any escapes, comes back as it was.
fn raw_request_id(bytes: &[u8]) -> Option<Box<RawValue>> {
    #[derive(serde::Deserialize)]
    struct OnlyId<'a> {
        #[serde(borrow)]
        request_id: Option<&'a RawValue>,
    }
    let only: OnlyId<'_> = serde_json::from_slice(bytes).ok()?;
    only.request_id.map(ToOwned::to_owned)
}

/// Writes one response as JSON, without a line end.
pub fn response_json(request_id: &RawValue, result: &Result<Value>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Success<'a> {
        request_id: &'a RawValue,
        success: bool,
        data: &'a Value,
    }
    #[derive(Serialize)]
    struct Failure<'a> {
        request_id: &'a RawValue,
        success: bool,
        error: &'a Error,
    }
    match result {
        Ok(data) => serde_json::to_vec(&Success { request_id, success: true, data }),
        Err(error) => serde_json::to_vec(&Failure { request_id, success: false, error }),
    }
    .unwrap_or_else(|_| br#"{"request_id":null,"success":false,"error":{"code":"internal","message":"A response could not be written as JSON.","details":{}}}"#.to_vec())
}
