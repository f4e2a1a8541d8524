//! Depth is no limit: a chain of a million operations, with a stack that holds no recursion.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use egrad::expr::topological;
use egrad::function::Function;
use egrad::op::Spelling;
use egrad::pp::{let_form, pp};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{Dialect, parse_infix, parse_sexp, sexp_program};

/// Far less than a million frames need.
const STACK: usize = 256 << 10;
const DEEP: usize = 1_000_000;

fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK).spawn(f).unwrap().join().unwrap();
}

/// `sin(-(sin(-(x))))`, and so on.
fn chain(n: usize) -> String {
    let parts = ["sin(", "-("];
    let open: String = (0..n).map(|i| parts[i % parts.len()]).collect();
    format!("{open}x{}", ")".repeat(n))
}

#[test]
fn a_million_operations() {
    on_a_small_stack(|| {
        let x = dscalar("x");
        let program = parse_infix(&Source::text_only(&chain(DEEP)), &[x.clone()]).unwrap();
        let e = program.results[0].clone();
        drop(program);
        assert!(topological(std::slice::from_ref(&e)).len() >= DEEP);
        let g = grad(&e, &x).unwrap();
        let lines = let_form(std::slice::from_ref(&g), Spelling::Classic);
        assert!(lines.iter().all(|l| l.len() < 10_000), "no line grows with the depth");
        drop(lines);
        let f = Function::builder().raw().build(&[x], &[e, g]).unwrap();
        let values = f.call_with(&[&0.5]).unwrap();
        assert!(values.iter().all(|v| v[[]].abs() < 1.0), "{values:?}");
    });
}

#[test]
fn a_million_forms() {
    on_a_small_stack(|| {
        let x = dscalar("x");
        let text = format!("{}x{}", "(tanh ".repeat(DEEP), ")".repeat(DEEP));
        let program = parse_sexp(&Source::text_only(&text), &[x.clone()]).unwrap();
        let written = sexp_program(&program.results, Dialect::Exact);
        let again = parse_sexp(&Source::text_only(&written), &[x]).unwrap();
        assert_eq!(sexp_program(&again.results, Dialect::Exact), written);
    });
}

#[test]
fn a_long_sum_is_printed_whole() {
    on_a_small_stack(|| {
        let x = dscalar("x");
        let e = (0..100_000).fold(x.clone(), |e, _| e + &x);
        assert!(pp(&e).len() > 400_000);
    });
}

/// The optimizer cuts a chain into windows.
#[test]
fn thousands_are_optimized() {
    on_a_small_stack(|| {
        let x = dscalar("x");
        let program = parse_infix(&Source::text_only(&chain(5_000)), &[x.clone()]).unwrap();
        let e = program.results[0].clone();
        let g = grad(&e, &x).unwrap();
        let f = Function::new(&[x], &[e, g]).unwrap();
        let report = f.report().unwrap();
        assert!(report.cost_after < report.cost_before, "{report}");
        f.call_with(&[&0.5]).unwrap();
    });
}

/// Lengths that are computed from lengths have a bound, which is an error and not an overflow.
#[test]
fn lengths_are_shallow() {
    use egrad::op::{Attr, IndexItem, Op};
    on_a_small_stack(|| {
        // Every second but the last of them: no one slice does that.
        let slice = |e: &Expr, stop: Option<i64>, step: i64| {
            let items = vec![IndexItem::Slice { start: None, stop, step }];
            Expr::try_apply(Op::Index, Attr::Index(items), [e.clone()])
        };
        let cut = |e: &Expr| slice(&slice(e, None, 2)?, Some(-1), 1);
        let mut e = dvector("v");
        let error = loop {
            match cut(&e) {
                Ok(next) => e = next,
                Err(error) => break error,
            }
        };
        assert_eq!(error.class(), "limit");
        // A length whose terms double is cut off as well.
        let mut e = dvector("v");
        let doubled = |e: &Expr| Expr::try_apply(Op::Join, Attr::Axis(0), [cut(e)?, e.clone()]);
        let error = loop {
            match doubled(&e) {
                Ok(next) => e = next,
                Err(error) => break error,
            }
        };
        assert_eq!(error.class(), "limit");
    });
}
