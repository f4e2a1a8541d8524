//! Lengths of axes: numbers, symbols, and what can be computed from them.

use std::fmt;
use std::sync::Arc;

use super::int::Int;
use super::slice::{composed, slice_len};
use super::sym::Sym;

/// The length of one axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dim {
    /// A number.
    Known(usize),
    /// Known when called.
    Sym(Sym),
    /// Computed from others.
    Expr(Arc<DimExpr>),
}

/// A length computed from other lengths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DimExpr {
    /// Sum of at least two terms (concatenation).
    Add(Vec<Dim>),
    /// Product of at least two factors (flattening, counting).
    Mul(Vec<Dim>),
    /// Exact quotient (a `-1` in a reshape).
    Div(Dim, Dim),
    /// Length of `[start:stop:step]` of an axis, in Python's meaning.
    Slice {
        /// Length of the axis that is sliced.
        of: Dim,
        /// First index; negative counts from the end.
        start: Option<i64>,
        /// End (exclusive); negative counts from the end.
        stop: Option<i64>,
        /// Stride, never 0.
        step: i64,
    },
    /// The same between integers that are known when a function is called.
    Between {
        /// Length of the axis that is sliced.
        of: Dim,
        /// First index.
        start: Option<Int>,
        /// End (exclusive).
        stop: Option<Int>,
        /// Stride, never 0.
        step: i64,
    },
    /// An integer that is not negative.
    Count(Int),
}

impl Dim {
    /// Length one.
    pub const ONE: Dim = Dim::Known(1);

    /// The number, when it is one.
    pub fn known(&self) -> Option<usize> {
        match self {
            Dim::Known(n) => Some(*n),
            _ => None,
        }
    }

    /// Is it the number one, the only length that broadcasts?
    pub fn is_one(&self) -> bool {
        self.known() == Some(1)
    }

    /// Sum of lengths; numbers are folded and put last.
    pub fn sum(terms: impl IntoIterator<Item = Dim>) -> Dim {
        let (mut number, mut rest) = (0usize, Vec::new());
        for t in terms {
            match t {
                Dim::Known(n) => number = number.saturating_add(n),
                Dim::Expr(e) if matches!(&*e, DimExpr::Add(_)) => {
                    if let DimExpr::Add(inner) = &*e {
                        for d in inner {
                            match d {
                                Dim::Known(n) => number = number.saturating_add(*n),
                                other => rest.push(other.clone()),
                            }
                        }
                    }
                }
                other => rest.push(other),
            }
        }
        rest.sort();
        if rest.is_empty() {
            return Dim::Known(number);
        }
        if number > 0 {
            rest.push(Dim::Known(number));
        }
        if rest.len() == 1 { rest.swap_remove(0) } else { Dim::Expr(Arc::new(DimExpr::Add(rest))) }
    }

    /// Product of lengths; numbers are folded and put last.
    pub fn product(factors: impl IntoIterator<Item = Dim>) -> Dim {
        let (mut number, mut rest) = (1usize, Vec::new());
        for t in factors {
            match t {
                Dim::Known(n) => number = number.saturating_mul(n),
                Dim::Expr(e) if matches!(&*e, DimExpr::Mul(_)) => {
                    if let DimExpr::Mul(inner) = &*e {
                        for d in inner {
                            match d {
                                Dim::Known(n) => number = number.saturating_mul(*n),
                                other => rest.push(other.clone()),
                            }
                        }
                    }
                }
                other => rest.push(other),
            }
        }
        if number == 0 {
            return Dim::Known(0);
        }
        rest.sort();
        if rest.is_empty() {
            return Dim::Known(number);
        }
        if number > 1 {
            rest.push(Dim::Known(number));
        }
        if rest.len() == 1 { rest.swap_remove(0) } else { Dim::Expr(Arc::new(DimExpr::Mul(rest))) }
    }

    /// The quotient of two lengths; `None` when it is known not to be exact.
    pub fn quotient(of: &Dim, by: &Dim) -> Option<Dim> {
        match (of, by) {
            (Dim::Known(a), Dim::Known(b)) => (*b != 0 && a.is_multiple_of(*b)).then(|| Dim::Known(a / b)),
            (a, b) if b.is_one() => Some(a.clone()),
            (a, b) if a == b => Some(Dim::ONE),
            (a, b) => Some(Dim::Expr(Arc::new(DimExpr::Div(a.clone(), b.clone())))),
        }
    }

