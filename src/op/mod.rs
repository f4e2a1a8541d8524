//! What an operator is: one row of the table, and nothing anywhere else.
//!
//! `OpDef` says everything that a pass may ask about an operator. Passes ask the row; no pass
//! names an operator. With `table` and `expr` this is one knot on purpose: a row's derivative is
//! written with expressions.

mod attr;
mod batch;
mod common;
mod def;
mod derive;
mod error_fn;
mod fold;
mod gathers;
mod indexed;
mod ints;
mod kernel;
mod law;
mod layout;
mod leading;
mod pieces;
mod places;
mod polygamma;
mod powers;
mod rounding;
mod shaped;
mod special;
mod table;
mod through;
mod told;
mod types;
mod whole;

use std::sync::OnceLock;

pub use attr::{Attr, AttrKind, IndexItem};
pub use batch::{Batch, Batched};
pub use common::Common;
pub(crate) use common::array::zeros;
pub use def::{Arity, Demand, Derivative, Lower, OpDef, Partial, Ring, Role};
pub(crate) use gathers::strided_length;
pub(crate) use indexed::entries;
pub use ints::{Ints, WholeInts};
pub use kernel::{Block3, Dense, FOLD_LANES, FOLD_SHORTEST, Kernel, Map1, Map2, Map3, View, Whole};
pub use law::{Fold, Interval, Law};
pub(crate) use leading::{for_eyes, is_stack, unmistakable, without_leading_axes};
pub use pieces::{Piece, Pp, Spelling};
pub(crate) use pieces::{index_text, is_reversal};
pub use places::{Bound, Place};
pub(crate) use powers::{is_small_whole, multiplications};
pub use table::Op;
pub(crate) use types::indexed as indexed_shape;
pub use types::{Arg, TyResult};

impl Op {
    /// The operator that a name, an alias or a symbol stands for.
    pub fn by_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| {
            let d = op.def();
            d.name == name || d.aliases.contains(&name)
        })
    }

    /// The operator whose kernel broadcasts.
    pub(crate) fn broadcast() -> Op {
        static FOUND: OnceLock<Op> = OnceLock::new();
        let is = |op: &&Op| matches!(op.def().kernel, Kernel::View(View::Broadcast));
        *FOUND.get_or_init(|| Op::ALL.iter().find(is).copied().unwrap_or(Op::ALL[0]))
    }

    /// The attribute as it is printed, for a first operand of so many axes: a reduction of everything names none.
    pub(crate) fn shown(self, attr: &Attr, rank: usize) -> Attr {
        match attr {
            Attr::Axes(axes) if self.def().role == Role::Reduce && axes.len() == rank && rank > 0 => {
                Attr::AllAxes
            }
            other => other.clone(),
        }
    }

    /// The operator of the table that has this part in polynomials.
    pub(crate) fn of_ring(ring: Ring) -> Option<Op> {
        static FOUND: OnceLock<Vec<Option<Op>>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            let mut found = vec![None; Ring::Power as usize + 1];
            for op in Op::ALL.iter().rev().filter(|o| o.def().ring != Ring::None) {
                found[op.def().ring as usize] = Some(*op);
            }
            found
        });
        found[ring as usize]
    }

    /// The operator that adds two numbers.
    pub(crate) fn addition() -> Op {
        let is = |op: &&Op| op.def().ring == Ring::Sum;
        Op::ALL.iter().find(is).copied().unwrap_or(Op::ALL[0])
    }

    /// The operator that multiplies and adds with one rounding.
    pub(crate) fn multiply_add() -> Op {
        Op::MulAdd
    }

    /// The operator that converts to an element type.
    pub(crate) fn conversion() -> Op {
        let is = |op: &&Op| op.def().attr == AttrKind::DType;
        Op::ALL.iter().find(is).copied().unwrap_or(Op::ALL[0])
    }

    /// The operator that reorders, drops and adds axes.
    pub(crate) fn reordering() -> Op {
        let is = |op: &&Op| matches!(op.def().kernel, Kernel::View(View::Dimshuffle));
        Op::ALL.iter().find(is).copied().unwrap_or(Op::ALL[0])
    }

    /// The known name nearest to a misspelled one.
    pub fn suggest(name: &str) -> Option<&'static str> {
        let names = Op::ALL.iter().flat_map(|op| {
            let d = op.def();
            std::iter::once(d.name).chain(d.aliases.iter().copied())
        });
        nearest(name, names)
    }
}

/// The candidate nearest to `name`, when one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    candidates
        .into_iter()
        .filter(|c| c.len() > 1)
        .map(|c| (strsim::damerau_levenshtein(name, c), c))
        .filter(|(d, c)| *d <= 1 + c.len().min(name.len()) / 4 && *d < name.len())
        .min_by_key(|(d, c)| (*d, c.len().abs_diff(name.len()), *c))
        .map(|(_, c)| c)
}
