//! Lengths in S-expressions.

use super::write::{Dialect, program};
use crate::expr::computed_by;
use crate::ty::{Dim, DimExpr, Int, IntOp};

/// How lengths are written.
///
/// Reading gives the same length: a sum or product of lengths is told from the length that an integer is, which
/// `as_length` says, for they differ where the integer is negative.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    /// For the own reader?
    exact: bool,
    /// How often a length may still be computed by an expression whose own lengths are so computed. Such an
    /// expression stands wherever its length does, so the text grows by a factor each time.
    nested: u8,
}

/// Deeper lengths are written by their name, which does not read back.
const NESTED: u8 = 4;

impl Lengths {
    pub(super) fn of(dialect: Dialect) -> Lengths {
        Lengths { exact: dialect == Dialect::Exact, nested: NESTED }
    }

    /// A length that stands by itself: an integer that follows from values is one without saying so.
    pub(super) fn whole(self, d: &Dim) -> String {
        match d.counted() {
            Some(int) if int.has_value() => self.int(int),
            _ => self.dim(d),
        }
    }

    /// A length. Recurses over the nesting of one length, which readers and shape rules keep shallow.
    fn dim(self, d: &Dim) -> String {
        let all = |op: &str, ds: &[Dim]| {
            format!("({op} {})", ds.iter().map(|d| self.dim(d)).collect::<Vec<_>>().join(" "))
        };
        let slice = |of: &Dim, start: Option<String>, stop: Option<String>, step: i64| {
            let [start, stop] = [start, stop].map(|end| end.unwrap_or_else(|| "none".to_string()));
            format!("(slice_length {} {start} {stop} {step})", self.dim(of))
        };
        match d {
            Dim::Known(n) => n.to_string(),
            Dim::Sym(s) => format!("(length {} :axis {})", s.var(), s.axis()),
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) => all("+", ds),
                DimExpr::Mul(ds) => all("*", ds),
                DimExpr::Div(a, b) => format!("(// {} {})", self.dim(a), self.dim(b)),
                DimExpr::Slice { of, start, stop, step } => {
                    slice(of, start.map(|i| i.to_string()), stop.map(|i| i.to_string()), *step)
                }
                DimExpr::Between { of, start, stop, step } => {
                    let end = |i: &Option<Int>| i.as_ref().map(|i| self.int(i));
                    slice(of, end(start), end(stop), *step)
                }
                DimExpr::Count(int) if self.exact => format!("(as_length {})", self.int(int)),
                DimExpr::Count(int) => self.int(int),
            },
        }
    }

    /// An integer that inputs and lengths tell, or that is computed first.
    fn int(self, i: &Int) -> String {
        match i {
            // As an integer, a computed length is that of something which has it.
            Int::Length(d @ Dim::Expr(_)) if self.exact => {
                format!("(length (alloc 0.0 (shape {})) :axis 0)", self.whole(d))
            }
            Int::Length(d) => self.dim(d),
            Int::Value(s) => match computed_by(s) {
                Some(e) if self.exact && self.nested > 0 => {
                    let inner = Lengths { nested: self.nested - 1, ..self };
                    program(std::slice::from_ref(e), Dialect::Exact, inner)
                }
                // Not as a person reads it: what is written is told from everything else, also where it is no form.
                Some(_) if self.exact => s.var().to_string(),
                _ => i.to_string(),
            },
            Int::Two(op, a, b) => {
                let op = match op {
                    IntOp::Add => "+",
                    IntOp::Sub => "-",
                    IntOp::Mul => "*",
                    IntOp::Div => "int_div",
                    IntOp::Mod => "mod",
                    IntOp::Max => "maximum",
                    IntOp::Min => "minimum",
                };
                format!("({op} {} {})", self.int(a), self.int(b))
            }
            Int::Known(_) => i.to_string(),
        }
    }
}
