//! From a fused loop to a program of instructions, where every operator of it has a formula.

use super::asm::Form;
use super::program::{Fold, Program};
use crate::eval::{Fused, Instr, Operand, Target};
use crate::math::record::{Recorder, Value};

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

/// The program: inputs are the leaves. What is stored are the stores, then the operands of the
/// reductions that are not `carried` along, a bit for each.
pub(super) fn lower(fused: &Fused, carried: u64, form: Form) -> Option<Program> {
    if !compiles(fused) {
        return None;
    }
    let mut l = Lowering {
        r: Recorder::new(form == Form::Evex),
        registers: vec![None; fused.registers as usize],
        holds: Vec::new(),
    };
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
                let (v, holds) = l.r.apply(op.def().kernel.record()?, &args);
                l.holds.extend(holds.map(|m| m.id()));
                l.set(out.reg, v)?;
                if let Some(store) = stores.get_mut(out.store as usize) {
                    *store = Some(v.id());
                }
            }
            Instr::Fold { fold, arg } => *operands.get_mut(*fold as usize)? = Some(l.get(*arg)?),
        }
    }
    let mut folds = Vec::new();
    for (f, (spec, operand)) in (0..).zip(fused.folds.iter().zip(operands)) {
        if carried >> f & 1 == 1 {
            let carry = l.r.carry(f);
            let (next, _) = l.r.apply(spec.step.record?, &[carry, operand?]);
            folds.push(Fold { carry: carry.id(), next: next.id() });
        } else {
            stores.push(operand.map(Value::id));
        }
    }
    let stores = stores.into_iter().collect::<Option<Vec<_>>>()?;
    l.holds.sort_unstable();
    l.holds.dedup();
    Some(Program { code: l.r.code().to_vec(), inputs: fused.leaves.len(), stores, folds, holds: l.holds })
}

struct Lowering {
    r: Recorder,
    registers: Vec<Option<Value>>,
    holds: Vec<u32>,
}

impl Lowering {
    fn set(&mut self, reg: u32, v: Value) -> Option<()> {
        *self.registers.get_mut(reg as usize)? = Some(v);
        Some(())
    }

    fn get(&mut self, operand: Operand) -> Option<Value> {
        match operand {
            Operand::Leaf { leaf, .. } => Some(self.r.input(leaf)),
            Operand::Reg(reg) | Operand::Stored(Target { reg, .. }) => *self.registers.get(reg as usize)?,
        }
    }
}
