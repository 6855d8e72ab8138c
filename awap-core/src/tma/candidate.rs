//! Labels found in the text, before it is known which of them are questions'.

use super::asking;
use super::assemble::Whole;
use super::label::{self, Label, Step, Word};
use super::unit::Unit;

/// A label found in the text, before it is known whether it is a question's.
pub(super) struct Candidate {
    pub(super) unit: usize,
    pub(super) label: Label,
    /// Bytes of the line that the label takes (0 where the word processor draws it).
    pub(super) len: usize,
    pub(super) shown: String,
    /// Words from here to the next candidate.
    pub(super) words: usize,
    /// Words of its own line, where they only put the question.
    pub(super) asked: usize,
    pub(super) heading: bool,
    /// Of a list of short items, one beside the other.
    pub(super) in_list: bool,
    pub(super) form: Form,
}

/// How sure it is that a candidate is a label at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Its punctuation makes it one: `1.`, `(a)`, `Question 1`.
    Plain,
    /// A number set before a question and not parted from it: `2 Describe the load`.
    Bare,
    /// A number below a number: `1.1`.
    Decimal,
}

/// All labels, in order. `skip` says which units hold none.
pub(super) fn candidates(whole: &Whole, units: &[Unit], skip: &dyn Fn(usize) -> bool) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for (i, unit) in units.iter().enumerate() {
        if skip(i) {
            continue;
        }
        let line = unit.span.of(&whole.text);
        let found =
            if unit.is_prose() || unit.is_heading() { candidate(whole, units, i, line) } else { None };
        match found {
            Some(mut part) => {
                let question = question_beside(unit, i, line, &part);
                if question.is_some() {
                    part.words = 0;
                }
                out.push(part);
                out.extend(question);
            }
            None => {
                if let Some(last) = out.last_mut()
                    && unit.is_prose()
                {
                    last.words += unit.words;
                }
            }
        }
    }
    // Short items, line by line, are a list.
    for i in 0..out.len() {
        let near = |a: usize, b: usize| match (out.get(a), out.get(b)) {
            (Some(first), Some(then)) => then.unit.abs_diff(first.unit) <= 1 && !goes_down(first, then),
            _ => false,
        };
        let short = out.get(i).is_some_and(|c| c.words < 12 && !c.label.alone && !c.heading);
        let listed = short && (near(i, i + 1) || i > 0 && near(i - 1, i));
        if let Some(c) = out.get_mut(i) {
            c.in_list = listed;
        }
    }
    out
}

/// The question that a part's label stands beside: `Section A: Question 1`.
fn question_beside(unit: &Unit, i: usize, line: &str, part: &Candidate) -> Option<Candidate> {
    if part.label.word != Some(Word::Part) || part.label.alone {
        return None;
    }
    let label = label::parse(line.get(part.len..)?)?;
    let written = line.get(part.len..part.len + label.shown)?.trim_matches(['*', '_', ' ', '#']).to_owned();
    let len = part.len + label.len;
    (label.word == Some(Word::Question)).then(|| Candidate {
        unit: i,
        words: rest_words(unit, line, len),
        asked: 0,
        heading: unit.is_heading(),
        in_list: false,
        len,
        shown: written,
        form: Form::Plain,
        label,
    })
}

/// Whether what follows is the first of a list below: `b)` and then `i.`, `1.` and then `a)`.
fn goes_down(first: &Candidate, then: &Candidate) -> bool {
    let mark = |c: &Candidate| match c.label.steps.last() {
        Some(Step::Mark(mark)) => mark.clone(),
        _ => String::new(),
    };
    mark(then) == "i" && mark(first) != "h" || mark(then) == "a" && mark(first).is_empty()
}

