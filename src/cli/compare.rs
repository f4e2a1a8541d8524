//! `egrad opt --vs ...`: two ways to optimize, side by side over many cases.
//!
//! A rule *mattered* in a case if a step of the proof of the result is by it; it *fired* as often as it
//! united two classes. Times are measured only when asked for, so that output is a function of input.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::args::{Format, Opt, Optimizer};
use super::cases::{Case, read};
use super::commands::options;
use super::output::line;
use super::tables::{ablation, comparison, growth};
use crate::expr::topological;
use crate::graph::import;
use crate::optimize::{How, Options, optimize};
use crate::proof::explain;
use crate::script::ScriptError;

/// What to compare with.
#[derive(Debug, Args)]
pub(super) struct Versus {
    /// Compare over the cases with this rule file in the place of those of `--rules`; `standard` for
    /// none (may be repeated).
    #[arg(long, value_name = "FILE")]
    vs: Vec<PathBuf>,
    /// Compare over the cases with this extractor.
    #[arg(long, value_name = "EXTRACTOR")]
    vs_extractor: Option<String>,
    /// Compare over the cases with this rule, or all rules of this tag, left out (may be repeated).
    #[arg(long, value_name = "RULE|TAG")]
    vs_disable: Vec<String>,
    /// The value of each rule: what the cases cost without it.
    #[arg(long)]
    ablate: bool,
    /// E-nodes after each pass over the rules.
    #[arg(long)]
    growth: bool,
    /// Counts over the cases, without anything to compare with.
    #[arg(long)]
    counts: bool,
    /// Measure times; they differ from run to run.
    #[arg(long)]
    time: bool,
    /// The same as `--format json`.
    #[arg(long)]
    pub(super) json: bool,
}

impl Versus {
    /// Is anything to be done over cases?
    pub(super) fn wanted(&self) -> bool {
        self.compares() || self.ablate || self.growth || self.counts
    }

    fn compares(&self) -> bool {
        !self.vs.is_empty() || self.vs_extractor.is_some() || !self.vs_disable.is_empty()
    }
}

/// What one way to optimize made of one case.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Measured {
    pub(super) cost: f64,
    /// Operators.
    pub(super) nodes: usize,
    /// Of the largest e-graph.
    pub(super) enodes: usize,
    pub(super) iterations: usize,
    pub(super) stop: String,
    /// Unions per rule.
    pub(super) fired: BTreeMap<String, usize>,
    /// Steps of the proof per rule.
    pub(super) used: BTreeMap<String, usize>,
    /// E-nodes at the start and after each pass, for every saturation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) growth: Option<Vec<Vec<usize>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seconds: Option<f64>,
}

/// One case, measured.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) before: f64,
    pub(super) a: Measured,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) b: Option<Measured>,
}

/// What leaving a rule out does.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Ablated {
    pub(super) rule: String,
    /// Cases in which it fired.
    pub(super) fired: usize,
    /// Cases that get dearer without it.
    pub(super) dearer: usize,
    /// Cases that get cheaper without it.
    pub(super) cheaper: usize,
    /// Geometric mean, over all cases, of the cost without it to that with it.
    pub(super) ratio: f64,
}

