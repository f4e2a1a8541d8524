//! The common dialect: only words that many programs know, and the same values.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use egrad::expr::{Expr, topological};
use egrad::function::Function;
use egrad::op::Op;
use egrad::sexp::Source;
use egrad::text::{Dialect, parse_declarations, parse_infix, parse_sexp, sexp_program};
use ndarray::{ArrayD, IxDyn};

const INPUTS: &str = "
x, y: f64; v, w: f64[3]; p: f64[5]; e: f64[0]; M, N: f64[2, 3]; A: f64[3, 3]; K: f64[20, 4]; T, U: f64[2, 3, 3]
i: i64; iv: i64[4]; b: bool[3]; g: f64[11]
";

/// The words of the common dialect.
const WORDS: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "**",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "neg",
    "exp",
    "log",
    "log1p",
    "expm1",
    "sqrt",
    "sqr",
    "abs",
    "sign",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "sigmoid",
    "softplus",
    "erf",
    "erfc",
    "gammaln",
    "digamma",
    "relu",
    "floor",
    "ceil",
    "inv",
    "det",
    "logdet",
    "cholesky",
    "trace",
    "diag",
    "solve",
    "atan2",
    "maximum",
    "minimum",
    "sum",
    "prod",
    "max",
    "min",
    "and",
    "or",
    "where",
    "clip",
    "softmax",
    "logsumexp",
    "dot",
    "transpose",
    "reshape",
    "concatenate",
    "fill",
    "index",
    "let",
];

