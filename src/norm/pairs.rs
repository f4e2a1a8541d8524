//! Factors that belong together: what a rule multiplies or divides stands side by side.
//!
//! A product of many factors is a chain of pairs, and a rule sees only neighbours. The left sides of
//! the rules say which functions it is worth to bring together.

use smallvec::smallvec;

use super::poly::{Monomial, Poly};
use crate::graph::{Graph, Id};
use crate::op::{Attr, Op, Ring};
use crate::rules::{PNode, Rule};

/// Pairs brought together in one term.
const STEPS: usize = 4;

/// Two factors whose product or quotient some rule rewrites: functions, or a function and an operand of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    quotient: bool,
    left: Part,
    right: Part,
    /// Operands that must be the same: positions in the two.
    same: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Function(Op),
    /// What stands by itself is its own only operand.
    Operand,
}

impl Pair {
    /// The pairs that a left side holds.
    pub(super) fn of(rule: &Rule) -> Vec<Pair> {
        let nodes = &rule.lhs.nodes;
        let part = |i: u32| match nodes.get(i as usize) {
            Some(PNode::App { op, args, .. }) if matches!(op.def().ring, Ring::None | Ring::Power) => {
                Some((Part::Function(*op), args.clone()))
            }
            Some(PNode::Var(_)) => Some((Part::Operand, smallvec![i])),
            _ => None,
        };
        let variable = |i: u32| match nodes.get(i as usize) {
            Some(PNode::Var(v)) => Some(*v),
            _ => None,
        };
        let mut out = Vec::new();
        for node in nodes.iter() {
            let PNode::App { op, args, .. } = node else { continue };
            let quotient = match op.def().ring {
                Ring::Product => false,
                Ring::Quotient => true,
                _ => continue,
            };
            let [a, b] = args[..] else { continue };
            let (Some((left, xs)), Some((right, ys))) = (part(a), part(b)) else { continue };
            let mut same = Vec::new();
            for (i, &x) in xs.iter().enumerate() {
                for (j, &y) in ys.iter().enumerate() {
                    if variable(x).is_some() && variable(x) == variable(y) {
                        same.push((i, j));
                    }
                }
            }
            let functions = matches!((left, right), (Part::Function(_), Part::Function(_)));
            let alone = (left, right) == (Part::Operand, Part::Operand);
            if functions || !alone && !same.is_empty() {
                out.push(Pair { quotient, left, right, same });
            }
        }
        out
    }

    fn joins(&self, graph: &Graph, (a, e): (Id, i32), (b, f): (Id, i32)) -> bool {
        let exponents = if self.quotient { e >= 2 && f <= -2 } else { e.min(f) >= 2 || e.max(f) <= -2 };
        let operands = |part: Part, id: &Id| match part {
            Part::Operand => Some(vec![*id]),
            Part::Function(op) => {
                graph.application(*id).filter(|(o, _, _)| *o == op).map(|(_, _, args)| args.to_vec())
            }
        };
        let (Some(xs), Some(ys)) = (operands(self.left, &a), operands(self.right, &b)) else { return false };
        exponents && self.same.iter().all(|&(i, j)| xs.get(i).is_some() && xs.get(i) == ys.get(j))
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
    let factors = &m.0;
    let (pair, a, b) = factors.iter().enumerate().find_map(|(i, &a)| {
        factors.iter().enumerate().filter(|(j, _)| *j != i).find_map(|(_, &b)| {
            let pair = pairs.iter().find(|p| p.joins(graph, a, b))?;
            Some((pair, a, b))
        })
    })?;
    let ring = if pair.quotient { Ring::Quotient } else { Ring::Product };
    let both = graph.add(Op::of_ring(ring)?, &Attr::None, &[a.0, b.0]).ok()?;
    // Each once: of a square the other factor stays.
    let (e, f) = (2 * a.1.signum(), 2 * b.1.signum());
    let without = m.mul(&Monomial::atom(a.0, -e))?.mul(&Monomial::atom(b.0, -f))?;
    without.mul(&Monomial::atom(both, e))
}
