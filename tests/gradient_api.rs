//! Every option of the gradient API and every way to misuse it, as Theano has them: what is
//! returned, and what is said.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use egrad::expr::{Lit, fill};
use egrad::function::Function;
use egrad::grad::{
    Disconnected, GradError, GradOptions, Gradient, NullGradients, ReturnDisconnected, gradients, grads,
    grads_or, hessian, hessian_vector_product, jacobian, pullback, pushforward, subgraph_grad,
    subgraph_grads,
};
use egrad::op::{Attr, Op};
use egrad::prelude::*;
use egrad::verify::{NumericGrad, Options, VerifyError, numeric_grad, verify_grad};
use ndarray::{arr0, arr1, arr2};

fn said<T: std::fmt::Debug>(r: Result<T, GradError>) -> String {
    r.unwrap_err().to_string()
}

fn with(cost: &Expr, wrt: &[&Expr], options: &GradOptions) -> Result<Vec<Expr>, GradError> {
    let wrt: Vec<Expr> = wrt.iter().map(|w| (*w).clone()).collect();
    gradients(Some(cost), &wrt, options)?.into_exprs()
}

fn float(x: f64) -> Expr {
    Expr::lit(Lit::Float(x))
}

#[test]
fn a_cost_is_a_scalar() {
    let (x, v) = (dscalar("x"), dvector("v"));
    assert_eq!(
        said(grad(&v.exp(), &v)),
        "cost must be a scalar, but `exp(v)` has type f64[v.0]; differentiate its sum instead"
    );
    // A vector of one element is no scalar.
    assert!(matches!(grad(&x.dimshuffle([None]), &x), Err(GradError::CostNotScalar { .. })));
    assert_eq!(
        said(gradients(None, &[x.clone()], &GradOptions::default())),
        "there is neither a cost nor a known gradient"
    );
    // A constant depends on nothing, and nothing depends on a constant.
    assert_eq!(said(grad(&float(2.0), &x)), "`x` does not occur in the cost");
    assert_eq!(
        said(grad(&x.exp(), &float(3.0))),
        "cannot differentiate with respect to `3.0`: it is a constant of type f64"
    );
}

#[test]
fn the_result_has_the_form_of_what_was_asked_for() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let s = &x * &y;
    let cost = s.exp();
    let one = grad(&cost, &x).unwrap();
    let [a, b] = grad(&cost, [&x, &y]).unwrap();
    let list = grad(&cost, &[y.clone(), x.clone(), x.clone()][..]).unwrap();
    assert_eq!((pp(&one), pp(&b)), (pp(&a), pp(&list[0])));
    // In the order of the request, as often as it was asked for.
    assert_eq!((pp(&list[1]), pp(&list[2])), (pp(&a), pp(&a)));
    assert!(grads(&cost, &[]).unwrap().is_empty());
    // Intermediates, the cost itself, and inputs together.
    let mixed = grads(&cost, &[cost.clone(), s.clone(), x.clone()]).unwrap();
    assert_eq!(pp(&mixed[0]), "fill(exp((x * y)), 1.0)");
    assert_eq!(pp(&mixed[1]), "(fill(exp((x * y)), 1.0) * exp((x * y)))");
    assert_eq!(pp(&mixed[2]), "((fill(exp((x * y)), 1.0) * exp((x * y))) * y)");
    assert_eq!(pp(&grad(&x, &x).unwrap()), "fill(x, 1.0)");
}

#[test]
fn names_go_to_gradients() {
    let (x, w) = (dscalar("x"), dscalar("w"));
    let cost = (&x * &w).named("cost");
    assert_eq!(grad(&cost, &w).unwrap().label(), Some("(dcost/dw)"));
    assert_eq!(grad(&(&x * &w), &w).unwrap().label(), None);
    assert_eq!(grad(&cost, &cost).unwrap().label(), Some("(dcost/dcost)"));
}

