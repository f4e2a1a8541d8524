//! Random typed expressions, from the table of operators alone.

use egrad::expr::{Expr, Lit};
use egrad::op::{Arity, Attr, AttrKind, IndexItem, Op, Role};
use egrad::prelude::*;
use egrad::text::parse_declarations;

/// The inputs of all random expressions.
pub(crate) fn inputs() -> Vec<Expr> {
    let text = "s: f64; v: f64[3]; M: f64[2, 3]; r: f64[1, 3]; c: f64[2, 1]; f: f32[3]
        u: f64[n]; A: f64[m, n]; B: dmatrix; i: i64; b: bool[3]; alpha: dvector";
    parse_declarations(&egrad::sexp::Source::new("inputs", text)).unwrap()
}

/// An expression that a list of random numbers chooses.
pub(crate) fn expression(choices: &[u32]) -> Expr {
    let mut choices = choices.iter().copied();
    let mut pool = inputs();
    pool.extend([
        Expr::lit(Lit::Int(2)),
        Expr::lit(Lit::Int(-3)),
        Expr::lit(Lit::Float(0.5)),
        Expr::lit(Lit::Float(-1e-8)),
        Expr::lit(Lit::Float(f64::INFINITY)),
        Expr::lit(Lit::Bool(true)),
    ]);
    while let Some(choice) = choices.next() {
        let mut pick = |n: usize| choices.next().unwrap_or(7) as usize % n.max(1);
        let op = Op::ALL[choice as usize % Op::ALL.len()];
        let n = match op.def().arity {
            Arity::Exact(n) => n,
            Arity::AtLeast(n) => n + pick(2),
        };
        // Recent ones first, so that expressions grow deep.
        let args: Vec<Expr> = (0..n)
            .map(|_| {
                let recent = pool.len().saturating_sub(4) + pick(4);
                if pick(2) == 0 {
                    pool[recent.min(pool.len() - 1)].clone()
                } else {
                    pool[pick(pool.len())].clone()
                }
            })
            .collect();
        // Reading puts the operands of a long sum together two by two: another witness of ranks, and two
        // literals no longer adapt to a third operand.
        let leads = |e: &Expr| matches!(e.attr(), Attr::Perm(p) if p.first() == Some(&None));
        if n > 2
            && op.def().arity == Arity::AtLeast(2)
            && args.iter().any(|a| leads(a) || a.literal().is_some())
        {
            continue;
        }
        // Bounds the wrong way round are refused by the constructor, and so by the readers.
        let bound = |i: usize| args.get(i).and_then(|a: &Expr| a.literal()).map(Lit::value);
        if op == Op::GradClip && bound(1).zip(bound(2)).is_some_and(|(lo, hi)| lo > hi) {
            continue;
        }
        let Some(attr) = attribute(op, &args[0], &pool, &mut pick) else { continue };
        if let Ok(e) = Expr::try_apply(op, attr, args)
            && egrad::pp::tree_length(&e) < 5000
        {
            pool.push(e);
        }
    }
    pool.pop().unwrap()
}

fn attribute(op: Op, x: &Expr, pool: &[Expr], pick: &mut dyn FnMut(usize) -> usize) -> Option<Attr> {
    let rank = x.rank();
    Some(match op.def().attr {
        AttrKind::None => Attr::None,
        AttrKind::Axes if op.def().role == Role::Reduce && pick(2) == 0 => Attr::AllAxes,
        AttrKind::Axes => Attr::Axes((0..rank).filter(|_| pick(2) == 0).collect()),
        AttrKind::Axis => Attr::Axis(pick(rank)),
        AttrKind::Part => Attr::Part(pick(rank), 0),
        AttrKind::Perm => {
            let mut order: Vec<Option<usize>> = (0..rank).filter(|_| pick(8) > 0).map(Some).collect();
            for i in 0..order.len() {
                let j = pick(order.len());
                order.swap(i, j);
            }
            for _ in 0..pick(3) {
                order.insert(pick(order.len() + 1), None);
            }
            Attr::Perm(order)
        }
        AttrKind::Dims if pick(2) == 0 => Attr::Dims(vec![x.ty().shape.size()]),
        AttrKind::Dims => match pool[pick(pool.len())].ty().shape.dims() {
            [] => return None,
            dims => Attr::Dims(dims.to_vec()),
        },
        AttrKind::DType => Attr::DType(DType::NAMES[pick(7)].0),
        // Made as users make them, where indices are known.
        AttrKind::Places => return None,
        AttrKind::Index => {
            let bound = |k: usize| if k == 0 { None } else { Some(k as i64 - 3) };
            let mut items: Vec<IndexItem> = (0..rank)
                .map(|_| match pick(3) {
                    0 => IndexItem::At(pick(3) as i64 - 1),
                    _ => IndexItem::Slice {
                        start: bound(pick(5)),
                        stop: bound(pick(5)),
                        step: [1, 2, -1][pick(3)],
                    },
                })
                .collect();
            items.insert(pick(items.len() + 1), IndexItem::NewAxis);
            items.truncate(1 + pick(3));
            // An index that only moves axes is read as a dimshuffle.
            let moves = |i: &IndexItem| {
                matches!(i, IndexItem::NewAxis | IndexItem::Slice { start: None, stop: None, step: 1 })
            };
            if items.iter().all(moves) {
                return None;
            }
            Attr::Index(items)
        }
    })
}
