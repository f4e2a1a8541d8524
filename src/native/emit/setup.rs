//! What is in place before the first element: the frame, constants, pointers, numbers.

use super::super::asm::{self, Deco, RAX, RCX, RDI, RDX, Reg, Rm};
use super::{Emit, POINTERS, Place, entry_at};
use crate::math::record::Lane;

impl Emit<'_> {
    pub(super) fn setup(&mut self) {
        self.asm.load(RDX, RDI, 0);
        self.asm.all_hold();
    }

    pub(super) fn pinned(&self, i: usize) -> Option<Reg> {
        self.layout.pinned.iter().find(|(id, _)| *id as usize == i).map(|&(_, reg)| reg)
    }

    /// Constants to their places.
    pub(super) fn constants(&mut self) {
        for i in 0..self.p.code.len() {
            if let Lane::Const(bits) = self.p.code[i]
                && self.live.needed[i]
            {
                let entry = self.constant(bits);
                self.fixed[i] = Place::Pool(entry);
                if let Some(reg) = self.pinned(i) {
                    self.bring(Place::Pool(entry), reg);
                    self.fixed[i] = Place::Reg(reg);
                }
            }
        }
    }

    /// Pointers, partial results and inputs that are one number.
    pub(super) fn operands(&mut self) {
        let entries = self.p.inputs + self.p.stores.len();
        for (k, &g) in POINTERS.iter().enumerate().take(entries) {
            self.asm.load(g, RDI, entry_at(k));
        }
        self.asm.zero(RCX);
        self.carries(asm::LOAD);
        for i in 0..self.p.code.len() {
            let Lane::Input(k) = self.p.code[i] else { continue };
            if !self.live.fixed[i] || !self.live.needed[i] {
                continue;
            }
            let pinned = self.pinned(i);
            self.asm.load(RAX, RDI, entry_at(k as usize));
            let reg = pinned.unwrap_or(self.scratch(false));
            self.asm.vector(asm::BROADCAST, reg, 0, Rm::At(RAX, 0), None, Deco::default());
            self.fixed[i] = Place::Reg(reg);
            if pinned.is_none() {
                let slot = self.slot();
                self.asm.vector(asm::STORE, reg, 0, Rm::At(RDX, slot), None, Deco::default());
                self.fixed[i] = Place::Frame(slot);
            }
        }
    }

    pub(super) fn constant(&mut self, bits: u64) -> u32 {
        // The recorder has made constants distinct.
        self.pool.push(bits);
        u32::try_from(self.pool.len() - 1).unwrap_or(u32::MAX)
    }
}