#[test]
fn what_is_not_reached() {
    let (x, v, i) = (dscalar("x"), dvector("v"), iscalar("i"));
    let absent = "`v` does not occur in the cost";
    let cut = "the cost uses `v` only where no gradient flows (shapes, the first operand of fill)";
    assert_eq!(said(grad(&x.exp(), &v)), absent);
    assert_eq!(said(grad(&(v.length(0) * &x), &v)), cut);
    assert_eq!(said(grad(&v.disconnected_grad().sum(), &v)), cut);
    assert_eq!(said(grad(&fill(&v, 2.0).sum(), &v)), cut);
    assert!(matches!(
        grad(&v.try_take(&i, 0).unwrap(), &i),
        Err(GradError::Disconnected { absent: false, .. })
    ));
    let options = |disconnected, return_disconnected| GradOptions {
        disconnected,
        return_disconnected,
        ..GradOptions::default()
    };
    let cost = x.exp();
    for (option, warned) in [(Disconnected::Zero, false), (Disconnected::Warn, true)] {
        let found =
            gradients(Some(&cost), &[v.clone(), i.clone()], &options(option, ReturnDisconnected::Zero))
                .unwrap();
        let texts: Vec<String> = found.list.iter().map(|g| pp(g.expr().unwrap())).collect();
        assert_eq!(texts, ["fill(v, 0.0)", "float64(fill(i, 0))"]);
        assert_eq!(
            found.warnings,
            if warned { vec![absent, "`i` does not occur in the cost"] } else { vec![] }
        );
    }
    let marked = gradients(
        Some(&cost),
        &[x.clone(), v.clone()],
        &options(Disconnected::Zero, ReturnDisconnected::Marked),
    )
    .unwrap();
    assert!(matches!(marked.list[..], [Gradient::Is(_), Gradient::Disconnected]));
    assert_eq!(said(marked.into_exprs()), "gradient 1 is disconnected: it is no expression");
    assert_eq!(pp(&grads_or(&cost, &[v], Disconnected::Zero).unwrap()[0]), "fill(v, 0.0)");
}

#[test]
fn constants() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let s = &x * &y;
    let cost = &s * &x;
    let options = |c: &[&Expr]| GradOptions {
        consider_constant: c.iter().map(|e| (*e).clone()).collect(),
        ..GradOptions::default()
    };
    assert_eq!(pp(&with(&cost, &[&x], &options(&[&s])).unwrap()[0]), "(fill(((x * y) * x), 1.0) * (x * y))");
    assert_eq!(
        said(with(&cost, &[&y], &options(&[&s]))),
        "the cost uses `y` only where no gradient flows (shapes, the first operand of fill)"
    );
    // A constant may be asked for, and what does not occur may be constant.
    assert_eq!(
        pp(&with(&cost, &[&s], &options(&[&s, &dscalar("z")])).unwrap()[0]),
        "(fill(((x * y) * x), 1.0) * x)"
    );
}

#[test]
fn known_gradients() {
    let (x, y, g) = (dscalar("x"), dscalar("y"), dscalar("g"));
    let z = &x * &y;
    let known = |pairs: &[(&Expr, &Expr)]| GradOptions {
        known_grads: pairs.iter().map(|(a, b)| ((*a).clone(), (*b).clone())).collect(),
        ..GradOptions::default()
    };
    let alone = gradients(None, &[x.clone(), y.clone()], &known(&[(&z, &g)])).unwrap().into_exprs().unwrap();
    assert_eq!((pp(&alone[0]), pp(&alone[1])), ("(g * y)".into(), "(g * x)".into()));
    // With a cost, what it contributes through `z` is not added, what reaches `x` elsewhere is.
    let cost = z.exp() + &x;
    let both = with(&cost, &[&x], &known(&[(&z, &g)])).unwrap();
    assert_eq!(pp(&both[0]), "((g * y) + fill((exp((x * y)) + x), 1.0))");
    // Of the cost itself.
    assert_eq!(pp(&with(&z, &[&x], &known(&[(&z, &g)])).unwrap()[0]), "(g * y)");
    // Several, one above the other.
    let two =
        gradients(None, &[x.clone()], &known(&[(&z, &g), (&z.exp(), &y)])).unwrap().into_exprs().unwrap();
    assert_eq!(pp(&two[0]), "(g * y)");
    assert_eq!(
        said(with(&cost, &[&x], &known(&[(&z, &iscalar("i"))]))),
        "known gradient 0 has type i32, but belongs to an expression of type f64"
    );
    assert!(matches!(
        with(&cost, &[&x], &known(&[(&z, &g), (&x, &dvector("v"))])),
        Err(GradError::Seed { index: 1, .. })
    ));
}

#[test]
fn integers_and_truth_values_do_not_vary() {
    let (x, i) = (dscalar("x"), lscalar("i"));
    assert_eq!(pp(&grad(&i.pow(2), &i).unwrap()), "float64(fill(i, 0))");
    assert_eq!(pp(&grad(&i.modulo(2), &i).unwrap()), "fill(i, 0.0)");
    assert_eq!(pp(&grad(&x.gt(0), &x).unwrap()), "fill(x, 0.0)");
    assert_eq!(pp(&grad(&x.floor(), &x).unwrap()), "fill(x, 0.0)");
    let cast = Expr::apply(Op::Cast, Attr::DType(DType::I32), [x.clone()]);
    assert_eq!(pp(&grad(&cast, &x).unwrap()), "fill(x, 0.0)");
    // Reached through floats, an integer has a gradient of floats.
    let g = grad(&(&i * &x).exp(), &i).unwrap();
    assert_eq!(g.ty().dtype, DType::F64);
    assert_eq!(pp(&g), "((fill(exp((i * x)), 1.0) * exp((i * x))) * x)");
}

