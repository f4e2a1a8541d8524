//! One call of a plan: lengths, layouts, memory, then the steps in order.

use std::borrow::Cow;

use ndarray::ArrayViewD;
use smallvec::SmallVec;

use super::array::{ArrayRef, Input, Output};
use super::backend::Backend;
use super::cell::{Format, FromInteger as _, Memory, Registers, Slice, SliceMut};
use super::error::RunError;
use super::layout::{Layout, signed};
use super::plan::{Base, Fused, Plan, PlanInput, Step};
use super::split;
use super::step::{Bound, Call, Data, Lens, exec};
use super::stretches::Spare;
use crate::math::Element;
use crate::threads::Threads;
use crate::ty::{DType, to_bits};

/// What a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Elements of one array.
    pub elements: usize,
    /// Threads, for work that is large enough.
    pub threads: Threads,
}

impl Default for Limits {
    /// 32 GiB for one array.
    fn default() -> Limits {
        Limits { elements: 1 << 32, threads: Threads::Pool }
    }
}

/// Memory kept from call to call, and what the last call has worked out: calls of one shape work out
/// lengths and layouts once.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The plan that all of this belongs to.
    plan: u64,
    limits: Limits,
    /// Shapes of the inputs, one after the other.
    shapes: Vec<usize>,
    lengths: Vec<usize>,
    /// How the inputs lay; empty when the shapes are new.
    inputs: Vec<Layout>,
    layouts: Vec<Layout>,
    scalars: Vec<f64>,
    pieces: Vec<Memory<'static>>,
    registers: Vec<Registers>,
    spares: Vec<Spare>,
}

impl Scratch {
    /// The lengths of the last call.
    pub(crate) fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Where the arrays of the last call lay.
    pub(crate) fn layouts(&self) -> &[Layout] {
        &self.layouts
    }
}

impl Scratch {
    /// How many threads a call may use.
    pub(crate) fn threads(&self) -> Threads {
        self.limits.threads
    }

    /// What threads take off a loop over so many elements, in additions.
    pub(crate) fn gain(&self, fused: &Fused, elements: usize) -> f64 {
        split::gain(fused, elements, self.limits.threads)
    }
}

/// What the lengths of a call follow from: the shapes of the inputs, and the integers that some are.
fn told_by<'a, I: Input>(inputs: &'a [I], valued: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    let integer = |i: &usize| inputs.get(*i).and_then(|x| x.array().integers().next()).map_or(0, to_bits);
    inputs.iter().flat_map(|x| x.lens().iter().copied()).chain(valued.iter().map(integer))
}

impl Plan {
    /// Computes all lengths of a call and checks every size, before memory is taken.
    ///
    /// # Errors
    /// The wrong number or rank of inputs, a length without value, an array that is too large.
    pub fn prepare<I: Input>(
        &self,
        inputs: &[I],
        scratch: &mut Scratch,
        limits: Limits,
    ) -> Result<(), RunError> {
        if inputs.len() != self.inputs.len() {
            return Err(RunError::Count { what: "inputs", expected: self.inputs.len(), got: inputs.len() });
        }
        for (plan, input) in self.inputs.iter().zip(inputs) {
            if plan.rank != input.lens().len() {
                return Err(RunError::Shape {
                    what: format!("input `{}`", plan.name),
                    expected: vec![0; plan.rank],
                    got: input.lens().to_vec(),
                });
            }
        }
        if scratch.plan != self.id {
            scratch.plan = self.id;
            scratch.pieces.clear();
            scratch.spares.clear();
        } else if scratch.limits == limits
            && !scratch.lengths.is_empty()
            && told_by(inputs, &self.valued).eq(scratch.shapes.iter().copied())
        {
            return Ok(());
        }
        scratch.limits = limits;
        scratch.inputs.clear();
        scratch.layouts.clear();
        scratch.lengths.clear();
        scratch.shapes.clear();
        scratch.shapes.extend(told_by(inputs, &self.valued));
        let shapes: SmallVec<[&[usize]; 8]> = inputs.iter().map(Input::lens).collect();
        let integer = |i: usize| inputs.get(i).and_then(|x| x.array().integers().next());
        if let Err(e) = self.lengths.values(&shapes, &integer, &mut scratch.lengths) {
            scratch.lengths.clear();
            return Err(e);
        }
        let lengths = &scratch.lengths;
        let arrays = self.buffers.iter().map(|b| &b.dims).chain(&self.outputs);
        for dims in arrays {
            let mut lens = dims.iter().map(|&d| lengths[d as usize]);
            let fits = lens.try_fold(1usize, usize::checked_mul).is_some_and(|n| n <= limits.elements);
            // An empty array is small whatever its other lengths.
            if !fits && !dims.iter().any(|&d| lengths[d as usize] == 0) {
                let shape = dims.iter().map(|&d| lengths[d as usize]).collect();
                scratch.lengths.clear();
                return Err(RunError::TooLarge { shape, limit: limits.elements });
            }
        }
        Ok(())
    }

