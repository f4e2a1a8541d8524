//! The same functions in blocks and as machine code.

#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use egrad::expr::Expr;
use egrad::function::{Function, Loops, Options};
use egrad::native::Width;
use egrad::prelude::*;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, IxDyn};

/// Thirty operators on two arrays.
fn chain(x: &Expr, y: &Expr) -> Expr {
    let mut e = x.clone();
    for k in 0..10 {
        e = (&e * y + (0.5 + f64::from(k))).maximum(x * -0.25);
    }
    e
}

/// Name, inputs, outputs.
fn cases() -> Vec<(&'static str, Vec<Expr>, Vec<Expr>)> {
    let (x, mu, s) = (dvector("x"), dvector("mu"), dscalar("s"));
    let d = &x - &mu;
    let (m, b) = (dmatrix("m"), dvector("x"));
    vec![
        ("square", vec![x.clone()], vec![&x * &x]),
        ("dlogistic", vec![x.clone()], vec![x.sigmoid() * (-&x).sigmoid()]),
        ("softplus", vec![x.clone()], vec![x.softplus()]),
        ("chain30", vec![x.clone(), mu.clone()], vec![chain(&x, &mu)]),
        (
            "gaussian_nll",
            vec![x.clone(), mu.clone(), s.clone()],
            vec![(d.sqr() * (0.5 / s.sqr()) + s.log()).sum(), -&d / s.sqr()],
        ),
        ("sum_of_squares", vec![x.clone()], vec![x.sqr().sum()]),
        ("bias_relu", vec![m.clone(), b.clone()], vec![(&m + &b).maximum(0.0)]),
    ]
}

fn bench(c: &mut Criterion) {
    for (name, inputs, outputs) in cases() {
        let mut group = c.benchmark_group(name);
        for n in [1000usize, 100_000] {
            let arrays: Vec<ArrayD<f64>> = inputs
                .iter()
                .map(|e| {
                    let shape = match e.rank() {
                        0 => vec![],
                        1 if name == "bias_relu" => vec![100],
                        1 => vec![n],
                        _ => vec![n / 100, 100],
                    };
                    let mut k = 0u32;
                    ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
                        k = k.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        f64::from(k >> 8) / f64::from(1u32 << 24) + 0.01
                    })
                })
                .collect();
            let views: Vec<ArrayViewD<'_, f64>> = arrays.iter().map(|a| a.view()).collect();
            group.throughput(Throughput::Elements(u64::try_from(n).unwrap_or(1)));
            let kinds = [
                ("blocks", Loops::Blocks),
                ("avx2", Loops::Native(Width::Avx2)),
                ("avx512", Loops::Native(Width::Avx512)),
            ];
            for (kind, loops) in kinds {
                let options = Options { loops, ..Options::default() };
                let Ok(f) = Function::compile_with(&inputs, &outputs, options) else { continue };
                let Ok(mut results) = f.call(&views) else { continue };
                group.bench_function(BenchmarkId::new(kind, n), |b| {
                    b.iter(|| {
                        let mut into: Vec<ArrayViewMutD<'_, f64>> =
                            results.iter_mut().map(|o| o.view_mut()).collect();
                        black_box(f.call_into(black_box(&views), &mut into)).is_ok()
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(15).warm_up_time(std::time::Duration::from_millis(50))
        .measurement_time(std::time::Duration::from_millis(200)).without_plots();
    targets = bench
}
criterion_main!(benches);
