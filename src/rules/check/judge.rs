//! What a rule promises at a point, word by word.

use super::point::{doubles, is_real, reals};
use super::sample::{EXTREME, Random, SPECIAL, admits, admits_together, grid, pool};
use super::tensors::arrays;
use super::typing::{Bound, Typed, Typing, is_elementwise, type_side, typings, vectors};
use super::{Checked, Failure, Refutation};
use crate::num::{Real, ulps};
use crate::rules::assume::Assumes;
use crate::rules::ast::Rule;
use crate::rules::keys::STABILIZE;
use crate::ty::DType;

/// Random points, beside the grid of special ones.
const RANDOM_POINTS: usize = 200;
/// Typings whose values are compared, for rules that are not elementwise.
const MAX_TYPINGS: usize = 60;
/// Errors below this many units in the last place are those of the kernels.
const GOOD_ULPS: f64 = 8.0;

pub(super) fn check(rule: &Rule) -> Result<Checked, Refutation> {
    let all = typings(rule);
    if is_elementwise(rule) {
        same_type(rule)?;
        let mut done = Checked { typings: 1, points: scalars(rule)? };
        if rule.has_tag(STABILIZE) {
            done.points += accurate(rule)?;
        }
        return enough(rule, done);
    }
    super::unknown::lengths(rule, &all)?;
    let both: Vec<(&Typing, &Typed, Typed)> = all
        .iter()
        .filter_map(|(t, left)| {
            let right = type_side(&rule.rhs, t).ok()?;
            (left.ty() == right.ty()).then_some((t, left, right))
        })
        .collect();
    let mut done = Checked { typings: both.len(), points: 0 };
    let stride = both.len().div_ceil(MAX_TYPINGS).max(1);
    let mut random = Random::new(&rule.name);
    for (typing, left, right) in both.iter().step_by(stride) {
        done.points += arrays(rule, typing, left, right, &mut random)?;
    }
    enough(rule, done)
}

fn enough(rule: &Rule, done: Checked) -> Result<Checked, Refutation> {
    let why = if done.typings == 0 {
        "no typing of the variables gives both sides the same type"
    } else if done.points == 0 {
        "no value is admitted by the conditions and the assumptions"
    } else {
        return Ok(done);
    };
    Err(refuted(rule, Failure::Unchecked, &Vec::new(), Vec::new(), why.into(), String::new()))
}

pub(super) fn refuted(
    rule: &Rule,
    failure: Failure,
    typing: &Typing,
    values: Vec<String>,
    left: String,
    right: String,
) -> Refutation {
    let named = |all: Vec<String>| rule.vars.iter().map(|(n, _)| n.clone()).zip(all).collect();
    let typing = named(typing.iter().map(Bound::text).collect());
    Refutation { rule: rule.name.clone(), failure, typing, values: named(values), left, right }
}

/// An elementwise rule keeps the type when all operands are vectors.
fn same_type(rule: &Rule) -> Result<(), Refutation> {
    let typing = vectors(rule);
    let Ok(left) = type_side(&rule.lhs, &typing) else { return Ok(()) };
    let right = type_side(&rule.rhs, &typing);
    let text = |t: &Typed| t.ty().map_or(String::new(), ToString::to_string);
    match right {
        Ok(right) if right.ty() == left.ty() => Ok(()),
        Ok(right) => Err(refuted(rule, Failure::Type, &typing, Vec::new(), text(&left), text(&right))),
        Err(e) => Err(refuted(rule, Failure::Type, &typing, Vec::new(), text(&left), e)),
    }
}

/// Does an assumption exclude these operands?
pub(super) fn excluded(assumes: Assumes, values: &[f64]) -> bool {
    assumes.has(Assumes::NNAN) && values.iter().any(|x| x.is_nan())
        || assumes.has(Assumes::NINF) && values.iter().any(|x| x.is_infinite())
}

/// Is the left side undefined at real operands, where the rule may define it?
pub(super) fn undefined(assumes: Assumes, values: &[f64], left_is_real: bool) -> bool {
    assumes.has(Assumes::DOMAIN) && !left_is_real && values.iter().all(|x| x.is_finite())
}

/// Are two doubles the same under an exact rule?
#[allow(clippy::float_cmp, reason = "an exact rule promises the same number")]
pub(super) fn exact(assumes: Assumes, l: f64, r: f64) -> bool {
    l.is_nan() && r.is_nan() || l.to_bits() == r.to_bits() || assumes.has(Assumes::NSZ) && l == r
}

/// Compares two doubles of a rule that holds over the reals, up to rounding of values of `size`.
pub(super) fn close(assumes: Assumes, l: f64, r: f64, size: f64) -> bool {
    if !l.is_finite() || !r.is_finite() {
        return l.is_finite() == r.is_finite();
    }
    if l == 0.0 && r == 0.0 {
        return assumes.has(Assumes::NSZ) || l.to_bits() == r.to_bits();
    }
    (l - r).abs() <= 1e-9 * size.max(l.abs())
}

