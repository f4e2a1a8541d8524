//! Why a length has no value.

use super::dim::{Dim, DimExpr};
use super::sym::Sym;

impl Dim {
    /// What keeps this length from having a value, for values of the symbols with which
    /// [`Dim::eval`] finds none: `k is -2`.
    pub(crate) fn fault(&self, value: &dyn Fn(&Sym) -> Option<usize>) -> String {
        let mut at = self;
        loop {
            let lacks = |d: &&Dim| d.eval(value).is_none();
            let e = match at {
                Dim::Known(_) => return format!("{at} is a length"),
                Dim::Sym(_) => return format!("{at} is not known"),
                Dim::Expr(e) => &**e,
            };
            at = match e {
                DimExpr::Add(ds) | DimExpr::Mul(ds) => match ds.iter().find(lacks) {
                    Some(d) => d,
                    None => return format!("{at} is too large"),
                },
                DimExpr::Div(a, b) => match [a, b].into_iter().find(lacks) {
                    Some(d) => d,
                    None => {
                        let n = |d: &Dim| d.eval(value).unwrap_or(0);
                        return format!("{a} is {}, {b} is {}", n(a), n(b));
                    }
                },
                DimExpr::Slice { of, .. } => of,
                DimExpr::Between { of, .. } => match Some(of).filter(|d| lacks(d)) {
                    Some(d) => d,
                    None => return format!("a bound of {at} is no integer of 64 bits"),
                },
                DimExpr::Count(int) => {
                    return match int.eval(value) {
                        Some(n) => format!("{int} is {n}"),
                        None => format!("{int} is no integer of 64 bits"),
                    };
                }
            };
        }
    }
}
