//! Which labels of a TMA are its questions: lists inside answers, sections of an essay and cross-references look alike.

use std::collections::BTreeSet;

use super::assemble::Whole;
use super::label::{self, Label, Step, Word};
use super::unit::Unit;

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

/// A label found in the text, before it is known whether it is a question's.
struct Candidate {
    unit: usize,
    label: Label,
    /// Bytes of the line that the label takes (0 where the word processor draws it).
    len: usize,
    shown: String,
    /// Words from here to the next candidate.
    words: usize,
    heading: bool,
    /// Of a list of short items, one beside the other.
    in_list: bool,
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
    number: Option<u32>,
    /// The letter of a part at the top: `Part A`.
    top: Option<String>,
    letter: Option<String>,
    roman: Option<u32>,
    /// The next number of a list inside an answer, and the unit of its last item.
    list: Option<(u32, usize)>,
    /// Words of the present question before its first part.
    own_words: usize,
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
            place = Place::default();
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
    }
    out
}

fn candidates(whole: &Whole, units: &[Unit], skip: &dyn Fn(usize) -> bool) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for (i, unit) in units.iter().enumerate() {
        if skip(i) {
            continue;
        }
        let line = unit.span.of(&whole.text);
        let found =
            if unit.is_prose() || unit.is_heading() { candidate(whole, units, i, line) } else { None };
        match found {
            Some(found) => out.push(found),
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
    let drawn = whole
        .blocks
        .get(unit.block)
        .filter(|_| unit.first)
        .and_then(|b| b.label.as_deref())
        .filter(|l| l.chars().any(char::is_alphanumeric))
        // `1.` drawn before `Question 1` says nothing more.
        .filter(|_| !label::parse(line).is_some_and(|own| own.word.is_some() && own.alone));
    let (label, len) = if let Some(drawn) = drawn {
        let joined =
            format!("{} {}", drawn.trim(), line.get(..line.len().min(floor(line, 160))).unwrap_or_default());
        let label = label::parse(&joined)?;
        let own = label.len.saturating_sub(drawn.trim().len() + 1);
        let shown = joined.get(..label.shown).unwrap_or_default().trim().to_owned();
        return Some(Candidate {
            unit: i,
            words: rest_words(unit, line, own),
            heading: unit.is_heading(),
            in_list: false,
            label: Label { alone: own >= line.len(), ..label },
            len: own,
            shown,
        });
    } else {
        let label = label::parse(line)?;
        let len = label.len;
        (label, len)
    };
    // In the middle of a paragraph a line may begin with a number by chance.
    if !unit.first && label.word.is_none() && label.steps.len() < 2 && !previous_ends(whole, units, i) {
        return None;
    }
    let shown = line.get(..label.shown).unwrap_or_default().trim_matches(['*', '_', ' ', '#']).to_owned();
    Some(Candidate {
        unit: i,
        words: rest_words(unit, line, len),
        heading: unit.is_heading(),
        in_list: false,
        label,
        len,
        shown,
    })
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

/// How this TMA labels its questions.
struct Scheme<'a> {
    ids: &'a BTreeSet<String>,
    /// Numbers stand after `Question` and the like.
    questions: bool,
    /// Numbers stand after `Part`, and only there.
    parts: bool,
    /// Bare numbers are questions.
    numbers: bool,
}

impl<'a> Scheme<'a> {
    fn of(
        whole: &Whole,
        units: &[Unit],
        candidates: &[Candidate],
        ids: &'a BTreeSet<String>,
        skip: &dyn Fn(usize) -> bool,
    ) -> Self {
        let numbered = |word: Word| {
            candidates
                .iter()
                .any(|c| c.label.word == Some(word) && matches!(c.label.steps.first(), Some(Step::Number(_))))
        };
        let questions = numbered(Word::Question) || numbered(Word::Answer);
        let parts = !questions && numbered(Word::Part);
        let numbers = !questions && !parts && Self::bare_numbers(whole, units, candidates, ids, skip);
        Self { ids, questions, parts, numbers }
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
        match (candidate.label.word, first) {
            (Some(Word::Part), Step::Number(_)) if self.questions => {
                // `Part 2` over `Question 3` only divides the TMA.
                *place = Place::default();
                Meaning::Ends
            }
            (Some(Word::Part), Step::Mark(mark)) if self.questions && place.number.is_some() => {
                self.relative(place, candidates, i, mark, true)
            }
            (Some(_), Step::Number(number)) => Meaning::Begins(absolute(place, *number, rest)),
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

    /// A number without a word before it.
    fn bare(&self, place: &mut Place, candidate: &Candidate, number: u32, rest: &[Step]) -> Meaning {
        let id = number.to_string();
        if let [Step::Mark(_), ..] = rest {
            // `1. a)` within question 1, or as the way of this text.
            let fits = self.numbers || place.number == Some(number) || has_parts(self.ids, &id);
            return if fits { Meaning::Begins(absolute(place, number, rest)) } else { Meaning::Nothing };
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
        if fits { Meaning::Begins(absolute(place, number, &[])) } else { Meaning::Nothing }
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
        let base = place.number.map(|n| n.to_string()).or_else(|| place.top.clone());
        let under = |base: Option<&String>, step: &str| {
            base.map_or_else(|| step.to_owned(), |b| format!("{b}({step})"))
        };
        let value = label::roman(mark).filter(|value| {
            let expected = place.roman.map_or(1, |r| r + 1);
            // `i` after `h` is a letter; `v` after `iv` is a number.
            let next = place.letter.as_deref().and_then(next_letter);
            let letter_fits = place.roman.is_none() && next.as_deref() == Some(mark);
            *value == expected && !letter_fits || mark.len() > 1
        });
        let mut next = place.clone();
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

/// A number begins a question anew, whatever came before.
fn absolute(place: &mut Place, number: u32, rest: &[Step]) -> String {
    *place = Place { number: Some(number), ..Place::default() };
    let mut id = number.to_string();
    append(place, &mut id, rest);
    id
}

/// Appends the steps after the first to an id, remembering them.
fn append(place: &mut Place, id: &mut String, rest: &[Step]) {
    for step in rest {
        let text = match step {
            Step::Number(n) => n.to_string(),
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
fn has_parts(ids: &BTreeSet<String>, id: &str) -> bool {
    let prefix = format!("{id}(");
    ids.range(prefix.clone()..).next().is_some_and(|next| next.starts_with(&prefix))
}

fn next_letter(letter: &str) -> Option<String> {
    let c = letter.chars().next().filter(char::is_ascii_lowercase)?;
    let next = char::from(u8::try_from(c).ok()?.checked_add(1)?);
    next.is_ascii_lowercase().then(|| next.to_string())
}
