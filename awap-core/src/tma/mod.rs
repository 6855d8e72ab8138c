//! `Submission` → [`ParsedTma`]: cover sheet, questions, citations, references, counts.

mod model;

pub use model::{Counts, Heading, Metadata, ParsedBlock, ParsedTma, Prompt, Question};

use crate::{Deadline, Limits, Result, Submission};

/// Reads the structure of a TMA, anonymized or not.
pub fn parse(tma: Submission, limits: &Limits, deadline: &Deadline) -> Result<ParsedTma> {
    let _ = (tma, limits, deadline);
    Err(crate::Error::new(crate::ErrorCode::Internal, "parse"))
}
