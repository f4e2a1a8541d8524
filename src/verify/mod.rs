//! Gradients against finite differences: Theano's `verify_grad`.

mod error;
mod numeric;

use ndarray::{ArrayD, ArrayViewD, Dimension as _, IxDyn};

pub use error::{Difference, VerifyError};
pub use numeric::{NumericGrad, numeric_grad};

use crate::expr::{Expr, variables};
use crate::function::{Function, OnUnused};
use crate::grad::grads;
use crate::ty::{DType, Ty};

/// How a gradient is verified. The defaults are Theano's: what is `None` follows from the element
/// types, for `f64` a step of 1e-7 and tolerances of 1e-4, for `f32` 3e-4 and 1e-2.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How many random projections are tried.
    pub tests: usize,
    /// Where the random numbers begin.
    pub seed: u64,
    /// The step of the differences.
    pub eps: Option<f64>,
    /// Absolute tolerance.
    pub abs_tol: Option<f64>,
    /// Relative tolerance. An element fails where it is beyond both.
    pub rel_tol: Option<f64>,
}

impl Default for Options {
    fn default() -> Options {
        Options { tests: 2, seed: 1, eps: None, abs_tol: None, rel_tol: None }
    }
}

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verified {
    /// Elements of gradients, over all tests.
    pub elements: usize,
    /// The largest absolute error.
    pub absolute: f64,
    /// The largest relative error.
    pub relative: f64,
}

/// Compares the gradient of `f` by the inputs `wrt` with one-sided finite differences at a point.
///
/// `f` has any shape: its product with a random array from 0.5 to 1.5 is summed, as often as
/// `options.tests` says. The gradient is computed by the optimized function, the differences from
/// `f` as it is written, so optimization is tested too. The relative error of `a` and `b` is
/// `|a - b| / max(|a| + |b|, 1e-8)`.
///
/// ```
/// use egrad::prelude::*;
/// use egrad::verify::{Options, verify_grad};
/// use ndarray::arr1;
/// let x = dvector("x");
/// let at = [("x", arr1(&[0.5, -1.0]).into_dyn())];
/// assert_eq!(verify_grad(&x.tanh(), &[x.clone()], &at, &Options::default())?.elements, 4);
/// // A mark that makes the gradient wrong is found.
/// let wrong = x.try_grad_scale(2.0).unwrap().tanh();
/// let e = verify_grad(&wrong, &[x], &at, &Options::default()).unwrap_err();
/// assert!(e.to_string().starts_with("the gradient by `x` at [0] is "));
/// # Ok::<(), egrad::verify::VerifyError>(())
/// ```
///
/// # Errors
/// There is no gradient; something is no function; `f` or one of `wrt` is no float; and the first
/// element at which the two do not agree.
pub fn verify_grad(
    f: &Expr,
    wrt: &[Expr],
    at: &[(&str, ArrayD<f64>)],
    options: &Options,
) -> Result<Verified, VerifyError> {
    let (mut inputs, mut point, plain) = prepared(f, wrt, at)?;
    let base = value_at(&plain, &point)?;
    let weights = weights_for(f, &inputs);
    let slopes = grads(&(f * &weights).sum(), wrt)?;
    inputs.push(weights);
    let gradient = Function::builder().unused(OnUnused::Ignore).build(&inputs, &slopes)?;
    let (eps, tolerance) = defaults(f, wrt);
    let eps = options.eps.unwrap_or(eps);
    let tolerances = (options.abs_tol.unwrap_or(tolerance), options.rel_tol.unwrap_or(tolerance));
    let mut random = options.seed;
    let mut found = Verified { elements: 0, absolute: 0.0, relative: 0.0 };
    for test in 0..options.tests {
        let r = ArrayD::from_shape_simple_fn(IxDyn(base.shape()), || 0.5 + unit(&mut random));
        let views: Vec<ArrayViewD<'_, f64>> = point.iter().chain([&r]).map(|a| a.view()).collect();
        for (x, analytic) in wrt.iter().zip(gradient.call(&views)?) {
            let Some(at) = inputs.iter().position(|i| i.name() == x.name()) else { continue };
            let rise = |moved: &ArrayD<f64>| ((moved - &base) * &r).sum();
            let numeric = differences(&plain, &mut point, at, eps, &rise)?;
            compare((test, x.name().unwrap_or("")), &analytic, &numeric, tolerances, &mut found)?;
        }
    }
    Ok(found)
}

