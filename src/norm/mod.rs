//! The polynomial normal form: proposes equal terms that no local rule reaches.
//!
//! Every maximal sum or product is read as a polynomial over what it cannot see into, like terms
//! are collected, and the result is written back, flat and factored. The proposals are united with
//! the original in the e-graph; extraction picks. Only identities of polynomials with rational
//! coefficients are used, so each proposal is equal over the reals wherever both are defined.

mod atoms;
mod complement;
mod divide;
mod field;
mod fraction;
mod homomorphism;
mod kept;
mod long;
mod lower;
mod nested;
mod pairs;
mod poly;
mod products;
mod ratio;
mod relation;
mod sums;

use atoms::Reader;
use field::Inverse;
use homomorphism::{Homomorphism, Products};

pub(crate) use long::collected;
use lower::Writer;
use pairs::Pair;
use poly::Poly;
use relation::Relation;

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::{Graph, Id};
use crate::op::{Law, Ring};
use crate::rules::{Assumes, Profile, Rule};

/// What the normal form knows of functions, from the rules.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    equations: Vec<Relation>,
    inverses: Vec<Inverse>,
    homomorphisms: Vec<Homomorphism>,
    pairs: Vec<Pair>,
}

impl Relations {
    /// What rules say.
    pub(crate) fn of<'r>(rules: impl Iterator<Item = &'r Rule> + Clone) -> Relations {
        let normal: Vec<&Rule> = rules.clone().filter(|r| r.has_tag("normal")).collect();
        let equations = normal.iter().filter_map(|r| Relation::of(r)).collect();
        let inverses = normal.iter().filter_map(|r| Inverse::of(r)).collect();
        let homomorphisms = normal.iter().filter_map(|r| Homomorphism::of(r)).collect();
        let mut pairs: Vec<Pair> = Vec::new();
        for pair in rules.filter(|r| !r.has_tag("search")).flat_map(Pair::of) {
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        Relations { equations, inverses, homomorphisms, pairs }
    }
}

/// A polynomial of more terms is written only where it is short for what it stands for.
const MANY: usize = 24;

/// How much of a graph is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Every way.
    All,
    /// Fractions in denominators stay there.
    Plain,
    /// Sums and products as they are: nothing multiplied out, no common denominators.
    Flat,
    /// Nothing.
    Nothing,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Proposals {
    /// Equal pairs: a node of the graph and a proposal for it, which is added to the graph.
    pub(crate) pairs: Vec<(Id, Id)>,
    /// Were there fractions in denominators?
    pub(crate) nested: bool,
    /// Was something named that terms share, or left by sums?
    pub(crate) shared: bool,
}

/// Equal terms for the sums and products of a graph; with `sharing`, also those that name what terms share and those from
/// which sums leave factors behind.
pub(crate) fn propose(
    graph: &mut Graph,
    roots: &[Id],
    profile: Profile,
    relations: &Relations,
    (reading, sharing): (Reading, bool),
) -> Proposals {
    if reading == Reading::Nothing {
        return Proposals::default();
    }
    // Cancelling a term forgets where it was infinite or undefined, which integers never are.
    let domain = Assumes::DOMAIN.within(profile.grants());
    let read = |factors: bool| {
        let mut tops = tops(graph, roots, factors);
        tops.retain(|&id| domain || graph.ty(id).dtype.is_int());
        tops
    };
    // What is not multiplied out hides the sums in products.
    let (tops, flat_tops) = (read(false), read(true));
    let mut flat = Reader::flat(FxHashMap::default());
    let mut found = Found {
        summed: if sharing { summed(graph, roots) } else { FxHashSet::default() },
        relations,
        profile,
        reading,
        forms: FxHashMap::default(),
        nested: false,
        pairs: Vec::new(),
        shared: false,
        looked_at: Vec::new(),
    };
    found.add(graph, &mut flat, &flat_tops);
    if sharing {
        found.share(graph, &mut flat, &flat_tops);
    }
    let products = homomorphism::given(graph, roots, relations, profile.grants());
    found.powers(graph, &products);
    found.add_products(graph, &products, &flat_tops, Reader::flat);
    if reading == Reading::Flat {
        return found.proposals();
    }
    let mut given = field::given(graph, &mut flat, roots, relations, profile.grants());
    homomorphism::within(&mut given, &products.all);
    let mut multiplied_out = Reader::multiplied_out();
    found.add(graph, &mut multiplied_out, &tops);
    if sharing {
        found.share(graph, &mut multiplied_out, &tops);
    }
    let kept = kept::given(graph, &mut flat, roots);
    if !kept.is_empty() {
        found.add(graph, &mut Reader::keeping(kept), &tops);
    }
    if reading == Reading::All {
        let given = nested::given(graph, &mut flat, roots, &tops);
        if !given.is_empty() {
            found.nested = true;
            found.add(graph, &mut Reader::expand(Reader::of_quotients(given)), &tops);
        }
    }
    if !given.is_empty() {
        found.add(graph, &mut Reader::expand(Reader::flat(given)), &tops);
    }
    found.add_products(graph, &products, &tops, |given| Reader::expand(Reader::flat(given)));
    found.proposals()
}

