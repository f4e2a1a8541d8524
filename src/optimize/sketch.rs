//! Windows read off a graph. Most are like one that was met before: those are told by what a walk
//! over them sees, and no graph is made of them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::cache::{Cache, Known};
use super::cut::Cut;
use super::lengths::Lengths;
use super::{Form, Options};
use crate::graph::{Graph, Head, Id};
use crate::op::Attr;
use crate::ty::Dim;

/// A part of a graph: which small graph it is, and what that one's inputs and roots are in the whole.
pub(super) struct Window {
    /// The form, by its number in the cache.
    pub(super) known: usize,
    /// For each input the node that it stands for.
    pub(super) inputs: Vec<Id>,
    /// For each root the node that it stands for; roots beyond these are shown to the window only.
    pub(super) outputs: Vec<Id>,
    /// What its lengths are called in the whole.
    pub(super) lengths: Lengths,
}

/// Reads the clusters of a graph, one after the other.
pub(super) struct Reader<'a> {
    whole: &'a Graph,
    cut: &'a Cut,
    cache: &'a mut Cache,
    /// For each attribute of the whole its number, unless it speaks of lengths.
    attrs: Vec<Option<u64>>,
    /// In which window a node was last met, and its place there.
    met: Vec<(u32, u32)>,
    window: u32,
    /// The nodes of the window in the order in which they are made; is one an input?
    made: Vec<(Id, bool)>,
    roots: Vec<u32>,
    key: Vec<u64>,
    stack: Vec<(Id, bool)>,
    inputs: Vec<Id>,
    lengths: Lengths,
}

