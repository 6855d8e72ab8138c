//! Which labels of a TMA are its questions: lists inside answers, sections of an essay and cross-references look alike.

use std::collections::BTreeSet;

use super::asking;
use super::assemble::Whole;
use super::candidate::{Candidate, Form, candidates};
use super::label::{self, Key, Step, Word};
use super::letters::{LetterList, Within, next_letter};
use super::sections::{self, Numbered};
use super::tops::Tops;
use super::unit::Unit;
use super::unlabelled::named_by_file;
use crate::text::sentences;

/// A label that begins a question, or something that ends one.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// The unit whose line it heads.
    pub(super) unit: usize,
    /// The question's id; nothing for a heading that only ends the answer before it.
    pub(super) id: Option<String>,
    /// As the student writes it.
    pub(super) shown: String,
    /// Where what follows the label begins, in the whole text.
    pub(super) after: usize,
    /// What follows is the answer, even if the same question was labelled before.
    pub(super) is_answer: bool,
}

/// Essays number their sections, too.
const SECTIONS: &[&str] = &[
    "introduction",
    "conclusion",
    "conclusions",
    "discussion",
    "method",
    "methods",
    "methodology",
    "results",
    "abstract",
    "background",
    "summary",
    "literature",
    "findings",
    "analysis",
    "recommendations",
    "references",
    "bibliography",
    "context",
    "overview",
    "aims",
    "executive",
    "evaluation",
    "appendix",
    "contents",
    "reference",
];

/// What a label does.
enum Meaning {
    /// It is of a list, or of the text.
    Nothing,
    /// It only ends the answer before it.
    Ends,
    /// It begins the question of this id.
    Begins(String),
}

/// Where a walk through the labels of one body stands.
#[derive(Default, Clone)]
struct Place {
    /// The part at the top: `Part A`, or `Part 1` where each part counts its questions anew.
    top: Option<String>,
    number: Option<u32>,
    /// The number below the number: `1.2`.
    decimal: Option<u32>,
    letter: Option<String>,
    roman: Option<u32>,
    /// The next number of a list inside an answer, and the unit of its last item.
    list: Option<(u32, usize)>,
    /// A list with letters inside the present part.
    letters: Option<LetterList>,
    /// The word that heads the sections of the present answer.
    sections: Option<Key>,
    /// Words of the present question before its first part.
    own_words: usize,
    /// Those of them that stand on the line of the label and restate the question.
    asked: usize,
}

impl Place {
    /// The id down to the numbers: what letters stand below.
    fn base(&self) -> Option<String> {
        let numbers = [self.number, self.decimal].into_iter().flatten().map(|n| n.to_string());
        let mut steps = self.top.iter().cloned().chain(numbers);
        let first = steps.next()?;
        Some(steps.fold(first, |id, step| format!("{id}({step})")))
    }
}

/// Finds the questions' labels. `ids` are the rubric's, normalised; `skip` says which units are cover, references or
/// appendix.
pub(super) fn marks(
    whole: &Whole,
    units: &[Unit],
    ids: &BTreeSet<String>,
    skip: &dyn Fn(usize) -> bool,
) -> Vec<Mark> {
    let candidates = candidates(whole, units, skip);
    let scheme = Scheme::of(whole, units, &candidates, ids, skip);
    let mut out = Vec::new();
    let mut place = Place::default();
    let mut part = usize::MAX;
    for (i, candidate) in candidates.iter().enumerate() {
        let unit = units.get(candidate.unit);
        if let Some(unit) = unit
            && unit.part != part
        {
            part = unit.part;
            let number = scheme.number_of_file(whole, units, candidates.get(i..).unwrap_or_default(), part);
            place = Place { number, ..Place::default() };
        }
        let id = match scheme.resolve(&mut place, &candidates, i) {
            Meaning::Nothing => {
                place.own_words += candidate.words;
                continue;
            }
            Meaning::Ends => None,
            Meaning::Begins(id) => Some(id),
        };
        let start = unit.map_or(0, |u| u.span.start);
        out.push(Mark {
            unit: candidate.unit,
            id,
            shown: candidate.shown.clone(),
            after: start + candidate.len,
            is_answer: candidate.label.word == Some(Word::Answer),
        });
        place.own_words = candidate.words;
        place.asked = candidate.asked;
    }
    out
}

