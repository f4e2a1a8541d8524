//! What a function refuses, and in what words; the ways of calling one.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::float_cmp, reason = "bits are what is tested")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "lists of one read like lists of many")]

use egrad::expr::{Expr, dot};
use egrad::function::{CallError, CompileError, Function, Loops, OnUnused, Options};
use egrad::graph::{Graph, import};
use egrad::native::Width;
use egrad::op::{Attr, IndexItem, Op};
use egrad::prelude::*;
use egrad::rules::Profile;
use egrad::sexp::Source;
use egrad::text::parse_infix;
use egrad::ty::Sym;
use ndarray::{ArrayD, IxDyn, arr0, arr1, arr2};

fn compile(inputs: &[&Expr], outputs: &[Expr]) -> Result<Function, CompileError> {
    let inputs: Vec<Expr> = inputs.iter().copied().cloned().collect();
    Function::compile(&inputs, outputs)
}

#[track_caller]
fn refused(f: &Function, args: &[&dyn egrad::function::IntoInput], text: &str) {
    assert_eq!(f.call_with(args).unwrap_err().to_string(), text);
}

/// Optimized, a product and its sum are rounded once; as written, and where sums may not be rounded otherwise, twice.
#[test]
fn products_are_rounded_with_their_sums() {
    let (x, y, z) = (dscalar("x"), dscalar("y"), dvector("z"));
    let inputs = [x.clone(), y.clone(), z.clone()];
    let e = [&x * &y + 3.0, &z * &x - &y];
    let (a, b) = (1.0 + f64::EPSILON, 1.0 - f64::EPSILON);
    let at = |f: &Function| {
        let out = f.call_with(&[&a, &b, &vec![b; 21]]).unwrap();
        assert!(out[1].iter().all(|v| *v == out[1][[0]]));
        (out[0][[]], out[1][[0]])
    };
    let once = (a.mul_add(b, 3.0), b.mul_add(a, -b));
    let twice = (a * b + 3.0, b * a - b);
    assert_ne!(once, twice);
    assert_eq!(at(&Function::new(&inputs, &e).unwrap()), once);
    assert_eq!(at(&Function::compile(&inputs, &e).unwrap()), twice);
    let ieee = egrad::optimize::Options { profile: Profile::Ieee, ..Default::default() };
    assert_eq!(at(&Function::builder().options(ieee).build(&inputs, &e).unwrap()), twice);
}

/// A power is the same number whether its exponent was computed or written.
#[test]
fn powers_by_computed_and_written_exponents() {
    let x = dmatrix("x");
    let four = egrad::expr::IntoExpr::into_expr(2.0).dimshuffle([]).sqr();
    let e = [x.pow(&four), x.pow(&four - 1), x.pow(4.0), x.pow(3.0)];
    let values = ArrayD::from_shape_fn(IxDyn(&[7, 19]), |i| 0.3 + (i[0] * 19 + i[1]) as f64 * 0.7);
    let ieee = egrad::optimize::Options { profile: Profile::Ieee, ..Default::default() };
    for builder in [Function::builder().raw(), Function::builder().options(ieee)] {
        let f = builder.build(&[x.clone()], &e).unwrap();
        let out = f.call_with(&[&values]).unwrap();
        assert_eq!(out[0], out[2]);
        assert_eq!(out[1], out[3]);
    }
}

#[test]
fn a_function_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Function>();
}

