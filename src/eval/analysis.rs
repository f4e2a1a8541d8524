//! What each node of a graph becomes, and when.
//!
//! A *stage* is a number such that everything a node reads from memory was written in an earlier
//! one. Elementwise nodes take the stage of elementwise operands of the same space, so that a group
//! (space, stage) is one loop; whatever crosses into another group crosses to a later stage, so
//! groups never wait for each other in a circle. Nodes that are not needed where they could first
//! be computed are put off to their users.

use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use super::cell::Format;
use super::contraction::Contractions;
use super::error::PlanError;
use super::regions::Regions;
use crate::facts::{EXACT, Facts, exact};
use crate::graph::{Graph, Head, Id};
use crate::op::{Attr, Ints, Kernel, Op, Ring, View};
use crate::ty::{DType, Shape};

/// Operators up to this cost are computed again rather than stored for a later loop, when all
/// they read is in memory anyway.
const CHEAP: f64 = 1.5;

/// So are several, up to this cost together, where they read no more arrays than this: what is stored is written
/// and read again.
const CHEAP_TOGETHER: f64 = 2.5;
const READ: usize = 2;

/// What a node becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not reached.
    Unused,
    /// One number: a constant, a length, a rank-0 input, elementwise operators of such.
    Scalar,
    /// The number of another node, seen with another shape.
    Alias(Id),
    /// The only element of an array.
    Fetch,
    /// An input with axes.
    Input,
    /// An elementwise operator in a loop.
    Map,
    /// A reduction in a loop.
    Fold,
    /// A view of an array.
    View,
    /// A step of its own.
    Own,
    /// A step over integers.
    Ints,
}

/// Kinds and stages of all nodes.
#[derive(Debug)]
pub(super) struct Analysis {
    /// Nodes that the roots reach, ascending.
    pub(super) order: Vec<Id>,
    pub(super) kind: Vec<Kind>,
    /// When it is computed.
    pub(super) stage: Vec<u32>,
    /// Nodes of equal space are read over the same loop, in one format: for a reduction, the space
    /// of its operand.
    pub(super) space: Vec<u32>,
    /// How the elements are stored and computed.
    pub(super) format: Vec<Format>,
    /// Elementwise nodes that are stored.
    pub(super) stored: Vec<bool>,
    /// Sums of products that are computed without their products.
    pub(super) contractions: Contractions,
    /// Writes at slices, and what is computed with them.
    pub(super) regions: Regions,
}

impl Analysis {
    pub(super) fn new(graph: &Graph, roots: &[Id]) -> Result<Analysis, PlanError> {
        let n = graph.len();
        let mut a = Analysis {
            order: graph.reachable(roots),
            kind: vec![Kind::Unused; n],
            stage: vec![0; n],
            space: vec![0; n],
            format: vec![Format::F64; n],
            stored: vec![false; n],
            contractions: Contractions::default(),
            regions: Regions::default(),
        };
        a.contractions = Contractions::find(graph, &a.order, roots);
        a.regions = Regions::find(graph, &a.order, roots);
        let mut spaces: FxHashMap<(Shape, Format), u32> = FxHashMap::default();
        for i in 0..a.order.len() {
            let id = a.order[i];
            let kind = a.kind_of(graph, id)?;
            let at = id as usize;
            a.kind[at] = kind;
            a.format[at] = a.format_of(graph, id);
            let over = if kind == Kind::Fold { graph.node(id).args[0] } else { id };
            let next = u32::try_from(spaces.len()).unwrap_or(u32::MAX);
            a.space[at] = *spaces.entry((graph.ty(over).shape.clone(), a.format[at])).or_insert(next);
            a.stage[at] = graph
                .node(id)
                .args
                .iter()
                .map(|&arg| if a.in_loop(id, arg) { a.stage[arg as usize] } else { a.ready(arg) })
                .max()
                .unwrap_or(0);
        }
        a.put_off(graph, roots);
        a.decide_stored(graph, roots);
        if a.reduce_later(graph, roots) {
            a.put_off(graph, roots);
            a.decide_stored(graph, roots);
        }
        Ok(a)
    }

