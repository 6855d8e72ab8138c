//! Anonymizes texts, one JSON object with `id` and `text` a line on stdin, and writes the spans found as one JSON
//! object a line: `{"id", "spans": [[start, end, label, rule], …]}`, offsets in Unicode code points.
//!
//! For measuring against tagged texts: `cargo run --release --example anonymize_jsonl < texts.jsonl > spans.jsonl`.
//! A line that is a whole TMA (it has `content`) comes back anonymized instead. With `--time` it prints how long all of it took.

use std::io::{self, BufRead as _, Write as _};
use std::time::{Duration, Instant};

use awap_core::anonymize::Options;
use awap_core::{Deadline, Engine, Submission};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::new()?;
    let options = Options { report_only: true, ..Options::default() };
    let time = std::env::args().any(|a| a == "--time");
    let (mut bytes, mut spent) = (0, Duration::ZERO);
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        if line.get("content").is_some() {
            let tma = Submission::from_value(line, engine.limits())?;
            let result = engine.anonymize(tma, &Options::default(), &Deadline::never());
            writeln!(out, "{}", result.map_or_else(|e| json!({ "error": e }), |r| json!(r)))?;
            continue;
        }
        let text = line["text"].as_str().unwrap_or_default().to_owned();
        let mut tma = Submission::default();
        tma.content.text = Some(text.clone());
        let begun = Instant::now();
        let result = engine.anonymize(tma, &options, &Deadline::never())?;
        spent += begun.elapsed();
        bytes += text.len();
        let mut points: Vec<usize> = vec![0; text.len() + 1];
        let mut count = 0;
        for (byte, point) in points.iter_mut().enumerate() {
            *point = count;
            count += usize::from(text.is_char_boundary(byte + 1));
        }
        let spans: Vec<Value> = result
            .anonymization
            .replacements
            .iter()
            .map(|r| json!([points[r.start], points[r.end], r.label, r.rule]))
            .collect();
        writeln!(out, "{}", json!({ "id": line["id"], "spans": spans }))?;
    }
    if time {
        let rate = bytes as f64 / 1e6 / spent.as_secs_f64();
        eprintln!("{bytes} bytes in {spent:?}: {rate:.1} MB/s");
    }
    Ok(())
}
