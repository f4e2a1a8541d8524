//! Inputs, with Theano's names: the prefix is the element type, the rest the rank.

use std::sync::atomic::{AtomicU64, Ordering};

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

/// An input without a name, which is equal to no other; `None` is an unknown length. `pp` shows its
/// type in Theano's words; its name, which calls by name and messages use, ends with a number besides.
///
/// ```
/// use egrad::expr::unnamed;
/// use egrad::prelude::*;
/// let (a, b) = (unnamed(DType::F64, &[None]), unnamed(DType::F64, &[None]));
/// assert_eq!(pp(&(&a + 1)), "(<TensorType(float64, vector)> + 1)");
/// assert!(a.name() != b.name());
/// ```
pub fn unnamed(dtype: DType, lengths: &[Option<usize>]) -> Expr {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let one: Vec<bool> = lengths.iter().map(|n| *n == Some(1)).collect();
    let pattern = match one.as_slice() {
        [] => "scalar".to_string(),
        [false] => "vector".into(),
        [false, false] => "matrix".into(),
        [true, false] => "row".into(),
        [false, true] => "col".into(),
        all if all.contains(&true) => {
            let words: Vec<&str> = all.iter().map(|b| if *b { "True" } else { "False" }).collect();
            format!("({}{})", words.join(", "), if words.len() == 1 { "," } else { "" })
        }
        all => format!("{}D", all.len()),
    };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // As many digits for all: what is sorted by name keeps the order in which inputs were made.
    let name = format!("<TensorType({}, {pattern})>#{number:08}", dtype.long_name());
    let dim = |(axis, n): (usize, &Option<usize>)| match n {
        Some(n) => Dim::Known(*n),
        None => Dim::Sym(Sym::anonymous(&name, axis)),
    };
    Expr::var(&name, Ty::new(dtype, Shape::new(lengths.iter().enumerate().map(dim))))
}

/// The name that is shown: of an input without a name its type.
pub(crate) fn shown_name(name: &str) -> &str {
    match name.split_once(")>#") {
        Some((start, _)) if name.starts_with("<TensorType(") => &name[..start.len() + 2],
        _ => name,
    }
}

/// A row: one axis of length 1, which broadcasts, then one of unknown length.
fn row(name: &str, dtype: DType) -> Expr {
    let dims = [Dim::ONE, Dim::Sym(Sym::anonymous(name, 1))];
    Expr::var(name, Ty::new(dtype, Shape::new(dims)))
}

/// A column: one axis of unknown length, then one of length 1, which broadcasts.
fn col(name: &str, dtype: DType) -> Expr {
    let dims = [Dim::Sym(Sym::anonymous(name, 0)), Dim::ONE];
    Expr::var(name, Ty::new(dtype, Shape::new(dims)))
}

macro_rules! constructors {
    ($($dtype:ident $of:literal: $scalar:ident $vector:ident $matrix:ident $row:ident $col:ident
        $tensor3:ident $tensor4:ident;)*) => {
        $(
            #[doc = concat!("A scalar of ", $of, ".")]
            pub fn $scalar(name: &str) -> Expr {
                unknown(name, DType::$dtype, 0)
            }

            #[doc = concat!("A vector of ", $of, ".")]
            pub fn $vector(name: &str) -> Expr {
                unknown(name, DType::$dtype, 1)
            }

            #[doc = concat!("A matrix of ", $of, ".")]
            pub fn $matrix(name: &str) -> Expr {
                unknown(name, DType::$dtype, 2)
            }

            #[doc = concat!("A row: a matrix of ", $of, " whose first axis has length 1 and broadcasts.")]
            pub fn $row(name: &str) -> Expr {
                row(name, DType::$dtype)
            }

            #[doc = concat!("A column: a matrix of ", $of, " whose second axis has length 1 and broadcasts.")]
            pub fn $col(name: &str) -> Expr {
                col(name, DType::$dtype)
            }

            #[doc = concat!("A tensor of ", $of, " with three axes.")]
            pub fn $tensor3(name: &str) -> Expr {
                unknown(name, DType::$dtype, 3)
            }

            #[doc = concat!("A tensor of ", $of, " with four axes.")]
            pub fn $tensor4(name: &str) -> Expr {
                unknown(name, DType::$dtype, 4)
            }
        )*
    };
}

constructors!(
    F64 "doubles": dscalar dvector dmatrix drow dcol dtensor3 dtensor4;
    F32 "singles": fscalar fvector fmatrix frow fcol ftensor3 ftensor4;
    I64 "64-bit integers": lscalar lvector lmatrix lrow lcol ltensor3 ltensor4;
    I32 "32-bit integers": iscalar ivector imatrix irow icol itensor3 itensor4;
    I16 "16-bit integers": wscalar wvector wmatrix wrow wcol wtensor3 wtensor4;
    I8 "8-bit integers": bscalar bvector bmatrix brow bcol btensor3 btensor4;
);
