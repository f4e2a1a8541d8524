//! Matrix by matrix: the kernels of `gemm` behind a check that every element lies in memory.

#![allow(unsafe_code, reason = "the library takes pointers")]

use gemm_common::Parallelism;

use super::layout::signed;
use crate::math::Element;

/// Numbers whose matrices the library multiplies.
pub(crate) trait Gemm: Element {
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

/// A matrix in memory: where its first element is, and the strides of rows and columns.
pub(super) struct Operand<'a, T> {
    pub(super) data: &'a [T],
    pub(super) at: isize,
    pub(super) strides: (isize, isize),
}

impl<T> Operand<'_, T> {
    /// Do all elements of this matrix lie in its memory?
    fn inside(&self, rows: usize, cols: usize) -> Option<()> {
        let (mut low, mut high) = (self.at, self.at);
        for (n, stride) in [(rows, self.strides.0), (cols, self.strides.1)] {
            let reach = signed(n.checked_sub(1)?).checked_mul(stride)?;
            let end = if reach < 0 { &mut low } else { &mut high };
            *end = end.checked_add(reach)?;
        }
        (low >= 0 && usize::try_from(high).ok()? < self.data.len()).then_some(())
    }
}

/// `out = a b`, row-major, for lengths `(m, k, n)` that are not zero. The order of sums
/// depends on the lengths and the machine's caches and instruction set, never on anything else.
///
/// `None` where lengths and memory do not agree.
pub(super) fn product<T: Gemm>(
    a: &Operand<'_, T>,
    b: &Operand<'_, T>,
    out: &mut [T],
    (m, k, n): (usize, usize, usize),
) -> Option<()> {
    a.inside(m, k)?;
    b.inside(k, n)?;
    if m.checked_mul(n)? != out.len() {
        return None;
    }
    let gemm = T::kernel();
    let from = |x: &Operand<'_, T>| x.data.as_ptr().wrapping_offset(x.at);
    // The library prefers results by columns: `out` transposed is `b` transposed times `a` transposed.
    // SAFETY: every element that the strides reach lies in its slice (`inside`, and the length of
    // `out`), `out` overlaps nothing that is read, and is not read itself.
    unsafe {
        gemm(
            n,
            m,
            k,
            out.as_mut_ptr(),
            signed(n),
            1,
            false,
            from(b),
            b.strides.0,
            b.strides.1,
            from(a),
            a.strides.0,
            a.strides.1,
            T::of(0.0),
            T::of(1.0),
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    Some(())
}
