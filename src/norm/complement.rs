//! Functions that add up to a constant, such as `sigmoid(x) + sigmoid(-x) = 1`.
//!
//! A polynomial in one of them that vanishes with the other loses all digits there. Written as a multiple of both it keeps
//! them; and what is symmetric in the two is a polynomial in their product.

use std::collections::BTreeMap;

use super::lower::Writer;
use super::poly::{Monomial, Poly};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};

/// Degrees beyond which nothing is tried.
const DEGREE: usize = 24;

/// `left + right = constant` for products of functions.
pub(super) struct Pair {
    left: Monomial,
    right: Monomial,
    constant: Ratio,
}

/// What was found for a polynomial without `left`.
pub(super) struct Factored {
    /// The same in terms of both, their product and their difference.
    pub(super) poly: Poly,
    /// Factors of all of it: `left`, `right`.
    pub(super) factors: (bool, bool),
    /// More than the factor `right` was found.
    pub(super) gained: bool,
}

impl Pair {
    /// An equation `left = constant - right`.
    pub(super) fn of(left: &Monomial, equal: &Poly) -> Option<Pair> {
        let constant = *equal.0.iter().find(|(m, _)| m.0.is_empty())?.1;
        let rest = equal.add(&Poly::constant(constant.neg()))?.neg();
        let (right, c) = rest.single()?;
        (c == Ratio::ONE).then(|| Pair { left: left.clone(), right: right.clone(), constant })
    }

    /// Does `p` show the factors that it has?
    pub(super) fn shows(&self, p: &Poly, (left, right): (bool, bool)) -> bool {
        let divides = |by: &Monomial| p.0.keys().all(|m| times(m, by).0 > 0);
        (!left || divides(&self.left)) && (!right || divides(&self.right))
    }

    /// Do some terms of `p` add up to a multiple of `left` that is not written as one? `x - x * right` loses all digits
    /// where `left` vanishes, whatever else is added.
    pub(super) fn hides(&self, p: &Poly) -> bool {
        let groups = self.groups(p).unwrap_or_default();
        groups.into_values().any(|c| self.shape(c).is_some_and(|s| s.left > 0))
    }

    /// `p` as polynomials in `right`, by what stands beside its powers.
    fn groups(&self, p: &Poly) -> Option<BTreeMap<Monomial, Vec<Ratio>>> {
        let mut groups: BTreeMap<Monomial, Vec<Ratio>> = BTreeMap::new();
        for (m, c) in &p.0 {
            let (n, rest) = times(m, &self.right);
            if n > DEGREE {
                return None;
            }
            let of = groups.entry(rest).or_default();
            of.resize(of.len().max(n + 1), Ratio::ZERO);
            of[n] = *c;
        }
        Some(groups)
    }

    /// `p`, in which `left` does not occur, with factors and symmetry shown.
    pub(super) fn factored(&self, graph: &mut Graph, p: &Poly) -> Option<Factored> {
        // Nothing to find where `right` does not occur.
        if p.0.keys().all(|m| times(m, &self.right).0 == 0) {
            return None;
        }
        let groups = self.groups(p)?;
        let (mut poly, mut factors, mut gained) = (Poly::default(), (true, true), false);
        let mut nodes = None;
        for (rest, coefficients) in groups {
            let shape = self.shape(coefficients)?;
            if (shape.symmetric || shape.differences > 0) && nodes.is_none() {
                nodes = Some(self.nodes(graph)?);
            }
            factors = (factors.0 && shape.left > 0, factors.1 && shape.right > 0);
            gained |= shape.left > 0 || shape.differences > 0 || shape.symmetric;
            poly = poly.add(&self.written(&rest, &shape, nodes)?)?;
        }
        (!poly.0.is_empty()).then_some(Factored { poly, factors, gained })
    }

    /// The product and the difference, as nodes.
    fn nodes(&self, graph: &mut Graph) -> Option<(Id, Id)> {
        let term = |m: &Monomial| Poly::default().with(m.clone(), Ratio::ONE);
        let (left, right) = (term(&self.left), term(&self.right));
        let mut writer = Writer::new(graph);
        let product = writer.best(&left.mul(&right)?)?;
        let difference = writer.best(&left.add(&right.neg())?)?;
        Some((product, difference))
    }

    fn shape(&self, mut p: Vec<Ratio>) -> Option<Shape> {
        let mut shape = Shape { right: 0, left: 0, differences: 0, symmetric: false, terms: Vec::new() };
        let one = Ratio::ONE;
        while p.first().is_some_and(|c| c.is_zero()) {
            p.remove(0);
            shape.right += 1;
        }
        while let Some(q) = divided(&p, &[self.constant, one.neg()])? {
            p = q;
            shape.left += 1;
        }
        // Their difference is `constant - 2 * right`.
        let mut halved = p.clone();
        let mut differences = 0;
        while let Some(q) = divided(&halved, &[self.constant, one.neg().add(one.neg())?])? {
            halved = q;
            differences += 1;
        }
        shape.terms = p;
        if let Some(digits) = symmetric(&halved, &[Ratio::ZERO, self.constant, one.neg()])?
            && (digits.len() > 1 || differences > 0)
        {
            shape.symmetric = digits.len() > 1;
            shape.terms = digits;
            shape.differences = differences;
        }
        Some(shape)
    }

