//! The bits of results do not depend on the number of threads.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cast_possible_truncation, reason = "singles are made from doubles")]

mod support;

use std::num::NonZeroUsize;

use egrad::eval::{Array, ArrayRef, Limits, Threads};
use egrad::function::{Function, Loops};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::parse_infix;
use support::{Rng, array};

/// Programs of element type `FLOAT` that are cut in every way: elements, rows, whole sums, several of them
/// at once, products; and some that are not cut.
const PROGRAMS: &[&str] = &[
    "x: FLOAT[n]\nexp(x) * x",
    "x: FLOAT[n]\nsum(exp(x))",
    "x: FLOAT[n]\nexp(x), sum(exp(x)), max(x), sum(x * x)",
    "A: FLOAT[m, k]\nexp(A), sum(A), sum(exp(A), axis=1)",
    "A: FLOAT[m, k]\nx: FLOAT[k]\nexp(A - x), sum(exp(A * x)), sum(exp(A), axis=0)",
    "A: FLOAT[m, k]\nsoftmax(A, axis=1), logsumexp(A, axis=1)",
    "A: FLOAT[m, k]\nx: FLOAT[k]\ny: FLOAT[m]\nA @ x, A.T @ y, y @ A",
    "A: FLOAT[m, k]\nA.T @ A, exp(A.T)",
    "z, y: FLOAT[m, k]\ngrad(sum(logsumexp(z, axis=1) - sum(y * z, axis=1)), [z])",
    "x, c: FLOAT[m, k]\ng, b: FLOAT[k]\nd = x - sum(x, axis=1)[:, None] * 0.01\n\
     v = sum(d ** 2, axis=1)[:, None] * 0.01\ngrad(sum((d / sqrt(v + 1e-5) * g + b) * c), [x, g, b])",
    "X: FLOAT[m, k]\ny: FLOAT[m]\nw: FLOAT[k]\nb: FLOAT\np = 1 / (1 + exp(-(X @ w + b)))\n\
     grad(sum(-y * log(p) - (1 - y) * log(1 - p)), [w, b])",
    "X: FLOAT[m, k]\ny: FLOAT[m]\nw: FLOAT[k]\nv: FLOAT[k]\np = exp(X @ w)\nsum(p * (X @ v)) + max(p), (p * y) @ X",
    "A: FLOAT[n, 5]\nx: FLOAT[5]\nr = exp(A @ x)\nr @ A, sum(r), softmax(A, axis=1)",
    "A: FLOAT[n, 20]\nx: FLOAT[20]\nr = exp(A @ x)\nr @ A, sum(r), softmax(A, axis=1), sum(A, axis=0)",
    "z, y: FLOAT[n, 10]\ngrad(sum(logsumexp(z, axis=1) - sum(y * z, axis=1)), [z])",
    "A: FLOAT[n, 6]\nx: FLOAT[6]\nsoftmax(A * x, axis=1) * sum(A, axis=1)[:, None], max(A, axis=1)",
    "A: FLOAT[n, 33]\nsoftmax(sin(A), axis=1)",
    "x: FLOAT[n]\na = x[:-1]\nb = x[1:]\ngrad(sum(100 * (b - a ** 2) ** 2 + (1 - a) ** 2), [x])",
    "A: FLOAT[m, k]\ngrad(sum(exp(A[2:] * A[:-2])), [A])",
    "B: FLOAT[3, m, k]\nA: FLOAT[m, k]\nsum(B[:, :, :, None] * A[:, None, :16], axis=1)",
    "B: FLOAT[3, m, k]\nsum(exp(B), axis=1), sum(exp(B), axis=0), sum(exp(B), axis=2)",
    "C: FLOAT[m, k, 5]\nsum(exp(C), axis=1), exp(C)",
];

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (program, single) in PROGRAMS.iter().flat_map(|p| [(p, false), (p, true)]) {
        let text = program.replace("FLOAT", if single { "f32" } else { "f64" });
        let p = parse_infix(&Source::text_only(&text), &[]).unwrap();
        let mut rng = Rng::new(3);
        let length = |d: &Dim| match d {
            Dim::Known(n) => *n,
            Dim::Sym(s) if s.name() == "n" => 300_007,
            Dim::Sym(s) if s.name() == "m" => 1031,
            _ => 257,
        };
        let data: Vec<Array> = p
            .inputs
            .iter()
            .map(|e| {
                let lens: Vec<usize> = e.ty().shape.dims().iter().map(length).collect();
                let x = array(&mut rng, &lens);
                if single { x.mapv(|x| x as f32).into() } else { x.into() }
            })
            .collect();
        let views: Vec<ArrayRef<'_>> = data.iter().map(Array::view).collect();
        let mut results: Vec<Vec<Array>> = Vec::new();
        for loops in [Loops::Best, Loops::Blocks] {
            for threads in 1..=3 {
                let threads = Threads::Exactly(NonZeroUsize::new(threads).unwrap());
                let f = Function::builder()
                    .loops(loops)
                    .limits(Limits { threads, ..Limits::default() })
                    .build(&p.inputs, &p.results)
                    .unwrap();
                results.push(f.call_arrays(&views).unwrap());
            }
        }
        for (i, other) in results.iter().enumerate().skip(1) {
            for (k, (a, b)) in other.iter().zip(&results[0]).enumerate() {
                assert!(a == b, "{text}\nrun {i}, result {k}");
            }
        }
    }
}

/// Slices that threads share out have the bits of calls one after the other, and errors come in order.
#[test]
fn slices_are_shared_out() {
    use egrad::function::Each;
    use ndarray::{ArrayD, IxDyn};
    let (x, w) = (dvector("x"), dmatrix("W"));
    let outputs = [dot(&w, &x).tanh().sum(), dot(&w, &x).exp()];
    let made = |n: usize| {
        let threads = Threads::Exactly(std::num::NonZeroUsize::new(n).unwrap());
        Function::builder().threads(threads).build(&[x.clone(), w.clone()], &outputs).unwrap()
    };
    let xs = ArrayD::from_shape_fn(IxDyn(&[37, 8]), |i| (i[0] * 8 + i[1]) as f64 * 0.01 - 1.0);
    let w = ArrayD::from_shape_fn(IxDyn(&[5, 8]), |i| (i[0] as f64 - i[1] as f64) * 0.1);
    let args = [Each::Slice(xs.view()), Each::Whole(w.view())];
    let alone = made(1).map(&args).unwrap();
    for n in [2, 3, 64] {
        assert_eq!(made(n).map(&args).unwrap(), alone, "{n} threads");
    }
    let i = lvector("i");
    let f = Function::new(std::slice::from_ref(&i), &[i.sum()]).unwrap();
    let numbers = ArrayD::from_shape_fn(IxDyn(&[9, 2]), |i| if i[0] > 2 { i[0] as f64 + 0.5 } else { 1.0 });
    let words = f.map(&[Each::Slice(numbers.view())]).unwrap_err().to_string();
    assert_eq!(words, "input `i`: i64 cannot hold 3.5");
}
