//! Calls decided ahead: for inputs of known lengths in row-major order, a plan of scalars and loops is
//! a list of code and of where its operands are. Nothing is allocated, looked up or laid out in a call.

use std::sync::Arc;

use ndarray::{ArrayViewD, ArrayViewMutD};
use smallvec::SmallVec;

use super::loops::{Code, Native};
use super::scalars;
use crate::eval::{
    BLOCK, Base, Dest, FoldSpec, Fused, Layout, Nest, Pairwise, Plan, Ready, ScalarStep, Scratch, Source,
    Step, exec, kept_strides,
};
use crate::op::{FOLD_LANES, FOLD_SHORTEST};

/// Doubles of memory beside the outputs, at most; where calls are long, deciding ahead saves nothing.
const LARGEST: usize = 1 << 17;

/// A place in memory: which memory, and how many doubles from its start.
type Place = (u32, usize);

/// What one step does.
#[derive(Debug)]
enum Act {
    Scalars(Vec<ScalarStep>),
    Fetch(Place, u32),
    /// One call of code, over so many elements.
    Loop(Arc<Code>, usize, Vec<Place>),
    Folds(Folds),
}

/// A row whose elements are all reduced.
#[derive(Debug)]
struct Folds {
    plain: Arc<Code>,
    folding: Option<Arc<Code>>,
    n: usize,
    /// Operands, and how far each moves from block to block.
    operands: Vec<(Place, usize)>,
    specs: Vec<(FoldSpec, Place)>,
}

/// A call that is decided.
#[derive(Debug)]
struct Decided {
    inputs: Vec<Vec<usize>>,
    outputs: Vec<Vec<usize>>,
    /// Scalar inputs: register and input.
    slots: Vec<(u32, usize)>,
    acts: Vec<Act>,
    /// Outputs that are one number: output, length and register.
    filled: Vec<(usize, usize, u32)>,
    /// Registers as a call finds them, and while it runs.
    initial: Vec<f64>,
    scalars: Vec<f64>,
    pieces: Vec<Vec<f64>>,
    frame: Vec<f64>,
    /// Blocks for operands of reductions that are not carried along.
    blocks: Vec<f64>,
    lanes: Vec<[f64; FOLD_LANES]>,
}

/// Which memory a place is in: inputs, outputs, pieces, then these.
struct Memories {
    inputs: usize,
    outputs: usize,
    pieces: usize,
}

impl Memories {
    fn base(&self, base: Base, plan: &Plan) -> u32 {
        let k = match base {
            Base::Input(k) => k as usize,
            Base::Buffer(b) => self.inputs + plan.buffers[b as usize].memory as usize,
        };
        u32::try_from(k).unwrap_or(u32::MAX)
    }

    fn scalars(&self) -> u32 {
        u32::try_from(self.inputs + self.outputs + self.pieces).unwrap_or(u32::MAX)
    }
}

fn count(dims: &[usize]) -> usize {
    dims.iter().product()
}

