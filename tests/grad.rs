//! The gradient API: options, products with Jacobians, what is refused and in what words.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

mod support;

use egrad::expr::{Expr, concatenate, dot};
use egrad::function::Function;
use egrad::grad::{
    Disconnected, GradError, GradOptions, Gradient, NullGradients, ReturnDisconnected, gradients,
    hessian_vector_product, pullback, pushforward, subgraph_grad,
};
use egrad::op::{Attr, IndexItem, Op};
use egrad::prelude::*;
use ndarray::{ArrayD, IxDyn};
use support::{Rng, array};

fn one(cost: &Expr, wrt: &Expr, options: &GradOptions) -> Result<Expr, GradError> {
    Ok(gradients(Some(cost), &[wrt.clone()], options)?.into_exprs()?.remove(0))
}

fn words<T: std::fmt::Debug>(r: Result<T, GradError>) -> String {
    r.unwrap_err().to_string()
}

#[test]
fn constants_cut_what_is_below_them() {
    let x = dscalar("x");
    let y = x.sin();
    let options = GradOptions { consider_constant: vec![y.clone()], ..GradOptions::default() };
    // The constant itself may be asked for.
    assert_eq!(pp(&one(&y.exp(), &y, &options).unwrap()), "(fill(exp(sin(x)), 1.0) * exp(sin(x)))");
    assert!(matches!(one(&y.exp(), &x, &options), Err(GradError::Disconnected { absent: false, .. })));
}

#[test]
fn disconnected_inputs_raise_warn_or_are_ignored() {
    let (x, y) = (dscalar("x"), dvector("y"));
    let cost = x.exp();
    assert_eq!(words(one(&cost, &y, &GradOptions::default())), "`y` does not occur in the cost");
    let with = |disconnected, return_disconnected| {
        let options = GradOptions { disconnected, return_disconnected, ..GradOptions::default() };
        gradients(Some(&cost), &[y.clone()], &options).unwrap()
    };
    let warned = with(Disconnected::Warn, ReturnDisconnected::Zero);
    assert_eq!(warned.warnings, ["`y` does not occur in the cost"]);
    assert_eq!(pp(warned.list[0].expr().unwrap()), "fill(y, 0.0)");
    let marked = with(Disconnected::Zero, ReturnDisconnected::Marked);
    assert!(marked.warnings.is_empty() && matches!(marked.list[0], Gradient::Disconnected));
    assert_eq!(words(marked.into_exprs()), "gradient 0 is disconnected: it is no expression");
}

#[test]
fn known_gradients_replace_what_would_be_computed() {
    let (x, g) = (dscalar("x"), dscalar("g"));
    let z = x.sqr();
    let options = GradOptions { known_grads: vec![(z.clone(), g.clone())], ..GradOptions::default() };
    let without_cost = gradients(None, &[x.clone()], &options).unwrap().into_exprs().unwrap();
    assert_eq!(pp(&without_cost[0]), "((g * x) * 2)");
    // The contribution of the cost through `z` is not added.
    assert_eq!(pp(&one(&z.exp(), &x, &options).unwrap()), "((g * x) * 2)");
    assert_eq!(
        words(gradients(None, &[x.clone()], &GradOptions::default())),
        "there is neither a cost nor a known gradient"
    );
    let wrong = GradOptions { known_grads: vec![(z, dvector("v"))], ..GradOptions::default() };
    assert!(matches!(gradients(None, &[x], &wrong), Err(GradError::Seed { index: 0, .. })));
}

#[test]
fn undefined_gradients_raise_or_are_returned() {
    // As in Theano, a product has a first derivative and no second one.
    let (x, y) = (dvector("x"), dscalar("y"));
    let cost = x.reduce_axes(Op::ProdWithoutZeros, &[0]) * &y;
    assert_eq!(
        words(one(&cost, &x, &GradOptions::default())),
        "`prod_without_zeros` has no derivative, at `ProdWithoutZeros{0}(x)`"
    );
    let options = GradOptions { null_gradients: NullGradients::Return, ..GradOptions::default() };
    let both = gradients(Some(&cost), &[x, y], &options).unwrap().list;
    assert!(matches!(&both[0], Gradient::Undefined(GradError::Undefined { op: "prod_without_zeros", .. })));
    assert!(both[1].expr().is_some());
}

