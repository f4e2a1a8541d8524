//! The backend: walks tiles as the block interpreter does, and calls code for each.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::asm::Form;
use super::emit::compile;
use super::lower::lower;
use super::page::Page;
use super::program::Program;
use crate::eval::{
    BLOCK, Backend, Blocks, Cursor, Fused, FusedArgs, Layout, Nest, RunError, Running, Source, Strided, Tile,
    gather, kept_strides, place, scatter, signed,
};

/// Versions of one loop that are kept: operands are arrays in one call and repeated in another.
const VERSIONS: usize = 8;

/// Rows shorter than this are gathered into blocks of several rows.
const SHORT: usize = 64;

/// The vector instructions of compiled code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// AVX2 and FMA: four doubles.
    Avx2,
    /// AVX-512 (F, DQ, VL): eight doubles.
    Avx512,
}

impl Width {
    /// Can this processor run it?
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("bmi2");
            match self {
                Width::Avx2 => avx2,
                Width::Avx512 => avx2 && avx512,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// The widest that this processor can run.
    pub fn best() -> Option<Width> {
        [Width::Avx512, Width::Avx2].into_iter().find(|w| w.is_available())
    }
}

/// Runs loops as machine code.
#[derive(Debug, Clone, Copy)]
pub struct Native {
    width: Width,
}

impl Native {
    /// The widest code that this processor can run; `None` where it runs none.
    pub fn detect() -> Option<Native> {
        Width::best().map(|width| Native { width })
    }

    /// Code of one width; `None` where this processor cannot run it.
    pub fn with_width(width: Width) -> Option<Native> {
        width.is_available().then_some(Native { width })
    }

    /// Is the loop run as machine code? If not, the block interpreter runs it.
    pub fn compiles(&self, fused: &Fused) -> bool {
        Loop::of(fused).is_some_and(|l| l.program.is_some())
    }
}

/// What is kept with a loop.
#[derive(Debug)]
struct Loop {
    program: Option<Program>,
    /// Leaves that are one number in every call.
    numbers: u128,
    versions: [OnceLock<Version>; VERSIONS],
}

#[derive(Debug)]
struct Version {
    width: Width,
    uniform: u128,
    code: Option<(Page, usize)>,
}

impl Loop {
    fn of(fused: &Fused) -> Option<&Loop> {
        fused.made.get_or_make(|| Loop {
            program: lower(fused),
            numbers: bits(fused.leaves.iter().map(|l| matches!(l, Source::Scalar(_)))),
            versions: Default::default(),
        })
    }

