//! A rewritten PDF: nothing beside its pages names the student, its pages are as they were; and none is given back whose
//! pages name the student.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod made;

use std::process::Command;

use awap_core::anonymize::{Anonymized, Options};
use awap_core::document::{Document, PartKind, read_bytes};
use awap_core::{Deadline, Engine, Limits, Submission};
use base64::Engine as _;
use serde_json::json;

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

const XMP: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
    <rdf:Description><dc:creator xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><rdf:Seq><rdf:li>Zebedee Quillfeather</rdf:li>\
    </rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>";

/// A PDF of one page with `lines`, by a student who is named in all that stands beside it. `catalog` is added to the catalog.
fn pdf(lines: &[&str], catalog: &str) -> Vec<u8> {
    let drawn = |(i, line): (usize, &&str)| format!("BT /F1 12 Tf 72 {} Td ({line}) Tj ET", 700 - 20 * i);
    of_page(&lines.iter().enumerate().map(drawn).collect::<Vec<_>>().join("\n"), "", catalog)
}

/// A PDF of a page that draws `content`; `more` is added to the page, `catalog` to the catalog.
fn of_page(content: &str, more: &str, catalog: &str) -> Vec<u8> {
    let stream = |dictionary: &str, data: &str| {
        format!("<<{dictionary}/Length {}>>\nstream\n{data}\nendstream", data.len())
    };
    let page = "/Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 4 0 R>>>>/Contents 5 0 R";
    let objects = [
        format!("<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R/Outlines 10 0 R{catalog}>>"),
        "<</Type/Pages/Count 1/Kids[3 0 R]>>".to_owned(),
        format!(
            "<<{page}{more}/Metadata 6 0 R/PieceInfo<</Word<</Private(Zebedee Quillfeather)>>>>/Annots[7 0 R 8 0 R 9 0 R]>>"
        ),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        stream("", content),
        stream("/Type/Metadata/Subtype/XML", XMP),
        "<</Type/Annot/Subtype/Text/Rect[9 9 20 20]/T(Zebedee Quillfeather)/Contents(Shorten this.)>>".to_owned(),
        "<</Type/Annot/Subtype/Highlight/Rect[9 9 20 20]/T(Zebedee)/Contents(Quillfeather was here)/RC(<p>Zebedee</p>)>>"
            .to_owned(),
        "<</Type/Annot/Subtype/Link/Rect[9 9 20 20]/A<</S/URI/URI(https://library.example/z)>>>>".to_owned(),
        "<</Type/Outlines/First 11 0 R/Last 11 0 R/Count 1>>".to_owned(),
        "<</Title(Essay of Zebedee Quillfeather)/Parent 10 0 R/Dest[3 0 R/Fit]>>".to_owned(),
        "<</Author(Zebedee Quillfeather)/Title(Trees)/Producer(Z7654321 Writer)>>".to_owned(),
        // What an earlier revision left behind.
        "<</Author(Zebedee Quillfeather)>>".to_owned(),
    ];
    made::pdf(&objects, "/Info 12 0 R")
}

const TREES: [&str; 3] = [
    "Question 1",
    "Trees along a street cool it in summer, as Ashdown (2020) shows.",
    "They also hold back the rain.",
];

fn anonymize(bytes: &[u8]) -> Anonymized {
    let data = json!({
        "student_id": "Z7654321", "student": {"name": "Zebedee Quillfeather"},
        "content": {"attachments": [{"filename": "trees.pdf", "data_base64": BASE64.encode(bytes)}]},
    });
    let engine = Engine::new().unwrap();
    let tma = Submission::from_value(data, engine.limits()).unwrap();
    engine.anonymize(tma, &Options { rewrite: true, ..Options::default() }, &Deadline::never()).unwrap()
}

fn read(bytes: &[u8]) -> Document {
    read_bytes(
        bytes,
        Some("trees.pdf"),
        None,
        "content.attachments[0]",
        &Limits::default(),
        &Deadline::never(),
    )
    .unwrap()
}

fn text_of(document: &Document, kind: PartKind) -> String {
    document.parts.iter().filter(|part| part.kind == kind).map(|part| part.text.as_str()).collect()
}

#[test]
fn nothing_beside_the_pages_names_the_student_and_the_pages_are_the_same() {
    let before = pdf(&TREES, "");
    let result = anonymize(&before);
    assert_eq!(result.rewritten.len(), 1, "{:?}", result.tma.content.documents[0].warnings);
    assert_eq!(result.rewritten[0].content_type, "application/pdf");
    let after = BASE64.decode(&result.rewritten[0].data_base64).unwrap();
    for secret in ["Zebedee", "Quillfeather", "Z7654321"] {
        assert!(before.windows(secret.len()).any(|w| w == secret.as_bytes()));
        assert!(!after.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret} is left");
    }
    let (before, after) = (read(&before), read(&after));
    assert_eq!(text_of(&before, PartKind::Body), text_of(&after, PartKind::Body));
    assert_eq!(text_of(&after, PartKind::Property), "");
    assert_eq!(text_of(&after, PartKind::Comment), "Shorten this.");
    assert_eq!(text_of(&after, PartKind::Link), "https://library.example/z");
}

#[test]
fn poppler_opens_what_was_rewritten() {
    if Command::new("pdftotext").arg("-v").output().is_err() {
        println!("skipped: pdftotext is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trees.pdf");
    let result = anonymize(&pdf(&TREES, ""));
    std::fs::write(&file, BASE64.decode(&result.rewritten[0].data_base64).unwrap()).unwrap();
    let output = Command::new("pdftotext").args([file.as_path(), "-".as_ref()]).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words, TREES.iter().flat_map(|line| line.split_whitespace()).collect::<Vec<_>>());
}

#[test]
fn a_file_that_cannot_be_cleaned_is_withheld_and_says_so() {
    let named = pdf(&["Question 1", "I, Zebedee Quillfeather, like trees."], "");
    let form = pdf(&TREES, "/AcroForm<</Fields[]>>");
    let layers = pdf(&TREES, "/OCProperties<</OCGs[]/D<<>>>>");
    // A scanned page: who may be named on it nobody can tell.
    let scanned = pdf(&[], "");
    // One in which only some text stands beside the scan.
    let trees = "BT /F1 12 Tf 72 700 Td (Trees along a street.) Tj ET";
    let scan = of_page(&format!("q 600 0 0 800 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q {trees}"), "", "");
    // A line with the name is above the area that the page was cropped to.
    let named_above = format!("{trees} BT /F1 12 Tf 72 770 Td (Zebedee Quillfeather Z7654321) Tj ET");
    let cropped = of_page(&named_above, "/CropBox[0 0 600 740]", "");
    let all = [
        ("named", named),
        ("form", form),
        ("layers", layers),
        ("scanned", scanned),
        ("scan", scan),
        ("cropped", cropped),
    ];
    for (what, bytes) in all {
        let result = anonymize(&bytes);
        assert!(result.rewritten.is_empty(), "{what}");
        let warnings = &result.tma.content.documents[0].warnings;
        assert!(
            warnings.iter().any(|w| w.code == "not_rewritten" && w.message.contains("pages")),
            "{what}: {warnings:?}"
        );
    }
}
