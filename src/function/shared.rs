//! Variables that live between calls, and functions that change them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ndarray::{ArrayD, ArrayViewD};

use super::builder::{Builder, replaces};
use super::check::not_held;
use super::compile::Function;
use super::error::{CallError, CompileError};
use super::input::{Given, IntoInput};
use crate::eval::{Array, ArrayRef, Input};
use crate::expr::Expr;
use crate::ty::{Dim, Shape, Sym, Ty};

/// A variable with a value that functions share. A clone is the same variable.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    var: Expr,
    value: RwLock<Array>,
    /// Locks are taken in this order, so no two calls wait for each other.
    order: u64,
}

impl Shared {
    /// A variable of the element type of its value and with as many axes, of lengths that may change.
    ///
    /// ```
    /// use egrad::function::{Function, Shared};
    /// use ndarray::arr1;
    /// let n = Shared::new("n", arr1(&[1i64 << 60, 3]).into_dyn());
    /// let f = Function::builder().updates([(n.clone(), n.expr() + 1)]).stateful(&[], &[])?;
    /// f.call(&[])?;
    /// assert_eq!(n.value(), arr1(&[(1i64 << 60) + 1, 4]).into_dyn().into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(name: &str, value: impl Into<Array>) -> Shared {
        let value = value.into();
        let dims = (0..value.shape().len()).map(|a| Dim::Sym(Sym::anonymous(name, a)));
        let var = Expr::var(name, Ty::new(value.dtype(), Shape::new(dims)));
        Shared::of(var, value)
    }

    /// [`Shared::new`] without a name, equal to no other: see [`unnamed`](crate::expr::unnamed).
    pub fn unnamed(value: impl Into<Array>) -> Shared {
        let value = value.into();
        let var = crate::expr::unnamed(value.dtype(), &vec![None; value.shape().len()]);
        Shared::of(var, value)
    }

    fn of(var: Expr, value: Array) -> Shared {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Shared(Arc::new(Inner {
            var,
            value: RwLock::new(value),
            order: NEXT.fetch_add(1, Ordering::Relaxed),
        }))
    }

    /// The variable, for expressions.
    pub fn expr(&self) -> &Expr {
        &self.0.var
    }

    /// Its value now, as doubles.
    pub fn get(&self) -> ArrayD<f64> {
        self.value().into_f64()
    }

    /// Its value now.
    pub fn value(&self) -> Array {
        self.0.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives it another value. Numbers of another element type are converted where nothing is lost.
    ///
    /// # Errors
    /// The value has another number of axes, or a number that the element type of the variable does not hold.
    pub fn set(&self, value: impl Into<Array>) -> Result<(), CallError> {
        let (value, ty) = (value.into(), self.0.var.ty());
        let expected = ty.rank();
        let name = || self.name().to_string();
        if value.shape().len() != expected {
            return Err(CallError::Rank { name: name(), expected, got: value.shape().to_vec() });
        }
        if let Some(value) = not_held(ty.dtype, &value.view()) {
            return Err(CallError::Value { name: name(), value, dtype: ty.dtype });
        }
        *self.0.value.write().unwrap_or_else(PoisonError::into_inner) = value.cast(ty.dtype);
        Ok(())
    }

    fn name(&self) -> &str {
        self.0.var.name().unwrap_or("")
    }

    fn is(&self, other: &Shared) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A function that also reads shared variables, and gives some of them new values after each call:
/// outputs and updates all see the old ones.
///
/// A training loop in ten lines:
///
/// ```
/// use egrad::function::{Function, Shared};
/// use egrad::prelude::*;
/// use ndarray::{arr1, arr2};
/// let (x, y) = (dmatrix("x"), dvector("y"));
/// let w = Shared::new("w", arr1(&[0.0, 0.0]).into_dyn());
/// let cost = (dot(&x, w.expr()) - &y).sqr().mean().named("cost");
/// let step = w.expr() - 0.1 * grad(&cost, w.expr())?;
/// let train = Function::builder().updates([(w.clone(), step)]).stateful(&[x, y], &[cost])?;
/// let (x, y) = (arr2(&[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]).into_dyn(), arr1(&[2.0, -3.0, -1.0]).into_dyn());
/// for _ in 0..500 {
///     train.call(&[x.view(), y.view()])?;
/// }
/// assert!((w.get() - arr1(&[2.0, -3.0])).iter().all(|d| d.abs() < 1e-6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Stateful {
    function: Function,
    /// Inputs that a call gives; the others are shared.
    given: usize,
    shared: Vec<Shared>,
    /// Which of `shared` get new values, in the order of the last outputs.
    updated: Vec<usize>,
}

