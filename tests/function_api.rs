//! Every check of a function, when it is made and when it is called, and what is said: the table of
//! Theano's `function`.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]
#![allow(clippy::float_cmp, reason = "exact values are what is tested")]

use egrad::expr::unnamed;
use egrad::function::{
    Array, ArrayRef, CallError, CompileError, Downcast, Function, IntoInput, OnUnused, Shared,
};
use egrad::prelude::*;
use ndarray::{ArrayD, arr0, arr1, arr2};

fn made(inputs: &[&Expr], outputs: &[Expr]) -> Result<Function, CompileError> {
    let inputs: Vec<Expr> = inputs.iter().map(|e| (*e).clone()).collect();
    Function::new(&inputs, outputs)
}

fn number(f: &Function, args: &[&dyn IntoInput]) -> Result<f64, String> {
    f.call_with(args).map(|out| out[0][[]]).map_err(|e| e.to_string())
}

fn refused(f: &Function, args: &[&dyn IntoInput]) -> String {
    f.call_with(args).unwrap_err().to_string()
}

#[test]
fn outputs_in_every_form() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let f = made(&[&x], &[grad(&x.pow(2), &x).unwrap()]).unwrap();
    assert_eq!(f.call_with(&[&4]).unwrap(), [arr0(8.0).into_dyn()]);
    assert_eq!(number(&f, &[&94.2]).unwrap(), 188.4);
    assert!(made(&[], &[]).unwrap().call_with(&[]).unwrap().is_empty());
    // An output that is an input or a constant, and one twice.
    let f = made(&[&x], &[x.clone(), Expr::lit(egrad::expr::Lit::Float(2.5)), x.exp(), x.exp()]).unwrap();
    let out: Vec<f64> = f.call_with(&[&0]).unwrap().iter().map(|a| a[[]]).collect();
    assert_eq!(out, [0.0, 2.5, 1.0, 1.0]);
    // By name.
    let f = made(&[&x, &y], &[(&x + &y).named("sum"), &x * &y]).unwrap();
    let (a, b) = (arr0(2.0).into_dyn(), arr0(3.0).into_dyn());
    let out = f.call_to_names(&[("y", b.view()), ("x", a.view())]).unwrap();
    assert_eq!((out["sum"][[]], out["out[1]"][[]]), (5.0, 6.0));
}

#[test]
fn inputs_when_a_function_is_made() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let words = |inputs: &[&Expr], outputs: &[Expr]| made(inputs, outputs).unwrap_err().to_string();
    let z = &x + &y;
    assert_eq!(words(&[&x, &y], &[x.exp()]), "input 1 (`y`) is not used to compute any output");
    assert_eq!(words(&[&x], &[z.clone()]), "variable `y`, used to compute `+`, is not among the inputs");
    assert_eq!(words(&[&x, &x], &[x.exp()]), "variable `x` is used twice in the inputs, at 0 and 1");
    assert_eq!(words(&[&x.exp()], &[x.exp()]), "input 0 is not a variable but `exp`");
    let three = Expr::lit(egrad::expr::Lit::Int(3));
    assert_eq!(words(&[&x, &three], &[x.exp()]), "input 1 is not a variable but a literal");
    let other = fscalar("x");
    assert!(matches!(made(&[&x, &other], &[&x + &other]), Err(CompileError::Duplicate { .. })));
    let unused = |unused| Function::builder().unused(unused).build(&[x.clone(), y.clone()], &[x.exp()]);
    assert!(unused(OnUnused::Error).is_err());
    let warned = unused(OnUnused::Warn).unwrap();
    assert_eq!(warned.warnings(), ["input 1 (`y`) is not used to compute any output"]);
    assert!(unused(OnUnused::Ignore).unwrap().warnings().is_empty());
}

#[test]
fn arguments_by_place_and_by_name() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let f = made(&[&x, &y], &[&x - &y]).unwrap();
    assert_eq!(number(&f, &[&5, &1]).unwrap(), 4.0);
    let (a, b) = (arr0(1.0).into_dyn(), arr0(5.0).into_dyn());
    assert_eq!(f.call_named(&[("y", a.view()), ("x", b.view())]).unwrap()[0][[]], 4.0);
    assert_eq!(refused(&f, &[&1]), "missing input `y`");
    assert_eq!(refused(&f, &[&1, &2, &3]), "too many inputs: 3 for 2");
    let named = |args: &[&str]| {
        let args: Vec<_> = args.iter().map(|n| (*n, a.view())).collect();
        f.call_named(&args).unwrap_err().to_string()
    };
    assert_eq!(named(&["x"]), "missing input `y`");
    assert_eq!(named(&["x", "x", "y"]), "input `x` is given twice");
    assert_eq!(named(&["x", "z"]), "no input is called `z`");
}