    /// The code for operands of which some are one number, and its frame.
    fn version(&self, program: &Program, width: Width, uniform: u128) -> Option<&(Page, usize)> {
        for v in &self.versions {
            let made = v.get_or_init(|| {
                let form = if width == Width::Avx2 { Form::Vex } else { Form::Evex };
                let c = compile(program, uniform, form);
                Version { width, uniform, code: Page::new(&c.bytes).map(|p| (p, c.frame)) }
            });
            if made.width == width && made.uniform == uniform {
                return made.code.as_ref();
            }
        }
        None
    }
}

fn bits(flags: impl Iterator<Item = bool>) -> u128 {
    flags.enumerate().fold(0, |all, (k, set)| all | u128::from(set) << (k & 127))
}

impl Backend for Native {
    fn run(&self, fused: &Fused, args: FusedArgs<'_, '_>) -> Result<(), RunError> {
        let made = if args.space.contains(&0) { None } else { Loop::of(fused) };
        let Some((made, program)) = made.and_then(|l| Some((l, l.program.as_ref()?))) else {
            return Blocks.run(fused, args);
        };
        let (inputs, stores, folds) = (args.leaves.len(), args.stores.len(), args.folds.len());
        if program.inputs != inputs || program.stores.len() != stores + folds || fused.folds.len() != folds {
            return Blocks.run(fused, args);
        }
        let mut strides: SmallVec<[isize; 24]> = SmallVec::new();
        args.leaves.iter().for_each(|l| strides.extend_from_slice(l.strides));
        let whole = Layout::contiguous(args.space);
        args.stores.iter().for_each(|_| strides.extend_from_slice(&whole.strides));
        fused.folds.iter().for_each(|f| strides.extend(kept_strides(args.space, f)));
        let nest = Nest::new(args.space, &strides, inputs + stores + folds, folds);
        let (row_len, col_len) = nest.tile();

        // Whole rows where every operand can be read and written in place.
        let in_place = |k: usize| {
            let (_, col) = nest.tile_strides(k);
            col == 1 || col_len == 1 || col == 0 && k < inputs
        };
        let rows = folds == 0 && (row_len == 1 || col_len >= SHORT) && (0..inputs + stores).all(in_place);
        let uniform = made.numbers
            | bits((0..inputs).map(|k| {
                let (row, col) = nest.tile_strides(k);
                col == 0 && if rows { col_len > 1 } else { row == 0 && row_len * col_len > 1 }
            }));
        let Some((page, frame)) = made.version(program, self.width, uniform) else {
            return Blocks.run(fused, args);
        };
        let blocks = inputs + stores + folds;
        if args.registers.len() < blocks + 2 {
            args.registers.resize_with(blocks + 2, || vec![0.0; BLOCK]);
        }
        if args.registers[blocks + 1].len() < *frame {
            args.registers[blocks + 1].resize(*frame, 0.0);
        }
        let mut walk = Walk { page, uniform, nest: &nest, args, table: SmallVec::new() };
        walk.frame(blocks + 1);
        if rows {
            walk.rows();
        } else {
            walk.tiles(fused);
        }
        Ok(())
    }
}

/// A loop while it runs.
struct Walk<'w, 's, 'a> {
    page: &'w Page,
    uniform: u128,
    nest: &'w Nest,
    args: FusedArgs<'s, 'a>,
    /// The frame, the inputs, the stores.
    table: SmallVec<[*mut f64; 12]>,
}

/// The pointer to elements that are read: `n` side by side, or one.
fn source(leaf: &Strided<'_>, at: isize, n: usize) -> *mut f64 {
    leaf.data[place(at)..][..n].as_ptr().cast_mut()
}

