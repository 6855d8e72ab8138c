//! SQLite locked by another process, and a disk that is full: calls say so, nothing is half-done, the store goes on.
#![cfg(feature = "server")]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use awap_store::{Options, Store};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};
use support::process::Process;
use support::{Base, PSEUDONYM_KEY, SEAL_KEY, ask, on_sqlite, refused, text, tma};

/// Every table of a TMA has as many rows as there are TMAs.
async fn nothing_is_half_done(base: &Base, tmas: i64) {
    for count in [
        "SELECT COUNT(*) FROM tmas",
        "SELECT COUNT(*) FROM tma_originals",
        "SELECT COUNT(*) FROM jobs",
        "SELECT COUNT(*) FROM audit_log WHERE action = 'tma.create'",
        "SELECT COUNT(*) FROM events WHERE type = 'tma.submitted'",
    ] {
        assert_eq!(support::count(base, count).await, tmas, "{count}");
    }
}

#[test]
fn a_lock_of_another_process_is_waited_for_and_then_told() {
    on_sqlite(|base| async move {
        let store = base.store().await;
        let created = ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        let mut other = sqlx::SqliteConnection::connect(&base.url).await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        let start = Instant::now();
        let refusals: Vec<_> = (2..5)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { refused(&store, "create_tma", json!({"tma": tma(n)})).await.0 })
            })
            .collect();
        // Who only reads is not kept waiting.
        ask(&store, "get_tma", json!({"id": created["id"]})).await;
        assert!(start.elapsed() < Duration::from_secs(2));
        for refusal in refusals {
            assert_eq!(refusal.await.unwrap(), "unavailable");
        }
        let waited = start.elapsed();
        assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(20), "{waited:?}");
        assert_eq!(unwell(&store).await, "The database is locked by another process.");
        other.execute("ROLLBACK").await.unwrap();
        nothing_is_half_done(&base, 1).await;

        // A lock that is let go in time costs a wait and nothing else.
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        let waiting = {
            let store = store.clone();
            tokio::spawn(async move { ask(&store, "create_tma", json!({"tma": tma(6)})).await })
        };
        tokio::time::sleep(Duration::from_millis(500)).await;
        other.execute("ROLLBACK").await.unwrap();
        waiting.await.unwrap();
        nothing_is_half_done(&base, 2).await;
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
    });
}

#[test]
fn a_file_that_another_process_writes_to_is_waited_for_at_the_start() {
    on_sqlite(|base| async move {
        // A file without a write-ahead log yet: whoever writes to it keeps it from getting one.
        let url = format!("{}?mode=rwc", base.url);
        let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
        other.execute("CREATE TABLE of_another (id INTEGER); BEGIN IMMEDIATE").await.unwrap();
        let refusal = Store::open(base.options()).await.unwrap_err();
        assert_eq!(refusal.message(), "The database is locked by another process.");

        let starting = tokio::spawn(Store::open(base.options()));
        tokio::time::sleep(Duration::from_millis(500)).await;
        other.execute("ROLLBACK").await.unwrap();
        let store = starting.await.unwrap().unwrap();
        ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        nothing_is_half_done(&base, 1).await;
    });
}

/// Why the store says that it is degraded.
async fn unwell(store: &Store) -> String {
    let health = ask(store, "health_check", json!({})).await;
    assert_eq!(health["status"], "degraded", "{health}");
    text(&health["message"])
}

/// A TMA that fills a disk in a few steps.
fn large(n: usize) -> Value {
    let mut large = tma(n);
    large["content"]["text"] = json!("x".repeat(60_000));
    large
}

#[test]
fn a_file_that_cannot_grow_loses_nothing() {
    on_sqlite(|base| async move {
        // The shell ignores the signal that comes with the limit, and so does the process it becomes: writes fail.
        let mut shell = Command::new("bash");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\"", env!("CARGO_BIN_EXE_awap-store")]);
        let mut limited = Process::start_by(shell, &base.url);
        let mut accepted = Vec::new();
        let refusal = loop {
            let mut answer = limited.answer("create_tma", &json!({"tma": large(accepted.len())}));
            if answer["success"] == false {
                break answer["error"].take();
            }
            accepted.push(text(&answer["data"]["id"]));
            assert!(accepted.len() < 1000, "the limit is not kept");
        };
        assert_eq!(refusal["code"], "unavailable", "{refusal}");
        assert!(!accepted.is_empty());
        // There may be room for one more once the write-ahead log was folded in: then it is kept as well.
        for n in 0..10 {
            let mut answer = limited.answer("create_tma", &json!({"tma": large(n)}));
            if answer["success"] == true {
                accepted.push(text(&answer["data"]["id"]));
            } else {
                assert_eq!(answer["error"].take()["code"], "unavailable");
            }
        }
        assert_eq!(
            limited.ask("get_tma", &json!({"id": accepted[0]}))["status"],
            "pending",
            "it still reads"
        );
        limited.kill();

        let mut free = Process::start(&base.url);
        for id in &accepted {
            assert_eq!(free.ask("get_tma", &json!({"id": id}))["status"], "pending");
        }
        free.ask("create_tma", &json!({"tma": large(0)}));
        assert_eq!(free.ask("verify_events", &json!({}))["valid"], true);
        assert_eq!(free.end().0, Some(0));
        nothing_is_half_done(&base, i64::try_from(accepted.len()).unwrap() + 1).await;
    });
}

/// A small file system, gone when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "awap-test"]).arg(at).output();
        status.is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    fn grow(&self) {
        support::cluster::run(Command::new("mount").args(["-o", "remount,size=16m"]).arg(self.0));
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily: the store may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_the_store_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        eprintln!("skipped: a full disk (this user may not mount a small file system)");
        return;
    };
    support::runtime().block_on(async {
        let url = format!("sqlite:{}", folder.path().join("awap.db").display());
        let store = Store::open(Options::new(&url, SEAL_KEY, PSEUDONYM_KEY).unwrap()).await.unwrap();
        let mut accepted = Vec::new();
        let refusal = loop {
            match store.command("create_tma", json!({"tma": large(accepted.len())})).await {
                Ok(created) => accepted.push(text(&created["id"])),
                Err(error) => break error,
            }
            assert!(accepted.len() < 1000, "the disk is not small");
        };
        assert_eq!(refusal.code().as_str(), "unavailable", "{refusal} {:?}", refusal.details());
        assert_eq!(unwell(&store).await, "The disk is full.");
        for n in 0..10 {
            match store.command("create_tma", json!({"tma": large(n)})).await {
                Ok(created) => accepted.push(text(&created["id"])),
                Err(error) => assert_eq!(error.code().as_str(), "unavailable", "{error}"),
            }
        }
        let path = folder.path().join("copy");
        assert_eq!(refused(&store, "backup", json!({"path": path})).await.0, "unavailable");
        assert!(!path.exists(), "a backup that is not whole does not get its name");
        for id in &accepted {
            assert_eq!(
                ask(&store, "get_tma", json!({"id": id})).await["status"],
                "pending",
                "it still reads"
            );
        }
        disk.grow();
        ask(&store, "create_tma", json!({"tma": large(0)})).await;
        let stats = ask(&store, "stats", json!({})).await;
        assert_eq!(stats["tmas"]["pending"], accepted.len() + 1);
        assert_eq!(stats["queue_depth"], accepted.len() + 1);
        let verified = ask(&store, "verify_events", json!({})).await;
        assert_eq!((&verified["valid"], &verified["events"]), (&json!(true), &json!(accepted.len() + 1)));
        store.close().await;
    });
    drop(disk);
}
