//! Does another form of an elementwise expression lose digits that the first one keeps? Sampled.
//!
//! New sums whose operands may cancel are suspected, nothing else. Then both forms are computed in doubles at points that
//! are the same in every run. Where they differ much, 75 digits say which of the two is off, and by how many bits.

mod points;
mod program;

use crate::graph::{Graph, Head, Id};
use crate::num::ulps;
use crate::op::Ring;
pub(crate) use program::{Grid, Program};

/// Three elements for each symbol: the slope of what standardizes two numbers is zero, of which no form keeps a digit.
const GRID: Grid = Grid { length: 3, steps: 3000 };
/// Forms that differ by no more units in the last place agree.
const AGREE: f64 = 512.0;
/// Points that are computed together in doubles.
const TOGETHER: usize = 64;
/// Points where 75 digits decide, at most. Where the forms differ most, both may have lost all digits, so they are taken
/// evenly from those where they differ.
const DECIDED: usize = 12;
/// Where forms differ at fewer points, more are looked at: sums in another order lose here and win there.
const FEW: usize = 6;
/// Of such a point that many elements, at most.
const ELEMENTS: usize = 3;
/// That many comparisons may be clear before all points are looked at: of the points where the forms differ most, which
/// come first, fewer bits are lost than these for each.
const CLEAR: f64 = 8.0;
const LITTLE: f64 = 0.25;
/// Bits that a form may lose over those points: in the mean, and in all, for a few points may be luck, and for each that
/// it wins at others.
const MEAN: f64 = 2.0;
const SUM: f64 = 16.0;
const LUCK: f64 = 4.0;
/// Errors of more bits are all bits: what is left are no digits.
const ALL: f64 = 40.0;

/// A form: a graph and its roots.
pub(crate) type Form<'a> = (&'a Graph, &'a [Id]);

/// Does the second form lose digits that the first keeps, as far as is known? Both have the same inputs and roots, each in
/// the same order. What is not elementwise is not sampled.
pub(crate) fn loses(before: Form<'_>, after: Form<'_>) -> bool {
    suspicious(before, after) && compare(before, after).unwrap_or(false)
}

/// Has the second form a sum whose operands may cancel, which the first one has not?
fn suspicious((graph, roots): Form<'_>, (other, new): Form<'_>) -> bool {
    let mut there = vec![false; graph.len()];
    graph.reachable(roots).into_iter().for_each(|id| there[id as usize] = true);
    let mut joint = graph.clone();
    let mut at: Vec<Option<Id>> = vec![None; other.len()];
    for id in other.reachable(new) {
        let node = other.node(id);
        at[id as usize] = match node.head {
            Head::Const(bits) => Some(joint.lit(f64::from_bits(bits))),
            Head::Int(d, x) => Some(joint.int(d, x)),
            Head::Size(s) => Some(joint.length(other.size(s))),
            Head::Var(v) => {
                let (name, ty) = &other.vars()[v as usize];
                Some(joint.var(name, ty))
            }
            Head::Op(op, attr) => {
                let args: Option<Vec<Id>> = node.args.iter().map(|&a| at[a as usize]).collect();
                let made = args.and_then(|args| joint.add(op, other.attr(attr), &args).ok());
                let Some(made) = made else { return true };
                let known = there.get(made as usize).copied().unwrap_or(false);
                if !known && may_cancel(&joint, made) {
                    return true;
                }
                Some(made)
            }
        };
    }
    false
}

fn may_cancel(graph: &Graph, id: Id) -> bool {
    let Some((op, _, &[a, b])) = graph.application(id) else { return false };
    let (a, b) = (graph.facts(a).range, graph.facts(b).range);
    match op.def().ring {
        Ring::Sum => a.may_cancel(b),
        Ring::Difference => a.may_cancel(b.opposite()),
        _ => false,
    }
}

fn compare(before: Form<'_>, after: Form<'_>) -> Option<bool> {
    let (program, both) = Program::of_both(before, after, GRID)?;
    let mut apart = differing(&program, &both, &points::of(before.0, GRID, 0x5eed, 1)?)?;
    if (1..FEW).contains(&apart.len()) {
        apart = differing(&program, &both, &points::of(before.0, GRID, 0xfeed, 4)?)?;
    }
    let mut losses = Losses::default();
    for Apart { point, elements, .. } in apart.iter().step_by(apart.len().div_ceil(DECIDED).max(1)) {
        let wanted: Vec<usize> = elements.iter().flat_map(|e| [e.steps.0, e.steps.1]).collect();
        let reals = program.pairs(point, &wanted)?;
        for (found, e) in reals.chunks_exact(2).zip(elements) {
            // Cancellation may leave less than 75 digits: the truth is where both forms find it.
            let (t, other) = (found[0], found[1]);
            if t.is_finite() && ulps(other, t) <= 1.0 {
                losses.add(ulps(e.values.0, t), ulps(e.values.1, t));
            }
        }
        if losses.are_clear() {
            break;
        }
    }
    Some(losses.are_many())
}

