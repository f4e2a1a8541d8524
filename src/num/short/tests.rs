//! Short numbers against long ones.

use crate::num::{Real, SplitMix};

type Function = (&'static str, fn(&Real, &Real) -> Real);

const FUNCTIONS: [Function; 11] = [
    ("+", |x, y| x + y),
    ("-", |x, y| x - y),
    ("*", |x, y| x * y),
    ("/", |x, y| x / y),
    ("**", Real::pow),
    ("sqrt", |x, _| x.sqrt()),
    ("exp", |x, _| x.exp()),
    ("log", |x, _| x.ln()),
    ("sin", |x, _| x.sin()),
    ("cos", |x, _| x.cos()),
    ("atan", |x, _| x.atan()),
];

/// Numbers of all sizes, near 1, near multiples of a right angle, whole ones, zero.
fn number(random: &mut SplitMix) -> f64 {
    let u = random.unit();
    let x = match random.next() % 7 {
        0 => libm::exp10(20.0 * u - 10.0),
        1 => 1.0 + libm::exp10(-16.0 * u),
        2 => libm::rint(100.0 * u) * std::f64::consts::FRAC_PI_2,
        3 => libm::rint(12.0 * u),
        4 => libm::exp10(600.0 * u - 300.0),
        5 => 30.0 * u,
        _ => u,
    };
    if random.next() & 1 == 1 { -x } else { x }
}

/// Both answers of a function, short and long; how far they are apart, relatively.
fn apart(short: &Real, long: &Real) -> f64 {
    let far = (Real::long_of(short) - long.clone()) / long.clone();
    if far.is_nan() && long.is_zero() { short.to_f64().abs() } else { far.to_f64().abs() }
}

#[test]
fn they_are_off_by_no_more_than_they_say() {
    let mut random = SplitMix::new(7);
    let mut known = 0;
    for _ in 0..300 {
        let (x, y, z) = (number(&mut random), number(&mut random), number(&mut random));
        for (name, f) in FUNCTIONS {
            for (inner, g) in FUNCTIONS {
                let of = |number: fn(f64) -> Real| f(&g(&number(x), &number(y)), &number(z));
                let (short, long) = (of(Real::short), of(Real::from));
                if short.is_lost() {
                    continue;
                }
                known += 1;
                let case = format!("{name} of {inner} of {x:e}, {y:e}, {z:e}: {short:?} {long:?}");
                assert_eq!(short.is_nan(), long.is_nan(), "{case}");
                if short.err().is_infinite() {
                    assert!(long.is_zero() || long.abs().to_f64() <= short.vanished(), "{case}");
                    continue;
                }
                let far = if long.is_nan() { 0.0 } else { apart(&short, &long) };
                assert!(far <= short.err(), "{case}: {far:e} > {:e}", short.err());
            }
        }
    }
    assert!(known > 10_000, "{known}");
}

#[test]
fn usual_numbers_have_thirty_digits() {
    let mut random = SplitMix::new(8);
    for _ in 0..1000 {
        let x = Real::short(0.1 + 3.0 * random.unit());
        let y = (x.exp() + x.sin()) * (x.sqrt() + Real::from(2.0)).ln() / (x.atan() + x.pow(&x));
        assert!(y.err() < 1e-25, "{x:?}: {:e}", y.err());
    }
}

#[test]
fn what_cancels_is_said_to_be_off() {
    let x = Real::short(1e-9);
    let y = Real::from(1.0) - x.cos();
    assert!(y.err() > 1e-12 && y.err() < 1e-6, "{:e}", y.err());
    assert!((x.exp().ln() - x).err().is_infinite());
    assert!((Real::short(1.0) / Real::short(0.0)).err().is_infinite());
    let large = Real::short(1000.0).exp();
    assert!(large.to_f64().is_infinite() && !large.is_infinite() && large.err() < 1e-25);
    assert!(large.ln().to_f64() == 1000.0 && large.ln().err() < 1e-25);
}
