//! What the shapes of inputs must satisfy.
//!
//! Gathered from the original expressions, so that no rewrite can hide a shape error, and checked
//! before anything is computed.

use std::collections::BTreeMap;
use std::fmt;

use crate::expr::{Expr, Head, below, topological};
use crate::op::{Attr, IndexItem, Kernel, Place, Role, View, indexed_shape};
use crate::ty::{Dim, Shape, Sym, Ty};

/// The relation that must hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Two lengths are equal.
    Equal(Dim, Dim),
    /// A length is at least a number.
    AtLeast(Dim, usize),
}

/// A relation and the operator that demands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// The relation.
    pub bound: Bound,
    /// The operator's name.
    pub op: &'static str,
}

/// Shapes that cannot be: the relation that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstraintError {
    /// The operator that demands it.
    pub op: &'static str,
    /// The fact, in words.
    pub fact: String,
}

impl fmt::Display for ConstraintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.op, self.fact)
    }
}
impl std::error::Error for ConstraintError {}

impl Constraint {
    /// Checks the relation for values of the symbols.
    ///
    /// # Errors
    /// It does not hold, or a length in it has no value.
    pub fn check(&self, value: &dyn Fn(&Sym) -> Option<usize>) -> Result<(), ConstraintError> {
        let fail = |fact: String| ConstraintError { op: self.op, fact };
        let none = |d: &Dim| format!("the length {d} has no value: {}", d.fault(value));
        let read = |d: &Dim| d.eval(value).ok_or_else(|| fail(none(d)));
        match &self.bound {
            Bound::Equal(a, b) => {
                let (m, n) = (read(a)?, read(b)?);
                if m == n {
                    Ok(())
                } else {
                    Err(fail(format!("lengths differ: {} is {m}, {} is {n}", told(a), told(b))))
                }
            }
            Bound::AtLeast(a, n) => {
                let m = read(a)?;
                if m >= *n {
                    Ok(())
                } else {
                    Err(fail(format!("{} is {m}, and must be at least {n}", told(a))))
                }
            }
        }
    }
}

fn told(d: &Dim) -> String {
    match d {
        Dim::Known(n) => format!("the length {n}"),
        Dim::Sym(s) => format!("axis {} of `{}`", s.axis(), s.var()),
        Dim::Expr(_) => d.to_string(),
    }
}

/// The relations that these expressions demand, each once, in the order of the graph.
pub fn constraints(roots: &[Expr]) -> Vec<Constraint> {
    let mut out: Vec<Constraint> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for e in topological(roots) {
        let Head::Op(op, attr) = e.head() else { continue };
        let mut demand = |bound: Bound| {
            let trivial = match &bound {
                Bound::Equal(a, b) => a == b,
                Bound::AtLeast(a, n) => a.known().is_some_and(|m| m >= *n),
            };
            if !trivial && seen.insert(bound.clone()) {
                out.push(Constraint { bound, op: op.def().name });
            }
        };
        demands(&e, op.def().role, op.def().kernel, attr, &mut demand);
        let shapes: Vec<&Shape> = e.args().iter().map(|a| &a.ty().shape).collect();
        (op.def().demand)(&shapes).into_iter().for_each(|(a, b)| demand(Bound::Equal(a, b)));
        // What a composite reduction is made of may demand more: softmax needs an element.
        let made_of = op.def().lower.or(op.def().composed());
        if let (Some(lower), true) = (made_of, op.def().role != Role::Elementwise) {
            let operand = |x: &Expr| e.args().iter().any(|a| a.same_node(x));
            for inner in below(&[lower(e.args(), attr)], &operand) {
                if let Head::Op(op, attr) = inner.head() {
                    demands(&inner, op.def().role, op.def().kernel, attr, &mut demand);
                    let shapes: Vec<&Shape> = inner.args().iter().map(|a| &a.ty().shape).collect();
                    (op.def().demand)(&shapes).into_iter().for_each(|(a, b)| demand(Bound::Equal(a, b)));
                }
            }
        }
    }
    out
}

