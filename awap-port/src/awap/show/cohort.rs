//! What `awap calibrate` and `awap compare` found, as a tutor reads it.

use std::fmt::Write as _;
use std::path::Path;

use awap_core::feedback::calibrate::{Agreement, Calibration};
use awap_core::feedback::compare::{Comparison, Drift, OutlierKind};

use crate::show::{BOLD, FAINT, GOOD, LOOK, clean, count, heading, number, shortened, table, wrapped};

/// Pairs, and passages of a pair, that are shown; `--json` has them all.
const PAIRS: usize = 50;
const PASSAGES: usize = 3;

/// How well a model agrees with its markers, and where it is.
pub(crate) fn calibrated(calibration: &Calibration, without_mark: usize, model: &Path) -> String {
    let report = &calibration.report;
    let mut rows = table(&["Held against the markers", "Kappa", "Same", "One apart", "Model − markers"]);
    let row = |what: &str, agreement: &Agreement| {
        let share = |share: f64| format!("{:.0} %", share * 100.0);
        let kappa = format!("{:.3}", agreement.qwk);
        let bias = format!("{:+.2}", agreement.bias);
        [what.to_owned(), kappa, share(agreement.exact), share(agreement.adjacent), bias]
    };
    rows.add_row(row("this model", &report.agreement));
    rows.add_row(row("a count of words alone", &report.by_length_alone));
    let mut out = format!("{rows}\n");
    let provenance = calibration.model.provenance();
    let how = "By five-fold cross-validation: each script was marked by a model that had not seen it. Kappa is quadratic weighted \
               kappa: 1 is full agreement, 0 what chance would give.";
    let _ = write!(out, "{FAINT}{}{FAINT:#}", wrapped("", how));
    if report.agreement.qwk <= report.by_length_alone.qwk + 0.02 {
        let warning = "It does no better than a count of words: do not mark by it.";
        let _ = write!(out, "{LOOK}{}{LOOK:#}", wrapped("! ", warning));
    }
    let mut learnt = format!("Learnt from {}", count(provenance.scripts, "script", "scripts"));
    if report.duplicates > 0 {
        let _ = write!(learnt, "; {} left out, whose text was there already", report.duplicates);
    }
    if without_mark > 0 {
        let _ = write!(learnt, "; {without_mark} without a mark");
    }
    let _ = writeln!(out, "\n{GOOD}{learnt}.{GOOD:#}");
    let model = clean(&model.display().to_string());
    let _ =
        writeln!(out, "{BOLD}{model}{BOLD:#}  the model, for params.model of a criterion of kind calibrated");
    out
}

/// Scripts with text in common, markers, scripts unlike the rest. `quote` gives the words of a script at a place.
pub(crate) fn compared<'a>(
    comparison: &Comparison,
    quote: impl Fn(&str, usize, usize) -> Option<&'a str>,
) -> String {
    let mut out = format!("{BOLD}{} compared{BOLD:#}\n", count(comparison.scripts, "script", "scripts"));
    out.push_str(&heading("Text in common"));
    for pair in comparison.near_duplicates.iter().take(PAIRS) {
        let (a, b) = (clean(&pair.a), clean(&pair.b));
        let share = pair.share * 100.0;
        let words = count(pair.words, "word", "words");
        let _ = writeln!(out, "{LOOK}  {a} and {b}{LOOK:#}: {share:.0} % of the shorter, {words}");
        for passage in pair.passages.iter().take(PASSAGES) {
            let words = quote(&pair.a, passage.a_start, passage.a_end).unwrap_or_default();
            let said = format!("{} words: “{}”", passage.words, shortened(words, 160));
            out.push_str(&wrapped("    ", &said));
        }
        if pair.passages.len() > PASSAGES {
            let _ = writeln!(out, "    {FAINT}and {} more{FAINT:#}", pair.passages.len() - PASSAGES);
        }
    }
    match comparison.near_duplicates.len() {
        0 => out.push_str("  none worth a look\n"),
        pairs if pairs > PAIRS => {
            let _ = writeln!(out, "  and {} more pairs; --json has them all", pairs - PAIRS);
        }
        _ => {}
    }
    markers(comparison, &mut out);
    outliers(comparison, &mut out);
    let caution =
        "A prompt to look, and never a verdict: quotations, templates and work done together look alike too.";
    let _ = write!(out, "\n{FAINT}{}{FAINT:#}", wrapped("", caution));
    out
}

fn markers(comparison: &Comparison, out: &mut String) {
    if comparison.markers.is_empty() {
        return;
    }
    out.push_str(&heading("Markers"));
    let mut rows = table(&["Marker", "Scripts", "Mean", "Beside the others", "Later beside earlier"]);
    for marker in &comparison.markers {
        rows.add_row([
            clean(&marker.marker),
            marker.scripts.to_string(),
            number(marker.mean),
            drift(marker.beside_others.as_ref()),
            drift(marker.over_time.as_ref()),
        ]);
    }
    let _ = writeln!(out, "{rows}");
    if comparison.markers.iter().any(|marker| !marker.against_expected) {
        let note = "Without a second mark of each script (a column “expected”), a marker of better scripts looks generous.";
        let _ = write!(out, "{FAINT}{}{FAINT:#}", wrapped("", note));
    }
}

/// `+2.5, look` where the difference is more than chance.
fn drift(drift: Option<&Drift>) -> String {
    drift.map_or_else(
        || "too few to say".to_owned(),
        |drift| format!("{:+.1}{}", drift.difference, if drift.notable { ", look" } else { "" }),
    )
}

fn outliers(comparison: &Comparison, out: &mut String) {
    if comparison.outliers.is_empty() {
        return;
    }
    out.push_str(&heading("Unlike the rest"));
    for outlier in &comparison.outliers {
        let what = match outlier.kind {
            OutlierKind::Length => {
                format!(
                    "{} words, where half have more than {}",
                    number(outlier.value),
                    number(outlier.median)
                )
            }
            OutlierKind::Mark => format!(
                "marked {:+.1} from what was expected, where the middle is {:+.1}",
                outlier.value, outlier.median
            ),
        };
        let _ = writeln!(out, "  {}: {what}", clean(&outlier.id));
    }
}
