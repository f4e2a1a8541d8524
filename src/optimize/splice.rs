//! Optimized windows back into one graph.
//!
//! Windows depend on each other in both directions: the forward part of a layer feeds the next
//! one, whose backward part feeds the layer. So they are joined node by node, not window by window.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Form;
use super::cache::Cache;
use super::lengths::Lengths;
use super::sketch::Window;
use crate::graph::{Graph, Head, Id, NOWHERE};

/// How often windows on a cycle are taken out before all are.
const RETRIES: usize = 16;

/// Puts windows in the place of what they stand for. Windows whose new forms read each other in a
/// circle are left as they were.
pub(super) fn splice(graph: &Graph, roots: &[Id], windows: &[Window], cache: &Cache) -> (Graph, Vec<Id>) {
    let mut joint = Joint::new(graph, windows, cache);
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
    forms: Vec<&'a Form>,
    usable: Vec<bool>,
    /// Which root of which window a node of the whole is.
    producer: Vec<Option<(u32, Id)>>,
    /// Where the nodes of a window begin.
    base: Vec<usize>,
    /// The window of each node that is not of the whole.
    owner: Vec<u32>,
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

/// What is being made.
struct Made {
    graph: Graph,
    /// Where each node of the joint went, or [`NOWHERE`].
    at: Vec<Id>,
    /// Attributes of the whole and of forms by their positions there and here; those without lengths.
    attrs: FxHashMap<(Option<usize>, u32), u32>,
}

impl<'a> Joint<'a> {
    fn new(graph: &'a Graph, windows: &'a [Window], cache: &'a Cache) -> Joint<'a> {
        let mut producer = vec![None; graph.len()];
        let mut base = Vec::with_capacity(windows.len());
        let mut owner = Vec::new();
        let forms: Vec<&Form> = windows.iter().map(|w| &*cache.form(w.known).found).collect();
        for (w, (window, form)) in windows.iter().zip(&forms).enumerate() {
            let n = u32::try_from(w).unwrap_or(u32::MAX);
            for (&o, &r) in window.outputs.iter().zip(&form.1) {
                producer[o as usize] = Some((n, r));
            }
            base.push(graph.len() + owner.len());
            owner.resize(owner.len() + form.0.len(), n);
        }
        Joint { graph, windows, forms, usable: vec![true; windows.len()], producer, base, owner }
    }

    fn place(&self, at: usize) -> Place {
        if at < self.graph.len() {
            return match self.producer[at].filter(|&(w, _)| self.usable[w as usize]) {
                Some((w, r)) => Place::Same(self.base[w as usize] + r as usize),
                None => Place::Old(u32::try_from(at).unwrap_or(u32::MAX)),
            };
        }
        let w = self.owner[at - self.graph.len()] as usize;
        Place::New(w, u32::try_from(at - self.base[w]).unwrap_or(u32::MAX))
    }

    /// What a node reads.
    fn reads(&self, place: Place, out: &mut Vec<usize>) {
        out.clear();
        match place {
            Place::Old(id) => out.extend(self.graph.node(id).args.iter().map(|&a| a as usize)),
            Place::Same(other) => out.push(other),
            Place::New(w, id) => {
                let node = self.forms[w].0.node(id);
                match node.head {
                    Head::Var(v) => out.push(self.windows[w].inputs[v as usize] as usize),
                    _ => out.extend(node.args.iter().map(|&a| self.base[w] + a as usize)),
                }
            }
        }
    }

    /// The graph; `Err` names the windows on a cycle, or none if a node does not fit.
    fn build(&self, roots: &[Id]) -> Result<(Graph, Vec<Id>), Option<Vec<usize>>> {
        let graph = self.graph.of_same_inputs();
        let len = self.graph.len() + self.owner.len();
        let mut made = Made { graph, at: vec![NOWHERE; len], attrs: FxHashMap::default() };
        let mut open = vec![false; len];
        let mut reads = Vec::new();
        let mut path: Vec<usize> = Vec::new();
        for &root in roots {
            path.push(root as usize);
            while let Some(&n) = path.last() {
                if made.at[n] != NOWHERE {
                    path.pop();
                    continue;
                }
                let place = self.place(n);
                self.reads(place, &mut reads);
                if reads.iter().all(|&r| made.at[r] != NOWHERE) {
                    made.at[n] = self.add(&mut made, place, &reads).ok_or(None)?;
                    path.pop();
                    continue;
                }
                open[n] = true;
                for &r in reads.iter().rev() {
                    if made.at[r] != NOWHERE {
                        continue;
                    }
                    if open[r] {
                        return Err(Some(self.on_path(&path, &open, r)));
                    }
                    path.push(r);
                }
            }
        }
        let new = roots.iter().map(|&r| made.at[r as usize]).collect();
        Ok((made.graph, new))
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

    fn add(&self, made: &mut Made, place: Place, reads: &[usize]) -> Option<Id> {
        let (graph, id, known) = match place {
            Place::Same(other) => return Some(made.at[other]),
            Place::Old(id) => (self.graph, id, None),
            Place::New(w, id) => (&self.forms[w].0, id, Some(w)),
        };
        let none = Lengths::default();
        let lengths = known.map_or(&none, |w| &self.windows[w].lengths);
        let out = &mut made.graph;
        match graph.node(id).head {
            Head::Const(bits) => Some(out.lit(f64::from_bits(bits))),
            Head::Int(d, x) => Some(out.int(d, x)),
            Head::Size(s) => Some(out.length(&lengths.outward(graph.size(s)))),
            Head::Var(v) => match place {
                Place::New(..) => Some(made.at[reads[0]]),
                _ => {
                    let (name, ty) = &graph.vars()[v as usize];
                    Some(out.var(name, ty))
                }
            },
            Head::Op(op, attr) => {
                let form = known.map(|w| self.windows[w].known);
                let there = graph.attr(attr);
                let here = match made.attrs.get(&(form, attr)) {
                    Some(&here) => here,
                    None if there.is_closed() => {
                        let here = out.attr_id(there);
                        made.attrs.insert((form, attr), here);
                        here
                    }
                    None => out.attr_id(&lengths.attr_outward(there)),
                };
                let args: SmallVec<[Id; 3]> = reads.iter().map(|&r| made.at[r]).collect();
                out.add_numbered(op, here, &args).ok()
            }
        }
    }
}
