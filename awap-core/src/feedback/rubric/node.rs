//! A JSON value that knows its path, so that every fault of a rubric can be named by place.

use serde_json::Value;

use crate::{Error, Result};

/// A value somewhere in a rubric.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    /// The top of the rubric.
    pub(crate) fn root(value: &'a Value, path: &str) -> Self {
        Self { value, path: path.to_owned() }
    }

    /// Where this value stands (`rubric.questions[1].max_mark`).
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The value as it came.
    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// An error that names this place.
    pub(crate) fn fault(&self, message: impl Into<String>) -> Error {
        Error::invalid_input(&self.path, message)
    }

    fn wrong_type(&self, wanted: &str) -> Error {
        self.fault(format!("“{}” must be {wanted}.", self.path))
    }

    /// The field `key` of an object; none where it is absent or null.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Node<'a>>> {
        let map = self.value.as_object().ok_or_else(|| self.wrong_type("an object"))?;
        Ok(map.get(key).filter(|v| !v.is_null()).map(|value| self.child(key, value)))
    }

    /// The field `key`, which must be there.
    pub(crate) fn required(&self, key: &str) -> Result<Node<'a>> {
        self.get(key)?.ok_or_else(|| {
            let path = format!("{}.{key}", self.path);
            Error::invalid_input(&path, format!("“{path}” is missing."))
        })
    }

    fn child(&self, key: &str, value: &'a Value) -> Node<'a> {
        Node { value, path: format!("{}.{key}", self.path) }
    }

    /// Refuses fields other than `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<()> {
        let map = self.value.as_object().ok_or_else(|| self.wrong_type("an object"))?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let child = self.child(key, self.value);
                Err(child.fault(format!("A rubric has no field of this name here ({}).", known.join(", "))))
            }
        }
    }

    /// The members of an object, sorted by key.
    pub(crate) fn members(&self) -> Result<Vec<(&'a str, Node<'a>)>> {
        let map = self.value.as_object().ok_or_else(|| self.wrong_type("an object"))?;
        let mut members: Vec<_> = map.iter().map(|(k, v)| (k.as_str(), self.child(k, v))).collect();
        members.sort_by_key(|(k, _)| *k);
        Ok(members)
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Result<Vec<Node<'a>>> {
        let list = self.value.as_array().ok_or_else(|| self.wrong_type("a list"))?;
        let item = |(i, value)| Node { value, path: format!("{}[{i}]", self.path) };
        Ok(list.iter().enumerate().map(item).collect())
    }

    /// A string.
    pub(crate) fn string(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong_type("a string"))
    }

    /// A string with something in it.
    pub(crate) fn text(&self) -> Result<&'a str> {
        let text = self.string()?.trim();
        if text.is_empty() { Err(self.fault(format!("“{}” is empty.", self.path))) } else { Ok(text) }
    }

    /// A list of strings, each with something in it.
    pub(crate) fn texts(&self) -> Result<Vec<Node<'a>>> {
        let list = self.list()?;
        for item in &list {
            item.text()?;
        }
        Ok(list)
    }

    /// A finite number.
    pub(crate) fn number(&self) -> Result<f64> {
        self.value.as_f64().filter(|n| n.is_finite()).ok_or_else(|| self.wrong_type("a number"))
    }

    /// A number from `min` to `max`, both inclusive.
    pub(crate) fn number_within(&self, min: f64, max: f64) -> Result<f64> {
        let n = self.number()?;
        if (min..=max).contains(&n) {
            return Ok(n);
        }
        let bounds = if max < 1e9 { format!("from {min} to {max}") } else { format!("at least {min}") };
        Err(self.fault(format!("“{}” must be {bounds}.", self.path)))
    }

    /// A whole number from `min` up.
    pub(crate) fn count(&self, min: u64) -> Result<u64> {
        self.value
            .as_u64()
            .filter(|n| *n >= min)
            .ok_or_else(|| self.fault(format!("“{}” must be a whole number of at least {min}.", self.path)))
    }

    /// True or false.
    pub(crate) fn boolean(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    /// One of `choices`.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T> {
        let name = self.string()?;
        choices.iter().find(|(n, _)| *n == name).map(|(_, t)| *t).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(n, _)| *n).collect();
            self.fault(format!("“{}” must be one of {}.", self.path, names.join(", ")))
        })
    }

    /// `read` applied to the field `key`, or `default` where it is absent.
    pub(crate) fn or<T>(
        &self,
        key: &str,
        default: T,
        read: impl FnOnce(&Node<'a>) -> Result<T>,
    ) -> Result<T> {
        self.get(key)?.map_or(Ok(default), |node| read(&node))
    }

    /// `read` applied to the field `key`, or none where it is absent.
    pub(crate) fn maybe<T>(&self, key: &str, read: impl FnOnce(&Node<'a>) -> Result<T>) -> Result<Option<T>> {
        self.get(key)?.map(|node| read(&node)).transpose()
    }
}
