//! Every operator as Theano 1.0.5 prints it, its derivative, and its value: the lines of
//! `tests/theano/operators.tsv` (derivatives as in Theano's own tables) and of `edges.tsv` (values).

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use egrad::eval::reference;
use egrad::expr::{computed_ahead, topological, variables};
use egrad::function::{Array, ArrayRef, Function, OnUnused};
use egrad::graph::import;
use egrad::op::Op;
use egrad::pp::{debugprint, latex};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};
use ndarray::{ArrayD, IxDyn};

const INPUTS: &str = "
x, y, z, a: dscalar; v, u: dvector; w: dvector; M, N: dmatrix; A: dmatrix; B: dmatrix; r: drow; c: dcol
t3, U: dtensor3; f: fscalar; fv: fvector; i: iscalar; l: lscalar; iv: lvector; b: bool
";

/// The value of an input, by its name.
fn value(name: &str) -> Array {
    let float = |lens: &[usize], x: &[f64]| ArrayD::from_shape_vec(IxDyn(lens), x.to_vec()).unwrap();
    let one = |x: f64| float(&[], &[x]).into();
    match name {
        "x" => one(0.6),
        "y" => one(1.7),
        "z" => one(-0.4),
        "a" => one(0.3),
        "v" => float(&[3], &[0.5, -1.25, 2.0]).into(),
        "u" => float(&[3], &[1.5, 0.25, -0.75]).into(),
        "w" => float(&[2], &[0.7, -0.2]).into(),
        "M" => float(&[2, 3], &[0.1, -0.6, 1.1, 0.9, 0.4, -2.0]).into(),
        "N" => float(&[2, 3], &[1.0, 2.5, -0.5, 0.3, 0.8, -1.4]).into(),
        "A" => float(&[2, 2], &[2.0, 0.5, -0.3, 1.5]).into(),
        "B" => float(&[3, 2], &[0.2, 1.2, -0.9, 0.6, 0.7, -0.1]).into(),
        "r" => float(&[1, 3], &[0.5, -1.25, 2.0]).into(),
        "c" => float(&[2, 1], &[0.7, -0.2]).into(),
        "t3" => float(&[2, 3, 2], &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, -0.1, -0.2, -0.3, -0.4, -0.5, -0.6]).into(),
        "U" => float(&[2, 2, 3], &[1.1, 0.2, 1.3, 0.4, 1.5, 0.6, 0.7, 0.8, 0.9, 1.0, 0.1, 1.2]).into(),
        "f" => Array::from(ArrayD::from_elem(IxDyn(&[]), 0.25f32)),
        "fv" => Array::from(ArrayD::from_shape_vec(IxDyn(&[2]), vec![0.5f32, -3.0]).unwrap()),
        "i" => Array::from(ArrayD::from_elem(IxDyn(&[]), 1i32)),
        "l" => Array::from(ArrayD::from_elem(IxDyn(&[]), 2i64)),
        "iv" => Array::from(ArrayD::from_shape_vec(IxDyn(&[2]), vec![1i64, 0]).unwrap()),
        _ => Array::from(ArrayD::from_elem(IxDyn(&[]), true)),
    }
}

fn read(text: &str) -> Result<Expr, String> {
    let inputs = parse_declarations(&Source::text_only(INPUTS)).unwrap();
    parse_infix(&Source::text_only(text), &inputs).map(|p| p.results[0].clone()).map_err(|e| e.to_string())
}

/// Values as they are written and optimized. They agree to 1e-10 wherever what is written is a number: the
/// optimizer may take NaN for what it likes, and may drop what only makes NaN of it.
fn evaluate(e: &Expr) -> Result<Array, String> {
    let used = variables(std::slice::from_ref(e));
    let values: Vec<Array> = used.iter().map(|v| value(v.name().unwrap())).collect();
    let views: Vec<ArrayRef<'_>> = values.iter().map(Array::view).collect();
    let mut both = Vec::new();
    for builder in [Function::builder().raw(), Function::builder()] {
        let f = builder
            .unused(OnUnused::Ignore)
            .build(&used, std::slice::from_ref(e))
            .map_err(|e| e.to_string())?;
        both.push(f.call_arrays(&views).map_err(|e| e.to_string())?.swap_remove(0));
    }
    let (fast, raw) = (both.pop().unwrap(), both.pop().unwrap());
    // The reference is given what lengths follow from.
    let (more, first): (Vec<Expr>, Vec<Expr>) =
        computed_ahead(&used, std::slice::from_ref(e)).into_iter().unzip();
    let first = Function::builder().raw().unused(OnUnused::Ignore).build(&used, &first);
    let told = first.map_err(|e| e.to_string())?.call_arrays(&views).map_err(|e| e.to_string())?;
    let inputs: Vec<Expr> = used.iter().chain(&more).cloned().collect();
    let all: Vec<ArrayRef<'_>> = values.iter().chain(&told).map(Array::view).collect();
    let plain = import(&inputs, std::slice::from_ref(e)).map_err(|e| e.to_string())?;
    let reference =
        reference::evaluate_arrays(&plain.graph, &plain.roots, &all).map_err(|e| e.to_string())?;
    if !close(&raw, &reference[0], 1e-12) {
        return Err(format!("by the reference {reference:?}, as written {raw:?}"));
    }
    let tolerance = if e.ty().dtype == DType::F32 { 1e-6 } else { 1e-10 };
    if close(&fast, &raw, tolerance) {
        Ok(raw)
    } else {
        Err(format!("optimized {fast:?}, as written {raw:?}"))
    }
}

