//! Products in sums, rounded once with the sum: what the evaluator computes of an optimized graph.
//!
//! `a * b + c` becomes one operator where nothing else reads the product and it has the lengths and type of the sum.
//! The error is that of one rounding instead of two. A sum of two products of unknowns keeps both roundings: in
//! `x * x - y * y` they cancel where `x = y`, and one alone would leave the error of the other.

use rustc_hash::FxHashMap;

use super::arena::{Graph, Id};
use super::copy::NOWHERE;
use crate::expr::TypeError;
use crate::op::{Attr, Op, Ring, Role};
use crate::ty::Ty;

/// What a sum is made of: its product with two factors, the other operand, and which of them are subtracted.
struct Once {
    factors: [Id; 2],
    other: Id,
    less_product: bool,
    less_other: bool,
}

/// The graph with products that are rounded with their sums; `None` where it has none.
///
/// # Errors
/// None that the graph itself has not: it is typed already.
pub fn round_once(graph: &Graph, roots: &[Id]) -> Result<Option<(Graph, Vec<Id>)>, TypeError> {
    let order = graph.reachable(roots);
    let mut uses = vec![0u32; graph.len()];
    roots.iter().for_each(|&r| uses[r as usize] += 1);
    for &id in &order {
        graph.node(id).args.iter().for_each(|&a| uses[a as usize] += 1);
    }
    let mut inside = vec![false; graph.len()];
    let mut found: FxHashMap<Id, Once> = FxHashMap::default();
    for &id in &order {
        if let Some((product, once)) = once(graph, id, &uses) {
            inside[product as usize] = true;
            found.insert(id, once);
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let mut out = graph.of_same_inputs();
    let mut at: Vec<Id> = vec![NOWHERE; graph.len()];
    for id in order.into_iter().filter(|&id| !inside[id as usize]) {
        at[id as usize] = match found.get(&id) {
            Some(c) => written(&mut out, c, &at)?,
            None => out.copy(graph, id, &at)?,
        };
    }
    Ok(Some((out, roots.iter().map(|&r| at[r as usize]).collect())))
}

fn written(out: &mut Graph, c: &Once, at: &[Id]) -> Result<Id, TypeError> {
    let [mut a, b] = c.factors.map(|f| at[f as usize]);
    let mut other = at[c.other as usize];
    if c.less_product {
        a = opposite(out, a)?;
    }
    if c.less_other {
        other = opposite(out, other)?;
    }
    out.add(Op::multiply_add(), &Attr::None, &[a, b, other])
}

fn opposite(out: &mut Graph, x: Id) -> Result<Id, TypeError> {
    match (out.constant(x), Op::of_ring(Ring::Opposite)) {
        (Some(x), _) => Ok(out.lit(-x)),
        (None, Some(op)) => out.add(op, &Attr::None, &[x]),
        (None, None) => Ok(x),
    }
}

/// The factors of a product.
fn factors(graph: &Graph, id: Id) -> Option<[Id; 2]> {
    match graph.application(id)? {
        (op, _, &[a, b]) if op.def().ring == Ring::Product => Some([a, b]),
        (op, _, &[a]) if op.def().ring == Ring::Square => Some([a, a]),
        _ => None,
    }
}

/// Is every element a number that is known: a constant, or one that is repeated?
fn is_known(graph: &Graph, mut id: Id) -> bool {
    loop {
        id = match graph.application(id) {
            Some((op, _, &[a])) if op.def().role == Role::Move => a,
            _ => return graph.is_constant(id),
        };
    }
}

/// Have elementwise operands of a sum as many elements? Lengths of two names are equal, or the sum is refused.
fn alike(a: &Ty, b: &Ty) -> bool {
    let (m, n) = (a.shape.dims(), b.shape.dims());
    a.dtype == b.dtype && m.len() == n.len() && m.iter().zip(n).all(|(m, n)| m.is_one() == n.is_one())
}

/// Is a node a product of two unknowns, up to constant factors and sign?
fn of_unknowns(graph: &Graph, mut id: Id) -> bool {
    loop {
        id = match (factors(graph, id), graph.application(id)) {
            (Some([a, b]), _) if is_known(graph, a) => b,
            (Some([a, b]), _) if is_known(graph, b) => a,
            (Some(_), _) => return true,
            (None, Some((op, _, &[a]))) if op.def().ring == Ring::Opposite => a,
            _ => return false,
        };
    }
}

/// The product that a sum is rounded with.
fn once(graph: &Graph, id: Id, uses: &[u32]) -> Option<(Id, Once)> {
    let (op, _, &[a, b]) = graph.application(id)? else { return None };
    let minus = match op.def().ring {
        Ring::Sum => false,
        Ring::Difference => true,
        _ => return None,
    };
    let ty = graph.ty(id);
    if !ty.dtype.is_float() || of_unknowns(graph, a) && of_unknowns(graph, b) {
        return None;
    }
    let alike = |x: Id| alike(graph.ty(x), ty);
    let fits = |(product, other, less_product, less_other): (Id, Id, bool, bool)| {
        let mut factors =
            factors(graph, product).filter(|_| uses[product as usize] == 1 && alike(product))?;
        // A sign costs nothing in the loop, and little on a number.
        let signed = |x: Id| graph.ty(x).rank() == 0 || alike(x);
        if less_product && (!signed(factors[0]) || graph.is_constant(factors[1])) {
            factors.swap(0, 1);
        }
        let free = (!less_product || signed(factors[0])) && (!less_other || signed(other));
        free.then_some((product, Once { factors, other, less_product, less_other }))
    };
    // Of two products the later one: the other is there before.
    let sides = [(a, b, false, minus), (b, a, minus, false)];
    let (first, second) = if a > b { (sides[0], sides[1]) } else { (sides[1], sides[0]) };
    fits(first).or_else(|| fits(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;
    use crate::graph::import;
    use crate::op::IndexItem;
    use crate::prelude::*;
    use crate::ty::DType;

    /// How many sums of an expression are rounded with a product, and the type of the result.
    fn of(inputs: &[&Expr], e: &Expr) -> (usize, DType) {
        let inputs: Vec<Expr> = inputs.iter().map(|&x| x.clone()).collect();
        let imported = import(&inputs, std::slice::from_ref(e)).unwrap_or_else(|e| panic!("{e}"));
        let result = round_once(&imported.graph, &imported.roots).unwrap_or_else(|e| panic!("{e}"));
        let (graph, roots) = result.unwrap_or((imported.graph, imported.roots));
        let is = |&id: &Id| graph.application(id).is_some_and(|(op, ..)| op == Op::multiply_add());
        let all = graph.reachable(&roots);
        (all.iter().filter(|id| is(id)).count(), graph.ty(roots[0]).dtype)
    }

    #[test]
    fn products_that_only_a_sum_reads() {
        let (x, y, s) = (dvector("x"), dvector("y"), dscalar("s"));
        let all = [&x, &y, &s];
        let count = |e: &Expr| of(&all, e).0;
        assert_eq!(count(&(&x * &y + &s)), 1);
        assert_eq!(count(&(&s - &x * &y)), 1);
        assert_eq!(count(&(x.sqr() - &y)), 1);
        // A sum of a number's products is no part of the loop.
        assert_eq!(count(&(&s * &s + &x)), 0);
        // Something else reads the product.
        let p = &x * &y;
        assert_eq!(count(&((&p + &s) * p.exp())), 0);
        // They would not cancel.
        assert_eq!(count(&(x.sqr() - y.sqr())), 0);
        assert_eq!(count(&(&x * &y - 4.0 * (&x * &s))), 0);
        // The factor of one is known: no cancellation is expected.
        assert_eq!(count(&(&x * &y + 0.5 * &x)), 1);
        // Parts of other names are as long; a number that is repeated is known.
        let part = |start, stop| x.index(&[IndexItem::Slice { start, stop, step: 1 }]);
        let (a, b) = (part(None, Some(-1)), part(Some(1), None));
        assert_eq!(count(&(&b - a.sqr())), 1);
        assert_eq!(count(&(&x * &y + (1.0 - &x) * crate::expr::fill(&x, 2.0))), 1);
        let chain = ((&x * &y + 1.0) * &x + 2.0) * &y - 3.0;
        assert_eq!(count(&chain), 3);
    }

    #[test]
    fn singles_stay_singles() {
        let (x, y) = (fvector("x"), fvector("y"));
        assert_eq!(of(&[&x, &y], &(0.1 * &x + &y)), (1, DType::F32));
        assert_eq!(of(&[&x, &y], &(&y - 0.1 * &x)), (1, DType::F32));
    }
}
