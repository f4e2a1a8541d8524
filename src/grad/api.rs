//! `grad` and the walk behind it.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::error::GradError;
use crate::expr::{Adjoint, Expr, Head, fill, topological, unbroadcast};
use crate::op::{Derivative, Role};
use crate::pp::{TREE_LIMIT, pp, tree_length};

/// What stands in the place of `wrt`: one expression gives one gradient, an array an array, a
/// slice a vector.
pub trait Grads {
    /// The gradient, in the same form.
    type Output;
    /// The list of expressions.
    fn list(&self) -> Vec<Expr>;
    /// Gradients in the order of [`Grads::list`].
    fn pack(&self, grads: Vec<Expr>) -> Self::Output;
}

impl Grads for &Expr {
    type Output = Expr;
    fn list(&self) -> Vec<Expr> {
        vec![(*self).clone()]
    }
    fn pack(&self, mut grads: Vec<Expr>) -> Expr {
        grads.swap_remove(0)
    }
}

impl<const N: usize> Grads for [&Expr; N] {
    type Output = [Expr; N];
    fn list(&self) -> Vec<Expr> {
        self.iter().map(|e| (*e).clone()).collect()
    }
    fn pack(&self, grads: Vec<Expr>) -> [Expr; N] {
        let mut grads = grads.into_iter();
        std::array::from_fn(|i| grads.next().unwrap_or_else(|| self[i].clone()))
    }
}

impl Grads for &[Expr] {
    type Output = Vec<Expr>;
    fn list(&self) -> Vec<Expr> {
        self.to_vec()
    }
    fn pack(&self, grads: Vec<Expr>) -> Vec<Expr> {
        grads
    }
}

/// The gradient of a scalar cost, not simplified.
///
/// `wrt` may be an input or any expression in the graph of the cost; with an array or a slice the
/// result has the same order.
///
/// ```
/// use egrad::prelude::*;
/// let x = dscalar("x");
/// let g = grad(&x.pow(2), &x)?;
/// assert_eq!(pp(&g), "((fill((x ** 2), 1.0) * 2) * (x ** (2 - 1)))");
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// The cost is not a scalar, an element of `wrt` is not reached, or an operator has no derivative.
#[allow(
    clippy::needless_pass_by_value,
    reason = "`grad(&y, [&a, &b])` reads better than a reference to an array"
)]
pub fn grad<W: Grads>(cost: &Expr, wrt: W) -> Result<W::Output, GradError> {
    let list = wrt.list();
    Ok(wrt.pack(grads(cost, &list)?))
}

/// [`grad`] for a list.
///
/// # Errors
/// As [`grad`].
pub fn grads(cost: &Expr, wrt: &[Expr]) -> Result<Vec<Expr>, GradError> {
    seeded(cost, wrt, Disconnected::Error)
}

/// What is the gradient by an expression that the cost does not depend on?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disconnected {
    /// An error, as in Theano: it is often a mistake.
    #[default]
    Error,
    /// Zeros of its shape.
    Zero,
}

/// [`grads`], with zeros for what the cost does not depend on if that is asked for.
///
/// # Errors
/// As [`grad`].
pub fn grads_or(cost: &Expr, wrt: &[Expr], disconnected: Disconnected) -> Result<Vec<Expr>, GradError> {
    seeded(cost, wrt, disconnected)
}

fn seeded(cost: &Expr, wrt: &[Expr], disconnected: Disconnected) -> Result<Vec<Expr>, GradError> {
    if cost.rank() != 0 {
        return Err(GradError::CostNotScalar { cost: short(cost), ty: cost.ty().to_string() });
    }
    collect(cost, &fill(cost, 1.0), wrt, disconnected)
}

/// Gradients of `sum(cost * seed)`: `seed` is the adjoint of the cost, of its shape.
///
/// # Errors
/// As [`grad`], except that the cost may have axes.
pub fn grads_with(cost: &Expr, seed: &Expr, wrt: &[Expr]) -> Result<Vec<Expr>, GradError> {
    collect(cost, seed, wrt, Disconnected::Error)
}

fn collect(
    cost: &Expr,
    seed: &Expr,
    wrt: &[Expr],
    disconnected: Disconnected,
) -> Result<Vec<Expr>, GradError> {
    for w in wrt {
        if w.literal().is_some() {
            return Err(GradError::NotDifferentiable { wrt: short(w), ty: w.ty().to_string() });
        }
    }
    let reach = Reach::new(cost, wrt);
    let adjoints = reach.accumulate(cost, seed)?;
    wrt.iter()
        .map(|w| match (adjoints.get(&reach.key(w)), disconnected) {
            (Some(g), _) => Ok(g.clone()),
            (None, Disconnected::Zero) => Ok(w.zeros_like()),
            (None, Disconnected::Error) => {
                Err(GradError::Disconnected { wrt: short(w), absent: !reach.occurs(w) })
            }
        })
        .collect()
}

fn short(e: &Expr) -> String {
    if tree_length(e) > TREE_LIMIT / 40 { format!("{e:?}") } else { pp(e) }
}

/// One use of a node: the application, and where in it.
type Use = (Expr, SmallVec<[usize; 2]>);

