//! Calls that repeat allocate nothing, over doubles and over singles, and give the bits of the first.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cast_possible_truncation, reason = "singles are made from doubles")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use egrad::eval::{Array, ArrayMut, ArrayRef, Threads};
use egrad::function::Function;
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::parse_infix;
use support::{Rng, array};

/// The system's allocator, which counts by thread.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code, reason = "an allocator is unsafe to implement; all is handed on")]
// SAFETY: every request goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|c| c.set(c.get() + 1));
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Programs of element type `FLOAT`: elements, whole sums, rows, products, numbers.
const PROGRAMS: &[&str] = &[
    "x: FLOAT[n]\nexp(x) * x",
    "x: FLOAT[n]\nexp(x), sum(exp(x)), max(x)",
    "x: FLOAT[n]\nmu, s: FLOAT\ncost = sum(log(s) + (x - mu) ** 2 / s)\ngrad(cost, [x, mu, s])",
    "z, y: FLOAT[m, k]\ngrad(sum(logsumexp(z, axis=1) - sum(y * z, axis=1)), [z])",
    "X: FLOAT[m, k]\ny: FLOAT[m]\nw: FLOAT[k]\nb: FLOAT\np = 1 / (1 + exp(-(X @ w + b)))\n\
     grad(sum(-y * log(p) - (1 - y) * log(1 - p)), [w, b])",
    "a, b: FLOAT\nsin(a) * exp(b), a / b",
    "a: FLOAT\nx: FLOAT[n]\nx * (a * 0.1 + 0.3) - 0.7, sum(x) * 0.1",
];

/// Programs of doubles alone: what is written at slices.
const DOUBLES: &[&str] =
    &["x: f64[n]\na = x[:-1]\nb = x[1:]\ngrad(sum(100 * (b - a ** 2) ** 2 + (1 - a) ** 2), [x])"];

fn data(f: &[Expr], single: bool, lens: [usize; 3]) -> Vec<Array> {
    let mut rng = Rng::new(11);
    let of = |e: &Expr, rng: &mut Rng| {
        let length = |d: &Dim| match d {
            Dim::Known(n) => *n,
            Dim::Sym(s) if s.name() == "n" => lens[0],
            Dim::Sym(s) if s.name() == "m" => lens[1],
            _ => lens[2],
        };
        let lens: Vec<usize> = e.ty().shape.dims().iter().map(length).collect();
        let x = array(rng, &lens).mapv(|x| 0.5 + x.abs());
        if single { Array::from(x.mapv(|x| x as f32)) } else { Array::from(x) }
    };
    f.iter().map(|e| of(e, &mut rng)).collect()
}

#[test]
fn repeated_calls_allocate_nothing() {
    let both = PROGRAMS.iter().flat_map(|p| [(p, false), (p, true)]);
    for (program, single) in both.chain(DOUBLES.iter().map(|p| (p, false))) {
        let text = program.replace("FLOAT", if single { "f32" } else { "f64" });
        let p = parse_infix(&Source::text_only(&text), &[]).unwrap();
        let f = Function::new(&p.inputs, &p.results).unwrap();
        for lens in [[2, 1, 40], [50, 33, 10], [100, 32, 40], [3001, 70, 64]] {
            let data = data(&p.inputs, single, lens);
            let views: Vec<ArrayRef<'_>> = data.iter().map(Array::view).collect();
            let expected = f.call_arrays(&views).unwrap();
            let mut out: Vec<Array> = expected.iter().map(|x| Array::zeros(x.dtype(), x.shape())).collect();
            for call in 0..5 {
                let mut into: Vec<ArrayMut<'_>> = out.iter_mut().map(Array::view_mut).collect();
                let before = COUNT.get();
                f.call_arrays_into(&views, &mut into).unwrap();
                let count = COUNT.get() - before;
                drop(into);
                assert_eq!(out, expected, "call {call} of {text} with {lens:?}");
                let native = egrad::native::Native::detect().is_some();
                assert!(call < 3 || count == 0 || !native, "{count} allocations in {text} with {lens:?}");
            }
        }
    }
}

/// Sums over rows go on from band to band, and a formula that may not hold keeps what they go on from where registers
/// are: more bands allocate no more.
#[test]
fn sums_that_go_on_allocate_nothing_for_each_band() {
    let text = "x: f64[m, k]\nw: f64[k]\nz = x @ w\nsum(sin(x + z[:, None]), axis=0)";
    let p = parse_infix(&Source::text_only(text), &[]).unwrap();
    let f = Function::builder().threads(Threads::ONE).build(&p.inputs, &p.results).unwrap();
    // Six bands in each of at most sixteen stretches.
    let data = data(&p.inputs, false, [0, 16 * 768 * 6, 64]);
    let views: Vec<ArrayRef<'_>> = data.iter().map(Array::view).collect();
    for call in 0..4 {
        let before = COUNT.get();
        f.call_arrays(&views).unwrap();
        let count = COUNT.get() - before;
        assert!(call < 2 || count < 32, "{count} allocations in call {call}");
    }
}
