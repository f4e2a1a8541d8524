//! How code meets memory: tiles as the block interpreter cuts them, and pointers for each call.

use smallvec::SmallVec;

use super::line::{Line, room};
use super::loops::{Code, Mode};
use super::shape::Shape;
use crate::eval::{
    Cell, Cursor, Fused, FusedArgs, Instr, Nest, Operand, Running, Strided, Tile, gather, goes_on, pairwise,
    place, scatter, signed,
};
use crate::op::{FOLD_LANES, FOLD_SHORTEST};

/// Runs a loop; false where some formula did not hold.
pub(super) fn walk<T: Cell>(
    fused: &Fused,
    nest: &Nest,
    shape: Shape,
    plain: &Code,
    folding: Option<&Code>,
    args: FusedArgs<'_, '_, T>,
) -> bool {
    let blocks = args.leaves.len() + args.stores.len() + args.folds.len();
    if args.registers.len() < blocks + 2 {
        args.registers.resize_with(blocks + 2, || vec![T::default(); T::BLOCK]);
    }
    let frame = plain.frame.max(folding.map_or(0, |c| c.frame));
    if args.registers[blocks + 1].len() < frame {
        args.registers[blocks + 1].resize(frame, T::default());
    }
    let mut walk = Walk { plain, folding, shape, nest, args, table: SmallVec::new(), held: true };
    walk.frame(blocks + 1);
    if shape.mode.by_rows {
        walk.by_rows(fused);
    } else if shape.rows {
        walk.rows();
    } else {
        walk.tiles(fused);
    }
    walk.held
}

/// A loop while it runs.
struct Walk<'w, 's, 'a, T> {
    plain: &'w Code,
    folding: Option<&'w Code>,
    shape: Shape,
    nest: &'w Nest,
    args: FusedArgs<'s, 'a, T>,
    /// The frame, the inputs, the stores, the results of reductions.
    table: SmallVec<[*mut T; 16]>,
    held: bool,
}

/// Rows of operands whose partial results are joined at once.
const LEAST: usize = 32;
const MOST: usize = 128;

/// Rows that one call of code goes through where there are reductions: a few pages of each operand.
fn rows_of<T: Cell>(cols: usize) -> usize {
    (LEAST * T::BLOCK / cols.min(T::BLOCK)).clamp(LEAST, MOST)
}

/// Rows of a tile. Where no fold takes a tile as one block, the bits do not depend on them: as many as compiled code
/// and folds of rows go through without a remainder.
fn height<T: Cell>((rows, cols): (usize, usize), blocks: bool) -> usize {
    let most = (T::BLOCK / cols).max(1);
    match most {
        _ if rows <= most => rows,
        FOLD_LANES.. if !blocks => most / FOLD_LANES * FOLD_LANES,
        _ => most,
    }
}

/// Do the elements of a tile with such strides lie side by side?
#[inline]
fn in_place((row, col): (isize, isize), rows: usize, cols: usize) -> bool {
    (col == 1 || cols == 1) && (rows == 1 || row == signed(cols))
}

/// The pointer to elements that are read: `n` side by side, or one.
fn source<T>(leaf: &Strided<'_, T>, at: isize, n: usize) -> *mut T {
    leaf.data[place(at)..][..n].as_ptr().cast_mut()
}

/// The leaves that are folded, where that is all there is to do: they need not pass through code.
pub(super) fn only_read(fused: &Fused, uniform: &dyn Fn(usize) -> bool) -> SmallVec<[usize; 4]> {
    let mut read: SmallVec<[usize; 4]> = SmallVec::from_elem(0, fused.folds.len());
    for instr in &fused.code {
        match *instr {
            Instr::Load { .. } => {}
            Instr::Fold { fold, arg: Operand::Leaf { leaf, .. } } if !uniform(leaf as usize) => {
                read[fold as usize] = leaf as usize;
            }
            _ => return SmallVec::new(),
        }
    }
    read
}