#[test]
fn numbers_and_element_types() {
    let (x, i, s) = (dscalar("x"), iscalar("i"), fscalar("s"));
    let (fx, fi, fs) =
        (made(&[&x], &[&x * 2]).unwrap(), made(&[&i], &[&i * 2]).unwrap(), made(&[&s], &[&s * 2]).unwrap());
    // Numbers of any type where nothing is lost.
    assert_eq!(
        (number(&fx, &[&3]), number(&fx, &[&3.5f32]), number(&fx, &[&true])),
        (Ok(6.0), Ok(7.0), Ok(2.0))
    );
    assert_eq!((number(&fi, &[&3i8]), number(&fi, &[&1.0])), (Ok(6.0), Ok(2.0)));
    assert_eq!(refused(&fi, &[&1.5]), "input `i`: i32 cannot hold 1.5");
    assert_eq!(refused(&fi, &[&f64::NAN]), "input `i`: i32 cannot hold NaN");
    assert_eq!(refused(&fi, &[&(1i64 << 40)]), "input `i`: i32 cannot hold 1099511627776");
    assert_eq!(refused(&fx, &[&((1i64 << 60) + 1)]), "input `x`: f64 cannot hold 1152921504606847000");
    // Doubles for singles: rounded, or refused where that is asked for.
    assert_eq!(number(&fs, &[&0.1]).unwrap(), f64::from(0.2f32));
    let strict = Function::builder().downcast(Downcast::Singles).build(&[s.clone()], &[&s * 2]).unwrap();
    assert_eq!(refused(&strict, &[&0.1]), "input `s`: f32 cannot hold 0.1");
    assert_eq!((number(&strict, &[&0.5]), number(&strict, &[&0.1f32])), (Ok(1.0), Ok(f64::from(0.2f32))));
    let loose = Function::builder().downcast(Downcast::Allow).build(&[i.clone()], &[&i * 2]).unwrap();
    assert_eq!(number(&loose, &[&1.5]).unwrap(), 2.0);
}

/// An output that is an input of singles is a single too, in every way to call.
#[test]
fn singles_are_singles_everywhere() {
    let v = fvector("v");
    for outputs in [vec![v.clone()], vec![&v * 1], vec![v.index(&[egrad::op::IndexItem::At(0)]), v.clone()]] {
        let f = Function::new(&[v.clone()], &outputs).unwrap();
        let x = arr1(&[0.1, 1e300]).into_dyn();
        let exact = arr1(&[f64::from(0.1f32), f64::INFINITY]).into_dyn();
        let last = outputs.len() - 1;
        assert_eq!(f.call(&[x.view()]).unwrap()[last], exact);
        let mut out: Vec<ArrayD<f64>> = f.call(&[x.view()]).unwrap();
        for _ in 0..4 {
            let mut views: Vec<_> = out.iter_mut().map(|o| o.view_mut()).collect();
            f.call_into(&[x.view()], &mut views).unwrap();
            drop(views);
            assert_eq!(out[last], exact);
        }
        let typed = f.call_arrays(&[ArrayRef::from(x.view())]).unwrap();
        assert_eq!(typed[last], Array::from(arr1(&[0.1f32, f32::INFINITY]).into_dyn()));
    }
}

#[test]
fn shapes() {
    let (v, u, m, r) = (dvector("v"), dvector("u"), dmatrix("m"), drow("r"));
    let f = made(&[&v, &u], &[&v + &u]).unwrap();
    assert_eq!(
        refused(&f, &[&[[1.0, 2.0]], &[1.0]]),
        "input `v`: wrong number of axes: expected 1, got 2 with shape [1, 2]"
    );
    assert_eq!(
        refused(&f, &[&1.0, &[1.0]]),
        "input `v`: wrong number of axes: expected 1, got 0 with shape []"
    );
    assert_eq!(
        refused(&f, &[&[1.0, 2.0], &[1.0, 2.0, 3.0]]),
        "`+`: lengths differ: axis 0 of `u` is 3, axis 0 of `v` is 2"
    );
    // Two vectors of unknown lengths never broadcast when they meet.
    assert_eq!(
        refused(&f, &[&[1.0], &[1.0, 2.0, 3.0]]),
        "`+`: lengths differ: axis 0 of `u` is 3, axis 0 of `v` is 1"
    );
    let rows = made(&[&m, &r], &[&m + &r]).unwrap();
    assert_eq!(
        refused(&rows, &[&[[1.0], [2.0]], &[[1.0], [2.0]]]),
        "input `r`: axis 0 has length 1, and does not take the shape [2, 1]"
    );
    assert_eq!(rows.call_with(&[&[[1.0], [2.0]], &[[10.0]]]).unwrap()[0], arr2(&[[11.0], [12.0]]).into_dyn());
    assert_eq!(
        refused(&rows, &[&vec![vec![1.0], vec![2.0, 3.0]], &[[1.0]]]),
        "the rows of a nested list differ in length"
    );
    // Nothing is an exception where floats have an answer.
    let (x, inf) = (dscalar("x"), f64::INFINITY);
    let g = made(&[&x], &[1 / &x, (-&x).log()]).unwrap();
    let out = g.call_with(&[&0.0]).unwrap();
    assert_eq!((out[0][[]], out[1][[]]), (inf, -inf));
    assert!(g.call_with(&[&1.0]).unwrap()[1][[]].is_nan());
}

