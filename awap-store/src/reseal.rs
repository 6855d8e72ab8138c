//! Rotation of the seal key: what an older key sealed is sealed anew with the current one, in batches.

use serde::Serialize;

use awap_core::{Error, Result};
use uuid::Uuid;

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::moodle::{origin, submissions};
use crate::seal::OpenError;
use crate::sql::{Arg, Builder, args};
use crate::{Store, Timestamp, tmas, vault};

/// Bytes of sealed values that one batch holds in one transaction, about.
const BATCH_BYTES: usize = 32 << 20;

/// Where the next batch begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResealCursor {
    /// After the original of this TMA.
    Originals(Uuid),
    /// After this pseudonym of the vault.
    Vault(String),
    /// After where this TMA came from.
    Origins(Uuid),
    /// After this submission of a site.
    Submissions(i64, String),
}

impl ResealCursor {
    /// The first batch.
    pub const START: Self = Self::Originals(Uuid::nil());

    /// Reads a cursor that an earlier batch gave.
    pub fn parse(text: &str) -> Result<Self> {
        let cursor = match text.split_once(':') {
            Some(("originals", id)) => Uuid::try_parse(id).ok().map(Self::Originals),
            Some(("vault", pseudonym)) => Some(Self::Vault(pseudonym.to_owned())),
            Some(("origins", id)) => Uuid::try_parse(id).ok().map(Self::Origins),
            Some(("submissions", rest)) => rest
                .split_once(':')
                .and_then(|(id, site)| Some(Self::Submissions(id.parse().ok()?, site.to_owned()))),
            _ => None,
        };
        cursor.ok_or_else(|| {
            Error::invalid_input("cursor", "“cursor” is not one that an earlier batch gave as “next_cursor”.")
        })
    }
}

impl std::fmt::Display for ResealCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Originals(id) => write!(f, "originals:{id}"),
            Self::Vault(pseudonym) => write!(f, "vault:{pseudonym}"),
            Self::Origins(id) => write!(f, "origins:{id}"),
            Self::Submissions(id, site) => write!(f, "submissions:{id}:{site}"),
        }
    }
}

impl ResealCursor {
    /// The table that comes after this one.
    fn next_table(&self) -> Option<Self> {
        match self {
            Self::Originals(_) => Some(Self::Vault(String::new())),
            Self::Vault(_) => Some(Self::Origins(Uuid::nil())),
            Self::Origins(_) => Some(Self::Submissions(0, String::new())),
            Self::Submissions(..) => None,
        }
    }

    /// The name that the row is sealed under.
    fn row_name(&self) -> String {
        match self {
            Self::Originals(id) => tmas::original_row(*id),
            Self::Vault(pseudonym) => vault::row(pseudonym),
            Self::Origins(id) => origin::sealed_row(*id),
            Self::Submissions(id, site) => submissions::sealed_row(site, *id),
        }
    }

    fn select(&self) -> &'static str {
        match self {
            Self::Originals(_) => "SELECT sealed FROM tma_originals WHERE tma_id = $1",
            Self::Vault(_) => "SELECT sealed FROM vault WHERE pseudonym = $1",
            Self::Origins(_) => "SELECT sealed FROM tma_origins WHERE tma_id = $1",
            Self::Submissions(..) => {
                "SELECT sealed FROM moodle_submissions WHERE submission_id = $1 AND site = $2 AND sealed IS NOT NULL"
            }
        }
    }

    /// The placeholders after the row's key are what is sealed, and its key's id.
    fn update(&self) -> &'static str {
        match self {
            Self::Originals(_) => "UPDATE tma_originals SET sealed = $2, key_id = $3 WHERE tma_id = $1",
            Self::Vault(_) => {
                "UPDATE vault SET sealed = $2, key_id = $3, updated_at = $4 WHERE pseudonym = $1"
            }
            Self::Origins(_) => "UPDATE tma_origins SET sealed = $2, key_id = $3 WHERE tma_id = $1",
            Self::Submissions(..) => {
                "UPDATE moodle_submissions SET sealed = $3, key_id = $4 WHERE submission_id = $1 AND site = $2"
            }
        }
    }

    fn key(&self) -> Vec<Arg> {
        match self {
            Self::Originals(id) | Self::Origins(id) => args![*id],
            Self::Vault(pseudonym) => args![pseudonym.as_str()],
            Self::Submissions(id, site) => args![*id, site.as_str()],
        }
    }
}

