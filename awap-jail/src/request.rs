//! What `suggest` is asked, checked.

use std::collections::HashSet;
use std::ops::Range;

use awap_core::{Error, Limits, Result};
use serde::Deserialize;
use serde_json::Value;

const MAX_CRITERIA: usize = 200;
const MAX_LEVELS: usize = 50;

/// The data of `suggest`.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) questions: Vec<Question>,
    pub(crate) criteria: Vec<Criterion>,
    #[serde(default)]
    pub(crate) budget: Budget,
}

/// Which part of the text answers a question; bytes of UTF-8.
#[derive(Debug, Deserialize)]
pub(crate) struct Question {
    pub(crate) id: String,
    start: usize,
    end: usize,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Criterion {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) question: Option<String>,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    pub(crate) max_mark: f64,
    #[serde(default)]
    pub(crate) levels: Vec<Level>,
    #[serde(default)]
    pub(crate) engine: Engine,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Level {
    pub(crate) score: f64,
    #[serde(default)]
    pub(crate) definition: Option<String>,
}

/// What the engine found already.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Engine {
    pub(crate) score: Option<f64>,
    pub(crate) level: Option<String>,
    pub(crate) missing: Vec<String>,
}

/// What an answer may cost.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
pub(crate) struct Budget {
    /// Tokens of the answer.
    pub(crate) max_tokens: usize,
    /// Milliseconds from when the request is begun until the answer.
    pub(crate) time_ms: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { max_tokens: 768, time_ms: 20_000 }
    }
}

impl Question {
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Request {
    /// Reads and checks the data of one request.
    pub(crate) fn read(data: Value) -> Result<Self> {
        let request: Self = serde_json::from_value(data).map_err(|_| {
            // The reader's own words may quote the text.
            Error::invalid_input(
                "data",
                "This is not the data of “suggest”: a field is missing or of a wrong type.",
            )
        })?;
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<()> {
        if self.criteria.len() > MAX_CRITERIA {
            return Err(Limits::exceeded("criteria", MAX_CRITERIA));
        }
        for (at, question) in self.questions.iter().enumerate() {
            if self.text.get(question.span()).is_none() {
                return Err(Error::invalid_input(
                    &format!("questions[{at}]"),
                    "This question's span does not lie in the text, or cuts through a character.",
                ));
            }
        }
        let mut ids = HashSet::new();
        for (at, criterion) in self.criteria.iter().enumerate() {
            let path = |field: &str| format!("criteria[{at}].{field}");
            if !ids.insert(criterion.id.as_str()) {
                return Err(Error::invalid_input(&path("id"), "Two criteria have the same id."));
            }
            if !(0.0..=1e6).contains(&criterion.max_mark) {
                return Err(Error::invalid_input(&path("max_mark"), "A mark is from 0 to 1,000,000."));
            }
            if criterion.levels.len() > MAX_LEVELS {
                return Err(Limits::exceeded("levels", MAX_LEVELS));
            }
        }
        Ok(())
    }
}

impl Criterion {
    /// The scores that may be proposed, in order: those of the levels, or steps up to the full mark.
    pub(crate) fn scores(&self) -> Vec<f64> {
        const STEPS: f64 = 200.0;
        let within = |score: &f64| (0.0..=self.max_mark).contains(score);
        let mut scores: Vec<f64> = self.levels.iter().map(|level| level.score).filter(within).collect();
        if scores.is_empty() {
            let sizes = [0.5, 1.0, 5.0, 10.0, 100.0, 1_000.0];
            let size = sizes.into_iter().find(|size| self.max_mark / size <= STEPS).unwrap_or(10_000.0);
            scores = (0..=(self.max_mark / size) as usize).map(|step| step as f64 * size).collect();
            scores.push(self.max_mark);
        }
        scores.sort_by(f64::total_cmp);
        scores.dedup();
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_refused() {
        let good = || {
            json!({"text": "Häuser.", "questions": [{"id": "1", "start": 0, "end": 8}],
                   "criteria": [{"id": "a", "question": "1", "title": "A", "description": null, "max_mark": 5, "levels": [],
                                 "engine": {"score": null, "level": null, "confidence": 0.5, "evidence": [], "missing": []}}]})
        };
        assert!(Request::read(good()).is_ok());
        for (pointer, value, path) in [
            ("/text", json!(7), "data"),
            ("/criteria", json!(null), "data"),
            ("/questions/0/end", json!(9), "questions[0]"),
            ("/questions/0/end", json!(2), "questions[0]"),
            ("/questions/0/start", json!(9), "questions[0]"),
            ("/criteria/0/max_mark", json!(-1), "criteria[0].max_mark"),
            ("/criteria", json!([good()["criteria"][0], good()["criteria"][0]]), "criteria[1].id"),
        ] {
            let mut data = good();
            *data.pointer_mut(pointer).expect("there") = value;
            let error = Request::read(data).expect_err(pointer);
            assert_eq!((error.code().as_str(), &error.details()["path"]), ("invalid_input", &json!(path)));
        }
        let mut many = good();
        many["criteria"] = (0..=MAX_CRITERIA).map(|_| good()["criteria"][0].clone()).collect();
        assert_eq!(Request::read(many).expect_err("too many").code().as_str(), "limit_exceeded");
    }

    #[test]
    fn scores_within_the_mark() {
        let scores = |max_mark: f64, levels: &[f64]| {
            let levels: Vec<Value> =
                levels.iter().map(|score| json!({"score": score, "definition": "…"})).collect();
            let data = json!({"id": "a", "title": "A", "max_mark": max_mark, "levels": levels});
            serde_json::from_value::<Criterion>(data).expect("a criterion").scores()
        };
        assert_eq!(scores(2.0, &[]), [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(scores(1.25, &[]), [0.0, 0.5, 1.0, 1.25]);
        assert_eq!(scores(10.0, &[10.0, 0.0, 4.0, 11.0, 4.0]), [0.0, 4.0, 10.0]);
        assert_eq!(scores(0.0, &[]), [0.0]);
        assert!(scores(1e6, &[]).len() < 210);
    }
}
