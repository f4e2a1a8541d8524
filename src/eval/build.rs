//! From analysis to plan: the order of steps, and what each reads and writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::analysis::{Analysis, Kind};
use super::bands;
use super::cell::Format;
use super::error::PlanError;
use super::fused;
use super::ints::{IntCode, IntStep};
use super::len::{LenId, Lengths};
use super::memory;
use super::plan::{
    Arg, Base, Buffer, Dest, Plan, PlanInput, ScalarStep, Slot, Source, Step, Value, ViewStep,
};
use crate::facts::exact;
use crate::graph::{Graph, Head, Id};
use crate::op::{Attr, Kernel, View};
use crate::ty::Ty;

/// The number of the next plan; 0 is none.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// No value yet.
const NONE: u32 = u32::MAX;

/// The plan under construction.
pub(super) struct Builder<'g> {
    pub(super) graph: &'g Graph,
    pub(super) analysis: &'g Analysis,
    inputs: &'g [(Arc<str>, Ty)],
    plan_inputs: Vec<PlanInput>,
    lengths: Lengths,
    values: Vec<Value>,
    buffers: Vec<Buffer>,
    /// Array of each node.
    value_of: Vec<u32>,
    /// Scalar register of each node.
    slot_of: Vec<Slot>,
    scalars: Vec<f64>,
    sizes: Vec<(Slot, LenId)>,
    /// Output that a node's buffer is.
    output_of: Vec<u32>,
}

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// What is done at one place in the order.
enum Task {
    Scalar(Id),
    Loop(Vec<Id>),
    Own(Id),
}

pub(super) fn build(
    graph: &Graph,
    roots: &[Id],
    inputs: &[(Arc<str>, Ty)],
    analysis: &Analysis,
) -> Result<Plan, PlanError> {
    let mut b = Builder {
        graph,
        analysis,
        inputs,
        plan_inputs: Vec::new(),
        lengths: Lengths::default(),
        values: Vec::new(),
        buffers: Vec::new(),
        value_of: vec![NONE; graph.len()],
        slot_of: vec![NONE; graph.len()],
        scalars: Vec::new(),
        sizes: Vec::new(),
        output_of: vec![NONE; graph.len()],
    };
    b.inputs()?;
    b.leaves()?;
    for (k, &r) in roots.iter().enumerate() {
        let owns = matches!(analysis.kind[r as usize], Kind::Map | Kind::Fold | Kind::Own | Kind::Ints);
        let owns = owns && analysis.format[r as usize] == Format::of(graph.ty(r).dtype);
        if owns && analysis.number(graph, r).is_none() && b.output_of[r as usize] == NONE {
            b.output_of[r as usize] = index(k);
        }
    }
    let mut steps = b.steps()?;
    let mut outputs = Vec::new();
    let mut filled = Vec::new();
    for (k, &r) in roots.iter().enumerate() {
        outputs.push(b.dims(r)?);
        if let Some(number) = analysis.number(graph, r) {
            filled.push((index(k), b.slot_of[number as usize]));
        } else if b.output_of[r as usize] != index(k) {
            // A view, an input, or an output that is asked for again.
            let from = b.arg(r)?;
            let dtype = graph.ty(r).dtype;
            let out = Dest::Buffer(b.buffer(from.dims.clone(), Format::of(dtype), index(k)));
            steps.push(if dtype.is_int() {
                let (code, parts) = (IntCode::Copy, vec![from]);
                Step::Ints(IntStep { code, op: "copy", dtype, reads: dtype, parts, out })
            } else {
                Step::Copy { from, out }
            });
        }
    }
    let mut steps = bands::band(steps, &b.values, &b.buffers);
    let (registers, pieces) =
        memory::assign(&mut steps, &b.values, &mut b.buffers, &b.scalars, &mut filled, roots.len());
    b.scalars.resize(registers, 0.0);
    let valued: Vec<usize> = b.lengths.valued().collect();
    let scalar_only = b.values.is_empty()
        && valued.is_empty()
        && outputs.iter().all(Vec::is_empty)
        && b.plan_inputs.iter().all(|i| i.rank == 0)
        && steps.iter().all(|s| matches!(s, Step::Scalars(_)));
    Ok(Plan {
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        inputs: b.plan_inputs,
        valued,
        lengths: b.lengths,
        values: b.values,
        buffers: b.buffers,
        scalars: b.scalars,
        sizes: b.sizes,
        steps,
        outputs,
        output_formats: roots.iter().map(|&r| Format::of(graph.ty(r).dtype)).collect(),
        output_dtypes: roots.iter().map(|&r| graph.ty(r).dtype).collect(),
        filled,
        pieces,
        scalar_only,
    })
}