/// What one batch did, and how much there is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resealed {
    /// The key that seals now.
    pub key_id: String,
    /// Rows that this batch sealed anew.
    pub resealed: usize,
    /// Rows of this batch that are damaged and were left as they are.
    pub damaged: usize,
    /// Rows under another key than the current one, now, of any table.
    pub remaining: i64,
    /// Those of them whose key this process was not given.
    pub unknown_key: i64,
    /// Where the next batch begins; null once all rows were looked at.
    pub next_cursor: Option<String>,
    /// Whether the older keys can be taken away.
    pub done: bool,
}

impl Store {
    /// Seals at most `limit` rows anew, from `from` on.
    pub async fn reseal(&self, limit: usize, from: ResealCursor, actor: &Actor) -> Result<Resealed> {
        let mut tx = self.db.begin().await?;
        let work: Result<Batch> = async {
            let now = tx.now().await?;
            let batch = self.reseal_batch(&mut tx, now, limit, from).await?;
            if batch.resealed + batch.damaged > 0 {
                let entry = NewEntry::ok("seal.rotate", "seal_key", None)
                    .with("key_id", self.options.seal_keys.current_id())
                    .with("resealed", batch.resealed)
                    .with("damaged", batch.damaged);
                audit::record(&mut tx, now, entry, actor).await?;
            }
            Ok(batch)
        }
        .await;
        let batch = tx.end(work).await?;
        let (remaining, unknown_key) = self.under_other_keys().await?;
        if batch.next.is_none() {
            self.db.forget_deleted().await;
        }
        Ok(Resealed {
            key_id: self.options.seal_keys.current_id(),
            resealed: batch.resealed,
            damaged: batch.damaged,
            remaining,
            unknown_key,
            next_cursor: batch.next.map(|next| next.to_string()),
            done: remaining == 0,
        })
    }

