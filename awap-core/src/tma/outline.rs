//! The outline of a TMA: cover, questions with their answers, reference lists, appendices.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::assemble::Whole;
use super::scheme::{self, Mark};
use super::unit::{self, Unit};
use super::unlabelled::{Loose, named_by_file};
use super::{Asked, ParsedBlock, Question, answer, asking, fields, label};
use crate::citation::Citations;
use crate::document::{Block, BlockKind, Cell, PartKind, Warning};
use crate::text::{Span, count_words, pattern};

/// The outline.
pub(super) struct Outline {
    pub(super) units: Vec<Unit>,
    pub(super) questions: Vec<Question>,
    /// Stretches of prose that do not count as the student's words: labels, restated questions, closing lines.
    pub(super) holes: Vec<Span>,
    /// Work that is in no answer.
    pub(super) loose: Vec<Loose>,
    /// What each unit is for.
    roles: Vec<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    None,
    Cover,
    References,
    Appendix,
}

static APPENDIX: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^[\W_]*(?:appendi(?:x|ces)|annexe?)\b(?:\s+(?:\d{1,2}|[a-z]|[ivx]+)\b)?\s*(?:[:.–—-].{0,80})?[\W_]*$",
    )
});

/// Words from which a paragraph is an answer's and not a cover sheet's.
const PROSE_WORDS: usize = 15;
/// The same for one that is a sentence.
const SENTENCE_WORDS: usize = 7;

/// Words over the parts of a question from which they are an answer of its own.
pub(super) const CONTAINER_WORDS: usize = 40;

/// Makes the outline.
pub(super) fn outline(whole: &Whole, cited: &Citations, asked: &Asked) -> Outline {
    let units = unit::units(whole, |block| holds_answers(whole, block));
    let roles = roles(whole, &units, cited);
    let ids: BTreeSet<String> = asked.ids.keys().cloned().collect();
    let mut out = Outline { units, questions: Vec::new(), holes: Vec::new(), loose: Vec::new(), roles };
    let skip = |i: usize| out.roles.get(i).is_some_and(|r| matches!(r, Role::References | Role::Appendix));
    let forms = |i: usize| {
        out.units.get(i).and_then(|u| whole.parts.get(u.part)).is_some_and(|p| p.question.is_some())
    };
    let labels = scheme::marks(whole, &out.units, &ids, &|i| skip(i) || forms(i));
    let marks = without_repeats(&out.units, &labels);
    out.cover(whole, &marks);
    let mut questions = out.answers(whole, &marks, asked);
    let essay = if questions.is_empty() { out.essay(whole, asked) } else { None };
    questions.extend(essay.clone());
    questions.extend(out.form_answers(whole, asked));
    questions.sort_by_key(|q| q.start);
    let more = out.unlabelled(whole, &labels, &questions, essay.as_ref(), asked);
    questions.extend(more);
    questions.sort_by_key(|q| q.start);
    out.questions = questions;
    out.closing_lines(whole);
    out.holes.sort_unstable();
    out
}

/// Whether a table holds answers or stands over them: labels of questions in its first column, text beside or below them;
/// or one row that begins with such a label, with the question beside it.
fn holds_answers(whole: &Whole, block: &Block) -> bool {
    let cells = || block.cells.iter().take(400);
    let text = |c: &Cell| Span::new(c.start, c.end).of(&whole.text).trim();
    let label = |c: &Cell| label::parse(text(c)).filter(|l| l.word.is_some() || l.steps.len() > 1);
    let mut labels = cells().filter(|c| c.column == 0).filter_map(label);
    let Some(first) = labels.next() else { return false };
    let one_row = first.word.is_some() && block.cells.len() <= 3 && cells().all(|c| c.row == 0);
    one_row || cells().any(|c| count_words(text(c)) >= 20)
}

fn roles(whole: &Whole, units: &[Unit], cited: &Citations) -> Vec<Role> {
    let mut roles = vec![Role::None; units.len()];
    let mut list = 0;
    let mut appendix: Option<usize> = None;
    for (i, unit) in units.iter().enumerate() {
        while cited.lists.get(list).is_some_and(|l| l.end <= unit.span.start) {
            list += 1;
        }
        let line = unit.span.of(&whole.text);
        if cited.lists.get(list).is_some_and(|l| l.start <= unit.span.start) {
            set(&mut roles, i, Role::References);
            continue;
        }
        if appendix.is_some_and(|part| part != unit.part) {
            appendix = None;
        }
        if unit.first && line.len() <= 120 && APPENDIX.is_match(line) {
            appendix = Some(unit.part);
        }
        // A question after an appendix: `Question 3` in full.
        if appendix.is_some()
            && unit.first
            && label::parse(line)
                .is_some_and(|l| l.word == Some(label::Word::Question) && (l.alone || unit.is_heading()))
        {
            appendix = None;
        }
        if appendix.is_some() {
            set(&mut roles, i, Role::Appendix);
        }
    }
    roles
}

