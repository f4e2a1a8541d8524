//! Values of terms at sampled points: of arrays in doubles, of single elements with 75 digits.

use std::collections::BTreeMap;

use ndarray::{ArrayD, IxDyn};

use super::term::{Head, TermId, Terms};
use crate::eval::reference::apply;
use crate::num::{Real, SplitMix};
use crate::op::{Attr, IndexItem, Kernel, Law, Ring, Role, View};
use crate::ty::{DType, Dim, Sym};

/// Elements of all arrays of one point at most.
const ELEMENTS: usize = 2_000_000;

/// Where a point lies.
const RANGES: [(f64, f64); 4] = [(-2.0, 2.0), (0.1, 3.0), (0.1, 0.9), (-0.9, 0.9)];

/// The values of terms at one point; `None` where there is none.
pub(super) struct Point {
    values: Vec<Option<ArrayD<f64>>>,
    /// The largest number that a term is made of.
    sizes: Vec<f64>,
}

impl Point {
    /// Is every element of `left` that is finite about that of `right`? `None` where nothing is compared.
    pub(super) fn agree(&self, left: TermId, right: TermId) -> Option<bool> {
        let (a, b) = (self.values[left as usize].as_ref()?, self.values[right as usize].as_ref()?);
        if a.shape() != b.shape() {
            return Some(false);
        }
        let size = self.sizes[left as usize].max(self.sizes[right as usize]).max(1.0);
        let mut pairs = a.iter().zip(b).filter(|(x, _)| x.is_finite()).peekable();
        pairs.peek()?;
        Some(pairs.all(|(x, y)| (x - y).abs() <= 1e-6 * size))
    }
}

/// Points at which terms have values; none when the arrays would be large or lengths do not fit.
pub(super) fn points(terms: &Terms, wanted: &[bool]) -> Vec<Point> {
    let spread: &dyn Fn(usize) -> usize = &|i| 2 + i % 3;
    let long: &dyn Fn(usize) -> usize = &|i| 6 + i % 3;
    for lengths in [spread, long, &|_| 3, &|_| 2, &|_| 1] {
        let found: Option<Vec<Point>> = (0..RANGES.len()).map(|k| point(terms, wanted, k, lengths)).collect();
        if let Some(found) = found {
            return found;
        }
    }
    Vec::new()
}

fn point(terms: &Terms, wanted: &[bool], k: usize, lengths: &dyn Fn(usize) -> usize) -> Option<Point> {
    let symbols = symbols(terms, lengths);
    let symbol = |s: &Sym| symbols.get(s).copied();
    let lens = |dims: &[Dim]| dims.iter().map(|d| d.eval(&symbol)).collect::<Option<Vec<usize>>>();
    let mut random = SplitMix::new(u64::try_from(k).unwrap_or(0));
    let mut out = Point { values: vec![None; terms.len()], sizes: vec![0.0; terms.len()] };
    let mut total = 0usize;
    for (i, _) in wanted.iter().enumerate().filter(|(_, w)| **w) {
        let t = u32::try_from(i).ok()?;
        let term = terms.term(t);
        let shape = lens(terms.ty(t).shape.dims())?;
        total = total.checked_add(shape.iter().product())?;
        if total > ELEMENTS {
            return None;
        }
        let value = match &term.head {
            Head::Var(_) => {
                let dtype = terms.ty(t).dtype;
                let (lo, hi) = RANGES[k];
                Some(ArrayD::from_shape_simple_fn(IxDyn(&shape), || element(dtype, lo, hi, &mut random)))
            }
            Head::Const(b) => Some(ArrayD::from_elem(IxDyn(&[]), f64::from_bits(*b))),
            Head::Int(_, x) => crate::facts::exact(*x).map(|x| ArrayD::from_elem(IxDyn(&[]), x)),
            Head::Size(d) => {
                #[allow(clippy::cast_precision_loss, reason = "a small number")]
                let n = d.eval(&symbol)? as f64;
                Some(ArrayD::from_elem(IxDyn(&[]), n))
            }
            Head::Op(op, attr) => {
                if term.args.first().is_some_and(|&a| !lies_in(attr, lens, terms.ty(a).shape.dims())) {
                    return None;
                }
                let args: Option<Vec<&ArrayD<f64>>> =
                    term.args.iter().map(|&a| out.values[a as usize].as_ref()).collect();
                args.and_then(|args| apply(*op, attr, &args, &shape).ok())
            }
        };
        let own = value.iter().flatten().filter(|x| x.is_finite()).fold(0.0f64, |m, x| m.max(x.abs()));
        out.sizes[i] = term.args.iter().fold(own, |m, &a| m.max(out.sizes[a as usize]));
        out.values[i] = value;
    }
    Some(out)
}

/// Do the positions of an index lie in what it reads or writes?
fn lies_in(attr: &Attr, lens: impl Fn(&[Dim]) -> Option<Vec<usize>>, of: &[Dim]) -> bool {
    let (Attr::Index(items), Some(of)) = (attr, lens(of)) else { return true };
    let axes = items.iter().filter(|i| !matches!(i, IndexItem::NewAxis));
    axes.zip(of).all(|(item, n)| match item {
        IndexItem::At(i) => i64::try_from(n).is_ok_and(|n| (-n..n).contains(i)),
        _ => true,
    })
}

