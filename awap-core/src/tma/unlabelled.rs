//! Work that no label heads, beside work that has one: another file, what stands before the first label, what follows a
//! reference list. It becomes the answer that it clearly is; else a marker is told of it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::assemble::Whole;
use super::outline::{CONTAINER_WORDS, Outline, Role, question};
use super::scheme::Mark;
use super::{Asked, Question, answer, label};
use crate::document::Warning;
use crate::text::pattern;

/// Units of one part, one beside the other, that are of no answer.
struct Stretch {
    from: usize,
    to: usize,
    part: usize,
    /// It begins with a label that only ends an answer: `Part 2`.
    divided: bool,
}

/// A stretch of which nobody can say for certain whose answer it is.
pub(super) struct Loose {
    words: usize,
    /// Where it stands, as a marker would say it.
    place: String,
    /// The question that it was read as the answer to, as it is the only one without.
    guess: Option<String>,
}

/// What stands below a list and is no work: a statement on the use of AI, a glossary.
static ASIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?xi)^[\W\d_]*(?:
          (?:use|statement|declaration|acknowledge?ment|disclosure)s?\s+(?:of|on|about|regarding|for)\b | ai\s+(?:use|statement|declaration)\b
        | (?:generative|artificial)\b | declarations?\b | acknowledge?ments?\b | glossary\b | (?:foot|end)?notes?\W*$ | abbreviations?\b
        | (?:table\s+of\s+)?contents\W*$ | list\s+of\b | figures?\W*$ | word\s*-?count\b | feedback\b | comments?\s+(?:to|for)\b )",
    )
});

/// Files that come with a TMA and are no answer.
static BESIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)append|transcript|consent|cover.?(?:sheet|page)|checklist|declaration|question.?paper")
});

impl Outline {
    /// The answers among what no label heads; what is left of it is kept for [`Outline::loose_text`]. `marks` are all
    /// labels that were found, and `questions` the answers so far, in order; those by `essay` bear no label.
    pub(super) fn unlabelled(
        &mut self,
        whole: &Whole,
        marks: &[Mark],
        questions: &[Question],
        essay: Option<&Question>,
        asked: &Asked,
    ) -> Vec<Question> {
        let mut out: Vec<Question> = Vec::new();
        let mut answered = Answered::new(questions, asked);
        let mut last: Option<(usize, usize)> = None;
        for stretch in self.stretches(whole, marks, questions) {
            let Some(bounds) =
                answer::bounds(whole, &self.units, stretch.from, stretch.to, 0, &asked.prompts)
            else {
                continue;
            };
            let words = self.words(whole, bounds.answer);
            if words < CONTAINER_WORDS {
                continue;
            }
            let start = bounds.answer.start;
            let before = questions.partition_point(|q| q.start < start);
            // What follows a list within the same answer is of that.
            let same = last.filter(|at| *at == (stretch.part, before)).and(out.last()).map(|q| q.id.clone());
            let near = Near::of(self, questions, before, stretch.part);
            let known = same.or_else(|| answered.whose(whole, &stretch, &near, essay));
            let guess = if known.is_none() { answered.only_missing(&near) } else { None };
            if known.is_none() {
                self.loose.push(Loose { words, place: near.place(), guess: guess.clone() });
            }
            let id = known.or(guess);
            last = Some((stretch.part, before)).filter(|_| id.is_some());
            if let Some(id) = id {
                answered.insert(&id);
                self.holes.extend(bounds.prompt);
                out.push(question(whole, id, String::new(), bounds, words));
            }
        }
        out
    }

    /// What is in no answer although it may be one.
    fn stretches(&self, whole: &Whole, marks: &[Mark], questions: &[Question]) -> Vec<Stretch> {
        let free = self.free(marks, questions);
        let mut out: Vec<Stretch> = Vec::new();
        let mut mark = 0;
        for (i, unit) in self.units.iter().enumerate() {
            while marks.get(mark).is_some_and(|m| m.unit < i) {
                mark += 1;
            }
            if free.get(i) != Some(&true) {
                continue;
            }
            let divided = marks.get(mark).is_some_and(|m| m.unit == i);
            match out.last_mut() {
                Some(last) if last.to == i && last.part == unit.part && !divided => last.to = i + 1,
                _ => out.push(Stretch { from: i, to: i + 1, part: unit.part, divided }),
            }
        }
        // What stands between `Part 2` and `Question 3` is of the paper.
        let leads = |s: &Stretch| {
            let next = marks.partition_point(|m| m.unit < s.to);
            s.divided && marks.get(next).is_some_and(|m| m.unit == s.to && m.id.is_some())
        };
        out.retain(|s| !leads(s) && self.may_be_work(whole, s));
        out
    }

