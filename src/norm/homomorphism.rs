//! Functions that turn sums into products.
//!
//! `exp(2*x)` is the square of `exp(x)`, and `exp(x + y)` the product of both: read so, exponentials of multiples of one
//! argument are powers of one indeterminate, and factors cancel that a rule for `exp(x)` alone does not see.

use rustc_hash::FxHashMap;

use super::Relations;
use super::atoms::Reader;
use super::poly::Poly;
use super::ratio::Ratio;
use super::relation::{Family, Generator, families};
use crate::graph::{Graph, Id};
use crate::op::{Op, Ring};
use crate::rules::{Assumes, PNode, Rule};

/// Multiples of one argument at most.
const MULTIPLE: i64 = 8;
/// Functions that are read as products at most.
const FUNCTIONS: usize = 32;

/// A function with `f(x) * f(y) = f(x + y)`. Where it is zero once it is zero everywhere, so `f(-x)` is `1 / f(x)`.
#[derive(Debug)]
pub(crate) struct Homomorphism {
    assumes: Assumes,
    f: Op,
}

impl Homomorphism {
    /// What a rule says; `None` when it is of another form.
    pub(crate) fn of(rule: &Rule) -> Option<Homomorphism> {
        let apply = |nodes: &[PNode], at: u32| match nodes.get(at as usize) {
            Some(PNode::App { op, args, .. }) => Some((*op, args.clone())),
            _ => None,
        };
        let last = |nodes: &[PNode]| apply(nodes, u32::try_from(nodes.len()).ok()?.checked_sub(1)?);
        let variables = |nodes: &[PNode], args: &[u32]| {
            let is = |at: usize, v: u32| {
                args.get(at)
                    .and_then(|a| nodes.get(*a as usize))
                    .is_some_and(|n| matches!(n, PNode::Var(w) if *w == v))
            };
            args.len() == 2 && is(0, 0) && is(1, 1)
        };
        let (left, right) = (&rule.lhs.nodes, &rule.rhs.nodes);
        let (product, factors) = last(left)?;
        let [x, y] = factors[..] else { return None };
        let ((f, a), (g, b)) = (apply(left, x)?, apply(left, y)?);
        let (h, c) = last(right)?;
        let [sum] = c[..] else { return None };
        let (plus, terms) = apply(right, sum)?;
        let same = f == g && f == h && a.len() == 1 && b.len() == 1;
        let rings = product.def().ring == Ring::Product && plus.def().ring == Ring::Sum;
        let own = variables(left, &[a[0], b[0]]) && variables(right, &terms);
        (rule.when.is_empty() && same && rings && own).then_some(Homomorphism { assumes: rule.assumes, f })
    }
}

/// What functions of sums and multiples are.
#[derive(Default)]
pub(super) struct Products {
    /// Inverses of functions of the opposite argument, and of multiples of it.
    pub(super) inverses: Vec<(Id, Poly)>,
    /// Powers of a function of a part of the argument.
    pub(super) powers: FxHashMap<Id, Poly>,
    /// These, and products of functions of several arguments.
    pub(super) all: FxHashMap<Id, Poly>,
    /// The factors of such products. Each may overflow where the product does not, so none may be left.
    pub(super) parts: Vec<Id>,
}

/// The functions of a graph that are products of others: of what is there, or of what relations put in its place.
pub(super) fn given(graph: &mut Graph, roots: &[Id], relations: &Relations, granted: Assumes) -> Products {
    let mut out = Products::default();
    let live = graph.reachable(roots);
    let mut reader = Reader::multiplied_out();
    for law in relations.homomorphisms.iter().filter(|h| h.assumes.within(granted)) {
        let f = law.f;
        let float = |id: &Id| graph.ty(*id).dtype.is_float();
        let own: Vec<(Id, Id)> = live
            .iter()
            .filter(|id| float(id))
            .filter_map(|&id| match graph.application(id) {
                Some((op, _, &[x])) if op == f => Some((id, x)),
                _ => None,
            })
            .take(FUNCTIONS)
            .collect();
        if own.is_empty() {
            continue;
        }
        let related = |op: Op| relations.equations.iter().any(|r| r.speaks_of(f) && r.speaks_of(op));
        let families = families(graph, &mut reader, &live, |op| op == f || related(op));
        for (id, x) in own {
            let Some(argument) = reader.read(graph, x) else { continue };
            if let Some((k, base)) = multiple(graph, &families, f, &argument) {
                if let Some(power) = base.term_power(2 * k) {
                    out.powers.insert(id, power.clone());
                    out.all.insert(id, power);
                }
            } else if let Some((k, base)) = opposite(&families, f, id, &argument) {
                out.inverses.extend(Poly::atom(base).term_power(-2 * k).map(|p| (id, p)));
            } else if let Some((product, parts)) = split(graph, &families, f, &argument) {
                out.all.insert(id, product);
                out.parts.extend(parts);
            }
        }
    }
    out.parts.sort_unstable();
    out.parts.dedup();
    out
}

