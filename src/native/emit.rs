//! From a lane program to machine code.
//!
//! The function walks the elements in bodies of decreasing width. Inside a body copies of the
//! program are interleaved instruction by instruction. Registers are given in one sweep; when none
//! is free, the value whose next use is farthest goes to the frame, and is read from there.

mod results;
mod select;
mod setup;

use super::asm::{self, Asm, Deco, Form, Gpr, RAX, RCX, RDI, RDX, RSI, Reg, Rm};
use super::program::{Extent, Layout, Liveness, Merge, Program, ends, repeated};
use super::schedule::schedule;
use crate::math::record::{Id, Lane};

/// Longer programs keep their order: the search for the next instruction is quadratic.
const SCHEDULED: usize = 4000;

/// Copies of a program that are ordered together, at most, and instructions of all.
const COPIES: usize = 4;
const REPEATED: usize = 1000;

/// Bytes of a place in the frame: the widest vector.
const SLOT: i32 = 64;

/// Mask registers for values; those of the tail and two for masks that come from memory are kept. Where there is
/// no tail, its are values' too.
const MASKS: std::ops::Range<u8> = 2..5;
const ALL_MASKS: std::ops::Range<u8> = 1..6;

/// Mask registers of the tail, by copy.
const TAILS: [u8; 2] = [1, 5];

/// General registers for pointers: a pointer that is read from the table before each access waits for stores
/// whose addresses are not known yet. All but the first two are the caller's. r10 is for the lane of a partial
/// result, r11 says whether the formulas have held.
const POINTERS: [Gpr; 8] = [8, 9, 3, 5, 12, 13, 14, 15];
/// How many of them are not the caller's.
const FREE_POINTERS: usize = 2;

/// Rows up to this are not aligned.
const ALIGNED: i32 = 255;

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    None,
    Reg(Reg),
    Frame(i32),
    Pool(u32),
}

/// A body: how many elements an instruction works on, how often it is repeated, and whether it
/// works on the elements of the tail mask only.
#[derive(Debug, Clone, Copy)]
struct Body {
    lanes: usize,
    copies: usize,
    together: usize,
    masked: bool,
    /// Copies that are in the program.
    repeat: usize,
}

/// Machine code, and the size of the frame that it needs.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) bytes: Vec<u8>,
    /// Numbers, including what aligning it may cost.
    pub(super) frame: usize,
}

struct Emit<'p> {
    /// The program at hand, and what is known of it.
    p: &'p Program,
    live: Liveness,
    /// Where the main body's is copies of a program: the program, for the elements before and after.
    alone: Option<(&'p Program, Liveness, Vec<Place>)>,
    /// What an element stores.
    stores: usize,
    layout: Layout,
    asm: Asm,
    pool: Vec<u64>,
    /// How partial results of each reduction are made one, and where their lanes are in the frame.
    merges: &'p [Merge],
    lanes: Vec<i32>,
    /// The register of each entry of the table that has one.
    pointers: Vec<Option<Gpr>>,
    /// Places of fixed values.
    fixed: Vec<Place>,
    /// Slots of the frame in use, and the most there were.
    frame_free: Vec<i32>,
    frame_ended: Vec<i32>,
    frame_next: i32,
    frame_most: i32,
    body: Body,
    /// Place of each copy of each value.
    place: Vec<Place>,
    /// The copy of a value that each register holds.
    held: [[u32; 32]; 2],
}

