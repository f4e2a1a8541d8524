//! Expressions into the arena: equal terms merge, composite operators are lowered, symbols that
//! must be equal become one.

use std::fmt;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::arena::{Graph, Id};
use super::constraint::{Constraint, ConstraintError, Unify, constraints};
use super::terms::{Term, Terms};
use crate::expr::{Expr, Head, TypeError, TypeErrorKind};
use crate::facts::value_of;
use crate::op::{Attr, Ints, Kernel, Op, Ring, Role};
use crate::ty::{DType, Dim, Ty};

/// Expressions in their arena.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The arena.
    pub graph: Graph,
    /// One node per expression.
    pub roots: Vec<Id>,
    /// What the shapes of inputs must satisfy, gathered from the expressions as they were given.
    pub constraints: Vec<Constraint>,
    /// Which symbols are one.
    pub unify: Unify,
}

/// Why expressions do not go into an arena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportError {
    /// Shapes contradict each other.
    Shapes(ConstraintError),
    /// Two inputs have one name and different types.
    Conflict {
        /// The name.
        name: String,
        /// One type.
        first: String,
        /// The other.
        second: String,
    },
    /// An operator does not take its operands, now that lengths are known to be equal.
    Type(TypeError),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Shapes(e) => write!(f, "{e}"),
            ImportError::Conflict { name, first, second } => {
                write!(f, "input `{name}` has two types: {first} and {second}")
            }
            ImportError::Type(e) => write!(f, "{e}"),
        }
    }
}
impl std::error::Error for ImportError {}

impl From<TypeError> for ImportError {
    fn from(e: TypeError) -> ImportError {
        ImportError::Type(e)
    }
}

/// Imports expressions. `inputs` come first and in order, whether used or not.
///
/// # Errors
/// Shapes that contradict each other, or one name with two types.
pub fn import(inputs: &[Expr], outputs: &[Expr]) -> Result<Imported, ImportError> {
    let constraints = constraints(outputs);
    let unify = Unify::from(&constraints).map_err(ImportError::Shapes)?;
    let mut import = Importer {
        graph: Graph::new(),
        unify,
        declared: inputs.iter().filter_map(|v| Some((v.name()?.to_string(), v.ty().clone()))).collect(),
        terms: Terms::default(),
    };
    for v in inputs {
        if let Some(name) = v.name() {
            import.graph.var(name, &import.unify.ty(v.ty()));
        }
    }
    let roots = import.roots(outputs)?;
    let Importer { graph, unify, .. } = import;
    Ok(Imported { graph, roots, constraints, unify })
}

/// What a node is imported for: literals, and what is made of them alone, compute in the type of what uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Floats.
    Floats,
    /// Integers of a type.
    Ints(DType),
}

enum Step {
    Enter(Term, For),
    Leave(Term, For),
}

/// Doubles below this are exact integers.
const EXACT: f64 = 9_007_199_254_740_992.0;

struct Importer {
    graph: Graph,
    unify: Unify,
    declared: FxHashMap<String, Ty>,
    terms: Terms,
}

impl Importer {
    fn roots(&mut self, outputs: &[Expr]) -> Result<Vec<Id>, ImportError> {
        let mut roots = Vec::with_capacity(outputs.len());
        for o in outputs {
            let t = self.terms.of(o);
            let want = self.wanted_root(t);
            roots.push((t, want));
        }
        let mut stack: Vec<Step> = roots.iter().rev().map(|&(t, w)| Step::Enter(t, w)).collect();
        while let Some(step) = stack.pop() {
            match step {
                Step::Enter(t, want) if self.terms.imported(t, want).is_some() => {}
                Step::Enter(t, want) => {
                    stack.push(Step::Leave(t, want));
                    // A length needs the type of its operand, not the operand.
                    if length_of(self.terms.expr(t)).is_none() {
                        let args = self.operands(t, want);
                        stack.extend(args.into_iter().rev().map(|(a, w)| Step::Enter(a, w)));
                    }
                }
                Step::Leave(t, want) => {
                    let id = self.leave(t, want)?;
                    self.terms.set_imported(t, want, id);
                }
            }
        }
        roots.into_iter().map(|(t, want)| self.root(t, want)).collect()
    }