/// How this TMA labels its questions.
struct Scheme<'a> {
    ids: &'a BTreeSet<String>,
    /// Numbers stand after `Question` and the like.
    questions: bool,
    /// Numbers stand after `Part`, and only there.
    parts: bool,
    /// Bare numbers are questions.
    numbers: bool,
    /// The parts over the questions, where there are such.
    tops: Option<Tops>,
    /// The word before the questions' numbers.
    numbered: Numbered,
}

impl<'a> Scheme<'a> {
    fn of(
        whole: &Whole,
        units: &[Unit],
        candidates: &[Candidate],
        ids: &'a BTreeSet<String>,
        skip: &dyn Fn(usize) -> bool,
    ) -> Self {
        let numbered =
            |word: Word| candidates.iter().any(|c| c.label.word == Some(word) && c.label.number().is_some());
        let questions = numbered(Word::Question) || numbered(Word::Answer);
        let parts = !questions && numbered(Word::Part);
        let numbers = !questions && !parts && Self::bare_numbers(whole, units, candidates, ids, skip);
        let tops = if questions { Tops::of(candidates, ids) } else { None };
        let is_prompt = |i: usize| {
            let unit = |i: usize| candidates.get(i).map_or(units.len(), |c: &Candidate| c.unit);
            let own = units.get(unit(i)..unit(i + 1).max(unit(i))).unwrap_or_default();
            let lines = own.iter().map(|u| u.span.of(&whole.text));
            candidates.get(i).is_some_and(|c| c.asked > 0)
                || lines.skip(1).any(|line| {
                    // A case is told before its task is put.
                    let last = || sentences(line).last().map(|s| s.of(line)).unwrap_or_default();
                    asking::asks(line)
                        || asking::ends_with_marks(line)
                        || asking::is_task(last())
                        || asking::only_asks(last())
                })
        };
        let numbered = Numbered::of(candidates, questions, is_prompt);
        Self { ids, questions, parts, numbers, tops, numbered }
    }

    /// The question that a file is named by, where only parts of it are labelled there. `candidates` are those from the
    /// part on.
    fn number_of_file(
        &self,
        whole: &Whole,
        units: &[Unit],
        candidates: &[Candidate],
        part: usize,
    ) -> Option<u32> {
        let number = named_by_file(whole, part)?.parse().ok().filter(|_| !self.numbers)?;
        let within = |c: &&Candidate| units.get(c.unit).is_some_and(|u| u.part == part);
        let mut own = candidates.iter().take_while(within);
        (!own.any(|c| c.label.word.is_some() && c.label.number().is_some())).then_some(number)
    }

    /// Whether a candidate is a part at the top, over the questions.
    fn is_top(&self, candidate: &Candidate) -> bool {
        self.tops.is_some_and(|tops| tops.has(candidate))
    }

    /// Whether the parts at the top are of the questions' ids.
    fn is_nested(&self) -> bool {
        self.tops.is_some_and(|tops| tops.nested)
    }

