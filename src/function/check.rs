//! The checks of a call, in the order in which a person would look: names and number of inputs,
//! axes, lengths, then what operators demand.

use ndarray::{ArrayD, ArrayViewD};
use rustc_hash::FxHashMap;

use super::error::CallError;
use crate::eval::Input;
use crate::expr::Expr;
use crate::graph::Constraint;
use crate::ty::{DType, Dim, Sym, Ty};

/// What happens to a number that the element type of an input does not hold: 1.5 for an integer.
/// Theano calls it `allow_input_downcast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Downcast {
    /// An error, as in Theano.
    #[default]
    Error,
    /// It is rounded towards zero and kept in the range of the type; NaN becomes 0.
    Allow,
}

/// What is demanded of the inputs.
#[derive(Debug, Clone)]
pub(super) struct Checks {
    inputs: Vec<(String, Ty)>,
    /// Where each symbol is read.
    symbols: FxHashMap<Sym, (usize, usize)>,
    /// Further axes of a symbol: input, axis, symbol.
    again: Vec<(usize, usize, Sym)>,
    constraints: Vec<Constraint>,
    downcast: Downcast,
}

impl Checks {
    pub(super) fn new(inputs: &[Expr], constraints: &[Constraint], downcast: Downcast) -> Checks {
        let mut c = Checks {
            inputs: inputs.iter().map(|e| (e.name().unwrap_or("").to_string(), e.ty().clone())).collect(),
            symbols: FxHashMap::default(),
            again: Vec::new(),
            constraints: constraints.to_vec(),
            downcast,
        };
        for (i, e) in inputs.iter().enumerate() {
            for (axis, d) in e.ty().shape.dims().iter().enumerate() {
                let Dim::Sym(s) = d else { continue };
                if c.symbols.contains_key(s) {
                    c.again.push((i, axis, s.clone()));
                } else {
                    c.symbols.insert(s.clone(), (i, axis));
                }
            }
        }
        c
    }

    /// Checks the inputs of a call.
    pub(super) fn check<I: Input>(&self, args: &[I]) -> Result<(), CallError> {
        if let Some((name, _)) = self.inputs.get(args.len()) {
            return Err(CallError::Missing { name: name.clone() });
        }
        if args.len() > self.inputs.len() {
            return Err(CallError::TooMany { expected: self.inputs.len(), got: args.len() });
        }
        for ((name, ty), x) in self.inputs.iter().zip(args) {
            if x.lens().len() != ty.rank() {
                let got = x.lens().to_vec();
                return Err(CallError::Rank { name: name.clone(), expected: ty.rank(), got });
            }
            for (axis, (d, &n)) in ty.shape.dims().iter().zip(x.lens()).enumerate() {
                if let Some(expected) = d.known()
                    && expected != n
                {
                    let got = x.lens().to_vec();
                    return Err(CallError::Length { name: name.clone(), axis, expected, got });
                }
            }
        }
        let read = |i: usize, axis: usize| args.get(i).and_then(|x| x.lens().get(axis)).copied();
        for (i, axis, s) in &self.again {
            let Some(&(j, first)) = self.symbols.get(s) else { continue };
            let (a, b) = (read(j, first).unwrap_or(0), read(*i, *axis).unwrap_or(0));
            if a != b {
                return Err(CallError::Symbol {
                    symbol: s.name().to_string(),
                    first: (self.inputs[j].0.clone(), first, a),
                    second: (self.inputs[*i].0.clone(), *axis, b),
                });
            }
        }
        let value = |s: &Sym| self.symbols.get(s).and_then(|&(i, axis)| read(i, axis));
        for c in &self.constraints {
            c.check(&value).map_err(CallError::Constraint)?;
        }
        for ((name, ty), x) in self.inputs.iter().zip(args) {
            if self.downcast == Downcast::Error
                && !ty.dtype.is_float()
                && let Some(value) = x.array().find(|x| !holds(ty.dtype, x))
            {
                return Err(CallError::Value { name: name.clone(), value, dtype: ty.dtype });
            }
        }
        Ok(())
    }
}

impl Checks {
    /// The inputs with every number converted, where that is allowed and some element type does
    /// not hold one.
    pub(super) fn downcast(&self, args: &[ArrayViewD<'_, f64>]) -> Option<Vec<ArrayD<f64>>> {
        if self.downcast == Downcast::Error {
            return None;
        }
        let typed = || self.inputs.iter().map(|(_, ty)| ty.dtype).zip(args);
        if typed().all(|(d, x)| x.iter().all(|x| holds(d, *x))) {
            return None;
        }
        let convert = |d: DType, x: f64| match range(d) {
            _ if holds(d, x) => x,
            Some(_) if x.is_nan() => 0.0,
            Some((lo, hi)) => x.clamp(lo, hi).trunc(),
            None => x,
        };
        Some(typed().map(|(d, x)| x.mapv(|x| convert(d, x))).collect())
    }
}

/// Does an element type hold this number exactly, and do doubles hold all integers up to it?
fn holds(dtype: DType, x: f64) -> bool {
    range(dtype).is_none_or(|(lo, hi)| x.fract() == 0.0 && (lo..=hi).contains(&x))
}

/// The least and the greatest number of an element type; `None` for floats.
fn range(dtype: DType) -> Option<(f64, f64)> {
    Some(match dtype {
        DType::Bool => (0.0, 1.0),
        DType::I8 => (f64::from(i8::MIN), f64::from(i8::MAX)),
        DType::I16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
        DType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        DType::I64 => (-9_007_199_254_740_992.0, 9_007_199_254_740_992.0),
        DType::F32 | DType::F64 => return None,
    })
}
