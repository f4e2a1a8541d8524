//! Softmax, its logarithm and logsumexp as the optimizer sees them: operators, over any set of axes.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/rng.rs"]
mod rng;

use egrad::function::{Function, OnUnused};
use egrad::op::Spelling;
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use rng::Rng;

fn read(text: &str, inputs: &[Expr]) -> Expr {
    parse_infix(&Source::text_only(text), inputs).unwrap().results[0].clone()
}

fn function(inputs: &[Expr], outputs: &[Expr], raw: bool) -> Function {
    let builder = Function::builder().unused(OnUnused::Ignore);
    let builder = if raw { builder.raw() } else { builder };
    builder.build(inputs, outputs).unwrap()
}

fn call(f: &Function, values: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
    let views: Vec<ArrayViewD<'_, f64>> = values.iter().map(|a| a.view()).collect();
    f.call(&views).unwrap()
}

fn close(a: &[ArrayD<f64>], b: &[ArrayD<f64>], tolerance: f64) -> bool {
    let near = |(p, q): (&f64, &f64)| (p - q).abs() <= tolerance * p.abs().max(q.abs()).max(1.0);
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.shape() == y.shape() && x.iter().zip(y).all(near))
}

fn plain(e: &Expr) -> String {
    egrad::pp::let_form(std::slice::from_ref(e), Spelling::Plain).join("\n")
}

/// The ways to write each of them over axes, and the operator that they are.
fn spellings(axes: &str) -> Vec<(String, &'static str)> {
    let kept = format!("axis={axes}, keepdims=True");
    vec![
        (format!("softmax(T, axis={axes})"), "softmax"),
        (format!("log_softmax(T, axis={axes})"), "log_softmax"),
        (format!("logsumexp(T, axis={axes})"), "logsumexp"),
        (format!("exp(T) / sum(exp(T), {kept})"), "softmax"),
        (format!("log(sum(exp(T), axis={axes}))"), "logsumexp"),
        (format!("m = max(T, {kept})\ne = exp(T - m)\ne / sum(e, {kept})"), "softmax"),
        (format!("m = max(T, {kept})\nT - m - log(sum(exp(T - m), {kept}))"), "log_softmax"),
        (format!("m = max(T, {kept})\nm + log(sum(exp(T - m), {kept}))"), "logsumexp"),
        (format!("T - logsumexp(T, {kept})"), "log_softmax"),
        (format!("exp(T - logsumexp(T, {kept}))"), "softmax"),
        (format!("exp(log_softmax(T, axis={axes}))"), "softmax"),
        (format!("log(softmax(T, axis={axes}))"), "log_softmax"),
    ]
}

/// Every way to write them, over every set of axes, is the operator; its value and its gradient are those of the
/// original, and so is the value of what is printed and read again.
#[test]
fn every_spelling_over_every_set_of_axes() {
    let mut rng = Rng(7);
    for rank in 1..=3usize {
        for set in 1..(1 << rank) {
            let axes: Vec<String> = (0..rank).filter(|a| set >> a & 1 == 1).map(|a| a.to_string()).collect();
            let axes = if axes.len() == 1 { axes[0].clone() } else { format!("({})", axes.join(", ")) };
            let dims: Vec<usize> = (0..rank).map(|_| 1 + rng.below(4)).collect();
            let shape = dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let declared = format!("T, W: f64[{shape}]");
            let inputs = parse_declarations(&Source::new("inputs", &declared)).unwrap();
            for (text, op) in spellings(&axes) {
                let e = read(&text, &inputs);
                let whole = e.rank() == rank;
                let cost = if whole { (&e * &inputs[1]).sum() } else { e.sqr().sum() };
                let mut outputs = vec![e];
                outputs.extend(grad(&cost, &inputs[..1]).unwrap());
                let (raw, fast) = (function(&inputs, &outputs, true), function(&inputs, &outputs, false));
                let number = |_: usize| (rng.next() >> 11) as f64 / (1u64 << 50) as f64 - 4.0;
                let data: Vec<f64> = (0..2 * dims.iter().product::<usize>()).map(number).collect();
                let half = data.len() / 2;
                let values: Vec<ArrayD<f64>> = [&data[..half], &data[half..]]
                    .iter()
                    .map(|d| ArrayD::from_shape_vec(IxDyn(&dims), d.to_vec()).unwrap())
                    .collect();
                let before = call(&raw, &values);
                let (first, second) = (plain(&fast.outputs()[0]), plain(&fast.outputs()[1]));
                assert!(close(&before, &call(&fast, &values), 1e-12), "{text}\n{first}\n{second}");
                let again = [read(&first, &inputs), read(&second, &inputs)];
                let printed = function(&inputs, &again, true);
                assert!(close(&before, &call(&printed, &values), 1e-12), "{text}\n{first}\n{second}");
                // Over axes of length 1 there is less to compute.
                if dims.iter().all(|&n| n > 1) {
                    assert!(
                        first.contains(op) && !first.replace("logsumexp", "").contains("exp"),
                        "{text}\n{first}"
                    );
                }
            }
        }
    }
}

/// The gradient of a cross-entropy is the same difference however the loss is written.
#[test]
fn gradients_of_cross_entropy() {
    let inputs = parse_declarations(&Source::new("inputs", "z, y: f64[n]; Z, Y: f64[m, n]")).unwrap();
    let table = [
        ("-sum(y * log(softmax(z)))", 0, "((sum(y) * softmax(z, axis=0)) - y)"),
        ("-sum(y * log_softmax(z))", 0, "((sum(y) * softmax(z, axis=0)) - y)"),
        ("sum(y * (logsumexp(z) - z))", 0, "((sum(y) * softmax(z, axis=0)) - y)"),
        ("-sum(y * log(exp(z) / sum(exp(z))))", 0, "((sum(y) * softmax(z, axis=0)) - y)"),
        ("logsumexp(z) - z[2]", 0, ""),
        ("logsumexp(z) - sum(y * z)", 0, "(softmax(z, axis=0) - y)"),
        ("log(sum(exp(z))) - dot(y, z)", 0, "(softmax(z, axis=0) - y)"),
        ("-sum(Y * log(softmax(Z)))", 2, "((sum(Y, axis=1)[:, None] * softmax(Z, axis=1)) - Y)"),
        (
            "-sum(Y * (Z - log(sum(exp(Z), axis=1, keepdims=True))))",
            2,
            "((sum(Y, axis=1)[:, None] * softmax(Z, axis=1)) - Y)",
        ),
        ("sum(logsumexp(Z, axis=1)) - sum(Y * Z)", 2, "(softmax(Z, axis=1) - Y)"),
    ];
    for (text, by, expected) in table {
        let raw = grad(&read(text, &inputs), &inputs[by..=by]).unwrap();
        let f = function(&inputs, &raw, false);
        let found = plain(&f.outputs()[0]);
        if expected.is_empty() {
            assert!(found.contains("softmax(z, axis=0)") && !found.contains("exp"), "{text}: {found}");
        } else {
            assert_eq!(found, expected, "{text}");
        }
    }
}
