//! Inputs, with Theano's names: the prefix is the element type, the rest the rank.

use super::node::Expr;
use crate::ty::{DType, Dim, Shape, Sym, Ty};

/// An input of `rank` axes of unknown length, called `name.0`, `name.1`, ...
fn unknown(name: &str, dtype: DType, rank: usize) -> Expr {
    let dims = (0..rank).map(|a| Dim::Sym(Sym::anonymous(name, a)));
    Expr::var(name, Ty::new(dtype, Shape::new(dims)))
}

/// An input of any element type and shape.
pub fn tensor(name: &str, dtype: DType, shape: Shape) -> Expr {
    Expr::var(name, Ty::new(dtype, shape))
}

/// A scalar of doubles.
pub fn dscalar(name: &str) -> Expr {
    unknown(name, DType::F64, 0)
}

/// A vector of doubles.
pub fn dvector(name: &str) -> Expr {
    unknown(name, DType::F64, 1)
}

/// A matrix of doubles.
pub fn dmatrix(name: &str) -> Expr {
    unknown(name, DType::F64, 2)
}

/// A tensor of doubles with three axes.
pub fn dtensor3(name: &str) -> Expr {
    unknown(name, DType::F64, 3)
}

/// A scalar of singles.
pub fn fscalar(name: &str) -> Expr {
    unknown(name, DType::F32, 0)
}

/// A vector of singles.
pub fn fvector(name: &str) -> Expr {
    unknown(name, DType::F32, 1)
}

/// A matrix of singles.
pub fn fmatrix(name: &str) -> Expr {
    unknown(name, DType::F32, 2)
}

/// A row: a matrix of doubles whose first axis has length 1 and broadcasts.
pub fn drow(name: &str) -> Expr {
    let dims = [Dim::ONE, Dim::Sym(Sym::anonymous(name, 1))];
    Expr::var(name, Ty::new(DType::F64, Shape::new(dims)))
}

/// A column: a matrix of doubles whose second axis has length 1 and broadcasts.
pub fn dcol(name: &str) -> Expr {
    let dims = [Dim::Sym(Sym::anonymous(name, 0)), Dim::ONE];
    Expr::var(name, Ty::new(DType::F64, Shape::new(dims)))
}
