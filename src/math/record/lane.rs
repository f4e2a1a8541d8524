//! The instructions: what one lane of a vector register goes through, a straight line without
//! branches.

use crate::math::Table;

/// The result of an instruction: its position in the program.
pub type Id = u32;

/// One number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum One {
    /// Square root.
    Sqrt,
    /// To the nearest integer, ties to even.
    Nearest,
    /// To the integer below.
    Floor,
    /// `k` of `2^k m`, `1 <= m < 2`; minus infinity for zeros.
    Exponent,
    /// `m` of `2^k m`, `3/4 <= m < 3/2`; NaN below zero, 1 for zeros and infinity.
    Mantissa,
    /// The bits moved up, zeros from below.
    ShiftLeft(u8),
    /// The bits moved down, zeros from above.
    ShiftRight(u8),
}

/// Two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Two {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient.
    Div,
    /// `a < b ? a : b`: the second with NaN, and of two zeros.
    Lesser,
    /// `a > b ? a : b`: the second with NaN, and of two zeros.
    Greater,
    /// Bits of both.
    And,
    /// Bits of either.
    Or,
    /// Bits of one.
    Xor,
    /// Sum of integers.
    IntAdd,
    /// Difference of integers.
    IntSub,
    /// `a * 2^b` for an integer `b`, rounded once.
    Scale,
}

impl Two {
    /// May the operands be exchanged?
    pub fn commutes(self) -> bool {
        matches!(self, Two::Add | Two::Mul | Two::And | Two::Or | Two::Xor | Two::IntAdd)
    }
}

/// Comparisons; those of numbers but `Ne` are false with NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the usual names")]
pub enum Cmp {
    Lt,
    Le,
    Eq,
    Ne,
    /// Are the bits equal, read as integers?
    Bits,
    /// Is the first larger, both read as integers with a sign? Of zero and a number: is the sign bit set?
    Above,
}

/// What a fused multiplication and addition negates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Signs {
    /// The product.
    pub product: bool,
    /// What is added to it.
    pub sum: bool,
}

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The same bits in every lane.
    Const(u64),
    /// An operand of the whole program.
    Input(u32),
    /// The partial result of a reduction, as the element finds it.
    Carry(u32),
    /// One operand.
    One(One, Id),
    /// Two operands.
    Two(Two, Id, Id),
    /// `a * b + c`, rounded once, with opposite signs of the product or of `c` where said.
    Fma(Signs, Id, Id, Id),
    /// The entry of a table whose number, below the size, the bits are.
    LookUp(Table, Id),
    /// The entries of both tables side by side, for the first or the second half of each sixteen bytes' lanes. The
    /// bits say where they are, in units of eight bytes.
    Pairs(bool, Id),
    /// The entries of one table, from those of both halves.
    Entries(Table, Id, Id),
    /// A comparison; a mask.
    Compare(Cmp, Id, Id),
    /// Both masks.
    Both(Id, Id),
    /// Either mask.
    Either(Id, Id),
    /// The second where the mask is set, else the third.
    Select(Id, Id, Id),
}

impl Lane {
    /// The instructions whose results it reads.
    pub fn args(self) -> smallvec::SmallVec<[Id; 3]> {
        match self {
            Lane::Const(_) | Lane::Input(_) | Lane::Carry(_) => smallvec::smallvec![],
            Lane::One(_, a) | Lane::LookUp(_, a) | Lane::Pairs(_, a) => smallvec::smallvec![a],
            Lane::Two(_, a, b)
            | Lane::Entries(_, a, b)
            | Lane::Compare(_, a, b)
            | Lane::Both(a, b)
            | Lane::Either(a, b) => {
                smallvec::smallvec![a, b]
            }
            Lane::Fma(_, a, b, c) | Lane::Select(a, b, c) => smallvec::smallvec![a, b, c],
        }
    }

    /// The same instruction on other operands.
    #[must_use]
    pub fn with_args(self, to: impl Fn(Id) -> Id) -> Lane {
        match self {
            Lane::Const(_) | Lane::Input(_) | Lane::Carry(_) => self,
            Lane::One(op, a) => Lane::One(op, to(a)),
            Lane::LookUp(table, a) => Lane::LookUp(table, to(a)),
            Lane::Pairs(odd, a) => Lane::Pairs(odd, to(a)),
            Lane::Entries(table, a, b) => Lane::Entries(table, to(a), to(b)),
            Lane::Two(op, a, b) => Lane::Two(op, to(a), to(b)),
            Lane::Fma(signs, a, b, c) => Lane::Fma(signs, to(a), to(b), to(c)),
            Lane::Compare(op, a, b) => Lane::Compare(op, to(a), to(b)),
            Lane::Both(a, b) => Lane::Both(to(a), to(b)),
            Lane::Either(a, b) => Lane::Either(to(a), to(b)),
            Lane::Select(m, a, b) => Lane::Select(to(m), to(a), to(b)),
        }
    }

    /// Is the result a mask?
    pub fn is_mask(self) -> bool {
        matches!(self, Lane::Compare(..) | Lane::Both(..) | Lane::Either(..))
    }
}
