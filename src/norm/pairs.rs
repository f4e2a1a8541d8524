//! Factors that belong together: what a rule multiplies or divides stands side by side.
//!
//! A product of many factors is a chain of pairs, and a rule sees only neighbours. The left sides of
//! the rules say which functions it is worth to bring together.

use super::poly::{Monomial, Poly};
use crate::graph::{Graph, Id};
use crate::op::{Attr, Op, Ring};
use crate::rules::{PNode, Rule};

/// Pairs brought together in one term.
const STEPS: usize = 4;

/// Two functions whose product or quotient some rule rewrites.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    quotient: bool,
    left: Op,
    right: Op,
    /// Operands that must be the same: positions in the two.
    same: Vec<(usize, usize)>,
}

impl Pair {
    /// The pairs that a left side holds.
    pub(super) fn of(rule: &Rule) -> Vec<Pair> {
        let nodes = &rule.lhs.nodes;
        let function = |i: u32| match nodes.get(i as usize) {
            Some(PNode::App { op, args, .. }) if op.def().ring == Ring::None => Some((*op, args)),
            _ => None,
        };
        let variable = |i: u32| match nodes.get(i as usize) {
            Some(PNode::Var(v)) => Some(*v),
            _ => None,
        };
        let mut out = Vec::new();
        for node in nodes {
            let PNode::App { op, args, .. } = node else { continue };
            let quotient = match op.def().ring {
                Ring::Product => false,
                Ring::Quotient => true,
                _ => continue,
            };
            let [a, b] = args[..] else { continue };
            let (Some((left, xs)), Some((right, ys))) = (function(a), function(b)) else { continue };
            let mut same = Vec::new();
            for (i, &x) in xs.iter().enumerate() {
                for (j, &y) in ys.iter().enumerate() {
                    if variable(x).is_some() && variable(x) == variable(y) {
                        same.push((i, j));
                    }
                }
            }
            out.push(Pair { quotient, left, right, same });
        }
        out
    }

    fn joins(&self, graph: &Graph, (a, e): (Id, i32), (b, f): (Id, i32)) -> bool {
        let exponents = if self.quotient { (e, f) == (2, -2) } else { e == f && e.abs() == 2 };
        let (Some((left, _, xs)), Some((right, _, ys))) = (graph.application(a), graph.application(b)) else {
            return false;
        };
        exponents
            && (left, right) == (self.left, self.right)
            && self.same.iter().all(|&(i, j)| xs.get(i).is_some() && xs.get(i) == ys.get(j))
    }
}

/// `p` with factors brought together; `None` when there are none.
pub(super) fn grouped(graph: &mut Graph, p: &Poly, pairs: &[Pair]) -> Option<Poly> {
    let mut out = Poly::default();
    let mut changed = false;
    for (m, c) in &p.0 {
        let mut m = m.clone();
        for _ in 0..STEPS {
            match joined(graph, &m, pairs) {
                Some(next) => m = next,
                None => break,
            }
            changed = true;
        }
        out = out.add(&Poly::default().with(m, *c))?;
    }
    changed.then_some(out)
}

fn joined(graph: &mut Graph, m: &Monomial, pairs: &[Pair]) -> Option<Monomial> {
    let functions = m.0.iter().filter(|(id, _)| graph.application(*id).is_some());
    let functions: Vec<(Id, i32)> = functions.copied().collect();
    let (pair, a, b) = functions.iter().enumerate().find_map(|(i, &a)| {
        functions.iter().enumerate().filter(|(j, _)| *j != i).find_map(|(_, &b)| {
            let pair = pairs.iter().find(|p| p.joins(graph, a, b))?;
            Some((pair, a, b))
        })
    })?;
    let ring = if pair.quotient { Ring::Quotient } else { Ring::Product };
    let op = Op::of_ring(ring)?;
    let both = graph.add(op, &Attr::None, &[a.0, b.0]).ok()?;
    let without = m.mul(&Monomial::atom(a.0, -a.1))?.mul(&Monomial::atom(b.0, -b.1))?;
    without.mul(&Monomial::atom(both, a.1))
}