/// Scalars: the whole grid of special values, then random ones.
fn scalars(rule: &Rule) -> Result<usize, Refutation> {
    let n = rule.vars.len();
    let over_reals = rule.assumes.has(Assumes::REASSOC);
    let mut random = Random::new(&rule.name);
    let mut sizes: Vec<f64> = (0..6).map(|_| random.scaled(-1.0, 0.5)).collect();
    sizes.extend((0..6).map(|_| random.scaled(-3.0, 1.6)));
    if !over_reals {
        sizes.extend((0..20).map(|_| random.scaled(-20.0, 20.0)));
        sizes.extend(EXTREME);
    }
    let base: Vec<f64> = SPECIAL.iter().chain(&sizes).copied().collect();
    let pools: Vec<Vec<f64>> = (0..n).map(|v| typed_pool(rule, v, &base, !over_reals)).collect();
    let limit = match n {
        0 | 1 => usize::MAX,
        2 => {
            if over_reals {
                20
            } else {
                60
            }
        }
        3 => {
            if over_reals {
                10
            } else {
                16
            }
        }
        _ => 6,
    };
    let mut points = grid(&pools, limit);
    for _ in 0..RANDOM_POINTS {
        points.push(pools.iter().filter_map(|p| random.pick(p)).collect());
    }
    let mut seen = 0;
    let tried = |p: &&Vec<f64>| p.len() == n && !excluded(rule.assumes, p) && admits_together(rule, p);
    for values in points.iter().filter(tried) {
        let verdict = if over_reals { at_reals(rule, values) } else { at_doubles(rule, values) };
        match verdict {
            None => {}
            // Only NaN may be left when conditions contradict each other.
            Some(Ok(())) => seen += usize::from(n == 0 || values.iter().any(|x| !x.is_nan())),
            Some(Err((l, r))) => {
                let values = values.iter().map(|x| number(*x)).collect();
                let scalars = vectors(rule);
                return Err(refuted(rule, Failure::Value, &scalars, values, l, r));
            }
        }
    }
    Ok(seen)
}

fn typed_pool(rule: &Rule, v: usize, base: &[f64], as_doubles: bool) -> Vec<f64> {
    let truth = matches!(&vectors(rule)[v], Bound::Value(f) if f.ty.dtype == DType::Bool);
    if truth { pool(rule, v, &[0.0, 1.0], as_doubles) } else { pool(rule, v, base, as_doubles) }
}

type Verdict = Option<Result<(), (String, String)>>;

fn at_doubles(rule: &Rule, values: &[f64]) -> Verdict {
    for zero in [0.0, -0.0] {
        let (l, _) = doubles(&rule.lhs, values, zero)?;
        let (r, _) = doubles(&rule.rhs, values, 0.0)?;
        if !undefined(rule.assumes, values, l.is_finite()) && !exact(rule.assumes, l, r) {
            return Some(Err((number(l), number(r))));
        }
    }
    Some(Ok(()))
}

fn at_reals(rule: &Rule, values: &[f64]) -> Verdict {
    let (l, l_size) = doubles(&rule.lhs, values, 0.0)?;
    let (r, r_size) = doubles(&rule.rhs, values, 0.0)?;
    let (Some((left, a)), Some((right, b))) = (reals(&rule.lhs, values), reals(&rule.rhs, values)) else {
        // No definition over the reals: doubles, up to rounding.
        if undefined(rule.assumes, values, l.is_finite()) {
            return None;
        }
        let good = close(rule.assumes, l, r, l_size.max(r_size));
        return Some(if good { Ok(()) } else { Err((number(l), number(r))) });
    };
    if undefined(rule.assumes, values, is_real(&left)) {
        return None;
    }
    let size = if a > b { a } else { b };
    let good = if is_real(&left) && is_real(&right) {
        let signs = rule.assumes.has(Assumes::NSZ) || l != 0.0 || r != 0.0 || l.to_bits() == r.to_bits();
        signs && (left.clone() - right.clone()).abs() <= size * Real::from(1e-55)
    } else {
        is_real(&left) == is_real(&right)
    };
    Some(if good { Ok(()) } else { Err((real_text(&left, l), real_text(&right, r))) })
}

/// The right side of a rule that is meant to keep digits keeps at least those of the left.
fn accurate(rule: &Rule) -> Result<usize, Refutation> {
    let mut random = Random::new(&rule.name);
    let mut seen = 0;
    for k in 0..60 {
        let size = [(-1.0, 1.0), (-9.0, 0.0), (0.0, 2.8), (-20.0, 20.0)][k % 4];
        let values: Vec<f64> = rule.vars.iter().map(|_| random.scaled(size.0, size.1)).collect();
        if !values.iter().enumerate().all(|(v, x)| admits(rule, v, *x, false)) {
            continue;
        }
        let (Some((l, _)), Some((r, _))) =
            (doubles(&rule.lhs, &values, 0.0), doubles(&rule.rhs, &values, 0.0))
        else {
            continue;
        };
        let Some((truth, _)) = reals(&rule.rhs, &values) else { continue };
        if !is_real(&truth) {
            continue;
        }
        let truth = truth.to_f64();
        let (worse, better) = (ulps(r, truth), ulps(l, truth));
        if worse > GOOD_ULPS && worse > better {
            let text = |x: f64, by: f64| format!("{} ({by:.0} ulp off)", number(x));
            let shown = values.iter().map(|x| number(*x)).collect();
            let (l, r) = (text(l, better), text(r, worse));
            return Err(refuted(rule, Failure::Accuracy, &vectors(rule), shown, l, r));
        }
        seen += 1;
    }
    Ok(seen)
}

pub(super) fn number(x: f64) -> String {
    let size = x.abs();
    if x.is_nan() {
        "NaN".into()
    } else if size != 0.0 && x.is_finite() && !(1e-5..1e16).contains(&size) {
        format!("{x:e}")
    } else {
        format!("{x:?}")
    }
}

/// The nearest double, unless doubles cannot tell.
fn real_text(exact: &Real, double: f64) -> String {
    let x = exact.to_f64();
    if x == 0.0 && double == 0.0 { number(double) } else { number(x) }
}
