//! What a person must look at: work that is off the subject, padded, too short, or not what it seems.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Marked;
use super::answer::{Answer, Found, Lexicon, Standing};
use super::lexis;
use super::model::Review;
use super::rubric::{Rubric, RubricQuestion};
use crate::text::{self, Span};
use crate::tma::ParsedTma;
use crate::{Error, Result};

/// Below this, a criterion's mark is shown to a person.
pub(crate) const LOW_CONFIDENCE: f64 = 0.5;
/// An answer of fewer words than this says too little to be judged.
const TOO_SHORT: usize = 25;
/// An answer of so many words has something to say; where it earns no more than [`NEXT_TO_NOTHING`], a person should hear it.
const FULL: usize = 60;
/// As a share of the marks that criteria of what is said, not of form, give.
const NEXT_TO_NOTHING: f64 = 0.25;

/// Refuses a TMA whose spans do not fit its text: evidence could not be shown.
pub(crate) fn check_spans(tma: &ParsedTma) -> Result<()> {
    let check = |list: &str, i: usize, start: usize, end: usize| {
        if tma.text.get(start..end).is_some() {
            return Ok(());
        }
        let path = format!("{list}[{i}]");
        Err(Error::invalid_input(
            &path,
            format!("“{path}” does not fit the text: its start and end are byte offsets into “text”."),
        ))
    };
    for (i, q) in tma.questions.iter().enumerate() {
        check("questions", i, q.start, q.end)?;
        if let Some(prompt) = q.prompt {
            check("questions", i, prompt.start, prompt.end)?;
        }
    }
    for (i, b) in tma.blocks.iter().enumerate() {
        check("blocks", i, b.start, b.end)?;
    }
    for (i, c) in tma.citations.iter().enumerate() {
        check("citations", i, c.start, c.end)?;
    }
    for (i, r) in tma.references.iter().enumerate() {
        check("references", i, r.start, r.end)?;
    }
    for (i, h) in tma.headings.iter().enumerate() {
        check("headings", i, h.start, h.end)?;
    }
    Ok(())
}

fn review(criterion: Option<&str>, reason: &str, detail: Value) -> Review {
    Review {
        criterion: criterion.map(str::to_owned),
        reason: reason.to_owned(),
        detail: Some(detail),
        resolved: false,
    }
}

/// Work that was read for no question, as the parser found it.
pub(crate) fn unread(tma: &ParsedTma) -> Vec<Review> {
    let unsure = |code: &str| matches!(code, "text_in_no_answer" | "answer_without_label");
    let told = tma.warnings.iter().filter(|w| unsure(&w.code));
    told.map(|warning| review(None, "low_confidence", json!({"message": warning.message}))).collect()
}

