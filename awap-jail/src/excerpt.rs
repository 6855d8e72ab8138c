//! As much of the student's text as there is room for: every question's share of it, in whole sentences.

use awap_core::text::sentences;

use crate::request::Request;

/// Bytes that a token stands for at most, near enough: what is longer than this need not be counted to be too long.
const BYTES_A_TOKEN: usize = 24;

/// The answer to one question, or the whole text where the criteria are of no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section<'a> {
    pub(crate) question: Option<&'a str>,
    pub(crate) text: &'a str,
}

/// The parts of the text that the criteria are about, in order and without overlap.
pub(crate) fn sections(request: &Request) -> Vec<Section<'_>> {
    let asked = |id: &str| request.criteria.iter().any(|criterion| criterion.question.as_deref() == Some(id));
    let known = |id: &str| request.questions.iter().any(|question| question.id == id);
    let all_known = request.criteria.iter().all(|criterion| criterion.question.as_deref().is_some_and(known));
    if !all_known {
        return vec![Section { question: None, text: &request.text }];
    }
    let mut questions: Vec<_> = request.questions.iter().filter(|question| asked(&question.id)).collect();
    questions.sort_by_key(|question| (question.span().start, std::cmp::Reverse(question.span().end)));
    let mut end = 0;
    let mut sections = Vec::new();
    for question in questions {
        let span = question.span().start.max(end)..question.span().end;
        // A part that lies within another has been taken with it.
        if let Some(text) = request.text.get(span.clone()).filter(|text| !text.is_empty()) {
            sections.push(Section { question: Some(&question.id), text });
            end = span.end;
        }
    }
    sections
}

/// Cuts the sections to `room` tokens together, as `count` counts them; whether anything was left out.
///
/// Each gets the same share, and what a short one does not need goes to the longer ones.
pub(crate) fn fit<'a>(
    sections: &[Section<'a>],
    room: usize,
    count: impl Fn(&str) -> usize,
) -> (Vec<Section<'a>>, bool) {
    let mut fitted = sections.to_vec();
    let mut shortest: Vec<usize> = (0..sections.len()).collect();
    shortest.sort_by_key(|section| sections[*section].text.len());
    let (mut room, mut truncated) = (room, false);
    for (done, section) in shortest.iter().enumerate() {
        let share = room / (sections.len() - done);
        let (kept, used) = cut(sections[*section].text, share, &count);
        truncated |= kept.len() < sections[*section].text.trim_end().len();
        fitted[*section].text = kept;
        room -= used;
    }
    (fitted, truncated)
}

/// The whole sentences from the beginning of `text` that fit into `room` tokens, and how many these are.
fn cut<'a>(text: &'a str, room: usize, count: &impl Fn(&str) -> usize) -> (&'a str, usize) {
    let (mut end, mut used) = (0, 0);
    // What cannot fit anyway is not searched for sentences.
    let within = &text[..text.floor_char_boundary(room.saturating_mul(BYTES_A_TOKEN))];
    for sentence in sentences(within) {
        // With the space before it.
        let next = &text[end..sentence.end];
        let tokens = count(next);
        if used + tokens > room || (sentence.end == within.len() && within.len() < text.len()) {
            break;
        }
        (end, used) = (sentence.end, used + tokens);
    }
    if end > 0 || room == 0 {
        return (&text[..end], used);
    }
    // Not one sentence fits: then words of the first.
    let mut words = within;
    while !words.is_empty() && count(words) > room {
        let half = &words[..words.floor_char_boundary(words.len() * 3 / 4)];
        words = half.rfind(char::is_whitespace).map_or("", |space| &half[..space]);
    }
    (words, count(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn request(questions: &[(&str, usize, usize)], criteria: &[Option<&str>]) -> Request {
        let questions: Vec<_> =
            questions.iter().map(|(id, start, end)| json!({"id": id, "start": start, "end": end})).collect();
        let criteria: Vec<_> = criteria
            .iter()
            .enumerate()
            .map(|(id, question)| json!({"id": id.to_string(), "question": question, "title": "", "max_mark": 1}))
            .collect();
        let text = "First answer. Second answer. Third.";
        Request::read(json!({"text": text, "questions": questions, "criteria": criteria})).expect("a request")
    }

    #[test]
    fn the_parts_that_criteria_are_about() {
        let questions = [("2", 14, 28), ("1", 0, 13), ("1(a)", 6, 13), ("3", 29, 35)];
        for (criteria, expected) in [
            (&[Some("1"), Some("2"), Some("1")][..], &["First answer.", "Second answer."][..]),
            (&[Some("3")], &["Third."]),
            (&[Some("1"), Some("1(a)")], &["First answer."]),
            (&[Some("1"), Some("9")], &["First answer. Second answer. Third."]),
            (&[Some("1"), None], &["First answer. Second answer. Third."]),
        ] {
            let request = request(&questions, criteria);
            let texts: Vec<&str> = sections(&request).iter().map(|section| section.text).collect();
            assert_eq!(texts, expected, "{criteria:?}");
        }
    }

    #[test]
    fn whole_sentences_and_equal_shares() {
        let section = |text: &'static str| Section { question: None, text };
        let long = section("One two three. Four five six. Seven eight nine. Ten.");
        let short = section("Just this.");
        for (room, expected, truncated) in [
            (100, [long.text, short.text], false),
            (12, [long.text, short.text], false),
            (11, ["One two three. Four five six. Seven eight nine.", short.text], true),
            (6, ["One two three.", short.text], true),
            (4, ["One two", short.text], true),
            (0, ["", ""], true),
        ] {
            let (fitted, cut) = fit(&[long, short], room, words);
            assert_eq!(
                (fitted.iter().map(|section| section.text).collect::<Vec<_>>().as_slice(), cut),
                (&expected[..], truncated),
                "{room}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_begins_the_text_and_fits(texts in proptest::collection::vec("[a-z .é\n]{0,80}", 1..4), room in 0_usize..40) {
            let sections: Vec<Section<'_>> = texts.iter().map(|text| Section { question: None, text }).collect();
            let (fitted, truncated) = fit(&sections, room, words);
            let used: usize = fitted.iter().map(|section| words(section.text)).sum();
            prop_assert!(used <= room);
            for (kept, whole) in fitted.iter().zip(&sections) {
                prop_assert!(whole.text.starts_with(kept.text));
                prop_assert!(truncated || kept.text.len() >= whole.text.trim_end().len());
            }
        }
    }
}
