//! Arrays written out: `4`, `[[0, 1], [-1, -2]]`, JSON with `"nan"` and `"inf"`.

use ndarray::ArrayD;
use serde_json::Value;

use super::DataError;
use super::exact::{Data, Numbers};

/// Nesting of lists that is accepted: more axes than any array has.
const DEPTH: usize = 64;

/// Reads a literal array: a number or nested lists of numbers, `nan` and `inf` included.
///
/// # Errors
/// It is not one, or the lists are ragged.
pub fn parse_array(text: &str) -> Result<ArrayD<f64>, DataError> {
    Ok(parse_data(text)?.into_floats())
}

/// [`parse_array`], with integers as they are.
///
/// # Errors
/// As there.
pub fn parse_data(text: &str) -> Result<Data, DataError> {
    let mut numbers = Numbers::default();
    let mut dims: Vec<Option<usize>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = text.trim_start();
    let at = |rest: &str| text.len() - rest.len() + 1;
    let mut done = false;
    while !rest.is_empty() {
        if done {
            return Err(DataError::new("parse", format!("column {}: text after the array", at(rest))));
        }
        if let Some(after) = rest.strip_prefix('[') {
            if open.len() >= DEPTH {
                return Err(DataError::new("limit", format!("column {}: lists nest too deep", at(rest))));
            }
            if dims.len() == open.len() {
                if !numbers.is_empty() {
                    return Err(ragged(at(rest)));
                }
                dims.push(None);
            }
            open.push(0);
            rest = after.trim_start();
            if rest.starts_with(']') {
                continue;
            }
            continue;
        }
        if let Some(after) = rest.strip_prefix(']') {
            let Some(n) = open.pop() else {
                return Err(DataError::new("parse", format!("column {}: unexpected `]`", at(rest))));
            };
            close(&mut dims, open.len(), n).ok_or_else(|| ragged(at(rest)))?;
            rest = after.trim_start();
        } else {
            let end = rest.find(|c: char| c == ',' || c == ']' || c == '[' || c.is_whitespace());
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            let x = number(word).ok_or_else(|| {
                let shown: String = word.chars().take(40).collect();
                DataError::new("parse", format!("column {}: `{shown}` is not a number", at(rest)))
            })?;
            if open.len() != dims.len() || dims.len() > open.len() {
                return Err(ragged(at(rest)));
            }
            numbers.push(x, integer(word));
            rest = after.trim_start();
        }
        match open.last_mut() {
            None => done = true,
            Some(n) => {
                *n += 1;
                if let Some(after) = rest.strip_prefix(',') {
                    rest = after.trim_start();
                } else if !rest.starts_with(']') {
                    return Err(DataError::new("parse", format!("column {}: expected `,` or `]`", at(rest))));
                }
            }
        }
    }
    if !done {
        return Err(DataError::new(
            "parse",
            if text.trim().is_empty() { "empty value" } else { "unclosed `[`" },
        ));
    }
    numbers.shaped(&dims.iter().map(|d| d.unwrap_or(0)).collect::<Vec<_>>())
}

fn ragged(column: usize) -> DataError {
    DataError::new("shape", format!("column {column}: the lists are ragged"))
}

/// The length of a list at a depth: the same for all lists of that depth.
fn close(dims: &mut [Option<usize>], depth: usize, n: usize) -> Option<()> {
    match dims.get_mut(depth)? {
        slot @ None => *slot = Some(n),
        Some(m) if *m == n => {}
        Some(_) => return None,
    }
    Some(())
}

fn integer(word: &str) -> Option<i64> {
    match word {
        "true" | "True" => Some(1),
        "false" | "False" => Some(0),
        w => w.parse().ok(),
    }
}

fn number(word: &str) -> Option<f64> {
    match word.trim_matches('"') {
        "nan" | "NaN" => Some(f64::NAN),
        "inf" | "Infinity" | "+inf" => Some(f64::INFINITY),
        "-inf" | "-Infinity" => Some(f64::NEG_INFINITY),
        "true" | "True" => Some(1.0),
        "false" | "False" => Some(0.0),
        w if w.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => w.parse().ok(),
        _ => None,
    }
}

/// An array from JSON: numbers, truth values, `"nan"`, `"inf"`, `"-inf"`, nested lists.
///
/// # Errors
/// Anything else, or ragged lists.
pub fn from_json(value: &Value) -> Result<ArrayD<f64>, DataError> {
    Ok(data_from_json(value)?.into_floats())
}

/// [`from_json`], with integers as they are.
///
/// # Errors
/// As there.
pub fn data_from_json(value: &Value) -> Result<Data, DataError> {
    let mut dims: Vec<usize> = Vec::new();
    let mut probe = value;
    while let Value::Array(items) = probe {
        if dims.len() >= DEPTH {
            return Err(DataError::new("limit", "lists nest too deep"));
        }
        dims.push(items.len());
        match items.first() {
            Some(first) => probe = first,
            None => break,
        }
    }
    let mut numbers = Numbers::default();
    let mut stack = vec![(value, 0usize)];
    while let Some((v, depth)) = stack.pop() {
        match v {
            Value::Array(items) if dims.get(depth) == Some(&items.len()) => {
                stack.extend(items.iter().rev().map(|i| (i, depth + 1)));
            }
            Value::Array(_) => return Err(DataError::new("shape", "the lists are ragged")),
            leaf if depth == dims.len() => numbers.push(json_number(leaf)?, json_integer(leaf)),
            _ => return Err(DataError::new("shape", "the lists are ragged")),
        }
    }
    numbers.shaped(&dims)
}

fn json_integer(v: &Value) -> Option<i64> {
    v.as_bool().map(i64::from).or_else(|| v.as_i64())
}

fn json_number(v: &Value) -> Result<f64, DataError> {
    let found = match v {
        Value::Number(n) => n.as_f64(),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::String(s) => number(s),
        _ => None,
    };
    found.ok_or_else(|| {
        let text: String = v.to_string().chars().take(40).collect();
        DataError::new("value", format!("`{text}` is not a number"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_have_shapes() {
        let dims = |t: &str| parse_array(t).unwrap().shape().to_vec();
        assert_eq!(dims("4"), [0usize; 0]);
        assert_eq!(dims("[[0, 1], [-1, -2], [nan, inf]]"), [3, 2]);
        assert_eq!(dims("[]"), [0]);
        assert_eq!(dims("[[], []]"), [2, 0]);
        for bad in
            ["", "[", "]", "[1", "1 2", "[1 2]", "[1, [2]]", "[[1], 2]", "[[1], [2, 3]]", "x", "[1,,2]"]
        {
            assert!(parse_array(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn json_is_checked() {
        let v: Value = serde_json::from_str("[[1, \"nan\"], [\"-inf\", 2.5]]").unwrap();
        let a = from_json(&v).unwrap();
        assert_eq!(a.shape(), [2, 2]);
        assert!(a[[0, 1]].is_nan());
        for bad in ["[[1], [2, 3]]", "[1, [2]]", "{\"a\": 1}", "[null]", "\"x\""] {
            assert!(from_json(&serde_json::from_str(bad).unwrap()).is_err(), "{bad}");
        }
    }
}
