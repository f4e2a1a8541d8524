//! Compiled loops against the block interpreter, bit for bit, at every width of this processor.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use egrad::eval::{Backend, Blocks, Limits, Plan, Scratch, Step};
use egrad::expr::Expr;
use egrad::graph::import;
use egrad::native::{Native, Width};
use egrad::op::{Attr, Kernel, Op, Role};
use egrad::prelude::*;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};
use support::{Rng, array, special};

fn widths() -> Vec<Native> {
    [Width::Avx2, Width::Avx512].into_iter().filter_map(Native::with_width).collect()
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

fn run(backend: &dyn Backend, plan: &Plan, values: &[ArrayViewD<'_, f64>]) -> Vec<ArrayD<f64>> {
    let mut scratch = Scratch::default();
    plan.prepare(values, &mut scratch, Limits::default()).unwrap();
    let mut out: Vec<ArrayD<f64>> = (0..plan.output_count())
        .map(|k| ArrayD::from_elem(IxDyn(&plan.output_shape(&scratch, k)), f64::NAN))
        .collect();
    let mut memory: Vec<&mut [f64]> = out.iter_mut().map(|o| o.as_slice_mut().unwrap()).collect();
    plan.run(backend, values, &mut memory, &mut scratch).unwrap();
    out
}

/// Runs a plan in blocks and as machine code.
fn compare(plan: &Plan, values: &[ArrayViewD<'_, f64>], what: &dyn std::fmt::Debug) {
    let expected = run(&Blocks, plan, values);
    for native in widths() {
        for (a, b) in run(&native, plan, values).iter().zip(&expected) {
            for (i, (p, q)) in a.iter().zip(b).enumerate() {
                assert!(same(*p, *q), "{native:?} {what:?}: {p} for {q} at {i}\n{plan}");
            }
        }
    }
}

fn plan(inputs: &[Expr], outputs: &[Expr]) -> Plan {
    let imported = import(inputs, outputs).unwrap();
    Plan::with_inputs(
        &imported.graph,
        &imported.roots,
        &inputs.iter().map(|e| (e.name().unwrap().into(), e.ty().clone())).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn compiled(plan: &Plan) -> bool {
    widths()
        .iter()
        .all(|n| plan.steps().iter().all(|s| if let Step::Fused(f) = s { n.compiles(f) } else { true }))
}

fn operators() -> Vec<Op> {
    Op::ALL
        .iter()
        .copied()
        .filter(|op| op.def().role == Role::Elementwise && op.def().kernel.record().is_some())
        .filter(|op| op.def().attr == egrad::op::AttrKind::None)
        .collect()
}

fn arity(op: Op) -> usize {
    match op.def().kernel {
        Kernel::Map1(_) => 1,
        Kernel::Map2(_) => 2,
        _ => 3,
    }
}

#[test]
fn every_operator_at_every_length() {
    let mut rng = Rng::new(1);
    let (x, y, c) = (dvector("x"), tensor("y", DType::F64, x_shape()), dscalar("c"));
    for op in operators() {
        let mut outputs = Vec::new();
        for args in [[&x, &y, &c], [&y, &c, &x], [&c, &x, &y]] {
            let args = args[..arity(op)].iter().map(|&e| e.clone());
            let e = Expr::try_apply(op, Attr::None, args).unwrap();
            if e.rank() > 0 {
                outputs.push(e);
            }
        }
        let plan = plan(&[x.clone(), y.clone(), c.clone()], &outputs);
        assert!(compiled(&plan), "{}", op.def().name);
        for n in (0..=70).chain([511, 512, 513, 1100]) {
            let (a, b, s) = (special(&mut rng, &[n]), special(&mut rng, &[n]), special(&mut rng, &[]));
            compare(&plan, &[a.view(), b.view(), s.view()], &(op.def().name, n));
        }
    }
}

fn x_shape() -> Shape {
    Shape::new([dvector("x").ty().shape.dims()[0].clone()])
}

/// A random expression over `x`, `y`, `c` and a row of arrays.
fn random(rng: &mut Rng, leaves: &[Expr], steps: usize) -> Vec<Expr> {
    let ops = operators();
    let folds: Vec<Op> =
        Op::ALL.iter().copied().filter(|op| matches!(op.def().kernel, Kernel::Reduce { .. })).collect();
    let mut pool = leaves.to_vec();
    for _ in 0..steps {
        let mut pick = |recent: bool| {
            let from = if recent { pool.len().saturating_sub(12) } else { 0 };
            pool[from + rng.next() as usize % (pool.len() - from)].clone()
        };
        let args = [pick(true), pick(true), pick(false)];
        let k = rng.next() as usize;
        let e = if k.is_multiple_of(13) && args[0].rank() > 0 {
            let axes = (0..args[0].rank()).filter(|a| (k / 16) >> a & 1 == 1).collect();
            Expr::try_apply(folds[k / 64 % folds.len()], Attr::Axes(axes), [args[0].clone()])
        } else {
            let op = ops[k % ops.len()];
            Expr::try_apply(op, Attr::None, args[..arity(op)].iter().cloned())
        };
        pool.extend(e.ok());
    }
    let k = pool.len();
    pool.split_off(k.saturating_sub(4))
}

/// Long enough that registers run out and values go to the frame.
#[test]
fn random_loops() {
    let mut whole = 0;
    for seed in 0..120 {
        let mut rng = Rng::new(seed);
        let (m, n) = ((seed % 5 + 1) as usize, (rng.next() % 70) as usize);
        let shape = |dims: &[usize]| Shape::new(dims.iter().map(|&d| Dim::Known(d)));
        let x = tensor("x", DType::F64, shape(&[m, n]));
        let y = tensor("y", DType::F64, shape(&[n]));
        let z = tensor("z", DType::F64, shape(&[m, 1]));
        let t = tensor("t", DType::F64, shape(&[n, m]));
        let c = dscalar("c");
        let steps = if seed % 3 == 0 { 150 } else { 20 };
        let leaves = [x, y, z, t, c];
        let mut usable = leaves.to_vec();
        usable[3] = leaves[3].t();
        let outputs = random(&mut rng, &usable, steps);
        let plan = plan(&leaves, &outputs);
        let make = |rng: &mut Rng, s: &[usize]| if seed % 2 == 0 { special(rng, s) } else { array(rng, s) };
        // Every second element, backwards.
        let mut wide = make(&mut rng, &[m, 2 * n]);
        wide.invert_axis(Axis(1));
        let x = wide.slice_axis(Axis(1), Slice::new(0, None, 2)).into_owned();
        let gaps = wide.slice_axis(Axis(1), Slice::new(0, None, 2));
        let (y, z, t, c) =
            (make(&mut rng, &[n]), make(&mut rng, &[m, 1]), make(&mut rng, &[n, m]), make(&mut rng, &[]));
        if n > 0 || !plan.to_string().contains("reduced") {
            for x in [x.view(), gaps] {
                compare(&plan, &[x, y.view(), z.view(), t.view(), c.view()], &seed);
            }
        }
        whole += usize::from(compiled(&plan));
    }
    assert!(whole > 100, "{whole} of 120 compiled");
}

/// Reductions along rows, of rows and of all, alone and together, over lengths about those of blocks
/// and lanes, with numbers of rows about those of one call.
#[test]
fn reductions_of_every_kind() {
    let mut rng = Rng::new(11);
    let folds: Vec<Op> =
        Op::ALL.iter().copied().filter(|op| matches!(op.def().kernel, Kernel::Reduce { .. })).collect();
    for (rows, cols) in
        [(1, 700), (2, 31), (3, 32), (5, 70), (33, 48), (65, 512), (4, 513), (7, 600), (40, 1030)]
    {
        let shape = |dims: &[usize]| Shape::new(dims.iter().map(|&d| Dim::Known(d)));
        let x = tensor("x", DType::F64, shape(&[rows, cols]));
        let y = tensor("y", DType::F64, shape(&[cols]));
        let z = tensor("z", DType::F64, shape(&[rows, 1]));
        let inputs = [x.clone(), y.clone(), z.clone()];
        let v = (&x * &y - &z) * &x;
        for (i, &op) in folds.iter().enumerate() {
            let next = folds[(i + 1) % folds.len()];
            let fold =
                |op, axes: &[usize]| Expr::try_apply(op, Attr::Axes(axes.to_vec()), [v.clone()]).unwrap();
            let groups = [
                vec![fold(op, &[1]), fold(next, &[1])],
                vec![fold(op, &[0])],
                vec![fold(op, &[0, 1]), fold(next, &[0, 1]), v.clone()],
                vec![fold(op, &[1]), fold(next, &[0]), fold(op, &[0]), &v * 2.0],
                vec![fold(op, &[0, 1]), fold(next, &[0]), fold(next, &[1])],
                vec![&v + fold(op, &[1]).dimshuffle([Some(0), None])],
            ];
            for outputs in groups {
                let plan = plan(&inputs, &outputs);
                let values =
                    [array(&mut rng, &[rows, cols]), array(&mut rng, &[cols]), array(&mut rng, &[rows, 1])];
                compare(
                    &plan,
                    &values.iter().map(|v| v.view()).collect::<Vec<_>>(),
                    &(op.def().name, rows, cols),
                );
            }
        }
    }
}

/// Rows whose first elements are apart so that stores are aligned, and rows so long that stores go past
/// the caches, at every alignment of the operands.
#[test]
fn aligned_and_streaming_stores() {
    let mut rng = Rng::new(5);
    let (x, y) = (dvector("x"), tensor("y", DType::F64, x_shape()));
    let plan = plan(&[x.clone(), y.clone()], &[(&x * &y + 0.5).exp(), &x - &y]);
    for n in [255, 256, 257, 400, 2000, (1 << 20) + 3] {
        let (a, b) = (array(&mut rng, &[n + 8]), array(&mut rng, &[n + 8]));
        for offset in if n < 3000 { 0..8 } else { 1..2 } {
            let part = |v: &ArrayD<f64>| v.slice_axis(Axis(0), Slice::from(offset..offset + n)).into_owned();
            compare(&plan, &[part(&a).view(), part(&b).view()], &(n, offset));
            let expected = run(&Blocks, &plan, &[part(&a).view(), part(&b).view()]);
            for native in widths() {
                let mut scratch = Scratch::default();
                let values = [part(&a), part(&b)];
                let views = [values[0].view(), values[1].view()];
                plan.prepare(&views, &mut scratch, Limits::default()).unwrap();
                let mut out = [vec![f64::NAN; n + 8], vec![f64::NAN; n + 8]];
                let [first, second] = &mut out;
                let mut memory = [&mut first[offset..][..n], &mut second[offset..][..n]];
                plan.run(&native, &views, &mut memory, &mut scratch).unwrap();
                for (got, expected) in out.iter().zip(&expected) {
                    assert!(got[offset..][..n].iter().zip(expected).all(|(a, b)| same(*a, *b)));
                    assert!(got[..offset].iter().chain(&got[offset + n..]).all(|x| x.is_nan()));
                }
            }
        }
    }
}

#[test]
fn many_operands() {
    let mut rng = Rng::new(7);
    let leaves: Vec<Expr> =
        (0..20).map(|k| tensor(&format!("v{k}"), DType::F64, Shape::new([Dim::Known(37)]))).collect();
    let scalars: Vec<Expr> = (0..40).map(|k| dscalar(&format!("s{k}"))).collect();
    let mut sum = leaves[0].clone();
    for (k, s) in scalars.iter().enumerate() {
        sum = (&sum * s + &leaves[k % 20]).maximum(&leaves[(k * 7) % 20] * (k as f64 + 0.5));
    }
    let inputs: Vec<Expr> = leaves.iter().chain(&scalars).cloned().collect();
    let plan = plan(&inputs, &[sum]);
    assert!(compiled(&plan));
    let values: Vec<ArrayD<f64>> =
        inputs.iter().map(|e| array(&mut rng, if e.rank() == 1 { &[37] } else { &[] })).collect();
    compare(&plan, &values.iter().map(|v| v.view()).collect::<Vec<_>>(), &"many");
}

#[cfg(target_os = "linux")]
#[test]
fn code_is_never_writable_and_executable() {
    let x = dvector("x");
    let plan = plan(std::slice::from_ref(&x), &[&x * &x + 1.0]);
    let a = ArrayD::from_elem(IxDyn(&[100]), 2.0);
    for native in widths() {
        assert_eq!(run(&native, &plan, &[a.view()])[0][[99]], 5.0);
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    for line in maps.lines() {
        let flags = line.split(' ').nth(1).unwrap();
        assert!(!(flags.contains('w') && flags.contains('x')), "{line}");
    }
}
