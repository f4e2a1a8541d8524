//! Singles: every kernel against doubles, the same bits at every width, programs against the
//! reference.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cast_possible_truncation, reason = "rounding to singles is what is tested")]

mod support;

use egrad::eval::{Array, ArrayRef};
use egrad::expr::Expr;
use egrad::function::Function;
use egrad::math::{Width, use_width};
use egrad::op::{Kernel, Op};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{Program, parse_infix};
use support::{Rng, array};

/// Representations far apart and side by side, and the special numbers.
fn samples() -> Vec<f32> {
    let special = [
        0.0f32,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        2.0,
        f32::MIN_POSITIVE,
        1e-45,
        -1e-45,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::EPSILON,
        88.72,
        88.73,
        89.4,
        -87.34,
        -103.9,
        -104.1,
        9.01,
        10.05,
    ];
    let dense = (0..=u32::MAX).step_by(9973).map(f32::from_bits);
    let small = (0..40_000).map(|i| f32::from_bits(0x3f00_0000 + i * 997));
    special.into_iter().chain(dense).chain(small.clone()).chain(small.map(|x| -x)).collect()
}

/// How many units in the last place of a single a value is off.
fn ulps(got: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if got.to_bits() == nearest.to_bits() || got.is_nan() && exact.is_nan() {
        return 0.0;
    }
    if !got.is_finite() || exact.is_nan() {
        // The nearest to what is just past the largest number is infinite.
        return if nearest.is_finite() { f64::INFINITY } else { 0.0 };
    }
    let size = exact.abs().clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX));
    let unit = f64::exp2(size.log2().floor() - 23.0);
    if got == 0.0 && exact == 0.0 { f64::INFINITY } else { (f64::from(got) - exact).abs() / unit }
}

/// Below 2 units in the last place; all others below 1.
const TWO: &[&str] = &["cosh", "sinh", "softplus", "sigmoid", "erfc", "tan"];

