//! Long programs are optimized once for each kind of window, not once for each window.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroUsize;

use egrad::eval::Threads;
use egrad::function::Function;
use egrad::grad::grads;
use egrad::graph::import;
use egrad::op::IndexItem;
use egrad::optimize::{Optimized, Options, optimize};
use egrad::prelude::*;
use ndarray::array;

fn number(x: f64) -> Expr {
    x.into_expr()
}

/// A filter that follows a noisy series of `steps` numbers, the inputs `z[0]`, `z[1]`, and so on.
fn filter(steps: i64, threads: Threads) -> Optimized {
    let (z, a, q, r) = (dvector("z"), dscalar("a"), dscalar("q"), dscalar("r"));
    let (mut mean, mut spread, mut loss) = (number(0.0), number(1.0), number(0.0));
    for t in 0..steps {
        let (ahead, wide) = (&a * &mean, &a * &spread * &a + &q);
        let (off, s) = (z.index(&[IndexItem::At(t)]) - &ahead, &wide + &r);
        loss = loss + 0.5 * s.log() + 0.5 * off.sqr() / &s;
        mean = ahead + &wide / &s * off;
        spread = (1 - &wide / &s) * &wide;
    }
    let inputs = [z, a, q, r];
    let found = grads(&loss, &inputs[1..]).unwrap();
    let i = import(&inputs, &found).unwrap();
    optimize(&i.graph, &i.roots, &Options { threads, ..Options::default() })
}

#[test]
fn parts_of_an_input_do_not_tell_windows_apart() {
    let (short, long) = (filter(40, Threads::default()), filter(160, Threads::default()));
    assert!(long.report.cached > 3 * short.report.cached, "{:?}", long.report);
    // Four times the steps; the boundaries of windows take some to find their period.
    assert!(long.report.windows < 2 * short.report.windows, "{:?} {:?}", short.report, long.report);
    // As cheap for each step.
    assert!(long.report.cost_after < 4.05 * short.report.cost_after);
}

#[test]
fn threads_change_nothing() {
    let alone = filter(40, Threads::ONE);
    assert!(alone.report.windows > 2, "{:?}", alone.report);
    for n in [2, 3] {
        let shared = filter(40, Threads::Exactly(NonZeroUsize::new(n).unwrap()));
        let shown = |o: &Optimized| {
            let roots = egrad::graph::export(&o.graph, &o.roots).unwrap();
            egrad::pp::let_form(&roots, egrad::op::Spelling::Classic)
        };
        assert_eq!(shown(&shared), shown(&alone));
        assert_eq!(format!("{:?}", shared.report), format!("{:?}", alone.report));
    }
}

/// What is known of a window's input is part of what the window is: the number that repeated elements are, too.
#[test]
fn windows_that_read_other_numbers_are_others() {
    let n = 24;
    let v = dvector("v");
    let x: Vec<Expr> = (0..n).map(|i| dmatrix(&format!("x{i}"))).collect();
    let mut costs = Vec::new();
    for c in [3.0, 5.0] {
        let same = fill(&v, c);
        for x in &x {
            let y = dot(x, &same);
            costs.push((y.tanh() * (y.sin() + &v).exp() / (1 + (&v + &y).sqr())).sum());
        }
    }
    let mut inputs = x;
    inputs.push(v);
    let f = Function::new(&inputs, &costs).unwrap();
    let matrix = array![[0.01, 0.02], [0.03, -0.04]].into_dyn();
    let vector = array![0.5, -0.25].into_dyn();
    let mut at = vec![matrix.view(); n];
    at.push(vector.view());
    let out = f.call(&at).unwrap();
    for (i, c) in [3.0, 5.0].into_iter().enumerate() {
        let term = |y: f64, v: f64| y.tanh() * (y.sin() + v).exp() / (1.0 + (v + y).powi(2));
        let expected = term(c * 0.03, 0.5) + term(c * -0.01, -0.25);
        for k in 0..n {
            let found = out[i * n + k].first().copied().unwrap();
            assert!((found - expected).abs() < 1e-12, "{c}: {found} {expected}");
        }
    }
}