    /// Truth values that come from singles, and from nothing wider, stay beside them.
    fn format_of(&self, graph: &Graph, id: Id) -> Format {
        let dtype = graph.ty(id).dtype;
        let args = &graph.node(id).args;
        let single = |&a: &Id| self.format[a as usize] == Format::F32;
        let wide = |&a: &Id| {
            let constant = matches!(graph.node(a).head, Head::Const(_));
            matches!(graph.ty(a).dtype, DType::F64 | DType::I32 | DType::I64) && !constant
        };
        match self.kind[id as usize] {
            Kind::View | Kind::Alias(_) | Kind::Fetch => {
                let moved = args.first().map_or(Format::F64, |&a| self.format[a as usize]);
                // A number is fetched as a float.
                if moved == Format::I64 && self.kind[id as usize] == Kind::Fetch {
                    Format::of(dtype)
                } else {
                    moved
                }
            }
            // Integers that are computed with floats, exactly.
            Kind::Scalar | Kind::Map | Kind::Fold | Kind::Own if dtype.is_int() => Format::F64,
            Kind::Map if dtype == DType::Bool && args.iter().any(single) && !args.iter().any(wide) => {
                Format::F32
            }
            _ => Format::of(dtype),
        }
    }

    fn kind_of(&self, graph: &Graph, id: Id) -> Result<Kind, PlanError> {
        let node = graph.node(id);
        // Its sums read the operands of such a product.
        if self.contractions.is_product(id) || self.regions.inner(id) {
            return Ok(Kind::Unused);
        }
        if self.regions.at(id).is_some() {
            return Ok(Kind::Own);
        }
        let op = match node.head {
            Head::Const(_) | Head::Size(_) => return Ok(Kind::Scalar),
            Head::Int(_, x) => return Ok(if exact(x).is_some() { Kind::Scalar } else { Kind::Ints }),
            Head::Var(_) => {
                let ty = graph.ty(id);
                let number = ty.rank() == 0 && !ty.dtype.is_int();
                return Ok(if number { Kind::Scalar } else { Kind::Input });
            }
            Head::Op(op, _) => op,
        };
        if self.over_integers(graph, id) {
            return match (op.def().ints, op.def().kernel) {
                (Ints::None, Kernel::Dot | Kernel::IncAt | Kernel::SetAt | Kernel::Concat) => Ok(Kind::Ints),
                (Ints::None, _) => Err(PlanError::NoKernel { op: op.def().name }),
                _ => Ok(Kind::Ints),
            };
        }
        let all_numbers = node.args.iter().all(|&a| self.number(graph, a).is_some());
        let fits = |n: usize| node.args.len() == n;
        match op.def().kernel {
            Kernel::Map1(_) if fits(1) && graph.ty(id).rank() == 0 && self.integers(node.args[0]) => {
                Ok(Kind::Fetch)
            }
            Kernel::Map1(_) if fits(1) => Ok(if all_numbers { Kind::Scalar } else { Kind::Map }),
            Kernel::Map2(_) if fits(2) => Ok(if all_numbers { Kind::Scalar } else { Kind::Map }),
            Kernel::Map3(_) if fits(3) => Ok(if all_numbers { Kind::Scalar } else { Kind::Map }),
            Kernel::Reduce { .. } if fits(1) => {
                let contracts = self.contractions.operands(graph, id).is_some();
                Ok(if contracts { Kind::Own } else { Kind::Fold })
            }
            Kernel::View(_) | Kernel::Reshape if fits(1) => {
                let arg = node.args[0];
                let integers = self.format[arg as usize] == Format::I64;
                if let Some(number) = self.number(graph, arg) {
                    Ok(Kind::Alias(number))
                } else if integers {
                    let gaps = matches!(op.def().kernel, Kernel::Reshape) && !self.row_major(graph, arg);
                    Ok(if gaps { Kind::Ints } else { Kind::View })
                } else if graph.ty(id).rank() == 0 {
                    Ok(Kind::Fetch)
                } else if matches!(op.def().kernel, Kernel::Reshape) && !self.row_major(graph, arg) {
                    Ok(Kind::Own)
                } else {
                    Ok(Kind::View)
                }
            }
            Kernel::Dot | Kernel::IncAt | Kernel::SetAt if fits(2) => Ok(Kind::Own),
            Kernel::Concat | Kernel::Whole(_) => Ok(Kind::Own),
            _ => Err(PlanError::NoKernel { op: op.def().name }),
        }
    }

