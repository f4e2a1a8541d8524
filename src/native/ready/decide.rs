//! From a plan and the layouts of its last call to a call that is decided.

use std::sync::Arc;

use smallvec::SmallVec;

use super::super::line::room;
use super::super::loops::{Code, Loop, Native};
use super::super::scalars;
use super::super::shape::{STREAM, Shape};
use super::super::short::{self, Short};
use super::{Act, Decided, Folds, Memory, Place, Rows, ShortRows, Walked};
use crate::eval::{
    Arg, Base, Cell, Dest, Format, Framed, Fused, Layout, Nest, Plan, Ready, ScalarStep, Scratch, Source,
    Step, height, kept_strides, signed, with_line,
};
use crate::op::FOLD_SHORTEST;

/// Numbers of memory beside the outputs, at most; where calls are long, deciding ahead saves nothing.
const LARGEST: usize = 1 << 17;

/// What deciding a step ahead saves, in additions.
const STEP: f64 = 5e4;

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

/// The elements that a loop is decided for.
struct Part<'s> {
    space: &'s [usize],
    /// For each leaf the lengths that it is broadcast to, and how far along the first axis its first element is.
    seen: &'s dyn Fn(usize) -> (SmallVec<[usize; 4]>, isize),
    /// How far the first element is from the start of what is stored.
    shift: usize,
}

/// Decides calls of a plan whose last call, with inputs in row-major order, left `scratch`; `None` for
/// plans with steps of other kinds.
pub(in crate::native) fn decide<T: Cell>(
    native: Native,
    plan: &Plan,
    inputs: &[Vec<usize>],
    scratch: &Scratch,
) -> Option<Box<dyn Ready>> {
    let lens = |dims: &[u32]| -> Vec<usize> { dims.iter().map(|&d| scratch.lengths()[d as usize]).collect() };
    if inputs.iter().any(|x| x.contains(&0)) {
        return None;
    }
    let outputs: Vec<Vec<usize>> = plan.outputs.iter().map(|d| lens(d)).collect();
    let mut sizes: Vec<usize> = vec![0; plan.pieces()];
    for b in &plan.buffers {
        let n = count(&lens(&b.dims));
        if n == 0 || n >= STREAM / size_of::<T>() {
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
    let mut d = Decided::<T> {
        inputs: inputs.to_vec(),
        filled: plan
            .filled
            .iter()
            .map(|&(o, slot)| (o as usize, outputs.get(o as usize).map_or(0, |s| count(s)), slot))
            .collect(),
        outputs,
        slots: plan.inputs.iter().enumerate().filter_map(|(k, i)| Some((i.slot?, k))).collect(),
        acts: Vec::new(),
        initial: plan.scalars.clone(),
        scalars: vec![T::default(); plan.scalars.len()],
        doubles: if T::FORMAT == Format::F64 { Vec::new() } else { plan.scalars.clone() },
        pieces: sizes.iter().map(|&n| vec![T::default(); with_line::<T>(n)]).collect(),
        frame: Vec::new(),
        spare: Vec::new(),
        registers: Vec::new(),
        blocks: Vec::new(),
    };
    for &(slot, len) in &plan.sizes {
        #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
        let n = scratch.lengths()[len as usize] as f64;
        d.initial[slot as usize] = n;
    }
    // What gains from threads is cut where a plan runs step by step, if that is more than what deciding ahead saves.
    let gain = |step: &Step| match step {
        Step::Fused(f) => scratch.gain(f, count(&lens(&f.space))),
        Step::Windowed(w) => {
            let n = count(&lens(&plan.buffers[w.out as usize].dims));
            w.programs.iter().map(|p| scratch.gain(&p.fused, n)).fold(0.0, f64::max)
        }
        _ => 0.0,
    };
    let gains = plan.each_step().map(|step| (gain(step), STEP));
    let (gained, saved) = gains.fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    if gained > saved {
        return None;
    }
    // What goes by bands is long.
    for step in &plan.steps {
        if let Step::Bands(b) = step
            && height(b, &|d| scratch.lengths()[d as usize], &|_| true).is_some()
        {
            return None;
        }
    }
    for step in plan.each_step() {
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
                let space = lens(&fused.space);
                let part = Part { space: &space, seen: &|_| (space.as_slice().into(), 0), shift: 0 };
                let act = d.fused(native, plan, fused, &part, scratch, &memories)?;
                d.acts.push(act);
            }
            Step::Windowed(w) => {
                let whole = lens(&plan.buffers[w.out as usize].dims);
                let row = count(&whole[1..]);
                for segment in w.segments(whole[0]) {
                    let Framed { fused, frames } = &w.programs[segment.program];
                    // One pass over elements that are only copied is not compiled.
                    if fused.code.is_empty() {
                        return None;
                    }
                    let mut space = whole.clone();
                    space[0] = segment.end - segment.start;
                    let seen = |leaf: usize| w.seen(frames[leaf], segment, &whole);
                    let part = Part { space: &space, seen: &seen, shift: segment.start * row };
                    match d.fused(native, plan, fused, &part, scratch, &memories)? {
                        act @ Act::Loop(..) => d.acts.push(act),
                        _ => return None,
                    }
                }
            }
            Step::Dot { a, b, out } => {
                let act = d.dot(plan, [a, b], *out, scratch, &memories)?;
                d.acts.push(act);
            }
            _ => return None,
        }
    }
    if T::FORMAT == Format::F64 {
        d.compile_scalars(native);
    }
    Some(Box::new(d))
}

