//! The row: everything that is said about one operator.

use super::batch::{self, Batch};
use super::common::Common;
use super::{Arg, Attr, AttrKind, Ints, Kernel, Law, Pp, TyResult};
use crate::expr::{Adjoint, Expr};
use crate::num::Real;
use crate::ty::{Dim, Shape};

/// How many operands an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// Exactly so many.
    Exact(usize),
    /// At least so many.
    AtLeast(usize),
}

impl Arity {
    /// Does it admit `n` operands?
    pub fn admits(self, n: usize) -> bool {
        match self {
            Arity::Exact(k) => n == k,
            Arity::AtLeast(k) => n >= k,
        }
    }
}

/// What an operator does to shapes; what a pass needs to know of it without knowing its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Works element by element on broadcast operands.
    Elementwise,
    /// Removes axes by combining their elements.
    Reduce,
    /// Moves elements without changing them.
    Move,
    /// Sums products over shared axes.
    Contract,
    /// Asks only for a shape.
    Shape,
    /// Needs its operands whole.
    Whole,
}

/// The part of an operator in a field: what the polynomial normal form asks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// None: an indeterminate.
    None,
    /// Sum of two.
    Sum,
    /// Difference.
    Difference,
    /// Product of two.
    Product,
    /// Quotient.
    Quotient,
    /// Opposite.
    Opposite,
    /// Second power.
    Square,
    /// Square root.
    Root,
    /// Power; polynomial where the exponent is a small constant.
    Power,
}

