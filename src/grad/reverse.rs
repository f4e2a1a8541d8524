//! The reverse walk: adjoints from where they are given down to what is asked for.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::error::{GradError, short};
use crate::expr::{Adjoint, Expr, Head, Lit, fill, stated_lengths, tells, topological, unbroadcast};
use crate::graph::{Unify, constraints};
use crate::op::{Attr, Derivative, Op, Role};
use crate::ty::{DType, Dim, Shape};

/// An adjoint that is given.
#[derive(Debug, Clone)]
pub(super) struct Seed {
    pub(super) at: Expr,
    pub(super) adjoint: Expr,
    /// It is the whole adjoint of its node: what reaches the node from other seeds is not added.
    pub(super) whole: bool,
}

/// One use of a node: the application, and where in it.
type Use = (Expr, SmallVec<[usize; 2]>);

/// The part of the graph between the cost and the expressions to differentiate by.
pub(super) struct Reach {
    order: Vec<Expr>,
    /// Nodes from which some `wrt` is reached through connected operands.
    active: FxHashSet<usize>,
    uses: FxHashMap<usize, Vec<Use>>,
    /// Nodes that nothing is visited through.
    constant: FxHashSet<usize>,
    /// Inputs are the same when their names are: one key stands for all nodes of a name.
    of_name: FxHashMap<String, usize>,
}

impl Reach {
    pub(super) fn new(seeds: &[Seed], wrt: &[Expr], constant: &[Expr]) -> Reach {
        let ends: Vec<Expr> = seeds.iter().map(|s| s.at.clone()).collect();
        let order = topological(&ends);
        let mut of_name = FxHashMap::default();
        for e in &order {
            if let Some(n) = e.name() {
                of_name.entry(n.to_string()).or_insert(e.id());
            }
        }
        let mut reach = Reach {
            order,
            active: FxHashSet::default(),
            uses: FxHashMap::default(),
            constant: FxHashSet::default(),
            of_name,
        };
        reach.constant = constant.iter().map(|e| reach.key(e)).collect();
        let targets: FxHashSet<usize> = wrt.iter().map(|w| reach.key(w)).collect();
        for e in &reach.order {
            let key = reach.key(e);
            let from_below = reach.operands(e, 0).any(|i| reach.active.contains(&reach.key(e.arg(i))));
            if targets.contains(&key) || from_below {
                reach.active.insert(key);
            }
        }
        reach.record(&ends);
        reach
    }

    /// Operands from position `from` on through which gradients flow.
    fn operands(&self, e: &Expr, from: usize) -> impl Iterator<Item = usize> + use<> {
        let cut = match e.head() {
            Head::Op(op, _) => op.def().disconnected,
            _ => &[],
        };
        let end = if self.constant.contains(&self.key(e)) { 0 } else { e.args().len() };
        (from.min(end)..end).filter(move |i| !cut.contains(i))
    }

    /// The node that stands for `e`.
    pub(super) fn key(&self, e: &Expr) -> usize {
        e.name().and_then(|n| self.of_name.get(n)).copied().unwrap_or_else(|| e.id())
    }

    /// Is it computed with, or a length of something?
    pub(super) fn occurs(&self, w: &Expr) -> bool {
        let key = self.key(w);
        self.order.iter().any(|e| self.key(e) == key) || tells(w, &stated_lengths(&self.order))
    }

    /// Records uses in Theano's order: depth first from each end, operands in order, each node once.
    fn record(&mut self, ends: &[Expr]) {
        let mut seen = FxHashSet::default();
        // Where the entry of an application stands among the uses of a node.
        let mut entry: FxHashMap<(usize, usize), usize> = FxHashMap::default();
        let mut stack: Vec<(Expr, usize)> = Vec::new();
        let mut rest = ends.iter();
        while let Some((e, from)) = stack.pop().or_else(|| rest.next().map(|e| (e.clone(), 0))) {
            if from == 0 && stack.is_empty() && !seen.insert(self.key(&e)) {
                continue;
            }
            let Some(i) = self.operands(&e, from).next() else { continue };
            stack.push((e.clone(), i + 1));
            let arg = e.arg(i).clone();
            let key = self.key(&arg);
            if !self.active.contains(&key) {
                continue;
            }
            let uses = self.uses.entry(key).or_default();
            match entry.get(&(key, e.id())) {
                Some(&k) => uses[k].1.push(i),
                None => {
                    entry.insert((key, e.id()), uses.len());
                    uses.push((e.clone(), SmallVec::from_iter([i])));
                }
            }
            if seen.insert(key) {
                stack.push((arg, 0));
            }
        }
    }

    /// Adjoints from the seeds down. One that an operator without derivative has a part in is the
    /// error that says so.
    ///
    /// # Errors
    /// Lengths contradict each other.
    pub(super) fn adjoints(&self, seeds: &[Seed]) -> Result<FxHashMap<usize, Flow>, GradError> {
        consistent(&self.order)?;
        Ok(self.accumulate(seeds))
    }

