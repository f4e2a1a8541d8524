//! How long the extractors take on problems of window size and above.
#![allow(clippy::unwrap_used, reason = "a bench may stop")]

#[path = "../tests/support/graphs.rs"]
mod graphs;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use egrad::extract::{Budget, EXTRACTORS};
use graphs::{random, shapes};
use std::hint::black_box;

fn extractors(c: &mut Criterion) {
    for (size, skip) in [(30, ""), (100, ""), (500, "exact")] {
        let mut group = c.benchmark_group(format!("extract/{size}"));
        // The cyclic and shared shape, the most like an e-graph of a gradient.
        let problem = random(shapes(size)[3], 1);
        let budget = Budget::scaled(&problem);
        for e in EXTRACTORS.iter().filter(|e| e.name != skip) {
            group.bench_with_input(BenchmarkId::from_parameter(e.name), &problem, |b, p| {
                b.iter(|| (e.run)(black_box(p), None, &budget));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, extractors);
criterion_main!(benches);
