//! Recording: a formula over [`Value`]s becomes instructions instead of numbers.
//!
//! [`Value`] is one more implementation of [`Lanes`], so what a code generator emits is the very
//! formula that the kernels compute, and its bits are theirs. Equal instructions are recorded once:
//! functions that share a part, as `sigmoid(x)` and `sigmoid(-x)` share an exponential, compute it
//! once when they stand in one program.

mod identities;
mod lane;

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use rustc_hash::FxHashMap;

pub use lane::{Cmp, Id, Lane, One, Signs, Two};

use identities::{compare, opposite, representation, rest, sign_bit, two};

use super::lanes::{ROUND, ROUND_SINGLE, powers, split, split_normal};
use super::table::{SIZE, Table};
use super::{Binary, Lanes, Ternary, Unary};

/// The number in every lane, while it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value(Id);

/// A truth value in every lane, while it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask(Id);

impl Value {
    /// The instruction whose result it is.
    pub fn id(self) -> Id {
        self.0
    }
}

impl Mask {
    /// The instruction whose result it is.
    pub fn id(self) -> Id {
        self.0
    }
}

/// A formula that can be recorded.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    formula: fn(&[Value]) -> (Value, Option<Mask>),
}

impl Record {
    /// Of a function of one number.
    pub const fn unary<F: Unary>() -> Record {
        Record { formula: |x| (F::at(x[0]), F::PARTIAL.then(|| F::holds(x[0]))) }
    }

    /// Of a function of two numbers.
    pub const fn binary<F: Binary>() -> Record {
        Record { formula: |x| (F::at(x[0], x[1]), F::PARTIAL.then(|| F::holds(x[0], x[1]))) }
    }

    /// Of a function of three numbers.
    pub const fn ternary<F: Ternary>() -> Record {
        Record { formula: |x| (F::at(x[0], x[1], x[2]), None) }
    }
}

/// Collects instructions, each once; each reads results of earlier ones only.
#[derive(Debug, Default)]
pub struct Recorder {
    code: Vec<Lane>,
    known: FxHashMap<Lane, Id>,
    /// Are [`Two::Scale`], [`One::Exponent`], [`One::Mantissa`] and [`Lane::LookUp`] instructions of the machine?
    scales: bool,
    /// Are the numbers singles?
    single: bool,
}

thread_local! {
    /// The recorder that formulas write to: operators on [`Value`]s have no other way to reach it.
    static CURRENT: RefCell<Recorder> = RefCell::default();
}

fn push(lane: Lane) -> Id {
    CURRENT.with_borrow_mut(|r| r.push(lane))
}

fn look(id: Id) -> Lane {
    CURRENT.with_borrow(|r| r.code.get(id as usize).copied().unwrap_or(Lane::Const(0)))
}

impl Recorder {
    /// For a machine that scales by powers of two and takes numbers apart in one instruction, or does not; of singles or doubles.
    pub fn new(scales: bool, single: bool) -> Recorder {
        Recorder { scales, single, ..Recorder::default() }
    }

    /// The instructions so far.
    pub fn code(&self) -> &[Lane] {
        &self.code
    }

    fn push(&mut self, lane: Lane) -> Id {
        if let Some(&id) = self.known.get(&lane) {
            return id;
        }
        self.code.push(lane);
        let id = Id::try_from(self.code.len() - 1).unwrap_or(Id::MAX);
        self.known.insert(lane, id);
        id
    }

    /// An operand of the whole program.
    pub fn input(&mut self, k: u32) -> Value {
        Value(self.push(Lane::Input(k)))
    }

    /// The partial result of a reduction, as an element finds it.
    pub fn carry(&mut self, k: u32) -> Value {
        Value(self.push(Lane::Carry(k)))
    }

    /// Records a formula on operands: its value, and where it holds if that is not everywhere.
    pub fn apply(&mut self, record: Record, operands: &[Value]) -> (Value, Option<Mask>) {
        let outer = CURRENT.replace(std::mem::take(self));
        let result = (record.formula)(operands);
        *self = CURRENT.replace(outer);
        result
    }
}

fn scales() -> bool {
    CURRENT.with_borrow(|r| r.scales)
}

/// `k` and `m` of `2^k m`: where a mantissa is below 1, the exponent is one more.
fn taken_apart(x: Value) -> (Value, Value) {
    let m = one(One::Mantissa, x);
    (one(One::Exponent, x) - one(One::Exponent, m), m)
}

fn one(op: One, a: Value) -> Value {
    Value(push(Lane::One(op, a.0)))
}

