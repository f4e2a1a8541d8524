//! One loop in parts for several threads, with the bits of the whole.
//!
//! Elements are independent, and so are results of reductions that keep an axis: there a loop is cut
//! anywhere along the axis. A loop that reduces everything is cut where the tree of its partial results
//! has a node: every part but the last is a power of two of blocks. So nothing depends on how many
//! parts there are.

use smallvec::SmallVec;

use super::backend::{Backend, FusedArgs, Strided};
use super::blocks::kept_strides;
use super::cell::{Cell, Format, Registers};
use super::error::RunError;
use super::layout::{Layout, signed};
use super::nest::{Nest, SHORT};
use super::plan::{FoldSpec, Fused, Instr};
use super::reduce::join;
use crate::threads::{Threads, share};

/// Work, in additions, below which handing parts to threads costs more than it gives: some ten
/// microseconds.
const WORTHWHILE: f64 = 4e5;

/// Work of a part where there is enough: threads that are held up by others leave parts to those that are not.
const PART: f64 = 1e6;

/// Parts for each thread at most.
const PARTS: f64 = 8.0;

/// Bytes of an array that is long: backends may write such past the caches.
const LONG: usize = 1 << 24;

/// Elements below which work is not even counted.
const FEW: usize = 1 << 12;

/// Additions in the time in which a number comes from memory or goes there.
const MOVED: f64 = 2.0;

/// Does a loop over so many elements gain from threads?
pub(super) fn worthwhile(fused: &Fused, elements: usize) -> bool {
    elements >= FEW && work(fused, elements) >= WORTHWHILE
}

