//! Patterns and terms: matching a side, and writing one for what its variables stand for.

use smallvec::SmallVec;

use super::term::{Head, TermId, Terms, bits};
use crate::facts::Facts;
use crate::op::Attr;
use crate::rules::{AttrPattern, Known, PNode, Pattern, Rule};
use crate::ty::Dim;

/// What a variable of a rule stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// A value.
    Term(TermId),
    /// An attribute.
    Attr(Attr),
}

impl Bound {
    fn known<'a>(&'a self, terms: &'a Terms) -> Known<'a> {
        match self {
            Bound::Term(t) => Known::Value(terms.facts(*t)),
            Bound::Attr(a) => Known::Attr(a),
        }
    }
}

/// What the variables stand for when the left side is this term.
pub(super) fn matched(terms: &Terms, rule: &Rule, term: TermId) -> Option<Vec<Bound>> {
    let mut binding: Vec<Option<Bound>> = vec![None; rule.vars.len()];
    let mut bind = |v: u32, what: Bound| match &mut binding[v as usize] {
        Some(old) => *old == what,
        slot => {
            *slot = Some(what);
            true
        }
    };
    let root = u32::try_from(rule.lhs.nodes.len()).ok()?.checked_sub(1)?;
    let mut stack = vec![(root, term)];
    while let Some((n, t)) = stack.pop() {
        let fits = match &rule.lhs.nodes[n as usize] {
            PNode::Var(v) => bind(*v, Bound::Term(t)),
            PNode::Num(x) => terms.term(t).head == Head::Const(bits(*x)),
            PNode::Count { .. } => false,
            PNode::App { op, attr, args } => match &terms.term(t).head {
                Head::Op(own, given) if own == op && args.len() == terms.term(t).args.len() => {
                    stack.extend(args.iter().copied().zip(terms.term(t).args.iter().copied()));
                    match attr {
                        AttrPattern::None => *given == Attr::None,
                        AttrPattern::Var(v) => bind(*v, Bound::Attr(given.clone())),
                        AttrPattern::Lit(a) => a == given,
                        AttrPattern::Call(..) => false,
                    }
                }
                _ => false,
            },
        };
        if !fits {
            return None;
        }
    }
    binding.into_iter().collect()
}

/// A side, for what the variables stand for; `None` when it has no type or an attribute no value.
pub(super) fn instance(terms: &mut Terms, side: &Pattern, binding: &[Bound]) -> Option<TermId> {
    let mut at: Vec<TermId> = Vec::with_capacity(side.nodes.len());
    for node in side.nodes.iter() {
        let t = match node {
            PNode::Var(v) => match binding.get(*v as usize)? {
                Bound::Term(t) => *t,
                Bound::Attr(_) => return None,
            },
            PNode::Num(x) => terms.lit(*x),
            PNode::Count { axes, of } => {
                let Bound::Attr(axes) = binding.get(*axes as usize)? else { return None };
                let lengths = match binding.get(*of as usize)? {
                    Bound::Attr(Attr::Dims(d)) => d.clone(),
                    Bound::Term(t) => terms.ty(*t).shape.dims().to_vec(),
                    Bound::Attr(_) => return None,
                };
                let dims: Option<Vec<Dim>> =
                    axes.axes(lengths.len()).iter().map(|&a| lengths.get(a).cloned()).collect();
                terms.length(&Dim::product(dims?))
            }
            PNode::App { op, attr, args } => {
                let own = match attr {
                    AttrPattern::None => Attr::None,
                    AttrPattern::Lit(a) => a.clone(),
                    AttrPattern::Var(v) => match binding.get(*v as usize)? {
                        Bound::Attr(a) => a.clone(),
                        Bound::Term(_) => return None,
                    },
                    AttrPattern::Call(f, vars) => {
                        let known: Option<SmallVec<[Known<'_>; 3]>> =
                            vars.iter().map(|&v| binding.get(v as usize).map(|b| b.known(terms))).collect();
                        (f.apply)(&known?)?
                    }
                };
                let args: SmallVec<[TermId; 3]> = args.iter().map(|a| at[*a as usize]).collect();
                terms.apply_plain(*op, &own, &args).ok()?
            }
        };
        at.push(t);
    }
    at.pop()
}

/// The conditions of a rule that are not proved, by position, when `facts` is what is known of values.
pub(super) fn unproved(rule: &Rule, binding: &[Bound], facts: &dyn Fn(TermId) -> Facts) -> Vec<usize> {
    let values: Vec<Option<Facts>> = binding
        .iter()
        .map(|b| match b {
            Bound::Term(t) => Some(facts(*t)),
            Bound::Attr(_) => None,
        })
        .collect();
    let known = |v: u32| match (values.get(v as usize)?, binding.get(v as usize)?) {
        (Some(f), _) => Some(Known::Value(f)),
        (None, Bound::Attr(a)) => Some(Known::Attr(a)),
        _ => None,
    };
    let proved = |i: &usize| {
        let c = &rule.when[*i];
        let all: Option<SmallVec<[Known<'_>; 3]>> = c.args.iter().map(|&v| known(v)).collect();
        all.is_some_and(|k| (c.condition.proved)(&k))
    };
    (0..rule.when.len()).filter(|i| !proved(i)).collect()
}