#[test]
fn calls_by_position_by_name_and_into_place() {
    let (x, y) = (dvector("x"), dscalar("y"));
    let f = compile(&[&x, &y], &[&x * &y, (&x + &y).sum()]).unwrap();
    let (u, v) = (arr1(&[1.0, 2.0]), arr0(3.0));
    let by_position = f.call(&[u.view().into_dyn(), v.view().into_dyn()]).unwrap();
    assert_eq!(by_position, [arr1(&[3.0, 6.0]).into_dyn(), arr0(9.0).into_dyn()]);
    let by_name = f.call_named(&[("y", v.view().into_dyn()), ("x", u.view().into_dyn())]).unwrap();
    assert_eq!(by_name, by_position);
    assert_eq!(f.call_with(&[&u, &3]).unwrap(), by_position);
    let (mut a, mut b) = (ArrayD::zeros(IxDyn(&[2])), ArrayD::zeros(IxDyn(&[])));
    f.call_into(&[u.view().into_dyn(), v.view().into_dyn()], &mut [a.view_mut(), b.view_mut()]).unwrap();
    assert_eq!([a.clone(), b.clone()].as_slice(), by_position);
    let mut wrong = ArrayD::zeros(IxDyn(&[3]));
    let args = [u.view().into_dyn(), v.view().into_dyn()];
    let e = f.call_into(&args, &mut [wrong.view_mut(), b.view_mut()]).unwrap_err();
    assert_eq!(e.to_string(), "output 0 has shape [2], and does not fit into [3]");
    assert!(matches!(f.call_into(&args, &mut [a.view_mut()]), Err(CallError::Output { index: 1, .. })));
    assert_eq!(f.inputs().len(), 2);
    assert_eq!(pp(&f.outputs()[0]), "(x * y)");
}

#[test]
fn outputs_in_another_order_are_filled() {
    let x = dmatrix("x");
    let f = compile(&[&x], &[x.sqrt(), x.t()]).unwrap();
    let value = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).into_dyn();
    let mut a = ArrayD::zeros(IxDyn(&[3, 2])).reversed_axes();
    let mut b = ArrayD::zeros(IxDyn(&[3, 2]));
    f.call_into(&[value.view()], &mut [a.view_mut(), b.view_mut()]).unwrap();
    assert_eq!(a, value.mapv(f64::sqrt));
    assert_eq!(b, value.t());
}

#[test]
fn numbers_lists_and_arrays_are_inputs() {
    let (x, m) = (dscalar("x"), dmatrix("m"));
    let f = compile(&[&x, &m], &[&x * m.sum()]).unwrap();
    let lists = vec![vec![0.0, 1.0], vec![-1.0, -2.0]];
    assert_eq!(f.call_with(&[&2.0, &lists]).unwrap()[0][[]], -4.0);
    assert_eq!(f.call_with(&[&2i64, &[[0.0, 1.0], [-1.0, -2.0]]]).unwrap()[0][[]], -4.0);
    assert_eq!(f.call_with(&[&true, &arr2(&[[5.0]])]).unwrap()[0][[]], 5.0);
    refused(&f, &[&1.0, &vec![vec![1.0], vec![]]], "the rows of a nested list differ in length");
    assert!(f.call_with(&[&i64::MAX, &lists]).is_err());
}

#[test]
fn scalars_are_computed_without_arrays() {
    let x = dscalar("x");
    let f =
        compile(&[&x], &[(x.pow(2) + 1.0).log(), x.clone(), Expr::lit(egrad::expr::Lit::Int(7))]).unwrap();
    assert!(f.plan().is_scalar());
    let got: Vec<f64> = f.call_with(&[&3]).unwrap().iter().map(|a| a[[]]).collect();
    assert_eq!(got, [libm::log(10.0), 3.0, 7.0]);
}

#[test]
fn inputs_that_make_no_function() {
    let (x, y) = (dvector("x"), dvector("y"));
    let words = |inputs: &[&Expr], outputs: &[Expr]| compile(inputs, outputs).unwrap_err().to_string();
    assert_eq!(words(&[&x, &x], &[x.exp()]), "variable `x` is used twice in the inputs, at 0 and 1");
    assert_eq!(words(&[&x], &[&x + &y]), "variable `y`, used to compute `+`, is not among the inputs");
    assert_eq!(words(&[], std::slice::from_ref(&y)), "variable `y` is not among the inputs");
    assert_eq!(words(&[&x, &y], &[x.exp()]), "input 1 (`y`) is not used to compute any output");
    assert_eq!(words(&[&x.exp()], &[x.exp()]), "input 0 is not a variable but `exp`");
    let cast = |e: &Expr, d| Expr::apply(Op::Cast, Attr::DType(d), [e.clone()]);
    assert!(compile(&[&x], &[cast(&x, DType::I32)]).is_ok());
    assert!(compile(&[&x], &[cast(&x.gt(0), DType::F64)]).is_ok());
}

