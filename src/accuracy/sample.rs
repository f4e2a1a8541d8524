//! Points at which forms are compared, and the error there.

use ndarray::{ArrayD, IxDyn};

use crate::digits::{Grid, Program};
use crate::eval::reference;
use crate::graph::{Graph, Id};
use crate::num::{SplitMix, ulps};
use crate::ty::{DType, Ty};

/// Points.
const POINTS: usize = 96;
/// Rounds for points far out.
const FAR: usize = 8;
/// Three elements for each symbol.
const GRID: Grid = Grid { length: 3, steps: 20_000 };
/// Errors beyond this many bits are all bits.
const BITS: f64 = 53.0;

/// How far off a form is.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Error {
    /// The mean of the bits that are wrong: of `log2(1 + ulp)`, at most 53.
    pub bits: f64,
    /// The largest distance in units in the last place; infinite where a number is missing.
    #[serde(serialize_with = "finite")]
    pub worst: f64,
}

/// JSON has no infinity.
fn finite<S: serde::Serializer>(x: &f64, s: S) -> Result<S::Ok, S::Error> {
    if x.is_finite() { s.serialize_f64(*x) } else { s.serialize_str("inf") }
}

/// Inputs, and true values for them.
#[derive(Debug, Clone)]
struct Point {
    inputs: Vec<ArrayD<f64>>,
    /// The elements of all roots.
    values: Vec<f64>,
}

/// Points with the true values of an expression there.
#[derive(Debug, Clone)]
pub struct Samples {
    points: Vec<Point>,
}

impl Samples {
    /// Points where the roots are real numbers, always the same; `None` where an operator has no meaning over the
    /// reals, or no point was found.
    pub fn of(graph: &Graph, roots: &[Id]) -> Option<Samples> {
        let form = Form::of(graph, roots)?;
        let mut random = SplitMix::new(0x5eed);
        let mut points = Vec::new();
        for round in 0..2 * POINTS {
            if points.len() == POINTS {
                break;
            }
            let inputs = inputs(graph, &mut |dtype| number(&mut random, dtype, round, 1.0))?;
            let values = form.values(&inputs)?;
            if values.iter().all(|x| x.is_finite()) {
                points.push(Point { inputs, values });
            }
        }
        (!points.is_empty()).then_some(Samples { points })
    }

    /// With points far out, up to 1000 from zero, where exponentials leave the range of doubles. There 75 digits may
    /// cancel, so only those count at which another form of the same expression has the same values.
    #[must_use]
    pub fn with_far(mut self, form: (&Graph, &[Id]), other: (&Graph, &[Id])) -> Samples {
        let forms = Form::of(form.0, form.1).zip(Form::of(other.0, other.1));
        let Some((first, second)) = forms else { return self };
        let mut random = SplitMix::new(0xfa5);
        for round in 0..2 * FAR {
            let scale = if round % 2 == 0 { 300.0 } else { 10.0 };
            let Some(inputs) = inputs(form.0, &mut |dtype| number(&mut random, dtype, round, scale)) else {
                return self;
            };
            let Some((values, also)) = first.values(&inputs).zip(second.values(&inputs)) else { continue };
            let agree = |(x, y): (&f64, &f64)| x.is_finite() && ulps(*x, *y) <= 1.0;
            if values.iter().zip(&also).all(agree) {
                self.points.push(Point { inputs, values });
            }
        }
        self
    }

    /// The error of another form of the same expression, with the same inputs in the same order, computed in doubles;
    /// `None` where it cannot be computed.
    pub fn error(&self, graph: &Graph, roots: &[Id]) -> Option<Error> {
        let (mut bits, mut n, mut worst) = (0.0, 0.0, 0.0f64);
        for Point { inputs, values: exact } in &self.points {
            let views: Vec<_> = inputs.iter().map(|x| x.view()).collect();
            let found = reference::evaluate(graph, roots, &views).ok()?;
            for (x, y) in found.iter().flatten().zip(exact) {
                let off = ulps(*x, *y);
                worst = worst.max(off);
                bits += libm::log2(1.0 + off).min(BITS);
                n += 1.0;
            }
        }
        (n > 0.0).then_some(Error { bits: bits / n, worst })
    }
}

/// A form of an expression over the reals.
struct Form {
    program: Program,
    elements: Vec<usize>,
}

impl Form {
    fn of(graph: &Graph, roots: &[Id]) -> Option<Form> {
        let program = Program::of((graph, roots), GRID)?;
        let elements = program.elements()?;
        Some(Form { program, elements })
    }

    /// The elements of all roots; `None` where an operator has no meaning over the reals.
    fn values(&self, inputs: &[ArrayD<f64>]) -> Option<Vec<f64>> {
        let flat: Vec<f64> = inputs.iter().flat_map(|x| x.iter().copied()).collect();
        self.program.reals(&flat, &self.elements)
    }
}

/// Arrays for the inputs of a graph.
fn inputs(graph: &Graph, number: &mut dyn FnMut(DType) -> f64) -> Option<Vec<ArrayD<f64>>> {
    let of = |ty: &Ty, number: &mut dyn FnMut(DType) -> f64| {
        let lens = GRID.lengths(ty)?;
        let data = (0..lens.iter().product()).map(|_: usize| number(ty.dtype)).collect();
        ArrayD::from_shape_vec(IxDyn(&lens), data).ok()
    };
    graph.vars().iter().map(|(_, ty)| of(ty, number)).collect()
}

/// Of moderate size in even rounds, of any size from 1e-4 to 1e2 in odd ones (beyond, 75 digits may cancel too); positive
/// in every second pair, where most functions are defined. All of it `scale` times as large.
fn number(random: &mut SplitMix, dtype: DType, round: usize, scale: f64) -> f64 {
    let u = random.unit();
    let size = if round.is_multiple_of(2) { 3.0 * u } else { libm::exp10(6.0 * u - 4.0) };
    let negative = round % 4 < 2 && random.next() & 1 == 1;
    let x = if negative { -size } else { size };
    match dtype {
        DType::Bool => f64::from(x > 1.0),
        d if d.is_float() => x * scale,
        _ => (x * scale).trunc(),
    }
}
