//! The process: killed, restarted, its database gone and back.
#![cfg(feature = "server")]

mod support;

on_each_database!(a_killed_process_loses_nothing, it_never_says_what_it_must_not);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use serde_json::json;

    use crate::support::process::Process;
    use crate::support::{Base, PSEUDONYM_KEY, SEAL_KEY, draft, tma};

    pub(super) async fn a_killed_process_loses_nothing(base: Base) {
        let mut process = Process::start(&base.url);
        let created = process.ask("create_tma", &json!({"tma": tma(1)}));
        process.kill();

        let mut process = Process::start(&base.url);
        let first = process.ask("claim_job", &json!({"worker": "w1", "lease_ms": 1500}))["job"].take();
        assert_eq!(first["tma_id"], created["id"], "a TMA that was answered is on disk");
        process.kill();

        let mut process = Process::start(&base.url);
        let start = Instant::now();
        let again = loop {
            let job = process.ask("claim_job", &json!({"worker": "w2", "lease_ms": 60_000}))["job"].take();
            if !job.is_null() {
                break job;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "the lost lease is not given again");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!((&again["job_id"], &again["attempt"]), (&first["job_id"], &json!(2)));
        process.ask(
            "complete_job",
            &json!({"job_id": again["job_id"], "worker": "w2", "content": {"text": "x"}, "feedback": draft()}),
        );
        assert_eq!(process.ask("get_tma", &json!({"id": created["id"]}))["status"], "completed");
        assert_eq!(process.ask("verify_events", &json!({}))["valid"], true);
        assert_eq!(process.end().0, Some(0));
    }

    pub(super) async fn it_never_says_what_it_must_not(base: Base) {
        let mut process = Process::start(&base.url);
        process.ask("create_tma", &json!({"tma": tma(1), "idempotency_key": "Zzyzxon"}));
        process.ask("claim_job", &json!({"worker": "w1", "lease_ms": 1500}));
        let (status, log) = process.end();
        assert_eq!(status, Some(0));
        for name in ["Wilhelmina", "Zzyzxon", "wz4242", "Q0000001", SEAL_KEY, PSEUDONYM_KEY] {
            assert!(!log.contains(name), "“{name}” is logged even at the finest level");
        }
    }

    #[test]
    fn a_wrong_configuration_ends_it_with_78_and_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.db");
        std::fs::write(&text, "This is a file of text, not a database, and stays as it is.".repeat(20))
            .unwrap();
        let file = format!("sqlite:{}", text.display());
        let good = format!("sqlite:{}", folder.path().join("a.db").display());
        for (url, seal, pseudonym, pool, says) in [
            ("", SEAL_KEY, PSEUDONYM_KEY, "1", "DATABASE_URL"),
            ("mysql://root:hunter2@x/y", SEAL_KEY, PSEUDONYM_KEY, "1", "postgres:"),
            ("sqlite:/no/such/folder/a.db", SEAL_KEY, PSEUDONYM_KEY, "1", "folder"),
            (&file, SEAL_KEY, PSEUDONYM_KEY, "1", "not an SQLite database"),
            (&good, "abc", PSEUDONYM_KEY, "1", "seal key"),
            (&good, SEAL_KEY, "abc", "1", "pseudonym key"),
            (&good, SEAL_KEY, PSEUDONYM_KEY, "0", "POOL_SIZE"),
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_awap-store"))
                .env("DATABASE_URL", url)
                .env("AWAP_SEAL_KEY", seal)
                .env("AWAP_PSEUDONYM_KEY", pseudonym)
                .env("POOL_SIZE", pool)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(78), "{says}: {log}");
            assert!(log.contains(says), "{says}: {log}");
            assert!(!log.contains("hunter2") && output.stdout.is_empty());
        }
    }
}
