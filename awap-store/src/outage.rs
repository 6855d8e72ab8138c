//! An outage of PostgreSQL: once it is known not to answer, one call at a time finds out whether it is back, and all others
//! are told at once.
//!
//! Each would wait for a connection otherwise, and whoever waits keeps others from being told.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use awap_core::{Error, ErrorCode, Result};

#[derive(Debug, Default)]
pub(crate) struct Outage {
    down: AtomicBool,
    probe: Mutex<()>,
}

impl Outage {
    /// Lets a call pass, to be held until it is answered; `unavailable` where another is finding out already.
    pub(crate) fn pass(&self) -> Result<Option<MutexGuard<'_, ()>>> {
        if !self.down.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.probe
            .try_lock()
            .map(Some)
            .map_err(|_| Error::new(ErrorCode::Unavailable, "The database does not answer."))
    }

    /// Notes what a call showed.
    pub(crate) fn note<T>(&self, answer: &Result<T>) {
        match answer {
            Ok(_) => self.down.store(false, Ordering::Relaxed),
            Err(error) => match error.code() {
                // It had to look to say so.
                ErrorCode::NotFound | ErrorCode::Conflict => self.down.store(false, Ordering::Relaxed),
                // Not where the database itself said why, nor where it is a rule of ours.
                ErrorCode::Unavailable if error.details().is_empty() => {
                    self.down.store(true, Ordering::Relaxed);
                }
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_finds_out_and_the_others_are_told() {
        let unavailable = || Error::new(ErrorCode::Unavailable, "The database does not answer.");
        let outage = Outage::default();
        assert!(outage.pass().unwrap().is_none());
        for harmless in [
            Error::new(ErrorCode::InvalidInput, "“id” must be a UUID."),
            unavailable().with("reason", "queue_full"),
            unavailable().with("database_code", "53100"),
            crate::events::replica::elsewhere(unavailable()),
        ] {
            outage.note::<()>(&Err(harmless));
            assert!(outage.pass().unwrap().is_none());
        }
        outage.note::<()>(&Err(unavailable()));
        let finding_out = outage.pass().unwrap();
        assert!(finding_out.is_some());
        assert_eq!(outage.pass().unwrap_err().code(), ErrorCode::Unavailable);
        // Given up half-way, another finds out.
        drop(finding_out);
        let finding_out = outage.pass().unwrap();
        assert!(finding_out.is_some());
        outage.note(&Ok(()));
        assert!(outage.pass().unwrap().is_none(), "it is back");
    }
}
