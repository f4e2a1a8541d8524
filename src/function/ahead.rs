//! Functions of two parts: what lengths follow from is computed before what has these lengths.

use super::compile::Function;
use super::error::CompileError;
use crate::expr::{Expr, computed_ahead};

/// Makes a function from inputs to outputs.
type Compile<'a> = &'a dyn Fn(&[Expr], &[Expr]) -> Result<Function, CompileError>;

impl Function {
    /// The function whose integers that lengths follow from are computed by another one first; `None` where the
    /// outputs have none that the inputs do not tell. The other may have such integers of its own.
    pub(super) fn in_two(
        inputs: &[Expr],
        outputs: &[Expr],
        compile: Compile<'_>,
    ) -> Result<Option<Function>, CompileError> {
        let (more, values): (Vec<Expr>, Vec<Expr>) = computed_ahead(inputs, outputs).into_iter().unzip();
        if more.is_empty() {
            return Ok(None);
        }
        let all: Vec<Expr> = inputs.iter().chain(&more).cloned().collect();
        let mut f = compile(&all, outputs)?;
        f.ahead = Some(Box::new(compile(inputs, &values)?));
        f.inputs.truncate(inputs.len());
        Ok(Some(f))
    }
}
