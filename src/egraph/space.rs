//! A window's e-graph: a small graph in, its cheapest equivalent out.

use std::cell::LazyCell;

use egg::Id as EId;
use egg::Language as _;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::analysis::{self, Data, Graph as EG, facts, rebuild, split};
use super::compile::{add_op, empty, length};
use super::cost::{CostModel, Operand, common_cost, op_cost};
use super::demand::OnDemand;
use super::lang::{EHead, ENode};
use super::log::{self, Log};
use super::saturate::{Granted, Limits, Trace, saturate};
use super::verdicts::Verdicts;
use crate::expr::TypeError;
use crate::extract::{Budget, Choice, Extractor, Node as XNode, Problem, Proof};
use crate::facts::{Facts, value_of};
use crate::graph::{Graph, Head, Id};
use crate::op::{Attr, Ring};

/// The e-graph of a small graph.
pub(crate) struct Space {
    pub(super) g: EG,
    roots: Vec<EId>,
    verdicts: Verdicts,
    /// Class of every node of the graph that was inserted.
    class_of: Vec<EId>,
    /// What is done, if it is to be explained.
    log: Option<Log>,
}

/// What extraction found.
pub(crate) struct Extracted {
    pub(crate) graph: Graph,
    pub(crate) roots: Vec<Id>,
    pub(crate) cost: f64,
    /// Was a form of what the incumbent computes refused, for the digits that it loses?
    pub(crate) refused: bool,
    /// Does nothing cost less?
    pub(crate) proved: bool,
}

impl Space {
    /// Inserts a graph. `interned` are the attribute literals of the rules.
    pub(crate) fn new(graph: &Graph, roots: &[Id], interned: &[Attr]) -> Space {
        let mut vars: Vec<Facts> = graph.vars().iter().map(|(_, ty)| Facts::var(ty.clone())).collect();
        for i in 0..graph.len() {
            let id = u32::try_from(i).unwrap_or(u32::MAX);
            if let Head::Var(v) = graph.node(id).head {
                vars[v as usize] = graph.facts(id).clone();
            }
        }
        let mut g = empty(interned, vars);
        let mut class_of: Vec<EId> = Vec::with_capacity(graph.len());
        for i in 0..graph.len() {
            let id = u32::try_from(i).unwrap_or(u32::MAX);
            let node = graph.node(id);
            let class = match node.head {
                Head::Const(bits) => g.add(ENode::leaf(EHead::Const(bits))),
                Head::Int(d, x) => g.add(ENode::leaf(EHead::Int(d, x))),
                Head::Size(s) => length(&mut g, graph.size(s)),
                Head::Var(v) => g.add(ENode::leaf(EHead::Var(v))),
                Head::Op(op, attr) => {
                    let args: SmallVec<[EId; 3]> = node.args.iter().map(|&a| class_of[a as usize]).collect();
                    add_op(&mut g, op, graph.attr(attr), &args)
                }
            };
            class_of.push(class);
        }
        rebuild(&mut g);
        let roots = roots.iter().map(|&r| class_of[r as usize]).collect();
        let verdicts = Verdicts::of(&g);
        Space { g, roots, verdicts, class_of, log: None }
    }

    /// From now on what is done is written down.
    pub(crate) fn record(&mut self) {
        self.log = Some(Log::default());
    }

    /// What was written down.
    pub(crate) fn log(&mut self) -> Option<Log> {
        let mut log = self.log.take()?;
        log.terms = log::terms(&self.g);
        Some(log)
    }

