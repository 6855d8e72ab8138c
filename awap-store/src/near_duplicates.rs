//! Pairs of TMAs that have text in common: a prompt for a tutor to look, which no mark depends on.
//!
//! What is kept are places in the anonymized texts and no words. Each pair is kept once from either side, and goes with either TMA.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use awap_core::Result;

use crate::audit::{self, Actor, NewEntry};
use crate::comparisons::Compared;
use crate::db::Tx;
use crate::events::NewEvent;
use crate::sql::{Row, args};
use crate::{Store, Timestamp, tmas};

/// The TMAs that are compared: those that are marked, and count.
pub(crate) const COUNTS: &str = "tmas.status = 'completed' AND NOT EXISTS (SELECT 1 FROM tma_origins newer \
                                 WHERE newer.tma_id = tmas.id AND newer.superseded_by IS NOT NULL)";
/// How many a TMA has, as a column of `tmas`.
pub(crate) const NUMBER: &str =
    "(SELECT COUNT(*) FROM near_duplicates pair WHERE pair.tma_id = tmas.id) AS near_duplicates";
/// A condition on `tmas`: it has some.
pub(crate) const SOME: &str = "EXISTS (SELECT 1 FROM near_duplicates pair WHERE pair.tma_id = tmas.id)";

/// Pairs of a cohort that are kept, the most alike: where there are more, the cohort has a text in common.
const PAIRS_MOST: usize = 5000;

/// A pair that a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The one.
    pub a: Uuid,
    /// The other.
    pub b: Uuid,
    /// The share of the shorter text that the other has too, from 0 to 1.
    pub share: f64,
    /// Words in common.
    pub words: i64,
    /// Where they stand.
    pub passages: Vec<Shared>,
}

/// A stretch that stands in two texts: bytes of `parsed.text`, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // Of this TMA's text and the other's.
pub struct Shared {
    pub start: i64,
    pub end: i64,
    pub other_start: i64,
    pub other_end: i64,
    pub words: i64,
}

impl Shared {
    fn turned(self) -> Self {
        Self {
            start: self.other_start,
            end: self.other_end,
            other_start: self.start,
            other_end: self.end,
            words: self.words,
        }
    }
}

/// Another TMA that has text in common with one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearDuplicate {
    /// The other TMA.
    pub tma_id: Uuid,
    /// Its assignment.
    pub assignment_id: String,
    /// The pseudonym of its student.
    pub student_id: String,
    /// The share of the shorter text that both have, from 0 to 1.
    pub share: f64,
    /// Words in common.
    pub words: i64,
    /// Where they stand, the longest first: `start`, `end`, `other_start`, `other_end`, `words`.
    pub passages: Value,
    /// When it was found.
    pub found_at: Timestamp,
}

impl Store {
    /// The TMAs that have text in common with this one, the most alike first.
    pub async fn list_near_duplicates(&self, tma_id: Uuid) -> Result<Vec<NearDuplicate>> {
        let rows = self
            .db
            .fetch_all(
                "SELECT pair.other_id, pair.share, pair.words, pair.passages, pair.inserted_at, \
                 other.assignment_id, other.student_id FROM near_duplicates pair \
                 JOIN tmas other ON other.id = pair.other_id WHERE pair.tma_id = $1 \
                 ORDER BY pair.share DESC, pair.other_id",
                args![tma_id],
            )
            .await?;
        rows.iter().map(near_duplicate).collect()
    }
}

fn near_duplicate(row: &Row) -> Result<NearDuplicate> {
    Ok(NearDuplicate {
        tma_id: row.get("other_id")?,
        assignment_id: row.get("assignment_id")?,
        student_id: row.get("student_id")?,
        share: row.get("share")?,
        words: row.get("words")?,
        passages: row.get("passages")?,
        found_at: row.get("inserted_at")?,
    })
}

/// Takes away what is known of a TMA whose text is another now.
pub(crate) async fn forget(tx: &mut Tx, tma_id: Uuid) -> Result<()> {
    tx.execute("DELETE FROM near_duplicates WHERE tma_id = $1 OR other_id = $1", args![tma_id]).await?;
    Ok(())
}

