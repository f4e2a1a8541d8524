//! What can be given as an input: numbers, arrays, nested lists.

use ndarray::{ArrayBase, ArrayD, CowArray, Data, Dimension, IxDyn};

use super::error::CallError;
use crate::ty::DType;

/// The largest integer below which doubles hold every one.
const EXACT: u64 = 1 << 53;

/// A value for an input.
pub trait IntoInput {
    /// The value as an array; borrowed where it is one.
    ///
    /// # Errors
    /// Rows of different lengths, an integer that a double does not hold.
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError>;
}

fn scalar(x: f64) -> CowArray<'static, f64, IxDyn> {
    CowArray::from(ArrayD::from_elem(IxDyn(&[]), x))
}

impl IntoInput for f64 {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        Ok(scalar(*self))
    }
}

impl IntoInput for i32 {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        Ok(scalar(f64::from(*self)))
    }
}

impl IntoInput for i64 {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        #[allow(clippy::cast_precision_loss, reason = "checked")]
        let value = *self as f64;
        if self.unsigned_abs() > EXACT {
            return Err(CallError::Value { name: self.to_string(), value, dtype: DType::F64 });
        }
        Ok(scalar(value))
    }
}

impl IntoInput for bool {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        Ok(scalar(f64::from(u8::from(*self))))
    }
}

impl<S: Data<Elem = f64>, D: Dimension> IntoInput for ArrayBase<S, D> {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        Ok(CowArray::from(self.view().into_dyn()))
    }
}

impl IntoInput for [f64] {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        Ok(CowArray::from(ndarray::ArrayView1::from(self).into_dyn()))
    }
}

impl<const N: usize> IntoInput for [f64; N] {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        self.as_slice().to_input()
    }
}

impl IntoInput for Vec<f64> {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        self.as_slice().to_input()
    }
}

fn rows<R: AsRef<[f64]>>(list: &[R]) -> Result<CowArray<'static, f64, IxDyn>, CallError> {
    let width = list.first().map_or(0, |r| r.as_ref().len());
    if list.iter().any(|r| r.as_ref().len() != width) {
        return Err(CallError::Ragged);
    }
    let data: Vec<f64> = list.iter().flat_map(|r| r.as_ref().iter().copied()).collect();
    ArrayD::from_shape_vec(IxDyn(&[list.len(), width]), data)
        .map(CowArray::from)
        .map_err(|_| CallError::Ragged)
}

impl<const M: usize, const N: usize> IntoInput for [[f64; N]; M] {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        rows(self)
    }
}

impl IntoInput for Vec<Vec<f64>> {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        rows(self)
    }
}

impl<T: IntoInput + ?Sized> IntoInput for &T {
    fn to_input(&self) -> Result<CowArray<'_, f64, IxDyn>, CallError> {
        (**self).to_input()
    }
}
