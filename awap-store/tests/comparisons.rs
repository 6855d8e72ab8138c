//! Comparing cohorts: what waits, who compares it, what is kept of it and with whom it goes, on both databases.

mod support;

use support::{ask, draft, refused, text, tma};

on_each_database!(
    a_cohort_waits_until_it_is_quiet_and_is_compared_once,
    pairs_are_kept_from_either_side_told_and_gone_with_either_tma,
    a_lost_comparison_is_claimed_again_and_what_changed_meanwhile_is_compared_anew,
    what_is_not_the_students_own_is_set_aside,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use awap_store::Store;
    use serde_json::{Value, json};

    /// Takes a TMA of student `n` in and completes it; its id.
    async fn completed(store: &Store, n: usize) -> String {
        completed_with(store, n, json!({"parsed": {"text": format!("Text of {n}."), "blocks": []}})).await
    }

    async fn completed_with(store: &Store, n: usize, content: Value) -> String {
        let id = ask(store, "create_tma", json!({"tma": tma(n)})).await["id"].take();
        let job = ask(store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take();
        let done = json!({"job_id": job["job_id"], "worker": "w", "content": content, "feedback": draft()});
        ask(store, "complete_job", done).await;
        text(&id)
    }

    async fn claim(store: &Store, worker: &str, quiet_ms: u64, lease_ms: u64) -> Value {
        let due =
            json!({"worker": worker, "lease_ms": lease_ms, "quiet_ms": quiet_ms, "at_most_ms": 3_600_000});
        ask(store, "claim_comparison", due).await["comparison"].take()
    }

    /// What the core says of two that share a stretch.
    fn pair(a: &str, b: &str) -> Value {
        let passage = json!({"a_start": 1, "a_end": 5, "b_start": 2, "b_end": 6, "words": 40});
        json!({"a": a, "b": b, "share": 0.25, "words": 40, "passages": [passage]})
    }

    fn result(claimed: &Value, worker: &str, pairs: &[Value]) -> Value {
        json!({"course_id": claimed["course_id"], "assignment_id": claimed["assignment_id"], "worker": worker,
            "changes": claimed["changes"], "near_duplicates": pairs, "actor": {"type": "system", "id": "t"}})
    }

    async fn found(store: &Store, pairs: &[Value]) -> Value {
        let claimed = claim(store, "c", 0, 60_000).await;
        ask(store, "finish_comparison", result(&claimed, "c", pairs)).await
    }

    async fn of(store: &Store, id: &str) -> Vec<Value> {
        let listed = ask(store, "list_near_duplicates", json!({"tma_id": id})).await;
        listed["near_duplicates"].as_array().unwrap().clone()
    }

    pub(super) async fn a_cohort_waits_until_it_is_quiet_and_is_compared_once(base: crate::support::Base) {
        let store = base.store().await;
        assert_eq!(claim(&store, "c", 0, 60_000).await, Value::Null, "nothing was completed");
        let (one, two) = (completed(&store, 1).await, completed(&store, 2).await);
        assert_eq!(claim(&store, "c", 60_000, 60_000).await, Value::Null, "it is not quiet yet");
        let asked = json!({"worker": "c", "lease_ms": 1, "quiet_ms": 60_000, "at_most_ms": 3_600_000});
        let due_in = ask(&store, "claim_comparison", asked.clone()).await["due_in_ms"].as_u64().unwrap();
        assert!(due_in > 0 && due_in <= 60_000, "{due_in}");
        let claimed = claim(&store, "c", 0, 60_000).await;
        assert_eq!((&claimed["assignment_id"], &claimed["cut"]), (&json!("TX101-26J-TMA01"), &json!(false)));
        let scripts = claimed["scripts"].as_array().unwrap();
        let ids: Vec<&str> = scripts.iter().map(|script| script["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [&two, &one], "the newest first");
        assert_eq!(scripts[0], json!({"id": two, "text": "Text of 2.", "aside": []}));
        assert_eq!(claim(&store, "d", 0, 60_000).await, Value::Null, "another has it");
        let answer = ask(&store, "finish_comparison", result(&claimed, "c", &[])).await;
        assert_eq!(answer, json!({"changed": [], "pairs": 0}));
        assert_eq!(claim(&store, "c", 0, 60_000).await, Value::Null, "nothing waits any more");
        assert_eq!(ask(&store, "claim_comparison", asked).await["due_in_ms"], Value::Null);
    }

    pub(super) async fn pairs_are_kept_from_either_side_told_and_gone_with_either_tma(
        base: crate::support::Base,
    ) {
        let store = base.store().await;
        let (one, two) = (completed(&store, 1).await, completed(&store, 2).await);
        let (again, three) = (completed(&store, 1).await, completed(&store, 3).await);
        let gone = "00000000-0000-4000-8000-000000000404";
        let pairs = [pair(&one, &two), pair(&one, &again), pair(&three, gone)];
        let answer = found(&store, &pairs).await;
        assert_eq!(answer["pairs"], 1, "one's own work, and what is not there, is no pair");
        let listed = of(&store, &two).await;
        assert_eq!((&listed[0]["tma_id"], &listed[0]["share"]), (&json!(one), &json!(0.25)));
        let turned = json!([{"start": 2, "end": 6, "other_start": 1, "other_end": 5, "words": 40}]);
        assert_eq!(listed[0]["passages"], turned);
        assert!(text(&listed[0]["student_id"]).starts_with("stu_"));

        let listed = ask(&store, "list_tmas", json!({"near_duplicate": true})).await;
        let flagged: Vec<&str> =
            listed["tmas"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!(flagged, [&two, &one]);
        let others = ask(&store, "list_tmas", json!({"near_duplicate": false})).await;
        assert_eq!(others["tmas"][0]["near_duplicates"], 0);
        assert_eq!(others["tmas"].as_array().unwrap().len(), 2);
        assert_eq!(ask(&store, "get_tma", json!({"id": one})).await["near_duplicates"], 1);

        let events = ask(&store, "query_events", json!({"stream_id": format!("tma-{one}")})).await;
        let last = events["events"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["type"], &last["data"]), (&json!("tma.compared"), &json!({"near_duplicates": 1})));
        let asked = json!({"tma_id": one, "actor": {"type": "api_key", "id": "k"}});
        ask(&store, "list_near_duplicates", asked).await;
        let audit = ask(&store, "list_audit", json!({"resource_id": one, "limit": 2})).await;
        let actions: Vec<&Value> =
            audit["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
        assert_eq!(actions, ["tma.read_near_duplicates", "tma.compare"]);

        // The same again is no news; what is found no longer is.
        completed(&store, 4).await;
        assert_eq!(found(&store, &[pair(&two, &one)]).await["changed"], json!([one, two]), "sides turned");
        completed(&store, 5).await;
        assert_eq!(found(&store, &[pair(&two, &one)]).await["changed"], json!([]));
        completed(&store, 6).await;
        assert_eq!(found(&store, &[]).await["changed"], json!([one, two]));
        assert!(of(&store, &one).await.is_empty());

        // With the one TMA the pair goes, from the other too.
        completed(&store, 7).await;
        found(&store, &[pair(&two, &three)]).await;
        let student = ask(&store, "get_tma", json!({"id": two})).await["student_id"].take();
        let erased =
            json!({"pseudonym": student, "reason": "asked", "actor": {"type": "api_key", "id": "k"}});
        let export = ask(&store, "export_student", erased.clone()).await;
        assert_eq!(export["tmas"][0]["in_common"][0]["words"], 40);
        assert!(!export.to_string().contains(&three), "nothing of the other");
        ask(&store, "erase_student", erased).await;
        assert!(of(&store, &three).await.is_empty());
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
    }

    pub(super) async fn a_lost_comparison_is_claimed_again_and_what_changed_meanwhile_is_compared_anew(
        base: crate::support::Base,
    ) {
        let store = base.store().await;
        let (one, two) = (completed(&store, 1).await, completed(&store, 2).await);
        let lost = claim(&store, "lost", 0, 1).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let claimed = claim(&store, "c", 0, 60_000).await;
        assert_eq!(claimed["changes"], lost["changes"]);
        let late = result(&lost, "lost", &[pair(&one, &two)]);
        assert_eq!(refused(&store, "finish_comparison", late).await.0, "conflict");
        // A third comes in while the two are compared.
        completed(&store, 3).await;
        let answer = ask(&store, "finish_comparison", result(&claimed, "c", &[pair(&one, &two)])).await;
        assert_eq!(answer["pairs"], 1);
        let claimed = claim(&store, "c", 0, 60_000).await;
        assert_eq!(claimed["scripts"].as_array().unwrap().len(), 3);
        // A store that is opened anew finds what waits.
        store.close().await;
        let store = base.store().await;
        completed(&store, 4).await;
        ask(&store, "finish_comparison", result(&claimed, "c", &[])).await;
        assert_eq!(claim(&store, "d", 0, 1).await["scripts"].as_array().unwrap().len(), 4);
    }

    pub(super) async fn what_is_not_the_students_own_is_set_aside(base: crate::support::Base) {
        let store = base.store().await;
        let block = |kind: &str, role: Value, start: u64| json!({"kind": kind, "role": role, "start": start, "end": start + 9});
        let blocks = json!([
            block("paragraph", json!("cover"), 0),
            block("heading", Value::Null, 10),
            block("paragraph", json!("prompt"), 20),
            block("paragraph", json!("answer"), 30),
            block("paragraph", Value::Null, 40),
            block("paragraph", json!("reference_list"), 50),
        ]);
        completed_with(&store, 1, json!({"parsed": {"text": "Any text.", "blocks": blocks}})).await;
        completed_with(&store, 2, json!({"text": "Of a host that parses nothing."})).await;
        let claimed = claim(&store, "c", 0, 60_000).await;
        let [script] = claimed["scripts"].as_array().unwrap().as_slice() else { panic!("{claimed}") };
        let starts: Vec<u64> =
            script["aside"].as_array().unwrap().iter().map(|span| span["start"].as_u64().unwrap()).collect();
        assert_eq!(starts, [0, 10, 20, 50]);
    }
}