fn element(dtype: DType, lo: f64, hi: f64, random: &mut SplitMix) -> f64 {
    let x = lo + (hi - lo) * random.unit();
    if dtype == DType::Bool {
        f64::from(random.unit() < 0.5)
    } else if dtype.is_float() {
        x
    } else {
        x.round()
    }
}

/// A length for every symbol of the inputs.
fn symbols(terms: &Terms, lengths: &dyn Fn(usize) -> usize) -> BTreeMap<Sym, usize> {
    let mut all = BTreeMap::new();
    for (_, facts) in terms.vars() {
        for dim in facts.ty.shape.dims() {
            if let Dim::Sym(s) = dim {
                let next = lengths(all.len());
                all.entry(s.clone()).or_insert(next);
            }
        }
    }
    all
}

/// Do two terms agree, element by element, with 75 digits? What is not elementwise stands for itself
/// and may be any number, but that a sum of sums or differences is those of the sums. `None` where nothing could be
/// compared.
pub(super) fn identical(terms: &Terms, left: TermId, right: TermId) -> Option<bool> {
    let seen = terms.reached(&[left, right]);
    let inner = elementwise(terms, left, right);
    let mut compared = None;
    for k in 0..8u64 {
        let mut random = SplitMix::new(k + 100);
        let (lo, hi) = RANGES[usize::try_from(k).unwrap_or(0) % RANGES.len()];
        let mut values: Vec<Option<Real>> = vec![None; terms.len()];
        let mut summed: BTreeMap<(TermId, Vec<usize>), Real> = BTreeMap::new();
        let mut size = Real::from(1.0);
        for (i, _) in seen.iter().enumerate().filter(|(_, s)| **s) {
            let t = u32::try_from(i).ok()?;
            let term = terms.term(t);
            let value = match &term.head {
                Head::Const(b) => Real::from(f64::from_bits(*b)),
                Head::Int(_, x) => Real::from(crate::facts::exact(*x)?),
                Head::Size(_) => Real::from((2.0 + 8.0 * random.unit()).round()),
                Head::Op(op, attr) if !inner[i] && op.def().has(Law::Total) => {
                    let over = term.args[0];
                    let axes = attr.axes(terms.ty(over).rank());
                    parts(terms, over).into_iter().fold(Real::from(0.0), |total, (part, times)| {
                        let any = || Real::from(element(terms.ty(t).dtype, lo, hi, &mut random));
                        total + summed.entry((part, axes.clone())).or_insert_with(any).clone() * times
                    })
                }
                _ if !inner[i] => Real::from(element(terms.ty(t).dtype, lo, hi, &mut random)),
                Head::Op(op, _) => {
                    let args: Option<Vec<Real>> =
                        term.args.iter().map(|&a| values[a as usize].clone()).collect();
                    match (op.def().real, args?) {
                        (Some(f), args) => f(&args),
                        (None, args) => args.first()?.clone(),
                    }
                }
                Head::Var(_) => Real::nan(),
            };
            if !value.is_nan() && !value.is_infinite() && value.abs() > size {
                size = value.abs();
            }
            values[i] = Some(value);
        }
        let (a, b) = (values[left as usize].clone()?, values[right as usize].clone()?);
        if [&a, &b].iter().any(|x| x.is_nan() || x.is_infinite()) {
            continue;
        }
        if (a - b).abs() > size * Real::from(1e-55) {
            return Some(false);
        }
        compared = Some(true);
    }
    compared
}

/// What a term adds and subtracts, of its own shape: the parts, each with how often it is added.
fn parts(terms: &Terms, t: TermId) -> Vec<(TermId, Real)> {
    // Operands come before what is made of them.
    let (mut open, mut out) = (BTreeMap::from([(t, Real::from(1.0))]), Vec::new());
    while let Some((part, times)) = open.pop_last() {
        let term = terms.term(part);
        let ring = match &term.head {
            Head::Op(op, _) if term.args.iter().all(|&a| terms.ty(a) == terms.ty(t)) => op.def().ring,
            _ => Ring::None,
        };
        let mut add = |a: TermId, times: Real| {
            let all = open.remove(&a).map_or(times.clone(), |more| more + times);
            open.insert(a, all);
        };
        match (ring, &term.args[..]) {
            (Ring::Sum, &[a, b]) => {
                add(a, times.clone());
                add(b, times);
            }
            (Ring::Difference, &[a, b]) => {
                add(a, times.clone());
                add(b, -times);
            }
            (Ring::Opposite, &[a]) => add(a, -times),
            _ => out.push((part, times)),
        }
    }
    out
}

/// The terms below two that are computed element by element, up to what is not.
fn elementwise(terms: &Terms, left: TermId, right: TermId) -> Vec<bool> {
    let mut inner = vec![false; terms.len()];
    let mut stack = vec![left, right];
    while let Some(t) = stack.pop() {
        let Head::Op(op, _) = &terms.term(t).head else { continue };
        let def = op.def();
        let moved = matches!(def.kernel, Kernel::View(View::Broadcast));
        if (moved || def.role == Role::Elementwise && def.real.is_some()) && !inner[t as usize] {
            inner[t as usize] = true;
            stack.extend(terms.term(t).args.iter().copied());
        }
    }
    inner
}