fn set(roles: &mut [Role], i: usize, role: Role) {
    if let Some(slot) = roles.get_mut(i) {
        *slot = role;
    }
}

/// A question labelled twice: in a list of contents or a restated paper, and then before its answer. The first counts
/// only if text follows that restates nothing; else the later label begins the answer.
fn without_repeats(units: &[Unit], marks: &[Mark]) -> Vec<Mark> {
    let words: Vec<usize> = (0..marks.len())
        .map(|i| {
            let from = marks.get(i).map_or(0, |m| m.unit);
            let to = marks.get(i + 1).map_or(units.len(), |m| m.unit);
            let part = units.get(from).map(|u| u.part);
            let within = units.get(from..to.max(from)).unwrap_or_default().iter();
            within.filter(|u| Some(u.part) == part && !u.is_heading()).map(|u| u.words).sum()
        })
        .collect();
    let mut out: Vec<Option<Mark>> = marks.iter().cloned().map(Some).collect();
    let mut last: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for (i, mark) in marks.iter().enumerate() {
        let Some(id) = mark.id.as_deref() else { continue };
        if let Some(first) = last.get(id).copied() {
            // The one with more to say is the answer's; an `Answer` label always is.
            let earlier_wins = !mark.is_answer && words.get(first) >= words.get(i);
            let lose = if earlier_wins { i } else { first };
            if let Some(slot) = out.get_mut(lose) {
                // Where the answer has a label of its own, the question's still ends the answer before it.
                *slot =
                    slot.take().filter(|_| !earlier_wins && mark.is_answer).map(|m| Mark { id: None, ..m });
            }
            if !earlier_wins {
                last.insert(id, i);
            }
        } else {
            last.insert(id, i);
        }
    }
    out.into_iter().flatten().collect()
}

impl Outline {
    /// What unit `i` is for.
    pub(super) fn role(&self, i: usize) -> Option<Role> {
        self.roles.get(i).copied()
    }

    /// Whether unit `i` is of a cover sheet.
    pub(super) fn is_cover(&self, i: usize) -> bool {
        self.roles.get(i) == Some(&Role::Cover)
    }

    /// Marks what stands before the first answer of each body as cover, but for prose.
    fn cover(&mut self, whole: &Whole, marks: &[Mark]) {
        let mut at = 0;
        while let Some(part) = self.units.get(at).map(|u| u.part) {
            let end =
                self.units.iter().skip(at).position(|u| u.part != part).map_or(self.units.len(), |n| at + n);
            let first_mark = marks.iter().map(|m| m.unit).find(|u| (at..end).contains(u));
            let prose = (at..end).find(|i| self.begins_prose(whole, *i));
            let form = whole.parts.get(part).is_some_and(|p| p.question.is_some());
            let stop = match (first_mark, prose) {
                _ if form => at,
                (Some(mark), _) => mark,
                (None, Some(prose)) => prose,
                (None, None) => at,
            };
            for i in at..stop {
                let is_intro = self.begins_prose(whole, i);
                if !is_intro && self.roles.get(i) == Some(&Role::None) {
                    set(&mut self.roles, i, Role::Cover);
                }
            }
            at = end;
        }
    }

    /// Whether running text begins with unit `i`: a paragraph, no field, no declaration.
    pub(super) fn begins_prose(&self, whole: &Whole, i: usize) -> bool {
        let Some(unit) = self.units.get(i).filter(|u| u.is_prose() && u.first) else { return false };
        if self.roles.get(i).is_some_and(|r| matches!(r, Role::References | Role::Appendix)) {
            return false;
        }
        let block = whole
            .blocks
            .get(unit.block)
            .map(|b| Span::new(b.start, b.end).of(&whole.text))
            .unwrap_or_default();
        let is_of_cover = || block.lines().take(4).any(fields::is_cover_line);
        // A title has no full stop; a short opening sentence has.
        let words = count_words(block);
        let sentence = words >= SENTENCE_WORDS && block.ends_with(['.', '!', '”', '’']) && !unit.set_apart;
        (words >= PROSE_WORDS || sentence) && !is_of_cover() && !fields::is_declaration(block)
    }

