//! Values into terms: maps with string keys, lists, binaries, numbers, `true`, `false`, `nil`.
//!
//! As in `decode`, the walk keeps its own stack.

use rustler::{Encoder, Env, NewBinary, Term};
use serde_json::Value;

use crate::atoms;

/// Writes `value`, which is dropped as it is written.
pub(crate) fn term(env: Env<'_>, value: Value) -> Term<'_> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut ready = begin(env, value, &mut open);
    loop {
        let Some(top) = open.last_mut() else { return ready.unwrap_or_else(|| atoms::nil().encode(env)) };
        if let Some(term) = ready.take() {
            top.put(term);
        }
        ready = match top.next(env) {
            Some(value) => begin(env, value, &mut open),
            None => open.pop().map(|open| open.close(env)),
        };
    }
}

enum Open<'a> {
    List { rest: std::vec::IntoIter<Value>, terms: Vec<Term<'a>> },
    Map { rest: serde_json::map::IntoIter, keys: Vec<Term<'a>>, terms: Vec<Term<'a>> },
}

/// The term of a value, or none where the value was opened and its content comes first.
fn begin<'a>(env: Env<'a>, value: Value, open: &mut Vec<Open<'a>>) -> Option<Term<'a>> {
    Some(match value {
        Value::Null => atoms::nil().encode(env),
        Value::Bool(value) => value.encode(env),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(small), _) => small.encode(env),
            (None, Some(small)) => small.encode(env),
            // Every other number is a float, and finite.
            (None, None) => number.as_f64().unwrap_or_default().encode(env),
        },
        Value::String(text) => string(env, &text),
        Value::Array(items) => {
            let terms = Vec::with_capacity(items.len());
            open.push(Open::List { rest: items.into_iter(), terms });
            return None;
        }
        Value::Object(map) => {
            let (keys, terms) = (Vec::with_capacity(map.len()), Vec::with_capacity(map.len()));
            open.push(Open::Map { rest: map.into_iter(), keys, terms });
            return None;
        }
    })
}

fn string<'a>(env: Env<'a>, text: &str) -> Term<'a> {
    NewBinary::from_slice(env, text.as_bytes()).into()
}

impl<'a> Open<'a> {
    fn put(&mut self, term: Term<'a>) {
        match self {
            Self::List { terms, .. } | Self::Map { terms, .. } => terms.push(term),
        }
    }

    fn next(&mut self, env: Env<'a>) -> Option<Value> {
        match self {
            Self::List { rest, .. } => rest.next(),
            Self::Map { rest, keys, .. } => {
                let (key, value) = rest.next()?;
                keys.push(string(env, &key));
                Some(value)
            }
        }
    }

    fn close(self, env: Env<'a>) -> Term<'a> {
        match self {
            Self::List { terms, .. } => terms.encode(env),
            // It fails only on a key that is there twice, which a JSON object does not have.
            Self::Map { keys, terms, .. } => {
                Term::map_from_term_arrays(env, &keys, &terms).unwrap_or_else(|_| atoms::nil().encode(env))
            }
        }
    }
}
