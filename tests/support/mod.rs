//! Numbers for tests.

#![allow(dead_code, reason = "each test file uses some")]
#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests")]

use egrad::eval::{Blocks, Limits, Plan, RunError, Scratch};
use ndarray::{ArrayD, ArrayViewD, IxDyn};

/// A small generator, the same on every machine.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Between two numbers.
    pub(crate) fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.unit()
    }
}

/// Numbers from -2 to 2.
pub(crate) fn array(rng: &mut Rng, shape: &[usize]) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || rng.between(-2.0, 2.0))
}

/// Every kind of double.
pub(crate) const SPECIAL: [f64; 22] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    3.0,
    1e-300,
    -1e-300,
    5e-324,
    -5e-324,
    1e-310,
    1e300,
    -1e300,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    37.5,
];

/// Special and ordinary numbers mixed.
pub(crate) fn special(rng: &mut Rng, shape: &[usize]) -> ArrayD<f64> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        let k = (rng.next() % 44) as usize;
        SPECIAL.get(k).copied().unwrap_or_else(|| rng.between(-30.0, 30.0))
    })
}

/// Equal up to the rounding of sums whose terms add up to at most `scale`.
pub(crate) fn close(a: f64, b: f64, scale: f64) -> bool {
    a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-14 * scale
}

/// Runs a plan.
pub(crate) fn run(plan: &Plan, values: &[ArrayViewD<'_, f64>]) -> Result<Vec<ArrayD<f64>>, RunError> {
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    // Twice, so that memory that is used again is dirty.
    for _ in 0..2 {
        plan.prepare(values, &mut scratch, Limits::default())?;
        out = (0..plan.output_count())
            .map(|k| ArrayD::from_elem(IxDyn(&plan.output_shape(&scratch, k)), f64::NAN))
            .collect::<Vec<_>>();
        let mut memory: Vec<&mut [f64]> = out.iter_mut().map(|o| o.as_slice_mut().unwrap()).collect();
        plan.run(&Blocks, values, &mut memory, &mut scratch)?;
    }
    Ok(out)
}
