//! A function over slices: one call for each place along the first axis.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn};

use super::compile::Function;
use super::error::CallError;
use crate::expr::Expr;
use crate::threads::share;
use crate::ty::Sym;

/// Parts of the slices for each thread: who is done takes from the others.
const PARTS: usize = 4;

/// How a call for each slice sees one input.
#[derive(Debug, Clone)]
pub enum Each<'a> {
    /// One slice after the other along the first axis.
    Slice(ArrayViewD<'a, f64>),
    /// The same in every call.
    Whole(ArrayViewD<'a, f64>),
}

impl Each<'_> {
    fn at(&self, i: usize) -> ArrayViewD<'_, f64> {
        match self {
            Each::Slice(x) => x.index_axis(Axis(0), i),
            Each::Whole(x) => x.view(),
        }
    }

    fn whole(&self) -> Option<ArrayViewD<'_, f64>> {
        if let Each::Whole(x) = self { Some(x.view()) } else { None }
    }

    /// What has the shape of a slice, where there is none; of what is whole, a number.
    fn zeros(&self) -> ArrayD<f64> {
        match self {
            Each::Slice(x) => ArrayD::zeros(x.shape().get(1..).unwrap_or(&[])),
            Each::Whole(_) => ArrayD::zeros(IxDyn(&[])),
        }
    }

    fn count(&self) -> Option<usize> {
        match self {
            Each::Slice(x) => x.shape().first().copied(),
            Each::Whole(_) => None,
        }
    }
}

impl Function {
    /// Calls the function for each slice along the first axis of some inputs; results lie along a
    /// new first axis. Slices are shared out among the threads that the function may use; the bits are those of one
    /// call after the other. It takes any function; where the loop shall be fused with what is computed,
    /// [`vectorize`](crate::expr::vectorize) the expressions instead.
    ///
    /// ```
    /// use egrad::function::{Each, Function};
    /// use egrad::prelude::*;
    /// use ndarray::{arr1, arr2};
    /// let (x, w) = (dvector("x"), dvector("w"));
    /// let f = Function::new(&[x.clone(), w.clone()], &[dot(&x, &w)])?;
    /// let (xs, w) = (arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn(), arr1(&[1.0, 1.0]).into_dyn());
    /// let out = f.map(&[Each::Slice(xs.view()), Each::Whole(w.view())])?;
    /// assert_eq!(out[0].as_slice(), Some(&[3.0, 7.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::call`]; no slice of an input, inputs with different numbers of slices. For no
    /// slices at all, lengths that only their elements tell are 0.
    pub fn map(&self, args: &[Each<'_>]) -> Result<Vec<ArrayD<f64>>, CallError> {
        let name = |i: usize| self.inputs().get(i).and_then(|e| e.name()).unwrap_or("").to_string();
        let mut first: Option<(usize, usize)> = None;
        for (i, x) in args.iter().enumerate() {
            if let (Each::Slice(x), None) = (x, x.count()) {
                return Err(CallError::Rank { name: name(i), expected: 1, got: x.shape().to_vec() });
            }
            let Some(n) = x.count() else { continue };
            match first {
                Some((at, m)) if m != n => {
                    let (first, second) = ((name(at), 0, m), (name(i), 0, n));
                    return Err(CallError::Symbol { symbol: "of the slices".into(), first, second });
                }
                _ => first = first.or(Some((i, n))),
            }
        }
        let n = first.map_or(1, |(_, n)| n);
        let views = |i: usize| args.iter().map(|x| x.at(i)).collect::<Vec<_>>();
        if n == 0 {
            // Slices of nothing have the lengths of their other axes; what only their elements tell is 0.
            let slices: Vec<ArrayD<f64>> = args.iter().map(Each::zeros).collect();
            let views: Vec<ArrayViewD<'_, f64>> =
                args.iter().zip(&slices).map(|(x, none)| x.whole().unwrap_or_else(|| none.view())).collect();
            self.checks.shapes(&views)?;
            let told = |s: &Sym| Some(self.checks.told(&views, s).unwrap_or(0));
            let none = |e: &Expr| {
                let own = e.ty().shape.dims().iter().map(|d| d.eval(&told).unwrap_or(0));
                ArrayD::zeros(IxDyn(&std::iter::once(0).chain(own).collect::<Vec<_>>()))
            };
            return Ok(self.outputs().iter().map(none).collect());
        }
        let head = self.call(&views(0))?;
        let mut out: Vec<ArrayD<f64>> = Vec::with_capacity(head.len());
        for value in &head {
            let dims: Vec<usize> = std::iter::once(n).chain(value.shape().iter().copied()).collect();
            let mut all = ArrayD::zeros(IxDyn(&dims));
            all.index_axis_mut(Axis(0), 0).assign(value);
            out.push(all);
        }
        let mut places: Vec<Vec<ArrayViewMutD<'_, f64>>> = (1..n).map(|_| Vec::new()).collect();
        for o in &mut out {
            let slices = o.axis_iter_mut(Axis(0)).skip(1);
            places.iter_mut().zip(slices).for_each(|(place, slice)| place.push(slice));
        }
        self.each(&views, places)?;
        Ok(out)
    }

    /// The calls after the first, shared out among the threads that a call may use: each slice is computed by one
    /// of them, as it would be alone. The first error in the order of the slices is the one that is told.
    fn each<'a>(
        &self,
        views: &(dyn Fn(usize) -> Vec<ArrayViewD<'a, f64>> + Sync),
        places: Vec<Vec<ArrayViewMutD<'_, f64>>>,
    ) -> Result<(), CallError> {
        let threads = self.limits.threads.count().min(places.len());
        type Slices<'p, 'a> = (usize, &'p mut [Vec<ArrayViewMutD<'a, f64>>], Result<(), CallError>);
        let mut places = places;
        let size = places.len().div_ceil(threads.max(1) * PARTS).max(1);
        let chunks = places.chunks_mut(size).enumerate();
        let mut parts: Vec<Slices<'_, '_>> = chunks.map(|(k, chunk)| (k * size, chunk, Ok(()))).collect();
        share(&mut parts, &mut vec![(); threads.max(1)], &|(from, places, result), ()| {
            let mut slices = places.iter_mut().zip(*from + 1..);
            *result = slices.try_for_each(|(place, i)| self.call_into(&views(i), place));
        });
        parts.into_iter().try_for_each(|(.., result)| result)
    }
}
