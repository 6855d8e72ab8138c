//! A TMA as it enters and as it travels from verb to verb.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::Document;
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// Files as they were handed in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Files as they were read: what `anonymize_student` makes of the attachments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
        check_types(map)?;
        let tma: Self = serde_json::from_value(data)
            .map_err(|_| Error::invalid_input("", "This TMA has a field of the wrong type."))?;
        if tma.content.answers.len() > limits.items || tma.content.attachments.len() > limits.items {
            return Err(Limits::exceeded("items", limits.items));
        }
        Ok(tma)
    }
}

/// Refuses a known field of the wrong type, naming its path. (Serde's own message would quote the value.)
fn check_types(map: &Map<String, Value>) -> Result<()> {
    let string = |map: &Map<String, Value>, at: &str, keys: &[&str], required: bool| {
        for key in keys {
            let fault = match map.get(*key) {
                None | Some(Value::Null) => required,
                Some(value) => !value.is_string(),
            };
            if fault {
                let path = if at.is_empty() { (*key).to_owned() } else { format!("{at}.{key}") };
                return Err(Error::invalid_input(&path, format!("“{path}” must be a string.")));
            }
        }
        Ok(())
    };
    let object = |value: &Value, path: &str| match value {
        Value::Object(map) => Ok(map.clone()),
        _ => Err(Error::invalid_input(path, format!("“{path}” must be an object."))),
    };
    string(map, "", &["tma_id", "assignment_id", "course_id", "student_id"], false)?;
    if let Some(student) = map.get("student").filter(|v| !v.is_null()) {
        let student = object(student, "student")?;
        string(&student, "student", &["name", "given_name", "family_name", "email", "username"], false)?;
        let aliases_ok = match student.get("aliases") {
            None => true,
            Some(Value::Array(list)) => list.iter().all(Value::is_string),
            Some(_) => false,
        };
        if !aliases_ok {
            return Err(Error::invalid_input(
                "student.aliases",
                "“student.aliases” must be a list of strings.",
            ));
        }
    }
    let Some(content) = map.get("content") else { return Ok(()) };
    let content = object(content, "content")?;
    string(&content, "content", &["text"], false)?;
    for (list, required, optional) in [
        ("answers", &["question", "text"][..], &[][..]),
        ("attachments", &["data_base64"][..], &["filename", "content_type"][..]),
    ] {
        let Some(items) = content.get(list) else { continue };
        let Value::Array(items) = items else {
            let path = format!("content.{list}");
            return Err(Error::invalid_input(&path, format!("“{path}” must be a list.")));
        };
        for (i, item) in items.iter().enumerate() {
            let path = format!("content.{list}[{i}]");
            let item = object(item, &path)?;
            string(&item, &path, required, true)?;
            string(&item, &path, optional, false)?;
        }
    }
    if content.get("documents").is_some_and(|d| serde_json::from_value::<Vec<Document>>(d.clone()).is_err()) {
        return Err(Error::invalid_input(
            "content.documents",
            "“content.documents” is not what anonymize_student returns.",
        ));
    }
    let has = |key: &str| match content.get(key) {
        Some(Value::String(_)) => true,
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    if !["text", "answers", "attachments", "documents"].into_iter().any(has) {
        return Err(Error::invalid_input(
            "content",
            "“content” holds neither text nor answers nor attachments.",
        ));
    }
    Ok(())
}
