//! A marked work for suggestions to be made on, and suggestions that pass.

use std::sync::LazyLock;

use awap_core::feedback::Feedback;
use awap_core::feedback::ai::AiProvenance;
use awap_core::tma::ParsedTma;
use awap_core::{Deadline, Engine};
use serde_json::{Value, json};

use crate::marking::Work;

pub(crate) const PSEUDONYM: &str = "stu_0123456789abcdef0123456789abcdef";

const SEARCH: &str = "A linear search looks at each item in turn until it finds the one that it wants or the list ends. \
    I think of it as walking along a shelf of books and reading every title. \
    A binary search opens the shelf at the middle item, compares it with the title and goes left or right. \
    A binary search works on any list, because the computer remembers where it has been.\n\n\
    For a list of a million names I would choose the second, because my phone book falls open in the middle.";
const CODE: &str = "def average_reading(readings):\n    return sum(readings) / len(readings)";
const FACTORS: &str = "Two-factor authentication asks for something you know, such as a password, and something you have, such as a phone. \
    My bank sends a code to my phone each time, and I type it in below the password. \
    A stolen password alone is not enough, since the thief does not have the phone on which the code appears.";
const LIBRARY: &str = "The library should think hard before it films anyone at its door. \
    A face is biometric data, and the law asks for explicit consent before it may be used (Farrow, 2019). \
    Some readers will stay away because they do not want to be watched while they choose a book.\n\n\
    In conclusion, I would keep the cards, because they do the same work and harm nobody.";

/// A work with strong and weak places, anonymized.
pub(crate) fn work() -> Work {
    let mut work = Work::new("tm112-25j-tma02.json")
        .answer("1(a)", SEARCH)
        .code("1(b)", "My function adds up the readings and shares them out.", CODE)
        .answer("2(a)", FACTORS)
        .answer("2(b)", LIBRARY);
    anonymized(&mut work);
    work
}

pub(crate) fn anonymized(work: &mut Work) {
    let fields = json!({
        "tma_id": "t-1", "student_id": PSEUDONYM,
        "anonymization": {"pseudonym": PSEUDONYM, "pseudonym_scope": "key", "replacements": [], "counts": {}, "citations_kept": 1},
    });
    work.carried.extend(fields.as_object().unwrap().clone());
}

/// The work above, marked.
pub(crate) static CASE: LazyLock<Case> = LazyLock::new(|| Case::of(&work()));

/// Criterion, kind, text and quotation of comments on the work above that pass, in the rubric's order.
pub(crate) const GOOD: [[&str; 4]; 8] = [
    [
        "q1a-search",
        "strength",
        "You bring the linear search to life with a shelf that the reader can picture.",
        "walking along a shelf of books",
    ],
    [
        "q1a-search",
        "improvement",
        "Say what you would do first if the books on your shelf stood in no order.",
        "opens the shelf at the middle item",
    ],
    [
        "q1b-code",
        "strength",
        "Your function comes straight to the point, and its name tells the reader what it does.",
        "return sum(readings) / len(readings)",
    ],
    [
        "q1b-explain",
        "improvement",
        "Follow one reading through your function, so that a reader sees each line at work.",
        "adds up the readings and shares them out",
    ],
    [
        "q2a-factors",
        "strength",
        "Your bank makes the idea concrete, and it is something that most readers have met.",
        "My bank sends a code to my phone",
    ],
    [
        "q2a-factors",
        "improvement",
        "What could you do if a thief took your phone as well as your password?",
        "the thief does not have the phone",
    ],
    [
        "q2b-issues",
        "strength",
        "You think of those readers who would quietly stay at home, which is easily missed.",
        "Some readers will stay away",
    ],
    [
        "q2b-issues",
        "improvement",
        "Give a reason for this, and say who might see it in another way.",
        "the law asks for explicit consent",
    ],
];

/// The comments that pass, as a model would send them.
pub(crate) fn good() -> Vec<Value> {
    GOOD.iter().map(|[criterion, kind, text, quote]| comment(criterion, kind, text, quote)).collect()
}

/// A work with the engine's own feedback on it.
pub(crate) struct Case {
    pub(crate) engine: Engine,
    pub(crate) tma: ParsedTma,
    pub(crate) own: Feedback,
}

impl Case {
    pub(crate) fn of(work: &Work) -> Self {
        let engine = Engine::new().unwrap();
        let tma = work.parsed();
        let own = engine.mark(&tma, &Deadline::never()).unwrap();
        Self { engine, tma, own }
    }

    pub(crate) fn merge(&self, suggestions: &Value) -> Feedback {
        self.merge_into(self.own.clone(), suggestions)
    }

    pub(crate) fn merge_into(&self, feedback: Feedback, suggestions: &Value) -> Feedback {
        let ai = AiProvenance { model_id: Some("tiny".to_owned()), ..AiProvenance::default() };
        self.engine.merge_suggestions(&self.tma, feedback, suggestions, &ai, &Deadline::never()).unwrap()
    }

    /// Merges one comment.
    pub(crate) fn one(&self, criterion: &str, kind: &str, text: &str, quote: &str) -> Feedback {
        self.merge(&json!({"comments": [comment(criterion, kind, text, quote)]}))
    }
}

pub(crate) fn comment(criterion: &str, kind: &str, text: &str, quote: &str) -> Value {
    json!({"criterion": criterion, "kind": kind, "text": text, "quote": quote})
}

pub(crate) fn accepted(feedback: &Feedback) -> u64 {
    feedback.marking_criteria.provenance.ai.as_ref().unwrap()["accepted_claims"].as_u64().unwrap()
}

/// The reasons for which something was rejected, with their counts.
pub(crate) fn rejected(feedback: &Feedback) -> Value {
    feedback.marking_criteria.provenance.ai.as_ref().unwrap()["rejected"].clone()
}

/// The reviews that the merge added, by reason.
pub(crate) fn reviews(feedback: &Feedback) -> Vec<&str> {
    let of_ai = feedback
        .marking_criteria
        .needs_review
        .iter()
        .filter(|r| r.detail.as_ref().is_some_and(|d| d["source"] == "ai"));
    of_ai.map(|r| r.reason.as_str()).collect()
}
