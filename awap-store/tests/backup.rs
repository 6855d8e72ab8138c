//! Backup and restore: what is restored is what was there, and goes on working, on both databases.

mod support;

use support::{ask, completed, refused, tma};

on_each_database!(a_restored_backup_goes_on);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use super::*;
    use std::process::Command;

    use awap_store::Store;
    use serde_json::{Value, json};

    use crate::support::Base;

    /// What a client can see of a store.
    async fn seen(store: &Store) -> Value {
        let mut all = Vec::new();
        for (command, data) in [
            ("list_tmas", json!({})),
            ("query_events", json!({"stream_id": "$all"})),
            ("verify_events", json!({})),
            ("list_api_keys", json!({})),
            ("list_rubrics", json!({})),
        ] {
            all.push(ask(store, command, data).await);
        }
        Value::Array(all)
    }

    pub(super) async fn a_restored_backup_goes_on(base: Base) {
        let store = base.store().await;
        let (first, student) = completed(&store, 1).await;
        ask(&store, "create_tma", json!({"tma": tma(2)})).await;
        ask(&store, "create_api_key", json!({"name": "n", "role": "admin"})).await;
        let before = seen(&store).await;
        let feedback = ask(&store, "get_feedback", json!({"tma_id": first})).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("awap.backup");

        let restored = if base.folder().is_some() {
            // While it is written to.
            let busy = store.clone();
            let writer = tokio::spawn(async move {
                for n in 10..40 {
                    ask(&busy, "create_tma", json!({"tma": tma(n)})).await;
                }
            });
            let taken = ask(&store, "backup", json!({"path": file, "actor": {"id": "ops"}})).await;
            writer.await.unwrap();
            assert!(taken["bytes"].as_u64().unwrap() > 4096);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            }
            for (path, what) in [
                (json!(file), "it is taken"),
                (json!("awap.db"), "not absolute"),
                (json!("/no/such/x"), "no folder"),
            ] {
                let (code, at) = refused(&store, "backup", json!({"path": path})).await;
                assert_eq!((code.as_str(), at.as_str()), ("invalid_input", "path"), "{what}");
            }
            let audit = ask(&store, "list_audit", json!({"action": "store.backup"})).await;
            assert_eq!(audit["entries"].as_array().unwrap().len(), 1);
            let mut options = base.options();
            options.database_url = format!("sqlite:{}", file.display());
            Store::open(options).await.unwrap()
        } else {
            let path = json!({"path": file});
            assert_eq!(refused(&store, "backup", path).await.0, "not_configured");
            let Ok(bin) = std::env::var("AWAP_TEST_POSTGRES_BIN") else {
                eprintln!("skipped: pg_dump and pg_restore (AWAP_TEST_POSTGRES_BIN is not set)");
                return;
            };
            let run = |program: &str, arguments: &[&str]| {
                let path = std::path::Path::new(&bin).join(program);
                let output = Command::new(path).args(arguments).output().unwrap();
                assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            };
            let out = file.to_str().unwrap();
            run("pg_dump", &["--format=custom", "--file", out, "--dbname", &base.url]);
            // Into the same database, emptied by the disaster.
            store.close().await;
            support::execute(&base, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            run("pg_restore", &["--exit-on-error", "--no-owner", "--dbname", &base.url, out]);
            let store = base.store().await;
            assert_eq!(seen(&store).await, before);
            store
        };
        assert_eq!(ask(&restored, "get_feedback", json!({"tma_id": first})).await, feedback);
        let read = json!({"pseudonym": student, "reason": "test"});
        assert_eq!(ask(&restored, "open_identity", read).await["identity"]["student"], tma(1)["student"]);
        // A TMA that was at wait then is worked on now.
        let job = ask(&restored, "claim_job", json!({"worker": "w", "lease_ms": 1000})).await;
        assert_eq!(job["job"]["tma"]["student_id"], tma(2)["student_id"]);
        assert_eq!(ask(&restored, "verify_events", json!({})).await["valid"], true);
    }
}
