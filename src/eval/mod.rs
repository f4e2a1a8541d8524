//! Values: a plan made once from the graph, and what runs it.
//!
//! [`Plan::new`] depends on types and symbols alone, never on lengths. It groups elementwise
//! operators of one space together with the reductions that consume them; a group is one pass over
//! memory, in blocks that stay in the first cache, and nothing inside it is ever stored. What a
//! plan does is data ([`Step`]); a [`Backend`] executes the fused loops: [`Blocks`], an interpreter
//! over blocks of [`BLOCK`] doubles, or [`native`](crate::native) machine code with the same bits.
//!
//! Every value is a double, where its element type is `f32` a single, and where it is one of integers a 64-bit
//! integer: [`Format`]. A loop is in one format from what it reads to what it stores; what comes from another is
//! converted before it. Truth values are doubles or singles, 0 and 1. Operators over integers are steps of their
//! own ([`IntStep`]): each computes in 64 bits and keeps the low bits of its element type, as NumPy does; division
//! by zero is zero; conversion from floats truncates, saturates at the ends of the type, and makes 0 of NaN. A number (rank 0) is kept as a
//! double, rounded after every operator where it is a single. Functions of whole arrays (linear
//! algebra, scans, searches) compute in doubles and round their results.
//!
//! # Order of summation
//!
//! Fixed by the shapes and strides of a call, never by the machine, but for products of two matrices and
//! contractions: theirs also follows the caches and the instruction set. Along the innermost axis a block of up to
//! `b = 512` elements (1024 singles) is folded in 16 lanes and a tree; blocks are joined in pairs. Over
//! outer axes whose results lie side by side (columns of a matrix), rows are added one by one, in steps in bands
//! within each of at most sixteen stretches of rows, whose sums are then added in their order. With
//! `u = 2^-53` (`2^-24` for singles) and `n` elements the error of a sum is at most
//! `(b / 16 + 5 + log2(n / b)) u` times the sum of absolute values in the first case, and `n u` times
//! that in the second.

mod analysis;
mod array;
mod backend;
mod banded;
mod bands;
mod blocks;
mod build;
mod cell;
mod contraction;
mod copy;
mod dot;
mod error;
mod formats;
mod fused;
mod ints;
mod later;
mod layout;
mod len;
mod made;
mod memory;
mod nest;
mod own;
mod pages;
mod pass;
mod plan;
mod product;
mod reduce;
pub mod reference;
mod regions;
mod row;
mod run;
mod show;
mod split;
mod step;
mod stretches;
mod tile;
mod vectors;
mod whole;
mod windowed;

pub use array::{Array, ArrayMut, ArrayRef, Input, Output, OutputArray};
pub use backend::{Backend, FusedArgs, Ready, Strided};
pub(crate) use banded::height;
pub use bands::Bands;
pub use blocks::{BLOCK, Blocks};
pub(crate) use blocks::{goes_on, kept_strides};
pub(crate) use cell::Cell;
pub use cell::{Format, Slice, SliceMut};
pub(crate) use dot::dot;
pub use error::{PlanError, RunError};
pub use ints::{IntCode, IntStep};
pub(crate) use layout::{Layout, signed};
pub use len::LenId;
pub(crate) use nest::{Cursor, Nest};
pub(crate) use pages::{first_line, with_line, zeros};
pub use pass::{From, Pass, PassArg, PassPiece, PassStep};
pub(crate) use plan::Base;
pub use plan::{
    Arg, Code, Dest, FoldSpec, Fused, Instr, Operand, Plan, ScalarStep, Slot, Source, Step, Target, ViewStep,
};
pub(crate) use reduce::{Pairwise, Running, Tile, merge, pairwise};
pub use run::{Limits, Scratch};
pub(crate) use step::exec;
pub(crate) use tile::{gather, place, scatter};
pub use windowed::{Framed, Windowed};

pub use crate::threads::Threads;
