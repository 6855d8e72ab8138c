//! `query_events` on a real event store: what a store wrote, the Port reads, while both have it open.
#![allow(clippy::expect_used, reason = "a test says what failed by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use awap_store::{Options, Store};
use serde_json::{Value, json};

#[test]
fn the_port_reads_what_the_store_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}/awap.db", folder.path().display());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let key = "07".repeat(32);
    let options = Options::new(&url, &key, &key).expect("options");
    let store = runtime.block_on(Store::open(options)).expect("a store");
    let append = |n: u32| {
        let event = json!({"stream_id": "tma-1", "type": "tma.noted", "data": {"n": n}, "metadata": {}});
        runtime.block_on(store.command("append_event", event)).expect("appended");
    };

    let mut port = Command::new(env!("CARGO_BIN_EXE_awap-port"))
        .env_clear()
        .env("DATABASE_URL", &url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdin = port.stdin.take().expect("piped");
    let mut stdout = BufReader::new(port.stdout.take().expect("piped"));
    let mut query = |data: Value| -> Value {
        writeln!(stdin, "{}", json!({"request_id": 1, "command": "query_events", "data": data}))
            .expect("sent");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    };
    let numbers = |answer: &Value| -> Vec<u64> {
        let events = answer["data"]["events"].as_array().expect("events");
        events.iter().map(|event| event["data"]["n"].as_u64().expect("n")).collect()
    };

    assert!(numbers(&query(json!({"stream_id": "tma-1", "opts": {}}))).is_empty());
    append(1);
    append(2);
    assert_eq!(numbers(&query(json!({"stream_id": "tma-1"}))), [1, 2]);
    let last = json!({"stream_id": "$all", "opts": {"direction": "backward", "max_count": 1}});
    assert_eq!(numbers(&query(last)), [2]);
    let wrong = query(json!({"stream_id": 7}));
    assert_eq!(wrong["error"]["code"], "invalid_input");

    drop(stdin);
    assert!(port.wait().expect("waited").success());
    runtime.block_on(store.close());
}