impl Builder<'_> {
    fn inputs(&mut self) -> Result<(), PlanError> {
        for (name, ty) in self.inputs {
            let rank = ty.rank();
            self.plan_inputs.push(PlanInput {
                name: name.clone(),
                rank,
                format: Format::of(ty.dtype),
                contiguous: false,
                slot: None,
            });
        }
        Ok(())
    }

    /// Registers for constants, lengths and scalar inputs; these keep theirs for the whole call.
    fn leaves(&mut self) -> Result<(), PlanError> {
        for &id in &self.analysis.order {
            let slot = index(self.scalars.len());
            match self.graph.node(id).head {
                Head::Const(bits) => self.scalars.push(f64::from_bits(bits)),
                Head::Int(_, x) => match exact(x) {
                    Some(x) => self.scalars.push(x),
                    None => continue,
                },
                Head::Size(s) => {
                    let len = self.lengths.intern(self.graph.size(s), self.inputs)?;
                    self.sizes.push((slot, len));
                    self.scalars.push(0.0);
                }
                Head::Var(v) => {
                    let name = self.graph.vars().get(v as usize).map(|(n, _)| n.clone()).unwrap_or_default();
                    let Some(k) = self.inputs.iter().position(|(n, _)| *n == name) else {
                        return Err(PlanError::Unbound {
                            dim: format!("of input `{name}`, which is not given"),
                        });
                    };
                    if self.analysis.kind[id as usize] == Kind::Scalar {
                        self.plan_inputs[k].slot = Some(slot);
                        self.scalars.push(0.0);
                    } else {
                        let dims = self.dims(id)?;
                        self.value_of[id as usize] = self.value(Base::Input(index(k)), None, dims);
                        continue;
                    }
                }
                Head::Op(..) => continue,
            }
            self.slot_of[id as usize] = slot;
        }
        Ok(())
    }

    /// Every node in the order of stages; within a stage scalars, then loops and other steps by
    /// their first node.
    fn steps(&mut self) -> Result<Vec<Step>, PlanError> {
        let analysis = self.analysis;
        let mut loops: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        let mut tasks: Vec<(u32, u8, Id, Task)> = Vec::new();
        for &id in &analysis.order {
            let at = id as usize;
            let stage = analysis.stage[at];
            match analysis.kind[at] {
                Kind::Scalar | Kind::Fetch if self.graph.application(id).is_some() => {
                    tasks.push((stage, 0, id, Task::Scalar(id)));
                }
                Kind::Map | Kind::Fold => {
                    let place = *loops.entry((stage, analysis.space[at])).or_insert_with(|| {
                        tasks.push((stage, 1, id, Task::Loop(Vec::new())));
                        tasks.len() - 1
                    });
                    if let Task::Loop(members) = &mut tasks[place].3 {
                        members.push(id);
                    }
                }
                Kind::Own | Kind::Ints => tasks.push((stage, 1, id, Task::Own(id))),
                _ => {}
            }
        }
        tasks.sort_by_key(|(stage, class, id, _)| (*stage, *class, *id));
        let mut steps: Vec<Step> = Vec::new();
        for (_, _, _, task) in tasks {
            match task {
                Task::Scalar(id) => {
                    let op = self.scalar(id)?;
                    let rounded = (self.analysis.format[id as usize] == Format::F32)
                        .then(|| ScalarStep::Round(self.slot_of[id as usize]));
                    if !matches!(steps.last(), Some(Step::Scalars(_))) {
                        steps.push(Step::Scalars(Vec::new()));
                    }
                    if let Some(Step::Scalars(ops)) = steps.last_mut() {
                        ops.push(op);
                        ops.extend(rounded);
                    }
                }
                Task::Loop(members) => steps.push(Step::Fused(fused::fuse(self, &members)?)),
                Task::Own(id) => {
                    let ints = self.analysis.kind[id as usize] == Kind::Ints;
                    let step = if ints { self.ints(id)? } else { self.own(id)? };
                    steps.push(step);
                    if let Some(slot) = self.slot(id)
                        && self.analysis.format[id as usize] == Format::F32
                    {
                        steps.push(Step::Scalars(vec![ScalarStep::Round(slot)]));
                    }
                }
            }
        }
        Ok(steps)
    }

    fn scalar(&mut self, id: Id) -> Result<ScalarStep, PlanError> {
        let Some((op, _, args)) = self.graph.application(id) else {
            return Err(PlanError::NoKernel { op: "" });
        };
        if self.analysis.kind[id as usize] == Kind::Fetch {
            let moved = matches!(op.def().kernel, Kernel::View(_) | Kernel::Reshape);
            let array = self.view(if moved { id } else { args[0] })?;
            return Ok(ScalarStep::Fetch(array, self.new_slot(id)));
        }
        let slots: Vec<Slot> = args.iter().filter_map(|&a| self.slot(a)).collect();
        let out = self.new_slot(id);
        match (op.def().kernel, slots.as_slice()) {
            (Kernel::Map1(k), [a]) => Ok(ScalarStep::One(k, *a, out)),
            (Kernel::Map2(k), [a, b]) => Ok(ScalarStep::Two(k, *a, *b, out)),
            (Kernel::Map3(k), [a, b, c]) => Ok(ScalarStep::Three(k, [*a, *b, *c], out)),
            _ => Err(PlanError::NoKernel { op: op.def().name }),
        }
    }

    /// Lengths of a node's shape.
    pub(super) fn dims(&mut self, id: Id) -> Result<Vec<LenId>, PlanError> {
        let graph = self.graph;
        graph.ty(id).shape.dims().iter().map(|d| self.lengths.intern(d, self.inputs)).collect()
    }

    fn value(&mut self, base: Base, parent: Option<(u32, ViewStep)>, dims: Vec<LenId>) -> u32 {
        self.values.push(Value { base, parent, dims });
        index(self.values.len() - 1)
    }

    fn buffer(&mut self, dims: Vec<LenId>, format: Format, memory: u32) -> u32 {
        self.buffers.push(Buffer { dims, format, memory });
        index(self.buffers.len() - 1)
    }

    fn new_slot(&mut self, id: Id) -> Slot {
        // Work registers are numbered past the constants; `memory` packs them.
        let slot = index(self.scalars.len()).saturating_add(id);
        self.slot_of[id as usize] = slot;
        slot
    }

    /// The scalar register of a node that is one number.
    pub(super) fn slot(&self, id: Id) -> Option<Slot> {
        let number = self.analysis.number(self.graph, id)?;
        Some(self.slot_of[number as usize])
    }

    /// Where a node's result goes.
    pub(super) fn dest(&mut self, id: Id) -> Result<Dest, PlanError> {
        if self.analysis.number(self.graph, id).is_some() {
            return Ok(Dest::Scalar(self.new_slot(id)));
        }
        let dims = self.dims(id)?;
        let format = self.analysis.format[id as usize];
        let buffer = self.buffer(dims.clone(), format, self.output_of[id as usize]);
        self.value_of[id as usize] = self.value(Base::Buffer(buffer), None, dims);
        Ok(Dest::Buffer(buffer))
    }

    /// Where a node is read.
    pub(super) fn source(&mut self, id: Id) -> Result<Source, PlanError> {
        match self.slot(id) {
            Some(slot) => Ok(Source::Scalar(slot)),
            None => Ok(Source::Array(self.view(id)?)),
        }
    }

    pub(super) fn arg(&mut self, id: Id) -> Result<Arg, PlanError> {
        Ok(Arg { source: self.source(id)?, dims: self.dims(id)? })
    }

    /// The array of a node; views are made down to the first array that exists.
    fn view(&mut self, id: Id) -> Result<u32, PlanError> {
        let mut chain = Vec::new();
        let mut at = id;
        while self.value_of[at as usize] == NONE {
            let Some((op, _, args)) = self.graph.application(at) else { break };
            if !matches!(op.def().kernel, Kernel::View(_) | Kernel::Reshape) {
                return Err(PlanError::NoKernel { op: op.def().name });
            }
            chain.push(at);
            at = args[0];
        }
        let mut parent = self.value_of[at as usize];
        for &node in chain.iter().rev() {
            let Some((op, attr, _)) = self.graph.application(node) else { continue };
            let step = match (op.def().kernel, attr) {
                (Kernel::View(View::Dimshuffle), Attr::Perm(p)) => ViewStep::Permute(p.clone()),
                (Kernel::View(View::Index), Attr::Index(items)) => ViewStep::Index(items.clone()),
                (Kernel::Reshape, _) => ViewStep::Reshape,
                _ => ViewStep::Broadcast,
            };
            let base = self.values[parent as usize].base;
            if let (ViewStep::Reshape, Base::Input(k)) = (&step, base) {
                self.plan_inputs[k as usize].contiguous = true;
            }
            let dims = self.dims(node)?;
            parent = self.value(base, Some((parent, step)), dims);
            self.value_of[node as usize] = parent;
        }
        Ok(parent)
    }
}
