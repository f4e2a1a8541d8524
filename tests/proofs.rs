//! Every test case has its proof checked, and so has its gradient; wrong proofs are refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egrad::expr::{Expr, variables};
use egrad::grad::{Disconnected, grads_or};
use egrad::graph::import;
use egrad::optimize::{How, Options, optimize, optimize_recorded};
use egrad::prelude::{dmatrix, dscalar, dvector, grads};
use egrad::proof::{Certificate, Checked, Fault, Head, Reason, Step, certify, check, explain};
use egrad::rules::Profile;
use egrad::script::{Session, expressions};
use egrad::sexp::Source;

fn scripts(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for p in entries {
        if p.is_dir() {
            scripts(&p, out);
        } else if p.extension().is_some_and(|e| e == "eg") {
            out.push(p);
        }
    }
}

/// Proves one optimization and checks the proof; `None` when shapes contradict each other.
fn proved(roots: &[Expr], options: &Options) -> Option<Result<Checked, String>> {
    let imported = import(&variables(roots), roots).ok()?;
    let (best, trail) = optimize_recorded(&imported.graph, &imported.roots, options);
    let plain = optimize(&imported.graph, &imported.roots, options);
    let same = plain.graph.len() == best.graph.len()
        && plain.roots == best.roots
        && (0..u32::try_from(plain.graph.len()).unwrap()).all(|i| plain.graph.node(i) == best.graph.node(i));
    assert!(same, "the record changed the result");
    let (before, after) = ((imported.graph, imported.roots), (best.graph, best.roots));
    let proof = match certify(&before, &after, &trail, options) {
        Ok(p) => p,
        Err(e) => return Some(Err(e.to_string())),
    };
    Some(check(&proof, &options.rules).map_err(|e| {
        let text = e.step.map_or(String::new(), |s| {
            let s = &proof.steps[s as usize];
            let exprs = proof.terms.exprs(&[s.left, s.right]).unwrap();
            format!(
                "\n    {}\n    {}",
                egrad::pp::brief_line(&exprs[..1]),
                egrad::pp::brief_line(&exprs[1..])
            )
        });
        format!("{e}{text}")
    }))
}

#[test]
fn every_case_and_its_gradient_is_proved() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    scripts(&root.join("tests/cases"), &mut files);
    let (mut wrong, mut done, mut total) = (Vec::new(), 0, Checked::default());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root).unwrap().display().to_string();
        let mut session = Session::new(Options::default(), Path::new(""));
        let Ok(stated) = expressions(&mut session, &name, &text) else { continue };
        for s in stated {
            let mut all = vec![s.roots.clone()];
            if let [cost] = s.roots.as_slice()
                && cost.ty().dtype.is_float()
            {
                let by: Vec<Expr> =
                    variables(&s.roots).into_iter().filter(|v| v.ty().dtype.is_float()).collect();
                let cost = if cost.rank() == 0 { cost.clone() } else { cost.sum() };
                if let Ok(g) = grads_or(&cost, &by, Disconnected::Zero)
                    && !g.is_empty()
                {
                    all.push(g);
                }
            }
            for roots in all {
                match proved(&roots, &session.options) {
                    None => {}
                    Some(Ok(c)) => {
                        done += 1;
                        total.steps += c.steps;
                        total.rewrites += c.rewrites;
                        total.sampled += c.sampled;
                    }
                    Some(Err(e)) => {
                        wrong.push(format!("{name}:{}: {e}", s.line));
                    }
                }
            }
        }
    }
    eprintln!("{done} proofs, {total:?}");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), done + wrong.len(), wrong.join("\n"));
}

/// The gradient of an unrolled recurrent network and of a sum of many terms: several windows.
#[test]
fn proofs_reach_across_windows() {
    let (x, w, u) = (dvector("x"), dscalar("w"), dscalar("u"));
    let mut h = x.clone();
    let mut total = (&x * &w).sum();
    for k in 0..40 {
        h = (&h * &w + &x * &u).tanh();
        total = total + (1 / (1 + (-(&h * f64::from(k % 5))).exp())).sum();
    }
    let by = [w, u, x];
    let raw = grads(&total, &by).unwrap();
    for profile in [Profile::Real, Profile::Strict, Profile::Ieee] {
        let options = Options { profile, ..Options::default() };
        let imported = import(&by, &raw).unwrap();
        let (_, trail) = optimize_recorded(&imported.graph, &imported.roots, &options);
        let spliced = trail.edges.iter().any(|e| matches!(e.how, How::Splice(_)));
        let checked = proved(&raw, &options).unwrap().unwrap();
        assert!(spliced && checked.rewrites > 20, "{checked:?} {profile:?}");
    }
}

fn certificate(text: &str) -> Certificate {
    let mut session = Session::new(Options::default(), Path::new(""));
    let roots = session.read(&Source::new("t", text)).unwrap().results;
    explain(&session.inputs_of(&roots), &roots, &session.options).unwrap().certificate
}

fn fault(proof: &Certificate) -> Fault {
    check(proof, &Options::default().rules).unwrap_err().fault
}