impl Add for Value {
    type Output = Value;
    fn add(self, other: Value) -> Value {
        two(Two::Add, self, other)
    }
}

impl Sub for Value {
    type Output = Value;
    fn sub(self, other: Value) -> Value {
        two(Two::Sub, self, other)
    }
}

impl Mul for Value {
    type Output = Value;
    fn mul(self, other: Value) -> Value {
        two(Two::Mul, self, other)
    }
}

impl Div for Value {
    type Output = Value;
    fn div(self, other: Value) -> Value {
        two(Two::Div, self, other)
    }
}

impl Neg for Value {
    type Output = Value;
    fn neg(self) -> Value {
        two(Two::Xor, self, Value::splat_bits(sign_bit()))
    }
}

impl Lanes for Value {
    type Mask = Mask;
    /// Bits are numbers seen otherwise: the same register.
    type Bits = Value;

    fn single() -> bool {
        CURRENT.with_borrow(|r| r.single)
    }
    fn splat(x: f64) -> Value {
        Value(push(Lane::Const(representation(x))))
    }
    fn mul_add(self, a: Value, b: Value) -> Value {
        let (x, y, c) = (opposite(self.0), opposite(a.0), opposite(b.0));
        let signs = Signs { product: x.is_some() != y.is_some(), sum: c.is_some() };
        let (x, y, c) = (x.unwrap_or(self.0), y.unwrap_or(a.0), c.unwrap_or(b.0));
        Value(push(Lane::Fma(signs, x.min(y), x.max(y), c)))
    }
    fn sqrt(self) -> Value {
        one(One::Sqrt, self)
    }
    fn abs(self) -> Value {
        two(Two::And, self, Value::splat_bits(rest()))
    }
    fn floor(self) -> Value {
        one(One::Floor, self)
    }
    fn nearest(self) -> Value {
        one(One::Nearest, self)
    }
    fn lt(self, other: Value) -> Mask {
        compare(Cmp::Lt, self, other)
    }
    fn le(self, other: Value) -> Mask {
        compare(Cmp::Le, self, other)
    }
    fn same(self, other: Value) -> Mask {
        compare(Cmp::Eq, self, other)
    }
    fn differs(self, other: Value) -> Mask {
        compare(Cmp::Ne, self, other)
    }
    fn both(a: Mask, b: Mask) -> Mask {
        Mask(push(Lane::Both(a.0, b.0)))
    }
    fn either(a: Mask, b: Mask) -> Mask {
        Mask(push(Lane::Either(a.0, b.0)))
    }
    fn select(mask: Mask, yes: Value, no: Value) -> Value {
        if yes == no {
            return yes;
        }
        // The smaller and the larger of two are one instruction each.
        if let Lane::Compare(Cmp::Lt, a, b) = look(mask.0) {
            if (a, b) == (yes.0, no.0) {
                return two(Two::Lesser, yes, no);
            }
            if (a, b) == (no.0, yes.0) {
                return two(Two::Greater, yes, no);
            }
        }
        Value(push(Lane::Select(mask.0, yes.0, no.0)))
    }
    fn scale(self, shifted: Value, shift: i64) -> Value {
        if !scales() {
            let (a, b) = powers(shifted, shift);
            return self * a * b;
        }
        let k = shifted - Value::pick(ROUND, ROUND_SINGLE.into());
        #[allow(clippy::cast_precision_loss, reason = "a small integer")]
        let k = if shift == 0 { k } else { k + Value::splat(shift as f64) };
        two(Two::Scale, self, k)
    }
    fn split_normal(self) -> (Value, Value) {
        if scales() { taken_apart(self) } else { split_normal(self) }
    }
    fn split(self) -> (Value, Value) {
        if scales() { taken_apart(self) } else { split(self) }
    }
    fn by_sign(self, negative: Value, positive: Value) -> Value {
        let (x, negative, positive) = match opposite(self.0) {
            Some(x) => (Value(x), positive, negative),
            None => (self, negative, positive),
        };
        Value::select(compare(Cmp::Above, Value::splat_bits(0), x), negative, positive)
    }
    fn bits(self) -> Value {
        self
    }
    fn from_bits(bits: Value) -> Value {
        bits
    }
    fn splat_bits(bits: u64) -> Value {
        Value(push(Lane::Const(bits)))
    }
    fn and(a: Value, b: Value) -> Value {
        two(Two::And, a, b)
    }
    fn xor(a: Value, b: Value) -> Value {
        two(Two::Xor, a, b)
    }
    fn plus(a: Value, b: Value) -> Value {
        two(Two::IntAdd, a, b)
    }
    fn minus(a: Value, b: Value) -> Value {
        two(Two::IntSub, a, b)
    }
    fn shl<const N: u32>(a: Value) -> Value {
        one(One::ShiftLeft(N as u8), a)
    }
    fn shr<const N: u32>(a: Value) -> Value {
        one(One::ShiftRight(N as u8), a)
    }
    fn look_up(table: Table, at: Value) -> Value {
        let at = Value::and(at, Value::splat_bits(SIZE as u64 - 1));
        let (scales, single) = CURRENT.with_borrow(|r| (r.scales, r.single));
        if scales {
            return Value(push(Lane::LookUp(table, at.0)));
        }
        // Without the instructions of the widest vectors, lanes are read one by one, both tables at once.
        let at = if single { at } else { Value::plus(at, at) };
        let (even, odd) = (push(Lane::Pairs(false, at.0)), push(Lane::Pairs(true, at.0)));
        Value(push(Lane::Entries(table, even, odd)))
    }
    fn same_bits(a: Value, b: Value) -> Mask {
        compare(Cmp::Bits, a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Exp, Sigmoid};

    struct Product;

    impl Unary for Product {
        fn at<L: Lanes>(x: L) -> L {
            Sigmoid::at(x) * Sigmoid::at(-x)
        }
    }

    fn recorded(record: Record, scales: bool) -> Vec<Lane> {
        let mut r = Recorder::new(scales, false);
        let x = r.input(0);
        r.apply(record, &[x]);
        r.code().to_vec()
    }

    #[test]
    fn one_of_two_and_the_other_are_both() {
        let code = recorded(Record::unary::<Product>(), true);
        let divisions = code.iter().filter(|l| matches!(l, Lane::Two(Two::Div, ..))).count();
        assert_eq!(divisions, 1);
        // What is stored is not selected: the selections before it are left out when the code is made.
        let Some(Lane::Two(Two::Mul, a, b)) = code.last() else { panic!("{code:?}") };
        let selected = |id: &Id| matches!(code[*id as usize], Lane::Select(..));
        assert!(!selected(a) && !selected(b), "{code:?}");
    }

    /// Exponentials of the same opposite square are one, whichever factor has which sign.
    #[test]
    fn a_square_with_signs_costs_no_second_exponential() {
        let count = |derived: bool, scales| {
            let mut r = Recorder::new(scales, false);
            let x = r.input(0);
            let u = r.apply(Record { formula: |x| (Value::splat(0.75) * x[0], None) }, &[x]).0;
            r.apply(Record { formula: |x| (Exp::at(-(x[0] * x[0])), None) }, &[u]);
            if derived {
                let (v, _) = r.apply(Record { formula: |x| (Value::splat(-0.75) * x[0], None) }, &[x]);
                let (s, _) = r.apply(Record { formula: |x| (x[0] * x[1], None) }, &[u, v]);
                r.apply(Record::unary::<Exp>(), &[s]);
            }
            r.code().len()
        };
        for scales in [false, true] {
            assert!(count(true, scales) < count(false, scales) + 8, "{scales}");
        }
    }

    /// An exponential of what is not above zero is not bounded from above.
    #[test]
    fn exponentials_of_opposite_squares_have_one_bound() {
        let bounds = |formula: fn(&[Value]) -> (Value, Option<Mask>)| {
            let code = recorded(Record { formula }, true);
            code.iter().filter(|l| matches!(l, Lane::Two(Two::Lesser | Two::Greater, ..))).count()
        };
        assert_eq!(bounds(|x| (Exp::at(x[0]), None)), 2);
        assert_eq!(bounds(|x| (Exp::at(-(x[0] * x[0])), None)), 1);
        assert_eq!(bounds(|x| (Exp::at(-x[0].abs()), None)), 1);
        assert_eq!(bounds(|x| (Exp::at(x[0] * x[0]), None)), 2);
    }

    #[test]
    fn a_factor_of_one_is_none() {
        let code = recorded(Record::unary::<Sigmoid>(), false);
        let one = code.iter().position(|l| *l == Lane::Const(1f64.to_bits()));
        assert!(one.is_some());
        let is_one = |id: Id| Some(id as usize) == one;
        let idle = code.iter().any(|l| matches!(l, Lane::Two(Two::Mul, a, b) if is_one(*a) || is_one(*b)));
        assert!(!idle, "{code:?}");
    }
}
