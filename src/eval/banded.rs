//! Running steps in bands of rows.

use smallvec::SmallVec;

use super::backend::Backend;
use super::bands::{Along, Bands};
use super::cell::{Cell, Format, Memory, Registers};
use super::copy::Read;
use super::dot;
use super::error::RunError;
use super::layout::signed;
use super::len::LenId;
use super::plan::{Arg, Base, Dest, FoldSpec, Fused, Source, Step};
use super::step::Call;

/// Bytes of a band, which are to stay in the second cache.
const BAND: usize = 384 << 10;

/// Bytes of a band whose height the tree of a whole sum sets, at most.
const HIGHEST: usize = 3 << 20;

/// Bands of a call, at least.
const LEAST: usize = 16;

/// Rows that are no band of their own.
const FEW: usize = 64;

/// Columns from which on sums of rows are added row by row.
const COLUMNS: usize = 16;

/// Some rows of a stretch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the stretch begins and ends.
    pub(super) stretch: (usize, usize),
}

impl Band {
    fn len(self) -> usize {
        self.end - self.start
    }

    /// Its rows among those of the stretch, `row` elements each.
    fn elements(self, row: usize) -> std::ops::Range<usize> {
        (self.start - self.stretch.0) * row..(self.end - self.stretch.0) * row
    }

    /// Are there rows of the stretch before it?
    fn begun(self) -> bool {
        self.start > self.stretch.0
    }
}

/// How far the rows of a band, or of a stretch of bands, reach: few rows at the end are no band of their own, where
/// nothing is cut at nodes of a tree. Few are fewer than half of it, so that what is to stay in a cache does.
pub(super) fn end_of(start: usize, height: usize, rows: usize, tree: bool) -> usize {
    let end = (start + height).min(rows);
    if rows - end < FEW.min(height / 2) && !tree { rows } else { end }
}

impl<'a> Call<'_, '_, 'a> {
    /// Rows of a band; `None` where all are one.
    pub(super) fn band_height(&self, b: &Bands) -> Option<usize> {
        height(b, &|d| self.lengths[d as usize], &|step| self.adds_by_rows(step))
    }

    /// Does a step add rows in their order?
    fn adds_by_rows(&self, step: &Step) -> bool {
        match step {
            Step::Dot { a, b: Arg { source: Source::Array(v), .. }, .. } if a.dims.len() == 1 => {
                dot::adds_rows(&self.layouts[*v as usize])
            }
            Step::Dot { a, .. } => a.dims.len() == 2,
            _ => true,
        }
    }

    /// The steps for a band of rows. Reductions to one number add one to `numbers`.
    pub(super) fn band(
        &mut self,
        b: &Bands,
        band: Band,
        backend: &dyn Backend,
        registers: &mut Vec<Registers>,
        numbers: &mut Vec<f64>,
    ) -> Result<(), RunError> {
        let mut steps = b.steps.iter();
        while let Some(step) = steps.next() {
            if let Some(next) = steps.as_slice().first()
                && self.band_products(b, [step, next], band)?
            {
                steps.next();
                continue;
            }
            match step {
                Step::Fused(f) if f.format == Format::F32 => {
                    self.band_loop::<f32>(b, f, band, backend, registers, numbers)?;
                }
                Step::Fused(f) => self.band_loop::<f64>(b, f, band, backend, registers, numbers)?,
                _ => self.band_product(b, step, band)?,
            }
        }
        Ok(())
    }

