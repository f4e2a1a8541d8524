//! Relations between indeterminates, read from rules tagged `normal`.
//!
//! `exp(x) * sigmoid(-x) = sigmoid(x)` and `sigmoid(-x) = 1 - sigmoid(x)` are equations between
//! polynomials whose indeterminates are functions of one argument. A left side that is a product of
//! such functions is replaced in every monomial that it divides.

use std::collections::BTreeMap;

use super::atoms::Reader;
use super::complement::Pair;
use super::poly::{Monomial, Poly};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};
use crate::op::{Arity, Attr, AttrKind, Op, Ring};
use crate::rules::{Assumes, PNode, Rule};

/// Replacements in one polynomial at most.
const STEPS: usize = 64;

/// An indeterminate of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generator {
    /// The argument.
    Argument,
    /// A function of the argument, or of its opposite.
    Of(Op, bool),
}

/// A product of functions of one argument, and the polynomial that it equals.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(super) assumes: Assumes,
    /// What the identifiers of the two sides stand for.
    generators: Vec<Generator>,
    left: Monomial,
    right: Poly,
}

impl Relation {
    /// The relation that a rule states; `None` when it is of another form.
    pub(crate) fn of(rule: &Rule) -> Option<Relation> {
        if !rule.when.is_empty() {
            return None;
        }
        let mut generators = Vec::new();
        let left = read(&rule.lhs.nodes, &mut generators)?;
        let right = read(&rule.rhs.nodes, &mut generators)?;
        let (monomial, c) = left.single()?;
        let whole =
            |&(g, e): &(Id, i32)| e % 2 == 0 && generators.get(g as usize) != Some(&Generator::Argument);
        (c == Ratio::ONE && !monomial.0.is_empty() && monomial.0.iter().all(whole)).then(|| Relation {
            assumes: rule.assumes,
            left: monomial.clone(),
            generators,
            right,
        })
    }

    /// The function that is its left side.
    pub(super) fn function(&self) -> Option<Op> {
        let [(g, 2)] = self.left.0[..] else { return None };
        match self.generators.get(g as usize)? {
            Generator::Of(op, _) => Some(*op),
            Generator::Argument => None,
        }
    }

    /// Does it speak of this function?
    pub(super) fn speaks_of(&self, op: Op) -> bool {
        self.generators.iter().any(|g| matches!(g, Generator::Of(o, _) if *o == op))
    }

    /// Does it say what is missing to a constant?
    fn is_complement(&self) -> bool {
        self.right.0.keys().any(|m| m.0.is_empty())
    }

    /// Does it trade a function for others, with more terms, rather than merge factors?
    pub(super) fn eliminates(&self) -> bool {
        self.right.0.len() > 1
    }
}

/// A side of a rule, or a part that ends with its last node, as a polynomial in generators.
pub(super) fn read(side: &[PNode], generators: &mut Vec<Generator>) -> Option<Poly> {
    let mut polys: Vec<Poly> = Vec::with_capacity(side.len());
    let mut of = |g: Generator| {
        let at = generators.iter().position(|h| *h == g).unwrap_or_else(|| {
            generators.push(g);
            generators.len() - 1
        });
        u32::try_from(at).ok().map(Poly::atom)
    };
    for node in side {
        let poly = match node {
            PNode::Var(0) => of(Generator::Argument)?,
            // Lengths and other attributes of a broadcast do not matter, a second variable does.
            PNode::Var(_) | PNode::Count { .. } => return None,
            PNode::Num(x) => Poly::constant(Ratio::from_f64(*x)?),
            PNode::App { op, args, .. } => {
                let arg = |i: usize| args.get(i).and_then(|&a| polys.get(a as usize));
                match op.def().ring {
                    Ring::Sum => arg(0)?.add(arg(1)?)?,
                    Ring::Difference => arg(0)?.add(&arg(1)?.neg())?,
                    Ring::Opposite => arg(0)?.neg(),
                    Ring::Product => arg(0)?.mul(arg(1)?)?,
                    Ring::Quotient => arg(0)?.mul(&arg(1)?.term_power(-2)?)?,
                    Ring::Square => arg(0)?.mul(arg(0)?)?,
                    Ring::None if *op == Op::broadcast() => arg(0)?.clone(),
                    Ring::None if unary(*op) => {
                        let plain = of(Generator::Argument)?;
                        let negative = if *arg(0)? == plain {
                            false
                        } else if *arg(0)? == plain.neg() {
                            true
                        } else {
                            return None;
                        };
                        of(Generator::Of(*op, negative))?
                    }
                    _ => return None,
                }
            }
        };
        polys.push(poly);
    }
    polys.pop()
}

