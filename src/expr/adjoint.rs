//! What a derivative formula sees: the application and the adjoint of its result.

use super::node::Expr;
use crate::op::Attr;

/// An application together with the adjoint that reaches it.
#[derive(Debug)]
pub struct Adjoint<'a> {
    node: &'a Expr,
    g: &'a Expr,
}

impl<'a> Adjoint<'a> {
    pub(crate) fn new(node: &'a Expr, g: &'a Expr) -> Adjoint<'a> {
        Adjoint { node, g }
    }

    /// The adjoint of the result: same shape as the result.
    pub fn g(&self) -> Expr {
        self.g.clone()
    }

    /// Operand `i`.
    pub fn x(&self, i: usize) -> Expr {
        self.node.arg(i).clone()
    }

    /// Number of operands.
    pub fn arity(&self) -> usize {
        self.node.args().len()
    }

    /// The application itself.
    pub fn out(&self) -> Expr {
        self.node.clone()
    }

    /// Its attribute.
    pub fn attr(&self) -> &Attr {
        self.node.attr()
    }
}
