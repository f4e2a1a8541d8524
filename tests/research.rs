//! The commands of `docs/research.md`, each run, and odd e-graphs.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A directory of its own with the files of `examples/research`.
fn place(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&dir).unwrap();
    for entry in fs::read_dir(root().join("examples/research")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.join(path.file_name().unwrap())).unwrap();
    }
    dir
}

/// Exit code, standard output, standard error.
fn egrad(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_egrad")).args(args).current_dir(dir).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

/// The words of a command line; single quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (i, part) in line.split('\'').enumerate() {
        if i % 2 == 1 {
            out.push(part.to_string());
        } else {
            out.extend(part.split_whitespace().map(str::to_string));
        }
    }
    out
}

/// Where in its file a rule stands is no matter of a snapshot.
fn without_lines(text: &str) -> String {
    let mut parts = text.split(".rules:");
    let mut out = parts.next().unwrap().to_string();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let _ = write!(out, ".rules:_{rest}");
    }
    out
}

#[test]
fn every_command_of_the_chapter_runs() {
    let dir = place("research");
    let chapter = fs::read_to_string(root().join("docs/research.md")).unwrap();
    let mut shown = String::new();
    for line in chapter.lines().filter_map(|l| l.strip_prefix("$ egrad ")) {
        let args = words(line);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (code, out, err) = egrad(&dir, &args);
        assert_eq!((code, err.as_str()), (0, ""), "{line}");
        assert_eq!(out, egrad(&dir, &args).1, "another run of `{line}` says something else");
        if args.contains(&"--json") {
            let parsed: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(parsed["ok"], true, "{line}");
        } else if args.contains(&"cases.jsonl") {
            // What costs how much is no matter of this test.
            for case in ["logistic", "cross-entropy", "least-squares", "polynomial"] {
                assert!(out.lines().any(|l| l.starts_with(case)), "{line}: no {case} in\n{out}");
            }
            assert!(!out.contains("left out"), "{line}: {out}");
        } else {
            let _ = writeln!(shown, "$ egrad {line}\n{}", without_lines(out.trim_end()));
        }
    }
    for file in ["square.dot", "chosen.dot", "square.json"] {
        let _ = writeln!(shown, "{file}\n{}", fs::read_to_string(dir.join(file)).unwrap().trim_end());
    }
    insta::with_settings!({
        snapshot_path => root().join("snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("research__commands", shown) });
}

#[test]
fn comparisons_tell_two_ways_apart() {
    let dir = place("research_compare");
    fs::write(dir.join("s.eg"), "x: f64\nopt sin(atan(sinh(x)))\npp exp(x)\n").unwrap();
    let json = |args: &[&str]| -> serde_json::Value {
        let (code, out, err) = egrad(&dir, args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        serde_json::from_str(&out).unwrap()
    };
    let found = json(&["opt", "s.eg", "--no-standard", "--vs", "own.rules", "--json"]);
    let case = &found["cases"][0];
    assert_eq!(case["id"], "s.eg:2");
    assert!(case["b"]["cost"].as_f64() < case["a"]["cost"].as_f64(), "{case}");
    assert_eq!(case["b"]["used"]["gudermannian"], 1);
    assert!(case["a"].get("seconds").is_none());
    let timed = json(&["opt", "s.eg", "--counts", "--time", "--json"]);
    assert!(timed["cases"][0]["a"]["seconds"].as_f64().is_some_and(|s| s >= 0.0));
    let ablated = json(&["opt", "s.eg", "--no-standard", "--rules", "own.rules", "--ablate", "--json"]);
    let worth = ablated["ablation"].as_array().unwrap().iter().find(|r| r["rule"] == "gudermannian").unwrap();
    assert_eq!((&worth["fired"], &worth["dearer"]), (&1.into(), &1.into()));
    // A case that cannot be read is named and does not stop the others.
    fs::write(dir.join("bad.jsonl"), "{\"id\": \"b\", \"expr_infix\": \"x +\", \"decls\": \"x: f64\"}\nno\n")
        .unwrap();
    let mixed = json(&["opt", "bad.jsonl", "s.eg", "--counts", "--json"]);
    assert_eq!((mixed["cases"].as_array().unwrap().len(), mixed["failed"].as_array().unwrap().len()), (2, 2));
    for (code, text, args) in [
        (2, "no rule and no tag is called `nosuch`", &["opt", "s.eg", "--vs-disable", "nosuch"][..]),
        (2, "unknown extractor `nosuch`", &["opt", "s.eg", "--vs-extractor", "nosuch"]),
        (4, "nosuch.rules", &["opt", "s.eg", "--vs", "nosuch.rules"]),
        (4, "nosuch.jsonl", &["opt", "nosuch.jsonl", "--counts"]),
    ] {
        let (found, out, err) = egrad(&dir, args);
        assert!(found == code && out.is_empty() && err.contains(text), "{args:?}: {found} {out} {err}");
    }
}

#[test]
fn odd_egraphs() {
    let dir = place("research_odd");
    let node = |class: &str, rest: &str| format!("{{\"op\": \"f\", \"eclass\": \"{class}\"{rest}}}");
    let graph =
        |nodes: &str, roots: &str| format!("{{\"nodes\": {{{nodes}}}, \"root_eclasses\": [{roots}]}}");
    let leaf = format!("\"l\": {}", node("a", ""));
    for (code, text, json) in [
        (2, "not an e-graph", "{".to_string()),
        (2, "not an e-graph", "[1, 2]".to_string()),
        (2, "is no cost", graph(&format!("\"l\": {}", node("a", ", \"cost\": \"dear\"")), "\"a\"")),
        (3, "names no class", graph(&leaf, "")),
        (3, "root `b` is not the class of any node", graph(&leaf, "\"b\"")),
        (3, "unknown child `m`", graph(&format!("\"l\": {}", node("a", ", \"children\": [\"m\"]")), "\"a\"")),
        (3, "there twice", graph(&format!("{leaf}, {leaf}"), "\"a\"")),
        (3, "negative or NaN", graph(&format!("\"l\": {}", node("a", ", \"cost\": -1")), "\"a\"")),
        (3, "negative or NaN", graph(&format!("\"l\": {}", node("a", ", \"cost\": \"nan\"")), "\"a\"")),
        (
            3,
            "root `a` has no finite term",
            graph(&format!("\"l\": {}", node("a", ", \"children\": [\"l\"]")), "\"a\""),
        ),
    ] {
        fs::write(dir.join("odd.json"), &json).unwrap();
        let (found, out, err) = egrad(&dir, &["extract", "odd.json"]);
        assert!(found == code && out.is_empty() && err.contains(text), "{json}: {found} {out} {err}");
    }
    // Only dear and subsumed nodes: they are taken, and the cost says so.
    fs::write(dir.join("odd.json"), graph(&format!("\"l\": {}", node("a", ", \"subsumed\": true")), "\"a\""))
        .unwrap();
    let (code, out, _) = egrad(&dir, &["extract", "odd.json"]);
    assert!(code == 0 && out.starts_with("cost inf"), "{out}");
    let (code, out, _) = egrad(&dir, &["extract", "odd.json", "--json"]);
    assert!(code == 0 && out.contains("\"cost\":null"), "{out}");
    let (code, _, err) = egrad(&dir, &["extract", "odd.json", "--extractor", "nosuch"]);
    assert!(code == 2 && err.contains("known: default"), "{err}");
    assert_eq!(egrad(&dir, &["extract", "missing.json"]).0, 4);
}
