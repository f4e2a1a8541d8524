//! The backend: walks tiles as the block interpreter does, and calls code for each.

use std::sync::{Arc, Mutex, OnceLock};

use smallvec::SmallVec;

use super::asm::Form;
use super::emit::compile;
use super::lower::{compiles, lower};
use super::page::Page;
use super::pass;
use super::program::Program;
use super::ready;
use super::shape::{Shape, Vectors};
use super::walk::walk;
use crate::eval::{
    Backend, Blocks, Cell, Fused, FusedArgs, Layout, Nest, Pass, PassStep, Plan, Ready, RunError, Scratch,
    Source, kept_strides,
};
use crate::math::Width;

/// Versions of one loop that are kept: operands are arrays in one call and repeated in another.
const VERSIONS: usize = 8;

/// Ways to walk one loop that are kept: bands of rows have one height or two.
const WALKS: usize = 4;

impl Width {
    fn form(self) -> Option<Form> {
        match self {
            Width::Portable => None,
            Width::Avx2 => Some(Form::Vex),
            Width::Avx512 => Some(Form::Evex),
        }
    }
}

/// Runs loops as machine code.
#[derive(Debug, Clone, Copy)]
pub struct Native {
    form: Form,
}

impl Form {
    /// Elements that decide whether stores go past the caches; `None` for those of the part at hand. Threads of
    /// processors with small caches of their own share the large one.
    fn counted<T>(self, args: &FusedArgs<'_, '_, T>) -> Option<usize> {
        (self == Form::Vex).then_some(args.whole)
    }
}

impl Native {
    /// The widest code that this processor can run; `None` where it runs none.
    pub fn detect() -> Option<Native> {
        Native::with_width(Width::best())
    }

    /// Code of one width; `None` where this processor cannot run it.
    pub fn with_width(width: Width) -> Option<Native> {
        let form = width.form().filter(|_| width.is_available())?;
        Some(Native { form })
    }

    pub(super) fn form(self) -> Form {
        self.form
    }

    fn shape(self, fused: &Fused, made: &Loop, nest: &Nest) -> Shape {
        let (inputs, stores, folds) = (fused.leaves.len(), fused.stores.len(), fused.folds.len());
        let number = |k: usize| made.numbers >> k & 1 == 1;
        Shape::new(nest, inputs, stores, folds, number, Vectors::of(self.form, fused.format))
    }

    /// What a loop is made of, and how it is walked.
    pub(super) fn decide<'f>(self, fused: &'f Fused, nest: &Nest) -> Option<(&'f Loop, Shape)> {
        let made = Loop::of(fused).filter(|l| l.compiles)?;
        Some((made, self.shape(fused, made, nest)))
    }

    /// Is the loop run as machine code? If not, the block interpreter runs it.
    pub fn compiles(&self, fused: &Fused) -> bool {
        Loop::of(fused).is_some_and(|l| l.compiles)
    }
}

/// What is kept with a loop.
#[derive(Debug)]
pub(super) struct Loop {
    /// Has every operator a formula?
    compiles: bool,
    /// Leaves that are one number in every call.
    numbers: u128,
    versions: [OnceLock<Version>; VERSIONS],
    /// How it was walked lately.
    walks: Mutex<SmallVec<[Arc<Known>; WALKS]>>,
}

/// How a loop over operands that lie so is walked, and by which code: bands of rows ask for it over and over.
#[derive(Debug)]
struct Known {
    form: Form,
    space: SmallVec<[usize; 4]>,
    /// Of the leaves.
    strides: SmallVec<[isize; 16]>,
    nest: Nest,
    shape: Shape,
    codes: (Arc<Code>, Option<Arc<Code>>),
}

impl Known {
    fn is<T>(&self, form: Form, args: &FusedArgs<'_, '_, T>) -> bool {
        let rank = args.space.len();
        self.form == form
            && self.space.as_slice() == args.space
            && self.strides.len() == rank * args.leaves.len()
            && args.leaves.iter().enumerate().all(|(k, l)| self.strides[k * rank..][..rank] == *l.strides)
            && self.shape.streams(&self.nest, args.stores, form.counted(args)) == self.shape.mode.stream
    }
}

