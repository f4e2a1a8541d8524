//! Memory of arrays. For large ones the system is asked for large pages: a pass over small ones spends much of its
//! time on finding them, and the first one on getting them.

#![allow(unsafe_code, reason = "advice to the system")]

use ndarray::{ArrayD, IxDyn};

/// Bytes from which on large pages are asked for.
const LARGE: usize = 1 << 22;

/// A multiple of the length of pages, but large ones, on every machine.
#[cfg(all(target_os = "linux", not(miri)))]
const PAGE: usize = 1 << 16;

/// Zeros.
///
/// # Panics
/// As `ndarray`: more elements than memory can have.
pub(crate) fn zeros<T: Clone + Default>(lens: &[usize]) -> ArrayD<T> {
    let n = lens.iter().try_fold(1usize, |n, &len| n.checked_mul(len));
    let large = n.filter(|n| n.saturating_mul(size_of::<T>()) >= LARGE && isize::try_from(*n).is_ok());
    let made = large.and_then(|n| {
        let data = vec![T::default(); n];
        advise(data.as_ptr(), n);
        ArrayD::from_shape_vec(IxDyn(lens), data).ok()
    });
    made.unwrap_or_else(|| ArrayD::default(IxDyn(lens)))
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
        for lens in [&[3usize, 5][..], &[0, 1 << 40], &[], &[1 << 20], &[1000, 700]] {
            let x = zeros::<f64>(lens);
            assert_eq!(x.shape(), lens);
            assert!(x.is_standard_layout() && x.iter().all(|x| x.to_bits() == 0));
        }
        let mut bits = zeros::<bool>(&[5 << 20]);
        bits.fill(true);
        assert!(bits.iter().all(|&x| x));
    }
}
