//! Steps over integers: in 64 bits, wrapped to the element type, one operator at a time.
//!
//! Each operand is laid out in row-major order over the space of the step first, and read as integers: doubles
//! that hold truth values, lengths and small integers lose nothing; a conversion from floats truncates.

use std::borrow::Cow;

use super::cell::Slice;
use super::error::RunError;
use super::layout::{Layout, signed};
use super::nest::{Cursor, Nest};
use super::plan::{Arg, Dest};
use crate::op::{Attr, Dense, IndexItem, WholeInts};
use crate::ty::DType;

/// A step over integers.
#[derive(Debug, Clone)]
pub struct IntStep {
    /// What it does.
    pub code: IntCode,
    /// The operator's name.
    pub op: &'static str,
    /// The element type of the result.
    pub dtype: DType,
    /// The type to which floats are truncated.
    pub reads: DType,
    /// The arrays.
    pub parts: Vec<Arg>,
    /// Result.
    pub out: Dest,
}

/// What a step over integers does.
#[derive(Debug, Clone)]
pub enum IntCode {
    /// A number.
    Number(i64),
    /// The elements of an array in row-major order, converted.
    Copy,
    /// One operand, element by element.
    One(fn(i64) -> i64),
    /// Two operands.
    Two(fn(i64, i64) -> i64),
    /// Three operands.
    Three(fn(i64, i64, i64) -> i64),
    /// A fold over axes: the value of an empty one, the step, the axes.
    Fold(Option<i64>, fn(i64, i64) -> i64, Vec<usize>),
    /// A product of vectors and matrices.
    Dot,
    /// Arrays one after the other along an axis.
    Concat(usize),
    /// An array with another put, or added, at an index.
    Write(Vec<IndexItem>, bool),
    /// A function of whole arrays.
    Whole(WholeInts, Attr),
}

/// An operand: its memory and its layout.
pub(super) type Part<'a> = (Slice<'a>, Layout);

impl IntStep {
    /// Computes the result, of lengths `lens`, from the operands.
    pub(super) fn run(&self, parts: &[Part<'_>], out: &mut [i64], lens: &[usize]) -> Result<(), RunError> {
        let over = |k: usize| match parts.get(k) {
            Some(p) => spread(p, lens, self.reads),
            None => Err(RunError::Count { what: "operands", expected: k + 1, got: parts.len() }),
        };
        let own = |k: usize| match parts.get(k) {
            Some(p) => spread(p, &p.1.lens, self.reads),
            None => Err(RunError::Count { what: "operands", expected: k + 1, got: parts.len() }),
        };
        match &self.code {
            IntCode::Number(x) => out.fill(*x),
            IntCode::Copy => out.copy_from_slice(&own(0)?),
            IntCode::One(f) => {
                let a = over(0)?;
                out.iter_mut().zip(&*a).for_each(|(o, &a)| *o = f(a));
            }
            IntCode::Two(f) => {
                let (a, b) = (over(0)?, over(1)?);
                out.iter_mut().zip(&*a).zip(&*b).for_each(|((o, &a), &b)| *o = f(a, b));
            }
            IntCode::Three(f) => {
                let (a, b, c) = (over(0)?, over(1)?, over(2)?);
                let operands = a.iter().zip(&*b).zip(&*c);
                out.iter_mut().zip(operands).for_each(|(o, ((&a, &b), &c))| *o = f(a, b, c));
            }
            IntCode::Fold(init, step, axes) => {
                let a = own(0)?;
                if !fold(&a, &parts[0].1.lens, axes, (*init, *step), out) {
                    return Err(RunError::EmptyFold { op: self.op });
                }
            }
            IntCode::Dot => dot((&own(0)?, &parts[0].1.lens), (&own(1)?, &parts[1].1.lens), out),
            IntCode::Concat(axis) => {
                let whole = Layout::contiguous(lens);
                let mut at = 0;
                for part in parts {
                    let mut hole = whole.clone();
                    let n = part.1.lens.get(*axis).copied().unwrap_or(1);
                    if at + n > lens[*axis] || part.1.lens.len() != lens.len() {
                        let (expected, got) = (lens.to_vec(), part.1.lens.to_vec());
                        return Err(RunError::Shape { what: "a part of a join".into(), expected, got });
                    }
                    hole.lens[*axis] = n;
                    hole.offset += signed(at) * whole.strides[*axis];
                    put(&spread(part, &hole.lens, self.reads)?, &hole, out, false);
                    at += n;
                }
            }
            IntCode::Write(items, add) => {
                out.copy_from_slice(&over(0)?);
                let hole = Layout::contiguous(lens).indexed(items)?;
                let value = parts.get(1).map_or(Ok(Cow::default()), |p| spread(p, &hole.lens, self.reads))?;
                put(&value, &hole, out, *add);
            }
            IntCode::Whole(f, attr) => {
                let data = (0..parts.len()).map(own).collect::<Result<Vec<_>, _>>()?;
                let dense: Vec<Dense<'_, i64>> =
                    parts.iter().zip(&data).map(|(p, d)| Dense { lens: &p.1.lens, data: d }).collect();
                f(attr, &dense, lens, out).map_err(|fact| RunError::Value { op: self.op, fact })?;
            }
        }
        if self.dtype != DType::I64 {
            out.iter_mut().for_each(|x| *x = self.dtype.wrap(*x));
        }
        Ok(())
    }
}

/// The elements of an operand in row-major order over a space, as integers.
fn spread<'a>((data, layout): &Part<'a>, space: &[usize], dtype: DType) -> Result<Cow<'a, [i64]>, RunError> {
    let mut strides: Vec<isize> = Vec::with_capacity(space.len());
    layout.over(space, &mut strides)?;
    let n = space.iter().product::<usize>();
    let start = usize::try_from(layout.offset).unwrap_or(0);
    if let Slice::I64(x) = *data
        && strides == Layout::contiguous(space).strides.as_slice()
        && let Some(own) = x.get(start..start + n)
    {
        return Ok(Cow::Borrowed(own));
    }
    let mut out: Vec<i64> = Vec::new();
    out.try_reserve_exact(n).map_err(|_| RunError::Memory { elements: n })?;
    if n == 0 {
        return Ok(Cow::Owned(out));
    }
    match *data {
        Slice::I64(x) => each(space, &strides, layout.offset, |at| out.push(x[at])),
        Slice::F64(x) => each(space, &strides, layout.offset, |at| out.push(dtype.truncate(x[at]))),
        Slice::F32(x) => each(space, &strides, layout.offset, |at| out.push(dtype.truncate(x[at].into()))),
    }
    Ok(Cow::Owned(out))
}

