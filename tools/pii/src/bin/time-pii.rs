//! The throughput of `anonymize_student` in one thread, by the time it had a processor: recognizers, replacement, report
//! and final check.
//!
//! - `time-pii FOLDER`: MB/s on the essays of `FOLDER/pii/dev.jsonl` one by one, by stage, and then on texts from 1 KB to
//!   50 MB made of them, with the most memory the process held.
//! - `time-pii --texts COUNT FILE FOLDER` writes the essays nearest to 5 KB, one JSON string a line, and
//!   `time-pii --rate FILE` prints MB/s on what is in such a file, for a peer to be timed on the same.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use awap_core::anonymize::Options;
use awap_core::{Deadline, Engine, Submission};
use pii_tools::corpus;
use pii_tools::speed::{nearest, of_size, rate, rates};
use serde_json::json;

/// Essays, not passages of them: at least this many bytes.
const ESSAY: usize = 2_000;

/// How long an essay is for which a throughput is promised.
const USUAL: usize = 5_000;

const SIZES: [usize; 6] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["--texts", count, file, folder] => write_texts(count, file, folder),
        ["--rate", file] => rate_of(file),
        [folder] => table(folder),
        _ => Err("time-pii FOLDER | --texts COUNT FILE FOLDER | --rate FILE".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("time-pii: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The essays of `folder`; where the data is not there, it says so, and there are none.
fn essays(folder: &str) -> std::io::Result<Vec<String>> {
    let path = Path::new(folder).join("pii/dev.jsonl");
    if !path.is_file() {
        println!(
            "time-pii: skipped: {} is not there. Set AWAP_DATA to the folder with the data.",
            path.display()
        );
        return Ok(Vec::new());
    }
    Ok(corpus::read(&path)?.into_iter().map(|d| d.text).filter(|t| t.len() >= ESSAY).collect())
}

fn write_texts(count: &str, file: &str, folder: &str) -> Result<(), Box<dyn Error>> {
    let lines: Result<Vec<String>, _> =
        nearest(&essays(folder)?, USUAL, count.parse()?).iter().map(serde_json::to_string).collect();
    Ok(std::fs::write(file, lines?.join("\n"))?)
}

fn rate_of(file: &str) -> Result<(), Box<dyn Error>> {
    let texts: Result<Vec<String>, _> =
        std::fs::read_to_string(file)?.lines().map(serde_json::from_str).collect();
    let engine = Engine::new()?;
    println!("{}", rate(&|text| whole(&engine, text), &texts?)?);
    Ok(())
}

fn table(folder: &str) -> Result<(), Box<dyn Error>> {
    let essays = essays(folder)?;
    if essays.is_empty() {
        return Ok(());
    }
    let engine = Engine::new()?;
    stages(&engine, &essays)?;
    for size in SIZES {
        println!(
            "a text of {size:>8} bytes {:>21.2} MB/s   {:>5} MB held at most",
            rate(&|text| whole(&engine, text), &[of_size(&essays, size)])?,
            most_memory()
        );
    }
    Ok(())
}

/// The whole on essays, and what of it can be asked for alone. What lies between is told by subtraction.
fn stages(engine: &Engine, essays: &[String]) -> awap_core::Result<()> {
    let citations = |text: &str| {
        black_box(awap_core::citation::find(text, &[], &Deadline::never())?);
        Ok(())
    };
    let model = |text: &str| {
        black_box(awap_names::find(text, 0.5));
        Ok(())
    };
    let spans = |text: &str| {
        let options = Options { report_only: true, ..Options::default() };
        anonymize(engine, submission(text), &options)
    };
    let unknown = |text: &str| whole(engine, text);
    let known = |text: &str| {
        let student = json!({"name": "Robin Quillfeather", "email": "robin.quillfeather@post.example", "username": "rq314"});
        let tma = Submission {
            student_id: Some("A1234567".to_owned()),
            student: serde_json::from_value(student).ok(),
            ..submission(text)
        };
        anonymize(engine, tma, &Options::default())
    };
    let measured = rates(&[&citations, &model, &spans, &unknown, &known], essays)?;
    let [citations, model, spans, unknown, known] = measured[..] else { return Ok(()) };

    let average = essays.iter().map(String::len).sum::<usize>() / essays.len();
    let line = |what: &str, seconds_per_mb: f64| {
        let share = 100.0 * seconds_per_mb * unknown;
        println!("  {what:<42} {:>8.2} MB/s   {share:>5.1} % of the whole", 1.0 / seconds_per_mb);
    };
    println!("{} essays of {average} bytes", essays.len());
    line("citations", 1.0 / citations);
    line("the model of names, on all of the text", 1.0 / model);
    line("all recognizers, replacing nothing", 1.0 / spans);
    line("recognizers but these two (a difference)", 1.0 / spans - 1.0 / citations - 1.0 / model);
    line("the whole", 1.0 / unknown);
    line("the whole, the student known", 1.0 / known);
    line("replacing, final check (a difference)", 1.0 / unknown - 1.0 / spans);
    line("knowing the student (a difference)", 1.0 / known - 1.0 / unknown);
    Ok(())
}

fn submission(text: &str) -> Submission {
    let mut tma = Submission::default();
    tma.content.text = Some(text.to_owned());
    tma
}

fn whole(engine: &Engine, text: &str) -> awap_core::Result<()> {
    anonymize(engine, submission(text), &Options::default())
}

fn anonymize(engine: &Engine, tma: Submission, options: &Options) -> awap_core::Result<()> {
    black_box(engine.anonymize(tma, options, &Deadline::never())?);
    Ok(())
}

/// The most memory this process has held so far, in MB, where the system says it.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() / 1024
}
