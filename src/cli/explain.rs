//! `egrad explain`: the rewrites that lead from an expression to its optimized form.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::args::{Format, Optimizer, Text};
use super::commands::{gradients, load, options, read_file, wrt};
use super::output::{best_forms, forms, line};
use crate::expr::Expr;
use crate::op::Spelling;
use crate::pp::brief;
use crate::proof::{Certificate, Checked, Explained, Head, Reason, TermId, check, explain};
use crate::rules::RuleSet;
use crate::script::{ScriptError, Session, expressions};

/// What to explain.
#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(flatten)]
    text: Text,
    /// Explain the gradient by these names, separated by commas.
    #[arg(long, value_name = "NAMES")]
    wrt: Option<String>,
    /// Check the proof: replay every step from the text of the rules, and sample it. Exit code 5 if
    /// a step does not hold.
    #[arg(long)]
    check: bool,
    /// The same as `--format json`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    optimizer: Optimizer,
}

impl Explain {
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.text.format }
    }

    /// The `.eg` file that is named, if one is: a script, or a program as any other file.
    fn script(&self) -> Option<&Path> {
        let text = self.text.text.as_deref();
        let named = text.map(|t| Path::new(t.strip_prefix('@').unwrap_or(t)));
        let named = self.text.file.as_deref().or(named)?;
        (self.text.more.is_empty()
            && named.extension().is_some_and(|e| e == "eg")
            && self.text.decls.is_empty())
        .then_some(named)
    }
}

