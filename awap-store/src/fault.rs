//! What the database reports, as errors of the core.
//!
//! A database's own message may quote the row it refused, so none of it is passed on: only its code, and the names of
//! the table and the constraint.

use awap_core::{Error, ErrorCode};

/// The error for a person and a program.
///
/// [`Unavailable`](ErrorCode::Unavailable) where the same call may succeed later; [`Conflict`](ErrorCode::Conflict)
/// where a unique row was there already.
pub(crate) fn from_sqlx(error: sqlx::Error) -> Error {
    use sqlx::Error as E;
    match error {
        E::Database(fault) => {
            let code = fault.code().unwrap_or_default().into_owned();
            let with = |kind, message: &str| {
                let mut error = Error::new(kind, message).with("database_code", code.as_str());
                for (key, name) in [("constraint", fault.constraint()), ("table", fault.table())] {
                    if let Some(name) = name {
                        error = error.with(key, name);
                    }
                }
                error
            };
            if let Some(reason) = misconfigured(&code) {
                with(ErrorCode::NotConfigured, reason)
            } else if fault.is_unique_violation() {
                with(ErrorCode::Conflict, "Another row with the same key is there already.")
            } else if let Some(reason) = passing(&code) {
                with(ErrorCode::Unavailable, reason)
            } else {
                with(ErrorCode::Internal, "The database refused a statement.")
            }
        }
        E::Tls(_) => untrusted(),
        // What rustls makes of a certificate it does not trust.
        E::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => untrusted(),
        E::Io(_) | E::WorkerCrashed | E::BeginFailed => {
            Error::new(ErrorCode::Unavailable, "The database does not answer.")
        }
        E::PoolTimedOut => Error::new(
            ErrorCode::Unavailable,
            "No connection to the database was free in time: it is down, or POOL_SIZE is too small for the load.",
        ),
        E::PoolClosed => Error::new(ErrorCode::Unavailable, "The store is shutting down."),
        E::Configuration(_) => Error::new(ErrorCode::NotConfigured, "The database URL cannot be used."),
        E::ColumnDecode { index, .. } => {
            Error::new(ErrorCode::Internal, "A row of the database cannot be read.").with("column", index)
        }
        _ => Error::new(ErrorCode::Internal, "The database gave an answer that was not expected."),
    }
}

fn untrusted() -> Error {
    Error::new(
        ErrorCode::NotConfigured,
        "No trusted connection to the database: it offers no TLS, or a certificate that sslmode and sslrootcert of the \
         URL do not accept.",
    )
}

/// Why no connection will be had until the URL or the database is changed.
fn misconfigured(code: &str) -> Option<&'static str> {
    match code {
        "28000" | "28P01" => Some("The database refuses this user or password."),
        "3D000" => Some("The database that the URL names does not exist: create it (createdb)."),
        "26" => Some("The file that the URL names is not an SQLite database."),
        _ => None,
    }
}

/// Why a statement that failed with `code` may succeed later, if it may. SQLSTATEs of PostgreSQL have five characters,
/// SQLite's (extended) result codes are numbers whose low byte is the kind.
fn passing(code: &str) -> Option<&'static str> {
    if code.len() == 5 {
        return match code {
            "53100" => Some("The database's disk is full."),
            "40001" | "40P01" | "55P03" => {
                Some("The database was busy with another change to the same rows.")
            }
            "57014" => Some("The database cancelled the statement."),
            "25006" => Some("The database is read-only at present."),
            "42P01" => Some("The database has not been set up: start awap-store on it once."),
            _ if code.starts_with("08") || code.starts_with("57") || code.starts_with("53") => {
                Some("The database does not answer: it is stopping, starting or out of resources.")
            }
            _ if code.starts_with("58") => Some("The database has a fault of its system or disk."),
            _ => None,
        };
    }
    match code.parse::<u32>().ok()? & 0xff {
        5 | 6 => Some("The database is locked by another process."),
        8 => Some("The database file cannot be written."),
        10 => Some("The database file cannot be read or written: the disk reports a fault."),
        13 => Some("The disk is full."),
        14 => Some("The database file cannot be opened."),
        _ => None,
    }
}

/// The error for a fault that only a bug or a changed database explains.
pub(crate) fn internal(message: &str) -> Error {
    Error::new(ErrorCode::Internal, message)
}

/// The error for a row that is not there.
pub(crate) fn not_found(what: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("There is no such {what}."))
}

/// The error for a change that came too late.
pub(crate) fn conflict(message: &str) -> Error {
    Error::new(ErrorCode::Conflict, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_pass_are_told_from_those_that_do_not() {
        for (code, passes) in [
            ("57P01", true),  // admin_shutdown
            ("08006", true),  // connection_failure
            ("53300", true),  // too_many_connections
            ("40001", true),  // serialization_failure
            ("42703", false), // undefined_column
            ("22001", false), // string_data_right_truncation
            ("5", true),      // SQLITE_BUSY
            ("517", true),    // SQLITE_BUSY_SNAPSHOT
            ("13", true),     // SQLITE_FULL
            ("19", false),    // SQLITE_CONSTRAINT
            ("11", false),    // SQLITE_CORRUPT
            ("", false),
        ] {
            assert_eq!(passing(code).is_some(), passes, "{code}");
        }
    }
}
