//! Rubrics kept ready: a whole cohort is marked against one, and compiling its patterns costs more than marking.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::rubric::{Rubric, canonical, sha256};
use crate::Result;

/// Rubrics kept at most; the one that was used longest ago goes first.
const KEPT: usize = 32;

/// Rubrics that have been read and checked, by the hash of what they were read from.
///
/// What is kept changes how long marking takes, never what it says.
#[derive(Debug, Default)]
pub struct Rubrics {
    kept: Mutex<VecDeque<(String, Arc<Rubric>)>>,
}

impl Rubrics {
    /// The rubric that `value` holds, or the general one.
    pub(crate) fn get(&self, value: Option<&Value>) -> Result<Arc<Rubric>> {
        let key = value.map_or_else(String::new, |v| sha256(&canonical(v)));
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
        for n in 1..=KEPT {
            rubrics.get(Some(&value(n))).unwrap();
        }
        assert!(!Arc::ptr_eq(&first, &rubrics.get(Some(&value(0))).unwrap()));
        assert_eq!(rubrics.kept.lock().unwrap().len(), KEPT);
    }
}
