//! Random programs over every kind of operator: softmaxes, joins, slices, indexes that are computed, running sums,
//! sorting, linear algebra, several element types. Raw, optimized and reference agree on values, gradients,
//! Jacobians and products with Hessians; and so do forward and reverse mode.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/rng.rs"]
mod rng;
#[path = "common/values.rs"]
mod values;

use egrad::eval::reference;
use egrad::expr::computed_ahead;
use egrad::function::{Array, ArrayRef, Function, OnUnused};
use egrad::grad::{hessian_vector_product, jacobian, pullback, pushforward};
use egrad::graph::import;
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{parse_declarations, parse_infix};
use ndarray::{ArrayD, IxDyn};
use rng::Rng;
use values::{floats, lengths};

const INPUTS: &str = "
s: f64; v, u, tv: f64[n]; w: f64[m]; M: f64[m, n]; A: f64[n, n]; f: f32[n]; k: f32; i, j: i64; iv: i64[p]; q: i32[n]
";

/// What a step may be; `a`, `b` stand for what came before, `K` for an axis.
const STEPS: &[&str] = &[
    "tanh(a)",
    "sigmoid(a)",
    "softplus(a)",
    "sin(a) * b",
    "cos(a)",
    "exp(tanh(a))",
    "sqr(a) - b",
    "log1p(sqr(a))",
    "sqrt(1 + sqr(a))",
    "erf(a)",
    "arctan(a)",
    "-a",
    "a + b",
    "a - b",
    "a * b",
    "a * b",
    "a / (1 + sqr(b))",
    "maximum(a, b)",
    "where(a > b, a, b * 2)",
    "a ** 2",
    "2 ** tanh(a)",
    "clip(a, -1, 1)",
    "xlogy(sqr(a), 1 + sqr(b))",
    "gammaln(2 + sqr(tanh(a)))",
    "sum(a, axis=K)",
    "mean(a, axis=K, keepdims=True)",
    "max(a, axis=K)",
    "min(a, axis=K)",
    "prod(tanh(a), axis=K)",
    "logsumexp(a, axis=K)",
    "var(a, axis=K)",
    "a - mean(a, axis=K, keepdims=True)",
    "softmax(a, axis=K)",
    "log_softmax(a, axis=K)",
    "softmax(a) * b",
    "exp(a - max(a)) / sum(exp(a - max(a)))",
    "dot(a, b)",
    "a @ b",
    "M @ a",
    "a @ A",
    "outer(a, b)",
    "tensordot(a, b, 1)",
    "a.T",
    "a.flatten()",
    "a.reshape((-1, 1))",
    "a[::-1]",
    "a[1:]",
    "a[:-1]",
    "a[i:]",
    "a[:j]",
    "a[i:j]",
    "pick(a, argmax(b, axis=1))",
    "a[arange(a.shape[0]), argmax(M, axis=1)]",
    "log_softmax(a)[arange(a.shape[0]), argmin(b, axis=1)]",
    "inc_subtensor(a[arange(a.shape[0]), argmax(b, axis=1)], b[:, 0])",
    "a[::-1][:j] * 2",
    "a[iv]",
    "a[i]",
    "a[0]",
    "a[:, 0]",
    "a[:, i:]",
    "a[iv, iv]",
    "a[iv, i]",
    "a[:, iv]",
    "concatenate([a, b])",
    "concatenate([a, b], axis=1)",
    "stack([a, b])",
    "stack([a, b], axis=1)",
    "split(concatenate([v, a]), (2, 2))[1]",
    "set_subtensor(a[i:], b[0])",
    "set_subtensor(a[iv], 2)",
    "inc_subtensor(a[iv], 2 * b[iv])",
    "inc_subtensor(a[1:], b[1:])",
    "set_subtensor(a[0], tanh(b))",
    "cumsum(a, axis=K)",
    "cumprod(tanh(a), axis=0)",
    "sort(a, axis=K)",
    "a[argsort(v)]",
    "solve(A + 5 * eye(3), a)",
    "matrix_inverse(5 * eye(3) + tanh(a))",
    "det(tanh(a) + eye(3))",
    "logdet(5 * eye(3) + tanh(a))",
    "trace(a)",
    "diag(a)",
    "diagonal(a)",
    "tril(a)",
    "triu(a, 1)",
    "cholesky(dot(tanh(A), tanh(A).T) + 2 * eye(3)) @ a",
    "float64(float32(a)) * b",
    "float64(f * k) + a",
    "floor(3 * v) * a",
    "i * a",
    "a * q",
    "q % 2 * a + j",
    "tile(a, 2)",
    "repeat(a, 2)",
    "a[None]",
    "a[:, None]",
    "zeros_like(a) + b",
    "einsum('i,j->ij', a, b)",
    "einsum('ij,ij->j', a, b)",
    "argmax(a) * b",
    "arange(j) * s",
    "sum(a > 0) * b",
    "xlogy(i, 2 + tanh(a))",
    "grad(sum(tanh(a)), v)",
    "a[a > 0]",
    "sum(a[b > 0]) * b",
    "a[a > 0] * 2 + sum(b)",
    "set_subtensor(a[a > 0], 0.5)",
    "set_subtensor(a[b > 0], tanh(b[b > 0]))",
    "inc_subtensor(a[b > 0], 2)",
    "a[nonzero(b > 0)]",
    "a[argmax(b):]",
    "a[::j]",
    "a[::-j]",
    "a[i::-i]",
    "tile(a, j)",
    "repeat(a, j, axis=0)",
    "repeat(a, q % 3)",
    "a[iv, :, iv]",
    "a[0, :, iv]",
    "a[[0, 1]]",
    "set_subtensor(a[iv, :, 0], 0.5)",
    "batched_dot(a, b)",
    "cumprod(a)",
];

