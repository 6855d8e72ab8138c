//! From the environment to a dispatcher: the pseudonym key, the event store.

use awap_core::protocol::{Dispatcher, EventReader};
use awap_core::{Engine, Error, ErrorCode, Result};
use awap_port::key::{self, variable};
use awap_store::EventSource;

use crate::arguments::Arguments;

/// What this process was given, ready to answer.
pub(crate) fn dispatcher(arguments: &Arguments) -> Result<Dispatcher> {
    let mut engine = Engine::builder();
    if let Some(key) = key::given(arguments.key_file.as_deref())? {
        engine = engine.pseudonym_key(key);
    }
    let dispatcher = Dispatcher::new(engine.build()?);
    Ok(match event_store()? {
        Some(events) => dispatcher.with_events(events),
        None => dispatcher,
    })
}

fn event_store() -> Result<Option<Box<dyn EventReader>>> {
    if let Some(url) = variable("EVENT_STORE_URL") {
        let events = EventSource::connect(&url).map_err(|error| {
            let message = format!("EVENT_STORE_URL cannot be used. {}", error.message());
            Error::new(ErrorCode::NotConfigured, message)
        })?;
        return Ok(Some(Box::new(events)));
    }
    let Some(url) = variable("DATABASE_URL") else { return Ok(None) };
    // The host's own variable, which may name a database of another kind: then there is no event store, no more.
    match EventSource::connect(&url) {
        Ok(events) => Ok(Some(Box::new(events))),
        Err(error) => {
            tracing::warn!("DATABASE_URL is not used as the event store. {}", error.message());
            Ok(None)
        }
    }
}
