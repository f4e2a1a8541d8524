//! The command on large and deep input, on closed pipes, and its answers for programs.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

fn dir() -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli_large");
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn command(args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_egrad"));
    c.args(args).current_dir(dir()).stdin(Stdio::null());
    c
}

/// Exit code, standard output, standard error.
fn egrad(args: &[&str]) -> (i32, String, String) {
    let done = command(args).output().unwrap();
    let code = done.status.code().unwrap_or(-1);
    let err = String::from_utf8(done.stderr).unwrap();
    assert!((0..=5).contains(&code), "a fault: {args:.200?} {err:.2000}");
    (code, String::from_utf8(done.stdout).unwrap(), err)
}

fn file(name: &str, bytes: impl AsRef<[u8]>) -> String {
    fs::write(dir().join(name), bytes).unwrap();
    format!("@{name}")
}

const DEEP: usize = 100_000;

#[test]
fn nested_a_hundred_thousand_times() {
    let nested = |open: &str, close: &str| format!("{}x{}", open.repeat(DEEP), close.repeat(DEEP));
    let good = [
        ("parentheses", nested("(", ")")),
        ("calls", nested("tanh(", ")")),
        ("minus", nested("-", "")),
        ("powers", nested("", " ** x")),
        ("sums", nested("", " + exp(x)")),
        ("transposes", nested("", ".T")),
    ];
    for (name, text) in good {
        let at = file(name, text);
        for what in ["pp", "opt"] {
            let (code, out, err) = egrad(&[what, &at]);
            assert!(code == 0 && !out.is_empty() && err.is_empty(), "{what} {name}: {err:.500}");
        }
    }
    let (code, _, _) = egrad(&["grad", &file("minus", nested("-", "")), "--wrt", "x", "--raw"]);
    assert_eq!(code, 0);
    let (code, _, _) = egrad(&["pp", "--sexp", "-d", "x: f64", &file("forms", nested("(exp ", ")"))]);
    assert_eq!(code, 0);
    let bad = [
        ("open", "(".repeat(DEEP), "an operand is missing"),
        ("brackets", "[".repeat(DEEP), "an operand is missing"),
        ("closed", ")".repeat(DEEP), "unexpected `)`"),
        ("compared", nested("", " < x"), "do not chain"),
        ("indexed", nested("", "[0]"), "too many indices"),
    ];
    for (name, text, says) in bad {
        let (code, out, err) = egrad(&["pp", &file(name, text)]);
        assert!((2..=3).contains(&code) && out.is_empty(), "{name} {code}");
        // The line is cut to what is about the place.
        assert!(err.contains(says) && err.len() < 2000, "{name}: {err:.500}");
    }
    let (code, _, err) = egrad(&["pp", "--sexp", &file("forms_open", "(".repeat(DEEP))]);
    assert!(code == 2 && err.contains("never closed"), "{err:.500}");
    let (code, _, err) = egrad(&["eval", "x", "-i", &format!("x={}", "[".repeat(DEEP))]);
    assert!((2..=3).contains(&code) && err.len() < 2000, "{err:.500}");
}

#[test]
fn ten_megabytes_in_a_line() {
    const N: usize = 10_000_000;
    let (code, out, _) = egrad(&["pp", &file("name", "x".repeat(N))]);
    assert_eq!((code, out.trim_end().len()), (0, N));
    let (code, _, _) = egrad(&["pp", &file("digits", "1".repeat(N))]);
    assert_eq!(code, 0);
    for (name, text) in [("signs", "@#$".repeat(N / 3)), ("string", format!("\"{}", "a".repeat(N)))] {
        let (code, _, err) = egrad(&["pp", &file(name, text)]);
        assert!(code == 2 && err.len() < 2000, "{name} {code} {err:.500}");
    }
    let spaces = format!("x +{}x", " ".repeat(N));
    let (code, out, _) = egrad(&["pp", &file("spaces", spaces)]);
    assert_eq!((code, out.as_str()), (0, "(x + x)\n"));
    let case = format!("{{\"id\": 1, \"decls\": \"x: f64\", \"expr_infix\": \"x{}", " ".repeat(N));
    fs::write(dir().join("cut.jsonl"), case).unwrap();
    let (code, out, _) = egrad(&["batch", "cut.jsonl"]);
    assert!(code == 0 && out.len() < 500 && out.contains("cut.jsonl:1"), "{out:.500}");
}

