//! The core of AWAP: takes a Tutor Marked Assignment (TMA), removes what identifies the student, reads its
//! structure and drafts feedback against a rubric, with the evidence for each mark.
//!
//! Data flows one way, and each arrow is one verb of [`Engine`]:
//!
//! ```text
//! bytes ──► Document ──► anonymized Submission ──► ParsedTma ──► Feedback
//!           (document)   (anonymize)               (tma)         (feedback)
//! ```
//!
//! From a student's text to draft feedback:
//!
//! ```
//! use awap_core::anonymize::Options;
//! use awap_core::{Deadline, Engine, Limits, Submission};
//! use serde_json::json;
//!
//! let engine = Engine::new()?;
//! let deadline = Deadline::after(std::time::Duration::from_secs(10));
//! let tma = json!({
//!     "student": {"name": "Robin Quillfeather"},
//!     "content": "1. A linear search checks each item in turn. Robin Quillfeather",
//! });
//! let tma = Submission::from_value(tma, engine.limits())?;
//! let anonymized = engine.anonymize(tma, &Options::default(), &deadline)?;
//! let parsed = engine.parse(anonymized.tma, &deadline)?;
//! let feedback = engine.mark(&parsed, &deadline)?;
//! assert!(!feedback.feedback_text.is_empty());
//! # Ok::<(), awap_core::Error>(())
//! ```
//!
//! Each verb has an example of its own at [`Engine`]; `examples/` has programs that read files. What goes in and out is typed, and
//! goes from and to the Core Bridge's JSON by serde; [`protocol::Dispatcher`] does that for a whole request.
//!
//! # Features
//!
//! - `pdf` (default): reads PDF files. It is what most of the dependencies are for; without it a PDF is
//!   [`ErrorCode::UnsupportedFormat`].
//!
//! The crate does no I/O, holds no mutable global state and has no `unsafe`. All spans are **byte offsets into
//! UTF-8**, end exclusive.
#![forbid(unsafe_code)]

pub mod anonymize;
pub mod citation;
pub mod document;
mod engine;
mod error;
pub mod feedback;
mod limits;
pub mod protocol;
pub mod submission;
pub mod text;
pub mod tma;

pub use engine::{Engine, EngineBuilder};
pub use error::{Error, ErrorCode, Result};
pub use limits::{Deadline, Limits};
pub use submission::Submission;
