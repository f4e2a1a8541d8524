//! Elementwise programs: every value is one number, whatever its shape.

use smallvec::SmallVec;

use super::Form;
use crate::facts::value_of;
use crate::graph::{Head, Id};
use crate::num::Real;
use crate::op::{Attr, Kernel, Op, Role};
use crate::ty::DType;

/// Operators beyond which nothing is sampled.
const STEPS: usize = 400;

/// What computes a node.
#[derive(Debug)]
enum Step {
    Input(usize),
    Number(f64),
    Same(usize),
    Apply(Op, SmallVec<[usize; 3]>),
}

/// A form that is computed element by element.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    roots: Vec<usize>,
}

impl Program {
    /// `None` where something else than floats and truth values is computed, or not element by element.
    pub(super) fn of((graph, roots): Form<'_>) -> Option<Program> {
        let live = graph.reachable(roots);
        if live.len() > STEPS {
            return None;
        }
        let mut at: Vec<usize> = vec![usize::MAX; graph.len()];
        let mut steps = Vec::with_capacity(live.len());
        for id in live {
            let node = graph.node(id);
            let dtype = graph.ty(id).dtype;
            let step = match node.head {
                Head::Const(bits) => Step::Number(f64::from_bits(bits)),
                Head::Int(..) => Step::Number(graph.facts(id).constant?),
                Head::Size(_) => return None,
                Head::Var(_) if !dtype.is_float() => return None,
                Head::Var(v) => Step::Input(v as usize),
                Head::Op(op, attr) => {
                    let def = op.def();
                    match (def.role, def.kernel) {
                        _ if dtype != DType::Bool && !dtype.is_float() => return None,
                        (Role::Elementwise, Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_)) => {
                            def.real?;
                            Step::Apply(op, node.args.iter().map(|&a| at[a as usize]).collect())
                        }
                        (Role::Move, Kernel::View(_)) if in_order(graph.attr(attr)) => {
                            Step::Same(at[node.args[0] as usize])
                        }
                        _ => return None,
                    }
                }
            };
            at[id as usize] = steps.len();
            steps.push(step);
        }
        Some(Program { steps, roots: roots.iter().map(|&r: &Id| at[r as usize]).collect() })
    }

    /// The roots at a point, in doubles.
    pub(super) fn doubles(&self, point: &[f64]) -> Option<Vec<f64>> {
        self.run(point, |x| x, value_of)
    }

    /// The roots at a point, with 75 digits, as doubles.
    pub(super) fn reals(&self, point: &[f64]) -> Option<Vec<f64>> {
        let apply = |op: Op, args: &[Real]| {
            // Of more than two operands the first two are taken first.
            let f = op.def().real?;
            Some(if op.def().nests() && args.len() > 2 {
                args[1..].iter().fold(args[0].clone(), |x, y| f(&[x, y.clone()]))
            } else {
                f(args)
            })
        };
        let found = self.run(point, Real::from, apply)?;
        Some(found.iter().map(Real::to_f64).collect())
    }

    fn run<T: Clone>(
        &self,
        point: &[f64],
        number: impl Fn(f64) -> T,
        apply: impl Fn(Op, &[T]) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut at: Vec<T> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let value = match step {
                Step::Input(v) => number(*point.get(*v)?),
                Step::Number(x) => number(*x),
                Step::Same(of) => at[*of].clone(),
                Step::Apply(op, args) => {
                    let args: SmallVec<[T; 3]> = args.iter().map(|&a| at[a].clone()).collect();
                    apply(*op, &args)?
                }
            };
            at.push(value);
        }
        Some(self.roots.iter().map(|&r| at[r].clone()).collect())
    }
}

/// Does a movement repeat elements or put in axes, without changing places?
fn in_order(attr: &Attr) -> bool {
    match attr {
        Attr::Dims(_) => true,
        Attr::Perm(p) => p.iter().flatten().is_sorted(),
        _ => false,
    }
}
