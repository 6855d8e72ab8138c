//! What a model in the AI jail adds to feedback: the request it is sent, and the merge of what it answers.
//!
//! A model may add comments and never decides. [`merge()`] takes its answer as untrusted JSON, holds every suggestion
//! against the rules below, and writes what passes into the feedback; grade, range, band, totals and scores do not
//! change, whatever it says. With nothing to merge, or nonsense, the feedback is the deterministic one but for
//! `provenance.ai`. Suggestions are never an error; a deadline that passes is.
//!
//! # Rules
//!
//! Each rule is a function; the reason is the key under which `provenance.ai.rejected` counts what broke it, and the
//! last column what goes to `needs_review` besides. The first rule broken, in this order, is the reason.
//!
//! | rule | function | reason | review |
//! | --- | --- | --- | --- |
//! | A suggestion has the contract's form; the first 64 comments and 64 scores are looked at | `offer::read` | `malformed`, `too_many` | |
//! | It is about a criterion of the rubric | `sense::criterion_exists` | `unknown_criterion` | |
//! | A comment has 5–70 words, at most 480 bytes | `wording::text_has_length` | `text_length` | |
//! | Neither comment nor quotation shows a placeholder or a pseudonym | `privacy::text_has_no_placeholder` | `placeholder` | |
//! | Anonymization's recognizers find nobody in it but authors whom the work cites | `privacy::text_identifies_nobody` | `identity` | `pii_redacted_in_output`, once |
//! | It is whole sentences of plain prose: no markup, links, lists, line breaks, control or invisible characters | `wording::text_is_plain_prose` | `not_prose` | |
//! | It makes no claim about marks, grades, levels, shares | `talk::text_is_not_about_marks` | `about_marks` | `out_of_distribution`, if the work gives orders |
//! | It does not speak of the model, prompts, instructions | `talk::text_is_not_about_the_model` | `about_the_model` | as above |
//! | It does not insult, accuse or discourage the student, nor speak of who they are, unless it is the rubric's subject | `tact::text_treats_the_student_well` | `unsuitable` | |
//! | It speaks to the student (`you`, or advice that begins with a verb), not about them, not as `I` | `wording::text_is_to_the_student` | `not_to_the_student` | |
//! | It is in English, as the letter always is and these rules are | `wording::text_is_english` | `not_english` | |
//! | Names and long numbers in it are the rubric's or the work's, and nobody is called by name | `privacy::text_names_nobody_new` | `identity` | `pii_redacted_in_output`, once |
//! | The quotation has 3–60 words, at least ten letters, at most 600 bytes | `quote::quote_has_length` | `quote_length` | |
//! | It stands as whole words in one paragraph (item, row, block of code) of the answer to the criterion's question; other sorts of blanks, quotation marks and dashes pass, and the student's own take their place; its first place counts | `quote::quote_stands_in_the_answer` | `unverified_quote`; `quote_out_of_place` where it stands elsewhere, as in a restated question or a reference list | `ai_unverified_quote`, once |
//! | It is no copy of the question and, where it is praised, none that earns nothing (said twice, strung together, beyond the limit) | `quote::quote_is_the_students_own` | `quote_out_of_place` | `ai_unverified_quote`, once |
//! | What the comment itself puts between quotation marks, from three words on, stands in the answer | `judge::Bench::quotations` | `unverified_quote` | |
//! | Neither comment nor quotation repeats an order that the work gives to its marker | `talk::text_echoes_no_order` | `instructions` | `out_of_distribution` |
//! | It shares a word with the rubric or the answer, unless it has hardly a word that names a thing | `sense::text_is_about_the_work` | `off_topic` | |
//! | Nothing is praised where the criterion earned nothing or all is missing | `sense::praise_fits_the_score` | `contradicts_score` | `ai_score_disagrees` for the criterion |
//! | Nothing is praised that the engine holds against the student, nor a point that it did not find | `sense::praise_fits_the_evidence` | `contradicts_evidence` | `ai_score_disagrees` for the criterion |
//! | Advice does not ask for what the engine found | `sense::advice_asks_for_what_is_absent` | `already_present` | |
//! | It says what neither the engine nor another comment says, and no two of a kind are about one place | `sense::text_is_new`, `judge::bounded` | `duplicate` | |
//! | Two comments of a kind for a criterion, twelve for a work | `judge::bounded` | `too_many` | |
//! | A score is from 0 to the criterion's maximum | `scores::score_is_in_range` | `score_out_of_range` | |
//! | It is for a criterion that the engine marks | `scores::criterion_is_the_engines` | `open_criterion` | |
//! | There is one for a criterion: of several that differ, none counts | `scores::compare` | `duplicate` | |
//! | It lies at most one level from the engine's (with fewer than three levels, a fifth of the maximum or half a mark, whichever is more) | `scores::disagreement` | | `ai_score_disagrees`, with both scores |
//!
//! # Where comments go
//!
//! To their criterion (`suggestions`, in the order of the places; its `source` becomes `rule+ai`); to `strengths` and
//! `improvements`, after the engine's own, with a claim of `"source": "ai"` that has the evidence; and to the letter,
//! praise at the beginning and advice at the end of its section, as many as `max_words` and ten points of tone let in
//! (`in_text` says whether). A comment on a criterion that only a person may mark goes beside the criterion alone, and
//! to `needs_review` as `human_criterion`. A tutor who removes one removes that sentence, as it stands, from each.
//!
//! `provenance.deterministic` is false once a comment or a review of a model's is in the feedback. The result does not
//! depend on the order of keys or suggestions. A merge takes the place of an earlier one.

