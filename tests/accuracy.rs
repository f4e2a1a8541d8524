//! Cost against error: the frontier of forms, measured with many digits.

#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::accuracy::{Frontier, Samples, frontier};
use egrad::graph::{Imported, import};
use egrad::optimize::{Options, optimize};
use egrad::prelude::*;

fn read(e: &Expr) -> Imported {
    import(&[], std::slice::from_ref(e)).unwrap()
}

fn of(e: &Expr) -> Frontier {
    let i = read(e);
    frontier(&i.graph, &i.roots, &Options::default()).unwrap()
}

#[test]
fn digits_cost_work() {
    let x = dscalar("x");
    let s = 1.0 / (1.0 + (-&x).exp());
    let found = of(&(&s * (1.0 - &s)));
    let best: Vec<_> = found.forms.iter().filter(|f| f.best).collect();
    assert!(best.len() >= 2, "{found:?}");
    // Cheapest first, and every step up in cost keeps more digits.
    for w in best.windows(2) {
        assert!(w[0].cost < w[1].cost && w[0].error.bits > w[1].error.bits);
    }
    let last = best.last().unwrap();
    assert!(last.error.worst <= 4.0, "{:?}", last.error);
    assert!(best[0].error.worst > 1e9, "{:?}", best[0].error);
    let optimized = found.forms.iter().find(|f| f.how == "optimized").unwrap();
    assert!(optimized.best && optimized.error.worst <= 4.0);
}

#[test]
fn arrays_are_measured_too() {
    let (a, v) = (dmatrix("A"), dvector("v"));
    let e = dot(&a, &v).exp().sum().log() + a.sum();
    let i = read(&e);
    let samples = Samples::of(&i.graph, &i.roots).unwrap();
    let raw = samples.error(&i.graph, &i.roots).unwrap();
    let best = optimize(&i.graph, &i.roots, &Options::default());
    let found = samples.error(&best.graph, &best.roots).unwrap();
    // The sum of exponentials overflows as it is written.
    assert!(raw.worst.is_infinite(), "{raw:?}");
    assert!(found.worst.is_finite() && found.bits < raw.bits, "{found:?} {raw:?}");
}

#[test]
fn the_same_in_every_run() {
    let x = dscalar("x");
    let (a, b) = (of(&((&x + 1.0).sqrt() - x.sqrt())), of(&((&x + 1.0).sqrt() - x.sqrt())));
    let text = |f: &Frontier| {
        f.forms.iter().map(|f| format!("{} {} {:?}", f.how, f.cost, f.error)).collect::<Vec<_>>()
    };
    assert_eq!(text(&a), text(&b));
}

#[test]
fn what_has_no_real_value_has_no_frontier() {
    let x = dscalar("x");
    let i = read(&((-x.sqr()) - 1.0).log());
    assert!(frontier(&i.graph, &i.roots, &Options::default()).is_none());
}
