//! Each suggestion held against every rule: what is taken, what is not and why, and what a person must look at.

use serde_json::{Value, json};

use super::ground::{Ground, Held};
use super::offer::{self, Comment, Kind};
use super::privacy::{Names, text_has_no_placeholder, text_identifies_nobody, text_names_nobody_new};
use super::quote::{self, Places, quote_has_length, quote_is_the_students_own, quote_stands_in_the_answer};
use super::reason::{Reason, Tally};
use super::scores::{self, Compared};
use super::sense::{Vocabulary, comment_fits, criterion_exists, text_is_about_the_work, text_is_new};
use super::tact::text_treats_the_student_well;
use super::talk::{Orders, text_echoes_no_order, text_is_not_about_marks, text_is_not_about_the_model};
use super::wording::{
    QUOTATION, own_words, quotations, text_has_length, text_is_english, text_is_plain_prose,
    text_is_to_the_student,
};
use crate::feedback::model::Review;
use crate::text::{self, Span};
use crate::{Deadline, Limits, Result as CoreResult};

/// Comments of one kind for one criterion.
const MOST_OF_A_KIND: usize = 2;
/// Comments for a work.
const MOST: usize = 12;
/// Sentences that speak to the marker shown to a person.
const MOST_SHOWN: usize = 5;

/// A comment that is taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Accepted {
    /// The index of its criterion.
    pub(super) criterion: usize,
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) span: Span,
    pub(super) quote: String,
}

/// What became of a model's answer.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// In the rubric's order, and for a criterion in the order of the places.
    pub(super) accepted: Vec<Accepted>,
    pub(super) tally: Tally,
    pub(super) reviews: Vec<Review>,
    /// Scores that were held against the engine's.
    pub(super) compared: usize,
}

/// What all comments are held against, and what is noted beside their own fate.
struct Bench<'g, 'a> {
    ground: &'g Ground<'a>,
    places: Places<'a>,
    vocabulary: Vocabulary,
    names: Names,
    orders: Orders,
    limits: &'g Limits,
    deadline: &'g Deadline,
    /// Comments whose quotation is not in the answer, whatever else is wrong with them.
    unverified: usize,
    /// Comments that name someone, whatever else is wrong with them.
    identities: usize,
    /// For each criterion, praise that contradicts the engine.
    contradictions: Vec<usize>,
}

/// Holds a model's answer against every rule. Errors are a deadline that passed, and nothing else.
pub(super) fn judge(
    ground: &Ground<'_>,
    suggestions: &Value,
    limits: &Limits,
    deadline: &Deadline,
) -> CoreResult<Verdict> {
    let mut tally = Tally::default();
    let offers = offer::read(suggestions, &mut tally);
    let Compared { compared, mut reviews } = scores::compare(ground, &offers.scores, &mut tally);
    if offers.comments.is_empty() {
        return Ok(Verdict { accepted: Vec::new(), tally, reviews, compared });
    }
    let mut bench = Bench {
        ground,
        places: Places::of(ground),
        vocabulary: Vocabulary::of(ground),
        names: Names::of(ground),
        orders: Orders::of(&ground.tma.text),
        limits,
        deadline,
        unverified: 0,
        identities: 0,
        contradictions: vec![0; ground.criteria.len()],
    };
    let mut taken = Vec::new();
    for comment in &offers.comments {
        deadline.check()?;
        match bench.examine(comment)? {
            Ok(accepted) => taken.push(accepted),
            Err(reason) => tally.add(reason),
        }
    }
    let accepted = bounded(ground, taken, &mut tally);
    reviews.extend(bench.reviews(&accepted, &tally));
    Ok(Verdict { accepted, tally, reviews, compared })
}

