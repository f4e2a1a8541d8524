//! Every test case has its proof checked, and so has its gradient; wrong proofs are refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use egrad::expr::{Expr, variables};
use egrad::grad::{Disconnected, grads_or};
use egrad::graph::import;
use egrad::optimize::{Options, optimize, optimize_recorded};
use egrad::proof::{Checked, certify, check};
use egrad::script::{Session, expressions};

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
