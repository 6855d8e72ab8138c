//! Bytes → [`Document`]: what a student handed in, as parts of text with blocks, runs and cells on them.
//!
//! **Every string that comes from the file lives in the `text` of a [`Part`]** (or in [`Document::filename`]); blocks,
//! runs and cells are byte spans into it. So whatever changes a part's text (anonymization) changes all there is.

mod model;

pub use model::{Block, BlockKind, Cell, Document, Format, Part, PartKind, Position, Run, RunStyle, Warning};

use crate::submission::Attachment;
use crate::{Deadline, Limits, Result};

/// Reads one attachment. `source` is its path in the request (`content.attachments[0]`).
///
/// The format is decided by the bytes, then the content type, then the name.
pub fn read(attachment: &Attachment, source: &str, limits: &Limits, deadline: &Deadline) -> Result<Document> {
    let _ = (attachment, source, limits, deadline);
    Err(crate::Error::new(crate::ErrorCode::UnsupportedFormat, "No reader."))
}

/// A document made of text that was typed into a form: the part's text is `text` to the byte.
pub fn from_text(text: &str, source: &str) -> Document {
    let body = Part { name: "body".into(), kind: PartKind::Body, text: text.to_owned(), blocks: Vec::new() };
    Document {
        source: source.to_owned(),
        format: Format::Text,
        filename: None,
        parts: vec![body],
        warnings: Vec::new(),
    }
}
