//! The arithmetic: the criteria's scores less the penalties are the mark.

use std::collections::HashSet;

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use super::Marked;
use super::answer::{Answer, Lexicon, Token};
use super::integrity::LOW_CONFIDENCE;
use super::lexis;
use super::model::{MarkedCriterion, Review, Totals};
use super::rubric::{CommonError, LateMode, OverMode, Rubric, tidy};
use super::terms::{is_disowned, is_distanced};
use super::word_limit::{most_words, words_of};
use crate::text::Span;
use crate::tma::ParsedTma;

/// One entry of `penalties`: marks taken off (a bonus takes off less than nothing).
fn entry(kind: &str, label: &str, marks: f64, mut more: Value) -> Value {
    if let Some(map) = more.as_object_mut() {
        map.insert("kind".to_owned(), json!(kind));
        map.insert("label".to_owned(), json!(label));
        map.insert("marks".to_owned(), json!(tidy(marks)));
    }
    more
}

/// The sum on its way: what is known, what is open, what was taken off so far.
struct Sum<'a> {
    rubric: &'a Rubric,
    known: f64,
    open: f64,
    off: f64,
    entries: Vec<Value>,
}

impl<'a> Sum<'a> {
    /// Of the criteria's scores and most marks.
    fn of(rubric: &'a Rubric, criteria: impl Iterator<Item = (Option<f64>, f64)> + Clone) -> Self {
        let known = tidy(criteria.clone().filter_map(|(score, _)| score).sum());
        let open = criteria.filter(|(score, _)| score.is_none()).map(|(_, max_mark)| max_mark).sum();
        Self { rubric, known, open, off: 0.0, entries: Vec::new() }
    }

    /// What is taken off never exceeds what there is.
    fn take(&mut self, kind: &str, label: &str, marks: f64, more: Value) {
        let marks = marks.min(self.known - self.off).max(0.0);
        self.off += marks;
        self.entries.push(entry(kind, label, marks, more));
    }

    /// Bonus points never lift a mark above the rubric's maximum.
    fn bonus(&mut self, label: &str, points: f64, more: Value) {
        let points = points.min(self.rubric.max_mark - (self.known - self.off) - self.open).max(0.0);
        self.off -= points;
        self.entries.push(entry("bonus", label, -points, more));
    }

    /// Rounds, and finds the band. `doubt` is how far off the scores that were given may be.
    fn end(self, is_open: bool, doubt: f64) -> Totals {
        let Self { rubric, known, open, off, entries } = self;
        let round = |mark: f64| rubric.rounding.apply(mark.clamp(0.0, rubric.max_mark)).min(rubric.max_mark);
        let mark = (!is_open).then(|| round(known - off));
        let range =
            (is_open || doubt > 0.0).then(|| [round(known - off - doubt), round(known - off + doubt + open)]);
        let band = mark.and_then(|m| rubric.band(m / rubric.max_mark * 100.0)).map(|b| b.name.clone());
        Totals { raw: Some(known), penalties: entries, mark, range, max_mark: rubric.max_mark, band }
    }
}

/// The grade that totals come to: a percentage to two decimals, none while something is open.
pub(crate) fn grade(totals: &Totals) -> Option<f64> {
    totals.mark.map(|mark| (mark / totals.max_mark * 10_000.0).round() / 100.0)
}

/// How far off the scores may be that were given with little confidence.
fn doubt(scores: impl Iterator<Item = (Option<f64>, f64, f64)>) -> f64 {
    scores
        .filter(|(score, confidence, _)| score.is_some() && *confidence < LOW_CONFIDENCE + 0.1)
        .map(|(_, _, max_mark)| max_mark * 0.2)
        .sum()
}

