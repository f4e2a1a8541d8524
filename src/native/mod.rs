//! Compiled loops: machine code for x86-64 with AVX-512 or with AVX2 and FMA.
//!
//! A fused loop whose operators all have a formula over `math::Lanes` becomes one function that
//! keeps every value, double or single, in a vector register. All else, and every loop on other machines, runs in the
//! block interpreter; both give the same bits, because they do the same operations in the same
//! order. Operands that do not lie side by side are gathered in blocks first, and reductions are
//! those of the interpreter.
//!
//! Code is made at the first call of a loop, and kept with it. Its memory
//! is never writable and executable at once.

mod ahead;
mod asm;
mod emit;
mod line;
mod loops;
mod lower;
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod nowhere;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod page;
mod pass;
mod program;
mod ready;
mod scalars;
mod schedule;
mod shape;
mod short;
mod walk;

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
use nowhere as page;

pub use crate::math::Width;
pub use loops::Native;