#[test]
fn unused_inputs_may_be_allowed() {
    let (x, y) = (dvector("x"), dvector("y"));
    let with = |unused| {
        let options = Options { unused, ..Options::default() };
        Function::compile_with(&[x.clone(), y.clone()], &[x.exp()], options)
    };
    assert!(with(OnUnused::Error).is_err());
    assert_eq!(with(OnUnused::Warn).unwrap().warnings(), ["input 1 (`y`) is not used to compute any output"]);
    let f = with(OnUnused::Ignore).unwrap();
    assert!(f.warnings().is_empty());
    assert_eq!(f.call_with(&[&[0.0], &[1.0, 2.0]]).unwrap()[0], arr1(&[1.0]).into_dyn());
}

#[test]
fn calls_that_do_not_fit() {
    let (x, y) = (dvector("x"), dvector("yy"));
    let f = compile(&[&x, &y], &[&x + &y]).unwrap();
    refused(&f, &[&[1.0]], "missing input `yy`");
    refused(&f, &[&[1.0], &[1.0], &2.0], "too many inputs: 3 for 2");
    refused(
        &f,
        &[&[[1.0, 2.0]], &[1.0]],
        "input `x`: wrong number of axes: expected 1, got 2 with shape [1, 2]",
    );
    refused(
        &f,
        &[&[1.0, 2.0], &[1.0, 2.0, 3.0]],
        "`+`: lengths differ: axis 0 of `yy` is 3, axis 0 of `x` is 2",
    );
    // Two lengths that are not declared 1 never broadcast.
    refused(&f, &[&[1.0], &[1.0, 2.0]], "`+`: lengths differ: axis 0 of `yy` is 2, axis 0 of `x` is 1");
    let one = arr1(&[1.0]).into_dyn();
    let by_name = |names: &[&str]| {
        let args: Vec<_> = names.iter().map(|n| (*n, one.view())).collect();
        f.call_named(&args).map_err(|e| e.to_string())
    };
    assert_eq!(by_name(&["x", "yz"]).unwrap_err(), "no input is called `yz`; did you mean `yy`?");
    assert_eq!(by_name(&["x", "x"]).unwrap_err(), "input `x` is given twice");
    assert_eq!(by_name(&["yy"]).unwrap_err(), "missing input `x`");
}

#[test]
fn lengths_that_do_not_fit() {
    let n = |var: &str| Dim::Sym(Sym::new("n", var, 0));
    let x = tensor("x", DType::F64, Shape::new([n("x"), Dim::Known(2)]));
    let y = tensor("y", DType::F64, Shape::new([n("y")]));
    let f = compile(&[&x, &y], &[x.sum() + y.sum()]).unwrap();
    refused(
        &f,
        &[&[[1.0, 2.0, 3.0]], &[1.0]],
        "input `x`: axis 1 has length 2, and does not take the shape [1, 3]",
    );
    refused(
        &f,
        &[&[[1.0, 2.0]], &[1.0, 2.0]],
        "the length n has two values: 1 in axis 0 of `x` and 2 in axis 0 of `y`",
    );
    let r = drow("r");
    let g = compile(&[&r], &[r.exp()]).unwrap();
    refused(&g, &[&[[1.0], [2.0]]], "input `r`: axis 0 has length 1, and does not take the shape [2, 1]");
}

#[test]
fn operators_demand_their_shapes_before_anything_is_computed() {
    let (a, v) = (dmatrix("a"), dvector("v"));
    let f = compile(&[&a, &v], &[dot(&a, &v)]).unwrap();
    refused(
        &f,
        &[&[[1.0, 2.0]], &[1.0, 2.0, 3.0]],
        "`dot`: lengths differ: axis 1 of `a` is 2, axis 0 of `v` is 3",
    );
    let f = compile(&[&v], &[v.reduce_axes(Op::Max, &[0])]).unwrap();
    refused(&f, &[&Vec::<f64>::new()], "`max`: axis 0 of `v` is 0, and must be at least 1");
    let f = compile(&[&v], &[v.index(&[IndexItem::At(-3)])]).unwrap();
    refused(&f, &[&[1.0, 2.0]], "`index`: axis 0 of `v` is 2, and must be at least 3");
    let f = compile(&[&v], &[v.reshape_to(&[Dim::Known(2), Dim::Known(2)])]).unwrap();
    assert!(f.call_with(&[&[1.0, 2.0, 3.0]]).is_err());
    assert_eq!(f.call_with(&[&[1.0, 2.0, 3.0, 4.0]]).unwrap()[0], arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn());
}

