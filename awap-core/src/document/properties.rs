//! Metadata as a part: one value a block, its key as the block's label.

use super::build::{PartBuilder, Shape};
use super::xml::{Node, Xml};
use super::{BlockKind, Part, PartKind};
use crate::{Limits, Result};

/// The most metadata that is kept; a forged file may hold any number.
const MOST: usize = 10_000;

/// Metadata in the order it was met.
#[derive(Debug, Default)]
pub(super) struct Properties(Vec<(String, String)>);

impl Properties {
    /// Adds a value; an empty one, or one that is there under the same key, is not worth keeping.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        let value = value.trim();
        if !value.is_empty()
            && self.0.len() < MOST
            && !self.0.iter().rev().take(100).any(|(k, v)| k == key && v == value)
        {
            self.0.push((key.trim().to_owned(), value.to_owned()));
        }
    }

    /// The part `properties`.
    pub(super) fn finish(self, limits: &Limits) -> Result<Part> {
        let mut builder = PartBuilder::new("properties", PartKind::Property, limits);
        for (key, value) in self.0 {
            builder.line(&value, Shape::of(BlockKind::Property).label(key));
        }
        builder.finish()
    }
}

/// Reads a flat file of properties (`docProps/core.xml`, `docProps/app.xml`): the name of an element is the key.
pub(super) fn read_core(out: &mut Properties, mut xml: Xml<'_, '_>) -> Result<()> {
    let mut open: Vec<(&str, String)> = Vec::new();
    loop {
        match xml.next()? {
            Node::Start(e) => open.push((e.local, String::new())),
            Node::Text(text) => {
                if let Some((_, value)) = open.last_mut() {
                    value.push_str(&text);
                }
            }
            Node::End(..) => {
                if let Some((mut key, value)) = open.pop() {
                    // A list of titles: the items are called `lpstr`, their list says what they are.
                    if key.starts_with("lp") || key == "i4" {
                        key = open
                            .iter()
                            .rev()
                            .map(|(key, _)| *key)
                            .find(|key| !matches!(*key, "vector" | "variant"))
                            .unwrap_or(key);
                    }
                    // Counts and switches say nothing that a reader or a check for names could use.
                    let is_count =
                        value.bytes().all(|b| b.is_ascii_digit()) || matches!(&*value, "true" | "false");
                    if !is_count {
                        out.add(key, &value);
                    }
                }
            }
            Node::Eof => return Ok(()),
        }
    }
}

/// Reads `docProps/custom.xml`: the key is an attribute.
pub(super) fn read_custom(out: &mut Properties, mut xml: Xml<'_, '_>) -> Result<()> {
    loop {
        match xml.next()? {
            Node::Start(e) if e.local == "property" => {
                let key = e.attr("name").unwrap_or_default().into_owned();
                let value = xml.text()?;
                out.add(&key, &value);
            }
            Node::Eof => return Ok(()),
            _ => {}
        }
    }
}
