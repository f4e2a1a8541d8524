//! Where the elements of an array lie: views are arithmetic on this, never copies.

use smallvec::SmallVec;

use super::error::RunError;
use super::plan::ViewStep;
use crate::op::IndexItem;
use crate::ty::slice_bounds;

/// Lengths, strides and the position of the first element. Axes of length 1 have stride 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layout {
    pub(crate) lens: SmallVec<[usize; 4]>,
    pub(crate) strides: SmallVec<[isize; 4]>,
    pub(crate) offset: isize,
}

/// A length as a stride.
#[inline]
pub(crate) fn signed(n: usize) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX)
}

impl Layout {
    /// Row-major order.
    pub(crate) fn contiguous(lens: &[usize]) -> Layout {
        let mut strides: SmallVec<[isize; 4]> = SmallVec::from_elem(0, lens.len());
        let mut step = 1usize;
        for (stride, &n) in strides.iter_mut().zip(lens).rev() {
            *stride = if n == 1 { 0 } else { signed(step) };
            step = step.saturating_mul(n);
        }
        Layout { lens: lens.into(), strides, offset: 0 }
    }

    /// One number, seen as an array.
    pub(crate) fn repeated(lens: &[usize]) -> Layout {
        Layout { lens: lens.into(), strides: SmallVec::from_elem(0, lens.len()), offset: 0 }
    }

    /// The strides with which this is read over a space of the given lengths; axes align at the
    /// end, and where this has length 1 the same element is read again.
    pub(crate) fn over(&self, space: &[usize], out: &mut impl Extend<isize>) -> Result<(), RunError> {
        let fail = || RunError::Shape {
            what: "a broadcast operand".into(),
            expected: space.to_vec(),
            got: self.lens.to_vec(),
        };
        let lead = space.len().checked_sub(self.lens.len()).ok_or_else(fail)?;
        out.extend(std::iter::repeat_n(0, lead));
        for ((&n, &s), &m) in self.lens.iter().zip(&self.strides).zip(&space[lead..]) {
            if n != m && n != 1 {
                return Err(fail());
            }
            out.extend([if n == 1 { 0 } else { s }]);
        }
        Ok(())
    }

    /// This, seen through a view whose result has the given lengths.
    pub(crate) fn view(&self, step: &ViewStep, lens: &[usize]) -> Result<Layout, RunError> {
        let out = match step {
            ViewStep::Permute(perm) => self.permuted(perm),
            ViewStep::Broadcast => {
                let mut strides = Vec::with_capacity(lens.len());
                self.over(lens, &mut strides)?;
                Layout { lens: lens.into(), strides: strides.into(), offset: self.offset }
            }
            ViewStep::Index(items) => self.indexed(items)?,
            ViewStep::Reshape => {
                let (a, b) = (self.lens.iter().product::<usize>(), lens.iter().product::<usize>());
                if a != b {
                    return Err(mismatch(lens, &self.lens));
                }
                Layout { offset: self.offset, ..Layout::contiguous(lens) }
            }
        };
        if out.lens.as_slice() == lens { Ok(out) } else { Err(mismatch(lens, &out.lens)) }
    }

    fn permuted(&self, perm: &[Option<usize>]) -> Layout {
        // Leading axes that the operand lacks have length 1.
        let rank = perm.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(self.lens.len());
        let lead = rank - self.lens.len();
        let axis = |p: &Option<usize>| {
            p.and_then(|a| a.checked_sub(lead)).map_or((1, 0), |a| (self.lens[a], self.strides[a]))
        };
        let (lens, strides) = perm.iter().map(axis).unzip();
        Layout { lens, strides, offset: self.offset }
    }

    /// Positions and slices.
    pub(crate) fn indexed(&self, items: &[IndexItem]) -> Result<Layout, RunError> {
        let mut out = Layout { offset: self.offset, ..Layout::default() };
        let mut axis = 0;
        for item in items {
            if *item == IndexItem::NewAxis {
                out.lens.push(1);
                out.strides.push(0);
                continue;
            }
            let (Some(&n), Some(&stride)) = (self.lens.get(axis), self.strides.get(axis)) else {
                return Err(mismatch(&[], &self.lens));
            };
            axis += 1;
            match *item {
                IndexItem::At(i) => {
                    let from_end = i64::try_from(n).unwrap_or(i64::MAX);
                    let at = if i < 0 { i.saturating_add(from_end) } else { i };
                    match usize::try_from(at) {
                        Ok(at) if at < n => out.offset += signed(at) * stride,
                        _ => return Err(RunError::Index { index: i, len: n }),
                    }
                }
                IndexItem::Slice { start, stop, step } => {
                    let (from, count) = slice_bounds(n, start, stop, step);
                    if count > 0 {
                        out.offset += isize::try_from(from).unwrap_or(0) * stride;
                    }
                    out.lens.push(count);
                    let step = isize::try_from(step).unwrap_or(0);
                    out.strides.push(if count <= 1 { 0 } else { stride * step });
                }
                IndexItem::NewAxis => {}
            }
        }
        out.lens.extend(self.lens[axis..].iter().copied());
        out.strides.extend(self.strides[axis..].iter().copied());
        Ok(out)
    }
}

fn mismatch(expected: &[usize], got: &[usize]) -> RunError {
    RunError::Shape { what: "a view".into(), expected: expected.to_vec(), got: got.to_vec() }
}
