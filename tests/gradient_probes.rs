//! Options of gradients together, as nobody has planned them: every result is a value or the exact words of an error.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]
#![allow(clippy::float_cmp, reason = "exact values are what is tested")]

use egrad::function::{Function, IntoInput, OnUnused};
use egrad::grad::{
    Disconnected, GradOptions, Gradient, NullGradients, ReturnDisconnected, gradients, grads,
    hessian_vector_product, jacobians, pullback, pushforward, subgraph_grad,
};
use egrad::prelude::*;
use egrad::verify::{Options, VerifyError, verify_grad};
use ndarray::{ArrayD, IxDyn, arr0, arr1, arr2};

/// The values of expressions, and that they are those of the expressions as they are written.
fn values(inputs: &[&Expr], outputs: &[Expr], at: &[&dyn IntoInput]) -> Vec<ArrayD<f64>> {
    let inputs: Vec<Expr> = inputs.iter().map(|e| (*e).clone()).collect();
    let of = |b: egrad::function::Builder| {
        b.unused(OnUnused::Ignore).build(&inputs, outputs).unwrap().call_with(at).unwrap()
    };
    let (fast, plain) = (of(Function::builder()), of(Function::builder().raw()));
    for (a, b) in fast.iter().zip(&plain) {
        assert_eq!(a.shape(), b.shape());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * (1.0 + b.abs())), "{a} {b}");
    }
    fast
}

fn numbers(inputs: &[&Expr], outputs: &[Expr], at: &[&dyn IntoInput]) -> Vec<f64> {
    values(inputs, outputs, at).iter().map(|a| a[[]]).collect()
}

fn said<T: std::fmt::Debug, E: std::fmt::Display>(r: Result<T, E>) -> String {
    match r {
        Ok(x) => panic!("no error but {x:?}"),
        Err(e) => e.to_string(),
    }
}

fn counting(shape: &[usize]) -> ArrayD<f64> {
    let mut k = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        k += 1.0;
        k
    })
}

const CUT: &str = "only where no gradient flows (shapes, the first operand of fill)";

#[test]
fn known_gradients_beside_constants() {
    let (x, y, g) = (dscalar("x"), dscalar("y"), dscalar("g"));
    let (z, s) = (&x * &y, x.sin());
    let cost = z.exp() + &s * &x;
    let options = |constant: &[&Expr]| GradOptions {
        known_grads: vec![(z.clone(), g.clone())],
        consider_constant: constant.iter().map(|e| (*e).clone()).collect(),
        ..GradOptions::default()
    };
    let at = |constant: &[&Expr], wrt: &[Expr]| {
        let found = gradients(Some(&cost), wrt, &options(constant)).unwrap().into_exprs().unwrap();
        numbers(&[&x, &y, &g], &found, &[&2.0, &3.0, &5.0])
    };
    assert_eq!(at(&[&s], &[x.clone(), y.clone()]), [15.0 + 2f64.sin(), 10.0]);
    // What is known of a constant is its gradient, and goes no further.
    assert_eq!(at(&[&s, &z], &[x.clone(), z.clone()]), [2f64.sin(), 5.0]);
    assert_eq!(
        said(gradients(Some(&cost), &[y.clone()], &options(&[&z]))),
        format!("the cost uses `y` {CUT}")
    );
    // An input whose gradient is known.
    let known = GradOptions { known_grads: vec![(x.clone(), g.clone())], ..GradOptions::default() };
    let found = gradients(Some(&cost), &[x.clone(), y.clone()], &known).unwrap().into_exprs().unwrap();
    assert_eq!(numbers(&[&x, &y, &g], &found, &[&0.0, &3.0, &5.0]), [5.0, 0.0]);
}

