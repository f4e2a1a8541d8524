//! The plan: what will be done, as data.

use std::sync::Arc;

use smallvec::SmallVec;

use super::analysis::Analysis;
use super::bands::Bands;
use super::build;
use super::cell::Format;
use super::error::PlanError;
use super::ints::IntStep;
use super::len::{LenId, Lengths};
use super::made::Made;
use super::windowed::Windowed;
use crate::graph::{Graph, Id, expand};
use crate::op::{Attr, IndexItem, Map1, Map2, Map3, Op, Whole};
use crate::ty::{DType, Ty};

/// A register of doubles that hold one number each: rank-0 values, and arrays that are one number.
pub type Slot = u32;

/// How an array is derived from another without moving an element.
#[derive(Debug, Clone, PartialEq)]
pub enum ViewStep {
    /// Axes reordered, dropped and added.
    Permute(Vec<Option<usize>>),
    /// Axes repeated.
    Broadcast,
    /// Positions and slices.
    Index(Vec<IndexItem>),
    /// Other lengths; only of an array in row-major order.
    Reshape,
}

/// Where a step reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A scalar register, repeated as often as needed.
    Scalar(Slot),
    /// An array: an input, a buffer, or a view of one.
    Array(u32),
}

/// An operand of a step that is not fused.
#[derive(Debug, Clone)]
pub struct Arg {
    /// Where it is.
    pub source: Source,
    /// Its lengths.
    pub dims: Vec<LenId>,
}

/// Where a step writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dest {
    /// A scalar register.
    Scalar(Slot),
    /// A buffer, in row-major order.
    Buffer(u32),
}

/// A step of a scalar program.
#[derive(Debug, Clone)]
pub enum ScalarStep {
    /// One operand.
    One(Map1, Slot, Slot),
    /// Two operands, then the result.
    Two(Map2, Slot, Slot, Slot),
    /// Three operands, then the result.
    Three(Map3, [Slot; 3], Slot),
    /// The only element of an array.
    Fetch(u32, Slot),
    /// Rounds a register to a single.
    Round(Slot),
}

/// Where an instruction of a fused loop reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A register.
    Reg(u32),
    /// Memory, through a register where the elements do not lie side by side.
    Leaf {
        /// Which leaf.
        leaf: u32,
        /// The register.
        reg: u32,
    },
    /// A result that is also stored.
    Stored(Target),
}

/// A stored result of a fused loop, and a register for where its elements do not lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Which of the loop's stores; `u32::MAX` when it is only in the register.
    pub store: u32,
    /// The register.
    pub reg: u32,
}

/// The arithmetic of an instruction.
#[derive(Debug, Clone, Copy)]
pub enum Code {
    /// One operand.
    One(Map1),
    /// Two operands.
    Two(Map2),
    /// Three operands.
    Three(Map3),
}

/// One instruction of a fused loop.
#[derive(Debug, Clone)]
pub enum Instr {
    /// Brings a leaf into its register, where it cannot be read in place.
    Load {
        /// Which leaf.
        leaf: u32,
        /// The register.
        reg: u32,
    },
    /// Arithmetic.
    Map {
        /// The operator, for backends with kernels of their own.
        op: Op,
        /// The portable kernel.
        code: Code,
        /// Operands.
        args: SmallVec<[Operand; 3]>,
        /// Result.
        out: Target,
    },
    /// Adds a block to a reduction.
    Fold {
        /// Which of the loop's reductions.
        fold: u32,
        /// The block.
        arg: Operand,
    },
}

/// A reduction inside a fused loop.
#[derive(Debug, Clone)]
pub struct FoldSpec {
    /// The operator.
    pub op: Op,
    /// Value of an empty fold.
    pub init: Option<f64>,
    /// Changes no fold.
    pub identity: f64,
    /// One step.
    pub step: Map2,
    /// A block of elements.
    pub fold: fn(&[f64]) -> f64,
    /// A block of singles.
    pub single: fn(&[f32]) -> f32,
    /// Rows of so many elements, each as a block.
    pub rows: fn(&[f64], usize, &mut [f64]),
    /// The same of singles.
    pub rows_single: fn(&[f32], usize, &mut [f32]),
    /// Partial results, as many as a power of two, joined with their neighbours until one is left.
    pub join: fn(&mut [f64]) -> f64,
    /// The same of singles.
    pub join_single: fn(&mut [f32]) -> f32,
    /// Partial results, each with what comes after it.
    pub pair: fn(&mut [f64], &[f64]),
    /// The same of singles.
    pub pair_single: fn(&mut [f32], &[f32]),
    /// Two partial results.
    pub merge: Map2,
    /// The axes of the space that it removes.
    pub axes: Vec<usize>,
    /// Where the result goes.
    pub out: Dest,
}

/// One pass over a space: a small program for every element.
#[derive(Debug, Clone, Default)]
pub struct Fused {
    /// The lengths of the space.
    pub space: Vec<LenId>,
    /// What is read.
    pub leaves: Vec<Source>,
    /// Leaves that are one number, brought into registers once: leaf and register.
    pub prologue: Vec<(u32, u32)>,
    /// The program.
    pub code: Vec<Instr>,
    /// Buffers that are written over the whole space.
    pub stores: Vec<u32>,
    /// Reductions.
    pub folds: Vec<FoldSpec>,
    /// Number of registers, each a block wide.
    pub registers: u32,
    /// The format of everything in the loop; what is read in another is converted before.
    pub format: Format,
    /// What a backend made of it.
    pub(crate) made: Made,
}

