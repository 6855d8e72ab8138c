//! `awap-port`: the AWAP core as a Port, the Core Bridge over stdin and stdout.
#![forbid(unsafe_code)]

mod arguments;
mod setup;

use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;

/// `EX_CONFIG` of sysexits.h: what was configured cannot be used.
const BAD_CONFIGURATION: u8 = 78;
/// `EX_IOERR` of sysexits.h: stdin or stdout failed.
const INPUT_OUTPUT: u8 = 74;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    awap_wire::log::init("core", "warn");
    let dispatcher = match setup::dispatcher(&arguments) {
        Ok(dispatcher) => dispatcher,
        Err(error) => {
            awap_wire::log::last_words("core", "awap-port", error.message());
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    match awap_wire::serve_stdio(dispatcher, &arguments.config()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            awap_wire::log::last_words("core", "awap-port", &error.to_string());
            ExitCode::from(INPUT_OUTPUT)
        }
    }
}