/// What is kept of one pair from one side.
#[derive(Debug, PartialEq)]
struct Kept {
    share: f64,
    words: i64,
    passages: Value,
}

/// Both sides of pairs, by whose side it is and the other.
type Sides = BTreeMap<(Uuid, Uuid), Kept>;

/// Puts what was found in place of what is known of a cohort; the events that tell whose TMAs it changes something for.
///
/// Pairs of one student's own work, and with a TMA that is gone or counts no longer, are nobody's news.
pub(crate) async fn replace(
    tx: &mut Tx,
    now: Timestamp,
    cohort: (&str, &str),
    found: Vec<Found>,
    actor: &Actor,
) -> Result<(Compared, Vec<NewEvent>)> {
    let found = sides(found, &students(tx, cohort).await?);
    let known = known(tx, cohort).await?;
    let mut changed = BTreeSet::new();
    for (tma_id, other_id) in known.keys().filter(|pair| !found.contains_key(*pair)) {
        tx.execute(
            "DELETE FROM near_duplicates WHERE tma_id = $1 AND other_id = $2",
            args![*tma_id, *other_id],
        )
        .await?;
        changed.insert(*tma_id);
    }
    for (pair, kept) in found.iter().filter(|(pair, kept)| known.get(*pair) != Some(*kept)) {
        keep(tx, now, *pair, kept).await?;
        changed.insert(pair.0);
    }
    let mut log = Vec::with_capacity(changed.len());
    for id in &changed {
        let number = found.keys().filter(|(tma_id, _)| tma_id == id).count();
        log.push(tmas::event(*id, "tma.compared", json!({ "near_duplicates": number }), actor));
        let entry = NewEntry::ok("tma.compare", "tma", Some(*id)).with("near_duplicates", number);
        audit::record(tx, now, entry, actor).await?;
    }
    Ok((Compared { changed: changed.into_iter().collect(), pairs: found.len() / 2 }, log))
}

/// The TMAs of a cohort that are compared, with their students.
async fn students(tx: &mut Tx, (course_id, assignment_id): (&str, &str)) -> Result<HashMap<Uuid, String>> {
    let rows = tx
        .fetch_all(
            format!(
                "SELECT id, student_id FROM tmas WHERE course_id = $1 AND assignment_id = $2 AND {COUNTS}"
            ),
            args![course_id, assignment_id],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("student_id")?))).collect()
}

fn sides(mut found: Vec<Found>, students: &HashMap<Uuid, String>) -> Sides {
    found.retain(|pair| match (students.get(&pair.a), students.get(&pair.b)) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    });
    found.truncate(PAIRS_MOST);
    let mut sides = Sides::new();
    for Found { a, b, share, words, passages } in found {
        let turned: Vec<Shared> = passages.iter().map(|passage| passage.turned()).collect();
        sides.insert((a, b), Kept { share, words, passages: json!(passages) });
        sides.insert((b, a), Kept { share, words, passages: json!(turned) });
    }
    sides
}

async fn known(tx: &mut Tx, (course_id, assignment_id): (&str, &str)) -> Result<Sides> {
    let rows = tx
        .fetch_all(
            "SELECT pair.tma_id, pair.other_id, pair.share, pair.words, pair.passages FROM near_duplicates pair \
             JOIN tmas ON tmas.id = pair.tma_id WHERE tmas.course_id = $1 AND tmas.assignment_id = $2",
            args![course_id, assignment_id],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let kept =
                Kept { share: row.get("share")?, words: row.get("words")?, passages: row.get("passages")? };
            Ok(((row.get("tma_id")?, row.get("other_id")?), kept))
        })
        .collect()
}

async fn keep(tx: &mut Tx, now: Timestamp, (tma_id, other_id): (Uuid, Uuid), kept: &Kept) -> Result<()> {
    tx.execute(
        "INSERT INTO near_duplicates (tma_id, other_id, share, words, passages, inserted_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tma_id, other_id) DO UPDATE SET share = excluded.share, \
         words = excluded.words, passages = excluded.passages, inserted_at = excluded.inserted_at",
        args![tma_id, other_id, kept.share, kept.words, kept.passages.clone(), now],
    )
    .await?;
    Ok(())
}
