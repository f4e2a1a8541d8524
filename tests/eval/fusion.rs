//! Steps that take several operators together, against the reference.

use egrad::eval::Plan;
use egrad::expr::{Expr, dot};
use egrad::graph::import;
use egrad::op::{Attr, IndexItem, Kernel, Op};
use egrad::prelude::*;

use super::support::{Rng, array, special};
use super::{Equal, check, disguises, sized};

/// Every way in which two arrays lie in a space and it is summed: rows, columns, inner and outer axes, several of
/// each, and summed axes of one operand.
#[test]
fn sums_of_products_are_contractions() {
    let mut rng = Rng::new(17);
    for [i, j, k, l] in [[3, 4, 5, 2], [1, 30, 7, 3], [40, 2, 1, 6], [2, 0, 3, 2], [3, 700, 2, 4]] {
        let (a, b) = (sized("a", &[i, j, k]), sized("b", &[k, l]));
        let p = a.dimshuffle([Some(0), Some(1), Some(2), None]) * &b;
        let c = sized("c", &[i, k, l]);
        let q =
            a.dimshuffle([Some(0), Some(1), Some(2), None]) * c.dimshuffle([Some(0), None, Some(1), Some(2)]);
        let r = a.t().dimshuffle([Some(2), Some(1), Some(0), None])
            * c.exp().dimshuffle([Some(0), None, Some(1), Some(2)]);
        let axes: [&[i64]; 4] = [&[2], &[1, 2], &[0, 2], &[0, 1, 2]];
        let outputs: Vec<Expr> =
            axes.iter().flat_map(|x| [p.sum_axes(x), q.sum_axes(x), r.sum_axes(x)]).collect();
        let inputs = [a, b, c];
        let values = [array(&mut rng, &[i, j, k]), array(&mut rng, &[k, l]), array(&mut rng, &[i, k, l])];
        let views: Vec<_> = values.iter().map(|v| v.view()).collect();
        let scale = 1e4 * (i * j * k).max(1) as f64;
        let plan = check(&inputs, &outputs, &views, Equal::Sum(scale));
        let count = plan.to_string().matches("contraction").count();
        if k > 1 && i > 1 && j > 1 {
            assert_eq!(count, 12, "{plan}");
        }
        for d in disguises(&values[0]) {
            check(&inputs, &outputs, &[d.view(), views[1].clone(), views[2].clone()], Equal::Sum(scale));
        }
    }
}

/// Writes at slices of the first axis, alone, one in another, over and under elementwise operators, with values that
/// several of them share, at every length.
#[test]
fn writes_at_slices_are_segments_of_one_pass() {
    let mut rng = Rng::new(18);
    let slice = |start, stop| IndexItem::Slice { start, stop, step: 1 };
    let ops: Vec<Op> =
        Op::ALL.iter().copied().filter(|o| matches!(o.def().kernel, Kernel::IncAt | Kernel::SetAt)).collect();
    for tail in [&[][..], &[3]] {
        let (x, y) =
            if tail.is_empty() { (dvector("x"), dvector("y")) } else { (dmatrix("x"), dmatrix("y")) };
        let at = |e: &Expr, i: &IndexItem| e.index(std::slice::from_ref(i));
        let (first, last, inside) = (slice(None, Some(-1)), slice(Some(1), None), slice(Some(2), Some(-3)));
        let write = |op: Op, base: &Expr, i: &IndexItem, v: &Expr| {
            Expr::apply(op, Attr::Index(vec![i.clone()]), [base.clone(), v.clone()])
        };
        let shared = at(&x, &last) - at(&x, &first).sqr();
        let mut outputs = Vec::new();
        for &op in &ops {
            for &other in &ops {
                let zero = x.zeros_like();
                let one = write(op, &zero, &first, &(&shared * 3.0));
                let two = write(other, &one, &last, &(&shared * at(&y, &first)));
                let three = write(op, &(two.clone() * &y), &inside, &at(&x.exp(), &inside));
                outputs.push(two.clone());
                outputs.push((&x - &three * 0.1).maximum(&y));
                outputs.push(three.sum_axes(&[0]) + two.sum_axes(&[0]));
                outputs.push(write(op, &x, &inside, &at(&y, &inside)));
                // A value that is itself such a result, a value that is dear, four in a row.
                outputs.push(write(
                    op,
                    &y,
                    &last,
                    &write(
                        other,
                        &at(&x, &first),
                        &slice(None, Some(1)),
                        &at(&y, &slice(None, Some(1))).exp(),
                    ),
                ));
                let dear = at(&x, &first).exp();
                let four = write(
                    op,
                    &write(op, &write(op, &y, &first, &dear), &last, &dear),
                    &inside,
                    &at(&y, &inside),
                );
                outputs.push(write(other, &four, &first, &(at(&y, &last) * -0.0)));
            }
        }
        let imported = import(&[x.clone(), y.clone()], &outputs).unwrap();
        let plan = Plan::new(&imported.graph, &imported.roots).unwrap().to_string();
        assert!(plan.contains("3 slices") && !plan.contains(" at ->"), "{plan}");
        for n in [1, 2, 3, 4, 5, 6, 7, 9, 40, 700] {
            let lens: Vec<usize> = [n].iter().chain(tail).copied().collect();
            let (u, v) = (special(&mut rng, &lens), special(&mut rng, &lens));
            for d in disguises(&u) {
                check(&[x.clone(), y.clone()], &outputs, &[d.view(), v.view()], Equal::Sum(f64::INFINITY));
            }
            let elementwise: Vec<Expr> =
                outputs.iter().enumerate().filter(|(k, _)| k % 6 != 2).map(|(_, e)| e.clone()).collect();
            check(&[x.clone(), y.clone()], &elementwise, &[u.view(), v.view()], Equal::Bits);
        }
    }
}

