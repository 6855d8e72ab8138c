//! What was found, put into words for the student: the feedback, its strengths and improvements, each with evidence.

mod claims;
mod excerpt;
mod label;
mod letter;
mod phrases;
pub(crate) mod tone;
mod voice;

pub(crate) use claims::number;
pub(crate) use letter::{FORWARD, heading, section_name};

use serde_json::Value;

use super::Marked;
use super::criteria::{Finding, Note, Sign};
use super::model::Totals;
use super::rubric::Rubric;
use crate::text::Span;
use voice::{Slots, Voice};

/// Everything that is words.
pub(crate) struct Composed {
    /// What the student reads.
    pub(crate) text: String,
    /// What was done well.
    pub(crate) strengths: Vec<String>,
    /// What to do better.
    pub(crate) improvements: Vec<String>,
    /// A comment for each criterion, in order.
    pub(crate) comments: Vec<String>,
    /// The evidence behind each strength and improvement.
    pub(crate) claims: Value,
    /// The tone profile of the text.
    pub(crate) tone: Value,
}

/// Puts a marked work into words.
pub(crate) fn compose(
    rubric: &Rubric,
    marked: &[Marked<'_>],
    totals: &Totals,
    input_sha256: &str,
) -> Composed {
    let mut voice = Voice::new(input_sha256);
    let claims = claims::gather(marked, &mut voice);
    let mut voice = Voice::new(input_sha256);
    let comments = marked.iter().map(|m| claims::comment(m, &mut voice)).collect();
    let letter = letter::write(rubric, marked, totals, input_sha256);
    Composed {
        text: letter.text,
        tone: letter.tone,
        strengths: claims.strengths,
        improvements: claims.improvements,
        claims: claims.evidence,
        comments,
    }
}

/// The share of its marks that a criterion earned; none while it is open.
fn share(marked: &Marked<'_>) -> Option<f64> {
    let max = marked.criterion.head.max_mark;
    marked.outcome.score.filter(|_| max > 0.0).map(|s| s / max)
}

/// A quotation for a finding: the first of its places that can be shown.
fn quote(marked: &Marked<'_>, finding: &Finding) -> Option<String> {
    let text = marked.answer.text;
    // Code and headings are shown in the evidence, not run into a sentence.
    let mut sentences =
        finding.evidence.iter().filter(|s| marked.answer.sentences.iter().any(|x| x.span == **s));
    sentences.find_map(|s| excerpt::excerpt(text, *s, finding.focus))
}

fn slots_for(marked: &Marked<'_>, finding: &Finding) -> Slots {
    Slots {
        quote: quote(marked, finding),
        place: finding.evidence.first().and_then(|s| excerpt::place(marked.answer, *s)),
        answer: Some(answer_name(marked)),
        ..Slots::default()
    }
}

/// Slots with a quotation only where it is a whole sentence: half of one cannot stand as a claim.
fn whole_slots(marked: &Marked<'_>, finding: &Finding) -> Slots {
    let slots = slots_for(marked, finding);
    let whole = |q: &String| {
        finding.evidence.iter().any(|s| {
            let sentence = s.of(marked.answer.text).trim_end_matches(['.', '!', '?', ' ']);
            sentence.split_whitespace().eq(q.split(' '))
        })
    };
    Slots { quote: slots.quote.filter(whole), ..slots }
}

fn answer_name(marked: &Marked<'_>) -> String {
    let id = &marked.question.id;
    if id.starts_with(|c: char| c.is_ascii_digit()) && id.contains('(') {
        format!("your answer to Question {id}")
    } else {
        "your answer".to_owned()
    }
}

/// Praise for a finding of [`Sign::Done`].
fn praise(marked: &Marked<'_>, finding: &Finding, voice: &mut Voice) -> Option<String> {
    let key = &marked.criterion.head.id;
    match &finding.note {
        Note::Point(label) => {
            let (shape, slots) = Slots::for_label(label);
            let slots = Slots { label: slots.label, ..slots_for(marked, finding) };
            // To quote “the nurse calls on Mondays” as a sign of “the nurse” says nothing.
            let says_it = |q: &String| q.to_lowercase().contains(&label.to_lowercase());
            if !slots.quote.as_ref().is_some_and(says_it) {
                return voice.say(phrases::praise(shape), &format!("{key}{label}"), &slots);
            }
            let slots = Slots { quote: whole_slots(marked, finding).quote, ..slots };
            let bank = if slots.quote.is_some() { phrases::PRAISE_WORDS } else { phrases::praise(shape) };
            voice.say(bank, &format!("{key}{label}"), &slots)
        }
        Note::Said { what, .. } => {
            let stop = what.ends_with('.');
            let sentence = match quote(marked, finding) {
                Some(quote) if !stop => format!("{what}: “{quote}”."),
                _ if stop => what.clone(),
                _ => format!("{what}."),
            };
            voice.note(&sentence);
            Some(sentence)
        }
    }
}

/// What to do about a finding of [`Sign::Missing`] or [`Sign::Wrong`].
fn teach(marked: &Marked<'_>, finding: &Finding, voice: &mut Voice) -> Option<String> {
    let key = &marked.criterion.head.id;
    match &finding.note {
        Note::Point(label) => {
            let (shape, slots) = Slots::for_label(label);
            voice.say(phrases::teach(shape), &format!("{key}{label}"), &slots)
        }
        Note::Said { what, advice, .. } => {
            let sentence = format!("{} {advice}", what.trim_end());
            voice.note(&sentence);
            Some(sentence)
        }
    }
}

/// What is wrong, for a finding of [`Sign::Wrong`] on a point.
fn criticise(marked: &Marked<'_>, finding: &Finding, voice: &mut Voice) -> Option<String> {
    let Note::Point(label) = &finding.note else { return None };
    let (shape, slots) = Slots::for_label(label);
    let slots = Slots { label: slots.label, ..slots_for(marked, finding) };
    voice.say(phrases::criticise(shape), label, &slots)
}

/// Findings of one sign, those that carry most marks first.
fn findings<'a>(marked: &'a Marked<'_>, wanted: impl Fn(Sign) -> bool) -> Vec<&'a Finding> {
    let mut found: Vec<&Finding> = marked.outcome.findings.iter().filter(|f| wanted(f.sign)).collect();
    found.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    found
}

/// How much there is to say about a finding: what an answer knows comes before its form.
fn weight(finding: &Finding) -> f64 {
    match (&finding.note, finding.sign) {
        (Note::Said { .. }, Sign::Done) => finding.marks * 0.2,
        (Note::Said { .. }, _) => finding.marks * 0.7,
        (Note::Point(_), _) => finding.marks,
    }
}

/// A title inside a sentence: `Working together` becomes `working together`, `ICT use` stays.
fn lower_first(title: &str) -> String {
    let mut chars = title.trim().chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => title.trim().to_owned(),
    }
}

fn evidence_of(spans: &[Span], text: &str) -> Vec<Value> {
    spans
        .iter()
        .filter(|s| !s.of(text).is_empty())
        .map(|s| serde_json::json!({"start": s.start, "end": s.end, "quote": s.of(text)}))
        .collect()
}
