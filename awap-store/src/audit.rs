//! The audit log: who did what to which row, written in the transaction of the change itself.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use awap_core::Result;

use crate::cursor::Cursor;
use crate::db::Tx;
use crate::sql::{Builder, Row, args};
use crate::{Store, Timestamp};

/// Who asks for a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The id of an API key, the name of a worker, a user.
    pub id: Option<String>,
    /// `api_key`, `worker`, `system` or `user`.
    pub kind: Option<String>,
    /// Where the request came from.
    pub ip_address: Option<String>,
    /// What sent it.
    pub user_agent: Option<String>,
    /// The request's id, which logs carry too.
    pub request_id: Option<String>,
}

impl Actor {
    /// A worker, by its name.
    pub fn worker(name: &str) -> Self {
        Self { id: Some(name.to_owned()), kind: Some("worker".to_owned()), ..Self::default() }
    }

    /// The store itself.
    pub(crate) fn system() -> Self {
        Self { id: Some("awap-store".to_owned()), kind: Some("system".to_owned()), ..Self::default() }
    }

    /// Who and which request, as the metadata of an event has it.
    pub(crate) fn metadata(&self) -> Value {
        let mut map = Map::new();
        for (key, value) in
            [("actor_id", &self.id), ("actor_type", &self.kind), ("request_id", &self.request_id)]
        {
            if let Some(value) = value {
                map.insert(key.to_owned(), value.as_str().into());
            }
        }
        Value::Object(map)
    }
}

/// An entry to be written.
#[derive(Debug, Clone, Default)]
pub struct NewEntry {
    /// What was done: `tma.create`, `identity.open`, …
    pub action: String,
    /// The kind of thing it was done to: `tma`, `identity`, `api_key`, …
    pub resource_type: String,
    /// Which one, where it has a UUID.
    pub resource_id: Option<Uuid>,
    /// What else is worth knowing; nothing that names a student.
    pub metadata: Map<String, Value>,
    /// `ok`, `refused`, `failed`.
    pub result: String,
    /// Why not, where it was not.
    pub error_message: Option<String>,
}

impl NewEntry {
    /// Something that was done.
    pub(crate) fn ok(action: &str, resource_type: &str, resource_id: Option<Uuid>) -> Self {
        Self {
            action: action.to_owned(),
            resource_type: resource_type.to_owned(),
            resource_id,
            result: "ok".to_owned(),
            ..Self::default()
        }
    }

    /// The same, and that it was not done.
    pub(crate) fn failed(self, why: &str) -> Self {
        Self { result: "failed".to_owned(), error_message: Some(why.to_owned()), ..self }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }
}

/// An entry as it was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // The columns of `audit_log`.
pub struct Entry {
    pub id: Uuid,
    pub action: String,
    pub resource_type: String,
    pub resource_id: Option<Uuid>,
    pub actor_id: Option<String>,
    pub actor_type: Option<String>,
    pub metadata: Value,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub result: Option<String>,
    pub error_message: Option<String>,
    pub timestamp: Timestamp,
}

/// Which entries to list.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // Columns to match; `None` matches all.
pub struct AuditFilter {
    pub resource_type: Option<String>,
    pub resource_id: Option<Uuid>,
    pub action: Option<String>,
    /// Entries that name this pseudonym in their metadata: readings of an identity, exports, erasures.
    pub pseudonym: Option<String>,
}

/// Entries, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

impl Store {
    /// Writes an entry of the caller's own: a refusal, a login, a read.
    pub async fn record_audit(&self, entry: NewEntry, actor: &Actor) -> Result<Uuid> {
        let mut tx = self.db.begin().await?;
        let work: Result<Uuid> = async {
            let now = tx.now().await?;
            let id = record(&mut tx, now, entry, actor).await?;
            Ok(id)
        }
        .await;
        tx.end(work).await
    }

    /// Lists entries, newest first.
    pub async fn list_audit(
        &self,
        filter: AuditFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<AuditPage> {
        let mut query = Builder::new(
            "SELECT id, action, resource_type, resource_id, actor_id, actor_type, metadata, ip_address, user_agent, \
             result, error_message, timestamp FROM audit_log",
        );
        if let Some(resource_type) = filter.resource_type {
            query.condition("resource_type = ").value(resource_type);
        }
        if let Some(resource_id) = filter.resource_id {
            query.condition("resource_id = ").value(resource_id);
        }
        if let Some(action) = filter.action {
            query.condition("action = ").value(action);
        }
        if let Some(pseudonym) = filter.pseudonym {
            query.condition("metadata->>'pseudonym' = ").value(pseudonym);
        }
        if let Some(Cursor { at, id }) = after {
            query.condition("(timestamp, id) < (").value(at).push(", ").value(id).push(")");
        }
        query.push(" ORDER BY timestamp DESC, id DESC LIMIT ").value(Cursor::one_more(limit));
        let (sql, args) = query.finish();
        let rows = self.db.fetch_all(sql, args).await?;
        let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>>>()?;
        let next_cursor =
            Cursor::cut(&mut entries, limit, |entry| Cursor { at: entry.timestamp, id: entry.id });
        Ok(AuditPage { entries, next_cursor })
    }
}

/// Writes an entry within a transaction.
pub(crate) async fn record(tx: &mut Tx, now: Timestamp, entry: NewEntry, actor: &Actor) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let mut metadata = entry.metadata;
    if let Some(request_id) = &actor.request_id {
        metadata.insert("request_id".to_owned(), request_id.as_str().into());
    }
    tx.execute(
        "INSERT INTO audit_log (id, action, resource_type, resource_id, actor_id, actor_type, metadata, ip_address, \
         user_agent, result, error_message, timestamp) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            id,
            entry.action,
            entry.resource_type,
            entry.resource_id,
            actor.id.clone(),
            actor.kind.clone(),
            Value::Object(metadata),
            actor.ip_address.clone(),
            actor.user_agent.clone(),
            entry.result,
            entry.error_message,
            now,
        ],
    )
    .await?;
    Ok(id)
}

fn entry(row: &Row) -> Result<Entry> {
    Ok(Entry {
        id: row.get("id")?,
        action: row.get("action")?,
        resource_type: row.get("resource_type")?,
        resource_id: row.get("resource_id")?,
        actor_id: row.get("actor_id")?,
        actor_type: row.get("actor_type")?,
        metadata: row.get::<Option<Value>>("metadata")?.unwrap_or_default(),
        ip_address: row.get("ip_address")?,
        user_agent: row.get("user_agent")?,
        result: row.get("result")?,
        error_message: row.get("error_message")?,
        timestamp: row.get("timestamp")?,
    })
}
