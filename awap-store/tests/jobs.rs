//! Jobs: claimed once, leased, tried again, given up, on both databases.

mod support;

use support::{ask, draft, refused, text, tma};

on_each_database!(
    many_workers_claim_each_job_once,
    a_lost_lease_is_claimed_again_and_given_up_at_last,
    a_lost_lease_takes_no_result,
    a_failure_is_tried_again_after_a_rest,
    priority_goes_before_age,
    damaged_originals_do_not_block_the_queue,
    what_a_lost_key_sealed_waits_for_it_and_holds_up_nothing_else,
    a_lease_is_prolonged,
    what_was_given_up_is_listed_and_tried_again,
    low_priority_is_not_starved,
    each_rest_is_longer_than_the_last,
    a_job_that_is_given_back_keeps_its_attempts,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    use awap_store::{Actor, NewTma, Store};
    use serde_json::{Value, json};

    use crate::support::Base;

    async fn submit(store: &Store, n: usize, priority: i64) -> String {
        let created = ask(store, "create_tma", json!({"tma": tma(n), "priority": priority})).await;
        text(&created["id"])
    }

    async fn claim(store: &Store, worker: &str, lease_ms: u64) -> Value {
        ask(store, "claim_job", json!({"worker": worker, "lease_ms": lease_ms})).await["job"].take()
    }

    fn completion(job: &Value, worker: &str) -> Value {
        json!({"job_id": job["job_id"], "worker": worker, "content": {"text": "x"}, "feedback": draft(), "events": []})
    }

    async fn types(store: &Store, tma_id: &str) -> Vec<String> {
        let page = ask(store, "query_events", json!({"stream_id": format!("tma-{tma_id}")})).await;
        page["events"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect()
    }

    pub(super) async fn many_workers_claim_each_job_once(base: Base) {
        const JOBS: usize = 200;
        const WORKERS: usize = 8;
        // Half of the workers on a store of their own, as on another host.
        let stores = [base.store().await, base.store().await];
        for n in 0..JOBS {
            let new = NewTma { tma: tma(n), ..NewTma::default() };
            stores[0].create_tma(new, &Actor::default()).await.unwrap();
        }
        let workers = (0..WORKERS).map(|w| {
            let store = stores[w % 2].clone();
            tokio::spawn(async move {
                let name = format!("w{w}");
                let mut done = Vec::new();
                while let Some(job) = store.claim_job(&name, Duration::from_mins(1)).await.unwrap() {
                    let job = json!({"job_id": job.job_id, "tma_id": job.tma_id});
                    ask(&store, "complete_job", completion(&job, &name)).await;
                    done.push(text(&job["tma_id"]));
                }
                done
            })
        });
        let mut all = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            all.extend(worker.await.unwrap());
        }
        assert_eq!(all.len(), JOBS);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), JOBS, "each is claimed once");
        let stats = ask(&stores[1], "stats", json!({})).await;
        assert_eq!(stats["tmas"]["completed"], JOBS);
        let verified = ask(&stores[1], "verify_events", json!({})).await;
        assert_eq!((&verified["valid"], &verified["events"]), (&json!(true), &json!(3 * JOBS)));
    }

    pub(super) async fn a_lost_lease_is_claimed_again_and_given_up_at_last(base: Base) {
        let store = base.store().await;
        let id = submit(&store, 1, 0).await;
        for attempt in 1..=3 {
            let job = claim(&store, "w1", 700).await;
            assert_eq!(job["attempt"], attempt);
            assert_eq!(claim(&store, "w2", 50).await, Value::Null, "it is leased");
            tokio::time::sleep(Duration::from_millis(800)).await;
        }
        assert_eq!(claim(&store, "w2", 50).await, Value::Null, "its attempts are used up");
        let row = ask(&store, "get_tma", json!({"id": id})).await;
        assert_eq!(row["status"], "failed");
        assert!(text(&row["error_message"]).contains("3 attempts"), "{row}");
        assert_ne!(row["processed_at"], Value::Null);
        let expected =
            ["submitted", "processing", "retried", "processing", "retried", "processing", "failed"];
        assert_eq!(types(&store, &id).await, expected.map(|kind| format!("tma.{kind}")));
    }

    pub(super) async fn a_lost_lease_takes_no_result(base: Base) {
        let store = base.store().await;
        let id = submit(&store, 1, 0).await;
        let job = claim(&store, "w1", 700).await;
        tokio::time::sleep(Duration::from_millis(800)).await;
        for (command, data) in [
            ("complete_job", completion(&job, "w1")),
            ("extend_lease", json!({"job_id": job["job_id"], "worker": "w1", "lease_ms": 1000})),
            ("fail_job", json!({"job_id": job["job_id"], "worker": "w1", "retry": true})),
        ] {
            assert_eq!(refused(&store, command, data).await.0, "conflict", "{command}: the lease ran out");
        }
        let job = claim(&store, "w2", 60_000).await;
        assert_eq!(
            refused(&store, "complete_job", completion(&job, "w1")).await.0,
            "conflict",
            "another holds it"
        );
        assert_eq!(refused(&store, "get_feedback", json!({"tma_id": id})).await.0, "not_found");
        assert_eq!(types(&store, &id).await.last().unwrap(), "tma.processing", "nothing was changed");
        ask(&store, "complete_job", completion(&job, "w2")).await;
        assert_eq!(refused(&store, "complete_job", completion(&job, "w2")).await.0, "conflict", "it is done");
        let completed = types(&store, &id).await.iter().filter(|kind| *kind == "tma.completed").count();
        assert_eq!(completed, 1);
    }

    pub(super) async fn a_failure_is_tried_again_after_a_rest(base: Base) {
        let store = base.store().await;
        let id = submit(&store, 1, 0).await;
        let fail = async |retry: bool| {
            let job = claim(&store, "w1", 60_000).await;
            let error = json!({"code": "timeout", "message": "The core did not answer in time."});
            let data = json!({"job_id": job["job_id"], "worker": "w1", "error": error, "retry": retry});
            text(&ask(&store, "fail_job", data).await["status"])
        };
        assert_eq!(fail(true).await, "pending");
        assert_eq!(ask(&store, "get_tma", json!({"id": id})).await["status"], "pending");
        assert_eq!(claim(&store, "w1", 60_000).await, Value::Null, "it rests");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(fail(true).await, "pending");
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(fail(true).await, "failed", "no attempt is left");
        let row = ask(&store, "get_tma", json!({"id": id})).await;
        assert_eq!(row["error_message"], "The core did not answer in time.");

        submit(&store, 2, 0).await;
        assert_eq!(fail(false).await, "failed", "not to be tried again");
        assert_eq!(ask(&store, "stats", json!({})).await["tmas"]["failed"], 2);
    }

    pub(super) async fn priority_goes_before_age(base: Base) {
        let store = base.store().await;
        let mut submitted = Vec::new();
        for (n, priority) in [(1, 0), (2, 5), (3, -1), (4, 5), (5, 0)] {
            submitted.push((priority, submit(&store, n, priority).await));
        }
        let mut claimed = Vec::new();
        loop {
            let job = claim(&store, "w", 60_000).await;
            if job.is_null() {
                break;
            }
            claimed.push(text(&job["tma_id"]));
        }
        submitted.sort_by_key(|(priority, _)| -priority);
        assert_eq!(claimed, submitted.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    }

    pub(super) async fn damaged_originals_do_not_block_the_queue(base: Base) {
        let store = base.store().await;
        let damaged = submit(&store, 1, 9).await;
        let sound = submit(&store, 2, 0).await;
        // The two originals exchanged: each is sealed for its own row alone.
        support::execute(&base, "UPDATE tma_originals SET sealed = (SELECT sealed FROM tma_originals o \
            WHERE o.tma_id <> tma_originals.tma_id) WHERE tma_id = (SELECT tma_id FROM jobs WHERE priority = 9)").await;
        assert_eq!(claim(&store, "w", 60_000).await["tma_id"], sound);
        let row = ask(&store, "get_tma", json!({"id": damaged})).await;
        assert_eq!(row["status"], "failed");
    }

    pub(super) async fn what_a_lost_key_sealed_waits_for_it_and_holds_up_nothing_else(base: Base) {
        let store = base.store().await;
        let waiting = submit(&store, 3, 9).await;
        let mut options = base.options();
        options.seal_keys = awap_store::SealKeys::from_hex(&"5a".repeat(32), &[]).unwrap();
        let other = Store::open(options).await.unwrap();
        // Of the same student, whose identity is sealed under the lost key, too.
        let next = submit(&other, 3, 0).await;
        assert_eq!(claim(&other, "w", 60_000).await["tma_id"], next);
        assert_eq!(claim(&other, "w", 60_000).await, Value::Null);
        assert_eq!(ask(&store, "get_tma", json!({"id": waiting})).await["status"], "pending");
        // The key is back.
        support::execute(&base, "UPDATE jobs SET available_at = inserted_at").await;
        let job = claim(&store, "w", 60_000).await;
        assert_eq!((text(&job["tma_id"]), &job["attempt"]), (waiting, &json!(1)), "no attempt was used up");
        let read = json!({"pseudonym": ask(&store, "get_tma", json!({"id": next})).await["student_id"], "reason": "r", "actor": {"id": "o"}});
        assert_eq!(ask(&store, "open_identity", read).await["identity"]["student"], tma(3)["student"]);
    }

    pub(super) async fn a_lease_is_prolonged(base: Base) {
        let store = base.store().await;
        submit(&store, 1, 0).await;
        let job = claim(&store, "w1", 1000).await;
        let data = json!({"job_id": job["job_id"], "worker": "w1", "lease_ms": 60_000});
        let until = ask(&store, "extend_lease", data).await;
        assert!(text(&until["lease_expires_at"]) > text(&job["lease_expires_at"]));
        tokio::time::sleep(Duration::from_millis(1100)).await;
        ask(&store, "complete_job", completion(&job, "w1")).await;
        let unknown = json!({"job_id": job["tma_id"], "worker": "w1", "lease_ms": 1});
        assert_eq!(refused(&store, "extend_lease", unknown).await.0, "not_found");
    }

    pub(super) async fn what_was_given_up_is_listed_and_tried_again(base: Base) {
        let store = base.store().await;
        let mut failed = Vec::new();
        for n in 0..3 {
            let id = submit(&store, n, 0).await;
            let job = claim(&store, "w", 60_000).await;
            let error = json!({"code": "document_damaged", "message": "The document cannot be read."});
            let data = json!({"job_id": job["job_id"], "worker": "w", "error": error});
            assert_eq!(ask(&store, "fail_job", data).await["status"], "failed");
            failed.push((id, job["job_id"].clone()));
        }
        let page = ask(&store, "list_failed", json!({"limit": 2})).await;
        let newest = &page["jobs"][0];
        assert_eq!((&newest["tma_id"], &newest["job_id"]), (&json!(failed[2].0), &failed[2].1));
        assert_eq!(
            (&newest["error_code"], &newest["attempts"], &newest["retryable"]),
            (&json!("document_damaged"), &json!(1), &json!(true))
        );
        let rest = ask(&store, "list_failed", json!({"cursor": page["next_cursor"]})).await;
        assert_eq!((&rest["jobs"][0]["job_id"], &rest["next_cursor"]), (&failed[0].1, &Value::Null));

        let retry = json!({"job_id": failed[0].1, "actor": {"id": "tutor-1", "type": "user"}});
        assert_eq!(
            ask(&store, "retry_job", retry.clone()).await,
            json!({"tma_id": failed[0].0, "status": "pending"})
        );
        assert_eq!(refused(&store, "retry_job", retry.clone()).await.0, "conflict", "once at a time");
        let row = ask(&store, "get_tma", json!({"id": failed[0].0})).await;
        assert_eq!(
            (&row["status"], &row["error_message"], &row["processed_at"]),
            (&json!("pending"), &Value::Null, &Value::Null)
        );
        let job = claim(&store, "w", 60_000).await;
        assert_eq!((&job["job_id"], &job["attempt"]), (&failed[0].1, &json!(1)), "all its attempts anew");
        ask(&store, "complete_job", completion(&job, "w")).await;
        assert_eq!(refused(&store, "retry_job", retry).await.0, "conflict");
        assert_eq!(
            types(&store, &failed[0].0).await,
            [
                "tma.submitted",
                "tma.processing",
                "tma.failed",
                "tma.retried",
                "tma.processing",
                "tma.completed"
            ]
        );
        let audit = ask(&store, "list_audit", json!({"action": "tma.retry"})).await;
        assert_eq!(audit["entries"][0]["actor_id"], "tutor-1");
        assert_eq!(ask(&store, "list_failed", json!({})).await["jobs"].as_array().unwrap().len(), 2);

        ask(&store, "purge_expired", json!({"what": "originals", "older_than_days": 0})).await;
        assert_eq!(ask(&store, "list_failed", json!({})).await["jobs"][0]["retryable"], false);
        assert_eq!(refused(&store, "retry_job", json!({"job_id": failed[1].1})).await.0, "conflict");
        assert_eq!(refused(&store, "retry_job", json!({"job_id": failed[1].0})).await.0, "not_found");
    }
    pub(super) async fn low_priority_is_not_starved(base: Base) {
        let store = base.store().await;
        let low = [submit(&store, 0, -10).await, submit(&store, 1, -10).await];
        // As much of high priority comes in as is done.
        let mut done = Vec::new();
        for n in 2..22 {
            submit(&store, n, 10).await;
            let job = claim(&store, "w", 60_000).await;
            ask(&store, "complete_job", completion(&job, "w")).await;
            done.push(text(&job["tma_id"]));
        }
        let places: Vec<_> = low.iter().map(|id| done.iter().position(|other| other == id)).collect();
        assert_eq!(places, [Some(9), Some(19)], "each tenth job is the oldest");
    }

    pub(super) async fn each_rest_is_longer_than_the_last(base: Base) {
        let mut options = base.options();
        (options.retry_after, options.max_attempts) = (Duration::from_millis(400), 4);
        let store = Store::open(options).await.unwrap();
        let id = submit(&store, 1, 0).await;
        loop {
            let mut job = claim(&store, "w", 60_000).await;
            while job.is_null() {
                tokio::time::sleep(Duration::from_millis(50)).await;
                job = claim(&store, "w", 60_000).await;
            }
            let data = json!({"job_id": job["job_id"], "worker": "w", "retry": true});
            if ask(&store, "fail_job", data).await["status"] == "failed" {
                break;
            }
        }
        let opts = json!({"types": ["tma.retried"]});
        let page = ask(&store, "query_events", json!({"stream_id": format!("tma-{id}"), "opts": opts})).await;
        let time = |value: &Value| awap_store::Timestamp::parse(value.as_str().unwrap()).unwrap();
        let rests: Vec<f64> = page["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| time(&event["data"]["available_at"]).seconds_since(time(&event["recorded_at"])))
            .collect();
        assert_eq!(rests.len(), 3, "{rests:?}");
        for (rest, least) in rests.iter().zip([0.4, 0.8, 1.6]) {
            assert!(*rest >= least && *rest <= least * 1.25 + 1e-3, "{rests:?}");
        }
    }

    pub(super) async fn a_job_that_is_given_back_keeps_its_attempts(base: Base) {
        let store = base.store().await;
        let id = submit(&store, 1, 0).await;
        for _ in 0..5 {
            let job = claim(&store, "w1", 60_000).await;
            assert_eq!(job["attempt"], 1, "it can be claimed at once, as if it had not been");
            let back =
                json!({"job_id": job["job_id"], "worker": "w1", "actor": {"id": "w1", "type": "worker"}});
            assert_eq!(ask(&store, "release_job", back.clone()).await["status"], "pending");
            assert_eq!(refused(&store, "release_job", back).await.0, "conflict", "it is no longer held");
            assert_eq!(ask(&store, "get_tma", json!({"id": id})).await["status"], "pending");
        }
        let job = claim(&store, "w2", 60_000).await;
        let stale = json!({"job_id": job["job_id"], "worker": "w1"});
        assert_eq!(refused(&store, "release_job", stale).await.0, "conflict", "another holds it");
        ask(&store, "complete_job", completion(&job, "w2")).await;
        let released = types(&store, &id).await.iter().filter(|kind| *kind == "tma.released").count();
        assert_eq!(released, 5);
        let audit = ask(&store, "list_audit", json!({"action": "tma.release"})).await;
        assert_eq!(audit["entries"].as_array().unwrap().len(), 5);
    }
}
