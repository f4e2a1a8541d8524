//! The readers and what they say about wrong texts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
#[path = "common/random.rs"]
mod random;

use common::said;
use egrad::expr::same_structure;
use egrad::op::{Op, Spelling};
use egrad::pp::{let_form, pp, print};
use egrad::prelude::*;
use egrad::sexp::{ReadError, Source};
use egrad::text::{Dialect, Program, Scope, parse_declarations, parse_infix, parse_sexp, sexp, sexp_program};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const INPUTS: &str = "x, y: dscalar; v, w: f64[3]; u: f64[n]; M: f64[2, 3]; A, B: dmatrix; alpha: dvector";

fn inputs() -> Vec<Expr> {
    parse_declarations(&Source::new("inputs", INPUTS)).unwrap()
}

fn infix(text: &str) -> Result<Program, ReadError> {
    parse_infix(&Source::text_only(text), &inputs())
}

fn form(text: &str) -> Result<Program, ReadError> {
    parse_sexp(&Source::text_only(text), &inputs())
}

fn shown(result: Result<Program, ReadError>) -> String {
    match result {
        Ok(p) => p.results.iter().map(pp).collect::<Vec<_>>().join("\n"),
        Err(e) => format!("{} error: {}", e.kind().word(), e.report()),
    }
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}

/// What each text gives, one after the other.
fn table(read: fn(&str) -> Result<Program, ReadError>, texts: &[&str]) -> String {
    texts.iter().map(|t| format!("{t}\n=> {}\n", shown(read(t)).replace('\n', "\n   "))).collect()
}

#[test]
fn infix_is_read_as_python_reads_it() {
    let texts = [
        "2 + 3 * 4 ** 2 / 8 - 1",
        "-x ** 2",
        "2 ** -x ** 2",
        "x ** y ** 2",
        "x - y - 2",
        "-2 - -3",
        "-(2)",
        "- -x * y",
        "+x",
        "x < y + 1",
        "--2",
        "-2 ** 2",
        "x * y * 2",
        "9223372036854775807 + 9223372036854775808",
        "-9223372036854775808",
        ".5 + 5. + 1e3 + 1E-3",
        "M @ v",
        "dot(x, v)",
        "M.T.T[0, -1]",
        "v[1:], v[::-1]",
        "p, q = x + 1, y\nq, p",
        "p = [x, y * 2]\nq = x, y,\np",
        "p, q = grad(x * y, [x, y])\np + q",
        "[v[1:], v[::-1], v[None, :], M[:, None, 0]]",
        "sum(M, axis=-1, keepdims=True)",
        "M - sum(M, axis=0, keepdims=True)",
        "max(M, 0) + sum(M, axis=(0, 1))",
        "mean(M, axis=1)",
        "softmax(M)",
        "reshape(M, (3, -1)) + reshape(u, (n, 1))",
        "transpose(M, (1, 0))",
        "concatenate([v, w], axis=0) + concatenate([w, v])",
        "stack([v, w], axis=1)",
        "where(v > 0, v, float64(True))",
        "# comment\nh = tanh(v) # and\n\nk = h; sum(h *\nk)",
        "h = tanh(v)\nsum(\n h *\n k)\n",
        "logsumexp(M, axis=None)",
        "zeros_like(v) + ones_like(v) + rsqrt(v) + cube(v)",
        "alpha_ = alpha; \\alpha + alpha_",
        "é: f64; 变量: f64; é + 变量",
    ];
    snapshot("text__infix", &table(infix, &texts));
}

#[test]
fn classic_text_is_read() {
    let texts = [
        "Sum{0}(M) + Sum{0, 1}(M)",
        "DimShuffle{0, x}(v)",
        "||x| + |y||",
        "|x|*|y| + |-2|",
        "(v \\dot w)",
        "(DimShuffle{0, x}(v) \\dot u)",
        "dot(DimShuffle{0, x}(v), u)",
        "Reshape{2}(M, [3 2])",
        "Reshape{1}(A, [(A.shape[0] * A.shape[1])])",
        "alloc(1.0, 2, (u.shape[0] + 1), (u.shape[0] // 2), slice_length(u.shape[0], 1, None, 1))",
        "join(0, v, w)",
        "inc_subtensor(v[1:], x)",
        "inc_subtensor(M[:, None], 1.0)",
        "switch(gt(x, y), fill(v, 1.0), Max{0}(M))",
        "float32(v)",
        "and_(x, neq(y, 2)) + psi(inv(sgn(x)))",
        "((-2) ** x)",
    ];
    snapshot("text__classic", &table(infix, &texts));
}

