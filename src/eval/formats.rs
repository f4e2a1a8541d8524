//! Which formats a plan stores and computes in.

use super::cell::Format;
use super::plan::{Plan, ScalarStep, Step};

impl Plan {
    /// Is anything stored or computed as singles or integers?
    pub(crate) fn has_singles(&self) -> bool {
        let single = |f: Format| f != Format::F64;
        let rounds = |s: &Step| match s {
            Step::Scalars(ops) => ops.iter().any(|op| matches!(op, ScalarStep::Round(_))),
            Step::Fused(fused) => single(fused.format),
            Step::Ints(_) => true,
            Step::Windowed(w) => w.programs.iter().any(|p| single(p.fused.format)),
            _ => false,
        };
        self.inputs.iter().any(|i| single(i.format))
            || self.buffers.iter().any(|b| single(b.format))
            || self.output_formats.iter().any(|f| single(*f))
            || self.each_step().any(rounds)
    }

    /// Is everything stored and computed as singles, but for registers?
    pub(crate) fn all_singles(&self) -> bool {
        let single = |f: Format| f == Format::F32;
        let computes = |s: &Step| match s {
            Step::Fused(fused) => single(fused.format),
            Step::Ints(_) => false,
            Step::Windowed(w) => w.programs.iter().all(|p| single(p.fused.format)),
            _ => true,
        };
        self.inputs.iter().all(|i| single(i.format))
            && self.buffers.iter().all(|b| single(b.format))
            && self.output_formats.iter().all(|f| single(*f))
            && self.each_step().all(computes)
    }
}
