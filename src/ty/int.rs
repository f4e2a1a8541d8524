//! Integers that inputs and lengths tell: the bounds of slices, the ends of ranges.

use std::fmt;

use super::{Dim, Sym};

/// An integer known when a function is called, before anything is computed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Int {
    /// A number.
    Known(i64),
    /// The value of an input that is one integer.
    Value(Sym),
    /// A length.
    Length(Dim),
    /// Computed from two others.
    Two(IntOp, Box<Int>, Box<Int>),
}

/// How two integers make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntOp {
    /// Their sum.
    Add,
    /// Their difference.
    Sub,
    /// Their product.
    Mul,
    /// The floored quotient.
    Div,
    /// What that leaves.
    Mod,
    /// The larger.
    Max,
    /// The smaller.
    Min,
}

impl IntOp {
    /// The result; nothing where it is too large, or a division by zero.
    fn of(self, a: i64, b: i64) -> Option<i64> {
        match self {
            IntOp::Add => a.checked_add(b),
            IntOp::Sub => a.checked_sub(b),
            IntOp::Mul => a.checked_mul(b),
            IntOp::Div => {
                let q = a.checked_div(b)?;
                Some(if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q })
            }
            IntOp::Mod => {
                let r = a.checked_rem(b)?;
                Some(if r != 0 && (r < 0) != (b < 0) { r + b } else { r })
            }
            IntOp::Max => Some(a.max(b)),
            IntOp::Min => Some(a.min(b)),
        }
    }
}

impl Int {
    /// Two integers as one; numbers are computed.
    pub fn two(op: IntOp, a: Int, b: Int) -> Int {
        if let (Int::Known(x), Int::Known(y)) = (&a, &b)
            && let Some(made) = op.of(*x, *y)
        {
            return Int::Known(made);
        }
        match (op, &b) {
            (IntOp::Add | IntOp::Sub, Int::Known(0)) | (IntOp::Mul | IntOp::Div, Int::Known(1)) => return a,
            _ => {}
        }
        Int::Two(op, Box::new(a), Box::new(b))
    }

    /// The number of integers from `start` to `stop`, without it, by a stride that is not 0.
    pub fn count_between(start: Int, stop: Int, step: i64) -> Int {
        let span = Int::two(IntOp::Sub, stop, start);
        let up = Int::two(IntOp::Add, span, Int::Known(step - step.signum()));
        Int::two(IntOp::Max, Int::two(IntOp::Div, up, Int::Known(step)), Int::Known(0))
    }

    /// The integer of which this is the part that is not negative.
    pub fn not_negative(&self) -> Option<&Int> {
        match self {
            Int::Two(IntOp::Max, a, b) if **b == Int::Known(0) => Some(a),
            _ => None,
        }
    }

    /// Does the value of an input go into it?
    pub fn has_value(&self) -> bool {
        match self {
            Int::Known(_) => false,
            Int::Value(_) => true,
            Int::Length(d) => d.has_value(),
            Int::Two(_, a, b) => a.has_value() || b.has_value(),
        }
    }

    /// Its value, given those of the symbols; that of an input comes as the bits of a length. Recurses over the
    /// nesting of one integer, which readers keep shallow.
    pub fn eval(&self, value: &dyn Fn(&Sym) -> Option<usize>) -> Option<i64> {
        match self {
            Int::Known(n) => Some(*n),
            Int::Value(s) => value(s).map(from_bits),
            Int::Length(d) => i64::try_from(d.eval(value)?).ok(),
            Int::Two(op, a, b) => op.of(a.eval(value)?, b.eval(value)?),
        }
    }

    /// The same with every symbol replaced; an integer stands for the value of an input as
    /// [`Dim::count`] of it.
    #[must_use]
    pub fn substitute(&self, to: &dyn Fn(&Sym) -> Option<Dim>) -> Int {
        match self {
            Int::Known(_) => self.clone(),
            Int::Length(d) => match d.substitute(to) {
                Dim::Known(n) => i64::try_from(n).map_or_else(|_| self.clone(), Int::Known),
                d => Int::Length(d),
            },
            Int::Value(s) => match to(s) {
                None => self.clone(),
                Some(Dim::Sym(s)) => Int::Value(s),
                Some(Dim::Known(n)) => Int::Known(from_bits(n)),
                Some(d) => d.counted().cloned().unwrap_or(Int::Length(d)),
            },
            Int::Two(op, a, b) => Int::two(*op, a.substitute(to), b.substitute(to)),
        }
    }

    /// The symbols in it, each once.
    pub(super) fn syms(&self, out: &mut Vec<Sym>) {
        match self {
            Int::Known(_) => {}
            Int::Value(s) => {
                if !out.contains(s) {
                    out.push(s.clone());
                }
            }
            Int::Length(d) => d.syms(out),
            Int::Two(_, a, b) => {
                a.syms(out);
                b.syms(out);
            }
        }
    }

