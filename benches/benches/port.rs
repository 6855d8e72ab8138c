//! The Port: a round trip by size, with next to no work in it, and fixture TMAs by the number of threads.
//!
//! The program is `target/release/awap-port`, or the one that `CORE_EXECUTABLE` names.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use awap_benches::fixtures;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

/// An `awap-port` that is spoken to in packets.
struct Port {
    child: Child,
    requests: ChildStdin,
    answers: ChildStdout,
}

impl Port {
    fn start(jobs: usize) -> Self {
        let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/release/awap-port");
        let program = std::env::var_os("CORE_EXECUTABLE").map_or(built, PathBuf::from);
        let mut child = Command::new(&program)
            .args(["--jobs", &jobs.to_string()])
            .env_remove("EVENT_STORE_URL")
            .env_remove("DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("awap-port is built: cargo build --release -p awap-port");
        let (requests, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, requests, answers }
    }

    fn send(&mut self, packet: &[u8]) {
        self.requests.write_all(packet).unwrap();
    }

    /// One answer, which must be a success.
    fn answer(&mut self) -> usize {
        let mut length = [0; 4];
        self.answers.read_exact(&mut length).unwrap();
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.answers.read_exact(&mut body).unwrap();
        let head = body.get(..120.min(body.len())).unwrap_or_default();
        assert!(
            String::from_utf8_lossy(head).contains("\"success\":true"),
            "{}",
            String::from_utf8_lossy(head)
        );
        body.len()
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn packet(command: &str, data: &Value) -> Vec<u8> {
    let body = json!({"request_id": "1", "command": command, "data": data}).to_string().into_bytes();
    let length = u32::try_from(body.len()).expect("a packet of less than 4 GiB");
    [&length.to_be_bytes()[..], &body].concat()
}

/// What the way there and back costs: health asks nothing of the core, and its data is read and parsed all the same.
fn round_trip(criterion: &mut Criterion) {
    let mut port = Port::start(2);
    let mut group = criterion.benchmark_group("port/round_trip");
    for (name, size) in [("100B", 100), ("20KB", 20 << 10), ("2MB", 2 << 20)] {
        let request = packet("health_check", &json!({"padding": "x".repeat(size)}));
        group.throughput(Throughput::Bytes(request.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                port.send(&request);
                port.answer()
            });
        });
    }
    group.finish();
}

/// All fixture TMAs at once, anonymized (reading included) by one thread and by two.
fn threads(criterion: &mut Criterion) {
    let requests: Vec<Vec<u8>> =
        fixtures().unwrap().iter().map(|fixture| packet("anonymize_student", &fixture.request)).collect();
    let mut group = criterion.benchmark_group("port/nine_tmas");
    group.throughput(Throughput::Elements(requests.len() as u64)).sample_size(30);
    for jobs in [1, 2] {
        let mut port = Port::start(jobs);
        group.bench_function(BenchmarkId::new("threads", jobs), |b| {
            b.iter(|| {
                for request in &requests {
                    port.send(request);
                }
                requests.iter().map(|_| port.answer()).sum::<usize>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, round_trip, threads);
criterion_main!(benches);
