//! From the nodes of one loop to its program: instructions, and registers by liveness.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::analysis::Kind;
use super::build::Builder;
use super::error::PlanError;
use super::plan::{Code, Dest, FoldSpec, Fused, Instr, Operand, Source, Target};
use super::regions::Region;
use super::windowed::Framed;
use crate::graph::Id;
use crate::op::{Kernel, Op};

/// Leaves that are one number are brought into registers before the loop, up to so many; more are
/// loaded where they are used, so that registers stay bounded.
const PINNED: usize = 24;

/// Stands for "not stored".
const NONE: u32 = u32::MAX;

/// A value inside the loop, before it has a register.
#[derive(Debug, Clone, Copy)]
enum Def {
    Leaf(u32),
    Pinned(u32),
    Map { store: u32 },
}

/// An instruction on such values.
enum Draft {
    Load(u32),
    Map { op: Op, code: Code, args: SmallVec<[u32; 3]>, out: u32 },
    Fold { fold: u32, arg: u32 },
}

struct Loop<'b, 'g> {
    b: &'b mut Builder<'g>,
    fused: Fused,
    defs: Vec<Def>,
    code: Vec<Draft>,
    /// By node and frame.
    of_node: FxHashMap<(Id, u32), u32>,
    of_source: FxHashMap<(Source, u32), u32>,
    /// The frame that is computed in, and those of the leaves so far.
    frame: u32,
    frames: Vec<u32>,
}

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The program for nodes of one loop, ascending.
pub(super) fn fuse(b: &mut Builder<'_>, members: &[Id]) -> Result<Fused, PlanError> {
    let graph = b.graph;
    let mut l = Loop::new(b);
    if let Some(&first) = members.first() {
        let fold = l.b.analysis.kind[first as usize] == Kind::Fold;
        l.fused.format = l.b.analysis.format[first as usize];
        l.fused.space = l.b.dims(if fold { graph.node(first).args[0] } else { first })?;
    }
    for &id in members {
        if l.b.analysis.kind[id as usize] == Kind::Fold {
            l.fold(id)?;
        } else {
            l.map(id, l.b.analysis.stored[id as usize])?;
        }
    }
    Ok(l.finish())
}

/// The program of a region for elements that a set of its writes reaches, into a buffer.
pub(super) fn fuse_region(
    b: &mut Builder<'_>,
    region: &Region,
    active: usize,
    out: u32,
) -> Result<Framed, PlanError> {
    let mut l = Loop::new(b);
    l.fused.format = l.b.analysis.format[region.root as usize];
    l.fused.space = l.b.dims(region.root)?;
    let reached = |frame: usize| frame > 0 && active >> (frame - 1) & 1 == 1;
    for frame in (1..=region.writes.len()).filter(|&f| reached(f)).chain([0]) {
        l.frame = index(frame);
        for &(id, _) in region.members.iter().filter(|(_, frames)| frames >> frame & 1 == 1) {
            let Some(k) = region.writes.iter().position(|&w| w == id) else {
                l.map(id, false)?;
                continue;
            };
            let Some((op, _, args)) = l.b.graph.application(id) else { continue };
            let mut v = l.written(args[0])?;
            if reached(k + 1) {
                l.frame = index(k + 1);
                let value = l.written(args[1])?;
                l.frame = 0;
                v = match op.def().kernel {
                    Kernel::IncAt => l.apply(Op::addition(), SmallVec::from_slice(&[v, value]), NONE)?,
                    _ => value,
                };
            }
            l.of_node.insert((id, 0), v);
        }
    }
    let result = l.of_node.get(&(region.root, 0)).copied().ok_or(PlanError::NoKernel { op: "" })?;
    match &mut l.defs[result as usize] {
        Def::Map { store } => {
            *store = 0;
            l.fused.stores.push(out);
        }
        // The elements of a leaf as they are.
        Def::Leaf(leaf) | Def::Pinned(leaf) => {
            let at = *leaf as usize;
            let (source, frame) = (l.fused.leaves[at], l.frames[at]);
            let Fused { space, format, .. } = l.fused;
            let fused = Fused { space, format, leaves: vec![source], stores: vec![out], ..Fused::default() };
            return Ok(Framed { fused, frames: vec![frame] });
        }
    }
    let frames = std::mem::take(&mut l.frames);
    Ok(Framed { fused: l.finish(), frames })
}

impl<'b, 'g> Loop<'b, 'g> {
    fn new(b: &'b mut Builder<'g>) -> Loop<'b, 'g> {
        Loop {
            b,
            fused: Fused::default(),
            defs: Vec::new(),
            code: Vec::new(),
            of_node: FxHashMap::default(),
            of_source: FxHashMap::default(),
            frame: 0,
            frames: Vec::new(),
        }
    }
}

impl Loop<'_, '_> {
    fn define(&mut self, def: Def) -> u32 {
        self.defs.push(def);
        index(self.defs.len() - 1)
    }

    /// The value of an operand: of this loop, computed again, or read from memory.
    fn operand(&mut self, user: Id, arg: Id) -> Result<u32, PlanError> {
        let analysis = self.b.analysis;
        if let Some(&v) = self.of_node.get(&(arg, self.frame)) {
            return Ok(v);
        }
        if analysis.kind[arg as usize] == Kind::Map && analysis.reads_in_loop(self.b.graph, user, arg) {
            return self.map(arg, false);
        }
        self.leaf(arg)
    }

    /// The value of an operand of a write.
    fn written(&mut self, arg: Id) -> Result<u32, PlanError> {
        match self.of_node.get(&(arg, self.frame)) {
            Some(&v) => Ok(v),
            None => self.leaf(arg),
        }
    }

