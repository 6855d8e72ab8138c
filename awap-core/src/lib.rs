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