    /// Length of a Python slice of an axis of this length. What is left out at the beginning counts as left out at
    /// the end, so that `x[1:]` and `x[:-1]` have one length.
    pub fn slice(&self, start: Option<i64>, stop: Option<i64>, step: i64) -> Dim {
        if step > 0
            && let Some(first @ 1..) = start
            && stop.is_none_or(|b| b < 0)
            && let Some(left_out) = stop.unwrap_or(0).checked_sub(first)
        {
            return self.slice(None, Some(left_out), step);
        }
        match self {
            Dim::Known(n) => Dim::Known(slice_len(*n, start, stop, step)),
            d if step.abs() == 1 && (start, stop) == (None, None) => d.clone(),
            d => {
                let sliced = |of: &Dim, (start, stop, step)| {
                    Dim::Expr(Arc::new(DimExpr::Slice { of: of.clone(), start, stop, step }))
                };
                // A slice of a slice is one where lengths need not be known for it.
                if let Dim::Expr(e) = d
                    && let DimExpr::Slice { of, start: a, stop: b, step: p } = &**e
                {
                    let given = composed((*a, *b, *p), (start, stop, step));
                    // What is left out at the end may as well be left out at the beginning.
                    let moved = match (a, b, p) {
                        (None, Some(b @ ..0), 1) => {
                            b.checked_neg().and_then(|a| composed((Some(a), None, 1), (start, stop, step)))
                        }
                        _ => None,
                    };
                    if let Some((start, stop, step)) = given.or(moved) {
                        return of.slice(start, stop, step);
                    }
                }
                sliced(d, (start, stop, step))
            }
        }
    }

    /// Length of a slice of an axis of this length between integers.
    #[must_use]
    pub fn between(&self, start: Option<Int>, stop: Option<Int>, step: i64) -> Dim {
        let number = |i: &Option<Int>| match i {
            None => Some(None),
            Some(Int::Known(n)) => Some(Some(*n)),
            _ => None,
        };
        match (number(&start), number(&stop)) {
            (Some(start), Some(stop)) => self.slice(start, stop, step),
            _ => Dim::Expr(Arc::new(DimExpr::Between { of: self.clone(), start, stop, step })),
        }
    }

    /// The length that an integer is.
    pub fn count(int: Int) -> Dim {
        match int {
            Int::Known(n) if n >= 0 => usize::try_from(n).map_or(Dim::Known(usize::MAX), Dim::Known),
            Int::Length(d) => d,
            int => Dim::Expr(Arc::new(DimExpr::Count(int))),
        }
    }

    /// An integer as a substitution hands it through, negative or not.
    pub(crate) fn told(int: Int) -> Dim {
        Dim::Expr(Arc::new(DimExpr::Count(int)))
    }

    /// The integer that it is as a length.
    pub(crate) fn counted(&self) -> Option<&Int> {
        match self {
            Dim::Expr(e) => match &**e {
                DimExpr::Count(int) => Some(int),
                _ => None,
            },
            _ => None,
        }
    }

    /// Does the value of an input go into it?
    pub fn has_value(&self) -> bool {
        let mut syms = Vec::new();
        self.syms(&mut syms);
        syms.iter().any(Sym::is_value)
    }

    /// Is it computed in more than `limit` steps one after the other, or from more than 4096 lengths?
    /// Looks no further than that.
    pub(crate) fn deeper(&self, limit: usize) -> bool {
        const LENGTHS: usize = 4096;
        let mut stack = vec![(self, limit)];
        let mut ints: Vec<(&Int, usize)> = Vec::new();
        let mut looked = 0;
        loop {
            if let Some((int, limit)) = ints.pop() {
                let Some(left) = limit.checked_sub(1) else { return true };
                let (length, below) = int.parts();
                ints.extend(below.into_iter().flatten().map(|i| (i, left)));
                stack.extend(length.map(|d| (d, left)));
            }
            let Some((d, limit)) = stack.pop() else {
                if ints.is_empty() {
                    return false;
                }
                continue;
            };
            let Dim::Expr(e) = d else { continue };
            let Some(left) = limit.checked_sub(1) else { return true };
            looked += 1;
            if looked > LENGTHS {
                return true;
            }
            match &**e {
                DimExpr::Add(ds) | DimExpr::Mul(ds) => stack.extend(ds.iter().map(|d| (d, left))),
                DimExpr::Div(a, b) => stack.extend([(a, left), (b, left)]),
                DimExpr::Slice { of, .. } => stack.push((of, left)),
                DimExpr::Between { of, start, stop, .. } => {
                    stack.push((of, left));
                    ints.extend(start.iter().chain(stop).map(|i| (i, left)));
                }
                DimExpr::Count(int) => ints.push((int, left)),
            }
        }
    }

