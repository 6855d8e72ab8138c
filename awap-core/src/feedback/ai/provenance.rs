//! Which model was asked, as the host says, and what became of its answer.

use serde_json::{Map, Value, json};

use super::reason::Tally;

/// Bytes of the longest value.
const LONGEST: usize = 200;
/// Fields that are carried beside those with a name here.
const MOST: usize = 16;

/// Which image and model answered. What the container says of itself is as little to be trusted as its suggestions,
/// so only short plain values are kept, and those of another form are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AiProvenance {
    /// The digest of the container's image, from the host.
    pub image_digest: Option<String>,
    /// The SHA-256 of the model file, in hexadecimal.
    pub model_sha256: Option<String>,
    /// The model's own name.
    pub model_id: Option<String>,
    /// Whatever else the host wants to be known: short strings, numbers, true or false.
    pub extra: Map<String, Value>,
}

impl AiProvenance {
    /// Reads what the host sends; what it does not send, or sends in another form, is none.
    pub fn from_value(value: &Value) -> Self {
        let text =
            |field: &str| value.get(field).and_then(Value::as_str).filter(|t| is_plain(t)).map(str::to_owned);
        let named = ["image_digest", "model_sha256", "model_id"];
        let own = ["accepted_claims", "rejected_claims", "rejected", "compared_scores"];
        let extra = value.as_object().into_iter().flatten().filter(|(key, value)| {
            let kept = match value {
                Value::String(text) => is_plain(text),
                Value::Number(_) | Value::Bool(_) => true,
                _ => false,
            };
            kept && is_plain(key) && !named.contains(&key.as_str()) && !own.contains(&key.as_str())
        });
        Self {
            image_digest: text("image_digest"),
            model_sha256: text("model_sha256"),
            model_id: text("model_id"),
            extra: extra.take(MOST).map(|(k, v)| (k.clone(), v.clone())).collect(),
        }
    }

    /// `provenance.ai` of the feedback.
    pub(super) fn with_outcome(&self, accepted: usize, compared: usize, tally: &Tally) -> Value {
        let mut out = self.extra.clone();
        let fields = [
            ("image_digest", json!(self.image_digest)),
            ("model_sha256", json!(self.model_sha256)),
            ("model_id", json!(self.model_id)),
            ("accepted_claims", json!(accepted)),
            ("rejected_claims", json!(tally.total())),
            ("rejected", json!(tally.by_name())),
            ("compared_scores", json!(compared)),
        ];
        out.extend(fields.map(|(key, value)| (key.to_owned(), value)));
        Value::Object(out)
    }
}

/// A short value of one line in plain characters.
fn is_plain(text: &str) -> bool {
    text.len() <= LONGEST && text.chars().all(|c| c.is_ascii_alphanumeric() || " .,:;_-+/@()".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_values_are_kept() {
        let ai = AiProvenance::from_value(&json!({
            "image_digest": "sha256:ab01", "model_sha256": 7, "model_id": "x".repeat(201), "milliseconds": 812,
            "finish": "stop", "note": "<b>", "deep": [1], "accepted_claims": 99, "text_truncated": false,
        }));
        assert_eq!(
            (ai.image_digest.as_deref(), ai.model_sha256, ai.model_id),
            (Some("sha256:ab01"), None, None)
        );
        let kept: Vec<&str> = ai.extra.keys().map(String::as_str).collect();
        assert_eq!(kept, ["finish", "milliseconds", "text_truncated"]);
        for none in [json!(null), json!([]), json!("x"), json!({})] {
            assert_eq!(AiProvenance::from_value(&none), AiProvenance::default());
        }
        let many: Map<String, Value> = (0..100).map(|i| (format!("k{i}"), json!(i))).collect();
        assert_eq!(AiProvenance::from_value(&Value::Object(many)).extra.len(), MOST);
    }
}