impl<T: Cell> Decided<T> {
    fn fused(
        &mut self,
        native: Native,
        plan: &Plan,
        fused: &Fused,
        &Part { space, seen, shift }: &Part<'_>,
        scratch: &Scratch,
        memories: &Memories,
    ) -> Option<Act<T>> {
        let (inputs, stores, folds) = (fused.leaves.len(), fused.stores.len(), fused.folds.len());
        if space.contains(&0) {
            return None;
        }
        let mut strides: SmallVec<[isize; 24]> = SmallVec::new();
        let mut places = Vec::with_capacity(inputs + stores);
        for (k, leaf) in fused.leaves.iter().enumerate() {
            match *leaf {
                Source::Scalar(slot) => {
                    strides.extend(std::iter::repeat_n(0, space.len()));
                    places.push((memories.scalars(), slot as usize));
                }
                Source::Array(v) => {
                    let layout = &scratch.layouts()[v as usize];
                    let (lens, shift) = seen(k);
                    layout.over(&lens, &mut strides).ok()?;
                    let first = strides.get(k * space.len()).map_or(0, |s| s * shift);
                    let at = usize::try_from(layout.offset + first).ok()?;
                    places.push((memories.base(plan.values[v as usize].base, plan), at));
                }
            }
        }
        let whole = Layout::contiguous(space);
        for &b in &fused.stores {
            strides.extend_from_slice(&whole.strides);
            places.push((memories.base(Base::Buffer(b), plan), shift));
        }
        fused.folds.iter().for_each(|f| strides.extend(kept_strides(space, f)));
        let nest = Nest::new(space, &strides, inputs + stores + folds, folds);
        let (made, shape) = native.decide(fused, &nest)?;
        let Some(n) = shape.line(&nest) else {
            // What is walked begins where its memory does.
            if shift > 0 {
                return None;
            }
            let (code, _) = shape.codes(|mode| made.version(fused, native.form(), mode))?;
            let (of, call) = ((&nest, &shape, &code), (scratch, memories));
            let rows = self.rows(plan, fused, of, &places, call);
            let act = rows.or_else(|| self.short(native, plan, fused, of, &places, call));
            return act
                .or_else(|| self.walked(native, plan, fused, (space, &nest, &strides), (made, shape), call));
        };
        // Every element of every operand lies in its memory: inputs and buffers are as long as their
        // layouts say, and views stay inside.
        let plain = made.version(fused, native.form(), shape.plain())?;
        self.room(&plain);
        if folds == 0 && n.saturating_mul(stores) < STREAM / size_of::<T>() {
            return Some(Act::Loop(plain, n, places));
        }
        if folds == 0 || !shape.reduces_all(folds) && n >= FOLD_SHORTEST {
            return None;
        }
        let all = (0..folds).all(|f| nest.tile_strides(inputs + stores + f) == (0, 0) || n == 1);
        if !all {
            return None;
        }
        let folding = match shape.mode.carried {
            0 => None,
            _ => Some(made.version(fused, native.form(), shape.folding())?),
        };
        folding.iter().for_each(|c| self.room(c));
        let moves = |k: usize| k >= inputs || shape.mode.uniform >> k & 1 == 0;
        let operands = places.into_iter().enumerate().map(|(k, place)| (place, moves(k))).collect();
        let results = fused.folds.iter().map(|spec| match spec.out {
            Dest::Scalar(slot) => (memories.scalars(), slot as usize),
            Dest::Buffer(b) => (memories.base(Base::Buffer(b), plan), 0),
        });
        self.spare.resize(self.spare.len().max(room::<T>(folds)), T::default());
        let (specs, results) = (fused.folds.clone(), results.collect());
        Some(Act::Folds(Folds { plain, folding, n, operands, specs, results }))
    }

