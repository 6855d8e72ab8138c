//! A TMA's way through the store, on both databases.

mod support;

use support::{ask, draft, refused, text, tma};

on_each_database!(from_submission_to_feedback);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use serde_json::{Value, json};

    pub(super) async fn from_submission_to_feedback(base: crate::support::Base) {
        let store = base.store().await;
        let created =
            ask(&store, "create_tma", json!({"tma": tma(1), "actor": {"id": "key-1", "type": "api_key"}}))
                .await;
        assert_eq!(created["status"], "pending");
        assert_eq!(created["created"], true);
        let pseudonym = text(&created["student_id"]);
        assert!(pseudonym.starts_with("stu_"));
        let id = &created["id"];
        let row = ask(&store, "get_tma", json!({"id": id})).await;
        assert_eq!((&row["content"], &row["status"]), (&Value::Null, &json!("pending")));
        assert_eq!(row["assignment_id"], "TX101-26J-TMA01");

        let job = ask(&store, "claim_job", json!({"worker": "w1", "lease_ms": 60_000})).await["job"].take();
        assert_eq!(job["tma_id"], *id);
        assert_eq!((&job["attempt"], &job["max_attempts"]), (&json!(1), &json!(3)));
        let mut expected = tma(1);
        expected["tma_id"] = id.clone();
        assert_eq!(job["tma"], expected);
        assert_eq!(
            ask(&store, "claim_job", json!({"worker": "w2", "lease_ms": 1000})).await,
            json!({"job": null})
        );
        assert_eq!(ask(&store, "get_tma", json!({"id": id})).await["status"], "processing");
        assert_eq!(refused(&store, "get_feedback", json!({"tma_id": id})).await.0, "not_found");

        let content = json!({"text": "By [STUDENT]. Photosynthesis\u{0}stores light.", "sealed": 1});
        let done = ask(
            &store,
            "complete_job",
            json!({
                "job_id": job["job_id"], "worker": "w1", "content": content, "feedback": draft(),
                "events": [{"type": "tma.anonymized", "data": {"replacements": 1}}],
                "actor": {"id": "w1", "type": "worker"},
            }),
        )
        .await;
        assert_eq!(done, json!({"status": "completed"}));

        let row = ask(&store, "get_tma", json!({"id": id})).await;
        assert_eq!(row["status"], "completed");
        assert_eq!(
            row["content"],
            json!({"text": "By [STUDENT]. Photosynthesis stores light.", "sealed": 1})
        );
        let feedback = ask(&store, "get_feedback", json!({"tma_id": id})).await;
        for (key, value) in draft().as_object().unwrap() {
            assert_eq!(&feedback[key], value, "{key}");
        }
        assert_eq!(feedback["reviewed_by"], Value::Null);

        let page = ask(&store, "query_events", json!({"stream_id": format!("tma-{}", text(id))})).await;
        let types: Vec<&str> =
            page["events"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["tma.submitted", "tma.processing", "tma.anonymized", "tma.completed"]);
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
        let audit = ask(&store, "list_audit", json!({"resource_type": "tma", "resource_id": id})).await;
        let actions: Vec<&str> =
            audit["entries"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["tma.complete", "tma.claim", "tma.create"]);
        let stats = ask(&store, "stats", json!({})).await;
        assert_eq!(stats["tmas"], json!({"pending": 0, "processing": 0, "completed": 1, "failed": 0}));
        assert_eq!(stats["queue_depth"], 0);
        assert_eq!(ask(&store, "health_check", json!({})).await["status"], "healthy");
    }
}
