//! The meaning of instructions, one lane at a time.

use super::{Cmp, Lane, One, Two};

fn compare(op: Cmp, a: f64, b: f64) -> bool {
    match op {
        Cmp::Lt => a < b,
        Cmp::Le => a <= b,
        Cmp::Gt => a > b,
        Cmp::Ge => a >= b,
        Cmp::Eq => a == b,
        Cmp::Ne => a != b,
        Cmp::Unordered => a.is_nan() || b.is_nan(),
    }
}

fn one(op: One, bits: u64) -> u64 {
    let a = f64::from_bits(bits);
    match op {
        One::Sqrt => a.sqrt().to_bits(),
        One::Nearest => a.round_ties_even().to_bits(),
        One::Floor => a.floor().to_bits(),
        One::ShiftLeft(k) => bits.checked_shl(u32::from(k)).unwrap_or(0),
        One::ShiftRight(k) => bits.checked_shr(u32::from(k)).unwrap_or(0),
    }
}

fn two(op: Two, x: u64, y: u64) -> u64 {
    let (a, b) = (f64::from_bits(x), f64::from_bits(y));
    match op {
        Two::Add => (a + b).to_bits(),
        Two::Sub => (a - b).to_bits(),
        Two::Mul => (a * b).to_bits(),
        Two::Div => (a / b).to_bits(),
        Two::Lesser => {
            if a < b {
                x
            } else {
                y
            }
        }
        Two::Greater => {
            if a > b {
                x
            } else {
                y
            }
        }
        Two::And => x & y,
        Two::Or => x | y,
        Two::Xor => x ^ y,
        Two::IntAdd => x.wrapping_add(y),
        Two::IntSub => x.wrapping_sub(y),
    }
}

/// The results of all instructions, as bits; a mask is 0 or 1.
pub fn evaluate(code: &[Lane], inputs: &[f64]) -> Vec<u64> {
    let mut out: Vec<u64> = Vec::with_capacity(code.len());
    for &lane in code {
        let at = |i: u32| out.get(i as usize).copied().unwrap_or(0);
        let float = |i: u32| f64::from_bits(at(i));
        let x = match lane {
            Lane::Const(bits) => bits,
            Lane::Input(k) => inputs.get(k as usize).map_or(0, |x| x.to_bits()),
            Lane::One(op, a) => one(op, at(a)),
            Lane::Two(op, a, b) => two(op, at(a), at(b)),
            Lane::Fma(a, b, c) => float(a).mul_add(float(b), float(c)).to_bits(),
            Lane::Compare(op, a, b) => u64::from(compare(op, float(a), float(b))),
            Lane::Both(a, b) => at(a) & at(b),
            Lane::Either(a, b) => at(a) | at(b),
            Lane::Select(m, a, b) => {
                if at(m) == 0 {
                    at(b)
                } else {
                    at(a)
                }
            }
        };
        out.push(x);
    }
    out
}
