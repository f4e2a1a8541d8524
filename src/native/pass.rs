//! Passes over rows: which code each loop calls, and over which places, is decided once. What is left for a band is a
//! table that is copied, and a call for each block of columns.

use std::sync::Arc;

use smallvec::SmallVec;

mod tables;

use super::ahead::{Ahead, FAR, ahead, behind};
use super::loops::{Code, Mode, Native};
use super::shape::Shape;
use super::short::Short;
use crate::eval::{
    Cell, From, Fused, Layout, Nest, Pass, PassArg, PassPiece, PassStep, first_line, kept_strides, pairwise,
};
use crate::eval::{signed, with_line};

use crate::op::FOLD_LANES;
use tables::{Moving, Operand, PARTIAL, Places, Tables, operand};

/// Loops that are decided.
#[derive(Debug)]
struct Loops<T> {
    steps: Vec<Step<T>>,
    /// Rows of a band.
    height: usize,
    /// Numbers that code keeps in memory, and partial results of a band.
    frame: usize,
    partial: usize,
    blocks: usize,
}

/// A loop: the calls for a band, then how their partial results are joined.
#[derive(Debug)]
struct Step<T> {
    code: Arc<Code>,
    /// Does a call go through the rows of the band? If not, they are one row.
    by_rows: bool,
    /// Is each row a call, or several for its columns?
    singly: bool,
    calls: Vec<Call>,
    /// Entries that are read.
    reads: usize,
    joins: Vec<Join<T>>,
    /// Are rows short? Then the only call is for all of the band.
    short: Option<Short<T>>,
}

/// A call of code for some columns.
#[derive(Debug)]
struct Call {
    /// Elements of a row.
    n: usize,
    operands: Vec<Operand>,
}

/// Bands are so much higher where no loop brings others' rows to the caches: there is less to do for each, and the
/// second cache holds them, too.
const HIGHER: usize = 4;

/// Rows of a band at most: partial results of so many are kept at once.
const HIGHEST: usize = 32;

/// Partial results of columns into results of rows.
#[derive(Debug)]
struct Join<T> {
    /// Where they are, how many there are, and how many of a block of columns.
    at: usize,
    n: usize,
    elements: usize,
    pair: fn(&mut [T], &[T]),
    /// Where those go that are joined, one for each row.
    results: SmallVec<[Operand; 4]>,
}