impl Bench<'_, '_> {
    /// Holds one comment against every rule on it alone; the first that it breaks is the reason.
    fn examine(&mut self, comment: &Comment<'_>) -> CoreResult<Result<Accepted, Reason>> {
        let text = comment.text.trim();
        let criterion = match criterion_exists(self.ground, comment.criterion) {
            Ok(criterion) => criterion,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(held) = self.ground.criteria.get(criterion) else {
            return Ok(Err(Reason::UnknownCriterion));
        };
        let span = self.locate(held, comment);
        self.unverified +=
            usize::from(matches!(span, Err(Reason::UnverifiedQuote | Reason::QuoteOutOfPlace)));
        // No more of a text is looked at than a comment may have.
        if let Err(reason) = text_has_length(text) {
            return Ok(Err(reason));
        }
        let nobody = text_identifies_nobody(text, &self.names, self.limits, self.deadline)?;
        self.identities += usize::from(nobody.is_err());
        let verdict = text_has_no_placeholder(text)
            .and(text_has_no_placeholder(comment.quote))
            .and(nobody)
            .and_then(|()| self.wording(held, comment.kind, text))
            .and(span)
            .and_then(|span| {
                self.quotations(held, text)?;
                text_echoes_no_order(text, span, &self.orders)?;
                text_is_about_the_work(held, text, self.vocabulary.of_answer(self.ground, held))?;
                comment_fits(held, comment.kind, text, span)?;
                Ok(Accepted {
                    criterion,
                    kind: comment.kind,
                    text: text.to_owned(),
                    span,
                    quote: span.of(&self.ground.tma.text).to_owned(),
                })
            });
        if matches!(verdict, Err(Reason::ContradictsEvidence | Reason::ContradictsScore))
            && let Some(count) = self.contradictions.get_mut(criterion)
        {
            *count += 1;
        }
        Ok(verdict)
    }

    /// The rules on a quotation.
    fn locate(&self, held: &Held<'_>, comment: &Comment<'_>) -> Result<Span, Reason> {
        let quote = quote::bare(comment.quote);
        quote_has_length(quote)?;
        let span = quote_stands_in_the_answer(self.ground, &self.places, held, quote)?;
        let answer = self.ground.answer(held).ok_or(Reason::UnverifiedQuote)?;
        quote_is_the_students_own(answer, span, comment.kind)?;
        Ok(span)
    }

    /// The rules on how a comment is written and what it talks of.
    fn wording(&mut self, held: &Held<'_>, kind: Kind, text: &str) -> Result<(), Reason> {
        text_is_plain_prose(text)?;
        let own = own_words(text);
        let has = |number: &str| self.places.find(self.ground, held.question, number).is_some();
        text_is_not_about_marks(text, &own, &held.subject, has)?;
        text_is_not_about_the_model(text, &own, &held.subject)?;
        text_treats_the_student_well(text, &own, &held.subject)?;
        text_is_to_the_student(text, kind == Kind::Improvement)?;
        text_is_english(text)?;
        let new = text_names_nobody_new(text, &self.names);
        self.identities += usize::from(new.is_err());
        new
    }

    /// Rule: what a comment itself quotes stands in the answer too.
    fn quotations(&self, held: &Held<'_>, text: &str) -> Result<(), Reason> {
        let mut quoted = quotations(text).unwrap_or_default().into_iter().map(|s| s.of(text).trim());
        let is_there = |q: &str| {
            let q = q.trim_end_matches(['.', ',', ';', ':', '!', '?', '…']);
            text::count_words(q) < QUOTATION || self.places.find(self.ground, held.question, q).is_some()
        };
        if quoted.all(is_there) { Ok(()) } else { Err(Reason::UnverifiedQuote) }
    }

    /// What a person must look at, in the rubric's order and then by kind.
    fn reviews(&self, accepted: &[Accepted], tally: &Tally) -> Vec<Review> {
        let mut out = Vec::new();
        let mut add = |criterion: Option<&str>, reason: &str, mut detail: Value| {
            detail["source"] = json!("ai");
            let criterion = criterion.map(str::to_owned);
            out.push(Review { criterion, reason: reason.to_owned(), detail: Some(detail), resolved: false });
        };
        for (held, praise) in self.ground.criteria.iter().zip(&self.contradictions).filter(|(_, n)| **n > 0) {
            let message = "The model praised what the engine holds against the student, or what earned nothing; its \
                           praise was left out.";
            let detail = json!({"message": message, "praise_left_out": praise});
            add(Some(&held.head.id), "ai_score_disagrees", detail);
        }
        for (i, held) in self.ground.criteria.iter().enumerate().filter(|(_, h)| h.marked.score.is_none()) {
            let comments = accepted.iter().filter(|a| a.criterion == i).count();
            if comments > 0 {
                let message = "The model commented on what is left for you to mark; its comments stand beside the \
                               criterion and not in the student's text.";
                add(
                    Some(&held.head.id),
                    "human_criterion",
                    json!({"message": message, "suggestions": comments}),
                );
            }
        }
        if self.unverified > 0 {
            let message =
                "The model quoted what is not in the answer that it spoke of; those comments were left out.";
            add(None, "ai_unverified_quote", json!({"message": message, "count": self.unverified}));
        }
        if self.identities > 0 {
            let message = "The model wrote what may identify someone; those comments were left out.";
            add(None, "pii_redacted_in_output", json!({"message": message, "count": self.identities}));
        }
        let places = &self.orders.places;
        let obeyed = tally.of(&[Reason::Instructions, Reason::AboutMarks, Reason::AboutTheModel]);
        if obeyed > 0 && !places.is_empty() {
            let message = "The work speaks to whoever marks it, and the model took that up; those comments were left \
                           out. Please read these sentences.";
            let text = &self.ground.tma.text;
            let shown = places.iter().take(MOST_SHOWN);
            let evidence: Vec<Value> =
                shown.map(|s| json!({"start": s.start, "end": s.end, "quote": s.of(text)})).collect();
            add(
                None,
                "out_of_distribution",
                json!({"message": message, "count": obeyed, "evidence": evidence}),
            );
        }
        out
    }
}

/// Rule: no comment is made twice, and there are no more than a tutor can check.
///
/// The order in which the model wrote them does not matter: the rubric's comes first, then the place in the text.
fn bounded(ground: &Ground<'_>, mut taken: Vec<Accepted>, tally: &mut Tally) -> Vec<Accepted> {
    taken.sort_by(|a, b| {
        let key = |x: &Accepted| (x.criterion, x.span, x.kind);
        key(a).cmp(&key(b)).then_with(|| a.text.cmp(&b.text))
    });
    let mut kept: Vec<Accepted> = Vec::new();
    for comment in taken {
        let beside = |a: &&Accepted| a.criterion == comment.criterion && a.kind == comment.kind;
        let on_the_same = kept.iter().filter(beside).any(|a| a.span == comment.span);
        let new = text_is_new(ground, &comment.text, kept.iter().map(|a| a.text.as_str()));
        if on_the_same || new.is_err() {
            tally.add(Reason::Duplicate);
        } else if kept.len() == MOST || kept.iter().filter(beside).count() == MOST_OF_A_KIND {
            tally.add(Reason::TooMany);
        } else {
            kept.push(comment);
        }
    }
    kept
}