/// What a version of code is for, beside the vector instructions; a bit for each input or reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mode {
    /// Inputs that are one number in a call, or in a row of it.
    pub(super) uniform: u128,
    /// Reductions that are carried along a row.
    pub(super) carried: u64,
    /// Reductions along rows: each row is added to the result.
    pub(super) columns: u64,
    /// Are there many rows?
    pub(super) by_rows: bool,
    /// Do stores go past the caches?
    pub(super) stream: bool,
    /// Arrays that are only brought to the caches, for later loops: such that are read, and such that are written.
    pub(super) ahead: (u8, u8),
}

#[derive(Debug)]
struct Version {
    form: Form,
    mode: Mode,
    code: Option<Arc<Code>>,
}

/// Code, and what a call of it needs.
#[derive(Debug)]
pub(super) struct Code {
    page: Page,
    /// Numbers.
    pub(super) frame: usize,
    /// The bits of the result that are set where all formulas hold.
    holds: u32,
}

impl Code {
    /// The code of a program; `None` where the system gives no memory for it.
    pub(super) fn new(program: &Program, uniform: u128, form: Form) -> Option<Arc<Code>> {
        let compiled = compile(program, uniform, form);
        let page = Page::new(&compiled.bytes)?;
        let lanes = form.bytes() / if program.single { 4 } else { 8 };
        let holds = if program.holds.is_empty() { 0 } else { (1 << lanes) - 1 };
        Some(Arc::new(Code { page, frame: compiled.frame, holds }))
    }

    /// Runs the code; false where a formula did not hold.
    ///
    /// # Safety
    /// The processor has the vector instructions that it was made for, and the table has the entries:
    /// the frame, inputs of `n` elements (of one where they are uniform), stores of `n`, lanes of
    /// reductions.
    #[allow(unsafe_code, reason = "enters compiled code")]
    pub(super) unsafe fn run<T>(&self, table: &mut [*mut T], n: usize) -> bool {
        // SAFETY: the caller's.
        let held = unsafe { self.page.call(table.as_mut_ptr().cast(), n) };
        held & self.holds == self.holds
    }
}

impl Loop {
    fn of(fused: &Fused) -> Option<&Loop> {
        fused.made.get_or_make(|| Loop {
            compiles: compiles(fused),
            numbers: bits(fused.leaves.iter().map(|l| matches!(l, Source::Scalar(_)))),
            versions: Default::default(),
            walks: Mutex::default(),
        })
    }

    /// The code for a form and a mode.
    pub(super) fn version(&self, fused: &Fused, form: Form, mode: Mode) -> Option<Arc<Code>> {
        for v in &self.versions {
            let make = || lower(fused, mode, form).and_then(|p| Code::new(&p, mode.uniform, form));
            let made = v.get_or_init(|| Version { form, mode, code: make() });
            if (made.form, made.mode) == (form, mode) {
                return made.code.clone();
            }
        }
        None
    }
}

pub(super) fn bits(flags: impl Iterator<Item = bool>) -> u128 {
    flags.enumerate().fold(0, |all, (k, set)| all | u128::from(set) << (k & 127))
}

/// Copies what sums go on from, one after the other, into a register past those that a walk uses.
fn keep<T: Cell>(folds: &[&mut [T]], registers: &mut Vec<Vec<T>>, at: usize) {
    let n = folds.iter().map(|f| f.len()).sum();
    registers.resize_with(registers.len().max(at + 1), || vec![T::default(); T::BLOCK]);
    let mut kept = std::mem::take(&mut registers[at]);
    // Others count on blocks.
    kept.resize(kept.len().max(n), T::default());
    let mut rest = kept.as_mut_slice();
    for fold in folds {
        let (here, after) = rest.split_at_mut(fold.len());
        here.copy_from_slice(fold);
        rest = after;
    }
    registers[at] = kept;
}

/// The sums as they were kept.
fn put_back<T: Cell>(folds: &mut [&mut [T]], mut kept: &[T]) {
    for fold in folds {
        let (before, after) = kept.split_at(fold.len());
        fold.copy_from_slice(before);
        kept = after;
    }
}

