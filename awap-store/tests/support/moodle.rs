//! Submissions in Moodle of a made-up student, as a sync takes them in.

use awap_store::Store;
use serde_json::{Value, json};

use super::{ask, draft, tma};

pub const SITE: &str = "https://moodle.example";

/// Where version `n` of a submission comes from.
pub fn origin(submission: i64, n: usize) -> Value {
    json!({
        "site": SITE, "course_id": 2, "assignment_id": 11, "submission_id": submission, "attempt": 0,
        "user_id": 424_242_424, "seen": format!("seen {n}"), "content_hash": format!("content {n}"),
        "submitted_at": "2026-11-20T10:00:00Z", "due_at": "2026-11-21T12:00:00Z", "extension_due_at": null,
        "files": [{"area": "submission_files", "path": "/", "name": "zzyzxon_tma01.docx", "sha1": "ab", "size": 7}],
        "unread_files": 1, "expected": {"grade": null, "feedback_comment": "Ask Wilhelmina."},
    })
}

/// Takes version `n` of a submission in.
pub async fn take(store: &Store, submission: i64, n: usize) -> Value {
    take_from(store, origin(submission, n)).await
}

pub async fn take_from(store: &Store, origin: Value) -> Value {
    ask(store, "create_tma", json!({"tma": tma(1), "priority": -10, "origin": origin})).await
}

/// Works on the one job there is.
pub async fn complete(store: &Store) -> Value {
    let job = ask(store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take();
    let done = json!({"job_id": job["job_id"], "worker": "w", "content": {"text": "Made by [STUDENT]."},
        "feedback": draft()});
    ask(store, "complete_job", done).await;
    job["tma_id"].clone()
}

/// Takes a submission in, has it marked, and reviews it.
pub async fn reviewed(store: &Store, submission: i64) -> Value {
    take(store, submission, 1).await;
    let tma_id = complete(store).await;
    review(store, &tma_id, 60).await;
    tma_id
}

pub async fn review(store: &Store, tma_id: &Value, grade: i64) -> Value {
    let review = json!({"tma_id": tma_id, "changes": {"grade": grade}, "reviewed_by": "tutor-7"});
    ask(store, "update_feedback", review).await
}

pub async fn claim(store: &Store) -> Value {
    ask(store, "claim_upload", json!({"worker": "o", "lease_ms": 60_000})).await["upload"].take()
}

pub async fn finish(store: &Store, upload: &Value, mut outcome: Value) -> Value {
    outcome["upload_id"] = upload["upload_id"].clone();
    outcome["worker"] = "o".into();
    ask(store, "finish_upload", outcome).await
}

/// The states of a TMA's uploads, oldest first, each with its code.
pub async fn states(store: &Store, tma_id: &Value) -> Vec<(String, Value)> {
    let page = ask(store, "list_uploads", json!({"tma_id": tma_id})).await;
    let uploads = page["uploads"].as_array().unwrap().iter().rev();
    uploads.map(|upload| (super::text(&upload["state"]), upload["error_code"].clone())).collect()
}

/// The types of a TMA's events.
pub async fn events(store: &Store, tma_id: &Value) -> Vec<String> {
    let stream = format!("tma-{}", super::text(tma_id));
    let page = ask(store, "query_events", json!({"stream_id": stream})).await;
    page["events"].as_array().unwrap().iter().map(|event| super::text(&event["type"])).collect()
}
