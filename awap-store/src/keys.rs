//! API keys: random, shown once, kept as their SHA-256.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::cursor::Cursor;
use crate::sql::{Arg, Builder, Row, args};
use crate::{Store, Timestamp, fault};

/// How exact `last_used_at` is: one write per key and span, not one per request.
const USE_NOTED_EVERY: Duration = Duration::from_mins(5);

/// What the holder of a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Read TMAs, review feedback.
    Tutor,
    /// Hand TMAs in and read what became of them.
    Service,
}

impl Role {
    /// The words for the roles.
    pub const WORDS: [&str; 3] = ["admin", "tutor", "service"];

    /// The role that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "admin" => Some(Self::Admin),
            "tutor" => Some(Self::Tutor),
            "service" => Some(Self::Service),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Tutor => "tutor",
            Self::Service => "service",
        }
    }
}

/// Whom a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    /// The key's id, which the audit log carries.
    pub id: Uuid,
    /// What it was made for.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// A key, as a list has it: nothing in it opens anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Whom it belongs to.
    #[serde(flatten)]
    pub access: Access,
    /// When it was made.
    pub inserted_at: Timestamp,
    /// When it was last used, to within five minutes; null where it never was.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is refused; null where it is not.
    pub revoked_at: Option<Timestamp>,
}

/// Keys, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyPage {
    /// The keys.
    pub api_keys: Vec<ApiKey>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

/// A key as it was made.
#[derive(Clone, Serialize)]
pub struct CreatedKey {
    /// Whom it belongs to.
    #[serde(flatten)]
    pub access: Access,
    /// The key in clear, this once.
    pub key: String,
}

impl std::fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CreatedKey({})", self.access.id)
    }
}

impl Store {
    /// Makes a key of 256 random bits.
    pub async fn create_api_key(&self, name: &str, role: Role, actor: &Actor) -> Result<CreatedKey> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| fault::internal("This system gives no random numbers."))?;
        let key = format!("awap_{}", URL_SAFE_NO_PAD.encode(secret));
        let (id, _) = self.ensure_api_key(name, role, &key, actor).await?;
        Ok(CreatedKey { access: Access { id, name: name.to_owned(), role }, key })
    }

    /// Keeps the hash of a key that the host made; its id, and whether it is new. A key that was revoked stays so.
    pub async fn ensure_api_key(
        &self,
        name: &str,
        role: Role,
        key: &str,
        actor: &Actor,
    ) -> Result<(Uuid, bool)> {
        let mut tx = self.db.begin().await?;
        let work: Result<(Uuid, bool)> = async {
            let now = tx.now().await?;
            let id = Uuid::now_v7();
            let added = tx
            .execute(
                "INSERT INTO api_keys (id, name, role, key_hash, inserted_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (key_hash) DO NOTHING",
                args![id, name, role.word(), hash(key), now],
            )
            .await?;
            if added == 0 {
                let row = tx
                    .fetch_optional("SELECT id FROM api_keys WHERE key_hash = $1", args![hash(key)])
                    .await?
                    .ok_or_else(|| fault::conflict("The key was removed meanwhile."))?;
                return Ok((row.get("id")?, false));
            }
            let entry = NewEntry::ok("api_key.create", "api_key", Some(id))
                .with("name", name)
                .with("role", role.word());
            audit::record(&mut tx, now, entry, actor).await?;
            Ok((id, true))
        }
        .await;
        tx.end(work).await
    }

    /// Lists keys, newest first, those that were revoked among them.
    pub async fn list_api_keys(&self, limit: usize, after: Option<Cursor>) -> Result<KeyPage> {
        let mut query =
            Builder::new("SELECT id, name, role, inserted_at, last_used_at, revoked_at FROM api_keys");
        if let Some(Cursor { at, id }) = after {
            query.condition("(inserted_at, id) < (").value(at).push(", ").value(id).push(")");
        }
        query.push(" ORDER BY inserted_at DESC, id DESC LIMIT ").value(Cursor::one_more(limit));
        let (sql, args) = query.finish();
        let rows = self.db.fetch_all(sql, args).await?;
        let mut api_keys = rows.iter().map(key).collect::<Result<Vec<_>>>()?;
        let next_cursor =
            Cursor::cut(&mut api_keys, limit, |key| Cursor { at: key.inserted_at, id: key.access.id });
        Ok(KeyPage { api_keys, next_cursor })
    }

    /// Revokes a key for good; since when. One that is revoked already stays so since then.
    pub async fn revoke_api_key(&self, id: Uuid, actor: &Actor) -> Result<Timestamp> {
        let mut tx = self.db.begin().await?;
        let work: Result<Timestamp> = async {
            let row = tx
                .lock("SELECT name, revoked_at FROM api_keys WHERE id = $1", args![id])
                .await?
                .ok_or_else(|| fault::not_found("API key"))?;
            if let Some(since) = row.get("revoked_at")? {
                return Ok(since);
            }
            let now = tx.now().await?;
            tx.execute("UPDATE api_keys SET revoked_at = $1 WHERE id = $2", args![now, id]).await?;
            let entry =
                NewEntry::ok("api_key.revoke", "api_key", Some(id)).with("name", row.get::<String>("name")?);
            audit::record(&mut tx, now, entry, actor).await?;
            Ok(now)
        }
        .await;
        tx.end(work).await
    }

    /// Notes that a key was used, unless that was noted not long ago. It is done aside: a request does not wait for it,
    /// and where it fails, the next one tries.
    fn note_use(&self, id: Uuid, last: Option<Timestamp>) {
        let now = Timestamp::now();
        let stale = now.minus(USE_NOTED_EVERY);
        if last.is_some_and(|last| last > stale) {
            return;
        }
        let db = self.db.clone();
        tokio::spawn(async move {
            let Ok(mut tx) = db.begin().await else { return };
            let noted = tx
                .execute(
                    "UPDATE api_keys SET last_used_at = $1 WHERE id = $2 \
                     AND (last_used_at IS NULL OR last_used_at <= $3)",
                    args![now, id, stale],
                )
                .await;
            let _ = tx.end(noted).await;
        });
    }

    /// Whom a key belongs to; `not_found` where it is unknown or revoked.
    ///
    /// It is looked up by its hash: how long that takes says nothing of a key that is not known.
    pub async fn verify_api_key(&self, key: &str) -> Result<Access> {
        let sql =
            "SELECT id, name, role, last_used_at FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL";
        self.verify(sql, args![hash(key)]).await
    }

    /// The same of a key that is named by its id: whether a token that was made for it still holds.
    pub async fn verify_api_key_id(&self, id: Uuid) -> Result<Access> {
        let sql = "SELECT id, name, role, last_used_at FROM api_keys WHERE id = $1 AND revoked_at IS NULL";
        self.verify(sql, args![id]).await
    }

    async fn verify(&self, sql: &'static str, args: Vec<Arg>) -> Result<Access> {
        let row = self.db.fetch_optional(sql, args).await?.ok_or_else(|| fault::not_found("API key"))?;
        let access = access(&row)?;
        self.note_use(access.id, row.get("last_used_at")?);
        Ok(access)
    }
}

fn access(row: &Row) -> Result<Access> {
    let role: String = row.get("role")?;
    Ok(Access {
        id: row.get("id")?,
        name: row.get("name")?,
        role: Role::from_word(&role).ok_or_else(|| fault::internal("An API key has an unknown role."))?,
    })
}

fn key(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        access: access(row)?,
        inserted_at: row.get("inserted_at")?,
        last_used_at: row.get("last_used_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

fn hash(key: &str) -> Vec<u8> {
    Sha256::digest(key).to_vec()
}
