//! The AWAP core in the BEAM: what `AwapBackend.CoreBridge.Native` calls.
//!
//! A call waits on a dirty CPU scheduler while a thread of our own does the work: a dirty scheduler's stack is some
//! 320 KiB and its overflow ends the BEAM, ours is sixteen megabytes; and at the deadline the caller gets its answer
//! though the work may still be on its way to its next look at the clock.

mod core;
mod decode;
mod encode;
mod integer;

use std::panic::{AssertUnwindSafe, catch_unwind};

use awap_core::{Error, ErrorCode, Result};
use rustler::{Atom, Encoder, Env, Term};
use serde_json::Value;

use crate::core::Core;

mod atoms {
    rustler::atoms! { ok, error, not_started, nil }
}

/// Starts the core with what `config` holds; does nothing where it was started before.
#[rustler::nif(schedule = "DirtyCpu")]
fn start(config: Term<'_>) -> Atom {
    Core::start(|| decode::value(config, &awap_core::Limits::default()));
    atoms::ok()
}

/// Runs one command: `{:ok, map}`, `{:error, map}`, or `:not_started`.
#[rustler::nif(schedule = "DirtyCpu")]
fn dispatch<'a>(env: Env<'a>, command: &str, data: Term<'a>) -> Term<'a> {
    let Some(core) = Core::get() else { return atoms::not_started().encode(env) };
    // Terms hold no state of ours that a panic could leave half made.
    let result = catch_unwind(AssertUnwindSafe(|| answer(core, command, data)));
    let result = result.unwrap_or_else(|payload| {
        // Dropping a payload may itself panic.
        std::mem::forget(payload);
        Err(internal())
    });
    let (tag, value) = match result {
        Ok(value) => (atoms::ok(), value),
        Err(error) => (atoms::error(), serde_json::to_value(error).unwrap_or(Value::Null)),
    };
    (tag, encode::term(env, value)).encode(env)
}

fn answer(core: &'static Result<Core>, command: &str, data: Term<'_>) -> Result<Value> {
    let core = core.as_ref().map_err(Clone::clone)?;
    let data = awap_core::protocol::data_object(decode::value(data, core.limits())?)?;
    core.run(command, data)
}

fn internal() -> Error {
    Error::new(ErrorCode::Internal, "A fault in AWAP ended this request. Other requests are not affected.")
}

rustler::init!("Elixir.AwapBackend.CoreBridge.Native");
