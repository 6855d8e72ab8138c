//! A rewritten DOCX: no trace of the student in any member of the archive, the same words but those replaced, and a file
//! that `LibreOffice` opens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use awap_core::anonymize::{Anonymized, Options};
use awap_core::{Deadline, Engine, ErrorCode, Submission};
use base64::Engine as _;
use serde_json::{Value, json};

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

/// The fixture TMAs that are DOCX: what the host knows of the student, and the file.
fn fixtures() -> Vec<(Value, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/tmas");
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let tma: Value = serde_json::from_slice(&fs::read(folder.join("tma.json")).unwrap()).unwrap();
        let file = folder.join(tma["file"].as_str().unwrap());
        if file.extension().is_some_and(|e| e == "docx") {
            found.push((tma, file));
        }
    }
    assert!(!found.is_empty());
    found
}

fn rewritten(tma: &Value, file: &Path, options: &Options) -> awap_core::Result<Anonymized> {
    let bytes = BASE64.encode(fs::read(file).unwrap());
    let data = json!({
        "student_id": tma["student_id"], "student": tma["student"], "assignment_id": tma["assignment_id"],
        "content": {"attachments": [{"filename": file.file_name().unwrap().to_str(), "data_base64": bytes}]},
    });
    let engine = Engine::new()?;
    let tma = Submission::from_value(data, engine.limits())?;
    engine.anonymize(tma, options, &Deadline::never())
}

fn options() -> Options {
    Options { rewrite: true, ..Options::default() }
}

#[test]
fn no_member_names_the_student_and_the_words_are_the_same() {
    for (tma, file) in fixtures() {
        let result = rewritten(&tma, &file, &options()).unwrap();
        let document = &result.tma.content.documents[0];
        assert_eq!(result.rewritten.len(), 1, "{}: {:?}", file.display(), document.warnings);
        let bytes = BASE64.decode(&result.rewritten[0].data_base64).unwrap();
        let again = json!({"content": {"attachments": [{"data_base64": result.rewritten[0].data_base64}]}});
        let engine = Engine::new().unwrap();
        let parsed = engine
            .anonymize(
                Submission::from_value(again, engine.limits()).unwrap(),
                &Options { report_only: true, ..Options::default() },
                &Deadline::never(),
            )
            .unwrap();
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (&document.parts[0], &parsed.tma.content.documents[0].parts[0]);
        assert_eq!(words(&before.text), words(&after.text), "{}", file.display());

        let id = tma["student_id"].as_str().unwrap();
        let email = tma["student"]["email"].as_str().unwrap_or(id);
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for i in 0..archive.len() {
            let mut member = archive.by_index(i).unwrap();
            let name = member.name().unwrap().into_owned();
            assert!(!name.contains("thumbnail") && !name.starts_with("customXml"), "{name}");
            let mut text = Vec::new();
            member.read_to_end(&mut text).unwrap();
            let text = String::from_utf8_lossy(&text);
            for secret in [id, email] {
                assert!(!text.contains(secret), "{name} of {}", file.display());
            }
            assert!(!text.contains("w:rsid"), "{name} of {}", file.display());
        }
    }
}

#[test]
fn libreoffice_opens_what_was_rewritten() {
    let Ok(version) = Command::new("soffice").arg("--version").output() else {
        println!("skipped: soffice is not installed");
        return;
    };
    assert!(version.status.success());
    let folder = tempfile::tempdir().unwrap();
    let (tma, file) = fixtures().remove(0);
    let result = rewritten(&tma, &file, &options()).unwrap();
    let docx = folder.path().join("tma.docx");
    fs::write(&docx, BASE64.decode(&result.rewritten[0].data_base64).unwrap()).unwrap();
    let profile = format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let status = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir"])
        .args([folder.path(), docx.as_path()])
        .output()
        .unwrap();
    assert!(status.status.success());
    let text = fs::read_to_string(folder.path().join("tma.txt")).unwrap();
    assert!(text.contains("[STUDENT]"));
    assert!(text.split_whitespace().count() > 100);
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let (tma, file) = fixtures().remove(0);
    for (options, path) in [
        (Options { keep: vec!["NAMES".into()], ..Options::default() }, "options.keep[0]"),
        (Options { report_only: true, ..options() }, "options.rewrite"),
    ] {
        let error = rewritten(&tma, &file, &options).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidInput);
        assert_eq!(error.details()["path"], path);
    }
}