/// The places of the elements of a strided array that is not empty, in row-major order.
fn each(lens: &[usize], strides: &[isize], offset: isize, mut f: impl FnMut(usize)) {
    let nest = Nest::new(lens, strides, 1, 0);
    let (rows, cols) = nest.tile();
    let (row_step, step) = nest.tile_strides(0);
    let mut cursor = Cursor::new(&nest);
    loop {
        let start = offset + cursor.offset(nest.strides(0));
        for i in 0..rows {
            let row = start + signed(i) * row_step;
            (0..cols).for_each(|j| f(usize::try_from(row + signed(j) * step).unwrap_or(0)));
        }
        if !cursor.next(&nest) {
            return;
        }
    }
}

/// Puts, or adds, elements at the places of a layout.
fn put(from: &[i64], to: &Layout, out: &mut [i64], add: bool) {
    if from.is_empty() {
        return;
    }
    let mut from = from.iter();
    each(&to.lens, &to.strides, to.offset, |at| {
        if let Some(&x) = from.next() {
            out[at] = if add { out[at].wrapping_add(x) } else { x };
        }
    });
}

/// Folds over axes, from the left in row-major order; false where a cell without an empty value stays empty.
fn fold(
    a: &[i64],
    lens: &[usize],
    axes: &[usize],
    (init, step): (Option<i64>, fn(i64, i64) -> i64),
    out: &mut [i64],
) -> bool {
    // The place of the result for each element: strides of the kept axes, zero for the others.
    let mut strides = vec![0isize; lens.len()];
    let mut next = 1usize;
    for d in (0..lens.len()).rev().filter(|d| !axes.contains(d)) {
        strides[d] = signed(next);
        next = next.saturating_mul(lens[d]);
    }
    out.fill(init.unwrap_or(0));
    if a.is_empty() {
        return init.is_some() || out.is_empty();
    }
    let mut seen = vec![init.is_some(); if init.is_some() { 0 } else { out.len() }];
    let mut from = a.iter();
    each(lens, &strides, 0, |cell| {
        let Some(&x) = from.next() else { return };
        match seen.get_mut(cell) {
            Some(seen) if !*seen => {
                *seen = true;
                out[cell] = x;
            }
            _ => out[cell] = step(out[cell], x),
        }
    });
    true
}

/// The product of vectors and matrices.
fn dot((a, m): (&[i64], &[usize]), (b, n): (&[i64], &[usize]), out: &mut [i64]) {
    let inner = m.last().copied().unwrap_or(0);
    let cols = if n.len() == 2 { n[1] } else { 1 };
    out.fill(0);
    if inner == 0 || cols == 0 {
        return;
    }
    for (row, out) in a.chunks_exact(inner).zip(out.chunks_exact_mut(cols)) {
        for (&x, right) in row.iter().zip(b.chunks_exact(cols)) {
            out.iter_mut().zip(right).for_each(|(o, &y)| *o = o.wrapping_add(x.wrapping_mul(y)));
        }
    }
}
