//! `awap-jail`: a GGUF model behind stdin and stdout.
#![forbid(unsafe_code)]

mod arguments;

use std::io;
use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use awap_jail::{Service, config, conformance, measure};
use clap::Parser;

use arguments::Arguments;

/// `EX_IOERR` of sysexits.h: stdin or stdout failed.
const INPUT_OUTPUT: u8 = 74;

fn main() -> ExitCode {
    limit_threads();
    let arguments = Arguments::parse();
    // Stdout carries responses and nothing else.
    awap_wire::log::init("ai", "warn");
    let passed = if arguments.conformance {
        conformance::run(&arguments.command, &mut io::stdout())
    } else if arguments.measure {
        measure::run(&arguments.options(), &mut io::stdout())
    } else {
        serve(&arguments).map(|()| true)
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("awap-jail: {error}");
            ExitCode::from(INPUT_OUTPUT)
        }
    }
}

fn serve(arguments: &Arguments) -> io::Result<()> {
    awap_wire::serve_stdio(Service::start(arguments.options())?, &config())
}

/// One thread for each CPU that the container was given. `candle` would take one for each of the machine's cores, and have
/// them spin; it can be told by the environment alone, so the program starts itself again with it.
///
/// Returns where that is done, or cannot be.
fn limit_threads() {
    const THREADS: &str = "RAYON_NUM_THREADS";
    if std::env::var_os(THREADS).is_some() {
        return;
    }
    let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
    let error = Command::new("/proc/self/exe")
        .arg0("awap-jail")
        .args(std::env::args_os().skip(1))
        .env(THREADS, cpus.to_string())
        .exec();
    eprintln!("awap-jail: the number of threads could not be set ({error}); set {THREADS} to {cpus}");
}