    /// Of each unit, whether it is of nothing yet: no cover, list or appendix, no answer, and below no label.
    fn free(&self, marks: &[Mark], questions: &[Question]) -> Vec<bool> {
        let mut holes = self.holes.clone();
        holes.sort_unstable();
        let (mut hole, mut question, mut mark) = (0, 0, 0);
        let mut part = usize::MAX;
        // Below a label that was given up: of a paper that is restated, of a list of contents.
        let mut labelled = false;
        let mut out = Vec::with_capacity(self.units.len());
        for (i, unit) in self.units.iter().enumerate() {
            while holes.get(hole).is_some_and(|h| h.end < unit.span.end) {
                hole += 1;
            }
            while questions.get(question).is_some_and(|q| q.end <= unit.span.start) {
                question += 1;
            }
            let taken = questions.get(question).is_some_and(|q| q.start < unit.span.end);
            labelled &= !taken && unit.part == part;
            part = unit.part;
            while let Some(at) = marks.get(mark).filter(|m| m.unit <= i) {
                labelled = at.id.is_some() && !taken;
                mark += 1;
            }
            let of_hole = holes.get(hole).is_some_and(|h| h.contains(unit.span));
            out.push(!taken && !labelled && !of_hole && self.role(i) == Some(Role::None));
        }
        out
    }

    /// Whether there is prose in a stretch, and it is none of what comes with a work.
    fn may_be_work(&self, whole: &Whole, stretch: &Stretch) -> bool {
        let units = self.units.get(stretch.from..stretch.to).unwrap_or_default();
        let words: usize = units.iter().filter(|u| u.is_prose()).map(|u| u.words).sum();
        let beside = || {
            let first = units.first().map(|u| u.span.of(&whole.text)).unwrap_or_default();
            let file = whole.parts.get(stretch.part).and_then(|p| p.filename.as_deref()).unwrap_or_default();
            ASIDE.is_match(first) || BESIDE.is_match(file)
        };
        words >= CONTAINER_WORDS
            && (stretch.from..stretch.to).any(|i| self.begins_prose(whole, i))
            && !beside()
    }

    /// Says what is in no answer, and what is in one by a guess.
    pub(super) fn loose_text(&self) -> Vec<Warning> {
        let told = |code: &str, what: &str, of: &dyn Fn(&&Loose) -> bool| {
            let places: Vec<String> = self
                .loose
                .iter()
                .filter(of)
                .take(8)
                .map(|loose| {
                    let read = loose.guess.as_ref().map(|id| format!(", read as the answer to {id}"));
                    format!("{} words {}{}", loose.words, loose.place, read.unwrap_or_default())
                })
                .collect();
            let message = format!("No label says whose answer this is, and {what}: {}.", places.join("; "));
            (!places.is_empty()).then(|| Warning::new(code, message))
        };
        let in_none = told("text_in_no_answer", "it is in none", &|loose| loose.guess.is_none());
        let guessed = told("answer_without_label", "it may be another's", &|loose| loose.guess.is_some());
        in_none.into_iter().chain(guessed).collect()
    }
}

/// The answers on both sides of a stretch, in its own part.
struct Near<'q> {
    before: Option<&'q Question>,
    after: Option<&'q Question>,
}

impl<'q> Near<'q> {
    fn of(outline: &Outline, questions: &'q [Question], before: usize, part: usize) -> Self {
        let within = |q: &&Question| {
            let unit = outline.units.partition_point(|u| u.span.end <= q.start);
            outline.units.get(unit).is_some_and(|u| u.part == part)
        };
        Self {
            before: before.checked_sub(1).and_then(|i| questions.get(i)).filter(within),
            after: questions.get(before).filter(within),
        }
    }

    fn place(&self) -> String {
        match (self.before, self.after) {
            (_, Some(after)) => format!("before the answer to {}", after.id),
            (Some(before), None) => format!("after the answer to {}", before.id),
            (None, None) => "in a file without an answer".to_owned(),
        }
    }

