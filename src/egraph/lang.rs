//! The e-node: generic over the operator table, so it never lists an operator.

use egg::{Id, Language};
use smallvec::SmallVec;

use crate::op::Op;
use crate::ty::DType;

/// What stands at an e-node. Indices refer to the tables of the e-graph's analysis; nothing here
/// depends on the order in which strings were interned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum EHead {
    /// A constant scalar double, by its bits.
    Const(u64),
    /// A constant scalar integer of an element type.
    Int(DType, i64),
    /// An input of the window.
    Var(u32),
    /// A length that is known when called.
    Size(u32),
    /// An attribute, the first operand of an operator that takes one.
    Attr(u32),
    /// An operator.
    Op(Op),
}

/// A head and operands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ENode {
    pub(super) head: EHead,
    pub(super) args: SmallVec<[Id; 3]>,
}

impl ENode {
    pub(super) fn leaf(head: EHead) -> ENode {
        ENode { head, args: SmallVec::new() }
    }
}

impl Language for ENode {
    type Discriminant = EHead;

    fn discriminant(&self) -> EHead {
        self.head
    }

    fn matches(&self, other: &ENode) -> bool {
        self.head == other.head && self.args.len() == other.args.len()
    }

    fn children(&self) -> &[Id] {
        &self.args
    }

    fn children_mut(&mut self) -> &mut [Id] {
        &mut self.args
    }
}
