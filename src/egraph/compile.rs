//! Rules into searchers and appliers.

use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use egg::Id;
use rustc_hash::FxHasher;
use smallvec::SmallVec;

use super::analysis::{Data, Facet, Graph, attr, facts};
use super::known::known_node;
use super::lang::{EHead, ENode};
use super::matching::{Binding, Classes, Matcher};
use super::verdicts::{Inner, Verdicts};
use super::widen;
use crate::facts::Facts;
use crate::op::{Attr, AttrKind, Op, Role};
use crate::rules::{AttrPattern, Known, PNode, Rule};
use crate::ty::Dim;

/// A rule ready to be searched for.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) name: Arc<str>,
    stabilizes: bool,
    /// Is the left side no longer of use beside the right side?
    replaces: bool,
    /// Is the right side defined where the left side is not, and the left side cheaper where its parts are there?
    widens: bool,
    /// The variables that are bases of powers or operands of logarithms there: where they are positive it widens nothing.
    bases: Vec<u32>,
    /// May the right side be the left side of a rule that widens?
    joins: bool,
    /// The operator at the root of the left side, where the right side holds it too.
    repeats: Option<Op>,
    rule: Rule,
    matcher: Matcher,
    /// Literal attributes of the left side, in the order in which e-graphs must intern them.
    attrs: Vec<Attr>,
}

/// What an application did.
pub(super) enum Applied {
    /// A condition is not proved, or the left side not found, so far.
    Unproved,
    /// Nothing new.
    Nothing,
    /// Two classes became one. Unless `whole`, the left side of a stabilizing rule could not be found among
    /// classes that were just merged, and is to be named when they have settled.
    United { whole: bool },
}

impl Compiled {
    /// Prepares a rule; `interned` are the attributes that every e-graph interns first, in order.
    pub(super) fn new(rule: &Rule, interned: &[Attr]) -> Compiled {
        let literal = |n: &PNode| match n {
            PNode::App { attr: AttrPattern::Lit(a), .. } => Some(a.clone()),
            _ => None,
        };
        let root = |p: &crate::rules::Pattern| match p.nodes.last() {
            Some(PNode::App { op, .. }) => Some(*op),
            _ => None,
        };
        let there = |o: &Op| rule.rhs.nodes.iter().any(|n| matches!(n, PNode::App { op, .. } if op == o));
        Compiled {
            repeats: root(&rule.lhs).filter(there),
            name: rule.name.clone(),
            stabilizes: rule.has_tag("stabilize"),
            replaces: rule.has_tag("replace"),
            widens: widen::widens(rule),
            bases: widen::bases(&rule.lhs),
            joins: widen::joins(&rule.rhs),
            rule: rule.clone(),
            matcher: Matcher::new(rule, interned),
            attrs: rule.lhs.nodes.iter().filter_map(literal).collect(),
        }
    }

    /// At most `cap` matches in these classes; with `new`, those in which a class has changed.
    pub(super) fn search(
        &self,
        all: &Classes<'_>,
        classes: impl Iterator<Item = Id>,
        new: bool,
        cap: usize,
    ) -> Vec<(Id, Binding)> {
        let mut out = Vec::new();
        for class in classes {
            self.matcher.search(all, class, new, cap, &mut out);
            if out.len() >= cap {
                break;
            }
        }
        out
    }

    /// The terms that stand for the variables of a match.
    pub(super) fn binding(subst: &Binding) -> Vec<u32> {
        subst.iter().map(|&id| small(usize::from(id))).collect()
    }

