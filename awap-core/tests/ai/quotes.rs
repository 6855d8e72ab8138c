//! Rules on quotations.

use proptest::prelude::*;
use serde_json::json;

use super::case::{CASE, Case, accepted, anonymized, rejected, reviews, work};
use crate::marking::Work;

const TEXT: &str = "Say what follows from this, and for whom it matters.";

/// The answer to a question, as a span.
fn answer(case: &Case, id: &str) -> (usize, usize) {
    let question = case.tma.questions.iter().find(|q| q.id == id).unwrap();
    (question.start, question.end)
}

#[test]
fn the_first_place_in_the_answer_counts() {
    let words = "Some readers will stay away";
    let mut twice = Work::new("tm112-25j-tma02.json")
        .answer("1(a)", &format!("{words} from a long list. A linear search checks each item in turn."))
        .answer(
            "2(b)",
            &format!(
                "We will see. {words} at first, I think.\n\nAs I said: {words} because they are watched."
            ),
        );
    anonymized(&mut twice);
    let case = Case::of(&twice);
    let merged = case.one("q2b-issues", "improvement", TEXT, words);
    let suggestion =
        &merged.marking_criteria.criteria.iter().find(|c| c.id == "q2b-issues").unwrap().suggestions[0];
    let (start, _) = answer(&case, "2(b)");
    assert_eq!(suggestion.start, start + "We will see. ".len());
}

#[test]
fn typography_may_differ_and_the_students_own_takes_its_place() {
    let mut typeset = Work::new("tm112-25j-tma02.json")
        .answer("2(b)", "The library’s plan – “faces at the door” –\nwould keep some people away.");
    anonymized(&mut typeset);
    let case = Case::of(&typeset);
    for quote in [
        "The library's plan - \"faces at the door\" - would keep".to_owned(),
        "“The library’s plan – “faces at the door” – would keep”".to_owned(),
        "  The library's  plan – \"faces at the door\" — would keep ".to_owned(),
    ] {
        let merged = case.one("q2b-issues", "improvement", TEXT, &quote);
        let of = merged.marking_criteria.criteria.iter().find(|c| c.id == "q2b-issues").unwrap();
        assert_eq!(of.suggestions.len(), 1, "{quote}: {}", rejected(&merged));
        let suggestion = &of.suggestions[0];
        assert_eq!(suggestion.quote, "The library’s plan – “faces at the door” –\nwould keep");
        assert_eq!(case.tma.text.get(suggestion.start..suggestion.end), Some(suggestion.quote.as_str()));
    }
    for quote in [
        "the library's plan - \"faces".to_owned(),
        "THE LIBRARY’S PLAN".to_owned(),
        "The librarys plan".to_owned(),
    ] {
        let merged = case.one("q2b-issues", "improvement", TEXT, &quote);
        assert_eq!(rejected(&merged), json!({"unverified_quote": 1}), "{quote}");
    }
}

#[test]
fn what_stands_elsewhere_is_out_of_place() {
    let mut whole = work();
    let question =
        "A town library proposes to replace its membership cards by facial recognition at the door.";
    whole.block("heading", Some("prompt"), question);
    whole.block(
        "paragraph",
        Some("reference_list"),
        "Farrow, L. (2019) Computing and Society: A Short Guide. Leeds: Millrace Press.",
    );
    whole.block("paragraph", Some("cover"), "Word count of this assignment: 312 words");
    let case = Case::of(&whole);
    for (quote, reason) in [
        // The answer to another question.
        ("walking along a shelf of books", "quote_out_of_place"),
        // The question restated, the reference list, the cover sheet.
        ("proposes to replace its membership cards", "quote_out_of_place"),
        ("Computing and Society: A Short Guide", "quote_out_of_place"),
        ("Word count of this assignment", "quote_out_of_place"),
        // Nowhere.
        ("facial recognition is unfair to women", "unverified_quote"),
        // Across two paragraphs.
        ("while they choose a book. In conclusion", "unverified_quote"),
        // Inside a word.
        ("ome readers will stay away", "quote_out_of_place"),
    ] {
        let merged = case.one("q2b-issues", "improvement", TEXT, quote);
        assert_eq!(rejected(&merged), json!({reason: 1}), "{quote}");
        assert_eq!(reviews(&merged), ["ai_unverified_quote"], "{quote}");
    }
}