/// What threads take off a loop over so many elements, in additions.
pub(super) fn gain(fused: &Fused, elements: usize, threads: Threads) -> f64 {
    if !worthwhile(fused, elements) {
        return 0.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let threads = threads.count() as f64;
    work(fused, elements) * (1.0 - 1.0 / threads)
}

/// Additions that take as long as a loop over so many elements.
fn work(fused: &Fused, elements: usize) -> f64 {
    let moved = fused.leaves.len() + fused.stores.len();
    let each: f64 = fused
        .code
        .iter()
        .map(|i| match i {
            Instr::Map { op, .. } => op.def().cost,
            _ => 1.0,
        })
        .sum();
    // Vectors hold twice as many singles.
    let size = if fused.format == Format::F32 { 0.5 } else { 1.0 };
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let work = size * elements as f64 * (each + MOVED * moved as f64);
    work
}

/// Parts of so much work on so many numbers for some threads: a multiple of them. A part of what is long is long
/// itself, so that what stores past the caches does so in parts too.
fn parts(work: f64, bytes: usize, threads: usize) -> usize {
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    let each = work / (PART * threads as f64);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
    let each = each.clamp(1.0, PARTS) as usize;
    let long = bytes / LONG / threads;
    threads * if bytes >= LONG { each.min(long.max(1)) } else { each }
}

/// Where a loop is cut.
struct Cut {
    /// Along this axis.
    axis: usize,
    /// The whole is one axis, with these strides of the leaves.
    flat: Option<SmallVec<[isize; 8]>>,
    /// Everything is reduced.
    tree: bool,
    /// Lengths of the parts.
    parts: SmallVec<[usize; 8]>,
}

fn cut<T: Cell>(fused: &Fused, args: &Operands<'_, '_, T>, threads: Threads) -> Option<Cut> {
    let elements = args.space.iter().try_fold(1usize, |a, &n| a.checked_mul(n))?;
    if !worthwhile(fused, elements) {
        return None;
    }
    let threads = threads.count();
    if threads < 2 {
        return None;
    }
    let bytes = elements.saturating_mul(size_of::<T>());
    let wanted = parts(work(fused, elements), bytes, threads);
    let even = |n, step| even(n, wanted, step, if bytes < LONG { threads } else { wanted });
    let mut strides: SmallVec<[isize; 24]> = SmallVec::new();
    args.leaves.iter().for_each(|l| strides.extend_from_slice(l.strides));
    let whole = Layout::contiguous(args.space);
    args.stores.iter().for_each(|_| strides.extend_from_slice(&whole.strides));
    let kept: SmallVec<[_; 2]> = fused.folds.iter().map(|f| kept_strides(args.space, f)).collect();
    kept.iter().for_each(|k| strides.extend_from_slice(k));
    let operands = args.leaves.len() + args.stores.len() + kept.len();
    let nest = Nest::new(args.space, &strides, operands, kept.len());
    let axis = args.space.iter().position(|&n| n > 1)?;
    if nest.lens.len() == 2 && nest.tile().0 == 1 {
        let flat = (0..args.leaves.len()).map(|k| nest.tile_strides(k).1).collect();
        // In a part the first axis is the only one.
        let reduces = |f: &FoldSpec| f.axes.len() == args.space.len();
        if kept.is_empty() {
            return Some(Cut { axis: 0, flat: Some(flat), tree: false, parts: even(elements, 64)? });
        }
        return fused.folds.iter().all(reduces).then(|| {
            // Parts are as long as powers of two: up to twice as many as wanted.
            let blocks = elements / T::BLOCK / wanted;
            let part = T::BLOCK << blocks.max(1).ilog2();
            let full = elements / part;
            let mut parts: SmallVec<[usize; 8]> = SmallVec::from_elem(part, full);
            if elements > full * part {
                parts.push(elements - full * part);
            }
            Cut { axis: 0, flat: Some(flat), tree: true, parts }
        });
    }
    // A nest of short rows is turned by the lengths of its axes, which parts would change.
    let turned = args.space.last().is_some_and(|&n| n < SHORT) && args.space.len() - axis > 2;
    let keep = kept.iter().all(|k| k[axis] != 0);
    if !keep || turned && !kept.is_empty() {
        return None;
    }
    Some(Cut { axis, flat: None, tree: false, parts: even(args.space[axis], 1)? })
}

/// So many parts, in steps; none shorter than two. Those of each of some shares of equal length become shorter towards
/// its end, so that threads are done at about the same time.
fn even(n: usize, parts: usize, step: usize, shares: usize) -> Option<SmallVec<[usize; 8]>> {
    let each = parts / shares;
    let weight = |i: usize| (each - i).div_ceil(2);
    let all: usize = (0..each).map(weight).sum();
    let mut out: SmallVec<[usize; 8]> = SmallVec::new();
    let mut left = n;
    for i in (0..shares).flat_map(|_| 0..each) {
        let part = (n * weight(i)).div_ceil(all * shares).next_multiple_of(step).max(2).min(left);
        left -= part;
        match part {
            0 => {}
            // An axis of one element would be no axis.
            1 => *out.last_mut()? += 1,
            _ => out.push(part),
        }
    }
    (out.len() > 1).then_some(out)
}

/// The operands of a whole loop.
pub(super) struct Operands<'s, 'a, T> {
    pub(super) space: &'s [usize],
    pub(super) leaves: &'s [Strided<'s, T>],
    pub(super) stores: &'s mut [&'a mut [T]],
    pub(super) folds: &'s mut [&'a mut [T]],
    /// As in a loop's arguments.
    pub(super) begun: bool,
}

