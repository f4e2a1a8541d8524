//! Outputs by name.

use std::ops::Index;

use ndarray::{ArrayD, ArrayViewD};

use super::compile::Function;
use super::error::CallError;
use crate::expr::Expr;

/// What outputs are called.
pub(super) fn names(outputs: &[Expr]) -> Vec<String> {
    outputs
        .iter()
        .enumerate()
        .map(|(i, e)| e.label().map_or_else(|| format!("out[{i}]"), str::to_string))
        .collect()
}

/// The results of a call, by name or by position. Indexing panics where there is no such output.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs {
    names: Vec<String>,
    values: Vec<ArrayD<f64>>,
}

impl Outputs {
    /// The output of this name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<f64>> {
        self.names.iter().position(|n| n == name).and_then(|i| self.values.get(i))
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ArrayD<f64>)> {
        self.names.iter().map(String::as_str).zip(&self.values)
    }

    /// The values, in order.
    pub fn into_values(self) -> Vec<ArrayD<f64>> {
        self.values
    }
}

impl Index<&str> for Outputs {
    type Output = ArrayD<f64>;
    fn index(&self, name: &str) -> &ArrayD<f64> {
        match self.names.iter().position(|n| n == name) {
            Some(i) => &self.values[i],
            #[allow(clippy::panic, reason = "documented, as of every index")]
            None => panic!("no output is called `{name}`; there are {:?}", self.names),
        }
    }
}

impl Index<usize> for Outputs {
    type Output = ArrayD<f64>;
    fn index(&self, i: usize) -> &ArrayD<f64> {
        &self.values[i]
    }
}

impl Function {
    /// Calls the function with inputs by name and gives outputs by name: that of the expression,
    /// such as `(dcost/dw)` for a gradient, or `out[0]`.
    ///
    /// ```
    /// use egrad::function::Function;
    /// use egrad::prelude::*;
    /// use ndarray::arr0;
    /// let x = dscalar("x");
    /// let cost = x.sqr().named("cost");
    /// let f = Function::new(&[x.clone()], &[cost.clone(), grad(&cost, &x)?])?;
    /// let at = arr0(3.0).into_dyn();
    /// let out = f.call_to_names(&[("x", at.view())])?;
    /// assert_eq!((out["cost"][[]], out["(dcost/dx)"][[]]), (9.0, 6.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::call_named`].
    pub fn call_to_names(&self, args: &[(&str, ArrayViewD<'_, f64>)]) -> Result<Outputs, CallError> {
        Ok(Outputs { names: self.names.clone(), values: self.call_named(args)? })
    }
}
