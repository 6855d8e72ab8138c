//! `awap-port`: the AWAP core as a Port, the Core Bridge over stdin and stdout.
#![forbid(unsafe_code)]

mod arguments;
mod setup;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use arguments::Arguments;

/// `EX_CONFIG` of sysexits.h: what was configured cannot be used.
const BAD_CONFIGURATION: u8 = 78;
/// `EX_IOERR` of sysexits.h: stdin or stdout failed.
const INPUT_OUTPUT: u8 = 74;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Stdout carries responses and nothing else.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(EnvFilter::try_from_env("AWAP_LOG").unwrap_or_else(|_| EnvFilter::new("warn")))
        .init();
    let dispatcher = match setup::dispatcher(&arguments) {
        Ok(dispatcher) => dispatcher,
        Err(error) => {
            eprintln!("awap-port: {}", error.message());
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    match awap_wire::serve_stdio(dispatcher, &arguments.config()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("awap-port: {error}");
            ExitCode::from(INPUT_OUTPUT)
        }
    }
}