    /// Whether bare numbers (`1.`, `1. a)`) are the questions of a text without the word.
    fn bare_numbers(
        whole: &Whole,
        units: &[Unit],
        candidates: &[Candidate],
        ids: &BTreeSet<String>,
        skip: &dyn Fn(usize) -> bool,
    ) -> bool {
        let bare: Vec<&Candidate> = candidates
            .iter()
            .filter(|c| c.label.word.is_none() && matches!(c.label.steps.first(), Some(Step::Number(_))))
            // A number by itself, and one below a number, fit in and prove nothing.
            .filter(|c| c.form == Form::Plain || c.form == Form::Bare && !c.label.alone)
            .collect();
        let Some(first) = bare.first() else { return false };
        let section = |c: &&Candidate| {
            let line = units.get(c.unit).map(|u| u.span.of(&whole.text)).unwrap_or_default();
            let rest = line.get(c.len..).unwrap_or_default();
            let word: String =
                rest.chars().take_while(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
            crate::text::count_words(rest) < 8 && SECTIONS.contains(&word.as_str())
        };
        if bare.iter().any(section) {
            return false;
        }
        // A number and a part together are no list's: `1. a)`.
        let marked = |c: &&Candidate| matches!(c.label.steps.get(1), Some(Step::Mark(_)));
        if bare.iter().any(|c| marked(c) && matches!(c.label.steps.first(), Some(Step::Number(1..=3)))) {
            return true;
        }
        let in_rubric = bare.iter().filter(|c| matches!(c.label.steps.first(), Some(Step::Number(n)) if ids.contains(&n.to_string()) || has_parts(ids, &n.to_string()))).count();
        let free: Vec<&&Candidate> = bare.iter().filter(|c| !c.in_list).collect();
        if ids.len() > 1 && in_rubric >= 2 && free.len() >= 2 {
            return true;
        }
        if ids.len() == 1 {
            return false;
        }
        // Else they must come before any prose, begin with one and each hold some text.
        let before: usize = units
            .iter()
            .enumerate()
            .take(first.unit)
            .filter(|(i, u)| !skip(*i) && u.is_prose())
            .map(|(_, u)| u.words)
            .sum();
        let starts = matches!(first.label.steps.first(), Some(Step::Number(1)));
        let mut expected = 1;
        let (mut words, mut count) = (0, 0);
        for c in candidates {
            if let (None, Some(Step::Number(n))) = (c.label.word, c.label.steps.first())
                && c.form != Form::Decimal
                && *n == expected
            {
                expected += 1;
                count += 1;
            }
            words += c.words;
        }
        let several = count >= 2 || first.heading;
        starts && before < 60 && several && words >= 20 * count
    }

    /// What candidate `i` means where the walk stands.
    fn resolve(&self, place: &mut Place, candidates: &[Candidate], i: usize) -> Meaning {
        let Some(candidate) = candidates.get(i) else { return Meaning::Nothing };
        let steps = &candidate.label.steps;
        let Some((first, rest)) = steps.split_first() else { return Meaning::Nothing };
        if self.is_section(place, candidates, i) {
            place.sections = candidate.label.key;
            return Meaning::Nothing;
        }
        match (candidate.label.word, first) {
            (Some(Word::Part), Step::Number(number)) if self.is_nested() && self.is_top(candidate) => {
                *place = Place { top: Some(number.to_string()), ..Place::default() };
                Meaning::Begins(number.to_string())
            }
            (Some(Word::Part), Step::Number(_)) if self.questions => {
                // `Part 2` over `Question 3` only divides the TMA.
                *place = Place::default();
                Meaning::Ends
            }
            (Some(Word::Part), Step::Mark(mark))
                if self.questions && place.number.is_some() && !self.is_top(candidate) =>
            {
                self.relative(place, candidates, i, mark, true)
            }
            (Some(_), Step::Number(number)) => Meaning::Begins(self.absolute(place, *number, rest)),
            (Some(_), Step::Mark(mark)) => {
                *place = Place { top: Some(mark.clone()), ..Place::default() };
                let mut id = mark.clone();
                append(place, &mut id, rest);
                Meaning::Begins(id)
            }
            (None, Step::Number(number)) => self.bare(place, candidate, *number, rest),
            (None, Step::Mark(mark)) => self.relative(place, candidates, i, mark, false),
        }
    }

    /// Whether a word with a number heads a section of the present answer: `Activity 1` in Question 2.
    fn is_section(&self, place: &Place, candidates: &[Candidate], i: usize) -> bool {
        let (Some(number), Some(candidate)) = (place.number, candidates.get(i)) else { return false };
        if self.is_top(candidate) {
            return false;
        }
        if self.questions && candidate.label.word == Some(Word::Part) {
            return candidate.label.number().is_some() && !self.numbered.divides(candidates, i);
        }
        let within = sections::Within { number, sections: place.sections, ids: self.ids };
        self.numbered.is_section(&within, candidates, i)
    }

    /// A number begins a question anew, whatever came before it under the same part at the top.
    fn absolute(&self, place: &mut Place, number: u32, rest: &[Step]) -> String {
        let top = place.top.take().filter(|_| self.is_nested());
        *place = Place { top, number: Some(number), ..Place::default() };
        let mut id = place.base().unwrap_or_default();
        append(place, &mut id, rest);
        id
    }

    /// A number without a word before it.
    fn bare(&self, place: &mut Place, candidate: &Candidate, number: u32, rest: &[Step]) -> Meaning {
        let id = number.to_string();
        if let [Step::Mark(_), ..] = rest {
            // `1. a)` within question 1, or as the way of this text.
            let fits = self.numbers || place.number == Some(number) || has_parts(self.ids, &id);
            return if fits { Meaning::Begins(self.absolute(place, number, rest)) } else { Meaning::Nothing };
        }
        if let [Step::Number(part), ..] = rest
            && candidate.form == Form::Decimal
        {
            return if self.is_next_decimal(place, number, *part) {
                Meaning::Begins(self.absolute(place, number, rest))
            } else {
                Meaning::Nothing
            };
        }
        if !rest.is_empty() || !self.numbers {
            return Meaning::Nothing;
        }
        let known = self.ids.contains(&id) || has_parts(self.ids, &id);
        if !self.ids.is_empty() && !known {
            return Meaning::Nothing;
        }
        // A list inside the answer goes on with its own numbers.
        let continues_list =
            place.list.is_some_and(|(next, unit)| next == number && candidate.unit.abs_diff(unit) <= 2);
        if continues_list || candidate.in_list || place.number.is_some() && number == 1 {
            place.list = Some((number + 1, candidate.unit));
            return Meaning::Nothing;
        }
        let fits = match place.number {
            None => number == 1 || known,
            Some(last) => number == last + 1 || known && number == last + 2,
        };
        if fits { Meaning::Begins(self.absolute(place, number, &[])) } else { Meaning::Nothing }
    }

    /// Whether `1.2` is the next part of the question that is being answered, or the rubric knows it.
    fn is_next_decimal(&self, place: &Place, number: u32, part: u32) -> bool {
        let id = number.to_string();
        if !self.ids.is_empty() {
            return self.ids.contains(&format!("{id}({part})"));
        }
        place.number == Some(number) && part == place.decimal.map_or(1, |last| last + 1)
    }

    /// A letter or a Roman numeral below the present question; `sure` where the word `Part` stands before it.
    fn relative(
        &self,
        place: &mut Place,
        candidates: &[Candidate],
        i: usize,
        mark: &str,
        sure: bool,
    ) -> Meaning {
        let Some(candidate) = candidates.get(i) else { return Meaning::Nothing };
        let base = place.base();
        let under = |base: Option<&String>, step: &str| {
            base.map_or_else(|| step.to_owned(), |b| format!("{b}({step})"))
        };
        if let Some(id) = Self::next_of_the_letter(place, candidate, mark) {
            return Meaning::Begins(id);
        }
        let value = label::roman(mark).filter(|value| {
            let expected = place.roman.map_or(1, |r| r + 1);
            // `i` after `h` is a letter; `v` after `iv` is a number.
            let next = place.letter.as_deref().and_then(next_letter);
            let letter_fits = place.roman.is_none() && next.as_deref() == Some(mark);
            *value == expected && !letter_fits || mark.len() > 1
        });
        if !sure && value.is_none() {
            let within = Within {
                letter: place.letter.as_deref(),
                words: place.own_words.saturating_sub(place.asked),
                list: place.letters.as_ref(),
            };
            if let Some(list) = LetterList::after(&within, candidates, i, mark) {
                place.letters = Some(list);
                return Meaning::Nothing;
            }
        }
        let mut next = Place { letters: None, ..place.clone() };
        let mut id = if value.is_some() {
            next.roman = value;
            let outer = place.letter.as_ref().map(|l| under(base.as_ref(), l)).or(base);
            under(outer.as_ref(), mark)
        } else {
            next.letter = Some(mark.to_owned());
            next.roman = None;
            under(base.as_ref(), mark)
        };
        append(&mut next, &mut id, candidate.label.steps.get(1..).unwrap_or_default());
        if !sure && !self.fits(place, candidates, i, &id, value) {
            return Meaning::Nothing;
        }
        *place = next;
        Meaning::Begins(id)
    }

    /// The id of `(a) (ii)` behind `(a) (i)`, where the letter is said again.
    fn next_of_the_letter(place: &mut Place, candidate: &Candidate, mark: &str) -> Option<String> {
        let Some(Step::Mark(numeral)) = candidate.label.steps.get(1) else { return None };
        let value = label::roman(numeral)?;
        let next = place.letter.as_deref() == Some(mark) && place.roman.is_some_and(|r| value == r + 1);
        if !next || candidate.label.steps.len() > 2 {
            return None;
        }
        let part = place.base().map_or_else(|| mark.to_owned(), |base| format!("{base}({mark})"));
        (place.roman, place.letters) = (Some(value), None);
        Some(format!("{part}({numeral})"))
    }

    /// Whether a bare letter or numeral begins a part, and not an item of a list.
    fn fits(&self, place: &Place, candidates: &[Candidate], i: usize, id: &str, roman: Option<u32>) -> bool {
        let Some(candidate) = candidates.get(i) else { return false };
        // The rubric knows the parts of this question.
        let root = id.split('(').next().unwrap_or(id);
        if self.ids.contains(id) || has_parts(self.ids, id) {
            return !candidate.in_list || candidate.words >= 4;
        }
        if self.ids.contains(root) || has_parts(self.ids, root) {
            return false;
        }
        // Without a number above, letters are parts only where nothing else is a question.
        if place.number.is_none() && place.top.is_none() && (self.questions || self.parts || self.numbers) {
            return false;
        }
        let in_order = match roman {
            Some(value) => value == place.roman.map_or(1, |r| r + 1),
            None => match (&place.letter, candidate.label.steps.first()) {
                (None, Some(Step::Mark(mark))) => mark == "a" || candidate.label.alone || candidate.heading,
                (Some(last), Some(Step::Mark(mark))) => {
                    mark > last
                        && next_letter(last)
                            .is_some_and(|n| n == *mark || next_letter(&n).as_ref() == Some(mark))
                }
                _ => false,
            },
        };
        if !in_order {
            return false;
        }
        if candidate.label.alone || candidate.heading {
            return true;
        }
        // Items of a list are short, and stand one beside the other.
        let siblings: Vec<&Candidate> = candidates
            .iter()
            .skip(i)
            .take_while(|c| c.label.word.is_none() && matches!(c.label.steps.first(), Some(Step::Mark(_))))
            .take(8)
            .collect();
        let words: usize = siblings.iter().map(|c| c.words).sum();
        let mean = words / siblings.len().max(1);
        let late_list = place.letter.is_none() && place.own_words >= 80 && mean < 40;
        !candidate.in_list && mean >= 15 && !late_list
    }
}

/// Appends the steps after the first to an id, remembering them.
fn append(place: &mut Place, id: &mut String, rest: &[Step]) {
    for step in rest {
        let text = match step {
            Step::Number(n) => {
                place.decimal = Some(*n);
                n.to_string()
            }
            Step::Mark(mark) => {
                if place.letter.is_none() && !(label::roman(mark).is_some() && mark.len() > 1) {
                    place.letter = Some(mark.clone());
                } else {
                    place.roman = label::roman(mark);
                }
                mark.clone()
            }
        };
        id.push('(');
        id.push_str(&text);
        id.push(')');
    }
}

/// Whether the rubric has parts of `id`.
pub(super) fn has_parts(ids: &BTreeSet<String>, id: &str) -> bool {
    let prefix = format!("{id}(");
    ids.range(prefix.clone()..).next().is_some_and(|next| next.starts_with(&prefix))
}
