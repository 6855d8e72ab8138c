//! Identity at rest: a dump of the database names no one, on both databases.

mod support;

use support::{ask, draft, refused, text, tma};

on_each_database!(
    a_dump_names_no_one,
    the_vault_opens_and_is_audited,
    the_pseudonym_is_the_one_of_anonymization,
    originals_are_dropped_where_so_configured,
    content_that_still_names_the_student_is_refused,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use awap_core::anonymize::PseudonymKey;
    use awap_core::{Limits, Submission};
    use awap_store::Store;
    use serde_json::{Value, json};

    use crate::support::{Base, PSEUDONYM_KEY};

    /// Everything in [`tma`] that names the student, and forms of it.
    const IDENTITY: [&str; 12] = [
        "Wilhelmina",
        "Zzyzxon",
        "w.zzyzxon",
        "students.example",
        "wz4242",
        "Mina Zed",
        "424242424",
        "Q0000001",
        "V2lsaGVsbWluYQ",
        "zzyzxon_tma01",
        "alice-key",
        "Photosynthesis",
    ];

    async fn claim(store: &Store) -> Value {
        ask(store, "claim_job", json!({"worker": "w", "lease_ms": 60_000})).await["job"].take()
    }

    pub(super) async fn a_dump_names_no_one(base: Base) {
        let store = base.store().await;
        let submit = json!({"tma": tma(1), "idempotency_key": "alice-key", "actor": {"id": "k"}});
        let created = ask(&store, "create_tma", submit.clone()).await;
        ask(&store, "create_tma", submit.clone()).await;
        // Errors are kept out of logs and tables too.
        let mut changed = submit;
        changed["tma"]["content"] = json!("Wilhelmina");
        let (code, message) = refused(&store, "create_tma", changed).await;
        assert_eq!(code, "conflict");
        assert!(!message.contains("Wilhelmina"));
        let job = claim(&store).await;
        ask(&store, "fail_job", json!({"job_id": job["job_id"], "worker": "w", "retry": true})).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let job = claim(&store).await;
        ask(&store, "open_identity", json!({"pseudonym": created["student_id"], "reason": "grade upload"}))
            .await;
        ask(
            &store,
            "complete_job",
            json!({"job_id": job["job_id"], "worker": "w", "content": {"text": "[STUDENT]"},
            "feedback": draft()}),
        )
        .await;
        let mut answers = String::new();
        for (command, data) in [
            ("get_tma", json!({"id": created["id"]})),
            ("get_feedback", json!({"tma_id": created["id"]})),
            ("list_tmas", json!({})),
            ("list_audit", json!({})),
            ("query_events", json!({"stream_id": "$all"})),
        ] {
            answers += &ask(&store, command, data).await.to_string();
        }
        store.close().await;
        let dump = support::dump(&base).await;
        assert!(holds(&dump, "tma.completed") && holds(&dump, &text(&created["student_id"])), "it is a dump");
        for name in IDENTITY {
            assert!(!holds(&dump, name), "“{name}” is in the dump");
            assert!(!answers.to_lowercase().contains(&name.to_lowercase()), "“{name}” is in an answer");
        }
    }

    fn holds(dump: &[u8], name: &str) -> bool {
        let (dump, name) = (dump.to_ascii_lowercase(), name.to_ascii_lowercase());
        dump.windows(name.len()).any(|window| window == name.as_bytes())
    }

    pub(super) async fn the_vault_opens_and_is_audited(base: Base) {
        let store = base.store().await;
        let created = ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        // A second submission, of which less is known.
        ask(&store, "create_tma", json!({"tma": {"student_id": " q0000001 ", "content": "x"}})).await;
        let actor = json!({"id": "moodle-upload", "type": "system"});
        let read = json!({"pseudonym": created["student_id"], "reason": "grade upload", "actor": actor});
        let identity = ask(&store, "open_identity", read).await["identity"].take();
        assert_eq!(identity["student"], tma(1)["student"]);
        let (code, _) =
            refused(&store, "open_identity", json!({"pseudonym": "stu_0", "reason": "look", "actor": actor}))
                .await;
        assert_eq!(code, "not_found");
        let (code, path) =
            refused(&store, "open_identity", json!({"pseudonym": created["student_id"]})).await;
        assert_eq!((code.as_str(), path.as_str()), ("invalid_input", "reason"));
        let audit = ask(&store, "list_audit", json!({"action": "identity.open"})).await;
        let results: Vec<_> = audit["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| (text(&e["result"]), text(&e["actor_id"])))
            .collect();
        let by = "moodle-upload".to_owned();
        assert_eq!(results, [("failed".to_owned(), by.clone()), ("ok".to_owned(), by)]);
    }

    pub(super) async fn the_pseudonym_is_the_one_of_anonymization(base: Base) {
        let store = base.store().await;
        let key = PseudonymKey::from_hex(PSEUDONYM_KEY).unwrap();
        for tma in [
            tma(7),
            json!({"content": "Known by nothing."}),
            json!({"content": "x", "student": {"name": "N"}}),
        ] {
            let created = ask(&store, "create_tma", json!({"tma": tma})).await;
            let job = claim(&store).await;
            let claimed = Submission::from_value(job["tma"].clone(), &Limits::default()).unwrap();
            assert_eq!(created["student_id"], key.pseudonym(&claimed));
        }
    }

    pub(super) async fn originals_are_dropped_where_so_configured(base: Base) {
        for keep in [true, false] {
            let mut options = base.options();
            options.keep_originals = keep;
            let store = Store::open(options).await.unwrap();
            ask(&store, "create_tma", json!({"tma": tma(1)})).await;
            let job = claim(&store).await;
            ask(
                &store,
                "complete_job",
                json!({"job_id": job["job_id"], "worker": "w", "content": {"text": "x"},
                "feedback": draft()}),
            )
            .await;
            let kept = support::count(&base, "SELECT COUNT(*) FROM tma_originals").await;
            assert_eq!(kept, 1, "the first is kept, the second is not");
        }
    }

    pub(super) async fn content_that_still_names_the_student_is_refused(base: Base) {
        let store = base.store().await;
        ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        let job = claim(&store).await;
        let data = json!({"job_id": job["job_id"], "worker": "w", "content": tma(1), "feedback": draft()});
        assert_eq!(
            refused(&store, "complete_job", data).await,
            ("invalid_input".into(), "content.student".into())
        );
        for report in [json!({"report_only": true}), json!({"labels_kept": ["NAME_STUDENT"]})] {
            let content = json!({"text": "x", "anonymization": report});
            let data =
                json!({"job_id": job["job_id"], "worker": "w", "content": content, "feedback": draft()});
            assert_eq!(
                refused(&store, "complete_job", data).await,
                ("invalid_input".into(), "content.anonymization".into())
            );
        }
    }
}
