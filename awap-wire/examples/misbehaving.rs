//! A server whose commands hang, panic, overflow the stack, abort or flood, for the tests of what becomes of it.

use std::time::Duration;

use awap_core::{Deadline, Result};
use awap_wire::{Config, Handler, serve_stdio};
use serde_json::{Value, json};

struct Misbehaving;

impl Handler for Misbehaving {
    fn handle(&self, command: &str, data: Value, _: &Deadline) -> Result<Value> {
        match command {
            "hang" => loop {
                std::thread::sleep(Duration::from_hours(1));
            },
            "spin" => loop {
                std::hint::spin_loop();
            },
            #[allow(clippy::panic, reason = "it is what the command is for")]
            "panic" => panic!("the data was {data}"),
            "abort" => std::process::abort(),
            "overflow" => Ok(json!(overflow(1))),
            "flood" => Ok(json!({"flood": "x".repeat(1 << 20)})),
            _ => Ok(json!({"pid": std::process::id()})),
        }
    }
}

/// Recurses until the stack ends.
fn overflow(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    if depth == 0 { 0 } else { overflow(page[0] + 1).wrapping_add(page[1]) }
}

fn main() -> std::io::Result<()> {
    let config = Config { jobs: 2, timeout: Duration::from_millis(500), ..Config::default() };
    serve_stdio(Misbehaving, &config)
}
