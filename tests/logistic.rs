//! The derivative of the logistic function: how many digits its optimized form keeps.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use egrad::function::Function;
use egrad::num::{Real, ulps};
use egrad::prelude::*;
use egrad::rules::Profile;

const POINTS: [f64; 12] = [0.0, 1e-300, -1e-300, 0.5, -2.0, 30.0, -30.0, 37.0, 700.0, -700.0, -745.0, 745.0];

/// The derivative at a double, to 75 digits: `exp(-|x|) / (1 + exp(-|x|)) ** 2`.
fn exact(x: f64) -> f64 {
    let one = || Real::from(1.0);
    let t = (-Real::from(x).abs()).exp();
    let below = one() + t.clone();
    (t / (&below * &below)).to_f64()
}

fn optimized(profile: Profile) -> Function {
    let x = dvector("x");
    let s = (1.0 / (1.0 + (-&x).exp())).sum();
    let g = grad(&s, &x).unwrap();
    let options = egrad::optimize::Options { profile, ..Default::default() };
    Function::builder().options(options).build(&[x], &[g]).unwrap()
}

#[test]
fn the_optimized_gradient_keeps_its_digits_everywhere() {
    let f = optimized(Profile::Real);
    assert_eq!(pp(&f.outputs()[0]), "(sigmoid((-x)) * sigmoid(x))");
    let values = f.call_with(&[&POINTS.to_vec()]).unwrap().remove(0);
    for (x, v) in POINTS.iter().zip(&values) {
        let off = ulps(*v, exact(*x));
        assert!(off <= 2.0, "{off} ulp at {x}: {v} for {}", exact(*x));
    }
}

/// The tutorial's own form is wrong in the third digit at 30, and is nothing from 37 on.
#[test]
#[allow(clippy::float_cmp, reason = "it is zero exactly")]
fn the_form_with_one_minus_loses_them() {
    let form = |x: f64| {
        let s = 1.0 / (1.0 + libm::exp(-x));
        s * (1.0 - s)
    };
    let off = (form(30.0) - exact(30.0)).abs() / exact(30.0);
    assert!((1e-4..1e-2).contains(&off), "{off}");
    assert_eq!(form(37.0), 0.0);
    assert!(exact(37.0) > 8e-17);
}

/// Derivatives of the quotient of any order are polynomials in the function, taken of `x` and of `-x`;
/// their difference may be written `tanh(x / 2)`.
#[test]
fn every_derivative_is_a_polynomial_in_the_sigmoid() {
    let x = dscalar("x");
    let mut d = 1.0 / (1.0 + (-&x).exp());
    for (order, most) in [4, 6, 8, 10, 10, 12].into_iter().enumerate() {
        d = grad(&d, &x).unwrap();
        let f = Function::new(&[x.clone()], &[d.clone()]).unwrap();
        let out = f.outputs()[0].clone();
        let all = egrad::expr::topological(&[out.clone()]);
        let names: Vec<&str> = all.iter().filter_map(|e| e.op().map(|o| o.def().name)).collect();
        assert!(
            names.iter().all(|n| ["sigmoid", "neg", "*", "+", "-", "sqr", "tanh"].contains(n)),
            "{}",
            pp(&out)
        );
        assert!(names.len() <= most, "{} operations of order {}: {}", names.len(), order + 1, pp(&out));
    }
}

/// A quotient of powers of `cosh` would be infinity over infinity there.
#[test]
fn derivatives_of_tanh_stay_numbers() {
    let x = dscalar("x");
    let mut d = x.tanh();
    for k in 1..=6 {
        d = grad(&d, &x).unwrap();
        let f = Function::builder().build(&[x.clone()], &[d.clone()]).unwrap();
        for at in [200.0, -400.0, 800.0] {
            let v = f.call_with(&[&at]).unwrap().remove(0);
            assert!(v.iter().all(|v| v.abs() < 1e-12), "derivative {k} at {at}: {v}");
        }
    }
}
