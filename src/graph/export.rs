//! The arena back into expressions, with the order of commutative operands fixed.

use std::cmp::Ordering;

use super::arena::{Graph, Head, Id};
use crate::expr::{Expr, Lit, TypeError, length_of};
use crate::op::{Attr, Law, Op};
use crate::ty::DType;

/// One expression per node, shared as in the arena.
///
/// Operands of commutative operators are put in canonical order: constants first, then larger
/// terms before smaller ones, then by structure. `(2.0 * x)` and `(sigmoid((-x)) * sigmoid(x))`
/// come out as in the tutorial.
///
/// # Errors
/// A node is ill-typed as an expression, which a graph built from expressions never is.
pub fn export(graph: &Graph, roots: &[Id]) -> Result<Vec<Expr>, TypeError> {
    let mut out: Vec<Option<Expr>> = vec![None; graph.len()];
    let mut rank: Vec<u64> = vec![0; graph.len()];
    for id in graph.reachable(roots) {
        let node = graph.node(id);
        let i = id as usize;
        rank[i] = node.args.iter().fold(1u64, |n, &a| n.saturating_add(rank[a as usize]));
        let e = match node.head {
            Head::Var(v) => {
                let (name, ty) = &graph.vars()[v as usize];
                Expr::var(name, ty.clone())
            }
            Head::Const(bits) => Expr::lit(Lit::Float(f64::from_bits(bits))),
            Head::Int(_, x) => Expr::lit(Lit::Int(x)),
            Head::Size(s) => length_of(graph.size(s), &|name| {
                let held = graph.vars().iter().find(|(n, _)| **n == *name)?;
                Some(Expr::var(name, held.1.clone()))
            })?,
            // A length is an integer there.
            Head::Op(op, attr)
                if op == Op::conversion()
                    && *graph.attr(attr) == Attr::DType(DType::I64)
                    && matches!(graph.node(node.args[0]).head, Head::Size(_)) =>
            {
                out[node.args[0] as usize].clone().unwrap_or_else(|| Expr::lit(Lit::Int(0)))
            }
            Head::Op(op, attr) => {
                let mut args = node.args.clone();
                if op.def().has(Law::Commutative) {
                    args.sort_by(|&a, &b| canonical(graph, &rank, a, b));
                }
                let rank = node.args.first().map_or(0, |&a| graph.ty(a).rank());
                let shown = op.shown(graph.attr(attr), rank);
                apply(graph, id, (op, &shown), &args, &out)?
            }
        };
        out[i] = Some(e);
    }
    let root = |&r: &Id| {
        let e = out[r as usize].as_ref()?;
        // By itself a length is an integer.
        Some(match graph.node(r).head {
            Head::Size(_) => Expr::try_apply(Op::conversion(), Attr::DType(graph.ty(r).dtype), [e.clone()]),
            _ => stated(graph, r, e),
        })
    };
    roots.iter().filter_map(root).collect()
}

/// The application, without conversions that its operator makes itself; where a literal would give it another
/// type, with the type of the literal stated.
fn apply(
    graph: &Graph,
    id: Id,
    (op, attr): (Op, &Attr),
    args: &[Id],
    out: &[Option<Expr>],
) -> Result<Expr, TypeError> {
    let of = |&a: &Id| out[a as usize].clone();
    // What would be computed in floats when it is read back states its conversion.
    let converted = |&a: &Id| match graph.application(a) {
        Some((c, &Attr::DType(to), from))
            if c == Op::conversion()
                && graph.ty(from[0]).dtype.is_int()
                && !graph.computes_in(from[0], to) =>
        {
            of(&from[0])
        }
        _ => of(&a),
    };
    let is = |e: &Expr| e.ty().dtype == graph.ty(id).dtype;
    let mixed = op != Op::conversion() && graph.ty(id).dtype.is_float();
    let plain = Expr::try_apply(op, attr.clone(), args.iter().filter_map(of))?;
    if mixed
        && args.iter().any(|a| of(a).map(|e| e.id()) != converted(a).map(|e| e.id()))
        && let Ok(e) = Expr::try_apply(op, attr.clone(), args.iter().filter_map(converted))
        && is(&e)
    {
        return Ok(e);
    }
    if is(&plain) || graph.ty(id).dtype.is_float() {
        return Ok(plain);
    }
    let stated = args.iter().filter_map(|&a| Some(stated(graph, a, out[a as usize].as_ref()?)));
    Expr::try_apply(op, attr.clone(), stated.collect::<Result<Vec<_>, _>>()?)
}

/// An integer with its type, where its spelling has another.
fn stated(graph: &Graph, id: Id, e: &Expr) -> Result<Expr, TypeError> {
    match graph.node(id).head {
        Head::Int(d, _) if e.ty().dtype != d => {
            Expr::try_apply(Op::conversion(), Attr::DType(d), [e.clone()])
        }
        _ => Ok(e.clone()),
    }
}

/// Constants, then larger before smaller, then the order of structure.
fn canonical(graph: &Graph, rank: &[u64], a: Id, b: Id) -> Ordering {
    let class = |i: Id| u8::from(!graph.is_constant(i));
    class(a).cmp(&class(b)).then(rank[b as usize].cmp(&rank[a as usize])).then_with(|| structure(graph, a, b))
}

/// Compares two terms by heads, then operands, breadth first; bounded, so that long equal prefixes
/// of huge terms cost little (then the order of the arena decides).
fn structure(graph: &Graph, a: Id, b: Id) -> Ordering {
    let mut queue = std::collections::VecDeque::from([(a, b)]);
    for _ in 0..64 {
        let Some((x, y)) = queue.pop_front() else { break };
        if x == y {
            continue;
        }
        let (m, n) = (graph.node(x), graph.node(y));
        let key = |h: &Head| match h {
            Head::Const(_) | Head::Int(..) => 0,
            Head::Var(_) => 1,
            Head::Size(_) => 2,
            Head::Op(..) => 3,
        };
        let here = key(&m.head).cmp(&key(&n.head)).then_with(|| match (&m.head, &n.head) {
            (Head::Var(v), Head::Var(w)) => graph.vars()[*v as usize].0.cmp(&graph.vars()[*w as usize].0),
            (Head::Const(p), Head::Const(q)) => f64::from_bits(*p).total_cmp(&f64::from_bits(*q)),
            (Head::Int(_, p), Head::Int(_, q)) => p.cmp(q),
            (Head::Size(p), Head::Size(q)) => graph.size(*p).cmp(graph.size(*q)),
            (Head::Op(p, s), Head::Op(q, t)) => p.cmp(q).then_with(|| graph.attr(*s).cmp(graph.attr(*t))),
            _ => Ordering::Equal,
        });
        if here != Ordering::Equal {
            return here;
        }
        queue.extend(m.args.iter().copied().zip(n.args.iter().copied()));
    }
    a.cmp(&b)
}
