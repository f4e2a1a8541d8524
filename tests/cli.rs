//! The command: what it says and which exit code it gives, for bad input of every kind.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a run of the command gave.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn dir() -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli");
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// Writes a file and gives its name; runs start in its directory.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> String {
    fs::write(dir().join(name), bytes).unwrap();
    name.to_string()
}

fn egrad_with(args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_egrad"))
        .args(args)
        .current_dir(dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A command that needs no input closes it.
        let _ = stdin.write_all(&input);
    });
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let ran = Ran {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    };
    assert!((0..=5).contains(&ran.code), "a fault: {args:.200?} {:.2000}", ran.err);
    ran
}

fn egrad(args: &[&str]) -> Ran {
    egrad_with(args, b"")
}

/// The command fails with this code, prints no result, and says this in one message.
#[track_caller]
fn refused(code: i32, text: &str, args: &[&str]) {
    let ran = egrad(args);
    assert_eq!(ran.code, code, "{args:.200?}: {:.2000}", ran.err);
    assert!(ran.err.contains(text), "{args:.200?}: `{text}` is not in: {:.2000}", ran.err);
    assert!(code == 1 || ran.err.starts_with("egrad: "), "{args:.200?}: {:.2000}", ran.err);
    assert!(ran.out.is_empty(), "{args:.200?}: {:.2000}", ran.out);
}

#[track_caller]
fn prints(text: &str, args: &[&str]) {
    let ran = egrad(args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:.200?}");
    assert_eq!(ran.out.trim_end(), text, "{args:.200?}");
}

#[test]
fn the_first_page() {
    let ran = egrad(&["grad", "x ** 2", "--wrt", "x", "-i", "x=94.2"]);
    assert_eq!(
        ran.out,
        "gradient\n  ((fill((x ** 2), 1.0) * 2) * (x ** (2 - 1)))\noptimized\n  (2.0 * x)\n\
         cost 31.0 -> 1.0 (estimated work, in additions)\nvalue by x\n  188.4\n"
    );
    prints("(2.0 * x)", &["opt", "grad(x ** 2, x)", "-d", "x: f64"]);
    prints("8.0", &["eval", "grad(x ** 2, x)", "-d", "x: f64", "-i", "x=4"]);
}

#[test]
fn every_command_has_help() {
    let mut names = vec![vec!["--help"], vec!["--version"]];
    for c in ["pp", "grad", "opt", "eval", "plot", "explain", "egraph", "extract", "rules", "run", "batch"] {
        names.push(vec![c, "--help"]);
    }
    for c in ["list", "check", "conditions"] {
        names.push(vec!["rules", c, "--help"]);
    }
    for args in names {
        let ran = egrad(&args);
        assert!(ran.code == 0 && ran.err.is_empty() && !ran.out.is_empty(), "{args:?} {ran:?}");
    }
    for args in [&[][..], &["nosuch"], &["pp"], &["grad", "x"], &["opt", "x", "--profile", "loose"]] {
        let ran = egrad(args);
        assert!(ran.code == 1 && ran.err.contains("Usage") || ran.err.contains("possible values"), "{ran:?}");
    }
}

