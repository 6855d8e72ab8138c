//! The event store: order, versions, idempotence, the chain, and reading it from elsewhere, on both databases.

mod support;

use support::{ask, refused, text, tma};

on_each_database!(
    versions_and_positions_have_no_gaps_under_concurrency,
    appending_again_changes_nothing,
    another_version_is_a_conflict,
    pages_go_both_ways_and_filters_match,
    a_reader_who_follows_all_skips_nothing,
    a_reader_elsewhere_sees_the_same,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use awap_core::Deadline;
    use awap_core::protocol::EventReader;
    use awap_store::{EventSource, Store};
    use serde_json::{Value, json};

    use crate::support::Base;

    async fn append(store: &Store, stream: &str, kind: &str, n: usize) -> Value {
        ask(store, "append_event", json!({"stream_id": stream, "type": kind, "data": {"n": n}})).await
    }

    async fn read(store: &Store, stream: &str, opts: Value) -> (Vec<i64>, Value) {
        let page = ask(store, "query_events", json!({"stream_id": stream, "opts": opts})).await;
        let events = page["events"].as_array().unwrap();
        (events.iter().map(|event| event["data"]["n"].as_i64().unwrap()).collect(), page["next"].clone())
    }

    pub(super) async fn versions_and_positions_have_no_gaps_under_concurrency(base: Base) {
        let stores = [base.store().await, base.store().await];
        let writers: Vec<_> = (0..8)
            .map(|w| {
                let store = stores[w % 2].clone();
                tokio::spawn(async move {
                    for n in 0..25 {
                        append(&store, &format!("s{}", n % 3), "t", n).await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let page =
            ask(&stores[0], "query_events", json!({"stream_id": "$all", "opts": {"max_count": 1000}})).await;
        let events = page["events"].as_array().unwrap();
        assert_eq!((events.len(), &page["next"]), (200, &Value::Null));
        let mut versions = std::collections::BTreeMap::new();
        for (i, event) in events.iter().enumerate() {
            assert_eq!(event["global_position"], i + 1);
            let version = versions.entry(text(&event["stream_id"])).or_insert(0);
            *version += 1;
            assert_eq!(event["version"], *version);
        }
        let verified = ask(&stores[1], "verify_events", json!({})).await;
        assert_eq!((&verified["valid"], &verified["events"]), (&json!(true), &json!(200)));
    }

    pub(super) async fn appending_again_changes_nothing(base: Base) {
        let store = base.store().await;
        let mut event = json!({"stream_id": "s", "type": "t", "data": {"big": 1e16, "zero": -0.0, "nul": "\u{0}"},
            "metadata": {"by": "me"}, "event_id": "6f1c3a52-6d5e-4a55-9a3b-0d6a4e8f2b11"});
        let first = ask(&store, "append_event", event.clone()).await;
        assert_eq!(first["data"], event["data"]);
        assert_eq!(ask(&store, "append_event", event.clone()).await, first);
        let page = ask(&store, "query_events", json!({"stream_id": "s"})).await;
        assert_eq!(page["events"], json!([first]));
        event["data"] = json!({"big": 2});
        assert_eq!(refused(&store, "append_event", event).await.0, "conflict");
        assert_eq!(ask(&store, "verify_events", json!({})).await["events"], 1);
    }

    pub(super) async fn another_version_is_a_conflict(base: Base) {
        let store = base.store().await;
        let at = |version: i64| json!({"stream_id": "s", "type": "t", "expected_version": version});
        assert_eq!(refused(&store, "append_event", at(1)).await.0, "conflict");
        assert_eq!(ask(&store, "append_event", at(0)).await["version"], 1);
        assert_eq!(refused(&store, "append_event", at(0)).await.0, "conflict");
        assert_eq!(ask(&store, "append_event", at(1)).await["version"], 2);
    }

    pub(super) async fn pages_go_both_ways_and_filters_match(base: Base) {
        let store = base.store().await;
        for n in 1..=5 {
            append(&store, "s", if n % 2 == 0 { "even" } else { "odd" }, n).await;
            append(&store, "other", "odd", n + 100).await;
        }
        for (stream, opts, numbers, next) in [
            ("s", json!({}), vec![1, 2, 3, 4, 5], json!(null)),
            ("s", json!({"max_count": 2}), vec![1, 2], json!(3)),
            ("s", json!({"max_count": 2, "from_version": 3}), vec![3, 4], json!(5)),
            ("s", json!({"from_version": 6}), vec![], json!(null)),
            ("s", json!({"direction": "backward", "max_count": 2}), vec![5, 4], json!(3)),
            ("s", json!({"direction": "backward", "from_version": 2}), vec![2, 1], json!(null)),
            ("s", json!({"types": ["even"], "max_count": 1}), vec![2], json!(4)),
            ("$all", json!({"from_version": 9}), vec![5, 105], json!(null)),
            ("$all", json!({"max_count": 1, "types": ["even", "none"]}), vec![2], json!(7)),
            ("s", json!({"until": "2001-01-01T00:00:00Z"}), vec![], json!(null)),
            ("s", json!({"since": "2001-01-01T01:00:00+01:00", "max_count": 1}), vec![1], json!(2)),
            ("none", json!({}), vec![], json!(null)),
        ] {
            assert_eq!(read(&store, stream, opts.clone()).await, (numbers, next), "{stream} {opts}");
        }
    }

    /// Positions become visible in their order: whoever has read up to one finds nothing new before it, ever.
    pub(super) async fn a_reader_who_follows_all_skips_nothing(base: Base) {
        let stores = [base.store().await, base.store().await];
        let written = Arc::new(AtomicBool::new(false));
        let (writer_count, each) = (8, 30);
        let writers: Vec<_> = (0..writer_count)
            .map(|w| {
                let store = stores[w % 2].clone();
                tokio::spawn(async move {
                    for n in 0..each {
                        // Transactions of one statement and of many, with one event and with several.
                        if n % 3 == 0 {
                            ask(&store, "create_tma", json!({"tma": tma(w)})).await;
                        } else {
                            append(&store, &format!("s{}", n % 5), "t", n).await;
                        }
                    }
                })
            })
            .collect();
        let readers: Vec<_> = (0..3)
            .map(|r| {
                let (url, written) = (base.url.clone(), written.clone());
                // In a process that only reads, or in the store that writes.
                let source = EventSource::connect(&url).unwrap();
                let store = stores[r % 2].clone();
                let handle = tokio::runtime::Handle::current();
                tokio::task::spawn_blocking(move || {
                    let mut last = 0;
                    loop {
                        let ending = written.load(Ordering::Relaxed);
                        let data =
                            json!({"stream_id": "$all", "opts": {"from_version": last + 1, "max_count": 7}});
                        let page = match r {
                            0 => source.query_events(&data, &Deadline::never()).unwrap(),
                            1 => handle.block_on(ask(&store, "query_events", data)),
                            _ => handle.block_on(ask(
                                &store,
                                "follow_events",
                                json!({"after": last, "limit": 7}),
                            )),
                        };
                        let events = page["events"].as_array().unwrap();
                        for event in events {
                            assert_eq!(event["global_position"], last + 1, "reader {r} skipped an event");
                            last += 1;
                        }
                        if events.is_empty() && ending {
                            return last;
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        written.store(true, Ordering::Relaxed);
        for reader in readers {
            assert_eq!(reader.await.unwrap(), (writer_count * each) as u64);
        }
    }

    pub(super) async fn a_reader_elsewhere_sees_the_same(base: Base) {
        let url = base.url.clone();
        // Before there is a database, or before it is set up, a query fails and nothing else does.
        let source = std::sync::Arc::new(EventSource::connect(&url).unwrap());
        let query = async |data: Value| {
            let source = source.clone();
            tokio::task::spawn_blocking(move || source.query_events(&data, &Deadline::never())).await.unwrap()
        };
        let early = query(json!({"stream_id": "$all"})).await.unwrap_err();
        assert_eq!(early.code().as_str(), "unavailable");

        let store = base.store().await;
        ask(&store, "create_tma", json!({"tma": tma(1)})).await;
        let data = json!({"stream_id": "$all", "opts": {"max_count": 10}});
        let here = ask(&store, "query_events", data.clone()).await;
        assert_eq!(here["events"][0]["type"], "tma.submitted");
        assert_eq!(query(data).await.unwrap(), here);
        let wrong = query(json!({"stream_id": "s", "opts": {"max_count": 0}})).await.unwrap_err();
        assert_eq!(wrong.details()["path"], "opts.max_count");
        for bad in ["", "mysql://x", "sqlite::memory:", "postgres://[", "/var/lib/awap.db"] {
            assert_eq!(EventSource::connect(bad).unwrap_err().code().as_str(), "not_configured", "{bad}");
        }
        tokio::task::spawn_blocking(move || drop(source)).await.unwrap();
    }
}
