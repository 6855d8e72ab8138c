//! The vault: pseudonym to identity, sealed, opened for the one purpose of giving a grade back, audited each time.

use serde_json::{Map, Value};

use awap_core::{Result, Submission};

use crate::audit::{self, Actor, NewEntry};
use crate::db::Tx;
use crate::seal::{OpenError, SealKeys};
use crate::sql::args;
use crate::{Store, Timestamp, fault};

impl Store {
    /// Opens what is known of a student: `student_id` and the `student` map, as they came in. The reading is audited,
    /// found or not.
    pub async fn open_identity(
        &self,
        pseudonym: &str,
        reason: &str,
        actor: &Actor,
    ) -> Result<Map<String, Value>> {
        let mut tx = self.db.begin().await?;
        let now = tx.now().await?;
        let row =
            tx.fetch_optional("SELECT sealed FROM vault WHERE pseudonym = $1", args![pseudonym]).await?;
        let identity = match row {
            None => Err(fault::not_found("pseudonym in the vault")),
            Some(row) => open(&self.options.seal_keys, pseudonym, &row.get::<Vec<u8>>("sealed")?),
        };
        let mut entry = NewEntry::ok("identity.open", "identity", None)
            .with("pseudonym", pseudonym)
            .with("reason", reason);
        if let Err(error) = &identity {
            entry = entry.failed(error.message());
        }
        audit::record(&mut tx, now, entry, actor).await?;
        tx.end(Ok(())).await?;
        identity
    }
}

/// Keeps what a submission says of its student. What is known already and not said again stays.
pub(crate) async fn keep(
    tx: &mut Tx,
    keys: &SealKeys,
    now: Timestamp,
    pseudonym: &str,
    submission: &Submission,
) -> Result<()> {
    let identity = identity(submission)?;
    if identity.is_empty() {
        return Ok(());
    }
    // The update changes nothing: it locks the row that is there, waiting for whoever is changing or erasing it.
    let sealed = seal(keys, pseudonym, &identity)?;
    let row = tx
        .fetch_optional(
            "INSERT INTO vault (pseudonym, sealed, key_id, inserted_at, updated_at) VALUES ($1, $2, $3, $4, $4) \
             ON CONFLICT (pseudonym) DO UPDATE SET pseudonym = excluded.pseudonym RETURNING sealed",
            args![pseudonym, sealed.clone(), keys.current_id(), now],
        )
        .await?
        .ok_or_else(|| fault::internal("The identity was not kept."))?;
    let kept: Vec<u8> = row.get("sealed")?;
    if kept == sealed {
        return Ok(());
    }
    let known = match keys.open(&self::row(pseudonym), &kept) {
        // The work is taken in all the same, and its own original has who handed it in; the key may come back.
        Err(OpenError::UnknownKey) => {
            tracing::error!("The identity of a student was sealed with another key, and stays as it is.");
            return Ok(());
        }
        opened => read(&opened?)?,
    };
    let merged = merge(known.clone(), identity);
    if merged != known {
        tx.execute(
            "UPDATE vault SET sealed = $1, key_id = $2, updated_at = $3 WHERE pseudonym = $4",
            args![seal(keys, pseudonym, &merged)?, keys.current_id(), now, pseudonym],
        )
        .await?;
    }
    Ok(())
}

/// `student_id` and `student`, without what is null or empty.
fn identity(submission: &Submission) -> Result<Map<String, Value>> {
    let mut identity = Map::new();
    if let Some(id) = &submission.student_id {
        identity.insert("student_id".to_owned(), id.as_str().into());
    }
    if let Some(student) = &submission.student {
        let student = serde_json::to_value(student)
            .map_err(|_| fault::internal("What the host knows of the student cannot be written as JSON."))?;
        if let Value::Object(mut student) = student {
            student.retain(|_, value| !is_empty(value));
            if !student.is_empty() {
                identity.insert("student".to_owned(), Value::Object(student));
            }
        }
    }
    Ok(identity)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The newer value of each field, and the older one where there is no newer.
fn merge(mut older: Map<String, Value>, newer: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in newer {
        let merged = match (older.remove(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => Value::Object(merge(old, new)),
            (_, new) => new,
        };
        older.insert(key, merged);
    }
    older
}

/// What a sealed identity is authenticated with.
pub(crate) fn row(pseudonym: &str) -> String {
    format!("vault:{pseudonym}")
}

fn seal(keys: &SealKeys, pseudonym: &str, identity: &Map<String, Value>) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(identity)
        .map_err(|_| fault::internal("What the host knows of the student cannot be written as JSON."))?;
    keys.seal(&row(pseudonym), plain)
}

/// Opens a row of the vault.
pub(crate) fn open(keys: &SealKeys, pseudonym: &str, sealed: &[u8]) -> Result<Map<String, Value>> {
    read(&keys.open(&row(pseudonym), sealed)?)
}

fn read(plain: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(plain).map_err(|_| fault::internal("A sealed identity is not what was sealed."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_said_again_stays() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let merged = merge(
            map(json!({"student_id": "1", "student": {"name": "Old", "email": "a@example.org"}})),
            map(json!({"student": {"name": "New"}})),
        );
        assert_eq!(
            Value::Object(merged),
            json!({"student_id": "1", "student": {"name": "New", "email": "a@example.org"}})
        );
    }
}
