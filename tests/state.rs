//! Functions that stand for more than one call: givens, shared variables, names, slices, files, caches.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]
#![allow(clippy::float_cmp, reason = "bits are what is tested")]

use egrad::function::{Cache, CompileError, Downcast, Each, Function, LoadError, Saved, Shared, Stateful};
use egrad::optimize::Options;
use egrad::prelude::*;
use egrad::rules::RuleSet;
use ndarray::{ArrayD, IxDyn, arr0, arr1, arr2};

fn scalar(x: f64) -> ArrayD<f64> {
    arr0(x).into_dyn()
}

#[test]
fn givens_replace_before_anything_is_optimized() {
    let (x, y, v) = (dscalar("x"), dscalar("y"), dvector("v"));
    let given = |x: &Expr, to: &Expr| Function::builder().givens([(x.clone(), to.clone())]);
    let f = given(&y, &x).build(&[x.clone()], &[&x - &y]).unwrap();
    assert_eq!(pp(&f.outputs()[0]), "0.0");
    // An expression, not an input, is replaced where it stands.
    let s = x.sin();
    let f = given(&s, &x.sqr()).build(&[x.clone()], &[&s + 1.0]).unwrap();
    assert_eq!(f.call_with(&[&3.0]).unwrap()[0][[]], 10.0);
    let e = given(&y, &v).build(&[x.clone(), v.clone()], &[&x * &y]).unwrap_err();
    assert_eq!(e.to_string(), "given 0: f64[v.0] cannot stand for f64");
    assert_eq!(e.class(), "type");
    // Lengths that the input told are those of what replaces it.
    let w = dvector("w");
    let f = given(&w, &concatenate(&[v.clone(), v.clone()], 0)).build(&[v], &[w.ones_like()]).unwrap();
    assert_eq!(f.call_with(&[&[7.0, 8.0]]).unwrap()[0].shape(), [4]);
}

#[test]
fn updates_see_old_values_and_happen_together() {
    let (a, b) = (Shared::new("a", scalar(1.0)), Shared::new("b", scalar(2.0)));
    let swap = Function::builder()
        .updates([(a.clone(), b.expr() + 0.0), (b.clone(), a.expr() + 0.0)])
        .stateful(&[], &[a.expr() + b.expr()])
        .unwrap();
    assert_eq!(swap.call(&[]).unwrap()[0], scalar(3.0));
    assert_eq!((a.get(), b.get()), (scalar(2.0), scalar(1.0)));
    // Another function sees the same variables.
    let read = Function::builder().shared([a.clone(), b.clone()]).stateful(&[], &[a.expr() * 10.0]).unwrap();
    assert_eq!(read.call(&[]).unwrap()[0], scalar(20.0));
    a.set(scalar(5.0)).unwrap();
    assert_eq!(read.call(&[]).unwrap()[0], scalar(50.0));
    assert!(a.set(arr1(&[1.0]).into_dyn()).is_err());
}

#[test]
fn a_call_that_fails_changes_nothing() {
    let (w, x) = (Shared::new("w", arr1(&[1.0, 2.0]).into_dyn()), dvector("x"));
    let f = Function::builder().updates([(w.clone(), w.expr() + &x)]).stateful(&[x.clone()], &[]).unwrap();
    assert!(f.call_with(&[&[1.0, 2.0, 3.0]]).is_err());
    assert_eq!(f.call(&[]).unwrap_err().to_string(), "missing input `x`");
    assert_eq!(f.call_with(&[&[1.0], &[1.0]]).unwrap_err().to_string(), "too many inputs: 2 for 1");
    assert_eq!(w.get(), arr1(&[1.0, 2.0]).into_dyn());
    assert!(f.call_with(&[&[1.0, 1.0]]).unwrap().is_empty());
    assert_eq!(w.get(), arr1(&[2.0, 3.0]).into_dyn());
    let wrong = Function::builder().updates([(w.clone(), x.sum())]).stateful(&[x.clone()], &[]).unwrap_err();
    assert_eq!(wrong.to_string(), "shared variable `w` has type f64[w.0] and cannot become f64");
    let twice = [(w.clone(), &x + w.expr()), (w.clone(), x.clone())];
    let e = Function::builder().updates(twice).stateful(&[x], &[]).unwrap_err();
    assert!(matches!(e, CompileError::Duplicate { .. }));
}

