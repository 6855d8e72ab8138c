//! The document model: parts, blocks, runs, cells.

use serde::{Deserialize, Serialize};

/// A file that has been read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Where it came from: its path in the request (`content.attachments[0]`).
    pub source: String,
    /// What it was.
    pub format: Format,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Its texts: the body first, then the others in the order of [`PartKind`].
    pub parts: Vec<Part>,
    /// What could not be read as it stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Format {
    Docx,
    Pdf,
    Odt,
    Rtf,
    Markdown,
    Html,
    Text,
}

/// One text of a document, with the structure that lies on it.
///
/// In `text`, blocks are separated by a blank line (`\n\n`), rows of a table by `\n`, cells by `\t`, and a line break
/// inside a block is `\n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name in the document: `body`, `header1`, `footnotes`, … (the `…#header1` of a part path).
    pub name: String,
    /// What kind of text it is.
    pub kind: PartKind,
    /// The text.
    pub text: String,
    /// What lies on the text, in order, not overlapping.
    pub blocks: Vec<Block>,
}

/// What kind of text a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// The main text.
    Body,
    /// Text boxes and shapes, each once.
    TextBox,
    /// Footnotes, a block each.
    Footnote,
    /// Endnotes, a block each.
    Endnote,
    /// A page header.
    Header,
    /// A page footer.
    Footer,
    /// Comments, a block each; the author's name is its `label`'s block before it.
    Comment,
    /// Text that tracked changes have deleted.
    Deleted,
    /// Alternative texts of images.
    AltText,
    /// Targets of hyperlinks, one a block.
    Link,
    /// Metadata: core, application and custom properties, authors of tracked changes; one value a block, its key in
    /// [`Block::label`].
    Property,
}

impl PartKind {
    /// Whether a reader of the page sees this text.
    pub fn is_visible(self) -> bool {
        !matches!(self, Self::Deleted | Self::AltText | Self::Link | Self::Property)
    }
}

/// A block of text: a paragraph, a heading, a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Heading level from 1, or nesting of a list item from 1; for a table, 1, or more where it is nested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Its number as the word processor draws it (`1.`, `(a)`, `Question 1`), where that is not in the text;
    /// for a property, its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// First byte in the part's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Stretches with a style of their own, in order, not overlapping; plain text has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// A table's cells, row by row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Cell>,
    /// Where in the file it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum BlockKind {
    /// The document's title (a paragraph of a title style).
    Title,
    Heading,
    Paragraph,
    ListItem,
    Table,
    Code,
    /// An image or drawing; its span is empty unless it has a visible caption of its own.
    Figure,
    Caption,
    Quote,
    /// A displayed equation, in readable text.
    Equation,
    Footnote,
    Comment,
    Property,
}

/// A stretch of a block with a style of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// First byte in the part's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Its style.
    #[serde(flatten)]
    pub style: RunStyle,
}

/// The style of a run; only what holds is written out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, clippy::struct_excessive_bools)] // styles go together in any way
pub struct RunStyle {
    #[serde(skip_serializing_if = "is_false")]
    pub bold: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub italic: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub code: bool,
    /// An inline equation in readable text.
    #[serde(skip_serializing_if = "is_false")]
    pub equation: bool,
    /// The visible text of a hyperlink (its target is in the part of kind [`PartKind::Link`]).
    #[serde(skip_serializing_if = "is_false")]
    pub link: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_false(value: &bool) -> bool {
    !*value
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Row, from 0.
    pub row: u32,
    /// Column, from 0.
    pub column: u32,
    /// First byte in the part's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Where in the file a block stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    /// Page, from 1, where the format has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Paragraph or line of the source, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Something that could not be read as it stands, or that a marker should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// For programs: `no_text_layer`, `truncated`, `part_unreadable`, …
    pub code: String,
    /// For a person; never quotes the student.
    pub message: String,
}

impl Warning {
    /// A warning.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}
