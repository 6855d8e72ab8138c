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
    /// What is counted.
    pub(crate) counted: Counted,
    /// The questions whose answers are counted; without, all.
    pub(crate) questions: Option<Vec<String>>,
}

impl OverLength {
    /// Whether the limit is one of the answer to this question.
    pub(crate) fn is_about(&self, question: &str) -> bool {
        self.questions.as_ref().is_none_or(|ids| ids.iter().any(|id| id == question))
    }
}

/// What counts towards a limit beside the running text; where the rubric says nothing, what [`Counts::words_counted`] counts.
///
/// [`Counts::words_counted`]: crate::tma::Counts::words_counted
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // One for each of the rubric's words.
pub(crate) struct Counted {
    /// `(Smith, 2019)` in the text.
    pub(crate) in_text_citations: bool,
    /// The reference list.
    pub(crate) reference_list: bool,
    /// Headings inside an answer.
    pub(crate) headings: bool,
    /// Tables inside an answer.
    pub(crate) tables: bool,
    /// Quotations, between quotation marks or set apart.
    pub(crate) quotes: bool,
}

impl Default for Counted {
    fn default() -> Self {
        Self { in_text_citations: true, reference_list: false, headings: true, tables: false, quotes: true }
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
        counted: node.or("counts", Counted::default(), counted)?,
        questions: None,
    })
}

fn counted(node: &Node<'_>) -> Result<Counted> {
    let unless_said = Counted::default();
    Ok(Counted {
        in_text_citations: node.or("in_text_citations", unless_said.in_text_citations, Node::boolean)?,
        reference_list: node.or("reference_list", unless_said.reference_list, Node::boolean)?,
        headings: node.or("headings", unless_said.headings, Node::boolean)?,
        tables: node.or("tables", unless_said.tables, Node::boolean)?,
        quotes: node.or("quotes", unless_said.quotes, Node::boolean)?,
    })
}
