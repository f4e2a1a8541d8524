//! Functions as rational functions of one of them.
//!
//! `1 / (1 + exp(x)) = sigmoid(-x)` says that `exp(x)` is `1/t - 1` for `t = sigmoid(-x)`. Read so, what is made of
//! quotients by `1 + exp(x)` is a polynomial in `t`, where all cancels that can.

use rustc_hash::FxHashMap;

use super::Relations;
use super::atoms::Reader;
use super::poly::Poly;
use super::ratio::Ratio;
use super::relation::{Generator, Relation, families, instantiate, read};
use crate::graph::{Graph, Id};
use crate::op::{Op, Ring};
use crate::rules::{Assumes, PNode, Rule};

/// `1 / (constant + factor * f(x))` is another function of the argument or of its opposite.
#[derive(Debug)]
pub(crate) struct Inverse {
    assumes: Assumes,
    f: Op,
    constant: Ratio,
    factor: Ratio,
    inverse: Op,
    negative: bool,
}

impl Inverse {
    /// What a rule says; `None` when it is of another form.
    pub(crate) fn of(rule: &Rule) -> Option<Inverse> {
        let Some(PNode::App { op, args, .. }) = rule.lhs.nodes.last() else { return None };
        let [one, below] = args[..] else { return None };
        let is_one = matches!(rule.lhs.nodes.get(one as usize), Some(PNode::Num(x)) if *x == 1.0);
        if !rule.when.is_empty() || op.def().ring != Ring::Quotient || !is_one {
            return None;
        }
        let mut generators = Vec::new();
        let below = read(&rule.lhs.nodes[..=below as usize], &mut generators)?;
        let right = read(&rule.rhs.nodes, &mut generators)?;
        let of = |p: &Poly| {
            let (m, c) = p.single()?;
            let [(id, 2)] = m.0[..] else { return None };
            match generators.get(id as usize)? {
                Generator::Of(op, negative) => Some((*op, *negative, c)),
                Generator::Argument => None,
            }
        };
        let constant = *below.0.iter().find(|(m, _)| m.0.is_empty())?.1;
        let (f, false, factor) = of(&below.add(&Poly::constant(constant.neg()))?)? else { return None };
        let (inverse, negative, c) = of(&right)?;
        (c == Ratio::ONE).then_some(Inverse { assumes: rule.assumes, f, constant, factor, inverse, negative })
    }

    /// Is this a multiple of `constant + factor * f`, for one of these nodes? Which one.
    fn sum_of(&self, p: &Poly, of: impl Fn(Id) -> Option<bool>) -> Option<bool> {
        let [(one, a), (m, b)] = p.0.iter().collect::<Vec<_>>()[..] else { return None };
        let [(id, 2)] = m.0[..] else { return None };
        let alike = a.mul(self.factor) == b.mul(self.constant);
        if one.0.is_empty() && alike { of(id) } else { None }
    }
}

/// What the functions of a graph are in terms of one for each argument.
pub(super) fn given(
    graph: &mut Graph,
    reader: &mut Reader,
    roots: &[Id],
    relations: &Relations,
    granted: Assumes,
) -> FxHashMap<Id, Poly> {
    let mut out = FxHashMap::default();
    let live = graph.reachable(roots);
    for inverse in relations.inverses.iter().filter(|i| i.assumes.within(granted)) {
        let own = |op: Op| op == inverse.f || op == inverse.inverse;
        for family in &families(graph, reader, &live, own) {
            let function = |id: Id| {
                family.members.iter().find(|(op, _, m)| *m == id && *op == inverse.f).map(|(_, n, _)| *n)
            };
            let sums = live.iter().filter(|&&id| {
                graph.application(id).is_some_and(|(op, _, _)| matches!(op.def().ring, Ring::Sum))
            });
            let sums: Vec<Id> = sums.copied().collect();
            let summed =
                sums.iter().find_map(|&id| inverse.sum_of(reader.read(graph, id).as_deref()?, function));
            let first = |op: Op| family.members.iter().find(|(o, _, _)| *o == op).map(|(_, n, _)| *n);
            let turned = match (summed, first(inverse.f), first(inverse.inverse)) {
                (Some(n), _, _) | (None, Some(n), Some(_)) => n,
                (None, None, Some(n)) => n != inverse.negative,
                _ => continue,
            };
            let one = Generator::Of(inverse.inverse, inverse.negative);
            let Some(t) = family.instance(graph, one, turned, true) else { continue };
            let solved = t.term_power(-2).and_then(|over| {
                let less = over.add(&Poly::constant(inverse.constant.neg()))?;
                less.mul(&Poly::constant(inverse.factor.inverse()?))
            });
            let Some(solved) = solved else { continue };
            for &(op, negative, id) in &family.members {
                if op == inverse.f && negative == turned {
                    out.insert(id, solved.clone());
                }
            }
            // The same function of the opposite argument, where a relation says what it is.
            for r in relations.equations.iter().filter(|r| r.assumes.within(granted) && r.eliminates()) {
                for flip in [false, true] {
                    let Some((left, right)) = instantiate(graph, family, r, flip) else { continue };
                    let [(id, 2)] = left.0[..] else { continue };
                    let in_t = right.0.keys().all(|m| m.0.iter().all(|(a, _)| Poly::atom(*a) == t));
                    if in_t && Poly::atom(id) != t {
                        out.insert(id, right);
                    }
                }
            }
        }
    }
    // Where a function occurs of an argument and of its opposite, both are given by the even and the odd part.
    let parts = |r: &&Relation| r.assumes.within(granted) && r.eliminates();
    let parts: Vec<(Op, &Relation)> =
        relations.equations.iter().filter(parts).filter_map(|r| Some((r.function()?, r))).collect();
    for family in &families(graph, reader, &live, |op| parts.iter().any(|(f, _)| *f == op)) {
        if family.members.iter().any(|(_, _, id)| out.contains_key(id)) {
            continue;
        }
        for &(op, r) in &parts {
            let both =
                [false, true].iter().all(|n| family.members.iter().any(|(o, m, _)| *o == op && m == n));
            if both
                && let Some((left, right)) = instantiate(graph, family, r, false)
                && let [(id, 2)] = left.0[..]
            {
                out.insert(id, right);
            }
        }
    }
    out
}
