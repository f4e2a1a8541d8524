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
    Search { variables: 1, numbers: vec![], size, rules: RuleSet::default().into(), ..Search::over(ops(names)) }
}

#[test]
fn what_is_known_of_a_sign_is_found_again() {
    let all = equations(&found(&bare(&["abs", "neg", "sgn"], 3)));
    for wanted in ["(neg (neg ?x)) => ?x", "(abs (neg ?x)) => (abs ?x)", "(sgn (sgn ?x)) => (sgn ?x)"] {
        assert!(all.iter().any(|e| e == wanted), "{wanted} is not in {all:#?}");
    }
    // Instances of what was found follow from it.
    assert!(!all.iter().any(|e| e.contains("(neg (neg (")), "{all:#?}");
}

#[test]
fn a_rule_that_is_taken_away_is_found_again() {
    let names = ["log", "*", "/"];
    let search = |rules: RuleSet| Search {
        variables: 2,
        numbers: vec![],
        size: 4,
        rules: rules.into(),
        ..Search::over(ops(&names))
    };
    let standard = (*standard_rules()).clone();
    let with = found(&search(standard.clone()));
    assert!(!equations(&with).iter().any(|e| e == "(/ ?x ?x) => (fill ?x 1)"));
    let without = found(&search(RuleSet::default()));
    let one = without.proposals.iter().find(|p| p.rules[0].equation() == "(/ ?x ?x) => (fill ?x 1)");
    // No number is among the terms.
    assert!(one.is_none());
    let numbered = Search { numbers: vec![1.0], ..search(RuleSet::default()) };
    let without = found(&numbered);
    let one = without.proposals.iter().find(|p| p.text.contains("(/ ?x ?x) => (fill ?x 1)")).unwrap();
    // At 0 the left side is no number, and neither is it at infinity.
    assert!(one.rules[0].assumes.has(Assumes::DOMAIN.with(Assumes::NINF).with(Assumes::NNAN)));
    assert!(one.needs.iter().any(|n| n.word == "domain" && n.without.to_string().contains("?x = 0.0")));
}

#[test]
fn conditions_are_no_stronger_than_needed() {
    let d = found(&bare(&["abs", "sqrt", "sqr"], 3));
    let of = |left: &str| d.proposals.iter().find(|p| p.text.contains(left)).unwrap().text.clone();
    assert!(of("(abs ?x) => ?x").contains(":when ((nonneg ?x))"));
    // Below zero the left side is no real number.
    assert!(of("(sqr (sqrt ?x)) => ?x").contains(":assumes (reassoc domain)"));
    assert!(!of("(sqr (sqrt ?x)) => ?x").contains(":when"));
}

#[test]
fn numbers_that_any_number_could_be_are_variables() {
    let search = Search { numbers: vec![2.0], ..bare(&["maximum", "neg", "minimum"], 5) };
    let all = equations(&found(&search));
    assert!(all.iter().any(|e| e == "(neg (minimum ?x (neg ?y))) => (maximum ?x ?y)" || e.matches("?y").count() >= 2), "{all:#?}");
    assert!(!all.iter().any(|e| e.contains('2') && e.matches('2').count() > 1), "{all:#?}");
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
