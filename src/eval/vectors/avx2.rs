//! The kernels for AVX2: sixteen registers hold the partial sums of two rows, or those of one row with two
//! vectors. What remains of a row is read under a mask; no partial sum is `-0`, so adding zero changes none.

macro_rules! kernels {
    ($t:ty, $name:ident, $vector:ty, $lanes:literal, $zero:ident, $load:ident, $store:ident, $splat:ident,
     $mul:ident, $add:ident, $load_masked:ident, $store_masked:ident, $mask:ident, $to_lanes:ident, $four:ident,
     $one:ident) => {
        #[allow(clippy::needless_range_loop, reason = "closures are not compiled for vector instructions")]
        pub(super) mod $name {
            use std::arch::x86_64::*;

            use super::super::{BLOCK, PART, Rows, Sums, by_count, fetch};

            /// Numbers in a vector, and vectors of the sixteen partial sums of a row.
            const LANES: usize = $lanes;
            const PARTS: usize = 16 / LANES;
            /// Vectors of columns at once.
            const PANEL: usize = 12;
            /// Numbers in a band of rows: half of the first cache.
            const BAND: usize = 16384 / size_of::<$t>();

            type Mask = __m256i;

            /// The products of `R` rows with `V` vectors: of each, the sums of numbers sixteen apart, joined until
            /// one vector is left.
            ///
            /// # Safety
            /// Every row and every vector has `n` elements.
            #[inline]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn some<const R: usize, const V: usize>(
                rows: [*const $t; R],
                x: [*const $t; V],
                n: usize,
            ) -> [[$vector; V]; R] {
                let mut sums = [[[$zero(); PARTS]; V]; R];
                let full = n / 16 * 16;
                let mut c = 0;
                // SAFETY: columns below `n`.
                unsafe {
                    while c < full {
                        for p in 0..PARTS {
                            let at = c + p * LANES;
                            let mut factors = [$zero(); V];
                            for v in 0..V {
                                factors[v] = $load(x[v].add(at));
                            }
                            for r in 0..R {
                                let a = $load(rows[r].add(at));
                                for v in 0..V {
                                    sums[r][v][p] = $add(sums[r][v][p], $mul(a, factors[v]));
                                }
                            }
                        }
                        c += 16;
                    }
                    for p in 0..PARTS {
                        let at = c + p * LANES;
                        if at >= n {
                            break;
                        }
                        let m = super::$mask(n - at);
                        let mut factors = [$zero(); V];
                        for v in 0..V {
                            factors[v] = $load_masked(x[v].add(at), m);
                        }
                        for r in 0..R {
                            let a = $load_masked(rows[r].add(at), m);
                            for v in 0..V {
                                sums[r][v][p] = $add(sums[r][v][p], $mul(a, factors[v]));
                            }
                        }
                    }
                }
                let mut joined = [[$zero(); V]; R];
                for r in 0..R {
                    for v in 0..V {
                        joined[r][v] = super::$to_lanes(sums[r][v]);
                    }
                }
                joined
            }

            /// The products of rows longer than a block with a vector.
            ///
            /// # Safety
            /// Every row has as many elements as `x`.
            #[target_feature(enable = "avx2,fma")]
            unsafe fn long<const R: usize>(rows: [*const $t; R], x: &[$t]) -> [$t; R] {
                let mut totals: [Sums<$t>; R] = std::array::from_fn(|_| Sums::default());
                for (b, x) in x.chunks(BLOCK).enumerate() {
                    // SAFETY: a block of rows that are longer.
                    let parts = unsafe { some(rows.map(|row| row.add(b * BLOCK)), [x.as_ptr()], x.len()) };
                    for (total, part) in totals.iter_mut().zip(parts) {
                        total.push(super::$one(part[0]));
                    }
                }
                totals.map(|mut total| total.take())
            }

            /// Every row times `x`.
            #[target_feature(enable = "avx2,fma")]
            pub(in super::super) fn times(m: Rows<'_, $t>, x: &[$t], out: &mut [$t]) {
                let (from, stride) = (m.data.as_ptr(), m.stride);
                let row = |i: usize| from.wrapping_add(i * stride);
                let at = [x.as_ptr()];
                let (fours, rest) = out.as_chunks_mut::<4>();
                let first = 4 * fours.len();
                // SAFETY: `Rows` holds only rows that lie in memory, and `x` has a number for each column.
                unsafe {
                    if x.len() > BLOCK {
                        for (g, out) in fours.iter_mut().enumerate() {
                            let r = 4 * g;
                            [out[0], out[1]] = long([row(r), row(r + 1)], x);
                            [out[2], out[3]] = long([row(r + 2), row(r + 3)], x);
                        }
                        for (i, out) in rest.iter_mut().enumerate() {
                            [*out] = long([row(first + i)], x);
                        }
                        return;
                    }
                    for (g, out) in fours.iter_mut().enumerate() {
                        let r = 4 * g;
                        let [[a], [b]] = some([row(r), row(r + 1)], at, x.len());
                        let [[c], [d]] = some([row(r + 2), row(r + 3)], at, x.len());
                        super::$four([a, b, c, d], out);
                    }
                    for (i, out) in rest.iter_mut().enumerate() {
                        let [[a]] = some([row(first + i)], at, x.len());
                        *out = super::$one(a);
                    }
                }
            }

            /// Every row times two vectors; false where rows are longer than a block.
            #[target_feature(enable = "avx2,fma")]
            pub(in super::super) fn times_two(m: Rows<'_, $t>, x: [&[$t]; 2], out: [&mut [$t]; 2]) -> bool {
                let n = x[0].len();
                if n > BLOCK {
                    return false;
                }
                let row = |i: usize| m.data.as_ptr().wrapping_add(i * m.stride);
                let x = x.map(<[$t]>::as_ptr);
                let [first, second] = out;
                let done = first.len() / 4 * 4;
                let (fours, rest) = first.as_chunks_mut::<4>();
                let (other, other_rest) = second.as_chunks_mut::<4>();
                // SAFETY: as in `times`.
                unsafe {
                    for (g, (out, other)) in fours.iter_mut().zip(other).enumerate() {
                        let mut sums = [[$zero(); 4]; 2];
                        for i in 0..4 {
                            let [[a, b]] = some([row(4 * g + i)], x, n);
                            (sums[0][i], sums[1][i]) = (a, b);
                        }
                        super::$four(sums[0], out);
                        super::$four(sums[1], other);
                    }
                    for (i, (out, other)) in rest.iter_mut().zip(other_rest).enumerate() {
                        let [[a, b]] = some([row(done + i)], x, n);
                        (*out, *other) = (super::$one(a), super::$one(b));
                    }
                }
                true
            }

            /// Adds rows times factors to at most `N` vectors of columns, the last of which may be short. Brings
            /// a part of what is ahead to the second cache for each row.
            ///
            /// # Safety
            /// Every row has as many elements as `out`, of which there are more than `N - 1` vectors and no more
            /// than `N`.
            #[inline]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn panel<const N: usize, const AHEAD: bool>(
                from: *const $t,
                stride: usize,
                ahead: *const $t,
                factors: &[$t],
                out: &mut [$t],
            ) {
                let last = (N - 1) * LANES;
                let m: Mask = super::$mask(out.len() - last);
                let whole = out.len() == N * LANES;
                let mut sums = [$zero(); N];
                // SAFETY: all columns but the last vector's lie in rows and result; that is masked where it is short.
                unsafe {
                    for (j, s) in sums.iter_mut().enumerate().take(N - 1) {
                        *s = $load(out.as_ptr().add(j * LANES));
                    }
                    sums[N - 1] = $load_masked(out.as_ptr().add(last), m);
                    let (mut row, mut ahead) = (from, ahead);
                    for &f in factors {
                        let f = $splat(f);
                        for j in 0..N - 1 {
                            sums[j] = $add(sums[j], $mul(f, $load(row.add(j * LANES))));
                            // Two vectors are a line.
                            if AHEAD && j % (2 * PART) == 0 {
                                fetch(ahead.wrapping_add(j / PART * LANES));
                            }
                        }
                        let a = if whole { $load(row.add(last)) } else { $load_masked(row.add(last), m) };
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
            #[target_feature(enable = "avx2,fma")]
            pub(in super::super) fn combine(m: Rows<'_, $t>, factors: &[$t], out: &mut [$t]) {
                // Rows of a band are in the first cache when their next columns are added. Panels are alike.
                let band = (BAND / m.cols.max(1)).max(16);
                let vectors = out.len().div_ceil(LANES);
                let width = vectors.div_ceil(vectors.div_ceil(PANEL).max(1)).max(1) * LANES;
                let behind = m.behind();
                for (b, factors) in factors.chunks(band).enumerate() {
                    for (p, out) in out.chunks_mut(width).enumerate() {
                        let from = m.data[b * band * m.stride + p * width..].as_ptr();
                        let row = (b * band * m.stride, p * width);
                        let ahead = behind.map(|at| m.data.as_ptr().wrapping_add(at + (row.0 + row.1) / PART));
                        // SAFETY: `Rows` holds only rows that lie in memory; the panel is of that many columns.
                        unsafe {
                            match ahead {
                                Some(ahead) => by_count!(
                                    out.len().div_ceil(LANES), [1 2 3 4 5 6 7 8 9 10 11],
                                    N => panel::<N, true>(from, m.stride, ahead, factors, out),
                                    panel::<PANEL, true>(from, m.stride, ahead, factors, out)
                                ),
                                None => by_count!(
                                    out.len().div_ceil(LANES), [1 2 3 4 5 6 7 8 9 10 11],
                                    N => panel::<N, false>(from, m.stride, from, factors, out),
                                    panel::<PANEL, false>(from, m.stride, from, factors, out)
                                ),
                            }
                        }
                    }
                }
            }
        }
    };
}

kernels!(
    f64,
    doubles,
    __m256d,
    4,
    _mm256_setzero_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_set1_pd,
    _mm256_mul_pd,
    _mm256_add_pd,
    _mm256_maskload_pd,
    _mm256_maskstore_pd,
    mask_of_doubles,
    lanes_of_doubles,
    four_doubles,
    one_double
);
kernels!(
    f32,
    singles,
    __m256,
    8,
    _mm256_setzero_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_mul_ps,
    _mm256_add_ps,
    _mm256_maskload_ps,
    _mm256_maskstore_ps,
    mask_of_singles,
    lanes_of_singles,
    four_singles,
    one_single
);

/// The first `n` lanes.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn mask_of_doubles(n: usize) -> std::arch::x86_64::__m256i {
    use std::arch::x86_64::*;
    _mm256_cmpgt_epi64(_mm256_set1_epi64x(n.cast_signed() as i64), _mm256_setr_epi64x(0, 1, 2, 3))
}