#[test]
fn every_function_is_within_its_bound() {
    let xs = samples();
    let mut out = vec![0.0f32; xs.len()];
    let mut table = Vec::new();
    for op in Op::ALL {
        let Kernel::Map1(k) = op.def().kernel else { continue };
        (k.single)(&xs, &mut out);
        let worst = xs
            .iter()
            .zip(&out)
            .map(|(&x, &y)| (ulps(y, (k.scalar)(f64::from(x))), x, y))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap();
        let bound = if TWO.contains(&op.def().name) { 2.0 } else { 1.0 };
        table.push((op.def().name, bound, worst));
    }
    let wrong: Vec<_> = table.iter().filter(|(_, bound, (off, ..))| off > bound).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Where they are least exact, at more points than the others.
#[test]
fn some_are_within_their_bound_everywhere() {
    for (name, bound) in [("erfc", 2.0), ("tanh", 1.0)] {
        let Kernel::Map1(k) = Op::by_name(name).unwrap().def().kernel else { unreachable!() };
        let xs: Vec<f32> = (0x3f00_0000..0x4128_0000).step_by(23).map(f32::from_bits).collect();
        let mut out = vec![0.0f32; xs.len()];
        (k.single)(&xs, &mut out);
        for (&x, &got) in xs.iter().zip(&out) {
            let off = ulps(got, (k.scalar)(x.into()));
            assert!(off <= bound, "{name}({x}) = {got}: {off} ulp");
        }
    }
}

#[test]
fn powers_are_within_their_bound() {
    let Kernel::Map2(k) = Op::by_name("**").unwrap().def().kernel else { unreachable!() };
    let mut rng = Rng::new(3);
    let xs: Vec<f32> = (0..60_000).map(|_| libm::exp(rng.between(-60.0, 60.0)) as f32).collect();
    let close = (0..60_000).map(|_| rng.between(0.3, 3.0) as f32);
    let xs: Vec<f32> = xs.into_iter().chain(close).chain(samples().into_iter().step_by(11)).collect();
    // Results of all sizes.
    let exponent = |x: f32, rng: &mut Rng| rng.between(-88.0, 88.0) / libm::log(x.into()).abs().max(0.2);
    let mut ys: Vec<f32> = xs.iter().map(|&x| exponent(x, &mut rng) as f32).collect();
    ys.iter_mut().step_by(5).for_each(|y| *y = y.round());
    let mut out = vec![0.0f32; xs.len()];
    (k.single)(&xs, &ys, &mut out);
    for ((&x, &y), &got) in xs.iter().zip(&ys).zip(&out) {
        let off = ulps(got, (k.scalar)(x.into(), y.into()));
        assert!(off <= 1.0, "{x} ** {y} = {got}: {off} ulp");
    }
}

#[test]
fn every_width_gives_the_same_bits() {
    let xs = samples();
    let mut turned = xs.clone();
    turned.rotate_left(12345);
    let mut results: Vec<Vec<u32>> = Vec::new();
    for _width in Width::ALL.into_iter().filter(|w| use_width(*w)) {
        let mut all = Vec::new();
        let mut out = vec![0.0f32; xs.len()];
        for op in Op::ALL {
            match op.def().kernel {
                Kernel::Map1(k) => (k.single)(&xs, &mut out),
                Kernel::Map2(k) if op.def().cost < 100.0 => (k.single)(&xs, &turned, &mut out),
                Kernel::Map3(k) => (k.single)(&xs, &turned, &xs, &mut out),
                Kernel::Reduce { single, .. } => out.fill(single(&xs[30..1030])),
                _ => continue,
            }
            // NaNs have many representations.
            all.extend(out.iter().step_by(7).map(|x| if x.is_nan() { 1 } else { x.to_bits() }));
        }
        results.push(all);
    }
    assert!(results.windows(2).all(|w| w[0] == w[1]));
}

/// Programs over vectors, matrices and numbers of one element type, written `FLOAT`.
const PROGRAMS: &[&str] = &[
    "x: FLOAT[n]\ngrad(sum(1 / (1 + exp(-x))), [x])",
    "x: FLOAT[n]\nsum(x ** 2), x / 3, x > 0",
    "x: FLOAT[n]\ngrad(sum(0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))), [x])",
    "x, y: FLOAT[n]\ngrad(sum(where(x > y, erf(x) * y, log(1 + exp(y)))), [x, y])",
    "A: FLOAT[m, n]\nx: FLOAT[n]\ngrad(sum(tanh(A @ x / 64) ** 2), [A, x])",
    "A: FLOAT[m, n]\nB: FLOAT[n, m]\nA @ B, A.T @ B.T, sum(A, axis=0), max(A, axis=1)",
    "A: FLOAT[m, n]\ngrad(sum(logsumexp(A, axis=1)), A), softmax(A, axis=1)",
    "x: FLOAT[n]\nx[::-1][1:], x[2:] - x[:-2], cumsum(x), argmax(x)",
    "x: FLOAT[n]\na: FLOAT\nsum(x * a) / a, a ** 3, grad(sum(x * a * a), a)",
    "x: FLOAT[n]\ni: i32[n]\nx * i, x + i[0], sum(i), f32(i) * x",
    "A: FLOAT[m, m]\ndet(A), matrix_inverse(A)",
];

fn arrays(inputs: &[Expr]) -> Vec<Array> {
    let mut rng = Rng::new(11);
    let length = |d: &Dim| match d {
        Dim::Sym(s) if s.name() == "m" => 3,
        _ => 1500,
    };
    let made = |e: &Expr, rng: &mut Rng| {
        let lens: Vec<usize> = e.ty().shape.dims().iter().map(length).collect();
        let x = array(rng, &lens);
        match e.ty().dtype {
            DType::F32 => Array::from(x.mapv(|x| x as f32)),
            DType::F64 => Array::from(x.mapv(|x| f64::from(x as f32))),
            _ => Array::from(x.mapv(f64::round)),
        }
    };
    inputs.iter().map(|e| made(e, &mut rng)).collect()
}

#[test]
fn programs_agree_with_doubles_as_written_and_optimized() {
    for program in PROGRAMS {
        let parse = |t: &str| parse_infix(&Source::text_only(&program.replace("FLOAT", t)), &[]).unwrap();
        let (single, double) = (parse("f32"), parse("f64"));
        let build = |p: &Program, raw: bool| {
            let b = Function::builder();
            let b = if raw { b.raw() } else { b };
            b.build(&p.inputs, &p.results).unwrap()
        };
        let call = |f: &Function, p: &Program| {
            let data = arrays(&p.inputs);
            let views: Vec<ArrayRef<'_>> = data.iter().map(Array::view).collect();
            f.call_arrays(&views).unwrap()
        };
        let exact = call(&build(&double, true), &double);
        for raw in [true, false] {
            let f = build(&single, raw);
            for (k, (got, want)) in call(&f, &single).iter().zip(&exact).enumerate() {
                let (got_64, want) = (got.to_f64(), want.to_f64());
                assert_eq!(got_64.shape(), want.shape());
                let scale = want.iter().fold(0.0f64, |m, x| m.max(x.abs()));
                for (a, b) in got_64.iter().zip(&want) {
                    assert!((a - b).abs() <= 2e-5 * scale, "{program} {raw} {k}: {a} for {b}");
                }
            }
            // Arrays of doubles are taken and given too.
            let widened: Vec<_> = arrays(&single.inputs).iter().map(|x| x.to_f64().into_owned()).collect();
            let views: Vec<_> = widened.iter().map(|x| x.view()).collect();
            for (a, b) in f.call(&views).unwrap().iter().zip(call(&f, &single)) {
                assert_eq!(*a, b.to_f64());
            }
        }
    }
}

/// A normalization's gradient, optimized, against the one as written, where the operands of its sums cancel more and
/// more: what is summed without the factors of its rows loses no digits.
#[test]
fn sums_without_their_factors_keep_their_digits() {
    let text = "x, c: FLOAT[m, k]\ng, b: FLOAT[k]\n\
        d = x - sum(x, axis=1)[:, None] * 0.01\n\
        var = sum(d ** 2, axis=1)[:, None] * 0.01\n\
        grad(sum((d / sqrt(var + 1e-5) * g + b) * c), [x])";
    let program = |float: &str| parse_infix(&Source::text_only(&text.replace("FLOAT", float)), &[]).unwrap();
    let mut rng = Rng::new(31);
    let (m, k) = (60, 100);
    let x = array(&mut rng, &[m, k]);
    let centred = &x - &(x.sum_axis(ndarray::Axis(1)) * 0.01).insert_axis(ndarray::Axis(1));
    let noise = array(&mut rng, &[m, k]);
    for apart in [1.0, 1e-2, 1e-4, 1e-6] {
        let c = &centred + &(&noise * apart);
        let ones = ndarray::ArrayD::from_elem(ndarray::IxDyn(&[k]), 1.0);
        let singles: Vec<Array> =
            [&x, &c, &ones, &ones].into_iter().map(|a| a.mapv(|x| x as f32).into()).collect();
        let views: Vec<ArrayRef<'_>> = singles.iter().map(Array::view).collect();
        let p = program("f32");
        let unused = egrad::function::OnUnused::Ignore;
        let run = |f: Function| f.call_arrays(&views).unwrap()[0].to_f64().into_owned();
        let optimized = Function::builder().unused(unused).build(&p.inputs, &p.results).unwrap();
        let got = run(optimized);
        let written = run(Function::builder().unused(unused).raw().build(&p.inputs, &p.results).unwrap());
        let wide: Vec<Array> = singles.iter().map(|a| a.to_f64().into_owned().into()).collect();
        let views: Vec<ArrayRef<'_>> = wide.iter().map(Array::view).collect();
        let p = program("f64");
        let exact = Function::builder().unused(unused).raw().build(&p.inputs, &p.results).unwrap();
        let exact = exact.call_arrays(&views).unwrap()[0].to_f64().into_owned();
        let error = |got: &ndarray::ArrayD<f64>| {
            got.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0f64, f64::max)
        };
        let (got, written) = (error(&got), error(&written));
        assert!(got <= 2.0 * written, "apart by {apart}: {got:e}, as written {written:e}");
    }
}