/// The step of differences and the tolerance that follow from the element types.
fn defaults(f: &Expr, wrt: &[Expr]) -> (f64, f64) {
    let narrow = wrt.iter().chain([f]).any(|e| e.ty().dtype == DType::F32);
    if narrow { (3e-4, 1e-2) } else { (1e-7, 1e-4) }
}

fn float(what: &str, e: &Expr) -> Result<(), VerifyError> {
    let dtype = e.ty().dtype;
    if dtype.is_float() { Ok(()) } else { Err(VerifyError::NotFloat { what: what.to_string(), dtype }) }
}

/// An input of the shape of `f` whose name is new.
fn weights_for(f: &Expr, inputs: &[Expr]) -> Expr {
    let mut name = "R".to_string();
    while inputs.iter().any(|i| i.name() == Some(&name)) {
        name.push('_');
    }
    Expr::var(&name, Ty::new(f.ty().dtype, f.ty().shape.clone()))
}

/// From 0 to 1. G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014.
fn unit(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    #[allow(clippy::cast_precision_loss, reason = "53 bits")]
    let x = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
    x
}

type Prepared = (Vec<Expr>, Vec<ArrayD<f64>>, Function);

/// The inputs of `f`, their values in this order, and `f` as it is written.
fn prepared(f: &Expr, wrt: &[Expr], at: &[(&str, ArrayD<f64>)]) -> Result<Prepared, VerifyError> {
    for (index, x) in wrt.iter().enumerate() {
        let Some(name) = x.name() else { return Err(VerifyError::NotAnInput { index }) };
        float(&format!("input `{name}`"), x)?;
    }
    float("the function", f)?;
    let inputs = variables(&[std::slice::from_ref(f), wrt].concat());
    // Every value that is given must belong to an input, and every input have one.
    let named: Vec<(&str, ArrayViewD<'_, f64>)> = at.iter().map(|(n, a)| (*n, a.view())).collect();
    let plain = Function::builder().raw().unused(OnUnused::Ignore).build(&inputs, std::slice::from_ref(f))?;
    plain.call_named(&named)?;
    let value = |x: &Expr| at.iter().find(|(n, _)| x.name() == Some(n)).map(|(_, a)| a.clone());
    let point = inputs.iter().filter_map(value).collect();
    Ok((inputs, point, plain))
}

fn value_at(f: &Function, point: &[ArrayD<f64>]) -> Result<ArrayD<f64>, VerifyError> {
    Ok(f.call(&point.iter().map(|p| p.view()).collect::<Vec<_>>())?.swap_remove(0))
}

/// How much a function rises, per unit, when one element of an input does, for each of them.
fn differences(
    f: &Function,
    point: &mut [ArrayD<f64>],
    at: usize,
    eps: f64,
    rise: &dyn Fn(&ArrayD<f64>) -> f64,
) -> Result<ArrayD<f64>, VerifyError> {
    let mut slopes = ArrayD::zeros(IxDyn(point[at].shape()));
    for (index, slope) in slopes.indexed_iter_mut() {
        let old = point[at][&index];
        point[at][&index] = old + eps;
        let moved = value_at(f, point);
        point[at][&index] = old;
        *slope = rise(&moved?) / eps;
    }
    Ok(slopes)
}

/// Compares every element of a gradient by an input with differences.
fn compare(
    (test, input): (usize, &str),
    analytic: &ArrayD<f64>,
    numeric: &ArrayD<f64>,
    (abs_tol, rel_tol): (f64, f64),
    found: &mut Verified,
) -> Result<(), VerifyError> {
    for (index, &a) in analytic.indexed_iter() {
        let b = numeric[&index];
        let (absolute, relative) = errors(a, b);
        // NaN is within no tolerance.
        if !(absolute <= abs_tol) && !(relative <= rel_tol) {
            let index = index.as_array_view().to_vec();
            let input = input.to_string();
            let d = Difference { test, input, index, analytic: a, numeric: b, absolute, relative };
            return Err(VerifyError::Differs(Box::new(d)));
        }
        found.elements += 1;
        found.absolute = found.absolute.max(absolute);
        found.relative = found.relative.max(relative);
    }
    Ok(())
}

/// The absolute and the relative error of two numbers, in Theano's meaning.
fn errors(a: f64, b: f64) -> (f64, f64) {
    let absolute = (a - b).abs();
    (absolute, absolute / (a.abs() + b.abs()).max(1e-8))
}