/// Runs `egrad explain`.
pub(super) fn run(e: &Explain) -> Result<ExitCode, ScriptError> {
    let options = options(&e.optimizer)?;
    let mut session = Session::new(options.clone(), Path::new(""));
    let mut all = match e.script() {
        Some(path) => {
            let (name, text) = read_file(path)?;
            let stated = expressions(&mut session, &name, &text)?;
            stated.into_iter().map(|s| (format!("{name}:{}", s.line), s.roots)).collect()
        }
        None => Vec::new(),
    };
    if all.is_empty() {
        // What no line of a script prints or computes is a program.
        let file = e.script().map(Path::to_path_buf);
        let text = Text { file: file.or(e.text.file.clone()), ..e.text.clone() };
        let roots;
        (session, roots) = load(&text, options)?;
        all.push((String::new(), roots));
    }
    for (place, roots) in &all {
        let roots = match &e.wrt {
            None => roots.clone(),
            Some(names) => gradients(roots, &wrt(&session, names)?)?,
        };
        one(e, &session, place, &roots)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn one(e: &Explain, session: &Session, place: &str, roots: &[Expr]) -> Result<(), ScriptError> {
    let found = explain(&session.inputs_of(roots), roots, &session.options)?;
    let rules = &session.options.rules;
    let checked = if e.check {
        let refuted = |e| ScriptError::other("refuted", format!("the proof does not hold: {e}"));
        Some(check(&found.certificate, rules).map_err(refuted)?)
    } else {
        None
    };
    let title = if e.wrt.is_some() { "gradient" } else { "expression" };
    match e.format() {
        Format::Text => {
            if !place.is_empty() {
                line(place);
            }
            text(
                &found,
                rules,
                title,
                &forms(roots, e.text.form),
                &best_forms(&found.optimized, e.text.form),
            );
            if let Some(c) = checked {
                line(&said(&c));
            }
            if e.optimizer.report {
                line(&found.report.to_string());
            }
        }
        Format::Json => {
            let mut out = object(&found, rules, checked.as_ref());
            out[title] = json!(forms(roots, e.text.form));
            out["optimized"] = json!(best_forms(&found.optimized, e.text.form));
            if !place.is_empty() {
                out["place"] = json!(place);
            }
            line(&out.to_string());
        }
    }
    Ok(())
}

fn said(c: &Checked) -> String {
    format!("checked: {} steps, {} of them rewrites, {} of those sampled", c.steps, c.rewrites, c.sampled)
}

fn shown(e: &Expr) -> Vec<String> {
    brief(std::slice::from_ref(e), Spelling::Classic)
}

fn term(found: &Explained, t: TermId) -> Vec<String> {
    found.certificate.terms.exprs(&[t]).map_or(Vec::new(), |e| brief(&e, Spelling::Classic))
}

/// Prints the chain.
fn text(found: &Explained, rules: &RuleSet, title: &str, before: &[String], after: &[String]) {
    let block = |title: &str, lines: &[String]| {
        line(title);
        lines.iter().for_each(|l| {
            line(&format!("  {l}"));
        });
    };
    let change = |from: &[String], to: &[String]| {
        from.iter().for_each(|l| {
            line(&format!("       {l}"));
        });
        for (i, l) in to.iter().enumerate() {
            line(&format!("    {} {l}", if i == 0 { "->" } else { "  " }));
        }
    };
    block(title, before);
    for (n, (e, made)) in found.definitions.iter().enumerate() {
        line(&format!("{:>3}. definition of {}", n + 1, e.op_name()));
        change(&shown(e), &shown(made));
    }
    let first = found.definitions.len() + 1;
    let roots = found.certificate.before.len();
    for (n, l) in found.lines.iter().enumerate() {
        let why = &found.certificate.steps[l.step as usize].why;
        let mut head = format!("{:>3}. {}", n + first, why.name());
        if let Reason::Rule { rule, reversed, .. } = why {
            if let Some(r) = rules.get(rule) {
                head.push_str(&format!(" ({}:{})", r.file, r.line));
            }
            if *reversed {
                head.push_str(", from right to left");
            }
        }
        line(&(head + &at(l.place.as_deref(), roots)));
        change(&term(found, l.before), &term(found, l.after));
    }
    block("optimized", after);
}

/// Where a rewrite stands, in words.
fn at(place: Option<&[usize]>, roots: usize) -> String {
    let Some([root, path @ ..]) = place else { return ", aside".into() };
    let whole = if roots == 1 { String::new() } else { format!(" of result {}", root + 1) };
    if path.is_empty() {
        return format!(", at the root{whole}");
    }
    let path: Vec<String> = path.iter().map(|i| (i + 1).to_string()).collect();
    format!(", at operand {}{whole}", path.join("."))
}

/// The chain and the certificate, for programs.
fn object(found: &Explained, rules: &RuleSet, checked: Option<&Checked>) -> Value {
    let definitions: Vec<Value> = found
        .definitions
        .iter()
        .map(|(e, made)| json!({ "op": e.op_name(), "before": shown(e), "after": shown(made) }))
        .collect();
    let steps: Vec<Value> = found
        .lines
        .iter()
        .map(|l| {
            let why = &found.certificate.steps[l.step as usize].why;
            let mut out = json!({
                "by": why.name(), "before": term(found, l.before), "after": term(found, l.after),
                "place": l.place, "step": l.step,
            });
            if let Reason::Rule { rule, reversed, .. } = why {
                out["reversed"] = json!(reversed);
                if let Some(r) = rules.get(rule) {
                    out["file"] = json!(&*r.file);
                    out["line"] = json!(r.line);
                }
            }
            out
        })
        .collect();
    let checked = checked.map(|c| json!({ "steps": c.steps, "rewrites": c.rewrites, "sampled": c.sampled }));
    json!({
        "ok": true, "definitions": definitions, "steps": steps, "checked": checked,
        "certificate": certificate(&found.certificate), "report": found.report,
    })
}

fn certificate(c: &Certificate) -> Value {
    let inputs: Vec<Value> =
        c.terms.vars().iter().map(|(name, f)| json!({ "name": &**name, "type": f.ty.to_string() })).collect();
    let terms: Vec<Value> = (0..u32::try_from(c.terms.len()).unwrap_or(u32::MAX))
        .map(|t| {
            let term = c.terms.term(t);
            match &term.head {
                Head::Var(v) => json!({ "input": v }),
                Head::Const(b) => json!({ "number": crate::expr::float_text(f64::from_bits(*b)) }),
                Head::Int(d, x) => json!({ "integer": x, "dtype": d.to_string() }),
                Head::Size(d) => json!({ "length": d.to_string() }),
                Head::Op(op, attr) => {
                    json!({ "op": op.def().name, "attr": attr.text(), "args": &term.args[..] })
                }
            }
        })
        .collect();
    let steps: Vec<Value> = c
        .steps
        .iter()
        .map(|s| {
            let mut out = json!({ "left": s.left, "right": s.right, "by": s.why.name() });
            match &s.why {
                Reason::Rule { reversed, facts, .. } => {
                    out["reversed"] = json!(reversed);
                    out["facts"] = json!(facts);
                }
                Reason::Congruence(parts) => out["parts"] = json!(parts),
                Reason::Chain(parts) => out["parts"] = json!(parts),
                _ => {}
            }
            out
        })
        .collect();
    json!({
        "profile": c.profile.name(), "inputs": inputs, "terms": terms, "steps": steps,
        "before": c.before, "after": c.after, "goals": c.goals,
    })
}
