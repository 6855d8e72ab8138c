//! Rubrics that the host keeps for all tutors, on both databases.

mod support;

use support::{ask, refused, text};

on_each_database!(
    a_rubric_is_kept_replaced_and_removed,
    of_two_who_replace_one_the_second_is_told,
    rubrics_come_in_pages,
    wrong_data_is_refused_with_its_path,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use awap_store::Store;
    use serde_json::{Value, json};

    use crate::support::Base;

    fn rubric(name: &str, words: &str) -> Value {
        json!({"name": name, "text": words, "sha256": "ab12", "max_mark": 20, "criteria": 3,
            "actor": {"id": "key-1", "type": "api_key"}})
    }

    async fn no(store: &Store, command: &str, data: Value) -> String {
        refused(store, command, data).await.0
    }

    fn with(mut data: Value, key: &str, value: Value) -> Value {
        data[key] = value;
        data
    }

    pub(super) async fn a_rubric_is_kept_replaced_and_removed(base: Base) {
        let store = base.store().await;
        let put = ask(&store, "put_rubric", rubric("TM112 / TMA 02", "criteria: 1")).await;
        assert_eq!(put["created"], true);
        let kept = ask(&store, "get_rubric", json!({"name": "TM112 / TMA 02"})).await;
        assert_eq!(kept, put["rubric"]);
        assert_eq!(
            (&kept["text"], &kept["max_mark"], &kept["criteria"], &kept["updated_by"]),
            (&json!("criteria: 1"), &json!(20.0), &json!(3), &json!("key-1"))
        );
        // The same again is no change, and leaves no entry.
        let same = ask(&store, "put_rubric", rubric("TM112 / TMA 02", "criteria: 1")).await;
        assert_eq!((&same["rubric"], &same["created"]), (&kept, &json!(false)));
        let other = with(rubric("TM112 / TMA 02", "criteria: 2"), "sha256", json!("cd34"));
        let put = ask(&store, "put_rubric", other).await;
        assert_eq!((&put["created"], &put["rubric"]["id"]), (&json!(false), &kept["id"]));
        assert!(text(&put["rubric"]["updated_at"]) > text(&kept["updated_at"]));

        let gone = ask(&store, "delete_rubric", json!({"name": "TM112 / TMA 02"})).await;
        assert_eq!(gone["id"], kept["id"]);
        assert_eq!(no(&store, "get_rubric", json!({"name": "TM112 / TMA 02"})).await, "not_found");
        assert_eq!(no(&store, "delete_rubric", json!({"name": "TM112 / TMA 02"})).await, "not_found");
        let page = ask(&store, "list_audit", json!({"resource_type": "rubric"})).await;
        let entries: Vec<_> = page["entries"].as_array().unwrap().iter().rev().collect();
        let seen: Vec<_> = entries
            .iter()
            .map(|entry| format!("{} {}", text(&entry["action"]), text(&entry["metadata"]["sha256"])))
            .collect();
        assert_eq!(seen, ["rubric.put ab12", "rubric.put cd34", "rubric.delete cd34"]);
        assert!(entries.iter().all(|entry| entry["metadata"]["name"] == "TM112 / TMA 02"));
    }

    pub(super) async fn of_two_who_replace_one_the_second_is_told(base: Base) {
        let store = base.store().await;
        let at = ask(&store, "put_rubric", rubric("one", "a: 1")).await["rubric"]["updated_at"].clone();
        let from = |words: &str, at: &Value| with(rubric("one", words), "expected_updated_at", at.clone());
        ask(&store, "put_rubric", from("a: 2", &at)).await;
        assert_eq!(no(&store, "put_rubric", from("a: 3", &at)).await, "conflict");
        assert_eq!(ask(&store, "get_rubric", json!({"name": "one"})).await["text"], "a: 2");
        let elsewhere = with(rubric("two", "a: 1"), "expected_updated_at", at);
        assert_eq!(no(&store, "put_rubric", elsewhere).await, "conflict");
    }

    pub(super) async fn rubrics_come_in_pages(base: Base) {
        let store = base.store().await;
        for name in ["one", "two", "three"] {
            ask(&store, "put_rubric", rubric(name, "a: 1")).await;
        }
        let page = ask(&store, "list_rubrics", json!({"limit": 2})).await;
        let rest = ask(&store, "list_rubrics", json!({"cursor": page["next_cursor"]})).await;
        let names: Vec<_> = [&page, &rest]
            .iter()
            .flat_map(|page| page["rubrics"].as_array().unwrap())
            .map(|rubric| text(&rubric["name"]))
            .collect();
        assert_eq!(names, ["three", "two", "one"]);
        assert_eq!(rest["next_cursor"], Value::Null);
        assert_eq!(page["rubrics"][0].get("text"), None, "a list is short");
    }

    pub(super) async fn wrong_data_is_refused_with_its_path(base: Base) {
        let store = base.store().await;
        for (key, value) in [
            ("name", json!("")),
            ("text", json!(7)),
            ("sha256", json!(null)),
            ("max_mark", json!("many")),
            ("criteria", json!(-1)),
        ] {
            let (code, path) = refused(&store, "put_rubric", with(rubric("one", "a: 1"), key, value)).await;
            assert_eq!((code.as_str(), path.as_str()), ("invalid_input", key));
        }
    }
}
