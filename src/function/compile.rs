//! The function: checks, plan, and memory kept between calls.

use std::sync::{Arc, Mutex};

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, IxDyn};
use smallvec::SmallVec;

use super::builder::Builder;
use super::check::{Checks, Downcast, check_inputs};
use super::error::{CallError, CompileError};
use super::input::{Given, IntoInput};
use super::repeat::Repeat;
use crate::eval::{Array, ArrayMut, ArrayRef, Backend, Blocks, Limits, Plan, Scratch, zeros};
use crate::expr::Expr;
use crate::graph::{Constraint, Graph, Id, import};
use crate::native::{Native, Width};
use crate::op::nearest;
use crate::optimize::Report;

/// What happens when no output uses an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnused {
    /// An error, as in Theano.
    #[default]
    Error,
    /// A line in [`Function::warnings`].
    Warn,
    /// Nothing.
    Ignore,
}

/// What runs the loops of a function. All give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Loops {
    /// Machine code of the greatest width that this processor has; else the block interpreter.
    #[default]
    Best,
    /// Machine code of one width, where this processor has it; else the block interpreter.
    Native(Width),
    /// The block interpreter.
    Blocks,
}

impl Loops {
    fn backend(self) -> Arc<dyn Backend> {
        let native = match self {
            Loops::Best => Native::detect(),
            Loops::Native(width) => Native::with_width(width),
            Loops::Blocks => None,
        };
        native.map_or_else(|| Arc::new(Blocks) as Arc<dyn Backend>, |n| Arc::new(n))
    }
}

/// How a function is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// What runs the loops.
    pub loops: Loops,
    /// What happens when no output uses an input.
    pub unused: OnUnused,
    /// What a call may use.
    pub limits: Limits,
    /// What happens to a number that the element type of an input does not hold.
    pub downcast: Downcast,
}

/// Expressions compiled to a plan. `Send` and `Sync`: several threads may call one function.
///
/// ```
/// use egrad::function::Function;
/// use egrad::prelude::*;
/// let x = dvector("x");
/// let f = Function::compile(&[x.clone()], &[(&x * &x).sum()]).unwrap();
/// assert_eq!(f.call_with(&[&[1.0, 2.0, 3.0]]).unwrap()[0][[]], 14.0);
/// ```
#[derive(Debug)]
pub struct Function {
    pub(super) inputs: Vec<Expr>,
    pub(super) outputs: Vec<Expr>,
    /// What computes the integers that lengths follow from: further inputs, behind those of a call.
    pub(super) ahead: Option<Box<Function>>,
    pub(super) checks: Checks,
    pub(super) plan: Plan,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) limits: Limits,
    pub(super) warnings: Vec<String>,
    pub(super) report: Option<Report>,
    /// What the outputs are called.
    pub(super) names: Vec<String>,
    /// The outputs as they were given, and how they were compiled: what is saved.
    pub(super) source: Option<(Builder, Vec<Expr>)>,
    /// Memory of calls that have ended.
    pool: Mutex<Vec<Scratch>>,
    pub(super) repeat: Repeat,
}

impl Function {
    /// The function from inputs to outputs as they are written, without optimization. For the
    /// optimized one see [`Function::new`].
    ///
    /// # Errors
    /// Inputs that are no variables, given twice, missing or unused; expressions that contradict
    /// each other; operators and element types that are not computed.
    pub fn compile(inputs: &[Expr], outputs: &[Expr]) -> Result<Function, CompileError> {
        Function::compile_with(inputs, outputs, Options::default())
    }

    /// [`Function::compile`] with options.
    ///
    /// # Errors
    /// As [`Function::compile`].
    pub fn compile_with(
        inputs: &[Expr],
        outputs: &[Expr],
        options: Options,
    ) -> Result<Function, CompileError> {
        let warnings = check_inputs(inputs, outputs, options.unused)?;
        let quiet = Options { unused: OnUnused::Ignore, ..options };
        let compile = |inputs: &[Expr], outputs: &[Expr]| Function::compile_with(inputs, outputs, quiet);
        if let Some(mut f) = Function::in_two(inputs, outputs, &compile)? {
            f.warnings = warnings;
            f.source = Some((Builder::written(options), outputs.to_vec()));
            return Ok(f);
        }
        let imported = import(inputs, outputs)?;
        let optimized = (&imported.graph, imported.roots.as_slice());
        let mut f = Function::from_graph(inputs, outputs, &imported.constraints, optimized, options)?;
        f.warnings = warnings;
        f.source = Some((Builder::written(options), outputs.to_vec()));
        Ok(f)
    }

