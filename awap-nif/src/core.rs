//! The one core of this BEAM: the dispatcher, and the pool that runs it.

use std::sync::OnceLock;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use awap_core::anonymize::PseudonymKey;
use awap_core::protocol::{Dispatcher, EventReader};
use awap_core::{Engine, Error, ErrorCode, Limits, Result};
use awap_store::EventSource;
use awap_wire::Pool;
use serde_json::Value;

/// A deadline longer than this is a slip of the pen.
const MAX_TIMEOUT_MS: u64 = 86_400_000;
const DEFAULT_TIMEOUT_MS: u64 = 60_000;

/// What answers.
pub(crate) struct Core {
    pool: Pool,
    limits: Limits,
    timeout: Duration,
}

/// The core, or why it could not be started: then every call answers that.
static CORE: OnceLock<Result<Core>> = OnceLock::new();

impl Core {
    /// The core, once it was started.
    pub(crate) fn get() -> Option<&'static Result<Self>> {
        CORE.get()
    }

    /// Starts the core unless it was started before.
    pub(crate) fn start(config: impl FnOnce() -> Result<Value>) {
        CORE.get_or_init(|| {
            log_panics_without_payload();
            config().and_then(|config| Self::new(&config))
        });
    }

    fn new(config: &Value) -> Result<Self> {
        let mut engine = Engine::builder();
        if let Some(hex) = text(config, "pseudonym_key")? {
            let key = PseudonymKey::from_hex(hex).map_err(|error| {
                misconfigured(&format!(
                    "The pseudonym key (AWAP_PSEUDONYM_KEY) cannot be used. {}",
                    error.message()
                ))
            })?;
            engine = engine.pseudonym_key(key);
        }
        let engine = engine.build()?;
        let limits = engine.limits().clone();
        let mut dispatcher = Dispatcher::new(engine);
        if let Some(url) = text(config, "event_store_url")? {
            let events: Box<dyn EventReader> = Box::new(EventSource::connect(url).map_err(|error| {
                misconfigured(&format!(
                    "The event store (EVENT_STORE_URL) cannot be used. {}",
                    error.message()
                ))
            })?);
            dispatcher = dispatcher.with_events(events);
        }
        let timeout = match &config["timeout_ms"] {
            Value::Null => DEFAULT_TIMEOUT_MS,
            value => value.as_u64().filter(|ms| (1..=MAX_TIMEOUT_MS).contains(ms)).ok_or_else(|| {
                misconfigured(
                    "The time-out (AWAP_TIMEOUT_MS) must be a whole number of milliseconds, a day at most.",
                )
            })?,
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // The schedulers of the BEAM come first: they have others' work to do, and hand us ours.
        let pool = Pool::giving_way(dispatcher, threads)
            .map_err(|_| Error::new(ErrorCode::Internal, "This system gives no threads to work on."))?;
        Ok(Self { pool, limits, timeout: Duration::from_millis(timeout) })
    }

    /// The limits that data is read within.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Runs one command on the pool and waits for its answer, which comes at the deadline at the latest.
    pub(crate) fn run(&self, command: &str, data: Value) -> Result<Value> {
        let (sender, answer) = sync_channel(1);
        self.pool.submit(command.to_owned(), data, self.timeout, move |result| {
            let _ = sender.send(result);
        });
        answer.recv().unwrap_or_else(|_| Err(crate::internal()))
    }
}

fn text<'a>(config: &'a Value, name: &str) -> Result<Option<&'a str>> {
    match &config[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        _ => Err(misconfigured(&format!("{name} must be a string."))),
    }
}

fn misconfigured(message: &str) -> Error {
    Error::new(ErrorCode::NotConfigured, message)
}

/// Says on stderr where a panic was and not what it said: its message may quote what the student wrote.
fn log_panics_without_payload() {
    std::panic::set_hook(Box::new(|panic| {
        if let Some(at) = panic.location() {
            eprintln!("awap_nif: a fault at {at}; its request is answered “internal”.");
        }
    }));
}
