//! Terms into values: what JSON can hold, within the limits the Port has.
//!
//! The walk keeps its own stack, so that no nesting can overflow the scheduler's.

use std::fmt::Write as _;

use awap_core::protocol::Budget;
use awap_core::{Error, ErrorCode, Limits, Result};
use rustler::{Binary, MapIterator, Term, TermType};
use serde_json::{Map, Value};

use crate::integer;

/// Reads `term`: maps with string or atom keys, lists, UTF-8 binaries, atoms, numbers.
///
/// `nil` and `:null` are null, `true` and `false` are themselves, other atoms are strings. An integer past 64 bits
/// becomes a float, as it would on its way through JSON. Where a map has both `:key` and `"key"`, the string's counts.
pub(crate) fn value(term: Term<'_>, limits: &Limits) -> Result<Value> {
    let mut walk =
        Walk { budget: Budget::new(limits), bytes: limits.request_bytes, limits, open: Vec::new() };
    let mut ready = walk.begin(term)?;
    loop {
        let Some(top) = walk.open.last_mut() else { return Ok(ready.unwrap_or_default()) };
        if let Some(value) = ready.take() {
            top.put(value);
        }
        ready = match top.next() {
            Next::Term(term) => walk.begin(term)?,
            Next::End => walk.open.pop().map(Open::close),
            Next::Improper => return Err(walk.refuse("is an improper list")),
        };
    }
}

struct Walk<'a, 'b> {
    budget: Budget,
    /// Bytes of strings that may still come.
    bytes: usize,
    limits: &'b Limits,
    /// The lists and maps around the place where the walk is.
    open: Vec<Open<'a>>,
}

enum Open<'a> {
    List { rest: Term<'a>, items: Vec<Value> },
    Map { rest: std::vec::IntoIter<(String, Term<'a>)>, key: String, map: Map<String, Value> },
}

enum Next<'a> {
    Term(Term<'a>),
    End,
    Improper,
}

impl<'a> Open<'a> {
    fn put(&mut self, value: Value) {
        match self {
            Self::List { items, .. } => items.push(value),
            Self::Map { key, map, .. } => {
                map.insert(std::mem::take(key), value);
            }
        }
    }

    fn next(&mut self) -> Next<'a> {
        match self {
            Self::List { rest, .. } => match rest.list_get_cell() {
                Ok((head, tail)) => {
                    *rest = tail;
                    Next::Term(head)
                }
                Err(_) if rest.is_empty_list() => Next::End,
                Err(_) => Next::Improper,
            },
            Self::Map { rest, key, .. } => match rest.next() {
                Some((name, term)) => {
                    *key = name;
                    Next::Term(term)
                }
                None => Next::End,
            },
        }
    }

    fn close(self) -> Value {
        match self {
            Self::List { items, .. } => Value::Array(items),
            Self::Map { map, .. } => Value::Object(map),
        }
    }
}

impl<'a> Walk<'a, '_> {
    /// The value of a term, or none where the term was opened and its content comes first.
    fn begin(&mut self, term: Term<'a>) -> Result<Option<Value>> {
        self.budget.spend().map_err(|error| *error)?;
        let value = match term.get_type() {
            TermType::Map => {
                self.budget.enter(self.open.len()).map_err(|error| *error)?;
                let entries = self.entries(term)?;
                self.open.push(Open::Map { rest: entries.into_iter(), key: String::new(), map: Map::new() });
                return Ok(None);
            }
            TermType::List => {
                self.budget.enter(self.open.len()).map_err(|error| *error)?;
                self.open.push(Open::List { rest: term, items: Vec::new() });
                return Ok(None);
            }
            TermType::Binary => Value::String(self.string(term, "is not UTF-8 text")?),
            TermType::Atom => {
                let name = self.atom(term)?;
                match name.as_str() {
                    "nil" | "null" => Value::Null,
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    _ => Value::String(name),
                }
            }
            TermType::Integer => integer(term)?,
            TermType::Float => term.decode::<f64>().map_err(|_| self.refuse("is no number"))?.into(),
            TermType::Tuple => return Err(self.refuse("is a tuple")),
            TermType::Fun => return Err(self.refuse("is a function")),
            TermType::Pid | TermType::Port | TermType::Ref => {
                return Err(self.refuse("is a pid, a port or a reference"));
            }
            TermType::Unknown => return Err(self.refuse("is a bitstring or a term unknown to JSON")),
        };
        Ok(Some(value))
    }

    /// The entries of a map by name, each name once.
    fn entries(&mut self, term: Term<'a>) -> Result<Vec<(String, Term<'a>)>> {
        let mut entries = Vec::new();
        let mut atoms = 0;
        for (key, value) in MapIterator::new(term).into_iter().flatten() {
            let name = match key.get_type() {
                TermType::Binary => self.string(key, "has a key that is not UTF-8 text")?,
                TermType::Atom => {
                    atoms += 1;
                    self.atom(key)?
                }
                _ => return Err(self.refuse("has a key that is neither a string nor an atom")),
            };
            entries.push((name, value));
        }
        // Of two entries of one name, whichever the map's order has last, the string's counts.
        if atoms > 0 && atoms < entries.len() {
            for (name, value) in &mut entries {
                if let Ok(of_string) = term.map_get(name.as_str()) {
                    *value = of_string;
                }
            }
        }
        Ok(entries)
    }

    fn string(&mut self, term: Term<'a>, fault: &str) -> Result<String> {
        let bytes = Binary::from_term(term).map_err(|_| self.refuse(fault))?;
        let bytes = bytes.as_slice();
        self.spend_bytes(bytes.len())?;
        std::str::from_utf8(bytes).map(ToOwned::to_owned).map_err(|_| self.refuse(fault))
    }

    fn atom(&mut self, term: Term<'a>) -> Result<String> {
        let name = term.atom_to_string().map_err(|_| self.refuse("is an atom that cannot be read"))?;
        self.spend_bytes(name.len())?;
        Ok(name)
    }

    fn spend_bytes(&mut self, bytes: usize) -> Result<()> {
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or_else(|| Limits::exceeded("request_bytes", self.limits.request_bytes))?;
        Ok(())
    }

    /// An error at the place where the walk is.
    fn refuse(&self, fault: &str) -> Error {
        let path = self.path();
        let place = if path.is_empty() { "The data".to_owned() } else { format!("“{path}”") };
        Error::invalid_input(
            &path,
            format!(
                "{place} {fault}; a request holds maps, lists, UTF-8 strings, numbers, booleans and nil."
            ),
        )
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match open {
                Open::List { items, .. } => {
                    let _ = write!(path, "[{}]", items.len());
                }
                Open::Map { key, .. } => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(printable(key));
                }
            }
        }
        path
    }
}

fn integer(term: Term<'_>) -> Result<Value> {
    if let Ok(small) = term.decode::<i64>() {
        return Ok(small.into());
    }
    if let Ok(small) = term.decode::<u64>() {
        return Ok(small.into());
    }
    integer::big_as_f64(term.to_binary().as_slice()).map(Value::from).ok_or_else(|| {
        // What the Port says of such a number, which JSON could carry.
        Error::new(ErrorCode::InvalidRequest, "This request holds a number past the range of a 64-bit float.")
    })
}

/// A key as it may stand in a message: one that may be more than a field's name is not repeated.
fn printable(key: &str) -> &str {
    let name = key.len() <= 64 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if name { key } else { "*" }
}