/// What the criteria ask a person to look at, and what the answers themselves show.
pub(crate) fn reviews(
    rubric: &Rubric,
    answers: &[Answer<'_>],
    marked: &[Marked<'_>],
    lexicon: &Lexicon,
) -> Vec<Review> {
    let mut out = Vec::new();
    for m in marked {
        let id = m.criterion.head.id.as_str();
        for (reason, detail) in &m.outcome.reviews {
            out.push(review(Some(id), reason, detail.clone()));
        }
        if m.outcome.score.is_some() && m.outcome.confidence < LOW_CONFIDENCE && m.outcome.reviews.is_empty()
        {
            let detail = json!({
                "message": "The signs in the text are mixed: please read this one.",
                "confidence": m.outcome.confidence,
            });
            out.push(review(Some(id), "low_confidence", detail));
        }
    }
    for (question, answer) in rubric.questions.iter().zip(answers) {
        let own = || marked.iter().filter(|m| std::ptr::eq(m.answer, answer));
        let earned: f64 = own().filter_map(|m| m.outcome.score).sum();
        answer_reviews(question, answer, earned, lexicon, &mut out);
        if !out.iter().any(|r| r.detail.as_ref().is_some_and(|d| d["question"] == question.id.as_str()))
            && answer.counted_words() >= FULL
        {
            // Those that judge form have no points.
            out.extend(next_to_nothing(question, own().filter(|m| !m.criterion.kind.points().is_empty())));
        }
    }
    out
}

/// A full answer of English prose that earned next to nothing by what it says.
fn next_to_nothing<'a, 'm: 'a>(
    question: &RubricQuestion,
    marked: impl Iterator<Item = &'a Marked<'m>>,
) -> Option<Review> {
    let marks = marked.filter_map(|m| Some((m.outcome.score?, m.criterion.head.max_mark)));
    let (earned, most) = marks.fold((0.0, 0.0), |sum, marks| (sum.0 + marks.0, sum.1 + marks.1));
    let message = "This is a full answer and earned next to nothing: either it is wrong, or it is right in words that the rubric \
                   does not have.";
    let detail = json!({"question": question.id, "message": message, "earned": earned, "max_mark": most});
    (most > 0.0 && earned <= most * NEXT_TO_NOTHING).then(|| review(None, "low_confidence", detail))
}

fn answer_reviews(
    question: &RubricQuestion,
    answer: &Answer<'_>,
    earned: f64,
    lexicon: &Lexicon,
    out: &mut Vec<Review>,
) {
    let id = &question.id;
    if answer.found == Found::Whole {
        let message =
            "The parts of this question are not told apart in the work: all of it was read for each part.";
        out.push(review(None, "low_confidence", json!({"question": id, "message": message})));
    }
    let words = answer.counted_words();
    if words < TOO_SHORT && answer.code.is_empty() {
        out.push(review(
            None,
            "text_too_short",
            json!({"question": id, "words": answer.words, "counted": words}),
        ));
    }
    let padding = padding(answer);
    if let Some(mut detail) = padding {
        if let Some(map) = detail.as_object_mut() {
            map.insert("question".to_owned(), json!(id));
        }
        out.push(review(None, "padding_suspected", detail));
    }
    if answer.words >= TOO_SHORT {
        if !is_english(answer) {
            let message = "Most of this answer is not English prose.";
            out.push(review(None, "out_of_distribution", json!({"question": id, "message": message})));
        } else if is_off_topic(question, answer, earned, lexicon) {
            let message = "This answer shares almost no words with its question and earned next to nothing.";
            out.push(review(None, "off_topic", json!({"question": id, "message": message})));
        }
    }
}

/// Repeated or copied sentences and strings of words, where they are more than a slip.
fn padding(answer: &Answer<'_>) -> Option<Value> {
    let repeated = answer.count(Standing::Repeated);
    let copied = answer.count(Standing::Copied);
    let lists =
        answer.sentences.iter().filter(|s| s.standing == Standing::WordList && s.tokens.len() >= 6).count();
    let total = answer.sentences.len().max(1);
    let places = |standing: Standing| -> Vec<Value> {
        let spans = answer.sentences.iter().filter(|s| s.standing == standing).take(3);
        spans
            .map(|s| json!({"start": s.span.start, "end": s.span.end, "quote": s.span.of(answer.text)}))
            .collect()
    };
    // A restated question, one repeated line or one string of words (an address, a title) is ordinary.
    let suspect = repeated >= 3
        || repeated * 4 > total
        || copied >= 3
        || copied * 3 > total
        || lists >= 2
        || lists * 5 > total;
    if !suspect {
        return None;
    }
    let evidence =
        [places(Standing::Repeated), places(Standing::Copied), places(Standing::WordList)].concat();
    Some(json!({
        "repeated_sentences": repeated,
        "sentences_from_the_question": copied,
        "word_lists": lists,
        "evidence": evidence,
    }))
}

fn is_english(answer: &Answer<'_>) -> bool {
    let function = answer.tokens.iter().filter(|t| t.classes.is_function()).count();
    function * 100 >= answer.tokens.len() * 18
}

/// Whether an answer earned next to nothing and hardly uses a word of its question.
fn is_off_topic(question: &RubricQuestion, answer: &Answer<'_>, earned: f64, lexicon: &Lexicon) -> bool {
    if question.prompt.is_empty() || earned > question.max_mark * 0.35 {
        return false;
    }
    let words: HashSet<String> = text::tokens(&question.prompt)
        .map(|t: Span| t.of(&question.prompt).to_lowercase())
        .filter(|w| w.len() > 3 && !lexis::is_function(w) && !lexis::is_rubric_talk(w))
        .map(|w| text::stem(&w))
        .collect();
    let wanted = words.len();
    let subject: HashSet<u32> = words.iter().filter_map(|w| lexicon.stem(w)).collect();
    let used: HashSet<u32> = answer.tokens.iter().map(|t| t.stem).filter(|s| subject.contains(s)).collect();
    wanted >= 4 && used.len() <= 1 + wanted / 12
}
