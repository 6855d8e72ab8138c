//! Review of feedback by people: edits, their history, two at once, on both databases.

mod support;

use support::{ask, completed, draft, refused, text};

on_each_database!(
    an_edit_is_kept_with_what_was_before,
    of_two_editors_the_second_is_told,
    an_unnamed_edit_takes_the_review_away,
    wrong_changes_are_refused_with_their_path,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use serde_json::{Value, json};

    use crate::support::Base;

    pub(super) async fn an_edit_is_kept_with_what_was_before(base: Base) {
        let store = base.store().await;
        let (tma_id, _) = completed(&store, 1).await;
        let before = ask(&store, "get_feedback", json!({"tma_id": tma_id})).await;
        let changes = json!({"grade": 64, "feedback_text": "Secretly reworded.", "strengths": ["Clear"]});
        let after = ask(
            &store,
            "update_feedback",
            json!({"tma_id": tma_id, "changes": changes, "reviewed_by": "tutor-7",
                "expected_updated_at": before["updated_at"], "actor": {"id": "key-1", "type": "api_key"}}),
        )
        .await;
        assert_eq!((&after["grade"], &after["feedback_text"]), (&json!(64.0), &json!("Secretly reworded.")));
        assert_eq!((&after["id"], &after["improvements"]), (&before["id"], &before["improvements"]));
        assert_eq!((&after["reviewed_by"], &after["reviewed_at"]), (&json!("tutor-7"), &after["updated_at"]));
        assert_eq!(ask(&store, "get_feedback", json!({"tma_id": tma_id})).await, after);

        let cleared = json!({"tma_id": tma_id, "changes": {"grade": null}, "reviewed_by": "tutor-8"});
        assert_eq!(ask(&store, "update_feedback", cleared.clone()).await["grade"], Value::Null);
        // The same again is a review, and not another edit.
        ask(&store, "update_feedback", cleared).await;
        let kept = ask(&store, "list_feedback_revisions", json!({"tma_id": tma_id})).await;
        let kept = kept["revisions"].as_array().unwrap();
        assert_eq!(kept.len(), 2);
        for (key, value) in draft().as_object().unwrap() {
            assert_eq!(&kept[0][key], value, "{key} of the draft");
        }
        assert_eq!((&kept[0]["revision"], &kept[0]["replaced_by"]), (&json!(1), &json!("key-1")));
        assert_eq!((&kept[1]["grade"], &kept[1]["reviewed_by"]), (&json!(64.0), &json!("tutor-7")));

        let page = ask(&store, "query_events", json!({"stream_id": format!("tma-{}", text(&tma_id))})).await;
        let events = page["events"].as_array().unwrap();
        let types: Vec<_> = events.iter().skip(3).map(|event| text(&event["type"])).collect();
        assert_eq!(
            types,
            [
                "feedback.edited",
                "feedback.reviewed",
                "feedback.edited",
                "feedback.reviewed",
                "feedback.reviewed"
            ]
        );
        assert_eq!(
            events[3]["data"]["fields"],
            json!(["grade", "feedback_text"]),
            "what did not change is not said"
        );
        assert!(!page.to_string().contains("reworded"), "no text of a person is in an event");
        let audit =
            ask(&store, "list_audit", json!({"resource_type": "feedback", "resource_id": after["id"]})).await;
        assert_eq!(audit["entries"].as_array().unwrap().len(), 3);
        assert!(!audit.to_string().contains("reworded"));
    }

    pub(super) async fn of_two_editors_the_second_is_told(base: Base) {
        let store = base.store().await;
        let (tma_id, _) = completed(&store, 1).await;
        let seen = ask(&store, "get_feedback", json!({"tma_id": tma_id})).await["updated_at"].take();
        let at_once: Vec<_> = (0..8)
            .map(|n| {
                let store = store.clone();
                let edit = json!({"tma_id": tma_id, "changes": {"grade": n}, "expected_updated_at": seen});
                tokio::spawn(async move { store.command("update_feedback", edit).await })
            })
            .collect();
        let mut saved = 0;
        for edit in at_once {
            match edit.await.unwrap() {
                Ok(_) => saved += 1,
                Err(error) => assert_eq!(error.code().as_str(), "conflict"),
            }
        }
        assert_eq!(saved, 1);
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM feedback_revisions").await, 1);
        // Without it the last one wins, and none is lost.
        for n in 10..15 {
            ask(&store, "update_feedback", json!({"tma_id": tma_id, "changes": {"grade": n}})).await;
        }
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM feedback_revisions").await, 6);
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
    }

    pub(super) async fn an_unnamed_edit_takes_the_review_away(base: Base) {
        let store = base.store().await;
        let (tma_id, _) = completed(&store, 1).await;
        ask(&store, "update_feedback", json!({"tma_id": tma_id, "reviewed_by": "tutor-7"})).await;
        let same = json!({"tma_id": tma_id, "changes": {"strengths": ["Clear"]}});
        assert_eq!(ask(&store, "update_feedback", same).await["reviewed_by"], "tutor-7", "nothing changed");
        let edit = json!({"tma_id": tma_id, "changes": {"strengths": []}});
        let edited = ask(&store, "update_feedback", edit).await;
        assert_eq!((&edited["reviewed_by"], &edited["reviewed_at"]), (&Value::Null, &Value::Null));
    }

    pub(super) async fn wrong_changes_are_refused_with_their_path(base: Base) {
        let store = base.store().await;
        let (tma_id, _) = completed(&store, 1).await;
        let before = ask(&store, "get_feedback", json!({"tma_id": tma_id})).await;
        for (changes, path) in [
            (json!({"grade": 100.5}), "changes.grade"),
            (json!({"grade": -1}), "changes.grade"),
            (json!({"grade": "A"}), "changes.grade"),
            (json!({"feedback_text": null}), "changes.feedback_text"),
            (json!({"strengths": null}), "changes.strengths"),
            (json!({"improvements": [1]}), "changes.improvements"),
            (json!({"marking_criteria": []}), "changes.marking_criteria"),
            (json!({"grades": 3}), "changes.grades"),
            (json!({}), "changes"),
        ] {
            let (code, at) =
                refused(&store, "update_feedback", json!({"tma_id": tma_id, "changes": changes})).await;
            assert_eq!((code.as_str(), at.as_str()), ("invalid_input", path));
        }
        let nowhere = json!({"tma_id": before["id"], "changes": {"grade": 1}});
        assert_eq!(refused(&store, "update_feedback", nowhere).await.0, "not_found");
        assert_eq!(ask(&store, "get_feedback", json!({"tma_id": tma_id})).await, before);
    }
}
