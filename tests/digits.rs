//! Optimized forms keep the digits of what they came from, and cost no more but for digits.

#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::accuracy::Samples;
use egrad::digits::{Baseline, Comparison};
use egrad::graph::{Imported, import};
use egrad::optimize::{Options, optimize};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::parse_infix;

fn inputs() -> Vec<Expr> {
    vec![dscalar("x"), dscalar("y"), dvector("v"), dvector("w"), dmatrix("A")]
}

fn text(t: &str) -> Expr {
    parse_infix(&Source::text_only(t), &inputs()).unwrap().results[0].clone()
}

/// Several expressions over the same inputs, so that they can be compared.
fn read(exprs: &[Expr]) -> Imported {
    import(&[], exprs).unwrap()
}

/// Does the second text lose digits of the first?
fn loses(first: &str, other: &str) -> bool {
    let both = read(&[text(first), text(other)]);
    let mut baseline = Baseline::of(&both.graph, &both.roots[..1]).unwrap();
    baseline.compare(&both.graph, &both.roots[1..]) != Comparison::Keeps
}

#[test]
fn forms_that_lose_digits_are_found() {
    for (good, bad) in [
        ("log1p(x)", "log(1 + x)"),
        ("expm1(x)", "exp(x) - 1"),
        ("sigmoid(x) * sigmoid(-x)", "sigmoid(x) * (1 - sigmoid(x))"),
        ("softplus(x)", "log(1 + exp(x))"),
        ("(x + y) * (x - y)", "x ** 2 - y ** 2"),
        ("sum((v - x) ** 2)", "sum(v ** 2) - 2 * x * sum(v) + sum(x ** 2 + 0 * v)"),
        ("logsumexp(v)", "log(sum(exp(v)))"),
        ("sqrt(x ** 2 + 1)", "exp(0.5 * log(x ** 2 + 1) + 100) * exp(-100)"),
    ] {
        assert!(loses(good, bad), "{bad}");
        assert!(!loses(bad, good), "{good}");
    }
}

#[test]
fn forms_that_round_a_little_otherwise_are_equals() {
    for (a, b) in [
        ("x * y + x", "x * (y + 1)"),
        ("x / y / y", "x / y ** 2"),
        // Both lose what the sine rounds away.
        ("x - sin(x)", "x * (1 - sin(x) / x)"),
        ("exp(x) * exp(y)", "exp(x + y)"),
        ("sin(x) * cos(y) + cos(x) * sin(y)", "sin(x + y)"),
        ("sum(v * x)", "x * sum(v)"),
        ("sum(dot(A, v))", "dot(sum(A, axis=0), v)"),
        ("log(exp(x) + 1)", "softplus(x)"),
        // What overflows is no model.
        ("exp(x) / (1 + exp(x))", "sigmoid(x)"),
    ] {
        assert!(!loses(a, b), "{b}");
    }
    // No point is defined: nothing can be said.
    assert!(!loses("log(-1 - x ** 2)", "x"));
}

/// The nodes to blame are those whose operands are still right.
#[test]
fn the_sum_that_cancels_is_blamed() {
    let both = read(&[text("expm1(x) * y"), text("(exp(x) - 1) * y")]);
    let mut baseline = Baseline::of(&both.graph, &both.roots[..1]).unwrap();
    let Comparison::Loses(blamed) = baseline.compare(&both.graph, &both.roots[1..]) else {
        panic!("not found")
    };
    let (op, _, args) = both.graph.application(blamed[0]).unwrap();
    assert_eq!((op.def().name, args.len()), ("-", 2));
}

/// Numerators over a common denominator whose rounding errors no longer cancel as those of `tan(x) - x` did.
#[test]
fn gradients_of_quotients_of_small_differences_keep_their_digits() {
    for t in [
        "(x - sin(x)) / (x - tan(x))",
        "(1 - cos(x)) / (x * x)",
        "(exp(x) - 1 - x) / (x * x)",
        "1 / x - 1 / tan(x)",
        "x / (exp(x) - 1)",
        "sqrt(x + 1) - sqrt(x)",
        "log(x + y) - log(y)",
    ] {
        let cost = text(t);
        let by: Vec<Expr> = inputs().into_iter().take(1 + usize::from(t.contains('y'))).collect();
        for g in grad(&cost, by.as_slice()).unwrap() {
            let raw = read(&[g]);
            let samples = Samples::of(&raw.graph, &raw.roots).unwrap();
            let best = optimize(&raw.graph, &raw.roots, &Options::default());
            let before = samples.error(&raw.graph, &raw.roots).unwrap();
            let after = samples.error(&best.graph, &best.roots).unwrap();
            let form = egrad::graph::export(&best.graph, &best.roots).unwrap();
            assert!(after.bits <= before.bits + 1.0, "{t}: {before:?} {after:?} {}", pp(&form[0]));
        }
    }
}