/// The first `n` lanes.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn mask_of_singles(n: usize) -> std::arch::x86_64::__m256i {
    use std::arch::x86_64::*;
    let n = i32::try_from(n).unwrap_or(i32::MAX);
    _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
}

/// Sixteen sums, joined in pairs to four.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn lanes_of_doubles([a, b, c, d]: [std::arch::x86_64::__m256d; 4]) -> std::arch::x86_64::__m256d {
    use std::arch::x86_64::*;
    _mm256_add_pd(_mm256_add_pd(a, c), _mm256_add_pd(b, d))
}

/// Sixteen sums, joined in pairs to eight.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn lanes_of_singles([a, b]: [std::arch::x86_64::__m256; 2]) -> std::arch::x86_64::__m256 {
    std::arch::x86_64::_mm256_add_ps(a, b)
}

/// Four sums, joined in pairs.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn one_double(v: std::arch::x86_64::__m256d) -> f64 {
    use std::arch::x86_64::*;
    let s = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
    _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)))
}

/// Eight sums, joined in pairs.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn one_single(v: std::arch::x86_64::__m256) -> f32 {
    use std::arch::x86_64::*;
    let s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps::<1>(s, s)))
}

/// Four times four sums, each joined in pairs.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn four_doubles([a, b, c, d]: [std::arch::x86_64::__m256d; 4], out: &mut [f64; 4]) {
    use std::arch::x86_64::*;
    let first = _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(a, c), _mm256_permute2f128_pd::<0x31>(a, c));
    let other = _mm256_add_pd(_mm256_permute2f128_pd::<0x20>(b, d), _mm256_permute2f128_pd::<0x31>(b, d));
    let joined = _mm256_hadd_pd(first, other);
    // SAFETY: four numbers.
    unsafe { _mm256_storeu_pd(out.as_mut_ptr(), joined) };
}

/// Four times eight sums, each joined in pairs.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn four_singles([a, b, c, d]: [std::arch::x86_64::__m256; 4], out: &mut [f32; 4]) {
    use std::arch::x86_64::*;
    let first = _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, c), _mm256_permute2f128_ps::<0x31>(a, c));
    let other = _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(b, d), _mm256_permute2f128_ps::<0x31>(b, d));
    let pairs =
        _mm256_add_ps(_mm256_shuffle_ps::<0x44>(first, other), _mm256_shuffle_ps::<0xEE>(first, other));
    let joined = _mm256_hadd_ps(pairs, pairs);
    let joined = _mm_movelh_ps(_mm256_castps256_ps128(joined), _mm256_extractf128_ps::<1>(joined));
    // SAFETY: four numbers.
    unsafe { _mm_storeu_ps(out.as_mut_ptr(), joined) };
}
