//! Elements from one place to another: copies, joins, writes at an index.

use std::borrow::Cow;

use super::error::RunError;
use super::layout::{Layout, signed};
use super::nest::{Cursor, Nest};
use crate::math::{Element, wide};
use crate::op::IndexItem;

/// An array as these steps read it.
pub(crate) type Read<'a, T = f64> = (Cow<'a, [T]>, Layout);

/// Puts, or adds, an array over the places of another layout, repeating it where it has length 1.
pub(super) fn transfer<T: Element>(
    from: &Read<'_, T>,
    dst: &mut [T],
    to: &Layout,
    add: bool,
) -> Result<(), RunError> {
    let (src, from) = from;
    let space = to.lens.as_slice();
    let mut strides = Vec::with_capacity(2 * space.len());
    from.over(space, &mut strides)?;
    if space.contains(&0) {
        return Ok(());
    }
    strides.extend(space.iter().zip(&to.strides).map(|(&n, &s)| if n == 1 { 0 } else { s }));
    let nest = Nest::new(space, &strides, 2, 0);
    let (rows, cols) = nest.tile();
    let (src_step, dst_step) = (nest.tile_strides(0), nest.tile_strides(1));
    let mut cursor = Cursor::new(&nest);
    loop {
        let mut s = from.offset + cursor.offset(nest.strides(0));
        let mut d = to.offset + cursor.offset(nest.strides(1));
        for _ in 0..rows {
            row((src, s, src_step.1), (dst, d, dst_step.1), cols, add);
            s += src_step.0;
            d += dst_step.0;
        }
        if !cursor.next(&nest) {
            return Ok(());
        }
    }
}

/// Adds one row to another.
struct AddTo<'f, 't, T> {
    from: &'f [T],
    to: &'t mut [T],
}

impl<T: Element> wide::Loop for AddTo<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        self.to.iter_mut().zip(self.from).for_each(|(o, &x)| *o += x);
    }
}

fn row<T: Element>(from: (&[T], isize, isize), to: (&mut [T], isize, isize), cols: usize, add: bool) {
    let place = |at: isize| usize::try_from(at).unwrap_or(0);
    let (src, s, src_step) = from;
    let (dst, d, dst_step) = to;
    if (src_step, dst_step, add) == (1, 1, false) {
        dst[place(d)..][..cols].copy_from_slice(&src[place(s)..][..cols]);
        return;
    }
    if (src_step, dst_step, add) == (0, 1, false) {
        dst[place(d)..][..cols].fill(src[place(s)]);
        return;
    }
    if (src_step, dst_step, add) == (1, 1, true) {
        let (from, to) = (&src[place(s)..][..cols], &mut dst[place(d)..][..cols]);
        wide::widely(AddTo { from, to });
        return;
    }
    for i in 0..cols {
        let x = src[place(s + signed(i) * src_step)];
        let out = &mut dst[place(d + signed(i) * dst_step)];
        *out = if add { *out + x } else { x };
    }
}

/// The arrays one after the other along `axis` of a result with the given lengths.
pub(super) fn concat<T: Element>(
    axis: usize,
    parts: &[Read<'_, T>],
    dst: &mut [T],
    lens: &[usize],
) -> Result<(), RunError> {
    let whole = Layout::contiguous(lens);
    let mut at = 0;
    for part in parts {
        let mut hole = whole.clone();
        let n = part.1.lens.get(axis).copied().unwrap_or(1);
        if at + n > lens[axis] || part.1.lens.len() != lens.len() {
            return Err(RunError::Shape {
                what: "a part of a join".into(),
                expected: lens.to_vec(),
                got: part.1.lens.to_vec(),
            });
        }
        hole.lens[axis] = n;
        hole.offset += signed(at) * whole.strides[axis];
        transfer(part, dst, &hole, false)?;
        at += n;
    }
    Ok(())
}

/// `base` with `value` put, or added, at an index.
pub(super) fn write<T: Element>(
    base: &Read<'_, T>,
    value: &Read<'_, T>,
    items: &[IndexItem],
    add: bool,
    dst: &mut [T],
    lens: &[usize],
) -> Result<(), RunError> {
    let whole = Layout::contiguous(lens);
    let hole = whole.indexed(items)?;
    transfer(base, dst, &whole, false)?;
    transfer(value, dst, &hole, add)
}