    /// The memory of an array, all of it.
    fn memory(&self, plan: &Plan, base: Base, scratch: &Scratch, memories: &Memories) -> Memory {
        let n = match base {
            Base::Input(k) => self.inputs.get(k as usize).map_or(0, |s| count(s)),
            Base::Buffer(b) => {
                plan.buffers[b as usize].dims.iter().map(|&d| scratch.lengths()[d as usize]).product()
            }
        };
        (memories.base(base, plan), n)
    }

    fn result(&self, plan: &Plan, out: Dest, scratch: &Scratch, memories: &Memories) -> Option<Memory> {
        match out {
            Dest::Scalar(_) => None,
            Dest::Buffer(b) => Some(self.memory(plan, Base::Buffer(b), scratch, memories)),
        }
    }

    /// One call for all rows, where no row is cut into blocks.
    fn rows(
        &mut self,
        plan: &Plan,
        fused: &Fused,
        (nest, shape, code): (&Nest, &Shape, &Arc<Code>),
        places: &[Place],
        (scratch, memories): (&Scratch, &Memories),
    ) -> Option<Act<T>> {
        let (rows, n) = nest.tile();
        let (inputs, first, folds) = (fused.leaves.len(), places.len(), fused.folds.len());
        if !shape.mode.by_rows || nest.lens.len() != 2 || folds > 0 && n > T::BLOCK {
            return None;
        }
        let chosen = |set: u64| (0..folds).filter(move |f| set >> f & 1 == 1);
        let columns: SmallVec<[usize; 4]> = chosen(shape.mode.columns).map(|f| first + f).collect();
        let carried: SmallVec<[usize; 4]> = chosen(shape.mode.carried).map(|f| first + f).collect();
        if carried.iter().any(|&k| nest.tile_strides(k).0 != 1) {
            return None;
        }
        let outs = fused.folds.iter().map(|f| self.result(plan, f.out, scratch, memories));
        let outs: Vec<Memory> = outs.collect::<Option<_>>()?;
        let entries = (0..inputs).chain(columns.iter().copied()).chain(inputs..first);
        let entries: Vec<usize> = entries.chain(columns.iter().copied()).chain(carried).collect();
        let place = |&k: &usize| if k < first { places[k] } else { (outs[k - first].0, 0) };
        let down = |&k: &usize| nest.tile_strides(k).0.wrapping_mul(signed(size_of::<T>()));
        let sums = columns.iter().map(|k| (outs[k - first], fused.folds[k - first].identity)).collect();
        self.room(code);
        let (places, down) = (entries.iter().map(place).collect(), entries.iter().map(down).collect());
        Some(Act::Rows(Box::new(Rows { code: code.clone(), n, rows, places, down, sums })))
    }

