//! Arrays of numbers as NumPy prints them: aligned columns, broken at 75 characters. All digits that tell
//! a double are printed, where NumPy stops after eight.

use crate::expr::{Lit, float_text};

/// The longest line.
const WIDTH: usize = 75;

/// The text of an array in row-major order: `[1.  2.5]`, `[[1 0]\n [0 1]]`.
pub(super) fn array(values: &[Lit], lengths: &[usize]) -> String {
    let words = words(values);
    let mut rows: Vec<String> = words;
    // From the innermost axis outwards; each level knows how far it is indented.
    for (depth, n) in lengths.iter().enumerate().rev() {
        let inner = depth + 1 == lengths.len();
        let indent = " ".repeat(depth + 1);
        let below = lengths.len() - depth - 1;
        rows = rows
            .chunks(*n)
            .map(|row| {
                if inner {
                    // Brackets that follow count as part of the line.
                    line(row, &indent, WIDTH - below.max(1) - depth)
                } else {
                    format!("[{}]", row.join(&format!("{}{indent}", "\n".repeat(below))))
                }
            })
            .collect();
    }
    rows.concat()
}

/// Words in brackets, broken into lines.
fn line(words: &[String], indent: &str, width: usize) -> String {
    let mut out = String::from("[");
    let mut length = indent.chars().count();
    for (i, w) in words.iter().enumerate() {
        let own = w.chars().count();
        if length + own > width && length > indent.len() {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(indent);
            length = indent.len();
        }
        out.push_str(w);
        length += own;
        if i + 1 < words.len() {
            out.push(' ');
            length += 1;
        }
    }
    out.push(']');
    out
}

/// Every number, in columns of one width.
fn words(values: &[Lit]) -> Vec<String> {
    let integers = values.iter().all(|l| !matches!(l, Lit::Float(_)));
    let texts: Vec<String> = if integers {
        values.iter().map(ToString::to_string).collect()
    } else {
        let numbers: Vec<f64> = values.iter().map(|l| l.value()).collect();
        let parts: Vec<(String, String)> = if scientific(&numbers) {
            exponents(&numbers)
        } else {
            numbers.iter().map(|x| plain(*x)).collect()
        };
        let wide = parts.iter().filter(|(_, f)| !f.is_empty()).map(|(_, f)| f.len()).max().unwrap_or(0);
        parts.into_iter().map(|(whole, fraction)| format!("{whole}{fraction:<wide$}")).collect()
    };
    // What is no number stands at the right.
    let own = |t: &'_ String| match t.trim_end() {
        special if special.ends_with(|c: char| c.is_ascii_alphabetic()) => special.to_string(),
        _ => t.clone(),
    };
    let wide = texts.iter().map(|t| own(t).len()).max().unwrap_or(0);
    texts.iter().map(|t| format!("{:>wide$}", own(t))).collect()
}

/// Are the numbers too far apart, too large or too small to be written with a point alone?
fn scientific(numbers: &[f64]) -> bool {
    let sizes = || numbers.iter().filter(|x| x.is_finite() && **x != 0.0).map(|x| x.abs());
    let (max, min) = (sizes().fold(0.0, f64::max), sizes().fold(f64::INFINITY, f64::min));
    max >= 1e8 || min < 1e-4 || max / min > 1000.0
}

/// What stands up to the point, and behind it.
fn plain(x: f64) -> (String, String) {
    if !x.is_finite() {
        return (float_text(x), String::new());
    }
    let text = format!("{x}");
    match text.split_once('.') {
        Some((whole, fraction)) => (format!("{whole}."), fraction.into()),
        None => (text + ".", String::new()),
    }
}

