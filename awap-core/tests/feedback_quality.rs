//! Five answers of clearly different quality to a question each come out in order, and each in its band of the marks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod marking;

use std::path::Path;

use awap_core::feedback::Feedback;
use awap_core::{Deadline, Engine, Limits, Submission};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use marking::{Work, mark, rubric};
use serde_json::json;

/// The least and the most that an answer of each quality earns, in per cent of its question.
const BANDS: [(f64, f64); 5] = [(80.0, 100.0), (60.0, 90.0), (35.0, 70.0), (10.0, 45.0), (0.0, 20.0)];

/// The share of a question's marks, in per cent; what only a person may mark is left out.
fn share(feedback: &Feedback, question: &str) -> f64 {
    let own =
        || feedback.marking_criteria.criteria.iter().filter(|c| c.question == question && c.score.is_some());
    100.0 * own().filter_map(|c| c.score).sum::<f64>() / own().map(|c| c.max_mark).sum::<f64>()
}

fn in_order(question: &str, answers: [Work; 5]) {
    shares_in_order(question, answers.map(|work| share(&mark(&work), question)));
}

fn shares_in_order(question: &str, shares: [f64; 5]) {
    assert!(shares.is_sorted_by(|better, worse| better > worse), "{question}: {shares:?}");
    for (share, (least, most)) in shares.iter().zip(BANDS) {
        assert!((least..=most).contains(share), "{question}: {shares:?}");
    }
}

fn prose(question: &str, answers: [&str; 5]) {
    in_order(question, answers.map(|text| Work::new("tm112-25j-tma02.json").answer(question, text)));
}

#[test]
fn two_searches() {
    prose(
        "1(a)",
        [
            "A linear search checks each item in turn, from the first to the last, until it meets the target or reaches the end of the list. \
         A binary search compares the target with the middle item. If they differ it discards the half of the list in which the target cannot be, and it goes on in the same way with the half that is left. \
         The list must be sorted before a binary search can be used, because only then does the middle item say which half to discard. \
         For a list of a million items I would choose the binary search, since it needs about twenty comparisons and the linear search may need a million.",
            "A linear search looks at each item in turn until the target is found or the list ends. \
         A binary search looks at the middle item first, and then it ignores the half of the list that cannot hold the target. \
         The list must be in order for this to work. \
         I would use the binary search for a long list, because it is quicker.",
            "A linear search goes through the list and checks every item until it finds the right one. \
         A binary search checks the middle of the list and then decides whether to go left or right. \
         You need to have the list sorted first. I think that the second one is better for a big list.",
            "A linear search looks at each item of the list until it finds the one that it is looking for. \
         A binary search is another way of searching, and it is a good deal faster than the first. \
         I would use it for a long list of names.",
            "Searching is something that computers do all the time. \
         There are several ways of searching, and some of them are better than others. I would choose the one that is best for the list.",
        ],
    );
}

#[test]
fn two_factors() {
    prose(
        "2(a)",
        [
            "Two-factor authentication asks for evidence of two different kinds: something you know, such as a password, and something you have, such as a phone to which a code is sent. \
         Phishing tricks people into typing their password on a fake website. \
         With the password alone the attacker cannot log in, because the code goes to the phone of the person who owns the account. \
         A limitation is that somebody who has lost their phone is locked out of the account.",
            "Two-factor authentication means that you prove who you are with something you know and something you have. \
         An example is a password together with a code sent to your phone. \
         If someone steals the password they still need the code to get in. \
         This makes an account a good deal safer than it was before.",
            "Two-factor authentication means that logging in takes two steps. \
         First you type a password, and then you get a text message with a number to type in. \
         If the password was stolen, the thief would still need the code from the message. \
         It can be annoying, since it takes longer to log in.",
            "Two-factor authentication is a way to keep an account safe. \
         You type your password and then a code sent to you. \
         It is used by banks and by shops, and most people know it from there.",
            "Online accounts should be kept safe, and there are many ways in which this can be done. \
         A good password is long and has several kinds of letters in it. You should change it often.",
        ],
    );
}

#[test]
fn code_with_its_tests() {
    const WHOLE: &str = "def average_reading(readings):\n    if len(readings) == 0:\n        return None\n    total = 0\n    for reading in readings:\n        total = total + reading\n    return total / len(readings)";
    const NO_CASE: &str = "def average_reading(readings):\n    total = 0\n    for reading in readings:\n        total = total + reading\n    return total / len(readings)";
    let answers = [
        (
            "The function adds each reading to a total and then divides the total by the number of readings. An empty list has its own case, because division by zero would be an error. \
          I tested it with average_reading([10, 20]), where I expected 15 and obtained 15.0. With average_reading([]) I expected None and the result was None.",
            WHOLE,
        ),
        (
            "The loop adds each reading to the total, and the total is divided by the number of readings at the end. \
          I tested it with the list [10, 20] and expected 15. The result that I obtained was 15.0.",
            WHOLE,
        ),
        (
            "The loop adds each reading to a running total. At the end the total is divided by how many there are, with len.",
            WHOLE,
        ),
        ("The function works out the mean of the list of temperatures that it is given.", NO_CASE),
        ("The function is a piece of code that can be used again and again.", "print(\"hello\")"),
    ];
    in_order("1(b)", answers.map(|(text, code)| Work::new("tm112-25j-tma02.json").code("1(b)", text, code)));
}

/// Whole answers of `tests/quality`, with their references, as a student hands them in: read, anonymized or not, and marked.
fn whole(name: &str, rubric_name: &str, question: &str) {
    let engine = Engine::new().unwrap();
    let shares = [1, 2, 3, 4, 5].map(|quality| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/quality/{name}-{quality}.md"));
        let attachment =
            json!({"filename": "answer.md", "data_base64": STANDARD.encode(std::fs::read(file).unwrap())});
        let tma = json!({"content": {"attachments": [attachment]}, "rubric": rubric(rubric_name)});
        let tma = Submission::from_value(tma, &Limits::default()).unwrap();
        let parsed = engine.parse(tma, &Deadline::never()).unwrap();
        share(&engine.mark(&parsed, &Deadline::never()).unwrap(), question)
    });
    shares_in_order(name, shares);
}

#[test]
fn a_discussion_with_sources() {
    whole("tm112-2b", "tm112-25j-tma02.json", "2(b)");
}

#[test]
fn an_essay_of_social_science() {
    whole("dd102", "dd102-25b-tma03.yaml", "1");
}

#[test]
fn an_essay_by_a_rubric_in_words() {
    whole("k102", "k102-25j-tma01.json", "1");
}
