//! A tutor's marks in place of the draft's: held within their bounds, added up anew, and shown in the feedback's text.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::compose::{FORWARD, heading, section_name};
use super::model::{MarkedCriterion, MarkingCriteria};
use super::rubric::{Criterion, Rubric, tidy};
use super::{Rubrics, totals};
use crate::{Error, Result};

/// Feedback and what a tutor changes of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Revision {
    /// The feedback as it is.
    pub feedback: Revised,
    /// The rubric it was marked against; none where that was the built-in one.
    #[serde(default)]
    pub rubric: Option<Value>,
    /// What is changed.
    pub criteria: Vec<Change>,
}

/// What is changed of one criterion.
#[derive(Debug, Clone, Deserialize)]
pub struct Change {
    /// Its `id`.
    pub id: String,
    /// Its marks: absent, they stay; null, they are open.
    #[serde(default, deserialize_with = "present")]
    #[allow(clippy::option_option)] // Absent, null and a number each mean something else.
    pub score: Option<Option<f64>>,
    /// The comment on it; absent, it stays.
    #[serde(default)]
    pub comment: Option<String>,
}

/// The part of feedback that depends on marks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revised {
    /// 0–100, or null while a criterion is open.
    #[serde(default)]
    pub grade: Option<f64>,
    /// What the student will read, in Markdown.
    pub feedback_text: String,
    /// Everything behind the mark.
    pub marking_criteria: MarkingCriteria,
}

/// A field that is there, null or not.
#[allow(clippy::option_option)]
fn present<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<Option<f64>>, D::Error> {
    Option::<f64>::deserialize(from).map(Some)
}

/// Makes the changes, adds the marks up anew under the rubric's penalties, rounding and bands, and puts the new marks into
/// the headings of the text. A criterion that was open and is given a mark and a comment gets a section of its own.
///
/// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) with the path of the fault: a criterion that there is not
/// or that is named twice, a score out of its bounds or between the rubric's levels where only those may be given, a rubric
/// that is not the feedback's.
pub fn revise(revision: Revision, rubrics: &Rubrics) -> Result<Revised> {
    let rubric = rubrics.get(revision.rubric.as_ref())?;
    let mut now = revision.feedback;
    let before = now.marking_criteria.criteria.clone();
    for (at, change) in revision.criteria.iter().enumerate() {
        let path = format!("criteria[{at}]");
        if revision.criteria.iter().take(at).any(|c| c.id == change.id) {
            return Err(Error::invalid_input(
                format!("{path}.id").as_str(),
                "This criterion is named twice.",
            ));
        }
        let criterion = now.marking_criteria.criteria.iter_mut().find(|c| c.id == change.id);
        let criterion = criterion.ok_or_else(|| {
            Error::invalid_input(format!("{path}.id").as_str(), "The feedback has no criterion of this id.")
        })?;
        let of_rubric = of_rubric(&rubric, criterion)?;
        make(change, criterion, of_rubric, &path)?;
    }
    let resolved = |id: &str| {
        let is = now.marking_criteria.criteria.iter().find(|c| c.id == id);
        is.is_some_and(|c| c.source == "human" && c.score.is_some())
    };
    let resolutions: Vec<bool> = now
        .marking_criteria
        .needs_review
        .iter()
        .map(|r| r.criterion.as_deref().is_some_and(resolved))
        .collect();
    for (review, resolved) in now.marking_criteria.needs_review.iter_mut().zip(resolutions) {
        review.resolved = resolved;
    }
    let criteria = &now.marking_criteria.criteria;
    now.feedback_text = rewrite(&now.feedback_text, &rubric, &before, criteria);
    let totals = totals::add_up_again(&rubric, criteria, &now.marking_criteria.totals.penalties);
    now.grade = totals::grade(&totals);
    now.marking_criteria.totals = totals;
    Ok(now)
}

/// The rubric's own criterion, which has to be as the feedback knows it.
fn of_rubric<'a>(rubric: &'a Rubric, marked: &MarkedCriterion) -> Result<&'a Criterion> {
    let all = rubric.questions.iter().flat_map(|question| &question.criteria);
    all.into_iter()
        .find(|c| c.head.id == marked.id && (c.head.max_mark - marked.max_mark).abs() < 1e-9)
        .ok_or_else(|| {
            Error::invalid_input("rubric", "This is not the rubric that the feedback was made with.")
        })
}