/// Decides calls of a plan whose last call, with inputs in row-major order, left `scratch`; `None` for
/// plans with steps of other kinds.
pub(super) fn decide(
    native: Native,
    plan: &Plan,
    inputs: &[ArrayViewD<'_, f64>],
    scratch: &Scratch,
) -> Option<Box<dyn Ready>> {
    let lens = |dims: &[u32]| -> Vec<usize> { dims.iter().map(|&d| scratch.lengths()[d as usize]).collect() };
    if inputs.iter().any(|x| x.as_slice().is_none() || x.is_empty()) || plan.has_singles() {
        return None;
    }
    let outputs: Vec<Vec<usize>> = plan.outputs.iter().map(|d| lens(d)).collect();
    let mut sizes: Vec<usize> = vec![0; plan.pieces()];
    for b in &plan.buffers {
        let n = count(&lens(&b.dims));
        if n == 0 {
            return None;
        }
        if let Some(size) = (b.memory as usize).checked_sub(outputs.len()).and_then(|p| sizes.get_mut(p)) {
            *size = n.max(*size);
        }
    }
    if sizes.iter().sum::<usize>() > LARGEST {
        return None;
    }
    let memories = Memories { inputs: inputs.len(), outputs: outputs.len(), pieces: sizes.len() };
    let mut d = Decided {
        inputs: inputs.iter().map(|x| x.shape().to_vec()).collect(),
        filled: plan
            .filled
            .iter()
            .map(|&(o, slot)| (o as usize, outputs.get(o as usize).map_or(0, |s| count(s)), slot))
            .collect(),
        outputs,
        slots: plan.inputs.iter().enumerate().filter_map(|(k, i)| Some((i.slot?, k))).collect(),
        acts: Vec::new(),
        initial: plan.scalars.clone(),
        scalars: plan.scalars.clone(),
        pieces: sizes.iter().map(|&n| vec![0.0; n]).collect(),
        frame: Vec::new(),
        blocks: Vec::new(),
        lanes: Vec::new(),
    };
    for &(slot, len) in &plan.sizes {
        #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
        let n = scratch.lengths()[len as usize] as f64;
        d.initial[slot as usize] = n;
    }
    for step in &plan.steps {
        match step {
            Step::Scalars(ops) => {
                for op in ops {
                    if let ScalarStep::Fetch(v, slot) = op {
                        let at = scratch.layouts()[*v as usize].offset.unsigned_abs();
                        d.acts.push(Act::Fetch(
                            (memories.base(plan.values[*v as usize].base, plan), at),
                            *slot,
                        ));
                    } else if let Some(Act::Scalars(list)) = d.acts.last_mut() {
                        list.push(op.clone());
                    } else {
                        d.acts.push(Act::Scalars(vec![op.clone()]));
                    }
                }
            }
            Step::Fused(fused) => {
                let act = d.fused(native, plan, fused, &lens(&fused.space), scratch, &memories)?;
                d.acts.push(act);
            }
            _ => return None,
        }
    }
    d.compile_scalars(native);
    Some(Box::new(d))
}

impl Decided {
    fn fused(
        &mut self,
        native: Native,
        plan: &Plan,
        fused: &Fused,
        space: &[usize],
        scratch: &Scratch,
        memories: &Memories,
    ) -> Option<Act> {
        let (inputs, stores, folds) = (fused.leaves.len(), fused.stores.len(), fused.folds.len());
        // What gains from threads is cut where a plan runs step by step.
        if space.contains(&0) || scratch.cuts(fused, count(space)) {
            return None;
        }
        let mut strides: SmallVec<[isize; 24]> = SmallVec::new();
        let mut places = Vec::with_capacity(inputs + stores);
        for leaf in &fused.leaves {
            match *leaf {
                Source::Scalar(slot) => {
                    strides.extend(std::iter::repeat_n(0, space.len()));
                    places.push((memories.scalars(), slot as usize));
                }
                Source::Array(v) => {
                    let layout = &scratch.layouts()[v as usize];
                    layout.over(space, &mut strides).ok()?;
                    let at = usize::try_from(layout.offset).ok()?;
                    places.push((memories.base(plan.values[v as usize].base, plan), at));
                }
            }
        }
        let whole = Layout::contiguous(space);
        for &b in &fused.stores {
            strides.extend_from_slice(&whole.strides);
            places.push((memories.base(Base::Buffer(b), plan), 0));
        }
        fused.folds.iter().for_each(|f| strides.extend(kept_strides(space, f)));
        let nest = Nest::new(space, &strides, inputs + stores + folds, folds);
        let (made, shape) = native.decide(fused, &nest)?;
        let n = shape.line(&nest)?;
        // Every element of every operand lies in its memory: inputs and buffers are as long as their
        // layouts say, and views stay inside.
        let plain = made.version(fused, native.width(), shape.plain())?;
        self.room(&plain);
        if folds == 0 {
            return Some(Act::Loop(plain, n, places));
        }
        if !shape.reduces_all(folds) && n >= FOLD_SHORTEST {
            return None;
        }
        let all = (0..folds).all(|f| nest.tile_strides(inputs + stores + f) == (0, 0) || n == 1);
        if !all {
            return None;
        }
        let folding = match shape.mode.carried {
            0 => None,
            _ => Some(made.version(fused, native.width(), shape.mode)?),
        };
        folding.iter().for_each(|c| self.room(c));
        let step = |k: usize| if k < inputs && shape.mode.uniform >> k & 1 == 1 { 0 } else { BLOCK };
        let operands = places.into_iter().enumerate().map(|(k, place)| (place, step(k))).collect();
        let specs = fused.folds.iter().map(|spec| {
            let place = match spec.out {
                Dest::Scalar(slot) => (memories.scalars(), slot as usize),
                Dest::Buffer(b) => (memories.base(Base::Buffer(b), plan), 0),
            };
            (spec.clone(), place)
        });
        self.blocks.resize(self.blocks.len().max(folds * BLOCK), 0.0);
        self.lanes.resize(self.lanes.len().max(folds), [0.0; FOLD_LANES]);
        Some(Act::Folds(Folds { plain, folding, n, operands, specs: specs.collect() }))
    }

    /// Makes code of programs of scalars.
    fn compile_scalars(&mut self, native: Native) {
        let base = self.inputs.len() + self.outputs.len() + self.pieces.len();
        let base = u32::try_from(base).unwrap_or(u32::MAX);
        let mut acts = std::mem::take(&mut self.acts);
        for act in &mut acts {
            if let Act::Scalars(ops) = act
                && let Some((code, slots)) = scalars::compile(ops, self.scalars.len(), native.width().form())
            {
                self.room(&code);
                *act = Act::Loop(code, 1, slots.into_iter().map(|slot| (base, slot as usize)).collect());
            }
        }
        self.acts = acts;
    }

    fn room(&mut self, code: &Code) {
        self.frame.resize(self.frame.len().max(code.frame), 0.0);
    }
}

type Bases = SmallVec<[*mut f64; 24]>;

fn at(bases: &Bases, (base, offset): Place) -> *mut f64 {
    bases[base as usize].wrapping_add(offset)
}

/// Equality of lengths, without the library's comparison of memory: for no lengths at all that reads
/// past a mapped page under a mask, which takes long on some processors.
fn is(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y)
}

