//! Graphs of singles, optimized as if they were of doubles.
//!
//! Rules speak of numbers, and numbers in rules are doubles, which adapt where they meet singles. A result that is a
//! number itself (`x - x`, `sin(x)^2 + cos(x)^2`) meets none, so singles would keep what doubles lose. What a rule
//! says holds in either format; what is rounded, and where, is no part of it. Only a profile that promises the same
//! bits is left with singles.

use super::trail::Form;
use crate::facts::Facts;
use crate::graph::{Graph, Head, Id};
use crate::op::{Attr, Op};
use crate::ty::{DType, Ty};

/// The graph with doubles in the place of singles, where every float is a single: no input is a double, and what is
/// a double in between is made of numbers and lengths alone, or becomes a single at once. `None` otherwise.
pub(super) fn alone(graph: &Graph, roots: &[Id]) -> Option<Form> {
    if !graph.vars().iter().any(|(_, ty)| ty.dtype == DType::F32) {
        return None;
    }
    let live = graph.reachable(roots);
    let mut read_as_double = vec![false; graph.len()];
    for &id in &live {
        if !is_to_single(graph, id) {
            graph.node(id).args.iter().for_each(|&a| read_as_double[a as usize] = true);
        }
    }
    roots.iter().for_each(|&r| read_as_double[r as usize] = true);
    let plain = plain(graph);
    let double = |id: Id| {
        let i = id as usize;
        let own = graph.ty(id).dtype == DType::F64 && !plain[i];
        own && (read_as_double[i] || matches!(graph.node(id).head, Head::Var(_)))
    };
    if live.iter().any(|&id| double(id)) {
        return None;
    }
    doubled(graph, roots)
}

/// The graph with doubles in the place of singles. What became a single is left as it was.
pub(crate) fn doubled(graph: &Graph, roots: &[Id]) -> Option<Form> {
    retyped(graph, roots, DType::F32, DType::F64, |out, op, attr, mut args| {
        if op == Op::conversion() && *attr == Attr::DType(DType::F32) {
            if out.ty(args[0]).dtype == DType::F64 {
                return Some(args.remove(0));
            }
            return out.add(op, &Attr::DType(DType::F64), &args).ok();
        }
        out.add(op, attr, &args).ok()
    })
}

/// The graph with singles in the place of doubles; `like` says what type each root is to have. `None` where a number
/// is out of the range of singles and none was before.
pub(super) fn singled(form: (&Graph, &[Id]), like: (&Graph, &[Id])) -> Option<Form> {
    let (graph, roots) = form;
    if numbers(graph, roots).any(out_of_range) && !numbers(like.0, like.1).any(out_of_range) {
        return None;
    }
    let single = |out: &mut Graph, id: Id| {
        let double = out.ty(id).dtype == DType::F64 && out.facts(id).constant.is_none();
        if double { out.add(Op::conversion(), &Attr::DType(DType::F32), &[id]).ok() } else { Some(id) }
    };
    let (mut out, mut at) = retyped(graph, roots, DType::F64, DType::F32, |out, op, attr, mut args| {
        if op == Op::conversion() && *attr == Attr::DType(DType::F64) {
            return out.add(op, &Attr::DType(DType::F32), &args).ok();
        }
        // Lengths meet singles as singles.
        if args.iter().any(|&a| out.ty(a).dtype == DType::F32) {
            for a in &mut args {
                *a = single(out, *a)?;
            }
        }
        out.add(op, attr, &args).ok()
    })?;
    for (new, old) in at.iter_mut().zip(like.1) {
        if like.0.ty(*old).dtype == DType::F32 {
            *new = single(&mut out, *new)?;
        }
    }
    Some((out, at))
}

/// Rebuilds a graph whose inputs have another float type; `apply` makes the applications.
fn retyped(
    graph: &Graph,
    roots: &[Id],
    from: DType,
    to: DType,
    apply: impl Fn(&mut Graph, Op, &Attr, Vec<Id>) -> Option<Id>,
) -> Option<Form> {
    let ty = |ty: &Ty| Ty { dtype: if ty.dtype == from { to } else { ty.dtype }, ..ty.clone() };
    let mut out = Graph::new();
    for (name, old) in graph.vars() {
        out.var(name, &ty(old));
    }
    let mut at: Vec<Option<Id>> = vec![None; graph.len()];
    for id in graph.reachable(roots) {
        let node = graph.node(id);
        at[id as usize] = Some(match node.head {
            Head::Const(bits) => out.lit(f64::from_bits(bits)),
            Head::Int(dtype, x) => out.int(dtype, x),
            Head::Size(s) => out.length(graph.size(s)),
            Head::Var(v) => {
                let facts = graph.facts(id);
                out.var_with(&graph.vars()[v as usize].0, &Facts { ty: ty(&facts.ty), ..facts.clone() })
            }
            Head::Op(op, attr) => {
                let args: Vec<Id> = node.args.iter().map(|&a| at[a as usize]).collect::<Option<_>>()?;
                apply(&mut out, op, graph.attr(attr), args)?
            }
        });
    }
    let roots = roots.iter().map(|&r| at[r as usize]).collect::<Option<_>>()?;
    Some((out, roots))
}

/// Which nodes are made of numbers and lengths alone.
fn plain(graph: &Graph) -> Vec<bool> {
    let mut plain = Vec::with_capacity(graph.len());
    for i in 0..graph.len() {
        let node = graph.node(u32::try_from(i).unwrap_or(u32::MAX));
        plain.push(match node.head {
            Head::Var(_) => false,
            Head::Op(..) => node.args.iter().all(|&a| plain[a as usize]),
            _ => true,
        });
    }
    plain
}

fn is_to_single(graph: &Graph, id: Id) -> bool {
    matches!(graph.application(id), Some((op, Attr::DType(DType::F32), _)) if op == Op::conversion())
}

fn numbers<'a>(graph: &'a Graph, roots: &[Id]) -> impl Iterator<Item = f64> + 'a {
    graph.reachable(roots).into_iter().filter_map(|id| graph.constant(id))
}

fn out_of_range(x: f64) -> bool {
    let size = x.abs();
    x != 0.0 && x.is_finite() && !(f64::from(f32::MIN_POSITIVE)..=f64::from(f32::MAX)).contains(&size)
}
