//! One TMA by stage: `anonymize_student` (reading included), `parse_tma`, `generate_feedback`, and the three in a row.
#![allow(missing_docs, clippy::unwrap_used)]

use awap_benches::fixtures;
use awap_core::anonymize::PseudonymKey;
use awap_core::protocol::Dispatcher;
use awap_core::{Deadline, Engine};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn verbs(criterion: &mut Criterion) {
    let key = PseudonymKey::from_hex(&"5a".repeat(32)).unwrap();
    let bridge = Dispatcher::new(Engine::builder().pseudonym_key(key).build().unwrap());
    let run = |command: &str, data| bridge.dispatch(command, data, &Deadline::never()).unwrap();

    for fixture in fixtures().unwrap() {
        let mut group = criterion.benchmark_group(format!("{}/{}", fixture.format, fixture.name));
        group.throughput(Throughput::Bytes(fixture.bytes as u64));
        let anonymized = run("anonymize_student", fixture.request.clone());
        let parsed = run("parse_tma", anonymized.clone());
        group.bench_function("anonymize_student", |b| {
            b.iter(|| run("anonymize_student", fixture.request.clone()));
        });
        group.bench_function("parse_tma", |b| b.iter(|| run("parse_tma", anonymized.clone())));
        group.bench_function("generate_feedback", |b| b.iter(|| run("generate_feedback", parsed.clone())));
        group.bench_function("all", |b| {
            b.iter(|| {
                let anonymized = run("anonymize_student", fixture.request.clone());
                run("generate_feedback", run("parse_tma", anonymized))
            });
        });
        group.finish();
    }
}

criterion_group!(benches, verbs);
criterion_main!(benches);