    /// Whether a question's answer can stand here, by the order of the ids.
    fn fits(&self, id: &str) -> bool {
        let at = order(id);
        self.before.is_none_or(|q| order(&label::normalize_id(&q.id)) < at)
            && self.after.is_none_or(|q| at < order(&label::normalize_id(&q.id)))
    }
}

/// Ids by number, then by part.
fn order(id: &str) -> (u32, &str) {
    let digits = id.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = id.split_at(digits);
    (number.parse().unwrap_or(u32::MAX), rest)
}

/// Which questions have an answer.
struct Answered<'a> {
    asked: &'a Asked,
    /// Their ids.
    ids: BTreeSet<String>,
    /// Those, and the questions whose parts they are.
    above: BTreeSet<String>,
    /// The rubric's ids that have none: normalised, and as the rubric writes them.
    missing: Vec<(&'a str, &'a str)>,
}

impl<'a> Answered<'a> {
    fn new(questions: &[Question], asked: &'a Asked) -> Self {
        let mut out = Self { asked, ids: BTreeSet::new(), above: BTreeSet::new(), missing: Vec::new() };
        for question in questions {
            out.insert(&question.id);
        }
        out.missing = asked.ids.iter().map(|(id, own)| (id.as_str(), own.as_str())).collect();
        out.missing.retain(|(id, _)| !has(&out.ids, &out.above, id));
        out
    }

    fn insert(&mut self, id: &str) {
        let id = label::normalize_id(id);
        if !self.ids.insert(id.clone()) {
            return;
        }
        self.above.extend(ancestors(&id).map(str::to_owned));
        self.above.insert(id);
        self.missing.retain(|(id, _)| !has(&self.ids, &self.above, id));
    }

    /// The one question that the rubric has and nothing else answers, where its answer can stand here.
    fn only_missing(&self, near: &Near<'_>) -> Option<String> {
        match self.missing.as_slice() {
            [(id, own)] => near.fits(id).then(|| (*own).to_owned()),
            _ => None,
        }
    }

    /// Whose answer a stretch is: the form's question, the file's, the only one of the rubric, or that of an essay.
    fn whose(
        &self,
        whole: &Whole,
        stretch: &Stretch,
        near: &Near<'_>,
        essay: Option<&Question>,
    ) -> Option<String> {
        if let Some(form) = whole.parts.get(stretch.part).and_then(|p| p.question.as_deref()) {
            return Some(self.asked.spelling(&label::normalize_id(form)));
        }
        let by_file = named_by_file(whole, stretch.part);
        if let Some(id) = by_file.filter(|id| !has(&self.ids, &self.above, id)) {
            return Some(self.asked.spelling(&id));
        }
        // The whole work answers the one question; before a first label may stand the question itself.
        if self.asked.ids.len() == 1 && (near.before.is_some() || near.after.is_none()) {
            return self.asked.ids.values().next().cloned();
        }
        if let Some(essay) = essay {
            return Some(essay.id.clone());
        }
        // Without a rubric: `Part 2` has a first before it.
        let second = near.before.is_none() && near.after.is_some_and(|q| order(&q.id).0 == 2);
        let first = second && self.asked.ids.is_empty() && !has(&self.ids, &self.above, "1");
        first.then(|| "1".to_owned())
    }
}

/// Whether a question, the whole that it is of or one of its parts is answered.
fn has(ids: &BTreeSet<String>, above: &BTreeSet<String>, id: &str) -> bool {
    above.contains(id) || ancestors(id).any(|whole| ids.contains(whole))
}

/// `2(b)` and `2` of `2(b)(ii)`.
fn ancestors(id: &str) -> impl Iterator<Item = &str> {
    id.match_indices('(').filter_map(move |(at, _)| id.get(..at)).filter(|whole| !whole.is_empty())
}

/// `Q2b.docx`: a file for each question.
pub(super) fn named_by_file(whole: &Whole, part: usize) -> Option<String> {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)(?:^|[^a-z])q(?:uestion)?[\s_-]*(?P<id>\d{1,2}(?:[\s_-]*\(?[a-h]\)?)?)(?:$|[^a-z0-9])")
    });
    let filename = whole.parts.get(part)?.filename.as_deref()?;
    NAMED.captures(filename)?.name("id").map(|m| label::normalize_id(m.as_str()))
}
