//! Small integers in floats: what cannot wrap is computed in floats to begin with.
//!
//! A conversion hides what is below it from rules, which speak of real numbers: of `(1 - (x > 0)) * x` they would not
//! see the truth value.

use super::arena::{Graph, Head, Id};
use crate::expr::TypeError;
use crate::facts::Facts;
use crate::op::{Attr, Op, Ring};
use crate::ty::DType;

/// Integers of no more than this size are exact, and so are their products.
const SMALL: f64 = 16_777_216.0;
/// So many operators are looked through.
const DEPTH: u8 = 6;

impl Graph {
    /// An integer as floats. In doubles its sums, differences and products are those of its operands as floats, where
    /// they are certain not to wrap; singles have no numbers of their own.
    pub(super) fn as_floats(&mut self, id: Id, to: DType) -> Result<Id, TypeError> {
        if self.computes_in(id, to) {
            self.floats(id, DEPTH)
        } else {
            self.add(Op::conversion(), &Attr::DType(to), &[id])
        }
    }

    /// Is an integer computed in these floats where they are wanted?
    pub(super) fn computes_in(&self, id: Id, to: DType) -> bool {
        to == DType::F64 && self.has_floats(id, DEPTH)
    }

    fn floats(&mut self, id: Id, depth: u8) -> Result<Id, TypeError> {
        if let (Some(x), Head::Int(..)) = (self.facts(id).constant, self.node(id).head) {
            return Ok(self.lit(x));
        }
        let truth = self.truth(id);
        if self.ty(truth).dtype == DType::Bool {
            return Ok(truth);
        }
        let computed = self.application(id).filter(|_| self.has_floats(id, depth));
        let Some((op, _, args)) = computed else {
            return self.add(Op::conversion(), &Attr::DType(DType::F64), &[id]);
        };
        let mut args = args.to_vec();
        for a in &mut args {
            *a = self.floats(*a, depth - 1)?;
        }
        self.add(op, &Attr::None, &args)
    }

    /// Is it a sum, difference or product of integers that computes in floats: certain not to wrap, and with a number
    /// among its operands, so that truth values need no conversion?
    fn has_floats(&self, id: Id, depth: u8) -> bool {
        let f = self.facts(id);
        let Some((op, _, args)) = self.application(id).filter(|_| depth > 0 && f.ty.dtype.is_int()) else {
            return false;
        };
        // What may have wrapped is known to lie in the range of its type alone.
        let whole = f.range == Facts::var(f.ty.clone()).range;
        let small = f.range.lo >= -SMALL && f.range.hi <= SMALL;
        let number = |&a: &Id| matches!(self.node(a).head, Head::Int(..)) || self.has_floats(a, depth - 1);
        let truth = |&a: &Id| self.ty(self.truth(a)).dtype == DType::Bool;
        let known = match op.def().ring {
            Ring::Sum | Ring::Difference | Ring::Opposite => true,
            // A product of integers is converted once.
            Ring::Product | Ring::Square => args.iter().all(|a| number(a) || truth(a)),
            _ => false,
        };
        known && !whole && small && args.iter().any(number)
    }

    /// The truth value that an integer is.
    fn truth(&self, id: Id) -> Id {
        match self.application(id) {
            Some((op, _, &[from])) if op == Op::conversion() && self.ty(from).dtype == DType::Bool => from,
            _ => id,
        }
    }
}
