//! The kernels for AVX-512: what remains of a row is computed under a mask. Rows are read one after the other:
//! the processor asks for memory ahead by itself, best for a single stream.

macro_rules! kernels {
    ($t:ty, $name:ident, $lanes:literal, $mask:ty, $zero:ident, $load:ident, $load_masked:ident,
     $store:ident, $store_masked:ident, $splat:ident, $mul:ident, $add:ident, $add_masked:ident, $joined:ident) => {
        #[allow(clippy::modulo_one, reason = "the sums of singles are one part")]
        pub(super) mod $name {
            use std::arch::x86_64::*;

            use super::super::{BLOCK, PART, Rows, Sums, by_count, fetch};

            /// Numbers in a vector, and vectors of the sixteen partial sums of a row.
            const LANES: usize = $lanes;
            const PARTS: usize = 16 / LANES;
            /// Vectors of columns at once.
            const PANEL: usize = 16;

            #[inline]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            fn mask(n: usize) -> $mask {
                <$mask>::MAX.unbounded_shr(u32::try_from(LANES.saturating_sub(n)).unwrap_or(0))
            }

            /// The product of a row with `x`, which is no longer than a block.
            ///
            /// # Safety
            /// The row has as many elements as `x`.
            #[inline]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            unsafe fn some(from: *const $t, x: &[$t]) -> $t {
                let mut sums = [$zero(); PARTS];
                let full = x.len() / 16 * 16;
                let mut c = 0;
                // SAFETY: columns below `x.len()`.
                unsafe {
                    while c < full {
                        for p in 0..PARTS {
                            let at = c + p * LANES;
                            let v = $load(x.as_ptr().add(at));
                            sums[p] = $add(sums[p], $mul($load(from.add(at)), v));
                        }
                        c += 16;
                    }
                    if c < x.len() {
                        for p in 0..PARTS {
                            let at = c + p * LANES;
                            let m = mask(x.len().saturating_sub(at));
                            let v = $load_masked(m, x.as_ptr().wrapping_add(at));
                            let a = $load_masked(m, from.wrapping_add(at));
                            sums[p] = $add_masked(sums[p], m, sums[p], $mul(a, v));
                        }
                    }
                }
                super::$joined(sums)
            }

            /// The product of one row with an `x` that is longer than a block.
            ///
            /// # Safety
            /// As [`some`], without the bound on `x`.
            #[inline(never)]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            unsafe fn long(from: *const $t, x: &[$t]) -> $t {
                let mut total = Sums::<$t>::default();
                for (b, x) in x.chunks(BLOCK).enumerate() {
                    // SAFETY: a block of a row that is longer.
                    total.push(unsafe { some(from.add(b * BLOCK), x) });
                }
                total.take()
            }

            /// The products of rows of `N` vectors with `x`, which stays in registers.
            ///
            /// # Safety
            /// Every row has as many elements as `x`: more than `N - 1` vectors, and no more than `N`.
            #[inline]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            unsafe fn short<const N: usize>(from: *const $t, stride: usize, x: &[$t], out: &mut [$t]) {
                let last = (N - 1) * LANES;
                let m = mask(x.len() - last);
                let mut factors = [$zero(); N];
                // SAFETY: all elements but the last vector's lie in rows and `x`; that is masked.
                unsafe {
                    for (j, f) in factors.iter_mut().enumerate().take(N - 1) {
                        *f = $load(x.as_ptr().add(j * LANES));
                    }
                    factors[N - 1] = $load_masked(m, x.as_ptr().add(last));
                    let mut row = from;
                    for out in out {
                        let mut sums = [$zero(); PARTS];
                        for j in 0..N - 1 {
                            let a = $load(row.add(j * LANES));
                            sums[j % PARTS] = $add(sums[j % PARTS], $mul(a, factors[j]));
                        }
                        let a = $load_masked(m, row.add(last));
                        let p = (N - 1) % PARTS;
                        sums[p] = $add_masked(sums[p], m, sums[p], $mul(a, factors[N - 1]));
                        *out = super::$joined(sums);
                        row = row.wrapping_add(stride);
                    }
                }
            }

            /// The products of rows of `N` vectors with `x` and `y`: each as [`short`] computes it.
            ///
            /// # Safety
            /// As [`short`], for both.
            #[inline]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            unsafe fn pair<const N: usize>(
                from: *const $t,
                stride: usize,
                [x, y]: [&[$t]; 2],
                [out, other]: [&mut [$t]; 2],
            ) {
                let last = (N - 1) * LANES;
                let m = mask(x.len() - last);
                let (mut f, mut g) = ([$zero(); N], [$zero(); N]);
                // SAFETY: all elements but the last vector's lie in rows, `x` and `y`; that is masked.
                unsafe {
                    for j in 0..N - 1 {
                        f[j] = $load(x.as_ptr().add(j * LANES));
                        g[j] = $load(y.as_ptr().add(j * LANES));
                    }
                    f[N - 1] = $load_masked(m, x.as_ptr().add(last));
                    g[N - 1] = $load_masked(m, y.as_ptr().add(last));
                    let mut row = from;
                    for (out, other) in out.iter_mut().zip(other) {
                        let (mut s, mut t) = ([$zero(); PARTS], [$zero(); PARTS]);
                        for j in 0..N - 1 {
                            let (a, p) = ($load(row.add(j * LANES)), j % PARTS);
                            s[p] = $add(s[p], $mul(a, f[j]));
                            t[p] = $add(t[p], $mul(a, g[j]));
                        }
                        let (a, p) = ($load_masked(m, row.add(last)), (N - 1) % PARTS);
                        s[p] = $add_masked(s[p], m, s[p], $mul(a, f[N - 1]));
                        t[p] = $add_masked(t[p], m, t[p], $mul(a, g[N - 1]));
                        (*out, *other) = (super::$joined(s), super::$joined(t));
                        row = row.wrapping_add(stride);
                    }
                }
            }

            /// Every row times two vectors; false where rows are longer than what registers hold.
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            pub(in super::super) fn times_two(m: Rows<'_, $t>, x: [&[$t]; 2], out: [&mut [$t]; 2]) -> bool {
                // SAFETY: as in `times`.
                unsafe {
                    by_count!(x[0].len().div_ceil(LANES), [1 2 3 4 5 6 7 8 9 10 11 12 13],
                        N => pair::<N>(m.data.as_ptr(), m.stride, x, out),
                        return false
                    );
                }
                true
            }

            /// Every row times `x`.
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            pub(in super::super) fn times(m: Rows<'_, $t>, x: &[$t], out: &mut [$t]) {
                let (from, stride) = (m.data.as_ptr(), m.stride);
                // SAFETY: `Rows` holds only rows that lie in memory, and `x` has a number for each column.
                unsafe {
                    by_count!(x.len().div_ceil(LANES), [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16],
                        N => short::<N>(from, stride, x, out),
                        for (i, out) in out.iter_mut().enumerate() {
                            let from = from.add(i * stride);
                            *out = if x.len() <= BLOCK { some(from, x) } else { long(from, x) };
                        }
                    );
                }
            }

            /// Adds rows times factors to at most `N` vectors of columns, the last of which may be short. Brings
            /// a part of what is ahead to the second cache for each row.
            ///
            /// # Safety
            /// Every row has as many elements as `out`, of which there are more than `N - 1` vectors and no more
            /// than `N`.
            #[inline]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            unsafe fn panel<const N: usize, const AHEAD: bool>(
                from: *const $t,
                stride: usize,
                ahead: *const $t,
                factors: &[$t],
                out: &mut [$t],
            ) {
                let last = (N - 1) * LANES;
                let m = mask(out.len() - last);
                let mut sums = [$zero(); N];
                // SAFETY: all columns but the last vector's lie in rows and result; that is masked.
                unsafe {
                    for (j, s) in sums.iter_mut().enumerate().take(N - 1) {
                        *s = $load(out.as_ptr().add(j * LANES));
                    }
                    sums[N - 1] = $load_masked(m, out.as_ptr().add(last));
                    let (mut row, mut ahead) = (from, ahead);
                    for &f in factors {
                        let f = $splat(f);
                        for j in 0..N - 1 {
                            let a = $load(row.add(j * LANES));
                            sums[j] = $add(sums[j], $mul(f, a));
                            if AHEAD && j % PART == 0 {
                                fetch(ahead.wrapping_add(j / PART * LANES));
                            }
                        }
                        let a = $load_masked(m, row.add(last));
                        sums[N - 1] = $add(sums[N - 1], $mul(f, a));
                        row = row.wrapping_add(stride);
                        if AHEAD {
                            ahead = ahead.wrapping_add(stride / PART);
                        }
                    }
                    for (j, s) in sums.iter().enumerate().take(N - 1) {
                        $store(out.as_mut_ptr().add(j * LANES), *s);
                    }
                    $store_masked(out.as_mut_ptr().add(last), m, sums[N - 1]);
                }
            }

            /// Adds the rows, each times its factor, to `out`.
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
            pub(in super::super) fn combine(m: Rows<'_, $t>, factors: &[$t], out: &mut [$t]) {
                // Rows of a band are in the first cache when their next columns are added.
                let band = (BAND / m.cols.max(1)).max(16);
                let behind = m.behind();
                for (b, factors) in factors.chunks(band).enumerate() {
                    for (p, out) in out.chunks_mut(PANEL * LANES).enumerate() {
                        let at = b * band * m.stride + p * PANEL * LANES;
                        let from = m.data[at..].as_ptr();
                        let row = (b * band * m.stride, p * PANEL * LANES);
                        let ahead = behind.map(|at| m.data.as_ptr().wrapping_add(at + (row.0 + row.1) / PART));
                        // SAFETY: `Rows` holds only rows that lie in memory; the panel is of that many columns.
                        unsafe {
                            match ahead {
                                Some(ahead) => by_count!(
                                    out.len().div_ceil(LANES), [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15],
                                    N => panel::<N, true>(from, m.stride, ahead, factors, out),
                                    panel::<PANEL, true>(from, m.stride, ahead, factors, out)
                                ),
                                None => by_count!(
                                    out.len().div_ceil(LANES), [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15],
                                    N => panel::<N, false>(from, m.stride, from, factors, out),
                                    panel::<PANEL, false>(from, m.stride, from, factors, out)
                                ),
                            }
                        }
                    }
                }
            }

            /// Numbers in a band of rows.
            const BAND: usize = 32768 / size_of::<$t>();
        }
    };
}

