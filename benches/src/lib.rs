//! Loads the fixture TMAs as requests, for the benches.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use serde_json::{Value, json};

/// A fixture TMA as a host would send it.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its folder's name.
    pub name: String,
    /// The extension of its document.
    pub format: String,
    /// The bytes of its document.
    pub bytes: usize,
    /// The `data` of an `anonymize_student` request.
    pub request: Value,
}

/// All fixture TMAs, by name.
pub fn fixtures() -> io::Result<Vec<Fixture>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut folders: Vec<_> = fs::read_dir(root.join("tmas"))?.collect::<Result<_, _>>()?;
    folders.sort_by_key(fs::DirEntry::file_name);
    folders.iter().map(|folder| load(&root, &folder.path())).collect()
}

fn load(root: &Path, folder: &Path) -> io::Result<Fixture> {
    let tma: Value = serde_json::from_slice(&fs::read(folder.join("tma.json"))?)?;
    let file = tma["file"].as_str().unwrap_or_default();
    let rubric = tma["rubric"].as_str().unwrap_or_default();
    let bytes = fs::read(folder.join(file))?;
    let rubric = fs::read_to_string(root.join("rubrics").join(rubric))?;
    let request = json!({
        "tma_id": folder.file_name().and_then(|n| n.to_str()),
        "assignment_id": tma["assignment_id"],
        "course_id": tma["course_id"],
        "student_id": tma["student_id"],
        "student": tma["student"],
        "content": {"attachments": [{
            "filename": file,
            "data_base64": base64::engine::general_purpose::STANDARD.encode(&bytes),
        }]},
        "rubric": rubric,
    });
    Ok(Fixture {
        name: folder.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned(),
        format: Path::new(file).extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned(),
        bytes: bytes.len(),
        request,
    })
}

/// Words that an essay of [`essay`] is about.
const NOUNS: [&str; 20] = [
    "library", "member", "card", "consent", "privacy", "error", "council", "record", "camera", "trust",
    "cost", "benefit", "law", "fairness", "staff", "visitor", "queue", "policy", "town", "reader",
];
const VERBS: [&str; 8] =
    ["weighs", "protects", "questions", "needs", "limits", "shows", "changes", "explains"];

/// Prose of some `words` words in paragraphs, with a citation in each, another for each `seed`.
pub fn essay(seed: u64, words: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % n
    };
    let mut out = String::new();
    for sentence in 0..words / 14 {
        let mut noun = || NOUNS[next(NOUNS.len())];
        let (a, b, c, d) = (noun(), noun(), noun(), noun());
        let verb = VERBS[next(VERBS.len())];
        let end = if sentence % 9 == 8 { " (Marsh, 2016, p. 12).\n\n" } else { ". " };
        let parts =
            ["The ", a, " ", verb, " the ", b, ", because each ", c, " of the town depends on a ", d, end];
        out.push_str(&parts.concat());
    }
    out
}

/// A rubric with every kind of criterion on one question, `calibrated` with a model made of [`essay`]s.
pub fn every_kind() -> io::Result<Value> {
    use awap_core::feedback::calibrate::{CalibrateOptions, MarkedScript, train};
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/rubrics/every-kind.json");
    let mut rubric: Value = serde_json::from_slice(&fs::read(path)?)?;
    let scripts: Vec<MarkedScript> = (0..120)
        .map(|i| MarkedScript { text: essay(i + 1000, 1400 + 10 * i as usize), score: (i % 5) as f64 })
        .collect();
    let options = CalibrateOptions { min: 0.0, max: 4.0, step: 1.0, label: None };
    let model = train(&scripts, &options, &awap_core::Deadline::never()).map_err(io::Error::other)?;
    let mut criteria: Vec<Value> = rubric["questions"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|q| q["criteria"].as_array().cloned().unwrap_or_default())
        .collect();
    criteria.push(json!({"id": "model-of-marks", "title": "As others were marked", "max_mark": 10, "kind": "calibrated", "params": {"model": model}}));
    let prompt = rubric["questions"][3]["prompt"].clone();
    rubric["max_mark"] = json!(110);
    rubric["questions"] = json!([{"id": "1", "max_mark": 110, "prompt": prompt, "criteria": criteria}]);
    Ok(rubric)
}