    /// The function from a graph that computes the outputs, however it was simplified.
    /// `constraints` are those of the expressions as they were given, and checked at every call;
    /// `outputs` are what [`Function::outputs`] shows.
    ///
    /// # Errors
    /// Operators and element types that are not computed.
    pub fn from_graph(
        inputs: &[Expr],
        outputs: &[Expr],
        constraints: &[Constraint],
        (graph, roots): (&Graph, &[Id]),
        options: Options,
    ) -> Result<Function, CompileError> {
        let named: Vec<_> = inputs.iter().map(|e| (e.name().unwrap_or("").into(), e.ty().clone())).collect();
        Ok(Function {
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
            ahead: None,
            checks: Checks::new(inputs, constraints, options.downcast),
            plan: Plan::with_inputs(graph, roots, &named)?,
            backend: options.loops.backend(),
            limits: options.limits,
            warnings: Vec::new(),
            report: None,
            names: super::outputs::names(outputs),
            source: None,
            pool: Mutex::new(Vec::new()),
            repeat: Repeat::new(inputs),
        })
    }

    /// The same function, its loops run by another backend.
    #[must_use]
    pub fn with_backend(mut self, backend: Arc<dyn Backend>) -> Function {
        self.ahead = self.ahead.map(|f| Box::new(f.with_backend(Arc::clone(&backend))));
        self.backend = backend;
        self
    }

