//! PostgreSQL gone and back: calls say so, nothing is half-done, the store goes on without a restart.

mod support;

use std::time::{Duration, Instant};

use awap_store::Store;
use serde_json::json;
use support::gate::Gate;
use support::{Base, ask, on_postgres, refused, tma};

#[test]
fn the_store_goes_on_when_the_database_is_back() {
    on_postgres("the_store_goes_on_when_the_database_is_back", |base: Base| async move {
        let (mut gate, url) = Gate::before(&base.url);
        let mut options = base.options();
        options.database_url = url;
        let store = Store::open_lazily(options).unwrap();
        assert_eq!(refused(&store, "health_check", json!({})).await.0, "unavailable", "not there yet");

        gate.open();
        ask(&store, "create_tma", json!({"tma": tma(1)})).await;

        // Cut in the midst of work: each TMA is there or is not, and none was answered that is not.
        let writers: Vec<_> = (0..4)
            .map(|w| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut answered = 0;
                    loop {
                        match store.command("create_tma", json!({"tma": tma(w)})).await {
                            Ok(_) => answered += 1,
                            Err(error) => return (answered, error.code().to_string()),
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        gate.close().await;
        let mut answered = 1;
        for writer in writers {
            let (n, code) = writer.await.unwrap();
            assert_eq!(code, "unavailable");
            answered += n;
        }
        let start = Instant::now();
        assert_eq!(
            refused(&store, "claim_job", json!({"worker": "w", "lease_ms": 1000})).await.0,
            "unavailable"
        );
        assert!(start.elapsed() < Duration::from_secs(7), "a call does not hang");

        // While one call finds out whether it is back, no other waits.
        let finding_out = {
            let store = store.clone();
            tokio::spawn(async move { refused(&store, "stats", json!({})).await.0 })
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        let start = Instant::now();
        for _ in 0..100 {
            assert_eq!(refused(&store, "create_tma", json!({"tma": tma(1)})).await.0, "unavailable");
        }
        assert!(!finding_out.is_finished(), "{:?}", start.elapsed());
        assert_eq!(finding_out.await.unwrap(), "unavailable");

        gate.open();
        let kept = ask(&store, "stats", json!({})).await["tmas"]["pending"].as_i64().unwrap();
        assert!(kept >= answered && kept <= answered + 4, "{answered} were answered, {kept} are kept");
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM jobs").await, kept);
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM tma_originals").await, kept);
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM audit_log").await, kept);
        assert_eq!(support::count(&base, "SELECT COUNT(*) FROM events").await, kept);
        assert_eq!(ask(&store, "verify_events", json!({})).await["valid"], true);
    });
}
