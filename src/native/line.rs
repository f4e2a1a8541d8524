//! A row whose elements are all reduced: its blocks are the rows of one call of code.

use smallvec::SmallVec;

use super::loops::Code;
use crate::eval::{Cell, FoldSpec, Pairwise, merge};
use crate::op::FOLD_SHORTEST;

/// The code for a row whose operands are stored and for rows that are folded, and what it folds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'c> {
    pub(super) plain: &'c Code,
    pub(super) folding: Option<&'c Code>,
    pub(super) specs: &'c [FoldSpec],
}

/// Numbers that [`Line::fold`] needs for so many reductions.
pub(super) fn room<T: Cell>(folds: usize) -> usize {
    folds * T::BLOCK
}

impl Line<'_> {
    /// Folds `n` elements into `results`, in the interpreter's order. `operands` are inputs, then stores: where
    /// each begins, and whether it moves on. Returns whether all formulas held.
    ///
    /// # Safety
    /// The processor has the code's instructions. Operands are of `n` elements, of one where they do not move on;
    /// the frame is as large as the code asks.
    #[allow(unsafe_code, reason = "enters compiled code")]
    pub(super) unsafe fn fold<T: Cell>(
        self,
        frame: *mut T,
        operands: &[(*mut T, bool)],
        n: usize,
        spare: &mut [T],
        results: &mut [T],
    ) -> bool {
        let Line { plain, folding, specs } = self;
        let mut pending: SmallVec<[Pairwise<T>; 3]> = SmallVec::new();
        pending.resize_with(specs.len(), Pairwise::default);
        let mut table: SmallVec<[*mut T; 48]> = SmallVec::new();
        let mut held = true;
        let mut done = 0;
        while done < n {
            let left = n - done;
            let cols = left.min(T::BLOCK);
            let folding = folding.filter(|_| cols >= FOLD_SHORTEST);
            // As many rows as there is room for their results.
            let rows = if folding.is_some() { (left / cols).min(T::BLOCK) } else { 1 };
            table.clear();
            table.push(frame);
            table.extend(operands.iter().map(|&(p, moves)| if moves { p.wrapping_add(done) } else { p }));
            table.extend(spare.chunks_exact_mut(T::BLOCK).take(specs.len()).map(<[T]>::as_mut_ptr));
            let steps = operands.iter().map(|&(_, moves)| if moves { cols } else { 0 });
            let steps = steps.chain(specs.iter().map(|_| 1)).map(|step| step * size_of::<T>());
            table.extend(steps.chain([rows]).map(std::ptr::without_provenance_mut));
            // SAFETY: the caller's for the operands; a block is there for the results of each reduction.
            held &= unsafe { folding.unwrap_or(plain).run(&mut table, cols) };
            for ((spec, part), pending) in
                specs.iter().zip(spare.chunks_exact_mut(T::BLOCK)).zip(&mut pending)
            {
                if folding.is_none() {
                    pending.push(T::fold(spec)(&part[..cols]), merge(spec));
                    continue;
                }
                pending.push_all(&mut part[..rows], spec);
            }
            done += rows * cols;
        }
        for ((spec, pending), result) in specs.iter().zip(&mut pending).zip(results) {
            *result = pending.take(merge(spec)).unwrap_or_default();
        }
        held
    }
}