    /// Takes the memory of a result out of the call: the rows of the stretch, a band where it holds one, or all.
    fn take_band(
        &mut self,
        b: &Bands,
        dest: Dest,
        number: Format,
        band: Band,
    ) -> Result<Memory<'a>, RunError> {
        let Dest::Buffer(buffer) = dest else { return Ok(Memory::one(number)) };
        if !b.is_by_rows(buffer) {
            return Ok(self.take(dest, number)?.0);
        }
        let of = &self.plan.buffers[buffer as usize];
        if !b.is_local(buffer) {
            return Ok(std::mem::take(&mut self.memory[of.memory as usize]));
        }
        let n = band.len() * self.lens(&of.dims[1..]).iter().product::<usize>();
        let mut memory = std::mem::take(&mut self.memory[of.memory as usize]);
        memory.fit(n).map_err(|_| RunError::Memory { elements: n })?;
        Ok(memory)
    }

    /// How far the first row of a band is from the start of what holds it.
    fn shift(&self, b: &Bands, source: Source, band: Band) -> isize {
        match source {
            Source::Array(v) => match self.plan.values[v as usize].base {
                Base::Buffer(k) if b.is_local(k) => 0,
                Base::Buffer(k) if b.is_by_rows(k) => signed(band.start - band.stretch.0),
                _ => signed(band.start),
            },
            Source::Scalar(_) => 0,
        }
    }

    fn band_loop<T: Cell>(
        &mut self,
        b: &Bands,
        fused: &Fused,
        band: Band,
        backend: &dyn Backend,
        registers: &mut Vec<Registers>,
        numbers: &mut Vec<f64>,
    ) -> Result<(), RunError> {
        let all = self.lens(&fused.space);
        let mut space = all.clone();
        space[0] = band.len();
        let rank = space.len();
        let stores = fused.stores.iter().map(|&s| (Dest::Buffer(s), Some(Along::Rows)));
        let folds = fused.folds.iter().map(|f| (f.out, Along::of(f, rank)));
        let mut taken: SmallVec<[(Dest, Option<Along>, Memory<'a>); 4]> = SmallVec::new();
        for (dest, along) in stores.chain(folds) {
            taken.push((dest, along, self.take_band(b, dest, T::FORMAT, band)?));
        }
        let result = {
            let mut slices: SmallVec<[&mut [T]; 4]> = SmallVec::new();
            for (dest, along, memory) in &mut taken {
                let data = T::write(memory.get_mut()).unwrap_or_default();
                let local = matches!(dest, Dest::Buffer(k) if b.is_local(*k));
                slices.push(match along {
                    Some(Along::Rows) if !local => {
                        let row = data.len() / (band.stretch.1 - band.stretch.0);
                        &mut data[band.elements(row)]
                    }
                    _ => data,
                });
            }
            let (stores, folds) = slices.split_at_mut(fused.stores.len());
            let seen = |k: usize| (all.clone(), self.shift(b, fused.leaves[k], band));
            let begun = band.begun();
            self.run_loop::<T>(fused, &space, &seen, (stores, folds, begun), backend, registers)
        };
        for (dest, along, memory) in taken {
            if along == Some(Along::Whole) {
                numbers.push(memory.first());
            } else {
                self.put(dest, memory);
            }
        }
        result
    }

    fn band_product(&mut self, b: &Bands, step: &Step, band: Band) -> Result<(), RunError> {
        let Step::Dot { a: left, b: right, out } = step else { return Ok(()) };
        let mut memory = self.take_band(b, *out, Format::F64, band)?;
        let local = matches!(out, Dest::Buffer(k) if b.is_local(*k));
        let result = match &mut memory {
            Memory::F64(data) => self.rows_product(b, [left, right], data.get_mut(), local, band),
            Memory::F32(data) => self.rows_product(b, [left, right], data.get_mut(), local, band),
            // Only steps over integers write integers.
            Memory::I64(_) => Ok(()),
        };
        self.put(*out, memory);
        result
    }

    /// One matrix times two vectors, where two steps are that and there is a kernel for it.
    fn band_products(&mut self, b: &Bands, steps: [&Step; 2], band: Band) -> Result<bool, RunError> {
        let [Step::Dot { a, b: x, out }, Step::Dot { a: same, b: y, out: other }] = steps else {
            return Ok(false);
        };
        let Dest::Buffer(buffer) = *out else { return Ok(false) };
        if a.source != same.source || a.dims.len() != 2 || same.dims != a.dims {
            return Ok(false);
        }
        let single = self.plan.buffers[buffer as usize].format == Format::F32;
        let mut memory = [*out, *other].map(|dest| self.take_band(b, dest, Format::F64, band));
        let done = match &mut memory {
            [Ok(p), Ok(q)] if single => self.rows_products::<f32>(b, [a, x, y], [*out, *other], [p, q], band),
            [Ok(p), Ok(q)] => self.rows_products::<f64>(b, [a, x, y], [*out, *other], [p, q], band),
            _ => false,
        };
        for (dest, memory) in [*out, *other].into_iter().zip(memory) {
            self.put(dest, memory?);
        }
        Ok(done)
    }

    fn rows_products<T: Cell>(
        &self,
        b: &Bands,
        [a, x, y]: [&Arg; 3],
        dests: [Dest; 2],
        memory: [&mut Memory<'_>; 2],
        band: Band,
    ) -> bool {
        let [Some(out), Some(other)] = memory.map(|m| T::write(m.get_mut())) else { return false };
        let local = |dest: Dest| matches!(dest, Dest::Buffer(k) if b.is_local(k));
        let rows = |dest: Dest, data: &'_ mut [T]| -> std::ops::Range<usize> {
            if local(dest) { 0..data.len() } else { band.elements(1) }
        };
        let (first, second) = (rows(dests[0], out), rows(dests[1], other));
        let matrix = self.rows_of::<T>(b, a, band);
        dot::dot_two(&matrix, [&self.read(x), &self.read(y)], [&mut out[first], &mut other[second]])
    }

    /// The rows of an operand that are in a band.
    fn rows_of<T: Cell>(&self, b: &Bands, arg: &Arg, band: Band) -> Read<'_, T> {
        let (data, mut layout) = self.read::<T>(arg);
        layout.lens[0] = band.len();
        layout.offset += layout.strides[0] * self.shift(b, arg.source, band);
        (data, layout)
    }

    fn rows_product<T: Cell>(
        &self,
        b: &Bands,
        [left, right]: [&Arg; 2],
        data: &mut [T],
        local: bool,
        band: Band,
    ) -> Result<(), RunError> {
        let rows = |arg: &Arg| self.rows_of::<T>(b, arg, band);
        if left.dims.len() == 1 {
            return dot::dot(&rows(left), &rows(right), data, self.threads, band.begun());
        }
        let out = if local { data } else { &mut data[band.elements(1)] };
        dot::dot(&rows(left), &self.read(right), out, self.threads, false)
    }
}

