//! Documents with gold spans, as `dev.jsonl` has them, and what anonymization makes of them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;

use awap_core::anonymize::Options;
use awap_core::{Deadline, Engine, Submission};
use serde::Deserialize;

/// A span in code points, end exclusive, with its label.
pub type Labelled = (usize, usize, String);

/// One document. All offsets are code points, end exclusive.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    /// Its name.
    pub id: String,
    /// Which slice of the set it belongs to.
    pub source: String,
    /// The text.
    pub text: String,
    /// What has to go.
    pub spans: Vec<Labelled>,
    /// Names in citations, which have to stay.
    #[serde(default)]
    pub keep: Vec<(usize, usize)>,
    /// What must not be taken for identity, where `partial` is set.
    #[serde(default)]
    pub negatives: Vec<(usize, usize)>,
    /// Whether the gold spans are but some of what is there.
    #[serde(default)]
    pub partial: bool,
}

/// Reads documents, one JSON object a line.
pub fn read(path: &Path) -> std::io::Result<Vec<Document>> {
    let file = BufReader::new(std::fs::File::open(path)?);
    file.lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

/// What anonymization would replace in `text`, of whose student nothing is known: spans in code points, and rules.
pub fn predict(engine: &Engine, text: &str) -> awap_core::Result<Vec<(Labelled, String)>> {
    let mut tma = Submission::default();
    tma.content.text = Some(text.to_owned());
    let options = Options { report_only: true, ..Options::default() };
    let report = engine.anonymize(tma, &options, &Deadline::never())?.anonymization;
    let mut points = vec![0; text.len() + 1];
    let mut count = 0;
    for (i, slot) in points.iter_mut().enumerate() {
        *slot = count;
        count += usize::from(text.is_char_boundary(i));
    }
    let point = |byte: usize| points.get(byte).copied().unwrap_or(count);
    let in_text = report.replacements.into_iter().filter(|r| r.part == "content.text");
    Ok(in_text.map(|r| ((point(r.start), point(r.end), r.label), r.rule)).collect())
}
