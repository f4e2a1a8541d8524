//! Values for inputs with names for their lengths.

use egrad::prelude::*;

use super::rng::Rng;

/// The lengths of an input: `n` is 3, any other name 2.
pub(crate) fn lengths(e: &Expr) -> Vec<usize> {
    let length = |d: &Dim| match d {
        Dim::Known(n) => *n,
        Dim::Sym(s) if s.name() == "n" => 3,
        _ => 2,
    };
    e.ty().shape.dims().iter().map(length).collect()
}

/// Floats between -1.2 and 1.2, so many as an array of these lengths has.
pub(crate) fn floats(lengths: &[usize], rng: &mut Rng) -> Vec<f64> {
    let mut unit = || (rng.next() >> 11) as f64 / (1u64 << 53) as f64;
    (0..lengths.iter().product::<usize>()).map(|_| unit() * 2.4 - 1.2).collect()
}
