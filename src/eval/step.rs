//! One step of a call: what it reads and writes, and who does it.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::backend::{Backend, Strided};
use super::cell::{Cell, FitError, Format, FromInteger as _, Memory, Registers, Slice, SliceMut};
use super::contraction;
use super::copy::{self, Read};
use super::dot;
use super::error::RunError;
use super::ints::{IntStep, Part};
use super::layout::Layout;
use super::len::LenId;
use super::plan::{Arg, Base, Dest, Fused, Plan, ScalarStep, Slot, Source, Step};
use super::split::{self, Operands};
use super::stretches::Spare;
use super::whole;
use super::windowed::{Framed, Windowed};
use crate::math::Element as _;
use crate::threads::Threads;

pub(super) type Lens = SmallVec<[usize; 4]>;

/// An input of a call: its memory, in the format that the plan asks for, and its layout in it.
pub(super) struct Bound<'a> {
    pub(super) data: Data<'a>,
    pub(super) layout: Layout,
}

/// Memory of an input.
pub(super) enum Data<'a> {
    F64(Cow<'a, [f64]>),
    F32(Cow<'a, [f32]>),
    I64(Cow<'a, [i64]>),
}

impl Data<'_> {
    pub(super) fn get(&self) -> Slice<'_> {
        match self {
            Data::F64(x) => Slice::F64(x),
            Data::F32(x) => Slice::F32(x),
            Data::I64(x) => Slice::I64(x),
        }
    }

    pub(super) fn format(&self) -> Format {
        match self {
            Data::F64(_) => Format::F64,
            Data::F32(_) => Format::F32,
            Data::I64(_) => Format::I64,
        }
    }

    /// The number at a position.
    pub(super) fn number(&self, at: usize) -> f64 {
        self.get().number(at)
    }
}

/// A call while it runs.
pub(super) struct Call<'c, 'i, 'a> {
    pub(super) plan: &'c Plan,
    pub(super) inputs: &'c [Bound<'i>],
    pub(super) lengths: &'c [usize],
    pub(super) layouts: &'c [Layout],
    pub(super) memory: SmallVec<[Memory<'a>; 6]>,
    pub(super) scalars: &'c mut [f64],
    pub(super) threads: Threads,
    /// Memory of bands, by thread.
    pub(super) spares: &'c mut Vec<Spare>,
}

/// One step of a scalar program.
pub(crate) fn exec(op: &ScalarStep, file: &mut [f64]) {
    let at = |s: Slot| s as usize;
    match *op {
        ScalarStep::One(f, a, out) => file[at(out)] = (f.scalar)(file[at(a)]),
        ScalarStep::Two(f, a, b, out) => file[at(out)] = (f.scalar)(file[at(a)], file[at(b)]),
        ScalarStep::Three(f, [a, b, c], out) => {
            file[at(out)] = (f.scalar)(file[at(a)], file[at(b)], file[at(c)]);
        }
        ScalarStep::Fetch(..) => {}
        ScalarStep::Round(x) => file[at(x)] = f32::of(file[at(x)]).wide(),
    }
}

impl<'a> Call<'_, '_, 'a> {
    pub(super) fn lens(&self, dims: &[LenId]) -> Lens {
        dims.iter().map(|&d| self.lengths[d as usize]).collect()
    }