fn candidate(whole: &Whole, units: &[Unit], i: usize, line: &str) -> Option<Candidate> {
    let unit = units.get(i)?;
    let found = |label: Label, len: usize, shown: String, form: Form| Candidate {
        unit: i,
        words: rest_words(unit, line, len),
        asked: if puts_its_question(line, len) { rest_words(unit, line, len) } else { 0 },
        heading: unit.is_heading(),
        in_list: false,
        label: Label { alone: len >= line.len(), ..label },
        len,
        shown,
        form,
    };
    let drawn = whole
        .blocks
        .get(unit.block)
        .filter(|_| unit.first)
        .and_then(|b| b.label.as_deref())
        .filter(|l| l.chars().any(char::is_alphanumeric))
        // `1.` drawn before `Question 1` says nothing more.
        .filter(|_| !label::parse(line).is_some_and(|own| own.word.is_some() && own.alone));
    if let Some(drawn) = drawn.map(str::trim) {
        let joined = format!("{drawn} {}", line.get(..line.len().min(floor(line, 160))).unwrap_or_default());
        let (label, form) = label::parse(&joined)
            .map(|label| (label, Form::Plain))
            .or_else(|| label::decimal(&joined).map(|label| (label, Form::Decimal)))?;
        let own = label.len.saturating_sub(drawn.len() + 1);
        let shown = joined.get(..label.shown).unwrap_or_default().trim().to_owned();
        return Some(found(label, own, shown, form))
            .filter(|c| c.form == Form::Plain || puts_a_part(c, line));
    }
    let shown = |label: &Label| {
        line.get(..label.shown).unwrap_or_default().trim_matches(['*', '_', ' ', '#']).to_owned()
    };
    let Some(label) = label::parse(line) else {
        let (label, form) = label::decimal(line)
            .map(|label| (label, Form::Decimal))
            .or_else(|| label::bare(line).map(|label| (label, Form::Bare)))
            .filter(|_| unit.first)?;
        let (len, shown) = (label.len, shown(&label));
        let candidate = found(label, len, shown, form);
        let holds = match form {
            Form::Bare => {
                (unit.is_heading() || unit.set_apart)
                    && (candidate.label.alone || puts_a_task(&candidate, line))
            }
            _ => puts_a_part(&candidate, line),
        };
        return holds.then_some(candidate);
    };
    // In the middle of a paragraph a line may begin with a number by chance.
    if !unit.first && label.word.is_none() && label.steps.len() < 2 && !previous_ends(whole, units, i) {
        return None;
    }
    let (len, shown) = (label.len, shown(&label));
    Some(found(label, len, shown, Form::Plain))
}

/// Whether what follows a label on its line is the question and no more.
fn puts_its_question(line: &str, len: usize) -> bool {
    line.get(len..).is_some_and(|rest| {
        rest.ends_with('?') || asking::ends_with_marks(rest) || rest.len() <= 600 && asking::only_asks(rest)
    })
}

/// Whether a task follows a label.
fn puts_a_task(candidate: &Candidate, line: &str) -> bool {
    line.get(candidate.len..).is_some_and(asking::only_asks)
}

/// Whether a number below a number heads a part of a question: alone, before its question or before the answer. A report
/// within an answer numbers its sections, whose titles ask nothing.
fn puts_a_part(candidate: &Candidate, line: &str) -> bool {
    candidate.label.alone || puts_a_task(candidate, line) || !candidate.heading && candidate.words >= 15
}

fn floor(line: &str, max: usize) -> usize {
    let mut end = max.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    end
}

fn rest_words(unit: &Unit, line: &str, len: usize) -> usize {
    if unit.is_heading() { 0 } else { line.get(len..).map_or(0, crate::text::count_words) }
}

fn previous_ends(whole: &Whole, units: &[Unit], i: usize) -> bool {
    let before = i.checked_sub(1).and_then(|p| units.get(p));
    before.is_none_or(|u| {
        let line = u.span.of(&whole.text);
        line.ends_with(['.', '?', '!', ':', ')', ';', '”', '"']) || u.words <= 6
    })
}
