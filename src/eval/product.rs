//! Matrix by matrix: the kernels of `gemm` behind a check that every element lies in memory.

#![allow(unsafe_code, reason = "the library takes pointers")]

use gemm_common::Parallelism;

use super::layout::signed;
use super::vectors::Kernels;
use crate::math::Element;

/// Numbers whose matrices the library multiplies.
#[allow(private_bounds, reason = "what it computes with is of this layer")]
pub(crate) trait Gemm: Element + Kernels {
    /// The kernel for this processor.
    fn kernel() -> Kernel<Self>;
}

impl Gemm for f64 {
    fn kernel() -> Kernel<f64> {
        gemm_f64::gemm::f64::get_gemm_fn()
    }
}

impl Gemm for f32 {
    fn kernel() -> Kernel<f32> {
        gemm_f32::gemm::f32::get_gemm_fn()
    }
}

/// The library's signature.
type Kernel<T> = unsafe fn(
    usize,
    usize,
    usize,
    *mut T,
    isize,
    isize,
    bool,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    T,
    bool,
    bool,
    bool,
    Parallelism,
);

/// Do all elements of a matrix lie in a memory of so many?
fn inside(at: isize, strides: (isize, isize), (rows, cols): (usize, usize), len: usize) -> Option<()> {
    let (mut low, mut high) = (at, at);
    for (n, stride) in [(rows, strides.0), (cols, strides.1)] {
        let reach = signed(n.checked_sub(1)?).checked_mul(stride)?;
        let end = if reach < 0 { &mut low } else { &mut high };
        *end = end.checked_add(reach)?;
    }
    (low >= 0 && usize::try_from(high).ok()? < len).then_some(())
}

/// A matrix in memory: where its first element is, and the strides of rows and columns.
pub(super) struct Operand<'a, T> {
    pub(super) data: &'a [T],
    pub(super) at: isize,
    pub(super) strides: (isize, isize),
}

/// A matrix that is written.
pub(super) struct Result<'a, T> {
    pub(super) data: &'a mut [T],
    pub(super) at: isize,
    pub(super) strides: (isize, isize),
    /// Is the product added to what is there?
    pub(super) add: bool,
}

/// `out = a b`, or `out += a b`, for lengths `(m, k, n)` that are not zero. The order of sums
/// depends on the lengths and the machine's caches and instruction set, never on anything else.
///
/// `None` where lengths and memory do not agree.
pub(super) fn product<T: Gemm>(
    a: &Operand<'_, T>,
    b: &Operand<'_, T>,
    out: &mut Result<'_, T>,
    (m, k, n): (usize, usize, usize),
) -> Option<()> {
    inside(a.at, a.strides, (m, k), a.data.len())?;
    inside(b.at, b.strides, (k, n), b.data.len())?;
    inside(out.at, out.strides, (m, n), out.data.len())?;
    let gemm = T::kernel();
    let from = |x: &Operand<'_, T>| x.data.as_ptr().wrapping_offset(x.at);
    // The library prefers results by columns: `out` transposed is `b` transposed times `a` transposed.
    // SAFETY: every element that the strides reach lies in its slice (`inside`), `out` overlaps nothing that is read, and is read only where the product is added to it.
    unsafe {
        gemm(
            n,
            m,
            k,
            out.data.as_mut_ptr().wrapping_offset(out.at),
            out.strides.0,
            out.strides.1,
            out.add,
            from(b),
            b.strides.0,
            b.strides.1,
            from(a),
            a.strides.0,
            a.strides.1,
            T::of(if out.add { 1.0 } else { 0.0 }),
            T::of(1.0),
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    Some(())
}
