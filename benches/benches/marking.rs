//! Two thousand words marked by every kind of criterion, and a cohort of three hundred scripts compared.
#![allow(missing_docs, clippy::unwrap_used)]

use awap_benches::{essay, every_kind};
use awap_core::feedback::compare::{CohortScript, CompareOptions};
use awap_core::protocol::Dispatcher;
use awap_core::{Deadline, Engine};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::json;

fn marking(criterion: &mut Criterion) {
    let bridge = Dispatcher::new(Engine::new().unwrap());
    let work = format!("Question 1\n\n{}", essay(1, 2000));
    let tma = json!({"content": {"text": work}, "rubric": every_kind().unwrap()});
    let parsed = bridge.dispatch("parse_tma", tma, &Deadline::never()).unwrap();
    criterion.bench_function("every_kind/2000_words", |b| {
        // Copying the request is the bench's own work.
        let mark = |data| bridge.dispatch("generate_feedback", data, &Deadline::never()).unwrap();
        b.iter_batched(|| parsed.clone(), mark, BatchSize::LargeInput);
    });
}

fn cohort(criterion: &mut Criterion) {
    let engine = Engine::new().unwrap();
    let scripts: Vec<CohortScript> = (0..300)
        .map(|i| CohortScript {
            id: i.to_string(),
            // Every tenth is mostly another's.
            text: if i % 10 == 9 { essay(i, 1600) + &essay(i + 1, 400) } else { essay(i + 1, 2000) },
            ..CohortScript::default()
        })
        .collect();
    let mut group = criterion.benchmark_group("compare");
    group.sample_size(10);
    group.bench_function("300_scripts_of_2000_words", |b| {
        b.iter(|| engine.compare(&scripts, &CompareOptions::default(), &Deadline::never()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, marking, cohort);
criterion_main!(benches);
