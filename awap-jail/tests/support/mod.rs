//! What the tests share: model files in a temporary folder, requests, and whether an answer fits the contract.
#![allow(dead_code, unreachable_pub, clippy::expect_used, reason = "each test uses its part")]

pub mod gguf;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use awap_core::{Deadline, Error};
use awap_jail::{Options, Service};
use awap_wire::Handler;
use serde_json::{Value, json};
use tempfile::TempDir;

use gguf::Recipe;

pub const TEXT: &str = "A linear search looks at each item in turn until it finds the target. \
A binary search needs a sorted list, and halves it at every step. \
In conclusion I would use the binary search for long lists.";

/// A model file in a folder that is removed with this.
pub struct ModelFile {
    pub folder: TempDir,
    pub path: PathBuf,
}

impl ModelFile {
    pub fn of(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.gguf");
        fs::write(&path, bytes).expect("written");
        Self { folder, path }
    }

    pub fn make(recipe: &Recipe) -> Self {
        Self::of(&gguf::bytes(recipe))
    }

    /// Options under which time plays no part in what is answered.
    pub fn options(&self) -> Options {
        Options { prompt_tokens: Some(1_600), ..Options::new(self.folder.path()) }
    }
}

/// A service that is ready, or has refused its model.
pub fn service(options: Options) -> Service {
    let service = Service::start(options).expect("a thread");
    let end = Instant::now() + Duration::from_mins(2);
    while ping(&service)["status"] == "loading" {
        assert!(Instant::now() < end, "still loading");
        std::thread::sleep(Duration::from_millis(5));
    }
    service
}

pub fn ping(service: &Service) -> Value {
    service.handle("ping", json!({}), &Deadline::never()).expect("a ping is answered")
}

pub fn suggest(service: &Service, data: &Value) -> Result<Value, Error> {
    service.handle("suggest", data.clone(), &Deadline::after(Duration::from_mins(5)))
}

/// A request about `text`, with criteria of both kinds.
pub fn request(text: &str) -> Value {
    let engine = json!({"score": null, "level": null, "confidence": 0.2, "evidence": [], "missing": ["the cost of sorting"]});
    json!({
        "text": text,
        "questions": [],
        "criteria": [
            {"id": "search.how", "question": null, "title": "How the two searches work", "description": null, "max_mark": 6,
             "levels": [{"score": 0, "definition": "neither"}, {"score": 3, "definition": "one of them"},
                        {"score": 6, "definition": "both"}], "engine": engine},
            {"id": "a \"conclusion\"", "question": null, "title": "A conclusion", "description": "It follows.",
             "max_mark": 2.5, "levels": [], "engine": engine},
        ],
        "budget": {"max_tokens": 400, "time_ms": 120_000},
    })
}

/// That an answer fits the contract, whatever the model.
pub fn assert_fits(answer: &Value, request: &Value) {
    let text = request["text"].as_str().expect("a text");
    let criteria = request["criteria"].as_array().expect("criteria");
    let of = |id: &Value| {
        criteria.iter().find(|criterion| &criterion["id"] == id).expect("a criterion of the request")
    };
    let suggestions = answer["suggestions"].as_object().expect("suggestions");
    assert_eq!(suggestions.keys().collect::<Vec<_>>(), ["comments", "scores"]);
    for comment in suggestions["comments"].as_array().expect("a list") {
        assert_eq!(comment.as_object().expect("an object").len(), 4, "{comment}");
        of(&comment["criterion"]);
        assert!(["strength", "improvement"].contains(&comment["kind"].as_str().expect("a kind")));
        let words = comment["text"].as_str().expect("a text");
        assert!(
            !words.trim().is_empty() && words.len() < 500 && !words.contains(char::is_control),
            "{words:?}"
        );
        let quote = comment["quote"].as_str().expect("a quote");
        assert!(!quote.trim().is_empty() && text.contains(quote) && quote.len() < 500, "{quote:?}");
    }
    for score in suggestions["scores"].as_array().expect("a list") {
        let criterion = of(&score["criterion"]);
        let value = score["score"].as_f64().expect("a number");
        assert!((0.0..=criterion["max_mark"].as_f64().expect("a mark")).contains(&value));
        let levels = criterion["levels"].as_array().expect("levels");
        assert!(
            levels.is_empty() || levels.iter().any(|level| level["score"].as_f64() == Some(value)),
            "{value}"
        );
    }
    let usage = &answer["usage"];
    assert!(["stop", "length", "time"].contains(&usage["finish"].as_str().expect("a finish")));
    assert!(usage["completion_tokens"].as_u64() <= request["budget"]["max_tokens"].as_u64());
    assert!(
        usage["prompt_tokens"].is_u64()
            && usage["milliseconds"].is_u64()
            && usage["text_truncated"].is_boolean()
    );
}

/// What an answer says, less how long it took.
pub fn said(mut answer: Value) -> Value {
    answer["usage"]["milliseconds"] = Value::Null;
    answer
}