fn demands(e: &Expr, role: Role, kernel: Kernel, attr: &Attr, demand: &mut dyn FnMut(Bound)) {
    let shapes: Vec<&Shape> = e.args().iter().map(|a| &a.ty().shape).collect();
    match (role, kernel, attr) {
        (Role::Elementwise, _, _) => {
            for s in &shapes {
                stretch(s, &e.ty().shape, demand);
            }
        }
        (_, Kernel::Dot, _) => {
            let (a, b) = (shapes[0].dims(), shapes[1].dims());
            demand(Bound::Equal(a[a.len() - 1].clone(), b[0].clone()));
        }
        (_, Kernel::View(View::Broadcast), _) => stretch(shapes[0], &e.ty().shape, demand),
        (_, Kernel::Reshape, _) => demand(Bound::Equal(shapes[0].size(), e.ty().shape.size())),
        (_, Kernel::View(View::Dimshuffle), Attr::Perm(p)) => {
            let rank = p.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(shapes[0].rank());
            let lead = rank - shapes[0].rank();
            for (a, d) in shapes[0].dims().iter().enumerate() {
                if !p.contains(&Some(a + lead)) {
                    demand(Bound::Equal(d.clone(), Dim::ONE));
                }
            }
        }
        // Truth values choose from axes of their own lengths.
        (_, _, Attr::Places(places)) => {
            let (mut axis, mut at) = (0, e.args().len() - places.iter().map(Place::operands).sum::<usize>());
            for p in places {
                let axes = match p {
                    Place::Mask { axes, .. } => {
                        for k in 0..*axes {
                            demand(Bound::Equal(
                                shapes[at].dims()[k].clone(),
                                shapes[0].dims()[axis + k].clone(),
                            ));
                        }
                        *axes
                    }
                    Place::Item(IndexItem::NewAxis) => 0,
                    _ => 1,
                };
                axis += axes;
                at += p.operands();
            }
        }
        (_, Kernel::View(View::Index), Attr::Index(items)) => positions(shapes[0], items, demand),
        (_, Kernel::IncAt | Kernel::SetAt, Attr::Index(items)) => {
            positions(shapes[0], items, demand);
            if let Ok(hole) = indexed_shape(shapes[0], items) {
                stretch(shapes[1], &hole, demand);
            }
        }
        (_, Kernel::Concat, Attr::Axis(axis)) => {
            for s in &shapes[1..] {
                for (i, (a, b)) in shapes[0].dims().iter().zip(s.dims()).enumerate() {
                    if i != *axis {
                        demand(Bound::Equal(a.clone(), b.clone()));
                    }
                }
            }
        }
        (Role::Reduce, Kernel::Reduce { init: None, .. } | Kernel::Whole(_), _) => {
            for a in attr.axes(shapes[0].rank()) {
                demand(Bound::AtLeast(shapes[0].dims()[a].clone(), 1));
            }
        }
        _ => {}
    }
}

/// A shape that is broadcast to another: equal, axis by axis, except where it is the number 1.
fn stretch(from: &Shape, to: &Shape, demand: &mut dyn FnMut(Bound)) {
    for k in 0..from.rank() {
        let (a, b) = (from.axis_from_end(k), to.axis_from_end(k));
        if !a.is_one() {
            demand(Bound::Equal(a, b));
        }
    }
}

fn positions(shape: &Shape, items: &[IndexItem], demand: &mut dyn FnMut(Bound)) {
    let real = items.iter().filter(|i| **i != IndexItem::NewAxis);
    for (item, d) in real.zip(shape.dims()) {
        if let IndexItem::At(i) = item {
            let need = if *i < 0 { i.unsigned_abs() } else { i.unsigned_abs() + 1 };
            demand(Bound::AtLeast(d.clone(), usize::try_from(need).unwrap_or(usize::MAX)));
        }
    }
}

/// Symbols that must be equal, each standing for the least of its set, or for its number.
#[derive(Debug, Clone, Default)]
pub struct Unify(BTreeMap<Sym, Dim>);

impl Unify {
    /// Unites what the constraints say is equal.
    ///
    /// # Errors
    /// Two different numbers would have to be equal.
    pub fn from(constraints: &[Constraint]) -> Result<Unify, ConstraintError> {
        let mut u = Unify::default();
        for c in constraints {
            let Bound::Equal(a, b) = &c.bound else { continue };
            let (a, b) = (u.known(a), u.known(b));
            match (&a, &b) {
                (Dim::Known(m), Dim::Known(n)) if m != n => {
                    return Err(ConstraintError { op: c.op, fact: format!("lengths differ: {m} and {n}") });
                }
                (Dim::Sym(s), Dim::Sym(t)) if s != t => {
                    let (keep, go) = if s < t { (s, t) } else { (t, s) };
                    u.0.insert(go.clone(), Dim::Sym(keep.clone()));
                }
                (Dim::Sym(s), n @ Dim::Known(_)) | (n @ Dim::Known(_), Dim::Sym(s)) => {
                    u.0.insert(s.clone(), n.clone());
                }
                _ => {}
            }
        }
        let all: Vec<Sym> = u.0.keys().cloned().collect();
        all.iter().for_each(|s| u.shorten(s));
        Ok(u)
    }

    /// A length by what is known so far.
    fn known(&mut self, d: &Dim) -> Dim {
        let mut syms = Vec::new();
        d.syms(&mut syms);
        syms.iter().for_each(|s| self.shorten(s));
        self.dim(d)
    }

    /// Lets every symbol on the way from `s` to its representative name that directly, so that ways
    /// stay short (path compression, Hopcroft and Ullman 1973).
    fn shorten(&mut self, s: &Sym) {
        let mut way = vec![s.clone()];
        let mut end = None;
        while let Some(next) = self.0.get(&way[way.len() - 1]) {
            end = Some(next.clone());
            let Dim::Sym(next) = next else { break };
            way.push(next.clone());
        }
        let Some(end) = end else { return };
        for s in way {
            if let Some(d) = self.0.get_mut(&s) {
                *d = end.clone();
            }
        }
    }

    /// A length with every symbol replaced by its representative.
    pub fn dim(&self, d: &Dim) -> Dim {
        if self.0.is_empty() { d.clone() } else { d.substitute(&|s| self.0.get(s).cloned()) }
    }

    /// A type with every symbol replaced by its representative.
    pub fn ty(&self, ty: &Ty) -> Ty {
        if self.0.is_empty() {
            return ty.clone();
        }
        Ty::new(ty.dtype, ty.shape.substitute(&|s| self.0.get(s).cloned()))
    }
}
