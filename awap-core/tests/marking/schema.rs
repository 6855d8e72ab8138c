//! A check of JSON against the part of JSON Schema that our schemas use.
#![allow(dead_code)] // not every test crate needs it

use serde_json::Value;

/// The schema of feedback.
pub(crate) fn feedback_schema() -> Value {
    serde_json::from_str(include_str!("../../schema/feedback.schema.json")).unwrap()
}

/// Fails where `value` is not what `schema` says.
pub(crate) fn conforms(value: &Value, schema: &Value) {
    check(value, schema, schema, "");
}

fn check(value: &Value, schema: &Value, root: &Value, at: &str) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return check(value, root.pointer(target.trim_start_matches('#')).unwrap(), root, at);
    }
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("type {other}"),
    };
    match schema.get("type") {
        Some(Value::String(name)) => assert!(is(name), "{at} is not {name}: {value}"),
        Some(Value::Array(names)) => assert!(names.iter().any(|n| is(n.as_str().unwrap())), "{at}: {value}"),
        _ => {}
    }
    if let Some(wanted) = schema.get("const") {
        assert_eq!(value, wanted, "{at}");
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        assert!(choices.contains(value), "{at}: {value}");
    }
    for (key, below) in [("minimum", true), ("maximum", false)] {
        if let (Some(bound), Some(n)) = (schema.get(key).and_then(Value::as_f64), value.as_f64()) {
            assert!(if below { n >= bound } else { n <= bound }, "{at}: {n}");
        }
    }
    if let (Some(least), Some(text)) = (schema.get("minLength").and_then(Value::as_u64), value.as_str()) {
        assert!(text.chars().count() as u64 >= least, "{at}");
    }
    if let (Some(least), Some(items)) = (schema.get("minItems").and_then(Value::as_u64), value.as_array()) {
        assert!(items.len() as u64 >= least, "{at}");
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        list.iter().enumerate().for_each(|(i, v)| check(v, items, root, &format!("{at}[{i}]")));
    }
    let Some(map) = value.as_object() else { return };
    for key in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        assert!(map.contains_key(key.as_str().unwrap()), "{at} has no {key}");
    }
    for (key, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = map.get(key) {
            check(value, schema, root, &format!("{at}.{key}"));
        }
    }
}
