//! Programs of scalars as a straight line of machine code: one lane of a vector, no loop.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::asm::Form;
use super::loops::Code;
use super::lower::Lowering;
use super::program::{Extent, Program};
use crate::eval::{ScalarStep, Slot};
use crate::math::record::{Record, Value};

/// Fewer operations are called one by one: code costs more to make than it saves.
const FEWEST: usize = 8;

/// Instructions at most.
const MOST: usize = 20_000;

/// The code of a program, whose table has the first register; `None` where some operator has no formula.
pub(super) fn compile(ops: &[ScalarStep], slots: usize, form: Form) -> Option<Arc<Code>> {
    if ops.len() < FEWEST {
        return None;
    }
    let mut l = Lowering::new(form, false, slots);
    let mut reads: Vec<Slot> = Vec::new();
    let mut written = vec![false; slots];
    for op in ops {
        *written.get_mut(parts(op)?.2 as usize)? = true;
    }
    // What is read and written again is read before anything else: a result may be known, and stored,
    // long before the place of its step.
    let mut done = vec![false; slots];
    for op in ops {
        let (_, args, out) = parts(op)?;
        for slot in args {
            if written[slot as usize] && !done[slot as usize] {
                read(&mut l, &mut reads, slot)?;
            }
        }
        done[out as usize] = true;
    }
    for op in ops {
        let (record, args, out) = parts(op)?;
        let args = args.iter().map(|&s| read(&mut l, &mut reads, s)).collect::<Option<Vec<Value>>>()?;
        let v = l.apply(record, &args);
        l.set(out, v)?;
        if l.len() > MOST {
            return None;
        }
    }
    let writes: Vec<Slot> = (0..).zip(&written).filter(|(_, w)| **w).map(|(slot, _)| slot).collect();
    let stores = writes.iter().map(|&slot| l.known(slot).map(Value::id)).collect::<Option<Vec<_>>>()?;
    let inputs = reads.len();
    reads.extend(writes);
    let program = Program { stores, inputs, slots: reads, extent: Extent::One, ..l.finish() };
    Code::new(&program, 0, form)
}

/// The formula of a step, its operands and its result.
fn parts(op: &ScalarStep) -> Option<(Record, SmallVec<[Slot; 3]>, Slot)> {
    Some(match op {
        ScalarStep::One(k, a, out) => (k.record?, smallvec![*a], *out),
        ScalarStep::Two(k, a, b, out) => (k.record?, smallvec![*a, *b], *out),
        ScalarStep::Three(k, args, out) => (k.record?, SmallVec::from(*args), *out),
        ScalarStep::Fetch(..) | ScalarStep::Round(_) => return None,
    })
}

/// The value of a register, as an input of the program where nothing has set it.
fn read(l: &mut Lowering, reads: &mut Vec<Slot>, slot: Slot) -> Option<Value> {
    if let Some(v) = l.known(slot) {
        return Some(v);
    }
    let v = l.input(u32::try_from(reads.len()).ok()?);
    reads.push(slot);
    l.set(slot, v)?;
    Some(v)
}
