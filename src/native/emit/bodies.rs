//! The parts of a function: elements before the stores are aligned, bodies, what is left, the next row.

use super::super::asm::{self, Deco, RAX, RCX, RDI, RDX, RSI, Rm};
use super::super::program::{Extent, Layout};
use super::{ALIGNED, Body, Emit, NONE, TAILS, entry_at};

impl Emit<'_> {
    pub(super) fn function(&mut self) {
        let Layout { unroll, together, .. } = self.layout;
        let repeat = self.body.repeat;
        let folds = !self.p.folds.is_empty();
        self.asm.lanes = self.asm.widest();
        self.setup();
        self.constants();
        self.point();
        let top = self.asm.code.len();
        self.operands();
        let main = Body { lanes: self.asm.lanes, copies: unroll, together, masked: false, repeat };
        let rest = Body { copies: 1, together: 1, repeat: 1, ..main };
        self.place_alone();
        if self.p.extent == Extent::One {
            // One lane: a half vector divides in half the time.
            let lanes = if self.evex() { 4 } else { 1 };
            self.while_at_least(Body { lanes, masked: self.evex(), ..main });
            self.end_function();
            return;
        }
        if self.evex() && !folds && !self.p.stores.is_empty() {
            self.turn();
            self.head(Body { masked: true, ..rest });
            self.turn();
        } else if self.p.stream {
            self.turn();
            self.ones_to_alignment(rest);
            self.turn();
        }
        self.while_at_least(main);
        self.turn();
        if self.evex() {
            let copies = if folds { unroll } else { 1 };
            self.while_at_least(Body { copies, together: together.min(copies), masked: true, ..rest });
        } else {
            self.carries(asm::STORE);
            if unroll * repeat > 1 && !folds {
                self.while_at_least(rest);
            }
            self.while_at_least(Body { lanes: 1, ..rest });
            self.asm.lanes = self.asm.widest();
            self.carries(asm::LOAD);
        }
        self.join();
        if self.p.extent == Extent::Rows {
            let entries = self.p.inputs + self.stores + self.p.folds.len();
            for k in 0..entries {
                if let Some(g) = self.pointers.get(k).copied().flatten() {
                    self.asm.add_from(g, entry_at(entries + k));
                    continue;
                }
                self.asm.load(RAX, RDI, entry_at(entries + k));
                self.asm.add_to(entry_at(k));
            }
            self.asm.count_down(entry_at(2 * entries));
            let again = self.asm.jump(0x85);
            self.asm.land(again, top);
        }
        if self.p.stream {
            self.asm.fence();
        }
        self.end_function();
    }

    /// The elements before the first store's address is aligned, of a row that is worth it: stores that cross lines
    /// of the cache take several times as long, loads a little longer.
    fn head(&mut self, body: Body) {
        self.body = body;
        self.asm.compare(RSI, ALIGNED);
        let short = self.asm.jump(0x8E);
        self.asm.load(RAX, RDI, entry_at(self.p.inputs));
        self.asm.head_length();
        self.asm.copy(10, RAX);
        self.asm.compare(RAX, 0);
        let aligned = self.asm.jump(0x8E);
        self.tail_masks();
        self.body();
        self.asm.add_head();
        let end = self.asm.code.len();
        [short, aligned].into_iter().for_each(|j| self.asm.land(j, end));
    }

    /// The elements before the first store's address is aligned, one by one; rows are longer.
    fn ones_to_alignment(&mut self, rest: Body) {
        self.asm.load(RAX, RDI, entry_at(self.p.inputs));
        self.asm.head_length();
        self.asm.push(RSI);
        self.asm.copy(RSI, RAX);
        self.while_at_least(Body { lanes: 1, ..rest });
        self.asm.pop(RSI);
        self.asm.lanes = self.asm.widest();
    }

    /// Masks for as many elements as `rax` says; the frame's register serves for them.
    fn tail_masks(&mut self) {
        self.asm.low_bits(RAX, RDX);
        self.asm.mask_from(TAILS[0], RAX);
        if self.body.copies > 1 {
            self.asm.next_vector();
            self.asm.mask_from(TAILS[1], RAX);
        }
        self.asm.load(RDX, RDI, 0);
    }

    /// Repeats a body as long as there are enough elements; a masked one takes what is left.
    fn while_at_least(&mut self, body: Body) {
        self.body = body;
        self.asm.lanes = body.lanes;
        let step = i32::try_from(body.lanes * body.copies * body.repeat).unwrap_or(1);
        let test = |e: &mut Self| {
            if body.masked {
                e.asm.copy(RAX, RSI);
                e.asm.subtract(RAX, RCX);
                e.asm.compare(RAX, 0);
            } else {
                e.asm.sum(RAX, RCX, step);
                e.asm.compare_with(RAX, RSI);
            }
        };
        let (enough, not_enough) = if body.masked { (0x8F, 0x8E) } else { (0x8E, 0x8F) };
        test(self);
        let out = self.asm.jump(not_enough);
        let top = self.asm.code.len();
        if body.masked {
            self.tail_masks();
        }
        self.body();
        self.asm.add(RCX, step);
        test(self);
        let again = self.asm.jump(enough);
        self.asm.land(again, top);
        let end = self.asm.code.len();
        self.asm.land(out, end);
    }

    fn body(&mut self) {
        let Body { lanes, copies, together, .. } = self.body;
        self.place = self.fixed.iter().flat_map(|&p| std::iter::repeat_n(p, copies)).collect();
        self.held = [[NONE; 32]; 2];
        for (f, fold) in self.p.folds.iter().enumerate() {
            for copy in 0..copies {
                self.place[fold.carry as usize * copies + copy] = self.carried(f, copy);
            }
        }
        if lanes == 1 && !self.p.folds.is_empty() {
            self.asm.lane_index();
            for f in 0..self.p.folds.len() {
                self.asm.sum(RAX, RDX, self.lanes[f]);
                self.asm.vector(asm::LOAD_ONE, self.carry(f, 0), 0, Rm::Lane(RAX), None, Deco::default());
            }
        }
        for group in (0..copies).step_by(together) {
            for i in 0..self.p.code.len() {
                if !self.live.needed[i] {
                    continue;
                }
                for copy in group..group + together {
                    if !self.live.fixed[i] {
                        self.instruction(i, copy);
                    }
                    self.stores(i, copy);
                    self.folds(i, copy);
                    self.holds(i, copy);
                    self.end(i, copy, i);
                    self.frame_free.append(&mut self.frame_ended);
                }
            }
        }
    }
}
