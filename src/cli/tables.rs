//! Comparisons as tables.

use std::collections::BTreeSet;

use super::compare::{Ablated, Measured, Row, ratio};

fn number(x: f64) -> String {
    if x >= 100.0 { format!("{x:.0}") } else { format!("{x:.1}") }
}

/// Columns aligned: the first to the left, the others to the right.
pub(super) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let cell = |(c, text): (usize, &String)| {
        let pad = " ".repeat(widths[c].saturating_sub(text.chars().count()));
        if c == 0 { format!("{text}{pad}") } else { format!("  {pad}{text}") }
    };
    rows.iter().map(|r| r.iter().enumerate().map(cell).collect::<String>().trim_end().to_string()).collect()
}

fn words(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

/// Costs, sizes and rules, of one way or of two.
pub(super) fn comparison(rows: &[Row]) -> Vec<String> {
    let two = rows.iter().any(|r| r.b.is_some());
    let timed = rows.iter().any(|r| r.a.seconds.is_some());
    let pair = |f: &dyn Fn(&Measured) -> String, r: &Row| match &r.b {
        Some(b) => format!("{} | {}", f(&r.a), f(b)),
        None => f(&r.a),
    };
    let mut head = words(&["case", "before", if two { "cost A | B" } else { "cost" }]);
    if two {
        head.push("B/A".into());
    }
    head.extend(words(&["nodes", "e-nodes", "iterations"]));
    if timed {
        head.push("ms".into());
    }
    let mut table = vec![head];
    for r in rows {
        let mut cells = vec![r.id.clone(), number(r.before), pair(&|m| number(m.cost), r)];
        if let Some(b) = &r.b {
            cells.push(format!("{:.3}", ratio(b.cost, r.a.cost)));
        }
        cells.push(pair(&|m| m.nodes.to_string(), r));
        cells.push(pair(&|m| m.enodes.to_string(), r));
        cells.push(pair(&|m| m.iterations.to_string(), r));
        if timed {
            cells.push(pair(&|m| m.seconds.map_or(String::new(), |s| format!("{:.2}", s * 1e3)), r));
        }
        table.push(cells);
    }
    let mut out = aligned(&table);
    out.push(summary(rows, two));
    out.extend(rules(rows, two));
    out
}

fn summary(rows: &[Row], two: bool) -> String {
    let n = rows.len();
    if !two {
        return format!("{n} cases");
    }
    let ratios: Vec<f64> =
        rows.iter().filter_map(|r| r.b.as_ref().map(|b| ratio(b.cost, r.a.cost))).collect();
    let count = |f: &dyn Fn(f64) -> bool| ratios.iter().filter(|x| f(**x)).count();
    let (up, down) = (count(&|x| x > 1.0 + 1e-9), count(&|x| x < 1.0 - 1e-9));
    #[allow(clippy::cast_precision_loss, reason = "a number of cases")]
    let mean = libm::exp(ratios.iter().map(|x| libm::log(*x)).sum::<f64>() / ratios.len().max(1) as f64);
    format!(
        "{n} cases: A cheaper {up}, B cheaper {down}, equal {}; cost B/A {mean:.3} in the geometric mean",
        n - up - down
    )
}

/// For each rule how often the proofs use it, and how often it fired.
fn rules(rows: &[Row], two: bool) -> Vec<String> {
    let second = |r: &Row| r.b.clone();
    let sides: Vec<Vec<Measured>> = if two {
        vec![rows.iter().map(|r| r.a.clone()).collect(), rows.iter().filter_map(second).collect()]
    } else {
        vec![rows.iter().map(|r| r.a.clone()).collect()]
    };
    let names: BTreeSet<&String> =
        sides.iter().flatten().flat_map(|m| m.used.keys().chain(m.fired.keys())).collect();
    let mut head = words(&["rule"]);
    for side in if two { vec![" A", " B"] } else { vec![""] } {
        head.push(format!("used{side}"));
        head.push(format!("fired{side}"));
    }
    let mut lines: Vec<(usize, Vec<String>)> = Vec::new();
    for name in names {
        let mut cells = vec![name.clone()];
        let mut used = 0;
        for side in &sides {
            let sum = |f: &dyn Fn(&Measured) -> Option<usize>| side.iter().filter_map(f).sum::<usize>();
            let (u, f) = (sum(&|m| m.used.get(name).copied()), sum(&|m| m.fired.get(name).copied()));
            used += u;
            cells.extend([u.to_string(), f.to_string()]);
        }
        lines.push((used, cells));
    }
    lines.sort_by(|x, y| y.0.cmp(&x.0).then_with(|| x.1.cmp(&y.1)));
    let table: Vec<Vec<String>> = std::iter::once(head).chain(lines.into_iter().map(|l| l.1)).collect();
    aligned(&table)
}

/// E-nodes pass by pass, a line for each saturation.
pub(super) fn growth(rows: &[Row]) -> Vec<String> {
    let mut out = vec!["e-nodes after each pass".to_string()];
    for r in rows {
        let sides = [("A", Some(&r.a)), ("B", r.b.as_ref())];
        for (side, m) in sides.iter().filter_map(|(s, m)| m.map(|m| (s, m))) {
            let name = if r.b.is_some() { format!("{} {side}", r.id) } else { r.id.clone() };
            for (n, passes) in m.growth.iter().flatten().enumerate() {
                let passes: Vec<String> = passes.iter().map(usize::to_string).collect();
                out.push(format!("  {name}, saturation {}: {}", n + 1, passes.join(" ")));
            }
        }
    }
    out
}

/// The worth of each rule.
pub(super) fn ablation(all: &[Ablated]) -> Vec<String> {
    let mut table = vec![words(&["without", "fired in", "dearer", "cheaper", "cost ratio"])];
    for a in all {
        table.push(vec![
            a.rule.clone(),
            a.fired.to_string(),
            a.dearer.to_string(),
            a.cheaper.to_string(),
            format!("{:.4}", a.ratio),
        ]);
    }
    aligned(&table)
}