fn make(change: &Change, marked: &mut MarkedCriterion, of_rubric: &Criterion, path: &str) -> Result<()> {
    let head = &of_rubric.head;
    if let Some(score) = change.score {
        if let Some(score) = score {
            let at = format!("{path}.score");
            if !(0.0..=head.max_mark).contains(&score) {
                return Err(Error::invalid_input(&at, format!("This must be from 0 to {}.", head.max_mark)));
            }
            if head.by_level && !head.levels.iter().any(|level| (level.score - score).abs() < 1e-9) {
                let scores: Vec<String> = head.levels.iter().map(|level| level.score.to_string()).collect();
                return Err(Error::invalid_input(&at, format!("This must be one of {}.", scores.join(", "))));
            }
        }
        let score = score.map(tidy);
        if score != marked.score {
            marked.score = score;
            "human".clone_into(&mut marked.source);
            marked.confidence = if score.is_some() { 1.0 } else { 0.0 };
            marked.level = score.and_then(|score| {
                let reached = head.levels.iter().rev().find(|level| level.score <= score + 1e-9);
                reached.map(|level| level.definition.clone())
            });
        }
    }
    if let Some(comment) = &change.comment {
        marked.comment.clone_from(comment);
    }
    Ok(())
}

/// A stretch of the text that a heading stands over: a question's criteria, or a criterion where there is one question.
struct Section<'a> {
    name: String,
    before: Vec<&'a MarkedCriterion>,
    now: Vec<&'a MarkedCriterion>,
}

fn sections<'a>(
    rubric: &Rubric,
    before: &'a [MarkedCriterion],
    now: &'a [MarkedCriterion],
) -> Vec<Section<'a>> {
    let by_question = rubric.questions.len() > 1;
    let mut sections: Vec<Section<'a>> = Vec::new();
    for (before, now) in before.iter().zip(now) {
        let name = section_name(by_question, &now.question, &now.title);
        match sections.last_mut() {
            Some(last) if by_question && last.name == name => {
                last.before.push(before);
                last.now.push(now);
            }
            _ => sections.push(Section { name, before: vec![before], now: vec![now] }),
        }
    }
    sections
}

fn heading_of(name: &str, criteria: &[&MarkedCriterion]) -> String {
    let max: f64 = criteria.iter().map(|c| c.max_mark).sum();
    let got: Option<f64> = criteria.iter().map(|c| c.score).sum();
    heading(name, got.map(|got| (got, max)))
}

/// Whether a line is a section's heading, whatever number of marks it gives: a text may have been changed more than once.
fn is_heading(line: &str, section: &Section<'_>) -> bool {
    let bare = heading(&section.name, None);
    let max: f64 = section.now.iter().map(|c| c.max_mark).sum();
    let full = heading(&section.name, Some((max, max)));
    let end = full.rfind(" out of ").map_or("", |at| &full[at..]);
    let Some(marks) = line.trim_end().strip_prefix(bare.as_str()) else { return false };
    let got = marks.strip_prefix(" (").and_then(|rest| rest.strip_suffix(end));
    marks.is_empty() || got.is_some_and(|got| got.parse::<f64>().is_ok())
}

/// The text with the marks of its headings as they are now. A heading that somebody has rewritten is left as it is.
fn rewrite(text: &str, rubric: &Rubric, before: &[MarkedCriterion], now: &[MarkedCriterion]) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let sections = sections(rubric, before, now);
    for (at, section) in sections.iter().enumerate() {
        let (was, is) = (heading_of(&section.name, &section.before), heading_of(&section.name, &section.now));
        if was == is {
            continue;
        }
        if let Some(line) = lines.iter_mut().find(|line| is_heading(line, section)) {
            *line = is;
            continue;
        }
        let opened = section.before.iter().any(|c| c.score.is_none());
        let said: Vec<&str> =
            section.now.iter().map(|c| c.comment.trim()).filter(|comment| !comment.is_empty()).collect();
        if !opened || said.is_empty() || lines.contains(&is) {
            continue;
        }
        let later = sections.get(at + 1..).unwrap_or_default();
        let stops = |line: &String| line.trim_end() == FORWARD || later.iter().any(|s| is_heading(line, s));
        let place = lines.iter().position(stops);
        let place = place.unwrap_or_else(|| {
            lines.push(String::new());
            lines.len()
        });
        lines.splice(place..place, [is, said.join(" "), String::new()]);
    }
    lines.join("\n")
}
