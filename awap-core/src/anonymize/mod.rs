//! Submission → [`Anonymized`]: identity out, citations kept, every replacement reported.

mod model;
mod pseudonym;

pub use model::{Anonymized, Options, Replacement, Report};
pub use pseudonym::{PseudonymKey, PseudonymScope};

use crate::{Deadline, Limits, Result, Submission};

/// Removes what identifies the student from a TMA.
pub fn anonymize(
    tma: Submission,
    options: &Options,
    key: &PseudonymKey,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Anonymized> {
    let _ = (tma, options, key, limits, deadline);
    Err(crate::Error::new(crate::ErrorCode::Internal, "anonymize"))
}
