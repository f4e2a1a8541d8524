//! Products that several terms share.
//!
//! Written one by one, the terms of several outputs group their factors each in its own way, and what they have in
//! common is computed again and again. So all terms are looked at together, as logic synthesis looks for the cubes
//! that functions share: the product whose naming saves most gets a name, until none saves anything.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use smallvec::SmallVec;

use super::lower::Writer;
use super::poly::{Monomial, Poly};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};
use crate::ty::Shape;

/// Products looked at together at most; more are left as they are.
const PRODUCTS: usize = 48;
/// Products named at most.
const NAMES: usize = 24;
/// What a quotient costs more than a product.
const DIVISION: u32 = 3;

/// What a factor stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    /// An indeterminate, or its square root; below the line or not.
    Factor { id: Id, root: bool, below: bool },
    /// A product that got a name.
    Named(usize),
}

/// Symbols with how often each occurs, ascending.
type Product = SmallVec<[(Symbol, u32); 4]>;

/// What writing a product takes.
#[derive(Debug, Default)]
struct Work {
    powers: u32,
    above: u32,
    below: u32,
}

impl Work {
    fn add(&mut self, s: Symbol, n: u32) {
        if n == 0 {
            return;
        }
        self.powers += n.ilog2() + n.count_ones() - 1;
        match s {
            Symbol::Factor { below: true, .. } => self.below += 1,
            _ => self.above += 1,
        }
    }

    fn cost(&self) -> u32 {
        let line = if self.below > 0 { 1 + DIVISION } else { 0 };
        self.powers + self.above.saturating_sub(1) + self.below.saturating_sub(1) + line
    }
}

/// Multiplications and divisions that write a product.
fn cost(p: &[(Symbol, u32)]) -> u32 {
    let mut work = Work::default();
    p.iter().for_each(|&(s, n)| work.add(s, n));
    work.cost()
}

/// What two products have in common.
fn common(a: &[(Symbol, u32)], b: &[(Symbol, u32)]) -> Product {
    let of = |s: Symbol| b.iter().find(|(t, _)| *t == s).map(|(_, n)| *n);
    a.iter().filter_map(|&(s, n)| Some((s, n.min(of(s)?)))).collect()
}

/// How often does a product hold another?
fn times(p: &[(Symbol, u32)], part: &[(Symbol, u32)]) -> u32 {
    let of = |s: Symbol| p.iter().find(|(t, _)| *t == s).map_or(0, |(_, n)| *n);
    part.iter().map(|&(s, n)| of(s) / n).min().unwrap_or(0)
}

/// What of a symbol is left when another product is taken out that often.
fn left(part: &[(Symbol, u32)], times: u32, s: Symbol, n: u32) -> u32 {
    part.iter().find(|(t, _)| *t == s).map_or(n, |(_, m)| n - m * times)
}

/// What it saves to have a name for a part of a product.
fn saving(p: &[(Symbol, u32)], part: &[(Symbol, u32)]) -> u32 {
    let times = times(p, part);
    if times == 0 {
        return 0;
    }
    let mut work = Work::default();
    p.iter().for_each(|&(s, n)| work.add(s, left(part, times, s, n)));
    work.add(Symbol::Named(0), times);
    cost(p).saturating_sub(work.cost())
}

/// A product with a name in the place of what it holds of another.
fn with_name(p: &[(Symbol, u32)], part: &[(Symbol, u32)], name: Symbol) -> Product {
    let times = times(p, part);
    let rest = p.iter().map(|&(s, n)| (s, left(part, times, s, n)));
    rest.filter(|(_, n)| *n > 0).chain([(name, times)]).collect()
}

/// Polynomials with the products that they share named, each once; nothing where they share none.
pub(super) fn shared(graph: &mut Graph, polys: &[(Id, Rc<Poly>)]) -> Vec<(Id, Poly)> {
    let mut terms = Terms::of(graph, polys);
    if !terms.name() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut nodes = vec![None; terms.names.len()];
    for (id, p) in polys {
        if let Some(new) = terms.rewritten(graph, &mut nodes, p)
            && new != **p
        {
            out.push((*id, new));
        }
    }
    out
}

/// All terms: the factors of each shape, which are multiplied with each other before they meet others.
struct Terms {
    products: Vec<Product>,
    /// Where the products of a term are, by its size and its indeterminates.
    places: BTreeMap<(Ratio, Monomial), Vec<usize>>,
    /// Where the products that have names are.
    names: Vec<usize>,
}

impl Terms {
    fn of(graph: &Graph, polys: &[(Id, Rc<Poly>)]) -> Terms {
        let mut terms = Terms { products: Vec::new(), places: BTreeMap::new(), names: Vec::new() };
        for (m, c) in polys.iter().flat_map(|(_, p)| &p.0) {
            let key = (c.abs(), m.clone());
            if terms.places.contains_key(&key) {
                continue;
            }
            let mut parts: Vec<(&Shape, Product)> = Vec::new();
            for &(id, e) in m.0.iter().filter(|(id, _)| !is_number(graph, *id)) {
                let shape = &graph.ty(id).shape;
                let at = parts.iter().position(|(s, _)| *s == shape).unwrap_or_else(|| {
                    parts.push((shape, Product::new()));
                    parts.len() - 1
                });
                let mut push = |root, n: u32| {
                    if n > 0 {
                        parts[at].1.push((Symbol::Factor { id, root, below: e < 0 }, n));
                    }
                };
                push(false, e.unsigned_abs() / 2);
                push(true, e.unsigned_abs() % 2);
            }
            let first = terms.products.len();
            terms.products.extend(parts.into_iter().map(|(_, p)| {
                let mut p = p;
                p.sort_unstable();
                p
            }));
            terms.places.insert(key, (first..terms.products.len()).collect());
        }
        terms
    }

