//! What comes out takes no more work than what goes in, unless that loses digits: then they are measured. And it is the
//! cheapest that its e-graph holds.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/typed.rs"]
#[allow(dead_code, reason = "others compare values too")]
mod typed;

use egrad::accuracy::Samples;
use egrad::extract::{Budget, Proof, by_name};
use egrad::grad::{Disconnected, grads_or};
use egrad::graph::{Graph, Id, import};
use egrad::optimize::{Optimized, Options, graph_cost, optimize, saturated};
use egrad::prelude::*;
use egrad::rules::Profile;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};
use typed::{Rng, scalar, tensors};

/// What was compared.
#[derive(Debug, Default)]
struct Seen {
    cheaper: usize,
    same: usize,
    for_digits: usize,
    measured: usize,
}

/// Bits that the last roundings of kernels may differ by in the mean.
const SLACK: f64 = 0.1;

impl Seen {
    /// Compares; what is wrong.
    fn judge(&mut self, graph: &Graph, roots: &[Id], best: &Optimized, options: &Options) -> Option<String> {
        let before = graph_cost(&options.model, graph, roots);
        let after = graph_cost(&options.model, &best.graph, &best.roots);
        if after <= before * (1.0 + 1e-9) {
            *(if after < before { &mut self.cheaper } else { &mut self.same }) += 1;
            return None;
        }
        if best.report.for_digits == 0 {
            return Some(format!("{before} became {after}"));
        }
        self.for_digits += 1;
        let samples = Samples::of(graph, roots)?;
        let (a, b) = (samples.error(graph, roots)?, samples.error(&best.graph, &best.roots)?);
        self.measured += 1;
        (b.bits > a.bits + SLACK).then(|| format!("{before} became {after}, {a:?} {b:?}"))
    }
}

fn shown(outputs: &[Expr], best: &Optimized) -> String {
    let after = egrad::graph::export(&best.graph, &best.roots).unwrap();
    let lines = |l: &[Expr]| l.iter().map(|e| format!("  {}\n", pp(e))).collect::<String>();
    format!("{}=>\n{}", lines(outputs), lines(&after))
}

fn with_gradients(e: &Expr, inputs: &[Expr]) -> Vec<Expr> {
    let cost = if e.rank() == 0 { e.clone() } else { e.sum() };
    let mut all = vec![e.clone()];
    all.extend(grads_or(&cost, inputs, Disconnected::Zero).unwrap_or_default());
    all
}

/// Whole, and cut into small windows; under every profile.
fn ways() -> Vec<Options> {
    let real = Options::default();
    vec![
        real.clone(),
        Options { window: 6, ..real.clone() },
        Options { profile: Profile::Strict, ..real.clone() },
        Options { profile: Profile::Ieee, window: 9, ..real },
    ]
}

