//! The rubric: read from JSON or YAML, in the full or the simple form, checked, and ready to mark with.

mod full;
mod general;
mod node;
mod penalties;
mod simple;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::criteria::Kind;
use crate::{Error, Result};

pub(crate) use node::Node;
pub(crate) use penalties::{Counted, LateMode, OverLength, OverMode, Penalties};

/// A rubric that holds together.
#[derive(Debug)]
pub(crate) struct Rubric {
    /// Where it came from: `awap:rubric/1`, `simple`, `general`.
    pub(crate) form: &'static str,
    /// Its own name.
    pub(crate) id: String,
    /// The most that can be earned; the questions' maxima add up to it.
    pub(crate) max_mark: f64,
    /// Descending; a mark's band is the first whose minimum it reaches.
    pub(crate) bands: Vec<Band>,
    /// What is done to the final mark.
    pub(crate) rounding: Rounding,
    /// Marks taken off the whole.
    pub(crate) penalties: Penalties,
    /// Words that the student's feedback may have.
    pub(crate) max_words: usize,
    /// Whether the comments keep to a tone profile.
    pub(crate) keeps_tone: bool,
    /// Its questions, in order.
    pub(crate) questions: Vec<RubricQuestion>,
    /// Errors that cost marks wherever the text makes them.
    pub(crate) errors: Vec<CommonError>,
    /// What earns marks beyond the criteria.
    pub(crate) bonuses: Vec<Bonus>,
    /// SHA-256 of the canonical JSON of the rubric as it came, in hexadecimal.
    pub(crate) sha256: String,
}

/// A named stretch of marks.
#[derive(Debug, Clone)]
pub(crate) struct Band {
    /// As the student reads it.
    pub(crate) name: String,
    /// The least percentage in it.
    pub(crate) min: f64,
}

/// What is done to the final mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// Nothing.
    None,
    /// To a whole number, halves upwards.
    HalfUpInt,
    /// To a half, quarters upwards.
    HalfUpHalf,
}

impl Rounding {
    /// Rounds a mark that is not negative.
    pub(crate) fn apply(self, mark: f64) -> f64 {
        // Sums of decimal fractions miss a half by a hair; a marker's half is a half.
        let mark = tidy(mark);
        match self {
            Self::None => mark,
            Self::HalfUpInt => (mark + 0.5).floor(),
            Self::HalfUpHalf => (mark * 2.0 + 0.5).floor() / 2.0,
        }
    }
}

/// A mark without the dust of binary fractions: four decimals.
pub(crate) fn tidy(mark: f64) -> f64 {
    let tidy = (mark * 10_000.0).round() / 10_000.0;
    if tidy == 0.0 { 0.0 } else { tidy }
}

/// One question of the rubric.
#[derive(Debug)]
pub(crate) struct RubricQuestion {
    /// Normalised: `1`, `1(a)`.
    pub(crate) id: String,
    /// Its maximum; the criteria's maxima add up to it.
    pub(crate) max_mark: f64,
    /// The question as the student was asked it.
    pub(crate) prompt: String,
    /// Its criteria, in order.
    pub(crate) criteria: Vec<Criterion>,
}

/// One criterion.
#[derive(Debug)]
pub(crate) struct Criterion {
    /// What all kinds share.
    pub(crate) head: Head,
    /// How it is marked.
    pub(crate) kind: Box<dyn Kind>,
}

/// What criteria of all kinds share.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// Unique in the rubric.
    pub(crate) id: String,
    /// As the student reads it.
    pub(crate) title: String,
    /// What is looked for, in the rubric's words.
    pub(crate) description: String,
    /// The most that can be earned.
    pub(crate) max_mark: f64,
    /// By score, ascending; may be empty.
    pub(crate) levels: Vec<Level>,
    /// Whether only the levels' own scores may be given (Moodle's rubric method).
    pub(crate) by_level: bool,
    /// The tutor's own comments: band of the score (`high`, `mid`, `low`, or a level) and comments for it.
    pub(crate) comments: Vec<(String, Vec<String>)>,
}

/// A level of a criterion.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// Marks for it.
    pub(crate) score: f64,
    /// What it takes.
    pub(crate) definition: String,
}

/// An error that costs marks where the text makes it.
#[derive(Debug)]
pub(crate) struct CommonError {
    /// The error in the rubric's words.
    pub(crate) text: String,
    /// Its content words; one sentence that has most of them, undenied, makes the error.
    pub(crate) words: Vec<String>,
    /// Marks taken off, once.
    pub(crate) penalty: f64,
}

/// What earns marks beyond the criteria.
#[derive(Debug)]
pub(crate) struct Bonus {
    /// What for, in the rubric's words.
    pub(crate) text: String,
    /// Content words before “such as”.
    pub(crate) head: Vec<String>,
    /// Examples after “such as”, any of which will do.
    pub(crate) examples: Vec<String>,
    /// Marks.
    pub(crate) points: f64,
}

/// The Open University's bands.
pub(crate) fn default_bands() -> Vec<Band> {
    [
        ("Pass 1", 85.0),
        ("Pass 2", 70.0),
        ("Pass 3", 55.0),
        ("Pass 4", 40.0),
        ("Bare fail", 30.0),
        ("Fail", 0.0),
    ]
    .map(|(name, min)| Band { name: name.to_owned(), min })
    .into()
}

