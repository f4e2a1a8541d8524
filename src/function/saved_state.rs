//! Functions with shared variables in files: the function, and the values that the variables have.

use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::saved::{LoadError, SaveError, Saved};
use super::shared::{Shared, Stateful};
use crate::eval::Array;
use crate::ty::DType;

/// A function with shared variables in a form that any serde format holds. [`Stateful::to_text`] writes JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedState {
    function: Saved,
    /// How many inputs a call gives.
    given: usize,
    shared: Vec<SavedShared>,
    /// Which of the variables get new values, in the order of the last outputs.
    updated: Vec<usize>,
}

/// A shared variable: its numbers by their bits, so that every one comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedShared {
    name: String,
    /// The element type.
    #[serde(default = "doubles")]
    dtype: String,
    lengths: Vec<usize>,
    /// Of floats as doubles; integers in 64 bits.
    bits: Vec<u64>,
}

fn doubles() -> String {
    DType::F64.to_string()
}

impl SavedShared {
    fn of(s: &Shared) -> SavedShared {
        let value = s.value();
        let view = value.view();
        let bits = if value.dtype().is_float() {
            view.floats().map(f64::to_bits).collect()
        } else {
            view.integers().map(i64::cast_unsigned).collect()
        };
        SavedShared {
            name: s.expr().name().unwrap_or("").to_string(),
            dtype: value.dtype().to_string(),
            lengths: value.shape().to_vec(),
            bits,
        }
    }

    fn value(&self) -> Result<Array, LoadError> {
        let unknown = || LoadError::Word { field: "element type", word: self.dtype.clone() };
        let dtype = DType::by_name(&self.dtype).ok_or_else(unknown)?;
        let damaged = |e: ndarray::ShapeError| LoadError::Form(e.to_string());
        let lens = IxDyn(&self.lengths);
        let bits = self.bits.iter().copied();
        let value: Array = if dtype.is_float() {
            ArrayD::from_shape_vec(lens, bits.map(f64::from_bits).collect()).map_err(damaged)?.into()
        } else {
            ArrayD::from_shape_vec(lens, bits.map(u64::cast_signed).collect()).map_err(damaged)?.into()
        };
        Ok(value.cast(dtype))
    }
}

impl SavedState {
    /// Compiles the function again; its variables are new ones, with the values that were saved.
    /// [`Stateful::shared`] has them.
    ///
    /// # Errors
    /// As [`Saved::compile`]; numbers of values or variables that do not agree.
    pub fn compile(&self) -> Result<Stateful, LoadError> {
        let function = self.function.compile()?;
        let count = |expected: usize, got: usize| {
            if expected == got { Ok(()) } else { Err(LoadError::Count { expected, got }) }
        };
        let mut shared = Vec::with_capacity(self.shared.len());
        for s in &self.shared {
            let elements = s.lengths.iter().try_fold(1usize, |n, &m| n.checked_mul(m));
            count(elements.unwrap_or(usize::MAX), s.bits.len())?;
            shared.push(Shared::new(&s.name, s.value()?));
        }
        if let Some(at) = self.updated.iter().find(|&&at| at >= shared.len()) {
            return Err(LoadError::Form(format!("variable {at} of {}", shared.len())));
        }
        let updates = self.updated.len();
        if function.outputs().len() < updates || function.inputs().len() < self.given {
            return Err(LoadError::Form("it has fewer inputs or outputs than it says".into()));
        }
        for x in &function.inputs()[self.given..] {
            if !shared.iter().any(|s| {
                s.expr().name() == x.name()
                    && s.expr().rank() == x.rank()
                    && s.expr().ty().dtype == x.ty().dtype
            }) {
                let name = x.name().unwrap_or("").to_string();
                return Err(LoadError::Word { field: "shared variable", word: name });
            }
        }
        Ok(Stateful::from_parts(function, self.given, shared, self.updated.clone()))
    }
}

impl Stateful {
    /// The function and the values of its variables now, in a form that serde writes.
    ///
    /// # Errors
    /// As [`Function::to_saved`](super::Function::to_saved).
    pub fn to_saved(&self) -> Result<SavedState, SaveError> {
        Ok(SavedState {
            function: self.function().to_saved()?,
            given: self.given(),
            shared: self.shared().iter().map(SavedShared::of).collect(),
            updated: self.updated().to_vec(),
        })
    }

    /// The function and the values of its variables as text (JSON), for a file.
    ///
    /// ```
    /// use egrad::function::{Function, Shared, Stateful};
    /// use egrad::prelude::*;
    /// use ndarray::arr0;
    /// let (x, w) = (dscalar("x"), Shared::new("w", arr0(1.0).into_dyn()));
    /// let update = (w.clone(), w.expr() + &x);
    /// let f = Function::builder().updates([update]).stateful(&[x.clone()], &[&x * w.expr()])?;
    /// f.call_with(&[&2.0])?;
    /// let again = Stateful::from_text(&f.to_text()?)?;
    /// assert_eq!(again.call_with(&[&2.0])?[0][[]], 6.0);
    /// assert_eq!((again.shared()[0].get()[[]], w.get()[[]]), (5.0, 3.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Stateful::to_saved`].
    pub fn to_text(&self) -> Result<String, SaveError> {
        // Strings and numbers always have a form.
        Ok(serde_json::to_string_pretty(&self.to_saved()?).unwrap_or_default())
    }

    /// Reads what [`Stateful::to_text`] wrote, and compiles it.
    ///
    /// # Errors
    /// The text is damaged, of another version, or does not compile.
    pub fn from_text(text: &str) -> Result<Stateful, LoadError> {
        let saved: SavedState = serde_json::from_str(text).map_err(|e| LoadError::Form(e.to_string()))?;
        saved.compile()
    }
}
