//! Derivatives by a second reference: numbers that carry two first derivatives and a mixed second one, straight
//! over the expression as it is written, with a table of derivatives that is this file's own.
//!
//! Random programs: gradients, Jacobians and products with Hessians, as written = optimized = this.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::panic, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

#[path = "common/dual.rs"]
mod dual;
#[path = "common/rng.rs"]
mod rng;

use dual::{Dual, Tensor, value};
use egrad::function::{Function, OnUnused};
use egrad::grad::{Disconnected, GradOptions, hessian_vector_product, jacobians};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use rng::Rng;

impl Rng {
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

const INPUTS: &str = "s: f64; v: f64[3]; u: f64[3]; M: f64[3, 3]";

/// Functions that are smooth where these programs go.
const SMOOTH: [&str; 13] = [
    "tanh(#)",
    "sin(#)",
    "cos(#)",
    "sigmoid(#)",
    "softplus(#)",
    "arctan(#)",
    "erf(#)",
    "sqr(#)",
    "exp(tanh(#))",
    "sqrt(1 + sqr(#))",
    "log(2 + sin(#))",
    "log1p(sqr(#))",
    "(1 / (1 + sqr(#)))",
];

const MIXED: [&str; 9] = [
    "(# + %)",
    "(# - %)",
    "(# * %)",
    "(# * %)",
    "(# / (1 + sqr(%)))",
    "maximum(#, %)",
    "minimum(#, 0.5 * %)",
    "where(# > %, sin(#), %)",
    "abs(# - 0.3 * %)",
];

fn filled(text: &str, a: &str, b: &str) -> String {
    text.replace('#', a).replace('%', b)
}

/// The text of a random expression of so many axes.
fn text(rng: &mut Rng, rank: usize, depth: usize) -> String {
    let leaf = [&["s", "v[1]", "u[-1]"][..], &["v", "u", "M[0]"], &["M", "transpose(M)", "M"]][rank];
    if depth == 0 {
        return leaf[rng.below(leaf.len())].to_string();
    }
    let d = depth - 1;
    match (rank, rng.below(5)) {
        (_, 0) => filled(SMOOTH[rng.below(13)], &text(rng, rank, d), ""),
        (_, 1) => {
            let other = rng.below(rank + 1);
            let (a, b) = (text(rng, rank, d), text(rng, other, d));
            filled(MIXED[rng.below(9)], &a, &b)
        }
        (0, _) => {
            let forms = [
                "sum(#)",
                "mean(%)",
                "logsumexp(#)",
                "prod(1.2 + sin(#))",
                "max(#)",
                "dot(#, v)",
                "sum(% * %)",
                "#[2]",
                "min(%)",
                "(2 + sin(sum(#))) ** 3",
            ];
            let (a, b) = (text(rng, 1, d), text(rng, 2, d.min(2)));
            filled(forms[rng.below(10)], &a, &b)
        }
        (1, _) => {
            let forms = [
                "dot(%, #)",
                "dot(#, %)",
                "sum(%, axis=0)",
                "max(%, axis=1)",
                "softmax(#)",
                "cumsum(#)",
                "#[::-1]",
                "concatenate([#[1:], v[:1]])",
                "%[:, 0]",
                "logsumexp(%, axis=1)",
                "mean(%, axis=0)",
            ];
            let (a, b) = (text(rng, 1, d), text(rng, 2, d.min(2)));
            filled(forms[rng.below(11)], &a, &b)
        }
        _ => {
            let forms = [
                "dot(%, M)",
                "(% * #)",
                "(% * #[:, None])",
                "transpose(%)",
                "softmax(%)",
                "(# + %)",
                "exp(tanh(%))",
            ];
            let (a, b) = (text(rng, 1, d), text(rng, 2, d.min(2)));
            filled(forms[rng.below(7)], &a, &b)
        }
    }
}

fn point(rng: &mut Rng, x: &Expr) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(IxDyn(&x.ty().shape.as_known().unwrap()), || 2.4 * rng.unit() - 1.1)
}

fn call(inputs: &[Expr], outputs: &[Expr], at: &[ArrayD<f64>], raw: bool) -> Vec<ArrayD<f64>> {
    let builder = Function::builder().unused(OnUnused::Ignore);
    let f = if raw { builder.raw() } else { builder }.build(inputs, outputs).unwrap();
    f.call(&at.iter().map(|x| x.view()).collect::<Vec<_>>()).unwrap()
}

