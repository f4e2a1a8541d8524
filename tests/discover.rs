//! The search for rules: what it finds, what it leaves out, and that what it prints is a rule file that holds.
#![allow(clippy::unwrap_used, reason = "tests")]

use egrad::discover::{DiscoverError, Discovery, Search, discover};
use egrad::op::Op;
use egrad::optimize::standard_rules;
use egrad::rules::{Assumes, Profile, RuleSet, check};

fn ops(names: &[&str]) -> Vec<Op> {
    names.iter().map(|n| Op::by_name(n).unwrap()).collect()
}

fn found(search: &Search) -> Discovery {
    discover(search).unwrap()
}

fn equations(d: &Discovery) -> Vec<String> {
    d.proposals.iter().map(|p| p.rules[0].equation()).collect()
}

/// Nothing known, one variable, no numbers.
fn bare(names: &[&str], size: usize) -> Search {
    Search {
        variables: 1,
        numbers: vec![],
        size,
        rules: RuleSet::default().into(),
        ..Search::over(ops(names))
    }
}

#[test]
fn what_is_known_of_a_sign_is_found_again() {
    let all = equations(&found(&bare(&["abs", "neg", "sgn"], 3)));
    for wanted in
        ["(abs (neg ?x)) => (abs ?x)", "(sgn (sgn ?x)) => (sgn ?x)", "(sgn (neg ?x)) => (neg (sgn ?x))"]
    {
        assert!(all.iter().any(|e| e == wanted), "{wanted} is not in {all:#?}");
    }
    // The normal form knows this, and instances of what was found follow from it.
    assert!(!all.iter().any(|e| e.contains("(neg (neg ") || e.contains("(abs (neg (")), "{all:#?}");
}

#[test]
fn a_rule_that_is_taken_away_is_found_again() {
    let search = |rules: RuleSet| Search { rules: rules.into(), ..bare(&["expm1", "log1p"], 3) };
    let standard = (*standard_rules()).clone();
    let without = found(&search(standard.without(&["expm1-log1p"]).unwrap()));
    let one = without.proposals.iter().find(|p| p.rules[0].equation() == "(expm1 (log1p ?x)) => ?x").unwrap();
    // At -2 the left side is no number.
    assert_eq!(one.rules[0].assumes, Assumes::REASSOC.with(Assumes::DOMAIN));
    assert!(one.needs.iter().any(|n| n.word == "domain" && n.without.to_string().starts_with("NaN became")));
    assert_eq!(equations(&found(&search(standard))), [""; 0]);
}

#[test]
fn conditions_are_no_stronger_than_needed() {
    let d = found(&bare(&["abs", "exp", "log"], 3));
    let of = |left: &str| d.proposals.iter().find(|p| p.text.contains(left)).unwrap();
    assert!(of("(abs ?x) => ?x").text.contains(":when ((nonneg ?x))"));
    // Below zero the left side is no real number, so that nothing need be said of it.
    assert!(of("(exp (log ?x)) => ?x").rules[0].assumes.has(Assumes::DOMAIN));
    assert!(!of("(exp (log ?x)) => ?x").text.contains(":when"));
}

#[test]
fn numbers_that_any_number_could_be_are_variables() {
    let all = equations(&found(&Search { numbers: vec![2.0], ..bare(&["maximum"], 5) }));
    assert!(all.iter().any(|e| e.matches("maximum").count() == 3 && e.contains("?y")), "{all:#?}");
    assert!(!all.iter().any(|e| e.contains('2')), "{all:#?}");
}

#[test]
fn what_is_printed_is_a_rule_file_that_holds() {
    for profile in [Profile::Real, Profile::Strict, Profile::Ieee] {
        let d = found(&Search { profile, numbers: vec![0.0, 1.0], ..bare(&["exp", "log", "neg", "-"], 4) });
        let set = RuleSet::parse("found.rules", &d.text()).unwrap();
        assert_eq!(set.len(), d.proposals.iter().map(|p| p.rules.len()).sum::<usize>());
        assert!(!set.is_empty());
        for (r, own) in set.rules().iter().zip(d.proposals.iter().flat_map(|p| &p.rules)) {
            assert_eq!((&r.name, r.equation(), r.assumes), (&own.name, own.equation(), own.assumes));
            assert!(r.assumes.within(profile.grants()), "{}", r.name);
            check::check(r).unwrap();
        }
    }
}

#[test]
fn every_count_is_accounted_for_and_runs_are_alike() {
    let search = Search { numbers: vec![1.0], ..bare(&["exp", "log", "+"], 4) };
    let (a, b) = (found(&search), found(&search));
    assert_eq!(a.text(), b.text());
    assert_eq!(a.equations, a.follow + a.refuted + a.proposals.len());
    assert!(!a.cut);
    let short = found(&Search { terms: 10, ..search });
    assert!(short.cut && short.terms <= 10 && short.text().starts_with(";; 10 terms (the limit)"));
}

#[test]
fn what_cannot_be_enumerated_is_an_error() {
    let why = |search: Search| discover(&search).unwrap_err();
    assert_eq!(why(Search::over(vec![])), DiscoverError::NoOperator);
    for (name, reason) in [
        ("dot", "does not work element by element"),
        ("sum", "does not work element by element"),
        ("cast", "takes an attribute"),
        ("relu", "is written with other operators before rules see it"),
    ] {
        let e = why(Search::over(ops(&["exp", name])));
        assert!(matches!(e, DiscoverError::Operator { .. }));
        assert!(e.to_string().ends_with(reason), "{e}");
    }
    let one = Search::over(ops(&["exp"]));
    assert_eq!(why(Search { variables: 5, ..one.clone() }), DiscoverError::Variables { given: 5 });
    assert_eq!(why(Search { variables: 0, ..one.clone() }), DiscoverError::Variables { given: 0 });
    assert_eq!(why(Search { size: 0, ..one.clone() }), DiscoverError::Size { given: 0 });
    assert_eq!(why(Search { size: 10, ..one.clone() }), DiscoverError::Size { given: 10 });
    assert!(matches!(why(Search { numbers: vec![f64::NAN], ..one }), DiscoverError::Number { .. }));
}

/// The names of variables are no part of an equation, nor is which of two equal terms was made first.
#[test]
fn each_equation_is_there_once() {
    let d = found(&Search { variables: 3, ..bare(&["maximum", "neg"], 5) });
    let mut all = equations(&d);
    let n = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), n);
}

#[test]
fn the_command_says_the_same() {
    let run = |args: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_egrad"))
            .arg("discover")
            .args(args)
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let bare = ["abs", "neg", "--no-standard", "--vars", "1", "--numbers", "", "--nodes", "3"];
    let (code, text, _) = run(&bare);
    assert_eq!(code, Some(0));
    assert!(RuleSet::parse("found.rules", &text).unwrap().get("found-1").is_some(), "{text}");
    let (_, json, _) = run(&[&bare[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rules"][0]["name"], "found-1");
    assert_eq!(json["rules"].as_array().unwrap().len(), text.matches("(rule ").count());
    let (code, _, error) = run(&["dot"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("`dot`"), "{error}");
    let (code, _, error) = run(&["expo"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("did you mean"), "{error}");
}
