//! From the environment to a dispatcher: the pseudonym key, the event store.

use std::fs;
use std::path::Path;

use awap_core::anonymize::PseudonymKey;
use awap_core::protocol::{Dispatcher, EventReader};
use awap_core::{Engine, Error, ErrorCode, Result};
use awap_store::EventSource;

use crate::arguments::Arguments;

/// What this process was given, ready to answer.
pub(crate) fn dispatcher(arguments: &Arguments) -> Result<Dispatcher> {
    let mut engine = Engine::builder();
    if let Some(key) = pseudonym_key(arguments.key_file.as_deref())? {
        engine = engine.pseudonym_key(key);
    }
    let dispatcher = Dispatcher::new(engine.build()?);
    Ok(match event_store()? {
        Some(events) => dispatcher.with_events(events),
        None => dispatcher,
    })
}

fn pseudonym_key(file: Option<&Path>) -> Result<Option<PseudonymKey>> {
    let (hex, source) = match file {
        Some(path) => {
            let hex = fs::read_to_string(path).map_err(|error| {
                let path = path.display();
                Error::new(ErrorCode::NotConfigured, format!("The key file {path} cannot be read: {error}."))
            })?;
            warn_if_others_can_read(path);
            (hex, format!("the file {}", path.display()))
        }
        None => match variable("AWAP_PSEUDONYM_KEY") {
            Some(hex) => (hex, "AWAP_PSEUDONYM_KEY".to_owned()),
            None => return Ok(None),
        },
    };
    PseudonymKey::from_hex(&hex).map(Some).map_err(|error| {
        Error::new(
            ErrorCode::NotConfigured,
            format!("The key in {source} cannot be used. {}", error.message()),
        )
    })
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
        tracing::warn!("The key file {} can be read by others: chmod 600 closes it.", path.display());
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

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

/// A variable of the environment; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
