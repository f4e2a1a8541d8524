//! Reading nodes as polynomials.

use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::poly::{Monomial, Poly, TERMS};
use super::ratio::Ratio;
use crate::graph::{Graph, Head, Id};
use crate::op::Ring;

/// How far products of sums are multiplied out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not at all: a sum inside a product is an indeterminate.
    Flat,
    /// Within bounds.
    Expand,
}

/// Reads nodes, remembering what it has read.
pub(super) struct Reader {
    mode: Mode,
    known: FxHashMap<Id, Rc<Poly>>,
    /// What functions are in terms of others, and what sums are as quotients.
    given: FxHashMap<Id, Poly>,
    /// The functions in whose terms others are given, and by which they divide.
    foreign: Vec<Id>,
    /// What must not be left in what is found.
    refused: Vec<Id>,
    /// Reads denominators, which are never multiplied out: their factors would be lost.
    below: Option<Box<Reader>>,
    /// Sums that stand for themselves, up to a factor: the first node, and its factor.
    sums: BTreeMap<Vec<(Monomial, Ratio)>, (Id, Ratio)>,
}

impl Reader {
    /// Nothing is multiplied out; functions that are `given` are read as the polynomials that they are.
    pub(super) fn flat(given: FxHashMap<Id, Poly>) -> Reader {
        let inverse = given.values().flat_map(|q| q.0.keys()).flat_map(|m| &m.0).filter(|(_, e)| *e < 0);
        let mut foreign: Vec<Id> = inverse.map(|(id, _)| *id).collect();
        foreign.sort_unstable();
        foreign.dedup();
        Reader { given, foreign, ..Reader::new(Mode::Flat) }
    }

    /// Nothing is multiplied out; sums that are `given` are read as the quotients that they are.
    pub(super) fn of_quotients(given: FxHashMap<Id, Poly>) -> Reader {
        Reader { given, ..Reader::new(Mode::Flat) }
    }

    fn new(mode: Mode) -> Reader {
        Reader {
            mode,
            known: FxHashMap::default(),
            given: FxHashMap::default(),
            foreign: Vec::new(),
            refused: Vec::new(),
            below: None,
            sums: BTreeMap::new(),
        }
    }

    /// Numerators are multiplied out, denominators are read by another.
    pub(super) fn expand(below: Reader) -> Reader {
        let (given, foreign) = (below.given.clone(), below.foreign.clone());
        Reader { given, foreign, below: Some(Box::new(below)), ..Reader::new(Mode::Expand) }
    }

    /// Everything is multiplied out.
    pub(super) fn multiplied_out() -> Reader {
        Reader::new(Mode::Expand)
    }

    /// Everything is multiplied out but the sums that are `given`.
    pub(super) fn keeping(given: FxHashMap<Id, Poly>) -> Reader {
        Reader { given, ..Reader::new(Mode::Expand) }
    }

    /// A node is read as this from now on.
    pub(super) fn give(&mut self, id: Id, p: Poly) {
        self.known.insert(id, Rc::new(p.clone()));
        self.given.insert(id, p);
    }

    /// What was given.
    pub(super) fn given(self) -> FxHashMap<Id, Poly> {
        self.given
    }

    /// Does it divide by a function in whose terms others are given?
    pub(super) fn is_foreign(&self, p: &Poly) -> bool {
        p.0.keys().flat_map(|m| &m.0).any(|&(id, e)| e < 0 && self.foreign.contains(&id))
    }

    /// None of these may be left in what is found.
    pub(super) fn refuse(&mut self, ids: &[Id]) {
        self.refused = ids.to_vec();
    }

    /// Is something left that must not be?
    pub(super) fn refuses(&self, p: &Poly) -> bool {
        p.0.keys().flat_map(|m| &m.0).any(|(id, _)| self.refused.contains(id))
    }

    pub(super) fn is_flat(&self) -> bool {
        self.mode == Mode::Flat
    }

    /// The polynomial of a node and of everything below it that is not yet known.
    pub(super) fn read(&mut self, graph: &Graph, id: Id) -> Option<Rc<Poly>> {
        let mut stack = vec![(id, false)];
        while let Some((id, ready)) = stack.pop() {
            if self.known.contains_key(&id) {
                continue;
            }
            if let Some(p) = self.given.get(&id) {
                self.known.insert(id, Rc::new(p.clone()));
                continue;
            }
            let ring = graph.application(id).map_or(Ring::None, |(op, _, _)| op.def().ring);
            if ring != Ring::None && !ready {
                stack.push((id, true));
                stack.extend(graph.node(id).args.iter().map(|&a| (a, false)));
                continue;
            }
            let poly = self.node(graph, id, ring).unwrap_or_else(|| Poly::atom(id));
            self.known.insert(id, Rc::new(poly));
        }
        self.known.get(&id).cloned()
    }