/// Runs the comparison.
pub(super) fn run(o: &Opt) -> Result<ExitCode, ScriptError> {
    let v = &o.versus;
    let first = o.text.file.clone().or_else(|| o.text.text.as_ref().map(PathBuf::from));
    let files: Vec<PathBuf> = first.into_iter().chain(o.text.more.iter().map(PathBuf::from)).collect();
    let a = options(&o.optimizer)?;
    let b = if v.compares() { Some(other(&o.optimizer, v)?) } else { None };
    let (cases, mut bad) = read(&files)?;
    let mut rows = Vec::new();
    for case in &cases {
        match row(case, &a, b.as_ref(), v) {
            Ok(r) => rows.push(r),
            Err(e) => bad.push((case.id.clone(), e.to_string())),
        }
    }
    let ablated = if v.ablate { ablate(&cases, &rows, &a)? } else { Vec::new() };
    if v.json || o.text.format == Format::Json {
        let failed: Vec<_> = bad.iter().map(|(id, e)| json!({ "id": id, "error": e })).collect();
        let mut out = json!({ "ok": true, "cases": rows, "failed": failed });
        if v.ablate {
            out["ablation"] = json!(ablated);
        }
        line(&out.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = comparison(&rows);
    if v.growth {
        out.extend(growth(&rows));
    }
    if v.ablate {
        out.extend(ablation(&ablated));
    }
    out.extend(bad.iter().map(|(id, e)| format!("left out: {id}: {e}")));
    out.iter().for_each(|l| {
        line(l);
    });
    Ok(ExitCode::SUCCESS)
}

/// The options of the second way.
fn other(o: &Optimizer, v: &Versus) -> Result<Options, ScriptError> {
    let mut o = o.clone();
    if !v.vs.is_empty() {
        o.rules = v.vs.iter().filter(|f| f.as_os_str() != "standard").cloned().collect();
    }
    if let Some(e) = &v.vs_extractor {
        o.extractor.clone_from(e);
    }
    o.disable.extend(v.vs_disable.iter().cloned());
    options(&o)
}

fn row(case: &Case, a: &Options, b: Option<&Options>, v: &Versus) -> Result<Row, ScriptError> {
    let (before, first) = measure(case, a, v)?;
    let second = b.map(|b| measure(case, b, v)).transpose()?;
    Ok(Row { id: case.id.clone(), before, a: first, b: second.map(|(_, m)| m) })
}

fn measure(case: &Case, options: &Options, v: &Versus) -> Result<(f64, Measured), ScriptError> {
    let seconds = if v.time { Some(seconds(case, options)?) } else { None };
    let found = explain(&case.inputs, &case.roots, options)?;
    let mut used = BTreeMap::new();
    for l in &found.lines {
        let name = found.certificate.steps[l.step as usize].why.name();
        *used.entry(name.to_string()).or_default() += 1;
    }
    let growth = v.growth.then(|| {
        let logs = found.trail.edges.iter().filter_map(|e| match &e.how {
            How::Saturation(_, log) if !log.growth.is_empty() => Some(log.growth.clone()),
            _ => None,
        });
        logs.collect()
    });
    let nodes = topological(&found.optimized).iter().filter(|e| e.op().is_some()).count();
    let report = found.report;
    let measured = Measured {
        cost: report.cost_after,
        nodes,
        enodes: report.enodes,
        iterations: report.iterations,
        stop: report.stop(),
        fired: report.rules,
        used,
        growth,
        seconds,
    };
    Ok((report.cost_before, measured))
}

/// How long optimization takes, without any record.
fn seconds(case: &Case, options: &Options) -> Result<f64, ScriptError> {
    let imported = import(&case.inputs, &case.roots)?;
    let start = Instant::now();
    let found = optimize(&imported.graph, &imported.roots, options);
    let took = start.elapsed().as_secs_f64();
    drop(found);
    Ok(took)
}

/// Ratio of costs where both may be zero.
pub(super) fn ratio(of: f64, to: f64) -> f64 {
    of.max(1e-3) / to.max(1e-3)
}

/// Every rule that fired anywhere, left out.
fn ablate(cases: &[Case], rows: &[Row], options: &Options) -> Result<Vec<Ablated>, ScriptError> {
    let base = |name: &str| name.split('[').next().unwrap_or(name).trim_end_matches("-rev").to_string();
    let fired = |row: &Row, rule: &str| row.a.fired.keys().any(|r| base(r) == rule);
    let names: BTreeSet<String> = rows.iter().flat_map(|r| r.a.fired.keys().map(|k| base(k))).collect();
    let mut out = Vec::new();
    for rule in names {
        let rules = options
            .rules
            .without(std::slice::from_ref(&rule))
            .map_err(|e| ScriptError::other("name", e.to_string()))?;
        let without = Options { rules: Arc::new(rules), ..options.clone() };
        let mut one = Ablated { rule: rule.clone(), fired: 0, dearer: 0, cheaper: 0, ratio: 1.0 };
        let mut logs = 0.0;
        // Where it did not fire its absence changes nothing.
        for row in rows.iter().filter(|r| fired(r, &rule)) {
            let Some(case) = cases.iter().find(|c| c.id == row.id) else { continue };
            let imported = import(&case.inputs, &case.roots)?;
            let cost = optimize(&imported.graph, &imported.roots, &without).report.cost_after;
            one.fired += 1;
            one.dearer += usize::from(cost > row.a.cost * (1.0 + 1e-9));
            one.cheaper += usize::from(cost < row.a.cost * (1.0 - 1e-9));
            logs += libm::log(ratio(cost, row.a.cost));
        }
        #[allow(clippy::cast_precision_loss, reason = "a number of cases")]
        let n = rows.len().max(1) as f64;
        one.ratio = libm::exp(logs / n);
        out.push(one);
    }
    out.sort_by(|x, y| y.ratio.total_cmp(&x.ratio).then_with(|| x.rule.cmp(&y.rule)));
    Ok(out)
}
