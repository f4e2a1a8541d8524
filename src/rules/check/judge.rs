//! What a rule promises at a point, word by word.

use super::array::{self, Array};
use super::point::{doubles, is_real, reals};
use super::sample::{EXTREME, Random, SPECIAL, admits, grid, pool};
use super::typing::{Bound, Typed, Typing, is_elementwise, type_side, typings, vectors};
use super::{Checked, Failure, Refutation};
use crate::num::{Real, ulps};
use crate::rules::assume::Assumes;
use crate::rules::ast::{PNode, Pattern, Rule};
use crate::rules::parse::STABILIZE;
use crate::ty::DType;

/// Random points, beside the grid of special ones.
const RANDOM_POINTS: usize = 200;
/// Typings whose values are compared, for rules that are not elementwise.
const MAX_TYPINGS: usize = 60;
/// Random fillings of arrays for each.
const FILLINGS: usize = 32;
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

fn refuted(
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
fn excluded(assumes: Assumes, values: &[f64]) -> bool {
    assumes.has(Assumes::NNAN) && values.iter().any(|x| x.is_nan())
        || assumes.has(Assumes::NINF) && values.iter().any(|x| x.is_infinite())
}

/// Is the left side undefined at real operands, where the rule may define it?
fn undefined(assumes: Assumes, values: &[f64], left_is_real: bool) -> bool {
    assumes.has(Assumes::DOMAIN) && !left_is_real && values.iter().all(|x| x.is_finite())
}

/// Are two doubles the same under an exact rule?
fn exact(assumes: Assumes, l: f64, r: f64) -> bool {
    l.is_nan() && r.is_nan() || l.to_bits() == r.to_bits() || assumes.has(Assumes::NSZ) && l == r
}

/// Compares two doubles of a rule that holds over the reals, up to rounding of values of `size`.
fn close(assumes: Assumes, l: f64, r: f64, size: f64) -> bool {
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
    for values in points.iter().filter(|p| p.len() == n && !excluded(rule.assumes, p)) {
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

/// Arrays: random fillings, some with special values.
fn arrays(
    rule: &Rule,
    typing: &Typing,
    left: &Typed,
    right: &Typed,
    random: &mut Random,
) -> Result<usize, Refutation> {
    // Without elements a reduction is its unit, whatever a factor that left it is: nothing is
    // promised there but for ordinary numbers.
    let empty = typing.iter().any(|b| matches!(b, Bound::Value(f) if f.ty.shape.size().known() == Some(0)));
    let mut seen = 0;
    for k in (0..FILLINGS).filter(|k| !empty || k % 4 == 0) {
        let Some(values) = filling(rule, typing, k, random) else { continue };
        let flat: Vec<f64> = values.iter().flatten().flat_map(|a| a.data.iter().copied()).collect();
        if excluded(rule.assumes, &flat) {
            continue;
        }
        let (Some((l, a)), Some((r, b))) =
            (evaluate(&rule.lhs, left, &values), evaluate(&rule.rhs, right, &values))
        else {
            continue;
        };
        let fails = |(&l, &r): (&f64, &f64)| {
            if undefined(rule.assumes, &flat, l.is_finite()) {
                return false;
            }
            let reassoc = rule.assumes.has(Assumes::REASSOC);
            !if reassoc { close(rule.assumes, l, r, a.max(b)) } else { exact(rule.assumes, l, r) }
        };
        if l.shape != r.shape || l.data.iter().zip(&r.data).any(fails) {
            let shown =
                typing.iter().zip(&values).map(|(b, v)| v.as_ref().map_or_else(|| b.text(), text)).collect();
            return Err(refuted(rule, Failure::Value, typing, shown, text(&l), text(&r)));
        }
        seen += 1;
    }
    Ok(seen)
}

/// Values for a typing: moderate numbers, small integers, infinities, everything special, in turn.
fn filling(rule: &Rule, typing: &Typing, k: usize, random: &mut Random) -> Option<Vec<Option<Array>>> {
    let one = |(v, bound): (usize, &Bound)| {
        let Bound::Value(f) = bound else { return Some(None) };
        let shape = f.ty.shape.as_known()?;
        let base: Vec<f64> = match (f.ty.dtype, k % 4) {
            (DType::Bool, _) => vec![0.0, 1.0],
            // Short numbers first, so that people can follow a counterexample.
            (_, 0) if k < FILLINGS / 2 => {
                (0..9).map(|_| (random.unit() * 32.0 - 16.0).round() / 4.0).collect()
            }
            (_, 0) => (0..9).map(|_| random.scaled(-1.0, 0.5)).collect(),
            (_, 1) => vec![0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 4.0, -0.75],
            (_, 2) => vec![f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1.0, -1.0, 2.0],
            _ => SPECIAL.iter().copied().take(14).collect(),
        };
        let mut pool = pool(rule, v, &base, !rule.assumes.has(Assumes::REASSOC));
        if pool.is_empty() {
            pool = self::pool(rule, v, SPECIAL, false);
        }
        let n = shape.iter().product();
        let data = (0..n).map(|_| random.pick(&pool)).collect::<Option<Vec<f64>>>()?;
        Some(Some(Array { shape, data }))
    };
    typing.iter().enumerate().map(one).collect()
}

/// The value of a side, and the size of the largest intermediate value.
fn evaluate(side: &Pattern, typed: &Typed, values: &[Option<Array>]) -> Option<(Array, f64)> {
    let mut at: Vec<Array> = Vec::with_capacity(side.nodes.len());
    for (i, node) in side.nodes.iter().enumerate() {
        let x = match node {
            PNode::Var(v) => values.get(*v as usize)?.clone()?,
            PNode::Num(x) => Array::scalar(*x),
            PNode::Count { .. } => Array::scalar(typed.facts[i].constant?),
            PNode::App { op, args, .. } => {
                let args: Vec<&Array> = args.iter().map(|a| &at[*a as usize]).collect();
                array::apply(*op, &typed.attrs[i], &args)?
            }
        };
        at.push(x);
    }
    let all = at.iter().flat_map(|a| &a.data).map(|x| x.abs());
    let size = all.filter(|x| x.is_finite()).fold(0.0, f64::max);
    Some((at.pop()?, size))
}

fn number(x: f64) -> String {
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

fn text(a: &Array) -> String {
    fn part(shape: &[usize], data: &[f64]) -> String {
        let Some((&n, rest)) = shape.split_first() else {
            return data.first().map_or(String::new(), |x| number(*x));
        };
        let row = rest.iter().product::<usize>();
        let rows: Vec<String> = (0..n).map(|i| part(rest, data.get(i * row..).unwrap_or(&[]))).collect();
        format!("[{}]", rows.join(", "))
    }
    part(&a.shape, &a.data)
}
