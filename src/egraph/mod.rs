//! Equality saturation. With `rules` this is all that knows egg; no type of it leaves.
//!
//! Works on small graphs only (windows of a large one): egg's own limits are soft, so the
//! scheduler here caps matches and counts e-nodes itself.

mod analysis;
mod compile;
mod cost;
mod demand;
mod export;
mod known;
mod lang;
mod log;
mod matching;
mod saturate;
mod signs;
mod space;
mod verdicts;
mod widen;

pub use cost::{CostModel, Operand, common_cost, op_cost};
pub use demand::OnDemand;
pub use log::{Firing, Log, LogHead};
pub use saturate::{Granted, Limits, Stop, Trace};
pub(crate) use space::{Extracted, Space};
