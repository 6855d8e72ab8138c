//! API keys: random, shown once, kept as their SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::sql::args;
use crate::{Store, fault};

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

    /// Whom a key belongs to; `not_found` where it is unknown or revoked.
    ///
    /// It is looked up by its hash: how long that takes says nothing of a key that is not known.
    pub async fn verify_api_key(&self, key: &str) -> Result<Access> {
        let row = self
            .db
            .fetch_optional(
                "SELECT id, name, role FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL",
                args![hash(key)],
            )
            .await?
            .ok_or_else(|| fault::not_found("API key"))?;
        let role: String = row.get("role")?;
        Ok(Access {
            id: row.get("id")?,
            name: row.get("name")?,
            role: Role::from_word(&role).ok_or_else(|| fault::internal("An API key has an unknown role."))?,
        })
    }
}

fn hash(key: &str) -> Vec<u8> {
    Sha256::digest(key).to_vec()
}
