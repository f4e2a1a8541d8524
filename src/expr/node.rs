//! The node and its handle.

use std::fmt;
use std::sync::{Arc, OnceLock};

use smallvec::SmallVec;

use super::error::{TypeError, TypeErrorKind};
use super::lit::Lit;
use crate::op::{Arg, Attr, Op};
use crate::ty::Ty;

/// What stands at a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Head {
    /// An input. Two inputs are the same when their names are.
    Var(Arc<str>),
    /// A constant scalar.
    Lit(Lit),
    /// An operator with its attribute.
    Op(Op, Attr),
}

pub(super) type Args = SmallVec<[Expr; 2]>;

#[derive(Debug)]
pub(super) struct Node {
    head: Head,
    args: Args,
    ty: Ty,
    /// Does a length in it or below it follow from an integer that is computed first?
    ahead: bool,
    /// What a user calls it. No part of what it is.
    label: OnceLock<Arc<str>>,
}

/// A typed tensor expression. Cheap to clone, `Send` and `Sync`.
#[derive(Clone)]
pub struct Expr(Arc<Node>);

impl Expr {
    /// The input `name` of type `ty`.
    pub fn var(name: &str, ty: Ty) -> Expr {
        Expr::new(Head::Var(name.into()), Args::new(), ty)
    }

    /// A constant scalar.
    pub fn lit(lit: Lit) -> Expr {
        Expr::new(Head::Lit(lit), Args::new(), Ty::scalar(lit.dtype()))
    }

    fn new(head: Head, args: Args, ty: Ty) -> Expr {
        let ahead = args.iter().any(Expr::is_ahead) || matches!(&head, Head::Op(_, attr) if attr.is_ahead());
        Expr(Arc::new(Node { head, args, ty, ahead, label: OnceLock::new() }))
    }

    /// `op` applied to `args`.
    ///
    /// # Errors
    /// The number, types or shapes of the operands do not fit.
    pub fn try_apply(op: Op, attr: Attr, args: impl IntoIterator<Item = Expr>) -> Result<Expr, TypeError> {
        let args: Args = args.into_iter().collect();
        let ty = {
            let views: SmallVec<[Arg<'_>; 4]> = args
                .iter()
                .map(|a| Arg { ty: a.ty(), weak: a.literal().is_some_and(Lit::is_weak) })
                .collect();
            type_of(op, &attr, &views)?
        };
        Ok(Expr::new(Head::Op(op, attr), args, ty))
    }

    /// `op` applied to `args`.
    ///
    /// # Panics
    /// Where [`Expr::try_apply`] returns an error.
    #[track_caller]
    pub fn apply(op: Op, attr: Attr, args: impl IntoIterator<Item = Expr>) -> Expr {
        match Expr::try_apply(op, attr, args) {
            Ok(e) => e,
            #[allow(clippy::panic, reason = "documented; the fallible form is `try_apply`")]
            Err(e) => panic!("{e}"),
        }
    }

    /// What stands at the root.
    pub fn head(&self) -> &Head {
        &self.0.head
    }

    /// The operands.
    pub fn args(&self) -> &[Expr] {
        &self.0.args
    }

    /// One operand.
    ///
    /// # Panics
    /// There is no operand `i`.
    pub fn arg(&self, i: usize) -> &Expr {
        &self.0.args[i]
    }

    /// Element type and shape.
    pub fn ty(&self) -> &Ty {
        &self.0.ty
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.ty.rank()
    }

    /// The operator at the root, if it is one.
    pub fn op(&self) -> Option<Op> {
        if let Head::Op(op, _) = self.head() { Some(*op) } else { None }
    }

    /// The operator's name; empty for a leaf.
    pub fn op_name(&self) -> &'static str {
        self.op().map_or("", |op| op.def().name)
    }

    /// The attribute; [`Attr::None`] for a leaf.
    pub fn attr(&self) -> &Attr {
        if let Head::Op(_, attr) = self.head() { attr } else { &Attr::None }
    }

    /// The constant, if it is one.
    pub fn literal(&self) -> Option<Lit> {
        if let Head::Lit(l) = self.head() { Some(*l) } else { None }
    }

    /// The name, if it is an input.
    pub fn name(&self) -> Option<&str> {
        if let Head::Var(n) = self.head() { Some(n) } else { None }
    }

