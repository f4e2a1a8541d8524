//! `egrad egraph` and `egrad extract`: e-graphs out and in, in the JSON of egraph-serialize, and pictures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::args::{Format, Optimizer, Text};
use super::commands::{gradients, load, options, read_file, wrt};
use super::output::line;
use crate::extract::dot::dot;
use crate::extract::serial::{EGraph, SerialError};
use crate::extract::{Budget, EXTRACTORS, ExtractError, Proof, by_name};
use crate::graph::import;
use crate::optimize::saturated;
use crate::script::ScriptError;

/// The e-graph of an expression.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    text: Text,
    /// The e-graph of the gradient by these names, separated by commas.
    #[arg(long, value_name = "NAMES")]
    wrt: Option<String>,
    /// Where the JSON goes; standard output if neither this nor `--dot` is given.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where a picture for Graphviz goes.
    #[arg(long, value_name = "FILE")]
    dot: Option<PathBuf>,
    #[command(flatten)]
    optimizer: Optimizer,
}

/// An extraction from an e-graph in a file.
#[derive(Debug, Args)]
pub(super) struct Extract {
    /// The e-graph, in the JSON of egraph-serialize; `-` for standard input.
    file: PathBuf,
    /// How terms are chosen.
    #[arg(long, default_value = "default")]
    extractor: String,
    /// Factor on the work of the search.
    #[arg(long, default_value_t = 1)]
    effort: u32,
    /// Where a picture for Graphviz goes, what is chosen filled.
    #[arg(long, value_name = "FILE")]
    dot: Option<PathBuf>,
    /// JSON for programs.
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(super) fn format(&self) -> Format {
        self.text.format
    }
}

impl Extract {
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }
}

fn write(path: &Path, text: &str) -> Result<(), ScriptError> {
    std::fs::write(path, text).map_err(|e| ScriptError::other("io", format!("{}: {e}", path.display())))
}

/// Runs `egrad egraph`.
pub(super) fn export(e: &Export) -> Result<ExitCode, ScriptError> {
    let (session, mut roots) = load(&e.text, options(&e.optimizer)?)?;
    if let Some(names) = &e.wrt {
        roots = gradients(&roots, &wrt(&session, names)?)?;
    }
    let imported = import(&session.inputs_of(&roots), &roots)?;
    let found = saturated(&imported.graph, &imported.roots, &session.options);
    let text = found.egraph.write().map_err(|e| ScriptError::other("io", e.to_string()))?;
    if e.out.is_none() && e.dot.is_none() {
        line(&text);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(path) = &e.out {
        write(path, &(text + "\n"))?;
    }
    if let Some(path) = &e.dot {
        write(path, &dot(&found.egraph, &BTreeSet::new()))?;
    }
    let classes: BTreeSet<&str> = found.egraph.nodes.iter().map(|(_, n)| n.eclass.as_str()).collect();
    let (nodes, classes) = (found.egraph.nodes.len(), classes.len());
    match e.text.format {
        Format::Text => line(&format!(
            "{nodes} e-nodes in {classes} classes; {} iterations, {}, profile {}",
            found.iterations, found.stop, found.profile
        )),
        Format::Json => line(
            &json!({ "ok": true, "nodes": nodes, "classes": classes, "iterations": found.iterations,
                "stop": found.stop, "profile": found.profile })
            .to_string(),
        ),
    };
    Ok(ExitCode::SUCCESS)
}

/// Runs `egrad extract`.
pub(super) fn extract(e: &Extract) -> Result<ExitCode, ScriptError> {
    let Some(extractor) = by_name(&e.extractor) else {
        let known: Vec<&str> = EXTRACTORS.iter().map(|e| e.name).collect();
        let message = format!("unknown extractor `{}`; known: {}", e.extractor, known.join(", "));
        return Err(ScriptError::other("name", message));
    };
    let (name, text) =
        if e.file.as_os_str() == "-" { super::commands::read_text("-")? } else { read_file(&e.file)? };
    let placed = |e: SerialError| {
        let class = if matches!(e, SerialError::Json(_)) { "parse" } else { "input" };
        ScriptError::other(class, format!("{name}: {e}"))
    };
    let graph = EGraph::read(&text).map_err(placed)?;
    let (problem, classes) = graph.problem().map_err(placed)?;
    if problem.roots().is_empty() {
        return Err(ScriptError::other("input", format!("{name}: `root_eclasses` names no class")));
    }
    let budget = Budget::scaled(&problem).times(e.effort.max(1));
    let found = (extractor.run)(&problem, None, &budget).map_err(|error| match error {
        ExtractError::NoTerm { class } => {
            let class = classes.get(class as usize).copied().unwrap_or("?");
            ScriptError::other("value", format!("{name}: root `{class}` has no finite term"))
        }
        other => ScriptError::other("value", format!("{name}: {other}")),
    })?;
    let order = found.choice.order(&problem).unwrap_or_default();
    let chosen: Vec<usize> = order.iter().filter_map(|&c| found.choice.node(c)).map(|n| n as usize).collect();
    if let Some(path) = &e.dot {
        let names: BTreeSet<&str> = chosen.iter().map(|&n| graph.nodes[n].0.as_str()).collect();
        write(path, &dot(&graph, &names))?;
    }
    let (proved, bound) = match found.optimal {
        Proof::Proved => (true, None),
        Proof::NotProved { lower_bound } => (false, lower_bound),
    };
    if e.json {
        let choice: serde_json::Map<String, serde_json::Value> =
            chosen.iter().map(|&n| (graph.nodes[n].1.eclass.clone(), json!(graph.nodes[n].0))).collect();
        let cost = if found.cost.is_finite() { json!(found.cost) } else { json!(null) };
        line(
            &json!({ "ok": true, "extractor": extractor.name, "cost": cost, "proved": proved,
                "lower_bound": bound, "nodes": problem.num_nodes(), "classes": problem.num_classes(),
                "choice": choice })
            .to_string(),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let known = match (proved, bound) {
        (true, _) => "proved optimal".to_string(),
        (false, Some(b)) => format!("not proved; no choice costs less than {b}"),
        (false, None) => "not proved optimal".to_string(),
    };
    let (nodes, of) = (problem.num_nodes(), problem.num_classes());
    line(&format!("cost {} ({known}); {} of {nodes} e-nodes, {of} classes", found.cost, chosen.len()));
    for &n in &chosen {
        let (name, node) = &graph.nodes[n];
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let operands: Vec<&str> = problem.children(n).iter().map(|&c| classes[c as usize]).collect();
        line(format!("  {}: {name} = {} {}", node.eclass, node.op, operands.join(" ")).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
