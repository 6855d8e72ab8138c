//! A student's data: export, erasure, retention, and sealing anew with another key, on both databases.

mod support;

use support::{ask, completed, draft, refused, text, tma};

on_each_database!(
    an_export_holds_all_and_is_audited,
    an_erasure_leaves_no_one,
    a_worker_finds_an_erased_job_gone,
    erasing_and_taking_in_at_once_leaves_nothing_half,
    what_is_old_is_purged_and_what_is_at_work_is_not,
    every_row_is_sealed_anew,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use awap_store::{SealKeys, Store};
    use serde_json::{Value, json};

    use crate::support::{Base, SEAL_KEY};

    const NEW_KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

    pub(super) async fn an_export_holds_all_and_is_audited(base: Base) {
        let store = base.store().await;
        let (first, pseudonym) = completed(&store, 1).await;
        ask(&store, "update_feedback", json!({"tma_id": first, "changes": {"grade": 50}})).await;
        completed(&store, 2).await;
        let second = ask(&store, "create_tma", json!({"tma": tma(1)})).await["id"].take();
        let request = json!({"pseudonym": pseudonym, "reason": "access request", "limit": 1,
            "actor": {"id": "officer", "type": "user"}});
        let page = ask(&store, "export_student", request.clone()).await;
        assert_eq!(page["identity"]["student"], tma(1)["student"]);
        assert_eq!(page["tmas"][0]["id"], second, "newest first");
        assert_eq!(page["tmas"][0]["original"], tma(1));
        assert_eq!(page["tmas"][0]["feedback"], Value::Null);
        let mut next = request.clone();
        next["cursor"] = page["next_cursor"].clone();
        let page = ask(&store, "export_student", next).await;
        let exported = &page["tmas"][0];
        assert_eq!((&exported["id"], &page["next_cursor"]), (&first, &Value::Null));
        assert_eq!(exported["feedback"]["grade"], 50.0);
        assert_eq!(exported["feedback_revisions"][0]["grade"], 71.5);
        assert_eq!(exported["content"]["text"], "Made by [STUDENT].");
        assert_eq!(exported["jobs"][0]["status"], "completed");
        assert_eq!(exported["events"].as_array().unwrap().len(), 4);
        let actions: Vec<_> =
            exported["audit"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
        assert_eq!(actions, ["tma.complete", "tma.claim", "tma.create", "feedback.update"]);
        assert_eq!(page["audit"]["entries"][0]["action"], "student.export", "the page before this one");

        let unknown = json!({"pseudonym": "stu_0", "reason": "look", "actor": {"id": "officer"}});
        assert_eq!(refused(&store, "export_student", unknown).await.0, "not_found");
        let audit = ask(&store, "list_audit", json!({"action": "student.export"})).await;
        let results: Vec<_> =
            audit["entries"].as_array().unwrap().iter().map(|entry| text(&entry["result"])).collect();
        assert_eq!(results, ["failed", "ok", "ok"]);
        let of_one = ask(&store, "list_audit", json!({"pseudonym": pseudonym})).await;
        assert_eq!(of_one["entries"].as_array().unwrap().len(), 2);
    }

    pub(super) async fn an_erasure_leaves_no_one(base: Base) {
        let store = base.store().await;
        let (first, pseudonym) = completed(&store, 1).await;
        ask(
            &store,
            "update_feedback",
            json!({"tma_id": first, "changes": {"feedback_text": "Zebra stripes."}}),
        )
        .await;
        ask(&store, "create_tma", json!({"tma": tma(1), "idempotency_key": "k"})).await;
        let mut other = tma(2);
        other["content"] = json!("Nothing in common.");
        let other = ask(&store, "create_tma", json!({"tma": other})).await;
        let request = json!({"pseudonym": pseudonym, "reason": "request 17", "actor": {"id": "officer"}});
        let erased = ask(&store, "erase_student", request.clone()).await;
        assert_eq!(
            erased["erased"],
            json!({"tmas": 2, "originals": 2, "feedback": 1, "feedback_revisions": 1, "jobs": 2,
                "idempotency_keys": 1, "origins": 0, "uploads": 0, "identities": 1})
        );
        for (table, left) in [
            ("SELECT COUNT(*) FROM tmas", 1),
            ("SELECT COUNT(*) FROM tma_originals", 1),
            ("SELECT COUNT(*) FROM jobs", 1),
            ("SELECT COUNT(*) FROM vault", 1),
            ("SELECT COUNT(*) FROM feedback", 0),
            ("SELECT COUNT(*) FROM feedback_revisions", 0),
            ("SELECT COUNT(*) FROM idempotency_keys", 0),
        ] {
            assert_eq!(support::count(&base, table).await, left, "{table}");
        }
        assert_eq!(refused(&store, "get_tma", json!({"id": first})).await.0, "not_found");
        assert_eq!(ask(&store, "get_tma", json!({"id": other["id"]})).await["status"], "pending");
        // What stays is whole, and says nothing but the pseudonym.
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
        let kept = ask(&store, "query_events", json!({"stream_id": format!("student-{pseudonym}")})).await;
        assert_eq!(kept["events"][0]["type"], "student.erased");
        assert_eq!(refused(&store, "erase_student", request).await.0, "not_found");
        let audit = ask(&store, "list_audit", json!({"action": "student.erase"})).await;
        assert_eq!(audit["entries"][1]["metadata"]["reason"], "request 17");
        let dump = support::dump(&base).await;
        for gone in ["Made by [STUDENT]", "You explain well", "Zebra stripes"] {
            let found = dump.windows(gone.len()).any(|window| window == gone.as_bytes());
            assert!(!found, "“{gone}” is still in the database's files");
        }
    }

    pub(super) async fn a_worker_finds_an_erased_job_gone(base: Base) {
        let store = base.store().await;
        let created = ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        let job = ask(&store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take();
        ask(&store, "erase_student", json!({"pseudonym": created["student_id"], "reason": "r"})).await;
        let done = json!({"job_id": job["job_id"], "worker": "w", "content": {}, "feedback": draft()});
        assert_eq!(refused(&store, "complete_job", done).await.0, "not_found");
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM feedback").await, 0);
    }

    pub(super) async fn erasing_and_taking_in_at_once_leaves_nothing_half(base: Base) {
        let stores = [base.store().await, base.store().await];
        let pseudonym = ask(&stores[0], "create_tma", json!({"tma": tma(1)})).await["student_id"].take();
        let work: Vec<_> = (0..4)
            .map(|w| {
                let (store, pseudonym) = (stores[w % 2].clone(), pseudonym.clone());
                tokio::spawn(async move {
                    for n in 0..15 {
                        let (command, data) = if (n + w) % 3 == 0 {
                            ("erase_student", json!({"pseudonym": pseudonym, "reason": "r"}))
                        } else if (n + w) % 3 == 1 {
                            ("claim_job", json!({"worker": "w", "lease_ms": 60_000}))
                        } else {
                            ("create_tma", json!({"tma": tma(1)}))
                        };
                        if let Err(error) = store.command(command, data).await {
                            assert_eq!(error.code().as_str(), "not_found", "{command}: {error}");
                        }
                    }
                })
            })
            .collect();
        for work in work {
            work.await.unwrap();
        }
        let tmas = support::count(&base, "SELECT COUNT(*) FROM tmas").await;
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM tma_originals").await, tmas);
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM vault").await, i64::from(tmas > 0));
        assert_eq!(ask(&stores[0], "verify_events", json!({})).await["valid"], true);
    }

    async fn age(base: &Base, tma_id: &Value) {
        // Two days ago, in the way of each database.
        let (sqlite, postgres) = (
            "UPDATE tmas SET processed_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-2 days') WHERE id = $1",
            "UPDATE tmas SET processed_at = processed_at - interval '2 days' WHERE id = $1::uuid",
        );
        support::execute_with(base, sqlite, postgres, &text(tma_id)).await;
    }

    pub(super) async fn what_is_old_is_purged_and_what_is_at_work_is_not(base: Base) {
        let store = base.store().await;
        let (old, student) = completed(&store, 1).await;
        let (also_old, twice) = completed(&store, 2).await;
        let (recent, _) = completed(&store, 2).await;
        let pending = ask(&store, "create_tma", json!({"tma": tma(3), "idempotency_key": "k"})).await;
        age(&base, &old).await;
        age(&base, &also_old).await;
        age(&base, &pending["id"]).await;
        let purge = |what: &str, limit: usize| json!({"what": what, "older_than_days": 1, "limit": limit});
        let answer = ask(&store, "purge_expired", purge("originals", 1)).await;
        assert_eq!(answer, json!({"purged": 1, "identities": 0, "more": true}));
        let answer = ask(&store, "purge_expired", purge("originals", 10)).await;
        assert_eq!(answer, json!({"purged": 1, "identities": 0, "more": false}));
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM tma_originals").await, 2);
        assert_eq!(ask(&store, "get_feedback", json!({"tma_id": old})).await["grade"], 71.5);

        let answer = ask(&store, "purge_expired", purge("tmas", 10)).await;
        assert_eq!(answer, json!({"purged": 2, "identities": 1, "more": false}));
        assert_eq!(refused(&store, "get_tma", json!({"id": old})).await.0, "not_found");
        for kept in [&recent, &pending["id"]] {
            ask(&store, "get_tma", json!({"id": kept})).await;
        }
        let open = |pseudonym: &str| json!({"pseudonym": pseudonym, "reason": "test"});
        assert_eq!(refused(&store, "open_identity", open(&student)).await.0, "not_found");
        ask(&store, "open_identity", open(&twice)).await;
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM feedback").await, 1);

        assert_eq!(ask(&store, "purge_expired", purge("idempotency_keys", 10)).await["purged"], 0);
        let now = json!({"what": "idempotency_keys", "older_than_days": 0});
        assert_eq!(ask(&store, "purge_expired", now).await["purged"], 1);
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
        for (data, path) in [
            (json!({"what": "all", "older_than_days": 1}), "what"),
            (json!({"what": "tmas"}), "older_than_days"),
            (json!({"what": "tmas", "older_than_days": -1}), "older_than_days"),
        ] {
            assert_eq!(refused(&store, "purge_expired", data).await, ("invalid_input".into(), path.into()));
        }
    }

    async fn with_keys(base: &Base, current: &str, older: &[&str]) -> Store {
        let mut options = base.options();
        options.seal_keys = SealKeys::from_hex(current, older).unwrap();
        Store::open(options).await.unwrap()
    }

    pub(super) async fn every_row_is_sealed_anew(base: Base) {
        let store = base.store().await;
        let mut tmas = Vec::new();
        for n in 0..5 {
            tmas.push(ask(&store, "create_tma", json!({"tma": tma(n)})).await);
        }
        let answer = ask(&store, "reseal", json!({})).await;
        assert_eq!((&answer["remaining"], &answer["done"]), (&json!(0), &json!(true)));
        // A row that no key opens does not keep the others waiting.
        let damaged = text(&tmas[2]["id"]);
        let damage = "UPDATE tma_originals SET sealed = substr(sealed, 1, 40) WHERE tma_id = ";
        support::execute_with(&base, concat_id(damage, "$1"), concat_id(damage, "$1::uuid"), &damaged).await;

        // A process that was not given the older key changes nothing, and says that it is missing.
        let blind = with_keys(&base, NEW_KEY, &[]).await;
        let answer = ask(&blind, "reseal", json!({})).await;
        assert_eq!((&answer["resealed"], &answer["unknown_key"]), (&json!(0), &json!(10)));
        let store = with_keys(&base, NEW_KEY, &[SEAL_KEY]).await;
        let (mut cursor, mut resealed, mut damaged, mut calls) = (Value::Null, 0, 0, 0);
        let last = loop {
            let answer = ask(&store, "reseal", json!({"limit": 2, "cursor": cursor})).await;
            resealed += answer["resealed"].as_i64().unwrap();
            damaged += answer["damaged"].as_i64().unwrap();
            calls += 1;
            assert!(calls < 20, "it comes to an end");
            cursor = answer["next_cursor"].clone();
            if cursor.is_null() {
                break answer;
            }
        };
        assert_eq!((resealed, damaged), (9, 1));
        assert_eq!(
            (&last["remaining"], &last["unknown_key"], &last["done"]),
            (&json!(1), &json!(0), &json!(false))
        );
        assert_eq!(refused(&store, "reseal", json!({"cursor": "x"})).await.1, "cursor");

        // The older key is needed no more.
        let store = with_keys(&base, NEW_KEY, &[]).await;
        for n in [0, 1, 3, 4] {
            let read = json!({"pseudonym": tmas[n]["student_id"], "reason": "test"});
            assert_eq!(ask(&store, "open_identity", read).await["identity"]["student"], tma(n)["student"]);
        }
        let job = ask(&store, "claim_job", json!({"worker": "w", "lease_ms": 1000})).await;
        assert_eq!(job["job"]["tma"]["student"], tma(0)["student"]);
        ask(&store, "erase_student", json!({"pseudonym": tmas[2]["student_id"], "reason": "damaged"})).await;
        assert_eq!(ask(&store, "reseal", json!({})).await["done"], true);
    }

    fn concat_id(statement: &str, id: &str) -> String {
        format!("{statement}{id}")
    }
}
