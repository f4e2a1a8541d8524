//! Optimized windows back into one graph.
//!
//! Windows depend on each other in both directions: the forward part of a layer feeds the next
//! one, whose backward part feeds the layer. So they are joined node by node, not window by window.

use super::lengths::Lengths;
use super::windows::Window;
use crate::graph::{Graph, Head, Id};

/// How often windows on a cycle are taken out before all are.
const RETRIES: usize = 16;

/// Puts windows in the place of what they stand for. Windows whose new forms read each other in a
/// circle are left as they were.
pub(super) fn splice(graph: &Graph, roots: &[Id], windows: &[Window]) -> (Graph, Vec<Id>) {
    let mut joint = Joint::new(graph, windows);
    for _ in 0..RETRIES {
        match joint.build(roots) {
            Ok(done) => return done,
            Err(Some(on_cycle)) => on_cycle.into_iter().for_each(|w| joint.usable[w] = false),
            Err(None) => break,
        }
    }
    (graph.clone(), roots.to_vec())
}

/// Nodes of the whole and of all windows, numbered through.
struct Joint<'a> {
    graph: &'a Graph,
    windows: &'a [Window],
    usable: Vec<bool>,
    /// Which root of which window a node of the whole is.
    producer: Vec<Option<(usize, Id)>>,
    /// Where the nodes of a window begin.
    base: Vec<usize>,
    len: usize,
}

#[derive(Clone, Copy)]
enum Place {
    /// A node of the whole as it was.
    Old(Id),
    /// A node of the whole that a node of a window replaces.
    Same(usize),
    /// A node of a window.
    New(usize, Id),
}

impl<'a> Joint<'a> {
    fn new(graph: &'a Graph, windows: &'a [Window]) -> Joint<'a> {
        let mut producer = vec![None; graph.len()];
        let mut base = Vec::with_capacity(windows.len());
        let mut len = graph.len();
        for (w, window) in windows.iter().enumerate() {
            for (&o, &r) in window.outputs.iter().zip(&window.form.1) {
                producer[o as usize] = Some((w, r));
            }
            base.push(len);
            len += window.form.0.len();
        }
        Joint { graph, windows, usable: vec![true; windows.len()], producer, base, len }
    }

    fn place(&self, at: usize) -> Place {
        if at < self.graph.len() {
            return match self.producer[at].filter(|&(w, _)| self.usable[w]) {
                Some((w, r)) => Place::Same(self.base[w] + r as usize),
                None => Place::Old(u32::try_from(at).unwrap_or(u32::MAX)),
            };
        }
        let w = self.base.partition_point(|&b| b <= at) - 1;
        Place::New(w, u32::try_from(at - self.base[w]).unwrap_or(u32::MAX))
    }

    /// What a node reads.
    fn reads(&self, place: Place, out: &mut Vec<usize>) {
        match place {
            Place::Old(id) => out.extend(self.graph.node(id).args.iter().map(|&a| a as usize)),
            Place::Same(other) => out.push(other),
            Place::New(w, id) => {
                let node = self.windows[w].form.0.node(id);
                match node.head {
                    Head::Var(v) => out.push(self.windows[w].inputs[v as usize] as usize),
                    _ => out.extend(node.args.iter().map(|&a| self.base[w] + a as usize)),
                }
            }
        }
    }

    /// The graph; `Err` names the windows on a cycle, or none if a node does not fit.
    fn build(&self, roots: &[Id]) -> Result<(Graph, Vec<Id>), Option<Vec<usize>>> {
        let mut out = Graph::new();
        for (name, ty) in self.graph.vars() {
            out.var(name, ty);
        }
        let mut at: Vec<Option<Id>> = vec![None; self.len];
        let mut open = vec![false; self.len];
        let mut reads = Vec::new();
        for &root in roots {
            let mut path: Vec<usize> = vec![root as usize];
            while let Some(&n) = path.last() {
                if at[n].is_some() {
                    path.pop();
                    continue;
                }
                let place = self.place(n);
                reads.clear();
                self.reads(place, &mut reads);
                if open[n] {
                    at[n] = Some(self.add(&mut out, place, &reads, &at).ok_or(None)?);
                    path.pop();
                    continue;
                }
                open[n] = true;
                for &r in reads.iter().rev() {
                    if at[r].is_some() {
                        continue;
                    }
                    if open[r] {
                        return Err(Some(self.on_path(&path, &open, r)));
                    }
                    path.push(r);
                }
            }
        }
        let new: Option<Vec<Id>> = roots.iter().map(|&r| at[r as usize]).collect();
        new.map(|roots| (out, roots)).ok_or(None)
    }

    /// The windows of the open nodes between `from` and the end of the path.
    fn on_path(&self, path: &[usize], open: &[bool], from: usize) -> Vec<usize> {
        let start = path.iter().position(|&n| n == from).unwrap_or(0);
        let mut found: Vec<usize> = path[start..]
            .iter()
            .filter(|&&n| open[n])
            .filter_map(|&n| match self.place(n) {
                Place::New(w, _) => Some(w),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn add(&self, out: &mut Graph, place: Place, reads: &[usize], at: &[Option<Id>]) -> Option<Id> {
        let none = Lengths::default();
        let (graph, id, lengths) = match place {
            Place::Same(other) => return at[other],
            Place::Old(id) => (self.graph, id, &none),
            Place::New(w, id) => (&self.windows[w].form.0, id, &self.windows[w].lengths),
        };
        match graph.node(id).head {
            Head::Const(bits) => Some(out.lit(f64::from_bits(bits))),
            Head::Int(d, x) => Some(out.int(d, x)),
            Head::Size(s) => Some(out.length(&lengths.outward(graph.size(s)))),
            Head::Var(v) => match place {
                Place::New(..) => at[reads[0]],
                _ => {
                    let (name, ty) = &graph.vars()[v as usize];
                    Some(out.var(name, ty))
                }
            },
            Head::Op(op, attr) => {
                let args: Vec<Id> = reads.iter().map(|&r| at[r]).collect::<Option<_>>()?;
                out.add(op, &lengths.attr_outward(graph.attr(attr)), &args).ok()
            }
        }
    }
}