#[test]
fn wrong_proofs_are_refused() {
    let good = certificate("x: f64\nlog(1 + exp(x)) ** 1 + (x - x) / 2");
    check(&good, &Options::default().rules).unwrap();
    let rule = good.steps.iter().position(|s| matches!(s.why, Reason::Rule { .. })).unwrap();
    let edited = |edit: &dyn Fn(&mut Certificate)| {
        let mut proof = good.clone();
        edit(&mut proof);
        fault(&proof)
    };
    let named = |name: &str| {
        let name: Arc<str> = name.into();
        move |p: &mut Certificate| {
            p.steps[rule].why = Reason::Rule { rule: name.clone(), reversed: false, facts: Vec::new() };
        }
    };
    assert_eq!(edited(&named("nosuch")), Fault::NoRule);
    assert_eq!(edited(&named("neg-neg")), Fault::NoMatch);
    assert_eq!(edited(&|p| p.steps[rule].right = p.steps[rule].left), Fault::OtherResult);
    let polynomial = edited(&|p| {
        let (left, right) = (p.before[0], p.terms.var(0));
        p.steps[rule] = Step { left, right, why: Reason::NormalForm };
    });
    assert_eq!(polynomial, Fault::NormalForm);
    assert_eq!(edited(&|p| p.steps[rule].why = Reason::Fold), Fault::Fold);
    assert_eq!(edited(&|p| p.steps[rule].why = Reason::Unmoved), Fault::Unmoved);
    assert_eq!(edited(&|p| p.steps[rule].why = Reason::Congruence(vec![None])), Fault::Congruence);
    assert_eq!(edited(&|p| p.steps[rule].why = Reason::Chain(Vec::new())), Fault::Chain);
    assert_eq!(edited(&|p| p.steps[rule].why = Reason::Chain(vec![9_999])), Fault::Order);
    assert_eq!(edited(&|p| p.steps[rule].left = 9_999), Fault::Order);
    assert_eq!(edited(&|p| p.goals[0] = None), Fault::Chain);
    assert_eq!(edited(&|p| p.goals.clear()), Fault::Chain);
    let strict = edited(&|p| p.profile = Profile::Ieee);
    assert!(matches!(strict, Fault::NotGranted { .. }), "{strict:?}");
}

#[test]
fn conditions_are_proved_again() {
    // The exponential is positive, so the absolute value goes; of `x` alone nothing is known.
    let mut proof = certificate("x: f64\nabs(exp(x) + 1) + abs(x)");
    check(&proof, &Options::default().rules).unwrap();
    let (at, step) = proof
        .steps
        .iter()
        .enumerate()
        .find(|(_, s)| matches!(&s.why, Reason::Rule { rule, .. } if rule.starts_with("abs")))
        .unwrap();
    let mut claim = step.clone();
    let vars = proof.terms.var(0);
    let Head::Op(op, attr) = proof.terms.term(claim.left).head.clone() else { panic!("an application") };
    claim.left = proof.terms.apply(op, &attr, &[vars]).unwrap();
    claim.right = vars;
    proof.steps[at] = claim;
    assert!(matches!(fault(&proof), Fault::Condition { .. }), "{:?}", fault(&proof));
}

#[test]
fn sums_longer_than_a_window_are_collected_and_proved() {
    let xs: Vec<Expr> = (0..150).map(|i| dscalar(&format!("x{i}"))).collect();
    let (a, b) = (dscalar("a"), dscalar("b"));
    let up = xs.iter().skip(1).fold(xs[0].clone(), |s, x| s + x);
    let nothing = xs.iter().rev().fold(up, |s, x| s - x);
    let factors = [&a, &b];
    let term = |i: usize| factors[i % 2] * &xs[i];
    let sum = (1..xs.len()).fold(term(0), |s, i| s + term(i));
    for (e, most) in [(nothing, 0.0), (sum, 151.0)] {
        let imported = import(&variables(std::slice::from_ref(&e)), std::slice::from_ref(&e)).unwrap();
        let (best, trail) = optimize_recorded(&imported.graph, &imported.roots, &Options::default());
        assert!(best.report.cost_after <= most, "{} > {most}", best.report.cost_after);
        assert!(trail.edges.iter().any(|e| matches!(e.how, How::NormalForm(_))));
        proved(&[e], &Options::default()).unwrap().unwrap();
    }
}

/// Layers whose sizes have names of their own.
fn layers(n: usize) -> (Expr, Vec<Expr>) {
    let (mut h, mut wrt) = (dmatrix("X"), Vec::new());
    for i in 0..n {
        let (w, b) = (dmatrix(&format!("W{i}")), dvector(&format!("b{i}")));
        h = (egrad::prelude::dot(&h, &w) + &b).sigmoid();
        wrt.extend([w, b]);
    }
    (h.sqr().mean(), wrt)
}

#[test]
fn layers_that_differ_in_the_names_of_sizes_are_one_window() {
    let (cost, wrt) = layers(40);
    let found = grads(&cost, &wrt).unwrap();
    let imported = import(&variables(&found), &found).unwrap();
    let (best, _) = optimize_recorded(&imported.graph, &imported.roots, &Options::default());
    assert!(best.report.cached > 5, "{}", best.report.cached);
    proved(&found, &Options::default()).unwrap().unwrap();
    // What is assumed of one of the lengths tells a window apart, and reaches the cost.
    let mut options = Options::default();
    options.model.lengths.insert("X.0".into(), 7);
    let (sized, _) = optimize_recorded(&imported.graph, &imported.roots, &options);
    assert!(sized.report.cost_after < best.report.cost_after);
}
