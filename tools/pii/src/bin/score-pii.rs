//! `score-pii FOLDER`: measures anonymization on `FOLDER/pii/dev.jsonl`, of whose students nothing is known beforehand.
//!
//! Prints one row a slice and the throughput of one thread; `--misses SLICE` prints what was left in and wrongly taken
//! out there, `--predictions FILE` writes the predictions, one JSON object a line, offsets in code points.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use awap_core::Engine;
use pii_tools::corpus::{Document, Labelled, predict, read};
use pii_tools::score::Score;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut folder, mut misses, mut predictions) = (None, None, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--misses" => misses = arguments.next(),
            "--predictions" => predictions = arguments.next(),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let path = folder.unwrap_or_default().join("pii/dev.jsonl");
    if !path.is_file() {
        println!(
            "score-pii: skipped: {} is not there. Set AWAP_DATA to the folder with the data.",
            path.display()
        );
        return ExitCode::SUCCESS;
    }
    match run(&path, misses.as_deref(), predictions.as_deref().map(Path::new)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("score-pii: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &Path, misses: Option<&str>, out: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let documents = read(path)?;
    let engine = Engine::new()?;
    // The tables are made at first use.
    predict(&engine, "Name: Ana Roe")?;
    let mut slices: BTreeMap<&str, Score> = BTreeMap::new();
    let mut written = String::new();
    let mut bytes = 0;
    let mut seconds = 0.0;
    for document in &documents {
        let start = Instant::now();
        let found = predict(&engine, &document.text)?;
        seconds += start.elapsed().as_secs_f64();
        bytes += document.text.len();
        if misses == Some(document.source.as_str()) {
            show(document, &found);
        }
        let spans: Vec<Labelled> = found.into_iter().map(|(span, _)| span).collect();
        slices.entry(&document.source).or_default().add(document, &spans);
        written += &serde_json::json!({"id": document.id, "spans": spans}).to_string();
        written.push('\n');
    }
    if let Some(out) = out {
        std::fs::write(out, written)?;
    }
    print(&slices);
    println!(
        "\n{:.1} MB/s in one thread, spans alone, over {} documents of {:.1} KB on average",
        bytes as f64 / seconds / 1e6,
        documents.len(),
        bytes as f64 / documents.len() as f64 / 1e3
    );
    Ok(())
}

fn print(slices: &BTreeMap<&str, Score>) {
    for (slice, score) in slices {
        println!("\n{slice}");
        if score.documents() > 0 {
            println!("  token F5                       {:.3}", score.f5());
            println!("  token precision                {}", score.precision);
            println!("  documents that leak            {}", score.leaking);
            println!(
                "  false spans a document         {:.2}",
                score.false_spans as f64 / score.documents() as f64
            );
        }
        println!("  token recall                   {}", score.recall);
        println!("  names masked                   {}", score.names());
        for (label, share) in &score.masked {
            println!("    {label:<28} {share}");
        }
        if score.kept.iter().any(|k| k.whole > 0) {
            let [text, list] = score.kept;
            println!("  citation names kept, in text   {text}");
            println!("  citation names kept, in list   {list}");
        }
        if score.alarms.whole > 0 {
            println!("  false alarms on hard negatives {}", score.alarms);
        }
    }
}

/// What was left and what was wrongly taken out, with some of the text around. For data made for this, never for a student's.
fn show(document: &Document, found: &[(Labelled, String)]) {
    let chars: Vec<char> = document.text.chars().collect();
    let text = |from: usize, to: usize| -> String {
        let cut = chars.get(from.min(chars.len())..to.min(chars.len())).unwrap_or_default();
        cut.iter().collect::<String>().replace('\n', "⏎")
    };
    let around =
        |s: usize, e: usize| format!("{}⟦{}⟧{}", text(s.saturating_sub(60), s), text(s, e), text(e, e + 60));
    for (start, end, label) in &document.spans {
        if !found.iter().any(|((s, e, _), _)| s <= start && end <= e) {
            println!("LEFT {} {label} {}", document.id, around(*start, *end));
        }
    }
    for ((start, end, label), rule) in found {
        let wrong = if document.partial {
            document.negatives.iter().any(|(s, e)| s < end && start < e)
        } else {
            !document.spans.iter().any(|(s, e, _)| s < end && start < e)
        };
        if wrong {
            println!("TAKEN {} {label} {rule} {}", document.id, around(*start, *end));
        }
    }
}
