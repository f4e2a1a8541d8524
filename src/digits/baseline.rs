//! A form that others are compared with.

use super::column::{Column, unit, values};
use super::{exact, points};
use crate::graph::{Graph, Id};
use crate::num::{Real, ulps};

/// Computations with results moved.
const RUNS: u64 = 4;
/// Forms that agree up to so many units in the last place everywhere are not looked at more closely.
const AGREE: f64 = 6.0;
/// Bits that are given away: `log2(1 + 6)`.
const FEW: f64 = 2.8;
/// The same where numbers are large.
const MANY: f64 = 26.0;
/// Bits that may be lost beyond those, and beyond what the first form loses: at one element, and in the mean.
const ONE: f64 = 4.0;
const MEAN: f64 = 0.75;
/// Errors of more bits are all bits.
const BITS: f64 = 53.0;
/// An operator that multiplies the error of its operands by so much is to blame.
const BLAME: f64 = 8.0;
/// Points where 75 digits decide, at most.
const DECIDED: usize = 3;

/// A form, and its values at points.
#[derive(Debug)]
pub struct Baseline<'a> {
    graph: &'a Graph,
    roots: &'a [Id],
    points: usize,
    inputs: Vec<Column>,
    values: Vec<Column>,
    noise: Option<Vec<Vec<f64>>>,
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// No digits are lost at the points, or nothing can be said.
    Keeps,
    /// Digits are lost; the nodes that lose them, those that lose most first.
    Loses(Vec<Id>),
}

/// What moved results do to all nodes of a form.
struct Noise {
    values: Vec<Option<Column>>,
    /// Units in the last place, by node.
    ulps: Vec<Option<Vec<f64>>>,
}

impl<'a> Baseline<'a> {
    /// `None` where the form cannot be sampled: it is too large, or an operator has no kernel.
    pub fn of(graph: &'a Graph, roots: &'a [Id]) -> Option<Baseline<'a>> {
        let points = points::count(graph);
        let inputs = points::inputs(graph, points)?;
        let all = values(graph, roots, &inputs, points, None)?;
        let values = roots.iter().map(|&r| all[r as usize].clone()).collect::<Option<_>>()?;
        Some(Baseline { graph, roots, points, inputs, values, noise: None })
    }

    /// Compares another form with the same inputs and roots, each in the same order.
    pub fn compare(&mut self, graph: &Graph, roots: &[Id]) -> Comparison {
        let Some(all) = values(graph, roots, &self.inputs, self.points, None) else {
            return Comparison::Keeps;
        };
        let found: Option<Vec<&Column>> = roots.iter().map(|&r| all[r as usize].as_ref()).collect();
        let Some(found) = found.filter(|f| f.iter().zip(&self.values).all(|(f, b)| f.lens == b.lens)) else {
            return Comparison::Keeps;
        };
        let agree = found.iter().zip(&self.values).zip(roots).all(|((f, b), &r)| {
            let own = AGREE * unit(graph.ty(r).dtype);
            f.data.iter().zip(&b.data).all(|(x, y)| !y.is_finite() || ulps(*x, *y) <= own)
        });
        if agree {
            return Comparison::Keeps;
        }
        if self.noise.is_none() {
            let own = noise(self.graph, self.roots, &self.inputs, self.points);
            self.noise = own.and_then(|n| self.roots.iter().map(|&r| n.ulps[r as usize].clone()).collect());
        }
        let Some(before) = self.noise.as_ref() else { return Comparison::Keeps };
        let Some(after) = noise(graph, roots, &self.inputs, self.points) else { return Comparison::Keeps };
        let mut lost = Lost::default();
        let mut open: Vec<(usize, usize, usize)> = Vec::new();
        for (k, &r) in roots.iter().enumerate() {
            let (x, y) = (&found[k].data, &self.values[k].data);
            let (Some(n), m) = (after.ulps[r as usize].as_ref(), &before[k]) else { continue };
            let per = found[k].elements().max(1);
            for i in 0..y.len() {
                if !y[i].is_finite() || !m[i].is_finite() {
                    continue;
                }
                let after = if x[i].is_finite() { n[i] } else { f64::INFINITY };
                lost.add(m[i], after, (k, i / per));
                let apart = ulps(x[i], y[i]) / unit(graph.ty(r).dtype);
                if after.is_finite() && apart > 8.0 * (4.0 + m[i] + after) {
                    open.push((k, i / per, i % per));
                }
            }
        }
        if !lost.loses() {
            self.decide(graph, roots, &found, &open, &mut lost);
        }
        if lost.loses() {
            Comparison::Loses(blamed(graph, &after, roots[lost.worst.0], lost.worst.1))
        } else {
            Comparison::Keeps
        }
    }

    /// What rounding does not explain: 75 digits say who is wrong, where they are enough for both forms to agree.
    fn decide(
        &self,
        graph: &Graph,
        roots: &[Id],
        found: &[&Column],
        open: &[(usize, usize, usize)],
        lost: &mut Lost,
    ) {
        let mut points: Vec<usize> = open.iter().map(|o| o.1).collect();
        points.sort_unstable();
        points.dedup();
        for &p in points.iter().take(DECIDED) {
            let Some(inputs) = self.inputs.iter().map(|c| c.array(p)).collect::<Option<Vec<_>>>() else {
                return;
            };
            let exact = |g: &Graph, r: &[Id]| exact::values(g, r, &inputs, &points::length);
            let (Some(truth), Some(other)) = (exact(self.graph, self.roots), exact(graph, roots)) else {
                return;
            };
            for &(k, _, i) in open.iter().filter(|o| o.1 == p) {
                let unit = unit(graph.ty(roots[k]).dtype);
                let number = |all: &[ndarray::ArrayD<Real>]| all[k].iter().nth(i).map(Real::to_f64);
                let (Some(t), Some(u)) = (number(&truth), number(&other)) else { continue };
                if t.is_nan() || !(ulps(t, u) <= 1.0) {
                    continue;
                }
                let at = p * found[k].elements() + i;
                let off = |c: &Column| ulps(c.data[at], t) / unit;
                lost.add(off(&self.values[k]), off(found[k]), (k, p));
            }
        }
    }
}

