//! Loops over short rows, decided ahead: a band of rows is one block, whose operands are brought side by side and
//! whose rows are folded together, as tiles are.

use smallvec::SmallVec;

use super::loops::{Code, Native};
use super::shape::Shape;
use super::walk::only_read;
use crate::eval::{Cell, Fused, Instr, Nest, Operand, Target, gather, signed};
use crate::op::FOLD_LANES;

/// Numbers between the ends of blocks and the next ones: memory as far from the beginnings of as many pages has the
/// same few places in a cache.
const APART: usize = 32;

/// From one block to the next.
fn apart<T: Cell>() -> usize {
    2 * T::BLOCK + APART
}

/// What is folded for a row.
#[derive(Debug, Clone, Copy)]
enum Folded {
    /// A block that code writes.
    Written,
    /// What an operand's entry points to.
    Entry(usize),
}

/// The kernel that folds rows.
type FoldRows<T> = fn(&[T], usize, &mut [T]);

/// A loop over short rows.
#[derive(Debug)]
pub(super) struct Short<T> {
    cols: usize,
    /// Steps from row to row and from column to column of the operands that do not lie side by side, which is all of
    /// them that there is to say of others.
    gathered: SmallVec<[Option<(isize, isize)>; 8]>,
    /// Operands that are only brought to the caches, which come next, then what is written.
    ahead: usize,
    stores: usize,
    folds: SmallVec<[(FoldRows<T>, Folded); 4]>,
    /// Is there more to do than to fold?
    computes: bool,
}

impl<T: Cell> Short<T> {
    /// `None` where so many rows are no block, or results of a row are something else than its elements and folds of
    /// them. So many operands are only brought to the caches.
    pub(super) fn new(
        native: Native,
        fused: &Fused,
        (nest, shape): (&Nest, &Shape),
        height: usize,
        ahead: usize,
    ) -> Option<Short<T>> {
        let (leaves, stores) = (fused.leaves.len(), fused.stores.len());
        let (rows, cols) = nest.tile();
        let results = leaves..leaves + stores;
        let strides = |k: usize| nest.tile_strides(k);
        let fits = native.form().follows_rows()
            && nest.lens.len() == 2
            && !(shape.rows || shape.mode.by_rows || shape.keeps_rows)
            && shape.mode.carried == 0
            && height.min(cols) > 1
            && rows >= height
            && height * cols <= 2 * T::BLOCK
            && cols <= T::BLOCK
            && results.clone().all(|k| strides(k) == (signed(cols), 1))
            && (0..fused.folds.len()).all(|f| strides(results.end + f) == (1, 0))
            && (0..leaves).all(|k| strides(k).0 >= 0 && strides(k).1 >= 0);
        if !fits {
            return None;
        }
        let uniform = |k: usize| shape.mode.uniform >> k & 1 == 1;
        let gathered = |k: usize| (!uniform(k) && strides(k) != (signed(cols), 1)).then(|| strides(k));
        let read = only_read(fused, &uniform);
        let mut folded: SmallVec<[Folded; 4]> = read.iter().map(|&leaf| Folded::Entry(leaf)).collect();
        if read.is_empty() {
            folded.resize(fused.folds.len(), Folded::Written);
            for instr in &fused.code {
                if let Instr::Fold { fold, arg: Operand::Stored(Target { store, .. }) } = *instr
                    && (store as usize) < stores
                {
                    folded[fold as usize] = Folded::Entry(leaves + ahead + store as usize);
                }
            }
        }
        let folds = fused.folds.iter().zip(folded).map(|(spec, folded)| (T::rows(spec), folded));
        Some(Short {
            cols,
            gathered: (0..leaves).map(gathered).collect(),
            ahead,
            stores,
            folds: folds.collect(),
            computes: read.is_empty(),
        })
    }

    /// Numbers of blocks.
    pub(super) fn room(&self) -> usize {
        (self.first() + self.folds.len()) * apart::<T>()
    }

    /// The entry of what is folded first.
    fn first(&self) -> usize {
        self.gathered.len() + self.ahead + self.stores
    }

    /// Elements of a row of an operand, from the first that is read to the last.
    pub(super) fn reach(&self, nest: &Nest, k: usize, uniform: bool) -> usize {
        let along = nest.tile_strides(k).1.unsigned_abs();
        if uniform || k >= self.gathered.len() + self.stores { 1 } else { along * (self.cols - 1) + 1 }
    }

    /// A band of so many rows; false where a formula did not hold.
    ///
    /// # Safety
    /// The table is for the code: its frame, then where the operands of the loop are, which have so many rows. There
    /// is room for the blocks.
    #[allow(unsafe_code, reason = "enters compiled code; slices of decided places")]
    pub(super) unsafe fn run(
        &self,
        code: &Code,
        table: &mut [*mut T],
        height: usize,
        blocks: *mut T,
    ) -> bool {
        let n = height * self.cols;
        let first = self.first();
        let block = |k: usize| blocks.wrapping_add(k * apart::<T>());
        for (k, steps) in self.gathered.iter().enumerate() {
            let Some((down, along)) = *steps else { continue };
            let last = down * (signed(height) - 1) + along * (signed(self.cols) - 1);
            // SAFETY: the last element of the last row is in the operand's memory, and the block is the loop's own.
            let (from, to) = unsafe {
                let from = std::slice::from_raw_parts(table[1 + k], last.unsigned_abs() + 1);
                (from, std::slice::from_raw_parts_mut(block(k), n))
            };
            gather(from, 0, (down, along), to, self.cols);
            table[1 + k] = block(k);
        }
        let results: SmallVec<[*mut T; 4]> = SmallVec::from_slice(&table[1 + first..][..self.folds.len()]);
        for (f, (_, folded)) in self.folds.iter().enumerate() {
            table[1 + first + f] = match *folded {
                Folded::Written => block(first + f),
                Folded::Entry(k) => table[1 + k],
            };
        }
        // SAFETY: the caller's; what is written are stores and blocks.
        let held = !self.computes || unsafe { code.run(table, n) };
        for (f, ((fold, _), result)) in self.folds.iter().zip(results).enumerate() {
            // SAFETY: so many elements were read or written there, and results of rows lie side by side elsewhere.
            let (values, out) = unsafe {
                let values = std::slice::from_raw_parts(table[1 + first + f], n);
                (values, std::slice::from_raw_parts_mut(result, height))
            };
            fold(values, self.cols, out);
        }
        held
    }
}

/// Rows of a block: all, if they fit, or as many as folds of rows go through without a remainder.
pub(super) fn height<T: Cell>(rows: usize, cols: usize) -> usize {
    match 2 * T::BLOCK / cols.max(1) {
        all if all >= rows => rows,
        some @ FOLD_LANES.. => some / FOLD_LANES * FOLD_LANES,
        few => few,
    }
}
