//! Operators that need their operands whole: each is laid out in row-major order first.

use std::borrow::Cow;

use super::cell::Cell;
use super::copy::{self, Read};
use super::error::RunError;
use super::layout::Layout;
use crate::op::{Attr, Dense, Whole};

/// Computes `f` of the operands into `out`, of lengths `lens`.
///
/// In doubles; singles are converted before and after.
pub(super) fn apply<T: Cell>(
    op: &'static str,
    f: Whole,
    attr: &Attr,
    parts: &[Read<'_>],
    out: &mut [T],
    lens: &[usize],
) -> Result<(), RunError> {
    let data = parts.iter().map(row_major).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<Dense<'_>> =
        parts.iter().zip(&data).map(|(p, d)| Dense { lens: &p.1.lens, data: d }).collect();
    let fail = |fact| RunError::Value { op, fact };
    if let Some(out) = T::doubles(out) {
        return f(attr, &parts, lens, out).map_err(fail);
    }
    let mut wide = vec![0.0; out.len()];
    f(attr, &parts, lens, &mut wide).map_err(fail)?;
    out.iter_mut().zip(wide).for_each(|(o, x)| *o = T::of(x));
    Ok(())
}

fn row_major<'a>(part: &'a Read<'_>) -> Result<Cow<'a, [f64]>, RunError> {
    let (data, layout) = part;
    let n = layout.lens.iter().product::<usize>();
    let to = Layout::contiguous(&layout.lens);
    let start = usize::try_from(layout.offset).unwrap_or(0);
    if layout.strides == to.strides
        && let Some(own) = data.get(start..start + n)
    {
        return Ok(Cow::Borrowed(own));
    }
    let mut own = Vec::new();
    own.try_reserve_exact(n).map_err(|_| RunError::Memory { elements: n })?;
    own.resize(n, 0.0);
    copy::transfer(part, &mut own, &to, false)?;
    Ok(Cow::Owned(own))
}
