//! `awap compare`: the scripts of a cohort beside each other, as a prompt to look and never a verdict.

use std::fs;

use awap_core::Deadline;
use awap_core::feedback::compare::{CohortScript, CompareOptions};
use serde_json::{Value, json};

use crate::arguments::{Common, Compare};
use crate::cohort::{Cohort, Script};
use crate::failure::{Failure, SOME_FAILED};
use crate::table::Table;
use crate::{intake, show};

pub(crate) fn run(arguments: &Compare, common: &Common) -> Result<u8, Failure> {
    let marks = arguments.marks.as_deref().map(Table::read).transpose()?;
    let prompt = match &arguments.prompt {
        Some(path) => fs::read_to_string(path).map_err(|error| Failure::cannot_read(path, &error))?,
        None => String::new(),
    };
    let cohort =
        Cohort::read(&arguments.cohort, common, &[arguments.marks.as_deref(), arguments.prompt.as_deref()])?;
    let joined = marks.as_ref().map(|marks| cohort.rows(marks)).transpose()?;
    let mut scripts = Vec::with_capacity(cohort.scripts.len());
    for (at, script) in cohort.scripts.iter().enumerate() {
        let row = joined.as_ref().and_then(|joined| joined.rows.get(at).copied().flatten());
        let mut one =
            CohortScript { id: script.name.clone(), text: what_counts(script), ..CohortScript::default() };
        if let (Some(marks), Some(row)) = (&marks, row) {
            one.score = marks.number(row, "mark")?;
            one.expected = marks.number(row, "expected")?;
            one.marker = marks.text(row, "marker").map(|marker| {
                if common.names {
                    marker.to_owned()
                } else {
                    intake::code(&format!("marker {marker}"), &cohort.key).replace("tma-", "marker-")
                }
            });
            one.marked_at = marks.text(row, "marked_at").map(str::to_owned);
        }
        scripts.push(one);
    }
    let options = CompareOptions {
        prompt,
        least_share: arguments.share / 100.0,
        least_stretch: usize::from(arguments.stretch),
    };
    let comparison = cohort.engine.compare(&scripts, &options, &Deadline::never()).map_err(|error| {
        let names: Vec<&str> = cohort.scripts.iter().map(|script| script.name.as_str()).collect();
        Cohort::refusal(&error, &names)
    })?;
    cohort.tell_failures();
    let strays = joined.map(|joined| joined.strays).unwrap_or_default();
    if let Some(marks) = &marks {
        marks.tell_strays(&strays);
    }
    let quote = |id: &str, start: usize, end: usize| {
        scripts.iter().find(|script| script.id == id).and_then(|script| script.text.get(start..end))
    };
    let text = if common.json {
        let mut data = serde_json::to_value(&comparison).unwrap_or_default();
        with_quotes(&mut data, quote);
        data["failed"] = cohort.failures_as_json().into();
        data["lines_of_no_tma"] = strays.clone().into();
        format!("{}\n", json!({"success": true, "data": data}))
    } else {
        show::cohort::compared(&comparison, quote)
    };
    show::print(&text)?;
    Ok(if cohort.failed.is_empty() && strays.is_empty() { 0 } else { SOME_FAILED })
}

/// The text with blanks for what does not count, so that a place in it is that in the anonymized text. Its lines stay, as no
/// quotation goes over the end of one.
fn what_counts(script: &Script) -> String {
    let mut bytes: Vec<u8> =
        script.text.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
    for span in script.answers.iter().flat_map(|answer| &answer.spans) {
        if let (Some(to), Some(from)) =
            (bytes.get_mut(span.start..span.end), script.text.as_bytes().get(span.start..span.end))
        {
            to.copy_from_slice(from);
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// Puts the words of each passage beside its places.
fn with_quotes<'a>(comparison: &mut Value, quote: impl Fn(&str, usize, usize) -> Option<&'a str>) {
    let pairs = comparison.get_mut("near_duplicates").and_then(Value::as_array_mut);
    for pair in pairs.into_iter().flatten() {
        let id = pair.get("a").and_then(Value::as_str).unwrap_or_default().to_owned();
        for passage in pair.get_mut("passages").and_then(Value::as_array_mut).into_iter().flatten() {
            let at = |name: &str| passage.get(name).and_then(Value::as_u64).unwrap_or_default() as usize;
            let words = quote(&id, at("a_start"), at("a_end")).map(str::to_owned);
            if let Some(fields) = passage.as_object_mut() {
                fields.insert("quote".to_owned(), words.into());
            }
        }
    }
}
