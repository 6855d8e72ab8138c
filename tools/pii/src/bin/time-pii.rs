//! `time-pii FOLDER`: the throughput of `anonymize_student` in one thread, by the time it had a processor, on the
//! essays of `FOLDER/pii/dev.jsonl`, all of it:
//! recognizers, replacement, report, final check.
//!
//! Prints MB/s on essays one by one, then on texts from 1 KB to 50 MB made of them, with the most memory the process held.
//! `--texts FILE` writes the essays, one JSON string a line, for a peer to be timed on the same.

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use awap_core::anonymize::Options;
use awap_core::{Deadline, Engine, Submission};
use pii_tools::corpus::read;

/// Essays, not passages of them: at least this many bytes.
const ESSAY: usize = 2_000;

/// How long a size is measured for at least.
const LEAST: Duration = Duration::from_millis(1_500);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut folder, mut texts) = (PathBuf::new(), None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--texts" => texts = arguments.next(),
            _ => folder = argument.into(),
        }
    }
    let path = folder.join("pii/dev.jsonl");
    if !path.is_file() {
        println!(
            "time-pii: skipped: {} is not there. Set AWAP_DATA to the folder with the data.",
            path.display()
        );
        return ExitCode::SUCCESS;
    }
    match run(&path, texts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("time-pii: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &std::path::Path, texts: Option<String>) -> Result<(), Box<dyn std::error::Error>> {
    let essays: Vec<String> = read(path)?.into_iter().map(|d| d.text).filter(|t| t.len() >= ESSAY).collect();
    if let Some(file) = texts {
        let lines: Result<Vec<String>, _> = essays.iter().map(serde_json::to_string).collect();
        std::fs::write(file, lines?.join("\n") + "\n")?;
    }
    let engine = Engine::new()?;
    let bytes: usize = essays.iter().map(String::len).sum();
    let average = bytes / essays.len().max(1);
    println!("essays of {average} bytes      {:>7.2} MB/s", rate(&engine, &essays)?);
    for size in [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000] {
        println!(
            "a text of {size:>8} bytes {:>7.2} MB/s   {:>5} MB held at most",
            rate(&engine, &[text_of(&essays, size)])?,
            most_memory()
        );
    }
    Ok(())
}

/// Essays one after the other, `size` bytes of them.
fn text_of(essays: &[String], size: usize) -> String {
    let mut text = String::with_capacity(size + 8_000);
    for essay in essays.iter().cycle() {
        if text.len() >= size {
            break;
        }
        text.push_str(essay);
        text.push_str("\n\n");
    }
    while !text.is_char_boundary(size) {
        text.pop();
    }
    text.truncate(size);
    text
}

/// MB a second over all `texts`, after a round that fills caches and tables.
fn rate(engine: &Engine, texts: &[String]) -> awap_core::Result<f64> {
    let began = Instant::now();
    let round = || -> awap_core::Result<Duration> {
        let mut taken = Duration::ZERO;
        for text in texts {
            let mut tma = Submission::default();
            tma.content.text = Some(text.clone());
            let start = processor_time(began);
            black_box(engine.anonymize(tma, &Options::default(), &Deadline::never())?);
            taken += processor_time(began).saturating_sub(start);
        }
        Ok(taken)
    };
    let bytes: usize = texts.iter().map(String::len).sum();
    if bytes < 2_000_000 {
        round()?;
    }
    let (mut taken, mut rounds) = (Duration::ZERO, 0);
    while taken < LEAST {
        taken += round()?;
        rounds += 1;
    }
    Ok(bytes as f64 * f64::from(rounds) / taken.as_secs_f64() / 1e6)
}

/// How long this thread has had a processor, so that a busy machine does not count; where the system does not say,
/// the time since `began`.
fn processor_time(began: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

/// The most memory this process has held so far, in MB, where the system says it.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() / 1024
}
