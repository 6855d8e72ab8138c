//! A TMA as it enters and as it travels from verb to verb.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::Document;
use crate::protocol::{from_value, null_as_default};
use crate::{Error, Limits, Result};

/// A TMA: what the host knows of it, what the student wrote, the rubric. Only `content` is required.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// The host's own name for this TMA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tma_id: Option<String>,
    /// Which assignment it answers (`TM112-25J-TMA01`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment_id: Option<String>,
    /// Which course it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course_id: Option<String>,
    /// The student's identifier as it comes in; the pseudonym once anonymized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student_id: Option<String>,
    /// What the host knows of the student; absent once anonymized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student: Option<Student>,
    /// What the student wrote.
    #[serde(default)]
    pub content: Content,
    /// The rubric, carried as it is: it is the module's, not the student's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric: Option<Value>,
    /// Fields that no verb knows, carried through.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What the host knows of the student. It never comes back in a result.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Student {
    /// Full name as displayed.
    pub name: Option<String>,
    /// Given name or names.
    pub given_name: Option<String>,
    /// Family name or names.
    pub family_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Account name (at the Open University, the OUCU).
    pub username: Option<String>,
    /// Other names the student goes by.
    #[serde(deserialize_with = "null_as_default")]
    pub aliases: Vec<String>,
    /// Whatever else the host sent about the student: every string in it counts as identity.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl std::fmt::Debug for Student {
    // Identity must not reach a log by way of `{:?}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Student(..)")
    }
}

/// What the student wrote, in any of three forms, together or alone, and as documents once it has been read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// Text typed into a form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Answers typed into a form, question by question.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// Files as they were handed in.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Files as they were read: what `anonymize_student` makes of the attachments.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// Fields that no verb knows, carried through.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One answer typed into a form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Which question it answers, as the form names it.
    pub question: String,
    /// The answer.
    pub text: String,
    /// Fields that no verb knows, carried through.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A file as it was handed in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its name, which often names the student.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Its MIME type as the sender gave it; the bytes are believed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its bytes, in standard base64.
    pub data_base64: String,
    /// Fields that no verb knows, carried through.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Submission {
    /// Reads a TMA from the `data` of a request: a map in which only `content` is required, and in which a bare
    /// string as `content` means its `text`.
    ///
    /// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) with the path of the fault.
    pub fn from_value(mut data: Value, limits: &Limits) -> Result<Self> {
        let Some(map) = data.as_object_mut() else {
            return Err(Error::invalid_input("", "A TMA is a JSON object."));
        };
        let content = match map.get_mut("content") {
            None | Some(Value::Null) => {
                return Err(Error::invalid_input(
                    "content",
                    "“content” is missing: a TMA has text, answers or attachments.",
                ));
            }
            Some(content) => content,
        };
        if let Value::String(text) = content {
            let text = std::mem::take(text);
            *content = serde_json::json!({ "text": text });
        }
        if !content.is_object() {
            return Err(Error::invalid_input("content", "“content” must be an object or text."));
        }
        let tma: Self = from_value(data, "", "This is not a TMA")?;
        let content = &tma.content;
        let most = content.answers.len().max(content.attachments.len()).max(content.documents.len());
        if most > limits.items {
            return Err(Limits::exceeded("items", limits.items));
        }
        if content.text.is_none() && most == 0 {
            return Err(Error::invalid_input(
                "content",
                "“content” holds neither text nor answers nor attachments.",
            ));
        }
        Ok(tma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(data: Value) -> Result<Submission> {
        Submission::from_value(data, &Limits { items: 2, ..Limits::default() })
    }

    #[test]
    fn what_is_unknown_or_null_is_no_fault() {
        let tma = read(json!({
            "tma_id": null, "student_id": "s1", "student": {"name": "N", "aliases": null, "campus": "North"},
            "content": {"text": "é", "answers": null, "attachments": null, "documents": null, "form": 7},
            "submitted_at": "2025-01-01",
        }))
        .expect("a TMA");
        assert_eq!(tma.content.text.as_deref(), Some("é"));
        assert_eq!(tma.content.extra["form"], 7);
        assert_eq!(tma.extra["submitted_at"], "2025-01-01");
        assert_eq!(
            tma.student.map(|student| student.extra),
            Some(json!({"campus": "North"}).as_object().cloned().unwrap_or_default())
        );
    }

    #[test]
    fn a_bare_string_is_text() {
        assert_eq!(read(json!({"content": ""})).expect("a TMA").content.text.as_deref(), Some(""));
    }

    #[test]
    fn what_goes_out_comes_in() {
        let data = json!({
            "assignment_id": "A", "rubric": {"any": [1, 2.5]}, "more": {"x": null},
            "content": {"answers": [{"question": "1", "text": "t", "tag": 1}], "attachments": [{"data_base64": ""}]},
        });
        let tma = read(data.clone()).expect("a TMA");
        assert_eq!(serde_json::to_value(&tma).expect("JSON"), data);
    }

    #[test]
    fn items_are_bounded() {
        let answer = json!({"question": "1", "text": "t"});
        let error = read(json!({"content": {"answers": [answer, answer, answer]}})).expect_err("too many");
        assert_eq!(error.details()["limit"], "items");
    }
}