    /// Does a node lie in memory as integers?
    fn integers(&self, id: Id) -> bool {
        self.format[id as usize] == Format::I64
    }

    /// Is a node computed over integers: one is made or read, and no float? Small ones that come from truth values
    /// stay with the floats, which hold them.
    fn over_integers(&self, graph: &Graph, id: Id) -> bool {
        let Some((op, _, args)) = graph.application(id) else { return false };
        let own = graph.ty(id).dtype;
        if matches!(op.def().kernel, Kernel::View(_) | Kernel::Reshape) || own.is_float() {
            return false;
        }
        if op == Op::conversion() {
            return own.is_int() || graph.ty(args[0]).dtype != DType::Bool;
        }
        let dtype = |&a: &Id| graph.ty(a).dtype;
        let some = own.is_int() || args.iter().any(|a| dtype(a).is_int());
        some && !args.iter().any(|a| dtype(a).is_float()) && !self.exact_in_floats(graph, id)
    }

    /// Does a sum or product of numbers that are floats here stay where doubles are exact, and its type does not
    /// wrap?
    fn exact_in_floats(&self, graph: &Graph, id: Id) -> bool {
        let Some((op, _, args)) = graph.application(id) else { return false };
        let facts = graph.facts(id);
        let small = |x: f64| x.abs() < EXACT;
        let inside = facts.ty.dtype.bounds().is_some_and(|(lo, hi)| {
            // Facts that may wrap are widened to the whole type.
            let whole = facts.range == Facts::var(facts.ty.clone()).range;
            !whole
                && exact(lo).is_none_or(|lo| facts.range.lo >= lo)
                && exact(hi).is_none_or(|hi| facts.range.hi <= hi)
        });
        let ring = matches!(op.def().ring, Ring::Sum | Ring::Difference | Ring::Product | Ring::Opposite);
        ring && inside
            && args.iter().all(|&a| {
                let f = graph.facts(a);
                !self.integers(a) && f.integral && small(f.range.lo) && small(f.range.hi)
            })
    }

    /// The node whose register holds the one number that a node is.
    pub(super) fn number(&self, graph: &Graph, id: Id) -> Option<Id> {
        match self.kind[id as usize] {
            Kind::Scalar | Kind::Fetch => Some(id),
            Kind::Alias(of) => Some(of),
            Kind::Fold | Kind::Own if graph.ty(id).rank() == 0 => Some(id),
            Kind::Ints if graph.ty(id).rank() == 0 && !self.integers(id) => Some(id),
            _ => None,
        }
    }

    /// Does an array, or the input it is a view of, lie in row-major order? Inputs that are read so
    /// are made so.
    fn row_major(&self, graph: &Graph, id: Id) -> bool {
        let mut at = id;
        loop {
            if self.kind[at as usize] != Kind::View {
                return true;
            }
            let Some((op, attr, args)) = graph.application(at) else { return true };
            let keeps = match (op.def().kernel, attr) {
                (Kernel::Reshape, _) => true,
                (Kernel::View(View::Dimshuffle), Attr::Perm(p)) => {
                    // Axes of length 1 may come and go anywhere.
                    let kept: Vec<usize> = p.iter().flatten().copied().collect();
                    kept.windows(2).all(|w| w[0] < w[1])
                }
                _ => false,
            };
            if !keeps {
                return false;
            }
            at = args[0];
        }
    }

