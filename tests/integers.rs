//! Integers of every type: random programs as written, optimized, and by an evaluator of this file alone, which
//! computes in 128 bits and keeps the low bits of each type.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::panic, reason = "tests")]
#![allow(clippy::cast_possible_truncation, reason = "keeping the low bits is what is tested")]

#[path = "common/rng.rs"]
mod rng;

use egrad::eval::{Array, ArrayRef, reference};
use egrad::expr::{Lit, topological};
use egrad::function::{Function, OnUnused};
use egrad::graph::import;
use egrad::op::{Attr, IndexItem, Op};
use egrad::prelude::*;
use egrad::ty::{Dim, Shape, Ty};
use ndarray::{ArrayD, IxDyn};
use rng::Rng;

/// Elements of a vector.
const N: usize = 5;

/// The integer types.
const TYPES: [DType; 4] = [DType::I8, DType::I16, DType::I32, DType::I64];

/// Low bits, as two's complement.
fn wrap(d: DType, x: i128) -> i128 {
    match d {
        DType::Bool => i128::from(x != 0),
        DType::I8 => i128::from(x as i8),
        DType::I16 => i128::from(x as i16),
        DType::I32 => i128::from(x as i32),
        DType::I64 => i128::from(x as i64),
        DType::F32 | DType::F64 => panic!("no float here"),
    }
}

fn floor_div(a: i128, b: i128) -> i128 {
    if b == 0 { 0 } else { a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0) }
}

/// Powers by repeated multiplication; exponents of these programs are small.
fn power(a: i128, b: i128, d: DType) -> i128 {
    match b {
        0.. => (0..b.min(70_000)).fold(1, |p, _| wrap(d, p * a)),
        _ if a == 1 || a == -1 => {
            if b % 2 == 0 {
                1
            } else {
                a
            }
        }
        _ => 0,
    }
}

fn elementwise(op: Op, d: DType, x: &[i128]) -> i128 {
    let truth = |b: bool| i128::from(b);
    let logic = |bits: i128, whole: bool| if d == DType::Bool { truth(whole) } else { bits };
    match op {
        Op::Add => x[0] + x[1],
        Op::Sub => x[0] - x[1],
        Op::Mul => x[0] * x[1],
        Op::Neg => -x[0],
        Op::Abs => x[0].abs(),
        Op::Sgn => x[0].signum(),
        Op::Sqr => x[0] * x[0],
        Op::IntDiv => floor_div(x[0], x[1]),
        Op::Mod => {
            if x[1] == 0 {
                0
            } else {
                x[0] - x[1] * floor_div(x[0], x[1])
            }
        }
        Op::Pow => power(x[0], x[1], d),
        Op::Maximum => x[0].max(x[1]),
        Op::Minimum => x[0].min(x[1]),
        Op::Lt => truth(x[0] < x[1]),
        Op::Le => truth(x[0] <= x[1]),
        Op::Gt => truth(x[0] > x[1]),
        Op::Ge => truth(x[0] >= x[1]),
        Op::Eq => truth(x[0] == x[1]),
        Op::Neq => truth(x[0] != x[1]),
        Op::And => logic(x[0] & x[1], x[0] != 0 && x[1] != 0),
        Op::Or => logic(x[0] | x[1], x[0] != 0 || x[1] != 0),
        Op::Xor => logic(x[0] ^ x[1], (x[0] != 0) != (x[1] != 0)),
        Op::Invert => logic(-x[0] - 1, x[0] == 0),
        Op::Switch => {
            if x[0] != 0 {
                x[1]
            } else {
                x[2]
            }
        }
        Op::Clip => {
            if x[0] < x[1] {
                x[1]
            } else if x[0] > x[2] {
                x[2]
            } else {
                x[0]
            }
        }
        Op::Relu => x[0].max(0),
        Op::Cast => x[0],
        other => panic!("no meaning for {other:?}"),
    }
}

/// The value of one node, a vector or a number, from those of its operands.
fn node(e: &Expr, args: &[Vec<i128>]) -> Vec<i128> {
    let d = e.ty().dtype;
    let op = e.op().unwrap();
    let a = args.first().cloned().unwrap_or_default();
    let kept = |x: i128| wrap(d, x);
    match op {
        Op::Sum => vec![a.iter().fold(0, |s, x| kept(s + x))],
        Op::Prod => vec![a.iter().fold(1, |p, x| kept(p * x))],
        Op::Max => vec![*a.iter().max().unwrap()],
        Op::Min => vec![*a.iter().min().unwrap()],
        Op::Any => vec![i128::from(a.iter().any(|x| *x != 0))],
        Op::All => vec![i128::from(a.iter().all(|x| *x != 0))],
        Op::Argmax | Op::Argmin => {
            let best = if op == Op::Argmax { a.iter().max() } else { a.iter().min() };
            vec![a.iter().position(|x| Some(x) == best).unwrap() as i128]
        }
        Op::Cumsum => a
            .iter()
            .scan(0, |s, x| {
                *s = kept(*s + x);
                Some(*s)
            })
            .collect(),
        Op::Cumprod => a
            .iter()
            .scan(1, |s, x| {
                *s = kept(*s * x);
                Some(*s)
            })
            .collect(),
        Op::Dot => vec![a.iter().zip(&args[1]).fold(0, |s, (x, y)| kept(s + kept(x * y)))],
        Op::Index => match e.attr() {
            Attr::Index(items) if items == &[REVERSED] => a.into_iter().rev().collect(),
            Attr::Index(items) if items == &[IndexItem::At(1)] => vec![a[1]],
            other => panic!("{other:?}"),
        },
        Op::Take => args[1].iter().map(|i| a[usize::try_from(i.rem_euclid(N as i128)).unwrap()]).collect(),
        _ => {
            let n = args.iter().map(Vec::len).max().unwrap();
            let at = |x: &Vec<i128>, i: usize| if x.len() == 1 { x[0] } else { x[i] };
            (0..n)
                .map(|i| kept(elementwise(op, d, &args.iter().map(|x| at(x, i)).collect::<Vec<_>>())))
                .collect()
        }
    }
}

