//! Lengths that follow from values: masks, places of what is not zero, computed bounds, strides and counts.

#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::expr::{At, nonzero, variables};
use egrad::function::{Array, ArrayRef, Each, Function, Shared};
use egrad::grad::{hessian_vector_product, pushforward};
use egrad::op::Spelling;
use egrad::prelude::*;
use egrad::sexp::Source;
use egrad::text::{Dialect, parse_declarations, parse_infix, parse_sexp, sexp};
use ndarray::{ArrayD, IxDyn, arr1, arr2};

const INPUTS: &str = "v, u: dvector; M: dmatrix; t: dtensor3; i, k, n: lscalar; p, q: lvector; x: dscalar";

fn float(lens: &[usize], x: &[f64]) -> Array {
    ArrayD::from_shape_vec(IxDyn(lens), x.to_vec()).unwrap().into()
}

fn value(name: &str) -> Array {
    let int = |lens: &[usize], x: &[i64]| ArrayD::from_shape_vec(IxDyn(lens), x.to_vec()).unwrap().into();
    match name {
        "v" => float(&[5], &[1.5, -2.0, 3.0, -0.5, 0.25]),
        "u" => float(&[5], &[1.0, 2.0, 3.0, 4.0, 5.0]),
        "M" => float(&[2, 3], &[1.0, -2.0, 3.0, -4.0, 5.0, 6.0]),
        "t" => float(&[2, 2, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
        "x" => float(&[], &[7.0]),
        "i" => int(&[], &[1]),
        "k" => int(&[], &[-2]),
        "n" => int(&[], &[2]),
        "p" => int(&[2], &[1, 0]),
        "q" => int(&[5], &[1, 0, 2, 0, 1]),
        _ => unreachable!(),
    }
}

fn read(text: &str) -> Result<Expr, String> {
    let inputs = parse_declarations(&Source::text_only(INPUTS)).unwrap();
    parse_infix(&Source::text_only(text), &inputs).map(|p| p.results[0].clone()).map_err(|e| e.to_string())
}

/// The value of a text, the same as it is written and optimized.
fn run(text: &str) -> Result<(Vec<usize>, Vec<f64>), String> {
    let e = read(text)?;
    let inputs = variables(std::slice::from_ref(&e));
    let values: Vec<Array> = inputs.iter().map(|v| value(v.name().unwrap())).collect();
    let views: Vec<ArrayRef<'_>> = values.iter().map(Array::view).collect();
    let mut both = Vec::new();
    for builder in [Function::builder().raw(), Function::builder()] {
        let f = builder.build(&inputs, std::slice::from_ref(&e)).map_err(|e| e.to_string())?;
        let out = f.call_arrays(&views).map_err(|e| e.to_string())?.swap_remove(0);
        let out = out.to_f64();
        both.push((out.shape().to_vec(), out.iter().copied().collect::<Vec<f64>>()));
    }
    let optimized = both.pop().unwrap();
    let close = both[0].1.iter().zip(&optimized.1).all(|(a, b)| (a - b).abs() <= 1e-12 * a.abs().max(1.0));
    if both[0].0 != optimized.0 || !close {
        return Err(format!("as written {:?}, optimized {optimized:?}", both[0]));
    }
    Ok(optimized)
}

#[track_caller]
fn check(text: &str, lens: &[usize], want: &[f64]) {
    assert_eq!(run(text), Ok((lens.to_vec(), want.to_vec())), "{text}");
}

#[test]
fn masks() {
    check("v[v > 0]", &[3], &[1.5, 3.0, 0.25]);
    check("v[v > 10]", &[0], &[]);
    check("sum(v[v > 0] * u[v > 0])", &[], &[11.75]);
    check("M[M > 0]", &[4], &[1.0, 3.0, 5.0, 6.0]);
    check("M[M[:, 0] < 0]", &[1, 3], &[-4.0, 5.0, 6.0]);
    check("M[:, M[0] > 0]", &[2, 2], &[1.0, 3.0, -4.0, 6.0]);
    check("M[M[:, 0] != 0, p]", &[2], &[-2.0, -4.0]);
    check("t[t[:, :, 0] > 4]", &[2, 2], &[5.0, 6.0, 7.0, 8.0]);
    // A mask of what a mask left.
    check("v[v > 0][v[v > 0] > 1]", &[2], &[1.5, 3.0]);
    check("set_subtensor(v[v > 0], 0)", &[5], &[0.0, -2.0, 0.0, -0.5, 0.0]);
    check("set_subtensor(v[v > 0], u[:3])", &[5], &[1.0, -2.0, 2.0, -0.5, 3.0]);
    check("inc_subtensor(M[M > 0], x)", &[2, 3], &[8.0, -2.0, 10.0, -4.0, 12.0, 13.0]);
}

#[test]
fn derivatives_by_masks() {
    check("grad(sum(v[v > 0] ** 2), v)", &[5], &[3.0, 0.0, 6.0, 0.0, 0.5]);
    check("grad(sum(M[M > 0] ** 3), M)", &[2, 3], &[3.0, 0.0, 27.0, 0.0, 75.0, 108.0]);
    check("grad(sum(set_subtensor(v[v > 0], u[:3]) * u), u)", &[5], &[2.0, 1.0, 7.0, -0.5, 3.0]);
    check(
        "jacobian(v[v > 0] ** 2, v)",
        &[3, 5],
        &[3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5],
    );
    check("hvp(sum(v[v > 0] ** 3), v, u)", &[5], &[9.0, 0.0, 54.0, 0.0, 7.5]);
    check("Rop(v[v > 0] ** 2, v, u)", &[3], &[3.0, 18.0, 2.5]);
    check("Lop(v[v > 0] ** 2, v, u[:3])", &[5], &[3.0, 0.0, 12.0, 0.0, 1.5]);
    // A mask chooses and does not vary.
    let v = dvector("v");
    let chosen = v.try_read(&[At::Expr(v.gt(0))]).unwrap();
    let once =
        hessian_vector_product(&chosen.pow(2).sum(), std::slice::from_ref(&v), &[v.ones_like()]).unwrap();
    let twice = pushforward(&[chosen], std::slice::from_ref(&v), &[v.ones_like()]).unwrap();
    let f = Function::new(&[v], &[once[0].clone(), twice[0].clone()]).unwrap();
    let out = f.call_with(&[&[1.0, -1.0, 4.0]]).unwrap();
    assert_eq!(
        (out[0].as_slice().unwrap(), out[1].as_slice().unwrap()),
        (&[2.0, 0.0, 2.0][..], &[1.0, 1.0][..])
    );
}

#[test]
fn places_of_what_is_not_zero() {
    check("nonzero(v > 0)", &[3], &[0.0, 2.0, 4.0]);
    check("v[nonzero(v > 0)]", &[3], &[1.5, 3.0, 0.25]);
    check("M[nonzero(M > 0)]", &[4], &[1.0, 3.0, 5.0, 6.0]);
    check("nonzero(M > 0)[1]", &[4], &[0.0, 2.0, 1.0, 2.0]);
    check("flatnonzero(M < 0)", &[2], &[1.0, 3.0]);
    check("nonzero_values(q)", &[3], &[1.0, 2.0, 1.0]);
    check("compress(v > 0, u)", &[3], &[1.0, 3.0, 5.0]);
    check("bincount(q)", &[3], &[2.0, 2.0, 1.0]);
    let v = lvector("v");
    let f = Function::new(std::slice::from_ref(&v), &[nonzero(&v).unwrap()]).unwrap();
    assert_eq!(f.call_with(&[&[0i64, 7, -1]]).unwrap()[0].as_slice(), Some(&[1.0, 2.0][..]));
}

#[test]
fn bounds_strides_and_counts() {
    check("v[argmax(v):]", &[3], &[3.0, -0.5, 0.25]);
    check("v[p[1]:sum(p) + 1]", &[2], &[1.5, -2.0]);
    check("arange(argmax(v))", &[2], &[0.0, 1.0]);
    check("zeros((argmax(v), n)) + n", &[2, 2], &[2.0; 4]);
    check("tile(u[:2], n) * n", &[4], &[2.0, 4.0, 2.0, 4.0]);
    check("tile(u[:2], (n, 1)) * n", &[2, 2], &[2.0, 4.0, 2.0, 4.0]);
    check("repeat(u[:2], n) * n", &[4], &[2.0, 2.0, 4.0, 4.0]);
    check("repeat(M, n, axis=0)[:2, 0] * n", &[2], &[2.0, 2.0]);
    check("repeat(v, q)", &[4], &[1.5, 3.0, 3.0, 0.25]);
    check("grad(sum(repeat(v, q) ** 2), v)", &[5], &[3.0, 0.0, 12.0, 0.0, 0.5]);
    check("one_hot(p, n) * n", &[2, 2], &[0.0, 2.0, 2.0, 0.0]);
    check("to_one_hot(p, n) * n", &[2, 2], &[0.0, 2.0, 2.0, 0.0]);
    check("grad(sum(tile(v, n) ** 2) * n, v)", &[5], &[12.0, -16.0, 24.0, -4.0, 2.0]);
    // Strides of either sign, with Python's bounds.
    let list = [1.0, 2.0, 3.0, 4.0, 5.0];
    for (bounds, start, stop) in [
        ("", None, None),
        ("1", Some(1), None),
        ("-2", Some(-2), None),
        ("9", Some(9), None),
        ("-9", Some(-9), None),
        (":3", None, Some(3)),
        (":-2", None, Some(-2)),
        (":-9", None, Some(-9)),
        ("3:0", Some(3), Some(0)),
        ("0:4", Some(0), Some(4)),
    ] {
        for (name, step) in [("n", 2i64), ("k", -2), ("i", 1), ("-i", -1), ("3 * k", -6)] {
            let text = if bounds.contains(':') {
                format!("u[{bounds}:{name}]")
            } else {
                format!("u[{bounds}::{name}]")
            };
            let want = sliced(&list, start, stop, step);
            check(&text, &[want.len()], &want);
        }
    }
    check("grad(sum(v[::k] ** 2), v)", &[5], &[3.0, 0.0, 6.0, 0.0, 0.5]);
    check("set_subtensor(v[1::n], x)", &[5], &[1.5, 7.0, 3.0, 7.0, 0.25]);
    assert!(run("v[::n - n]").is_err());
}

/// Python's slice.
fn sliced(list: &[f64], start: Option<i64>, stop: Option<i64>, step: i64) -> Vec<f64> {
    let n = i64::try_from(list.len()).unwrap();
    let clip = |at: i64| {
        let at = if at < 0 { at + n } else { at };
        if step > 0 { at.clamp(0, n) } else { at.clamp(-1, n - 1) }
    };
    let mut at = start.map_or(if step > 0 { 0 } else { n - 1 }, clip);
    let end = stop.map_or(if step > 0 { n } else { -1 }, clip);
    let mut out = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        out.push(list[usize::try_from(at).unwrap()]);
        at += step;
    }
    out
}

/// NumPy puts the axes of arrays first where a slice separates them.
#[test]
fn arrays_with_a_slice_between() {
    check("t[p, :, p]", &[2, 2], &[6.0, 8.0, 1.0, 3.0]);
    check("t[0, :, p]", &[2, 2], &[2.0, 4.0, 1.0, 3.0]);
    check("t[p, :, 0]", &[2, 2], &[5.0, 7.0, 1.0, 3.0]);
    check("t[i, :, p]", &[2, 2], &[6.0, 8.0, 5.0, 7.0]);
    check("t[p, 1:, p]", &[2, 1], &[8.0, 3.0]);
    check("t[:, p]", &[2, 2, 2], &[3.0, 4.0, 1.0, 2.0, 7.0, 8.0, 5.0, 6.0]);
    check("set_subtensor(t[p, :, p], M[:, :2])", &[2, 2, 2], &[-4.0, 2.0, 5.0, 4.0, 5.0, 1.0, 7.0, -2.0]);
    check("inc_subtensor(t[0, :, p], x)", &[2, 2, 2], &[8.0, 9.0, 10.0, 11.0, 5.0, 6.0, 7.0, 8.0]);
    check("grad(sum(t[p, :, p] ** 2), t)", &[2, 2, 2], &[2.0, 0.0, 6.0, 0.0, 0.0, 12.0, 0.0, 16.0]);
    check("v[[0, 2]]", &[2], &[1.5, 3.0]);
    check("set_subtensor(v[[0, -1]], x)", &[5], &[7.0, -2.0, 3.0, -0.5, 7.0]);
}

#[test]
fn what_does_not_fit_is_an_error_before_anything_is_computed() {
    let said = |text: &str| run(text).unwrap_err();
    assert_eq!(said("v[v > 0] + u"), "`+`: lengths differ: axis 0 of `u` is 5, sum((v > 0)) is 3");
    assert!(said("v[M > 0]").contains("truth values"), "{}", said("v[M > 0]"));
    assert!(said("M[v > 0]").contains("lengths differ"), "{}", said("M[v > 0]"));
    assert!(said("zeros((k,))").contains("length"), "{}", said("zeros((k,))"));
    // A count below zero is no count, whatever the others add up to.
    assert!(said("repeat(v, 3 * q - 1)").contains("length"), "{}", said("repeat(v, 3 * q - 1)"));
    assert!(said("v[x:]").contains("integers"), "{}", said("v[x:]"));
}

#[test]
fn functions_compute_such_lengths_first() {
    let (v, w) = (dvector("v"), dvector("w"));
    let chosen = v.try_read(&[At::Expr(v.gt(&w))]).unwrap();
    // An input that only a length needs is used.
    let count = egrad::expr::fill(&chosen, 1.0);
    let f = Function::new(&[v.clone(), w.clone()], &[count]).unwrap();
    assert_eq!(f.inputs().len(), 2);
    assert_eq!(
        f.call_with(&[&[1.0, 2.0, 3.0], &[0.0, 9.0, 0.0]]).unwrap()[0].as_slice(),
        Some(&[1.0, 1.0][..])
    );
    let missing = Function::new(std::slice::from_ref(&v), std::slice::from_ref(&chosen)).unwrap_err();
    assert!(missing.to_string().contains("`w`"), "{missing}");
    // Into arrays that are there, again and again.
    let f = Function::new(&[v.clone(), w.clone()], &[chosen.sum(), &chosen * 2]).unwrap();
    let (a, b) = (arr1(&[1.0, 2.0, 3.0]).into_dyn(), arr1(&[0.0, 9.0, 0.0]).into_dyn());
    let (mut total, mut twice) = (ArrayD::zeros(IxDyn(&[])), ArrayD::zeros(IxDyn(&[2])));
    for _ in 0..3 {
        f.call_into(&[a.view(), b.view()], &mut [total.view_mut(), twice.view_mut()]).unwrap();
        assert_eq!((total[[]], twice.as_slice().unwrap()), (4.0, &[2.0, 6.0][..]));
        total.fill(0.0);
    }
    let named = f.call_named(&[("w", b.view()), ("v", a.view())]).unwrap();
    assert_eq!(named[0][[]], 4.0);
    // For each row: each has a mask of its own.
    let f = Function::new(&[v.clone(), w.clone()], &[chosen.sum()]).unwrap();
    let rows = arr2(&[[1.0, 2.0, 3.0], [-1.0, 10.0, -3.0]]).into_dyn();
    let sums = f.map(&[Each::Slice(rows.view()), Each::Whole(b.view())]).unwrap();
    assert_eq!(sums[0].as_slice(), Some(&[4.0, 10.0][..]));
    // What stands in the place of an input stands in the mask too.
    let f = Function::builder()
        .givens([(w.clone(), -&v)])
        .build(std::slice::from_ref(&v), std::slice::from_ref(&chosen))
        .unwrap();
    assert_eq!(f.call_with(&[&[1.0, -2.0, 3.0]]).unwrap()[0].as_slice(), Some(&[1.0, 3.0][..]));
    // Saved, loaded, and as an S-expression.
    let f = Function::new(&[v.clone(), w.clone()], std::slice::from_ref(&chosen)).unwrap();
    let again = Function::from_text(&f.to_text().unwrap()).unwrap();
    assert_eq!(again.call(&[a.view(), b.view()]).unwrap(), f.call(&[a.view(), b.view()]).unwrap());
    let text = sexp(&chosen, Dialect::Exact);
    let back = parse_sexp(&Source::text_only(&text), &[v, w]).unwrap();
    assert_eq!(pp(&back.results[0]), "v[gt(v, w)]");
}

#[test]
fn shared_variables_have_masks() {
    let w = Shared::new("w", arr1(&[1.0, -1.0, 2.0]).into_dyn());
    let positive = w.expr().try_read(&[At::Expr(w.expr().gt(0))]).unwrap();
    let step = w.expr().try_set(&[At::Expr(w.expr().gt(0))], &(&positive - 1.0)).unwrap();
    let f = Function::builder().updates([(w.clone(), step)]).stateful(&[], &[positive.sum()]).unwrap();
    assert_eq!(f.call(&[]).unwrap()[0][[]], 3.0);
    assert_eq!(w.get().as_slice(), Some(&[0.0, -1.0, 1.0][..]));
    assert_eq!(f.call(&[]).unwrap()[0][[]], 1.0);
}

/// Printed as Theano's users know it, and read back.
#[test]
fn prints() {
    for (text, want) in [
        ("v[v > 0]", "v[gt(v, 0)]"),
        (
            "grad(sum(v[v > 0]), v)",
            "inc_subtensor(fill(v, 0.0)[gt(v, 0)], fill(v[gt(v, 0)], fill(sum(v[gt(v, 0)]), 1.0)))",
        ),
        ("nonzero(v)", "Nonzero(v)"),
        ("v[argmax(v):]", "v[ScalarFromTensor(MaxAndArgmax{axis=(0,)}(v)):]"),
        ("v[i:n:k]", "v[ScalarFromTensor(i):ScalarFromTensor(n):ScalarFromTensor(k)]"),
        ("v[::k]", "v[::ScalarFromTensor(k)]"),
        ("t[p, :, p]", "t[p, :, p]"),
        ("set_subtensor(v[v > 0], 0)", "set_subtensor(v[gt(v, 0)], 0)"),
        ("zeros((argmax(v),))", "alloc(0.0, argmax(v))"),
    ] {
        let e = read(text).unwrap();
        assert_eq!(pp(&e), want);
        // The place of the largest element prints as that element.
        if !text.starts_with("v[argmax") {
            assert_eq!(read(&pp(&e)).map(|e| pp(&e)), Ok(want.to_string()), "{text} reads back");
        }
        let again =
            parse_sexp(&Source::text_only(&sexp(&e, Dialect::Exact)), &variables(std::slice::from_ref(&e)));
        if !text.contains("zeros") {
            assert_eq!(
                again.map(|p| pp(&p.results[0])).map_err(|e| e.to_string()),
                Ok(want.to_string()),
                "{}",
                sexp(&e, Dialect::Exact)
            );
        }
    }
}

/// A length is not the length that an integer of the same text is: the first says what `k` must be.
#[test]
fn lengths_and_integers_are_told_apart_when_printed() {
    for text in [
        "flatten(fill(zeros((v.shape[0], k)), v[0]))",
        "fill(zeros(v.shape[0] * k), v[0])",
        "concatenate([v, zeros(k)])",
        "fill(zeros(v.shape[0] + k), v[0])",
        "tile(v, k)",
        "tile(v, k * k)[:v.shape[0] * k]",
        "eye(v.shape[0] * k)",
        "arange(v.shape[0] * k)",
        "flatten(outer(v, concatenate([v, arange(k * 2)])))",
    ] {
        let e = read(text).unwrap();
        for spelling in [Spelling::Classic, Spelling::Plain] {
            let form = egrad::pp::let_form(std::slice::from_ref(&e), spelling).join("\n");
            let back = read(&form).unwrap_or_else(|err| panic!("{form}: {err}"));
            assert_eq!(sexp(&back, Dialect::Exact), sexp(&e, Dialect::Exact), "{text}: {form}");
        }
    }
    let product = read("exp(flatten(fill(zeros((v.shape[0], k)), v[0])))").unwrap();
    assert_eq!(
        egrad::pp::let_form(std::slice::from_ref(&product), Spelling::Classic),
        ["exp(reshape(fill(alloc(0.0, v.shape[0], k), v[0]), ((v.shape[0] * as_length(k)),)))"]
    );
    assert_eq!(pp(&product), "exp(Reshape{1}(fill(alloc(0.0, v.shape[0], k), v[0]), [-1]))");
}