#[test]
fn gradients_that_are_not_defined() {
    let (x, v) = (dscalar("x"), dvector("v"));
    let cost = x.undefined_grad() * v.sum();
    assert_eq!(said(grad(&cost, &x)), "`undefined_grad` has no derivative, at `UndefinedGrad(x)`");
    let options = GradOptions { null_gradients: NullGradients::Return, ..GradOptions::default() };
    let found = gradients(Some(&cost), &[x.clone(), v.clone()], &options).unwrap();
    assert!(matches!(found.list[..], [Gradient::Undefined(_), Gradient::Is(_)]));
    assert!(found.into_exprs().is_err());
    // One undefined term makes the whole sum undefined.
    assert!(grad(&(&cost + &x), &x).is_err());
    // The derivative of a product has a derivative, which Theano does not have; what it prints has none.
    let first = grad(&v.reduce_axes(Op::Prod, &[0]), &v).unwrap();
    let second = Function::new(&[v.clone()], &[grad(&first.sum(), &v).unwrap()]).unwrap();
    assert_eq!(second.call_with(&[&[0.0, 2.0, 3.0]]).unwrap()[0], arr1(&[5.0, 3.0, 2.0]).into_dyn());
    let printed = v.reduce_axes(Op::ProdWithoutZeros, &[0]);
    assert_eq!(said(grad(&printed, &v)).split(',').next(), Some("`prod_without_zeros` has no derivative"));
}

#[test]
fn marks() {
    let x = dscalar("x");
    let at = |e: &Expr, x0: f64| {
        let f = Function::new(&[x.clone()], &[e.clone(), grad(e, &x).unwrap()]).unwrap();
        let out = f.call_with(&[&x0]).unwrap();
        (out[0][[]], out[1][[]])
    };
    assert_eq!(at(&(x.zero_grad() * &x), 3.0), (9.0, 3.0));
    assert_eq!(at(&(x.disconnected_grad() * &x), 3.0), (9.0, 3.0));
    assert_eq!(pp(&grad(&x.zero_grad(), &x).unwrap()), "fill(fill(ZeroGrad(x), 1.0), 0.0)");
    assert_eq!(at(&x.try_grad_clip(-1.0, 1.0).unwrap().pow(2), 2.0), (4.0, 1.0));
    assert_eq!(at(&x.try_grad_scale(-1.0).unwrap().pow(2), 2.0), (4.0, -4.0));
    assert!(x.try_grad_clip(1.0, -1.0).is_err());
}

#[test]
fn jacobians_and_hessians() {
    let (v, x) = (dvector("v"), dscalar("x"));
    let run = |e: &Expr| {
        Function::new(&[v.clone()], &[e.clone()]).unwrap().call_with(&[&[1.0, 2.0]]).unwrap().remove(0)
    };
    assert_eq!(run(&jacobian(&v.pow(2), &v).unwrap()), arr2(&[[2.0, 0.0], [0.0, 4.0]]).into_dyn());
    assert_eq!(run(&jacobian(&v.sum(), &v).unwrap()), arr1(&[1.0, 1.0]).into_dyn());
    assert_eq!(run(&hessian(&v.pow(3).sum(), &v).unwrap()), arr2(&[[6.0, 0.0], [0.0, 12.0]]).into_dyn());
    assert!(matches!(hessian(&v.exp(), &v), Err(GradError::CostNotScalar { .. })));
    assert!(matches!(jacobian(&v.exp(), &x), Err(GradError::Disconnected { .. })));
    let hp = hessian_vector_product(&v.pow(3).sum(), &[v.clone()], &[v.clone()]).unwrap();
    assert_eq!(run(&hp[0]), arr1(&[6.0, 24.0]).into_dyn());
}

#[test]
fn products_with_jacobians() {
    let (v, w, x) = (dvector("v"), dvector("w"), dscalar("x"));
    let f = [v.pow(2)];
    assert_eq!(pp(&pullback(&f, &[v.clone()], &[w.clone()]).unwrap()[0]), "((w * 2) * (v ** (2 - 1)))");
    assert_eq!(said(pullback(&f, &[v.clone()], &[])), "0 cotangents for 1 expressions");
    assert_eq!(
        said(pullback(&f, &[v.clone()], &[x.clone()])),
        "cotangent 0 has type f64, but belongs to an expression of type f64[v.0]"
    );
    assert_eq!(said(pushforward(&f, &[v.clone()], &[w.clone(), w.clone()])), "2 tangents for 1 expressions");
    assert_eq!(
        said(pushforward(&f, &[v.clone()], &[x])),
        "tangent 0 has type f64, but belongs to an expression of type f64[v.0]"
    );
}

