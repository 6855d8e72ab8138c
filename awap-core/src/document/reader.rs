//! What all readers share: the trait, the bounds they work under, what they give back.

use std::cell::Cell;

use super::{Part, Warning};
use crate::{Deadline, Error, ErrorCode, Limits, Result};

/// A reader of one format.
pub(super) trait Reader: Sync {
    /// Reads a whole file. What cannot be read and can be left out becomes a warning; an error means that there is
    /// nothing to work with.
    fn read(&self, bytes: &[u8], cx: &Context<'_>) -> Result<Reading>;
}

/// What a reader gives back.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Parts in any order; empty ones may be among them.
    pub(super) parts: Vec<Part>,
    /// What could not be read as it stands.
    pub(super) warnings: Vec<Warning>,
}

/// The bounds that a reader works under.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) limits: &'a Limits,
    deadline: &'a Deadline,
    steps: Cell<u32>,
}

impl<'a> Context<'a> {
    pub(super) fn new(limits: &'a Limits, deadline: &'a Deadline) -> Self {
        Self { limits, deadline, steps: Cell::new(0) }
    }

    /// To be called once a step of any loop over input: looks at the clock every few thousand steps.
    pub(super) fn tick(&self) -> Result<()> {
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        if steps.is_multiple_of(4096) { self.deadline.check() } else { Ok(()) }
    }

    /// To be called before a long step: looks at the clock.
    pub(super) fn check(&self) -> Result<()> {
        self.deadline.check()
    }
}

/// The error for a file that is not what it should be.
pub(super) fn damaged(what: &str) -> Error {
    Error::new(
        ErrorCode::DocumentDamaged,
        format!(
            "This file cannot be read: {what}. Ask the student to save it again and hand it in once more."
        ),
    )
}

/// The error for a file that is protected by a password.
pub(super) fn encrypted() -> Error {
    Error::new(
        ErrorCode::DocumentEncrypted,
        "This file is protected by a password. Ask the student for a copy without one.",
    )
}

/// The warning for a part of a file that could be read up to some point only.
pub(super) fn unreadable(part: &str) -> Warning {
    Warning::new(
        "part_unreadable",
        format!("The part “{part}” of the file is damaged; it was read as far as it goes."),
    )
}
