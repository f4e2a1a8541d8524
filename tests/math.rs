//! The kernels of elementary functions against high precision, and against themselves at every width.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Mutex;

use egrad::math::{Width, use_width};
use egrad::num::{Real, ulps};
use egrad::op::{Kernel, Op};
use support::{Rng, SPECIAL};

/// The width is the process's.
static WIDTH: Mutex<()> = Mutex::new(());

/// Rows whose kernels are those of `egrad::math`, and the stated error in ulp of the exact value.
const STATED: &[(&str, f64)] = &[
    ("exp", 1.0),
    ("exp2", 1.0),
    ("expm1", 1.0),
    ("log", 1.0),
    ("log1p", 1.0),
    ("sigmoid", 2.0),
    ("softplus", 2.0),
    ("tanh", 1.0),
    ("sinh", 2.0),
    ("cosh", 2.0),
    ("sin", 1.0),
    ("cos", 1.0),
    ("tan", 1.0),
    ("erf", 1.0),
    ("erfc", 2.0),
    ("**", 1.0),
];

/// Points of all sizes: dense where functions vary, across all exponents, next to borders.
fn points(n: usize) -> Vec<f64> {
    let mut rng = Rng::new(7);
    let mut out = SPECIAL.to_vec();
    for near in [
        -745.2,
        -745.13,
        -708.4,
        -40.0,
        -37.0,
        -27.5,
        -26.6,
        -1.0,
        -0.75,
        0.0,
        0.35,
        0.75,
        1.0,
        1.414,
        std::f64::consts::FRAC_PI_2,
        std::f64::consts::PI,
        22.0,
        26.5,
        27.2,
        355.0,
        709.78,
        710.0,
        710.4758,
        999_999.5,
        1e6,
        1e22,
    ] {
        let mut x: f64 = near;
        for _ in 0..6 {
            out.extend([x, -x]);
            x = x.next_up();
        }
    }
    for _ in 0..n {
        out.push(rng.between(-1.5, 1.5));
        out.push(rng.between(-30.0, 30.0));
        out.push(rng.between(-750.0, 750.0));
        out.push(rng.between(0.4, 2.5));
        let x = f64::from_bits(rng.next());
        out.extend([x, x.abs()]);
        // Next to where the table of `erfc` changes to another entry.
        let between = (rng.between(-768.0, 3488.0).floor() + 0.5) / 128.0;
        out.extend([between, between.next_down(), between.next_up()]);
        let small = libm::exp10(rng.between(-20.0, 3.0));
        out.extend([small, -small]);
    }
    out
}

fn row(name: &str) -> Op {
    Op::by_name(name).unwrap()
}

/// The operands of an operator at position `k` of the points.
fn operands(kernel: Kernel, xs: &[f64], k: usize) -> Vec<f64> {
    match kernel {
        Kernel::Map1(_) => vec![xs[k]],
        _ => vec![xs[k], xs[(7 * k + 11) % xs.len()]],
    }
}

