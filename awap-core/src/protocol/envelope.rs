//! The envelope: a request as it is read from the wire, a response as it is written.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::bounded::{Bounded, Budget};
use crate::{Error, ErrorCode, Limits, Result};

/// A request as it is read from the wire.
#[derive(Debug)]
pub struct Request {
    /// Comes back exactly as it was sent; `null` where none was.
    pub request_id: Box<RawValue>,
    /// Which verb.
    pub command: String,
    /// Its input; an empty object where none was sent.
    pub data: Value,
    /// The caller's own deadline for this request, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// A request that could not be read, with as much of its identity as could.
#[derive(Debug)]
pub struct BadRequest {
    /// The request's id, or `null`.
    pub request_id: Box<RawValue>,
    /// What is wrong with it.
    pub error: Error,
}

impl Request {
    /// Reads one envelope within the default [`Limits`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, Box<BadRequest>> {
        Self::from_json_within(bytes, &Limits::default())
    }

    /// Reads one envelope, `data` within `limits.depth` and `limits.values`.
    ///
    /// Errors are `limit_exceeded` where one of the two is passed, else `invalid_request`. They bring the request's
    /// id wherever the request is JSON at all, so that its caller does not wait for ever.
    pub fn from_json_within(bytes: &[u8], limits: &Limits) -> Result<Self, Box<BadRequest>> {
        let mut budget = Budget::new(limits);
        let fields = match read(bytes, Fields::new(Some(&mut budget))) {
            Ok(fields) => fields,
            Err(fault) => {
                let id = read(bytes, Fields::new(None)).ok().and_then(|fields| fields.request_id);
                let error = budget.exceeded().unwrap_or_else(|| not_json(&fault, id.is_some()));
                return Err(bad(id, error));
            }
        };
        let Some(request_id) = fields.request_id else {
            return Err(bad(None, invalid("“request_id” is missing.")));
        };
        let command = match fields.command {
            Some(Value::String(command)) => command,
            Some(_) => return Err(bad(Some(request_id), invalid("“command” must be a string."))),
            None => return Err(bad(Some(request_id), invalid("“command” is missing."))),
        };
        let timeout_ms = match fields.timeout_ms {
            None | Some(Value::Null) => None,
            Some(value) => {
                let Some(ms) = value.as_u64() else {
                    let error = invalid("“timeout_ms” must be a whole number of milliseconds.");
                    return Err(bad(Some(request_id), error));
                };
                Some(ms)
            }
        };
        let data = match data_object(fields.data.unwrap_or_default()) {
            Ok(data) => data,
            Err(error) => return Err(bad(Some(request_id), error)),
        };
        Ok(Self { request_id, command, data, timeout_ms })
    }
}

/// The data of a request: an object, which `null` stands for when it is empty.
pub fn data_object(data: Value) -> Result<Value> {
    match data {
        Value::Null => Ok(Value::Object(Map::new())),
        Value::Object(_) => Ok(data),
        _ => Err(invalid("“data” must be an object.")),
    }
}

#[allow(clippy::unnecessary_box_returns, reason = "what the callers return is boxed")]
fn bad(request_id: Option<Box<RawValue>>, error: Error) -> Box<BadRequest> {
    Box::new(BadRequest { request_id: request_id.unwrap_or_else(|| RawValue::NULL.to_owned()), error })
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::InvalidRequest, message)
}

/// Where reading stopped; the reader's own words may quote the input.
fn not_json(fault: &serde_json::Error, readable: bool) -> Error {
    let what = if readable {
        "This request holds text that is not UTF-8, or a number past the range of a 64-bit float"
    } else {
        "A request is one JSON object in UTF-8, and this is none"
    };
    let (line, column) = (fault.line(), fault.column());
    Error::new(ErrorCode::InvalidRequest, format!("{what} (line {line}, column {column})."))
        .with("line", line)
        .with("column", column)
}

fn read<'de>(bytes: &'de [u8], fields: Fields<'_>) -> serde_json::Result<Fields<'de>> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    // Our own budget bounds the depth of what is kept; what is not kept is passed over without recursion.
    from.disable_recursion_limit();
    let fields = from.deserialize_map(fields)?;
    from.end()?;
    Ok(fields)
}

/// The fields of the envelope; of a field sent twice, the last.
#[derive(Default)]
struct Fields<'a> {
    /// Its own bytes: a number of any size, a string with any escapes, comes back as it was.
    request_id: Option<Box<RawValue>>,
    command: Option<Value>,
    data: Option<Value>,
    timeout_ms: Option<Value>,
    /// For what is kept; without one, nothing but the id is.
    budget: Option<&'a mut Budget>,
}