#[test]
fn wrong_infix() {
    let texts = [
        "",
        "\n\n",
        "sum(x +)",
        "x +",
        "* x",
        "x y",
        "x(2)",
        "2x",
        "1..2",
        "1__0 + x",
        "1e+",
        "x ^ 2",
        "x ! 1",
        "x \u{2212} 1",
        "x + \u{202e}1",
        "'x'",
        "\\x",
        "(x]",
        "((x)",
        "x)",
        "[x, y",
        "|x",
        "x,",
        "x, , y",
        "p, q = [x, y, x]\np",
        "p, q = x\np",
        "p, p = x, y\np",
        "p = [x, y]\np: f64\nx",
        "p = x, y\np + 1",
        "x < y < 2",
        "x if x > 0 else 1",
        "exp",
        "x.foo",
        "x.shape",
        "v[1:2:3:4]",
        "v[]",
        "v[x]",
        "v[0",
        "exq(x)",
        "sum(alph)",
        "zz + 1",
        "a = 1\na = 2\na",
        "x = 1\nx",
        "inf = 1\nx",
        "x: f64[3]\nx",
        "z: f65\nz",
        "z: f64[-1]\nz",
        "z: f64[2.5]\nz",
        "z = 1",
        "x\ny",
        "exp(x, y)",
        "exp()",
        "exp(x, axis=0)",
        "sum(x, axis=a)",
        "sum(v, axis=1)",
        "sum(M, axis=(0, 0))",
        "sum(M, axes=0, axes=1)",
        "sum(M, nosuch=1)",
        "max(v, w)",
        "v + [1, 2]",
        "v * u * M.T",
        "M @ M",
        "v[3]",
        "v[0, 0]",
        "v[::0]",
        "v[99999999999999999999]",
        "reshape(M, (4, -1))",
        "reshape(M, (-1, -1))",
        "reshape(M, (2.5, 1))",
        "transpose(M, (0, 0))",
        "concatenate([])",
        "concatenate([v, w)",
        "join(0, A, A)",
        "x // 2",
        "DimShuffle{0}(M)",
        "Exp{0}(M)",
        "where(v)",
    ];
    snapshot("text__infix_errors", &table(infix, &texts));
}

#[test]
fn forms() {
    let texts = [
        "(+ x 1)",
        "(+ x y 2)",
        "(- x)",
        "(- x y)",
        "(neg -2)",
        "(let ((a (+ x 1)) (b (* a a))) (- b a)) ; comment",
        "(+ (let ((a x)) a) (let ((a y)) a))",
        "(sum M :axis (0 1) :keepdims true)",
        "(sum M :axis -1)",
        "(reshape M (shape 3 -1))",
        "(reshape (sum M) ())",
        "(index v 0)",
        "(index M (slice 1 none) newaxis (slice none none 2))",
        "(inc_subtensor (index v (slice 1 none)) x)",
        "(concatenate v w :axis 0)",
        "(transpose M :axes (1 0))",
        "(dimshuffle v :order (0 x))",
        "(cast v :dtype float32)",
        "(alloc x (shape 2 (length u :axis 0)))",
        "(where (> x 1) 10 20)",
        "(list x y)",
        // Wrong ones.
        "",
        "()",
        "(+ x 1))",
        "(+ x",
        "(foo x)",
        "((+ x 1))",
        "(1 2 3)",
        "'(+ x 1)",
        "(exp)",
        "(sum M :axis q)",
        "(sum M :nosuch 1)",
        "(sum M :axis)",
        "(+ x 1.2.3)",
        "(+ x ?y)",
        "(let ((a)) a)",
        "(index v (slice 1 2 3 4))",
        "(+ x \"1\")",
        "x y",
    ];
    snapshot("text__sexp", &table(form, &texts));
}

#[test]
fn forms_are_written() {
    let p =
        infix("a = exp(v); c = M[:, None, 1]; sum(a * a + w) + sum(c) + mean(u) + abs(x) ** 2.0").unwrap();
    let both = [Dialect::Exact, Dialect::Common].map(|d| format!("{d:?}\n{}\n", sexp_program(&p.results, d)));
    snapshot("text__written", &both.concat());
}

#[test]
fn a_scope_remembers() {
    let mut scope = Scope::default();
    let mut read = |t: &str| {
        scope.read_infix(&Source::text_only(t)).map(|p| p.results.iter().map(pp).collect::<String>())
    };
    assert_eq!(read("x: dvector").unwrap(), "");
    assert_eq!(read("y = exp(x)").unwrap(), "");
    assert_eq!(read("sum(y)").unwrap(), "sum(exp(x))");
    assert_eq!(read("sum(Y)").unwrap_err().to_string(), "<text>:1:5: unknown name `Y`");
    assert_eq!(scope.inputs().len(), 1);
}

/// Runs on a stack as small as a thread's may be.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 18).spawn(f).unwrap().join().unwrap();
}

