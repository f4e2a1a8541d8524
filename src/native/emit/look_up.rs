//! Lanes from tables: by one instruction with AVX-512, lane by lane with AVX2, where that instruction takes as long as
//! twice as many loads.

use super::super::asm::{self, Deco, RAX, RDX, RSI, Rm};
use super::{Emit, NONE, Place};
use crate::math::Table;
use crate::math::record::Id;

impl Emit<'_> {
    /// The instruction takes a mask of what is left to do, and clears it.
    pub(super) fn look_up(&mut self, i: usize, copy: usize, table: Table, index: Id) {
        let none = Deco::default();
        // The result is another register than the index, which is needed until the end.
        let out = self.take(i, copy);
        let at = self.reg(self.at(index, copy), false);
        self.end(index as usize, copy, i);
        let doubles = table.doubles().as_ptr().addr();
        self.asm.address(RAX, if self.p.single { table.singles().as_ptr().addr() } else { doubles });
        // What was in the result is not waited for.
        self.asm.vector(asm::XOR, out, out, Rm::Reg(out), None, none);
        self.asm.mask_op(0x46, 7, 7, 7);
        self.asm.vector(asm::GATHER, out, 0, Rm::Index(RAX, at), None, Deco { mask: 7, ..none });
    }

    /// The entries of both tables for every other lane, or pair of lanes of singles: a load for each.
    pub(super) fn pairs(&mut self, i: usize, copy: usize, odd: bool, index: Id) {
        let slot = self.in_frame(index, copy);
        let out = self.take(i, copy);
        let base = match self.p.single {
            true => Table::pairs_of_singles().as_ptr().addr(),
            false => Table::pairs().as_ptr().addr(),
        };
        // There is no other general register to spare.
        self.asm.push(RSI);
        self.asm.address(RSI, base);
        let (lanes, of_all) = (self.asm.lanes, self.asm.widest());
        let none = Deco::default();
        // Vectors of sixteen bytes.
        self.asm.lanes = of_all / 2;
        let first = usize::from(odd && lanes > 1) * if self.p.single { 2 } else { 1 };
        for half in 0..if lanes == 1 { 1 } else { 2 } {
            let to = if half == 0 { out } else { self.scratch(false) };
            let lane = first + half * of_all / 2;
            let lane = self.asm.bytes(lane);
            self.asm.load_index(RDX, slot + lane);
            if !self.p.single {
                if half == 0 {
                    self.asm.vector(asm::LOAD, to, 0, Rm::Eights(RSI), None, none);
                } else {
                    self.asm.lanes = of_all;
                    self.asm.vector(asm::HALF, out, out, Rm::Eights(RSI), Some(1), none);
                }
                continue;
            }
            self.asm.vector(asm::LOW, to, 0, Rm::Eights(RSI), None, none);
            if lanes > 1 {
                self.asm.load_index(RDX, slot + lane + 4);
                self.asm.vector(asm::HIGH, to, to, Rm::Eights(RSI), None, none);
            }
            if half == 1 {
                self.asm.lanes = of_all;
                self.asm.vector(asm::HALF, out, out, Rm::Reg(to), Some(1), none);
            }
        }
        self.asm.lanes = lanes;
        self.asm.pop(RSI);
        self.end(index as usize, copy, i);
    }

    /// How the entries of a table are picked from both halves of the lanes.
    pub(super) fn entries(&self, table: Table) -> u8 {
        match (table, self.p.single) {
            (Table::Erfc, true) => 0x88,
            (Table::ErfcSlope, true) => 0xDD,
            (Table::Erfc, false) => 0x00,
            (Table::ErfcSlope, false) => 0x0F,
        }
    }

    /// Puts a value into the frame, where single lanes are read.
    fn in_frame(&mut self, value: Id, copy: usize) -> i32 {
        match self.at(value, copy) {
            Place::Frame(slot) => slot,
            place => {
                let reg = self.reg(place, false);
                let slot = self.slot();
                self.asm.vector(asm::STORE, reg, 0, Rm::At(RDX, slot), None, Deco::default());
                if let Place::Reg(reg) = place
                    && self.held[0][reg as usize] != NONE
                {
                    self.held[0][reg as usize] = NONE;
                }
                self.place[value as usize * self.body.copies + copy] = Place::Frame(slot);
                slot
            }
        }
    }
}
