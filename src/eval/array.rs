//! Arrays of either format that go into a call and come out of it.

use ndarray::{ArrayD, ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, CowArray, Dimension, IxDyn};

use super::cell::{Format, Slice, SliceMut};
use crate::math::Element as _;

/// An array that is read, of any of the formats that memory has.
#[derive(Debug, Clone)]
pub enum ArrayRef<'a> {
    /// Doubles.
    F64(ArrayViewD<'a, f64>),
    /// Singles.
    F32(ArrayViewD<'a, f32>),
}

/// An array that is written.
#[derive(Debug)]
pub enum ArrayMut<'a> {
    /// Doubles.
    F64(ArrayViewMutD<'a, f64>),
    /// Singles.
    F32(ArrayViewMutD<'a, f32>),
}

/// An array of either format.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Doubles.
    F64(ArrayD<f64>),
    /// Singles.
    F32(ArrayD<f32>),
}

/// Whatever can be read as an input.
pub trait Input {
    /// A view of it.
    fn array(&self) -> ArrayRef<'_>;
    /// Its lengths.
    fn lens(&self) -> &[usize];
    /// The number, where it is one.
    fn number(&self) -> Option<f64>;
}

impl Input for ArrayRef<'_> {
    fn number(&self) -> Option<f64> {
        match self {
            ArrayRef::F64(x) => x.first().copied(),
            ArrayRef::F32(x) => x.first().map(|x| x.wide()),
        }
    }
    fn array(&self) -> ArrayRef<'_> {
        match self {
            ArrayRef::F64(x) => ArrayRef::F64(x.view()),
            ArrayRef::F32(x) => ArrayRef::F32(x.view()),
        }
    }
    fn lens(&self) -> &[usize] {
        match self {
            ArrayRef::F64(x) => x.shape(),
            ArrayRef::F32(x) => x.shape(),
        }
    }
}

impl Input for ArrayViewD<'_, f64> {
    fn number(&self) -> Option<f64> {
        self.first().copied()
    }
    fn array(&self) -> ArrayRef<'_> {
        ArrayRef::F64(self.view())
    }
    fn lens(&self) -> &[usize] {
        self.shape()
    }
}

impl Input for ArrayViewD<'_, f32> {
    fn number(&self) -> Option<f64> {
        self.first().map(|x| x.wide())
    }
    fn array(&self) -> ArrayRef<'_> {
        ArrayRef::F32(self.view())
    }
    fn lens(&self) -> &[usize] {
        self.shape()
    }
}

macro_rules! from_array {
    ($t:ident, $format:ident) => {
        impl<'a, D: Dimension> From<ArrayView<'a, $t, D>> for ArrayRef<'a> {
            fn from(x: ArrayView<'a, $t, D>) -> Self {
                ArrayRef::$format(x.into_dyn())
            }
        }
        impl<'a, D: Dimension> From<ArrayViewMut<'a, $t, D>> for ArrayMut<'a> {
            fn from(x: ArrayViewMut<'a, $t, D>) -> Self {
                ArrayMut::$format(x.into_dyn())
            }
        }
        impl From<ArrayD<$t>> for Array {
            fn from(x: ArrayD<$t>) -> Self {
                Array::$format(x)
            }
        }
    };
}

from_array!(f64, F64);
from_array!(f32, F32);

impl ArrayRef<'_> {
    /// The first element for which something holds.
    pub fn find(&self, holds: impl Fn(f64) -> bool) -> Option<f64> {
        match self {
            ArrayRef::F64(x) => x.iter().copied().find(|x| holds(*x)),
            ArrayRef::F32(x) => x.iter().map(|x| f64::from(*x)).find(|x| holds(*x)),
        }
    }
}

impl Array {
    /// Zeros.
    pub fn zeros(format: Format, lens: &[usize]) -> Array {
        match format {
            Format::F64 => Array::F64(ArrayD::zeros(IxDyn(lens))),
            Format::F32 => Array::F32(ArrayD::zeros(IxDyn(lens))),
        }
    }

