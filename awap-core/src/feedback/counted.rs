//! What of each answer counts: the text that a criterion of kind `calibrated` reads, for those who gather a cohort.

use super::answer::Lexicon;
use super::{Rubrics, answers, integrity};
use crate::text::Span;
use crate::tma::ParsedTma;
use crate::{Deadline, Result};

/// The part of one answer that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedAnswer {
    /// The rubric's question, by its normalised id.
    pub question: String,
    /// The sentences that count, a line for each paragraph: what [`calibrate`](super::calibrate) is to learn from, so that a
    /// model is later given the same to mark.
    pub text: String,
    /// Where these sentences stand in [`ParsedTma::text`].
    pub spans: Vec<Span>,
}

/// The answers to the questions of the TMA's rubric (the built-in general one where it has none), in their order.
///
/// What does not count is left out: the cover sheet, the reference list, headings, restated questions, what stands there twice.
///
/// Errors are [`InvalidInput`](crate::ErrorCode::InvalidInput) with the path of the fault, where the rubric does not hold
/// together or a span of the TMA does not fit its text, and [`Timeout`](crate::ErrorCode::Timeout).
pub fn counted(tma: &ParsedTma, rubrics: &Rubrics, deadline: &Deadline) -> Result<Vec<CountedAnswer>> {
    integrity::check_spans(tma)?;
    deadline.check()?;
    let rubric = rubrics.get(tma.rubric.as_ref())?;
    let answers = answers::find(tma, &rubric, &mut Lexicon::default());
    deadline.check()?;
    let counted = |(question, answer): (&super::RubricQuestion, &super::Answer<'_>)| CountedAnswer {
        question: question.id.clone(),
        text: answer.counted_text(),
        spans: answer.counted().map(|(_, sentence)| sentence.span).collect(),
    };
    Ok(rubric.questions.iter().zip(&answers).map(counted).collect())
}

#[cfg(test)]
mod tests {
    use crate::{Deadline, Engine, Submission};
    use serde_json::json;

    #[test]
    fn what_counts_is_the_answers_own_sentences_at_their_places() {
        let engine = Engine::new().unwrap();
        let tma = json!({"content": "# Question 1\n\nOrder is kept by rules. Nobody has taught them.\n\n# References\n\nSmith, J. (2019) *Order*, London, Sage.\n"});
        let tma = Submission::from_value(tma, engine.limits()).unwrap();
        let parsed = engine.parse(tma, &Deadline::never()).unwrap();
        let counted = engine.counted(&parsed, &Deadline::never()).unwrap();
        assert_eq!(counted.len(), 1);
        assert_eq!(counted[0].text, "Order is kept by rules. Nobody has taught them.");
        let quotes: Vec<&str> = counted[0].spans.iter().map(|span| span.of(&parsed.text)).collect();
        assert_eq!(quotes, ["Order is kept by rules.", "Nobody has taught them."]);
    }
}
