//! What a parsed TMA is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::citation::{Citation, Reference};
use crate::document::{BlockKind, PartKind, Warning};
use crate::text::Span;

/// A TMA whose structure has been read. Every span is byte offsets into [`text`](Self::text).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParsedTma {
    /// What the cover sheet says.
    pub metadata: Metadata,
    /// The whole visible text: bodies first, then text boxes, notes, headers, footers, comments.
    pub text: String,
    /// What lies on the text, in order.
    pub blocks: Vec<ParsedBlock>,
    /// The answers, by question part.
    pub questions: Vec<Question>,
    /// Citations in the text.
    pub citations: Vec<Citation>,
    /// Entries of the reference list.
    pub references: Vec<Reference>,
    /// Headings in order.
    pub headings: Vec<Heading>,
    /// How much there is of what.
    pub counts: Counts,
    /// What could not be read as it stands.
    pub warnings: Vec<Warning>,
    /// The rubric, carried as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric: Option<Value>,
    /// All else that came in (`tma_id`, `student_id`, `anonymization`, …), less `content`.
    #[serde(flatten)]
    pub carried: Map<String, Value>,
}

/// What the cover sheet, headers, footers and file names say; null where they say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// `TM112`
    pub module_code: Option<String>,
    /// `25J`
    pub presentation: Option<String>,
    /// `02`
    pub tma_number: Option<String>,
    /// The work's title.
    pub title: Option<String>,
    /// The word count that the student declares for the whole TMA; counts under each of several answers are none.
    pub declared_word_count: Option<u32>,
    /// The date as the student wrote it.
    pub date: Option<String>,
    /// The student as the cover sheet names them (a placeholder once anonymized).
    pub student_name: Option<String>,
    /// The personal identifier as the cover sheet gives it (a placeholder once anonymized).
    pub student_identifier: Option<String>,
    /// The tutor as the cover sheet names them (a placeholder once anonymized).
    pub tutor_name: Option<String>,
}

/// A block of the whole text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParsedBlock {
    /// What it is.
    pub kind: BlockKind,
    /// Heading level or list nesting, from 1.
    #[serde(default)]
    pub level: Option<u8>,
    /// The number the word processor draws before it, where that is not in the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Which kind of part it comes from.
    pub part: PartKind,
    /// What it does in the TMA: `cover`, `prompt`, `answer`, `reference_list`, `appendix`, or null.
    #[serde(default)]
    pub role: Option<String>,
}

/// An answer to one question part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Normalised: `1`, `1(a)`, `2(b)(ii)`; `essay` where there are no questions.
    pub id: String,
    /// As the student labels it.
    pub label: String,
    /// First byte of the answer.
    pub start: usize,
    /// One past the last byte of the answer.
    pub end: usize,
    /// The answer.
    pub text: String,
    /// Its words, as Word counts them.
    pub words: u32,
    /// Where the student restates the question, before the answer.
    pub prompt: Option<Prompt>,
}

/// Where a question is restated.
pub type Prompt = Span;

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// From 1.
    pub level: u8,
    /// Its text, its automatic number included.
    pub text: String,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// How much there is of what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All words, as Word counts them: of the body, text boxes, footnotes and endnotes; page headers and footers and comments
    /// are left out.
    pub words: u32,
    /// Words that count towards a limit: those of the answers' prose and the headings in it. In-text citations do count; the
    /// reference list, the cover sheet, restated questions, tables, code, captions, notes and appendices do not.
    pub words_counted: u32,
    /// Sentences.
    pub sentences: u32,
    /// Paragraphs.
    pub paragraphs: u32,
    /// Tables, those of the cover sheet included.
    pub tables: u32,
    /// Code blocks.
    pub code_blocks: u32,
    /// Footnotes and endnotes.
    pub footnotes: u32,
    /// Images.
    pub images: u32,
    /// Equations, displayed and inline.
    pub equations: u32,
}
