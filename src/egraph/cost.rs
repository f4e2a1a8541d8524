//! Work at run time: operator row times element counts.

use std::collections::BTreeMap;

use crate::op::{Attr, Kernel, Op, Ring, Role, multiplications};
use crate::ty::{Dim, Shape, Ty};

/// Assumed lengths where only symbols are known.
#[derive(Debug, Clone, PartialEq)]
pub struct CostModel {
    /// Length of an axis about which nothing is said.
    pub default_length: usize,
    /// Lengths of named symbols.
    pub lengths: BTreeMap<String, usize>,
}

impl Default for CostModel {
    fn default() -> CostModel {
        CostModel { default_length: 100, lengths: BTreeMap::new() }
    }
}

impl CostModel {
    /// The assumed value of a length.
    pub fn length(&self, d: &Dim) -> f64 {
        let n = d.eval(&|s| Some(self.lengths.get(s.name()).copied().unwrap_or(self.default_length)));
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let n = n.unwrap_or(self.default_length) as f64;
        n
    }

    /// The assumed number of elements.
    pub fn elements(&self, s: &Shape) -> f64 {
        s.dims().iter().map(|d| self.length(d)).product()
    }
}

/// An operand: its type, and the number that it is, if it is one.
pub type Operand<'a> = (&'a Ty, Option<f64>);

/// What it costs to compute one application, in additions of scalars.
pub fn op_cost(model: &CostModel, op: Op, attr: &Attr, args: &[Operand<'_>], out: &Ty) -> f64 {
    let def = op.def();
    let elements = model.elements(&out.shape);
    match (def.role, def.kernel) {
        (Role::Elementwise, _) => {
            let exponent = args.get(1).and_then(|a| a.1).filter(|_| def.ring == Ring::Power);
            let by_squaring = exponent.filter(|_| out.dtype.is_float()).and_then(multiplications);
            by_squaring.map_or(def.cost, f64::from) * elements
        }
        (Role::Reduce, _) => def.cost * args.first().map_or(1.0, |t| model.elements(&t.0.shape)),
        (Role::Contract, _) => {
            let inner = args.first().and_then(|t| t.0.shape.dims().last()).map_or(1.0, |d| model.length(d));
            def.cost * elements * inner
        }
        // A view is only other strides; it costs a little so that fewer are better.
        (Role::Move, Kernel::View(_)) => match attr {
            Attr::Dims(_) => 0.002,
            _ => 0.001,
        },
        (Role::Move, Kernel::Reshape) => 0.01,
        (Role::Move, _) => def.cost.max(1.0) * elements,
        (Role::Shape, _) => 0.0,
        (Role::Whole, _) => {
            let operands = args.iter().map(|t| model.elements(&t.0.shape));
            def.cost * operands.fold(elements, f64::max)
        }
    }
}

/// Of the cost of an application, what others composed of the same operands have in common with it
/// (the exponentials of a softmax and of a logsumexp): it is paid once.
pub fn common_cost(cost: f64, op: Op) -> f64 {
    let def = op.def();
    if def.common_cost > 0.0 { cost * def.common_cost / def.cost } else { 0.0 }
}
