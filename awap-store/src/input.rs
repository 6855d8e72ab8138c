//! Reading a command's data: each field by its type, each error with its path, no value ever repeated.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use uuid::Uuid;

use awap_core::{Error, Result};

use crate::Timestamp;
use crate::audit::Actor;

/// Characters of an id, a name or a word: what a database indexes well.
const ID_CHARS: usize = 255;
/// Characters of a sentence, such as an error message.
const SENTENCE_CHARS: usize = 4000;

/// An object from which fields are taken.
#[derive(Debug)]
pub(crate) struct Input {
    map: Map<String, Value>,
    at: String,
}

impl Input {
    pub(crate) fn new(data: Value) -> Result<Self> {
        match data {
            Value::Object(map) => Ok(Self { map, at: String::new() }),
            _ => Err(Error::invalid_input("", "The data of a command is an object.")),
        }
    }

    fn path(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    fn bad(&self, key: &str, must: &str) -> Error {
        let path = self.path(key);
        Error::invalid_input(&path, format!("“{path}” must be {must}."))
    }

    /// A field as it is; `None` where it is absent or null.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// Whether a field is given, if only as null.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// An error where a field was not taken: its name is wrong.
    pub(crate) fn nothing_more(&self) -> Result<()> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => {
                let path = self.path(key);
                Err(Error::invalid_input(&path, format!("“{path}” is not a field of this.")))
            }
        }
    }

    fn text(&mut self, key: &str, most: usize) -> Result<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.contains('\0') || text.chars().nth(most).is_some() => {
                Err(self.bad(key, &format!("at most {most} characters, none of them U+0000")))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.bad(key, "a string")),
        }
    }

    /// A short text that must be there and not be empty.
    pub(crate) fn id(&mut self, key: &str) -> Result<String> {
        let text = self.optional_id(key)?;
        text.ok_or_else(|| self.bad(key, "a string that is not empty"))
    }

    /// A short text; one that is empty counts as absent.
    pub(crate) fn optional_id(&mut self, key: &str) -> Result<Option<String>> {
        Ok(self.text(key, ID_CHARS)?.filter(|text| !text.is_empty()))
    }

    /// A sentence.
    pub(crate) fn sentence(&mut self, key: &str) -> Result<Option<String>> {
        self.text(key, SENTENCE_CHARS)
    }

    /// A text of any length that must be there.
    pub(crate) fn long_text(&mut self, key: &str) -> Result<String> {
        match self.take(key) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(self.bad(key, "a string")),
        }
    }

    /// One of a few words.
    pub(crate) fn word(&mut self, key: &str, words: &[&str]) -> Result<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(word)) if words.contains(&word.as_str()) => Ok(Some(word)),
            Some(_) => Err(self.bad(key, &format!("one of: {}", words.join(", ")))),
        }
    }

    /// A UUID that must be there.
    pub(crate) fn uuid(&mut self, key: &str) -> Result<Uuid> {
        self.optional_uuid(key)?.ok_or_else(|| self.bad(key, "a UUID"))
    }

    pub(crate) fn optional_uuid(&mut self, key: &str) -> Result<Option<Uuid>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let uuid = value.as_str().and_then(|text| Uuid::try_parse(text).ok());
        uuid.map(Some).ok_or_else(|| self.bad(key, "a UUID"))
    }

    pub(crate) fn integer(&mut self, key: &str, range: RangeInclusive<i64>) -> Result<Option<i64>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.as_i64() {
            Some(n) if range.contains(&n) => Ok(Some(n)),
            _ if *range.end() == i64::MAX => {
                Err(self.bad(key, &format!("a whole number, {} or more", range.start())))
            }
            _ => Err(self.bad(key, &format!("a whole number from {} to {}", range.start(), range.end()))),
        }
    }

    pub(crate) fn number(&mut self, key: &str, range: RangeInclusive<f64>) -> Result<Option<f64>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.as_f64() {
            Some(n) if range.contains(&n) => Ok(Some(n)),
            _ => Err(self.bad(key, &format!("a number from {} to {}", range.start(), range.end()))),
        }
    }

    pub(crate) fn boolean(&mut self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.bad(key, "true or false"))
    }

    pub(crate) fn time(&mut self, key: &str) -> Result<Option<Timestamp>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let time = value.as_str().and_then(Timestamp::parse);
        time.map(Some).ok_or_else(|| self.bad(key, "a time in RFC 3339 (2025-11-22T13:54:00Z)"))
    }

    pub(crate) fn strings(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        serde_json::from_value(value).map(Some).map_err(|_| self.bad(key, "a list of strings"))
    }

    /// An object; an empty one where it is absent.
    pub(crate) fn object(&mut self, key: &str) -> Result<Map<String, Value>> {
        match self.take(key) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(_) => Err(self.bad(key, "an object")),
        }
    }

    /// An object that must be there.
    pub(crate) fn required_object(&mut self, key: &str) -> Result<Map<String, Value>> {
        match self.take(key) {
            Some(Value::Object(map)) => Ok(map),
            _ => Err(self.bad(key, "an object")),
        }
    }

    /// The fields of an object within this one; none where it is absent.
    pub(crate) fn nested(&mut self, key: &str) -> Result<Self> {
        Ok(Self { map: self.object(key)?, at: self.path(key) })
    }

    /// The objects of a list; none where it is absent.
    pub(crate) fn list(&mut self, key: &str) -> Result<Vec<Self>> {
        let items = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.bad(key, "a list")),
        };
        let read = |(i, item)| {
            let item_key = format!("{key}[{i}]");
            match item {
                Value::Object(map) => Ok(Self { map, at: self.path(&item_key) }),
                _ => Err(self.bad(&item_key, "an object")),
            }
        };
        items.into_iter().enumerate().map(read).collect()
    }

    /// An error where a field is absent or null.
    pub(crate) fn required(&self, key: &str) -> Result<()> {
        if self.map.get(key).is_none_or(Value::is_null) {
            return Err(self.bad(key, "given"));
        }
        Ok(())
    }

    /// Who asks; `None` where nobody is named.
    pub(crate) fn optional_actor(&mut self) -> Result<Option<Actor>> {
        let given = self.map.get("actor").is_some_and(|actor| !actor.is_null());
        if given { self.actor().map(Some) } else { Ok(None) }
    }

    /// Who asks.
    pub(crate) fn actor(&mut self) -> Result<Actor> {
        let mut actor = self.nested("actor")?;
        Ok(Actor {
            id: actor.optional_id("id")?,
            kind: actor.word("type", &["api_key", "worker", "system", "user"])?,
            ip_address: actor.optional_id("ip_address")?,
            // A browser's own account of itself has no bound: its beginning is enough.
            user_agent: match actor.take("user_agent") {
                Some(Value::String(text)) => {
                    Some(text.chars().filter(|c| *c != '\0').take(ID_CHARS).collect())
                }
                _ => None,
            },
            request_id: actor.optional_id("request_id")?,
        })
    }
}
