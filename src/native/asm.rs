//! Encoding of the vector instructions that lane programs need: VEX for AVX2, EVEX for AVX-512.
//!
//! Intel's Software Developer's Manual, volume 2, sections 2.3 (VEX) and 2.7 (EVEX), and the
//! opcode column of each instruction. Operands are in Intel's order: result, first source (in
//! `vvvv`), second source (register or memory).

mod general;
#[cfg(test)]
mod tests;

use crate::math::record::Signs;

/// A vector register.
pub(super) type Reg = u8;

/// A general register by its number.
pub(super) type Gpr = u8;

pub(super) const RAX: Gpr = 0;
pub(super) const RCX: Gpr = 1;
pub(super) const RDX: Gpr = 2;
pub(super) const RSI: Gpr = 6;
pub(super) const RDI: Gpr = 7;

/// A second source.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rm {
    Reg(Reg),
    /// `base + disp`.
    At(Gpr, i32),
    /// Element `rcx` of `base + disp`.
    Element(Gpr, i32),
    /// Element `r10` of `base`.
    Lane(Gpr),
    /// `base`, and as many numbers on as each lane of a vector says.
    Index(Gpr, Reg),
    /// `rax` times eight bytes on from `base`.
    Eights(Gpr),
    /// An entry of the pool of constants behind the code.
    Pool(u32),
}

/// Opcode map, mandatory prefix and opcode.
type Bytes = (u8, u8, u8);

/// An instruction on doubles, and the same on singles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opcode {
    double: Bytes,
    single: Bytes,
    /// The W bit of doubles with VEX; with EVEX it is set.
    wide: bool,
    /// Is the memory operand one number?
    one: bool,
}

const fn op(double: Bytes, single: Bytes) -> Opcode {
    Opcode { double, single, wide: false, one: false }
}

/// Arithmetic: with a prefix doubles, without singles.
const fn packed(byte: u8) -> Opcode {
    op((1, 1, byte), (1, 0, byte))
}

/// One number.
const fn one(double: Bytes, single: Bytes) -> Opcode {
    Opcode { one: true, ..op(double, single) }
}

const fn fused(byte: u8) -> Opcode {
    Opcode { wide: true, ..op((2, 1, byte), (2, 1, byte)) }
}

