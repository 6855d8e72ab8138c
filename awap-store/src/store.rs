//! The store: a database, the keys, and how it behaves.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::OnceCell;

use awap_core::anonymize::PseudonymKey;
use awap_core::{Error, ErrorCode, Limits, Result};

use crate::access::Accesses;
use crate::db::{Access, Db, Tables};
use crate::events::replica::Replica;
use crate::moodle::Uploads;
use crate::outage::Outage;
use crate::queue::Turns;
use crate::seal::{self, SealKeys};
use crate::stats::Refusals;

/// What a [`Store`] is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite:/path/file.db` or `postgres://…`.
    pub database_url: String,
    /// Where events are read, if not beside the TMAs: another database, to which they are copied.
    pub event_store_url: Option<String>,
    /// Connections to the database, at most.
    pub pool_size: u32,
    /// Seal what identifies a student.
    pub seal_keys: SealKeys,
    /// Makes pseudonyms.
    pub pseudonym_key: PseudonymKey,
    /// Hashes what is looked up and must not be readable, such as idempotency keys.
    pub lookup_key: LookupKey,
    /// Times a job is tried.
    pub max_attempts: u32,
    /// How long a job rests before its second attempt; twice as long before each one after, and up to a quarter longer.
    pub retry_after: Duration,
    /// Whether the sealed original is kept once a TMA is completed.
    pub keep_originals: bool,
    /// Which grades go to Moodle.
    pub uploads: Uploads,
    /// How long one entry of the audit log stands for all accesses of an actor to the same thing.
    pub one_access_within: Duration,
    /// Bounds on a submission.
    pub limits: Limits,
}

/// The longest rest before another attempt.
const RETRY_AFTER_MOST: Duration = Duration::from_mins(10);

impl Options {
    /// Options with defaults for all but the database and the keys, which are hexadecimal digits: 32 bytes for the
    /// seal, 32 or more for pseudonyms.
    pub fn new(database_url: &str, seal_key: &str, pseudonym_key: &str) -> Result<Self> {
        Ok(Self {
            database_url: database_url.to_owned(),
            event_store_url: None,
            pool_size: 10,
            seal_keys: SealKeys::from_hex(seal_key, &[])?,
            pseudonym_key: PseudonymKey::from_hex(pseudonym_key)?,
            lookup_key: LookupKey::from_hex(pseudonym_key)?,
            max_attempts: 3,
            retry_after: Duration::from_secs(5),
            keep_originals: true,
            uploads: Uploads::Reviewed,
            one_access_within: Duration::from_mins(1),
            limits: Limits::default(),
        })
    }

    /// How long a job rests after its `attempt`th attempt.
    pub(crate) fn rest_after(&self, attempt: i64) -> Duration {
        let doublings = attempt.saturating_sub(1).clamp(0, 30) as u32;
        self.retry_after.saturating_mul(1 << doublings).min(RETRY_AFTER_MOST)
    }
}

/// Hashes values by which rows are found: without the key, nobody can tell a value by trying likely ones.
#[derive(Clone)]
pub struct LookupKey(Vec<u8>);

impl std::fmt::Debug for LookupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LookupKey(..)")
    }
}

impl LookupKey {
    /// A key derived from hexadecimal digits, 32 bytes or more.
    pub fn from_hex(hex: &str) -> Result<Self> {
        let bytes = seal::from_hex(hex).filter(|bytes| bytes.len() >= 32).ok_or_else(|| {
            Error::new(
                ErrorCode::NotConfigured,
                "A lookup key must be hexadecimal digits for 32 bytes or more.",
            )
        })?;
        Ok(Self(mac(&bytes, &[b"awap lookup key"])))
    }

    /// A hash of `parts`, of 32 bytes. `purpose` keeps the hashes of different tables apart.
    pub(crate) fn hash(&self, purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
        let mut all = vec![purpose.as_bytes()];
        all.extend_from_slice(parts);
        mac(&self.0, &all)
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes a key of any length (RFC 2104), so the constructor cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// TMAs, feedback, jobs, audit, events and the vault, in one database. Cheap to clone; every clone is the same store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) db: Db,
    pub(crate) options: Arc<Options>,
    pub(crate) accesses: Arc<Accesses>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) outage: Arc<Outage>,
    pub(crate) replica: Option<Arc<Replica>>,
    migrated: Arc<OnceCell<()>>,
}

impl Store {
    /// Opens the store and brings its tables up to date.
    ///
    /// Errors: `not_configured` for a URL that cannot be read, `unavailable` where the database does not answer, and
    /// the reason where a migration fails.
    pub async fn open(options: Options) -> Result<Self> {
        let store = Self::open_lazily(options)?;
        store.ready().await?;
        Ok(store)
    }

    /// Opens the store without asking the database for anything: [`ready`](Self::ready) does. Called within a runtime.
    pub fn open_lazily(options: Options) -> Result<Self> {
        let db = Db::open(&options.database_url, options.pool_size, Access::ReadWrite)?;
        let replica = match &options.event_store_url {
            // The same by another spelling shows when its tables are looked at.
            Some(url) if *url != options.database_url => Some(Arc::new(Replica::open(url)?)),
            _ => None,
        };
        Ok(Self {
            db,
            options: Arc::new(options),
            accesses: Arc::default(),
            turns: Arc::default(),
            refusals: Arc::default(),
            outage: Arc::default(),
            replica,
            migrated: Arc::default(),
        })
    }

    /// Brings the tables up to date, unless that is done. Where it fails, a later call tries again.
    pub async fn ready(&self) -> Result<()> {
        self.migrated.get_or_try_init(|| self.db.migrate(Tables::All)).await.copied()
    }

    /// Closes all connections, when what they are doing is done.
    pub async fn close(&self) {
        self.db.close().await;
        if let Some(replica) = &self.replica {
            replica.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_and_have_a_bound() {
        let options = Options::new("sqlite:x", &"ab".repeat(32), &"cd".repeat(32)).unwrap();
        let rests: Vec<u64> = [1, 2, 3, 40, i64::MAX].map(|n| options.rest_after(n).as_secs()).to_vec();
        assert_eq!(rests, [5, 10, 20, 600, 600]);
    }

    #[test]
    fn lookups_differ_by_purpose_key_and_part() {
        let key = |hex: &str| LookupKey::from_hex(&hex.repeat(32)).unwrap();
        let hash = key("ab").hash("a", &[b"x", b"y"]);
        assert_eq!(hash, key("ab").hash("a", &[b"x", b"y"]));
        for other in [
            key("ab").hash("b", &[b"x", b"y"]),
            key("ab").hash("a", &[b"xy"]),
            key("cd").hash("a", &[b"x", b"y"]),
        ] {
            assert_ne!(hash, other);
        }
    }
}
