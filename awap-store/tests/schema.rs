//! `Schema::inspect`: what state a database is in, and that looking changes nothing.

mod support;

on_each_database!(each_state_is_told_and_looking_changes_nothing);
on_each_pair!(an_event_store_has_tables_of_its_own);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use awap_store::{Schema, SchemaState};
    use serde_json::json;

    use crate::support::pair::Pair;
    use crate::support::{self, Base, ask, tma};

    async fn inspect(base: &Base) -> Schema {
        Schema::inspect(&base.url).await.unwrap()
    }

    pub(super) async fn each_state_is_told_and_looking_changes_nothing(base: Base) {
        let found = inspect(&base).await;
        assert_eq!((found.state, found.applied, found.events), (SchemaState::Empty, 0, None));
        let migrations = found.pending.clone();
        assert!(migrations.len() >= 8);
        assert_eq!(inspect(&base).await.state, SchemaState::Empty, "looking made no tables");
        if let Some(folder) = base.folder() {
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "looking made no file");
        }

        let store = base.store().await;
        ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        let found = inspect(&base).await;
        assert_eq!(
            (found.state, found.applied, found.events),
            (SchemaState::Current, migrations.len(), Some(1))
        );
        assert!(found.pending.is_empty() && found.latency_us > 0);
        assert_eq!(found.clock_ahead_seconds.is_some(), base.folder().is_none());
        assert!(found.clock_ahead_seconds.unwrap_or(0.0).abs() < 5.0, "the same machine");
        store.close().await;

        // Of a version before the last migration, of one after, and changed by hand.
        let newest = migrations.iter().max().unwrap();
        for (change, state) in [
            (format!("DELETE FROM _sqlx_migrations WHERE version = {newest}"), SchemaState::Older),
            (
                format!(
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     SELECT 20991231000001, description, success, checksum, execution_time FROM _sqlx_migrations \
                     WHERE version <> {newest} LIMIT 1"
                ),
                SchemaState::Newer,
            ),
            ("UPDATE _sqlx_migrations SET checksum = 'another'".to_owned(), SchemaState::Foreign),
        ] {
            support::execute(&base, change.as_str()).await;
            assert_eq!(inspect(&base).await.state, state, "{change}");
        }
    }

    pub(super) async fn an_event_store_has_tables_of_its_own(pair: Pair) {
        let inspect = async |base: &Base| Schema::inspect_event_store(&base.url).await.unwrap();
        assert_eq!(inspect(&pair.events).await.state, SchemaState::Empty);
        let store = pair.store().await;
        ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        store.forward_events().await.unwrap();
        let found = inspect(&pair.events).await;
        assert_eq!((found.state, found.events), (SchemaState::Current, Some(1)));
        assert_eq!(inspect(&pair.tmas).await.state, SchemaState::Foreign, "a database of TMAs is none");
        let swapped = Schema::inspect(&pair.events.url).await.unwrap();
        assert_eq!(swapped.state, SchemaState::Foreign, "nor is an event store a database of TMAs");
    }
}

#[cfg(feature = "server")]
mod process {
    #![allow(clippy::unwrap_used)] // A test that fails says so.

    use std::process::Command;

    use serde_json::Value;

    #[test]
    fn the_program_says_it_as_json_and_by_its_status() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.db");
        std::fs::write(&text, "This is a file of text, not a database, and stays as it is.".repeat(20))
            .unwrap();
        for (url, status, state) in [
            (format!("sqlite:{}", folder.path().join("none.db").display()), 0, "empty"),
            (format!("sqlite:{}", text.display()), 78, "not_configured"),
            ("mysql://root:hunter2@x/y".to_owned(), 78, "not_configured"),
            ("postgres://awap:hunter2@127.0.0.1:1/awap".to_owned(), 1, "unavailable"),
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_awap-store"))
                .arg("--check")
                .env("DATABASE_URL", &url)
                .env_remove("AWAP_SEAL_KEY")
                .output()
                .unwrap();
            let said: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((output.status.code(), said["state"].as_str()), (Some(status), Some(state)), "{url}");
            let all = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&all).contains("hunter2"), "a password is shown");
        }
    }

    #[test]
    fn the_event_store_is_looked_at_where_it_is_another_database() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("none.db").display());
        for (events, status, state) in [
            (url.as_str(), 0, None),
            ("sqlite:/nowhere/at/all.db", 0, Some("empty")),
            ("mysql://root:hunter2@x/y", 78, Some("not_configured")),
            ("postgres://awap:hunter2@127.0.0.1:1/awap", 1, Some("unavailable")),
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_awap-store"))
                .arg("--check")
                .env("DATABASE_URL", &url)
                .env("EVENT_STORE_URL", events)
                .output()
                .unwrap();
            let said: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(said["state"], "empty");
            assert_eq!((output.status.code(), said["event_store"]["state"].as_str()), (Some(status), state));
            let all = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&all).contains("hunter2"), "a password is shown");
        }
    }
}
