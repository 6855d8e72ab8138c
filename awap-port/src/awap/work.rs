//! One TMA through the verbs of the core.

use std::time::Duration;

use awap_core::anonymize::{Anonymized, Options, PseudonymKey, Report};
use awap_core::feedback::Feedback;
use awap_core::tma::ParsedTma;
use awap_core::{Deadline, Engine, Error, ErrorCode, Result, Submission};
use serde::Serialize;

use crate::failure::Failure;

/// Threads that read documents get as much: nesting in a document is bounded, and this bounds what the bound costs.
const STACK_BYTES: usize = 16 << 20;

/// An engine that makes pseudonyms under `key`.
pub(crate) fn engine(key: PseudonymKey) -> Result<Engine, Failure> {
    Engine::builder().pseudonym_key(key).build().map_err(|error| Failure::configuration(error.message()))
}

/// Threads for `jobs` TMAs at once, by default one for each core.
pub(crate) fn pool(jobs: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.map_or(0, usize::from))
        .stack_size(STACK_BYTES)
        .build()
        .map_err(|error| {
            Failure::configuration(format!("The threads to work on could not be started: {error}."))
        })
}

/// A TMA that is anonymized and whose structure has been read; as JSON, the structure.
#[derive(Serialize)]
pub(crate) struct Read {
    #[serde(flatten)]
    pub(crate) parsed: ParsedTma,
    #[serde(skip)]
    pub(crate) report: Report,
}

/// A TMA that is marked; as JSON, the feedback.
#[derive(Serialize)]
pub(crate) struct Marked {
    #[serde(skip)]
    pub(crate) parsed: ParsedTma,
    #[serde(skip)]
    pub(crate) report: Report,
    #[serde(flatten)]
    pub(crate) feedback: Feedback,
}

/// Anonymizes and no more.
pub(crate) fn anonymize(
    engine: &Engine,
    tma: Submission,
    options: &Options,
    time: Duration,
) -> Result<Anonymized> {
    engine.anonymize(tma, options, &Deadline::after(time))
}

/// Anonymizes and reads.
pub(crate) fn read(engine: &Engine, tma: Submission, options: &Options, time: Duration) -> Result<Read> {
    let deadline = Deadline::after(time);
    let anonymized = engine.anonymize(tma, options, &deadline)?;
    let mut tma = anonymized.tma;
    // What the next verb is given over the Core Bridge too.
    let report = serde_json::to_value(&anonymized.anonymization)
        .map_err(|_| Error::new(ErrorCode::Internal, "The report on the anonymization cannot be written."))?;
    tma.extra.insert("anonymization".to_owned(), report);
    Ok(Read { parsed: engine.parse(tma, &deadline)?, report: anonymized.anonymization })
}

/// Anonymizes, reads and marks.
pub(crate) fn mark(engine: &Engine, tma: Submission, time: Duration) -> Result<Marked> {
    let Read { parsed, report } = read(engine, tma, &Options::default(), time)?;
    let feedback = engine.mark(&parsed, &Deadline::after(time))?;
    Ok(Marked { parsed, report, feedback })
}

/// Does `work`, and turns a panic into an error of this one TMA.
pub(crate) fn contained<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "AWAP failed on this TMA.")))
}
