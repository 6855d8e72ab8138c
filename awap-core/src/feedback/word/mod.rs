//! Feedback as a Word file (DOCX) for the student: what the tutors' page prints, in a form that a student's own program opens.
//!
//! The same feedback gives the same bytes: there is no time of writing in the file, no author, and no number that counts
//! from one file to the next.

mod markdown;
mod style;

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use docx_rs::{Docx, Paragraph};
use serde::{Deserialize, Serialize};

use super::Totals;
use super::compose::number;
use super::model::MarkingCriteria;
use crate::{Error, ErrorCode, Result};
use markdown::Blocks;
use style::Heading;

/// The media type of what is written.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// What stands in the file of one TMA.
#[derive(Debug, Clone, Deserialize)]
pub struct Letter {
    /// The assignment that the feedback is on.
    pub assignment_id: String,
    /// The module that the assignment is part of.
    #[serde(default)]
    pub course_id: String,
    /// The student's pseudonym: the file names nobody otherwise.
    #[serde(default)]
    pub student_id: String,
    /// When the TMA was handed in, in RFC 3339.
    #[serde(default)]
    pub submitted_at: Option<String>,
    /// What the student reads, in Markdown.
    pub feedback_text: String,
    /// The marks.
    pub marking_criteria: MarkingCriteria,
    /// Who approved the feedback; none while it is a draft, which the file then says.
    #[serde(default)]
    pub reviewed_by: Option<String>,
    /// When it was approved, in RFC 3339.
    #[serde(default)]
    pub reviewed_at: Option<String>,
}

/// A file as the Core Bridge hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenFile {
    /// Its media type.
    pub content_type: String,
    /// What its name ends in, without a dot.
    pub extension: String,
    /// Its bytes, in standard base64.
    pub data_base64: String,
}

/// Writes the file of one TMA: heading, mark and band, the criteria's marks, the feedback's text, who approved it.
///
/// An error is [`Internal`](ErrorCode::Internal): the file could not be put together.
pub fn write(letter: &Letter) -> Result<WrittenFile> {
    let data = pack(sheet(letter))?;
    Ok(WrittenFile {
        content_type: DOCX.to_owned(),
        extension: "docx".to_owned(),
        data_base64: STANDARD.encode(data),
    })
}

/// The bytes of a Word file that holds this Markdown, tables included. Raw HTML in it stands there as text, pictures are their
/// descriptions, and a link is followed by its address.
///
/// An error is [`Internal`](ErrorCode::Internal): the file could not be put together.
pub fn from_markdown(markdown: &str) -> Result<Vec<u8>> {
    pack(Blocks::of(markdown, 0))
}

fn sheet(letter: &Letter) -> Blocks {
    let totals = &letter.marking_criteria.totals;
    let mut blocks = Blocks::default();
    blocks.heading(Heading::One, &format!("Feedback on {}", letter.assignment_id));
    let handed_in = letter.submitted_at.as_deref().map(|at| format!("handed in {}", date(at)));
    let facts = [Some(letter.course_id.clone()), Some(letter.student_id.clone()), handed_in];
    let facts: Vec<String> = facts.into_iter().flatten().filter(|fact| !fact.is_empty()).collect();
    if !facts.is_empty() {
        blocks.text(&facts.join(" · "));
    }
    let band = totals.band.as_deref().map(|band| format!(" – {band}")).unwrap_or_default();
    blocks.paragraph(
        Paragraph::new()
            .add_run(style::run(&total(totals)).bold())
            .add_run(style::run(&band))
            .keep_next(true),
    );
    blocks.table(marks(&letter.marking_criteria));
    blocks.append(Blocks::of(&letter.feedback_text, 1));
    let reviewed = match (&letter.reviewed_by, &letter.reviewed_at) {
        (Some(name), Some(at)) => format!("{name}, {}", date(at)),
        _ => "Draft: not approved yet".to_owned(),
    };
    blocks.text(&reviewed);
    blocks
}

fn total(totals: &Totals) -> String {
    match totals.mark {
        Some(mark) => format!("{} out of {}", number(mark), number(totals.max_mark)),
        None => "Not fully marked".to_owned(),
    }
}

/// The criteria with their marks, and what was taken off or added, row by row.
fn marks(marking: &MarkingCriteria) -> Vec<Vec<String>> {
    let head = vec!["Criterion".to_owned(), "Mark".to_owned()];
    let criteria = marking.criteria.iter().map(|criterion| {
        let question = match criterion.question.as_str() {
            "" => String::new(),
            question => format!("{question} · "),
        };
        let score = criterion.score.map_or("–".to_owned(), number);
        vec![format!("{question}{}", criterion.title), format!("{score} / {}", number(criterion.max_mark))]
    });
    let penalties = marking.totals.penalties.iter().filter_map(|penalty| {
        let off = penalty.get("marks")?.as_f64().filter(|marks| *marks != 0.0)?;
        Some(vec![penalty.get("label")?.as_str()?.to_owned(), number(-off)])
    });
    std::iter::once(head).chain(criteria).chain(penalties).collect()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `2025-11-03T…` as “3 November 2025”; what is no date, as it is.
fn date(at: &str) -> String {
    let mut parts = at.get(..10).unwrap_or_default().split('-');
    let year = parts.next().unwrap_or_default();
    let month = parts.next().and_then(|month| month.parse::<usize>().ok());
    let day = parts.next().and_then(|day| day.parse::<u8>().ok());
    match (month.and_then(|month| MONTHS.get(month.checked_sub(1)?)), day) {
        (Some(month), Some(day)) => format!("{day} {month} {year}"),
        _ => at.to_owned(),
    }
}

fn pack(blocks: Blocks) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    blocks
        .onto(style::dressed(Docx::new()))
        .pack(&mut file)
        .map_err(|_| Error::new(ErrorCode::Internal, "The Word file could not be put together."))?;
    Ok(file.into_inner())
}
