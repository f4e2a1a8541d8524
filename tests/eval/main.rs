//! Plans against the reference, bit for bit.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::float_cmp, reason = "bits are what is tested")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

mod fusion;
#[path = "../support/mod.rs"]
mod support;

use egrad::eval::{Plan, RunError, reference};
use egrad::expr::{Expr, concatenate, dot};
use egrad::graph::import;
use egrad::op::{Attr, IndexItem, Kernel, Op};
use egrad::prelude::*;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};
use support::{Rng, array, close, run, special};

/// How results may differ.
#[derive(Clone, Copy, PartialEq)]
enum Equal {
    /// Not at all; NaNs are one.
    Bits,
    /// By the rounding of sums: relative to the sum of absolute values, which is at most `scale`.
    Sum(f64),
}

/// Runs the plan of `outputs` and the reference on the same inputs.
#[track_caller]
fn check(inputs: &[Expr], outputs: &[Expr], values: &[ArrayViewD<'_, f64>], equal: Equal) -> Plan {
    let imported = import(inputs, outputs).unwrap();
    let plan = Plan::new(&imported.graph, &imported.roots).unwrap();
    let expected = reference::evaluate(&imported.graph, &imported.roots, values).unwrap();
    let got = run(&plan, values).unwrap();
    assert_eq!(got.len(), expected.len());
    for (k, (x, y)) in got.iter().zip(&expected).enumerate() {
        assert_eq!(x.shape(), y.shape(), "output {k}\n{plan}");
        for (i, (a, b)) in x.iter().zip(y).enumerate() {
            let same = match equal {
                Equal::Bits => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
                Equal::Sum(scale) => close(*a, *b, scale),
            };
            assert!(same, "output {k}, element {i}: plan {a:e}, reference {b:e}\n{plan}");
        }
    }
    plan
}

/// The same values with other strides: turned round, transposed, with gaps, repeated.
fn disguises(x: &ArrayD<f64>) -> Vec<ArrayD<f64>> {
    let mut out = vec![x.clone()];
    let rank = x.ndim();
    for axis in 0..rank {
        let mut back = x.clone();
        back.invert_axis(Axis(axis));
        let mut y = back.as_standard_layout().to_owned();
        y.invert_axis(Axis(axis));
        out.push(y);
        let mut shape = x.shape().to_vec();
        shape[axis] *= 2;
        let mut wide = ArrayD::from_elem(IxDyn(&shape), f64::NAN);
        wide.slice_axis_mut(Axis(axis), Slice::new(0, None, 2)).assign(x);
        out.push({
            let mut w = wide;
            w.slice_axis_inplace(Axis(axis), Slice::new(0, None, 2));
            w
        });
    }
    out.push(x.t().as_standard_layout().to_owned().reversed_axes());
    out
}

fn sized(name: &str, shape: &[usize]) -> Expr {
    tensor(name, DType::F64, Shape::known(shape))
}

#[test]
fn every_elementwise_row() {
    let mut rng = Rng::new(1);
    for &op in Op::ALL {
        let def = op.def();
        let arity = match def.kernel {
            Kernel::Map1(_) => 1,
            Kernel::Map2(_) => 2,
            Kernel::Map3(_) => 3,
            _ => continue,
        };
        let attr = if def.attr == egrad::op::AttrKind::DType { Attr::DType(DType::F64) } else { Attr::None };
        let x: Vec<Expr> = (0..arity).map(|i| dvector(&format!("x{i}"))).collect();
        let y = Expr::apply(op, attr, x.iter().cloned());
        for n in [0, 1, 7, 511, 512, 513, 1700] {
            let values: Vec<ArrayD<f64>> = (0..arity).map(|_| special(&mut rng, &[n])).collect();
            let views: Vec<_> = values.iter().map(|v| v.view()).collect();
            let plan = check(&x, &[y.clone()], &views, Equal::Bits);
            assert_eq!(plan.steps().len(), 1);
        }
    }
}

#[test]
fn every_reduction_over_every_axis() {
    let mut rng = Rng::new(2);
    let shapes: [&[usize]; 9] =
        [&[5], &[2000], &[3, 4], &[40, 3], &[3, 700], &[700, 3], &[2, 3, 4], &[5, 1, 600], &[1, 1]];
    for &op in Op::ALL {
        if !matches!(op.def().kernel, Kernel::Reduce { .. }) {
            continue;
        }
        for shape in shapes {
            for mask in 0..1u32 << shape.len() {
                let axes: Vec<usize> = (0..shape.len()).filter(|a| (mask >> a) & 1 == 1).collect();
                let x = sized("x", shape);
                let y = Expr::apply(op, Attr::Axes(axes), [x.clone()]);
                // Near 1, so that products neither vanish nor overflow.
                let value = array(&mut rng, shape).mapv(|v| 1.0 + v / 1e4);
                for d in disguises(&value) {
                    check(&[x.clone()], &[y.clone()], &[d.view()], Equal::Sum(3000.0));
                }
            }
        }
    }
}

#[test]
fn extremes_pass_nan_on_and_empty_folds_have_their_value() {
    let x = dmatrix("x");
    let folds: Vec<Expr> = Op::ALL
        .iter()
        .filter(|op| matches!(op.def().kernel, Kernel::Reduce { init: None, .. }))
        .map(|op| Expr::apply(*op, Attr::Axes(vec![1]), [x.clone()]))
        .collect();
    assert!(!folds.is_empty());
    for at in [0, 1, 17, 599] {
        let mut value = array(&mut Rng::new(3), &[3, 600]);
        value[[1, at]] = f64::NAN;
        check(&[x.clone()], &folds, &[value.view()], Equal::Bits);
    }
    let sums: Vec<Expr> = Op::ALL
        .iter()
        .filter(|op| matches!(op.def().kernel, Kernel::Reduce { init: Some(_), .. }))
        .flat_map(|op| [vec![0], vec![1], vec![0, 1]].map(|a| Expr::apply(*op, Attr::Axes(a), [x.clone()])))
        .collect();
    for shape in [[0, 3], [3, 0], [0, 0]] {
        check(&[x.clone()], &sums, &[ArrayD::zeros(IxDyn(&shape)).view()], Equal::Bits);
    }
    let imported = import(&[x.clone()], &folds).unwrap();
    let plan = Plan::new(&imported.graph, &imported.roots).unwrap();
    let empty = ArrayD::zeros(IxDyn(&[3, 0]));
    assert!(matches!(run(&plan, &[empty.view()]), Err(RunError::EmptyFold { .. })));
}

#[test]
fn broadcasting_in_every_position() {
    let mut rng = Rng::new(4);
    let shapes: [&[usize]; 10] =
        [&[], &[1], &[4], &[3, 1], &[1, 4], &[3, 4], &[2, 1, 1], &[2, 1, 4], &[2, 3, 1], &[1, 1, 1]];
    for a in shapes {
        for b in shapes {
            let (x, y) = (sized("x", a), sized("y", b));
            let z = (&x - &y) * 2.0 + &x;
            let (u, v) = (special(&mut rng, a), special(&mut rng, b));
            check(&[x, y], &[z], &[u.view(), v.view()], Equal::Bits);
        }
    }
}

#[test]
fn views_of_views() {
    let mut rng = Rng::new(5);
    let x = sized("x", &[4, 6]);
    let slice = |start, stop, step| IndexItem::Slice { start, stop, step };
    let indices = [
        vec![slice(None, None, -1)],
        vec![slice(Some(1), Some(-1), 2), slice(Some(-2), Some(0), -1)],
        vec![IndexItem::At(-1)],
        vec![IndexItem::NewAxis, slice(Some(2), Some(2), 1)],
        vec![IndexItem::At(1), IndexItem::At(2)],
        vec![slice(None, None, 1), IndexItem::At(0), IndexItem::NewAxis],
    ];
    let mut outputs = vec![x.t(), x.t().t(), x.dimshuffle([Some(1), None, Some(0)]), x.clone()];
    for items in &indices {
        outputs.push(x.index(items));
        outputs.push(x.t().index(items).exp());
        outputs.push((&x * 2.0).index(items));
        outputs.push(x.index(items).sum());
    }
    outputs.push(x.t().reshape_to(&[Dim::Known(3), Dim::Known(8)]));
    outputs.push(x.reshape_to(&[Dim::Known(24)]).exp());
    outputs.push(x.broadcast_to(&[Dim::Known(2), Dim::Known(4), Dim::Known(6)]).sum_axes(&[1]));
    for d in disguises(&array(&mut rng, &[4, 6])) {
        check(&[x.clone()], &outputs, &[d.view()], Equal::Sum(100.0));
    }
}

#[test]
fn joins_and_writes() {
    let mut rng = Rng::new(6);
    let (x, y, c) = (sized("x", &[4, 5]), sized("y", &[2, 5]), dscalar("c"));
    let slice = |start, stop, step| IndexItem::Slice { start, stop, step };
    let rows = Attr::Index(vec![slice(Some(-1), None, -2)]);
    let column = Attr::Index(vec![slice(None, None, 1), IndexItem::At(-2)]);
    let mut outputs = vec![
        concatenate(&[x.clone(), y.clone()], 0),
        concatenate(&[x.t(), y.exp().t(), x.t()], 1),
        concatenate(std::slice::from_ref(&x), 0),
    ];
    for &op in Op::ALL {
        if matches!(op.def().kernel, Kernel::IncAt | Kernel::SetAt) {
            outputs.push(Expr::apply(op, rows.clone(), [x.clone(), y.clone()]));
            outputs.push(Expr::apply(op, column.clone(), [x.clone(), c.clone()]));
            outputs.push(Expr::apply(
                op,
                column.clone(),
                [x.zeros_like(), x.index(&[IndexItem::At(0)]).index(&[slice(Some(0), Some(4), 1)])],
            ));
            outputs.push(Expr::apply(op, Attr::Index(vec![]), [c.clone(), c.exp()]));
        }
    }
    let (u, v, w) = (special(&mut rng, &[4, 5]), special(&mut rng, &[2, 5]), special(&mut rng, &[]));
    for d in disguises(&u) {
        check(&[x.clone(), y.clone(), c.clone()], &outputs, &[d.view(), v.view(), w.view()], Equal::Bits);
    }
}

#[test]
fn products_of_every_kind_and_stride() {
    let mut rng = Rng::new(7);
    for (m, k, n) in
        [(3, 4, 5), (1, 7, 1), (1, 3, 4), (4, 3, 1), (70, 600, 3), (2, 0, 3), (0, 4, 2), (9, 1, 8)]
    {
        let (a, b) = (sized("a", &[m, k]), sized("b", &[k, n]));
        let (p, q) = (sized("p", &[k]), sized("q", &[k]));
        let at = |x: &Expr| x.exp().t();
        let outputs = [
            dot(&a, &b),
            dot(&a, &p),
            dot(&p, &b),
            dot(&p, &q),
            dot(&at(&b), &at(&a)),
            dot(&p.index(&[IndexItem::Slice { start: None, stop: None, step: -1 }]), &b),
            dot(&a.ones_like(), &b),
            dot(&p.zeros_like(), &q) + &q,
        ];
        let values = [
            array(&mut rng, &[m, k]),
            array(&mut rng, &[k, n]),
            array(&mut rng, &[k]),
            array(&mut rng, &[k]),
        ];
        for i in 0..4 {
            for d in disguises(&values[i]) {
                let mut views: Vec<_> = values.iter().map(|v| v.view()).collect();
                views[i] = d.view();
                check(&[a.clone(), b.clone(), p.clone(), q.clone()], &outputs, &views, Equal::Sum(1e5));
            }
        }
    }
}

#[test]
fn elementwise_and_its_reductions_are_one_loop() {
    let (x, y) = (dvector("x"), dvector("y"));
    let r = (&x - &y).sqr();
    let outputs = [r.exp(), r.sum(), r.reduce_axes(Op::Max, &[0]), (&x * &y).sum()];
    let mut rng = Rng::new(8);
    let (u, v) = (array(&mut rng, &[1000]), array(&mut rng, &[1000]));
    let plan = check(&[x, y], &outputs, &[u.view(), v.view()], Equal::Sum(1e5));
    let shown = plan.to_string();
    assert_eq!(
        shown,
        "loop [x.0]: 2 read, 4 computed, 1 stored, 3 reduced, 4 registers\npieces of memory: 0"
    );
}

#[test]
fn cheap_nodes_are_computed_again_rather_than_stored() {
    let x = dmatrix("x");
    let centered = &x - x.mean_axes(&[1]).dimshuffle([Some(0), None]);
    let deviation = (centered.sqr().mean_axes(&[1]) + 1e-5).sqrt();
    let y = &centered / deviation.dimshuffle([Some(0), None]);
    let value = array(&mut Rng::new(9), &[7, 30]);
    let plan = check(&[x], &[y], &[value.view()], Equal::Sum(10.0));
    assert_eq!(
        plan.to_string(),
        "in bands of [x.0]:\n\
         loop [x.0, x.1]: 1 read, 0 computed, 0 stored, 1 reduced, 1 registers\n\
         loop [x.0]: 2 read, 1 computed, 1 stored, 0 reduced, 3 registers\n\
         loop [x.0, x.1]: 2 read, 2 computed, 0 stored, 1 reduced, 3 registers\n\
         loop [x.0]: 3 read, 3 computed, 1 stored, 0 reduced, 4 registers\n\
         loop [x.0, x.1]: 3 read, 2 computed, 1 stored, 0 reduced, 3 registers\n\
         pieces of memory: 4"
    );
}

/// A product with what is computed again is, where that reads two arrays; the sum of three is stored.
#[test]
fn few_cheap_nodes_are_computed_again_together() {
    let (x, y, z) = (dmatrix("x"), dmatrix("y"), dmatrix("z"));
    let centered = &x - x.mean_axes(&[1]).dimshuffle([Some(0), None]);
    let values: Vec<_> = (0..3).map(|k| array(&mut Rng::new(k), &[7, 30])).collect();
    let stored = |product: Expr, used: usize| {
        let scaled = &product / product.sum_axes(&[1]).dimshuffle([Some(0), None]);
        let inputs = [&x, &y, &z].map(Clone::clone);
        let views: Vec<_> = values[..used].iter().map(|v| v.view()).collect();
        let plan = check(&inputs[..used], &[scaled], &views, Equal::Sum(1e3)).to_string();
        let over_all = plan.lines().filter(|l| l.starts_with("loop [x.0, x.1]"));
        over_all.filter(|l| l.contains(" 1 stored")).count()
    };
    assert_eq!(stored(&centered * &y, 2), 1);
    assert_eq!(stored(&(&centered * &y) * &z, 3), 2);
}

#[test]
fn a_reduction_over_a_huge_broadcast_takes_no_memory() {
    let x = dscalar("x");
    let huge = x.broadcast_to(&[Dim::Known(1000), Dim::Known(100_000)]);
    let y = (huge.exp() * 2.0).sum();
    let imported = import(&[x.clone()], &[y]).unwrap();
    let plan = Plan::new(&imported.graph, &imported.roots).unwrap();
    let zero = ArrayD::zeros(IxDyn(&[]));
    assert_eq!(run(&plan, &[zero.view()]).unwrap()[0][[]], 2e8);
    let absurd = x.broadcast_to(&[Dim::Known(1_000_000), Dim::Known(1_000_000)]);
    let imported = import(&[x], &[absurd]).unwrap();
    let plan = Plan::new(&imported.graph, &imported.roots).unwrap();
    let error = run(&plan, &[zero.view()]).unwrap_err();
    assert_eq!(error.to_string(), "an array of shape [1000000, 1000000] has more than 4294967296 elements");
}

#[test]
fn a_million_nested_operators_in_a_small_thread() {
    let work = || {
        for rank in [0, 1] {
            let x = if rank == 0 { dscalar("x") } else { dvector("x") };
            let mut y = x.clone();
            for i in 0..1_000_000 {
                y = if i % 2 == 0 { y + 1.0 } else { y * 0.5 };
            }
            let imported = import(&[x], &[y]).unwrap();
            let plan = Plan::new(&imported.graph, &imported.roots).unwrap();
            if let egrad::eval::Step::Fused(l) = &plan.steps()[0] {
                assert!(l.registers < 8, "{} registers", l.registers);
            }
            let value = ArrayD::from_elem(IxDyn(&vec![3; rank]), 1.0);
            let got = run(&plan, &[value.view()]).unwrap();
            assert!(got[0].iter().all(|v| (v - 1.0).abs() < 1e-9));
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn many_distinct_constants_keep_registers_few() {
    let x = dvector("x");
    let mut y = x.clone();
    for i in 0..5000 {
        y = (y + f64::from(i)).tanh();
    }
    let value = array(&mut Rng::new(10), &[600]);
    let plan = check(&[x], &[y], &[value.view()], Equal::Bits);
    let egrad::eval::Step::Fused(l) = &plan.steps()[0] else { panic!("{plan}") };
    assert!(l.registers < 32, "{} registers", l.registers);
}

#[test]
fn memory_is_used_again() {
    let x = sized("x", &[20, 20]);
    let mut y = x.clone();
    for _ in 0..50 {
        y = dot(&y, &x).tanh() * 0.05;
    }
    let value = array(&mut Rng::new(11), &[20, 20]);
    let plan = check(&[x], &[y], &[value.view()], Equal::Sum(1e4));
    assert!(plan.pieces() <= 2, "{plan}");
}
