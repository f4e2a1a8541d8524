//! Gradients of common losses saturate: no rule makes e-nodes without end.

#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::graph::import;
use egrad::optimize::{Options, optimize};
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};

/// Declarations, a program, and more e-nodes than its windows need. Before left sides of rules left the e-graph, all of
/// these met the limit of 2,000 e-nodes or of 24 iterations.
const LOSSES: &[(&str, &str, usize)] = &[
    (
        "X, T: f64[n, d]; g, b: f64[d]",
        "m = X - mean(X, axis=1, keepdims=True)\n\
         s = sqrt(mean(m ** 2, axis=1, keepdims=True) + 0.00001)\n\
         grad(mean((m / s * g + b - T) ** 2), [X, g, b])",
        1_500,
    ),
    (
        "X: f64[6, 2]; W: f64[2, 5]; b, w: f64[5]; y: f64[6]",
        "grad(mean((tanh(X @ W + b) @ w - y) ** 2), [W, b, w])",
        700,
    ),
    (
        "X: f64[n, d]; W: f64[d, h]; b, w: f64[h]; y: f64[n]",
        "grad(mean((tanh(X @ W + b) @ w - y) ** 2), [W, b, w])",
        700,
    ),
    (
        "X: f64[n, d]; W: f64[d, h]; b, w: f64[h]; y: f64[n]",
        "grad(mean((maximum(X @ W + b, 0) @ w - y) ** 2), [W, b, w])",
        700,
    ),
    (
        "X: f64[6, 2]; W: f64[2, 3]; Y: f64[6, 3]",
        "Z = X @ W\n\
         E = exp(Z - max(Z, axis=1, keepdims=True))\n\
         grad(-mean(sum(Y * log(E / sum(E, axis=1, keepdims=True)), axis=1)), W)",
        600,
    ),
    (
        // A number is the common factor of `(1 - b) / 2` and itself.
        "F, K, a, b: f64",
        "f = (F * K) ** ((1 - b) / 2)\n\
         grad(a / (f * (1 + (1 - b) ** 2 / 24 * a ** 2 / f ** 2 + b * a / (4 * f))), [F, K, a, b])",
        1_100,
    ),
];

#[test]
fn losses_saturate() {
    for (declared, text, most) in LOSSES {
        let inputs = parse_declarations(&Source::new("inputs", declared)).unwrap();
        let outputs = parse_infix(&Source::text_only(text), &inputs).unwrap().results;
        let imported = import(&inputs, &outputs).unwrap();
        let report = optimize(&imported.graph, &imported.roots, &Options::default()).report;
        assert!(report.stops.iter().all(|s| s.reason == "saturated"), "{text}\n{:?}", report.stops);
        assert!(report.enodes < *most, "{text}\n{} e-nodes", report.enodes);
    }
}