/// How far a result is from the exact value, in units of the last place that the latter has among doubles: not in
/// whole doubles, between which up to half a unit would be lost.
fn error(got: f64, exact: &Real) -> f64 {
    let nearest = exact.to_f64();
    if got.is_nan() || nearest.is_nan() {
        return if got.is_nan() && nearest.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got.is_infinite() || nearest.is_infinite() {
        // What rounds to infinity may be the largest number, and the other way round.
        return if got == nearest
            || ulps(got.clamp(f64::MIN, f64::MAX), nearest.clamp(f64::MIN, f64::MAX)) <= 1.0
        {
            0.0
        } else {
            f64::INFINITY
        };
    }
    // The largest power of two that is not above.
    let binade = f64::from_bits(nearest.abs().to_bits() & 0x7ff0_0000_0000_0000).max(f64::MIN_POSITIVE);
    let unit = (binade * f64::EPSILON).max(f64::from_bits(1));
    let off = (&Real::from(got) - exact).abs();
    // The quotient in high precision: both may be below the normal range.
    (&off / &Real::from(unit)).to_f64()
}

#[test]
fn kernels_keep_their_word() {
    let xs = points(400);
    let mut wrong = String::new();
    for &(name, stated) in STATED {
        let def = row(name).def();
        let real = def.real.unwrap();
        let (mut worst, mut at) = (0.0f64, Vec::new());
        for k in 0..xs.len() {
            let x = operands(def.kernel, &xs, k);
            // Infinities, NaN and zeros are another test's; a million digits are nobody's.
            if x.iter().any(|v| !v.is_finite() || *v == 0.0 || v.abs() > 1e15) {
                continue;
            }
            let got = match def.kernel {
                Kernel::Map1(m) => (m.scalar)(x[0]),
                Kernel::Map2(m) => (m.scalar)(x[0], x[1]),
                _ => unreachable!(),
            };
            let reals: Vec<Real> = x.iter().map(|&v| v.into()).collect();
            let exact = real(&reals);
            // The reference of `sinh` cancels near zero, that of `softplus` overflows far away.
            if name == "sinh" && x[0].abs() < 1e-20 || name == "softplus" && x[0] > 1e8 {
                assert!(got.to_bits() == x[0].to_bits(), "{name}({x:?}) = {got}");
                continue;
            }
            let error = error(got, &exact);
            if !(error <= worst) {
                (worst, at) = (error, x);
            }
        }
        if !(worst <= stated) {
            wrong.push_str(&format!("{name}: {worst} ulp at {at:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn special_values_are_the_scalar_librarys() {
    type Reference = fn(f64) -> f64;
    let references: &[(&str, Reference)] = &[
        ("exp", libm::exp),
        ("exp2", libm::exp2),
        ("expm1", libm::expm1),
        ("log", libm::log),
        ("log1p", libm::log1p),
        ("tanh", libm::tanh),
        ("sinh", libm::sinh),
        ("cosh", libm::cosh),
        ("sin", libm::sin),
        ("cos", libm::cos),
        ("tan", libm::tan),
        ("erf", libm::erf),
        ("erfc", libm::erfc),
    ];
    let borders =
        [0.0, f64::INFINITY, f64::NAN, 1.0, f64::MIN_POSITIVE, 5e-324, 1e-310, f64::MAX, 1e300, 1e-300];
    for &(name, reference) in references {
        let Kernel::Map1(m) = row(name).def().kernel else { unreachable!() };
        for x in borders.iter().flat_map(|&x| [x, -x]) {
            let (got, want) = ((m.scalar)(x), reference(x));
            let fine = got.is_nan() && want.is_nan()
                || got.is_sign_negative() == want.is_sign_negative()
                    && (got.to_bits() == want.to_bits() || ulps(got, want) <= 2.0);
            assert!(fine, "{name}({x:e}) = {got:e}, should be {want:e}");
        }
    }
    let Kernel::Map2(m) = row("**").def().kernel else { unreachable!() };
    for x in borders.iter().flat_map(|&x| [x, -x]) {
        for y in borders.iter().flat_map(|&y| [y, -y, 2.0, 3.0, 0.5, -0.5, -3.0]) {
            let (got, want) = ((m.scalar)(x, y), libm::pow(x, y));
            let fine =
                got.is_nan() && want.is_nan() || got.to_bits() == want.to_bits() || ulps(got, want) <= 1.0;
            assert!(fine, "{x:e} ** {y:e} = {got:e}, should be {want:e}");
        }
    }
}

#[test]
fn every_width_gives_the_same_bits() {
    let _guard = WIDTH.lock().unwrap();
    let xs = points(2000);
    let mut others: Vec<[Vec<f64>; 2]> = Vec::new();
    for k in [7, 3] {
        let turned = |by: usize| (0..xs.len()).map(|i| xs[(k * i + by) % xs.len()]).collect::<Vec<_>>();
        others.push([turned(11), turned(101)]);
    }
    for &op in Op::ALL {
        let mut results: Vec<Vec<u64>> = Vec::new();
        for width in Width::ALL {
            if !use_width(width) {
                continue;
            }
            // NaN's sign and payload are the machine's own.
            let bits = |x: &f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
            let mut all = Vec::new();
            for [ys, zs] in &others {
                for n in [xs.len(), 13] {
                    let mut out = vec![0.0; n];
                    let (x, y, z) = (&xs[..n], &ys[..n], &zs[..n]);
                    match op.def().kernel {
                        Kernel::Map1(k) => {
                            (k.block)(x, &mut out);
                            all.extend(x.iter().take(500).map(|&x| bits(&(k.scalar)(x))));
                        }
                        Kernel::Map2(k) => {
                            (k.block)(x, y, &mut out);
                            all.extend(x.iter().zip(y).take(500).map(|(&x, &y)| bits(&(k.scalar)(x, y))));
                        }
                        Kernel::Map3(k) => (k.block)(x, y, z, &mut out),
                        Kernel::Reduce { fold, .. } => out[0] = fold(&x[n / 2..n / 2 + n / 3]),
                        _ => {}
                    }
                    all.extend(out.iter().map(bits));
                }
            }
            results.push(all);
        }
        use_width(*Width::ALL.iter().rev().find(|w| use_width(**w)).unwrap());
        for other in &results[1..] {
            assert!(*other == results[0], "{} depends on the width", op.def().name);
        }
    }
}

#[test]
fn one_number_is_a_block_of_one() {
    let _guard = WIDTH.lock().unwrap();
    let xs = points(300);
    for &op in Op::ALL {
        let bits = |x: f64| if x.is_nan() { u64::MAX } else { x.to_bits() };
        if let Kernel::Map1(k) = op.def().kernel {
            let mut out = vec![0.0; xs.len()];
            (k.block)(&xs, &mut out);
            for (x, y) in xs.iter().zip(out) {
                assert_eq!(bits((k.scalar)(*x)), bits(y), "{} of {x:e}", op.def().name);
            }
        }
    }
}