    /// This under a name, which gradients and functions keep: the gradient of `cost` by `w` is
    /// called `(dcost/dw)`. `pp` does not print it, and two expressions are the same whatever
    /// they are called. What has a name keeps it, and the name is given to a copy; an input, whose
    /// name is what it is, is returned as it is.
    ///
    /// ```
    /// use egrad::prelude::*;
    /// let x = dscalar("x");
    /// let cost = x.sqr().named("cost");
    /// assert_eq!(grad(&cost, &x)?.label(), Some("(dcost/dx)"));
    /// # Ok::<(), egrad::grad::GradError>(())
    /// ```
    #[must_use]
    pub fn named(&self, name: &str) -> Expr {
        if self.name().is_some() || self.0.label.set(name.into()).is_ok() || self.label() == Some(name) {
            return self.clone();
        }
        let copy = Expr::new(self.head().clone(), self.args().into(), self.ty().clone());
        let _ = copy.0.label.set(name.into());
        copy
    }

    /// What it is called: the name of an input, or that given by [`Expr::named`].
    pub fn label(&self) -> Option<&str> {
        self.name().or_else(|| self.0.label.get().map(|l| &**l))
    }

    /// Does a length in it or below it follow from an integer that is computed first?
    pub(super) fn is_ahead(&self) -> bool {
        self.0.ahead
    }

    /// Are these the same node (not merely equal terms)?
    pub fn same_node(&self, other: &Expr) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Identity for look-ups. Never an order: it differs from run to run.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

/// How many steps, one after the other, may lead to a length.
const MAX_LENGTH_STEPS: usize = 200;

/// Type of an application, for expressions and for every other form of them.
pub(crate) fn type_of(op: Op, attr: &Attr, args: &[Arg<'_>]) -> Result<Ty, TypeError> {
    let def = op.def();
    let fail = |kind, reason: String| TypeError {
        kind,
        op: def.name.into(),
        args: args.iter().take(32).map(|a| a.ty.to_string()).collect(),
        reason,
    };
    if !def.arity.admits(args.len()) {
        let takes = match def.arity {
            crate::op::Arity::Exact(1) => "it takes 1 operand".to_string(),
            crate::op::Arity::Exact(n) => format!("it takes {n} operands"),
            crate::op::Arity::AtLeast(n) => format!("it takes {n} or more operands"),
        };
        return Err(fail(TypeErrorKind::Arity, format!("{takes}, not {}", args.len())));
    }
    if attr.kind() != def.attr {
        return Err(fail(TypeErrorKind::Arity, "its attribute is missing or of another kind".into()));
    }
    let ty = (def.ty)(args, attr).map_err(|reason| {
        let kind = if reason.contains("out of bounds") {
            TypeErrorKind::Index
        } else if reason.contains("element type") {
            TypeErrorKind::DType
        } else {
            TypeErrorKind::Shape
        };
        fail(kind, reason)
    })?;
    // Much of what is done with lengths recurses over their nesting.
    if ty.shape.dims().iter().any(|d| d.deeper(MAX_LENGTH_STEPS)) {
        let reason = format!("a length is computed in more than {MAX_LENGTH_STEPS} steps");
        return Err(fail(TypeErrorKind::Limit, reason));
    }
    Ok(ty)
}

/// Dropping a deep expression must not recurse: nested `Arc`s would.
impl Drop for Node {
    fn drop(&mut self) {
        if self.args.iter().all(|a| a.args().is_empty() || Arc::strong_count(&a.0) > 1) {
            return;
        }
        let mut stack: Vec<Expr> = self.args.drain(..).collect();
        while let Some(Expr(arc)) = stack.pop() {
            if let Some(mut node) = Arc::into_inner(arc) {
                stack.extend(node.args.drain(..));
            }
        }
    }
}

/// The S-expression, in let-form where nodes are shared.
impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.head() {
            Head::Var(n) => write!(f, "Expr({n}: {})", self.ty()),
            Head::Lit(l) => write!(f, "Expr({l})"),
            Head::Op(op, _) => write!(f, "Expr({}/{}: {})", op.def().name, self.args().len(), self.ty()),
        }
    }
}
