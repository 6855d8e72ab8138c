//! `awap`: the verbs of AWAP for a person at a terminal.
#![forbid(unsafe_code)]

mod arguments;
mod batch;
mod calibrate;
mod cohort;
mod compare;
mod failure;
mod files;
mod intake;
mod keyring;
mod ledger;
mod letter;
mod rubric;
mod score;
mod show;
mod single;
mod students;
mod summary;
mod table;
mod work;

use std::io;
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    awap_wire::log::init("awap", "warn");
    // What a panic says may quote what the student wrote. The TMA that it ended is reported all the same.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&arguments) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            anstream::eprintln!("awap: {failure}");
            ExitCode::from(failure.status)
        }
    }
}

/// The exit status of what was done.
fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Anonymize(arguments) => single::anonymize(arguments, common),
        Command::Parse(arguments) => single::parse(arguments, common),
        Command::Mark(arguments) => single::mark(arguments, common),
        Command::Batch(arguments) => batch::run(arguments, common),
        Command::Score(arguments) => score::run(arguments, common),
        Command::Calibrate(arguments) => calibrate::run(arguments, common),
        Command::Compare(arguments) => compare::run(arguments, common),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "awap", &mut script);
            show::print(&String::from_utf8_lossy(&script)).map(|()| 0)
        }
    }
}

impl From<io::Error> for Failure {
    /// Of standard output, the one stream that is written to without a path.
    fn from(error: io::Error) -> Self {
        Self::cannot_write("standard output".as_ref(), &error)
    }
}
