//! Element types of results: NumPy's promotion, Theano's literals, casts as they are printed.

#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};

const INPUTS: &str = "b_: bool; i8_: i8; i16_: i16; i32_: i32; i64_: i64; f32_: f32; f64_: f64";
const NAMES: [&str; 7] = ["b", "i8", "i16", "i32", "i64", "f32", "f64"];

fn read(text: &str) -> Expr {
    let inputs = parse_declarations(&Source::text_only(INPUTS)).unwrap();
    parse_infix(&Source::text_only(text), &inputs).unwrap().results[0].clone()
}

fn dtype(text: &str) -> &'static str {
    let d = read(text).ty().dtype;
    DType::NAMES.iter().find(|n| n.0 == d).unwrap().1
}

/// NumPy's table: the wider of two, but wide integers push `f32` to `f64`.
#[test]
fn pairs_promote_as_in_numpy() {
    let table = [
        ["i8", "i8", "i16", "i32", "i64", "f32", "f64"],
        ["i8", "i8", "i16", "i32", "i64", "f32", "f64"],
        ["i16", "i16", "i16", "i32", "i64", "f32", "f64"],
        ["i32", "i32", "i32", "i32", "i64", "f64", "f64"],
        ["i64", "i64", "i64", "i64", "i64", "f64", "f64"],
        ["f32", "f32", "f32", "f64", "f64", "f32", "f64"],
        ["f64", "f64", "f64", "f64", "f64", "f64", "f64"],
    ];
    for (a, row) in NAMES.iter().zip(table) {
        for (b, expected) in NAMES.iter().zip(row) {
            for op in ["+", "*", "-", "**", "%", "//"] {
                let text = format!("{a}_ {op} {b}_");
                assert_eq!(dtype(&text), expected, "{text}");
            }
            let text = format!("maximum({a}_, {b}_)");
            assert_eq!(dtype(&text), expected, "{text}");
            // Choices and joins keep truth values.
            let text = format!("where(b_, {a}_, {b}_)");
            assert_eq!(dtype(&text), if (*a, *b) == ("b", "b") { "bool" } else { expected }, "{text}");
            assert_eq!(dtype(&format!("{a}_ < {b}_")), "bool");
            let quotient = if expected == "f32" { "f32" } else { "f64" };
            assert_eq!(dtype(&format!("{a}_ / {b}_")), quotient, "{a} / {b}");
        }
    }
}

/// Whole numbers take the narrowest type that holds them; other literals adapt where `f32` holds them.
#[test]
fn literals_are_narrow() {
    for (text, expected) in [
        ("2", "i8"),
        ("200", "i16"),
        ("70000", "i32"),
        ("1099511627776", "i64"),
        ("2.0", "f64"),
        ("i8_ + 1", "i8"),
        ("i8_ + 200", "i16"),
        ("i32_ + 1", "i32"),
        ("b_ + 1", "i8"),
        ("f32_ + 1", "f32"),
        ("f32_ + 70000", "f64"),
        ("f32_ + 1.5", "f32"),
        ("f32_ + 0.1", "f64"),
        ("i64_ + 1.5", "f64"),
        ("i32_ * 0.1", "f64"),
        ("f32_ ** 2", "f32"),
        ("f32_ ** 0.5", "f32"),
        ("i32_ ** 2", "i32"),
        ("i32_ ** -1", "i32"),
        ("i32_ ** 0.5", "f64"),
        ("f64_ * 2", "f64"),
        ("maximum(f32_, 0)", "f32"),
        ("clip(f32_, 0, 1)", "f32"),
        ("where(b_, f32_, 0.0)", "f32"),
    ] {
        assert_eq!(dtype(text), expected, "{text}");
    }
}

/// Functions of whole numbers are computed in `f64`, narrow ones too: the digits of `sqrt(2)` are kept.
#[test]
fn functions_are_floats() {
    for name in NAMES {
        let float = if name == "f32" { "f32" } else { "f64" };
        for f in ["exp", "log", "sin", "sqrt", "sigmoid", "erf", "gamma", "floor"] {
            assert_eq!(dtype(&format!("{f}({name}_)")), float, "{f} {name}");
        }
        let own = if name == "b" { "i8" } else { name };
        for f in ["abs", "sqr", "neg", "sgn"] {
            assert_eq!(dtype(&format!("{f}({name}_)")), own, "{f} {name}");
        }
        let total = if name.starts_with('f') { name } else { "i64" };
        for f in ["sum", "prod"] {
            assert_eq!(dtype(&format!("{f}(stack([{name}_, {name}_]))")), total, "{f} {name}");
        }
        assert_eq!(dtype(&format!("mean(stack([{name}_, {name}_]))")), float, "mean {name}");
        let kept = if name == "b" { "bool" } else { name };
        assert_eq!(dtype(&format!("max(stack([{name}_, {name}_]))")), kept, "max {name}");
        assert_eq!(dtype(&format!("argmax(stack([{name}_, {name}_]))")), "i64", "argmax {name}");
    }
}

/// A cast prints the type that it makes, and reads back.
#[test]
fn casts_are_printed() {
    for name in NAMES {
        for (d, short, long) in DType::NAMES {
            let e = read(&format!("cast({name}_, {long})"));
            assert_eq!(e.ty().dtype, d);
            assert_eq!(pp(&e), format!("{long}({name}_)"));
            assert_eq!(read(&pp(&e)).ty().dtype, d, "{short}");
        }
    }
}

/// Gradients are floats: of what reaches a cost through floats, and zero of a discrete cost.
#[test]
fn gradients_are_floats() {
    for (cost, by, expected) in [
        ("cast(i64_, float64) ** 2", "i64_", "f64"),
        ("f32_ ** 2", "f32_", "f32"),
        ("f32_ * 0.1", "f32_", "f64"),
        ("f64_ * f32_", "f32_", "f64"),
        ("i64_ ** 2 + 0.0 * f64_", "i64_", "f64"),
        ("exp(i8_)", "i8_", "f64"),
    ] {
        assert_eq!(dtype(&format!("grad({cost}, {by})")), expected, "{cost}");
    }
}

/// Theano's constructors: the prefix is the element type, the rest the shape.
#[test]
fn constructors_have_the_types_of_their_names() {
    type Make = fn(&str) -> Expr;
    let made: [(Make, &str); 12] = [
        (bscalar, "i8"),
        (wvector, "i16[x.0]"),
        (imatrix, "i32[x.0, x.1]"),
        (lrow, "i64[1, x.1]"),
        (fcol, "f32[x.0, 1]"),
        (dtensor3, "f64[x.0, x.1, x.2]"),
        (ltensor4, "i64[x.0, x.1, x.2, x.3]"),
        (drow, "f64[1, x.1]"),
        (bmatrix, "i8[x.0, x.1]"),
        (wcol, "i16[x.0, 1]"),
        (ivector, "i32[x.0]"),
        (ftensor4, "f32[x.0, x.1, x.2, x.3]"),
    ];
    for (make, ty) in made {
        assert_eq!(make("x").ty().to_string(), ty);
    }
}
