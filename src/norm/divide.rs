//! Exact division and roots of polynomials.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::poly::{Monomial, Poly};
use super::ratio::Ratio;

/// Terms of a quotient or a root at most.
const TERMS: usize = 16;

/// Lexicographic: the first indeterminate whose exponents differ decides. Products respect it, which division needs.
fn order(a: &Monomial, b: &Monomial) -> Ordering {
    let (mut x, mut y) = (a.0.iter().peekable(), b.0.iter().peekable());
    loop {
        match (x.peek(), y.peek()) {
            (None, None) => return Ordering::Equal,
            (Some((_, e)), None) => return e.cmp(&0),
            (None, Some((_, f))) => return 0.cmp(f),
            (Some((i, e)), Some((j, f))) => match i.cmp(j) {
                Ordering::Less => return e.cmp(&0),
                Ordering::Greater => return 0.cmp(f),
                Ordering::Equal if e != f => return e.cmp(f),
                Ordering::Equal => {
                    x.next();
                    y.next();
                }
            },
        }
    }
}

fn lead(p: &Poly) -> Option<(&Monomial, Ratio)> {
    p.0.iter().max_by(|a, b| order(a.0, b.0)).map(|(m, c)| (m, *c))
}

fn term(m: Monomial, c: Ratio) -> Poly {
    Poly(BTreeMap::from([(m, c)]))
}

/// `a / b`, with no negative exponent.
fn over(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let inverse = Monomial(b.0.iter().map(|&(id, e)| (id, -e)).collect());
    a.mul(&inverse).filter(|m| m.0.iter().all(|(_, e)| *e > 0))
}

/// Does no indeterminate stand in a denominator?
pub(super) fn is_whole(p: &Poly) -> bool {
    p.0.keys().all(|m| m.0.iter().all(|(_, e)| *e > 0))
}

/// `p / d`, when that is a polynomial.
pub(super) fn exact(p: &Poly, d: &Poly) -> Option<Poly> {
    if !is_whole(p) || !is_whole(d) {
        return None;
    }
    let (below, c) = lead(d)?;
    let inverse = c.inverse()?;
    // Most do not divide, and the first step tells.
    if let Some((above, _)) = lead(p) {
        over(above, below)?;
    }
    let mut left = p.clone();
    let mut quotient = Poly::default();
    while let Some((above, a)) = lead(&left) {
        if quotient.0.len() == TERMS {
            return None;
        }
        let next = term(over(above, below)?, a.mul(inverse)?);
        left.gather(&d.mul(&next)?.neg())?;
        quotient.gather(&next)?;
    }
    Some(quotient)
}

/// Powers of sums that are looked for; others are powers of these.
const POWERS: [u8; 4] = [2, 3, 5, 7];

/// `c`, `r` and `n` with `p = c * r**n` and `n > 1`, where `r` has several terms.
pub(super) fn power(p: &Poly) -> Option<(Ratio, Poly, u8)> {
    if p.0.len() < 3 || !is_whole(p) {
        return None;
    }
    let found = |p: &Poly| {
        POWERS.into_iter().take_while(|&n| p.0.len() > usize::from(n)).find_map(|n| {
            let (c, r) = root(p, n)?;
            Some((c, r, n))
        })
    };
    let (mut c, mut r, mut n) = found(p)?;
    // The first coefficient of a root is one, so a root of a root has no factor.
    while let Some((Ratio::ONE, next, times)) = found(&r) {
        (r, n) = (next, n.checked_mul(times)?);
    }
    if let Some(d) = c.root(n) {
        (c, r) = (Ratio::ONE, r.mul(&Poly::constant(d))?);
    }
    Some((c, r, n))
}

/// `c` and `r` with `p = c * r**n`.
fn root(p: &Poly, n: u8) -> Option<(Ratio, Poly)> {
    let (m, c) = lead(p)?;
    let degree = i32::from(n);
    if m.0.iter().any(|(_, e)| e % (2 * degree) != 0) {
        return None;
    }
    let first = Monomial(m.0.iter().map(|&(id, e)| (id, e / degree)).collect());
    let times = |q: &Poly, n: u8| (1..n).try_fold(q.clone(), |all, _| all.mul(q));
    let scaled = p.mul(&Poly::constant(c.inverse()?))?;
    let part = Ratio::from_f64(f64::from(n))?.inverse()?;
    // What the next term is multiplied by in the first term of the rest.
    let beside = Monomial(first.0.iter().map(|&(id, e)| (id, e * (degree - 1))).collect());
    let mut root = term(first, Ratio::ONE);
    loop {
        let rest = scaled.add(&times(&root, n)?.neg())?;
        let Some((m, a)) = lead(&rest) else { return (root.0.len() > 1).then_some((c, root)) };
        let next = over(m, &beside)?;
        // The terms of a root come in descending order; anything else is not one.
        if root.0.len() == TERMS || root.0.keys().any(|r| order(r, &next) != Ordering::Greater) {
            return None;
        }
        root = root.add(&term(next, a.mul(part)?))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x(id: u32) -> Poly {
        Poly::atom(id)
    }

    fn number(c: f64) -> Poly {
        Poly::constant(Ratio::from_f64(c).unwrap())
    }

    #[test]
    fn quotients_are_exact_or_none() {
        let (a, b) = (x(1), x(2));
        let d = a.add(&b.neg()).unwrap();
        let cubes =
            a.mul(&a).unwrap().mul(&a).unwrap().add(&b.mul(&b).unwrap().mul(&b).unwrap().neg()).unwrap();
        let q = exact(&cubes, &d).unwrap();
        assert_eq!(q.mul(&d).unwrap(), cubes);
        assert_eq!(exact(&cubes.add(&number(1.0)).unwrap(), &d), None);
        assert_eq!(exact(&number(3.0), &d), None);
    }

    #[test]
    fn powers_are_found() {
        let two = x(1).add(&x(2).mul(&number(-3.0)).unwrap()).unwrap();
        let three = two.add(&number(1.0)).unwrap();
        for (r, powers) in [(two, 6), (three, 3)] {
            let mut p = r.clone();
            for n in 2..=powers {
                p = p.mul(&r).unwrap();
                let scaled = p.mul(&number(-5.0)).unwrap();
                let (c, root, found) = power(&scaled).unwrap();
                let all = (1..found).fold(root.clone(), |all, _| all.mul(&root).unwrap());
                assert_eq!(all.mul(&Poly::constant(c)).unwrap(), scaled);
                assert_eq!(found, n);
                assert_eq!(power(&scaled.add(&x(1)).unwrap()), None);
            }
        }
        assert_eq!(power(&x(1).mul(&x(1)).unwrap()), None);
        // A coefficient that has a root goes in.
        let r = x(1).mul(&number(2.0)).unwrap().add(&x(2).neg()).unwrap();
        let cube = r.mul(&r).unwrap().mul(&r).unwrap();
        assert_eq!(power(&cube), Some((Ratio::ONE, r, 3)));
    }
}
