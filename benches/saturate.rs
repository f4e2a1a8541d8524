//! How long saturation takes on gradients that fit into one e-graph, extraction made trivial; and
//! how long it takes to be ready: differentiate, optimize, compile.
#![allow(clippy::unwrap_used, reason = "a bench may stop")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use egrad::function::Function;
use egrad::graph::import;
use egrad::optimize::{Options, optimize};
use egrad::sexp::Source;
use egrad::text::parse_infix;

const GRADIENTS: [(&str, &str); 4] = [
    ("square", "x: f64\ngrad(x ** 2, x)"),
    ("logistic", "x: dmatrix\ngrad(sum(1 / (1 + exp(-x))), x)"),
    ("gaussian", "x, m, s: f64\ngrad(-((x - m) / s) ** 2 / 2 - log(s), [x, m, s])"),
    (
        "regression",
        "X: f64[n, d]\ny: f64[n]\nw: f64[d]\np = 1 / (1 + exp(-(X @ w)))\n\
         grad(-mean(y * log(p) + (1 - y) * log(1 - p)), w)",
    ),
];

fn saturate(c: &mut Criterion) {
    let mut group = c.benchmark_group("saturate");
    // The cheapest tree takes no search.
    let options = Options { extractor: "tree", ..Options::default() };
    for (name, text) in GRADIENTS {
        let p = parse_infix(&Source::text_only(text), &[]).unwrap();
        let imported = import(&p.inputs, &p.results).unwrap();
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| optimize(black_box(&imported.graph), &imported.roots, &options));
        });
    }
    group.finish();
}

fn ready(c: &mut Criterion) {
    let mut group = c.benchmark_group("ready");
    for (name, text) in GRADIENTS {
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                let p = parse_infix(&Source::text_only(black_box(text)), &[]).unwrap();
                Function::new(&p.inputs, &p.results).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, saturate, ready);
criterion_main!(benches);