#[test]
fn numbers_of_tangents_and_their_shapes_are_checked() {
    let (v, s) = (dvector("v"), dscalar("s"));
    let f = [v.exp()];
    assert_eq!(words(pushforward(&f, &[v.clone()], &[])), "0 tangents for 1 expressions");
    assert!(words(pushforward(&f, &[v.clone()], &[s.clone()])).starts_with("tangent 0 has type "));
    assert!(words(pullback(&f, &[v.clone()], &[s])).starts_with("cotangent 0 has type "));
    assert!(matches!(subgraph_grad(&[v], &[], &[], None), Err(GradError::NoCost)));
}

/// A pullback sums over its `f`, also where one is part of another.
#[test]
fn pullbacks_of_nested_expressions_add() {
    let x = dscalar("x");
    let (a, one) = (x.exp(), Expr::lit(egrad::expr::Lit::Float(1.0)));
    let g = pullback(&[a.clone(), a.sqr()], &[x.clone()], &[one.clone(), one]).unwrap();
    let f = Function::new(&[x], &g).unwrap();
    let got = f.call_with(&[&0.5]).unwrap()[0][[]];
    assert!((got - (0.5f64.exp() + 2.0 * 1f64.exp())).abs() < 1e-14);
}

/// Functions of `a: [3, 4]` and `v: [4]` that use every kind of operator.
fn samples(a: &Expr, v: &Expr) -> Vec<(&'static str, Expr)> {
    let slice = IndexItem::Slice { start: Some(1), stop: None, step: 1 };
    vec![
        ("elementwise with broadcasting", (a * v).tanh() + v.exp() / 3),
        ("sum over an axis", (a.sqr() * v).sum_axes(&[1])),
        ("matrix by vector", dot(a, v).sin()),
        ("matrix by matrix", dot(a, &a.t())),
        ("outer and transposition", a.t() * v.dimshuffle([Some(0), None])),
        ("index", a.index(std::slice::from_ref(&slice)) * v),
        ("write", a.write_at_row(v, &slice)),
        ("join", concatenate(&[v.exp(), a.index(&[IndexItem::At(0)])], 0)),
        ("reshape", a.reshape_to(&[Dim::Known(4), Dim::Known(3)]).sigmoid()),
        ("maximum, product", Expr::apply(Op::Prod, Attr::Axes(vec![0]), [a.maximum(v)])),
        ("softmax", Expr::apply(Op::Softmax, Attr::Axes(vec![1]), [a * v])),
        ("logsumexp", Expr::apply(Op::Logsumexp, Attr::Axes(vec![1]), [a + v])),
        ("power", (a.sqr() + 1.0).pow(v.sigmoid())),
    ]
}

trait Write {
    fn write_at_row(&self, v: &Expr, at: &IndexItem) -> Expr;
}
impl Write for Expr {
    fn write_at_row(&self, v: &Expr, at: &IndexItem) -> Expr {
        let index = |op, x: &Expr| Expr::apply(op, Attr::Index(vec![at.clone()]), [x.clone(), v.exp()]);
        index(Op::IncSubtensor, &index(Op::SetSubtensor, &self.sin()))
    }
}

fn close(a: &ArrayD<f64>, b: &ArrayD<f64>, tolerance: f64) -> bool {
    let near = |x: f64, y: f64| (x - y).abs() <= tolerance * (1.0 + x.abs().max(y.abs()));
    a.shape() == b.shape() && a.iter().zip(b).all(|(x, y)| near(*x, *y))
}