    /// Number of e-nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.g.total_number_of_nodes()
    }

    /// The contradiction, if there is one.
    pub(crate) fn conflict(&self) -> Option<&str> {
        self.g.analysis.conflict.as_deref()
    }

    /// States that two nodes of a graph that extends the inserted one are equal. Nodes past those
    /// inserted so far are added.
    pub(crate) fn unite(&mut self, graph: &Graph, pairs: &[(Id, Id)]) {
        for i in self.class_of.len()..graph.len() {
            let id = u32::try_from(i).unwrap_or(u32::MAX);
            let node = graph.node(id);
            let class = match node.head {
                Head::Const(bits) => self.g.add(ENode::leaf(EHead::Const(bits))),
                Head::Int(d, x) => self.g.add(ENode::leaf(EHead::Int(d, x))),
                Head::Size(s) => length(&mut self.g, graph.size(s)),
                Head::Var(v) => self.g.add(ENode::leaf(EHead::Var(v))),
                Head::Op(op, attr) => {
                    let args: SmallVec<[EId; 3]> =
                        node.args.iter().map(|&a| self.class_of[a as usize]).collect();
                    add_op(&mut self.g, op, graph.attr(attr), &args)
                }
            };
            self.class_of.push(class);
        }
        for &(a, b) in pairs {
            let (a, b) = (self.class_of[a as usize], self.class_of[b as usize]);
            let same = match (facts(&self.g, a), facts(&self.g, b)) {
                (Some(f), Some(h)) => f.ty == h.ty,
                _ => false,
            };
            if same {
                self.g.union(a, b);
            }
        }
        rebuild(&mut self.g);
        if let Some(log) = &mut self.log {
            log.proposed = Some((graph.clone(), pairs.to_vec()));
        }
    }

    /// Takes everything for new.
    #[cfg(test)]
    pub(super) fn forget(&mut self) {
        let all: Vec<EId> = self.g.classes().map(|c| c.id).collect();
        self.g.analysis.touched.extend(all);
    }

    /// Are two nodes of the inserted graph in one class?
    pub(crate) fn joins(&self, a: Id, b: Id) -> bool {
        self.g.find(self.class_of[a as usize]) == self.g.find(self.class_of[b as usize])
    }

    /// Runs the rules.
    pub(crate) fn saturate(&mut self, rules: &[OnDemand], granted: Granted, limits: Limits) -> Trace {
        if let Some(log) = &mut self.log {
            log.growth.push(self.g.total_number_of_nodes());
        }
        saturate(&mut self.g, rules, granted, limits, &mut self.verdicts, self.log.as_mut())
    }

    /// The cheapest terms of the roots, all together, never dearer than those of `incumbent`; a first look with no
    /// `effort`.
    pub(crate) fn extract(
        &self,
        model: &CostModel,
        extractor: &Extractor,
        effort: u32,
        incumbent: &Graph,
        incumbent_roots: &[Id],
    ) -> Result<Extracted, TypeError> {
        let dense = Dense::new(self, model);
        let own = dense.choice_of(self, incumbent);
        let own = own.filter(|c| crate::extract::validate(&dense.problem, c).is_ok());
        let refused = dense.refuses(self, incumbent);
        let scaled = Budget::scaled(&dense.problem);
        let budget = if effort == 0 { scaled.light() } else { scaled.times(effort) };
        let found = (extractor.run)(&dense.problem, own.as_ref(), &budget);
        let Ok(found) = found else {
            return Ok(Extracted {
                graph: incumbent.clone(),
                roots: incumbent_roots.to_vec(),
                cost: f64::INFINITY,
                refused,
                proved: false,
            });
        };
        let (graph, roots) = dense.build(self, incumbent, &found.choice)?;
        let proved = found.optimal == Proof::Proved;
        Ok(Extracted { graph, roots, cost: found.cost, refused, proved })
    }
}

/// One class for each class and its opposite.
fn signless(g: &EG, order: &[EId], index: &FxHashMap<EId, u32>) -> Vec<u32> {
    let mut of: Vec<u32> = (0..).take(order.len()).collect();
    for (class, &id) in (0..).zip(order) {
        for n in &g[id].nodes {
            if let (EHead::Op(op), [x]) = (&n.head, n.children())
                && op.def().ring == Ring::Opposite
                && let Some(&x) = index.get(&g.find(*x))
            {
                let least = of[class as usize].min(of[x as usize]);
                (of[class as usize], of[x as usize]) = (least, least);
            }
        }
    }
    of
}

/// Classes that the roots reach, renumbered, as an extraction problem.
pub(super) struct Dense<'a> {
    pub(super) problem: Problem,
    /// The e-node behind each node of the problem; none behind what operators have in common.
    pub(super) nodes: Vec<Option<&'a ENode>>,
    /// Which of them lose digits.
    condemned: Vec<bool>,
    /// The class of the problem that each class of the e-graph became.
    pub(super) index: FxHashMap<EId, u32>,
    pub(super) roots: Vec<u32>,
}