#[test]
fn what_is_cut_off_is_told_and_marked() {
    let (x, y, v) = (dscalar("x"), dscalar("y"), dvector("v"));
    let s = &x * &y;
    let options = |return_disconnected| GradOptions {
        consider_constant: vec![s.clone()],
        disconnected: Disconnected::Warn,
        return_disconnected,
        ..GradOptions::default()
    };
    let wrt = [y.clone(), x.clone(), v.clone(), v.clone()];
    let words = [
        format!("the cost uses `y` {CUT}"),
        "`v` does not occur in the cost".to_string(),
        "`v` does not occur in the cost".to_string(),
    ];
    let marked = gradients(Some(&(&s * &x)), &wrt, &options(ReturnDisconnected::Marked)).unwrap();
    assert_eq!(marked.warnings, words);
    let missing: Vec<bool> = marked.list.iter().map(|g| matches!(g, Gradient::Disconnected)).collect();
    assert_eq!(missing, [true, false, true, true]);
    assert_eq!(said(marked.into_exprs()), "gradient 0 is disconnected: it is no expression");
    let zeros = gradients(Some(&(&s * &x)), &wrt, &options(ReturnDisconnected::Zero)).unwrap();
    assert_eq!(zeros.warnings, words);
    let found = values(&[&x, &y, &v], &zeros.into_exprs().unwrap(), &[&2.0, &3.0, &[1.0, 1.0]]);
    assert_eq!((found[0][[]], found[1][[]]), (0.0, 6.0));
    assert_eq!(found[2], arr1(&[0.0, 0.0]).into_dyn());
}

#[test]
fn gradients_that_are_undefined_beside_those_that_are_not() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let u = x.undefined_grad();
    let cost = &u * &y + y.sqr() + x.disconnected_grad();
    let options = GradOptions {
        null_gradients: NullGradients::Return,
        disconnected: Disconnected::Warn,
        ..GradOptions::default()
    };
    let z = dscalar("z");
    let found = gradients(Some(&cost), &[y.clone(), x.clone(), u.clone(), z], &options).unwrap();
    assert_eq!(found.warnings, ["`z` does not occur in the cost"]);
    let Gradient::Undefined(e) = &found.list[1] else { panic!("{found:?}") };
    assert_eq!(e.to_string(), "`undefined_grad` has no derivative, at `UndefinedGrad(x)`");
    let of = [0, 2].map(|i| found.list[i].expr().unwrap().clone());
    assert_eq!(numbers(&[&x, &y], &of, &[&2.0, &3.0]), [8.0, 3.0]);
    assert_eq!(said(found.into_exprs()), "`undefined_grad` has no derivative, at `UndefinedGrad(x)`");
    // Behind a constant, it is not reached.
    let behind = GradOptions {
        consider_constant: vec![u],
        disconnected: Disconnected::Zero,
        ..GradOptions::default()
    };
    let found = gradients(Some(&cost), &[x.clone()], &behind).unwrap().into_exprs().unwrap();
    assert_eq!(numbers(&[&x, &y], &found, &[&2.0, &3.0]), [0.0]);
}

#[test]
fn jacobians_of_a_matrix_by_an_array_of_three_axes() {
    // `f[i, j]` is the sum over `k` of the squares of `t[k, i, j]`: more inputs than outputs, then fewer.
    for lengths in [[None; 3], [Some(1), Some(2), Some(2)]] {
        let dims = lengths.iter().enumerate().map(|(axis, n)| match n {
            Some(n) => Dim::Known(*n),
            None => Dim::Sym(egrad::ty::Sym::anonymous("t", axis)),
        });
        let t = tensor("t", DType::F64, Shape::new(dims));
        let f = t.sqr().sum_axes(&[0]);
        let n = lengths[0].unwrap_or(3);
        let at = counting(&[n, 2, 2]);
        let j = values(&[&t], &[jacobian(&f, &t).unwrap()], &[&at]).remove(0);
        assert_eq!(j.shape(), [2, 2, n, 2, 2]);
        for (i, x) in j.indexed_iter() {
            let own = (i[0], i[1]) == (i[3], i[4]);
            assert_eq!(*x, if own { 2.0 * at[[i[2], i[3], i[4]]] } else { 0.0 });
        }
    }
    // By two at once, one of which does not matter.
    let (m, v, w) = (dmatrix("m"), dvector("v"), dvector("w"));
    let options = GradOptions { disconnected: Disconnected::Zero, ..GradOptions::default() };
    let found = jacobians(&dot(&m, &v), &[w.clone(), v.clone()], &options).unwrap();
    let at = arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).into_dyn();
    let out = values(&[&m, &v, &w], &found, &[&at, &[0.0, 0.0], &[1.0]]);
    assert_eq!(out, [ArrayD::zeros(IxDyn(&[3, 1])), at]);
    assert_eq!(said(jacobians(&m, &[v], &GradOptions::default())), "`v` does not occur in the cost");
}