/// A program: lines, the last of which is the result.
fn program(rng: &mut Rng, inputs: &[Expr]) -> (String, Expr) {
    let names = ["s", "v", "u", "w", "M", "A"];
    let mut pool: Vec<String> = names.iter().map(ToString::to_string).collect();
    let (mut text, mut last) = (String::new(), None);
    let steps = 2 + rng.below(6);
    for _ in 0..200 {
        if pool.len() >= names.len() + steps {
            break;
        }
        let pick = |rng: &mut Rng, pool: &[String]| {
            let recent = pool.len() - 1 - rng.below(3.min(pool.len()));
            pool[if rng.below(2) == 0 { recent } else { rng.below(pool.len()) }].clone()
        };
        let (a, b, axis) = (pick(rng, &pool), pick(rng, &pool), rng.below(3).to_string());
        let step = STEPS[rng.below(STEPS.len())];
        // The letters stand alone.
        let mut line = String::new();
        let letters: Vec<char> = step.chars().collect();
        for (at, c) in letters.iter().enumerate() {
            let alone =
                |at: Option<&char>| !at.is_some_and(|c| c.is_alphanumeric() || *c == '_' || *c == '\'');
            let single =
                alone(at.checked_sub(1).and_then(|at| letters.get(at))) && alone(letters.get(at + 1));
            match c {
                'a' if single => line.push_str(&a),
                'b' if single => line.push_str(&b),
                'K' if single => line.push_str(&axis),
                c => line.push(*c),
            }
        }
        let name = format!("t{}", pool.len() - names.len());
        let more = format!("{text}{name} = {line}\n");
        let Ok(p) = parse_infix(&Source::text_only(&format!("{more}{name}")), inputs) else { continue };
        let e = p.results[0].clone();
        if e.rank() > 3 || !e.ty().dtype.is_float() || egrad::pp::tree_length(&e) > 20_000 {
            continue;
        }
        (text, last) = (more, Some(e));
        pool.push(name);
    }
    let e = last.unwrap();
    (text, e)
}

