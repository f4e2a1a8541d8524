//! What the rows of the table claim: derivatives, accuracy, laws.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::float_cmp, reason = "bits are what is tested")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

mod support;

use egrad::function::{Function, OnUnused, Options};
use egrad::num::{Real, ulps};
use egrad::op::{Attr, AttrKind, Derivative, Fold, IndexItem, Interval, Kernel, Law, Op, Place, Role};
use egrad::prelude::*;
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use support::{Rng, SPECIAL};

/// The scalar kernel of an elementwise row, on a slice of operands.
fn kernel(op: Op, x: &[f64]) -> Option<f64> {
    match (op.def().kernel, x) {
        (Kernel::Map1(k), [a]) => Some((k.scalar)(*a)),
        (Kernel::Map2(k), [a, b]) => Some((k.scalar)(*a, *b)),
        (Kernel::Map3(k), [a, b, c]) => Some((k.scalar)(*a, *b, *c)),
        _ => None,
    }
}

fn arity(op: Op) -> Option<usize> {
    match op.def().kernel {
        Kernel::Map1(_) => Some(1),
        Kernel::Map2(_) => Some(2),
        Kernel::Map3(_) => Some(3),
        _ => None,
    }
}

/// Ordinary points over many sizes.
fn points(rng: &mut Rng, n: usize) -> Vec<f64> {
    let mut out: Vec<f64> = vec![0.5, 1.0, 2.0, 3.0, -0.5, -1.0, -2.0, 1e-8, -1e-8, 1e-20, 36.0, -36.0];
    for _ in 0..n {
        let size = libm::exp10(rng.between(-6.0, 2.0));
        out.push(if rng.next().is_multiple_of(2) { size } else { -size });
        out.push(rng.between(-3.0, 3.0));
    }
    out
}

#[test]
fn kernels_are_as_accurate_as_stated() {
    let mut table = String::from("largest error on sampled points, in units in the last place\n\n");
    for &op in Op::ALL {
        let (Some(real), Some(n)) = (op.def().real, arity(op)) else { continue };
        let mut rng = Rng::new(20);
        let mut worst = 0.0f64;
        let xs = points(&mut rng, 1500);
        for k in 0..xs.len() {
            let x: Vec<f64> = (0..n).map(|i| xs[(k * (1 + 6 * i) + i * 11) % xs.len()]).collect();
            let got = kernel(op, &x).unwrap();
            let reals: Vec<Real> = x.iter().map(|&v| v.into()).collect();
            let exact = real(&reals).to_f64();
            // Below the normal range the unit is absolute.
            let error = ulps(got, exact);
            assert!(error.is_finite(), "{} of {x:?}: {got:e}, should be {exact:e}", op.def().name);
            worst = worst.max(error);
        }
        let claim = match worst {
            0.0 => "= 0".to_string(),
            w => {
                let ceiling = [1.0, 2.0, 4.0, 8.0, 16.0].into_iter().find(|c| w <= *c);
                ceiling.map_or("> 16".to_string(), |c| format!("<= {c}"))
            }
        };
        table.push_str(&format!("{:<20}{claim}\n", op.def().name));
    }
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("ops__ulp", table) });
}

#[test]
fn laws_hold_bit_for_bit() {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    let mut rng = Rng::new(21);
    let mut xs: Vec<f64> = SPECIAL.to_vec();
    xs.extend(points(&mut rng, 150));
    for &op in Op::ALL {
        let Some(n) = arity(op) else { continue };
        let def = op.def();
        let f = |x: &[f64]| kernel(op, x).unwrap();
        if n == 2 && def.has(Law::Commutative) {
            for &a in &xs {
                for &b in &xs {
                    assert!(same(f(&[a, b]), f(&[b, a])), "{}: {a:e} {b:e}", def.name);
                }
            }
        }
        if n != 1 {
            continue;
        }
        for &a in &xs {
            let y = f(&[a]);
            if def.has(Law::Odd) {
                assert!(same(f(&[-a]), -y), "{} is not odd at {a:e}", def.name);
            }
            if def.has(Law::Even) {
                assert!(same(f(&[-a]), y), "{} is not even at {a:e}", def.name);
            }
            if def.has(Law::Idempotent) {
                assert!(same(f(&[y]), y), "{} is not idempotent at {a:e}", def.name);
            }
        }
        if def.has(Law::Increasing) {
            let mut sorted: Vec<f64> = xs.iter().copied().filter(|x| !x.is_nan()).collect();
            // Neighbours are where rounding would break it.
            sorted.extend(points(&mut rng, 20_000));
            let near: Vec<f64> = sorted.iter().flat_map(|x| [x.next_up(), x.next_down()]).collect();
            sorted.extend(near);
            sorted.sort_by(f64::total_cmp);
            let ys: Vec<(f64, f64)> =
                sorted.iter().map(|&x| (x, f(&[x]))).filter(|(_, y)| !y.is_nan()).collect();
            for w in ys.windows(2) {
                assert!(w[0].1 <= w[1].1, "{} decreases from {:e} to {:e}", def.name, w[0].0, w[1].0);
            }
        }
    }
}