/// Compiles a program. `uniform` has a bit for each input that is one number.
pub(super) fn compile(p: &Program, uniform: u128, form: Form) -> Compiled {
    let mut live = Liveness::new(p, uniform);
    let mut layout = Layout::new(p, &live, form);
    let (ordered, several);
    let (mut p, stores) = (p, p.stores.len());
    let (mut alone, mut repeat) = (None, 1);
    if layout.together == 1 && p.extent != Extent::One && p.code.len() <= SCHEDULED {
        // No copies side by side: the chains of one element are, and those of the next begin before they end.
        let copies = (REPEATED / p.code.len().max(1)).clamp(1, COPIES);
        if p.folds.is_empty() && copies > 1 {
            let (all, copy_of) = repeated(p, &live, copies);
            let of_all = Liveness::new(&all, uniform);
            several = schedule(&all, &of_all, Layout::new(&all, &of_all, form).spare(), &copy_of);
            repeat = copies;
        } else {
            several = Program::default();
        }
        ordered = schedule(p, &live, layout.spare(), &[]);
        p = &ordered;
        live = Liveness::new(p, uniform);
        if repeat > 1 {
            alone = Some((p, live, vec![Place::None; p.code.len()]));
            p = &several;
            live = Liveness::new(p, uniform);
        }
        layout = Layout::new(p, &live, form);
    }
    let n = p.code.len();
    let merges: Vec<Merge> = p.folds.iter().map(|f| Merge::new(f, form == Form::Evex, p.single)).collect();
    let mut e = Emit {
        p,
        live,
        alone,
        stores,
        layout,
        asm: Asm::new(form, p.single),
        pool: Vec::new(),
        merges: &merges,
        lanes: Vec::new(),
        pointers: Vec::new(),
        fixed: vec![Place::None; n],
        frame_free: Vec::new(),
        frame_ended: Vec::new(),
        frame_next: 0,
        frame_most: 0,
        body: Body { lanes: 1, copies: 1, together: 1, masked: false, repeat },
        place: Vec::new(),
        held: [[NONE; 32]; 2],
    };
    e.function();
    e.asm.pool(&e.pool);
    // What aligning the frame may cost is as much as one place of it.
    let frame = usize::try_from((e.frame_most + 1) * SLOT).unwrap_or(0);
    Compiled { frame: frame / e.asm.size(), bytes: e.asm.code }
}

const NONE: u32 = u32::MAX;