/// Values that suit the inputs.
fn value(e: &Expr, rng: &mut Rng) -> Array {
    let lens = lengths(e);
    let floats = floats(&lens, rng);
    let shape = IxDyn(&lens);
    match (e.ty().dtype, e.name().unwrap()) {
        (_, "i") => Array::from(ArrayD::from_elem(shape, 1i64)),
        (_, "j") => Array::from(ArrayD::from_elem(shape, 2i64)),
        (_, "iv") => Array::from(ArrayD::from_shape_vec(shape, vec![1i64, 0]).unwrap()),
        (_, "q") => Array::from(ArrayD::from_shape_vec(shape, vec![2i32, -3, 1]).unwrap()),
        (DType::F32, _) => {
            Array::from(ArrayD::from_shape_vec(shape, floats.iter().map(|x| *x as f32).collect()).unwrap())
        }
        _ => Array::from(ArrayD::from_shape_vec(shape, floats).unwrap()),
    }
}

/// What is compared of a program: its value, and derivatives in several ways.
struct Outputs {
    list: Vec<(&'static str, Expr)>,
    /// Pairs that are equal by mathematics.
    equal: Vec<(usize, usize)>,
}

fn outputs(e: &Expr, inputs: &[Expr]) -> Option<Outputs> {
    let input = |name: &str| inputs.iter().find(|i| i.name() == Some(name)).unwrap().clone();
    let (v, m, a, t) = (input("v"), input("M"), input("A"), input("tv"));
    let used = egrad::expr::variables(std::slice::from_ref(e));
    let wrt: Vec<Expr> =
        [v.clone(), m, a].into_iter().filter(|x| used.iter().any(|u| u.name() == x.name())).collect();
    let cost = e.tanh().sum();
    let mut list = vec![("value", e.clone())];
    let by = wrt.first()?.clone();
    let options = egrad::grad::GradOptions {
        disconnected: egrad::grad::Disconnected::Zero,
        ..egrad::grad::GradOptions::default()
    };
    let found = egrad::grad::gradients(Some(&cost), &wrt, &options).ok()?.into_exprs().ok()?;
    list.extend(found.iter().map(|g| ("gradient", g.clone())));
    let mut equal = Vec::new();
    if by.name() != Some("v") || found[0].ty().dtype != DType::F64 {
        return Some(Outputs { list, equal });
    }
    // The Jacobian times a tangent is forward mode.
    let flat = e.flatten();
    if let (Ok(j), Ok(f)) = (
        jacobian(&flat, &v),
        pushforward(std::slice::from_ref(&flat), std::slice::from_ref(&v), std::slice::from_ref(&t)),
    ) {
        let times = egrad::expr::dot(&j, &t);
        equal.push((list.len() + 1, list.len() + 2));
        list.extend([("jacobian", j), ("jacobian times tangent", times), ("forward", f[0].clone())]);
        let ones = flat.ones_like();
        let back =
            pullback(std::slice::from_ref(&flat), std::slice::from_ref(&v), std::slice::from_ref(&ones))
                .ok()?;
        equal.push((list.len(), list.len() + 1));
        list.extend([
            ("reverse", back[0].clone()),
            ("ones times jacobian", egrad::expr::dot(&ones, &list[list.len() - 3].1.clone())),
        ]);
    }
    // The product with the Hessian, by reverse mode twice and by forward mode of the gradient.
    if let (Ok(h), Ok(f)) = (
        hessian_vector_product(&cost, std::slice::from_ref(&v), std::slice::from_ref(&t)),
        pushforward(&found[..1], std::slice::from_ref(&v), std::slice::from_ref(&t)),
    ) {
        equal.push((list.len(), list.len() + 1));
        list.extend([("hessian times tangent", h[0].clone()), ("forward of the gradient", f[0].clone())]);
    }
    Some(Outputs { list, equal })
}

fn furthest(a: &Array, b: &Array) -> f64 {
    let (x, y) = (a.to_f64(), b.to_f64());
    assert_eq!(x.shape(), y.shape());
    // NaN is no number, however it came about.
    x.iter().zip(&y).map(|(x, y)| if x.is_nan() || x == y { 0.0 } else { (x - y).abs() }).fold(0.0, f64::max)
}

#[test]
fn raw_optimized_reference_forward_and_reverse_agree() {
    let declared = parse_declarations(&Source::text_only(INPUTS)).unwrap();
    let asked = std::env::var("RANDOM_SEEDS").ok();
    let pair = asked.as_deref().and_then(|t| t.split_once(','));
    let (first, count) = pair.map_or((0, 150), |(a, n)| (a.parse().unwrap(), n.parse().unwrap()));
    let (mut compared, mut twice, mut wild, mut wrong) = (0usize, 0usize, 0usize, Vec::new());
    for seed in first..first + count {
        let mut rng = Rng(u64::wrapping_mul(seed + 1, 0x9E37_79B9_7F4A_7C15));
        let (text, e) = program(&mut rng, &declared);
        let Some(found) = outputs(&e, &declared) else { continue };
        let list: Vec<Expr> = found.list.iter().map(|(_, e)| e.clone()).collect();
        let inputs: Vec<Expr> = declared.clone();
        // The reference is given what lengths follow from.
        let (more, first): (Vec<Expr>, Vec<Expr>) = computed_ahead(&inputs, &list).into_iter().unzip();
        let all: Vec<Expr> = inputs.iter().chain(&more).cloned().collect();
        let Ok(plain) = import(&all, &list) else { continue };
        let first = Function::builder().unused(OnUnused::Ignore).raw().build(&inputs, &first).unwrap();
        let builder = || Function::builder().unused(OnUnused::Ignore);
        let raw = builder().raw().build(&inputs, &list).unwrap();
        let fast = builder().build(&inputs, &list).unwrap();
        for _ in 0..2 {
            let values: Vec<Array> = inputs.iter().map(|i| value(i, &mut rng)).collect();
            let views: Vec<ArrayRef<'_>> = values.iter().map(Array::view).collect();
            // Shapes may turn out not to fit.
            let Ok(a) = raw.call_arrays(&views) else { break };
            let b = match fast.call_arrays(&views) {
                Ok(b) => b,
                Err(e) => {
                    wrong.push(format!("seed {seed}: optimized fails: {e}\n{text}"));
                    break;
                }
            };
            let told = first.call_arrays(&views).unwrap();
            let all: Vec<ArrayRef<'_>> = values.iter().chain(&told).map(Array::view).collect();
            let c = reference::evaluate_arrays(&plain.graph, &plain.roots, &all).unwrap();
            let single = text.contains("float32") || text.contains("f *");
            let size = a.iter().flat_map(|x| x.view().floats().collect::<Vec<_>>()).map(f64::abs);
            let largest = size.fold(1.0, f64::max);
            if !largest.is_finite() || largest > 1e4 {
                wild += 1;
                continue;
            }
            let tolerance = largest * if single { 3e-4 } else { 1e-8 };
            for (k, (name, _)) in found.list.iter().enumerate() {
                for (which, other, tolerance) in
                    [("optimized", &b[k], tolerance), ("reference", &c[k], tolerance.min(1e-6 * largest))]
                {
                    if furthest(&a[k], other) > tolerance {
                        wrong.push(format!(
                            "seed {seed}: {name}: as written {:?}, {which} {other:?}\n{text}",
                            a[k]
                        ));
                    }
                }
            }
            for (p, q) in &found.equal {
                twice += 1;
                if furthest(&a[*p], &a[*q]) > tolerance {
                    let (x, y) = (found.list[*p].0, found.list[*q].0);
                    wrong.push(format!("seed {seed}: {x} {:?}, {y} {:?}\n{text}", a[*p], a[*q]));
                }
            }
            compared += found.list.len();
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong[..wrong.len().min(8)].join("\n"));
    assert!(asked.is_some() || compared > 500 && twice > 100 && wild < 60, "{compared} {twice} {wild}");
}
