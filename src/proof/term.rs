//! Terms of proofs: distinct, never folded, each with what its operators alone say about it.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::expr::{Expr, Lit, TypeError, length_of};
use crate::facts::{Facts, folded};
use crate::graph::{self, Graph};
use crate::op::{Attr, Interval, Op};
use crate::ty::{DType, Dim, Ty};

/// A term, by position.
pub type TermId = u32;

/// What stands at a term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Head {
    /// An input, by position.
    Var(u32),
    /// A constant scalar double, by its bits.
    Const(u64),
    /// A constant scalar integer of an element type.
    Int(DType, i64),
    /// A length as a scalar.
    Size(Dim),
    /// An operator and its attribute.
    Op(Op, Attr),
}

/// A term: head and operands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Term {
    /// What stands here.
    pub head: Head,
    /// Operands; smaller than the term's own position.
    pub args: SmallVec<[TermId; 3]>,
}

/// Distinct terms, operands before users. Unlike in a [`Graph`], nothing is folded: `2 - 1` is a
/// term of its own.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    terms: Vec<Term>,
    facts: Vec<Facts>,
    memo: FxHashMap<Term, TermId>,
    vars: Vec<(Arc<str>, Facts)>,
}

/// The bits that stand for a number: NaNs are one.
pub(super) fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

impl Terms {
    /// No terms, over these inputs.
    pub fn new(vars: Vec<(Arc<str>, Facts)>) -> Terms {
        Terms { vars, ..Terms::default() }
    }

    /// The inputs of a graph, with what it knows of them.
    pub(super) fn inputs_of(graph: &Graph) -> Vec<(Arc<str>, Facts)> {
        let mut vars: Vec<(Arc<str>, Facts)> =
            graph.vars().iter().map(|(n, ty)| (n.clone(), Facts::var(ty.clone()))).collect();
        for id in 0..u32::try_from(graph.len()).unwrap_or(u32::MAX) {
            if let graph::Head::Var(v) = graph.node(id).head {
                vars[v as usize].1 = graph.facts(id).clone();
            }
        }
        vars
    }

    /// Number of terms.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// A term.
    pub fn term(&self, t: TermId) -> &Term {
        &self.terms[t as usize]
    }

    /// What its operators say about it.
    pub fn facts(&self, t: TermId) -> &Facts {
        &self.facts[t as usize]
    }

    /// Its type.
    pub fn ty(&self, t: TermId) -> &Ty {
        &self.facts[t as usize].ty
    }

    /// The inputs.
    pub fn vars(&self) -> &[(Arc<str>, Facts)] {
        &self.vars
    }