/// How many bits are lost.
#[derive(Debug, Default)]
struct Lost {
    most: f64,
    worst: (usize, usize),
    sum: f64,
    n: f64,
}

impl Lost {
    /// Errors of the first and the other form, in units in the last place.
    fn add(&mut self, before: f64, after: f64, at: (usize, usize)) {
        let few = if points::is_large(at.1) { MANY } else { FEW };
        let bits = |off: f64| libm::log2(1.0 + off).clamp(few, BITS);
        let lost = bits(after) - bits(before);
        self.sum += lost;
        self.n += 1.0;
        if lost > self.most {
            (self.most, self.worst) = (lost, at);
        }
    }

    fn loses(&self) -> bool {
        self.most > ONE || self.n > 0.0 && self.sum / self.n > MEAN
    }
}

fn noise(graph: &Graph, roots: &[Id], inputs: &[Column], points: usize) -> Option<Noise> {
    let own = values(graph, roots, inputs, points, None)?;
    let mut off: Vec<Option<Vec<f64>>> =
        own.iter().map(|c| c.as_ref().map(|c| vec![0.0; c.data.len()])).collect();
    for run in 1..=RUNS {
        let moved = values(graph, roots, inputs, points, Some(run))?;
        for (id, off) in (0u32..).zip(off.iter_mut()) {
            let (Some(off), Some(a), Some(b)) = (off, &own[id as usize], &moved[id as usize]) else {
                continue;
            };
            let unit = unit(graph.ty(id).dtype);
            for ((off, &a), &b) in off.iter_mut().zip(&a.data).zip(&b.data) {
                // Of the larger one: what is zero by chance is as far off as it could be.
                let gap = if a.abs() < b.abs() { ulps(a, b) } else { ulps(b, a) };
                // A result is moved by twice what rounding moves it at most.
                *off = off.max(gap / (2.0 * unit));
            }
        }
    }
    Some(Noise { values: own, ulps: off })
}

/// The nodes below a root whose error at a point is much larger than that of their operands.
fn blamed(graph: &Graph, noise: &Noise, root: Id, point: usize) -> Vec<Id> {
    let worst = |id: Id| {
        let (Some(off), Some(c)) = (&noise.ulps[id as usize], &noise.values[id as usize]) else { return 0.0 };
        let n = c.elements();
        let finite = c.data[point * n..(point + 1) * n].iter().all(|x| x.is_finite());
        let worst = off[point * n..(point + 1) * n].iter().copied().fold(0.0, f64::max);
        if finite { worst } else { f64::INFINITY }
    };
    let mut out: Vec<(f64, Id)> = Vec::new();
    for id in graph.reachable(&[root]) {
        let Some((_, _, args)) = graph.application(id) else { continue };
        let below = args.iter().map(|&a| worst(a)).fold(0.0, f64::max);
        let by = worst(id) / (1.0 + below);
        if by > BLAME {
            out.push((by, id));
        }
    }
    out.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    if out.is_empty() { vec![root] } else { out.into_iter().map(|(_, id)| id).collect() }
}
