//! Expressions in the common vocabulary: what programs know that know few operators.
//!
//! Rows say what stands for their operators. Broadcasts are filled by inputs and vectors of the
//! right lengths.

use rustc_hash::FxHashMap;

use crate::expr::{Expr, Head, concatenate, fill, variables};
use crate::op::{Attr, IndexItem, Op, zeros};
use crate::ty::{Dim, DimExpr};

/// The roots, spelled in the common vocabulary. Operators whose lengths are not known stay.
pub(super) fn common(roots: &[Expr]) -> Vec<Expr> {
    let mut spelling = Spelling {
        inputs: variables(roots),
        done: FxHashMap::default(),
        instead: FxHashMap::default(),
        held: Vec::new(),
    };
    roots.iter().map(|r| spelling.spelled(r)).collect()
}

struct Spelling {
    inputs: Vec<Expr>,
    /// What each node became, by its address; what it became stays as it is.
    done: FxHashMap<usize, Expr>,
    /// What stands for a node and is not spelled yet.
    instead: FxHashMap<usize, Expr>,
    /// Keeps every node alive, so that an address is never used twice.
    held: Vec<Expr>,
}

impl Spelling {
    fn spelled(&mut self, root: &Expr) -> Expr {
        let mut stack = vec![root.clone()];
        while let Some(e) = stack.last().cloned() {
            let waiting = stack.len();
            if self.done.contains_key(&e.id()) {
                stack.pop();
                continue;
            }
            if let Some(other) = self.instead.get(&e.id()).cloned() {
                match self.done.get(&other.id()).cloned() {
                    Some(became) => self.keep(e, became),
                    None => stack.push(other),
                }
                continue;
            }
            stack.extend(e.args().iter().rev().filter(|a| !self.done.contains_key(&a.id())).cloned());
            if stack.len() > waiting {
                continue;
            }
            let args: Vec<Expr> = e.args().iter().map(|a| self.done[&a.id()].clone()).collect();
            if let Some(other) = self.replaced(&e, &args) {
                self.held.push(other.clone());
                self.instead.insert(e.id(), other);
                self.held.push(e);
                continue;
            }
            let same = args.iter().zip(e.args()).all(|(a, b)| a.same_node(b));
            let rebuilt = match e.head() {
                Head::Op(op, attr) if !same => Expr::try_apply(*op, attr.clone(), args).ok(),
                _ => None,
            };
            self.keep(e.clone(), rebuilt.unwrap_or(e));
        }
        self.done[&root.id()].clone()
    }

    fn keep(&mut self, e: Expr, became: Expr) {
        self.done.insert(became.id(), became.clone());
        self.done.insert(e.id(), became.clone());
        self.held.extend([e, became]);
    }

    /// What stands for `e`, whose operands became `args`.
    fn replaced(&self, e: &Expr, args: &[Expr]) -> Option<Expr> {
        let Head::Op(op, attr) = e.head() else { return None };
        match (op.def().common, attr) {
            (Some(spell), _) => spell(args, attr),
            (None, Attr::Dims(dims)) if *op == Op::Alloc => self.filled(&args[0], dims),
            _ => None,
        }
    }

    /// `x` broadcast to these lengths: filled by an input of that shape, or by one vector for each axis
    /// that `x` has not.
    fn filled(&self, x: &Expr, dims: &[Dim]) -> Option<Expr> {
        if let Some(like) = self.inputs.iter().find(|i| i.ty().shape.dims() == dims) {
            return Some(fill(like, x));
        }
        let lead = dims.len().checked_sub(x.rank())?;
        let mut out = x.clone();
        for (axis, d) in dims.iter().enumerate().rev() {
            let own = axis.checked_sub(lead).map(|a| &x.ty().shape.dims()[a]);
            if own == Some(d) {
                continue;
            }
            let order = (axis..dims.len()).map(|a| (a == axis).then_some(0));
            out = fill(&self.vector(d)?.dimshuffle(order), out);
        }
        Some(out)
    }

    /// Any vector of this length. Recurses over the nesting of one length, which readers and shape
    /// rules keep shallow.
    fn vector(&self, d: &Dim) -> Option<Expr> {
        let whole = || IndexItem::Slice { start: None, stop: None, step: 1 };
        Some(match d {
            Dim::Known(n) => zeros(*n),
            Dim::Sym(s) => {
                let of = self.inputs.iter().find(|i| i.name() == Some(s.var()))?;
                let items: Vec<IndexItem> =
                    (0..of.rank()).map(|a| if a == s.axis() { whole() } else { IndexItem::At(0) }).collect();
                if of.rank() == 1 { of.clone() } else { of.index(&items) }
            }
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) => {
                    concatenate(&ds.iter().map(|d| self.vector(d)).collect::<Option<Vec<_>>>()?, 0)
                }
                DimExpr::Mul(ds) => {
                    let parts = ds.iter().map(|d| self.vector(d)).collect::<Option<Vec<_>>>()?;
                    let all =
                        parts.into_iter().reduce(|a, b| fill(&a.dimshuffle([Some(0), None]), b).flatten())?;
                    all.reshape_to(std::slice::from_ref(d))
                }
                DimExpr::Slice { of, start, stop, step } => {
                    let items = [IndexItem::Slice { start: *start, stop: *stop, step: *step }];
                    self.vector(of)?.index(&items)
                }
                DimExpr::Div(..) | DimExpr::Between { .. } | DimExpr::Count(_) => return None,
            },
        })
    }
}
