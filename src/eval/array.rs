//! Arrays of every element type that go into a call and come out of it.

use ndarray::{ArrayD, ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, CowArray, Dimension, IxDyn};

use super::cell::{Format, FromInteger as _, Slice, SliceMut};
use super::pages::zeros;
use crate::math::Element as _;
use crate::ty::DType;

/// Declares the three kinds of arrays, and what does not differ between element types.
macro_rules! arrays {
    ($($variant:ident $t:ident $doc:literal,)*) => {
        /// An array that is read.
        #[derive(Debug, Clone)]
        pub enum ArrayRef<'a> {
            $(#[doc = $doc] $variant(ArrayViewD<'a, $t>),)*
        }

        /// An array that is written.
        #[derive(Debug)]
        pub enum ArrayMut<'a> {
            $(#[doc = $doc] $variant(ArrayViewMutD<'a, $t>),)*
        }

        /// An array of any element type.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Array {
            $(#[doc = $doc] $variant(ArrayD<$t>),)*
        }

        $(
            impl<'a, D: Dimension> From<ArrayView<'a, $t, D>> for ArrayRef<'a> {
                fn from(x: ArrayView<'a, $t, D>) -> Self {
                    ArrayRef::$variant(x.into_dyn())
                }
            }
            impl<'a, D: Dimension> From<ArrayViewMut<'a, $t, D>> for ArrayMut<'a> {
                fn from(x: ArrayViewMut<'a, $t, D>) -> Self {
                    ArrayMut::$variant(x.into_dyn())
                }
            }
            impl From<ArrayD<$t>> for Array {
                fn from(x: ArrayD<$t>) -> Self {
                    Array::$variant(x)
                }
            }
        )*

        impl ArrayRef<'_> {
            /// Its element type.
            pub fn dtype(&self) -> DType {
                match self {
                    $(ArrayRef::$variant(_) => DType::$variant,)*
                }
            }

            /// Its lengths.
            pub fn lens(&self) -> &[usize] {
                match self {
                    $(ArrayRef::$variant(x) => x.shape(),)*
                }
            }

            fn again(&self) -> ArrayRef<'_> {
                match self {
                    $(ArrayRef::$variant(x) => ArrayRef::$variant(x.view()),)*
                }
            }

            /// A copy.
            pub fn to_owned(&self) -> Array {
                match self {
                    $(ArrayRef::$variant(x) => Array::$variant(x.to_owned()),)*
                }
            }
        }

        impl ArrayMut<'_> {
            /// Its element type.
            pub fn dtype(&self) -> DType {
                match self {
                    $(ArrayMut::$variant(_) => DType::$variant,)*
                }
            }

            /// Its lengths.
            pub fn lens(&self) -> &[usize] {
                match self {
                    $(ArrayMut::$variant(x) => x.shape(),)*
                }
            }
        }

        impl Array {
            /// Zeros.
            pub fn zeros(dtype: DType, lens: &[usize]) -> Array {
                match dtype {
                    $(DType::$variant => Array::$variant(zeros(lens)),)*
                }
            }

            /// Its element type.
            pub fn dtype(&self) -> DType {
                self.view().dtype()
            }

            /// A view of it.
            pub fn view(&self) -> ArrayRef<'_> {
                match self {
                    $(Array::$variant(x) => ArrayRef::$variant(x.view()),)*
                }
            }

            /// A view of it, to be written.
            pub fn view_mut(&mut self) -> ArrayMut<'_> {
                match self {
                    $(Array::$variant(x) => ArrayMut::$variant(x.view_mut()),)*
                }
            }

            /// Its lengths.
            pub fn shape(&self) -> &[usize] {
                match self {
                    $(Array::$variant(x) => x.shape(),)*
                }
            }
        }
    };
}

