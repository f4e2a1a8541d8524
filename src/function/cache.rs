//! Compiled functions, kept.

use std::sync::{Arc, Mutex, PoisonError};

use super::builder::Builder;
use super::compile::Function;
use super::error::CompileError;
use super::saved::Saved;
use crate::expr::Expr;

/// Functions by what they were compiled from: inputs, outputs, options. Of equal requests the first
/// compiles, and the others get the same function.
///
/// ```
/// use egrad::function::{Cache, Function};
/// use egrad::prelude::*;
/// let cache = Cache::new(100);
/// let get = || {
///     let x = dscalar("x");
///     cache.get(Function::builder(), &[x.clone()], &[x.exp() * x.exp()])
/// };
/// assert!(std::sync::Arc::ptr_eq(&get()?, &get()?));
/// # Ok::<(), egrad::function::CompileError>(())
/// ```
#[derive(Debug)]
pub struct Cache {
    capacity: usize,
    /// The one used last stands last.
    kept: Mutex<Vec<(String, Arc<Function>)>>,
}

impl Cache {
    /// A cache that keeps so many functions; the one not used for longest goes first.
    pub fn new(capacity: usize) -> Cache {
        Cache { capacity, kept: Mutex::new(Vec::new()) }
    }

    /// The function that the builder builds, built if it is not there. What cannot be saved, such
    /// as a function of rules of one's own, is built each time.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn get(
        &self,
        builder: Builder,
        inputs: &[Expr],
        outputs: &[Expr],
    ) -> Result<Arc<Function>, CompileError> {
        let given = builder.given(outputs)?;
        let saved = Saved::of(inputs, &given, &builder).ok();
        let Some(key) = saved.and_then(|s| serde_json::to_string(&s).ok()) else {
            return builder.build(inputs, outputs).map(Arc::new);
        };
        if let Some(f) = self.take(&key) {
            return Ok(f);
        }
        let f = Arc::new(builder.build(inputs, outputs)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(k, _)| *k != key);
        kept.push((key, f.clone()));
        let excess = kept.len().saturating_sub(self.capacity);
        kept.drain(..excess);
        Ok(f)
    }

    fn take(&self, key: &str) -> Option<Arc<Function>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(k, _)| k == key)?;
        let entry = kept.remove(at);
        let f = entry.1.clone();
        kept.push(entry);
        Some(f)
    }

    /// How many functions it holds.
    pub fn len(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Does it hold none?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
