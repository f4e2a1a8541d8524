//! Integers that expressions compute from inputs and lengths alone: known before anything is computed.

use rustc_hash::FxHashMap;

use super::lit::Lit;
use super::node::{Expr, Head};
use super::walk::topological;
use crate::op::{Attr, Op};
use crate::ty::{Int, IntOp, Sym};

/// The integer that a scalar is, where inputs and lengths tell it.
pub(crate) fn int_of(e: &Expr) -> Option<Int> {
    if e.rank() != 0 || e.ty().dtype.is_float() {
        return None;
    }
    let mut known: FxHashMap<usize, Int> = FxHashMap::default();
    for n in topological(std::slice::from_ref(e)) {
        let int = match n.head() {
            Head::Lit(Lit::Int(i)) => Some(Int::Known(*i)),
            Head::Var(name) if n.rank() == 0 && n.ty().dtype.is_int() => {
                Some(Int::Value(Sym::value_of(name)))
            }
            Head::Op(op, attr) => applied(*op, attr, &n, &known),
            _ => None,
        };
        if let Some(i) = int {
            known.insert(n.id(), i);
        }
    }
    known.remove(&e.id())
}

fn applied(op: Op, attr: &Attr, n: &Expr, known: &FxHashMap<usize, Int>) -> Option<Int> {
    let arg = |i: usize| known.get(&n.arg(i).id()).cloned();
    let two = |op: IntOp| {
        let mut args = n.args().iter().map(|a| known.get(&a.id()).cloned());
        let first = args.next()??;
        args.try_fold(first, |a, b| Some(Int::two(op, a, b?)))
    };
    match (op, attr) {
        (Op::Length, Attr::Axis(axis)) => n.arg(0).ty().shape.dims().get(*axis).map(|d| match d.known() {
            Some(n) => i64::try_from(n).map_or_else(|_| Int::Length(d.clone()), Int::Known),
            None => Int::Length(d.clone()),
        }),
        // Integers are kept in 64 bits, so a narrower type would show only where they do not fit it.
        (Op::Cast, Attr::DType(d)) if d.is_int() && *d >= n.arg(0).ty().dtype => arg(0),
        (Op::Neg, _) => Some(Int::two(IntOp::Sub, Int::Known(0), arg(0)?)),
        (Op::Add, _) => two(IntOp::Add),
        (Op::Sub, _) => two(IntOp::Sub),
        (Op::Mul, _) => two(IntOp::Mul),
        (Op::IntDiv, _) => two(IntOp::Div),
        (Op::Mod, _) => two(IntOp::Mod),
        (Op::Maximum, _) => two(IntOp::Max),
        (Op::Minimum, _) => two(IntOp::Min),
        _ => None,
    }
}
