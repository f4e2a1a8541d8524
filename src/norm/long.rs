//! Sums of thousands of terms, which no window sees whole: collected and factored at once.
//!
//! The same greedy factoring as for short polynomials, with counts that are kept up to date, so that
//! the time grows with the number of factors times a logarithm.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::lower::Writer;
use super::poly::{Monomial, Poly};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};
use crate::op::Ring;

/// Factors of one term beyond which its sum is left alone.
const FACTORS: usize = 64;

/// Ways to write a signed sum of nodes, each of the type of `like`: its terms collected, and factored.
pub(crate) fn collected(graph: &mut Graph, terms: &[(bool, Id)], like: Id) -> Vec<Id> {
    let Some(poly) = read(graph, terms) else { return Vec::new() };
    let flat = Writer::new(graph).sum(&poly);
    let factored = factored(graph, poly);
    let found: Vec<Id> = [flat, factored].into_iter().flatten().collect();
    found.into_iter().filter_map(|id| Writer::new(graph).shaped(id, like)).collect()
}

fn read(graph: &Graph, terms: &[(bool, Id)]) -> Option<Poly> {
    let mut out = Poly::default();
    for &(negative, id) in terms {
        let (m, c) = term(graph, id).unwrap_or_else(|| (Monomial::atom(id, 2), Ratio::ONE));
        let c = if negative { c.neg() } else { c };
        let sum = out.0.get(&m).copied().unwrap_or(Ratio::ZERO).add(c)?;
        if sum.is_zero() {
            out.0.remove(&m);
        } else {
            out.0.insert(m, sum);
        }
    }
    Some(out)
}

/// A product as one term; a sum in it stands for itself. `None` when it has too many factors.
fn term(graph: &Graph, id: Id) -> Option<(Monomial, Ratio)> {
    let mut exponents: BTreeMap<Id, i32> = BTreeMap::new();
    let mut coefficient = Ratio::ONE;
    let mut stack = vec![(id, 2)];
    let mut steps = 0;
    while let Some((id, halves)) = stack.pop() {
        steps += 1;
        if steps > 4 * FACTORS || i32::abs(halves) > 64 {
            return None;
        }
        if let Some(x) = graph.constant(id) {
            let x = Ratio::from_f64(x).filter(|x| !x.is_zero())?;
            for _ in 0..halves.abs() / 2 {
                coefficient = coefficient.mul(if halves < 0 { x.inverse()? } else { x })?;
            }
            continue;
        }
        // An integer that is read as a float is what it is in its own ring.
        let float = graph.ty(id).dtype.is_float();
        let args = &graph.node(id).args;
        match graph.application(id).filter(|_| float).map_or(Ring::None, |(op, ..)| op.def().ring) {
            Ring::Product => stack.extend([(args[0], halves), (args[1], halves)]),
            Ring::Quotient => stack.extend([(args[0], halves), (args[1], -halves)]),
            Ring::Square => stack.push((args[0], 2 * halves)),
            Ring::Opposite if halves % 4 != 0 => {
                coefficient = coefficient.neg();
                stack.push((args[0], halves));
            }
            _ => *exponents.entry(id).or_default() += halves,
        }
    }
    exponents.retain(|_, e| *e != 0);
    (exponents.len() <= FACTORS).then(|| (Monomial(exponents.into_iter().collect()), coefficient))
}

/// An indeterminate above or below the bar.
type Factor = (Id, bool);

/// Terms of a sum, and in which each factor occurs.
struct Terms {
    all: Vec<Option<(Monomial, Ratio)>>,
    places: BTreeMap<Factor, BTreeSet<usize>>,
    /// By count, then rank: what comes last is taken out first.
    queue: BTreeSet<(usize, usize, Reverse<Id>, bool)>,
}

