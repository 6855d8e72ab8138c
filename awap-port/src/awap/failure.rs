//! What goes wrong, as the person at the terminal reads it, and the exit status it ends in.

use std::fmt;
use std::io;
use std::path::Path;

use awap_core::ErrorCode;

/// Some files could not be done.
pub(crate) const SOME_FAILED: u8 = 1;
/// In the details of an error: there was no file, or it could not be read.
pub(crate) const UNREADABLE: &str = "unreadable";
/// `EX_DATAERR` of sysexits.h: scripts or marks that do not do for what was asked.
const BAD_DATA: u8 = 65;
/// `EX_NOINPUT` of sysexits.h.
pub(crate) const NO_INPUT: u8 = 66;
/// `EX_CANTCREAT` of sysexits.h.
const CANNOT_WRITE: u8 = 73;
/// `EX_TEMPFAIL` of sysexits.h.
const IN_USE: u8 = 75;
/// `EX_CONFIG` of sysexits.h.
const BAD_CONFIGURATION: u8 = 78;

/// Why `awap` ends without having done what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    /// A sentence: what was wrong, where, what to do.
    pub(crate) message: String,
    /// The exit status.
    pub(crate) status: u8,
}

impl Failure {
    pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> Self {
        let message = format!("{} cannot be read: {}.", path.display(), reason(error));
        Self { message, status: NO_INPUT }
    }

    pub(crate) fn nothing_to_read(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: NO_INPUT }
    }

    pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Self {
        let message = format!("{} cannot be written: {}.", path.display(), reason(error));
        Self { message, status: CANNOT_WRITE }
    }

    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: BAD_DATA }
    }

    pub(crate) fn in_use(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: IN_USE }
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: BAD_CONFIGURATION }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The error in words that people use, without the number of the system.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

/// What a tutor can do about a file that could not be read or marked; none where the message says it.
pub(crate) fn advice(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::LimitExceeded => Some("It is far larger than a TMA: mark it by hand."),
        ErrorCode::Timeout => Some("Give it longer with --timeout, or mark it by hand."),
        ErrorCode::Internal => Some("This is a fault of AWAP's; the other files are not touched by it."),
        _ => None,
    }
}
