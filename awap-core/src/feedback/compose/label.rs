//! The rubric's words for a point, fitted into a sentence.

use crate::feedback::lexis;
use crate::text;

/// How a label can stand in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `the list must be sorted`: after “that”.
    Clause,
    /// `how long the images are kept`: after “about” or “explain”.
    Question,
    /// `the unwritten rules of the street`: a noun phrase.
    Noun,
}

/// What a label is, and the label ready for the middle of a sentence.
pub(super) fn shape(label: &str) -> (Shape, String) {
    let label = label.trim().trim_end_matches(['.', ';']);
    let first = label.split_whitespace().next().unwrap_or_default();
    let lower = first.to_lowercase();
    let inner = if first.chars().skip(1).all(char::is_lowercase) && lexis::is_function(&lower) && lower != "i"
    {
        format!("{lower}{}", label.get(first.len()..).unwrap_or_default())
    } else {
        label.to_owned()
    };
    if matches!(lower.as_str(), "how" | "why" | "what" | "when" | "where" | "who" | "whether" | "which") {
        return (Shape::Question, inner);
    }
    (if has_finite_verb(label) { Shape::Clause } else { Shape::Noun }, inner)
}

/// Whether the main clause has a verb of its own, before any comma or relative clause.
fn has_finite_verb(label: &str) -> bool {
    let main = label.split([',', ';', ':', '(']).next().unwrap_or_default();
    let mut last = String::new();
    for (i, token) in text::tokens(main).enumerate() {
        let word = token.of(main).to_lowercase();
        if matches!(word.as_str(), "that" | "which" | "who" | "whose" | "how" | "why") {
            return false;
        }
        let auxiliary = matches!(
            word.as_str(),
            "is" | "are"
                | "was"
                | "were"
                | "must"
                | "can"
                | "cannot"
                | "has"
                | "have"
                | "should"
                | "will"
                | "may"
                | "might"
                | "do"
                | "does"
        );
        let third_person = word.ends_with('s') && lexis::is_verb(&word) && !lexis::is_determiner(&last);
        let plural_before = last.ends_with('s') && !lexis::is_function(&last) && !lexis::is_verb(&last);
        let base = plural_before && !word.ends_with("ing") && !word.ends_with("ed") && lexis::is_verb(&word);
        if i > 0 && (auxiliary || third_person || base) {
            return true;
        }
        last = word;
    }
    false
}

/// A label as a thing, whatever its shape: what `{concept}` in a tutor's comment stands for.
pub(super) fn as_thing(label: &str) -> String {
    match shape(label) {
        (Shape::Clause, inner) => format!("the point that {inner}"),
        (Shape::Question, inner) => format!("the question of {inner}"),
        (Shape::Noun, inner) => inner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_clauses_questions_or_noun_phrases() {
        for (label, want) in [
            ("the list must be sorted before a binary search can be used", Shape::Clause),
            ("a linear search checks each item in turn", Shape::Clause),
            ("phishing tricks someone into giving a password away", Shape::Clause),
            ("for a million items a binary search needs about twenty comparisons", Shape::Clause),
            ("how long the images are kept", Shape::Question),
            ("whether the gain is proportionate", Shape::Question),
            ("Goffman's account of the interaction order, performance and face", Shape::Noun),
            ("the unwritten rules of the street, with an example such as queueing", Shape::Noun),
            ("a test for the empty list that returns None", Shape::Noun),
            ("one limitation, such as a code that is phished as well", Shape::Noun),
            ("Photosynthesis", Shape::Noun),
            ("preferences and routines come first", Shape::Clause),
            ("family carers share information", Shape::Clause),
            ("practical care tasks such as washing", Shape::Noun),
            ("gestures used with care", Shape::Noun),
        ] {
            assert_eq!(shape(label).0, want, "{label}");
        }
        assert_eq!(shape("The list must be sorted.").1, "the list must be sorted");
        assert_eq!(shape("Goffman's account").1, "Goffman's account");
    }
}
