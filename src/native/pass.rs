//! Passes over rows: which code each loop calls, and over which places, is decided once. What is left for a band is a
//! table that is copied, and a call for each block of columns.

use std::sync::Arc;

use smallvec::SmallVec;

mod tables;

use super::ahead::{Ahead, ahead};
use super::loops::{Code, Mode, Native};
use super::shape::Shape;
use crate::eval::{
    Cell, From, Layout, Nest, Pass, PassArg, PassPiece, PassStep, first_line, kept_strides, pairwise,
};
use crate::eval::{signed, with_line};

use tables::{Places, Tables};

/// Loops that are decided.
#[derive(Debug)]
struct Loops<T> {
    steps: Vec<Step<T>>,
    /// Rows of a band.
    height: usize,
    /// Numbers that code keeps in memory, and partial results of a band.
    frame: usize,
    partial: usize,
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
}

/// A call of code for some columns.
#[derive(Debug)]
struct Call {
    /// Elements of a row.
    n: usize,
    operands: Vec<Operand>,
}

/// An entry of a call's table.
#[derive(Debug, Clone, Copy)]
struct Operand {
    /// Which memory, and the position of the first element; of partial results, in theirs.
    piece: usize,
    at: isize,
    from: From,
    /// From row to row of the call, and of the band.
    down: isize,
    step: isize,
    /// Elements of a row from the first on.
    n: usize,
    /// How far off is what is only brought to the caches; it may be past the end.
    ahead: isize,
}

impl Operand {
    /// Rows of which no element is read or written.
    fn rows(arg: &PassArg) -> Operand {
        let PassArg { piece, at, from, down, .. } = *arg;
        Operand { piece, at, from, down, step: down, n: 0, ahead: 0 }
    }
}

/// Bands are so much higher where no loop brings others' rows to the caches: there is less to do for each, and the
/// second cache holds them, too.
const HIGHER: usize = 4;

/// Rows of a band at most: partial results of so many are kept at once.
const HIGHEST: usize = 32;

/// Bytes of an array whose rows come from memory, not from a cache: how they are gone through tells how soon.
const FAR: usize = 1 << 22;

/// Memory of partial results.
const PARTIAL: usize = usize::MAX;

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
    let walks = |height: usize| -> Option<Vec<_>> { steps.iter().map(|s| walk(native, s, height)).collect() };
    let mut height = *steps.first()?.space.first()?;
    let mut found = walks(height)?;
    let (dearest, others) = ahead(steps, &found, (rows, height, size_of::<T>()));
    if others.is_empty() {
        height = (height * HIGHER).min(HIGHEST);
        found = walks(height)?;
    }
    let (walks, mut all) = (found, Loops { steps: Vec::new(), height, frame: 0, partial: 0 });
    for (i, (step, walk)) in steps.iter().zip(&walks).enumerate() {
        let mut decided = all.step(native, step, walk, if i == dearest { &others } else { &[] })?;
        let bytes = decided.calls.iter().map(|c| c.n).sum::<usize>().saturating_mul(rows * size_of::<T>());
        decided.singly = decided.calls.len() > 1 && native.form().follows_rows() && bytes >= FAR;
        all.frame = all.frame.max(decided.code.frame);
        all.steps.push(decided);
    }
    Some(Box::new(all))
}

/// An operand in some columns of a nest.
fn operand(shape: &Shape, nest: &Nest, k: usize, arg: &PassArg, (column, n): (usize, usize)) -> Operand {
    let (down, along) = nest.tile_strides(k);
    let one = shape.mode.uniform >> k & 1 == 1;
    let at = arg.at + along * signed(column);
    Operand { at, down, n: if one { 1 } else { n }, ..Operand::rows(arg) }
}

/// How a loop is walked; `None` where it is not by rows.
fn walk(native: Native, step: &PassStep<'_>, height: usize) -> Option<(Nest, Shape)> {
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
    (nest.lens.len() == 2 && (shape.rows || shape.mode.by_rows)).then_some((nest, shape))
}

impl<T: Cell> Step<T> {
    /// The calls for a band: `height` rows of the stretch from `row` on. Returns whether all formulas held.
    ///
    /// # Safety
    /// Tables and places are those of the step, and there are so many rows.
    #[allow(unsafe_code, reason = "enters compiled code")]
    unsafe fn run(
        &self,
        table: &mut [*mut T],
        places: &[(*mut T, isize)],
        (row, height): (usize, usize),
    ) -> bool {
        let at_once = if self.singly { 1 } else { height };
        let mut held = true;
        for r in (0..height).step_by(at_once) {
            let (mut rest, mut places) = (&mut *table, places);
            for call in &self.calls {
                let k = call.operands.len();
                let (table, after) = rest.split_at_mut(2 * k + 2);
                let (here, next) = places.split_at(k);
                (rest, places) = (after, next);
                // Code changes entries.
                let (entries, downs) = table[1..].split_at_mut(k);
                for ((entry, down), &(at, step)) in entries.iter_mut().zip(&*downs).zip(here) {
                    let down = down.addr().wrapping_mul(r);
                    *entry = at.wrapping_offset(step * signed(row)).wrapping_byte_add(down);
                }
                table[2 * k + 1] = std::ptr::without_provenance_mut(at_once);
                let n = if self.by_rows { call.n } else { call.n * height };
                // SAFETY: the code was made for this processor, and for as many operands as the table has. The
                // places of each were compared with its memory for all rows; the frame is as large as any
                // code asks, and what is written comes from exclusive borrows.
                held &= unsafe { self.code.run(table, n) };
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
            let ahead = others.iter().map(|o| Operand {
                at: o.arg.at + signed(c),
                ahead: if o.next { o.arg.down * signed(self.height) } else { 0 },
                ..Operand::rows(&o.arg)
            });
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
        registers.resize_with(registers.len().max(2), Vec::new);
        let [frame, partial, ..] = registers.as_mut_slice() else { return false };
        for (memory, n) in [(&mut *frame, self.frame), (&mut *partial, self.partial)] {
            // Others count on blocks.
            memory.resize(memory.len().max(with_line::<T>(n)).max(T::BLOCK), T::default());
        }
        let past = first_line(frame);
        let frame = frame.as_mut_ptr().wrapping_add(past);
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
            let (mut rest, mut operands) = (tables.table.as_mut_slice(), tables.first.as_slice());
            let mut joined = tables.joined.iter();
            let mut held = true;
            for step in &self.steps {
                let entries: usize = step.calls.iter().map(|c| c.operands.len()).sum();
                let (table, after) = rest.split_at_mut(2 * (entries + step.calls.len()));
                let (here, next) = operands.split_at(entries);
                (rest, operands) = (after, next);
                // SAFETY: the tables are of these steps, for these rows.
                #[allow(unsafe_code, reason = "enters compiled code")]
                let done = unsafe { step.run(table, here, (row, height)) };
                held &= done;
                for join in &step.joins {
                    // SAFETY: there is room for the partial results of every step, and code has written them.
                    #[allow(unsafe_code, reason = "a slice of what code has written")]
                    let values = unsafe {
                        std::slice::from_raw_parts_mut(places.partial.0.wrapping_add(join.at), join.n)
                    };
                    pairwise(values, join.elements, join.pair);
                    let results = joined.by_ref().take(join.results.len());
                    for (values, &(at, step)) in values.chunks_exact(self.height).zip(results) {
                        let at = at.wrapping_offset(step * signed(row));
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
