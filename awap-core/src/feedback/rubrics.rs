//! Rubrics kept ready: a whole cohort is marked against one, and compiling its patterns costs more than marking.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::rubric::Rubric;
use crate::Result;

/// Rubrics kept at most; the one that was used longest ago goes first.
const KEPT: usize = 32;

/// Rubrics that have been read and checked, by a hash of what they were read from.
///
/// What is kept changes how long marking takes, never what it says. The hash has a key that nobody knows: rubrics that share
/// one cannot be made, and come about by chance once in 10¹⁷ or more.
#[derive(Debug, Default)]
pub struct Rubrics {
    kept: Mutex<VecDeque<(u64, Arc<Rubric>)>>,
    key: RandomState,
}

impl Rubrics {
    /// The rubric that `value` holds, or the general one.
    pub(crate) fn get(&self, value: Option<&Value>) -> Result<Arc<Rubric>> {
        let key = self.key.hash_one(value.map(AsWritten));
        // A panic elsewhere cannot leave the list half changed: each change is one call.
        let found = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let at = kept.iter().position(|(k, _)| *k == key);
            at.and_then(|at| kept.remove(at)).map(|entry| {
                let rubric = Arc::clone(&entry.1);
                kept.push_front(entry);
                rubric
            })
        };
        if let Some(rubric) = found {
            return Ok(rubric);
        }
        let rubric = Arc::new(Rubric::load(value)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.iter().all(|(k, _)| *k != key) {
            kept.push_front((key, Arc::clone(&rubric)));
            kept.truncate(KEPT);
        }
        Ok(rubric)
    }
}

/// A value whose hash tells apart all that its JSON does: a value's own takes `0.0` and `-0.0` for one.
struct AsWritten<'a>(&'a Value);

impl Hash for AsWritten<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self.0).hash(state);
        match self.0 {
            Value::Null => {}
            Value::Bool(is) => is.hash(state),
            Value::Number(number) => {
                let (kind, bits) = if let Some(n) = number.as_u64() {
                    (0u8, n)
                } else if let Some(n) = number.as_i64() {
                    (1, n.cast_unsigned())
                } else {
                    (2, number.as_f64().unwrap_or_default().to_bits())
                };
                (kind, bits).hash(state);
            }
            Value::String(text) => text.hash(state),
            Value::Array(items) => {
                items.len().hash(state);
                for item in items {
                    AsWritten(item).hash(state);
                }
            }
            Value::Object(members) => {
                members.len().hash(state);
                for (name, member) in members {
                    (name, AsWritten(member)).hash(state);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rubric_is_read_once_and_a_fault_every_time() {
        let rubrics = Rubrics::default();
        let value = |n: usize| {
            json!({"question_id": "1", "title": n.to_string(), "total_points": 10,
                "criteria": [{"name": "Gestures", "weight": 10, "description": "Explains gestures."}]})
        };
        let first = rubrics.get(Some(&value(0))).unwrap();
        assert!(Arc::ptr_eq(&first, &rubrics.get(Some(&value(0))).unwrap()));
        assert!(!Arc::ptr_eq(&first, &rubrics.get(None).unwrap()));
        for _ in 0..2 {
            assert!(rubrics.get(Some(&json!({"criteria": []}))).is_err());
        }
        // Two that are equal and are not written alike have two hashes.
        let zero = |zero: f64| {
            json!({"question_id": "1", "title": "Care", "total_points": 10, "late": zero,
            "criteria": [{"name": "Gestures", "weight": 10, "description": "Explains gestures."}]})
        };
        assert_eq!(zero(0.0), zero(-0.0));
        let hash = |value: &Value| rubrics.get(Some(value)).map(|rubric| rubric.sha256.clone()).unwrap();
        assert_ne!(hash(&zero(0.0)), hash(&zero(-0.0)));
        for n in 1..=KEPT {
            rubrics.get(Some(&value(n))).unwrap();
        }
        assert!(!Arc::ptr_eq(&first, &rubrics.get(Some(&value(0))).unwrap()));
        assert_eq!(rubrics.kept.lock().unwrap().len(), KEPT);
    }
}
