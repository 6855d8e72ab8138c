//! What `awap-port` is told on its command line. Its documentation is what `--help` prints.
#![allow(clippy::doc_markdown, reason = "`--help` prints no Markdown")]

use std::path::PathBuf;
use std::time::Duration;

use awap_wire::Config;
use clap::{Parser, ValueEnum};

/// The AWAP core as a Port: answers requests on stdin with responses on stdout until stdin closes.
///
/// A request is one JSON object, {"request_id": …, "command": …, "data": {…}}, on a line of its own or after a 4-byte
/// big-endian length (Erlang's {:packet, 4}); the first byte tells which, and answers come in the same framing.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Environment:
  AWAP_PSEUDONYM_KEY  hexadecimal digits for 32 bytes or more; the same key gives a student the same pseudonym.
                      Without it and without --key-file, pseudonyms hold for this process only
  EVENT_STORE_URL     where query_events reads (sqlite:/path/file.db or postgres://…); else DATABASE_URL
  AWAP_LOG            what is logged to stderr: error, warn (the default), info, debug

Exit status: 0 when stdin has closed, 2 for wrong arguments, 74 when stdin or stdout fails, 78 for a wrong key or
EVENT_STORE_URL.

Example:
  printf '%s\\n' '{\"request_id\":\"1\",\"command\":\"health_check\",\"data\":{}}' | awap-port"
)]
pub(crate) struct Arguments {
    /// How to serve; there is one way, over stdin and stdout
    #[arg(long, value_enum, default_value_t = Mode::Port)]
    mode: Mode,
    /// Requests worked on at once [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Deadline of a request that brings no "timeout_ms" of its own
    #[arg(long, value_name = "MS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    timeout_ms: u64,
    /// The longest deadline a request may ask for
    #[arg(long, value_name = "MS", default_value_t = 600_000, value_parser = clap::value_parser!(u64).range(1..=86_400_000))]
    max_timeout_ms: u64,
    /// A file with the pseudonym key, instead of AWAP_PSEUDONYM_KEY
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Port,
}

impl Arguments {
    pub(crate) fn config(&self) -> Config {
        let Mode::Port = self.mode;
        let defaults = Config::default();
        let timeout = Duration::from_millis(self.timeout_ms);
        Config {
            jobs: self.jobs.map_or(defaults.jobs, usize::from),
            timeout,
            max_timeout: Duration::from_millis(self.max_timeout_ms).max(timeout),
            ..defaults
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_longest_deadline_is_never_shorter_than_the_usual_one() {
        let arguments = ["awap-port", "--jobs", "3", "--timeout-ms", "5000", "--max-timeout-ms", "10"];
        let config = Arguments::parse_from(arguments).config();
        assert_eq!(
            (config.jobs, config.timeout, config.max_timeout),
            (3, Duration::from_secs(5), Duration::from_secs(5))
        );
    }
}