    fn answers(&mut self, whole: &Whole, marks: &[Mark], asked: &Asked) -> Vec<Question> {
        let mut out: Vec<Question> = Vec::new();
        for (i, mark) in marks.iter().enumerate() {
            let start = self.units.get(mark.unit).map_or(mark.after, |u| u.span.start);
            if mark.after > start {
                self.holes.push(Span::new(start, mark.after));
            }
            let Some(id) = &mark.id else { continue };
            let part = self.units.get(mark.unit).map(|u| u.part);
            let next = marks.get(i + 1).map_or(self.units.len(), |m| m.unit);
            let to = (mark.unit..next)
                .find(|j| {
                    self.units.get(*j).map(|u| u.part) != part
                        || self.roles.get(*j).is_some_and(|r| matches!(r, Role::References | Role::Appendix))
                })
                .unwrap_or(next);
            let Some(bounds) = answer::bounds(whole, &self.units, mark.unit, to, mark.after, &asked.prompts)
            else {
                continue;
            };
            self.holes.extend(bounds.prompt);
            let words = self.words(whole, bounds.answer);
            // A container has parts of its own; what stands over them is an introduction or the restated question.
            let container = marks
                .iter()
                .skip(i + 1)
                .find_map(|m| m.id.as_ref())
                .is_some_and(|next| next.starts_with(&format!("{id}(")));
            if container && (words < CONTAINER_WORDS || asking::is_quoted(bounds.answer.of(&whole.text))) {
                self.holes.push(bounds.answer);
                continue;
            }
            if words == 0 && !self.has_other_content(bounds.answer) {
                continue;
            }
            out.push(question(whole, asked.spelling(id), mark.shown.clone(), bounds, words));
        }
        out
    }

    /// A TMA without numbered questions: one answer.
    fn essay(&mut self, whole: &Whole, asked: &Asked) -> Option<Question> {
        // The body with most to say.
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for (i, unit) in self.units.iter().enumerate() {
            let form = whole.parts.get(unit.part).is_some_and(|p| p.question.is_some());
            let counts = unit.is_prose() && !form && self.roles.get(i) == Some(&Role::None);
            match parts.last_mut() {
                Some((part, words)) if *part == unit.part => *words += if counts { unit.words } else { 0 },
                _ => parts.push((unit.part, if counts { unit.words } else { 0 })),
            }
        }
        let (part, words) = parts.iter().copied().max_by_key(|(part, words)| (*words, usize::MAX - part))?;
        if words == 0 {
            return None;
        }
        let inside = |i: &usize| self.units.get(*i).is_some_and(|u| u.part == part);
        let from = (0..self.units.len()).filter(inside).find(|i| self.roles.get(*i) == Some(&Role::None))?;
        let to = (from..self.units.len())
            .find(|i| {
                !inside(i)
                    || self.roles.get(*i).is_some_and(|r| matches!(r, Role::References | Role::Appendix))
            })
            .unwrap_or(self.units.len());
        let bounds = answer::bounds(whole, &self.units, from, to, 0, &asked.prompts)?;
        self.holes.extend(bounds.prompt);
        let words = self.words(whole, bounds.answer);
        let id = match asked.ids.values().next() {
            Some(only) if asked.ids.len() == 1 => only.clone(),
            _ => named_by_file(whole, part).unwrap_or_else(|| "essay".to_owned()),
        };
        Some(question(whole, id, String::new(), bounds, words))
    }

    /// Answers typed into a form, one a question.
    fn form_answers(&mut self, whole: &Whole, asked: &Asked) -> Vec<Question> {
        let mut out = Vec::new();
        for (index, part) in whole.parts.iter().enumerate() {
            let (Some(name), PartKind::Body) = (&part.question, part.kind) else { continue };
            let from = self.units.partition_point(|u| u.part < index);
            let end = self.units.partition_point(|u| u.part <= index);
            let to = (from..end)
                .find(|i| self.roles.get(*i).is_some_and(|r| matches!(r, Role::References | Role::Appendix)))
                .unwrap_or(end);
            let Some(bounds) = answer::bounds(whole, &self.units, from, to, 0, &asked.prompts) else {
                continue;
            };
            self.holes.extend(bounds.prompt);
            let words = self.words(whole, bounds.answer);
            out.push(question(
                whole,
                asked.spelling(&label::normalize_id(name)),
                name.clone(),
                bounds,
                words,
            ));
        }
        out
    }

    /// Words of prose in a stretch: headings, tables, code and captions left out.
    pub(super) fn words(&self, whole: &Whole, span: Span) -> usize {
        let from = self.units.partition_point(|u| u.span.end <= span.start);
        self.units
            .iter()
            .skip(from)
            .take_while(|u| u.span.start < span.end)
            .filter(|u| u.is_prose())
            .map(|u| {
                count_words(Span::new(u.span.start.max(span.start), u.span.end.min(span.end)).of(&whole.text))
            })
            .sum()
    }

