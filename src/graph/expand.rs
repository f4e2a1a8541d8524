//! Operators whose kernel is given by others, written out for those who compute.

use rustc_hash::FxHashMap;

use super::arena::{Graph, Head, Id};
use super::constraint::Unify;
use super::import::canonical;
use crate::expr::{Expr, Head as ExprHead, TypeError, topological};
use crate::op::{Attr, Kernel};

/// The graph without operators that are composed of others; `None` where it has none.
///
/// # Errors
/// The operands of what an operator is composed of do not fit.
pub fn expand(graph: &Graph, roots: &[Id]) -> Result<Option<(Graph, Vec<Id>)>, TypeError> {
    let reachable = graph.reachable(roots);
    let composed = |&id: &Id| {
        graph.application(id).is_some_and(|(op, ..)| matches!(op.def().kernel, Kernel::Composed(_)))
    };
    if !reachable.iter().any(composed) {
        return Ok(None);
    }
    let mut out = Graph::new();
    let vars: Vec<Id> = graph.vars().iter().map(|(name, ty)| out.var(name, ty)).collect();
    let mut at: Vec<Id> = vec![Id::MAX; graph.len()];
    for id in reachable {
        let node = graph.node(id);
        at[id as usize] = match node.head {
            Head::Const(bits) => out.lit(f64::from_bits(bits)),
            Head::Int(d, x) => out.int(d, x),
            Head::Size(s) => out.length(graph.size(s)),
            Head::Var(v) => vars[v as usize],
            Head::Op(op, attr) => {
                let args: Vec<Id> = node.args.iter().map(|&a| at[a as usize]).collect();
                match op.def().kernel {
                    Kernel::Composed(of) => written(&mut out, of, graph.attr(attr), &args)?,
                    _ => out.add(op, graph.attr(attr), &args)?,
                }
            }
        };
    }
    Ok(Some((out, roots.iter().map(|&r| at[r as usize]).collect())))
}

/// What an operator is composed of, over nodes. None of it is composed itself.
fn written(
    graph: &mut Graph,
    of: fn(&[Expr], &Attr) -> Expr,
    attr: &Attr,
    args: &[Id],
) -> Result<Id, TypeError> {
    let operands: Vec<Expr> = args.iter().map(|&a| Expr::var("x", graph.ty(a).clone())).collect();
    let whole = of(&operands, attr);
    let mut at: FxHashMap<usize, Id> = operands.iter().map(Expr::id).zip(args.iter().copied()).collect();
    let mut last = None;
    for e in topological(std::slice::from_ref(&whole)) {
        let id = match (at.get(&e.id()), e.head()) {
            (Some(&id), _) => id,
            (None, ExprHead::Var(name)) => graph.var(name, e.ty()),
            (None, ExprHead::Lit(l)) => graph.lit(l.value()),
            (None, ExprHead::Op(op, attr)) => {
                let args: Vec<Id> = e.args().iter().filter_map(|a| at.get(&a.id()).copied()).collect();
                let attr = canonical(attr, e.arg(0).rank(), &Unify::default());
                graph.add(*op, &attr, &args)?
            }
        };
        at.insert(e.id(), id);
        last = Some(id);
    }
    Ok(last.unwrap_or(args[0]))
}