/// What all ways of reading find.
struct Found<'a> {
    /// What is summed, where forms that share are asked for.
    summed: FxHashSet<Id>,
    relations: &'a Relations,
    profile: Profile,
    reading: Reading,
    /// The forms of each polynomial: most are read the same in every way.
    forms: FxHashMap<Poly, Vec<Id>>,
    nested: bool,
    pairs: Vec<(Id, Id)>,
    shared: bool,
    /// Whose shared products are known.
    looked_at: Vec<(Id, Rc<Poly>)>,
}

impl Found<'_> {
    /// What one way of reading finds.
    fn add(&mut self, graph: &mut Graph, reader: &mut Reader, tops: &[Id]) {
        for &id in tops {
            let Some(poly) = reader.read(graph, id) else { continue };
            if graph.ty(id).dtype.is_int() {
                self.pairs.extend(integers(graph, id, &poly).into_iter().map(|new| (id, new)));
                continue;
            }
            // What is only written with the functions that were chosen is no simpler: `1/t - 1` is `exp(x)`.
            if reader.is_foreign(&poly) {
                continue;
            }
            let equations = &self.relations.equations;
            for poly in relation::reduced(graph, reader, &poly, equations, self.profile.grants()) {
                if reader.refuses(&poly) || in_vain(graph, id, &poly) {
                    continue;
                }
                let mut found = self.forms(graph, &poly);
                if self.reading != Reading::Flat {
                    found.extend(fraction::forms(graph, reader, &poly));
                }
                if reader.is_flat()
                    && let Some(grouped) = pairs::grouped(graph, &poly, &self.relations.pairs)
                {
                    found.extend(self.forms(graph, &grouped));
                }
                if reader.is_flat()
                    && let Some(joined) = sums::joined(graph, &poly)
                {
                    found.extend(self.forms(graph, &joined));
                }
                let mut writer = Writer::new(graph);
                if reader.is_flat() && self.summed.contains(&id) {
                    let last = writer.scaled_last(&poly);
                    self.shared |= last.is_some();
                    found.extend(last);
                }
                let shaped = found.into_iter().filter_map(|new| writer.shaped(new, id));
                self.pairs.extend(shaped.filter(|&new| new != id).map(|new| (id, new)));
            }
        }
    }

    /// What is a power is written as one.
    fn powers(&mut self, graph: &mut Graph, products: &Products) {
        let mut powers: Vec<(Id, &Poly)> = products.powers.iter().map(|(id, p)| (*id, p)).collect();
        powers.extend(products.inverses.iter().map(|(id, p)| (*id, p)));
        powers.sort_unstable_by_key(|(id, _)| *id);
        for (id, p) in powers {
            let mut writer = Writer::new(graph);
            let new = writer.sum(p).and_then(|new| writer.shaped(new, id));
            self.pairs.extend(new.filter(|&new| new != id).map(|new| (id, new)));
        }
    }

    /// What is found where functions are read as the products that they are.
    fn add_products(
        &mut self,
        graph: &mut Graph,
        products: &Products,
        tops: &[Id],
        reader: impl Fn(FxHashMap<Id, Poly>) -> Reader,
    ) {
        if !products.powers.is_empty() {
            self.add(graph, &mut reader(products.powers.clone()), tops);
        }
        if !products.parts.is_empty() {
            let mut reader = reader(products.all.clone());
            reader.refuse(&products.parts);
            self.add(graph, &mut reader, tops);
        }
    }

    /// What one way of reading finds with the products named that all that is read shares.
    fn share(&mut self, graph: &mut Graph, reader: &mut Reader, tops: &[Id]) {
        let float = |id: &Id| graph.ty(*id).dtype.is_float();
        let polys: Vec<(Id, Rc<Poly>)> =
            tops.iter().copied().filter(float).filter_map(|id| Some((id, reader.read(graph, id)?))).collect();
        // Most is read the same in every way.
        if polys == self.looked_at {
            return;
        }
        let mut found = products::shared(graph, &polys);
        if !reader.is_flat() && self.reading != Reading::Flat && polys.len() > 1 {
            let as_term = |(id, p): &(Id, Rc<Poly>)| {
                (*id, fraction::as_term(graph, reader, p).map_or_else(|| Rc::clone(p), Rc::new))
            };
            let terms: Vec<(Id, Rc<Poly>)> = polys.iter().map(as_term).collect();
            if terms != polys {
                found.extend(products::shared(graph, &terms));
            }
        }
        self.looked_at = polys;
        self.shared |= !found.is_empty();
        for (id, poly) in found {
            let found = self.forms(graph, &poly);
            let mut writer = Writer::new(graph);
            let shaped = found.into_iter().filter_map(|new| writer.shaped(new, id));
            self.pairs.extend(shaped.filter(|&new| new != id).map(|new| (id, new)));
        }
    }

    /// The pairs, each once.
    fn proposals(mut self) -> Proposals {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        Proposals { pairs: self.pairs, nested: self.nested, shared: self.shared }
    }

    /// A polynomial written flat and factored.
    fn forms(&mut self, graph: &mut Graph, p: &Poly) -> Vec<Id> {
        if let Some(known) = self.forms.get(p) {
            return known.clone();
        }
        let found = Writer::new(graph).forms(p);
        self.forms.insert(p.clone(), found.clone());
        found
    }
}

