//! Taking TMAs in, listing them, API keys and refusals, on both databases.

mod support;

use support::{ask, completed, refused, text, tma};

on_each_database!(
    an_idempotency_key_takes_in_once,
    pages_hold_each_tma_once_while_others_come_in,
    filters_match,
    feedback_is_listed_where_it_is_asked_for,
    what_is_absent_comes_from_the_rubric,
    wrong_input_is_refused_with_its_path,
    api_keys_are_kept_as_hashes,
    a_revoked_key_opens_nothing,
    the_queue_has_a_bound_that_all_hosts_keep,
    several_stores_start_at_once,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use awap_store::Store;
    use serde_json::{Value, json};

    use crate::support::Base;

    pub(super) async fn an_idempotency_key_takes_in_once(base: Base) {
        let store = base.store().await;
        let request =
            |n: usize, actor: &str| json!({"tma": tma(n), "idempotency_key": "k", "actor": {"id": actor}});
        // At the same time, as an impatient client does.
        let at_once: Vec<_> = (0..8)
            .map(|_| {
                let (store, request) = (store.clone(), request(1, "a"));
                tokio::spawn(async move { ask(&store, "create_tma", request).await })
            })
            .collect();
        let mut answers = Vec::new();
        for answer in at_once {
            answers.push(answer.await.unwrap());
        }
        assert!(answers.iter().all(|answer| answer["id"] == answers[0]["id"]));
        assert_eq!(answers.iter().filter(|answer| answer["created"] == true).count(), 1);
        assert_eq!(refused(&store, "create_tma", request(2, "a")).await.0, "conflict");
        let of_another = ask(&store, "create_tma", request(1, "b")).await;
        assert_eq!(of_another["created"], true, "a key is its actor's own");
        assert_eq!(ask(&store, "stats", json!({})).await["tmas"]["pending"], 2);
        let queue = ask(&store, "stats", json!({"queue_only": true})).await;
        assert_eq!((&queue["queue_depth"], queue.get("tmas")), (&json!(2), None));
        assert!(queue["oldest_pending_seconds"].is_number());
    }

    pub(super) async fn pages_hold_each_tma_once_while_others_come_in(base: Base) {
        let store = base.store().await;
        let mut expected = Vec::new();
        for n in 0..7 {
            expected.push(text(&ask(&store, "create_tma", json!({"tma": tma(n)})).await["id"]));
        }
        expected.reverse();
        let (mut seen, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let page = ask(&store, "list_tmas", json!({"limit": 3, "cursor": cursor})).await;
            for row in page["tmas"].as_array().unwrap() {
                assert!(row.get("content").is_none());
                seen.push(text(&row["id"]));
            }
            ask(&store, "create_tma", json!({"tma": tma(99)})).await;
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(seen, expected);
    }

    pub(super) async fn filters_match(base: Base) {
        let store = base.store().await;
        let mut other = tma(2);
        other["course_id"] = json!("TX202-26J");
        other["assignment_id"] = json!("TX202-26J-TMA03");
        let first = ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        ask(&store, "create_tma", json!({"tma": other})).await;
        for (filter, n) in [
            (json!({}), 2),
            (json!({"course_id": "TX202-26J"}), 1),
            (json!({"assignment_id": "TX101-26J-TMA01", "status": "pending"}), 1),
            (json!({"student_id": first["student_id"]}), 1),
            (json!({"status": "failed"}), 0),
            (json!({"course_id": "' OR 1=1 --"}), 0),
        ] {
            let page = ask(&store, "list_tmas", filter.clone()).await;
            assert_eq!(page["tmas"].as_array().unwrap().len(), n, "{filter}");
        }
        assert_eq!(
            ask(&store, "list_courses", json!({})).await["course_ids"],
            json!(["TX101-26J", "TX202-26J"])
        );
    }

    pub(super) async fn feedback_is_listed_where_it_is_asked_for(base: Base) {
        let store = base.store().await;
        let (tma_id, _) = completed(&store, 1).await;
        ask(&store, "create_tma", json!({"tma": tma(2)})).await;
        let plain = ask(&store, "list_tmas", json!({})).await;
        assert_eq!(plain["tmas"][1].get("feedback"), None);
        let criteria = json!({"totals": {"band": "Pass 2"}, "needs_review": [
            {"reason": "human_criterion", "criterion": "a", "resolved": true},
            {"reason": "low_confidence", "criterion": "b"},
            {"reason": "low_confidence", "criterion": "c"},
        ]});
        let row = ask(
            &store,
            "update_feedback",
            json!({"tma_id": tma_id, "changes": {"grade": 74, "marking_criteria": criteria}, "reviewed_by": "T"}),
        )
        .await;
        let listed = ask(&store, "list_tmas", json!({"with_feedback": true})).await;
        assert_eq!(listed["tmas"][0]["feedback"], Value::Null);
        assert_eq!(
            listed["tmas"][1]["feedback"],
            json!({"grade": 74.0, "band": "Pass 2", "needs_review": ["low_confidence"], "reviewed_by": "T",
                "reviewed_at": row["reviewed_at"], "updated_at": row["updated_at"]})
        );
        assert_eq!(listed["tmas"][1]["updated_at"], plain["tmas"][1]["updated_at"], "the TMA's own");

        // Criteria may be any object, and one that is odd hides no other.
        for odd in
            [json!({"needs_review": false}), json!({"needs_review": "done"}), json!({"totals": {"band": 2}})]
        {
            let request = json!({"tma_id": tma_id, "changes": {"marking_criteria": odd}});
            ask(&store, "update_feedback", request).await;
            let listed = ask(&store, "list_tmas", json!({"with_feedback": true})).await;
            let brief = &listed["tmas"][1]["feedback"];
            assert_eq!((&brief["needs_review"], &brief["band"]), (&json!([]), &Value::Null));
        }
    }

    pub(super) async fn what_is_absent_comes_from_the_rubric(base: Base) {
        let store = base.store().await;
        for (tma, assignment, course) in [
            (json!({"content": "x", "rubric": {"rubric_id": "R", "module_code": "M"}}), "R", "M"),
            (json!({"content": "x", "assignment_id": "A", "rubric": {"rubric_id": 7}}), "A", "unassigned"),
        ] {
            let created = ask(&store, "create_tma", json!({"tma": tma})).await;
            let row = ask(&store, "get_tma", json!({"id": created["id"]})).await;
            assert_eq!((&row["assignment_id"], &row["course_id"]), (&json!(assignment), &json!(course)));
        }
    }

    pub(super) async fn wrong_input_is_refused_with_its_path(base: Base) {
        let store = base.store().await;
        for (command, data, code, path) in [
            ("create_tma", json!({}), "invalid_input", "tma"),
            ("create_tma", json!({"tma": {}}), "invalid_input", "content"),
            ("create_tma", json!({"tma": {"content": "x", "student": 3}}), "invalid_input", "student"),
            (
                "create_tma",
                json!({"tma": {"content": {"attachments": [{}]}}}),
                "invalid_input",
                "content.attachments[0].data_base64",
            ),
            (
                "create_tma",
                json!({"tma": {"content": "x", "assignment_id": "a".repeat(256)}}),
                "invalid_input",
                "assignment_id",
            ),
            (
                "create_tma",
                json!({"tma": {"content": "x"}, "actor": {"type": "cat"}}),
                "invalid_input",
                "actor.type",
            ),
            ("create_tma", json!({"tma": {"content": "x"}, "priority": 0.5}), "invalid_input", "priority"),
            ("get_tma", json!({"id": "1; DROP TABLE tmas"}), "invalid_input", "id"),
            (
                "get_tma",
                json!({"id": "00000000-0000-0000-0000-000000000000"}),
                "not_found",
                "There is no such TMA.",
            ),
            ("list_tmas", json!({"limit": 0}), "invalid_input", "limit"),
            ("list_tmas", json!({"cursor": "x"}), "invalid_input", "cursor"),
            ("list_tmas", json!({"course_id": "a\u{0}b"}), "invalid_input", "course_id"),
            ("claim_job", json!({"worker": "w"}), "invalid_input", "lease_ms"),
            (
                "query_events",
                json!({"stream_id": "s", "opts": {"since": "today"}}),
                "invalid_input",
                "opts.since",
            ),
            ("query_events", json!({"stream_id": "s", "opts": []}), "invalid_input", "opts"),
            ("append_event", json!({"stream_id": "$all", "type": "t"}), "invalid_input", "stream_id"),
            ("create_api_key", json!({"name": "n", "role": "root"}), "invalid_input", "role"),
            ("ensure_api_key", json!({"name": "n", "role": "admin", "key": "short"}), "invalid_input", "key"),
            ("drop_table", json!({}), "unknown_command", "There is no such command."),
        ] {
            assert_eq!(refused(&store, command, data).await, (code.to_owned(), path.to_owned()), "{command}");
        }
        assert_eq!(ask(&store, "stats", json!({})).await["tmas"]["pending"], 0);
    }

    pub(super) async fn api_keys_are_kept_as_hashes(base: Base) {
        let store = base.store().await;
        let made = ask(&store, "create_api_key", json!({"name": "moodle", "role": "service"})).await;
        let key = text(&made["key"]);
        assert!(key.starts_with("awap_") && key.len() == 48, "256 bits in base64");
        let access = ask(&store, "verify_api_key", json!({"key": key})).await;
        assert_eq!(access, json!({"id": made["id"], "name": "moodle", "role": "service"}));
        assert_eq!(ask(&store, "verify_api_key", json!({"id": made["id"]})).await, access);
        assert_eq!(refused(&store, "verify_api_key", json!({"key": format!("{key}x")})).await.0, "not_found");
        let own = json!({"name": "first", "role": "admin", "key": "awap_0123456789abcdef0123456789abcdef"});
        let first = ask(&store, "ensure_api_key", own.clone()).await;
        assert_eq!(first["created"], true);
        assert_eq!(ask(&store, "ensure_api_key", own).await, json!({"id": first["id"], "created": false}));
        let dump = String::from_utf8_lossy(&support::dump(&base).await).into_owned();
        assert!(!dump.contains(&key) && !dump.contains("0123456789abcdef0123456789abcdef"));
    }

    pub(super) async fn a_revoked_key_opens_nothing(base: Base) {
        let store = base.store().await;
        let mut made = Vec::new();
        for n in 0..3 {
            let new = json!({"name": format!("key {n}"), "role": "tutor", "actor": {"id": "first"}});
            made.push(ask(&store, "create_api_key", new).await);
        }
        let verify = |n: usize| json!({"key": made[n]["key"]});
        ask(&store, "verify_api_key", verify(1)).await;
        let revoke = json!({"id": made[1]["id"], "actor": {"id": "first"}});
        let revoked = ask(&store, "revoke_api_key", revoke.clone()).await;
        assert_eq!(ask(&store, "revoke_api_key", revoke).await, revoked, "once is enough");
        assert_eq!(refused(&store, "verify_api_key", verify(1)).await.0, "not_found");
        assert_eq!(
            refused(&store, "verify_api_key", json!({"id": made[1]["id"]})).await.0,
            "not_found",
            "nor does a token that was made for it"
        );
        let own = json!({"name": "again", "role": "admin", "key": made[1]["key"]});
        assert_eq!(ask(&store, "ensure_api_key", own).await["created"], false);
        assert_eq!(
            refused(&store, "verify_api_key", verify(1)).await.0,
            "not_found",
            "it does not come back"
        );
        ask(&store, "verify_api_key", verify(2)).await;
        assert_eq!(
            refused(&store, "revoke_api_key", json!({"id": "00000000-0000-0000-0000-000000000000"})).await.0,
            "not_found"
        );
        let audit = ask(&store, "list_audit", json!({"action": "api_key.revoke"})).await;
        assert_eq!(audit["entries"].as_array().unwrap().len(), 1);

        let page = ask(&store, "list_api_keys", json!({"limit": 2})).await;
        let names: Vec<_> =
            page["api_keys"].as_array().unwrap().iter().map(|key| text(&key["name"])).collect();
        assert_eq!(names, ["key 2", "key 1"]);
        assert_eq!(page["api_keys"][1]["revoked_at"], revoked["revoked_at"]);
        let rest = ask(&store, "list_api_keys", json!({"cursor": page["next_cursor"]})).await;
        assert_eq!(rest["api_keys"][0]["last_used_at"], Value::Null, "it was never used");
        // A use is noted aside, once in a while and not each time.
        let used = async || {
            for _ in 0..100 {
                let page = ask(&store, "list_api_keys", json!({"limit": 1})).await;
                let at = page["api_keys"][0]["last_used_at"].clone();
                if !at.is_null() {
                    return at;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Value::Null
        };
        let first = used().await;
        assert_ne!(first, Value::Null);
        for _ in 0..5 {
            ask(&store, "verify_api_key", verify(2)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(used().await, first);
    }

    pub(super) async fn the_queue_has_a_bound_that_all_hosts_keep(base: Base) {
        let stores = [base.store().await, base.store().await];
        let submit = |n: usize| json!({"tma": tma(n), "max_queue": 7, "idempotency_key": format!("k{n}")});
        let at_once: Vec<_> = (0..20)
            .map(|n| {
                let (store, request) = (stores[n % 2].clone(), submit(n));
                tokio::spawn(async move { (n, store.command("create_tma", request).await) })
            })
            .collect();
        let (mut taken, mut full) = (Vec::new(), 0);
        for answer in at_once {
            match answer.await.unwrap() {
                (n, Ok(_)) => taken.push(n),
                (_, Err(error)) => {
                    assert_eq!(error.code().as_str(), "unavailable");
                    assert_eq!(error.details()["reason"], "queue_full");
                    full += 1;
                }
            }
        }
        assert_eq!((taken.len(), full), (7, 13));
        assert_eq!(
            support::count(&base, "SELECT COUNT(*) FROM tmas").await,
            7,
            "nothing of the others is kept"
        );
        assert_eq!(
            ask(&stores[0], "create_tma", submit(taken[0])).await["created"],
            false,
            "a retry is no more work"
        );
        ask(&stores[0], "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await;
        ask(&stores[1], "create_tma", submit(50)).await;
        assert_eq!(refused(&stores[0], "create_tma", submit(51)).await.0, "unavailable");
        assert_eq!(ask(&stores[0], "verify_events", json!({})).await["valid"], true);
    }

    pub(super) async fn several_stores_start_at_once(base: Base) {
        let starts: Vec<_> = (0..4).map(|_| tokio::spawn(Store::open(base.options()))).collect();
        for start in starts {
            ask(&start.await.unwrap().unwrap(), "create_tma", json!({"tma": tma(1)})).await;
        }
    }
}
