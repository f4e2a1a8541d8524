//! `egrad rules`: what the rules are, and whether they hold.

use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::args::{Format, Optimizer, RulesAction};
use super::output::line;
use crate::optimize::standard_rules;
use crate::rules::check::check;
use crate::rules::{Rule, RuleSet, attr_fns, conditions};
use crate::script::ScriptError;

/// Reads rule files into one set.
pub(super) fn load(files: &[std::path::PathBuf]) -> Result<RuleSet, ScriptError> {
    let mut all: Option<RuleSet> = None;
    for f in files {
        let name = f.display().to_string();
        let text =
            std::fs::read_to_string(f).map_err(|e| ScriptError::other("io", format!("{name}: {e}")))?;
        let set = RuleSet::parse(&name, &text).map_err(|e| ScriptError::other("parse", e.to_string()))?;
        all = Some(match all {
            None => set,
            Some(old) => old.merge(&set).map_err(|e| ScriptError::other("parse", e.to_string()))?,
        });
    }
    all.ok_or_else(|| ScriptError::other("parse", "no rule file"))
}

/// The rules that options ask for, checked unless trusted.
pub(super) fn chosen(o: &Optimizer) -> Result<Arc<RuleSet>, ScriptError> {
    let standard = standard_rules();
    if o.rules.is_empty() && o.disable.is_empty() && !o.no_standard {
        return Ok(standard);
    }
    let mut set = if o.no_standard { RuleSet::default() } else { (*standard).clone() };
    if !o.rules.is_empty() {
        let own = load(&o.rules)?;
        if !o.trust {
            for rule in own.rules() {
                if let Err(refutation) = check(rule) {
                    let place = format!("{}:{}: `{}` does not hold", rule.file, rule.line, rule.name);
                    return Err(ScriptError::other("refuted", format!("{place}: {refutation}")));
                }
            }
        }
        set = set.merge(&own).map_err(|e| ScriptError::other("parse", e.to_string()))?;
    }
    set = set.without(&o.disable).map_err(|e| ScriptError::other("name", e.to_string()))?;
    Ok(Arc::new(set))
}

/// Runs `egrad rules`.
pub(super) fn run(action: &RulesAction) -> Result<ExitCode, ScriptError> {
    let of = |files: &[std::path::PathBuf]| -> Result<Arc<RuleSet>, ScriptError> {
        if files.is_empty() { Ok(standard_rules()) } else { load(files).map(Arc::new) }
    };
    match action {
        RulesAction::List { files, format } => {
            for r in of(files)?.rules() {
                match format {
                    Format::Text => line(&text(r)),
                    Format::Json => line(&describe(r).to_string()),
                };
            }
            Ok(ExitCode::SUCCESS)
        }
        RulesAction::Check { files, format } => {
            let set = of(files)?;
            let mut refuted = 0;
            for r in set.rules() {
                if let Err(e) = check(r) {
                    refuted += 1;
                    match format {
                        Format::Text => line(&format!("{}:{}: `{}` does not hold: {e}", r.file, r.line, r.name)),
                        Format::Json => line(
                            &json!({ "rule": &*r.name, "file": &*r.file, "line": r.line, "refuted": e.to_string() })
                                .to_string(),
                        ),
                    };
                }
            }
            if *format == Format::Text {
                line(&format!("{} rules, {refuted} refuted", set.rules().len()));
            }
            Ok(if refuted == 0 { ExitCode::SUCCESS } else { ExitCode::from(5) })
        }
        RulesAction::Conditions => {
            for c in conditions() {
                line(&format!("{:<18} {}", c.name, c.doc));
            }
            for f in attr_fns() {
                line(&format!("{:<18} {}", f.name, f.doc));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn text(r: &Rule) -> String {
    let assumes = r.assumes.to_string();
    let assumes = if assumes.is_empty() { "exact".to_string() } else { assumes };
    format!("{}\n  {}\n  assumes: {assumes}\n  {}", r.name, r.equation(), r.doc)
}

fn describe(r: &Rule) -> serde_json::Value {
    json!({
        "name": &*r.name,
        "equation": r.equation(),
        "assumes": r.assumes.to_string(),
        "tags": r.tags.iter().map(|t| t.to_string()).collect::<Vec<_>>(),
        "doc": &*r.doc,
        "file": &*r.file,
        "line": r.line,
    })
}