#[test]
fn ranges_hold() {
    let mut rng = Rng::new(22);
    let mut xs: Vec<f64> = SPECIAL.to_vec();
    xs.extend(points(&mut rng, 40));
    xs.retain(|x| !x.is_nan());
    for &op in Op::ALL {
        let Some(n) = arity(op) else { continue };
        for law in op.def().laws {
            for _ in 0..4000 {
                let mut pick = || xs[(rng.next() % xs.len() as u64) as usize];
                let ranges: Vec<Interval> = (0..n)
                    .map(|_| {
                        let (a, b) = (pick(), pick());
                        Interval { lo: a.min(b), hi: a.max(b) }
                    })
                    .collect();
                let inside: Vec<f64> = ranges
                    .iter()
                    .map(|r| match pick().clamp(r.lo, r.hi) {
                        x if x == 0.0 => x.abs(),
                        x => x,
                    })
                    .collect();
                let y = kernel(op, &inside).unwrap();
                let name = op.def().name;
                match law {
                    Law::Range(f) if !y.is_nan() => {
                        let r = f(&ranges);
                        // A bound that is not a number claims nothing.
                        assert!(
                            !(y < r.lo) && !(y > r.hi),
                            "{name}{inside:?} = {y:e} outside {r:?} for {ranges:?}"
                        );
                    }
                    Law::Nonzero(f) => {
                        let folds: Vec<Fold> = ranges
                            .iter()
                            .zip(&inside)
                            .map(|(r, x)| Fold { range: *r, nonzero: *x != 0.0, integral: false })
                            .collect();
                        let finite = inside.iter().all(|x| x.is_finite() && x.abs() < 1e3 && x.abs() > 1e-3);
                        if let Some(real) = op.def().real
                            && finite
                            && f(&folds)
                        {
                            let reals: Vec<Real> = inside.iter().map(|&v| v.into()).collect();
                            assert!(!real(&reals).is_zero(), "{name}{inside:?} is zero");
                        }
                    }
                    Law::Integral => {
                        let whole: Vec<f64> = inside.iter().map(|x| x.clamp(-1e6, 1e6).round()).collect();
                        let y = kernel(op, &whole).unwrap();
                        assert!(y.is_nan() || y.fract() == 0.0, "{name}{whole:?} = {y} is no integer");
                    }
                    _ => {}
                }
            }
        }
    }
}

