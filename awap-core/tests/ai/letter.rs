//! Where comments stand in the student's text: in their section, within its words and its tone.

use awap_core::feedback::Feedback;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::case::{CASE, Case, GOOD, accepted, anonymized, comment, good, rejected, work};
use crate::marking::Work;

/// The comments of a model that stand in the letter.
fn in_letter(merged: &Feedback) -> Vec<&str> {
    let mut found = Vec::new();
    for (list, name) in [(&merged.strengths, "strengths"), (&merged.improvements, "improvements")] {
        let claims = merged.marking_criteria.extra["claims"][name].as_array().unwrap();
        assert_eq!(claims.len(), list.len());
        found.extend(list.iter().zip(claims).filter(|(_, c)| c["in_text"] == true).map(|(s, _)| s.as_str()));
    }
    found
}

/// The letter of `merged` without the comments of the model.
fn without(merged: &Feedback) -> String {
    in_letter(merged).into_iter().fold(merged.feedback_text.clone(), |text, comment| {
        assert_eq!(text.matches(comment).count(), 1, "{comment}");
        let at = text.find(comment).unwrap();
        let (before, after) = (&text[..at], &text[at + comment.len()..]);
        // A comment comes with one blank: after it at the beginning of a section, before it elsewhere.
        match (before.strip_suffix(' '), after.strip_prefix(' ')) {
            (Some(before), _) => format!("{before}{after}"),
            (None, Some(after)) => format!("{before}{after}"),
            (None, None) => format!("{before}{after}"),
        }
    })
}

fn off_by(tone: &Value) -> f64 {
    let share = |kind: &str, letter: &str| tone[kind][letter].as_f64().unwrap();
    ["A", "B", "C", "D"].iter().map(|l| (share("actual", l) - share("ideal", l)).abs()).fold(0.0, f64::max)
}

fn section<'a>(letter: &'a str, heading: &str) -> &'a str {
    letter.split("\n\n").find(|p| p.starts_with(heading)).unwrap_or_default()
}

#[test]
fn praise_begins_a_section_and_advice_ends_it() {
    let mut roomy = work();
    roomy.set("/tone/max_words", json!(700));
    let case = Case::of(&roomy);
    let merged = case.merge(&json!({"comments": good()}));
    let placed = in_letter(&merged);
    let praise = |text: &&str| GOOD.iter().any(|g| g[1] == "strength" && g[2] == *text);
    assert!(placed.len() >= 4 && placed.iter().any(praise) && !placed.iter().all(praise), "{placed:?}");
    for [criterion, kind, text, _] in GOOD.iter().filter(|g| placed.contains(&g[2])) {
        let of = merged.marking_criteria.criteria.iter().find(|c| c.id == *criterion).unwrap();
        let section = section(&merged.feedback_text, &format!("**Question {}**", of.question));
        let (heading, body) = section.split_once('\n').unwrap();
        assert!(
            heading.ends_with(" out of 20)") || heading.ends_with("25)") || heading.ends_with("35)"),
            "{heading}"
        );
        if *kind == "strength" {
            assert!(body.starts_with(text), "{section}");
        } else {
            assert!(body.contains(text) && !body.starts_with(text), "{section}");
        }
    }
    assert_eq!(without(&merged), case.own.feedback_text);
}

#[test]
fn where_there_is_no_room_the_letter_stays_as_it_is() {
    let mut short = work();
    let words = CASE.own.feedback_text.split_whitespace().count();
    short.set("/tone/max_words", json!(words + 4));
    let case = Case::of(&short);
    let merged = case.merge(&json!({"comments": good()}));
    assert_eq!(accepted(&merged), GOOD.len() as u64);
    assert_eq!(merged.feedback_text, case.own.feedback_text);
    assert_eq!(merged.marking_criteria.tone, case.own.marking_criteria.tone);
    assert_eq!(in_letter(&merged), Vec::<&str>::new());
    assert_eq!(merged.strengths.len(), case.own.strengths.len() + 4);
}

#[test]
fn a_letter_too_short_for_sections_stays_as_it_is() {
    let mut tiny = work();
    tiny.set("/tone/max_words", json!(60));
    let case = Case::of(&tiny);
    let merged = case.merge(&json!({"comments": good()}));
    assert!(merged.feedback_text.split_whitespace().count() <= 60);
    assert_eq!(without(&merged), case.own.feedback_text);
}

