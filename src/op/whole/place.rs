//! Diagonals, gathers and ranges: elements at computed places.

use super::{Done, Number, around, axis, sides};
use crate::op::{Attr, Dense};

/// The diagonal of a matrix.
pub(in crate::op) fn diagonal<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    let (_, cols) = sides(&x[0]);
    for (i, o) in out.iter_mut().enumerate() {
        *o = x[0].data[i * cols + i];
    }
    Ok(())
}

/// A square matrix with a given diagonal.
pub(in crate::op) fn alloc_diag<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    out.fill(T::ZERO);
    let n = x[0].data.len();
    for (i, &v) in x[0].data.iter().enumerate() {
        out[i * n + i] = v;
    }
    Ok(())
}

/// A matrix with its diagonal replaced.
pub(in crate::op) fn fill_diagonal<T: Number>(
    _: &Attr,
    x: &[Dense<'_, T>],
    lens: &[usize],
    out: &mut [T],
) -> Done {
    out.copy_from_slice(x[0].data);
    for i in 0..lens[0].min(lens[1]) {
        out[i * lens[1] + i] = x[1].data[if x[1].data.len() == 1 { 0 } else { i }];
    }
    Ok(())
}

/// The place that an index means, negative from the end.
fn place<T: Number>(index: T, n: usize) -> Result<usize, String> {
    let at = index.integer().and_then(|i| if i < 0 { i.checked_add(i64::of(n)) } else { Some(i) });
    at.and_then(|at| usize::try_from(at).ok())
        .filter(|&at| at < n)
        .ok_or_else(|| format!("index {index} is out of bounds for an axis of length {n}"))
}

/// The slices of the first operand at the indices that the second holds.
pub(in crate::op) fn take<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    let (before, n, after) = around(x[0].lens, axis(attr));
    let indices = x[1].data;
    for (k, &index) in indices.iter().enumerate() {
        let from = place(index, n)?;
        for i in 0..before {
            out[(i * indices.len() + k) * after..][..after]
                .copy_from_slice(&x[0].data[(i * n + from) * after..][..after]);
        }
    }
    Ok(())
}

/// Has it so many elements?
fn fits<T>(x: &Dense<'_, T>, n: usize) -> Done {
    if x.data.len() == n { Ok(()) } else { Err(format!("{n} elements are written, not {}", x.data.len())) }
}

/// The first operand with slices of the third added at the indices that the second holds.
pub(in crate::op) fn inc_take<T: Number>(
    attr: &Attr,
    x: &[Dense<'_, T>],
    _: &[usize],
    out: &mut [T],
) -> Done {
    write_slices(attr, x, out, |old, new| {
        for (o, v) in old.iter_mut().zip(new) {
            *o = o.plus(*v);
        }
    })
}

/// The first operand with slices of the third put at the indices that the second holds, in their order.
pub(in crate::op) fn set_take<T: Number>(
    attr: &Attr,
    x: &[Dense<'_, T>],
    _: &[usize],
    out: &mut [T],
) -> Done {
    write_slices(attr, x, out, <[T]>::copy_from_slice)
}

fn write_slices<T: Number>(
    attr: &Attr,
    x: &[Dense<'_, T>],
    out: &mut [T],
    write: impl Fn(&mut [T], &[T]),
) -> Done {
    let (before, n, after) = around(x[0].lens, axis(attr));
    let indices = x[1].data;
    fits(&x[2], before * indices.len() * after)?;
    out.copy_from_slice(x[0].data);
    for (k, &index) in indices.iter().enumerate() {
        let to = place(index, n)?;
        for i in 0..before {
            let new = &x[2].data[(i * indices.len() + k) * after..][..after];
            write(&mut out[(i * n + to) * after..][..after], new);
        }
    }
    Ok(())
}

/// Of each row along the last axis the element at the place that the second operand says.
pub(in crate::op) fn pick<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    let n = x[0].lens.last().copied().unwrap_or(1);
    fits(&x[1], out.len())?;
    for (i, (o, &index)) in out.iter_mut().zip(x[1].data).enumerate() {
        *o = x[0].data[i * n + place(index, n)?];
    }
    Ok(())
}

/// The first operand with an element of the third added to each row, where `pick` picks one.
pub(in crate::op) fn inc_pick<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    let n = x[0].lens.last().copied().unwrap_or(1);
    let rows = x[0].lens.iter().rev().skip(1).product();
    fits(&x[1], rows)?;
    fits(&x[2], rows)?;
    out.copy_from_slice(x[0].data);
    for (i, (&index, &v)) in x[1].data.iter().zip(x[2].data).enumerate() {
        let o = &mut out[i * n + place(index, n)?];
        *o = o.plus(v);
    }
    Ok(())
}

/// `start + step * i`.
pub(in crate::op) fn arange<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    let (start, step) = (x[0].data[0], x[1].data[0]);
    for (i, o) in out.iter_mut().enumerate() {
        *o = start.plus(step.times(T::of(i)));
    }
    Ok(())
}