/// An attribute and operand shapes with which a row can be applied.
fn applications(op: Op) -> Vec<(Attr, Vec<Vec<usize>>)> {
    let slice = |start, stop, step| IndexItem::Slice { start, stop, step };
    let def = op.def();
    let n = match def.arity {
        egrad::op::Arity::Exact(n) => n,
        egrad::op::Arity::AtLeast(n) => n.max(2),
    };
    if def.role == Role::Contract {
        let shapes: [(&[usize], &[usize]); 4] =
            [(&[3], &[3]), (&[2, 3], &[3]), (&[3], &[3, 2]), (&[2, 3], &[3, 4])];
        return shapes.iter().map(|(a, b)| (Attr::None, vec![a.to_vec(), b.to_vec()])).collect();
    }
    if def.role == Role::Whole {
        let shapes: [&[&[usize]]; 8] = [
            &[&[3, 3]],
            &[&[2, 3]],
            &[&[3]],
            &[&[3, 3], &[3]],
            &[&[3, 3], &[3, 2]],
            &[&[], &[]],
            &[&[3, 2], &[2, 2]],
            &[&[3, 2], &[4], &[4, 2]],
        ];
        let attr = match def.attr {
            AttrKind::Axis => Attr::Axis(0),
            AttrKind::Part => Attr::Part(0, n - 2),
            AttrKind::Dims => Attr::Dims(vec![Dim::Known(3)]),
            _ => Attr::None,
        };
        let fits = shapes.iter().filter(|s| s.len() == n);
        return fits.map(|s| (attr.clone(), s.iter().map(|d| d.to_vec()).collect())).collect();
    }
    match def.attr {
        AttrKind::None => vec![
            (Attr::None, vec![vec![4]; n]),
            (Attr::None, (0..n).map(|i| if i % 2 == 0 { vec![2, 3] } else { vec![3] }).collect()),
            (Attr::None, (0..n).map(|i| if i % 2 == 1 { vec![2, 3] } else { vec![2, 1] }).collect()),
        ],
        AttrKind::Axes => vec![
            (Attr::Axes(vec![0]), vec![vec![2, 3]]),
            (Attr::Axes(vec![1]), vec![vec![2, 3]]),
            (Attr::Axes(vec![0, 1]), vec![vec![2, 3]]),
            (Attr::AllAxes, vec![vec![4]]),
        ],
        AttrKind::Axis => vec![
            (Attr::Axis(0), vec![vec![2, 3]; n]),
            (Attr::Axis(1), (0..n).map(|i| vec![2, i + 1]).collect()),
        ],
        AttrKind::Part => vec![(Attr::Part(0, 0), vec![vec![2, 3]; n])],
        AttrKind::Perm => vec![
            (Attr::Perm(vec![Some(1), None, Some(0)]), vec![vec![2, 3]]),
            (Attr::Perm(vec![Some(1)]), vec![vec![1, 3]]),
        ],
        AttrKind::Dims if def.role == Role::Move && matches!(def.kernel, Kernel::Reshape) => {
            vec![(Attr::Dims(vec![Dim::Known(3), Dim::Known(2)]), vec![vec![2, 3]])]
        }
        AttrKind::Dims => vec![
            (Attr::Dims(vec![Dim::Known(2), Dim::Known(3)]), vec![vec![3]]),
            (Attr::Dims(vec![Dim::Known(2), Dim::Known(3)]), vec![vec![2, 1]]),
        ],
        AttrKind::DType => vec![(Attr::DType(DType::F64), vec![vec![4]])],
        AttrKind::Places => {
            let of = |places: &[Place]| Attr::Places(places.to_vec());
            let slice = Place::Item(slice(Some(1), None, 1));
            let shapes = |last: Vec<usize>| match n {
                2 => vec![vec![3, 4], last],
                _ => vec![vec![3, 4], vec![2], last],
            };
            vec![
                (of(&[Place::Operand, Place::Item(IndexItem::At(-2))]), shapes(vec![2])),
                (of(&[slice, Place::Operand]), shapes(vec![])),
            ]
        }
        AttrKind::Index => {
            let items = vec![slice(Some(1), None, 1), IndexItem::At(-2)];
            let reverse = vec![slice(None, None, -2)];
            vec![
                (Attr::Index(items), [vec![3, 4], vec![2]][..n].to_vec()),
                (Attr::Index(reverse), [vec![3, 2], vec![1, 2]][..n].to_vec()),
            ]
        }
    }
}

/// A square matrix made definite, so that it has every factor.
trait Definite {
    fn definite(self, wanted: bool) -> Self;
}

impl Definite for ArrayD<f64> {
    fn definite(mut self, wanted: bool) -> Self {
        if let ([m, n], true) = (self.shape(), wanted)
            && m == n
        {
            self.diag_mut().map_inplace(|x| *x += 4.0);
        }
        self
    }
}

fn compile(inputs: &[Expr], output: Expr) -> Function {
    let options = Options { unused: OnUnused::Ignore, ..Options::default() };
    Function::compile_with(inputs, &[output], options).unwrap()
}

