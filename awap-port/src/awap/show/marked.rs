//! A marked TMA as a tutor reads it: the mark, each criterion with its evidence, the feedback, what to look at.

use std::fmt::Write as _;

use awap_core::feedback::{Feedback, MarkedCriterion, Review, Totals};
use comfy_table::{Cell, CellAlignment};

use crate::show::anonymized::taken_out;
use crate::show::{BOLD, FAINT, GOOD, LOOK, clean, heading, number, shortened, table, wrapped};
use crate::single::Shown;
use crate::work::Marked;

/// Quotes shown for a criterion.
const QUOTES: usize = 2;

pub(crate) fn show(marked: &Marked) -> Shown {
    let feedback = &marked.feedback;
    let marking = &feedback.marking_criteria;
    let mut out = String::new();
    let style = if marking.totals.mark.is_some() { GOOD } else { LOOK };
    let _ = writeln!(out, "{BOLD}Mark{BOLD:#}     {style}{}{style:#}", mark(&marking.totals));
    if let Some(pseudonym) = &feedback.pseudonym {
        let _ = writeln!(out, "{BOLD}Student{BOLD:#}  {pseudonym} {FAINT}(a pseudonym){FAINT:#}");
    }
    out.push_str(&heading("Criteria"));
    out.push_str(&criteria(&marking.criteria));
    out.push_str(&heading("Feedback"));
    for paragraph in feedback.feedback_text.split('\n') {
        out.push_str(&wrapped("  ", paragraph).replace("**", ""));
    }
    if !marking.needs_review.is_empty() {
        out.push_str(&heading("For you to look at"));
        for review in &marking.needs_review {
            let _ = write!(out, "{LOOK}{}{LOOK:#}", wrapped("  ! ", &to_look_at(review, feedback)));
        }
    }
    let _ = writeln!(out, "\n{FAINT}{}{FAINT:#}", taken_out(&marked.report));
    Shown { text: out, aside: String::new() }
}

/// `72 of 100 (Pass 2)`, or a range while something is open.
pub(crate) fn mark(totals: &Totals) -> String {
    let most = number(totals.max_mark);
    let band = totals.band.as_deref().map(|band| format!(" ({band})")).unwrap_or_default();
    match (totals.mark, totals.range) {
        (Some(mark), _) => format!("{} of {most}{band}", number(mark)),
        (None, Some([low, high])) => {
            format!("{} to {} of {most}, until you have marked what is open", number(low), number(high))
        }
        (None, None) => format!("open, of {most}"),
    }
}

fn criteria(criteria: &[MarkedCriterion]) -> String {
    let mut rows = table(&["Question", "Criterion", "Mark"]);
    for criterion in criteria {
        let mut what = shortened(&criterion.title, 120);
        let mut seen: Vec<&str> = Vec::new();
        for evidence in &criterion.evidence {
            if seen.len() < QUOTES && !seen.contains(&evidence.quote.as_str()) {
                let sign = if evidence.polarity.as_deref() == Some("against") { '−' } else { '+' };
                let _ = write!(what, "\n{sign} “{}”", shortened(&evidence.quote, 90));
                seen.push(&evidence.quote);
            }
        }
        for missing in &criterion.missing {
            let _ = write!(what, "\nnot found: {}", shortened(missing, 120));
        }
        rows.add_row([
            Cell::new(clean(&criterion.question)),
            Cell::new(what),
            Cell::new(score(criterion)).set_alignment(CellAlignment::Right),
        ]);
    }
    format!("{rows}\n")
}

/// `7.5/10`; `open/10` where only a person may mark.
pub(crate) fn score(criterion: &MarkedCriterion) -> String {
    let score = criterion.score.map_or_else(|| "open".to_owned(), number);
    format!("{score}/{}", number(criterion.max_mark))
}

/// A reason for a person to look, in words, with the criterion's title.
pub(crate) fn to_look_at(review: &Review, feedback: &Feedback) -> String {
    let reason = match review.reason.as_str() {
        "human_criterion" => "only a person may mark this",
        "low_confidence" => "AWAP is not sure",
        "off_topic" => "it seems to be about something else",
        "text_too_short" => "there is too little text to judge",
        "padding_suspected" => "padding is suspected",
        "near_duplicate" => "it is close to another script",
        "out_of_distribution" => "it is unlike the scripts that the criterion was trained on",
        "ai_score_disagrees" => "the model proposes another score",
        "ai_unverified_quote" => "the model quoted what is not in the text",
        "pii_redacted_in_output" => "something personal was taken out of the feedback",
        other => other,
    };
    let criteria = &feedback.marking_criteria.criteria;
    let title = review
        .criterion
        .as_ref()
        .and_then(|id| criteria.iter().find(|criterion| criterion.id == *id))
        .map(|criterion| format!("{} {}: ", criterion.question, criterion.title))
        .unwrap_or_default();
    format!("{title}{reason}")
}
