//! Which registers and pieces of memory are used again, by liveness.

use super::cell::Format;
use super::ints::IntStep;
use super::len::LenId;
use super::plan::{Arg, Base, Buffer, Dest, ScalarStep, Slot, Source, Step, Value};

/// Memory not yet assigned.
const NONE: u32 = u32::MAX;

/// How far back a free piece of the same shape is looked for.
const LOOK: usize = 16;

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Packs scalar registers and assigns memory to buffers. Returns how many registers there are, and
/// how many pieces of memory beside the outputs.
pub(super) fn assign(
    steps: &mut [Step],
    values: &[Value],
    buffers: &mut [Buffer],
    constants: &[f64],
    filled: &mut [(u32, Slot)],
    outputs: usize,
) -> (usize, Vec<Format>) {
    let registers = pack(steps, constants.len(), filled);
    let pieces = pieces(steps, values, buffers, index(outputs));
    (registers, pieces)
}

/// What a visitor is told of.
enum Use<'a> {
    Read(&'a mut Slot),
    Write(&'a mut Slot),
    /// The end of an instruction.
    Done,
}

fn each_slot(steps: &mut [Step], f: &mut dyn FnMut(Use<'_>)) {
    for step in steps {
        match step {
            // In every band, and by every later step, all is read again: no result takes an
            // operand's register.
            Step::Bands(b) => {
                let some = |step: &mut Step, f: &mut dyn FnMut(Use<'_>)| {
                    each_slot(std::slice::from_mut(step), f);
                };
                for step in &mut b.steps {
                    some(step, &mut |u| {
                        if let Use::Write(s) = u {
                            f(Use::Write(s));
                        }
                    });
                }
                for step in &mut b.steps {
                    some(step, &mut |u| {
                        if let Use::Read(s) = u {
                            f(Use::Read(s));
                        }
                    });
                }
            }
            Step::Scalars(ops) => {
                for op in ops {
                    match op {
                        ScalarStep::One(_, a, out) => {
                            f(Use::Read(a));
                            f(Use::Write(out));
                        }
                        ScalarStep::Two(_, a, b, out) => {
                            f(Use::Read(a));
                            f(Use::Read(b));
                            f(Use::Write(out));
                        }
                        ScalarStep::Three(_, args, out) => {
                            args.iter_mut().for_each(|a| f(Use::Read(a)));
                            f(Use::Write(out));
                        }
                        ScalarStep::Fetch(_, out) => f(Use::Write(out)),
                        ScalarStep::Round(x) => f(Use::Read(x)),
                    }
                    f(Use::Done);
                }
                continue;
            }
            Step::Windowed(w) => {
                let leaves = w.programs.iter_mut().flat_map(|p| &mut p.fused.leaves);
                for leaf in leaves {
                    if let Source::Scalar(slot) = leaf {
                        f(Use::Read(slot));
                    }
                }
            }
            Step::Fused(fused) => {
                for leaf in &mut fused.leaves {
                    if let Source::Scalar(slot) = leaf {
                        f(Use::Read(slot));
                    }
                }
                for fold in &mut fused.folds {
                    if let Dest::Scalar(slot) = &mut fold.out {
                        f(Use::Write(slot));
                    }
                }
            }
            Step::Dot { a, b, out }
            | Step::Contract { a, b, out, .. }
            | Step::Write { base: a, value: b, out, .. } => {
                arg_slot(a, f);
                arg_slot(b, f);
                dest_slot(out, f);
            }
            Step::Copy { from, out } => {
                arg_slot(from, f);
                dest_slot(out, f);
            }
            Step::Concat { parts, out, .. }
            | Step::Whole { parts, out, .. }
            | Step::Ints(IntStep { parts, out, .. }) => {
                parts.iter_mut().for_each(|p| arg_slot(p, f));
                dest_slot(out, f);
            }
        }
        f(Use::Done);
    }
}

fn arg_slot(arg: &mut Arg, f: &mut dyn FnMut(Use<'_>)) {
    if let Source::Scalar(slot) = &mut arg.source {
        f(Use::Read(slot));
    }
}

fn dest_slot(dest: &mut Dest, f: &mut dyn FnMut(Use<'_>)) {
    if let Dest::Scalar(slot) = dest {
        f(Use::Write(slot));
    }
}

/// Constants, lengths and inputs keep their registers, which are the first `fixed`.
fn pack(steps: &mut [Step], fixed: usize, filled: &mut [(u32, Slot)]) -> usize {
    let fixed = index(fixed);
    let mut last: Vec<usize> = Vec::new();
    let mut now = 0usize;
    let mut note = |slot: Slot, at: usize| {
        let i = slot as usize;
        if i >= last.len() {
            last.resize(i + 1, 0);
        }
        last[i] = last[i].max(at);
    };
    each_slot(steps, &mut |u| match u {
        Use::Read(s) | Use::Write(s) => note(*s, now),
        Use::Done => now += 1,
    });
    filled.iter().for_each(|(_, s)| note(*s, usize::MAX));
    let mut to = vec![NONE; last.len()];
    let mut free: Vec<Slot> = Vec::new();
    let mut freed = vec![false; last.len()];
    let mut next = fixed;
    let mut now = 0usize;
    // Everything is read before anything is written, so a result may take an operand's register.
    each_slot(steps, &mut |u| match u {
        Use::Read(s) if *s < fixed => {}
        Use::Read(s) => {
            let v = *s as usize;
            *s = to[v];
            // A step may read a register twice.
            if last[v] == now && !std::mem::replace(&mut freed[v], true) {
                free.push(*s);
            }
        }
        Use::Write(s) => {
            let v = *s as usize;
            let slot = free.pop().unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            to[v] = slot;
            *s = slot;
        }
        Use::Done => now += 1,
    });
    for (_, s) in filled {
        if *s >= fixed {
            *s = to[*s as usize];
        }
    }
    next as usize
}

/// The arrays that a step reads.
pub(super) fn reads(step: &Step, f: &mut dyn FnMut(u32)) {
    if let Step::Bands(b) = step {
        return b.steps.iter().for_each(|s| reads(s, f));
    }
    let mut source = |s: &Source| {
        if let Source::Array(v) = s {
            f(*v);
        }
    };
    match step {
        Step::Bands(_) => {}
        Step::Scalars(ops) => ops.iter().for_each(|op| {
            if let ScalarStep::Fetch(v, _) = op {
                source(&Source::Array(*v));
            }
        }),
        Step::Fused(fused) => fused.leaves.iter().for_each(source),
        Step::Windowed(w) => w.programs.iter().flat_map(|p| &p.fused.leaves).for_each(source),
        Step::Dot { a, b, .. } | Step::Contract { a, b, .. } | Step::Write { base: a, value: b, .. } => {
            source(&a.source);
            source(&b.source);
        }
        Step::Copy { from, .. } => source(&from.source),
        Step::Concat { parts, .. } | Step::Whole { parts, .. } | Step::Ints(IntStep { parts, .. }) => {
            parts.iter().for_each(|p| source(&p.source));
        }
    }
}

/// The buffers that a step writes.
fn writes(step: &Step, f: &mut dyn FnMut(u32)) {
    if let Step::Bands(b) = step {
        return b.steps.iter().for_each(|s| writes(s, f));
    }
    let mut dest = |d: &Dest| {
        if let Dest::Buffer(b) = d {
            f(*b);
        }
    };
    match step {
        Step::Scalars(_) | Step::Bands(_) => {}
        Step::Windowed(w) => dest(&Dest::Buffer(w.out)),
        Step::Fused(fused) => {
            fused.folds.iter().for_each(|fold| dest(&fold.out));
            fused.stores.iter().for_each(|&b| dest(&Dest::Buffer(b)));
        }
        Step::Dot { out, .. }
        | Step::Contract { out, .. }
        | Step::Write { out, .. }
        | Step::Copy { out, .. }
        | Step::Concat { out, .. }
        | Step::Whole { out, .. }
        | Step::Ints(IntStep { out, .. }) => dest(out),
    }
}

fn pieces(steps: &[Step], values: &[Value], buffers: &mut [Buffer], outputs: u32) -> Vec<Format> {
    let mut last = vec![0usize; buffers.len()];
    for (i, step) in steps.iter().enumerate() {
        reads(step, &mut |v| {
            if let Base::Buffer(b) = values[v as usize].base {
                last[b as usize] = i;
            }
        });
        writes(step, &mut |b| last[b as usize] = i);
    }
    let mut free: Vec<(u32, Format, Vec<LenId>)> = Vec::new();
    let mut formats: Vec<Format> = Vec::new();
    let mut ended: Vec<u32> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        ended.clear();
        writes(step, &mut |b| {
            let buffer = &mut buffers[b as usize];
            if buffer.memory == NONE {
                let fits = |(_, format, _): &(u32, Format, Vec<LenId>)| *format == buffer.format;
                let same = |f: &(u32, Format, Vec<LenId>)| fits(f) && f.2 == buffer.dims;
                let latest = |k: usize| free.len() - 1 - k;
                let place = free.iter().rev().take(LOOK).position(same).map(latest);
                buffer.memory = match place.or_else(|| free.iter().rposition(fits)) {
                    Some(place) => free.remove(place).0,
                    None => {
                        formats.push(buffer.format);
                        outputs + index(formats.len() - 1)
                    }
                };
            }
            if last[b as usize] == i {
                ended.push(b);
            }
        });
        reads(step, &mut |v| {
            if let Base::Buffer(b) = values[v as usize].base
                && last[b as usize] == i
                && !ended.contains(&b)
            {
                ended.push(b);
            }
        });
        for &b in &ended {
            let buffer = &buffers[b as usize];
            if buffer.memory >= outputs {
                free.push((buffer.memory, buffer.format, buffer.dims.clone()));
            }
        }
    }
    formats
}
