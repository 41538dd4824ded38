//! Questions about the bundled examples, from JSON text to verdict: `cargo bench --bench questions`.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use criterion::{Criterion, criterion_group, criterion_main};
use leastwise::catalog::Catalog;
use leastwise::diag::{Budget, Source};
use leastwise::document;
use leastwise::policy::{Access, Policy};
use leastwise::question::difference::difference;
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings};
use leastwise::refine::refine;
use leastwise::usage;
use std::hint::black_box;

const OLD: &str = include_str!("../fixtures/examples/old.json");
const NEW: &str = include_str!("../fixtures/examples/new.json");
const POLICY: &str = include_str!("../fixtures/published/unused-permissions-policy.json");
const UNUSED: &str = include_str!("../fixtures/published/unused-permissions-unused.json");

fn read(text: &str) -> Access {
    Policy::read(&Source::new("policy", text), &Budget::default()).unwrap().into()
}

fn questions(criterion: &mut Criterion) {
    let settings = Settings::default();
    let strings = Settings { engine: Engine::Strings, ..settings };
    criterion.bench_function("no-new-access, PASS", |bench| {
        bench.iter(|| no_new_access(&read(black_box(NEW)), &read(black_box(OLD)), &settings).unwrap());
    });
    criterion.bench_function("no-new-access, FAIL", |bench| {
        bench.iter(|| no_new_access(&read(black_box(OLD)), &read(black_box(NEW)), &settings).unwrap());
    });
    criterion.bench_function("no-new-access, PASS, --engine strings", |bench| {
        bench.iter(|| no_new_access(&read(black_box(NEW)), &read(black_box(OLD)), &strings).unwrap());
    });
    criterion.bench_function("diff", |bench| {
        bench.iter(|| difference(&read(black_box(OLD)), &read(black_box(NEW)), &settings).unwrap());
    });
    let unused = usage::read(&Source::new("unused", UNUSED), &Budget::default()).unwrap();
    criterion.bench_function("refine the published example, with proof", |bench| {
        bench.iter(|| {
            let original = document::read(&Source::new("policy", black_box(POLICY)), &Budget::default()).unwrap();
            refine(&original, &unused, Catalog::june_2024(), &settings).unwrap()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = questions
}
criterion_main!(benches);