arrays!(
    F64 f64 "Doubles.",
    F32 f32 "Singles.",
    I64 i64 "64-bit integers.",
    I32 i32 "32-bit integers.",
    I16 i16 "16-bit integers.",
    I8 i8 "8-bit integers.",
    Bool bool "Truth values.",
);

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
        self.floats().next()
    }
    fn array(&self) -> ArrayRef<'_> {
        self.again()
    }
    fn lens(&self) -> &[usize] {
        ArrayRef::lens(self)
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

impl ArrayRef<'_> {
    /// The first element for which something holds.
    pub fn find(&self, holds: impl Fn(f64) -> bool) -> Option<f64> {
        self.floats().find(|x| holds(*x))
    }

    /// The elements as doubles, in row-major order; integers beyond 2^53 round.
    pub fn floats(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            ArrayRef::F64(x) => Box::new(x.iter().copied()),
            ArrayRef::F32(x) => Box::new(x.iter().map(|x| f64::from(*x))),
            ArrayRef::I64(x) => Box::new(x.iter().map(|x| f64::from_integer(*x))),
            ArrayRef::I32(x) => Box::new(x.iter().map(|x| f64::from(*x))),
            ArrayRef::I16(x) => Box::new(x.iter().map(|x| f64::from(*x))),
            ArrayRef::I8(x) => Box::new(x.iter().map(|x| f64::from(*x))),
            ArrayRef::Bool(x) => Box::new(x.iter().map(|x| f64::from(u8::from(*x)))),
        }
    }

    /// As doubles; integers beyond 2^53 round.
    pub fn to_doubles(&self) -> CowArray<'static, f64, IxDyn> {
        let shape = IxDyn(self.lens());
        let array = ArrayD::from_shape_vec(shape.clone(), self.floats().collect());
        CowArray::from(array.unwrap_or_else(|_| ArrayD::zeros(shape)))
    }

    /// The elements as integers, in row-major order; floats are truncated.
    pub fn integers(&self) -> Box<dyn Iterator<Item = i64> + '_> {
        match self {
            ArrayRef::F64(_) | ArrayRef::F32(_) => Box::new(self.floats().map(|x| DType::I64.truncate(x))),
            ArrayRef::I64(x) => Box::new(x.iter().copied()),
            ArrayRef::I32(x) => Box::new(x.iter().map(|x| i64::from(*x))),
            ArrayRef::I16(x) => Box::new(x.iter().map(|x| i64::from(*x))),
            ArrayRef::I8(x) => Box::new(x.iter().map(|x| i64::from(*x))),
            ArrayRef::Bool(x) => Box::new(x.iter().map(|x| i64::from(*x))),
        }
    }
}

impl Array {
    /// Its memory, where a plan can write it.
    pub(crate) fn cells(&mut self) -> Option<SliceMut<'_>> {
        match self {
            Array::F64(x) => x.as_slice_mut().map(SliceMut::F64),
            Array::F32(x) => x.as_slice_mut().map(SliceMut::F32),
            Array::I64(x) => x.as_slice_mut().map(SliceMut::I64),
            _ => None,
        }
    }

    /// Its elements as doubles; integers beyond 2^53 round.
    pub fn to_f64(&self) -> CowArray<'_, f64, IxDyn> {
        match self {
            Array::F64(x) => CowArray::from(x.view()),
            other => {
                let elements = other.view().floats().collect();
                let array = ArrayD::from_shape_vec(IxDyn(other.shape()), elements);
                CowArray::from(array.unwrap_or_else(|_| ArrayD::zeros(IxDyn(other.shape()))))
            }
        }
    }

    /// Its elements as integers; floats are truncated.
    pub fn to_i64(&self) -> CowArray<'_, i64, IxDyn> {
        match self {
            Array::I64(x) => CowArray::from(x.view()),
            other => {
                let elements = other.view().integers().collect();
                let array = ArrayD::from_shape_vec(IxDyn(other.shape()), elements);
                CowArray::from(array.unwrap_or_else(|_| ArrayD::zeros(IxDyn(other.shape()))))
            }
        }
    }

    /// Its elements as doubles.
    pub fn into_f64(self) -> ArrayD<f64> {
        match self {
            Array::F64(x) => x,
            other => other.to_f64().into_owned(),
        }
    }

    /// The same numbers in another element type: floats are truncated to integers, integers keep their
    /// low bits, doubles become the nearest singles.
    #[must_use]
    pub fn cast(self, dtype: DType) -> Array {
        if self.dtype() == dtype {
            return self;
        }
        let lens = self.shape().to_vec();
        if self.dtype().is_float() {
            let x: Vec<f64> = self.view().floats().collect();
            Array::of(dtype, &lens, Slice::F64(&x))
        } else {
            let x: Vec<i64> = self.view().integers().collect();
            Array::of(dtype, &lens, Slice::I64(&x))
        }
    }

    /// Elements of a plan as an array of a type.
    pub(crate) fn of(dtype: DType, lens: &[usize], from: Slice<'_>) -> Array {
        let mut out = Array::zeros(dtype, lens);
        out.view_mut().assign(from);
        out
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
            SliceMut::I64(x) => SliceMut::I64(x),
        }
    }
}