impl Emit<'_> {
    fn evex(&self) -> bool {
        self.asm.form == Form::Evex
    }

    /// The registers for operands that come from memory.
    fn scratch(&self, second: bool) -> Reg {
        (if self.evex() { 31 } else { 15 }) - u8::from(second)
    }

    fn function(&mut self) {
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

    /// The elements before the first store's address is aligned, of a row that is worth it: vectors
    /// that cross lines of the cache take twice the time.
    fn head(&mut self, body: Body) {
        self.body = body;
        self.asm.compare(RSI, ALIGNED);
        let short = self.asm.jump(0x8E);
        self.asm.load(RAX, RDI, entry_at(self.p.inputs));
        // Where the first input is aligned otherwise, nothing would be gained.
        let first = self.first_input();
        let apart = first.filter(|_| !self.p.stream).map(|k| {
            self.asm.load(10, RDI, entry_at(k));
            self.asm.compare_alignment();
            self.asm.jump(0x85)
        });
        self.asm.head_length();
        self.asm.copy(10, RAX);
        self.asm.compare(RAX, 0);
        let aligned = self.asm.jump(0x8E);
        self.tail_masks();
        self.body();
        self.asm.add_head();
        let end = self.asm.code.len();
        [Some(short), Some(aligned), apart].into_iter().flatten().for_each(|j| self.asm.land(j, end));
    }

    /// The first input that is not one number.
    fn first_input(&self) -> Option<usize> {
        let read = |i: usize| match self.p.code[i] {
            Lane::Input(k) if self.live.needed[i] && !self.live.fixed[i] => Some(k as usize % self.p.inputs),
            _ => None,
        };
        (0..self.p.code.len()).find_map(read)
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

    fn slot(&mut self) -> i32 {
        self.frame_free.pop().unwrap_or_else(|| {
            self.frame_next += 1;
            self.frame_most = self.frame_most.max(self.frame_next);
            (self.frame_next - 1) * SLOT
        })
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
                self.place[fold.carry as usize * copies + copy] = Place::Reg(self.carry(f, copy));
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

    /// The mask of the elements of a copy; 0 when all are there.
    fn tail(&self, copy: usize) -> u8 {
        if self.body.masked { TAILS[copy % TAILS.len()] } else { 0 }
    }

    fn at(&self, i: Id, copy: usize) -> Place {
        self.place[i as usize * self.body.copies + copy]
    }

    /// Frees a value after its last use.
    fn end(&mut self, value: usize, copy: usize, at: usize) {
        if self.live.fixed[value] || !ends(&self.live.uses[value], at) {
            return;
        }
        let key = value * self.body.copies + copy;
        match std::mem::replace(&mut self.place[key], Place::None) {
            Place::Reg(reg) => self.held[self.class(value)][reg as usize] = NONE,
            // The instruction at hand still reads it.
            Place::Frame(slot) => self.frame_ended.push(slot),
            _ => {}
        }
    }

    /// 1 for values in mask registers.
    fn class(&self, value: usize) -> usize {
        usize::from(self.evex() && self.p.code[value].is_mask())
    }

    /// A register for a result; when all are taken, one is emptied into the frame.
    fn take(&mut self, value: usize, copy: usize) -> Reg {
        let class = self.class(value);
        if !self.body.masked
            && let Some(f) = self.p.folds.iter().position(|f| f.next as usize == value)
        {
            let reg = self.carry(f, copy);
            self.place[value * self.body.copies + copy] = Place::Reg(reg);
            return reg;
        }
        let masks = if self.body.masked { MASKS } else { ALL_MASKS };
        let range = if class == 1 { masks } else { 0..self.layout.free };
        let copies = self.body.copies;
        let reg = range.clone().find(|&r| self.held[class][r as usize] == NONE).unwrap_or_else(|| {
            let next = |r: &u8| {
                let held = self.held[class][*r as usize] as usize / copies;
                let uses = &self.live.uses[held];
                uses.iter().copied().find(|&u| u as usize >= value).unwrap_or(NONE)
            };
            let victim = range.max_by_key(next).unwrap_or(0);
            let key = self.held[class][victim as usize];
            let slot = self.slot();
            if class == 1 {
                self.asm.mask_memory(0x91, victim, RDX, slot);
            } else {
                self.asm.vector(asm::STORE, victim, 0, Rm::At(RDX, slot), None, Deco::default());
            }
            self.place[key as usize] = Place::Frame(slot);
            victim
        });
        let key = value * copies + copy;
        self.held[class][reg as usize] = u32::try_from(key).unwrap_or(NONE);
        self.place[key] = Place::Reg(reg);
        reg
    }

    /// Puts a value from memory into a register.
    fn bring(&mut self, place: Place, reg: Reg) {
        let (rm, deco) = self.rm(place);
        let o = match place {
            Place::Reg(_) => asm::COPY,
            Place::Pool(_) if self.evex() => asm::BROADCAST,
            _ => asm::LOAD,
        };
        self.asm.vector(o, reg, 0, rm, None, Deco { broadcast: false, ..deco });
    }

    fn rm(&self, place: Place) -> (Rm, Deco) {
        match place {
            Place::Reg(reg) => (Rm::Reg(reg), Deco::default()),
            Place::Frame(slot) => (Rm::At(RDX, slot), Deco::default()),
            Place::Pool(entry) => (Rm::Pool(entry), Deco { broadcast: self.evex(), ..Deco::default() }),
            Place::None => (Rm::Reg(0), Deco::default()),
        }
    }

    /// The register of an operand, brought from memory if need be.
    fn reg(&mut self, place: Place, second: bool) -> Reg {
        if let Place::Reg(reg) = place {
            return reg;
        }
        let reg = self.scratch(second);
        self.bring(place, reg);
        reg
    }

    fn mask(&mut self, place: Place, scratch: Reg) -> Reg {
        match place {
            Place::Reg(k) => k,
            Place::Frame(slot) => {
                self.asm.mask_memory(0x90, scratch, RDX, slot);
                scratch
            }
            _ => 0,
        }
    }
}

/// The place of an entry in the table; the frame is before the first.
fn entry_at(k: usize) -> i32 {
    i32::try_from(8 * (k + 1)).unwrap_or(0)
}
