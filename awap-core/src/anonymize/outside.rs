//! What other rooms ask: whether a TMA was anonymized, and whether a text names someone.

use serde_json::{Map, Value};

use super::{resolve, run, words};
use crate::text::Span;
use crate::{Deadline, Limits, Result};

/// Whether the fields that a TMA carries say that all identity was taken out of it: it bears its report and the
/// pseudonym of that report, no label was kept, and more than a report was asked for.
pub(crate) fn is_anonymized(carried: &Map<String, Value>) -> bool {
    let report = carried.get("anonymization");
    let says = |field: &str| report.and_then(|r| r.get(field));
    let pseudonym = says("pseudonym").and_then(Value::as_str);
    let kept = says("labels_kept").and_then(Value::as_array).is_some_and(|labels| !labels.is_empty());
    pseudonym.is_some_and(super::pseudonym::is_pseudonym)
        && carried.get("student_id").and_then(Value::as_str) == pseudonym
        && carried.get("student").is_none_or(Value::is_null)
        && !kept
        && says("report_only").is_none_or(|only| *only == Value::Bool(false))
}

/// Where the recognizers see identity in a text of which no student is known: what a model wrote, say.
pub(crate) fn identity_in(text: &str, limits: &Limits, deadline: &Deadline) -> Result<Vec<Span>> {
    run::identity_in(text, limits, deadline)
}

/// Placeholders that stand in a text (`[STUDENT]`, `[PERSON_2]`).
pub(crate) fn placeholders_in(text: &str) -> Vec<Span> {
    resolve::placeholders_in(text)
}

/// Whether a folded word starts sentences, headings or lines of a cover sheet and is no name.
pub(crate) fn is_not_a_name(word: &str) -> bool {
    words::is_not_a_name(word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::anonymize::Options;
    use crate::{Engine, Submission};

    fn carried(options: &Options) -> Map<String, Value> {
        let tma = json!({"student_id": "A1234567", "content": "My name is Ada Example.", "student": {"name": "Ada Example"}});
        let engine = Engine::new().unwrap();
        let tma = Submission::from_value(tma, engine.limits()).unwrap();
        let anonymized = engine.anonymize(tma, options, &Deadline::never()).unwrap();
        let Value::Object(fields) = serde_json::to_value(anonymized).unwrap() else { panic!("an object") };
        fields
    }

    #[test]
    fn only_what_holds_no_identity_counts_as_anonymized() {
        assert!(is_anonymized(&carried(&Options::default())));
        assert!(!is_anonymized(&carried(&Options { report_only: true, ..Options::default() })));
        assert!(!is_anonymized(&carried(&Options {
            keep: vec!["NAME_STUDENT".into()],
            ..Options::default()
        })));
        for (field, value) in [
            ("student_id", json!("A1234567")),
            ("anonymization", json!({"pseudonym": "A1234567"})),
            ("anonymization", Value::Null),
            ("student", json!({"name": "Ada Example"})),
        ] {
            let mut fields = carried(&Options::default());
            fields.insert(field.to_owned(), value);
            assert!(!is_anonymized(&fields), "{field}");
        }
        assert!(!is_anonymized(&Map::new()));
    }

    #[test]
    fn a_second_run_does_not_make_up_for_what_the_first_left() {
        for first in [
            Options { report_only: true, ..Options::default() },
            Options { keep: vec!["NAME_STUDENT".into()], ..Options::default() },
        ] {
            let engine = Engine::new().unwrap();
            let again = Submission::from_value(Value::Object(carried(&first)), engine.limits()).unwrap();
            let again = engine.anonymize(again, &Options::default(), &Deadline::never()).unwrap();
            let Value::Object(fields) = serde_json::to_value(again).unwrap() else { panic!("an object") };
            assert!(!is_anonymized(&fields), "{first:?}");
        }
    }

    #[test]
    fn identity_is_seen_without_knowing_the_student() {
        let found = |text: &str| -> Vec<String> {
            let spans = identity_in(text, &Limits::default(), &Deadline::never()).unwrap();
            spans.into_iter().map(|s| s.of(text).to_owned()).collect()
        };
        assert_eq!(
            found("Write to ada@example.org, or ring 07700 900142."),
            ["ada@example.org", "07700 900142"]
        );
        assert_eq!(found("Dear Ada Example, you explain this well."), Vec::<String>::new());
        assert_eq!(found("You explain how the list is halved."), Vec::<String>::new());
    }
}
