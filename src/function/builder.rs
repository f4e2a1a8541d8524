//! From expressions to a function, through the optimizer.

use super::check::Downcast;
use super::check::check_inputs;
use super::compile::{Function, Loops, OnUnused, Options};
use super::error::CompileError;
use super::shared::Shared;
use crate::eval::{Limits, Threads};
use crate::expr::{Expr, substitute};
use crate::graph::{Graph, Id, ImportError, expand, export, import, linear_sums, round_once};
use crate::optimize;
use crate::rules::Assumes;
use crate::ty::Dim;

/// How a function is made.
#[derive(Debug, Clone)]
pub struct Builder {
    optimizer: Option<optimize::Options>,
    run: Options,
    givens: Vec<(Expr, Expr)>,
    pub(super) shared: Vec<Shared>,
    pub(super) updates: Vec<(Shared, Expr)>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            optimizer: Some(optimize::Options::default()),
            run: Options::default(),
            givens: Vec::new(),
            shared: Vec::new(),
            updates: Vec::new(),
        }
    }
}

impl Builder {
    /// How the outputs are optimized.
    #[must_use]
    pub fn options(mut self, options: optimize::Options) -> Builder {
        self.optimizer = Some(options);
        self
    }

    /// Compute the outputs as they are written.
    #[must_use]
    pub fn raw(mut self) -> Builder {
        self.optimizer = None;
        self
    }

    /// What happens when no output uses an input.
    #[must_use]
    pub fn unused(mut self, unused: OnUnused) -> Builder {
        self.run.unused = unused;
        self
    }

    /// What happens to a number that the element type of an input does not hold.
    #[must_use]
    pub fn downcast(mut self, downcast: Downcast) -> Builder {
        self.run.downcast = downcast;
        self
    }

    /// Expressions that stand in the place of others in all outputs and updates, from before
    /// anything is optimized. The second of a pair has the type of the first.
    ///
    /// ```
    /// use egrad::function::Function;
    /// use egrad::prelude::*;
    /// let (x, y) = (dscalar("x"), dscalar("y"));
    /// let f = Function::builder().givens([(y.clone(), x.sqr())]).build(&[x.clone()], &[&x + &y])?;
    /// assert_eq!(f.call_with(&[&3.0])?[0][[]], 12.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn givens(mut self, pairs: impl IntoIterator<Item = (Expr, Expr)>) -> Builder {
        self.givens.extend(pairs);
        self
    }

    /// Shared variables that outputs read; those with updates need not be named.
    #[must_use]
    pub fn shared(mut self, shared: impl IntoIterator<Item = Shared>) -> Builder {
        self.shared.extend(shared);
        self
    }

    /// Shared variables and what they become after each call.
    #[must_use]
    pub fn updates(mut self, updates: impl IntoIterator<Item = (Shared, Expr)>) -> Builder {
        self.updates.extend(updates);
        self
    }

    /// What runs the loops.
    #[must_use]
    pub fn loops(mut self, loops: Loops) -> Builder {
        self.run.loops = loops;
        self
    }

    /// What a call may use.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.run.limits = limits;
        self
    }

    /// How many threads the optimizer and a call may use for large work; results do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Builder {
        self.run.limits.threads = threads;
        self
    }

    /// The function from inputs to outputs. All outputs are optimized together.
    ///
    /// # Errors
    /// Inputs that are no variables, given twice, missing or unused; expressions that contradict
    /// each other; operators and element types that are not computed.
    pub fn build(self, inputs: &[Expr], outputs: &[Expr]) -> Result<Function, CompileError> {
        let given;
        // Once replaced, nothing is left to replace.
        let source = Builder { givens: Vec::new(), ..self.clone() };
        let outputs = if self.givens.is_empty() {
            outputs
        } else {
            given = self.given(outputs)?;
            &given
        };
        let Some(options) = &self.optimizer else {
            let mut f = Function::compile_with(inputs, outputs, self.run)?;
            f.source = Some((source, outputs.to_vec()));
            return Ok(f);
        };
        let warnings = check_inputs(inputs, outputs, self.run.unused)?;
        let quiet = source.clone().unused(OnUnused::Ignore);
        let compile = |inputs: &[Expr], outputs: &[Expr]| quiet.clone().build(inputs, outputs);
        if let Some(mut f) = Function::in_two(inputs, outputs, &compile)? {
            f.warnings = warnings;
            f.source = Some((source, outputs.to_vec()));
            return Ok(f);
        }
        let imported = import(inputs, outputs)?;
        let options = &optimize::Options { threads: self.run.limits.threads, ..options.clone() };
        let best = optimize::optimize(&imported.graph, &imported.roots, options);
        let shown = export(&best.graph, &best.roots).map_err(ImportError::from)?;
        let pair = (&best.graph, best.roots.as_slice());
        let rounded = match Assumes::REASSOC.within(options.profile.grants()) {
            true => evaluated(pair)?,
            false => None,
        };
        let pair = rounded.as_ref().map_or(pair, |(g, r)| (g, r));
        let mut f = Function::from_graph(inputs, &shown, &imported.constraints, pair, self.run)?;
        f.warnings = warnings;
        f.report = Some(best.report);
        f.names = super::outputs::names(outputs);
        f.source = Some((source, outputs.to_vec()));
        Ok(f)
    }
}

