//! Time per element of typical functions and gradients, called into memory that is there already.

#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use egrad::expr::{Expr, dot};
use egrad::function::Function;
use egrad::prelude::*;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, IxDyn};

/// A function and the shapes of its inputs at size `n`.
struct Case {
    name: &'static str,
    f: Function,
    shapes: fn(usize) -> Vec<Vec<usize>>,
    sizes: &'static [usize],
}

fn function(inputs: &[Expr], outputs: &[Expr]) -> Option<Function> {
    Function::compile(inputs, outputs).ok()
}

/// The simplified forms: what the evaluator sees after the optimizer.
fn cases() -> Option<Vec<Case>> {
    let (x, mu, y, s) = (dvector("x"), dvector("mu"), dvector("y"), dscalar("s"));
    let scalar = dscalar("x");
    let elementwise: &[usize] = &[100, 1000, 100_000, 10_000_000];
    let one = |n: usize| vec![vec![n]];
    let d = &y - &mu;
    let nll = (d.sqr() * (0.5 / s.sqr()) + s.log()).sum();
    let (m, w, b) = (dmatrix("m"), dvector("w"), dscalar("b"));
    let p = (dot(&m, &w) + &b).sigmoid();
    let r = (&p - &y) / m.length(0);
    let loss = -(&y * p.log() + (1.0 - &y) * (1.0 - &p).log()).mean();
    Some(vec![
        Case {
            name: "scalar",
            f: function(&[scalar.clone()], &[scalar.sigmoid() * (-&scalar).sigmoid()])?,
            shapes: |_| vec![vec![]],
            sizes: &[1],
        },
        Case { name: "square", f: function(&[x.clone()], &[&x * &x])?, shapes: one, sizes: elementwise },
        Case {
            name: "dlogistic",
            f: function(&[x.clone()], &[x.sigmoid() * (-&x).sigmoid()])?,
            shapes: one,
            sizes: elementwise,
        },
        Case {
            name: "softplus",
            f: function(&[x.clone()], &[x.softplus()])?,
            shapes: one,
            sizes: elementwise,
        },
        Case { name: "sum", f: function(&[x.clone()], &[x.sum()])?, shapes: one, sizes: elementwise },
        Case {
            name: "gaussian_nll",
            f: function(
                &[y.clone(), mu, s.clone()],
                &[nll, -&d / s.sqr(), (1.0 / &s - d.sqr() / (s.sqr() * &s)).sum()],
            )?,
            shapes: |n| vec![vec![n], vec![n], vec![]],
            sizes: elementwise,
        },
        Case {
            name: "logistic_regression_50",
            f: function(
                &[m.clone(), w.clone(), b.clone(), y.clone()],
                &[loss, dot(&m.t(), &r) + 0.02 * &w, r.sum()],
            )?,
            shapes: |n| vec![vec![n, 50], vec![50], vec![], vec![n]],
            sizes: &[100, 10_000, 100_000],
        },
        Case {
            name: "softmax_10",
            f: function(
                &[m.clone()],
                &[{
                    let e = (&m - m.reduce_axes(egrad::op::Op::Max, &[1]).dimshuffle([Some(0), None])).exp();
                    &e / e.sum_axes(&[1]).dimshuffle([Some(0), None])
                }],
            )?,
            shapes: |n| vec![vec![n, 10]],
            sizes: &[100, 100_000],
        },
        Case {
            name: "column_sums_3",
            f: function(&[m.clone()], &[m.sqr().sum_axes(&[0])])?,
            shapes: |n| vec![vec![n, 3]],
            sizes: &[100, 100_000],
        },
        Case {
            name: "column_sums_1000",
            f: function(&[m.clone()], &[m.sqr().sum_axes(&[0])])?,
            shapes: |n| vec![vec![n, 1000]],
            sizes: &[100, 1000],
        },
    ])
}

fn bench(c: &mut Criterion) {
    for case in cases().unwrap_or_default() {
        let mut group = c.benchmark_group(case.name);
        for &n in case.sizes {
            let inputs: Vec<ArrayD<f64>> = (case.shapes)(n)
                .iter()
                .map(|shape| {
                    let mut k = 0u32;
                    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
                        k = k.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        f64::from(k >> 8) / f64::from(1u32 << 24) + 0.01
                    })
                })
                .collect();
            let views: Vec<ArrayViewD<'_, f64>> = inputs.iter().map(|i| i.view()).collect();
            let Ok(mut outputs) = case.f.call(&views) else { continue };
            let elements = inputs.iter().map(|i| i.len()).max().unwrap_or(1);
            group.throughput(Throughput::Elements(u64::try_from(elements).unwrap_or(1)));
            group.bench_function(BenchmarkId::from_parameter(n), |b| {
                b.iter(|| {
                    let mut into: Vec<ArrayViewMutD<'_, f64>> =
                        outputs.iter_mut().map(|o| o.view_mut()).collect();
                    black_box(case.f.call_into(black_box(&views), &mut into)).is_ok()
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(std::time::Duration::from_millis(100))
        .measurement_time(std::time::Duration::from_millis(400)).without_plots();
    targets = bench
}
criterion_main!(benches);