    /// A view of it.
    pub fn view(&self) -> ArrayRef<'_> {
        match self {
            Array::F64(x) => ArrayRef::F64(x.view()),
            Array::F32(x) => ArrayRef::F32(x.view()),
        }
    }

    /// Its memory.
    pub(crate) fn cells(&mut self) -> SliceMut<'_> {
        match self {
            Array::F64(x) => SliceMut::F64(x.as_slice_mut().unwrap_or_default()),
            Array::F32(x) => SliceMut::F32(x.as_slice_mut().unwrap_or_default()),
        }
    }

    /// A view of it, to be written.
    pub fn view_mut(&mut self) -> ArrayMut<'_> {
        match self {
            Array::F64(x) => ArrayMut::F64(x.view_mut()),
            Array::F32(x) => ArrayMut::F32(x.view_mut()),
        }
    }

    /// Its lengths.
    pub fn shape(&self) -> &[usize] {
        match self {
            Array::F64(x) => x.shape(),
            Array::F32(x) => x.shape(),
        }
    }

    /// Its elements as doubles.
    pub fn to_f64(&self) -> CowArray<'_, f64, IxDyn> {
        match self {
            Array::F64(x) => CowArray::from(x.view()),
            Array::F32(x) => CowArray::from(x.mapv(f64::from)),
        }
    }
}

/// Memory for an output, in row-major order.
pub trait Output {
    /// It.
    fn cells(&mut self) -> SliceMut<'_>;
}

impl Output for &mut [f64] {
    fn cells(&mut self) -> SliceMut<'_> {
        SliceMut::F64(self)
    }
}

impl Output for &mut [f32] {
    fn cells(&mut self) -> SliceMut<'_> {
        SliceMut::F32(self)
    }
}

impl Output for SliceMut<'_> {
    fn cells(&mut self) -> SliceMut<'_> {
        match self {
            SliceMut::F64(x) => SliceMut::F64(x),
            SliceMut::F32(x) => SliceMut::F32(x),
        }
    }
}

/// Whatever results can be written into.
pub trait OutputArray {
    /// Its lengths.
    fn lens(&self) -> &[usize];
    /// Its format.
    fn format(&self) -> Format;
    /// Its memory, where it is in row-major order.
    fn cells(&mut self) -> Option<SliceMut<'_>>;
    /// Writes all elements, in row-major order.
    fn assign(&mut self, from: Slice<'_>);
    /// Writes the only number.
    fn set(&mut self, x: f64);
}

macro_rules! output_array {
    ($t:ident, $format:ident) => {
        impl OutputArray for ArrayViewMutD<'_, $t> {
            fn lens(&self) -> &[usize] {
                self.shape()
            }
            fn format(&self) -> Format {
                Format::$format
            }
            fn cells(&mut self) -> Option<SliceMut<'_>> {
                self.as_slice_mut().map(SliceMut::$format)
            }
            fn set(&mut self, x: f64) {
                if let Some(o) = self.first_mut() {
                    *o = $t::of(x);
                }
            }
            fn assign(&mut self, from: Slice<'_>) {
                let to = self.iter_mut();
                match from {
                    Slice::F64(x) => to.zip(x).for_each(|(o, x)| *o = $t::of(*x)),
                    Slice::F32(x) => to.zip(x).for_each(|(o, x)| *o = $t::of(x.wide())),
                }
            }
        }
    };
}

output_array!(f64, F64);
output_array!(f32, F32);

impl OutputArray for ArrayMut<'_> {
    fn lens(&self) -> &[usize] {
        match self {
            ArrayMut::F64(x) => x.shape(),
            ArrayMut::F32(x) => x.shape(),
        }
    }
    fn format(&self) -> Format {
        match self {
            ArrayMut::F64(x) => x.format(),
            ArrayMut::F32(x) => x.format(),
        }
    }
    fn cells(&mut self) -> Option<SliceMut<'_>> {
        match self {
            ArrayMut::F64(x) => x.cells(),
            ArrayMut::F32(x) => x.cells(),
        }
    }
    fn set(&mut self, x: f64) {
        match self {
            ArrayMut::F64(o) => o.set(x),
            ArrayMut::F32(o) => o.set(x),
        }
    }
    fn assign(&mut self, from: Slice<'_>) {
        match self {
            ArrayMut::F64(x) => x.assign(from),
            ArrayMut::F32(x) => x.assign(from),
        }
    }
}