/// The part of the graph between the cost and the expressions to differentiate by.
struct Reach {
    order: Vec<Expr>,
    /// Nodes from which some `wrt` is reached through connected operands.
    active: FxHashSet<usize>,
    uses: FxHashMap<usize, Vec<Use>>,
    /// Inputs are the same when their names are: one key stands for all nodes of a name.
    of_name: FxHashMap<String, usize>,
}

impl Reach {
    fn new(cost: &Expr, wrt: &[Expr]) -> Reach {
        let order = topological(std::slice::from_ref(cost));
        let mut of_name = FxHashMap::default();
        for e in &order {
            if let Some(n) = e.name() {
                of_name.entry(n.to_string()).or_insert(e.id());
            }
        }
        let mut reach = Reach { order, active: FxHashSet::default(), uses: FxHashMap::default(), of_name };
        let targets: FxHashSet<usize> = wrt.iter().map(|w| reach.key(w)).collect();
        for e in &reach.order {
            let key = reach.key(e);
            let from_below = connected(e).any(|i| reach.active.contains(&reach.key(e.arg(i))));
            if targets.contains(&key) || from_below {
                reach.active.insert(key);
            }
        }
        reach.record(cost);
        reach
    }

    /// The node that stands for `e`.
    fn key(&self, e: &Expr) -> usize {
        e.name().and_then(|n| self.of_name.get(n)).copied().unwrap_or_else(|| e.id())
    }

    fn occurs(&self, w: &Expr) -> bool {
        let key = self.key(w);
        self.order.iter().any(|e| self.key(e) == key)
    }

    /// Records uses in Theano's order: depth first from the cost, operands in order, each node once.
    fn record(&mut self, cost: &Expr) {
        let mut seen = FxHashSet::default();
        seen.insert(self.key(cost));
        // Where the entry of an application stands among the uses of a node.
        let mut entry: FxHashMap<(usize, usize), usize> = FxHashMap::default();
        let mut stack: Vec<(Expr, usize)> = vec![(cost.clone(), 0)];
        while let Some((e, from)) = stack.pop() {
            let Some(i) = connected_from(&e, from).next() else { continue };
            stack.push((e.clone(), i + 1));
            let arg = e.arg(i).clone();
            let key = self.key(&arg);
            if !self.active.contains(&key) {
                continue;
            }
            let uses = self.uses.entry(key).or_default();
            match entry.get(&(key, e.id())) {
                Some(&k) => uses[k].1.push(i),
                None => {
                    entry.insert((key, e.id()), uses.len());
                    uses.push((e.clone(), SmallVec::from_iter([i])));
                }
            }
            if seen.insert(key) {
                stack.push((arg, 0));
            }
        }
    }

    /// Adjoints from the cost down.
    fn accumulate(&self, cost: &Expr, seed: &Expr) -> Result<FxHashMap<usize, Expr>, GradError> {
        let mut adjoints: FxHashMap<usize, Expr> = FxHashMap::default();
        // The terms that each application gives its operands, by position.
        let mut terms: FxHashMap<(usize, usize), Expr> = FxHashMap::default();
        for e in self.order.iter().rev() {
            let key = self.key(e);
            // Of several nodes of one input, the first stands for all: its users all come later.
            if !self.active.contains(&key) || e.id() != key {
                continue;
            }
            let own = (key == self.key(cost)).then(|| seed.clone());
            let contributions =
                self.uses.get(&key).into_iter().flatten().flat_map(|(u, at)| at.iter().map(|i| (u.id(), *i)));
            let g = contributions
                .filter_map(|k| terms.remove(&k))
                .fold(own, |sum, t| Some(sum.map_or_else(|| t.clone(), |s| s + &t)));
            let Some(g) = g else { continue };
            for i in connected(e) {
                if self.active.contains(&self.key(e.arg(i))) {
                    terms.insert((e.id(), i), partial(e, &g, i)?);
                }
            }
            adjoints.insert(key, g);
        }
        Ok(adjoints)
    }
}

/// Operands through which gradients flow.
fn connected(e: &Expr) -> impl Iterator<Item = usize> + use<> {
    connected_from(e, 0)
}

fn connected_from(e: &Expr, from: usize) -> impl Iterator<Item = usize> + use<> {
    let cut = match e.head() {
        Head::Op(op, _) => op.def().disconnected,
        _ => &[],
    };
    (from..e.args().len()).filter(move |i| !cut.contains(i))
}

/// What operand `i` of `e` receives when the result receives `g`.
fn partial(e: &Expr, g: &Expr, i: usize) -> Result<Expr, GradError> {
    let Head::Op(op, _) = e.head() else { return Ok(g.clone()) };
    let def = op.def();
    let x = e.arg(i);
    // Integers and truth values do not vary: a connected zero, as in Theano.
    if !e.ty().dtype.is_float() {
        return Ok(x.zeros_like());
    }
    let v = Adjoint::new(e, g);
    let term = match def.derivative {
        Derivative::Each(formulas) => match formulas.get(i) {
            Some(f) => f(&v),
            None => return Err(GradError::Undefined { op: def.name, at: short(e) }),
        },
        Derivative::Any(f) => f(&v, i),
        Derivative::Undefined => return Err(GradError::Undefined { op: def.name, at: short(e) }),
    };
    Ok(if def.role == Role::Elementwise { unbroadcast(&term, x) } else { term })
}
