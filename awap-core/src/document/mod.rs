//! Bytes → [`Document`]: what a student handed in, as parts of text with blocks, runs and cells on them.
//!
//! **Every string that comes from the file lives in the `text` of a [`Part`]** (or in [`Document::filename`]); blocks,
//! runs and cells are byte spans into it. So whatever changes a part's text (anonymization) changes all there is.
//!
//! Each format has a reader in a file of its own behind one trait; all write through one builder, which keeps the
//! separators and the offsets. No reader recurses on its input.

mod archive;
mod build;
mod check;
mod docx;
mod fonts;
mod heading;
mod html;
mod markdown;
mod model;
mod numerals;
mod odt;
#[cfg(feature = "pdf")]
mod pdf;
mod plain;
mod properties;
mod reader;
mod role;
mod rtf;
mod sniff;
mod xml;

use base64::Engine as _;

pub use model::{Block, BlockKind, Cell, Document, Format, Part, PartKind, Position, Run, RunStyle, Warning};

pub(crate) use docx::changes::{Changes, Sweep};
pub(crate) use role::reads_as_prose;

use crate::submission::Attachment;
use crate::{Deadline, Error, Limits, Result};
use reader::{Context, Reader};

/// Reads one attachment. `source` is its path in the request (`content.attachments[0]`).
///
/// The format is decided by the bytes, then the content type, then the name. Errors, beside those of the limits and the
/// deadline: [`InvalidInput`](crate::ErrorCode::InvalidInput) for what is not base64,
/// [`UnsupportedFormat`](crate::ErrorCode::UnsupportedFormat), [`DocumentDamaged`](crate::ErrorCode::DocumentDamaged),
/// [`DocumentEncrypted`](crate::ErrorCode::DocumentEncrypted); all with the path in `details.path`.
pub fn read(attachment: &Attachment, source: &str, limits: &Limits, deadline: &Deadline) -> Result<Document> {
    let bytes = decode_base64(&attachment.data_base64, source, limits)?;
    read_bytes(
        &bytes,
        attachment.filename.as_deref(),
        attachment.content_type.as_deref(),
        source,
        limits,
        deadline,
    )
}

/// Reads a file from its bytes; all else as in [`read`].
pub fn read_bytes(
    bytes: &[u8],
    filename: Option<&str>,
    content_type: Option<&str>,
    source: &str,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Document> {
    read_document(bytes, filename, content_type, source, limits, deadline)
        .map_err(|error| error.with("path", source))
}

fn read_document(
    bytes: &[u8],
    filename: Option<&str>,
    content_type: Option<&str>,
    source: &str,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Document> {
    if bytes.len() > limits.attachment_bytes {
        return Err(Limits::exceeded("attachment_bytes", limits.attachment_bytes));
    }
    let cx = Context::new(limits, deadline);
    cx.check()?;
    let format = sniff::format_of(bytes, content_type, filename, &cx)?;
    let reader: &dyn Reader = match format {
        Format::Docx => &docx::Docx,
        Format::Markdown => &markdown::Markdown,
        Format::Text => &plain::Plain,
        #[cfg(feature = "pdf")]
        Format::Pdf => &pdf::PdfReader,
        #[cfg(not(feature = "pdf"))]
        Format::Pdf => return Err(sniff::without_pdf()),
        Format::Odt => &odt::Odt,
        Format::Rtf => &rtf::Rtf,
        Format::Html => &html::Html,
    };
    let reading = reader.read(bytes, &cx)?;
    let mut parts = reading.parts;
    parts.retain(|part| part.kind == PartKind::Body || !part.text.is_empty() || !part.blocks.is_empty());
    parts.sort_by_key(|part| part.kind);
    if parts.iter().map(|part| part.text.len()).sum::<usize>() > limits.text_bytes {
        return Err(Limits::exceeded("text_bytes", limits.text_bytes));
    }
    Ok(Document {
        source: source.to_owned(),
        format,
        filename: filename.map(str::to_owned),
        parts,
        warnings: reading.warnings,
    })
}

/// The bytes of an attachment; errors as in [`read`].
pub(crate) fn bytes_of(attachment: &Attachment, source: &str, limits: &Limits) -> Result<Vec<u8>> {
    decode_base64(&attachment.data_base64, source, limits)
}

/// A DOCX file written anew with `changes`, and without what says whose it is beside its text.
pub(crate) fn rewrite_docx(
    bytes: &[u8],
    changes: &Changes<'_>,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Vec<u8>> {
    docx::rewrite::rewrite(bytes, changes, &Context::new(limits, deadline))
}

/// Goes through every string of a DOCX file, whatever of it is read, until `visit` says no; whether it never did.
pub(crate) fn docx_strings(
    bytes: &[u8],
    limits: &Limits,
    deadline: &Deadline,
    visit: &mut dyn FnMut(&str) -> bool,
) -> Result<bool> {
    docx::strings::every(bytes, &Context::new(limits, deadline), visit)
}

/// A PDF file written anew: its pages as they are, without what says whose it is beside them. Of notes and targets of links
/// those stay that `may_stay` agrees to; none where the file cannot be cleaned.
#[cfg(feature = "pdf")]
pub(crate) fn rewrite_pdf(
    bytes: &[u8],
    may_stay: &dyn Fn(&str) -> bool,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Vec<u8>>> {
    pdf::rewrite::rewrite(bytes, may_stay, &Context::new(limits, deadline))
}

fn decode_base64(data: &str, source: &str, limits: &Limits) -> Result<Vec<u8>> {
    // Before decoding: a body over the limit must not cost memory.
    if data.len() / 4 > limits.attachment_bytes / 3 + 1 {
        return Err(Limits::exceeded("attachment_bytes", limits.attachment_bytes).with("path", source));
    }
    let decode = |data: &[u8]| base64::engine::general_purpose::STANDARD.decode(data);
    let decoded = decode(data.as_bytes()).or_else(|_| {
        // Many encoders break lines.
        let joined: Vec<u8> = data.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        decode(&joined)
    });
    decoded.map_err(|_| {
        let path = format!("{source}.data_base64");
        Error::invalid_input(&path, format!("“{path}” is not base64."))
    })
}

/// A document made of text that was typed into a form: the part's text is `text` to the byte, with blocks on it.
pub fn from_text(text: &str, source: &str) -> Document {
    let body = Part {
        name: "body".into(),
        kind: PartKind::Body,
        text: text.to_owned(),
        blocks: plain::blocks(text),
    };
    Document {
        source: source.to_owned(),
        format: Format::Text,
        filename: None,
        parts: vec![body],
        warnings: Vec::new(),
    }
}