#[test]
fn givens() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let with =
        |y: &Expr, to: Expr| Function::builder().givens([(y.clone(), to)]).build(&[x.clone()], &[&x + y]);
    assert_eq!(number(&with(&y, x.pow(2)).unwrap(), &[&3]).unwrap(), 12.0);
    // Before anything is optimized.
    assert_eq!(pp(&with(&y, -&x).unwrap().outputs()[0]), "0.0");
    // The types must be the same, exactly.
    let single = Expr::lit(egrad::expr::Lit::Float(2.0));
    let e = with(&y, single.clone() * fscalar("s")).unwrap_err();
    assert_eq!(e.to_string(), "given 0: f32 cannot stand for f64");
    assert_eq!(with(&y, dvector("v")).unwrap_err().to_string(), "given 0: f64[v.0] cannot stand for f64");
}

#[test]
fn updates() {
    let (x, s) = (dscalar("x"), Shared::new("s", arr0(1.0).into_dyn()));
    let f = Function::builder()
        .updates([(s.clone(), s.expr() + &x)])
        .stateful(&[x.clone()], &[s.expr() * 10])
        .unwrap();
    // The output has the old value.
    assert_eq!(f.call_with(&[&2]).unwrap()[0][[]], 10.0);
    assert_eq!(s.get()[[]], 3.0);
    let words = |to: Expr| {
        Function::builder().updates([(s.clone(), to)]).stateful(&[x.clone()], &[]).unwrap_err().to_string()
    };
    assert_eq!(words(x.gt(0)), "shared variable `s` has type f64 and cannot become bool");
    assert_eq!(words(dvector("v") * &x), "shared variable `s` has type f64 and cannot become f64[v.0]");
    let twice = [(s.clone(), x.clone()), (s.clone(), -&x)];
    let e = Function::builder().updates(twice).stateful(&[x.clone()], &[]).unwrap_err();
    assert_eq!(e.to_string(), "variable `s` is used twice in the inputs, at 0 and 1");
    // A call that is refused changes nothing.
    assert!(matches!(f.call_with(&[&[1.0]]), Err(CallError::Rank { .. })));
    assert_eq!(s.get()[[]], 3.0);
    // A variable that no output and no update uses may be named.
    assert!(Function::builder().shared([s]).stateful(&[x.clone()], &[x]).is_ok());
}

/// Inputs without names are told apart, print as their types, and are given by place.
#[test]
fn inputs_without_names() {
    let (a, b) = (unnamed(DType::F64, &[None]), unnamed(DType::F64, &[None]));
    let e = &a - &b;
    assert_eq!(pp(&e), "(<TensorType(float64, vector)> - <TensorType(float64, vector)>)");
    let f = made(&[&a, &b], &[e.clone()]).unwrap();
    assert_eq!(f.call_with(&[&[3.0, 4.0], &[1.0, 1.0]]).unwrap()[0], arr1(&[2.0, 3.0]).into_dyn());
    assert!(refused(&f, &[&[3.0]]).starts_with("missing input `<TensorType(float64, vector)>#"));
    assert_eq!(pp(&grad(&e.sum(), &b).unwrap()), format!("(-fill({0}, fill(sum({0}), 1.0)))", pp(&e)));
    for (dtype, lengths, text) in [
        (DType::F64, &[][..], "float64, scalar"),
        (DType::F32, &[None, None], "float32, matrix"),
        (DType::I32, &[Some(1), None], "int32, row"),
        (DType::I8, &[None, Some(1)], "int8, col"),
        (DType::F64, &[None, None, None], "float64, 3D"),
        (DType::F64, &[None, None, None, None], "float64, 4D"),
        (DType::F64, &[Some(1), None, Some(1)], "float64, (True, False, True)"),
        (DType::Bool, &[Some(1)], "bool, (True,)"),
    ] {
        assert_eq!(pp(&unnamed(dtype, lengths)), format!("<TensorType({text})>"));
    }
    let s = Shared::unnamed(arr1(&[1.0, 2.0]).into_dyn());
    assert_eq!(pp(&(s.expr() * 2)), "(<TensorType(float64, vector)> * 2)");
    let f =
        Function::builder().updates([(s.clone(), s.expr() * 2)]).stateful(&[], &[s.expr().sum()]).unwrap();
    assert_eq!(f.call_with(&[]).unwrap()[0][[]], 3.0);
    assert_eq!(s.get(), arr1(&[2.0, 4.0]).into_dyn());
}
