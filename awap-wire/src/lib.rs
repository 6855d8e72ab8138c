//! The Core Bridge over a pair of byte streams: framing, concurrency, deadlines, bounded memory.
//!
//! `awap-port` and `awap-store` are a [`Handler`] each behind [`serve_stdio`]; the NIF hands its calls to the same
//! [`Pool`], so that a deadline, a panic and a stuck request mean the same in every mode.
//!
//! # Framing
//!
//! The first byte of the input decides, once, for both directions. A byte that can begin a line of text (tab, line
//! feed, carriage return, and all from space up) means **lines**: one JSON object per line. Any other control byte
//! means **packets**: a 4-byte big-endian length before each object, of which it is the highest byte. So a first
//! packet may announce up to 150 MB and be known as a packet (most lengths up to 512 MiB are), and a line of garbage
//! is known as a line; packets after the first may announce any length.
//!
//! # What is bounded
//!
//! One request ([`Config::request_bytes`]; a longer one is skipped without being held), the number of requests in
//! flight and their bytes ([`Config::in_flight`], [`Config::in_flight_bytes`]; past either, reading stops until
//! answers have been written), the time of each ([`Config::timeout`]), and the threads that stand in for workers
//! stuck past a deadline.

mod flight;
mod framing;
#[cfg(feature = "log")]
pub mod log;
mod pool;
mod server;
mod stdio;
mod watchdog;

use std::num::NonZero;
use std::time::Duration;

use awap_core::protocol::Dispatcher;
use awap_core::{Deadline, Result};
use serde_json::Value;

pub use pool::Pool;
pub use server::serve;
pub use stdio::{log_panics_without_payload, serve_stdio};

/// Answers requests, from several threads at once.
pub trait Handler: Send + Sync + 'static {
    /// Runs one command. A panic answers `internal` for that request alone.
    fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value>;
}

impl Handler for Dispatcher {
    fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value> {
        self.dispatch(command, data, deadline)
    }
}

/// How a server behaves. [`Config::default`] is what `awap-port` does unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Threads that work on requests; at least one.
    pub jobs: usize,
    /// Deadline of a request that brings none.
    pub timeout: Duration,
    /// The longest deadline a request may ask for with `timeout_ms`; a longer one is cut to it.
    pub max_timeout: Duration,
    /// Requests in flight (waiting, being worked on, or answered and not yet written); past it, reading stops.
    pub in_flight: usize,
    /// Bytes of all requests in flight; past it, reading stops. One request alone is always let in.
    pub in_flight_bytes: usize,
    /// Bytes of one request; a longer one is skipped and answered `limit_exceeded`.
    pub request_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            jobs: std::thread::available_parallelism().map_or(1, NonZero::get),
            timeout: Duration::from_mins(1),
            max_timeout: Duration::from_mins(10),
            in_flight: 64,
            in_flight_bytes: 128 << 20,
            request_bytes: 64 << 20,
        }
    }
}