    /// Is the value of `arg` handed to `user` inside one loop, if the stages agree?
    pub(super) fn in_loop(&self, user: Id, arg: Id) -> bool {
        self.kind[arg as usize] == Kind::Map
            && self.space[user as usize] == self.space[arg as usize]
            && matches!(self.kind[user as usize], Kind::Map | Kind::Fold)
    }

    /// The first stage that can read a node from memory.
    fn ready(&self, id: Id) -> u32 {
        let stage = self.stage[id as usize];
        match self.kind[id as usize] {
            Kind::Map | Kind::Fold | Kind::Own | Kind::Ints => stage + 1,
            _ => stage,
        }
    }

    /// Puts elementwise nodes off to the first of their users, where all of them are in loops over
    /// the same space.
    fn put_off(&mut self, graph: &Graph, roots: &[Id]) {
        let mut limit = vec![u32::MAX; self.kind.len()];
        for &r in roots {
            limit[r as usize] = 0;
        }
        for i in (0..self.order.len()).rev() {
            let id = self.order[i];
            let at = id as usize;
            if self.kind[at] == Kind::Map && limit[at] != u32::MAX {
                self.stage[at] = self.stage[at].max(limit[at]);
            }
            for &arg in &graph.node(id).args {
                let to = if self.in_loop(id, arg) { self.stage[at] } else { 0 };
                limit[arg as usize] = limit[arg as usize].min(to);
            }
        }
    }

    /// Elementwise nodes that something outside their loop reads.
    fn decide_stored(&mut self, graph: &Graph, roots: &[Id]) {
        self.stored.fill(false);
        for &r in roots {
            self.stored[r as usize] = self.kind[r as usize] == Kind::Map;
        }
        for i in 0..self.order.len() {
            let id = self.order[i];
            for &arg in &graph.node(id).args {
                if self.kind[arg as usize] == Kind::Map && !self.reads_in_loop(graph, id, arg) {
                    self.stored[arg as usize] = true;
                }
            }
        }
    }

    /// Does `user` get `arg` without memory: in the same loop, or computed again?
    pub(super) fn reads_in_loop(&self, graph: &Graph, user: Id, arg: Id) -> bool {
        self.in_loop(user, arg)
            && (self.stage[user as usize] == self.stage[arg as usize] || self.cheap(graph, arg))
    }

    /// Is a node computed again rather than stored? What comes from another space is in memory.
    pub(super) fn cheap(&self, graph: &Graph, id: Id) -> bool {
        let Some((op, _, args)) = graph.application(id) else { return false };
        if op.def().cost > CHEAP {
            return false;
        }
        args.iter().all(|&a| !self.in_loop(id, a)) || self.cheap_together(graph, id)
    }

    /// The same of a node with what it takes from its loop.
    fn cheap_together(&self, graph: &Graph, id: Id) -> bool {
        let (mut cost, mut reads, mut done) = (0.0, 0, SmallVec::<[Id; 4]>::new());
        let mut open: SmallVec<[Id; 4]> = smallvec![id];
        while let Some(x) = open.pop() {
            if done.contains(&x) {
                continue;
            }
            done.push(x);
            let Some((op, _, args)) = graph.application(x) else { return false };
            cost += op.def().cost.max(1.0);
            for &a in args {
                if self.in_loop(x, a) {
                    open.push(a);
                } else if !done.contains(&a) && self.space[a as usize] == self.space[x as usize] {
                    // Anything else is repeated along some axis, and smaller.
                    done.push(a);
                    reads += 1;
                }
            }
            if cost > CHEAP_TOGETHER || reads > READ {
                return false;
            }
        }
        true
    }
}
