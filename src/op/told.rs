//! Spelling of lengths and of the integers that they follow from.

use crate::ty::{Dim, DimExpr, Int, IntOp};

/// A length as the input language computes it: `3`, `x.shape[0]`, `(x.shape[0] + 1)`.
pub(crate) fn dim_text(d: &Dim) -> String {
    let join = |ds: &[Dim], op: &str| format!("({})", ds.iter().map(dim_text).collect::<Vec<_>>().join(op));
    match d {
        Dim::Known(n) => n.to_string(),
        Dim::Sym(s) => format!("{}.shape[{}]", s.var(), s.axis()),
        Dim::Expr(e) => match &**e {
            DimExpr::Add(ds) => join(ds, " + "),
            DimExpr::Mul(ds) => join(ds, " * "),
            DimExpr::Div(a, b) => format!("({} // {})", dim_text(a), dim_text(b)),
            DimExpr::Slice { of, start, stop, step } => {
                let opt = |v: &Option<i64>| v.map_or("None".to_string(), |v| v.to_string());
                format!("slice_length({}, {}, {}, {step})", dim_text(of), opt(start), opt(stop))
            }
            DimExpr::Between { of, start, stop, step } => {
                let opt = |v: &Option<Int>| v.as_ref().map_or("None".to_string(), int_text);
                format!("slice_length({}, {}, {}, {step})", dim_text(of), opt(start), opt(stop))
            }
            DimExpr::Count(int) => int_text(int),
        },
    }
}

/// An integer as the input language computes it.
pub(super) fn int_text(i: &Int) -> String {
    match i {
        Int::Length(d) => dim_text(d),
        Int::Two(op, a, b) => {
            let (a, b) = (int_text(a), int_text(b));
            match op {
                IntOp::Add => format!("({a} + {b})"),
                IntOp::Sub => format!("({a} - {b})"),
                IntOp::Mul => format!("({a} * {b})"),
                IntOp::Div => format!("({a} // {b})"),
                IntOp::Mod => format!("mod({a}, {b})"),
                IntOp::Max => format!("maximum({a}, {b})"),
                IntOp::Min => format!("minimum({a}, {b})"),
            }
        }
        told => told.to_string(),
    }
}