#[test]
fn functions_that_share_may_run_at_once() {
    let n = Shared::new("n", scalar(0.0));
    let count = || Function::builder().updates([(n.clone(), n.expr() + 1.0)]).stateful(&[], &[]).unwrap();
    let both: [Stateful; 2] = [count(), count()];
    std::thread::scope(|s| {
        for f in &both {
            s.spawn(move || (0..200).for_each(|_| drop(f.call(&[]).unwrap())));
        }
    });
    assert_eq!(n.get(), scalar(400.0));
}

#[test]
fn outputs_have_names() {
    let (x, y) = (dscalar("x"), dscalar("y"));
    let cost = (&x * &y).named("cost");
    let g = grad(&cost, [&x, &y]).unwrap();
    let f = Function::new(&[x.clone(), y], &[cost, g[0].clone(), g[1].clone(), x.exp()]).unwrap();
    assert_eq!(f.output_names(), ["cost", "(dcost/dx)", "(dcost/dy)", "out[3]"]);
    let (x, y) = (scalar(2.0), scalar(3.0));
    let out = f.call_to_names(&[("y", y.view()), ("x", x.view())]).unwrap();
    assert_eq!(out["(dcost/dx)"], scalar(3.0));
    assert_eq!(out.get("(dcost/dy)"), Some(&scalar(2.0)));
    assert_eq!(out.get("nothing"), None);
    assert_eq!(out.iter().map(|(n, _)| n).collect::<Vec<_>>(), f.output_names());
}

#[test]
fn numbers_that_an_integer_does_not_hold_are_refused_or_rounded() {
    let i = tensor("i", DType::I8, Shape::known(&[4]));
    let values: &dyn egrad::function::IntoInput = &[1.5, -1.5, 1000.0, f64::NAN];
    let strict = Function::new(&[i.clone()], &[&i * 1]).unwrap();
    assert_eq!(strict.call_with(&[values]).unwrap_err().to_string(), "input `i`: i8 cannot hold 1.5");
    let loose = Function::builder().downcast(Downcast::Allow).build(&[i.clone()], &[&i * 1]).unwrap();
    assert_eq!(loose.call_with(&[values]).unwrap()[0].as_slice().unwrap(), [1.0, -1.0, 127.0, 0.0]);
}

