//! What need not be computed again: instructions whose results another one has, or its opposite.

use super::{CURRENT, Cmp, Id, Lane, Mask, Two, Value, look, push};
use crate::math::{Element as _, Lanes as _};

pub(super) fn two(op: Two, a: Value, b: Value) -> Value {
    let (mut a, mut b) = (a.0, b.0);
    if op.commutes() && a > b {
        std::mem::swap(&mut a, &mut b);
    }
    // One of two and the other of them are both, whichever is which.
    if matches!(op, Two::Add | Two::Mul)
        && let (Lane::Select(m, p, q), Lane::Select(n, r, s)) = (look(a), look(b))
        && (m, p, q) == (n, s, r)
    {
        return two(op, Value(p), Value(q));
    }
    match op {
        // A sign that is cleared may have been flipped before.
        Two::And => {
            for (mask, x) in [(a, b), (b, a)] {
                if is(mask, rest())
                    && let Some(x) = opposite(x)
                {
                    return two(Two::And, Value(x), Value(mask));
                }
            }
        }
        // The opposite of the absolute value is one instruction.
        Two::Xor => {
            if let (Lane::Const(p), Lane::Const(q)) = (look(a), look(b)) {
                return Value(push(Lane::Const(p ^ q)));
            }
            for (sign, x) in [(a, b), (b, a)] {
                if is(sign, sign_bit())
                    && let Lane::Two(Two::And, p, q) = look(x)
                    && let Some((_, x)) = [(p, q), (q, p)].into_iter().find(|&(m, _)| is(m, rest()))
                {
                    return two(Two::Or, Value(sign), Value(x));
                }
            }
        }
        // No bound from above for what is not above zero.
        Two::Lesser if is_positive(a) && nowhere_positive(b) => return Value(b),
        Two::Mul if is(a, representation(1.0)) => return Value(b),
        Two::Mul if is(b, representation(1.0)) => return Value(a),
        // The sign of a factor is that of the product: `x * -x` and `x * x` are one product.
        Two::Mul if opposite(a).is_some() || opposite(b).is_some() => {
            let constant = |id: Id| matches!(look(id), Lane::Const(_));
            let (x, y) = (opposite(a), opposite(b));
            if !constant(a) && !constant(b) {
                let flips = x.is_some() != y.is_some();
                let product = two(Two::Mul, Value(x.unwrap_or(a)), Value(y.unwrap_or(b)));
                return if flips { -product } else { product };
            }
        }
        // Times the opposite of a constant by which there is a product already.
        Two::Mul => {
            for (x, c) in [(a, b), (b, a)] {
                if let Some(product) = opposite_product(x, c) {
                    return -product;
                }
            }
        }
        _ => {}
    }
    Value(push(Lane::Two(op, a, b)))
}

/// The sign bit of a number.
pub(super) fn sign_bit() -> u64 {
    sign_bit_of(Value::single())
}

fn sign_bit_of(single: bool) -> u64 {
    if single { 1 << 31 } else { 1 << 63 }
}

/// All other bits.
pub(super) fn rest() -> u64 {
    sign_bit() - 1
}

/// The representation of the nearest to a double.
pub(super) fn representation(x: f64) -> u64 {
    if Value::single() { f32::of(x).to_bits().into() } else { x.to_bits() }
}

fn is(id: Id, bits: u64) -> bool {
    look(id) == Lane::Const(bits)
}

/// A constant above zero.
fn is_positive(id: Id) -> bool {
    matches!(look(id), Lane::Const(bits) if bits != 0 && bits <= representation(f64::INFINITY))
}

/// Is a value zero, below, or NaN, for all that its last instructions say: the opposite of a square or of an absolute
/// value, and the larger of such and a constant that is not above zero?
fn nowhere_positive(mut id: Id) -> bool {
    while let Lane::Two(Two::Greater, p, q) = look(id)
        && matches!(look(p), Lane::Const(bits) if bits & sign_bit() != 0)
    {
        id = q;
    }
    match look(id) {
        Lane::Two(Two::Or, p, q) => is(p, sign_bit()) || is(q, sign_bit()),
        _ => opposite(id).is_some_and(|x| matches!(look(x), Lane::Two(Two::Mul, p, q) if p == q)),
    }
}

/// The product of a value with the opposite of a constant, if it was recorded.
fn opposite_product(x: Id, c: Id) -> Option<Value> {
    let Lane::Const(bits) = look(c) else { return None };
    CURRENT.with_borrow(|r| {
        let c = *r.known.get(&Lane::Const(bits ^ sign_bit_of(r.single)))?;
        r.known.get(&Lane::Two(Two::Mul, x.min(c), x.max(c))).copied().map(Value)
    })
}

/// What this is the opposite of.
pub(super) fn opposite(x: Id) -> Option<Id> {
    let Lane::Two(Two::Xor, p, q) = look(x) else { return None };
    [(p, q), (q, p)].into_iter().find(|&(sign, _)| is(sign, sign_bit())).map(|(_, x)| x)
}

pub(super) fn compare(op: Cmp, a: Value, b: Value) -> Mask {
    // What was made of a mask is that mask again.
    if op == Cmp::Ne
        && look(b.0) == Lane::Const(0)
        && let Lane::Select(m, x, y) = look(a.0)
        && look(x) == Lane::Const(representation(1.0))
        && look(y) == Lane::Const(0)
    {
        return Mask(m);
    }
    Mask(push(Lane::Compare(op, a.0, b.0)))
}
