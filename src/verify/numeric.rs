//! The gradient of a scalar by finite differences alone: Theano's `numeric_grad`.

use ndarray::{ArrayD, Dimension as _};

use super::error::{Difference, VerifyError};
use super::{defaults, differences, errors, prepared, value_at};
use crate::expr::Expr;

/// A gradient by finite differences.
#[derive(Debug, Clone, PartialEq)]
pub struct NumericGrad {
    /// The inputs that it is taken by.
    names: Vec<String>,
    /// One array for each of them.
    pub grads: Vec<ArrayD<f64>>,
}

/// The one-sided finite differences of a scalar `f` by the inputs `wrt` at a point: what a gradient
/// is compared with, without any gradient. The step is 1e-7, or 3e-4 where there are singles, unless
/// another is given.
///
/// ```
/// use egrad::prelude::*;
/// use egrad::verify::numeric_grad;
/// use ndarray::arr1;
/// let v = dvector("v");
/// let at = [("v", arr1(&[1.0, -2.0, 3.0]).into_dyn())];
/// let found = numeric_grad(&v.sqr().sum(), &[v], &at, None)?;
/// // The largest error of a gradient that is a little wrong at [2].
/// let worst = found.max_err(&[arr1(&[2.0, -4.0, 6.5]).into_dyn()], 1e-4, 1e-4)?.unwrap();
/// assert_eq!(worst.index, [2]);
/// assert!((worst.absolute - 0.5).abs() < 1e-5);
/// # Ok::<(), egrad::verify::VerifyError>(())
/// ```
///
/// # Errors
/// `f` has axes; otherwise as [`verify_grad`](super::verify_grad), but for differences.
pub fn numeric_grad(
    f: &Expr,
    wrt: &[Expr],
    at: &[(&str, ArrayD<f64>)],
    eps: Option<f64>,
) -> Result<NumericGrad, VerifyError> {
    if f.rank() != 0 {
        return Err(VerifyError::NotScalar { ty: f.ty().to_string() });
    }
    let (inputs, mut point, plain) = prepared(f, wrt, at)?;
    let base = value_at(&plain, &point)?;
    let eps = eps.unwrap_or(defaults(f, wrt).0);
    let mut found = NumericGrad { names: Vec::new(), grads: Vec::new() };
    for x in wrt {
        let Some(at) = inputs.iter().position(|i| i.name() == x.name()) else { continue };
        found.names.push(x.name().unwrap_or("").to_string());
        found.grads.push(differences(&plain, &mut point, at, eps, &|moved| (moved - &base).sum())?);
    }
    Ok(found)
}

impl NumericGrad {
    /// Where a gradient is furthest from this one: the largest, over all elements, of the smaller of
    /// the absolute error over `abs_tol` and the relative error over `rel_tol`; beyond 1 it is wrong.
    /// `None` where there are no elements.
    ///
    /// # Errors
    /// There are not as many arrays, or not of these shapes.
    pub fn max_err(
        &self,
        analytic: &[ArrayD<f64>],
        abs_tol: f64,
        rel_tol: f64,
    ) -> Result<Option<Difference>, VerifyError> {
        if analytic.len() != self.grads.len() {
            return Err(VerifyError::Count { expected: self.grads.len(), got: analytic.len() });
        }
        let mut worst: Option<(f64, Difference)> = None;
        for ((name, numeric), given) in self.names.iter().zip(&self.grads).zip(analytic) {
            if numeric.shape() != given.shape() {
                let (expected, got) = (numeric.shape().to_vec(), given.shape().to_vec());
                return Err(VerifyError::Shape { input: name.clone(), expected, got });
            }
            for (index, &a) in given.indexed_iter() {
                let b = numeric[&index];
                let (absolute, relative) = errors(a, b);
                let size = (absolute / abs_tol).min(relative / rel_tol);
                // NaN is worse than any number.
                let size = if size.is_nan() { f64::INFINITY } else { size };
                if worst.as_ref().is_none_or(|(s, _)| size > *s) {
                    let index = index.as_array_view().to_vec();
                    let input = name.clone();
                    let d = Difference { test: 0, input, index, analytic: a, numeric: b, absolute, relative };
                    worst = Some((size, d));
                }
            }
        }
        Ok(worst.map(|(_, d)| d))
    }
}
