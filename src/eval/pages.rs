//! Memory of arrays. It begins where a line of the cache does. For large ones the system is asked for large pages: a
//! pass over small ones spends much of its time on finding them, and the first one on getting them.

#![allow(unsafe_code, reason = "advice to the system")]

use ndarray::{Array1, ArrayD, Axis, IxDyn, Slice};

/// Bytes of a line of the cache, and of the widest vector: stores that cross lines take several times as long.
const LINE: usize = 64;

/// Bytes from which on arrays begin with a line.
const SEVERAL: usize = 1 << 12;

/// Bytes from which on large pages are asked for.
const LARGE: usize = 1 << 22;

/// Bytes of a large page where they are smallest, on most machines.
const LARGE_PAGE: usize = 1 << 21;

/// Bytes over which the beginnings of arrays in large pages are spread, and how many there are: a page, in steps of
/// several lines.
const APART: usize = 1 << 12;
const PLACES: usize = 16;

/// A multiple of the length of pages, but large ones, on every machine.
#[cfg(all(target_os = "linux", not(miri)))]
const PAGE: usize = 1 << 16;

/// Zeros.
///
/// # Panics
/// As `ndarray`: more elements than memory can have.
pub(crate) fn zeros<T: Clone + Default>(lens: &[usize]) -> ArrayD<T> {
    let n = lens.iter().try_fold(1usize, |n, &len| n.checked_mul(len));
    let several = n.filter(|n| n.saturating_mul(size_of::<T>()) >= SEVERAL && isize::try_from(*n).is_ok());
    let made = several.and_then(|n| {
        let data = vec![T::default(); with_pages::<T>(n)];
        advise(data.as_ptr(), data.len());
        let past = first_page(&data, n).unwrap_or_else(|| first_line(&data));
        let whole = Array1::from_vec(data).slice_axis_move(Axis(0), Slice::from(past..past + n));
        whole.into_shape_with_order(IxDyn(lens)).ok()
    });
    made.unwrap_or_else(|| ArrayD::default(IxDyn(lens)))
}

/// Where the first line begins in memory that has room for one more.
pub(crate) fn first_line<T>(data: &[T]) -> usize {
    let past = data.as_ptr().align_offset(LINE);
    if past < LINE / size_of::<T>() && past < data.len() { past } else { 0 }
}

/// So many elements, and room for a line.
pub(crate) fn with_line<T>(n: usize) -> usize {
    n.saturating_add(LINE / size_of::<T>())
}

/// So many elements, and room for whole large pages that hold them; the system gives memory only for those that are
/// used.
fn with_pages<T>(n: usize) -> usize {
    let bytes = n.saturating_mul(size_of::<T>());
    if bytes < LARGE {
        return with_line::<T>(n);
    }
    (bytes + APART).next_multiple_of(LARGE_PAGE).saturating_add(LARGE_PAGE) / size_of::<T>()
}

/// Where so many elements begin that lie in large pages from the first on, in memory with room for them. Arrays that
/// are worked on together begin at several lines of these: lines as far from the beginnings of as many pages have
/// the same few places in a cache.
fn first_page<T>(data: &[T], n: usize) -> Option<usize> {
    if n.saturating_mul(size_of::<T>()) < LARGE {
        return None;
    }
    let page = data.as_ptr().align_offset(LARGE_PAGE);
    let number = data.as_ptr().wrapping_add(page).addr() / LARGE_PAGE;
    let past = page.checked_add(number % PLACES * (APART / PLACES) / size_of::<T>())?;
    (past.checked_add(n)? <= data.len()).then_some(past)
}

/// Asks for large pages for what is allocated here, if it is much.
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) fn advise<T>(at: *const T, n: usize) {
    let bytes = n.saturating_mul(size_of::<T>());
    if bytes < LARGE {
        return;
    }
    let (from, end) = (at.addr().next_multiple_of(PAGE), (at.addr() + bytes) / PAGE * PAGE);
    // SAFETY: whole pages inside of one allocation; the advice changes none of what they hold. Systems without
    // large pages refuse it.
    unsafe {
        libc::madvise(at.with_addr(from).cast_mut().cast(), end - from, libc::MADV_HUGEPAGE);
    }
}

/// No other system is asked.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(super) fn advise<T>(_: *const T, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_arrays_are_zeros_too() {
        for lens in [&[3usize, 5][..], &[0, 1 << 40], &[], &[1 << 20], &[1000, 700], &[8, 64]] {
            let x = zeros::<f64>(lens);
            assert_eq!(x.shape(), lens);
            assert!(x.is_standard_layout() && x.iter().all(|x| x.to_bits() == 0));
        }
        for n in [512, 1000, 5000, 1 << 20] {
            assert_eq!(zeros::<f64>(&[n]).as_ptr().addr() % LINE, 0);
            assert_eq!(zeros::<f32>(&[2, n]).as_ptr().addr() % LINE, 0);
        }
        let mut bits = zeros::<bool>(&[5 << 20]);
        bits.fill(true);
        assert!(bits.iter().all(|&x| x));
    }
}
