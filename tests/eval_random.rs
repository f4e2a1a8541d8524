//! Random graphs: plans against the reference.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use egrad::eval::{Plan, reference};
use egrad::expr::Expr;
use egrad::graph::import;
use egrad::op::{Attr, IndexItem, Kernel, Law, Op, Role};
use egrad::prelude::*;
use ndarray::{Axis, s};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use support::{Rng, array, run};

/// A random expression over `x: [m, n]`, `y: [n]`, `c`, by a program of small numbers.
fn random(dtype: DType, program: &[(u8, u8, u8)], only: &dyn Fn(Op) -> bool) -> (Vec<Expr>, Vec<Expr>) {
    let (m, n) = (Dim::Known(3), Dim::Known(5));
    let x = tensor("x", dtype, Shape::new([m.clone(), n.clone()]));
    let y = tensor("y", dtype, Shape::new([n.clone()]));
    let c = tensor("c", dtype, Shape::scalar());
    let elementwise: Vec<Op> = Op::ALL
        .iter()
        .copied()
        .filter(|op| op.def().role == Role::Elementwise && !matches!(op.def().kernel, Kernel::None))
        .filter(|op| op.def().attr == egrad::op::AttrKind::None && only(*op))
        .collect();
    let folds: Vec<Op> =
        Op::ALL.iter().copied().filter(|op| matches!(op.def().kernel, Kernel::Reduce { .. })).collect();
    let mut pool = vec![x.clone(), y.clone(), c.clone(), x.t()];
    for &(what, i, j) in program {
        let a = pool[i as usize % pool.len()].clone();
        let b = pool[j as usize % pool.len()].clone();
        let new = match what % 8 {
            0..=3 => {
                let op = elementwise[(what as usize / 8 * 7 + j as usize) % elementwise.len()];
                let args = match op.def().kernel {
                    Kernel::Map1(_) => vec![a],
                    Kernel::Map2(_) => vec![a, b],
                    _ => vec![a.clone(), b, a],
                };
                Expr::try_apply(op, Attr::None, args).ok()
            }
            4 => {
                let axes = (0..a.rank()).filter(|k| (what as usize / 8) >> k & 1 == 1).collect();
                Expr::try_apply(folds[j as usize % folds.len()], Attr::Axes(axes), [a]).ok()
            }
            5 => Some(a.t()),
            6 if a.rank() > 0 => {
                let step = if j % 2 == 0 { 1 } else { -1 };
                let start = if j % 3 == 0 { Some(1) } else { None };
                let start = if step < 0 { None } else { start };
                Some(a.index(&[IndexItem::Slice { start, stop: None, step }]))
            }
            _ => Expr::try_apply(Op::Dot, Attr::None, [a, b]).ok(),
        };
        if let Some(e) = new {
            pool.push(e);
        }
    }
    let k = pool.len();
    (vec![x, y, c], pool.split_off(k.saturating_sub(3)))
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::with_cases(300) })]
    #[test]
    fn random_graphs(program in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..25), seed in any::<u64>()) {
        let (inputs, outputs) = random(DType::F64, &program, &|_| true);
        let mut rng = Rng::new(seed);
        let x = array(&mut rng, &[3, 5]);
        let mut back = x.clone();
        back.invert_axis(Axis(1));
        let (y, c) = (array(&mut rng, &[10]), array(&mut rng, &[]));
        let gaps = y.slice(s![..;2]).into_dyn();
        let imported = import(&inputs, &outputs).unwrap();
        let plan = Plan::new(&imported.graph, &imported.roots).unwrap();
        let views = [back.view(), gaps, c.view()];
        let expected = reference::evaluate(&imported.graph, &imported.roots, &views).unwrap();
        let got = run(&plan, &views).unwrap();
        // Only sums may round differently; what is built on them is compared by value, and where
        // it is discontinuous not at all.
        let sums = imported.graph.reachable(&imported.roots).iter().any(|&id| {
            imported.graph.application(id).is_some_and(|(op, _, _)| {
                matches!(op.def().role, Role::Reduce | Role::Contract)
            })
        });
        for (a, b) in got.iter().zip(&expected) {
            prop_assert_eq!(a.shape(), b.shape());
            if !sums {
                for (p, q) in a.iter().zip(b) {
                    prop_assert!(p.to_bits() == q.to_bits() || p.is_nan() && q.is_nan(), "{} {}\n{}", p, q, plan);
                }
            }
        }
    }

    /// Sums of small integers are exact in every order, so everything must agree, in doubles and in
    /// singles.
    #[test]
    fn random_graphs_of_integers(
        program in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..25),
        seed in any::<u64>(),
        single in any::<bool>(),
    ) {
        let dtype = if single { DType::F32 } else { DType::F64 };
        let (inputs, outputs) = random(dtype, &program, &|op| op.def().has(Law::Integral));
        let mut rng = Rng::new(seed);
        let mut integers = |shape: &[usize]| array(&mut rng, shape).mapv(f64::round);
        let (x, y, c) = (integers(&[5, 3]).reversed_axes(), integers(&[5]), integers(&[]));
        let views = [x.view(), y.view(), c.view()];
        let imported = import(&inputs, &outputs).unwrap();
        let all = imported.graph.reachable(&imported.roots);
        let expected = reference::evaluate(&imported.graph, &all, &views).unwrap();
        let exact = if single { 8e6 } else { 1e15 };
        prop_assume!(expected.iter().flatten().all(|v| v.abs() < exact));
        // Once for what is asked for, once with every node kept.
        for roots in [&imported.roots, &all] {
            let plan = Plan::new(&imported.graph, roots).unwrap();
            let got = run(&plan, &views).unwrap();
            for (r, a) in roots.iter().zip(&got) {
                let b = &expected[all.binary_search(r).unwrap()];
                prop_assert_eq!(a, b, "{}", plan);
            }
        }
    }
}