impl<'a> Dense<'a> {
    pub(super) fn new(s: &'a Space, model: &CostModel) -> Dense<'a> {
        let g = &s.g;
        let mut index: FxHashMap<EId, u32> = FxHashMap::default();
        let mut order: Vec<EId> = Vec::new();
        let mut stack: Vec<EId> = s.roots.iter().rev().map(|&r| g.find(r)).collect();
        while let Some(id) = stack.pop() {
            let id = g.find(id);
            if index.contains_key(&id) {
                continue;
            }
            index.insert(id, u32::try_from(order.len()).unwrap_or(u32::MAX));
            order.push(id);
            for n in &g[id].nodes {
                stack.extend(n.children().iter().copied());
            }
        }
        let condemned = s.verdicts.condemned(g);
        let (mut nodes, mut loses) = (Vec::new(), Vec::new());
        let mut list = Vec::new();
        // What operators over the same operands, or over their opposites, have in common: a class of its own, paid once.
        let mut common: FxHashMap<(bool, SmallVec<[u32; 3]>), u32> = FxHashMap::default();
        let signless = LazyCell::new(|| signless(g, &order, &index));
        let mut paid = Vec::new();
        for (class, &id) in order.iter().enumerate() {
            let class = u32::try_from(class).unwrap_or(u32::MAX);
            for n in &g[id].nodes {
                let canonical = n.clone().map_children(|c| g.find(c));
                let refused = condemned.contains(&canonical);
                let mut cost = if refused { f64::INFINITY } else { enode_cost(g, model, n, id) };
                loses.push(refused);
                let mut children: SmallVec<[u32; 3]> =
                    n.children().iter().map(|c| index[&g.find(*c)]).collect();
                let (shared, up_to_sign) = match n.head {
                    EHead::Op(op) if cost.is_finite() => (common_cost(cost, op), op.def().common_up_to_sign),
                    _ => (0.0, false),
                };
                if shared > 0.0 {
                    cost -= shared;
                    let of = order.len() + paid.len();
                    let mut operands = children.clone();
                    if up_to_sign {
                        operands.iter_mut().for_each(|c| *c = signless[*c as usize]);
                    }
                    let of = *common.entry((up_to_sign, operands)).or_insert_with(|| {
                        paid.push(shared);
                        u32::try_from(of).unwrap_or(u32::MAX)
                    });
                    children.push(of);
                }
                list.push(XNode { class, cost, children });
                nodes.push(Some(n));
            }
        }
        for (class, &cost) in (order.len()..).zip(&paid) {
            let class = u32::try_from(class).unwrap_or(u32::MAX);
            list.push(XNode { class, cost, children: SmallVec::new() });
            nodes.push(None);
            loses.push(false);
        }
        let roots: Vec<u32> = s.roots.iter().map(|r| index[&g.find(*r)]).collect();
        let problem = Problem::new(order.len() + paid.len(), list, roots.clone());
        // The lists are made here and are well formed.
        let problem = problem.unwrap_or_else(|_| empty_problem());
        Dense { problem, nodes, condemned: loses, index, roots }
    }

    /// Is a form of what a graph computes refused? Its own terms may have left the e-graph, with others in their place.
    fn refuses(&self, s: &Space, graph: &Graph) -> bool {
        s.class_of.iter().take(graph.len()).filter_map(|&c| self.index.get(&s.g.find(c))).any(|&class| {
            let nodes = self.problem.nodes_of(class);
            nodes.iter().any(|&n| self.condemned[n as usize])
        })
    }

    /// The choice that a graph's own terms make.
    fn choice_of(&self, s: &Space, graph: &Graph) -> Option<Choice> {
        let g = &s.g;
        let mut choice = Choice::new(self.problem.num_classes());
        for i in (0..s.class_of.len().min(graph.len())).rev() {
            let class = g.find(s.class_of[i]);
            let Some(&dense) = self.index.get(&class) else { continue };
            let node = graph.node(u32::try_from(i).ok()?);
            let wanted = |n: &ENode| match (node.head, n.head) {
                (Head::Const(a), EHead::Const(b)) => a == b,
                (Head::Int(d, a), EHead::Int(e, b)) => (d, a) == (e, b),
                (Head::Var(a), EHead::Var(b)) => a == b,
                (Head::Size(a), EHead::Size(b)) => graph.size(a) == &g.analysis.sizes[b as usize],
                (Head::Op(op, attr), EHead::Op(other)) => {
                    if op != other {
                        return false;
                    }
                    let (own, args) = split(g, other, &n.args);
                    own == *graph.attr(attr)
                        && args.len() == node.args.len()
                        && args
                            .iter()
                            .zip(&node.args)
                            .all(|(&e, &a)| g.find(e) == g.find(s.class_of[a as usize]))
                }
                _ => false,
            };
            let found = self
                .problem
                .nodes_of(dense)
                .iter()
                .copied()
                .find(|&n| self.nodes[n as usize].is_some_and(wanted));
            if let Some(n) = found {
                choice.set(dense, n);
            }
        }
        // Attributes have one node each.
        for class in 0..self.problem.num_classes() {
            let class = u32::try_from(class).ok()?;
            if choice.node(class).is_none()
                && let [only] = self.problem.nodes_of(class)
            {
                choice.set(class, *only);
            }
        }
        Some(choice)
    }

    /// The chosen terms as a graph with the same inputs.
    fn build(&self, s: &Space, inputs: &Graph, choice: &Choice) -> Result<(Graph, Vec<Id>), TypeError> {
        let g = &s.g;
        let mut out = Graph::new();
        for (name, ty) in inputs.vars() {
            out.var(name, ty);
        }
        let order = choice.order(&self.problem).unwrap_or_default();
        let mut at: FxHashMap<u32, Id> = FxHashMap::default();
        for class in order {
            let Some(n) = choice.node(class) else { continue };
            let Some(node) = self.nodes[n as usize] else { continue };
            let id = match node.head {
                EHead::Attr(_) => continue,
                EHead::Const(bits) => out.lit(f64::from_bits(bits)),
                EHead::Int(d, x) => out.int(d, x),
                EHead::Size(i) => out.length(&g.analysis.sizes[i as usize]),
                EHead::Var(v) => {
                    let (name, ty) = &inputs.vars()[v as usize];
                    out.var(name, ty)
                }
                EHead::Op(op) => {
                    let (attr, args) = split(g, op, &node.args);
                    let args: Vec<Id> = args.iter().map(|a| at[&self.index[&g.find(*a)]]).collect();
                    out.add(op, &attr, &args)?
                }
            };
            at.insert(class, id);
        }
        let roots = self.roots.iter().filter_map(|r| at.get(r).copied()).collect();
        Ok((out, roots))
    }
}

fn empty_problem() -> Problem {
    #[allow(clippy::expect_used, reason = "a problem without classes is well formed")]
    Problem::new(0, Vec::new(), Vec::new()).expect("no classes, no nodes, no roots")
}

pub(super) fn enode_cost(g: &EG, model: &CostModel, n: &ENode, class: EId) -> f64 {
    let EHead::Op(op) = n.head else { return 0.0 };
    let Data::Value { facts: out, .. } = &g[class].data else { return 0.0 };
    let (attr, args) = split(g, op, &n.args);
    // What depends on no input is computed when the function is made.
    let closed = args.iter().all(|&a| matches!(g[a].data, Data::Value { closed: true, .. }));
    let operands: SmallVec<[Operand<'_>; 3]> =
        args.iter().filter_map(|&a| analysis::facts(g, a)).map(|f| (&f.ty, f.constant)).collect();
    let cost = op_cost(model, op, &attr, &operands, &out.ty);
    if !closed {
        return cost;
    }
    // Numbers that are moved together must not leave the range of doubles: `x * 1e308 * 1e308` is
    // not `x * inf`, nor `x * 1e-300 * 1e-300` zero.
    let numbers: Option<SmallVec<[f64; 3]>> = args.iter().map(|&a| number(g, a)).collect();
    let numbers = numbers
        .filter(|n| !matches!(op.def().ring, Ring::None) && n.iter().all(|x| x.is_finite() && *x != 0.0));
    let leaves = numbers.and_then(|n| value_of(op, &n)).is_some_and(|x| !(1e-300..1e300).contains(&x.abs()));
    if leaves { f64::INFINITY } else { cost * 1e-6 }
}

/// The number that a class is, as doubles would compute it, if its range is one number.
fn number(g: &EG, class: EId) -> Option<f64> {
    let range = facts(g, class)?.range;
    (range.lo == range.hi).then_some(range.lo)
}
