//! Sums longer than any window, collected and factored once for the whole graph.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Edge, How, Options, Report, graph_cost};
use crate::egraph::{Operand, op_cost};
use crate::graph::{Graph, Head, Id, NOWHERE};
use crate::norm;
use crate::op::Ring;
use crate::rules::Assumes;

/// Terms from which a sum is long: shorter ones fit into a window.
const TERMS: usize = 48;

/// The graph with its long sums written anew; `None` when that is not cheaper.
pub(super) fn collect(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    report: &mut Report,
) -> Option<(Graph, Vec<Id>)> {
    let grants = options.profile.grants();
    if !Assumes::REASSOC.within(grants) || !Assumes::DOMAIN.within(grants) {
        return None;
    }
    let sums = Sums::of(graph, roots);
    if sums.long.is_empty() {
        return None;
    }
    let Rewritten { graph: out, at, pairs } = sums.rewritten(options)?;
    let new: Vec<Id> = roots.iter().map(|&r| at[r as usize]).collect();
    let cost = |g: &Graph, r: &[Id]| graph_cost(&options.model, g, r);
    if cost(&out, &new) >= cost(graph, roots) * (1.0 - 1e-9) {
        return None;
    }
    report.record(|| Edge {
        before: (graph.clone(), roots.to_vec()),
        after: (out.clone(), new.clone()),
        how: How::NormalForm(pairs),
    });
    Some((out, new))
}

/// A graph with long sums written anew.
struct Rewritten {
    graph: Graph,
    /// Where each node went.
    at: Vec<Id>,
    /// Sums that changed, and what they became.
    pairs: Vec<(Id, Id)>,
}

/// The maximal sums of a graph.
struct Sums<'a> {
    graph: &'a Graph,
    live: Vec<Id>,
    uses: Vec<u32>,
    /// Is a node part of a longer sum, or a product that only such a sum reads?
    inner: Vec<bool>,
    /// The long ones: for each the signed terms.
    long: FxHashMap<Id, Vec<(bool, Id)>>,
}

impl<'a> Sums<'a> {
    fn ring(graph: &Graph, id: Id) -> Ring {
        graph.application(id).map_or(Ring::None, |(op, ..)| op.def().ring)
    }