/// One step of a plan.
#[derive(Debug, Clone)]
pub enum Step {
    /// A scalar program.
    Scalars(Vec<ScalarStep>),
    /// A fused loop.
    Fused(Fused),
    /// Writes at slices, with what is computed for them.
    Windowed(Windowed),
    /// Steps that are done together for a band of rows at a time.
    Bands(Bands),
    /// An operator over integers.
    Ints(IntStep),
    /// A product of vectors and matrices.
    Dot {
        /// Left operand.
        a: Arg,
        /// Right operand.
        b: Arg,
        /// Result.
        out: Dest,
    },
    /// The sums, over some axes of a space, of products of two arrays that each lack an axis of it.
    Contract {
        /// One array.
        a: Arg,
        /// The other.
        b: Arg,
        /// The lengths of the space.
        space: Vec<LenId>,
        /// The axes that are summed.
        axes: Vec<usize>,
        /// Result.
        out: Dest,
    },
    /// The elements of an array in row-major order.
    Copy {
        /// From.
        from: Arg,
        /// To.
        out: Dest,
    },
    /// Arrays one after the other.
    Concat {
        /// Along this axis.
        axis: usize,
        /// The arrays.
        parts: Vec<Arg>,
        /// Result.
        out: Dest,
    },
    /// A function of whole arrays.
    Whole {
        /// Its name.
        op: &'static str,
        /// The function.
        f: Whole,
        /// Its attribute.
        attr: Attr,
        /// The arrays.
        parts: Vec<Arg>,
        /// Result.
        out: Dest,
    },
    /// An array with another put, or added, at an index.
    Write {
        /// The array.
        base: Arg,
        /// The other.
        value: Arg,
        /// Where.
        index: Vec<IndexItem>,
        /// Added, not put.
        add: bool,
        /// Result.
        out: Dest,
    },
}

/// An array that steps read: an input, a buffer, or a view.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) base: Base,
    /// The array that this is a view of, and how.
    pub(crate) parent: Option<(u32, ViewStep)>,
    pub(crate) dims: Vec<LenId>,
}

/// Memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Input(u32),
    Buffer(u32),
}

/// Memory that a step writes.
#[derive(Debug, Clone)]
pub(crate) struct Buffer {
    pub(crate) dims: Vec<LenId>,
    pub(crate) format: Format,
    /// Position among the pieces of memory of a call: outputs first, then reused ones.
    pub(crate) memory: u32,
}

/// What the plan asks of an input.
#[derive(Debug, Clone)]
pub(crate) struct PlanInput {
    pub(crate) name: Arc<str>,
    pub(crate) rank: usize,
    pub(crate) format: Format,
    /// Must be in row-major order, or is copied.
    pub(crate) contiguous: bool,
    /// Where it goes when it is a scalar.
    pub(crate) slot: Option<Slot>,
}

/// A plan, independent of the lengths of a call.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Tells plans apart, so that what is kept for one is not taken for another.
    pub(crate) id: u64,
    pub(crate) inputs: Vec<PlanInput>,
    pub(crate) lengths: Lengths,
    /// Inputs whose values say lengths.
    pub(crate) valued: Vec<usize>,
    pub(crate) values: Vec<Value>,
    pub(crate) buffers: Vec<Buffer>,
    /// Scalar registers as a call finds them: constants in place.
    pub(crate) scalars: Vec<f64>,
    /// Scalar registers that hold lengths.
    pub(crate) sizes: Vec<(Slot, LenId)>,
    pub(crate) steps: Vec<Step>,
    /// Lengths of each output.
    pub(crate) outputs: Vec<Vec<LenId>>,
    /// Outputs that are one number: output and register.
    pub(crate) filled: Vec<(u32, Slot)>,
    /// Format of each output.
    pub(crate) output_formats: Vec<Format>,
    /// Element type of each output.
    pub(crate) output_dtypes: Vec<DType>,
    /// Pieces of memory that are reused, beside the outputs.
    pub(crate) pieces: Vec<Format>,
    /// Nothing but scalars: no step but scalar programs, and only rank-0 inputs and outputs.
    pub(crate) scalar_only: bool,
}

impl Plan {
    /// The plan for the roots of a graph, whose inputs are all the variables of the graph in order.
    ///
    /// # Errors
    /// An operator without kernel, an element type that is not supported.
    pub fn new(graph: &Graph, roots: &[Id]) -> Result<Plan, PlanError> {
        Plan::with_inputs(graph, roots, graph.vars())
    }

    /// The plan for the roots of a graph, with inputs in the given order; those that the graph
    /// does not use may still tell lengths.
    ///
    /// # Errors
    /// As [`Plan::new`]; also a variable that is not among the inputs.
    pub fn with_inputs(graph: &Graph, roots: &[Id], inputs: &[(Arc<str>, Ty)]) -> Result<Plan, PlanError> {
        let written = expand(graph, roots).map_err(|e| PlanError::Composed { fact: e.to_string() })?;
        let (graph, roots) = written.as_ref().map_or((graph, roots), |(g, r)| (g, r.as_slice()));
        let analysis = Analysis::new(graph, roots)?;
        build::build(graph, roots, inputs, &analysis)
    }

    /// The steps, in order, those in bands one by one.
    pub(crate) fn each_step(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|s| match s {
            Step::Bands(b) => b.steps.as_slice(),
            step => std::slice::from_ref(step),
        })
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Number of inputs.
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// Number of outputs.
    pub fn output_count(&self) -> usize {
        self.outputs.len()
    }

    /// The format in which an output is computed.
    pub fn output_format(&self, output: usize) -> Format {
        self.output_formats.get(output).copied().unwrap_or_default()
    }

    /// The element type of an output.
    pub fn output_dtype(&self, output: usize) -> DType {
        self.output_dtypes.get(output).copied().unwrap_or(DType::F64)
    }

    /// Number of pieces of memory that a call needs beside its outputs.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }
}
