//! Arrays as they were written: integers stay integers, to 64 bits.

use ndarray::{ArrayD, IxDyn};

use super::DataError;

/// An array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Doubles.
    Floats(ArrayD<f64>),
    /// Integers, where every number was written as one.
    Integers(ArrayD<i64>),
}

impl Data {
    /// As doubles; integers beyond 2^53 round, as numbers do that are read as doubles.
    pub fn into_floats(self) -> ArrayD<f64> {
        match self {
            Data::Floats(x) => x,
            #[allow(clippy::cast_precision_loss, reason = "rounding is what is asked")]
            Data::Integers(x) => x.mapv(|x| x as f64),
        }
    }
}

/// Numbers while they are read.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    floats: Vec<f64>,
    integers: Vec<i64>,
}

impl Numbers {
    /// One more, and the integer that it was written as.
    pub(super) fn push(&mut self, x: f64, integer: Option<i64>) {
        self.floats.push(x);
        self.integers.extend(integer);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.floats.is_empty()
    }

    pub(super) fn shaped(self, dims: &[usize]) -> Result<Data, DataError> {
        let wrong = |e: ndarray::ShapeError| DataError::new("shape", e.to_string());
        if !self.floats.is_empty() && self.integers.len() == self.floats.len() {
            return ArrayD::from_shape_vec(IxDyn(dims), self.integers).map(Data::Integers).map_err(wrong);
        }
        ArrayD::from_shape_vec(IxDyn(dims), self.floats).map(Data::Floats).map_err(wrong)
    }
}
