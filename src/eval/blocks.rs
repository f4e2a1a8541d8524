//! The portable backend: an interpreter over blocks that stay in the first cache.
//!
//! A tile is a block's worth of rows and columns of the two innermost axes. Operands whose elements
//! lie side by side in it are read and written in place; others go through a register.

use smallvec::SmallVec;

use super::backend::{Backend, FusedArgs, Strided};
use super::cell::Cell;
use super::error::RunError;
use super::layout::{Layout, signed};
use super::nest::{Cursor, Nest};
use super::plan::{Code, FoldSpec, Fused, Instr, Operand, Target};
use super::reduce::{Running, Tile};
use super::tile::{gather, place, scatter};

/// Doubles in a block: a register takes 4 KiB, a dozen fit the first cache.
pub const BLOCK: usize = 512;

/// The block interpreter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Blocks;

impl Backend for Blocks {
    fn run(&self, fused: &Fused, args: FusedArgs<'_, '_>) -> Result<(), RunError> {
        self.interpret(fused, args)
    }
}

impl Blocks {
    /// Runs a loop over cells of one format.
    pub(crate) fn interpret<T: Cell>(
        self,
        fused: &Fused,
        args: FusedArgs<'_, '_, T>,
    ) -> Result<(), RunError> {
        if args.space.contains(&0) {
            return empty(fused, args);
        }
        let mut strides: SmallVec<[isize; 24]> = SmallVec::new();
        args.leaves.iter().for_each(|l| strides.extend_from_slice(l.strides));
        let whole = Layout::contiguous(args.space);
        args.stores.iter().for_each(|_| strides.extend_from_slice(&whole.strides));
        fused.folds.iter().for_each(|f| strides.extend(kept_strides(args.space, f)));
        let operands = args.leaves.len() + args.stores.len() + fused.folds.len();
        let nest = Nest::new(args.space, &strides, operands, fused.folds.len());

        let registers = fused.registers as usize + 1;
        if args.registers.len() < registers {
            args.registers.resize_with(registers, || vec![T::default(); T::BLOCK]);
        }
        let leaves: SmallVec<[Leaf<'_, T>; 8]> =
            args.leaves.iter().enumerate().map(|(i, l)| Leaf::new(l, nest.tile_strides(i))).collect();
        let first_store = leaves.len();
        let first_fold = first_store + args.stores.len();
        let outs: SmallVec<[Out<'_, T>; 4]> = args
            .stores
            .iter_mut()
            .enumerate()
            .map(|(i, data)| Out { data, step: nest.tile_strides(first_store + i), at: 0, direct: false })
            .collect();
        let folds: SmallVec<[Running<'_, '_, T>; 2]> = fused
            .folds
            .iter()
            .zip(args.folds.iter_mut())
            .map(|(spec, out)| Running::new(spec, out))
            .collect();
        let mut m = Machine { registers: args.registers, leaves, outs, folds, rows: 0, cols: 0 };
        let (row_len, col_len) = nest.tile();
        let rows_at_once = (T::BLOCK / col_len).clamp(1, row_len);
        let widest = rows_at_once * col_len.min(T::BLOCK);
        for &(leaf, reg) in &fused.prologue {
            let source = args.leaves[leaf as usize];
            let x = source.data.get(place(source.offset)).copied().unwrap_or(T::of(f64::NAN));
            m.registers[reg as usize][..widest].fill(x);
        }
        let mut cursor = Cursor::new(&nest);
        loop {
            for (i, (leaf, source)) in m.leaves.iter_mut().zip(args.leaves).enumerate() {
                leaf.base = source.offset + cursor.offset(nest.strides(i));
            }
            let store_bases: SmallVec<[isize; 4]> =
                (0..m.outs.len()).map(|i| cursor.offset(nest.strides(first_store + i))).collect();
            let fold_bases: SmallVec<[(isize, bool); 4]> = (0..m.folds.len())
                .map(|i| nest.strides(first_fold + i))
                .zip(&fused.folds)
                .map(|(s, f)| (cursor.offset(s), cursor.first(s) && !goes_on(args.begun, f)))
                .collect();
            let mut r = 0;
            while r < row_len {
                m.rows = rows_at_once.min(row_len - r);
                let mut c = 0;
                while c < col_len {
                    m.cols = T::BLOCK.min(col_len - c);
                    m.place(&store_bases, r, c);
                    for instr in &fused.code {
                        if let Instr::Fold { fold, arg } = instr {
                            let (base, outer) = fold_bases[*fold as usize];
                            let step = nest.tile_strides(first_fold + *fold as usize);
                            let at = base + signed(r) * step.0 + signed(c) * step.1;
                            m.fold(*fold, *arg, at, step, (outer, r == 0, c == 0));
                        } else {
                            m.exec(instr);
                        }
                    }
                    c += m.cols;
                }
                r += m.rows;
            }
            if !cursor.next(&nest) {
                break;
            }
        }
        m.folds.iter_mut().for_each(Running::flush);
        Ok(())
    }
}

/// A space without elements: reductions have the value of an empty fold.
fn empty<T: Cell>(fused: &Fused, args: FusedArgs<'_, '_, T>) -> Result<(), RunError> {
    for (spec, out) in fused.folds.iter().zip(args.folds) {
        match spec.init {
            Some(x) => out.fill(T::of(x)),
            None if out.is_empty() => {}
            None => return Err(RunError::EmptyFold { op: spec.op.def().name }),
        }
    }
    Ok(())
}

/// Does a reduction go on from what is there?
pub(crate) fn goes_on(begun: bool, spec: &FoldSpec) -> bool {
    begun && spec.axes.contains(&0) && spec.axes.len() == 1
}

/// Strides of a reduction's result over the space: 0 along the axes it removes.
pub(crate) fn kept_strides(space: &[usize], spec: &FoldSpec) -> SmallVec<[isize; 6]> {
    let mut step = 1;
    let mut out: SmallVec<[isize; 6]> = SmallVec::from_elem(0, space.len());
    for (a, &n) in space.iter().enumerate().rev() {
        if !spec.axes.contains(&a) {
            out[a] = if n == 1 { 0 } else { step };
            step = step.saturating_mul(signed(n));
        }
    }
    out
}

struct Leaf<'a, T> {
    data: &'a [T],
    base: isize,
    step: (isize, isize),
    at: isize,
    direct: bool,
}

impl<'a, T> Leaf<'a, T> {
    fn new(source: &Strided<'a, T>, step: (isize, isize)) -> Leaf<'a, T> {
        Leaf { data: source.data, base: source.offset, step, at: 0, direct: false }
    }
}

struct Out<'a, T> {
    data: &'a mut [T],
    step: (isize, isize),
    at: isize,
    direct: bool,
}

struct Machine<'p, 'a, T> {
    registers: &'a mut Vec<Vec<T>>,
    leaves: SmallVec<[Leaf<'a, T>; 8]>,
    outs: SmallVec<[Out<'a, T>; 4]>,
    folds: SmallVec<[Running<'p, 'a, T>; 2]>,
    rows: usize,
    cols: usize,
}

impl<T: Cell> Machine<'_, '_, T> {
    fn len(&self) -> usize {
        self.rows * self.cols
    }

    /// Positions of all operands for the tile at row `r` and column `c`.
    fn place(&mut self, stores: &[isize], r: usize, c: usize) {
        let (rows, cols) = (self.rows, self.cols);
        let side_by_side =
            |(row, col): (isize, isize)| (col == 1 || cols == 1) && (rows == 1 || row == signed(cols));
        for leaf in &mut self.leaves {
            leaf.at = leaf.base + signed(r) * leaf.step.0 + signed(c) * leaf.step.1;
            leaf.direct = side_by_side(leaf.step);
        }
        for (out, base) in self.outs.iter_mut().zip(stores) {
            out.at = base + signed(r) * out.step.0 + signed(c) * out.step.1;
            out.direct = side_by_side(out.step);
        }
    }

    fn read(&self, operand: Operand) -> &[T] {
        let n = self.len();
        match operand {
            Operand::Reg(reg) => &self.registers[reg as usize][..n],
            Operand::Leaf { leaf, reg } => {
                let leaf = &self.leaves[leaf as usize];
                if leaf.direct {
                    &leaf.data[place(leaf.at)..][..n]
                } else {
                    &self.registers[reg as usize][..n]
                }
            }
            Operand::Stored(Target { store, reg }) => {
                let out = &self.outs[store as usize];
                if out.direct { &out.data[place(out.at)..][..n] } else { &self.registers[reg as usize][..n] }
            }
        }
    }

    fn exec(&mut self, instr: &Instr) {
        match instr {
            Instr::Load { leaf, reg } => {
                if !self.leaves[*leaf as usize].direct {
                    let mut block = std::mem::take(&mut self.registers[*reg as usize]);
                    let leaf = &self.leaves[*leaf as usize];
                    gather(leaf.data, leaf.at, leaf.step, &mut block[..self.len()], self.cols);
                    self.registers[*reg as usize] = block;
                }
            }
            Instr::Map { code, args, out, .. } => {
                let n = self.len();
                let direct = self.outs.get(out.store as usize).is_some_and(|o| o.direct);
                if direct {
                    let o = &mut self.outs[out.store as usize];
                    let at = place(o.at);
                    let data = std::mem::take(&mut o.data);
                    self.map(*code, args, &mut data[at..at + n]);
                    self.outs[out.store as usize].data = data;
                } else {
                    let mut block = std::mem::take(&mut self.registers[out.reg as usize]);
                    self.map(*code, args, &mut block[..n]);
                    if let Some(o) = self.outs.get_mut(out.store as usize) {
                        scatter(o.data, o.at, o.step, &block[..n], self.cols);
                    }
                    self.registers[out.reg as usize] = block;
                }
            }
            Instr::Fold { .. } => {}
        }
    }

    fn map(&self, code: Code, args: &[Operand], out: &mut [T]) {
        match (code, args) {
            (Code::One(k), [a]) => T::one(&k)(self.read(*a), out),
            (Code::Two(k), [a, b]) => T::two(&k)(self.read(*a), self.read(*b), out),
            (Code::Three(k), [a, b, c]) => T::three(&k)(self.read(*a), self.read(*b), self.read(*c), out),
            _ => {}
        }
    }

    fn fold(&mut self, fold: u32, arg: Operand, at: isize, step: (isize, isize), first: (bool, bool, bool)) {
        let mut folds = std::mem::take(&mut self.folds);
        // The last register is spare.
        let spare_at = self.registers.len() - 1;
        let mut spare = std::mem::take(&mut self.registers[spare_at]);
        let tile =
            Tile { values: self.read(arg), rows: self.rows, cols: self.cols, at: place(at), step, first };
        folds[fold as usize].add(tile, &mut spare);
        self.registers[spare_at] = spare;
        self.folds = folds;
    }
}
