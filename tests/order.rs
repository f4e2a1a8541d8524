//! One form for what is one function: pairs of spellings at which optimizers that apply rules one after the other
//! depend on the order, and stop one step short.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use egrad::expr::topological;
use egrad::graph::{export, import};
use egrad::op::Spelling;
use egrad::optimize::{Options, optimize};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};

fn inputs() -> Vec<Expr> {
    let declared = "x, y: f64; u, v: f64[n]";
    parse_declarations(&Source::new("inputs", declared)).unwrap()
}

fn read(text: &str) -> Expr {
    parse_infix(&Source::text_only(text), &inputs()).unwrap().results[0].clone()
}

fn optimized(outputs: &[Expr]) -> Vec<Expr> {
    let before = import(&inputs(), outputs).unwrap();
    let after = optimize(&before.graph, &before.roots, &Options::default());
    export(&after.graph, &after.roots).unwrap()
}

fn form(e: &Expr) -> String {
    egrad::pp::let_form(&optimized(&[e.clone()]), Spelling::Plain).join("; ")
}

#[test]
fn spellings_of_one_function_reach_one_form() {
    let groups: &[(&str, &[&str])] = &[
        ("sigmoid(x)", &["1/(1+1/exp(x))", "1/(1+exp(-x))", "exp(x)/(1+exp(x))", "0.5*(1+tanh(x/2))"]),
        ("softplus((x + y))", &["log(1+exp(x)*exp(y))", "log(1+exp(x+y))", "log1p(exp(y)*exp(x))"]),
        ("1.0", &["exp(2*x)*exp(-x)*exp(-x)", "sigmoid(x)+(1-sigmoid(x))", "sigmoid(x)+sigmoid(-x)"]),
        ("(2.0 / x)", &["(2*x)/x**2", "(2*x)/(x*x)", "2*x*x**-2"]),
        ("x", &["x**2/x", "x*x/x", "2*x-x", "3*x-2*x", "sqrt(x)*sqrt(x)", "x**.5*x**.5"]),
        ("(5.0 * x)", &["2*x+3*x", "10*x/2", "6*x-x"]),
        ("(y - x)", &["-(x-y)", "0-(x-y)", "-x+y", "y+(-1)*x"]),
        ("0.0", &["x*y-x*y", "x*y-y*x", "exp(x*y)-exp(y*x)", "sum(v*u)-sum(u*v)"]),
        ("(2.0 * sum(v))", &["sum(2*v)", "2*sum(v)", "sum(v*2)", "sum(v)+sum(v)", "sum(v+v)"]),
        ("(x ** 5.0)", &["x**5", "x*x*x*x*x", "x**2*x**3", "x**7/x**2", "(x**2)**2*x", "x*(x*x)*sqr(x)"]),
        ("exp2(x)", &["2**x", "exp(x*log(2.0))", "exp2(2*x)*exp2(-x)"]),
        ("(4.0 * sum(v))", &["sum(v*2+v*2)", "2*sum(v)+sum(v+v)"]),
        (
            "softmax(v, axis=0)",
            &["exp(v)/sum(exp(v))", "exp(v-max(v))/sum(exp(v-max(v)))", "exp(v-log(sum(exp(v))))"],
        ),
        (
            "logsumexp(v)",
            &["log(sum(exp(v)))", "max(v)+log(sum(exp(v-max(v))))", "v[0]+log(sum(exp(v-v[0])))"],
        ),
    ];
    let mut wrong = Vec::new();
    for (expected, spellings) in groups {
        for text in *spellings {
            let found = form(&read(text));
            if found != *expected {
                wrong.push(format!("{text}: {found}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The powers of a number, however they are written, cost the same.
#[test]
fn powers_of_one_exponent_cost_the_same() {
    let work =
        |text: &str| topological(&optimized(&[read(text)])).iter().filter(|e| e.op().is_some()).count();
    let least = work("x**5");
    for text in ["x*x*x*x*x", "x**2*x**3", "x**7/x**2", "(x**2)**2*x"] {
        assert_eq!(work(text), least, "{text}");
    }
}

#[test]
fn gradients_of_the_spellings_of_the_logistic_are_one() {
    let x = &inputs()[0];
    let spellings = ["1/(1+exp(-x))", "sigmoid(x)", "exp(x)/(1+exp(x))"];
    let forms: Vec<String> = spellings.iter().map(|t| form(&grad(&read(t), x).unwrap())).collect();
    assert!(forms.iter().all(|f| *f == forms[0]), "{forms:?}");
    assert_eq!(forms[0], "(sigmoid((-x)) * sigmoid(x))");
}
