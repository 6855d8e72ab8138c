//! A rubric as a tutor looks at it: read in whichever form it came, checked, and put into one.

use serde::Serialize;
use serde_json::Value;

use super::Rubrics;
use super::rubric::{Criterion, OverMode, Rounding, Rubric};
use crate::Result;

/// A rubric that holds together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RubricOutline {
    /// Its own name.
    pub rubric_id: String,
    /// What it was read from: `awap:rubric/1`, `simple`, or `general`, the built-in one.
    pub form: String,
    /// SHA-256 of its canonical JSON, in hexadecimal; feedback's `provenance` has the same.
    pub sha256: String,
    /// The most that can be earned.
    pub max_mark: f64,
    /// `none`, `half_up_int`, `half_up_0.5`
    pub rounding: String,
    /// Descending, by the least percentage in each.
    pub bands: Vec<BandOutline>,
    /// Words that are allowed, where the rubric limits them.
    pub limit_words: Option<u64>,
    /// Whether words over the limit are left unread.
    pub stops_reading: bool,
    /// In order.
    pub questions: Vec<QuestionOutline>,
    /// Errors that cost marks where the text makes them.
    pub common_errors: Vec<ItemOutline>,
    /// What earns marks beyond the criteria.
    pub bonus_points: Vec<ItemOutline>,
}

/// A named stretch of percentages.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct BandOutline {
    pub name: String,
    pub min: f64,
}

/// A question with its criteria.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct QuestionOutline {
    pub id: String,
    pub max_mark: f64,
    pub prompt: String,
    pub criteria: Vec<CriterionOutline>,
}

/// A criterion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CriterionOutline {
    /// Unique in the rubric.
    pub id: String,
    /// As the student reads it.
    pub title: String,
    /// What is looked for.
    pub description: String,
    /// The most that can be earned.
    pub max_mark: f64,
    /// Whether only the levels' own scores may be given.
    pub by_level: bool,
    /// Whether only a person may mark it.
    pub human: bool,
    /// By score, ascending; may be empty.
    pub levels: Vec<LevelOutline>,
    /// Each thing that is looked for: its id, as evidence names it, and the rubric's words for it.
    pub points: Vec<[String; 2]>,
}

/// A level of a criterion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct LevelOutline {
    pub score: f64,
    pub definition: String,
}

/// An error or a bonus: the rubric's words, and marks.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct ItemOutline {
    pub text: String,
    pub marks: f64,
}

/// Reads and checks a rubric; without one, the built-in.
///
/// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) with the path of the fault.
pub fn outline(rubric: Option<&Value>, rubrics: &Rubrics) -> Result<RubricOutline> {
    let rubric: &Rubric = &*rubrics.get(rubric)?;
    let over = rubric.penalties.over_length.as_ref();
    Ok(RubricOutline {
        rubric_id: rubric.id.clone(),
        form: rubric.form.to_owned(),
        sha256: rubric.sha256.clone(),
        max_mark: rubric.max_mark,
        rounding: match rubric.rounding {
            Rounding::None => "none",
            Rounding::HalfUpInt => "half_up_int",
            Rounding::HalfUpHalf => "half_up_0.5",
        }
        .to_owned(),
        bands: rubric.bands.iter().map(|b| BandOutline { name: b.name.clone(), min: b.min }).collect(),
        limit_words: over.and_then(|over| over.limit_words),
        stops_reading: over.is_some_and(|over| over.mode == OverMode::StopReading),
        questions: rubric
            .questions
            .iter()
            .map(|question| QuestionOutline {
                id: question.id.clone(),
                max_mark: question.max_mark,
                prompt: question.prompt.clone(),
                criteria: question.criteria.iter().map(criterion).collect(),
            })
            .collect(),
        common_errors: rubric
            .errors
            .iter()
            .map(|e| ItemOutline { text: e.text.clone(), marks: e.penalty })
            .collect(),
        bonus_points: rubric
            .bonuses
            .iter()
            .map(|b| ItemOutline { text: b.text.clone(), marks: b.points })
            .collect(),
    })
}

fn criterion(criterion: &Criterion) -> CriterionOutline {
    let head = &criterion.head;
    CriterionOutline {
        id: head.id.clone(),
        title: head.title.clone(),
        description: head.description.clone(),
        max_mark: head.max_mark,
        by_level: head.by_level,
        human: criterion.kind.is_human(),
        levels: head
            .levels
            .iter()
            .map(|l| LevelOutline { score: l.score, definition: l.definition.clone() })
            .collect(),
        points: criterion
            .kind
            .points()
            .iter()
            .map(|(id, label)| [(*id).to_owned(), (*label).to_owned()])
            .collect(),
    }
}
