//! From expressions to a function, through the optimizer.

use super::compile::{Function, Loops, OnUnused, Options, check_inputs};
use super::error::CompileError;
use crate::eval::{Limits, Threads};
use crate::expr::Expr;
use crate::graph::{export, import};
use crate::optimize::{self, optimize};

/// How a function is made.
#[derive(Debug, Clone)]
pub struct Builder {
    optimizer: Option<optimize::Options>,
    run: Options,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder { optimizer: Some(optimize::Options::default()), run: Options::default() }
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

    /// How many threads a call may use for large work; results do not depend on it.
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
        let Some(options) = &self.optimizer else {
            return Function::compile_with(inputs, outputs, self.run);
        };
        let warnings = check_inputs(inputs, outputs, self.run.unused)?;
        let imported = import(inputs, outputs)?;
        let best = optimize(&imported.graph, &imported.roots, options);
        let shown = export(&best.graph, &best.roots).map_err(crate::graph::ImportError::from)?;
        let pair = (&best.graph, best.roots.as_slice());
        let mut f = Function::from_graph(inputs, &shown, &imported.constraints, pair, self.run)?;
        f.warnings = warnings;
        f.report = Some(best.report);
        Ok(f)
    }
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
