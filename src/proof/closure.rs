//! Congruence closure that can say why: the smallest equivalence that has some equations, respects
//! operators and folds constants.
//!
//! The forest of reasons is that of Nieuwenhuis and Oliveras, "Proof-producing congruence closure"
//! (2005): two terms that are equal are joined by one path, whose reasons are older than the moment
//! at which they became equal. So no explanation goes in a circle.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::term::{Head, TermId, Terms};
use crate::op::{Attr, Op};
use crate::ty::{DType, Ty};

/// Why two terms became one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// An equation that was given.
    Given(u32),
    /// A constant.
    Fold,
    /// A broadcast that changes nothing.
    Unmoved,
    /// The same operator on equal operands.
    Congruence,
}

/// A reason from one term to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) from: TermId,
    pub(super) to: TermId,
    pub(super) why: Why,
    /// The reason was given from `to` to `from`.
    pub(super) reversed: bool,
}

/// Classes of equal terms.
#[derive(Debug, Default)]
pub(super) struct Closure {
    class: Vec<TermId>,
    members: Vec<Vec<TermId>>,
    uses: Vec<Vec<TermId>>,
    /// The term `number` or `broadcast(number)` that a class of doubles is equal to.
    constant: Vec<Option<TermId>>,
    /// The smallest member of a class, with its size as a tree.
    least: Vec<(u64, TermId)>,
    size: Vec<u64>,
    edge: Vec<Option<Link>>,
    signatures: FxHashMap<(Head, SmallVec<[TermId; 3]>), TermId>,
    pending: VecDeque<(TermId, TermId, Why)>,
    marked: Vec<bool>,
}

/// A constant as a term: a number, broadcast where the type has axes.
fn number(terms: &mut Terms, x: f64, ty: &Ty) -> Option<TermId> {
    let lit = if ty.dtype.is_int() { terms.int(ty.dtype, ty.dtype.truncate(x)) } else { terms.lit(x) };
    if ty.rank() == 0 {
        return Some(lit);
    }
    terms.apply(Op::broadcast(), &Attr::Dims(ty.shape.dims().to_vec()), &[lit]).ok()
}

impl Closure {
    /// A closure that leaves out the terms that are not marked, among those that there are now.
    pub(super) fn among(marked: Vec<bool>) -> Closure {
        Closure { marked, ..Closure::default() }
    }

    /// Takes in terms that are new, with all that follows.
    pub(super) fn sync(&mut self, terms: &mut Terms) {
        loop {
            if self.class.len() < terms.len() {
                self.take_in(terms);
            } else if let Some((a, b, why)) = self.pending.pop_front() {
                self.merge(terms, a, b, why);
            } else {
                return;
            }
        }
    }

    /// Takes in the next term.
    fn take_in(&mut self, terms: &mut Terms) {
        let i = self.class.len();
        let t = u32::try_from(i).unwrap_or(u32::MAX);
        self.class.push(t);
        self.members.push(vec![t]);
        self.uses.push(Vec::new());
        self.constant.push(None);
        self.edge.push(None);
        let size = terms.term(t).args.iter().fold(1u64, |n, &a| n.saturating_add(self.size[a as usize]));
        self.size.push(size);
        self.least.push((size, t));
        // Constants always take part: what folds may need them.
        if !self.marked.get(i).copied().unwrap_or(true) && terms.facts(t).constant.is_none() {
            return;
        }
        let args = terms.term(t).args.clone();
        for &a in &args {
            let users = &mut self.uses[self.class[a as usize] as usize];
            if users.last() != Some(&t) {
                users.push(t);
            }
        }
        self.sign(terms, t);
        if let (Head::Op(_, Attr::Dims(dims)), &[x]) = (&terms.term(t).head, &args[..])
            && terms.ty(x).shape.dims() == dims.as_slice()
            && terms.ty(x) == terms.ty(t)
        {
            self.pending.push_back((t, x, Why::Unmoved));
        }
        let (constant, ty) = (terms.facts(t).constant, terms.ty(t).clone());
        if let Some(x) = constant.filter(|_| ty.dtype == DType::F64 || ty.dtype.is_int())
            && let Some(k) = number(terms, x, &ty)
        {
            if k == t {
                self.constant[i] = Some(k);
            } else {
                self.pending.push_back((t, k, Why::Fold));
            }
        } else {
            self.fold(terms, t);
        }
    }

    /// States an equation.
    pub(super) fn assert(&mut self, terms: &mut Terms, a: TermId, b: TermId, equation: u32) {
        self.pending.push_back((a, b, Why::Given(equation)));
        self.sync(terms);
    }