impl Rubric {
    /// Reads a rubric: a JSON value, or a string that holds JSON or YAML; without one, the general rubric.
    pub(crate) fn load(value: Option<&Value>) -> Result<Self> {
        let parsed;
        let value = match value {
            None | Some(Value::Null) => return general::rubric(),
            Some(Value::String(text)) => {
                parsed = parse(text)?;
                &parsed
            }
            Some(value) => value,
        };
        let root = Node::root(value, "rubric");
        let simple = |v: &Value| v.get("criteria").is_some() || v.get("question_id").is_some();
        let mut rubric = match value {
            Value::Array(items) if !items.is_empty() && items.iter().all(simple) => {
                simple::load(&root.list()?)?
            }
            Value::Object(map) if !map.contains_key("schema") && simple(value) => {
                simple::load(std::slice::from_ref(&root))?
            }
            Value::Object(_) => full::load(&root)?,
            _ => return Err(root.fault("A rubric is an object, or a string that holds one as JSON or YAML.")),
        };
        rubric.sha256 = sha256(&canonical(value));
        Ok(rubric)
    }

    /// The band of a percentage.
    pub(crate) fn band(&self, percentage: f64) -> Option<&Band> {
        // Boundaries that were given in marks are percentages to four decimals: both sides are rounded alike.
        let percentage = tidy(percentage);
        self.bands.iter().find(|band| percentage >= band.min)
    }
}

/// JSON is YAML, so one reader serves both.
fn parse(text: &str) -> Result<Value> {
    let fault = |at: Option<(usize, usize)>| {
        let place = at.map_or(String::new(), |(line, column)| format!(" (line {line}, column {column})"));
        Error::invalid_input(
            "rubric",
            format!("The rubric is neither JSON nor YAML that can be read{place}."),
        )
    };
    let value = if text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(text).map_err(|e| fault(Some((e.line(), e.column()))))?
    } else {
        serde_norway::from_str(text).map_err(|e| fault(e.location().map(|l| (l.line(), l.column()))))?
    };
    match value {
        Value::Object(_) | Value::Array(_) => Ok(value),
        _ => Err(fault(None)),
    }
}

/// JSON with the keys of every object in order and no white space, whatever the map behind it keeps.
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    // Writing cannot fail here: memory takes any bytes, and strings and numbers can be written.
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(k, _)| k.as_str());
            out.push(b'{');
            for (i, (key, value)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                let _ = serde_json::to_writer(&mut *out, key);
                out.push(b':');
                write_canonical(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, value) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_canonical(value, out);
            }
            out.push(b']');
        }
        other => {
            let _ = serde_json::to_writer(out, other);
        }
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A question's number as the parser gives it: `Q1a`, `Question 1 (a)` and `1.a` are `1(a)`.
pub(crate) fn normal_question_id(raw: &str) -> String {
    let lower = raw.trim().to_lowercase();
    let mut parts: Vec<String> = Vec::new();
    let mut last: Option<bool> = None;
    for c in lower.chars() {
        let digit = if c.is_ascii_digit() {
            true
        } else if c.is_alphanumeric() {
            false
        } else {
            last = None;
            continue;
        };
        match parts.last_mut() {
            Some(part) if last == Some(digit) => part.push(c),
            _ => parts.push(c.to_string()),
        }
        last = Some(digit);
    }
    if parts.len() > 1 && matches!(parts[0].as_str(), "question" | "q" | "part" | "task" | "exercise") {
        parts.remove(0);
    }
    let Some((first, rest)) = parts.split_first() else { return lower };
    if !first.chars().all(|c| c.is_ascii_digit()) {
        return lower;
    }
    rest.iter().fold(first.clone(), |id, part| format!("{id}({part})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_ids_are_normalised() {
        for (raw, want) in [
            ("1", "1"),
            ("1(a)", "1(a)"),
            ("Q1a", "1(a)"),
            ("Question 1 (a)", "1(a)"),
            ("2(b)(ii)", "2(b)(ii)"),
            ("2b ii", "2(b)(ii)"),
            ("1.2", "1(2)"),
            ("Essay", "essay"),
            ("", ""),
        ] {
            assert_eq!(normal_question_id(raw), want, "{raw:?}");
        }
    }

    #[test]
    fn rounding_is_half_up() {
        for (rounding, mark, want) in [
            (Rounding::HalfUpInt, 54.5, 55.0),
            (Rounding::HalfUpInt, 54.49, 54.0),
            (Rounding::HalfUpInt, 0.1 + 0.2 + 54.2, 55.0),
            (Rounding::HalfUpHalf, 54.25, 54.5),
            (Rounding::HalfUpHalf, 54.24, 54.0),
            (Rounding::None, 54.25, 54.25),
        ] {
            assert!((rounding.apply(mark) - want).abs() < 1e-9, "{rounding:?} {mark}");
        }
    }

    #[test]
    fn the_order_of_keys_does_not_change_the_rubric() {
        let a: Value = serde_json::from_str(r#"{"b":[1,{"d":2,"c":"ü"}],"a":null}"#).unwrap();
        assert_eq!(canonical(&a), r#"{"a":null,"b":[1,{"c":"ü","d":2}]}"#.as_bytes());
    }
}
