#![doc = include_str!("../README.md")]

pub mod accuracy;
pub mod cli;
pub mod data;
mod digits;
pub mod discover;
pub mod egraph;
pub mod eval;
pub mod expr;
pub mod extract;
pub mod facts;
pub mod function;
pub mod grad;
pub mod graph;
pub mod math;
pub mod native;
pub mod norm;
pub mod num;
pub mod op;
pub mod optimize;
pub mod plot;
pub mod pp;
pub mod proof;
pub mod rules;
pub mod script;
pub mod sexp;
pub mod text;
mod threads;
pub mod ty;
pub mod verify;

/// What most programs need: `use egrad::prelude::*;`.
pub mod prelude {
    pub use crate::expr::{
        Expr, IntoExpr, bcol, bmatrix, brow, bscalar, btensor3, btensor4, bvector, concatenate, dcol,
        dmatrix, dot, drow, dscalar, dtensor3, dtensor4, dvector, fcol, fill, fmatrix, frow, fscalar,
        ftensor3, ftensor4, fvector, icol, imatrix, irow, iscalar, itensor3, itensor4, ivector, lcol,
        lmatrix, lrow, lscalar, ltensor3, ltensor4, lvector, switch, tensor, wcol, wmatrix, wrow, wscalar,
        wtensor3, wtensor4, wvector,
    };
    pub use crate::grad::{grad, grads, hessian, jacobian};
    pub use crate::pp::pp;
    pub use crate::ty::{DType, Dim, Shape};
}
