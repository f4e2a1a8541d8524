//! The function: checks, plan, and memory kept between calls.

use std::sync::{Arc, Mutex};

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, CowArray, IxDyn};
use smallvec::SmallVec;

use super::check::Checks;
use super::error::{CallError, CompileError};
use super::input::IntoInput;
use crate::eval::{
    Array, ArrayMut, ArrayRef, Backend, Blocks, Input, Limits, OutputArray, Plan, Scratch, Slice, SliceMut,
};
use crate::expr::{Expr, topological, variables};
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
    inputs: Vec<Expr>,
    outputs: Vec<Expr>,
    checks: Checks,
    plan: Plan,
    backend: Arc<dyn Backend>,
    limits: Limits,
    pub(super) warnings: Vec<String>,
    pub(super) report: Option<Report>,
    /// Memory of calls that have ended.
    pool: Mutex<Vec<Scratch>>,
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
        let imported = import(inputs, outputs)?;
        let optimized = (&imported.graph, imported.roots.as_slice());
        let mut f = Function::from_graph(inputs, outputs, &imported.constraints, optimized, options)?;
        f.warnings = warnings;
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
            checks: Checks::new(inputs, constraints),
            plan: Plan::with_inputs(graph, roots, &named)?,
            backend: options.loops.backend(),
            limits: options.limits,
            warnings: Vec::new(),
            report: None,
            pool: Mutex::new(Vec::new()),
        })
    }

    /// The same function, its loops run by another backend.
    #[must_use]
    pub fn with_backend(mut self, backend: Arc<dyn Backend>) -> Function {
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
        self.checks.check(args)?;
        if self.plan.is_scalar() {
            let mut out = vec![ArrayD::zeros(IxDyn(&[])); self.plan.output_count()];
            self.plan.run_scalars(args.iter().filter_map(|x| x.first().copied()), |k, x| out[k].fill(x));
            return Ok(out);
        }
        self.with_scratch(|scratch| {
            self.plan.prepare(args, scratch, self.limits)?;
            let mut out = Vec::with_capacity(self.plan.output_count());
            for k in 0..self.plan.output_count() {
                out.push(ArrayD::zeros(IxDyn(&self.plan.output_shape(scratch, k))));
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
        self.into_arrays(args, outputs)
    }

    /// [`Function::call`] with arrays of either format; results are in the formats of the outputs'
    /// element types.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn call_arrays(&self, args: &[ArrayRef<'_>]) -> Result<Vec<Array>, CallError> {
        self.checks.check(args)?;
        self.with_scratch(|scratch| {
            self.plan.prepare(args, scratch, self.limits)?;
            let mut out: Vec<Array> = (0..self.plan.output_count())
                .map(|k| Array::zeros(self.plan.output_format(k), &self.plan.output_shape(scratch, k)))
                .collect();
            let mut memory: Vec<SliceMut<'_>> = out.iter_mut().map(Array::cells).collect();
            self.plan.run(&*self.backend, args, &mut memory, scratch)?;
            drop(memory);
            Ok(out)
        })
    }

    /// [`Function::call_into`] with arrays of either format. Nothing is converted where formats are
    /// those of the element types.
    ///
    /// ```
    /// use egrad::eval::{ArrayMut, ArrayRef};
    /// use egrad::function::Function;
    /// use egrad::prelude::*;
    /// use ndarray::array;
    /// let x = fvector("x");
    /// let f = Function::new(&[x.clone()], &[x.exp()]).unwrap();
    /// let (a, mut y) = (array![0.0f32, 1.0], array![0.0f32, 0.0]);
    /// f.call_arrays_into(&[ArrayRef::from(a.view())], &mut [ArrayMut::from(y.view_mut())]).unwrap();
    /// assert_eq!(y, array![1.0, std::f32::consts::E]);
    /// ```
    ///
    /// # Errors
    /// As [`Function::call_into`].
    pub fn call_arrays_into(
        &self,
        args: &[ArrayRef<'_>],
        outputs: &mut [ArrayMut<'_>],
    ) -> Result<(), CallError> {
        self.into_arrays(args, outputs)
    }

    fn into_arrays<I: Input, O: OutputArray>(&self, args: &[I], outputs: &mut [O]) -> Result<(), CallError> {
        self.checks.check(args)?;
        let count = self.plan.output_count();
        if self.plan.is_scalar() {
            if let Some(k) = bad_output(count, outputs, |_, shape| shape.is_empty()) {
                return Err(wrong_output(k, Vec::new(), outputs));
            }
            let scalars = args.iter().filter_map(Input::number);
            self.plan.run_scalars(scalars, |k, x| outputs[k].set(x));
            return Ok(());
        }
        self.with_scratch(|scratch| {
            self.plan.prepare(args, scratch, self.limits)?;
            if let Some(k) = bad_output(count, outputs, |k, shape| self.plan.has_shape(scratch, k, shape)) {
                return Err(wrong_output(k, self.plan.output_shape(scratch, k), outputs));
            }
            // Results for outputs in another order go through memory of their own.
            let mut apart: SmallVec<[Option<Array>; 4]> = outputs
                .iter_mut()
                .map(|o| o.cells().is_none().then(|| Array::zeros(o.format(), o.lens())))
                .collect();
            let mut memory: SmallVec<[SliceMut<'_>; 4]> = outputs
                .iter_mut()
                .zip(&mut apart)
                .map(|(o, own)| match own {
                    Some(own) => own.cells(),
                    None => o.cells().unwrap_or(SliceMut::F64(&mut [])),
                })
                .collect();
            self.plan.run(&*self.backend, args, &mut memory, scratch)?;
            drop(memory);
            for (o, own) in outputs.iter_mut().zip(&mut apart) {
                if let Some(own) = own {
                    match own.cells() {
                        SliceMut::F64(x) => o.assign(Slice::F64(x)),
                        SliceMut::F32(x) => o.assign(Slice::F32(x)),
                    }
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
        let names = || self.inputs.iter().filter_map(Expr::name);
        let mut found: Vec<Option<&ArrayViewD<'_, f64>>> = vec![None; self.inputs.len()];
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
        self.call(&views)
    }

    /// Calls the function with anything that can be an input: numbers, arrays, lists.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn call_with(&self, args: &[&dyn IntoInput]) -> Result<Vec<ArrayD<f64>>, CallError> {
        let arrays =
            args.iter().map(|a| a.to_input()).collect::<Result<Vec<CowArray<'_, f64, IxDyn>>, _>>()?;
        let views: Vec<ArrayViewD<'_, f64>> = arrays.iter().map(|a| a.view()).collect();
        self.call(&views)
    }

    fn with_scratch<T>(&self, f: impl FnOnce(&mut Scratch) -> Result<T, CallError>) -> Result<T, CallError> {
        let mut scratch = self.pool.lock().ok().and_then(|mut p| p.pop()).unwrap_or_default();
        let result = f(&mut scratch);
        if let Ok(mut pool) = self.pool.lock() {
            pool.push(scratch);
        }
        result
    }
}

/// The first output that is missing, too many, or of another shape.
fn bad_output<O: OutputArray>(
    count: usize,
    outputs: &[O],
    fits: impl Fn(usize, &[usize]) -> bool,
) -> Option<usize> {
    (0..count.max(outputs.len())).find(|&k| k >= count || !outputs.get(k).is_some_and(|o| fits(k, o.lens())))
}

fn wrong_output<O: OutputArray>(index: usize, expected: Vec<usize>, outputs: &[O]) -> CallError {
    let got = outputs.get(index).map(|o| o.lens().to_vec()).unwrap_or_default();
    CallError::Output { index, expected, got }
}

/// Theano's checks of what stands among the inputs.
pub(super) fn check_inputs(
    inputs: &[Expr],
    outputs: &[Expr],
    unused: OnUnused,
) -> Result<Vec<String>, CompileError> {
    let mut names: Vec<&str> = Vec::with_capacity(inputs.len());
    for (index, e) in inputs.iter().enumerate() {
        let Some(name) = e.name() else {
            let what = e.op().map_or("a literal".to_string(), |_| format!("`{}`", e.op_name()));
            return Err(CompileError::NotAVariable { index, what });
        };
        if let Some(first) = names.iter().position(|n| *n == name) {
            return Err(CompileError::Duplicate { name: name.into(), first, second: index });
        }
        names.push(name);
    }
    let used = variables(outputs);
    for v in &used {
        let name = v.name().unwrap_or("");
        if !names.contains(&name) {
            let user =
                topological(outputs).into_iter().find(|e| e.args().iter().any(|a| a.name() == Some(name)));
            let used_by = user.map_or("", |e| e.op_name());
            return Err(CompileError::Missing { name: name.into(), used_by });
        }
    }
    let mut warnings = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if !used.iter().any(|v| v.name() == Some(name)) {
            let e = CompileError::Unused { index, name: (*name).to_string() };
            match unused {
                OnUnused::Error => return Err(e),
                OnUnused::Warn => warnings.push(e.to_string()),
                OnUnused::Ignore => {}
            }
        }
    }
    Ok(warnings)
}
