//! Running sums and products, and positions of extremes.

use super::{Done, Number, around, axis};
use crate::op::{Attr, Dense};

fn scan<T: Number>(attr: &Attr, x: &Dense<'_, T>, out: &mut [T], step: impl Fn(T, T) -> T) {
    let (_, n, after) = around(x.lens, axis(attr));
    for (at, &v) in x.data.iter().enumerate() {
        out[at] = if (at / after) % n == 0 { v } else { step(out[at - after], v) };
    }
}

/// Running sum along an axis.
pub(in crate::op) fn cumsum<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    scan(attr, &x[0], out, T::plus);
    Ok(())
}

/// Running product along an axis.
pub(in crate::op) fn cumprod<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    scan(attr, &x[0], out, T::times);
    Ok(())
}

/// `y[i] = a[i] * y[i - 1] + b[i]` along an axis, from `y[0] = b[0]`.
pub(in crate::op) fn recurrence(attr: &Attr, x: &[Dense<'_>], _: &[usize], out: &mut [f64]) -> Done {
    let (_, n, after) = around(x[0].lens, axis(attr));
    for (at, (&a, &b)) in x[0].data.iter().zip(x[1].data).enumerate() {
        out[at] = if (at / after) % n == 0 { b } else { a * out[at - after] + b };
    }
    Ok(())
}

/// For each element of the result the position, in row-major order over the axes that go, of the
/// first element that no other beats; NaN beats all.
fn search<T: Number>(attr: &Attr, x: &Dense<'_, T>, out: &mut [T], beats: impl Fn(T, T) -> bool) {
    let rank = x.lens.len();
    let gone = attr.axes(rank);
    let mut best = vec![T::ZERO; out.len()];
    let mut seen = vec![false; out.len()];
    let mut index = vec![0usize; rank];
    for &v in x.data {
        let (mut cell, mut place) = (0, 0);
        for (d, (&i, &n)) in index.iter().zip(x.lens).enumerate() {
            let at = if gone.contains(&d) { &mut place } else { &mut cell };
            *at = *at * n + i;
        }
        if !seen[cell] || !best[cell].is_nan() && (v.is_nan() || beats(v, best[cell])) {
            seen[cell] = true;
            best[cell] = v;
            out[cell] = T::of(place);
        }
        for d in (0..rank).rev() {
            index[d] += 1;
            if index[d] < x.lens[d] {
                break;
            }
            index[d] = 0;
        }
    }
}

/// Position of the largest element.
pub(in crate::op) fn argmax<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    search(attr, &x[0], out, |a, b| a > b);
    Ok(())
}

/// Position of the smallest element.
pub(in crate::op) fn argmin<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    search(attr, &x[0], out, |a, b| a < b);
    Ok(())
}
