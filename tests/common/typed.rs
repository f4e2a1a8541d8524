//! Random expressions that compute: scalars with a meaning over the reals, and arrays of several ranks.

#[path = "rng.rs"]
mod rng;

use egrad::expr::{Expr, Lit};
use egrad::op::{Arity, Attr, AttrKind, Kernel, Law, Op, Role};
use egrad::prelude::*;
use ndarray::{ArrayD, IxDyn};
pub(crate) use rng::Rng;

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// One of the special numbers, or from -2 to 2.
    pub(crate) fn number(&mut self, special: &[f64]) -> f64 {
        let ordinary = (self.next() >> 11) as f64 / (1u64 << 51) as f64 - 2.0;
        match self.below(2 * special.len() + 1) {
            k if k < special.len() => special[k],
            _ => ordinary,
        }
    }

    /// A value for an input whose lengths are known.
    pub(crate) fn array(&mut self, input: &Expr, special: &[f64]) -> ArrayD<f64> {
        let dims = input.ty().shape.as_known().unwrap();
        ArrayD::from_shape_simple_fn(IxDyn(&dims), || self.number(special))
    }
}

const NUMBERS: [f64; 8] = [0.0, 1.0, 2.0, -1.0, 0.5, 3.0, -2.0, 1e-3];

/// Operators from which random expressions are made: arithmetic half of the time.
fn operator(rng: &mut Rng) -> Op {
    let often = ["+", "-", "*", "/", "neg", "sqr", "exp", "log", "**", "sigmoid", "abs", "sqrt"];
    let known: Vec<Op> = Op::ALL.iter().copied().filter(usable).collect();
    if rng.below(2) == 0 {
        let name = often[rng.below(often.len())];
        if let Some(op) = known.iter().find(|o| o.def().name == name || o.def().aliases.contains(&name)) {
            return *op;
        }
    }
    // The name that a number likes best: another operator in the table changes few choices.
    let n = rng.next();
    *known.iter().max_by_key(|o| liking(n, o.def().name)).unwrap_or(&known[0])
}

fn liking(n: u64, name: &str) -> u64 {
    let seed = name.bytes().fold(n, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01B3));
    Rng(seed).next()
}

/// Marks are gone before anything is computed.
fn usable(op: &Op) -> bool {
    let row = op.def();
    !row.has(Law::Mark)
        && row.role == Role::Elementwise
        && row.attr == AttrKind::None
        && (row.real.is_some() || row.lower.is_some())
}

fn arity(op: Op, rng: &mut Rng) -> usize {
    match op.def().arity {
        Arity::Exact(n) => n,
        Arity::AtLeast(n) => n + rng.below(2),
    }
}

fn number(rng: &mut Rng) -> Expr {
    let v = NUMBERS[rng.below(NUMBERS.len())];
    Expr::lit(if v.fract() == 0.0 && rng.below(2) == 0 { Lit::Int(v as i64) } else { Lit::Float(v) })
}

/// One of the pool, recent ones first, so that expressions grow deep; sometimes a number.
fn operand(pool: &[Expr], rng: &mut Rng) -> Expr {
    match rng.below(6) {
        0 => number(rng),
        1 | 2 => pool[rng.below(pool.len())].clone(),
        _ => pool[pool.len() - 1 - rng.below(pool.len().min(3))].clone(),
    }
}

/// Inputs and an expression of scalars.
pub(crate) fn scalar(rng: &mut Rng) -> (Vec<Expr>, Expr) {
    let inputs = vec![dscalar("x"), dscalar("y")];
    let mut pool = inputs.clone();
    for _ in 0..2 + rng.below(9) {
        let op = operator(rng);
        let args: Vec<Expr> = (0..arity(op, rng)).map(|_| operand(&pool, rng)).collect();
        pool.extend(Expr::try_apply(op, Attr::None, args).ok().filter(|e| e.ty().dtype == DType::F64));
    }
    (inputs, pool.pop().unwrap())
}

/// Inputs of several ranks and an expression with reductions, products and moved axes.
pub(crate) fn tensors(rng: &mut Rng) -> (Vec<Expr>, Expr) {
    let shape = |dims: &[usize]| Shape::new(dims.iter().map(|n| Dim::Known(*n)));
    let input = |name: &str, dims: &[usize]| tensor(name, DType::F64, shape(dims));
    let inputs = vec![
        input("s", &[]),
        input("v", &[3]),
        input("M", &[2, 3]),
        input("A", &[3, 3]),
        input("r", &[1, 3]),
        input("e", &[0]),
    ];
    let known = if rng.below(10) == 0 { inputs.len() } else { inputs.len() - 1 };
    let mut pool = inputs[..known].to_vec();
    for _ in 0..3 + rng.below(9) {
        let a = operand(&pool, rng);
        let b = operand(&pool, rng);
        let new = match rng.below(8) {
            0 => {
                let reduce: Vec<Op> = Op::ALL
                    .iter()
                    .copied()
                    .filter(|o| matches!(o.def().kernel, Kernel::Reduce { .. }))
                    .collect();
                let axes = (0..a.rank()).filter(|_| rng.below(2) == 0).collect();
                Expr::try_apply(reduce[rng.below(reduce.len())], Attr::Axes(axes), [a])
            }
            1 => Expr::try_apply(Op::Dot, Attr::None, [a, b]),
            2 => Ok(a.t()),
            _ => {
                let op = operator(rng);
                let mut args = vec![a, b];
                while args.len() < arity(op, rng).max(1) {
                    args.push(operand(&pool, rng));
                }
                args.truncate(match op.def().arity {
                    Arity::Exact(n) => n,
                    Arity::AtLeast(_) => 3,
                });
                Expr::try_apply(op, Attr::None, args)
            }
        };
        pool.extend(new.ok().filter(|e| e.ty().dtype == DType::F64));
    }
    (inputs, pool.pop().unwrap())
}
