//! Polynomials: sums of monomials over indeterminates, negative and half exponents included.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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
        // A power of zero is the unit, which has no indeterminate.
        if halves == 0 { Monomial::default() } else { Monomial(vec![(id, halves)]) }
    }

    pub(super) fn mul(&self, o: &Monomial) -> Option<Monomial> {
        let mut out = Vec::with_capacity(self.0.len() + o.0.len());
        let (mut a, mut b) = (self.0.as_slice(), o.0.as_slice());
        while let (Some(&(i, e)), Some(&(j, f))) = (a.first(), b.first()) {
            let both = match i.cmp(&j) {
                Ordering::Less => (i, e),
                Ordering::Greater => (j, f),
                Ordering::Equal => (i, e + f),
            };
            if both.1 != 0 {
                out.push(both);
            }
            a = &a[usize::from(i <= j)..];
            b = &b[usize::from(j <= i)..];
        }
        out.extend_from_slice(a);
        out.extend_from_slice(b);
        out.iter().all(|(_, e)| e.abs() <= EXPONENT).then_some(Monomial(out))
    }

    pub(super) fn exponent(&self, id: Id) -> i32 {
        self.0.iter().find(|(a, _)| *a == id).map_or(0, |(_, e)| *e)
    }
}

/// A sum of monomials with non-zero coefficients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
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
        out.gather(o)?;
        Some(out)
    }

    /// Adds all terms of another; `None` where there are too many.
    pub(super) fn gather(&mut self, o: &Poly) -> Option<()> {
        for (m, c) in &o.0 {
            self.accumulate(m.clone(), *c)?;
        }
        (self.0.len() <= 8 * TERMS).then_some(())
    }

    /// Adds a term.
    pub(super) fn accumulate(&mut self, m: Monomial, c: Ratio) -> Option<()> {
        match self.0.entry(m) {
            Entry::Vacant(slot) if !c.is_zero() => {
                slot.insert(c);
            }
            Entry::Vacant(_) => {}
            Entry::Occupied(mut slot) => {
                let sum = slot.get().add(c)?;
                if sum.is_zero() {
                    slot.remove();
                } else {
                    *slot.get_mut() = sum;
                }
            }
        }
        Some(())
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
                out.accumulate(m.mul(n)?, c.mul(*d)?)?;
            }
        }
        (out.0.len() <= 8 * TERMS).then_some(out)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_zero_leaves_no_trace() {
        let m = Monomial::atom(1, 2);
        assert_eq!(m.mul(&Monomial::atom(7, 0)), Some(m.clone()));
        assert_eq!(m.mul(&Monomial::atom(1, -2)), Some(Monomial::default()));
    }
}