/// A point where the forms differ much.
struct Apart {
    /// How many units in the last place, at most.
    far: f64,
    point: Vec<f64>,
    elements: Vec<Element>,
}

/// An element of a root that differs: of the one form and of the other.
#[derive(Clone, Copy)]
struct Element {
    steps: (usize, usize),
    values: (f64, f64),
}

impl Element {
    fn far(&self) -> f64 {
        // Where the first form is no number, nothing is kept.
        if self.values.0.is_finite() { ulps(self.values.1, self.values.0) } else { 0.0 }
    }
}

/// Where the forms differ much, the worst first.
fn differing(program: &Program, both: &[(usize, usize)], points: &[Vec<f64>]) -> Option<Vec<Apart>> {
    let mut out = Vec::new();
    for points in points.chunks(TOGETHER) {
        let x = program.doubles(points)?;
        for (p, point) in points.iter().enumerate() {
            let value = |step: usize| x[step * points.len() + p];
            let all = both.iter().map(|&(i, j)| Element { steps: (i, j), values: (value(i), value(j)) });
            let elements: Vec<Element> = all.filter(|e| e.far() > AGREE).collect();
            if elements.is_empty() {
                continue;
            }
            let most = elements.iter().map(Element::far).fold(0.0, f64::max);
            let some = elements.iter().copied().step_by(elements.len().div_ceil(ELEMENTS));
            out.push(Apart { far: most, elements: some.collect(), point: point.clone() });
        }
    }
    out.sort_by(|a: &Apart, b| b.far.total_cmp(&a.far));
    Some(out)
}

/// Bits that the second form lost and won against the first.
#[derive(Debug, Default)]
struct Losses {
    lost: f64,
    won: f64,
    n: f64,
}

impl Losses {
    /// Adds one comparison, of distances from the truth in units in the last place.
    fn add(&mut self, first: f64, second: f64) {
        let bits = |off: f64| libm::log2(1.0 + off).min(ALL);
        let more = bits(second) - bits(first);
        self.lost += more.max(0.0);
        self.won += (-more).max(0.0);
        self.n += 1.0;
    }

    fn are_many(&self) -> bool {
        let net = self.lost - self.won;
        net > SUM && net > MEAN * self.n && self.lost > LUCK * self.won
    }

    /// Will more points hardly tell otherwise?
    fn are_clear(&self) -> bool {
        let net = self.lost - self.won;
        // Bits that are won by the one point will not be lost by the next.
        net < -SUM
            || self.n >= CLEAR
                && (net < LITTLE * self.n || net > 4.0 * SUM && net > 4.0 * MEAN * self.n && self.won == 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expr, dscalar};
    use crate::graph::import;

    fn loses_digits(a: &Expr, b: &Expr, inputs: &[Expr]) -> bool {
        let read = |e: &Expr| import(inputs, std::slice::from_ref(e)).map(|i| (i.graph, i.roots));
        let (Ok(a), Ok(b)) = (read(a), read(b)) else { return false };
        loses((&a.0, &a.1), (&b.0, &b.1))
    }

    #[test]
    fn what_cancels_is_found() {
        let (x, y) = (dscalar("x"), dscalar("y"));
        let both = [x.clone(), y.clone()];
        let squares = (&x - &y) * (&x + &y);
        assert!(loses_digits(&squares, &(x.sqr() - y.sqr()), &both));
        assert!(!loses_digits(&(x.sqr() - y.sqr()), &squares, &both));
        let one = std::slice::from_ref(&x);
        assert!(loses_digits(&x.expm1(), &(x.exp() - 1.0), one));
        assert!(!loses_digits(&(x.exp() - 1.0), &x.expm1(), one));
    }

    #[test]
    fn where_75_digits_do_not_tell_nothing_is_lost() {
        // The derivative of tanh: as written, and as a product. Far from zero both have lost all digits, and of the first
        // form 75 are not enough.
        let x = dscalar("x");
        let (e, f) = (x.exp(), (-&x).exp());
        let (sum, difference) = (&e + &f, &e - &f);
        let written = &e / &sum + &f / &sum - &difference / sum.sqr() * &e + &difference / sum.sqr() * &f;
        let product = (1.0 + x.tanh()) * (1.0 - x.tanh());
        assert!(!loses_digits(&written, &product, std::slice::from_ref(&x)));
    }

    #[test]
    fn what_cannot_cancel_is_not_suspected() {
        let x = dscalar("x");
        let one = std::slice::from_ref(&x);
        let read = |e: &Expr| import(one, std::slice::from_ref(e)).map(|i| (i.graph, i.roots));
        let (Ok(a), Ok(b)) = (read(&x.cosh()), read(&(x.exp() + (-&x).exp()))) else { return };
        assert!(!suspicious((&a.0, &a.1), (&b.0, &b.1)));
    }
}
