//! What a model offered, read from JSON that nothing is known of.

use serde_json::Value;

use super::reason::{Reason, Tally};

/// Comments, and scores, that are looked at; what comes after them is counted and left alone.
const MOST_READ: usize = 64;

/// Which way a comment points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Strength,
    Improvement,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Strength => "strength",
            Self::Improvement => "improvement",
        }
    }
}

/// A comment with the place it is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comment<'a> {
    pub(super) criterion: &'a str,
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) quote: &'a str,
}

/// A score that the model would have given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score<'a> {
    pub(super) criterion: &'a str,
    pub(super) score: f64,
}

/// All that could be read.
#[derive(Debug, Default)]
pub(super) struct Offers<'a> {
    pub(super) comments: Vec<Comment<'a>>,
    pub(super) scores: Vec<Score<'a>>,
}

/// Reads `{"comments": […], "scores": […]}`; whatever has another form is counted as [`Reason::Malformed`].
///
/// Costs no more than the items that are looked at: no text is read here, and nothing is walked.
pub(super) fn read<'a>(suggestions: &'a Value, tally: &mut Tally) -> Offers<'a> {
    let map = match suggestions {
        Value::Null => return Offers::default(),
        Value::Object(map) => map,
        _ => {
            tally.add(Reason::Malformed);
            return Offers::default();
        }
    };
    Offers {
        comments: items(map.get("comments"), comment, tally),
        scores: items(map.get("scores"), score, tally),
    }
}

fn items<'a, T>(list: Option<&'a Value>, read: impl Fn(&'a Value) -> Option<T>, tally: &mut Tally) -> Vec<T> {
    let list = match list {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => {
            tally.add(Reason::Malformed);
            return Vec::new();
        }
    };
    let (looked_at, rest) = list.split_at(list.len().min(MOST_READ));
    tally.add_many(Reason::TooMany, rest.len());
    let read: Vec<T> = looked_at.iter().filter_map(read).collect();
    tally.add_many(Reason::Malformed, looked_at.len() - read.len());
    read
}

fn comment(item: &Value) -> Option<Comment<'_>> {
    let text = |field: &str| item.get(field)?.as_str();
    let kind = match text("kind")? {
        "strength" => Kind::Strength,
        "improvement" => Kind::Improvement,
        _ => return None,
    };
    Some(Comment { criterion: text("criterion")?, kind, text: text("text")?, quote: text("quote")? })
}

fn score(item: &Value) -> Option<Score<'_>> {
    Some(Score { criterion: item.get("criterion")?.as_str()?, score: item.get("score")?.as_f64()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_another_form_is_counted_and_left_alone() {
        let good = json!({"criterion": "c", "kind": "strength", "text": "t", "quote": "q", "more": [1]});
        let many = vec![json!({"criterion": "c", "score": 1}); MOST_READ + 5];
        for (suggestions, comments, scores, malformed, too_many) in [
            (json!(null), 0, 0, 0, 0),
            (json!({}), 0, 0, 0, 0),
            (json!("full marks"), 0, 0, 1, 0),
            (json!([good]), 0, 0, 1, 0),
            (json!({"comments": {"0": good}, "scores": "x"}), 0, 0, 2, 0),
            (json!({"comments": null, "scores": null, "grade": 100}), 0, 0, 0, 0),
            (json!({"comments": [good, null, [], {"criterion": "c"}]}), 1, 0, 3, 0),
            (
                json!({"comments": [{"criterion": 1, "kind": "strength", "text": "t", "quote": "q"}]}),
                0,
                0,
                1,
                0,
            ),
            (
                json!({"comments": [{"criterion": "c", "kind": "praise", "text": "t", "quote": "q"}]}),
                0,
                0,
                1,
                0,
            ),
            (
                json!({"scores": [{"criterion": "c", "score": "9"}, {"criterion": "c", "score": null}]}),
                0,
                0,
                2,
                0,
            ),
            (json!({"scores": many}), 0, MOST_READ, 0, 5),
        ] {
            let mut tally = Tally::default();
            let offers = read(&suggestions, &mut tally);
            assert_eq!((offers.comments.len(), offers.scores.len()), (comments, scores), "{suggestions}");
            let counted = (tally.of(&[Reason::Malformed]), tally.of(&[Reason::TooMany]));
            assert_eq!(counted, (malformed, too_many), "{suggestions}");
        }
    }
}
