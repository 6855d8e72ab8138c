//! What every fuzz target does with its input: read it on a small stack, twice, and hold what comes out together.

mod mutate;

use std::io::{Cursor, Write as _};
use std::time::Duration;

use awap_core::anonymize::Options;
use awap_core::document::read_bytes;
use awap_core::submission::{Attachment, Content};
use awap_core::{Deadline, Engine, ErrorCode, Limits, Result, Submission};
use base64::Engine as _;
use serde_json::Value;
use zip::write::SimpleFileOptions;

pub use mutate::{mutate_archive, mutate_pdf};

/// A dirty scheduler's stack, on which a NIF may run.
const STACK: usize = 320 << 10;

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.expanded_bytes = 8 << 20;
    limits.text_bytes = 2 << 20;
    limits
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    assert!(thread.join().is_ok(), "it panicked");
}

/// Reads a file of this name: no panic, no fault of ours, the same again, and a document that holds together.
pub fn read(bytes: &[u8], name: &'static str) {
    let bytes = bytes.to_vec();
    on_a_small_stack(move || {
        let read = || {
            let deadline = Deadline::after(Duration::from_secs(20));
            read_bytes(&bytes, Some(name), None, "content.attachments[0]", &limits(), &deadline)
        };
        let first = read();
        match &first {
            Ok(document) => document.check().expect("it holds together"),
            Err(error) => {
                assert!(!matches!(error.code(), ErrorCode::Internal | ErrorCode::Timeout), "{error}");
            }
        }
        assert_eq!(first, read());
    });
}

/// An archive of one part of a Word file, the main text.
pub fn word(xml: &[u8]) -> Vec<u8> {
    let relations = "<Relationships><Relationship Id=\"r\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
    archive(&[("_rels/.rels", relations.as_bytes()), ("word/document.xml", xml)])
}

/// An archive of an ODT with this content.
pub fn odf(xml: &[u8]) -> Vec<u8> {
    archive(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", xml)])
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    zipped(members, zip::CompressionMethod::Stored).expect("room")
}

fn zipped(
    members: &[(impl AsRef<str>, impl AsRef<[u8]>)],
    method: zip::CompressionMethod,
) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        writer.start_file(name.as_ref(), options)?;
        writer.write_all(bytes.as_ref())?;
    }
    Ok(writer.finish()?.into_inner())
}

/// A PDF of one page with this content, in three fonts.
pub fn page(content: &[u8]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\
        /F2<</Type/Font/Subtype/Type1/BaseFont/Courier-Bold>>>>>>>>endobj\n4 0 obj<</Length "
        .to_vec();
    out.extend(content.len().to_string().bytes());
    out.extend(b">>\nstream\n");
    out.extend(content);
    out.extend(b"\nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF");
    out
}

/// A submission whose text this is, or whose attachment, after a first byte that says which.
fn submission(bytes: &[u8]) -> Option<Submission> {
    let (kind, rest) = bytes.split_first()?;
    let mut tma = Submission::default();
    tma.content = Content::default();
    if kind % 2 == 0 {
        tma.content.text = Some(String::from_utf8_lossy(rest).into_owned());
    } else {
        let name =
            ["a.docx", "a.pdf", "a.odt", "a.rtf", "a.md", "a.html", "a.txt", "a"][usize::from(kind / 2 % 8)];
        tma.content.attachments.push(Attachment {
            filename: Some(name.to_owned()),
            data_base64: base64::engine::general_purpose::STANDARD.encode(rest),
            ..Attachment::default()
        });
    }
    Some(tma)
}

/// Does a whole verb twice: the same both times, and no fault of ours.
fn whole(bytes: &[u8], verb: impl Fn(&Engine, Submission, &Deadline) -> Result<Value> + Send + 'static) {
    let Some(tma) = submission(bytes) else { return };
    on_a_small_stack(move || {
        let engine = Engine::new().expect("an engine");
        let run = || verb(&engine, tma.clone(), &Deadline::after(Duration::from_secs(20)));
        let first = run();
        if let Err(error) = &first {
            assert!(!matches!(error.code(), ErrorCode::Internal | ErrorCode::Timeout), "{error}");
        }
        assert_eq!(first, run());
    });
}

/// The whole of `parse_tma`.
pub fn parse(bytes: &[u8]) {
    whole(bytes, |engine, tma, deadline| {
        let parsed = engine.parse(tma, deadline)?;
        for question in &parsed.questions {
            assert_eq!(&parsed.text[question.start..question.end], question.text);
        }
        Ok(serde_json::to_value(parsed).expect("it is JSON"))
    });
}

/// The whole of `anonymize_student`.
pub fn anonymize(bytes: &[u8]) {
    whole(bytes, |engine, tma, deadline| {
        let anonymized = engine.anonymize(tma, &Options::default(), deadline)?;
        Ok(serde_json::to_value(anonymized).expect("it is JSON"))
    });
}
