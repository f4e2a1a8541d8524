//! Expressions into the arena: equal terms merge, composite operators are lowered, symbols that
//! must be equal become one.

use std::fmt;

use rustc_hash::FxHashMap;

use super::arena::{Graph, Id};
use super::constraint::{Constraint, ConstraintError, Unify, constraints};
use crate::expr::{Expr, Head, TypeError};
use crate::op::{Attr, Kernel, Op};
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
    let mut graph = Graph::new();
    for v in inputs {
        if let Some(name) = v.name() {
            graph.var(name, &unify.ty(v.ty()));
        }
    }
    let mut of: FxHashMap<usize, Id> = FxHashMap::default();
    // Lowered expressions are kept alive here, so that their addresses stay theirs.
    let mut held: Vec<Expr> = Vec::new();
    let mut declared: FxHashMap<String, Ty> =
        inputs.iter().filter_map(|v| Some((v.name()?.to_string(), v.ty().clone()))).collect();

    enum Step {
        Enter(Expr),
        Leave(Expr),
        Alias(Expr, Expr),
    }
    let mut stack: Vec<Step> = outputs.iter().rev().cloned().map(Step::Enter).collect();
    while let Some(step) = stack.pop() {
        match step {
            Step::Enter(e) if of.contains_key(&e.id()) => {}
            Step::Enter(e) => {
                let lowered = e.op().and_then(|op| op.def().lower).map(|f| f(e.args(), e.attr()));
                match lowered {
                    Some(l) => {
                        held.push(l.clone());
                        stack.push(Step::Alias(e, l.clone()));
                        stack.push(Step::Enter(l));
                    }
                    // A length needs the type of its operand, not the operand.
                    None if length_of(&e).is_some() => stack.push(Step::Leave(e)),
                    None => {
                        stack.push(Step::Leave(e.clone()));
                        stack.extend(e.args().iter().rev().cloned().map(Step::Enter));
                    }
                }
            }
            Step::Alias(e, l) => {
                let id = of[&l.id()];
                of.insert(e.id(), id);
            }
            Step::Leave(e) => {
                let id = match e.head() {
                    Head::Var(name) => {
                        let first = declared.entry(name.to_string()).or_insert_with(|| e.ty().clone());
                        if first != e.ty() {
                            return Err(ImportError::Conflict {
                                name: name.to_string(),
                                first: first.to_string(),
                                second: e.ty().to_string(),
                            });
                        }
                        graph.var(name, &unify.ty(e.ty()))
                    }
                    Head::Lit(l) => graph.lit(l.value()),
                    Head::Op(op, attr) => match length_of(&e) {
                        Some(dim) => graph.length(&unify.dim(&dim)),
                        None => {
                            let args: Vec<Id> = e.args().iter().map(|a| of[&a.id()]).collect();
                            let attr = canonical(attr, e.arg(0).rank(), &unify);
                            graph.add(*op, &attr, &args)?
                        }
                    },
                };
                of.insert(e.id(), id);
            }
        }
    }
    let mut roots = Vec::with_capacity(outputs.len());
    for o in outputs {
        let id = of[&o.id()];
        // What is made of literals alone has adapted to nothing.
        let (is, declared) = (graph.ty(id).dtype, o.ty().dtype);
        roots.push(if is == DType::F64 && declared == DType::F32 {
            graph.add(Op::conversion(), &Attr::DType(declared), &[id])?
        } else {
            id
        });
    }
    Ok(Imported { graph, roots, constraints, unify })
}

fn length_of(e: &Expr) -> Option<Dim> {
    let op = e.op()?;
    match (op.def().kernel, e.attr()) {
        (Kernel::Length, Attr::Axis(a)) => e.arg(0).ty().shape.dims().get(*a).cloned(),
        _ => None,
    }
}

/// One attribute for each meaning: all axes are named, leading axes of a dimshuffle that
/// broadcasting supplies are not counted, lengths are unified.
fn canonical(attr: &Attr, rank: usize, unify: &Unify) -> Attr {
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