    /// A number for a match, as the e-graph sees it now.
    pub(super) fn key(g: &Graph, class: Id, subst: &Binding) -> u64 {
        let mut hasher = FxHasher::default();
        usize::from(g.find(class)).hash(&mut hasher);
        for &id in subst {
            usize::from(g.find(id)).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Adds the right side of a match, if the conditions are proved and the type is that of the
    /// class. A stabilizing rule also names the e-node that must not be extracted.
    pub(super) fn apply(
        &self,
        g: &mut Graph,
        class: Id,
        subst: &Binding,
        verdicts: &mut Verdicts,
    ) -> Applied {
        if !self.rule.when.iter().all(|c| {
            let known: Option<SmallVec<[Known<'_>; 3]>> =
                c.args.iter().map(|&v| known(g, subst[v as usize])).collect();
            known.is_some_and(|k| (c.condition.proved)(&k))
        }) {
            return Applied::Unproved;
        }
        let named = self.stabilizes || self.replaces || self.widens;
        let left = if named { self.left_root(g, subst) } else { None };
        if self.repeats.is_some() && left.as_ref().is_some_and(|(l, _)| verdicts.spares(g, &self.name, l)) {
            return Applied::Nothing;
        }
        if self.meets_integers(g, class, subst) && self.counts(g, &self.rule.lhs, subst) != Some(false) {
            return Applied::Nothing;
        }
        let Some(steps) = self.plan(g, class, subst) else { return Applied::Nothing };
        let positive = |v: &u32| facts(g, subst[*v as usize]).is_some_and(Facts::positive);
        if self.widens
            && (self.bases.is_empty() || !self.bases.iter().all(positive))
            && let Some((left, _)) = &left
        {
            // What was there already may be needed where the left side is undefined.
            let right = self.right_root(g, subst, &steps).and_then(|n| g.lookup(n));
            verdicts.narrower(left.clone(), right.is_some_and(|id| g.find(id) != g.find(class)));
        }
        let root = self.build(g, subst, &steps, verdicts);
        if self.joins
            && let Some(right) = self.right_root(g, subst, &steps)
        {
            verdicts.holds(right);
        }
        let united = g.union(class, root);
        let whole = !self.stabilizes || left.is_some();
        if let Some((left, inner)) = left {
            if self.replaces {
                let right = self.right_root(g, subst, &steps);
                verdicts.replaced(class, left.clone(), right);
            }
            if self.stabilizes {
                verdicts.condemn(&self.name, left, inner);
            }
        }
        match (united, whole) {
            (true, _) => Applied::United { whole },
            (false, true) => Applied::Nothing,
            (false, false) => Applied::Unproved,
        }
    }

    /// Does a match touch anything that is not a float? Else no side of it computes with integers.
    fn meets_integers(&self, g: &Graph, class: Id, subst: &Binding) -> bool {
        let float = |id: Id| facts(g, id).is_none_or(|f| f.ty.dtype.is_float());
        !float(class) || !subst.iter().all(|&id| float(id))
    }

    /// Is an integer computed on this side, not only moved? Rules speak of real numbers, and integers wrap.
    /// `None` where the side has no type.
    fn counts(&self, g: &Graph, side: &crate::rules::Pattern, subst: &Binding) -> Option<bool> {
        let mut made: Vec<Facts> = Vec::with_capacity(side.nodes.len());
        let mut counts = false;
        for node in side.nodes.iter() {
            made.push(match node {
                PNode::Var(v) => facts(g, subst[*v as usize])?.clone(),
                PNode::Num(x) => Facts::constant(*x),
                PNode::Count { .. } => Facts::length(),
                PNode::App { op, attr, args } => {
                    let of: SmallVec<[&Facts; 3]> = args.iter().map(|a| &made[*a as usize]).collect();
                    let f = Facts::of_op(*op, &self.attr(g, subst, attr)?, &of).ok()?;
                    counts |= computes_integers(*op, &f, &of);
                    f
                }
            });
        }
        Some(counts)
    }

    /// Computes the type of every node of the right side before anything is added. `None` when it
    /// does not type-check, differs from the class, or computes integers.
    fn plan(&self, g: &Graph, class: Id, subst: &Binding) -> Option<Vec<Attr>> {
        let mut attrs: Vec<Attr> = Vec::with_capacity(self.rule.rhs.nodes.len());
        let mut made: Vec<Facts> = Vec::with_capacity(self.rule.rhs.nodes.len());
        for node in self.rule.rhs.nodes.iter() {
            let mut own = Attr::None;
            let f = match node {
                PNode::Var(v) => facts(g, subst[*v as usize])?.clone(),
                PNode::Num(x) => Facts::constant(*x),
                PNode::Count { axes, of } => {
                    let axes = attr(g, subst[*axes as usize])?;
                    // Of a value, or of the lengths of a broadcast.
                    let of = subst[*of as usize];
                    let lengths = match attr(g, of) {
                        Some(Attr::Dims(d)) => d.as_slice(),
                        _ => facts(g, of)?.ty.shape.dims(),
                    };
                    let dims: Option<Vec<Dim>> =
                        axes.axes(lengths.len()).iter().map(|&a| lengths.get(a).cloned()).collect();
                    own = Attr::Dims(vec![Dim::product(dims?)]);
                    Facts::length()
                }
                PNode::App { op, attr, args } => {
                    own = self.attr(g, subst, attr)?;
                    let of: SmallVec<[&Facts; 3]> = args.iter().map(|a| &made[*a as usize]).collect();
                    Some(Facts::of_op(*op, &own, &of).ok()?).filter(|f| !computes_integers(*op, f, &of))?
                }
            };
            attrs.push(own);
            made.push(f);
        }
        (made.last()?.ty == facts(g, class)?.ty).then_some(attrs)
    }

    fn attr(&self, g: &Graph, subst: &Binding, pattern: &AttrPattern) -> Option<Attr> {
        match pattern {
            AttrPattern::None => Some(Attr::None),
            AttrPattern::Var(v) => attr(g, subst[*v as usize]).cloned(),
            AttrPattern::Lit(a) => Some(a.clone()),
            AttrPattern::Call(f, args) => {
                let known: Option<SmallVec<[Known<'_>; 3]>> =
                    args.iter().map(|&v| known(g, subst[v as usize])).collect();
                (f.apply)(&known?)
            }
        }
    }

    fn build(&self, g: &mut Graph, subst: &Binding, attrs: &[Attr], verdicts: &mut Verdicts) -> Id {
        let mut at: Vec<Id> = Vec::with_capacity(attrs.len());
        for (node, own) in self.rule.rhs.nodes.iter().zip(attrs) {
            let id = match node {
                PNode::Var(v) => subst[*v as usize],
                PNode::Num(x) => g.add(ENode::leaf(EHead::Const(bits(*x)))),
                PNode::Count { .. } => count(g, own),
                PNode::App { op, args, .. } => {
                    let args: SmallVec<[Id; 3]> = args.iter().map(|a| at[*a as usize]).collect();
                    let id = add_op(g, *op, own, &args);
                    if self.stabilizes && self.repeats == Some(*op) {
                        let canonical: SmallVec<[Id; 3]> = args.iter().map(|&a| g.find(a)).collect();
                        let own = g[id].nodes.iter().find(|n| {
                            n.head == EHead::Op(*op)
                                && n.args
                                    .iter()
                                    .map(|&a| g.find(a))
                                    .skip(n.args.len() - args.len())
                                    .eq(canonical.iter().copied())
                        });
                        verdicts.spare(&self.name, own.cloned());
                    }
                    id
                }
            };
            at.push(id);
        }
        at.last().copied().unwrap_or_else(|| Id::from(0))
    }

    /// The e-node that stands for the right side; none for a variable or a number.
    fn right_root(&self, g: &Graph, subst: &Binding, attrs: &[Attr]) -> Option<ENode> {
        let mut at: Vec<Id> = Vec::with_capacity(attrs.len());
        let last = attrs.len() - 1;
        for (i, (node, own)) in self.rule.rhs.nodes.iter().zip(attrs).enumerate() {
            let enode = match node {
                PNode::Var(v) => {
                    at.push(subst[*v as usize]);
                    continue;
                }
                PNode::Num(x) => ENode::leaf(EHead::Const(bits(*x))),
                PNode::Count { .. } => return None,
                PNode::App { op, args, .. } => {
                    let args: SmallVec<[Id; 3]> = args.iter().map(|a| at[*a as usize]).collect();
                    match known_node(g, *op, own, &args)? {
                        Ok(enode) => enode,
                        Err(id) => {
                            at.push(id);
                            continue;
                        }
                    }
                }
            };
            if i == last {
                return Some(enode);
            }
            at.push(g.lookup(enode)?);
        }
        None
    }

    /// The e-node that the root of the left side matched, and the classes of the operators below it.
    fn left_root(&self, g: &Graph, subst: &Binding) -> Option<(ENode, Inner)> {
        let mut at: Vec<Id> = Vec::new();
        let mut inner = Inner::new();
        let mut literals = self.attrs.iter();
        let last = self.rule.lhs.nodes.len() - 1;
        for (i, node) in self.rule.lhs.nodes.iter().enumerate() {
            let enode = match node {
                PNode::Var(v) => {
                    at.push(subst[*v as usize]);
                    continue;
                }
                PNode::Num(x) => ENode::leaf(EHead::Const(bits(*x))),
                PNode::Count { .. } => return None,
                PNode::App { op, attr: pattern, args } => {
                    let mut ids: SmallVec<[Id; 3]> = SmallVec::new();
                    match pattern {
                        AttrPattern::Var(v) => ids.push(subst[*v as usize]),
                        AttrPattern::Lit(_) => {
                            let a = literals.next()?;
                            let i = g.analysis.attrs.iter().position(|b| b == a)?;
                            ids.push(g.lookup(ENode::leaf(EHead::Attr(small(i))))?);
                        }
                        _ => {}
                    }
                    ids.extend(args.iter().map(|a| at[*a as usize]));
                    ENode { head: EHead::Op(*op), args: ids }
                }
            };
            if i == last {
                return Some((enode, inner));
            }
            let class = g.lookup(enode)?;
            if matches!(node, PNode::App { .. }) {
                inner.push(class);
            }
            at.push(class);
        }
        None
    }
}

/// Does an operator make integers from integers or truth values, other than by moving them?
fn computes_integers(op: Op, made: &Facts, args: &[&Facts]) -> bool {
    made.ty.dtype.is_int()
        && !matches!(op.def().role, Role::Move | Role::Shape)
        && !args.iter().any(|f| f.ty.dtype.is_float())
}

fn known(g: &Graph, id: Id) -> Option<Known<'_>> {
    match &g[id].data {
        Data::Value { facts, .. } => Some(Known::Value(facts)),
        Data::Attr(_) => attr(g, id).map(Known::Attr),
    }
}

/// An application; a movement to the type it already has is left out.
pub(super) fn add_op(g: &mut Graph, op: Op, attr: &Attr, args: &[Id]) -> Id {
    let mut ids: SmallVec<[Id; 3]> = SmallVec::new();
    if op.def().attr != AttrKind::None {
        if let (Attr::Dims(dims), [x]) = (attr, args)
            && facts(g, *x).is_some_and(|f| f.ty.shape.dims() == dims.as_slice())
        {
            return *x;
        }
        let i = g.analysis.attr_id(attr);
        ids.push(g.add(ENode::leaf(EHead::Attr(i))));
    }
    ids.extend_from_slice(args);
    g.add(ENode { head: EHead::Op(op), args: ids })
}

fn count(g: &mut Graph, own: &Attr) -> Id {
    let dim = match own {
        Attr::Dims(d) => d.first().cloned().unwrap_or(Dim::ONE),
        _ => Dim::ONE,
    };
    length(g, &dim)
}

/// A length as a scalar class.
pub(super) fn length(g: &mut Graph, dim: &Dim) -> Id {
    match dim.known() {
        #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
        Some(n) => g.add(ENode::leaf(EHead::Const((n as f64).to_bits()))),
        None => {
            let i = g.analysis.size_id(dim);
            g.add(ENode::leaf(EHead::Size(i)))
        }
    }
}

fn bits(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

fn small(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}

/// An e-graph with the attribute literals of the rules at their positions.
pub(super) fn empty(interned: &[Attr], vars: Vec<Facts>) -> Graph {
    let mut facet = Facet::default();
    facet.vars = vars;
    for a in interned {
        facet.attr_id(a);
    }
    Graph::new(facet)
}
