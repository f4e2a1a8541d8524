//! Matrices times vectors in AVX-512 and in AVX2, with the bits of the portable loops beside which they stand.

#![allow(unsafe_code, reason = "vector instructions read through pointers")]
#![cfg_attr(
    all(target_arch = "x86_64", not(miri)),
    allow(clippy::wildcard_imports, reason = "instructions have names of their own")
)]

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod avx2;
#[cfg(all(target_arch = "x86_64", not(miri)))]
mod avx512;

#[cfg(all(target_arch = "x86_64", not(miri)))]
use super::row::Sums;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use crate::math::{Width, wide};

/// Columns that are folded in lanes before partial sums join.
pub(super) const BLOCK: usize = 512;

/// Rows of a matrix whose elements lie side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a, T> {
    data: &'a [T],
    stride: usize,
    rows: usize,
    cols: usize,
}

impl<'a, T> Rows<'a, T> {
    /// `None` where a row does not lie in memory.
    pub(super) fn new(
        data: &'a [T],
        at: usize,
        stride: usize,
        rows: usize,
        cols: usize,
    ) -> Option<Rows<'a, T>> {
        let data = data.get(at..)?;
        let last = stride.checked_mul(rows.checked_sub(1)?)?.checked_add(cols)?;
        (last <= data.len()).then_some(Rows { data, stride, rows, cols })
    }

    /// Where the last third of as many rows begins as come behind these, if there is so much memory. While a band of
    /// rows is read again from the second cache, memory can deliver a part of the next one.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    fn behind(&self) -> Option<usize> {
        let all = self.stride.saturating_mul(self.rows);
        let large = all.saturating_mul(size_of::<T>()) >= LARGE;
        (large && all.saturating_mul(2) <= self.data.len()).then_some(all + all / PART * (PART - 1))
    }
}

/// One in so many of the rows behind others is brought to the second cache.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const PART: usize = 3;

/// Bytes of rows from which on those behind them are brought to the second cache.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const LARGE: usize = 1 << 17;

/// Brings a line to the second cache. There need be no memory.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
fn fetch<T>(at: *const T) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: every processor of this kind has the instruction, and it reads nothing.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
}

/// Numbers that have these kernels, on processors that do.
pub(super) trait Kernels: Sized {
    /// Every row times `x`; false where nothing was done.
    fn times(rows: Rows<'_, Self>, x: &[Self], out: &mut [Self]) -> bool;

    /// Every row times two vectors, each product as [`Kernels::times`] computes it; false where nothing was done.
    fn times_two(rows: Rows<'_, Self>, x: [&[Self]; 2], out: [&mut [Self]; 2]) -> bool;

    /// Adds the rows, each times its factor, to `out`; false where nothing was done.
    fn combine(rows: Rows<'_, Self>, factors: &[Self], out: &mut [Self]) -> bool;
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod none {
    use super::{Kernels, Rows};

    macro_rules! none {
        ($($t:ty)*) => {$(
            impl Kernels for $t {
                fn times(_: Rows<'_, $t>, _: &[$t], _: &mut [$t]) -> bool {
                    false
                }
                fn times_two(_: Rows<'_, $t>, _: [&[$t]; 2], _: [&mut [$t]; 2]) -> bool {
                    false
                }
                fn combine(_: Rows<'_, $t>, _: &[$t], _: &mut [$t]) -> bool {
                    false
                }
            }
        )*};
    }
    none!(f64 f32);
}

/// An expression with the constant that a number is.
#[cfg(all(target_arch = "x86_64", not(miri)))]
macro_rules! by_count {
    ($n:expr, [$($count:literal)*], $name:ident => $body:expr, $other:expr) => {
        match $n {
            $($count => {
                const $name: usize = $count;
                $body
            })*
            _ => $other,
        }
    };
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
use by_count;

#[cfg(all(target_arch = "x86_64", not(miri)))]
macro_rules! chosen {
    ($($t:ty, $name:ident;)*) => {$(
        impl Kernels for $t {
            fn times(rows: Rows<'_, $t>, x: &[$t], out: &mut [$t]) -> bool {
                if rows.cols != x.len() || rows.rows != out.len() || x.is_empty() {
                    return false;
                }
                // SAFETY: the width in use is one that the processor has.
                match wide::width() {
                    Width::Avx512 => unsafe { avx512::$name::times(rows, x, out) },
                    Width::Avx2 => unsafe { avx2::$name::times(rows, x, out) },
                    Width::Portable => return false,
                }
                true
            }

            fn times_two(rows: Rows<'_, $t>, x: [&[$t]; 2], out: [&mut [$t]; 2]) -> bool {
                let fits = x.iter().all(|x| rows.cols == x.len() && !x.is_empty())
                    && out.iter().all(|out| rows.rows == out.len());
                // SAFETY: as above.
                fits && match wide::width() {
                    Width::Avx512 => unsafe { avx512::$name::times_two(rows, x, out) },
                    Width::Avx2 => unsafe { avx2::$name::times_two(rows, x, out) },
                    Width::Portable => false,
                }
            }

            fn combine(rows: Rows<'_, $t>, factors: &[$t], out: &mut [$t]) -> bool {
                if rows.cols != out.len() || rows.rows != factors.len() || factors.is_empty() {
                    return false;
                }
                // SAFETY: as above.
                match wide::width() {
                    Width::Avx512 => unsafe { avx512::$name::combine(rows, factors, out) },
                    Width::Avx2 => unsafe { avx2::$name::combine(rows, factors, out) },
                    Width::Portable => return false,
                }
                true
            }
        }
    )*};
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
chosen!(f64, doubles; f32, singles;);
