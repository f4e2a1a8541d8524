//! Joining the lanes of partial results at the end of a row.

use smallvec::SmallVec;

use super::super::asm::{self, Deco, RAX, RDI, Reg, Rm};
use super::super::program::{Merge, chains};
use super::{Body, Emit, NONE, Place, entry_at};
use crate::math::record::Lane;

/// The register of what is merged with a partial result; no value is in one of its kind any more.
const OTHER: Reg = 0;

/// Bytes of a quarter of the widest vector.
const QUARTER: usize = 16;

impl Emit<'_> {
    /// Joins the lanes of each partial result in pairs, and stores the result. Short rows spend much of their time
    /// here, so where there are quarters, up to four reductions that are merged alike are joined at once: halves of
    /// two fit one vector. Pairs are those of each alone, and so are the bits.
    pub(super) fn join(&mut self) {
        let vector = self.asm.widest() * self.asm.size();
        let mut f = 0;
        while f < self.p.folds.len() {
            let like = |g: &usize| *g < self.layout.in_registers && self.merges[*g].like(&self.merges[f]);
            let most = if self.evex() { 4 } else { 1 };
            let group: SmallVec<[usize; 4]> =
                std::iter::once(f).chain((f + 1..f + most).take_while(like)).collect();
            let mut registers: SmallVec<[Reg; 4]> = group.iter().map(|&f| self.chains(f)).collect();
            let mut apart = vector / 2;
            while registers.len() > 1 {
                registers = registers.chunks(2).map(|pair| self.halves(f, pair, apart)).collect();
                apart /= 2;
            }
            let first = registers[0];
            while apart >= self.asm.size() {
                self.apart(OTHER, first, apart);
                self.merge(f, first, OTHER);
                apart /= 2;
            }
            for (i, &g) in group.iter().enumerate() {
                // Two are in the halves, more in the quarters.
                let quarter = if group.len() == 2 { 2 * i } else { i };
                let mut from = first;
                if quarter > 0 {
                    let order = u8::try_from(quarter).unwrap_or(0);
                    self.asm.vector(
                        asm::QUARTERS,
                        OTHER,
                        first,
                        Rm::Reg(first),
                        Some(order),
                        Deco::default(),
                    );
                    from = OTHER;
                }
                self.asm.load(RAX, RDI, entry_at(self.p.inputs + self.stores + g));
                self.asm.vector(asm::STORE_ONE, from, 0, Rm::At(RAX, 0), None, Deco::default());
            }
            f += group.len();
        }
    }

    /// Joins the chains of a partial result, in the register that it returns.
    fn chains(&mut self, f: usize) -> Reg {
        let mut left = chains(self.asm.widest());
        // What is in the frame comes to the registers of the first, which is done.
        let at = if f < self.layout.in_registers { f } else { 0 };
        if at != f {
            for chain in 0..left {
                let place = self.carried(f, chain);
                self.bring(place, self.carry(at, chain));
            }
        }
        while left > 1 {
            left /= 2;
            for chain in 0..left {
                self.merge(f, self.carry(at, chain), self.carry(at, chain + left));
            }
        }
        self.carry(at, 0)
    }

    /// Joins what is so many bytes apart in one or two vectors, in the first; of two the results are side by side.
    fn halves(&mut self, f: usize, vectors: &[Reg], apart: usize) -> Reg {
        let first = vectors[0];
        match vectors {
            [_, second] => {
                let (low, high) = if apart > QUARTER { (0x44, 0xEE) } else { (0x88, 0xDD) };
                for (out, order) in [(OTHER, high), (first, low)] {
                    self.asm.vector(
                        asm::QUARTERS,
                        out,
                        first,
                        Rm::Reg(*second),
                        Some(order),
                        Deco::default(),
                    );
                }
            }
            _ => self.apart(OTHER, first, apart),
        }
        self.merge(f, first, OTHER);
        first
    }

    /// The numbers of a vector that are so many bytes away from each.
    fn apart(&mut self, out: Reg, from: Reg, bytes: usize) {
        let (o, first, order) = match (bytes, self.evex(), self.p.single) {
            (32, ..) => (asm::QUARTERS, from, 0x4E),
            (16, true, _) => (asm::QUARTERS, from, 0xB1),
            (16, false, _) => (asm::HALVES, from, 0x01),
            (8, _, false) => (asm::NEIGHBOURS, 0, 0x55),
            (8, _, true) => (asm::NEIGHBOURS, 0, 0x4E),
            _ => (asm::NEIGHBOURS, 0, 0xB1),
        };
        self.asm.vector(o, out, first, Rm::Reg(from), Some(order), Deco::default());
    }

    /// Two partial results into the first.
    fn merge(&mut self, f: usize, a: Reg, b: Reg) {
        let merges = self.merges;
        let Merge { program, live } = &merges[f];
        let p = std::mem::replace(&mut self.p, program);
        let fixed = std::mem::take(&mut self.fixed);
        let live = std::mem::replace(&mut self.live, live.clone());
        self.body = Body { lanes: self.asm.widest(), copies: 1, together: 1, masked: false, repeat: 1 };
        self.place = vec![Place::None; program.code.len()];
        self.held = [[NONE; 32]; 2];
        self.held[0][OTHER as usize] = 0;
        self.into = Some((program.stores[0] as usize, a));
        for (i, lane) in program.code.iter().enumerate() {
            self.place[i] = match *lane {
                Lane::Input(0) => Place::Reg(a),
                Lane::Input(_) => Place::Reg(b),
                Lane::Const(bits) => Place::Pool(self.constant(bits)),
                _ => continue,
            };
        }
        for i in 0..program.code.len() {
            if !self.live.needed[i] || self.live.fixed[i] {
                continue;
            }
            self.instruction(i, 0);
            if program.stores[0] as usize == i && self.place[i] != Place::Reg(a) {
                let reg = self.reg(self.place[i], false);
                self.asm.vector(asm::COPY, a, 0, Rm::Reg(reg), None, Deco::default());
            }
            self.end(i, 0, i);
            self.frame_free.append(&mut self.frame_ended);
        }
        self.into = None;
        (self.p, self.fixed, self.live) = (p, fixed, live);
    }
}