    /// The shape of an output of the prepared call.
    pub fn output_shape(&self, scratch: &Scratch, output: usize) -> Vec<usize> {
        let dims = self.outputs.get(output).map_or(&[][..], |d| d);
        dims.iter().filter_map(|&d| scratch.lengths.get(d as usize)).copied().collect()
    }

    /// Has an output of the prepared call this shape?
    pub fn has_shape(&self, scratch: &Scratch, output: usize, shape: &[usize]) -> bool {
        self.outputs.get(output).is_some_and(|dims| {
            dims.len() == shape.len()
                && dims.iter().zip(shape).all(|(&d, n)| scratch.lengths.get(d as usize) == Some(n))
        })
    }

    /// Runs the prepared call. Outputs are in row-major order, of the shapes that
    /// [`Plan::output_shape`] tells. Inputs and outputs of another format than the plan's are
    /// converted.
    ///
    /// # Errors
    /// Shapes that do not fit, no memory.
    pub fn run<I: Input, O: Output>(
        &self,
        backend: &dyn Backend,
        inputs: &[I],
        outputs: &mut [O],
        scratch: &mut Scratch,
    ) -> Result<(), RunError> {
        if outputs.len() != self.outputs.len() {
            return Err(RunError::Count {
                what: "outputs",
                expected: self.outputs.len(),
                got: outputs.len(),
            });
        }
        let views: SmallVec<[ArrayRef<'_>; 4]> = inputs.iter().map(Input::array).collect();
        let bound: SmallVec<[Bound<'_>; 4]> =
            self.inputs.iter().zip(&views).map(|(plan, view)| bind(view, plan)).collect();
        let known = scratch.inputs.iter().eq(bound.iter().map(|b| &b.layout));
        if !known || scratch.layouts.len() != self.values.len() {
            scratch.inputs.clear();
            layouts(self, &bound, &scratch.lengths, &mut scratch.layouts)?;
            scratch.inputs.extend(bound.iter().map(|b| b.layout.clone()));
        }
        scratch.scalars.clear();
        scratch.scalars.extend_from_slice(&self.scalars);
        for (slot, len) in &self.sizes {
            scratch.scalars[*slot as usize] = count(scratch.lengths[*len as usize]);
        }
        for (plan, bound) in self.inputs.iter().zip(&bound) {
            if let Some(slot) = plan.slot {
                scratch.scalars[slot as usize] = bound.data.number(bound.layout.offset.unsigned_abs());
            }
        }
        for &format in self.pieces.iter().skip(scratch.pieces.len()) {
            scratch.pieces.push(Memory::own(format));
        }
        let mut memory: SmallVec<[Memory<'_>; 6]> = SmallVec::new();
        for (output, &format) in outputs.iter_mut().zip(&self.output_formats) {
            let data = Memory::out(output.cells());
            memory.push(if data.format() == format { data } else { Memory::own(format) });
        }
        memory.extend(scratch.pieces.iter_mut().map(|p| -> Memory<'_> { std::mem::take(p) }));
        let mut call = Call {
            plan: self,
            inputs: &bound,
            lengths: &scratch.lengths,
            layouts: &scratch.layouts,
            memory,
            scalars: &mut scratch.scalars,
            threads: scratch.limits.threads,
            spares: &mut scratch.spares,
        };
        let mut result = Ok(());
        for step in &self.steps {
            result = call.step(step, backend, &mut scratch.registers);
            if result.is_err() {
                break;
            }
        }
        for (output, slot) in &self.filled {
            let x = call.scalars[*slot as usize];
            if let Some(data) = call.memory.get_mut(*output as usize) {
                let n = self.outputs[*output as usize].iter().map(|&d| call.lengths[d as usize]).product();
                if data.fit(n).is_ok() {
                    data.fill(x);
                }
            }
        }
        let first = self.outputs.len();
        for (piece, memory) in scratch.pieces.iter_mut().zip(call.memory.drain(first..)) {
            if let Some(data) = memory.kept() {
                *piece = data;
            }
        }
        let apart: SmallVec<[Option<Memory<'static>>; 4]> = call.memory.drain(..).map(Memory::kept).collect();
        drop(call);
        for (output, apart) in outputs.iter_mut().zip(&apart) {
            if let Some(apart) = apart {
                convert(apart.get(), output.cells());
            }
        }
        result
    }

    /// Is it a program of scalars alone, that [`Plan::run_scalars`] runs?
    pub fn is_scalar(&self) -> bool {
        self.scalar_only
    }

    /// Runs a program of scalars alone: a straight line over a small file of registers.
    pub fn run_scalars(&self, inputs: impl Iterator<Item = f64>, mut output: impl FnMut(usize, f64)) {
        let mut file: SmallVec<[f64; 32]> = SmallVec::from_slice(&self.scalars);
        for (plan, x) in self.inputs.iter().zip(inputs) {
            if let Some(slot) = plan.slot {
                file[slot as usize] = x;
            }
        }
        for step in &self.steps {
            if let Step::Scalars(ops) = step {
                ops.iter().for_each(|op| exec(op, &mut file));
            }
        }
        for (k, slot) in &self.filled {
            output(*k as usize, file[*slot as usize]);
        }
    }
}

fn count(n: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
    let x = n as f64;
    x
}

/// Elements of one format into the other; floats become integers as conversions make them.
fn convert(from: Slice<'_>, to: SliceMut<'_>) {
    fn each<A: Element, B: Element>(from: &[A], to: &mut [B]) {
        to.iter_mut().zip(from).for_each(|(o, x)| *o = B::of(x.wide()));
    }
    fn integers<A: Element>(from: &[A], to: &mut [i64]) {
        to.iter_mut().zip(from).for_each(|(o, x)| *o = DType::I64.truncate(x.wide()));
    }
    match (from, to) {
        (Slice::F64(x), SliceMut::F64(y)) => each(x, y),
        (Slice::F64(x), SliceMut::F32(y)) => each(x, y),
        (Slice::F32(x), SliceMut::F64(y)) => each(x, y),
        (Slice::F32(x), SliceMut::F32(y)) => each(x, y),
        (Slice::F64(x), SliceMut::I64(y)) => integers(x, y),
        (Slice::F32(x), SliceMut::I64(y)) => integers(x, y),
        (Slice::I64(x), SliceMut::F64(y)) => {
            y.iter_mut().zip(x).for_each(|(o, x)| *o = f64::from_integer(*x));
        }
        (Slice::I64(x), SliceMut::F32(y)) => {
            y.iter_mut().zip(x).for_each(|(o, x)| *o = f32::from_integer(*x));
        }
        (Slice::I64(x), SliceMut::I64(y)) => y.copy_from_slice(x),
    }
}

/// The memory of an input and its layout in it; copied only where its elements have gaps, are of
/// another format, or must be in row-major order and are not.
fn bind<'a>(view: &'a ArrayRef<'_>, plan: &PlanInput) -> Bound<'a> {
    fn all<A: Element, B: Element>(x: &ArrayViewD<'_, A>) -> (Cow<'static, [B]>, Layout) {
        (x.iter().map(|x| B::of(x.wide())).collect(), Layout::contiguous(x.shape()))
    }
    let row_major = plan.contiguous;
    match (plan.format, view) {
        (Format::F64, ArrayRef::F64(x)) => {
            let (data, layout) = lies(x, row_major).unwrap_or_else(|| all(x));
            Bound { data: Data::F64(data), layout }
        }
        (Format::F32, ArrayRef::F32(x)) => {
            let (data, layout) = lies(x, row_major).unwrap_or_else(|| all(x));
            Bound { data: Data::F32(data), layout }
        }
        (Format::I64, ArrayRef::I64(x)) => {
            let (data, layout) = lies(x, row_major)
                .unwrap_or_else(|| (x.iter().copied().collect(), Layout::contiguous(x.shape())));
            Bound { data: Data::I64(data), layout }
        }
        (Format::F64, ArrayRef::F32(x)) => {
            let (data, layout) = all(x);
            Bound { data: Data::F64(data), layout }
        }
        (Format::F32, ArrayRef::F64(x)) => {
            let (data, layout) = all(x);
            Bound { data: Data::F32(data), layout }
        }
        (format, other) => {
            let layout = Layout::contiguous(other.lens());
            let data = match format {
                Format::F64 => Data::F64(other.floats().collect()),
                #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked")]
                Format::F32 => Data::F32(other.floats().map(|x| x as f32).collect()),
                Format::I64 => Data::I64(other.integers().collect()),
            };
            Bound { data, layout }
        }
    }
}

/// How an array lies in its memory, where it has no gaps.
fn lies<'a, T: Clone>(view: &'a ArrayViewD<'_, T>, row_major: bool) -> Option<(Cow<'a, [T]>, Layout)> {
    if let Some(data) = view.as_slice() {
        return Some((Cow::Borrowed(data), Layout::contiguous(view.shape())));
    }
    let data = view.as_slice_memory_order().filter(|_| !row_major)?;
    let mut layout = Layout { lens: view.shape().into(), strides: view.strides().into(), offset: 0 };
    for (stride, &n) in layout.strides.iter_mut().zip(view.shape()) {
        if n <= 1 {
            *stride = 0;
        } else if *stride < 0 {
            layout.offset -= *stride * signed(n - 1);
        }
    }
    Some((Cow::Borrowed(data), layout))
}

fn layouts(
    plan: &Plan,
    inputs: &[Bound<'_>],
    lengths: &[usize],
    out: &mut Vec<Layout>,
) -> Result<(), RunError> {
    out.clear();
    for value in &plan.values {
        let lens: Lens = value.dims.iter().map(|&d| lengths[d as usize]).collect();
        let layout = match (&value.parent, value.base) {
            (Some((parent, step)), _) => out[*parent as usize].view(step, &lens)?,
            (None, Base::Input(k)) => {
                let layout = &inputs[k as usize].layout;
                if layout.lens != lens {
                    return Err(RunError::Shape {
                        what: format!("input `{}`", plan.inputs[k as usize].name),
                        expected: lens.to_vec(),
                        got: layout.lens.to_vec(),
                    });
                }
                layout.clone()
            }
            (None, Base::Buffer(_)) => Layout::contiguous(&lens),
        };
        out.push(layout);
    }
    Ok(())
}
