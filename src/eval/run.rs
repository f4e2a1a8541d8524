//! One call of a plan: lengths, layouts, memory, then the steps in order.

use std::borrow::Cow;

use ndarray::ArrayViewD;
use smallvec::SmallVec;

use super::backend::Backend;
use super::error::RunError;
use super::layout::{Layout, signed};
use super::plan::{Base, Plan, Step};
use super::step::{Call, Lens, Memory, exec};

/// What a call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Elements of one array.
    pub elements: usize,
}

impl Default for Limits {
    /// 32 GiB for one array.
    fn default() -> Limits {
        Limits { elements: 1 << 32 }
    }
}

/// Memory kept from call to call.
#[derive(Debug, Default)]
pub struct Scratch {
    lengths: Vec<usize>,
    layouts: Vec<Layout>,
    scalars: Vec<f64>,
    pieces: Vec<Vec<f64>>,
    registers: Vec<Vec<f64>>,
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

impl Plan {
    /// Computes all lengths of a call and checks every size, before memory is taken.
    ///
    /// # Errors
    /// The wrong number or rank of inputs, a length without value, an array that is too large.
    pub fn prepare(
        &self,
        inputs: &[ArrayViewD<'_, f64>],
        scratch: &mut Scratch,
        limits: Limits,
    ) -> Result<(), RunError> {
        if inputs.len() != self.inputs.len() {
            return Err(RunError::Count { what: "inputs", expected: self.inputs.len(), got: inputs.len() });
        }
        for (plan, input) in self.inputs.iter().zip(inputs) {
            if plan.rank != input.ndim() {
                return Err(RunError::Shape {
                    what: format!("input `{}`", plan.name),
                    expected: vec![0; plan.rank],
                    got: input.shape().to_vec(),
                });
            }
        }
        let shapes: SmallVec<[&[usize]; 8]> = inputs.iter().map(|i| i.shape()).collect();
        self.lengths.values(&shapes, &mut scratch.lengths)?;
        let lengths = &scratch.lengths;
        let arrays = self.buffers.iter().map(|b| &b.dims).chain(&self.outputs);
        for dims in arrays {
            let mut lens = dims.iter().map(|&d| lengths[d as usize]);
            let fits = lens.try_fold(1usize, usize::checked_mul).is_some_and(|n| n <= limits.elements);
            // An empty array is small whatever its other lengths.
            if !fits && !dims.iter().any(|&d| lengths[d as usize] == 0) {
                let shape = dims.iter().map(|&d| lengths[d as usize]).collect();
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
    /// [`Plan::output_shape`] tells.
    ///
    /// # Errors
    /// Shapes that do not fit, no memory.
    pub fn run(
        &self,
        backend: &dyn Backend,
        inputs: &[ArrayViewD<'_, f64>],
        outputs: &mut [&mut [f64]],
        scratch: &mut Scratch,
    ) -> Result<(), RunError> {
        if outputs.len() != self.outputs.len() {
            return Err(RunError::Count {
                what: "outputs",
                expected: self.outputs.len(),
                got: outputs.len(),
            });
        }
        let bound: SmallVec<[(Cow<'_, [f64]>, Layout); 4]> =
            self.inputs.iter().zip(inputs).map(|(plan, view)| bind(view, plan.contiguous)).collect();
        layouts(self, &bound, &scratch.lengths, &mut scratch.layouts)?;
        scratch.scalars.clear();
        scratch.scalars.extend_from_slice(&self.scalars);
        for (slot, len) in &self.sizes {
            scratch.scalars[*slot as usize] = count(scratch.lengths[*len as usize]);
        }

        for (plan, (data, layout)) in self.inputs.iter().zip(&bound) {
            if let Some(slot) = plan.slot {
                scratch.scalars[slot as usize] =
                    data.get(layout.offset.unsigned_abs()).copied().unwrap_or(f64::NAN);
            }
        }
        let pieces = self.pieces as usize;
        if scratch.pieces.len() < pieces {
            scratch.pieces.resize_with(pieces, Vec::new);
        }
        let mut memory: SmallVec<[Memory<'_>; 6]> = SmallVec::new();
        memory.extend(outputs.iter_mut().map(|o| Memory::Output(o)));
        memory.extend(scratch.pieces.iter_mut().take(pieces).map(|p| Memory::Piece(std::mem::take(p))));
        let mut call = Call {
            plan: self,
            inputs: &bound,
            lengths: &scratch.lengths,
            layouts: &scratch.layouts,
            memory,
            scalars: &mut scratch.scalars,
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
            if let Some(Memory::Output(data)) = call.memory.get_mut(*output as usize) {
                data.fill(x);
            }
        }
        let first = self.outputs.len();
        for (piece, memory) in scratch.pieces.iter_mut().zip(call.memory.drain(first..)) {
            if let Memory::Piece(data) = memory {
                *piece = data;
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

/// The memory of an input and its layout in it; copied only where its elements have gaps, or must
/// be in row-major order and are not.
fn bind<'a>(view: &'a ArrayViewD<'_, f64>, row_major: bool) -> (Cow<'a, [f64]>, Layout) {
    if let Some(data) = view.as_slice() {
        return (Cow::Borrowed(data), Layout::contiguous(view.shape()));
    }
    if !row_major && let Some(data) = view.as_slice_memory_order() {
        let mut layout = Layout { lens: view.shape().into(), strides: view.strides().into(), offset: 0 };
        for (stride, &n) in layout.strides.iter_mut().zip(view.shape()) {
            if n <= 1 {
                *stride = 0;
            } else if *stride < 0 {
                layout.offset -= *stride * signed(n - 1);
            }
        }
        return (Cow::Borrowed(data), layout);
    }
    (Cow::Owned(view.iter().copied().collect()), Layout::contiguous(view.shape()))
}

fn layouts(
    plan: &Plan,
    inputs: &[(Cow<'_, [f64]>, Layout)],
    lengths: &[usize],
    out: &mut Vec<Layout>,
) -> Result<(), RunError> {
    out.clear();
    for value in &plan.values {
        let lens: Lens = value.dims.iter().map(|&d| lengths[d as usize]).collect();
        let layout = match (&value.parent, value.base) {
            (Some((parent, step)), _) => out[*parent as usize].view(step, &lens)?,
            (None, Base::Input(k)) => {
                let (_, layout) = &inputs[k as usize];
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