mod ground;
mod judge;
mod letter;
mod merge;
mod offer;
mod privacy;
mod provenance;
mod quote;
mod reason;
mod request;
mod scores;
mod sense;
mod tact;
mod talk;
mod wording;

pub use provenance::AiProvenance;
pub use request::{
    AskedCriterion, AskedLevel, AskedQuestion, EngineView, Quoted, SuggestBudget, SuggestRequest,
};

use serde_json::Value;

use super::model::Feedback;
use super::{Rubrics, mark_with};
use crate::tma::ParsedTma;
use crate::{Deadline, Error, Limits, Result};
use ground::Ground;

/// Makes the request for a model from an anonymized work and the engine's feedback on it.
///
/// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) where the TMA was not anonymized, where the feedback is
/// not on this TMA, or where the budget is out of bounds.
pub fn prepare(
    tma: &ParsedTma,
    feedback: &Feedback,
    budget: SuggestBudget,
    rubrics: &Rubrics,
    deadline: &Deadline,
) -> Result<SuggestRequest> {
    let rubric = rubrics.get(tma.rubric.as_ref())?;
    request::prepare(tma, feedback, &rubric, budget, deadline)
}

/// Merges what a model answered into the engine's feedback, by the [rules](self#rules) above.
///
/// `suggestions` is `{"comments": [{"criterion", "kind", "text", "quote"}], "scores": [{"criterion", "score"}]}`, and may
/// be anything. Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) where the feedback is not on this TMA, and
/// [`Timeout`](crate::ErrorCode::Timeout).
pub fn merge(
    tma: &ParsedTma,
    feedback: Feedback,
    suggestions: &Value,
    ai: &AiProvenance,
    rubrics: &Rubrics,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Feedback> {
    let rubric = rubrics.get(tma.rubric.as_ref())?;
    ground::check(tma, &rubric, &feedback)?;
    deadline.check()?;
    let feedback = without_earlier_merge(tma, feedback, rubrics, deadline)?;
    let verdict =
        judge::judge(&Ground::of(tma, &rubric, &feedback, deadline)?, suggestions, limits, deadline)?;
    Ok(merge::write(feedback, &rubric, verdict, ai))
}

/// The engine's own feedback in place of one that holds a merge; refused where that would change its marks.
fn without_earlier_merge(
    tma: &ParsedTma,
    feedback: Feedback,
    rubrics: &Rubrics,
    deadline: &Deadline,
) -> Result<Feedback> {
    if feedback.marking_criteria.provenance.ai.as_ref().is_none_or(Value::is_null) {
        return Ok(feedback);
    }
    let own = mark_with(tma, rubrics, deadline)?;
    let scores = |f: &Feedback| f.marking_criteria.criteria.iter().map(|c| c.score).collect::<Vec<_>>();
    let same = own.grade == feedback.grade
        && own.marking_criteria.totals == feedback.marking_criteria.totals
        && scores(&own) == scores(&feedback);
    if same {
        return Ok(own);
    }
    Err(Error::invalid_input(
        "feedback.marking_criteria.provenance.ai",
        "This feedback holds an earlier merge, and marks that this version does not give: generate it anew and merge \
         into that.",
    ))
}
