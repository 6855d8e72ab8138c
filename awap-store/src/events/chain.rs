//! The chain of events: what an event's hash is over, and the end of the chain, which a key authenticates.
//!
//! Each hash is over the event and the hash before, so the last one stands for all. It is kept with a MAC, so that whoever
//! can write to the database and has not the key can make another chain, and not its end.

use serde::Serialize;
use uuid::Uuid;

use awap_core::{Error, Result};
use sha2::{Digest, Sha256};

use crate::db::{Db, Tx};
use crate::sql::{Row, args};
use crate::store::LookupKey;
use crate::{Timestamp, fault, seal};

const GENESIS: [u8; 32] = [0; 32];
const END: &str = "SELECT global_position, hash, mac FROM event_head WHERE id = 1";

/// A place in the chain. Whoever keeps one where the database's owner cannot reach it can tell later whether anything
/// up to it was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainPlace {
    /// The last event's position; 0 before the first event.
    pub global_position: i64,
    /// Its hash, 32 bytes.
    pub hash: Vec<u8>,
}

impl ChainPlace {
    /// Before the first event.
    pub fn start() -> Self {
        Self { global_position: 0, hash: GENESIS.to_vec() }
    }

    /// The hash as hexadecimal digits.
    pub fn hash_hex(&self) -> String {
        seal::to_hex(&self.hash)
    }

    /// Reads the hash as [`Serialize`] writes it: 64 hexadecimal digits.
    pub(crate) fn parse(global_position: i64, hex: &str) -> Result<Self> {
        match seal::from_hex(hex) {
            Some(hash) if hash.len() == GENESIS.len() => Ok(Self { global_position, hash }),
            _ => Err(Error::invalid_input("after.hash", "“after.hash” must be 64 hexadecimal digits.")),
        }
    }
}

impl Serialize for ChainPlace {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut place = serializer.serialize_struct("ChainPlace", 2)?;
        place.serialize_field("global_position", &self.global_position)?;
        place.serialize_field("hash", &self.hash_hex())?;
        place.end()
    }
}

/// The end of the chain as the database has it.
#[derive(Debug)]
pub(crate) struct End<'k> {
    pub(crate) place: ChainPlace,
    /// Whether the store wrote it, as far as its key tells.
    pub(crate) authentic: bool,
    mac: Option<Vec<u8>>,
    key: &'k LookupKey,
}

impl<'k> End<'k> {
    /// The end, locked until the commit: nobody else appends meanwhile.
    pub(crate) async fn lock(tx: &mut Tx, key: &'k LookupKey) -> Result<Self> {
        Self::from_row(tx.lock(END, Vec::new()).await?.as_ref(), key)
    }

    /// The end as it is now.
    pub(crate) async fn read(db: &Db, key: &'k LookupKey) -> Result<Self> {
        Self::from_row(db.fetch_optional(END, Vec::new()).await?.as_ref(), key)
    }

    /// The end from a row with the columns of `event_head`.
    pub(crate) fn from_row(row: Option<&Row>, key: &'k LookupKey) -> Result<Self> {
        let row = row.ok_or_else(|| fault::internal("The event store has lost the end of its chain."))?;
        let place = ChainPlace { global_position: row.get("global_position")?, hash: row.get("hash")? };
        let mac: Option<Vec<u8>> = row.get("mac")?;
        // There is nothing to authenticate before the first event.
        let authentic = match &mac {
            Some(mac) => *mac == mac_of(key, &place),
            None => place == ChainPlace::start(),
        };
        Ok(Self { place, authentic, mac, key })
    }

    /// Writes the end. One that was changed behind the store's back keeps its MAC, which does not fit: the next event must
    /// not set right what [`verify_events`](crate::Store::verify_events) is to find.
    pub(crate) async fn save(&self, tx: &mut Tx) -> Result<()> {
        let mac = if self.authentic { Some(mac_of(self.key, &self.place)) } else { self.mac.clone() };
        tx.execute(
            "UPDATE event_head SET global_position = $1, hash = $2, mac = $3 WHERE id = 1",
            args![self.place.global_position, self.place.hash.clone(), mac],
        )
        .await?;
        Ok(())
    }
}

fn mac_of(key: &LookupKey, place: &ChainPlace) -> Vec<u8> {
    key.hash("event_head", &[&place.global_position.to_be_bytes(), &place.hash])
}

/// What an event's hash is over, beside the hash before.
pub(crate) struct Link<'a> {
    pub(crate) position: i64,
    pub(crate) stream_id: &'a str,
    pub(crate) version: i64,
    pub(crate) event_id: Uuid,
    pub(crate) kind: &'a str,
    pub(crate) data: &'a str,
    pub(crate) metadata: &'a str,
    pub(crate) recorded_at: Timestamp,
}

impl Link<'_> {
    /// SHA-256 over the hash before and each field, texts with their lengths, so that no two events read alike.
    pub(crate) fn hash(&self, previous: &[u8]) -> Vec<u8> {
        let mut digest = Sha256::new();
        digest.update(previous);
        digest.update(self.position.to_be_bytes());
        digest.update(self.version.to_be_bytes());
        digest.update(self.event_id.as_bytes());
        let recorded_at = self.recorded_at.to_string();
        for text in [self.stream_id, self.kind, self.data, self.metadata, &recorded_at] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        digest.finalize().to_vec()
    }
}

/// An event's row as it is kept, to the byte.
#[derive(Debug)]
pub(crate) struct ChainedRow {
    pub(crate) position: i64,
    pub(crate) stream_id: String,
    pub(crate) version: i64,
    pub(crate) event_id: Uuid,
    pub(crate) kind: String,
    pub(crate) data: String,
    pub(crate) metadata: String,
    pub(crate) recorded_at: Timestamp,
    pub(crate) prev_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

impl ChainedRow {
    pub(crate) fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            position: row.get("global_position")?,
            stream_id: row.get("stream_id")?,
            version: row.get("version")?,
            event_id: row.get("event_id")?,
            kind: row.get("type")?,
            data: row.get("data")?,
            metadata: row.get("metadata")?,
            recorded_at: row.get("recorded_at")?,
            prev_hash: row.get("prev_hash")?,
            hash: row.get("hash")?,
        })
    }

    /// The place after this event, if it follows on `last` and is as it was written; else what is wrong with it.
    pub(crate) fn follows(&self, last: &ChainPlace) -> Result<ChainPlace, &'static str> {
        if self.position != last.global_position + 1 {
            return Err("The event is missing.");
        }
        let link = Link {
            position: self.position,
            stream_id: &self.stream_id,
            version: self.version,
            event_id: self.event_id,
            kind: &self.kind,
            data: &self.data,
            metadata: &self.metadata,
            recorded_at: self.recorded_at,
        };
        if self.prev_hash != last.hash || self.hash != link.hash(&last.hash) {
            return Err("The event is not as it was written.");
        }
        Ok(ChainPlace { global_position: self.position, hash: self.hash.clone() })
    }
}
