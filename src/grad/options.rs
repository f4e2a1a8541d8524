//! `grad` with all that can be said about it.

use super::error::{GradError, short};
use super::reverse::{Reach, Seed, float_zeros_like};
use crate::expr::{Expr, fill};

/// What is done about an expression that the cost does not depend on?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disconnected {
    /// An error, as in Theano: it is often a mistake.
    #[default]
    Error,
    /// A line in [`Gradients::warnings`].
    Warn,
    /// Nothing is said.
    Zero,
}

/// What stands for the gradient by an expression that the cost does not depend on, where that is
/// no error?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReturnDisconnected {
    /// Zeros of its shape.
    #[default]
    Zero,
    /// [`Gradient::Disconnected`].
    Marked,
}

/// What is done about a gradient that is not defined?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NullGradients {
    /// An error.
    #[default]
    Error,
    /// [`Gradient::Undefined`] in its place; the others are given.
    Return,
}

/// Options of [`gradients`]; the defaults are Theano's.
#[derive(Debug, Clone, Default)]
pub struct GradOptions {
    /// Expressions that nothing is differentiated through. One of them may itself be asked for.
    pub consider_constant: Vec<Expr>,
    /// What is done about expressions that the cost does not depend on.
    pub disconnected: Disconnected,
    /// Adjoints that are known: each replaces whatever would be computed for its expression.
    pub known_grads: Vec<(Expr, Expr)>,
    /// What stands for the gradient by such expressions.
    pub return_disconnected: ReturnDisconnected,
    /// What is done about undefined gradients.
    pub null_gradients: NullGradients,
}

/// One gradient.
#[derive(Debug, Clone)]
pub enum Gradient {
    /// It is this expression.
    Is(Expr),
    /// The cost does not depend on what it was asked for by.
    Disconnected,
    /// An operator on the way has no derivative.
    Undefined(GradError),
}

impl Gradient {
    /// The expression, if there is one.
    pub fn expr(&self) -> Option<&Expr> {
        if let Gradient::Is(e) = self { Some(e) } else { None }
    }
}

/// Gradients in the order in which they were asked for.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// One for each expression.
    pub list: Vec<Gradient>,
    /// What [`Disconnected::Warn`] had to remark.
    pub warnings: Vec<String>,
}

impl Gradients {
    /// The expressions.
    ///
    /// # Errors
    /// One of them is marked as disconnected or undefined.
    pub fn into_exprs(self) -> Result<Vec<Expr>, GradError> {
        let one = |(index, g)| match g {
            Gradient::Is(e) => Ok(e),
            Gradient::Disconnected => Err(GradError::Marked { index }),
            Gradient::Undefined(e) => Err(e),
        };
        self.list.into_iter().enumerate().map(one).collect()
    }
}

/// The gradients of a scalar cost, of known adjoints, or of both, with options. Where the cost and
/// what it is differentiated by have names, so has the gradient: `(dcost/dw)`.
///
/// ```
/// use egrad::grad::{GradOptions, gradients};
/// use egrad::prelude::*;
/// let x = dscalar("x");
/// let s = x.sin();
/// // As if `s` did not depend on `x`:
/// let options = GradOptions { consider_constant: vec![s.clone()], ..GradOptions::default() };
/// let g = gradients(Some(&(&x * &s)), &[x], &options)?.into_exprs()?;
/// assert_eq!(pp(&g[0]), "(fill((x * sin(x)), 1.0) * sin(x))");
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// The cost is not a scalar; there is neither a cost nor a known gradient; a known gradient is not
/// a float or has another number of axes; and, unless the options say otherwise, an expression that
/// is not reached or an operator without derivative.
pub fn gradients(cost: Option<&Expr>, wrt: &[Expr], options: &GradOptions) -> Result<Gradients, GradError> {
    let mut seeds = Vec::new();
    if let Some(cost) = cost {
        if cost.rank() != 0 {
            return Err(GradError::CostNotScalar { cost: short(cost), ty: cost.ty().to_string() });
        }
        seeds.push(Seed { at: cost.clone(), adjoint: fill(cost, 1.0), whole: false });
    }
    for (index, (of, g)) in options.known_grads.iter().enumerate() {
        check_seed("known gradient", index, of, g)?;
        seeds.push(Seed { at: of.clone(), adjoint: g.clone(), whole: true });
    }
    if seeds.is_empty() {
        return Err(GradError::NoCost);
    }
    let mut found = from_seeds(&seeds, wrt, options)?;
    let names = wrt.iter().map(Expr::label);
    for (g, w) in found.list.iter_mut().zip(names) {
        if let (Gradient::Is(e), Some(c), Some(w)) = (&mut *g, cost.and_then(Expr::label), w)
            && e.label().is_none()
        {
            *e = e.named(&format!("(d{c}/d{w})"));
        }
    }
    Ok(found)
}

/// Is this a float of the shape of what it belongs to? Lengths that are not known may turn out equal.
pub(super) fn check_seed(what: &'static str, index: usize, of: &Expr, g: &Expr) -> Result<(), GradError> {
    let (want, got) = (of.ty().shape.dims(), g.ty().shape.dims());
    let may_equal = want.len() == got.len()
        && want.iter().zip(got).all(|(a, b)| match (a.known(), b.known()) {
            (Some(a), Some(b)) => a == b,
            // What is declared 1 would broadcast.
            (None, Some(1)) | (Some(1), None) => false,
            _ => true,
        });
    if may_equal && g.ty().dtype.is_float() {
        return Ok(());
    }
    Err(GradError::Seed { what, index, ty: g.ty().to_string(), of: of.ty().to_string() })
}

/// Gradients from adjoints that are given and checked.
pub(super) fn from_seeds(
    seeds: &[Seed],
    wrt: &[Expr],
    options: &GradOptions,
) -> Result<Gradients, GradError> {
    for w in wrt {
        if w.literal().is_some() {
            return Err(GradError::NotDifferentiable { wrt: short(w), ty: w.ty().to_string() });
        }
    }
    let reach = Reach::new(seeds, wrt, &options.consider_constant);
    let adjoints = reach.adjoints(seeds)?;
    let mut found = Gradients { list: Vec::with_capacity(wrt.len()), warnings: Vec::new() };
    for w in wrt {
        let gradient = match adjoints.get(&reach.key(w)) {
            Some(Ok(g)) => Gradient::Is(g.clone()),
            Some(Err(e)) => match options.null_gradients {
                NullGradients::Error => return Err(e.clone()),
                NullGradients::Return => Gradient::Undefined(e.clone()),
            },
            None => {
                let e = GradError::Disconnected { wrt: short(w), absent: !reach.occurs(w) };
                match options.disconnected {
                    Disconnected::Error => return Err(e),
                    Disconnected::Warn => found.warnings.push(e.to_string()),
                    Disconnected::Zero => {}
                }
                match options.return_disconnected {
                    ReturnDisconnected::Zero => Gradient::Is(float_zeros_like(w)),
                    ReturnDisconnected::Marked => Gradient::Disconnected,
                }
            }
        };
        found.list.push(gradient);
    }
    Ok(found)
}