impl Terms {
    fn new(graph: &Graph, p: Poly) -> Terms {
        let all: Vec<Option<(Monomial, Ratio)>> = p.0.into_iter().map(Some).collect();
        let mut places: BTreeMap<Factor, BTreeSet<usize>> = BTreeMap::new();
        for (i, (m, _)) in all.iter().flatten().enumerate() {
            for &(id, e) in &m.0 {
                places.entry((id, e > 0)).or_default().insert(i);
            }
        }
        let key = |(&(id, positive), at): (&Factor, &BTreeSet<usize>)| {
            (at.len(), graph.ty(id).rank(), Reverse(id), positive)
        };
        let queue = places.iter().map(key).collect();
        Terms { all, places, queue }
    }

    /// The factor that most terms share, and these terms, which are taken away.
    fn most(&mut self, graph: &Graph) -> Option<(Factor, Vec<(Monomial, Ratio)>)> {
        let &(n, _, Reverse(id), positive) = self.queue.last()?;
        if n < 2 {
            return None;
        }
        let at: Vec<usize> = self.places.get(&(id, positive))?.iter().copied().collect();
        let mut taken = Vec::with_capacity(n);
        for i in at {
            let Some((m, c)) = self.all[i].take() else { continue };
            for &(other, e) in &m.0 {
                let Some(places) = self.places.get_mut(&(other, e > 0)) else { continue };
                let key = |n: usize| (n, graph.ty(other).rank(), Reverse(other), e > 0);
                self.queue.remove(&key(places.len()));
                places.remove(&i);
                self.queue.insert(key(places.len()));
            }
            taken.push((m, c));
        }
        Some(((id, positive), taken))
    }
}

/// Recurses over the factors of one term, which are bounded.
fn factored(graph: &mut Graph, p: Poly) -> Option<Id> {
    if p.0.len() < 2 {
        return Writer::new(graph).sum(&p);
    }
    let mut terms = Terms::new(graph, p);
    let mut parts = Vec::new();
    while let Some(((atom, positive), taken)) = terms.most(graph) {
        let least = taken.iter().map(|(m, _)| m.exponent(atom).abs()).min()?;
        let halves = if positive { least } else { -least };
        let mut inside = Poly::default();
        for (m, c) in taken {
            inside.0.insert(m.mul(&Monomial::atom(atom, -halves))?, c);
        }
        let quotient = factored(graph, inside)?;
        parts.push(Writer::new(graph).times_power(quotient, atom, halves)?);
    }
    let rest: BTreeMap<Monomial, Ratio> = terms.all.into_iter().flatten().collect();
    let (rest, multiples) = by_coefficient(rest);
    let mut writer = Writer::new(graph);
    for (k, unit) in multiples {
        let (k, unit) = (writer.number(k)?, writer.sum(&unit)?);
        parts.push(writer.scaled(k, unit)?);
    }
    if !rest.0.is_empty() || parts.is_empty() {
        parts.push(writer.sum(&rest)?);
    }
    let (&first, others) = parts.split_first()?;
    others.iter().try_fold(first, |total, &part| writer.add(Ring::Sum, &[total, part]))
}

/// What stands alone, and for each coefficient but one that several terms have their sum without it.
fn by_coefficient(p: BTreeMap<Monomial, Ratio>) -> (Poly, Vec<(Ratio, Poly)>) {
    let mut groups: BTreeMap<Ratio, Vec<(Monomial, Ratio)>> = BTreeMap::new();
    for (m, c) in p {
        groups.entry(c.abs()).or_default().push((m, c));
    }
    let (mut rest, mut multiples) = (Poly::default(), Vec::new());
    for (k, terms) in groups {
        if k == Ratio::ONE || terms.len() < 2 {
            rest.0.extend(terms);
            continue;
        }
        let one = |c: Ratio| if c.is_negative() { Ratio::ONE.neg() } else { Ratio::ONE };
        multiples.push((k, Poly(terms.into_iter().map(|(m, c)| (m, one(c))).collect())));
    }
    (rest, multiples)
}
