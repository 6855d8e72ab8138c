//! The one error type: a code per kind, a sentence for a person, details for programs.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What went wrong, as programs see it (`error.code` of the Core Bridge).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The envelope cannot be read: not JSON, a field missing or of the wrong type.
    InvalidRequest,
    /// The envelope names a command that does not exist.
    UnknownCommand,
    /// The envelope is right and the data is not: a wrong type, a rubric that does not hold together.
    InvalidInput,
    /// An attachment is of a format that is not read.
    UnsupportedFormat,
    /// An attachment is of a known format and cannot be read.
    DocumentDamaged,
    /// An attachment is protected by a password.
    DocumentEncrypted,
    /// A limit on bytes, expansion, depth or count was passed.
    LimitExceeded,
    /// The deadline passed before the work was done.
    Timeout,
    /// The command needs something this process was not given (an event store, for one).
    NotConfigured,
    /// A fault of ours, or the final check found a trace of the student in a result.
    Internal,
    /// Storage only: no such row.
    NotFound,
    /// Storage only: another change came first.
    Conflict,
    /// Storage only: the database does not answer now; the same call may succeed later.
    Unavailable,
}

impl ErrorCode {
    /// The code as it is written in an error response.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnknownCommand => "unknown_command",
            Self::InvalidInput => "invalid_input",
            Self::UnsupportedFormat => "unsupported_format",
            Self::DocumentDamaged => "document_damaged",
            Self::DocumentEncrypted => "document_encrypted",
            Self::LimitExceeded => "limit_exceeded",
            Self::Timeout => "timeout",
            Self::NotConfigured => "not_configured",
            Self::Internal => "internal",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error of the core.
///
/// `message` is a sentence for a person: what was wrong, where, what to do. It never quotes what the student wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    code: ErrorCode,
    message: String,
    #[serde(default)]
    details: Map<String, Value>,
}

/// A result of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with `code` and a sentence for a person.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Map::new() }
    }

    /// [`ErrorCode::InvalidInput`] at `path` (`content.attachments[0].data_base64`, `rubric.questions[1].max_mark`).
    pub fn invalid_input(path: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message).with("path", path)
    }

    /// Adds one detail for programs.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// What went wrong, as programs see it.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What went wrong, as a person reads it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What programs may want to know beside the code.
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }
}
