//! Points at which forms are compared: a function of the inputs' facts alone.

use super::program::{Grid, firsts};
use crate::graph::{Graph, Head};
use crate::num::SplitMix;
use crate::op::Interval;
use crate::ty::DType;

/// Kinds of points, each with numbers of its own size; see [`size`].
const KINDS: usize = 6;
/// Points of each kind in one batch.
const EACH: usize = 10;

/// Batches of points, each point a number for each element of each input; `None` where there are too many.
pub(super) fn of(graph: &Graph, grid: Grid, seed: u64, batches: usize) -> Option<Vec<Vec<f64>>> {
    let mut ranges = vec![Interval::ALL; graph.vars().len()];
    for i in 0..graph.len() {
        let id = u32::try_from(i).ok()?;
        if let Head::Var(v) = graph.node(id).head {
            ranges[v as usize] = graph.facts(id).range;
        }
    }
    let firsts = firsts(graph, grid)?;
    let arrays: Vec<usize> = (0..ranges.len()).filter(|&v| firsts[v + 1] > firsts[v] + 1).collect();
    let mut random = SplitMix::new(seed);
    let mut point = |p: usize, array: Option<usize>| {
        let mut point = Vec::with_capacity(*firsts.last()?);
        for (v, ((range, (_, ty)), ends)) in
            ranges.iter().zip(graph.vars()).zip(firsts.windows(2)).enumerate()
        {
            let of_type = |x: f64| match ty.dtype {
                DType::Bool => f64::from(x > 1.0),
                d if d.is_float() => x,
                _ => x.trunc(),
            };
            let mut number = || if array == Some(v) { near(&mut random, p) } else { size(&mut random, p) };
            point.extend((ends[0]..ends[1]).map(|_| of_type(within(number(), *range))));
        }
        Some(point)
    };
    let mut points: Vec<Vec<f64>> =
        (0..batches * EACH * KINDS).map(|p| point(p, None)).collect::<Option<_>>()?;
    // The elements of one array near each other, all else of moderate size: what a variance loses does not show where
    // all inputs are alike.
    for (n, &array) in arrays.iter().cycle().enumerate().take(batches * EACH) {
        points.push(point(n * KINDS, Some(array))?);
    }
    Some(points)
}

/// A number of moderate size, of any size from 1e-4 to 10, small, between 0 and 1, large, or near the others of its point. In
/// every second round all are positive, where most functions are defined.
fn size(random: &mut SplitMix, point: usize) -> f64 {
    let u = random.unit();
    let negative = random.next() & 1 == 1 && (point / KINDS).is_multiple_of(2);
    let x = match point % KINDS {
        0 => 3.0 * u,
        1 => libm::exp10(5.0 * u - 4.0),
        2 => libm::exp10(-1.0 - 3.0 * u),
        3 => u,
        4 => libm::exp10(1.0 + 2.0 * u),
        _ => (1.0 + SplitMix::new(point as u64).unit()) * (1.0 + libm::exp10(-2.0 - 4.0 * u)),
    };
    if negative { -x } else { x }
}

/// A number near the others of its point, which may be large.
fn near(random: &mut SplitMix, point: usize) -> f64 {
    libm::exp10(2.0 * SplitMix::new(point as u64).unit()) * (1.0 + libm::exp10(-2.0 - 3.0 * random.unit()))
}

/// `x` moved to where the number is known to be, near an end as often as not.
fn within(x: f64, range: Interval) -> f64 {
    if range.lo <= x && x <= range.hi {
        return x;
    }
    let size = x.abs();
    match (range.lo.is_finite(), range.hi.is_finite()) {
        (true, true) => range.lo + (range.hi - range.lo) * (size / (1.0 + size)),
        (true, false) => range.lo + size,
        (false, true) => range.hi - size,
        (false, false) => x,
    }
}
