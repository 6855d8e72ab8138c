//! The queue: how many jobs may wait, which one is next, how long one rests that is to be tried again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use uuid::Uuid;

use awap_core::{Error, ErrorCode, Result};

use crate::db::Tx;
use crate::jobs::Job;
use crate::sql::args;
use crate::store::Options;
use crate::{Timestamp, fault};

/// So many jobs are claimed by priority, then one by age alone: under a load of high priority that never ends, what has a
/// low one is done all the same, at a tenth of the rate.
const BY_PRIORITY: u64 = 9;

/// How much longer than its time a job may rest, at most, as a share of it: jobs that failed together do not come back
/// together.
const SPREAD: f64 = 0.25;

/// How long work rests whose student was sealed with a key that is not there.
pub(crate) const UNTIL_THE_KEY_IS_BACK: Duration = Duration::from_mins(10);

/// By what the next job is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The greatest priority, then the oldest.
    Priority,
    /// The oldest.
    Age,
}

/// Counts the jobs that were claimed from this process.
#[derive(Debug, Default)]
pub(crate) struct Turns(AtomicU64);

impl Turns {
    /// The order of the next claim.
    pub(crate) fn order(&self) -> Order {
        if self.0.load(Ordering::Relaxed) % (BY_PRIORITY + 1) == BY_PRIORITY {
            Order::Age
        } else {
            Order::Priority
        }
    }

    /// A job was claimed.
    pub(crate) fn taken(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Makes a job for a TMA.
pub(crate) async fn add(
    tx: &mut Tx,
    now: Timestamp,
    job_id: Uuid,
    tma_id: Uuid,
    priority: i64,
    options: &Options,
) -> Result<()> {
    tx.execute(
        "INSERT INTO jobs (id, tma_id, status, priority, attempts, max_attempts, available_at, inserted_at, \
         updated_at) VALUES ($1, $2, 'available', $3, 0, $4, $5, $5, $5)",
        args![job_id, tma_id, priority, i64::from(options.max_attempts), now],
    )
    .await?;
    Ok(())
}

/// `unavailable` where more than `most` jobs wait.
pub(crate) async fn check_room(tx: &mut Tx, most: i64) -> Result<()> {
    // No further than it matters: a long queue costs no more than a full one.
    let row = tx
        .fetch_optional(
            "SELECT COUNT(*) AS n FROM (SELECT 1 FROM jobs WHERE status = 'available' LIMIT $1) AS waiting",
            args![most.saturating_add(1)],
        )
        .await?
        .ok_or_else(|| fault::internal("The database does not count."))?;
    if row.get::<i64>("n")? > most {
        return Err(Error::new(
            ErrorCode::Unavailable,
            "The queue is full: try again when some of the work is done.",
        )
        .with("reason", "queue_full"));
    }
    Ok(())
}

/// The job that is to be done next, locked; those that another transaction holds are passed over.
pub(crate) async fn next(tx: &mut Tx, now: Timestamp, order: Order) -> Result<Option<Job>> {
    let select = match order {
        Order::Priority => {
            "SELECT id, tma_id, attempts, max_attempts FROM jobs \
             WHERE status = 'available' AND available_at <= $1 ORDER BY priority DESC, inserted_at, id LIMIT 1"
        }
        Order::Age => {
            "SELECT id, tma_id, attempts, max_attempts FROM jobs \
             WHERE status = 'available' AND available_at <= $1 ORDER BY inserted_at, id LIMIT 1"
        }
    };
    let rows = tx.lock_free(select, args![now]).await?;
    rows.first().map(Job::from_row).transpose()
}

/// `rest`, or up to a quarter longer.
pub(crate) fn spread(rest: Duration) -> Duration {
    let mut random = [0; 2];
    if getrandom::fill(&mut random).is_err() {
        return rest;
    }
    let share = f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX);
    rest.mul_f64(1.0 + SPREAD * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenth_job_is_chosen_by_age() {
        let turns = Turns::default();
        let orders: Vec<Order> = (0..30)
            .map(|_| {
                let order = turns.order();
                assert_eq!(order, turns.order(), "a claim that finds nothing takes no turn");
                turns.taken();
                order
            })
            .collect();
        for (n, order) in orders.iter().enumerate() {
            assert_eq!(*order == Order::Age, n % 10 == 9, "{n}");
        }
    }

    #[test]
    fn rests_are_spread_and_never_shorter() {
        let rest = Duration::from_secs(8);
        let rests: Vec<Duration> = (0..200).map(|_| spread(rest)).collect();
        assert!(rests.iter().all(|spread| *spread >= rest && *spread <= rest.mul_f64(1.0 + SPREAD)));
        assert!(rests.iter().any(|spread| *spread != rests[0]));
    }
}