/// A reader that goes away is no fault.
#[test]
fn a_closed_pipe() {
    let text = file("long", format!("x{}", " + exp(x)".repeat(50_000)));
    for args in [&["pp", "--form", "tree", &text][..], &["rules", "list"]] {
        let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0u8; 1];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut first).unwrap();
        drop(out);
        let done = child.wait_with_output().unwrap();
        assert!(done.status.code().is_some_and(|c| (0..=5).contains(&c)), "{done:?}");
        assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn answers_for_programs() {
    let parsed = |args: &[&str]| -> (i32, Value) {
        let mut all = args.to_vec();
        all.extend(["--format", "json"]);
        let (code, out, err) = egrad(&all);
        assert!(err.is_empty(), "{args:?} {err}");
        (code, serde_json::from_str(&out).unwrap())
    };
    let (code, v) = parsed(&["pp", "x ** 2"]);
    assert_eq!((code, &v["pp"][0]), (0, &Value::from("(x ** 2)")));
    let (code, v) = parsed(&["grad", "x ** 2", "--wrt", "x", "-i", "x=4"]);
    assert_eq!((code, &v["optimized"][0], &v["values"][0]), (0, &"(2.0 * x)".into(), &8.0.into()));
    assert_eq!(v["gradient"][0], "((fill((x ** 2), 1.0) * 2) * (x ** (2 - 1)))");
    assert!(v["report"]["cost_before"].as_f64() > v["report"]["cost_after"].as_f64());
    let (code, v) = parsed(&["opt", "x + 0.0 + 0.0"]);
    assert_eq!((code, &v["optimized"][0]), (0, &"x".into()));
    // JSON has no infinities.
    let (code, v) = parsed(&["eval", "1 / x", "-i", "x=0"]);
    assert!(code == 0 && v["values"][0] == "Infinity" || v["values"][0] == "inf", "{v}");
    for (args, code, kind) in [
        (&["pp", "x +"][..], 2, "parse"),
        (&["grad", "x", "--wrt", "y"], 2, "name"),
        (&["eval", "x", "-d", "x: dvector", "-i", "x=1"], 3, "shape"),
        (&["pp", "@missing"], 4, "io"),
    ] {
        let (got, v) = parsed(args);
        assert_eq!((got, &v["ok"], &v["error"]["kind"]), (code, &false.into(), &kind.into()), "{args:?}");
        assert!(v["error"]["message"].is_string());
    }
}

#[test]
fn cases_one_by_one() {
    let lines = [
        r#"{"id": "a", "kind": "grad", "decls": "x: f64", "expr_infix": "x ** 2", "wrt": ["x"], "points": [{"values": {"x": 4}}]}"#,
        "",
        r#"{"id": "b", "expr_infix": "x +", "decls": "x: f64"}"#,
        r#"{"id": "c", "inputs": [{"name": "x", "dtype": "float64", "shape": [2, "n"]}], "expr_sexp": "(sum x)", "points": [{"values": {"x": [[1, 2], [3, "NaN"]]}}, {"values": {"x": [[], []]}}]}"#,
        "not json",
        "[]",
        "null",
        r#"{"id": "d", "decls": "x: f64"}"#,
        r#"{"id": "e", "decls": "x: f64", "expr_infix": "x", "wrt": ["y"]}"#,
        r#"{"id": "f", "decls": "x: f64", "expr_infix": "x", "wrt": "x"}"#,
        r#"{"id": "g", "decls": "x: f64", "expr_infix": "x", "points": [{}]}"#,
        r#"{"id": "h", "decls": "x: f64[2]", "expr_infix": "x", "points": [{"values": {"x": [1, 2, 3]}}]}"#,
        r#"{"id": "i", "decls": "x: f64", "expr_infix": "x, x"}"#,
        r#"{"id": "j", "decls": "x, y: f64", "expr_infix": "x * y", "wrt": ["y", "x"], "points": [{"values": {"x": 2, "y": 3}}]}"#,
    ];
    let mut text = lines.join("\n").into_bytes();
    text.extend(b"\n\xff\xfe\n");
    fs::write(dir().join("cases.jsonl"), text).unwrap();
    let (code, out, err) = egrad(&["batch", "cases.jsonl"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let answers: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    let good = |a: &Value| a["ok"].as_bool().unwrap();
    assert_eq!(answers[0]["results"][0]["grad"]["x"], 8.0);
    assert_eq!(answers[0]["pp_opt"]["x"], "(2.0 * x)");
    assert!(!good(&answers[1]) && answers[1]["error"]["kind"] == "parse");
    assert!(good(&answers[2]), "{}", answers[2]);
    assert_eq!(answers[2]["results"][1]["value"], 0.0);
    assert!(answers[3..12].iter().chain([&answers[13]]).all(|a| !good(a)), "{out}");
    assert!(answers[3]["error"]["message"].as_str().unwrap().contains("cases.jsonl:5"), "{out}");
    assert_eq!(answers[12]["results"][0]["grad"], serde_json::json!({ "x": 3.0, "y": 2.0 }));
}

#[test]
fn pictures() {
    let plot = |more: &[&str]| {
        let mut args = vec!["plot", "1 / (1 + exp(-x))", "--grad"];
        args.extend(more);
        egrad(&args)
    };
    let (code, out, _) = plot(&["-o", "s.svg", "-o", "s.png"]);
    assert_eq!((code, out.as_str()), (0, "wrote s.svg\nwrote s.png\n"));
    assert!(fs::read_to_string(dir().join("s.svg")).unwrap().starts_with("<svg"));
    assert!(fs::read(dir().join("s.png")).unwrap().starts_with(b"\x89PNG"));
    let (code, out, _) = plot(&[]);
    assert!(code == 0 && out.lines().count() > 15, "{out}");
    for (args, code) in [
        (&["-o", "s.gif"][..], 3),
        (&["-o", "missing/s.svg"], 4),
        (&["--from", "3", "--to", "3"], 3),
        (&["--from", "nan"], 3),
        (&["--from", "-inf"], 3),
        (&["--var", "z"], 2),
    ] {
        let (got, out, err) = plot(args);
        assert!(got == code && out.is_empty() && err.len() < 500, "{args:?} {got} {err}");
    }
    // A gradient is long when printed: its curve has the text that asked for it.
    let (code, out, _) = egrad(&["plot", "sin(x)", "grad(exp(-x**2), x)"]);
    assert!(code == 0 && out.contains("sin(x), grad(exp(-x**2), x)"), "{out}");
    assert_eq!(egrad(&["plot", "log(-1 - x * x)"]).0, 3);
    assert_eq!(egrad(&["plot", "x + y"]).0, 3);
}
