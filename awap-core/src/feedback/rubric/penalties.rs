//! Marks taken off the whole: over length, under length, late.

use super::Node;
use crate::Result;

/// The rubric's penalties; what it does not name costs nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Penalties {
    /// For words over the limit.
    pub(crate) over_length: Option<OverLength>,
    /// The least share of the limit, in per cent, below which the tutor is told.
    pub(crate) under_length_pct: Option<f64>,
    /// For days after the cut-off date.
    pub(crate) late: Option<LateMode>,
}

/// What becomes of work over its limit.
#[derive(Debug, Clone)]
pub(crate) struct OverLength {
    /// The limit, where the rubric has one.
    pub(crate) limit_words: Option<u64>,
    /// Allowed over it, in per cent.
    pub(crate) tolerance_pct: f64,
    /// What is done.
    pub(crate) mode: OverMode,
    /// Words in a step.
    pub(crate) per_words: u64,
    /// Marks, or per cent of the mark, for each step begun.
    pub(crate) marks: f64,
    /// Marks at most.
    pub(crate) cap: Option<f64>,
    /// The questions whose answers are counted; without, all.
    pub(crate) questions: Option<Vec<String>>,
}

impl OverLength {
    /// Whether the answer to this question is counted.
    pub(crate) fn counts(&self, question: &str) -> bool {
        self.questions.as_ref().is_none_or(|ids| ids.iter().any(|id| id == question))
    }
}

/// What is done about work over its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverMode {
    /// The tutor is told.
    NoteOnly,
    /// Marks for each step of words begun.
    MarksPerStep,
    /// A share of the mark, once (or for each step, where steps are given).
    PercentOfMark,
    /// What stands beyond the limit and its tolerance is not read.
    StopReading,
}

/// What is done about late work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LateMode {
    /// The tutor is told.
    NoteOnly,
    /// Per cent of the mark for each day begun.
    PercentPerDay(f64),
}

const OVER_MODES: [(&str, OverMode); 4] = [
    ("note_only", OverMode::NoteOnly),
    ("marks_per_step", OverMode::MarksPerStep),
    ("percent_of_mark", OverMode::PercentOfMark),
    ("stop_reading", OverMode::StopReading),
];

impl Penalties {
    /// Reads `penalties`.
    pub(crate) fn load(node: &Node<'_>) -> Result<Self> {
        Ok(Self {
            over_length: node.maybe("over_length", over_length)?,
            under_length_pct: node.maybe("under_length", |n| {
                n.or("mode", (), |m| m.choice(&[("note_only", ())]))?;
                n.or("min_pct", 90.0, |p| p.number_within(0.0, 100.0))
            })?,
            late: node.maybe("late", |n| {
                let percent =
                    n.or("mode", false, |m| m.choice(&[("note_only", false), ("percent_per_day", true)]))?;
                let pct = n.or("pct", 0.0, |p| p.number_within(0.0, 100.0))?;
                if percent && n.get("pct")?.is_none() {
                    return Err(n.required("pct").err().unwrap_or_else(|| n.fault("“pct” is missing.")));
                }
                Ok(if percent { LateMode::PercentPerDay(pct) } else { LateMode::NoteOnly })
            })?,
        })
    }
}

fn over_length(node: &Node<'_>) -> Result<OverLength> {
    let mode = node.or("mode", OverMode::NoteOnly, |m| m.choice(&OVER_MODES))?;
    if mode == OverMode::MarksPerStep {
        node.required("per_words")?;
    }
    if matches!(mode, OverMode::MarksPerStep | OverMode::PercentOfMark) {
        node.required("marks")?;
    }
    if mode != OverMode::NoteOnly {
        node.required("limit_words")?;
    }
    Ok(OverLength {
        limit_words: node.maybe("limit_words", |n| n.count(1))?,
        tolerance_pct: node.or("tolerance_pct", 10.0, |n| n.number_within(0.0, 100.0))?,
        mode,
        per_words: node.or("per_words", 0, |n| n.count(1))?,
        marks: node.or("marks", 0.0, |n| n.number_within(0.0, 1e9))?,
        cap: node.maybe("cap", |n| n.number_within(0.0, 1e9))?,
        questions: None,
    })
}