/// Forwards = central differences; `<w, J t> = <J' w, t>`; raw = optimized.
#[test]
fn pushforward_and_pullback_agree_with_differences_and_each_other() {
    let a = tensor("a", DType::F64, Shape::known(&[3, 4]));
    let v = tensor("v", DType::F64, Shape::known(&[4]));
    let (ta, tv) =
        (tensor("ta", DType::F64, Shape::known(&[3, 4])), tensor("tv", DType::F64, Shape::known(&[4])));
    let mut rng = Rng::new(5);
    for (name, f) in samples(&a, &v) {
        let w = tensor("w", DType::F64, f.ty().shape.clone());
        let wrt = [a.clone(), v.clone()];
        let t = pushforward(&[f.clone()], &wrt, &[ta.clone(), tv.clone()]).unwrap().remove(0);
        assert_eq!(t.ty().shape, f.ty().shape, "{name}");
        let options = GradOptions {
            known_grads: vec![(f.clone(), w.clone())],
            disconnected: Disconnected::Zero,
            ..GradOptions::default()
        };
        let back = gradients(None, &wrt, &options).unwrap().into_exprs().unwrap();
        let left = (&w * &t).sum();
        let right = (&back[0] * &ta).sum() + (&back[1] * &tv).sum();
        let inputs = [a.clone(), v.clone(), ta.clone(), tv.clone(), w.clone()];
        let outputs = [f.clone(), t, left, right];
        let ignore = egrad::function::OnUnused::Ignore;
        let optimized = Function::builder().unused(ignore).build(&inputs, &outputs).unwrap();
        let raw = Function::builder().raw().unused(ignore).build(&inputs, &outputs).unwrap();
        let shape: Vec<usize> = f.ty().shape.dims().iter().map(|d| d.known().unwrap()).collect();
        let at = [&[3, 4][..], &[4], &[3, 4], &[4], &shape].map(|s| array(&mut rng, s));
        let call = |f: &Function, at: &[ArrayD<f64>]| {
            f.call(&at.iter().map(|x| x.view()).collect::<Vec<_>>()).unwrap()
        };
        let (got, plain) = (call(&optimized, &at), call(&raw, &at));
        for (p, q) in got.iter().zip(&plain) {
            assert!(close(p, q, 1e-11), "{name}: optimized {p} raw {q}");
        }
        assert!(close(&got[2], &got[3], 1e-11), "{name}: {} {}", got[2], got[3]);
        let moved = |h: f64| {
            let mut to = at.clone();
            to[0] = &at[0] + &(&at[2] * h);
            to[1] = &at[1] + &(&at[3] * h);
            call(&raw, &to).swap_remove(0)
        };
        let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
        assert!(close(&got[1], &slope, 1e-6), "{name}: {} {slope}", got[1]);
    }
}

/// The Hessian of `sum(exp(a v))` along a vector, in closed form: `a' (exp(a v) * (a p))`.
#[test]
fn hessian_times_vector_in_closed_form() {
    let (a, v, p) = (dmatrix("a"), dvector("v"), dvector("p"));
    let h = hessian_vector_product(&dot(&a, &v).exp().sum(), &[v.clone()], &[p.clone()]).unwrap();
    let closed = dot(&a.t(), &(dot(&a, &v).exp() * dot(&a, &p)));
    let f = Function::new(&[a, v, p], &[h[0].clone(), closed]).unwrap();
    let mut rng = Rng::new(6);
    let at = [&[5, 3][..], &[3], &[3]].map(|s| array(&mut rng, s));
    let got = f.call(&at.each_ref().map(|x| x.view())).unwrap();
    assert!(close(&got[0], &got[1], 1e-12), "{} {}", got[0], got[1]);
}

#[test]
fn derivatives_of_high_order() {
    let x = dscalar("x");
    let mut e = x.pow(6);
    for _ in 0..6 {
        e = grad(&e, &x).unwrap();
    }
    assert_eq!(
        Function::new(&[x], &[e]).unwrap().call_with(&[&1.5]).unwrap()[0],
        ArrayD::from_elem(IxDyn(&[]), 720.0)
    );
}
