//! Compiled loops against the block interpreter, bit for bit, at every width of this processor.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cast_possible_truncation, reason = "rounding to singles")]

mod support;

use egrad::eval::{Array, ArrayRef, Backend, Blocks, Input, Limits, Output, Plan, Scratch, SliceMut, Step};
use egrad::expr::Expr;
use egrad::graph::import;
use egrad::native::{Native, Width};
use egrad::op::{Attr, Kernel, Op, Role};
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::parse_declarations;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};
use support::{Rng, array, special};

fn widths() -> Vec<Native> {
    [Width::Avx2, Width::Avx512].into_iter().filter_map(Native::with_width).collect()
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Inputs and outputs are in the formats of the plan.
fn run(backend: &dyn Backend, plan: &Plan, values: &[ArrayRef<'_>]) -> Vec<ArrayD<f64>> {
    let mut scratch = Scratch::default();
    plan.prepare(values, &mut scratch, Limits::default()).unwrap();
    let mut out: Vec<Array> = (0..plan.output_count())
        .map(|k| Array::zeros(plan.output_format(k).dtype(), &plan.output_shape(&scratch, k)))
        .collect();
    let mut memory: Vec<SliceMut<'_>> = out
        .iter_mut()
        .map(|o| match o {
            Array::F64(x) => SliceMut::F64(x.as_slice_mut().unwrap()),
            Array::F32(x) => SliceMut::F32(x.as_slice_mut().unwrap()),
            Array::I64(x) => SliceMut::I64(x.as_slice_mut().unwrap()),
            other => unreachable!("{other:?} is no format"),
        })
        .collect();
    plan.run(backend, values, &mut memory, &mut scratch).unwrap();
    out.iter().map(|o| o.to_f64().into_owned()).collect()
}

/// Values as an element type holds them.
fn held(dtype: DType, values: &[ArrayViewD<'_, f64>]) -> Vec<Array> {
    let single = |x: &ArrayViewD<'_, f64>| x.mapv(|x| x as f32);
    values.iter().map(|x| if dtype == DType::F32 { single(x).into() } else { x.to_owned().into() }).collect()
}

/// Runs a plan in blocks and as machine code.
fn compare(dtype: DType, plan: &Plan, values: &[ArrayViewD<'_, f64>], what: &dyn std::fmt::Debug) {
    let held = held(dtype, values);
    // Doubles are as they were given: with gaps, backwards.
    let refs: Vec<ArrayRef<'_>> = match dtype {
        DType::F64 => values.iter().map(|x| ArrayRef::F64(x.view())).collect(),
        _ => held.iter().map(Array::view).collect(),
    };
    let expected = run(&Blocks, plan, &refs);
    for native in widths() {
        for (a, b) in run(&native, plan, &refs).iter().zip(&expected) {
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

const FLOATS: [DType; 2] = [DType::F64, DType::F32];

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
    for (op, dtype) in operators().into_iter().flat_map(|op| FLOATS.map(|d| (op, d))) {
        let x = tensor("x", dtype, x_shape());
        let (y, c) = (tensor("y", dtype, x_shape()), tensor("c", dtype, Shape::new([])));
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
            compare(dtype, &plan, &[a.view(), b.view(), s.view()], &(op.def().name, n));
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
    for seed in 0..160 {
        let dtype = FLOATS[(seed / 2 % 2) as usize];
        let mut rng = Rng::new(seed);
        let (m, n) = ((seed % 5 + 1) as usize, (rng.next() % 70) as usize);
        let shape = |dims: &[usize]| Shape::new(dims.iter().map(|&d| Dim::Known(d)));
        let x = tensor("x", dtype, shape(&[m, n]));
        let y = tensor("y", dtype, shape(&[n]));
        let z = tensor("z", dtype, shape(&[m, 1]));
        let t = tensor("t", dtype, shape(&[n, m]));
        let c = tensor("c", dtype, shape(&[]));
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
                compare(dtype, &plan, &[x, y.view(), z.view(), t.view(), c.view()], &seed);
            }
        }
        whole += usize::from(compiled(&plan));
    }
    assert!(whole > 100, "{whole} of 160 compiled");
}

/// Reductions along rows, of rows and of all, alone and together, over lengths about those of blocks
/// and lanes, with numbers of rows about those of one call.
#[test]
fn reductions_of_every_kind() {
    let mut rng = Rng::new(11);
    let folds: Vec<Op> =
        Op::ALL.iter().copied().filter(|op| matches!(op.def().kernel, Kernel::Reduce { .. })).collect();
    let lens = [
        (1, 700),
        (2, 31),
        (3, 32),
        (5, 70),
        (33, 48),
        (65, 512),
        (4, 513),
        (7, 600),
        (40, 1030),
        (70, 1040),
        (300, 10),
        (17, 9),
    ];
    for ((rows, cols), dtype) in lens.into_iter().flat_map(|l| FLOATS.map(|d| (l, d))) {
        let shape = |dims: &[usize]| Shape::new(dims.iter().map(|&d| Dim::Known(d)));
        let x = tensor("x", dtype, shape(&[rows, cols]));
        let y = tensor("y", dtype, shape(&[cols]));
        let z = tensor("z", dtype, shape(&[rows, 1]));
        let inputs = [x.clone(), y.clone(), z.clone()];
        let v = (&x * &y - &z) * &x;
        for (i, &op) in folds.iter().enumerate() {
            let next = folds[(i + 1) % folds.len()];
            let fold =
                |op, axes: &[usize]| Expr::try_apply(op, Attr::Axes(axes.to_vec()), [v.clone()]).unwrap();
            // More than registers hold the partial results of; so many one after the other are joined alike.
            let several = |axes: &[usize], alike: usize| -> Vec<Expr> {
                let each = |k: usize| {
                    let (op, v) = (folds[(i + k / alike) % folds.len()], &v * (k as f64 - 2.5));
                    Expr::try_apply(op, Attr::Axes(axes.to_vec()), [v]).unwrap()
                };
                (0..=(rows + i) % 9).map(each).collect()
            };
            let groups = [
                vec![fold(op, &[1]), fold(next, &[1])],
                vec![fold(op, &[0])],
                vec![fold(op, &[0, 1]), fold(next, &[0, 1]), v.clone()],
                vec![fold(op, &[1]), fold(next, &[0]), fold(op, &[0]), &v * 2.0],
                vec![fold(op, &[0, 1]), fold(next, &[0]), fold(next, &[1])],
                vec![&v + fold(op, &[1]).dimshuffle([Some(0), None])],
                several(&[1], 1),
                several(&[1], 2 + cols % 2),
                several(&[1], 9),
                several(&[0, 1], 1),
                several(&[0, 1], 4),
            ];
            for outputs in groups {
                let plan = plan(&inputs, &outputs);
                let values =
                    [array(&mut rng, &[rows, cols]), array(&mut rng, &[cols]), array(&mut rng, &[rows, 1])];
                compare(
                    dtype,
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
fn aligned_and_streaming<T: Copy + Into<f64> + 'static>(dtype: DType, of: fn(f64) -> T, nan: T, long: usize)
where
    for<'a> &'a mut [T]: Output,
    for<'a> ArrayViewD<'a, T>: Input,
{
    let mut rng = Rng::new(5);
    let (x, y) = (tensor("x", dtype, x_shape()), tensor("y", dtype, x_shape()));
    let plan = plan(&[x.clone(), y.clone()], &[(&x * &y + 0.5).exp(), &x - &y]);
    for n in [255, 256, 257, 400, 2000, long] {
        let (a, b) = (array(&mut rng, &[n + 16]), array(&mut rng, &[n + 16]));
        for offset in if n < 3000 { 0..16 } else { 1..2 } {
            let part = |v: &ArrayD<f64>| v.slice_axis(Axis(0), Slice::from(offset..offset + n)).mapv(of);
            let values = [part(&a), part(&b)];
            let views = [values[0].view(), values[1].view()];
            let mut results = Vec::new();
            let natives = widths();
            for backend in std::iter::once(&Blocks as &dyn Backend).chain(natives.iter().map(|n| n as _)) {
                let mut scratch = Scratch::default();
                plan.prepare(&views, &mut scratch, Limits::default()).unwrap();
                let mut out = [vec![nan; n + 16], vec![nan; n + 16]];
                let [first, second] = &mut out;
                let mut memory = [&mut first[offset..][..n], &mut second[offset..][..n]];
                plan.run(backend, &views, &mut memory, &mut scratch).unwrap();
                let around = |x: &Vec<T>| [&x[..offset], &x[offset + n..]].concat();
                assert!(out.iter().all(|x| around(x).into_iter().all(|x| x.into().is_nan())));
                results.push(out.map(|x| x[offset..][..n].to_vec()));
            }
            for (got, expected) in results.iter().flat_map(|r| r.iter().zip(&results[0])) {
                assert!(got.iter().zip(expected).all(|(&a, &b)| same(a.into(), b.into())), "{n} {offset}");
            }
        }
    }
}

#[test]
fn aligned_and_streaming_stores() {
    aligned_and_streaming::<f64>(DType::F64, |x| x, f64::NAN, (1 << 20) + 3);
    aligned_and_streaming::<f32>(DType::F32, |x| x as f32, f32::NAN, (1 << 21) + 3);
}

#[test]
fn many_operands() {
    FLOATS.into_iter().for_each(many);
}

fn many(dtype: DType) {
    let mut rng = Rng::new(7);
    let leaves: Vec<Expr> =
        (0..20).map(|k| tensor(&format!("v{k}"), dtype, Shape::new([Dim::Known(37)]))).collect();
    let scalars: Vec<Expr> = (0..40).map(|k| tensor(&format!("s{k}"), dtype, Shape::new([]))).collect();
    let mut sum = leaves[0].clone();
    for (k, s) in scalars.iter().enumerate() {
        sum = (&sum * s + &leaves[k % 20]).maximum(&leaves[(k * 7) % 20] * (k as f64 + 0.5));
    }
    let inputs: Vec<Expr> = leaves.iter().chain(&scalars).cloned().collect();
    let plan = plan(&inputs, &[sum]);
    assert!(compiled(&plan));
    let values: Vec<ArrayD<f64>> =
        inputs.iter().map(|e| array(&mut rng, if e.rank() == 1 { &[37] } else { &[] })).collect();
    compare(dtype, &plan, &values.iter().map(|v| v.view()).collect::<Vec<_>>(), &"many");
}

#[cfg(target_os = "linux")]
#[test]
fn code_is_never_writable_and_executable() {
    let x = dvector("x");
    let plan = plan(std::slice::from_ref(&x), &[&x * &x + 1.0]);
    let a = ArrayD::from_elem(IxDyn(&[100]), 2.0);
    for native in widths() {
        assert_eq!(run(&native, &plan, &[ArrayRef::F64(a.view())])[0][[99]], 5.0);
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    for line in maps.lines() {
        let flags = line.split(' ').nth(1).unwrap();
        assert!(!(flags.contains('w') && flags.contains('x')), "{line}");
    }
}

/// Steps along rows go through them in small bands: results of rows, sums of rows, rows of several blocks in a cache and
/// beyond, what begins in the middle of an array, and arguments past where a formula holds.
#[test]
fn passes_over_rows() {
    let mut rng = Rng::new(31);
    for dtype in FLOATS {
        let format = if dtype == DType::F32 { "f32" } else { "f64" };
        let declared = format!("x, c: {format}[m, k]; g: {format}[k]");
        let inputs = parse_declarations(&Source::new("inputs", &declared)).unwrap();
        let [x, c, g] = [0, 1, 2].map(|k| inputs[k].clone());
        let column = |e: &Expr| e.dimshuffle([Some(0), None]);
        let d = &x - column(&x.sum_axes(&[1]));
        let r = column(&(d.sqr().sum_axes(&[1]) + 1.0).sqrt());
        let e = (&x - column(&x.reduce_axes(Op::Max, &[1]))).exp();
        let outputs = [
            &d / &r * &g + &c,
            (&c * &d / &r).sum_axes(&[0]),
            c.sum_axes(&[0]),
            &e / column(&e.sum_axes(&[1])) - &c * &g.sin(),
            (&x * 1e3).sin() / &r,
        ];
        let plan = plan(&inputs, &outputs);
        assert!(plan.to_string().contains("in bands of"), "{plan}");
        for (m, k) in [(300, 70), (700, 70), (61, 512), (200, 513), (1000, 1100), (40, 2085)] {
            let mut values = [array(&mut rng, &[m, k]), array(&mut rng, &[m + 3, k]), array(&mut rng, &[k])];
            for huge in [false, true] {
                if huge {
                    values[0][[m / 2, 1]] = 1e300;
                }
                let inner = values[1].slice_axis(Axis(0), Slice::from(2..m + 2));
                let views = [values[0].view(), inner.into_dyn(), values[2].view()];
                compare(dtype, &plan, &views, &(dtype, m, k, huge));
            }
        }
    }
}
