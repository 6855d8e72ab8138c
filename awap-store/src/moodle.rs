//! What comes from Moodle and what goes back: where a TMA came from, the sync, the outbox of grades.

pub(crate) mod origin;
pub(crate) mod submissions;
mod sync;
pub(crate) mod uploads;
mod uploads_list;
mod uploads_work;

pub use origin::{NewOrigin, Origin};
pub use submissions::{CheckedSubmissions, SeenSubmission};
pub use sync::{Begun, NewAssignment, SyncAssignment, SyncEnd, SyncState};
pub use uploads::{Upload, Uploads};
pub use uploads_list::{UploadFilter, UploadPage};
pub use uploads_work::{ClaimedUpload, UploadOutcome};
