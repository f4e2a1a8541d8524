//! Rule files: the standard set loads, is sound as far as samples tell, and wrong rules are refuted.

use egrad::op::Role;
use egrad::rules::{Assumes, PNode, Rule, RuleSet, check};

#[test]
fn the_standard_set_loads() {
    if let Err(e) = RuleSet::check_standard() {
        panic!("{}", e.report());
    }
}

#[test]
fn the_standard_set_is_not_refuted() {
    let start = std::time::Instant::now();
    let refuted = match check::check_all(RuleSet::standard()) {
        Ok(done) => {
            eprintln!("{done:?} in {:?}", start.elapsed());
            return;
        }
        Err(refuted) => refuted,
    };
    let lines: Vec<String> = refuted.iter().map(|r| format!("{}: {r}", r.rule)).collect();
    panic!("{} rules in {:?}\n{}", lines.len(), start.elapsed(), lines.join("\n"));
}

#[test]
fn no_rule_assumes_more_than_it_needs() {
    // A kernel may round otherwise than the scalar one, and combine elements in another order.
    let free = |r: &Rule, word: &str| {
        let combines = |n: &PNode| {
            matches!(n, PNode::App { op, .. } if matches!(op.def().role, Role::Reduce | Role::Contract))
        };
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
            let passes = |r: &Rule| check::check(&Rule { assumes: fewer, ..r.clone() }).is_ok();
            if set.rules()[at..at + n].iter().all(passes) {
                spare.push(format!("{} {word}", base(first)));
            }
        }
        at += n;
    }
    assert!(spare.is_empty(), "{}", spare.join("\n"));
}
