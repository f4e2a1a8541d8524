//! Instructions on general registers: pointers, counters, the bits of masks.

use super::{Asm, Gpr, RAX, RCX};

impl Asm {
    /// `to = from`, 64 bits.
    pub(in crate::native) fn copy(&mut self, to: Gpr, from: Gpr) {
        self.code.extend_from_slice(&[
            0x48 | (from >> 3) << 2 | to >> 3,
            0x89,
            0xC0 | (from & 7) << 3 | to & 7,
        ]);
    }

    /// `rax =` a number without a sign of 64 bits or, for singles, of 32.
    pub(in crate::native) fn load_index(&mut self, base: Gpr, disp: i32) {
        if !self.single {
            return self.load(RAX, base, disp);
        }
        self.code.extend_from_slice(&[0x8B, 0x80 | base]);
        self.long(disp);
    }

    /// `to =` an address; one of the first eight registers.
    pub(in crate::native) fn address(&mut self, to: Gpr, x: usize) {
        self.code.extend_from_slice(&[0x48, 0xB8 | to]);
        self.code.extend_from_slice(&(x as u64).to_le_bytes());
    }

    /// Puts a register on the stack.
    pub(in crate::native) fn push(&mut self, g: Gpr) {
        self.one_register(0x50, g);
    }

    /// Takes a register from the stack.
    pub(in crate::native) fn pop(&mut self, g: Gpr) {
        self.one_register(0x58, g);
    }

    fn one_register(&mut self, byte: u8, g: Gpr) {
        if g >= 8 {
            self.code.push(0x41);
        }
        self.code.push(byte | g & 7);
    }

    /// `to = 0`.
    pub(in crate::native) fn zero(&mut self, to: Gpr) {
        self.code.extend_from_slice(&[0x31, 0xC0 | to << 3 | to]);
    }

    /// `to -= from`, 64 bits.
    pub(in crate::native) fn subtract(&mut self, to: Gpr, from: Gpr) {
        self.code.extend_from_slice(&[0x48, 0x29, 0xC0 | from << 3 | to]);
    }

    /// `to = from + x`, 64 bits.
    pub(in crate::native) fn sum(&mut self, to: Gpr, from: Gpr, x: i32) {
        self.code.extend_from_slice(&[0x48, 0x8D, 0x80 | to << 3 | from]);
        self.long(x);
    }

    /// Compares 64 bits of two registers.
    pub(in crate::native) fn compare_with(&mut self, a: Gpr, b: Gpr) {
        self.code.extend_from_slice(&[0x48, 0x39, 0xC0 | b << 3 | a]);
    }

    /// `[rdi + disp] += rax`, 64 bits.
    pub(in crate::native) fn add_to(&mut self, disp: i32) {
        self.code.extend_from_slice(&[0x48, 0x01, 0x87]);
        self.long(disp);
    }

    /// `to += [rdi + disp]`, 64 bits.
    pub(in crate::native) fn add_from(&mut self, to: Gpr, disp: i32) {
        self.code.extend_from_slice(&[0x48 | (to >> 3) << 2, 0x03, 0x87 | (to & 7) << 3]);
        self.long(disp);
    }

    /// `[rdi + disp] -= 1`, 64 bits.
    pub(in crate::native) fn count_down(&mut self, disp: i32) {
        self.code.extend_from_slice(&[0x48, 0xFF, 0x8F]);
        self.long(disp);
    }

    /// `rax =` the numbers from the address in it to the next multiple of 64.
    pub(in crate::native) fn head_length(&mut self) {
        let (shift, rest) = if self.single { (2, 15) } else { (3, 7) };
        self.code.extend_from_slice(&[0xF7, 0xD8, 0xC1, 0xE8, shift, 0x83, 0xE0, rest]);
    }

    /// `rcx += r10`.
    pub(in crate::native) fn add_head(&mut self) {
        self.code.extend_from_slice(&[0x4C, 0x01, 0xD1]);
    }

    /// Stores past the caches are done before anything that follows.
    pub(in crate::native) fn fence(&mut self) {
        self.code.extend_from_slice(&[0x0F, 0xAE, 0xF8]);
    }

    /// `r10 = rcx % 16`.
    pub(in crate::native) fn lane_index(&mut self) {
        self.copy(10, RCX);
        self.code.extend_from_slice(&[0x49, 0x83, 0xE2, 15]);
    }

    /// `r11 = -1`: every formula has held.
    pub(in crate::native) fn all_hold(&mut self) {
        self.code.extend_from_slice(&[0x41, 0xBB, 0xFF, 0xFF, 0xFF, 0xFF]);
    }

    /// `r11 &= eax`.
    pub(in crate::native) fn hold(&mut self) {
        self.code.extend_from_slice(&[0x41, 0x21, 0xC3]);
    }

    /// `eax = !eax`.
    pub(in crate::native) fn invert(&mut self) {
        self.code.extend_from_slice(&[0xF7, 0xD0]);
    }

    /// `eax |= -2`: all bits but the first.
    pub(in crate::native) fn first_bit_only(&mut self) {
        self.code.extend_from_slice(&[0x83, 0xC8, 0xFE]);
    }

    /// `eax >>=` the numbers in a vector.
    pub(in crate::native) fn next_vector(&mut self) {
        let by = if self.single { 16 } else { 8 };
        self.code.extend_from_slice(&[0xC1, 0xE8, by]);
    }

    /// `eax =` a mask register.
    pub(in crate::native) fn mask_to_eax(&mut self, k: u8) {
        self.code.extend_from_slice(&[0xC5, 0xF8, 0x93, 0xC0 | k]);
    }

    /// `to += x`, 64 bits.
    pub(in crate::native) fn add(&mut self, to: Gpr, x: i32) {
        self.code.extend_from_slice(&[0x48, 0x81, 0xC0 | to]);
        self.long(x);
    }

    /// Compares 64 bits with a number.
    pub(in crate::native) fn compare(&mut self, a: Gpr, x: i32) {
        self.code.extend_from_slice(&[0x48, 0x81, 0xF8 | a]);
        self.long(x);
    }

    /// `to = the low a bits set`; both registers are written.
    pub(in crate::native) fn low_bits(&mut self, to: Gpr, scratch: Gpr) {
        // mov scratch, -1; bzhi to, scratch, to
        self.code.extend_from_slice(&[0x48, 0xC7, 0xC0 | scratch]);
        self.long(-1);
        self.code.extend_from_slice(&[0xC4, 0xE2, 0x80 | (!to & 15) << 3, 0xF5, 0xC0 | to << 3 | scratch]);
    }
}
