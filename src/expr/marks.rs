//! Marks on an expression that change what a gradient does there, and nothing else.

use super::build::IntoExpr;
use super::compose::{Made, misfit};
use super::node::Expr;
use crate::op::{Attr, Op};

impl Expr {
    /// This, but a gradient through it is kept between two bounds.
    ///
    /// ```
    /// use egrad::prelude::*;
    /// use egrad::function::Function;
    /// let x = dscalar("x");
    /// let g = grad(&x.try_grad_clip(-1.0, 1.0)?.sqr(), &x)?;
    /// let f = Function::new(&[x], &[g])?;
    /// assert_eq!(f.call_with(&[&2.0])?[0][[]], 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A bound is no scalar, or the lower one is above the upper one.
    pub fn try_grad_clip(&self, lo: impl IntoExpr, hi: impl IntoExpr) -> Made {
        let (lo, hi) = (lo.into_expr(), hi.into_expr());
        if let (Some(a), Some(b)) = (lo.literal(), hi.literal())
            && a.value() > b.value()
        {
            return Err(misfit("grad_clip", &[self, &lo, &hi], format!("{a} is above {b}")));
        }
        Expr::try_apply(Op::GradClip, Attr::None, [self.clone(), lo, hi])
    }

    /// This, but a gradient through it is multiplied by `m`.
    ///
    /// # Errors
    /// `m` is no scalar.
    pub fn try_grad_scale(&self, m: impl IntoExpr) -> Made {
        Expr::try_apply(Op::GradScale, Attr::None, [self.clone(), m.into_expr()])
    }
}