    /// Names products while that saves something. Is there one?
    fn name(&mut self) -> bool {
        if self.products.len() > PRODUCTS {
            return false;
        }
        while self.names.len() < NAMES {
            let name = Symbol::Named(self.names.len());
            let mut candidates: BTreeSet<Product> = BTreeSet::new();
            for (i, a) in self.products.iter().enumerate() {
                for b in &self.products[i + 1..] {
                    let both = common(a, b);
                    if cost(&both) > 0 {
                        candidates.insert(both);
                    }
                }
            }
            let mut best: Option<(u32, Product)> = None;
            for part in candidates {
                let all: u32 = self.products.iter().map(|p| saving(p, &part)).sum();
                let saves = all.saturating_sub(cost(&part));
                if saves > best.as_ref().map_or(0, |(most, _)| *most) {
                    best = Some((saves, part));
                }
            }
            let Some((_, part)) = best else { break };
            for p in &mut self.products {
                if saving(p, &part) > 0 {
                    *p = with_name(p, &part, name);
                }
            }
            self.names.push(self.products.len());
            self.products.push(part);
        }
        !self.names.is_empty()
    }

    /// A polynomial with the names in it.
    fn rewritten(&self, graph: &mut Graph, nodes: &mut Vec<Option<Id>>, p: &Poly) -> Option<Poly> {
        let mut out = Poly::default();
        for (m, c) in &p.0 {
            let numbers = m.0.iter().filter(|(id, _)| is_number(graph, *id)).copied().collect();
            let mut term = Monomial(numbers);
            for &at in self.places.get(&(c.abs(), m.clone()))? {
                term = term.mul(&self.monomial(graph, nodes, at)?)?;
            }
            out.accumulate(term, *c)?;
        }
        Some(out)
    }

    /// A product over nodes. Recurses over the names in it, which are few.
    fn monomial(&self, graph: &mut Graph, nodes: &mut Vec<Option<Id>>, at: usize) -> Option<Monomial> {
        let mut out = Monomial::default();
        for &(s, n) in &self.products[at] {
            let n = i32::try_from(n).ok()?;
            let factor = match s {
                Symbol::Factor { id, root, below } => {
                    Monomial::atom(id, n * if root { 1 } else { 2 } * if below { -1 } else { 1 })
                }
                Symbol::Named(name) => {
                    let id = match nodes[name] {
                        Some(id) => id,
                        None => {
                            let of = self.monomial(graph, nodes, self.names[name])?;
                            let id = Writer::new(graph).term(&of, Ratio::ONE)?;
                            nodes[name] = Some(id);
                            id
                        }
                    };
                    Monomial::atom(id, 2 * n)
                }
            };
            out = out.mul(&factor)?;
        }
        Some(out)
    }
}

/// Numbers come before all factors.
fn is_number(graph: &Graph, id: Id) -> bool {
    graph.facts(id).constant.is_some() && graph.is_constant(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(factors: &[(Id, u32)]) -> Product {
        factors.iter().map(|&(id, n)| (Symbol::Factor { id, root: false, below: false }, n)).collect()
    }

    fn inverse(factors: &[(Id, u32)]) -> Product {
        factors.iter().map(|&(id, n)| (Symbol::Factor { id, root: false, below: true }, n)).collect()
    }

    fn named(products: Vec<Product>) -> Terms {
        let mut terms = Terms { products, places: BTreeMap::new(), names: Vec::new() };
        terms.name();
        terms
    }

    #[test]
    fn what_terms_share_is_named_once() {
        // a b c, a b d, a b: one product.
        let terms = named(vec![
            product(&[(0, 1), (1, 1), (2, 1)]),
            product(&[(0, 1), (1, 1), (3, 1)]),
            product(&[(0, 1), (1, 1)]),
        ]);
        assert_eq!(terms.names, [3]);
        assert_eq!(terms.products.iter().map(|p| cost(p)).collect::<Vec<_>>(), [1, 1, 0, 1]);
    }

    #[test]
    fn powers_of_an_inverse_divide_once() {
        // The energy and the force of Lennard and Jones.
        let terms = named([12, 6, 13, 7].map(|n| inverse(&[(0, n)])).to_vec());
        let all: u32 = terms.products.iter().map(|p| cost(p)).sum();
        // 1/r, its sixth power, the square of that, and two products.
        assert_eq!(all, 4 + 3 + 1 + 2, "{:?}", terms.products);
    }

    #[test]
    fn what_is_alone_has_no_name() {
        assert!(named(vec![product(&[(0, 2), (1, 1)]), product(&[(2, 1), (3, 1)])]).names.is_empty());
        assert!(named(vec![inverse(&[(0, 1)])]).names.is_empty());
    }
}
