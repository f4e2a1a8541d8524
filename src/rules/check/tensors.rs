//! Rules about whole arrays: both sides on random fillings.

use super::Failure;
use super::Refutation;
use super::array::{self, Array};
use super::judge::{close, exact, excluded, number, refuted, undefined};
use super::sample::{Random, SPECIAL, pool};
use super::typing::{Bound, Typed, Typing};
use crate::rules::assume::Assumes;
use crate::rules::ast::{PNode, Pattern, Rule};
use crate::ty::DType;

/// Random fillings of arrays for each.
const FILLINGS: usize = 32;
/// After these, arrays whose elements are all the same: matrices that have no inverse, ties everywhere.
const LEVEL: usize = 4;

/// Arrays: random fillings, some with special values.
pub(super) fn arrays(
    rule: &Rule,
    typing: &Typing,
    left: &Typed,
    right: &Typed,
    random: &mut Random,
) -> Result<usize, Refutation> {
    // Without elements a reduction is its unit, whatever a factor that left it is: nothing is
    // promised there but for ordinary numbers other than zero.
    let empty = typing.iter().any(|b| matches!(b, Bound::Value(f) if f.ty.shape.size().known() == Some(0)));
    let mut seen = 0;
    let mut level = random.clone();
    for k in (0..FILLINGS + LEVEL).filter(|k| !empty || k % 4 == 0) {
        let source = if k < FILLINGS { &mut *random } else { &mut level };
        let Some(values) = filling(rule, typing, k, source) else { continue };
        let flat: Vec<f64> = values.iter().flatten().flat_map(|a| a.data.iter().copied()).collect();
        if excluded(rule.assumes, &flat) || empty && flat.contains(&0.0) {
            continue;
        }
        let shown =
            || typing.iter().zip(&values).map(|(b, v)| v.as_ref().map_or_else(|| b.text(), text)).collect();
        let Some((l, a)) = evaluate(&rule.lhs, left, &values) else { continue };
        let Some((r, b)) = evaluate(&rule.rhs, right, &values) else {
            // What cannot be evaluated here never was.
            if seen == 0 {
                continue;
            }
            return Err(refuted(rule, Failure::Value, typing, shown(), text(&l), "an error".into()));
        };
        let fails = |(&l, &r): (&f64, &f64)| {
            if undefined(rule.assumes, &flat, l.is_finite()) {
                return false;
            }
            let reassoc = rule.assumes.has(Assumes::REASSOC);
            !if reassoc { close(rule.assumes, l, r, a.max(b)) } else { exact(rule.assumes, l, r) }
        };
        if l.shape != r.shape || l.data.iter().zip(&r.data).any(fails) {
            return Err(refuted(rule, Failure::Value, typing, shown(), text(&l), text(&r)));
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
            // Positions: some count from the end, and some are too large for short axes.
            (DType::I64, _) => vec![0.0, 1.0, -1.0, -2.0, 2.0],
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
            pool = super::sample::pool(rule, v, SPECIAL, false);
        }
        let n = shape.iter().product();
        let data = if k < FILLINGS {
            (0..n).map(|_| random.pick(&pool)).collect::<Option<Vec<f64>>>()?
        } else {
            vec![random.pick(&pool)?; n]
        };
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