    fn written(&self, rest: &Monomial, s: &Shape, nodes: Option<(Id, Id)>) -> Option<Poly> {
        let power = |m: &Monomial, n: usize| -> Option<Monomial> {
            (0..n).try_fold(Monomial::default(), |out, _| out.mul(m))
        };
        let (mut left, mut right) = (s.left, s.right);
        let mut factor = rest.clone();
        if s.symmetric {
            let (product, _) = nodes?;
            let both = left.min(right);
            (left, right) = (left - both, right - both);
            factor = factor.mul(&power(&Monomial::atom(product, 2), both)?)?;
        }
        factor = factor.mul(&power(&self.left, left)?)?.mul(&power(&self.right, right)?)?;
        if s.differences > 0 {
            factor = factor.mul(&power(&Monomial::atom(nodes?.1, 2), s.differences)?)?;
        }
        let step = if s.symmetric { Monomial::atom(nodes?.0, 2) } else { self.right.clone() };
        let mut out = Poly::default();
        for (n, c) in s.terms.iter().enumerate().filter(|(_, c)| !c.is_zero()) {
            out = out.add(&Poly::default().with(factor.mul(&power(&step, n)?)?, *c))?;
        }
        Some(out)
    }
}

/// A polynomial in `right`: powers of both, of their difference, and what remains.
struct Shape {
    right: usize,
    left: usize,
    differences: usize,
    /// Do the terms stand for powers of the product, rather than of `right`?
    symmetric: bool,
    terms: Vec<Ratio>,
}

/// How often a monomial holds another, and what remains.
fn times(m: &Monomial, by: &Monomial) -> (usize, Monomial) {
    let inverse = Monomial(by.0.iter().map(|&(id, e)| (id, -e)).collect());
    let holds = |m: &Monomial| {
        !by.0.is_empty()
            && by.0.iter().all(|&(id, e)| {
                let have = m.exponent(id);
                if e > 0 { have >= e } else { have <= e }
            })
    };
    let (mut n, mut rest) = (0, m.clone());
    while holds(&rest)
        && let Some(next) = rest.mul(&inverse)
    {
        rest = next;
        n += 1;
    }
    (n, rest)
}

/// Quotient and remainder; coefficients from the constant up.
fn division(p: &[Ratio], d: &[Ratio]) -> Option<(Vec<Ratio>, Vec<Ratio>)> {
    let lead = d.last()?.inverse()?;
    let mut left = p.to_vec();
    let mut quotient = vec![Ratio::ZERO; p.len().saturating_sub(d.len() - 1)];
    for at in (0..quotient.len()).rev() {
        let c = left[at + d.len() - 1].mul(lead)?;
        quotient[at] = c;
        for (i, b) in d.iter().enumerate() {
            left[at + i] = left[at + i].add(c.mul(*b)?.neg())?;
        }
    }
    left.truncate((d.len() - 1).min(p.len()));
    Some((quotient, left))
}

/// The quotient, when it is exact and `p` is no constant.
#[allow(clippy::option_option, reason = "the outer one is a number that does not fit")]
fn divided(p: &[Ratio], d: &[Ratio]) -> Option<Option<Vec<Ratio>>> {
    if p.len() < d.len() {
        return Some(None);
    }
    let (quotient, rest) = division(p, d)?;
    Some(rest.iter().all(|c| c.is_zero()).then_some(quotient))
}

/// `p` as a polynomial in `q`: its coefficients, where they are all numbers.
#[allow(clippy::option_option, reason = "the outer one is a number that does not fit")]
fn symmetric(p: &[Ratio], q: &[Ratio]) -> Option<Option<Vec<Ratio>>> {
    let mut out = Vec::new();
    let mut left = p.to_vec();
    while !left.is_empty() {
        let (quotient, rest) = division(&left, q)?;
        if rest.iter().skip(1).any(|c| !c.is_zero()) {
            return Some(None);
        }
        out.push(rest.first().copied().unwrap_or(Ratio::ZERO));
        left = quotient;
    }
    Some(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(c: &[f64]) -> Vec<Ratio> {
        c.iter().map(|&x| Ratio::from_f64(x).unwrap()).collect()
    }

    #[test]
    fn factors_and_symmetry_are_found() {
        let pair = Pair { left: Monomial::atom(1, 2), right: Monomial::atom(2, 2), constant: Ratio::ONE };
        // The fifth derivative of the logistic function: s (1 - s) (1 - 30 s (1 - s) + 120 s**2 (1 - s)**2).
        let s = pair.shape(numbers(&[0.0, 1.0, -31.0, 180.0, -390.0, 360.0, -120.0])).unwrap();
        assert_eq!((s.right, s.left, s.differences, s.symmetric), (1, 1, 0, true));
        assert_eq!(s.terms, numbers(&[1.0, -30.0, 120.0]));
        // The second: s (1 - s) (1 - 2 s).
        let s = pair.shape(numbers(&[0.0, 1.0, -3.0, 2.0])).unwrap();
        assert_eq!((s.right, s.left, s.differences, s.symmetric), (1, 1, 1, false));
        // No factor, no symmetry.
        let s = pair.shape(numbers(&[3.0, 1.0])).unwrap();
        assert_eq!((s.right, s.left, s.differences, s.symmetric), (0, 0, 0, false));
        assert_eq!(s.terms, numbers(&[3.0, 1.0]));
    }
}
