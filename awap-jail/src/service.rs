//! The commands: `ping` says how it is, `suggest` has the model read and comment.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::{Builder, sleep};
use std::time::Duration;

use awap_core::{Deadline, Error, ErrorCode, Limits, Result};
use awap_wire::{Config, Handler};
use serde_json::{Value, json};

use crate::model::{Model, ModelInfo, Options, find};
use crate::request::Request;
use crate::suggest::suggest;

/// Requests that are read, or wait to be, at once; one more is refused. Scheduling is the host's business.
const MAX_SUGGESTIONS: usize = 3;
/// How often one that waits for the model looks at its deadline.
const WAIT: Duration = Duration::from_millis(5);
/// Bytes of the stack on which a model is loaded: a chat template may be nested as deeply as it is long.
pub(crate) const LOADER_STACK: usize = 64 << 20;
/// Bytes of one request: the longest text that a TMA may have, with its criteria.
const REQUEST_BYTES: usize = 16 << 20;

/// How the program serves: small bounds, one thread more than requests that may wait, so that a ping is answered.
pub fn config() -> Config {
    Config {
        jobs: MAX_SUGGESTIONS + 1,
        timeout: Duration::from_mins(2),
        max_timeout: Duration::from_hours(1),
        in_flight: 32,
        in_flight_bytes: 64 << 20,
        request_bytes: REQUEST_BYTES,
    }
}

/// Answers requests while and after its model is read.
pub struct Service {
    state: Arc<Mutex<State>>,
    suggestions: AtomicUsize,
}

enum State {
    Loading,
    /// There is no model file.
    Absent,
    /// There is one, and it cannot be used.
    Refused(Error),
    Ready(ModelInfo, Arc<Mutex<Model>>),
}

impl Service {
    /// A service that reads the model on a thread of its own.
    ///
    /// # Errors
    ///
    /// Where no thread can be started.
    pub fn start(options: Options) -> std::io::Result<Self> {
        let state = Arc::new(Mutex::new(State::Loading));
        let loaded = Arc::clone(&state);
        Builder::new().name("awap-loader".into()).stack_size(LOADER_STACK).spawn(move || {
            let next = load(options);
            *loaded.lock().unwrap_or_else(PoisonError::into_inner) = next;
        })?;
        Ok(Self { state, suggestions: AtomicUsize::new(0) })
    }

    fn ping(&self) -> Value {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, model, reason) = match &*state {
            State::Loading => ("loading", None, None),
            State::Absent => ("no_model", None, Some(absent())),
            State::Refused(error) => ("no_model", None, Some(error.clone())),
            State::Ready(info, _) => ("ready", Some(info), None),
        };
        let mut answer = json!({"status": status, "version": env!("CARGO_PKG_VERSION"), "model": model});
        if let Some(reason) = reason {
            answer["reason"] = reason.message().into();
        }
        answer
    }

    fn suggest(&self, data: Value, deadline: &Deadline) -> Result<Value> {
        let _place = Place::take(&self.suggestions)?;
        let request = Request::read(data)?;
        let model = self.model(deadline)?;
        loop {
            deadline.check()?;
            match model.try_lock() {
                Ok(mut model) => return suggest(&mut model, &request, deadline),
                // A request that panicked leaves the model as it was but for what it kept, which is looked at anew.
                Err(TryLockError::Poisoned(model)) => {
                    return suggest(&mut model.into_inner(), &request, deadline);
                }
                Err(TryLockError::WouldBlock) => sleep(WAIT),
            }
        }
    }

    /// The model, once it is read.
    fn model(&self, deadline: &Deadline) -> Result<Arc<Mutex<Model>>> {
        loop {
            match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
                State::Ready(_, model) => return Ok(Arc::clone(model)),
                State::Absent => return Err(absent()),
                State::Refused(error) => return Err(error.clone()),
                State::Loading => {}
            }
            deadline.check()?;
            sleep(WAIT);
        }
    }
}

impl Handler for Service {
    fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        match command {
            "ping" => Ok(self.ping()),
            "suggest" => self.suggest(data, deadline),
            _ => Err(Error::new(
                ErrorCode::UnknownCommand,
                "There is no such command; there are “ping” and “suggest”.",
            )),
        }
    }
}

fn load(mut options: Options) -> State {
    let model = find(&options.path).and_then(|path| {
        path.map(|path| {
            options.path = path;
            Model::load(&options)
        })
        .transpose()
    });
    match model {
        Ok(None) => State::Absent,
        Ok(Some(model)) => State::Ready(model.info().clone(), Arc::new(Mutex::new(model))),
        Err(error) => {
            tracing::error!("{}", error.message());
            State::Refused(error)
        }
    }
}

fn absent() -> Error {
    Error::new(ErrorCode::NotConfigured, "There is no model: mount a folder with one .gguf file at /model.")
}

/// A place among the requests that are read or wait.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(count: &'a AtomicUsize) -> Result<Self> {
        let place = Self(count);
        // Dropped, and so given back, where it is one too many.
        if count.fetch_add(1, Ordering::Relaxed) < MAX_SUGGESTIONS {
            Ok(place)
        } else {
            Err(Limits::exceeded("suggestions", MAX_SUGGESTIONS))
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
