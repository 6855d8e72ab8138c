//! `awap calibrate`: learns from marked scripts, and writes the model with where it comes from and how far to trust it.

use awap_core::feedback::calibrate::{CalibrateOptions, LEAST_WORDS, MarkedScript};
use awap_core::{Deadline, Error, text};
use serde_json::json;

use crate::arguments::{Calibrate, Common};
use crate::cohort::{Cohort, Script};
use crate::failure::{Failure, SOME_FAILED};
use crate::table::Table;
use crate::{files, show};

pub(crate) fn run(arguments: &Calibrate, common: &Common) -> Result<u8, Failure> {
    let marks = Table::read(&arguments.marks)?;
    let column = arguments.column.as_str();
    if !marks.has(column) {
        return Err(Failure::data(format!(
            "{} has no column “{column}”: name that of the marks by --column.",
            arguments.marks.display()
        )));
    }
    let inputs = [
        Some(arguments.marks.as_path()),
        arguments.cohort.students.as_deref(),
        arguments.cohort.rubric.as_deref(),
        common.key_file.as_deref(),
    ];
    files::check_out(&arguments.out, &inputs)?;
    let mut cohort =
        Cohort::read(&arguments.cohort, common, &[Some(&arguments.marks), Some(&arguments.out)])?;
    let joined = cohort.rows(&marks)?;
    let (mut names, mut scripts, mut without_mark, mut too_short) = (Vec::new(), Vec::new(), 0, Vec::new());
    for (script, row) in cohort.scripts.iter().zip(&joined.rows) {
        let mark = row.map(|row| marks.number(row, column)).transpose()?.flatten();
        let Some(score) = mark else {
            without_mark += 1;
            continue;
        };
        let text = answer(script, arguments.question.as_deref())?;
        if text::tokens(&text).count() < LEAST_WORDS {
            let message = format!("It has fewer than {LEAST_WORDS} words that count, too few to learn from.");
            too_short.push((script.name.clone(), Error::invalid_input("content", message)));
            continue;
        }
        names.push(script.name.as_str());
        scripts.push(MarkedScript { text, score });
    }
    let options = CalibrateOptions {
        min: arguments.min,
        max: arguments.max,
        step: arguments.step,
        label: arguments.label.clone(),
    };
    let waiting = show::waiting("learning, and holding the model against what it has not seen …");
    let calibration = cohort.engine.calibrate(&scripts, &options, &Deadline::never());
    waiting.finish_and_clear();
    let refused = calibration.as_ref().err().map(|error| Cohort::refusal(error, &names));
    cohort.failed.extend(too_short);
    cohort.tell_failures();
    marks.tell_strays(&joined.strays);
    let Ok(calibration) = calibration else {
        return Err(refused.unwrap_or_else(|| Failure::data("The scripts cannot be learnt from.")));
    };
    let model = serde_json::to_vec(&calibration.model)
        .map_err(|error| Failure::data(format!("The model cannot be written: {error}.")))?;
    if let Some(aside) = files::write_over(&arguments.out, &model, None)? {
        anstream::eprintln!("awap: what was in {} is now in {}.", arguments.out.display(), aside.display());
    }
    let provenance = calibration.model.provenance();
    let text = if common.json {
        let data = json!({
            "model": arguments.out, "provenance": provenance, "report": calibration.report,
            "without_mark": without_mark, "failed": cohort.failures_as_json(), "lines_of_no_tma": joined.strays,
        });
        format!("{}\n", json!({"success": true, "data": data}))
    } else {
        show::cohort::calibrated(&calibration, without_mark, &arguments.out)
    };
    show::print(&text)?;
    Ok(if cohort.failed.is_empty() && joined.strays.is_empty() { 0 } else { SOME_FAILED })
}

/// The answer to the question that was asked for, or all answers.
fn answer(script: &Script, question: Option<&str>) -> Result<String, Failure> {
    let Some(question) = question else {
        let all: Vec<&str> = script.answers.iter().map(|answer| answer.text.as_str()).collect();
        return Ok(all.join("\n"));
    };
    script.answers.iter().find(|answer| answer.question == question).map(|answer| answer.text.clone()).ok_or_else(
        || {
            let known: Vec<&str> = script.answers.iter().map(|answer| answer.question.as_str()).collect();
            Failure::configuration(format!(
                "There is no question {question} in the rubric; there is {}. Give --rubric, and one of its questions.",
                known.join(", ")
            ))
        },
    )
}
