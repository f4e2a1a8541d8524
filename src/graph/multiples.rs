//! Products by constants that are powers of two apart: one of them, and its multiples.
//!
//! `tanh(c * x)` and `sigmoid(2 * c * x)` take one exponential, if that shows. A multiple by a power of two is exact
//! where neither is below the normal range.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::arena::{Graph, Head, Id};
use crate::expr::TypeError;
use crate::op::{Attr, Op, Ring};

/// Constants that are looked at: multiples of such are seldom out of range.
const MODERATE: std::ops::Range<f64> = 1e-6..1e6;

/// The factor and the other operand of a product by a constant.
fn by_constant(graph: &Graph, id: Id) -> Option<(f64, Id)> {
    let (op, _, &[a, b]) = graph.application(id)? else { return None };
    let float = op.def().ring == Ring::Product && graph.ty(id).dtype.is_float();
    [(a, b), (b, a)].into_iter().filter(|_| float).find_map(|(c, x)| {
        let alike = graph.ty(x) == graph.ty(id);
        graph.constant(c).filter(|c| alike && MODERATE.contains(&c.abs())).map(|c| (c, x))
    })
}

/// Products, each with the power of two of its constant.
type Powers = SmallVec<[(u64, Id); 2]>;

/// The power of two of a number, and what is left of it from 1 to 2, by its bits.
fn taken_apart(x: f64) -> (u64, u64) {
    (x.abs().to_bits() >> 52, x.to_bits() & !(0x7ff << 52))
}

/// The graph with such products as multiples of the least of them; `None` where it has none.
///
/// # Errors
/// None that the graph itself has not: it is typed already.
pub fn multiples(graph: &Graph, roots: &[Id]) -> Result<Option<(Graph, Vec<Id>)>, TypeError> {
    let order = graph.reachable(roots);
    let mut groups: BTreeMap<(Id, u64), Powers> = BTreeMap::new();
    for &id in &order {
        if let Some((c, x)) = by_constant(graph, id) {
            let (power, rest) = taken_apart(c);
            groups.entry((x, rest)).or_default().push((power, id));
        }
    }
    // Of each product its least one, and by how much it is more.
    let mut found: BTreeMap<Id, (Id, u64)> = BTreeMap::new();
    for group in groups.values_mut().filter(|group| group.len() > 1) {
        group.sort_unstable();
        let (least, of) = group[0];
        found.extend(group[1..].iter().map(|&(power, id)| (id, (of, power - least))));
    }
    if found.is_empty() {
        return Ok(None);
    }
    let mut out = Graph::new();
    let vars: Vec<Id> = graph.vars().iter().map(|(name, ty)| out.var(name, ty)).collect();
    let mut at: Vec<Id> = vec![Id::MAX; graph.len()];
    for id in order {
        let node = graph.node(id);
        let args = |at: &[Id]| node.args.iter().map(|&a| at[a as usize]).collect::<Vec<Id>>();
        at[id as usize] = match (node.head, found.get(&id)) {
            (Head::Const(bits), _) => out.lit(f64::from_bits(bits)),
            (Head::Int(d, x), _) => out.int(d, x),
            (Head::Size(s), _) => out.length(graph.size(s)),
            (Head::Var(v), _) => vars[v as usize],
            (Head::Op(op, attr), None) => out.add(op, graph.attr(attr), &args(&at))?,
            (Head::Op(op, attr), Some(&(of, more))) => {
                // The least may stand behind its multiples: both operands are there.
                let mut least = graph.node(of).args.iter().map(|&a| copied(graph, &mut out, &at, a));
                let (Some(a), Some(b)) = (least.next(), least.next()) else {
                    at[id as usize] = out.add(op, graph.attr(attr), &args(&at))?;
                    continue;
                };
                let least = out.add(op, &Attr::None, &[a, b])?;
                // The double is a sum, as formulas write it.
                match Op::of_ring(Ring::Sum).filter(|_| more == 1) {
                    Some(sum) => out.add(sum, &Attr::None, &[least, least])?,
                    None => {
                        let factor = out.lit(f64::from_bits((1023 + more) << 52));
                        out.add(op, &Attr::None, &[factor, least])?
                    }
                }
            }
        };
    }
    Ok(Some((out, roots.iter().map(|&r| at[r as usize]).collect())))
}

/// An operand that is there, or is a constant.
fn copied(graph: &Graph, out: &mut Graph, at: &[Id], id: Id) -> Id {
    match graph.constant(id) {
        Some(x) => out.lit(x),
        None => at[id as usize],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Expr;
    use crate::graph::import;
    use crate::prelude::*;

    /// The constants that products in an expression have, in order.
    fn constants(e: &Expr) -> Option<Vec<f64>> {
        let inputs = [dvector("x"), dvector("y")];
        let i = import(&inputs, std::slice::from_ref(e)).unwrap_or_else(|e| panic!("{e}"));
        let (graph, roots) = multiples(&i.graph, &i.roots).unwrap_or_else(|e| panic!("{e}"))?;
        let products = graph.reachable(&roots).into_iter().filter_map(|id| by_constant(&graph, id));
        let mut found: Vec<f64> = products.map(|(c, _)| c).collect();
        found.sort_by(f64::total_cmp);
        Some(found)
    }

    #[test]
    fn multiples_by_powers_of_two() {
        let (x, y) = (dvector("x"), dvector("y"));
        assert_eq!(constants(&((0.3 * &x).tanh() * (0.6 * &x).sigmoid())), Some(vec![0.3]));
        // The least one stands last.
        assert_eq!(constants(&((1.2 * &x).sin() + (0.3 * &x).cos())), Some(vec![0.3, 4.0]));
        assert_eq!(constants(&((0.3 * &x).tanh() * (-0.6 * &x).sigmoid())), None);
        assert_eq!(constants(&((0.3 * &x).tanh() * (0.9 * &x).sigmoid())), None);
        assert_eq!(constants(&((0.3 * &x).tanh() * (0.6 * &y).sigmoid())), None);
    }
}
