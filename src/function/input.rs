//! What can be given as an input: numbers, arrays, nested lists, of every element type.

use ndarray::{ArrayBase, ArrayD, ArrayView, ArrayView1, Data, Dimension, IxDyn};

use super::error::CallError;
use crate::eval::{Array, ArrayRef};

/// A value for an input, as it was given.
#[derive(Debug, Clone)]
pub enum Given<'a> {
    /// An array of the caller.
    View(ArrayRef<'a>),
    /// One made for the call.
    Own(Array),
}

impl Given<'_> {
    /// A view of it.
    pub fn view(&self) -> ArrayRef<'_> {
        match self {
            Given::View(x) => crate::eval::Input::array(x),
            Given::Own(x) => x.view(),
        }
    }
}

/// A value for an input.
pub trait IntoInput {
    /// The value as an array; borrowed where it is one.
    ///
    /// # Errors
    /// Rows of different lengths.
    fn to_input(&self) -> Result<Given<'_>, CallError>;
}

fn rows<'a, T: Clone, R: AsRef<[T]>>(list: &[R]) -> Result<Given<'a>, CallError>
where
    Array: From<ArrayD<T>>,
{
    let width = list.first().map_or(0, |r| r.as_ref().len());
    if list.iter().any(|r| r.as_ref().len() != width) {
        return Err(CallError::Ragged);
    }
    let data: Vec<T> = list.iter().flat_map(|r| r.as_ref().iter().cloned()).collect();
    let made = ArrayD::from_shape_vec(IxDyn(&[list.len(), width]), data);
    made.map(|x| Given::Own(x.into())).map_err(|_| CallError::Ragged)
}

impl<A, S: Data<Elem = A>, D: Dimension> IntoInput for ArrayBase<S, D>
where
    for<'a> ArrayRef<'a>: From<ArrayView<'a, A, D>>,
{
    fn to_input(&self) -> Result<Given<'_>, CallError> {
        Ok(Given::View(self.view().into()))
    }
}

macro_rules! inputs {
    ($($t:ident)*) => {$(
        impl IntoInput for $t {
            fn to_input(&self) -> Result<Given<'_>, CallError> {
                Ok(Given::Own(ArrayD::from_elem(IxDyn(&[]), *self).into()))
            }
        }

        impl IntoInput for [$t] {
            fn to_input(&self) -> Result<Given<'_>, CallError> {
                Ok(Given::View(ArrayView1::from(self).into()))
            }
        }

        impl<const N: usize> IntoInput for [$t; N] {
            fn to_input(&self) -> Result<Given<'_>, CallError> {
                self.as_slice().to_input()
            }
        }

        impl IntoInput for Vec<$t> {
            fn to_input(&self) -> Result<Given<'_>, CallError> {
                self.as_slice().to_input()
            }
        }

        impl<const M: usize, const N: usize> IntoInput for [[$t; N]; M] {
            fn to_input(&self) -> Result<Given<'_>, CallError> {
                rows(self)
            }
        }

        impl IntoInput for Vec<Vec<$t>> {
            fn to_input(&self) -> Result<Given<'_>, CallError> {
                rows(self)
            }
        }
    )*};
}

inputs!(f64 f32 i64 i32 i16 i8 bool);

impl IntoInput for Array {
    fn to_input(&self) -> Result<Given<'_>, CallError> {
        Ok(Given::View(self.view()))
    }
}

impl<T: IntoInput + ?Sized> IntoInput for &T {
    fn to_input(&self) -> Result<Given<'_>, CallError> {
        (**self).to_input()
    }
}
