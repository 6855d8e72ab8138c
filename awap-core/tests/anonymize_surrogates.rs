//! Surrogates on whole TMAs, as files: what is parsed of them is what is parsed with placeholders, and a DOCX written anew
//! holds them.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::fs;
use std::path::{Path, PathBuf};

use awap_core::anonymize::{Anonymized, Options};
use awap_core::tma::ParsedTma;
use awap_core::{Deadline, Engine, Submission};
use base64::Engine as _;
use serde_json::{Value, json};

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

/// What the host knows of each fixture's student, and the file.
fn fixtures() -> Vec<(Value, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/tmas");
    let folders = fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path());
    let fixture = |folder: PathBuf| {
        let tma: Value = serde_json::from_slice(&fs::read(folder.join("tma.json")).unwrap()).unwrap();
        let file = folder.join(tma["file"].as_str().unwrap());
        (tma, file)
    };
    folders.map(fixture).collect()
}

fn anonymized(engine: &Engine, tma: &Value, bytes: &[u8], options: &Options) -> Anonymized {
    let data = json!({
        "student_id": tma["student_id"], "student": tma["student"], "assignment_id": tma["assignment_id"],
        "content": {"attachments": [{"data_base64": BASE64.encode(bytes)}]},
    });
    let tma = Submission::from_value(data, engine.limits()).unwrap();
    engine.anonymize(tma, options, &Deadline::never()).unwrap()
}

/// What surrogates must not change: questions, citations, references, headings, and the counts that are
/// no words or paragraphs: a line of nothing but a placeholder is none, a signature is one, as the original was.
fn shape(parsed: &ParsedTma) -> Value {
    let names = |text: &str| text.split_whitespace().count();
    json!({
        "questions": parsed.questions.iter().map(|q| &q.id).collect::<Vec<_>>(),
        "citations": parsed.citations.iter().map(|c| (&c.text, c.reference)).collect::<Vec<_>>(),
        "references": parsed.references.len(),
        "headings": parsed.headings.iter().map(|h| names(&h.text)).collect::<Vec<_>>(),
        "tables": parsed.counts.tables,
        "code_blocks": parsed.counts.code_blocks, "module": parsed.metadata.module_code,
    })
}

#[test]
fn what_is_parsed_is_the_same_as_with_placeholders() {
    let engine = Engine::new().unwrap();
    for (tma, file) in fixtures() {
        let bytes = fs::read(&file).unwrap();
        let parsed = |options: &Options| {
            let anonymized = anonymized(&engine, &tma, &bytes, options);
            assert_eq!(anonymized.anonymization.replacements.iter().any(|r| r.surrogate), options.surrogates);
            engine.parse(anonymized.tma, &Deadline::never()).unwrap()
        };
        let with = parsed(&Options { surrogates: true, ..Options::default() });
        assert_eq!(shape(&with), shape(&parsed(&Options::default())), "{}", file.display());
        assert!(!with.text.contains("[STUDENT]"), "{}", file.display());
    }
}

#[test]
fn a_docx_written_anew_holds_the_surrogates() {
    let engine = Engine::new().unwrap();
    let options = Options { surrogates: true, rewrite: true, ..Options::default() };
    let mut written = 0;
    for (tma, file) in fixtures().into_iter().filter(|(_, f)| f.extension().is_some_and(|e| e == "docx")) {
        let result = anonymized(&engine, &tma, &fs::read(&file).unwrap(), &options);
        let document = &result.tma.content.documents[0];
        assert_eq!(result.rewritten.len(), 1, "{}: {:?}", file.display(), document.warnings);
        let bytes = BASE64.decode(&result.rewritten[0].data_base64).unwrap();
        let report = Options { report_only: true, ..Options::default() };
        let again = anonymized(&engine, &json!({}), &bytes, &report);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (&document.parts[0], &again.tma.content.documents[0].parts[0]);
        assert_eq!(words(&before.text), words(&after.text), "{}", file.display());
        written += 1;
    }
    assert!(written > 0);
}

#[test]
fn surrogates_are_not_asked_for_where_nothing_is_replaced() {
    let engine = Engine::new().unwrap();
    let options = Options { surrogates: true, report_only: true, ..Options::default() };
    let tma = Submission::from_value(json!({"content": "x"}), engine.limits()).unwrap();
    let error = engine.anonymize(tma, &options, &Deadline::never()).unwrap_err();
    assert_eq!(error.code(), awap_core::ErrorCode::InvalidInput);
    assert!(serde_json::to_string(&error.details()).unwrap_or_default().contains("options.surrogates"));
}
