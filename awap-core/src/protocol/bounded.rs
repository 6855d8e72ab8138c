//! JSON into a [`Value`] within bounds on its depth and on the number of values in it.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{Error, Limits};

/// What one request may still spend: a few bytes of JSON can ask for many times their memory (`[[],[],[]…`), and
/// nesting for any depth of stack. Port and NIF count alike, so that both refuse the same input.
#[derive(Debug)]
pub struct Budget {
    depth: usize,
    values: usize,
    left: usize,
    exceeded: Option<Error>,
}

impl Budget {
    /// The whole of what `limits` allow.
    pub fn new(limits: &Limits) -> Self {
        Self { depth: limits.depth, values: limits.values, left: limits.values, exceeded: None }
    }

    /// Counts one value.
    pub fn spend(&mut self) -> Result<(), Box<Error>> {
        if self.left == 0 {
            return Err(Box::new(self.exceed("values", self.values)));
        }
        self.left -= 1;
        Ok(())
    }

    /// Allows a list or an object that lies within `depth` others, the data of a request being within none.
    pub fn enter(&mut self, depth: usize) -> Result<(), Box<Error>> {
        if depth < self.depth {
            return Ok(());
        }
        Err(Box::new(self.exceed("depth", self.depth)))
    }

    fn exceed(&mut self, limit: &'static str, allowed: usize) -> Error {
        self.exceeded.insert(Limits::exceeded(limit, allowed)).clone()
    }

    /// Takes back what was spent since `left` was looked at.
    pub(super) fn refund(&mut self, left: usize) {
        self.left = left;
    }

    /// Values that may still come.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// The limit that was passed, if one was.
    pub(super) fn exceeded(self) -> Option<Error> {
        self.exceeded
    }
}

/// Reads one value that lies within `depth` lists and objects.
pub(super) struct Bounded<'a> {
    pub(super) budget: &'a mut Budget,
    pub(super) depth: usize,
}

impl Bounded<'_> {
    fn inner(&mut self) -> Bounded<'_> {
        Bounded { budget: self.budget, depth: self.depth + 1 }
    }

    /// The error itself travels in the budget: serde's would lose its code.
    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.budget.enter(self.depth).map_err(|_| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.budget.spend().map_err(|_| de::Error::custom("too much"))?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut from: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut list = Vec::new();
        while let Some(value) = from.next_element_seed(self.inner())? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut from: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut map = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            let value = from.next_value_seed(self.inner())?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}
