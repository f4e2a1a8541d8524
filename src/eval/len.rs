//! Lengths of axes as a table: each entry is a number, an axis of an input, or made of earlier
//! entries, so that a call computes all of them in one sweep.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::error::{PlanError, RunError};
use crate::ty::{Dim, DimExpr, Sym, Ty, slice_len, to_bits};

/// The position of a length in the table.
pub type LenId = u32;

#[derive(Debug, Clone, PartialEq)]
enum Len {
    Known(usize),
    Axis {
        input: usize,
        axis: usize,
    },
    Sum(Vec<LenId>),
    Product(Vec<LenId>),
    Quotient(LenId, LenId),
    Slice {
        of: LenId,
        start: Option<i64>,
        stop: Option<i64>,
        step: i64,
    },
    /// What integers among the inputs say: computed from its symbols.
    Told(Dim),
}

/// Where the value of a symbol is found.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Axis(usize, usize),
    /// The integer that this input is.
    Value(usize),
}

/// The table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lengths {
    rows: Vec<Len>,
    names: Vec<Dim>,
    ids: FxHashMap<Dim, LenId>,
    /// Symbols of what integers among the inputs say.
    told: FxHashMap<Sym, Place>,
}

impl Lengths {
    /// The entry of a length. Recurses over the nesting of one length, as [`Dim::eval`] does.
    pub(crate) fn intern(&mut self, dim: &Dim, inputs: &[(Arc<str>, Ty)]) -> Result<LenId, PlanError> {
        if let Some(&id) = self.ids.get(dim) {
            return Ok(id);
        }
        let row = match dim {
            Dim::Known(n) => Len::Known(*n),
            Dim::Sym(s) => {
                let (input, axis) =
                    place_of(s, inputs).ok_or_else(|| PlanError::Unbound { dim: dim.to_string() })?;
                Len::Axis { input, axis }
            }
            Dim::Expr(e) => match &**e {
                DimExpr::Add(ds) => Len::Sum(self.all(ds, inputs)?),
                DimExpr::Mul(ds) => Len::Product(self.all(ds, inputs)?),
                DimExpr::Div(a, b) => Len::Quotient(self.intern(a, inputs)?, self.intern(b, inputs)?),
                DimExpr::Slice { of, start, stop, step } => {
                    Len::Slice { of: self.intern(of, inputs)?, start: *start, stop: *stop, step: *step }
                }
                DimExpr::Between { .. } | DimExpr::Count(_) => {
                    let mut syms = Vec::new();
                    dim.syms(&mut syms);
                    for s in syms {
                        let unbound = || PlanError::Unbound { dim: s.name().to_string() };
                        let place = if s.is_value() {
                            inputs.iter().position(|(n, _)| **n == *s.var()).map(Place::Value)
                        } else {
                            place_of(&s, inputs).map(|(input, axis)| Place::Axis(input, axis))
                        };
                        self.told.insert(s.clone(), place.ok_or_else(unbound)?);
                    }
                    Len::Told(dim.clone())
                }
            },
        };
        let id = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(row);
        self.names.push(dim.clone());
        self.ids.insert(dim.clone(), id);
        Ok(id)
    }

    fn all(&mut self, dims: &[Dim], inputs: &[(Arc<str>, Ty)]) -> Result<Vec<LenId>, PlanError> {
        dims.iter().map(|d| self.intern(d, inputs)).collect()
    }

    /// The inputs whose values say lengths.
    pub(crate) fn valued(&self) -> impl Iterator<Item = usize> + '_ {
        let mut all: Vec<usize> = self
            .told
            .values()
            .filter_map(|p| if let Place::Value(i) = p { Some(*i) } else { None })
            .collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }

    /// Computes every length, given the shapes of the inputs and the integers that some are.
    pub(crate) fn values(
        &self,
        shapes: &[&[usize]],
        integer: &dyn Fn(usize) -> Option<i64>,
        out: &mut Vec<usize>,
    ) -> Result<(), RunError> {
        let axis = |input: usize, axis: usize| shapes.get(input).and_then(|s| s.get(axis)).copied();
        let symbol = |s: &Sym| match *self.told.get(s)? {
            Place::Axis(i, a) => axis(i, a),
            Place::Value(i) => integer(i).map(to_bits),
        };
        out.clear();
        for (row, name) in self.rows.iter().zip(&self.names) {
            let of = |i: &LenId| out[*i as usize];
            let value = match row {
                Len::Known(n) => Some(*n),
                Len::Axis { input, axis: a } => axis(*input, *a),
                Len::Told(d) => d.eval(&symbol),
                Len::Sum(ids) => ids.iter().map(of).try_fold(0usize, usize::checked_add),
                Len::Product(ids) => ids.iter().map(of).try_fold(1usize, usize::checked_mul),
                Len::Quotient(a, b) => {
                    let (a, b) = (of(a), of(b));
                    (b != 0 && a.is_multiple_of(b)).then(|| a / b)
                }
                Len::Slice { of: whole, start, stop, step } => {
                    Some(slice_len(of(whole), *start, *stop, *step))
                }
            };
            let none = || RunError::Length { dim: name.to_string(), fact: name.fault(&symbol) };
            out.push(value.ok_or_else(none)?);
        }
        Ok(())
    }

    /// The length as it stands in a type.
    pub(crate) fn name(&self, id: LenId) -> &Dim {
        &self.names[id as usize]
    }
}

/// The input and axis that tell a symbol.
fn place_of(s: &Sym, inputs: &[(Arc<str>, Ty)]) -> Option<(usize, usize)> {
    let named = inputs.iter().position(|(n, ty)| **n == *s.var() && s.axis() < ty.rank());
    if let Some(i) = named {
        return Some((i, s.axis()));
    }
    // Another input may share the symbol.
    inputs.iter().enumerate().find_map(|(i, (_, ty))| {
        let axis = ty.shape.dims().iter().position(|d| matches!(d, Dim::Sym(t) if t == s))?;
        Some((i, axis))
    })
}