/// Rows of a band of steps, given lengths and which steps add rows in their order; `None` where all rows are one
/// band.
pub(crate) fn height(
    b: &Bands,
    len: &dyn Fn(LenId) -> usize,
    adds_by_rows: &dyn Fn(&Step) -> bool,
) -> Option<usize> {
    let rows = len(b.rows);
    let row = |dims: &[LenId]| dims[1..].iter().map(|&d| len(d)).product::<usize>();
    let bytes = b.arrays.iter().map(|(_, dims)| row(dims) * size_of::<f64>()).sum::<usize>();
    let wide_sums = b.steps.iter().all(|step| match step {
        Step::Fused(f) => {
            let sums = |x: &FoldSpec| Along::of(x, f.space.len()) == Some(Along::Sum);
            !f.folds.iter().any(sums) || row(&f.space) >= COLUMNS
        }
        _ => adds_by_rows(step),
    });
    if bytes == 0 || !wide_sums {
        return None;
    }
    let mut height = (BAND / bytes).max(8);
    if rows < height + height / 2 {
        return None;
    }
    // As many bands as threads share out well.
    height = height.min(rows.div_ceil(LEAST).next_multiple_of(8));
    let whole = b.whole();
    if !whole.is_empty() {
        let block = if whole.iter().any(|(_, f)| *f == Format::F32) {
            <f32 as Cell>::BLOCK
        } else {
            <f64 as Cell>::BLOCK
        };
        height = block << (height / block).max(1).ilog2();
        if height.saturating_mul(bytes) > HIGHEST {
            return None;
        }
    }
    (rows >= height + height / 2).then_some(height)
}
