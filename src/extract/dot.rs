//! Pictures of e-graphs in Graphviz's language: a box for each class, an ellipse for each node.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::serial::EGraph;

/// The text of a picture. Nodes whose names are in `chosen` are filled, root classes have a heavy
/// border. An operand that names no node is left out.
///
/// ```
/// let text = r#"{"nodes": {"x": {"op": "x", "eclass": "0"}}, "root_eclasses": ["0"]}"#;
/// let graph = egrad::extract::serial::EGraph::read(text)?;
/// assert!(egrad::extract::dot::dot(&graph, &Default::default()).starts_with("digraph egraph {"));
/// # Ok::<(), egrad::extract::serial::SerialError>(())
/// ```
pub fn dot(graph: &EGraph, chosen: &BTreeSet<&str>) -> String {
    let mut classes: Vec<&str> = Vec::new();
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, (_, node)) in graph.nodes.iter().enumerate() {
        let list = members.entry(&node.eclass).or_default();
        if list.is_empty() {
            classes.push(&node.eclass);
        }
        list.push(i);
    }
    let number: BTreeMap<&str, usize> = classes.iter().enumerate().map(|(i, c)| (*c, i)).collect();
    let index: BTreeMap<&str, usize> =
        graph.nodes.iter().enumerate().map(|(i, (name, _))| (name.as_str(), i)).collect();
    let mut out = String::from("digraph egraph {\n  compound=true;\n  node [shape=ellipse];\n");
    for (c, class) in classes.iter().enumerate() {
        let about = graph.class_data.get(*class).and_then(|d| d.get("type")).and_then(|t| t.as_str());
        let label = about.map_or_else(|| (*class).to_string(), |t| format!("{class}: {t}"));
        let root = graph.root_eclasses.iter().any(|r| r == class);
        let style = if root { "bold" } else { "dotted" };
        let _ = writeln!(out, "  subgraph cluster_{c} {{\n    label={}; style={style};", quoted(&label));
        for &i in &members[class] {
            let (name, node) = &graph.nodes[i];
            let fill = if chosen.contains(name.as_str()) { ", style=filled" } else { "" };
            let cost = if node.cost == 0.0 { String::new() } else { format!("\n{}", node.cost) };
            let gone = if node.subsumed { "\nsubsumed" } else { "" };
            let label = quoted(&format!("{}{cost}{gone}", node.op));
            let _ = writeln!(out, "    n{i} [label={label}{fill}];");
        }
        out.push_str("  }\n");
    }
    for (i, (_, node)) in graph.nodes.iter().enumerate() {
        for child in &node.children {
            let Some(&to) = index.get(child.as_str()) else { continue };
            let class = graph.nodes[to].1.eclass.as_str();
            let own = node.eclass == class;
            // An edge into its own box has no border to end at.
            let head = if own { String::new() } else { format!(" [lhead=cluster_{}]", number[class]) };
            let _ = writeln!(out, "  n{i} -> n{to}{head};");
        }
    }
    out + "}\n"
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
