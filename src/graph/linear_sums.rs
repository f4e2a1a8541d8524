//! Sums along rows of what is linear in factors of whole rows: the sums go without the factors.
//!
//! `sum(s * a - t * b, axis=1)`, where `s` and `t` are numbers for each row that come from sums along the same rows,
//! takes a pass of its own once they are known. `s * sum(a) - t * sum(b)` takes none: its sums go along with those
//! for `s` and `t`. A gradient through a normalization has such a sum.
//!
//! Every operand of the sum must be a product with such a factor. It is rounded, and so is its factor; what that
//! leaves of an element is about what rounding leaves of the sums apart, whatever cancels afterwards. A plain `a` in
//! the place of `s * a` may be exact, and its differences too: there the sum stays.

use smallvec::SmallVec;

use super::arena::{Graph, Id};
use super::copy::NOWHERE;
use crate::expr::TypeError;
use crate::op::{Attr, Kernel, Law, Op, Ring};

/// Operands of a sum, and factors of an operand, at most.
const MOST: usize = 4;

/// One operand of a sum: is it subtracted, its factors for whole rows, the others.
struct Part {
    less: bool,
    rows: SmallVec<[Id; MOST]>,
    rest: SmallVec<[Id; MOST]>,
}

/// The graph with such sums split; `None` where it has none.
///
/// # Errors
/// None that the graph itself has not: it is typed already.
pub fn linear_sums(graph: &Graph, roots: &[Id]) -> Result<Option<(Graph, Vec<Id>)>, TypeError> {
    let order = graph.reachable(roots);
    let mut passes = vec![0u32; graph.len()];
    let mut found: Vec<(Id, Vec<Part>)> = Vec::new();
    for &id in &order {
        let before = graph.node(id).args.iter().map(|&a| passes[a as usize]).max().unwrap_or(0);
        passes[id as usize] = before + u32::from(is_reduction(graph, id));
        if let Some(parts) = parts(graph, id).filter(|parts| sooner(graph, parts, &passes, before)) {
            passes[id as usize] = before;
            found.push((id, parts));
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let mut out = graph.of_same_inputs();
    let mut at: Vec<Id> = vec![NOWHERE; graph.len()];
    for id in order {
        let split = found.binary_search_by_key(&id, |(id, _)| *id).ok().map(|k| &found[k].1);
        at[id as usize] = match (graph.application(id), split) {
            (Some((op, attr, _)), Some(parts)) => written(&mut out, (op, attr), parts, &at)?,
            _ => out.copy(graph, id, &at)?,
        };
    }
    Ok(Some((out, roots.iter().map(|&r| at[r as usize]).collect())))
}

fn is_reduction(graph: &Graph, id: Id) -> bool {
    graph.application(id).is_some_and(|(op, ..)| matches!(op.def().kernel, Kernel::Reduce { .. }))
}

/// Is every sum without its factors there sooner than the factors, which are needed for none of them? The last
/// factors are there when `before` passes are done.
fn sooner(graph: &Graph, parts: &[Part], passes: &[u32], before: u32) -> bool {
    let last = |ids: &[Id]| ids.iter().map(|&x| passes[x as usize]).max().unwrap_or(0);
    let computed = |x: &Id| graph.application(*x).is_some();
    parts.iter().all(|p| last(&p.rest) < before && p.rows.iter().any(computed))
}

/// The operands of a sum along the last axes of an array, each with a factor for whole rows.
fn parts(graph: &Graph, id: Id) -> Option<Vec<Part>> {
    let (op, attr, &[operand]) = graph.application(id)? else { return None };
    let ty = graph.ty(operand);
    let (rank, kept) = (ty.rank(), graph.ty(id).rank());
    if !op.def().has(Law::Total) || !ty.dtype.is_float() || kept == 0 {
        return None;
    }
    if attr.axes(rank).into_iter().ne(kept..rank) {
        return None;
    }
    let mut open: SmallVec<[(Id, bool); MOST]> = SmallVec::from_slice(&[(operand, false)]);
    let mut parts = Vec::new();
    while let Some((x, less)) = open.pop() {
        let (op, _, args) = graph.application(x)?;
        match (op.def().ring, args) {
            (Ring::Sum, &[a, b]) => open.extend([(b, less), (a, less)]),
            (Ring::Difference, &[a, b]) => open.extend([(b, !less), (a, less)]),
            (Ring::Opposite, &[a]) => open.push((a, !less)),
            _ => parts.push(part(graph, x, less, operand, kept)?),
        }
        if open.len() + parts.len() > MOST {
            return None;
        }
    }
    Some(parts)
}

/// The factors of a product that is part of an operand; a row is what is along the axes from `kept` on.
fn part(graph: &Graph, product: Id, less: bool, operand: Id, kept: usize) -> Option<Part> {
    let shape = |x: Id| &graph.ty(x).shape;
    let rank = shape(operand).dims().len();
    let mut part = Part { less, rows: SmallVec::new(), rest: SmallVec::new() };
    let mut open: SmallVec<[Id; MOST]> = SmallVec::from_slice(&[product]);
    let mut whole = false;
    while let Some(x) = open.pop() {
        let dims = shape(x).dims();
        let per_row = dims.len() == rank && dims[kept..].iter().all(|d| d.is_one());
        if per_row || dims.is_empty() {
            whole |= per_row;
            part.rows.push(x);
        } else if let Some((op, _, &[a, b])) = graph.application(x)
            && op.def().ring == Ring::Product
            && open.len() + part.rows.len() + part.rest.len() + 2 <= 2 * MOST
        {
            open.extend([b, a]);
        } else {
            part.rest.push(x);
        }
    }
    // What is summed has rows as long.
    let row = |x: Id| shape(x).dims()[kept..].to_vec();
    let all = |x: &Id| shape(*x).dims().len() == rank && row(*x) == row(operand);
    (whole && part.rest.iter().any(all)).then_some(part)
}

/// The sums, each with its factors.
fn written(out: &mut Graph, (op, attr): (Op, &Attr), parts: &[Part], at: &[Id]) -> Result<Id, TypeError> {
    let of_ring = |out: &mut Graph, ring: Ring, args: &[Id]| match Op::of_ring(ring) {
        Some(op) => out.add(op, &Attr::None, args),
        None => Ok(args[0]),
    };
    let mut total = None;
    for part in parts {
        let mut rest = at[part.rest[0] as usize];
        for &x in &part.rest[1..] {
            rest = of_ring(out, Ring::Product, &[rest, at[x as usize]])?;
        }
        let mut y = out.add(op, attr, &[rest])?;
        let kept = out.ty(y).rank();
        for &factor in &part.rows {
            let mut factor = at[factor as usize];
            if out.ty(factor).rank() > 0 {
                let kept = Attr::Perm((0..kept).map(Some).collect());
                factor = out.add(Op::reordering(), &kept, &[factor])?;
            }
            y = of_ring(out, Ring::Product, &[factor, y])?;
        }
        total = Some(match (total, part.less) {
            (None, false) => y,
            (None, true) => of_ring(out, Ring::Opposite, &[y])?,
            (Some(total), false) => of_ring(out, Ring::Sum, &[total, y])?,
            (Some(total), true) => of_ring(out, Ring::Difference, &[total, y])?,
        });
    }
    Ok(total.unwrap_or(Id::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;
    use crate::graph::import;
    use crate::prelude::*;

    /// How many sums of an expression there are before and after, where some are split.
    fn sums(e: &Expr) -> Option<(usize, usize)> {
        let inputs = [dmatrix("x"), dmatrix("y"), dvector("v")];
        let imported = import(&inputs, std::slice::from_ref(e)).unwrap_or_else(|e| panic!("{e}"));
        let count = |graph: &Graph, roots: &[Id]| {
            graph.reachable(roots).iter().filter(|&&id| is_reduction(graph, id)).count()
        };
        let (graph, roots) = (imported.graph, imported.roots);
        let split = linear_sums(&graph, &roots).unwrap_or_else(|e| panic!("{e}"))?;
        Some((count(&graph, &roots), count(&split.0, &split.1)))
    }

    fn column(e: &Expr) -> Expr {
        e.dimshuffle([Some(0), None])
    }

    #[test]
    fn sums_that_wait_for_factors_of_their_rows() {
        let (x, y, v) = (dmatrix("x"), dmatrix("y"), dvector("v"));
        let s = column(&x.sqr().sum_axes(&[1]).sqrt());
        // One sum more, and no pass for it.
        assert_eq!(sums(&(&s * &x - (&s * &s) * &y).sum_axes(&[1])), Some((2, 3)));
        assert_eq!(sums(&(&s * (&x * &v)).sum_axes(&[1])), Some((2, 2)));
        // These factors are there from the beginning.
        assert_eq!(sums(&(column(&v) * &x - column(&v) * &y).sum_axes(&[1])), None);
        // An operand without factor may be exact, and cancel.
        assert_eq!(sums(&(&s * &x - &y).sum_axes(&[1])), None);
        assert_eq!(sums(&(&x - &s).sum_axes(&[1])), None);
        // The sum without its factor takes a pass of its own, too.
        assert_eq!(sums(&(&s * (&s + &x).exp()).sum_axes(&[1])), None);
        // Along columns a factor of rows stays.
        assert_eq!(sums(&(&s * &x).sum_axes(&[0])), None);
    }
}