    /// Are two terms equal?
    pub(super) fn equal(&self, a: TermId, b: TermId) -> bool {
        a == b || self.class[a as usize] == self.class[b as usize]
    }

    /// The terms equal to one.
    pub(super) fn class(&self, t: TermId) -> &[TermId] {
        &self.members[self.class[t as usize] as usize]
    }

    /// The plainest term that is known to equal one: a constant, or the smallest.
    pub(super) fn plainest(&self, t: TermId) -> TermId {
        let class = self.class[t as usize] as usize;
        self.constant[class].unwrap_or(self.least[class].1)
    }

    /// The constant that a term equals, as a term.
    fn constant(&self, t: TermId) -> Option<TermId> {
        self.constant[self.class[t as usize] as usize]
    }

    fn signature(&self, terms: &Terms, t: TermId) -> (Head, SmallVec<[TermId; 3]>) {
        let term = terms.term(t);
        (term.head.clone(), term.args.iter().map(|&a| self.class[a as usize]).collect())
    }

    fn sign(&mut self, terms: &Terms, t: TermId) {
        if terms.term(t).args.is_empty() {
            return;
        }
        let signature = self.signature(terms, t);
        match self.signatures.get(&signature) {
            Some(&other) if other != t => self.pending.push_back((t, other, Why::Congruence)),
            Some(_) => {}
            None => {
                self.signatures.insert(signature, t);
            }
        }
    }

    /// The term with its operands, all constants, written as numbers; it folds when it is taken in.
    fn fold(&mut self, terms: &mut Terms, t: TermId) {
        let Head::Op(op, attr) = terms.term(t).head.clone() else { return };
        if self.constant(t).is_some() {
            return;
        }
        let args: Option<SmallVec<[TermId; 3]>> =
            terms.term(t).args.iter().map(|&a| self.constant(a)).collect();
        if let Some(args) = args.filter(|a| !a.is_empty()) {
            // An operand that does not fit is none of this class: nothing folds.
            let _ = terms.apply(op, &attr, &args);
        }
    }

    fn merge(&mut self, terms: &mut Terms, a: TermId, b: TermId, why: Why) {
        let (mut small, mut large) = (self.class[a as usize], self.class[b as usize]);
        if small == large {
            return;
        }
        let (mut from, mut to, mut reversed) = (a, b, false);
        if self.members[small as usize].len() > self.members[large as usize].len() {
            (small, large) = (large, small);
            (from, to, reversed) = (b, a, true);
        }
        self.reroot(from);
        self.edge[from as usize] = Some(Link { from, to, why, reversed });
        for m in std::mem::take(&mut self.members[small as usize]) {
            self.class[m as usize] = large;
            self.members[large as usize].push(m);
        }
        let least = self.least[small as usize].min(self.least[large as usize]);
        self.least[large as usize] = least;
        let moved = std::mem::take(&mut self.uses[small as usize]);
        for &u in &moved {
            self.sign(terms, u);
        }
        let known = (self.constant[small as usize].take(), self.constant[large as usize]);
        let kept = std::mem::take(&mut self.uses[large as usize]);
        match known {
            (None, None) => {}
            (Some(k), None) => {
                self.constant[large as usize] = Some(k);
                kept.iter().for_each(|&u| self.fold(terms, u));
            }
            (None, Some(_)) => moved.iter().for_each(|&u| self.fold(terms, u)),
            (Some(_), Some(_)) => {}
        }
        self.uses[large as usize] = kept;
        self.uses[large as usize].extend(moved);
    }

    /// Makes a term the root of its tree of reasons.
    fn reroot(&mut self, t: TermId) {
        let mut at = t;
        let mut incoming: Option<Link> = None;
        loop {
            let old = std::mem::replace(&mut self.edge[at as usize], incoming);
            let Some(link) = old else { return };
            incoming = Some(Link { from: link.to, to: link.from, why: link.why, reversed: !link.reversed });
            at = link.to;
        }
    }

    /// The reasons from one term to another that is equal to it.
    pub(super) fn path(&self, a: TermId, b: TermId) -> Vec<Link> {
        let upward = |from: TermId| {
            let mut links: Vec<Link> = Vec::new();
            let mut at = from;
            while let Some(link) = self.edge[at as usize] {
                links.push(link);
                at = link.to;
            }
            links
        };
        let (mut up, mut down) = (upward(a), upward(b));
        // What both have in common at the top is no part of the way.
        while up.last().zip(down.last()).is_some_and(|(x, y)| x.from == y.from) {
            up.pop();
            down.pop();
        }
        let turned = |l: Link| Link { from: l.to, to: l.from, why: l.why, reversed: !l.reversed };
        up.extend(down.into_iter().rev().map(turned));
        up
    }
}
