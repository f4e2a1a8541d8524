//! From a fused loop to a program of instructions, where every operator of it has a formula.

use super::asm::Form;
use super::loops::Mode;
use super::program::{Extent, Fold, Program};
use crate::eval::{Format, Fused, Instr, Operand, Target};
use crate::math::Element as _;
use crate::math::record::{Record, Recorder, Value};

/// Inputs are told apart by bits of one word.
const INPUTS: usize = 128;

/// So are stores, and reductions.
const STORES: usize = 64;

/// Has every operator a formula, and is the loop not too large?
pub(super) fn compiles(fused: &Fused) -> bool {
    let small = fused.leaves.len() <= INPUTS && fused.stores.len() + fused.folds.len() <= STORES;
    let formula = |i: &Instr| !matches!(i, Instr::Map { op, .. } if op.def().kernel.record().is_none());
    small && fused.code.iter().all(formula)
}

/// The program: inputs are the leaves, then the results of reductions along rows. What is stored are
/// the stores, the operands of reductions that are not carried along, then the results of those along
/// rows.
pub(super) fn lower(fused: &Fused, mode: Mode, form: Form) -> Option<Program> {
    if !compiles(fused) {
        return None;
    }
    let mut l = Lowering::new(form, fused.format == Format::F32, fused.registers as usize);
    for &(leaf, reg) in &fused.prologue {
        let v = l.r.input(leaf);
        l.set(reg, v)?;
    }
    let mut stores = vec![None; fused.stores.len()];
    let mut operands = vec![None; fused.folds.len()];
    for instr in &fused.code {
        match instr {
            Instr::Load { leaf, reg } => {
                let v = l.r.input(*leaf);
                l.set(*reg, v)?;
            }
            Instr::Map { op, args, out, .. } => {
                let args = args.iter().map(|a| l.get(*a)).collect::<Option<Vec<Value>>>()?;
                let v = l.apply(op.def().kernel.record()?, &args);
                l.set(out.reg, v)?;
                if let Some(store) = stores.get_mut(out.store as usize) {
                    *store = Some(v.id());
                }
            }
            Instr::Fold { fold, arg } => *operands.get_mut(*fold as usize)? = Some(l.get(*arg)?),
        }
    }
    let mut folds = Vec::new();
    let mut inputs = fused.leaves.len();
    let mut along = Vec::new();
    for (f, (spec, operand)) in (0..).zip(fused.folds.iter().zip(operands)) {
        if mode.columns >> f & 1 == 1 {
            let before = l.r.input(u32::try_from(inputs).ok()?);
            inputs += 1;
            along.push(Some(l.apply(spec.step.record?, &[before, operand?]).id()));
        } else if mode.carried >> f & 1 == 1 {
            let carry = l.r.carry(f);
            let (next, _) = l.r.apply(spec.step.record?, &[carry, operand?]);
            let identity = match fused.format {
                Format::F32 => f32::of(spec.identity).to_bits().into(),
                _ => spec.identity.to_bits(),
            };
            folds.push(Fold { carry: carry.id(), next: next.id(), identity, merge: spec.merge.record? });
        } else {
            stores.push(operand.map(Value::id));
        }
    }
    stores.extend(along);
    let stores = stores.into_iter().collect::<Option<Vec<_>>>()?;
    let extent = if mode.by_rows { Extent::Rows } else { Extent::Row };
    let (read, written) = mode.ahead;
    let ahead = (read.into(), written.into());
    inputs += ahead.0 + ahead.1;
    Some(Program { inputs, stores, folds, extent, stream: mode.stream, ahead, ..l.finish() })
}

/// A program under construction: the values of registers.
pub(super) struct Lowering {
    r: Recorder,
    single: bool,
    registers: Vec<Option<Value>>,
    holds: Vec<u32>,
}

impl Lowering {
    pub(super) fn new(form: Form, single: bool, registers: usize) -> Lowering {
        let r = Recorder::new(form == Form::Evex, single);
        Lowering { r, single, registers: vec![None; registers], holds: Vec::new() }
    }

    pub(super) fn input(&mut self, k: u32) -> Value {
        self.r.input(k)
    }

    pub(super) fn apply(&mut self, record: Record, args: &[Value]) -> Value {
        let (v, holds) = self.r.apply(record, args);
        self.holds.extend(holds.map(|m| m.id()));
        v
    }

    pub(super) fn set(&mut self, reg: u32, v: Value) -> Option<()> {
        *self.registers.get_mut(reg as usize)? = Some(v);
        Some(())
    }

    /// The value of a register, if it has one.
    pub(super) fn known(&self, reg: u32) -> Option<Value> {
        *self.registers.get(reg as usize)?
    }

    /// Instructions so far.
    pub(super) fn len(&self) -> usize {
        self.r.code().len()
    }

    /// The instructions, without inputs and results.
    pub(super) fn finish(mut self) -> Program {
        self.holds.sort_unstable();
        self.holds.dedup();
        Program { code: self.r.code().to_vec(), single: self.single, holds: self.holds, ..Program::default() }
    }

    fn get(&mut self, operand: Operand) -> Option<Value> {
        match operand {
            Operand::Leaf { leaf, .. } => Some(self.r.input(leaf)),
            Operand::Reg(reg) | Operand::Stored(Target { reg, .. }) => *self.registers.get(reg as usize)?,
        }
    }
}
