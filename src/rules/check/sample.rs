//! Values to try: those on which rules fail, and random ones. The same for every run.

use crate::facts::Facts;
use crate::num::SplitMix;
use crate::rules::ast::{Cond, Rule};
use crate::rules::cond::{Condition, Known};

/// A small generator (splitmix64).
#[derive(Debug, Clone)]
pub(super) struct Random(SplitMix);

impl Random {
    /// A generator of its own for each name.
    pub(super) fn new(name: &str) -> Random {
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Random(SplitMix::new(hash))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.next()
    }

    /// From 0 to 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let n = u64::try_from(from.len()).ok().filter(|n| *n > 0)?;
        usize::try_from(self.next() % n).ok().and_then(|i| from.get(i)).copied()
    }

    /// A number of either sign between `10^low` and `10^high` in size.
    pub(super) fn scaled(&mut self, low: f64, high: f64) -> f64 {
        let size = libm::exp10(low + (high - low) * self.unit());
        if self.next() & 1 == 0 { size } else { -size }
    }
}

/// Where rules fail, most likely first.
pub(super) const SPECIAL: &[f64] = &[
    -0.75,
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    2.0,
    -1.0,
    1.0,
    0.5,
    f64::NEG_INFINITY,
    -2.0,
    0.3,
    3.0,
    -3.0,
    4.0,
    -0.5,
    -2.5,
    6.0,
    7.0,
    5.0,
    16.0,
];

/// Sizes at which doubles overflow, underflow or round away.
pub(super) const EXTREME: &[f64] =
    &[1e300, -1e300, 1e-300, -1e-300, 5e-324, 710.0, -745.0, 1e-9, 1e17, 30.0, -30.0];

/// May a variable have this value? NaN is outside every condition but those on constants. In doubles
/// what is positive may underflow to zero.
pub(super) fn admits(rule: &Rule, v: usize, x: f64, doubles: bool) -> bool {
    rule.when.iter().filter(|c| c.args.iter().any(|a| *a as usize == v)).all(|c| {
        let Some(holds) = c.condition.holds else { return true };
        let limit = doubles && x == 0.0 && holds(f64::from_bits(1).copysign(x));
        holds(x) || limit || x.is_nan() && !of_constants(c.condition)
    })
}

/// Do the conditions on two constants admit these values of all variables together?
pub(super) fn admits_together(rule: &Rule, values: &[f64]) -> bool {
    let constant = |v: u32| rule.when.iter().any(|c| of_constants(c.condition) && c.args.contains(&v));
    let on_constants =
        |c: &&Cond| c.condition.attrs.is_empty() && c.args.len() == 2 && c.args.iter().all(|a| constant(*a));
    rule.when.iter().filter(on_constants).all(|c| {
        let facts: Vec<Facts> =
            c.args.iter().filter_map(|a| values.get(*a as usize)).map(|x| Facts::constant(*x)).collect();
        (c.condition.proved)(&facts.iter().map(Known::Value).collect::<Vec<_>>())
    })
}

/// Is a condition proved of constants only? Then it is certain, of NaN too.
pub(super) fn of_constants(condition: &Condition) -> bool {
    let some = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0].map(Facts::constant);
    let proved = |f: &Facts| (condition.proved)(&[Known::Value(f)]);
    condition.arity == 1
        && condition.attrs.is_empty()
        && some.iter().any(proved)
        && !some.iter().any(|f| proved(&Facts { constant: None, ..f.clone() }))
}

/// Those of `from` that a variable may have.
pub(super) fn pool(rule: &Rule, v: usize, from: &[f64], doubles: bool) -> Vec<f64> {
    from.iter().copied().filter(|x| admits(rule, v, *x, doubles)).collect()
}

/// All combinations of values, or so many as fit `limit` per variable.
pub(super) fn grid(pools: &[Vec<f64>], limit: usize) -> Vec<Vec<f64>> {
    pools.iter().fold(vec![Vec::new()], |all, pool| {
        let some: Vec<f64> = pool.iter().copied().take(limit).collect();
        all.iter().flat_map(|p| some.iter().map(move |x| p.iter().copied().chain([*x]).collect())).collect()
    })
}
