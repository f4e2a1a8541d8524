//! Tiles of memory, brought side by side and put back.

use super::layout::signed;
use crate::math::Element;
use crate::math::wide;

/// A position in memory. Layouts never lead before the first element.
#[inline]
pub(crate) fn place(at: isize) -> usize {
    usize::try_from(at).unwrap_or(0)
}

/// Copies rows of `cols` elements, the first one at `at`, into a block.
pub(crate) fn gather<T: Element>(data: &[T], at: isize, step: (isize, isize), block: &mut [T], cols: usize) {
    wide::widely(Gather { data, at, step, block, cols });
}

/// Elements that are written at once.
const FOUR: usize = 4;

/// Fills short rows with one number each, `N` fours a row, as long as there is room for them: what is behind a row
/// belongs to the next, which comes later. Returns how many rows are filled.
#[inline(always)]
fn repeat<T: Element, const N: usize>(
    from: impl Fn(usize) -> T,
    rows: usize,
    block: &mut [T],
    cols: usize,
) -> usize {
    for r in 0..rows {
        let Some(row) = block.get_mut(r * cols..r * cols + N * FOUR) else { return r };
        let x = [from(r); FOUR];
        row.as_chunks_mut().0.iter_mut().for_each(|four| *four = x);
    }
    rows
}

struct Gather<'a, T> {
    data: &'a [T],
    at: isize,
    /// From row to row, and from column to column.
    step: (isize, isize),
    block: &'a mut [T],
    cols: usize,
}

impl<T: Element> wide::Loop for Gather<'_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Gather { data, at, step: (down, along), block, cols } = self;
        let rows = block.len() / cols;
        // A row that is the same every time is brought once, then doubled.
        let distinct = if down == 0 { rows.min(1) } else { rows };
        let mut first = 0;
        if along == 0 {
            let from = |r: usize| data[place(at + signed(r) * down)];
            first = match cols.div_ceil(FOUR) {
                1 => repeat::<T, 1>(from, distinct, block, cols),
                2 => repeat::<T, 2>(from, distinct, block, cols),
                3 => repeat::<T, 3>(from, distinct, block, cols),
                4 => repeat::<T, 4>(from, distinct, block, cols),
                5..=8 => repeat::<T, 8>(from, distinct, block, cols),
                _ => 0,
            };
        }
        for (r, row) in block.chunks_exact_mut(cols).take(distinct).enumerate().skip(first) {
            let at = at + signed(r) * down;
            match along {
                0 => row.fill(data[place(at)]),
                1 => row.copy_from_slice(&data[place(at)..][..cols]),
                step if step > 0 => {
                    let from = data[place(at)..].iter().step_by(place(step));
                    row.iter_mut().zip(from).for_each(|(x, v)| *x = *v);
                }
                step => {
                    for (i, x) in row.iter_mut().enumerate() {
                        *x = data[place(at + signed(i) * step)];
                    }
                }
            }
        }
        let mut ready = distinct * cols;
        while ready < block.len() {
            let more = ready.min(block.len() - ready);
            block.copy_within(..more, ready);
            ready += more;
        }
    }
}

/// Puts rows of `cols` elements from a block to where they belong.
pub(crate) fn scatter<T: Element>(data: &mut [T], at: isize, step: (isize, isize), block: &[T], cols: usize) {
    for (r, row) in block.chunks_exact(cols).enumerate() {
        let at = at + signed(r) * step.0;
        if step.1 == 1 {
            data[place(at)..][..cols].copy_from_slice(row);
            continue;
        }
        for (i, &x) in row.iter().enumerate() {
            data[place(at + signed(i) * step.1)] = x;
        }
    }
}
