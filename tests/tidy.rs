//! The tree itself: layers, headers, sizes, orphans.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer and the layers that it may import. A layer not named here does not exist.
const LAYERS: &[(&str, &[&str])] = &[
    ("ty", &[]),
    ("num", &[]),
    ("math", &[]),
    // One knot on purpose: a row's derivative is written with expressions.
    ("op", &["ty", "num", "math", "expr"]),
    ("expr", &["ty", "num", "op"]),
    ("pp", &["ty", "op", "expr"]),
    ("facts", &["ty", "num", "op", "expr"]),
    ("graph", &["ty", "op", "expr", "facts"]),
    ("grad", &["ty", "op", "expr", "pp", "graph"]),
    ("sexp", &[]),
    ("text", &["ty", "op", "expr", "pp", "grad", "sexp"]),
    ("plot", &[]),
    ("threads", &[]),
    ("extract", &[]),
    ("data", &["expr"]),
    ("eval", &["ty", "num", "math", "op", "expr", "facts", "graph", "threads"]),
    ("native", &["math", "op", "eval"]),
    ("rules", &["ty", "num", "op", "expr", "facts", "graph", "eval", "sexp"]),
    ("egraph", &["ty", "op", "expr", "facts", "graph", "rules", "extract"]),
    ("norm", &["ty", "op", "graph", "rules"]),
    ("digits", &["num", "op", "ty", "expr", "facts", "graph", "eval"]),
    ("optimize", &["ty", "op", "facts", "graph", "rules", "extract", "egraph", "norm", "digits", "threads"]),
    ("discover", &["ty", "num", "op", "expr", "facts", "graph", "rules", "egraph", "optimize"]),
    ("accuracy", &["ty", "num", "graph", "eval", "rules", "optimize", "digits"]),
    ("proof", &["ty", "num", "op", "expr", "pp", "facts", "graph", "eval", "rules", "egraph", "optimize"]),
    (
        "function",
        &[
            "ty", "op", "expr", "pp", "sexp", "text", "facts", "graph", "eval", "native", "rules",
            "optimize", "threads",
        ],
    ),
    ("verify", &["ty", "expr", "grad", "function"]),
    (
        "script",
        &[
            "ty", "op", "expr", "pp", "grad", "sexp", "text", "data", "plot", "graph", "rules", "optimize",
            "proof", "function", "num", "verify",
        ],
    ),
    (
        "cli",
        &[
            "ty", "op", "expr", "pp", "grad", "sexp", "text", "data", "plot", "graph", "rules", "extract",
            "egraph", "optimize", "discover", "accuracy", "proof", "function", "verify", "script",
        ],
    ),
];

/// Layers that may know egg.
const EGG: &[&str] = &["egraph"];

/// The longest Rust file that is not a table.
const LINES: usize = 420;
const TABLES: &[&str] = &["src/op/table.rs"];

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for p in entries {
        if p.is_dir() {
            rust_files(&p, out);
        } else if p.extension().is_some_and(|e| e == "rs") {
            out.push(p);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    files
        .into_iter()
        .map(|p| {
            let name = p.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&p).unwrap())
        })
        .collect()
}

fn layer(file: &str) -> &str {
    let rest = file.strip_prefix("src/").unwrap();
    rest.split(['/', '.']).next().unwrap()
}

/// The layers that a file names as `crate::NAME`, outside comments.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap();
        for part in code.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                out.push((n + 1, name));
            }
        }
    }
    out
}