/// Adds up the criteria, takes off the penalties, rounds, and finds the band.
pub(crate) fn add_up(
    tma: &ParsedTma,
    rubric: &Rubric,
    answers: &[Answer<'_>],
    marked: &[Marked<'_>],
    lexicon: &Lexicon,
    unread: usize,
    reviews: &mut Vec<Review>,
) -> Totals {
    let mut sum = Sum::of(rubric, marked.iter().map(|m| (m.outcome.score, m.criterion.head.max_mark)));
    for error in &rubric.errors {
        if let Some((spans, is_certain)) = makes_error(error, answers, lexicon) {
            let message = if is_certain {
                sum.take("common_error", &error.text, error.penalty, json!({"evidence": spans}));
                "A common error seems to be made here: please check."
            } else {
                "This comes near to a common error, and cost no marks: please check."
            };
            reviews.push(Review {
                criterion: None,
                reason: "low_confidence".to_owned(),
                detail: Some(json!({"message": message, "error": error.text, "evidence": spans})),
                resolved: false,
            });
        }
    }
    let words = words_of(tma, rubric, answers);
    if let Some((label, marks, more)) = over_length(rubric, words, unread, sum.known) {
        sum.take("over_length", &label, marks, more);
    }
    if let Some((label, more)) = under_length(rubric, words) {
        sum.take("under_length", &label, 0.0, more);
    }
    if let Some((label, share, more)) = days_late(tma).and_then(|days| late(rubric, days)) {
        sum.take("late", &label, sum.known * share, more);
    }
    for bonus in &rubric.bonuses {
        if let Some(spans) = earns_bonus(&bonus.head, &bonus.examples, answers, lexicon) {
            sum.bonus(&bonus.text, bonus.points, json!({"evidence": spans}));
        }
    }
    let is_open = marked.iter().any(|m| m.outcome.score.is_none());
    let doubt =
        doubt(marked.iter().map(|m| (m.outcome.score, m.outcome.confidence, m.criterion.head.max_mark)));
    sum.end(is_open, doubt)
}

/// Adds up criteria whose scores a person has changed. What the text was found to lose or earn marks for stands; how
/// many marks that is comes from the rubric, by the scores as they are now.
pub(crate) fn add_up_again(rubric: &Rubric, criteria: &[MarkedCriterion], found: &[Value]) -> Totals {
    let mut sum = Sum::of(rubric, criteria.iter().map(|c| (c.score, c.max_mark)));
    for one in found {
        let mut more = one.clone();
        if let Some(map) = more.as_object_mut() {
            for key in ["kind", "label", "marks"] {
                map.remove(key);
            }
        }
        let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = |key: &str| one.get(key).and_then(Value::as_u64).unwrap_or_default() as usize;
        let label = text("label");
        let before = one.get("marks").and_then(Value::as_f64).unwrap_or_default();
        match text("kind") {
            "over_length" => {
                let marks = over_length(rubric, number("words"), number("unread_words"), sum.known);
                sum.take("over_length", label, marks.map_or(0.0, |(_, marks, _)| marks), more);
            }
            "late" => {
                let share = late(rubric, i64::try_from(number("days")).unwrap_or(i64::MAX))
                    .map_or(0.0, |(_, share, _)| share);
                sum.take("late", label, sum.known * share, more);
            }
            "common_error" => {
                let error = rubric.errors.iter().find(|e| e.text == label);
                sum.take("common_error", label, error.map_or(before, |e| e.penalty), more);
            }
            "bonus" => {
                let bonus = rubric.bonuses.iter().find(|b| b.text == label);
                sum.bonus(label, bonus.map_or(-before, |b| b.points), more);
            }
            kind => sum.take(kind, label, before, more),
        }
    }
    let is_open = criteria.iter().any(|c| c.score.is_none());
    sum.end(is_open, doubt(criteria.iter().map(|c| (c.score, c.confidence, c.max_mark))))
}

fn over_length(rubric: &Rubric, words: usize, unread: usize, known: f64) -> Option<(String, f64, Value)> {
    let over = rubric.penalties.over_length.as_ref()?;
    let limit = over.limit_words?;
    let most = most_words(over)?;
    if words <= most {
        return None;
    }
    let excess = words - most;
    let steps = if over.per_words == 0 { 1 } else { (excess as u64).div_ceil(over.per_words) };
    let marks = match over.mode {
        OverMode::NoteOnly | OverMode::StopReading => 0.0,
        OverMode::MarksPerStep => over.marks * steps as f64,
        OverMode::PercentOfMark => known * (over.marks / 100.0 * steps as f64).min(1.0),
    };
    let marks = over.cap.map_or(marks, |cap| marks.min(cap));
    let label = format!("{words} words, against a limit of {limit}");
    let more =
        json!({"words": words, "limit": limit, "tolerance_pct": over.tolerance_pct, "unread_words": unread});
    Some((label, marks, more))
}

fn under_length(rubric: &Rubric, words: usize) -> Option<(String, Value)> {
    let limit = rubric.penalties.over_length.as_ref()?.limit_words?;
    let pct = rubric.penalties.under_length_pct?;
    let least = (limit as f64 * pct / 100.0).ceil();
    ((words as f64) < least).then(|| {
        (
            format!("{words} words, fewer than {pct} % of {limit}"),
            json!({"words": words, "limit": limit, "min_pct": pct}),
        )
    })
}

/// How many days late the work is, a day begun being a day: where the host says so, or when it was due and when it came.
fn days_late(tma: &ParsedTma) -> Option<i64> {
    let text = |key: &str| tma.carried.get(key).and_then(Value::as_str);
    if let Some(days) = tma.carried.get("days_late").and_then(Value::as_i64) {
        return Some(days);
    }
    let (submitted, due) = (text("submitted_at")?, text("due_at")?);
    let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    if let (Some(submitted), Some(due)) = (moment(submitted), moment(due)) {
        let late = submitted - due;
        return Some(late.whole_days() + i64::from(late > Duration::days(late.whole_days())));
    }
    // Of a date without a time, the whole day is meant.
    let day = |text: &str| Date::parse(text.get(..10)?, format_description!("[year]-[month]-[day]")).ok();
    Some((day(submitted)? - day(due)?).whole_days())
}

/// What being late costs: label, share of the mark, details.
fn late(rubric: &Rubric, days: i64) -> Option<(String, f64, Value)> {
    let mode = rubric.penalties.late?;
    if days <= 0 {
        return None;
    }
    let share = match mode {
        LateMode::NoteOnly => 0.0,
        LateMode::PercentPerDay(pct) => (pct / 100.0 * days as f64).min(1.0),
    };
    let label = if days == 1 { "one day late".to_owned() } else { format!("{days} days late") };
    Some((label, share, json!({"days": days})))
}

fn ids(words: &[String], lexicon: &Lexicon) -> Vec<Option<u32>> {
    words.iter().map(|w| lexicon.stem(w)).collect()
}

fn shown(span: Span, text: &str) -> Value {
    json!({"start": span.start, "end": span.end, "quote": span.of(text)})
}

/// The sentence that makes an error, and whether that is certain: it has every word of the error in one clause, and
/// denies what the error denies and nothing else. One that has most of the words only comes near.
fn makes_error(error: &CommonError, answers: &[Answer<'_>], lexicon: &Lexicon) -> Option<(Vec<Value>, bool)> {
    // With fewer than three words to go by, the error could be met anywhere.
    if error.words.len() < 3 {
        return None;
    }
    let claimed: Vec<String> = error.words.iter().filter(|w| !lexis::is_negator(w)).cloned().collect();
    let denies = claimed.len() < error.words.len();
    let claimed_ids = ids(&claimed, lexicon);
    let wanted: HashSet<u32> = claimed_ids.iter().copied().flatten().collect();
    let needed = (claimed.len() * 3).div_ceil(4).max(2);
    let mut near = None;
    for answer in answers {
        for (_, sentence) in answer.counted() {
            let tokens = answer.tokens.get(sentence.tokens.clone()).unwrap_or_default();
            let stems: HashSet<u32> = tokens.iter().map(|t| t.stem).collect();
            let have = claimed_ids.iter().flatten().filter(|id| stems.contains(id)).count();
            if have < needed || is_set_aside(tokens, sentence.span.of(answer.text), denies) {
                continue;
            }
            let place = vec![shown(sentence.span, answer.text)];
            if have == claimed.len() && is_one_clause(tokens, answer.text, &wanted, &error.text) {
                return Some((place, true));
            }
            near.get_or_insert(place);
        }
    }
    near.map(|place| (place, false))
}

/// Whether a sentence does not claim what it mentions. An error that itself denies something takes one word for that.
fn is_set_aside(tokens: &[Token], sentence: &str, error_denies: bool) -> bool {
    if error_denies {
        tokens.iter().filter(|t| t.classes.is_negator()).count() != 1 || is_disowned(sentence)
    } else {
        is_distanced(sentence)
    }
}

/// Whether the words of an error, and what denies, stand in one clause: who tells two things apart names both, in two. The
/// error's own clauses and commas part nothing.
fn is_one_clause(tokens: &[Token], text: &str, wanted: &HashSet<u32>, error: &str) -> bool {
    let is_part = |t: &Token| wanted.contains(&t.stem) || t.classes.is_negator();
    let from = tokens.iter().position(is_part).unwrap_or(0);
    let to = tokens.iter().rposition(is_part).map_or(from, |i| i + 1);
    let stretch = tokens.get(from..to).unwrap_or_default();
    let is_break = |t: &Token| t.classes.is_clause_break() && !wanted.contains(&t.stem);
    let between = |pair: &[Token]| match pair {
        [a, b] => Span::new(a.span.end, b.span.start).of(text).contains(BREAKS),
        _ => false,
    };
    !stretch.iter().any(is_break) && (error.contains(BREAKS) || !stretch.windows(2).any(between))
}

/// What parts two clauses.
const BREAKS: [char; 5] = [',', ';', ':', '–', '—'];

/// The sentences that earn a bonus: its words, or one of its examples with one of them, in one sentence or the next.
fn earns_bonus(
    head: &[String],
    examples: &[String],
    answers: &[Answer<'_>],
    lexicon: &Lexicon,
) -> Option<Vec<Value>> {
    let head_ids = ids(head, lexicon);
    let example_ids = ids(examples, lexicon);
    let needed = if examples.is_empty() { (head.len() * 3).div_ceil(5).max(2) } else { head.len().min(1) };
    for answer in answers {
        let counted: Vec<_> = answer.counted().collect();
        for (i, (_, sentence)) in counted.iter().enumerate() {
            let own: HashSet<u32> = answer
                .tokens
                .get(sentence.tokens.clone())
                .unwrap_or_default()
                .iter()
                .map(|t| t.stem)
                .collect();
            let mut both = own.clone();
            if let Some((_, next)) = counted.get(i + 1) {
                both.extend(
                    answer.tokens.get(next.tokens.clone()).unwrap_or_default().iter().map(|t| t.stem),
                );
            }
            let count = |ids: &[Option<u32>], set: &HashSet<u32>| {
                ids.iter().flatten().filter(|id| set.contains(id)).count()
            };
            let example = examples.is_empty() || count(&example_ids, &own) >= 1;
            if example && count(&head_ids, &both) >= needed.max(1) {
                return Some(vec![shown(sentence.span, answer.text)]);
            }
        }
    }
    None
}
