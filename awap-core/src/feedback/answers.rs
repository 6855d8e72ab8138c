//! Which stretch of the work answers which question of the rubric.

use super::answer::{Answer, Found, Lexicon, Seen};
use super::rubric::{Rubric, normal_question_id};
use crate::text::Span;
use crate::tma::ParsedTma;

/// The answers to the rubric's questions, in the rubric's order.
pub(crate) fn find<'a>(tma: &'a ParsedTma, rubric: &Rubric, lexicon: &mut Lexicon) -> Vec<Answer<'a>> {
    let mut seen = Seen::default();
    let mut whole_seen = Seen::default();
    let prompt = prompts(tma, rubric);
    rubric
        .questions
        .iter()
        .map(|question| {
            let (spans, found) = locate(tma, rubric, &question.id);
            // Where several questions are answered by one stretch, each may read all of it.
            if found == Found::Whole && rubric.questions.len() > 1 {
                whole_seen = Seen::default();
                return Answer::read(tma, spans, found, &prompt, lexicon, &mut whole_seen);
            }
            Answer::read(tma, spans, found, &prompt, lexicon, &mut seen)
        })
        .collect()
}

/// All questions in the rubric's words, and as the student restates them: copied from whichever, it is no answer.
fn prompts(tma: &ParsedTma, rubric: &Rubric) -> String {
    let given = rubric.questions.iter().map(|q| q.prompt.as_str());
    let restated = tma.questions.iter().filter_map(|q| q.prompt).map(|span| span.of(&tma.text));
    given.chain(restated).collect::<Vec<_>>().join("\n")
}

fn locate(tma: &ParsedTma, rubric: &Rubric, id: &str) -> (Vec<Span>, Found) {
    let spans = |wanted: &dyn Fn(&str) -> bool| -> Vec<Span> {
        let mut spans: Vec<Span> = tma
            .questions
            .iter()
            .filter(|q| wanted(&normal_question_id(&q.id)))
            .map(|q| Span::new(q.start, q.end))
            .collect();
        spans.sort_unstable();
        // A question and its own parts may overlap: each byte is read once.
        let mut at = 0;
        for span in &mut spans {
            span.start = span.start.max(at).min(span.end);
            at = at.max(span.end);
        }
        spans.retain(|s| !s.is_empty());
        spans
    };
    // A rubric of one question takes the whole work, however the student has numbered it.
    if let [_] = rubric.questions.as_slice() {
        let all = spans(&|_| true);
        return match all.is_empty() {
            true if tma.text.trim().is_empty() => (Vec::new(), Found::Nowhere),
            true => (vec![Span::new(0, tma.text.len())], Found::Own),
            false => (all, Found::Own),
        };
    }
    let own = spans(&|q| q == id || q.strip_prefix(id).is_some_and(|rest| rest.starts_with('(')));
    if !own.is_empty() {
        return (own, Found::Own);
    }
    // Parts that the student ran together stand under the number of the whole question.
    let mut parent = id;
    while let Some((shorter, _)) = parent.rsplit_once('(') {
        parent = shorter;
        // Only a part before the one looked for says that what stands under the number alone is not its answer.
        let place = |id: &str| rubric.questions.iter().position(|q| q.id == id);
        let parts_told_apart = tma.questions.iter().map(|q| normal_question_id(&q.id)).any(|q| {
            q.strip_prefix(parent).is_some_and(|rest| rest.starts_with('(')) && place(&q) < place(id)
        });
        let whole = spans(&|q| q == parent);
        if !whole.is_empty() && !parts_told_apart {
            return (whole, Found::Whole);
        }
    }
    let unnumbered = tma.questions.iter().all(|q| !q.id.starts_with(|c: char| c.is_ascii_digit()));
    if unnumbered && !tma.text.trim().is_empty() {
        let all = spans(&|_| true);
        let whole = if all.is_empty() { vec![Span::new(0, tma.text.len())] } else { all };
        return (whole, Found::Whole);
    }
    (Vec::new(), Found::Nowhere)
}