#[test]
fn second_derivatives_by_two_inputs() {
    let (v, m) = (dvector("v"), dmatrix("m"));
    let cost = (dot(&m, &v)).sqr().sum();
    let h = hessian(&cost, [&v, &m]).unwrap();
    let at: [&dyn IntoInput; 2] = [&[1.0, 2.0], &[[1.0, 2.0], [3.0, 4.0]]];
    let out = values(&[&v, &m], &h, &at);
    assert_eq!(out[0], arr2(&[[20.0, 28.0], [28.0, 40.0]]).into_dyn());
    assert_eq!(out[1].shape(), [2, 2, 2, 2]);
    for (i, x) in out[1].indexed_iter() {
        let v = [1.0, 2.0];
        assert_eq!(*x, if i[0] == i[2] { 2.0 * v[i[1]] * v[i[3]] } else { 0.0 });
    }
    // Times a direction, what both have in common counts too.
    let (p, q) = (dvector("p"), dmatrix("q"));
    let along = hessian_vector_product(&cost, &[v.clone(), m.clone()], &[p.clone(), q.clone()]).unwrap();
    let slope = grads(&cost, &[v.clone(), m.clone()]).unwrap();
    let whole = |g: &Expr| jacobians(g, &[v.clone(), m.clone()], &GradOptions::default()).unwrap();
    let mut outputs = along.clone();
    for g in &slope {
        let by = whole(g);
        outputs.push(tensordot(&by[0], &p, 1) + tensordot(&by[1], &q, 2));
    }
    let all: [&dyn IntoInput; 4] = [at[0], at[1], &[0.5, -1.0], &[[2.0, 0.0], [1.0, -3.0]]];
    let out = values(&[&v, &m, &p, &q], &outputs, &all);
    assert_eq!((&out[0], &out[1]), (&out[2], &out[3]));
}

fn tensordot(a: &Expr, b: &Expr, axes: usize) -> Expr {
    let first: Vec<i64> = (a.rank() - axes..a.rank()).map(|i| i64::try_from(i).unwrap()).collect();
    let second: Vec<i64> = (0..axes).map(|i| i64::try_from(i).unwrap()).collect();
    egrad::expr::tensordot(a, b, &first, &second).unwrap()
}

#[test]
fn products_of_several_outputs_by_several_inputs() {
    let (x, v) = (dscalar("x"), dvector("v"));
    let f = [v.exp() * &x, v.sum() * x.sqr(), v.sqr()];
    let (a, b, c) = (dvector("a"), dscalar("b"), dvector("c"));
    let (t, u) = (dscalar("t"), dvector("u"));
    let wrt = [x.clone(), v.clone()];
    let back = pullback(&f, &wrt, &[a.clone(), b.clone(), c.clone()]).unwrap();
    let ahead = pushforward(&f, &wrt, &[t.clone(), u.clone()]).unwrap();
    // One bilinear form from both sides.
    let left = &ahead[0] * &a;
    let forms = [left.sum() + &ahead[1] * &b + (&ahead[2] * &c).sum(), &back[0] * &t + (&back[1] * &u).sum()];
    let inputs = [&x, &v, &a, &b, &c, &t, &u];
    let at: [&dyn IntoInput; 7] = [&2.0, &[0.0, 0.0], &[1.0, 2.0], &3.0, &[1.0, 1.0], &0.5, &[4.0, 5.0]];
    assert_eq!(numbers(&inputs, &forms, &at), [29.5 + 108.0, 29.5 + 108.0]);
    // What does not depend: nothing backwards, zeros forwards.
    let y = dscalar("y");
    assert_eq!(
        said(pullback(&[x.sqr()], &[x.clone(), y.clone()], &[b.clone()])),
        "`y` does not occur in the cost"
    );
    let none = pushforward(&[v.sqr(), y.exp()], &[x.clone(), y.clone()], &[b.clone(), t.clone()]).unwrap();
    let out = values(&[&x, &y, &v, &b, &t], &none, &[&1.0, &0.0, &[1.0, 2.0], &1.0, &7.0]);
    assert_eq!(out, [arr1(&[0.0, 0.0]).into_dyn(), arr0(7.0).into_dyn()]);
}