/// Whatever results can be written into.
pub trait OutputArray {
    /// Its lengths.
    fn lens(&self) -> &[usize];
    /// The format in which a plan writes it.
    fn format(&self) -> Format;
    /// Its memory, where it is in row-major order and in that format.
    fn cells(&mut self) -> Option<SliceMut<'_>>;
    /// Writes all elements, in row-major order.
    fn assign(&mut self, from: Slice<'_>);
    /// Writes the only number.
    fn set(&mut self, x: f64);
}

macro_rules! float_output {
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
                    Slice::I64(x) => to.zip(x).for_each(|(o, x)| *o = $t::from_integer(*x)),
                }
            }
        }
    };
}

float_output!(f64, F64);
float_output!(f32, F32);

/// As integers of a type: the low bits of integers, floats truncated into its range.
fn put<'a, T: 'a>(
    to: impl Iterator<Item = &'a mut T>,
    from: Slice<'_>,
    dtype: DType,
    narrow: impl Fn(i64) -> T,
) {
    match from {
        Slice::F64(x) => to.zip(x).for_each(|(o, x)| *o = narrow(dtype.truncate(*x))),
        Slice::F32(x) => to.zip(x).for_each(|(o, x)| *o = narrow(dtype.truncate(x.wide()))),
        Slice::I64(x) => to.zip(x).for_each(|(o, x)| *o = narrow(*x)),
    }
}

impl OutputArray for ArrayMut<'_> {
    fn lens(&self) -> &[usize] {
        ArrayMut::lens(self)
    }
    fn format(&self) -> Format {
        Format::of(self.dtype())
    }
    fn cells(&mut self) -> Option<SliceMut<'_>> {
        match self {
            ArrayMut::F64(x) => x.cells(),
            ArrayMut::F32(x) => x.cells(),
            ArrayMut::I64(x) => x.as_slice_mut().map(SliceMut::I64),
            _ => None,
        }
    }
    fn set(&mut self, x: f64) {
        self.assign(Slice::F64(&[x]));
    }
    #[allow(clippy::cast_possible_truncation, reason = "keeping the low bits is what is asked")]
    fn assign(&mut self, from: Slice<'_>) {
        let dtype = self.dtype();
        match self {
            ArrayMut::F64(x) => x.assign(from),
            ArrayMut::F32(x) => x.assign(from),
            ArrayMut::I64(x) => put(x.iter_mut(), from, dtype, |x| x),
            ArrayMut::I32(x) => put(x.iter_mut(), from, dtype, |x| x as i32),
            ArrayMut::I16(x) => put(x.iter_mut(), from, dtype, |x| x as i16),
            ArrayMut::I8(x) => put(x.iter_mut(), from, dtype, |x| x as i8),
            ArrayMut::Bool(x) => put(x.iter_mut(), from, dtype, |x| x != 0),
        }
    }
}
