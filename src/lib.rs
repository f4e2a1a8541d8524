#![doc = include_str!("../README.md")]

pub mod accuracy;
pub mod cli;
pub mod data;
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
pub mod ty;
pub mod verify;

/// What most programs need: `use egrad::prelude::*;`.
pub mod prelude {
    pub use crate::expr::{
        Expr, IntoExpr, concatenate, dcol, dmatrix, dot, drow, dscalar, dtensor3, dvector, fill, fmatrix,
        fscalar, fvector, switch, tensor,
    };
    pub use crate::grad::{grad, grads, hessian, jacobian};
    pub use crate::pp::pp;
    pub use crate::ty::{DType, Dim, Shape};
}