    /// The sums that stand for themselves, in the order of their nodes.
    pub(super) fn sums(&self) -> impl Iterator<Item = (Id, &Poly)> {
        let below = self.below.iter().flat_map(|b| b.sums.values());
        let mut ids: Vec<Id> = self.sums.values().chain(below).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| Some((id, self.sum(id)?)))
    }

    /// What an indeterminate that stands for a sum is.
    pub(super) fn sum(&self, id: Id) -> Option<&Poly> {
        self.known.get(&id).map(Rc::as_ref).filter(|p| p.0.len() > 1)
    }

    fn node(&mut self, graph: &Graph, id: Id, ring: Ring) -> Option<Poly> {
        if let Head::Const(bits) = graph.node(id).head {
            return Ratio::from_f64(f64::from_bits(bits)).map(Poly::constant);
        }
        // An integer, repeated or not.
        if graph.ty(id).dtype.is_int()
            && let Some(x) = graph.facts(id).constant
        {
            return Ratio::from_f64(x).map(Poly::constant);
        }
        let args = &graph.node(id).args;
        // An integer that is read as another type, or as a float, is what it is in its own.
        let integers = graph.ty(id).dtype.is_int();
        let foreign = |a: Id| {
            let d = graph.ty(a).dtype;
            (integers || d.is_int()) && d != graph.ty(id).dtype && graph.facts(a).constant.is_none()
        };
        let read =
            |a: &Id| if foreign(*a) { Some(Rc::new(Poly::atom(*a))) } else { self.known.get(a).cloned() };
        let known: Vec<Rc<Poly>> = args.iter().map_while(read).collect();
        let arg = |i: usize| known.get(i).map(|p| (args[i], p.as_ref()));
        match ring {
            Ring::None => None,
            Ring::Sum => arg(0)?.1.add(arg(1)?.1),
            Ring::Difference => arg(0)?.1.add(&arg(1)?.1.neg()),
            Ring::Opposite => Some(arg(0)?.1.neg()),
            Ring::Product => self.product(arg(0)?, arg(1)?),
            Ring::Quotient => {
                let inverse = self.inverse(graph, arg(1)?, -2)?;
                self.product(arg(0)?, (args[1], &inverse))
            }
            Ring::Square => self.power(arg(0)?, 4),
            Ring::Root => {
                let (id, p) = arg(0)?;
                self.whole((id, p)).term_power(1).or_else(|| Poly::atom(id).term_power(1))
            }
            Ring::Power => {
                let exponent = graph.facts(args[1]).constant.filter(|_| graph.is_constant(args[1]))?;
                let twice = Some(exponent * 2.0).filter(|e| !integers || *e >= 0.0)?;
                #[allow(clippy::cast_possible_truncation, reason = "a small integer")]
                let halves = (twice.fract() == 0.0 && twice.abs() <= 128.0).then_some(twice as i32)?;
                if halves < 0 { self.inverse(graph, arg(0)?, halves) } else { self.power(arg(0)?, halves) }
            }
        }
    }

    /// A sum as one indeterminate, the same for all its multiples: `y - x` is `-1 * (x - y)`.
    pub(super) fn whole(&mut self, (id, p): (Id, &Poly)) -> Poly {
        if p.0.len() < 2 {
            return p.clone();
        }
        let alone = || Poly::atom(id);
        let Some(lead) = p.0.values().next().copied() else { return alone() };
        let scaled = |by: Ratio| p.0.iter().map(|(m, c)| Some((m.clone(), c.mul(by)?))).collect();
        let Some(key): Option<Vec<_>> = lead.inverse().and_then(scaled) else { return alone() };
        let (first, factor) = *self.sums.entry(key).or_insert((id, lead));
        let times = factor.inverse().and_then(|f| lead.mul(f));
        times.and_then(|t| Poly::atom(first).mul(&Poly::constant(t))).unwrap_or_else(alone)
    }

    /// A sum that is not multiplied out stands for itself.
    fn factor(&mut self, (id, p): (Id, &Poly)) -> Poly {
        if self.mode == Mode::Flat { self.whole((id, p)) } else { p.clone() }
    }

    fn product(&mut self, a: (Id, &Poly), b: (Id, &Poly)) -> Option<Poly> {
        let (x, y) = (self.factor(a), self.factor(b));
        x.mul(&y).or_else(|| {
            // Too many terms: keep the longer one whole.
            let (x, y) = if x.0.len() > y.0.len() { (self.whole(a), y) } else { (x, self.whole(b)) };
            x.mul(&y)
        })
    }

    /// A negative power.
    fn inverse(&mut self, graph: &Graph, (id, p): (Id, &Poly), halves: i32) -> Option<Poly> {
        let Some(below) = &mut self.below else { return self.power((id, p), halves) };
        let own = below.read(graph, id)?;
        below.power((id, own.as_ref()), halves)
    }

    fn power(&mut self, (id, p): (Id, &Poly), halves: i32) -> Option<Poly> {
        let base = self.factor((id, p));
        if base.0.is_empty() {
            return None;
        }
        if let Some(q) = base.term_power(halves) {
            return Some(q);
        }
        if halves > 0 && halves % 2 == 0 && halves <= 8 && base.0.len() > 1 {
            let mut out = base.clone();
            for _ in 1..halves / 2 {
                match out.mul(&base) {
                    Some(next) if next.0.len() <= TERMS => out = next,
                    _ => return self.whole((id, p)).term_power(halves),
                }
            }
            return Some(out);
        }
        self.whole((id, p)).term_power(halves).or_else(|| Poly::atom(id).term_power(halves))
    }
}