impl Ready for Decided {
    fn run(&mut self, inputs: &[ArrayViewD<'_, f64>], outputs: &mut [ArrayViewMutD<'_, f64>]) -> bool {
        let fits = inputs.len() == self.inputs.len()
            && outputs.len() == self.outputs.len()
            && inputs.iter().zip(&self.inputs).all(|(x, s)| is(x.shape(), s) && x.is_standard_layout())
            && outputs.iter().zip(&self.outputs).all(|(x, s)| is(x.shape(), s) && x.is_standard_layout());
        if !fits {
            return false;
        }
        let mut bases = Bases::new();
        bases.extend(inputs.iter().map(|x| x.as_ptr().cast_mut()));
        bases.extend(outputs.iter_mut().map(|x| x.as_mut_ptr()));
        bases.extend(self.pieces.iter_mut().map(|x| x.as_mut_ptr()));
        self.scalars.copy_from_slice(&self.initial);
        for &(slot, k) in &self.slots {
            self.scalars[slot as usize] = inputs[k].first().copied().unwrap_or(f64::NAN);
        }
        bases.push(self.scalars.as_mut_ptr());
        let frame = self.frame.as_mut_ptr();
        let past = frame.align_offset(64);
        let frame = if past < 8 { frame.wrapping_add(past) } else { frame };
        for act in &self.acts {
            match act {
                Act::Scalars(ops) => ops.iter().for_each(|op| exec(op, &mut self.scalars)),
                Act::Fetch(place, slot) => {
                    // SAFETY: the place is inside an input or a piece of memory, whose lengths are
                    // those for which the call was decided.
                    #[allow(unsafe_code, reason = "reads a decided place")]
                    let x = unsafe { *at(&bases, *place) };
                    self.scalars[*slot as usize] = x;
                }
                Act::Loop(code, n, places) => {
                    let mut table: SmallVec<[*mut f64; 16]> = SmallVec::new();
                    table.push(frame);
                    table.extend(places.iter().map(|&p| at(&bases, p)));
                    // SAFETY: the code was made for this processor and these operands; their places
                    // were decided for inputs and outputs of just these lengths in row-major order,
                    // and what is written are outputs and pieces of this call.
                    #[allow(unsafe_code, reason = "enters compiled code")]
                    if !unsafe { code.run(&mut table, *n) } {
                        return false;
                    }
                }
                Act::Folds(folds) => {
                    if !folds.run(&bases, frame, &mut self.blocks, &mut self.lanes) {
                        return false;
                    }
                }
            }
        }
        for &(o, n, slot) in &self.filled {
            if let Some(out) = outputs.get_mut(o).and_then(|o| o.as_slice_mut()) {
                debug_assert_eq!(out.len(), n);
                out.fill(self.scalars[slot as usize]);
            }
        }
        true
    }
}

impl Folds {
    fn run(
        &self,
        bases: &Bases,
        frame: *mut f64,
        blocks: &mut [f64],
        lanes: &mut [[f64; FOLD_LANES]],
    ) -> bool {
        let mut pending: SmallVec<[Pairwise<f64>; 3]> = SmallVec::new();
        pending.resize_with(self.specs.len(), Pairwise::default);
        let mut table: SmallVec<[*mut f64; 16]> = SmallVec::new();
        table.push(frame);
        table.extend(self.operands.iter().map(|&(p, _)| at(bases, p)));
        let first = table.len();
        table.resize(first + self.specs.len(), std::ptr::null_mut());
        for c in (0..self.n).step_by(BLOCK) {
            let n = BLOCK.min(self.n - c);
            let folding = self.folding.as_ref().filter(|_| n >= FOLD_SHORTEST);
            for (f, (spec, _)) in self.specs.iter().enumerate() {
                table[first + f] = if folding.is_some() {
                    lanes[f] = [spec.identity; FOLD_LANES];
                    lanes[f].as_mut_ptr()
                } else {
                    blocks[f * BLOCK..].as_mut_ptr()
                };
            }
            let code = folding.unwrap_or(&self.plain);
            // SAFETY: as for a loop without reductions; blocks and lanes are of this call.
            #[allow(unsafe_code, reason = "enters compiled code")]
            if !unsafe { code.run(&mut table, n) } {
                return false;
            }
            for (f, (spec, _)) in self.specs.iter().enumerate() {
                let x = if folding.is_some() {
                    (spec.join)(&lanes[f])
                } else {
                    (spec.fold)(&blocks[f * BLOCK..][..n])
                };
                pending[f].push(x, spec.merge);
            }
            for (pointer, (_, step)) in table[1..first].iter_mut().zip(&self.operands) {
                *pointer = pointer.wrapping_add(*step);
            }
        }
        for ((spec, place), pending) in self.specs.iter().zip(&mut pending) {
            if let Some(x) = pending.take(spec.merge) {
                // SAFETY: the place is one number of the call's own memory.
                #[allow(unsafe_code, reason = "writes a decided place")]
                unsafe {
                    *at(bases, *place) = x;
                }
            }
        }
        true
    }
}