fn close(a: &Array, b: &Array, tolerance: f64) -> bool {
    let (x, y) = (a.to_f64(), b.to_f64());
    a.dtype() == b.dtype()
        && x.shape() == y.shape()
        && x.iter()
            .zip(&y)
            .all(|(x, y)| x == y || y.is_nan() || (x - y).abs() <= tolerance * x.abs().max(1e-3))
}

/// `0.5`, `[0.5 1.0]`: twelve digits, in row-major order.
fn shown(x: &Array) -> String {
    let round = |x: f64| {
        let text = format!("{x:.11e}");
        text.parse::<f64>().map_or(text, |x| {
            if x.abs() < 1e16 && x.abs() > 1e-5 || x == 0.0 { x.to_string() } else { format!("{x:e}") }
        })
    };
    let all: Vec<String> = x.view().floats().map(round).collect();
    if x.shape().is_empty() { all.concat() } else { format!("{:?}[{}]", x.shape(), all.join(" ")) }
}

fn or<T>(r: Result<T, String>, f: impl Fn(T) -> String) -> String {
    r.map_or_else(|e| format!("error: {}", e.lines().next().unwrap_or("")), f)
}

/// The line of a text and the name to differentiate by, as it is.
fn line(text: &str, by: &str) -> String {
    let e = match read(text) {
        Ok(e) => e,
        Err(e) => return format!("{text}\t{by}\terror: {e}"),
    };
    let value = or(evaluate(&e), |v| shown(&v));
    if by.is_empty() {
        return format!("{text}\t{by}\t{}\t{value}", pp(&e));
    }
    let cost = if e.rank() == 0 { e.clone() } else { e.sum() };
    let g = grad(&cost, &read(by).unwrap()).map_err(|e| e.to_string());
    let slope = g.as_ref().map_or_else(|_| String::new(), |g| or(evaluate(g), |v| shown(&v)));
    format!("{text}\t{by}\t{}\t{value}\t{}\t{slope}", pp(&e), or(g, |g| pp(&g)))
}

fn check(name: &str, table: &str) {
    let mut now = String::new();
    let mut wrong = Vec::new();
    for old in table.lines() {
        let new = match old.split('\t').collect::<Vec<_>>()[..] {
            [""] => String::new(),
            [text, ..] if text.starts_with('#') => old.to_string(),
            [text] => line(text, ""),
            [text, by, ..] => line(text, by),
            [] => String::new(),
        };
        if new != old {
            wrong.push(format!("- {old}\n+ {new}"));
        }
        now.push_str(&new);
        now.push('\n');
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, now).unwrap();
    assert!(
        wrong.is_empty(),
        "{} lines differ; as they are now: {}\n{}",
        wrong.len(),
        file.display(),
        wrong.join("\n")
    );
}

#[test]
fn operators_print_compute_and_differentiate() {
    check("operators.tsv", include_str!("theano/operators.tsv"));
}

#[test]
fn edge_cases() {
    check("edges.tsv", include_str!("theano/edges.tsv"));
}

/// Everything in the table of operators occurs in a line, and is laid out in LaTeX's own words and
/// in `debugprint`.
#[test]
fn every_operator_has_a_layout() {
    let mut shown = String::new();
    let mut missing: Vec<Op> = Op::ALL.to_vec();
    for line in include_str!("theano/operators.tsv").lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        let mut parts = line.split('\t');
        let (text, by) = (parts.next().unwrap(), parts.next().unwrap_or(""));
        let e = read(text).unwrap();
        let mut roots = vec![e.clone()];
        if !by.is_empty() {
            let cost = if e.rank() == 0 { e.clone() } else { e.sum() };
            roots.extend(grad(&cost, &read(by).unwrap()).ok());
        }
        for n in topological(&roots) {
            let Some(op) = n.op() else { continue };
            let Some(at) = missing.iter().position(|o| *o == op) else { continue };
            missing.remove(at);
            let (tex, tree) = (latex(&n), debugprint(std::slice::from_ref(&n)));
            let first = tree.lines().next().unwrap();
            assert!(first.starts_with(|c: char| c.is_ascii_uppercase()), "{first}");
            plain_words(op, &tex);
            shown.push_str(&format!("{:<20} {tex}\n{:<20} {first}\n", op.def().name, ""));
        }
    }
    let missing: Vec<&str> = missing.iter().map(|op| op.def().name).collect();
    assert!(missing.is_empty(), "no line uses {missing:?}");
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("printing__latex", shown);
    });
}

/// Outside of commands and their names no word is left, which LaTeX would set as a product of letters.
fn plain_words(op: Op, tex: &str) {
    let mut rest = tex.to_string();
    for command in ["\\operatorname{", "\\mathrm{", "\\mathit{", "\\mathsf{", "\\text{", "\\begin{", "\\end{"]
    {
        while let Some(at) = rest.find(command) {
            let close = at + rest[at..].find('}').unwrap();
            rest.replace_range(at..=close, " ");
        }
    }
    let mut letters = 0;
    let mut command = false;
    for c in rest.chars() {
        command = c == '\\' || command && c.is_ascii_alphabetic();
        letters = if c.is_ascii_alphabetic() && !command { letters + 1 } else { 0 };
        assert!(letters < 2, "{op:?}: {tex}");
    }
    assert_eq!(tex.matches('{').count(), tex.matches('}').count(), "{op:?}: {tex}");
    assert_eq!(tex.matches("\\left").count(), tex.matches("\\right").count(), "{op:?}: {tex}");
}