/// The derivative with respect to one operand: the adjoint it receives, before it is summed back
/// over broadcast axes.
pub type Partial = fn(&Adjoint<'_>) -> Expr;

/// Pairs of lengths that must be equal, where the role does not say so.
pub type Demand = fn(&[&Shape]) -> Vec<(Dim, Dim)>;

/// The derivative of an operator.
#[derive(Clone, Copy)]
pub enum Derivative {
    /// One formula per operand.
    Each(&'static [Partial]),
    /// One formula for all, given the position of the operand.
    Any(fn(&Adjoint<'_>, usize) -> Expr),
    /// No derivative exists; asking for it is an error.
    Undefined,
}

impl std::fmt::Debug for Derivative {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Derivative::Each(_) => "Each",
            Derivative::Any(_) => "Any",
            Derivative::Undefined => "Undefined",
        })
    }
}

/// How a surface operator is expressed by others before it is optimized.
///
/// `None` keeps the operator as it is.
pub type Lower = Option<fn(&[Expr], &Attr) -> Expr>;

/// One operator. `OpDef::UNARY` and its siblings supply what most rows share.
#[derive(Debug, Clone, Copy)]
pub struct OpDef {
    /// Name in S-expressions, rule files and calls.
    pub name: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// One sentence, ending with a full stop.
    pub doc: &'static str,
    /// Number of operands.
    pub arity: Arity,
    /// Attribute.
    pub attr: AttrKind,
    /// Effect on shapes.
    pub role: Role,
    /// Its name in [`debugprint`](crate::pp::debugprint), where that is not its first word with a capital.
    pub class: Option<&'static str>,
    /// Classic spelling.
    pub pp: Pp,
    /// Spelling in the input language, where it differs from a call by name.
    pub plain: Pp,
    /// Layout in LaTeX, where it does not follow from `pp`: `#0` is an operand, `!0` one that binds
    /// tighter than sums and products.
    pub latex: Option<&'static str>,
    /// Type and shape of the result.
    pub ty: fn(&[Arg<'_>], &Attr) -> TyResult,
    /// Lengths of the operands that must be equal.
    pub demand: Demand,
    /// Derivative.
    pub derivative: Derivative,
    /// Operands through which no gradient flows.
    pub disconnected: &'static [usize],
    /// Operands that are positions: integers.
    pub positions: &'static [usize],
    /// Where its result is an integer, the zero gradient of an integer operand is `float64(fill(i, 0))`, as
    /// Theano writes it for some operators, and not `fill(i, 0.0)`.
    pub converted_zero: bool,
    /// How it computes.
    pub kernel: Kernel,
    /// How it computes on integers, exactly and wrapping.
    pub ints: Ints,
    /// Its value over the reals, on scalars (for a reduction, on all that it combines): the judge of the kernel and
    /// of rules.
    pub real: Option<fn(&[Real]) -> Real>,
    /// Work per element of the result (of the operand, for a reduction), in additions.
    pub cost: f64,
    /// Of its cost, what it has in common with others composed of the same operands over the same axes, and what is
    /// done for all of them at once.
    pub common_cost: f64,
    /// Is that the same for the opposite operand: an exponential of the absolute value?
    pub common_up_to_sign: bool,
    /// What is true of it.
    pub laws: &'static [Law],
    /// Rewriting into other operators before optimization.
    pub lower: Lower,
    /// How it is spelled for programs that know fewer operators, where they do not know its name.
    pub common: Common,
    /// The same along one more axis.
    pub batch: Batch,
    /// What it does in the field of real functions, for the polynomial normal form.
    pub ring: Ring,
}

impl OpDef {
    const BASE: OpDef = OpDef {
        name: "",
        aliases: &[],
        doc: "",
        arity: Arity::Exact(1),
        attr: AttrKind::None,
        role: Role::Elementwise,
        class: None,
        pp: Pp::Call(None),
        plain: Pp::Call(None),
        latex: None,
        ty: super::types::float,
        demand: |_| Vec::new(),
        derivative: Derivative::Undefined,
        disconnected: &[],
        positions: &[],
        converted_zero: false,
        kernel: Kernel::None,
        ints: Ints::None,
        real: None,
        cost: 1.0,
        common_cost: 0.0,
        common_up_to_sign: false,
        laws: &[],
        lower: None,
        common: None,
        batch: batch::by_role,
        ring: Ring::None,
    };

    /// A float function of one operand.
    pub const UNARY: OpDef = OpDef::BASE;
    /// Arithmetic on two broadcast operands.
    pub const BINARY: OpDef =
        OpDef { arity: Arity::Exact(2), ty: super::types::arith, converted_zero: true, ..OpDef::BASE };
    /// A comparison of two broadcast operands.
    pub const COMPARE: OpDef = OpDef {
        ty: super::types::compare,
        derivative: Derivative::Any(|v, i| v.x(i).zeros_like()),
        ..OpDef::BINARY
    };
    /// A reduction over axes.
    pub const REDUCE: OpDef = OpDef {
        attr: AttrKind::Axes,
        role: Role::Reduce,
        ty: super::types::reduce,
        pp: Pp::Special(super::pieces::reduce_classic),
        plain: Pp::Special(super::pieces::reduce_plain),
        ..OpDef::BASE
    };
    /// A movement of elements.
    pub const MOVE: OpDef = OpDef { role: Role::Move, cost: 0.0, ..OpDef::BASE };

    /// A function of whole operands.
    pub const WHOLE: OpDef = OpDef { role: Role::Whole, cost: 2.0, ..OpDef::BASE };

    /// Are more than two operands the same as nested pairs?
    pub fn nests(&self) -> bool {
        self.arity == Arity::AtLeast(2) && self.role == Role::Elementwise
    }

    /// What it is made of, where its kernel is given by other operators.
    pub fn composed(&self) -> Option<fn(&[Expr], &Attr) -> Expr> {
        match self.kernel {
            Kernel::Composed(f) => Some(f),
            _ => None,
        }
    }

    /// Are integers among its operands converted where it computes with floats?
    pub fn computes_floats(&self) -> bool {
        self.role == Role::Elementwise || self.composed().is_some()
    }

    /// Does the row state this law?
    pub fn has(&self, law: Law) -> bool {
        self.laws.contains(&law)
    }
}
