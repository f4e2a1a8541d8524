//! Bits of products of matrices and vectors: the same for rows together as alone, and at every width.

use std::borrow::Cow;

use super::*;
use crate::math::Element as _;

/// Rows that are multiplied together have the bits that each has alone, whatever lies behind it.
#[test]
fn rows_at_once_are_as_each_alone() {
    fn check<T: Gemm>(of: fn(f64) -> T) {
        for n in (1..=40).chain([511, 512, 513, 540, 1100]) {
            let number = |i: usize| of(((i * 2_654_435_761) % 1_000_003) as f64 / 1e6 - 0.5);
            let rows = 7;
            let mut data: Vec<T> = (0..rows * n).map(number).collect();
            data[3 * n] = of(f64::INFINITY);
            data[5 * n] = of(f64::NAN);
            let x: Vec<T> = (0..n).map(|i| number(i + 17)).collect();
            let vector = (Cow::Borrowed(x.as_slice()), Layout::contiguous(&[n]));
            let product = |rows: &[T]| {
                let matrix = (Cow::Borrowed(rows), Layout::contiguous(&[rows.len() / n, n]));
                let mut out = vec![T::default(); rows.len() / n];
                dot(&matrix, &vector, &mut out, Threads::ONE, false).unwrap_or_default();
                out.iter().map(|x| x.wide().to_bits()).collect::<Vec<_>>()
            };
            let alone: Vec<u64> = data.chunks(n).flat_map(product).collect();
            assert_eq!(product(&data), alone, "{n}");
        }
    }
    check::<f64>(|x| x);
    check::<f32>(f32::of);
}

/// Two vectors at once have the bits of each alone, for rows of every number of vectors.
#[test]
fn two_vectors_are_as_each_alone() {
    fn check<T: Gemm>(of: fn(f64) -> T) {
        let number = |i: usize| of(((i * 2_654_435_761) % 1_000_003) as f64 / 1e6 - 0.5);
        let mut done = 0;
        for (rows, cols) in (1..=230).map(|cols| (5, cols)).chain([(1, 40), (2, 100)]) {
            let data: Vec<T> = (0..rows * cols).map(number).collect();
            let matrix = (Cow::Borrowed(data.as_slice()), Layout::contiguous(&[rows, cols]));
            let vectors = [17, 29].map(|first| {
                let data: Vec<T> = (0..cols).map(|i| number(i + first)).collect();
                (Cow::<[T]>::Owned(data), Layout::contiguous(&[cols]))
            });
            let bits = |x: &[T]| x.iter().map(|x| x.wide().to_bits()).collect::<Vec<_>>();
            let alone = vectors.each_ref().map(|x| {
                let mut out = vec![T::default(); rows];
                dot(&matrix, x, &mut out, Threads::ONE, false).unwrap_or_default();
                bits(&out)
            });
            let mut out = [vec![T::default(); rows], vec![T::default(); rows]];
            let [first, second] = &mut out;
            if dot_two(&matrix, [&vectors[0], &vectors[1]], [first, second]) {
                done += 1;
                assert_eq!(out.each_ref().map(|x| bits(x)), alone, "{cols}");
            }
        }
        assert!(done > 0 || wide::width() == wide::Width::Portable);
    }
    check::<f64>(|x| x);
    check::<f32>(f32::of);
}

/// Rows and columns times vectors have the same bits at every width.
#[test]
fn widths_agree() {
    fn check<T: Gemm>(of: fn(f64) -> T) {
        let number = |i: usize| of(((i * 2_654_435_761) % 1_000_003) as f64 / 1e6 - 0.5);
        for (rows, cols) in
            [(1, 1), (3, 7), (4, 8), (9, 15), (6, 16), (7, 50), (70, 100), (5, 129), (6, 700), (1200, 3)]
                .into_iter()
                .chain([(900, 40), (150, 300), (80, 700)])
        {
            // Rows with a gap between them, and as many behind the last.
            let gap = cols + 3;
            let data: Vec<T> = (0..(2 * rows + 1) * gap).map(number).collect();
            let matrix =
                Layout { lens: [rows, cols][..].into(), strides: [signed(gap), 1][..].into(), offset: 2 };
            let matrix = (Cow::Borrowed(data.as_slice()), matrix);
            let vector = |n: usize| {
                (Cow::<[T]>::Owned((0..n).map(|i| number(i + 17)).collect()), Layout::contiguous(&[n]))
            };
            let all = || {
                let (mut x, mut y) = (vec![T::default(); rows], vec![T::default(); cols]);
                dot(&matrix, &vector(cols), &mut x, Threads::ONE, false).unwrap_or_default();
                dot(&vector(rows), &matrix, &mut y, Threads::ONE, false).unwrap_or_default();
                x.iter().chain(&y).map(|x| x.wide().to_bits()).collect::<Vec<_>>()
            };
            let wide = all();
            for width in [wide::Width::Portable, wide::Width::Avx2] {
                wide::use_width(width);
                assert_eq!(wide, all(), "{rows} {cols} {width:?}");
            }
            wide::use_width(wide::Width::best());
        }
    }
    check::<f64>(|x| x);
    check::<f32>(f32::of);
}