    /// The parts that are computed: lengths and integers below it.
    pub(super) fn parts(&self) -> (Option<&Dim>, [Option<&Int>; 2]) {
        match self {
            Int::Known(_) | Int::Value(_) => (None, [None; 2]),
            Int::Length(d) => (Some(d), [None; 2]),
            Int::Two(_, a, b) => (None, [Some(a), Some(b)]),
        }
    }

    /// The first place of a slice of an axis, or the place behind its last, in the range of the axis: negative
    /// ones count from the end.
    fn place(&self, n: i64, down: bool, value: &dyn Fn(&Sym) -> Option<usize>) -> Option<i64> {
        let at = self.eval(value)?;
        let at = if at < 0 { at.saturating_add(n) } else { at };
        Some(if down { at.clamp(-1, n - 1) } else { at.clamp(0, n) })
    }
}

/// The number of places in a slice of an axis of length `n`.
pub(super) fn between(
    n: usize,
    bounds: (&Option<Int>, &Option<Int>),
    step: i64,
    value: &dyn Fn(&Sym) -> Option<usize>,
) -> Option<usize> {
    let n = i64::try_from(n).ok()?;
    let down = step < 0;
    let ends = if down { (n - 1, -1) } else { (0, n) };
    let at = |i: &Option<Int>, end: i64| i.as_ref().map_or(Some(end), |i| i.place(n, down, value));
    let (from, to) = (at(bounds.0, ends.0)?, at(bounds.1, ends.1)?);
    let span = if down { from - to } else { to - from };
    usize::try_from(if span <= 0 { 0 } else { (span - 1) / step.saturating_abs() + 1 }).ok()
}

/// The integer of an input, from the bits in which it is handed through.
fn from_bits(n: usize) -> i64 {
    (n as u64).cast_signed()
}

/// The bits in which the integer of an input is handed through.
pub(crate) fn to_bits(x: i64) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "lengths have 64 bits where arrays have")]
    let bits = x.cast_unsigned() as usize;
    bits
}

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Int::Known(n) => write!(f, "{n}"),
            Int::Value(s) => f.write_str(if s.made().is_some() { s.shown() } else { s.var() }),
            Int::Length(d) => write!(f, "{d}"),
            Int::Two(op, a, b) => match op {
                IntOp::Add => write!(f, "({a} + {b})"),
                IntOp::Sub => write!(f, "({a} - {b})"),
                IntOp::Mul => write!(f, "({a} * {b})"),
                IntOp::Div => write!(f, "({a} // {b})"),
                IntOp::Mod => write!(f, "mod({a}, {b})"),
                IntOp::Max => write!(f, "maximum({a}, {b})"),
                IntOp::Min => write!(f, "minimum({a}, {b})"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slice between integers that are known late has as many places as one between numbers.
    #[test]
    fn slices_between_integers() {
        let axis = Dim::Sym(Sym::new("n", "x", 0));
        let int = |name: &str| Int::Value(Sym::value_of(name));
        for n in 0..5usize {
            for (i, j) in (-7..7).flat_map(|i| (-7..7).map(move |j| (i, j))) {
                let value = |s: &Sym| match s.var() {
                    "x" => Some(n),
                    "i" => Some(to_bits(i)),
                    _ => Some(to_bits(j)),
                };
                for step in [-3, -1, 1, 2] {
                    let ends = [(Some(i), Some(j)), (None, Some(j)), (Some(i), None)];
                    for (a, b) in ends {
                        let late = axis.between(a.map(|_| int("i")), b.map(|_| int("j")), step);
                        let now = axis.slice(a, b, step);
                        assert_eq!(late.eval(&value), now.eval(&value), "{n}[{a:?}:{b:?}:{step}]");
                    }
                }
            }
        }
    }

    #[test]
    fn integers_are_computed_when_all_are_known() {
        let i = || Int::Value(Sym::value_of("i"));
        let five = |s: &Sym| (s.var() == "i").then(|| to_bits(-5));
        for (op, want) in [
            (IntOp::Add, -3),
            (IntOp::Sub, -7),
            (IntOp::Mul, -10),
            (IntOp::Div, -3),
            (IntOp::Mod, 1),
            (IntOp::Max, 2),
            (IntOp::Min, -5),
        ] {
            let made = Int::two(op, i(), Int::Known(2));
            assert_eq!(made.eval(&five), Some(want));
            assert_eq!(made.substitute(&|s| Some(Dim::Known(five(s)?))), Int::Known(want));
        }
        // Integers go through a substitution as they are.
        let sum = Dim::count(Int::two(IntOp::Sub, i(), Int::Known(9)));
        let through = i().substitute(&|_| Some(sum.clone()));
        assert_eq!(through.eval(&five), Some(-14));
        // A length is not negative.
        assert_eq!(sum.eval(&five), None);
    }
}
