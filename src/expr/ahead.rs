//! Integers that a call computes before anything else, so that lengths may follow from them: how many elements a
//! mask lets through, where the largest element stands.
//!
//! A symbol stands for such an integer, and holds the expression that computes it.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::compose::{Made, misfit};
use super::error::TypeError;
use super::integer::int_of;
use super::node::{Expr, Head};
use super::walk::{below, topological};
use crate::op::{Attr, Op};
use crate::ty::{DType, Dim, Int, Shape, Sym, Ty};

/// The integer that a scalar is: from inputs and lengths where they tell it, else computed ahead.
///
/// # Errors
/// It is no integer, or has axes.
pub(crate) fn int_ahead(e: &Expr) -> Result<Int, TypeError> {
    if let Some(int) = int_of(e) {
        return Ok(int);
    }
    if e.rank() > 0 || !e.ty().dtype.is_int() {
        return Err(misfit("length", &[e], "a length is one integer"));
    }
    Ok(Int::Value(Sym::computed(&name(e), Arc::new(e.clone()))))
}

impl Expr {
    /// The length that an integer says: an input, a length of another array, or anything that is computed of them.
    /// A call computes it first, so that arrays have this length.
    ///
    /// ```
    /// use egrad::function::Function;
    /// use egrad::prelude::*;
    /// let (v, n) = (dvector("v"), lscalar("n"));
    /// let f = Function::new(&[v.clone(), n.clone()], &[v.try_tile_dims(&[n.as_length()?])?])?;
    /// assert_eq!(f.call_with(&[&[1.0, 2.0], &2])?[0].as_slice(), Some(&[1.0, 2.0, 1.0, 2.0][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// It is no integer, or has axes.
    pub fn as_length(&self) -> Result<Dim, TypeError> {
        int_ahead(self).map(Dim::count)
    }
}

/// The expression that computes a symbol.
pub(crate) fn computed_by(s: &Sym) -> Option<&Expr> {
    s.made()?.downcast_ref()
}

/// The number of elements that are not zero, as a length.
///
/// # Errors
/// None that its operand does not have.
pub(crate) fn count_ahead(mask: &Expr) -> Result<Dim, TypeError> {
    let found = if mask.ty().dtype == DType::Bool { mask.clone() } else { mask.neq(0) };
    int_ahead(&Expr::try_apply(Op::Sum, Attr::AllAxes, [found])?).map(Dim::count)
}

/// How much of an expression its name shows.
const SHOWN: usize = 40;

/// The same for the same expression and for no other: what a person reads, and what tells it from others.
fn name(of: &Expr) -> String {
    let mut known: FxHashMap<usize, (String, [u64; 2])> = FxHashMap::default();
    for e in topological(std::slice::from_ref(of)) {
        let both = [0u64, 1].map(|seed| {
            let mut h = FxHasher::default();
            seed.hash(&mut h);
            match e.head() {
                Head::Op(op, attr) => (op, attr).hash(&mut h),
                Head::Lit(l) => l.hash(&mut h),
                Head::Var(name) => (name, e.ty()).hash(&mut h),
            }
            for a in e.args() {
                known.get(&a.id()).map(|(_, own)| own[usize::from(seed > 0)]).hash(&mut h);
            }
            h.finish()
        });
        let shown = match e.head() {
            Head::Lit(l) => l.to_string(),
            Head::Var(name) => super::shown_name(name).to_string(),
            Head::Op(op, _) => {
                let args = e.args().iter().map(|a| known.get(&a.id()).map_or("...", |(shown, _)| shown));
                let args: Vec<&str> = args.collect();
                match op.def().name {
                    name if name.starts_with(char::is_alphabetic) => format!("{name}({})", args.join(", ")),
                    name => format!("({})", args.join(&format!(" {name} "))),
                }
            }
        };
        let shown = if shown.len() > SHOWN { "...".to_string() } else { shown };
        known.insert(e.id(), (shown, both));
    }
    let (shown, [a, b]) = known.remove(&of.id()).unwrap_or_default();
    let shown = if shown == "..." { of.op_name() } else { &shown };
    format!("{shown}#{a:016x}{b:016x}")
}

/// The places in row-major order of the elements that are not zero, as many as there are when it is called.
///
/// ```
/// use egrad::expr::nonzero;
/// use egrad::function::Function;
/// use egrad::prelude::*;
/// let v = dvector("v");
/// let f = Function::new(&[v.clone()], &[nonzero(&v)?])?;
/// assert_eq!(f.call_with(&[&[0.5, 0.0, -2.0]])?[0].as_slice(), Some(&[0.0, 2.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// None that its operand does not have.
pub fn nonzero(mask: &Expr) -> Made {
    Expr::try_apply(Op::Nonzero, Attr::Dims(vec![count_ahead(mask)?]), [mask.clone()])
}

/// What computes integers ahead of these expressions, and ahead of that.
pub(super) fn all_ahead(roots: &[Expr]) -> Vec<Expr> {
    let (mut inputs, mut out): (Vec<Expr>, Vec<Expr>) = (Vec::new(), Vec::new());
    let mut from = 0;
    loop {
        let next = if from == 0 && out.is_empty() { roots.to_vec() } else { out[from..].to_vec() };
        from = out.len();
        let more = computed_ahead(&inputs, &next);
        if more.is_empty() {
            return out;
        }
        for (input, value) in more {
            inputs.push(input);
            out.push(value);
        }
    }
}

/// The integers that must be computed before these expressions, each once: an input that stands for it, and what
/// computes it, which may need others. Those that are among the inputs already are left out. A
/// [`Function`](crate::function::Function) does this by itself.
pub fn computed_ahead(inputs: &[Expr], roots: &[Expr]) -> Vec<(Expr, Expr)> {
    let mut seen: FxHashSet<String> = inputs.iter().filter_map(|e| e.name()).map(str::to_string).collect();
    let mut out = Vec::new();
    for e in below(roots, &|e| !e.is_ahead()) {
        let found = RefCell::new(Vec::new());
        e.attr().substitute(&|s| {
            found.borrow_mut().push(s.clone());
            None
        });
        for s in found.into_inner() {
            if let Some(value) = computed_by(&s)
                && seen.insert(s.var().to_string())
            {
                out.push((Expr::var(s.var(), Ty::new(DType::I64, Shape::scalar())), value.clone()));
            }
        }
    }
    out
}
