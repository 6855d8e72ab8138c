//! Values into types and back, with errors that name the place of a fault and never its content.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{Error, ErrorCode, Result};

/// Reads `value`, found at the path `at`, as a `T`; `sentence` (without its full stop) begins the message where the
/// fault has no place of its own.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value, at: &str, sentence: &str) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let inner = if inner == "." { "" } else { &inner };
        let dot = if at.is_empty() || inner.is_empty() || inner.starts_with('[') { "" } else { "." };
        let path = format!("{at}{dot}{inner}");
        let message = error.inner().to_string();
        if let Some(field) = missing_field(&message) {
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}{field}");
            return Error::invalid_input(&path, format!("“{path}” is missing."));
        }
        let message = match expected(&message) {
            Some(expected) if !path.is_empty() => format!("“{path}” must be {expected}."),
            _ if path.is_empty() => format!("{sentence}."),
            _ => format!("{sentence}: “{path}” is wrong."),
        };
        Error::invalid_input(&path, message)
    })
}

/// The field in serde's “missing field `name`”: a name from our own types.
fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// What serde expected, in the words of JSON. What it found stands before and may be the student's: the last
/// “, expected ” begins what our own types say.
fn expected(message: &str) -> Option<String> {
    let (_, expected) = message.rsplit_once(", expected ")?;
    Some(match expected {
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "a boolean" => "true or false".to_owned(),
        number
            if number.starts_with(['u', 'i', 'f'])
                && number[1..].bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            "a number in range".to_owned()
        }
        variants if variants.contains('`') => variants.replace('`', ""),
        structure if structure.starts_with("struct ") => "an object".to_owned(),
        other => other.to_owned(),
    })
}

/// Writes a result as a value.
pub(crate) fn to_value<T: Serialize>(result: T) -> Result<Value> {
    serde_json::to_value(result)
        .map_err(|_| Error::new(ErrorCode::Internal, "A result could not be written as JSON."))
}

/// Reads `null` as a field that was not sent: hosts write what they do not have so.
pub(crate) fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Outer {
        inner: Vec<Inner>,
        #[serde(default)]
        flag: bool,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Inner {
        name: String,
        #[serde(default)]
        count: u32,
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        #[default]
        Plain,
        Fancy,
    }

    #[test]
    fn messages() {
        for (value, at, path, message) in [
            (json!(7), "", "", "It is not a thing."),
            (json!({}), "", "inner", "“inner” is missing."),
            (json!({}), "x", "x.inner", "“x.inner” is missing."),
            (json!({"inner": "a, expected b"}), "", "inner", "“inner” must be a list."),
            (json!({"inner": [{}]}), "x", "x.inner[0].name", "“x.inner[0].name” is missing."),
            (json!({"inner": ["secret"]}), "", "inner[0]", "“inner[0]” must be an object."),
            (
                json!({"inner": [{"name": "a", "count": -1}]}),
                "",
                "inner[0].count",
                "“inner[0].count” must be a number in range.",
            ),
            (
                json!({"inner": [{"name": "a", "kind": "secret"}]}),
                "",
                "inner[0].kind",
                "“inner[0].kind” must be plain or fancy.",
            ),
            (json!({"inner": [], "flag": "secret"}), "", "flag", "“flag” must be true or false."),
        ] {
            let error = from_value::<Outer>(value, at, "It is not a thing").expect_err("a fault");
            assert_eq!((error.details()["path"].as_str(), error.message()), (Some(path), message));
        }
    }
}
