//! A lane program with what it reads and stores, and how it is laid out in registers.

use smallvec::SmallVec;

use super::asm::Form;
use crate::math::record::{Id, Lane, Record, Recorder};
use crate::op::FOLD_LANES;

/// A reduction that is carried along, and joined to one number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold {
    /// The partial result before an element.
    pub(super) carry: Id,
    /// The partial result after it.
    pub(super) next: Id,
    /// The bits of what it begins with.
    pub(super) identity: u64,
    /// Two partial results into one.
    pub(super) merge: Record,
}

/// How two partial results are made one: inputs 0 and 1, and the only thing stored.
#[derive(Debug)]
pub(super) struct Merge {
    pub(super) program: Program,
    pub(super) live: Liveness,
}

impl Merge {
    pub(super) fn new(fold: &Fold, scales: bool, single: bool) -> Merge {
        let mut r = Recorder::new(scales, single);
        let operands = [r.input(0), r.input(1)];
        let (result, _) = r.apply(fold.merge, &operands);
        let (code, stores) = (r.code().to_vec(), vec![result.id()]);
        let program = Program { code, single, inputs: 2, stores, ..Program::default() };
        // Both are in registers.
        let live = Liveness::new(&program, 3);
        Merge { program, live }
    }

    /// Do both merge alike?
    pub(super) fn like(&self, other: &Merge) -> bool {
        self.program.code == other.program.code && self.program.stores == other.program.stores
    }
}

/// The elements that code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Extent {
    /// A row.
    #[default]
    Row,
    /// Rows: the table goes on with the bytes from row to row of each entry, and the number of rows.
    Rows,
    /// One element alone.
    One,
}

/// A straight line for every element, from inputs to stores.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    pub(super) code: Vec<Lane>,
    /// Are the numbers singles?
    pub(super) single: bool,
    /// Number of inputs: entries of the table behind the frame.
    pub(super) inputs: usize,
    /// What is stored, in the order of the entries behind the inputs.
    pub(super) stores: Vec<Id>,
    /// Reductions carried along; where their results go is behind the stores.
    pub(super) folds: Vec<Fold>,
    /// Masks of where the formulas hold.
    pub(super) holds: Vec<Id>,
    /// How often, and over what, the line is repeated.
    pub(super) extent: Extent,
    /// Of one element alone: how many numbers each entry is from the first in the table, the only one there is.
    pub(super) slots: Vec<u32>,
    /// The last inputs are only brought to the caches: so many to be read later, and so many to be written.
    pub(super) ahead: (usize, usize),
    /// Are stores past the caches? All are aligned where the first is, and rows are long.
    pub(super) stream: bool,
}

/// Copies of a program in one, for elements one after the other: inputs and stores of the next copy are numbered on.
/// Constants, and inputs that are one number, are shared.
pub(super) fn repeated(p: &Program, live: &Liveness, copies: usize) -> (Program, Vec<u32>) {
    let mut out = Program { code: Vec::new(), stores: Vec::new(), holds: Vec::new(), ..p.clone() };
    let mut copy_of = Vec::new();
    let mut place: Vec<Id> = vec![0; p.code.len()];
    for copy in 0..u32::try_from(copies).unwrap_or(1) {
        for (i, lane) in p.code.iter().enumerate().filter(|(i, _)| live.needed[*i]) {
            if live.fixed[i] && copy > 0 {
                continue;
            }
            let lane = match *lane {
                Lane::Input(k) if !live.fixed[i] => {
                    Lane::Input(k + copy * u32::try_from(p.inputs).unwrap_or(0))
                }
                lane => lane.with_args(|id| place[id as usize]),
            };
            place[i] = Id::try_from(out.code.len()).unwrap_or(Id::MAX);
            out.code.push(lane);
            copy_of.push(copy);
        }
        out.stores.extend(p.stores.iter().map(|&s| place[s as usize]));
        out.holds.extend(p.holds.iter().map(|&h| place[h as usize]));
    }
    (out, copy_of)
}

/// What is known of the values of a program.
#[derive(Debug, Clone)]
pub(super) struct Liveness {
    /// Instructions that read each value, ascending.
    pub(super) uses: Vec<SmallVec<[u32; 4]>>,
    /// Is it computed at all?
    pub(super) needed: Vec<bool>,
    /// In a place of its own: a constant, an input that is one number, a partial result.
    pub(super) fixed: Vec<bool>,
    /// Most vectors and masks alive at once, without fixed ones.
    pub(super) pressure: usize,
}

