//! From a lane program to machine code.
//!
//! The function walks the elements in bodies of decreasing width. Inside a body copies of the
//! program are interleaved instruction by instruction. Registers are given in one sweep; when none
//! is free, the value whose next use is farthest goes to the frame, and is read from there.

mod bodies;
mod join;
mod look_up;
mod results;
mod select;
mod setup;

use super::asm::{self, Asm, Deco, Form, Gpr, RDX, Reg, Rm};
use super::program::{Extent, Layout, Liveness, Merge, Program, ends, repeated};
use super::schedule::schedule;
use crate::math::record::Id;

/// Longer programs keep their order: the search for the next instruction is quadratic.
const SCHEDULED: usize = 4000;

/// Copies of a program that are ordered together, at most, and instructions of all.
const COPIES: usize = 4;
const REPEATED: usize = 2000;

/// With few registers: copies at least and at most, and instructions of all. Those that a processor looks ahead over
/// are enough to hide how long each takes; values of more copies go to the frame and back.
const COPIES_OF_FEW: std::ops::RangeInclusive<usize> = 2..=6;
const REPEATED_OF_FEW: usize = 256;

/// Programs of fewer instructions have chains that are short.
const SHORT: usize = 32;

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
    /// The input with whose elements others are brought to the caches.
    host: Option<usize>,
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
    /// A value that has its register already.
    into: Option<(usize, Reg)>,
}

/// Compiles a program. `uniform` has a bit for each input that is one number.
pub(super) fn compile(p: &Program, uniform: u128, form: Form) -> Compiled {
    let mut live = Liveness::new(p, uniform);
    let mut layout = Layout::new(p, &live, form);
    let (ordered, several);
    let (mut p, stores) = (p, p.stores.len());
    let (mut alone, mut repeat) = (None, 1);
    if layout.together == 1 && p.code.len() <= SCHEDULED {
        // The chains of one element are side by side, and those of the next begin before they end.
        if p.folds.is_empty() && p.extent != Extent::One {
            repeat = copies(p, &live, form);
        }
        if repeat > 1 {
            let (all, copy_of) = repeated(p, &live, repeat);
            let of_all = Liveness::new(&all, uniform);
            several = schedule(&all, &of_all, Layout::new(&all, &of_all, form).spare(), &copy_of);
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
        host: None,
        pointers: Vec::new(),
        fixed: vec![Place::None; n],
        frame_free: Vec::new(),
        frame_ended: Vec::new(),
        frame_next: 0,
        frame_most: 0,
        body: Body { lanes: 1, copies: 1, together: 1, masked: false, repeat },
        place: Vec::new(),
        held: [[NONE; 32]; 2],
        into: None,
    };
    e.function();
    e.asm.pool(&e.pool);
    // What aligning the frame may cost is as much as one place of it.
    let frame = usize::try_from((e.frame_most + 1) * SLOT).unwrap_or(0);
    Compiled { frame: frame / e.asm.size(), bytes: e.asm.code }
}

/// Copies of a program that are ordered together.
fn copies(p: &Program, live: &Liveness, form: Form) -> usize {
    if form == Form::Evex {
        return (REPEATED / p.code.len().max(1)).clamp(1, COPIES);
    }
    let (least, most) = COPIES_OF_FEW.into_inner();
    if live.pressure >= form.registers() {
        return least;
    }
    let computed = live.needed.iter().zip(&live.fixed).filter(|&(&needed, &fixed)| needed && !fixed).count();
    // Short rows are often so many vectors as a power of two; short chains end before there are more.
    let most = if p.extent == Extent::Rows || computed < SHORT { COPIES } else { most };
    (REPEATED_OF_FEW / computed.max(1)).clamp(least, most)
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

    fn slot(&mut self) -> i32 {
        self.frame_free.pop().unwrap_or_else(|| {
            self.frame_next += 1;
            self.frame_most = self.frame_most.max(self.frame_next);
            (self.frame_next - 1) * SLOT
        })
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
        if let Some((_, reg)) = self.into.filter(|&(v, _)| v == value && class == 0) {
            self.place[value * self.body.copies + copy] = Place::Reg(reg);
            return reg;
        }
        if !self.body.masked
            && let Some(f) = self.p.folds.iter().position(|f| f.next as usize == value)
            && let Place::Reg(reg) = self.carried(f, copy)
        {
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
