//! Steps for nodes that are in no loop.

use super::build::Builder;
use super::error::PlanError;
use super::fused;
use super::ints::{IntCode, IntStep};
use super::plan::{Arg, Dest, Step};
use super::regions::{Region, written_slice};
use super::windowed::Windowed;
use crate::graph::Id;
use crate::op::{Attr, Ints, Kernel};
use crate::ty::DType;

impl Builder<'_> {
    /// The step of a node.
    pub(super) fn own(&mut self, id: Id) -> Result<Step, PlanError> {
        let Some((op, attr, args)) = self.graph.application(id) else {
            return Err(PlanError::NoKernel { op: "" });
        };
        if let Some(region) = self.analysis.regions.at(id) {
            return self.windowed(region);
        }
        if let Some([a, b]) = self.analysis.contractions.operands(self.graph, id) {
            let (space, axes) = (self.dims(args[0])?, attr.axes(self.graph.ty(args[0]).rank()));
            let (a, b) = (self.arg(a)?, self.arg(b)?);
            return Ok(Step::Contract { a, b, space, axes, out: self.dest(id)? });
        }
        let mut args = args.iter().map(|&a| self.arg(a)).collect::<Result<Vec<Arg>, _>>()?;
        let out = self.dest(id)?;
        match (op.def().kernel, attr) {
            (Kernel::Concat, Attr::Axis(axis)) => Ok(Step::Concat { axis: *axis, parts: args, out }),
            (Kernel::Whole(f), attr) => {
                Ok(Step::Whole { op: op.def().name, f, attr: attr.clone(), parts: args, out })
            }
            (Kernel::Reshape, _) => Ok(Step::Copy { from: args.swap_remove(0), out }),
            (kernel, attr) => {
                let (Some(second), Some(first)) = (args.pop(), args.pop()) else {
                    return Err(PlanError::NoKernel { op: op.def().name });
                };
                match (kernel, attr) {
                    (Kernel::Dot, _) => Ok(Step::Dot { a: first, b: second, out }),
                    (Kernel::IncAt | Kernel::SetAt, Attr::Index(items)) => Ok(Step::Write {
                        base: first,
                        value: second,
                        index: items.clone(),
                        add: matches!(kernel, Kernel::IncAt),
                        out,
                    }),
                    _ => Err(PlanError::NoKernel { op: op.def().name }),
                }
            }
        }
    }

    /// A result in segments.
    fn windowed(&mut self, region: &Region) -> Result<Step, PlanError> {
        let Dest::Buffer(out) = self.dest(region.root)? else {
            return Err(PlanError::NoKernel { op: "" });
        };
        let slices =
            region.writes.iter().filter_map(|&w| written_slice(self.graph, w)).cloned().collect::<Vec<_>>();
        let programs = (0..1usize << slices.len())
            .map(|active| fused::fuse_region(self, region, active, out))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Step::Windowed(Windowed { slices, programs, out }))
    }

    /// A step over integers.
    pub(super) fn ints(&mut self, id: Id) -> Result<Step, PlanError> {
        let dtype = self.graph.ty(id).dtype;
        let Some((op, attr, args)) = self.graph.application(id) else {
            let code = IntCode::Number(self.graph.integer(id).unwrap_or(0));
            let out = self.dest(id)?;
            return Ok(Step::Ints(IntStep {
                code,
                op: "number",
                dtype,
                reads: dtype,
                parts: Vec::new(),
                out,
            }));
        };
        let name = op.def().name;
        let from = args.first().map_or(dtype, |&a| self.graph.ty(a).dtype);
        let code = match (op.def().ints, op.def().kernel, attr) {
            (Ints::One(f), ..) => IntCode::One(f),
            (Ints::Two(f), ..) => IntCode::Two(f),
            (Ints::Three(f), ..) => IntCode::Three(f),
            (Ints::Fold(init, step), ..) => {
                let axes = attr.axes(args.first().map_or(0, |&a| self.graph.ty(a).rank()));
                IntCode::Fold(init, step, axes)
            }
            (Ints::Whole(f), ..) => IntCode::Whole(f, attr.clone()),
            (Ints::None, Kernel::Reshape, _) => IntCode::Copy,
            (Ints::None, Kernel::Dot, _) => IntCode::Dot,
            (Ints::None, Kernel::Concat, Attr::Axis(axis)) => IntCode::Concat(*axis),
            (Ints::None, Kernel::IncAt, Attr::Index(items)) => IntCode::Write(items.clone(), true),
            (Ints::None, Kernel::SetAt, Attr::Index(items)) => IntCode::Write(items.clone(), false),
            _ => return Err(PlanError::NoKernel { op: name }),
        };
        let reads = if from.is_float() { dtype } else { DType::I64 };
        let parts = args.iter().map(|&a| self.arg(a)).collect::<Result<Vec<Arg>, _>>()?;
        let out = self.dest(id)?;
        Ok(Step::Ints(IntStep { code, op: name, dtype, reads, parts, out }))
    }
}
