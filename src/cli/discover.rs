//! `egrad discover`: rules that are not there yet, with their evidence.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::args::{Format, Optimizer};
use super::commands::options;
use super::output::line;
use crate::discover::{DiscoverError, Proposal, Search, discover};
use crate::op::Op;
use crate::script::ScriptError;

/// A search for rules.
#[derive(Debug, Args)]
pub(super) struct Discover {
    /// Operators that work element by element, by name or alias: `exp log1p +`.
    #[arg(required = true, value_name = "OPERATOR")]
    ops: Vec<String>,
    /// Variables in one term, at most (1 to 4).
    #[arg(long, default_value_t = 2, value_name = "N")]
    vars: usize,
    /// Numbers in the terms, separated by commas; none with an empty text.
    #[arg(long, default_value = "0,1,2", allow_hyphen_values = true, value_name = "NUMBERS")]
    numbers: String,
    /// Operators, variables and numbers in one term, at most (1 to 9).
    #[arg(long = "nodes", default_value_t = 5, value_name = "N")]
    size: usize,
    /// Terms, at most.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    terms: usize,
    /// Where the points begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the rule file goes; standard output if there is none.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A rule file, or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    optimizer: Optimizer,
}

impl Discover {
    pub(super) fn format(&self) -> Format {
        self.format
    }
}

/// Runs `egrad discover`.
pub(super) fn run(d: &Discover) -> Result<ExitCode, ScriptError> {
    let options = options(&d.optimizer)?;
    let search = Search {
        variables: d.vars,
        numbers: numbers(&d.numbers)?,
        size: d.size,
        terms: d.terms,
        seed: d.seed,
        rules: options.rules.clone(),
        profile: options.profile,
        ..Search::over(d.ops.iter().map(|name| operator(name)).collect::<Result<_, _>>()?)
    };
    let found = discover(&search).map_err(|e| {
        let class = if matches!(e, DiscoverError::Operator { .. }) { "unsupported" } else { "value" };
        ScriptError::other(class, e.to_string())
    })?;
    let text = match d.format {
        Format::Text => found.text(),
        Format::Json => {
            let rules: Vec<_> = found.proposals.iter().map(describe).collect();
            json!({ "ok": true, "terms": found.terms, "values": found.classes, "equations": found.equations,
                "follow": found.follow, "refuted": found.refuted, "cut": found.cut, "rules": rules })
            .to_string()
        }
    };
    match &d.out {
        Some(path) => std::fs::write(path, text + "\n")
            .map_err(|e| ScriptError::other("io", format!("{}: {e}", path.display())))?,
        None => {
            line(text.trim_end());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn operator(name: &str) -> Result<Op, ScriptError> {
    Op::by_name(name).ok_or_else(|| {
        let meant = Op::suggest(name).map_or(String::new(), |s| format!("; did you mean `{s}`?"));
        ScriptError::other("name", format!("no operator is called `{name}`{meant}"))
    })
}

fn numbers(text: &str) -> Result<Vec<f64>, ScriptError> {
    let each = text.split(',').map(str::trim).filter(|t| !t.is_empty());
    each.map(|t| t.parse().map_err(|_| ScriptError::other("value", format!("`{t}` is no number")))).collect()
}

fn describe(p: &Proposal) -> serde_json::Value {
    let Some(first) = p.rules.first() else { return json!(null) };
    let needs: Vec<_> =
        p.needs.iter().map(|n| json!({ "word": n.word, "without": n.without.to_string() })).collect();
    json!({
        "name": &*first.name,
        "equation": first.equation(),
        "both": p.rules.len() > 1,
        "assumes": first.assumes.to_string(),
        "points": p.points,
        "needs": needs,
        "text": p.text,
    })
}