    async fn reseal_batch(
        &self,
        tx: &mut Tx,
        now: Timestamp,
        limit: usize,
        from: ResealCursor,
    ) -> Result<Batch> {
        let keys = &self.options.seal_keys;
        let older = keys.older_ids();
        let mut batch = Batch::default();
        let mut bytes = 0;
        let mut last = from.clone();
        let candidates =
            if older.is_empty() { Vec::new() } else { candidates(tx, &older, limit, &from).await? };
        let found = candidates.len();
        let mut looked_at = 0;
        for candidate in candidates {
            let row_name = candidate.row_name();
            // Gone meanwhile, or sealed anew by whoever changed it: then there is nothing to do.
            if let Some(row) = tx.lock(candidate.select(), candidate.key()).await? {
                let sealed: Vec<u8> = row.get("sealed")?;
                bytes += sealed.len();
                match keys.open(&row_name, &sealed) {
                    Ok(plain) => {
                        let mut values = candidate.key();
                        values.extend(args![keys.seal(&row_name, plain)?, keys.current_id()]);
                        if matches!(candidate, ResealCursor::Vault(_)) {
                            values.extend(args![now]);
                        }
                        tx.execute(candidate.update(), values).await?;
                        batch.resealed += 1;
                    }
                    Err(OpenError::Damaged) => batch.damaged += 1,
                    Err(error @ OpenError::UnknownKey) => return Err(error.into()),
                }
            }
            last = candidate;
            looked_at += 1;
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        batch.next = if looked_at < found || found == limit { Some(last) } else { from.next_table() };
        Ok(batch)
    }

    /// Rows under another key than the current one, and those of them whose key is not known.
    async fn under_other_keys(&self) -> Result<(i64, i64)> {
        let keys = &self.options.seal_keys;
        let current = keys.current_id();
        let older = keys.older_ids();
        let rows = self
            .db
            .fetch_all(
                "SELECT key_id, COUNT(*) AS n FROM tma_originals WHERE key_id <> $1 GROUP BY key_id \
                 UNION ALL SELECT key_id, COUNT(*) AS n FROM vault WHERE key_id <> $1 GROUP BY key_id \
                 UNION ALL SELECT key_id, COUNT(*) AS n FROM tma_origins WHERE key_id <> $1 GROUP BY key_id \
                 UNION ALL SELECT key_id, COUNT(*) AS n FROM moodle_submissions WHERE key_id <> $1 GROUP BY key_id",
                args![current],
            )
            .await?;
        let (mut remaining, mut unknown) = (0, 0);
        for row in &rows {
            let n: i64 = row.get("n")?;
            remaining += n;
            if !older.contains(&row.get::<String>("key_id")?) {
                unknown += n;
            }
        }
        Ok((remaining, unknown))
    }
}

#[derive(Default)]
struct Batch {
    resealed: usize,
    damaged: usize,
    next: Option<ResealCursor>,
}

/// Rows of one table that an older key sealed, in the order of their keys.
async fn candidates(
    tx: &mut Tx,
    older: &[String],
    limit: usize,
    from: &ResealCursor,
) -> Result<Vec<ResealCursor>> {
    let mut query = match from {
        ResealCursor::Originals(after) => {
            let mut query = Builder::new("SELECT tma_id AS id FROM tma_originals");
            query.condition("tma_id > ").value(*after);
            query
        }
        ResealCursor::Vault(after) => {
            let mut query = Builder::new("SELECT pseudonym AS id FROM vault");
            query.condition("pseudonym > ").value(after.as_str());
            query
        }
        ResealCursor::Origins(after) => {
            let mut query = Builder::new("SELECT tma_id AS id FROM tma_origins");
            query.condition("tma_id > ").value(*after);
            query
        }
        ResealCursor::Submissions(id, site) => {
            let mut query = Builder::new("SELECT submission_id AS id, site FROM moodle_submissions");
            query.condition("(submission_id, site) > (").value(*id).push(", ").value(site.as_str()).push(")");
            query
        }
    };
    query.condition("key_id IN (");
    for (i, id) in older.iter().enumerate() {
        if i > 0 {
            query.push(", ");
        }
        query.value(id.as_str());
    }
    query.push(match from {
        ResealCursor::Submissions(..) => ") ORDER BY id, site LIMIT ",
        _ => ") ORDER BY id LIMIT ",
    });
    query.value(i64::try_from(limit).unwrap_or(i64::MAX));
    let (sql, args) = query.finish();
    let rows = tx.fetch_all(sql, args).await?;
    rows.iter()
        .map(|row| match from {
            ResealCursor::Originals(_) => row.get("id").map(ResealCursor::Originals),
            ResealCursor::Vault(_) => row.get("id").map(ResealCursor::Vault),
            ResealCursor::Origins(_) => row.get("id").map(ResealCursor::Origins),
            ResealCursor::Submissions(..) => Ok(ResealCursor::Submissions(row.get("id")?, row.get("site")?)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for cursor in [
            ResealCursor::START,
            ResealCursor::Vault(String::new()),
            ResealCursor::Vault("a:b".into()),
            ResealCursor::Origins(Uuid::nil()),
            ResealCursor::Submissions(7, "https://moodle.example".into()),
        ] {
            assert_eq!(ResealCursor::parse(&cursor.to_string()).unwrap(), cursor);
        }
        for bad in ["", "originals", "originals:7", "tmas:x", "submissions:x:y", "submissions:7"] {
            assert!(ResealCursor::parse(bad).is_err(), "{bad}");
        }
    }
}
