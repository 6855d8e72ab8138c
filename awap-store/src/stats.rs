//! Figures: whether the database answers, how much there is to do.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use awap_core::{Error, ErrorCode, Result};

use crate::events::replica::is_elsewhere;
use crate::{Store, Timestamp};

/// Whether the store can serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `healthy`, or `degraded` where the database answers and has lately refused what was to be written. An error says why
    /// it does not answer.
    pub status: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Of this store.
    pub version: &'static str,
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// How long the database took to answer, in microseconds.
    pub latency_us: u64,
}

/// For how long a refusal counts: who writes again in this time is refused again where its reason stands.
const REFUSAL_COUNTS: Duration = Duration::from_secs(10);

/// The last time that the database answered, and would not have what was to be written: its disk is full or at fault, it is
/// locked or read-only. Reading goes on meanwhile, so nothing else shows it.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Option<(Instant, String)>>);

impl Refusals {
    /// Notes an error, where it is one of these.
    pub(crate) fn note(&self, error: &Error) {
        let code = error.details().get("database_code").and_then(serde_json::Value::as_str);
        if is_elsewhere(error) {
            return;
        }
        // Two changes that came in each other's way (SQLSTATE class 40) are no fault of the database.
        if error.code() == ErrorCode::Unavailable && code.is_some_and(|code| !code.starts_with("40")) {
            *self.lock() = Some((Instant::now(), error.message().to_owned()));
        }
    }

    fn last(&self) -> Option<String> {
        self.lock().as_ref().filter(|(at, _)| at.elapsed() < REFUSAL_COUNTS).map(|(_, why)| why.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many TMAs are in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // The states.
pub struct TmaCounts {
    pub pending: i64,
    pub processing: i64,
    pub completed: i64,
    pub failed: i64,
}

/// How much there is, and how much to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// TMAs by state.
    pub tmas: TmaCounts,
    /// What waits.
    #[serde(flatten)]
    pub queue: QueueStats,
}

/// How much there is to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QueueStats {
    /// Jobs that wait for a worker.
    pub queue_depth: i64,
    /// How long the oldest of them has waited; null where there is none.
    pub oldest_pending_seconds: Option<f64>,
}

impl Store {
    /// Asks the database for an answer.
    pub async fn health_check(&self) -> Result<Health> {
        let start = Instant::now();
        self.db.fetch_optional("SELECT global_position FROM event_head WHERE id = 1", Vec::new()).await?;
        let message = self.refusals.last();
        Ok(Health {
            status: if message.is_none() { "healthy" } else { "degraded" },
            message,
            version: env!("CARGO_PKG_VERSION"),
            database: self.db.name(),
            latency_us: u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
        })
    }

    /// Counts TMAs and jobs.
    pub async fn stats(&self) -> Result<Stats> {
        let mut tmas = TmaCounts::default();
        for row in
            self.db.fetch_all("SELECT status, COUNT(*) AS n FROM tmas GROUP BY status", Vec::new()).await?
        {
            let n: i64 = row.get("n")?;
            match row.get::<String>("status")?.as_str() {
                "pending" => tmas.pending = n,
                "processing" => tmas.processing = n,
                "completed" => tmas.completed = n,
                "failed" => tmas.failed = n,
                _ => {}
            }
        }
        Ok(Stats { tmas, queue: self.queue_stats().await? })
    }

    /// Counts jobs that wait; unlike [`stats`](Self::stats) at no cost that grows with what is kept.
    pub async fn queue_stats(&self) -> Result<QueueStats> {
        let row = self
            .db
            .fetch_optional(
                "SELECT COUNT(*) AS n, MIN(inserted_at) AS oldest FROM jobs WHERE status = 'available'",
                Vec::new(),
            )
            .await?;
        let (queue_depth, oldest) = match row {
            Some(row) => (row.get("n")?, row.get::<Option<Timestamp>>("oldest")?),
            None => (0, None),
        };
        let now = Timestamp::now();
        let oldest_pending_seconds = oldest.map(|oldest| now.seconds_since(oldest));
        Ok(QueueStats { queue_depth, oldest_pending_seconds })
    }
}
