//! Loops over blocks, each compiled for several instruction sets and chosen at run time.
//!
//! The sets differ in width only: every operation is one rounding of IEEE 754, so results agree to
//! the bit.

#![allow(unsafe_code, reason = "functions compiled for an instruction set are called behind its check")]

use std::sync::atomic::{AtomicU8, Ordering};

use super::{Binary, Element, Ternary, Unary};

/// The instruction sets that loops are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Width {
    /// What every machine of this kind has.
    Portable = 1,
    /// x86-64 with AVX2 and FMA: four doubles.
    Avx2 = 2,
    /// x86-64 with AVX-512 (F, DQ, BW, VL): eight doubles.
    Avx512 = 3,
}

impl Width {
    /// All, narrowest first.
    pub const ALL: [Width; 3] = [Width::Portable, Width::Avx2, Width::Avx512];

    /// The widest that this machine has.
    pub fn best() -> Width {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                let wider = is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("bmi2");
                return if wider { Width::Avx512 } else { Width::Avx2 };
            }
        }
        Width::Portable
    }

    /// Can this machine run it?
    pub fn is_available(self) -> bool {
        self <= Width::best()
    }
}

/// The width in use; 0 until it is asked for.
static WIDTH: AtomicU8 = AtomicU8::new(0);

/// The width in use: the widest that the machine has, unless [`use_width`] chose.
#[inline]
pub fn width() -> Width {
    match WIDTH.load(Ordering::Relaxed) {
        3 => Width::Avx512,
        2 => Width::Avx2,
        1 => Width::Portable,
        _ => {
            let w = Width::best();
            WIDTH.store(w as u8, Ordering::Relaxed);
            w
        }
    }
}

/// Chooses the width for the whole process; `false` where the machine does not have it. Results do
/// not depend on it, only time does.
pub fn use_width(w: Width) -> bool {
    if w > Width::best() {
        return false;
    }
    WIDTH.store(w as u8, Ordering::Relaxed);
    true
}

/// A computation over blocks that is compiled for each width.
pub(crate) trait Loop {
    /// What comes out.
    type Out;
    /// Does it. Must be inlined into what calls it.
    fn run(self) -> Self::Out;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<T: Loop>(work: T) -> T::Out {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")]
fn avx512<T: Loop>(work: T) -> T::Out {
    work.run()
}

/// Runs a computation at the width in use.
#[inline]
pub(crate) fn widely<T: Loop>(work: T) -> T::Out {
    match width() {
        // SAFETY: `width` gives a set only where `Width::best` found all of its features.
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => unsafe { avx512(work) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => unsafe { avx2(work) },
        _ => work.run(),
    }
}

struct Each1<'a, T, F>(&'a [T], &'a mut [T], std::marker::PhantomData<F>);

impl<T: Element, F: Unary> Loop for Each1<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let mut any = false;
        for (o, &x) in self.1.iter_mut().zip(self.0) {
            *o = F::at(x);
            any |= F::PARTIAL && !F::holds(x);
        }
        if any {
            for (o, &x) in self.1.iter_mut().zip(self.0) {
                if !F::holds(x) {
                    *o = F::rarely(x);
                }
            }
        }
    }
}

/// `out[i] = f(x[i])`.
pub(crate) fn each1<T: Element, F: Unary>(x: &[T], out: &mut [T]) {
    widely(Each1::<T, F>(x, out, std::marker::PhantomData));
}

struct One1<F>(f64, std::marker::PhantomData<F>);

impl<F: Unary> Loop for One1<F> {
    type Out = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        if F::PARTIAL && !F::holds(self.0) { F::rarely(self.0) } else { F::at(self.0) }
    }
}

/// The same for one number.
pub(crate) fn one1<F: Unary>(x: f64) -> f64 {
    widely(One1::<F>(x, std::marker::PhantomData))
}

struct Each2<'a, T, F>(&'a [T], &'a [T], &'a mut [T], std::marker::PhantomData<F>);

impl<T: Element, F: Binary> Loop for Each2<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let mut any = false;
        for ((o, &x), &y) in self.2.iter_mut().zip(self.0).zip(self.1) {
            *o = F::at(x, y);
            any |= F::PARTIAL && !F::holds(x, y);
        }
        if any {
            for ((o, &x), &y) in self.2.iter_mut().zip(self.0).zip(self.1) {
                if !F::holds(x, y) {
                    *o = F::rarely(x, y);
                }
            }
        }
    }
}

/// `out[i] = f(x[i], y[i])`.
pub(crate) fn each2<T: Element, F: Binary>(x: &[T], y: &[T], out: &mut [T]) {
    widely(Each2::<T, F>(x, y, out, std::marker::PhantomData));
}

struct One2<F>(f64, f64, std::marker::PhantomData<F>);

impl<F: Binary> Loop for One2<F> {
    type Out = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        if F::PARTIAL && !F::holds(self.0, self.1) {
            F::rarely(self.0, self.1)
        } else {
            F::at(self.0, self.1)
        }
    }
}

/// The same for one pair.
pub(crate) fn one2<F: Binary>(x: f64, y: f64) -> f64 {
    widely(One2::<F>(x, y, std::marker::PhantomData))
}

struct Map1<'a, T, F>(&'a [T], &'a mut [T], F);

impl<T: Element, F: Fn(f64) -> f64> Loop for Map1<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (o, &x) in self.1.iter_mut().zip(self.0) {
            *o = T::of((self.2)(x.wide()));
        }
    }
}

/// `out[i] = f(x[i])` for a closure.
#[inline]
pub(crate) fn map1<T: Element>(x: &[T], out: &mut [T], f: impl Fn(f64) -> f64) {
    widely(Map1(x, out, f));
}

struct Map2<'a, T, F>(&'a [T], &'a [T], &'a mut [T], F);

impl<T: Element, F: Fn(f64, f64) -> f64> Loop for Map2<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for ((o, &x), &y) in self.2.iter_mut().zip(self.0).zip(self.1) {
            *o = T::of((self.3)(x.wide(), y.wide()));
        }
    }
}

/// `out[i] = f(x[i], y[i])` for a closure.
#[inline]
pub(crate) fn map2<T: Element>(x: &[T], y: &[T], out: &mut [T], f: impl Fn(f64, f64) -> f64) {
    widely(Map2(x, y, out, f));
}

struct Each3<'a, T, F>([&'a [T]; 3], &'a mut [T], std::marker::PhantomData<F>);

impl<T: Element, F: Ternary> Loop for Each3<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let [a, b, c] = self.0;
        for (((o, &x), &y), &z) in self.1.iter_mut().zip(a).zip(b).zip(c) {
            *o = F::at(x, y, z);
        }
    }
}

/// `out[i] = f(x[i], y[i], z[i])`.
pub(crate) fn each3<T: Element, F: Ternary>(x: &[T], y: &[T], z: &[T], out: &mut [T]) {
    widely(Each3::<T, F>([x, y, z], out, std::marker::PhantomData));
}

/// The same for three numbers.
pub(crate) fn one3<F: Ternary>(x: f64, y: f64, z: f64) -> f64 {
    F::at(x, y, z)
}
