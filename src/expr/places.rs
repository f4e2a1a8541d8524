//! Indexes whose entries are expressions: `v[i:]`, `M[rows, columns]`.

use super::ahead::{count_ahead, int_ahead};
use super::compose::{Made, misfit};
use super::error::TypeError;
use super::lit::Lit;
use super::node::Expr;
use crate::op::{Attr, Bound, IndexItem, Op, Place, strided_length};
use crate::ty::{DType, Dim, Int};

/// One entry of an index.
#[derive(Debug, Clone)]
pub enum At {
    /// A position, a slice between numbers, or a new axis.
    Item(IndexItem),
    /// An integer, whose axis disappears; an array of integers, whose axes stand for this one; or an array of truth
    /// values, for whose axes one stands that is as long as many of them are true.
    Expr(Expr),
    /// A slice: first position, end (exclusive), stride. The bounds are integers.
    Slice(Option<Expr>, Option<Expr>, i64),
    /// A slice whose stride is an integer that is not known, and not 0.
    Strided(Option<Expr>, Option<Expr>, Expr),
}

impl Expr {
    /// What stands at an index.
    ///
    /// ```
    /// use egrad::expr::At;
    /// use egrad::prelude::*;
    /// let (v, i) = (dvector("v"), iscalar("i"));
    /// let tail = v.try_read(&[At::Slice(Some(i), None, 1)])?;
    /// assert_eq!(pp(&tail), "v[ScalarFromTensor(i):]");
    /// # Ok::<(), egrad::expr::TypeError>(())
    /// ```
    ///
    /// # Errors
    /// Too many entries; an index that is no integer or out of bounds.
    pub fn try_read(&self, entries: &[At]) -> Made {
        match placed(self, entries)? {
            Ok((places, index)) => {
                let all = std::iter::once(self.clone()).chain(index);
                let made = Expr::try_apply(Op::Places, Attr::Places(places), all);
                made.map_err(|e| TypeError { op: Op::Index.def().name.into(), ..e })
            }
            Err(items) => Expr::try_apply(Op::Index, Attr::Index(items), [self.clone()]),
        }
    }

    /// This with a value put at an index; of repeated places the last counts.
    ///
    /// # Errors
    /// As [`Expr::try_read`]; the value does not fit there.
    pub fn try_set(&self, entries: &[At], value: &Expr) -> Made {
        self.written((Op::SetSubtensor, Op::SetPlaces), entries, value)
    }

    /// This with a value added at an index; repeated places add up.
    ///
    /// # Errors
    /// As [`Expr::try_set`].
    pub fn try_inc(&self, entries: &[At], value: &Expr) -> Made {
        self.written((Op::IncSubtensor, Op::IncPlaces), entries, value)
    }

    fn written(&self, (basic, with): (Op, Op), entries: &[At], value: &Expr) -> Made {
        let both = [self.clone(), value.clone()];
        match placed(self, entries)? {
            Ok((places, index)) => {
                let made = Expr::try_apply(with, Attr::Places(places), both.into_iter().chain(index));
                made.map_err(|e| TypeError { op: basic.def().name.into(), ..e })
            }
            Err(items) => Expr::try_apply(basic, Attr::Index(items), both),
        }
    }
}

/// The entries and their operands, or the basic index that they are.
type Placed = Result<(Vec<Place>, Vec<Expr>), Vec<IndexItem>>;

fn placed(x: &Expr, entries: &[At]) -> Result<Placed, TypeError> {
    let (mut places, mut index, mut axis) = (Vec::new(), Vec::new(), 0);
    for entry in entries {
        places.push(match entry {
            At::Item(i) => {
                axis += usize::from(*i != IndexItem::NewAxis);
                Place::Item(i.clone())
            }
            At::Expr(e) => {
                axis += 1;
                match e.literal() {
                    Some(Lit::Int(k)) => Place::Item(IndexItem::At(k)),
                    _ if e.ty().dtype == DType::Bool && e.rank() > 0 => {
                        let length = count_ahead(e)?;
                        index.push(e.clone());
                        axis += e.rank() - 1;
                        Place::Mask { axes: e.rank(), length }
                    }
                    _ => {
                        index.push(e.clone());
                        Place::Operand
                    }
                }
            }
            At::Slice(start, stop, step) => {
                let of = axis_of(x, axis)?;
                axis += 1;
                slice(x, of, (start.as_ref(), stop.as_ref()), *step, &mut index)?
            }
            At::Strided(start, stop, step) => {
                axis_of(x, axis)?;
                axis += 1;
                strided(&x.length(axis - 1), (start.as_ref(), stop.as_ref()), step, &mut index)?
            }
        });
    }
    let basic: Option<Vec<IndexItem>> =
        places.iter().map(|p| if let Place::Item(i) = p { Some(i.clone()) } else { None }).collect();
    Ok(basic.map_or(Ok((places, index)), Err))
}

fn axis_of(x: &Expr, axis: usize) -> Result<&Dim, TypeError> {
    let reason = || format!("too many indices for rank {}", x.rank());
    x.ty().shape.dims().get(axis).ok_or_else(|| misfit("index", &[x], reason()))
}

fn strided(
    n: &Expr,
    (start, stop): (Option<&Expr>, Option<&Expr>),
    step: &Expr,
    index: &mut Vec<Expr>,
) -> Result<Place, TypeError> {
    for e in [start, stop, Some(step)].into_iter().flatten() {
        if e.rank() > 0 || !e.ty().dtype.is_int() {
            return Err(misfit("index", &[e], "the bounds and the stride of a slice are integers"));
        }
    }
    let length = Dim::count(int_ahead(&strided_length(start, stop, n, step))?);
    let mut bound = |e: Option<&Expr>| match e.map(|e| (e, e.literal())) {
        None => Bound::End,
        Some((_, Some(Lit::Int(k)))) => Bound::At(k),
        Some((e, _)) => {
            index.push(e.clone());
            Bound::Operand
        }
    };
    let (start, stop) = (bound(start), bound(stop));
    index.push(step.clone());
    Ok(Place::Strided { start, stop, length })
}

fn slice(
    x: &Expr,
    of: &Dim,
    (start, stop): (Option<&Expr>, Option<&Expr>),
    step: i64,
    index: &mut Vec<Expr>,
) -> Result<Place, TypeError> {
    let mut bound = |e: Option<&Expr>| -> Result<(Bound, Option<Int>), TypeError> {
        let Some(e) = e else { return Ok((Bound::End, None)) };
        if let Some(Lit::Int(k)) = e.literal() {
            return Ok((Bound::At(k), Some(Int::Known(k))));
        }
        let wrong = |_| misfit("index", &[x, e], "the bounds of a slice are integers");
        let int = int_ahead(e).map_err(wrong)?;
        index.push(e.clone());
        Ok((Bound::Operand, Some(int)))
    };
    let ((start, from), (stop, to)) = (bound(start)?, bound(stop)?);
    let number = |b: Bound| match b {
        Bound::End => Some(None),
        Bound::At(k) => Some(Some(k)),
        Bound::Operand => None,
    };
    if step == 0 {
        return Err(misfit("index", &[x], "a slice cannot have step 0"));
    }
    Ok(match (number(start), number(stop)) {
        (Some(start), Some(stop)) => Place::Item(IndexItem::Slice { start, stop, step }),
        _ => Place::Between { start, stop, step, length: of.between(from, to, step) },
    })
}
