//! Submission → [`Anonymized`]: identity out, citations kept, every replacement reported.
//!
//! # Steps
//!
//! 1. Attachments are read into `content.documents`; their bytes are dropped.
//! 2. Every string of the TMA becomes a piece with a path (`pieces`). Citations are found first: the spans in
//!    which authors are cited are no place for a name, also where the student bears the same surname.
//! 3. Who is who: what the host says (`known`), then what cover sheet, margins, signatures and properties
//!    say (`cover`), then the heads of e-mails (`mail`), people the student names by kin or role (`relations`), then whom a learned
//!    model of names takes for the writer or for somebody of the writer's own life (`learned`). Whoever else is introduced
//!    (`introductions`) or is a person in the model's eyes belongs to the student's life where all the text says around the name makes
//!    it likely (`acquaintances`), and neither a reference list nor a case has the name (`scholarship`).
//! 4. Everyone in that roster is looked for in every piece, in all variants (`matcher`), by initials where they speak or sign
//!    (`speakers`, `initials`), known values to the letter, and patterns (`patterns`) by form.
//! 5. Overlaps are settled, placeholders given out, texts rewritten; blocks, runs and cells move along.
//! 6. A plain scan that shares nothing with the steps above goes over what is left (`leak`): what it still finds is
//!    replaced as well (rule `final.sweep`), and the result is refused if anything of the student survives that.
//!
//! # Placeholders
//!
//! `[STUDENT]`; `[PERSON_1]`, `[PERSON_2]`, …; `[EMAIL]`, `[USERNAME]`, `[ID]`, `[PHONE]`, `[URL]`, `[ADDRESS]`,
//! `[DOB]`, and from the second different one on `[EMAIL_2]`. The same person or value has the same placeholder in the
//! whole TMA, in the order of appearance. A TMA that is anonymized again keeps its placeholders and its pseudonym.
//!
//! On request (`surrogates`) another name, number or address of the same kind stands there instead of a placeholder
//! (`surrogates` says what stands for what, and what keeps its placeholder). Surrogates look like any text: a signature
//! counts as the words that it is, and a TMA that is anonymized again has them replaced like originals.
//!
//! On request (`rewrite`) attachments come back as files, too (`rewritten`): a DOCX with its formatting, in which the same
//! is replaced and its properties, people, revision numbers and thumbnail are gone; a PDF whose pages name nobody, without
//! its properties and the authors of its notes.
//!
//! # What is not touched
//!
//! The rubric: it is the module's. `student` is removed; `student_id` is the pseudonym. A name that is also a word
//! (`Grace`, `Young`) or a month or place (`May`, `Jordan`) goes where it is used as a name: beside another part of the
//! name, as a line of its own, after a cue, with a capital inside a sentence.

mod acquaintances;
mod address;
mod brackets;
mod context;
mod cover;
mod cues;
mod echoes;
mod finding;
mod glued;
mod initials;
mod introductions;
mod known;
mod leak;
mod learned;
mod mail;
mod matcher;
mod metadata;
mod model;
mod names;
mod namesakes;
mod narrative;
mod nicknames;
mod organisations;
mod outside;
mod patterns;
mod person;
mod pieces;
mod place;
mod pseudonym;
mod published;
mod recognizer;
mod relations;
mod resolve;
mod rewrite;
mod rewritten;
mod roles;
mod roster;
mod run;
mod runs;
mod scholarship;
mod signature;
mod signs;
mod speakers;
mod strays;
mod surrogates;
mod words;

pub use model::{Anonymized, Options, Replacement, Report, Rewritten};
pub(crate) use outside::{identity_in, is_anonymized, is_not_a_name, placeholders_in};
pub use pseudonym::{PseudonymKey, PseudonymScope};

use crate::{Deadline, Limits, Result, Submission, document};

/// A constant pattern, compiled; `\b` is told by ASCII, which keeps the search linear and fast on any text.
#[allow(clippy::expect_used)] // A constant that does not compile fails every test that comes near it.
fn compiled(pattern: &str) -> regex::Regex {
    regex::Regex::new(&pattern.replace(r"\b", r"(?-u:\b)")).expect("a constant pattern compiles")
}

/// Removes what identifies the student from a TMA.
///
/// Errors: `invalid_input` for options that name no label; those of [`document::read`] for an attachment that cannot be read; `limit_exceeded`; `timeout`; `internal`
/// where a trace of the student survives, which names the part and never the text.
pub fn anonymize(
    mut tma: Submission,
    options: &Options,
    key: &PseudonymKey,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Anonymized> {
    options.check()?;
    let mut originals = Vec::new();
    for (i, attachment) in std::mem::take(&mut tma.content.attachments).iter().enumerate() {
        deadline.check()?;
        let source = format!("content.attachments[{i}]");
        let read = document::read(attachment, &source, limits, deadline)?;
        if options.rewrite {
            let bytes = document::bytes_of(attachment, &source, limits)?;
            originals.push(rewritten::Original { bytes, document: read.clone() });
        }
        tma.content.documents.push(read);
    }
    let (mut result, identity) = run::run(tma, options, key, limits, deadline)?;
    rewritten::add(originals, &mut result, &identity, limits, deadline)?;
    Ok(result)
}
