//! What is known only when a function is called: lengths of inputs, and integers among them.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A length that is known only when a function is called: the length of one axis of one input.
///
/// Two symbols are the same when their names are; `var` and `axis` say where to read the value.
#[derive(Debug, Clone)]
pub struct Sym {
    name: Arc<str>,
    var: Arc<str>,
    axis: u32,
    /// What computes it, where no input tells it.
    made: Option<Arc<dyn Any + Send + Sync>>,
}

/// Stands for an axis where the value of an input is meant.
const VALUE: u32 = u32::MAX;

impl Sym {
    /// The symbol called `name`, read from axis `axis` of the input `var`.
    pub fn new(name: &str, var: &str, axis: usize) -> Sym {
        Sym { name: name.into(), var: var.into(), axis: u32::try_from(axis).unwrap_or(u32::MAX), made: None }
    }

    /// The unnamed length of one axis: `x.0`.
    pub fn anonymous(var: &str, axis: usize) -> Sym {
        Sym::new(&format!("{var}.{axis}"), var, axis)
    }

    /// The value of an input that is one integer.
    pub fn value_of(var: &str) -> Sym {
        Sym { name: format!("int({var})").into(), var: var.into(), axis: VALUE, made: None }
    }

    /// An integer that `made` computes before anything else; two of one name are computed alike.
    pub(crate) fn computed(name: &str, made: Arc<dyn Any + Send + Sync>) -> Sym {
        Sym { made: Some(made), ..Sym::value_of(name) }
    }

    /// What computes it, where no input tells it.
    pub(crate) fn made(&self) -> Option<&(dyn Any + Send + Sync)> {
        self.made.as_deref()
    }

    /// Is it the value of an input, not a length?
    pub fn is_value(&self) -> bool {
        self.axis == VALUE
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The input that tells it as a person reads it: without what only tells it from others.
    pub fn shown(&self) -> &str {
        self.var.split_once('#').map_or(&self.var, |(shown, _)| shown)
    }

    /// The input whose shape tells its value.
    pub fn var(&self) -> &str {
        &self.var
    }

    /// The axis of that input.
    pub fn axis(&self) -> usize {
        self.axis as usize
    }
}

impl PartialEq for Sym {
    fn eq(&self, other: &Sym) -> bool {
        self.name == other.name
    }
}
impl Eq for Sym {}
impl PartialOrd for Sym {
    fn partial_cmp(&self, other: &Sym) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Sym {
    fn cmp(&self, other: &Sym) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}
impl Hash for Sym {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
