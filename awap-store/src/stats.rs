//! Figures: whether the database answers, how much there is to do.

use std::time::Instant;

use serde::Serialize;

use awap_core::Result;

use crate::{Store, Timestamp};

/// Whether the store can serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// `healthy`: an error says why it is not.
    pub status: &'static str,
    /// Of this store.
    pub version: &'static str,
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// How long the database took to answer, in microseconds.
    pub latency_us: u64,
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
        Ok(Health {
            status: "healthy",
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
        Ok(Stats { tmas, queue_depth, oldest_pending_seconds })
    }
}
