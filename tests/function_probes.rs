//! Functions as nobody has planned them: what is given, shared, converted, mapped and saved at once. Every result is
//! a value or the exact words of an error.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]
#![allow(clippy::float_cmp, reason = "exact values are what is tested")]

use egrad::function::{Cache, Downcast, Each, Function, IntoInput, Saved, Shared};
use egrad::prelude::*;
use ndarray::{ArrayD, IxDyn, arr0, arr1};

fn said<T: std::fmt::Debug, E: std::fmt::Display>(r: Result<T, E>) -> String {
    match r {
        Ok(x) => panic!("no error but {x:?}"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn expressions_that_are_given() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let s = x.sin();
    let given = |pairs: &[(&Expr, &Expr)], inputs: &[&Expr], out: &[Expr]| {
        let inputs: Vec<Expr> = inputs.iter().map(|e| (*e).clone()).collect();
        let pairs = pairs.iter().map(|(a, b)| ((*a).clone(), (*b).clone()));
        Function::builder().givens(pairs).build(&inputs, out)
    };
    // With an expression goes all that only it needs; in gradients it is replaced too.
    let cost = &s * &y;
    let out = [cost.clone(), grad(&cost, &x).unwrap(), grad(&cost, &s).unwrap()];
    let f = given(&[(&s, &y.sqr())], &[&x, &y], &out).unwrap();
    let got = f.call_with(&[&0.0, &3.0]).unwrap();
    assert_eq!((got[0][[]], got[1][[]], got[2][[]]), (27.0, 3.0, 3.0));
    assert_eq!(
        said(given(&[(&s, &y.sqr())], &[&x, &y], &out[..1])),
        "input 0 (`x`) is not used to compute any output"
    );
    // All at once: two change places.
    let f = given(&[(&x, &y), (&y, &x)], &[&x, &y], &[&x - &y]).unwrap();
    assert_eq!(f.call_with(&[&5.0, &1.0]).unwrap()[0][[]], -4.0);
    // A shared variable for an input, as data for a training.
    let data = Shared::new("data", arr1(&[1.0, 2.0, 3.0]).into_dyn());
    let v = dvector("v");
    let f = Function::builder()
        .givens([(v.clone(), data.expr().clone())])
        .shared([data.clone()])
        .stateful(&[x.clone()], &[(&v * &x).sum()])
        .unwrap();
    assert_eq!(f.call_with(&[&2.0]).unwrap()[0][[]], 12.0);
    data.set(arr1(&[1.0]).into_dyn()).unwrap();
    assert_eq!(f.call_with(&[&2.0]).unwrap()[0][[]], 2.0);
}

#[test]
fn variables_that_follow_one_another() {
    let (a, b) = (Shared::new("a", arr0(1.0).into_dyn()), Shared::new("b", arr1(&[1.0, 2.0]).into_dyn()));
    let (x, unused) = (dscalar("x"), dscalar("unused"));
    // `b` is read for `a` alone, an input for an update alone.
    let build = |inputs: &[Expr]| {
        Function::builder()
            .shared([b.clone()])
            .updates([(a.clone(), b.expr().sum() * &x + a.expr())])
            .stateful(inputs, &[a.expr() * 1])
    };
    let f = build(&[x.clone()]).unwrap();
    assert_eq!(f.call_with(&[&2.0]).unwrap()[0][[]], 1.0);
    assert_eq!(a.get()[[]], 7.0);
    b.set(arr1(&[10.0]).into_dyn()).unwrap();
    assert_eq!(f.call_with(&[&1.0]).unwrap()[0][[]], 7.0);
    assert_eq!((a.get()[[]], b.get()), (17.0, arr1(&[10.0]).into_dyn()));
    assert_eq!(said(build(&[x.clone(), unused])), "input 1 (`unused`) is not used to compute any output");
    assert_eq!(said(f.call(&[])), "missing input `x`");
    // Lengths of both change together.
    let (c, d) = (Shared::new("c", arr1(&[1.0]).into_dyn()), Shared::new("d", arr1(&[5.0, 6.0]).into_dyn()));
    let f = Function::builder()
        .updates([
            (c.clone(), d.expr() * 2),
            (d.clone(), concatenate(&[d.expr().clone(), c.expr().clone()], 0)),
        ])
        .stateful(&[], &[])
        .unwrap();
    f.call(&[]).unwrap();
    assert_eq!(c.get(), arr1(&[10.0, 12.0]).into_dyn());
    assert_eq!(d.get(), arr1(&[5.0, 6.0, 1.0]).into_dyn());
    f.call(&[]).unwrap();
    assert_eq!(d.get(), arr1(&[5.0, 6.0, 1.0, 10.0, 12.0]).into_dyn());
}

#[test]
fn numbers_are_held_alike_however_they_come() {
    let (i, x) = (tensor("i", DType::I16, Shape::known(&[2])), dscalar("x"));
    let build =
        |d| Function::builder().downcast(d).build(&[i.clone(), x.clone()], &[&i * 1, &x + 1]).unwrap();
    let (bad, one) = (arr1(&[-2.75, f64::INFINITY]).into_dyn(), arr0(1.0).into_dyn());
    let (strict, loose) = (build(Downcast::Error), build(Downcast::Allow));
    let words = "input `i`: i16 cannot hold -2.75";
    let args = [bad.view(), one.view()];
    assert_eq!(said(strict.call(&args)), words);
    assert_eq!(said(strict.call_named(&[("x", one.view()), ("i", bad.view())])), words);
    assert_eq!(
        said(strict.map(&[Each::Whole(bad.view()), Each::Slice(arr1(&[1.0, 2.0]).into_dyn().view())])),
        words
    );
    let (mut a, mut b) = (arr1(&[9.0, 9.0]).into_dyn(), arr0(9.0).into_dyn());
    assert_eq!(said(strict.call_into(&args, &mut [a.view_mut(), b.view_mut()])), words);
    assert_eq!((&a, &b), (&arr1(&[9.0, 9.0]).into_dyn(), &arr0(9.0).into_dyn()));
    let held = arr1(&[-2.0, 32767.0]).into_dyn();
    assert_eq!(loose.call(&args).unwrap()[0], held);
    for _ in 0..3 {
        loose.call_into(&args, &mut [a.view_mut(), b.view_mut()]).unwrap();
        assert_eq!((&a, b[[]]), (&held, 2.0));
    }
    assert_eq!(loose.call_to_names(&[("x", one.view()), ("i", bad.view())]).unwrap()["out[0]"], held);
}

#[test]
fn names_that_are_nearly_right() {
    let (weight, bias) = (dvector("weight"), dscalar("bias"));
    let f = Function::new(&[weight.clone(), bias.clone()], &[(&weight + &bias).sum()]).unwrap();
    let (w, b) = (arr1(&[1.0]).into_dyn(), arr0(1.0).into_dyn());
    assert_eq!(
        said(f.call_named(&[("wieght", w.view()), ("bias", b.view())])),
        "no input is called `wieght`; did you mean `weight`?"
    );
    assert_eq!(said(f.call_named(&[("bias", b.view())])), "missing input `weight`");
    assert_eq!(said(f.call_named(&[("bias", b.view()), ("bias", b.view())])), "input `bias` is given twice");
    assert_eq!(
        said(f.call_named(&[("bias", w.view()), ("weight", b.view())])),
        "input `weight`: wrong number of axes: expected 1, got 0 with shape []"
    );
    // Of two outputs with one name, the first is found by it.
    let twice = [(&bias * 2).named("y"), (&bias * 3).named("y")];
    let f = Function::new(&[bias], &twice).unwrap();
    let out = f.call_to_names(&[("bias", b.view())]).unwrap();
    assert_eq!((out["y"][[]], out[1][[]]), (2.0, 3.0));
}

#[test]
fn results_go_only_where_they_fit() {
    let (v, x) = (dvector("v"), dscalar("x"));
    let f = Function::new(&[v.clone(), x.clone()], &[&v * &x, v.sum()]).unwrap();
    let (at, two) = (arr1(&[1.0, 2.0, 3.0]).into_dyn(), arr0(2.0).into_dyn());
    let args = [at.view(), two.view()];
    let mut s = arr0(7.0).into_dyn();
    for round in 0..3 {
        let mut short = arr1(&[7.0, 7.0]).into_dyn();
        assert_eq!(
            said(f.call_into(&args, &mut [short.view_mut(), s.view_mut()])),
            "output 0 has shape [3], and does not fit into [2]"
        );
        let mut square = ArrayD::from_elem(IxDyn(&[1, 3]), 7.0);
        assert_eq!(
            said(f.call_into(&args, &mut [square.view_mut(), s.view_mut()])),
            "output 0 has shape [3], and does not fit into [1, 3]"
        );
        assert!((short.iter().chain(&square)).all(|x| *x == 7.0));
        let mut own = ArrayD::zeros(IxDyn(&[3]));
        assert!(f.call_into(&args, &mut [own.view_mut()]).is_err());
        let mut third = arr0(0.0).into_dyn();
        assert!(f.call_into(&args, &mut [own.view_mut(), s.view_mut(), third.view_mut()]).is_err());
        assert!(round > 0 || s[[]] == 7.0);
        f.call_into(&args, &mut [own.view_mut(), s.view_mut()]).unwrap();
        assert_eq!((&own, s[[]]), (&arr1(&[2.0, 4.0, 6.0]).into_dyn(), 6.0));
    }
}

#[test]
fn batches_of_nothing() {
    let (m, v, k) = (dmatrix("m"), dvector("v"), lscalar("k"));
    let f = Function::new(
        &[m.clone(), v.clone(), k.clone()],
        &[dot(&m, &v), v.sum() + m.sum(), v.try_tile_dims(&[k.as_length().unwrap()]).unwrap()],
    )
    .unwrap();
    let (whole, none) = (ArrayD::zeros(IxDyn(&[3, 2])), ArrayD::zeros(IxDyn(&[0, 2])));
    let two = arr0(2.0).into_dyn();
    let shapes = |out: Vec<ArrayD<f64>>| out.iter().map(|a| a.shape().to_vec()).collect::<Vec<_>>();
    let of = |m: &ArrayD<f64>, v: &ArrayD<f64>| {
        f.map(&[Each::Whole(m.view()), Each::Slice(v.view()), Each::Whole(two.view())])
    };
    // What is whole and the other axes of the slices tell the lengths.
    assert_eq!(shapes(of(&whole, &none).unwrap()), [vec![0, 3], vec![0], vec![0, 4]]);
    assert_eq!(
        shapes(of(&whole, &ArrayD::zeros(IxDyn(&[1, 2]))).unwrap()),
        [vec![1, 3], vec![1], vec![1, 4]]
    );
    // What does not fit is refused as it is for a batch of one.
    for n in [0, 1] {
        let slices = |lens: &[usize]| ArrayD::<f64>::zeros(IxDyn(&[&[n][..], lens].concat()));
        assert_eq!(
            said(of(&whole, &slices(&[2, 2]))),
            "input `v`: wrong number of axes: expected 1, got 2 with shape [2, 2]"
        );
        assert_eq!(
            said(f.map(&[Each::Whole(whole.view()), Each::Slice(slices(&[2]).view())])),
            "missing input `k`"
        );
    }
    // Lengths that only elements tell.
    let counts = ArrayD::zeros(IxDyn(&[0]));
    let v = arr1(&[1.0, 2.0]).into_dyn();
    let out = f.map(&[Each::Whole(whole.view()), Each::Whole(v.view()), Each::Slice(counts.view())]).unwrap();
    assert_eq!(shapes(out), [vec![0, 3], vec![0], vec![0, 0]]);
}

#[test]
fn what_was_saved_is_what_is_kept() {
    let (v, k) = (dvector("v"), lscalar("k"));
    let positive = |e: &Expr| egrad::expr::nonzero(&e.gt(0)).and_then(|at| e.try_take(&at, 0)).unwrap();
    let times = |n: &Expr| v.try_tile_dims(&[n.as_length().unwrap()]).unwrap();
    let cost = times(&k).sqr().sum().named("cost");
    let outputs = [grad(&cost, &v).unwrap(), positive(&v), cost];
    let cache = Cache::new(10);
    let get = |outputs: &[Expr]| cache.get(Function::builder(), &[v.clone(), k.clone()], outputs).unwrap();
    let f = get(&outputs);
    let saved = f.to_saved().unwrap();
    let text = serde_json::to_string(&saved).unwrap();
    let again = serde_json::from_str::<Saved>(&text).unwrap().compile().unwrap();
    assert_eq!(again.output_names(), ["(dcost/dv)", "out[1]", "cost"]);
    let at: [&dyn IntoInput; 2] = [&[0.5, -1.0, 2.0], &3];
    assert_eq!(f.call_with(&at).unwrap(), again.call_with(&at).unwrap());
    assert_eq!(f.call_with(&at).unwrap()[0], arr1(&[3.0, -6.0, 12.0]).into_dyn());
    assert_eq!(again.to_saved().unwrap(), saved);
    // What is loaded is the same request.
    assert!(std::sync::Arc::ptr_eq(&f, &get(&outputs)));
    // Lengths that are computed first are told apart by all that computes them, not by how they print.
    let long = |c: f64| {
        let e = (0..30).fold(&v - c, |e, _| e.tanh() * 1.5);
        let n = Expr::apply(egrad::op::Op::Cast, egrad::op::Attr::DType(DType::I64), [e.gt(0)]).sum();
        get(&[times(&n) * &k])
    };
    let (a, b) = (long(0.0), long(1.0));
    assert_eq!(a.call_with(&at).unwrap()[0].shape(), [6]);
    assert_eq!(b.call_with(&at).unwrap()[0].shape(), [3]);
    let mut nested = v.clone();
    for _ in 0..12 {
        nested = positive(&nested).try_tile_dims(&[k.as_length().unwrap()]).unwrap() - 1;
    }
    // Deeper ones may be too long to be written, which is said at once.
    let f = Function::builder().build(&[v.clone(), k.clone()], &[nested]).unwrap();
    if let Err(e) = f.to_text() {
        assert_eq!(e.to_string(), "output 0 does not read back as it is");
    }
}
