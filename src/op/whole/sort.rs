//! Sorting along an axis: smaller before larger, NaN last, equal elements in the order in which they stand.

use std::cmp::Ordering;

use super::{Done, Number, around, axis};
use crate::op::{Attr, Dense};

fn compare<T: Number>(a: T, b: T) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    }
}

/// For each line along the axis: where it begins, the step, and the places of its elements in order.
fn lines<T: Number>(attr: &Attr, x: &Dense<'_, T>, mut each: impl FnMut(usize, usize, &[usize])) {
    let (before, n, after) = around(x.lens, axis(attr));
    let mut order: Vec<usize> = Vec::with_capacity(n);
    for i in 0..before {
        for j in 0..after {
            let start = i * n * after + j;
            order.clear();
            order.extend(0..n);
            order.sort_by(|&p, &q| compare(x.data[start + p * after], x.data[start + q * after]));
            each(start, after, &order);
        }
    }
}

/// The elements in order.
pub(in crate::op) fn sort<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    lines(attr, &x[0], |start, step, order| {
        for (k, &from) in order.iter().enumerate() {
            out[start + k * step] = x[0].data[start + from * step];
        }
    });
    Ok(())
}

/// The places of the elements in order.
pub(in crate::op) fn argsort<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    lines(attr, &x[0], |start, step, order| {
        for (k, &from) in order.iter().enumerate() {
            out[start + k * step] = T::of(from);
        }
    });
    Ok(())
}

/// The elements of the second in the order of the first.
pub(in crate::op) fn by<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    lines(attr, &x[0], |start, step, order| {
        for (k, &from) in order.iter().enumerate() {
            out[start + k * step] = x[1].data[start + from * step];
        }
    });
    Ok(())
}

/// The elements of the second put back where those of the first stood before they were sorted.
pub(in crate::op) fn back<T: Number>(attr: &Attr, x: &[Dense<'_, T>], _: &[usize], out: &mut [T]) -> Done {
    lines(attr, &x[0], |start, step, order| {
        for (k, &from) in order.iter().enumerate() {
            out[start + from * step] = x[1].data[start + k * step];
        }
    });
    Ok(())
}
