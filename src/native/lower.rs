//! From a fused loop to a lane program, where every operator of it has one.

use super::program::Program;
use crate::eval::{Fused, Instr, Operand, Target};
use crate::lanes::{Recorder, Value};

/// Inputs are told apart by bits of one word.
const INPUTS: usize = 128;

/// So are stores.
const STORES: usize = 64;

/// The program: inputs are the leaves; what is stored are the stores, then the operands of the
/// reductions.
pub(super) fn lower(fused: &Fused) -> Option<Program> {
    if fused.leaves.len() > INPUTS || fused.stores.len() > STORES {
        return None;
    }
    let mut l = Lowering { r: Recorder::default(), registers: vec![None; fused.registers as usize] };
    for &(leaf, reg) in &fused.prologue {
        let v = l.r.input(leaf);
        l.set(reg, v)?;
    }
    let mut stores = vec![None; fused.stores.len() + fused.folds.len()];
    for instr in &fused.code {
        match instr {
            Instr::Load { leaf, reg } => {
                let v = l.r.input(*leaf);
                l.set(*reg, v)?;
            }
            Instr::Map { op, args, out, .. } => {
                let record = op.def().lanes?;
                let args = args.iter().map(|a| l.get(*a)).collect::<Option<Vec<Value>>>()?;
                let v = record(&mut l.r, &args);
                l.set(out.reg, v)?;
                if let Some(store) = stores.get_mut(out.store as usize) {
                    *store = Some(v.id());
                }
            }
            Instr::Fold { fold, arg } => {
                let v = l.get(*arg)?;
                *stores.get_mut(fused.stores.len() + *fold as usize)? = Some(v.id());
            }
        }
    }
    let stores = stores.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Program { code: l.r.code().to_vec(), inputs: fused.leaves.len(), stores })
}

struct Lowering {
    r: Recorder,
    registers: Vec<Option<Value>>,
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