    /// Its value, given the value of each symbol. `None` when a symbol has none or a quotient is not exact.
    ///
    /// Recurses over the nesting of one length, which shape rules keep shallow; not over an expression.
    pub fn eval(&self, value: &dyn Fn(&Sym) -> Option<usize>) -> Option<usize> {
        match self {
            Dim::Known(n) => Some(*n),
            Dim::Sym(s) => value(s),
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) => ds.iter().try_fold(0usize, |a, d| a.checked_add(d.eval(value)?)),
                DimExpr::Mul(ds) => ds.iter().try_fold(1usize, |a, d| a.checked_mul(d.eval(value)?)),
                DimExpr::Div(a, b) => {
                    let (a, b) = (a.eval(value)?, b.eval(value)?);
                    (b != 0 && a.is_multiple_of(b)).then(|| a / b)
                }
                DimExpr::Slice { of, start, stop, step } => {
                    Some(slice_len(of.eval(value)?, *start, *stop, *step))
                }
                DimExpr::Between { of, start, stop, step } => {
                    super::int::between(of.eval(value)?, (start, stop), *step, value)
                }
                DimExpr::Count(int) => usize::try_from(int.eval(value)?).ok(),
            },
        }
    }

    /// This length with every symbol replaced.
    pub fn substitute(&self, to: &dyn Fn(&Sym) -> Option<Dim>) -> Dim {
        match self {
            Dim::Known(_) => self.clone(),
            Dim::Sym(s) => to(s).unwrap_or_else(|| self.clone()),
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) => Dim::sum(ds.iter().map(|d| d.substitute(to))),
                DimExpr::Mul(ds) => Dim::product(ds.iter().map(|d| d.substitute(to))),
                DimExpr::Div(a, b) => {
                    let (a, b) = (a.substitute(to), b.substitute(to));
                    Dim::quotient(&a, &b).unwrap_or_else(|| Dim::Expr(Arc::new(DimExpr::Div(a, b))))
                }
                DimExpr::Slice { of, start, stop, step } => of.substitute(to).slice(*start, *stop, *step),
                DimExpr::Between { of, start, stop, step } => {
                    let put = |i: &Option<Int>| i.as_ref().map(|i| i.substitute(to));
                    of.substitute(to).between(put(start), put(stop), *step)
                }
                DimExpr::Count(int) => Dim::count(int.substitute(to)),
            },
        }
    }

    /// The symbols in it, each once, in the order of the text.
    pub fn syms(&self, out: &mut Vec<Sym>) {
        match self {
            Dim::Known(_) => {}
            Dim::Sym(s) => {
                if !out.contains(s) {
                    out.push(s.clone());
                }
            }
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) | DimExpr::Mul(ds) => ds.iter().for_each(|d| d.syms(out)),
                DimExpr::Div(a, b) => {
                    a.syms(out);
                    b.syms(out);
                }
                DimExpr::Slice { of, .. } => of.syms(out),
                DimExpr::Between { of, start, stop, .. } => {
                    of.syms(out);
                    start.iter().chain(stop).for_each(|i| i.syms(out));
                }
                DimExpr::Count(int) => int.syms(out),
            },
        }
    }
}

impl From<usize> for Dim {
    fn from(n: usize) -> Dim {
        Dim::Known(n)
    }
}

/// The name of a symbol as it stands in a type: `3`, `n`, `x.0`.
impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, ds: &[Dim], op: &str| {
            f.write_str("(")?;
            for (i, d) in ds.iter().enumerate() {
                if i > 0 {
                    f.write_str(op)?;
                }
                write!(f, "{d}")?;
            }
            f.write_str(")")
        };
        match self {
            Dim::Known(n) => write!(f, "{n}"),
            Dim::Sym(s) => f.write_str(s.name()),
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) => join(f, ds, " + "),
                DimExpr::Mul(ds) => join(f, ds, " * "),
                DimExpr::Div(a, b) => write!(f, "({a} // {b})"),
                DimExpr::Slice { of, start, stop, step } => {
                    let text = |v: &Option<i64>| v.map_or(String::new(), |v| v.to_string());
                    write!(f, "len({of}[{}:{}:{step}])", text(start), text(stop))
                }
                DimExpr::Between { of, start, stop, step } => {
                    let text = |v: &Option<Int>| v.as_ref().map_or(String::new(), ToString::to_string);
                    write!(f, "len({of}[{}:{}:{step}])", text(start), text(stop))
                }
                DimExpr::Count(int) => write!(f, "{int}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slices have one spelling only where their lengths are equal, whatever the length of the axis.
    #[test]
    fn slices_that_leave_out_as_much_have_one_length() {
        let axis = Dim::Sym(Sym::new("n", "x", 0));
        let ends = [None, Some(-3), Some(-1), Some(0), Some(1), Some(2)];
        let mut dims = Vec::new();
        for (start, stop) in ends.iter().flat_map(|&a| ends.map(|b| (a, b))) {
            let once = axis.slice(start, stop, 1);
            let twice = once.slice(Some(1), Some(-2), 1);
            let len = |n: usize| slice_len(n, start, stop, 1);
            let lens: Vec<usize> = (0..9).map(len).collect();
            let inner = (0..9).map(|n| slice_len(len(n), Some(1), Some(-2), 1)).collect();
            dims.extend([(once, lens), (twice, inner)]);
        }
        for (a, x) in &dims {
            for (b, y) in &dims {
                assert!(a != b || x == y, "{a} {b}");
            }
        }
        let (first, last) = (axis.slice(Some(1), None, 1), axis.slice(None, Some(-1), 1));
        assert_eq!(first, last);
    }
}