#[test]
fn a_section_is_opened_where_the_engine_has_nothing_to_say() {
    let mut quiet = work();
    // Few words for a letter: most sections stay empty; then room for what is added.
    quiet.set("/tone/max_words", json!(150));
    quiet.set("/tone/profile", json!("none"));
    let case = Case::of(&quiet);
    let mut tma = case.tma.clone();
    tma.rubric.as_mut().unwrap()["tone"]["max_words"] = json!(500);
    let roomy = Case { engine: awap_core::Engine::new().unwrap(), own: case.own.clone(), tma };
    let sha = Case::of(&{
        let mut work = quiet.clone();
        work.set("/tone/max_words", json!(500));
        work
    });
    let mut own = roomy.own.clone();
    own.marking_criteria.provenance.rubric_sha256 = sha.own.marking_criteria.provenance.rubric_sha256.clone();
    let before: Vec<&str> = own.feedback_text.lines().filter(|l| l.starts_with("**Question")).collect();
    let merged = roomy.merge_into(own.clone(), &json!({"comments": good()}));
    let after: Vec<&str> = merged.feedback_text.lines().filter(|l| l.starts_with("**Question")).collect();
    assert!(before.len() < after.len(), "{before:?} {after:?}");
    assert_eq!(
        after,
        [
            "**Question 1(a)** (10 out of 20)",
            "**Question 1(b)** (11 out of 25)",
            "**Question 2(a)** (13 out of 20)",
            "**Question 2(b)** (11.5 out of 35)"
        ]
    );
    assert_eq!(in_letter(&merged).len(), GOOD.len());
    assert!(merged.feedback_text.split("\n\n").last().unwrap().starts_with("**To carry forward**\n"));
}

#[test]
fn with_one_question_the_sections_are_the_criteria() {
    let mut work = Work::new("k102-25j-tma01.json").answer(
        "1",
        "Person-centred care puts the choices and preferences of Grace first, and her routines matter to her. \
         She likes to have her tea before she washes, and that is for her to say.\n\n\
         Her carers should listen and give her time, because aphasia affects her speech.",
    );
    anonymized(&mut work);
    let case = Case::of(&work);
    let id = case.own.marking_criteria.criteria[0].id.clone();
    let text = "Say who decides this when Grace is too tired to choose.";
    let merged = case.one(&id, "improvement", text, "have her tea before she washes");
    assert_eq!(rejected(&merged), json!({}));
    if in_letter(&merged) == [text] {
        assert!(section(&merged.feedback_text, "**Person-centred care**").ends_with(text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is added, what stood there stands there, the words and the tone are kept, and what is left out of the
    /// letter is in the lists.
    #[test]
    fn words_and_tone_are_kept(chosen in prop::collection::vec(any::<bool>(), 8), extra in 0usize..160, keeps_tone in any::<bool>()) {
        let mut bounded = work();
        let words = CASE.own.feedback_text.split_whitespace().count();
        bounded.set("/tone/max_words", json!(words + extra));
        bounded.set("/tone/profile", json!(if keeps_tone { "openmentor" } else { "none" }));
        let case = Case::of(&bounded);
        let comments: Vec<_> = good().into_iter().zip(&chosen).filter(|(_, c)| **c).map(|(g, _)| g).collect();
        let merged = case.merge(&json!({"comments": comments}));
        prop_assert_eq!(accepted(&merged), comments.len() as u64);
        prop_assert!(merged.feedback_text.split_whitespace().count() <= words + extra);
        prop_assert_eq!(without(&merged), case.own.feedback_text.clone());
        let (before, after) = (case.own.marking_criteria.tone.as_ref().unwrap(), merged.marking_criteria.tone.as_ref().unwrap());
        if keeps_tone {
            prop_assert!(off_by(after) <= 10.0 + 1e-6 || off_by(after) <= off_by(before) + 1e-6, "{before} {after}");
        }
        // A comment is one sentence here.
        let added = after["sentences"].as_u64().unwrap() - before["sentences"].as_u64().unwrap();
        prop_assert_eq!(added as usize, in_letter(&merged).len());
    }

    /// Comments of several sentences count as such.
    #[test]
    fn sentences_are_counted(n in 1usize..4) {
        let text = ["You think of those readers who stay at home.", "Your reader sees them.", "It is easily missed."][..n].join(" ");
        let merged = CASE.merge(&json!({"comments": [comment("q2b-issues", "strength", &text, GOOD[6][3])]}));
        if !in_letter(&merged).is_empty() {
            let sentences = |f: &Feedback| f.marking_criteria.tone.as_ref().unwrap()["sentences"].as_u64().unwrap();
            prop_assert_eq!(sentences(&merged), sentences(&CASE.own) + n as u64);
        }
    }
}
