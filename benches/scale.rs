//! How the time of optimizing a gradient grows with its size: an unrolled recurrent network, a
//! deep perceptron, a sum of independent terms, one deep chain. Sizes count nodes of the raw gradient.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use egrad::grad::grads;
use egrad::graph::{Graph, Id, import};
use egrad::optimize::{Options, optimize};
use egrad::prelude::*;

/// A cost of about `n` gradient nodes, and what to differentiate by.
type Make = fn(usize) -> (Expr, Vec<Expr>);

/// `h = tanh(h @ W + x)`, unrolled; one loss at the end.
fn recurrent(n: usize) -> (Expr, Vec<Expr>) {
    let (w, x) = (dmatrix("W"), dvector("x"));
    let mut h = dvector("h0");
    for _ in 0..n.div_ceil(11) {
        h = (dot(&h, &w) + &x).tanh();
    }
    (h.sqr().sum(), vec![w, x])
}

/// Layers with weights of their own.
fn perceptron(n: usize) -> (Expr, Vec<Expr>) {
    let mut h = dmatrix("X");
    let mut wrt = Vec::new();
    for i in 0..n.div_ceil(14) {
        let (w, b) = (dmatrix(&format!("W{i}")), dvector(&format!("b{i}")));
        h = (dot(&h, &w) + &b).sigmoid();
        wrt.extend([w, b]);
    }
    (h.sqr().mean(), wrt)
}

/// Losses of separate observations.
fn terms(n: usize) -> (Expr, Vec<Expr>) {
    let (a, b) = (dscalar("a"), dscalar("b"));
    let mut sum = (1.0 + (-&b).exp()).log();
    for i in 0..n.div_ceil(24) {
        let x = dscalar(&format!("x{i}"));
        sum = sum + (1.0 + (-(&a * &x + &b)).exp()).log();
    }
    (sum, vec![a, b])
}

/// One function of another, all the way down.
fn chain(n: usize) -> (Expr, Vec<Expr>) {
    let x = dscalar("x");
    let mut e = x.clone();
    for _ in 0..n.div_ceil(7) {
        e = e.sin();
    }
    (e, vec![x])
}

fn gradient(make: Make, n: usize) -> (Graph, Vec<Id>) {
    let (cost, wrt) = make(n);
    let found = grads(&cost, &wrt).unwrap_or_default();
    import(&[], &found).map(|i| (i.graph, i.roots)).unwrap_or_default()
}

fn scale(c: &mut Criterion) {
    let shapes: [(&str, Make); 4] =
        [("recurrent", recurrent), ("perceptron", perceptron), ("terms", terms), ("chain", chain)];
    let mut group = c.benchmark_group("scale");
    group.sample_size(10);
    for (name, make) in shapes {
        for n in [100, 1_000, 10_000, 100_000, 1_000_000] {
            let (graph, roots) = gradient(make, n);
            group.throughput(Throughput::Elements(graph.len() as u64));
            group.bench_with_input(BenchmarkId::new(name, n), &n, |b, _| {
                b.iter(|| black_box(optimize(&graph, &roots, &Options::default())));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, scale);
criterion_main!(benches);
