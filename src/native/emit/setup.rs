//! What is in place before the first element: the frame, constants, pointers, numbers.

use super::super::asm::{self, Deco, Gpr, RAX, RCX, RDI, RDX, Reg, Rm};
use rustc_hash::FxHashMap;

use super::{Emit, FREE_POINTERS, POINTERS, Place, entry_at};
use crate::math::record::Lane;
use crate::native::program::Extent;

/// Bytes of a line of the cache.
const LINE: i32 = 64;

impl Emit<'_> {
    /// Chooses the entries whose pointers have registers: stores, then inputs, as long as there are registers.
    /// An element alone has one pointer for all.
    fn choose_pointers(&mut self) {
        let entries = self.p.inputs + self.stores;
        self.pointers = vec![None; entries];
        if self.p.extent == Extent::One {
            self.pointers = vec![Some(POINTERS[0])];
            return;
        }
        let mut read = vec![false; self.p.inputs];
        for (i, lane) in self.p.code.iter().enumerate() {
            if let Lane::Input(k) = lane {
                read[*k as usize % self.p.inputs] |= self.live.needed[i] && !self.live.fixed[i];
            }
        }
        let (early, late) = self.p.ahead;
        if early + late > 0 {
            self.host = read.iter().position(|&r| r);
            let first = self.p.inputs - early - late;
            read[first..].fill(true);
        }
        let inputs = (0..self.p.inputs).filter(|&k| read[k]);
        for (k, g) in (self.p.inputs..entries).chain(inputs).zip(POINTERS) {
            self.pointers[k] = Some(g);
        }
    }

    /// Registers of the caller's that are used.
    fn saved(&self) -> impl DoubleEndedIterator<Item = Gpr> + use<> {
        let used = self.pointers.iter().flatten().count();
        POINTERS.into_iter().take(used).skip(FREE_POINTERS)
    }

    pub(super) fn end_function(&mut self) {
        self.saved().rev().for_each(|g| self.asm.pop(g));
        self.asm.finish();
    }

    pub(super) fn setup(&mut self) {
        self.choose_pointers();
        self.saved().for_each(|g| self.asm.push(g));
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

    /// Pointers to their registers.
    pub(super) fn point(&mut self) {
        for k in 0..self.pointers.len() {
            if let Some(g) = self.pointers[k] {
                self.asm.load(g, RDI, entry_at(k));
            }
        }
    }

    /// Partial results and inputs that are one number.
    pub(super) fn operands(&mut self) {
        self.asm.zero(RCX);
        self.begin();
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

    /// Fixed values of the program alone are where those of its copies are.
    pub(super) fn place_alone(&mut self) {
        let known: FxHashMap<Lane, Place> =
            self.p.code.iter().copied().zip(self.fixed.iter().copied()).collect();
        if let Some((p, live, fixed)) = &mut self.alone {
            let places = p.code.iter().map(|lane| known.get(lane).copied().unwrap_or(Place::None));
            *fixed = places.zip(&live.fixed).map(|(p, &f)| if f { p } else { Place::None }).collect();
        }
    }

    /// From the copies of a program to the program alone, and back.
    pub(super) fn turn(&mut self) {
        if let Some((p, live, fixed)) = &mut self.alone {
            std::mem::swap(&mut self.p, p);
            std::mem::swap(&mut self.live, live);
            std::mem::swap(&mut self.fixed, fixed);
        }
    }

    pub(super) fn constant(&mut self, bits: u64) -> u32 {
        // The recorder has made constants distinct.
        self.pool.push(bits);
        u32::try_from(self.pool.len() - 1).unwrap_or(u32::MAX)
    }

    /// The pointer of an entry of the table.
    fn pointer(&mut self, entry: usize) -> Gpr {
        self.pointers.get(entry).copied().flatten().unwrap_or_else(|| {
            self.asm.load(RAX, RDI, entry_at(entry));
            RAX
        })
    }

    pub(super) fn element(&mut self, entry: usize, copy: usize) -> Rm {
        if let Some(&slot) = self.p.slots.get(entry) {
            return Rm::At(POINTERS[0], self.asm.bytes(slot as usize));
        }
        let disp = self.asm.bytes(copy * self.body.lanes);
        Rm::Element(self.pointer(entry), disp)
    }

    /// Brings what later loops need of these elements to the caches, line by line.
    pub(super) fn ahead(&mut self, copy: usize) {
        let (read, written) = self.p.ahead;
        let past = self.asm.bytes(copy * self.body.lanes);
        if self.body.masked || self.body.lanes == 1 || past % LINE != 0 {
            return;
        }
        for k in 0..read + written {
            let rm = self.element(self.p.inputs - read - written + k, copy);
            self.asm.fetch(rm, k >= read);
        }
    }
}
