//! Strengths and improvements, each with its evidence or with what is missing, and a comment for each criterion.

use serde_json::{Value, json};

use super::voice::Voice;
use super::{Marked, criticise, evidence_of, findings, label, phrases, praise, quote, share, teach};
use crate::feedback::criteria::{Note, Sign};
use crate::text::Span;

/// Strengths and improvements that one criterion may add.
const PER_CRITERION: usize = 2;

/// What is claimed, and why.
pub(super) struct Claims {
    pub(super) strengths: Vec<String>,
    pub(super) improvements: Vec<String>,
    pub(super) evidence: Value,
}

/// Gathers what was done well and what to do better, criterion by criterion.
pub(super) fn gather(marked: &[Marked<'_>], voice: &mut Voice) -> Claims {
    let (mut strengths, mut improvements) = (Vec::new(), Vec::new());
    let (mut for_strengths, mut for_improvements) = (Vec::new(), Vec::new());
    let mut unanswered = Vec::new();
    for m in marked {
        let text = m.answer.text;
        let id = &m.criterion.head.id;
        for finding in findings(m, |s| s == Sign::Done).into_iter().take(PER_CRITERION) {
            let evidence = evidence_of(&finding.evidence, text);
            if let Some(sentence) = praise(m, finding, voice).filter(|_| !evidence.is_empty()) {
                strengths.push(sentence);
                for_strengths.push(json!({"criterion": id, "evidence": evidence, "missing": []}));
            }
        }
        if m.answer.is_empty() && !unanswered.contains(&m.question.id) {
            unanswered.push(m.question.id.clone());
            let slots = super::Slots { answer: Some(m.question.id.clone()), ..super::Slots::default() };
            if let Some(sentence) = voice.say(phrases::UNANSWERED, id, &slots) {
                improvements.push(sentence);
                let missing = [format!("an answer to question {}", m.question.id)];
                for_improvements.push(json!({"criterion": id, "evidence": [], "missing": missing}));
            }
        }
        for finding in findings(m, |s| s != Sign::Done).into_iter().take(PER_CRITERION + 1) {
            let Some(advice) = teach(m, finding, voice) else { continue };
            let sentence = match finding.sign {
                Sign::Wrong => {
                    criticise(m, finding, voice).map_or(advice.clone(), |c| format!("{c} {advice}"))
                }
                _ => advice,
            };
            let missing = match &finding.note {
                Note::Point(label) => vec![label.clone()],
                Note::Said { what, .. } if finding.evidence.is_empty() => vec![what.clone()],
                Note::Said { .. } => Vec::new(),
            };
            improvements.push(sentence);
            let evidence = evidence_of(&finding.evidence, text);
            for_improvements.push(json!({"criterion": id, "evidence": evidence, "missing": missing}));
        }
    }
    if strengths.is_empty() {
        let (sentence, claim) = least(marked);
        strengths.push(sentence);
        for_strengths.push(claim);
    }
    Claims {
        strengths,
        improvements,
        evidence: json!({"strengths": for_strengths, "improvements": for_improvements}),
    }
}

/// What can be said for a work in which nothing that was looked for is there.
fn least(marked: &[Marked<'_>]) -> (String, Value) {
    let first = marked.iter().find_map(|m| {
        let sentence = m.answer.sentences.first()?;
        Some((m, sentence.span))
    });
    match first {
        Some((m, span)) => (
            "You have sent in an answer, and that gives us something to talk about.".to_owned(),
            json!({"criterion": m.criterion.head.id, "evidence": evidence_of(&[span], m.answer.text), "missing": []}),
        ),
        None => (
            "You have sent in this TMA on the system, which keeps the way open for the next.".to_owned(),
            json!({"criterion": null, "evidence": [], "missing": ["an answer to mark"]}),
        ),
    }
}

/// The tutor's own comment for this score, where the rubric has one, with its places filled; a quotation of those that `may`
/// be quoted.
pub(super) fn from_bank(marked: &Marked<'_>, may: impl Fn(&str) -> bool) -> Option<String> {
    let head = &marked.criterion.head;
    let share = share(marked)?;
    let score = marked.outcome.score?;
    let level = head.levels.iter().rposition(|l| l.score <= score + 1e-9);
    let band = if share >= 0.7 {
        ["high", "good", "strong"]
    } else if share >= 0.4 {
        ["mid", "middle", "fair"]
    } else {
        ["low", "weak", "poor"]
    };
    let fits = |key: &str| {
        band.contains(&key.to_lowercase().as_str())
            || level.is_some_and(|i| {
                key == i.to_string()
                    || head.levels.get(i).is_some_and(|l| key == l.definition || key == number(l.score))
            })
    };
    let (_, texts) = head.comments.iter().find(|(key, _)| fits(key))?;
    let done = findings(marked, |s| s == Sign::Done);
    let open = findings(marked, |s| s != Sign::Done);
    let concept = open.iter().chain(&done).find_map(|f| match &f.note {
        Note::Point(label) => Some(label::as_thing(label)),
        Note::Said { .. } => None,
    });
    let quoted = done.iter().filter_map(|f| quote(marked, f)).find(|q| may(q));
    let fill = |text: &String| -> Option<String> {
        let mut out = text.clone();
        for (slot, value) in [
            ("{quote}", quoted.clone()),
            ("{concept}", concept.clone()),
            ("{criterion}", Some(super::lower_first(&head.title))),
            ("{mark}", Some(number(score))),
            ("{max}", Some(number(head.max_mark))),
        ] {
            if out.contains(slot) {
                out = out.replace(slot, &value?);
            }
        }
        Some(out)
    };
    texts.iter().find_map(fill)
}

/// A mark as a person writes it: `7`, `7.5`.
pub(crate) fn number(mark: f64) -> String {
    let text = format!("{mark:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The comment beside one criterion.
pub(super) fn comment(marked: &Marked<'_>, voice: &mut Voice) -> String {
    let head = &marked.criterion.head;
    if marked.outcome.score.is_none() {
        return "This criterion is left for you to mark.".to_owned();
    }
    if marked.answer.is_empty() {
        return format!("No answer to question {} was found in the work handed in.", marked.question.id);
    }
    let mut parts: Vec<String> = from_bank(marked, |_| true).into_iter().collect();
    if parts.is_empty()
        && let Some(finding) = findings(marked, |s| s == Sign::Done).first()
    {
        parts.extend(praise(marked, finding, voice));
    }
    if let Some(finding) = findings(marked, |s| s != Sign::Done).first() {
        if finding.sign == Sign::Wrong {
            parts.extend(criticise(marked, finding, voice));
        }
        parts.extend(teach(marked, finding, voice));
    }
    if parts.is_empty() {
        let spans: Vec<Span> = marked.answer.sentences.first().map(|s| s.span).into_iter().collect();
        let found = if spans.is_empty() { "found nothing" } else { "found too little" };
        return format!("I looked for {} and {found} to go by.", super::lower_first(&head.title));
    }
    parts.join(" ")
}
