//! What AWAP keeps: TMAs, feedback, jobs, the audit log, events and the vault, on SQLite or PostgreSQL.
//!
//! [`Store`] is all of it, one method per command of `PROTOCOL.md`, one file per subject. [`EventSource`] is the event
//! store alone, read-only, for whoever answers `query_events`.
//!
//! What identifies a student is sealed before it reaches a table. All else carries a pseudonym.
#![forbid(unsafe_code)]

mod access;
mod audit;
mod backup;
mod commands;
mod comparisons;
mod cursor;
mod db;
mod dead_letters;
mod events;
mod fault;
mod feedback;
mod feedback_brief;
mod input;
mod jobs;
mod keys;
mod moodle;
mod near_duplicates;
mod outage;
mod query;
mod queue;
mod reseal;
mod retention;
mod review;
mod rubrics;
mod schema;
mod seal;
mod source;
mod sql;
mod stats;
mod store;
mod student;
mod timestamp;
mod tmas;
mod vault;

pub use audit::{Actor, AuditFilter, AuditPage, Entry, NewEntry};
pub use backup::Backup;
pub use commands::{COMMANDS, Commands};
pub use comparisons::{ClaimedComparison, Compared, Quiet, Script};
pub use cursor::Cursor;
pub use dead_letters::{FailedJob, FailedPage, Retried};
pub use events::{ChainPlace, Event, EventStoreStatus, Followed, NewEvent, Verification, Verify};
pub use feedback::{Draft, Feedback};
pub use jobs::{ClaimedJob, Outcome};
pub use keys::{Access, ApiKey, CreatedKey, KeyPage, Role};
pub use moodle::{
    Begun, CheckedSubmissions, ClaimedUpload, NewAssignment, NewOrigin, Origin, SeenSubmission,
    SyncAssignment, SyncEnd, SyncState, Upload, UploadFilter, UploadOutcome, UploadPage, Uploads,
};
pub use near_duplicates::{Found, NearDuplicate, Shared};
pub use query::{EventPage, EventQuery};
pub use reseal::{ResealCursor, Resealed};
pub use retention::{Expired, Purged};
pub use review::{FeedbackChanges, Revision};
pub use rubrics::{NewRubric, RubricPage, RubricSummary, SharedRubric};
pub use schema::{Schema, SchemaState};
pub use seal::SealKeys;
pub use source::EventSource;
pub use stats::{Health, QueueStats, Stats, TmaCounts};
pub use store::{Options, Store};
pub use student::{Erased, ExportedTma, JobRecord, StudentExport};
pub use timestamp::Timestamp;
pub use tmas::{CreatedTma, NewTma, Tma, TmaFilter, TmaPage, TmaSummary};