pub(super) const ADD: Opcode = packed(0x58);
pub(super) const MUL: Opcode = packed(0x59);
pub(super) const SUB: Opcode = packed(0x5C);
pub(super) const MIN: Opcode = packed(0x5D);
pub(super) const DIV: Opcode = packed(0x5E);
pub(super) const MAX: Opcode = packed(0x5F);
pub(super) const SQRT: Opcode = packed(0x51);
pub(super) const AND: Opcode = packed(0x54);
pub(super) const OR: Opcode = packed(0x56);
pub(super) const XOR: Opcode = packed(0x57);
pub(super) const INT_ADD: Opcode = op((1, 1, 0xD4), (1, 1, 0xFE));
pub(super) const INT_SUB: Opcode = op((1, 1, 0xFB), (1, 1, 0xFA));
/// Shift by an immediate; the direction is in the `reg` field.
pub(super) const SHIFT: Opcode = op((1, 1, 0x73), (1, 1, 0x72));
pub(super) const CMP: Opcode = packed(0xC2);
/// Equality of integers.
pub(super) const CMP_BITS: Opcode = op((2, 1, 0x29), (1, 1, 0x76));
/// The larger of integers with a sign.
pub(super) const CMP_ABOVE: Opcode = op((2, 1, 0x37), (1, 1, 0x66));
/// The signs of a vector as bits of a general register.
pub(super) const SIGNS: Opcode = packed(0x50);
pub(super) const ROUND: Opcode = op((3, 1, 0x09), (3, 1, 0x08));
pub(super) const LOAD: Opcode = packed(0x10);
pub(super) const STORE: Opcode = packed(0x11);
/// Past the caches; the address is a multiple of the vector's size.
pub(super) const STREAM: Opcode = packed(0x2B);
pub(super) const COPY: Opcode = packed(0x28);
/// One number, the rest zero.
pub(super) const LOAD_ONE: Opcode = one((1, 3, 0x10), (1, 2, 0x10));
pub(super) const STORE_ONE: Opcode = one((1, 3, 0x11), (1, 2, 0x11));
pub(super) const BROADCAST: Opcode = one((2, 1, 0x19), (2, 1, 0x18));
/// The second source where the mask register is set.
pub(super) const BLEND_MASK: Opcode = op((2, 1, 0x65), (2, 1, 0x65));
/// The second source where the sign of the fourth operand is set.
pub(super) const BLEND_SIGN: Opcode = op((3, 1, 0x4B), (3, 1, 0x4A));
/// The exponent as a number; EVEX alone.
pub(super) const EXPONENT: Opcode = op((2, 1, 0x42), (2, 1, 0x42));
/// The mantissa, in an interval that the immediate says; EVEX alone.
pub(super) const MANTISSA: Opcode = op((3, 1, 0x26), (3, 1, 0x26));
/// Quarters of a vector in another order, of two vectors.
pub(super) const QUARTERS: Opcode = op((3, 1, 0x23), (3, 1, 0x23));
/// Halves of a vector in another order, of two vectors; VEX alone.
pub(super) const HALVES: Opcode = op((3, 1, 0x06), (3, 1, 0x06));
/// Numbers of each quarter in another order.
pub(super) const NEIGHBOURS: Opcode = op((3, 1, 0x05), (3, 1, 0x04));
/// Eight bytes, the rest zero, and eight bytes above those of the first source; VEX alone.
pub(super) const LOW: Opcode = op((1, 3, 0x10), (1, 3, 0x10));
pub(super) const HIGH: Opcode = op((1, 1, 0x16), (1, 0, 0x16));
/// Sixteen bytes into the half of a vector that the immediate says; VEX alone.
pub(super) const HALF: Opcode = op((3, 1, 0x18), (3, 1, 0x18));
/// Numbers of each quarter of two vectors: of doubles one of each, of singles two of each.
pub(super) const SHUFFLE: Opcode = packed(0xC6);
/// Numbers from places that the lanes of a vector say.
pub(super) const GATHER: Opcode = Opcode { wide: true, one: true, ..op((2, 1, 0x93), (2, 1, 0x92)) };
/// The first times two to the second.
pub(super) const SCALE: Opcode = op((2, 1, 0x2C), (2, 1, 0x2C));

/// `result * first + second`, or with opposite signs of the product or the last.
pub(super) const fn fma_213(signs: Signs) -> Opcode {
    fused(0xA8 | (signs.product as u8) << 2 | (signs.sum as u8) << 1)
}

/// `first * second + result`, as above.
pub(super) const fn fma_231(signs: Signs) -> Opcode {
    fused(0xB8 | (signs.product as u8) << 2 | (signs.sum as u8) << 1)
}

/// How an instruction is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Vex,
    Evex,
}

impl Form {
    /// Bytes of the widest vector.
    pub(super) fn bytes(self) -> usize {
        match self {
            Form::Vex => 32,
            Form::Evex => 64,
        }
    }

    /// Vector registers, but two that are kept for operands from memory.
    pub(super) fn registers(self) -> usize {
        match self {
            Form::Vex => 14,
            Form::Evex => 30,
        }
    }

    /// Does memory deliver only what is read on and on? Processors without AVX-512 lose track of arrays where code goes
    /// down rows of a part of the columns: a row is then read to its end before the next one.
    pub(super) fn follows_rows(self) -> bool {
        self == Form::Vex
    }
}

/// Mask registers and broadcasting, with EVEX.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Deco {
    /// Only where this mask register is set; 0 is everywhere.
    pub(super) mask: u8,
    /// Zero elsewhere.
    pub(super) zero: bool,
    /// The memory operand is one number.
    pub(super) broadcast: bool,
}

/// Code under construction.
#[derive(Debug)]
pub(super) struct Asm {
    pub(super) code: Vec<u8>,
    pub(super) form: Form,
    /// Are the numbers singles?
    single: bool,
    /// Numbers in a vector: as many as it holds, half of them, or 1.
    pub(super) lanes: usize,
    /// Displacements to the pool: where they are, where the instruction ends, and the entry.
    fixups: Vec<(usize, usize, u32)>,
}

impl Asm {
    pub(super) fn new(form: Form, single: bool) -> Asm {
        Asm { code: Vec::with_capacity(1024), form, single, lanes: 1, fixups: Vec::new() }
    }