enum Guard<'a> {
    Read(RwLockReadGuard<'a, Array>),
    Write(RwLockWriteGuard<'a, Array>),
}

impl Builder {
    /// The function from inputs and shared variables to outputs and updates, all optimized together.
    ///
    /// # Errors
    /// As [`Builder::build`]; an update of another type than its variable, a variable that is
    /// updated twice. A shared variable that is named and not used is no error.
    pub fn stateful(mut self, inputs: &[Expr], outputs: &[Expr]) -> Result<Stateful, CompileError> {
        let updates = std::mem::take(&mut self.updates);
        let mut shared = Vec::new();
        for s in std::mem::take(&mut self.shared).into_iter().chain(updates.iter().map(|(s, _)| s.clone())) {
            if !shared.iter().any(|o: &Shared| o.is(&s)) {
                shared.push(s);
            }
        }
        let mut updated = Vec::new();
        for (s, to) in &updates {
            if !replaces(s.expr(), to) {
                return Err(CompileError::Update {
                    name: s.name().to_string(),
                    expected: s.expr().ty().to_string(),
                    got: to.ty().to_string(),
                });
            }
            let at = shared.iter().position(|o| o.is(s)).unwrap_or(0);
            if let Some(first) = updated.iter().position(|u| *u == at) {
                let second = updated.len();
                return Err(CompileError::Duplicate { name: s.name().to_string(), first, second });
            }
            updated.push(at);
        }
        let all: Vec<Expr> = outputs.iter().chain(updates.iter().map(|(_, to)| to)).cloned().collect();
        // What is named and not used is left out, so that no input is unused for it.
        let used = self.given(&all)?;
        let (names, lengths) = crate::expr::used(&used);
        let needed = |s: &Shared| {
            names.iter().any(|v| v.name() == Some(s.name())) || crate::expr::tells(s.expr(), &lengths)
        };
        let mut vars = inputs.to_vec();
        vars.extend(shared.iter().filter(|s| needed(s)).map(|s| s.expr().clone()));
        let function = self.build(&vars, &all)?;
        Ok(Stateful { function, given: inputs.len(), shared, updated })
    }
}

impl Stateful {
    pub(super) fn from_parts(
        function: Function,
        given: usize,
        shared: Vec<Shared>,
        updated: Vec<usize>,
    ) -> Stateful {
        Stateful { function, given, shared, updated }
    }

    /// The shared variables that it reads or changes.
    pub fn shared(&self) -> &[Shared] {
        &self.shared
    }

    pub(super) fn given(&self) -> usize {
        self.given
    }

    pub(super) fn updated(&self) -> &[usize] {
        &self.updated
    }

    /// The function of inputs and shared variables, to outputs and then updates.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// Calls the function, gives its outputs, and then the shared variables their new values.
    ///
    /// # Errors
    /// As [`Function::call`]; no variable has changed then.
    pub fn call(&self, args: &[ArrayViewD<'_, f64>]) -> Result<Vec<ArrayD<f64>>, CallError> {
        let args: Vec<ArrayRef<'_>> = args.iter().map(|a| ArrayRef::from(a.view())).collect();
        Ok(self.call_arrays(&args)?.into_iter().map(Array::into_f64).collect())
    }

    /// [`Stateful::call`] with arrays of any element types; results are of their own element types.
    ///
    /// # Errors
    /// As there.
    pub fn call_arrays(&self, args: &[ArrayRef<'_>]) -> Result<Vec<Array>, CallError> {
        let names: Vec<&str> = self.function.inputs().iter().filter_map(Expr::name).collect();
        if args.len() > self.given {
            return Err(CallError::TooMany { expected: self.given, got: args.len() });
        }
        if let Some(name) = names[..self.given].get(args.len()) {
            return Err(CallError::Missing { name: (*name).to_string() });
        }
        let mut order: Vec<usize> = (0..self.shared.len()).collect();
        order.sort_by_key(|i| self.shared[*i].0.order);
        let mut guards: Vec<(usize, Guard<'_>)> = Vec::with_capacity(order.len());
        for i in order {
            let lock = &self.shared[i].0.value;
            guards.push((
                i,
                if self.updated.contains(&i) {
                    Guard::Write(lock.write().unwrap_or_else(PoisonError::into_inner))
                } else {
                    Guard::Read(lock.read().unwrap_or_else(PoisonError::into_inner))
                },
            ));
        }
        guards.sort_by_key(|(i, _)| *i);
        let mut views: Vec<ArrayRef<'_>> = args.iter().map(Input::array).collect();
        for name in &names[self.given..] {
            let of = |i: &usize| self.shared[*i].name() == *name;
            views.extend(guards.iter().find(|(i, _)| of(i)).map(|(_, g)| match g {
                Guard::Read(v) => v.view(),
                Guard::Write(v) => v.view(),
            }));
        }
        let mut out = self.function.call_arrays(&views)?;
        drop(views);
        let new = out.split_off(out.len() - self.updated.len());
        for (at, value) in self.updated.iter().zip(new) {
            if let Some((_, Guard::Write(v))) = guards.get_mut(*at) {
                **v = value;
            }
        }
        Ok(out)
    }

    /// [`Stateful::call`] with anything that can be an input.
    ///
    /// # Errors
    /// As there.
    pub fn call_with(&self, args: &[&dyn IntoInput]) -> Result<Vec<ArrayD<f64>>, CallError> {
        let given = args.iter().map(|a| a.to_input()).collect::<Result<Vec<Given<'_>>, _>>()?;
        let views: Vec<ArrayRef<'_>> = given.iter().map(Given::view).collect();
        Ok(self.call_arrays(&views)?.into_iter().map(Array::into_f64).collect())
    }
}
