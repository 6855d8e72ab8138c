//! Every limit in one place, and the deadline that long work looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, ErrorCode, Result};

/// Bounds on what one request may cost. Passing one is [`ErrorCode::LimitExceeded`], with the limit's name in
/// `details.limit`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one attachment as it comes in, after base64.
    pub attachment_bytes: usize,
    /// Attachments and answers in one TMA, each.
    pub items: usize,
    /// Bytes that an archive may expand to, all members that are read together.
    pub expanded_bytes: usize,
    /// Members of an archive.
    pub archive_members: usize,
    /// Depth of nested elements, objects or arrays.
    pub depth: usize,
    /// Bytes of one request.
    pub request_bytes: usize,
    /// Values in one request: objects, lists, strings, numbers. Each costs many times the two bytes it may be sent in.
    pub values: usize,
    /// Bytes of text that one document may yield.
    pub text_bytes: usize,
    /// Pages of one document.
    pub pages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attachment_bytes: 32 << 20,
            items: 200,
            expanded_bytes: 256 << 20,
            archive_members: 10_000,
            depth: 256,
            request_bytes: 64 << 20,
            values: 2_000_000,
            text_bytes: 64 << 20,
            pages: 2_000,
        }
    }
}

impl Limits {
    /// The error for a limit that was passed.
    pub fn exceeded(limit: &'static str, allowed: usize) -> Error {
        Error::new(ErrorCode::LimitExceeded, format!("This input passes the limit “{limit}” ({allowed})."))
            .with("limit", limit)
            .with("allowed", allowed)
    }
}

/// The moment by which a request must be answered; cheap to clone, and shared by all that works on the request.
#[derive(Debug, Clone, Default)]
pub struct Deadline {
    at: Option<Instant>,
    cancelled: Arc<AtomicBool>,
}

impl Deadline {
    /// No deadline: the work goes on until it is done or cancelled.
    pub fn never() -> Self {
        Self::default()
    }

    /// A deadline `after` from now.
    pub fn after(after: Duration) -> Self {
        Self { at: Instant::now().checked_add(after), cancelled: Arc::default() }
    }

    /// When the work must be done, if ever.
    pub fn instant(&self) -> Option<Instant> {
        self.at
    }

    /// Ends the work at its next [`check`](Self::check), whatever the time.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// An error of code [`ErrorCode::Timeout`] once the deadline has passed or the work was cancelled.
    ///
    /// Loops over input call this every few thousand steps: it reads a clock.
    pub fn check(&self) -> Result<()> {
        let passed = self.at.is_some_and(|at| Instant::now() >= at);
        if passed || self.cancelled.load(Ordering::Relaxed) { Err(Self::passed()) } else { Ok(()) }
    }

    /// The error of a deadline that has passed.
    pub fn passed() -> Error {
        Error::new(ErrorCode::Timeout, "The request was not finished by its deadline.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_passes_once_for_all_who_share_it() {
        let deadline = Deadline::after(Duration::from_hours(1));
        let shared = deadline.clone();
        assert!(shared.check().is_ok());
        deadline.cancel();
        assert_eq!(shared.check().expect_err("cancelled").code(), ErrorCode::Timeout);
        assert!(Deadline::after(Duration::ZERO).check().is_err());
        assert!(Deadline::after(Duration::MAX).check().is_ok(), "past what a clock can tell is never");
        assert!(Deadline::never().instant().is_none());
    }
}
