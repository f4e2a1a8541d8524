//! Expressions: shared, immutable, typed when they are built.
//!
//! An [`Expr`] is a handle on a node of a DAG. As in Theano, sharing is what the user built: a
//! variable used twice is one node, `exp(x) * exp(x)` has two nodes for `exp`. That is visible in
//! raw gradients. Equal subterms are merged when an expression enters the optimizer.

mod adjoint;
mod ahead;
mod batch;
mod build;
mod compose;
mod constant;
mod error;
mod integer;
mod lengths;
mod linear;
mod lit;
mod marks;
mod node;
mod places;
mod substitute;
mod vars;
mod walk;

pub use adjoint::Adjoint;
pub use ahead::{computed_ahead, nonzero};
pub(crate) use ahead::{computed_by, int_ahead};
pub use batch::{BatchError, vectorize};
pub use build::{IntoExpr, concatenate, dot, exprs, fill, mul_add, switch};
pub(crate) use build::{impl_infix, reads_as_outer, unbroadcast};
pub(crate) use compose::range;
pub use compose::try_stack;
pub(crate) use constant::constant_of;
pub use constant::try_constant;
pub use error::TypeError;
pub(crate) use error::TypeErrorKind;
pub(crate) use integer::int_of;
pub(crate) use lengths::length_of;
pub use linear::{inner, outer, tensordot, try_eye};
pub use lit::{Lit, float_text};
pub(crate) use node::type_of;
pub use node::{Expr, Head};
pub use places::At;
pub use substitute::substitute;
pub(crate) use vars::shown_name;
pub use vars::{
    bcol, bmatrix, brow, bscalar, btensor3, btensor4, bvector, dcol, dmatrix, drow, dscalar, dtensor3,
    dtensor4, dvector, fcol, fmatrix, frow, fscalar, ftensor3, ftensor4, fvector, icol, imatrix, irow,
    iscalar, itensor3, itensor4, ivector, lcol, lmatrix, lrow, lscalar, ltensor3, ltensor4, lvector, tensor,
    unnamed, wcol, wmatrix, wrow, wscalar, wtensor3, wtensor4, wvector,
};
pub use walk::{Numbering, same_structure, stated_lengths, topological, variables};
pub(crate) use walk::{below, tells, used};
