//! Jacobians, Hessians and products with them, on random programs: raw = optimized = one gradient per
//! row, and central differences.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

#[path = "common/typed.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod typed;

use egrad::expr::{Expr, topological};
use egrad::function::{Function, OnUnused};
use egrad::grad::{
    Disconnected, GradError, GradOptions, gradients, hessian_vector_product, hessians, jacobians, pullback,
    pushforward,
};
use egrad::op::{Attr, Law, Op};
use egrad::prelude::*;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use typed::Rng;

const ZERO: GradOptions = GradOptions {
    consider_constant: Vec::new(),
    disconnected: Disconnected::Zero,
    known_grads: Vec::new(),
    return_disconnected: egrad::grad::ReturnDisconnected::Zero,
    null_gradients: egrad::grad::NullGradients::Error,
};

fn call(inputs: &[Expr], outputs: &[Expr], at: &[ArrayD<f64>], raw: bool) -> Vec<ArrayD<f64>> {
    let builder = Function::builder().unused(OnUnused::Ignore);
    let f = if raw { builder.raw() } else { builder }.build(inputs, outputs).unwrap();
    f.call(&at.iter().map(|a| a.view()).collect::<Vec<ArrayViewD<'_, f64>>>()).unwrap()
}

/// Finite numbers agree; what is none on one side is not judged: programs leave their domains.
fn agree(what: &str, e: &Expr, a: &ArrayD<f64>, b: &ArrayD<f64>, tolerance: f64) {
    assert_eq!(a.shape(), b.shape(), "{what} of {}", pp(e));
    let scale = a.iter().chain(b).filter(|x| x.is_finite()).fold(1.0f64, |m, x| m.max(x.abs()));
    for (x, y) in a.iter().zip(b) {
        let fits = !x.is_finite() || !y.is_finite() || (x - y).abs() <= tolerance * scale;
        assert!(fits, "{what} of {}: {x} and {y}, in {a} and {b}", pp(e));
    }
}

/// Smooth operators only: at kinks differences and gradients differ by right.
fn smooth(e: &Expr) -> bool {
    let kinks = [
        "abs",
        "sgn",
        "maximum",
        "minimum",
        "max",
        "min",
        "relu",
        "clip",
        "floor",
        "ceil",
        "trunc",
        "mod",
        "int_div",
        "round_half_to_even",
        "round_half_away_from_zero",
        "switch",
    ];
    !marked(e) && topological(std::slice::from_ref(e)).iter().all(|n| !kinks.contains(&n.op_name()))
}

/// Marks make gradients what they are not.
fn marked(e: &Expr) -> bool {
    topological(std::slice::from_ref(e)).iter().any(|n| n.op().is_some_and(|op| op.def().has(Law::Mark)))
}

/// The Jacobian by one gradient for each element of `f`.
fn by_rows(f: &Expr, wrt: &[Expr]) -> Result<Vec<Vec<Expr>>, GradError> {
    let flat = f.flatten();
    let n = flat.ty().shape.dims()[0].known().unwrap();
    (0..n).map(|i| gradients(Some(&flat.try_at(i as i64).unwrap()), wrt, &ZERO)?.into_exprs()).collect()
}

#[test]
fn jacobians_of_random_programs() {
    let (mut judged, mut steep) = (0, 0);
    for seed in 0..250 {
        let mut rng = Rng::new(seed);
        let (inputs, f) = typed::tensors(&mut rng);
        if f.ty().shape.size().known().is_none_or(|n| n > 40) {
            continue;
        }
        let wrt: Vec<Expr> = inputs.iter().filter(|x| x.name() != Some("e")).cloned().collect();
        let all = jacobians(&f, &wrt, &ZERO);
        let rows = by_rows(&f, &wrt);
        let (all, rows) = match (all, rows) {
            (Ok(all), Ok(rows)) => (all, rows),
            // What has no derivative has none by rows either.
            (Err(a), b) => {
                assert!(b.is_err() || f.ty().shape.size().known() == Some(0), "{a} but rows of {}", pp(&f));
                continue;
            }
            (_, Err(b)) => panic!("no rows of {}: {b}", pp(&f)),
        };
        let at: Vec<ArrayD<f64>> = inputs.iter().map(|x| rng.array(x, &[])).collect();
        let raw = call(&inputs, &all, &at, true);
        for (k, w) in wrt.iter().enumerate() {
            let (m, n) = (f.ty().shape.as_known().unwrap(), w.ty().shape.as_known().unwrap());
            assert_eq!(raw[k].shape(), [m, n].concat(), "{} by {w:?}", pp(&f));
        }
        let best = call(&inputs, &all, &at, false);
        for (a, b) in raw.iter().zip(&best) {
            agree("optimized Jacobian", &f, a, b, 1e-9);
        }
        for (i, row) in rows.iter().enumerate() {
            for (k, a) in call(&inputs, row, &at, true).iter().enumerate() {
                let whole =
                    raw[k].to_shape((IxDyn(&[rows.len(), a.len()]), ndarray::Order::RowMajor)).unwrap();
                let own = whole.index_axis(Axis(0), i).to_owned().into_shape_with_order(a.raw_dim()).unwrap();
                agree("row of the Jacobian", &f, a, &own.into_dyn(), 1e-9);
            }
        }
        judged += 1;
        if smooth(&f) && differences(&f, &inputs, &wrt, &at, &raw) {
            steep += 1;
        }
    }
    assert!(judged > 150 && steep > 40, "{judged} judged, {steep} by differences");
}

/// Compares with central differences where these are good: two steps give the same.
fn differences(
    f: &Expr,
    inputs: &[Expr],
    wrt: &[Expr],
    at: &[ArrayD<f64>],
    jacobians: &[ArrayD<f64>],
) -> bool {
    let function = Function::builder().raw().unused(OnUnused::Ignore).build(inputs, &[f.clone()]).unwrap();
    let value = |at: &[ArrayD<f64>]| {
        function.call(&at.iter().map(|a| a.view()).collect::<Vec<_>>()).unwrap().swap_remove(0)
    };
    let mut judged = false;
    for (w, j) in wrt.iter().zip(jacobians) {
        let k = inputs.iter().position(|x| x.same_node(w)).unwrap();
        let m = value(at).len();
        for i in 0..at[k].len() {
            let slope = |h: f64| {
                let moved = |h: f64| {
                    let mut to = at.to_vec();
                    to[k].as_slice_mut().unwrap()[i] += h;
                    value(&to)
                };
                (moved(h) - moved(-h)) / (2.0 * h)
            };
            let (a, b) = (slope(1e-5), slope(3e-6));
            for (r, (a, b)) in a.iter().zip(&b).enumerate() {
                if !(a - b).abs().le(&(1e-5 * (1.0 + a.abs()))) || a.abs() > 1e4 {
                    continue;
                }
                let got = j.as_slice().unwrap()[r * (j.len() / m) + i];
                if got.is_finite() {
                    judged = true;
                    assert!((got - a).abs() < 1e-3 * (1.0 + a.abs()), "{}: {got} and {a} by {w:?}", pp(f));
                }
            }
        }
    }
    judged
}

#[test]
fn products_of_random_programs_agree_with_the_jacobian() {
    let mut judged = 0;
    for seed in 1000..1150 {
        let mut rng = Rng::new(seed);
        let (inputs, f) = typed::tensors(&mut rng);
        if f.ty().shape.size().known().is_none_or(|n| n == 0 || n > 40) {
            continue;
        }
        let Some(w) = inputs
            .iter()
            .find(|x| x.rank() > 0 && topological(&[f.clone()]).iter().any(|n| n.name() == x.name()))
        else {
            continue;
        };
        let wrt = [w.clone()];
        let p = tensor("p", DType::F64, w.ty().shape.clone());
        let c = tensor("c", DType::F64, f.ty().shape.clone());
        let (Ok(j), Ok(t)) = (jacobians(&f, &wrt, &ZERO), pushforward(&[f.clone()], &wrt, &[p.clone()]))
        else {
            continue;
        };
        let Ok(back) = pullback(&[f.clone()], &wrt, &[c.clone()]) else { continue };
        let size = |e: &Expr| e.ty().shape.size();
        let flat = j[0].reshape_to(&[size(&f), size(w)]);
        let forwards = dot(&flat, &p.flatten()).reshape_to(f.ty().shape.dims());
        let backwards = dot(&c.flatten(), &flat).reshape_to(w.ty().shape.dims());
        let inputs: Vec<Expr> = inputs.iter().chain([&p, &c]).cloned().collect();
        let at: Vec<ArrayD<f64>> = inputs.iter().map(|x| rng.array(x, &[])).collect();
        for raw in [true, false] {
            let outputs = [t[0].clone(), forwards.clone(), back[0].clone(), backwards.clone()];
            let out = call(&inputs, &outputs, &at, raw);
            agree("pushforward", &f, &out[0], &out[1], 1e-8);
            agree("pullback", &f, &out[2], &out[3], 1e-8);
        }
        judged += 1;
    }
    assert!(judged > 60, "{judged} judged");
}

#[test]
fn hessians_of_random_programs() {
    let mut judged = 0;
    for seed in 2000..2120 {
        let mut rng = Rng::new(seed);
        let (inputs, f) = typed::tensors(&mut rng);
        // Clipping a gradient is not linear, so the order of derivatives matters.
        if marked(&f) {
            continue;
        }
        let cost = f.sum();
        let Some(w) = inputs
            .iter()
            .find(|x| x.rank() > 0 && topological(&[f.clone()]).iter().any(|n| n.name() == x.name()))
        else {
            continue;
        };
        let wrt = [w.clone()];
        let p = tensor("p", DType::F64, w.ty().shape.clone());
        let (Ok(h), Ok(v)) =
            (hessians(&cost, &wrt, &ZERO), hessian_vector_product(&cost, &wrt, &[p.clone()]))
        else {
            continue;
        };
        let n = w.ty().shape.size();
        let product = dot(&h[0].reshape_to(&[n.clone(), n]), &p.flatten()).reshape_to(w.ty().shape.dims());
        let inputs: Vec<Expr> = inputs.iter().chain([&p]).cloned().collect();
        let at: Vec<ArrayD<f64>> = inputs.iter().map(|x| rng.array(x, &[])).collect();
        let outputs = [h[0].clone(), product, v[0].clone()];
        let (raw, best) = (call(&inputs, &outputs, &at, true), call(&inputs, &outputs, &at, false));
        agree("Hessian times vector", &cost, &raw[1], &raw[2], 1e-8);
        for (a, b) in raw.iter().zip(&best) {
            agree("optimized Hessian", &cost, a, b, 1e-8);
        }
        judged += 1;
    }
    assert!(judged > 40, "{judged} judged");
}

/// Rows of operators that need their operands whole, against one gradient per row.
#[test]
fn jacobians_of_whole_operators() {
    let a = tensor("a", DType::F64, Shape::known(&[3, 3]));
    let v = tensor("v", DType::F64, Shape::known(&[3]));
    let one = |op, x: &Expr| Expr::apply(op, Attr::None, [x.clone()]);
    let spd = dot(&a, &a.t()) + one(Op::AllocDiag, &(v.sqr() + 2.0));
    let best = Expr::apply(Op::Argmax, Attr::Axes(vec![1]), [a.clone()]);
    let functions = vec![
        ("solve a vector", spd.try_solve(&v).unwrap()),
        ("solve a matrix", spd.try_solve(&a).unwrap()),
        ("inverse", spd.try_inverse().unwrap()),
        ("cholesky", spd.try_cholesky().unwrap()),
        ("diagonal", one(Op::Diagonal, &dot(&a, &a)) * v.exp()),
        ("tril and triu", dot(&one(Op::Tril, &a), &one(Op::Triu, &a))),
        ("fill a diagonal", Expr::apply(Op::FillDiagonal, Attr::None, [a.sqr(), v.sin()])),
        ("running sums", a.try_cumsum(1).unwrap() * v.try_cumsum(0).unwrap()),
        ("running products", a.try_cumprod(0).unwrap().sqr()),
        ("batched products", {
            let t = Expr::apply(
                Op::Reshape,
                Attr::Dims(vec![Dim::Known(1), Dim::Known(3), Dim::Known(3)]),
                [a.clone()],
            );
            Expr::apply(Op::BatchedDot, Attr::None, [t.exp(), a.clone()])
        }),
        ("vector by matrix", dot(&v, &a).exp()),
        ("outer", dot(&v.dimshuffle([Some(0), None]), &v.dimshuffle([None, Some(0)]))),
        ("joined", concatenate(&[a.sin(), dot(&a, &a)], 1)),
        ("variance", a.try_var(Some(&[0])).unwrap()),
        ("picked", a.sqr().try_pick(&best).unwrap() * &v),
        ("put in rows", Expr::apply(Op::IncPick, Attr::None, [a.sqr(), best.clone(), v.sqr()])),
        ("tiled", v.try_tile(&[2, 2]).unwrap().sqr()),
    ];
    let wrt = [a.clone(), v.clone()];
    let mut rng = Rng::new(3);
    let at: Vec<ArrayD<f64>> = wrt.iter().map(|x| rng.array(x, &[])).collect();
    for (name, f) in functions {
        let all = jacobians(&f, &wrt, &ZERO).unwrap();
        let rows = by_rows(&f, &wrt).unwrap();
        for raw in [true, false] {
            let whole = call(&wrt, &all, &at, raw);
            for (i, row) in rows.iter().enumerate() {
                for (k, r) in call(&wrt, row, &at, true).iter().enumerate() {
                    let n = r.len();
                    let own = &whole[k].as_slice().unwrap()[i * n..][..n];
                    let near = |x: f64, y: f64| (x - y).abs() <= 1e-10 * (1.0 + x.abs());
                    assert!(r.iter().zip(own).all(|(x, y)| near(*x, *y)), "{name}, row {i}: {r} {own:?}");
                }
            }
        }
    }
}
