//! Who looked at a student's data: each access leaves an entry, however often it is repeated, on both databases.

mod support;

use support::{ask, completed, refused, text, tma};

on_each_database!(
    each_access_to_a_students_work_leaves_an_entry,
    a_row_without_content_and_a_list_without_rows_are_no_access,
    what_is_read_again_leaves_one_entry_and_later_another,
    what_many_read_at_once_leaves_one_entry,
    accesses_can_be_told_by_pseudonym_and_outlive_the_student,
    what_the_host_reads_for_itself_leaves_none,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use std::time::Duration;

    use awap_store::Store;
    use serde_json::{Value, json};

    use crate::support::Base;

    fn tutor() -> Value {
        json!({"id": "key-1", "type": "api_key", "ip_address": "192.0.2.7", "request_id": "r-1"})
    }

    /// A store in whose lifetime no minute passes.
    async fn store(base: &Base) -> Store {
        with_span(base, Duration::from_hours(1)).await
    }

    async fn with_span(base: &Base, span: Duration) -> Store {
        let mut options = base.options();
        options.one_access_within = span;
        Store::open(options).await.unwrap()
    }

    /// The actions that anyone left whom [`tutor`] is, oldest first.
    async fn by_tutor(store: &Store) -> Vec<Value> {
        let page = ask(store, "list_audit", json!({"limit": 500})).await;
        let mut entries: Vec<Value> = page["entries"].as_array().unwrap().clone();
        entries.retain(|entry| entry["actor_id"] == "key-1");
        entries.reverse();
        entries
    }

    async fn actions(store: &Store) -> Vec<String> {
        by_tutor(store).await.iter().map(|entry| text(&entry["action"])).collect()
    }

    pub(super) async fn each_access_to_a_students_work_leaves_an_entry(base: Base) {
        let store = store(&base).await;
        let (id, pseudonym) = completed(&store, 1).await;
        let edit = json!({"tma_id": id, "changes": {"grade": 60}, "reviewed_by": "t"});
        let feedback = ask(&store, "update_feedback", edit).await["id"].clone();
        let (failing, _) = completed(&store, 2).await;
        support::execute_with(
            &base,
            "UPDATE jobs SET status = 'failed', finished_at = updated_at WHERE tma_id = $1",
            "UPDATE jobs SET status = 'failed', finished_at = updated_at WHERE tma_id = $1::uuid",
            &text(&failing),
        )
        .await;
        let stream = format!("tma-{}", text(&id));
        for (command, data, action, kind, resource, metadata) in [
            ("get_tma", json!({"id": id}), "tma.read", "tma", &id, json!({"pseudonym": pseudonym})),
            (
                "get_feedback",
                json!({"tma_id": id}),
                "feedback.read",
                "feedback",
                &feedback,
                json!({"pseudonym": pseudonym, "tma_id": id}),
            ),
            (
                "list_feedback_revisions",
                json!({"tma_id": id}),
                "feedback.read_revisions",
                "tma",
                &id,
                json!({"pseudonym": pseudonym}),
            ),
            (
                "query_events",
                json!({"stream_id": stream}),
                "tma.read_events",
                "tma",
                &id,
                json!({"pseudonym": pseudonym}),
            ),
            (
                "query_events",
                json!({"stream_id": "$all"}),
                "event.read_all",
                "event",
                &Value::Null,
                json!({}),
            ),
            (
                "list_tmas",
                json!({"student_id": pseudonym, "status": "completed"}),
                "tma.list",
                "tma",
                &Value::Null,
                json!({"pseudonym": pseudonym, "status": "completed"}),
            ),
            ("list_tmas", json!({}), "tma.list", "tma", &Value::Null, json!({})),
            ("list_failed", json!({}), "job.list_failed", "job", &Value::Null, json!({})),
            (
                "list_audit",
                json!({"pseudonym": pseudonym}),
                "audit.list",
                "audit_log",
                &Value::Null,
                json!({"pseudonym": pseudonym}),
            ),
        ] {
            let mut with_actor = data.clone();
            with_actor["actor"] = tutor();
            let before = by_tutor(&store).await.len();
            let (told, untold) =
                (ask(&store, command, with_actor).await, ask(&store, command, data.clone()).await);
            if command != "list_audit" {
                assert_eq!(told, untold, "{command}: the answer does not depend on who asks");
            }
            let entries = by_tutor(&store).await;
            assert_eq!(entries.len(), before + 1, "{command} {data}");
            let entry = entries.last().unwrap();
            let mut metadata = metadata;
            metadata["request_id"] = json!("r-1");
            assert_eq!(
                (&entry["action"], &entry["resource_type"], &entry["resource_id"], &entry["metadata"]),
                (&json!(action), &json!(kind), resource, &metadata)
            );
            assert_eq!(
                (&entry["ip_address"], &entry["actor_type"], &entry["result"]),
                (&json!("192.0.2.7"), &json!("api_key"), &json!("ok"))
            );
        }
    }

    pub(super) async fn a_row_without_content_and_a_list_without_rows_are_no_access(base: Base) {
        let store = store(&base).await;
        let waiting = ask(&store, "create_tma", json!({"tma": tma(1)})).await["id"].clone();
        for _ in 0..3 {
            let row = ask(&store, "get_tma", json!({"id": waiting, "actor": tutor()})).await;
            assert_eq!(row["content"], Value::Null);
        }
        let data = json!({"tma_id": waiting, "actor": tutor()});
        assert_eq!(refused(&store, "get_feedback", data.clone()).await.0, "not_found");
        ask(&store, "list_feedback_revisions", data).await;
        ask(&store, "list_tmas", json!({"status": "failed", "actor": tutor()})).await;
        ask(&store, "list_failed", json!({"actor": tutor()})).await;
        ask(&store, "query_events", json!({"stream_id": "tma-x", "actor": tutor()})).await;
        assert_eq!(actions(&store).await, [""; 0]);
    }

    pub(super) async fn what_is_read_again_leaves_one_entry_and_later_another(base: Base) {
        let store = with_span(&base, Duration::from_millis(1500)).await;
        let (id, pseudonym) = completed(&store, 1).await;
        let read = json!({"id": id, "actor": tutor()});
        ask(&store, "get_tma", read.clone()).await;
        let first = by_tutor(&store).await[0]["timestamp"].clone();
        for n in 0..20 {
            let mut again = read.clone();
            again["actor"]["request_id"] = json!(format!("r-{n}"));
            ask(&store, "get_tma", again).await;
        }
        let entries = by_tutor(&store).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["timestamp"], first, "it has the first time");
        // Another thing, another way to look at it, another actor, another address: each is an access of its own.
        let filtered = json!({"student_id": pseudonym, "actor": tutor()});
        ask(&store, "list_tmas", filtered.clone()).await;
        ask(&store, "list_tmas", filtered).await;
        ask(&store, "list_tmas", json!({"actor": tutor()})).await;
        let mut elsewhere = read.clone();
        elsewhere["actor"]["ip_address"] = json!("198.51.100.1");
        ask(&store, "get_tma", elsewhere).await;
        assert_eq!(actions(&store).await, ["tma.read", "tma.list", "tma.list", "tma.read"]);
        ask(&store, "get_tma", json!({"id": id, "actor": {"id": "key-2"}})).await;
        let others = ask(&store, "list_audit", json!({"action": "tma.read"})).await;
        assert_eq!(others["entries"].as_array().unwrap().len(), 3);

        tokio::time::sleep(Duration::from_millis(1600)).await;
        ask(&store, "get_tma", read).await;
        assert_eq!(actions(&store).await.len(), 5, "the minute is over");
    }

    pub(super) async fn what_many_read_at_once_leaves_one_entry(base: Base) {
        let store = store(&base).await;
        let (id, _) = completed(&store, 1).await;
        let readers: Vec<_> = (0..24)
            .map(|_| {
                let (store, read) = (store.clone(), json!({"id": id, "actor": tutor()}));
                tokio::spawn(async move { ask(&store, "get_tma", read).await })
            })
            .collect();
        for reader in readers {
            assert_eq!(reader.await.unwrap()["status"], "completed");
        }
        assert_eq!(actions(&store).await, ["tma.read"]);
    }

    pub(super) async fn accesses_can_be_told_by_pseudonym_and_outlive_the_student(base: Base) {
        let store = store(&base).await;
        let (id, pseudonym) = completed(&store, 1).await;
        ask(&store, "get_tma", json!({"id": id, "actor": tutor()})).await;
        ask(&store, "get_feedback", json!({"tma_id": id, "actor": tutor()})).await;
        ask(&store, "erase_student", json!({"pseudonym": pseudonym, "reason": "asked"})).await;
        let looked = ask(&store, "list_audit", json!({"pseudonym": pseudonym})).await;
        let told: Vec<String> =
            looked["entries"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
        assert_eq!(told, ["student.erase", "feedback.read", "tma.read"]);
        for name in ["Wilhelmina", "Zzyzxon", "Q0000001"] {
            assert!(!looked.to_string().contains(name));
        }
    }

    pub(super) async fn what_the_host_reads_for_itself_leaves_none(base: Base) {
        let store = store(&base).await;
        let (id, pseudonym) = completed(&store, 1).await;
        let before = support::count(&base, "SELECT COUNT(*) FROM audit_log").await;
        ask(&store, "get_tma", json!({"id": id})).await;
        ask(&store, "get_tma", json!({"id": id, "actor": null})).await;
        ask(&store, "get_feedback", json!({"tma_id": id})).await;
        ask(&store, "list_tmas", json!({"student_id": pseudonym})).await;
        ask(&store, "query_events", json!({"stream_id": "$all"})).await;
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM audit_log").await, before);
        assert_eq!(
            refused(&store, "get_tma", json!({"id": id, "actor": "me"})).await,
            ("invalid_input".into(), "actor".into())
        );
    }
}