#[test]
fn a_simplified_graph_still_refuses_what_the_original_refuses() {
    let (x, y) = (dvector("x"), dvector("y"));
    let outputs = [&x + (&y - &y)];
    let inputs = [x.clone(), y];
    let original = import(&inputs, &outputs).unwrap();
    let mut simple = Graph::new();
    let root = simple.var("x", x.ty());
    let f = Function::from_graph(
        &inputs,
        std::slice::from_ref(&x),
        &original.constraints,
        (&simple, &[root]),
        Options::default(),
    )
    .unwrap();
    assert_eq!(f.call_with(&[&[1.0], &[2.0]]).unwrap()[0], arr1(&[1.0]).into_dyn());
    assert!(matches!(f.call_with(&[&[1.0], &[2.0, 3.0]]), Err(CallError::Constraint(_))));
}

#[test]
fn integers_are_carried_exactly_or_refused() {
    for (dtype, good, bad) in [
        (DType::Bool, 1.0, 2.0),
        (DType::I8, -128.0, 128.0),
        (DType::I32, 2_147_483_647.0, 1.5),
        (DType::I64, 9_007_199_254_740_992.0, 9_007_199_254_740_994.0),
        (DType::I64, -3.0, f64::NAN),
    ] {
        let k = tensor("k", dtype, Shape::scalar());
        let f = compile(&[&k], &[&k * 1.0]).unwrap();
        assert_eq!(f.call_with(&[&good]).unwrap()[0][[]], good);
        refused(&f, &[&bad], &format!("input `k`: {dtype} cannot hold {bad}"));
    }
}

#[test]
fn absurd_sizes_are_refused_before_memory_is_taken() {
    let (x, y) = (dcol("x"), drow("y"));
    let f = compile(&[&x, &y], &[&x + &y]).unwrap();
    let (u, v) = (ArrayD::zeros(IxDyn(&[1_000_000, 1])), ArrayD::zeros(IxDyn(&[1, 1_000_000])));
    assert_eq!(
        f.call(&[u.view(), v.view()]).unwrap_err().to_string(),
        "an array of shape [1000000, 1000000] has more than 4294967296 elements"
    );
}

#[test]
fn lengths_are_values() {
    let x = dmatrix("x");
    let f = compile(&[&x], &[x.mean_axes(&[0]), x.length(1), x.length(0) * x.length(1)]).unwrap();
    let got = f.call_with(&[&[[1.0, 2.0, 6.0], [3.0, 4.0, 0.0]]]).unwrap();
    assert_eq!(got[0], arr1(&[2.0, 3.0, 3.0]).into_dyn());
    assert_eq!((got[1][[]], got[2][[]]), (3.0, 6.0));
}

#[test]
fn threads_get_identical_results() {
    let (x, w) = (dmatrix("x"), dvector("w"));
    let p = dot(&x, &w).sigmoid();
    let f = compile(&[&x, &w], &[p.log().mean(), dot(&x.t(), &p), x.exp().sum_axes(&[0])]).unwrap();
    let value =
        ArrayD::from_shape_fn(IxDyn(&[200, 30]), |i| ((i[0] * 31 + i[1] * 7) % 17) as f64 / 9.0 - 1.0);
    let weights = arr1(&[0.1; 30]);
    let args = || [value.view(), weights.view().into_dyn()];
    let expected = f.call(&args()).unwrap();
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(f.call(&args()).unwrap(), expected);
                }
            });
        }
    });
}

