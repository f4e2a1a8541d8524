//! How long it takes to build a cost and its gradient, and to optimize both.
#![allow(clippy::unwrap_used, reason = "a bench may stop")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use egrad::prelude::*;

/// A perceptron with so many hidden layers: its cost and its weights.
fn perceptron(layers: usize) -> (Expr, Vec<Expr>) {
    let mut h = dmatrix("x");
    let mut weights = Vec::new();
    for i in 0..layers {
        let (w, b) = (dmatrix(&format!("w{i}")), dvector(&format!("b{i}")));
        h = (dot(&h, &w) + &b).tanh();
        weights.extend([w, b]);
    }
    ((&h * &h).mean(), weights)
}

fn build_and_differentiate(c: &mut Criterion) {
    let mut group = c.benchmark_group("grad");
    for layers in [1, 10, 100, 1000] {
        group.bench_with_input(BenchmarkId::new("perceptron", layers), &layers, |b, &n| {
            b.iter(|| {
                let (cost, weights) = perceptron(black_box(n));
                grad(&cost, weights.as_slice()).unwrap()
            });
        });
    }
    for depth in [1_000, 100_000] {
        group.bench_with_input(BenchmarkId::new("chain", depth), &depth, |b, &n| {
            b.iter(|| {
                let x = dscalar("x");
                let e = (0..black_box(n)).fold(x.clone(), |e, _| e.tanh());
                grad(&e, &x).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, build_and_differentiate);
criterion_main!(benches);
