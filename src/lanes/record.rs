//! Recording: arithmetic on [`Value`]s becomes instructions.

use rustc_hash::FxHashMap;

use super::{Cmp, Id, Lane, One, Two};

/// A number in every lane, while it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value(pub(crate) Id);

impl Value {
    /// The instruction whose result it is.
    pub fn id(self) -> Id {
        self.0
    }
}

/// A truth value in every lane, while it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask(pub(crate) Id);

/// Collects instructions.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    code: Vec<Lane>,
    leaves: FxHashMap<Lane, Id>,
}

/// The arithmetic of a row.
pub type Record = fn(&mut Recorder, &[Value]) -> Value;

impl Recorder {
    /// The instructions so far; each reads results of earlier ones only.
    pub fn code(&self) -> &[Lane] {
        &self.code
    }

    fn push(&mut self, lane: Lane) -> Id {
        self.code.push(lane);
        Id::try_from(self.code.len() - 1).unwrap_or(Id::MAX)
    }

    /// Once for equal constants and inputs.
    fn leaf(&mut self, lane: Lane) -> Value {
        if let Some(&id) = self.leaves.get(&lane) {
            return Value(id);
        }
        let id = self.push(lane);
        self.leaves.insert(lane, id);
        Value(id)
    }

    /// An operand of the whole program.
    pub fn input(&mut self, k: u32) -> Value {
        self.leaf(Lane::Input(k))
    }

    /// The same number in every lane.
    pub fn constant(&mut self, x: f64) -> Value {
        self.leaf(Lane::Const(x.to_bits()))
    }

    /// The same bits in every lane.
    pub fn bits(&mut self, bits: u64) -> Value {
        self.leaf(Lane::Const(bits))
    }

    /// One operand.
    pub fn one(&mut self, op: One, a: Value) -> Value {
        Value(self.push(Lane::One(op, a.0)))
    }

    /// Two operands.
    pub fn two(&mut self, op: Two, a: Value, b: Value) -> Value {
        Value(self.push(Lane::Two(op, a.0, b.0)))
    }

    /// Sum.
    pub fn add(&mut self, a: Value, b: Value) -> Value {
        self.two(Two::Add, a, b)
    }

    /// Difference.
    pub fn sub(&mut self, a: Value, b: Value) -> Value {
        self.two(Two::Sub, a, b)
    }

    /// Product.
    pub fn mul(&mut self, a: Value, b: Value) -> Value {
        self.two(Two::Mul, a, b)
    }

    /// Quotient.
    pub fn div(&mut self, a: Value, b: Value) -> Value {
        self.two(Two::Div, a, b)
    }

    /// `a * b + c`, rounded once.
    pub fn fma(&mut self, a: Value, b: Value, c: Value) -> Value {
        Value(self.push(Lane::Fma(a.0, b.0, c.0)))
    }

    /// The other sign.
    pub fn neg(&mut self, a: Value) -> Value {
        let sign = self.bits(1 << 63);
        self.two(Two::Xor, a, sign)
    }

    /// Without sign.
    pub fn abs(&mut self, a: Value) -> Value {
        let rest = self.bits(!(1 << 63));
        self.two(Two::And, a, rest)
    }

    /// A comparison.
    pub fn compare(&mut self, op: Cmp, a: Value, b: Value) -> Mask {
        // What was made of a mask is that mask again.
        if op == Cmp::Ne
            && self.code[b.0 as usize] == Lane::Const(0)
            && let Lane::Select(m, x, y) = self.code[a.0 as usize]
            && self.code[x as usize] == Lane::Const(1f64.to_bits())
            && self.code[y as usize] == Lane::Const(0)
        {
            return Mask(m);
        }
        Mask(self.push(Lane::Compare(op, a.0, b.0)))
    }

    /// Both masks.
    pub fn both(&mut self, a: Mask, b: Mask) -> Mask {
        Mask(self.push(Lane::Both(a.0, b.0)))
    }

    /// Either mask.
    pub fn either(&mut self, a: Mask, b: Mask) -> Mask {
        Mask(self.push(Lane::Either(a.0, b.0)))
    }

    /// The first where the mask is set, else the second.
    pub fn select(&mut self, mask: Mask, a: Value, b: Value) -> Value {
        Value(self.push(Lane::Select(mask.0, a.0, b.0)))
    }

    /// 1 where the mask is set, else 0.
    pub fn truth(&mut self, mask: Mask) -> Value {
        let (one, zero) = (self.constant(1.0), self.constant(0.0));
        self.select(mask, one, zero)
    }

    /// 1 where the comparison holds, else 0.
    pub fn test(&mut self, op: Cmp, a: Value, b: Value) -> Value {
        let mask = self.compare(op, a, b);
        self.truth(mask)
    }

    /// Is it not zero?
    pub fn nonzero(&mut self, a: Value) -> Mask {
        let zero = self.constant(0.0);
        self.compare(Cmp::Ne, a, zero)
    }

    /// The larger; NaN if either is, the first of equals.
    pub fn maximum(&mut self, a: Value, b: Value) -> Value {
        self.extremum(Two::Greater, a, b)
    }

    /// The smaller; NaN if either is, the first of equals.
    pub fn minimum(&mut self, a: Value, b: Value) -> Value {
        self.extremum(Two::Lesser, a, b)
    }

    fn extremum(&mut self, op: Two, a: Value, b: Value) -> Value {
        // With NaN in `a` the instruction gives its second operand, which is `a`.
        let best = self.two(op, b, a);
        let nan = self.compare(Cmp::Unordered, b, b);
        self.select(nan, b, best)
    }

    /// -1, 0 or 1 by the sign; keeps zeros and NaN.
    pub fn sgn(&mut self, a: Value) -> Value {
        let (zero, one, minus) = (self.constant(0.0), self.constant(1.0), self.constant(-1.0));
        let below = self.compare(Cmp::Lt, a, zero);
        let rest = self.select(below, minus, a);
        let above = self.compare(Cmp::Gt, a, zero);
        self.select(above, one, rest)
    }
}