    /// Short rows, in blocks.
    fn short(
        &mut self,
        native: Native,
        plan: &Plan,
        fused: &Fused,
        (nest, shape, code): (&Nest, &Shape, &Arc<Code>),
        places: &[Place],
        (scratch, memories): (&Scratch, &Memories),
    ) -> Option<Act<T>> {
        let (rows, cols) = nest.tile();
        let height = short::height::<T>(rows, cols);
        let short = Short::new(native, fused, (nest, shape), height, 0)?;
        let outs = fused.folds.iter().map(|f| Some((self.result(plan, f.out, scratch, memories)?.0, 0)));
        let outs: Vec<Place> = outs.collect::<Option<_>>()?;
        let down = |(k, &place): (usize, &Place)| (place, nest.tile_strides(k).0);
        let operands = places.iter().chain(&outs).enumerate().map(down).collect();
        self.room(code);
        self.blocks.resize(self.blocks.len().max(with_line::<T>(short.room())), T::default());
        Some(Act::Short(Box::new(ShortRows { short, code: code.clone(), rows, height, operands })))
    }

    /// Any other loop.
    fn walked(
        &mut self,
        native: Native,
        plan: &Plan,
        fused: &Fused,
        (space, nest, strides): (&[usize], &Nest, &[isize]),
        (made, shape): (&Loop, Shape),
        (scratch, memories): (&Scratch, &Memories),
    ) -> Option<Act<T>> {
        let (plain, folding) = shape.codes(|mode| made.version(fused, native.form(), mode))?;
        let rank = space.len();
        let mut leaves = Vec::with_capacity(fused.leaves.len());
        for (k, leaf) in fused.leaves.iter().enumerate() {
            let strides = strides[k * rank..][..rank].to_vec();
            leaves.push(match *leaf {
                // A register is read as one number.
                Source::Scalar(slot) => ((memories.scalars(), self.scalars.len()), slot as isize, strides),
                Source::Array(v) => {
                    let memory = self.memory(plan, plan.values[v as usize].base, scratch, memories);
                    (memory, scratch.layouts()[v as usize].offset, strides)
                }
            });
        }
        let stores = fused.stores.iter();
        let stores = stores.map(|&b| self.memory(plan, Base::Buffer(b), scratch, memories)).collect();
        let folds = fused.folds.iter();
        let folds = folds.map(|f| self.result(plan, f.out, scratch, memories)).collect::<Option<_>>()?;
        let (fused, space, nest) = (fused.clone(), space.to_vec(), nest.clone());
        Some(Act::Walk(Box::new(Walked { fused, space, nest, shape, plain, folding, leaves, stores, folds })))
    }

    fn dot(
        &mut self,
        plan: &Plan,
        operands: [&Arg; 2],
        out: Dest,
        scratch: &Scratch,
        memories: &Memories,
    ) -> Option<Act<T>> {
        let operand = |arg: &Arg| match arg.source {
            Source::Scalar(_) => None,
            Source::Array(v) => {
                let memory = self.memory(plan, plan.values[v as usize].base, scratch, memories);
                Some((memory, scratch.layouts()[v as usize].clone()))
            }
        };
        let out = self.result(plan, out, scratch, memories)?;
        Some(Act::Dot(Box::new([operand(operands[0])?, operand(operands[1])?]), out, scratch.threads()))
    }

    /// Makes code of programs of scalars.
    fn compile_scalars(&mut self, native: Native) {
        let base = self.inputs.len() + self.outputs.len() + self.pieces.len();
        let base = u32::try_from(base).unwrap_or(u32::MAX);
        let mut acts = std::mem::take(&mut self.acts);
        for act in &mut acts {
            if let Act::Scalars(ops) = act
                && let Some(code) = scalars::compile(ops, self.scalars.len(), native.form())
            {
                self.room(&code);
                *act = Act::Loop(code, 1, vec![(base, 0)]);
            }
        }
        self.acts = acts;
    }

    fn room(&mut self, code: &Code) {
        self.frame.resize(self.frame.len().max(code.frame), T::default());
    }
}