    /// What a root is, in the type that its expression declares.
    fn root(&mut self, t: Term, want: For) -> Result<Id, ImportError> {
        let id = self.terms.id(t, want);
        // What is made of literals alone has adapted to nothing.
        let (is, declared) = (self.graph.ty(id).dtype, self.terms.expr(t).ty().dtype);
        let adapts = is == DType::F64 && declared == DType::F32;
        let whole = self.graph.constant(id).filter(|x| declared.is_int() && x.fract() == 0.0);
        Ok(match whole {
            _ if adapts => self.convert(id, declared)?,
            #[allow(clippy::cast_possible_truncation, reason = "a whole number in range")]
            Some(x) if x.abs() < EXACT => {
                let (lo, hi) = declared.bounds().unwrap_or((0, 0));
                let x = x as i64;
                self.graph.int(if (lo..=hi).contains(&x) { declared } else { DType::I64 }, x)
            }
            // Lengths, and what is made of them, compute as doubles.
            _ if declared.is_int() && is.is_float() => self.convert(id, declared)?,
            _ => id,
        })
    }

    fn convert(&mut self, id: Id, to: DType) -> Result<Id, TypeError> {
        if to.is_float() && self.graph.ty(id).dtype.is_int() {
            return self.graph.as_floats(id, to);
        }
        self.graph.add(Op::conversion(), &Attr::DType(to), &[id])
    }

    /// What a root is imported for. Numbers that are computed from literals alone do not wrap: `100 + 100` is 200.
    fn wanted_root(&mut self, t: Term) -> For {
        let (own, rank) = (self.terms.expr(t).ty().dtype, self.terms.expr(t).rank());
        if !own.is_int() {
            return self.wanted(t, own);
        }
        let computed = self.terms.expr(t).op().is_some() && self.terms.is_plain(t);
        match (computed, rank) {
            (true, 0) => For::Floats,
            (true, _) => self.wanted(t, DType::I64),
            _ => self.wanted(t, own),
        }
    }

    /// What an operand is imported for, where integers of a type are wanted.
    fn wanted(&mut self, t: Term, ints: DType) -> For {
        if ints.is_int() && self.terms.is_plain(t) {
            For::Ints(ints.promote(self.terms.expr(t).ty().dtype))
        } else {
            For::Floats
        }
    }

    /// The operands of a node, lowered, and what each is for.
    fn operands(&mut self, t: Term, want: For) -> SmallVec<[(Term, For); 4]> {
        let Some(op) = self.terms.expr(t).op() else { return SmallVec::new() };
        let args = self.terms.args(t);
        let to = self.integers(t, want, &args);
        let own = op.def().role == Role::Whole && op.def().composed().is_none() || op == Op::conversion();
        args.iter()
            .map(|&a| {
                let to = if own { Some(self.terms.expr(a).ty().dtype) } else { to };
                (a, to.map_or(For::Floats, |d| self.wanted(a, d)))
            })
            .collect()
    }