/// Texts that use every operator.
const TEXTS: &[&str] = &[
    "v + w - v * w / (v ** 2) - 3",
    "v % 0.7 + w // 0.3 - x % y",
    "xlogy(v, w ** 2) + xlogy(0 * v, w)",
    "xlog1py(v, w ** 2)",
    "-abs(v) + sign(w) + sqr(v) + sqrt(abs(w))",
    "reciprocal(M)",
    "exp(v) + exp2(v)",
    "log(abs(v)) + log2(abs(v)) + log10(abs(v)) + log1p(abs(v)) + expm1(v)",
    "log1mexp(-abs(p))",
    "log1mexp(-abs(p) / 1000)",
    "sin(v) + cos(v) + tan(v) + arctan(v)",
    "arcsin(v / 9) + arccos(v / 9) + arctanh(v / 9)",
    "arcsinh(v) + arccosh(1 + abs(v))",
    "deg2rad(v) + rad2deg(w)",
    "sinh(v) + cosh(v) + tanh(v) + sigmoid(v) + softplus(v)",
    "erf(v) + erfc(v) + erfcx(v)",
    "erfcx(20 + abs(v))",
    "erfcx(-v)",
    "erfinv(v / 9)",
    "erfinv([-1.0, 1, 0.999, 1e-9, 2])",
    "erfcinv(abs(v) / 9)",
    "erfcinv([0.0, 2.0, 1e-12, 1.5])",
    "gamma(v) + gammaln(v) + digamma(v)",
    "gamma(-abs(p))",
    "tri_gamma(v)",
    "tri_gamma(-abs(p) - 60)",
    "polygamma(2, v) + polygamma(5, v)",
    "relu(v) + softsign(v) + floor(v) - ceil(w)",
    "round(p) + round_half_away_from_zero(p) + trunc(p)",
    "round([0.5, 1.5, 2.5, -0.5, -1.5])",
    "round_half_away_from_zero([0.5, 1.5, -0.5, -1.5])",
    "arctan2(v, w)",
    "maximum(v, w) + minimum(v, x) + clip(v, -1, 1)",
    "mul_add(v, w, x)",
    "(v < w) + (v <= w) * 2.0 + (v > w) * 4.0 + (v >= w) * 8.0 + eq(v, w) * 16.0 + neq(v, w) * 32.0",
    "and_(v > 0, w > 0) * 1.0 + or_(v > 0, w > 0) * 2.0 + xor(v > 0, w > 0) * 4.0 + invert(v > 0) * 8.0",
    "invert(i) + 0.0",
    "isnan(log(v)) + 2.0 * isinf(1 / (v - v))",
    "where(v > 0, v, w)",
    "where(b, v, w)",
    "cast(v > 0, dtype=float64) + cast(i, dtype=float64)",
    "sum(M, axis=0) + prod(M, axis=0) + max(M, axis=0) - min(M, axis=0)",
    "prod(M[:, :0], axis=1)",
    "any(M > 1, axis=1) * 1.0 + all(M > 1, axis=1) * 2.0",
    "any(e) + all(e) * 2.0",
    "argmax(M) + argmin(T) * 100.0 + 0.0",
    "argmax(T, axis=(0, 2)) + argmin(M, axis=0)",
    "logsumexp(M, axis=1, keepdims=True) + softmax(M, axis=1) + log_softmax(M, axis=0)",
    "dot(A, v) + dot(v, A) + dot(v, w)",
    "matmul(T, U)",
    "transpose(T, axes=(1, 0, 2))",
    "M[:, None, 1]",
    "grad(prod(M, axis=0)[1] + prod(M), M)",
    "grad(prod(0 * v), v)",
    "reshape(M, (3, 2))",
    "M.shape * 2.0",
    "grad(sum(sqr(reshape(M, (6,)))), M)",
    "M.T[1]",
    "tile(v, 2) + repeat(v, 2)",
    "alloc(x, 2, 7)",
    "alloc(v, 4, 3)",
    "zeros((100, 2)) + x",
    "alloc(x, 23, 4)[20]",
    "arange(20)[3] + arange(2, 9, 2)",
    "eye(3) + x",
    "arange(300)[299]",
    "K[::3, 1].shape[0] + v.shape[0]",
    "inc_subtensor(v[1:], x)",
    "set_subtensor(v[0], x)",
    "inc_subtensor(g[1:9:3], v)",
    "inc_subtensor(g[9:1:-3], v)",
    "set_subtensor(g[::-2], x)",
    "set_subtensor(M[1], v)",
    "inc_subtensor(T[:, ::-1, 1], M)",
    "set_subtensor(T[1, 0], v)",
    "inc_subtensor(M[:, 0:0], x)",
    "inc_subtensor(M[None, 1:], x)",
    "inc_subtensor(M[-1, -1], x)",
    "grad(sum(K[3:12:4] ** 2) + K[0, 0], K)",
    "concatenate([v, w, v ** 2], axis=0)",
    "grad(sum(concatenate([v, w]) ** 3), v)",
    "stack([x, y])",
    "segment(g, v, w, axis=0)",
    "inc_segment(g, v, w, axis=0)",
    "det(A) + logdet(A) + trace(A)",
    "inv(A) + solve(A, A.T) + tril(A) + triu(A)",
    "cholesky(dot(A, A.T) + 9 * eye(3))",
    "diagonal(A) + diagonal(M.T)[0]",
    "diag(v)",
    "fill_diagonal(A, x) + fill_diagonal(A, v)",
    "fill_diagonal(M, x)",
    "fill_diagonal(M, v[:2])",
    "fill_diagonal(M.T, v[:2])",
    "cumsum(M, axis=0)",
    "cumprod(T, axis=1)",
    "grad(sum(cumprod(v)), v)",
    "sort(v) + argsort(v)",
    "sort(M, axis=0) + sort([3, 1, 2, 1])[1]",
    "argsort(iv) * 2.0",
    "sort(T, axis=1) + sort(T)",
    "sort_by(v, w) + sort_back(v, w)",
    "grad(sum(sort(v) * w), v)",
    "grad(sum(sqr(grad(sum(sort(M) ** 3), M))), M)",
    "eye(2, 3) + eye(2, 3, 1) * 2.0 + eye(2, 3, -1) * 3.0",
    "real(v)",
    "grad(sum(softmax(M, axis=0) ** 2), M)",
    "grad(sum(grad(sum(softmax(M) ** 2), M) * N), M)",
    "split_part(g, v, p, v, axis=0, part=1)",
    "take(g, iv)",
    "K[iv, i] + K[iv, 1]",
    "K[iv, iv * iv - iv]",
    "set_subtensor(g[i], x) + set_subtensor(K[i, 2], x)[0, 2]",
    "inc_subtensor(K[iv, i], x) + inc_subtensor(K[i], x)",
    "take(K, iv, axis=1)",
    "grad(sum(take(M.T, iv - iv, axis=0) ** 2), M)",
    "take(T, i, axis=2)",
    "grad(sum(take(K, iv, axis=0) ** 2), K)",
    "pick(M, iv[:2])",
    "K[arange(2), iv[:2]] + K[arange(K.shape[0]), argmax(K, axis=1)][:2]",
    "inc_pick(M, iv[:2], v[:2])",
    "grad(sum(pick(M, iv[:2]) ** 2), M)",
    "fill(v, x) + zeros_like(v)",
    "recurrence(v, w)",
    "recurrence(M, 2 * M, axis=1)",
    "zero_grad(x) + disconnected_grad(x) + undefined_grad(x) + grad_clip(x, 0, 1) + grad_scale(x, 2)",
];

