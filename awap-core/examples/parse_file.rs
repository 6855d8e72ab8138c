//! Reads one file and prints what `parse_tma` makes of it: `parse_file FILE [RUBRIC]`.

use std::process::ExitCode;

use awap_core::submission::Attachment;
use awap_core::{Deadline, Engine, Submission};
use base64::Engine as _;

fn main() -> ExitCode {
    match run() {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("usage: parse_file FILE [RUBRIC]")?;
    let bytes = std::fs::read(&path).map_err(|e| format!("{path}: {e}"))?;
    let rubric = match args.next() {
        Some(path) => {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
            Some(serde_norway::from_str(&text).map_err(|e| format!("{path}: {e}"))?)
        }
        None => None,
    };
    let mut tma = Submission { rubric, ..Submission::default() };
    tma.content.attachments.push(Attachment {
        filename: std::path::Path::new(&path).file_name().map(|n| n.to_string_lossy().into_owned()),
        data_base64: base64::engine::general_purpose::STANDARD.encode(bytes),
        ..Attachment::default()
    });
    let engine = Engine::new().map_err(|e| e.to_string())?;
    let parsed = engine.parse(tma, &Deadline::never()).map_err(|e| e.to_string())?;
    serde_json::to_string_pretty(&parsed).map_err(|e| e.to_string())
}