const REVERSED: IndexItem = IndexItem::Slice { start: None, stop: None, step: -1 };

/// The value of an expression, of integers from end to end.
fn value(e: &Expr, inputs: &[(Expr, Vec<i128>)]) -> Vec<i128> {
    let order = topological(std::slice::from_ref(e));
    let mut known: Vec<(Expr, Vec<i128>)> = Vec::new();
    for n in &order {
        let find = |known: &[(Expr, Vec<i128>)], a: &Expr| {
            known.iter().rev().find(|(k, _)| k.same_node(a)).map(|(_, v)| v.clone()).unwrap()
        };
        let v = if let Some(name) = n.name() {
            inputs.iter().find(|(x, _)| x.name() == Some(name)).unwrap().1.clone()
        } else if let Some(l) = n.literal() {
            vec![l.integer().unwrap().into()]
        } else {
            let args: Vec<Vec<i128>> = n.args().iter().map(|a| find(&known, a)).collect();
            node(n, &args)
        };
        known.push((n.clone(), v));
    }
    known.pop().unwrap().1
}

fn array(d: DType, x: &[i128], number: bool) -> Array {
    let shape = if number { IxDyn(&[]) } else { IxDyn(&[x.len()]) };
    macro_rules! made {
        ($f:expr) => {
            ArrayD::from_shape_vec(shape, x.iter().map($f).collect()).unwrap().into()
        };
    }
    match d {
        DType::Bool => made!(|x| *x != 0),
        DType::I8 => made!(|x| *x as i8),
        DType::I16 => made!(|x| *x as i16),
        DType::I32 => made!(|x| *x as i32),
        DType::I64 => made!(|x| *x as i64),
        DType::F32 | DType::F64 => panic!("no float here"),
    }
}

/// A number of a type: small ones, and those at its ends.
fn number(rng: &mut Rng, d: DType) -> i128 {
    let (lo, hi) = d.bounds().unwrap();
    match rng.below(4) {
        0 => i128::from(lo) + i128::from(rng.below(3) as u8),
        1 => i128::from(hi) - i128::from(rng.below(3) as u8),
        2 => wrap(d, i128::from(rng.next() as i64)),
        _ => i128::from(rng.below(9) as u8) - 4,
    }
    .clamp(lo.into(), hi.into())
}

/// Inputs: a vector and a number of every type, and truth values.
fn inputs() -> Vec<Expr> {
    let types = TYPES.into_iter().chain([DType::Bool]);
    let vector = |d| Expr::var(&format!("v_{d}"), Ty::new(d, Shape::new([Dim::Known(N)])));
    let number = |d| Expr::var(&format!("s_{d}"), Ty::scalar(d));
    types.flat_map(|d| [vector(d), number(d)]).collect()
}

const UNARY: [Op; 6] = [Op::Neg, Op::Abs, Op::Sgn, Op::Sqr, Op::Invert, Op::Relu];
const BINARY: [Op; 17] = [
    Op::Add,
    Op::Add,
    Op::Sub,
    Op::Sub,
    Op::Mul,
    Op::Mul,
    Op::IntDiv,
    Op::Mod,
    Op::Maximum,
    Op::Minimum,
    Op::Lt,
    Op::Le,
    Op::Gt,
    Op::Eq,
    Op::And,
    Op::Or,
    Op::Xor,
];
const WHOLE: [Op; 8] = [Op::Sum, Op::Prod, Op::Max, Op::Min, Op::Any, Op::All, Op::Argmax, Op::Argmin];

fn pick<'a>(rng: &mut Rng, pool: &'a [Expr]) -> &'a Expr {
    &pool[rng.below(pool.len())]
}

