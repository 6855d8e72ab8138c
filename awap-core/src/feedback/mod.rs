//! ParsedTma → [`Feedback`]: marks against the rubric, with the evidence for each.

mod model;

pub use model::{Evidence, Feedback, MarkedCriterion, MarkingCriteria, Provenance, Review, Totals, Trace};

use crate::tma::ParsedTma;
use crate::{Deadline, Result};

/// Marks a parsed TMA against the rubric it carries, or against the built-in general one.
pub fn mark(tma: &ParsedTma, deadline: &Deadline) -> Result<Feedback> {
    let _ = (tma, deadline);
    Err(crate::Error::new(crate::ErrorCode::Internal, "mark"))
}
