//! An anonymized TMA: its text on standard output, and beside it what was taken out.

use awap_core::anonymize::Report;

use crate::show::{FAINT, clean, count};
use crate::single::Shown;
use crate::work::Read;

pub(crate) fn show(read: &Read) -> Shown {
    let text = clean(&read.parsed.text);
    Shown {
        text: format!("{}\n", text.trim_end()),
        aside: format!("{FAINT}{}: {}.{FAINT:#}\n", read.report.pseudonym, taken_out(&read.report)),
    }
}

/// `3 × student's name, 1 × e-mail address taken out; 6 citations kept`
pub(crate) fn taken_out(report: &Report) -> String {
    let kinds: Vec<String> =
        report.counts.iter().map(|(label, number)| format!("{number} × {}", words(label))).collect();
    let kinds = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") };
    let stand_ins = if report.replacements.iter().any(|r| r.surrogate) {
        "; what stands there instead names nobody"
    } else {
        ""
    };
    format!("{kinds} taken out{stand_ins}; {} kept", count(report.citations_kept, "citation", "citations"))
}

fn words(label: &str) -> &str {
    match label {
        "NAME_STUDENT" => "student's name",
        "NAME_OTHER" => "other person's name",
        "EMAIL" => "e-mail address",
        "USERNAME" => "user name",
        "ID_NUM" => "identity number",
        "PHONE_NUM" => "phone number",
        "URL_PERSONAL" => "personal link",
        "STREET_ADDRESS" => "address",
        "DOB" => "date of birth",
        other => other,
    }
}
