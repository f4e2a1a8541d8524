//! The checks of a call, in the order in which a person would look: names and number of inputs,
//! axes, lengths, then what operators demand.

use rustc_hash::FxHashMap;

use super::compile::OnUnused;
use super::error::{CallError, CompileError};
use crate::eval::{Array, ArrayRef, Input, Slice};
use crate::expr::{Expr, tells, topological, used};
use crate::facts::EXACT;
use crate::graph::Constraint;
use crate::ty::{DType, Dim, Sym, Ty, to_bits};

/// What happens to a number that the element type of an input does not hold: 1.5 for an integer.
/// Theano calls it `allow_input_downcast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Downcast {
    /// An error, as in Theano.
    #[default]
    Error,
    /// As [`Downcast::Error`], and a double that no single is equal to is an error for an input of singles
    /// too. Without this it is rounded to the nearest.
    Singles,
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

    /// Checks the number of the inputs of a call and their shapes, as far as these say it alone.
    pub(super) fn shapes<I: Input>(&self, args: &[I]) -> Result<(), CallError> {
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
        Ok(())
    }

    /// What the inputs of a call say a symbol is.
    pub(super) fn told<I: Input>(&self, args: &[I], s: &Sym) -> Option<usize> {
        if s.is_value() {
            let i = self.inputs.iter().position(|(name, _)| name == s.var())?;
            return args.get(i)?.array().integers().next().map(to_bits);
        }
        self.symbols.get(s).and_then(|&(i, axis)| args.get(i)?.lens().get(axis).copied())
    }

    /// Checks the inputs of a call.
    pub(super) fn check<I: Input>(&self, args: &[I]) -> Result<(), CallError> {
        self.shapes(args)?;
        let value = |s: &Sym| self.told(args, s);
        for c in &self.constraints {
            c.check(&value).map_err(CallError::Constraint)?;
        }
        for ((name, ty), x) in self.inputs.iter().zip(args) {
            if self.downcast == Downcast::Allow {
                continue;
            }
            let x = x.array();
            let rounded = || {
                let exact = self.downcast == Downcast::Singles && ty.dtype == DType::F32;
                exact.then(|| x.find(|v| !single(v))).flatten()
            };
            if let Some(value) = unfit(ty.dtype, &x).or_else(rounded) {
                return Err(CallError::Value { name: name.clone(), value, dtype: ty.dtype });
            }
        }
        Ok(())
    }
}

impl Checks {
    /// The inputs with every number converted, where that is allowed and some element type does
    /// not hold one; singles are always allowed to be the nearest.
    pub(super) fn downcast<I: Input>(&self, args: &[I]) -> Option<Vec<Array>> {
        // A double is rounded before anything reads it, so that all see the same single.
        let fits = |(d, x): (DType, &I)| {
            let x = x.array();
            let held = self.downcast != Downcast::Allow || unfit(d, &x).is_none();
            held && (d != DType::F32 || x.dtype() == d || x.find(|v| !single(v)).is_none())
        };
        let typed = || self.inputs.iter().map(|(_, ty)| ty.dtype).zip(args);
        if typed().all(fits) {
            return None;
        }
        let convert = |(d, x): (DType, &I)| {
            let x = x.array();
            if d == DType::F32 {
                return x.to_owned().cast(d);
            }
            if self.downcast != Downcast::Allow || unfit(d, &x).is_none() {
                return x.to_owned();
            }
            let whole: Vec<i64> = match d.bounds() {
                Some((lo, hi)) if !x.dtype().is_float() => x.integers().map(|x| x.clamp(lo, hi)).collect(),
                // A truth value is 0 or 1 as an integer is kept in its range.
                Some((lo, hi)) => x.floats().map(|x| DType::I64.truncate(x).clamp(lo, hi)).collect(),
                None => return x.to_owned(),
            };
            Array::of(d, x.lens(), Slice::I64(&whole))
        };
        Some(typed().map(convert).collect())
    }
}

/// The first number of an array that an element type does not hold exactly. Of doubles, integers beyond 2^53 are
/// taken for ones that were rounded.
fn unfit(dtype: DType, x: &ArrayRef<'_>) -> Option<f64> {
    match (dtype.bounds(), x.dtype()) {
        (None, DType::I64) => x.find(|x| x.abs() > EXACT),
        (None, _) | (Some(_), DType::Bool) => None,
        (Some((lo, hi)), given) if given.is_float() => {
            let held = |x: f64| {
                let inside = x >= number(lo).max(-EXACT) && x <= number(hi).min(EXACT);
                x.fract() == 0.0 && inside
            };
            x.find(|x| !held(x))
        }
        (Some(_), given) if given <= dtype => None,
        (Some((lo, hi)), _) => x.integers().find(|x| !(lo..=hi).contains(x)).map(number),
    }
}

/// Is a single equal to it? NaN counts as one.
fn single(x: f64) -> bool {
    #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked about")]
    let y = f64::from(x as f32);
    y == x || x.is_nan()
}

/// The first number of an array that no element of a type is, or `None`.
pub(super) fn not_held(dtype: DType, x: &ArrayRef<'_>) -> Option<f64> {
    unfit(dtype, x).or_else(|| if dtype == DType::F32 { x.find(|v| !single(v)) } else { None })
}

fn number(x: i64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "for comparing and telling")]
    let x = x as f64;
    x
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
    let (used, lengths) = used(outputs);
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
        if !used.iter().any(|v| v.name() == Some(name)) && !tells(&inputs[index], &lengths) {
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
