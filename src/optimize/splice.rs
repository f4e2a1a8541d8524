//! Optimized windows back into one graph.

use super::windows::Window;
use crate::graph::{Graph, Head, Id};

/// Puts windows in the place of what they stand for. A window whose new form would close a cycle
/// through other windows is left as it was.
pub(super) fn splice(graph: &Graph, roots: &[Id], windows: &[Window]) -> (Graph, Vec<Id>) {
    let mut usable = vec![true; windows.len()];
    let mut producer: Vec<Option<usize>> = vec![None; graph.len()];
    for (w, window) in windows.iter().enumerate() {
        for &o in &window.outputs {
            producer[o as usize] = Some(w);
        }
    }
    loop {
        match attempt(graph, roots, windows, &producer, &usable) {
            Ok(done) => return done,
            Err(w) => usable[w] = false,
        }
    }
}

enum Step {
    Node(Id),
    Built(Id),
    Window(usize),
}

/// `Err` names a window on a cycle.
fn attempt(
    graph: &Graph,
    roots: &[Id],
    windows: &[Window],
    producer: &[Option<usize>],
    usable: &[bool],
) -> Result<(Graph, Vec<Id>), usize> {
    let mut out = Graph::new();
    for (name, ty) in graph.vars() {
        out.var(name, ty);
    }
    let mut at: Vec<Option<Id>> = vec![None; graph.len()];
    let mut open = vec![false; windows.len()];
    let mut stack: Vec<Step> = roots.iter().rev().map(|&r| Step::Node(r)).collect();
    while let Some(step) = stack.pop() {
        match step {
            Step::Node(id) if at[id as usize].is_some() => {}
            Step::Node(id) => {
                let by = producer[id as usize].filter(|&w| usable[w]);
                if let Some(w) = by {
                    if open[w] {
                        return Err(w);
                    }
                    open[w] = true;
                    stack.push(Step::Window(w));
                    stack.extend(needed(&windows[w]).map(Step::Node));
                } else {
                    stack.push(Step::Built(id));
                    stack.extend(graph.node(id).args.iter().rev().map(|&a| Step::Node(a)));
                }
            }
            Step::Built(id) => {
                let node = graph.node(id);
                let new = match node.head {
                    Head::Const(bits) => out.lit(f64::from_bits(bits)),
                    Head::Size(s) => out.length(graph.size(s)),
                    Head::Var(v) => {
                        let (name, ty) = &graph.vars()[v as usize];
                        out.var(name, ty)
                    }
                    Head::Op(op, attr) => {
                        let args: Vec<Id> = node.args.iter().filter_map(|&a| at[a as usize]).collect();
                        match out.add(op, graph.attr(attr), &args) {
                            Ok(new) => new,
                            Err(_) => continue,
                        }
                    }
                };
                at[id as usize] = Some(new);
            }
            Step::Window(w) => {
                let window = &windows[w];
                let mut inner: Vec<Option<Id>> = vec![None; window.graph.len()];
                for id in window.graph.reachable(&window.roots) {
                    let node = window.graph.node(id);
                    let new = match node.head {
                        Head::Const(bits) => Some(out.lit(f64::from_bits(bits))),
                        Head::Size(s) => Some(out.length(window.graph.size(s))),
                        Head::Var(v) => at[window.inputs[v as usize] as usize],
                        Head::Op(op, attr) => {
                            let args: Vec<Id> = node.args.iter().filter_map(|&a| inner[a as usize]).collect();
                            out.add(op, window.graph.attr(attr), &args).ok()
                        }
                    };
                    inner[id as usize] = new;
                }
                for (&r, &o) in window.roots.iter().zip(&window.outputs) {
                    at[o as usize] = inner[r as usize];
                }
            }
        }
    }
    let new: Vec<Id> = roots.iter().filter_map(|&r| at[r as usize]).collect();
    if new.len() == roots.len() { Ok((out, new)) } else { Ok((graph.clone(), roots.to_vec())) }
}

/// The nodes of the whole that a window's new form still reads.
fn needed(w: &Window) -> impl Iterator<Item = Id> + '_ {
    w.graph.reachable(&w.roots).into_iter().filter_map(|id| match w.graph.node(id).head {
        Head::Var(v) => Some(w.inputs[v as usize]),
        _ => None,
    })
}