    /// Whether a stretch without prose holds something: code, a table, an equation, a figure. A figure often has no text,
    /// so that its caption stands for it.
    fn has_other_content(&self, span: Span) -> bool {
        use BlockKind::{Caption, Code, Equation, Figure, Table};
        let from = self.units.partition_point(|u| u.span.end <= span.start);
        self.units
            .iter()
            .skip(from)
            .take_while(|u| u.span.start < span.end)
            .any(|u| matches!(u.kind, Code | Table | Equation | Figure | Caption) && !u.span.is_empty())
    }

    /// What stands after an answer and before what comes next (word counts, signatures) does not count.
    fn closing_lines(&mut self, whole: &Whole) {
        let mut question = 0;
        for (i, unit) in self.units.iter().enumerate() {
            while self.questions.get(question).is_some_and(|q| q.end <= unit.span.start) {
                question += 1;
            }
            let outside = self.questions.get(question).is_none_or(|q| unit.span.end <= q.start);
            let after_answers = question > 0 && outside && self.roles.get(i) == Some(&Role::None);
            if after_answers
                && unit.is_prose()
                && unit.words < PROSE_WORDS
                && !unit.span.of(&whole.text).ends_with('.')
            {
                self.holes.push(unit.span);
            }
        }
    }

    /// The blocks of the whole with their roles.
    pub(super) fn blocks(&self, whole: &Whole, cited: &Citations) -> Vec<ParsedBlock> {
        let mut out = Vec::with_capacity(whole.blocks.len());
        let (mut unit, mut question, mut list) = (0, 0, 0);
        for (index, block) in whole.blocks.iter().enumerate() {
            while self.units.get(unit).is_some_and(|u| u.block < index) {
                unit += 1;
            }
            while self.questions.get(question).is_some_and(|q| q.end <= block.start) {
                question += 1;
            }
            while cited.lists.get(list).is_some_and(|l| l.end <= block.start) {
                list += 1;
            }
            let span = Span::new(block.start, block.end);
            let role = match self.units.get(unit).filter(|u| u.block == index).and(self.roles.get(unit)) {
                Some(Role::Cover) => Some("cover"),
                Some(Role::Appendix) => Some("appendix"),
                Some(Role::References) => Some("reference_list"),
                _ => {
                    let near = self.questions.get(question);
                    let in_prompt = near.and_then(|q| q.prompt).is_some_and(|p| p.contains(span));
                    if in_prompt {
                        Some("prompt")
                    } else if near.is_some_and(|q| Span::new(q.start, q.end).overlaps(span)) {
                        Some("answer")
                    } else if cited.lists.get(list).is_some_and(|l| l.overlaps(span)) {
                        Some("reference_list")
                    } else {
                        None
                    }
                }
            };
            out.push(ParsedBlock {
                kind: block.kind,
                level: block.level,
                label: block.label.clone(),
                start: block.start,
                end: block.end,
                part: whole
                    .part_of
                    .get(index)
                    .and_then(|p| whole.parts.get(*p))
                    .map_or(PartKind::Body, |p| p.kind),
                role: role.map(str::to_owned),
            });
        }
        out
    }

    /// What a marker should know of the questions.
    pub(super) fn warnings(&self, whole: &Whole, asked: &Asked) -> Vec<Warning> {
        let mut out = Vec::new();
        if whole.text.trim().is_empty() {
            out.push(Warning::new("no_text", "This TMA holds no text."));
            return out;
        }
        out.extend(self.loose_text());
        let found: BTreeSet<String> = self.questions.iter().map(|q| label::normalize_id(&q.id)).collect();
        let missing: Vec<&str> =
            asked.ids.iter().filter(|(id, _)| !found.contains(*id)).map(|(_, own)| own.as_str()).collect();
        if !missing.is_empty() {
            let list = missing.join(", ");
            out.push(Warning::new(
                "question_not_found",
                format!("No answer was found to these questions of the rubric: {list}."),
            ));
        }
        out
    }
}

pub(super) fn question(
    whole: &Whole,
    id: String,
    label: String,
    bounds: answer::Bounds,
    words: usize,
) -> Question {
    Question {
        id,
        label,
        start: bounds.answer.start,
        end: bounds.answer.end,
        text: bounds.answer.of(&whole.text).to_owned(),
        words: words as u32,
        prompt: bounds.prompt,
    }
}
