//! One step of a call: what it reads and writes, and who does it.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::backend::{Backend, FusedArgs, Strided};
use super::copy::{self, Read};
use super::dot;
use super::error::RunError;
use super::layout::Layout;
use super::len::LenId;
use super::plan::{Arg, Base, Dest, Fused, Plan, ScalarStep, Slot, Source, Step};
use super::whole;

pub(super) type Lens = SmallVec<[usize; 4]>;

/// A piece of memory during a call.
pub(super) enum Memory<'a> {
    Output(&'a mut [f64]),
    Piece(Vec<f64>),
}

impl Memory<'_> {
    fn get(&self) -> &[f64] {
        match self {
            Memory::Output(data) => data,
            Memory::Piece(data) => data,
        }
    }
}

/// A call while it runs.
pub(super) struct Call<'c, 'a> {
    pub(super) plan: &'c Plan,
    pub(super) inputs: &'c [(Cow<'a, [f64]>, Layout)],
    pub(super) lengths: &'c [usize],
    pub(super) layouts: &'c [Layout],
    pub(super) memory: SmallVec<[Memory<'a>; 6]>,
    pub(super) scalars: &'c mut [f64],
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
    }
}

impl<'a> Call<'_, 'a> {
    fn lens(&self, dims: &[LenId]) -> Lens {
        dims.iter().map(|&d| self.lengths[d as usize]).collect()
    }

    /// The memory of an array.
    fn data(&self, value: u32) -> &[f64] {
        match self.plan.values[value as usize].base {
            Base::Input(k) => &self.inputs[k as usize].0,
            Base::Buffer(b) => self.memory[self.plan.buffers[b as usize].memory as usize].get(),
        }
    }

    fn read(&self, arg: &Arg) -> Read<'_> {
        match arg.source {
            Source::Scalar(slot) => {
                let slot = slot as usize;
                (&self.scalars[slot..=slot], Layout::repeated(&self.lens(&arg.dims)))
            }
            Source::Array(v) => (self.data(v), self.layouts[v as usize].clone()),
        }
    }

    /// Takes the memory of a result out of the call, at its size.
    fn take(&mut self, dest: Dest) -> Result<(Memory<'a>, Lens), RunError> {
        let Dest::Buffer(b) = dest else {
            return Ok((Memory::Piece(vec![0.0]), Lens::new()));
        };
        let buffer = &self.plan.buffers[b as usize];
        let lens = self.lens(&buffer.dims);
        let n = lens.iter().product::<usize>();
        let place = &mut self.memory[buffer.memory as usize];
        let mut memory = std::mem::replace(place, Memory::Piece(Vec::new()));
        match &mut memory {
            Memory::Output(data) if data.len() != n => {
                return Err(RunError::Shape {
                    what: format!("output {}", buffer.memory),
                    expected: lens.to_vec(),
                    got: vec![data.len()],
                });
            }
            Memory::Output(_) => {}
            Memory::Piece(data) => {
                let more = n.saturating_sub(data.len());
                data.try_reserve_exact(more).map_err(|_| RunError::Memory { elements: n })?;
                data.resize(n, 0.0);
            }
        }
        Ok((memory, lens))
    }

    /// Puts the memory of a result back.
    fn put(&mut self, dest: Dest, memory: Memory<'a>) {
        match dest {
            Dest::Scalar(slot) => {
                self.scalars[slot as usize] = memory.get().first().copied().unwrap_or(f64::NAN);
            }
            Dest::Buffer(b) => self.memory[self.plan.buffers[b as usize].memory as usize] = memory,
        }
    }

    pub(super) fn step(
        &mut self,
        step: &Step,
        backend: &dyn Backend,
        registers: &mut Vec<Vec<f64>>,
    ) -> Result<(), RunError> {
        match step {
            Step::Scalars(ops) => {
                for op in ops {
                    if let ScalarStep::Fetch(v, slot) = op {
                        let at = self.layouts[*v as usize].offset.unsigned_abs();
                        self.scalars[*slot as usize] = self.data(*v).get(at).copied().unwrap_or(f64::NAN);
                    } else {
                        exec(op, self.scalars);
                    }
                }
                Ok(())
            }
            Step::Fused(fused) => self.fused(fused, backend, registers),
            Step::Dot { a, b, out } => {
                self.into(*out, |call, data, _| dot::dot(&call.read(a), &call.read(b), data))
            }
            Step::Copy { from, out } => self.into(*out, |call, data, _| {
                let from = call.read(from);
                let to = Layout::contiguous(&from.1.lens);
                copy::transfer(&from, data, &to, false)
            }),
            Step::Concat { axis, parts, out } => self.into(*out, |call, data, lens| {
                let parts: SmallVec<[Read<'_>; 4]> = parts.iter().map(|p| call.read(p)).collect();
                copy::concat(*axis, &parts, data, lens)
            }),
            Step::Whole { op, f, attr, parts, out } => self.into(*out, |call, data, lens| {
                let parts: SmallVec<[Read<'_>; 4]> = parts.iter().map(|p| call.read(p)).collect();
                whole::apply(op, *f, attr, &parts, data, lens)
            }),
            Step::Write { base, value, index, add, out } => self.into(*out, |call, data, lens| {
                copy::write(&call.read(base), &call.read(value), index, *add, data, lens)
            }),
        }
    }

    fn into(
        &mut self,
        dest: Dest,
        f: impl FnOnce(&Self, &mut [f64], &[usize]) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let (mut memory, lens) = self.take(dest)?;
        let result = match &mut memory {
            Memory::Output(data) => f(self, data, &lens),
            Memory::Piece(data) => f(self, data, &lens),
        };
        self.put(dest, memory);
        result
    }

    fn fused(
        &mut self,
        fused: &Fused,
        backend: &dyn Backend,
        registers: &mut Vec<Vec<f64>>,
    ) -> Result<(), RunError> {
        let space = self.lens(&fused.space);
        let dests = fused.stores.iter().map(|&b| Dest::Buffer(b)).chain(fused.folds.iter().map(|f| f.out));
        let mut taken: SmallVec<[(Dest, Memory<'a>); 4]> = SmallVec::new();
        for dest in dests {
            taken.push((dest, self.take(dest)?.0));
        }
        let result = self.run_loop(fused, &space, &mut taken, backend, registers);
        for (dest, memory) in taken {
            self.put(dest, memory);
        }
        result
    }

    fn run_loop(
        &self,
        fused: &Fused,
        space: &[usize],
        taken: &mut [(Dest, Memory<'a>)],
        backend: &dyn Backend,
        registers: &mut Vec<Vec<f64>>,
    ) -> Result<(), RunError> {
        let rank = space.len();
        let mut strides: SmallVec<[isize; 16]> = SmallVec::new();
        for leaf in &fused.leaves {
            match leaf {
                Source::Scalar(_) => strides.extend(std::iter::repeat_n(0, rank)),
                Source::Array(v) => self.layouts[*v as usize].over(space, &mut strides)?,
            }
        }
        let leaves: SmallVec<[Strided<'_>; 8]> = fused
            .leaves
            .iter()
            .enumerate()
            .map(|(i, leaf)| {
                let strides = &strides[i * rank..][..rank];
                match leaf {
                    Source::Scalar(slot) => {
                        let slot = *slot as usize;
                        Strided { data: &self.scalars[slot..=slot], offset: 0, strides }
                    }
                    Source::Array(v) => {
                        Strided { data: self.data(*v), offset: self.layouts[*v as usize].offset, strides }
                    }
                }
            })
            .collect();
        let mut slices: SmallVec<[&mut [f64]; 4]> = taken
            .iter_mut()
            .map(|(_, memory)| match memory {
                Memory::Output(data) => &mut **data,
                Memory::Piece(data) => data.as_mut_slice(),
            })
            .collect();
        let (stores, folds) = slices.split_at_mut(fused.stores.len());
        backend.run(fused, FusedArgs { space, leaves: &leaves, stores, folds, registers })
    }
}