    /// The number, when the term is a constant.
    pub fn constant(&self, t: TermId) -> Option<f64> {
        match self.term(t).head {
            Head::Const(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn push(&mut self, term: Term, facts: impl FnOnce() -> Facts) -> TermId {
        if let Some(&t) = self.memo.get(&term) {
            return t;
        }
        let t = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        self.memo.insert(term.clone(), t);
        self.terms.push(term);
        self.facts.push(facts());
        t
    }

    /// The input at a position.
    pub fn var(&mut self, v: u32) -> TermId {
        let unknown = || Facts::var(Ty::scalar(DType::F64));
        let facts = self.vars.get(v as usize).map_or_else(unknown, |(_, f)| f.clone());
        self.push(Term { head: Head::Var(v), args: SmallVec::new() }, || facts)
    }

    /// A constant.
    pub fn lit(&mut self, x: f64) -> TermId {
        self.push(Term { head: Head::Const(bits(x)), args: SmallVec::new() }, || Facts::constant(x))
    }

    /// A constant integer.
    pub fn int(&mut self, dtype: DType, x: i64) -> TermId {
        self.push(Term { head: Head::Int(dtype, x), args: SmallVec::new() }, || Facts::integer(dtype, x))
    }

    /// A length: a constant when it is a number.
    pub fn length(&mut self, dim: &Dim) -> TermId {
        if let Some(n) = dim.known() {
            #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
            return self.lit(n as f64);
        }
        self.push(Term { head: Head::Size(dim.clone()), args: SmallVec::new() }, Facts::length)
    }

    /// An application.
    ///
    /// # Errors
    /// The operands do not fit.
    pub fn apply(&mut self, op: Op, attr: &Attr, args: &[TermId]) -> Result<TermId, TypeError> {
        let term = Term { head: Head::Op(op, attr.clone()), args: args.into() };
        if let Some(&t) = self.memo.get(&term) {
            return Ok(t);
        }
        let (mut facts, number) = {
            let of: SmallVec<[&Facts; 3]> = args.iter().map(|&a| self.facts(a)).collect();
            let facts = Facts::of_op(op, attr, &of)?;
            let number = folded(op, &facts.ty, &of);
            (facts, number)
        };
        if let Some(x) = number {
            facts.constant = Some(x);
            facts.range = Interval::point(x);
            facts.nonzero = x != 0.0;
            facts.integral = x.fract() == 0.0;
        }
        Ok(self.push(term, || facts))
    }

    /// An application; a broadcast to the lengths that the operand has is the operand.
    ///
    /// # Errors
    /// The operands do not fit.
    pub(super) fn apply_plain(&mut self, op: Op, attr: &Attr, args: &[TermId]) -> Result<TermId, TypeError> {
        if let (Attr::Dims(dims), [x]) = (attr, args)
            && self.ty(*x).shape.dims() == dims.as_slice()
        {
            return Ok(*x);
        }
        self.apply(op, attr, args)
    }

    /// The terms of all nodes of a graph; `inputs` stand for its inputs.
    ///
    /// # Errors
    /// A node does not fit its operands.
    pub(super) fn import(&mut self, graph: &Graph, inputs: &[TermId]) -> Result<Vec<TermId>, TypeError> {
        let mut at: Vec<TermId> = Vec::with_capacity(graph.len());
        for id in 0..u32::try_from(graph.len()).unwrap_or(u32::MAX) {
            let node = graph.node(id);
            let t = match node.head {
                graph::Head::Const(b) => self.lit(f64::from_bits(b)),
                graph::Head::Int(d, x) => self.int(d, x),
                graph::Head::Size(s) => self.length(graph.size(s)),
                graph::Head::Var(v) => inputs.get(v as usize).copied().unwrap_or_default(),
                graph::Head::Op(op, attr) => {
                    let args: SmallVec<[TermId; 3]> = node.args.iter().map(|&a| at[a as usize]).collect();
                    self.apply(op, graph.attr(attr), &args)?
                }
            };
            at.push(t);
        }
        Ok(at)
    }

    /// One term for each input.
    pub(super) fn all_vars(&mut self) -> Vec<TermId> {
        let n = u32::try_from(self.vars.len()).unwrap_or(u32::MAX);
        (0..n).map(|v| self.var(v)).collect()
    }

    /// Which terms these reach.
    pub(super) fn reached(&self, roots: &[TermId]) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        roots.iter().for_each(|&r| seen[r as usize] = true);
        for i in (0..self.len()).rev() {
            if seen[i] {
                self.terms[i].args.iter().for_each(|&a| seen[a as usize] = true);
            }
        }
        seen
    }

    /// Terms as expressions, shared as here; operands stand as they stand here.
    ///
    /// # Errors
    /// A term is ill-typed as an expression.
    pub fn exprs(&self, roots: &[TermId]) -> Result<Vec<Expr>, TypeError> {
        let mut at: Vec<Option<Expr>> = vec![None; self.len()];
        for (i, _) in self.reached(roots).iter().enumerate().filter(|(_, r)| **r) {
            let term = &self.terms[i];
            let e = match &term.head {
                Head::Var(v) => self.var_expr(*v),
                Head::Const(b) => Expr::lit(Lit::Float(f64::from_bits(*b))),
                Head::Int(_, x) => Expr::lit(Lit::Int(*x)),
                Head::Size(dim) => length_of(dim, &|name| {
                    let v = self.vars.iter().position(|(n, _)| **n == *name)?;
                    u32::try_from(v).ok().map(|v| self.var_expr(v))
                })?,
                Head::Op(op, attr) => {
                    let rank = term.args.first().map_or(0, |&a| self.ty(a).rank());
                    let shown = op.shown(attr, rank);
                    Expr::try_apply(*op, shown, term.args.iter().filter_map(|&a| at[a as usize].clone()))?
                }
            };
            at[i] = Some(e);
        }
        Ok(roots.iter().filter_map(|&r| at[r as usize].clone()).collect())
    }

    fn var_expr(&self, v: u32) -> Expr {
        let unknown = || Expr::var("?", Ty::scalar(DType::F64));
        self.vars.get(v as usize).map_or_else(unknown, |(n, f)| Expr::var(n, f.ty.clone()))
    }
}