/// A part of a loop.
struct Part<'s, 'a, T> {
    space: SmallVec<[usize; 6]>,
    leaves: SmallVec<[Strided<'s, T>; 8]>,
    stores: SmallVec<[&'a mut [T]; 4]>,
    folds: SmallVec<[&'a mut [T]; 4]>,
    result: Result<(), RunError>,
}

/// Takes the first elements off a slice.
fn take<'a, T>(slice: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    let all = std::mem::take(slice);
    let (first, rest) = all.split_at_mut(n.min(all.len()));
    *slice = rest;
    first
}

/// Runs a loop, in parts where that pays.
pub(super) fn run<T: Cell>(
    backend: &dyn Backend,
    fused: &Fused,
    args: Operands<'_, '_, T>,
    registers: &mut Vec<Registers>,
    threads: Threads,
) -> Result<(), RunError> {
    let cut = cut(fused, &args, threads);
    let Operands { space, leaves, stores, folds, begun } = args;
    let whole = space.iter().fold(1usize, |all, &n| all.saturating_mul(n));
    let count = cut.as_ref().map_or(1, |c| c.parts.len());
    registers.resize_with(registers.len().max(threads.count().min(count)), Registers::default);
    let Some(cut) = cut else {
        let registers = T::registers(&mut registers[0]);
        return T::run(backend, fused, FusedArgs { space, whole, leaves, stores, folds, begun, registers });
    };
    let length = if cut.flat.is_some() { space.iter().product() } else { space[cut.axis] };
    let mut numbers: SmallVec<[T; 16]> = SmallVec::from_elem(T::default(), count * folds.len());
    {
        let mut numbers = numbers.as_mut_slice();
        let mut rest_stores: SmallVec<[&mut [T]; 4]> = stores.iter_mut().map(|s| &mut **s).collect();
        let mut rest_folds: SmallVec<[&mut [T]; 4]> = folds.iter_mut().map(|s| &mut **s).collect();
        let (store_row, fold_rows): (SmallVec<[usize; 4]>, SmallVec<[usize; 4]>) = (
            rest_stores.iter().map(|s| s.len() / length).collect(),
            rest_folds.iter().map(|s| s.len() / length).collect(),
        );
        let mut parts: Vec<Part<'_, '_, T>> = Vec::with_capacity(count);
        let mut start = 0;
        for &n in &cut.parts {
            let mut part_space: SmallVec<[usize; 6]> = space.into();
            if cut.flat.is_some() {
                part_space = SmallVec::from_slice(&[n]);
            } else {
                part_space[cut.axis] = n;
            }
            let leaves = leaves
                .iter()
                .enumerate()
                .map(|(k, leaf)| {
                    let strides = cut.flat.as_ref().map_or(leaf.strides, |f| &f[k..=k]);
                    Strided { offset: leaf.offset + signed(start) * strides[cut.axis], strides, ..*leaf }
                })
                .collect();
            let stores = rest_stores.iter_mut().zip(&store_row).map(|(s, row)| take(s, n * row)).collect();
            let folds = if cut.tree {
                fold_rows.iter().map(|_| take(&mut numbers, 1)).collect()
            } else {
                rest_folds.iter_mut().zip(&fold_rows).map(|(s, row)| take(s, n * row)).collect()
            };
            parts.push(Part { space: part_space, leaves, stores, folds, result: Ok(()) });
            start += n;
        }
        let own = &mut registers[..threads.count().min(count)];
        share(&mut parts, own, &|part, registers| {
            let args = FusedArgs {
                space: &part.space,
                whole,
                leaves: &part.leaves,
                stores: &mut part.stores,
                folds: &mut part.folds,
                begun,
                registers: T::registers(registers),
            };
            part.result = T::run(backend, fused, args);
        });
        parts.into_iter().try_for_each(|p| p.result)?;
    }
    if cut.tree {
        let k = folds.len();
        let even = cut.parts.windows(2).all(|w| w[0] == w[1]);
        for (f, (spec, out)) in fused.folds.iter().zip(folds.iter_mut()).enumerate() {
            if let Some(out) = out.first_mut() {
                *out = join(spec, numbers.iter().skip(f).step_by(k).copied(), even);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_all_elements() {
        for n in (0..2000).chain([9_999, 1 << 20]) {
            for (parts, shares) in [(2, 2), (16, 2), (16, 16), (6, 3), (24, 3)] {
                for step in [1, 64] {
                    let Some(all) = even(n, parts, step, shares) else { continue };
                    assert_eq!(all.iter().sum::<usize>(), n);
                    assert!(all.len() <= parts && all.iter().all(|&p| p > 1), "{n} as {all:?}");
                }
            }
        }
        assert_eq!(even(2560, 16, 64, 2).unwrap_or_default()[..8], [256, 256, 192, 192, 128, 128, 64, 64]);
    }

    #[test]
    fn parts_of_long_arrays_are_long() {
        assert_eq!(parts(1e6, 1 << 20, 2), 2);
        assert_eq!(parts(1e7, 1 << 20, 2), 10);
        assert_eq!(parts(1e9, 1 << 20, 3), 24);
        for bytes in [LONG, 3 * LONG, 9 * LONG, 100 * LONG] {
            let n = parts(1e12, bytes, 2);
            assert!(n == 2 || bytes / n >= LONG && n <= 16, "{bytes} bytes in {n} parts");
        }
    }
}
