//! Arrays as text for people and for programs.

use ndarray::{ArrayViewD, Axis};
use serde_json::{Value, json};

use crate::expr::float_text;

/// Rows and columns beyond which the middle is left out.
const EDGE: usize = 4;

/// A number as text.
pub trait Shown {
    /// To so many significant digits.
    fn text(&self, digits: usize) -> String;
    /// For JSON.
    fn json(&self) -> Value;
}

impl Shown for f64 {
    fn text(&self, digits: usize) -> String {
        rounded(*self, digits)
    }
    fn json(&self) -> Value {
        number(*self)
    }
}

impl Shown for i64 {
    fn text(&self, _: usize) -> String {
        self.to_string()
    }
    fn json(&self) -> Value {
        json!(self)
    }
}

/// `True` and `False`; 1 and 0 for JSON.
impl Shown for bool {
    fn text(&self, _: usize) -> String {
        if *self { "True".into() } else { "False".into() }
    }
    fn json(&self) -> Value {
        json!(i32::from(*self))
    }
}

/// An array as nested lists, numbers to `digits` significant digits, long axes abridged.
pub fn show<T: Shown>(a: &ArrayViewD<'_, T>, digits: usize) -> String {
    let mut out = String::new();
    write(a, digits, 0, &mut out);
    out
}

fn write<T: Shown>(a: &ArrayViewD<'_, T>, digits: usize, indent: usize, out: &mut String) {
    if a.ndim() == 0 {
        if let Some(x) = a.first() {
            out.push_str(&x.text(digits));
        }
        return;
    }
    out.push('[');
    let n = a.len_of(Axis(0));
    let mut first = true;
    for i in 0..n {
        if n > 3 * EDGE && i == EDGE {
            out.push_str(", ...");
        }
        if n > 3 * EDGE && (EDGE..n - EDGE).contains(&i) {
            continue;
        }
        if !first {
            out.push(',');
            if a.ndim() > 1 {
                out.push('\n');
                out.push_str(&" ".repeat(indent + 1));
            } else {
                out.push(' ');
            }
        }
        first = false;
        write(&a.index_axis(Axis(0), i), digits, indent + 1, out);
    }
    out.push(']');
}

/// `x` to so many significant digits, in the shortest form.
fn rounded(x: f64, digits: usize) -> String {
    if !x.is_finite() || digits >= 17 {
        return float_text(x);
    }
    let text = format!("{:.*e}", digits.saturating_sub(1), x);
    let short: f64 = text.parse().unwrap_or(x);
    let text = float_text(short);
    text.strip_suffix(".0").map_or(text.clone(), |t| format!("{t}.0"))
}

/// An array as JSON; what JSON cannot say is a string: `"nan"`, `"inf"`, `"-inf"`.
pub fn to_json<T: Shown>(a: &ArrayViewD<'_, T>) -> Value {
    if a.ndim() == 0 {
        return a.first().map_or(Value::Null, T::json);
    }
    Value::Array(a.axis_iter(Axis(0)).map(|row| to_json(&row)).collect())
}

fn number(x: f64) -> Value {
    if x.is_nan() {
        json!("nan")
    } else if x.is_infinite() {
        json!(if x > 0.0 { "inf" } else { "-inf" })
    } else {
        json!(x)
    }
}
