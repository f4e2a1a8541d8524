//! Writing polynomials back as terms: flat, and factored.

use std::collections::BTreeMap;

use super::poly::{Monomial, Poly};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};
use crate::op::{Attr, Op, Ring};
use crate::ty::DType;

/// Adds terms to a graph.
pub(super) struct Writer<'a> {
    graph: &'a mut Graph,
    /// The type of numbers: doubles, which adapt, or integers.
    dtype: DType,
}

impl<'a> Writer<'a> {
    pub(super) fn new(graph: &'a mut Graph) -> Writer<'a> {
        Writer { graph, dtype: DType::F64 }
    }

    /// A writer of integers.
    pub(super) fn of_integers(graph: &'a mut Graph, dtype: DType) -> Writer<'a> {
        Writer { graph, dtype }
    }

    fn one(&mut self) -> Id {
        if self.dtype.is_int() { self.graph.int(self.dtype, 1) } else { self.graph.lit(1.0) }
    }

    fn is_one(&self, id: Id) -> bool {
        self.graph.is_constant(id) && self.graph.facts(id).constant == Some(1.0)
    }

    /// The flat sum and its greedy factoring.
    pub(super) fn forms(&mut self, p: &Poly) -> Vec<Id> {
        let flat = self.sum(p);
        let factored = self.factored(p);
        [flat, factored].into_iter().flatten().collect()
    }

    /// The factoring, or the flat sum.
    pub(super) fn best(&mut self, p: &Poly) -> Option<Id> {
        self.factored(p).or_else(|| self.sum(p))
    }

    /// `c * r**n`.
    pub(super) fn multiple_of_power(&mut self, c: Ratio, r: Id, n: u8) -> Option<Id> {
        let power = self.power(r, 2 * i32::from(n))?;
        if c == Ratio::ONE {
            return Some(power);
        }
        let c = self.number(c)?;
        self.scaled(c, power)
    }

    /// `a * b`.
    pub(super) fn scaled(&mut self, a: Id, b: Id) -> Option<Id> {
        match (self.is_one(a), self.is_one(b)) {
            (true, _) => Some(b),
            (_, true) => Some(a),
            _ => self.add(Ring::Product, &[a, b]),
        }
    }

    /// `top` over a product.
    pub(super) fn over(&mut self, top: Id, below: &Monomial) -> Option<Id> {
        if below.0.is_empty() {
            return Some(top);
        }
        let bottom = self.term(below, Ratio::ONE)?;
        self.add(Ring::Quotient, &[top, bottom])
    }

    /// `new` broadcast to the type of `like`; `None` when that is impossible.
    pub(super) fn shaped(&mut self, new: Id, like: Id) -> Option<Id> {
        let (have, want) = (self.graph.ty(new).clone(), self.graph.ty(like).clone());
        if have == want {
            return Some(new);
        }
        if have.dtype != want.dtype {
            return None;
        }
        let made = self.graph.add(Op::broadcast(), &Attr::Dims(want.shape.dims().to_vec()), &[new]).ok()?;
        (self.graph.ty(made) == &want).then_some(made)
    }

    pub(super) fn add(&mut self, ring: Ring, args: &[Id]) -> Option<Id> {
        self.graph.add(Op::of_ring(ring)?, &Attr::None, args).ok()
    }

    /// A number, or a function of numbers.
    fn is_closed(&self, id: Id) -> bool {
        let of_numbers = |(_, _, args): (Op, &Attr, &[Id])| args.iter().all(|&a| self.graph.is_constant(a));
        self.graph.is_constant(id) || self.graph.application(id).is_some_and(of_numbers)
    }

    fn size(&self, id: Id) -> usize {
        self.graph.ty(id).rank()
    }

    /// Greedy: the factor that occurs in most terms is taken out, then both parts again.
    fn factored(&mut self, p: &Poly) -> Option<Id> {
        // Recurses over the terms of one polynomial, which are bounded, not over an expression.
        if p.0.len() < 2 {
            return self.sum(p);
        }
        if let Some(merged) = self.merged(p) {
            return self.factored(&merged);
        }
        let Some((atom, halves)) = self.common(p) else { return self.by_coefficient(p) };
        let (mut inside, mut rest) = (Poly::default(), Poly::default());
        for (m, c) in &p.0 {
            let e = m.exponent(atom);
            let here = if halves > 0 { e >= halves } else { e <= halves };
            if here {
                inside.0.insert(m.mul(&Monomial::atom(atom, -halves))?, *c);
            } else {
                rest.0.insert(m.clone(), *c);
            }
        }
        let quotient = self.factored(&inside)?;
        let product = self.times_power(quotient, atom, halves)?;
        if rest.0.is_empty() {
            return Some(product);
        }
        let other = self.factored(&rest)?;
        self.add(Ring::Sum, &[product, other])
    }

    /// The indeterminate, with the exponent of least size, that most terms share.
    fn common(&self, p: &Poly) -> Option<(Id, i32)> {
        // Positive exponents of an indeterminate before negative ones.
        let mut factors: Vec<(Id, bool, i32)> =
            p.0.keys().flat_map(|m| &m.0).map(|&(id, e)| (id, e < 0, e.abs())).collect();
        factors.sort_unstable();
        let mut best: Option<(usize, usize, Id, i32)> = None;
        for alike in factors.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (n, (id, negative, least)) = (alike.len(), alike[0]);
            let key = (n, self.size(id));
            if n >= 2 && best.is_none_or(|(m, s, _, _)| key > (m, s)) {
                best = Some((n, key.1, id, if negative { -least } else { least }));
            }
        }
        best.map(|(_, _, id, e)| (id, e))
    }

    /// With one indeterminate in the place of two of the same size that occur in the same terms, in some but not in all:
    /// what divides each of `p*x/q + p*y/q + z` is computed once.
    fn merged(&mut self, p: &Poly) -> Option<Poly> {
        let mut patterns: BTreeMap<Id, Vec<(usize, i32)>> = BTreeMap::new();
        for (i, m) in p.0.keys().enumerate() {
            m.0.iter().for_each(|&(id, e)| patterns.entry(id).or_default().push((i, e)));
        }
        patterns.retain(|_, at| at.len() > 1 && at.len() < p.0.len() && at.iter().all(|(_, e)| e % 2 == 0));
        let same = |a: &[(usize, i32)], b: &[(usize, i32)], sign: i32| {
            a.len() == b.len() && a.iter().zip(b).all(|(&(i, e), &(j, f))| i == j && e == sign * f)
        };
        let (a, b, quotient) = patterns.iter().find_map(|(&a, v)| {
            let (&b, w) = patterns
                .range(a + 1..)
                .find(|(b, w)| self.size(a) == self.size(**b) && (same(v, w, 1) || same(v, w, -1)))?;
            let above = v[0].1 > 0;
            match (same(v, w, 1), above) {
                (true, _) => Some((a, b, false)),
                (false, true) => Some((a, b, true)),
                (false, false) => Some((b, a, true)),
            }
        })?;
        let both = self.add(if quotient { Ring::Quotient } else { Ring::Product }, &[a, b])?;
        let mut out = Poly::default();
        for (m, c) in &p.0 {
            let (e, f) = (m.exponent(a), m.exponent(b));
            let rest = m.mul(&Monomial::atom(a, -e))?.mul(&Monomial::atom(b, -f))?;
            out.accumulate(rest.mul(&Monomial::atom(both, e))?, *c)?;
        }
        (out.0.len() == p.0.len()).then_some(out)
    }

    pub(super) fn times_power(&mut self, x: Id, atom: Id, halves: i32) -> Option<Id> {
        let power = self.power(atom, halves.abs())?;
        match (halves > 0, self.is_one(x)) {
            (true, true) => Some(power),
            (true, _) => self.add(Ring::Product, &[x, power]),
            (false, _) => self.add(Ring::Quotient, &[x, power]),
        }
    }

    /// Terms of one coefficient together: `2*x + 2*y` is `2*(x + y)`.
    fn by_coefficient(&mut self, p: &Poly) -> Option<Id> {
        let mut sizes: Vec<Ratio> = p.0.values().map(|c| c.abs()).collect();
        sizes.sort();
        let shared = sizes.windows(2).find(|w| w[0] == w[1] && w[0] != Ratio::ONE).map(|w| w[0]);
        let Some(k) = shared else { return self.sum(p) };
        let (mut inside, mut rest) = (Poly::default(), Poly::default());
        for (m, c) in &p.0 {
            if c.abs() == k {
                inside.0.insert(m.clone(), if c.is_negative() { Ratio::ONE.neg() } else { Ratio::ONE });
            } else {
                rest.0.insert(m.clone(), *c);
            }
        }
        let unit = self.sum(&inside)?;
        let number = self.number(k)?;
        let product = self.add(Ring::Product, &[number, unit])?;
        if rest.0.is_empty() {
            return Some(product);
        }
        let other = self.by_coefficient(&rest)?;
        self.add(Ring::Sum, &[product, other])
    }

    /// Positive terms are added, negative ones subtracted; small shapes first.
    pub(super) fn sum(&mut self, p: &Poly) -> Option<Id> {
        let mut terms: Vec<(bool, Id)> = Vec::with_capacity(p.0.len());
        for (m, c) in &p.0 {
            terms.push((c.is_negative(), self.term(m, c.abs())?));
        }
        terms.sort_by_key(|&(negative, id)| (self.size(id), negative, id));
        // Within one shape, start from something positive.
        if let Some(first) = terms.iter().position(|(negative, _)| !negative) {
            let head = terms.remove(first);
            terms.insert(0, head);
        }
        let Some(&(negative, first)) = terms.first() else { return self.number(Ratio::ZERO) };
        // A sign that others turn as well is turned once.
        if negative
            && let Some(at) = terms.iter().position(|&(_, id)| self.opposite(id).is_some())
            && let Some(head) = self.opposite(terms.remove(at).1)
        {
            return terms
                .into_iter()
                .try_fold(head, |total, (_, id)| self.add(Ring::Difference, &[total, id]));
        }
        if negative && let Some(total) = self.all_negative(p) {
            return Some(total);
        }
        let all_negative = negative;
        let mut total = first;
        for &(negative, id) in &terms[1..] {
            let ring = if negative == all_negative { Ring::Sum } else { Ring::Difference };
            total = self.add(ring, &[total, id])?;
        }
        if all_negative { self.add(Ring::Opposite, &[total]) } else { Some(total) }
    }

    /// A sum of negative terms that begins with one whose sign is cheap: that of a number, or of a part of smaller shape.
    fn all_negative(&mut self, p: &Poly) -> Option<Id> {
        let cheap = |w: &Self, m: &Monomial, c: &Ratio| {
            let ranks = || m.0.iter().map(|(id, _)| w.size(*id));
            c.abs() != Ratio::ONE && !m.0.is_empty() || ranks().min() < ranks().max()
        };
        let (head, coefficient) = p.0.iter().find(|(m, c)| cheap(self, m, c))?;
        let mut total = self.signed(head, coefficient.abs(), true)?;
        for (m, c) in p.0.iter().filter(|(m, _)| *m != head) {
            let term = self.term(m, c.abs())?;
            total = self.add(Ring::Difference, &[total, term])?;
        }
        Some(total)
    }

    /// The opposite of a node, if it is here already.
    fn opposite(&self, id: Id) -> Option<Id> {
        self.graph.known(Op::of_ring(Ring::Opposite)?, &[id])
    }

    /// Small shapes first, each with its own divisor, so that large ones are touched once.
    pub(super) fn term(&mut self, m: &Monomial, c: Ratio) -> Option<Id> {
        self.signed(m, c, false)
    }

    /// A term or its opposite, whose sign the number or the smallest shape takes.
    fn signed(&mut self, m: &Monomial, c: Ratio, mut negative: bool) -> Option<Id> {
        let mut ranks: Vec<usize> = m.0.iter().map(|(id, _)| self.size(*id)).collect();
        ranks.push(0);
        ranks.sort_unstable();
        ranks.dedup();
        let mut total: Option<Id> = None;
        for rank in ranks {
            let part = |w: &mut Self, positive: bool| -> Option<Vec<Id>> {
                m.0.iter()
                    .filter(|(id, e)| (*e > 0) == positive && w.graph.ty(*id).rank() == rank)
                    .copied()
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|(id, e)| w.power(id, e.abs()))
                    .collect()
            };
            let (mut above, mut below) = (part(self, true)?, part(self, false)?);
            if rank == 0 && c != Ratio::ONE {
                above.push(self.number(if negative { c.neg() } else { c })?);
                negative = false;
            }
            // Numbers are divided by numbers.
            let closed: Vec<Id> = below.extract_if(.., |id| self.is_closed(*id)).collect();
            if !closed.is_empty() {
                let mut numbers: Vec<Id> = above.extract_if(.., |id| self.is_closed(*id)).collect();
                if numbers.is_empty() {
                    numbers.push(self.one());
                }
                let args = [self.product(numbers)?, self.product(closed)?];
                above.push(self.add(Ring::Quotient, &args)?);
            }
            above.extend(total);
            if above.is_empty() && below.is_empty() {
                continue;
            }
            let top = if above.is_empty() { self.one() } else { self.product(above)? };
            total = Some(if below.is_empty() {
                top
            } else {
                let bottom = self.product(below)?;
                self.add(Ring::Quotient, &[top, bottom])?
            });
            if negative && let Some(x) = total {
                total = Some(self.add(Ring::Opposite, &[x])?);
                negative = false;
            }
        }
        Some(total.unwrap_or_else(|| self.one()))
    }