#[test]
fn deep_and_long_texts() {
    on_a_small_stack(|| {
        let n = 100_000;
        let nest = |open: &str, close: &str| open.repeat(n) + "x" + &close.repeat(n);
        for text in [
            nest("(", ")"),
            nest("-", ""),
            nest("tanh(", ")"),
            nest("x+", ""),
            nest("x**", ""),
            nest("|", "|"),
        ] {
            let p = infix(&text).unwrap();
            drop(p);
        }
        for text in [nest("[", "]"), nest("(", ""), nest("sum(", ",")] {
            assert!(infix(&text).unwrap_err().report().len() < 400);
        }
        assert!(form(&nest("(neg ", ")")).is_ok());
        assert!(form(&("(+".to_string() + &" x".repeat(n) + ")")).is_ok());
        let lets: String = (0..n).map(|i| format!("a{i} = x\n")).collect();
        assert!(infix(&(lets + "a7")).is_ok());
        assert!(infix(&("v".to_string() + &"[1:]".repeat(n))).is_ok());
        // One slice after all; where every second is counted from the end there is none.
        assert!(infix(&("u".to_string() + &"[1:]".repeat(n))).is_ok());
        let cut = infix(&("u".to_string() + &"[::2][:-1]".repeat(n))).unwrap_err();
        assert_eq!(cut.kind().word(), "limit");
    });
}

#[test]
fn a_megabyte_is_not_echoed() {
    for text in ["a".repeat(1 << 20), "7".repeat(1 << 20) + "x", ",".repeat(1 << 20), "\u{1}".repeat(1 << 20)]
    {
        let e = infix(&text).unwrap_err();
        assert!(e.report().len() < 400, "{}", e.report().len());
    }
}

/// The let-form of `e` says `e`, and so do S-expressions. The tree that [`pp`] prints does not: it is
/// Theano's text, which leaves out new axes wherever they lead.
fn reads_back(e: &Expr) {
    let inputs = random::inputs();
    let read = |text: &str| match parse_infix(&Source::text_only(text), &inputs) {
        Ok(p) => p.results[0].clone(),
        Err(err) => panic!("{text}\n{}", err.report()),
    };
    let same = |a: &Expr, text: &str| {
        assert!(
            same_structure(&said(e), &said(a)),
            "{text}\nreads as\n{}\n{}\nnot\n{}",
            pp(a),
            egrad::text::sexp(a, egrad::text::Dialect::Exact),
            egrad::text::sexp(e, egrad::text::Dialect::Exact)
        );
    };
    // The two results of `MaxAndArgmax` print the same, as do the parts of a `Split`.
    // The smallest of truth values is printed with a sign, which makes integers of them.
    // The length of `Nonzero` follows from its operand, where this one is any.
    let place = |n: &Expr| {
        let truth = n.op() == Some(Op::Min) && n.ty().dtype == DType::Bool;
        truth || matches!(n.op(), Some(Op::Argmax | Op::Argmin | Op::SplitPart | Op::Nonzero))
    };
    if egrad::expr::topological(std::slice::from_ref(e)).iter().any(place) {
        return;
    }
    // The derivative of a product prints without what its derivatives are those of.
    let part = |n: &Expr| matches!(n.op(), Some(Op::DifferentiatedAs | Op::PrintedAs));
    if !egrad::expr::topological(std::slice::from_ref(e)).iter().any(part) {
        let text = let_form(std::slice::from_ref(e), Spelling::Classic).join("\n");
        let back = read(&text);
        same(&back, &text);
        assert_eq!(e.ty().dtype, back.ty().dtype, "{text}");
    }
    let text = print(e, Spelling::Plain);
    assert_eq!(read(&text).ty().shape, e.ty().shape, "{text}");
    for text in [sexp(e, Dialect::Exact), sexp_program(std::slice::from_ref(e), Dialect::Exact)] {
        match parse_sexp(&Source::text_only(&text), &inputs) {
            Ok(p) => same(&p.results[0], &text),
            Err(err) => panic!("{text}\n{}", err.report()),
        }
    }
    let text = sexp_program(std::slice::from_ref(e), Dialect::Common);
    // It has no word for a length that is not known: -1 stands there, which reads as one.
    let lengths = |s: &str| s.split(')').next().is_some_and(|dims| dims.contains("-1"));
    if text.split("(shape ").skip(1).any(lengths) {
        return;
    }
    match parse_sexp(&Source::text_only(&text), &inputs) {
        Ok(p) => assert_eq!(p.results[0].rank(), e.rank(), "{text}"),
        Err(err) => panic!("{text}\n{}", err.report()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back(choices in prop::collection::vec(any::<u32>(), 0..120)) {
        reads_back(&random::expression(&choices));
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,60}") {
        let _ = infix(&text);
        let _ = form(&text);
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec(
        prop::sample::select(vec![
            "x", "v", "M", "A", "2", "-", "+", "*", "**", "/", "//", "@", "\\dot", "(", ")", "[", "]", "{", "}", ",",
            ":", "=", ".T", ".shape[0]", "|", "<", "\n", ";", "#", "sum", "Sum{0}", "DimShuffle{x, 0}", "axis=", "None",
            "reshape", "(slice", "1", "none)", "(let", "((a", ":axis", "join", "index", "transpose", "stack", "f64",
            "inc_subtensor", "alloc", "keepdims=True", "mean", "softmax", "-1", "0", "\"", "é", "order=",
        ]), 0..24), spaces in any::<bool>())
    {
        let text = words.join(if spaces { " " } else { "" });
        let _ = infix(&text);
        let _ = form(&text);
    }
}