    fn accumulate(&self, seeds: &[Seed]) -> FxHashMap<usize, Flow> {
        let mut given: FxHashMap<usize, (Expr, bool)> = FxHashMap::default();
        for s in seeds {
            let of_node = given.entry(self.key(&s.at));
            of_node
                .and_modify(|(g, whole)| {
                    *g = if s.whole { s.adjoint.clone() } else { &*g + &s.adjoint };
                    *whole |= s.whole;
                })
                .or_insert_with(|| (s.adjoint.clone(), s.whole));
        }
        let mut adjoints: FxHashMap<usize, Flow> = FxHashMap::default();
        // The terms that each application gives its operands, by position.
        let mut terms: FxHashMap<(usize, usize), Flow> = FxHashMap::default();
        for e in self.order.iter().rev() {
            let key = self.key(e);
            // Of several nodes of one input, the first stands for all: its users all come later.
            if !self.active.contains(&key) || e.id() != key {
                continue;
            }
            let (own, whole) = given.remove(&key).map_or((None, false), |(g, w)| (Some(Ok(g)), w));
            let contributions =
                self.uses.get(&key).into_iter().flatten().flat_map(|(u, at)| at.iter().map(|i| (u.id(), *i)));
            let arriving = contributions.filter(|_| !whole).filter_map(|k| terms.remove(&k));
            let g = arriving.fold(own, |sum, term| plus(e, sum, term));
            let Some(g) = g else { continue };
            // What arrives at an operator has the type of its result, so that singles stay singles below it.
            let g = if e.op().is_some() { g.map(|g| typed_as(g, e)) } else { g };
            let g = g.and_then(|g| agree(e, &e.ty().shape, &g).map(|()| g));
            for i in self.operands(e, 0) {
                if self.active.contains(&self.key(e.arg(i))) {
                    terms.insert((e.id(), i), g.clone().and_then(|g| partial(e, &g, i)));
                }
            }
            adjoints.insert(key, g);
        }
        adjoints
    }
}

/// The adjoint of a float as that float.
fn typed_as(g: Expr, e: &Expr) -> Expr {
    let dtype = e.ty().dtype;
    let cast = dtype.is_float() && g.ty().dtype.is_float() && g.ty().dtype != dtype;
    if cast { Expr::apply(Op::conversion(), Attr::DType(dtype), [g]) } else { g }
}

/// An adjoint, or why there is none.
pub(super) type Flow = Result<Expr, GradError>;

/// One more of the terms that arrive at a node.
fn plus(at: &Expr, sum: Option<Flow>, term: Flow) -> Option<Flow> {
    Some(match sum {
        None => term,
        Some(sum) => sum.and_then(|s| {
            let t = term?;
            agree(at, &s.ty().shape, &t)?;
            Ok(s + t)
        }),
    })
}

/// Formulas of derivatives bring together what a cost computes far apart: lengths in it that contradict each other
/// are found before. Only numbers can.
pub(super) fn consistent(order: &[Expr]) -> Result<(), GradError> {
    let number = |d: &Dim| d.known().is_some_and(|n| n != 1);
    if !order.iter().any(|e| e.ty().shape.dims().iter().any(number)) {
        return Ok(());
    }
    Unify::from(&constraints(order)).map(|_| ()).map_err(GradError::Lengths)
}

/// An adjoint has the shape of what it belongs to, and of what else arrives there. Lengths that are computed are
/// compared when they are known: what contradicts itself there may show here first.
fn agree(at: &Expr, b: &Shape, g: &Expr) -> Result<(), GradError> {
    let a = &g.ty().shape;
    let differ = |(m, n): (&Dim, &Dim)| matches!((m.known(), n.known()), (Some(m), Some(n)) if m != n);
    if a.rank() != b.rank() || a.dims().iter().zip(b.dims()).any(differ) {
        return Err(GradError::Contradiction { at: short(at), shape: b.to_string(), adjoint: a.to_string() });
    }
    Ok(())
}

/// What operand `i` of `e` receives when the result receives `g`.
pub(super) fn partial(e: &Expr, g: &Expr, i: usize) -> Result<Expr, GradError> {
    let Head::Op(op, _) = e.head() else { return Ok(g.clone()) };
    let def = op.def();
    let x = e.arg(i);
    // Integers and truth values do not vary: a connected zero, as in Theano.
    if !e.ty().dtype.is_float() {
        let lead = if def.role == Role::Elementwise { e.rank() - x.rank() } else { 0 };
        let x = &x.with_leading(lead);
        let zeros = if def.converted_zero { float_zeros_like(x) } else { x.zeros_like() };
        return Ok(zeros.without_leading(lead));
    }
    let term = formula(e, g, i)?;
    Ok(if def.role == Role::Elementwise { unbroadcast(&term, x) } else { term })
}

/// Zeros of the shape of `x` as Theano makes floats of integers: `float64(fill(i, 0))`.
pub(super) fn float_zeros_like(x: &Expr) -> Expr {
    if x.ty().dtype.is_float() {
        return x.zeros_like();
    }
    let zero = if x.ty().dtype == DType::Bool { Lit::Bool(false) } else { Lit::Int(0) };
    Expr::apply(Op::Cast, Attr::DType(DType::F64), [fill(x, Expr::lit(zero))])
}

/// The row's formula for operand `i`, with `g` as the adjoint.
pub(super) fn formula(e: &Expr, g: &Expr, i: usize) -> Result<Expr, GradError> {
    let Head::Op(op, _) = e.head() else { return Ok(g.clone()) };
    let def = op.def();
    let undefined = || GradError::Undefined { op: def.name, at: short(e) };
    let v = Adjoint::new(e, g);
    match def.derivative {
        Derivative::Each(formulas) => formulas.get(i).map(|f| f(&v)).ok_or_else(undefined),
        Derivative::Any(f) => Ok(f(&v, i)),
        Derivative::Undefined => Err(undefined()),
    }
}