#[test]
fn a_copy_of_the_question_is_not_the_students_own_nor_is_padding_to_be_praised() {
    let prompt =
        "Discuss the main ethical and legal issues that the librarians should weigh, and reach a conclusion.";
    let list = "consent bias storage biometric data protection proportionate outweigh fairness privacy.";
    let own = "A face is biometric data, and the law asks for consent before it may be used.";
    let mut padded =
        Work::new("tm112-25j-tma02.json").answer("2(b)", &format!("{prompt} {own} I wrote this. {list}"));
    anonymized(&mut padded);
    let case = Case::of(&padded);
    let praise = "You put into one sentence what others need a page for.";
    for (kind, text, quote, passes) in [
        ("improvement", TEXT, "issues that the librarians should weigh", false),
        ("improvement", TEXT, "consent bias storage biometric data", true),
        ("strength", praise, "consent bias storage biometric data", false),
        ("strength", praise, "the law asks for consent", true),
    ] {
        let merged = case.one("q2b-issues", kind, text, quote);
        let expected = if passes { json!({}) } else { json!({"quote_out_of_place": 1}) };
        assert_eq!(rejected(&merged), expected, "{kind} {quote}");
    }
}

#[test]
fn what_a_comment_quotes_must_be_there_too() {
    let quote = "the law asks for explicit consent";
    for (text, passes) in [
        ("Say what you mean by “explicit consent before it may be used”.", true),
        ("Say what you mean by “Explicit consent, freely given”.", false),
        ("Say what you mean by 'consent that nobody has given'.", false),
        ("Say what you mean by “consent”, and who gives it.", true),
    ] {
        let merged = CASE.one("q2b-issues", "improvement", text, quote);
        let expected = if passes { json!({}) } else { json!({"unverified_quote": 1}) };
        assert_eq!(rejected(&merged), expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any stretch of the work as a quotation: it passes only where it stands as whole words in the right answer.
    #[test]
    fn any_stretch_of_the_text(from in 0.0f64..1.0, length in 1usize..250, criterion in 0usize..5) {
        let (id, question) =
            [("q1a-search", "1(a)"), ("q1b-code", "1(b)"), ("q2a-factors", "2(a)"), ("q2b-issues", "2(b)"), ("q2b-length", "2(b)")][criterion];
        let text = &CASE.tma.text;
        let floor = |mut at: usize| { while !text.is_char_boundary(at) { at -= 1; } at };
        let from = floor((from * text.len() as f64) as usize);
        let quote = &text[from..floor((from + length).min(text.len()))];
        let merged = CASE.one(id, "improvement", TEXT, quote);
        let of = merged.marking_criteria.criteria.iter().find(|c| c.id == id).unwrap();
        if let Some(suggestion) = of.suggestions.first() {
            prop_assert_eq!(text.get(suggestion.start..suggestion.end), Some(suggestion.quote.as_str()));
            let (start, end) = answer(&CASE, question);
            prop_assert!(start <= suggestion.start && suggestion.end <= end);
            let whole = |at: usize| {
                let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                !(joins(text[..at].chars().next_back()) && joins(text[at..].chars().next()))
            };
            prop_assert!(whole(suggestion.start) && whole(suggestion.end));
            prop_assert!(!suggestion.quote.contains("\n\n"));
        } else {
            prop_assert_eq!(accepted(&merged), 0);
            let reasons = rejected(&merged);
            let known = ["quote_length", "unverified_quote", "quote_out_of_place"];
            prop_assert!(reasons.as_object().unwrap().keys().all(|k| known.contains(&k.as_str())), "{quote}: {reasons}");
        }
    }

    /// Any quotation that the work does not hold is dropped, counted, and shown to a person once.
    #[test]
    fn any_quotation_that_is_not_there(words in prop::collection::vec("[a-z]{4,9}q", 3..20), times in 1usize..6) {
        let quote = words.join(" ");
        let comments: Vec<_> = (0..times).map(|_| super::case::comment("q2b-issues", "improvement", TEXT, &quote)).collect();
        let merged = CASE.merge(&json!({"comments": comments}));
        prop_assert_eq!(rejected(&merged), json!({"unverified_quote": times}).clone());
        prop_assert_eq!(reviews(&merged), ["ai_unverified_quote"]);
        let review = merged.marking_criteria.needs_review.last().unwrap();
        prop_assert_eq!(&review.detail.as_ref().unwrap()["count"], &json!(times));
        prop_assert!(!serde_json::to_string(&merged).unwrap().contains(&words[0]));
    }

    /// A quotation of too many or too few words points nowhere.
    #[test]
    fn quotations_have_a_length(words in 0usize..90) {
        let text = CASE.tma.text.split_whitespace().take(words).collect::<Vec<_>>().join(" ");
        let merged = CASE.one("q1a-search", "improvement", TEXT, &text);
        let too_long = !(3..=60).contains(&words) || text.len() > 600;
        prop_assert_eq!(rejected(&merged).get("quote_length").is_some(), too_long);
    }
}
