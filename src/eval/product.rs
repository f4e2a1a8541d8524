//! Matrix by matrix: the kernels of `gemm` behind a check that every element lies in memory.

#![allow(unsafe_code, reason = "the library takes pointers")]

use gemm_common::Parallelism;

use super::layout::signed;

/// A matrix in memory: where its first element is, and the strides of rows and columns.
pub(super) struct Operand<'a> {
    pub(super) data: &'a [f64],
    pub(super) at: isize,
    pub(super) strides: (isize, isize),
}

impl Operand<'_> {
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

/// `out = a b`, row-major, for lengths `(m, k, n)` that are not zero. One thread; the order of sums
/// depends on the lengths and the machine's caches and instruction set, never on anything else.
///
/// `None` where lengths and memory do not agree.
pub(super) fn product(
    a: &Operand<'_>,
    b: &Operand<'_>,
    out: &mut [f64],
    (m, k, n): (usize, usize, usize),
) -> Option<()> {
    a.inside(m, k)?;
    b.inside(k, n)?;
    if m.checked_mul(n)? != out.len() {
        return None;
    }
    let gemm = gemm_f64::gemm::f64::get_gemm_fn();
    let from = |x: &Operand<'_>| x.data.as_ptr().wrapping_offset(x.at);
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
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
    Some(())
}