/// Numbers of both signs, none near an integer or equal to another.
fn value(of: &Expr, salt: usize) -> ArrayD<f64> {
    let dims = of.ty().shape.as_known().unwrap();
    let n: usize = dims.iter().product();
    let at = |k: usize| ((k * 37 + salt * 11) % 101) as f64;
    let data = (0..n).map(|k| {
        if of.ty().dtype.is_float() {
            at(k) * 0.0317 - 1.4 + 0.001
        } else if of.rank() == 1 && of.name() == Some("b") {
            f64::from(u8::from(k % 2 == 0))
        } else {
            [2.0, -1.0, 0.0, 2.0][k % 4]
        }
    });
    ArrayD::from_shape_vec(IxDyn(&dims), data.collect()).unwrap()
}

fn evaluate(e: &Expr, inputs: &[Expr]) -> ArrayD<f64> {
    let used = egrad::expr::variables(std::slice::from_ref(e));
    let named: Vec<(String, ArrayD<f64>)> = inputs
        .iter()
        .enumerate()
        .filter(|(_, i)| used.iter().any(|u| u.name() == i.name()))
        .map(|(k, i)| (i.name().unwrap().to_string(), value(i, k)))
        .collect();
    let f = Function::compile(&used, std::slice::from_ref(e)).unwrap();
    let views: Vec<_> = named.iter().map(|(n, a)| (n.as_str(), a.view())).collect();
    f.call_named(&views).unwrap().remove(0)
}

/// The words that stand first in a form, but names of `let` and items of an index.
fn heads(text: &str) -> Vec<&str> {
    let after =
        text.split('(').skip(1).map(|t| t.split(|c: char| c.is_whitespace() || c == ')').next().unwrap());
    after.filter(|w| !w.is_empty() && !["slice", "shape"].contains(w)).collect()
}

#[test]
fn every_operator_is_spelled_in_common_words() {
    let inputs = parse_declarations(&Source::text_only(INPUTS)).unwrap();
    let mut used: Vec<Op> = Vec::new();
    let mut wrong = Vec::new();
    for text in TEXTS {
        let e = match parse_infix(&Source::text_only(text), &inputs) {
            Ok(p) => p.results[0].clone(),
            Err(e) => panic!("{}", e.report()),
        };
        used.extend(topological(std::slice::from_ref(&e)).iter().filter_map(Expr::op));
        let common = sexp_program(std::slice::from_ref(&e), Dialect::Common);
        let lets: Vec<&str> = common.split("(let ((").skip(1).flat_map(|t| t.split(' ').next()).collect();
        for w in heads(&common) {
            let named = w.starts_with('t') && w[1..].bytes().all(|b| b.is_ascii_digit());
            let number = w.bytes().all(|b| b.is_ascii_digit());
            if !WORDS.contains(&w) && !lets.contains(&w) && !named && !number && !w.is_empty() {
                wrong.push(format!("{text}: `{w}` in {common}"));
            }
        }
        let back = match parse_sexp(&Source::text_only(&common), &inputs) {
            Ok(p) => p.results[0].clone(),
            Err(err) => {
                wrong.push(format!("{text}: {common}\n{}", err.report()));
                continue;
            }
        };
        let (own, other) = (evaluate(&e, &inputs), evaluate(&back, &inputs));
        let same = own.shape() == other.shape()
            && own.iter().zip(&other).all(|(a, b)| {
                a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-12 * a.abs().max(1e-3)
            });
        if !same {
            wrong.push(format!("{text}\n  {own}\n  {other}\n  {common}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Few words say a length that only values tell.
    used.push(Op::Nonzero);
    let without: Vec<&str> = Op::ALL.iter().filter(|op| !used.contains(op)).map(|op| op.def().name).collect();
    assert!(without.is_empty(), "no text uses {without:?}");
}