    /// The memory of an array.
    fn data(&self, value: u32) -> Slice<'_> {
        match self.plan.values[value as usize].base {
            Base::Input(k) => self.inputs[k as usize].data.get(),
            Base::Buffer(b) => self.memory[self.plan.buffers[b as usize].memory as usize].get(),
        }
    }

    pub(super) fn read<T: Cell>(&self, arg: &Arg) -> Read<'_, T> {
        match arg.source {
            Source::Scalar(slot) => {
                let slot = slot as usize;
                let number = T::read(Slice::F64(&self.scalars[slot..=slot]));
                (number, Layout::repeated(&self.lens(&arg.dims)))
            }
            Source::Array(v) => (T::read(self.data(v)), self.layouts[v as usize].clone()),
        }
    }

    /// Takes the memory of a result out of the call, at its size.
    pub(super) fn take(&mut self, dest: Dest, number: Format) -> Result<(Memory<'a>, Lens), RunError> {
        let Dest::Buffer(b) = dest else {
            return Ok((Memory::one(number), Lens::new()));
        };
        let buffer = &self.plan.buffers[b as usize];
        let lens = self.lens(&buffer.dims);
        let n = lens.iter().product::<usize>();
        let mut memory = std::mem::take(&mut self.memory[buffer.memory as usize]);
        memory.fit(n).map_err(|e| match e {
            FitError::Length(got) => RunError::Shape {
                what: format!("output {}", buffer.memory),
                expected: lens.to_vec(),
                got: vec![got],
            },
            FitError::Memory => RunError::Memory { elements: n },
        })?;
        Ok((memory, lens))
    }

    /// Puts the memory of a result back.
    pub(super) fn put(&mut self, dest: Dest, memory: Memory<'a>) {
        match dest {
            Dest::Scalar(slot) => self.scalars[slot as usize] = memory.first(),
            Dest::Buffer(b) => self.memory[self.plan.buffers[b as usize].memory as usize] = memory,
        }
    }

    pub(super) fn step(
        &mut self,
        step: &Step,
        backend: &dyn Backend,
        registers: &mut Vec<Registers>,
    ) -> Result<(), RunError> {
        let out = match step {
            Step::Scalars(ops) => {
                for op in ops {
                    if let ScalarStep::Fetch(v, slot) = op {
                        let at = self.layouts[*v as usize].offset.unsigned_abs();
                        self.scalars[*slot as usize] = self.data(*v).number(at);
                    } else {
                        exec(op, self.scalars);
                    }
                }
                return Ok(());
            }
            Step::Fused(fused) => {
                return match fused.format {
                    Format::F64 => self.fused::<f64>(fused, backend, registers),
                    Format::F32 => self.fused::<f32>(fused, backend, registers),
                    // Loops compute floats.
                    Format::I64 => Ok(()),
                };
            }
            Step::Bands(b) => return self.bands(b, backend, registers),
            Step::Windowed(w) => {
                let (mut memory, space) = self.take(Dest::Buffer(w.out), Format::F64)?;
                let result = match &mut memory {
                    Memory::F64(data) => self.windowed(w, data.get_mut(), &space, backend, registers),
                    Memory::F32(data) => self.windowed(w, data.get_mut(), &space, backend, registers),
                    // Loops compute floats.
                    Memory::I64(_) => Ok(()),
                };
                self.put(Dest::Buffer(w.out), memory);
                return result;
            }
            Step::Ints(step) => return self.ints(step),
            Step::Dot { out, .. }
            | Step::Contract { out, .. }
            | Step::Copy { out, .. }
            | Step::Concat { out, .. }
            | Step::Whole { out, .. }
            | Step::Write { out, .. } => *out,
        };
        // A result that is one number is computed in doubles, and rounded by the next step.
        let (mut memory, lens) = self.take(out, Format::F64)?;
        let result = match &mut memory {
            Memory::F64(data) => self.own(step, data.get_mut(), &lens),
            Memory::F32(data) => self.own(step, data.get_mut(), &lens),
            // Only steps over integers write integers.
            Memory::I64(_) => Ok(()),
        };
        self.put(out, memory);
        result
    }

    /// A step over integers.
    fn ints(&mut self, step: &IntStep) -> Result<(), RunError> {
        let (mut memory, lens) = self.take(step.out, Format::I64)?;
        let run = |out: &mut [i64]| {
            let parts: SmallVec<[Part<'_>; 4]> = step.parts.iter().map(|p| self.part(p)).collect();
            step.run(&parts, out, &lens)
        };
        let result = match &mut memory {
            Memory::I64(data) => run(data.get_mut()),
            other => {
                let mut whole = vec![0; lens.iter().product()];
                let result = run(&mut whole);
                match other.get_mut() {
                    SliceMut::F64(x) => x.iter_mut().zip(whole).for_each(|(o, x)| *o = f64::from_integer(x)),
                    SliceMut::F32(x) => x.iter_mut().zip(whole).for_each(|(o, x)| *o = f32::from_integer(x)),
                    SliceMut::I64(_) => {}
                }
                result
            }
        };
        self.put(step.out, memory);
        result
    }

    /// An operand of a step over integers.
    fn part(&self, arg: &Arg) -> Part<'_> {
        match arg.source {
            Source::Scalar(slot) => {
                let slot = slot as usize;
                (Slice::F64(&self.scalars[slot..=slot]), Layout::repeated(&self.lens(&arg.dims)))
            }
            Source::Array(v) => (self.data(v), self.layouts[v as usize].clone()),
        }
    }

    /// A step that is not fused.
    fn own<T: Cell>(&self, step: &Step, data: &mut [T], lens: &[usize]) -> Result<(), RunError> {
        match step {
            Step::Scalars(_) | Step::Fused(_) | Step::Windowed(_) | Step::Bands(_) | Step::Ints(_) => Ok(()),
            Step::Dot { a, b, .. } => dot::dot(&self.read::<T>(a), &self.read(b), data, self.threads, false),
            Step::Contract { a, b, space, axes, .. } => {
                let (a, b) = (self.read::<T>(a), self.read(b));
                contraction::contract(&a, &b, &self.lens(space), axes, data, self.threads)
            }
            Step::Copy { from, .. } => {
                let from = self.read(from);
                let to = Layout::contiguous(&from.1.lens);
                copy::transfer(&from, data, &to, false)
            }
            Step::Concat { axis, parts, .. } => {
                let parts: SmallVec<[Read<'_, T>; 4]> = parts.iter().map(|p| self.read(p)).collect();
                copy::concat(*axis, &parts, data, lens)
            }
            Step::Whole { op, f, attr, parts, .. } => {
                let parts: SmallVec<[Read<'_>; 4]> = parts.iter().map(|p| self.read(p)).collect();
                whole::apply(op, *f, attr, &parts, data, lens)
            }
            Step::Write { base, value, index, add, .. } => {
                copy::write(&self.read(base), &self.read(value), index, *add, data, lens)
            }
        }
    }

    fn fused<T: Cell>(
        &mut self,
        fused: &Fused,
        backend: &dyn Backend,
        registers: &mut Vec<Registers>,
    ) -> Result<(), RunError> {
        let space = self.lens(&fused.space);
        let dests = fused.stores.iter().map(|&b| Dest::Buffer(b)).chain(fused.folds.iter().map(|f| f.out));
        let mut taken: SmallVec<[(Dest, Memory<'a>); 4]> = SmallVec::new();
        for dest in dests {
            taken.push((dest, self.take(dest, T::FORMAT)?.0));
        }
        let result = {
            let mut slices: SmallVec<[&mut [T]; 4]> =
                taken.iter_mut().map(|(_, memory)| T::write(memory.get_mut()).unwrap_or_default()).collect();
            let (stores, folds) = slices.split_at_mut(fused.stores.len());
            self.run_loop::<T>(
                fused,
                &space,
                &|_| (space.clone(), 0),
                (stores, folds, false),
                backend,
                registers,
            )
        };
        for (dest, memory) in taken {
            self.put(dest, memory);
        }
        result
    }

    /// A result in segments of its first axis, each a loop.
    fn windowed<T: Cell>(
        &self,
        w: &Windowed,
        data: &mut [T],
        space: &[usize],
        backend: &dyn Backend,
        registers: &mut Vec<Registers>,
    ) -> Result<(), RunError> {
        let row = data.len() / space[0].max(1);
        for segment in w.segments(space[0]) {
            let Framed { fused, frames } = &w.programs[segment.program];
            let mut lens: Lens = space.into();
            lens[0] = segment.end - segment.start;
            let data = &mut data[segment.start * row..segment.end * row];
            let seen = |leaf: usize| w.seen(frames[leaf], segment, space);
            if !fused.code.is_empty() {
                self.run_loop::<T>(fused, &lens, &seen, (&mut [data], &mut [], false), backend, registers)?;
                continue;
            }
            // The elements of one leaf.
            let dims = match fused.leaves[0] {
                Source::Scalar(_) => Vec::new(),
                Source::Array(v) => self.plan.values[v as usize].dims.clone(),
            };
            let (all, shift) = seen(0);
            let (from, layout) = self.read::<T>(&Arg { source: fused.leaves[0], dims });
            let mut strides: SmallVec<[isize; 4]> = SmallVec::new();
            layout.over(&all, &mut strides)?;
            let offset = layout.offset + shift * strides[0];
            let to = Layout::contiguous(&lens);
            copy::transfer(&(from, Layout { lens, strides, offset }), data, &to, false)?;
        }
        Ok(())
    }

    /// Runs a loop; `seen` tells for each leaf the lengths that it is broadcast to, and how far the first element
    /// that is read lies along the first axis; of `folds` those over the first axis are `begun` or not.
    pub(super) fn run_loop<'m, T: Cell>(
        &self,
        fused: &Fused,
        space: &[usize],
        seen: &dyn Fn(usize) -> (Lens, isize),
        (stores, folds, begun): (&mut [&'m mut [T]], &mut [&'m mut [T]], bool),
        backend: &dyn Backend,
        registers: &mut Vec<Registers>,
    ) -> Result<(), RunError> {
        let rank = space.len();
        let mut strides: SmallVec<[isize; 16]> = SmallVec::new();
        let mut offsets: SmallVec<[isize; 8]> = SmallVec::new();
        let mut numbers: SmallVec<[T; 8]> = SmallVec::new();
        let mut arrays: SmallVec<[Cow<'_, [T]>; 8]> = SmallVec::new();
        for (k, leaf) in fused.leaves.iter().enumerate() {
            match leaf {
                Source::Scalar(slot) => {
                    strides.extend(std::iter::repeat_n(0, rank));
                    offsets.push(0);
                    numbers.push(T::of(self.scalars[*slot as usize]));
                }
                Source::Array(v) => {
                    let layout = &self.layouts[*v as usize];
                    let (lens, shift) = seen(k);
                    layout.over(&lens, &mut strides)?;
                    let first = if rank == 0 { 0 } else { strides[k * rank] * shift };
                    offsets.push(layout.offset + first);
                    arrays.push(T::read(self.data(*v)));
                }
            }
        }
        let (mut numbers, mut arrays) = (numbers.chunks_exact(1), arrays.iter());
        let leaves: SmallVec<[Strided<'_, T>; 8]> = fused
            .leaves
            .iter()
            .enumerate()
            .map(|(i, leaf)| {
                let data = match leaf {
                    Source::Scalar(_) => numbers.next(),
                    Source::Array(_) => arrays.next().map(|a| &**a),
                };
                Strided {
                    data: data.unwrap_or_default(),
                    offset: offsets[i],
                    strides: &strides[i * rank..][..rank],
                }
            })
            .collect();
        let operands = Operands { space, leaves: &leaves, stores, folds, begun };
        split::run(backend, fused, operands, registers, self.threads)
    }
}