#[test]
fn gradients_of_the_tutorial() {
    let x = dscalar("x");
    let f = compile(&[&x], &[grad(&x.pow(2), &x).unwrap()]).unwrap();
    assert_eq!(f.call_with(&[&4]).unwrap()[0][[]], 8.0);
    let m = dmatrix("x");
    let f = compile(&[&m], &[grad(&m.sigmoid().sum(), &m).unwrap()]).unwrap();
    let got = f.call_with(&[&[[0.0, 1.0], [-1.0, -2.0]]]).unwrap();
    let expected = [0.25, 0.196_611_933_241_481_85, 0.196_611_933_241_481_85, 0.104_993_585_403_506_5];
    assert!(got[0].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{:?}", got[0]);
}

/// Calls with outputs given are decided ahead from the third on: their bits are those of the first.
#[test]
fn repeated_calls_give_the_same_bits() {
    let texts = [
        "x: f64[n]\ngrad(sum(1 / (1 + exp(-x))), [x])",
        "x: f64[n]\nm, s: f64\ngrad(sum(0.5 * log(6.28 * s ** 2) + (x - m) ** 2 / (2 * s ** 2)), [x, m, s])",
        "x: f64[n]\n[sum(x), max(x), sin(x), x[::2] + 1]",
        "x: f64[n]\n[sum(x * x) * x, prod(x)]",
        "z, y: f64[m, k]\ngrad(sum(logsumexp(z, axis=1) - sum(y * z, axis=1)) / z.shape[0], [z])",
        "x, c: f64[m, k]\ng: f64[k]\nd = x - sum(x, axis=1)[:, None] / x.shape[1]\n\
         v = sum(d ** 2, axis=1)[:, None] / x.shape[1]\ngrad(sum(d / sqrt(v + 1e-5) * g * c), [x, g])",
        "X: f64[m, k]\ny: f64[m]\nw: f64[k]\nb: f64\np = 1 / (1 + exp(-(X @ w + b)))\n\
         grad(sum(-y * log(p) - (1 - y) * log(1 - p)) / y.shape[0], [w, b])",
        "x: f64[n]\na = x[:-1]\nb = x[1:]\ngrad(sum(100 * (b - a ** 2) ** 2 + (1 - a) ** 2), [x])",
        "a, b, c: f64\nt = sin(0.3 * a + b) * exp(-c * c) + log(1 + a * a) / (1 + b * b)\n\
         u = sin(0.7 * t + b) * exp(-t * c) + sqrt(1 + c * c) * t\ngrad(u * t, [a, b, c])",
    ];
    for (text, loops) in texts.iter().flat_map(|t| [(t, Loops::Best), (t, Loops::Native(Width::Avx2))]) {
        let p = parse_infix(&Source::text_only(text), &[]).unwrap();
        let builder = Function::builder().unused(OnUnused::Ignore).loops(loops);
        let f = builder.build(&p.inputs, &p.results).unwrap();
        for n in [1, 2, 7, 31, 32, 33, 100, 512, 530, 1000, 1537] {
            if n > 600 && p.inputs.iter().any(|e| e.rank() > 1) {
                continue;
            }
            for large in [1.0, 1e7] {
                let inputs: Vec<ArrayD<f64>> = p
                    .inputs
                    .iter()
                    .map(|e| {
                        let shape = vec![n; e.rank()];
                        let len: usize = shape.iter().product();
                        let at = |i: usize| large * ((i * 37 % 101) as f64 / 50.0 - 0.9);
                        ArrayD::from_shape_vec(IxDyn(&shape), (0..len).map(at).collect()).unwrap()
                    })
                    .collect();
                let views: Vec<_> = inputs.iter().map(|x| x.view()).collect();
                let expected = f.call(&views).unwrap();
                for _ in 0..4 {
                    let mut out: Vec<ArrayD<f64>> =
                        expected.iter().map(|o| ArrayD::from_elem(o.raw_dim(), -7.0)).collect();
                    let mut into: Vec<_> = out.iter_mut().map(|o| o.view_mut()).collect();
                    f.call_into(&views, &mut into).unwrap();
                    for (a, b) in out.iter().zip(&expected) {
                        let bits = |x: &ArrayD<f64>| {
                            x.iter().map(|v| if v.is_nan() { 1 } else { v.to_bits() }).collect::<Vec<_>>()
                        };
                        assert_eq!(bits(a), bits(b), "{text} n = {n}");
                    }
                }
            }
        }
    }
}
