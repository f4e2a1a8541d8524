//! A lane program with what it reads and stores, and how it is laid out in registers.

use smallvec::SmallVec;

use super::asm::Form;
use crate::lanes::{Id, Lane};

/// A straight line for every element, from inputs to stores.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    pub(super) code: Vec<Lane>,
    /// Number of inputs: entries of the table behind the frame.
    pub(super) inputs: usize,
    /// What is stored, in the order of the entries behind the inputs.
    pub(super) stores: Vec<Id>,
}

/// What is known of the values of a program.
#[derive(Debug)]
pub(super) struct Liveness {
    /// Instructions that read each value, ascending.
    pub(super) uses: Vec<SmallVec<[u32; 4]>>,
    /// Is it computed at all?
    pub(super) needed: Vec<bool>,
    /// The same for every element: a constant, or an input that is one number.
    pub(super) fixed: Vec<bool>,
    /// Most vectors and masks alive at once, without fixed ones.
    pub(super) pressure: usize,
}

impl Liveness {
    /// `uniform` has a bit for each input that is one number.
    pub(super) fn new(p: &Program, uniform: u128) -> Liveness {
        let n = p.code.len();
        let mut needed = vec![false; n];
        for &s in &p.stores {
            needed[s as usize] = true;
        }
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
                Lane::Const(_) => true,
                Lane::Input(k) => uniform >> k & 1 == 1,
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
    /// Copies of the body, interleaved, so that their chains overlap.
    pub(super) unroll: usize,
    /// Fixed values with a register of their own.
    pub(super) pinned: Vec<(Id, u8)>,
    /// Registers for everything else: those below.
    pub(super) free: u8,
}

/// Instructions after unrolling; beyond, loops outgrow the cache of decoded instructions.
const LONGEST: usize = 1500;

impl Layout {
    pub(super) fn new(p: &Program, live: &Liveness, form: Form) -> Layout {
        // Two registers are kept for operands that come from memory.
        let registers: usize = match form {
            Form::Vex => 14,
            Form::Evex => 30,
        };
        let mut fixed: Vec<(usize, Id)> = (0..p.code.len())
            .filter(|&i| live.fixed[i] && live.needed[i])
            .map(|i| (live.uses[i].len(), Id::try_from(i).unwrap_or(0)))
            .collect();
        fixed.sort_by_key(|&(uses, id)| (std::cmp::Reverse(uses), id));
        let wanted = fixed.len().min(registers / 4);
        let unroll = (1..=4)
            .rev()
            .find(|u| u * live.pressure.max(1) + wanted <= registers && u * p.code.len() <= LONGEST)
            .unwrap_or(1);
        let spare = registers.saturating_sub(unroll * live.pressure.max(1)).min(fixed.len());
        let spare = u8::try_from(spare).unwrap_or(0);
        let free = u8::try_from(registers).unwrap_or(14) - spare;
        let pinned = (free..free + spare).zip(fixed).map(|(reg, (_, id))| (id, reg)).collect();
        Layout { unroll, pinned, free }
    }
}
