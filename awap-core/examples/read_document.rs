//! Reads a file and prints what was read as JSON: `{"text": the main text, "visible": all visible text, "document": …}`.
//! The main text leaves out page headers, page footers and comments, as most extractors do; `labelled` is the main text with
//! the numbers that the word processor draws before paragraphs.
//!
//! `cargo run --release --example read_document -- FILE [REPEATS]`; with a number, the file is read that many times and
//! only the best time is printed, and the most memory that was in use (Linux).

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use awap_core::document::{Document, PartKind, read_bytes};
use awap_core::{Deadline, Limits};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: read_document FILE [REPEATS]");
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    let read = || {
        let deadline = Deadline::after(Duration::from_secs(9));
        read_bytes(&bytes, Some(&path), None, "content.attachments[0]", &Limits::default(), &deadline)
    };
    if let Some(repeats) = arguments.next().and_then(|n| n.parse::<u32>().ok()) {
        let mut best = Duration::MAX;
        let mut count = 0;
        for _ in 0..repeats {
            let start = Instant::now();
            count += u32::from(read().is_ok());
            best = best.min(start.elapsed());
        }
        println!("{:.3} ms, {count} of {repeats} read, {} kB", best.as_secs_f64() * 1e3, peak_memory());
        return ExitCode::SUCCESS;
    }
    match read() {
        Ok(document) => {
            if let Err(error) = document.check() {
                eprintln!("{path}: {error}");
                return ExitCode::from(3);
            }
            let out = serde_json::json!({
                "text": text(&document, |kind| kind.is_visible() && !is_beside(kind)),
                "labelled": labelled(&document),
                "visible": text(&document, PartKind::is_visible),
                "document": document,
            });
            let mut to = std::io::BufWriter::new(std::io::stdout().lock());
            let _ = serde_json::to_writer_pretty(&mut to, &out);
            let _ = writeln!(to);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The most memory that this process has had, in kB; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn is_beside(kind: PartKind) -> bool {
    matches!(kind, PartKind::Header | PartKind::Footer | PartKind::Comment)
}

fn text(document: &Document, wanted: impl Fn(PartKind) -> bool) -> String {
    let parts = document.parts.iter().filter(|part| wanted(part.kind));
    parts.map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n\n")
}

fn labelled(document: &Document) -> String {
    let mut out = String::new();
    for part in document.parts.iter().filter(|part| part.kind.is_visible() && !is_beside(part.kind)) {
        for block in &part.blocks {
            if let Some(label) = &block.label {
                out.push_str(label);
                out.push(' ');
            }
            out.push_str(part.text.get(block.start..block.end).unwrap_or_default());
            out.push_str("\n\n");
        }
    }
    out
}