    fn of(graph: &'a Graph, roots: &[Id]) -> Sums<'a> {
        let live = graph.reachable(roots);
        let mut uses = vec![0u32; graph.len()];
        for &id in &live {
            graph.node(id).args.iter().for_each(|&a| uses[a as usize] += 1);
        }
        roots.iter().for_each(|&r| uses[r as usize] += 2);
        let mut sums =
            Sums { graph, live, uses, inner: vec![false; graph.len()], long: FxHashMap::default() };
        // From the last on, so that every sum is read from its top, and once.
        let mut seen = vec![false; graph.len()];
        for i in (0..sums.live.len()).rev() {
            let id = sums.live[i];
            if !seen[id as usize] && sums.is_sum(id) {
                sums.read(id, &mut seen);
            }
        }
        sums
    }

    fn is_sum(&self, id: Id) -> bool {
        let ring = Sums::ring(self.graph, id);
        matches!(ring, Ring::Sum | Ring::Difference | Ring::Opposite) && self.graph.ty(id).dtype.is_float()
    }

    /// Reads a sum down to what is not one, or is read elsewhere too.
    fn read(&mut self, top: Id, seen: &mut [bool]) {
        let (mut terms, mut inside) = (Vec::new(), Vec::new());
        let mut stack = vec![(false, top)];
        while let Some((negative, id)) = stack.pop() {
            if id != top && (!self.is_sum(id) || self.uses[id as usize] > 1) {
                terms.push((negative, id));
                continue;
            }
            inside.push(id);
            seen[id as usize] = true;
            let args = &self.graph.node(id).args;
            match Sums::ring(self.graph, id) {
                Ring::Opposite => stack.push((!negative, args[0])),
                ring => {
                    stack.push((negative != (ring == Ring::Difference), args[1]));
                    stack.push((negative, args[0]));
                }
            }
        }
        if terms.len() < TERMS {
            return;
        }
        for id in inside.into_iter().filter(|&id| id != top) {
            self.inner[id as usize] = true;
        }
        self.long.insert(top, terms);
    }

    /// The graph anew, each long sum in its cheapest form.
    fn rewritten(&self, options: &Options) -> Option<Rewritten> {
        let mut out = self.graph.of_same_inputs();
        let mut at: Vec<Id> = vec![NOWHERE; self.graph.len()];
        let mut pairs = Vec::new();
        for &id in &self.live {
            let Some(terms) = self.long.get(&id) else {
                // The parts of a long sum are made where it ends, if at all.
                if !self.inner[id as usize] {
                    at[id as usize] = out.copy(self.graph, id, &at).ok()?;
                }
                continue;
            };
            let new: Vec<(bool, Id)> = terms.iter().map(|&(n, t)| (n, at[t as usize])).collect();
            let fresh = out.len();
            let same = self.chain(&mut out, &at, id)?;
            let mut forms = vec![same];
            forms.extend(norm::collected(&mut out, &new, same));
            let soft = self.products(terms, &at);
            let costs: Vec<f64> = forms.iter().map(|&f| cost(options, &out, f, fresh, &soft)).collect();
            let best = (0..forms.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b]))?;
            if best > 0 {
                pairs.push((id, forms[best]));
            }
            at[id as usize] = forms[best];
        }
        Some(Rewritten { graph: out, at, pairs })
    }

    /// A long sum as it was.
    fn chain(&self, out: &mut Graph, at: &[Id], top: Id) -> Option<Id> {
        let mut made: FxHashMap<Id, Id> = FxHashMap::default();
        let mut stack = vec![(top, false)];
        while let Some((id, ready)) = stack.pop() {
            let node = self.graph.node(id);
            if at[id as usize] != NOWHERE || made.contains_key(&id) {
                continue;
            }
            if !ready {
                stack.push((id, true));
                stack.extend(node.args.iter().map(|&a| (a, false)));
                continue;
            }
            let Head::Op(op, attr) = node.head else { return None };
            let place = |a: &Id| match at[*a as usize] {
                NOWHERE => made.get(a).copied(),
                there => Some(there),
            };
            let args: Vec<Id> = node.args.iter().map(place).collect::<Option<_>>()?;
            made.insert(id, out.add(op, self.graph.attr(attr), &args).ok()?);
        }
        made.get(&top).copied()
    }

    /// The products among the terms that nothing else reads: factoring may make them needless.
    fn products(&self, terms: &[(bool, Id)], at: &[Id]) -> FxHashSet<Id> {
        let mut stack: Vec<Id> = terms.iter().map(|&(_, id)| id).collect();
        let mut soft = FxHashSet::default();
        while let Some(id) = stack.pop() {
            if Sums::ring(self.graph, id) != Ring::None && self.uses[id as usize] == 1 && !self.is_sum(id) {
                soft.insert(at[id as usize]);
                stack.extend(&self.graph.node(id).args);
            }
        }
        soft
    }
}

/// What a form costs beyond the terms that are there.
fn cost(options: &Options, graph: &Graph, form: Id, fresh: usize, soft: &FxHashSet<Id>) -> f64 {
    let mut seen = FxHashSet::default();
    let mut stack = vec![form];
    let mut total = 0.0;
    while let Some(id) = stack.pop() {
        let counted = id as usize >= fresh || soft.contains(&id);
        let Some((op, attr, args)) = graph.application(id).filter(|_| counted) else { continue };
        if seen.insert(id) {
            let operands: Vec<Operand<'_>> =
                args.iter().map(|&a| (graph.ty(a), graph.facts(a).constant)).collect();
            total += op_cost(&options.model, op, attr, &operands, graph.ty(id));
            stack.extend(args);
        }
    }
    total
}