    /// A single term with what does not vary along every axis last, which a sum over it leaves behind:
    /// `(x * y) * c`. `None` where that is how terms are written anyway.
    pub(super) fn scaled_last(&mut self, p: &Poly) -> Option<Id> {
        let (m, c) = p.single()?;
        let most = m.0.iter().map(|(id, _)| self.graph.ty(*id).rank()).max()?;
        let (large, small): (Vec<_>, Vec<_>) = m.0.iter().copied().partition(|(id, _)| {
            let ty = self.graph.ty(*id);
            ty.rank() == most && !ty.shape.dims().iter().any(crate::ty::Dim::is_one)
        });
        if large.len() < 2 || small.is_empty() && c == Ratio::ONE {
            return None;
        }
        let large = self.term(&Monomial(large), Ratio::ONE)?;
        let small = self.term(&Monomial(small), c)?;
        self.add(Ring::Product, &[large, small])
    }

    /// Numbers first, so that they fold.
    fn product(&mut self, mut factors: Vec<Id>) -> Option<Id> {
        factors.sort_by_key(|&id| (!self.is_closed(id), self.size(id), id));
        let (&first, rest) = factors.split_first()?;
        let mut out = first;
        for &f in rest {
            out = self.add(Ring::Product, &[out, f])?;
        }
        Some(out)
    }

    /// A coefficient; a fraction that doubles cannot hold stays a quotient of constants, which is
    /// computed when a function is made.
    pub(super) fn number(&mut self, c: Ratio) -> Option<Id> {
        if let Some((lo, hi)) = self.dtype.bounds() {
            return c.whole().filter(|x| (lo..=hi).contains(x)).map(|x| self.graph.int(self.dtype, x));
        }
        let (n, d) = c.parts();
        let n = self.graph.lit(n);
        if d == 1.0 {
            return Some(n);
        }
        let d = self.graph.lit(d);
        self.add(Ring::Quotient, &[n, d])
    }

    /// A positive power, by squaring.
    fn power(&mut self, atom: Id, halves: i32) -> Option<Id> {
        let mut out = None;
        if halves % 2 != 0 {
            out = Some(self.add(Ring::Root, &[atom])?);
        }
        let mut n = halves / 2;
        let mut square = atom;
        while n > 0 {
            if n % 2 == 1 {
                out = Some(match out {
                    Some(x) => self.add(Ring::Product, &[x, square])?,
                    None => square,
                });
            }
            n /= 2;
            if n > 0 {
                square = self.add(Ring::Square, &[square])?;
            }
        }
        out
    }
}
