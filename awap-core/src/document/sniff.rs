//! What format a file is of: by its bytes, then by the content type, then by the name.

use memchr::memmem::find;

use super::Format;
use super::archive::Archive;
use super::reader::{Context, damaged, encrypted};
use crate::{Error, ErrorCode, Result};

/// The format of a file; an error of a code of its own where it is not read.
pub(super) fn format_of(
    bytes: &[u8],
    content_type: Option<&str>,
    filename: Option<&str>,
    cx: &Context<'_>,
) -> Result<Format> {
    if bytes.is_empty() {
        return Err(damaged("it is empty"));
    }
    // PDF readers have always allowed for some bytes before the header.
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    if find(head, b"%PDF-").is_some() {
        return Ok(Format::Pdf);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return archive_format(bytes, cx);
    }
    if head.trim_ascii_start().starts_with(b"{\\rtf") {
        return Ok(Format::Rtf);
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        // An encrypted DOCX is a compound file that holds the package as a stream of this name.
        let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        return Err(if find(bytes, &stream).is_some() {
            encrypted()
        } else {
            unsupported("a document of an old version of Word", "as .docx or PDF")
        });
    }
    if !is_text(head) {
        return Err(unsupported("not a document that can be read", "as .docx or PDF"));
    }
    if looks_like_html(head) {
        return Ok(Format::Html);
    }
    Ok(by_name(content_type, filename))
}

fn unsupported(what: &str, how: &str) -> Error {
    Error::new(
        ErrorCode::UnsupportedFormat,
        format!("This file is {what}. Ask the student to save it {how} and hand it in again."),
    )
}

/// A PDF file, where this build has no reader of them.
#[cfg(not(feature = "pdf"))]
pub(super) fn without_pdf() -> Error {
    unsupported("a PDF, which this build of AWAP does not read", "as .docx or ODT")
}

fn archive_format(bytes: &[u8], cx: &Context<'_>) -> Result<Format> {
    let mut archive = Archive::open(bytes, cx)?;
    let has = |archive: &Archive<'_>, what: &dyn Fn(&str) -> bool| archive.names().any(what);
    if let Some(kind) = archive.read("mimetype")?
        && kind.starts_with(b"application/vnd.")
    {
        let odt = kind.starts_with(b"application/vnd.oasis.opendocument.text")
            || kind.starts_with(b"application/vnd.sun.xml.writer");
        if odt {
            return Ok(Format::Odt);
        }
        return Err(unsupported("an OpenDocument file of another kind than text", "as text"));
    }
    if has(&archive, &|name| name.trim_start_matches('/').starts_with("word/")) {
        return Ok(Format::Docx);
    }
    if has(&archive, &|name| name.starts_with("xl/") || name.starts_with("ppt/")) {
        return Err(unsupported("a spreadsheet or a presentation", "as .docx or PDF"));
    }
    // A main part may have any name: the relationships of the package point to it.
    if let Some(types) = archive.read("[Content_Types].xml")?
        && (find(&types, b"wordprocessingml").is_some() || find(&types, b"ms-word").is_some())
    {
        return Ok(Format::Docx);
    }
    if has(&archive, &|name| name == "content.xml") {
        return Ok(Format::Odt);
    }
    Err(unsupported("an archive", "by itself, as .docx or PDF"))
}

/// Whether bytes can be text in some encoding: control characters do not occur in text, but for a few.
fn is_text(head: &[u8]) -> bool {
    if encoding_rs::Encoding::for_bom(head).is_some() || looks_like_utf16(head) {
        return true;
    }
    let odd = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    odd * 50 <= head.len()
}

/// Whether every other byte is nearly always zero, as in European text in UTF-16 without a mark.
pub(super) fn looks_like_utf16(head: &[u8]) -> bool {
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let half = head.len() / 2;
    half >= 4 && (even.min(odd) * 20 < half) && even.max(odd) * 4 > half * 3
}

fn looks_like_html(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = match text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest.trim_start(),
        None => text,
    };
    text.starts_with("<!doctype html")
        || text.starts_with("<html")
        || (text.starts_with("<!--") && text.contains("<html"))
}

/// The format of a text by what the sender calls it.
fn by_name(content_type: Option<&str>, filename: Option<&str>) -> Format {
    let kind =
        content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "text/markdown" | "text/x-markdown" => return Format::Markdown,
        "text/html" | "application/xhtml+xml" => return Format::Html,
        // `text/plain` is what browsers say of any text: the name may know better.
        _ => {}
    }
    let extension = filename.and_then(|name| name.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
    match extension.as_deref() {
        Some("md" | "markdown" | "mdown" | "mkd" | "mkdn" | "rmd" | "qmd") => Format::Markdown,
        Some("html" | "htm" | "xhtml") => Format::Html,
        _ => Format::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Deadline, Limits};

    type Case<'a> = (&'a [u8], Option<&'a str>, Option<&'a str>, Result<Format, ErrorCode>);

    #[test]
    fn bytes_before_type_before_name() {
        let (limits, deadline) = (Limits::default(), Deadline::never());
        let cx = Context::new(&limits, &deadline);
        let cases: [Case<'_>; 11] = [
            (b"%PDF-1.4 ...", Some("text/plain"), Some("a.docx"), Ok(Format::Pdf)),
            (b"\n%PDF-1.4", None, None, Ok(Format::Pdf)),
            (b"{\\rtf1 x}", None, Some("a.doc"), Ok(Format::Rtf)),
            (b"<!DOCTYPE html><p>", Some("text/plain"), None, Ok(Format::Html)),
            (b"# Title", Some("text/markdown; charset=utf-8"), Some("a.txt"), Ok(Format::Markdown)),
            (b"# Title", Some("text/plain"), Some("a.MD"), Ok(Format::Markdown)),
            (b"Title", None, None, Ok(Format::Text)),
            (b"h\0e\0l\0l\0o\0 \0t\0h\0e\0r\0e\0", None, None, Ok(Format::Text)),
            (
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0",
                None,
                Some("a.txt"),
                Err(ErrorCode::UnsupportedFormat),
            ),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", None, Some("a.doc"), Err(ErrorCode::UnsupportedFormat)),
            (b"", None, Some("a.txt"), Err(ErrorCode::DocumentDamaged)),
        ];
        for (bytes, kind, name, expected) in cases {
            let found = format_of(bytes, kind, name, &cx).map_err(|e| e.code());
            assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
