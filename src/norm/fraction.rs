//! Sums of fractions over one denominator.
//!
//! The derivative of a quotient arrives as `1/s - x/s**2` with a sum `s`. Over the common denominator `s**2` the sum
//! may be written out in the numerator, where terms cancel: `s = 1 + x` leaves `1/s**2`.

use super::atoms::Reader;
use super::divide::{exact, is_whole, power};
use super::lower::Writer;
use super::poly::{Monomial, Poly, TERMS};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};

/// Sums of the neighbourhood that are tried as factors.
const FACTORS: usize = 12;
/// Substitutions in one numerator.
const STEPS: usize = 8;

/// A numerator over a product.
pub(super) struct Fraction {
    pub(super) above: Poly,
    pub(super) below: Monomial,
    /// A sum of the denominator divided the numerator.
    divided: bool,
}

/// Other forms of `p`: over one denominator, divided, as a power, as a multiple of a sum that is there.
pub(super) fn forms(graph: &mut Graph, reader: &Reader, p: &Poly) -> Vec<Id> {
    let mut out = Vec::new();
    let Some(fraction) = combined(reader, p) else { return out };
    let simpler = fraction.divided
        || fraction.above.0.len() < p.0.len()
        || fraction.above.0.len() == p.0.len() && !fraction.below.0.is_empty() && p.0.len() > 1;
    let mut writer = Writer::new(graph);
    if simpler {
        out.extend(written(&mut writer, &fraction));
    }
    let Fraction { above, below, .. } = &fraction;
    if let Some((c, root, n)) = power(above)
        && let Some(r) = writer.best(&root)
        && let Some(s) = writer.multiple_of_power(c, r, n)
    {
        out.extend(writer.over(s, below));
    }
    for (id, sum) in reader.sums().take(FACTORS) {
        if sum.0.len() >= above.0.len().max(3) {
            continue;
        }
        if let Some(q) = exact(above, sum)
            && let Some(q) = writer.best(&q)
            && let Some(s) = writer.scaled(q, id)
        {
            out.extend(writer.over(s, below));
        }
    }
    out
}

/// `p` as one term over one denominator, its numerator written out, where that is simpler than several terms.
pub(super) fn as_term(graph: &mut Graph, reader: &Reader, p: &Poly) -> Option<Poly> {
    if p.0.len() < 2 {
        return None;
    }
    let Fraction { above, below, divided } = combined(reader, p)?;
    if below.0.is_empty() || !divided && above.0.len() >= p.0.len() {
        return None;
    }
    let inverse = Monomial(below.0.iter().map(|&(id, e)| (id, -e)).collect());
    let above = if above.0.len() == 1 { above } else { Poly::atom(Writer::new(graph).best(&above)?) };
    above.mul(&Poly::default().with(inverse, Ratio::ONE))
}

fn written(writer: &mut Writer<'_>, f: &Fraction) -> Option<Id> {
    let inverse = Monomial(f.below.0.iter().map(|&(id, e)| (id, -e)).collect());
    if let Some((m, c)) = f.above.single() {
        let all = Poly::default().with(m.mul(&inverse)?, c);
        return writer.best(&all);
    }
    let top = writer.best(&f.above)?;
    writer.over(top, &f.below)
}

/// `p` over one denominator, whose sums are written out above and divided out of both.
pub(super) fn combined(reader: &Reader, p: &Poly) -> Option<Fraction> {
    let mut below = Monomial::default();
    let mut above = p.clone();
    for _ in 0..STEPS {
        // The denominator of all terms.
        let mut worst: Vec<(Id, i32)> = Vec::new();
        for &(id, e) in above.0.keys().flat_map(|m| &m.0).filter(|(_, e)| *e < 0) {
            match worst.iter_mut().find(|(w, _)| *w == id) {
                Some((_, f)) => *f = (*f).min(e),
                None => worst.push((id, e)),
            }
        }
        worst.sort_unstable();
        if !worst.is_empty() {
            let by = Monomial(worst.iter().map(|&(id, e)| (id, -e)).collect());
            above = above.mul(&Poly::default().with(by.clone(), Ratio::ONE))?;
            below = below.mul(&by)?;
        }
        // A sum of the denominator that occurs above is written out.
        let found = below.0.iter().find_map(|&(id, _)| {
            let sum = reader.sum(id)?;
            let there = above.0.keys().any(|m| m.exponent(id) >= 2);
            there.then_some((id, sum))
        });
        let Some((id, sum)) = found else { break };
        above = substituted(&above, id, sum)?;
    }
    if !is_whole(&above) {
        return None;
    }
    let mut divided = false;
    for &(id, e) in &below.clone().0 {
        let Some(sum) = reader.sum(id) else { continue };
        let mut left = e;
        while left >= 2
            && let Some(q) = exact(&above, sum)
        {
            above = q;
            divided = true;
            left -= 2;
            below = below.mul(&Monomial::atom(id, -2))?;
        }
    }
    Some(Fraction { above, below, divided })
}

/// `p` with a sum in the place of the indeterminate that stands for it.
fn substituted(p: &Poly, id: Id, sum: &Poly) -> Option<Poly> {
    let mut out = Poly::default();
    for (m, c) in &p.0 {
        let times = m.exponent(id).max(0) / 2;
        if times == 0 {
            out.accumulate(m.clone(), *c)?;
            continue;
        }
        let rest = m.mul(&Monomial::atom(id, -2 * times))?;
        let mut term = Poly::default().with(rest, *c);
        for _ in 0..times {
            term = term.mul(sum)?;
        }
        out.gather(&term)?;
    }
    (out.0.len() <= 8 * TERMS).then_some(out)
}
