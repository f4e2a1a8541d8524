//! Cost against error: the frontier of forms, measured with many digits.

#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::accuracy::{Frontier, Samples, frontier};
use egrad::function::Function;
use egrad::graph::{Imported, import};
use egrad::optimize::{Options, optimize};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};

fn read(e: &Expr) -> Imported {
    import(&[], std::slice::from_ref(e)).unwrap()
}

fn of(e: &Expr) -> Frontier {
    let i = read(e);
    frontier(&i.graph, &i.roots, &Options::default()).unwrap()
}

#[test]
fn digits_cost_work() {
    let x = dscalar("x");
    let s = 1.0 / (1.0 + (-&x).exp());
    let found = of(&(&s * (1.0 - &s)));
    let best: Vec<_> = found.forms.iter().filter(|f| f.best).collect();
    assert!(best.len() >= 2, "{found:?}");
    // Cheapest first, and every step up in cost keeps more digits.
    for w in best.windows(2) {
        assert!(w[0].cost < w[1].cost && w[0].error.bits > w[1].error.bits);
    }
    let last = best.last().unwrap();
    assert!(last.error.worst <= 4.0, "{:?}", last.error);
    assert!(best[0].error.worst > 1e9, "{:?}", best[0].error);
    let optimized = found.forms.iter().find(|f| f.how == "optimized").unwrap();
    assert!(optimized.best && optimized.error.worst <= 4.0);
}

/// Far out the written form is infinity by infinity: no number, where the truth is nearly zero.
#[test]
fn forms_that_overflow_are_measured_where_they_do() {
    let x = dscalar("x");
    let e = (-&x).exp();
    let found = of(&(1.0 / (1.0 + &e) * &e / (1.0 + &e)));
    let form = |how: &str| found.forms.iter().find(|f| f.how == how).unwrap();
    assert!(form("as written").error.worst.is_infinite(), "{found:?}");
    assert!(form("optimized").best && form("optimized").error.worst <= 4.0, "{found:?}");
}

#[test]
fn arrays_are_measured_too() {
    let (a, v) = (dmatrix("A"), dvector("v"));
    let e = dot(&a, &v).exp().sum().log() + a.sum();
    let i = read(&e);
    let samples = Samples::of(&i.graph, &i.roots).unwrap();
    let raw = samples.error(&i.graph, &i.roots).unwrap();
    let best = optimize(&i.graph, &i.roots, &Options::default());
    let found = samples.error(&best.graph, &best.roots).unwrap();
    // The sum of exponentials overflows as it is written.
    assert!(raw.worst.is_infinite(), "{raw:?}");
    assert!(found.worst.is_finite() && found.bits < raw.bits, "{found:?} {raw:?}");
}

#[test]
fn the_same_in_every_run() {
    let x = dscalar("x");
    let (a, b) = (of(&((&x + 1.0).sqrt() - x.sqrt())), of(&((&x + 1.0).sqrt() - x.sqrt())));
    let text = |f: &Frontier| {
        f.forms.iter().map(|f| format!("{} {} {:?}", f.how, f.cost, f.error)).collect::<Vec<_>>()
    };
    assert_eq!(text(&a), text(&b));
}

#[test]
fn what_has_no_real_value_has_no_frontier() {
    let x = dscalar("x");
    let i = read(&((-x.sqr()) - 1.0).log());
    assert!(frontier(&i.graph, &i.roots, &Options::default()).is_none());
}

/// Gradients after optimization are no less accurate than as they were built, by more than a few units in the last place.
#[test]
fn optimized_gradients_lose_no_digits() {
    let texts = [
        "x * sigmoid(x)",
        "x / (1 + exp(-x))",
        "x * y * sigmoid(x) + y",
        "y * sigmoid(x) + (1 - sigmoid(x)) * tanh(y)",
        "x * tanh(x)",
        "x * tanh(softplus(x))",
        "log(1 + exp(x)) * y",
        "-y * log(sigmoid(x)) - (1 - y) * log(1 - sigmoid(x))",
        "x * sin(y) ** 2 + x * cos(y)",
        "sqrt(x ** 2 + y ** 2)",
        "lo = 1 / (1 + exp(3.14159 / y))\nhi = 1 / (1 + exp(-3.14159 / y))\n-y * log(1 / (x * (hi - lo) + lo) - 1)",
    ];
    let inputs = [dscalar("x"), dscalar("y")];
    let mut wrong = Vec::new();
    for text in texts {
        let cost = parse_infix(&Source::text_only(text), &inputs).unwrap().results[0].clone();
        let by: Vec<Expr> = inputs.iter().filter(|i| text.contains(i.name().unwrap())).cloned().collect();
        for (g, i) in grad(&cost, by.as_slice()).unwrap().iter().zip(&by) {
            let raw = read(g);
            let samples = Samples::of(&raw.graph, &raw.roots).unwrap();
            let best = optimize(&raw.graph, &raw.roots, &Options::default());
            let before = samples.error(&raw.graph, &raw.roots).unwrap();
            let after = samples.error(&best.graph, &best.roots).unwrap();
            if after.bits > before.bits + 0.5 || after.worst > 16.0 && after.worst > 4.0 * before.worst {
                let form = egrad::graph::export(&best.graph, &best.roots).unwrap();
                wrong.push(format!("{text} by {i:?}: {before:?} {after:?}\n{}\n{}", pp(g), pp(&form[0])));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the outputs of a program become, all of them together.
fn optimized(declared: &str, text: &str) -> Vec<String> {
    let inputs = parse_declarations(&Source::new("inputs", declared)).unwrap();
    let outputs = parse_infix(&Source::text_only(text), &inputs).unwrap().results;
    Function::new(&inputs, &outputs).unwrap().outputs().iter().map(pp).collect()
}

/// With the sums at hand, `sum(sqr(x)) - sqr(sum(x)) / n` is the cheapest form of a variance, and has no digit left where
/// the mean is large.
#[test]
fn variances_stay_sums_of_squares() {
    for mean in ["mean(x)", "sum(x) / x.shape[0]", "y"] {
        let found = optimized("x: f64[n]; y: f64", &format!("[sum((x - {mean})**2), y + sum(x), dot(x, x)]"));
        assert!(found[0].starts_with("sum(sqr((x - "), "{found:?}");
    }
    let x = dvector("x");
    let f = Function::new(std::slice::from_ref(&x), &[(&x - x.mean()).sqr().sum(), x.sum(), dot(&x, &x)]);
    let x = ndarray::arr1(&[1e8 + 1.0, 1e8 + 2.0, 1e8 + 3.0]).into_dyn();
    assert_eq!(f.unwrap().call(&[x.view()]).unwrap()[0][[]], 2.0);
}

/// One part that may not be split does not keep the others from their best form.
#[test]
fn what_must_stay_whole_leaves_the_rest_alone() {
    let found = optimized("x: f64[n]; y, z, w: f64", "[sum(x - y), y*z + y*w + exp(log(z))]");
    assert_eq!(found, ["sum((x - y))", "(((w + z) * y) + z)"]);
}