    /// The inputs, in order.
    pub fn inputs(&self) -> &[Expr] {
        &self.inputs
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[Expr] {
        &self.outputs
    }

    /// What the outputs are called: the name of the expression, or `out[0]`, `out[1]`, ...
    pub fn output_names(&self) -> &[String] {
        &self.names
    }

    /// What will be done.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the optimizer did; `None` for a function that was compiled as it was written.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// What compiling had to remark.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Calls the function with inputs in order.
    ///
    /// # Errors
    /// Inputs that do not fit, sizes that are too large; nothing has been computed then.
    pub fn call(&self, args: &[ArrayViewD<'_, f64>]) -> Result<Vec<ArrayD<f64>>, CallError> {
        if self.ahead.is_some() {
            return self.doubles(&typed(args));
        }
        self.checks.check(args)?;
        if let Some(cast) = self.checks.downcast(args) {
            return self.doubles(&cast.iter().map(Array::view).collect::<Vec<_>>());
        }
        if self.plan.is_scalar() {
            let mut out = vec![ArrayD::zeros(IxDyn(&[])); self.plan.output_count()];
            self.plan.run_scalars(args.iter().filter_map(|x| x.first().copied()), |k, x| out[k].fill(x));
            return Ok(out);
        }
        self.with_scratch(|scratch| {
            self.plan.prepare(args, scratch, self.limits)?;
            let mut out = Vec::with_capacity(self.plan.output_count());
            for k in 0..self.plan.output_count() {
                out.push(zeros(&self.plan.output_shape(scratch, k)));
            }
            let mut memory: Vec<&mut [f64]> =
                out.iter_mut().map(|o| o.as_slice_mut().unwrap_or_default()).collect();
            self.plan.run(&*self.backend, args, &mut memory, scratch)?;
            Ok(out)
        })
    }

    /// Calls the function and writes into arrays that are there already. Where these are in
    /// row-major order, results are computed in place.
    ///
    /// # Errors
    /// As [`Function::call`]; also outputs of another shape or number.
    pub fn call_into(
        &self,
        args: &[ArrayViewD<'_, f64>],
        outputs: &mut [ArrayViewMutD<'_, f64>],
    ) -> Result<(), CallError> {
        if self.ahead.is_some() {
            let mut outputs: Vec<ArrayMut<'_>> = outputs.iter_mut().map(|o| o.view_mut().into()).collect();
            return self.call_arrays_into(&typed(args), &mut outputs);
        }
        if self.repeat.run(args, outputs) {
            return Ok(());
        }
        self.checks.check(args)?;
        if let Some(cast) = self.checks.downcast(args) {
            let views: Vec<ArrayRef<'_>> = cast.iter().map(Array::view).collect();
            let mut outputs: Vec<ArrayMut<'_>> = outputs.iter_mut().map(|o| o.view_mut().into()).collect();
            return self.call_arrays_into(&views, &mut outputs);
        }
        let count = self.plan.output_count();
        if self.plan.is_scalar() {
            if let Some(k) = bad_output(count, outputs, |_, shape| shape.is_empty()) {
                return Err(wrong_output(k, Vec::new(), outputs));
            }
            let scalars = args.iter().filter_map(|x| x.first().copied());
            self.plan.run_scalars(scalars, |k, x| outputs[k].fill(x));
            self.observe(args.iter().map(ArrayViewD::shape), &Scratch::default());
            return Ok(());
        }
        self.with_scratch(|scratch| {
            self.plan.prepare(args, scratch, self.limits)?;
            if let Some(k) = bad_output(count, outputs, |k, shape| self.plan.has_shape(scratch, k, shape)) {
                return Err(wrong_output(k, self.plan.output_shape(scratch, k), outputs));
            }
            // Results for outputs in another order go through memory of their own.
            let mut apart: SmallVec<[Vec<f64>; 4]> = outputs
                .iter()
                .map(|o| if o.is_standard_layout() { Vec::new() } else { vec![0.0; o.len()] })
                .collect();
            let mut memory: SmallVec<[&mut [f64]; 4]> = outputs
                .iter_mut()
                .zip(&mut apart)
                .map(|(o, own)| o.as_slice_mut().unwrap_or(own.as_mut_slice()))
                .collect();
            self.plan.run(&*self.backend, args, &mut memory, scratch)?;
            drop(memory);
            if args.iter().all(ArrayViewD::is_standard_layout) {
                self.observe(args.iter().map(ArrayViewD::shape), scratch);
            }
            for (o, own) in outputs.iter_mut().zip(&apart) {
                if !own.is_empty() {
                    o.iter_mut().zip(own).for_each(|(to, x)| *to = *x);
                }
            }
            Ok(())
        })
    }

    /// Calls the function with inputs by name, in any order.
    ///
    /// # Errors
    /// As [`Function::call`]; also names that no input has.
    pub fn call_named(&self, args: &[(&str, ArrayViewD<'_, f64>)]) -> Result<Vec<ArrayD<f64>>, CallError> {
        self.call(&self.in_order(args)?)
    }

    /// Values by name in the order of the inputs.
    pub(super) fn in_order<T: Clone>(&self, args: &[(&str, T)]) -> Result<Vec<T>, CallError> {
        let names = || self.inputs.iter().filter_map(Expr::name);
        let mut found: Vec<Option<&T>> = vec![None; self.inputs.len()];
        for (name, x) in args {
            let Some(i) = names().position(|n| n == *name) else {
                let suggestion = nearest(name, names()).map(str::to_string);
                return Err(CallError::Unknown { name: (*name).to_string(), suggestion });
            };
            if found[i].replace(x).is_some() {
                return Err(CallError::Twice { name: (*name).to_string() });
            }
        }
        let mut views = Vec::with_capacity(found.len());
        for (x, name) in found.into_iter().zip(names()) {
            views.push(x.ok_or_else(|| CallError::Missing { name: name.to_string() })?.clone());
        }
        Ok(views)
    }

    /// Calls the function with anything that can be an input: numbers, arrays, lists, of any element type. Results
    /// are doubles; for integers beyond 2^53 see [`Function::call_arrays`].
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn call_with(&self, args: &[&dyn IntoInput]) -> Result<Vec<ArrayD<f64>>, CallError> {
        let given = args.iter().map(|a| a.to_input()).collect::<Result<Vec<Given<'_>>, _>>()?;
        let views: Vec<ArrayRef<'_>> = given.iter().map(Given::view).collect();
        self.doubles(&views)
    }

    /// Inputs of any element type, results as doubles.
    pub(super) fn doubles(&self, args: &[ArrayRef<'_>]) -> Result<Vec<ArrayD<f64>>, CallError> {
        let doubles = args.iter().map(|x| match x {
            ArrayRef::F64(x) => Some(x.view()),
            _ => None,
        });
        match doubles.collect::<Option<Vec<ArrayViewD<'_, f64>>>>() {
            Some(doubles) if self.ahead.is_none() => self.call(&doubles),
            _ => Ok(self.call_arrays(args)?.into_iter().map(Array::into_f64).collect()),
        }
    }

    /// Notes a call that went the long way, with inputs in row-major order.
    pub(super) fn observe<'l>(
        &self,
        inputs: impl ExactSizeIterator<Item = &'l [usize]> + Clone,
        scratch: &Scratch,
    ) {
        self.repeat.observe(&self.plan, &*self.backend, inputs, scratch);
    }

    pub(super) fn with_scratch<T>(
        &self,
        f: impl FnOnce(&mut Scratch) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let mut scratch = self.pool.lock().ok().and_then(|mut p| p.pop()).unwrap_or_default();
        let result = f(&mut scratch);
        if let Ok(mut pool) = self.pool.lock() {
            pool.push(scratch);
        }
        result
    }
}

fn typed<'a>(args: &'a [ArrayViewD<'_, f64>]) -> Vec<ArrayRef<'a>> {
    args.iter().map(|a| ArrayRef::from(a.view())).collect()
}

/// The first output that is missing, too many, or of another shape.
fn bad_output(
    count: usize,
    outputs: &[ArrayViewMutD<'_, f64>],
    fits: impl Fn(usize, &[usize]) -> bool,
) -> Option<usize> {
    (0..count.max(outputs.len())).find(|&k| k >= count || !outputs.get(k).is_some_and(|o| fits(k, o.shape())))
}

fn wrong_output(index: usize, expected: Vec<usize>, outputs: &[ArrayViewMutD<'_, f64>]) -> CallError {
    let got = outputs.get(index).map(|o| o.shape().to_vec()).unwrap_or_default();
    CallError::Output { index, expected, got }
}