#[test]
fn slices_are_called_one_by_one() {
    let (m, v) = (dmatrix("M"), dvector("v"));
    let f = Function::new(&[m.clone(), v.clone()], &[dot(&m, &v), v.sum()]).unwrap();
    let whole = arr2(&[[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]).into_dyn();
    let vs = arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn();
    let out = f.map(&[Each::Whole(whole.view()), Each::Slice(vs.view())]).unwrap();
    assert_eq!(out[0], arr2(&[[1.0, 4.0, 3.0], [3.0, 8.0, 7.0]]).into_dyn());
    assert_eq!(out[1], arr1(&[3.0, 7.0]).into_dyn());
    // The same by expressions along one more axis.
    let rows = dmatrix("vs");
    let along = egrad::expr::vectorize(&[dot(&m, &v), v.sum()], &[(v.clone(), rows.clone())]).unwrap();
    let g = Function::new(&[m, rows], &along).unwrap();
    assert_eq!(g.call(&[whole.view(), vs.view()]).unwrap(), out);
    let none = ArrayD::zeros(IxDyn(&[0, 2]));
    let out = f.map(&[Each::Whole(whole.view()), Each::Slice(none.view())]).unwrap();
    assert_eq!(out[1].shape(), [0]);
    let three = ArrayD::zeros(IxDyn(&[3, 3, 2]));
    assert_eq!(
        f.map(&[Each::Slice(three.view()), Each::Slice(vs.view())]).unwrap_err().to_string(),
        "the length of the slices has two values: 3 in axis 0 of `M` and 2 in axis 0 of `v`"
    );
    assert!(f.map(&[Each::Whole(whole.view()), Each::Slice(scalar(1.0).view())]).is_err());
}

/// A saved function has the same text, outputs, names and bits.
#[test]
fn functions_are_saved_and_loaded() {
    let n = Dim::Sym(egrad::ty::Sym::new("n", "x", 0));
    let x = tensor("x", DType::F64, Shape::new([n.clone(), Dim::Known(3)]));
    let w = tensor("w", DType::F64, Shape::known(&[3]));
    let cost = (dot(&x, &w).exp() + 0.1).log().mean().named("cost");
    let g = grad(&cost, &w).unwrap();
    for builder in
        [Function::builder(), Function::builder().raw(), Function::builder().downcast(Downcast::Allow)]
    {
        let f = builder.build(&[x.clone(), w.clone()], &[cost.clone(), g.clone()]).unwrap();
        let text = f.to_text().unwrap();
        let again = Function::from_text(&text).unwrap();
        assert_eq!(again.to_text().unwrap(), text);
        assert_eq!(again.output_names(), ["cost", "(dcost/dw)"]);
        let args: [&dyn egrad::function::IntoInput; 2] =
            [&[[1.0, 2.0, 3.0], [-0.3, 0.7, 1e-3]], &[0.1, -0.2, 0.3]];
        assert_eq!(f.call_with(&args).unwrap(), again.call_with(&args).unwrap());
        assert_eq!(
            f.outputs().iter().map(pp).collect::<Vec<_>>(),
            again.outputs().iter().map(pp).collect::<Vec<_>>()
        );
    }
}

/// Lengths that integers say stand in attributes.
#[test]
fn functions_whose_lengths_are_values_are_saved() {
    let inputs = egrad::text::parse_declarations(&egrad::sexp::Source::text_only(
        "v: dvector; M: dmatrix; k: lscalar; i: iscalar; x: dscalar",
    ))
    .unwrap();
    let read = |text: &str| {
        egrad::text::parse_infix(&egrad::sexp::Source::text_only(text), &inputs).unwrap().results[0].clone()
    };
    for text in [
        "zeros((k, 2)) + x",
        "zeros((k, M.shape[0] * k + 1)) + x",
        "arange(k) * x",
        "arange(i, v.shape[0] - k) * x",
        "tile(v, k)",
        "tile(M, (k, i + 1))",
        "tile(v[i:], v.shape[0] - k)",
        "tile(v, v[i:].shape[0] - k)",
        "tile(v[v > 0], k)",
        "tile(tile(v, k)[tile(v, k) > 0], k)",
        "repeat(v, k)",
        "repeat(M, k + i, 1)",
        "repeat(M, k)",
        "v[i:k]",
        "v[:-k]",
        "M[i:, k - 1]",
        "v[v > 0]",
        "v[flatnonzero(v)] * k",
        "v[argmin(v):]",
        "flatnonzero(v)",
        "concatenate(v[v > 0], zeros(k))",
        "concatenate(v, zeros(k), zeros(k - i))",
        "one_hot(iround(v), k + 1)",
        "tile(one_hot(iround(v), k + 1), k)",
        "reshape(tile(v, k), (k, v.shape[0]))",
        "tile(v, k).sum() * v[0:k]",
        "grad((tile(v, k) ** 2).sum(), v)",
        "grad((repeat(v[i:], k) ** 2).sum(), v)",
        "grad((v[v > 0] ** 2).sum(), v)",
    ] {
        let e = read(text);
        let builder = Function::builder().unused(egrad::function::OnUnused::Ignore);
        let f = builder.build(&inputs, std::slice::from_ref(&e)).unwrap();
        let saved = f.to_text().unwrap_or_else(|e| panic!("{text}: {e}"));
        let again = Function::from_text(&saved).unwrap_or_else(|e| panic!("{text}: {e}"));
        let values: Vec<egrad::function::Array> = inputs
            .iter()
            .map(|i| match i.name().unwrap() {
                "v" => ndarray::arr1(&[1.0, 2.0, 0.0, 1.0]).into_dyn().into(),
                "M" => ndarray::arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn().into(),
                "k" => egrad::function::Array::from(ndarray::arr0(2i64).into_dyn()),
                "i" => egrad::function::Array::from(ndarray::arr0(1i32).into_dyn()),
                _ => scalar(0.5).into(),
            })
            .collect();
        let views: Vec<egrad::function::ArrayRef<'_>> =
            values.iter().map(egrad::function::Array::view).collect();
        let run = |f: &Function| format!("{:?}", f.call_arrays(&views));
        assert_eq!(run(&f), run(&again), "{text}");
        assert!(run(&f).starts_with("Ok"), "{text}: {}", run(&f));
    }
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let x = dvector("x");
    let f = Function::new(&[x.clone()], &[x.tanh().sum()]).unwrap();
    let text = f.to_text().unwrap();
    let load = |t: &str| Function::from_text(t).map(drop);
    assert!(matches!(load(""), Err(LoadError::Form(_))));
    assert!(matches!(load("[1, 2]"), Err(LoadError::Form(_))));
    assert!(matches!(load(&text.replace("\"version\": 1", "\"version\": 7")), Err(LoadError::Version(7))));
    assert!(matches!(load(&text.replace("tanh", "tahn")), Err(LoadError::Read(_))));
    assert!(matches!(load(&text.replace("\"count\": 1", "\"count\": 2")), Err(LoadError::Count { .. })));
    assert!(matches!(load(&text.replace("\"best\"", "\"worst\"")), Err(LoadError::Word { .. })));
    assert!(matches!(load(&text.replace("x: f64", "y: f64")), Err(LoadError::Read(_))));
    // Cut anywhere, and with any byte changed.
    for i in (0..text.len()).filter(|i| text.is_char_boundary(*i)) {
        let _ = load(&text[..i]);
    }
    for i in (0..text.len()).step_by(7) {
        let mut bytes = text.clone().into_bytes();
        bytes[i] = bytes[i].wrapping_add(1) & 0x7f;
        let _ = String::from_utf8(bytes).map(|t| load(&t));
    }
    // Any serde format will do.
    let value = serde_json::to_value(f.to_saved().unwrap()).unwrap();
    let saved: Saved = serde_json::from_value(value).unwrap();
    assert_eq!(saved.compile().unwrap().to_saved().unwrap(), saved);
}

#[test]
fn equal_requests_get_one_function() {
    let cache = Cache::new(2);
    let (x, y) = (dscalar("x"), dscalar("y"));
    let get = |out: Expr| cache.get(Function::builder(), &[x.clone(), y.clone()], &[out]).unwrap();
    let first = get((&x * &y).exp());
    assert!(std::sync::Arc::ptr_eq(&first, &get((&x * &y).exp())));
    let other = cache.get(Function::builder().raw(), &[x.clone(), y.clone()], &[(&x * &y).exp()]).unwrap();
    assert!(!std::sync::Arc::ptr_eq(&first, &other));
    // The one not used for longest goes.
    get((&x * &y).exp());
    get(&x + &y);
    assert_eq!(cache.len(), 2);
    assert!(std::sync::Arc::ptr_eq(&first, &get((&x * &y).exp())));
    assert!(cache.get(Function::builder(), &[x], &[y]).is_err());
}

/// A training that is saved halfway ends where one that was not ends, bit for bit; damaged files are errors.
#[test]
fn functions_with_variables_are_saved_and_loaded() {
    let (x, y) = (dmatrix("x"), dvector("y"));
    let w = Shared::new("w", arr1(&[0.1, f64::MIN_POSITIVE]).into_dyn());
    let unused = Shared::new("unused", scalar(f64::NAN));
    let cost = (dot(&x, w.expr()) - &y).sqr().mean().named("cost");
    let step = w.expr() - 0.1 * grad(&cost, w.expr()).unwrap();
    let builder = Function::builder().shared([unused]).updates([(w.clone(), step)]);
    let train = builder.stateful(&[x, y], &[cost]).unwrap();
    let (x, y) = (arr2(&[[1.0, 0.3], [0.2, 1.0]]).into_dyn(), arr1(&[2.0, -3.0]).into_dyn());
    let go = |f: &egrad::function::Stateful| f.call(&[x.view(), y.view()]).unwrap();
    go(&train);
    let text = train.to_text().unwrap();
    let again = egrad::function::Stateful::from_text(&text).unwrap();
    assert_eq!(again.to_text().unwrap(), text);
    assert_eq!(again.function().output_names()[0], "cost");
    for _ in 0..5 {
        assert_eq!(go(&train), go(&again));
    }
    let own = again.shared().iter().find(|s| s.expr().name() == Some("w")).unwrap();
    assert_eq!(own.get(), w.get());
    let load = |t: &str| egrad::function::Stateful::from_text(t).map(drop);
    assert!(load(&text.replace("\"given\": 2", "\"given\": 9")).is_err());
    assert!(load(&text.replace("\"name\": \"w\"", "\"name\": \"v\"")).is_err());
    for i in (0..text.len()).step_by(5) {
        let _ = load(&text[..i]);
        let mut bytes = text.clone().into_bytes();
        bytes[i] = bytes[i].wrapping_add(1) & 0x7f;
        let _ = String::from_utf8(bytes).map(|t| load(&t));
    }
}

/// Variables hold any element type, exactly; what they do not hold is refused.
#[test]
fn variables_of_every_element_type() {
    let big = (1i64 << 60) + 1;
    let n = Shared::new("n", arr1(&[big, -3]).into_dyn());
    let f = Shared::new("f", arr0(0.1f32).into_dyn());
    let b = Shared::new("b", arr1(&[true, false]).into_dyn());
    let i = Shared::new("i", arr0(100i8).into_dyn());
    let step = Function::builder()
        .updates([
            (n.clone(), n.expr() + 1),
            (f.clone(), f.expr() * 3),
            (b.clone(), b.expr().invert()),
            (i.clone(), i.expr() + 100),
        ])
        .stateful(&[], &[n.expr().sum(), f.expr().clone()])
        .unwrap();
    let out = step.call_arrays(&[]).unwrap();
    assert_eq!(out, [arr0(big - 3).into_dyn().into(), arr0(0.1f32).into_dyn().into()]);
    assert_eq!(n.value(), arr1(&[big + 1, -2]).into_dyn().into());
    assert_eq!(f.value(), arr0(0.1f32 * 3.0).into_dyn().into());
    assert_eq!(b.value(), arr1(&[false, true]).into_dyn().into());
    assert_eq!(i.value(), arr0(-56i8).into_dyn().into());
    // All of it goes through a file.
    let again = Stateful::from_text(&step.to_text().unwrap()).unwrap();
    for (s, t) in step.shared().iter().zip(again.shared()) {
        assert_eq!((s.value(), s.expr().ty()), (t.value(), t.expr().ty()));
    }
    assert_eq!(step.call_arrays(&[]).unwrap(), again.call_arrays(&[]).unwrap());
    // Doubles become what they are equal to, or nothing.
    i.set(scalar(7.0)).unwrap();
    assert_eq!(i.value(), arr0(7i8).into_dyn().into());
    assert_eq!(i.set(scalar(1.5)).unwrap_err().to_string(), "input `i`: i8 cannot hold 1.5");
    assert_eq!(f.set(scalar(0.1)).unwrap_err().to_string(), "input `f`: f32 cannot hold 0.1");
    f.set(scalar(0.5)).unwrap();
    assert_eq!(f.get(), scalar(0.5));
    let wrong = Function::builder().updates([(i, n.expr().sum())]).stateful(&[], &[]).unwrap_err();
    assert_eq!(wrong.to_string(), "shared variable `i` has type i8 and cannot become i64");
}

#[test]
fn singles_are_rounded_or_refused() {
    let x = fscalar("x");
    let f = Function::new(&[x.clone()], &[&x * 1]).unwrap();
    assert_eq!(f.call_with(&[&0.1]).unwrap()[0][[]], f64::from(0.1f32));
    let strict = Function::builder().downcast(Downcast::Singles).build(&[x.clone()], &[&x * 1]).unwrap();
    assert_eq!(strict.call_with(&[&0.1]).unwrap_err().to_string(), "input `x`: f32 cannot hold 0.1");
    for held in [0.5, f64::INFINITY, f64::NAN, f64::from(0.1f32), 16_777_216.0] {
        assert_eq!(strict.call_with(&[&held]).unwrap()[0][[]].to_bits(), held.to_bits());
    }
    assert!(strict.call_with(&[&16_777_217i64]).is_err());
    let again = Function::from_text(&strict.to_text().unwrap()).unwrap();
    assert!(again.call_with(&[&0.1]).is_err());
}

/// A function keeps the rules that it was optimized with: files of one's own, and rules left out.
#[test]
fn rules_are_saved_with_functions() {
    let x = dscalar("x");
    let own = RuleSet::parse(
        "own.rules",
        "(rule own-square \"For the test.\" (exp (* ?x ?x)) => (exp (sqr ?x)) :assumes (reassoc))
         (rule own-unused \"For the test.\" (neg (neg ?x)) => ?x)",
    )
    .unwrap();
    let less = RuleSet::standard().without(&["stabilize"]).unwrap();
    let sets =
        [own.without(&["own-unused"]).unwrap(), less.clone(), less.merge(&own).unwrap(), RuleSet::default()];
    for rules in sets {
        let options = Options { rules: std::sync::Arc::new(rules), ..Options::default() };
        let build = |o: Options| {
            Function::builder()
                .options(o)
                .build(&[x.clone()], &[1 / (1 + (-&x).exp()) + (&x * &x).exp()])
                .unwrap()
        };
        let f = build(options);
        let text = f.to_text().unwrap();
        let again = Function::from_text(&text).unwrap();
        assert_eq!(again.to_text().unwrap(), text);
        assert_eq!(pp(&f.outputs()[0]), pp(&again.outputs()[0]));
        assert!(
            Function::from_text(&text.replace("rules/fill.rules", "rules/full.rules")).is_err()
                || !text.contains("fill.rules")
        );
        assert!(
            Function::from_text(&text.replace("(sqr ?x)", "(sqr ?y)")).is_err() || !text.contains("(sqr ?x)")
        );
    }
}
