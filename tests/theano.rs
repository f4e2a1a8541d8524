//! What Theano prints: each line of the tables in `tests/theano/` is a text and its `pp`.
//!
//! The strings were measured with Theano 0.3.1 and 1.0.5, as recorded in the header of each table.

#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::parse_infix;

fn variables() -> Vec<Expr> {
    let of = |names: &str, dtype: DType, rank: usize| -> Vec<Expr> {
        let dims = |name: &str| Shape::new((0..rank).map(|a| Dim::Sym(egrad::ty::Sym::anonymous(name, a))));
        names.split(' ').map(|n| tensor(n, dtype, dims(n))).collect()
    };
    let mut all = of("x y z a s alpha epsilon lambda psi W", DType::F64, 0);
    all.extend(of("v u w b", DType::F64, 1));
    all.extend(of("M N A B", DType::F64, 2));
    all.push(drow("r"));
    all.push(dcol("c"));
    all.extend(of("t3 U", DType::F64, 3));
    all.extend(of("t4", DType::F64, 4));
    all.extend(of("f", DType::F32, 0));
    all.extend(of("fv", DType::F32, 1));
    all.extend(of("F", DType::F32, 2));
    all.extend(of("i", DType::I32, 0));
    all.extend(of("iv", DType::I64, 1));
    all.extend(of("l", DType::I64, 0));
    all.extend(of("i8 b", DType::I8, 0));
    all.extend(of("im", DType::I64, 2));
    all
}

fn check(table: &str) {
    let inputs = variables();
    let (mut wrong, mut n) = (Vec::new(), 0);
    for line in table.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (text, expected) = line.split_once('\t').unwrap();
        n += 1;
        let text = format!("import numpy as np; import theano.tensor as T; {text}");
        let got = match parse_infix(&Source::new("probe", &text), &inputs) {
            // A table has a line for each.
            Ok(p) => pp(&p.results[0]).replace('\n', "\\n"),
            Err(e) => format!("error: {}", e.to_string().lines().next().unwrap_or("")),
        };
        if got != expected {
            wrong.push(format!("{text}\n  should print {expected}\n  prints       {got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {n} lines differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn expressions_print_as_theano_prints_them() {
    check(include_str!("theano/probes.tsv"));
}

/// Each line holds a text, what its sum is differentiated by, and both prints.
#[test]
fn what_theano_was_measured_to_print() {
    let inputs = variables();
    let (mut wrong, mut n) = (Vec::new(), 0);
    for line in include_str!("theano/measured.tsv").lines().filter(|l| !l.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (text, by, expected) = (fields[0], fields[1], &fields[2..]);
        n += 1;
        let read = |text: &str| {
            let text = format!("import theano, theano.tensor as T, numpy as np; {text}");
            parse_infix(&Source::new("probe", &text), &inputs)
                .map(|p| p.results[0].clone())
                .map_err(|e| e.to_string().lines().next().unwrap_or("").to_string())
        };
        let both = read(text).map(|e| {
            let cost = if e.rank() == 0 { e.clone() } else { e.sum() };
            let slope = if by.is_empty() { None } else { Some(grad(&cost, &read(by).unwrap())) };
            let slope = slope.map(|g| g.map_or_else(|e| e.to_string(), |g| pp(&g)));
            [Some(pp(&e)), slope].into_iter().flatten().map(|t| t.replace('\n', "\\n")).collect::<Vec<_>>()
        });
        if both.as_ref().map(|b| b.iter().map(String::as_str).collect::<Vec<_>>()) != Ok(expected.to_vec()) {
            wrong.push(format!("{text} by {by}\n  should print {expected:?}\n  prints       {both:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {n} lines differ\n{}", wrong.len(), wrong.join("\n"));
}