/// A file that ends in `.eg` is a script, or a program as for every other command.
#[test]
fn programs_in_files_are_explained() {
    let program = file("program.eg", b"x: f64\ny = exp(x) * 1\ny + 0\n");
    let of = egrad(&["explain", "exp(x) * 1 + 0", "-d", "x: f64"]);
    assert!(of.out.contains("\noptimized\n  exp(x)\n"), "{of:?}");
    for args in [&["-f", &program][..], &[&format!("@{program}")], &[&program]] {
        let ran = egrad(&[&["explain"], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (0, of.out.as_str()), "{args:?}");
    }
    let script = file("explained.eg", b"x: f64\nopt exp(x) * 1\n");
    let ran = egrad(&["explain", &format!("@{script}")]);
    assert!(ran.code == 0 && ran.out.contains("explained.eg:2"), "{ran:?}");
}

#[test]
fn bad_texts() {
    refused(2, "<text>:1:4: unexpected end", &["pp", "x +"]);
    refused(2, "no expression", &["pp", ""]);
    refused(2, "unexpected `)`", &["pp", "x)"]);
    refused(2, "did you mean `sigmoid`?", &["pp", "sigmiod(x)"]);
    refused(2, "takes 1 operand, not 2", &["pp", "exp(x, y)"]);
    refused(2, "unknown name `y`", &["pp", "y", "-d", "x: dmatrix"]);
    refused(2, "unknown type `f99`", &["pp", "x", "-d", "x: f99"]);
    refused(2, "`]` is missing", &["pp", "x", "-d", "x: f64[3"]);
    refused(2, "already", &["pp", "x", "-d", "x: f64", "-d", "x: f64[3]"]);
    refused(2, "never closed", &["pp", "--sexp", "(exp x", "-d", "x: f64"]);
    refused(2, "out of range", &["pp", "sum(x, axis=1)", "-d", "x: dvector"]);
    refused(2, "cannot broadcast [3] with [4]", &["pp", "x + y", "-d", "x: f64[3]; y: f64[4]"]);
    refused(2, "inner lengths differ", &["pp", "x @ y", "-d", "x: f64[3]; y: f64[4]"]);
    let bad = file("latin.eg", b"pp x + \xff");
    refused(2, "byte 7 is not UTF-8", &["pp", "-f", &bad]);
    refused(2, "byte 7 is not UTF-8", &["run", &bad]);
}

#[test]
fn gradients_that_there_are_not() {
    refused(2, "unknown name `z`; inputs: x", &["grad", "x ** 2", "--wrt", "z"]);
    refused(2, "no name", &["grad", "x ** 2", "--wrt", ""]);
    refused(2, "cost must be a scalar", &["grad", "x", "-d", "x: dvector", "--wrt", "x"]);
    refused(2, "does not occur in the cost", &["grad", "x", "-d", "x, y: f64", "--wrt", "y"]);
}

/// Texts follow each other in one scope; gradients of several costs stand one after the other.
#[test]
fn several_texts_and_costs() {
    let out = |args: &[&str]| {
        let ran = egrad(args);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    let program = "s = x + y\ns * s * 2";
    assert_eq!(out(&["pp", program]), "(((x + y) * (x + y)) * 2)\n");
    assert_eq!(out(&["pp", "--form", "program", program]), "s = (x + y)\nreturn ((s * s) * 2)\n");
    assert_eq!(
        out(&["pp", "--form", "program", "s = x + y", "z = s * s * 2\nz", "exp(s)"]),
        "s = (x + y)\nz = ((s * s) * 2)\nout[1] = exp(s)\n"
    );
    assert_eq!(out(&["pp", "x: dvector", "sum(x)", "x[0]"]), "sum(x)\nx[0]\n");
    assert_eq!(
        out(&["grad", "--raw", "x ** 2, exp(x)", "--wrt", "x"]),
        "((fill((x ** 2), 1.0) * 2) * (x ** (2 - 1)))\n(fill(exp(x), 1.0) * exp(x))\n"
    );
    let both =
        out(&["grad", "x ** 2", "x * y", "--wrt", "x, y", "-d", "x, y: f64", "-i", "x=3", "-i", "y=5"]);
    assert!(both.contains("value of 0 by x\n  6.0"), "{both}");
    assert!(both.contains("value of 1 by y\n  3.0"), "{both}");
    let opt = out(&["opt", "log(exp(x))", "x * 1 + y", "x * x / x"]);
    assert_eq!(opt, "x\n(x + y)\nx\n");
    refused(2, "no expression", &["pp", "s = x + 1", "t = s * 2"]);
    refused(2, "<text>:1:4: unexpected end", &["pp", "x", "x + "]);
}

#[test]
fn values_that_do_not_fit() {
    let eval = |input: &[&str], code: i32, text: &str| {
        let mut args = vec!["eval", "sum(x) + y", "-d", "x: f64[n]; y: f64"];
        args.extend(input.iter().flat_map(|i| ["-i", i]));
        refused(code, text, &args);
    };
    eval(&["y=1"], 3, "`x`");
    eval(&["x=1", "y=1"], 3, "wrong number of axes");
    eval(&["x=[1]", "y=1", "z=1"], 3, "no input is called `z`");
    eval(&["x=[1]", "x=[2]", "y=1"], 3, "given twice");
    eval(&["x=[1,", "y=1"], 2, "unclosed `[`");
    eval(&["x=[[1], [2, 3]]", "y=1"], 3, "ragged");
    eval(&["x=abc", "y=1"], 2, "is not a number");
    eval(&["x=", "y=1"], 2, "empty value");
    eval(&["x"], 2, "expected `name=value`");
    refused(
        3,
        "lengths differ",
        &["eval", "x + y", "-d", "x, y: dvector", "-i", "x=[1, 2]", "-i", "y=[1, 2, 3]"],
    );
    refused(3, "i64 cannot hold 1.5", &["eval", "x", "-d", "x: i64", "-i", "x=1.5"]);
    refused(3, "must be at least 1", &["eval", "max(x)", "-d", "x: dvector", "-i", "x=[]"]);
    prints("0.0", &["eval", "sum(x)", "-d", "x: dvector", "-i", "x=[]"]);
    prints("[]", &["eval", "exp(x)", "-d", "x: dvector", "-i", "x=[]"]);
    prints("nan", &["eval", "mean(x)", "-d", "x: dvector", "-i", "x=[]"]);
    prints("nan", &["eval", "x ** 2", "-i", "x=NaN"]);
    prints("inf", &["eval", "x ** 2", "-i", "x=-inf"]);
    prints("-inf", &["eval", "-1 / x", "-i", "x=0"]);
}

/// A `.npy` file: element type, shape as Python writes it, bytes.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut all = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    all.extend(format!("{head:<117}\n").bytes());
    all.extend(data);
    all
}

#[test]
fn files_of_values() {
    fs::create_dir_all(dir().join("folder.npy")).unwrap();
    fs::create_dir_all(dir().join("folder.csv")).unwrap();
    let two: Vec<u8> = [1.5f64, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let bad: [(&str, Vec<u8>, i32, &str); 9] = [
        ("no.npy", b"no array".to_vec(), 2, "no.npy"),
        ("short.npy", b"\x93NUMPY\x01\x00".to_vec(), 2, "short.npy"),
        ("less.npy", npy("<f8", "(3,)", &two), 2, "less.npy"),
        ("huge.npy", npy("<f8", "(1000000000000, 1000000000000)", &two), 2, "the header says"),
        ("complex.npy", npy("<c16", "(1,)", &two), 2, "c16"),
        ("word.csv", b"1\n2\noops\n".to_vec(), 2, "word.csv:3: column 1: `oops` is not a number"),
        ("ragged.csv", b"1,2\n3\n".to_vec(), 3, "ragged.csv:2: 1 values where other lines have 2"),
        ("latin.csv", b"1\n\xff\n".to_vec(), 2, "latin.csv"),
        ("object.json", b"{\"a\": [1".to_vec(), 2, "object.json"),
    ];
    for (name, bytes, code, text) in bad {
        file(name, bytes);
        refused(code, text, &["eval", "sum(x)", "-d", "x: dvector", "-i", &format!("x={name}")]);
    }
    for name in ["missing.npy", "missing.csv", "folder.npy", "folder.csv"] {
        refused(4, name, &["eval", "sum(x)", "-d", "x: dvector", "-i", &format!("x={name}")]);
    }
    file("good.npy", npy("<f8", "(2,)", &two));
    file("good.csv", "name\n1.5\n-2\n");
    file("good.json", "{\"x\": [1.5, -2]}");
    for given in [["-i", "x=good.npy"], ["-i", "x=good.csv"], ["--values", "good.json"]] {
        let mut args = vec!["eval", "sum(x)", "-d", "x: dvector"];
        args.extend(given);
        prints("-0.5", &args);
    }
    file("list.json", "[1]");
    refused(2, "list.json", &["eval", "sum(x)", "-d", "x: dvector", "--values", "list.json"]);
    refused(4, "missing.json", &["eval", "sum(x)", "-d", "x: dvector", "--values", "missing.json"]);
    let ran = egrad_with(&["eval", "sum(x)", "-d", "x: dvector", "-i", "x=-"], b"[1, 2]");
    assert_eq!((ran.code, ran.out.as_str()), (0, "3.0\n"));
}

#[test]
fn other_files() {
    fs::create_dir_all(dir().join("folder")).unwrap();
    for name in ["folder", "missing"] {
        let at = format!("@{name}");
        for args in [
            &["pp", &at][..],
            &["opt", "-f", name],
            &["run", name],
            &["batch", name],
            &["rules", "check", name],
            &["opt", "x", "--rules", name],
        ] {
            refused(4, name, args);
        }
    }
    let plain = file("plain.eg", "x * 2");
    refused(2, "is a file: `@plain.eg` reads it", &["pp", &plain]);
    assert_eq!(egrad(&["pp", &format!("@{plain}")]).out, "(x * 2)\n");
    let ran = egrad_with(&["pp", "-"], b"x * 2\n");
    assert_eq!((ran.code, ran.out.as_str()), (0, "(x * 2)\n"));
    assert_eq!(egrad_with(&["pp", "-"], b"x \xff").code, 2);
    let ran = egrad_with(&["run", "-"], b"x: f64\npp x + 1\npp y\n");
    assert_eq!((ran.code, ran.out.as_str()), (2, "pp x + 1\n  (x + 1)\n"));
    assert!(ran.err.contains("<stdin>:3") || ran.err.contains("-:3"), "{}", ran.err);
}

#[test]
fn frontiers() {
    let args = ["opt", "--frontier", "log(1 + exp(x)) - x"];
    let table = egrad(&args);
    assert!(
        table.code == 0 && table.out.contains("worst ulp") && table.out.contains("softplus((-x))"),
        "{table:?}"
    );
    let json = egrad(&[&args[..], &["--format", "json"]].concat());
    let found: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let forms = found["forms"].as_array().unwrap();
    assert!(forms.iter().any(|f| f["frontier"] == true && f["form"][0] == "softplus((-x))"), "{json:?}");
    let picture = file("frontier.svg", "");
    assert!(egrad(&[&args[..], &["-o", &picture]].concat()).out.contains("wrote frontier.svg"));
    assert!(fs::read_to_string(dir().join(&picture)).unwrap().contains("wrong bits"));
    refused(2, "no frontier", &["opt", "--frontier", "log(-x ** 2 - 1)"]);
}

#[test]
fn rule_files() {
    let good = file(
        "good.rules",
        "(rule twice-zero \"Zero twice is zero once.\" (+ (+ ?x 0.0) 0.0) => (+ ?x 0.0) :assumes (nsz))\n",
    );
    let typo = file("typo.rules", "(rule typo \"A typing error.\" (sigmiod ?x) => (sigmoid ?x))\n");
    let wrong = file("wrong.rules", "(rule wrong \"No law.\" (exp ?x) => (log ?x) :assumes (reassoc nsz))\n");
    prints("1 rules, 0 refuted", &["rules", "check", &good]);
    refused(2, "typo.rules:1:", &["rules", "check", &typo]);
    refused(2, "did you mean `sigmoid`?", &["opt", "x", "--rules", &typo]);
    refused(5, "wrong.rules:1: `wrong` does not hold", &["opt", "exp(x)", "--rules", &wrong]);
    let ran = egrad(&["rules", "check", &wrong]);
    assert!(ran.code == 5 && ran.out.contains("wrong.rules:1: `wrong` does not hold"), "{ran:?}");
    prints("(0.0 + x)", &["opt", "x + 0.0 + 0.0", "--rules", &good, "--no-standard", "--profile", "strict"]);
    refused(2, "`nosuch`", &["opt", "x", "--disable", "nosuch"]);
    refused(2, "known: default, ", &["opt", "x", "--extractor", "nosuch"]);
    refused(2, "symbol=number", &["opt", "x", "--size", "n"]);
    let deep = format!("(rule deep \"Deep.\" {}?x{} => ?x)", "(exp ".repeat(100_000), ")".repeat(100_000));
    let deep = file("deep.rules", deep);
    refused(2, "nested deeper", &["rules", "check", &deep]);
}
