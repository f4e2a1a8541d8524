//! Rule files: the standard set loads, is sound as far as samples tell, and wrong rules are refuted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use egrad::op::Role;
use egrad::rules::{Assumes, AttrPattern, PNode, Rule, RuleSet, STANDARD_FILES, check};

/// The files of a folder beside the tests, by name.
fn files(folder: &str) -> Vec<(String, PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut all: Vec<(String, PathBuf, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "rules"))
        .map(|p| {
            let text = std::fs::read_to_string(&p).unwrap();
            (p.file_stem().unwrap().to_string_lossy().into_owned(), p, text)
        })
        .collect();
    all.sort();
    all
}

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_standard_set_loads() {
    if let Err(e) = RuleSet::check_standard() {
        panic!("{}", e.report());
    }
}

#[test]
fn the_standard_set_is_not_refuted() {
    if let Err(refuted) = check::check_all(RuleSet::standard()) {
        let lines: Vec<String> = refuted.iter().map(|r| format!("{}: {r}", r.rule)).collect();
        panic!("{} rules are refuted\n{}", lines.len(), lines.join("\n"));
    }
}

#[test]
fn wrong_rules_are_refuted() {
    for (name, _, text) in files("tests/rules_unsound") {
        let set = RuleSet::parse(&format!("{name}.rules"), &text).unwrap_or_else(|e| panic!("{e}"));
        assert!(set.get(&name).is_some(), "{name}.rules must hold the rule {name}");
        let found: Vec<String> = set
            .rules()
            .iter()
            .map(|r| match check::check(r) {
                Ok(done) => panic!("{name} is not refuted at {} points", done.points),
                Err(refutation) => refutation.to_string(),
            })
            .collect();
        snapshot(&format!("rules__unsound_{name}"), &format!("{}\n\n{text}", found.join("\n")));
    }
}

#[test]
fn malformed_rules_do_not_load() {
    for (name, _, text) in files("tests/rules_fail") {
        match RuleSet::parse(&format!("{name}.rules"), &text) {
            Ok(_) => panic!("{name} loads"),
            Err(e) => snapshot(&format!("rules__fail_{name}"), &e.report()),
        }
    }
}

#[test]
fn every_rule_file_is_embedded_and_introduced() {
    let found: Vec<String> =
        files("rules").into_iter().map(|(name, ..)| format!("rules/{name}.rules")).collect();
    let mut embedded: Vec<&str> = STANDARD_FILES.iter().map(|(name, _)| *name).collect();
    embedded.sort_unstable();
    assert_eq!(found, embedded);
    for (name, text) in STANDARD_FILES {
        assert!(text.starts_with(";; "), "{name} must begin by saying what it covers");
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = RuleSet::standard().rules().iter().map(|r| &*r.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn no_rule_assumes_more_than_it_needs() {
    // A kernel may round otherwise than the scalar one, and combine elements in another order.
    let free = |r: &Rule, word: &str| {
        let combines = |n: &PNode| matches!(n, PNode::App { op, .. } if matches!(op.def().role, Role::Reduce | Role::Contract));
        word == "reassoc" || word == "nsz" && r.lhs.nodes.iter().any(combines)
    };
    let set = RuleSet::standard();
    let base = |r: &Rule| r.name.split('[').next().unwrap_or_default().trim_end_matches("-rev").to_string();
    let mut spare = Vec::new();
    let mut at = 0;
    while let Some(first) = set.rules().get(at) {
        let n = set.rules()[at..].iter().take_while(|r| base(r) == base(first)).count();
        for (word, a) in Assumes::WORDS.iter().filter(|(w, a)| first.assumes.has(*a) && !free(first, w)) {
            let fewer = Assumes::WORDS.iter().map(|(_, b)| *b).filter(|b| b != a && first.assumes.has(*b));
            let fewer = fewer.fold(Assumes::NONE, Assumes::with);
            // Samples are drawn by name: other names are other samples.
            let passes = |r: &Rule| {
                (0..24).all(|k| {
                    let name = if k == 0 { r.name.clone() } else { format!("{} {k}", r.name).into() };
                    check::check(&Rule { name, assumes: fewer, ..r.clone() }).is_ok()
                })
            };
            if set.rules()[at..at + n].iter().all(passes) {
                spare.push(format!("{} {word}", base(first)));
            }
        }
        at += n;
    }
    assert!(spare.is_empty(), "{}", spare.join("\n"));
}

/// A side as egg writes patterns, when it has no attributes.
fn as_egg(side: &egrad::rules::Pattern) -> Option<String> {
    let mut text: Vec<String> = Vec::new();
    for node in side.nodes.iter() {
        text.push(match node {
            PNode::Var(v) => format!("?v{v}"),
            PNode::Num(x) => format!("{x}"),
            PNode::App { op, attr: AttrPattern::None, args } => {
                let args: Vec<&str> = args.iter().map(|a| &*text[*a as usize]).collect();
                format!("({} {})", op.def().name, args.join(" "))
            }
            _ => return None,
        });
    }
    text.pop()
}

/// The rules without attributes, conditions and larger results suffice for the tutorial's gradient.
#[test]
fn the_gradient_of_the_logistic_function_is_found() {
    use egg::{Pattern, RecExpr, Rewrite, Runner, SymbolLang};
    let small = RuleSet::standard().without(&["expand"]).unwrap();
    let plain = small.rules().iter().filter(|r| r.when.is_empty());
    let rules: Vec<Rewrite<SymbolLang, ()>> = plain
        .filter_map(|r| {
            let side = |p| as_egg(p)?.parse::<Pattern<SymbolLang>>().ok();
            Rewrite::new(r.name.to_string(), side(&r.lhs)?, side(&r.rhs)?).ok()
        })
        .collect();
    let wanted: RecExpr<SymbolLang> = "(* (sigmoid (neg x)) (sigmoid x))".parse().unwrap();
    // With the seed 1.0 as it stands, and after its sign is folded.
    for seed in ["(neg (* 1 1))", "-1"] {
        let d = "(+ 1 (exp (neg x)))";
        let raw = format!("(neg (* (/ {seed} (* {d} {d})) (exp (neg x))))");
        let runner = Runner::default()
            .with_node_limit(5000)
            .with_time_limit(std::time::Duration::from_secs(20))
            .with_expr(&raw.parse().unwrap())
            .run(&rules);
        let found = runner.egraph.lookup_expr(&wanted).map(|id| runner.egraph.find(id));
        assert_eq!(found, Some(runner.egraph.find(runner.roots[0])), "{:?}", runner.stop_reason);
        eprintln!(
            "{} nodes, {} iterations, {:?}",
            runner.egraph.total_size(),
            runner.iterations.len(),
            runner.stop_reason
        );
    }
}