/// `k` and `f(base)` where the argument is `k` times the base, for the largest `k`.
fn multiple(graph: &mut Graph, families: &[Family], f: Op, argument: &Poly) -> Option<(i32, Poly)> {
    let bases = families.iter().flat_map(|g| [(g, false), (g, true)]);
    let known = bases.filter(|(g, n)| g.members.iter().any(|(op, m, _)| *op != f || m == n));
    let (k, family, negative) = known
        .filter_map(|(g, n)| {
            let (k, rest) = contained(argument, &g.argument_poly(n))?;
            (k > 1 && rest.0.is_empty()).then_some((k, g, n))
        })
        .max_by_key(|(k, ..)| *k)?;
    let base = family.instance(graph, Generator::Of(f, negative), false, true)?;
    Some((i32::try_from(k).ok()?, base))
}

/// `k` and the node of `f(base)` where the argument is `-k` times the base. Of two that are each other's inverses the
/// later node is the inverse.
fn opposite(families: &[Family], f: Op, id: Id, argument: &Poly) -> Option<(i32, Id)> {
    let found = families.iter().flat_map(|g| g.members.iter().map(move |m| (g, m)));
    let (k, base) = found
        .filter(|(_, (op, _, base))| *op == f && *base != id)
        .filter_map(|(g, (_, negative, base))| {
            let (k, rest) = contained(&argument.neg(), &g.argument_poly(*negative))?;
            (rest.0.is_empty() && (k > 1 || *base < id)).then_some((k, *base))
        })
        .max_by_key(|(k, base)| (*k, std::cmp::Reverse(*base)))?;
    Some((i32::try_from(k).ok()?, base))
}

/// A product of functions of parts of the argument, which relations may put others in the place of.
fn split(graph: &mut Graph, families: &[Family], f: Op, argument: &Poly) -> Option<(Poly, Vec<Id>)> {
    if argument.0.len() < 2 {
        return None;
    }
    let (mut rest, mut parts) = (argument.clone(), Vec::new());
    for family in families.iter().filter(|g| g.members.iter().any(|(op, ..)| *op != f)) {
        for negative in [false, true] {
            if let Some((k, less)) = contained(&rest, &family.argument_poly(negative)) {
                rest = less;
                parts.push((k, family, negative));
            }
        }
    }
    if !rest.0.is_empty() || parts.len() < 2 {
        return None;
    }
    let (mut product, mut ids) = (Poly::constant(Ratio::ONE), Vec::new());
    for (k, family, negative) in parts {
        let one = family.instance(graph, Generator::Of(f, negative), false, true)?;
        ids.extend(one.0.keys().flat_map(|m| &m.0).map(|(id, _)| *id));
        product = product.mul(&one.term_power(2 * i32::try_from(k).ok()?)?)?;
    }
    Some((product, ids))
}

/// How often `part` is in `p`, and what is left: as often as all its terms vanish.
fn contained(p: &Poly, part: &Poly) -> Option<(i64, Poly)> {
    let (lead, c) = part.0.iter().next()?;
    let k = p.0.get(lead)?.mul(c.inverse()?)?.whole().filter(|k| (1..=MULTIPLE).contains(k))?;
    #[allow(clippy::cast_precision_loss, reason = "at most 8")]
    let times = part.mul(&Poly::constant(Ratio::from_f64(-(k as f64))?))?;
    let rest = p.add(&times)?;
    (rest.0.len() + part.0.len() == p.0.len()).then_some((k, rest))
}

/// Powers, and products whose factors are all given, in terms of what is given.
pub(super) fn within(given: &mut FxHashMap<Id, Poly>, products: &FxHashMap<Id, Poly>) {
    let mut found = Vec::new();
    for (&id, p) in products.iter().filter(|(id, _)| !given.contains_key(id)) {
        let Some((m, c)) = p.single() else { continue };
        // The factors of a product may overflow where it does not: all of them become something else, or none.
        if m.0.len() > 1 && !m.0.iter().all(|(a, _)| given.contains_key(a)) {
            continue;
        }
        let mut out = Some(Poly::constant(c));
        for &(a, e) in &m.0 {
            let factor = match given.get(&a) {
                Some(q) if e > 0 && e % 2 == 0 => (1..e / 2).try_fold(q.clone(), |all, _| all.mul(q)),
                _ => Poly::atom(a).term_power(e),
            };
            out = out.and_then(|o| o.mul(&factor?));
        }
        found.extend(out.map(|q| (id, q)));
    }
    given.extend(found);
}
