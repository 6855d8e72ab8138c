//! What anonymization returns: the TMA and the report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PseudonymScope;
use super::finding::Label;
use crate::{Error, Result, Submission};

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
    /// Return the attachments as files, too, written anew (`rewritten`): a DOCX with what is replaced in it, a PDF with its
    /// pages as they are and without what says whose it is beside them. A PDF whose pages hold something that is replaced
    /// or cannot be read whole, another file, or one that cannot be written without a trace of the student gets the warning
    /// `not_rewritten` in its document. Not with `report_only`.
    pub rewrite: bool,
    /// Put surrogates where placeholders would stand: believable names, numbers and addresses that are nobody's, each the
    /// same for the same original in the whole TMA, so that a name that was missed is one among false ones. What a
    /// believable fake would do harm for, and what none is free for, gets its placeholder. The same TMA has the same
    /// surrogates under the same key; no two TMAs have theirs in common. Not with `report_only`.
    pub surrogates: bool,
}

impl Options {
    /// Whether they can be followed; the error is `invalid_input` with the path of the fault.
    pub(super) fn check(&self) -> Result<()> {
        let labels = Label::ALL.map(Label::as_str);
        if let Some(at) = self.keep.iter().position(|label| !labels.contains(&label.as_str())) {
            let known = labels.join(", ");
            return Err(Error::invalid_input(
                &format!("options.keep[{at}]"),
                format!("This is no label that can be kept. The labels are {known}."),
            ));
        }
        if self.rewrite && self.report_only {
            return Err(Error::invalid_input(
                "options.rewrite",
                "A file can be rewritten only where something is replaced: ask for “rewrite” or “report_only”.",
            ));
        }
        if self.surrogates && self.report_only {
            return Err(Error::invalid_input(
                "options.surrogates",
                "Nothing stands for what is not replaced: ask for “surrogates” or “report_only”.",
            ));
        }
        Ok(())
    }
}

/// An anonymized TMA and what was done to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anonymized {
    /// The TMA without identity, attachments turned into documents.
    #[serde(flatten)]
    pub tma: Submission,
    /// What was done.
    pub anonymization: Report,
    /// The attachments as files without identity, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewritten: Vec<Rewritten>,
}

/// An attachment written anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rewritten {
    /// Which one, as the document that was read of it has it (`content.attachments[0]`).
    pub source: String,
    /// Its name, anonymized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Its MIME type.
    pub content_type: String,
    /// Its bytes, in standard base64.
    pub data_base64: String,
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
    /// Whether that is a surrogate, which nothing else in the text tells from what a student wrote.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub surrogate: bool,
    /// First byte in the string as it goes out.
    pub result_start: usize,
    /// One past the last byte there.
    pub result_end: usize,
    /// The rule that found it: `identity.full_name`, `pattern.email`, …
    pub rule: String,
    /// From 0 to 1.
    pub confidence: f64,
}
