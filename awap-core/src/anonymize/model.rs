//! What anonymization returns: the TMA and the report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PseudonymScope;
use crate::Submission;

/// What the caller may ask for (`"options"` beside the TMA's fields).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Labels that stay in the text and are not reported (`NAME_OTHER`). A kept e-mail address that holds the
    /// student's name keeps the rest of it: the name goes by its own label.
    pub keep: Vec<String>,
    /// Names of other people that stay: the module's authors, the characters of its case studies. The student's own
    /// name goes all the same.
    pub allow: Vec<String>,
    /// Report the spans, replace nothing in the texts. `student` is still removed, `student_id` still replaced, and
    /// attachments are still read into documents, for the spans lie on their texts. There is no final check.
    pub report_only: bool,
}

/// An anonymized TMA and what was done to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anonymized {
    /// The TMA without identity, attachments turned into documents.
    #[serde(flatten)]
    pub tma: Submission,
    /// What was done.
    pub anonymization: Report,
}

/// What was replaced, where, and why; never the text that was there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The student's pseudonym.
    pub pseudonym: String,
    /// How long it is good for.
    pub pseudonym_scope: PseudonymScope,
    /// Each thing replaced, in the order of the parts and of the text.
    pub replacements: Vec<Replacement>,
    /// How many of each label.
    pub counts: BTreeMap<String, usize>,
    /// Citations and references in which names were left alone.
    pub citations_kept: usize,
    /// Labels that stayed in the text because the caller asked for it, now or in an earlier run on the same TMA.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels_kept: Vec<String>,
    /// Whether nothing was replaced because the caller asked for the report alone, now or in an earlier run on the same
    /// TMA, after which the student was not known any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub report_only: bool,
}

/// One thing replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replacement {
    /// The string it stood in, as a path into the request: `content.text`, `content.answers[2].text`,
    /// `content.attachments[0]#body`, `…#header1`, `…#filename`.
    pub part: String,
    /// First byte in the string as it came in (for an attachment, in its extracted text).
    pub start: usize,
    /// One past the last byte there.
    pub end: usize,
    /// What it was: `NAME_STUDENT`, `EMAIL`, …
    pub label: String,
    /// What stands there now.
    pub placeholder: String,
    /// First byte in the string as it goes out.
    pub result_start: usize,
    /// One past the last byte there.
    pub result_end: usize,
    /// The rule that found it: `identity.full_name`, `pattern.email`, …
    pub rule: String,
    /// From 0 to 1.
    pub confidence: f64,
}