impl<'a> Fields<'a> {
    fn new(budget: Option<&'a mut Budget>) -> Self {
        Self { budget, ..Self::default() }
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        let mut budget = self.budget;
        while let Some(key) = from.next_key_seed(Key)? {
            let field = match key.as_ref() {
                "request_id" => {
                    fields.request_id = Some(from.next_value::<&RawValue>()?.to_owned());
                    continue;
                }
                "command" => &mut fields.command,
                "data" => &mut fields.data,
                "timeout_ms" => &mut fields.timeout_ms,
                _ => {
                    from.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            match &mut budget {
                Some(budget) => {
                    let left = budget.left();
                    *field = Some(from.next_value_seed(Bounded { budget, depth: 0 })?);
                    // The envelope's own values are free: in the NIF there is no envelope, and the same data must pass.
                    if key != "data" {
                        budget.refund(left);
                    }
                }
                None => {
                    from.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

/// A key, borrowed where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(key))
            }
            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(key.to_owned()))
            }
        }
        from.deserialize_str(Text)
    }
}

/// Writes one response as JSON, without a line end.
pub fn response_json(request_id: &RawValue, result: &Result<Value>) -> Vec<u8> {
    #[derive(Serialize)]
    #[allow(clippy::struct_field_names, reason = "the names are the contract's")]
    struct Success<'a> {
        request_id: &'a RawValue,
        success: bool,
        data: &'a Value,
    }
    #[derive(Serialize)]
    struct Failure<'a> {
        request_id: &'a RawValue,
        success: bool,
        error: &'a Error,
    }
    match result {
        Ok(data) => serde_json::to_vec(&Success { request_id, success: true, data }),
        Err(error) => serde_json::to_vec(&Failure { request_id, success: false, error }),
    }
    .unwrap_or_else(|_| br#"{"request_id":null,"success":false,"error":{"code":"internal","message":"A response could not be written as JSON.","details":{}}}"#.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read_one(json: &str) -> Result<Request, (String, &'static str)> {
        let limits = Limits { depth: 3, values: 12, ..Limits::default() };
        Request::from_json_within(json.as_bytes(), &limits)
            .map_err(|bad| (bad.request_id.get().to_owned(), bad.error.code().as_str()))
    }

    #[test]
    fn what_is_read() {
        let request = read_one(
            r#"{"x":[[[[[[]]]]]],"data":{"a":[1,1.0,-1,1e2,18446744073709551615,"é\u00e9",null,true]},
                "command":"a\u0062","request_id" : 1.50 ,"timeout_ms":5}"#,
        )
        .expect("a request");
        assert_eq!((request.request_id.get(), request.command.as_str()), ("1.50", "ab"));
        assert_eq!(request.timeout_ms, Some(5));
        let expected = json!({"a": [1, 1.0, -1, 1e2, u64::MAX, "éé", null, true]});
        assert_eq!(request.data.to_string(), expected.to_string());
        let request = read_one(r#"{"request_id":null,"command":"x"}"#).expect("a request");
        assert_eq!((request.request_id.get(), request.data), ("null", json!({})));
        let twice = r#"{"request_id":1,"request_id":2,"command":5,"command":"x","data":7,"data":{}}"#;
        assert_eq!(read_one(twice).expect("a request").request_id.get(), "2");
    }

    #[test]
    fn what_is_refused() {
        let deep = format!(
            r#"{{"request_id":1,"command":"x","data":{}1{}}}"#,
            "[".repeat(99_999),
            "]".repeat(99_999)
        );
        for (json, id, code) in [
            ("", "null", "invalid_request"),
            ("7", "null", "invalid_request"),
            (r#"["request_id"]"#, "null", "invalid_request"),
            (r#"{"request_id":1"#, "null", "invalid_request"),
            (r#"{"request_id":1,}"#, "null", "invalid_request"),
            (r#"{"request_id":1}{"#, "null", "invalid_request"),
            (r#"{"command":"x"}"#, "null", "invalid_request"),
            (r#"{"request_id":1}"#, "1", "invalid_request"),
            (r#"{"request_id":1,"command":null}"#, "1", "invalid_request"),
            (r#"{"request_id":1,"command":["x"]}"#, "1", "invalid_request"),
            (r#"{"request_id":1,"command":"x","data":"y"}"#, "1", "invalid_request"),
            (r#"{"request_id":1,"command":"x","timeout_ms":1.5}"#, "1", "invalid_request"),
            (r#"{"request_id":1,"command":"x","data":{"n":1e999}}"#, "1", "invalid_request"),
            (r#"{"request_id":1,"command":"x","data":{"s":"\ud800"}}"#, "1", "invalid_request"),
            (r#"{"request_id":1,"command":"x","data":{"a":[[1]]}}"#, "1", "ok"),
            (r#"{"request_id":1,"command":"x","data":{"a":[[[]]]}}"#, "1", "limit_exceeded"),
            (
                r#"{"request_id":1,"command":"x","timeout_ms":1,"data":{"a":[1,2,3,4,5,6,7,8,9,0]}}"#,
                "1",
                "ok",
            ),
            (r#"{"data":{"a":[1,2,3,4,5,6,7,8,9,0,1]},"request_id":[1, 2]}"#, "[1, 2]", "limit_exceeded"),
            (&deep, "1", "limit_exceeded"),
        ] {
            let got =
                read_one(json).map_or_else(|bad| bad, |request| (request.request_id.get().into(), "ok"));
            assert_eq!((got.0.as_str(), got.1), (id, code), "{}", &json[..json.len().min(80)]);
        }
        let not_utf8 = b"{\"request_id\":7,\"command\":\"x\",\"data\":{\"a\":\"\xff\"}}";
        let bad = Request::from_json(not_utf8).expect_err("not UTF-8");
        assert_eq!((bad.request_id.get(), bad.error.code()), ("7", ErrorCode::InvalidRequest));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Err(bad) = Request::from_json(&bytes) {
                prop_assert_eq!(bad.error.code(), ErrorCode::InvalidRequest);
            }
        }

        /// Mutilated requests: a cut, and a byte changed.
        #[test]
        fn nearly_requests_are_read_or_refused(cut in 0_usize..120, at in 0_usize..120, byte in any::<u8>()) {
            let mut json = br#"{"request_id":"a1","command":"parse_tma","data":{"content":{"text":"x\n","n":[1.5,-2]}},"timeout_ms":10}"#.to_vec();
            if let Some(place) = json.get_mut(at) {
                *place = byte;
            }
            json.truncate(cut);
            let answer = match Request::from_json(&json) {
                Ok(request) => response_json(&request.request_id, &Ok(request.data)),
                Err(bad) => response_json(&bad.request_id, &Err(bad.error)),
            };
            let answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
            prop_assert!(answer["success"].is_boolean());
        }
    }
}