#[test]
fn a_gradient_in_two_parts_is_the_gradient() {
    let (x, w, u) = (dvector("x"), dvector("w"), dvector("u"));
    let h = (&x * &w).tanh();
    let cost = (&h * &u).sqr().sum() + w.sum();
    let (upper, at_h) = subgraph_grad(&[u.clone(), w.clone()], &[h.clone()], &[], Some(&cost)).unwrap();
    // What is known there, and a cost of its own below.
    let penalty = w.sqr().sum();
    let start = [(h.clone(), at_h[0].clone())];
    let (lower, at_x) = subgraph_grad(&[w.clone()], &[x.clone()], &start, Some(&penalty)).unwrap();
    let whole = grads(&(&cost + &penalty), &[u.clone(), w.clone(), x.clone()]).unwrap();
    let parts = [&upper[0] - &whole[0], &upper[1] + &lower[0] - &whole[1], &at_x[0] - &whole[2]];
    let out = values(&[&x, &w, &u], &parts, &[&[0.3, -1.0], &[0.5, 2.0], &[1.0, -2.0]]);
    assert!(out.iter().flatten().all(|d| d.abs() < 1e-14), "{out:?}");
}

#[test]
fn costs_of_every_kind() {
    let (x, y, i, v) = (dscalar("x"), dscalar("y"), lscalar("i"), dvector("v"));
    // An integer cost of floats varies with nothing; by what it is computed from, there are zeros.
    let whole = Expr::apply(egrad::op::Op::Cast, egrad::op::Attr::DType(DType::I64), [(&x * &y).floor()]);
    let found = grads(&(&whole * &i), &[x.clone(), i.clone()]).unwrap();
    assert_eq!(numbers(&[&x, &y, &i], &found, &[&2.0, &3.0, &4]), [0.0, 0.0]);
    assert!(found.iter().all(|g| g.ty().dtype == DType::F64));
    assert_eq!(
        said(grad(&v.gt(0), &v)),
        "cost must be a scalar, but `gt(v, 0)` has type bool[v.0]; differentiate its sum instead"
    );
    // By an expression of the graph, and by one that only looks like it.
    let s = &x * &y;
    let cost = s.exp() + &s;
    let by = grads(&cost, &[s.clone(), x.clone()]).unwrap();
    assert_eq!(numbers(&[&x, &y], &by, &[&0.0, &3.0]), [2.0, 6.0]);
    assert_eq!(said(grad(&cost, &(&x * &y))), "`(x * y)` does not occur in the cost");
    assert_eq!(
        said(grad(&cost, &2.0.into_expr())),
        "cannot differentiate with respect to `2.0`: it is a constant of type f64"
    );
    // At its edge, `relu` has the derivative of what is below; as Theano computes it, the mean of both sides.
    let relu = Expr::apply(egrad::op::Op::Relu, egrad::op::Attr::None, [x.clone()]);
    let written = 0.5 * (&x + x.abs());
    let edge = [grad(&relu, &x).unwrap(), grad(&written, &x).unwrap()];
    assert_eq!(numbers(&[&x], &edge, &[&0.0]), [0.0, 0.5]);
    // A variable is its name: another one of this name and type is the same.
    let same = grad(&cost, &dscalar("x")).unwrap();
    assert_eq!(numbers(&[&x, &y], &[same], &[&0.0, &3.0]), [6.0]);
}

#[test]
fn a_gradient_that_is_wrong_in_one_place() {
    let (x, v) = (dscalar("x"), dvector("v"));
    let at = [("x", arr0(2.0).into_dyn()), ("v", arr1(&[0.5, -1.0]).into_dyn())];
    let wrong = v.exp() * x.try_grad_scale(1.01).unwrap();
    let wrt = [v.clone(), x.clone()];
    let e = verify_grad(&wrong, &wrt, &at, &Options::default()).unwrap_err();
    let VerifyError::Differs(d) = &e else { panic!("{e}") };
    assert_eq!((d.input.as_str(), d.index.len(), d.test), ("x", 0, 0));
    assert!((d.analytic / d.numeric - 1.01).abs() < 1e-5, "{e}");
    assert!(e.to_string().starts_with("the gradient by `x` at [] is "), "{e}");
    let loose = Options { rel_tol: Some(0.02), ..Options::default() };
    let found = verify_grad(&wrong, &wrt, &at, &loose).unwrap();
    assert!(found.relative > 0.004 && found.relative < 0.006, "{found:?}");
    // It is wrong for the first alone.
    verify_grad(&wrong, &[v], &at, &Options::default()).unwrap();
}