#[test]
fn layers_import_only_what_is_below() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let own = layer(&file);
        if ["lib", "main"].contains(&own) {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(l, _)| *l == own) else {
            wrong.push(format!("{file}: `{own}` is not in the table of layers"));
            continue;
        };
        for (line, name) in imports(&text) {
            if name != own && LAYERS.iter().any(|(l, _)| *l == name) && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{file}:{line}: imports `{name}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_layers_are_a_dag_but_for_one_knot() {
    // Every layer may import only layers above it in the list; `op` and `expr` are one.
    for (i, (own, allowed)) in LAYERS.iter().enumerate() {
        for a in *allowed {
            let at = LAYERS.iter().position(|(l, _)| l == a).unwrap();
            let knot = *own == "op" && *a == "expr";
            assert!(at < i || knot, "{own} may import {a}, which is not below it");
        }
    }
}

#[test]
fn egg_stays_inside() {
    for (file, text) in sources() {
        let knows = text.lines().any(|l| {
            let code = l.split("//").next().unwrap();
            code.contains("egg::") || code.contains("use egg")
        });
        assert!(!knows || EGG.contains(&layer(&file)), "{file} knows egg");
    }
}

/// egg's own way to mend an e-graph reads a clock, which takes milliseconds to set itself.
#[test]
fn e_graphs_are_mended_in_one_place() {
    for (file, text) in sources() {
        let mends = text.matches(".rebuild()").count();
        assert_eq!(mends, usize::from(file == "src/egraph/analysis.rs"), "{file}");
    }
}

#[test]
fn no_pass_names_an_operator() {
    // Constructors, reading and the rows themselves name operators; passes ask the row.
    let passes = ["facts", "graph", "eval", "egraph", "norm", "digits", "optimize", "function"];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if !passes.contains(&layer(&file)) {
            continue;
        }
        let body = text.split("#[cfg(test)]").next().unwrap();
        for (n, line) in body.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for part in code.split("Op::").skip(1) {
                let name: String = part.chars().take_while(|c| c.is_alphanumeric()).collect();
                let variant = name.chars().next().is_some_and(char::is_uppercase)
                    && name.chars().any(char::is_lowercase);
                if variant && !code.contains("EHead::Op") && !code.contains("Head::Op") {
                    wrong.push(format!("{file}:{}: names `{name}`", n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_say_what_they_are_for_and_are_short() {
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    for dir in ["src", "tests", "benches", "examples"] {
        rust_files(&root().join(dir), &mut files);
    }
    for p in files {
        let name = p.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&p).unwrap();
        if !text.starts_with("//!") && !text.starts_with("#![doc") {
            wrong.push(format!("{name}: does not begin with its document"));
        }
        let lines = text.lines().count();
        if lines > LINES && !TABLES.contains(&name.as_str()) {
            wrong.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_to_do_in_the_code() {
    for (file, text) in sources() {
        for word in ["todo!", "unimplemented!", "dbg!(", "FIXME", "XXX"] {
            assert!(!text.contains(word), "{file} contains {word}");
        }
    }
}

/// All files below a directory that hold text.
fn texts(dir: &Path, out: &mut Vec<(String, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for p in entries {
        if p.is_dir() {
            texts(&p, out);
        } else if let Ok(text) = fs::read_to_string(&p) {
            out.push((p.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"), text));
        }
    }
}

fn tree(dirs: &[&str]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    dirs.iter().for_each(|d| texts(&root().join(d), &mut out));
    out
}

#[test]
fn no_snapshot_is_an_orphan() {
    let mut claimed: Vec<String> = Vec::new();
    for (file, text) in tree(&["tests"]) {
        let stem = file.rsplit_once('.').map_or(file.as_str(), |(s, _)| s);
        let rest = |prefix: &str| stem.strip_prefix(prefix).map(|s| s.replace('/', "__"));
        claimed.extend(rest("tests/cases/"));
        claimed.extend(rest("tests/rules_fail/").map(|n| format!("rules__fail_{n}")));
        claimed.extend(rest("tests/rules_unsound/").map(|n| format!("rules__unsound_{n}")));
        // A name that a test writes out.
        if file.ends_with(".rs") {
            claimed.extend(text.split('"').filter(|s| s.contains("__")).map(str::to_string));
        }
    }
    let orphans: Vec<String> = tree(&["snapshots"])
        .into_iter()
        .map(|(file, _)| file.trim_start_matches("snapshots/").trim_end_matches(".snap").to_string())
        .filter(|name| !claimed.contains(name))
        .collect();
    assert!(orphans.is_empty(), "no test makes {orphans:?}");
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let places = ["work", "tmp", "root", "home", "Users"].map(|d| format!("/{d}/"));
    let mut files = tree(&["src", "tests", "benches", "examples", "rules", "snapshots", ".ci"]);
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Cargo.toml", "check.sh"]
    {
        files.push((name.to_string(), fs::read_to_string(root().join(name)).unwrap()));
    }
    let wrong: Vec<String> =
        files.into_iter().filter(|(_, t)| places.iter().any(|p| t.contains(p))).map(|(f, _)| f).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Operators that no case spells, each with its reason.
const WITHOUT_A_CASE: &[(&str, &str)] = &[
    ("neg", "spelled `-x`"),
    ("index", "spelled `x[...]`"),
    ("segment", "made by derivatives of joins of unknown length"),
    ("inc_segment", "made by derivatives of `segment`"),
    ("inc_take", "made by the derivative of `take`"),
    ("set_take", "spelled `set_subtensor(v[iv], u)`"),
    ("printed_as", "made by derivatives that Theano prints otherwise"),
    ("places", "spelled `v[i:]`"),
    ("inc_places", "spelled `inc_subtensor(v[i:], u)`"),
    ("set_places", "spelled `set_subtensor(v[i:], u)`"),
    ("length", "spelled `x.shape[0]`"),
    ("shape_of", "spelled `x.shape`"),
    ("reshape_like", "spelled `reshape(x, y.shape)`"),
];

#[test]
fn every_operator_has_a_case() {
    let cases: String = tree(&["tests/cases", "tests/theano"]).into_iter().map(|(_, t)| t).collect();
    let spelled = |name: &str| {
        if !name.starts_with(|c: char| c.is_alphabetic()) {
            return cases.contains(name);
        }
        let starts = |at: usize| !cases[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let ends = |at: usize| cases[at..].starts_with(['(', '{']);
        cases.match_indices(name).any(|(at, _)| starts(at) && ends(at + name.len()))
    };
    let missing: Vec<&str> = egrad::op::Op::ALL
        .iter()
        .map(|op| op.def())
        .filter(|row| !spelled(row.name) && !row.aliases.iter().any(|a| spelled(a)))
        .map(|row| row.name)
        .filter(|name| !WITHOUT_A_CASE.iter().any(|(n, _)| n == name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