impl<T: Cell> Walk<'_, '_, '_, T> {
    fn frame(&mut self, at: usize) {
        let frame = self.args.registers[at].as_mut_ptr();
        // Vectors in the frame do not cross cache lines; there is room for it.
        let past = frame.align_offset(64);
        self.table.push(if past < 64 / size_of::<T>() { frame.wrapping_add(past) } else { frame });
        let operands = self.args.leaves.len() + self.args.stores.len() + self.args.folds.len();
        self.table.resize(1 + operands, std::ptr::null_mut());
    }

    fn is_uniform(&self, k: usize) -> bool {
        self.shape.mode.uniform >> k & 1 == 1
    }

    fn call(&mut self, code: &Code, n: usize) {
        // SAFETY: the code was made for vector instructions that this processor has, for as many
        // inputs and stores as the table has entries, and for no larger a frame. Every entry was
        // just taken from a slice of `n` elements (of one, for inputs that the code reads once);
        // what is written comes from exclusive borrows.
        #[allow(unsafe_code, reason = "enters compiled code")]
        let held = unsafe { code.run(&mut self.table, n) };
        self.held &= held;
    }

    /// One call per row; nothing is reduced.
    fn rows(&mut self) {
        let inputs = self.args.leaves.len();
        let (row_len, col_len) = self.nest.tile();
        let mut cursor = Cursor::new(self.nest);
        loop {
            for r in 0..row_len {
                for k in 0..self.table.len() - 1 {
                    let at = cursor.offset(self.nest.strides(k)) + signed(r) * self.nest.tile_strides(k).0;
                    self.table[k + 1] = if let Some(leaf) = self.args.leaves.get(k) {
                        source(leaf, leaf.offset + at, if self.is_uniform(k) { 1 } else { col_len })
                    } else {
                        self.args.stores[k - inputs][place(at)..][..col_len].as_mut_ptr()
                    };
                }
                self.call(self.plain, col_len);
            }
            if !cursor.next(self.nest) {
                break;
            }
        }
    }

    /// One call for many rows of operands in place; reductions are carried along a row, or added to
    /// row by row.
    fn by_rows(&mut self, fused: &Fused) {
        let nest = self.nest;
        let (inputs, stores, n_folds) = (self.args.leaves.len(), self.args.stores.len(), fused.folds.len());
        let (row_len, col_len) = nest.tile();
        let Mode { carried, columns, .. } = self.shape.mode;
        let chosen = |set: u64| (0..n_folds).filter(|f| set >> f & 1 == 1).collect::<SmallVec<[usize; 4]>>();
        let (carried, columns) = (chosen(carried), chosen(columns));
        let outs = std::mem::take(&mut self.args.folds);
        let mut folds: SmallVec<[Running<'_, '_, T>; 4]> =
            fused.folds.iter().zip(outs.iter_mut()).map(|(spec, out)| Running::new(spec, out)).collect();
        // A row is cut as the interpreter cuts it.
        let (height, width) =
            if n_folds == 0 { (row_len, col_len) } else { (rows_of::<T>(col_len), T::BLOCK) };
        let blocks = col_len.div_ceil(width);
        let mut partial = std::mem::take(&mut self.args.registers[inputs + stores + n_folds]);
        let room = carried.len() * blocks * height;
        partial.resize(partial.len().max(room), T::default());
        let mut cursor = Cursor::new(nest);
        loop {
            for r in (0..row_len).step_by(height) {
                let rows = height.min(row_len - r);
                for (b, c) in (0..col_len).step_by(width).enumerate() {
                    let cols = width.min(col_len - c);
                    let at = |k: usize| {
                        let step = nest.tile_strides(k);
                        cursor.offset(nest.strides(k)) + signed(r) * step.0 + signed(c) * step.1
                    };
                    let bytes = |k: usize| nest.tile_strides(k).0.wrapping_mul(signed(size_of::<T>()));
                    let mut steps: SmallVec<[isize; 16]> = SmallVec::new();
                    self.table.truncate(1);
                    for (k, leaf) in self.args.leaves.iter().enumerate() {
                        let n = if self.shape.mode.uniform >> k & 1 == 1 { 1 } else { cols };
                        let last = signed(rows - 1) * nest.tile_strides(k).0;
                        let _ = source(leaf, leaf.offset + at(k) + last, n);
                        self.table.push(source(leaf, leaf.offset + at(k), n));
                        steps.push(bytes(k));
                    }
                    let mut along: SmallVec<[*mut T; 4]> = SmallVec::new();
                    for &f in &columns {
                        let k = inputs + stores + f;
                        let fresh = r == 0
                            && cursor.first(nest.strides(k))
                            && !goes_on(self.args.begun, &fused.folds[f]);
                        along.push(folds[f].row(place(at(k)), cols, fresh).as_mut_ptr());
                    }
                    self.table.extend_from_slice(&along);
                    steps.extend(along.iter().map(|_| 0));
                    for (k, store) in (inputs..).zip(self.args.stores.iter_mut()) {
                        let last = signed(rows - 1) * nest.tile_strides(k).0;
                        let from = &mut store[place(at(k))..];
                        debug_assert!(place(last) + cols <= from.len());
                        let _ = &from[place(last)..][..cols];
                        self.table.push(from.as_mut_ptr());
                        steps.push(bytes(k));
                    }
                    self.table.extend_from_slice(&along);
                    steps.extend(along.iter().map(|_| 0));
                    for i in 0..carried.len() {
                        let results = &mut partial[(i * blocks + b) * rows..][..rows];
                        self.table.push(results.as_mut_ptr());
                        steps.push(signed(size_of::<T>()));
                    }
                    let numbers = steps.iter().map(|s| s.cast_unsigned()).chain([rows]);
                    self.table.extend(numbers.map(std::ptr::without_provenance_mut));
                    self.call(self.plain, cols);
                }
                for (i, &f) in carried.iter().enumerate() {
                    let (strides, step) = {
                        let k = inputs + stores + f;
                        (nest.strides(k), nest.tile_strides(k).0)
                    };
                    let values = &mut partial[i * blocks * rows..][..blocks * rows];
                    pairwise(values, rows, T::pair(&fused.folds[f]));
                    let at = place(cursor.offset(strides) + signed(r) * step);
                    folds[f].put(at, step, &values[..rows], cursor.first(strides));
                }
            }
            if !cursor.next(nest) {
                break;
            }
        }
        self.args.registers[inputs + stores + n_folds] = partial;
    }

    /// One call per tile, as the block interpreter cuts them, or per row of one.
    fn tiles(&mut self, fused: &Fused) {
        let nest = self.nest;
        let (inputs, stores) = (self.args.leaves.len(), self.args.stores.len());
        let first_fold = inputs + stores;
        let (row_len, col_len) = nest.tile();
        let blocks = (0..fused.folds.len()).any(|f| nest.tile_strides(first_fold + f) == (0, 0));
        let rows_at_once = height::<T>(nest.tile(), blocks);
        let steps: SmallVec<[(isize, isize); 12]> =
            (0..first_fold + fused.folds.len()).map(|k| nest.tile_strides(k)).collect();
        let read = only_read(fused, &|k| self.is_uniform(k));
        let outs = std::mem::take(&mut self.args.folds);
        let mut folds: SmallVec<[Running<'_, '_, T>; 4]> =
            fused.folds.iter().zip(outs.iter_mut()).map(|(spec, out)| Running::new(spec, out)).collect();
        if let Some(code) = self.folding.filter(|_| self.shape.folds_line) {
            return self.line(code, fused, &mut folds);
        }
        let mut joined: SmallVec<[T; 4]> = SmallVec::from_elem(T::default(), folds.len());
        let mut cursor = Cursor::new(nest);
        loop {
            let bases: SmallVec<[isize; 12]> =
                (0..first_fold + folds.len()).map(|k| cursor.offset(nest.strides(k))).collect();
            let outer: SmallVec<[bool; 4]> = (0..folds.len())
                .map(|k| {
                    cursor.first(nest.strides(first_fold + k)) && !goes_on(self.args.begun, &fused.folds[k])
                })
                .collect();
            for r in (0..row_len).step_by(rows_at_once) {
                let rows = rows_at_once.min(row_len - r);
                for c in (0..col_len).step_by(T::BLOCK) {
                    let cols = T::BLOCK.min(col_len - c);
                    let by_row = if self.shape.keeps_rows { rows } else { 1 };
                    let height = rows / by_row;
                    let n = height * cols;
                    let folding = self.folding.filter(|_| n >= FOLD_SHORTEST);
                    for row in 0..by_row {
                        let at = |k: usize| {
                            let step = steps[k];
                            bases[k] + signed(r + row) * step.0 + signed(c) * step.1
                        };
                        let apart = self.place(&at, &steps, height, cols);
                        if folding.is_none() && !read.is_empty() {
                            // Nothing to compute.
                        } else if let Some(code) = folding {
                            self.results(&mut joined);
                            self.call(code, n);
                        } else {
                            self.call(self.plain, n);
                        }
                        for k in (inputs..first_fold).filter(|k| apart >> (k - inputs) & 1 == 1) {
                            let step = steps[k];
                            let block = &self.args.registers[k][..n];
                            scatter(self.args.stores[k - inputs], at(k), step, block, cols);
                        }
                        for (f, fold) in folds.iter_mut().enumerate() {
                            let k = first_fold + f;
                            let step = steps[k];
                            let tile = |row: usize, rows: usize, values| {
                                let at = bases[k] + signed(r + row) * step.0 + signed(c) * step.1;
                                let first = (outer[f], r + row == 0, c == 0);
                                Tile { values, rows, cols, at: place(at), step, first }
                            };
                            if folding.is_some() && self.shape.mode.carried >> f & 1 == 1 {
                                fold.add_folded(tile(0, rows, &[]), row, joined[f]);
                                continue;
                            }
                            let (block, spare) = self.args.registers.split_at_mut(k + 1);
                            let spare = &mut spare[first_fold + fused.folds.len() - k - 1];
                            let values = match read.get(f) {
                                Some(&leaf) if folding.is_none() => self
                                    .args
                                    .leaves
                                    .get(leaf)
                                    .filter(|_| in_place(steps[leaf], height, cols))
                                    .map_or(&block[leaf][..n], |l| {
                                        &l.data[place(l.offset + at(leaf))..][..n]
                                    }),
                                _ => &block[k][..n],
                            };
                            fold.add(tile(row, height, values), spare);
                        }
                    }
                }
            }
            if !cursor.next(nest) {
                break;
            }
        }
        folds.iter_mut().for_each(Running::flush);
    }

    /// One row, all operands in place, everything reduced.
    fn line(&mut self, folding: &Code, fused: &Fused, folds: &mut [Running<'_, '_, T>]) {
        let n = self.nest.tile().1;
        let (inputs, blocks) = (self.args.leaves.len(), self.args.leaves.len() + self.args.stores.len());
        let mut operands: SmallVec<[(*mut T, bool); 16]> = SmallVec::new();
        for (k, leaf) in self.args.leaves.iter().enumerate() {
            let moves = !self.is_uniform(k);
            operands.push((source(leaf, leaf.offset, if moves { n } else { 1 }), moves));
        }
        operands.extend(self.args.stores.iter_mut().map(|store| (store[..n].as_mut_ptr(), true)));
        debug_assert_eq!(operands.len(), inputs + self.args.stores.len());
        let spare = &mut self.args.registers[blocks];
        let room = room::<T>(folds.len());
        spare.resize(spare.len().max(room), T::default());
        let mut results: SmallVec<[T; 4]> = SmallVec::from_elem(T::default(), folds.len());
        let line = Line { plain: self.plain, folding: Some(folding), specs: &fused.folds };
        // SAFETY: as for every call of code; operands were just taken from slices of so many elements.
        #[allow(unsafe_code, reason = "enters compiled code")]
        let held = unsafe { line.fold(self.table[0], &operands, n, &mut spare[..room], &mut results) };
        self.held &= held;
        for (fold, x) in folds.iter_mut().zip(results) {
            fold.put(0, 0, &[x], true);
        }
    }

    /// Where results of reductions go.
    fn results(&mut self, joined: &mut [T]) {
        let (inputs, stores) = (self.args.leaves.len(), self.args.stores.len());
        // The table has what is stored first, then what is carried.
        let is_carried = |f: &usize| self.shape.mode.carried >> f & 1 == 1;
        let folds = joined.len();
        let stored: SmallVec<[usize; 4]> = (0..folds).filter(|f| !is_carried(f)).collect();
        for (i, f) in stored.iter().enumerate() {
            self.table[1 + inputs + stores + i] = self.args.registers[inputs + stores + f].as_mut_ptr();
        }
        for (i, f) in (0..folds).filter(is_carried).enumerate() {
            self.table[1 + inputs + stores + stored.len() + i] = &raw mut joined[f];
        }
    }

    /// Fills the table for a tile of operands with such strides. Returns a bit for each store that goes through a
    /// block.
    fn place(
        &mut self,
        at: &dyn Fn(usize) -> isize,
        steps: &[(isize, isize)],
        rows: usize,
        cols: usize,
    ) -> u64 {
        let (inputs, stores) = (self.args.leaves.len(), self.args.stores.len());
        let n = rows * cols;
        let mut apart = 0;
        for (k, &(row, col)) in steps.iter().enumerate() {
            let side_by_side = in_place((row, col), rows, cols);
            self.table[k + 1] = if let Some(leaf) = self.args.leaves.get(k) {
                let from = leaf.offset + at(k);
                if self.is_uniform(k) {
                    source(leaf, from, 1)
                } else if side_by_side {
                    source(leaf, from, n)
                } else {
                    let block = &mut self.args.registers[k][..n];
                    gather(leaf.data, from, (row, col), block, cols);
                    block.as_mut_ptr()
                }
            } else if k < inputs + stores && side_by_side {
                self.args.stores[k - inputs][place(at(k))..][..n].as_mut_ptr()
            } else {
                if k < inputs + stores {
                    apart |= 1 << (k - inputs);
                }
                self.args.registers[k][..n].as_mut_ptr()
            };
        }
        apart
    }
}
