//! What leaves the registers: stores, partial results of reductions, and whether formulas held.

use super::super::asm::{self, Deco, RAX, RDI, Reg, Rm};
use super::super::program::chains;
use super::{Body, Emit, Place, entry_at};

impl Emit<'_> {
    /// Register of a partial result.
    pub(super) fn carry(&self, fold: usize, copy: usize) -> Reg {
        let chains = chains(self.asm.widest());
        self.layout.carries + u8::try_from(fold * chains + copy % chains).unwrap_or(0)
    }

    /// Loads or stores all partial results.
    pub(super) fn carries(&mut self, o: asm::Opcode) {
        for f in 0..self.p.folds.len() {
            self.asm.load(RAX, RDI, entry_at(self.p.inputs + self.p.stores.len() + f));
            for chain in 0..chains(self.asm.widest()) {
                let disp = self.asm.bytes(chain * self.asm.lanes);
                self.asm.vector(o, self.carry(f, chain), 0, Rm::At(RAX, disp), None, Deco::default());
            }
        }
    }

    /// Takes over partial results.
    pub(super) fn folds(&mut self, i: usize, copy: usize) {
        for f in 0..self.p.folds.len() {
            if self.p.folds[f].next as usize != i {
                continue;
            }
            let carry = self.carry(f, copy);
            let place = self.place[i * self.body.copies + copy];
            if place != Place::Reg(carry) {
                let reg = self.reg(place, false);
                let deco = Deco { mask: self.tail(copy), ..Deco::default() };
                self.asm.vector(asm::COPY, carry, 0, Rm::Reg(reg), None, deco);
            }
            if self.body.lanes == 1 {
                self.asm.load(RAX, RDI, entry_at(self.p.inputs + self.p.stores.len() + f));
                self.asm.vector(asm::STORE_ONE, carry, 0, Rm::Lane(RAX), None, Deco::default());
            }
        }
    }

    /// Notes where a formula does not hold.
    pub(super) fn holds(&mut self, i: usize, copy: usize) {
        if !self.p.holds.iter().any(|&h| h as usize == i) {
            return;
        }
        let place = self.place[i * self.body.copies + copy];
        if self.evex() {
            let mut k = self.mask(place, 7);
            if self.body.masked {
                self.asm.mask_op(0x42, 7, k, self.tail(copy));
                k = 7;
            }
            self.asm.mask_to_eax(k);
            if self.body.masked {
                self.asm.invert();
            }
        } else {
            let reg = self.reg(place, false);
            self.asm.vector(asm::SIGNS, RAX, 0, Rm::Reg(reg), None, Deco::default());
            if self.body.lanes == 1 {
                self.asm.first_bit_only();
            }
        }
        self.asm.hold();
    }

    pub(super) fn stores(&mut self, i: usize, copy: usize) {
        for k in 0..self.p.stores.len() {
            if self.p.stores[k] as usize != i {
                continue;
            }
            let place = self.place[i * self.body.copies + copy];
            let reg = self.reg(place, false);
            let rm = self.element(self.p.inputs + k, copy);
            let o = match self.body {
                Body { lanes: 1, .. } => asm::STORE_ONE,
                Body { masked: false, .. } if self.p.stream => asm::STREAM,
                _ => asm::STORE,
            };
            let deco = Deco { mask: self.tail(copy), ..Deco::default() };
            self.asm.vector(o, reg, 0, rm, None, deco);
        }
    }
}