fn unary(op: Op) -> bool {
    op.def().arity == Arity::Exact(1) && op.def().attr == AttrKind::None
}

/// The functions of one argument, up to its sign, that occur in a polynomial.
pub(super) struct Family {
    /// An argument of one of them, as a node and as a polynomial, and whether it is the opposite.
    node: Id,
    poly: Poly,
    negative: bool,
    /// The functions: operator, whether of the opposite, node.
    pub(super) members: Vec<(Op, bool, Id)>,
}

impl Family {
    /// The argument or its opposite, as a polynomial.
    pub(super) fn argument_poly(&self, negative: bool) -> Poly {
        if negative == self.negative { self.poly.clone() } else { self.poly.neg() }
    }

    /// The argument or its opposite.
    fn argument(&self, graph: &mut Graph, negative: bool) -> Option<Id> {
        if negative == self.negative {
            return Some(self.node);
        }
        let opposite = Op::of_ring(Ring::Opposite)?;
        graph.add(opposite, &Attr::None, &[self.node]).ok()
    }

    /// What a generator is here, with the argument turned if `flip`.
    pub(super) fn instance(&self, graph: &mut Graph, g: Generator, flip: bool, make: bool) -> Option<Poly> {
        match g {
            Generator::Argument => Some(self.argument_poly(flip)),
            Generator::Of(op, negative) => {
                let negative = negative != flip;
                let known = self.members.iter().find(|(o, n, _)| *o == op && *n == negative);
                let id = match known {
                    Some((_, _, id)) => *id,
                    None if make => {
                        let x = self.argument(graph, negative)?;
                        graph.add(op, &Attr::None, &[x]).ok()?
                    }
                    None => return None,
                };
                Some(Poly::atom(id))
            }
        }
    }
}

/// `p` and polynomials that equal it by the relations, the better ones first. What loses digits where another does not
/// is left out.
pub(super) fn reduced(
    graph: &mut Graph,
    reader: &mut Reader,
    p: &Poly,
    relations: &[Relation],
    granted: Assumes,
) -> Vec<Poly> {
    let within = |r: &&Relation| r.assumes.within(granted);
    let spoken_of = |op: Op| relations.iter().any(|r| r.speaks_of(op));
    let mut ids: Vec<Id> = p.0.keys().flat_map(|m| m.0.iter().map(|(id, _)| *id)).collect();
    ids.sort_unstable();
    ids.dedup();
    let families = families(graph, reader, &ids, spoken_of);
    let mut out: Vec<Poly> = Vec::new();
    let mut steps: Vec<(Monomial, Poly)> = Vec::new();
    for r in relations.iter().filter(within).filter(|r| !r.eliminates()) {
        for f in &families {
            steps.extend([false, true].iter().filter_map(|&flip| instantiate(graph, f, r, flip)));
        }
    }
    let merged = rewrite(p, &steps);
    let mut plain: Vec<Poly> = Vec::new();
    if &merged != p {
        plain.push(merged.clone());
    }
    plain.push(p.clone());
    // A function may be traded for others only when terms cancel: `1 - sigmoid(x)` loses digits.
    for flip in [false, true] {
        let mut all = steps.clone();
        let mut pairs: Vec<Pair> = Vec::new();
        for r in relations.iter().filter(within).filter(|r| r.eliminates() && r.is_complement()) {
            for (left, right) in families.iter().filter_map(|f| stated(graph, f, r, flip, true)) {
                pairs.extend(Pair::of(&left, &right));
                all.push((left, right));
            }
        }
        if all.len() == steps.len() {
            continue;
        }
        let found = rewrite(p, &all);
        let (mut hidden, mut gained) = (false, false);
        // One after the other: what shows the factors of one pair alone hides those of the others.
        let mut shown = found.clone();
        for pair in &pairs {
            let Some(better) = pair.factored(graph, &shown) else { continue };
            let before = plain.len();
            plain.retain(|q| pair.shows(q, better.factors) && !pair.hides(q));
            hidden |= better.factors.0;
            gained |= better.gained || plain.len() < before;
            shown = better.poly;
        }
        if gained && !out.contains(&shown) {
            out.push(shown);
        }
        if !hidden && found.0.len() < merged.0.len() && !out.contains(&found) {
            out.push(found);
        }
    }
    out.extend(plain);
    out
}