    /// Bytes of a number.
    pub(super) fn size(&self) -> usize {
        if self.single { 4 } else { 8 }
    }

    /// Bytes of so many numbers, as a displacement.
    pub(super) fn bytes(&self, numbers: usize) -> i32 {
        i32::try_from(numbers * self.size()).unwrap_or(0)
    }

    /// Numbers in the widest vector.
    pub(super) fn widest(&self) -> usize {
        self.form.bytes() / self.size()
    }

    pub(super) fn byte(&mut self, b: u8) {
        self.code.push(b);
    }

    fn long(&mut self, x: i32) {
        self.code.extend_from_slice(&x.to_le_bytes());
    }

    fn length_bits(&self) -> u8 {
        match self.lanes * self.size() {
            64.. => 2,
            32.. => 1,
            _ => 0,
        }
    }

    /// Any vector instruction. `reg` is the result; `imm` a trailing byte.
    pub(super) fn vector(&mut self, o: Opcode, reg: Reg, first: Reg, rm: Rm, imm: Option<u8>, deco: Deco) {
        let base = match rm {
            Rm::Reg(r) => r,
            Rm::At(g, _) | Rm::Element(g, _) | Rm::Lane(g) | Rm::Index(g, _) | Rm::Eights(g) => g,
            Rm::Pool(_) => 0,
        };
        let inv = |bit: u8| (bit & 1) ^ 1;
        // A register operand has its fifth bit where memory has the fourth of the index.
        let x = match rm {
            Rm::Reg(_) => base >> 4,
            Rm::Lane(_) => 1,
            Rm::Index(_, index) => index >> 3,
            _ => 0,
        };
        // Its fifth bit is where that of the first source is, which there is none of.
        let fifth = if let Rm::Index(_, index) = rm { index >> 4 } else { first >> 4 };
        let (r, b) = (inv(reg >> 3), inv(base >> 3));
        let (map, pp, byte) = if self.single { o.single } else { o.double };
        let mut scale = 1;
        match self.form {
            Form::Vex => {
                self.code.extend_from_slice(&[
                    0xC4,
                    r << 7 | inv(x) << 6 | b << 5 | map,
                    u8::from(o.wide && !self.single) << 7 | (!first & 15) << 3 | self.length_bits() << 2 | pp,
                    byte,
                ]);
            }
            Form::Evex => {
                scale = if deco.broadcast || o.one { self.bytes(1) } else { 16 << self.length_bits() };
                self.code.extend_from_slice(&[
                    0x62,
                    r << 7 | inv(x) << 6 | b << 5 | inv(reg >> 4) << 4 | map,
                    u8::from(!self.single) << 7 | (!first & 15) << 3 | 4 | pp,
                    u8::from(deco.zero) << 7
                        | self.length_bits() << 5
                        | u8::from(deco.broadcast) << 4
                        | inv(fifth) << 3
                        | deco.mask,
                    byte,
                ]);
            }
        }
        let pool = self.modrm(reg & 7, rm, scale);
        if let Some(imm) = imm {
            self.byte(imm);
        }
        if let Some((at, entry)) = pool {
            self.fixups.push((at, self.code.len(), entry));
        }
    }

    /// ModRM, SIB and displacement; the place of a displacement to the pool.
    fn modrm(&mut self, reg: u8, rm: Rm, scale: i32) -> Option<(usize, u32)> {
        // The index: rcx, the low bits of r10, or none.
        let (base, disp, index) = match rm {
            Rm::Reg(r) => {
                self.byte(0xC0 | reg << 3 | r & 7);
                return None;
            }
            Rm::Pool(entry) => {
                self.byte(reg << 3 | 5);
                self.long(0);
                return Some((self.code.len() - 4, entry));
            }
            Rm::At(base, disp) => (base, disp, None),
            Rm::Element(base, disp) => (base, disp, Some(RCX)),
            Rm::Lane(base) => (base, 0, Some(2)),
            Rm::Index(base, index) => (base, 0, Some(index & 7)),
            Rm::Eights(base) => (base, 0, Some(RAX)),
        };
        let short = i8::try_from(disp / scale).ok().filter(|_| disp % scale == 0);
        let mode = if short.is_some() { 0x40 } else { 0x80 };
        if index.is_some() || base & 7 == 4 {
            self.byte(mode | reg << 3 | 4);
            // The size of a number and an index, or none.
            let size = if self.single && !matches!(rm, Rm::Eights(_)) { 0x80 } else { 0xC0 };
            self.byte(index.map_or(0x20, |i| size | i << 3) | base & 7);
        } else {
            self.byte(mode | reg << 3 | base & 7);
        }
        match short {
            Some(d) => self.code.extend_from_slice(&d.to_le_bytes()),
            None => self.long(disp),
        }
        None
    }