/// The places of the elements that are not zero.
pub(in crate::op) fn nonzero<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    let mut found = x[0].data.iter().enumerate().filter(|(_, v)| **v != T::ZERO).map(|(k, _)| T::of(k));
    let written = out.iter_mut().zip(&mut found).map(|(o, k)| *o = k).count();
    if written == out.len() && found.next().is_none() {
        return Ok(());
    }
    Err(format!("other than {} elements are not zero", out.len()))
}

/// Where the part of the last operand begins in the first, in elements of one slice, and its length.
fn part<T>(attr: &Attr, x: &[Dense<'_, T>]) -> Result<(usize, usize), String> {
    let a = axis(attr);
    let lengths = || x[1..].iter().map(|p| p.lens[a]);
    let (all, own) = (lengths().sum::<usize>(), lengths().next_back().unwrap_or(0));
    if all > x[0].lens[a] {
        return Err(format!("the parts have {all} places of {}", x[0].lens[a]));
    }
    Ok((all - own, own))
}

/// The part of the first operand that the last had.
pub(in crate::op) fn segment<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    let (start, own) = part(attr, x)?;
    let (before, n, after) = around(x[0].lens, axis(attr));
    for i in 0..before {
        out[i * own * after..][..own * after]
            .copy_from_slice(&x[0].data[(i * n + start) * after..][..own * after]);
    }
    Ok(())
}

/// The first operand with the last added to its part.
pub(in crate::op) fn inc_segment<T: Number>(
    attr: &Attr,
    x: &[Dense<'_, T>],
    _: &[usize],
    out: &mut [T],
) -> Done {
    let (start, own) = part(attr, x)?;
    let (before, n, after) = around(x[0].lens, axis(attr));
    out.copy_from_slice(x[0].data);
    let value = x.last().map_or(&[][..], |v| v.data);
    for i in 0..before {
        let slice = &value[i * own * after..][..own * after];
        for (o, v) in out[(i * n + start) * after..][..own * after].iter_mut().zip(slice) {
            *o = o.plus(*v);
        }
    }
    Ok(())
}

/// What lies on and below the diagonal, zeros above.
pub(in crate::op) fn tril<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    keep(&x[0], out, |i, j| j <= i);
    Ok(())
}

/// What lies on and above the diagonal, zeros below.
pub(in crate::op) fn triu<T: Number>(_: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    keep(&x[0], out, |i, j| j >= i);
    Ok(())
}

fn keep<T: Number>(x: &Dense<'_, T>, out: &mut [T], inside: impl Fn(usize, usize) -> bool) {
    let (_, cols) = sides(x);
    for (at, (o, &v)) in out.iter_mut().zip(x.data).enumerate() {
        *o = if inside(at / cols, at % cols) { v } else { T::ZERO };
    }
}
