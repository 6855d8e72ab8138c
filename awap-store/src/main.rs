//! `awap-store`: serves the store's commands over stdin and stdout.

use std::process::ExitCode;
use std::time::Duration;

use awap_core::{Error, ErrorCode, Result};
use awap_store::{Commands, Options, Schema, SchemaState, SealKeys, Store, Uploads};
use clap::Parser;

mod watch;

/// `EX_CONFIG` of sysexits.h: starting again changes nothing.
const CONFIGURATION: u8 = 78;

/// Serves the store's commands (awap-store/PROTOCOL.md) over stdin and stdout, until stdin closes.
#[derive(Debug, Parser)]
#[command(name = "awap-store", version, after_help = ENVIRONMENT)]
struct Arguments {
    /// Deadline of a request that brings none, in milliseconds
    #[arg(long, default_value_t = 15_000, value_parser = clap::value_parser!(u64).range(1..))]
    timeout_ms: u64,
    /// Requests worked on at once [default: `POOL_SIZE` and two]
    #[arg(long)]
    jobs: Option<usize>,
    /// Bytes of one request, at most
    #[arg(long, default_value_t = 128 << 20)]
    request_bytes: usize,
    /// Say what state the database is in, as one JSON object, and end; nothing is changed, and no key is needed
    #[arg(long)]
    check: bool,
}

const ENVIRONMENT: &str = "Environment:
  DATABASE_URL        sqlite:/path/file.db or postgres://user@host/name
  EVENT_STORE_URL     where events are read, if not beside the TMAs: another database, to which they are copied
  AWAP_SEAL_KEY       seals what identifies a student: hexadecimal digits for 32 bytes
  AWAP_SEAL_KEYS_OLD  earlier seal keys that still open, separated by commas
  AWAP_PSEUDONYM_KEY  makes pseudonyms: hexadecimal digits for 32 bytes or more
  AWAP_KEEP_ORIGINALS whether sealed originals are kept once a TMA is completed: true (the default) or false
  MOODLE_UPLOAD       which grades go to Moodle: reviewed (the default), unreviewed, off
  POOL_SIZE           connections to the database, at most (10)
  AWAP_LOG            what is logged to stderr (info)
  AWAP_LOG_FORMAT     text (the default), or json: one object a line

Status: 0 once stdin closes, 78 where the configuration or a migration is at fault, 1 otherwise. With --check: 0 where the
store could start on the database as it is, 78 where not, 1 where the database does not answer.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    awap_wire::log::init("store", "info,sqlx=error");
    if arguments.check {
        return check();
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let details = serde_json::Value::Object(error.details().clone());
            awap_wire::log::last_words("store", "awap-store", &format!("{} {details}", error.message()));
            ExitCode::from(if error.code() == ErrorCode::Internal { 1 } else { CONFIGURATION })
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("awap-store")
        .build()
        .map_err(|_| Error::new(ErrorCode::Unavailable, "This system gives no threads to work on."))
}

/// Prints what is found: a [`Schema`], or `{"state": the error's code, "message"}`; with it, as `event_store`, the same of
/// the database that events are copied to, if there is one.
fn check() -> ExitCode {
    let url = required("DATABASE_URL");
    let events = variable("EVENT_STORE_URL").filter(|events| url.as_ref().is_ok_and(|url| url != events));
    let inspected = url.and_then(|url| runtime()?.block_on(Schema::inspect(&url)));
    let (mut answer, mut status) = found(inspected);
    if let Some(events) = events {
        let inspected = runtime().and_then(|runtime| runtime.block_on(Schema::inspect_event_store(&events)));
        let (copy, copy_status) = found(inspected);
        answer["event_store"] = copy;
        status = status.max(copy_status);
    }
    println!("{answer}");
    ExitCode::from(status)
}

/// What to print of a database, and the status of the process.
fn found(inspected: Result<Schema>) -> (serde_json::Value, u8) {
    match inspected {
        Ok(schema) => {
            let refused = matches!(schema.state, SchemaState::Newer | SchemaState::Foreign);
            (serde_json::json!(schema), if refused { CONFIGURATION } else { 0 })
        }
        Err(error) => {
            let status = if error.code() == ErrorCode::Unavailable { 1 } else { CONFIGURATION };
            (serde_json::json!({"state": error.code().to_string(), "message": error.message()}), status)
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let options = options()?;
    let jobs = arguments.jobs.unwrap_or(options.pool_size as usize + 2).max(1);
    let runtime = runtime()?;
    let store = {
        let _guard = runtime.enter();
        Store::open_lazily(options)?
    };
    // The TMAs' database, then the event store's where that is another.
    match runtime.block_on(store.event_store_ready()) {
        Ok(()) => {}
        Err(error) if error.code() == ErrorCode::Unavailable => {
            tracing::warn!("{} Requests are answered “unavailable” until it answers.", error.message());
        }
        Err(error) => {
            // A fault of the database or its migrations: starting again changes nothing.
            return Err(Error::new(ErrorCode::NotConfigured, error.message()));
        }
    }
    let config = awap_wire::Config {
        jobs,
        timeout: Duration::from_millis(arguments.timeout_ms),
        in_flight: jobs * 4,
        in_flight_bytes: arguments.request_bytes.saturating_mul(2),
        request_bytes: arguments.request_bytes,
        // A backup of a large database, or the verification of a long chain of events.
        max_timeout: Duration::from_hours(4),
    };
    runtime.spawn(watch::forward(store.clone()));
    runtime.spawn(watch::tell_end(store.clone()));
    let commands = Commands::new(store.clone(), runtime.handle().clone());
    let served = awap_wire::serve_stdio(commands, &config);
    runtime.block_on(store.close());
    served.map_err(|_| Error::new(ErrorCode::Internal, "Standard input or output cannot be read or written."))
}

fn options() -> Result<Options> {
    let mut options = Options::new(
        &required("DATABASE_URL")?,
        &required("AWAP_SEAL_KEY")?,
        &required("AWAP_PSEUDONYM_KEY")?,
    )?;
    options.event_store_url = variable("EVENT_STORE_URL");
    if let Some(older) = variable("AWAP_SEAL_KEYS_OLD") {
        let older: Vec<&str> = older.split(',').map(str::trim).filter(|key| !key.is_empty()).collect();
        options.seal_keys = SealKeys::from_hex(&required("AWAP_SEAL_KEY")?, &older)?;
    }
    if let Some(size) = variable("POOL_SIZE") {
        options.pool_size = match size.parse() {
            Ok(size @ 1..=1000) => size,
            _ => return Err(misconfigured("POOL_SIZE must be a whole number from 1 to 1000.")),
        };
    }
    if let Some(keep) = variable("AWAP_KEEP_ORIGINALS") {
        options.keep_originals = match keep.as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(misconfigured("AWAP_KEEP_ORIGINALS must be true or false.")),
        };
    }
    if let Some(uploads) = variable("MOODLE_UPLOAD") {
        options.uploads = Uploads::from_word(&uploads)
            .ok_or_else(|| misconfigured("MOODLE_UPLOAD must be reviewed, unreviewed or off."))?;
    }
    Ok(options)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required(name: &str) -> Result<String> {
    variable(name)
        .ok_or_else(|| misconfigured(&format!("{name} is not set; awap-store --help says what it is for.")))
}

fn misconfigured(message: &str) -> Error {
    Error::new(ErrorCode::NotConfigured, message)
}