    /// A value that is read from memory.
    fn leaf(&mut self, arg: Id) -> Result<u32, PlanError> {
        let source = self.b.source(arg)?;
        let frame = if matches!(source, Source::Scalar(_)) { 0 } else { self.frame };
        if let Some(&v) = self.of_source.get(&(source, frame)) {
            return Ok(v);
        }
        let leaf = index(self.fused.leaves.len());
        self.fused.leaves.push(source);
        self.frames.push(frame);
        let v = if matches!(source, Source::Scalar(_)) && self.fused.prologue.len() < PINNED {
            let reg = index(self.fused.prologue.len());
            self.fused.prologue.push((leaf, reg));
            self.define(Def::Pinned(reg))
        } else {
            let v = self.define(Def::Leaf(leaf));
            self.code.push(Draft::Load(v));
            v
        };
        self.of_source.insert((source, frame), v);
        Ok(v)
    }

    fn map(&mut self, id: Id, stored: bool) -> Result<u32, PlanError> {
        let graph = self.b.graph;
        let Some((op, _, args)) = graph.application(id) else {
            return Err(PlanError::NoKernel { op: "" });
        };
        let args = args.iter().map(|&a| self.operand(id, a)).collect::<Result<SmallVec<[u32; 3]>, _>>()?;
        let mut store = NONE;
        if stored && let Dest::Buffer(buffer) = self.b.dest(id)? {
            store = index(self.fused.stores.len());
            self.fused.stores.push(buffer);
        }
        let out = self.apply(op, args, store)?;
        self.of_node.insert((id, self.frame), out);
        Ok(out)
    }

    fn apply(&mut self, op: Op, args: SmallVec<[u32; 3]>, store: u32) -> Result<u32, PlanError> {
        let code = match op.def().kernel {
            Kernel::Map1(k) => Code::One(k),
            Kernel::Map2(k) => Code::Two(k),
            Kernel::Map3(k) => Code::Three(k),
            _ => return Err(PlanError::NoKernel { op: op.def().name }),
        };
        let out = self.define(Def::Map { store });
        self.code.push(Draft::Map { op, code, args, out });
        Ok(out)
    }

    fn fold(&mut self, id: Id) -> Result<(), PlanError> {
        let graph = self.b.graph;
        let Some((op, attr, args)) = graph.application(id) else {
            return Err(PlanError::NoKernel { op: "" });
        };
        let Kernel::Reduce {
            init,
            identity,
            step,
            fold,
            single,
            rows,
            rows_single,
            join,
            join_single,
            pair,
            pair_single,
            merge,
        } = op.def().kernel
        else {
            return Err(PlanError::NoKernel { op: op.def().name });
        };
        let arg = self.operand(id, args[0])?;
        let axes = attr.axes(graph.ty(args[0]).rank());
        let out = self.b.dest(id)?;
        self.code.push(Draft::Fold { fold: index(self.fused.folds.len()), arg });
        self.fused.folds.push(FoldSpec {
            op,
            init,
            identity,
            step,
            fold,
            single,
            rows,
            rows_single,
            join,
            join_single,
            pair,
            pair_single,
            merge,
            axes,
            out,
        });
        Ok(())
    }

    /// Gives every value a register; a register is free again after the last use of its value.
    fn finish(mut self) -> Fused {
        let mut last = vec![0usize; self.defs.len()];
        for (i, draft) in self.code.iter().enumerate() {
            match draft {
                Draft::Load(v) => last[*v as usize] = i,
                Draft::Map { args, out, .. } => {
                    args.iter().for_each(|&a| last[a as usize] = i);
                    last[*out as usize] = i;
                }
                Draft::Fold { arg, .. } => last[*arg as usize] = i,
            }
        }
        let mut next = index(self.fused.prologue.len());
        let mut free: Vec<u32> = Vec::new();
        let mut register = vec![NONE; self.defs.len()];
        let mut take = |free: &mut Vec<u32>| {
            free.pop().unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        };
        let operand = |register: &[u32], v: u32| {
            let reg = register[v as usize];
            match self.defs[v as usize] {
                Def::Leaf(leaf) => Operand::Leaf { leaf, reg },
                Def::Pinned(reg) => Operand::Reg(reg),
                Def::Map { store: NONE } => Operand::Reg(reg),
                Def::Map { store } => Operand::Stored(Target { store, reg }),
            }
        };
        let mut out_code = Vec::with_capacity(self.code.len());
        let mut used: SmallVec<[u32; 4]> = SmallVec::new();
        for (i, draft) in self.code.drain(..).enumerate() {
            used.clear();
            match draft {
                Draft::Load(v) => {
                    register[v as usize] = take(&mut free);
                    if let Def::Leaf(leaf) = self.defs[v as usize] {
                        out_code.push(Instr::Load { leaf, reg: register[v as usize] });
                    }
                    used.push(v);
                }
                Draft::Map { op, code, args, out } => {
                    // The result never takes the register of an operand: kernels read and write.
                    register[out as usize] = take(&mut free);
                    let store = match self.defs[out as usize] {
                        Def::Map { store } => store,
                        _ => NONE,
                    };
                    let reg = register[out as usize];
                    let read = args.iter().map(|&a| operand(&register, a)).collect();
                    out_code.push(Instr::Map { op, code, args: read, out: Target { store, reg } });
                    used.extend(args);
                    used.push(out);
                }
                Draft::Fold { fold, arg } => {
                    out_code.push(Instr::Fold { fold, arg: operand(&register, arg) });
                    used.push(arg);
                }
            }
            for &v in &used {
                let reg = &mut register[v as usize];
                if last[v as usize] == i && *reg != NONE {
                    free.push(*reg);
                    *reg = NONE;
                }
            }
        }
        self.fused.code = out_code;
        self.fused.registers = next;
        self.fused
    }
}