impl<'a> Reader<'a> {
    pub(super) fn new(whole: &'a Graph, cut: &'a Cut, cache: &'a mut Cache) -> Reader<'a> {
        let attrs = whole.attrs().iter().map(|a| (!speaks_of_lengths(a)).then(|| cache.attr(a))).collect();
        Reader {
            whole,
            cut,
            cache,
            attrs,
            met: vec![(0, 0); whole.len()],
            window: 0,
            made: Vec::new(),
            roots: Vec::new(),
            key: Vec::new(),
            stack: Vec::new(),
            inputs: Vec::new(),
            lengths: Lengths::default(),
        }
    }

    /// The window of a cluster, and whether its form is new. `None` where it has no form.
    pub(super) fn window(&mut self, cluster: usize, options: &Options) -> Option<(Window, bool)> {
        self.window += 1;
        self.made.clear();
        self.roots.clear();
        self.key.clear();
        let outputs = self.walk(cluster);
        self.key.push(u64::MAX);
        self.key.extend(self.roots.iter().map(|&r| u64::from(r)));
        self.key.push(u64::MAX);
        if !options.model.lengths.is_empty() {
            for (name, &length) in &self.lengths.model(&options.model).lengths {
                self.key.extend([name.parse().unwrap_or(u64::MAX), length as u64]);
            }
        }
        let (known, new) = match self.cache.known(&self.key) {
            Some(n) => (n, false),
            None => {
                let form = Known::new(Arc::new(self.form()?));
                (self.cache.insert(&self.key, form), true)
            }
        };
        let (inputs, lengths) = (std::mem::take(&mut self.inputs), std::mem::take(&mut self.lengths));
        Some((Window { known, inputs, outputs, lengths }, new))
    }

    /// In the order of the walk and not of the whole's numbers, so that windows that look the same are.
    fn walk(&mut self, cluster: usize) -> Vec<Id> {
        self.inputs.clear();
        self.lengths = Lengths::default();
        let (whole, cut) = (self.whole, self.cut);
        let members = &cut.clusters[cluster];
        let outputs: Vec<Id> = members.iter().copied().filter(|&id| cut.outer(cluster, id)).collect();
        let mut stack = std::mem::take(&mut self.stack);
        stack.extend(outputs.iter().rev().map(|&id| (id, false)));
        while let Some((id, ready)) = stack.pop() {
            if self.place(id).is_some() {
                continue;
            }
            let node = whole.node(id);
            let within =
                cut.inside(cluster, id) || matches!(node.head, Head::Op(..)) && cut.free[id as usize];
            if within && !ready {
                stack.push((id, true));
                if cut.inside(cluster, id) {
                    stack.extend(node.args.iter().rev().map(|&a| (a, false)));
                } else {
                    stack.extend(node.args.iter().map(|&a| (a, false)));
                }
            } else {
                self.make(id, !within && matches!(node.head, Head::Op(..) | Head::Var(_)));
            }
        }
        self.stack = stack;
        self.roots.extend(outputs.iter().map(|&id| self.met[id as usize].1));
        for i in 0..self.inputs.len() {
            // What others compute of an input costs this window nothing.
            for &id in cut.beside(self.inputs[i]).iter().filter(|&&id| !cut.inside(cluster, id)) {
                self.make(id, false);
                self.roots.push(self.met[id as usize].1);
            }
        }
        outputs
    }

    fn place(&self, id: Id) -> Option<u32> {
        let (window, at) = self.met[id as usize];
        (window == self.window).then_some(at)
    }

    /// The next node of the window, whose operands are here: an input, or what stands in the whole.
    fn make(&mut self, id: Id, input: bool) {
        let node = self.whole.node(id);
        if input {
            let f = self.whole.facts(id);
            let range = f.range.coarse();
            let known = u64::from(f.nonzero) | u64::from(f.integral) << 1;
            self.key.extend([2, u64::from(f.ty.dtype as u8), f.ty.rank() as u64, known]);
            self.key.extend([range.lo.to_bits(), range.hi.to_bits()]);
            self.key.extend(f.constant.map_or([0, 0], |c| [1, c.to_bits()]));
            f.ty.shape.dims().iter().for_each(|d| self.dim(d));
            self.inputs.push(id);
        } else {
            match node.head {
                Head::Const(bits) => self.key.extend([0, bits]),
                Head::Int(d, x) => self.key.extend([4, u64::from(d as u8), x.cast_unsigned()]),
                Head::Size(s) => {
                    self.key.push(1);
                    self.dim(self.whole.size(s));
                }
                // An input of the whole is an input here.
                Head::Var(_) => {}
                Head::Op(op, attr) => {
                    let n = node.args.len() as u64;
                    match self.attrs[attr as usize] {
                        Some(a) => self.key.extend([3, u64::from(op as u8), n, a]),
                        None => {
                            let dims = self.whole.attr(attr).dims();
                            self.key.extend([5, u64::from(op as u8), n, dims.len() as u64]);
                            dims.iter().for_each(|d| self.dim(d));
                        }
                    }
                    for &a in &node.args {
                        self.key.push(u64::from(self.met[a as usize].1));
                    }
                }
            }
        }
        self.met[id as usize] = (self.window, u32::try_from(self.made.len()).unwrap_or(u32::MAX));
        self.made.push((id, input));
    }

    /// A length, by the window's own numbers for symbols.
    fn dim(&mut self, dim: &Dim) {
        match dim {
            Dim::Known(n) => self.key.extend([0, *n as u64]),
            Dim::Sym(s) => self.key.extend([1, self.lengths.number(s) as u64]),
            Dim::Expr(_) => {
                let inward = self.lengths.inward(dim);
                self.key.extend([2, self.cache.dim(&inward)]);
            }
        }
    }

    /// The small graph of what the walk has seen.
    fn form(&mut self) -> Option<Form> {
        let mut graph = Graph::new();
        let mut at: Vec<Id> = Vec::with_capacity(self.made.len());
        let mut place: FxHashMap<Id, Id> = FxHashMap::default();
        let mut inputs = 0;
        for &(id, input) in &self.made {
            let node = self.whole.node(id);
            let new = match node.head {
                _ if input => {
                    let mut facts = self.whole.facts(id).clone();
                    facts.ty = self.lengths.ty_inward(&facts.ty);
                    facts.range = facts.range.coarse();
                    inputs += 1;
                    graph.var_with(&(inputs - 1).to_string(), &facts)
                }
                Head::Const(bits) => graph.lit(f64::from_bits(bits)),
                Head::Int(d, x) => graph.int(d, x),
                Head::Size(s) => graph.length(&self.lengths.inward(self.whole.size(s))),
                Head::Var(_) => return None,
                Head::Op(op, attr) => {
                    let args: Vec<Id> =
                        node.args.iter().map(|a| place.get(a).copied()).collect::<Option<_>>()?;
                    // The same application was well typed in the whole.
                    graph.add(op, &self.lengths.attr_inward(self.whole.attr(attr)), &args).ok()?
                }
            };
            place.insert(id, new);
            at.push(new);
        }
        let roots = self.roots.iter().map(|&r| at[r as usize]).collect();
        Some((graph, roots))
    }
}

/// Does an attribute hold lengths that a window numbers?
fn speaks_of_lengths(attr: &Attr) -> bool {
    matches!(attr, Attr::Dims(_)) && !attr.is_closed()
}