/// Forms of a polynomial over integers: what holds for polynomials with integer coefficients holds for integers
/// that keep their low bits.
fn integers(graph: &mut Graph, id: Id, poly: &Poly) -> Vec<Id> {
    let dtype = graph.ty(id).dtype;
    let own =
        |m: &poly::Monomial| m.0.iter().all(|(a, e)| graph.ty(*a).dtype == dtype && *e > 0 && e % 2 == 0);
    if !poly.0.iter().all(|(m, c)| own(m) && c.whole().is_some()) {
        return Vec::new();
    }
    let mut writer = Writer::of_integers(graph, dtype);
    let found = writer.forms(poly);
    found.into_iter().filter_map(|new| writer.shaped(new, id)).filter(|&new| new != id).collect()
}

/// Has a polynomial far more terms than what was read there has operators of the ring? It is not written: the greedy factoring
/// of what was multiplied out does not find its factors again.
fn in_vain(graph: &Graph, id: Id, poly: &Poly) -> bool {
    if poly.0.len() <= MANY {
        return false;
    }
    let mut seen = FxHashSet::default();
    let mut left = vec![id];
    while let Some(id) = left.pop() {
        let Some((op, _, args)) = graph.application(id) else { continue };
        if op.def().ring != Ring::None && seen.insert(id) {
            left.extend(args);
        }
    }
    2 * poly.0.len() > seen.len()
}

/// Operands of sums.
fn summed(graph: &Graph, roots: &[Id]) -> FxHashSet<Id> {
    let sums = |id: &Id| graph.application(*id).is_some_and(|(op, ..)| op.def().has(Law::Total));
    graph.reachable(roots).into_iter().filter(sums).map(|id| graph.node(id).args[0]).collect()
}

/// Ring operators that are roots, are shared, or are used by something that is not one; with `factors`, sums in products
/// too.
fn tops(graph: &Graph, roots: &[Id], factors: bool) -> Vec<Id> {
    let live = graph.reachable(roots);
    let of = |id: Id| graph.application(id).map_or(Ring::None, |(op, _, _)| op.def().ring);
    let ring = |id: Id| of(id) != Ring::None;
    let sum = |id: Id| matches!(of(id), Ring::Sum | Ring::Difference);
    let mut uses = vec![0u32; graph.len()];
    let mut seen_from_outside = vec![false; graph.len()];
    for &r in roots {
        seen_from_outside[r as usize] = true;
    }
    // Powers are read where their exponents are numbers.
    let reads = |id: Id| match graph.application(id) {
        Some((op, _, &[_, e])) if op.def().ring == Ring::Power => graph.is_constant(e),
        _ => ring(id),
    };
    for &id in &live {
        for &a in &graph.node(id).args {
            uses[a as usize] += 1;
            // Another type of integers is another ring.
            let (own, read) = (graph.ty(id).dtype, graph.ty(a).dtype);
            let factor = sum(a) && !sum(id) && of(id) != Ring::Opposite;
            let hidden = factors && (factor || of(id) == Ring::Root);
            if !reads(id) || hidden || read.is_int() && own != read {
                seen_from_outside[a as usize] = true;
            }
        }
    }
    live.into_iter()
        .filter(|&id| ring(id) && (seen_from_outside[id as usize] || uses[id as usize] > 1))
        .collect()
}