/// Decides a pass; `None` where a loop is walked in another way.
pub(super) fn decide<T: Cell>(
    native: Native,
    steps: &[PassStep<'_>],
    rows: usize,
) -> Option<Box<dyn Pass<T>>> {
    let walks =
        |height: usize| -> Option<Vec<_>> { steps.iter().map(|s| walk::<T>(native, s, height)).collect() };
    let mut height = *steps.first()?.space.first()?;
    let mut found = walks(height)?;
    let several = found.iter().filter(|(nest, _)| nest.tile().0 > 1);
    let longest = several.clone().map(|(nest, _)| nest.tile().1).max();
    if let Some(cols) = longest.filter(|_| several.clone().all(|(_, shape)| !shape.mode.by_rows)) {
        // Short rows alone, of which no partial results are kept: as many as make a block.
        height = height.max(T::BLOCK / cols / FOLD_LANES * FOLD_LANES);
        found = walks(height)?;
    }
    let (mut dearest, mut others) = ahead(steps, &found, (rows, height, size_of::<T>()));
    if others.is_empty() && native.form().follows_rows() {
        (dearest, others) = behind(steps, &found, (rows, height, size_of::<T>()));
    }
    if others.is_empty() {
        height = (height * HIGHER).min(HIGHEST.max(height));
        found = walks(height)?;
    }
    let (walks, mut all) = (found, Loops { steps: Vec::new(), height, frame: 0, partial: 0, blocks: 0 });
    for (i, (step, walk)) in steps.iter().zip(&walks).enumerate() {
        let mut decided = all.step(native, step, walk, if i == dearest { &others } else { &[] })?;
        let bytes = decided.calls.iter().map(|c| c.n).sum::<usize>().saturating_mul(rows * size_of::<T>());
        decided.singly = decided.calls.len() > 1 && native.form().follows_rows() && bytes >= FAR;
        all.frame = all.frame.max(decided.code.frame);
        all.steps.push(decided);
    }
    Some(Box::new(all))
}

/// A loop over a band of short rows, which are folded without a remainder.
fn short<T: Cell>(
    native: Native,
    fused: &Fused,
    of: (&Nest, &Shape),
    height: usize,
    ahead: usize,
) -> Option<Short<T>> {
    let whole = of.0.tile().0 == height && height.is_multiple_of(FOLD_LANES);
    Short::new(native, fused, of, height, ahead).filter(|_| whole)
}

/// How a loop is walked; `None` where neither by rows nor as one block.
fn walk<T: Cell>(native: Native, step: &PassStep<'_>, height: usize) -> Option<(Nest, Shape)> {
    let PassStep { fused, space, leaves, .. } = step;
    let mut space = space.clone();
    *space.first_mut()? = height;
    if space.contains(&0) {
        return None;
    }
    let (inputs, stores, folds) = (leaves.len(), fused.stores.len(), fused.folds.len());
    let mut strides: SmallVec<[isize; 24]> = leaves.iter().flat_map(|l| l.strides.iter().copied()).collect();
    let whole = Layout::contiguous(&space);
    fused.stores.iter().for_each(|_| strides.extend_from_slice(&whole.strides));
    fused.folds.iter().for_each(|f| strides.extend(kept_strides(&space, f)));
    let nest = Nest::new(&space, &strides, inputs + stores + folds, folds);
    let (_, shape) = native.decide(fused, &nest)?;
    let by_rows = nest.lens.len() == 2 && (shape.rows || shape.mode.by_rows);
    (by_rows || short::<T>(native, fused, (&nest, &shape), height, 0).is_some()).then_some((nest, shape))
}

impl<T: Cell> Step<T> {
    /// The calls for a band: `height` rows of the stretch from `row` on. Returns whether all formulas held.
    ///
    /// # Safety
    /// Tables and places are those of the step, there are so many rows, and room for blocks.
    #[allow(unsafe_code, reason = "enters compiled code")]
    unsafe fn run(
        &self,
        table: &mut [*mut T],
        operands: &mut [Moving<T>],
        height: usize,
        blocks: *mut T,
    ) -> bool {
        if let Some(short) = &self.short {
            table[1..].iter_mut().zip(operands).for_each(|(entry, place)| *entry = place.next());
            // SAFETY: the caller's.
            return unsafe { short.run(&self.code, table, height, blocks) };
        }
        let singly = self.singly && height > 1;
        let at_once = if singly { 1 } else { height };
        let mut held = true;
        for r in (0..height).step_by(at_once) {
            let (mut table, mut operands) = (&mut *table, &mut *operands);
            for call in &self.calls {
                let k = call.operands.len();
                let (here, after) = table.split_at_mut(2 * k + 2);
                let (places, next) = operands.split_at_mut(k);
                (table, operands) = (after, next);
                // Code changes entries.
                let (entries, downs) = here[1..].split_at_mut(k);
                if singly {
                    for ((entry, down), place) in entries.iter_mut().zip(&*downs).zip(places) {
                        let at = if r + 1 == height { place.next() } else { place.here() };
                        *entry = at.wrapping_byte_add(down.addr().wrapping_mul(r));
                    }
                } else {
                    entries.iter_mut().zip(places).for_each(|(entry, place)| *entry = place.next());
                }
                here[2 * k + 1] = std::ptr::without_provenance_mut(at_once);
                let n = if self.by_rows { call.n } else { call.n * height };
                // SAFETY: the code was made for this processor, and for as many operands as the table has. The
                // places of each were compared with its memory for all rows; the frame is as large as any
                // code asks, and what is written comes from exclusive borrows.
                held &= unsafe { self.code.run(here, n) };
            }
        }
        held
    }
}

impl<T: Cell> Loops<T> {
    fn step(
        &mut self,
        native: Native,
        step: &PassStep<'_>,
        (nest, shape): &(Nest, Shape),
        others: &[Ahead],
    ) -> Option<Step<T>> {
        let PassStep { fused, leaves, results, .. } = step;
        let (inputs, stores, folds) = (leaves.len(), fused.stores.len(), fused.folds.len());
        let (made, _) = native.decide(fused, nest)?;
        let (row_len, cols) = nest.tile();
        let count = |written: bool| u8::try_from(others.iter().filter(|o| o.written == written).count()).ok();
        let counts = (count(false)?, count(true)?);
        let version = |mode: Mode| made.version(fused, native.form(), Mode { ahead: counts, ..mode });
        let (code, _) = shape.codes(version)?;
        let args: Vec<&PassArg> = leaves.iter().chain(results).collect();
        if row_len == 1 {
            // The rows of a band are one.
            let n = cols / self.height;
            let one = |k: usize| {
                let o = operand(shape, nest, k, args[k], (0, n));
                Operand { down: nest.tile_strides(k).1 * signed(n), ..o }
            };
            let calls = vec![Call { n, operands: (0..args.len()).map(one).collect() }];
            return (n * self.height == cols).then_some(Step {
                code,
                by_rows: false,
                singly: false,
                calls,
                reads: inputs,
                joins: Vec::new(),
                short: None,
            });
        }
        let brought = |o: &Ahead, c: usize| Operand {
            at: o.arg.at + signed(c),
            ahead: if o.next { o.arg.down * signed(self.height) } else { 0 },
            ..Operand::rows(&o.arg)
        };
        if let Some(short) = short(native, fused, (nest, shape), self.height, others.len()) {
            let operand = |k: usize| {
                let n = short.reach(nest, k, shape.mode.uniform >> k & 1 == 1);
                Operand { n, ..operand(shape, nest, k, args[k], (0, cols)) }
            };
            let ahead = others.iter().map(|o| brought(o, 0));
            let operands = (0..inputs).map(operand).chain(ahead).chain((inputs..args.len()).map(operand));
            let calls = vec![Call { n: cols, operands: operands.collect() }];
            self.blocks = self.blocks.max(short.room());
            return Some(Step {
                code,
                by_rows: false,
                singly: false,
                calls,
                reads: inputs + others.len(),
                joins: Vec::new(),
                short: Some(short),
            });
        }
        if !shape.mode.by_rows || row_len != self.height {
            return None;
        }
        let width = if folds == 0 { cols } else { T::BLOCK };
        let chosen = |set: u64| (0..folds).filter(move |f| set >> f & 1 == 1);
        let (first, blocks) = (inputs + stores, cols.div_ceil(width));
        let along: SmallVec<[usize; 4]> = chosen(shape.mode.columns).map(|f| first + f).collect();
        if chosen(shape.mode.carried).any(|f| nest.tile_strides(first + f).0 != 1) {
            return None;
        }
        // Reductions whose partial results are joined in one go.
        let mut groups: SmallVec<[SmallVec<[usize; 4]>; 2]> = SmallVec::new();
        for f in chosen(shape.mode.carried) {
            match groups.iter_mut().find(|g| fused.folds[g[0]].op == fused.folds[f].op) {
                Some(group) => group.push(f),
                None => groups.push(SmallVec::from_slice(&[f])),
            }
        }
        let joined = |f: usize| {
            let o = operand(shape, nest, first + f, args[first + f], (0, 1));
            Operand { down: 1, n: 1, ..o }
        };
        // Where partial results of a block are.
        let partial = |f: usize, b: usize| {
            let mut before = 0;
            for group in &groups {
                if let Some(i) = group.iter().position(|g| *g == f) {
                    let at = signed((before + b * group.len() + i) * self.height);
                    return Operand {
                        piece: PARTIAL,
                        at,
                        from: From::Band,
                        down: 1,
                        step: 0,
                        n: 1,
                        ahead: 0,
                    };
                }
                before += group.len() * blocks;
            }
            joined(f)
        };
        let call = |(b, c): (usize, usize)| {
            let n = width.min(cols - c);
            let operand = |k: usize| operand(shape, nest, k, args[k], (c, n));
            let inner = (0..inputs).chain(along.iter().copied());
            let outer = (inputs..first).chain(along.iter().copied());
            let kept =
                chosen(shape.mode.carried).map(|f| if blocks == 1 { joined(f) } else { partial(f, b) });
            let ahead = others.iter().map(|o| brought(o, c));
            Call {
                n,
                operands: inner.map(operand).chain(ahead).chain(outer.map(operand)).chain(kept).collect(),
            }
        };
        let calls = (0..cols).step_by(width).enumerate().map(call).collect();
        let mut joins = Vec::new();
        let mut at = 0;
        for group in groups.iter().filter(|_| blocks > 1) {
            let elements = group.len() * self.height;
            let results = group.iter().map(|&f| joined(f)).collect();
            joins.push(Join {
                at,
                n: blocks * elements,
                elements,
                pair: T::pair(&fused.folds[group[0]]),
                results,
            });
            at += blocks * elements;
        }
        self.partial = self.partial.max(at);
        Some(Step {
            code,
            by_rows: true,
            singly: false,
            calls,
            reads: inputs + along.len() + others.len(),
            joins,
            short: None,
        })
    }
}

impl<T: Cell> Pass<T> for Loops<T> {
    fn height(&self) -> usize {
        self.height
    }

    fn run(
        &self,
        pieces: &mut [PassPiece<'_, T>],
        rows: (usize, usize),
        registers: &mut Vec<Vec<T>>,
    ) -> bool {
        registers.resize_with(registers.len().max(3), Vec::new);
        let [frame, partial, blocks, ..] = registers.as_mut_slice() else { return false };
        let sizes = [self.frame, self.partial, self.blocks];
        for (memory, n) in [&mut *frame, &mut *partial, &mut *blocks].into_iter().zip(sizes) {
            // Others count on blocks.
            memory.resize(memory.len().max(with_line::<T>(n)).max(T::BLOCK), T::default());
        }
        let past = first_line(frame);
        let frame = frame.as_mut_ptr().wrapping_add(past);
        let past = first_line(blocks);
        let blocks = blocks.as_mut_ptr().wrapping_add(past);
        let pieces = pieces.iter_mut().map(|piece| match piece {
            PassPiece::Read(data) => (data.as_ptr().cast_mut(), data.len(), false),
            PassPiece::Write(data) => (data.as_mut_ptr(), data.len(), true),
        });
        let (first, end) = rows;
        let places = Places {
            pieces: pieces.collect(),
            partial: (partial.as_mut_ptr(), partial.len()),
            rows: (first, end - first),
            height: self.height,
        };
        let Some(mut tables) = Tables::new(&self.steps, &places, frame) else { return false };
        for row in (0..end - first).step_by(self.height) {
            let height = self.height.min(end - first - row);
            let (mut table, mut operands) = (tables.table.as_mut_slice(), tables.operands.as_mut_slice());
            let mut joined = tables.joined.iter_mut();
            let mut held = true;
            for step in &self.steps {
                let entries: usize = step.calls.iter().map(|c| c.operands.len()).sum();
                let (here, after) = table.split_at_mut(2 * (entries + step.calls.len()));
                let (moving, next) = operands.split_at_mut(entries);
                (table, operands) = (after, next);
                // SAFETY: the tables are of these steps, for these rows.
                #[allow(unsafe_code, reason = "enters compiled code")]
                let done = unsafe { step.run(here, moving, height, blocks) };
                held &= done;
                for join in &step.joins {
                    // SAFETY: there is room for the partial results of every step, and code has written them.
                    #[allow(unsafe_code, reason = "a slice of what code has written")]
                    let values = unsafe {
                        std::slice::from_raw_parts_mut(places.partial.0.wrapping_add(join.at), join.n)
                    };
                    pairwise(values, join.elements, join.pair);
                    for values in values.chunks_exact(self.height).take(join.results.len()) {
                        let Some(at) = joined.next().map(Moving::next) else { return false };
                        for (i, &x) in values[..height].iter().enumerate() {
                            // SAFETY: results of these rows have places in exclusively borrowed memory, as
                            // compared before.
                            #[allow(unsafe_code, reason = "writes a decided place")]
                            unsafe {
                                *at.wrapping_add(i) = x;
                            }
                        }
                    }
                }
            }
            if !held {
                return false;
            }
        }
        true
    }
}