/// As above with an exponent; all have as many digits as the longest needs.
fn exponents(numbers: &[f64]) -> Vec<(String, String)> {
    let split = |x: f64| -> (String, String, i32) {
        let text = format!("{x:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        (whole.into(), fraction.into(), exponent.parse().unwrap_or(0))
    };
    let finite = || numbers.iter().filter(|x| x.is_finite());
    let digits = finite().map(|x| split(*x).1.len()).max().unwrap_or(0);
    let wide = finite().map(|x| split(*x).2.abs().to_string().len()).max().unwrap_or(2).max(2);
    let text = |x: &f64| {
        if !x.is_finite() {
            return (float_text(*x), String::new());
        }
        let (whole, fraction, exponent) = split(*x);
        let sign = if exponent < 0 { '-' } else { '+' };
        (format!("{whole}."), format!("{fraction:0<digits$}e{sign}{:0>wide$}", exponent.abs()))
    };
    numbers.iter().map(text).collect()
}

/// The array as nested lists of a program: `[[1.0, 0.0], [0.0, 1.0]]`.
pub(super) fn nested(values: &[Lit], lengths: &[usize]) -> String {
    let mut rows: Vec<String> = values.iter().map(ToString::to_string).collect();
    for n in lengths.iter().rev() {
        rows = rows.chunks(*n).map(|row| format!("[{}]", row.join(", "))).collect();
    }
    rows.concat()
}

#[cfg(test)]
mod tests {
    use super::array;
    use crate::expr::Lit;

    #[test]
    fn arrays_print_as_numpy_prints_them() {
        let floats = |x: &[f64]| x.iter().map(|x| Lit::Float(*x)).collect::<Vec<_>>();
        let range: Vec<f64> = (0..40).map(f64::from).collect();
        let ten: Vec<f64> = (0..36).map(|i| f64::from(i) + 0.5).collect();
        let cases: &[(&[f64], &[usize], &str)] = &[
            (&[1.0, 2.0, 3.0], &[3], "[1. 2. 3.]"),
            (&[0.5, 1.0], &[2], "[0.5 1. ]"),
            (&[1.25, -2.5], &[2], "[ 1.25 -2.5 ]"),
            (&[1.0, 0.0, 0.0, 1.0], &[2, 2], "[[1. 0.]\n [0. 1.]]"),
            (&[1e-8, 2.5], &[2], "[1.0e-08 2.5e+00]"),
            (&[f64::NAN, 1.0], &[2], "[nan  1.]"),
            (&[f64::INFINITY, 1.5], &[2], "[inf 1.5]"),
            (&[f64::INFINITY, 1.25], &[2], "[ inf 1.25]"),
            (&[1e-8, f64::INFINITY], &[2], "[1.e-08    inf]"),
            (&[1e100, 1.0], &[2], "[1.e+100 1.e+000]"),
            (&[0.0, 1000.0], &[2], "[   0. 1000.]"),
            (&[f64::NEG_INFINITY, 1.5], &[2], "[-inf  1.5]"),
            (
                &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
                &[2, 2, 2],
                "[[[1. 2.]\n  [3. 4.]]\n\n [[5. 6.]\n  [7. 8.]]]",
            ),
            (
                &range,
                &[40],
                "[ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.\n 18. 19. 20. 21. 22. 23. 24. 25. 26. 27. 28. 29. 30. 31. 32. 33. 34. 35.\n 36. 37. 38. 39.]",
            ),
            (
                &ten,
                &[2, 18],
                "[[ 0.5  1.5  2.5  3.5  4.5  5.5  6.5  7.5  8.5  9.5 10.5 11.5 12.5 13.5\n  14.5 15.5 16.5 17.5]\n [18.5 19.5 20.5 21.5 22.5 23.5 24.5 25.5 26.5 27.5 28.5 29.5 30.5 31.5\n  32.5 33.5 34.5 35.5]]",
            ),
        ];
        for (values, lengths, text) in cases {
            assert_eq!(array(&floats(values), lengths), *text);
        }
        assert_eq!(array(&[1, -2, 30].map(Lit::Int), &[3]), "[ 1 -2 30]");
    }
}
