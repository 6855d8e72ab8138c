//! Events kept elsewhere than the TMAs: every event is copied, once, in order, whatever goes away meanwhile.

mod support;

on_each_pair!(
    events_elsewhere_are_the_same_in_the_same_order,
    copying_goes_on_where_it_was_whatever_died,
    other_events_are_not_mixed_in,
    what_was_changed_is_not_copied,
    a_lost_event_store_is_filled_again,
    what_a_person_accepted_is_accepted_there_too,
    a_place_that_is_not_copied_yet_is_told_from_one_that_is_missing,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use awap_core::Deadline;
    use awap_core::protocol::EventReader;
    use awap_store::{EventQuery, EventSource, Options, Store};
    use serde_json::{Value, json};

    use crate::support::gate::Gate;
    use crate::support::pair::{Kind, Pair, on_pair};
    use crate::support::{self, SEAL_KEY, ask, completed, execute, refused, tma};

    /// Copies until nothing is left.
    async fn forward_all(store: &Store) -> usize {
        let mut copied = 0;
        loop {
            match store.forward_events().await.unwrap() {
                0 => return copied,
                n => copied += n,
            }
        }
    }

    async fn append(store: &Store, stream: &str, n: usize) -> Value {
        ask(store, "append_event", json!({"stream_id": stream, "type": "t", "data": {"n": n, "x": 1e300}}))
            .await
    }

    /// Every event that a database holds, with its hash.
    async fn rows(base: &support::Base) -> Vec<String> {
        support::texts(
            base,
            "SELECT global_position || '|' || stream_id || '|' || version || '|' || event_id || '|' || type || '|' \
             || data || '|' || metadata || '|' || lower(hex(prev_hash)) || '|' || lower(hex(hash)) \
             FROM events ORDER BY global_position",
            "SELECT global_position || '|' || stream_id || '|' || version || '|' || event_id || '|' || type || '|' \
             || data || '|' || metadata || '|' || encode(prev_hash, 'hex') || '|' || encode(hash, 'hex') \
             FROM events ORDER BY global_position",
        )
        .await
    }

    pub(super) async fn events_elsewhere_are_the_same_in_the_same_order(pair: Pair) {
        let store = pair.store().await;
        let (id, _) = completed(&store, 1).await;
        for n in 0..1_200 {
            append(&store, if n % 3 == 0 { "a" } else { "b" }, n).await;
        }
        let all = json!({"stream_id": "$all", "opts": {"max_count": 1000}});
        assert_eq!(
            ask(&store, "query_events", all.clone()).await["events"],
            json!([]),
            "nothing is copied yet"
        );
        let status = ask(&store, "event_store_status", json!({})).await;
        assert_eq!((&status["kept"], &status["lag"]), (&json!("event_store"), &json!(1_203)));
        assert!(status["lag_seconds"].as_f64().unwrap() > 0.0);

        assert_eq!(forward_all(&store).await, 1_203);
        let copied = rows(&pair.events).await;
        assert_eq!(copied.len(), 1_203);
        assert_eq!(copied, rows(&pair.tmas).await);
        let status = ask(&store, "event_store_status", json!({})).await;
        assert_eq!(
            (&status["lag"], &status["authentic"], &status["fault"]),
            (&json!(0), &json!(true), &Value::Null)
        );

        // Who reads, reads there: the store, and a process that knows that database alone.
        let stream =
            json!({"stream_id": format!("tma-{}", id.as_str().unwrap()), "opts": {"direction": "backward"}});
        let here = ask(&store, "query_events", stream.clone()).await;
        assert_eq!(here["events"][0]["type"], "tma.completed");
        let source = EventSource::connect(&pair.events.url).unwrap();
        let there = tokio::task::spawn_blocking(move || source.query_events(&stream, &Deadline::never()));
        assert_eq!(there.await.unwrap().unwrap(), here);
        execute(&pair.tmas, "UPDATE events SET type = 'other' WHERE stream_id = 'a'").await;
        let read = ask(&store, "query_events", json!({"stream_id": "a", "opts": {"max_count": 1}})).await;
        assert_eq!(read["events"][0]["type"], "t");
    }

    pub(super) async fn copying_goes_on_where_it_was_whatever_died(pair: Pair) {
        // Two hosts write, and two forwarders are ended at any time and started again.
        let stores = [pair.store().await, pair.store().await];
        let writing = Arc::new(AtomicBool::new(true));
        let writers: Vec<_> = (0..4)
            .map(|w| {
                let (store, writing) = (stores[w % 2].clone(), writing.clone());
                tokio::spawn(async move {
                    let mut n = 0;
                    while writing.load(Ordering::Relaxed) || n < 100 {
                        append(&store, &format!("s{w}"), n).await;
                        n += 1;
                    }
                    n
                })
            })
            .collect();
        for round in 0..40 {
            let forwarder = stores[round % 2].clone();
            let forwarder = tokio::spawn(async move { forwarder.keep_forwarding().await });
            tokio::time::sleep(Duration::from_millis(7 * (round as u64 % 9))).await;
            // In the midst of whatever it does.
            forwarder.abort();
        }
        writing.store(false, Ordering::Relaxed);
        let mut written = 0;
        for writer in writers {
            written += writer.await.unwrap();
        }
        let (one, other) = tokio::join!(forward_all(&stores[0]), forward_all(&stores[1]));
        let copied = rows(&pair.events).await;
        assert_eq!(copied.len(), written, "{one} and {other} were copied at last");
        assert_eq!(copied, rows(&pair.tmas).await);
        for of in ["database", "event_store"] {
            let found = ask(&stores[0], "verify_events", json!({"of": of})).await;
            assert_eq!((&found["valid"], &found["events"]), (&json!(true), &json!(written)), "{of}");
        }
    }

    pub(super) async fn other_events_are_not_mixed_in(pair: Pair) {
        let store = pair.store().await;
        for n in 0..4 {
            append(&store, "s", n).await;
        }
        forward_all(&store).await;
        let kept = rows(&pair.events).await;

        // The database was restored from a backup of before: it lacks what the event store has.
        execute(&pair.tmas, "DELETE FROM events WHERE global_position > 2").await;
        execute(
            &pair.tmas,
            "UPDATE event_head SET global_position = 2, hash = (SELECT hash FROM events WHERE global_position = 2)",
        )
        .await;
        let error = store.forward_events().await.unwrap_err();
        assert_eq!(error.code().as_str(), "conflict");
        assert!(error.message().contains("EVENT_STORE_URL"), "{error}");
        // And has gone on differently.
        for n in 10..14 {
            append(&store, "s", n).await;
        }
        assert_eq!(store.forward_events().await.unwrap_err().code().as_str(), "conflict");
        assert_eq!(rows(&pair.events).await, kept);
        let found = ask(&store, "verify_events", json!({"of": "event_store"})).await;
        assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &json!(4)));

        // Whoever looks after it sees why.
        let forwarder = store.clone();
        let forwarder = tokio::spawn(async move { forwarder.keep_forwarding().await });
        let start = Instant::now();
        while ask(&store, "event_store_status", json!({})).await["fault"].is_null() {
            assert!(start.elapsed() < Duration::from_secs(20), "the fault is not told");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        forwarder.abort();
    }

    pub(super) async fn what_was_changed_is_not_copied(pair: Pair) {
        let store = pair.store().await;
        for n in 1..=3 {
            append(&store, "s", n).await;
        }
        execute(&pair.tmas, "UPDATE events SET data = '{}' WHERE global_position = 3").await;
        let error = store.forward_events().await.unwrap_err();
        assert_eq!((error.code().as_str(), &error.details()["global_position"]), ("conflict", &json!(3)));
        assert!(rows(&pair.events).await.is_empty());
    }

    pub(super) async fn a_lost_event_store_is_filled_again(pair: Pair) {
        let store = pair.store().await;
        append(&store, "s", 1).await;
        forward_all(&store).await;
        store.close().await;
        for table in ["events", "event_head", "_sqlx_migrations"] {
            support::execute_made(&pair.events, format!("DROP TABLE {table}")).await;
        }
        let store = pair.store().await;
        append(&store, "s", 2).await;
        assert_eq!(forward_all(&store).await, 2);
        assert_eq!(rows(&pair.events).await, rows(&pair.tmas).await);
    }

    pub(super) async fn what_a_person_accepted_is_accepted_there_too(pair: Pair) {
        let store = pair.store().await;
        append(&store, "s", 1).await;
        forward_all(&store).await;
        store.close().await;
        let mut options = Options::new(&pair.tmas.url, SEAL_KEY, &"0f".repeat(32)).unwrap();
        options.event_store_url = Some(pair.events.url.clone());
        let store = Store::open(options).await.unwrap();
        append(&store, "s", 2).await;
        forward_all(&store).await;
        let status = ask(&store, "event_store_status", json!({})).await;
        assert_eq!((&status["authentic"], &status["fault"]), (&json!(false), &Value::Null));
        for of in ["database", "event_store"] {
            let found = ask(&store, "verify_events", json!({"of": of})).await;
            assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &Value::Null), "{of}");
        }

        // An event that only looks like it does not do.
        let forged = json!({"stream_id": "event-store", "type": "events.accepted"});
        ask(&store, "append_event", forged).await;
        forward_all(&store).await;
        let of = json!({"of": "event_store"});
        assert_eq!(ask(&store, "verify_events", of.clone()).await["valid"], false);

        let who = json!({"reason": "new key", "actor": {"id": "officer", "type": "user"}});
        ask(&store, "accept_events", who).await;
        forward_all(&store).await;
        assert_eq!(ask(&store, "verify_events", of).await["valid"], true);
        assert_eq!(ask(&store, "event_store_status", json!({})).await["authentic"], true);
    }

    pub(super) async fn a_place_that_is_not_copied_yet_is_told_from_one_that_is_missing(pair: Pair) {
        let store = pair.store().await;
        append(&store, "s", 1).await;
        forward_all(&store).await;
        append(&store, "s", 2).await;
        let place = ask(&store, "verify_events", json!({})).await["head"].take();
        let question = json!({"of": "event_store", "after": place});
        let found = ask(&store, "verify_events", question.clone()).await;
        assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &json!(2)));
        assert!(support::text(&found["fault"]).contains("not been copied"), "{found}");
        forward_all(&store).await;
        assert_eq!(ask(&store, "verify_events", question).await["valid"], true);
    }

    /// A database of TMAs is no event store, by whatever name.
    #[test]
    fn a_database_of_tmas_is_refused() {
        support::on_sqlite(|base| async move {
            let mut options = base.options();
            options.event_store_url = Some(base.url.replace("awap.db", "./awap.db"));
            let store = Store::open(options).await.unwrap();
            let error = store.event_store_ready().await.unwrap_err();
            assert_eq!(error.code().as_str(), "not_configured");
            assert!(error.message().contains("TMAs"), "{error}");
            ask(&store, "create_tma", json!({"tma": tma(1)})).await;

            // Nor is the other way round: the tables of TMAs are not made beside another's events.
            let mut options = base.options();
            options.event_store_url = Some(base.url.clone());
            let same = Store::open(options).await.unwrap();
            assert!(!same.has_event_store());
            assert_eq!(
                ask(&same, "query_events", json!({"stream_id": "$all"})).await["events"][0]["version"],
                1
            );
            assert_eq!(
                refused(&same, "verify_events", json!({"of": "event_store"})).await.0,
                "not_configured"
            );
        });
    }

    #[test]
    fn an_event_store_that_is_away_holds_nothing_up_on_sqlite() {
        an_event_store_that_is_away_holds_nothing_up(Kind::Sqlite);
    }

    #[test]
    fn an_event_store_that_is_away_holds_nothing_up_on_postgres() {
        an_event_store_that_is_away_holds_nothing_up(Kind::Postgres);
    }

    fn an_event_store_that_is_away_holds_nothing_up(tmas: Kind) {
        let name = "an_event_store_that_is_away_holds_nothing_up";
        on_pair(name, [tmas, Kind::Postgres], |pair| async move {
            let (mut gate, url) = Gate::before(&pair.events.url);
            let mut options = pair.options();
            options.event_store_url = Some(url);
            let store = Store::open(options).await.unwrap();
            assert_eq!(store.event_store_ready().await.unwrap_err().code().as_str(), "unavailable");
            let forwarder = store.clone();
            let forwarder = tokio::spawn(async move { forwarder.keep_forwarding().await });

            completed(&store, 1).await;
            let (code, message) = refused(&store, "query_events", json!({"stream_id": "$all"})).await;
            assert_eq!(code, "unavailable");
            assert!(message.contains("EVENT_STORE_URL"), "{message}");
            assert_eq!(refused(&store, "event_store_status", json!({})).await.0, "unavailable");
            // Nobody takes the database for away, too.
            tokio::join!(ask(&store, "stats", json!({})), ask(&store, "stats", json!({})));
            assert_eq!(ask(&store, "health_check", json!({})).await["status"], "healthy");
            let page = ask(&store, "follow_events", json!({"after": 0})).await;
            assert_eq!((page["events"].as_array().unwrap().len(), &page["readable"]), (3, &json!(0)));

            gate.open();
            readable(&store, 3).await;
            // Away in the midst of copying, and back.
            gate.close().await;
            let (code, _) = refused(&store, "verify_events", json!({"of": "event_store"})).await;
            assert_eq!(code, "unavailable");
            tokio::join!(ask(&store, "stats", json!({})), ask(&store, "stats", json!({})));
            for n in 0..20 {
                append(&store, "s", n).await;
            }
            gate.open();
            readable(&store, 23).await;
            assert_eq!(rows(&pair.events).await, rows(&pair.tmas).await);
            forwarder.abort();
            gate.close().await;
        });
    }

    #[test]
    fn events_are_read_while_the_database_is_away() {
        let name = "events_are_read_while_the_database_is_away";
        on_pair(name, [Kind::Postgres, Kind::Sqlite], |pair| async move {
            let (mut gate, url) = Gate::before(&pair.tmas.url);
            let mut options = pair.options();
            options.database_url = url;
            gate.open();
            let store = Store::open(options).await.unwrap();
            append(&store, "s", 1).await;
            forward_all(&store).await;
            gate.close().await;
            let page = store.query_events(EventQuery::stream("s")).await.unwrap();
            assert_eq!(page.events.len(), 1);
            assert_eq!(store.forward_events().await.unwrap_err().code().as_str(), "unavailable");

            // Nor does anybody take the database for back: while one call finds out, no other waits.
            assert_eq!(refused(&store, "stats", json!({})).await.0, "unavailable");
            ask(&store, "query_events", json!({"stream_id": "s"})).await;
            let finding_out = {
                let store = store.clone();
                tokio::spawn(async move { refused(&store, "stats", json!({})).await.0 })
            };
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(refused(&store, "stats", json!({})).await.0, "unavailable");
            assert!(!finding_out.is_finished());
            assert_eq!(finding_out.await.unwrap(), "unavailable");

            gate.open();
            append(&store, "s", 2).await;
            assert_eq!(forward_all(&store).await, 1);
            gate.close().await;
        });
    }

    async fn readable(store: &Store, count: i64) {
        let start = Instant::now();
        loop {
            let status = store.command("event_store_status", json!({})).await;
            if status.is_ok_and(|status| status["head"]["global_position"] == count && status["lag"] == 0) {
                return;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "events are not copied");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
