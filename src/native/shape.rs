//! How a nest is walked: by tiles, by rows, or as one row, and by which code.

use std::sync::Arc;

use super::asm::Form;
use super::loops::{Code, Mode, bits};
use super::program::most_carried;
use crate::eval::{Cell, Format, Nest};
use crate::op::FOLD_SHORTEST;

/// Rows shorter than this are gathered into blocks of several rows.
const SHORT: usize = 64;

/// Bytes that are written past the caches: more than these would drive out what is read.
pub(super) const STREAM: usize = 1 << 24;

/// How many numbers of a format are worked on at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vectors {
    /// In a block.
    block: usize,
    /// Reductions that can be carried along.
    carried: usize,
}

impl Vectors {
    pub(super) fn of(form: Form, format: Format) -> Vectors {
        let (size, block) = match format {
            // Integers have steps of their own; loops never see them.
            Format::F64 | Format::I64 => (8, f64::BLOCK),
            Format::F32 => (4, f32::BLOCK),
        };
        Vectors { block, carried: most_carried(form, form.bytes() / size) }
    }
}

/// How a nest is walked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Whole rows, where every operand can be read and written in place and nothing is reduced.
    pub(super) rows: bool,
    /// The code that walks it; the reductions are the only ones where it goes by rows.
    pub(super) mode: Mode,
    /// Are rows kept by reductions that are carried along?
    pub(super) keeps_rows: bool,
    /// Do all operands lie side by side along a row?
    pub(super) in_place: bool,
    /// One row, all of which is reduced.
    pub(super) folds_line: bool,
}

impl Shape {
    pub(super) fn new(
        nest: &Nest,
        inputs: usize,
        stores: usize,
        folds: usize,
        number: impl Fn(usize) -> bool,
        vectors: Vectors,
    ) -> Shape {
        let (row_len, col_len) = nest.tile();
        let in_place = |k: usize| {
            let (_, col) = nest.tile_strides(k);
            col == 1 || col_len == 1 || col == 0 && k < inputs
        };
        let in_place = (0..inputs + stores).all(in_place);
        let rows = folds == 0 && (row_len == 1 || col_len >= SHORT) && in_place;
        let step = |f: usize| nest.tile_strides(inputs + stores + f);
        let set = |holds: &dyn Fn(usize) -> bool| -> u64 {
            (0..folds).filter(|&f| holds(f)).fold(0, |all, f| all | 1 << f)
        };
        let fits = |carried: u64| carried.count_ones() as usize <= vectors.carried;
        // Reductions of columns; all keep the rows or none does.
        let kept = |f: usize| row_len > 1 && step(f).0 != 0;
        let mut carried = set(&|f| step(f).1 == 0);
        let mut keeps_rows = (0..folds).any(|f| step(f).1 == 0 && kept(f));
        let long = if keeps_rows { col_len } else { row_len.saturating_mul(col_len) } >= FOLD_SHORTEST;
        let alike = (0..folds).all(|f| step(f).1 != 0 || kept(f) == keeps_rows);
        // Reductions along rows, whose results lie side by side.
        let columns = set(&|f| step(f) == (0, 1));
        // No block of a row is so short that it is folded from the left.
        let rest = col_len % vectors.block;
        let blocks = rest == 0 || rest >= FOLD_SHORTEST;
        let by_rows = row_len > 1
            && in_place
            && if folds == 0 { rows } else { carried == 0 || blocks && keeps_rows && alike }
            && (carried | columns).count_ones() as usize == folds
            && fits(carried);
        // A row at a time needs operands in place.
        if !by_rows && !(long && alike && fits(carried) && (!keeps_rows || in_place)) {
            carried = 0;
        }
        keeps_rows &= carried != 0;
        let uniform = bits((0..inputs).map(|k| {
            let (row, col) = nest.tile_strides(k);
            let whole = row == 0 && row_len * col_len > 1;
            number(k) || col == 0 && if rows || keeps_rows || by_rows { col_len > 1 } else { whole }
        }));
        let mode =
            Mode { uniform, carried, columns: if by_rows { columns } else { 0 }, by_rows, ..Mode::default() };
        let line = in_place && row_len == 1 && nest.lens.len() == 2;
        let folds_line = line && carried != 0 && carried.count_ones() as usize == folds;
        Shape { rows, mode, keeps_rows, in_place, folds_line }
    }

    /// The code for a row whose reductions are not carried along.
    pub(super) fn plain(&self) -> Mode {
        Mode { uniform: self.mode.uniform, stream: self.mode.stream, ..Mode::default() }
    }

    /// The code for a row whose reductions are carried along; the blocks of a row that is all reduced are rows.
    pub(super) fn folding(&self) -> Mode {
        Mode { by_rows: self.folds_line, ..self.mode }
    }

    /// Do stores go past the caches: those of one long row, where all are aligned alike? `whole` is of how many
    /// elements they are, if not those of the row.
    pub(super) fn streams<T>(&self, nest: &Nest, stores: &[&mut [T]], whole: Option<usize>) -> bool {
        let Some(n) = self.line(nest).filter(|_| self.rows) else { return false };
        let alike = |x: &&mut [T]| x.as_ptr().align_offset(64) == stores[0].as_ptr().align_offset(64);
        whole.unwrap_or(n).saturating_mul(stores.len()) >= STREAM / size_of::<T>() && stores.iter().all(alike)
    }

    /// The code for rows or a row, and that for a row whose reductions are carried along.
    pub(super) fn codes(
        &self,
        code: impl Fn(Mode) -> Option<Arc<Code>>,
    ) -> Option<(Arc<Code>, Option<Arc<Code>>)> {
        let Mode { by_rows, carried, .. } = self.mode;
        let first = code(if by_rows { self.mode } else { self.plain() })?;
        Some((first, if !by_rows && carried != 0 { code(self.folding()) } else { None }))
    }

    /// The elements of a nest that is one row of operands in place.
    pub(super) fn line(&self, nest: &Nest) -> Option<usize> {
        let (row_len, col_len) = nest.tile();
        (self.in_place && row_len == 1 && nest.lens.len() == 2).then_some(col_len)
    }

    /// Are so many reductions all carried along?
    pub(super) fn reduces_all(&self, folds: usize) -> bool {
        self.mode.carried.count_ones() as usize == folds
    }
}