fn agree(what: &str, text: &str, got: &ArrayD<f64>, expected: &ArrayD<f64>) {
    assert_eq!(got.len(), expected.len(), "{what} of {text}");
    let scale = expected.iter().fold(1.0f64, |m, x| m.max(x.abs()));
    for (a, b) in got.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-10 * scale, "{what} of {text}: {a} and {b}\n{got}\n{expected}");
    }
}

/// The inputs at a point; the element `k` of the input `of` moves along `e1`, all of `p` along `e2`.
fn carried<'a>(
    inputs: &'a [Expr],
    at: &[ArrayD<f64>],
    (of, k): (usize, usize),
    p: Option<&ArrayViewD<'_, f64>>,
) -> Vec<(&'a str, Tensor)> {
    let carry = |(i, x): (usize, &ArrayD<f64>)| {
        let mut t = x.mapv(Dual::number);
        if i == of {
            t.iter_mut().nth(k).unwrap().a = 1.0;
            if let Some(p) = p {
                t.iter_mut().zip(p).for_each(|(t, p)| t.b = *p);
            }
        }
        t
    };
    inputs.iter().filter_map(Expr::name).zip(at.iter().enumerate().map(carry)).collect()
}

#[test]
fn gradients_jacobians_and_products_with_hessians_agree_with_dual_numbers() {
    let inputs = parse_declarations(&Source::text_only(INPUTS)).unwrap();
    let zero = GradOptions { disconnected: Disconnected::Zero, ..GradOptions::default() };
    for seed in 0..250 {
        let mut rng = Rng(seed);
        let rank = rng.below(3);
        let depth = 1 + rng.below(2);
        let text = text(&mut rng, rank, depth);
        let f = match parse_infix(&Source::text_only(&text), &inputs) {
            Ok(p) => p.results[0].clone(),
            Err(e) => panic!("{}", e.report()),
        };
        let at: Vec<ArrayD<f64>> = inputs.iter().map(|x| point(&mut rng, x)).collect();
        let of = rng.below(inputs.len());
        let wrt = &inputs[of];
        let n = at[of].len();
        let columns: Vec<Tensor> = (0..n).map(|k| value(&f, &carried(&inputs, &at, (of, k), None))).collect();
        let m = columns[0].len();
        let expected = ArrayD::from_shape_fn(IxDyn(&[m, n]), |i| columns[i[1]].iter().nth(i[0]).unwrap().a);
        let jacobian = jacobians(&f, &[wrt.clone()], &zero).unwrap();
        let cost = if f.rank() == 0 { f.clone() } else { f.sum() };
        let gradient = egrad::grad::grads_or(&cost, &[wrt.clone()], Disconnected::Zero).unwrap();
        let total = expected.sum_axis(ndarray::Axis(0));
        for raw in [true, false] {
            let how = if raw { "written" } else { "optimized" };
            let own = call(&inputs, &[f.clone()], &at, raw);
            agree(&format!("{how} value"), &text, &own[0], &columns[0].mapv(|d| d.x));
            let got = call(&inputs, &jacobian, &at, raw);
            let flat = ArrayD::from_shape_vec(IxDyn(&[m, n]), got[0].iter().copied().collect()).unwrap();
            agree(&format!("{how} Jacobian by {}", wrt.name().unwrap()), &text, &flat, &expected);
            let got = call(&inputs, &gradient, &at, raw);
            let flat = ArrayD::from_shape_vec(IxDyn(&[n]), got[0].iter().copied().collect()).unwrap();
            agree(&format!("{how} gradient by {}", wrt.name().unwrap()), &text, &flat, &total);
        }
        // The second derivative of a product over an axis is not defined, as in Theano.
        let p = Expr::var("p", wrt.ty().clone());
        let Ok(product) = hessian_vector_product(&cost, &[wrt.clone()], &[p.clone()]) else { continue };
        let direction = point(&mut rng, &p);
        let seconds: Vec<f64> = (0..n)
            .map(|k| {
                value(&cost, &carried(&inputs, &at, (of, k), Some(&direction.view())))
                    .iter()
                    .map(|d| d.c)
                    .sum()
            })
            .collect();
        let expected = ArrayD::from_shape_vec(IxDyn(&[n]), seconds).unwrap();
        let all: Vec<Expr> = inputs.iter().chain([&p]).cloned().collect();
        let mut at = at;
        at.push(direction);
        for raw in [true, false] {
            let how = if raw { "written" } else { "optimized" };
            let got = call(&all, &product, &at, raw);
            let flat = ArrayD::from_shape_vec(IxDyn(&[n]), got[0].iter().copied().collect()).unwrap();
            agree(&format!("{how} Hessian times vector by {}", wrt.name().unwrap()), &text, &flat, &expected);
        }
    }
}
