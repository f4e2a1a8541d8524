//! Linear algebra that Theano builds from products and diagonals.

use super::build::dot;
use super::compose::{Made, misfit};
use super::error::TypeError;
use super::node::Expr;
use crate::op::{Attr, IndexItem, Op};
use crate::ty::{Dim, normalize_axis};

/// All products of an element of one vector with an element of the other: `(DimShuffle{0, x}(a) \dot b)`.
///
/// # Errors
/// They are no vectors.
pub fn outer(a: &Expr, b: &Expr) -> Made {
    if a.rank() != 1 || b.rank() != 1 {
        return Err(misfit("outer", &[a, b], "takes two vectors"));
    }
    Ok(dot(&a.dimshuffle([Some(0), None]), &b.dimshuffle([None, Some(0)])))
}

/// Sums of products over the last axes of both.
///
/// # Errors
/// The last lengths differ, or one is a number.
pub fn inner(a: &Expr, b: &Expr) -> Made {
    if a.rank() == 0 || b.rank() == 0 {
        return Err(misfit("inner", &[a, b], "takes arrays, not numbers"));
    }
    tensordot(a, b, &[-1], &[-1])
}

/// Sums of products over pairs of axes, negative ones from the end; what remains of `a` comes before
/// what remains of `b`. One product of matrices.
///
/// # Errors
/// An axis is out of range or named twice, or two paired lengths differ.
pub fn tensordot(a: &Expr, b: &Expr, axes_a: &[i64], axes_b: &[i64]) -> Made {
    let fail = |reason: String| misfit("tensordot", &[a, b], reason);
    let pick = |x: &Expr, axes: &[i64]| -> Result<(Vec<usize>, Vec<usize>), TypeError> {
        let own: Result<Vec<usize>, _> = axes.iter().map(|k| normalize_axis(*k, x.rank())).collect();
        let own = own.map_err(|e| fail(e.to_string()))?;
        let rest: Vec<usize> = (0..x.rank()).filter(|k| !own.contains(k)).collect();
        if rest.len() + own.len() != x.rank() {
            return Err(fail("an axis is named twice".into()));
        }
        Ok((own, rest))
    };
    let ((sum_a, keep_a), (sum_b, keep_b)) = (pick(a, axes_a)?, pick(b, axes_b)?);
    if sum_a.len() != sum_b.len() {
        return Err(fail("other numbers of axes are summed over".into()));
    }
    let dims = |x: &Expr, axes: &[usize]| -> Vec<Dim> {
        axes.iter().map(|&k| x.ty().shape.dims()[k].clone()).collect()
    };
    for (m, n) in dims(a, &sum_a).iter().zip(dims(b, &sum_b)) {
        if let (Some(p), Some(q)) = (m.known(), n.known())
            && p != q
        {
            return Err(fail(format!("lengths differ: {p} and {q}")));
        }
    }
    let moved = |x: &Expr, order: Vec<usize>| {
        if order.is_sorted() { x.clone() } else { x.dimshuffle(order.into_iter().map(Some)) }
    };
    // Vectors and matrices need no reshape, and print as the product they are.
    let flat = |x: Expr, dims: Vec<Dim>, plain: bool| if plain { x } else { x.reshape_to(&dims) };
    let left = moved(a, keep_a.iter().chain(&sum_a).copied().collect());
    let right = moved(b, sum_b.iter().chain(&keep_b).copied().collect());
    let plain = sum_a.len() == 1 && keep_a.len() <= 1 && keep_b.len() <= 1;
    let count = |x: &Expr, axes: &[usize]| Dim::product(dims(x, axes));
    let left = flat(left, vec![count(a, &keep_a), count(a, &sum_a)], plain);
    let right = flat(right, vec![count(b, &sum_b), count(b, &keep_b)], plain);
    let product = Expr::try_apply(Op::Dot, Attr::None, [left, right])?;
    let mut lens = dims(a, &keep_a);
    lens.extend(dims(b, &keep_b));
    Ok(flat(product, lens, plain))
}

/// `n` rows and `m` columns, one where the column is the row plus `k`, zero elsewhere.
///
/// # Errors
/// None now; lengths may come to be bounded.
pub fn try_eye(n: Dim, m: Dim, k: i64) -> Made {
    Expr::try_apply(Op::Eye, Attr::Dims(vec![n, m]), [super::build::IntoExpr::into_expr(k)])
}

impl Expr {
    /// The square matrix with this diagonal, or the diagonal of this matrix.
    ///
    /// # Errors
    /// It is neither a vector nor a matrix.
    pub fn try_diag(&self) -> Made {
        let op = if self.rank() == 1 { Op::AllocDiag } else { Op::Diagonal };
        Expr::try_apply(op, Attr::None, [self.clone()])
    }

    /// The diagonal that begins `offset` columns to the right, or rows below where negative.
    ///
    /// # Errors
    /// It is no matrix.
    pub fn try_diagonal(&self, offset: i64) -> Made {
        let slice = |start: i64| IndexItem::Slice { start: Some(start), stop: None, step: 1 };
        let all = IndexItem::Slice { start: None, stop: None, step: 1 };
        let cut = match offset {
            0 => self.clone(),
            k if k > 0 => Expr::try_apply(Op::Index, Attr::Index(vec![all, slice(k)]), [self.clone()])?,
            k => Expr::try_apply(Op::Index, Attr::Index(vec![slice(-k)]), [self.clone()])?,
        };
        Expr::try_apply(Op::Diagonal, Attr::None, [cut])
    }

    /// The sum of the diagonal.
    ///
    /// # Errors
    /// It is no matrix.
    pub fn try_trace(&self) -> Made {
        Ok(Expr::try_apply(Op::Diagonal, Attr::None, [self.clone()])?.sum())
    }

    /// The inverse of a square matrix.
    ///
    /// # Errors
    /// It is no square matrix.
    pub fn try_inverse(&self) -> Made {
        Expr::try_apply(Op::MatrixInverse, Attr::None, [self.clone()])
    }

    /// The determinant of a square matrix.
    ///
    /// # Errors
    /// It is no square matrix.
    pub fn try_det(&self) -> Made {
        Expr::try_apply(Op::Det, Attr::None, [self.clone()])
    }

    /// The solution `x` of `self \dot x = right`, a vector or the columns of a matrix.
    ///
    /// # Errors
    /// This is no square matrix, or the right side has another number of rows.
    pub fn try_solve(&self, right: &Expr) -> Made {
        Expr::try_apply(Op::Solve, Attr::None, [self.clone(), right.clone()])
    }

    /// The lower triangular factor of a symmetric positive definite matrix.
    ///
    /// # Errors
    /// It is no square matrix.
    pub fn try_cholesky(&self) -> Made {
        Expr::try_apply(Op::Cholesky, Attr::None, [self.clone()])
    }
}
