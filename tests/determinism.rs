//! The same input gives the same bytes: in one process, in several, on any number of threads.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use std::process::Command;

use egrad::function::Function;
use egrad::op::Spelling;
use egrad::optimize::Options;
use egrad::pp::let_form;
use egrad::prelude::*;
use egrad::rules::RuleSet;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};
use ndarray::{ArrayD, ArrayViewD, IxDyn};

const LOGISTIC: (&str, &str, &[&str]) = ("x: dmatrix", "sum(1 / (1 + exp(-x)))", &["x"]);
const LOSS: (&str, &str, &[&str]) = (
    "X: f64[n, 4]; w: f64[4]; b: f64; y: f64[n]",
    "p = 1 / (1 + exp(-(X @ w) - b))\nmean(-y * log(p) - (1 - y) * log(1 - p)) + 0.01 * sum(w ** 2)",
    &["w", "b"],
);

/// All that is made of a text: raw gradient, optimized, report, plan, and the bits of the values.
fn everything((declarations, text, names): (&str, &str, &[&str])) -> String {
    let inputs = parse_declarations(&Source::new("inputs", declarations)).unwrap();
    let cost = parse_infix(&Source::text_only(text), &inputs).unwrap().results[0].clone();
    let by: Vec<Expr> =
        names.iter().map(|n| inputs.iter().find(|i| i.name() == Some(n)).unwrap().clone()).collect();
    let raw = grad(&cost, by.as_slice()).unwrap();
    let f = Function::new(&inputs, &raw).unwrap();
    let mut out = let_form(&raw, Spelling::Classic).join("\n");
    out.push_str(&let_form(f.outputs(), Spelling::Classic).join("\n"));
    out.push_str(&format!("\n{}\n{}\n", f.report().unwrap(), f.plan()));
    for bits in bits(&f) {
        out.push_str(&format!("{bits:x} "));
    }
    out
}

/// The bits of the results on values large enough for every path of the evaluator.
fn bits(f: &Function) -> Vec<u64> {
    let values: Vec<ArrayD<f64>> = f
        .inputs()
        .iter()
        .map(|i| {
            let dims: Vec<usize> = i.ty().shape.dims().iter().map(|d| d.known().unwrap_or(1000)).collect();
            let mut k = 0.0;
            ArrayD::from_shape_simple_fn(IxDyn(&dims), || {
                k += 1.0;
                (k * 0.7_f64).sin()
            })
        })
        .collect();
    let views: Vec<ArrayViewD<'_, f64>> = values.iter().map(|v| v.view()).collect();
    let found = f.call(&views).unwrap();
    // Enough of a large result.
    found.iter().flat_map(|a| a.iter().step_by(a.len() / 500 + 1).map(|x| x.to_bits())).collect()
}

fn all() -> String {
    [LOGISTIC, LOSS].map(everything).join("\n")
}

#[test]
fn a_hundred_times_in_one_process() {
    let first = all();
    for _ in 1..100 {
        assert!(all() == first);
    }
}

#[test]
fn on_every_thread_and_on_many_at_once() {
    let first = all();
    for threads in [1, 2, 5] {
        let same = std::thread::scope(|s| {
            let running: Vec<_> = (0..threads).map(|_| s.spawn(all)).collect();
            running.into_iter().all(|t| t.join().unwrap() == first)
        });
        assert!(same);
    }
    // One function, called from several threads.
    let x = dmatrix("x");
    let f = Function::new(&[x.clone()], &[grad(&x.sigmoid().sum(), &x).unwrap(), x.exp().sum()]).unwrap();
    let expected = bits(&f);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| assert!(bits(&f) == expected));
        }
    });
}

#[test]
fn in_several_processes() {
    let run = |threads: &str, (declarations, text, names): (&str, &str, &[&str])| {
        let done = Command::new(env!("CARGO_BIN_EXE_egrad"))
            .args(["grad", text, "-d", declarations, "--wrt", &names.join(","), "--report"])
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    for text in [LOGISTIC, LOSS] {
        let first = run("1", text);
        for threads in ["1", "2", "3", "7"] {
            assert!(run(threads, text) == first);
        }
    }
}

/// Every one of these programs, optimized with some rules: raw and optimized gradients of each.
fn optimized(rules: &std::sync::Arc<RuleSet>) -> String {
    let programs = [
        LOGISTIC,
        LOSS,
        ("z, y: f64[n]", "-sum(y * log(exp(z) / sum(exp(z))))", &["z"][..]),
        ("x, y: f64", "log(x * y) * sqrt(x ** 2 + y ** 2) / (x - y)", &["x", "y"]),
        ("x, y: f64", "sin(x) ** 2 * tanh(y) + x * sigmoid(y) - x", &["x", "y"]),
    ];
    let mut out = String::new();
    for (declarations, text, names) in programs {
        let inputs = parse_declarations(&Source::new("inputs", declarations)).unwrap();
        let cost = parse_infix(&Source::text_only(text), &inputs).unwrap().results[0].clone();
        let by: Vec<Expr> =
            names.iter().map(|n| inputs.iter().find(|i| i.name() == Some(n)).unwrap().clone()).collect();
        let raw = grad(&cost, by.as_slice()).unwrap();
        let options = Options { rules: rules.clone(), ..Options::default() };
        let f = Function::builder().options(options).build(&inputs, &raw).unwrap();
        out.push_str(&let_form(f.outputs(), Spelling::Classic).join("\n"));
        out.push_str(&format!("\n{}\n", f.report().unwrap()));
    }
    out
}

/// In which file, and where in it, a rule stands is no part of the input.
#[test]
fn the_order_of_rule_files_does_not_matter() {
    let read = |files: &mut dyn Iterator<Item = &(&str, &str)>| {
        let mut all = RuleSet::default();
        for (name, text) in files {
            all = all.merge(&RuleSet::parse(name, text).unwrap()).unwrap();
        }
        std::sync::Arc::new(all)
    };
    let files = egrad::rules::STANDARD_FILES;
    let expected = optimized(&egrad::optimize::standard_rules());
    let backwards = read(&mut files.iter().rev());
    assert_eq!(optimized(&backwards), expected);
    let middle = files.len() / 2;
    let turned = read(&mut files[middle..].iter().chain(&files[..middle]));
    assert_eq!(optimized(&turned), expected);
}
