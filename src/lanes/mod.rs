//! What an elementwise operator does to one lane of a vector register, as a straight line of
//! machine-like instructions without branches.
//!
//! A row of the operator table records its arithmetic with a [`Recorder`]; a code generator emits
//! the very same instructions, so that compiled code and kernel agree to the bit.

mod interpret;
mod record;

pub use interpret::evaluate;
pub use record::{Mask, Record, Recorder, Value};

/// The result of an instruction: its position in the program.
pub type Id = u32;

/// One operand of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum One {
    /// Square root.
    Sqrt,
    /// To the nearest integer, ties to even.
    Nearest,
    /// To the integer below.
    Floor,
    /// The bits moved up, zeros from below.
    ShiftLeft(u8),
    /// The bits moved down, zeros from above.
    ShiftRight(u8),
}

/// Two operands of 64 bits.
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
    /// Sum of 64-bit integers.
    IntAdd,
    /// Difference of 64-bit integers.
    IntSub,
}

impl Two {
    /// May the operands be exchanged?
    pub fn commutes(self) -> bool {
        matches!(self, Two::Add | Two::Mul | Two::And | Two::Or | Two::Xor | Two::IntAdd)
    }
}

/// Comparisons; all but `Ne` and `Unordered` are false with NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the usual names")]
pub enum Cmp {
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    /// Is either NaN?
    Unordered,
}

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The same bits in every lane.
    Const(u64),
    /// An operand of the whole program.
    Input(u32),
    /// One operand.
    One(One, Id),
    /// Two operands.
    Two(Two, Id, Id),
    /// `a * b + c`, rounded once.
    Fma(Id, Id, Id),
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
            Lane::Const(_) | Lane::Input(_) => smallvec::smallvec![],
            Lane::One(_, a) => smallvec::smallvec![a],
            Lane::Two(_, a, b) | Lane::Compare(_, a, b) | Lane::Both(a, b) | Lane::Either(a, b) => {
                smallvec::smallvec![a, b]
            }
            Lane::Fma(a, b, c) | Lane::Select(a, b, c) => smallvec::smallvec![a, b, c],
        }
    }

    /// Is the result a mask?
    pub fn is_mask(self) -> bool {
        matches!(self, Lane::Compare(..) | Lane::Both(..) | Lane::Either(..))
    }
}