    /// An operation on mask registers (`0x41` and, `0x42` not the first and, `0x45` or).
    pub(super) fn mask_op(&mut self, byte: u8, out: u8, a: u8, b: u8) {
        self.code.extend_from_slice(&[0xC4, 0xE1, (!a & 15) << 3 | 4, byte, 0xC0 | out << 3 | b]);
    }

    /// A mask register from (`0x90`) or to (`0x91`) memory.
    pub(super) fn mask_memory(&mut self, byte: u8, k: u8, base: Gpr, disp: i32) {
        let b = ((base >> 3) & 1) ^ 1;
        self.code.extend_from_slice(&[0xC4, 0xC1 | b << 5, 0x78, byte]);
        self.modrm(k, Rm::At(base, disp), 1);
    }

    /// A mask register from the low half of a general register.
    pub(super) fn mask_from(&mut self, k: u8, from: Gpr) {
        self.code.extend_from_slice(&[0xC5, 0xF8, 0x92, 0xC0 | k << 3 | from]);
    }

    /// `to = [base + disp]`, 64 bits.
    pub(super) fn load(&mut self, to: Gpr, base: Gpr, disp: i32) {
        self.byte(0x48 | (to >> 3) << 2 | base >> 3);
        self.byte(0x8B);
        self.modrm(to & 7, Rm::At(base, disp), 1);
    }

    /// Brings a line to the second cache to be read, or to the first to be written.
    pub(super) fn fetch(&mut self, rm: Rm, written: bool) {
        if let Rm::At(base, _) | Rm::Element(base, _) = rm
            && base >= 8
        {
            self.byte(0x41);
        }
        self.code.extend_from_slice(if written { &[0x0F, 0x0D] } else { &[0x0F, 0x18] });
        self.modrm(if written { 1 } else { 2 }, rm, 1);
    }

    /// A jump on a condition (`0x85` not zero, `0x8E` not greater, `0x8F` greater; signed). Returns where its
    /// displacement is.
    pub(super) fn jump(&mut self, condition: u8) -> usize {
        self.code.extend_from_slice(&[0x0F, condition]);
        self.long(0);
        self.code.len() - 4
    }

    /// Lets a jump go to a place.
    pub(super) fn land(&mut self, jump: usize, to: usize) {
        self.patch(jump, jump + 4, to);
    }

    fn patch(&mut self, at: usize, from: usize, to: usize) {
        let wide = |x: usize| i64::try_from(x).unwrap_or(0);
        let disp = i32::try_from(wide(to) - wide(from)).unwrap_or(0);
        self.code[at..at + 4].copy_from_slice(&disp.to_le_bytes());
    }

    /// The end of the function: upper halves cleared, `r11` returned.
    pub(super) fn finish(&mut self) {
        self.code.extend_from_slice(&[0x44, 0x89, 0xD8]);
        self.code.extend_from_slice(&[0xC5, 0xF8, 0x77, 0xC3]);
    }

    /// Appends the pool and binds the displacements to it: an entry is one number, or a vector of it
    /// where memory operands are not repeated.
    pub(super) fn pool(&mut self, entries: &[u64]) {
        let size = self.size();
        let repeat = if self.form == Form::Evex { 1 } else { self.widest() };
        while !self.code.len().is_multiple_of(64) {
            self.byte(0xCC);
        }
        let start = self.code.len();
        for x in entries {
            for _ in 0..repeat {
                self.code.extend_from_slice(&x.to_le_bytes()[..size]);
            }
        }
        for (at, end, entry) in std::mem::take(&mut self.fixups) {
            self.patch(at, end, start + entry as usize * repeat * size);
        }
    }
}
