//! Points at which forms are compared: a function of the inputs' types and facts alone.

use super::column::{Column, double, rounded};
use crate::graph::{Graph, Head};
use crate::op::Interval;
use crate::ty::Dim;

/// The assumed length of a symbol.
const LENGTH: usize = 3;
/// Kinds of points; see [`size`].
const KINDS: usize = 7;
const LARGE: usize = 5;
const NEAR: usize = 6;
/// Points of scalars, and of arrays, whose elements are points too.
const SCALARS: usize = 5 * KINDS;
const ARRAYS: usize = KINDS;

/// The length that an axis is given.
pub(super) fn length(d: &Dim) -> Option<usize> {
    d.eval(&|_| Some(LENGTH))
}

/// How many points a graph is given.
pub(super) fn count(graph: &Graph) -> usize {
    let scalar = graph.vars().iter().all(|(_, ty)| ty.shape.rank() == 0);
    if scalar { SCALARS } else { ARRAYS }
}

/// The inputs of a graph, all points of each in one column; `None` where a length is not known.
pub(super) fn inputs(graph: &Graph, points: usize) -> Option<Vec<Column>> {
    let mut random = Random(0x5eed);
    let mut facts: Vec<(Interval, bool)> = vec![(Interval::ALL, false); graph.vars().len()];
    for i in 0..graph.len() {
        let id = u32::try_from(i).ok()?;
        if let Head::Var(v) = graph.node(id).head {
            facts[v as usize] = (graph.facts(id).range, graph.facts(id).integral);
        }
    }
    let column = |((_, ty), (range, integral)): (&(_, crate::ty::Ty), &(Interval, bool))| {
        let lens: Vec<usize> = ty.shape.dims().iter().map(length).collect::<Option<_>>()?;
        let elements: usize = lens.iter().product();
        let float = ty.dtype.is_float();
        let number = |i: usize| {
            let x = within(size(&mut random, i / elements.max(1)), *range);
            let x = if *integral || !float { x.trunc() } else { x };
            if float { rounded(ty.dtype, x) } else { double(ty.dtype.truncate(x)) }
        };
        Some(Column { data: (0..points * elements).map(number).collect(), lens })
    };
    graph.vars().iter().zip(&facts).map(column).collect()
}

/// A number of moderate size, of any size up to 10, all small, all large, or all near each other. In every second cycle all are positive, where
/// most functions are defined.
fn size(random: &mut Random, point: usize) -> f64 {
    let u = random.unit();
    let sign = random.next() & 1 == 1;
    let (kind, cycle) = (point % KINDS, point / KINDS);
    let x = match kind {
        0 | 2 => 3.0 * u,
        1 | 3 => libm::exp10(5.0 * u - 4.0),
        4 => libm::exp10(-1.0 - 3.0 * u),
        NEAR => (1.0 + Random(point as u64).unit()) * (1.0 + libm::exp10(-1.0 - 3.0 * u)),
        _ if cycle < 3 => 700.0 + 300.0 * u,
        _ => 20.0 + 80.0 * u,
    };
    let positive = kind == 2 || kind == 3 || kind == NEAR || cycle % 2 == 1;
    let negative = kind == LARGE && cycle == 0;
    if negative || sign && !positive { -x } else { x }
}

/// Are the numbers of a point large? There only what fails is looked for: of large numbers all functions lose digits.
pub(super) fn is_large(point: usize) -> bool {
    point % KINDS == LARGE
}

/// `x` moved to where the number is known to be, near an end as often as not.
fn within(x: f64, range: Interval) -> f64 {
    let size = x.abs();
    match (range.lo.is_finite(), range.hi.is_finite()) {
        (false, false) => x,
        (true, false) if range.lo >= 0.0 => range.lo + size,
        (true, false) => {
            if x > range.lo {
                x
            } else {
                range.lo + size
            }
        }
        (false, true) if range.hi <= 0.0 => range.hi - size,
        (false, true) => {
            if x < range.hi {
                x
            } else {
                range.hi - size
            }
        }
        (true, true) => {
            let part = size / (1.0 + size);
            let wide = range.hi - range.lo;
            if x < 0.0 { range.hi - wide * part } else { range.lo + wide * part }
        }
    }
}

/// A small generator (splitmix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "53 bits")]
        let x = (self.next() >> 11) as f64;
        x / 9_007_199_254_740_992.0
    }
}