#[test]
fn random_programs() {
    let ways = ways();
    let (mut seen, mut wrong) = (Seen::default(), Vec::new());
    for seed in 0..600 {
        let mut rng = Rng::new(seed);
        let (inputs, e) = if seed % 2 == 0 { scalar(&mut rng) } else { tensors(&mut rng) };
        let outputs = with_gradients(&e, &inputs);
        let Ok(i) = import(&inputs, &outputs) else { continue };
        let options = &ways[seed as usize / 2 % ways.len()];
        let best = optimize(&i.graph, &i.roots, options);
        if let Some(text) = seen.judge(&i.graph, &i.roots, &best, options) {
            wrong.push(format!("seed {seed}: {text}\n{}", shown(&outputs, &best)));
        }
    }
    assert!(wrong.is_empty(), "{} {seen:?}\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(seen.cheaper > 300 && seen.for_digits > 3 && seen.measured > 1, "{seen:?}");
}

/// Losses and models as people write them: declarations, program, what to differentiate by.
const REAL: &[(&str, &str, &[usize])] = &[
    ("x: f64[n]", "sum(1 / (1 + exp(-x)))", &[0]),
    ("X: f64[m, n]; y: f64[m]; w: f64[n]; b: f64", "mean((dot(X, w) + b - y)**2) + 0.01*sum(w**2)", &[2, 3]),
    (
        "X: f64[m, n]; y: f64[m]; w: f64[n]; b: f64",
        "p = 1/(1 + exp(-dot(X, w) - b))\nmean(-y*log(p) - (1 - y)*log(1 - p))",
        &[2, 3],
    ),
    ("X: f64[m, n]; y: f64[m]; w: f64[n]", "sum(softplus(-y*dot(X, w))) + 0.5*dot(w, w)", &[2]),
    ("Z, Y: f64[m, n]", "-sum(Y*log(softmax(Z, axis=1)))/4", &[0]),
    ("z: f64[n]; t: f64", "sum(log(softmax(z/t))**2)", &[0, 1]),
    (
        "X: f64[m, n]; A: f64[n, k]; b: f64[k]; C: f64[k, 2]",
        "h = tanh(dot(X, A) + b)\nsum((dot(h, C))**2)",
        &[1, 2, 3],
    ),
    (
        "X: f64[m, n]; A: f64[n, k]; b: f64[k]",
        "h = sigmoid(dot(X, A) + b)\nh2 = sigmoid(dot(h, A.T))\nmean((h2 - X)**2)",
        &[1, 2],
    ),
    ("x, m, s: f64", "0.5*((x - m)/s)**2 + log(s) + 0.5*log(2*3.141592653589793)", &[0, 1, 2]),
    ("x: f64[n]; m, s: f64", "sum(0.5*((x - m)/s)**2 + log(s))", &[0, 1, 2]),
    ("x: f64[n]", "sum(100*(x[1:] - x[:-1]**2)**2 + (1 - x[:-1])**2)", &[0]),
    (
        "x: f64[m, n]; g, b: f64[n]",
        "mu = mean(x, axis=1, keepdims=True)\nv = mean((x - mu)**2, axis=1, keepdims=True)\nsum(((x - mu)/sqrt(v + 1e-5)*g + b)**2)",
        &[0, 1, 2],
    ),
    (
        "S, K, r, v, T: f64",
        "d1 = (log(S/K) + (r + v**2/2)*T)/(v*sqrt(T))\nd2 = d1 - v*sqrt(T)\nN1 = 0.5*(1 + erf(d1/sqrt(2.0)))\nN2 = 0.5*(1 + erf(d2/sqrt(2.0)))\nS*N1 - K*exp(-r*T)*N2",
        &[0, 1, 2, 3, 4],
    ),
    ("x: f64", "0.5*x*(1 + tanh(0.7978845608*(x + 0.044715*x**3)))", &[0]),
    ("x: f64[n]", "sum(x*sigmoid(1.702*x))", &[0]),
    ("Q, K, V: f64[n, d]", "sum(dot(softmax(dot(Q, K.T)/8, axis=1), V)**2)", &[0, 1, 2]),
    (
        "x: f64[n, d]; a: f64[k]; m: f64[k, d]",
        "sum(logsumexp(a - 0.5*sum((x[:, None, :] - m[None, :, :])**2, axis=2), axis=1))",
        &[1, 2],
    ),
    ("x, y, a, b: f64", "sin(x*y)**2*exp(-a*x) + cos(x*y)**2*exp(-b*y)", &[0, 1, 2, 3]),
    ("x: f64", "(tan(x) - x)/(x - sin(x))", &[0]),
    ("a, b, c: f64", "(-b + sqrt(b*b - 4*a*c))/(2*a)", &[0, 1, 2]),
    ("p, q: f64[n]", "sum(p*log(p/q)) + sum((1 - p)*log((1 - p)/(1 - q)))", &[0, 1]),
    ("x: f64[n]; d: f64", "sum(where(abs(x) < d, 0.5*x**2, d*(abs(x) - 0.5*d)))", &[0, 1]),
    ("u, v: f64[n]", "1 - dot(u, v)/(sqrt(dot(u, u))*sqrt(dot(v, v)))", &[0, 1]),
    ("x, y: f64", "log(1 + exp(x)) - sigmoid(y)*x + log(1 - sigmoid(x*y))", &[0, 1]),
];

#[test]
fn real_programs() {
    let ways = ways();
    let (mut seen, mut wrong) = (Seen::default(), Vec::new());
    for (declared, text, by) in REAL {
        let inputs = parse_declarations(&Source::new("inputs", declared)).unwrap();
        let e = parse_infix(&Source::text_only(text), &inputs).unwrap().results[0].clone();
        let wrt: Vec<Expr> = by.iter().map(|&i| inputs[i].clone()).collect();
        let outputs = with_gradients(&e, &wrt);
        let i = import(&inputs, &outputs).unwrap();
        for options in &ways {
            let best = optimize(&i.graph, &i.roots, options);
            if let Some(what) = seen.judge(&i.graph, &i.roots, &best, options) {
                wrong.push(format!("{text}: {what}\n{}", shown(&outputs, &best)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} {seen:?}\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(seen.cheaper > REAL.len() && seen.for_digits > 0, "{seen:?}");
}

/// On the e-graphs of these programs, and of their gradients, the default extraction is as cheap as the proved optimum.
#[test]
fn extraction_finds_the_optimum() {
    let (mut log, mut proved) = (0.0, 0);
    for (declared, text, by) in REAL {
        let inputs = parse_declarations(&Source::new("inputs", declared)).unwrap();
        let e = parse_infix(&Source::text_only(text), &inputs).unwrap().results[0].clone();
        let wrt: Vec<Expr> = by.iter().map(|&i| inputs[i].clone()).collect();
        let i = import(&inputs, &with_gradients(&e, &wrt)).unwrap();
        let found = saturated(&i.graph, &i.roots, &Options::default());
        let (problem, _) = found.egraph.problem().unwrap();
        let run = |name: &str| {
            let found = (by_name(name).unwrap().run)(&problem, None, &Budget::scaled(&problem));
            found.unwrap_or_else(|e| panic!("{name} of {text}: {e}"))
        };
        let default = run("default");
        assert!(default.cost.is_finite(), "{text}");
        // Larger ones take the exact search too long for a test.
        if found.egraph.nodes.len() > 320 {
            continue;
        }
        let exact = run("exact");
        if exact.optimal == Proof::Proved {
            proved += 1;
            log += (default.cost / exact.cost).ln();
        }
    }
    assert!(proved >= 12, "{proved}");
    let mean = (log / f64::from(proved)).exp();
    assert!(mean <= 1.002, "{mean} of {proved}");
}
