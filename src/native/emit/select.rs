//! The machine instructions of each lane instruction.

use smallvec::SmallVec;

use super::super::asm::{self, Deco, Opcode, Reg, Rm};
use super::{Emit, Place};
use crate::math::record::{Cmp, Lane, One, Signs, Two};

fn predicate(op: Cmp) -> u8 {
    match op {
        Cmp::Lt => 0x11,
        Cmp::Le => 0x12,
        Cmp::Eq | Cmp::Bits | Cmp::Above => 0,
        Cmp::Ne => 4,
    }
}

fn opcode(op: Two) -> Opcode {
    match op {
        Two::Add => asm::ADD,
        Two::Sub => asm::SUB,
        Two::Mul => asm::MUL,
        Two::Div => asm::DIV,
        Two::Lesser => asm::MIN,
        Two::Greater => asm::MAX,
        Two::And => asm::AND,
        Two::Or => asm::OR,
        Two::Xor => asm::XOR,
        Two::IntAdd => asm::INT_ADD,
        Two::IntSub => asm::INT_SUB,
        Two::Scale => asm::SCALE,
    }
}

impl Emit<'_> {
    pub(super) fn instruction(&mut self, i: usize, copy: usize) {
        let lane = self.p.code[i];
        let args: SmallVec<[Place; 3]> = lane.args().iter().map(|&a| self.at(a, copy)).collect();
        let done = |e: &mut Self| {
            lane.args().iter().for_each(|&a| e.end(a as usize, copy, i));
            e.take(i, copy)
        };
        let none = Deco::default();
        match lane {
            Lane::Const(_) | Lane::Carry(_) => {}
            Lane::Input(k) => {
                let out = done(self);
                let (k, inputs) = (k as usize, self.p.inputs);
                let rm = self.element(k % inputs, copy + k / inputs);
                let o = if self.body.lanes == 1 { asm::LOAD_ONE } else { asm::LOAD };
                let deco = Deco { mask: self.tail(copy), zero: self.body.masked, ..none };
                self.asm.vector(o, out, 0, rm, None, deco);
                if self.host == Some(k % inputs) {
                    self.ahead(copy + k / inputs);
                }
            }
            Lane::One(op @ (One::ShiftLeft(by) | One::ShiftRight(by)), _) => {
                let a = self.reg(args[0], false);
                let out = done(self);
                let direction = if matches!(op, One::ShiftLeft(_)) { 6 } else { 2 };
                self.asm.vector(asm::SHIFT, direction, out, Rm::Reg(a), Some(by), none);
            }
            Lane::One(op, _) => {
                let (rm, deco) = self.rm(args[0]);
                let out = done(self);
                match op {
                    One::Nearest => self.asm.vector(asm::ROUND, out, 0, rm, Some(8), deco),
                    One::Floor => self.asm.vector(asm::ROUND, out, 0, rm, Some(9), deco),
                    One::Exponent => self.asm.vector(asm::EXPONENT, out, 0, rm, None, deco),
                    // From 3/4 to 3/2; NaN where the sign is set, but 1 for both zeros.
                    One::Mantissa => self.asm.vector(asm::MANTISSA, out, 0, rm, Some(0xF), deco),
                    _ => self.asm.vector(asm::SQRT, out, 0, rm, None, deco),
                }
            }
            Lane::Two(op, ..) => {
                let (mut a, mut b) = (args[0], args[1]);
                if op.commutes() && !matches!(a, Place::Reg(_)) {
                    std::mem::swap(&mut a, &mut b);
                }
                let first = self.reg(a, false);
                let (rm, deco) = self.rm(b);
                let out = done(self);
                self.asm.vector(opcode(op), out, first, rm, None, deco);
            }
            Lane::LookUp(table, a) => self.look_up(i, copy, table, a),
            Lane::Pairs(odd, a) => self.pairs(i, copy, odd, a),
            Lane::Entries(table, ..) => {
                let first = self.reg(args[0], false);
                let (rm, deco) = self.rm(args[1]);
                let out = done(self);
                self.asm.vector(asm::SHUFFLE, out, first, rm, Some(self.entries(table)), deco);
            }
            Lane::Fma(signs, ..) => self.fma(signs, &args, done),
            Lane::Compare(op, ..) => {
                let first = self.reg(args[0], false);
                let (rm, deco) = self.rm(args[1]);
                let out = done(self);
                match op {
                    Cmp::Bits => self.asm.vector(asm::CMP_BITS, out, first, rm, None, deco),
                    Cmp::Above => self.asm.vector(asm::CMP_ABOVE, out, first, rm, None, deco),
                    _ => self.asm.vector(asm::CMP, out, first, rm, Some(predicate(op)), deco),
                }
            }
            Lane::Both(..) | Lane::Either(..) if self.evex() => {
                let (a, b) = (self.mask(args[0], 7), self.mask(args[1], 6));
                let out = done(self);
                let byte = if matches!(lane, Lane::Both(..)) { 0x41 } else { 0x45 };
                self.asm.mask_op(byte, out, a, b);
            }
            Lane::Both(..) | Lane::Either(..) => {
                let first = self.reg(args[0], false);
                let (rm, deco) = self.rm(args[1]);
                let out = done(self);
                let o = if matches!(lane, Lane::Both(..)) { asm::AND } else { asm::OR };
                self.asm.vector(o, out, first, rm, None, deco);
            }
            Lane::Select(..) => {
                let first = self.reg(args[2], false);
                let (rm, deco) = self.rm(args[1]);
                if self.evex() {
                    let k = self.mask(args[0], 7);
                    let out = done(self);
                    self.asm.vector(asm::BLEND_MASK, out, first, rm, None, Deco { mask: k, ..deco });
                } else {
                    let m = self.reg(args[0], true);
                    let out = done(self);
                    self.asm.vector(asm::BLEND_SIGN, out, first, rm, Some(m << 4), deco);
                }
            }
        }
    }

    /// `a * b + c`: the instruction overwrites one of its operands.
    fn fma(&mut self, signs: Signs, args: &[Place], done: impl Fn(&mut Self) -> Reg) {
        let (fma_213, fma_231) = (asm::fma_213(signs), asm::fma_231(signs));
        let (mut a, mut b, c) = (args[0], args[1], args[2]);
        if !matches!(a, Place::Reg(_)) {
            std::mem::swap(&mut a, &mut b);
        }
        let first = self.reg(a, false);
        let b_reg = if let Place::Reg(r) = b { Some(r) } else { None };
        let c_reg = if let Place::Reg(r) = c { Some(r) } else { None };
        let none = Deco::default();
        let out = done(self);
        let (c_rm, c_deco) = self.rm(c);
        let (b_rm, b_deco) = self.rm(b);
        if Some(out) == c_reg {
            self.asm.vector(fma_231, out, first, b_rm, None, b_deco);
        } else if Some(out) == b_reg {
            self.asm.vector(fma_213, out, first, c_rm, None, c_deco);
        } else if let Some(b) = b_reg {
            if out != first {
                self.asm.vector(asm::COPY, out, 0, Rm::Reg(first), None, none);
            }
            self.asm.vector(fma_213, out, b, c_rm, None, c_deco);
        } else if out == first {
            let b = self.reg(b, true);
            self.asm.vector(fma_213, out, b, c_rm, None, c_deco);
        } else {
            self.bring(c, out);
            self.asm.vector(fma_231, out, first, b_rm, None, b_deco);
        }
    }
}