impl Liveness {
    /// `uniform` has a bit for each input that is one number.
    pub(super) fn new(p: &Program, uniform: u128) -> Liveness {
        let n = p.code.len();
        let mut needed = vec![false; n];
        let results = p.stores.iter().copied().chain(p.folds.iter().map(|f| f.next));
        results.chain(p.holds.iter().copied()).for_each(|s| needed[s as usize] = true);
        for i in (0..n).rev() {
            if needed[i] {
                p.code[i].args().iter().for_each(|&a| needed[a as usize] = true);
            }
        }
        let mut uses: Vec<SmallVec<[u32; 4]>> = vec![SmallVec::new(); n];
        for (i, lane) in p.code.iter().enumerate().filter(|(i, _)| needed[*i]) {
            for a in lane.args() {
                uses[a as usize].push(u32::try_from(i).unwrap_or(u32::MAX));
            }
        }
        let fixed: Vec<bool> = p
            .code
            .iter()
            .map(|lane| match *lane {
                Lane::Const(_) | Lane::Carry(_) => true,
                Lane::Input(k) => k < u128::BITS && (k as usize) < p.inputs && uniform >> k & 1 == 1,
                _ => false,
            })
            .collect();
        let (mut live, mut pressure) = (0usize, 0);
        for i in 0..n {
            if !needed[i] || fixed[i] {
                continue;
            }
            let mut args = p.code[i].args();
            args.sort_unstable();
            args.dedup();
            live -= args.iter().filter(|&&a| !fixed[a as usize] && ends(&uses[a as usize], i)).count();
            live += 1;
            pressure = pressure.max(live);
            if uses[i].is_empty() {
                live -= 1;
            }
        }
        Liveness { uses, needed, fixed, pressure }
    }
}

/// Is the instruction the last that reads?
pub(super) fn ends(uses: &[u32], at: usize) -> bool {
    uses.last().is_none_or(|&u| u as usize <= at)
}

/// How a program is compiled: how many elements side by side, and what stays in registers.
#[derive(Debug)]
pub(super) struct Layout {
    /// Copies of the program.
    pub(super) unroll: usize,
    /// Copies that are interleaved, so that their chains overlap; the others follow.
    pub(super) together: usize,
    /// Fixed values with a register of their own.
    pub(super) pinned: Vec<(Id, u8)>,
    /// The first register of partial results.
    pub(super) carries: u8,
    /// Reductions whose partial results are in registers, the first ones.
    pub(super) in_registers: usize,
    /// Registers for everything else: those below.
    pub(super) free: u8,
    /// Registers that are not counted on for values on the way. With AVX2, where constants are read where they are
    /// used, fewer.
    pinned_few: usize,
}

/// Instructions after unrolling; beyond, loops outgrow the cache of decoded instructions.
const LONGEST: usize = 1500;

/// Registers that merging two partial results takes, at most.
const MERGING: usize = 5;

/// Registers for partial results at most.
const CARRIED: usize = 8;

/// Reductions that are carried along at most where there are few registers: what has no register is in the frame,
/// but a lane of each has one at the end of a row.
const CARRIED_IN_FRAME: usize = CARRIED;

/// Partial results of one reduction, in vectors of so many numbers.
pub(super) fn chains(widest: usize) -> usize {
    FOLD_LANES / widest
}

/// How many reductions can be carried along, in registers and, with AVX2, in the frame.
pub(super) fn most_carried(form: Form, widest: usize) -> usize {
    match form {
        Form::Vex => CARRIED_IN_FRAME,
        Form::Evex => CARRIED / chains(widest),
    }
}

/// How many of so many reductions are in registers.
fn in_registers(folds: usize, chains: usize) -> usize {
    folds.min(CARRIED / chains)
}

impl Layout {
    /// Registers for values on the way, with few constants pinned.
    pub(super) fn spare(&self) -> usize {
        usize::from(self.carries).saturating_sub(self.pinned_few)
    }

    pub(super) fn new(p: &Program, live: &Liveness, form: Form) -> Layout {
        let all = form.registers();
        let pinned_few = match form {
            Form::Vex => 8,
            Form::Evex => 11,
        };
        let chains = chains(form.bytes() / if p.single { 4 } else { 8 });
        let in_registers = in_registers(p.folds.len(), chains);
        let carried = in_registers * chains;
        let registers = all.saturating_sub(carried).max(2);
        let mut fixed: Vec<(usize, Id)> = (0..p.code.len())
            .filter(|&i| live.fixed[i] && live.needed[i] && !matches!(p.code[i], Lane::Carry(_)))
            .map(|i| (live.uses[i].len(), Id::try_from(i).unwrap_or(0)))
            .collect();
        fixed.sort_by_key(|&(uses, id)| (std::cmp::Reverse(uses), id));
        let wanted = fixed.len().min(registers / 4);
        let pressure = live.pressure.max(1);
        let fits = |u: &usize| u * pressure + wanted <= registers && u * p.code.len() <= LONGEST;
        // Element and lane of a partial result go together: as many copies as there are chains. Other programs
        // are repeated before they are laid out.
        let unroll = if p.folds.is_empty() { 1 } else { chains };
        let together = (1..=unroll).rev().filter(|t| unroll.is_multiple_of(*t)).find(fits).unwrap_or(1);
        let needed = if p.folds.is_empty() { together * pressure } else { MERGING.max(together * pressure) };
        let spare = registers.saturating_sub(needed).min(fixed.len());
        let spare = u8::try_from(spare).unwrap_or(0);
        let carries = u8::try_from(registers).unwrap_or(14);
        let free = carries - spare;
        let pinned = (free..free + spare).zip(fixed).map(|(reg, (_, id))| (id, reg)).collect();
        Layout { unroll, together, pinned, carries, in_registers, free, pinned_few }
    }
}
