//! What leaves the registers: stores, partial results of reductions, and whether formulas held.

use super::super::asm::{self, Deco, RAX, RDX, Reg, Rm};
use super::super::program::chains;
use super::{Body, Emit, Place, SLOT};
use crate::op::FOLD_LANES;

impl Emit<'_> {
    /// Register of a partial result that has one. Where one lane alone is worked on, all have.
    pub(super) fn carry(&self, fold: usize, copy: usize) -> Reg {
        let chains = chains(self.asm.widest());
        let at = if self.asm.lanes == 1 { fold } else { fold * chains + copy % chains };
        self.layout.carries + u8::try_from(at).unwrap_or(0)
    }

    /// Where a partial result is.
    pub(super) fn carried(&self, fold: usize, copy: usize) -> Place {
        if fold < self.layout.in_registers || self.asm.lanes == 1 {
            return Place::Reg(self.carry(fold, copy));
        }
        let chain = copy % chains(self.asm.widest());
        Place::Frame(self.lanes[fold] + self.asm.bytes(chain * self.asm.widest()))
    }

    /// Partial results as reductions begin.
    pub(super) fn begin(&mut self) {
        let places = FOLD_LANES * self.asm.size() / SLOT as usize;
        for f in 0..self.p.folds.len() {
            // The lanes of each are side by side.
            self.lanes.push(self.frame_next * SLOT);
            self.frame_next += i32::try_from(places).unwrap_or(0);
            self.frame_most = self.frame_most.max(self.frame_next);
            let identity = Place::Pool(self.constant(self.p.folds[f].identity));
            for chain in 0..chains(self.asm.widest()) {
                match self.carried(f, chain) {
                    Place::Reg(reg) if chain > 0 => self.bring(self.carried(f, 0), reg),
                    Place::Reg(reg) => self.bring(identity, reg),
                    place => {
                        let reg = self.reg(identity, false);
                        self.put(asm::STORE, reg, place, 0);
                    }
                }
            }
        }
    }

    /// A register from or to a place in the frame.
    fn put(&mut self, o: asm::Opcode, reg: Reg, place: Place, mask: u8) {
        let (rm, _) = self.rm(place);
        self.asm.vector(o, reg, 0, rm, None, Deco { mask, ..Deco::default() });
    }

    /// Loads or stores the lanes of all partial results that are in registers.
    pub(super) fn carries(&mut self, o: asm::Opcode) {
        for f in 0..self.layout.in_registers {
            for chain in 0..chains(self.asm.widest()) {
                let disp = self.lanes[f] + self.asm.bytes(chain * self.asm.widest());
                self.asm.vector(o, self.carry(f, chain), 0, Rm::At(RDX, disp), None, Deco::default());
            }
        }
    }

    /// Takes over partial results.
    pub(super) fn folds(&mut self, i: usize, copy: usize) {
        for f in 0..self.p.folds.len() {
            if self.p.folds[f].next as usize != i {
                continue;
            }
            let carried = self.carried(f, copy);
            let place = self.place[i * self.body.copies + copy];
            if place != carried {
                let reg = self.reg(place, false);
                let mask = self.tail(copy);
                match carried {
                    Place::Reg(carry) => {
                        let deco = Deco { mask, ..Deco::default() };
                        self.asm.vector(asm::COPY, carry, 0, Rm::Reg(reg), None, deco);
                    }
                    carried => self.put(asm::STORE, reg, carried, mask),
                }
            }
            if self.body.lanes == 1 {
                self.asm.sum(RAX, RDX, self.lanes[f]);
                let carry = self.carry(f, copy);
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
            let rm = self.element(self.p.inputs + k % self.stores, copy + k / self.stores);
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