impl Native {
    /// How a loop is walked: as it was before, where its operands lie as they did.
    fn known<T: Cell>(self, fused: &Fused, made: &Loop, args: &FusedArgs<'_, '_, T>) -> Option<Arc<Known>> {
        // Another thread at it finds out for itself.
        if let Ok(walks) = made.walks.try_lock()
            && let Some(known) = walks.iter().find(|k| k.is(self.form, args))
        {
            return Some(known.clone());
        }
        let leaves: SmallVec<[isize; 16]> = args.leaves.iter().flat_map(|l| l.strides).copied().collect();
        let mut strides: SmallVec<[isize; 24]> = SmallVec::from_slice(&leaves);
        let whole = Layout::contiguous(args.space);
        args.stores.iter().for_each(|_| strides.extend_from_slice(&whole.strides));
        fused.folds.iter().for_each(|f| strides.extend(kept_strides(args.space, f)));
        let operands = args.leaves.len() + args.stores.len() + args.folds.len();
        let nest = Nest::new(args.space, &strides, operands, args.folds.len());
        let mut shape = self.shape(fused, made, &nest);
        shape.mode.stream = shape.streams(&nest, args.stores, self.form.counted(args));
        let codes = shape.codes(|mode| made.version(fused, self.form, mode))?;
        let known = Known { form: self.form, space: args.space.into(), strides: leaves, nest, shape, codes };
        let known = Arc::new(known);
        if let Ok(mut walks) = made.walks.try_lock() {
            walks.truncate(WALKS - 1);
            walks.insert(0, known.clone());
        }
        Some(known)
    }

    fn run_loop<T: Cell>(self, fused: &Fused, args: FusedArgs<'_, '_, T>) -> Result<(), RunError> {
        let made = if args.space.contains(&0) { None } else { Loop::of(fused) };
        let Some(made) = made.filter(|l| l.compiles) else {
            return Blocks.interpret(fused, args);
        };
        let (inputs, stores, folds) = (args.leaves.len(), args.stores.len(), args.folds.len());
        if fused.leaves.len() != inputs || fused.stores.len() != stores || fused.folds.len() != folds {
            return Blocks.interpret(fused, args);
        }
        let Some(known) = self.known(fused, made, &args) else {
            return Blocks.interpret(fused, args);
        };
        let (plain, folding) = &known.codes;
        // Sums that go on from what is there begin again where a formula does not hold.
        let partial = plain.holds | folding.as_ref().map_or(0, |c| c.holds) != 0;
        let kept = inputs + stores + folds + 2;
        if args.begun && partial {
            keep(args.folds, args.registers, kept);
        }
        let spare = FusedArgs {
            space: args.space,
            whole: args.whole,
            leaves: args.leaves,
            stores: &mut *args.stores,
            folds: &mut *args.folds,
            begun: args.begun,
            registers: &mut *args.registers,
        };
        if walk(fused, &known.nest, known.shape, plain, folding.as_deref(), spare) {
            return Ok(());
        }
        // Some argument was past where a formula holds.
        if args.begun && partial {
            put_back(args.folds, &args.registers[kept]);
        }
        Blocks.interpret(fused, args)
    }
}

impl Backend for Native {
    fn run(&self, fused: &Fused, args: FusedArgs<'_, '_>) -> Result<(), RunError> {
        self.run_loop(fused, args)
    }

    fn run_single(&self, fused: &Fused, args: FusedArgs<'_, '_, f32>) -> Result<(), RunError> {
        self.run_loop(fused, args)
    }

    fn pass(&self, steps: &[PassStep<'_>], rows: usize) -> Option<Box<dyn Pass<f64>>> {
        pass::decide(*self, steps, rows)
    }

    fn pass_single(&self, steps: &[PassStep<'_>], rows: usize) -> Option<Box<dyn Pass<f32>>> {
        pass::decide(*self, steps, rows)
    }

    fn decide(&self, plan: &Plan, inputs: &[Vec<usize>], scratch: &Scratch) -> Option<Box<dyn Ready>> {
        if plan.all_singles() {
            return ready::decide::<f32>(*self, plan, inputs, scratch);
        }
        if plan.has_singles() { None } else { ready::decide::<f64>(*self, plan, inputs, scratch) }
    }
}