/// Steps along the rows of one matrix, which is higher than a band: results for rows, sums of rows, whole sums.
#[test]
fn bands_of_rows_go_on_from_each_other() {
    let mut rng = Rng::new(19);
    let (x, y, w, v) = (dmatrix("x"), dmatrix("y"), dvector("w"), dvector("v"));
    let column = |e: &Expr| e.dimshuffle([Some(0), None]);
    let e = (&x - column(&x.reduce_axes(Op::Max, &[1]))).exp();
    let r = (dot(&x, &w) + &v).sigmoid();
    let centred = &x - column(&x.sum_axes(&[1]));
    let outputs = [
        &e / column(&e.sum_axes(&[1])) - &y,
        dot(&r, &x),
        r.sum(),
        (&r * dot(&y, &w)).reduce_axes(Op::Max, &[0]),
        (&centred * &y).sum_axes(&[0]),
        (&centred * column(&centred.sqr().sum_axes(&[1]).sqrt())).t(),
        dot(&y, &w) / &v,
    ];
    // Ends of bands and stretches, and a few rows more or less.
    for (m, k) in
        [(3, 40), (700, 40), (4000, 40), (4033, 40), (4095, 40), (4097, 40), (3000, 257), (40_001, 7)]
    {
        let values = [
            array(&mut rng, &[m, k]),
            array(&mut rng, &[m, k]),
            array(&mut rng, &[k]),
            array(&mut rng, &[m]),
        ];
        let inputs = [x.clone(), y.clone(), w.clone(), v.clone()];
        let views: Vec<_> = values.iter().map(|v| v.view()).collect();
        let plan = check(&inputs, &outputs, &views, Equal::Sum(1e3 * (m * k * k) as f64));
        assert!(plan.to_string().contains("in bands of"), "{plan}");
        if m < 1000 {
            continue;
        }
        let backwards = values[0].t().as_standard_layout().to_owned().reversed_axes();
        check(
            &inputs,
            &outputs,
            &[backwards.view(), views[1].clone(), views[2].clone(), views[3].clone()],
            Equal::Sum(1e3 * (m * k * k) as f64),
        );
    }
}

/// The whole sum is complete before the last step of the bands reads a number that nothing reads after it.
#[test]
fn results_of_bands_take_no_register_that_a_later_step_reads() {
    let m = dmatrix("M");
    let cost = (-(-(&m + 0.5)).reduce_axes(Op::Max, &[1])).sum();
    let [by_m] = grad(&cost, [&m]).unwrap();
    let outputs = [cost, by_m];
    let values = ndarray::arr2(&[[-1.0, 30.0, -1.0], [-30.0, -1.547, 1.0]]).into_dyn();
    check(&[m], &outputs, &[values.view()], Equal::Bits);
}

/// Reductions that nothing waits for go where what they read is read anyway, with whatever they are made of.
#[test]
fn reductions_wait_for_a_later_loop() {
    let mut rng = Rng::new(23);
    let (x, y) = (dmatrix("x"), dmatrix("y"));
    let column = |e: &Expr| e.dimshuffle([Some(0), None]);
    let inputs = [x.clone(), y.clone()];
    let values = [array(&mut rng, &[70, 90]), array(&mut rng, &[70, 90])];
    let views: Vec<_> = values.iter().map(|v| v.view()).collect();
    let loops = |outputs: &[Expr]| {
        let plan = check(&inputs, outputs, &views, Equal::Sum(1e6)).to_string();
        let over = |line: &&str| line.contains("loop [x.0, x.1]");
        plan.lines().filter(over).map(str::to_string).collect::<Vec<_>>()
    };
    let norm = column(&x.sqr().sum_axes(&[1]).sqrt());
    let scaled = &x / &norm;
    // The sums of `y` and of `exp(y) / norm` go along where `y` and `norm` are read: two loops.
    let plan = loops(&[&scaled * &y, y.sum_axes(&[0]), (y.exp() / &norm).sum_axes(&[0])]);
    assert_eq!(plan.len(), 2, "{plan:?}");
    assert!(plan[0].contains("1 read") && plan[0].contains("1 reduced"), "{plan:?}");
    assert!(plan[1].contains("2 reduced"), "{plan:?}");
    // What a later loop waits for stays, and what nothing later reads.
    let second = column(&(&scaled * &y).sum_axes(&[1]));
    let plan = loops(&[&scaled - &second, y.sqr().sum_axes(&[0]), y.sqr().sum_axes(&[1])]);
    assert_eq!(plan.len(), 3, "{plan:?}");
    let plan = loops(&[&x + &y, column(&y.sum_axes(&[1])) * &x, y.cos().sum_axes(&[0])]);
    assert!(plan[0].contains("2 reduced"), "{plan:?}");
    // One that goes leaves another alone with what it reads.
    let w = dvector("w");
    let outputs = [&scaled * &y * &w, y.sum_axes(&[0]), (&y * &w).sum_axes(&[0])];
    let vector = array(&mut rng, &[90]);
    let values = [views[0].clone(), views[1].clone(), vector.view()];
    let plan = check(&[x, y, w], &outputs, &values, Equal::Sum(1e6)).to_string();
    let plan: Vec<&str> = plan.lines().filter(|line| line.contains("loop [x.0, ")).collect();
    assert_eq!(plan.len(), 2, "{plan:?}");
    assert!(plan[0].contains("1 read") && plan[1].contains("2 reduced"), "{plan:?}");
}
