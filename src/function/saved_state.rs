//! Functions with shared variables in files: the function, and the values that the variables have.

use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::saved::{LoadError, SaveError, Saved};
use super::shared::{Shared, Stateful};

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
    lengths: Vec<usize>,
    bits: Vec<u64>,
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
            let values = s.bits.iter().map(|b| f64::from_bits(*b)).collect();
            let value = ArrayD::from_shape_vec(IxDyn(&s.lengths), values);
            shared.push(Shared::new(&s.name, value.map_err(|e| LoadError::Form(e.to_string()))?));
        }
        if let Some(at) = self.updated.iter().find(|&&at| at >= shared.len()) {
            return Err(LoadError::Form(format!("variable {at} of {}", shared.len())));
        }
        let updates = self.updated.len();
        if function.outputs().len() < updates || function.inputs().len() < self.given {
            return Err(LoadError::Form("it has fewer inputs or outputs than it says".into()));
        }
        for x in &function.inputs()[self.given..] {
            if !shared.iter().any(|s| s.expr().name() == x.name() && s.expr().rank() == x.rank()) {
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
        let shared = self.shared().iter().map(|s| {
            let value = s.get();
            SavedShared {
                name: s.expr().name().unwrap_or("").to_string(),
                lengths: value.shape().to_vec(),
                bits: value.iter().map(|x| x.to_bits()).collect(),
            }
        });
        Ok(SavedState {
            function: self.function().to_saved()?,
            given: self.given(),
            shared: shared.collect(),
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