/// The functions of each argument among these nodes.
pub(super) fn families(
    graph: &Graph,
    reader: &mut Reader,
    ids: &[Id],
    spoken_of: impl Fn(Op) -> bool,
) -> Vec<Family> {
    let mut found: BTreeMap<Vec<(Monomial, Ratio)>, Family> = BTreeMap::new();
    for &id in ids {
        let Some((op, _, &[x])) = graph.application(id) else { continue };
        if !spoken_of(op) {
            continue;
        }
        let Some(poly) = reader.read(graph, x) else { continue };
        let negative = poly.0.values().next().is_some_and(|c| c.is_negative());
        let key = if negative { poly.neg() } else { poly.as_ref().clone() };
        let family = found.entry(key.0.into_iter().collect()).or_insert_with(|| Family {
            node: x,
            poly: poly.as_ref().clone(),
            negative,
            members: Vec::new(),
        });
        family.members.push((op, negative, id));
    }
    found.into_values().collect()
}

/// A relation among the functions of one argument; what its left side names must be there.
pub(super) fn instantiate(
    graph: &mut Graph,
    f: &Family,
    r: &Relation,
    flip: bool,
) -> Option<(Monomial, Poly)> {
    stated(graph, f, r, flip, false)
}

/// A relation among the functions of one argument; what its left side names must be there, or what its right side
/// names if `either` will do.
fn stated(graph: &mut Graph, f: &Family, r: &Relation, flip: bool, either: bool) -> Option<(Monomial, Poly)> {
    let there = |f: &Family, g: Id| match r.generators.get(g as usize) {
        Some(Generator::Of(op, n)) => f.members.iter().any(|(o, m, _)| o == op && *m == (*n != flip)),
        _ => false,
    };
    let make_left = either && r.right.0.keys().flat_map(|m| &m.0).all(|&(g, _)| there(f, g));
    let mut term = |m: &Monomial, make: bool| -> Option<Poly> {
        let mut out = Poly::constant(Ratio::ONE);
        for &(g, halves) in &m.0 {
            let x = f.instance(graph, *r.generators.get(g as usize)?, flip, make)?;
            out = out.mul(&x.term_power(halves).or_else(|| repeated(&x, halves))?)?;
        }
        Some(out)
    };
    let left = term(&r.left, make_left)?.single()?.0.clone();
    let mut right = Poly::default();
    for (m, c) in &r.right.0 {
        right = right.add(&term(m, true)?.mul(&Poly::constant(*c))?)?;
    }
    Some((left, right))
}

/// A positive power of a sum.
fn repeated(x: &Poly, halves: i32) -> Option<Poly> {
    (halves > 0 && halves % 2 == 0).then_some(())?;
    (1..halves / 2).try_fold(x.clone(), |out, _| out.mul(x))
}

/// Is a factor with this exponent there?
fn covers(have: i32, want: i32) -> bool {
    if want > 0 { have >= want } else { have <= want }
}

/// Replaces left sides in monomials until none divides one.
fn rewrite(p: &Poly, steps: &[(Monomial, Poly)]) -> Poly {
    let mut p = p.clone();
    for _ in 0..STEPS {
        let next = p.0.iter().find_map(|(m, c)| {
            let (left, right) =
                steps.iter().find(|(left, _)| left.0.iter().all(|&(id, e)| covers(m.exponent(id), e)))?;
            let inverse = Monomial(left.0.iter().map(|&(id, e)| (id, -e)).collect());
            let rest = Poly(BTreeMap::from([(m.mul(&inverse)?, *c)]));
            let without = Poly(p.0.iter().filter(|(n, _)| *n != m).map(|(n, d)| (n.clone(), *d)).collect());
            without.add(&rest.mul(right)?)
        });
        match next {
            Some(q) => p = q,
            None => break,
        }
    }
    p
}