impl Walk<'_, '_, '_> {
    fn frame(&mut self, at: usize) {
        let frame = self.args.registers[at].as_mut_ptr();
        // Vectors in the frame do not cross cache lines; there is room for it.
        let past = frame.align_offset(64);
        self.table.push(if past < 8 { frame.wrapping_add(past) } else { frame });
        let operands = self.args.leaves.len() + self.args.stores.len() + self.args.folds.len();
        self.table.resize(1 + operands, std::ptr::null_mut());
    }

    fn is_uniform(&self, k: usize) -> bool {
        self.uniform >> k & 1 == 1
    }

    fn call(&self, n: usize) {
        // SAFETY: the code was made for as many inputs and stores as the table has entries, for
        // vector instructions that this processor has, and for the frame's size. Every entry was
        // just taken from a slice of `n` elements (of one, for inputs that the code reads once);
        // what is written comes from exclusive borrows.
        #[allow(unsafe_code, reason = "enters compiled code")]
        unsafe {
            self.page.call(self.table.as_ptr(), n);
        }
    }

    /// One call per row; nothing is reduced.
    fn rows(&mut self) {
        let inputs = self.args.leaves.len();
        let (row_len, col_len) = self.nest.tile();
        let mut cursor = Cursor::new(self.nest);
        loop {
            for r in 0..row_len {
                for k in 0..self.table.len() - 1 {
                    let at = cursor.offset(self.nest.strides(k)) + signed(r) * self.nest.tile_strides(k).0;
                    self.table[k + 1] = if let Some(leaf) = self.args.leaves.get(k) {
                        source(leaf, leaf.offset + at, if self.is_uniform(k) { 1 } else { col_len })
                    } else {
                        self.args.stores[k - inputs][place(at)..][..col_len].as_mut_ptr()
                    };
                }
                self.call(col_len);
            }
            if !cursor.next(self.nest) {
                break;
            }
        }
    }

    /// One call per tile, as the block interpreter cuts them.
    fn tiles(&mut self, fused: &Fused) {
        let nest = self.nest;
        let (inputs, stores) = (self.args.leaves.len(), self.args.stores.len());
        let first_fold = inputs + stores;
        let (row_len, col_len) = nest.tile();
        let rows_at_once = (BLOCK / col_len).clamp(1, row_len);
        let outs = std::mem::take(&mut self.args.folds);
        let mut folds: SmallVec<[Running<'_, '_>; 4]> =
            fused.folds.iter().zip(outs.iter_mut()).map(|(spec, out)| Running::new(spec, out)).collect();
        let mut cursor = Cursor::new(nest);
        loop {
            let bases: SmallVec<[isize; 12]> =
                (0..first_fold + folds.len()).map(|k| cursor.offset(nest.strides(k))).collect();
            let outer: SmallVec<[bool; 4]> =
                (0..folds.len()).map(|k| cursor.first(nest.strides(first_fold + k))).collect();
            for r in (0..row_len).step_by(rows_at_once) {
                let rows = rows_at_once.min(row_len - r);
                for c in (0..col_len).step_by(BLOCK) {
                    let cols = BLOCK.min(col_len - c);
                    let at = |k: usize| {
                        let step = nest.tile_strides(k);
                        bases[k] + signed(r) * step.0 + signed(c) * step.1
                    };
                    let apart = self.place(&at, rows, cols);
                    self.call(rows * cols);
                    for k in (inputs..first_fold).filter(|k| apart >> (k - inputs) & 1 == 1) {
                        let step = nest.tile_strides(k);
                        let block = &self.args.registers[k][..rows * cols];
                        scatter(self.args.stores[k - inputs], at(k), step, block, cols);
                    }
                    for (f, fold) in folds.iter_mut().enumerate() {
                        let k = first_fold + f;
                        let (block, spare) = self.args.registers.split_at_mut(k + 1);
                        let values = &block[k][..rows * cols];
                        let first = (outer[f], r == 0, c == 0);
                        let step = nest.tile_strides(k);
                        let tile = Tile { values, rows, cols, at: place(at(k)), step, first };
                        let spare = &mut spare[nest_spare(first_fold, fused.folds.len(), k)];
                        fold.add(tile, spare);
                    }
                }
            }
            if !cursor.next(nest) {
                break;
            }
        }
        folds.iter_mut().for_each(Running::flush);
    }

    /// Fills the table for a tile. Returns a bit for each store that goes through a block.
    fn place(&mut self, at: &dyn Fn(usize) -> isize, rows: usize, cols: usize) -> u64 {
        let (inputs, stores) = (self.args.leaves.len(), self.args.stores.len());
        let n = rows * cols;
        let mut apart = 0;
        for k in 0..self.table.len() - 1 {
            let (row, col) = self.nest.tile_strides(k);
            let side_by_side = (col == 1 || cols == 1) && (rows == 1 || row == signed(cols));
            self.table[k + 1] = if let Some(leaf) = self.args.leaves.get(k) {
                let from = leaf.offset + at(k);
                if self.is_uniform(k) {
                    source(leaf, from, 1)
                } else if side_by_side {
                    source(leaf, from, n)
                } else {
                    let block = &mut self.args.registers[k][..n];
                    gather(leaf.data, from, (row, col), block, cols);
                    block.as_mut_ptr()
                }
            } else if k < inputs + stores && side_by_side {
                self.args.stores[k - inputs][place(at(k))..][..n].as_mut_ptr()
            } else {
                if k < inputs + stores {
                    apart |= 1 << (k - inputs);
                }
                self.args.registers[k][..n].as_mut_ptr()
            };
        }
        apart
    }
}

/// The spare block, counted from the one behind `k`.
fn nest_spare(first_fold: usize, folds: usize, k: usize) -> usize {
    first_fold + folds - k - 1
}
