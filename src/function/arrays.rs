//! Calls with arrays of every element type.

use smallvec::SmallVec;

use super::compile::Function;
use super::error::CallError;
use crate::eval::{Array, ArrayMut, ArrayRef, Format, Input, OutputArray as _, Slice, SliceMut};

/// Memory for a result in a format.
fn memory_for(format: Format, lens: &[usize]) -> Array {
    Array::zeros(format.dtype(), lens)
}

fn cells(x: &mut Array) -> SliceMut<'_> {
    x.cells().unwrap_or(SliceMut::F64(&mut []))
}

fn shared<'a>(x: &'a SliceMut<'_>) -> Slice<'a> {
    match x {
        SliceMut::F64(x) => Slice::F64(x),
        SliceMut::F32(x) => Slice::F32(x),
        SliceMut::I64(x) => Slice::I64(x),
    }
}

impl Function {
    /// [`Function::call`] with arrays of any element types; results are of their own element types. Integers are
    /// exact, to 64 bits.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn call_arrays(&self, args: &[ArrayRef<'_>]) -> Result<Vec<Array>, CallError> {
        if let Some(ahead) = &self.ahead {
            let told = ahead.call_arrays(args)?;
            let all: Vec<ArrayRef<'_>> =
                args.iter().map(Input::array).chain(told.iter().map(Array::view)).collect();
            return self.checked_call(&all);
        }
        self.checked_call(args)
    }

    fn checked_call(&self, args: &[ArrayRef<'_>]) -> Result<Vec<Array>, CallError> {
        self.checks.check(args)?;
        if let Some(cast) = self.checks.downcast(args) {
            return self.checked_call(&cast.iter().map(Array::view).collect::<Vec<_>>());
        }
        self.with_scratch(|scratch| {
            self.plan.prepare(args, scratch, self.limits)?;
            let mut out: Vec<Array> = (0..self.plan.output_count())
                .map(|k| memory_for(self.plan.output_format(k), &self.plan.output_shape(scratch, k)))
                .collect();
            let mut memory: Vec<SliceMut<'_>> = out.iter_mut().map(cells).collect();
            self.plan.run(&*self.backend, args, &mut memory, scratch)?;
            drop(memory);
            let typed = |(k, mut x): (usize, Array)| {
                let dtype = self.plan.output_dtype(k);
                if x.dtype() == dtype {
                    return x;
                }
                let lens = x.shape().to_vec();
                Array::of(dtype, &lens, shared(&cells(&mut x)))
            };
            Ok(out.into_iter().enumerate().map(typed).collect())
        })
    }

    /// [`Function::call_arrays`] with inputs by name.
    ///
    /// # Errors
    /// As [`Function::call_named`].
    pub fn call_arrays_named(&self, args: &[(&str, ArrayRef<'_>)]) -> Result<Vec<Array>, CallError> {
        self.call_arrays(&self.in_order(args)?)
    }

    /// [`Function::call_into`] with arrays of any element types. Nothing is converted where formats are
    /// those of the element types.
    ///
    /// ```
    /// use egrad::eval::{ArrayMut, ArrayRef};
    /// use egrad::function::Function;
    /// use egrad::prelude::*;
    /// use ndarray::array;
    /// let x = fvector("x");
    /// let f = Function::new(&[x.clone()], &[x.exp()]).unwrap();
    /// let (a, mut y) = (array![0.0f32, 1.0], array![0.0f32, 0.0]);
    /// f.call_arrays_into(&[ArrayRef::from(a.view())], &mut [ArrayMut::from(y.view_mut())]).unwrap();
    /// assert_eq!(y, array![1.0, std::f32::consts::E]);
    /// ```
    ///
    /// # Errors
    /// As [`Function::call_into`].
    pub fn call_arrays_into(
        &self,
        args: &[ArrayRef<'_>],
        outputs: &mut [ArrayMut<'_>],
    ) -> Result<(), CallError> {
        if let Some(ahead) = &self.ahead {
            let told = ahead.call_arrays(args)?;
            let all: Vec<ArrayRef<'_>> =
                args.iter().map(Input::array).chain(told.iter().map(Array::view)).collect();
            return self.checked_call_into(&all, outputs);
        }
        self.checked_call_into(args, outputs)
    }

    fn checked_call_into(
        &self,
        args: &[ArrayRef<'_>],
        outputs: &mut [ArrayMut<'_>],
    ) -> Result<(), CallError> {
        if self.repeat.run_arrays(args, outputs) {
            return Ok(());
        }
        self.checks.check(args)?;
        if let Some(cast) = self.checks.downcast(args) {
            return self.checked_call_into(&cast.iter().map(Array::view).collect::<Vec<_>>(), outputs);
        }
        let count = self.plan.output_count();
        self.with_scratch(|scratch| {
            self.plan.prepare(args, scratch, self.limits)?;
            let fits = |k: usize| {
                let lens = outputs.get(k).map(|o| o.lens());
                k < count && lens.is_some_and(|lens| self.plan.has_shape(scratch, k, lens))
            };
            if let Some(index) = (0..count.max(outputs.len())).find(|&k| !fits(k)) {
                let got = outputs.get(index).map(|o| o.lens().to_vec()).unwrap_or_default();
                let expected = self.plan.output_shape(scratch, index);
                return Err(CallError::Output { index, expected, got });
            }
            // Results for outputs in another order go through memory of their own.
            let mut apart: SmallVec<[Option<Array>; 4]> = outputs
                .iter_mut()
                .map(|o| o.cells().is_none().then(|| memory_for(o.format(), o.lens())))
                .collect();
            let mut memory: SmallVec<[SliceMut<'_>; 4]> = outputs
                .iter_mut()
                .zip(&mut apart)
                .map(|(o, own)| match own {
                    Some(own) => cells(own),
                    None => o.cells().unwrap_or(SliceMut::F64(&mut [])),
                })
                .collect();
            self.plan.run(&*self.backend, args, &mut memory, scratch)?;
            drop(memory);
            let alike = |x: &ArrayRef<'_>| match x {
                ArrayRef::F64(x) => x.is_standard_layout(),
                ArrayRef::F32(x) => x.is_standard_layout(),
                _ => false,
            };
            if args.iter().all(alike) {
                self.observe(args.iter().map(ArrayRef::lens), scratch);
            }
            for (o, own) in outputs.iter_mut().zip(&mut apart) {
                if let Some(own) = own {
                    o.assign(shared(&cells(own)));
                }
            }
            Ok(())
        })
    }
}