    /// The type of the integers that a node computes with, if it does.
    fn integers(&mut self, t: Term, want: For, args: &[Term]) -> Option<DType> {
        let own = self.terms.expr(t).ty().dtype;
        match (own, want) {
            (_, For::Ints(d)) if own.is_int() => Some(d),
            // Made of literals alone, for floats.
            _ if own.is_int() => (!self.terms.is_plain(t)).then_some(own),
            (DType::Bool, _) => {
                let types: SmallVec<[DType; 4]> =
                    args.iter().map(|&a| self.terms.expr(a).ty().dtype).collect();
                let strong = args.iter().zip(&types).any(|(&a, d)| d.is_int() && !self.terms.is_plain(a));
                if strong && !types.iter().any(|d| d.is_float()) {
                    types.into_iter().reduce(DType::promote)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    fn leave(&mut self, t: Term, want: For) -> Result<Id, ImportError> {
        let e = self.terms.expr(t).clone();
        let id = match e.head() {
            Head::Var(name) => {
                let first = self.declared.entry(name.to_string()).or_insert_with(|| e.ty().clone());
                if first != e.ty() {
                    return Err(ImportError::Conflict {
                        name: name.to_string(),
                        first: first.to_string(),
                        second: e.ty().to_string(),
                    });
                }
                self.graph.var(name, &self.unify.ty(e.ty()))
            }
            Head::Lit(l) => match (want, l.integer()) {
                (For::Ints(d), Some(x)) => self.graph.int(d, x),
                _ => self.graph.lit(l.value()),
            },
            Head::Op(op, attr) => match length_of(&e) {
                Some(dim) => self.graph.length(&self.unify.dim(&dim)),
                None => {
                    let operands = self.operands(t, want);
                    let mut args: SmallVec<[Id; 4]> =
                        operands.iter().map(|&(a, w)| self.terms.id(a, w)).collect();
                    if op.def().computes_floats() && *op != Op::conversion() {
                        self.convert_to_floats(&e, *op, &operands, &mut args)?;
                    }
                    self.exponent(&e, *op, &args)?;
                    let attr = canonical(attr, e.arg(0).rank(), &self.unify);
                    self.graph.add(*op, &attr, &args)?
                }
            },
        };
        match want {
            For::Ints(d) if !self.graph.ty(id).dtype.is_int() => Ok(self.convert(id, d)?),
            _ if e.ty().dtype == DType::F32 => Ok(self.single(id)?),
            _ => Ok(id),
        }
    }

    /// What is declared as a single. Numbers adapt to singles, and are one where they were made of others; what else
    /// is made of numbers alone is converted, lest doubles spread from it.
    fn single(&mut self, id: Id) -> Result<Id, TypeError> {
        if self.graph.ty(id).dtype != DType::F64 || self.graph.facts(id).constant.is_some() {
            return Ok(id);
        }
        let number = self.graph.application(id).and_then(|(op, _, args)| {
            let numbers: Option<Vec<f64>> = args.iter().map(|&a| self.graph.facts(a).constant).collect();
            numbers.filter(|_| op.def().role == Role::Elementwise).and_then(|x| value_of(op, &x))
        });
        let Some(number) = number else { return self.convert(id, DType::F32) };
        let dims = self.graph.ty(id).shape.dims().to_vec();
        let number = self.graph.lit(number);
        if dims.is_empty() {
            Ok(number)
        } else {
            self.graph.add(Op::broadcast(), &Attr::Dims(dims), &[number])
        }
    }

    /// An integer has no negative power that is one.
    fn exponent(&self, e: &Expr, op: Op, args: &[Id]) -> Result<(), TypeError> {
        let negative = |&b: &Id| self.graph.facts(b).constant.is_some_and(|x| x < 0.0);
        let integer = |&a: &Id| self.graph.ty(a).dtype.is_int();
        if op.def().ring != Ring::Power || !args.iter().all(integer) || !args.get(1).is_some_and(negative) {
            return Ok(());
        }
        Err(TypeError {
            kind: TypeErrorKind::DType,
            op: op.def().name.to_string(),
            args: e.args().iter().map(|a| a.ty().to_string()).collect(),
            reason: "an integer to a negative power is no integer; cast the base to floats".into(),
        })
    }

    /// Converts the integers among the operands of an operator that computes with floats.
    fn convert_to_floats(
        &mut self,
        e: &Expr,
        op: Op,
        operands: &[(Term, For)],
        args: &mut [Id],
    ) -> Result<(), TypeError> {
        let types = operands.iter().map(|&(a, _)| self.terms.expr(a).ty().dtype);
        let joint = types.fold(e.ty().dtype, DType::promote);
        let to = match (joint.is_float(), op.def().ints) {
            (true, _) => joint,
            (false, Ints::None) => DType::F64,
            (false, _) => return Ok(()),
        };
        for id in args {
            if self.graph.ty(*id).dtype.is_int() {
                *id = self.convert(*id, to)?;
            }
        }
        Ok(())
    }
}

pub(super) fn length_of(e: &Expr) -> Option<Dim> {
    let op = e.op()?;
    match (op.def().kernel, e.attr()) {
        (Kernel::Length, Attr::Axis(a)) => e.arg(0).ty().shape.dims().get(*a).cloned(),
        _ => None,
    }
}

/// One attribute for each meaning: all axes are named, leading axes of a dimshuffle that
/// broadcasting supplies are not counted, lengths are unified.
pub(super) fn canonical(attr: &Attr, rank: usize, unify: &Unify) -> Attr {
    match attr {
        Attr::AllAxes => Attr::Axes((0..rank).collect()),
        Attr::Dims(ds) => Attr::Dims(ds.iter().map(|d| unify.dim(d)).collect()),
        Attr::Perm(p) => {
            let full = p.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(rank);
            let lead = full - rank;
            Attr::Perm(p.iter().map(|q| q.and_then(|a| a.checked_sub(lead))).collect())
        }
        other => other.clone(),
    }
}
