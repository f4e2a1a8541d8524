//! Polynomials: sums of monomials over indeterminates, negative and half exponents included.

use std::collections::BTreeMap;

use super::ratio::Ratio;
use crate::graph::Id;

/// Terms beyond which a polynomial is not expanded.
pub(super) const TERMS: usize = 32;
/// Exponents (in halves) beyond which a power is left alone.
const EXPONENT: i32 = 128;

/// Indeterminates with their exponents in halves, ascending, no zero exponent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub(super) struct Monomial(pub(super) Vec<(Id, i32)>);

impl Monomial {
    pub(super) fn atom(id: Id, halves: i32) -> Monomial {
        Monomial(vec![(id, halves)])
    }

    pub(super) fn mul(&self, o: &Monomial) -> Option<Monomial> {
        let mut out: BTreeMap<Id, i32> = self.0.iter().copied().collect();
        for &(id, e) in &o.0 {
            let slot = out.entry(id).or_default();
            *slot += e;
            if slot.abs() > EXPONENT {
                return None;
            }
        }
        Some(Monomial(out.into_iter().filter(|(_, e)| *e != 0).collect()))
    }

    pub(super) fn exponent(&self, id: Id) -> i32 {
        self.0.iter().find(|(a, _)| *a == id).map_or(0, |(_, e)| *e)
    }
}

/// A sum of monomials with non-zero coefficients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Poly(pub(super) BTreeMap<Monomial, Ratio>);

impl Poly {
    pub(super) fn constant(c: Ratio) -> Poly {
        let mut p = Poly::default();
        if !c.is_zero() {
            p.0.insert(Monomial::default(), c);
        }
        p
    }

    pub(super) fn atom(id: Id) -> Poly {
        Poly(BTreeMap::from([(Monomial::atom(id, 2), Ratio::ONE)]))
    }

    /// With one term more, of another monomial.
    pub(super) fn with(mut self, m: Monomial, c: Ratio) -> Poly {
        self.0.insert(m, c);
        self
    }

    /// The only term, when there is one.
    pub(super) fn single(&self) -> Option<(&Monomial, Ratio)> {
        if self.0.len() == 1 { self.0.iter().next().map(|(m, c)| (m, *c)) } else { None }
    }

    pub(super) fn add(&self, o: &Poly) -> Option<Poly> {
        let mut out = self.clone();
        for (m, c) in &o.0 {
            let sum = out.0.get(m).copied().unwrap_or(Ratio::ZERO).add(*c)?;
            if sum.is_zero() {
                out.0.remove(m);
            } else {
                out.0.insert(m.clone(), sum);
            }
        }
        (out.0.len() <= 8 * TERMS).then_some(out)
    }

    pub(super) fn neg(&self) -> Poly {
        Poly(self.0.iter().map(|(m, c)| (m.clone(), c.neg())).collect())
    }

    pub(super) fn mul(&self, o: &Poly) -> Option<Poly> {
        if self.0.len() * o.0.len() > TERMS && self.0.len() > 1 && o.0.len() > 1 {
            return None;
        }
        let mut out = Poly::default();
        for (m, c) in &self.0 {
            for (n, d) in &o.0 {
                let term = Poly(BTreeMap::from([(m.mul(n)?, c.mul(*d)?)]));
                out = out.add(&term)?;
            }
        }
        Some(out)
    }

    /// A power of a single term; the exponent in halves.
    pub(super) fn term_power(&self, halves: i32) -> Option<Poly> {
        let (m, c) = self.single()?;
        if halves % 2 != 0 {
            // A root is taken of a bare indeterminate only: roots of products need signs.
            return match m.0.as_slice() {
                [(id, 2)] if c == Ratio::ONE => {
                    Some(Poly(BTreeMap::from([(Monomial::atom(*id, halves), Ratio::ONE)])))
                }
                _ => None,
            };
        }
        let n = halves / 2;
        let mut coefficient = Ratio::ONE;
        for _ in 0..n.unsigned_abs() {
            coefficient = coefficient.mul(if n < 0 { c.inverse()? } else { c })?;
        }
        let monomial = Monomial(m.0.iter().map(|&(id, e)| (id, e * n)).filter(|(_, e)| *e != 0).collect());
        if monomial.0.iter().any(|(_, e)| e.abs() > EXPONENT) {
            return None;
        }
        Some(Poly(BTreeMap::from([(monomial, coefficient)])))
    }
}