/// One more expression of those that there are.
fn grown(rng: &mut Rng, pool: &[Expr]) -> Expr {
    let a = pick(rng, pool).clone();
    let b = if rng.below(5) == 0 {
        Expr::lit(Lit::Int([0, 1, 2, -1, 3, 100, 200, 70_000][rng.below(8)]))
    } else {
        pick(rng, pool).clone()
    };
    let a = if a.literal().is_some() { pool[0].clone() } else { a };
    let apply = |op, attr, args: Vec<Expr>| Expr::try_apply(op, attr, args);
    let made = match rng.below(13) {
        // Small numbers whose sums may just leave a narrow type.
        12 => {
            let small = |rng: &mut Rng| Expr::lit(Lit::Int([100, 50, -100, 3][rng.below(4)]));
            let one = apply(Op::Lt, Attr::None, vec![a.clone(), b]).map(|c| c * small(rng));
            let two =
                apply(Op::Gt, Attr::None, vec![a.clone(), pick(rng, pool).clone()]).map(|c| c * small(rng));
            one.and_then(|one| apply(Op::Add, Attr::None, vec![one, two?]))
        }
        0 => apply(UNARY[rng.below(6)], Attr::None, vec![a.clone()]),
        1..=6 => {
            let pair = if rng.below(2) == 0 { vec![a.clone(), b] } else { vec![b, a.clone()] };
            apply(BINARY[rng.below(17)], Attr::None, pair)
        }
        7 => apply(Op::Pow, Attr::None, vec![a.clone(), Expr::lit(Lit::Int(rng.below(5) as i64))]),
        8 => apply(Op::Cast, Attr::DType(TYPES[rng.below(4)]), vec![a.clone()]),
        9 => {
            let c = pick(rng, pool).clone();
            apply(if rng.below(2) == 0 { Op::Switch } else { Op::Clip }, Attr::None, vec![a.clone(), b, c])
        }
        _ if a.rank() == 0 => apply(Op::Add, Attr::None, vec![a.clone(), b]),
        10 => apply(WHOLE[rng.below(8)], Attr::AllAxes, vec![a.clone()]),
        _ => match rng.below(5) {
            0 => apply(Op::Cumsum, Attr::Axis(0), vec![a.clone()]),
            1 => apply(Op::Cumprod, Attr::Axis(0), vec![a.clone()]),
            2 => apply(Op::Index, Attr::Index(vec![REVERSED]), vec![a.clone()]),
            3 => apply(Op::Index, Attr::Index(vec![IndexItem::At(1)]), vec![a.clone()]),
            _ if b.rank() == 1 => apply(Op::Dot, Attr::None, vec![a.clone(), b]),
            _ => apply(Op::Abs, Attr::None, vec![a.clone()]),
        },
    };
    // What a type does not allow (the opposite of a truth value) is left out.
    made.unwrap_or(a)
}

fn program(seed: u64) -> (Vec<Expr>, Vec<Expr>) {
    let mut rng = Rng(seed);
    let inputs = inputs();
    let mut pool = inputs.clone();
    for _ in 0..4 + rng.below(12) {
        let e = grown(&mut rng, &pool);
        pool.push(e);
    }
    let last = pool.split_off(pool.len() - 3);
    (inputs, last)
}

#[test]
fn random_programs_agree_as_written_optimized_and_in_128_bits() {
    let asked = std::env::var("RANDOM_SEEDS").ok();
    let pair = asked.as_deref().and_then(|t| t.split_once(','));
    let (first, count) = pair.map_or((0, 400), |(a, n)| (a.parse().unwrap(), n.parse().unwrap()));
    for seed in first..first + count {
        let (inputs, outputs) = program(seed);
        let raw = Function::builder().raw().unused(OnUnused::Ignore).build(&inputs, &outputs).unwrap();
        let best = Function::builder().unused(OnUnused::Ignore).build(&inputs, &outputs).unwrap();
        let imported = import(&inputs, &outputs).unwrap();
        let mut rng = Rng(seed + 1_000_000);
        for _ in 0..4 {
            let point: Vec<(Expr, Vec<i128>)> = inputs
                .iter()
                .map(|x| {
                    let n = if x.rank() == 0 { 1 } else { N };
                    (x.clone(), (0..n).map(|_| number(&mut rng, x.ty().dtype)).collect())
                })
                .collect();
            let arrays: Vec<Array> =
                point.iter().map(|(x, v)| array(x.ty().dtype, v, x.rank() == 0)).collect();
            let views: Vec<ArrayRef<'_>> = arrays.iter().map(Array::view).collect();
            let expected: Vec<Array> =
                outputs.iter().map(|e| array(e.ty().dtype, &value(e, &point), e.rank() == 0)).collect();
            let show = || outputs.iter().map(pp).collect::<Vec<_>>().join("\n");
            assert_eq!(
                raw.call_arrays(&views).unwrap(),
                expected,
                "seed {seed}, written\n{}\n{point:?}",
                show()
            );
            let by_reference = reference::evaluate_arrays(&imported.graph, &imported.roots, &views).unwrap();
            assert_eq!(by_reference, expected, "seed {seed}, reference\n{}", show());
            let shown = || best.outputs().iter().map(pp).collect::<Vec<_>>().join("\n");
            let got = best.call_arrays(&views).unwrap();
            assert_eq!(got, expected, "seed {seed}, optimized\n{}\n{}\n{point:?}", show(), shown());
        }
    }
}