/// A graph as it is evaluated where sums may be rounded otherwise: products in them need no rounding of their own.
fn evaluated((graph, roots): (&Graph, &[Id])) -> Result<Option<(Graph, Vec<Id>)>, ImportError> {
    let written = expand(graph, roots)?;
    let (graph, roots) = written.as_ref().map_or((graph, roots), |(g, r)| (g, r));
    let split = linear_sums(graph, roots)?;
    let (graph, roots) = split.as_ref().map_or((graph, roots), |(g, r)| (g, r));
    Ok(round_once(graph, roots)?.or(split).or(written))
}

impl Builder {
    /// What compiles expressions as they are written.
    pub(super) fn written(run: Options) -> Builder {
        Builder { run, ..Builder::default().raw() }
    }

    /// How outputs are optimized, and how they run.
    pub(super) fn parts(&self) -> (Option<&optimize::Options>, &Options) {
        (self.optimizer.as_ref(), &self.run)
    }

    pub(super) fn given(&self, outputs: &[Expr]) -> Result<Vec<Expr>, CompileError> {
        for (index, (x, to)) in self.givens.iter().enumerate() {
            if !replaces(x, to) {
                let (expected, got) = (x.ty().to_string(), to.ty().to_string());
                return Err(CompileError::Given { index, expected, got });
            }
        }
        substitute(outputs, &self.givens).map_err(|e| CompileError::Import(e.into()))
    }
}

/// May one stand for the other: element type, number of axes, and every length that both know?
pub(super) fn replaces(x: &Expr, to: &Expr) -> bool {
    let (a, b) = (x.ty(), to.ty());
    let fits = |(m, n): (&Dim, &Dim)| match (m.known(), n.known()) {
        (Some(m), Some(n)) => m == n,
        // What is declared 1 broadcasts.
        (Some(1), None) | (None, Some(1)) => false,
        _ => true,
    };
    a.dtype == b.dtype && a.rank() == b.rank() && a.shape.dims().iter().zip(b.shape.dims()).all(fits)
}

impl Function {
    /// The optimized function from inputs to outputs, with default options.
    ///
    /// ```
    /// use egrad::function::Function;
    /// use egrad::prelude::*;
    /// let x = dscalar("x");
    /// let g = grad(&x.pow(2), &x).unwrap();
    /// let f = Function::new(&[x], &[g]).unwrap();
    /// assert_eq!(pp(&f.outputs()[0]), "(2.0 * x)");
    /// assert_eq!(f.call_with(&[&4.0]).unwrap()[0][[]], 8.0);
    /// ```
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new(inputs: &[Expr], outputs: &[Expr]) -> Result<Function, CompileError> {
        Builder::default().build(inputs, outputs)
    }

    /// A function with other options.
    pub fn builder() -> Builder {
        Builder::default()
    }
}
