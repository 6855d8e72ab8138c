//! `verify_events`: what was done to the past shows, also where it was done with care.

mod support;

on_each_database!(
    every_change_to_the_past_shows,
    a_chain_made_anew_without_the_key_shows,
    what_was_cut_off_or_added_shows,
    the_next_event_sets_nothing_right,
    a_place_kept_elsewhere_shows_a_past_that_was_changed_whole,
    many_events_are_verified_in_parts,
    the_end_of_another_key_is_accepted_by_a_person,
);

#[allow(clippy::unwrap_used, clippy::panic)] // A test that fails says so.
mod body {
    use awap_store::{Options, Store};
    use serde_json::{Value, json};
    use sha2::{Digest as _, Sha256};

    use crate::support::{Base, SEAL_KEY, ask, execute, execute_made, refused, text, texts};

    async fn append(store: &Store, n: usize) {
        ask(store, "append_event", json!({"stream_id": "s", "type": "t", "data": {"n": n}})).await;
    }

    async fn verify(store: &Store) -> Value {
        ask(store, "verify_events", json!({})).await
    }

    pub(super) async fn every_change_to_the_past_shows(base: Base) {
        let store = base.store().await;
        for n in 1..=3 {
            append(&store, n).await;
        }
        for (change, undo, at) in [
            (
                r#"UPDATE events SET data = '{"n":9}' WHERE global_position = 2"#,
                r#"UPDATE events SET data = '{"n":2}' WHERE global_position = 2"#,
                2,
            ),
            (
                "UPDATE events SET stream_id = 'x' WHERE global_position = 1",
                "UPDATE events SET stream_id = 's' WHERE global_position = 1",
                1,
            ),
            (
                "UPDATE events SET version = 7 WHERE global_position = 3",
                "UPDATE events SET version = 3 WHERE global_position = 3",
                3,
            ),
            (
                "UPDATE events SET type = 'u' WHERE global_position = 3",
                "UPDATE events SET type = 't' WHERE global_position = 3",
                3,
            ),
            (
                r#"UPDATE events SET metadata = '{"actor_id":"x"}' WHERE global_position = 1"#,
                "UPDATE events SET metadata = '{}' WHERE global_position = 1",
                1,
            ),
            (
                "UPDATE events SET global_position = 9 WHERE global_position = 2",
                "UPDATE events SET global_position = 2 WHERE global_position = 9",
                2,
            ),
            // Two change places.
            (
                "UPDATE events SET global_position = CASE global_position WHEN 1 THEN -2 ELSE -1 END \
                 WHERE global_position < 3; UPDATE events SET global_position = -global_position \
                 WHERE global_position < 0",
                "UPDATE events SET global_position = CASE global_position WHEN 1 THEN -2 ELSE -1 END \
                 WHERE global_position < 3; UPDATE events SET global_position = -global_position \
                 WHERE global_position < 0",
                1,
            ),
            ("DELETE FROM events WHERE global_position = 1", "SELECT 1", 1),
        ] {
            assert_eq!(verify(&store).await["valid"], true, "before {change}");
            execute(&base, change).await;
            let found = verify(&store).await;
            assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &json!(at)), "{change}");
            assert!(found["fault"].is_string());
            execute(&base, undo).await;
        }
    }

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut out, byte| {
            write!(out, "{byte:02x}").unwrap();
            out
        })
    }

    /// Bytes as each database writes them.
    fn blob(base: &Base, hex: &str) -> String {
        if base.folder().is_some() { format!("x'{hex}'") } else { format!("decode('{hex}', 'hex')") }
    }

    /// Makes every hash and the end anew, as anybody can who may write to the database.
    async fn rehash(base: &Base) {
        let rows = texts(
            base,
            "SELECT global_position || '|' || version || '|' || replace(event_id, '-', '') || '|' || stream_id || '|' \
             || type || '|' || data || '|' || metadata || '|' || recorded_at FROM events ORDER BY global_position",
            "SELECT global_position || '|' || version || '|' || replace(event_id::text, '-', '') || '|' || stream_id \
             || '|' || type || '|' || data || '|' || metadata || '|' \
             || to_char(recorded_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM events ORDER BY global_position",
        )
        .await;
        let (mut last, mut position) = (vec![0_u8; 32], 0_i64);
        for row in rows {
            let fields: Vec<&str> = row.split('|').collect();
            position = fields[0].parse().unwrap();
            let mut digest = Sha256::new();
            digest.update(&last);
            digest.update(position.to_be_bytes());
            digest.update(fields[1].parse::<i64>().unwrap().to_be_bytes());
            let id: Vec<u8> =
                (0..16).map(|i| u8::from_str_radix(&fields[2][2 * i..2 * i + 2], 16).unwrap()).collect();
            digest.update(id);
            for text in &fields[3..] {
                digest.update((text.len() as u64).to_be_bytes());
                digest.update(text);
            }
            let hash = digest.finalize().to_vec();
            let (before, after) = (blob(base, &hex(&last)), blob(base, &hex(&hash)));
            execute_made(
                base,
                format!("UPDATE events SET prev_hash = {before}, hash = {after} WHERE global_position = {position}"),
            )
            .await;
            last = hash;
        }
        let hash = blob(base, &hex(&last));
        execute_made(base, format!("UPDATE event_head SET global_position = {position}, hash = {hash}"))
            .await;
    }

    pub(super) async fn a_chain_made_anew_without_the_key_shows(base: Base) {
        let store = base.store().await;
        for n in 1..=3 {
            append(&store, n).await;
        }
        rehash(&base).await;
        assert_eq!(verify(&store).await["valid"], true, "made anew as it was, it is the same");
        execute(&base, r#"UPDATE events SET data = '{"n":9}' WHERE global_position = 2"#).await;
        rehash(&base).await;
        let found = verify(&store).await;
        assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &Value::Null));
        assert_eq!(found["events"], 3, "the hashes fit, and only the end is not the store's");
        assert!(text(&found["fault"]).contains("end of the chain"));
        // Nor does it help to take the MAC away.
        execute(&base, "UPDATE event_head SET mac = NULL").await;
        assert_eq!(verify(&store).await["valid"], false);
    }

    pub(super) async fn what_was_cut_off_or_added_shows(base: Base) {
        let store = base.store().await;
        for n in 1..=4 {
            append(&store, n).await;
        }
        let (head, back) = (
            "UPDATE event_head SET global_position = 3, hash = (SELECT hash FROM events WHERE global_position = 3)",
            "UPDATE event_head SET global_position = 4, hash = (SELECT hash FROM events WHERE global_position = 4)",
        );
        // The end is moved to before the last event; then that is taken away, too.
        execute(&base, head).await;
        assert_eq!(verify(&store).await["fault_at"], 4);
        execute(&base, back).await;
        assert_eq!(verify(&store).await["valid"], true);

        // One is added after the end, or before the beginning.
        for (position, version) in [(5, 5), (0, 6), (-7, 7)] {
            execute_made(
                &base,
                format!(
                    "INSERT INTO events (global_position, stream_id, version, event_id, type, data, metadata, \
                     recorded_at, prev_hash, hash) SELECT {position}, stream_id, {version}, \
                     '018f0000-0000-4000-8000-00000000000{version}', type, data, metadata, recorded_at, prev_hash, \
                     hash FROM events WHERE global_position = 4"
                ),
            )
            .await;
            let found = verify(&store).await;
            assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &json!(position)));
            execute_made(&base, format!("DELETE FROM events WHERE global_position = {position}")).await;
        }

        execute(&base, "DELETE FROM events WHERE global_position = 4").await;
        assert_eq!(verify(&store).await["fault_at"], 4);
        execute(&base, head).await;
        let found = verify(&store).await;
        assert_eq!((&found["valid"], &found["events"]), (&json!(false), &json!(3)));
    }

    pub(super) async fn the_next_event_sets_nothing_right(base: Base) {
        let store = base.store().await;
        for n in 1..=3 {
            append(&store, n).await;
        }
        execute(&base, r#"UPDATE events SET data = '{"n":9}' WHERE global_position = 2"#).await;
        rehash(&base).await;
        for n in 4..=6 {
            append(&store, n).await;
        }
        let found = verify(&store).await;
        assert_eq!((&found["valid"], &found["events"]), (&json!(false), &json!(6)));
        assert_eq!(ask(&store, "event_store_status", json!({})).await["authentic"], false);
    }

    pub(super) async fn a_place_kept_elsewhere_shows_a_past_that_was_changed_whole(base: Base) {
        let store = base.store().await;
        append(&store, 1).await;
        let earlier = texts(
            &base,
            "SELECT lower(hex(mac)) FROM event_head",
            "SELECT encode(mac, 'hex') FROM event_head",
        )
        .await
        .remove(0);
        append(&store, 2).await;
        let place = verify(&store).await["head"].take();
        assert_eq!(place["global_position"], 2);
        append(&store, 3).await;
        let found = ask(&store, "verify_events", json!({"after": place})).await;
        assert_eq!((&found["valid"], &found["events"]), (&json!(true), &json!(1)));

        // All that the database held at an earlier time is put back, end and MAC included.
        execute(&base, "DELETE FROM events WHERE global_position > 1").await;
        let mac = blob(&base, &earlier);
        execute_made(
            &base,
            format!(
                "UPDATE event_head SET global_position = 1, mac = {mac}, \
                 hash = (SELECT hash FROM events WHERE global_position = 1)"
            ),
        )
        .await;
        assert_eq!(verify(&store).await["valid"], true, "the database alone does not tell");
        let found = ask(&store, "verify_events", json!({"after": place})).await;
        assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &json!(2)));
        append(&store, 4).await;
        let found = ask(&store, "verify_events", json!({"after": place})).await;
        assert_eq!(
            (&found["valid"], &found["fault_at"]),
            (&json!(false), &json!(2)),
            "nor with other events"
        );
    }

    pub(super) async fn many_events_are_verified_in_parts(base: Base) {
        let store = base.store().await;
        for n in 0..25 {
            append(&store, n).await;
        }
        let (mut after, mut events, mut calls) = (Value::Null, 0, 0);
        loop {
            let found = ask(&store, "verify_events", json!({"after": after, "limit": 10})).await;
            assert_eq!(found["valid"], true);
            events += found["events"].as_i64().unwrap();
            calls += 1;
            after = found["checked"].clone();
            if found["complete"] == true {
                break;
            }
        }
        assert_eq!((events, calls), (25, 3));
        execute(&base, "UPDATE events SET data = '{}' WHERE global_position = 24").await;
        let found = ask(&store, "verify_events", json!({"limit": 10})).await;
        assert_eq!((&found["valid"], &found["complete"]), (&json!(true), &json!(false)));
        let found = ask(&store, "verify_events", json!({"after": found["checked"]})).await;
        assert_eq!(found["fault_at"], 24);
        for (data, path) in [
            (json!({"after": {"global_position": 1, "hash": "xyz"}}), "after.hash"),
            (json!({"after": {"global_position": 1}}), "after.hash"),
            (json!({"limit": 0}), "limit"),
            (json!({"of": "elsewhere"}), "of"),
        ] {
            assert_eq!(refused(&store, "verify_events", data).await, ("invalid_input".into(), path.into()));
        }
    }

    pub(super) async fn the_end_of_another_key_is_accepted_by_a_person(base: Base) {
        let store = base.store().await;
        append(&store, 1).await;
        let request = json!({"reason": "new key", "actor": {"id": "officer", "type": "user"}});
        assert_eq!(
            refused(&store, "accept_events", request.clone()).await.0,
            "conflict",
            "nothing to accept"
        );
        let options = Options::new(&base.url, SEAL_KEY, &"0f".repeat(32)).unwrap();
        let store = Store::open(options).await.unwrap();
        append(&store, 2).await;
        let found = verify(&store).await;
        assert_eq!((&found["valid"], &found["fault_at"]), (&json!(false), &Value::Null));

        let accepted = ask(&store, "accept_events", request.clone()).await;
        assert_eq!((&accepted["type"], &accepted["global_position"]), (&json!("events.accepted"), &json!(3)));
        assert_eq!(accepted["data"], json!({"global_position": 2, "hash": found["head"]["hash"]}));
        assert_eq!(verify(&store).await["valid"], true);
        let audit = ask(&store, "list_audit", json!({"action": "event.accept"})).await;
        assert_eq!(audit["entries"][0]["metadata"]["reason"], "new key");
        assert_eq!(audit["entries"][0]["actor_id"], "officer");

        // What was changed is not accepted: nobody knows what it was.
        execute(&base, "UPDATE events SET data = '{}' WHERE global_position = 1").await;
        assert_eq!(refused(&store, "accept_events", request).await.0, "conflict");
    }
}