#[test]
fn parts_of_graphs() {
    let (x, w, g) = (dscalar("x"), dscalar("w"), dscalar("g"));
    let h = x.exp();
    let out = &h * &w;
    assert!(matches!(subgraph_grad(&[w.clone()], &[h.clone()], &[], None), Err(GradError::NoCost)));
    let start = [(out.clone(), g.clone())];
    let (by_w, by_h) = subgraph_grad(&[w.clone()], &[h.clone()], &start, None).unwrap();
    assert_eq!((pp(&by_w[0]), pp(&by_h[0])), ("(g * exp(x))".into(), "(g * w)".into()));
    // What lies behind the end gets zeros.
    let (by_x, _) = subgraph_grad(&[x.clone()], &[h.clone()], &start, None).unwrap();
    assert_eq!(pp(&by_x[0]), "fill(x, 0.0)");
    // Both: the sum of both, and the parts.
    let both = subgraph_grads(&[w.clone()], &[h.clone()], &start, &[out.sqr(), w.clone()]).unwrap();
    assert_eq!(both.costs.len(), 2);
    let parts = [&both.start[0], &both.costs[0][0], &both.costs[1][0]].map(pp);
    assert_eq!(pp(&both.wrt[0]), format!("(({} + {}) + {})", parts[0], parts[1], parts[2]));
    assert_eq!((parts[0].as_str(), parts[2].as_str()), ("(g * exp(x))", "fill(w, 1.0)"));
    let f = Function::new(&[x, w, g], &[both.wrt[0].clone(), both.end[0].clone()]).unwrap();
    let got = f.call_with(&[&0.0, &3.0, &5.0]).unwrap();
    assert_eq!((got[0][[]], got[1][[]]), (5.0 + 6.0 + 1.0, 15.0 + 18.0));
}

#[test]
fn finite_differences() {
    let (x, v, i) = (dscalar("x"), dvector("v"), iscalar("i"));
    let cost = (v.sin() * &x).sum();
    let at = [("x", arr0(2.0).into_dyn()), ("v", arr1(&[0.5, -1.0]).into_dyn())];
    let found = numeric_grad(&cost, &[x.clone(), v.clone()], &at, None).unwrap();
    let exact = [
        arr0(0.5f64.sin() - 1f64.sin()).into_dyn(),
        arr1(&[2.0 * 0.5f64.cos(), 2.0 * 1f64.cos()]).into_dyn(),
    ];
    let worst = found.max_err(&exact, 1e-4, 1e-4).unwrap().unwrap();
    assert!(worst.absolute < 1e-6 && worst.relative < 1e-6, "{worst:?}");
    let coarse: NumericGrad = numeric_grad(&cost, &[v.clone()], &at, Some(0.5)).unwrap();
    assert!((coarse.grads[0][[0]] - 2.0 * (1f64.sin() - 0.5f64.sin()) / 0.5).abs() < 1e-12);
    let words = |r: Result<NumericGrad, VerifyError>| r.unwrap_err().to_string();
    assert_eq!(
        words(numeric_grad(&v.sin(), &[v.clone()], &at, None)),
        "the function has type f64[v.0]; finite differences are taken of a scalar"
    );
    assert_eq!(
        words(numeric_grad(&cost, &[cost.clone()], &at, None)),
        "expression 0 to differentiate by is no input"
    );
    assert_eq!(
        words(numeric_grad(&(&i * &x), &[i.clone()], &at, None)),
        "input `i` has element type i32; differences are taken of floats"
    );
    assert_eq!(words(numeric_grad(&cost, &[x.clone()], &at[..1], None)), "missing input `v`");
    assert_eq!(found.max_err(&exact[..1], 1.0, 1.0).unwrap_err().to_string(), "1 gradients for 2 inputs");
    let swapped = [exact[1].clone(), exact[0].clone()];
    assert_eq!(
        found.max_err(&swapped, 1.0, 1.0).unwrap_err().to_string(),
        "the gradient by `x` has shape [2] and not []"
    );
    // Whole functions: every element of the gradient in every test.
    let done =
        verify_grad(&v.sin(), &[v.clone()], &at[1..], &Options { tests: 3, ..Options::default() }).unwrap();
    assert_eq!(done.elements, 6);
    let e = verify_grad(&v.zero_grad().sin(), &[v.clone()], &at[1..], &Options::default()).unwrap_err();
    assert!(
        matches!(&e, VerifyError::Differs(d) if d.input == "v" && d.index == [0] && d.analytic == 0.0),
        "{e}"
    );
    assert!(matches!(verify_grad(&x.exp(), &[v], &at, &Options::default()), Err(VerifyError::Grad(_))));
}