#[test]
fn derivatives_are_slopes() {
    let mut rng = Rng::new(23);
    let mut checked = 0;
    for &op in Op::ALL {
        let def = op.def();
        if matches!(def.derivative, Derivative::Undefined) || def.has(Law::Mark) {
            continue;
        }
        // How many places there are follows from the values, which are random here; places do not vary.
        if op == Op::Nonzero {
            continue;
        }
        let (mut any, mut typed) = (false, false);
        for (attr, shapes) in applications(op) {
            let operands = |dtype: DType| -> Vec<Expr> {
                let of = |i: usize| if def.disconnected.contains(&i) { dtype } else { DType::F64 };
                let named = |(i, s): (usize, &Vec<usize>)| tensor(&format!("x{i}"), of(i), Shape::known(s));
                shapes.iter().enumerate().map(named).collect()
            };
            // Indices are integers.
            let mut x = operands(DType::F64);
            if Expr::try_apply(op, attr.clone(), x.iter().cloned()).is_err() {
                x = operands(DType::I64);
            }
            let Ok(y) = Expr::try_apply(op, attr.clone(), x.iter().cloned()) else { continue };
            typed = true;
            let w = tensor("w", DType::F64, y.ty().shape.clone());
            let cost = (&w * &y).sum();
            let mut inputs = x.clone();
            inputs.push(w);
            let value = compile(&inputs, cost.clone());
            for (lo, hi) in [(0.1, 0.9), (-0.9, -0.1), (1.2, 3.0), (-0.9, 0.9)] {
                let middle = (lo + hi) / 2.0;
                let mut data: Vec<ArrayD<f64>> = inputs
                    .iter()
                    .enumerate()
                    .map(|(i, e)| {
                        let shape = e.ty().shape.as_known().unwrap();
                        // Of three operands the last two may be bounds.
                        let (lo, hi) = match i {
                            1 if x.len() == 3 => (lo, middle),
                            2 if x.len() == 3 => (middle, hi),
                            _ => (lo, hi),
                        };
                        let whole = e.ty().dtype.is_int() || x.len() > 1 && def.disconnected.contains(&i);
                        ArrayD::from_shape_simple_fn(IxDyn(&shape), || {
                            let v = rng.between(lo, hi);
                            if whole { v.round().abs().min(2.0) } else { v }
                        })
                        .definite(def.role == Role::Whole && !whole)
                    })
                    .collect();
                let at = |data: &[ArrayD<f64>], f: &Function| {
                    let views: Vec<ArrayViewD<'_, f64>> = data.iter().map(|d| d.view()).collect();
                    f.call(&views).unwrap().swap_remove(0)
                };
                if !at(&data, &value)[[]].is_finite() {
                    continue;
                }
                for i in 0..x.len() {
                    if def.disconnected.contains(&i) {
                        assert!(x.len() > 1 || grad(&cost, &x[i]).is_err());
                        continue;
                    }
                    let g = compile(&inputs, grad(&cost, &x[i]).unwrap());
                    let slopes = at(&data, &g);
                    assert_eq!(slopes.shape(), data[i].shape(), "{}", def.name);
                    let places: Vec<IxDyn> = data[i].indexed_iter().map(|(p, _)| p).collect();
                    for p in places {
                        let v = data[i][&p];
                        let h = 1e-5;
                        data[i][&p] = v + h;
                        let up = at(&data, &value)[[]];
                        data[i][&p] = v - h;
                        let down = at(&data, &value)[[]];
                        data[i][&p] = v;
                        let slope = (up - down) / (2.0 * h);
                        // Nothing is claimed at a kink.
                        let here = at(&data, &value)[[]];
                        let kink = (up - here - (here - down)).abs() > 1e-3 * h;
                        if !slope.is_finite() || kink && matches!(def.kernel, Kernel::Reduce { .. }) {
                            continue;
                        }
                        let got = slopes[&p];
                        assert!(
                            (got - slope).abs() <= 1e-6 * (1.0 + slope.abs()),
                            "{} {attr:?}, operand {i} at {p:?}: {got} should be {slope}",
                            def.name
                        );
                        any = true;
                    }
                }
            }
        }
        let only_disconnected = def.disconnected.len() == 1 && def.arity.admits(1);
        // An operator of integers has no slope.
        assert!(any || !typed || only_disconnected, "the derivative of {} was not checked", def.name);
        checked += usize::from(any);
    }
    assert!(checked > 40, "{checked}");
}