kernels!(
    f64,
    doubles,
    8,
    u8,
    _mm512_setzero_pd,
    _mm512_loadu_pd,
    _mm512_maskz_loadu_pd,
    _mm512_storeu_pd,
    _mm512_mask_storeu_pd,
    _mm512_set1_pd,
    _mm512_mul_pd,
    _mm512_add_pd,
    _mm512_mask_add_pd,
    joined_doubles
);
kernels!(
    f32,
    singles,
    16,
    u16,
    _mm512_setzero_ps,
    _mm512_loadu_ps,
    _mm512_maskz_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mask_storeu_ps,
    _mm512_set1_ps,
    _mm512_mul_ps,
    _mm512_add_ps,
    _mm512_mask_add_ps,
    joined_singles
);

/// Sixteen lanes, joined in pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn joined_doubles([a, b]: [std::arch::x86_64::__m512d; 2]) -> f64 {
    use std::arch::x86_64::*;
    let s = _mm512_add_pd(a, b);
    let s = _mm256_add_pd(_mm512_castpd512_pd256(s), _mm512_extractf64x4_pd::<1>(s));
    let s = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd::<1>(s));
    _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)))
}

/// Sixteen lanes, joined in pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn joined_singles([s]: [std::arch::x86_64::__m512; 1]) -> f32 {
    use std::arch::x86_64::*;
    let s = _mm256_add_ps(_mm512_castps512_ps256(s), _mm512_extractf32x8_ps::<1>(s));
    let s = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps::<1>(s));
    let s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps::<1>(s, s)))
}
