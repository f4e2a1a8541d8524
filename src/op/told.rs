//! Spelling of lengths and of the integers that they follow from.

use crate::ty::{Dim, DimExpr, Int, IntOp};

/// A length for eyes: `3`, `x.shape[0]`, `(x.shape[0] * k)`.
pub(super) fn dim_text(d: &Dim) -> String {
    Lengths { exact: false }.whole(d)
}

/// A length as the input language computes it: `3`, `x.shape[0]`, `(x.shape[0] * as_length(k))`, which is not the
/// length that the integer `(x.shape[0] * k)` is: they differ where `k` is negative.
pub(super) fn exact_dim_text(d: &Dim) -> String {
    Lengths { exact: true }.whole(d)
}

/// An integer for eyes.
pub(super) fn int_text(i: &Int) -> String {
    Lengths { exact: false }.int(i)
}

#[derive(Clone, Copy)]
struct Lengths {
    exact: bool,
}

impl Lengths {
    /// A length that stands by itself: an integer is one without saying so.
    fn whole(self, d: &Dim) -> String {
        d.counted().map_or_else(|| self.dim(d), |i| self.int(i))
    }

    /// Recurses over the nesting of one length, which readers and shape rules keep shallow.
    fn dim(self, d: &Dim) -> String {
        let join = |ds: &[Dim], op: &str| {
            format!("({})", ds.iter().map(|d| self.dim(d)).collect::<Vec<_>>().join(op))
        };
        let slice = |of: &Dim, start: Option<String>, stop: Option<String>, step: i64| {
            let [start, stop] = [start, stop].map(|end| end.unwrap_or_else(|| "None".to_string()));
            format!("slice_length({}, {start}, {stop}, {step})", self.dim(of))
        };
        match d {
            Dim::Known(n) => n.to_string(),
            Dim::Sym(s) => format!("{}.shape[{}]", s.var(), s.axis()),
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) => join(ds, " + "),
                DimExpr::Mul(ds) => join(ds, " * "),
                DimExpr::Div(a, b) => format!("({} // {})", self.dim(a), self.dim(b)),
                DimExpr::Slice { of, start, stop, step } => {
                    slice(of, start.map(|i| i.to_string()), stop.map(|i| i.to_string()), *step)
                }
                DimExpr::Between { of, start, stop, step } => {
                    let end = |i: &Option<Int>| i.as_ref().map(|i| self.int(i));
                    slice(of, end(start), end(stop), *step)
                }
                DimExpr::Count(int) if self.exact => format!("as_length({})", self.int(int)),
                DimExpr::Count(int) => self.int(int),
            },
        }
    }

    fn int(self, i: &Int) -> String {
        match i {
            Int::Length(d) => self.dim(d),
            Int::Two(op, a, b) => {
                let (a, b) = (self.int(a), self.int(b));
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
}
